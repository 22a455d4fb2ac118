# Redis down, mute, slow, gone in the middle of a reply, restarted, refusing,
# weaker than lapor_ack: 503, never a 200 that is not true, and recovery.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

use Time::HiRes qw(time);

sub result {
    my ($nginx, $name) = @_;

    my %status = $nginx->status;
    return $status{"lapor_webhooks_total{result=\"$name\"}"};
}

sub accepted_again {
    my ($nginx, $body) = @_;

    return wait_until {
        post_signed($nginx->port, $body)->{status} == 200
    } 20, "$body to be accepted";
}

subtest 'down, started, restarted, killed' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = Lapor::Nginx->new(steady => 'each worker tells of its own link')
        ->lapor(redis => $redis->address)->run;

    my $r = post_signed($nginx->port, 'turun');
    is($r->{status}, 503, 'without Redis nothing is accepted');
    is($r->{body}, '', 'with an empty body');
    like($r->{headers}{'retry-after'}, qr/\A\d+\z/, 'come back later');
    cmp_ok($r->{time}, '<', 0.5 * patience(), 'it is said at once');
    is(post_signed($nginx->port, 'x', secret => 'salah')->{status}, 403,
       'a wrong signature is refused as ever');

    $redis->start;
    ok(accepted_again($nginx, 'naik'), 'Redis comes: accepted');

    $redis->stop;
    is(post_signed($nginx->port, 'mati')->{status}, 503, 'stopped: refused');
    $redis->start;
    ok(accepted_again($nginx, 'naik lagi'), 'restarted: accepted');

    $redis->kill9;
    is(post_signed($nginx->port, 'terbunuh')->{status}, 503,
       'killed: refused');
    $redis->start;
    ok(accepted_again($nginx, 'hidup'), 'started: accepted');

    is(join(' ', map { $_->{b} } $redis->entries),
       'naik naik lagi hidup', 'exactly what was accepted is stored');

    my @lines = $nginx->error_log =~ /lapor: link to redis .*/g;
    is(scalar(grep { /is up/ } @lines), 3, 'the log tells each time it is up');
    is(scalar(grep { /is down/ } @lines), 3, 'and each time it is down, once');
};

subtest 'error replies' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address)->run;

    is(post_signed($nginx->port, 'baik')->{status}, 200, 'first all is well');

    my %kind = (OOM => 'oom', READONLY => 'readonly', LOADING => 'loading',
                MISCONF => 'misconf', NOAUTH => 'noauth', ERR => 'other',
                WRONGTYPE => 'other');
    my %count;

    for my $word (sort keys %kind) {
        $fake->rules(XADD => { error => "-$word isi laporan rahasia",
                               times => 1 });
        is(post_signed($nginx->port, "isi $word")->{status}, 503,
           "-$word is no acceptance");
        $count{ $kind{$word} }++;
        ok(accepted_again($nginx, 'lagi'), 'the next one is accepted');
    }

    my %status = $nginx->status;
    is($status{"lapor_redis_errors_total{error=\"$_\"}"}, $count{$_},
       "counted: $_") for sort keys %count;
    is(result($nginx, 'redis_error'), 7, 'and by their result');
    unlike($nginx->error_log, qr/rahasia/, 'of the text nothing is logged');

    for my $reply ("+OK\r\n", "+QUEUED\r\n", ":1\r\n", "\$-1\r\n", "*0\r\n",
                   "\$2\r\nOK\r\n", "\$0\r\n\r\n", "\$3\r\n1-x\r\n",
                   "\$2\r\n1-\r\n", "\$2\r\n-1\r\n", "\$5\r\n1-2-3\r\n",
                   "*1\r\n\$3\r\n1-1\r\n")
    {
        $fake->rules(XADD => { reply => $reply, times => 1 });
        my $name = $reply =~ s/\r\n/ /gr;
        is(post_signed($nginx->port, 'x')->{status}, 503, "no id: $name");
    }
};

subtest 'slow and mute' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new(
        steady => 'a mute link is noticed by the worker that made it')
        ->lapor(redis => $fake->address, timeout => '2s')->run;

    $fake->rules(XADD => { delay => 0.1, times => 1 });
    is(post_signed($nginx->port, 'pelan')->{status}, 200, 'a bit slow is fine');

    # behind the deadline, but before twice that, when a link is given up: once
    # more on a machine that stands still just then
    my ($r, %status);
    my $tries = 0;
    do {
        $fake->rules(XADD => { delay => 2.5, times => 1 });
        $r = post_signed($nginx->port, 'terlambat');
        $tries++ if $r->{status} == 503;
        wait_until {
            %status = $nginx->status;
            $status{lapor_late_replies_total} == 1;
        } 5;
    } until $status{lapor_late_replies_total} || $tries == 5
            || $r->{status} != 503;
    is($r->{status}, 503, 'too slow is refused');
    cmp_ok($r->{time}, '>=', 1.98, 'at its deadline, not before');
    ok($r->{headers}{'retry-after'}, 'with Retry-After');
    is($status{lapor_late_replies_total}, 1, 'the late reply does no harm');
    is($status{lapor_pending}, 0, 'nothing is left pending');
    is($status{'lapor_webhooks_total{result="timeout"}'}, $tries, 'counted');
    ok(accepted_again($nginx, 'sesudahnya'), 'the link goes on');

    my $links = $fake->connections;
    $fake->rules('*' => { mute => 1 });
    is(post_signed($nginx->port, 'bisu')->{status}, 503, 'mute is refused');
    ok(wait_until { $fake->connections > $links } 10,
       'a link that is mute is given up');
    is(result($nginx, 'timeout'), $tries + 1, 'counted');

    $r = wait_until {
        my $try = post_signed($nginx->port, 'masih bisu');
        $try->{time} < 0.1 * patience() && $try;
    } 10, 'a fast refusal';
    is($r->{status}, 503, 'while it stays mute, refused at once');

    $fake->rules;
    ok(accepted_again($nginx, 'bicara'), 'it speaks again: accepted');
};

subtest 'connections that break' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new(steady => 'two workers have two links')
        ->lapor(redis => $fake->address)->run;

    for my $rule ([close => 'closed before the reply'],
                  [half => 'closed within the reply'])
    {
        my ($how, $name) = @$rule;
        ok(accepted_again($nginx, 'utuh'), 'up');
        $fake->rules(XADD => { $how => 1, delay => 0.05, times => 1 });
        my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. 5;
        $_->write(Lapor::HTTP::signed_text("putus $how")) for @conns;
        is(scalar(grep { $_->response->{status} == 503 } @conns), 5,
           "$name: all five are refused");
        $fake->rules;
    }

    ok(accepted_again($nginx, 'utuh'), 'up');
    $fake->rules(XADD => { dribble => 1 });
    is(post_signed($nginx->port, 'tetes')->{status}, 200,
       'a reply byte by byte is accepted');

    $fake->rules(XADD => { big => 200_000, times => 1 });
    is(post_signed($nginx->port, 'besar')->{status}, 503,
       'a reply of 200 KB is read to its end and no id');
    is(post_signed($nginx->port, 'lagi')->{status}, 200,
       'the next one finds its own reply');

    $fake->rules(XADD => { reply => "!no RESP\r\n", times => 1 });
    is(post_signed($nginx->port, 'bukan')->{status}, 503, 'no RESP');
    ok(accepted_again($nginx, 'pulih'), 'a new link is made');

    $fake->stop;
    is(post_signed($nginx->port, 'mati')->{status}, 503, 'gone');
    $fake->rules(accept => { close => 1 });
    $fake->start;
    is(post_signed($nginx->port, 'tutup')->{status}, 503,
       'closes each connection');
    my $before = $fake->connections;
    ok(wait_until { $fake->connections > $before + 1 } 10, 'it is tried again');
    $fake->rules;
    ok(accepted_again($nginx, 'terima'), 'and found when it works');
};

subtest 'settings weaker than lapor_ack' => sub {
    my @weak = ([appendonly => 'no', 'yes'], [appendfsync => 'everysec',
                'always'], [appendfsync => 'no', 'always'],
                ['no-appendfsync-on-rewrite' => 'yes', 'no'],
                ['maxmemory-policy' => 'allkeys-lru', 'noeviction'],
                ['maxmemory-policy' => 'allkeys-random', 'volatile-lru']);

    my $redis = Lapor::Redis->new(config => { appendonly => 'no' });
    my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address)->run;

    is(post_signed($nginx->port, 'lemah')->{status}, 503,
       'appendonly no is refused');
    $redis->cmd(qw(CONFIG SET appendonly yes));
    ok(accepted_again($nginx, 'kuat'), 'accepted after CONFIG SET');

    for my $case (@weak[1 .. $#weak]) {
        my ($name, $value, $right) = @$case;
        $redis->cmd('CONFIG', 'SET', $name, $value);
        ok(wait_until {
            post_signed($nginx->port, 'x')->{status} == 503
        } 15, "$name $value is noticed while the link is up");
        $redis->cmd('CONFIG', 'SET', $name, $right);
        ok(accepted_again($nginx, 'kuat'), 'and so is its end');
    }

    like($nginx->error_log, qr/is down: redis is weaker than lapor_ack/,
         'the log tells why');

    my $log = $nginx->error_log;
    unlike($log, qr/lapor_ack .*may lose/, 'fsync needs no warning');
};

subtest 'lapor_ack everysec and memory' => sub {
    my $redis = Lapor::Redis->new(config => { appendfsync => 'everysec' });
    my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address,
                                         ack => 'everysec')->run;
    is(post_signed($nginx->port, 'sedetik')->{status}, 200,
       'everysec is enough for everysec');
    like($nginx->error_log, qr/\[warn\].*"lapor_ack everysec" may lose/,
         'which warns at start');

    $redis = Lapor::Redis->new(config => { appendonly => 'no' });
    $nginx = Lapor::Nginx->new->lapor(redis => $redis->address,
                                      ack => 'everysec')->run;
    is(post_signed($nginx->port, 'x')->{status}, 503,
       'no log is too weak for everysec');

    $nginx = Lapor::Nginx->new->lapor(redis => $redis->address,
                                      ack => 'memory')->run;
    is(post_signed($nginx->port, 'ingatan')->{status}, 200,
       'and enough for memory');
    like($nginx->error_log, qr/\[warn\].*"lapor_ack memory" may lose/,
         'which warns at start');
};

# why there is no link to a Redis

sub told {
    my ($address) = @_;

    my $nginx = Lapor::Nginx->new;
    $nginx->file('redis_password', "kata-sandi-redis\n", 0600);
    $nginx->forbid('kata-sandi');
    $nginx->lapor(redis => $address)->run;

    my $down = qr/link to redis \S+(?: \S+=\S+)* is down: (.+)$/m;
    my ($why) = wait_until { $nginx->error_log =~ $down && $1 } 10;
    $nginx->stop;
    return $why;
}

subtest 'why there is no connection' => sub {
    my $dir = test_dir();
    is(told("unix:$dir/none.sock"),
       'could not connect (2: No such file or directory)', 'no socket');
    is(told('127.0.0.1:' . free_port()),
       'could not connect (111: Connection refused)', 'nobody listens');
};

subtest 'authentication, database, name, TCP' => sub {
    my $redis = Lapor::Redis->new(tcp => 1);
    my $nginx = Lapor::Nginx->new;
    $nginx->file('redis_password', "kata-sandi-redis\n", 0600);
    $nginx->forbid('kata-sandi');

    $redis->cmd('ACL', 'SETUSER', 'penulis', 'on', '>kata-sandi-redis',
                '~lapor:*', '+@all');
    $redis->cmd('ACL', 'SETUSER', 'default', 'resetpass', '>lain');
    $redis->cmd('AUTH', 'penulis', 'kata-sandi-redis');

    $nginx->lapor(redis => $redis->address . ' db=3 user=penulis'
        . ' password_file=%%DIR%%/redis_password name=lapor-uji')->run;
    is(post_signed($nginx->port, 'masuk')->{status}, 200,
       'user and password are sent');
    is($redis->cmd('SELECT', 3), 'OK', 'database 3');
    is(($redis->entries)[0]{b}, 'masuk', 'holds the entry');
    like($redis->cmd('CLIENT', 'LIST'), qr/name=lapor-uji .* user=penulis/,
         'the client has its name');

    my $other = Lapor::Nginx->new;
    $other->file('redis_password', "kata-sandi-salah\n", 0600);
    $other->forbid('kata-sandi');
    $other->lapor(redis => $redis->address . ' user=penulis'
        . ' password_file=%%DIR%%/redis_password')->run;
    is(post_signed($other->port, 'tolak')->{status}, 503,
       'a wrong password is no acceptance');
    like($other->error_log, qr/is down: redis refused AUTH \(WRONGPASS\)$/m,
         'and is told');

    is(told($redis->address), 'redis refused CLIENT SETNAME (NOAUTH)',
       'so is a password that is missing');
    is(told($redis->address . ' db=77 user=penulis'
            . ' password_file=%%DIR%%/redis_password'),
       'redis refused SELECT (ERR)', 'and a database that is not there');

    $redis->cmd('ACL', 'SETUSER', 'penulis', '-xadd');
    is(post_signed($nginx->port, 'dilarang')->{status}, 503,
       'a user without XADD writes nothing');
    like($nginx->error_log, qr/refused an entry: NOPERM$/m, 'and is told');
    $redis->cmd('ACL', 'SETUSER', 'penulis', '+xadd');

    # a user without CONFIG cannot prove what lapor_ack demands

    $redis->cmd('ACL', 'SETUSER', 'penulis', '-config');
    my @old = $nginx->reload;
    is(post_signed($nginx->port, 'buta')->{status}, 503,
       'settings that may not be read count as weak');
    like($nginx->error_log, qr/refused to tell its settings/, 'and is told');
};

done_testing();
