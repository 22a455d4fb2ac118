#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl against a real PostgreSQL, Redis and lapor-intake: setup, unit
# import, reports, replays, quarantine, check.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();

use Lapor::Test;
use Lapor::Graph;
use Lapor::Intake;
use Lapor::Store ();

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my $in = Lapor::Intake->new;
my $pg = $in->pg;
my $schema = repo_dir() . '/schema';
my @files = map { m{([^/]+)\z} } Lapor::Pg::migrations();

$pg->psql("SELECT 'up'");

my $CONF = spew("$DIR/lapor.conf", join '', map { "$_\n" }
    'redis = ' . $in->redis->address, 'database = ' . $pg->dsn('lapor_ctl'),
    "media_dir = $DIR", '[intake]', 'consumer = x', '[laporctl]');


sub ctl {
    my $opt = ref $_[0] eq 'HASH' ? shift : {};
    my %none = map { $_ => undef } grep { /^LAPOR_|^PG/
        && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
    return run_cmd({ %$opt, env => { %none, LAPOR_CONF => $CONF } },
                   $CTL, @_);
}


sub lines { return map { $json->decode($_) } split /\n/, $_[0] }


sub dsn {
    my ($database) = @_;
    return $pg->dsn =~ s/dbname=\S+/dbname=$database/r;
}


# in_db($database, $sql) -> rows of another database of the same server

sub in_db {
    my ($database, $sql) = @_;

    my ($rc, $out, $err) = run_cmd({ stdin => $sql },
        Lapor::Pg::bin_dir() . '/psql', '-XqAt', '-v', 'ON_ERROR_STOP=1',
        '-d', dsn($database), '-f', '-');
    die $err if $rc;
    return $out;
}


# --- setup

{
    $pg->psql('CREATE DATABASE satu');
    my @setup = ('setup', '--schema-dir', $schema, '--database', dsn('satu'));

    my ($rc, $out, $err) = ctl(@setup, '--dry-run');
    is($rc, 0, 'setup, only to see') or diag($err);
    is($out, join('', map { "$_ to apply\n" } @files), 'lists the files');
    is(in_db('satu', "SELECT to_regnamespace('lapor') IS NULL"), "t\n",
       'and does nothing');

    my @pids = map {
        Lapor::Test::spawn(argv => [$CTL, '--json', @setup],
            out => "$DIR/setup.$_", err => "$DIR/setup.$_")
    } 1 .. 20;
    my @status = map {
        my ($pid, $status) = $_;
        wait_until { defined($status = Lapor::Test::reap($pid)) } 120;
        $status;
    } @pids;

    is(join(' ', @status), join(' ', (0) x 20), 'twenty setups at once');
    is(scalar(grep { /"applied":\[1/ } map { slurp("$DIR/setup.$_") }
              1 .. 20), 1, 'one of them did it');
    is(in_db('satu', "SELECT string_agg(name, ' ' ORDER BY version) "
                   . 'FROM lapor.schema_migration'), "@files\n",
       'each file once');
    is(in_db('satu', "SELECT string_agg(DISTINCT tableowner, ' ') "
                   . "FROM pg_tables WHERE schemaname = 'lapor'"),
       "lapor_owner\n", 'everything is the owner\'s');
    ok(in_db('satu', 'SELECT lapor.months_ahead(2)') == 0,
       'the months are there');

    my $before = in_db('satu', 'SELECT max(applied_at) '
                             . 'FROM lapor.schema_migration');
    ($rc, $out) = ctl(@setup);
    is($rc, 0, 'once more');
    like($out, qr/^version \d+, 0 new partitions$/m, 'changes nothing');
    is(in_db('satu', 'SELECT max(applied_at) FROM lapor.schema_migration'),
       $before, 'at all');

    # a file that was changed after it had been applied
    my $dir = "$DIR/changed";
    mkdir $dir;
    spew("$dir/$_", slurp("$schema/$_")) for 'roles.sql', @files;
    append_line("$dir/$files[1]", '-- one more line');
    ($rc, $out, $err) = ctl('setup', '--schema-dir', $dir,
                               '--database', dsn('satu'));
    is($rc, 1, 'a changed file is refused');
    like($err, qr/\Q$files[1]\E: was changed after the database had it/,
         'by name');
}

{
    # a file that fails: nothing of it stays, and its line is told
    my $dir = "$DIR/schema";
    mkdir $dir;
    spew("$dir/roles.sql", slurp("$schema/roles.sql"));
    spew("$dir/001_one.sql", 'CREATE FUNCTION lapor.months_ahead(integer) '
        . "RETURNS integer LANGUAGE sql AS 'SELECT 0';");
    spew("$dir/002_two.sql", "CREATE TABLE lapor.two (id integer);\n"
        . "-- \xc3\xa9\xc3\xa9\nSELEKT 1;\n");
    $pg->psql('CREATE DATABASE dua');
    my @setup = ('setup', '--schema-dir', $dir, '--database', dsn('dua'));

    my ($rc, $out, $err) = ctl(@setup);
    is($rc, 1, 'a file that fails');
    like($err, qr{schema/002_two\.sql:3: syntax error}, 'with its line');
    is(in_db('dua', 'SELECT max(version) FROM lapor.schema_migration'),
       "1\n", 'the one before it stays');
    is(in_db('dua', "SELECT to_regclass('lapor.two') IS NULL"), "t\n",
       'nothing of it does');

    spew("$dir/002_two.sql", 'CREATE TABLE lapor.two (id integer);');
    is((ctl(@setup))[0], 0, 'repaired');

    unlink "$dir/002_two.sql";
    ($rc, $out, $err) = ctl(@setup);
    is($rc, 1, 'a database that is newer than the files');
    like($err, qr/002_two\.sql.*newer/, 'says so');

    spew("$dir/002_other.sql", 'SELECT 1');
    ($rc, $out, $err) = ctl(@setup);
    is($rc, 1, 'another file of that number');
    like($err, qr/"002_two\.sql", not "002_other\.sql"/, 'says so');

    spew("$dir/004_gap.sql", 'SELECT 1');
    ($rc, $out, $err) = ctl(@setup);
    is($rc, 1, 'a number is missing');
    like($err, qr/004_gap\.sql: number 003 is expected/, 'says so');

    ($rc, $out, $err) = ctl('setup', '--schema-dir', "$DIR/absent");
    is($rc, 1, 'no such directory');

    ($rc, $out, $err) = ctl('setup', '--schema-dir', $schema, '--database',
                            dsn('tidak_ada'));
    is($rc, 1, 'no such database');
    like($err, qr/tidak_ada/, 'says so');
}


# --- unit import

my $demo = repo_dir() . '/conf/demo/tarakan';
my @import = ('unit', 'import', "$demo/units.csv", '--areas',
              "$demo/unit-areas.csv");
my $HEAD = 'unit_code,level,type,name,parent_code,phone_number_id,'
         . "display_phone,hq_lat,hq_lon,active\n";
my $AREA_HEAD = "unit_code,op,area_code,valid_from,note\n";


# import_csv($units, $areas, @options) -> (status, stdout, stderr)

sub import_csv {
    my ($units, $areas, @options) = @_;

    spew("$DIR/units.csv", $HEAD . $units);
    spew("$DIR/areas.csv", $AREA_HEAD . $areas) if defined $areas;
    return ctl('unit', 'import', "$DIR/units.csv",
               defined $areas ? ('--areas', "$DIR/areas.csv") : (), @options);
}


sub units { return scalar $pg->psql('SELECT count(*) FROM lapor.unit') }

{
    my ($rc, $out, $err) = ctl(@import, '--dry-run', '--json');
    is($rc, 0, 'the demo\'s units, only to see') or diag($err);
    is((lines($out))[0]{units}{added}, 5, 'counted');
    is(units(), 1, 'nothing but headquarters');

    ($rc, $out) = ctl(@import);
    is($rc, 0, 'imported');
    like($out, qr/^units: 5 added, 0 changed, 0 same$/m, 'counted');
    like($out, qr/^areas: 5 added, 0 changed, 0 same$/m, 'areas, too');
    is($pg->psql("SELECT p.unit_code FROM lapor.unit u JOIN lapor.unit p "
       . "ON p.unit_id = u.parent_id WHERE u.unit_code = 'POLDA-KALTARA'"),
       'MABES', 'an empty parent is headquarters');
    is($pg->psql('SELECT display_phone FROM lapor.phone_number'),
       '0811-5445-110', 'the number');

    ($rc, $out) = ctl(@import);
    like($out, qr/^units: 0 added, 0 changed, 5 same$/m, 'once more');
}

{
    # parents below their children, quotes, CRLF, a byte-order mark
    spew("$DIR/odd.csv", "\xef\xbb\xbf" . join "\r\n",
        'name,unit_code,parent_code,level,type,active,hq_lon,hq_lat,'
        . 'display_phone,phone_number_id',
        '"Polsek ""Utara"", Kota",PS-A,PR-A,polsek,polsek,1,106.8,-6.2,,',
        'Polres A,PR-A,PD-A,polres,polres,1,,,+62 800-0000-0001,4711',
        'Polda A,PD-A,,polda,polda,0,,,,', '');
    my ($rc, $out, $err) = ctl('unit', 'import', "$DIR/odd.csv");
    is($rc, 0, 'another order of rows and columns') or diag($err);
    is($pg->psql("SELECT name || hq_lat FROM lapor.unit "
                 . "WHERE unit_code = 'PS-A'"),
       'Polsek "Utara", Kota-6.2', 'quotes');

    my $lines = "PD-A,polda,polda,Polda A,,,,,,1\n"
              . "PR-A,polres,polres,Polres A baru,PD-A,4711,0800,,,1\n";
    ($rc, $out) = import_csv($lines, undef);
    like($out, qr/^units: 0 added, 2 changed, 0 same$/m, 'changes');
}

{
    my $n = units();
    my ($rc, $out, $err) = import_csv(join("\n",
        'ps-x,polsek,polsek,Kecil,,,,,,1',                      # 2
        'PS-1,kantor,polsek,Tingkat,,,,,,1',                    # 3
        'PS-2,polsek,,,,,,,,1',                                 # 4, two
        'PS-3,polsek,polsek,Induk,TIDAK-ADA,,,,,1',             # 5
        'PS-4,polsek,polsek,Sama,PS-5,,,,,1',                   # 6
        'PS-5,polsek,polsek,Lintang,,,,91,0,1',                 # 7
        'PS-6,polsek,polsek,Bujur,,,,1,,1',                     # 8
        'PS-6,polsek,polsek,Dua kali,,,,,,1',                   # 9
        'PS-7,polsek,polsek,Nomor,,12x,,,,1',                   # 10
        'PS-8,polsek,polsek,Nomor satu,,99,,,,1',               # 11
        'PS-9,polsek,polsek,Nomor dua,,99,,,,ya',               # 12, two
        'PS-10,polsek,polsek,Kurang,,,,,1',                     # 13
        'PS-11,polsek,polsek,"Kutip"x,,,,,,1',                  # 14
        'MABES,polda,polda,Mabes,,,,,,1',                       # 15
        'PS-12,mabes,polda,Mabes,,,,,,1',                       # 16
        "PS-13,polsek,polsek,\xff,,,,,,1",                      # 17
        'PS-14,polsek,polsek,NaN,,,,nan,1,1') . "\n",           # 18
        join("\n", 'PR-A,include,65.71.1,,', 'PR-A,inklusif,65,,',
             'PR-A,include,65,2026-02-30,', 'TIDAK-ADA,include,65,,',
             ''));
    my @got = map { /:(\d+): / ? "u$1" : () } grep { /units\.csv/ }
              split /\n/, $err;

    is($rc, 1, 'a file full of mistakes');
    is(join(' ', @got), 'u2 u3 u4 u4 u5 u6 u7 u8 u9 u10 u12 u12 u13 u14 u15 '
                      . 'u16 u17 u18', 'each is told, with its line');
    is(join(' ', $err =~ /areas\.csv:(\d+): /g), '2 3 4 5',
       'those of the areas, too');
    like($err, qr/units\.csv:9: unit PS-6 stands in line 8 already/,
         'both lines of a double');
    like($err, qr/22 problems, nothing was changed/, 'counted');
    is(units(), $n, 'nothing was changed');

    ($rc, $out, $err) = import_csv("PR-B,polres,polres,Polres B,,4711,,,,1\n"
        . "PR-C,polres,polres,Polres C,,,,,,1\n", undef);
    is($rc, 1, 'a number that another unit has');
    like($err, qr/units\.csv:2: phone_number_id belongs to another unit/,
         'the database knows');
    is(units(), $n, 'the good row is not stored either');

    spew("$DIR/head.csv", "unit_code,level,typ,name\n");
    ($rc, $out, $err) = ctl('unit', 'import', "$DIR/head.csv", '--json');
    my ($report) = lines($out);
    is($rc, 1, 'a wrong header');
    is_deeply([map { $_->{text} } grep { $_->{text} =~ /type|unknown/ }
               @{ $report->{problems} }],
              ['column type is missing', 'column 3 has an unknown name'],
              'each name is told');

    spew("$DIR/head.csv", '');
    is((ctl('unit', 'import', "$DIR/head.csv"))[0], 1, 'an empty file');
    is((ctl('unit', 'import', "$DIR/absent.csv"))[0], 1, 'no file');
}

{
    my $two = "PR-D,polres,polres,Polres D,,,,,,1\n"
            . "PR-E,polres,polres,Polres E,,,,,,1\n"
            . "PS-D,polsek,polsek,Polsek D,PR-D,,,,,1\n";
    my ($rc, $out, $err) = import_csv($two,
        "PR-D,include,11.01,,\nPR-E,include,11.01,,\n");
    is($rc, 1, 'one area of two units of one level');
    like($err, qr/areas\.csv:3: area 11\.01 is claimed by PR-E, and in line 2/,
         'both lines are told');

    ($rc, $out, $err) = import_csv($two, "PR-D,include,11.01,,\n"
        . "PS-D,include,11.01,,\nPR-E,include,11.01.02,,\n");
    is($rc, 0, 'other levels and more specific codes are no conflict')
        or diag($err);

    ($rc, $out, $err) = import_csv($two, "PR-E,include,11.01,,\n");
    is($rc, 1, 'an area that another unit has in the database');
    like($err, qr/areas\.csv:2: .*in the database by PR-D/, 'is told');

    ($rc, $out, $err) = import_csv($two, "PR-D,exclude,11.01,2026-01-01,\n"
        . "PR-E,include,11.01,2026-01-01,diserahkan\n");
    is($rc, 0, 'unless it gives it away') or diag($err);
}


# --- reports

my $number = '100000000000110';
$in->add(body(value(number => $number, messages => [
    message(from => phone(7), id => 'wamid.CTL1',
            text => "Ada kebakaran\n\e[31mdi pasar, tolong")])));
$in->add(body(value(number => $number, messages => [
    message(from => phone(7), type => 'location',
            location => { latitude => 3.3, longitude => 117.6 })])));
# the first sender has another device from the second on
$in->add(body(
    map({ value(number => $number,
                contacts => [{ wa_id => phone(7),
                               identity_key_hash => "k$_=" }],
                messages => [message(from => phone(7), text => "pesan $_")])
        } 1, 2, 2),
    value(number => $number, messages => [
        message(from => phone(8), text => 'syarat perpanjang sim?')])));
$in->drained;

{
    my ($rc, $out, $err) = ctl('report', 'list');
    my @rows = split /\n/, $out;
    is($rc, 0, 'report list') or diag($err);
    is(scalar @rows, 3, 'a head and two rows');
    like($out, qr/^K-\S+  .*POLRES-TARAKAN  new +P1  kebakaran +samapta/m,
         'a row');

    ($rc, $out) = ctl('report', 'list', '--json', '--limit', '1');
    is(scalar(lines($out)), 1, 'one, as JSON');
    ($rc, $out) = ctl('report', 'list', '--json', '--unit', 'PR-A');
    is($out, '', 'none of another unit');

    my $code = $pg->psql("SELECT code FROM lapor.report "
                         . "WHERE category = 'kebakaran'");
    ($rc, $out, $err) = ctl('report', 'show', lc $code =~ s/-//gr);
    is($rc, 0, 'report show, the code as people type it') or diag($err);
    like($out, qr/^Laporan \Q$code\E$/m, 'the report');
    like($out, qr/Ada kebakaran\n    \xef\xbf\xbd\[31mdi pasar/,
         'its words, harmless to a terminal');
    like($out, qr/^    lokasi 3\.3, 117\.6$/m, 'a pin has no words');
    like($out, qr/^Jejak audit: utuh$/m, 'the audit is whole');
    unlike($out, qr/6280000000007/, 'the number is masked');
    like($out, qr/^    pesan 2\n    PERHATIAN: perangkat pengirim berganti/m,
         'a sender with another device');
    is(() = $out =~ /PERHATIAN/g, 1, 'is told once');

    ($rc, $out) = ctl('report', 'show', $code, '--json');
    is((lines($out))[0]{report}{code}, $code, 'as JSON');

    ($rc, $out, $err) = ctl('report', 'show', 'K-2222-3');
    is($rc, 1, 'no such report');
}


{
    # the words as people will see them
    my $text = $pg->psql("SELECT body FROM lapor.task WHERE kind = 'reply' "
                         . 'LIMIT 1');
    like($text, qr/\n\nJika ada bahaya/, 'an answer has line ends');
    unlike($text, qr/\\n|\{/, 'and nothing that was to be filled in');
}


# --- raw replay

{
    my $count = sub {
        return join ' ', map { scalar $pg->psql("SELECT count(*) FROM $_") }
            qw(lapor.raw_webhook lapor.message lapor.report lapor.task);
    };
    my $before = $count->();
    my @range = ('--from', '2026-01-01T00:00:00Z', '--to',
                 POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 60)));

    my ($rc, $out, $err) = ctl('raw', 'replay', @range, '--dry-run');
    is($rc, 0, 'raw replay, only to see') or diag($err);
    like($out, qr/^3 webhooks, \d+ bytes, 0 queued again$/, 'counted');

    for my $n (1 .. 40) {
        $in->add(body(message(from => phone(100 + $n), text => "tes $n")),
                 sprintf '%02x:msg', $n % 16);
    }
    $in->drained;
    $before = $count->();

    ($rc, $out) = ctl('raw', 'replay', @range, '--json');
    my ($done) = lines($out);
    is($done->{queued}, 43, 'more than a page is queued');
    ok($in->drained, 'taken');
    is($count->(), $before, 'and nothing is stored twice');

    $pg->psql('TRUNCATE lapor.seen; DELETE FROM lapor.message');
    ($rc, $out) = ctl('raw', 'replay', @range);
    $in->drained;
    is($pg->psql("SELECT count(*) FROM lapor.message "
                 . "WHERE direction = 'in'"), 46, 'what was lost comes back');

    for my $wrong (['--from', '2026-01-01T00:00:00Z'],
                   ['--from', 'kemarin', '--to', '2026-01-01T00:00:00Z']) {
        is((ctl('raw', 'replay', @$wrong))[0], 64, "usage: @$wrong");
    }

    ($rc, $out) = ctl('raw', 'replay', '--from', '2020-01-01T00:00:00+07:00',
                      '--to', '2020-01-02T00:00:00Z');
    like($out, qr/^0 webhooks/, 'an empty range');
}


# --- alerts

{
    my $raise = sub {
        $pg->psql("SELECT lapor.alert_raise("
            . Lapor::Store::part_of($_[1]) . "::smallint, '$_[0]', '$_[1]',
            '$_[2]', '{\"code\": 1}', now())", 'lapor_intake');
    };

    $pg->psql('DELETE FROM lapor.alert');
    $raise->('redis_lost', 'redis', 'critical');
    $raise->('template_stopped', 'balas/id', 'warning');
    $raise->('template_stopped', 'balas/id', 'warning');
    is(join(' ', map { "@$_" } $pg->psql(
        'SELECT * FROM lapor.alert_open_counts() ORDER BY 1', 'lapor_reader')),
       'redis_lost critical 1 template_stopped warning 1', 'counted');

    my ($rc, $out, $err) = ctl('alert', 'list', '--open', '--json');
    is($rc, 0, 'alert list') or diag($err);
    my @alerts = lines($out);
    is(join(' ', map { "$_->{kind}=$_->{times}" } @alerts),
       'template_stopped=2 redis_lost=1', 'the newest first');
    is($alerts[0]{detail}{code}, 1, 'with its detail');
    ok(!defined $alerts[0]{closed_at} && $alerts[0]{opened_at}, 'open');

    ($rc, $out, $err) = ctl('alert', 'close', 'template_stopped', 'balas/id');
    is($rc, 0, 'alert close') or diag($err);
    ($rc, $out, $err) = ctl('alert', 'close', 'template_stopped', 'balas/id');
    is($rc, 1, 'once');
    like($err, qr{no alert template_stopped of balas/id is open}, 'or says');
    is((ctl('alert', 'close', 'redis_lost'))[0], 64, 'of what?');

    ($rc, $out) = ctl('alert', 'list', '--open');
    like($out, qr/^critical +redis_lost +redis +\S.* 1 +-$/m, 'as a table');
    unlike($out, qr/template/, 'only the open one');
    ($rc, $out) = ctl('alert', 'list');
    like($out, qr/template_stopped/, 'all, if not asked for the open ones');
    is((ctl('alert', 'close', 'redis_lost', 'redis'))[0], 0, 'the other');
}


# --- quarantine

{
    my $raw = 'ini bukan json';
    $in->add($raw);
    $in->drained;

    my ($rc, $out, $err) = ctl('dead', 'list', '--json');
    my ($dead) = lines($out);
    is($rc, 0, 'dead list') or diag($err);
    like($dead->{id}, qr/^\d+-[0-9a-f]{16}-\d+-all\z/, 'its name');
    is($dead->{bytes}, length $raw, 'its size');

    ($rc, $out) = ctl('dead', 'list');
    like($out, qr/^\Q$dead->{id}\E /m, 'as a table');

    ($rc, $out) = ctl('dead', 'show', $dead->{id});
    is($rc, 0, 'dead show');
    like($out, qr/^sebab +\S/m, 'the reason');
    like($out, qr/^ini bukan json$/m, 'the body');

    is((ctl('dead', 'show', 'x'))[0], 64, 'no name at all');
    is((ctl('dead', 'show', '1-0000000000000001-5-0'))[0], 1, 'no such item');
    is((ctl('dead', 'replay'))[0], 64, 'replay of what?');

    ($rc, $out, $err) = ctl('dead', 'replay', $dead->{id});
    is($rc, 0, 'dead replay') or diag($err);
    ok(wait_until {
        $pg->psql('SELECT times FROM lapor.quarantine') == 2
    } 15, 'it to fail again');
    is($pg->psql('SELECT state FROM lapor.quarantine'), 'dead',
       'what fails again is dead again');

    # a body that was refused for a reason that is gone now
    $pg->psql("UPDATE lapor.quarantine SET body = convert_to('"
        . body(message(from => phone(9), id => 'wamid.BACK', text => 'tes'))
        . "', 'UTF8')");
    ($rc, $out) = ctl('dead', 'replay', '--all', '--json');
    is((lines($out))[0]{webhooks}, 1, 'all of them');
    ok(wait_until {
        $pg->psql("SELECT count(*) FROM lapor.message "
                  . "WHERE wamid = 'wamid.BACK'") == 1
    } 15, 'it to be stored');
    is($pg->psql('SELECT state FROM lapor.quarantine'), 'replayed',
       'and it is dead no more');
    is((ctl('dead', 'list', '--json'))[1], '', 'the list is empty');
    isnt((ctl('dead', 'list', '--json', '--all'))[1], '', 'unless all');

    $pg->psql("UPDATE lapor.quarantine SET body = '\\x00ff', state = 'dead',"
              . ' replayed_at = NULL');
    ($rc, $out) = ctl('dead', 'show', $dead->{id});
    like($out, qr/^00000000  00 ff /m, 'bytes that are no text');
    $pg->psql("UPDATE lapor.quarantine SET stream = 'lapor:x'");
    ($rc, $out, $err) = ctl('dead', 'replay', $dead->{id});
    is($rc, 1, 'a stream that is none of ours');
    is($pg->psql('SELECT state FROM lapor.quarantine'), 'dead',
       'leaves it dead');
    $pg->psql('DELETE FROM lapor.quarantine');
}


# --- check

{
    my ($rc, $out) = ctl('check');
    is($rc, 1, 'a test\'s database is not durable, which check tells');
    like($out, qr/^FAIL  postgresql fsync: is off, must be on/m, 'as fsync');
    is(join(' ', $out =~ /^FAIL  (.*?):/mg),
       'postgresql fsync postgresql full_page_writes', 'and nothing else');
    like($out, qr/^OK    redis appendfsync: always$/m, 'Redis is');
    like($out, qr/^OK    redis streams: \d+ streams/m, 'the groups');
    like($out, qr/^OK    schema: version \d+$/m, 'the schema');

    $pg->configure(fsync => 'on', full_page_writes => 'on');
    $in->in->allow(qr/could not connect to/);
    $pg->stop;
    $pg->start;
    ($rc, $out) = ctl('check');
    is($rc, 0, 'with both all is well') or diag($out);

    my $old = in_db('lapor', "SELECT to_char(now() + interval '1 month', "
                           . "'_YYYY_MM')") =~ s/\s//gr;
    $in->redis->cmd('CONFIG', 'SET', 'appendfsync', 'everysec');
    $pg->psql("ALTER ROLE lapor_ctl SET log_min_duration_statement = 0;"
        . "DROP TABLE lapor.event$old");
    ($rc, $out) = ctl('check', '--json');
    my %bad = map { $_->{check} => $_->{detail} }
              grep { $_->{result} eq 'FAIL' } lines($out);
    is($rc, 1, 'a sick one');
    like($bad{'redis appendfsync'}, qr/is everysec/, 'appendfsync');
    like($bad{'postgresql log_min_duration_statement'}, qr/is 0, must be -1/,
         'statements in the log');
    like($bad{partitions} || '', qr/event$old missing/, 'a month is missing');

    # who hears of the account that the last webhooks were of
    my $graph = Lapor::Graph->new;
    my $account = $in->WABA_ID;
    my $asked = sub {
        my ($keys, $section) = (slurp($CONF), join '', map { "$_\n" } @_);
        $keys =~ s/^\[intake\]/graph_url = @{[ $graph->url ]}\n$&/m;
        my $conf = spew("$DIR/graph.conf", "$keys$section");
        my $old = $CONF;
        $CONF = $conf;
        my @lines = grep { $_->{check} eq 'subscription' }
                    lines((ctl('check', '--json'))[1]);
        $CONF = $old;
        return join "\n", map { "$_->{result} $_->{detail}" } @lines;
    };
    my $token = 'graph_token = ' . $graph->dir . '/token';

    is($asked->(), '', 'without a token nobody is asked');
    is($asked->($token), "OK account $account sends webhooks to app 1",
       'the account of the webhooks tells an app');
    is($asked->($token, 'app_id = 1', 'waba_id = 5, 6'),
       join("\n", map { "OK account $_ sends webhooks to app 1" } 5, 6),
       'ours; and accounts that are configured');
    like($asked->($token, 'app_id = 2'),
         qr/^FAIL account $account .* app 1, but not to ours, 2: see Subscr/,
         'another app than ours');
    is($asked->($token, 'waba_id = 5/x'), 'FAIL waba_id: "5/x" is no id',
       'what would lead to another path');

    $graph->call('DELETE', '1/subscribed_apps');
    like($asked->($token), qr/^FAIL account \d+ .* no app: nothing comes, see/,
         'none');
    $graph->faults({ match => '/subscribed_apps', status => 403, code => 200 });
    like($asked->($token), qr/^WARN account \d+: status 403, .*_management\?$/,
         'a token that may not ask');
    $graph->stop;
    is($asked->($token), '', 'and an API that is down is told once');

    $pg->psql("UPDATE lapor.raw_webhook SET received_at = received_at"
        . " - interval '40 days'");
    $graph->start;
    like($asked->($token), qr/^WARN not asked: waba_id is unknown/,
         'no webhook and no account');
    $graph->stop;

    my $secret = spew("$DIR/secret", "geheim\n", 0644);
    spew($CONF, slurp($CONF) . "app_secret = $secret\n"
        . "verify_token = $DIR/absent\nwebhook_url = http://127.0.0.1:1/\n");
    $in->redis->stop;
    $pg->stop;
    ($rc, $out) = ctl('check');
    is($rc, 1, 'nothing is there');
    like($out, qr/^FAIL  redis: no connection/m, 'Redis');
    like($out, qr/^FAIL  postgresql: /m, 'PostgreSQL');
    like($out, qr/^FAIL  app_secret: .*secret/m, 'a secret for all to read');
    like($out, qr/^FAIL  verify_token: /m, 'and an absent one');
    unlike($out, qr/geheim/, 'which is not told');
}

done_testing();
