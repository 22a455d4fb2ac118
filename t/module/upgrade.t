# Hundreds of requests in flight while nginx reloads, quits, is terminated,
# killed, or replaced by a new binary: each 200 is stored, everything else can
# be sent again, no alert, nobody left behind.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

use IO::Select ();
use POSIX ();

# nginx as a daemon: only that one obeys USR2. Its master is no child of ours,
# and there may be two of them.

package Daemon;

our @ISA = ('Lapor::Nginx');

sub master {
    my ($self, $suffix) = @_;

    my ($pid) = Lapor::Test::slurp("$self->{dir}/nginx.pid" . ($suffix || ''))
                =~ /^(\d+)$/m;
    return $pid && Lapor::Test::alive($pid) ? $pid : 0;
}

sub masters {
    my ($self) = @_;

    my %pids = map { $_ => 1 } grep { $_ } $self->master,
               $self->master('.oldbin');
    $self->{seen}{$_} = 1 for keys %pids;
    return keys %pids;
}

sub workers {
    my ($self, @masters) = @_;

    my %masters = map { $_ => 1 } $self->masters;
    my @pids = grep { !$masters{$_} }
               map { Lapor::Test::child_pids($_) } @masters ? @masters
                                                    : keys %masters;
    $self->{seen}{$_} = 1 for @pids;
    return @pids;
}

sub run {
    my ($self) = @_;

    my $conf = "$self->{dir}/nginx.conf";
    Lapor::Test::spew($conf,
        Lapor::Test::slurp($conf) =~ s/^daemon off;$/daemon on;/mr);
    my ($rc, $out) = $self->test_conf('-q');
    die "nginx does not start: $out" . $self->error_log if $rc;

    Lapor::Test::wait_until {
        $self->{pid} = $self->master;
        $self->{pid} && $self->workers && $self->answers;
    } 10, 'nginx to listen' or die "nginx is not up\n" . $self->error_log;
    return $self;
}

sub wait_gone {
    my ($self, $seconds, @pids) = @_;

    @pids = keys %{ $self->{seen} } unless @pids;
    return Lapor::Test::wait_until {
        !grep { Lapor::Test::alive($_) } @pids;
    } $seconds || 10;
}

sub stop {
    my ($self) = @_;

    return unless $self->{pid};
    $self->workers;
    kill 'QUIT', $self->masters;
    if (!$self->wait_gone(15)) {
        my @left = grep { Lapor::Test::alive($_) } keys %{ $self->{seen} };
        $self->{left} = "@left";
        kill 'KILL', @left;
        $self->wait_gone(5);
    }
    delete $self->{pid};
    return $self;
}

# upgrade() -> pid of the new master, which has taken over the pid file

sub upgrade {
    my ($self) = @_;

    my $old = $self->master;
    kill 'USR2', $old;
    return Lapor::Test::wait_until {
        my $new = $self->master;
        $new && $new != $old && $self->master('.oldbin') == $old
            && $self->workers($new) ? $new : 0;
    } 15, 'the new master';
}

package main;

my $N = 300;
my $serial = 0;

# the environment of the sanitizers does not reach a new binary by itself

my $env = asan() ? join '', map { "env $_;\n" }
          qw(LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS) : '';

sub start {
    my ($class, %opt) = @_;

    my $redis = Lapor::Redis->new;
    my $nginx = $class->new(daemon => $class eq 'Daemon',
        steady => 'this test reloads by itself')->lapor(redis => $redis->address, workers => 2,
        timeout => '20s', %opt, main => $env . ($opt{main} || ''))->run;
    return ($nginx, $redis);
}

# send_many($nginx, $count) -> a list of [connection, body]

sub send_many {
    my ($nginx, $count) = @_;

    my @flight = map { [Lapor::HTTP->connect($nginx->port), 'terbang '
                        . $serial++] } 1 .. $count;
    $_->[0]->write(Lapor::HTTP::signed_text($_->[1])) for @flight;
    return @flight;
}

# flight($nginx, $redis [, $count]) -> the same: all are with the module, Redis
# is stopped and has confirmed none

sub flight {
    my ($nginx, $redis, $count) = @_;

    wait_until {
        my %s = $nginx->status;
        $s{'lapor_redis_links{state="up"}'} >= 2;
    } 20, 'the links';
    $redis->pause;
    my @flight = send_many($nginx, $count || $N);
    ok((wait_until { my %s = $nginx->status; $s{lapor_pending} >= @flight } 20,
        'all requests to be in flight'), scalar(@flight) . ' are in flight');
    return @flight;
}

# land($redis, $want, @flight): reads the answers. Each 200 must be stored;
# $want 'all' or 'none' says how many there are. Returns what was not accepted

sub land {
    my ($redis, $want, @flight) = @_;

    my (%count, @again);
    for my $pair (@flight) {
        my $status = $pair->[0]->response->{status};
        $count{$status}++;
        push @again, $pair->[1] if $status != 200;
        $pair->[2] = $status;
        $pair->[0]->close;
    }

    $redis->resume;
    my %stored;
    $stored{ $_->{b} }++ for $redis->entries;
    is(scalar(grep { $_->[2] == 200 && !$stored{ $_->[1] } } @flight), 0,
       'each 200 is stored');
    is(join(' ', map { "$_: $count{$_}" } sort keys %count),
       '200: ' . @flight, 'all were accepted') if $want eq 'all';
    is($count{200} || 0, 0, 'none was accepted') if $want eq 'none';
    is(join(' ', grep { !/^(?:0|200|503)$/ } keys %count), '',
       'what was not, can be sent again');
    return @again;
}

# again($nginx, $redis, @bodies): Meta repeats them

sub again {
    my ($nginx, $redis, @bodies) = @_;

    my $failed = 0;
    for my $body (@bodies) {
        wait_until { post_signed($nginx->port, $body)->{status} == 200 } 20
            or $failed++;
    }
    my %stored = map { $_->{b} => 1 } $redis->entries;
    is($failed, 0, 'all is accepted when it is sent again');
    is(scalar(grep { !$stored{$_} } @bodies), 0, 'and stored');
}

# counted($nginx, $count): all accepted, none pending; a request is counted when
# its client has the answer

sub counted {
    my ($nginx, $count) = @_;

    my %s;
    wait_until {
        %s = $nginx->status;
        $s{'lapor_webhooks_total{result="accepted"}'} == $count;
    } 10;
    is($s{'lapor_webhooks_total{result="accepted"}'}, $count, 'counted');
    is($s{lapor_pending}, 0, 'nothing is pending');
}

sub leaving {
    my ($nginx, @pids) = @_;

    return wait_until {
        my $log = $nginx->error_log;
        !grep { $log !~ / $_#\d+: gracefully shutting down/
                && Lapor::Test::alive($_) } @pids;
    } 15, 'the workers to stop listening';
}

subtest 'reload' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx');

    my @flight = flight($nginx, $redis);
    my @old = $nginx->reload(mute => 1);
    is(scalar(grep { Lapor::Test::alive($_) } @old), 2, 'the old workers wait');
    my @more = send_many($nginx, 100);
    $redis->resume;
    land($redis, 'all', @flight);
    ok($nginx->wait_gone(10, @old), 'the old workers leave');

    # the new ones had no link yet, and do not wait for ever to get one

    again($nginx, $redis, land($redis, 'some', @more));
    counted($nginx, $N + 100);
};

subtest 'many reloads' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx');

    my (@flight, @old);
    for my $round (1 .. 5) {
        push @flight, flight($nginx, $redis, 60);
        push @old, $nginx->reload(mute => 1);
        $redis->resume;
    }
    land($redis, 'all', @flight);
    ok($nginx->wait_gone(10, @old), 'all generations leave');
};

subtest 'quit' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx');

    my @flight = flight($nginx, $redis);
    my @workers = $nginx->workers;
    $nginx->signal('QUIT');
    leaving($nginx, @workers);
    $redis->resume;
    land($redis, 'all', @flight);
    ok($nginx->wait_gone(10), 'nginx leaves');
};

subtest 'terminate' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx');

    my @flight = flight($nginx, $redis);
    $nginx->signal('TERM');
    ok($nginx->wait_gone(10), 'nginx leaves at once');
    my @left = land($redis, 'none', @flight);
    $nginx->run;
    again($nginx, $redis, @left);
};

subtest 'worker_shutdown_timeout, Redis comes too late' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx',
        main => 'worker_shutdown_timeout 300ms;');

    my @flight = flight($nginx, $redis);
    my @old = $nginx->reload(mute => 1);
    ok($nginx->wait_gone(10, @old), 'the workers leave before the deadline');
    again($nginx, $redis, land($redis, 'none', @flight));
};

subtest 'worker_shutdown_timeout, Redis comes in time' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx',
        main => 'worker_shutdown_timeout 30s;');

    my @flight = flight($nginx, $redis);
    my @workers = $nginx->workers;
    $nginx->signal('QUIT');
    leaving($nginx, @workers);
    $redis->resume;
    land($redis, 'all', @flight);
    ok($nginx->wait_gone(10), 'nginx leaves');
};

subtest 'a killed worker' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx');
    $nginx->allow_alert(qr/worker process \d+ exited on signal 9/);

    my @flight = flight($nginx, $redis);
    my ($first, $second) = $nginx->workers;
    kill 'KILL', $first;
    ok((wait_until {
        my %now = map { $_ => 1 } $nginx->workers;
        keys %now == 2 && !$now{$first} && $now{$second};
    } 10), 'is replaced');
    $redis->resume;
    my @left = land($redis, 'some', @flight);
    cmp_ok(scalar(@left), '<', $N, 'the other worker\'s were accepted');
    again($nginx, $redis, @left);
    counted($nginx, $N);
};

subtest 'both workers killed, three times' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx');
    $nginx->allow_alert(qr/worker process \d+ exited on signal 9/);

    for my $round (1 .. 3) {
        my @flight = flight($nginx, $redis, 100);
        my @old = $nginx->workers;
        kill 'KILL', @old;
        ok((wait_until { 2 == grep { my $p = $_; !grep { $_ == $p } @old }
                         $nginx->workers } 10), 'are replaced');
        again($nginx, $redis, land($redis, 'none', @flight));
    }
};

subtest 'a new binary' => sub {
    my ($nginx, $redis) = start('Daemon');

    my @flight = flight($nginx, $redis);
    my $old = $nginx->master;
    my @old = $nginx->workers;
    my $new = $nginx->upgrade;
    ok($new, 'USR2: a second master');
    my @both = send_many($nginx, 100);

    kill 'QUIT', $old;
    leaving($nginx, @old);
    is(scalar(grep { Lapor::Test::alive($_) } $old, @old), 3,
       'QUIT: the old ones wait');
    $redis->resume;
    land($redis, 'all', @flight);
    ok($nginx->wait_gone(15, $old, @old), 'then they leave');
    again($nginx, $redis, land($redis, 'some', @both));
    is($nginx->master, $new, 'the new one has the pid file');
    ok(!-e "$nginx->{dir}/nginx.pid.oldbin", 'alone');
    is(post_signed($nginx->port, 'baru')->{status}, 200, 'and accepts');
    ok((wait_until {
        my %s = $nginx->status;
        $s{'lapor_redis_links{state="up"}'} == 2;
    } 10), 'with two links');
};

subtest 'and back' => sub {
    my ($nginx, $redis) = start('Daemon');
    my $old = $nginx->master;

    for my $signal (qw(QUIT TERM)) {
        my @before = $nginx->workers;
        my $new = $nginx->upgrade;
        ok($new, "before $signal: a second master");
        kill 'WINCH', $old;
        ok($nginx->wait_gone(15, @before), 'WINCH: the old workers leave');
        ok(Lapor::Test::alive($old), 'their master stays');

        my @flight = flight($nginx, $redis);
        my @workers = $nginx->workers($new);
        kill $signal, $new;
        if ($signal eq 'QUIT') {
            leaving($nginx, @workers);
            $redis->resume;
        }
        my @left = land($redis, $signal eq 'QUIT' ? 'all' : 'none', @flight);
        ok($nginx->wait_gone(15, $new, @workers), 'the new ones leave');
        ok((wait_until { $nginx->master == $old && $nginx->workers == 2 } 10),
           'the old master has workers again');
        again($nginx, $redis, @left);
        is(post_signed($nginx->port, "lama $signal")->{status}, 200,
           'which accept');
    }
};

# storm($nginx, $total, { count => sub }): $total webhooks, 64 at a time, each
# sent until it is accepted; the subs are called when so many have been.
# Returns how many answers there were of each kind

sub storm {
    my ($nginx, $total, $at) = @_;

    my (%count, %open);
    my @todo = map { "badai $_" } 1 .. $total;
    my $set = IO::Select->new;
    my $accepted = 0;
    my $end = time() + 120;

    while ($accepted < $total && time() < $end) {
        while (@todo && keys %open < 64) {
            my $body = shift @todo;
            my $conn = Lapor::HTTP->connect($nginx->port);
            if (!$conn) {
                $count{refused}++;
                push @todo, $body;
                last;
            }
            $conn->write(Lapor::HTTP::signed_text($body));
            $set->add($conn->{sock});
            $open{ fileno $conn->{sock} } = [$conn, $body];
        }
        for my $sock ($set->can_read(1)) {
            my ($conn, $body) = @{ delete $open{ fileno $sock } };
            my $status = $conn->response->{status};
            $set->remove($sock);
            $conn->close;
            $count{$status}++;
            push @todo, $body if $status != 200;
            next if $status != 200;
            my $sub = $at->{ ++$accepted };
            $sub->() if $sub;
        }
    }
    return %count;
}

subtest 'everything, under load' => sub {
    my ($nginx, $redis) = start('Daemon');

    my ($old, $new);
    my $stall = sub {
        $redis->pause;
        my $resume = fork;
        if (!$resume) {
            select undef, undef, undef, 0.3;
            $redis->resume;
            POSIX::_exit(0);
        }
        Lapor::Test::adopt($resume);
    };
    my %count = storm($nginx, 3000, {
        200  => sub { kill 'HUP', $nginx->master },
        500  => $stall,
        600  => sub { kill 'HUP', $nginx->master },
        900  => sub { $old = $nginx->master; $new = $nginx->upgrade },
        1300 => sub { $stall->(); kill 'QUIT', $old },
        1700 => sub { kill 'HUP', $nginx->master },
        1900 => sub { $nginx->wait_gone(20, $old) },
        2000 => sub { $old = $nginx->master; $new = $nginx->upgrade },
        2300 => sub { kill 'WINCH', $old },
        2600 => sub { $stall->(); kill 'QUIT', $new },
    });
    is(join(' ', map { "$_: $count{$_}" } sort keys %count), '200: 3000',
       'three thousand webhooks, each accepted at the first try');
    my %stored;
    $stored{ $_->{b} }++ for $redis->entries;
    is(scalar(grep { ($stored{"badai $_"} || 0) == 1 } 1 .. 3000), 3000,
       'each stored once');
    ok((wait_until { $nginx->master == $old && $nginx->workers == 2 } 15),
       'in the end the old master has two workers');
};

# seen($nginx) -> the requests that the module has, or has answered

sub seen {
    my ($nginx) = @_;

    my %s = $nginx->status;
    my $sum = $s{lapor_pending} || 0;
    $sum += $s{$_} for grep { /^lapor_webhooks_total/ } keys %s;
    return $sum;
}

# With a spool Redis may stay away: what was answered 200 is there when it comes
# back, whoever has brought it.

subtest 'with a spool' => sub {
    my ($nginx, $redis) = start('Lapor::Nginx', timeout => '200ms',
        http => 'lapor_spool %%DIR%%/spool size=64m;');
    $nginx->allow_alert(qr/worker process \d+ exited on signal 9/);
    my (%accepted, @again);

    for my $signal (qw(HUP QUIT TERM KILL)) {
        $redis->pause;
        my $before = seen($nginx);
        my @flight = send_many($nginx, $N);

        # what the kernel has not handed over is nobody's when nginx quits

        wait_until { seen($nginx) >= $before + $N } 20, 'all to be with nginx';
        $flight[0][2] = $flight[0][0]->response->{status};
        is($flight[0][2], 200, "accepted without Redis, then $signal");

        my @workers = $nginx->workers;
        if ($signal eq 'KILL') { kill 'KILL', @workers }
        else { $nginx->signal($signal) }

        $_->[2] = $_->[0]->response->{status} for @flight[1 .. $#flight];
        $accepted{ $_->[1] } = 1 for grep { $_->[2] == 200 } @flight;
        push @again, map { $_->[1] } grep { $_->[2] != 200 } @flight;
        is(scalar(grep { $_->[2] == 200 } @flight), $N, 'all were accepted')
            if $signal eq 'HUP' || $signal eq 'QUIT';

        $redis->resume;
        ok($nginx->wait_gone(15, @workers), 'the workers leave');
        if ($signal eq 'QUIT' || $signal eq 'TERM') {
            ok($nginx->wait_gone(10), 'and the master');
            $nginx->run;
        }

        my $missing = 1;
        wait_until {
            my %stored = map { $_->{b} => 1 } $redis->entries;
            $missing = grep { !$stored{$_} } keys %accepted;
            !$missing;
        } 30, 'the spool to be in Redis';
        is($missing, 0, 'each 200 comes into Redis');
    }

    again($nginx, $redis, @again);
};

done_testing();
