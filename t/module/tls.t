# conf/nginx/lapor-tls.conf as it is shipped, but for paths and ports: Meta's
# client certificate, who is refused without it, limits, logs, HTTP/2.

use Lapor::Test;
use Lapor::HTTP qw(sign get);
use Lapor::HTTP2;
use Lapor::Nginx;
use Lapor::Redis;

my $openssl = need_program('openssl');
my $curl = need_program('curl');
my $dir = test_dir();

my $META = 'client.webhooks.fbclientcerts.com';
my $NUMBER = '6280000000001';

# --- certificates: a root, an authority below it that signs, and its clients

sub openssl {
    my ($rc, $out, $err) = run_cmd($openssl, @_);
    die "openssl @_: $err" if $rc;
    return $out;
}

# issue($name, $subject, $issuer or undef for its own, $extensions, $days)

sub issue {
    my ($name, $subject, $by, $ext, $days) = @_;

    my $file = "$dir/$name";
    openssl(qw(ecparam -genkey -name prime256v1 -noout -out), "$file.key");
    openssl(qw(req -new -utf8 -key), "$file.key", '-subj', $subject, '-out',
            "$file.csr");
    spew("$file.ext", "$ext\n");
    openssl(qw(x509 -req -in), "$file.csr", '-extfile', "$file.ext", '-days',
        $days || 2, '-out', "$file.pem", $by
            ? ('-CA', "$dir/$by.pem", '-CAkey', "$dir/$by.key",
               '-CAcreateserial')
            : ('-signkey', "$file.key"));
    spew("$file.chain", slurp("$file.pem")
        . ($by && $by eq 'signer' ? slurp("$dir/signer.pem") : ''));
}

my $ca = 'basicConstraints=critical,CA:true';
my $client = 'extendedKeyUsage=clientAuth';

issue('root', '/O=Meta Contoh/CN=Outbound API CA', undef, $ca);
issue('signer', '/O=Meta Contoh/CN=Outbound API Signer', 'root', $ca);
issue('other', '/O=Lain/CN=Outbound API CA', undef, $ca);
issue('server', '/CN=localhost', undef, 'subjectAltName=DNS:localhost');

issue('meta', "/C=US/O=Meta Contoh/CN=$META", 'signer', $client);
issue('first', "/CN=$META/O=Meta Contoh/C=US", 'signer', $client);
issue('expired', "/CN=$META", 'signer', $client, -1);
issue('foreign', "/CN=$META", 'other', $client);
issue('selfmade', "/CN=$META", undef, $client);
issue('server_use', "/CN=$META", 'signer', 'extendedKeyUsage=serverAuth');

my %wrong_name = (
    longer   => "/CN=$META.example.org",
    before   => "/CN=evil-$META",
    below    => "/CN=evil.$META",
    dotless  => '/CN=client-webhooks.fbclientcerts.com',
    in_other => "/O=CN=$META/CN=lain",
    in_comma => "/O=a,CN=$META/CN=lain",
    in_last  => "/CN=lain,CN=$META",
    none     => '/O=Meta Contoh',
);
issue($_, $wrong_name{$_}, 'signer', $client) for sort keys %wrong_name;

# --- the file that is shipped

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new(steady => 'a worker that stops keeps no '
    . 'connection');
my $port = $nginx->port;
my $local = free_port();

my $shipped = slurp(repo_dir() . '/conf/nginx/lapor-tls.conf');

sub adapt {
    my ($text) = @_;

    my @changes = (
        [qr{/etc/lapor/app_secret}, '%%SECRET%%'],
        [qr{/etc/lapor/verify_token}, '%%TOKEN%%'],
        [qr{/etc/lapor/meta-outbound-api-ca\.pem}, "$dir/root.pem"],
        [qr{/etc/letsencrypt/\S+/fullchain\.pem}, "$dir/server.pem"],
        [qr{/etc/letsencrypt/\S+/privkey\.pem}, "$dir/server.key"],
        [qr{unix:/run/redis/redis-server\.sock}, $redis->address],
        [qr{/var/log/nginx}, '%%DIR%%/logs'],
        [qr{/var/spool/lapor/nginx}, '%%DIR%%/spool'],
        [qr{listen 443 }, "listen 127.0.0.1:$port "],
        [qr{listen \[::\]:443 }, "listen unix:$nginx->{dir}/tls.sock "],
        [qr{127\.0\.0\.1:8080}, "127.0.0.1:$local"],
    );
    for my $change (@changes) {
        my ($from, $to, $optional) = @$change;
        my $count = $text =~ s/$from/$to/g;
        ok($count || $optional, "the shipped file has $from");
    }

    $nginx->conf("%%TEST_GLOBALS%%\nworker_processes 2;\nevents {\n"
        . "worker_connections 1024;\n}\nhttp {\n%%TEST_GLOBALS_HTTP%%\n"
        . "lapor_timeout 4s;\n$text\n}\n");
    my ($rc, $out) = $nginx->test_conf;
    is($rc, 0, 'nginx accepts it') or diag($out);
    unlike($out, qr/\[warn\]/, 'without a warning');
}

adapt($shipped);
$nginx->forbid($NUMBER, 'Pohon tumbang', 'hub.', 'rahasia');
$nginx->run;

# --- requests

my $url = "https://localhost:$port/webhook/whatsapp";
my @curl = ($curl, '-s', '-S', '--cacert', "$dir/server.pem", '-m', 20, '-w',
            '%{http_version} %{http_code}\n', '-o', '/dev/null');

sub as {
    my ($name) = @_;

    return () unless defined $name;
    return ('--cert', "$dir/$name.chain", '--key', "$dir/$name.key");
}

sub body {
    my ($n) = @_;

    return qq({"from":"$NUMBER","n":$n,"text":{"body":"Pohon tumbang"}});
}

# post($body, as => certificate, signature =>, more => [curl's options])
# -> "HTTP-version status"

sub post {
    my ($body, %opt) = @_;

    my $file = $nginx->file('body', $body);
    my ($rc, $out, $err) = run_cmd(@curl, as($opt{as}), '--data-binary',
        "\@$file", '-H', 'X-Hub-Signature-256: '
        . ($opt{signature} || sign($body)), '-H',
        'Content-Type: application/json', @{ $opt{more} || [] },
        $opt{url} || $url);
    chomp $out;
    return $rc ? "$rc $err" : $out;
}

# stored(@bodies) -> how often the first, or how many of several once

sub stored {
    my @bodies = @_;

    my %count;
    $count{ $_->{b} }++ for $redis->entries;
    return $count{ $bodies[0] } || 0 if @bodies == 1;
    return scalar grep { ($count{$_} || 0) == 1 } @bodies;
}

sub refused_log { return slurp("$nginx->{dir}/logs/lapor.refused.log") }
sub served_log  { return slurp("$nginx->{dir}/logs/lapor.access.log") }

# told($log, $regex, $name): the line is written when the client has its answer

sub told {
    my ($log, $regex, $name) = @_;

    ok((wait_until { $log->() =~ $regex } 5), $name) or diag($log->());
}

sub counter {
    my ($result) = @_;

    my $text = get($local, '/lapor/status')->{body};
    my ($value) = $text =~ /^lapor_webhooks_total\{result="$result"\} (\d+)$/m;
    return $value;
}

subtest 'who is Meta' => sub {
    my $n = 0;

    for my $name (qw(meta first)) {
        my $body = body($n++);
        is(post($body, as => $name), '2 200', "$name: accepted");
        is(stored($body), 1, 'and stored');
    }

    told(\&served_log, qr{^127\.0\.0\.1 \S+ [0-9a-f]{32} HTTP/2\.0 POST }m
        . qr{/webhook/whatsapp 200 \d+ \S+ accepted valid lapor:\S+ \d+-\d+ }
        . qr{\S+ "SUCCESS"$}m, 'the log has the request\'s id and its result');

    my $body = body('"asing"');
    is(post($body), '2 403', 'no certificate');
    told(\&refused_log, qr/POST \S+ 403 .* bad_request - - - - "NONE"$/m,
         'is told in the log of refused requests');

    is(post($body, as => 'foreign'), '2 403', 'another authority');
    told(\&refused_log, qr/ 403 .* "FAILED:unable to/, 'is told');
    is(post($body, as => 'selfmade'), '2 403', 'a certificate of its own');
    told(\&refused_log, qr/ 403 .* "FAILED:self.signed certificate"$/m,
         'is told');

    is(post($body, as => $_), '2 403', "another name: $wrong_name{$_}")
        for sort keys %wrong_name;
    told(\&refused_log, qr/ 403 .* bad_request - - - - "SUCCESS"$/m, 'is told');

    is(post($body, as => 'expired'), '2 400', 'an expired one');
    told(\&refused_log, qr/ 400 .* "FAILED:certificate has expired"$/m,
         'is told');
    is(post($body, as => 'server_use'), '2 400', 'one of a server');

    is(stored($body), 0, 'nothing of all this is stored');
    ok((wait_until { counter('bad_request') == 3 + keys %wrong_name } 5),
       'those whom the location has refused are counted');

    is(post($body, as => 'meta', signature => sign("$body ")), '2 403',
       'the certificate alone is not enough');
    told(\&refused_log, qr/ 403 .* wrong_signature wrong - - - "SUCCESS"$/m,
         'is told');
    is(stored($body), 0, 'nor is that stored');
    is(post($body, as => 'meta', more => ['--http1.1']), '1.1 200',
       'HTTP/1.1 is as good');

    told(\&served_log, qr{HTTP/1\.1 POST .* accepted}, 'is told');
    my @ids = map { (split)[2] } split /\n/, served_log() . refused_log();
    my %ids = map { $_ => 1 } @ids;
    is(scalar(keys %ids), scalar(@ids), 'each request has an id of its own');
};

subtest 'other doors' => sub {
    my $query = 'hub.mode=subscribe&hub.challenge=1158201444'
              . "&hub.verify_token=$Lapor::Nginx::TOKEN";
    my @get = (grep({ $_ ne '-o' && $_ ne '/dev/null' } @curl));

    for my $name (undef, 'meta') {
        my (undef, $out) = run_cmd(@get, as($name), "$url?$query");
        is($out, "11582014442 200\n", 'the handshake, certificate: '
           . ($name || 'none'));
    }

    my $body = body('"pintu"');
    is(post($body, url => "$url?$query"), '2 403',
       'a stranger that posts a query');

    for my $path (qw(/webhook/stranger /lapor/status / /.env)) {
        my (undef, $out) = run_cmd(@curl, "https://localhost:$port$path");
        is($out, "2 404\n", "$path is not there");
        is(post($body, url => "https://localhost:$port$path", as => 'meta'),
           '2 404', 'nor for a POST');
    }
    unlike(refused_log(), qr/\.env/, 'what looks around fills no log');

    my $r = get($local, '/lapor/status');
    is($r->{status}, 200, 'the counters are on loopback');
    $r = Lapor::HTTP::post_signed($local, $body);
    is($r->{status}, 404, 'where there is no webhook');

    $r = get($port, '/webhook/whatsapp');
    is($r->{status}, 400, 'no plain HTTP');
    unlike($r->{raw}, qr{nginx/|lapor}i, 'and no version');
    my (undef, $head) = run_cmd(@get, '-I', "https://localhost:$port/");
    like($head, qr/^server: nginx\r$/m, 'nor with TLS');

    my ($rc) = run_cmd(@curl, '--tls-max', '1.1', $url);
    is($rc, 35, 'TLS 1.1 is too old');
    (undef, my $out) = run_cmd(@curl, as('meta'), '--tls-max', '1.2',
        '--data-binary', $body, '-H', 'X-Hub-Signature-256: ' . sign($body),
        $url);
    is($out, "2 200\n", 'TLS 1.2 is not');
};

# the identity of a session goes with it, and no stranger gets into it

sub tls {
    my ($name, %opt) = @_;

    return Lapor::HTTP->tls($port, ca => "$dir/server.pem", %opt, $name
        ? (cert => "$dir/$name.pem", key => "$dir/$name.key",
           more => ['-cert_chain', "$dir/$name.chain", @{ $opt{more} || [] }])
        : ());
}

sub text { return Lapor::HTTP::signed_text($_[0], keepalive => 1) }

subtest 'resumed sessions' => sub {
    for my $case (['meta', 200], [undef, 403], ['foreign', 403]) {
        my ($name, $status) = @$case;
        for my $version ('-tls1_2', '-tls1_3') {
            my $session = "$dir/session";
            unlink $session;
            my $conn = tls($name, more => [$version, '-sess_out', $session]);
            $conn->write(text('{"sesi":1}'));
            is($conn->response->{status}, $status, ($name || 'none')
               . " $version");
            ok((wait_until { -s $session } 5), 'a session is kept');
            $conn->close;
            $conn = Lapor::HTTP->tls($port, more =>
                [$version, '-sess_in', $session]);
            $conn->write(text('{"sesi":2}'));
            is($conn->response->{status}, $status, 'and taken up again');
            $conn->close;
        }
    }
};

# --- limits: what is Meta's is never refused

# burst($conns, $count, $text) -> hash of statuses; $count requests pipelined
# on each connection

sub burst {
    my ($conns, $count, $text) = @_;

    my %status;
    $_->write($text x $count) for @$conns;
    for my $conn (@$conns) {
        $status{ $conn->response->{status} }++ for 1 .. $count;
    }
    return %status;
}

# flood($conns, $text) -> statuses, once the limit has been hit

sub flood {
    my ($conns, $text) = @_;

    my %sum = (429 => 0, requests => 0);
    wait_until {
        my %status = burst($conns, 50, $text);
        $sum{$_} += $status{$_} for keys %status;
        $sum{requests} += $status{$_} for keys %status;
        $sum{429};
    } 30, 'a limit';
    return %sum;
}

sub lines { my $n = () = $_[0] =~ /\n/g; return $n }

subtest 'limits' => sub {
    my $body = body('"banjir"');
    my @strangers = map { tls() } 1 .. 4;
    my @meta = map { tls('meta') } 1 .. 4;

    my $before = lines(refused_log());
    my %status = flood(\@strangers, text($body));
    cmp_ok($status{429}, '>', 0, 'a flood of strangers is limited');
    cmp_ok($status{403} || 0, '>', 0, 'after some that were only refused');
    is($status{403} + $status{429}, $status{requests}, 'and nothing else');
    wait_until { lines(refused_log()) - $before == $status{403} } 5;
    is(lines(refused_log()) - $before, $status{403},
       'what is above the limit does not fill the log');
    is(stored($body), 0, 'nothing is stored');

    my $count = 500;
    my %meta = burst(\@meta, $count, text($body));
    is(join(' ', %meta), '200 ' . 4 * $count,
       'Meta, from the same address, far more often: all accepted');
    is(stored($body), 4 * $count, 'and stored');

    %meta = burst(\@meta, 300, "GET /webhook/whatsapp?hub.mode=subscribe"
        . "&hub.challenge=7&hub.verify_token=$Lapor::Nginx::TOKEN"
        . " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    is(join(' ', %meta), '200 1200', 'so are its handshakes');

    my %guess = flood(\@strangers, "GET /webhook/whatsapp?hub.mode=subscribe"
        . "&hub.challenge=7&hub.verify_token=rahasia"
        . " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    cmp_ok($guess{429}, '>', 0, 'who guesses the token is limited');
    %meta = burst(\@meta, 10, text($body));
    is(join(' ', %meta), '200 40', 'Meta is not');
    $_->close for @strangers, @meta;
};

subtest 'HTTP/2' => sub {
    my $bytes = join '', map { chr } 0 .. 255;
    is(post($bytes, as => 'meta'), '2 200', 'every byte');
    is(stored($bytes), 1, 'is stored as it is');

    my $large = join '', map { "$_," } 1 .. 460_000;
    $large = substr $large, 0, 3_000_000;
    is(post($large, as => 'meta'), '2 200', '3 MB');
    is(stored($large), 1, 'stored as they are');

    my $h2 = Lapor::HTTP2->new(tls('meta', alpn => 'h2'));
    my @streams = map { $h2->post(body("\"arus $_\"")) } 1 .. 100;
    is(scalar(grep { $h2->status($_) == 200 } @streams), 100,
       'a hundred streams at once');
    is(stored(map { body("\"arus $_\"") } 1 .. 100), 100, 'each stored once');

    my $frames = 'bingkai ' x 250;
    is($h2->status($h2->post($frames, size => 1)), 200,
       'two thousand frames of a byte');
    is(stored($frames), 1, 'put together');

    # several bodies whose frames come in turns

    my @turns = map { "giliran $_ " x 300 } 1 .. 5;
    @streams = map { $h2->open('POST', '/webhook/whatsapp', headers =>
        ['x-hub-signature-256' => sign($_)]) } @turns;
    for (my $i = 0; $i < length $turns[0]; $i += 100) {
        $h2->data($streams[$_], substr $turns[$_], $i, 100) for 0 .. 4;
    }
    $h2->data($_, '', end => 1) for @streams;
    is(join(' ', map { $h2->status($_) } @streams), '200 200 200 200 200',
       'five bodies in turns');
    is(stored(@turns), 5, 'none got mixed up');

    # content-length is none of HTTP/2's needs, but must not lie

    my $short = body('"bohong"');
    my $stream = $h2->open('POST', '/webhook/whatsapp', headers =>
        ['content-length' => length($short) + 5,
         'x-hub-signature-256' => sign($short)]);
    $h2->data($stream, $short, end => 1);
    isnt($h2->status($stream), 200, 'a length that is too large');
    is(stored($short), 0, 'is not stored');

    is($h2->status($h2->open('POST', '/webhook/whatsapp', end => 1, headers =>
        ['x-hub-signature-256' => sign('')])), 403, 'no body');

    # given up in the head, in the body, and after it

    my $aborted = counter('aborted') + counter('bad_request');
    $stream = $h2->open('POST', '/webhook/whatsapp', headers =>
        ['x-hub-signature-256' => sign($large)]);
    $h2->reset($stream);
    $stream = $h2->open('POST', '/webhook/whatsapp', headers =>
        ['x-hub-signature-256' => sign($large)]);
    $h2->data($stream, substr $large, 0, 30_000);
    $h2->reset($stream);

    $redis->pause;
    $stream = $h2->post(body('"batal"'));
    wait_until { get($local, '/lapor/status')->{body} =~ /^lapor_pending 1$/m }
        5, 'the entry to be under way';
    $h2->reset($stream);
    ok($h2->ping, 'the connection lives');
    $redis->resume;
    ok((wait_until {
        counter('aborted') + counter('bad_request') == $aborted + 3;
    } 10), 'each is counted');
    ok((wait_until { get($local, '/lapor/status')->{body}
        =~ /^lapor_pending 0$/m } 10), 'none is left pending');

    is($h2->status($h2->post(body('"sesudah"'))), 200,
       'the next stream of the connection is accepted');

    # a connection that has nothing to say is kept over others that come and go

    my $quiet = Lapor::HTTP2->new(tls('meta', alpn => 'h2'));
    is($quiet->status($quiet->post(body('"sepi 1"'))), 200, 'one webhook');
    is(post(body("\"lain $_\""), as => 'meta'), '2 200', 'another client')
        for 1 .. 3;
    ok($quiet->ping, 'the quiet one is there');
    is($quiet->status($quiet->post(body('"sepi 2"'))), 200, 'and is served');

    # a stranger's streams

    my $foreign = Lapor::HTTP2->new(tls('foreign', alpn => 'h2'));
    my $body = body('"asing 2"');
    @streams = map { $foreign->post($body) } 1 .. 20;
    my %status;
    $status{ $foreign->status($_) }++ for @streams;
    is(($status{403} || 0) + ($status{429} || 0), 20, 'a stranger\'s streams');
    is(stored($body), 0, 'store nothing');

    # a reload asks the clients to go, after what they have under way

    $redis->pause;
    $stream = $quiet->post(body('"muat ulang"'));
    wait_until { get($local, '/lapor/status')->{body} =~ /^lapor_pending 1$/m }
        5, 'the entry to be under way';
    my @old = $nginx->reload;
    $redis->resume;
    is($quiet->status($stream), 200, 'a reload waits for a stream');
    ok((wait_until { stored(body('"muat ulang"')) == 1 } 10),
       'which is stored');
    ok($nginx->wait_gone(10, @old), 'then the old workers leave');
    $_->close for $h2, $quiet, $foreign;
};

# --- without mutual TLS: one line

subtest 'switched off' => sub {
    my $off = $shipped;
    is($off =~ s/^(\s*)(if \(\$webhook_stranger\))/$1# $2/mg, 1,
       'one line is the switch');
    adapt($off);
    my @old = $nginx->reload;
    ok($nginx->wait_gone(10, @old), 'reloaded');

    my $body = body('"tanpa"');
    is(post($body), '2 200', 'no certificate, the right signature');
    is(post($body, as => $_), '2 200', "so does one of $_")
        for qw(foreign longer meta);
    is(post($body, signature => sign("$body ")), '2 403',
       'a wrong signature is refused');

    my @conns = map { tls() } 1 .. 4;
    my $unsigned = Lapor::HTTP::format_request('POST', '/webhook/whatsapp',
        body => $body, keepalive => 1);
    my %status = flood(\@conns, $unsigned);
    cmp_ok($status{429}, '>', 0, 'a flood without signatures is limited');
    is(join(' ', burst(\@conns, 300, text($body))), '200 1200',
       'webhooks from the same address are not');
    my $forged = Lapor::HTTP::format_request('POST', '/webhook/whatsapp',
        body => $body, keepalive => 1,
        headers => ['X-Hub-Signature-256' => sign("$body ")]);
    is(join(' ', burst(\@conns, 300, $forged)), '403 1200',
       'nor what only the signature can tell from them');
    is(join(' ', burst(\@conns, 10, text($body))), '200 40',
       'after which webhooks are accepted as ever');
    $_->close for @conns;
};

done_testing();
