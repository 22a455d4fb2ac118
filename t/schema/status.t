#!/usr/bin/perl

# What Meta tells of our own messages: in any order, twice, before the answer
# to our own request, without a key, of nothing we know. A state never falls,
# each keeps its first time, and no status is lost.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $db = Lapor::Store->new;
my $in = $db->session('lapor_intake');
my $reply = $db->session('lapor_reply');
my @states = qw(sent delivered read failed played);
my %rank = (accepted => 0, sent => 1, failed => 2, delivered => 3, read => 4,
            played => 5);
my %column = (sent => 'server_at', delivered => 'delivered_at',
              read => 'read_at', failed => 'failed_at',
              played => 'played_at');
my %at = (sent => 10, failed => 15, delivered => 20, read => 30,
          played => 40);
my $part = 3;
my $serial = 0;

# answers($n) -> ids of n reply tasks, each of a report of its own
sub answers {
    my ($n) = @_;

    my @rows = store($in, $part, 0,
        map { my $who = sprintf '62800000%05d', ++$serial;
              { identity => $who, wamid => "wamid.in$serial" } } 1 .. $n);
    my %task = map { @$_ } $db->rows(
        "SELECT report_id, task_id FROM lapor.task WHERE kind = 'reply'");
    return map { $task{ $_->{report_id} } } @rows;
}

sub sent_sql {
    my ($task, $wamid, $seconds) = @_;
    return "SELECT lapor.reply_sent($part\::smallint, $task, "
           . quote($wamid) . ', ' . quote(at($seconds)) . '::timestamptz)';
}

# message($wamid) -> {column => value} of the outgoing one
sub message {
    my ($wamid, $columns) = @_;
    my ($row) = $db->rows("SELECT $columns FROM lapor.message
                            WHERE wamid = " . quote($wamid)
                          . " AND direction = 'out'");
    return $row;
}

sub time_of { return $db->one('SELECT ' . quote(at($_[0])) . '::timestamptz') }

sub permute {
    my ($done, @left) = @_;
    return [@$done] unless @left;
    return map { my $n = $_;
                 permute([@$done, $left[$n]],
                         @left[grep { $_ != $n } 0 .. $#left]) } 0 .. $#left;
}


# --- every order of every set of states

my (@orders, @sets);
for my $bits (1 .. 31) {
    push @orders, permute([], map { $states[$_] }
                          grep { $bits & 1 << $_ } 0 .. 4);
}
is(scalar @orders, 325, 'orders of one to five states');

my @tasks = answers(scalar @orders);
my (@fell, @wrong_end, @wrong_time);

$db->rows("UPDATE lapor.task SET state = 'sending', lease_owner = 'x',
           attempts = 1 WHERE kind = 'reply' AND state = 'ready'");

# one call a step: what the first says of each, then what the second says ...
my %now;
for my $step (0 .. 4) {
    my @said;
    for my $n (0 .. $#orders) {
        my $state = $orders[$n][$step] or next;
        push @said, [$tasks[$n], "wamid.o$n", $state, $at{$state},
                     $state eq 'failed' ? (131026, 'Undeliverable') : ()];
    }
    statuses($in, $part, @said);

    my %state = map { @$_ } $db->rows(
        "SELECT wamid, status FROM lapor.message WHERE direction = 'out'");
    for my $n (0 .. $#orders) {
        my $wamid = "wamid.o$n";
        push @fell, "@{ $orders[$n] }"
            if defined $now{$wamid}
               && $rank{ $state{$wamid} } < $rank{ $now{$wamid} };
    }
    %now = %state;
}
is("@fell", '', 'no state falls at any step');

my %row = map { ($_->[0] => $_) } $db->rows(
    "SELECT wamid, status, server_at, delivered_at, read_at, failed_at,
            played_at, error_code FROM lapor.message WHERE direction = 'out'");
my %want = map { $_ => time_of($at{$_}) } @states;
for my $n (0 .. $#orders) {
    my @order = @{ $orders[$n] };
    my ($wamid, $status, @times) = @{ $row{"wamid.o$n"} };
    my ($best) = sort { $rank{$b} <=> $rank{$a} } @order;
    push @wrong_end, "@order: $status" if $status ne $best;
    for my $k (0 .. 4) {
        my $told = grep { $_ eq $states[$k] } @order;
        my $is = defined $times[$k] ? $times[$k] : 'none';
        push @wrong_time, "@order: $states[$k] $is"
            if $is ne ($told ? $want{ $states[$k] } : 'none');
    }
    push @wrong_time, "@order: code"
        if (grep { $_ eq 'failed' } @order) != (defined $times[5] ? 1 : 0);
}
is(join('; ', @wrong_end), '', 'each ends at the highest it was told');
is(join('; ', @wrong_time), '', 'and knows when each was reached');
is($db->one("SELECT count(*) FROM lapor.task WHERE kind = 'reply'
              AND state <> 'done'"), 0, 'all tasks are done');
is($db->one('SELECT count(*) FROM lapor.status_wait'), 0, 'none waits');

# all of them in one call each way, and again
@tasks = answers(2);
my $n = 0;
for my $task (@tasks) {
    my @said = map { [$task, "wamid.b$n", $_, $at{$_}] } @states;
    statuses($in, $part, $n++ ? reverse @said : @said);
}
is_deeply([map { @{ message($_, 'status') } } 'wamid.b0', 'wamid.b1'],
          ['played', 'played'], 'a batch with all states of one message');

my $before = dump_tables($db);
statuses($in, $part, map { [$tasks[1], 'wamid.b1', $_, $at{$_}] }
         @states, @states);
statuses($in, $part, map { [undef, 'wamid.b1', $_, $at{$_}] } @states);
ok(dump_tables($db) eq $before, 'statuses told again change nothing');

statuses($in, $part, [undef, 'wamid.b1', 'read', 25]);
is(message('wamid.b1', 'read_at')->[0], time_of(25),
   'an earlier time is the first time');
statuses($in, $part, [undef, 'wamid.b1', 'read', 99]);
is(message('wamid.b1', 'read_at')->[0], time_of(25), 'a later one is not');


# --- before the answer to our own request

my ($task) = answers(1);
my ($claimed) = grep { $_->[0] == $task } $reply->query(
    "SELECT * FROM lapor.reply_claim($part\::smallint, 'r0', 100, '65 s')");
ok($claimed, 'claimed');
statuses($in, $part, [$task, 'wamid.c', 'sent', 2],
                     [$task, 'wamid.c', 'delivered', 3]);
is_deeply(message('wamid.c', 'status, task_id'), ['delivered', $task],
          'a status before the answer brings the message');
is($db->one("SELECT state FROM lapor.task WHERE task_id = $task"), 'done',
   'and settles the task');
is($reply->one(sent_sql($task, 'wamid.c', 1)), 't',
   'the answer comes after, and is taken');
is($db->one("SELECT count(*) FROM lapor.message WHERE wamid = 'wamid.c'"), 1,
   'one row a wamid');
is($db->one("SELECT string_agg(e.kind, ' ' ORDER BY seq)
               FROM lapor.event e JOIN lapor.task USING (part, report_id)
              WHERE task_id = $task"), 'opened answered', 'audited once');
$before = dump_tables($db);
is($reply->one(sent_sql($task, 'wamid.c', 9)), 't', 'told again');
ok(dump_tables($db) eq $before, 'nothing changes');

# after it failed, or was put back: Meta took it all the same
for my $case (
    ['given up', "SELECT lapor.reply_failed($part\::smallint, %d, 1, 131026,
                                            'Undeliverable')"],
    ['put back', "SELECT lapor.task_retry($part\::smallint, %d, 1, '1 hour',
                                          true, 131000, 'Error')"],
    ['in doubt', "SELECT lapor.reply_unknown($part\::smallint, %d, 1, '1 hour',
                                             'no answer')"],
) {
    my ($name, $sql) = @$case;
    my ($task) = answers(1);
    $reply->query("SELECT * FROM lapor.reply_claim($part\::smallint, 'r0',
                                                   100, '65 s')");
    is($reply->one(sprintf $sql, $task), 't', "a task $name");
    statuses($in, $part, [$task, "wamid.$name", 'delivered', 3]);
    is_deeply([map { @$_ } $db->rows("SELECT state, wamid, error_code, error,
                   lease_owner FROM lapor.task WHERE task_id = $task")],
              ['done', "wamid.$name", undef, undef, undef],
              "is done when a status says so");
    is($reply->one("SELECT lapor.reply_failed($part\::smallint, $task, 1, 1,
                                              'x')"), 'f', 'for good');
}


# --- sent twice

($task) = answers(1);
$reply->query(sent_sql($task, 'wamid.d1', 1));
statuses($in, $part, [$task, 'wamid.d2', 'delivered', 5],
                     [$task, 'wamid.d1', 'sent', 4]);
is_deeply([map { @{ message($_, 'status, task_id') } } 'wamid.d1', 'wamid.d2'],
          ['sent', $task, 'delivered', $task],
          'a second wamid of a task is a second message');
is_deeply([map { @$_ } $db->rows("SELECT wamid, state FROM lapor.task
               WHERE task_id = $task")], ['wamid.d1', 'done'],
          'the task keeps the first');
is($db->one("SELECT string_agg(e.kind, ' ' ORDER BY seq)
               FROM lapor.event e JOIN lapor.task USING (part, report_id)
              WHERE task_id = $task"), 'opened answered answered_twice',
   'the audit says that it went out twice');
$before = dump_tables($db);
statuses($in, $part, [$task, 'wamid.d2', 'delivered', 5]);
is($reply->one(sent_sql($task, 'wamid.d2', 9)), 't', 'all told again');
ok(dump_tables($db) eq $before, 'nothing changes');


# --- no key, wrong key, no message

($task) = answers(1);
statuses($in, $part, [undef, 'wamid.e', 'delivered', 5],
                     [undef, 'wamid.e', 'sent', 4]);
is($db->one("SELECT count(*) FROM lapor.status_wait WHERE wamid = 'wamid.e'"),
   2, 'statuses without a key wait for their message');
$before = dump_tables($db);
statuses($in, $part, [undef, 'wamid.e', 'sent', 4]);
ok(dump_tables($db) eq $before, 'once each');
$reply->query(sent_sql($task, 'wamid.e', 1));
is_deeply(message('wamid.e', 'status, server_at, delivered_at'),
          ['delivered', time_of(4), time_of(5)], 'until it comes');
is($db->one('SELECT count(*) FROM lapor.status_wait'), 0, 'none is left');
statuses($in, $part, [undef, 'wamid.e', 'read', 6]);
is(message('wamid.e', 'status')->[0], 'read', 'later ones find it');

statuses($in, $part, [987654321, 'wamid.f', 'sent', 4]);
is($db->one("SELECT count(*) FROM lapor.status_wait WHERE wamid = 'wamid.f'"),
   1, 'a key of no task: the status waits');
is($reply->one(sent_sql(987654321, 'wamid.g', 1)), 'f',
   'nor is there such a task to be answered');
my ($media) = store($in, $part, 0, { identity => '6280000099998',
    wamid => 'wamid.in.m', media_id => '1', answers => 'f' });
my $download = $db->one("SELECT task_id FROM lapor.task
                          WHERE kind = 'media'");
statuses($in, $part, [$download, 'wamid.h', 'sent', 4]);
is($db->one("SELECT state FROM lapor.task WHERE task_id = $download"),
   'ready', 'a key of a download is no key');

# a status that names a citizen's message
statuses($in, $part, [undef, 'wamid.in1', 'read', 4]);
is($db->one("SELECT count(*) FROM lapor.message WHERE wamid = 'wamid.in1'
              AND direction = 'in' AND status IS NULL"), 1,
   'a citizen\'s message has no status, whoever says so');

# refused as data, and nothing is left behind
$before = dump_tables($db);
for my $case (['a state of no meaning', '23514', [undef, 'wamid.i', 'lost', 1]],
              ['no state', '23502', [undef, 'wamid.i', undef, 1]],
              ['no wamid', '23502', [undef, undef, 'sent', 1]],
              ['an endless wamid', '54000', [undef,
               join('', map { chr 33 + rand 90 } 1 .. 9000), 'sent', 1]])
{
    my ($name, $state, $bad) = @$case;
    eval { statuses($in, $part, [undef, 'wamid.j', 'sent', 1], $bad) };
    like($@, qr/ERROR:\s+$state:/, "$name is refused ($state)");
}
ok(dump_tables($db) eq $before, 'nothing is left behind');


# --- what did not arrive

sub links {
    my ($task) = @_;
    return $db->one("SELECT string_agg(e.kind, ' ' ORDER BY seq)
        FROM lapor.event e JOIN lapor.task USING (part, report_id)
       WHERE task_id = $task");
}

($task) = answers(1);
$reply->query(sent_sql($task, 'wamid.u', 1));
my @failed = ($task, 'wamid.u', 'failed', 9, 131026, 'Undeliverable');
statuses($in, $part, [$task, 'wamid.u', 'sent', 2], [@failed]);
is(links($task), 'opened answered answer_undelivered',
   'an answer that failed is told on the report');
is($db->one("SELECT e.data->>'code' FROM lapor.event e
              WHERE kind = 'answer_undelivered'"), 131026, 'with its code');
statuses($in, $part, [@failed], [@failed[0 .. 2], 8, 131047, 'Earlier'],
                     [@failed[0 .. 2], 10, 131000, 'Later']);
is(links($task), 'opened answered answer_undelivered', 'once');
is_deeply(message('wamid.u', 'failed_at, status'), [time_of(8), 'failed'],
          'the first time it was told');

($task) = answers(1);
statuses($in, $part, [undef, 'wamid.v', 'failed', 9, 131026, 'U']);
is($db->one("SELECT count(*) FROM lapor.status_wait
              WHERE wamid = 'wamid.v'"), 1, 'told before the message');
$reply->query(sent_sql($task, 'wamid.v', 1));
is(links($task), 'opened answered answer_undelivered', 'said when it comes');
is_deeply(message('wamid.v', 'status, error_code, error_title'),
          ['failed', 131026, 'U'], 'with its reason');

($task) = answers(1);
statuses($in, $part, [$task, 'wamid.x', 'failed', 9, 1, 'U'],
                     [$task, 'wamid.x', 'delivered', 8]);
is(links($task), 'opened answered', 'what arrived is not undelivered');

# every error has its words, the unknown one its title
is($db->one('SELECT count(*) FROM lapor.error_code a
             JOIN lapor.error_code b ON a.lang = b.lang
              AND a.code < b.code AND a.to_code >= b.code'), 0,
   'no code has two meanings');
is($db->one("SELECT count(*) FROM (SELECT code FROM lapor.error_code
              GROUP BY code HAVING count(DISTINCT lang) <> 2) c"), 0,
   'all in both languages');
like($db->one("SELECT lapor.error_advice(138007, 'id')->>'action'"),
     qr/Telepon pelapor/, 'a code within a range');
is($db->one("SELECT lapor.error_advice(424242, 'id')"), undef,
   'nothing about one that nobody knows');
my $show = $db->one("SELECT lapor.report_show(code) FROM lapor.report r
    JOIN lapor.message m USING (part, report_id) WHERE m.wamid = 'wamid.u'");
like($show, qr/"error_advice": \{"action": "[^"]+", "meaning": "[^"]+"\}/,
     'report show has them');


# --- what it costs

($task) = answers(1);
my @price = (undef, undef, 'f', 'service', 'free_customer_service', 'service');
statuses($in, $part, [undef, 'wamid.p', 'sent', 2, @price]);
$reply->query(sent_sql($task, 'wamid.p', 1));
statuses($in, $part, [$task, 'wamid.p', 'delivered', 3, @price]);
is_deeply(message('wamid.p', 'billable, price_category, price_type, origin'),
          ['f', 'service', 'free_customer_service', 'service'], 'the price');
$before = dump_tables($db);
statuses($in, $part, [$task, 'wamid.p', 'delivered', 3, @price],
                     [$task, 'wamid.p', 'sent', 2]);
ok(dump_tables($db) eq $before, 'told again or not: nothing changes');
statuses($in, $part, [$task, 'wamid.p', 'read', 4, undef, undef, 't']);
statuses($in, $part, [$task, 'wamid.p', 'read', 4, undef, undef, 'f']);
is_deeply(message('wamid.p', 'billable, price_category'), ['t', 'service'],
          'what was billable once stays so');


# --- one that waits, told again: whichever order, the same row waits

my @told = ([10, 50], [20, 30], [10, 40]);
my %waits;
for my $order (permute([], 0 .. 2)) {
    for my $calls (1, 3) {
        my $wamid = 'wamid.w' . join '', $calls, @$order;
        my @all = map { [undef, $wamid, 'sent', $_->[0], (undef) x 6, $_->[1]] }
                  @told[@$order];
        statuses($in, $part, @$_) for $calls == 1 ? \@all : map { [$_] } @all;
        $waits{ join ' ', @{ ($db->rows("SELECT extract(epoch FROM
            at - '@{[ at(0) ]}')::int, extract(epoch FROM
            received_at - '@{[ at(0) ]}')::int
            FROM lapor.status_wait WHERE wamid = " . quote($wamid)))[0] } }++;
    }
}
is_deeply(\%waits, { '10 30' => 12 }, 'the earliest of each time');


# --- many that nobody knows

my $many = 20000;
$in->query("SELECT lapor.status_store($part\::smallint,
    array_agg(NULL::bigint), array_agg('wamid.many' || i % $many),
    array_agg('sent'::text), array_agg(timestamptz '2026-01-01' + i * interval '1 s'
    ORDER BY i DESC), array_agg(timestamptz '2026-01-01'),
    array_agg(NULL::integer), array_agg(NULL::text), array_agg(NULL::boolean),
    array_agg(NULL::text), array_agg(NULL::text), array_agg(NULL::text))
    FROM generate_series(1, 2 * $many) i");
is($db->one("SELECT count(*) FROM lapor.status_wait
              WHERE wamid LIKE 'wamid.many%'"), $many,
   'a flood of statuses of other programs waits, at one blow');

sub clean {
    my ($before, $limit) = @_;
    return $in->one("SELECT lapor.status_wait_clean($part\::smallint,
                                                    '$before', $limit)");
}
is(clean('2026-01-01', 30000), 0, 'none is too old');
is(clean('2026-01-02', 15000), 15000, 'the old go, not too many at once');
is(clean('2026-01-02', 15000), 5000, 'and the rest');
is($db->one("SELECT count(*) FROM lapor.status_wait
              WHERE wamid LIKE 'wamid.many%'"), 0, 'all are gone');
cmp_ok($db->one('SELECT count(*) FROM lapor.status_wait'), '>', 0,
       'the young ones stay');


# --- two sessions at once

# the answer to our request against a status with the key, either way round
for my $first (0, 1) {
    my ($task) = answers(1);
    my $wamid = "wamid.k$first";
    my @order = ([$reply, sent_sql($task, $wamid, 1)],
                 [$in, Lapor::Store::statuses_sql($part,
                           [$task, $wamid, 'delivered', 2])]);
    @order = reverse @order if $first;

    $order[0][0]->query('BEGIN');
    $order[0][0]->query($order[0][1]);
    $order[1][0]->send($order[1][1]);
    ok($db->blocked($order[1][0]), 'the second waits for the first');
    $order[0][0]->query('COMMIT');
    $order[1][0]->rows;
    is_deeply(message($wamid, 'status, delivered_at'),
              ['delivered', time_of(2)], 'both count');
    is($db->one("SELECT count(*) FROM lapor.message
                  WHERE task_id = $task"), 1, 'one message');
}

# the answer against a status without a key: neither would see the other
for my $first (0, 1) {
    my ($task) = answers(1);
    my $wamid = "wamid.l$first";
    my @order = ([$reply, sent_sql($task, $wamid, 1)],
                 [$in, Lapor::Store::statuses_sql($part,
                           [undef, $wamid, 'delivered', 2])]);
    @order = reverse @order if $first;

    $order[0][0]->query('BEGIN');
    $order[0][0]->query($order[0][1]);
    $order[1][0]->send($order[1][1]);
    ok($db->blocked($order[1][0]), 'without a key: the second waits too');
    $order[0][0]->query('COMMIT');
    $order[1][0]->rows;
    is(message($wamid, 'status')->[0], 'delivered',
       'a status is not left waiting for a message that is there');
}
is($db->one("SELECT count(*) FROM lapor.status_wait
              WHERE wamid LIKE 'wamid.l%'"), 0, 'none waits');

# an answer sent while the reporter writes on
($task) = answers(1);
my ($who, $report) = @{ ($db->rows("SELECT reporter_id, report_id
    FROM lapor.report JOIN lapor.task USING (part, report_id)
   WHERE task_id = $task"))[0] };
$in->query('BEGIN');
store($in, $part, 5, { reporter_id => $who, wamid => 'wamid.m', sent_at => 5,
    identity => sprintf('62800000%05d', $serial), urgency => 'P1',
    category => 'kebakaran' });
$reply->send(sent_sql($task, 'wamid.n', 1));
ok($db->blocked($reply), 'the answer waits for the report');
$in->query('COMMIT');
is($reply->rows ? 1 : 0, 1, 'and goes on');
is($db->one("SELECT string_agg(kind, ' ' ORDER BY seq) FROM lapor.event
              WHERE report_id = $report"), 'opened raised answered',
   'three links');
is($db->one('SELECT count(*) FROM lapor.report
              WHERE NOT lapor.event_check(part, report_id)'), 0,
   'every audit chain is whole');

done_testing();
