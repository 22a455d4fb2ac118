package Lapor::Outbox;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# lapor-media and lapor-reply between a PostgreSQL, a Redis and an emulator of
# their own; and reports, written as lapor-intake would, by its functions and
# its role.

use strict;
use warnings;

use Carp ();
use JSON::PP ();
use Time::HiRes qw(time);

use Lapor::Graph ();
use Lapor::Pg ();
use Lapor::Redis ();
use Lapor::Store ();
use Lapor::Test ();
use Lapor::Worker ();

# of nobody: as all numbers in our tests, 62 800-0000-xxxx
use constant NUMBER_ID => '106540352242922';

my $serial = 0;


# new(kind => 'media' or 'reply', own => {key => value}, graph => [arguments
#     of the emulator]) -> object with running servers and worker

sub new {
    my ($class, %opt) = @_;

    my $self = bless { kind => $opt{kind}, own => $opt{own} || {},
                       dir => Lapor::Test::test_dir() }, $class;

    $self->{pg} = Lapor::Pg->new;
    Lapor::Store::helpers($self->{pg});
    $self->{redis} = Lapor::Redis->new;
    $self->{graph} = Lapor::Graph->new(args => $opt{graph} || []);
    $self->{media_dir} = "$self->{dir}/media";
    mkdir $self->{media_dir};
    $self->token($self->{graph}->token);
    $self->{worker} = $self->worker;
    return $self;
}


sub pg        { return $_[0]{pg} }
sub redis     { return $_[0]{redis} }
sub graph     { return $_[0]{graph} }
sub media_dir { return $_[0]{media_dir} }
sub in        { return $_[0]{worker} }
sub rows      { my ($self, $sql) = @_; return $self->{pg}->psql($sql) }
sub cell      { my ($self, $sql) = @_; return scalar $self->{pg}->psql($sql) }


# token($text): into the file that the worker reads its access token from

sub token {
    my ($self, $text) = @_;

    return Lapor::Test::spew("$self->{dir}/token", "$text\n", 0600);
}


# worker(name => text, ...) -> one more worker

sub worker {
    my ($self, %own) = @_;

    my $name = $own{name} || "$self->{kind}-0";
    my $dir = "$self->{dir}/" . ++$serial;
    mkdir $dir;

    return Lapor::Worker->new(name => "lapor-$self->{kind}", dir => $dir,
        section => $self->{kind},
        common => { redis => $self->{redis}->address,
                    database => $self->{pg}->dsn("lapor_$self->{kind}"),
                    media_dir => $self->{media_dir},
                    graph_url => $self->{graph}->url,
                    graph_version => 'v23.0', log_level => 'debug' },
        own => { name => $name, graph_token => "$self->{dir}/token",
                 %{ $self->{own} }, %own });
}


# part($identity): FNV-1a, as everywhere

sub part {
    my ($identity) = @_;

    my $h = 2166136261;
    $h = (($h ^ $_) * 16777619) & 0xffffffff for unpack 'C*', $identity;
    return $h % 256;
}


sub phone { return sprintf '6280000%06d', $_[0] }


# wake(): as lapor-intake does after its commit

sub wake {
    my ($self) = @_;

    return $self->{redis}->cmd('PUBLISH', "lapor:wake:$self->{kind}", '1');
}


# quote($text) -> an SQL literal

sub quote {
    my ($text) = @_;

    return 'NULL' unless defined $text;
    $text =~ s/'/''/g;
    return "E'" . $text =~ s/\\/\\\\/gr . "'";
}


# report(from => digits or user id, answers => 0|1, text => words, number =>
#     phone number id, at => Unix time, media => {id, sha256_hex, mime}) ->
# {part, report_id, answer, media}: task ids, as far as tasks were made

sub report {
    my ($self, %r) = @_;

    $serial++;
    my $from = $r{from} || phone($serial);
    my $part = part($from);
    my $kind = $from =~ /^\d+$/ ? 'phone' : 'user_id';
    my $wamid = "wamid.OUT$$.$serial";
    my $at = 'to_timestamp(' . int($r{at} || time) . ')';
    my $number = $r{number} || NUMBER_ID;
    my $m = $r{media};
    my $type = $m ? 'image' : 'text';
    my $answers = $r{answers} ? 'true' : 'false';

    my %q = map { $_ => quote($m ? $m->{$_} : undef) } qw(id mime sha256_hex);
    my $text = quote(defined $r{text} ? $r{text} : 'ada kejadian');

    my ($row) = $self->{pg}->psql(<<"SQL", 'lapor_intake');
SELECT s.report_id, s.answer_task, s.media_task
  FROM lapor.intake_open(${part}::smallint, ARRAY['$wamid'], ARRAY[$at],
                         ARRAY['$from']) o,
       LATERAL lapor_test.intake_store(
           ${part}::smallint, clock_timestamp(), ARRAY[o.reporter_id],
           ARRAY['$from'], ARRAY['$kind'], ARRAY[NULL], ARRAY['Warga'],
           ARRAY[NULL], ARRAY['$wamid'], ARRAY[$at],
           ARRAY[clock_timestamp()], ARRAY[$serial], ARRAY['$number'],
           ARRAY['$type'], ARRAY[$text], ARRAY['{}'], ARRAY[false],
           ARRAY[$q{id}], ARRAY[$q{mime}], ARRAY[NULL],
           ARRAY[$q{sha256_hex}], ARRAY[NULL], ARRAY['ambigu'],
           ARRAY['P3'], ARRAY['operator'], ARRAY[false],
           ARRAY[0.0]::real[], ARRAY[0.5]::real[], ARRAY[true],
           ARRAY[$answers], ARRAY[NULL]::float8[], ARRAY[NULL]::float8[]) s
SQL

    Carp::croak('the message was not new') unless $row;

    my ($report_id) = @$row;
    my $task = sub {
        my ($where) = @_;
        return $self->cell("SELECT task_id FROM lapor.task WHERE part = $part"
            . " AND report_id = $report_id AND $where"
            . ' ORDER BY task_id DESC LIMIT 1');
    };

    $self->wake unless $r{quiet};
    return { part => $part, report_id => $report_id, from => $from,
             answer => $r{answers} ? $task->(q{kind = 'reply'}) : undef,
             media => $m ? $task->("media_id = $q{id}") : undef,
             media_id => $m ? $m->{id} : undef };
}


# task($report, 'answer' or 'media') -> its row as a hash

sub task {
    my ($self, $report, $which) = @_;

    return JSON::PP::decode_json($self->cell(
        'SELECT to_jsonb(t) || jsonb_build_object(\'wait\','
        . ' extract(epoch FROM t.run_at - clock_timestamp()))'
        . " FROM lapor.task t WHERE t.part = $report->{part}"
        . " AND t.task_id = $report->{$which}"));
}


# media($report) -> the row of its file as a hash

sub media {
    my ($self, $report) = @_;

    return JSON::PP::decode_json($self->cell(
        "SELECT to_jsonb(m) FROM lapor.media m WHERE part = $report->{part}"
        . " AND media_id = '$report->{media_id}'"));
}


# wait_task($report, $which, {column => value}, $seconds): until the row is
# so; -> the row, or undef

sub wait_task {
    my ($self, $report, $which, $want, $seconds) = @_;

    my $t;
    my $ok = Lapor::Test::wait_until {
        $t = eval { $self->task($report, $which) } or return 0;
        !grep { my $v = $t->{$_};
                !(defined $v && ref $want->{$_} eq 'Regexp'
                  ? $v =~ $want->{$_}
                  : (defined $v ? $v : '') eq $want->{$_}) } keys %$want;
    } $seconds || 10, 'task to be ' . join(', ', %$want);

    Test::More::diag(JSON::PP->new->canonical->encode($t || {}), "\n",
                     $self->in->log) unless $ok;
    return $ok ? $t : undef;
}


# events($report) -> kinds of its timeline, in order

sub events {
    my ($self, $report) = @_;

    return map { $_->[0] } $self->rows(
        "SELECT kind FROM lapor.event WHERE part = $report->{part}"
        . " AND report_id = $report->{report_id} ORDER BY seq");
}


# status($report, $wamid, $state): as lapor-intake stores a status that
# carries the task's key

sub status {
    my ($self, $report, $wamid, $state) = @_;

    $self->{pg}->psql("SELECT lapor.status_store($report->{part}::smallint,"
        . " ARRAY[$report->{answer}]::bigint[], ARRAY['$wamid'],"
        . " ARRAY['$state'], ARRAY[clock_timestamp()],"
        . ' ARRAY[clock_timestamp()], ARRAY[NULL]::integer[],'
        . ' ARRAY[NULL], ARRAY[NULL]::boolean[], ARRAY[NULL], ARRAY[NULL],'
        . ' ARRAY[NULL])', 'lapor_intake');
    return;
}


1;
