package Lapor::Store;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The schema's functions as the workers call them (those for a batch of
# messages in one, store.sql), and sessions that hold transactions open side
# by side.
#
#     my $db = Lapor::Store->new;                 # starts a PostgreSQL
#     my $in = $db->session('lapor_intake');
#     my @rows = ingest($in, 0, { wamid => 'wamid.A', body => 'Tolong' });
#     $in->send('SELECT ...');                    # does not wait
#     $db->blocked($in);                          # until it waits for a lock
#     my @rows = $in->rows;                       # what came of it
#
# Times are seconds from the moment at which the test began; undef is 'epoch'.

use strict;
use warnings;

use IPC::Open2 ();
use POSIX ();
use Time::HiRes ();

use Lapor::Pg ();
use Lapor::Test ();

use base 'Exporter';

our @EXPORT = qw(at part_of ingest store open_batch link_identities statuses
                 dump_tables quote pg_array);

my $T0 = int Time::HiRes::time();


sub new {
    my ($class, %opt) = @_;

    my $self = bless { pg => Lapor::Pg->new(%opt) }, $class;
    helpers($self->{pg});
    $self->{admin} = $self->session;
    return $self;
}


# helpers($pg): lapor_test.intake_store

sub helpers {
    my ($pg) = @_;

    return $pg->psql(Lapor::Test::slurp(
        Lapor::Test::repo_dir() . '/t/lib/Lapor/store.sql'));
}


sub pg    { return $_[0]{pg} }
sub admin { return $_[0]{admin} }


# one($sql) -> the first cell; rows($sql) -> all rows, as superuser

sub one  { my $self = shift; return $self->{admin}->one(@_) }
sub rows { my $self = shift; return $self->{admin}->query(@_) }


sub session {
    my ($self, $role) = @_;
    return Lapor::Store::Session->new($self->{pg}, $role);
}


# blocked($session): waits until it waits for a lock

sub blocked {
    my ($self, $session) = @_;

    return Lapor::Test::wait_until {
        $self->one("SELECT cardinality(pg_blocking_pids($session->{backend}))")
            > 0;
    } 10, 'a session to wait for a lock';
}


# --- values

sub at {
    my ($seconds) = @_;

    return 'epoch' unless defined $seconds;
    return $seconds if $seconds !~ /^-?[\d.]+\z/;

    # apart, since a double holds no microseconds beside the years
    my $whole = POSIX::floor($seconds);
    return POSIX::strftime('%Y-%m-%d %H:%M:%S', gmtime $T0 + $whole)
           . sprintf('.%06.0f+00', ($seconds - $whole) * 1e6);
}


# part_of($identity): FNV-1a of its characters, modulo 256

sub part_of {
    my ($text) = @_;

    my $hash = 2166136261;
    $hash = (($hash ^ $_) * 16777619) & 0xffffffff for unpack 'C*', $text;
    return $hash % 256;
}


sub quote {
    my ($value) = @_;

    return 'NULL' unless defined $value;
    $value =~ s/'/''/g;
    return "E'" . ($value =~ s/\\/\\\\/gr) . "'";
}


sub pg_array {
    my ($type, @values) = @_;

    return 'ARRAY[' . join(', ', map { quote($_) } @values) . "]::${type}[]";
}


# --- calls

my $raw_id = 0;

# the message that a citizen would send; what a test names stands

sub message {
    my ($m) = @_;

    my $identity = exists $m->{identity} ? $m->{identity} : '6280000000001';

    return {
        identity => $identity, kind => 'phone', peer => undef, name => undef,
        username => undef, sent_at => 0, received_at => 0,
        raw_id => ++$raw_id, number => '1000000001', type => 'text',
        body => 'Ada laporan', detail => '{}', damaged => 'f',
        category => 'ambigu', urgency => 'P3', function => 'operator',
        sensitive => 'f', prank => 0, confidence => 0.5, opens => 't',
        answers => 't', %$m,
    };
}


# open_batch($session, $part, @messages) -> one hash a message that is new

sub open_batch {
    my ($session, $part, @messages) = @_;

    return map {
        { idx => $_->[0], home => $_->[1], reporter_id => $_->[2],
          peer => $_->[3] }
    } $session->query("SELECT * FROM lapor.intake_open(${part}::smallint, "
        . join(', ', pg_array('text', map { $_->{wamid} } @messages),
               pg_array('timestamptz', map { at($_->{sent_at}) } @messages),
               pg_array('text', map { $_->{identity} } @messages)) . ')');
}


my @COLUMNS = (
    [reporter_id => 'bigint'], [identity => 'text'], [kind => 'text'],
    [peer => 'text'], [name => 'text'], [username => 'text'],
    [wamid => 'text'], [sent_at => 'timestamptz'],
    [received_at => 'timestamptz'], [raw_id => 'bigint'],
    [number => 'text'], [type => 'text'], [body => 'text'],
    [detail => 'text'], [damaged => 'boolean'], [media_id => 'text'],
    [mime_type => 'text'], [filename => 'text'], [sha256 => 'text'],
    [url => 'text'], [category => 'text'], [urgency => 'text'],
    [function => 'text'], [sensitive => 'boolean'], [prank => 'real'],
    [confidence => 'real'], [opens => 'boolean'], [answers => 'boolean'],
    [lat => 'double precision'], [lon => 'double precision'],
);


sub store_sql {
    my ($part, $now, @messages) = @_;

    return "SELECT * FROM lapor_test.intake_store(${part}::smallint, "
        . quote(at($now)) . '::timestamptz, '
        . join(', ', map {
              my ($name, $type) = @$_;
              pg_array($type, map { $type eq 'timestamptz' ? at($_->{$name})
                                    : $_->{$name} } @messages)
          } @COLUMNS) . ')';
}


# store($session, $part, $now, @messages) -> one hash a message

sub store {
    my ($session, $part, $now, @messages) = @_;

    return stored($session->query(
        store_sql($part, $now, map { message($_) } @messages)));
}


sub stored {
    return map {
        { idx => $_->[0], reporter_id => $_->[1], report_id => $_->[2],
          opened => $_->[3], answer => $_->[4], media => $_->[5] }
    } @_;
}


sub link_identities {
    my ($session, $part, @links) = @_;

    $session->query("SELECT lapor.identity_link(${part}::smallint, "
        . join(', ', pg_array('text', map { $_->{identity} } @links),
               pg_array('text', map { $_->{kind} } @links),
               pg_array('text', map { $_->{peer} } @links),
               pg_array('smallint', map { $_->{home} } @links),
               pg_array('bigint', map { $_->{reporter_id} } @links),
               pg_array('timestamptz',
                        map { at($_->{received_at}) } @links)) . ')');
}


# ingest($session, $now, @messages) -> one hash a new message: a batch of
# senders that have one identity each, in one transaction, as the intake does

sub ingest {
    my ($session, $now, @messages) = @_;

    my %part;
    for my $given (@messages) {
        my $m = message($given);
        push @{ $part{ exists $m->{part} ? $m->{part}
                       : part_of($m->{identity}) } }, $m;
    }

    $session->query('BEGIN');
    my @stored = eval {
        my (%home, @rows);
        for my $part (sort { $a <=> $b } keys %part) {
            for my $new (open_batch($session, $part, @{ $part{$part} })) {
                my $m = $part{$part}[$new->{idx} - 1];
                $m->{reporter_id} = $new->{reporter_id};
                my $home = defined $new->{home} ? $new->{home} : $part;
                push @{ $home{$home} }, $m;
            }
        }

        for my $home (sort { $a <=> $b } keys %home) {
            push @rows, map { $_->{home} = $home; $_ }
                stored($session->query(
                    store_sql($home, $now, @{ $home{$home} })));
        }
        $session->query('COMMIT');
        @rows;
    };

    if (my $error = $@) {
        $session->query('ROLLBACK');
        die $error;
    }
    return @stored;
}


# statuses($session, $part, [task_id, wamid, state, at, code, title,
#          billable, category, type, origin, received] ...)

sub statuses {
    my ($session, $part, @statuses) = @_;

    $session->query(statuses_sql($part, @statuses));
}


sub statuses_sql {
    my ($part, @statuses) = @_;

    return "SELECT lapor.status_store(${part}::smallint, "
        . join(', ', pg_array('bigint', map { $_->[0] } @statuses),
               pg_array('text', map { $_->[1] } @statuses),
               pg_array('text', map { $_->[2] } @statuses),
               pg_array('timestamptz', map { at($_->[3]) } @statuses),
               pg_array('timestamptz', map { at($_->[10] || 0) } @statuses),
               pg_array('integer', map { $_->[4] } @statuses),
               pg_array('text', map { $_->[5] } @statuses),
               pg_array('boolean', map { $_->[6] } @statuses),
               pg_array('text', map { $_->[7] } @statuses),
               pg_array('text', map { $_->[8] } @statuses),
               pg_array('text', map { $_->[9] } @statuses)) . ')';
}


# dump_tables($db) -> every row of every table, as one text

sub dump_tables {
    my ($db) = @_;

    my @tables = map { $_->[0] } $db->rows(q{
        SELECT c.oid::regclass FROM pg_class c
         WHERE c.relnamespace = 'lapor'::regnamespace
           AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         ORDER BY c.relname});

    return join '', map {
        my $table = $_;
        map { "$table $_->[0]\n" }
            $db->rows("SELECT t::text FROM $table t ORDER BY 1");
    } @tables;
}


package Lapor::Store::Session;

# One connection, kept open by a psql of its own.  A failed statement dies
# with the server's message in its long form, so that a test can look for the
# SQLSTATE and for the name of a constraint.

use strict;
use warnings;

my $END = '-- end of answer --';


sub new {
    my ($class, $pg, $role) = @_;

    my $self = bless { buffer => '' }, $class;
    my $env = Lapor::Pg::psql_env();
    local %ENV = %ENV;
    for my $name (keys %$env) {
        if (defined $env->{$name}) { $ENV{$name} = $env->{$name} }
        else { delete $ENV{$name} }
    }
    # a test may wait longer than a worker should
    $ENV{PGOPTIONS} = '-c statement_timeout=60s -c timezone=UTC';

    $self->{pid} = IPC::Open2::open2(my $out, my $in, '/bin/sh', '-c',
        'exec "$@" 2>&1', 'sh', "$pg->{bin}/psql", '-XqAt', '-v',
        'VERBOSITY=verbose', '-F', "\x1f", '-R', "\x1e", '-P', "null=\x01",
        '-d', $pg->dsn($role), '-f', '-');
    Lapor::Test::adopt($self->{pid});
    binmode $_ for $in, $out;
    $self->{in} = $in;
    $self->{out} = $out;
    $in->autoflush(1);

    $self->{backend} = $self->one('SELECT pg_backend_pid()');
    return $self;
}


sub backend { return $_[0]{backend} }


# send($sql): one statement, or several of which the last one has rows

sub send {
    my ($self, $sql) = @_;

    $sql =~ s/;?\s*\z/;\n/;
    print { $self->{in} } $sql, "\\warn '$END'\n";
    return $self;
}


# rows() -> the answer to what was sent; dies if it failed

sub rows {
    my ($self) = @_;

    my $length;
    while (($length = index $self->{buffer}, "$END\n") < 0) {
        my $ready = '';
        vec($ready, fileno $self->{out}, 1) = 1;
        select($ready, undef, undef, 120)
            or die "no answer from PostgreSQL\n";
        sysread $self->{out}, $self->{buffer}, 65536, length $self->{buffer}
            or die "psql has ended: $self->{buffer}\n";
    }

    my $answer = substr $self->{buffer}, 0, $length;
    substr $self->{buffer}, 0, $length + 1 + length $END, '';
    die $answer if $answer =~ /^(?:psql:.*?)?(?:ERROR|FATAL):/m;
    my @rows;
    return @rows unless $answer =~ s/\n\z//;

    @rows = map { [map { $_ eq "\x01" ? undef : $_ }
                  $_ eq '' ? '' : split /\x1f/, $_, -1] }
            split /\x1e/, $answer, -1;
    return @rows;
}


sub query { my ($self, $sql) = @_; return $self->send($sql)->rows }
sub one   { my @rows = $_[0]->query($_[1]); return @rows ? $rows[0][0] : undef }


# state($sql) -> [SQLSTATE, name of the constraint], [] if it did not fail

sub state {
    my ($self, $sql) = @_;

    eval { $self->query($sql); 1 } and return [];
    my $error = $@;
    my ($state) = $error =~ /(?:ERROR|FATAL):\s+(\w{5}):/;
    my ($name) = $error =~ /^CONSTRAINT NAME:\s+(\S+)/m;
    return [$state, defined $name ? $name : ''];
}


sub close {
    my ($self) = @_;

    close $self->{in};
    Lapor::Test::end_process($self->{pid}, 'TERM', 5);
}


1;
