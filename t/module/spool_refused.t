# What Redis refuses because of its key waits behind all others, in its order,
# and costs next to nothing meanwhile.

use Lapor::Test;
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $MS = 1760000000000;


# ticks($pid) -> processor time that it has used, in 1/100 s

sub ticks {
    my ($pid) = @_;

    my ($rest) = slurp("/proc/$pid/stat") =~ /^\d+ \(.*\) (.*)/s;
    my @field = split / /, $rest;
    return $field[11] + $field[12];
}


sub records {
    my ($key, @bodies) = @_;

    return map { Lapor::Spool::record($key, $_, $MS) } @bodies;
}


subtest 'a key of a wrong type' => sub {
    my $redis = Lapor::Redis->new;
    my $dir = own(test_dir() . '/spool');
    my @good = bodies(200);
    my @bad = bodies(60);
    my $key = 'lapor:{03}:msg';

    $redis->cmd('SET', $key, 'bukan aliran');
    for my $file (0 .. 3) {
        Lapor::Spool::put($dir, Lapor::Spool::name($MS + $file, 1, 1),
            map { my $at = 50 * $file + 3 * $_;
                  (records($key, $bad[15 * $file + $_]),
                   records('lapor:{00}:msg', @good[$at .. $at + 2])) }
            0 .. 14);
    }
    Lapor::Spool::put($dir, Lapor::Spool::name($MS + 9, 1, 1),
        map { records('lapor:{00}:msg', @good[50 * $_ + 45 .. 50 * $_ + 49]) }
        0 .. 3);
    own($dir);

    my $nginx = spooling($redis->address, dir => $dir,
        new => { steady => 'the time of its worker is looked at' });

    ok((wait_until {
        $redis->cmd('XLEN', 'lapor:{00}:msg') >= 200
    } 20), 'all others are in Redis');
    is_deeply([sort(map { $_->[1][1] }
               @{ $redis->cmd('XRANGE', 'lapor:{00}:msg', '-', '+') })],
              [sort @good], 'each once');

    ok((wait_until {
        my @left = map { $_->{body} } Lapor::Spool::records($dir);
        @left == 60;
    } 10), 'its own records stay');
    is_deeply([map { $_->{body} } Lapor::Spool::records($dir)], \@bad,
              'in their order');
    is(join(' ', grep { $_->{ms} != $MS || $_->{key} ne $key }
            Lapor::Spool::records($dir)), '', 'with their key and time');

    # it does not go round and round

    my ($worker) = $nginx->workers;
    my ($size, $failed) = (gauge($nginx, 'lapor_spool_bytes'),
                           gauge($nginx,
                                 'lapor_redis_errors_total{error="other"}'));
    my $ticks = ticks($worker);
    my @live = bodies(30);
    accept_all($nginx, 'live webhooks are accepted', @live);
    cmp_ok(ticks($worker) - $ticks, '<', 50, 'the worker rests');
    cmp_ok(gauge($nginx, 'lapor_redis_errors_total{error="other"}'), '<=',
           $failed + 60 + 2 * @live, 'and asks Redis seldom');
    cmp_ok(gauge($nginx, 'lapor_spool_bytes'), '<=', 2 * $size + 30 * 200,
           'and the spool does not grow by itself');

    $redis->cmd('DEL', $key);
    ok((wait_until {
        !Lapor::Spool::records($dir) && $redis->cmd('XLEN', $key) >= 60
    } 40), 'they come when the key is free');
    my %seen;
    my @came = grep { !$seen{$_}++ }
               map { $_->[1][1] } @{ $redis->cmd('XRANGE', $key, '-', '+') };
    my %bad = map { $_ => 1 } @bad;
    is_deeply([grep { $bad{$_} } @came], \@bad, 'in the order of old');
    is(missing($redis, @live), 0, 'and the live ones are there');
};


# a writer whose ACL has one stream only: the others wait

subtest 'a key that the ACL forbids' => sub {
    my $redis = Lapor::Redis->new;
    $redis->cmd(qw(ACL SETUSER default resetkeys ~lapor:{00}:*));
    my $nginx = spooling($redis->address, http => 'lapor_partitions 2;');
    my @bodies = bodies(40);

    accept_all($nginx, 'all are accepted', @bodies);
    $redis->cmd(qw(ACL SETUSER default allkeys));
    ok(drained($nginx, 40), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'all are in Redis');
};

done_testing();
