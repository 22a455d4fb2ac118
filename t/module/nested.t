# Blocks within a webhook's location: "if" keeps its handler and brings a
# configuration of its own; named locations and redirects lead to it. Whatever
# way a webhook took, it is 200 and stored, or neither.

use Lapor::Test;
use Lapor::HTTP qw(request sign);
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new;
$nginx->lapor(redis => $redis->address, server => <<'EOF2')->run;
        location = /condition {
            lapor_webhook on;
            if ($http_x_debug) { set $debug 1; }
        }
        location = /limit {
            lapor_webhook on;
            limit_except POST { deny all; }
        }
        location = /allowed {
            lapor_webhook on;
            limit_except GET { allow 127.0.0.1; deny all; }
        }
        location = /denied {
            lapor_webhook on;
            limit_except GET { deny all; }
        }
        location = /mirror {
            lapor_webhook on;
            mirror /condition;
        }
        location = /rewrite { rewrite ^ /webhook/whatsapp last; }
        location = /try { try_files /absent @named; }
        location = /error { error_page 404 = @named; return 404; }
        location @named { lapor_webhook on; }
EOF2
my $port = $nginx->port;

for my $uri (qw(/condition /limit /allowed /mirror /rewrite /try /error)) {
    for my $debug ([], ['X-Debug' => 1]) {
        my $name = @$debug ? "$uri, the condition true" : $uri;
        my $body = "lewat $name";
        my $r = request($port, 'POST', $uri, body => $body,
            headers => ['X-Hub-Signature-256' => sign($body), @$debug]);
        is($r->{status}, 200, "$name: accepted");
        is(scalar(grep { $_->{b} eq $body } $redis->entries), 1,
           "$name: stored once");

        $r = request($port, 'POST', $uri, body => "palsu $name",
            headers => ['X-Hub-Signature-256' => sign($body), @$debug]);
        is($r->{status}, 403, "$name: a forged one is not");
        is($r->{body}, '', "$name: and gets nothing to read");
    }
}

# what limit_except lets through is still a webhook, and what it does not is none

is(request($port, 'GET', '/allowed?hub.mode=subscribe&hub.challenge=123'
           . "&hub.verify_token=$Lapor::Nginx::TOKEN")->{body}, '123',
   'the handshake of a location with limit_except');
is(request($port, 'PUT', '/allowed', body => 'x')->{status}, 405,
   'another method gets the module\'s answer');
is(request($port, 'POST', '/denied', body => 'ditolak',
           headers => ['X-Hub-Signature-256' => sign('ditolak')])->{status},
   403, 'a POST that is denied');
ok(!(grep { $_->{b} eq 'ditolak' } $redis->entries), 'is not stored');

ok(!(grep { $_->{b} =~ /palsu/ } $redis->entries), 'nothing forged is stored');

done_testing();
