package Lapor::Stack;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A whole Lapor of its own: PostgreSQL, Redis, nginx, the workers and the
# emulator of the Graph API, all private, all on loopback. `./dev` runs one
# below run/, and tests run theirs through `./dev`.
#
# DIR holds what people and scripts read: env, pids/, log/, and the settings
# that the instance was made with. Data, sockets, configuration and the
# programs lie in DATA, which is DIR/data unless the unprivileged user could
# not reach it or a socket's path would be too long there. Run by root,
# everything but the supervisor runs as `nobody`; else as who runs it.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Copy ();
use File::Spec ();
use IO::Socket::INET ();
use JSON::PP ();
use POSIX ();

use Lapor::System qw(slurp spew alive);

my $REPO = Cwd::abs_path(
    File::Spec->catdir(File::Basename::dirname(__FILE__), ('..') x 3));

# offsets from the port base
my %PORT = (nginx => 0, redis => 1, postgres => 2, graph => 3,
            'lapor-intake-0' => 4, 'lapor-media-0' => 5,
            'lapor-reply-0' => 6);

# the longest path of a unix socket is 107 bytes (unix(7)); ours ends in
# /sock/.s.PGSQL.NNNNN.lock
use constant DATA_PATH_MAX => 80;

my @KEEP = qw(port_base profile data app_secret verify_token graph_token
              reader_password plays);


# new(dir => path, port_base => N, profile => name): what is not given is as
# the instance was made, else the default

sub new {
    my ($class, %opt) = @_;

    mkdir $opt{dir} or $!{EEXIST} or die "could not make $opt{dir}: $!\n";
    my $dir = Cwd::abs_path($opt{dir})
        or die "could not find $opt{dir}: $!\n";

    my $self = bless { dir => $dir, port_base => 8100, profile => 'tarakan',
                       plays => 0 }, $class;

    if (-e "$dir/settings.json") {
        my $old = JSON::PP::decode_json(slurp("$dir/settings.json"));
        $self->{$_} = $old->{$_} for keys %$old;
    }

    for my $name (qw(port_base profile)) {
        $self->{$name} = $opt{$name} if defined $opt{$name};
    }

    $self->{build} = $ENV{LAPOR_BUILD}
        || ($ENV{LAPOR_ASAN} ? "$REPO/build/asan" : "$REPO/build");
    return $self;
}


sub repo  { return $REPO }
sub dir   { return $_[0]{dir} }
sub data  { return $_[0]{data} }
sub build { return $_[0]{build} }
sub port  { my ($self, $name) = @_; return $self->{port_base} + $PORT{$name} }


# save(): the settings, so that every later command finds the same instance

sub save {
    my ($self) = @_;

    my %keep = map { $_ => $self->{$_} } grep { defined $self->{$_} } @KEEP;
    spew("$self->{dir}/settings.json",
         JSON::PP->new->canonical->pretty->encode(\%keep), 0600);
    return;
}


# user() -> (uid, gid) that everything runs as, () for the caller's own

sub user {
    return () if $> != 0;

    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    die "there is no user nobody to run the servers as\n" unless defined $uid;
    return ($uid, $gid);
}


sub drop_privileges {
    my ($uid, $gid) = user();

    if (defined $uid) {
        $) = "$gid $gid";
        POSIX::setgid($gid);
        POSIX::setuid($uid);
        die "could not become uid $uid: $!\n" if $> != $uid || $< != $uid;
    }

    return;
}


# as_user($code): runs code in a child as the unprivileged user; true if the
# code was

sub as_user {
    my ($self, $code) = @_;

    my $pid = fork;
    die "could not fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        my $ok = eval { drop_privileges(); $code->() };
        warn $@ if $@;
        POSIX::_exit($ok ? 0 : 1);
    }

    waitpid $pid, 0;
    return $? == 0;
}


sub own {
    my ($path) = @_;

    my ($uid, $gid) = user();
    chown $uid, $gid, $path if defined $uid;
    return;
}


# choose_data(): finds DATA again or makes it

sub choose_data {
    my ($self) = @_;

    return if defined $self->{data} && -d $self->{data};

    my $data = "$self->{dir}/data";
    mkdir $data, 0700 or $!{EEXIST} or die "could not make $data: $!\n";
    own($data);

    # `stat` alone would be satisfied by what only root may enter
    if (length $data > DATA_PATH_MAX || $data =~ /[^A-Za-z0-9_.\/-]/
        || !$self->as_user(sub { chdir $data }))
    {
        rmdir $data;
        $data = '/var/tmp/lapor-' . random_hex(6);
        mkdir $data, 0700 or die "could not make $data: $!\n";
        own($data);
    }

    $self->{data} = $data;
    return;
}


# busy_port() -> "8101 (redis)" for the first port that somebody holds

sub busy_port {
    my ($self) = @_;

    for my $name (sort { $PORT{$a} <=> $PORT{$b} } keys %PORT) {
        my $port = $self->port($name);
        my $sock = IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
            LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1);

        return "$port ($name)" unless $sock;
        close $sock;
    }

    return '';
}


# prepare(): everything on disk that the servers need. Data of an earlier run
# stays; programs and configuration are made anew.

sub prepare {
    my ($self) = @_;

    my $data = $self->{data};

    mkdir "$self->{dir}/$_" for qw(pids log);

    for my $name (qw(bin etc sock log redis media graph nginx)) {
        mkdir "$data/$name", 0700;
        own("$data/$name");
    }

    $self->{app_secret}      ||= random_hex(16);
    $self->{verify_token}    ||= random_hex(12);
    $self->{graph_token}     ||= random_hex(24);
    $self->{reader_password} ||= random_hex(12);
    $self->save;

    for my $name (qw(lapor-intake lapor-media lapor-reply lapor-graph
                     ngx_http_lapor_module.so))
    {
        install("$self->{build}/$name", "$data/bin/$name");
    }

    $self->file($_, "$self->{$_}\n")
        for qw(app_secret verify_token graph_token);

    $self->init_postgres unless -e "$data/pg/PG_VERSION";

    $self->file('postgresql.conf', $self->postgres_conf);
    $self->file('redis.conf', $self->redis_conf);
    $self->file('nginx.conf', $self->nginx_conf);
    $self->file('lapor.conf', $self->lapor_conf);
    return;
}


# install($from, $to): copied beside and renamed, so that a program that runs
# keeps its old file

sub install {
    my ($from, $to) = @_;

    File::Copy::copy($from, "$to.new") or die "could not copy $from: $!\n";
    chmod 0755, "$to.new";
    own("$to.new");
    rename "$to.new", $to or die "could not rename to $to: $!\n";
    return;
}


sub file {
    my ($self, $name, $text) = @_;

    my $path = "$self->{data}/etc/$name";
    spew($path, $text, 0600);
    own($path);
    return $path;
}


sub postgres_bin {
    return Lapor::System::postgres_bin()
        || die "there is no PostgreSQL server of version 15 or later\n";
}


# init_postgres(): a half-made cluster of an interrupted run is thrown away

sub init_postgres {
    my ($self) = @_;

    my $data = $self->{data};
    my $bin = postgres_bin();

    system 'rm', '-rf', "$data/pg.new";

    $self->as_user(sub {
        $ENV{HOME} = $data;
        chdir $data;
        open STDOUT, '>', '/dev/null';
        return system("$bin/initdb", '-D', "$data/pg.new", '-U', 'postgres',
                      '--auth-local=trust', '--auth-host=scram-sha-256',
                      '-E', 'UTF8', '--locale=C.UTF-8', '--no-instructions')
               == 0;
    }) or die "initdb failed\n";

    rename "$data/pg.new", "$data/pg" or die "could not rename pg: $!\n";
    return;
}


sub postgres_conf {
    my ($self) = @_;

    my $data = $self->{data};
    my $port = $self->port('postgres');

    return slurp("$REPO/conf/postgresql/lapor.conf") . <<EOF;

data_directory = '$data/pg'
hba_file = '$data/pg/pg_hba.conf'
ident_file = '$data/pg/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$data/sock'
max_connections = 60
shared_buffers = 128MB
max_wal_size = 2GB
EOF
}


sub redis_conf {
    my ($self) = @_;

    my $data = $self->{data};
    my $port = $self->port('redis');

    return slurp("$REPO/conf/redis/lapor.conf") . <<EOF;

daemonize no
bind 127.0.0.1
port $port
unixsocket $data/sock/redis.sock
unixsocketperm 700
dir $data/redis
EOF
}


sub nginx_conf {
    my ($self) = @_;

    my $data = $self->{data};
    my $port = $self->port('nginx');

    return <<EOF;
daemon on;
worker_processes 2;
pid $data/nginx/nginx.pid;
error_log $data/log/nginx.log notice;
load_module $data/bin/ngx_http_lapor_module.so;

events {
    worker_connections 1024;
}

http {
    client_body_temp_path $data/nginx/body;
    proxy_temp_path $data/nginx/proxy;
    fastcgi_temp_path $data/nginx/fastcgi;
    uwsgi_temp_path $data/nginx/uwsgi;
    scgi_temp_path $data/nginx/scgi;

    # never the query: the handshake's holds the verify token
    log_format lapor '\$remote_addr [\$time_iso8601] \$request_method \$uri '
                     '\$status \$request_length \$request_time '
                     '\$lapor_result \$lapor_stream_id';
    access_log $data/log/access.log lapor;

    server {
        listen 127.0.0.1:$port backlog=4096;

        location = /webhook/whatsapp {
            lapor_webhook on;
            lapor_verify_token_file $data/etc/verify_token;
            lapor_app_secret_file $data/etc/app_secret;
            lapor_redis unix:$data/sock/redis.sock;
            lapor_spool $data/spool size=256m;
            client_max_body_size 4m;
            client_body_buffer_size 4m;
        }

        location = /status {
            lapor_status;
            access_log off;
        }
    }
}
EOF
}


sub lapor_conf {
    my ($self) = @_;

    my $data = $self->{data};
    my $graph = 'http://127.0.0.1:' . $self->port('graph');
    my $database = "host=$data/sock port=@{[ $self->port('postgres') ]} "
                 . 'dbname=lapor';
    my %metrics = map { $_ => '127.0.0.1:' . $self->port("lapor-$_-0") }
                  qw(intake media reply);

    return <<EOF;
redis = unix:$data/sock/redis.sock
media_dir = $data/media
graph_url = $graph

[intake]
database = $database user=lapor_intake
metrics = $metrics{intake}

[media]
database = $database user=lapor_media
metrics = $metrics{media}
graph_token = $data/etc/graph_token
media_hosts = $graph

[reply]
database = $database user=lapor_reply
metrics = $metrics{reply}
graph_token = $data/etc/graph_token

[laporctl]
database = $database user=lapor_ctl
graph_token = $data/etc/graph_token
app_secret = $data/etc/app_secret
verify_token = $data/etc/verify_token
webhook_url = @{[ $self->env->{LAPOR_WEBHOOK_URL} ]}
spool = $data/spool
EOF
}


# services() -> what the supervisor runs, in the order of starting:
# {name, argv, env; daemon => pid file of one that forks away; worker => 1 for
# what must wait until the schema is there}

sub services {
    my ($self) = @_;

    my $data = $self->{data};
    my @services = (
        { name => 'postgres',
          argv => [postgres_bin() . '/postgres', '-D', "$data/pg",
                   '-c', "config_file=$data/etc/postgresql.conf"] },
        { name => 'redis',
          argv => ['redis-server', "$data/etc/redis.conf"] },
        { name => 'graph',
          argv => ["$data/bin/lapor-graph", '--port', $self->port('graph'),
                   '--dir', "$data/graph",
                   '--phone-number-ids', join(',', $self->numbers),
                   '--webhook', $self->env->{LAPOR_WEBHOOK_URL},
                   '--secret-file', "$data/etc/app_secret",
                   '--token-file', "$data/etc/graph_token"] },
        { name => 'nginx', daemon => "$data/nginx/nginx.pid",
          env => $self->sanitizer_env,
          argv => [-x '/usr/sbin/nginx' ? '/usr/sbin/nginx' : 'nginx',
                   '-p', "$data/nginx", '-e', "$data/log/nginx.log",
                   '-c', "$data/etc/nginx.conf"] },
    );

    for my $name (qw(intake media reply)) {
        push @services, { name => "lapor-$name-0", worker => 1,
                          argv => ["$data/bin/lapor-$name", '-c',
                                   "$data/etc/lapor.conf"] };
    }

    return @services;
}


# sanitizer_env() -> what a plain nginx needs to load a sanitized module

sub sanitizer_env {
    my ($self) = @_;

    return {} unless $ENV{LAPOR_ASAN};

    return { LD_PRELOAD => Lapor::System::sanitizer_preload(),
             ASAN_OPTIONS => "detect_leaks=0:log_path=$self->{data}/log/asan" };
}


# env() -> what DIR/env says

sub env {
    my ($self) = @_;

    my $http = 'http://127.0.0.1:' . $self->port('nginx');
    my @numbers = $self->numbers;

    return {
        LAPOR_WEBHOOK_URL => "$http/webhook/whatsapp",
        LAPOR_APP_SECRET => $self->{app_secret},
        LAPOR_VERIFY_TOKEN => $self->{verify_token},
        LAPOR_REDIS_URL => 'redis://127.0.0.1:' . $self->port('redis'),
        LAPOR_DATABASE_URL => 'postgresql://lapor_reader:'
            . "$self->{reader_password}\@127.0.0.1:"
            . $self->port('postgres') . '/lapor',
        LAPOR_GRAPH_URL => 'http://127.0.0.1:' . $self->port('graph'),
        LAPOR_STATUS_URL => "$http/status",
        LAPOR_METRICS_URLS => join(',', map {
            'http://127.0.0.1:' . $self->port("lapor-$_-0") . '/metrics' }
            qw(intake media reply)),
        LAPOR_MEDIA_DIR => "$self->{data}/media",
        LAPOR_PHONE_NUMBER_ID => $numbers[0],
        LAPOR_PHONE_NUMBER_IDS => join(',', @numbers),
        LAPOR_CONF => "$self->{data}/etc/lapor.conf",
        LAPOR_DATA_DIR => $self->{data},
    };
}


sub write_env {
    my ($self) = @_;

    my $env = $self->env;
    spew("$self->{dir}/env",
         join('', map { "$_=$env->{$_}\n" } sort keys %$env), 0600);
    return;
}


sub demo_dir {
    my ($self) = @_;

    my $dir = "$REPO/conf/demo/$self->{profile}";
    die "there is no demo profile $self->{profile}\n" unless -d $dir;
    return $dir;
}


# numbers() -> the phone number ids of the profile, in the order of its file

sub numbers {
    my ($self) = @_;

    my @lines = split /\r?\n/, slurp($self->demo_dir . '/units.csv');
    my @names = split /,/, shift @lines;
    my ($column) = grep { $names[$_] eq 'phone_number_id' } 0 .. $#names;
    my @numbers;

    for my $line (@lines) {
        my @field = $line =~ /(?:^|,)("(?:[^"]|"")*"|[^,]*)/g;
        push @numbers, $field[$column]
            if defined $field[$column] && $field[$column] =~ /^\d+$/;
    }

    die "the profile $self->{profile} has no number\n" unless @numbers;
    return @numbers;
}


# pid($name) -> the pid in DIR/pids/NAME.pid, 0 if there is none alive

sub pid {
    my ($self, $name) = @_;

    my ($pid) = slurp("$self->{dir}/pids/$name.pid") =~ /^(\d+)$/;
    return $pid && alive($pid) ? $pid : 0;
}


# status() -> ([name, pid or 0, up 0|1], ...); a server is up when it accepts

sub status {
    my ($self) = @_;

    my $supervisor = $self->pid('supervisor');
    my @rows = (['supervisor', $supervisor, $supervisor ? 1 : 0]);

    return @rows unless defined $self->{data};

    for my $service ($self->services) {
        my $name = $service->{name};
        my $pid = $self->pid($name);
        my $up = $pid ? 1 : 0;

        if ($up && exists $PORT{$name}) {
            $up = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                PeerPort => $self->port($name), Timeout => 2) ? 1 : 0;
        }

        push @rows, [$name, $pid, $up];
    }

    return @rows;
}


sub random_hex {
    my ($n) = @_;

    open my $fh, '<:raw', '/dev/urandom' or die "could not open urandom: $!\n";
    read($fh, my $bytes, $n) == $n or die "could not read urandom: $!\n";
    return unpack 'H*', $bytes;
}


1;
