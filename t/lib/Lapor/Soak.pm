package Lapor::Soak;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The soak: a real Redis and three nginx under steady traffic of every kind,
# right and wrong, while all of them are disturbed at random:
#
#   storm   reloads, killed workers, binary upgrades
#   reload  reloads alone: nothing may be lost on a new connection
#   calm    left alone: its memory must stay flat, each answer must come
#
# and the one Redis of the three is killed, stopped, muted, cut off and filled.
# Then all is calm, and what the clients were told is held against what stood
# in Redis.  Lapor::Soak::Verdict tells what must be true.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use POSIX ();
use Time::HiRes qw(time sleep);

use Lapor::Soak::Books ();
use Lapor::Soak::Client ();
use Lapor::Soak::Consumer ();
use Lapor::Soak::Job ();
use Lapor::Soak::Nginx ();
use Lapor::Soak::Redis ();
use Lapor::Soak::Verdict ();
use Lapor::System qw(slurp);
use Lapor::Test ();

# what of the traffic goes where, by how many client processes
my %SERVERS = (
    storm  => { share => 0.5, clients => 2, pause => [1, 3],
                kinds => [qw(reload kill upgrade)],
                deck => [('reload') x 5, ('kill') x 3, 'upgrade'] },
    reload => { share => 0.25, clients => 1, pause => [1.5, 4],
                kinds => ['reload'], deck => ['reload'] },
    calm   => { share => 0.25, clients => 1, workers => 1, env => {
                # else glibc keeps the room of the largest bodies for the
                # next ones, which looks like a leak until all have come
                MALLOC_MMAP_THRESHOLD_ => 65536,
                MALLOC_TRIM_THRESHOLD_ => 65536 } },
);


# new(seconds =>, seed =>, workers => of each nginx, rate => requests a second
#     of all clients, refused => the part of what was signed that may get a 503
#     although there is a spool, say => sub { a line of progress },
#     every => seconds)

sub new {
    my ($class, %opt) = @_;

    my $self = bless { seconds => 60, workers => 2, rate => 600,
                       refused => 0.01,
                       say => sub { }, every => 60, %opt,
                       samples => [], problems => [] }, $class;
    $self->{seed} = int(time() * 1000) % 1_000_000
        unless defined $self->{seed};
    return $self;
}


sub seed { return $_[0]{seed} }


# run() -> Lapor::Soak::Verdict; $stop->() true ends it at once, by die

sub run {
    my ($self, $stop) = @_;

    $self->{stop} = $stop || sub { 0 };
    srand $self->{seed};

    my $ok = eval {
        $self->set_up;
        $self->storm;
        $self->settle;
        1;
    };
    my $error = $@;

    if (!$ok) {
        kill 'KILL', grep { !defined Lapor::Test::reap($_) }
                     map { $_->{pid} } @{ $self->{children} || [] };

        # how many were killed has not been told yet
        $_->{killed} = 9**9 for values %{ $self->{nginx} || {} };
        die $error;
    }

    return Lapor::Soak::Verdict->new($self);
}


sub set_up {
    my ($self) = @_;

    $self->{dir} = Lapor::Test::test_dir();
    $self->{redis} = Lapor::Soak::Redis->new;
    my %conf = (redis => $self->{redis}->address);
    my $n = 0;

    for my $name (sort keys %SERVERS) {
        my $nginx = Lapor::Soak::Nginx->new(daemon => 1,
                                             env => $SERVERS{$name}{env});
        my $spool = "$nginx->{dir}/spool size=1g";
        my %own = (%conf, workers => $SERVERS{$name}{workers}
                                     || $self->{workers},
                   seed => $self->{seed} * 100 + 50 + $n++);

        $self->{spool} = $nginx->knows(%own, spool => $spool)
            unless defined $self->{spool};
        $nginx->setup(%own, spool => $self->{spool} ? $spool : '');
        $nginx->run;
        $self->{nginx}{$name} = $nginx;
    }

    $self->links_up or die "nginx has not found Redis\n";
    ($self->{calm_worker}) = $self->{nginx}{calm}->workers;
    $self->{sockets_before} = sockets($self->{calm_worker});
    $self->{memory_before} = $self->{redis}->info('used_memory');
    return;
}


sub links_up {
    my ($self) = @_;

    return Lapor::Test::wait_until {
        !grep {
            my %status = $_->status;
            ($status{'lapor_redis_links{state="up"}'} || 0)
                < $_->{want_workers};
        } values %{ $self->{nginx} };
    } 30, 'all links to Redis to be up';
}


# sockets($pid), rss($pid in KB)

sub sockets {
    my ($pid) = @_;

    return scalar grep { (readlink || '') =~ /^socket:/ }
           glob "/proc/$pid/fd/*";
}


sub rss {
    my ($pid) = @_;

    return slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m ? $1 : 0;
}


# --- the processes

sub child {
    my ($self, $name, $code) = @_;

    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        my $ok = eval { $code->(); 1 };
        print STDERR "soak: $name: $@" unless $ok;
        POSIX::_exit($ok ? 0 : 1);
    }

    Lapor::Test::adopt($pid);
    push @{ $self->{children} }, { name => $name, pid => $pid };
    return $pid;
}


sub start_clients {
    my ($self) = @_;

    my $id = 0;
    for my $name (sort keys %SERVERS) {
        my $server = $SERVERS{$name};

        for (1 .. $server->{clients}) {
            my $client = $id++;
            my %opt = (id => $client, port => $self->{nginx}{$name}->port,
                end => $self->{end}, seed => $self->{seed} * 100 + $client,
                rate => $self->{rate} * $server->{share}
                        / $server->{clients},
                files => "$self->{dir}/client.$client");
            $self->{client}{$client} = $name;
            $self->child("client $client", sub {
                Lapor::Soak::Client->new(%opt)->run;
            });
        }
    }
    return;
}


sub start_disturbers {
    my ($self) = @_;

    for my $name (grep { $SERVERS{$_}{deck} } sort keys %SERVERS) {
        my $pid = $self->{nginx}{$name}->disturb(%{ $SERVERS{$name} },
            end => $self->{end} - 1,
            files => "$self->{dir}/disturbed.$name");
        push @{ $self->{children} }, { name => "who disturbs $name",
                                       pid => $pid };
    }
    return;
}


# who ends the servers, which are daemons, should we be killed

sub start_guard {
    my ($self) = @_;

    my $parent = $$;
    my @dirs = map { $_->dir } $self->{redis}, values %{ $self->{nginx} };

    $self->{guard} = $self->child('guard', sub {
        my $over = 0;
        $SIG{INT} = 'IGNORE';
        $SIG{TERM} = sub { $over = 1 };

        until ($over) {
            if (getppid() != $parent) {
                kill 'KILL', map { Lapor::Soak::Nginx::processes_in($_) }
                             @dirs;
                last;
            }
            sleep 0.5;
        }
    });
    return;
}


sub storm {
    my ($self) = @_;

    my $redis = $self->{redis};
    my $start = time();
    $self->{end} = $start + $self->{seconds};

    $self->{consumer} = $self->child('consumer', sub {
        Lapor::Soak::Consumer->new(redis => $redis,
            files => "$self->{dir}/consumer")->run;
    });
    $self->start_clients;
    $self->start_disturbers;
    $self->start_guard;
    $redis->begin(pause => [0.5, $self->{seconds} < 120 ? 2.5 : 8],
                  down => 4);

    my ($sampled, $said) = ($start, $start);
    while (time() < $self->{end}) {
        $self->interrupted;
        $redis->turn;

        if (time() >= $sampled + 1) {
            $sampled = time();
            push @{ $self->{samples} },
                [$sampled - $start, rss($self->{calm_worker})];
            $self->look_at_children;
        }
        if (time() >= $said + $self->{every}) {
            $said = time();
            $self->say_progress($said - $start);
        }
        sleep 0.05;
    }

    $redis->calm;
    return;
}


sub interrupted {
    my ($self) = @_;

    die "interrupted\n" if $self->{stop}->();
    return;
}


# a child that has failed ends the soak

sub look_at_children {
    my ($self) = @_;

    for my $child (@{ $self->{children} }) {
        my $status = Lapor::Test::reap($child->{pid});
        die "$child->{name} has ended early\n"
            if defined $status && time() < $self->{end} - 2;
    }
    return;
}


sub say_progress {
    my ($self, $seconds) = @_;

    my %sum;
    for my $client (sort keys %{ $self->{client} }) {
        my $count = Lapor::Soak::Books::counts(
            "$self->{dir}/client.$client.counts");
        $sum{$_} += $count->{$_} for grep { /^\w/ } keys %$count;
    }

    my $sent = 0;
    $sent += $sum{$_} for grep { /^sent / } keys %sum;
    $self->{say}->(sprintf '%3d:%02d  sent %d, answered 200 %d, '
        . 'spool files %d, calm worker %d KB',
        $seconds / 60, $seconds % 60, $sent, $sum{'answered 200'} || 0,
        scalar($self->spool_files), rss($self->{calm_worker}));
    return;
}


sub spool_files {
    my ($self, $pattern) = @_;

    $pattern ||= '*.spool';
    return map { glob "$_->{dir}/spool/$pattern" } values %{ $self->{nginx} };
}


# --- afterwards

# settle(): everybody ends, the spools flow into Redis, the streams run empty

sub settle {
    my ($self) = @_;

    my @others = grep { $_->{pid} != $self->{consumer}
                        && $_->{pid} != $self->{guard} }
                 @{ $self->{children} };
    $self->wait_for('the clients to end', 90, sub {
        !grep { !defined Lapor::Test::reap($_->{pid}) } @others });

    $self->links_up or push @{ $self->{problems} }, 'links are down';
    $self->wait_for('the old workers to leave', 30, sub {
        !grep { $_->processes != $_->{want_workers} + 1 }
         values %{ $self->{nginx} } });
    $self->wait_for('the spools to be empty', 300, sub {
        !$self->spool_files });
    $self->wait_for('nothing to be pending', 30, sub {
        !grep { my %status = $_->status; $status{lapor_pending} }
         values %{ $self->{nginx} } });
    $self->wait_for('the sockets of clients to be closed', 15, sub {
        $self->{sockets_after} = sockets($self->{calm_worker});
        $self->{sockets_after} <= $self->{sockets_before} });

    for my $name (keys %{ $self->{nginx} }) {
        $self->{status}{$name} = { $self->{nginx}{$name}->status };
    }
    $self->{rss_after} = rss($self->{calm_worker});

    kill 'TERM', $self->{consumer};
    $self->wait_for('the streams to be read', 120, sub {
        defined Lapor::Test::reap($self->{consumer}) });
    $self->{left} = 0;
    $self->{left} += $self->{redis}->cmd('XLEN', $_)
        for @{ $self->{redis}->cmd('KEYS', 'lapor:*') };
    $self->{memory_after} = $self->{redis}->info('used_memory');

    $self->read_all;
    $_->stop for values %{ $self->{nginx} };
    $self->{redis}->stop;
    Lapor::Test::end_process($self->{guard}, 'TERM', 10);

    for my $child (@{ $self->{children} }) {
        my $status = Lapor::Test::reap($child->{pid});
        push @{ $self->{problems} }, "$child->{name} has failed"
            if !defined $status || $status != 0;
    }
    return;
}


sub wait_for {
    my ($self, $what, $seconds, $code) = @_;

    return if Lapor::Test::wait_until {
        $self->interrupted;
        $code->();
    } $seconds;
    push @{ $self->{problems} }, "waited $seconds s in vain for $what";
    return;
}


# read_all(): what the processes have written down

sub read_all {
    my ($self) = @_;

    my %ledgers;
    for my $client (keys %{ $self->{client} }) {
        my $server = $self->{client}{$client};
        my $count = Lapor::Soak::Books::counts(
            "$self->{dir}/client.$client.counts");

        push @{ $self->{problems} }, @{ delete $count->{'!'} || [] };
        push @{ $self->{lost}{$server} }, @{ delete $count->{'?'} || [] };
        for my $name (keys %$count) {
            my $sum = \$self->{count}{$server}{$name};
            if ($name =~ /^longest/) {
                $$sum = $count->{$name} if $count->{$name} > ($$sum || 0);
            } else {
                $$sum += $count->{$name};
            }
        }
        $ledgers{$client} = "$self->{dir}/client.$client.ledger";
    }

    for my $name (grep { $SERVERS{$_}{deck} } keys %SERVERS) {
        my $told = Lapor::Soak::Books::counts(
            "$self->{dir}/disturbed.$name");
        push @{ $self->{problems} }, @{ delete $told->{'!'} || [] };
        $self->{told}{$name} = $told;
        $self->{nginx}{$name}{killed} = $told->{kill} || 0;
    }

    $self->{consumed} = Lapor::Soak::Books::counts(
        "$self->{dir}/consumer.counts");
    push @{ $self->{problems} }, @{ delete $self->{consumed}{'!'} || [] };
    $self->{books} = Lapor::Soak::Books::reconcile(
        "$self->{dir}/consumer.stored", \%ledgers);
    return;
}


1;
