package Lapor::System;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Files, processes and programs of this machine: what tests and `./dev` both
# need. It loads nothing of the tests, so that ./dev does not.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

use base 'Exporter';

our @EXPORT_OK = qw(slurp spew alive);


# slurp($path) -> its bytes, '' if it cannot be read

sub slurp {
    my ($path) = @_;

    open my $fh, '<:raw', $path or return '';
    local $/;
    my $text = <$fh>;
    return defined $text ? $text : '';
}


# spew($path, $bytes [, $mode]) -> the path: written beside and renamed, so
# that a reader sees the old or the new content

sub spew {
    my ($path, $text, $mode) = @_;

    my $tmp = "$path.$$.tmp";
    open my $fh, '>:raw', $tmp or die "could not write $tmp: $!\n";
    print $fh $text or die "could not write $tmp: $!\n";
    close $fh or die "could not write $tmp: $!\n";
    chmod $mode, $tmp if defined $mode;
    rename $tmp, $path or die "could not rename $tmp: $!\n";
    return $path;
}


# alive($pid): runs and is no zombie

sub alive {
    my ($pid) = @_;

    my ($state) = slurp("/proc/$pid/stat") =~ /^\d+ \(.*\) (\S)/s;
    return defined $state && $state ne 'Z' ? 1 : 0;
}


# postgres_bin() -> the directory of the newest server of 15 or later, ''
# without one

sub postgres_bin {
    my ($best) = sort { $b <=> $a } grep { $_ >= 15 }
                 map { m{/(\d+)/bin/postgres$} ? $1 : () }
                 glob '/usr/lib/postgresql/*/bin/postgres';

    return $best ? "/usr/lib/postgresql/$best/bin" : '';
}


# sanitizer_preload() -> LD_PRELOAD with which a plain nginx loads a sanitized
# module

sub sanitizer_preload {
    return join ' ',
        map { my $path = `gcc -print-file-name=$_`; chomp $path; $path }
        qw(libasan.so libubsan.so);
}


1;
