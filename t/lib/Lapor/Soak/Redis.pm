package Lapor::Soak::Redis;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The Redis of the soak, and what befalls it: killed, stopped nicely, mute,
# cut off, out of memory, rewriting its file.  turn() is called again and again
# and does what is due; what was done to Redis is undone some time later.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use List::Util qw(shuffle);
use Time::HiRes qw(time);

use base 'Lapor::Redis';

# each kind once, then all of the deck again and again, in random order
use constant KINDS => qw(kill stop mute cut full rewrite);
use constant DECK => (KINDS, qw(kill kill stop mute mute cut));


sub new {
    my ($class, %opt) = @_;

    my $config = { 'auto-aof-rewrite-min-size' => '32mb' };
    return $class->SUPER::new(%opt, config => $config);
}


# begin(pause => [least, most] seconds between two, down => the longest one)

sub begin {
    my ($self, %opt) = @_;

    @$self{qw(pause down deck told)} = (@opt{qw(pause down)},
                                            [shuffle KINDS], {});
    $self->plan(time());
    return;
}


sub told { return $_[0]{told} }


sub plan {
    my ($self, $now) = @_;

    my ($least, $most) = @{ $self->{pause} };
    $self->{due} = $now + $least + rand($most - $least);
    return;
}


sub turn {
    my ($self) = @_;

    my $now = time();
    return if $now < $self->{due};
    return $self->calm if $self->{undo};

    $self->{deck} = [shuffle DECK] unless @{ $self->{deck} };
    my $what = shift @{ $self->{deck} };
    my $method = "do_$what";

    $self->{told}{$what}++;
    $self->{undo} = $self->$method;
    $self->{due} = $now + 0.1 + rand $self->{down};
    $self->plan($now) unless $self->{undo};
    return;
}


# calm(): Redis is as it should be

sub calm {
    my ($self) = @_;

    my $undo = delete $self->{undo};
    $undo->() if $undo;
    $self->plan(time());
    return;
}


# each returns how it is undone

sub do_kill {
    my ($self) = @_;

    $self->kill9;
    return sub { $self->begin_again };
}


sub do_stop {
    my ($self) = @_;

    $self->stop;
    return sub { $self->begin_again };
}


# what a rewrite of the file left that did not end

sub begin_again {
    my ($self) = @_;

    unlink glob "$self->{dir}/temp-*.aof";
    return $self->start;
}


sub do_mute {
    my ($self) = @_;

    $self->pause;
    return sub { $self->resume };
}


sub do_cut {
    my ($self) = @_;

    $self->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    return;
}


sub do_full {
    my ($self) = @_;

    $self->cmd('CONFIG', 'SET', 'maxmemory', 1);
    return sub { $self->cmd('CONFIG', 'SET', 'maxmemory', 0) };
}


sub do_rewrite {
    my ($self) = @_;

    eval { $self->cmd('BGREWRITEAOF') };      # it may be at it already
    return;
}


# info($name) -> a figure of INFO

sub info {
    my ($self, $name) = @_;

    my ($value) = $self->cmd('INFO') =~ /^\Q$name\E:(\d+)/m;
    return $value || 0;
}


1;
