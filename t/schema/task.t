#!/usr/bin/perl

# The outbox: each task in the hands of one worker at a time, completed by
# whoever holds it and by nobody who held it before, and never lost.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $db = Lapor::Store->new;
my $in = $db->session('lapor_intake');
my @media = map { $db->session('lapor_media') } 1, 2;
my @reply = map { $db->session('lapor_reply') } 1, 2;
my $part = 11;
my $sha = 'ab' x 32;
my $serial = 0;

# photos($n) -> media tasks, of one report
sub photos {
    my ($n) = @_;

    my $who = sprintf '62800000%05d', ++$serial;
    my @ids = map { 'm' . ++$serial } 1 .. $n;
    store($in, $part, 0, map { { identity => $who, wamid => "wamid.$_",
                                 media_id => $_, type => 'image',
                                 answers => 'f' } } @ids);
    my %task = map { @$_ } $db->rows(
        "SELECT media_id, task_id FROM lapor.task WHERE kind = 'media'");
    return @task{@ids};
}

sub answers {
    my ($n, %more) = @_;

    my @rows = store($in, $part, 0,
        map { { identity => sprintf('62800000%05d', ++$serial),
                wamid => "wamid.$serial", %more } } 1 .. $n);
    my %task = map { @$_ } $db->rows(
        "SELECT report_id, task_id FROM lapor.task WHERE kind = 'reply'");
    return map { $task{ $_->{report_id} } } @rows;
}

# claim($session, $kind, $limit, $lease) -> {task_id => row}
sub claim_sql {
    my ($kind, $limit, $lease, $owner) = @_;
    return "SELECT * FROM lapor.${kind}_claim($part\::smallint, '"
           . ($owner || 'w0') . "', $limit, '" . ($lease || '60 s') . "')";
}

sub claim {
    my $session = shift;
    my %got = map { $_->[0] => $_ } $session->query(claim_sql(@_));
    return \%got;
}

sub task {
    my ($id, $columns) = @_;
    my ($row) = $db->rows("SELECT $columns FROM lapor.task
                            WHERE task_id = $id");
    return $row;
}

sub events {
    my ($id) = @_;
    return $db->one("SELECT string_agg(e.kind, ' ' ORDER BY seq)
                       FROM lapor.event e JOIN lapor.task t
                            USING (part, report_id)
                      WHERE task_id = $id AND e.kind <> 'opened'");
}

# what the clock would do
sub lapse {
    my ($id) = @_;
    $db->rows("UPDATE lapor.task SET run_at = now() - interval '1 s'
                WHERE task_id = $id");
}

sub stored_sql {
    my ($id, $attempt) = @_;
    return "SELECT lapor.media_stored($part\::smallint, $id, $attempt,
                                      '$sha', 'ab/ab/$sha', 3)";
}

sub failed_sql {
    my ($id, $attempt, $state) = @_;
    return "SELECT lapor.media_failed($part\::smallint, $id, $attempt,
                                      '$state', 404, 'not there')";
}

sub retry_sql {
    my ($id, $attempt, $counts) = @_;
    return "SELECT lapor.task_retry($part\::smallint, $id, $attempt,
                                    '10 s', $counts, 131000, 'slow')";
}

sub refuse_sql {
    my ($id, $attempt) = @_;
    return "SELECT lapor.reply_failed($part\::smallint, $id, $attempt,
                                      131026, 'Undeliverable')";
}

sub unknown_sql {
    my ($id, $attempt) = @_;
    return "SELECT lapor.reply_unknown($part\::smallint, $id, $attempt,
                                       '60 s', 'no answer')";
}


# --- claims

my @tasks = photos(10);
is_deeply([map { @$_ } $media[0]->query("SELECT lapor.task_due('media')")],
          [$part], 'the part has downloads to do');
is_deeply([$reply[0]->query("SELECT lapor.task_due('reply')")], [],
          'and no answers');

my $first = claim($media[0], 'media', 4);
is(scalar keys %$first, 4, 'no more than asked for');
my $second = claim($media[1], 'media', 100);
is(scalar keys %$second, 6, 'the others');
is_deeply([sort { $a <=> $b } keys %$first, keys %$second],
          [sort { $a <=> $b } @tasks], 'each of them once');
is_deeply([$media[0]->query("SELECT lapor.task_due('media')")], [],
          'nothing is due while it is leased');
is(scalar keys %{ claim($media[0], 'media', 100) }, 0, 'nothing is left');
is_deeply([@{ (values %$first)[0] }[1, 2, 8]], [1, 0, 'f'],
          'first attempt, no failure, not expired');

for my $limit ('0', 'NULL') {
    my @more = photos(3);
    my $n = $limit eq '0' ? 0 : 3;
    is(scalar keys %{ claim($media[0], 'media', $limit) }, $n,
       "limit $limit");
    $db->rows("UPDATE lapor.task SET state = 'ready', lease_owner = NULL,
               run_at = now() + interval '1 hour' WHERE task_id = $_")
        for @more;
}

# two sessions at once, with the rows of one locked
for my $kind ('media', 'reply') {
    my ($one, $two) = $kind eq 'media' ? @media : @reply;
    my @tasks = $kind eq 'media' ? photos(20) : answers(20);

    $one->query('BEGIN');
    my $mine = claim($one, $kind, 12);
    my $theirs = claim($two, $kind, 100);
    $one->query('COMMIT');
    is(keys(%$mine) . ' ' . keys(%$theirs), '12 8',
       "$kind: who comes second does not wait");
    is_deeply([sort { $a <=> $b } keys %$mine, keys %$theirs],
              [sort { $a <=> $b } @tasks], "$kind: each task once");

    # a claim that is rolled back
    my ($id) = $kind eq 'media' ? photos(1) : answers(1);
    $one->query('BEGIN');
    claim($one, $kind, 1);
    $one->query('ROLLBACK');
    is(join(' ', keys %{ claim($two, $kind, 9) }), $id,
       "$kind: a claim that did not commit is none");
}

# many sessions, one queue: everything once
my @all = photos(60);
$_->send("WITH RECURSIVE again AS (
              SELECT 1 AS n UNION ALL SELECT n + 1 FROM again WHERE n < 30)
          SELECT c.task_id FROM again,
                 lapor.media_claim($part\::smallint, 'x' || n, 1, '60 s') c")
    for @media;
my %times;
$times{ $_->[0] }++ for map { $_->rows } @media;
is(scalar keys %times, 60, 'sixty claims by two sessions, sixty tasks');
is(scalar(grep { $_ != 1 } values %times), 0, 'each once');


# --- a download, and who may end it

my ($id) = photos(1);
claim($media[0], 'media', 1);
is($media[0]->one(stored_sql($id, 0)), 'f', 'an older attempt ends nothing');
is($media[0]->one(stored_sql($id, 2)), 'f', 'nor does one to come');
is($media[0]->one(stored_sql($id, 1)), 't', 'the present one does');
is_deeply(task($id, 'state, attempts, failures, lease_owner, finished_at
                     IS NOT NULL'), ['done', 1, 0, undef, 't'], 'done');
is_deeply([map { @$_ } $db->rows("SELECT m.state, sha256, path, size
              FROM lapor.media m JOIN lapor.task USING (part, media_id)
             WHERE task_id = $id")], ['stored', $sha, "ab/ab/$sha", 3],
          'the file is there');
is(events($id), 'media_stored', 'audited');
my $before = dump_tables($db);
is($media[0]->one($_), 'f', 'once') for stored_sql($id, 1),
    failed_sql($id, 1, 'gone'), retry_sql($id, 1, 'true');
ok(dump_tables($db) eq $before, 'a second ending changes nothing');

# the lease ends, another takes it, and the first comes late
($id) = photos(1);
claim($media[0], 'media', 1, '60 s', 'w0');
lapse($id);
my $next = claim($media[1], 'media', 1, '60 s', 'w1');
is($next->{$id}[1], 2, 'after its lease a task is claimed again');
$before = dump_tables($db);
is($media[0]->one($_), 'f', 'who comes late ends nothing')
    for stored_sql($id, 1), failed_sql($id, 1, 'failed'),
        retry_sql($id, 1, 'true');
ok(dump_tables($db) eq $before, 'and changes nothing');
is($media[1]->one(failed_sql($id, 2, 'gone')), 't', 'who holds it may');
is_deeply([map { @$_ } $db->rows("SELECT m.state, m.error, m.error_code,
              m.sha256 FROM lapor.media m
              JOIN lapor.task USING (part, media_id)
             WHERE task_id = $id")], ['gone', 'not there', 404, undef],
          'the file is gone');
is(events($id), 'media_gone', 'audited');

# late, but nobody else came: nothing is wasted
($id) = photos(1);
claim($media[0], 'media', 1);
lapse($id);
is($media[0]->one(stored_sql($id, 1)), 't',
   'late, and nobody took it since: taken');

# two at the same moment: one wins
($id) = photos(1);
claim($media[0], 'media', 1);
$media[0]->query('BEGIN');
$media[0]->query(stored_sql($id, 1));
$media[1]->send(failed_sql($id, 1, 'failed'));
ok($db->blocked($media[1]), 'two endings at once: one waits');
$media[0]->query('COMMIT');
is(($media[1]->rows)[0][0], 'f', 'and is refused');

# put back
($id) = photos(1);
claim($media[0], 'media', 1);
is($media[0]->one(retry_sql($id, 1, 'true')), 't', 'put back');
is_deeply(task($id, "state, failures, attempts, error, error_code,
    lease_owner, run_at BETWEEN now() AND now() + interval '10 s'"),
    ['ready', 1, 1, 'slow', 131000, undef, 't'], 'with a failure, for later');
is($media[0]->one(retry_sql($id, 1, 'true')), 'f', 'once');
lapse($id);
is($media[1]->one(stored_sql($id, 1)), 'f', 'what is put back is nobody\'s');
is_deeply([@{ claim($media[1], 'media', 1)->{$id} }[1, 2]], [2, 1],
          'claimed again, with its failure');
is($media[1]->one("SELECT lapor.task_retry($part\::smallint, $id, 2, '0 s',
                                           false, NULL, NULL)"), 't',
   'put back without a failure of its own');
is_deeply(task($id, 'failures, error, error_code'), [1, 'slow', 131000],
          'the last reason stays');

# what a dead worker held
claim($media[1], 'media', 99);
my @held = photos(3);
claim($media[0], 'media', 3, '60 s', 'w7');
my ($foreign) = photos(1);
claim($media[1], 'media', 1, '60 s', 'w8');
my $release = "SELECT lapor.media_release($part\::smallint, 'w7')";
is($media[0]->one($release), 3, 'a worker that starts gives back what it held');
is($media[0]->one($release), 0, 'once');
is(task($foreign, 'lease_owner')->[0], 'w8', 'and nothing of another');
is($media[0]->one(stored_sql($held[0], 1)), 'f',
   'what was given back is nobody\'s');
is(scalar(keys %{ claim($media[0], 'media', 3) }), 3, 'claimed at once');
is(task($held[0], 'attempts')->[0], 2, 'by a second attempt');

# expired
($id) = photos(1);
$db->rows("UPDATE lapor.task SET expires_at = now() WHERE task_id = $id");
is(claim($media[0], 'media', 1)->{$id}[8], 't',
   'a download that has expired says so');


# --- an answer

($id) = answers(1);
my $got = claim($reply[0], 'reply', 1)->{$id};
is_deeply([@$got[1 .. 3]], [1, 0, 0], 'first attempt, nothing in doubt');
is_deeply(task($id, 'state, lease_owner'), ['sending', 'w0'],
          'it is sending from here on');
is($reply[0]->one(refuse_sql($id, 2)), 'f', 'not by another attempt');
is($reply[0]->one(refuse_sql($id, 1)), 't', 'refused for good');
is_deeply(task($id, 'state, error_code, wamid'), ['failed', 131026, undef],
          'failed');
is(events($id), 'answer_failed', 'audited');
$before = dump_tables($db);
is($reply[0]->one($_), 'f', 'once')
    for refuse_sql($id, 1), unknown_sql($id, 1), retry_sql($id, 1, 'true');
ok(dump_tables($db) eq $before, 'a second ending changes nothing');

# in doubt
($id) = answers(1);
claim($reply[0], 'reply', 1);
is($reply[0]->one(unknown_sql($id, 1)), 't', 'an unknown outcome');
is_deeply(task($id, "state, unknowns, attempts, error,
                     run_at > now() + interval '50 s'"),
          ['sending', 0, 1, 'no answer', 't'], 'waits for a status');
is_deeply([keys %{ claim($reply[1], 'reply', 9) }], [], 'held as long');
lapse($id);
for my $n (1 .. 3) {
    my $again = claim($reply[1], 'reply', 9)->{$id};
    is_deeply([@$again[1, 3]], [$n + 1, $n],
              "sent again in doubt: counted ($n)");
    is($reply[0]->one(unknown_sql($id, $n)), 'f',
       'who held it before says nothing');
    lapse($id);
}
is(events($id), 'answer_resent answer_resent answer_resent',
   'and audited, each once');
is($db->one("SELECT lapor.event_check(part, report_id) FROM lapor.task
              WHERE task_id = $id"), 't', 'the chain is whole');

# put back by its own worker is not in doubt
($id) = answers(1);
claim($reply[0], 'reply', 1);
$reply[0]->query(retry_sql($id, 1, 'true'));
lapse($id);
my $again = claim($reply[0], 'reply', 9)->{$id};
is_deeply([@$again[1 .. 3]], [2, 1, 0],
          'refused for now, sent again: not in doubt');
is(events($id), undef, 'nothing to audit');

# a claim that never became a POST is in doubt all the same: nobody knows
($id) = answers(1);
claim($reply[0], 'reply', 1);
lapse($id);
is(claim($reply[0], 'reply', 9)->{$id}[3], 1, 'its worker died: in doubt');

# the window
($id) = answers(1);
$db->rows("UPDATE lapor.task SET expires_at = now() WHERE task_id = $id");
my $late = claim($reply[0], 'reply', 9)->{$id};
ok($late && !defined $late->[-1],
   'an answer that came too late has no words to send');
is_deeply(task($id, 'state, error, attempts'),
          ['failed', 'the reply window is closed', 0], 'it ends');
is(events($id), 'answer_failed', 'and the audit says so');

($id) = answers(1);
claim($reply[0], 'reply', 1);
$db->rows("UPDATE lapor.task SET expires_at = now(), run_at = now()
            WHERE task_id = $id");
claim($reply[1], 'reply', 9);
is_deeply(task($id, 'state, unknowns'), ['failed', 0],
          'in doubt until the window closed: not sent again');
$in->query(Lapor::Store::statuses_sql($part, [$id, 'wamid.late', 'sent', 1]));
is_deeply(task($id, 'state, wamid, error'), ['done', 'wamid.late', undef],
          'a status tells later that it had gone out');

# locked by a status that just settles it
($id) = answers(1);
claim($reply[0], 'reply', 1);
lapse($id);
$in->query('BEGIN');
$in->query(Lapor::Store::statuses_sql($part, [$id, 'wamid.s', 'sent', 1]));
is_deeply([keys %{ claim($reply[0], 'reply', 9) }], [],
          'what a status is settling is not sent again');
$in->query('COMMIT');
is_deeply([keys %{ claim($reply[0], 'reply', 9) }], [], 'nor afterwards');
is(events($id), 'answered', 'answered, once');

# a refusal and a status of acceptance at once
($id) = answers(1);
claim($reply[0], 'reply', 1);
$in->query('BEGIN');
$in->query(Lapor::Store::statuses_sql($part, [$id, 'wamid.t', 'sent', 1]));
$reply[0]->send(refuse_sql($id, 1));
ok($db->blocked($reply[0]), 'a refusal waits for the status');
$in->query('COMMIT');
is(($reply[0]->rows)[0][0], 'f', 'and is void');
is(task($id, 'state')->[0], 'done', 'the answer stands');


# --- one task an occasion, one a file

($id) = answers(1);
for my $copy (
    ['task_reply_key', "SELECT part, 1, report_id, run_at, created_at,
        expires_at, kind, occasion, phone_number_id, recipient,
        recipient_kind, body FROM lapor.task WHERE task_id = $id",
     'occasion, phone_number_id, recipient, recipient_kind, body'],
    ['task_media_key', "SELECT part, 1, report_id, run_at, created_at,
        expires_at, kind, media_id, phone_number_id FROM lapor.task
        WHERE task_id = $tasks[0]", 'media_id, phone_number_id'],
) {
    my ($name, $select, $columns) = @$copy;
    is_deeply($db->admin->state("INSERT INTO lapor.task (part, task_id,
        report_id, run_at, created_at, expires_at, kind, $columns) $select"),
        ['23505', $name], "$name: one and no other");
}
is($db->one("SELECT count(*) FROM lapor.task WHERE kind = 'media'
              AND media_id NOT IN (SELECT media_id FROM lapor.media)"), 0,
   'no task without its file');
is($db->one('SELECT count(*) FROM lapor.report
              WHERE NOT lapor.event_check(part, report_id)'), 0,
   'every audit chain is whole');

done_testing();
