#!/usr/bin/perl

# Alerts: one open row for a kind and a subject, however often it is told;
# closed, and opened anew as another row.

use lib 't/lib';
use Lapor::Test;
use Lapor::Pg;

my $pg = Lapor::Pg->new;

sub raise {
    my ($severity, $at) = @_;
    return $pg->psql("SELECT lapor.alert_raise(7::smallint, 'clock_skew',
        'redis', '$severity', '{\"ms\": 1}', '$at')", 'lapor_intake');
}

sub stored {
    return join ' | ', map { join ' ', @$_ } $pg->psql(q{
        SELECT severity, times, extract(epoch FROM last_at - opened_at)::int,
               closed_at IS NOT NULL
          FROM lapor.alert ORDER BY opened_at});
}

is(raise('warning', '2026-01-01 00:00:00Z'), 't', 'opened');
is(raise('warning', '2026-01-01 00:00:10Z'), 'f', 'told again: not opened');
is(stored(), 'warning 2 10 f', 'the same row, counted');

raise('critical', '2026-01-01 00:00:05Z');
is(stored(), 'critical 3 10 f', 'worse, and told late: the last time stays');
raise('info', '2026-01-01 00:00:20Z');
is(stored(), 'critical 4 20 f', 'never less bad than it was');

my $close = "SELECT lapor.alert_close(7::smallint, 'clock_skew', 'redis',"
          . " '2026-01-01 00:01:00Z')";
is($pg->psql($close, 'lapor_ctl'), 't', 'closed');
is($pg->psql($close, 'lapor_ctl'), 'f', 'only once');

is(raise('info', '2026-01-02 00:00:00Z'), 't', 'it comes back as another');
is(stored(), 'critical 4 20 t | info 1 0 f', 'and the old one stays');

done_testing();
