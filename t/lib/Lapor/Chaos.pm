package Lapor::Chaos;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A whole Lapor (Lapor::Instance, with a second lapor-intake beside it) under
# the webhooks of citizens, a tenth of which come twice and a fifth late, while
# its processes are killed and stopped at random, its servers cut off and its
# disks filled (Lapor::Chaos::Fault). Then all is healed, and what was accepted
# is held against what is stored (Lapor::Chaos::Books).
#
# What happens is drawn from the seed: the same faults in the same order. When
# they hit is the machine's affair.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use File::Path ();
use POSIX ();
use Time::HiRes qw(time sleep);

use Lapor::Chaos::Books ();
use Lapor::Chaos::Client ();
use Lapor::Chaos::Fault ();
use Lapor::Disk ();
use Lapor::Instance ();
use Lapor::Soak::Books ();
use Lapor::Stack ();
use Lapor::Test ();
use Lapor::Worker ();

use constant {
    CLIENTS  => 4,
    PHOTOS   => 3,              # a second of the run, for the albums
    DRAIN    => 300,            # seconds in which all must be done at the end
    REDIS_KB => 262144,         # its disk
    SPOOL_KB => 16384,
};


# new(seconds =>, seed =>, rate => webhooks a second, say => sub { a line of
#     progress }, every => seconds)

sub new {
    my ($class, %opt) = @_;

    my $self = bless { seconds => 120, rate => 60, say => sub { },
                       every => 60, %opt, problems => [] }, $class;
    $self->{seed} = int(time() * 1000) % 1_000_000
        unless defined $self->{seed};
    return $self;
}


sub seed  { return $_[0]{seed} }
sub lapor { return $_[0]{lapor} }


# told() -> {fault => times}; disks(): were there disks that could be filled?

sub told  { return $_[0]{fault}->told }
sub disks { return scalar keys %{ $_[0]{disk} } }


# run($stop) -> Lapor::Chaos::Books; $stop->() true ends it at once, by die

sub run {
    my ($self, $stop) = @_;

    $self->{stop} = $stop || sub { 0 };
    $self->{began} = time();
    srand $self->{seed};
    $self->set_up;
    $self->start_clients;

    my $ok = eval {
        $self->storm;
        $self->settle;
        1;
    };
    my $error = $@;

    if (!$ok) {
        $self->{fault}->heal;
        kill 'KILL', grep { !defined Lapor::Test::reap($_) }
                     @{ $self->{clients} };
        die $error;
    }

    return Lapor::Chaos::Books->new($self);
}


sub set_up {
    my ($self) = @_;

    $self->{dir} = Lapor::Test::test_dir();
    $self->{disk} = $self->make_disks;
    my $lapor = $self->{lapor} =
        Lapor::Instance->new(dir => "$self->{dir}/run");

    # a download that a killed worker held is taken over in time to be seen
    my $conf = $lapor->env('CONF');
    my $text = Lapor::Test::slurp($conf);
    $text =~ s/^\[media\]\n/[media]\nlease = 30s\ntimeout = 20s\n/m
        or die "there is no section for lapor-media in $conf\n";
    open my $fh, '>', $conf or die "could not write $conf: $!\n";
    print $fh $text;
    close $fh;
    $lapor->kill9('lapor-media-0');

    my $data = $lapor->data;
    my ($port) = $text =~ /^database = host=\S+ port=(\d+)/m;
    $self->{second} = Lapor::Worker->new(name => 'lapor-intake',
        section => 'intake', dir => Lapor::Test::test_dir(),
        common => { redis => "unix:$data/sock/redis.sock",
                    database => "host=$data/sock port=$port dbname=lapor "
                                . 'user=lapor_intake' },
        own => { consumer => 'intake-1' });

    $self->{second}->allow(qr/could not connect to /);
    # killed processes leave sockets behind, which nginx tells
    $lapor->expect(qr/exited on signal 9|open socket/);

    $self->{photos} = $self->photos;
    $self->{fault} = Lapor::Chaos::Fault->new(lapor => $lapor,
        second => $self->{second}, disk => $self->{disk});
    return;
}


# make_disks() -> {redis, spool}: small ones, where they can be had

sub make_disks {
    my ($self) = @_;

    my %size = (redis => REDIS_KB, spool => SPOOL_KB);
    my %disk;

    for my $name (sort keys %size) {
        my $dir = "$self->{dir}/run/data/$name";
        File::Path::make_path($dir);
        my $disk = Lapor::Disk->new($size{$name}, $dir) or next;
        Lapor::Stack::own($dir);
        $disk{$name} = $disk;
    }

    return \%disk;
}


# photos() -> those that the Graph API has to give

sub photos {
    my ($self) = @_;

    my @photos = map {
        $self->{lapor}->graph('POST', 'media', "photo $_ " . 'x' x 2000,
                              'Content-Type' => 'image/jpeg')
            || die "the emulator took no photo\n"
    } 1 .. PHOTOS * $self->{seconds};
    return \@photos;
}


sub start_clients {
    my ($self) = @_;

    $self->{end} = time() + $self->{seconds};

    for my $id (0 .. CLIENTS) {
        my $share = int @{ $self->{photos} } / CLIENTS;
        my $client = Lapor::Chaos::Client->new(lapor => $self->{lapor},
            id => $id, seed => $self->{seed} * 100 + $id,
            end => $self->{end}, rate => $self->{rate} / CLIENTS,
            photos => [@{ $self->{photos} }[$share * $id
                                            .. $share * ($id + 1) - 1]],
            files => "$self->{dir}/client.$id");

        my $pid = fork;
        die "could not fork: $!\n" unless defined $pid;

        if ($pid == 0) {
            my $ok = eval {
                $id == CLIENTS ? $client->run_statuses : $client->run;
                1;
            };
            print STDERR "chaos: client $id: $@" unless $ok;
            POSIX::_exit($ok ? 0 : 1);
        }

        Lapor::Test::adopt($pid);
        push @{ $self->{clients} }, $pid;
    }
    return;
}


sub files { my ($self) = @_; return map { "$self->{dir}/client.$_" }
                                    0 .. CLIENTS }


sub storm {
    my ($self) = @_;

    my $start = time();
    my $said = $start;

    while (time() < $self->{end}) {
        $self->interrupted;
        $self->{fault}->turn;
        $self->{second}->notified;

        if (time() >= $said + $self->{every}) {
            $said = time();
            $self->say_progress($said - $start);
        }
        sleep 0.05;
    }

    $self->{fault}->heal;
    return;
}


sub interrupted {
    my ($self) = @_;

    die "interrupted\n" if $self->{stop}->();
    return;
}


sub say_progress {
    my ($self, $seconds) = @_;

    my %sum;
    for my $file ($self->files) {
        my $count = Lapor::Soak::Books::counts("$file.counts");
        $sum{$_} += $count->{$_} for keys %$count;
    }

    $self->{say}->(sprintf '%3d:%02d  webhooks accepted %d, refused or '
        . 'unanswered %d, faults %d', $seconds / 60, $seconds % 60,
        map { $_ || 0 } @sum{'webhooks accepted', 'not accepted'},
        $self->{fault}->count);
    return;
}


# settle(): every webhook is accepted in the end, and everything flows down

sub settle {
    my ($self) = @_;

    my $lapor = $self->{lapor};
    $self->wait_for('all processes to be up', sub {
        !grep { !$lapor->pid($_) } Lapor::Chaos::Fault::NAMES });
    $self->wait_for('every webhook to be accepted', sub {
        $self->{second}->notified;
        !grep { !defined Lapor::Test::reap($_) }
         @{ $self->{clients} }[0 .. CLIENTS - 1] });
    $self->wait_for('the spool to be empty', sub {
        !glob($lapor->data . '/spool/*.spool') });
    $self->wait_for('the streams to be done', sub { $self->streams_done });
    $self->wait_for('the tasks to be done', sub {
        my $open = $lapor->psql(q{SELECT count(*) FROM lapor.task
                                   WHERE finished_at IS NULL});
        defined $open && $open == 0 });

    # who writes about the answers goes on until there is no new one
    Lapor::Test::spew("$self->{dir}/over", '');
    my $last = $self->{clients}[CLIENTS];
    $self->wait_for('the statuses to be accepted', sub {
        defined Lapor::Test::reap($last) });
    $self->wait_for('all answers to be read', sub {
        my $open = $lapor->psql(q{SELECT count(*) FROM lapor.message
            WHERE direction = 'out' AND status <> 'read'});
        defined $open && $open == 0 });
    $self->wait_for('the streams to be done again',
                    sub { $self->streams_done });

    for my $n (0 .. CLIENTS) {
        push @{ $self->{problems} }, "client $n has failed"
            if (Lapor::Test::reap($self->{clients}[$n]) // 1) != 0;
    }
    return;
}


sub wait_for {
    my ($self, $what, $code) = @_;

    return if Lapor::Test::wait_until {
        $self->interrupted;
        $self->{second}->notified;
        $code->();
    } DRAIN;
    push @{ $self->{problems} }, "waited in vain for $what";
    return;
}


# streams_done(): all is read and acknowledged

sub streams_done {
    my ($self) = @_;

    my $lapor = $self->{lapor};

    for my $key (grep { /:(?:msg|status)$/ } $lapor->redis('KEYS',
                                                          'lapor:{*}:*'))
    {
        my ($last) = join(' ', $lapor->redis('XINFO', 'STREAM', $key))
                     =~ /last-generated-id (\S+)/;
        my ($pending, $read) = join(' ', $lapor->redis('XINFO', 'GROUPS',
            $key)) =~ /name intake .*?pending (\d+) last-delivered-id (\S+)/;
        return 0 unless defined $last && defined $pending
                        && $pending == 0 && $read eq $last;
    }
    return 1;
}


1;
