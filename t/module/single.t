# nginx without a master, as people run it to debug: it takes webhooks, refuses
# others, and ends when it is told to.

package Lapor::Nginx::Single;

use parent -norequire, 'Lapor::Nginx';

# the one process is master and worker

sub workers { return $_[0]{pid} ? $_[0]{pid} : () }


package main;

use Lapor::Test;
use Lapor::HTTP qw(post_signed request get sign);
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new;

for my $signal (qw(QUIT TERM)) {
    my $nginx = Lapor::Nginx::Single->new(steady => 'nginx itself is not'
        . ' made for it');
    $nginx->lapor(redis => $redis->address, main => 'master_process off;')
          ->run;
    my $port = $nginx->port;

    ok((wait_until { post_signed($port, "satu $signal")->{status} == 200 } 5),
       "$signal: accepted");
    my $large = 'besar ' x 9000;
    is(post_signed($port, $large)->{status}, 200, 'a large one, too');
    is(request($port, 'POST', '/webhook/whatsapp', body => 'x',
               headers => ['X-Hub-Signature-256', sign('y')])->{status}, 403,
       'a forged one is not');
    my %status = $nginx->status;
    is($status{'lapor_redis_links{state="up"}'}, 1, 'one link');
    cmp_ok($status{'lapor_webhooks_total{result="accepted"}'}, '>=', 2,
           'counted');

    $nginx->signal($signal);
    ok($nginx->wait_gone(10), "ends by $signal");
    ok((grep { $_->{b} eq "satu $signal" } $redis->entries), 'it is stored');
}

done_testing();
