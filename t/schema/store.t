#!/usr/bin/perl

# The functions that store messages, as lapor-intake calls them: what a message
# becomes, what two sessions at once do to each other, and that nothing
# happens twice. Which report it joins is C's to decide: t/unit/talk_test.c.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $db = Lapor::Store->new;
my $in = $db->session('lapor_intake');
my $two = $db->session('lapor_intake');
my $day = 24 * 3600;
my $serial = 0;
my ($row, @rows);

$db->rows("SELECT lapor.unit_put('POLRES-A', 'polres', 'polres',
    'Polres Contoh', NULL, NULL, NULL, true, '1000000001', '0800-1')");

# person() -> an identity that nobody had yet
sub person { return sprintf '62800000%05d', ++$serial }
sub wamid  { return sprintf 'wamid.%06d', ++$serial }

sub msg {
    my ($who, %more) = @_;
    my $sent = exists $more{sent_at} ? $more{sent_at} : 0;
    return { identity => $who, wamid => wamid(), sent_at => $sent,
             received_at => defined $sent ? $sent : 0, %more };
}

# report($report_id, $columns) -> the columns
sub report {
    my ($id, $columns) = @_;
    my ($found) = $db->rows("SELECT $columns FROM lapor.report
                              WHERE report_id = $id");
    return wantarray ? @$found : $found->[0];
}

sub intact {
    my ($name) = @_;
    is($db->one('SELECT string_agg(code, $$ $$) FROM lapor.report
                  WHERE NOT lapor.event_check(part, report_id)'), undef,
       $name || 'every audit chain is whole');
}


# --- months

is($db->one('SELECT lapor.months_ahead(0)'), 8, 'this month and the last');
is($db->one('SELECT lapor.months_ahead(0)'), 0, 'made once');
$db->rows("INSERT INTO lapor.seen VALUES (0, 'x',
           date_trunc('month', now()) + interval '3 months 10 days')");
is($db->one('SELECT lapor.months_ahead(13)'), 4 * 13 - 1,
   'a month that has rows in the default partition is left there');
is($db->one("SELECT count(*) FROM pg_class
              WHERE relname = to_char(now() + interval '13 months',
                                      '\"message_\"YYYY_MM')"), 1,
   'the end of a year is no end');
is($db->one("SELECT count(*) FROM (SELECT relname,
                    substring(pg_get_expr(relpartbound, oid)
                              FROM 'FROM [(].(\\S+)') AS low,
                    substring(pg_get_expr(relpartbound, oid)
                              FROM 'TO [(].(\\S+)') AS high
               FROM pg_class WHERE relispartition AND relkind = 'r'
                AND relnamespace = 'lapor'::regnamespace) q
              WHERE (low || '+00')::timestamptz + interval '1 month'
                    <> (high || '+00')::timestamptz
                 OR replace(substr(low, 1, 7), '-', '_') <> right(relname, 7)"),
   0, 'each has the month of its name');

# one whose table somebody holds
my $admin = $db->session;
$admin->query('BEGIN; LOCK TABLE lapor.event IN ROW EXCLUSIVE MODE');
eval { $in->query('SELECT lapor.months_ahead(14)') };
like($@, qr/ERROR:\s+55P03:/, 'it does not make everybody wait');
$admin->query('ROLLBACK');
is($in->one('SELECT lapor.months_ahead(14)'), 4, 'later, then');


# --- one message

my $ani = person();
($row) = ingest($in, 0, msg($ani, name => 'Ani', media_id => '901',
    type => 'image', body => 'Ada kebakaran', sha256 => 'ab' x 32,
    mime_type => 'image/jpeg', url => 'https://127.0.0.1/x',
    category => 'kebakaran', urgency => 'P1', function => 'samapta',
    lat => 3.3, lon => 117.6, detail => '{"a": 1}'));

is("$row->{opened} $row->{answer} $row->{media}", 't t t',
   'the first message opens a report, is answered, its photo is fetched');
is($row->{home}, part_of($ani), 'a new sender lives in his identity\'s part');

my $first = $row->{report_id};
is_deeply([report($first, 'unit_id, category, urgency, function, state,
    sensitive, answered, events, lat, lon, version')],
    [2, 'kebakaran', 'P1', 'samapta', 'new', 'f', 't', 1, '3.3', '117.6', 1],
    'the report is what was said');
is($db->one("SELECT count(*) FROM lapor.message WHERE report_id = $first
              AND direction = 'in' AND type = 'image' AND media_id = '901'
              AND status IS NULL"), 1, 'the message is there');
is($db->one("SELECT kind || ' ' || state || ' ' || announced_sha256
               FROM lapor.media WHERE media_id = '901'"),
   'image pending ' . 'ab' x 32, 'the media row waits');
is_deeply([map { @$_ } $db->rows("SELECT kind, state, expires_at - created_at
              FROM lapor.task WHERE report_id = $first ORDER BY kind")],
   ['media', 'ready', '7 days', 'reply', 'ready', '23:59:00'],
   'one task for the photo, one for the answer');
my ($code) = report($first, 'code');
my $words = $db->one("SELECT body FROM lapor.task WHERE kind = 'reply'
                       AND report_id = $first");
like($words, qr/Polres Contoh.*\*\Q$code\E\*/s,
     'the answer names unit and code');
unlike($words, qr/\{/, 'nothing is left to fill in');
is($db->one("SELECT due_at - first_message_at FROM lapor.timer t
               JOIN lapor.report r USING (part, report_id)
              WHERE report_id = $first"), '00:00:10',
   'P1 must be claimed within ten seconds');
is($db->one("SELECT name FROM lapor.reporter WHERE part = " . part_of($ani)),
   'Ani', 'the reporter has his name');


# --- times that are not known

my $who = person();
@rows = ingest($in, 7, msg($who, sent_at => undef, received_at => 7),
               msg($who, sent_at => 0));
is(scalar(grep { $_->{opened} eq 't' } @rows), 1,
   'a message without a time counts from its arrival');
is_deeply([report($rows[0]{report_id},
                  'first_message_at, last_message_at')],
   [map { $db->one('SELECT ' . quote(at($_)) . '::timestamptz') } 0, 7],
   'and stands there in the report');
is($db->one("SELECT count(*) FROM lapor.message WHERE sent_at = 'epoch'
              AND report_id = $rows[0]{report_id}"), 1,
   'its key has no time');
ingest($in, 0, msg(person(), sent_at => -20 * 365 * $day));
is($db->one("SELECT count(*) FROM lapor.message_default
              WHERE sent_at < now() - interval '19 years'
                AND sent_at > 'epoch'"), 1,
   'a message of twenty years ago is stored');


eval { $in->query("SELECT lapor.report_store(1::smallint)") };
like($@, qr/42883/, 'a call of another shape is refused');


# --- what the words of later messages change

$who = person();
($row) = ingest($in, 0, msg($who, category => 'ambigu', urgency => 'P3'));
ingest($in, 1, msg($who, sent_at => 1, category => 'kebakaran',
                   urgency => 'P1', function => 'samapta', confidence => 0));
is_deeply([report($row->{report_id}, 'category, urgency, version, events')],
          ['ambigu', 'P3', 1, 1],
          'what does not come from words raises nothing');
ingest($in, 2, msg($who, sent_at => 2, category => 'kebakaran',
                   urgency => 'P1', function => 'samapta'));
is_deeply([report($row->{report_id},
                  'category, urgency, function, version, events')],
          ['kebakaran', 'P1', 'samapta', 2, 2], 'words raise');
ingest($in, 3, msg($who, sent_at => 3, category => 'layanan',
                   urgency => 'P4', function => 'pamapta'));
is_deeply([report($row->{report_id},
                  'category, urgency, function, version, events')],
          ['kebakaran', 'P1', 'samapta', 2, 2], 'nothing lowers');
ingest($in, 4, msg($who, sent_at => 4, sensitive => 't',
                   category => 'keluhan_polisi', urgency => 'P3',
                   function => 'propam'));
is_deeply([report($row->{report_id},
                  'category, urgency, sensitive, version')],
          ['kebakaran', 'P1', 't', 3], 'sensitive is for good');
is($db->one("SELECT version FROM lapor.timer
              WHERE report_id = $row->{report_id}"), 3,
   'the timer goes with the version');
is($db->one("SELECT string_agg(kind || seq, ' ' ORDER BY seq)
               FROM lapor.event WHERE report_id = $row->{report_id}"),
   'opened1 raised2 raised3', 'each is in the audit');

ingest($in, 5, msg($who, sent_at => 5, lat => 1, lon => 2),
               msg($who, sent_at => 6));
is_deeply([report($row->{report_id}, 'lat, lon')], [1, 2],
          'a pin stays until the next one');


# --- names

ingest($in, 9, msg($who, sent_at => 7, name => 'Budi', username => 'budi1'),
               msg($who, sent_at => 8));
is($db->one("SELECT name || username FROM lapor.reporter r
               JOIN lapor.report p USING (part, reporter_id)
              WHERE p.report_id = $row->{report_id}"), 'Budibudi1',
   'a message without a name takes none away');


# --- media

$who = person();
my $other = person();
@rows = store($in, 200, 0,
    msg($who, media_id => '910', type => 'image'),
    msg($other, media_id => '910', type => 'image'),
    msg($who, media_id => '911', type => 'video', sent_at => 1),
    msg($who, media_id => '910', type => 'image', sent_at => 2));
is($db->one("SELECT count(*) FROM lapor.media
              WHERE media_id IN ('910', '911')"), 2,
   'a file announced three times over two reports is one file');
is($db->one("SELECT count(*) FROM lapor.task
              WHERE media_id IN ('910', '911')"), 2, 'and fetched once');
is($db->one("SELECT count(*) FROM lapor.message WHERE media_id = '910'"), 3,
   'the messages stand');
@rows = ingest($in, 9, msg($who, part => 200, media_id => '910',
                           sent_at => 9));
is($rows[0]{media}, 'f', 'announced once more, later: nothing to do');


# --- values that cannot go in: refused as data, nothing left behind

my $before = dump_tables($db);
for my $case (
    ['no wamid', '23502', wamid => undef],
    ['no sender', '23502', identity => undef],
    ['a sender without end', '23514', identity => '6' x 257],
    ['no number', '23502', number => undef],
    ['no type', '23502', type => undef],
    ['a category of its own', '23514', category => 'ufo'],
    ['an urgency of its own', '23514', urgency => 'P0'],
    ['a function of its own', '23514', function => 'x'],
    ['a prank beyond measure', '23514', prank => 2],
    ['no confidence', '23502', confidence => undef],
    ['half a pin', '23514', lat => 1],
    ['a pin outside of the world', '23514', lat => 91, lon => 1],
    ['a pin that is no number', '23514', lat => 'NaN', lon => 'NaN'],
    ['JSON that is none', '22P02', detail => '{'],
    ['JSON with a zero byte', '22P05', detail => '{"a":"\u0000"}'],
    ['a hash that is none', '23514', media_id => '990', sha256 => 'zz'],
    ['an endless media id', '54000',
     media_id => join('', map { chr 33 + rand 90 } 1 .. 9000)],
    ['an endless wamid', '54000',
     wamid => join('', map { chr 33 + rand 90 } 1 .. 9000)],
    ['an unknown home', '23503', reporter_id => 999999999],
) {
    my ($name, $state, %bad) = @$case;
    eval {
        store($in, 77, 0, msg(person(), raw_id => 1),
              msg(person(), raw_id => 1, %bad));
    };
    like($@, qr/ERROR:\s+$state:/, "$name is refused ($state)");
}
ok(dump_tables($db) eq $before, 'a refused batch leaves nothing');

ingest($in, 0, msg(person(), body => 'Tolong ' x 100_000, name => 'x' x 5000,
                   detail => '{"a":"' . 'y' x 1_000_000 . '"}'));
pass('a very long text is stored');


# --- twice

my @album = map { msg($who = '6280000009001', media_id => "92$_",
                      type => 'image', sent_at => $_, raw_id => 92) } 0 .. 9;
@rows = ingest($in, 0, @album, @album[3 .. 5]);
is(scalar @rows, 10, 'what stands twice in a batch is stored once');
is(scalar(grep { $_->{opened} eq 't' } @rows), 1, 'an album is one report');
is(scalar(grep { $_->{media} eq 't' } @rows), 10, 'of ten photos');

$before = dump_tables($db);
is(scalar(ingest($in, 5, @album)), 0, 'a redelivery brings nothing new');
ok(dump_tables($db) eq $before, 'and changes nothing in any table');

my @raw = map {
    my $n = $_;
    "SELECT lapor.raw_store(5::smallint, "
    . join(', ', pg_array('bigint', 1, 2, 1),
           pg_array('timestamptz', map { at(0) } 1 .. 3),
           pg_array('text', ('lapor:05:msg') x 3),
           pg_array('text', ('1-1') x 3),
           pg_array('bytea', ('\\x' . '00' x 32) x 3),
           pg_array('bytea', ('\\x7b7d') x 3)) . ')'
} 1, 2;
is($in->one($raw[0]), 2, 'a webhook is kept once');
is($in->one($raw[1]), 0, 'once');

sub notice {
    $in->query("SELECT lapor.notice_store(5::smallint, "
        . join(', ', pg_array('bigint', 7, 7),
               pg_array('timestamptz', at(0), at($_[0])),
               pg_array('text', ('account_alerts') x 2),
               pg_array('text', undef, undef), pg_array('text', undef, undef),
               pg_array('text', '{}', '{}'), pg_array('bigint', 1, 1)) . ')');
}
notice(0);
$before = dump_tables($db);
notice(1);
ok(dump_tables($db) eq $before, 'a notice told again is the same notice');

my $dead = "SELECT lapor.quarantine_store(5::smallint, 1, " . quote(at(0))
         . "::timestamptz, %d, 'lapor:05:msg', '1-1', 'why', '23514',
            '\\x7b7d', " . quote(at(0)) . '::timestamptz)';
$in->query(sprintf $dead, $_) for -1, 0, 0;
is($db->one("SELECT string_agg(item || state || times, ' ' ORDER BY item)
               FROM lapor.quarantine"), '-1dead1 0dead1',
   'an item is quarantined once, and counted');
is($db->one("SELECT lapor.quarantine_replayed(5::smallint, 1, "
            . quote(at(0)) . "::timestamptz, 0)"), 't', 'replayed');
$in->query(sprintf $dead, 0);
is($db->one("SELECT state || (replayed_at IS NULL) FROM lapor.quarantine
              WHERE item = 0"), 'deadtrue', 'dead again');


# --- two sessions at once

# answers($session) -> the rows of an intake_store that was sent
sub answers { return Lapor::Store::stored($_[0]->rows) }

$who = person();
my ($a, $b) = (msg($who), msg($who, sent_at => 1));
$in->query('BEGIN');
open_batch($in, 9, $a);
my ($new) = store($in, 9, 0, $a);
$two->query('BEGIN');
open_batch($two, 9, $b);
$two->send(Lapor::Store::store_sql(9, 1, Lapor::Store::message($b)));
ok($db->blocked($two), 'two sessions meet the same new sender: one waits');
$in->query('COMMIT');
($row) = answers($two);
$two->query('COMMIT');
is("$row->{opened} $row->{report_id}", "f $new->{report_id}",
   'and joins the other\'s report');
is($db->one("SELECT count(*) FROM lapor.identity WHERE identity = '$who'"), 1,
   'one identity');
is($db->one("SELECT count(*) FROM lapor.reporter
              WHERE reporter_id IN ($new->{reporter_id},
                                    $row->{reporter_id})"), 1,
   'one reporter');

# the first one fails: the second opens for itself
$who = person();
($a, $b) = (msg($who), msg($who, sent_at => 1));
$in->query('BEGIN');
store($in, 9, 0, $a);
$two->query('BEGIN');
$two->send(Lapor::Store::store_sql(9, 1, Lapor::Store::message($b)));
$db->blocked($two);
$in->query('ROLLBACK');
($row) = answers($two);
$two->query('COMMIT');
is("$row->{opened} $row->{answer}", 't t',
   'if the other session fails, this one opens the report');

# the same wamid
$a = msg(person());
$in->query('BEGIN');
is(scalar(open_batch($in, 9, $a)), 1, 'new here');
$two->query('BEGIN');
$two->send("SELECT * FROM lapor.intake_open(9::smallint, "
    . join(', ', pg_array('text', $a->{wamid}),
           pg_array('timestamptz', at(0)), pg_array('text', $a->{identity}))
    . ')');
ok($db->blocked($two), 'the same message in two sessions: one waits');
$in->query('COMMIT');
is(scalar(@rows = $two->rows), 0, 'and it is not new there');
$two->query('COMMIT');

# an album over two sessions, a known sender
my %seen;
$who = person();
my ($known) = ingest($in, 0, msg($who, part => 9));
my @photos = map { msg($who, media_id => "93$_", sent_at => 100 + $_,
                       reporter_id => $known->{reporter_id}) } 0 .. 29;
$in->query('BEGIN');
store($in, 9, 0, @photos[grep { $_ % 2 } 0 .. 29]);
$two->query('BEGIN');
$two->send(Lapor::Store::store_sql(9, 0, map { Lapor::Store::message($_) }
                                   @photos[grep { !($_ % 2) } 0 .. 29]));
$db->blocked($two);
$in->query('COMMIT');
$seen{ $_->{report_id} } = 1 for answers($two);
$two->query('COMMIT');
is_deeply([keys %seen], [$known->{report_id}],
          'an album of thirty over two sessions is one report');
is($db->one("SELECT count(*) FROM lapor.message
              WHERE report_id = $known->{report_id}"), 31, 'all of it');
is(report($known->{report_id}, 'last_message_at'),
   $db->one('SELECT ' . quote(at(129)) . '::timestamptz'),
   'no session took the other\'s time back');

# the audit: the store has the report in hand while somebody appends
$in->query('BEGIN');
store($in, 9, 0, msg($who, reporter_id => $known->{reporter_id},
                     sent_at => 200, urgency => 'P1',
                     category => 'kebakaran'));
$admin->send("SELECT lapor.event_append(9::smallint, $known->{report_id},
                                        'noted', 'test', '{}')");
ok($db->blocked($admin), 'who appends waits for the store');
$in->query('COMMIT');
$admin->rows;
is(report($known->{report_id}, 'events'), 3, 'both links are counted');
intact('and the chain is whole');

$admin->query('BEGIN');
$admin->query("SELECT lapor.event_append(9::smallint, $known->{report_id},
                                         'noted', 'test', '{}')");
$in->send(Lapor::Store::store_sql(9, 0, Lapor::Store::message(
    msg($who, reporter_id => $known->{reporter_id}, sent_at => 201,
        sensitive => 't'))));
ok($db->blocked($in), 'the store waits for who appends');
$admin->query('COMMIT');
$in->rows;
is(report($known->{report_id}, 'events'), 5, 'both links are counted');
intact('and the chain is whole');

# closed while the store waits for it
$admin->query('BEGIN');
$admin->query("UPDATE lapor.report SET state = 'closed', closed_at = now()
                WHERE report_id = $known->{report_id}");
$in->send(Lapor::Store::store_sql(9, 0, Lapor::Store::message(
    msg($who, reporter_id => $known->{reporter_id}, sent_at => 202))));
$db->blocked($in);
$admin->query('COMMIT');
($row) = answers($in);
is($row->{opened}, 't', 'a report that closes under way takes no message');
is(report($known->{report_id}, 'state'), 'closed',
   'nothing is written over the end');

# code numbers: two sessions open in one part, one of them fails
my @people = map { msg(person()) } 1 .. 20;
$in->query('BEGIN');
store($in, 9, 0, @people[0 .. 9]);
$two->send(Lapor::Store::store_sql(9, 0, map { Lapor::Store::message($_) }
                                   @people[10 .. 19]));
ok($db->blocked($two), 'codes are given out by one at a time');
$in->query('ROLLBACK');
is(scalar(answers($two)), 10, 'ten reports');
ingest($in, 0, map { msg($people[12]{identity}, part => 9, sent_at => $_) }
       1 .. 5);
is($db->one('SELECT reports - (SELECT count(*) FROM lapor.report
                                WHERE part = 9)
               FROM lapor.part_counter WHERE part = 9'), 0,
   'no code number is lost: neither by a rollback nor by a message that joins');
is($db->one('SELECT string_agg(c.part::text, $$ $$)
               FROM lapor.part_counter c
              WHERE c.reports <> (SELECT count(*) FROM lapor.report r
                                   WHERE r.part = c.part)'), undef,
   'nor in any other part');


# --- a person of two identities

my $user = 'ID.13491208655302741918';
$who = person();
($row) = ingest($in, 0, msg($user, kind => 'user_id', part => 30));
link_identities($in, 31, { identity => $who, kind => 'phone', peer => $user,
    home => 30, reporter_id => $row->{reporter_id}, received_at => 0 });
link_identities($in, 30, { identity => $user, kind => 'user_id',
    peer => $who, home => 30, reporter_id => $row->{reporter_id},
    received_at => 0 });
is_deeply([open_batch($in, 31, msg($who))],
    [{ idx => 1, home => 30, reporter_id => $row->{reporter_id},
       peer => $user }], 'a second identity leads home');
is_deeply([$in->query("SELECT idx, reporter_id FROM lapor.identity_find(
    30::smallint, ARRAY['$user', 'nobody', NULL],
    ARRAY['epoch', 'epoch', 'epoch']::timestamptz[]) ORDER BY idx")],
    [[1, $row->{reporter_id}]],
    'identity_find knows whom it knows');
eval {
    link_identities($in, 31, { identity => $who, kind => 'phone',
        peer => undef, home => 40, reporter_id => 1, received_at => 0 });
};
like($@, qr/40001/, 'an identity of somebody else is not taken so');
link_identities($in, 31, { identity => $who, kind => 'phone', peer => undef,
    home => 30, reporter_id => $row->{reporter_id}, received_at => 0 });
is_deeply([map { @$_ } $db->rows("SELECT home_part, reporter_id, peer
               FROM lapor.identity WHERE identity = '$who'")],
    [30, $row->{reporter_id}, undef],
    'a known identity keeps its reporter, its peer is the last one');
$before = dump_tables($db);
link_identities($in, 31, { identity => $who, kind => 'phone', peer => undef,
    home => 30, reporter_id => $row->{reporter_id}, received_at => 0 });
ok(dump_tables($db) eq $before, 'told again, nothing changes');

# found at home elsewhere by the other session, meanwhile
$who = person();
$two->query('BEGIN');
link_identities($two, 31, { identity => $who, kind => 'phone',
    peer => $user, home => 30, reporter_id => $row->{reporter_id},
    received_at => 0 });
$in->query('BEGIN');
is_deeply([map { $_->{reporter_id} } open_batch($in, 31, $a = msg($who))],
          [undef], 'not known yet');
$in->send(Lapor::Store::store_sql(31, 0, Lapor::Store::message($a)));
ok($db->blocked($in), 'a new sender whom another session just links: wait');
$two->query('COMMIT');
eval { $in->rows };
like($@, qr/ERROR:\s+40001:/, 'his home is elsewhere: again, please');
$in->query('ROLLBACK');
my ($seen) = open_batch($in, 31, $a);
is($seen->{home}, 30, 'the second try finds him');

# locks are taken in one order: two batches over the same people, one of them
# in the opposite order, wait for each other but never both
my @crowd = map { person() } 1 .. 12;
ingest($in, 0, map { msg($_, part => 33) } @crowd);
my %id = map { @$_ } $db->rows("SELECT identity, reporter_id
                                  FROM lapor.identity WHERE part = 33");
for my $round (1 .. 5) {
    for ([$in, @crowd], [$two, reverse @crowd]) {
        my ($session, @order) = @$_;
        $session->send(Lapor::Store::store_sql(33, $round,
            map { Lapor::Store::message(
                      msg($_, reporter_id => $id{$_}, sent_at => $round)) }
            @order));
    }
    is(scalar($in->rows) + scalar($two->rows), 24,
       "round $round of two opposite batches");
}

# new people in opposite order
@crowd = map { person() } 1 .. 12;
for ([$in, @crowd], [$two, reverse @crowd]) {
    my ($session, @order) = @$_;
    $session->send(Lapor::Store::store_sql(34, 0,
        map { Lapor::Store::message(msg($_)) } @order));
}
is(scalar($in->rows) + scalar($two->rows), 24, 'of new people as well');
is($db->one('SELECT count(*) FROM lapor.report WHERE part = 34'), 12,
   'each has one report');


# --- rules of headquarters, which has a row that must stay whole

$db->rows("SELECT lapor.unit_rule_put('MABES', 'burst_gap', '6 minutes')");
is($db->one('SELECT burst_ms FROM lapor.intake_rules(NULL)
              WHERE phone_number_id IS NULL'), 360_000,
   'headquarters may change a rule');


# --- all in all

intact();
is($db->one('SELECT count(*) FROM (SELECT wamid FROM lapor.message
              GROUP BY wamid HAVING count(*) > 1) q'), 0, 'one row a wamid');

done_testing();
