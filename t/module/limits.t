# lapor_max_pending, HTTP/2, several locations and Redis servers.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed sign);
use Lapor::Nginx;
use Lapor::Redis;

sub pending {
    my ($nginx) = @_;

    my %status = $nginx->status;
    return $status{lapor_pending};
}

sub post_many {
    my ($nginx, $count, $body) = @_;

    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. $count;
    $_->write(Lapor::HTTP::signed_text($body)) for @conns;
    return @conns;
}

subtest 'too many entries' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address,
        http => 'lapor_max_pending 5;', timeout => '5s')->run;
    is(post_signed($nginx->port, 'awal')->{status}, 200, 'up');

    $fake->rules(XADD => { delay => 0.8 });
    my @conns = post_many($nginx, 5, 'menunggu');
    ok((wait_until { pending($nginx) == 5 } 5), 'five are pending');

    my $r = post_signed($nginx->port, 'keenam');
    is($r->{status}, 503, 'the sixth is refused');
    cmp_ok($r->{time}, '<', 0.3 * patience(), 'at once');
    ok($r->{headers}{'retry-after'}, 'with Retry-After');

    is(scalar(grep { $_->response->{status} == 200 } @conns), 5,
       'the five are accepted');
    $fake->rules;
    is(post_signed($nginx->port, 'lagi')->{status}, 200, 'then there is room');
    my %status = $nginx->status;
    is($status{'lapor_webhooks_total{result="overload"}'}, 1, 'counted');
};

subtest 'too many bytes' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address,
        http => 'lapor_max_pending 100 10k;', timeout => '5s')->run;
    is(post_signed($nginx->port, 'x' x 20_000)->{status}, 200,
       'a body beyond the limit passes alone');

    $fake->rules(XADD => { delay => 0.8 });
    my @conns = post_many($nginx, 2, 'x' x 5000);
    ok((wait_until { pending($nginx) == 2 } 5), 'two are pending');
    my %status = $nginx->status;
    is($status{lapor_pending_bytes}, 10_000, 'with their bytes');
    is(post_signed($nginx->port, 'x' x 241)->{status}, 503,
       'more bytes are refused');
    is(scalar(grep { $_->response->{status} == 200 } @conns), 2,
       'the two are accepted');
};

subtest 'what was abandoned counts, too' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address,
        http => 'lapor_max_pending 3;', timeout => '900ms')->run;
    is(post_signed($nginx->port, 'awal')->{status}, 200, 'up');

    $fake->rules(XADD => { delay => 0.6 });
    my @conns = post_many($nginx, 3, 'pergi');
    ok((wait_until { pending($nginx) == 3 } 5), 'three are pending');
    $_->abort for @conns;
    is(post_signed($nginx->port, 'keempat')->{status}, 503,
       'Redis still has them to answer');
    $fake->rules;
    ok((wait_until { pending($nginx) == 0 } 5), 'they are gone');
    is(post_signed($nginx->port, 'lagi')->{status}, 200, 'then there is room');
};

subtest 'two Redis servers, two locations each' => sub {
    my @redis = map { Lapor::Redis->new(tcp => $_) } 0, 1;
    my $nginx = Lapor::Nginx->new;
    $nginx->lapor(redis => $redis[0]->address, server => <<"EOF")->run;
        location = /dua {
            lapor_webhook on;
            lapor_redis   @{[ $redis[1]->address ]};
        }
        location /dua_lagi {
            lapor_webhook on;
            lapor_redis   @{[ $redis[1]->address ]};
            location = /dua_lagi/bukan {
                return 204;
            }
        }
EOF
    my %status = $nginx->status;
    is($status{'lapor_redis_links{state="up"}'}
       + $status{'lapor_redis_links{state="down"}'}, 2, 'two links, not three');

    is(post_signed($nginx->port, 'satu')->{status}, 200, 'the first');
    is(post_signed($nginx->port, 'dua', uri => '/dua')->{status}, 200,
       'the second');
    is(post_signed($nginx->port, 'tiga', uri => '/dua_lagi')->{status}, 200,
       'and again');

    $redis[0]->stop;
    is(post_signed($nginx->port, 'empat')->{status}, 503, 'one is down');
    is(post_signed($nginx->port, 'lima', uri => '/dua')->{status}, 200,
       'the other is not');
    is(join(' ', sort map { $_->{b} } $redis[1]->entries), 'dua lima tiga',
       'each has its own');
};

subtest 'IPv6' => sub {
    my $redis = Lapor::Redis->new(tcp => 1, config => { bind => '::1' },
                                  start => 0);
    if (!-e '/proc/net/if_inet6' || !eval { $redis->start; 1 }) {
        plan(skip_all => 'no IPv6 here') unless ci();
    }
    my $nginx = Lapor::Nginx->new;
    $nginx->lapor(redis => '[::1]:' . $redis->port)->run;
    is(post_signed($nginx->port, 'enam')->{status}, 200, 'over IPv6');
};

subtest 'HTTP/2' => sub {
    my $curl = have_program('curl');
    if (!$curl || `$curl --version` !~ /HTTP2/) {
        fail('curl speaks HTTP/2') if ci();
        plan(skip_all => 'no curl with HTTP/2') unless ci();
        return;
    }

    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(
        steady => 'a reload ends connections of HTTP/2');
    my $tls = free_port();
    my ($made) = run_cmd(need_program('openssl'), qw(req -x509 -newkey ec
        -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj
        /CN=localhost -keyout), "$nginx->{dir}/key.pem", '-out',
        "$nginx->{dir}/cert.pem");
    is($made, 0, 'a certificate');
    $nginx->lapor(redis => $redis->address, listen => 'http2',
                  server => <<"EOF")->run;
        listen 127.0.0.1:$tls ssl http2;
        ssl_certificate     %%DIR%%/cert.pem;
        ssl_certificate_key %%DIR%%/key.pem;
EOF
    my $url = $nginx->url . '/webhook/whatsapp';

    my @base = ($curl, '-s', '--http2-prior-knowledge', '-o', '/dev/null',
                '-w', "%{http_version} %{http_code} %{size_download}\n");

    my $body = '{"h2":true}';
    my (undef, $out) = run_cmd(@base, '-H',
        'X-Hub-Signature-256: ' . sign($body), '--data-binary', $body, $url);
    is($out, "2 200 0\n", 'accepted');
    (undef, $out) = run_cmd(@base, '-H',
        'X-Hub-Signature-256: ' . sign("$body "), '--data-binary', $body,
        $url);
    is($out, "2 403 0\n", 'refused');
    (undef, $out) = run_cmd(@base, "$url?hub.mode=subscribe&hub.challenge=123"
        . "&hub.verify_token=$Lapor::Nginx::TOKEN");
    is($out, "2 200 3\n", 'verified');

    my $large = 'h' x 65536;
    $nginx->file('large', $large);
    (undef, $out) = run_cmd(@base, '-H',
        'X-Hub-Signature-256: ' . sign($large), '--data-binary',
        "\@$nginx->{dir}/large", $url);
    is($out, "2 200 0\n", 'a large body is accepted');

    # thirty streams of one connection; over TLS, since curl 7.88 breaks a
    # connection of prior knowledge when it uses it again

    my @urls = map { ('-o', '/dev/null',
        "https://localhost:$tls/webhook/whatsapp") } 1 .. 30;
    (undef, $out) = run_cmd($curl, '-s', '-k', '--http2', '-Z',
        '-H', 'X-Hub-Signature-256: ' . sign($body), '--data-binary', $body,
        '-w', "%{http_version} %{http_code}\n", @urls);
    my $count = () = $out =~ /^2 200$/mg;
    is($count, 30, 'thirty streams at once are accepted');
    is(scalar(grep { $_->{b} eq $body } $redis->entries), 31, 'and stored');
    ok((grep { $_->{b} eq $large } $redis->entries), 'the large one, too');

    # streams that are given up while Redis thinks

    $redis->pause;
    (my $rc) = run_cmd($curl, '-s', '--http2-prior-knowledge', '-m', '0.3',
        '-H', 'X-Hub-Signature-256: ' . sign($body), '--data-binary', $body,
        $url);
    is($rc, 28, 'curl gives up');
    $redis->resume;
    ok((wait_until {
        my (undef, $out) = run_cmd(@base, '-H',
            'X-Hub-Signature-256: ' . sign($body), '--data-binary', $body,
            $url);
        $out eq "2 200 0\n";
    } 15), 'and the next is accepted');
};

done_testing();
