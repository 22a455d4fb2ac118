package Bench::Judge;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Runs, {part, round, ...}, held against targets: ratios are taken between
# neighbours of one round, and what is judged is the median.

use strict;
use warnings;

use base 'Exporter';
use Bench::Stats qw(median range number spread table);

our @EXPORT_OK = qw(select_runs by_round judge others sum);


# select_runs([runs], key => value, ...) -> those runs, by round

sub select_runs {
    my ($runs, %want) = @_;

    return sort { $a->{round} <=> $b->{round} } grep {
        my $run = $_;
        !grep { !defined $run->{$_} || $run->{$_} ne $want{$_} } keys %want;
    } @$runs;
}


# by_round([runs a], [runs b], sub) -> sub's values of pairs of one round

sub by_round {
    my ($a, $b, $value) = @_;

    my %b = map { $_->{round} => $_ } @$b;
    return map { $value->($_, $b{ $_->{round} }) }
           grep { $b{ $_->{round} } } @$a;
}


# others(@runs) -> cores that all other processes of the machine used

sub others { return spread(map { $_->{others} } @_) }


sub sum {
    my $sum = 0;
    $sum += $_ for @_;
    return $sum;
}


# judge($what, '>=' or '<=', $bound, $unit, @values) -> {what, target, got,
# range, ok}; nothing without values

sub judge {
    my ($what, $order, $bound, $unit, @values) = @_;

    return () unless @values;
    my $got = median(@values);
    return { what => $what, target => "$order " . number($bound) . $unit,
             got => $got, range => range(@values),
             ok => $order eq '>=' ? $got >= $bound : $got <= $bound };
}


# verdicts(@targets) -> text

sub verdicts {
    return table(['target', 'wanted', 'median', 'from', 'to', ''],
        map { [$_->{what}, $_->{target}, number($_->{got}),
               map({ number($_) } @{ $_->{range} }),
               $_->{ok} ? 'ok' : 'MISSED'] } @_);
}


1;
