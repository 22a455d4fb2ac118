package Lapor::Soak::Job;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What the clients of the soak do: one job is a list of steps on one
# connection, drawn at random.  A step is one of
#
#   [W => bytes]      write them
#   [P => seconds]    pause
#   [C => 1]          wait for 100 Continue, or for the answer itself
#   [A => answer]     wait for an answer: {kind, seq, want}
#   [X => 'abort']    end the connection by RST, or 'close' by FIN
#
# Each body carries its client and its number, `wamid.SOAK.CLIENT.NUMBER.`, and
# stands in the client's ledger: 8 bytes of its signature, and whether it may
# be stored, whether it was answered 200.

use strict;
use warnings;

use Lapor::HTTP ();
use Lapor::Nginx ();

use constant {
    MAY_BE_STORED => 1,      # signed, and sent whole
    ACCEPTED      => 2,      # answered 200
    RECORD        => 9,      # bytes of a ledger's record

    LIMIT => 4 * 1024 * 1024,     # client_max_body_size
    HUGE  => 3_000_000,           # the most that Meta sends
    DRIBBLED => 200,              # bytes that come one by one
};

my $URI = '/webhook/whatsapp';
my $SIGNATURE = 'X-Hub-Signature-256';

# kind => [weight, the counter of lapor_webhooks_total or of
# lapor_handshakes_total that it raises].  Without a counter: stored, or not
# certain.
our %KINDS = (
    plain     => [560],
    fresh     => [80],
    chunked   => [50],
    dribbled  => [24],
    pipelined => [40],
    expecting => [25],
    large     => [30],
    huge      => [0.5],
    slow      => [2],

    head_aborted => [15],
    body_aborted => [15],
    late_aborted => [20],

    wrong_signature     => [20, 'wrong_signature'],
    no_signature        => [10, 'no_signature'],
    double_signature    => [8, 'double_signature'],
    malformed_signature => [10, 'malformed_signature'],
    empty               => [5, 'empty'],
    too_large           => [8, 'too_large'],
    too_large_chunked   => [1, 'too_large'],
    verified            => [10, 'verified'],
    verify_refused      => [10, 'verify_refused'],
    method              => [8, 'method'],
    broken              => [5],
    garbage             => [5],
);


# new(client => number) -> a source of jobs; rand() is the process' own

sub new {
    my ($class, %opt) = @_;

    my $letters = join '', map { chr(97 + int rand 26) } 1 .. 65536;
    my $self = bless {
        client => $opt{client},
        seq    => 0,
        ledger => '',
        filler => $letters x (HUGE / length($letters) + 1),
        wheel  => [],
        total  => 0,
    }, $class;

    for my $kind (sort keys %KINDS) {
        $self->{total} += $KINDS{$kind}[0];
        push @{ $self->{wheel} }, [$self->{total}, $kind];
    }

    return $self;
}


sub ledger { return $_[0]{ledger} }


# mark($seq, $flag)

sub mark {
    my ($self, $seq, $flag) = @_;

    my $at = $seq * RECORD + RECORD - 1;
    my $flags = ord(substr $self->{ledger}, $at, 1) | $flag;
    substr $self->{ledger}, $at, 1, chr $flags;
    return;
}


# next() -> {kind, kept: takes a connection that was used before, steps}

sub next {
    my ($self) = @_;

    my $at = rand $self->{total};
    my ($lot) = grep { $at < $_->[0] } @{ $self->{wheel} };
    my $kind = $lot->[1];
    my $steps = $self->$kind;

    return { kind => $kind, steps => $steps,
             kept => $kind ne 'fresh' && rand > 0.05 };
}


# --- bodies

# body($length of text, $flags) -> (bytes, number, signature)

sub body {
    my ($self, $length, $flags) = @_;

    my $seq = $self->{seq}++;
    my $body = $self->text("wamid.SOAK.$self->{client}.$seq.", $length);
    my $signature = Lapor::HTTP::sign($body);

    $self->{ledger} .= pack 'H16C', substr($signature, 7, 16), $flags;
    return ($body, $seq, $signature);
}


sub text {
    my ($self, $id, $length) = @_;

    my $filler = substr $self->{filler}, rand(length($self->{filler})
                                             - $length), $length;
    my $from = sprintf '628000000%04d', rand 10000;
    my $number = 106540352240000 + int rand 40;
    my $shape = rand;

    return "$id$filler\0\xff\r\n\x80" if $shape < 0.05;

    my $value = $shape < 0.30
        ? qq("statuses":[{"id":"$id","status":"delivered",)
          . qq("timestamp":"1700000000","recipient_id":"$from",)
          . qq("conversation":{"id":"$filler"}}])
        : qq("contacts":[{"profile":{"name":"Warga \\u0022A\\u0022"},)
          . qq("wa_id":"$from"}],"messages":[{"id":"$id","from":"$from",)
          . qq("timestamp":"1700000000","type":"text",)
          . qq("text":{"body":"\\n\xc3\xa9 $filler"}}]);

    return '{"object":"whatsapp_business_account","entry":[{"id":'
        . '"102290129340398","changes":[{"field":"messages","value":{'
        . '"messaging_product":"whatsapp","metadata":{'
        . '"display_phone_number":"628000009999","phone_number_id":"'
        . qq($number"},$value}}]}]});
}


# post($body, headers => [], close => 0|1) -> a request's text

sub post {
    my ($body, %opt) = @_;

    return Lapor::HTTP::format_request('POST', $URI, body => $body,
        keepalive => !$opt{close}, headers => $opt{headers},
        length => $opt{length});
}


# signed($length, %opt) -> (text of a request, its answer)

sub signed {
    my ($self, $length, $kind, %opt) = @_;

    my ($body, $seq, $signature) = $self->body($length, MAY_BE_STORED);
    return (post($body, %opt, headers => [$SIGNATURE, $signature]),
            stored($kind, $seq));
}


# stored($kind, $seq), refused($kind, @statuses) -> an answer that is awaited

sub stored {
    my ($kind, $seq) = @_;

    return { kind => $kind, seq => $seq, want => { 200 => 1, 503 => 1 } };
}


sub refused {
    my ($kind, @status) = @_;

    return { kind => $kind, want => { map { $_ => 1 } @status } };
}


# --- what is signed and sent whole

sub plain {
    my ($self) = @_;

    my ($text, $answer) = $self->signed(rand 400, 'plain');
    return [[W => $text], [A => $answer]];
}


sub fresh {
    my ($self) = @_;

    my ($text, $answer) = $self->signed(rand 400, 'fresh', close => 1);
    return [[W => $text], [A => $answer]];
}


sub large {
    my ($self) = @_;

    my ($text, $answer) = $self->signed(rand 100_000, 'large');
    return [[W => $text], [A => $answer]];
}


sub huge {
    my ($self) = @_;

    my ($text, $answer) = $self->signed(HUGE - rand 1000, 'huge');
    return [[W => $text], [A => $answer]];
}


sub chunked {
    my ($self) = @_;

    my ($body, $seq, $signature) = $self->body(rand 3000, MAY_BE_STORED);
    my $head = Lapor::HTTP::format_request('POST', $URI, keepalive => 1,
        headers => [$SIGNATURE, $signature, 'Transfer-Encoding', 'chunked']);
    my $text = $head . Lapor::HTTP::chunked($body, 1 + int rand 1500);
    my $cut = int rand length $text;

    return [[W => substr $text, 0, $cut], [P => rand 0.01],
            [W => substr $text, $cut], [A => stored('chunked', $seq)]];
}


# in up to 40 pieces; one in six byte by byte, at some place

sub dribbled {
    my ($self) = @_;

    my ($text, $answer) = $self->signed(rand 100, 'dribbled');
    my $bytes = rand() < 0.16;
    my $piece = $bytes ? 1 : 1 + int(length($text) / (2 + rand 38));
    my $i = $bytes ? int rand length $text : 0;
    my $end = $bytes ? $i + DRIBBLED : length $text;
    my @steps = $i ? [W => substr $text, 0, $i] : ();

    for (; $i < $end && $i < length $text; $i += $piece) {
        push @steps, [W => substr $text, $i, $piece],
                     [P => $bytes ? 0.0005 : rand 0.02];
    }

    push @steps, [W => substr $text, $i] if $i < length $text;
    return [@steps, [A => $answer]];
}


# two to four requests at once, some of them refused

sub pipelined {
    my ($self) = @_;

    my ($all, @answers) = ('');
    for (1 .. 2 + rand 3) {
        my ($text, $answer) = rand() < 0.8
            ? $self->signed(rand 400, 'pipelined') : $self->handshake(1);
        $all .= $text;
        push @answers, [A => $answer];
    }

    return [[W => $all], @answers];
}


sub expecting {
    my ($self) = @_;

    my ($body, $seq, $signature) = $self->body(rand 2000, MAY_BE_STORED);
    my $text = post($body, headers => [$SIGNATURE, $signature,
                                       Expect => '100-continue']);
    my $at = index($text, "\r\n\r\n") + 4;

    return [[W => substr $text, 0, $at], [C => 1], [W => substr $text, $at],
            [A => stored('expecting', $seq)]];
}


sub slow {
    my ($self) = @_;

    my ($text, $answer) = $self->signed(rand 400, 'slow');
    my $at = int rand length $text;
    return [[W => substr $text, 0, $at], [P => rand 3],
            [W => substr $text, $at], [A => $answer]];
}


# --- who goes away

sub gone { return [X => rand() < 0.5 ? 'abort' : 'close'] }


sub head_aborted {
    my ($self) = @_;

    my ($body, undef, $signature) = $self->body(rand 100, 0);
    my $text = post($body, headers => [$SIGNATURE, $signature]);
    my $end = index $text, "\r\n\r\n";
    return [[W => substr $text, 0, rand $end], [P => rand 0.05], gone()];
}


sub body_aborted {
    my ($self) = @_;

    my ($body, undef, $signature) = $self->body(
        rand() < 0.05 ? 500_000 : rand 5000, 0);
    my $text = post($body, headers => [$SIGNATURE, $signature]);
    my $start = index($text, "\r\n\r\n") + 4;
    my $cut = $start + int rand(length($text) - $start);
    return [[W => substr $text, 0, $cut], [P => rand 0.05], gone()];
}


# after the body, before the answer: it may be stored

sub late_aborted {
    my ($self) = @_;

    my ($text) = $self->signed(rand 1000, 'late_aborted');
    return [[W => $text], rand() < 0.5 ? () : [P => rand 0.004], gone()];
}


# --- what must be refused

# refuse($kind, sub { headers of a body's signature } [, body's length])

sub refuse {
    my ($self, $kind, $headers, $length) = @_;

    my ($body, undef, $signature) =
        $self->body(defined $length ? $length : rand 500, 0);
    my $text = post($body, headers => [$headers->($signature)]);
    return [[W => $text], [A => refused($kind, 403)]];
}


sub wrong_signature {
    my ($self) = @_;

    return $self->refuse('wrong_signature', sub {
        my ($good) = @_;
        my $at = 7 + int rand 64;
        my $digit = substr $good, $at, 1;
        substr $good, $at, 1, $digit eq '0' ? '1' : '0';
        return ($SIGNATURE, $good);
    });
}


sub no_signature { return $_[0]->refuse('no_signature', sub { () }) }


sub double_signature {
    my ($self) = @_;

    return $self->refuse('double_signature', sub {
        return ($SIGNATURE, $_[0], lc $SIGNATURE, $_[0]);
    });
}


sub malformed_signature {
    my ($self) = @_;

    return $self->refuse('malformed_signature', sub {
        my ($good) = @_;
        my @bad = (uc $good, substr($good, 0, -1), "${good}0",
                   substr($good, 7), "sha1=$good", '',
                   'sha256=' . 'g' x 64);
        return ($SIGNATURE, $bad[rand @bad]);
    });
}


sub empty {
    my ($self) = @_;

    my $text = post('', headers => [$SIGNATURE, Lapor::HTTP::sign('')]);
    return [[W => $text], [A => refused('empty', 403)]];
}


# signed, so that only its size stands against it

sub too_large {
    my ($self) = @_;

    my (undef, undef, $signature) = $self->body(10, 0);
    my $text = Lapor::HTTP::format_request('POST', $URI, keepalive => 1,
        headers => [$SIGNATURE, $signature,
                    'Content-Length', LIMIT + 1 + int rand 1000]);
    return [[W => $text . substr $self->{filler}, 0, rand 100_000],
            [A => refused('too_large', 413)], [X => 'close']];
}


sub too_large_chunked {
    my ($self) = @_;

    my (undef, undef, $signature) = $self->body(10, 0);
    my $text = Lapor::HTTP::format_request('POST', $URI, keepalive => 1,
        headers => [$SIGNATURE, $signature, 'Transfer-Encoding', 'chunked']);
    my $part = substr $self->{filler}, 0, 262_144;
    $text .= sprintf("%x\r\n%s\r\n", length $part, $part)
             x (LIMIT / length($part) + 1);
    return [[W => $text], [A => refused('too_large_chunked', 413)],
            [X => 'close']];
}


# handshake($right) -> (text, answer)

sub handshake {
    my ($self, $right) = @_;

    my $token = $Lapor::Nginx::TOKEN . ($right ? '' : 'x');
    my $text = Lapor::HTTP::format_request('GET', "$URI?hub.mode=subscribe"
        . "&hub.challenge=" . int(rand 1e9) . "&hub.verify_token=$token",
        keepalive => 1);
    return ($text, $right ? refused('verified', 200)
                          : refused('verify_refused', 403));
}


sub verified {
    my ($self) = @_;

    my ($text, $answer) = $self->handshake(1);
    return [[W => $text], [A => $answer]];
}


sub verify_refused {
    my ($self) = @_;

    my ($text, $answer) = $self->handshake(0);
    return [[W => $text], [A => $answer]];
}


sub method {
    my ($self) = @_;

    my @methods = qw(PUT DELETE PATCH OPTIONS PROPFIND HEAD);
    my $method = $methods[rand @methods];
    my ($body, undef, $signature) = $self->body(rand 100, 0);
    my $text = Lapor::HTTP::format_request($method, $URI, keepalive => 1,
        $method eq 'HEAD' ? () : (body => $body),
        headers => [$SIGNATURE, $signature]);
    return [[W => $text], [A => refused('method', 405)]];
}


sub broken {
    my ($self) = @_;

    my (undef, undef, $signature) = $self->body(10, 0);
    my $text = Lapor::HTTP::format_request('POST', $URI, keepalive => 1,
        headers => [$SIGNATURE, $signature, 'Transfer-Encoding', 'chunked']);
    return [[W => "${text}zz\r\nbukan"], [A => refused('broken', 400)],
            [X => 'close']];
}


sub garbage {
    my ($self) = @_;

    my @garbage = ("\x16\x03\x01\x02\x00\x01\x00\x01", "\0" x 100,
                   "POST  \r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                   "POST $URI HTTP/1.1\r\nContent-Length: -1\r\n\r\n");
    return [[W => $garbage[rand @garbage]], [P => rand 0.05], gone()];
}


1;
