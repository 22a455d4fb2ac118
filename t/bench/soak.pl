#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# soak.pl --minutes N [--seed N] [--workers N] [--rate N]: the soak of
# Lapor::Soak for so long, a table, exit 0 if all that must be true is true.

use strict;
use warnings;

use FindBin ();

use lib "$FindBin::Bin/../lib", "$FindBin::Bin/lib";
use Bench::Storm;
use Lapor::Soak;

Bench::Storm::run(name => 'soak', minutes => 10,
    options => { workers => 2, rate => 600 },
    new => sub { Lapor::Soak->new(@_) });
