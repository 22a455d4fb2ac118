package Bench::Intake;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The parts of `./dev bench intake`. Each leaves its runs, {part, round, how,
# ...}, in $self->{runs}.

use strict;
use warnings;

use Bench::Bare ();
use Bench::Chain ();
use Bench::Talk ();

use constant {
    PERSON => 10000,            # the first one's number: none of a unit's own
    ALARMS => 200,              # one emergency in so many messages
    WARM   => 2000,             # messages that nobody measures
};

our @PARTS = qw(messages second statuses scout);


# new(dir =>, rounds =>, count => messages of a run, backlog => messages of the
#     scout's, log => sub)

sub new {
    my ($class, %opt) = @_;

    my $self = bless { %opt, runs => [], person => PERSON }, $class;
    srand 1;
    $self->{chain} = Bench::Chain->new(dir => $opt{dir});

    # tables that are found empty by ANALYZE are planned for as empty ones
    $self->{chain}->drain(scalar @{ $self->filled(WARM)->{entries} }, 1,
                          cold => 1);
    return $self;
}


sub runs { return $_[0]{runs} }


sub keep {
    my ($self, $run) = @_;

    push @{ $self->{runs} }, $run;
    $self->{log}->(sprintf "%s round %d: %s: %.0f/s, PostgreSQL %.1f us, "
        . "worker %.1f us, Redis %.1f us, others %.2f cores\n",
        @$run{qw(part round how rate)},
        map({ 1e6 * $run->{$_} / $run->{n} } qw(postgres worker redis)),
        $run->{others});
    return $run;
}


# filled([messages]) -> what talks() gives, in the streams, {since} in ms

sub filled {
    my ($self, $count) = @_;

    my $talk = Bench::Talk::talks(count => $count, end => int time(),
                                  first => $self->{person});
    $self->{person} += $talk->{people};
    $talk->{since} = $self->{chain}->fill($talk->{entries});
    return $talk;
}


# intake($part, $round, $how, $processes, settings): one run of the messages

sub intake {
    my ($self, $part, $round, $how, $processes, %own) = @_;

    my $chain = $self->{chain};
    my $talk = $self->filled($self->{count});
    my $entries = @{ $talk->{entries} };
    my $reports = $chain->one('SELECT count(*) FROM lapor.report');
    my $run = $chain->drain($entries, $processes, %own);

    my $stored = $chain->one("SELECT count(*) FROM lapor.message
        WHERE direction = 'in' AND received_at
              >= to_timestamp($talk->{since} / 1000.0)");
    die "$stored of $talk->{messages} messages are stored\n"
        if $stored != $talk->{messages};
    $reports = $chain->one('SELECT count(*) FROM lapor.report') - $reports;

    return $self->keep({ part => $part, round => $round, how => $how, %$run,
        n => $stored, entries => $entries, people => $talk->{people},
        reports => $reports, since => $talk->{since},
        rate => $stored * $run->{share} / $run->{seconds} });
}


# messages(): one process, and the bare INSERT of what it has stored

sub messages {
    my ($self) = @_;

    for my $round (1 .. $self->{rounds}) {
        my $run = $self->intake('messages', $round, 'lapor-intake', 1);
        my $bare = Bench::Bare::measure($self->{chain}, $run->{since});
        die "$bare->{n} of $run->{n} rows are inserted\n"
            if $bare->{n} != $run->{n};
        $self->keep({ part => 'messages', round => $round,
                      how => 'bare INSERT', %$bare });
    }
}


# second(): a process of one connection, and two of these

sub second {
    my ($self) = @_;

    my @own = $self->{chain}->knows('loops') ? (loops => 1) : ();

    for my $round (1 .. $self->{rounds}) {
        for my $n ($round % 2 ? (1, 2) : (2, 1)) {
            $self->intake('second', $round, "$n x lapor-intake", $n, @own);
        }
    }
}


# statuses(): three for each answer that messages() have led to, a share of
# them in each round

sub statuses {
    my ($self) = @_;

    my $chain = $self->{chain};
    $self->intake('statuses', 0, 'messages before', 1)
        unless grep { $_->{reports} } @{ $self->{runs} };
    my $count = int $chain->one(q{SELECT count(*) FROM lapor.task
        WHERE kind = 'reply' AND finished_at IS NULL}) / $self->{rounds};

    for my $round (1 .. $self->{rounds}) {
        my $answers = $self->answered($count);
        my $entries = Bench::Talk::statuses($answers, int time());
        $chain->fill($entries);

        my $n = @$entries;
        my $run = $chain->drain($n, 1, kind => 'status');
        my $read = $chain->one(q{SELECT count(*) FROM lapor.message
            WHERE direction = 'out' AND status = 'read'}) - $self->{read};
        die "$read of " . @$answers . " answers are read\n"
            if $read != @$answers;

        $self->keep({ part => 'statuses', round => $round,
            how => 'lapor-intake', %$run, n => $n, entries => $n,
            rate => $n * $run->{share} / $run->{seconds} });
    }
}


# answered($count) -> as many answers, sent as lapor-reply would

sub answered {
    my ($self, $count) = @_;

    my $chain = $self->{chain};
    $self->{read} = $chain->one(q{SELECT count(*) FROM lapor.message
        WHERE direction = 'out' AND status = 'read'});

    return [map { { part => $_->[0], task_id => $_->[1], wamid => $_->[2],
                    to => $_->[3], number => $_->[4] } } $chain->rows(qq{
        WITH due AS MATERIALIZED (
            SELECT t.part, t.task_id, t.recipient, t.phone_number_id,
                   'wamid.HBgNNjI4' || t.task_id AS wamid
              FROM lapor.task t
             WHERE t.kind = 'reply' AND t.finished_at IS NULL
             ORDER BY t.task_id
             LIMIT $count)
        SELECT d.part, d.task_id, d.wamid, d.recipient, d.phone_number_id
          FROM due d
         WHERE lapor.reply_sent(d.part, d.task_id, d.wamid, now())})];
}


# scout(): emergencies all over a long backlog: until when are all of them to be
# seen, and until when is everything done

sub scout {
    my ($self) = @_;

    my $chain = $self->{chain};

    for my $round (1 .. ($self->{rounds} > 2 ? 2 : $self->{rounds})) {
        my $alarms = int $self->{backlog} / ALARMS;
        my $entries = $self->backlog($alarms);
        $chain->fill($entries);

        my $seen = sub { $chain->one(sprintf q{SELECT count(*)
            FROM lapor.report WHERE urgency = 'P1' AND unit_id = (SELECT
            unit_id FROM lapor.phone_number WHERE phone_number_id = '%d')},
            1e14 + Bench::Talk::ALARM) };
        my $base = $seen->();
        my ($half, $all);

        my $run = $chain->drain(scalar @$entries, 1, look => sub {
            my ($seconds) = @_;
            return if $all;
            my $n = $seen->() - $base;
            $half ||= $seconds if $n >= $alarms / 2;
            $all = $seconds if $n >= $alarms;
        });
        my $n = $seen->() - $base;
        die "$n of $alarms emergencies are to be seen\n" if $n != $alarms;

        $self->keep({ part => 'scout', round => $round,
            how => 'lapor-intake', %$run, n => scalar @$entries,
            alarms => $alarms, half => $half, all => $all,
            drained => $run->{wall},
            rate => @$entries * $run->{share} / $run->{seconds} });
    }
}


# backlog($alarms) -> entries, the emergencies spread evenly among the others

sub backlog {
    my ($self, $alarms) = @_;

    my $end = int time();
    my $talk = Bench::Talk::talks(end => $end, first => $self->{person},
                                  count => $self->{backlog} - $alarms);
    $self->{person} += $talk->{people};
    my $alarm = Bench::Talk::alarms(count => $alarms, end => $end,
                                    first => $self->{person})->{entries};
    $self->{person} += $alarms;

    my @entries = @{ $talk->{entries} };
    my $gap = int @entries / $alarms;
    return [map { ($_ % $gap == $gap - 1 && @$alarm ? shift @$alarm : (),
                   $entries[$_]) } 0 .. $#entries];
}


1;
