package Bench::Bare;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The bare INSERT: rows of lapor.message, those of one run, once more into a
# table with the same columns, checks, indexes and months, by unnest and ON
# CONFLICT DO NOTHING, as many a transaction as lapor-intake takes entries.
# Nobody decodes, looks up or decides anything (t/bench/bare.c).

use strict;
use warnings;

use Bench::Chain ();
use Bench::Proc ();
use IPC::Open2 qw(open2);
use JSON::PP ();
use Lapor::Test ();

use constant BATCH => 500;      # `batch` of lapor-intake


# measure($chain, $since) -> a run, of the messages received from then on (ms)

sub measure {
    my ($chain, $since) = @_;

    my @columns = table($chain);
    my $pid = open2(my $out, my $in, Lapor::Test::build_path('bench/bare'),
        $chain->pg->dsn, from($since, @columns), into(@columns));
    Lapor::Test::adopt($pid);
    my $line = sub {
        my $text = readline $out;
        defined $text ? $text : die "the bare INSERT failed, see above\n";
    };

    $line->();
    $chain->rest;
    my $before = $chain->snapshot($pid);
    syswrite $in, "\n";
    my $r = JSON::PP::decode_json($line->());
    my $run = Bench::Chain::spent($before, $chain->snapshot($pid));

    close $in;
    Lapor::Test::end_process($pid, 0, 20);
    return { %$run, n => $r->{rows}, seconds => $r->{seconds},
             rate => $r->{rows} / $r->{seconds} };
}


# table($chain) -> [name, type] of each column, the table made if it is not
# there

sub table {
    my ($chain) = @_;

    if (!defined $chain->one(q{SELECT to_regclass('bench.message')})) {
        $chain->rows('CREATE SCHEMA bench');
        $chain->rows('CREATE TABLE bench.message (LIKE lapor.message '
                     . 'INCLUDING ALL) PARTITION BY RANGE (sent_at)');
    }

    $chain->rows($_->[0]) for $chain->rows(q{
        SELECT format('CREATE TABLE bench.%I PARTITION OF bench.message %s',
                      c.relname, pg_get_expr(c.relpartbound, c.oid))
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'lapor.message'::regclass
           AND to_regclass(format('bench.%I', c.relname)) IS NULL});

    return $chain->rows(q{
        SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
          FROM pg_attribute a
         WHERE a.attrelid = 'bench.message'::regclass AND a.attnum > 0
           AND NOT a.attisdropped AND a.attgenerated = ''
         ORDER BY a.attnum});
}


# in the order in which they lie in the table, which is that of their arrival

sub from {
    my ($since, @columns) = @_;

    return 'SELECT ' . join(', ', map { "array_agg($_->[0] ORDER BY n)" }
                            @columns)
        . ' FROM (SELECT *, row_number() OVER (ORDER BY tableoid, ctid) - 1'
        . " AS n FROM lapor.message WHERE direction = 'in' AND received_at"
        . " >= to_timestamp($since / 1000.0)) m GROUP BY n / " . BATCH
        . ' ORDER BY n / ' . BATCH;
}


sub into {
    my (@columns) = @_;

    return 'INSERT INTO bench.message (' . join(', ', map { $_->[0] } @columns)
        . ') SELECT * FROM unnest(' . join(', ', map {
              '$' . ($_ + 1) . '::' . $columns[$_][1] . '[]' } 0 .. $#columns)
        . ') ON CONFLICT (part, wamid, sent_at) DO NOTHING';
}


1;
