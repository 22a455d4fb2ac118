# The spool's bound, its disk, and Redis' disk are full: 503 when the spool is,
# 200 as soon as there is room; a Redis without a disk costs nothing.

use Lapor::Test;
use Lapor::Disk;
use Lapor::HTTP qw(post_signed);
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;


sub lines {
    my ($nginx, $like) = @_;

    my $count = () = $nginx->error_log =~ /$like/g;
    return $count;
}


sub accepted_again {
    my ($nginx) = @_;

    my ($body) = bodies(1);
    return (wait_until {
        post_signed($nginx->port, $body)->{status} == 200
    } 20), $body;
}


subtest 'size=' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, spool => 'size=16m',
        new => { steady => 'lines of a worker\'s log are counted' });
    my $dir = spool_dir($nginx);
    $nginx->allow_alert(qr/the spool "\S+" is full/);
    my @bodies = bodies(10, 1000);

    accept_all($nginx, 'while there is room', @bodies);
    my $used = gauge($nginx, 'lapor_spool_bytes');

    # whatever is in the directory takes its room: here, a damaged file

    my $damaged = Lapor::Spool::put($dir,
        Lapor::Spool::name(1, 1, 1) . '.damaged', '');
    truncate $damaged, (16 << 20) - $used - 3000 or die;
    push @bodies, my @last = bodies(2, 1000);
    accept_all($nginx, 'up to the bound', @last);

    my $refused = send_all($nginx, [bodies(40, 1000)]);
    is(join(' ', grep { $_ != 503 } values %$refused), '', 'not beyond');
    is(result($nginx, 'spool_full'), 40, 'spool_full');
    is(lines($nginx, qr/\[crit\].*is full/), 1, 'told once');
    cmp_ok(gauge($nginx, 'lapor_spool_bytes'), '<=', 16 << 20,
           'the bound holds');
    is(gauge($nginx, 'lapor_spool_damaged_files'), 1,
       'lapor_spool_damaged_files');
    my $r = post_signed($nginx->port, (bodies(1, 1000))[0]);
    ok($r->{headers}{'retry-after'}, 'with Retry-After');

    unlink $damaged or die;
    my ($ok, $body) = accepted_again($nginx);
    ok($ok, '200 when there is room again');
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is_stored($redis, [@bodies, $body],
              'what was answered 200 is in Redis, and nothing else');
};


# a disk that is full in the middle of a group

subtest 'the disk of the spool' => sub {
    my $disk = Lapor::Disk->new(2048);

    if (!$disk) {
        plan(skip_all => 'no file system can be mounted');
        return;
    }

    my $redis = Lapor::Redis->new(start => 0);
    my $dir = $disk->dir . '/spool';
    my $nginx = spooling($redis->address, dir => $dir);
    $nginx->allow_alert(qr/could not write to the spool "\S+" \(28: No space/);
    my @bodies = bodies(5);

    accept_all($nginx, 'while there is room', @bodies);
    $disk->fill;
    my @tried = bodies(60, 4000);
    my $status = send_all($nginx, \@tried);
    push @bodies, grep { $status->{$_} == 200 } @tried;
    ok((grep { $_ == 503 } values %$status), 'the disk is full: 503');
    is(join(' ', grep { $_ != 503 && $_ != 200 } values %$status), '',
       'nothing worse');
    cmp_ok(result($nginx, 'spool_full'), '>', 0, 'spool_full');
    like($nginx->error_log, qr/\[crit\].*No space left/, 'which is told');

    $disk->free;
    my ($ok, $body) = accepted_again($nginx);
    ok($ok, '200 when there is room again');
    push @bodies, $body, my @more = bodies(10);
    accept_all($nginx, 'and on', @more);

    # full again, and Redis comes back: what is there flows all the same

    $disk->fill;
    $redis->start;
    ok(drained($nginx, 20, $dir), 'the spool flows from a full disk');
    is(missing($redis, @bodies), 0, 'each 200 is in Redis');
    ok(!Lapor::Spool::damaged($dir), 'without damage');
};


# Redis under appendfsync always exits when the disk of its log is full

subtest 'the disk of Redis' => sub {
    my $disk = Lapor::Disk->new(4096);

    if (!$disk) {
        plan(skip_all => 'no file system can be mounted');
        return;
    }

    my $redis = Lapor::Redis->new(dir => $disk->dir,
                                  config => { logfile => '""' });
    my $nginx = spooling($redis->address);
    my @bodies = bodies(10, 2000);

    accept_all($nginx, 'all is well', @bodies);
    $disk->fill;
    push @bodies, my @more = bodies(60, 4000);
    accept_all($nginx, 'the disk is full: all the same', @more);
    ok((wait_until { defined Lapor::Test::reap($redis->pid) } 20),
       'Redis has exited');
    push @bodies, @more = bodies(20);
    accept_all($nginx, 'without it, too', @more);
    cmp_ok(result($nginx, 'spooled'), '>', 20, 'by the spool');

    $disk->free;
    $redis->stop;
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'all are in Redis');
};


# under everysec it stays and refuses: -MISCONF

subtest 'the disk of a Redis that goes on' => sub {
    my $disk = Lapor::Disk->new(4096);

    if (!$disk) {
        plan(skip_all => 'no file system can be mounted');
        return;
    }

    my $redis = Lapor::Redis->new(dir => $disk->dir,
        config => { appendfsync => 'everysec' });
    my $nginx = spooling($redis->address, ack => 'everysec');
    my @bodies = bodies(10, 2000);

    accept_all($nginx, 'all is well', @bodies);
    $disk->fill;
    my $key = 'lapor_redis_errors_total{error="misconf"}';
    ok((wait_until {
        push @bodies, my @more = bodies(5, 4000);
        accept_all($nginx, 'the disk is full: accepted', @more);
        gauge($nginx, $key);
    } 20), 'Redis says -MISCONF');

    $disk->free;
    ok(drained($nginx, 30), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'all are in Redis');
};

done_testing();
