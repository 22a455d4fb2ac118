package Lapor::Soak::Books;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What the clients sent against what stood in Redis.

use strict;
use warnings;

use Lapor::Soak::Consumer ();
use Lapor::Soak::Job ();
use Lapor::System ();

use constant SAMPLES => 5;


# counts($path) -> {name => value}; under `!` what must not be, under `?` what
# is shown only if its number is wrong

sub counts {
    my ($path) = @_;

    my %count;
    for (split /\n/, Lapor::System::slurp($path)) {
        if (/^([!?]) (.*)/) {
            push @{ $count{$1} }, $2;
        } elsif (/^(.+)\t(-?\d+)$/) {
            $count{$1} = $2;
        }
    }
    return \%count;
}


# reconcile($stored, {client => ledger's path}) -> {stored, accepted, missing,
# foreign, duplicates, unasked: stored without a 200, samples}

sub reconcile {
    my ($stored, $ledgers) = @_;

    my %ledger = map { $_ => Lapor::System::slurp($ledgers->{$_}) }
                 keys %$ledgers;
    my %seen = map { $_ => "\0" x (length($ledger{$_})
                                   / Lapor::Soak::Job::RECORD) }
               keys %ledger;
    my %sum = map { $_ => 0 } qw(stored accepted missing foreign duplicates
                                 unasked);
    $sum{samples} = [];

    open my $in, '<:raw', $stored or die "could not read $stored: $!\n";
    while (read $in, my $record, Lapor::Soak::Consumer::RECORD) {
        my ($client, $seq, $digest) = unpack 'nNa8', $record;
        $sum{stored}++;

        my $at = $seq * Lapor::Soak::Job::RECORD;
        my $why = why_foreign($ledger{$client}, $at, $digest);
        if ($why) {
            $sum{foreign}++;
            sample(\%sum, "foreign: client $client number $seq: $why");
            next;
        }

        my $n = ord substr $seen{$client}, $seq, 1;
        $sum{duplicates}++ if $n;
        substr $seen{$client}, $seq, 1, chr($n + 1) if $n < 255;
    }
    close $in;

    for my $client (sort { $a <=> $b } keys %ledger) {
        count_missing(\%sum, $client, $ledger{$client}, $seen{$client});
    }
    return \%sum;
}


sub why_foreign {
    my ($ledger, $at, $digest) = @_;

    return 'nobody sent it' if !defined $ledger || $at >= length $ledger;
    return 'other bytes than were sent'
        if substr($ledger, $at, 8) ne $digest;
    return 'it was not signed, or not sent whole'
        unless ord(substr $ledger, $at + 8, 1)
               & Lapor::Soak::Job::MAY_BE_STORED;
    return '';
}


sub count_missing {
    my ($sum, $client, $ledger, $seen) = @_;

    for my $seq (0 .. length($seen) - 1) {
        my $flags = ord substr $ledger, $seq * Lapor::Soak::Job::RECORD + 8,
                               1;
        my $n = ord substr $seen, $seq, 1;

        if ($flags & Lapor::Soak::Job::ACCEPTED) {
            $sum->{accepted}++;
            if (!$n) {
                $sum->{missing}++;
                sample($sum, "missing: client $client number $seq");
            }
        } elsif ($n) {
            $sum->{unasked}++;
        }
    }
    return;
}


sub sample {
    my ($sum, $text) = @_;

    push @{ $sum->{samples} }, $text if @{ $sum->{samples} } < SAMPLES;
    return;
}


1;
