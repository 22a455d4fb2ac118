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

# in one transaction all have the same time
for my $n (1, 2) {
    is($pg->psql($close =~ s/01-01 00:01/01-02 00:00/r, 'lapor_ctl'), 't',
       'closed at the time of its opening');
    is(raise('info', '2026-01-02 00:00:00Z'), 't', 'and opened once more');
}
is(stored(), join(' | ', 'critical 4 20 t', ('info 1 0 t') x 2, 'info 1 0 f'),
   'each is a row');



# --- many at a time, with a mode each, and the sender's time or none

my ($kind, $n) = ('k', 0);

# told([mode, severity, Meta's second or undef] ...) at the n-th minute
# -> "what changed | what is stored of this kind"
sub told {
    my (@alerts) = @_;

    $n++;
    my @columns = map { my $i = $_; 'ARRAY[' . join(', ', map {
        defined $_->[$i] ? "'$_->[$i]'" : 'NULL' } @alerts) . ']' } 0, 1;
    my $at = join ', ', map { defined $_->[2] ? "to_timestamp($_->[2])"
                                              : 'NULL' } @alerts;
    my $ids = join ', ', map { "'$_'" } ($kind) x @alerts;
    my @changed = $pg->psql("SELECT idx, opened FROM lapor.alert_store(
        9::smallint, ARRAY[$ids], ARRAY[" . join(', ', ("'s'") x @alerts) . "],
        $columns[0], $columns[1], array_fill('{}'::text, ARRAY["
        . scalar(@alerts) . "]), ARRAY[$at]::timestamptz[],
        timestamptz '2026-01-01 00:00Z' + interval '1 minute' * $n)",
        'lapor_intake');
    my @rows = $pg->psql("SELECT severity, times, closed_at IS NOT NULL
        FROM lapor.alert WHERE kind = '$kind' ORDER BY opened_at");
    return join ' | ', (join ' ', map { "$_->[0]$_->[1]" } @changed),
                       map { join ' ', @$_ } @rows;
}

is(told(['open', 'info'], ['open', 'warning'], ['close', 'info']),
   '1t 3f | warning 2 t', 'in the order given: opened, worse, closed');
is(told(['close', 'info']), ' | warning 2 t', 'nothing to close');
is(told(['once', 'info']), ' | warning 2 t', 'once: there was one');
is(told(['often', 'info'], ['often', 'info'], ['often', 'critical']),
   '1t | warning 2 t | critical 2 f',
   'often: opened, not counted so soon, but worse is told');
is(told(['often', 'critical']), ' | warning 2 t | critical 3 f',
   'and counted later');

$kind = 'l';
is(told(['once', 'info']), '1t | info 1 f', 'once: the first');
is(told(['once', 'info']), ' | info 1 f', 'never again');

# every order of what Meta told at 10 (open), 20 (close), 30 (open), 40
# (close), each twice, ends closed; without the last, open
for my $last (3, 4) {
    my @words = (['open', 'warning', 10], ['close', 'info', 20],
                 ['open', 'warning', 30], ['close', 'info', 40]);
    my @wrong;

    for my $order (permute(0 .. $last - 1)) {
        $kind = "m$last" . join '', @$order;
        told($words[$_]) for @$order;
        told(map { $words[$_] } @$order);
        my $open = $pg->psql("SELECT count(*) FROM lapor.alert
            WHERE kind = '$kind' AND closed_at IS NULL");
        push @wrong, "@$order" if $open != ($last == 3);
    }
    is("@wrong", '', "the last word of $last counts, in whatever order");
}

sub permute {
    my (@left) = @_;
    return [] unless @left;
    return map { my $i = $_;
                 map { [$left[$i], @$_] }
                     permute(@left[grep { $_ != $i } 0 .. $#left]) }
           0 .. $#left;
}

$kind = 'n';
told(['close', 'info', 10], ['open', 'warning', 10]);
is(told(['close', 'info', 10]), ' | warning 1 f',
   'of one time, the opening stays');

done_testing();
