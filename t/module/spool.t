# What Redis can't make durable in time is on local disk before the 200, and
# flows into Redis by itself, the oldest first.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed);
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;


subtest 'redis is down' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address,
                         new => { steady => 'its files are counted' });
    my @bodies = sort(bodies(20));

    accept_all($nginx, 'accepted', @bodies);
    is(result($nginx, 'spooled'), 20, 'as spooled');
    is(result($nginx, 'accepted'), 0, 'and not as accepted');

    my $dir = spool_dir($nginx);
    my @records = Lapor::Spool::records($dir);
    is_deeply([sort map { $_->{body} } @records], \@bodies,
              'an independent reader finds them in the files');
    is(join(' ', grep { !/^lapor:\{0[0-9a-f]\}:msg$/ }
            map { $_->{key} } @records), '', 'each with its stream');
    is(join(' ', map { sprintf '%04o', (stat)[2] & 07777 } $dir,
            Lapor::Spool::segments($dir)), '0700 0600',
       'nobody else may read them');

    my %status = $nginx->status;
    my $bytes = 0;
    $bytes += -s $_ for glob "$dir/*";
    is($status{lapor_spool_bytes}, $bytes, 'lapor_spool_bytes');
    is($status{lapor_spool_files}, 1, 'lapor_spool_files');
    is($status{lapor_spool_damaged_files}, 0, 'lapor_spool_damaged_files');
    is($status{lapor_spool_seconds_count}, 20, 'lapor_spool_seconds');

    $redis->start;
    ok(wait_until { stored($redis) >= 20 } 20, 'they flow into redis');
    is_stored($redis, \@bodies, 'each once, byte for byte');
    is_deeply([sort map { "$_->{key} $_->{b} $_->{t}" } $redis->entries],
              [sort map { "$_->{key} $_->{body} $_->{ms}" } @records],
              'in its stream, with its time');
    ok(drained($nginx), 'and the spool is empty');

    ok((wait_until {
        %status = $nginx->status;
        $status{lapor_spool_files} == 0;
    } 10), 'which the status says');
    is($status{lapor_spool_bytes}, 0, 'no bytes');
    is($status{lapor_replayed_total}, 20, 'lapor_replayed_total');
    my $sum = 0;
    $sum += length for @bodies;
    is($status{lapor_replayed_bytes_total}, $sum, 'lapor_replayed_bytes_total');

    my $lines = () = $nginx->error_log =~ /webhooks go to the spool/g;
    is($lines, 1, 'the log has one line of it');
};


subtest 'redis hangs' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address, timeout => '5s');
    my @bodies = bodies(60);

    accept_all($nginx, 'while it is well', @bodies[0 .. 19]);
    $redis->pause;
    accept_all($nginx, 'while it hangs', @bodies[20 .. 59]);
    cmp_ok(result($nginx, 'spooled'), '>', 0, 'by the spool');
    $redis->resume;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'all are there');
};


subtest 'redis has never answered' => sub {
    my $fake = Lapor::FakeRedis->new(rules => { '*' => { mute => 1 } });
    my $redis = Lapor::Redis->new;
    my $path = test_dir() . '/redis';
    my $nginx = spooling(point($path, $fake), timeout => '5s');
    my @bodies = bodies(40);

    accept_all($nginx, 'accepted', @bodies);
    is(result($nginx, 'spooled'), 40, 'as spooled');
    point($path, $redis);
    $fake->stop;
    ok(drained($nginx), 'the spool is empty');
    is_stored($redis, \@bodies, 'all are there, once');
};


subtest 'redis is killed with entries under way' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address, timeout => '20s');
    my @bodies = bodies(40);

    ok((wait_until {
        gauge($nginx, 'lapor_redis_links{state="up"}')
    } 10), 'a link');
    $redis->pause;
    my @flight = map { Lapor::HTTP->connect($nginx->port) } @bodies;
    $flight[$_]->write(Lapor::HTTP::signed_text($bodies[$_])) for 0 .. 39;
    ok((wait_until { gauge($nginx, 'lapor_pending') == 40 } 10), 'under way')
        unless reloads();
    $redis->kill9;

    is(scalar(grep { $_->response->{status} == 200 } @flight), 40,
       'all are answered 200');
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'all are there');
};


subtest 'the oldest first' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, http => 'lapor_partitions 1;',
        new => { steady => 'each start is a file of its own' });
    my @bodies = bodies(45);

    for my $round (0 .. 2) {
        is(post_signed($nginx->port, $_)->{status}, 200, 'accepted')
            for @bodies[15 * $round .. 15 * $round + 14];
        $nginx->stop;
        $nginx->run;
    }

    is(scalar(Lapor::Spool::segments(spool_dir($nginx))), 3, 'three files');
    ok((wait_until { gauge($nginx, 'lapor_spool_files') == 3 } 10),
       'an nginx that has just started knows them without Redis');
    is(gauge($nginx, 'lapor_spool_bytes'),
       eval { my $n = 0; $n += -s $_ for glob spool_dir($nginx) . '/*'; $n },
       'and their bytes');

    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is_deeply([stored($redis)], \@bodies, 'in the order in which they came');
};


subtest 'bodies of all sizes' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, size => '3m',
        new => { steady => 'a file of 16 MB may outlast a worker' });
    my @bodies = map { my $n = $_; join '', map { chr(($_ * $n) % 256) }
                       1 .. $n } 1, 2, 4095, 4096, 65537;
    push @bodies, map { chr(64 + $_) . 'LSP1' x 500_000 } 1 .. 8;

    accept_all($nginx, 'accepted', @bodies);
    my $chunked = "bagian \0\xff LSP1" x 3000;
    my $conn = Lapor::HTTP->connect($nginx->port);
    $conn->write(Lapor::HTTP::format_request('POST', '/webhook/whatsapp',
        headers => [@{ Lapor::HTTP::signed_headers($chunked) },
                    'Transfer-Encoding' => 'chunked'])
        . Lapor::HTTP::chunked($chunked, 999));
    is($conn->response->{status}, 200, 'one in many pieces');

    $redis->start;
    ok(drained($nginx, 30), 'the spool is empty');
    is_stored($redis, [@bodies, $chunked],
              'byte for byte');
};

done_testing();
