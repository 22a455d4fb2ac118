# Reloads, upgrades and stops while nginx spools and while the spool flows lose
# nothing.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Redis;
use Lapor::Soak::Nginx;
use Lapor::Spool;
use Lapor::Spooling;


subtest 'reloads while it spools' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, workers => 2,
                         new => { steady => 'this test reloads by itself' });
    my (@bodies, @old);

    for my $round (1 .. 4) {
        push @bodies, my @flight = bodies(40);
        my @conns = map { Lapor::HTTP->connect($nginx->port) } @flight;
        $conns[$_]->write(Lapor::HTTP::signed_text($flight[$_])) for 0 .. 19;
        kill 'HUP', $nginx->pid;
        $conns[$_]->write(Lapor::HTTP::signed_text($flight[$_])) for 20 .. 39;
        is(scalar(grep { $_->response->{status} == 200 } @conns), 40,
           'all are answered 200');
        push @old, $nginx->reload;
    }

    ok($nginx->wait_gone(15, @old), 'old workers leave');
    is(result($nginx, 'spooled'), @bodies, 'all are spooled');
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is_stored($redis, \@bodies, 'all are there, once');
};


subtest 'reloads while the spool flows' => sub {
    my $redis = Lapor::Redis->new;
    my $dir = own(test_dir() . '/spool');
    my @bodies = bodies(4000);

    Lapor::Spool::put($dir, Lapor::Spool::name(1760000000000 + $_, 1, 1),
        map { Lapor::Spool::record('lapor:{00}:msg', $_, 1) }
        @bodies[200 * $_ .. 200 * $_ + 199]) for 0 .. 19;
    own($dir);

    my $nginx = spooling($redis->address, workers => 2, dir => $dir,
                         new => { steady => 'this test reloads by itself' });
    my @live;

    for my $round (1 .. 4) {
        my $was = gauge($nginx, 'lapor_replayed_total');
        wait_until {
            gauge($nginx, 'lapor_replayed_total') > $was
                || !Lapor::Spool::segments($dir);
        } 10;
        $nginx->reload;
        push @live, my @now = bodies(5);
        accept_all($nginx, 'live webhooks are accepted', @now);
    }

    ok(drained($nginx, 40, $dir), 'the spool is empty');
    is(missing($redis, @bodies, @live), 0, 'nothing is missing');
};


# QUIT and TERM while Redis hangs and the spool is open

subtest 'stops' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, workers => 2,
                         new => { steady => 'it is stopped' });
    my @bodies;

    for my $signal (qw(QUIT TERM)) {
        push @bodies, my @mine = bodies(30);
        accept_all($nginx, "accepted before $signal", @mine);
        $nginx->signal($signal);
        ok($nginx->wait_gone(15), 'it leaves');
        $nginx->run;
    }

    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is_stored($redis, \@bodies, 'all are there, once');
};


subtest 'a new binary' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = Lapor::Soak::Nginx->new(daemon => 1);
    my $dir = spool_dir($nginx);
    $nginx->setup(redis => $redis->address, workers => 2, seed => 1,
                  spool => "$dir size=64m");
    my $conf = $nginx->dir . '/nginx.conf';
    spew($conf, slurp($conf) =~ s/^http \{/http {\n    lapor_timeout 8s;/mr);
    $nginx->run;
    my @bodies = bodies(120);
    my $old = $nginx->master;

    accept_all($nginx, 'the old one spools', @bodies[0 .. 39]);
    my @conns = map { Lapor::HTTP->connect($nginx->port) } 40 .. 79;
    $conns[$_]->write(Lapor::HTTP::signed_text($bodies[40 + $_]))
        for 0 .. 19;
    kill 'USR2', $old;
    $conns[$_]->write(Lapor::HTTP::signed_text($bodies[40 + $_]))
        for 20 .. 39;
    is(scalar(grep { $_->response->{status} == 200 } @conns), 40,
       'as it is replaced');
    ok((wait_until {
        my $new = $nginx->master;
        $new && $new != $old && $nginx->workers == 2;
    } 20), 'a new master');
    kill 'QUIT', $old;
    ok((wait_until { !Lapor::Test::alive($old) } 20), 'the old one leaves');
    accept_all($nginx, 'the new one spools', @bodies[80 .. 119]);

    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is_stored($redis, \@bodies, 'all are there, once');
};

done_testing();
