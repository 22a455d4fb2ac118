package Bench::Verdict;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Tables and targets, from the runs alone. Ratios are taken within a round;
# what is judged is their median.

use strict;
use warnings;

use Bench::Judge qw(select_runs by_round judge others sum);
use Bench::Stats qw(spread table);

# a target that allows for what a machine's noise does to it
use constant {
    FLAT       => 0.15,
    LATE_US    => 500,
    BODY_SIZE  => 1.05,         # pool and pages come with the body
    IDLE_CPU   => 0.001,        # of a core
    FLOOR      => 1.25,
    IDLE_RATIO => 1.10,
};


# cost($run [, what]) -> microseconds of CPU for an answer, of nginx (or
# node), of Redis, of both

sub cost {
    my ($run, $what) = @_;

    my $seconds = !$what ? $run->{front} + $run->{redis} : $run->{$what};
    return $run->{ok} ? 1e6 * $seconds / $run->{ok} : 0;
}


sub per_cpu { my $cost = cost(@_); return $cost ? 1e6 / $cost : 0 }


sub names {
    my ($runs) = @_;

    my %seen;
    return grep { !$seen{$_}++ }
           map { $_->{server} } grep { $_->{round} == 1 } @$runs;
}


# errors(@runs) -> what went wrong; that Redis was late is no error, but told

sub errors {
    my @texts = map { $_->{wrong} || () } @_;
    my $spooled = sum(map { $_->{spooled} || 0 } @_);

    push @texts, "$spooled spooled" if $spooled;
    return @texts ? join '; ', @texts : 0;
}


# tables([runs]) -> text

sub tables {
    my ($runs) = @_;

    my @text;
    my @disk = select_runs($runs, part => 'disk');
    push @text, 'fdatasync after an append of 1 KB: p50 '
        . spread(map { $_->{p50_us} } @disk) . ' us, p99 '
        . spread(map { $_->{p99_us} } @disk) . " us\n" if @disk;

    push @text, grep { defined } closed_table($runs), floor_table($runs),
        open_table($runs), flat_table($runs), forged_table($runs),
        memory_table($runs), idle_table($runs);
    return join "\n", @text;
}


sub closed_table {
    my ($runs) = @_;

    my @closed = select_runs($runs, part => 'closed') or return undef;
    my @rows = (['closed loop', 'webhooks/s', 'per CPU-s of nginx or node',
                 'per CPU-s, Redis too', 'us nginx or node', 'us Redis',
                 'p50 us', 'p99 us', 'p99.9 us', 'errors', 'others, cores']);

    for my $name (names(\@closed)) {
        my @of = select_runs(\@closed, server => $name);
        push @rows, [$name, spread(map { $_->{rps} } @of),
            spread(map { per_cpu($_, 'front') } @of),
            spread(map { per_cpu($_) } @of),
            spread(map { cost($_, 'front') } @of),
            spread(map { cost($_, 'redis') } @of),
            map({ my $q = $_; spread(map { $_->{$q} } @of) }
                qw(p50_us p99_us p999_us)), errors(@of), others(@of)];
    }

    return table(@rows);
}


sub floor_table {
    my ($runs) = @_;

    my @floor = select_runs($runs, part => 'floor') or return undef;
    my @rows = (['Redis alone', 'us Redis, webhooks of ours',
                 'us Redis, redis-benchmark -P 64']);

    for my $name (names(\@floor)) {
        push @rows, [$name, map {
            spread(map { cost($_, 'redis') }
                   select_runs(\@floor, server => $name, how => $_))
        } qw(webhooks entries)];
    }

    return table(@rows);
}


sub open_table {
    my ($runs) = @_;

    my @open = select_runs($runs, part => 'open') or return undef;
    my @rows = (['open loop', 'rate/s', 'p50 us', 'p99 us', 'p99.9 us',
                 'max us', 'per CPU-s, Redis too', 'above 1 s', 'errors',
                 'others, cores']);

    for my $rate (rates(\@open)) {
        for my $name (names(\@open)) {
            my @of = select_runs(\@open, server => $name, rate => $rate);
            push @rows, [$name, $rate,
                map({ my $q = $_; spread(map { $_->{$q} } @of) }
                    qw(p50_us p99_us p999_us max_us)),
                spread(map { per_cpu($_) } @of),
                sum(map { $_->{over_1s} } @of), errors(@of), others(@of)];
        }
    }

    return table(@rows);
}


sub flat_table {
    my ($runs) = @_;

    my @flat = select_runs($runs, part => 'flat') or return undef;
    my @rows = (['connections', 'number', 'webhooks/s', 'us nginx',
                 'us Redis', 'us both', 'p50 us', 'p99 us', 'errors']);

    for my $set (flat_sets(\@flat)) {
        for my $connections (16, 64, 256) {
            my @of = select_runs($set->[1], connections => $connections);
            push @rows, [$set->[0], $connections,
                spread(map { $_->{rps} } @of),
                spread(map { cost($_, 'front') } @of),
                spread(map { cost($_, 'redis') } @of),
                spread(map { cost($_) } @of),
                spread(map { $_->{p50_us} } @of),
                spread(map { $_->{p99_us} } @of), errors(@of)];
        }
    }

    return table(@rows);
}


# flat_sets([runs]) -> [name, [runs]] of each server and loop

sub flat_sets {
    my ($flat) = @_;

    my @sets;
    for my $rate (rates($flat)) {
        for my $name (names($flat)) {
            my @of = select_runs($flat, server => $name, rate => $rate);
            push @sets, [$name . ($rate ? " at $rate/s" : ''), \@of] if @of;
        }
    }
    return @sets;
}


sub forged_table {
    my ($runs) = @_;

    my @forged = select_runs($runs, part => 'forged') or return undef;
    my @rows = (['signature', 'answers/s', 'us nginx', 'us Redis', 'p99 us',
                 'errors']);

    for my $how (qw(accepted wrong missing malformed)) {
        my @of = select_runs(\@forged, how => $how);
        push @rows, [$how, spread(map { $_->{rps} } @of),
            spread(map { cost($_, 'front') } @of),
            spread(map { cost($_, 'redis') } @of),
            spread(map { $_->{p99_us} } @of), errors(@of)];
    }

    return table(@rows);
}


sub memory_table {
    my ($runs) = @_;

    my @of = select_runs($runs, part => 'memory') or return undef;

    return table(['uploads of 3 MB', 'number', 'MB of the worker before',
                  'MB each, held', 'MB each, at most while stored',
                  'errors'],
        ['lapor-everysec', $of[0]{connections},
         spread(map { $_->{base} / 1048576 } @of),
         spread(map { share($_, 'held') * $_->{size} / 1048576 } @of),
         spread(map { share($_, 'storing') * $_->{size} / 1048576 }
                grep { $_->{storing} } @of), errors(@of)]);
}


# share($run, $when) -> growth of the worker for each upload, of its size

sub share {
    my ($run, $when) = @_;

    return ($run->{$when} - $run->{base}) / $run->{connections}
           / $run->{size};
}


sub idle_table {
    my ($runs) = @_;

    my @idle = select_runs($runs, part => 'idle') or return undef;
    my @rows = (['idle connections', 'traffic', '% of a core, nginx',
                 'us nginx a webhook', 'MB of the worker more', 'errors']);

    for my $busy (0, 1000) {
        for my $n (idle_numbers(\@idle)) {
            my @of = select_runs(\@idle, rate => $busy, idle => $n);
            push @rows, [$n, $busy ? "$busy/s" : 'none',
                spread(map { 100 * $_->{front} / $_->{wall} } @of),
                $busy ? spread(map { cost($_, 'front') } @of) : '-',
                spread(map { ($_->{rss_open} - $_->{rss_before}) / 1048576 }
                       @of), errors(@of)];
        }
    }

    return table(@rows);
}


sub idle_numbers {
    my ($idle) = @_;

    my %n = map { $_->{idle} => 1 } @$idle;
    my @n = sort { $a <=> $b } keys %n;
    return @n;
}


sub rates {
    my ($runs) = @_;

    my %rates = map { $_->{rate} => 1 } @$runs;
    my @rates = sort { $a <=> $b } keys %rates;
    return @rates;
}


# targets([runs]) -> what Bench::Judge::judge() gives

sub targets {
    my ($runs) = @_;

    return (closed_targets($runs), floor_targets($runs),
            open_targets($runs), flat_targets($runs), forged_targets($runs), memory_targets($runs),
            idle_targets($runs), error_target($runs));
}


sub closed_targets {
    my ($runs) = @_;

    my %of = map { $_ => [select_runs($runs, part => 'closed',
                                      server => $_)] }
             qw(hmac lapor-everysec lapor-fsync lua-everysec lua-fsync);
    my $ratio = sub {
        my ($value) = @_;
        return sub { my $b = $value->($_[1]); $b ? $value->($_[0]) / $b : () };
    };

    return (
        judge('everysec: webhooks per CPU-s against lua', '>=', 3.0, ' x',
            by_round(@of{qw(lapor-everysec lua-everysec)},
                     $ratio->(\&per_cpu))),
        judge('fsync: webhooks per CPU-s against lua', '>=', 2.3, ' x',
            by_round(@of{qw(lapor-fsync lua-fsync)}, $ratio->(\&per_cpu))),
        judge('everysec: webhooks/s against lua', '>=', 2.8, ' x',
            by_round(@of{qw(lapor-everysec lua-everysec)},
                     $ratio->(sub { $_[0]{rps} }))),
        judge('everysec: nginx\'s CPU against hmac', '<=', 1.25, ' x',
            by_round(@of{qw(lapor-everysec hmac)},
                     $ratio->(sub { cost($_[0], 'front') }))),
        judge('everysec: CPU of Redis a webhook', '<=', 6.5, ' us',
            map { cost($_, 'redis') } @{ $of{'lapor-everysec'} }),
    );
}


# a Redis of a slow machine is slow for everybody

sub floor_targets {
    my ($runs) = @_;

    my @floor = select_runs($runs, part => 'floor');

    return judge("everysec: CPU of Redis against redis-benchmark's", '<=',
        FLOOR, ' x',
        by_round(map({ [select_runs(\@floor, server => 'lapor-everysec',
                                    how => $_)] } qw(webhooks entries)),
                 sub { cost($_[0], 'redis') / cost($_[1], 'redis') }));
}


sub open_targets {
    my ($runs) = @_;

    my @open = select_runs($runs, part => 'open');
    my @targets;

    for my $ack (qw(everysec fsync)) {
        for my $rate (rates(\@open)) {
            my @ours = select_runs(\@open, server => "lapor-$ack",
                                   rate => $rate);
            my @lua = select_runs(\@open, server => "lua-$ack",
                                  rate => $rate);

            push @targets,
                judge("$ack at $rate/s: p50 against lua", '<=', 1, ' x',
                    by_round(\@ours, \@lua,
                             sub { $_[0]{p50_us} / $_[1]{p50_us} })),
                judge("$ack at $rate/s: p99 less that of lua", '<=', LATE_US,
                    ' us', by_round(\@ours, \@lua,
                                    sub { $_[0]{p99_us} - $_[1]{p99_us} })),
                judge("$ack at $rate/s: Meta's median", '<=', 250, ' ms',
                    map { $_->{p50_us} / 1000 } @ours),
                judge("$ack at $rate/s: above 1 s", '<=', 1, ' %',
                    map { $_->{replies} ? 100 * $_->{over_1s} / $_->{replies}
                                        : 100 } @ours);
        }
    }

    return @targets;
}


sub flat_targets {
    my ($runs) = @_;

    my @flat = select_runs($runs, part => 'flat');
    my @targets;

    # a turn of Redis under `always` costs its fsync, whoever shares it: with
    # fewer at a time in a closed loop it is shared by fewer

    for my $set (flat_sets(\@flat)) {
        next if $set->[0] eq 'lapor-fsync';

        my %rounds;
        push @{ $rounds{ $_->{round} } }, cost($_) for @{ $set->[1] };

        my @away = map {
            my @cost = @$_;
            my $mean = sum(@cost) / @cost;
            100 * (sort { $b <=> $a } map { abs($_ / $mean - 1) } @cost)[0];
        } values %rounds;

        push @targets, judge("$set->[0]: CPU, 16 to 256 connections, away "
            . 'from the mean', '<=', 100 * FLAT, ' %', @away);
    }

    return @targets;
}


sub forged_targets {
    my ($runs) = @_;

    my @forged = select_runs($runs, part => 'forged');
    my @accepted = select_runs(\@forged, how => 'accepted');

    return map {
        judge("signature $_: nginx's CPU against accepted", '<=', 1, ' x',
            by_round([select_runs(\@forged, how => $_)], \@accepted,
                sub { cost($_[0], 'front') / cost($_[1], 'front') }))
    } qw(wrong missing malformed);
}


sub memory_targets {
    my ($runs) = @_;

    my @of = select_runs($runs, part => 'memory');

    return (judge('3 MB body, held: memory against its size', '<=',
                  BODY_SIZE, ' x', map { share($_, 'held') } @of),
            judge('3 MB body, while stored: memory against its size', '<=',
                  BODY_SIZE, ' x', map { share($_, 'storing') }
                                   grep { $_->{storing} } @of));
}


sub idle_targets {
    my ($runs) = @_;

    my @idle = select_runs($runs, part => 'idle');
    my ($none, $many) = idle_numbers(\@idle);
    return () unless $many;

    my $pair = sub {
        my ($busy, $value) = @_;
        return by_round([select_runs(\@idle, rate => $busy, idle => $many)],
            [select_runs(\@idle, rate => $busy, idle => $none)], $value);
    };

    return (
        judge("$many idle connections: more CPU of nginx", '<=',
            100 * IDLE_CPU, ' % of a core', $pair->(0, sub {
                100 * ($_[0]{front} / $_[0]{wall}
                       - $_[1]{front} / $_[1]{wall}) })),
        judge("$many idle connections, 1000/s: nginx's CPU against none",
            '<=', IDLE_RATIO, ' x', $pair->(1000, sub {
                cost($_[0], 'front') / cost($_[1], 'front') })),
    );
}


sub error_target {
    my ($runs) = @_;

    # that another receiver breaks down under a load is shown, and not our fault
    my @ours = grep { exists $_->{wrong} && $_->{server} !~ /^(?:lua|node)-/ }
               @$runs;
    return () unless @ours;
    return judge('our runs with an error, a loss or an unexpected status',
                 '<=', 0, '', scalar grep { $_->{wrong} } @ours);
}


1;
