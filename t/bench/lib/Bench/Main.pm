package Bench::Main;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What the programs of t/bench have in common: options, the run of their parts
# in a directory of its own, tables, targets, exit status.

use strict;
use warnings;

use Bench::Judge ();
use Bench::Proc ();
use File::Temp ();
use Getopt::Long ();
use JSON::PP ();
use Lapor::System ();
use Lapor::Test ();


# run(usage => text, parts => [names], options => {'seconds=f' => 2, ...},
#     quick => {name => value}, programs => [[program, option], ...],
#     new => sub { the bench, from {option => value} }, about => sub { line
#     that says how it was measured, from a result },
#     verdict => class with tables([runs]) and targets([runs])): ends the
# program. The bench has a method for each part, and runs().

sub run {
    my (%spec) = @_;

    my %opt = (rounds => 5, dir => '/var/tmp', part => []);
    my @names = map { /^(\w+)/ } keys %{ $spec{options} };
    @opt{@names} = values %{ $spec{options} };

    Getopt::Long::GetOptions(\%opt, keys %{ $spec{options} }, 'rounds=i',
        'quick', 'part=s@', 'dir=s', 'json=s', 'report=s', 'check', 'help')
        && !@ARGV or die $spec{usage};
    if ($opt{help}) { print $spec{usage}; exit 0 }
    if ($opt{quick}) {
        $opt{$_} = $spec{quick}{$_} for keys %{ $spec{quick} };
    }

    for my $part (@{ $opt{part} }) {
        die "there is no part $part\n$spec{usage}"
            unless grep { $_ eq $part } @{ $spec{parts} };
    }
    for my $name ('rounds',
                  map { /^(\w+)=[if]/ ? $1 : () } keys %{ $spec{options} })
    {
        die "--$name is more than nothing\n" if $opt{$name} <= 0;
    }

    my $all = $opt{report}
        ? JSON::PP::decode_json(Lapor::System::slurp($opt{report}))
        : measure(\%spec, \%opt);
    Lapor::System::spew($opt{json}, JSON::PP->new->canonical->encode($all))
        if $opt{json};

    my @targets = $spec{verdict}->can('targets')->($all->{runs});
    print "$all->{machine}\n$all->{versions}\n", $spec{about}->($all),
        "; median (min..max)\n\n",
        $spec{verdict}->can('tables')->($all->{runs}), "\n",
        Bench::Judge::verdicts(@targets);

    exit($opt{check} && grep({ !$_->{ok} } @targets) ? 1 : 0);
}


sub measure {
    my ($spec, $opt) = @_;

    my $dir = File::Temp::tempdir('lapor-bench-XXXXXXXX', DIR => $opt->{dir},
                                  CLEANUP => $ENV{LAPOR_LEAVE} ? 0 : 1);
    chmod 0755, $dir or die "could not chmod $dir: $!\n";
    Lapor::Test->import;        # SIGPIPE is an error of write()
    local @SIG{qw(INT TERM)} = (sub { exit 130 }) x 2;   # servers end, too

    my $bench = $spec->{new}->({ %$opt, dir => $dir,
                                 log => sub { print STDERR @_ } });

    for my $part (@{ $spec->{parts} }) {
        next if @{ $opt->{part} } && !grep { $_ eq $part } @{ $opt->{part} };
        $bench->$part;
    }

    my @names = map { /^(\w+)/ } 'rounds', keys %{ $spec->{options} };
    return { machine => Bench::Proc::machine(),
             versions => versions(@{ $spec->{programs} }),
             runs => $bench->runs, map { $_ => $opt->{$_} } @names };
}


sub versions {
    my @versions;

    for my $command (@_) {
        my ($program, $option) = @$command;
        my $path = Lapor::Test::have_program($program) or next;
        my ($rc, $out, $err) = Lapor::Test::run_cmd($path, $option);
        my ($version) = "$out$err" =~ /v?(\d+\.\d+(?:\.\d+)?)/ or next;
        push @versions, ($program =~ s{.*/}{}r) . " $version";
    }

    return join ', ', @versions;
}


1;
