#!/usr/bin/perl

# How lapor-intake starts, refuses to start, and wakes the others.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new(start => 0);
my $bin = build_path('lapor-intake');
my $dir = test_dir();
my $dsn = $in->pg->dsn('lapor_intake');

sub conf { return spew("$dir/$_[0].conf", $_[1]) }

my ($rc, $out, $err) = run_cmd($bin, '-t', '-c', conf(good =>
    "redis = unix:/x\n[intake]\nbatch = 50\n[media]\nunknown = 1\n"));
is($rc, 0, '-t takes a good file, other sections unread') or diag $err;
($rc, $out) = run_cmd($bin, '-T', '-c', "$dir/good.conf");
like($out, qr/^batch = 50$/m, '-T shows what is in force');
like($out, qr/^consumer = intake-0$/m, 'and the defaults');

for my $bad ("[intake]\nunknown = 1\n", "[intake]\nbatch = 0\n",
             "[intake]\nconsumer = a b\n", "[intake]\nblock = 1h\n",
             "redis = nowhere\n", "[intake]\nconsumer =\n")
{
    ($rc, $out, $err) = run_cmd($bin, '-t', '-c', conf(bad => $bad));
    is($rc, 78, 'refused: ' . join ' ', split /\n/, $bad);
    isnt($err, '', 'with a reason');
}
($rc) = run_cmd($bin, '-c', "$dir/none.conf");
is($rc, 78, 'no file');


# a schema that it does not know, a right that it lacks

sub refused {
    my ($what, %common) = @_;

    my $worker = Lapor::Worker->new(name => 'lapor-intake',
        section => 'intake', own => { block => '100ms' },
        common => { redis => $in->redis->address, database => $dsn, %common });
    $worker->allow(qr/schema|database|password|role|exist|denied/);
    is($worker->ended(10), 78, "$what: exit 78");
    return $worker->log;
}

$in->pg->psql("INSERT INTO lapor.schema_migration (version, name, sha256)"
              . " VALUES (999, 'later.sql', '')");
like(refused('a newer schema'), qr/version=999/, 'and says which');
$in->pg->psql('DELETE FROM lapor.schema_migration WHERE version = 999;'
              . ' CREATE TABLE later AS SELECT * FROM lapor.schema_migration'
              . ' WHERE version > 3;'
              . ' DELETE FROM lapor.schema_migration WHERE version > 3');
like(refused('an older schema'), qr/version=3/, 'and says which');
$in->pg->psql('INSERT INTO lapor.schema_migration SELECT * FROM later');

refused('no such role', database => $in->pg->dsn('nobody_here'));
refused('no such database', database => "$dsn dbname=nowhere");
$in->pg->psql('ALTER FUNCTION lapor.schema_version() RENAME TO was_version');
refused('no schema');
$in->pg->psql('ALTER FUNCTION lapor.was_version() RENAME TO schema_version');


# a migration while it runs: it notices with the next connection

my $worker = $in->worker;
$worker->allow(qr/schema/);
$in->add(body(message(text => 'lapor')));
ok($in->drained, 'it works');
$in->pg->psql("INSERT INTO lapor.schema_migration (version, name, sha256)"
              . " VALUES (9999, 'x', ''); SELECT pg_terminate_backend(pid)"
              . " FROM pg_stat_activity WHERE usename = 'lapor_intake'");
my $m = message(text => 'sesudah migrasi');
$in->add(body($m));
is($worker->ended(20), 78, 'it ends when the schema has changed');
is($in->cell('SELECT count(*) FROM lapor.message'
             . " WHERE wamid = '$m->{id}'"), 0, 'before it stores anything');
$in->pg->psql('DELETE FROM lapor.schema_migration WHERE version = 9999');


# a right that is taken away is our mistake, not the data's

$worker->start;
ok($in->drained, 'it goes on where it was');
$in->pg->psql('REVOKE EXECUTE ON FUNCTION lapor.report_store'
              . ' FROM lapor_intake');
$worker->allow(qr/could not store|could not connect to/);
my $denied = message(text => 'tanpa hak');
$in->add(body($denied));
is($worker->ended(20), 1, 'no right to store: it ends');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0,
   'and blames no message');
$in->pg->psql('GRANT EXECUTE ON FUNCTION lapor.report_store TO lapor_intake');
$worker->start;
ok($in->drained, 'with the right back, it is stored');


# neither server is there at the start

$worker->stop;
$in->pg->stop;
$in->redis->stop;
$worker->start;
ok(wait_until { $worker->notified =~ /READY=1/ } 5,
   'ready although nothing is there');
$in->pg->start;
$in->redis->start;
$in->add(body(message(text => 'setelah mati lampu')));
ok($in->drained(30), 'and works when it is');


# the watchdog is fed while nothing comes, and while PostgreSQL is away

$worker->stop;
$worker->{env} = { WATCHDOG_USEC => 400_000 };
$worker->start;
ok(wait_until { (() = $worker->notified =~ /WATCHDOG=1/g) > 3 } 10,
   'fed while idle');
$in->pg->stop;
$in->add(body(message(text => 'menunggu')));
ok(wait_until { $worker->notified =~ /postgres down/ } 10, 'down');
my $fed = () = $worker->notified =~ /WATCHDOG=1/g;
ok(wait_until { (() = $worker->notified =~ /WATCHDOG=1/g) > $fed + 5 } 60,
   'fed while PostgreSQL is away');
$in->pg->start;
ok($in->drained(20), 'and it works again');
is($worker->stop, 0, 'SIGTERM ends it with 0');
like($worker->notified, qr/STOPPING=1/, 'which it announces');


# wake-ups

my $listener = fork;
die unless defined $listener;
if ($listener == 0) {
    my $redis = bless { %{ $in->redis }, conn => undef }, 'Lapor::Redis';
    $redis->cmd('SUBSCRIBE', 'lapor:wake:media');
    $redis->cmd('SUBSCRIBE', 'lapor:wake:reply');
    my %seen;
    while (keys %seen < 2) {
        my $got = Lapor::Redis::read_reply($redis->{conn});
        $seen{ $got->[1] } = $got->[2] if $got->[0] eq 'message';
        spew("$dir/wake", join ' ', map { "$_=$seen{$_}" } sort keys %seen);
    }
    POSIX::_exit(0);
}
Lapor::Test::adopt($listener);
wait_until { $in->redis->cmd('PUBSUB', 'NUMSUB', 'lapor:wake:reply')->[1] } 5;
$worker->{env} = {};
$worker->start;
$in->add(body(message(type => 'image', from => phone(2),
                      image => { id => 'wake1' })));
ok($in->drained, 'processed');
ok(wait_until { slurp("$dir/wake")
                eq 'lapor:wake:media=1 lapor:wake:reply=1' } 10,
   'both workers are woken');

done_testing();
