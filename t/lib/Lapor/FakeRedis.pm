package Lapor::FakeRedis;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A peer that speaks RESP and misbehaves on demand: what a real Redis cannot be
# told to do (answer late, stop in the middle, answer byte by byte).  It
# stands in for a broken Redis only; whatever works is tested with Lapor::Redis.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time);

use Lapor::Test ();

my %DEFAULT = (
    PING => "+PONG\r\n", AUTH => "+OK\r\n", SELECT => "+OK\r\n",
    CLIENT => "+OK\r\n",
    CONFIG => join('', "*8\r\n", map { '$' . length($_) . "\r\n$_\r\n" }
                   qw(appendonly yes appendfsync always
                      no-appendfsync-on-rewrite no), replicaof => ''),
);


# new(dir => path, tcp => 0|1, rules => {...}, start => 1).  Rules by command
# name (or '*'), each a hash of
#   reply   => raw RESP instead of the default
#   error   => '-OOM ...' an error reply
#   delay   => seconds before the reply
#   mute    => 1 no reply at all
#   close   => 1 closes instead of replying
#   half    => 1 sends half of the reply, then closes
#   dribble => 1 one byte a packet
#   big     => N reply is a bulk string of N bytes
#   times   => N the rule holds N times only (counted for each start and set)
# and under 'accept': {close => 1} closes every new connection.

sub new {
    my ($class, %opt) = @_;

    my $self = bless { dir => $opt{dir} || Lapor::Test::test_dir(),
                       tcp => $opt{tcp} ? 1 : 0, serial => 0 }, $class;

    mkdir $self->{dir};
    $self->{socket} = "$self->{dir}/fake.sock";
    $self->{port} = Lapor::Test::free_port() if $self->{tcp};
    Lapor::Test::watch($self);
    $self->rules(%{ $opt{rules} || {} });
    $self->start unless defined $opt{start} && !$opt{start};
    return $self;
}


sub address {
    my ($self) = @_;

    return $self->{tcp} ? "127.0.0.1:$self->{port}" : "unix:$self->{socket}";
}


sub pid { return $_[0]{pid} }


# rules(NAME => {...}, ...): replaces all rules, read before the next command

sub rules {
    my ($self, %rules) = @_;

    Lapor::Test::spew("$self->{dir}/rules.json",
        JSON::PP->new->canonical->encode(
            { serial => ++$self->{serial}, rules => \%rules }), 0644);
    return $self;
}


# commands([$name]) -> list of the commands received so far, each a reference
# to its words, as hex-free bytes

sub commands {
    my ($self, $name) = @_;

    my $json = JSON::PP->new->latin1;
    my @all = map { $json->decode($_) }
              Lapor::Test::whole_lines("$self->{dir}/commands");
    return grep { !defined $name || uc $_->[0] eq $name } @all;
}


# connections() -> how many were accepted so far

sub connections {
    my ($self) = @_;

    return length Lapor::Test::slurp("$self->{dir}/accepted");
}


sub start {
    my ($self) = @_;

    unlink $self->{socket};
    my $listen = $self->{tcp}
        ? IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
              LocalPort => $self->{port}, ReuseAddr => 1)
        : IO::Socket::UNIX->new(Local => $self->{socket}, Listen => 64);
    die "could not listen: $!\n" unless $listen;
    chmod 0777, $self->{socket} unless $self->{tcp};

    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        $SIG{TERM} = 'DEFAULT';
        $SIG{PIPE} = 'IGNORE';
        eval { serve($self, $listen); 1 } or print STDERR "fake redis: $@";
        POSIX::_exit(1);
    }

    close $listen;
    Lapor::Test::adopt($pid);
    $self->{pid} = $pid;
    return $self;
}


sub stop {
    my ($self) = @_;

    return unless $self->{pid};
    Lapor::Test::end_process(delete $self->{pid}, 'KILL', 5);
    return $self;
}


sub check { return () }


# --- the server, in the child ---

sub serve {
    my ($self, $listen) = @_;

    my %peers;
    my $set = IO::Select->new($listen);
    my $state = { serial => -1, rules => {}, ids => 0, self => $self };

    while (1) {
        my $wait = next_due(\%peers);

        for my $sock ($set->can_read($wait)) {
            if ($sock == $listen) {
                accept_peer($state, $listen, $set, \%peers);
                next;
            }

            my $peer = $peers{ fileno $sock } or next;
            my $n = sysread $sock, $peer->{in}, 1 << 20, length $peer->{in};
            if (!$n) {
                drop($set, \%peers, $peer);
                next;
            }
            while (my $words = next_command($peer)) {
                handle($state, $peer, $words);
            }
        }

        send_due($set, \%peers);
    }
}


sub accept_peer {
    my ($state, $listen, $set, $peers) = @_;

    my $sock = $listen->accept or return;
    open my $fh, '>>', "$state->{self}{dir}/accepted" or die $!;
    print $fh 'x';
    close $fh;

    my $rule = find_rule($state, 'accept');
    return if $rule && $rule->{close};

    $sock->autoflush(1);
    $sock->blocking(1);
    $set->add($sock);
    $peers->{ fileno $sock } = { sock => $sock, in => '', out => [] };
}


sub drop {
    my ($set, $peers, $peer) = @_;

    delete $peers->{ fileno $peer->{sock} };
    $set->remove($peer->{sock});
    close $peer->{sock};
}


sub next_command {
    my ($peer) = @_;

    $peer->{in} =~ /\A\*(\d+)\r\n/ or return;
    my ($count, $pos) = ($1, $+[0]);
    my @words;

    for (1 .. $count) {
        pos($peer->{in}) = $pos;
        $peer->{in} =~ /\G\$(\d+)\r\n/ or return;
        my ($len, $at) = ($1, $+[0]);
        return if length $peer->{in} < $at + $len + 2;
        push @words, substr $peer->{in}, $at, $len;
        $pos = $at + $len + 2;
    }

    substr $peer->{in}, 0, $pos, '';
    return \@words;
}


sub find_rule {
    my ($state, @names) = @_;

    my $json = JSON::PP->new->decode(
        Lapor::Test::slurp("$state->{self}{dir}/rules.json"));
    $state->{rules} = $json->{rules} if $json->{serial} != $state->{serial};
    $state->{serial} = $json->{serial};

    for my $name (@names) {
        my $rule = $state->{rules}{$name} or next;
        next if defined $rule->{times} && $rule->{times}-- <= 0;
        return $rule;
    }
    return;
}


sub handle {
    my ($state, $peer, $words) = @_;

    my $name = uc $words->[0];
    Lapor::Test::append_line("$state->{self}{dir}/commands",
        JSON::PP->new->latin1->encode($words));

    my $rule = find_rule($state, $name, '*') || {};
    return if $rule->{mute};

    my $reply = defined $rule->{reply} ? $rule->{reply}
        : defined $rule->{error} ? "$rule->{error}\r\n"
        : defined $rule->{big}
            ? '$' . $rule->{big} . "\r\n" . 'x' x $rule->{big} . "\r\n"
        : $name eq 'XADD' ? id_reply($state)
        : $DEFAULT{$name} || "-ERR what is '$name'\r\n";

    $reply = substr $reply, 0, length($reply) / 2 if $rule->{half};
    $reply = '' if $rule->{close};

    push @{ $peer->{out} }, {
        at => time() + ($rule->{delay} || 0), data => $reply,
        close => $rule->{half} || $rule->{close}, dribble => $rule->{dribble},
    };
}


sub id_reply {
    my ($state) = @_;

    my $id = sprintf '%d-%d', time() * 1000, $state->{ids}++;
    return '$' . length($id) . "\r\n$id\r\n";
}


sub next_due {
    my ($peers) = @_;

    my $wait = 1;
    for my $peer (values %$peers) {
        my $first = $peer->{out}[0] or next;
        my $left = $first->{at} - time();
        $wait = $left if $left < $wait;
    }
    return $wait > 0 ? $wait : 0;
}


sub send_due {
    my ($set, $peers) = @_;

    for my $peer (values %$peers) {
        while ($peer->{out}[0] && $peer->{out}[0]{at} <= time()) {
            my $item = shift @{ $peer->{out} };
            my $step = $item->{dribble} ? 1 : length $item->{data};

            for (my $i = 0; $i < length $item->{data}; $i += $step) {
                syswrite $peer->{sock}, $item->{data}, $step, $i;
                select undef, undef, undef, 0.002 if $item->{dribble};
            }
            if ($item->{close}) {
                drop($set, $peers, $peer);
                last;
            }
        }
    }
}


1;
