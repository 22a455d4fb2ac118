# A signed webhook is answered 200 once Redis has it, byte for byte.

use Lapor::Test;
use Lapor::HTTP qw(post_signed request chunked sign);
use Lapor::Nginx;
use Lapor::Redis;

use Digest::SHA ();

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new;
$nginx->lapor(redis => $redis->address)->run;
my $port = $nginx->port;

# known answers, from `openssl dgst -sha256 -hmac app-secret-contoh`

my $escaped = '{"object":"whatsapp_business_account","entry":[{"id":"1",'
    . '"changes":[{"value":{"messaging_product":"whatsapp","metadata":'
    . '{"display_phone_number":"62800000000","phone_number_id":"10"},'
    . '"contacts":[{"profile":{"name":"Budi \u00e9 \ud83d\ude00"},'
    . '"wa_id":"6280000000001"}],"messages":[{"from":"6280000000001",'
    . '"id":"wamid.A","timestamp":"1760000000","type":"text","text":'
    . '{"body":"Ada kecelakaan di Jl. Sudirman \ud83d\udea8"}}]},'
    . '"field":"messages"}]}]}';
my $raw = $escaped;
$raw =~ s/\\u00e9/\xc3\xa9/;
$raw =~ s/\\ud83d\\ude00/\xf0\x9f\x98\x80/;
$raw =~ s/\\ud83d\\udea8/\xf0\x9f\x9a\xa8/;

my @vectors = (
    ['{}', 'empty object',
     '8d3b248ef84a4324acd9e273bd0975499db242f5da5cc5d898af718a65e55c34'],
    [$escaped, 'escaped text',
     '646c26a199ee344f61d467ba8a77e005424b8c22fd7571dab359c0cb4153227c'],
    [$raw, 'the same text as UTF-8',
     '7e9513bb226513d9ea8c9231e63b2d53eda28c0d3106ce5c59ad3cfd0ac34f40'],
);

is(length $escaped, 445, 'the vector has its length');
is(length $raw, 425, 'and so has the other');
$nginx->forbid('Ada kecelakaan', 'Budi', 'wamid.A');

for my $vector (@vectors) {
    my ($body, $name, $digest) = @$vector;
    my $before = time() * 1000 - 1000;
    my $r = request($port, 'POST', '/webhook/whatsapp', body => $body,
        headers => ['X-Hub-Signature-256' => "sha256=$digest"]);
    is($r->{status}, 200, "$name is accepted");
    is($r->{body}, '', 'with an empty body');
    my ($entry) = grep { $_->{b} eq $body } $redis->entries;
    ok($entry, 'and is stored byte for byte');
    like($entry->{t}, qr/\A\d{13}\z/, 'with its receive time in ms');
    cmp_ok($entry->{t}, '>=', $before, 'which is not in the past');
    cmp_ok($entry->{t}, '<=', time() * 1000 + 1000, 'nor in the future');
}

# the digest of {} begins with 8d, 8d modulo 16 partitions is 0d

is((grep { $_->{b} eq '{}' } $redis->entries)[0]{key}, 'lapor:{0d}:msg',
   'without a sender the digest chooses the stream');

# replay: the signature says nothing of time, so it is stored again

is(post_signed($port, '{}')->{status}, 200, 'a replayed webhook is accepted');
is(scalar(grep { $_->{b} eq '{}' } $redis->entries), 2, 'and stored again');

# all bytes

my $bytes = join '', map { chr } 0 .. 255;
is(post_signed($port, $bytes)->{status}, 200, 'every byte passes');
ok((grep { $_->{b} eq $bytes } $redis->entries), 'unchanged');

# sizes: one byte, up to the buffer

for my $size (1, 2, 1023, 16384, 65535, 65536) {
    my $body = substr(join('', map { $_ % 997 . ',' } 1 .. 20000), 0, $size);
    is(post_signed($port, $body)->{status}, 200, "$size bytes are accepted");
    ok((grep { $_->{b} eq $body } $redis->entries), 'and stored as they are');
}

is(post_signed($port, 'x' x 65537)->{status}, 413, 'one byte more is not');

# chunked

for my $size (1, 7, 1000, 4096) {
    my $body = "chunks of $size: " . 'abc' x 2000;
    my $conn = Lapor::HTTP->connect($port);
    $conn->write("POST /webhook/whatsapp HTTP/1.1\r\nHost: a\r\n"
        . 'X-Hub-Signature-256: ' . sign($body)
        . "\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (my $i = 0; $i < length $body; $i += 1500) {
        my $text = chunked(substr($body, $i, 1500), $size);
        $text =~ s/0\r\n\r\n\z//;
        $conn->write($text);
    }
    $conn->write("0\r\n\r\n");
    is($conn->response->{status}, 200, "chunks of $size are accepted");
    ok((grep { $_->{b} eq $body } $redis->entries), 'and put together');
}

# byte by byte, head and body

my $small = '{"tetes":1}';
my $conn = Lapor::HTTP->connect($port);
$conn->dribble(Lapor::HTTP::signed_text($small), 0.001);
is($conn->response->{status}, 200, 'a dribbled request is accepted');
is(scalar(grep { $_->{b} eq $small } $redis->entries), 1, 'and stored once');

# in many pieces, so that the body lies in several buffers

my $large = 'besar ' x 9000;
$conn = Lapor::HTTP->connect($port);
my $text = Lapor::HTTP::signed_text($large);
$conn->write($_) && select(undef, undef, undef, 0.002)
    for unpack '(a3000)*', $text;
is($conn->response->{status}, 200, 'a body in pieces is accepted');
ok((grep { $_->{b} eq $large } $redis->entries), 'and stored whole');

# Expect: 100-continue, as curl sends for larger bodies

$conn = Lapor::HTTP->connect($port);
$conn->write("POST /webhook/whatsapp HTTP/1.1\r\nHost: a\r\n"
    . 'X-Hub-Signature-256: ' . sign($small)
    . "\r\nExpect: 100-continue\r\nContent-Length: " . length($small)
    . "\r\n\r\n");
is($conn->response->{status}, 100, 'a client that asks first is told to go on');
$conn->write($small);
is($conn->response->{status}, 200, 'and accepted');

SKIP: {
    skip('a reload ends connections that are kept', 8) if reloads();

    # keepalive: one after the other, then two at once

    $conn = Lapor::HTTP->connect($port);
    for my $n (1 .. 3) {
        $conn->write(Lapor::HTTP::signed_text("kept $n", keepalive => 1));
        is($conn->response->{status}, 200, "request $n of a connection");
    }

    $conn->write(join '', map {
        Lapor::HTTP::signed_text("piped $_", keepalive => 1) } 1 .. 2);
    is($conn->response->{status}, 200, 'the first of two pipelined requests');
    is($conn->response->{status}, 200, 'and the second');
    is(join(' ', sort map { $_->{b} } grep { $_->{b} =~ /^piped/ }
            $redis->entries), 'piped 1 piped 2', 'each stored once');

    # a refused one leaves the connection usable, its body is not taken for a
    # request

    $conn->write(Lapor::HTTP::format_request('POST', '/webhook/whatsapp',
        body => "GET / HTTP/1.1\r\n\r\n", keepalive => 1));
    is($conn->response->{status}, 403, 'a refused request');
    $conn->write(Lapor::HTTP::signed_text('after it', keepalive => 1));
    is($conn->response->{status}, 200, 'and an accepted one on the connection');
}

# more than one receiver at a time

my @conns = map { Lapor::HTTP->connect($port) } 1 .. 50;
$conns[$_]->write(Lapor::HTTP::signed_text("one of many $_")) for 0 .. 49;
is(scalar(grep { $_->response->{status} == 200 } @conns), 50,
   'fifty at the same time are accepted');
is(scalar(grep { $_->{b} =~ /^one of many/ } $redis->entries), 50,
   'and stored');

# what the administrator sees

my %status = $nginx->status;
cmp_ok($status{'lapor_redis_links{state="up"}'}, reloads() ? '>=' : '==', 1,
       'the link is up');
is($status{'lapor_pending'}, 0, 'nothing is pending');
is($status{'lapor_pending_bytes'}, 0, 'nor are its bytes');

my $entries = $redis->entries;
is($status{'lapor_webhooks_total{result="accepted"}'}, $entries,
   'each accepted webhook is counted once');

my $bytes_total = 0;
$bytes_total += length $_->{b} for $redis->entries;
is($status{'lapor_webhook_bytes_total'}, $bytes_total, 'and its bytes');
is($status{'lapor_webhooks_total{result="too_large"}'}, 1,
   'what nginx itself refused is counted, too');

my ($id) = (grep { $_->{b} eq $small } $redis->entries)[0]{id};
like($nginx->access_log, qr{ POST /webhook/whatsapp 200 accepted $id$}m,
     'the access log names the entry');

done_testing();
