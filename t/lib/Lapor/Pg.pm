package Lapor::Pg;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A private PostgreSQL for a test, with the schema loaded as `laporctl setup`
# does, on a unix socket in a directory of its own.  The cluster is made once
# for each content of schema/ and kept below the build directory; a test
# copies it and is up within a second.
#
#     my $pg = Lapor::Pg->new;
#     my $dsn = $pg->dsn('lapor_intake');
#     my @rows = $pg->psql('SELECT part, wamid FROM lapor.message');
#     my $n = $pg->psql('SELECT count(*) FROM lapor.message');

use strict;
use warnings;

use Digest::SHA ();
use Fcntl qw(LOCK_EX);
use File::Basename qw(basename);
use File::Glob ':bsd_glob';      # a blank in a path is no separator
use File::Path ();

use Lapor::System ();
use Lapor::Test ();

my @MODES = (
    "listen_addresses = ''",
    "port = 5432",
    "max_connections = 60",
    "shared_buffers = 16MB",
    "fsync = off",
    "full_page_writes = off",
    "jit = off",
    "log_error_verbosity = terse",
    "log_min_error_statement = panic",
    "log_parameter_max_length = 0",
    "log_parameter_max_length_on_error = 0",
    "log_line_prefix = '%m [%p] %q%u@%d '",
);


# new(dir => path, config => {name => value}, segment => MB, start => 1) ->
# object.  Segments of the write-ahead log have 1 MB here, to be small; who
# measures takes PostgreSQL's own 16.

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir => $opt{dir} || Lapor::Test::test_dir(),
        config => $opt{config} || {}, segment => $opt{segment} || 1,
    }, $class;

    $self->{bin} = bin_dir();
    mkdir $self->{dir};
    my $home = "$self->{dir}/pg";
    mkdir $home or die "could not make $home: $!";
    $self->{home} = $home;

    my $template = template($self->{bin}, $self->{segment});
    system('cp', '-a', $template, "$home/data") == 0
        or die "could not copy $template\n";
    own($home);

    $self->configure(%{ $self->{config} });
    Lapor::Test::watch($self);
    $self->start unless defined $opt{start} && !$opt{start};
    return $self;
}


sub dir      { return $_[0]{dir} }
sub host     { return $_[0]{home} }     # the socket's directory
sub pid      { return $_[0]{pid} }
sub log_path { return "$_[0]{home}/log" }
sub log      { return Lapor::Test::slurp($_[0]->log_path) }


# dsn($role) -> a connection string of libpq; postgres (superuser) by default

sub dsn {
    my ($self, $role) = @_;

    return "host=$self->{home} port=5432 dbname=lapor user="
           . ($role || 'postgres');
}


# psql($sql [, $role]) -> the rows of the last statement's result, each a
# reference to an array of texts (undef for NULL); in scalar context the first
# cell.  Dies with the server's message.

sub psql {
    my ($self, $sql, $role) = @_;

    my ($rc, $out, $err) = Lapor::Test::run_cmd(
        { stdin => $sql, env => psql_env() },
        "$self->{bin}/psql", '-XqAt', '-v', 'ON_ERROR_STOP=1',
        '-F', "\x1f", '-R', "\x1e", '-P', "null=\x01",
        '-d', $self->dsn($role), '-f', '-');
    die "psql: $err" if $rc != 0;

    my @rows;
    if ($out =~ s/\n\z//) {
        for my $row ($out eq '' ? '' : split /\x1e/, $out, -1) {
            push @rows, [map { $_ eq "\x01" ? undef : $_ }
                         $row eq '' ? '' : split /\x1f/, $row, -1];
        }
    }

    return wantarray ? @rows : @rows ? $rows[0][0] : undef;
}


# configure(name => value ...): settings from the next start on

sub configure {
    my ($self, %config) = @_;

    $self->{config} = { %{ $self->{config} }, %config };
    Lapor::Test::spew("$self->{home}/data/postgresql.auto.conf", join '',
        map { "$_\n" } @MODES, 'min_wal_size = ' . 4 * $self->{segment} . 'MB',
        "unix_socket_directories = '$self->{home}'",
        map { "$_ = '$self->{config}{$_}'" } sort keys %{ $self->{config} });
    own("$self->{home}/data/postgresql.auto.conf");
}


sub start {
    my ($self) = @_;

    return $self if $self->{pid};

    my @argv = as_nobody("$self->{bin}/postgres", '-D', "$self->{home}/data");
    $self->{pid} = Lapor::Test::spawn(argv => \@argv,
        out => $self->log_path, err => $self->log_path,
        dir => $self->{home}, env => psql_env());

    Lapor::Test::wait_until {
        die "postgres ended at once:\n" . $self->log
            if defined Lapor::Test::reap($self->{pid});
        eval { $self->psql('SELECT 1') };
    } 30, 'postgres to answer' or die "postgres is not up\n" . $self->log;

    return $self;
}


# stop(): "fast", every session is ended

sub stop {
    my ($self) = @_;

    return unless $self->{pid};
    $self->resume;
    Lapor::Test::end_process(delete $self->{pid}, 'INT', 30);
    return $self;
}


# kill9(): postmaster and all its children, as a crash would

sub kill9 {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return $self;
    my @children = Lapor::Test::child_pids($pid);

    kill 'KILL', $pid, @children;
    Lapor::Test::end_process($pid, 'KILL', 10);
    Lapor::Test::wait_until { !grep { Lapor::Test::alive($_) } @children } 10;
    return $self;
}


# pause(), resume(): it is there, accepts and says nothing

sub pause {
    my ($self) = @_;
    kill 'STOP', $self->{pid}, Lapor::Test::child_pids($self->{pid});
}


sub resume {
    my ($self) = @_;
    kill 'CONT', $self->{pid}, Lapor::Test::child_pids($self->{pid});
}


sub check {
    my ($self) = @_;

    return (['postgres crashed nowhere',
             join '', grep { /PANIC:|was terminated by signal (?!9)/ }
                      split /^/, $self->log]);
}


# --- the template

# bin_dir() -> where the server's programs are; without them the test is
# skipped

sub bin_dir {
    return Lapor::System::postgres_bin()
        || Lapor::Test::need_program('/usr/lib/postgresql/bin/postgres');
}


# migrations() -> paths of schema/NNN_*.sql in their order

sub migrations {
    my $repo = Lapor::Test::repo_dir();
    return sort glob "$repo/schema/[0-9][0-9][0-9]_*.sql";
}


sub template {
    my ($bin, $segment) = @_;

    my $sha = Digest::SHA->new(256);
    $sha->add($bin, "\n$segment\n");
    $sha->addfile($_)
        for __FILE__, Lapor::Test::repo_dir() . '/schema/roles.sql',
            migrations();
    my $hash = substr $sha->hexdigest, 0, 16;

    my $base = Lapor::Test::build_dir() . '/t';
    File::Path::make_path($base);
    my $path = "$base/pg-template-$hash";
    return $path if -d $path;

    open my $lock, '>>', "$base/pg-template.lock"
        or die "could not open $base/pg-template.lock: $!";
    flock $lock, LOCK_EX or die "could not lock: $!";
    return $path if -d $path;

    # what other contents of schema/ left; nobody copies from them any more
    for my $old (glob "$base/pg-template-*") {
        File::Path::remove_tree($old) if -d $old && -M $old > 0.1;
    }

    make_template($bin, $segment, $path);
    return $path;
}


# The build directory may be closed to the user that PostgreSQL runs as, so
# the cluster is made in a directory of the test and moved there when ready.

sub make_template {
    my ($bin, $segment, $path) = @_;

    my $home = Lapor::Test::test_dir() . '/pg';
    mkdir $home or die "could not make $home: $!";
    own($home);

    my ($rc, $out, $err) = Lapor::Test::run_cmd({ env => psql_env() },
        as_nobody("$bin/initdb", '-D', "$home/data", '-U', 'postgres',
                  '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8',
                  "--wal-segsize=$segment", '--no-sync', '--no-instructions'));
    die "initdb: $out$err" if $rc != 0;

    my $self = bless { dir => $home, home => $home, bin => $bin,
                       segment => $segment, config => {} }, __PACKAGE__;
    $self->configure;
    eval { load($self); 1 } or do {
        my $error = $@;
        $self->stop;
        die $error;
    };
    $self->stop;

    system('cp', '-a', "$home/data", "$path.$$") == 0
        or die "could not copy the template\n";
    rename "$path.$$", $path or die "could not rename to $path: $!";
}


sub load {
    my ($self) = @_;

    # psql() of start() needs the database; make it with a single-user server
    my ($rc, $out, $err) = Lapor::Test::run_cmd(
        { stdin => "CREATE DATABASE lapor\n", env => psql_env() },
        as_nobody("$self->{bin}/postgres", '--single', '-D',
                  "$self->{home}/data", 'postgres'));
    die "postgres --single: $out$err" if $rc != 0;

    $self->start;
    $self->psql(Lapor::Test::slurp(Lapor::Test::repo_dir()
                                   . '/schema/roles.sql'));
    $self->psql('CREATE SCHEMA lapor AUTHORIZATION lapor_owner;'
        . ' SET ROLE lapor_owner;'
        . ' CREATE TABLE lapor.schema_migration (version int PRIMARY KEY,'
        . ' name text NOT NULL, sha256 text NOT NULL,'
        . ' applied_at timestamptz NOT NULL DEFAULT now())');

    for my $file (migrations()) {
        my $name = basename($file);
        my ($version) = $name =~ /^(\d+)/;

        eval {
            $self->psql('BEGIN; SET LOCAL ROLE lapor_owner;'
                . ' INSERT INTO lapor.schema_migration VALUES ('
                . join(', ', $version + 0, "'$name'",
                       "'" . Digest::SHA::sha256_hex(
                           Lapor::Test::slurp($file)) . "'") . ");\n"
                . Lapor::Test::slurp($file) . "\nCOMMIT");
            1;
        } or die "$name: $@";
    }
}


sub as_nobody {
    my @argv = @_;

    return @argv if $> != 0;
    return (Lapor::Test::need_program('setpriv'), '--reuid=nobody',
            '--regid=nogroup', '--clear-groups', @argv);
}


# own($path): PostgreSQL must own its directory

sub own {
    my ($path) = @_;

    return if $> != 0;
    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    chown $uid, $gid, $path or die "could not chown $path: $!";
}


# The caller's own settings of libpq must not lead elsewhere.

sub psql_env {
    return { (map { $_ => undef } grep { /^PG/ } keys %ENV),
             LD_PRELOAD => undef, LC_ALL => 'C' };
}


1;
