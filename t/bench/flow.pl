#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# ./dev bench flow: how long a webhook takes from HTTP to a committed row and a
# claimed task, at a fixed rate (doc/performance.md).

use strict;
use warnings;

use File::Basename ();

BEGIN {
    require lib;
    my $here = File::Basename::dirname(__FILE__);
    lib->import("$here/../lib", "$here/lib");
}

use Bench::Flow ();
use Bench::FlowVerdict ();
use Bench::Main ();
use Lapor::System ();

my $usage = <<'END_OF_USAGE';
usage: ./dev bench flow [OPTIONS]

  --rounds N      how often each rate has its turn (5)
  --seconds S     length of a run (10)
  --rates N,N     webhooks a second (100,1000,4000)
  --quick         1 round of 2 s: does it work at all
  --dir DIR       where servers keep their files (/var/tmp); say which disk
                  is measured
  --json FILE     all runs, as they were measured
  --report FILE   no runs: the tables of an earlier --json
  --check         exit 1 if a target is missed
END_OF_USAGE

Bench::Main::run(usage => $usage, parts => \@Bench::Flow::PARTS,
    options => { 'seconds=f' => 10, 'rates=s' => '100,1000,4000' },
    quick => { rounds => 1, seconds => 2 },
    programs => [[Lapor::System::postgres_bin() . '/postgres' => '--version'],
                 ['redis-server' => '--version'], [nginx => '-v']],
    new => sub { Bench::Flow->new(%{ $_[0] }) },
    about => sub { "$_[0]{rounds} rounds of $_[0]{seconds} s" },
    verdict => 'Bench::FlowVerdict');
