package Bench::Server;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The servers under test. Each has one worker, a port on 127.0.0.1, no access
# log, the body's limits of conf/nginx/lapor.conf and, but for `read` and
# `hmac`, a Redis of its own behind a unix socket.

use strict;
use warnings;

use Bench::Proc ();
use Lapor::HTTP ();
use Lapor::Nginx ();
use Lapor::Redis ();
use Lapor::System qw(slurp);
use Lapor::Test ();

our $CONNECTIONS = 12000;

# what Redis is set to for each promise
my %aof = (
    memory   => { appendonly => 'no' },
    everysec => { appendonly => 'yes', appendfsync => 'everysec' },
    fsync    => { appendonly => 'yes', appendfsync => 'always' },
);

my %make = (read => \&make_read, hmac => \&make_hmac, lapor => \&make_lapor,
            lua => \&make_lua, node => \&make_node);


# new($name, $dir): NAME is read, hmac, or lapor, lua, node with -ACK behind

sub new {
    my ($class, $name, $dir) = @_;

    my ($kind, $ack) = $name =~ /^(\w+?)(?:-(\w+))?$/;
    my $self = bless { name => $name, kind => $kind, dir => "$dir/$name" },
                     $class;
    mkdir $self->{dir} or die "could not make $self->{dir}: $!\n";
    chmod 0755, $self->{dir};

    $self->{redis} = Lapor::Redis->new(dir => "$self->{dir}/redis",
        config => { %{ $aof{$ack} }, 'auto-aof-rewrite-percentage' => 0 })
        if $ack;
    $self->{ack} = $ack;

    $make{$kind}->($self);
    $self->pids;
    return $self;
}


sub name { return $_[0]{name} }
sub ack  { return $_[0]{ack} }
sub port { return $_[0]{port} }
sub dir  { return $_[0]{dir} }
sub redis { return $_[0]{redis} }

sub front_pids { return @{ $_[0]{front} } }
sub redis_pids { return $_[0]{redis} ? ($_[0]{redis}->pid) : () }
sub redis_socket { return $_[0]{redis}->address =~ s/^unix://r }
sub worker     { return $_[0]{front}[-1] }


sub pids {
    my ($self) = @_;

    $self->{front} = [Bench::Proc::tree($self->{pid})];
}


# stop(): it and its Redis

sub stop {
    my ($self) = @_;

    $self->{nginx}->stop if $self->{nginx};
    $self->{redis}->stop if $self->{redis};
}


# stored() -> entries in all streams, undef without a Redis

sub stored {
    my ($self) = @_;

    my $redis = $self->{redis} or return undef;
    my $n = 0;
    $n += $redis->cmd('XLEN', $_) for @{ $redis->cmd('KEYS', '*') };
    return $n;
}


# spooled() -> webhooks that went to disk since it runs, 0 without a spool

sub spooled {
    my ($self) = @_;

    return 0 unless $self->{kind} eq 'lapor';
    my %status = $self->{nginx}->status('/lapor/status');
    return $status{'lapor_webhooks_total{result="spooled"}'} || 0;
}


# clean(): an empty Redis with an empty file

sub clean {
    my ($self) = @_;

    my $redis = $self->{redis} or return;
    $redis->cmd('FLUSHALL', 'SYNC');
    return if $self->{ack} eq 'memory';

    $redis->cmd('BGREWRITEAOF');
    Lapor::Test::wait_until {
        my $info = $redis->cmd('INFO', 'persistence');
        $info =~ /aof_rewrite_in_progress:0/
            && $info =~ /aof_rewrite_scheduled:0/
            && $info =~ /aof_pending_bio_fsync:0/;
    } 20, 'a short file of Redis';
}


sub make_read {
    my ($self) = @_;

    $self->nginx([Lapor::Test::build_path('bench/ngx_http_bench_module.so')],
        '', 'bench_read;');
}


sub make_hmac {
    my ($self) = @_;

    $self->nginx([Lapor::Test::build_path('bench/ngx_http_bench_module.so')],
        '', 'bench_hmac %%SECRET%%;');
}


# all that conf/nginx/lapor.conf switches on, as far as this module knows it

sub make_lapor {
    my ($self) = @_;

    my $module = Lapor::Test::build_path('ngx_http_lapor_module.so');
    my $http = "lapor_app_secret_file %%SECRET%%;\n"
        . "lapor_verify_token_file %%TOKEN%%;\n"
        . 'lapor_redis ' . $self->{redis}->address . ";\n"
        . "lapor_ack $self->{ack};\n";
    $http .= "lapor_spool %%DIR%%/spool size=4g;\n"
        if slurp($module) =~ /\0lapor_spool\0/;

    $self->nginx([$module], $http, 'lapor_webhook on;',
        'location = /lapor/status { lapor_status; }');
}


sub make_lua {
    my ($self) = @_;

    my $repo = Lapor::Test::repo_dir();
    my $from = "$repo/build/unpacked";
    my ($library) = glob "$from/libluajit2-5.1-2/usr/lib/*/";
    die "the Lua module is not unpacked below $from: use ./dev bench\n"
        unless defined $library;

    my @modules = (
        "$from/libnginx-mod-http-ndk/usr/lib/nginx/modules/ndk_http_module.so",
        "$from/libnginx-mod-http-lua/usr/lib/nginx/modules/"
        . 'ngx_http_lua_module.so');
    my $path = join ';', "$repo/t/bench/lua/?.lua",
        map { "$from/$_/usr/share/lua/5.1/?.lua" }
        qw(lua-resty-core lua-resty-lrucache lua-nginx-redis);
    my $redis = $self->{redis}->address;

    $self->{env} = { LD_LIBRARY_PATH => $library };
    $self->nginx(\@modules, <<"END_OF_HTTP",
lua_package_path "$path;;";
init_by_lua_block {
    require("receiver").setup("%%SECRET%%", "$redis")
}
END_OF_HTTP
        'content_by_lua_block { require("receiver").handle() }');
}


sub make_node {
    my ($self) = @_;

    my $node = Lapor::Test::have_program('node')
        || Lapor::Test::have_program('nodejs')
        || die "node is not installed: use ./dev bench\n";
    my $repo = Lapor::Test::repo_dir();
    my $secret = Lapor::System::spew("$self->{dir}/app_secret",
        "$Lapor::HTTP::SECRET\n", 0600);

    $self->{port} = Lapor::Test::free_port();
    $self->{pid} = Lapor::Test::spawn(
        argv => [$node, "$repo/t/bench/node/server.js", $self->{port},
                 $self->{redis}->socket, $secret],
        env => { NODE_PATH => "$repo/build/bench/node/node_modules",
                 NODE_ENV => 'production' },
        out => "$self->{dir}/out", err => "$self->{dir}/out");

    my $up = Lapor::Test::wait_until {
        die "node ended at once: " . slurp("$self->{dir}/out")
            if defined Lapor::Test::reap($self->{pid});
        my $conn = Lapor::HTTP->connect($self->{port});
        $conn->close if $conn;
        $conn;
    } 20, 'node to listen';
    die "node is not up\n" unless $up;
}


# nginx([modules], http, location [, server]): texts for these contexts

sub nginx {
    my ($self, $modules, $http, $location, $server) = @_;

    my $nginx = Lapor::Nginx->new(dir => "$self->{dir}/nginx",
                                  level => 'notice', env => $self->{env});
    my $dir = $nginx->dir;
    my $user = $> == 0 ? "user nobody nogroup;\n" : '';
    my $load = join '', map { "load_module \"$_\";\n" } @$modules;
    my $temporary = join '', map { "${_}_temp_path $dir/tmp/$_;\n" }
                    qw(client_body proxy fastcgi uwsgi scgi);
    my $files = $CONNECTIONS + 100;
    $server = '' unless defined $server;

    $nginx->conf(<<"END_OF_CONF")->run;
${user}daemon off;
pid $dir/nginx.pid;
error_log $dir/logs/error.log notice;
${load}worker_processes 1;
worker_rlimit_nofile $files;
events {
    worker_connections $CONNECTIONS;
}
http {
    ${temporary}access_log off;
    $http
    server {
        listen 127.0.0.1:%%PORT%%;
        client_max_body_size    4m;
        client_body_buffer_size 4m;
        location = /webhook/whatsapp {
            $location
        }
        $server
    }
}
END_OF_CONF

    $self->{nginx} = $nginx;
    $self->{pid} = $nginx->pid;
    $self->{port} = $nginx->port;
}


1;
