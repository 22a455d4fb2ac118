package Bench::Load;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# One run of the load generator against one server, and what it cost: its
# steps wait for us (load --wait), so that CPU time is read when all
# connections are open, and again before any is closed.

use strict;
use warnings;

use Bench::Proc ();
use IPC::Open2 qw(open2);
use JSON::PP ();
use Lapor::Test ();
use Time::HiRes qw(time);


# new($server, $bodies, connections => N, ...): options of load

sub new {
    my ($class, $server, $bodies, %opt) = @_;

    my @argv = (Lapor::Test::build_path('bench/load'), '--wait',
        map { my $v = $opt{$_};
              defined $v ? $_ eq 'hold' ? '--hold' : ("--$_", $v) : () }
        sort keys %opt);

    my $self = bless { server => $server }, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, @argv,
                         '127.0.0.1:' . $server->port, $bodies);
    Lapor::Test::adopt($self->{pid});
    $self->expect('ready');
    return $self;
}


sub line {
    my ($self) = @_;

    my $line = readline $self->{out};
    die "the load generator ended, see above\n" unless defined $line;
    chomp $line;
    return $line;
}


sub expect {
    my ($self, $word) = @_;

    my $line = $self->line;
    die "the load generator said $line instead of $word\n"
        unless $line eq $word;
}


sub go { my ($self) = @_; syswrite $self->{in}, "\n" }


sub snapshot {
    my ($self) = @_;

    my $server = $self->{server};
    return { time => time(), busy => Bench::Proc::busy(),
             load => Bench::Proc::cpu($self->{pid}),
             self => Bench::Proc::cpu($$),
             rss => Bench::Proc::rss($server->worker),
             front => Bench::Proc::cpu($server->front_pids),
             redis => Bench::Proc::cpu($server->redis_pids) };
}


# finish() -> the figures of load after its last step

sub finish {
    my ($self) = @_;

    my $result = JSON::PP::decode_json($self->line);
    $self->{after} = $self->snapshot;
    close $self->{in};
    close $self->{out};
    Lapor::Test::end_process($self->{pid}, 'TERM', 20);
    return $result;
}


# measure($server, $bodies, options) -> one run:
#   load's figures; front, redis: CPU seconds; others: cores that all other
#   processes of the machine used; ok: answers with the status expected;
#   stored: entries that Redis has more than before; spooled: that took the
#   way over the disk; wrong: text, or ''

sub measure {
    my ($server, $bodies, %opt) = @_;

    my $expect = delete $opt{expect} || 200;
    my ($stored, $spooled) = ($server->stored, $server->spooled);
    my $rss = Bench::Proc::rss($server->worker);
    my $self = Bench::Load->new($server, $bodies, %opt);
    my $idle = $opt{idle} || 0;

    my $before = $self->snapshot;
    $self->go;
    my $r = $self->finish;
    my $after = $self->{after};

    $r->{server} = $server->name;
    $r->{rss_before} = $rss;
    $r->{rss_open} = $before->{rss};
    $r->{wall} = $after->{time} - $before->{time};
    $r->{$_} = $after->{$_} - $before->{$_} for qw(front redis);

    my $ours = 0;
    $ours += $after->{$_} - $before->{$_} for qw(front redis load self);
    my $others = ($after->{busy} - $before->{busy} - $ours) / $r->{wall};
    $r->{others} = $others > 0 ? $others : 0;

    $r->{ok} = $r->{status}{$expect} || 0;
    $r->{spooled} = $server->spooled - $spooled;
    $r->{want} = $idle + ($expect == 200 ? $r->{ok} : 0);

    if (defined $stored) {
        Lapor::Test::wait_until {
            $r->{stored} = $server->stored - $stored;
            $r->{stored} >= $r->{want};
        } $r->{spooled} ? 20 : 0;
    }

    $r->{wrong} = wrong($r, $expect);
    return $r;
}


# What was spooled may be stored twice: Redis took it, too late to say so. And
# what was not answered may be stored.

sub wrong {
    my ($r, $expect) = @_;

    my @wrong = map { $r->{$_} ? "$r->{$_} $_" : () }
                qw(io_errors unanswered unsent);

    push @wrong, map { "$r->{status}{$_} times $_" }
                 grep { $_ != $expect } sort keys %{ $r->{status} };

    my $unsure = $r->{spooled} + $r->{unanswered} + $r->{io_errors};
    push @wrong, "$r->{want} accepted, $r->{stored} stored"
        if defined $r->{stored}
           && ($r->{stored} < $r->{want}
               || $r->{stored} > $r->{want} + $unsure);

    return join ', ', @wrong;
}


1;
