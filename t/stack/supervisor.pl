#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# supervisor.pl DIR: runs the servers and workers of one instance and keeps
# them running, as systemd would: what dies is cleared away and started again
# within two seconds, until it holds. TERM stops all, in the order of the data:
# first who writes, then where it is written.
#
# nginx is followed by its pid file, since a binary upgrade changes its pid.
# The supervisor is a subreaper (prctl(2)): nginx's master, which forks away,
# and the workers that outlive a killed master become its children, so that it
# learns of their end and can end what still holds the port.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use FindBin ();
use POSIX qw(WNOHANG);
use Time::HiRes qw(time sleep);

use lib "$FindBin::Bin/../lib";
use Lapor::Stack;
use Lapor::System qw(slurp spew alive);

use constant {
    PR_SET_CHILD_SUBREAPER => 36,
    TURN      => 0.05,      # seconds between two looks
    PAUSE_MAX => 1.0,       # the longest wait before a new start
    HELD      => 5.0,       # who ran so long starts without a wait again
};

my $stack = Lapor::Stack->new(dir => $ARGV[0]);
my $dir = $stack->dir;
my $data = $stack->data;
my @services = $stack->services;
my %by_pid;
my $stop = 0;

become_subreaper();

open STDIN, '<', '/dev/null';
open my $log, '>>', "$dir/log/supervisor.log" or die "could not log: $!\n";
$log->autoflush(1);

$SIG{TERM} = $SIG{INT} = sub { $stop++ };
$SIG{HUP} = 'IGNORE';

spew("$dir/pids/supervisor.pid", "$$\n", 0644);
note("started");

until ($stop) {
    reap();
    look_after($_) for @services;
    sleep TURN;
}

stop_all();
unlink "$dir/pids/supervisor.pid";
note("stopped");
exit 0;


sub become_subreaper {
    my ($machine) = (POSIX::uname())[4];
    my %prctl = (x86_64 => 157, aarch64 => 167);

    die "the number of prctl is not known on $machine\n"
        unless $prctl{$machine};
    syscall($prctl{$machine}, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        or die "could not become a subreaper: $!\n";
    return;
}


# look_after($service): starts it when it is due and not running

sub look_after {
    my ($s) = @_;

    follow_pid_file($s) if $s->{daemon};

    return if $s->{pid} || time() < ($s->{start_at} || 0);

    # workers wait until `./dev run` has brought the schema up to date
    return if $s->{worker} && !-e "$data/etc/schema-ready";

    clear_away($s);
    start($s);
    return;
}


sub start {
    my ($s) = @_;

    my $pid = fork;

    if (!defined $pid) {
        note("could not fork for $s->{name}: $!");
        $s->{start_at} = time() + PAUSE_MAX;
        return;
    }

    if ($pid == 0) {
        run($s);
    }

    $s->{started} = time();
    $by_pid{$pid} = $s;

    if ($s->{daemon}) {
        $s->{launcher} = $pid;
        $s->{start_at} = time() + PAUSE_MAX;

    } else {
        set_pid($s, $pid);
    }

    return;
}


# run($service): the child

sub run {
    my ($s) = @_;

    $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP);
    POSIX::setsid();

    open STDOUT, '>>', "$dir/log/$s->{name}.log" or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(126);

    eval { Lapor::Stack::drop_privileges(); 1 } or POSIX::_exit(126);
    chdir $data or POSIX::_exit(126);
    umask 0077;

    delete @ENV{grep { /^(?:PG|NOTIFY_SOCKET|CREDENTIALS_)/ } keys %ENV};
    $ENV{HOME} = $data;
    $ENV{$_} = $s->{env}{$_} for keys %{ $s->{env} || {} };

    { no warnings 'exec'; exec { $s->{argv}[0] } @{ $s->{argv} }; }
    print STDERR "could not run $s->{argv}[0]: $!\n";
    POSIX::_exit(127);
}


sub set_pid {
    my ($s, $pid) = @_;

    $s->{pid} = $pid;
    spew("$dir/pids/$s->{name}.pid", "$pid\n", 0644);
    note("$s->{name} runs as $pid");
    return;
}


# gone($service, $why): it has ended; starts again at once if it had held

sub gone {
    my ($s, $why) = @_;

    note("$s->{name} $s->{pid} $why");
    unlink "$dir/pids/$s->{name}.pid";
    $s->{pid} = 0;

    if (time() - $s->{started} > HELD) {
        $s->{pause} = 0.05;
    } else {
        $s->{pause} = ($s->{pause} || 0.05) * 2;
        $s->{pause} = PAUSE_MAX if $s->{pause} > PAUSE_MAX;
    }

    $s->{start_at} = time() + $s->{pause};
    return;
}


sub reap {
    while ((my $pid = waitpid -1, WNOHANG) > 0) {
        my $s = delete $by_pid{$pid} or next;

        if ($s->{daemon}) {
            $s->{launcher} = 0 if $s->{launcher} && $s->{launcher} == $pid;
        } elsif ($s->{pid} && $s->{pid} == $pid) {
            gone($s, $? & 127 ? 'was killed by signal ' . ($? & 127)
                              : 'exited with ' . ($? >> 8));
        }
    }
    return;
}


# follow_pid_file($service): learns who is the master now. While a binary
# upgrade renames the file, and between a new master's death and the old one's
# taking the file back, it names nobody alive; hence the patience, which is
# longer while the master that we know is still there.

sub follow_pid_file {
    my ($s) = @_;

    my ($pid) = slurp($s->{daemon}) =~ /^(\d+)$/;

    if ($pid && alive($pid) && is_nginx($pid)) {
        set_pid($s, $pid) if !$s->{pid} || $s->{pid} != $pid;
        $s->{missed} = 0;
        return;
    }

    return unless $s->{pid};

    my $patience = alive($s->{pid}) ? 100 : 4;
    gone($s, 'has ended') if ++$s->{missed} > $patience;
    return;
}


sub is_nginx {
    my ($pid) = @_;

    return slurp("/proc/$pid/comm") =~ /^nginx/;
}


# clear_away($service): ends what a killed process left behind: what was
# reparented to us, is not known to us and has the same program

sub clear_away {
    my ($s) = @_;

    my %known = map { $_->{pid} ? ($_->{pid} => 1) : () } @services;
    my ($comm) = $s->{argv}[0] =~ m{([^/]{1,15})[^/]*$};

    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $name, $state, $parent) =
            slurp($stat) =~ /^(\d+) \((.*)\) (\S) (\d+)/s
            or next;

        next if $parent != $$ || $known{$pid} || $name ne $comm
                || $state eq 'Z';
        note("ends $name $pid, left by a dead $s->{name}");
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }

    return;
}


# stop_all(): writers first. Who does not end in time is killed.

sub stop_all {
    my %signal = (nginx => 'QUIT', postgres => 'INT');

    for my $group ([grep { $_->{name} =~ /^(?:nginx|graph)$/ } @services],
                   [grep { $_->{worker} } @services],
                   [grep { $_->{name} =~ /^(?:redis|postgres)$/ } @services])
    {
        kill $signal{ $_->{name} } || 'TERM', $_->{pid}
            for grep { $_->{pid} } @$group;

        for my $s (grep { $_->{pid} } @$group) {
            my $end = time() + 15;

            while (alive($s->{pid}) && time() < $end) {
                waitpid -1, WNOHANG;
                sleep TURN;
            }

            if (alive($s->{pid})) {
                note("kills $s->{name} $s->{pid}, which did not end");
                kill 'KILL', $s->{pid};
            }

            unlink "$dir/pids/$s->{name}.pid";
            $s->{pid} = 0;
        }
    }

    clear_away($_) for @services;
    return;
}


sub note {
    my ($text) = @_;

    print $log POSIX::strftime('%H:%M:%S ', localtime), $text, "\n";
    return;
}
