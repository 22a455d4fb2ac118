package Lapor::Clock;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A worker whose clock is wrong, or one of whose threads hangs, as a test says
# (t/lib/clock.c, loaded before the C library).

use strict;
use warnings;

use Lapor::Fault ();
use Lapor::Test ();


# new() -> object; a sanitizer wants to be loaded first itself, so such builds
# skip the test

sub new {
    my ($class) = @_;

    Test::More::plan(skip_all => 'not beside a sanitizer or valgrind')
        if Lapor::Test::asan() || $ENV{LAPOR_VALGRIND};

    my $self = bless { file => Lapor::Test::test_dir() . '/clock' }, $class;
    $self->{library} = Lapor::Fault::build('clock');
    return $self->wrong(0);
}


# env() -> what the worker's environment needs

sub env {
    my ($self) = @_;

    return { LD_PRELOAD => $self->{library}, LAPOR_CLOCK => $self->{file} };
}


# wrong($seconds): from now on

sub wrong {
    my ($self, $seconds) = @_;

    Lapor::Test::spew("$self->{file}.new", "$seconds\n");
    rename "$self->{file}.new", $self->{file};
    return $self;
}


# hang($thread) -> whether it does: it never comes back; the names of the loops
# are loop-0 ...

sub hang {
    my ($self, $thread) = @_;

    Lapor::Test::spew("$self->{file}.new", "0 $thread\n");
    rename "$self->{file}.new", $self->{file};
    return Lapor::Test::wait_until(sub { -e "$self->{file}.hung" }, 20);
}


1;
