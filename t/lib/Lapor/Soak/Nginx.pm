package Lapor::Soak::Nginx;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A daemonised nginx for the soak, which alone obeys a binary upgrade, and who
# disturbs it: reloads, killed workers, upgrades.  Its processes are known by
# their working directory, since a daemon is nobody's child.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use List::Util qw(shuffle);
use POSIX ();
use Time::HiRes qw(time sleep);

use Lapor::System qw(slurp spew alive);
use Lapor::Test ();

use base 'Lapor::Nginx';

# what a killed worker makes nginx itself say
my @KILLED = (qr/worker process \d+ exited on signal 9/,
              qr/kill\(\d+, \d+\) failed \(3: No such process\)/);


# setup(redis => address, workers => N, spool => 'PATH size=...' or '',
#       seed => N): the configuration of the soak

sub setup {
    my ($self, %opt) = @_;

    my $spool = $opt{spool} ? "lapor_spool $opt{spool};" : '';
    my $env = join '', map { "env $_;\n" } sort keys %{ $self->environment };
    $self->{want_workers} = $opt{workers};
    $self->{seed} = $opt{seed};

    $self->conf(<<"END_OF_CONF");
%%TEST_GLOBALS%%
$env
worker_processes $opt{workers};
events {
    worker_connections 2048;
}
http {
    %%TEST_GLOBALS_HTTP%%
    log_format soak '\$status \$lapor_result';
    lapor_app_secret_file   %%SECRET%%;
    lapor_verify_token_file %%TOKEN%%;
    lapor_redis             $opt{redis};
    lapor_ack               fsync;
    $spool
    server {
        listen 127.0.0.1:%%PORT%%;
        access_log %%DIR%%/logs/soak.log soak;
        client_max_body_size    4m;
        client_body_buffer_size 4m;
        client_header_timeout   20s;
        client_body_timeout     20s;
        lingering_time          5s;
        lingering_timeout       2s;
        location = /webhook/whatsapp {
            lapor_webhook on;
        }
        location = /lapor_status {
            lapor_status;
            access_log off;
        }
    }
}
END_OF_CONF

    return $self;
}


# knows($directives) -> true if the module takes them; for what comes later

sub knows {
    my ($self, %opt) = @_;

    $self->setup(%opt);
    my ($rc, $out) = $self->test_conf;
    unlink "$self->{dir}/logs/error.log";
    return 1 if $rc == 0;
    die "nginx -t: $out" unless $out =~ /unknown directive "lapor_spool"/;
    return 0;
}


# master() -> its pid, which an upgrade changes

sub master {
    my ($self) = @_;

    my ($pid) = slurp("$self->{dir}/nginx.pid") =~ /^(\d+)/;
    return $pid && alive($pid) ? $pid : 0;
}


sub pid { return $_[0]->master }


sub run {
    my ($self) = @_;

    my $dir = $self->{dir};
    my $launcher = Lapor::Test::spawn(argv => [$self->argv], dir => $dir,
        env => $self->environment, out => "$dir/logs/stdout",
        err => "$dir/logs/stdout");
    my $status;

    Lapor::Test::wait_until {
        defined($status = Lapor::Test::reap($launcher))
    } 60, 'nginx to become a daemon';
    die "nginx did not start:\n" . slurp("$dir/logs/stdout")
        . $self->error_log unless defined $status && $status == 0;

    Lapor::Test::wait_until {
        $self->workers == $self->{want_workers} && $self->answers
    } 60, 'nginx to listen' or die "nginx is not up\n" . $self->error_log;

    return $self;
}


sub workers {
    my ($self) = @_;

    my $master = $self->master or return ();
    my @pids = sort { $a <=> $b } Lapor::Test::child_pids($master);
    return @pids;
}


# processes() -> pids of whatever runs in our directory: masters and workers,
# old and new

sub processes {
    my ($self) = @_;

    return processes_in($self->{dir});
}


sub processes_in {
    my ($dir) = @_;

    my @found;
    for my $link (glob '/proc/[0-9]*/cwd') {
        my ($pid) = $link =~ m{/(\d+)/};
        my $cwd = readlink $link;
        push @found, $pid if defined $cwd && $cwd eq $dir && $pid != $$
                             && alive($pid);
    }
    return @found;
}


# stop(): graceful; what is still there after 20 s is killed and reported

sub stop {
    my ($self) = @_;

    return if $self->{stopped}++;
    my $master = $self->master;
    my ($old) = slurp("$self->{dir}/nginx.pid.oldbin") =~ /^(\d+)/;

    for my $pid (grep { $_ && alive($_) } $old, $master) {
        kill 'QUIT', $pid;
    }

    if (!Lapor::Test::wait_until(sub { !$self->processes }, 20)) {
        my @left = $self->processes;
        $self->{left} = join ', ', map {
            "$_ " . (slurp("/proc/$_/cmdline") =~ s/\0.*//sr) } @left;
        kill 'KILL', @left;
        Lapor::Test::wait_until(sub { !$self->processes }, 5);
    }
    return $self;
}


# check() -> the hidden checks; no more workers may have died than were killed

sub check {
    my ($self) = @_;

    my $log = $self->error_log;
    my $died = () = $log =~ /exited on signal 9/g;
    my $killed = $self->{killed} || 0;

    $self->allow_alert($_) for $killed ? @KILLED : ();

    # a disk that stands still is the machine's fault; the 503s that come of it
    # are counted, and few may be (refused of Lapor::Soak)

    $self->allow_alert(qr/disk of the spool "\S+" does not answer in time/);
    return ($self->SUPER::check,
            ['no worker of nginx died but those killed',
             $died > $killed ? "$died died, $killed killed" : '']);
}


# --- who disturbs it

# disturb(kinds => [names], deck => [names], pause => [least, most],
# end => time, files => path) -> pid: each kind once, then all of the deck
# again and again, in random order; writes what it did, and the counters that
# an upgrade took away

sub disturb {
    my ($self, %opt) = @_;

    my $parent = $$;
    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid) {
        Lapor::Test::adopt($pid);
        return $pid;
    }

    my $ok = eval {
        local $SIG{INT} = 'IGNORE';
        local $SIG{TERM} = sub { $opt{end} = 0 };
        srand $self->{seed};
        $self->disturb_loop($parent, %opt);
        1;
    };
    $self->{told}{'! ' . ($@ =~ s/\s+/ /gr)} = 1 unless $ok;
    $self->tell($opt{files});
    POSIX::_exit($ok ? 0 : 1);
}


sub disturb_loop {
    my ($self, $parent, %opt) = @_;

    my ($least, $most) = @{ $opt{pause} };
    my @deck = shuffle(@{ $opt{kinds} });

    while (1) {
        my $next = time() + $least + rand($most - $least);

        while (time() < $next) {
            return if time() >= $opt{end};
            POSIX::_exit(1) if getppid() != $parent;
            sleep 0.05;
        }

        @deck = shuffle(@{ $opt{deck} }) unless @deck;
        my $what = shift @deck;
        my $method = "do_$what";
        $self->$method;
        $self->{told}{$what}++;
        $self->tell($opt{files});
    }
    return;
}


sub tell {
    my ($self, $files) = @_;

    my $told = $self->{told} || {};
    spew($files, join '', map { "$_\t$told->{$_}\n" } sort keys %$told);
    return;
}


sub do_reload {
    my ($self) = @_;

    my %old = map { $_ => 1 } $self->workers;
    kill 'HUP', $self->master;

    Lapor::Test::wait_until {
        $self->{want_workers} <= grep { !$old{$_} } $self->workers
    } 20 or die "a reload brought no new workers\n";
    return;
}


sub do_kill {
    my ($self) = @_;

    my @workers = $self->workers;
    my $victim = $workers[rand @workers];
    kill 'KILL', $victim;

    Lapor::Test::wait_until {
        !alive($victim) && $self->workers >= $self->{want_workers}
    } 20 or die "a killed worker had no successor\n";
    return;
}


# the new binary begins with empty counters, hence what the old ones were

sub do_upgrade {
    my ($self) = @_;

    my $old = $self->master;
    my %status = $self->status;
    $self->{told}{"past $_"} += $status{$_}
        for grep { /_total/ } keys %status;

    kill 'USR2', $old;
    Lapor::Test::wait_until {
        my $new = $self->master;
        $new && $new != $old && $self->workers >= $self->{want_workers}
    } 20 or die "an upgrade brought no new master\n";

    kill 'QUIT', $old;
    Lapor::Test::wait_until { !alive($old) } 40
        or die "an old master did not leave\n";
    return;
}


1;
