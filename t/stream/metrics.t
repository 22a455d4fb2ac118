#!/usr/bin/perl

# lapor-intake's page for Prometheus: what its loops did, added up, what waits
# and for how long, and what PostgreSQL knows of alerts and reconciliation.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Metrics;

use Time::HiRes qw(sleep time);

promtool();

my $port = free_port();
my $in = Lapor::Intake->new(own => { metrics => "127.0.0.1:$port",
                                     loops => 3, lease => '1s' });

sub is_metric {
    my ($name, $n, $what) = @_;
    ok(wait_metric($port, $name, sub { $_ == $n }, 20), $what || $name);
}

sub above {
    my ($name, $n, $what) = @_;
    ok(wait_metric($port, $name, sub { $_ > $n }, 20), $what);
}


is_metric('lapor_redis_links{state="up"}', 3, 'a link of each loop to Redis');
is_metric('lapor_postgres_links{state="up"}', 3, 'and to PostgreSQL');
is_metric('lapor_intake_partitions', 256, 'all partitions are its own');
is_metric('lapor_intake_messages_total{result="new"}', 0, 'none yet');

my @messages = map { message(text => "lapor $_", from => phone($_)) } 1 .. 12;
for my $i (0 .. $#messages) {
    $in->add(body($messages[$i]), sprintf '%02x:msg', $i);
}
$in->add(body($messages[0]), '00:msg');
$in->add('{', '01:msg');
ok($in->drained, 'some webhooks');
is_metric('lapor_intake_webhooks_total', 14);
is_metric('lapor_intake_messages_total{result="new"}', 12);
is_metric('lapor_intake_messages_total{result="duplicate"}', 1);
is_metric('lapor_intake_reports_total', 12);
is_metric('lapor_intake_quarantined_total{reason="webhook"}', 1);
above('lapor_intake_tasks_total{kind="reply"}', 11, 'tasks for answers');
is_metric('lapor_intake_lag_seconds_count', 14);
is_metric('lapor_intake_oldest_seconds', 0, 'nothing waits');
cmp_ok(metric($port, 'lapor_intake_lag_seconds_sum'), '<', 14 * 30,
       'the lag is in seconds');
above('lapor_intake_transactions_total{outcome="committed"}', 0, 'committed');
above('lapor_intake_transaction_seconds_count', 0, 'in so many seconds');

# an item that PostgreSQL refuses, found by halving
$in->pg->psql(q{ALTER TABLE lapor.message ADD CONSTRAINT t_check
                CHECK (body IS NULL OR body NOT LIKE 'racun%')});
$in->add(body(message(text => 'racun', from => phone(50)),
              message(text => 'sehat', from => phone(51))), '02:msg');
ok($in->drained, 'a poisoned item');
is_metric('lapor_intake_quarantined_total{reason="database"}', 1);
above('lapor_intake_transactions_total{outcome="refused"}', 0, 'refused');
above('lapor_postgres_errors_total{class="23"}', 0, 'by SQLSTATE');
$in->pg->psql('ALTER TABLE lapor.message DROP CONSTRAINT t_check');

# nothing can be stored: what waits, and for how long
my $lock = $in->hold;
$in->add(undef, '03:msg', t => int((time - 500) * 1000),
         b => body(message(text => "antre $_", from => phone($_)))) for 1 .. 5;
above('lapor_intake_oldest_seconds', 499, 'the age of what is at hand');
$in->release($lock);
ok($in->drained, 'it is stored in the end');
is_metric('lapor_intake_oldest_seconds', 0, 'and nothing waits any more');

# what is known in the database
$in->pg->psql(q{SELECT lapor.alert_raise(1::smallint, 'clock_skew', 'redis',
                'critical', '{}', clock_timestamp())});
is_metric('lapor_alerts_open{kind="clock_skew",severity="critical"}', 1,
          'an alert');
$in->pg->psql(q{SELECT lapor.alert_close(1::smallint, 'clock_skew', 'redis',
                clock_timestamp())});
is_metric('lapor_alerts_open{kind="clock_skew",severity="critical"}', 0,
          'is over');
is_metric('lapor_reconcile_last_seconds', 0, 'nobody has reconciled');

# reconciled($seconds, $verdict, $differences), at that Unix time
sub reconciled {
    my ($at, $verdict, $differences) = @_;
    return "SELECT lapor.reconcile_store(0::smallint, to_timestamp($at),"
           . " '$verdict', 2, 9, 9, 0, 0, $differences, '[]');";
}

# a run that could not count all says nothing, and makes nothing fresh
$in->pg->psql('BEGIN;' . reconciled(1000, 'difference', 2)
              . reconciled(1010, 'unsettled', 0) . 'COMMIT');
is_metric('lapor_reconcile_last_seconds', 1000, 'the last that had a verdict');
is_metric('lapor_reconcile_exact', 0, 'found');
is_metric('lapor_reconcile_differences', 2, 'differences');
$in->pg->psql('BEGIN;' . reconciled(1020, 'exact', 0)
              . reconciled(1030, 'unsettled', 0) . 'COMMIT');
is_metric('lapor_reconcile_last_seconds', 1020, 'a later one');
is_metric('lapor_reconcile_exact', 1, 'found all');
is_metric('lapor_reconcile_differences', 0, 'and no difference');

# a group that vanishes; just as its partition goes to another loop, which makes
# those of all that it gets, it is told (t/stream/lost.t), but not counted
$in->in->allow(qr/consumer group has vanished|redis/i);
ok(wait_metric($port, 'lapor_intake_groups_remade_total', sub {
    $in->redis->cmd('XGROUP', 'DESTROY', 'lapor:{00}:msg', 'intake') if !$_;
    $_ > 0;
}, 20), 'a group was made again');

my $page = page($port);
understood($page, 'promtool has nothing to say of the page');
unlike($page, qr/62800|wamid|racun|Warga/, 'nothing of a person');
cmp_ok(length $page, '<', 32768, 'and it is small');

# the watchdog: all loops must turn, and one that waits in a statement does not
$in->in->stop;
$in->in->{env} = { WATCHDOG_USEC => 400_000 };
$in->in->start;

# fed($seconds) -> how often the watchdog was fed in that time
sub fed {
    my ($seconds) = @_;

    my $before = () = $in->in->notified =~ /WATCHDOG=1/g;
    my $end = time + $seconds;
    while (time < $end) { sleep 0.05; $in->in->notified }
    return (() = $in->in->notified =~ /WATCHDOG=1/g) - $before;
}

is_metric('lapor_intake_partitions', 256, 'started again');
ok(wait_until { fed(2) >= 3 } 20, 'three loops that turn feed the watchdog');
$lock = $in->hold;
$in->add(body(message(text => 'macet', from => phone(60))), '04:msg');
ok(wait_until { $in->waits } 10, 'one of them waits for PostgreSQL');
fed(1);
is(fed(2), 0, 'and the others do not make up for it');
$in->release($lock);
ok($in->drained, 'it goes on');
ok(wait_until { fed(2) >= 3 } 20, 'and all three feed it');

# a second process takes its share
my $other = free_port();
$in->worker(consumer => 'other', metrics => "127.0.0.1:$other", loops => 1);
is_metric('lapor_intake_partitions', 192, 'three loops of four have 192');
ok(wait_metric($other, 'lapor_intake_partitions', sub { $_ == 64 }, 20),
   'and the fourth has 64');

done_testing();
