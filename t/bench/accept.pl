#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# ./dev bench accept: what the accept path costs, beside a handler that does
# nothing, one that compares signatures, and what one would otherwise take
# (doc/performance.md).

use strict;
use warnings;

use File::Basename ();
use Getopt::Long;

BEGIN {
    require lib;
    my $here = File::Basename::dirname(__FILE__);
    lib->import("$here/../lib", "$here/lib");
}

use Bench::Accept ();
use Bench::Proc ();
use Bench::Verdict ();
use File::Path ();
use File::Temp ();
use JSON::PP ();
use Lapor::System ();
use Lapor::Test ();

my $usage = <<'END_OF_USAGE';
usage: ./dev bench accept [OPTIONS]

  --rounds N      how often each server has its turn (5)
  --seconds S     length of a run (2; the open loop's are twice as long)
  --quick         2 rounds of 0.5 s: does it work at all
  --part NAME     only this: closed, floor, open, flat, forged, memory or
                  idle; may stand more than once
  --dir DIR       where servers keep their files (/var/tmp); say which disk
                  is measured
  --json FILE     all runs, as they were measured
  --report FILE   no runs: the tables of an earlier --json
  --check         exit 1 if a target is missed
END_OF_USAGE

my %opt = (rounds => 5, seconds => 2, dir => '/var/tmp', part => []);
GetOptions(\%opt, 'rounds=i', 'seconds=f', 'quick', 'part=s@', 'dir=s',
           'json=s', 'report=s', 'check', 'help') && !@ARGV
    or die $usage;
if ($opt{help}) { print $usage; exit 0 }
@opt{qw(rounds seconds)} = (2, 0.5) if $opt{quick};

my %parts = map { $_ => 1 } @Bench::Accept::PARTS;
for my $part (@{ $opt{part} }) {
    die "there is no part $part\n$usage" unless $parts{$part};
}
die "--rounds and --seconds are more than nothing\n"
    if $opt{rounds} < 1 || $opt{seconds} <= 0;

my $all = $opt{report}
    ? JSON::PP::decode_json(Lapor::System::slurp($opt{report})) : measure();
Lapor::System::spew($opt{json}, JSON::PP->new->canonical->encode($all))
    if $opt{json};

my @targets = Bench::Verdict::targets($all->{runs});
print "$all->{machine}\n$all->{versions}\n",
    "$all->{rounds} rounds of $all->{seconds} s; median (min..max)\n\n",
    Bench::Verdict::tables($all->{runs}), "\n",
    Bench::Verdict::verdicts(@targets);

exit($opt{check} && grep({ !$_->{ok} } @targets) ? 1 : 0);


sub measure {
    my $dir = File::Temp::tempdir('lapor-bench-XXXXXXXX', DIR => $opt{dir},
                                  CLEANUP => $ENV{LAPOR_LEAVE} ? 0 : 1);
    chmod 0755, $dir or die "could not chmod $dir: $!\n";
    Lapor::Test->import;        # SIGPIPE is an error of write()
    local @SIG{qw(INT TERM)} = (sub { exit 130 }) x 2;   # servers end, too

    my $bench = Bench::Accept->new(dir => $dir, rounds => $opt{rounds},
        seconds => $opt{seconds}, log => sub { print STDERR @_ });

    for my $part (@Bench::Accept::PARTS) {
        next if @{ $opt{part} } && !grep { $_ eq $part } @{ $opt{part} };
        $bench->$part;
    }

    return { machine => Bench::Proc::machine(), versions => versions(),
             rounds => $opt{rounds}, seconds => $opt{seconds},
             runs => $bench->runs };
}


sub versions {
    my @versions;

    for my $command ([nginx => '-v'], ['redis-server' => '--version'],
                     [openssl => 'version'], [node => '--version'])
    {
        my ($program, $option) = @$command;
        $program = Lapor::Test::have_program($program) or next;
        my ($rc, $out, $err) = Lapor::Test::run_cmd($program, $option);
        my ($version) = "$out$err" =~ /v?(\d+\.\d+\.\d+)/ or next;
        push @versions, "$command->[0] $version";
    }

    return join ', ', @versions;
}
