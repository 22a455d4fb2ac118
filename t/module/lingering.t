# An old worker may live for hours after a reload, as long as a client of its
# own keeps it.  What it has spooled does not wait for that: it leaves its file
# to the new workers, whatever its own link and its own replay do.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed sign);
use Lapor::Nginx;
use Lapor::Redis;
use Lapor::Spool;

my $STEADY = 'it waits for an old worker';


sub configure {
    my ($nginx, $redis) = @_;

    $nginx->lapor(redis => $redis->address, timeout => '3s',
        http => "client_body_timeout 120s; lapor_spool $nginx->{dir}/spool;");
}


# keeper($nginx) -> a connection with half of a body: its worker can't leave

sub keeper {
    my ($nginx) = @_;

    my $conn = Lapor::HTTP->connect($nginx->port);
    my $text = Lapor::HTTP::signed_text('{"laporan":0}');
    $conn->write(substr $text, 0, -5);
    return $conn;
}


sub segments { return Lapor::Spool::segments("$_[0]{dir}/spool") }


subtest 'its redis has gone for good' => sub {
    my $gone = Lapor::Redis->new(start => 0);
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(steady => $STEADY);
    configure($nginx, $gone);
    $nginx->run;

    is(post_signed($nginx->port, '{"laporan":1}')->{status}, 200, 'spooled');
    my ($segment) = segments($nginx);
    ok(Lapor::Spool::held($segment), 'in a file that its worker holds');

    my $keeper = keeper($nginx);
    configure($nginx, $redis);
    my ($old) = $nginx->reload;

    ok(wait_until { grep { $_->{b} eq '{"laporan":1}' } $redis->entries } 20,
       'after a reload it flows into the other redis');
    ok(Lapor::Test::alive($old), 'while the old worker is still there');
    $keeper->close;
};


subtest 'its replay had failed' => sub {
    my $redis = Lapor::FakeRedis->new(rules =>
        { XADD => { error => '-OOM command not allowed' } });
    my $nginx = Lapor::Nginx->new(steady => $STEADY);
    configure($nginx, $redis);
    $nginx->run;

    # the first is tried again and again; the next stays in an open file

    is(post_signed($nginx->port, '{"laporan":2}')->{status}, 200, 'spooled');
    ok(wait_until {
        my %status = $nginx->status;
        $status{lapor_replay_failures_total} > 0;
    } 20, 'a replay fails');
    is(post_signed($nginx->port, '{"laporan":3}')->{status}, 200, 'spooled');

    my $keeper = keeper($nginx);
    my ($old) = $nginx->reload;
    $redis->rules;

    ok((wait_until { !segments($nginx) } 20), 'then both flow');
    ok(Lapor::Test::alive($old), 'while the old worker is still there');
    $keeper->close;
};


done_testing;
