package Lapor::Soak::Verdict;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What must be true after the soak, and the table at its end.

use strict;
use warnings;

use Lapor::Soak::Job ();
use Lapor::Test ();

use constant {
    # KB that the calm worker's lowest resident size may be above, in the last
    # third, what it was in the second
    RSS_GROWTH => 2048,

    # bytes that an emptied Redis may hold more than at the start
    REDIS_GROWTH => 16 * 1024 * 1024,
};


# new($soak) -> object; the servers have been stopped

sub new {
    my ($class, $soak) = @_;

    my $self = bless { soak => $soak, checks => [] }, $class;
    $self->{logged}{$_} = logged($soak->{nginx}{$_}) for $self->names;
    $self->books;
    $self->answers;
    $self->counters;
    $self->calm;
    push @{ $self->{checks} }, map { $_->check } $soak->{redis},
         map { $soak->{nginx}{$_} } $self->names;
    return $self;
}


# checks() -> [name, text that must be empty], ...

sub checks { return @{ $_[0]{checks} } }
sub failed { return grep { $_->[1] ne '' } $_[0]->checks }
sub names  { return sort keys %{ $_[0]{soak}{nginx} } }


sub check {
    my ($self, $name, $wrong) = @_;

    push @{ $self->{checks} }, [$name, $wrong || ''];
    return;
}


# count($name [, $server]) -> what the clients of that server, or all, counted

sub count {
    my ($self, $name, $server) = @_;

    my $sum = 0;
    for my $from ($server || $self->names) {
        $sum += $self->{soak}{count}{$from}{$name} || 0;
    }
    return $sum;
}


# done($what) -> how often Redis or an nginx was disturbed so

sub done {
    my ($self, $what) = @_;

    my $sum = 0;
    $sum += $_->{$what} || 0 for values %{ $self->{soak}{told} };
    return $sum;
}


sub redis_done { return $_[0]{soak}{redis}->told->{ $_[1] } || 0 }


# metric($name) -> a counter of all three, with what upgrades took away

sub metric {
    my ($self, $name) = @_;

    my $sum = 0;
    for my $server ($self->names) {
        $sum += $self->{soak}{status}{$server}{$name} || 0;
        $sum += $self->{soak}{told}{$server}{"past $name"} || 0;
    }
    return $sum;
}


# logged($nginx) -> {result => lines of the access log}

sub logged {
    my ($nginx) = @_;

    my %count;
    open my $in, '<', "$nginx->{dir}/logs/soak.log" or return {};
    while (my $line = <$in>) {
        my ($status, $result) = split ' ', $line;
        $count{$result}++;
        $count{"status $status"}++;
    }
    return \%count;
}


# --- the checks

sub books {
    my ($self) = @_;

    my $soak = $self->{soak};
    my $books = $soak->{books};
    my $samples = join "\n", '', @{ $books->{samples} };

    $self->check('each body that was answered 200 is in Redis',
        $books->{missing} && "$books->{missing} are missing$samples");
    $self->check('nothing is in Redis that was not sent with a signature',
        $books->{foreign} && "$books->{foreign} are foreign$samples");
    $self->check('the clients\' 200s are the ledgers\' 200s',
        $books->{accepted} != $self->count('answered 200')
        && "$books->{accepted}, not " . $self->count('answered 200'));
    $self->check('the streams are empty in the end',
        $soak->{left} && "$soak->{left} entries are left");
    $self->check('everybody did what he should',
        join "\n", @{ $soak->{problems} });

    my $growth = $soak->{memory_after} - $soak->{memory_before};
    $self->check('Redis gives back its memory',
        $growth > REDIS_GROWTH && "$growth bytes more");
    return;
}


sub answers {
    my ($self) = @_;

    $self->check('each answer is the right one',
        $self->count('wrong') && $self->count('wrong') . ' were wrong');
    $self->check('no request hung', $self->count('hung')
        && $self->count('hung') . ' hung' . join "\n", '',
           grep { /hung:/ } map { $self->lost_ones($_) } $self->names);
    $self->check('each client could connect',
        $self->count('could not connect'));
    $self->nearly_always;
    $self->check('a reload loses nobody who has just connected',
        $self->count('lost fresh', 'reload')
        && join "\n", grep { /fresh:/ } $self->lost_ones('reload'));
    $self->check('without disturbance no answer is lost',
        $self->lost('calm') && join "\n", $self->lost_ones('calm'));
    return;
}


# nearly_always(): with a spool, whatever befalls Redis

sub nearly_always {
    my ($self) = @_;

    my $soak = $self->{soak};
    return unless $soak->{spool};

    my $refused = 0;
    $refused += $_->{'status 503'} || 0 for values %{ $self->{logged} };
    my $asked = $refused + $self->logged_as('accepted')
              + $self->logged_as('spooled');

    $self->check('the answer is nearly always 200',
        $refused > $asked * $soak->{refused}
        && "$refused of $asked were refused");
    return;
}


# logged_as($result) -> lines of all access logs

sub logged_as {
    my ($self, $result) = @_;

    my $sum = 0;
    $sum += $_->{$result} || 0 for values %{ $self->{logged} };
    return $sum;
}


sub lost_ones { return @{ $_[0]{soak}{lost}{ $_[1] } || [] } }


# What was refused is counted under its cause exactly, where no worker was
# killed and no binary changed; what was accepted, but for those who left
# while nginx was answering.

sub counters {
    my ($self) = @_;

    for my $server (qw(calm reload)) {
        my $status = $self->{soak}{status}{$server};
        my (%want, @wrong);

        for my $kind (keys %Lapor::Soak::Job::KINDS) {
            my $counter = $Lapor::Soak::Job::KINDS{$kind}[1] or next;
            $want{$counter} += $self->count("$kind $_", $server)
                for 200, 403, 405, 413;
        }
        for my $counter (sort keys %want) {
            my $is = result($status, $counter);
            my $lost = $self->lost($server);
            push @wrong, "$counter: $is, not $want{$counter}"
                if $is < $want{$counter} || $is > $want{$counter} + $lost;
        }
        $self->check("$server: the counters know each cause",
                     join "\n", @wrong);

        next unless $self->{soak}{spool};
        my $spooled = result($status, 'spooled');
        my $replayed = $status->{lapor_replayed_total} || 0;
        $self->check("$server: what was spooled was replayed",
            $replayed < $spooled && "$replayed of $spooled");
    }

    for my $server ($self->names) {
        my $logged = $self->{logged}{$server};
        my $killed = $self->{soak}{nginx}{$server}{killed} || 0;
        my $seen = $self->count('answered 200', $server);
        my $said = ($logged->{accepted} || 0) + ($logged->{spooled} || 0);
        my $gone = $self->count('sent late_aborted', $server)
                 + $self->lost($server);

        # a worker that is killed may have no time to log its last answer
        $self->check("$server: the log knows each 200",
            ($seen > $said + $killed || $said > $seen + $gone)
            && "$seen were seen, $said logged, $gone clients gone");

        next if $self->{soak}{told}{$server}{upgrade};
        my $status = $self->{soak}{status}{$server};
        my $counted = result($status, 'accepted')
                    + result($status, 'spooled');
        $self->check("$server: as many are counted as logged",
            $counted != $said && "$counted, not $said");
    }
    return;
}


sub result {
    my ($status, $name) = @_;

    return ($status->{"lapor_webhooks_total{result=\"$name\"}"} || 0)
         + ($status->{"lapor_handshakes_total{result=\"$name\"}"} || 0);
}


sub lost {
    my ($self, $server) = @_;

    return $self->count('lost fresh', $server)
         + $self->count('lost kept', $server);
}


# the worker that was left alone, and what is left behind

sub calm {
    my ($self) = @_;

    my $soak = $self->{soak};
    my ($before, $after) = $self->rss;

    if (!Lapor::Test::asan()) {      # which keeps what was freed
        $self->check('the memory of a worker is flat',
            $after > $before + RSS_GROWTH
            && "$before KB in the second third, $after KB in the last");
    }
    $self->check('no socket is left open',
        $soak->{sockets_after} != $soak->{sockets_before}
        && "$soak->{sockets_after}, not $soak->{sockets_before}");
    $self->check('the worker that was left alone is the same',
        !($soak->{samples}[-1] && $soak->{samples}[-1][1]) && 'it is gone');
    $self->check('no spool file is damaged',
        join ' ', $soak->spool_files('*.damaged'));
    return;
}


# rss() -> the lowest of the second and of the last third, in KB

sub rss {
    my ($self) = @_;

    my @samples = @{ $self->{soak}{samples} };
    my $third = $self->{soak}{seconds} / 3;
    my @low;

    for my $part (1, 2) {
        my ($lowest) = sort { $a <=> $b } map { $_->[1] } grep {
            $_->[0] > $part * $third && $_->[0] <= ($part + 1) * $third + 1
        } @samples;
        push @low, $lowest || 0;
    }
    return @low;
}


# --- the table

sub table {
    my ($self) = @_;

    return join '', map { sprintf "%-28s %16s\n", @$_ } $self->figures;
}


# figures() -> [name, figure], ...

sub figures {
    my ($self) = @_;

    my $soak = $self->{soak};
    my ($before, $after) = $self->rss;
    my %sent = map { $_ => $self->count("sent $_") }
               keys %Lapor::Soak::Job::KINDS;
    my $sent = 0;
    $sent += $_ for values %sent;
    my %refused = map { %$_ } values %{ $self->{logged} };
    my @refused = grep { !/^status |^(?:accepted|spooled|aborted|verified|-)$/
                       } sort keys %refused;

    return (
        ['jobs sent', $sent],
        ['of which aborted', $sent{head_aborted} + $sent{body_aborted}
                             + $sent{late_aborted}],
        ['200 seen by clients', $self->count('answered 200')],
        ['accepted', $self->logged_as('accepted')],
        ['spooled', $self->logged_as('spooled')],
        ['replayed', $self->metric('lapor_replayed_total')],
        (map { ["refused: $_", $self->logged_as($_)] } @refused),
        ['client gone', $self->logged_as('aborted')],
        ['answers lost', $self->count('lost fresh')
                         + $self->count('lost kept')],
        ['stored in Redis', $soak->{books}{stored}],
        ['stored MB', int($soak->{consumed}{'stored bytes'} / 1e6)],
        ['stored without a 200', $soak->{books}{unasked}],
        ['duplicates', $soak->{books}{duplicates}],
        ['missing', $soak->{books}{missing}],
        ['foreign', $soak->{books}{foreign}],
        ['longest answer, ms', $self->longest],
        ['Redis killed', $self->redis_done('kill')],
        ['Redis stopped', $self->redis_done('stop')],
        ['Redis mute', $self->redis_done('mute')],
        ['Redis cut off', $self->redis_done('cut')],
        ['Redis full', $self->redis_done('full')],
        ['reloads', $self->done('reload')],
        ['workers killed', $self->done('kill')],
        ['binary upgrades', $self->done('upgrade')],
        ['worker\'s memory, KB', "$before -> $after"],
        ['Redis\' memory, KB', int($soak->{memory_before} / 1024) . ' -> '
                               . int($soak->{memory_after} / 1024)],
        ['checks failed', scalar($self->failed)],
    );
}


sub longest {
    my ($self) = @_;

    my ($longest) = sort { $b <=> $a }
                    map { $_->{'longest answer in ms'} || 0 }
                    values %{ $self->{soak}{count} };
    return $longest;
}


1;
