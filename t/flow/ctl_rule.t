#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl rule set and list: what units say themselves and what holds in one.

use strict;
use warnings;

use JSON::PP ();

use Lapor::Test;
use Lapor::Pg;

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my %none = map { $_ => undef } grep { /^LAPOR_|^PG/
    && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
my $pg = Lapor::Pg->new;
my $conf = spew("$DIR/lapor.conf", 'database = ' . $pg->dsn('lapor_ctl')
                . "\n[laporctl]\n");

sub ctl { return run_cmd({ env => { %none, LAPOR_CONF => $conf } }, $CTL, @_) }

sub table { return [map { s/ {2,}/|/gr } split /\n/, $_[0]] }

# rules($unit) -> rule => [value, from]
sub rules {
    my ($rc, $out, $err) = ctl('--json', 'rule', 'list', @_);
    is($rc, 0, "rules of @_") or diag($err);
    return { map { $_->{rule} => [@$_{qw(value from)}] }
             map { $json->decode($_) } split /\n/, $out };
}

my $number = '100000000000110';
$pg->psql("SELECT lapor.unit_put('POLDA-A', 'polda', 'polda', 'A', NULL, NULL,
    NULL, true, NULL, NULL)");
$pg->psql("SELECT lapor.unit_put('POLRES-A', 'polres', 'polres', 'A',
    'POLDA-A', NULL, NULL, true, '$number', NULL)");

my ($rc, $out, $err) = ctl('rule', 'list');
is($rc, 0, 'what is set at first') or diag($err);
is_deeply(table($out), ['SATUAN|ATURAN|NILAI|DARI',
    'MABES|answer_every|false|MABES', 'MABES|burst_gap|00:05:00|MABES',
    'MABES|join_window|24:00:00|MABES',
    'MABES|reopen_window|7 days|MABES', 'MABES|second_topic|true|MABES',
    'MABES|topic_confidence|0.7|MABES'], 'is what headquarters says');

for my $set (['POLDA-A', 'join_window', '2 hours'],
             ['POLDA-A', 'answer_every', 'true'],
             ['POLRES-A', 'join_window', '30 minutes'],
             ['POLRES-A', 'topic_confidence', '0.9'],
             ['MABES', 'second_topic', 'false'])
{
    ($rc, $out, $err) = ctl('rule', 'set', @$set);
    is($rc, 0, "rule set @$set") or diag($err);
    is($out . $err, '', 'says nothing');
}
is_deeply(rules('POLRES-A'), {
    answer_every => ['true', 'POLDA-A'], burst_gap => ['00:05:00', 'MABES'],
    join_window => ['00:30:00', 'POLRES-A'],
    reopen_window => ['7 days', 'MABES'], second_topic => ['false', 'MABES'],
    topic_confidence => ['0.9', 'POLRES-A'],
}, 'what holds in a unit, and whose word it is');
is_deeply([$pg->psql('SELECT join_ms, reopen_ms, burst_ms, answer_every,'
    . ' second_topic, round(topic_confidence::numeric, 2) FROM'
    . " lapor.intake_rules(ARRAY['$number'])")],
    [[1_800_000, 7 * 86_400_000, 300_000, 't', 'f', '0.90']],
    'which is what lapor-intake is told');

is((ctl('rule', 'set', 'POLRES-A', 'join_window', '-'))[0], 0, 'as above');
is_deeply(rules('POLRES-A')->{join_window}, ['02:00:00', 'POLDA-A'],
          'is as above');


# what is wrong

my $all = 'SELECT string_agg(r::text, $$ $$) FROM lapor.unit_rule r';
my $before = $pg->psql($all);
for my $case (
    ['POLRES-X', 'join_window', '1 hour', qr/there is no unit "POLRES-X"/],
    ['POLRES-A', 'jendela', '1 hour', qr/no rule "jendela"; .*join_window/],
    ['POLRES-A', 'join_window', 'lama', qr/"lama" is no value of join_window/],
    ['POLRES-A', 'answer_every', 'mungkin', qr/"mungkin" is no value/],
    ['POLRES-A', 'join_window', '1 second', qr/1 second is not allowed/],
    ['POLRES-A', 'topic_confidence', '2', qr/2 is not allowed/],
    ['MABES', 'join_window', '-', qr/MABES is above all others/])
{
    my @line = @$case[0 .. 2];
    ($rc, $out, $err) = ctl('rule', 'set', @line);
    is($rc, 1, "refused: @line");
    like($err, $case->[3], 'with the reason');
}
is($pg->psql($all), $before, 'and nothing is changed');
($rc, $out, $err) = ctl('rule', 'list', 'POLRES-X');
is($rc, 1, 'rules of no unit');
like($err, qr/there is no unit "POLRES-X"/, 'are none');
is((ctl('rule', 'set', 'POLRES-A', 'join_window'))[0], 64,
   'a value is missing');

done_testing();
