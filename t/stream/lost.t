#!/usr/bin/perl

# A Redis that lost groups, keys, or its data altogether: lapor-intake notices,
# tells people by an alert, makes what it needs, stores what comes, stores
# nothing twice, and never lets an entry's id mean two entries. What is only
# slow, restarted or trimmed raises no alarm.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new;
my $redis = $in->redis;
$in->in->allow(qr/could not connect to|has vanished|deleted before/)
       ->allow(qr/alert: kind=redis_/);
my (%sent, @ids);
my $n = 0;

sub feed {
    my ($count, $stream) = @_;

    for (1 .. $count) {
        my $m = message(text => "laporan $n", from => phone(++$n % 20));
        $sent{ $m->{id} } = 1;
        my $to = $stream || sprintf '%02x:msg', $n % 4;
        push @ids, "$to " . $in->add(body($m), $to);
    }
}

# alerts() -> open ones, "kind severity", and closes them as a person would
sub alerts {
    my $open = $in->cell("SELECT coalesce(string_agg(kind || ' ' || severity,"
        . " ', ' ORDER BY kind), '') FROM lapor.alert"
        . " WHERE closed_at IS NULL AND kind LIKE 'redis%'");
    $in->pg->psql('UPDATE lapor.alert SET closed_at = greatest(now(), last_at)'
                  . ' WHERE closed_at IS NULL');
    return $open;
}

sub alarmed {
    my ($kind, $what) = @_;

    ok((wait_until { $in->cell('SELECT count(*) FROM lapor.alert'
        . " WHERE closed_at IS NULL AND kind = '$kind'") } 15, $what), $what);
}

sub complete {
    my ($what) = @_;

    ok($in->drained(40), "$what: processed");
    is_deeply({ map { $_->[0] => $_->[1] } $in->rows('SELECT wamid, count(*)'
                . ' FROM lapor.message GROUP BY 1') }, \%sent,
              "$what: every message is stored once");
}

sub last_id {
    my %s = @{ $redis->cmd('XINFO', 'STREAM', $_[0]) };
    return $s{'last-generated-id'};
}

feed(40);
complete('at rest');
$in->in->stop;
$redis->stop;
$redis->start;
$in->in->start;
feed(10);
complete('restarted');
is(alerts(), '', 'nothing was lost, nothing is told');


# a group is destroyed

$redis->cmd('XGROUP', 'DESTROY', 'lapor:{01}:msg', 'intake');
feed(10, '01:msg');
complete('a group');
alarmed('redis_group_lost', 'a destroyed group is told');
is(alerts(), 'redis_group_lost warning', 'as what it is');

# while nobody has it, or as it goes from one to another: PostgreSQL knows
$in->in->stop;
$redis->cmd('XGROUP', 'DESTROY', 'lapor:{01}:msg', 'intake');
$in->in->start;
feed(10, '01:msg');
complete('a group of nobody');
alarmed('redis_group_lost', 'a group destroyed meanwhile is told');
is(alerts(), 'redis_group_lost warning', 'as what it is');


# a key is deleted and written again

$redis->cmd('DEL', 'lapor:{02}:msg');
feed(30, '02:msg');
complete('a key');
alarmed('redis_lost', 'a deleted stream is told');
is(alerts(), 'redis_lost critical', 'as what it is');


# everything is flushed

my $before = last_id('lapor:{03}:msg');
$redis->cmd('FLUSHALL');
alarmed('redis_lost', 'FLUSHALL is told');
ok(wait_until { eval { last_id('lapor:{03}:msg') } eq $before } 10,
   'an id that was used is not used again');
like($in->cell('SELECT detail::text FROM lapor.alert'
               . " WHERE closed_at IS NULL AND kind = 'redis_lost'"),
     qr/"streams": *[1-9]/,
     'with how many streams');
feed(12);
complete('FLUSHALL');
is(alerts(), 'redis_lost critical', 'as what it is');


# Redis starts from an older file, while lapor-intake runs and while it does
# not: once it knows itself, once PostgreSQL knows

my $dir = $redis->dir . '/appendonlydir';
for my $running (1, 0) {
    my $what = $running ? 'older data' : 'older data while it was stopped';

    $redis->stop;
    system('cp', '-a', $dir, "$dir.old") == 0 or die "cp";
    $redis->start;
    feed(20);
    complete("before $what");
    $in->in->stop unless $running;
    alerts();

    $redis->kill9;
    system('rm', '-r', $dir) == 0 or die "rm";
    rename "$dir.old", $dir or die "rename: $!";
    $redis->start;
    $in->in->start unless $running;
    alarmed('redis_lost', "$what is told");
    feed(20);
    complete($what);
    like(alerts(), qr/redis_lost critical/, 'as what it is');
}


# after all that, a start is a start

$in->in->stop;
$in->in->start;
feed(8);
complete('afterwards');
is(alerts(), '', 'nothing is told twice');
is(scalar(keys %{ { map { $_ => 1 } @ids } }), scalar @ids,
   'no id was given twice');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');

done_testing();
