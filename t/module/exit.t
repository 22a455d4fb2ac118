# Clients that go away, and nginx that reloads, quits or is terminated, while
# Redis has not answered.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

sub start {
    my (%opt) = @_;

    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new(steady => delete $opt{steady})
        ->lapor(redis => $fake->address, timeout => '20s', %opt)->run;
    is(post_signed($nginx->port, 'awal')->{status}, 200, 'all is well first');
    return ($nginx, $fake);
}

# posts $count requests that Redis answers after $delay, returns when Redis
# has them

sub in_flight {
    my ($nginx, $fake, $delay, $count) = @_;

    my $seen = $fake->commands('XADD');
    $fake->rules(XADD => { delay => $delay });
    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. $count;
    $conns[$_]->write(Lapor::HTTP::signed_text("di jalan $_",
        keepalive => 1)) for 0 .. $count - 1;
    wait_until { $fake->commands('XADD') >= $seen + $count } 10,
        'the entries to reach Redis';
    return @conns;
}

subtest 'the client aborts' => sub {
    my ($nginx, $fake) = start();

    my @conns = in_flight($nginx, $fake, 0.5, 6);
    $conns[$_]->abort for 0 .. 2;
    $conns[$_]->close for 3 .. 4;

    is($conns[5]->response->{status}, 200, 'another client is not harmed');

    my %status;
    wait_until {
        %status = $nginx->status;
        $status{lapor_pending} == 0
            && $status{'lapor_webhooks_total{result="aborted"}'} == 5;
    } 10, 'the late replies';
    is($status{lapor_pending}, 0, 'nothing is pending');
    is($status{lapor_pending_bytes}, 0, 'no bytes either');
    is($status{lapor_late_replies_total}, 5, 'replies find nobody');
    is($status{'lapor_webhooks_total{result="aborted"}'}, 5, 'counted');
    my $count = () = $nginx->access_log =~ / 499 aborted -$/mg;
    is($count, 5, 'logged as closed by the client');
};

subtest 'the client aborts before the link is up' => sub {
    plan(skip_all => 'under valgrind the link is waited for') if valgrind();

    my $fake = Lapor::FakeRedis->new(rules => { CONFIG => { delay => 0.5 } });
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address)->run;

    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. 4;
    $_->write(Lapor::HTTP::signed_text('menunggu')) for @conns;
    $conns[0]->abort;
    $conns[1]->close;
    is($conns[$_]->response->{status}, 200, 'who stays is served') for 2, 3;
    is(scalar($fake->commands('XADD')), 2, 'who went away has left no entry');
};

subtest 'the deadline while the link is not up' => sub {
    my $fake = Lapor::FakeRedis->new(rules => { CONFIG => { mute => 1 } });
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address,
                                         timeout => '200ms')->run;
    my $r = wait_until {
        my $try = post_signed($nginx->port, 'menunggu');
        $try->{time} > 0.15 && $try;
    } 10, 'a link that is just being made';
    is($r->{status}, 503, 'is refused at its deadline');
    is(scalar($fake->commands('XADD')), 0, 'nothing was sent');
};

subtest 'reload' => sub {
    my ($nginx, $fake) = start();

    my @conns = in_flight($nginx, $fake, 1, 10);
    my @old = $nginx->reload;
    ok((grep { alive_worker($_) } @old), 'the old worker waits');

    $fake->rules;
    is(post_signed($nginx->port, 'baru')->{status}, 200,
       'the new one accepts');
    is(scalar(grep { $_->response->{status} == 200 } @conns), 10,
       'the old one answers all that was in flight');
    ok($nginx->wait_gone(5, @old), 'and leaves');

    my %status = $nginx->status;
    is($status{'lapor_webhooks_total{result="accepted"}'}, 12,
       'the counters are those of before');
    cmp_ok($status{'lapor_redis_links{state="up"}'}, reloads() ? '>=' : '==',
           1, 'one link is up');
};

subtest 'many reloads under load' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address,
                                         workers => 2)->run;
    my (@bodies, %count);
    my $n = 0;

    for my $round (1 .. 5) {
        my @conns;
        for (1 .. 40) {
            my $conn = Lapor::HTTP->connect($nginx->port);
            my $body = 'muat ' . $n++;
            $conn->write(Lapor::HTTP::signed_text($body));
            push @conns, [$conn, $body];
        }
        kill 'HUP', $nginx->pid;
        for my $pair (@conns) {
            my $status = $pair->[0]->response->{status};
            $count{$status}++;
            push @bodies, $pair->[1] if $status == 200;
        }
        my $workers = () = $nginx->error_log =~ /: reconfiguring/g;
        wait_until { $nginx->workers == 2 } 10, 'two workers';
    }

    # under valgrind a new worker has no link in time

    is(join(' ', map { "$_: $count{$_}" } sort keys %count), '200: 200',
       'all are accepted') unless valgrind();
    my %stored = map { $_->{b} => 1 } $redis->entries;
    is(scalar(grep { !$stored{$_} } @bodies), 0, 'and stored');
};

subtest 'quit' => sub {
    my ($nginx, $fake) = start();

    my @conns = in_flight($nginx, $fake, 0.8, 10);
    $nginx->signal('QUIT');
    is(scalar(grep { $_->response->{status} == 200 } @conns), 10,
       'all that was in flight is answered');
    ok($nginx->wait_gone(10), 'and nginx leaves');
};

subtest 'quit with a mute Redis' => sub {
    my ($nginx, $fake) = start(timeout => '2s');

    $fake->rules('*' => { mute => 1 });
    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. 3;
    $_->write(Lapor::HTTP::signed_text('bisu')) for @conns;
    wait_until { my %s = $nginx->status; $s{lapor_pending} == 3 } 5;
    $nginx->signal('QUIT');
    is(scalar(grep { $_->response->{status} == 503 } @conns), 3,
       'each is refused at its deadline');
    ok($nginx->wait_gone(10), 'and nginx leaves');
};

subtest 'quit with Redis down' => sub {
    my $nginx = Lapor::Nginx->new;
    $nginx->lapor(redis => "unix:$nginx->{dir}/nobody.sock")->run;
    is(post_signed($nginx->port, 'x')->{status}, 503, 'refused');
    $nginx->signal('QUIT');
    ok($nginx->wait_gone(10), 'no retry holds the worker');
};

subtest 'terminate' => sub {
    my ($nginx, $fake) = start();

    my @conns = in_flight($nginx, $fake, 60, 5);
    $nginx->signal('TERM');
    my @status = map { $_->response->{status} } @conns;
    is(scalar(grep { $_ == 200 } @status), 0,
       'what Redis has not confirmed is not accepted');
    ok($nginx->wait_gone(10), 'nginx leaves at once');
};

subtest 'worker_shutdown_timeout' => sub {
    my ($nginx, $fake) = start(main => 'worker_shutdown_timeout 300ms;');

    my @conns = in_flight($nginx, $fake, 60, 5);
    my @old = $nginx->reload;
    ok($nginx->wait_gone(15, @old), 'the worker leaves before the deadline');
    my @status = map { $_->response->{status} } @conns;
    is(scalar(grep { $_ == 200 } @status), 0,
       'what Redis has not confirmed is not accepted');
};

subtest 'worker_shutdown_timeout while connecting' => sub {
    my $fake = Lapor::FakeRedis->new(rules => { '*' => { mute => 1 } });
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address,
        timeout => '20s', main => 'worker_shutdown_timeout 100ms;')->run;
    wait_until { $fake->connections } 5;
    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. 3;
    $_->write(Lapor::HTTP::signed_text('x')) for @conns;
    my @old = $nginx->reload;
    ok($nginx->wait_gone(15, @old), 'the worker leaves');
    my @status = map { $_->response->{status} } @conns;
    is(scalar(grep { $_ == 200 } @status), 0, 'nothing was accepted');
};

subtest 'a killed worker' => sub {
    my ($nginx, $fake) = start(steady => 'there is one worker to be killed');
    $nginx->allow_alert(qr/worker process \d+ exited on signal 9/);

    my @conns = in_flight($nginx, $fake, 60, 3);
    my ($worker) = $nginx->workers;
    kill 'KILL', $worker;
    ok((wait_until { my @now = $nginx->workers; @now && $now[0] != $worker } 5),
       'is replaced');
    $fake->rules;
    ok((wait_until { post_signed($nginx->port, 'lagi')->{status} == 200 } 5),
       'its successor accepts');
    my %status = $nginx->status;
    is($status{lapor_pending}, 0, 'its gauges went with it');
    cmp_ok($status{'lapor_redis_links{state="up"}'}, reloads() ? '>=' : '==',
           1, 'and its link');
    is($status{'lapor_webhooks_total{result="accepted"}'}, 2,
       'the counters stay');
};

sub alive_worker { return Lapor::Test::alive($_[0]) }

done_testing();
