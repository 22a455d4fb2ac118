#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# soak.pl --minutes N [--seed N] [--workers N] [--rate N]: the soak of
# Lapor::Soak for so long, a table, exit 0 if all that must be true is true.

use strict;
use warnings;

use FindBin ();
use Getopt::Long qw(GetOptions);

use lib "$FindBin::Bin/../lib";
use Lapor::Soak;

my %opt = (minutes => 10, workers => 2, rate => 600);

GetOptions(\%opt, 'minutes=f', 'seed=i', 'workers=i', 'rate=i')
    && !@ARGV && $opt{minutes} > 0 && $opt{workers} > 0 && $opt{rate} > 0
    or die "usage: soak.pl [--minutes N] [--seed N] [--workers N] "
           . "[--rate N]\n";

$| = 1;
my $stop;
$SIG{INT} = $SIG{TERM} = sub { $stop = 1 };

my $soak = Lapor::Soak->new(seconds => $opt{minutes} * 60,
    (map { $_ => $opt{$_} } grep { defined $opt{$_} }
     qw(seed workers rate)),
    say => sub { print "$_[0]\n" },
    every => $opt{minutes} > 5 ? 60 : 10);
printf "soak of %g minutes, --seed %d\n", $opt{minutes}, $soak->seed;

my $verdict = eval { $soak->run(sub { $stop }) };
if (!$verdict) {
    print STDERR "soak: $@";
    exit($stop ? 130 : 1);
}

print "\n", $verdict->table;
print "FAILED: $_->[0]: $_->[1]\n" for $verdict->failed;
exit($verdict->failed ? 1 : 0);
