#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# main.pl run|stop|status DIR [PORT_BASE|- [PROFILE|- [no-demo]]]: what `./dev`
# does once everything is installed and built. `-` leaves a setting as it is.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use FindBin ();
use POSIX ();
use Time::HiRes qw(time sleep);

use lib "$FindBin::Bin/../lib";
use Lapor::Demo;
use Lapor::Stack;
use Lapor::System qw(slurp spew alive);

my ($command, $dir, $port_base, $profile, $no_demo) = @ARGV;

my %run = (run => \&run, stop => \&stop, status => \&status);
my $code = $run{ $command || '' } or die "usage: main.pl run|stop|status DIR\n";

if ($command ne 'run' && !-e "$dir/settings.json") {
    print "there is no instance in $dir\n";
    exit($command eq 'stop' ? 0 : 1);
}

my $stack = Lapor::Stack->new(dir => $dir,
    map { defined $_->[1] && $_->[1] ne '-' ? @$_ : () }
        (['port_base', $port_base], ['profile', $profile]));

$| = 1;
exit $code->();


sub run {
    if (all_up()) {
        return Lapor::Demo->new($stack)->table;
    }

    stop() if $stack->pid('supervisor') || left_running() || orphans();

    my $busy = $stack->busy_port;
    die "port $busy is in use; choose others with --port-base N\n" if $busy;

    $stack->choose_data;
    $stack->prepare;
    $stack->write_env;

    unlink $stack->data . '/etc/schema-ready';
    start_supervisor();

    wait_for('PostgreSQL', 60, sub { database_answers() });
    bring_up_to_date();
    spew($stack->data . '/etc/schema-ready', '', 0644);

    wait_for('the servers and workers', 60, sub { all_up() && ready() });

    my $demo = Lapor::Demo->new($stack);

    return $no_demo ? $demo->table : $demo->play;
}


sub all_up {
    return !grep { !$_->[2] } $stack->status;
}


# ready(): the webhook's location works (403 is its answer to a stranger), and
# Redis has read its file

sub ready {
    return answer('nginx', "GET /webhook/whatsapp HTTP/1.0\r\n\r\n")
               =~ /^HTTP\S* 403/
           && answer('redis', "PING\r\n") =~ /^\+PONG/;
}


# answer($service, $words) -> the first line that it says to them, '' if none

sub answer {
    my ($service, $words) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $stack->port($service), Timeout => 2) or return '';

    print $sock $words;
    my $line = <$sock>;
    return defined $line ? $line : '';
}


sub start_supervisor {
    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        POSIX::setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $stack->dir . '/log/supervisor.log';
        open STDERR, '>&', \*STDOUT;
        { no warnings 'exec'; exec $^X, "$FindBin::Bin/supervisor.pl",
                                   $stack->dir; }
        POSIX::_exit(127);
    }

    wait_for('the supervisor', 10, sub { $stack->pid('supervisor') });
    return;
}


sub wait_for {
    my ($what, $seconds, $condition) = @_;

    my $end = time() + $seconds * ($ENV{LAPOR_ASAN} ? 3 : 1);

    until ($condition->()) {
        if (time() > $end) {
            print STDERR "waited in vain for $what; the logs say:\n";
            print STDERR map { `tail -n 5 '$_' | sed 's|^|$_: |'` }
                         glob $stack->dir . '/log/*.log';
            exit 1;
        }
        sleep 0.05;
    }
    return;
}


# admin($database) -> libpq settings of the cluster's administrator

sub admin {
    my ($database) = @_;

    return 'host=' . $stack->data . '/sock port=' . $stack->port('postgres')
           . " user=postgres dbname=$database";
}


sub psql {
    my ($database, $sql) = @_;

    open my $fh, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', $sql,
         admin($database) or die "could not run psql: $!\n";
    local $/;
    my $text = <$fh>;
    close $fh or die "psql failed\n";
    chomp $text if defined $text;
    return $text;
}


sub database_answers {
    return system('pg_isready -q -h ' . $stack->data . '/sock -p '
                  . $stack->port('postgres')) == 0;
}


# bring_up_to_date(): database, roles, schema, the profile's units

sub bring_up_to_date {
    my $ctl = $stack->build . '/laporctl';
    my $repo = $stack->repo;
    my $demo = $stack->demo_dir;

    if (!psql('postgres',
              "SELECT 1 FROM pg_database WHERE datname = 'lapor'"))
    {
        psql('postgres', 'CREATE DATABASE lapor');
    }

    quietly($ctl, 'setup', '--schema-dir', "$repo/schema",
            '--database', admin('lapor'));

    my $password = $stack->{reader_password};
    psql('lapor', "ALTER ROLE lapor_reader PASSWORD '$password'");

    quietly($ctl, '-c', $stack->data . '/etc/lapor.conf', 'unit', 'import',
            "$demo/units.csv",
            -e "$demo/unit-areas.csv" ? ('--areas', "$demo/unit-areas.csv")
                                      : ());
    return;
}


# quietly(@argv): shows what a command printed only if it failed

sub quietly {
    my (@argv) = @_;

    open my $fh, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @argv
        or die "could not run $argv[0]: $!\n";
    my @lines = <$fh>;
    return if close $fh;

    die "$argv[0] @argv[1 .. $#argv] failed:\n", @lines;
}


sub status {
    my @rows = $stack->status;

    printf "%-16s %8s  %s\n", $_->[0], $_->[1] || '-', $_->[2] ? 'up' : 'DOWN'
        for @rows;

    return grep({ !$_->[2] } @rows) ? 1 : 0;
}


sub stop {
    my $pid = $stack->pid('supervisor');

    if ($pid) {
        kill 'TERM', $pid;
        wait_for('the supervisor to stop', 60,
                 sub { !alive($pid) });
    }

    # what a killed supervisor left

    for my $name (left_running()) {
        my $left = $stack->pid($name);

        kill 'TERM', $left;
        my $end = time() + 10;
        sleep 0.05 while alive($left) && time() < $end;
        kill 'KILL', $left if alive($left);
        unlink $stack->dir . "/pids/$name.pid";
    }

    # one of several threads is a zombie before the last of them has let go of
    # the port

    my @orphans = orphans();
    kill 'KILL', @orphans;
    sleep 0.05 while grep { alive($_) || 1 < (() = glob "/proc/$_/task/*") }
                          @orphans;

    return 0;
}


# left_running() -> names of pid files whose process lives and works in DATA,
# so that a pid that was given to somebody else is never touched

sub left_running {
    my @names = map { m{([^/]+)\.pid$} ? $1 : () }
                glob $stack->dir . '/pids/*.pid';

    return grep { my $pid = $stack->pid($_); $pid && in_data($pid) } @names;
}


# orphans() -> pids of nginx's workers whose master was killed while no
# supervisor was there to end them: they hold its port

sub orphans {
    return grep { slurp("/proc/$_/comm") eq "nginx\n" && alive($_)
                  && in_data($_) }
           map { m{(\d+)$} } glob '/proc/[0-9]*';
}


sub in_data {
    my ($pid) = @_;

    my $data = $stack->data;
    my $cwd = readlink "/proc/$pid/cwd";

    return defined $data && defined $cwd
           && index("$cwd/", "$data/") == 0;
}
