#!/usr/bin/perl

# The audit: a chain of hashes a report, its head on the report's row. Any
# change to any column of any link is found, and so is a link too many or too
# few; the head is another party's to keep. No role of ours can change it.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

use Digest::SHA qw(sha256);

my $db = Lapor::Store->new;
my $in = $db->session('lapor_intake');
my $part = 7;

# a report of five links, another of one
my ($row) = store($in, $part, 0, { wamid => 'wamid.1' });
store($in, $part, 1, { wamid => 'wamid.2', sent_at => 1, sensitive => 't' });
my ($other) = store($in, $part, 0, { wamid => 'wamid.3',
                                     identity => '6280000000002' });
my $report = $row->{report_id};
my $task = $db->one("SELECT task_id FROM lapor.task
                      WHERE report_id = $report");
$db->rows("SELECT lapor.reply_sent($part\::smallint, $task, 'wamid.4',
                                   now())");
$db->rows("SELECT lapor.event_append($part\::smallint, $report, 'noted',
               'Petugas Ñ', '{\"b\": 1.50, \"a\": \"garis\\nbaru ✓\"}')")
    for 1, 2;

sub intact {
    my ($id) = @_;
    return $db->one("SELECT lapor.event_check($part\::smallint, "
                    . (defined $id ? $id : $report) . ')');
}

is($db->one("SELECT string_agg(kind, ' ' ORDER BY seq) FROM lapor.event
              WHERE report_id = $report"),
   'opened raised answered noted noted', 'five links');
is(intact(), 't', 'a chain is whole');
is(intact($other->{report_id}), 't', 'another is');
is(intact(1), 'f', 'none is not');

# the hash is what is written above lapor.event_hash, computed elsewhere
my $prev = "\0" x 32;
my $same = 1;
for my $link ($db->rows("SELECT report_id, seq,
        (extract(epoch FROM at) * 1000000)::bigint, kind, actor, data,
        encode(hash, 'hex') FROM lapor.event WHERE report_id = $report
        ORDER BY seq"))
{
    my @fields = @$link;
    my $hash = pop @fields;
    $prev = sha256($prev . join '', map { "$_\n" } @fields);
    $same &&= unpack('H*', $prev) eq $hash;
}
ok($same, 'anybody can compute the hashes');
is($db->one("SELECT encode(head, 'hex') FROM lapor.report
              WHERE report_id = $report"), unpack('H*', $prev),
   'the last one is the head');


# --- tampering

# found($name, $sql): the change is seen, and gone again
sub found {
    my ($name, @sql) = @_;

    $db->rows('BEGIN');
    my $before = intact();
    my $changed = eval { $db->rows($_) for @sql; 1 };
    my $error = $@;
    my $after = $changed ? intact() : '?';
    $db->rows('ROLLBACK');
    is("$before$after", 'tf', $name) or diag($error);
}

my %change = (
    part => 'part + 1', report_id => 'report_id + 1',
    at => "at + interval '1 microsecond'", seq => 'seq + 100',
    kind => "kind || 'x'", actor => "actor || 'x'",
    data => "data || '{\"x\": 1}'",
    prev => "sha256(prev)", hash => "sha256(hash)",
);
my @columns = map { $_->[0] } $db->rows(q{
    SELECT attname FROM pg_attribute
     WHERE attrelid = 'lapor.event'::regclass AND attnum > 0
       AND NOT attisdropped ORDER BY attnum});
is("@columns", 'part report_id at seq kind actor data prev hash',
   'the columns of a link');

for my $column (@columns) {
    found("$column of link $_ changed",
          "UPDATE lapor.event SET $column = $change{$column}
            WHERE report_id = $report AND seq = $_") for 1, 3, 5;
}

found("link $_ is gone", "DELETE FROM lapor.event
        WHERE report_id = $report AND seq = $_") for 1 .. 5;
found('all are gone', "DELETE FROM lapor.event WHERE report_id = $report");
found('the last is gone, and not counted',
      "DELETE FROM lapor.event WHERE report_id = $report AND seq = 5",
      "UPDATE lapor.report SET events = 4 WHERE report_id = $report");
found('a link too many',
      "INSERT INTO lapor.event SELECT e.* FROM lapor.report,
              lapor.event_link($part\::smallint, $report, 6, head, 'noted',
                               'x', '{}') e
        WHERE report.report_id = $report");
found('a link of another report', "UPDATE lapor.event SET report_id = $report,
        seq = 6 WHERE report_id = $other->{report_id}");
found('two links swapped',
      "UPDATE lapor.event SET seq = 10 - seq
        WHERE report_id = $report AND seq IN (4, 5)",
      "UPDATE lapor.event SET seq = seq - 1
        WHERE report_id = $report AND seq IN (5, 6)");
found('a link changed, and its hash made right',
      "UPDATE lapor.event SET actor = 'x', hash = lapor.event_hash(prev,
              report_id, seq, at, kind, 'x', data)
        WHERE report_id = $report AND seq = 3");
found('even with the next link following',
      "UPDATE lapor.event SET actor = 'x', hash = lapor.event_hash(prev,
              report_id, seq, at, kind, 'x', data)
        WHERE report_id = $report AND seq = 4",
      "UPDATE lapor.event e SET prev = b.hash, hash = lapor.event_hash(
              b.hash, e.report_id, e.seq, e.at, e.kind, e.actor, e.data)
         FROM lapor.event b
        WHERE e.report_id = $report AND e.seq = 5
          AND b.report_id = $report AND b.seq = 4");
found('head of the report changed',
      "UPDATE lapor.report SET head = sha256(head)
        WHERE report_id = $report");
found('events of the report changed',
      "UPDATE lapor.report SET events = events + 1
        WHERE report_id = $report");

# the fields cannot flow into each other: no line feed in kind and actor
for my $column (qw(kind actor)) {
    is_deeply($db->admin->state("UPDATE lapor.event
                  SET $column = 'a' || chr(10) || 'b'
                WHERE report_id = $report AND seq = 1"),
              ['23514', "event_${column}_check"],
              "no line feed in an event's $column");
}
is(intact(), 't', 'and the chain is whole after all');


# --- who may

for my $role (qw(lapor_intake lapor_media lapor_reply lapor_ctl
                 lapor_reader))
{
    my $session = $db->session($role);
    my %refused;
    for my $sql ("UPDATE lapor.event SET actor = 'x'",
                 "UPDATE lapor.event_default SET actor = 'x'",
                 'DELETE FROM lapor.event', 'TRUNCATE lapor.event',
                 "INSERT INTO lapor.event SELECT * FROM lapor.event",
                 'DROP TABLE lapor.event_default',
                 'ALTER TABLE lapor.event DISABLE ROW LEVEL SECURITY',
                 "UPDATE lapor.report SET head = sha256(head)",
                 "SELECT lapor.event_append($part\::smallint, $report, 'x',
                                            'x', '{}')",
                 "SELECT lapor.event_link($part\::smallint, $report, 9,
                                          '\\x00', 'x', 'x', '{}')",
                 'SET ROLE lapor_owner')
    {
        $refused{ $session->state($sql)->[0] || "allowed: $sql" }++;
    }
    is_deeply(\%refused, { 42501 => 11 }, "$role cannot touch the audit");
    $session->close;
}

is($db->one("SELECT string_agg(proname, ' ') FROM pg_proc
              WHERE pronamespace = 'lapor'::regnamespace
                AND prosrc ~* '(update|delete\\s+from|truncate)\\s+lapor\\.event\\M'"),
   undef, 'no function changes or deletes a link');

done_testing();
