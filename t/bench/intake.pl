#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# ./dev bench intake: what it costs to make rows of a queue of webhooks, beside
# the bare INSERT of the message rows (doc/performance.md).

use strict;
use warnings;

use File::Basename ();

BEGIN {
    require lib;
    my $here = File::Basename::dirname(__FILE__);
    lib->import("$here/../lib", "$here/lib");
}

use Bench::Intake ();
use Bench::IntakeVerdict ();
use Bench::Main ();
use Lapor::System ();

my $usage = <<'END_OF_USAGE';
usage: ./dev bench intake [OPTIONS]

  --rounds N      how often each has its turn (5)
  --count N       messages of a run (50000)
  --backlog N     messages that the scout searches (200000)
  --quick         2 rounds of 10000 messages, a backlog of 20000: does it work
                  at all
  --part NAME     only this: messages, second, statuses or scout; may stand
                  more than once
  --dir DIR       where servers keep their files (/var/tmp); say which disk
                  is measured
  --json FILE     all runs, as they were measured
  --report FILE   no runs: the tables of an earlier --json
  --check         exit 1 if a target is missed
END_OF_USAGE

Bench::Main::run(usage => $usage, parts => \@Bench::Intake::PARTS,
    options => { 'count=i' => 50000, 'backlog=i' => 200000 },
    quick => { rounds => 2, count => 10000, backlog => 20000 },
    programs => [[Lapor::System::postgres_bin() . '/postgres' => '--version'],
                 ['redis-server' => '--version']],
    new => sub { Bench::Intake->new(%{ $_[0] }) },
    about => sub { "$_[0]{rounds} rounds of $_[0]{count} messages" },
    verdict => 'Bench::IntakeVerdict');
