# Tens of thousands of records flow beside live webhooks, hundreds of files
# leave no descriptor behind, and whoever else has the lock goes first.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

use Fcntl qw(:flock);

my $MS = 1760000000000;


# filled($dir, $files, \@bodies [, $key])

sub filled {
    my ($dir, $files, $bodies, $key) = @_;

    own($dir);
    my $per = @$bodies / $files;
    Lapor::Spool::put($dir, Lapor::Spool::name($MS + $_, 1, $_),
        map { Lapor::Spool::record($key || 'lapor:{00}:msg', $_, $MS) }
        @$bodies[$per * $_ .. $per * $_ + $per - 1]) for 0 .. $files - 1;
    return own($dir);
}


subtest 'live webhooks pass by' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my @bodies = bodies(20_000, 250);
    my $dir = filled(test_dir() . '/spool', 4, \@bodies);
    my $nginx = spooling($redis->address, dir => $dir, workers => 2,
        http => 'lapor_partitions 1;',
        new => { steady => 'a worker that starts has no link yet' });
    my (@live, %status);

    $redis->start;
    ok((wait_until {
        my %now = $nginx->status;
        $now{'lapor_redis_links{state="up"}'} == 2
            && $now{lapor_replayed_total};
    } 20), 'the spool flows');

    # as many as there is time for until the spool is empty

    my $left = 1;
    while ($left && @live < 400) {
        push @live, my @now = bodies(5);
        my $got = send_all($nginx, \@now);
        $status{$_}++ for values %$got;
        $left = gauge($nginx, 'lapor_spool_files');
    }

    is(join(' ', keys %status), '200', scalar(@live) . ' live ones: 200');
    is(result($nginx, 'spooled'), 0, 'each of them by Redis');
    ok(drained($nginx, 60, $dir), 'the spool is empty');

    # ids are in the order in which Redis has taken them

    my %live = map { $_ => 1 } @live;
    my @order = stored($redis);
    my ($last) = grep { !$live{ $order[$_] } } reverse 0 .. $#order;
    my @between = grep { $live{ $order[$_] } } 0 .. $last;
    cmp_ok(scalar @between, '>', 0, 'live ones came between the old ones: '
           . scalar @between);

    my %seen;
    my @came = grep { !$live{$_} && !$seen{$_}++ } @order;
    is(scalar @came, 20_000, 'all old ones came');
    ok("@came" eq "@bodies", 'in their order');
    is(missing($redis, @live), 0, 'all live ones came');
};


subtest 'no descriptor is left' => sub {
    my $redis = Lapor::Redis->new;
    my @bodies = bodies(600);
    my $dir = filled(test_dir() . '/spool', 300, \@bodies);
    my $nginx = spooling($redis->address, dir => $dir,
        new => { steady => 'descriptors of one worker are counted' });
    my $spool = sub { grep { m{^\Q$dir\E} } fds($nginx->workers) };

    ok(drained($nginx, 60, $dir), '300 files are read');
    is(missing($redis, @bodies), 0, 'all are in Redis');
    ok((wait_until { !$spool->() } 10), 'none of them is open')
        or diag($spool->());
    my ($worker) = $nginx->workers;
    my $count = () = glob "/proc/$worker/fd/*";

    # a file that is taken away while it is open is given up for a new one

    $redis->stop;
    for my $round (1 .. 100) {
        my ($body) = bodies(1);
        my $status = post_signed($nginx->port, $body)->{status};
        fail("round $round: $status") if $status != 200;
        unlink Lapor::Spool::segments($dir);
    }

    $redis->start;
    ok(drained($nginx, 20, $dir), '100 files were written');
    ok((wait_until { !$spool->() } 10), 'none of them is open');
    ok((wait_until {
        my $now = () = glob "/proc/$worker/fd/*";
        $now <= $count + 1;
    } 10), 'and no other descriptor');
};


# somebody else replays: nginx waits for the lock, and takes what is left

subtest 'the lock is held' => sub {
    my $redis = Lapor::Redis->new;
    my @bodies = bodies(30);
    my $dir = filled(test_dir() . '/spool', 3, \@bodies);
    my $lock = Lapor::Spool::hold(Lapor::Spool::put($dir, 'lock'))
        or die 'no lock';
    own($dir);
    my $nginx = spooling($redis->address, dir => $dir, workers => 2);

    my @live = bodies(5);
    accept_all($nginx, 'live webhooks are accepted', @live);
    is(missing($redis, @bodies), 30, 'nothing flows');
    $redis->stop;
    accept_all($nginx, 'the spool takes more', my @more = bodies(5));
    $redis->start;
    ok((wait_until {
        gauge($nginx, 'lapor_redis_links{state="up"}') >= 2
    } 20), 'Redis is back');
    ok((wait_until { !grep { /\.spool$/ } map { fds($_) } $nginx->workers }
        20), 'who spooled gives its file to who replays');
    is(missing($redis, @bodies, @more), 35, 'still nothing flows');
    is(scalar(Lapor::Spool::damaged($dir)), 0, 'nothing is set aside');

    # the other one takes the first file

    unlink((Lapor::Spool::segments($dir))[0]) or die;
    close $lock;
    ok(drained($nginx, 30, $dir), 'on when it is free');
    is_stored($redis, [@bodies[10 .. 29], @live, @more], 'what was left, once');
};


# a segment that somebody else holds has a living writer: it is passed over

subtest 'a segment is held' => sub {
    my $redis = Lapor::Redis->new;
    my @bodies = bodies(30);
    my $dir = filled(test_dir() . '/spool', 3, \@bodies);
    my ($first) = Lapor::Spool::segments($dir);
    my $held = Lapor::Spool::hold($first) or die 'no lock';
    my $nginx = spooling($redis->address, dir => $dir);

    ok((wait_until { !missing($redis, @bodies[10 .. 29]) } 20),
       'the others flow');
    is(missing($redis, @bodies[0 .. 9]), 10, 'not the one that is held');
    close $held;
    ok(drained($nginx, 20, $dir), 'when it is let go, it flows');
    is_stored($redis, \@bodies, 'each once');
};


subtest 'laporctl spool replay beside it' => sub {
    my $redis = Lapor::Redis->new;
    my @bodies = bodies(3000);
    my $dir = filled(test_dir() . '/spool', 30, \@bodies);
    my $conf = spew(test_dir() . '/lapor.conf', join '', map { "$_\n" }
        'redis = ' . $redis->address, "database = host=$dir/none dbname=none",
        "media_dir = $dir", '[laporctl]');
    my $nginx = spooling($redis->address, dir => $dir, workers => 2);
    my %none = map { $_ => undef } grep { /^LAPOR_|^PG/
        && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
    my ($runs, $wrong) = (0, '');

    ok((wait_until {
        my ($rc, $out, $err) = run_cmd({ env => { %none,
            LAPOR_CONF => $conf } }, build_path('laporctl'), 'spool',
            'replay', $dir);
        $wrong ||= $err if $rc && $err !~ /replay/;
        $runs++;
        !Lapor::Spool::segments($dir);
    } 60), 'both at once, again and again, until all is gone');
    is($wrong, '', "without an error ($runs runs)");

    my %count;
    $count{$_}++ for stored($redis);
    is(scalar(keys %count), 3000, 'all are in Redis');
    is(scalar(grep { $_ > 1 } values %count), 0, 'none of them twice')
        unless reloads();
};

done_testing();
