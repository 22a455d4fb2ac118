# HTTP as clients, proxies and attackers speak it: what is well formed is
# stored once and whole, what is not is neither stored nor taken for a request,
# and no byte of a body is written to a file.

use Lapor::Test;
use Lapor::HTTP qw(sign chunked post_signed);
use Lapor::HTTP2;
use Lapor::Nginx;
use Lapor::Redis;

my ($redis, $nginx, $port, $slow, $h2c);
my $serial = 0;

my $PATH = '/webhook/whatsapp';
my $SIG = 'X-Hub-Signature-256';

sub body { return sprintf '{"nomor":%06d}', ++$serial }

# head($body, %opt) -> a request line and headers, without the empty line

sub head {
    my ($body, %opt) = @_;

    my %o = (line => "POST $PATH HTTP/1.1", host => "Host: a\r\n",
             before => '', after => '', length => length $body,
             signature => "$SIG: " . sign($body) . "\r\n", %opt);
    return "$o{line}\r\n$o{host}$o{before}$o{signature}"
        . (defined $o{length} ? "Content-Length: $o{length}\r\n" : '')
        . $o{after};
}

sub full { return head(@_) . "\r\n$_[0]" }

# in_chunks($body, $size, %opt) -> a whole chunked request

sub in_chunks {
    my ($body, $size, %opt) = @_;

    return head($body, length => undef,
                after => "Transfer-Encoding: chunked\r\n", %opt)
        . "\r\n" . chunked($body, $size);
}

sub stored {
    my ($body) = @_;

    return scalar grep { $_->{b} eq $body } $redis->entries;
}

# says($name, $text, 'statuses', stored => 0|1, body =>, open => 0|1): what
# comes back for $text, the body's place in Redis, and the connection: open
# and in step, or closed

sub says {
    my ($name, $text, $want, %opt) = @_;

    my $conn = Lapor::HTTP->connect($port);
    $conn->write($text);
    $conn->half if $opt{half};

    my @want = split ' ', $want;
    my @got = map { $conn->response->{status} } @want;
    my $end = '';
    if ($opt{open}) {
        my $next = body();
        $conn->write(full($next));
        $end = $conn->response->{status} == 200 && stored($next) == 1
             ? 'open' : 'out of step';
    } else {
        $end = $conn->closed ? 'closed' : 'more to read';
    }
    $conn->close;

    is("@got, $end", "$want, " . ($opt{open} ? 'open' : 'closed'), $name);
    is(stored($opt{body}), $opt{stored} || 0, $opt{stored} ? 'stored once'
       : 'not stored') if defined $opt{body};
}

sub accepted {
    my ($name, $body, $text, %opt) = @_;

    says($name, $text, 200, stored => 1, body => $body, open => 1, %opt);
}

sub start {
    my ($workers) = @_;

    $redis = Lapor::Redis->new;
    $nginx = Lapor::Nginx->new(steady => 'a worker that stops keeps no '
        . 'connection');
    ($slow, $h2c) = (free_port(), free_port());
    my $webhook = 'location = /webhook/whatsapp { lapor_webhook on; }';

    $nginx->lapor(redis => $redis->address, workers => $workers,
        timeout => '20s', http => <<"EOF2", server => <<'EOF3')->run;
    server {
        listen 127.0.0.1:$slow;
        client_header_timeout 300ms;
        client_body_timeout   300ms;
        lingering_timeout     300ms;
        $webhook
    }
    server {
        listen 127.0.0.1:$h2c http2;
        client_max_body_size    64k;
        client_body_buffer_size 64k;
        $webhook
    }
EOF2
        location = /besar {
            lapor_webhook on;
            client_max_body_size    4m;
            client_body_buffer_size 4m;
        }
        location = /satu {
            lapor_webhook on;
            client_body_in_single_buffer on;
        }
        location = /berkas {
            lapor_webhook on;
            client_body_in_file_only on;
        }
        location = /bersih {
            lapor_webhook on;
            client_body_in_file_only clean;
        }
EOF3
    $port = $nginx->port;
    $nginx->forbid('nomor');

    # whoever wants to write a body into a file fails, and says so

    rmdir "$nginx->{dir}/tmp/client_body" or die "could not rmdir: $!";
}

# sockets() -> how many descriptors the workers hold, once none of our own
# connections is left

sub sockets {
    my $count = 0;
    $count += () = glob "/proc/$_/fd/*" for $nginx->workers;
    return $count;
}

# request lines and headers, of which each is stored or refused

sub lines {
    my ($body, $text);

    for my $case (
        ['HTTP/1.0', line => "POST $PATH HTTP/1.0",
         after => "Connection: keep-alive\r\n"],
        ['an absolute URI', line => "POST http://a$PATH HTTP/1.1"],
        ['slashes, an escape', line => 'POST //webhook///%77hatsapp HTTP/1.1'],
        ['a query', line => "POST $PATH?a=b HTTP/1.1"],
        ['no header before the signature', host => '', after => "Host: a\r\n"],
        ['sixty headers before it', before => join '', map { "X-$_: 1\r\n" }
         1 .. 60],
        ['sixty headers after it', after => join '', map { "X-$_: 1\r\n" }
         1 .. 60],
        (map { my $name = $_; ["spelt $name", spelt => $name] }
         lc $SIG, uc $SIG, 'x-Hub-sIGNATURE-256'),
        ['an old signature beside it', before => 'X-Hub-Signature: sha1='
         . '0' x 40 . "\r\n"],
    ) {
        my ($name, %opt) = @$case;
        $body = body();
        $opt{signature} = "$opt{spelt}: " . sign($body) . "\r\n" if $opt{spelt};
        accepted($name, $body, full($body, %opt));
    }

    $body = body();
    accepted('spaces around the value', $body, full($body,
        signature => "$SIG:   " . sign($body) . "  \r\n"));
    $body = body();
    accepted('no space before it', $body, full($body,
        signature => "$SIG:" . sign($body) . "\r\n"));
    $body = body();
    accepted('empty lines before the request', $body, "\r\n\r\n" . full($body));
    $body = body();
    ($text = head($body)) =~ s/\r\n/\n/g;
    accepted('bare line feeds', $body, "$text\n$body");

    $body = body();
    says('HTTP/1.0 without keepalive', full($body,
        line => "POST $PATH HTTP/1.0"), 200, stored => 1, body => $body);

    for my $case (
        ['folded', 400, "$SIG:\r\n =\r\n"],
        ['followed by a fold', 400, "$SIG: =\r\n x\r\n"],
        ['a space before the colon', 400, "$SIG : =\r\n"],
        ['a null after it', 400, "$SIG: =\0\r\n"],
        ['a tab before it', 403, "$SIG:\t=\r\n"],
        ['once more, empty', 403, "$SIG: =\r\n$SIG:\r\n"],
        ['once more, before it, empty', 403, "$SIG:\r\n$SIG: =\r\n"],
        ['a quote', 403, "$SIG: \"=\"\r\n"],
        ['a parameter', 403, "$SIG: =; v=1\r\n"],
    ) {
        my ($name, $status, $signature) = @$case;
        $body = body();
        my $value = sign($body);
        $signature =~ s/=/$value/g;
        says("the signature: $name", full($body, signature => $signature),
             $status, body => $body, open => $status == 403);
    }

    $body = body();
    says('only in the trailer', in_chunks($body, 5, signature => '')
         =~ s/\r\n\r\n\z/"\r\n$SIG: " . sign($body) . "\r\n\r\n"/er, 403,
         body => $body, open => 1);

    for my $case (['HTTP/2.0 in its place', "POST $PATH HTTP/2.0\r\n\r\n", 505],
                  ['no host', full(body(), host => ''), 400],
                  ['no method', "\0\1\2\3\r\n\r\n", 400],
                  ['TLS', "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400])
    {
        my ($name, $bytes, $status) = @$case;
        my $conn = Lapor::HTTP->connect($port);
        $conn->write($bytes);
        is($conn->response->{status}, $status, $name);
        ok($conn->closed, 'and closed');
    }
}

# where a body ends: nobody may see a request in it, or behind it

sub lengths {
    my $body;

    my $hidden = full(body());
    for my $case (
        ['two lengths, the same', 400, sub { head($_[0], after =>
            'Content-Length: ' . length($_[0]) . "\r\n") . "\r\n$_[0]" }],
        ['two lengths', 400, sub { head($_[0], after =>
            "Content-Length: 0\r\n") . "\r\n$_[0]$hidden" }],
        ['a list of lengths', 400, sub { my $n = length $_[0];
            full($_[0], length => "$n, $n") }],
        ['a length with a plus', 400, sub {
            full($_[0], length => '+' . length $_[0]) }],
        ['a negative length', 400, sub {
            full($_[0], length => '-' . length $_[0]) }],
        ['a length in hex', 400, sub {
            full($_[0], length => sprintf '0x%x', length $_[0]) }],
        ['no digits', 400, sub { full($_[0], length => '') }],
        ['a length beyond 64 bits', 400, sub {
            full($_[0], length => '9' x 20) }],
        ['length and chunks', 400, sub { in_chunks($_[0], 4,
            length => length $_[0]) . $hidden }],
        ['length 0 and chunks', 400, sub { in_chunks($_[0], 4,
            length => 0) . $hidden }],
        ['chunks twice', 400, sub { in_chunks($_[0], 4,
            before => "Transfer-Encoding: chunked\r\n") }],
        ['gzip, chunked', 501, sub { in_chunks($_[0], 4,
            after => "Transfer-Encoding: gzip, chunked\r\n") }],
        ['identity', 501, sub { full($_[0],
            after => "Transfer-Encoding: identity\r\n") }],
        ['xchunked', 501, sub { in_chunks($_[0], 4,
            after => "Transfer-Encoding: xchunked\r\n") }],
        ['a space before the colon', 400, sub { full($_[0],
            after => "Transfer-Encoding : chunked\r\n") }],
        ['chunks in HTTP/1.0', 400, sub { in_chunks($_[0], 4,
            line => "POST $PATH HTTP/1.0") }],
        ['a chunk of 2^68 bytes', 400, sub { head($_[0], length => undef,
            after => "Transfer-Encoding: chunked\r\n")
            . "\r\nfffffffffffffffff\r\n$_[0]\r\n0\r\n\r\n" }],
        ['a negative chunk', 400, sub { head($_[0], length => undef,
            after => "Transfer-Encoding: chunked\r\n")
            . "\r\n-5\r\n$_[0]\r\n0\r\n\r\n" }],
    ) {
        my ($name, $status, $make) = @$case;
        $body = body();
        says($name, $make->($body), $status, body => $body);
    }
    is((grep { index($hidden, $_->{b}) >= 0 } $redis->entries), 0,
       'no request was seen in the rest of another');

    $body = body();
    says('2^63 - 1 bytes', head($body, length => '9223372036854775807')
        . "\r\n", 413, body => $body, half => 1);
    # of these nginx takes the rest for a request, and says so in its log

    $body = '{"panjang":"salah"}';
    says('no length', head($body, length => undef) . "\r\n$body", '403 400',
         body => $body);
    says('a length one too small', full($body, length => length($body) - 1),
         '403 400', body => $body);
    $body = body();
    says('a length one too large, then the end',
         full($body, length => length($body) + 1), '', body => $body,
         half => 1);
    $body = body();
    says('chunks without their end', in_chunks($body, 4) =~ s/0\r\n\r\n\z//r,
         '', body => $body, half => 1);
    $body = body();
    says('garbage behind the body', full($body) . "\r\nxyz\r\n\r\n", '200 400',
         body => $body, stored => 1);
    $body = body();
    says('garbage behind the last chunk', in_chunks($body, 4) . "xyz\r\n\r\n",
         '200 400', body => $body, stored => 1);
    $body = body();
    accepted('extensions and trailers of chunks', $body, head($body,
        length => undef, after => "Transfer-Encoding: Chunked\r\n") . "\r\n"
        . sprintf("%x;name=\"value\"\r\n%s\r\n", length $body, $body)
        . "000;x\r\nX-Trailer: 1\r\n\r\n");
}

# several requests on a connection, sent before an answer

sub pipelining {
    my @bodies = map { body() } 1 .. 20;
    says('twenty in a row', join('', map { full($_) } @bodies),
         join(' ', (200) x 20), open => 1);
    is(scalar(grep { stored($_) == 1 } @bodies), 20, 'each stored once');

    my ($good, $bad) = (body(), body());
    my $forged = full($bad, signature => "$SIG: " . sign('lain') . "\r\n");
    my $unsigned = full($bad, signature => '');
    says('good, forged, unsigned, good',
         full($good) . $forged . $unsigned . full($good), '200 403 403 200',
         open => 1, body => $bad);
    is(stored($good), 2, 'the good ones are stored');

    $good = body();
    my $large = 'besar ' x 10_000;
    says('all kinds', "GET $PATH HTTP/1.1\r\nHost: a\r\n\r\n" . full($good)
        . full($bad, line => "PUT $PATH HTTP/1.1") . in_chunks($large, 999)
        . "GET /lapor_status HTTP/1.1\r\nHost: a\r\n\r\n"
        . full($large) . full($good), '403 200 405 200 200 200 200',
        open => 1, body => $bad);
    is(stored($large) . stored($good), 22, 'told apart');

    $redis->pause;
    @bodies = map { body() } 1 .. 5;
    my $conn = Lapor::HTTP->connect($port);
    $conn->write(join '', map { full($_) } @bodies);
    wait_until { my %s = $nginx->status; $s{lapor_pending} } 5, 'the first';
    $redis->resume;
    is(join(' ', map { $conn->response->{status} } @bodies),
       '200 200 200 200 200', 'pipelined while Redis thinks');
    $conn->close;
    is(scalar(grep { stored($_) == 1 } @bodies), 5, 'each stored once');
}

# clients that ask first

sub expect {
    my $body;

    my $expect = "Expect: 100-continue\r\n";
    $body = body();
    my $conn = Lapor::HTTP->connect($port);
    $conn->write(head($body, length => undef, before => $expect,
        after => "Transfer-Encoding: chunked\r\n") . "\r\n");
    is($conn->response->{status}, 100, 'chunks, too, are asked for');
    $conn->write(chunked($body, 4));
    is($conn->response->{status}, 200, 'and accepted');
    is(stored($body), 1, 'and stored');
    $conn->close;

    for my $case (['no signature', 403, signature => ''],
                  ['a malformed one', 403, signature => "$SIG: sha256=0\r\n"],
                  ['too large', 413, length => 10_000_000],
                  ['PUT', 405, line => "PUT $PATH HTTP/1.1"])
    {
        my ($name, $status, %opt) = @$case;
        $conn = Lapor::HTTP->connect($port);
        $conn->write(head($body, before => $expect, %opt) . "\r\n");
        my $r = $conn->response;
        is($r->{status}, $status, "$name: refused, not asked for its body");
        is($r->{headers}{connection}, 'close', 'and nothing more is read');
        $conn->close;
    }
}

# from one byte to all that fits

sub sizes {
    my ($body, $n);

    for my $size (1, 16_384, 65_535, 65_536) {
        $body = substr join(',', ++$serial, 1 .. 20_000), 0, $size;
        $body = chr(32 + $serial % 90) if $size == 1;
        my $before = stored($body);
        for my $uri (qw(/satu /berkas /bersih)) {
            is(post_signed($port, $body, uri => $uri)->{status}, 200,
               "$uri, $size bytes");
            is(stored($body), ++$before, 'stored');
        }
    }

    my $three = substr join(',', 'tiga', 1 .. 460_000), 0, 3_000_000;
    for my $text (full($three, line => 'POST /besar HTTP/1.1'),
                  map({ in_chunks($three, $_, line => 'POST /besar HTTP/1.1') }
                      16, 1000, 65_536, 3_000_000))
    {
        $n++;
        says('3 MB, ' . length($text) . ' on the wire', $text, 200,
             open => 1);
        is(stored($three), $n, 'stored');
    }

    my $four = substr $three x 2, 0, 4 * 1024 * 1024;
    is(post_signed($port, $four, uri => '/besar')->{status}, 200,
       'as much as allowed');
    is(stored($four), 1, 'stored');
    is(post_signed($port, $four . 'x', uri => '/besar')->{status}, 413,
       'a byte more');
}

# a request in two packets, cut at each byte

sub packets {
    my ($body, %status);

    $body = body();
    my $text = full($body);
    my $conn = Lapor::HTTP->connect($port);
    for my $cut (1 .. length($text) - 1) {
        $conn->write(substr $text, 0, $cut);
        $conn->write(substr $text, $cut);
        $status{ $conn->response->{status} }++;
    }
    $conn->close;
    is(join(' ', %status), '200 ' . (length($text) - 1),
       'cut in two at each byte');
    is(stored($body), length($text) - 1, 'stored each time');
}

# clients that leave, at each byte of the request

sub leavers {
    my $body;

    my $sockets = 0;
    wait_until {
        my $was = $sockets;
        $sockets = sockets();
        $was == $sockets;
    } 2;

    for my $how (qw(close abort)) {
        $body = body();
        my $text = in_chunks($body, 7);
        for my $cut (0 .. length($text) - 1) {
            my $c = Lapor::HTTP->connect($port);
            $c->write(substr $text, 0, $cut);
            $c->$how;
        }
        is(stored($body), 0, "$how at each byte: nothing is stored");
    }
    ok((wait_until { sockets() <= $sockets } 10), 'no socket is left behind')
        or diag(sockets() . " descriptors, $sockets before");
}

# and that stay, but say nothing

sub silent {
    my @stuck;
    my $body = body();
    for my $text ('', "POST $PATH", head($body), head($body) . "\r\n",
                  head($body) . "\r\n" . substr($body, 0, 5),
                  in_chunks($body, 4) =~ s/0\r\n\r\n\z//r,
                  head($body, signature => '') . "\r\n")
    {
        my $c = Lapor::HTTP->connect($slow);
        $c->write($text);
        push @stuck, [$c, $text];
    }
    for my $pair (@stuck) {
        my ($c, $text) = @$pair;
        my $status = $c->response->{status};
        my $want = $text =~ /\r\n\r\n/ && $text !~ /$SIG/ ? 403 : 0;
        is($status, $want, 'a slow client is given up, ' . length($text)
           . ' bytes into its request');
        ok($c->closed(10), 'and disconnected');
        $c->close;
    }
    is(stored($body), 0, 'nothing of it is stored');
}

# HTTP/2 without TLS, frame by frame

sub frames {
    my $h2 = Lapor::HTTP2->new(Lapor::HTTP->connect($h2c));
    my $framed = body();
    is($h2->status($h2->post($framed, size => 1)), 200, 'frames of a byte');
    is(stored($framed), 1, 'stored');
    my $full = substr 'penuh ' x 11_000, 0, 65_536;
    is($h2->status($h2->post($full, size => 1000)), 200, 'as much as allowed');
    is(stored($full), 1, 'stored');
    $h2->close;

    $h2 = Lapor::HTTP2->new(Lapor::HTTP->connect($h2c));
    my $stream = $h2->open('POST', $PATH, end => 1, headers =>
        [lc $SIG, sign(''), lc $SIG, sign('')]);
    is($h2->status($stream), 403, 'two signatures');
    $framed = body();
    is($h2->status($h2->post($framed, headers => [$SIG, sign($framed)])), 403,
       'one of them right');
    is(stored($framed), 0, 'not stored');
    $h2->conn->abort;
}

# and all is well

sub afterwards {
    ok((wait_until { my %s = $nginx->status; $s{lapor_pending} == 0 } 5),
       'nothing is pending');
    my %s = $nginx->status;
    is($s{lapor_pending_bytes}, 0, 'nor are any bytes');
    is(post_signed($port, 'akhir')->{status}, 200, 'and the next is accepted');
    unlike($nginx->error_log, qr/temporary file/, 'no body went into a file');
    ok(!-e "$nginx->{dir}/tmp/client_body", 'nor was one made');
}

for my $workers (1, 2) {
    subtest "$workers worker(s)" => sub {
        start($workers);
        lines();
        lengths();
        pipelining();
        expect();
        sizes();
        packets();
        leavers();
        silent();
        frames();
        afterwards();
    };
}

# what does not fit, sent by who does not say how long it will be

subtest 'too large' => sub {
    my $own = Lapor::Nginx->new(steady => 'as above');
    my $plain = free_port();
    $own->lapor(redis => $redis->address, listen => 'http2',
                server => "listen 127.0.0.1:$plain;")->run;
    $own->forbid('luber');
    my $large = 'luber ' x 20_000;
    rmdir "$own->{dir}/tmp/client_body" or die "could not rmdir: $!";

    my $h2 = Lapor::HTTP2->new(Lapor::HTTP->connect($own->port));
    is($h2->status($h2->post($large, size => 1000)), 413, 'in frames');
    $h2->close;

    my $conn = Lapor::HTTP->connect($plain);
    $conn->write(in_chunks(substr($large, 0, 60_000), 2));
    is($conn->response->{status}, 413, 'in chunks that are mostly framing');
    $conn->close;

    is(stored($large), 0, 'is not stored');
    is(join(' ', glob "$own->{dir}/tmp/client_body/*"), '',
       'nor is it left in a file');
    is(post_signed($plain, 'luwes')->{status}, 200, 'the next is accepted');
};

done_testing();
