#!/usr/bin/perl

# Emergencies of a backlog first: of 200,000 entries that wait, those few that
# tell of danger to life are stored while most of the rest still waits, and
# nothing is stored twice.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Store ();

use IO::Socket::UNIX ();
use Time::HiRes qw(time);

use constant {
    ENTRIES    => 200_000,
    COPIES     => 20,           # Meta sends again: that many of each message
    PARTITIONS => 16,
    URGENT     => 12,
};

my $slow = Lapor::Test::asan() || $ENV{LAPOR_VALGRIND};
my $entries = $slow ? ENTRIES / 10 : ENTRIES;

# a shorter backlog in batches that are shorter, too; 4000 as shipped
my $in = Lapor::Intake->new(start => 0,
    own => { batch => $entries / 50, batch_min => $entries / 200 });
my $redis = $in->redis;

sub lag {
    my $sum = 0;
    for my $key (keys %{ $in->{keys} }) {
        my ($group) = eval { map { +{ @$_ } }
                             @{ $redis->cmd('XINFO', 'GROUPS', $key) } };
        $sum += $group && defined $group->{lag} ? $group->{lag}
                                                : $redis->cmd('XLEN', $key);
    }
    return $sum;
}


# the backlog: one person a message, the urgent ones near the end

my $messages = $entries / COPIES;
my @bodies = map {
    my $from = phone($_ % 5000);
    [$from, body(message(text => "jalan depan pasar berlubang nomor $_",
                         from => $from, id => "wamid.backlog.$_"))]
} 1 .. $messages;

my @urgent = map {
    message(text => 'tolong ada begal bawa celurit, korban berdarah',
            from => phone(10_000 + $_))
} 1 .. URGENT;

my $conn = IO::Socket::UNIX->new(Peer => $redis->socket) or die "$!";
my ($text, $sent) = ('', 0);
my $now = int(time() * 1000);

# as nginx does it, by the sender
sub add {
    my ($n, $from, $body) = @_;

    my $key = sprintf 'lapor:{%02x}:msg',
                      Lapor::Store::part_of($from) % PARTITIONS;
    $in->{keys}{$key} = 1;
    $text .= "*7\r\n\$4\r\nXADD\r\n\$14\r\n$key\r\n\$1\r\n*\r\n\$1\r\nb\r\n\$"
        . length($body) . "\r\n$body\r\n\$1\r\nt\r\n\$13\r\n$now\r\n";

    if (++$sent % 2000 == 0 || $n == $entries - 1) {
        print $conn $text;
        $text = '';
        for (1 .. ($sent % 2000 || 2000)) {
            my $reply = Lapor::Redis::read_reply($conn);
            die $$reply if ref $reply;
        }
    }
}

for my $n (0 .. $entries - 1) {
    my $k = $n - ($entries - 2000);
    my $m = $k >= 0 && $k % 100 == 7 ? $urgent[$k / 100] : undef;
    add($n, $m ? ($m->{from}, body($m)) : @{ $bodies[$n % $messages] });
}
close $conn;
is(lag(), $entries, 'the backlog is there');


# the emergencies come first

my $list = join ', ', map { "'$_->{id}'" } @urgent;
my $began = time;
my $left = 0;
$in->worker;
ok(wait_until {
    $left = lag();
    $in->cell("SELECT count(*) FROM lapor.message WHERE wamid IN ($list)")
        == URGENT
} 120, 'all emergencies are stored');
note sprintf '%d of %d were waiting then, after %.1f s', $left, $entries,
             time - $began;
cmp_ok($left, '>', 0.8 * $entries,
       'while more than 80 % of the rest still waits');
is($in->cell('SELECT string_agg(DISTINCT urgency, \',\') FROM lapor.message'
             . ' JOIN lapor.report USING (part, report_id)'
             . " WHERE wamid IN ($list)"), 'P1', 'each is urgent');
is($in->cell("SELECT count(*) FROM lapor.task WHERE kind = 'reply' AND"
             . " (part, report_id) IN (SELECT part, report_id"
             . " FROM lapor.message WHERE wamid IN ($list))"), URGENT,
   'and answered');


# a new connection in the middle of it changes nothing

$redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
ok($in->drained(600), 'everything is processed');
note sprintf 'all after %.1f s', time - $began;
is($in->cell('SELECT count(*) FROM lapor.message'),
   $in->cell('SELECT count(DISTINCT wamid) FROM lapor.message'),
   'no message is stored twice');
cmp_ok($in->cell('SELECT count(*) FROM lapor.message'), '>=', $messages,
       'and every one is stored');
is($in->cell('SELECT count(*) FROM lapor.task'
             . " WHERE kind = 'reply' AND (part, report_id) IN (SELECT part,"
             . " report_id FROM lapor.message WHERE wamid IN ($list))"),
   URGENT, 'nobody is answered twice');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');
ok(wait_until { $in->in->log =~ /looked ahead of a backlog/ } 10,
   'it says that it looked ahead');

done_testing();
