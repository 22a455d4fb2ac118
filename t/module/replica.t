# A replica's own writes go when it next copies its master, so a writable one
# is too weak for lapor_ack, whatever its settings; one that refuses writes is
# no link that is up.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

my $master = Lapor::Redis->new(tcp => 1);

for my $case (['no', 'a writable replica'], ['yes', 'a replica']) {
    my ($only, $name) = @$case;

    subtest $name => sub {
        my $redis = Lapor::Redis->new(
            config => { 'replica-read-only' => $only });
        my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address)->run;

        is(post_signed($nginx->port, 'tuan')->{status}, 200,
           'a master is accepted');

        $redis->cmd('REPLICAOF', '127.0.0.1', $master->port);

        ok(wait_until {
            post_signed($nginx->port, 'hamba')->{status} == 503
        } 15, 'it becomes a replica: refused');

        my $before = () = $nginx->error_log =~ /is up/g;
        my @old = $nginx->reload;
        ok(wait_until {
            $nginx->error_log =~ /is down: redis is weaker than lapor_ack:.*replicaof/
        } 10, 'the log tells why');
        is(post_signed($nginx->port, 'hamba baru')->{status}, 503,
           'a new link is not accepted either');
        is(scalar(() = $nginx->error_log =~ /is up/g), $before,
           'and never up');

        $redis->cmd('REPLICAOF', 'NO', 'ONE');
        ok(wait_until {
            post_signed($nginx->port, 'tuan lagi')->{status} == 200
        } 20, 'a master again: accepted');
    };
}

done_testing();
