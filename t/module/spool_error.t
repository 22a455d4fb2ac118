# Each error that Redis answers with: 200 by the spool, and all is in Redis when
# it takes entries again.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed);
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;


# taken($fake, $from) -> bodies that it was given since its command $from

sub taken {
    my ($fake, $from) = @_;

    my @all = $fake->commands;
    return map { $_->[4] } grep { $_->[0] eq 'XADD' } @all[$from .. $#all];
}


subtest 'one error after the other' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = spooling($fake->address);
    my (@bodies, %count);
    my %text = (
        oom => "-OOM command not allowed when used memory > 'maxmemory'.",
        readonly => "-READONLY You can't write against a read only replica.",
        loading => '-LOADING Redis is loading the dataset in memory',
        misconf => '-MISCONF Errors writing to the AOF file: No space left',
        noauth => '-NOAUTH Authentication required.',
        moved => '-MOVED 3999 127.0.0.1:6381',
        ask => '-ASK 3999 127.0.0.1:6381',
        clusterdown => '-CLUSTERDOWN Hash slot not served',
        other => '-ERR something else',
    );

    for my $kind (sort keys %text) {
        my $key = "lapor_redis_errors_total{error=\"$kind\"}";
        $fake->rules(XADD => { error => $text{$kind} });
        ok((wait_until {
            my ($body) = bodies(1);
            push @bodies, $body;
            accept_all($nginx, "$kind: accepted", $body);
            gauge($nginx, $key);
        } 10), "$kind is counted");
    }

    for my $reply ("+OK\r\n", ":1\r\n", "\$-1\r\n", "*0\r\n") {
        my ($body) = bodies(1);
        push @bodies, $body;
        $fake->rules(XADD => { reply => $reply });
        accept_all($nginx, 'no id: ' . ($reply =~ s/\r\n//gr), $body);
    }

    my $from = () = $fake->commands;
    $fake->rules;
    ok(drained($nginx, 40), 'the spool is empty');
    my %taken = map { $_ => 1 } taken($fake, $from);
    is(scalar(grep { !$taken{$_} } @bodies), 0, 'Redis has taken each of them');
    is(result($nginx, $_) || 0, 0, "none was answered $_")
        for qw(redis_error redis_lost redis_down spool_error);
    unlike($nginx->error_log, qr/something else|6381/,
           'of the text nothing is logged');
};


# the same with a Redis that really is full, a replica, closed by a password

subtest 'a real one' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address);
    my %bad = (oom => ['maxmemory', 1, 0],
               noauth => ['requirepass', 'rahasia', '']);
    my @bodies;

    for my $kind (qw(oom noauth readonly)) {
        my ($name, $value, $good) = @{ $bad{$kind} || [] };
        my @mine = bodies(15);
        push @bodies, @mine;

        if ($name) { $redis->cmd('CONFIG', 'SET', $name, $value) }
        else { $redis->cmd('REPLICAOF', '127.0.0.1', 1) }

        # who is connected has said the old password, and may go on

        $redis->cmd(qw(CLIENT KILL TYPE normal)) if $kind eq 'noauth';
        accept_all($nginx, "$kind: accepted", @mine);
        $redis->cmd('AUTH', $value) if $kind eq 'noauth';
        is(missing($redis, @mine), 15, 'not one of them is in Redis');

        if ($name) { $redis->cmd('CONFIG', 'SET', $name, $good) }
        else { $redis->cmd('REPLICAOF', 'NO', 'ONE') }
        ok(drained($nginx), 'the spool is empty');
        is(missing($redis, @mine), 0, 'all are in Redis');
    }

    cmp_ok(gauge($nginx, 'lapor_redis_errors_total{error="oom"}'), '>', 0,
           'by an error that was counted');
    is(result($nginx, 'spooled'), 45, 'each by the spool') unless reloads();
};


subtest 'settings weaker than lapor_ack' => sub {
    my $redis = Lapor::Redis->new(config => { appendfsync => 'everysec' });
    my $nginx = spooling($redis->address);
    my @bodies = bodies(10);

    accept_all($nginx, 'accepted', @bodies);
    is(missing($redis, @bodies), 10, 'but not given to Redis');
    $redis->cmd(qw(CONFIG SET appendfsync always));
    ok(drained($nginx), 'until it is strong enough');
    is(missing($redis, @bodies), 0, 'all are in Redis');
};


# errors in the middle of a replay: what was not taken is given again

subtest 'errors while the spool flows' => sub {
    my $fake = Lapor::FakeRedis->new(start => 0);
    my $dir = test_dir() . '/spool';
    my @bodies = bodies(300);
    my $n = 0;

    own($dir);
    Lapor::Spool::put($dir, Lapor::Spool::name(1760000000000 + $_, 1, $_),
        map { Lapor::Spool::record('lapor:{00}:msg', $_, 1760000000000) }
        splice @{ [@bodies] }, 50 * $_, 50) for 0 .. 5;
    own($dir);

    my $nginx = spooling($fake->address, dir => $dir);

    # each of these holds once, in one batch or another

    for my $rule ({ error => '-OOM x' }, { close => 1 }, { half => 1 },
                  { error => '-LOADING x' }, { reply => "!\r\n" })
    {
        $fake->rules(XADD => { %$rule, times => 1 });
        $fake->start unless $fake->pid;
        my $was = gauge($nginx, 'lapor_replay_failures_total');
        my $failed = wait_until {
            gauge($nginx, 'lapor_replay_failures_total') > $was
                || !Lapor::Spool::segments($dir);
        } 20;
        ok($failed, join ' ', 'fails once by', %$rule);
    }

    ok(drained($nginx, 30, $dir), 'the spool is empty');
    my %taken = map { $_ => 1 } taken($fake, 0);
    is(scalar(grep { !$taken{$_} } @bodies), 0, 'each was given');
    cmp_ok(gauge($nginx, 'lapor_replay_failures_total'), '>', 0,
           'lapor_replay_failures_total');
    cmp_ok(gauge($nginx, 'lapor_replayed_total'), '>=', 300,
           'lapor_replayed_total counts what was confirmed');
};


# it says nothing in the middle of a replay

subtest 'mute while the spool flows' => sub {
    my $fake = Lapor::FakeRedis->new(rules => { XADD => { mute => 1 } });
    my $redis = Lapor::Redis->new;
    my $dir = own(test_dir() . '/spool');
    my @bodies = bodies(100);
    my $path = test_dir() . '/redis';

    Lapor::Spool::put($dir, Lapor::Spool::name(1760000000000, 1, 1),
        map { Lapor::Spool::record('lapor:{00}:msg', $_, 1) } @bodies);
    own($dir);

    my $nginx = spooling(point($path, $fake), dir => $dir,
                         timeout => '2s');
    ok((wait_until { $fake->commands('XADD') } 10), 'Redis is given some');
    ok((wait_until { gauge($nginx, 'lapor_replay_failures_total') } 10),
       'and given up');
    my @more = bodies(20);
    accept_all($nginx, 'what comes now is accepted', @more);
    point($path, $redis);
    $fake->stop;
    ok(drained($nginx, 40, $dir), 'the spool is empty');
    is(missing($redis, @bodies, @more), 0, 'all are in Redis');
};

done_testing();
