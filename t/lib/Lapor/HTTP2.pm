package Lapor::HTTP2;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# An HTTP/2 client, frame by frame, on a connection of Lapor::HTTP: what curl
# cannot be told to do (a body in a thousand DATA frames, a stream that is
# reset in the middle).  It knows as much of HPACK as nginx uses for a status.

use strict;
use warnings;

use Time::HiRes qw(time);

use Lapor::HTTP ();

my %TYPE = (DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4,
            PING => 6, GOAWAY => 7, WINDOW_UPDATE => 8);
my %NAME = reverse %TYPE;
my %STATUS = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
              14 => 500);


# new($conn) -> object; the preface is sent

sub new {
    my ($class, $conn) = @_;

    my $self = bless {
        conn => $conn, next => 1, window => { 0 => 65535 }, initial => 65535,
        status => {}, body => {}, done => {}, reset => {}, pings => 0,
    }, $class;

    $conn->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->frame('SETTINGS', 0, 0, '');
    return $self;
}


sub conn  { return $_[0]{conn} }
sub close { $_[0]{conn}->close }


# frame($type, $flags, $stream, $payload): sent as it is

sub frame {
    my ($self, $type, $flags, $stream, $payload) = @_;

    return $self->{conn}->write(substr(pack('N', length $payload), 1)
        . pack('CCN', $TYPE{$type}, $flags, $stream) . $payload);
}


sub hpack_string {
    my ($text) = @_;

    my $n = length $text;
    return pack('C', $n) . $text if $n < 127;

    my $head = pack 'C', 127;
    for ($n -= 127; $n >= 128; $n >>= 7) {
        $head .= pack 'C', $n % 128 + 128;
    }
    return $head . pack('C', $n) . $text;
}


# open($method, $uri, headers => [name, value, ...], end => 0|1) -> number of
# the new stream

sub open {
    my ($self, $method, $uri, %opt) = @_;

    my $stream = $self->{next};
    $self->{next} += 2;
    $self->{window}{$stream} = $self->{initial};

    my @fields = (':method', $method, ':scheme', 'https', ':path', $uri,
                  ':authority', 'localhost', @{ $opt{headers} || [] });
    my $block = '';
    while (my ($name, $value) = splice @fields, 0, 2) {
        $block .= "\0" . hpack_string(lc $name) . hpack_string($value);
    }

    $self->frame('HEADERS', 4 | ($opt{end} ? 1 : 0), $stream, $block);
    return $stream;
}


# data($stream, $bytes, size => N bytes a frame, end => 0|1) -> true when all
# was sent, as far as the windows let it, in time

sub data {
    my ($self, $stream, $bytes, %opt) = @_;

    my $size = $opt{size} || 16384;
    my $last = length $bytes;
    my $end = time() + $Lapor::HTTP::TIMEOUT;

    for (my $i = 0; $i < $last || $i == 0; $i += $size) {
        my $part = substr $bytes, $i, $size;

        while ($self->{window}{0} < length $part
               || $self->{window}{$stream} < length $part)
        {
            return 0 if time() > $end || !$self->turn(1);
        }

        $self->{window}{$_} -= length $part for 0, $stream;
        $self->frame('DATA', $opt{end} && $i + $size >= $last ? 1 : 0, $stream,
                     $part) or return 0;
    }
    return 1;
}


# post($body, headers => [...], size =>) -> the stream, all sent, signed

sub post {
    my ($self, $body, %opt) = @_;

    my $stream = $self->open('POST', $opt{uri} || '/webhook/whatsapp',
        headers => ['content-type' => 'application/json',
                    'x-hub-signature-256' => Lapor::HTTP::sign($body),
                    @{ $opt{headers} || [] }]);
    $self->data($stream, $body, size => $opt{size}, end => 1);
    return $stream;
}


# reset($stream): the client wants no answer any more

sub reset {
    my ($self, $stream) = @_;

    return $self->frame('RST_STREAM', 0, $stream, pack 'N', 8);
}


# status($stream [, $timeout]) -> its status once the answer is complete; 0 when
# the stream or the connection was ended instead, -1 when the time is over

sub status {
    my ($self, $stream, $timeout) = @_;

    my $end = time() + ($timeout || $Lapor::HTTP::TIMEOUT);

    while (!$self->{done}{$stream}) {
        return 0 if $self->{reset}{$stream};
        return -1 if time() > $end;
        return 0 if !$self->turn(0.2) && $self->{conn}{eof};
    }
    return $self->{status}{$stream};
}


# ping($timeout) -> true when the server has answered one

sub ping {
    my ($self, $timeout) = @_;

    my $before = $self->{pings};
    my $end = time() + ($timeout || $Lapor::HTTP::TIMEOUT);
    $self->frame('PING', 0, 0, 'lapor-ok');

    while ($self->{pings} == $before) {
        return 0 if time() > $end || $self->{conn}{eof};
        $self->turn(0.2);
    }
    return 1;
}


# turn($seconds) -> true when a frame was read

sub turn {
    my ($self, $seconds) = @_;

    my $conn = $self->{conn};
    my $have = sub {
        my $n = length $conn->{in};
        return $n >= 9 && $n >= 9 + unpack 'N', "\0" . substr $conn->{in}, 0, 3;
    };

    until ($have->()) {
        return 0 if $conn->fill($seconds) <= 0;
    }

    my ($length, $type, $flags, $stream) =
        unpack 'NCCN', "\0" . substr $conn->{in}, 0, 9, '';
    my $payload = substr $conn->{in}, 0, $length, '';

    $self->take($NAME{$type} || '', $flags, $stream & 0x7fffffff, $payload);
    return 1;
}


sub take {
    my ($self, $type, $flags, $stream, $payload) = @_;

    if ($type eq 'SETTINGS' && !($flags & 1)) {
        while ($payload =~ /\G(..)(....)/gs) {
            my ($id, $value) = (unpack('n', $1), unpack 'N', $2);
            next if $id != 4;
            $self->{window}{$_} += $value - $self->{initial}
                for grep { $_ } keys %{ $self->{window} };
            $self->{initial} = $value;
        }
        $self->frame('SETTINGS', 1, 0, '');

    } elsif ($type eq 'PING') {
        if ($flags & 1) { $self->{pings}++ }
        else { $self->frame('PING', 1, 0, $payload) }

    } elsif ($type eq 'WINDOW_UPDATE') {
        $self->{window}{$stream} += unpack 'N', $payload;

    } elsif ($type eq 'HEADERS') {
        my ($first, $length) = unpack 'CC', $payload;
        $self->{status}{$stream} = $first & 0x80 ? $STATUS{ $first & 0x7f }
                                 : substr $payload, 2, $length;

    } elsif ($type eq 'DATA') {
        $self->{body}{$stream} .= $payload;

    } elsif ($type eq 'RST_STREAM') {
        $self->{reset}{$stream} = 1;

    } elsif ($type eq 'GOAWAY') {
        $self->{goaway} = 1;
    }

    if (($type eq 'HEADERS' || $type eq 'DATA') && $flags & 1) {
        $self->{done}{$stream} = 1;
    }
    return;
}


1;
