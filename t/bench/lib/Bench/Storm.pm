package Bench::Storm;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What the programs have in common that disturb a Lapor for minutes and then
# balance its books (Lapor::Soak, Lapor::Chaos).

use strict;
use warnings;

use Getopt::Long qw(GetOptions);


# run(name => text, minutes => default, options => {rate => default, ...},
#     new => sub { the storm, from seconds, seed, say, every and the options }):
# ends the program, with 0 if all that must be true is true. A storm has seed()
# and run(sub { stop now }), which returns what has table() and failed().

sub run {
    my (%spec) = @_;

    my %opt = (minutes => $spec{minutes}, %{ $spec{options} });
    my @numbers = sort keys %{ $spec{options} };

    my $usage = "usage: $spec{name} [--minutes N] [--seed N]"
                . join('', map { " [--$_ N]" } @numbers) . "\n";

    GetOptions(\%opt, 'help', 'minutes=f', 'seed=i', map { "$_=i" } @numbers)
        && !@ARGV && !grep { $opt{$_} <= 0 } 'minutes', @numbers
        or die $usage;

    if ($opt{help}) {
        print $usage;
        exit 0;
    }

    $| = 1;
    my $stop;
    $SIG{INT} = $SIG{TERM} = sub { $stop = 1 };

    my $storm = $spec{new}->(seconds => $opt{minutes} * 60,
        (map { $_ => $opt{$_} } grep { defined $opt{$_} } 'seed', @numbers),
        say => sub { print "$_[0]\n" },
        every => $opt{minutes} > 5 ? 60 : 10);
    printf "%s of %g minutes, --seed %d\n", $spec{name}, $opt{minutes},
        $storm->seed;

    my $verdict = eval { $storm->run(sub { $stop }) };
    if (!$verdict) {
        print STDERR "$spec{name}: $@";
        exit($stop ? 130 : 1);
    }

    print "\n", $verdict->table;
    print "FAILED: $_->[0]: $_->[1]\n" for $verdict->failed;
    exit($verdict->failed ? 1 : 0);
}


1;
