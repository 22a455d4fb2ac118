#!/usr/bin/perl

# Everything at once: sessions of the intake, of the statuses, of lapor-reply
# and of lapor-media work on the same few people, in parts that they take in
# different batches. Whatever the order, what must hold afterwards holds; a
# deadlock may happen, and a second try must settle it.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $seed = $ENV{LAPOR_SEED} || time;
srand $seed;
diag("LAPOR_SEED=$seed");

my $db = Lapor::Store->new(config => { deadlock_timeout => '50ms' });
my @intake = map { $db->session('lapor_intake') } 1 .. 3;
my $status = $db->session('lapor_intake');
my $reply = $db->session('lapor_reply');
my $media = $db->session('lapor_media');
my @parts = (20, 21);
my %people = map { my $part = $_; $part => [map {
                 sprintf '628000000%02d%02d', $part, $_ } 1 .. 6] } @parts;
my $rounds = 25;
my ($sent, $again, $serial) = (0, 0, 0);

sub batch {
    my @sql = 'BEGIN';

    for my $part (@parts) {
        my @messages = map {
            my $at = rand(3) < 1 ? int rand(4 * 86400) : int rand 3600;
            $serial++;
            Lapor::Store::message({
                identity => $people{$part}[rand 6], wamid => "wamid.$serial",
                sent_at => $at, received_at => $at,
                number => 1000000001 + int rand 2,
                opens => rand(5) < 1 ? 'f' : 't',
                urgency => 'P' . (1 + int rand 4),
                category => ('ambigu', 'kebakaran', 'curas')[rand 3],
                sensitive => rand(9) < 1 ? 't' : 'f',
                media_id => rand(2) < 1 ? "m$serial" : undef });
        } 1 .. 1 + rand 8;
        $sent += @messages;
        push @sql, Lapor::Store::store_sql($part, 0, @messages);
    }
    return join ";\n", @sql, 'COMMIT';
}

# statuses of whatever was just ordered, as if the answers had gone out
sub statuses_of {
    my ($part) = @_;

    my @tasks = map { $_->[0] } $db->rows(
        "SELECT task_id FROM lapor.task WHERE part = $part
            AND kind = 'reply' ORDER BY random() LIMIT 6");
    return 'SELECT 1' unless @tasks;
    return Lapor::Store::statuses_sql($part, map {
        [rand(4) < 1 ? undef : $_, "wamid.out$_",
         ('sent', 'delivered', 'read', 'failed')[rand 4], int rand 99]
    } @tasks);
}

sub answers_of {
    my ($part) = @_;

    my @tasks = map { $_->[0] } $db->rows(
        "SELECT task_id FROM lapor.task WHERE part = $part
            AND kind = 'reply' ORDER BY random() LIMIT 4");
    return join ";\n", 'SELECT 1', map {
        "SELECT lapor.reply_sent($part\::smallint, $_, 'wamid.out$_', now())"
    } @tasks;
}

sub downloads_of {
    my ($part) = @_;

    my $sha = 'cd' x 32;
    return "SELECT lapor.media_stored($part\::smallint, c.task_id, c.attempt,
                                      '$sha', 'cd/cd/$sha', 1)
              FROM lapor.media_claim($part\::smallint, 'w', 5, '60 s') c";
}

for my $round (1 .. $rounds) {
    my $part = $parts[rand @parts];
    my @work = ((map { [$_, batch()] } @intake),
                [$status, statuses_of($part)], [$reply, answers_of($part)],
                [$media, downloads_of($parts[rand @parts])]);

    for my $try (1 .. 9) {
        my @left;
        $_->[0]->send($_->[1]) for @work;

        for my $one (@work) {
            eval { $one->[0]->rows; 1 } and next;
            my $error = $@;
            if ($error !~ /ERROR:\s+40(?:001|P01):/) {
                fail("round $round");
                diag($error);
                next;
            }
            $again++;
            push @left, $one;
        }

        last unless @left;
        @work = @left;
        BAIL_OUT('no end of deadlocks') if $try == 9;
    }
}
diag("$again of " . 6 * $rounds . ' transactions were tried again');

is($db->one("SELECT count(*) FROM lapor.message WHERE direction = 'in'"),
   $sent, "all $sent messages are stored");
is($db->one('SELECT count(*) FROM lapor.report
              WHERE NOT lapor.event_check(part, report_id)'), 0,
   'every audit chain is whole');

my %never = (
    'a report without a message' =>
        'FROM lapor.report r WHERE NOT EXISTS (SELECT FROM lapor.message m
          WHERE m.part = r.part AND m.report_id = r.report_id)',
    'a message without a report' =>
        'FROM lapor.message m WHERE NOT EXISTS (SELECT FROM lapor.report r
          WHERE m.part = r.part AND m.report_id = r.report_id
            AND m.phone_number_id = r.phone_number_id)',
    'a message outside of its report\'s time, unless it is a reaction' =>
        "FROM (SELECT r.last_message_at, r.first_message_at,
                      max(m.sent_at) AS high, min(m.sent_at) AS low,
                      count(*) AS n
                 FROM lapor.report r JOIN lapor.message m
                      USING (part, report_id) WHERE direction = 'in'
                GROUP BY 1, 2, r.report_id) q
          WHERE last_message_at > high OR first_message_at < low",
    'two answers of a report' =>
        "FROM lapor.task WHERE kind = 'reply'
          GROUP BY part, report_id HAVING count(*) > 1",
    'an answer that the report does not know of' =>
        "FROM lapor.task t JOIN lapor.report r USING (part, report_id)
          WHERE t.kind = 'reply' AND NOT r.answered",
    'a report that takes an answer for ordered' =>
        "FROM lapor.report r WHERE r.answered AND NOT EXISTS (
              SELECT FROM lapor.task t WHERE t.part = r.part
                 AND t.report_id = r.report_id AND t.kind = 'reply')",
    'a file without a task' =>
        "FROM lapor.media m WHERE NOT EXISTS (SELECT FROM lapor.task t
          WHERE t.part = m.part AND t.media_id = m.media_id)",
    'a timer of another version' =>
        'FROM lapor.timer t JOIN lapor.report r USING (part, report_id)
          WHERE t.version <> r.version',
    'a report without a timer' =>
        'FROM lapor.report r LEFT JOIN lapor.timer t USING (part, report_id)
          WHERE t.kind IS NULL',
    'a reporter of two identities' =>
        'FROM lapor.identity GROUP BY home_part, reporter_id
          HAVING count(*) > 1',
    'a counter that is not the number of reports' =>
        'FROM lapor.part_counter c WHERE c.reports <> (SELECT count(*)
           FROM lapor.report r WHERE r.part = c.part)',
    'two rows of a wamid' =>
        'FROM lapor.message GROUP BY wamid HAVING count(*) > 1',
    'a status that waits for a message that is there' =>
        "FROM lapor.status_wait w JOIN lapor.message m USING (part, wamid)",
    'an urgency lower than in the audit' =>
        "FROM lapor.report r JOIN lapor.event e USING (part, report_id)
          WHERE e.data ->> 'urgency' < r.urgency",
);
for my $name (sort keys %never) {
    is($db->one("SELECT count(*) FROM (SELECT 1 $never{$name}) q"), 0,
       "never: $name");
}

cmp_ok($db->one('SELECT count(*) FROM lapor.report'), '>', 24,
       'there was something to look at');
cmp_ok($db->one("SELECT count(*) FROM lapor.message
                  WHERE direction = 'out'"), '>', 10, 'answers too');

done_testing();
