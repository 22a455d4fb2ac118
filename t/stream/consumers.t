#!/usr/bin/perl

# What several consumers, dead ones, and a Redis that forgot do to the
# streams: nothing is lost, nothing is stored twice, and only what all groups
# have processed is removed.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use Time::HiRes qw(time sleep);

my $in = Lapor::Intake->new(own => { claim_idle => '1s' }, start => 0);
my $redis = $in->redis;

sub stored {
    my $list = join ', ', map { "'$_->{id}'" } @_;
    return $in->cell('SELECT count(*) FROM lapor.message'
                     . " WHERE wamid IN ($list)");
}

sub length_of { return $redis->cmd('XLEN', $_[0]) }


# a consumer of another name read and died

my @dead = map { message(text => 'ada maling', from => phone($_)) } 1 .. 40;
$redis->cmd('XGROUP', 'CREATE', 'lapor:{00}:msg', 'intake', 0, 'MKSTREAM');
$redis->cmd('XGROUP', 'CREATE', 'lapor:{ff}:status', 'intake', 0, 'MKSTREAM');
$in->add(body($_)) for @dead[0 .. 29];
$in->add(body($_), 'ff:status') for @dead[30 .. 39];
for my $key ('lapor:{00}:msg', 'lapor:{ff}:status') {
    $redis->cmd('XREADGROUP', 'GROUP', 'intake', 'dead', 'COUNT', 100,
                'STREAMS', $key, '>');
}

# and one of our own name, of which two entries were deleted since
my @own = map { message(text => 'ada maling', from => phone(50 + $_)) } 1 .. 6;
my @ids = map { $in->add(body($_), '01:msg') } @own;
$redis->cmd('XGROUP', 'CREATE', 'lapor:{01}:msg', 'intake', 0);
$redis->cmd('XREADGROUP', 'GROUP', 'intake', 'intake-0', 'COUNT', 100,
            'STREAMS', 'lapor:{01}:msg', '>');
$redis->cmd('XDEL', 'lapor:{01}:msg', @ids[1, 4]);

$in->worker;
$in->in->allow(qr/deleted before/)->allow(qr/has vanished/)
    ->allow(qr/alert: kind=redis_lost/);

ok(wait_until { stored(@own) == 4 } 10,
   'its own entries of another life are processed first');
like($in->in->log, qr/deleted before (?:it was processed.*\Q$ids[1]\E|they were)/,
     'those that are gone are told');
ok($in->drained, 'everything is processed');
is(stored(@dead), 40, 'what the dead consumer held is taken over');
like($in->in->log, qr/taken over/, 'and told');


# trimming

ok(wait_until { length_of('lapor:{00}:msg') <= 1 } 10,
   'processed entries are removed');
$redis->cmd('XADD', 'other:msg', '*', 'b', 'x');

my $held = 'lapor:{05}:msg';
$in->add(body(message(text => "lapor $_", from => phone(60)))) for 1 .. 5;
$redis->cmd('XGROUP', 'CREATE', $held, 'audit', 0, 'MKSTREAM');
$in->add(body(message(text => "lapor $_", from => phone(61))), '05:msg')
    for 1 .. 5;
ok($in->drained, 'processed');
sleep 0.5;
is(length_of($held), 5, 'what another group has not read stays');
my $read = $redis->cmd('XREADGROUP', 'GROUP', 'audit', 'a', 'COUNT', 3,
                       'STREAMS', $held, '>')->[0][1];
sleep 0.5;
is(length_of($held), 5, 'nor what it has not acknowledged');
$redis->cmd('XACK', $held, 'audit', map { $_->[0] } @$read[0, 1]);
ok(wait_until { length_of($held) == 3 } 5, 'the rest goes');


# a group is destroyed; everything is flushed

$in->add(body(message(text => 'sebelum', from => phone(62))), '06:msg');
ok($in->drained, 'processed');
$redis->cmd('XGROUP', 'DESTROY', 'lapor:{06}:msg', 'intake');
my $after = message(text => 'sesudah', from => phone(62));
$in->add(body($after), '06:msg');
ok($in->drained(20), 'a destroyed group is made again');
is(stored($after), 1, 'and what came meanwhile is read');
like($in->in->log, qr/^<3>.*consumer group has vanished/m, 'with an alarm');

$redis->cmd('FLUSHALL');
my @flushed = map { message(text => 'sesudah', from => phone(63)) } 1 .. 3;
$in->add(body($_), '07:msg') for @flushed;
ok(wait_until { stored(@flushed) == 3 } 20, 'after FLUSHALL too');


# without anybody who processes, nothing is removed

$in->in->stop;
$redis->cmd('XGROUP', 'DESTROY', 'lapor:{08}:msg', 'intake');
$in->add(body(message(text => "tunggu $_", from => phone(64))), '08:msg')
    for 1 .. 5;
is(length_of('lapor:{08}:msg'), 5, 'a stream without a group is whole');
$in->in->start;
ok($in->drained, 'and processed when there is one');


# two consumers at once on the same streams, people writing to both

my $second = $in->worker(consumer => 'intake-1');
$second->allow(qr/deleted before/)->allow(qr/has vanished/)
    ->allow(qr/alert: kind=redis_lost/);
ok((wait_until { $second->notified =~ /READY=1/ } 20), 'a second one is there');
ok((wait_until {
    grep { ($redis->cmd('GET', sprintf 'lapor:{%02x}:owner', $_) || '')
           =~ /^intake-1/ } 0 .. 7
} 20), 'and has its share');

my (%sent, @bodies);
for my $person (200 .. 259) {
    for my $k (1 .. 10) {
        my $m = message(type => 'image', from => phone($person),
            image => { id => "two$person-$k", mime_type => 'image/jpeg' },
            $k % 3 ? (from_user_id => "ID.$person") : ());
        $sent{ $m->{id} } = 1;
        push @bodies, [body($m), sprintf '%02x:msg', ($person + $k) % 8];
        push @bodies, $bodies[-1] if $k % 4 == 0;
    }
}
@bodies = sort { $a->[1] cmp $b->[1] || $a->[0] cmp $b->[0] } @bodies;
$in->add(@$_) for @bodies;
ok($in->drained(60), 'processed by two');

is_deeply({ map { $_->[0] => $_->[1] } $in->rows('SELECT wamid, count(*)'
            . " FROM lapor.message WHERE media_id LIKE 'two%' GROUP BY 1") },
          \%sent, 'every photo is stored once');
is($in->cell('SELECT count(*) FROM lapor.identity i JOIN lapor.report r'
    . ' ON r.part = i.home_part AND r.reporter_id = i.reporter_id'
    . " WHERE i.kind = 'phone' AND i.identity BETWEEN '" . phone(200)
    . "' AND '" . phone(259) . "'"), 60, 'every album is one report');
is($in->cell("SELECT count(*) FROM lapor.task WHERE kind = 'media'"
             . " AND media_id LIKE 'two%'"), 600, 'every photo is fetched once');
ok((grep { /^<7>.*stored entries/m } $in->in->log, $second->log) == 2,
   'both had a share');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');

is(length_of('other:msg'), 1, 'streams of others are not touched')
    if $redis->cmd('EXISTS', 'other:msg');

done_testing();
