#!/usr/bin/perl

# PostgreSQL away, frozen or killed, Redis killed, lapor-intake killed in the
# middle: nothing is acknowledged before it is stored, and afterwards
# everything is there exactly once.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use Time::HiRes qw(time sleep);

my $in = Lapor::Intake->new(own => { batch => 20 });
my $redis = $in->redis;
$in->in->allow(qr/could not connect to/);
my %sent;
my $n = 0;

# feed($count): webhooks of one message each, over several streams
sub feed {
    my ($count) = @_;

    for (1 .. $count) {
        my $m = message(text => "laporan $n", from => phone($n % 50));
        $sent{ $m->{id} } = 1;
        $in->add(body($m), sprintf '%02x:msg', $n++ % 4);
    }
}

sub pending {
    my $sum = 0;
    for my $key (keys %{ $in->{keys} }) {
        my ($group) = map { +{ @$_ } }
                      @{ $redis->cmd('XINFO', 'GROUPS', $key) };
        $sum += $group->{pending};
    }
    return $sum;
}

sub complete {
    my ($what) = @_;

    ok($in->drained(40), "$what: all processed");
    is_deeply({ map { $_->[0] => $_->[1] } $in->rows('SELECT wamid, count(*)'
                . ' FROM lapor.message GROUP BY 1') }, \%sent,
              "$what: every message is stored once");
    is($in->cell('SELECT count(*) FROM (SELECT reporter_id FROM lapor.report'
                 . ' GROUP BY 1 HAVING count(*) > 1) x'), 0,
       "$what: no report is double");
    is($in->cell('SELECT count(*) FROM lapor.raw_webhook'), scalar keys %sent,
       "$what: every webhook is kept once");
    is(pending(), 0, "$what: nothing is pending");
}

feed(30);
complete('at rest');


# PostgreSQL is stopped and comes back

$in->pg->stop;
feed(100);
ok(wait_until { $in->in->log =~ /could not store yet|postgres/i } 10,
   'it says that it waits');
ok(wait_until { $in->in->notified =~ /postgres down/ } 10, '... to systemd');
my $before = pending();
sleep 0.5;
ok(Lapor::Test::alive($in->in->pid), 'it lives');
is(pending(), $before, 'nothing is acknowledged meanwhile');
is($redis->cmd('XLEN', 'lapor:{01}:msg') >= 25, 1, 'and nothing trimmed');
$in->pg->start;
complete('PostgreSQL away');
ok(wait_until { $in->in->notified =~ /postgres down.*postgres up/s } 10,
   'and says so');


# killed in the middle of its work

feed(200);
wait_until { $in->cell('SELECT count(*) FROM lapor.message') > 150 } 10;
$in->pg->kill9;
$in->pg->start;
complete('PostgreSQL killed');


# frozen: it accepts and says nothing

$in->pg->pause;
feed(20);
sleep 0.7;
$in->pg->resume;
complete('PostgreSQL frozen');


# its sessions are ended from outside, again and again

feed(200);
for (1 .. 10) {
    $in->pg->psql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
                  . " WHERE usename = 'lapor_intake'");
    sleep 0.03;
}
complete('sessions ended');


# a batch so large that it takes too long is done in smaller ones

$in->in->stop;
$in->pg->psql("ALTER ROLE lapor_intake SET statement_timeout = '60ms'");
$in->pg->psql('CREATE FUNCTION lapor.slow() RETURNS trigger LANGUAGE plpgsql'
    . ' AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN new; END $$;'
    . ' CREATE TRIGGER slow BEFORE INSERT ON lapor.raw_webhook'
    . ' FOR EACH ROW EXECUTE FUNCTION lapor.slow()');
for (1 .. 30) {
    my $m = message(text => "laporan $n", from => phone(7));
    $sent{ $m->{id} } = 1;
    $in->add(body($m));
    $n++;
}
$in->in->start;
complete('statements too slow');
$in->in->stop;
$in->pg->psql("ALTER ROLE lapor_intake SET statement_timeout = '60s';"
              . ' DROP TRIGGER slow ON lapor.raw_webhook');
$in->in->start;


# Redis is killed and comes back from its file

feed(100);
$redis->kill9;
$redis->start;
feed(20);
complete('Redis killed');


# lapor-intake is killed at any moment, and starts again under its name

for my $round (1 .. 8) {
    feed(60);
    sleep 0.004 * $round + rand 0.03;
    $in->in->kill9;
    feed(5);
    $in->in->start;
}
complete('lapor-intake killed');


# SIGTERM while PostgreSQL is away: it ends, and nothing is lost

$in->pg->stop;
feed(10);
wait_until { pending() > 0 || $in->in->notified =~ /postgres down/ } 5;
is($in->in->stop, 0, 'it ends while PostgreSQL is away');
$in->pg->start;
$in->in->start;
complete('stopped while waiting');

is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0,
   'nothing was blamed on the data');
is($in->cell('SELECT count(*) FROM lapor.report r WHERE NOT EXISTS (SELECT'
    . ' FROM lapor.task t WHERE t.part = r.part'
    . " AND t.report_id = r.report_id AND t.kind = 'reply')"), 0,
   'every report has its answer ordered');
is($in->cell('SELECT sum(reports) FROM lapor.part_counter'),
   $in->cell('SELECT count(*) FROM lapor.report'), 'no code was lost');

done_testing();
