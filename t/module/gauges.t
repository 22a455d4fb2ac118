# What the status says of the spool is that of the directories that there are,
# and is not forgotten when nobody could look.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $STEADY = 'its gauges are those of one configuration';
my $DAMAGED = Lapor::Spool::name(1760000000000, 4711, 0) . '.damaged';


# configure($nginx, $redis, $spool): at the webhook's location

sub configure {
    my ($nginx, $redis, $spool) = @_;

    $nginx->lapor(redis => $redis->address, timeout => '3s',
                  location => "lapor_spool $spool;");
}


sub damaged { return gauge($_[0], 'lapor_spool_damaged_files') }


subtest 'a directory that is no longer configured' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(steady => $STEADY);
    own(spool_dir($nginx));
    Lapor::Spool::put(spool_dir($nginx), $DAMAGED, 'foreign bytes');

    configure($nginx, $redis, spool_dir($nginx));
    $nginx->run;
    ok((wait_until { damaged($nginx) == 1 } 10), 'a file is set aside');
    is(gauge($nginx, 'lapor_spool_bytes'), -s spool_dir($nginx) . "/$DAMAGED",
       'and takes its room');

    configure($nginx, $redis, 'off');
    $nginx->reload;
    is(damaged($nginx), 0, 'without a spool there is none');
    is(gauge($nginx, 'lapor_spool_bytes'), 0, 'and no room is taken');
};


subtest 'a directory that cannot be looked into' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = Lapor::Nginx->new(steady => $STEADY);
    own(spool_dir($nginx));
    Lapor::Spool::put(spool_dir($nginx), $DAMAGED, 'foreign bytes');
    $nginx->allow_alert(qr/could not write to the spool/);
    $nginx->allow_alert(qr/could not read the spool/);

    configure($nginx, $redis, spool_dir($nginx));
    $nginx->run;
    is(post_signed($nginx->port, bodies(1))->{status}, 200, 'spooled');
    is(damaged($nginx), 1, 'a file is set aside');

    chmod 0, spool_dir($nginx) or die "could not chmod: $!\n";
    is(post_signed($nginx->port, bodies(1))->{status}, 503, 'refused');
    is(result($nginx, 'spool_error'), 1, 'since the spool could not');
    is(damaged($nginx), 1, 'the file is still there, as far as is known');
    chmod 0700, spool_dir($nginx);
};


done_testing;
