# The verify token is in no log: not in a line of nginx itself about a request
# that it refuses, before or after it knows the location, not when the callback
# address is mistyped, not in nginx's own log formats. The hidden check looks
# for it in all logs of the test; here is told what each line has instead.

use Lapor::Test;
use Lapor::HTTP qw(get request);
use Lapor::HTTP2;
use Lapor::Nginx;

use IO::Socket::UNIX ();

my $TOKEN = $Lapor::Nginx::TOKEN;
my $PATH = '/webhook/whatsapp';
my $openssl = need_program('openssl');

my $nginx = Lapor::Nginx->new(steady => 'a worker that stops keeps no '
    . 'connection');
my ($h2, $tls, $other) = (free_port(), free_port(), free_port());
my $dir = $nginx->dir;

my ($rc, undef, $err) = run_cmd($openssl, qw(req -x509 -newkey ec -pkeyopt
    ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -keyout),
    "$dir/key.pem", '-out', "$dir/cert.pem");
is($rc, 0, 'a certificate') or diag($err);

my $syslog = IO::Socket::UNIX->new(Type => 2, Local => "$dir/syslog.sock");
chmod 0777, "$dir/syslog.sock";

$nginx->lapor(redis => "unix:$dir/nobody.sock", listen => 'default_server',
    http => <<"EOF2", server => <<'EOF3')->run;
    access_log %%DIR%%/logs/combined.log combined;
    log_format uris '\$request|\$request_uri|\$args|\$query_string|\$is_args';
    access_log %%DIR%%/logs/uris.log uris;
    rewrite_log on;
    large_client_header_buffers 2 1k;
    client_header_buffer_size 1k;
    client_header_timeout 300ms;
    limit_req_zone \$binary_remote_addr zone=satu:1m rate=1r/m;
    error_log %%DIR%%/logs/error.log info;
    error_log syslog:server=unix:$dir/syslog.sock,nohostname info;
    map \$request_uri \$odd { ~odd 1; default 0; }
    server {
        listen 127.0.0.1:$h2 http2;
        location = $PATH { lapor_webhook on; }
    }
    server {
        listen 127.0.0.1:$tls ssl;
        error_log %%DIR%%/logs/tls.log info;
        ssl_certificate        %%DIR%%/cert.pem;
        ssl_certificate_key    %%DIR%%/key.pem;
        ssl_client_certificate %%DIR%%/cert.pem;
        ssl_verify_client      on;
        location = $PATH { lapor_webhook on; }
    }
    server {
        listen 127.0.0.1:$other;
        error_log %%DIR%%/logs/other.log info;
        error_log %%DIR%%/logs/other2.log info;
        root %%DIR%%;
    }
EOF2
        if ($odd) { set $was_odd 1; }
        location = /denied { lapor_webhook on; deny all; }
        location = /basic {
            lapor_webhook on;
            auth_basic tidak;
            auth_basic_user_file %%DIR%%/nobody;
        }
        location = /limited { lapor_webhook on; limit_req zone=satu; }
        location = /444 { lapor_webhook on; return 444; }
        location /proxied { proxy_pass http://127.0.0.1:1; }
        location /loop { rewrite ^ /loop; }
        location / { root %%DIR%%; }
EOF3
my $port = $nginx->port;
my $query = "hub.mode=subscribe&hub.challenge=7&hub.verify_token=$TOKEN";

# told($name, $regex, $code): the code makes a line of this kind, and its query
# is hidden

sub told {
    my ($name, $regex, $code, $file) = @_;

    $file = "$dir/logs/" . ($file || 'error.log');
    my $old = length slurp($file);
    $code->();
    my $line;
    ok((wait_until {
        ($line) = grep { $_ =~ $regex } split /\n/, substr slurp($file), $old;
        defined $line;
    } 5), "$name: nginx tells") or diag(substr slurp($file), $old);
    return if !defined $line;
    unlike($line, qr/token-|verifikasi/, "$name: but no token");
    like($line, qr/\?\.\.\."|referrer/, "$name: it is left out");
}

sub raw {
    my ($text, %opt) = @_;

    return sub {
        my $conn = Lapor::HTTP->connect($opt{port} || $port);
        $conn->write($text);
        return $conn->abort if $opt{abort};
        $conn->response;
        $conn->close;
    };
}

my $line = "GET $PATH?$query HTTP/1.1\r\n";
my $long = 'x' x 1500;

# before nginx knows the location

told('a bad header', qr/client sent invalid header line/,
     raw("${line}Host: a\r\nbu ruk\r\n\r\n"));
told('a null in a header', qr/client sent invalid header line/,
     raw("${line}Host: a\r\nX: \0\r\n\r\n"));
told('no host', qr/without "Host" header/, raw("$line\r\n"));
told('a bad host', qr/client sent invalid host/,
     raw("${line}Host: a/b\r\n\r\n"));
told('two hosts', qr/duplicate host|Host/,
     raw("${line}Host: a\r\nHost: b\r\n\r\n"));
told('a bad length', qr/invalid "Content-Length"/,
     raw("${line}Host: a\r\nContent-Length: x\r\n\r\n"));
told('a long header', qr/too long header line|too large/,
     raw("${line}Host: a\r\nX: $long\r\n\r\n"));
told('a long line', qr/client sent too long URI/,
     raw("GET $PATH?$query&x=$long HTTP/1.1\r\n\r\n"));
told('a bad version', qr/client sent invalid (?:version|request)/,
     raw("GET $PATH?$query HTTP/9.9\r\nHost: a\r\n\r\n"));
told('a blank in the token', qr/client sent invalid request/,
     raw("GET $PATH?hub.verify_token=x $TOKEN HTTP/1.1\r\nHost: a\r\n\r\n"));
told('a bad method', qr/client sent invalid method/,
     raw("get $PATH?$query HTTP/1.1\r\nHost: a\r\n\r\n"));
told('too large a body', qr/client intended to send too large body/,
     raw("${line}Host: a\r\nContent-Length: 9999999\r\n\r\n"));
told('an unknown coding', qr/client sent unknown "Transfer-Encoding"/,
     raw("${line}Host: a\r\nTransfer-Encoding: x\r\n\r\n"));
told('it goes away', qr/recv\(\) failed|closed connection|prematurely/,
     raw("${line}Host: a\r\n", abort => 1));
told('it says no more', qr/client timed out/, raw("${line}Host: a\r\n"));
told('half a line', qr/client timed out/, raw("GET $PATH?$query"));
told('the second of a connection', qr/client sent invalid header line/,
     raw("GET /lapor_status HTTP/1.1\r\nHost: a\r\n\r\n$line\0\r\n\r\n"));

# where it is no webhook: the address was mistyped

told('another path', qr/open\(\) ".*" failed/,
     raw("GET /webhook/whatsap?$query HTTP/1.1\r\nHost: a\r\n\r\n"));
told('another server', qr/open\(\) ".*" failed/,
     raw("GET /whatsapp?$query HTTP/1.1\r\nHost: a\r\n\r\n", port => $other),
     $_) for qw(other.log other2.log);
told('a proxy', qr/upstream: /,
     raw("GET /proxied?$query HTTP/1.1\r\nHost: a\r\n\r\n"));
told('a referrer', qr/open\(\) ".*" failed/,
     raw("GET /favicon.ico HTTP/1.1\r\nHost: a\r\n"
         . "Referer: http://a$PATH?$query\r\nConnection: close\r\n\r\n"));
told('a loop', qr/rewrite or internal redirection cycle/,
     raw("GET /loop?$query HTTP/1.1\r\nHost: a\r\n\r\n"));

# by other spellings of its name

told("as $_", qr/open\(\) ".*" failed/,
     raw("GET /salah?a=b&$_=$TOKEN&c=d HTTP/1.1\r\nHost: a\r\n\r\n"))
    for 'hub.verify%5Ftoken', '%68ub.%76erif%79_token', 'hub_verify_token',
        'HUB.VERIFY_TOKEN', 'verify_token';

# by modules that come before ours

get($port, "$_?$query") for qw(/denied /basic /limited /limited /444);
like($nginx->error_log, qr/access forbidden by rule/, 'denied');
like($nginx->error_log, qr/limiting requests/, 'limited');

# over TLS, without the certificate that is asked for, and without TLS

my $conn = Lapor::HTTP->tls($tls);
told('no certificate', qr/client sent no required SSL certificate/, sub {
    $conn->write("${line}Host: a\r\n\r\n");
    is($conn->response->{status}, 400, 'refused');
}, 'tls.log');
told('plain HTTP', qr/client sent plain HTTP request/,
     raw("${line}Host: a\r\n\r\n", port => $tls), 'tls.log');
$conn->close;

# over HTTP/2

my $frames = Lapor::HTTP2->new(Lapor::HTTP->connect($h2));
told('HTTP/2, another path', qr/open\(\) ".*" failed/, sub {
    is($frames->status($frames->open('GET', "/whatsapp?$query", end => 1)),
       404, 'refused');
});
told('HTTP/2, too large', qr/client intended to send too large body/, sub {
    is($frames->status($frames->open('GET', "$PATH?$query", headers =>
        ['content-length', 9_999_999])), 413, 'refused');
});
$frames->close;

# the handshake works as ever, and its answer asks the browser of who tries it
# by hand not to repeat the address

my $r = get($port, "$PATH?$query&odd");
is("$r->{status} $r->{body}", '200 7', 'a handshake');
is($r->{headers}{'referrer-policy'}, 'no-referrer', 'not to be repeated');

# other queries stay in the logs

get($port, "/lain?q=cari&verify=1");
like($nginx->error_log, qr{request: "GET /lain\?q=cari&verify=1 HTTP/1\.1"},
     'another query is told');
ok(wait_until {
    slurp("$dir/logs/combined.log") =~ m{"GET /lain\?q=cari&verify=1 };
} 5, 'in the log of requests, too');

# logs of requests, in nginx's own formats

like(slurp("$dir/logs/combined.log"), qr{"GET \Q$PATH\E" 400 },
     'combined, of a request that nginx refuses');
like(slurp("$dir/logs/combined.log"), qr{"GET \Q$PATH\E" 413 },
     'and of one that is too large');
like(slurp("$dir/logs/combined.log"), qr{"GET /webhook/whatsap" 404 },
     'and of a mistyped address');
like(slurp("$dir/logs/uris.log"), qr{^GET \Q$PATH\E\|\Q$PATH\E\|-\|-\|$}m,
     'by each variable, also one that was asked for before');

# what went to syslog

my ($datagrams, $bytes) = ('', '');
$syslog->blocking(0);
$datagrams .= "$bytes\n" while defined $syslog->recv($bytes, 65536)
                               && length $bytes;
like($datagrams, qr/client sent invalid header line/, 'of nginx itself');
unlike($datagrams, qr/\Q$TOKEN\E/, 'and no token');

done_testing();
