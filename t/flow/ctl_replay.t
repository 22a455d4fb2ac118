#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl raw replay: over history that is right it changes no row; over what
# a wrong parser has left it makes what a database has that got the same
# webhooks right at once, and answers nobody a second time.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use JSON::PP ();
use POSIX ();

use Lapor::Test;
use Lapor::Intake;

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my $in = Lapor::Intake->new;
my $right = Lapor::Intake->new;
my $T = time - 600;
my @ALL = ('--from', '2000-01-01T00:00:00Z', '--to', '2101-01-01T00:00:00Z');

$_->in->allow(qr/quarantined|refused/) for $in, $right;


sub conf {
    return spew("$DIR/lapor.conf", join '', map { "$_\n" }
        'redis = ' . $in->redis->address,
        'database = ' . $in->pg->dsn('lapor_ctl'), "media_dir = $DIR",
        '[intake]', 'consumer = x', '[laporctl]', 'spool = off');
}


sub ctl {
    my (@args) = @_;

    my $conf = conf();
    my %none = map { $_ => undef } grep { /^LAPOR_|^PG/
        && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
    return run_cmd({ env => { %none, LAPOR_CONF => $conf } }, $CTL, @args);
}


# replay(): all of it, and until it is processed

sub replay {
    my ($rc, $out, $err) = ctl('raw', 'replay', '--json', @ALL);
    is($rc, 0, 'raw replay') or diag($out, $err);
    $in->{keys}{$_} = 1 for map { $_->[0] } $in->rows(
        'SELECT DISTINCT stream FROM lapor.raw_webhook');
    ok($in->drained(60), 'is processed');
    return $json->decode($out);
}


# dump(): every row of every table but those that count entries, as a list

sub dump_all {
    my @tables = map { $_->[0] } $in->rows(q{
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'lapor'::regnamespace
           AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname NOT IN ('stream_count', 'raw_again')
         ORDER BY 1});

    return { map {
        my $table = $_;
        # told at a start, of webhooks that are dated in a month gone by
        my $but = $table eq 'alert' ? "WHERE kind <> 'default_partition'" : '';
        map { ("$table $_->[0]" => 1) }
            $in->rows("SELECT t::text FROM lapor.$table t $but")
    } @tables };
}


sub same {
    my ($before, $name) = @_;

    my $after = dump_all();
    my @less = grep { !$after->{$_} } sort keys %$before;
    my @more = grep { !$before->{$_} } sort keys %$after;
    ok(!@less && !@more, $name)
        or diag(map { substr($_, 0, 500) . "\n" } map({ "- $_" } @less),
                map({ "+ $_" } @more));
}


# content($instance) -> what people see of what came after $T: messages with
# their reports, files, notices, statuses, tasks, what is dead; no ids of ours

sub content {
    my ($of) = @_;

    my $new = "received_at >= to_timestamp($T)";
    return [map { join ' | ', map { defined $_ ? $_ : '-' } @$_ } $of->rows(qq{
        SELECT 'message', m.wamid, m.type, m.body, m.media_id, m.detail,
               m.damaged, m.sent_at, m.received_at, m.raw_id,
               (SELECT min(o.wamid) FROM lapor.message o
                 WHERE o.part = m.part AND o.report_id = m.report_id),
               r.category, r.urgency, r.function, r.sensitive, r.state,
               r.lat, r.lon
          FROM lapor.message m JOIN lapor.report r USING (part, report_id)
         WHERE m.$new ORDER BY m.wamid, m.sent_at}), $of->rows(qq{
        SELECT 'media', media_id, kind, mime_type, filename,
               announced_sha256, state FROM lapor.media
         WHERE created_at >= to_timestamp($T) ORDER BY media_id}),
        $of->rows(qq{
        SELECT 'task', kind, occasion, media_id, recipient, count(*)
          FROM lapor.task WHERE report_id IN
               (SELECT report_id FROM lapor.message WHERE $new)
         GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, 3, 4, 5}), $of->rows(qq{
        SELECT 'notice', notice_id, field, data FROM lapor.notice
         WHERE $new ORDER BY 2, 3}), $of->rows(qq{
        SELECT 'wait', wamid, state, at FROM lapor.status_wait
         WHERE $new ORDER BY 2, 3}), $of->rows(qq{
        SELECT 'dead', raw_id, item, reason FROM lapor.quarantine
         WHERE $new AND state = 'dead' ORDER BY 2, 3})];
}


my $ms = $T * 1000;

sub iso {
    my ($at) = @_;
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime $at / 1000)
           . sprintf '.%03dZ', $at % 1000;
}

# both($body): to both instances, received at the same time

sub both {
    my ($body, $stream) = @_;

    $ms++;
    $_->add($body, $stream || '00:msg', 'b', $body, 't', $ms)
        for $in, $right;
}


# --- history: golden webhooks, each twice, and people

for my $file (sort glob repo_dir() . '/t/data/webhooks/*.json') {
    my $body = slurp($file);
    $in->add($body, '00:msg', 'b', $body, 't', $ms - 900_000 + $_) for 1, 2;
}

my %m = (
    fire => message(text => 'ada kebakaran rumah di pasar', from => phone(901)),
    more => message(text => 'api makin besar', from => phone(901)),
    closed => message(text => 'ada kebakaran gudang', from => phone(902)),
    photo => message(type => 'image', from => phone(903),
        image => { id => 'foto1', mime_type => 'image/jpeg',
                   caption => 'begal di jembatan' }),
    paper => message(type => 'document', from => phone(904),
        document => { id => 'surat1', mime_type => 'application/pdf',
                      filename => 'surat.pdf' }),
    copy => message(type => 'document', from => phone(904),
        document => { id => 'surat1', mime_type => 'application/pdf',
                      filename => 'salinan.pdf' }),
    place => message(type => 'location', from => phone(905),
        location => { latitude => 3.3, longitude => 117.6 }),
    gone => message(text => 'ada tawuran pelajar', from => phone(906)),
    first => message(text => 'lampu jalan mati', from => phone(907)),
    second => message(text => 'sudah tiga hari', from => phone(907)),
    row => message(text => 'jalan rusak parah', from => phone(908)),
    dead => message(text => 'ada maling motor', from => phone(909)),
    old => message(text => 'sudah lama', from => phone(910)),
    whole => message(text => 'ada banjir', from => phone(911)),
);
# said before they were received: no clock is wrong
my $t = $T - 60;
$m{$_}{timestamp} = '' . $t++
    for qw(fire more closed photo paper copy place gone first second row dead
           whole);
$m{old}{timestamp} = '' . ($T - 5 * 86400);
both(body($m{$_})) for grep { !/^(?:copy|paper)$/ } sort keys %m;
# one between them that is refused: they come in transactions of their own
both(body($m{paper}, message(from => '9' x 300, text => 'ditolak',
                                 timestamp => "$T"),
          $m{copy}));
# one file by many messages of a webhook: the first one announced it
both(body(map { message(type => 'document', from => phone(912),
    timestamp => "$T", document => { id => 'salinan' . $_ % 3,
        mime_type => 'application/pdf', filename => "salinan$_.pdf" }) }
    1 .. 40));
both('bukan json');
both(body({ field => 'account_update', value => { event => 'X' } }));
both(body(status(id => 'wamid.siapa', timestamp => "$T")), '00:status');

# id_is($number, $id, $was): Meta tells whose user id it is
sub id_is {
    my ($number, $id, $was) = @_;
    return { field => 'user_id_update', value => {
        messaging_product => 'whatsapp', metadata => {
            display_phone_number => '628000009999',
            phone_number_id => Lapor::Intake::NUMBER_ID },
        user_id_update => [{ wa_id => $number, timestamp => "$T",
            user_id => { current => $id,
                         defined $was ? (previous => $was) : () } }] } };
}

# number_moved($from, $to)
sub number_moved {
    my ($from, $to) = @_;
    return message(type => 'system', from => $from, timestamp => "$T",
        system => { type => 'user_changed_number', body => 'x',
                    wa_id => $to });
}

# told in one second, and what it means goes by the order
both(body(number_moved(phone(930), phone(931)),
          id_is(phone(930), 'ID.930b'), id_is(phone(930), 'ID.930a')));
both(body(id_is(phone(932), 'ID.932a'), id_is(phone(932), 'ID.932b'),
          number_moved(phone(933), phone(932))));
ok($_->drained(60), 'history is stored') for $in, $right;

is_deeply(content($in), content($right), 'the same in both');
my $before = dump_all();
my $first = replay();
cmp_ok($first->{queued}, '>', 100, 'all webhooks are queued');
same($before, 'a replay over what is right changes no row');


# --- what a wrong parser has left

sub id { return "wamid = '$m{$_[0]}{id}'" }

# lost($name): as if it had never been stored
sub lost {
    my ($name) = @_;

    $in->pg->psql('DELETE FROM lapor.message WHERE ' . id($name) . ';'
        . ' DELETE FROM lapor.seen WHERE ' . id($name));
}

sub raw_of {
    my ($name) = @_;
    return "(SELECT w.%s FROM lapor.raw_webhook w WHERE position("
         . "'$m{$name}{id}'::bytea IN w.body) > 0)";
}

# words
$in->pg->psql("UPDATE lapor.message SET body = 'ada k?b?k?r?n', damaged ="
    . " true, detail = '{\"salah\": 1}' WHERE " . id('fire'));
$in->pg->psql("UPDATE lapor.report SET category = 'ambigu', urgency = 'P3',"
    . " function = 'operator' WHERE report_id = (SELECT report_id FROM"
    . ' lapor.message WHERE ' . id('fire') . ')');
$in->pg->psql("UPDATE lapor.message SET body = NULL WHERE " . id('more'));
# a report that a person has closed since
$in->pg->psql("UPDATE lapor.message SET body = 'ada' WHERE " . id('closed'));
for my $one ($in, $right) {
    $one->pg->psql("UPDATE lapor.report SET state = 'closed', closed_at ="
        . " now(), category = 'ambigu', urgency = 'P3', function ="
        . " 'operator' WHERE report_id = (SELECT report_id FROM"
        . ' lapor.message WHERE ' . id('closed') . ')');
}
# files: one not understood, one with a wrong name, a place without its pin
$in->pg->psql("DELETE FROM lapor.task WHERE media_id = 'foto1';"
    . " DELETE FROM lapor.media WHERE media_id = 'foto1';"
    . " UPDATE lapor.message SET media_id = NULL, type = 'unknown',"
    . " body = NULL, detail = NULL WHERE " . id('photo'));
$in->pg->psql("UPDATE lapor.media SET filename = NULL, announced_sha256 ="
    . " repeat('ab', 32) WHERE media_id = 'surat1'");
$in->pg->psql("UPDATE lapor.report SET lat = NULL, lon = NULL WHERE"
    . ' report_id = (SELECT report_id FROM lapor.message WHERE '
    . id('place') . '); UPDATE lapor.message SET detail = NULL WHERE '
    . id('place'));
# messages that never came to be, and one of which only the ledger knows
lost($_) for qw(gone second old);
$in->pg->psql('DELETE FROM lapor.message WHERE ' . id('row'));
# items in quarantine that are no riddle any more
for my $case (['dead', 0, '1'], ['whole', -1, '1']) {
    my ($name, $item) = @$case;
    lost($name);
    $in->pg->psql("INSERT INTO lapor.quarantine (part, raw_id, received_at,"
        . ' item, stream, entry_id, reason, body, dead_at) VALUES ('
        . join(', ', map { sprintf raw_of($name), $_ }
                     qw(part raw_id received_at))
        . ", $item, 'lapor:{00}:msg', '1-1', 'salah', 'x', now())");
}
isnt(join("\n", @{ content($in) }), join("\n", @{ content($right) }),
     'the parser was wrong');

my ($rc, $out) = ctl('raw', 'replay', '--dry-run', '--json', @ALL);
is($json->decode($out)->{queued}, 0, 'only to see');

replay();
is_deeply(content($in), content($right),
          'the replay makes what is right, and nothing twice');
is($in->cell("SELECT string_agg(state, ' ') FROM lapor.quarantine"
             . " WHERE reason = 'salah'"), 'replayed replayed',
   'what was dead is alive');
is($in->cell("SELECT count(*) FROM lapor.quarantine WHERE times > 1"), 0,
   'what is dead stays so');


# --- the audit

is($in->cell('SELECT count(*) FROM lapor.report'
             . ' WHERE NOT lapor.event_check(part, report_id)'), 0,
   'every audit chain is whole');
my %corrected = map { $_->[0] => $json->decode($_->[1]) } $in->rows(
    "SELECT data->>'wamid', data->'old' FROM lapor.event"
    . " WHERE kind = 'corrected'");
is_deeply([sort keys %corrected],
          [sort map { $m{$_}{id} } qw(fire more closed photo paper place)],
          'it names what was corrected');
is($corrected{ $m{photo}{id} }{type}, 'unknown', 'with the old type');
like($corrected{ $m{fire}{id} }{body_sha256}, qr/^[0-9a-f]{64}\z/,
     'with a hash of the old words');
is($in->cell("SELECT count(*) FROM lapor.event"
             . " WHERE data::text ~ 'k[?]b'"), 0, 'and without them');
is($in->cell("SELECT string_agg(kind, ' ' ORDER BY seq) FROM lapor.event e"
             . ' JOIN lapor.message m USING (part, report_id)'
             . " WHERE m." . id('fire')), 'opened corrected raised corrected',
   'better words raise a report that is open');
is($in->cell("SELECT r.state || ' ' || r.urgency FROM lapor.report r"
             . ' JOIN lapor.message m USING (part, report_id)'
             . " WHERE m." . id('closed')), 'closed P3',
   'one that is closed stays as it is');

$before = dump_all();
replay();
same($before, 'another replay changes nothing');


# --- what is told of people: anew where it was not stored, or otherwise

{
    my @told = (number_moved(phone(940), phone(941)),
                number_moved(phone(942), phone(943)),
                id_is(phone(945), 'ID.945', 'ID.944'));
    my @new = (phone(941), phone(943), 'ID.945');
    my $held = sub {
        join ' ', map { $in->cell('SELECT count(*) FROM lapor.identity'
                                  . " WHERE identity = '$_'") } @new;
    };
    $in->add(undef, '00:msg', 'b', body($_), 't', ++$ms) for @told;
    ok($in->drained, 'is processed');
    is($held->(), '1 1 1', 'numbers and an id are changed');

    my $id = sub { "wamid = '$told[$_[0]]{id}'" };
    $in->pg->psql("DELETE FROM lapor.$_ WHERE identity LIKE '%94_'")
        for qw(identity identity_past);
    my $forgotten = dump_all();
    replay();
    same($forgotten, 'what is stored as it was tells nothing twice');

    $in->pg->psql('DELETE FROM lapor.message WHERE ' . $id->(0)
        . '; DELETE FROM lapor.seen WHERE ' . $id->(0)
        . "; UPDATE lapor.message SET type = 'unknown' WHERE " . $id->(1)
        . "; DELETE FROM lapor.notice WHERE field = 'user_id_update'"
        . " AND data::text LIKE '%ID.945%'");
    replay();
    is($held->(), '1 1 1', 'what is new, or was not understood, does');
}


# --- a webhook that was no webhook to the old parser has a home all the same

my $part = $in->cell(sprintf raw_of('first'), 'part');
my $other = ($part + 1) % 256;
$in->pg->psql("UPDATE lapor.raw_webhook SET part = $other WHERE position("
    . "'$m{first}{id}'::bytea IN body) > 0");
$before = dump_all();
replay();
same($before, 'the raw row is met where it lies');


# --- a clock was wrong: the time was not believed at one of two deliveries

for my $days ([5, 2], [2, 5]) {
    my $twice = message(text => 'ada genangan', from => phone(920),
                        timestamp => '' . ($T - 3 * 86400));
    for my $ago (@$days) {
        $in->add(undef, '00:msg', 'b', body($twice),
                 't', ($T - $ago * 86400) * 1000);
        $in->drained or fail('is processed');
    }
    replay();
    is($in->cell("SELECT count(*) FROM lapor.message WHERE wamid ="
                 . " '$twice->{id}'"), 1, 'a replay finds it all the same');
}


# --- a long one waits for lapor-intake and fills no stream

$in->add(undef, '00:msg', 'b', body(message(text => "n $_",
    from => phone(2000 + $_ % 50), timestamp => "$T")), 't', $ms + 60_000 + $_) for 1 .. 1300;
ok($in->drained(60), 'many webhooks');
$before = dump_all();
$in->in->stop;
my $pid = Lapor::Test::spawn(argv => [$CTL, '-c', conf(), 'raw', 'replay',
    '--from', iso($ms + 60_000), '--to', iso($ms + 70_000)],
    out => "$DIR/replay.out", err => "$DIR/replay.err");
ok(wait_until { slurp("$DIR/replay.err")
                =~ /waiting for lapor-intake: 10\d\d entries of lapor:\{00\}/
} 60, 'it waits, and says for whom');
my %group = @{ $in->redis->cmd('XINFO', 'GROUPS', 'lapor:{00}:msg')->[0] };
cmp_ok($group{lag}, '<', 1100, 'with as much as a second\'s work in Redis');
$in->in->start;
my $status;
ok(wait_until { defined($status = Lapor::Test::reap($pid)) } 60,
   'it goes on with lapor-intake');
is($status, 0, 'and ends');
like(slurp("$DIR/replay.out"), qr/^1300 webhooks, \d+ bytes, 1300 queued/,
     'having queued them all');
ok($in->drained(60), 'which are processed');
same($before, 'and change nothing');

# broken off: from the time that it told
$in->redis->stop;
($rc, $out) = ctl('raw', 'replay', @ALL);
is($rc, 1, 'without Redis there is no replay');

done_testing();
