package Bench::Accept;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The parts of `./dev bench accept`. Each takes turns among its servers in
# every round, so that what else the machine does falls on all of them, and
# leaves its runs, {part, round, server, ...}, in $self->{runs}.

use strict;
use warnings;

use Bench::Load ();
use Bench::Proc ();
use Bench::Server ();
use JSON::PP ();
use Lapor::Test ();

use constant {
    CONNECTIONS  => 64,
    OPEN         => 256,        # connections of the open loop
    IDLE         => 10000,
    IDLE_SECONDS => 3,
    BODY         => 3145728,    # the largest that Meta sends
    UPLOADS      => 16,
    FLOOR        => 100000,     # entries
    FLOOR_BODY   => 779,        # the mean of the webhooks
};

our @PARTS = qw(closed floor open flat forged memory idle);
our @RATES = (1000, 4000);

# what is compared stands side by side
my @closed = qw(read hmac lapor-everysec lua-everysec node-everysec
    lapor-fsync lua-fsync node-fsync lapor-memory);
my @open = qw(lapor-everysec lua-everysec lapor-fsync lua-fsync);


# new(dir =>, rounds =>, seconds =>, log => sub)

sub new {
    my ($class, %opt) = @_;

    my $self = bless { %opt, runs => [], servers => {} }, $class;
    $self->{bodies} = $self->bodies('bodies');
    return $self;
}


sub runs { return $_[0]{runs} }


sub bodies {
    my ($self, $name, @options) = @_;

    my $file = "$self->{dir}/$name";
    my ($rc, $out, $err) = Lapor::Test::run_cmd({ timeout => 300 }, $^X,
        Lapor::Test::repo_dir() . '/t/bench/bodies.pl', @options, $file);
    die "bodies.pl failed: $err" if $rc;
    $self->{log}->($out);
    return $file;
}


# server($name) -> it, started when it is first wanted; a second of traffic
# lets just-in-time compilers do their work

sub server {
    my ($self, $name) = @_;

    return $self->{servers}{$name} ||= do {
        my $server = Bench::Server->new($name, $self->{dir});
        Bench::Load::measure($server, $self->{bodies}, seconds => 1);
        $server->clean;
        $server;
    };
}


# fresh($name) -> a server with everysec that has done nothing yet

sub fresh {
    my ($self, $name) = @_;

    my $dir = "$self->{dir}/$name";
    mkdir $dir or die "could not make $dir: $!\n";
    chmod 0755, $dir;
    return Bench::Server->new('lapor-everysec', $dir);
}


# one($part, $round, $server, options of load): warms up, measures, cleans

sub one {
    my ($self, $part, $round, $server, %opt) = @_;

    my $more = delete $opt{more} || {};

    Bench::Load::measure($server, $self->{bodies}, %opt, idle => 0,
        seconds => 0.3, connections => $opt{connections} || 1);
    $server->clean;

    my $run = Bench::Load::measure($server, $self->{bodies},
        seed => 1 + $round * 1237, %opt);
    $server->clean;

    return $self->keep({ part => $part, round => $round, %$more, %$run });
}


sub keep {
    my ($self, $run) = @_;

    push @{ $self->{runs} }, $run;
    $self->{log}->(sprintf "%s round %d: %s, %d connections%s: %.0f/s%s%s\n",
        $run->{part}, $run->{round}, $run->{server}, $run->{connections},
        $run->{rate} ? " at $run->{rate}/s" : '', $run->{rps} || 0,
        $run->{spooled} ? ", $run->{spooled} spooled" : '',
        $run->{wrong} ? ": $run->{wrong}" : '');
    return $run;
}


# there and back, so that no server is always the first or the last

sub turns {
    my ($round, @list) = @_;
    return $round % 2 ? @list : reverse @list;
}


sub closed {
    my ($self) = @_;

    for my $round (1 .. $self->{rounds}) {
        $self->disk($round);
        for my $name (turns($round, @closed)) {
            $self->one('closed', $round, $self->server($name),
                connections => CONNECTIONS, seconds => $self->{seconds});
        }
    }
}


# floor(): what an entry costs the same Redis when nobody could give it more
# cheaply, 64 at a time from one connection; beside it a closed loop of ours

sub floor {
    my ($self) = @_;

    for my $round (1 .. $self->{rounds}) {
        for my $name (qw(lapor-everysec lapor-fsync)) {
            my $server = $self->server($name);

            $self->one('floor', $round, $server, seconds => $self->{seconds},
                connections => CONNECTIONS, more => { how => 'webhooks' });

            my @redis = $server->redis_pids;
            my $before = Bench::Proc::cpu(@redis);
            my ($rc, $out, $err) = Lapor::Test::run_cmd({ timeout => 60 },
                'redis-benchmark', '-q', -s => $server->redis_socket,
                -n => FLOOR, -c => 1, -P => CONNECTIONS, -r => 256,
                XADD => 'lapor:{__rand_int__}:msg', '*',
                b => 'x' x FLOOR_BODY, t => '1782037197000');
            die "redis-benchmark failed: $out$err" if $rc;
            my $redis = Bench::Proc::cpu(@redis) - $before;

            my $stored = $server->stored;        # whole pipelines
            die "redis-benchmark: $stored are stored\n" if $stored < FLOOR;
            $server->clean;
            $self->keep({ part => 'floor', round => $round,
                server => $name, how => 'entries', connections => 1,
                rate => 0, front => 0, redis => $redis, ok => $stored });
        }
    }
}


# what fdatasync takes here, beside the figures that depend on it

sub disk {
    my ($self, $round) = @_;

    my ($rc, $out, $err) = Lapor::Test::run_cmd(
        Lapor::Test::build_path('bench/disk'), $self->{dir}, 200);
    die "disk failed: $err" if $rc;
    push @{ $self->{runs} }, { part => 'disk', round => $round,
                               %{ JSON::PP::decode_json($out) } };
}


sub open {
    my ($self) = @_;

    for my $round (1 .. $self->{rounds}) {
        for my $rate (@RATES) {
            for my $name (turns($round, @open)) {
                $self->one('open', $round, $self->server($name),
                    connections => OPEN, rate => $rate,
                    seconds => 2 * $self->{seconds});
            }
        }
    }
}


sub flat {
    my ($self) = @_;

    for my $round (1 .. $self->few) {
        for my $name (turns($round, qw(lapor-everysec lapor-fsync))) {
            for my $rate (0, 4000) {
                for my $connections (turns($round, 16, 64, 256)) {
                    $self->one('flat', $round, $self->server($name),
                        connections => $connections,
                        seconds => $self->{seconds},
                        $rate ? (rate => $rate) : ());
                }
            }
        }
    }
}


# few() -> rounds of what differs by more than the machine's noise

sub few {
    my ($self) = @_;
    return $self->{rounds} > 3 ? 3 : $self->{rounds};
}


sub forged {
    my ($self) = @_;

    for my $round (1 .. $self->few) {
        for my $how (turns($round, '', qw(wrong missing malformed))) {
            $self->one('forged', $round, $self->server('lapor-everysec'),
                connections => CONNECTIONS, seconds => $self->{seconds},
                more => { how => $how || 'accepted' },
                $how ? (forge => $how, expect => 403) : ());
        }
    }
}


# Uploads that lack their last byte, and then the storing of all at once, in
# a worker that has not yet seen any.

sub memory {
    my ($self) = @_;

    my $bodies = $self->bodies('large', '--count', UPLOADS, '--size', BODY);

    for my $round (1 .. $self->few) {
        my $server = $self->fresh("memory$round");
        Bench::Load::measure($server, $self->{bodies}, seconds => 0.3,
                             connections => UPLOADS);
        $self->keep({ part => 'memory', round => $round,
                      server => $server->name, connections => UPLOADS,
                      size => BODY, uploads($server, $bodies) });
        $server->stop;
    }
}


sub uploads {
    my ($server, $bodies) = @_;

    my $worker = $server->worker;
    my $spooled = $server->spooled;
    my $base = Bench::Proc::rss($worker);
    my $load = Bench::Load->new($server, $bodies, connections => UPLOADS,
        hold => 1, seconds => 30, grace => 30);

    $load->go;
    $load->expect('held');

    # the last bytes that were sent need not have been read yet
    my $held = 0;
    Lapor::Test::wait_until {
        my $now = Bench::Proc::rss($worker);
        my $same = $now == $held;
        $held = $now;
        $same && $now > $base + UPLOADS * BODY * 0.9;
    } 10, 'the uploads to be in memory';

    my $known = Bench::Proc::forget_peak($worker);
    $load->go;
    my $r = $load->finish;

    return (base => $base, held => $held,
            storing => $known ? Bench::Proc::peak($worker) : undef,
            ok => $r->{status}{200} || 0, rps => $r->{rps},
            spooled => $server->spooled - $spooled,
            wrong => Bench::Load::wrong($r, 200));
}


# One idle connection is as good as none, and holds the run open.

sub idle {
    my ($self) = @_;

    my $server = $self->fresh('idle');

    for my $round (1 .. $self->few) {
        for my $idle (turns($round, 1, IDLE)) {
            for my $rate (0, 1000) {
                $self->one('idle', $round, $server, seconds => IDLE_SECONDS,
                    connections => $rate ? CONNECTIONS : 0, idle => $idle,
                    $rate ? (rate => $rate) : ());
            }
        }
    }

    $server->stop;
}


1;
