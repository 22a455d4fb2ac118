package Bench::Chain;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Redis and PostgreSQL set as conf/ says, with nothing in them but units and
# their numbers; streams filled as the module fills them; lapor-intake as it is
# shipped. And what it cost: CPU of each, and what else the machine did.

use strict;
use warnings;

use Bench::Proc ();
use Bench::Talk ();
use Lapor::Pg ();
use Lapor::Redis ();
use Lapor::Store ();
use Lapor::Test ();
use Lapor::Worker ();
use Time::HiRes qw(time sleep);

use constant {
    WINDOW   => 500,            # commands on their way to Redis
    SAMPLE   => 0.05,           # seconds
    PATIENCE => 300,            # seconds without progress
};

# what our configuration leaves to PostgreSQL is as `./dev run` has it
my %postgres = (fsync => 'on', synchronous_commit => 'on',
    full_page_writes => 'on', shared_buffers => '128MB', jit => 'on',
    max_wal_size => '2GB');


# new(dir =>, redis => one that is there, config => more of PostgreSQL) -> object

sub new {
    my ($class, %opt) = @_;

    my $self = bless { dir => $opt{dir}, workers => [], serial => 0 },
                     $class;
    $self->{pg} = Lapor::Pg->new(dir => "$opt{dir}/database", segment => 16,
                                 config => { %postgres,
                                             %{ $opt{config} || {} } });
    $self->{redis} = $opt{redis} || Lapor::Redis->new(dir => "$opt{dir}/queue",
        config => { 'auto-aof-rewrite-percentage' => 0 });
    $self->{db} = Lapor::Store::Session->new($self->{pg});
    $self->units;
    return $self;
}


sub redis { return $_[0]{redis} }
sub pg    { return $_[0]{pg} }
sub one   { my ($self, $sql) = @_; return $self->{db}->one($sql) }
sub rows  { my ($self, $sql) = @_; return $self->{db}->query($sql) }


# units(): the numbers that Bench::Talk writes to, and the months

sub units {
    my ($self) = @_;

    $self->rows("SELECT lapor.months_ahead(2)");
    $self->rows(sprintf q{SELECT lapor.unit_put('POLRES-' || n, 'polres',
        'polres', 'Polres ' || n, NULL, NULL, NULL, true,
        (100000000000000 + n)::text, '628000000' || (9000 + n))
        FROM generate_series(0, %d) AS n}, Bench::Talk::UNITS);
    return;
}


# fill([[stream, body], ...]): into Redis, as the module writes; returns the
# time of the first, in ms

sub fill {
    my ($self, $entries) = @_;

    my $conn = IO::Socket::UNIX->new(Peer => $self->{redis}->socket)
        or die "could not connect to Redis: $!\n";
    my $now = int(time() * 1000);
    my ($text, $sent) = ('', 0);

    for my $i (0 .. $#$entries) {
        my ($stream, $body) = @{ $entries->[$i] };
        $text .= join '', "*7\r\n", map { '$' . length($_) . "\r\n$_\r\n" }
                 'XADD', $stream, '*', 'b', $body, 't', int(time() * 1000);

        next if ($i + 1) % WINDOW && $i < $#$entries;
        print $conn $text or die "could not write to Redis: $!\n";
        $conn->flush;

        for ($sent .. $i) {
            my $reply = Lapor::Redis::read_reply($conn);
            die "XADD: $$reply\n" if ref $reply;
        }
        ($text, $sent) = ('', $i + 1);
    }

    return $now;
}


# acknowledged($kind) -> entries of this kind, msg or status, read and
# acknowledged since there are streams

sub acknowledged {
    my ($self, $kind) = @_;

    my $n = 0;
    for my $key (Bench::Talk::streams($kind)) {
        my $groups = eval { $self->{redis}->cmd('XINFO', 'GROUPS', $key) };
        my %group = @{ $groups && $groups->[0] || next };
        $n += ($group{'entries-read'} || 0) - $group{pending};
    }
    return $n;
}


# start($processes, name => value, ...): lapor-intake with these settings of
# its section

sub start {
    my ($self, $processes, %own) = @_;

    for my $n (0 .. $processes - 1) {
        my $dir = "$self->{dir}/intake-" . $self->{serial}++;
        mkdir $dir or die "could not make $dir: $!\n";
        push @{ $self->{workers} }, Lapor::Worker->new(dir => $dir,
            name => 'lapor-intake', section => 'intake',
            common => { redis => $self->{redis}->address,
                        database => $self->{pg}->dsn('lapor_intake') },
            own => { consumer => "intake-$n", %own });
    }
    return;
}


sub stop {
    my ($self) = @_;

    $_->stop for splice @{ $self->{workers} };
    return;
}


# knows($setting): does this lapor-intake have it?

sub knows {
    my ($self, $setting) = @_;

    my ($rc, $out) = Lapor::Test::run_cmd(
        Lapor::Test::build_path('lapor-intake'), '-h');
    return $out =~ /^\s*\Q$setting\E\b/m;
}


# rest(): both servers without a past that they would pay for now

sub rest {
    my ($self) = @_;

    $self->rows('VACUUM ANALYZE');
    $self->rows('CHECKPOINT');
    return;
}


# snapshot([pids of clients]) -> CPU seconds of all

sub snapshot {
    my ($self, @clients) = @_;

    return { time => time(), busy => Bench::Proc::busy(),
             self => Bench::Proc::cpu($$),
             worker => Bench::Proc::cpu(@clients,
                                        map { $_->pid } @{ $self->{workers} }),
             postgres => Bench::Proc::family($self->{pg}->pid),
             redis => Bench::Proc::cpu($self->{redis}->pid) };
}


# spent($before, $after) -> {wall, worker, postgres, redis, others}

sub spent {
    my ($before, $after) = @_;

    my %spent = map { $_ => $after->{$_} - $before->{$_} }
                qw(worker postgres redis self);
    my $ours = 0;
    $ours += $_ for values %spent;

    $spent{wall} = $after->{time} - $before->{time};
    my $others = ($after->{busy} - $before->{busy} - $ours) / $spent{wall};
    return { %spent, others => $others > 0 ? $others : 0 };
}


# drain($entries, $processes, look => sub, cold => 0|1, kind => 'status',
# name => value ...): lapor-intake from its start until so many entries more
# of this kind are acknowledged (msg), look(seconds since the start) called meanwhile, and not after a rest() if
# cold -> spent(), with {seconds, share}: the time from the first acknowledged
# batch on, and what share of the entries fell into it; the whole where there
# was but one

sub drain {
    my ($self, $entries, $processes, %own) = @_;

    my $look = delete $own{look} || sub { };
    my $kind = delete $own{kind} || 'msg';
    my $base = $self->acknowledged($kind);
    my ($first, $seen, $changed) = (undef, 0, time());

    $self->rest unless delete $own{cold};
    my $before = $self->snapshot;
    $self->start($processes, %own);
    my $pids = $self->pids;

    while (1) {
        sleep SAMPLE;
        $_->notified for @{ $self->{workers} };
        my $n = $self->acknowledged($kind) - $base;
        $first ||= [time(), $n] if $n;
        ($seen, $changed) = ($n, time()) if $n > $seen;
        $look->(time() - $before->{time});
        last if $n >= $entries;
        $self->stuck($pids, $n, $entries) if time() - $changed > PATIENCE;
        die "lapor-intake has ended\n" . $self->{workers}[0]->log
            if grep { defined Lapor::Test::reap($_) } @$pids;
    }

    my $run = spent($before, $self->snapshot);
    $run->{seconds} = time() - $first->[0];
    $run->{share} = 1 - $first->[1] / $entries;
    @$run{qw(seconds share)} = ($run->{wall}, 1) unless $run->{share} > 0;
    $self->stop;
    return $run;
}


sub pids { return [map { $_->pid } @{ $_[0]{workers} }] }


sub stuck {
    my ($self, $pids, $n, $entries) = @_;

    die "$n of $entries entries are done, and nothing goes on\n"
        . $self->{workers}[0]->log;
}


1;
