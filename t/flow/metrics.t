#!/usr/bin/perl

# What lapor-media and lapor-reply tell: the page for Prometheus, with what
# each has done; and systemd, whose watchdog a finished turn feeds and nothing
# else.

use lib 't/lib';
use Lapor::Test;
use Lapor::HTTP;
use Lapor::Metrics;
use Lapor::Outbox;

use Time::HiRes qw(sleep time);

promtool();

my $port = free_port();
my $t = Lapor::Outbox->new(kind => 'media', own => {
    metrics => "127.0.0.1:$port", retry_base => '100ms',
    retry_slow => '200ms', tries => 2, poll => '100ms', timeout => '5s',
    lease => '16s',
});
my $graph = $t->graph;

sub photo { return { mime => 'image/jpeg', %{ $graph->upload(@_) } } }

sub is_metric {
    my ($name, $n, $what) = @_;
    ok(wait_metric($port, $name, sub { $_ == $n }), $what || $name);
}

sub ended { return qq(lapor_media_downloads_total{outcome="$_[0]"}) }


# --- downloads

is_metric(ended('stored'), 0, 'a counter is there before it counts');
is_metric('lapor_postgres_links{state="up"}', 1, 'PostgreSQL is up');
is_metric('lapor_redis_links{state="up"}', 1, 'so is Redis');
is_metric('lapor_build_info{program="lapor-media",version="'
          . (slurp(repo_dir() . '/workers/lib/version.h')
             =~ /LAPOR_VERSION +"([^"]+)"/)[0] . '"}', 1, 'the program');

$t->report(media => photo('x' x 1000, 'image/jpeg')) for 1 .. 3;
is_metric(ended('stored'), 3);
is_metric('lapor_media_bytes_total', 3000);
is_metric('lapor_media_download_seconds_count', 3);
cmp_ok(metric($port, 'lapor_media_download_seconds_sum'), '<', 60,
       'in seconds');

my $up = photo('gone', 'image/jpeg');
$graph->faults({ match => "GET /v23.0/$up->{id}", status => 400,
                 code => 100 });
$t->report(media => $up);
is_metric(ended('gone'), 1);
is_metric(ended('retry'), 1);
is_metric('lapor_media_refusals_total{code="100"}', 2, 'refused, by code');

$graph->faults({ match => 'GET /v23.0/', status => 502, body => 'ill' });
$t->report(media => photo('ill', 'image/jpeg'));
is_metric('lapor_media_braked', 1, 'an ill Graph brakes');
ok(wait_metric($port, 'lapor_media_refusals_total{code="http_502"}',
               sub { $_ > 0 }), 'an answer without a code');
$graph->faults;
is_metric(ended('stored'), 4);
is_metric('lapor_media_braked', 0, 'and lets go');

$t->in->allow(qr/alarm: Graph refuses the access token/);
$t->token('wrong');
$t->in->signal('HUP');
ok(wait_until { $t->in->log =~ /token was read again/ } 10, 'a wrong token');
$t->report(media => photo('token', 'image/jpeg'));
is_metric('lapor_media_alarm{alarm="token"}', 1, 'is an alarm');
is_metric('lapor_media_alarm{alarm="disk"}', 0, 'of its kind');
$t->token($graph->token);
is_metric('lapor_media_alarm{alarm="token"}', 0, 'until it is right');


# --- the page itself

my $page = page($port);
understood($page, 'promtool has nothing to say of the page');
unlike($page, qr/62800|wamid|Warga|\Q@{[ $graph->token ]}\E/,
       'nothing of a person, no secret');
cmp_ok(length $page, '<', 16384, 'and it is small');
cmp_ok(metric($port, 'process_resident_memory_bytes'), '>', 1e6, 'memory');
cmp_ok(metric($port, 'process_cpu_seconds_total'), '>', 0, 'processor time');
cmp_ok(abs(time - metric($port, 'process_start_time_seconds')), '<', 600,
       'start');
is(Lapor::HTTP::get($port, '/')->{status}, 404, 'nothing else is there');

my $second = $t->worker(name => 'media-1');
$second->allow(qr/metrics: could not listen/);
is($second->ended(20), 78, 'a port in use is an error of configuration');
like($second->log, qr/metrics: could not listen on 127\.0\.0\.1:$port: Address/,
     'that says so');

# what connects and says nothing holds nobody up
my @silent = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") }
             1 .. 20;
$t->report(media => photo('while others wait', 'image/jpeg'));
ok(wait_until { $t->cell("SELECT count(*) FROM lapor.media
       WHERE state = 'stored'") == 6 } 15, 'work goes on');
is_metric(ended('stored'), 6);
close $_ for @silent;


# --- the watchdog

{
    $t->in->stop;
    $t->in->{env} = { WATCHDOG_USEC => 400_000 };
    $t->in->allow(qr/could not connect to the database/);
    $t->in->start;

    my $fed = sub {
        my ($seconds) = @_;
        my $before = () = $t->in->notified =~ /WATCHDOG=1/g;
        my $end = time + $seconds;
        while (time < $end) { sleep 0.05; $t->in->notified }
        return (() = $t->in->notified =~ /WATCHDOG=1/g) - $before;
    };

    ok(wait_until { $t->in->notified =~ /READY=1/ } 10, 'ready');
    cmp_ok($fed->(1), '>=', 2, 'turns feed the watchdog');

    # a statement that does not end is no turn, however well we wait for it
    $t->pg->pause;
    $fed->(1);
    is($fed->(2), 0, 'a wait inside of a turn does not');
    $t->pg->resume;
    ok(wait_until { $fed->(0.2) } 20, 'the turn ends, and feeds it');

    $t->pg->stop;
    ok(wait_until { $t->in->notified =~ /PostgreSQL is away/ } 10,
       'PostgreSQL is away, says the status');
    cmp_ok($fed->(2), '>=', 2, 'backing off in turns does');
    is_metric('lapor_postgres_links{state="down"}', 1, 'and so do the links');
    $t->pg->start;
    is_metric('lapor_postgres_links{state="up"}', 1, 'up again');
    cmp_ok(metric($port, 'lapor_turns_total'), '>', 10, 'turns are counted');
    cmp_ok(time - metric($port, 'lapor_last_turn_seconds'), '<', 5,
           'the last one is of now');
}

$t->in->stop;
is(page($port), undef, 'the page goes with the worker');


# --- answers

{
    my $r = Lapor::Outbox->new(kind => 'reply', own => {
        metrics => "127.0.0.1:$port", timeout => '1500ms',
        unknown_wait => '300ms', retry_max => '500ms', retry_slow => '1s',
        tries => 2, poll => '100ms',
    }, graph => ['--statuses', '', '--pair-interval-ms', 0,
                 '--throughput', 0]);
    my $sends = sub { qq(lapor_reply_sends_total{outcome="$_[0]"}) };
    my $tasks = sub { qq(lapor_reply_tasks_total{outcome="$_[0]"}) };
    my $messages = 'POST /v23.0/' . Lapor::Outbox::NUMBER_ID . '/messages';

    $r->report(answers => 1) for 1 .. 2;
    is_metric($sends->('accepted'), 2);
    is_metric($tasks->('sent'), 2);
    is_metric('lapor_reply_send_seconds_count', 2);
    is_metric('lapor_reply_resends_total', 0);

    $r->graph->faults({ match => $messages, status => 400, code => 131026,
                        times => 1 });
    $r->report(answers => 1);
    is_metric($tasks->('failed'), 1);
    is_metric($sends->('refused'), 1);
    is_metric('lapor_reply_refusals_total{code="131026"}', 1);

    # the answer comes after our patience has ended: sent again, and counted
    $r->graph->faults({ match => $messages, status => 200, delay_ms => 2500,
                        times => 1 });
    $r->report(answers => 1);
    is_metric($sends->('unknown'), 1);
    is_metric('lapor_reply_resends_total', 1);
    is_metric($tasks->('sent'), 3);

    $r->in->allow(qr/alarm: Graph refuses messages/);
    $r->graph->faults({ match => $messages, status => 400, code => 131042 });
    $r->report(answers => 1);
    is_metric('lapor_reply_numbers{state="held"}', 1, 'a number is held');
    is_metric('lapor_reply_numbers{state="alarm"}', 1, 'and people are told');
    $r->graph->faults;
    is_metric('lapor_reply_numbers{state="held"}', 0, 'and lets go');

    my $late = $r->report(answers => 1, quiet => 1, at => time - 86400 - 60);
    if ($late->{answer}) {
        is_metric($tasks->('expired'), 1, 'too late for an answer');
    } else {
        # the schema does not make such a task any more
        is(metric($port, $tasks->('expired')), 0, 'nothing is too late');
    }

    understood(page($port), 'promtool accepts this page, too');
    unlike(page($port), qr/62800|wamid|Warga/, 'nothing of a person');

    # what is due, as PostgreSQL knows it
    is($r->cell("SELECT due FROM lapor.task_backlog('reply')"), 0,
       'nothing is due');
    $r->in->stop;
    my $waits = $r->report(answers => 1);
    my ($due, $ms) = @{ ($r->rows(
        "SELECT due, oldest_ms FROM lapor.task_backlog('reply')"))[0] };
    ok($due == 1 && $ms >= 0 && $ms < 60_000, 'one is, since a moment');
    $r->pg->psql("UPDATE lapor.task SET run_at = run_at - interval '1 hour'
                   WHERE task_id = $waits->{answer}");
    cmp_ok($r->cell("SELECT oldest_ms FROM lapor.task_backlog('reply')"),
           '>=', 3_600_000, 'one is, since an hour');
}

done_testing();
