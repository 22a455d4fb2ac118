package Bench::Proc;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# CPU time and memory of processes, and how busy the machine is, from /proc.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use Lapor::System qw(slurp);
use Lapor::Test ();
use POSIX ();

my $HZ = POSIX::sysconf(POSIX::_SC_CLK_TCK()) || 100;


# tree($pid) -> it and all its descendants

sub tree {
    my ($pid) = @_;

    return ($pid, map { tree($_) } Lapor::Test::child_pids($pid));
}


# cpu(@pids) -> seconds, of all their threads; the scheduler counts
# nanoseconds, stat only ticks

sub cpu {
    my (@pids) = @_;

    my $sum = 0;

    for my $pid (@pids) {
        my @tasks = glob "/proc/$pid/task/*/schedstat";
        my $ns = 0;
        $ns += (split ' ', slurp($_))[0] || 0 for @tasks;

        if (!$ns) {
            my ($user, $system) =
                (split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //sr)[11, 12];
            $ns = (($user || 0) + ($system || 0)) / $HZ * 1e9;
        }

        $sum += $ns / 1e9;
    }

    return $sum;
}


# family($pid) -> seconds of it, of its descendants, and of those children that
# have ended and been waited for

sub family {
    my ($pid) = @_;

    my (undef, undef, $user, $system) =
        (split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //sr)[11 .. 14];
    return cpu(tree($pid)) + (($user || 0) + ($system || 0)) / $HZ;
}


# busy() -> seconds that all processors have worked since the machine is up

sub busy {
    my (undef, $user, $nice, $system, undef, undef, $irq, $softirq, $steal) =
        split ' ', slurp('/proc/stat');

    return ($user + $nice + $system + $irq + $softirq + $steal) / $HZ;
}


# rss($pid), peak($pid) -> bytes now, and at most since forget_peak()

sub rss  { return field($_[0], 'VmRSS') }
sub peak { return field($_[0], 'VmHWM') }


sub field {
    my ($pid, $name) = @_;

    my ($kb) = slurp("/proc/$pid/status") =~ /^\Q$name\E:\s+(\d+) kB/m;
    return ($kb || 0) * 1024;
}


sub forget_peak {
    my ($pid) = @_;

    open my $fh, '>', "/proc/$pid/clear_refs" or return 0;
    print $fh "5\n";
    return close $fh;
}


# machine() -> one line: processor, cores, memory, kernel

sub machine {
    my $cpuinfo = slurp('/proc/cpuinfo');
    my ($model) = $cpuinfo =~ /^model name\s*:\s*(.*)$/m;
    my $cores = () = $cpuinfo =~ /^processor\s*:/mg;
    my ($kb) = slurp('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m;
    my ($version) = slurp('/proc/version') =~ /^Linux version (\d+\.\d+)/;

    return sprintf '%s, %d cores, %.0f GiB, Linux %s',
        $model || 'unknown processor', $cores, ($kb || 0) / 1048576,
        $version || '?';
}


1;
