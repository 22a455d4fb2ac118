package Lapor::Fault;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# An nginx whose disk does what a test says: calls for files of the spool fail
# or hang (t/lib/fault.c, loaded before the C library), for any user.

use strict;
use warnings;

use Errno ();

use Lapor::Test ();

use base 'Lapor::Nginx';

my %library;


sub new {
    my ($class, %opt) = @_;

    my $self = $class->SUPER::new(%opt);
    $self->{fault} = "$self->{dir}/fault";
    $self->fault;
    Lapor::Test::spew("$self->{fault}.count", '', 0666);
    chmod 0666, "$self->{fault}.count";
    build('fault');
    return $self;
}


# build($name) -> path of the library made of t/lib/$name.c

sub build {
    my ($name) = @_;

    return $library{$name} if $library{$name};

    my $source = Lapor::Test::repo_dir() . "/t/lib/$name.c";
    my $made = Lapor::Test::test_dir() . "/$name.so";
    my ($rc, $out, $err) = Lapor::Test::run_cmd(Lapor::Test::need_program(
        'gcc'), qw(-shared -fPIC -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o),
        $made, $source, '-ldl');
    die "gcc: $err" if $rc;

    return $library{$name} = $made;
}


sub environment {
    my ($self) = @_;

    my $env = $self->SUPER::environment;
    $env->{LD_PRELOAD} = join ' ', grep { defined } $env->{LD_PRELOAD},
                                                    build('fault');
    $env->{LAPOR_FAULT} = $self->{fault};
    return $env;
}


# fault(CALL => 'EIO' or 'hang' or 'cut', ...): from now on; none heals. CALL
# is write, pread, fdatasync, fsync, ftruncate, unlink, rename, create or open.

sub fault {
    my ($self, %calls) = @_;

    no strict 'refs';
    Lapor::Test::spew($self->{fault}, join '', map {
        my $what = $calls{$_};
        $what = &{"Errno::$what"} unless $what =~ /^[a-z]/;
        "$_ $what\n";
    } sort keys %calls);
    return $self;
}


# syncs() -> how often nginx has called fdatasync() for files of the spool

sub syncs { return -s "$_[0]{fault}.count" || 0 }


1;
