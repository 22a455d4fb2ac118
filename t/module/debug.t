# error_log at level debug: nginx takes webhooks, reloads and ends as ever. What
# it says while it takes itself apart still goes through the module's writer of
# logs, until that one has gone.

use Lapor::Test;
use Lapor::HTTP qw(post_signed get);
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new;

for my $signal (qw(QUIT TERM)) {
    my $nginx = Lapor::Nginx->new(level => 'debug');
    $nginx->lapor(redis => $redis->address, workers => 2,
                  http => 'lapor_spool %%DIR%%/spool;')->run;
    my $port = $nginx->port;
    my ($rc, $out) = $nginx->test_conf('-V');
    plan(skip_all => 'an nginx without debug') if $out !~ /--with-debug/;

    is(post_signed($port, "satu $signal")->{status}, 200, 'accepted');
    my @old = $nginx->reload;
    ok($nginx->wait_gone(10, @old), 'reloaded');
    is(post_signed($port, "dua $signal")->{status}, 200, 'accepted');
    is(get($port, "/lain?verify_token=$Lapor::Nginx::TOKEN")->{status}, 404,
       'elsewhere');
    like($nginx->error_log, qr/\[debug\] .*"GET \/lain\?\.\.\."/,
         'a line of debug is looked at as well');

    $nginx->signal($signal);
    ok($nginx->wait_gone(10), "$signal: nginx leaves");
    unlike($nginx->error_log, qr/exited on signal/, 'of its own accord');
}

done_testing();
