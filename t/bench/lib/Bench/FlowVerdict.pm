package Bench::FlowVerdict;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Tables and targets of `./dev bench flow`, from the runs alone.

use strict;
use warnings;

use Bench::Judge qw(select_runs judge others);
use Bench::Stats qw(spread table);

# webhook -> committed (doc/architecture.md, a message's life is seconds)
use constant COMMITTED_MS => 1000;

my @legs = (
    [answered  => 'sent -> answered 200'],
    [read      => 'accepted -> read'],
    [stored    => 'read -> committed'],
    [committed => 'accepted -> committed'],
    [claimed   => 'committed -> task claimed'],
);


sub rates {
    my ($runs) = @_;

    my %rates = map { $_->{rate} => 1 } @$runs;
    return sort { $a <=> $b } keys %rates;
}


# tables([runs]) -> text

sub tables {
    my ($runs) = @_;

    my @rows = (['open loop', 'rate/s', 'p50 ms', 'p99 ms', 'p99.9 ms',
                 'max ms', 'errors', 'others, cores']);

    for my $rate (rates($runs)) {
        my @of = select_runs($runs, rate => $rate);
        for my $leg (@legs) {
            my ($name, $title) = @$leg;
            push @rows, [$title, $rate,
                map({ my $q = $_; spread(grep { defined }
                                         map { $_->{$name}{$q} } @of) }
                    qw(p50 p99 p999 max)),
                join('; ', grep { $_ } map { $_->{wrong} } @of) || 0,
                others(@of)];
        }
    }

    return table(@rows);
}


# targets([runs]) -> what Bench::Judge::judge() gives

sub targets {
    my ($runs) = @_;

    return map {
        my $rate = $_;
        judge("accepted -> committed at $rate/s: p99", '<=', COMMITTED_MS,
            ' ms', map { $_->{committed}{p99} }
                   select_runs($runs, rate => $rate));
    } rates($runs);
}


1;
