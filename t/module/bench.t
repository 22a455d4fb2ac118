#!/usr/bin/perl

# The load generator of the benches counts what happens: with our nginx what
# was accepted is stored, and faulty servers show as what they are. And the
# bench judges by its figures.

use lib 't/lib';
use Lapor::Test;
use Lapor::Nginx;
use Lapor::Redis;

use IO::Socket::INET;
use IPC::Open2 qw(open2);
use JSON::PP qw(decode_json encode_json);

my $load = build_path('bench/load');
my $dir = test_dir();
my $bodies = "$dir/bodies";

my ($rc, $out, $err) = run_cmd($^X, repo_dir() . '/t/bench/bodies.pl',
                               '--count', 200, $bodies);
is($rc, 0, 'webhooks are made') or diag($err);
like($out, qr/^200 webhooks, bytes: mean \d+/, 'and described');


# load(@options, address) -> (exit status, its figures)

sub load {
    my (@argv) = @_;

    my ($status, $text, $error) = run_cmd($load, @argv, $bodies);
    diag($error) if $error ne '' && $status == 0;
    return ($status, $text =~ /^\{/ ? decode_json($text) : {});
}


# server($code) -> address of one that takes a connection at a time; $code
# gets the number of the request and gives pieces to write, then 'close' if
# the connection shall be closed

sub server {
    my ($code) = @_;

    my $listen = IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => free_port()) or die "$!";
    my $address = '127.0.0.1:' . $listen->sockport;
    return $address unless $code;

    my $pid = fork;
    die "could not fork: $!" unless defined $pid;
    if ($pid == 0) {
        my $n = 0;
        while (my $conn = $listen->accept) {
            $conn->autoflush(1);
            while (take_request($conn)) {
                my @pieces = $code->(++$n);
                my $close = @pieces && $pieces[-1] eq 'close';
                pop @pieces if $close;
                print $conn $_ for @pieces;
                last if $close;
            }
            close $conn;
        }
        POSIX::_exit(0);
    }

    Lapor::Test::adopt($pid);
    return $address;
}


sub take_request {
    my ($conn) = @_;

    my $length = 0;
    while (1) {
        my $line = readline $conn;
        return 0 unless defined $line;
        $length = $1 if $line =~ /^Content-Length: (\d+)/;
        last if $line eq "\r\n";
    }
    return read($conn, my $body, $length) == $length;
}


my $ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new(steady => 'a worker that stops keeps no '
    . 'connection, which the load generator counts');
$nginx->lapor(redis => $redis->address)->run;
my $ours = '127.0.0.1:' . $nginx->port;

sub stored { return scalar $redis->entries }


# closed loop

my ($status, $r) = load('--seconds', patience(), '--connections', 8,
                        $ours);
is($status, 0, 'a run against our nginx');
cmp_ok($r->{replies}, '>', 8, 'connections are used more than once');
is_deeply($r->{status}, { 200 => $r->{replies} }, 'all are accepted');
is($r->{requests}, $r->{replies}, 'and answered');
is($r->{io_errors} + $r->{unanswered} + $r->{unsent}, 0, 'without an error');
is(stored(), $r->{replies}, 'and stored');
cmp_ok($r->{p50_us}, '<=', $r->{p99_us}, 'p50 <= p99');
cmp_ok($r->{p99_us}, '<=', $r->{p999_us}, 'p99 <= p99.9');
cmp_ok($r->{p999_us}, '<=', $r->{max_us}, 'p99.9 <= max');

my $before = stored();
($status, $r) = load('--count', 100, '--seconds', 60, $ours);
is($r->{replies}, 100, 'no more than --count');
is(stored(), $before + 100, 'reach Redis');


# forged

for my $how (qw(wrong missing malformed)) {
    ($status, $r) = load('--forge', $how, '--count', 20, $ours);
    is_deeply($r->{status}, { 403 => 20 }, "signature $how");
}
is(stored(), $before + 100, 'none of them is stored');


# open loop

($status, $r) = load('--rate', 500, '--count', 50, '--seconds', 60, $ours);
is_deeply($r->{status}, { 200 => 50 }, 'open loop');
cmp_ok($r->{seconds}, '>', 0, 'which takes its time');


# steps: idle connections, and last bytes that wait

$before = stored();
my $pid = open2(my $from, my $to, $load, qw(--wait --hold --connections 4
    --idle 3 --seconds 30), $ours, $bodies);
Lapor::Test::adopt($pid);

is(readline $from, "ready\n", 'connections are open');
is(stored(), $before + 3, 'the idle ones had their answer');
syswrite $to, "\n";
is(readline $from, "held\n", 'all but the last bytes are sent');
is(stored(), $before + 3, 'nothing is stored of these');
syswrite $to, "\n";
$r = decode_json(scalar readline $from);
is_deeply($r->{status}, { 200 => 4 }, 'then all are accepted');
is($r->{idle}, 3, 'beside the idle ones');
close $to;
is(Lapor::Test::end_process($pid, 0, 10), 0, 'and it ends');


# faulty servers

my $mute = IO::Socket::INET->new(Listen => 16, ReuseAddr => 1,
    LocalAddr => '127.0.0.1', LocalPort => free_port()) or die "$!";
($status, $r) = load('--seconds', 0.2, '--grace', 0.2, '--connections', 3,
                     '127.0.0.1:' . $mute->sockport);
is($status, 0, 'a mute server ends the run in time');
is($r->{unanswered}, 3, 'each connection has one request without an answer');
is($r->{replies}, 0, 'and no reply');

($status, $r) = load('--rate', 100, '--seconds', 0.3, '--grace', 0.1,
    '--connections', 1, '127.0.0.1:' . $mute->sockport);
is($r->{unanswered}, 1, 'open loop, mute: one was sent');
cmp_ok($r->{unsent}, '>', 0, 'others could not be');
close $mute;

($status, $r) = load('--count', 5, '--seconds', 60, '--connections', 1,
                     server(sub { 'close' }));
is($r->{io_errors}, 5, 'closing without an answer is an error');

($status, $r) = load('--count', 1, '--seconds', 60, '--connections', 1,
                     server(sub { ("SSH-2.0-OpenSSH_9.2\r\n\r\n", 'close') }));
is($r->{io_errors}, 1, 'and so is what is no HTTP');

my @answers = (
    [$ok],
    [split //, $ok],
    ["HTTP/1.1 100 Continue\r\n\r\n", $ok],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     "5\r\nhello\r\n", "1", "0;a=b\r\n0123456789abcdef\r\n", "0\r\n\r\n"],
    ["HTTP/1.1 503 No\r\nconnection: Close\r\ncontent-length: 2\r\n\r\nno",
     'close'],
    ["HTTP/1.1 204 None\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\n\r\n", 'until the end', 'close'],
);
($status, $r) = load('--count', scalar @answers, '--seconds', 60,
    '--connections', 1, server(sub { @{ $answers[$_[0] - 1] } }));
is_deeply($r->{status}, { 200 => 5, 204 => 1, 503 => 1 },
          'answers of every form');
is($r->{io_errors}, 0, 'none is an error');
is($r->{reconnects}, 2, 'and two close');

# An answer takes 20 ms at least and there is one connection: the n-th cannot
# be there before n * 20 ms, and was meant to be sent in the first 250 ms.

($status, $r) = load('--rate', 200, '--seconds', 0.25, '--grace', 60,
    '--connections', 1, server(sub { select undef, undef, undef, 0.02; $ok }));
cmp_ok($r->{replies}, '>', 15, 'open loop, a slow server');
cmp_ok($r->{max_us}, '>=', $r->{replies} * 20000 - 250000,
       'the time before a request could be sent counts');


# arguments and files

($status) = load('--connections', 'many', $ours);
is($status, 64, 'a number is a number');
($status) = load('--forge', 'well', $ours);
is($status, 64, 'a way to forge');
($status) = load('nowhere');
is($status, 64, 'an address');
($status) = load('unix:/nonexistent');
is($status, 1, 'nobody listens');

Lapor::Test::spew("$dir/short", '100 ' . 'a' x 64 . "\nshort\n");
($status, $out, $err) = run_cmd($load, $ours, "$dir/short");
is($status, 1, 'a body that ends early');
like($err, qr/ends within a body/, 'is told');

($status, $out, $err) = run_cmd(build_path('bench/disk'), $dir, 3);
is($status, 0, 'the disk is measured');
cmp_ok(decode_json($out)->{p50_us}, '>', 0, 'and takes time');


# verdicts: nginx took 10 us and Redis 5 of each webhook, lua in all 3.1 or
# 2.9 times as much

sub report {
    my ($factor) = @_;

    my @runs = map { my $round = $_; map { {
        part => 'closed', round => $round, server => $_->[0], ok => 1000,
        rps => 1000 / $_->[1], front => 0.01 * $_->[1],
        redis => 0.005 * $_->[1], others => 0, wrong => '', p50_us => 1,
        p99_us => 1, p999_us => 1 } }
        ['hmac', 0.9], ['lapor-everysec', 1], ['lua-everysec', $factor]
    } 1 .. 3;

    my $file = Lapor::Test::spew("$dir/report", encode_json({
        machine => 'm', versions => 'v', rounds => 3, seconds => 1,
        runs => \@runs }));
    return run_cmd($^X, repo_dir() . '/t/bench/accept.pl', '--check',
                   '--report', $file);
}

($status, $out) = report(3.1);
is($status, 0, 'targets are met');
like($out, qr/everysec: webhooks per CPU-s .* 3\.10 .* ok/, 'and told');
($status, $out) = report(2.9);
is($status, 1, 'one is missed');
like($out, qr/everysec: webhooks per CPU-s .* 2\.90 .* MISSED/, 'which');
unlike($out, qr/Redis a webhook.*MISSED/, 'and which is not');

done_testing();
