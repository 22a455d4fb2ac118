package Lapor::HTTP;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# An HTTP/1.1 client on a raw socket, or over TLS: it can split, dribble,
# pipeline, chunk and abort, and it says exactly what came back.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM SOL_SOCKET SO_LINGER IPPROTO_TCP
              TCP_NODELAY);
use Time::HiRes qw(time sleep);

use Lapor::Test ();

use base 'Exporter';

our @EXPORT_OK = qw(get post_signed sign request chunked);

our $SECRET = 'app-secret-contoh';
our $TIMEOUT = 20;


# sign($body [, $secret]) -> value of X-Hub-Signature-256

sub sign {
    my ($body, $secret) = @_;

    return 'sha256='
           . hmac_sha256_hex($body, defined $secret ? $secret : $SECRET);
}


# chunked($body, $size) -> $body in chunked coding, $size bytes a chunk

sub chunked {
    my ($body, $size) = @_;

    my $text = '';
    for (my $i = 0; $i < length $body; $i += $size) {
        my $part = substr $body, $i, $size;
        $text .= sprintf "%x\r\n%s\r\n", length $part, $part;
    }
    return "${text}0\r\n\r\n";
}


# format_request($method, $uri, headers => [name, value, ...], body => bytes,
#                keepalive => 0|1, length => 0 to send no Content-Length)

sub format_request {
    my ($method, $uri, %opt) = @_;

    my @headers = @{ $opt{headers} || [] };
    my $text = "$method $uri HTTP/1.1\r\nHost: localhost\r\n";
    $text .= "Connection: close\r\n" unless $opt{keepalive};

    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }

    if (defined $opt{body} && (!defined $opt{length} || $opt{length})) {
        $text .= 'Content-Length: ' . length($opt{body}) . "\r\n";
    }

    return "$text\r\n" . (defined $opt{body} ? $opt{body} : '');
}


# request($port, $method, $uri, headers =>, body =>, timeout =>) -> response
# {status, reason, headers (lower case name => value), body, time, raw}; status
# 0 when the connection ended without an answer, -1 when the time was over

sub request {
    my ($port, $method, $uri, %opt) = @_;

    my $conn = Lapor::HTTP->connect($port) or return { status => 0 };
    $conn->write(format_request($method, $uri, %opt));
    return $conn->response($opt{timeout}, $method);
}


# get($port, $uri, headers =>, timeout =>)

sub get {
    my ($port, $uri, %opt) = @_;

    return request($port, 'GET', $uri, %opt);
}


# post_signed($port, $body, secret =>, uri =>, headers =>, timeout =>)

sub post_signed {
    my ($port, $body, %opt) = @_;

    return request($port, 'POST', $opt{uri} || '/webhook/whatsapp',
        %opt, body => $body, headers => signed_headers($body, %opt));
}


sub signed_headers {
    my ($body, %opt) = @_;

    return ['Content-Type' => 'application/json',
            'X-Hub-Signature-256' => sign($body, $opt{secret}),
            @{ $opt{headers} || [] }];
}


# signed_text($body, ...) -> the whole request as text, for pipelining

sub signed_text {
    my ($body, %opt) = @_;

    return format_request('POST', $opt{uri} || '/webhook/whatsapp',
        %opt, body => $body, headers => signed_headers($body, %opt));
}


# connect($port) -> a connection object

sub connect {
    my ($class, $port) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Proto => 'tcp', Timeout => 10) or return;
    setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;
    $sock->autoflush(1);
    return bless { sock => $sock, in => '' }, $class;
}


# tls($port, ca => path, cert => path, key => path, name => host,
#     alpn => 'h2', more => [options of s_client]) -> a connection object whose
# bytes go through `openssl s_client`: Perl's core has no TLS.  One whose
# handshake fails is closed at once.

sub tls {
    my ($class, $port, %opt) = @_;

    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "could not make a pair of sockets: $!\n";

    my @argv = ('openssl', 's_client', '-quiet', '-nocommands', '-connect',
                "127.0.0.1:$port", '-servername', $opt{name} || 'localhost');
    push @argv, '-CAfile', $opt{ca}, '-verify_return_error' if $opt{ca};
    push @argv, '-cert', $opt{cert}, '-key', $opt{key} if $opt{cert};
    push @argv, '-alpn', $opt{alpn} if $opt{alpn};
    push @argv, @{ $opt{more} || [] };

    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        open STDIN, '<&', $theirs or POSIX::_exit(126);
        open STDOUT, '>&', $theirs or POSIX::_exit(126);
        open STDERR, '>', '/dev/null' or POSIX::_exit(126);
        CORE::close($_) for $ours, $theirs;
        { no warnings 'exec'; exec { $argv[0] } @argv; }
        POSIX::_exit(127);
    }

    CORE::close($theirs);
    $ours->autoflush(1);
    return bless { sock => $ours, in => '', pid => $pid }, $class;
}


# write($bytes): all of it; false when the peer has closed

sub write {
    my ($self, $bytes) = @_;

    my $off = 0;
    while ($off < length $bytes) {
        my $n = syswrite $self->{sock}, $bytes, length($bytes) - $off, $off;
        return 0 unless defined $n;
        $off += $n;
    }
    return 1;
}


# dribble($bytes, $pause): one byte a packet

sub dribble {
    my ($self, $bytes, $pause) = @_;

    for my $byte (split //, $bytes) {
        $self->write($byte) or return 0;
        sleep $pause if $pause;
    }
    return 1;
}


# fill($seconds) -> 1 some bytes were read, 0 the peer closed, -1 time is over

sub fill {
    my ($self, $seconds) = @_;

    return 0 if $self->{eof};
    return -1 unless IO::Select->new($self->{sock})->can_read($seconds);

    my $n = sysread $self->{sock}, $self->{in}, 65536, length $self->{in};
    return 1 if $n;
    $self->{eof} = 1;
    return 0;
}


# response([$timeout [, $method]]) -> the next response of this connection

sub response {
    my ($self, $timeout, $method) = @_;

    my $start = time();
    my $end = $start + ($timeout || $TIMEOUT);
    my $head;

    while (!defined $head) {
        if ($self->{in} =~ s/\A(HTTP\/1\.[01] .*?\r\n\r\n)//s) {
            $head = $1;
            last;
        }
        my $rc = $self->fill(positive($end - time()));
        return { status => $rc, raw => $self->{in} } if $rc <= 0;
    }

    my ($status, $reason) = $head =~ /^HTTP\S+ (\d+) ?(.*?)\r\n/;
    my %headers = map { (lc($_->[0]) => $_->[1]) }
                  map { [/^([^:\r\n]+):\s*(.*?)\r?$/] }
                  grep { /:/ } split /\n/, $head =~ s/^.*?\n//r;

    my $body = $self->body(\%headers, $end,
        $status < 200 || $status == 204 || $status == 304
        || ($method || '') eq 'HEAD');

    return { status => $status, reason => $reason, headers => \%headers,
             body => $body, time => time() - $start, raw => $head . $body };
}


sub body {
    my ($self, $headers, $end, $none) = @_;

    return '' if $none;

    if (($headers->{'transfer-encoding'} || '') eq 'chunked') {
        my $body = '';
        while (1) {
            if ($self->{in} =~ /\A([0-9a-fA-F]+)\r\n/) {
                my ($size, $skip) = (hex $1, length($1) + 2);
                if (length $self->{in} >= $skip + $size + 2) {
                    $body .= substr $self->{in}, $skip, $size;
                    substr $self->{in}, 0, $skip + $size + 2, '';
                    return $body if $size == 0;
                    next;
                }
            }
            return $body if $self->fill(positive($end - time())) <= 0;
        }
    }

    my $want = $headers->{'content-length'};
    while (!defined $want || length $self->{in} < $want) {
        last if $self->fill(positive($end - time())) <= 0;
    }

    $want = length $self->{in} if !defined $want;
    return substr $self->{in}, 0, $want, '';
}


sub positive { return $_[0] > 0 ? $_[0] : 0 }


# closed($timeout) -> true when the peer closes and nothing else arrives

sub closed {
    my ($self, $timeout) = @_;

    my $wait = $timeout || 10 * Lapor::Test::patience();
    return $self->{in} eq '' && $self->fill($wait) == 0 ? 1 : 0;
}


# half(): nothing more will be written

sub half { return shutdown $_[0]{sock}, 1 }


sub close {
    my ($self) = @_;

    CORE::close($self->{sock});
    if (my $pid = delete $self->{pid}) {
        local $?;
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
    return;
}


sub DESTROY { $_[0]->close if $_[0]{pid} }


# abort(): RST instead of FIN

sub abort {
    my ($self) = @_;

    setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    CORE::close($self->{sock});
    return;
}


1;
