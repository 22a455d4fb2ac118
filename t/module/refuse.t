# What is not certainly from Meta gets a 403 with an empty body and goes
# nowhere; other methods 405, too large bodies 413.

use Lapor::Test;
use Lapor::HTTP qw(post_signed request sign chunked get);
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new;
$nginx->file('second_secret', "rahasia-kedua\r\n", 0600);
$nginx->lapor(redis => $redis->address, size => '16k', server => <<'EOF')->run;
        location = /rotation {
            lapor_webhook on;
            lapor_app_secret_file %%DIR%%/second_secret;
            lapor_app_secret_file %%SECRET%%;
        }
        location = /small_buffer {
            lapor_webhook on;
            client_body_buffer_size 4k;
        }
        location = /error_page {
            lapor_webhook on;
            error_page 403 405 413 503 /other;
        }
        location = /other {
            return 200 "an error page";
        }
EOF
my $port = $nginx->port;

my $body = '{"laporan":"rahasia warga"}';
my $good = sign($body);
my $hex = substr $good, 7;
$nginx->forbid('rahasia', $hex, substr $hex, 0, 16);

sub refused {
    my ($name, $headers, $status, $uri) = @_;

    my $r = request($port, 'POST', $uri || '/webhook/whatsapp',
                    body => $body, headers => $headers);
    is($r->{status}, $status || 403, $name);
    is($r->{body}, '', 'its body is empty');
    is($r->{headers}{'content-length'}, 0, 'and says so');
}

my $name = 'X-Hub-Signature-256';

refused('no signature', []);
refused('the signature twice', [$name, $good, $name, $good]);
refused('in two spellings', [$name, $good, lc $name, $good]);
refused('a right one before a wrong one',
        [$name, $good, $name, 'sha256=' . '0' x 64]);
refused('an empty signature', [$name, '']);
refused('only the prefix', [$name, 'sha256=']);
refused('no prefix', [$name, $hex]);
refused('upper case prefix', [$name, "SHA256=$hex"]);
refused('sha1 prefix', [$name, "sha1=$hex"]);
refused('sha512 prefix', [$name, "sha512=$hex"]);
refused('upper case hex', [$name, 'sha256=' . uc $hex]);
refused('63 digits', [$name, substr $good, 0, -1]);
refused('65 digits', [$name, "${good}0"]);
refused('no hex', [$name, 'sha256=' . 'g' x 64]);
refused('a colon', [$name, "sha256:$hex"]);
refused('a space within', [$name, "sha256= $hex"]);
refused('two in one', [$name, "$good,$good"]);
refused('a wrong digit', [$name,
    substr($good, 0, -1) . (substr($good, -1) eq '0' ? '1' : '0')]);
refused('zeros', [$name, 'sha256=' . '0' x 64]);
refused('another secret', [$name, sign($body, 'app-secret-lain')]);
refused('another body\'s', [$name, sign("$body ")]);
refused('the old header alone',
        ['X-Hub-Signature', 'sha1=a7cd7e45047cc3db92097538fbcb5f44dee93e46']);

# nginx logs a line of that kind, at level info, so it is not the right one

refused('underscores', ['X_Hub_Signature_256', 'sha256=' . '0' x 64]);
refused('an error page is not asked', [$name, 'sha256=' . '0' x 64], 403,
        '/error_page');

# by length alone a refused body is not read

{
    my $conn = Lapor::HTTP->connect($port);
    $conn->write("POST /webhook/whatsapp HTTP/1.1\r\nHost: a\r\n"
        . "Content-Length: 10000\r\n\r\n");
    is($conn->response->{status}, 403, 'without a signature nothing is read');
}

# empty bodies

for my $headers ([], ['Content-Length', 0], ['Transfer-Encoding', 'chunked']) {
    my $conn = Lapor::HTTP->connect($port);
    $conn->write(Lapor::HTTP::format_request('POST', '/webhook/whatsapp',
        headers => [$name, sign(''), @$headers])
        . (@$headers && $headers->[1] eq 'chunked' ? "0\r\n\r\n" : ''));
    is($conn->response->{status}, 403, "an empty body: @$headers");
}

# two secrets, while the app's secret is being changed

is(post_signed($port, 'a', uri => '/rotation')->{status}, 200,
   'the second of two secrets');
is(post_signed($port, 'b', uri => '/rotation', secret => 'rahasia-kedua')
   ->{status}, 200, 'the first of two secrets');
is(post_signed($port, 'c', uri => '/rotation', secret => 'rahasia-ketiga')
   ->{status}, 403, 'a third');
is(post_signed($port, 'd', secret => 'rahasia-kedua')->{status}, 403,
   'a secret holds for its location only');

# too large

is(post_signed($port, 'x' x 16384)->{status}, 200, 'as large as allowed');
is(post_signed($port, 'x' x 16385)->{status}, 413, 'larger than allowed');
is(post_signed($port, 'x' x 10000, uri => '/small_buffer')->{status}, 413,
   'larger than the buffer');

for my $size (16385, 100_000) {
    my $conn = Lapor::HTTP->connect($port);
    my $large = 'x' x $size;
    $conn->write("POST /webhook/whatsapp HTTP/1.1\r\nHost: a\r\n$name: "
        . sign($large) . "\r\nTransfer-Encoding: chunked\r\n\r\n"
        . chunked($large, 5000));
    is($conn->response->{status}, 413, "$size bytes in chunks");
}

# other methods

for my $method (qw(PUT DELETE PATCH OPTIONS PROPFIND)) {
    my $r = request($port, $method, '/webhook/whatsapp', body => $body,
                    headers => [$name, $good]);
    is($r->{status}, 405, "$method is not allowed");
    is($r->{headers}{allow}, 'GET, POST', 'and what is, is told');
    is($r->{body}, '', 'with an empty body');
}
is(request($port, 'HEAD', '/webhook/whatsapp')->{status}, 405, 'nor is HEAD');

# a client that lies about its length, or is no HTTP client

{
    my $conn = Lapor::HTTP->connect($port);
    $conn->write("POST /webhook/whatsapp HTTP/1.1\r\nHost: a\r\n$name: $good"
        . "\r\nContent-Length: 1000\r\n\r\n$body");
    $conn->abort;

    $conn = Lapor::HTTP->connect($port);
    $conn->write("POST /webhook/whatsapp HTTP/1.1\r\nHost: a\r\n$name: $good"
        . "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n$body");
    is($conn->response->{status}, 400, 'broken chunks');
}

# nothing of all this is in Redis

is(join(' ', sort map { substr $_->{b}, 0, 1 } $redis->entries), 'a b x',
   'only what was signed is stored');

# the counters tell the causes apart

my %status;
wait_until {
    %status = $nginx->status;
    $status{'lapor_webhooks_total{result="bad_request"}'} >= 2;
} 5, 'the last requests to be counted';

my %want = (no_signature => 4, double_signature => 3,
            malformed_signature => 13, wrong_signature => 7, empty => 3,
            too_large => 4, method => 6, accepted => 3, bad_request => 2);
is($status{"lapor_webhooks_total{result=\"$_\"}"}, $want{$_}, "counted: $_")
    for sort keys %want;

like($nginx->access_log, qr/ POST \S+ 403 wrong_signature -$/m,
     'the access log tells the cause');

done_testing();
