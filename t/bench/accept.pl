#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# ./dev bench accept: what the accept path costs, beside a handler that does
# nothing, one that compares signatures, and what one would otherwise take
# (doc/performance.md).

use strict;
use warnings;

use File::Basename ();

BEGIN {
    require lib;
    my $here = File::Basename::dirname(__FILE__);
    lib->import("$here/../lib", "$here/lib");
}

use Bench::Accept ();
use Bench::Main ();
use Bench::Verdict ();

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

Bench::Main::run(usage => $usage, parts => \@Bench::Accept::PARTS,
    options => { 'seconds=f' => 2 }, quick => { rounds => 2, seconds => 0.5 },
    programs => [[nginx => '-v'], ['redis-server' => '--version'],
                 [openssl => 'version'], [node => '--version']],
    new => sub { Bench::Accept->new(%{ $_[0] }) },
    about => sub { "$_[0]{rounds} rounds of $_[0]{seconds} s" },
    verdict => 'Bench::Verdict');

