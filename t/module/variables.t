# The variables in access_log and map, for each way that a request can go.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed request sign get);
use Lapor::Nginx;
use Lapor::Redis;

my $SIG = 'X-Hub-Signature-256';
my $PATH = '/webhook/whatsapp';

sub start {
    my ($redis, %opt) = @_;

    my $nginx = Lapor::Nginx->new;
    $nginx->lapor(redis => $redis->address, size => '16k',
        timeout => $opt{timeout} || '10s', http => ($opt{http} || '')
        . <<'EOF2',
    log_format all '$uri $status r=$lapor_result g=$lapor_signature '
                   'p=$lapor_partition q=$lapor_queue_time s=$lapor_stream '
                   'i=$lapor_stream_id k=$kind u=$urgent';
    access_log %%DIR%%/logs/all.log all;
    map $lapor_signature $kind {
        ''      none;
        valid   ours;
        default strange;
    }
    map $lapor_result:$lapor_partition $urgent {
        volatile;
        ~^accepted:\d+$ no;
        ~^spooled:      soon;
        default         yes;
    }
EOF2
        server => <<'EOF3')->run;
        location = /256 {
            lapor_webhook on;
            lapor_partitions 256;
        }
        location = /elsewhere { return 204; }
        location /outer {
            lapor_webhook on;
            location = /outer/inner { return 204; }
        }
        location = /deny {
            lapor_webhook on;
            deny all;
        }
EOF3
    $opt{down} or wait_until {
        my %status = $nginx->status;
        $status{'lapor_redis_links{state="up"}'};
    } 10, 'the link to Redis';
    return $nginx;
}

# logged($nginx, $code) -> the line that this request leaves

sub logged {
    my ($nginx, $code) = @_;

    my $file = "$nginx->{dir}/logs/all.log";
    my $before = () = slurp($file) =~ /\n/g;
    $code->();
    my @lines;
    wait_until {
        @lines = split /\n/, slurp($file);
        @lines > $before;
    } 10, 'a line in the log';
    return $lines[$before];
}

my $redis = Lapor::Redis->new;
my $nginx = start($redis);
my $port = $nginx->port;

sub line {
    my ($want, $name, $method, $uri, %opt) = @_;

    my $line = logged($nginx, sub { request($port, $method, $uri, %opt) });
    like($line, qr/^$want$/, $name);
}

my $none = 'p=- q=- s=- i=-';
my $body = '{}';       # its digest begins with 8d, see accept.t
my $signed = [$SIG, sign($body)];

line('\S+ 200 r=accepted g=valid p=13 q=\d+\.\d{6} s=lapor:\{0d\}:msg '
     . 'i=\d+-\d+ k=ours u=no', 'accepted', 'POST', $PATH, body => $body,
     headers => $signed);
line(qr/\S+ 200 r=accepted g=valid p=141 q=\S+ s=lapor:\{8d\}:msg .*/,
     'of 256 partitions', 'POST', '/256', body => $body, headers => $signed);
line("\\S+ 403 r=no_signature g=missing $none k=strange u=yes", 'no signature',
     'POST', $PATH, body => $body);
line("\\S+ 403 r=double_signature g=doubled $none k=strange u=yes", 'two',
     'POST', $PATH, body => $body, headers => [@$signed, @$signed]);
line("\\S+ 403 r=malformed_signature g=malformed $none k=strange u=yes",
     'malformed', 'POST', $PATH, body => $body, headers => [$SIG, 'x']);
line("\\S+ 403 r=wrong_signature g=wrong $none k=strange u=yes", 'wrong',
     'POST', $PATH, body => $body, headers => [$SIG, sign('x')]);
line("\\S+ 403 r=empty g=- $none k=none u=yes", 'empty', 'POST', $PATH,
     body => '', headers => [$SIG, sign('')]);
line("\\S+ 413 r=too_large g=- $none k=none u=yes", 'too large', 'POST', $PATH,
     body => 'x' x 17_000, headers => [$SIG, sign('x' x 17_000)]);
line("\\S+ 405 r=method g=- $none k=none u=yes", 'PUT', 'PUT', $PATH,
     body => $body, headers => $signed);
line("\\S+ 405 r=method g=- $none k=none u=yes", 'HEAD', 'HEAD', $PATH);
line("\\S+ 403 r=verify_refused g=- $none k=none u=yes", 'no handshake', 'GET',
     $PATH);
line("\\S+ 200 r=verified g=- $none k=none u=yes", 'a handshake', 'GET',
     "$PATH?hub.mode=subscribe&hub.challenge=1"
     . "&hub.verify_token=$Lapor::Nginx::TOKEN");
line("/deny 403 r=bad_request g=- $none k=none u=yes", 'nginx denies it',
     'POST', '/deny', body => $body, headers => $signed);
line("/elsewhere 204 r=- g=- $none k=none u=yes", 'no webhook', 'POST',
     '/elsewhere', body => $body, headers => $signed);
line("/outer/inner 204 r=- g=- $none k=none u=yes",
     'nor is what stands in a webhook\'s location', 'POST', '/outer/inner',
     body => $body, headers => $signed);
line("/outer/other 200 r=accepted g=valid .*", 'but for the location itself',
     'POST', '/outer/other', body => $body, headers => $signed);

# what becomes of a verified one

my $aborted = logged($nginx, sub {
    $redis->pause;
    my $conn = Lapor::HTTP->connect($port);
    $conn->write(Lapor::HTTP::signed_text($body));
    wait_until {
        my %status = $nginx->status;
        $status{lapor_pending};
    } 5, 'it to be pending';
    $conn->abort;
});
$redis->resume;
like($aborted, qr/ r=aborted g=valid p=13 q=- s=lapor:\S+ i=- k=ours u=yes$/,
     'the client has gone');

my $absent = Lapor::Redis->new(start => 0);
my $spooling = start($absent, http => 'lapor_spool %%DIR%%/spool;',
                      down => 1);
my $line = logged($spooling, sub { post_signed($spooling->port, $body) });
like($line, qr/ r=spooled g=valid p=13 q=\d+\.\d{6} s=\S+ i=- k=ours u=soon$/,
     'Redis is down, the spool has it');

my $fake = Lapor::FakeRedis->new(rules => { XADD => { mute => 1 } });
my $late = start($fake, timeout => '300ms');
$line = logged($late, sub { post_signed($late->port, $body) });
like($line, qr/ 503 r=timeout g=valid p=13 q=- s=lapor:\{0d\}:msg i=- /,
     'Redis says nothing');

$fake = Lapor::FakeRedis->new(rules => { XADD => { error => '-OOM full' } });
$late = start($fake);
$line = logged($late, sub { post_signed($late->port, $body) });
like($line, qr/ 503 r=redis_error g=valid p=13 q=- s=\S+ i=- k=ours u=yes$/,
     'Redis refuses it');

done_testing();
