package Bench::Stats;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Medians with their range, and tables of them in Markdown.

use strict;
use warnings;

use base 'Exporter';

our @EXPORT_OK = qw(median range number spread table);


sub median {
    my @sorted = sort { $a <=> $b } @_;
    return undef unless @sorted;

    my $mid = int(@sorted / 2);
    return @sorted % 2 ? $sorted[$mid]
                       : ($sorted[$mid - 1] + $sorted[$mid]) / 2;
}


# range(@values) -> [smallest, largest]

sub range {
    my @sorted = sort { $a <=> $b } @_;
    return [$sorted[0], $sorted[-1]];
}


# number($value) -> three or four digits of it, thousands apart

sub number {
    my ($value) = @_;

    return '-' unless defined $value;
    my $abs = abs $value;
    my $text = $abs >= 100 ? sprintf('%.0f', $value)
             : $abs >= 10 ? sprintf('%.1f', $value)
             : sprintf('%.2f', $value);
    1 while $text =~ s/^(-?\d+)(\d{3})/$1,$2/;
    return $text;
}


# spread(@values) -> "median (min..max)"

sub spread {
    return '-' unless @_;
    return number($_[0]) if @_ == 1;
    return number(median(@_)) . ' ('
        . join('..', map { number($_) } @{ range(@_) }) . ')';
}


# table([titles], [row], ...) -> Markdown with columns of equal width

sub table {
    my (@rows) = @_;

    my @width;
    for my $row (@rows) {
        for my $i (0 .. $#$row) {
            my $n = length $row->[$i];
            $width[$i] = $n if !$width[$i] || $n > $width[$i];
        }
    }

    my @lines = map {
        my $row = $_;
        '| ' . join(' | ', map { sprintf "%-$width[$_]s", $row->[$_] }
                               0 .. $#width) . " |\n";
    } @rows;

    splice @lines, 1, 0, '|' . join('|', map { '-' x ($_ + 2) } @width)
                             . "|\n";
    return join '', @lines;
}


1;
