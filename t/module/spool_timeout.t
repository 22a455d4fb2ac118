# worker_shutdown_timeout ends the old workers' connections, with hundreds of
# webhooks waiting for a mute Redis, before the spool has had its turn or after
# it: whoever got a 200 is stored, everything else can be sent again.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

my $N = 200;

for my $case (['4s', '40s', 'the spool comes first'],
              ['20s', '300ms', 'worker_shutdown_timeout comes first'])
{
    my ($timeout, $shutdown, $name) = @$case;

    subtest $name => sub {
        my $redis = Lapor::Redis->new;
        my $nginx = Lapor::Nginx->new(steady => 'this test reloads by itself');
        $nginx->lapor(redis => $redis->address, workers => 2,
            timeout => $timeout, http => 'lapor_spool %%DIR%%/spool;',
            main => "worker_shutdown_timeout $shutdown;")->run;
        ok((wait_until {
            my %s = $nginx->status;
            $s{'lapor_redis_links{state="up"}'} == 2;
        } 20), 'two links');

        $redis->pause;
        my @flight = map { [Lapor::HTTP->connect($nginx->port), "terbang $_"] }
                     1 .. $N;
        $_->[0]->write(Lapor::HTTP::signed_text($_->[1])) for @flight;
        if ($timeout eq '20s') {
            ok((wait_until {
                my %s = $nginx->status;
                $s{lapor_pending} == $N;
            } 20), 'all are in flight');
        }

        my @old = $nginx->reload;
        my (%count, %accepted);
        for my $pair (@flight) {
            my $status = $pair->[0]->response->{status};
            $count{$status}++;
            $accepted{ $pair->[1] } = 1 if $status == 200;
        }
        ok($nginx->wait_gone(15, @old), 'the old workers leave');
        is(join(' ', grep { !/^(?:0|200|503)$/ } keys %count), '',
           'what was not accepted can be sent again');
        is($count{200} || 0, $N, 'all were accepted') if $timeout ne '20s';

        $redis->resume;
        my @again = grep { !$accepted{$_} } map { $_->[1] } @flight;
        for my $body (@again) {
            $accepted{$body} = 1
                if wait_until { post_signed($nginx->port, $body)->{status}
                                == 200 } 20;
        }
        is(scalar(keys %accepted), $N, 'in the end all are');

        my $missing = $N;
        wait_until {
            my %stored = map { $_->{b} => 1 } $redis->entries;
            $missing = grep { !$stored{$_} } keys %accepted;
            !$missing;
        } 30;
        is($missing, 0, 'and stored');
    };
}

done_testing();
