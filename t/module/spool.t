# What Redis can't make durable in time is on local disk before the 200, and
# flows into Redis by itself.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;
use Lapor::Spool;

use Time::HiRes ();


# spooling($redis, %more) -> a running nginx whose spool is DIR/spool

sub spooling {
    my ($redis, %opt) = @_;

    my $nginx = Lapor::Nginx->new(%{ delete $opt{new} || {} });
    my $spool = delete $opt{spool} || 'size=64m';

    $nginx->lapor(redis => $redis->address, timeout => '300ms', %opt,
        http => "lapor_spool $nginx->{dir}/spool $spool;"
                . ($opt{http} || ''))->run;
    return $nginx;
}


sub result {
    my ($nginx, $result) = @_;

    my %status = $nginx->status;
    return $status{"lapor_webhooks_total{result=\"$result\"}"};
}


sub stored {
    my ($redis) = @_;

    my @entries = $redis->entries;
    @entries = sort { $a cmp $b } map { $_->{b} } @entries;
    return @entries;
}


subtest 'redis is down' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis);
    my @bodies = sort map { "{\"laporan\":$_}" } 100 .. 119;

    for my $body (@bodies) {
        is(post_signed($nginx->port, $body)->{status}, 200, 'accepted');
    }

    is(result($nginx, 'spooled'), 20, 'as spooled');

    $redis->start;
    ok(wait_until { stored($redis) >= 20 } 20, 'they flow into redis');
    is_deeply([stored($redis)], \@bodies, 'each once, byte for byte');
    ok(wait_until { !glob "$nginx->{dir}/spool/*.spool" } 10,
       'and the spool is empty');
};

done_testing;
