#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# ./dev chaos --minutes N [--seed N] [--rate N]: the chaos of Lapor::Chaos for
# so long, a table, exit 0 if all that must be true is true.

use strict;
use warnings;

use FindBin ();

use lib "$FindBin::Bin/../lib", "$FindBin::Bin/lib";
use Bench::Storm;
use Lapor::Chaos;

Bench::Storm::run(name => 'chaos', minutes => 2, options => { rate => 60 },
    new => sub { Lapor::Chaos->new(@_) });
