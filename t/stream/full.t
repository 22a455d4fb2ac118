#!/usr/bin/perl

# Redis at its maxmemory: nginx has to spool, but what is in the streams is
# stored, which alone frees the memory, and nobody loses his partitions.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new(start => 0, own => { lease => '1s' });
my $redis = $in->redis;

sub fill {
    my ($words) = @_;

    my @all = map { message(text => $words, from => phone($_)) } 1 .. 40;
    $in->add(body($all[$_]), sprintf '%02x:msg', $_ * 6) for 0 .. $#all;
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
    like(eval { $redis->cmd('XADD', 'lapor:{00}:msg', '*', 'b', 'x'); 1 }
         ? '' : $@, qr/OOM/, 'Redis takes nothing');
    return join ', ', map { "'$_->{id}'" } @all;
}

sub stored {
    my ($list, $what) = @_;

    ok($in->drained(30), "$what: processed");
    is($in->cell("SELECT count(*) FROM lapor.message WHERE wamid IN ($list)"),
       40, "$what: all are stored");
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);
}


# from the first start, which makes groups and takes leases

my $list = fill('ada maling');
$in->worker;
stored($list, 'at a start');


# what comes to one that works: it keeps what it has

my $lock = $in->hold;
$list = fill('ada begal');
ok(wait_until { $in->waits } 10, 'it works');
my $looks = sub { ($redis->cmd('INFO', 'commandstats')
                   =~ /cmdstat_zadd:calls=(\d+)/)[0] };
my $n = $looks->();
ok(wait_until { $looks->() > $n + 4 } 30, 'its leases are renewed twice');
$in->release($lock);
stored($list, 'at work');

# and what lost its connection, and what comes back to a Redis without groups
$in->in->allow(qr/redis/i);
$list = fill('ada api');
$redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
stored($list, 'connected again');

done_testing();
