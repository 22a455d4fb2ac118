package Bench::Flow;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The part of `./dev bench flow`: webhooks at a fixed rate through nginx with
# our module, Redis, lapor-intake, PostgreSQL, and somebody who claims the tasks
# as lapor-reply does; and when each was where. All clocks are this machine's:
#
#   answered    what the load generator measured, from the time at which the
#               webhook should have been sent until its 200
#   accepted    the milliseconds in the id of the stream entry: Redis's XADD
#   read        when the group's last-delivered-id, asked for every 5 ms, had
#               reached the entry
#   committed   pg_xact_commit_timestamp of the message's row
#   claimed     the same of the task's row, which nobody touches afterwards

use strict;
use warnings;

use Bench::Chain ();
use Bench::Load ();
use Bench::Server ();
use Bench::Talk ();
use Digest::SHA ();
use Lapor::HTTP ();
use Lapor::Redis ();
use Lapor::Store ();
use Lapor::Test ();
use POSIX ();
use Time::HiRes qw(time sleep);

use constant {
    CONNECTIONS => 256,
    LOOK        => 0.005,       # seconds
    PERSON      => 10000,       # the first one's number
    SPARE       => 1.2,         # webhooks at hand, of those needed
    WARM        => 2,           # seconds
};

our @PARTS = qw(open);


# new(dir =>, rounds =>, seconds =>, rates => "N,N", log => sub)

sub new {
    my ($class, %opt) = @_;

    my $self = bless { %opt, runs => [], person => PERSON }, $class;
    srand 1;
    $self->{server} = Bench::Server->new('lapor-fsync', $opt{dir});
    $self->{chain} = Bench::Chain->new(dir => $opt{dir},
        redis => $self->{server}->redis,
        config => { track_commit_timestamp => 'on' });
    return $self;
}


sub runs { return $_[0]{runs} }


sub open {
    my ($self) = @_;

    my @rates = sort { $a <=> $b } split /,/, $self->{rates};
    $self->{chain}->start(1);
    $self->one(0, $rates[0], WARM);

    for my $round (1 .. $self->{rounds}) {
        for my $rate ($round % 2 ? @rates : reverse @rates) {
            my $run = $self->one($round, $rate, $self->{seconds});
            push @{ $self->{runs} }, $run;
            $self->{log}->(sprintf "round %d: %d/s: %d answered, p99 from "
                . "acceptance to the commit %.0f ms, others %.2f cores\n",
                @$run{qw(round rate n)}, $run->{committed}{p99},
                $run->{others});
        }
    }

    $self->{chain}->stop;
}


sub one {
    my ($self, $round, $rate, $seconds) = @_;

    my $chain = $self->{chain};
    my $bodies = $self->bodies($rate * $seconds * SPARE);
    my $seen = "$self->{dir}/seen";
    unlink $seen;
    my $base = $chain->acknowledged('msg');
    $chain->rest if $round;

    my @children = ($self->child(sub { $self->watch($seen) }),
                    $self->child(sub { $self->claim }));
    my $load = Bench::Load->new($self->{server}, $bodies, rate => $rate,
        connections => CONNECTIONS, seconds => $seconds, seed => $round + 1);
    my $since = int(time() * 1000);
    my @pids = (@children, $self->{server}->front_pids);

    my $before = $chain->snapshot(@pids);
    $load->go;
    my $r = $load->finish;
    my $run = Bench::Chain::spent($before, $chain->snapshot(@pids));
    my $others = $run->{others} - $r->{load_cpu} / $run->{wall};
    my $n = $r->{status}{200} || 0;

    $self->drained($base + $n);
    Lapor::Test::end_process($_, 'TERM', 10) for @children;
    return { part => 'open', round => $round, rate => $rate, n => $n,
        others => $others > 0 ? $others : 0, wrong => Bench::Load::wrong(
            { %$r, spooled => 0 }, 200),
        answered => { map { $_ => $r->{"${_}_us"} / 1000 }
                      qw(p50 p99 p999 max) },
        $self->legs($since, $seen) };
}


# bodies($count) -> a file of load's with as many webhooks that never were

sub bodies {
    my ($self, $count) = @_;

    my $talk = Bench::Talk::talks(count => $count, end => int time(),
                                  first => $self->{person});
    $self->{person} += $talk->{people};

    my $file = "$self->{dir}/bodies";
    CORE::open my $fh, '>:raw', $file or die "could not write $file: $!\n";
    printf $fh "%d %s\n%s\n", length $_->[1],
        Digest::SHA::hmac_sha256_hex($_->[1], $Lapor::HTTP::SECRET), $_->[1]
        for @{ $talk->{entries} };
    close $fh or die "could not write $file: $!\n";
    return $file;
}


sub child {
    my ($self, $code) = @_;

    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        $SIG{TERM} = sub { $self->{over} = 1 };
        my $ok = eval { $code->(); 1 };
        print STDERR $@ unless $ok;
        POSIX::_exit($ok ? 0 : 1);
    }

    Lapor::Test::adopt($pid);
    return $pid;
}


# watch($file): writes down when the group had got how far, `time stream id`

sub watch {
    my ($self, $file) = @_;

    my $conn = IO::Socket::UNIX->new(Peer => $self->{server}->redis_socket)
        or die "could not connect to Redis: $!\n";
    my @keys = Bench::Talk::streams('msg');
    my $ask = join '', map { "*3\r\n\$5\r\nXINFO\r\n\$6\r\nGROUPS\r\n"
                             . '$' . length($_) . "\r\n$_\r\n" } @keys;
    CORE::open my $fh, '>', $file or die "could not write $file: $!\n";
    my %last;

    until ($self->{over}) {
        print $conn $ask;
        $conn->flush;
        my $now = time();

        for my $key (@keys) {
            my $reply = Lapor::Redis::read_reply($conn);
            next unless ref $reply eq 'ARRAY' && @$reply;
            my %group = @{ $reply->[0] };
            my $id = $group{'last-delivered-id'};
            next if $id eq ($last{$key} || '');
            $last{$key} = $id;
            printf $fh "%.6f %s %s\n", $now, $key, $id;
        }
        sleep LOOK;
    }

    close $fh or die "could not write $file: $!\n";
}


# claim(): answers, when lapor-intake wakes who sends them, or after a second

sub claim {
    my ($self) = @_;

    my $db = Lapor::Store::Session->new($self->{chain}->pg);
    my $conn = IO::Socket::UNIX->new(Peer => $self->{server}->redis_socket)
        or die "could not connect to Redis: $!\n";
    print $conn "SUBSCRIBE lapor:wake:reply\r\n";
    $conn->flush;

    until ($self->{over}) {
        my $ready = '';
        vec($ready, fileno $conn, 1) = 1;
        sysread $conn, my $text, 65536 if select($ready, undef, undef, 1) > 0;
        $db->query(q{SELECT p, (SELECT count(*) FROM lapor.reply_claim(p,
            'bench', 1000, interval '1 day')) FROM lapor.task_due('reply') p});
    }
}


sub drained {
    my ($self, $want) = @_;

    my $chain = $self->{chain};
    Lapor::Test::wait_until {
        $_->notified for @{ $chain->{workers} };
        $chain->acknowledged('msg') >= $want && !$chain->one(q{SELECT count(*)
            FROM lapor.task WHERE kind = 'reply' AND attempts = 0})
    } 120, 'the flow to be through' or die "the flow stands still\n";
    return;
}


# legs($since, $seen) -> {read, committed, claimed, whole}: each {p50, p99,
# p999, max}, ms

sub legs {
    my ($self, $since, $seen) = @_;

    my $read = read_times($seen);
    my (%leg, %opened);

    for my $row ($self->{chain}->rows(qq{
        SELECT r.stream, r.entry_id, extract(epoch
                   FROM pg_xact_commit_timestamp(m.xmin)) * 1000
          FROM lapor.message m
          JOIN lapor.raw_webhook r USING (raw_id, received_at)
         WHERE m.direction = 'in'
           AND m.received_at >= to_timestamp($since / 1000.0)}))
    {
        my ($stream, $id, $committed) = @$row;
        my ($accepted) = $id =~ /^(\d+)/;
        my $at = read_at($read->{$stream}, $id);
        next unless defined $at;

        push @{ $leg{read} }, $at - $accepted;
        push @{ $leg{stored} }, $committed - $at;
        push @{ $leg{committed} }, $committed - $accepted;
    }

    push @{ $leg{claimed} }, $_->[0] for $self->{chain}->rows(qq{
        SELECT extract(epoch FROM pg_xact_commit_timestamp(t.xmin)
                   - min(pg_xact_commit_timestamp(m.xmin))) * 1000
          FROM lapor.task t
          JOIN lapor.message m USING (part, report_id)
         WHERE t.kind = 'reply' AND m.direction = 'in'
           AND t.created_at >= to_timestamp($since / 1000.0)
         GROUP BY t.part, t.task_id, t.xmin});

    return map { $_ => quantiles(@{ $leg{$_} || [] }) }
           qw(read stored committed claimed);
}


# read_times($file) -> {stream => [[id, ms], ...]}

sub read_times {
    my ($file) = @_;

    my %read;
    for (split /\n/, Lapor::Test::slurp($file)) {
        my ($time, $stream, $id) = split / /;
        push @{ $read{$stream} }, [$id, $time * 1000];
    }
    return \%read;
}


sub read_at {
    my ($times, $id) = @_;

    return undef unless $times;
    my ($low, $high) = (0, scalar @$times);

    while ($low < $high) {
        my $mid = int(($low + $high) / 2);
        if (Lapor::Redis::id_order($times->[$mid][0], $id) < 0) {
            $low = $mid + 1;
        } else {
            $high = $mid;
        }
    }

    return $low < @$times ? $times->[$low][1] : undef;
}


sub quantiles {
    my @sorted = sort { $a <=> $b } @_;

    return {} unless @sorted;
    return { p50 => $sorted[@sorted * 0.5], p99 => $sorted[@sorted * 0.99],
             p999 => $sorted[@sorted * 0.999], max => $sorted[-1] };
}


1;
