#!/usr/bin/perl

# Large webhooks: Redis limits a reply by the number of entries alone, so
# lapor-intake must take few of them at a time, new ones and its own of another
# life. How much it holds is seen while PostgreSQL keeps it waiting.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use constant MEGA => 1024 * 1024;

my $in = Lapor::Intake->new(own => { batch_bytes => '4m', loops => 1 }, start => 0);
my $redis = $in->redis;
my @sent;

sub pending {
    my $sum = 0;
    for my $key (keys %{ $in->{keys} }) {
        $sum += $redis->cmd('XPENDING', $key, 'intake')->[0] || 0;
    }
    return $sum;
}

# peak() -> the most that the process has held, in MB; sanitizers and valgrind
# need more
sub peak {
    return 0 if Lapor::Test::asan() || $ENV{LAPOR_VALGRIND};
    my ($kb) = Lapor::Test::slurp('/proc/' . $in->in->pid . '/status')
               =~ /^VmHWM:\s+(\d+)/m;
    return $kb / 1024;
}

for my $n (1 .. 60) {
    my $m = message(text => 'banyak sekali', from => phone($n));
    push @sent, $m->{id};
    $in->add(body($m) =~ s/\}\z/',"x":"' . 'x' x MEGA . '"}'/er,
             sprintf '%02x:msg', $n % 4);
}

my $lock = $in->hold;

my $worker = $in->worker;
ok(wait_until { $in->waits } 20, 'lapor-intake waits for it');
my $held = pending();
cmp_ok($held, '>', 0, 'it has read something');
cmp_ok($held, '<=', 8, 'but not more than it can store at a time');
cmp_ok(peak(), '<', 60, 'in little memory');

$worker->kill9->start;
ok(wait_until { $in->waits } 20, 'killed, and it waits again');
cmp_ok(pending(), '<=', 8, 'what it has read before comes first');

$in->release($lock);
ok($in->drained(60), 'everything is processed');
is($in->cell('SELECT count(*) FROM lapor.message'), scalar @sent,
   'every message is stored once');

done_testing();
