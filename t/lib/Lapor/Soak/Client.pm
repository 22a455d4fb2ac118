package Lapor::Soak::Client;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# One client process of the soak: many connections in one loop, each with the
# steps of a job (Lapor::Soak::Job), at a rate that does not wait for answers.
# It ends by itself when its time is over and every answer is there; then it
# leaves two files: its ledger, and its counts.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use POSIX ();
use Socket qw(AF_INET SOCK_STREAM SOL_SOCKET SO_LINGER IPPROTO_TCP
              TCP_NODELAY inet_aton pack_sockaddr_in);
use Time::HiRes qw(time);

use Lapor::Soak::Job ();
use Lapor::System ();

use constant {
    HUNG     => 30,          # seconds after which an answer is given up
    IDLE     => 24,          # connections kept for later
    TURN     => 0.05,        # seconds a turn of the loop waits at most
    SAMPLES  => 5,           # of answers that must not be, to be shown
};


# new(id =>, port =>, rate => jobs a second, end => time, files => path,
#     seed =>, connections => N)

sub new {
    my ($class, %opt) = @_;

    return bless { connections => 128, %opt, busy => {},
                   idle => [], count => {}, wrong => [], lost => [],
                   longest => 0 }, $class;
}


sub run {
    my ($self) = @_;

    $SIG{PIPE} = $SIG{INT} = 'IGNORE';
    $SIG{TERM} = sub { $self->{end} = 0 };
    srand $self->{seed};
    $self->{parent} = getppid;

    $self->{jobs} = Lapor::Soak::Job->new(client => $self->{id});
    $self->{address} = pack_sockaddr_in($self->{port},
                                        inet_aton('127.0.0.1'));
    my $due = time();
    my ($pace, $pace_until) = (1, 0);
    my $told = time();

    while (1) {
        my $now = time();
        my $over = $now >= $self->{end};
        POSIX::_exit(1) if getppid() != $self->{parent};
        last if $over && !%{ $self->{busy} };

        if ($now > $pace_until) {        # waves
            $pace = (0.3, 0.8, 1, 1.2, 2)[rand 5];
            $pace_until = $now + 0.5 + rand 3;
        }

        $due = $now - 0.5 if $due < $now - 0.5;
        while (!$over && $due <= $now
               && keys %{ $self->{busy} } < $self->{connections})
        {
            $self->start_job($now);
            $due += 1 / ($self->{rate} * $pace);
        }

        $self->turn($over ? $now + TURN : $due);

        if ($now > $told + 2) {
            $told = $now;
            $self->tell;
        }
    }

    $_->{fh} && close $_->{fh} for @{ $self->{idle} };
    Lapor::System::spew("$self->{files}.ledger", $self->{jobs}->ledger);
    $self->tell;
    return;
}


# tell(): counts so far, `name value` a line, and samples of wrong answers

sub tell {
    my ($self) = @_;

    my $count = $self->{count};
    my $text = join '', map { "$_\t$count->{$_}\n" } sort keys %$count;
    $text .= sprintf "longest answer in ms\t%d\n", 1000 * $self->{longest};
    $text .= "! $_\n" for @{ $self->{wrong} };
    $text .= "? $_\n" for @{ $self->{lost} };
    Lapor::System::spew("$self->{files}.counts", $text);
    return;
}


sub start_job {
    my ($self, $now) = @_;

    my $job = $self->{jobs}->next;
    my $conn = ($job->{kept} && $self->take_idle) || $self->open_new;
    $self->{count}{"sent $job->{kind}"}++;

    if (!$conn) {
        $self->{count}{'could not connect'}++;
        return;
    }

    @$conn{qw(steps since out)} = ($job->{steps}, $now, undef);
    $self->{busy}{ $conn->{fd} } = $conn;
    $self->advance($conn);
    return;
}


# a connection that nginx has closed meanwhile is not taken

sub take_idle {
    my ($self) = @_;

    while (my $conn = pop @{ $self->{idle} }) {
        my $n = sysread $conn->{fh}, $conn->{in}, 1;
        return $conn if !defined $n && ($! == EAGAIN || $! == EWOULDBLOCK);
        $self->drop($conn);
    }
    return;
}


sub open_new {
    my ($self) = @_;

    socket my $fh, AF_INET, SOCK_STREAM, 0 or return;
    connect $fh, $self->{address} or return;
    setsockopt $fh, IPPROTO_TCP, TCP_NODELAY, 1;
    fcntl $fh, F_SETFL, fcntl($fh, F_GETFL, 0) | O_NONBLOCK;

    my $conn = { fh => $fh, fd => fileno $fh, in => '', used => 0 };
    return $conn;
}


# turn($due): waits for sockets, for pauses that end, and until $due

sub turn {
    my ($self, $due) = @_;

    my ($rin, $win) = ('', '');
    my $now = time();
    my $until = $due < $now + TURN ? $due : $now + TURN;

    for my $conn (values %{ $self->{busy} }) {
        vec($rin, $conn->{fd}, 1) = 1;
        vec($win, $conn->{fd}, 1) = 1 if defined $conn->{out};
        $until = $conn->{wake} if $conn->{wake} && $conn->{wake} < $until;
    }

    my $wait = $until - $now;
    $wait = 0.001 if $wait < 0.001 && $due > $now;
    $wait = 0 if $wait < 0;
    my $n = select my $rout = $rin, my $wout = $win, undef, $wait;
    $now = time();

    for my $conn (values %{ $self->{busy} }) {
        my $fd = $conn->{fd};
        my $readable = $n > 0 && vec $rout, $fd, 1;

        $self->read_some($conn) if $readable;
        $self->advance($conn, $now)
            if $readable || $n > 0 && vec($wout, $fd, 1)
               || $conn->{wake} && $conn->{wake} <= $now
               || $now > $conn->{since} + HUNG;
    }
    return;
}


sub read_some {
    my ($self, $conn) = @_;

    return if $conn->{eof};
    my $n = sysread $conn->{fh}, $conn->{in}, 65536, length $conn->{in};
    return if $n || !defined $n && ($! == EAGAIN || $! == EWOULDBLOCK
                                    || $! == EINTR);
    $conn->{error} ||= "$!" unless defined $n;
    $conn->{eof} = 1;
    return;
}


# advance($conn): as many steps as can be done now

sub advance {
    my ($self, $conn, $now) = @_;

    while (my $step = $conn->{steps}[0]) {
        my ($what, $arg) = @$step;

        if ($what eq 'W') {
            $self->write_some($conn, $arg) or return;

        } elsif ($what eq 'P') {
            $conn->{wake} ||= time() + $arg;
            return if !$conn->{eof} && ($now || time()) < $conn->{wake};
            $conn->{wake} = 0;

        } elsif ($what eq 'C') {
            continued($conn) or return $self->hung($conn, $now);

        } elsif ($what eq 'A') {
            my $status = answer($conn);
            return $self->hung($conn, $now) unless defined $status;
            $self->record($conn, $arg, $status);

        } else {
            return $self->finish($conn, $arg);
        }

        shift @{ $conn->{steps} };
    }

    return $self->finish($conn);
}


# hung($conn): an answer is not there; after HUNG seconds it will not come

sub hung {
    my ($self, $conn, $now) = @_;

    return unless $now && $now > $conn->{since} + HUNG;
    $self->record($conn, $_->[1], -1)
        for grep { $_->[0] eq 'A' } @{ $conn->{steps} };
    return $self->finish($conn, 'close');
}


# write_some($conn, $bytes) -> 1 when all is written, or cannot be: what nginx
# has to say then is still read

sub write_some {
    my ($self, $conn, $bytes) = @_;

    my $off = $conn->{out} || 0;

    while ($off < length $bytes && !$conn->{eof} && !$conn->{deaf}) {
        my $n = syswrite $conn->{fh}, $bytes, length($bytes) - $off, $off;

        if (defined $n) {
            $off += $n;
        } elsif ($! == EAGAIN || $! == EWOULDBLOCK) {
            $conn->{out} = $off;
            return 0;
        } elsif ($! != EINTR) {
            $conn->{deaf} = 1;
            $conn->{error} = "could not write: $!";
        }
    }

    $conn->{out} = undef;
    return 1;
}


# continued($conn) -> true when the body may follow, or nobody wants it

sub continued {
    my ($conn) = @_;

    return 1 if $conn->{eof};
    return 0 if index($conn->{in}, "\r\n\r\n") < 0;
    return 1 if $conn->{in} =~ s/\AHTTP\/1\.1 100 .*?\r\n\r\n//s;

    shift @{ $conn->{steps} } while $conn->{steps}[1][0] ne 'A';
    $conn->{close} = 1;
    return 1;
}


# answer($conn) -> status; 0 when the connection ended without one, undef
# while it is not there

sub answer {
    my ($conn) = @_;

    my $end = index $conn->{in}, "\r\n\r\n";
    return $conn->{eof} ? 0 : undef if $end < 0;

    my $head = substr $conn->{in}, 0, $end + 4;
    my ($status) = $head =~ /\AHTTP\/1\.[01] (\d+)/ or return 0;
    my ($length) = $head =~ /\r\nContent-Length: (\d+)/i;
    my $want = $end + 4 + ($length || 0);
    return $conn->{eof} ? 0 : undef if length($conn->{in}) < $want;

    substr $conn->{in}, 0, $want, '';
    $conn->{close} = 1 if $head =~ /\r\nConnection: close/i;
    return $status;
}


sub record {
    my ($self, $conn, $answer, $status) = @_;

    my $count = $self->{count};
    my $used = $conn->{used}++;
    $count->{"$answer->{kind} $status"}++;

    my $took = time() - $conn->{since};

    if ($status <= 0) {
        my $how = $status < 0 ? 'hung' : $used ? 'lost kept' : 'lost fresh';
        $count->{$how}++;
        push @{ $self->{lost} }, sprintf
            '%.3f %s: %s after %.3f s, request %d of its connection, %s, '
            . '%d bytes came', time(), $how, $answer->{kind}, $took,
            $used + 1, $conn->{error} || 'closed', length $conn->{in}
            if @{ $self->{lost} } < SAMPLES || $how ne 'lost kept'
               && @{ $self->{lost} } < 2 * SAMPLES;
        return;
    }

    if (!$answer->{want}{$status}) {
        $count->{wrong}++;
        push @{ $self->{wrong} }, sprintf '%s was answered %d after %.1f s',
            $answer->{kind}, $status, $took
            if @{ $self->{wrong} } < SAMPLES;
    }

    if (defined $answer->{seq}) {
        $self->{longest} = $took if $took > $self->{longest}
                                    && $answer->{kind} eq 'plain';
        if ($status == 200) {
            $count->{'answered 200'}++;
            $self->{jobs}->mark($answer->{seq}, Lapor::Soak::Job::ACCEPTED);
        }
    }
    return;
}


# finish($conn [, 'abort' or 'close']): the job is done

sub finish {
    my ($self, $conn, $how) = @_;

    delete $self->{busy}{ $conn->{fd} };
    @$conn{qw(wake out)} = (0, undef);

    if (!$how && !$conn->{eof} && !$conn->{deaf} && !$conn->{close}
        && $conn->{in} eq '' && @{ $self->{idle} } < IDLE)
    {
        push @{ $self->{idle} }, $conn;
        return;
    }

    setsockopt $conn->{fh}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
        if ($how || '') eq 'abort';
    return $self->drop($conn);
}


sub drop {
    my ($self, $conn) = @_;

    close delete $conn->{fh} if $conn->{fh};
    return;
}


1;
