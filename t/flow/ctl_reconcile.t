#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl reconcile: each way of losing a webhook is found and named by
# stream and entry, and none is reported where there is none, while webhooks
# come and lapor-intake is killed.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use JSON::PP ();
use Time::HiRes ();

use Lapor::Test;
use Lapor::Intake;
use Lapor::Spool;

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my $in = Lapor::Intake->new(own => { trim => '1h' });
my ($pg, $redis) = ($in->pg, $in->redis);
my $n = 0;

my $CONF = spew("$DIR/lapor.conf", join '', map { "$_\n" }
    'redis = ' . $redis->address, 'database = ' . $pg->dsn('lapor_ctl'),
    "media_dir = $DIR", '[intake]', 'consumer = x', '[laporctl]',
    "spool = $DIR/spool");


sub ctl {
    my %none = map { $_ => undef } grep { /^LAPOR_|^PG|^JOURNAL/
        && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
    return run_cmd({ env => { %none, LAPOR_CONF => $CONF } }, $CTL, @_);
}


# reconcile(@options) -> (exit status, verdict, @differences), the latter as
# "kind where entry count"

sub reconcile {
    my ($rc, $out, $err) = ctl('reconcile', '--json', @_);
    my @lines = map { $json->decode($_) } split /\n/, $out;
    my $last = @lines && $lines[-1]{verdict} ? pop @lines : {};

    diag($out, $err) if $rc > 1;
    return ($rc, $last, map { "$_->{difference} $_->{where} $_->{entry}"
                              . " $_->{count}" } @lines);
}


sub exact {
    my ($name) = @_;

    my ($rc, $verdict, @found) = reconcile();
    is("$rc @found", '0 ', $name) or diag(explain($verdict));
    return $verdict;
}


sub some { return body(message(text => 'lapor ' . ++$n, from => phone($n))) }

sub add { return $in->add(some(), @_) }

sub add_body { return $in->add(@_) }

# stopped(sub { ... }): while lapor-intake is down

sub stopped {
    my ($code) = @_;

    $in->in->stop;
    my @result = $code->();
    $in->in->start;
    return @result;
}

sub alerts {
    return join ' ', map { "$_->[0]:$_->[1]" } $pg->psql(
        'SELECT kind, subject FROM lapor.alert WHERE closed_at IS NULL'
        . " AND kind LIKE 'reconcile%' ORDER BY 1, 2");
}


# --- nothing is wrong

{
    my $verdict = exact('before anything came');
    is($verdict->{verdict}, 'exact', 'it is exact');

    add('03:msg') for 1 .. 5;
    add('03:status');
    add('04:msg');
    $in->drained;
    $verdict = exact('webhooks of three streams');
    is_deeply([@$verdict{qw(streams accepted done waiting)}], [3, 7, 7, 0],
              'counted');
    is_deeply([$pg->psql('SELECT verdict, streams, accepted, done, waiting,'
        . ' spooled, differences FROM lapor.reconcile_last()',
        'lapor_intake')], [['exact', 3, 7, 7, 0, 0, 0]], 'and kept');
    $pg->psql('SELECT lapor.reconcile_store(0::smallint, clock_timestamp(),'
        . " 'unsettled', 3, 0, 0, 0, 0, 0, '[]')");
    is($pg->psql('SELECT verdict FROM lapor.reconcile_last()'), 'exact',
       'a run that could not count does not hide it');
    is(alerts(), '', 'no alert');

    # the same bytes twice in one millisecond
    my $twin = some();
    $in->add($twin, '03:msg', 'b', $twin, 't', '1763000000000') for 1, 2;
    $in->add($twin, '04:msg', 'b', $twin, 't', '1763000000000');
    $in->add(undef, '03:msg', 'x', 'y');
    $in->in->allow(qr/quarantined/);
    $in->drained;
    $verdict = exact('twins, and an entry without a body');
    is($verdict->{done}, 11, 'each is done');

    # waiting ones
    stopped(sub {
        add('05:msg') for 1 .. 3;
        $verdict = exact('entries that wait');
        is_deeply([@$verdict{qw(accepted done waiting)}], [14, 11, 3],
                  'are counted');
    });
    $in->drained;

    # pending ones
    stopped(sub {
        add('05:msg') for 1 .. 3;
        $redis->cmd('XREADGROUP', 'GROUP', 'intake', 'intake-0', 'COUNT', 2,
                    'STREAMS', 'lapor:{05}:msg', '>');
        $verdict = exact('entries that are in work');
        is($verdict->{waiting}, 3, 'count as waiting');
    });
    $in->drained;
    exact('and are done then');
}


# --- entries that are stored and not read yet, as emergencies of a backlog are

{
    my $first;
    stopped(sub {
        add('10:msg') for 1 .. 3;
        $in->in->start;
        $in->drained;
        $in->in->stop;
        $first = (@{ $redis->cmd('XRANGE', 'lapor:{10}:msg', '-', '+') })[0][0];
        $redis->cmd('XGROUP', 'SETID', 'lapor:{10}:msg', 'intake', $first);
        add('10:msg');
        my $verdict = exact('entries that wait and are stored');
        is($verdict->{waiting}, 1, 'wait for nothing');
        my $id = add('10:msg');
        add('10:msg');
        $redis->cmd('XDEL', 'lapor:{10}:msg', $id);
        my ($rc, undef, @found) = reconcile();
        is("$rc @found", "1 removed lapor:{10}:msg $id 1",
           'and hide no loss');
        reconcile('--accept');
    });
    $in->drained;
    exact('and count once');
}


# --- entries that come again after a crash between COMMIT and XACK

{
    my @body = map { some() } 1 .. 3;
    stopped(sub {
        my @id = map { $in->add($_, '06:msg') } @body;
        $in->in->start;
        $in->drained;
        $in->in->stop;
        $redis->cmd('XCLAIM', 'lapor:{06}:msg', 'intake', 'intake-0', 0,
                    @id, 'FORCE', 'JUSTID');
        exact('stored, not acknowledged');
    });
    $in->drained;
    is($redis->cmd('XPENDING', 'lapor:{06}:msg', 'intake')->[0], 0,
       'they were read again');
    exact('and count once');
}


# --- an entry that is acknowledged and was not stored

stopped(sub {
    my $id = add('07:msg');
    add('07:msg');
    $redis->cmd('XREADGROUP', 'GROUP', 'intake', 'thief', 'COUNT', 1,
                'STREAMS', 'lapor:{07}:msg', '>');
    $redis->cmd('XACK', 'lapor:{07}:msg', 'intake', $id);

    my ($rc, $verdict, @found) = reconcile();
    is("$rc $verdict->{verdict}", '1 difference', 'one that was lost');
    is("@found", "not_stored lapor:{07}:msg $id 1", 'is named');
    is($verdict->{waiting}, 2, 'beside one that waits');
    is(alerts(), 'reconcile_difference:lapor:{07}:msg', 'with an alert');

    ($rc, undef, @found) = reconcile();
    is("$rc @found", "1 not_stored lapor:{07}:msg $id 1", 'again and again');
});

{
    $in->drained;
    $redis->cmd('XTRIM', 'lapor:{07}:msg', 'MAXLEN', 0);
    my ($rc, undef, @found) = reconcile();
    is(scalar @found, 1, 'its trace is trimmed');
    like($found[0], qr/^removed lapor:\{07\}:msg \S+ 1$/, 'and still missed');

    ($rc) = reconcile('--accept');
    is($rc, 1, 'a person accepts that');
    exact('and it is known');
    is(alerts(), '', 'the alert is closed');
}


# --- entries that were removed before they were stored

{
    my ($rc, @found);
    my @id = stopped(sub {
        my @ids = map { add('08:msg') } 1 .. 5;
        $redis->cmd('XTRIM', 'lapor:{08}:msg', 'MINID', $ids[2]);
        ($rc, undef, @found) = reconcile();
        return @ids;
    });
    is("$rc @found", "1 removed lapor:{08}:msg $id[2] 2",
       'a stream that was trimmed too early');
    $in->drained;
    reconcile('--accept');

    @id = stopped(sub {
        my @ids = map { add('09:msg') } 1 .. 3;
        $redis->cmd('XREADGROUP', 'GROUP', 'intake', 'intake-0', 'STREAMS',
                    'lapor:{09}:msg', '>');
        $redis->cmd('XDEL', 'lapor:{09}:msg', $ids[1]);
        ($rc, undef, @found) = reconcile();
        return @ids;
    });
    is("$rc @found", "1 removed lapor:{09}:msg $id[1] 1",
       'one that is pending and was deleted');
    $in->in->allow(qr/deleted before (?:it was|they were) processed/);
    $in->drained;
    ($rc, undef, @found) = reconcile();
    is(scalar(@found), 1, 'is missed for good');
    reconcile('--accept');
    exact('until it is accepted');
}


# --- a row that somebody deleted

{
    my $id = add('0a:msg');
    add('0a:msg');
    $in->drained;
    $pg->psql("DELETE FROM lapor.raw_webhook WHERE entry_id = '$id'"
              . " AND stream = 'lapor:{0a}:msg'");
    my ($rc, undef, @found) = reconcile();
    is("$rc @found", "1 row_missing lapor:{0a}:msg $id 1",
       'a raw row that is gone');
    $redis->cmd('XDEL', 'lapor:{0a}:msg', $id);
    exact('as long as Redis remembers it');
}


# --- a Redis that lost its data, wholly or in part

{
    add('0b:msg') for 1 .. 4;
    $in->drained;
    exact('before the loss');
    my $last = (@{ $redis->cmd('XREVRANGE', 'lapor:{0b}:msg', '+', '-',
                               'COUNT', 1) })[0][0];
    my @before = $pg->psql('SELECT stream FROM lapor.stream_base ORDER BY 1');

    $in->in->allow(qr/group has vanished/);
    $redis->cmd('FLUSHALL');
    my ($rc, $verdict, @found) = reconcile();
    is($rc, 1, 'FLUSHALL');
    is(join(' ', sort map { (split)[1] } @found),
       join(' ', map { $_->[0] } @before), 'every stream began anew');
    is_deeply([grep { !/^redis_anew \S+ \S+ 0$/ } @found], [],
              'nothing of which was lost');
    like(alerts(), qr/^(?:reconcile_anew:\S+ ?)+$/, 'there are alerts');
    exact('from here on it is exact');
    like(alerts(), qr/reconcile_anew/, 'and a person still has to look');
    is($pg->psql("SELECT lives || ' ' || accepted FROM lapor.stream_base"
                 . " WHERE stream = 'lapor:{0b}:msg'"), '2 0',
       'which is its second life');

    add('0b:msg') for 1 .. 3;
    $in->drained;
    is(exact('with new entries')->{done}, 3, 'they are counted');
}

{
    # the append-only file of this moment ...
    $in->in->stop;
    my $first = add('0c:msg');
    $in->in->start;
    $in->drained;
    exact('before the backup');
    $in->in->stop;
    $redis->stop;
    my $aof = "$redis->{dir}/appendonlydir";
    system('cp', '-a', $aof, "$DIR/aof") == 0 or die;
    $redis->start;

    # ... and what it does not have: three stored, two not
    add('0c:msg') for 1 .. 3;
    $in->in->start;
    $in->drained;
    $in->in->stop;
    my @gone = map { add('0c:msg') } 1, 2;
    is(exact('before the fall')->{waiting}, 2, 'two wait');

    $redis->stop;
    system('rm', '-rf', $aof) == 0 or die;
    system('cp', '-a', "$DIR/aof", $aof) == 0 or die;
    $redis->start;

    my ($rc, undef, @found) = reconcile();
    is("$rc @found", "1 redis_anew lapor:{0c}:msg $first 2",
       'a Redis restored from an older file');
    like((ctl('reconcile'))[1], qr/^exact: /, 'begins anew');
    $in->in->start;
    add('0c:msg');
    $in->drained;
    exact('and goes on');
}


# --- the spool

{
    my $spool = "$DIR/spool";
    mkdir $spool;
    is(exact('an empty spool')->{spooled}, 0, 'holds nothing');

    my $now = int(Time::HiRes::time() * 1000);
    Lapor::Spool::put($spool, Lapor::Spool::name($now, 1, 1),
        join '', map { Lapor::Spool::record('lapor:{0d}:msg', some(), $now) }
        1 .. 3);
    is(exact('webhooks that wait in a spool')->{spooled}, 3, 'are counted');
    is((reconcile('--spool', $spool, '--spool', $spool))[1]{spooled}, 6,
       'spools can be named');
    is((reconcile('--spool', "$DIR/none"))[0], 2, 'one that is not there');

    # a record in the middle that is damaged
    my ($file) = Lapor::Spool::segments($spool);
    my $bytes = slurp($file);
    substr($bytes, length($bytes) / 2, 1) ^= "\x01";
    spew($file, $bytes);
    my ($rc, undef, @found) = reconcile();
    is("$rc @found", '1 spool_damaged spool:' . ($file =~ s{.*/}{}r) . '  1',
       'what was accepted and cannot be read');
    is(alerts() =~ s/reconcile_anew\S+ //gr =~ s/ reconcile_anew\S+//gr,
       'reconcile_difference:spool:' . ($file =~ s{.*/}{}r), 'is an alert');
    unlink $file;
    exact('until the file is gone');
    unlike(alerts(), qr/difference/, 'and so is the alert');
}


# --- replays bring entries of their own

{
    add('0e:msg') for 1 .. 20;
    $in->add('bukan json', '0e:msg');
    $in->drained;
    my $done = exact('before replays')->{done};
    my ($rc, $out) = ctl('raw', 'replay', '--json', '--from',
                         '2020-01-01T00:00:00Z', '--to',
                         '2099-01-01T00:00:00Z');
    my $queued = $json->decode($out)->{queued};
    cmp_ok($queued, '>', 20, 'raw replay');
    $in->{keys}{"lapor:{$_}:msg"} = 1 for '03' .. '09';
    ok($in->drained, 'is taken');
    is(exact('each of its entries counts')->{done}, $done + $queued,
       'once');
    is((ctl('dead', 'replay', '--all'))[0], 0, 'dead replay');
    $in->drained;
    exact('its entries count, too');
}


# --- while webhooks come and lapor-intake is killed at random

{
    $in->in->stop;
    spew($in->in->conf_path, slurp($in->in->conf_path) =~ s/1h/20ms/r);
    $in->in->start;

    $redis->cmd('CONFIG', 'SET', 'appendfsync', 'everysec');
    my ($each, $rounds, $wrong, $seen) = (1000, 10, '', 0);
    for my $round (1 .. $rounds) {
        my @bodies = map { some() } 1 .. $each;
        for my $i (0 .. $#bodies) {
            add_body($bodies[$i], sprintf '%02x:msg', $i % 8);
            add_body($bodies[$i - 1], sprintf '%02x:msg', $i % 8)
                if $i % 10 == 9;
            if ($i == 50 + ($round * 97) % 900) {
                $in->in->kill9;
                my ($rc, undef, @found) = reconcile();
                $wrong .= "$rc @found;" if $rc;
                $in->in->start;
            }
        }
        my ($rc, $verdict, @found) = reconcile();
        $wrong .= "$rc @found;" if $rc == 1;
        $seen++ if $rc == 0;
    }
    is($wrong, '', 'no difference is seen where there is none');
    cmp_ok($seen, '>=', $rounds / 2, 'the streams stand still now and then');
    ok($in->drained(120), 'all is processed');
    my $verdict = exact('at the end');
    is($verdict->{waiting}, 0, 'nothing waits');
    is($pg->psql('SELECT count(*) FROM lapor.quarantine'
                 . " WHERE reason NOT LIKE '%JSON%' AND body <> ''"), 0,
       'nothing died');
}


# --- each item of what is stored

{
    $in->in->allow(qr/refused/);
    $in->add(slurp($_)) for glob repo_dir() . '/t/data/webhooks/*.json';
    my %lost = (message => message(text => 'hilang', from => phone(7001)),
                known => message(text => 'tinggal', from => phone(7002)),
                refused => message(text => 'ditolak', from => '9' x 300));
    my %id;
    for my $name (sort keys %lost) {
        $id{$name} = $in->add(body(message(text => 'di depan',
                              from => phone(7003)), $lost{$name}), '0f:msg');
    }
    $id{notice} = $in->add(body({ field => 'account_update',
        value => { event => 'DISABLED_UPDATE' } }), '0f:msg');
    $id{status} = $in->add(body(status(id => 'wamid.lost')), '0f:status');
    $in->drained(60);
    my @range = ('--deep', '--from', '2000-01-01T00:00:00Z',
                 '--to', '2101-01-01T00:00:00Z');

    # above a raw row was deleted by hand: nothing of it is left to look at
    my ($rc, $verdict, @found) = reconcile(@range);
    is("$rc @found", '0 ', 'every item is in its table');
    cmp_ok($verdict->{items}, '>', 5000, 'of thousands');

    $pg->psql("DELETE FROM lapor.message WHERE wamid = '$lost{message}{id}';"
        . ' DELETE FROM lapor.quarantine WHERE sqlstate IS NOT NULL AND'
        . " entry_id = '$id{refused}'; DELETE FROM lapor.notice WHERE"
        . " data->>'event' = 'DISABLED_UPDATE'; DELETE FROM"
        . " lapor.status_wait WHERE wamid = 'wamid.lost'");
    ($rc, undef, @found) = reconcile(@range);
    is($rc, 1, 'items that are nowhere');
    is(join(', ', sort @found), join(', ', sort map {
           'item_missing lapor:{0f}:' . ($_ eq 'status' ? 'status' : 'msg')
           . " $id{$_} 1" } qw(message refused notice status)),
       'are named by their webhook');
    unlike((ctl('reconcile', @range))[1], qr/wamid|62800/, 'not by a person');

    $pg->psql("SELECT lapor.unit_put('POLRES-X', 'polres', 'polres', 'X',"
        . ' NULL, NULL, NULL, true, \'' . Lapor::Intake::NUMBER_ID
        . "', NULL)");
    $pg->psql("DELETE FROM lapor.raw_webhook WHERE entry_id = '$id{known}'");
    ($rc, undef, @found) = reconcile(@range);
    like("@found", qr/webhook_missing lapor\.raw_webhook  3/,
         'and messages that lead to no webhook');

    is((reconcile('--deep'))[0], 64, 'a range is needed');
    is((reconcile('--from', '2000-01-01T00:00:00Z'))[0], 64, 'or nothing');
}

done_testing();
