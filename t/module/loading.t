# A Redis that reads its data answers CONFIG GET, and refuses all else: it is
# down until it has done.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

for my $ack (qw(fsync memory)) {
    subtest $ack => sub {
        my $redis = Lapor::Redis->new(config => { rdbcompression => 'no' });
        $redis->cmd('SET', "kunci:$_", 'x' x 2000) for 1 .. 400;
        $redis->cmd('BGREWRITEAOF');
        wait_until {
            $redis->cmd('INFO', 'persistence') =~ /aof_rewrite_in_progress:0/
                && glob "$redis->{dir}/appendonlydir/*.2.base.rdb";
        } 10, 'a file of keys';
        $redis->kill9;

        # 10 ms a key, and an ear for clients after each

        $redis->{config}{'key-load-delay'} = 10_000 * patience();
        $redis->{config}{'loading-process-events-interval-bytes'} = 1024;
        $redis->start(loading => 1);

        my $nginx = Lapor::Nginx->new(
            steady => 'each worker tells of its own link')
            ->lapor(redis => $redis->address, ack => $ack)->run;

        ok(wait_until {
            post_signed($nginx->port, 'coba')->{status} == 200
        } 60, 'accepted when it has done');

        my %status = $nginx->status;
        is($status{'lapor_redis_errors_total{error="loading"}'}, 0,
           'no webhook was given to it before');
        is(scalar(() = $nginx->error_log =~ /is up/g), 1, 'nor was it up');
        like($nginx->error_log, qr/is down: redis .*loading/i,
             'the log tells why');
    };
}

done_testing();
