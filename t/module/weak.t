# A Redis that keeps less than lapor_ack promises is down: for each setting, when
# nginx connects, when Redis comes back with it, and when it is set while the
# link is up; until it is right again.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

my %STRONG = (appendonly => 'yes', appendfsync => 'always',
              'no-appendfsync-on-rewrite' => 'no',
              'maxmemory-policy' => 'noeviction');

my @CASES = (
    [fsync => appendonly => 'no'],
    [fsync => appendfsync => 'everysec'],
    [fsync => appendfsync => 'no'],
    [fsync => 'no-appendfsync-on-rewrite' => 'yes'],
    [fsync => 'maxmemory-policy' => 'allkeys-lru'],
    [everysec => appendonly => 'no'],
    [everysec => appendfsync => 'no'],
    [everysec => 'no-appendfsync-on-rewrite' => 'yes'],
    [everysec => 'maxmemory-policy' => 'allkeys-random'],
);

sub start {
    my ($redis, $ack) = @_;

    my $nginx = Lapor::Nginx->new(steady => 'each worker asks by itself');
    return $nginx->lapor(redis => $redis->address, ack => $ack,
        timeout => '20s')->run;
}

sub becomes {
    my ($nginx, $want, $name) = @_;

    ok((wait_until {
        post_signed($nginx->port, $name)->{status} == $want;
    } 30), "$name: $want");
}

sub told {
    my ($nginx) = @_;

    my $lines = () = $nginx->error_log
        =~ /\[error\] .*is down: redis is weaker than lapor_ack/g;
    return $lines;
}

for my $case (@CASES) {
    my ($ack, $name, $weak) = @$case;

    subtest "$ack: $name $weak" => sub {
        my $redis = Lapor::Redis->new(config => { $name => $weak });
        my $nginx = start($redis, $ack);

        becomes($nginx, 503, 'connected to a weak one');
        is(told($nginx), 1, 'the log tells why, once');
        $redis->cmd('CONFIG', 'SET', $name, $STRONG{$name});
        becomes($nginx, 200, 'it was made strong');

        $redis->stop;
        becomes($nginx, 503, 'it has gone');
        $redis->start;
        becomes($nginx, 503, 'it is back, and weak');
        $redis->cmd('CONFIG', 'SET', $name, $STRONG{$name});
        becomes($nginx, 200, 'it was made strong again');

        my $before = told($nginx);
        $redis->cmd('CONFIG', 'SET', $name, $weak);
        becomes($nginx, 503, 'it was made weak while the link was up');
        is(told($nginx), $before + 1, 'the log tells why, once more');
        $redis->cmd('CONFIG', 'SET', $name, $STRONG{$name});
        becomes($nginx, 200, 'and strong');
    };
}

# what is enough

for my $case ([everysec => appendfsync => 'always'],
              [everysec => appendfsync => 'everysec'],
              [fsync => 'maxmemory-policy' => 'volatile-lru'],
              [memory => appendonly => 'no'],
              [memory => 'maxmemory-policy' => 'allkeys-lru'])
{
    my ($ack, $name, $value) = @$case;
    my $redis = Lapor::Redis->new(config => { $name => $value });
    becomes(start($redis, $ack), 200, "$ack: $name $value");
}

# with a spool nobody notices but who reads the counters

my $redis = Lapor::Redis->new(config => { appendfsync => 'everysec' });
my $nginx = Lapor::Nginx->new(steady => 'each worker asks by itself');
$nginx->lapor(redis => $redis->address, http => 'lapor_spool %%DIR%%/spool;')
      ->run;
is(post_signed($nginx->port, 'lemah')->{status}, 200, 'spooled');
is(scalar($redis->entries), 0, 'the weak one has nothing');
my %status = $nginx->status;
is($status{'lapor_redis_links{state="down"}'}, 1, 'the link is down');
is($status{'lapor_webhooks_total{result="spooled"}'}, 1, 'counted');
$redis->cmd(qw(CONFIG SET appendfsync always));
ok((wait_until { $redis->entries == 1 } 30), 'the strong one gets it');

done_testing();
