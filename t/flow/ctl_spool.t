#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl spool and what check says of a spool: files that Lapor::Spool wrote,
# a real Redis, and a false one where Redis has to fail at a given record.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::Redis;
use Lapor::Spool;

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my $redis = Lapor::Redis->new;
my $MS = int(time) * 1000 - 60_000;
my $SEQ = 0;
my %CONF = (good => conf('good', $redis));


# conf($name, $redis, @lines of [laporctl]) -> a configuration's path

sub conf {
    my ($name, $server, @lines) = @_;

    return spew("$DIR/$name.conf", join '', map { "$_\n" }
        'redis = ' . $server->address, 'redis_timeout = 2s',
        "database = host=$DIR/none dbname=none connect_timeout=1",
        "media_dir = $DIR", '[laporctl]', @lines);
}


# ctl([$conf,] @words) -> (status, stdout, stderr)

sub ctl {
    my $opt = ref $_[0] eq 'HASH' ? shift : {};
    my %none = map { $_ => undef } grep { /^LAPOR_|^PG/
        && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
    return run_cmd({ env => { %none, LAPOR_CONF => $opt->{conf}
                              || $CONF{good} } }, $CTL, @_);
}


sub lines { return map { $json->decode($_) } split /\n/, $_[0] }


# spool() -> a new directory

my $spools = 0;

sub spool {
    my $dir = "$DIR/spool" . ++$spools;
    mkdir $dir, 0700 or die;
    return $dir;
}


# segment($dir, @bytes) -> the path of the next one

sub segment {
    my $dir = shift;
    return Lapor::Spool::put($dir, name(), @_);
}


sub name {
    $SEQ++;
    return Lapor::Spool::name($MS + $SEQ, 1000 + $SEQ % 3, $SEQ);
}


# body($n) -> 12 bytes; of($n, $body) -> a record of stream n % 2, 50 bytes

sub body { return sprintf '{"n":"%04d"}', $_[0] }

sub of {
    my ($n, $body) = @_;
    return Lapor::Spool::record('lapor:{0' . $n % 2 . '}:msg',
        defined $body ? $body : body($n), $MS + $n);
}


# stored() -> the bodies of both streams, in the order of their entries, and
# forgotten afterwards

sub stored {
    my @bodies = map { $_->{b} } $redis->entries('msg');
    $redis->cmd('FLUSHALL');
    return @bodies;
}


# numbers(@bodies) -> what body() was given, sorted

sub numbers {
    return join ' ', sort { $a <=> $b } map { /(\d+)/ ? $1 + 0 : () } @_;
}


sub names { return join ' ', sort map { m{([^/]+)\z} } glob "$_[0]/*" }


# --- list and verify

{
    my $dir = spool();
    my ($rc, $out, $err) = ctl('spool', 'list', $dir);
    is($rc, 0, 'an empty spool');
    like($out, qr/^0 files, 0 records/m, 'says so');
    ($rc, $out) = ctl({ conf => "$DIR/none.conf" }, 'spool', 'verify', $dir);
    is($rc, 0, 'and is all well; no configuration is needed');

    my @bytes = map { of($_) } 1 .. 5;
    my $whole = segment($dir, @bytes);
    my $torn = segment($dir, @bytes[0, 1], substr $bytes[2], 0, 40);
    my $empty = segment($dir);
    my $used = segment($dir, @bytes[3, 4], substr $bytes[2], 0, 40);
    my $writer = Lapor::Spool::hold($used);
    spew("$dir/lock", '');
    spew("$dir/notes.txt", 'hello');
    spew("$dir/1-2-3.spool", $bytes[0]);
    my %before = map { $_ => slurp($_) } glob "$dir/*";

    ($rc, $out, $err) = ctl('spool', 'verify', $dir);
    is($rc, 0, 'a torn tail is no damage') or diag($out, $err);
    like($out, qr/^\Q@{[ $whole =~ s{.*\/}{}r ]}: 5 records, /m, 'five');
    like($out, qr/: 2 records, 140 bytes, finished\n +torn tail at 100, 40 bytes: cut by the end of the file, never acknowledged$/m, 'a torn one')
        or diag($out);
    like($out, qr/: 0 records, 0 bytes, finished$/m, 'an empty one');
    like($out, qr/in use\n +torn tail at 100, .* being written$/m,
         'one in use');
    like($out, qr/^4 files, 9 records, .*; 0 damaged, 2 foreign$/m, 'a sum');

    ($rc, $out) = ctl('--json', 'spool', 'verify', $dir);
    my @files = lines($out);
    is(join(' ', map { $_->{state} } @files),
       'finished finished finished in use', 'the states as JSON');
    is_deeply($files[1]{torn}, { offset => 100, bytes => 40,
        why => 'cut by the end of the file' }, 'the torn tail');
    is_deeply($files[1]{damaged}, [], 'no damage');

    ($rc, $out) = ctl('spool', 'list', $dir);
    is($rc, 0, 'list');
    like($out, qr/^FILE +STATE +AGE +BYTES +RECORDS +TORN +DAMAGED/,
         'a table');
    like($out, qr/^1-2-3\.spool +foreign/m, 'a wrong name');
    like($out, qr/^\d{13}-\S+\.spool +finished +\d+s +250 +5 +- +- +\d{4}-/m,
         'a whole one');

    ($rc, $out) = ctl('spool', 'list', '--json', $dir);
    @files = grep { $_->{state} ne 'foreign' } lines($out);
    is(join(' ', map { $_->{records} } @files), '5 2 0 2', 'records');
    my $oldest = POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime($MS / 1000));
    like($files[0]{oldest_at}, qr/^$oldest\.001Z\z/, 'the oldest record');
    ok(!exists $files[2]{oldest_at}, 'an empty one has none');

    is_deeply({ map { $_ => slurp($_) } glob "$dir/*" }, \%before,
              'nothing was changed');

    ($rc, $out, $err) = ctl('spool', 'list', "$DIR/absent");
    is($rc, 1, 'no such directory');
    like($err, qr{absent: No such file}, 'is named');
    ($rc, $out, $err) = ctl({ conf => conf('off', $redis, 'spool = off') },
                            'spool', 'verify');
    is($rc, 64, 'off, and none is named');
    ($rc, $out, $err) = ctl({ conf => conf('dir', $redis, "spool = $dir") },
                            'spool', 'verify');
    like($out, qr/^4 files, 9 records/m, 'the directory of the settings');
}

{
    my $dir = spool();
    my @bytes = map { of($_) } 1 .. 4;
    substr $bytes[1], 45, 1, '~';
    substr $bytes[3], 12, 4, pack 'V', 0xffffffff;
    segment($dir, @bytes);

    my ($rc, $out) = ctl('spool', 'verify', $dir);
    is($rc, 1, 'damage');
    like($out, qr/: 2 records, .*\n +damaged at 50, 50 bytes: a wrong checksum\n +damaged at 150, 50 bytes: a length that no record has$/m,
         'where it is, and why');
    ($rc, $out) = ctl('spool', 'verify', '--json', $dir);
    is_deeply((lines($out))[0]{damaged},
        [{ offset => 50, bytes => 50, why => 'a wrong checksum' },
         { offset => 150, bytes => 50,
           why => 'a length that no record has' }], 'the same as JSON');

    segment($dir, map { of($_), 'x' } 1 .. 70);
    ($rc, $out) = ctl('spool', 'verify', $dir);
    like($out, qr/: 70 records/, 'much damage');
    like($out, qr/^ +and 6 ranges more$/m, 'is not told without end');
}


# --- replay

{
    my $dir = spool();
    my $odd = join '', map { chr } 0 .. 255, 13, 10, 0;
    my @bodies = ((map { body($_) } 1 .. 300), $odd, 'L' x 5_000_000);
    my @bytes = map { of($_, $bodies[$_ - 1]) } 1 .. @bodies;

    # the last comes first in the directory, but is the youngest
    my $last = segment($dir, @bytes[290 .. $#bytes],
                       substr $bytes[0], 0, 30);
    rename $last, "$dir/" . Lapor::Spool::name($MS + 9000, 1, 1) or die;
    segment($dir, @bytes[0 .. 199]);
    segment($dir);
    segment($dir, @bytes[200 .. 289]);
    my $before = names($dir);

    my ($rc, $out, $err) = ctl('spool', 'replay', '--dry-run', $dir);
    is($rc, 0, 'only to see') or diag($err);
    like($out, qr/^4 files with 302 records, \d+ bytes, to be queued; 0 in use, 0 damaged, 0 failed/m, 'says what it would do') or diag($out);
    is(names($dir), $before, 'and does nothing');
    is(scalar stored(), 0, 'with no Redis');

    ($rc, $out, $err) = ctl('spool', 'replay', $dir);
    is($rc, 0, 'replay') or diag($err);
    like($out, qr/^4 files with 302 records, \d+ bytes, queued; /m, 'counts');
    like($out, qr/torn tail, never acknowledged, at \d+, 30 bytes/,
         'the torn tail is told');
    is(names($dir), 'lock', 'the files are gone');

    my %at = map { $_->{b} => $_->{t} } $redis->entries;
    is($at{$bodies[299]}, $MS + 300, 'the receive time is kept');
    my @stored = stored();
    is(scalar @stored, 302, 'all are in Redis');
    my @even = grep { $_ ne $odd && /\d+/ && $& % 2 == 0 } @stored;
    is(join(' ', @even[0 .. 149]),
       join(' ', grep { /\d+/ && $& % 2 == 0 } @bodies[0 .. 299]),
       'the oldest first');
    is(join('', sort @stored) eq join('', sort @bodies), 1,
       'byte for byte');

    ($rc, $out) = ctl('--json', 'spool', 'replay', $dir);
    is($rc, 0, 'once more');
    is_deeply($json->decode($out), { files => 0, records => 0, bytes => 0,
        in_use => 0, torn => 0, damaged => 0, failed => 0, foreign => 0 },
        'there is nothing left');
}


# --- what others hold

{
    my $dir = spool();
    my @paths = map { segment($dir, of($_)) } 1 .. 3;
    my $writer = Lapor::Spool::hold($paths[1]);

    my $lock = Lapor::Spool::hold("$dir/lock");
    my ($rc, $out, $err) = ctl('spool', 'replay', $dir);
    is($rc, 1, 'somebody else replays');
    like($err, qr/nginx, or another laporctl, is replaying it just now/,
         'and it says so');
    is(scalar stored(), 0, 'nothing was queued');
    close $lock;

    ($rc, $out, $err) = ctl('spool', 'replay', $dir);
    is($rc, 0, 'a segment of a living writer') or diag($err);
    like($out, qr/\.spool: its writer still has it, left alone/, 'is told');
    is(join(' ', stored()), body(1) . ' ' . body(3), 'the others are queued');
    is(join(' ', Lapor::Spool::segments($dir)), $paths[1], 'it stays');

    close $writer;
    ($rc, $out) = ctl('spool', 'replay', '--json', $dir);
    is($json->decode($out)->{records}, 1, 'when the writer is gone it goes');
    is(join(' ', stored()), body(2), 'into Redis, too');
}


# --- a Redis that fails

{
    my $fake = Lapor::FakeRedis->new;
    $CONF{fake} = conf('fake', $fake);
    my %calm = map { $_ => {} } qw(PING CLIENT CONFIG);

    for my $case (['closes', { close => 1 }, qr/redis went away/],
                  ['says half', { half => 1, reply => "\$9\r\n123456789\r\n" },
                   qr/redis went away/],
                  ['is mute', { mute => 1 }, qr/redis went away/],
                  ['refuses', { error => '-OOM command not allowed {"n"' },
                   qr/redis refused a record of \S+ \(OOM\); the file stays/])
    {
        my ($name, $rule, $want) = @$case;
        my $dir = spool();
        segment($dir, map { of($_) } 1 .. 100);
        segment($dir, map { of($_) } 101 .. 400);
        segment($dir, map { of($_) } 401 .. 500);

        $fake->rules(%calm, XADD => { times => 350 }, '*' => $rule);
        my ($rc, $out, $err) = ctl({ conf => $CONF{fake} }, 'spool',
                                   'replay', $dir);
        is($rc, 1, "Redis $name at record 351");
        like($err, $want, 'which is told');
        unlike($err, qr/\{"n"/, 'without the record');
        like($out, qr/^1 files with 100 records/m, 'one file was done');
        is(scalar(Lapor::Spool::segments($dir)), 2, 'and the others stay');

        ($rc, $out, $err) = ctl('spool', 'replay', $dir);
        is($rc, 0, 'the second run completes it') or diag($err);
        is(numbers(stored()),
           join(' ', 101 .. 500), 'with all that was left');
        is(names($dir), 'lock', 'nothing is left');
    }

    my $dir = spool();
    segment($dir, of(1));
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
    my ($rc, $out, $err) = ctl('spool', 'replay', $dir);
    is($rc, 1, 'a Redis that is full');
    like($err, qr/\(OOM\)/, 'says so');
    is(scalar(Lapor::Spool::segments($dir)), 1, 'and nothing is lost');
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);

    $fake->stop;
    ($rc, $out, $err) = ctl({ conf => $CONF{fake} }, 'spool', 'replay', $dir);
    is($rc, 1, 'no Redis at all');
    like($err, qr/no connection/, 'says so');
    ($rc, $out, $err) = ctl({ conf => $CONF{fake} }, 'spool', 'replay',
                            '--dry-run', $dir);
    is($rc, 0, 'which a dry run does not need');
}


# --- a Redis that is too weak

{
    my $dir = spool();
    segment($dir, of(1));

    for my $case (['appendfsync', 'everysec', 'always'],
                  ['appendfsync', 'no', 'always'],
                  ['no-appendfsync-on-rewrite', 'yes', 'no'],
                  ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
                  ['appendonly', 'no', 'yes'])
    {
        my ($name, $weak, $good) = @$case;
        $redis->cmd('CONFIG', 'SET', $name, $weak);
        my ($rc, $out, $err) = ctl('spool', 'replay', $dir);
        is($rc, 1, "$name $weak");
        like($err, qr/redis is weaker than fsync/, 'is too weak');
        is(scalar(Lapor::Spool::segments($dir)), 1, 'the file stays');
        $redis->cmd('CONFIG', 'SET', $name, $good);
    }
    is(scalar stored(), 0, 'nothing was queued');

    $redis->cmd('REPLICAOF', '127.0.0.1', 1);
    $redis->cmd('CONFIG', 'SET', 'replica-read-only', 'no');
    my ($replica, undef, $why) = ctl('spool', 'replay', $dir);
    is($replica, 1, 'a writable replica');
    like($why, qr/redis is weaker than fsync.*replicaof/s, 'is too weak');
    $redis->cmd('REPLICAOF', 'NO', 'ONE');

    $redis->cmd('CONFIG', 'SET', 'appendfsync', 'everysec');
    my ($rc, $out, $err) = ctl('spool', 'replay', '--weak', $dir);
    is($rc, 0, 'but it may be told to') or diag($err);
    is(scalar stored(), 1, 'it is queued');
    $redis->cmd('CONFIG', 'SET', 'appendfsync', 'always');
}


# --- damage

{
    my $dir = spool();
    my @bytes = map { of($_) } 1 .. 5;
    substr $bytes[2], 46, 1, '~';
    my $bad = segment($dir, @bytes);
    segment($dir, of(6), Lapor::Spool::record('other', 'x', $MS), of(7));
    segment($dir, of(8));
    my $content = slurp($bad);

    my ($rc, $out, $err) = ctl('spool', 'replay', '--json', $dir);
    is($rc, 1, 'damaged files');
    like($err, qr/the record at 50 is for a stream that is none of ours/,
         'a stream of nobody is told');
    my $sum = $json->decode($out);
    is("$sum->{files} $sum->{records} $sum->{damaged}", '3 7 2', 'a sum');
    is(numbers(stored()), '1 2 4 5 6 7 8',
       'what is whole is in Redis');
    is(scalar(Lapor::Spool::segments($dir)), 0, 'no segment is left');
    is(scalar(Lapor::Spool::damaged($dir)), 2, 'but what was damaged');
    is(slurp("$bad.damaged"), $content, 'as it was');

    ($rc, $out) = ctl('spool', 'replay', $dir);
    is($rc, 0, 'another replay');
    is(scalar stored(), 0, 'does not touch it');
    ($rc, $out) = ctl('spool', 'verify', $dir);
    is($rc, 1, 'verify goes on to tell');
    like($out, qr/\.damaged: 4 records, 250 bytes, aside\n +damaged at 100/,
         'what it holds');

    ($rc, $out) = ctl('spool', 'replay', '--damaged', $dir);
    is($rc, 0, 'it can be replayed again');
    is(numbers(stored()), '1 2 4 5 6 7',
       'what is whole in it');
    is(scalar(Lapor::Spool::damaged($dir)), 2, 'and stays');

    # nothing that was set aside is overwritten
    Lapor::Spool::put($dir, $bad =~ s{.*/}{}r, 'another');
    ($rc, $out, $err) = ctl('spool', 'replay', $dir);
    is($rc, 1, 'another one of that name');
    like($out, qr/: kept as \S+\.spool\.1\.damaged$/m, 'is told');
    is(slurp("$bad.damaged"), $content, 'the first stays');
    is(slurp("$bad.1.damaged"), 'another', 'and the other');
}


# --- names that are none of the spool's, and files that are none

{
    my $dir = spool();
    my @foreign = ('x.spool', '1760000000000-1-1.spool', 'lock.old',
                   '1760000000000-0000001-00000x.spool',
                   '1760000000000-0000001-000001.spool.tmp',
                   '01760000000000-0000001-000001.spool', '.hidden');
    spew("$dir/$_", of(1)) for @foreign;
    symlink "$dir/x.spool", "$dir/" . name() or die;
    mkdir "$dir/" . name() or die;
    POSIX::mkfifo("$dir/" . name(), 0600) or die;
    segment($dir, of(2));

    my ($rc, $out, $err) = ctl('spool', 'replay', '--json', $dir);
    is($rc, 1, 'strange files');
    my $sum = $json->decode($out);
    is("$sum->{records} $sum->{failed} $sum->{foreign}", '1 3 7',
       'are left alone and told');
    is(scalar(() = $err =~ /left alone/g), 3, 'one by one');
    is(join(' ', stored()), body(2), 'what is a segment is queued');
    ok(-e "$dir/$_", "$_ is there") for @foreign;

    ($rc, $out) = ctl('spool', 'list', $dir);
    is($rc, 1, 'list cannot read three');
    like($out, qr/unreadable/, 'and says which');
}


# --- rights: a stranger, and root with the spool of another

# as($uid, @words) -> (status, stderr) of a laporctl that is not root

sub as_other {
    my (@words) = @_;

    my $copy = "$DIR/laporctl";
    run_cmd('/bin/cp', $CTL, $copy) unless -e $copy;
    my $pid = Lapor::Test::spawn(argv => [$copy, @words],
        env => { LAPOR_CONF => $CONF{good} }, err => "$DIR/other.err",
        out => "$DIR/other.out", setup => sub {
            POSIX::setgid(65534);
            POSIX::setuid(65534);
        });
    my $status;
    wait_until { defined($status = Lapor::Test::reap($pid)) } 20;
    my $err = slurp("$DIR/other.err");
    unlink "$DIR/other.err";
    return ($status >> 8, $err);
}

my $other = $> == 0 ? \&as_other : sub { (ctl(@_))[0, 2] };

{
    my $dir = spool();
    segment($dir, of(1));

    chmod 0, $dir;
    my ($rc, $err) = $other->('spool', 'list', $dir);
    is($rc, 1, 'a directory that is closed');
    like($err, qr/Permission denied: it belongs to uid \d+ with mode 0000; be that user or root/, 'says whose it is');

    chmod 0555, $dir;
    ($rc, $err) = $other->('spool', 'replay', $dir);
    is($rc, 1, 'one that may be read only');
    like($err, qr/what is replayed could not be removed: Permission denied/,
         'is not replayed');

    chmod 0777, $dir;
    chmod 0, Lapor::Spool::segments($dir);
    ($rc, $err) = $other->('spool', 'replay', $dir);
    is($rc, 1, 'a file that is closed');
    like($err, qr/\.spool: Permission denied, left alone/, 'is told');
    is(scalar stored(), 0, 'nothing was queued');
    unlink "$dir/lock";

    SKIP: {
        skip 'only root reads what belongs to another', 3 if $> != 0;

        chown 65534, 65534, $dir, Lapor::Spool::segments($dir);
        chmod 0700, $dir;
        ($rc) = ctl('spool', 'replay', $dir);
        is($rc, 0, 'root empties the spool of another');
        is(scalar stored(), 1, 'into Redis');
        is((stat "$dir/lock")[4], 65534,
           'and leaves a lock that its owner can take');
    }
}


# --- check

# about($conf) -> {what => "RESULT detail"} of the spool

sub about {
    my ($rc, $out) = ctl({ conf => $_[0] }, '--json', 'check');
    return { map { $_->{check} => "$_->{result} $_->{detail}" }
             grep { $_->{check} =~ /^spool/ } lines($out) };
}

{
    my $dir = spool();
    my $conf = conf('check', $redis, "spool = $dir");
    my $said = about($conf);
    like($said->{spool}, qr/^(?:OK|WARN) \Q$dir\E, \d+ % free/, 'there');
    is($said->{'spool damage'}, 'OK no file is set aside', 'nothing aside');
    is($said->{'spool age'}, 'OK holds no record', 'and nothing in it');
    like($said->{'spool disk'}, qr/^WARN the file system is that of Redis's append-only file in \S+: Redis stops when it is full, and the spool would be full with it/, 'on one file system with Redis');

    segment($dir, of(1));
    like(about($conf)->{'spool age'}, qr/^OK its oldest record came at 2/,
         'a record of a minute ago');

    my $old = Lapor::Spool::put($dir, Lapor::Spool::name(1, 1, 1), 'x',
        Lapor::Spool::record('lapor:{00}:msg', 'x', $MS - 3_600_000));
    spew("$dir/what.txt", '');
    spew("$dir/1.spool.damaged", '');
    $said = about($conf);
    like($said->{'spool age'}, qr/^WARN its oldest record has waited since \S+, 6[0-9] minutes: it does not flow into Redis/, 'one of an hour ago');
    like($said->{'spool damage'}, qr/^WARN 1 files are set aside, the first is 1\.spool\.damaged/, 'a damaged file');
    like($said->{'spool names'}, qr/^WARN 1 files have names/, 'a strange one');

    is(about(conf('off', $redis, 'spool = off'))->{spool},
       'WARN off in [laporctl], so not looked at', 'off');
    like(about(conf('absent', $redis, "spool = $DIR/absent"))->{spool},
         qr/^WARN \S+ is not there: nginx makes it/, 'not there');
    like(about(conf('file', $redis, "spool = $conf"))->{spool},
         qr/^FAIL .*Not a directory/, 'no directory');

    chmod 0, $dir;
    $CONF{good} = $conf;
    my ($rc, $err) = $other->('spool', 'list');
    like($err, qr/be that user or root/, 'closed');
    $CONF{good} = conf('good', $redis);
    chmod 0700, $dir;

    my $stopped = Lapor::Redis->new(start => 0);
    like(about(conf('stopped', $stopped, "spool = $dir"))->{'spool disk'},
         qr/^WARN not compared with Redis's, which does not tell/,
         'a Redis that is down');

    my $shm = '/dev/shm';
    my $two = -d $shm && -w $shm
              && (stat $shm)[0] != (stat $redis->dir)[0];
    ok($two, 'there are two file systems') if ci();

    SKIP: {
        skip 'no second file system', 1 unless $two;
        my $far = File::Temp::tempdir('lapor-XXXXXXXX', DIR => $shm,
                                      CLEANUP => 1);
        is(about(conf('far', $redis, "spool = $far"))->{'spool disk'},
           "OK another file system than that of Redis's append-only file",
           'on a file system of its own');
    }
}

done_testing();
