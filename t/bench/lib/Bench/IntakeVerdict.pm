package Bench::IntakeVerdict;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Tables and targets of `./dev bench intake`, from the runs alone.

use strict;
use warnings;

use Bench::Judge qw(select_runs by_round judge others);
use Bench::Stats qw(spread table);

use constant {
    PER_BARE => 2.5,
    WORKER   => 20,             # us a message
    MESSAGES => 10000,          # a second
    STATUSES => 20000,
    SECOND   => 1,              # more than one process alone
    SCOUT    => 0.5,            # of the time until all is done
};


# cost($run, $what) -> microseconds of CPU for a message or status, of worker,
# postgres or redis

sub cost {
    my ($run, $what) = @_;
    return 1e6 * $run->{$what} / $run->{n};
}


sub per_cpu {
    my ($run) = @_;
    return $run->{n} / ($run->{worker} + $run->{postgres} + $run->{redis});
}


# tables([runs]) -> text

sub tables {
    my ($runs) = @_;

    return join "\n", grep { defined } mixture($runs),
        speed($runs, 'messages', 'messages'),
        speed($runs, 'second', 'processes of one connection'),
        speed($runs, 'statuses', 'statuses'), scout_table($runs);
}


sub mixture {
    my ($runs) = @_;

    my @of = grep { $_->{reports} } @$runs or return undef;
    return sprintf "messages a report: %s, a person: %s; entries that come a "
        . "second time: %s %%\n",
        spread(map { $_->{n} / $_->{reports} } @of),
        spread(map { $_->{n} / $_->{people} } @of),
        spread(map { 100 * ($_->{entries} / $_->{n} - 1) } @of);
}


sub speed {
    my ($runs, $part, $title) = @_;

    my @part = grep { $_->{round} } select_runs($runs, part => $part)
        or return undef;
    my %seen;
    my @rows = ([$title, 'a second', 'per CPU-s of all', 'us PostgreSQL',
                 'us worker', 'us Redis', 'others, cores']);

    for my $how (grep { !$seen{$_}++ } sort map { $_->{how} } @part) {
        my @of = select_runs(\@part, how => $how);
        push @rows, [$how, spread(map { $_->{rate} } @of),
            spread(map { per_cpu($_) } @of),
            map({ my $of = $_; spread(map { cost($_, $of) } @of) }
                qw(postgres worker redis)), others(@of)];
    }

    return table(@rows);
}


sub scout_table {
    my ($runs) = @_;

    my @of = select_runs($runs, part => 'scout') or return undef;
    return table(['backlog, entries', 'emergencies in it', 's until half of '
                  . 'them are seen', 's until all are', 's until all is done',
                  'a second', 'others, cores'],
        [spread(map { $_->{n} } @of), spread(map { $_->{alarms} } @of),
         spread(map { $_->{half} } @of), spread(map { $_->{all} } @of),
         spread(map { $_->{drained} } @of), spread(map { $_->{rate} } @of),
         others(@of)]);
}


# targets([runs]) -> what Bench::Judge::judge() gives

sub targets {
    my ($runs) = @_;

    my @ours = select_runs($runs, part => 'messages', how => 'lapor-intake');
    my @bare = select_runs($runs, part => 'messages', how => 'bare INSERT');
    my @one = select_runs($runs, part => 'second', how => '1 x lapor-intake');
    my @two = select_runs($runs, part => 'second', how => '2 x lapor-intake');
    my @statuses = grep { $_->{round} } select_runs($runs, part => 'statuses');
    my @scout = select_runs($runs, part => 'scout');

    return (
        judge("CPU of PostgreSQL a message against the bare INSERT's", '<=',
            PER_BARE, ' x', by_round(\@ours, \@bare, sub {
                cost($_[0], 'postgres') / cost($_[1], 'postgres') })),
        judge('CPU of the worker a message', '<=', WORKER, ' us',
            map { cost($_, 'worker') } @ours),
        judge('messages of one process', '>=', MESSAGES, '/s',
            map { $_->{rate} } @ours),
        judge('a second process: messages against one alone', '>=', SECOND,
            ' x', by_round(\@two, \@one,
                           sub { $_[0]{rate} / $_[1]{rate} })),
        judge('statuses of one process', '>=', STATUSES, '/s',
            map { $_->{rate} } @statuses),
        judge('emergencies of a backlog seen, of the time until all is done',
            '<=', SCOUT, ' x', map { $_->{all} / $_->{drained} } @scout),
    );
}


1;
