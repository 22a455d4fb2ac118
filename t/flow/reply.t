#!/usr/bin/perl

# lapor-reply between a real PostgreSQL, a real Redis and the emulator: every
# report gets its one answer, and where the outcome of a send is in doubt the
# status that carries the key decides.

use lib 't/lib';
use Lapor::Test;
use Lapor::Outbox;

use Time::HiRes qw(sleep);

my $t = Lapor::Outbox->new(kind => 'reply', own => {
    timeout => '1500ms', unknown_wait => '2s', retry_max => '2s',
    retry_slow => '300ms', tries => 3, poll => '200ms', concurrency => 8,
}, graph => ['--statuses', '', '--pair-interval-ms', 0, '--throughput', 0]);
my $graph = $t->graph;
my $path = 'POST /v23.0/' . Lapor::Outbox::NUMBER_ID . '/messages';
my %sends;      # recipient -> how many sends the emulator must have in the end


sub ask {
    my (%opt) = @_;

    my $r = $t->report(answers => 1, %opt);
    $sends{ $r->{from} } = defined $opt{sends} ? $opt{sends} : 1;
    return $r;
}

sub sent_to {
    my ($r) = @_;

    my @found = grep { $_->{to} eq $r->{from} } $graph->sent;
    return @found;
}

sub answered {
    my ($r, $name, $seconds) = @_;

    my $task = $t->wait_task($r, 'answer', { state => 'done' }, $seconds);
    ok($task, "$name: answered");
    return $task || {};
}

sub given_up {
    my ($r, $name) = @_;

    my $task = $t->wait_task($r, 'answer', { state => 'failed' });
    ok($task, "$name: given up");
    is(($t->events($r))[-1], 'answer_failed', "$name: on the timeline");
    return $task || {};
}

# cpu_ms() -> what the worker has used so far; a tick is 10 ms
sub cpu_ms {
    my ($stat) = Lapor::Test::slurp('/proc/' . $t->in->pid . '/stat')
                 =~ /\) (.*)/s;
    my @fields = split ' ', $stat;
    return 10 * ($fields[11] + $fields[12]);
}

# what: an answer in doubt waits for its status
sub in_doubt {
    my ($r, $name) = @_;

    my $task = $t->wait_task($r, 'answer', { state => 'sending',
                                             error => qr/./ });
    ok($task, "$name: in doubt");
    return $task || {};
}


# --- plain

{
    my $r = ask();
    my $task = answered($r, 'a report');
    my ($send) = sent_to($r);
    my $code = $t->cell("SELECT code FROM lapor.report WHERE"
        . " part = $r->{part} AND report_id = $r->{report_id}");
    my $body = $send->{body};

    is($send->{phone_number_id}, Lapor::Outbox::NUMBER_ID, 'from its number');
    is($body->{to}, "+$r->{from}", 'to the sender, with a plus');
    is($body->{recipient_type}, 'individual', 'to him alone');
    is($body->{type}, 'text', 'in words');
    is($body->{biz_opaque_callback_data}, "reply:$r->{part}:$r->{answer}",
       'with its key');
    ok(!$body->{text}{preview_url}, 'without a preview');
    like($body->{text}{body}, qr/\Q$code\E/, 'the code');
    like($body->{text}{body}, qr/\b110\b/, 'the emergency number');
    like($body->{text}{body}, qr/gratis/i, 'free of charge');
    like($body->{text}{body}, qr/lokasi/i, 'the wish for a location');
    is($task->{wamid}, $send->{wamid}, 'the task knows the wamid');
    is($task->{attempts}, 1, 'at the first attempt');
    is($t->cell("SELECT status || ' ' || direction FROM lapor.message"
        . " WHERE part = $r->{part} AND wamid = '$send->{wamid}'"),
       'accepted out', 'the message is stored');
    is(($t->events($r))[-1], 'answered', 'the timeline says so');

    $r = ask(from => 'ID.TestUser0001', quiet => 1);
    answered($r, 'a user id, without a wake-up');
    ($send) = sent_to($r);
    is($send->{body}{recipient}, 'ID.TestUser0001', 'is the recipient');
    ok(!exists $send->{body}{to}, 'and there is no number');

    my @many = map { ask() } 1 .. 30;
    answered($_, 'many at once') for @many;
}

# --- refusals

{
    $graph->faults({ match => $path, code => 131056, times => 1 });
    my $r = ask();
    my $task = $t->wait_task($r, 'answer', { error_code => 131056 });
    cmp_ok($task->{wait}, '>', 0, '131056: waits');
    $task = answered($r, '131056');
    is($task->{failures}, 1, 'it counts');
    is($task->{unknowns}, 0, 'and is no doubt');

    $graph->faults({ match => $path, code => 130429, times => 1 });
    $r = ask();
    $t->wait_task($r, 'answer', { error_code => 130429 });
    my $later = ask();
    $task = answered($later, 'held with its number');
    is($task->{failures}, 0, 'which does not count');
    is(answered($r, '130429')->{failures}, 0, 'nor for the first one');

    for my $code (131026, 131047, 100) {
        $graph->faults({ match => $path, code => $code, times => 1 });
        $t->in->allow(qr/alarm: Graph refuses messages code=100 /);
        $task = given_up($r = ask(sends => 0), $code);
        is($task->{attempts}, 1, "$code: at once");
        is($task->{error_code}, $code, "$code: is kept");
    }

    $graph->faults({ match => $path, code => 1 });
    $task = given_up($r = ask(sends => 0), 'a reason that Meta does not name');
    is($task->{attempts}, 3, 'after three attempts');

    $graph->faults({ match => $path, status => 503, times => 2,
                     body => '<html>', type => 'text/html' });
    $task = answered(ask(), '503 from the edge', 15);
    is($task->{unknowns}, 0, 'is no doubt');
    $graph->faults;
}

# --- what people must look after

{
    $t->in->allow(qr/alarm: Graph refuses messages code=190 /);
    $graph->faults({ match => $path, code => 190, times => 3 });
    my @r = map { ask() } 1 .. 4;
    my $other = ask(number => '106540352242923');
    is(answered($other, 'another number')->{attempts}, 1, 'is not held');
    is(answered($_, '190, then well')->{failures}, 0, 'no failure of its own')
        for @r;
    is(scalar(() = $t->in->log =~ /alarm: Graph refuses messages code=190/g),
       1, 'one alarm');
    like($t->in->log, qr/alarm is over/, 'which was taken back');
    $graph->faults;

    $t->in->allow(qr/alarm: Graph refuses messages code=100 /);
    $graph->faults({ match => $path, status => 400, times => 1,
                     type => 'application/json',
                     body => '{"error":{"message":"(#100) no such object",'
                           . '"code":100,"error_subcode":33}}' });
    is(answered(ask(), 'a number that is not ours, then is')->{failures}, 0,
       'the answer waits for people instead of being given up');
    $graph->faults;

    $t->token('wrong');
    $t->in->signal('HUP');
    ok(wait_until { $t->in->log =~ /token was read again/ }
       10, 'a wrong token is read');
    my $r = ask();
    $t->wait_task($r, 'answer', { error_code => 190 });
    $t->token($graph->token);
    answered($r, 'right token, without a restart');
    unlike($t->in->log, qr/\Q@{[$graph->token]}\E/, 'no token in the log');
}

# --- in doubt

{
    $graph->faults({ match => $path, drop => JSON::PP::true, times => 1 });
    my $r = ask();
    in_doubt($r, 'no answer came');
    my ($send) = sent_to($r);
    ok($send, 'but it was sent');
    $t->status($r, $send->{wamid}, 'sent');
    my $task = $t->task($r, 'answer');
    is($task->{state}, 'done', 'the status settles it');
    is($task->{unknowns}, 0, 'nothing was sent in doubt');
    is($t->cell("SELECT status FROM lapor.message WHERE part = $r->{part}"
                . " AND wamid = '$send->{wamid}'"), 'sent', 'and is stored');

    $graph->faults({ match => $path, drop => JSON::PP::true, times => 1 });
    $r = ask(sends => 2);
    in_doubt($r, 'no answer and no status');
    $task = answered($r, 'after the wait for a status');
    is($task->{unknowns}, 1, 'counted as possibly doubled');
    is($task->{attempts}, 2, 'sent again once');
    ok((grep { $_ eq 'answer_resent' } $t->events($r)),
       'on the timeline');
    my @sends = sent_to($r);
    is(scalar(@sends), 2, 'it really went out twice');
    cmp_ok($sends[1]{at} - $sends[0]{at}, '>=', 1900, 'not before the wait');
    $t->status($r, $sends[0]{wamid}, 'delivered');
    is(($t->events($r))[-1], 'answered_twice', 'the late status tells');
    is($t->cell("SELECT count(*) FROM lapor.message WHERE"
        . " part = $r->{part} AND report_id = $r->{report_id}"
        . " AND direction = 'out'"), 2, 'both messages are kept');

    $graph->faults({ match => $path, status => 200, body => 'no JSON',
                     times => 1 });
    $task = answered(ask(), 'a 200 that cannot be read');
    is($task->{unknowns}, 1, 'was a doubt');

    $graph->faults({ match => $path, status => 502, body => '<html>',
                     type => 'text/html', times => 1 });
    $task = answered(ask(), '502 of a gateway');
    is($task->{unknowns}, 1, 'was a doubt');

    $graph->faults({ match => $path, answer_delay_ms => 2500, times => 1 });
    $r = ask();
    $task = in_doubt($r, 'no answer in time');
    ($send) = sent_to($r);
    $t->status($r, $send->{wamid}, 'sent');
    is($t->task($r, 'answer')->{state}, 'done', 'the status settles it');
    $graph->faults;
}

# --- one at a time to one person

{
    $graph->faults({ match => $path, answer_delay_ms => 600 });
    my $r = ask(quiet => 1, sends => 2);
    $t->pg->psql('INSERT INTO lapor.task (part, task_id, report_id, run_at,'
        . ' created_at, expires_at, kind, occasion, phone_number_id,'
        . ' recipient, recipient_kind, body) SELECT part,'
        . " nextval('lapor.id_seq'), report_id, run_at, created_at,"
        . " expires_at, kind, 'test', phone_number_id, recipient,"
        . ' recipient_kind, body FROM lapor.task'
        . " WHERE part = $r->{part} AND task_id = $r->{answer}");
    answered($r, 'the first');
    ok(wait_until {
        $t->cell('SELECT count(*) FROM lapor.task WHERE'
            . " part = $r->{part} AND report_id = $r->{report_id}"
            . " AND state = 'done'") == 2
    } 10, 'and the second');
    my @sends = sent_to($r);
    cmp_ok($sends[1]{at} - $sends[0]{at}, '>=', 590, 'one after the other');
    $graph->faults;
}

# --- servers that go away

{
    $t->in->allow(qr/could not connect to the database/);
    $graph->stop;
    my $r = ask();
    ok($t->wait_task($r, 'answer', { error => qr/could not be reached/ }),
       'the emulator is down');
    $graph->start;
    my $task = answered($r, 'the emulator is up', 15);
    is($task->{unknowns}, 0, 'it was never in doubt');
    is($task->{failures}, 0, 'nor a failure');

    $t->redis->stop;
    answered(ask(quiet => 1), 'Redis is down');
    $t->redis->start;

    $graph->faults({ match => $path, answer_delay_ms => 1200, times => 1 });
    $r = ask();
    ok(wait_until { sent_to($r) == 1 } 10, 'it is sent');
    $t->pg->stop;
    $t->pg->start;
    $task = answered($r, 'PostgreSQL restarted before the answer came', 15);
    is($task->{attempts}, 1, 'and the answer was not lost');
    $graph->faults;
}

# --- kill -9

{
    $graph->faults({ match => $path, answer_delay_ms => 1000, times => 1 });
    my $r = ask();
    ok(wait_until { sent_to($r) == 1 } 10, 'it is sent');
    $t->in->kill9;
    is($t->task($r, 'answer')->{state}, 'sending', 'killed before it knew');
    $t->status($r, (sent_to($r))[0]{wamid}, 'sent');
    $t->in->start;
    my $task = answered($r, 'by the status');
    is($task->{unknowns}, 0, 'without a doubt');

    # as a worker would that was killed between its claim and the POST
    $t->in->kill9;
    $r = ask();
    $t->pg->psql("SELECT lapor.reply_claim($r->{part}::smallint, 'reply-9',"
                 . " 1, '500 ms')", 'lapor_reply');
    is($t->task($r, 'answer')->{state}, 'sending', 'claimed, and killed');
    $t->in->start;
    $task = answered($r, 'when the lease was over');
    is($task->{unknowns}, 1, 'counted as possibly doubled');
    is(scalar(sent_to($r)), 1, 'although it was not');
}

# --- too late

{
    $t->in->stop;
    my $r = ask(sends => 0);
    $t->pg->psql("UPDATE lapor.task SET expires_at = now() - interval '1 s'"
        . " WHERE part = $r->{part} AND task_id = $r->{answer}");
    $t->in->start;
    like(given_up($r, 'after 24 hours')->{error}, qr/window/, 'says so');
}

# --- the worker's own end

{
    $graph->faults({ match => $path, answer_delay_ms => 1200, times => 1 });
    my $r = ask();
    ok(wait_until { sent_to($r) == 1 } 10, 'it is sent');
    my $before = cpu_ms();
    $t->in->signal('TERM');
    sleep 0.7;
    cmp_ok(cpu_ms() - $before, '<', 200, 'stopping, it waits and does not spin');
    is($t->in->ended(10), 0, 'SIGTERM');
    is($t->task($r, 'answer')->{state}, 'done', 'what ran was ended first');
    like($t->in->notified, qr/READY=1.*STOPPING=1/s, 'systemd was told');

    $t->in->{own}{stop_timeout} = '100ms';
    $graph->faults({ match => $path, answer_delay_ms => 1200, times => 1 });
    $t->in->start;
    $r = ask();
    ok(wait_until { sent_to($r) == 1 } 10, 'it is sent');
    is($t->in->stop, 0, 'SIGTERM, and no time for it');
    in_doubt($r, 'cut off');
    $t->status($r, (sent_to($r))[0]{wamid}, 'sent');
    $t->in->start;
    is(answered($r, 'cut off')->{attempts}, 1, 'and not sent again');
    $graph->faults;
}

# --- two workers, and the sum

{
    my $second = $t->worker(name => 'reply-1');
    my @r = map { ask() } 1 .. 20;
    answered($_, 'two workers') for @r;
    $second->stop;

    my %got;
    $got{ $_->{to} }++ for $graph->sent;
    is(join(' ', grep { ($got{$_} || 0) != $sends{$_} } sort keys %sends), '',
       'nobody got more or less than he should');
    is($t->cell("SELECT count(*) FROM lapor.report r WHERE NOT"
                . ' lapor.event_check(r.part, r.report_id)'), 0,
       'every chain is whole');
}

# --- configuration and schema

{
    my $conf = $t->in->conf_path;
    my ($rc, $out, $err) = run_cmd(build_path('lapor-reply'), '-c', $conf,
                                   '-T');
    is($rc, 0, '-T');
    unlike($out . $err, qr/\Q@{[$graph->token]}\E/, 'shows no token');

    for my $line ('name = a/b', 'graph_token = /nowhere', 'unknown = 1',
                  'concurrency = 0')
    {
        my $bad = spew("$conf.bad", slurp($conf) . "\n$line\n");
        ($rc, $out, $err) = run_cmd(build_path('lapor-reply'), '-c', $bad,
                                    '-t');
        is($rc, 78, "refuses \"$line\"");
    }

    $t->in->stop;
    $t->in->allow(qr/schema is not the one/);
    $t->pg->psql(q{INSERT INTO lapor.schema_migration VALUES (9999, 'x', '')});
    $t->in->start;
    is($t->in->ended(10), 78, 'a newer schema: exit 78');
}

done_testing();
