package Lapor::Nginx;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The distribution's nginx with our module, in a directory of its own, on
# loopback only.  A configuration is text with these marks:
#
#   %%TEST_GLOBALS%%       main context: user, pid, logs, load_module
#   %%TEST_GLOBALS_HTTP%%  http context: temporary paths, access log
#   %%PORT%% %%DIR%%       the port and the directory
#   %%SECRET%% %%TOKEN%%   paths of the secret's and the token's file
#
# Hidden checks when the test ends: no alert in the error log, no sanitizer
# line, no word of valgrind, no core, no process left, no word of forbid() in
# any log.
#
# Under LAPOR_VALGRIND=1 nginx, its workers and nginx -t run under valgrind.
# Under LAPOR_RELOAD=1 a running nginx gets a HUP ten times a second, unless
# its test says why that makes no sense.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

use Lapor::HTTP ();
use Lapor::System ();
use Lapor::Test ();

our $SECRET = $Lapor::HTTP::SECRET;
our $TOKEN = 'token-verifikasi-contoh';

$Lapor::HTTP::TIMEOUT *= Lapor::Test::patience();


# new(dir => path, port => N, before => [module paths], after => [paths],
#     level => 'info', env => {}, daemon => 0|1) -> object, nothing started.
# `before` and `after` are loaded before and after our own module; for a
# daemon see Lapor::Soak::Nginx. steady => 'reason': not to be reloaded by the
# harness, and why.

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir    => $opt{dir} || Lapor::Test::test_dir(),
        port   => $opt{port} || Lapor::Test::free_port(),
        before => $opt{before} || [],
        after  => $opt{after} || [],
        level  => $opt{level} || 'info',
        env    => $opt{env} || {},
        daemon => $opt{daemon} ? 'on' : 'off',
        steady => $opt{steady},
        allow  => [],
        forbid => [$SECRET, $TOKEN],
        seen   => {},
    }, $class;

    mkdir $self->{dir};
    mkdir "$self->{dir}/$_" for qw(logs tmp asan valgrind);
    chmod 0777, "$self->{dir}/$_" for qw(asan valgrind);
    $self->file('app_secret', "$SECRET\n", 0600);
    $self->file('verify_token', "$TOKEN\n", 0600);
    Lapor::Test::watch($self);
    return $self;
}


sub dir  { return $_[0]{dir} }
sub port { return $_[0]{port} }
sub pid  { return $_[0]{pid} }
sub url  { return "http://127.0.0.1:$_[0]{port}" }

sub error_log  { return Lapor::Test::slurp("$_[0]{dir}/logs/error.log") }
sub access_log { return Lapor::Test::slurp("$_[0]{dir}/logs/access.log") }


# allow_alert($regex): alerts that match are expected by this test

sub allow_alert { my ($self, $re) = @_; push @{ $self->{allow} }, $re; $self }


# forbid(@words): text that no log may contain

sub forbid { my ($self, @words) = @_; push @{ $self->{forbid} }, @words; $self }


# file($name, $text [, $mode]) -> absolute path

sub file {
    my ($self, $name, $text, $mode) = @_;

    return Lapor::Test::spew("$self->{dir}/$name", $text,
                             defined $mode ? $mode : 0644);
}


# conf($text): the whole configuration, with marks

sub conf {
    my ($self, $text) = @_;

    my $dir = $self->{dir};
    my $module = Lapor::Test::build_path('ngx_http_lapor_module.so');
    my $load = join '', map { "load_module \"$_\";\n" }
               @{ $self->{before} }, $module, @{ $self->{after} };
    my $user = $> == 0 ? "user nobody nogroup;\n" : '';

    my $globals = "${user}daemon $self->{daemon};\npid $dir/nginx.pid;\n"
        . "error_log $dir/logs/error.log $self->{level};\n$load";

    my $http = join '', map { "${_}_temp_path $dir/tmp/$_;\n" }
               qw(client_body proxy fastcgi uwsgi scgi);
    $http .= "log_format lapor_test '\$remote_addr \$request_method \$uri "
        . "\$status \$lapor_result \$lapor_stream_id';\n"
        . "access_log $dir/logs/access.log lapor_test;\n";

    my %marks = (TEST_GLOBALS => $globals, TEST_GLOBALS_HTTP => $http,
                 PORT => $self->{port}, DIR => $dir,
                 SECRET => "$dir/app_secret", TOKEN => "$dir/verify_token");
    $text =~ s/%%(\w+)%%/exists $marks{$1} ? $marks{$1} : "%%$1%%"/ge;

    $self->file('nginx.conf', $text);
    return $self;
}


# lapor(redis => address, workers =>, ack =>, timeout =>, size =>, listen =>,
#       main =>, http =>, server =>, location =>): the usual configuration, the
# webhook at /webhook/whatsapp, the counters at /lapor_status; the last four
# are text put into these contexts

sub lapor {
    my ($self, %opt) = @_;

    my %o = (main => '', http => '', server => '', location => '',
             workers => 1, size => '64k', listen => '',
             timeout => Lapor::Test::valgrind() ? '4s' : '1500ms',
             ack => 'fsync', %opt);

    return $self->conf(<<"END_OF_CONF");
%%TEST_GLOBALS%%
worker_processes $o{workers};
$o{main}
events {
    worker_connections 512;
}
http {
    %%TEST_GLOBALS_HTTP%%
    lapor_app_secret_file   %%SECRET%%;
    lapor_verify_token_file %%TOKEN%%;
    lapor_redis             $o{redis};
    lapor_ack               $o{ack};
    lapor_timeout           $o{timeout};
    $o{http}
    server {
        listen 127.0.0.1:%%PORT%% $o{listen};
        client_max_body_size    $o{size};
        client_body_buffer_size $o{size};
        $o{server}
        location = /webhook/whatsapp {
            lapor_webhook on;
            $o{location}
        }
        location = /lapor_status {
            lapor_status;
            access_log off;
        }
    }
}
END_OF_CONF
}


sub environment {
    my ($self) = @_;

    my %env = %{ $self->{env} };

    if (Lapor::Test::asan()) {
        $env{LD_PRELOAD} = Lapor::System::sanitizer_preload();
        $env{ASAN_OPTIONS} =
            "detect_leaks=0:log_path=$self->{dir}/asan/asan";
        $env{UBSAN_OPTIONS} =
            "print_stacktrace=1:log_path=$self->{dir}/asan/ubsan";
    }

    return \%env;
}


sub argv {
    my ($self, @more) = @_;

    my $bin = $ENV{LAPOR_NGINX} || Lapor::Test::need_program('nginx');
    my @valgrind = Lapor::Test::valgrind('--trace-children=yes', '--vgdb=no',
        '--error-exitcode=0', '--keep-debuginfo=yes',
        "--log-file=$self->{dir}/valgrind/%p");

    return (@valgrind, $bin, '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
            '-e', "$self->{dir}/logs/error.log", @more);
}


# test_conf() -> (exit status, output) of nginx -t

sub test_conf {
    my ($self, @more) = @_;

    my ($rc, $out, $err) = Lapor::Test::run_cmd(
        { env => $self->environment }, $self->argv(@more ? @more : '-t'));
    return ($rc, $out . $err);
}


sub run {
    my ($self) = @_;

    my $dir = $self->{dir};
    unlink "$dir/nginx.pid";
    $self->{pid} = Lapor::Test::spawn(argv => [$self->argv], dir => $dir,
        env => $self->environment, out => "$dir/logs/stdout",
        err => "$dir/logs/stdout");

    my $up = Lapor::Test::wait_until {
        die "nginx ended at once:\n" . Lapor::Test::slurp("$dir/logs/stdout")
            . $self->error_log if defined Lapor::Test::reap($self->{pid});
        -s "$dir/nginx.pid" && $self->workers && $self->answers;
    } 10, 'nginx to listen';
    die "nginx is not up\n" . $self->error_log unless $up;

    $self->settle;
    $self->keep_reloading if Lapor::Test::reloads();
    return $self;
}


# settle(): under valgrind a worker's first connect may outlast the time that
# the module gives it; so it is waited for, unless Redis is away or mute

sub settle {
    my ($self) = @_;

    return unless Lapor::Test::valgrind();

    my $end = time() + 20;
    Lapor::Test::wait_until { $self->settled || time() > $end } 60;
}


# settled() -> true once each worker has told of its links, and none of them is
# down only because it was slow

sub settled {
    my ($self) = @_;

    my $log = $self->error_log;
    my $down = 0;

    for my $pid ($self->workers) {
        my %link = $log =~ / $pid#\d+: lapor: link to redis (\S+) is (.*)$/mg;
        return 0 if !%link || grep { /does not answer|in time/ } values %link;
        $down += grep { /^down/ } values %link;
    }

    my %status = $self->status;
    return ($status{'lapor_redis_links{state="down"}'} || 0) <= $down;
}


# keep_reloading(): HUP ten times a second from now on, unless the test says why
# not

sub keep_reloading {
    my ($self) = @_;

    if (defined $self->{steady}) {
        Test::More::note("not reloaded: $self->{steady}");
        return;
    }

    my $master = $self->{pid};
    $self->{reloader} = Lapor::Test::reloader($self->{dir}, sub { $master });
}


sub answers {
    my ($self) = @_;

    my $conn = Lapor::HTTP->connect($self->{port}) or return 0;
    $conn->close;
    return 1;
}


# workers() -> pids of the master's children; they are remembered for the
# check that none is left

sub workers {
    my ($self) = @_;

    return () unless $self->{pid};
    my @pids = Lapor::Test::child_pids($self->{pid});
    $self->{seen}{$_} = 1 for @pids;
    @pids = sort { $a <=> $b } @pids;
    return @pids;
}


# reload(mute => 1): HUP, then waits until new workers run and the old ones no
# longer listen; these may still be finishing.  Returns the old ones' pids.
# Where Redis is mute nobody waits for its links.

sub reload {
    my ($self, %opt) = @_;

    # none, if /proc was read between the end of one and the start of the next

    my %old;
    Lapor::Test::wait_until { %old = map { $_ => 1 } $self->workers } 10;
    my $errors = () = $self->error_log =~ /\[emerg\]/g;
    kill 'HUP', $self->{pid};

    Lapor::Test::wait_until {
        my $now = () = $self->error_log =~ /\[emerg\]/g;
        die "nginx refused the configuration:\n" . $self->error_log
            if $now > $errors;
        grep { !$old{$_} } $self->workers;
    } 10, 'new workers';

    Lapor::Test::wait_until {
        my $log = $self->error_log;
        !grep { Lapor::Test::alive($_)
                && $log !~ / $_#\d+: gracefully shutting down/ } keys %old;
    } 10, 'old workers to stop listening';

    $self->settle unless $opt{mute};
    my @pids = sort { $a <=> $b } keys %old;
    return @pids;
}


# signal($name): to the master

sub signal { my ($self, $name) = @_; $self->workers; kill $name, $self->{pid} }


# wait_gone([$seconds, @pids]) -> true once those, or the master and all
# workers ever seen, have ended

sub wait_gone {
    my ($self, $seconds, @pids) = @_;

    return Lapor::Test::wait_until {
        return !grep { Lapor::Test::alive($_) } @pids if @pids;
        return 0 if $self->{pid}
                    && !defined Lapor::Test::reap($self->{pid});
        !grep { Lapor::Test::alive($_) } keys %{ $self->{seen} };
    } $seconds || 10;
}


# stop(): graceful; what is still there after 15 s is killed and reported by
# the hidden check

sub stop {
    my ($self) = @_;

    return unless $self->{pid};

    if ($self->{reloader}) {
        Lapor::Test::end_process(delete $self->{reloader}, 'KILL', 5);
    }

    $self->workers;

    if (!defined Lapor::Test::reap($self->{pid})) {
        kill 'QUIT', $self->{pid};
    }

    if (!$self->wait_gone(15)) {
        my @left = grep { Lapor::Test::alive($_) }
                   $self->{pid}, keys %{ $self->{seen} };
        $self->{left} = "@left";
        kill 'KILL', @left;
        $self->wait_gone(5);
    }

    delete $self->{pid};
    return $self;
}


# status() -> hash of the counters: name{labels} => value

sub status {
    my ($self, $uri) = @_;

    my $r = Lapor::HTTP::get($self->{port}, $uri || '/lapor_status');
    return map { /^(\S+(?:\{.*\})?) (\S+)$/ ? ($1 => $2) : () }
           grep { !/^#/ } split /\n/, $r->{body} || '';
}


# valgrind_words(@paths) -> what these logs say: any error, wherever it is, and
# leaks of ours. nginx itself leaves to the system what lives as long as it.

sub valgrind_words {
    my (@paths) = @_;

    return join '', grep { !/ definitely lost in / || /ngx_http_lapor/ }
                    map { split /^(?:==\d+== \n)+/m, Lapor::Test::slurp($_) }
                    @paths;
}


# check() -> the hidden checks, see Lapor::Test::watch

sub check {
    my ($self) = @_;

    my $logs = join '', map { Lapor::Test::slurp($_) }
               glob "$self->{dir}/logs/*";

    my $alerts = join '', grep {
        my $line = $_;
        $line =~ /\[(?:alert|emerg|crit)\]/
            && !grep { $line =~ $_ } @{ $self->{allow} };
    } split /^/, $self->error_log;

    my @cores = (glob("$self->{dir}/core*"), glob("$self->{dir}/*/core*"));
    my @words = grep { index($logs, $_) >= 0 } @{ $self->{forbid} };

    return (
        ['no alert in nginx\'s error log', $alerts],
        ['no sanitizer line from nginx', Lapor::Test::sanitizer_lines(
            glob("$self->{dir}/asan/*"), glob "$self->{dir}/logs/*")],
        ['no word of valgrind about nginx', valgrind_words(
            glob "$self->{dir}/valgrind/*")],
        ['no core of nginx', "@cores"],
        ['no process of nginx is left', $self->{left} || ''],
        ['no secret in nginx\'s logs', "@words"],
    );
}


1;
