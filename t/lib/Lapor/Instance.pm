package Lapor::Instance;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# For flow tests: a whole Lapor as `./dev run --no-demo` makes it, under its
# supervisor, in a directory of its own, and what a test asks of it. Everything
# is learnt from DIR/env and DIR/pids, as a stranger would.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes qw(time);

use Lapor::HTTP ();
use Lapor::Stack ();
use Lapor::Test ();

my @locks;


# new(dir => path): starts it; ends the test if that fails

sub new {
    my ($class, %opt) = @_;

    my $dir = $opt{dir} || Lapor::Test::test_dir() . '/run';
    my $self = bless { dir => $dir, port_base => port_base() }, $class;

    Lapor::Test::watch($self);
    $self->run;
    return $self;
}


# port_base() -> the first of seven free ports; held against parallel tests

sub port_base {
    for my $try (1 .. 2000) {
        my $base = 12000 + 16 * int rand 480;
        my $lock = IO::Socket::INET->new(Proto => 'udp',
            LocalAddr => '127.0.0.1', LocalPort => $base) or next;

        next if grep {
            !IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
                LocalAddr => '127.0.0.1', LocalPort => $base + $_,
                ReuseAddr => 1)
        } 0 .. 6;

        push @locks, $lock;
        return $base;
    }

    die "could not find free ports\n";
}


# command($name, @more) -> (exit status, output, errors) of t/stack/main.pl

sub command {
    my ($self, $name, @more) = @_;

    return Lapor::Test::run_cmd({ timeout => 300 }, $^X,
        Lapor::Test::repo_dir() . '/t/stack/main.pl', $name, $self->{dir},
        @more);
}


sub run {
    my ($self) = @_;

    my ($rc, $out, $err) = $self->command('run', $self->{port_base}, '-',
                                          'no-demo');
    Test::More::BAIL_OUT("the instance did not start: $out$err") if $rc;

    $self->{env} = { map { /^(\w+)=(.*)$/ ? ($1 => $2) : () }
                     split /\n/, Lapor::Test::slurp("$self->{dir}/env") };
    $self->{reloader} = Lapor::Test::reloader($self->{dir},
        sub { $self->pid('nginx') }) if Lapor::Test::reloads();
    return;
}


sub dir  { return $_[0]{dir} }
sub env  { my ($self, $name) = @_; return $self->{env}{"LAPOR_$name"} }
sub data { return $_[0]->env('DATA_DIR') }
sub port { return $_[0]{port_base} }


# pid($name) -> of a running server or worker, 0 if it is not there

sub pid {
    my ($self, $name) = @_;

    my ($pid) = Lapor::Test::slurp("$self->{dir}/pids/$name.pid") =~ /^(\d+)$/;
    return $pid && Lapor::Test::alive($pid) ? $pid : 0;
}


# kill9($name): a running one; -> its pid

sub kill9 {
    my ($self, $name) = @_;

    my $pid = $self->pid($name) or return 0;
    kill 'KILL', $pid;
    return $pid;
}


# hold($name), release($name): kills a server and keeps its configuration away,
# so that it stays down however often the supervisor tries

my %conf = (postgres => 'postgresql.conf', redis => 'redis.conf',
            nginx => 'nginx.conf');

sub hold {
    my ($self, $name) = @_;

    my $path = $self->data . "/etc/$conf{$name}";
    rename $path, "$path.held" or die "could not hold $path: $!";
    $self->kill9($name);
    return;
}

sub release {
    my ($self, $name) = @_;

    my $path = $self->data . "/etc/$conf{$name}";
    rename "$path.held", $path or die "could not release $path: $!";
    return;
}


# psql($sql) -> rows, or the first cell in scalar context, as the reader;
# undef while the database is away

sub psql {
    my ($self, $sql) = @_;

    my ($rc, $out, $err) = Lapor::Test::run_cmd(
        { env => { PGCONNECT_TIMEOUT => 5 } },
        'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-F', "\x1f",
        '-c', $sql, $self->env('DATABASE_URL'));

    return if $rc;
    my @rows = map { [split /\x1f/, $_, -1] } split /\n/, $out;
    return wantarray ? @rows : @rows ? $rows[0][0] : undef;
}


# post($body, %opt) -> response to a signed webhook

sub post {
    my ($self, $body, %opt) = @_;

    return Lapor::HTTP::post_signed($self->{port_base}, $body,
                                    secret => $self->env('APP_SECRET'), %opt);
}


# redis(@command) -> lines of redis-cli

sub redis {
    my ($self, @command) = @_;

    my ($rc, $out) = Lapor::Test::run_cmd('redis-cli', '-u',
                                          $self->env('REDIS_URL'), @command);
    return if $rc;
    return wantarray ? split(/\n/, $out) : $out =~ s/\n\z//r;
}


# graph($method, $path, $body, @headers) -> decoded answer of the emulator's
# control interface

sub graph {
    my ($self, $method, $path, $body, @headers) = @_;

    my ($port) = $self->env('GRAPH_URL') =~ /:(\d+)$/;
    my $r = Lapor::HTTP::request($port, $method, "/_emulator/$path",
                                 body => $body, headers => \@headers);
    return unless $r->{status} == 200;
    return JSON::PP::decode_json($r->{body});
}


sub sent { my ($self) = @_; return @{ $self->graph('GET', 'sent?after=0') } }


# message(from => digits, text => bytes, ...) -> (wamid, webhook body)

my $serial = 0;

sub message {
    my ($self, %opt) = @_;

    my $wamid = $opt{wamid} || sprintf 'wamid.T%d.%d.%d', $$, time() * 1e6,
                               ++$serial;
    my %message = (from => $opt{from}, id => $wamid,
                   timestamp => '' . ($opt{at} || int time()),
                   type => $opt{type} || 'text');

    if ($opt{media}) {
        $message{type} = $opt{type} || 'image';
        $message{ $message{type} } = {
            id => $opt{media}{id}, sha256 => $opt{media}{sha256},
            mime_type => $opt{mime_type} || 'image/jpeg',
            defined $opt{text} ? (caption => $opt{text}) : (),
        };
    } elsif ($opt{content}) {
        $message{ $message{type} } = $opt{content};
    } else {
        $message{text} = { body => $opt{text} };
    }

    my $body = JSON::PP->new->canonical->ascii->encode({
        object => 'whatsapp_business_account',
        entry => [{ id => '1', changes => [{ field => 'messages', value => {
            messaging_product => 'whatsapp',
            metadata => {
                display_phone_number => '0811-5445-110',
                phone_number_id => $opt{phone_number_id}
                                   || $self->env('PHONE_NUMBER_ID'),
            },
            contacts => [{ wa_id => $opt{from},
                           profile => { name => 'Warga' } }],
            messages => [\%message],
        } }] }],
    });

    return ($wamid, $body);
}


# phone($n) -> the n-th number of the fake range

sub phone { my ($self, $n) = @_; return sprintf '628000000%04d', $n % 10000 }


sub stop {
    my ($self) = @_;

    return if $self->{stopped}++;
    Lapor::Test::end_process($self->{reloader}, 'KILL', 5)
        if $self->{reloader};

    my ($rc, $out, $err) = $self->command('stop');
    $self->{trouble} = $rc ? "stop: $out$err" : '';
    return;
}


# check() -> the hidden checks of done_testing()

sub check {
    my ($self) = @_;

    my $data = $self->data;
    my @logs = (glob("$self->{dir}/log/*.log"), glob("$data/log/*"));
    my $alerts = join '', grep { /\[(?:alert|emerg)\]/ && !$self->expected($_) }
                 split /^/, Lapor::Test::slurp("$data/log/nginx.log");
    my $words = join ' ', grep { my $w = $_; grep { index(Lapor::Test::slurp($_), $w) >= 0 } @logs }
                $self->env('APP_SECRET'), $self->env('VERIFY_TOKEN'),
                @{ $self->{forbidden} || [] };

    return (
        ['the instance stops', $self->{trouble}],
        ['no alert of nginx', $alerts],
        ['no sanitizer line', Lapor::Test::sanitizer_lines(@logs)],
        ['no secret and no word of a citizen in a log', $words],
        ['nothing is left running', join ' ', $self->leftovers],
    );
}


# expect(qr/.../): alerts that the test provokes; forbid(@words): what must
# stand in no log

sub expect { my ($self, $re) = @_; push @{ $self->{expected} }, $re; return }
sub forbid { my ($self, @w) = @_; push @{ $self->{forbidden} }, @w; return }

sub expected {
    my ($self, $line) = @_;
    return grep { $line =~ $_ } @{ $self->{expected} || [] };
}


# leftovers() -> processes that work in DATA

sub leftovers {
    my ($self) = @_;

    my $data = $self->data;
    my @found;

    for my $link (glob '/proc/[0-9]*/cwd') {
        my $cwd = readlink $link;
        next unless defined $cwd && index("$cwd/", "$data/") == 0;
        my ($pid) = $link =~ m{/(\d+)/};
        push @found, "$pid " . Lapor::Test::slurp("/proc/$pid/comm")
            if Lapor::Test::alive($pid);
    }
    return @found;
}


1;
