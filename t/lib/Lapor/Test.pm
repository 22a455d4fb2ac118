package Lapor::Test;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The base of every test: `use Lapor::Test;` brings strict, warnings,
# Test::More and the helpers below.  The done_testing() exported here first
# stops every server that the test started, runs the hidden checks of each
# (no alert, no sanitizer line, no core, no leftover child), and only then
# ends the plan.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Glob ':bsd_glob';      # a blank in a path is no separator
use File::Spec ();
use File::Temp ();
use IO::Socket::INET ();
use POSIX qw(WNOHANG);
use Test::More ();
use Time::HiRes qw(time sleep);

use Lapor::System qw(slurp spew alive);

use base 'Exporter';

our @EXPORT = (
    grep({ $_ ne 'done_testing' } @Test::More::EXPORT),
    qw(done_testing wait_until repo_dir build_dir build_path test_dir
       free_port slurp spew append_line run_cmd need_program have_program
       asan valgrind reloads patience ci)
);

my $REPO = Cwd::abs_path(
    File::Spec->catdir(File::Basename::dirname(__FILE__), ('..') x 3));

my (@servers, @port_locks, %pids, $finished);
my $owner = $$;


sub import {
    strict->import;
    warnings->import;

    # a stopped peer must show as an error of write(), not end the test
    $SIG{PIPE} = 'IGNORE';

    goto &Exporter::import;
}


# Test::More's own functions, passed on to whoever uses this module

our $TODO;

{
    no strict 'refs';
    *{"Lapor::Test::$_"} = \&{"Test::More::$_"}
        for grep { /^\w/ && $_ ne 'done_testing' } @Test::More::EXPORT;
}


# repo_dir() -> absolute path of the checkout

sub repo_dir { return $REPO }


# build_dir() -> absolute path of what was built (LAPOR_BUILD)

sub build_dir {
    return $ENV{LAPOR_BUILD} if $ENV{LAPOR_BUILD};
    return asan() ? "$REPO/build/asan" : "$REPO/build";
}


# build_path($name) -> absolute path of one built file; ends the test if absent

sub build_path {
    my ($name) = @_;

    my $path = build_dir() . "/$name";
    Test::More::BAIL_OUT("$path is not built") unless -e $path;
    return $path;
}


# The modes of a run: under the sanitizers, under valgrind, with a reload of
# nginx all the time, where nothing may be missing

sub asan    { return $ENV{LAPOR_ASAN} ? 1 : 0 }
sub reloads { return $ENV{LAPOR_RELOAD} ? 1 : 0 }
sub ci      { return $ENV{LAPOR_CI} ? 1 : 0 }


# patience() -> how many times longer than usual a thing may take

sub patience { return $ENV{LAPOR_VALGRIND} ? 10 : asan() ? 3 : 1 }


# valgrind(@options) -> what to put before a program of ours: nothing, or
# valgrind where LAPOR_VALGRIND is set. A finding makes its exit status 99.

sub valgrind {
    my (@options) = @_;

    return () unless $ENV{LAPOR_VALGRIND};

    # an array, which is true when it is asked for as a condition
    my @argv = (need_program('valgrind'), '-q', '--error-exitcode=99',
                '--leak-check=full', '--errors-for-leak-kinds=definite',
                '--show-leak-kinds=definite', @options);
    return @argv;
}


# test_dir() -> a fresh directory that other users may enter, removed at exit
# unless LAPOR_LEAVE is set.  Short, so that sockets fit into it.

sub test_dir {
    my $base = $ENV{LAPOR_TMP} || '/tmp';
    my $dir = File::Temp::tempdir('lapor-XXXXXXXX', DIR => $base,
                                  CLEANUP => $ENV{LAPOR_LEAVE} ? 0 : 1);

    chmod 0755, $dir or die "could not chmod $dir: $!";
    Test::More::diag("files are left in $dir") if $ENV{LAPOR_LEAVE};
    return $dir;
}


# free_port() -> a TCP port of 127.0.0.1 that nobody listens on.  The UDP twin
# is held until this process exits, so parallel tests do not take the same.

sub free_port {
    for my $try (1 .. 2000) {
        my $port = 20000 + int rand 12000;

        my $udp = IO::Socket::INET->new(Proto => 'udp',
            LocalAddr => '127.0.0.1', LocalPort => $port) or next;
        my $tcp = IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
            LocalAddr => '127.0.0.1', LocalPort => $port,
            ReuseAddr => 1) or next;

        close $tcp;
        push @port_locks, $udp;
        return $port;
    }

    die "could not find a free port\n";
}


# wait_until { condition } $seconds, $what -> the condition's value as soon as
# it is true, '' when the time is over.  The time is multiplied by patience().

sub wait_until (&;$$) {
    my ($code, $seconds, $what) = @_;

    $seconds = 5 unless defined $seconds;
    $seconds *= patience();

    my $end = time() + $seconds;
    my $pause = 0.002;

    while (1) {
        my $value = $code->();
        return $value if $value;
        last if time() > $end;
        sleep $pause;
        $pause = $pause * 1.5 if $pause < 0.05;
    }

    Test::More::diag("waited $seconds s in vain for $what") if defined $what;
    return '';
}


sub append_line {
    my ($path, $line) = @_;

    open my $fh, '>>:raw', $path or die "could not write $path: $!";
    print $fh "$line\n";
    close $fh;
}


# whole_lines($path) -> the lines that end in a newline: another process may be
# in the middle of writing the last one

sub whole_lines {
    my ($path) = @_;

    return slurp($path) =~ /^(.*)\n/mg;
}


# run_cmd({stdin => text, env => {}, timeout => s}, @argv) -> (exit status, or
# 128 + signal; standard output; standard error)

sub run_cmd {
    my $opt = ref $_[0] eq 'HASH' ? shift : {};
    my @argv = @_;

    my @file = map { File::Temp->new } 1 .. 3;
    print { $file[0] } $opt->{stdin} if defined $opt->{stdin};
    $_->flush for @file;

    my $pid = spawn(argv => \@argv, env => $opt->{env}, in => "$file[0]",
                    out => "$file[1]", err => "$file[2]");
    my $status;
    my $end = time() + ($opt->{timeout} || 60) * patience();

    while (!defined($status = reap($pid))) {
        if (time() > $end) {
            kill 'KILL', $pid;
        }
        sleep 0.005;
    }

    my $rc = $status & 127 ? 128 + ($status & 127) : $status >> 8;
    return ($rc, slurp("$file[1]"), slurp("$file[2]"));
}


sub have_program {
    my ($name) = @_;

    return $name if $name =~ m{/} && -x $name;
    for my $dir (split(/:/, $ENV{PATH} || ''), '/usr/sbin', '/sbin') {
        return "$dir/$name" if -x "$dir/$name" && !-d _;
    }
    return '';
}


# need_program($name) -> its path.  Without it the whole file is skipped, and
# fails where LAPOR_CI=1, since there nothing may be missing.

sub need_program {
    my ($name) = @_;

    my $path = have_program($name);
    return $path if $path;

    Test::More::BAIL_OUT("$name is not installed") if ci();
    Test::More::plan(skip_all => "$name is not installed");
}


# spawn(argv => [], env => {}, in => path, out => path, err => path,
#       dir => path, setup => sub {}) -> pid, killed at exit if still there

sub spawn {
    my (%opt) = @_;

    my $pid = fork;
    die "could not fork: $!" unless defined $pid;

    if ($pid == 0) {
        $SIG{PIPE} = 'DEFAULT';
        chdir $opt{dir} if $opt{dir};
        open STDIN, '<', $opt{in} || '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>>', $opt{out} or POSIX::_exit(126) if $opt{out};
        open STDERR, '>>', $opt{err} or POSIX::_exit(126) if $opt{err};
        $opt{setup}->() if $opt{setup};
        while (my ($k, $v) = each %{ $opt{env} || {} }) {
            if (defined $v) { $ENV{$k} = $v } else { delete $ENV{$k} }
        }
        { no warnings 'exec'; exec { $opt{argv}[0] } @{ $opt{argv} }; }
        POSIX::_exit(127);
    }

    $pids{$pid} = 1;
    return $pid;
}


# adopt($pid): a child forked elsewhere is killed at exit, too

sub adopt { $pids{ $_[0] } = 1 }


# reloader($dir, $code) -> pid of a process that sends HUP ten times a second to
# the pid that $code gives, while that is a process which has $dir in its
# command line and handles the signal. It ends with this one.

sub reloader {
    my ($dir, $code) = @_;

    my $test = $$;
    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        $SIG{TERM} = 'DEFAULT';

        while (getppid() == $test) {
            sleep 0.1 * patience();
            my $nginx = $code->() or next;
            my ($caught) = slurp("/proc/$nginx/status") =~ /^SigCgt:.*(.)$/m;
            kill 'HUP', $nginx
                if $caught && hex($caught) & 1
                   && index(slurp("/proc/$nginx/cmdline"), $dir) >= 0;
        }
        POSIX::_exit(0);
    }

    adopt($pid);
    return $pid;
}


# reap($pid) -> its wait status if it has ended, undef while it runs

sub reap {
    my ($pid) = @_;

    local $?;
    return $pids{$pid}[0] if ref $pids{$pid};

    my $rc = waitpid $pid, WNOHANG;
    return undef if $rc == 0;
    $pids{$pid} = [$rc == $pid ? $? : 0];
    return $pids{$pid}[0];
}


# end_process($pid, $signal, $seconds) -> wait status; KILL when the time is
# over. Of a process that ends by itself $signal is 0, and not CONT: at its end
# the leak sanitizer attaches to it, by a SIGSTOP which a CONT takes back, and
# waits for that stop for ever.

sub end_process {
    my ($pid, $signal, $seconds) = @_;

    my $status = reap($pid);
    return $status if defined $status;

    kill $signal, $pid;
    wait_until { defined($status = reap($pid)) } $seconds || 10;

    if (!defined $status) {
        kill 'KILL', $pid;
        wait_until { defined($status = reap($pid)) } 10;
    }

    return $status;
}


# child_pids($pid) -> pids whose parent is $pid

sub child_pids {
    my ($parent) = @_;

    my @found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $state, $ppid) =
            slurp($stat) =~ /^(\d+) \(.*\) (\S) (\d+)/s or next;
        push @found, $pid if $ppid == $parent && $state ne 'Z';
    }
    return @found;
}


# watch($server): done_testing() calls $server->stop and $server->check, the
# latter giving a list of [name, text that must be empty]

sub watch {
    my ($server) = @_;

    push @servers, $server;
    return $server;
}


sub sanitizer_lines {
    my (@paths) = @_;

    my $text = '';
    for my $path (@paths) {
        $text .= join '', grep { /Sanitizer|runtime error:/ }
                 split /^/, slurp($path);
    }
    return $text;
}


sub done_testing {
    finish();
    Test::More::done_testing();
}


# finish(): stops all servers, newest first, and runs their hidden checks

sub finish {
    return if $finished;
    $finished = 1;

    $_->stop for reverse @servers;

    for my $server (@servers) {
        for my $check ($server->check) {
            Test::More::is($check->[1], '', $check->[0]);
        }
    }
    @servers = ();
}


END {
    if ($$ == $owner) {
        my $status = $?;

        if (!$finished && @servers) {
            $finished = 1;
            for my $server (reverse @servers) {
                eval { $server->stop; 1 } or warn $@;
                for my $check (eval { $server->check }) {
                    next if $check->[1] eq '';
                    Test::More::diag("$check->[0]: $check->[1]");
                    $status ||= 1;
                }
            }
        }

        for my $pid (grep { !ref $pids{$_} } keys %pids) {
            end_process($pid, 'TERM', 3);
        }

        $? = $status;
    }
}


1;
