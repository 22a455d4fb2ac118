package Lapor::Graph;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The emulator of Meta's Graph API for a test: a process of its own, with its
# data in a directory of its own, and the calls that a test makes to it.

use strict;
use warnings;

use JSON::PP ();

use Lapor::HTTP ();
use Lapor::Test ();

our $TOKEN = 'token-contoh';
our $VERSION = 'v23.0';


# new(dir => path, port => N, webhook => url, secret => text, token => text,
#     args => ['--statuses', 'sent', ...], start => 1) -> object

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir     => $opt{dir} || Lapor::Test::test_dir(),
        port    => $opt{port} || Lapor::Test::free_port(),
        webhook => defined $opt{webhook} ? $opt{webhook} : '',
        secret  => defined $opt{secret} ? $opt{secret} : $Lapor::HTTP::SECRET,
        token   => defined $opt{token} ? $opt{token} : $TOKEN,
        args    => $opt{args} || [],
    }, $class;

    mkdir $self->{dir};
    Lapor::Test::watch($self);
    $self->start unless defined $opt{start} && !$opt{start};
    return $self;
}


sub dir   { return $_[0]{dir} }
sub port  { return $_[0]{port} }
sub pid   { return $_[0]{pid} }
sub url   { return "http://127.0.0.1:$_[0]{port}" }
sub token { return $_[0]{token} }
sub log   { return Lapor::Test::slurp("$_[0]{dir}/graph.err") }


# start(): returns when the emulator answers

sub start {
    my ($self) = @_;

    my $dir = $self->{dir};
    Lapor::Test::spew("$dir/secret", "$self->{secret}\n", 0600);
    Lapor::Test::spew("$dir/token", "$self->{token}\n", 0600);

    $self->{pid} = Lapor::Test::spawn(
        argv => [Lapor::Test::build_path('lapor-graph'),
                 '--port', $self->{port}, '--dir', "$dir/data",
                 '--webhook', $self->{webhook},
                 '--secret-file', "$dir/secret",
                 '--token-file', "$dir/token", @{ $self->{args} }],
        out => "$dir/graph.err", err => "$dir/graph.err");

    Lapor::Test::wait_until {
        die 'lapor-graph ended at once: ' . $self->log
            if defined Lapor::Test::reap($self->{pid});
        Lapor::HTTP::get($self->{port}, '/_emulator/read')->{status} == 200;
    } 10, 'lapor-graph to answer' or die "lapor-graph is not up\n";

    return $self;
}


# stop(): as a supervisor does, sets {status} to the wait status

sub stop {
    my ($self) = @_;

    return $self unless $self->{pid};
    $self->{status} = Lapor::Test::end_process(delete $self->{pid}, 'TERM',
                                               20);
    return $self;
}


# kill9(): as nobody should

sub kill9 {
    my ($self) = @_;

    Lapor::Test::end_process(delete $self->{pid}, 'KILL', 10);
    return $self;
}


# check() -> hidden checks of done_testing()

sub check {
    my ($self) = @_;

    return (
        ['lapor-graph: no sanitizer report',
         Lapor::Test::sanitizer_lines("$self->{dir}/graph.err")],
        ['lapor-graph: ended by its own will',
         $self->{status} ? "wait status $self->{status}" : ''],
    );
}


# upload($bytes, $type) -> {id, sha256, sha256_hex, size}, as if a user had
# sent the file

sub upload {
    my ($self, $bytes, $type) = @_;

    return $self->control('POST', 'media', $bytes, 'Content-Type' => $type);
}


# sent($after) -> list of the accepted sends above number $after

sub sent {
    my ($self, $after) = @_;

    return @{ $self->control('GET', 'sent?after=' . ($after || 0)) };
}


# read_marks($after) -> list of read marks and typing indicators

sub read_marks {
    my ($self, $after) = @_;

    return @{ $self->control('GET', 'read?after=' . ($after || 0)) };
}


# faults({match => 'POST /', code => 131056, times => 1}, ...) replaces the
# list; no arguments end all faults

sub faults {
    my ($self, @faults) = @_;

    return $self->control('POST', 'faults', JSON::PP::encode_json(\@faults));
}


sub reset { return $_[0]->control('POST', 'reset', '') }


# control($method, $path, $body, @headers) -> decoded answer, dies unless 200

sub control {
    my ($self, $method, $path, $body, @headers) = @_;

    my $r = Lapor::HTTP::request($self->{port}, $method, "/_emulator/$path",
        headers => \@headers, (defined $body ? (body => $body) : ()));

    die "$method /_emulator/$path: $r->{status} "
        . (defined $r->{body} ? $r->{body} : '') . "\n"
        unless $r->{status} == 200;

    return JSON::PP::decode_json($r->{body});
}


# call($method, $path, body => bytes or structure, headers => [], token =>
#      text or undef for none) -> answer of Lapor::HTTP with {json} where the
#      body is JSON; $path without the version

sub call {
    my ($self, $method, $path, %opt) = @_;

    my $token = exists $opt{token} ? $opt{token} : $self->{token};
    my @headers = @{ $opt{headers} || [] };
    my $body = $opt{body};

    push @headers, Authorization => "Bearer $token" if defined $token;

    if (ref $body) {
        $body = JSON::PP->new->utf8->canonical->encode($body);
        push @headers, 'Content-Type' => 'application/json';
    }

    my $uri = $path =~ m{^/} ? $path : "/$VERSION/$path";
    my $r = Lapor::HTTP::request($self->{port}, $method, $uri,
        headers => \@headers, timeout => $opt{timeout},
        (defined $body ? (body => $body) : ()));

    $r->{json} = eval { JSON::PP::decode_json($r->{body}) };
    return $r;
}


# send_text($phone_number_id, $to, $text, %more) -> answer of call()

sub send_text {
    my ($self, $number, $to, $text, %more) = @_;

    return $self->call('POST', "$number/messages",
        body => { messaging_product => 'whatsapp', to => $to, type => 'text',
                  text => { body => $text }, %more });
}


package Lapor::Graph::Receiver;

# A webhook endpoint for tests of the emulator itself: a child process that
# answers what a file says and writes down what it gets.

use IO::Socket::INET ();
use MIME::Base64 ();


# new() -> object; it answers 200

sub new {
    my ($class) = @_;

    my $dir = Lapor::Test::test_dir();
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
        Proto => 'tcp', ReuseAddr => 1) or die "could not listen: $!";
    my $self = bless { dir => $dir, port => $listen->sockport }, $class;

    $self->answer(200);

    my $pid = fork;
    die "could not fork: $!" unless defined $pid;
    if ($pid == 0) {
        $self->serve($listen);
        POSIX::_exit(0);
    }

    Lapor::Test::adopt($pid);
    return $self;
}


sub url { return "http://127.0.0.1:$_[0]{port}/webhook/whatsapp" }


# answer($status): from now on; 0 closes without an answer

sub answer {
    my ($self, $status) = @_;

    Lapor::Test::spew("$self->{dir}/answer", $status);
    return;
}


# received() -> list of {answered, signature, body} in the order of arrival.  A
# last line that is still being written does not count.

sub received {
    my ($self) = @_;

    my @all;
    for my $line (Lapor::Test::whole_lines("$self->{dir}/received")) {
        my ($status, $signature, $body) = split / /, $line;
        push @all, { answered => $status, signature => $signature,
                     body => MIME::Base64::decode($body) };
    }
    return @all;
}


# statuses($answered) -> list of the status objects that were answered so
# (default 200), in the order of arrival

sub statuses {
    my ($self, $answered) = @_;

    my @all;
    for my $r ($self->received) {
        next if $r->{answered} != (defined $answered ? $answered : 200);
        my $value = JSON::PP::decode_json($r->{body})
            ->{entry}[0]{changes}[0]{value};
        push @all, @{ $value->{statuses} };
    }
    return @all;
}


# One request a connection is enough here; each is written down in one piece.

sub serve {
    my ($self, $listen) = @_;

    local $SIG{TERM} = 'DEFAULT';

    while (my $conn = $listen->accept) {
        my $in = '';
        while ($in !~ /\r\n\r\n/) {
            sysread $conn, $in, 65536, length $in or last;
        }

        my ($head, $body) = split /\r\n\r\n/, $in, 2;
        my ($length) = ($head || '') =~ /^Content-Length: (\d+)/mi or next;
        while (length $body < $length) {
            sysread $conn, $body, 65536, length $body or last;
        }

        my ($signature) = $head =~ /^X-Hub-Signature-256: (\S+)/mi;
        my $status = Lapor::Test::slurp("$self->{dir}/answer");

        Lapor::Test::append_line("$self->{dir}/received",
            join ' ', $status, defined $signature ? $signature : '-',
                 MIME::Base64::encode($body, ''));

        next if $status == 0;
        print $conn "HTTP/1.1 $status Answer\r\nContent-Length: 0\r\n"
                    . "Connection: close\r\n\r\n";
    }
}


1;
