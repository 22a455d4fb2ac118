package Lapor::Disk;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A small file system of a test's own, to be filled. It needs the right to
# mount; where that is missing the test says so, and fails only where nothing
# may be missing and it runs as root.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

use Lapor::Test ();


# new($kilobytes [, $dir]) -> object, or undef where nothing can be mounted

sub new {
    my ($class, $size, $dir) = @_;

    $dir = Lapor::Test::test_dir() unless defined $dir;
    my ($rc, $out, $err) = $> == 0
        ? Lapor::Test::run_cmd('mount', '-t', 'tmpfs', '-o',
                               "size=${size}k,mode=755", 'lapor-test', $dir)
        : (1, '', 'not root');

    if ($rc != 0) {
        Lapor::Test::BAIL_OUT("no tmpfs can be mounted: $err")
            if $> == 0 && Lapor::Test::ci();
        Test::More::note("no tmpfs can be mounted: $err");
        return;
    }

    my $self = bless { dir => $dir, owner => $$ }, $class;
    Lapor::Test::watch($self);
    return $self;
}


sub dir { return $_[0]{dir} }


# fill() -> how many bytes were left: the file system is full then

sub fill {
    my ($self) = @_;

    open my $fh, '>>:raw', "$self->{dir}/filler" or die "filler: $!\n";
    my $done = 0;

    for my $step (65536, 4096, 512, 1) {
        while (1) {
            my $n = syswrite $fh, "\0" x $step;
            last unless $n;
            $done += $n;
        }
    }

    close $fh;
    return $done;
}


sub free { return unlink "$_[0]{dir}/filler" }


sub stop {
    my ($self) = @_;

    return unless $self->{dir} && $self->{owner} == $$;
    Lapor::Test::run_cmd('umount', '-l', delete $self->{dir});
    return $self;
}

sub check { return () }


1;
