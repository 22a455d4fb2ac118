package Lapor::Chaos::Fault;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What befalls the instance of the chaos. Every so often a process is killed;
# and beside that, one after the other, something lasts for a while: a process
# is stopped, a server cannot be reached or is down, a disk is full.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use List::Util qw(shuffle);
use Time::HiRes qw(time);

use Lapor::Test ();

use constant NAMES => qw(nginx redis postgres graph lapor-intake-0
                         lapor-media-0 lapor-reply-0);

# what is killed by SIGKILL; who restarts is the supervisor, of the second
# lapor-intake we ourselves
my @killed = ('nginx', 'an nginx worker', 'redis', 'postgres',
              'lapor-intake-0', 'the second lapor-intake', 'lapor-media-0',
              'lapor-reply-0');

my @stopped = ('an nginx worker', 'redis', 'postgres', 'lapor-intake-0',
               'the second lapor-intake', 'lapor-media-0', 'lapor-reply-0');

# what else lasts: name => whom it concerns, how it is done
my %lasting = (
    'redis cut off'             => ['redis', \&cut_redis],
    'postgres cut off'          => ['postgres', \&cut_postgres],
    'redis down'                => ['redis', \&hold],
    'postgres down'             => ['postgres', \&hold],
    'nginx terminated'          => ['nginx', \&terminate],
    'the disk of redis full'    => ['redis', \&fill],
    'the disk of the spool full' => ['spool', \&fill],
);


# new(lapor => Lapor::Instance, second => Lapor::Worker, disk => {redis, spool})

sub new {
    my ($class, %opt) = @_;

    my $now = time();
    return bless { %opt, told => {}, kill_due => $now + 1, last_due => $now,
                   kills => [shuffle @killed], lasts => [],
                   start => [] }, $class;
}


# told() -> {what => times}; count() -> in all

sub told { return $_[0]{told} }

sub count {
    my ($self) = @_;

    my $sum = 0;
    $sum += $_ for values %{ $self->{told} };
    return $sum;
}


# turn(): what is due

sub turn {
    my ($self) = @_;

    my $now = time();
    $self->restart;

    if ($self->{undo}) {
        $self->undo if $now >= $self->{last_due};
    } elsif ($now >= $self->{last_due}) {
        $self->last_one($now);
    }

    if ($now >= $self->{kill_due}) {
        $self->{kill_due} = $now + 0.3 + rand 1.5;
        $self->{kills} = [shuffle @killed] unless @{ $self->{kills} };
        my $what = shift @{ $self->{kills} };
        $self->kill_one($what) unless $self->busy($what);
    }
    return;
}


# busy($what): something else happens to it

sub busy {
    my ($self, $what) = @_;

    my $busy = $self->{busy} || '';
    return $busy eq $what || $busy =~ /nginx/ && $what =~ /nginx/;
}


# last_one($now): begins something that lasts

sub last_one {
    my ($self, $now) = @_;

    if (!@{ $self->{lasts} }) {
        my @possible = grep { !/^the disk of (?:the )?(\w+)/
                              || $self->{disk}{$1} } sort keys %lasting;
        $self->{lasts} = [shuffle @possible,
                          map { "$_ stopped" } @stopped];
    }

    my $name = shift @{ $self->{lasts} };
    my ($whom, $how) = @{ $lasting{$name}
                          || [$name =~ s/ stopped$//r, \&halt] };
    my $seconds = 0.5 + rand 4;
    my $undo = $self->$how($whom);

    # who is away just now, killed a moment ago, has his turn later
    if (!$undo) {
        push @{ $self->{lasts} }, $name;
        return;
    }

    $self->{told}{$name}++;
    @$self{qw(undo busy last_due)} = ($undo, $whom, $now + $seconds);
    return;
}


sub undo {
    my ($self) = @_;

    my $undo = delete $self->{undo} or return;
    $undo->();
    $self->{busy} = '';
    $self->{last_due} = time() + 0.5 + rand 2;
    return;
}


# heal(): everything is as it should be

sub heal {
    my ($self) = @_;

    $self->undo;
    $self->{start}[0] = time() if @{ $self->{start} };
    $self->restart;
    return;
}


# pids($what) -> of a process, none while it is away

sub pids {
    my ($self, $what) = @_;

    return $self->{second}->pid || () if $what eq 'the second lapor-intake';

    my ($name) = $what =~ /(\S+)(?: worker)?$/;
    $name = 'nginx' if $what eq 'an nginx worker';
    my $pid = $self->{lapor}->pid($name) or return;
    return $pid unless $what eq 'an nginx worker' || $what eq 'postgres';

    my @children = sort { $a <=> $b } Lapor::Test::child_pids($pid);
    return $what eq 'postgres' ? ($pid, @children)
         : @children ? $children[rand @children] : ();
}


sub kill_one {
    my ($self, $what) = @_;

    my ($pid) = $self->pids($what) or return;
    $self->{told}{"$what killed"}++;

    if ($what eq 'the second lapor-intake') {
        $self->{second}->kill9;
        $self->{start} = [time() + 0.2 + rand 3];
    } else {
        kill 'KILL', $pid;
    }
    return;
}


# restart(): the second lapor-intake, when it is due

sub restart {
    my ($self) = @_;

    my $due = $self->{start}[0] or return;
    return if time() < $due;
    $self->{start} = [];
    $self->{second}->start;
    return;
}


# --- each returns how it is undone, or nothing if it cannot be done now

sub halt {
    my ($self, $whom) = @_;

    my @pids = $self->pids($whom) or return;
    kill 'STOP', @pids;
    return sub { kill 'CONT', @pids };
}


sub hold {
    my ($self, $whom) = @_;

    my $lapor = $self->{lapor};
    $lapor->hold($whom);
    return sub { $lapor->release($whom) };
}


sub terminate {
    my ($self) = @_;

    my ($pid) = $self->pids('nginx') or return;
    kill 'TERM', $pid;
    return sub { };
}


# cut_redis(), cut_postgres(): nobody finds the socket, and who is connected no
# longer is

sub cut_redis {
    my ($self) = @_;

    my $back = $self->hide('redis.sock') or return;
    $self->{lapor}->redis(qw(CLIENT KILL TYPE normal));
    return $back;
}


sub cut_postgres {
    my ($self) = @_;

    my @pids = $self->pids('postgres') or return;
    my ($socket) = map { m{([^/]+)\z} } grep { !/\.lock/ }
                   glob $self->{lapor}->data . '/sock/.s.PGSQL.*';
    return unless $socket;

    my $back = $self->hide($socket);
    for my $pid (@pids) {
        kill 'TERM', $pid if Lapor::Test::slurp("/proc/$pid/cmdline")
                             =~ /: lapor_(?:intake|media|reply) /;
    }
    return $back;
}


sub hide {
    my ($self, $name) = @_;

    my $path = $self->{lapor}->data . "/sock/$name";
    rename $path, "$path.hidden" or return;
    return sub {
        # a server that was started meanwhile has made a new one
        -e $path ? unlink "$path.hidden" : rename "$path.hidden", $path;
    };
}


sub fill {
    my ($self, $whom) = @_;

    my $disk = $self->{disk}{$whom};
    $disk->fill;
    return sub { $disk->free };
}


1;
