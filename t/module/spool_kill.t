# kill -9 of workers, of the master, of all of nginx, while it spools and while
# the spool flows: what was answered 200 is in Redis in the end.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $KILLED = qr/exited on signal 9/;


# under_fire($nginx, $count, $sub) -> the bodies that got 200: connections are
# open with one webhook each, half of them written and the first answered, when
# $sub does its harm

sub under_fire {
    my ($nginx, $count, $sub) = @_;

    my @flight = map { [Lapor::HTTP->connect($nginx->port), $_] }
                 bodies($count);
    for my $i (0 .. $#flight) {
        $flight[0][0]->fill(20) if $i == $count / 4;
        $sub->() if $i == $count / 2;
        $flight[$i][0]->write(Lapor::HTTP::signed_text($flight[$i][1]));
    }

    my @accepted;
    for my $pair (@flight) {
        push @accepted, $pair->[1] if $pair->[0]->response->{status} == 200;
        $pair->[0]->close;
    }
    return @accepted;
}


subtest 'workers, again and again' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, workers => 2,
        new => { steady => 'its workers are killed' });
    $nginx->allow_alert($KILLED);
    my @accepted;

    for my $round (1 .. 6) {
        my @workers = $nginx->workers;
        my @victims = $round % 2 ? $workers[0] : @workers;
        push @accepted, under_fire($nginx, 60, sub { kill 'KILL', @victims });
        ok((wait_until {
            my %now = map { $_ => 1 } $nginx->workers;
            keys %now == 2 && !grep { $now{$_} } @victims;
        } 10), 'replaced');
    }

    cmp_ok(scalar @accepted, '>', 0, 'some were accepted: ' . @accepted);
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @accepted), 0, 'and all these are in Redis');
};


subtest 'the master, then its workers' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, workers => 2,
        new => { steady => 'its master is killed' });

    my @accepted = bodies(20);
    accept_all($nginx, 'accepted', @accepted);
    my @workers = $nginx->workers;
    Lapor::Test::end_process($nginx->pid, 'KILL', 5);
    push @accepted, my @orphaned = bodies(20);
    accept_all($nginx, 'workers without a master accept', @orphaned);
    push @accepted, under_fire($nginx, 100, sub { kill 'KILL', @workers });
    ok($nginx->wait_gone(10, @workers), 'all are dead');

    $nginx->run;
    push @accepted, my @after = bodies(20);
    accept_all($nginx, 'a new nginx accepts', @after);
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @accepted), 0, 'all 200 are in Redis');
};


# everything at once, as when the power goes

subtest 'all of nginx and Redis, five times' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address, workers => 2,
        new => { steady => 'it is killed' });
    my @accepted;

    for my $round (1 .. 5) {
        $redis->pause if $round % 2;
        push @accepted, under_fire($nginx, 80, sub {
            my @workers = $nginx->workers;
            kill 'KILL', $nginx->pid, @workers, $redis->pid;
        });
        $redis->kill9;
        ok($nginx->wait_gone(10), 'dead');
        $redis->start;
        $nginx->run;
    }

    cmp_ok(scalar @accepted, '>', 0, 'some were accepted: ' . @accepted);
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @accepted), 0, 'and all these are in Redis');
};


# who replays dies: the next one begins its segment again

subtest 'while the spool flows' => sub {
    my $redis = Lapor::Redis->new;
    my $dir = test_dir() . '/spool';
    my @bodies = bodies(6000);

    own($dir);
    Lapor::Spool::put($dir, Lapor::Spool::name(1760000000000 + $_, 1, 1),
        map { Lapor::Spool::record('lapor:{00}:msg', $_, 1) }
        @bodies[1500 * $_ .. 1500 * $_ + 1499]) for 0 .. 3;
    own($dir);

    my $nginx = spooling($redis->address, workers => 2, dir => $dir,
        new => { steady => 'its workers are killed' });
    $nginx->allow_alert($KILLED);

    for my $round (1 .. 3) {
        my $was = gauge($nginx, 'lapor_replayed_total');
        wait_until {
            gauge($nginx, 'lapor_replayed_total') > $was
                || !Lapor::Spool::segments($dir);
        } 10;
        my @workers = $nginx->workers;
        kill 'KILL', @workers;
        ok((wait_until { 2 == grep { my $p = $_; !grep { $_ == $p } @workers }
                         $nginx->workers } 10), 'killed, replaced');
    }

    ok(drained($nginx, 40, $dir), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'nothing is missing');
    ok(!Lapor::Spool::damaged($dir), 'nothing was taken for damage');
};

done_testing();
