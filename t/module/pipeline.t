# What a turn of the event loop brings leaves for Redis in a few writes, without
# waiting for answers; a link that fails is tried again with growing pauses.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

use IO::Socket::UNIX ();
use Socket ();
use Time::HiRes qw(time);

my $N = 200;

subtest 'one worker, two hundred at once' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(steady => 'its worker is stopped meanwhile');
    $nginx->lapor(redis => $redis->address, timeout => '20s')->run;
    is(post_signed($nginx->port, 'awal')->{status}, 200, 'up');

    my $reads = sub {
        my ($n) = $redis->cmd('INFO', 'stats')
                  =~ /^total_reads_processed:(\d+)/m;
        return $n;
    };

    # the worker stands still while they come, so that one turn finds them all

    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. $N;
    $_->write(Lapor::HTTP::signed_text("$_", keepalive => 1)) for @conns;
    is(scalar(grep { $_->response->{status} == 200 } @conns), $N,
       'connections that nginx knows');

    my ($worker) = $nginx->workers;
    my $before = $reads->();
    kill 'STOP', $worker;
    $conns[$_]->write(Lapor::HTTP::signed_text("bersama $_", keepalive => 1))
        for 0 .. $#conns;
    kill 'CONT', $worker;
    is(scalar(grep { $_->response->{status} == 200 } @conns), $N, 'accepted');
    my $count = $reads->() - $before;

    cmp_ok($count, '<', $N / 4, "Redis has read them in $count turns");
    is(scalar(grep { $_->{b} =~ /^bersama/ } $redis->entries), $N, 'stored');
};

subtest 'nothing waits for the answer to another' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new(steady => 'one link')->lapor(
        redis => $fake->address, timeout => '20s')->run;
    is(post_signed($nginx->port, 'awal')->{status}, 200, 'up');

    $fake->rules(XADD => { delay => 2 });
    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. 50;
    $_->write(Lapor::HTTP::signed_text('menunggu')) for @conns;
    ok((wait_until { $fake->commands('XADD') == 51 } 10),
       'fifty commands are with Redis');
    my %status = $nginx->status;
    is($status{'lapor_webhooks_total{result="accepted"}'}, 1,
       'before the first is answered');
    is($fake->connections, 1, 'over one connection');
    is(scalar(grep { $_->response->{status} == 200 } @conns), 50, 'accepted');
};

# Pauses are random below 100 ms, 200 ms, ... 5 s. Those of eight attempts are
# 700 ms or less together once in ten thousand times; with no growth, always.

subtest 'growing pauses' => sub {
    my $fake = Lapor::FakeRedis->new(rules => { accept => { close => 1 } });
    my $nginx = Lapor::Nginx->new(steady => 'a new worker begins anew');
    my $start = time();
    $nginx->lapor(redis => $fake->address)->run;

    ok((wait_until { $fake->connections >= 8 } 40), 'eight attempts');
    cmp_ok(time() - $start, '>', 0.7, 'take their time');
    my $lines = () = $nginx->error_log =~ /link to redis .* is down/g;
    is($lines, 1, 'and are told once');

    $fake->rules;
    ok((wait_until { post_signed($nginx->port, 'x')->{status} == 200 } 30),
       'then it is up');
};

# a Redis whose queue of connections is full: connecting fails at once, and other
# requests are served as ever

subtest 'connecting blocks nobody' => sub {
    my $nginx = Lapor::Nginx->new(steady => 'it counts its own');
    my $path = "$nginx->{dir}/penuh.sock";
    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 1);
    chmod 0777, $path;
    my @full;
    while (@full < 10) {
        socket my $sock, 1, 1 | 04000, 0 or die "socket: $!\n";
        push @full, $sock;
        last if !connect $sock, Socket::pack_sockaddr_un($path);
    }

    $nginx->lapor(redis => "unix:$path", http =>
        'lapor_spool %%DIR%%/spool;')->run;
    for my $n (1 .. 20) {
        is(post_signed($nginx->port, "penuh $n")->{status}, 200, 'spooled');
    }
    my %status = $nginx->status;
    is($status{'lapor_webhooks_total{result="spooled"}'}, 20, 'counted');
};

done_testing();
