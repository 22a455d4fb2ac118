package Lapor::Metrics;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A worker's page for Prometheus, as a test reads it.

use strict;
use warnings;

use Lapor::HTTP ();
use Lapor::Test ();

use base 'Exporter';
our @EXPORT = qw(page metric wait_metric promtool understood);


# page($port) -> the text; undef while nobody answers

sub page {
    my ($port) = @_;

    my $r = eval { Lapor::HTTP::get($port, '/metrics') };
    return $r && $r->{status} == 200 ? $r->{body} : undef;
}


# metric($port, 'name{label="value"}') -> its number; undef if it is not there

sub metric {
    my ($port, $name) = @_;

    my $text = page($port);
    return undef unless defined $text;
    my ($n) = $text =~ /^\Q$name\E (\S+)$/m;
    return $n;
}


# wait_metric($port, $name, sub { its number in $_ } [, $seconds])

sub wait_metric {
    my ($port, $name, $wanted, $seconds) = @_;

    my $n;
    my $ok = Lapor::Test::wait_until {
        $n = metric($port, $name);
        local $_ = $n;
        defined $n && $wanted->();
    } $seconds || 15, "$name to be as it should";

    Test::More::diag("$name is ", defined $n ? $n : 'absent') unless $ok;
    return $ok;
}


# promtool() -> Prometheus' own tool, as ./dev unpacks it, or the system's

sub promtool {
    my $repo = Lapor::Test::repo_dir();
    my ($found) = grep { -x } map { "$_/usr/bin/promtool" }
                  "$repo/build/unpacked/prometheus", '';
    return Lapor::Test::need_program($found || 'promtool');
}


# understood($text, $name): promtool has nothing to say of the page

sub understood {
    my ($text, $name) = @_;

    my ($rc, $out, $err) = Lapor::Test::run_cmd({ stdin => $text },
        promtool(), 'check', 'metrics');
    return Test::More::is("$rc $out$err", '0 ', $name);
}


1;
