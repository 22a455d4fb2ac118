package Lapor::Redis;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A real Redis server for a test, in a directory of its own, on a unix socket
# (and on a loopback port if asked), with the settings that lapor_ack fsync
# demands; and the few lines of RESP that a test needs to ask it something.

use strict;
use warnings;

use IO::Socket::UNIX ();

use Lapor::Test ();


# new(dir => path, tcp => 0|1, port => N, config => {name => value},
#     start => 1) -> object.  `config` adds to or replaces the settings below.

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir    => $opt{dir} || Lapor::Test::test_dir(),
        port   => $opt{port} || ($opt{tcp} ? Lapor::Test::free_port() : 0),
        config => {
            save => '""',
            appendonly => 'yes',
            appendfsync => 'always',
            'no-appendfsync-on-rewrite' => 'no',
            'maxmemory-policy' => 'noeviction',
            'slowlog-log-slower-than' => -1,
            'crash-log-enabled' => 'no',
            'crash-memcheck-enabled' => 'no',
            daemonize => 'no',
            bind => '127.0.0.1',
            unixsocketperm => 777,
            %{ $opt{config} || {} },
        },
    }, $class;

    mkdir $self->{dir};
    $self->{socket} = "$self->{dir}/redis.sock";
    Lapor::Test::watch($self);
    $self->start unless defined $opt{start} && !$opt{start};
    return $self;
}


sub dir    { return $_[0]{dir} }
sub socket { return $_[0]{socket} }
sub port   { return $_[0]{port} }
sub pid    { return $_[0]{pid} }
sub log    { return Lapor::Test::slurp("$_[0]{dir}/redis.log") }


# address() -> what `lapor_redis` takes

sub address {
    my ($self) = @_;

    return $self->{port} ? "127.0.0.1:$self->{port}" : "unix:$self->{socket}";
}


# url() -> what `redis-cli -u` takes; only with a port

sub url {
    my ($self) = @_;

    die "this Redis has no port\n" unless $self->{port};
    return "redis://127.0.0.1:$self->{port}/0";
}


# start(loading => 1): does not wait until it has read its data

sub start {
    my ($self, %opt) = @_;

    my $bin = Lapor::Test::need_program('redis-server');
    my %config = (%{ $self->{config} }, port => $self->{port},
                  dir => $self->{dir}, unixsocket => $self->{socket},
                  logfile => "$self->{dir}/redis.log");

    my $file = "$self->{dir}/redis.conf";
    Lapor::Test::spew($file,
        join '', map { "$_ $config{$_}\n" } sort keys %config);
    unlink $self->{socket};

    $self->{pid} = Lapor::Test::spawn(argv => [$bin, $file],
        out => "$self->{dir}/redis.out", err => "$self->{dir}/redis.out");

    Lapor::Test::wait_until {
        die "redis-server ended at once: " . $self->log
            . Lapor::Test::slurp("$self->{dir}/redis.out")
            if defined Lapor::Test::reap($self->{pid});
        eval { $self->cmd('PING') eq 'PONG' }
            || $opt{loading} && $@ =~ /^LOADING /;
    } 60, 'redis-server to answer' or die "redis-server is not up\n";

    return $self;
}


sub stop {
    my ($self) = @_;

    delete $self->{conn};
    return unless $self->{pid};
    kill 'CONT', $self->{pid};
    Lapor::Test::end_process(delete $self->{pid}, 'TERM', 10);
    return $self;
}


# kill9(): as a crash of the machine's process would look

sub kill9 {
    my ($self) = @_;

    delete $self->{conn};
    Lapor::Test::end_process(delete $self->{pid}, 'KILL', 10);
    return $self;
}


# pause(), resume(): Redis is there, accepts and says nothing

sub pause  { kill 'STOP', $_[0]{pid} }
sub resume { kill 'CONT', $_[0]{pid} }


# cmd(@words) -> the reply: a string, a number, undef, or a reference to an
# array of those.  An error reply dies with its text.

sub cmd {
    my ($self, @words) = @_;

    if (!$self->{conn}) {
        my $conn = IO::Socket::UNIX->new(Peer => $self->{socket})
            or die "could not connect to $self->{socket}: $!\n";
        $conn->autoflush(1);
        $self->{conn} = $conn;
    }

    my $conn = $self->{conn};
    my $text = '*' . @words . "\r\n"
             . join '', map { '$' . length($_) . "\r\n$_\r\n" } @words;

    my $ok = eval {
        local $SIG{ALRM} = sub { die "redis-server does not answer\n" };
        alarm 30;
        print $conn $text or die "could not write to redis-server: $!\n";
        $self->{reply} = read_reply($conn);
        alarm 0;
        1;
    };
    alarm 0;

    if (!$ok) {
        delete $self->{conn};
        die $@;
    }

    my $reply = $self->{reply};
    die "$$reply\n" if ref $reply eq 'SCALAR';
    return $reply;
}


sub read_reply {
    my ($conn) = @_;

    my $line = readline $conn;
    die "redis-server closed the connection\n" unless defined $line;
    $line =~ s/\r\n\z// or die "half a reply from redis-server\n";

    my ($type, $rest) = (substr($line, 0, 1), substr($line, 1));

    return $rest if $type eq '+' || $type eq ':';
    return \"$rest" if $type eq '-';

    if ($type eq '$') {
        return undef if $rest < 0;
        my $data = '';
        while (length($data) < $rest + 2) {
            read($conn, $data, $rest + 2 - length $data, length $data)
                or die "half a reply from redis-server\n";
        }
        return substr $data, 0, $rest;
    }

    if ($type eq '*') {
        return undef if $rest < 0;
        return [map { read_reply($conn) } 1 .. $rest];
    }

    die "no RESP from redis-server: $line\n";
}


# entries([$kind]) -> list of {key, id, b, t} of all streams lapor:{NN}:$kind,
# msg and status if no kind is given, in the order of their ids

sub entries {
    my ($self, $kind) = @_;

    my @found;
    for my $key (@{ $self->cmd('KEYS', 'lapor:{*}:' . ($kind || '*')) }) {
        next unless $key =~ /:(?:msg|status)\z/;
        for my $entry (@{ $self->cmd('XRANGE', $key, '-', '+') }) {
            push @found, { key => $key, id => $entry->[0],
                           @{ $entry->[1] } };
        }
    }

    @found = sort { id_order($a->{id}, $b->{id}) } @found;
    return @found;
}


sub id_order {
    my ($a1, $a2) = split /-/, $_[0];
    my ($b1, $b2) = split /-/, $_[1];
    return $a1 <=> $b1 || $a2 <=> $b2;
}


sub check {
    my ($self) = @_;

    return (['redis wrote no crash report',
             join '', grep { /BUG REPORT|crashed by signal/ }
                      split /^/, $self->log]);
}


1;
