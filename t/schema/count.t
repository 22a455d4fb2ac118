#!/usr/bin/perl

# How many entries of a stream are done: exact, whatever is told twice, in
# one call or in two sessions at once.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

use Digest::SHA qw(sha256_hex);

my $db = Lapor::Store->new;
my $in = $db->session('lapor_intake');
my $two = $db->session('lapor_intake');

# raws([body, second of receipt, stream, entry] ...) -> the call that stores
# them in part 3; without a body for undef
sub raws {
    my (@raw) = @_;

    my @id = map { hex(substr sha256_hex(defined $_->[0] ? $_->[0]
                                         : $_->[3]), 0, 8) } @raw;
    return 'SELECT lapor.raw_store(3::smallint, '
        . join(', ', pg_array('bigint', @id),
               pg_array('timestamptz', map { at($_->[1]) } @raw),
               pg_array('text', map { "lapor:{03}:$_->[2]" } @raw),
               pg_array('text', map { $_->[3] } @raw),
               pg_array('bytea', map { '\x' . sha256_hex($_->[3]) } @raw),
               pg_array('bytea', map { defined $_->[0]
                   ? '\x' . unpack 'H*', $_->[0] : undef } @raw)) . ')';
}

sub done {
    return join ' ', map { "$_->[0]=$_->[1]" } $db->rows(
        "SELECT substr(stream, 12), done FROM lapor.stream_count
          WHERE part = 3 ORDER BY 1");
}

my @first = (['a', 1, 'msg', '1-0'], ['b', 1, 'msg', '2-0'],
             ['c', 1, 'status', '2-0']);
is($in->one(raws(@first)), 3, 'three webhooks');
is(done(), 'msg=2 status=1', 'are counted by stream');

is($in->one(raws(@first)), 0, 'read once more, none is new');
is(done(), 'msg=2 status=1', 'and none is counted');

is($in->one(raws(['a', 1, 'msg', '9-0'], ['a', 2, 'msg', '9-1'],
                 $first[1])), 1, 'the same bytes in other entries');
is(done(), 'msg=4 status=1', 'each entry is counted');
is($in->one(raws(['a', 1, 'msg', '9-0'], ['a', 2, 'msg', '9-1'])), 0,
   'once');
is(done(), 'msg=4 status=1', 'that is');
is($db->one('SELECT string_agg(entry_id, $$ $$) FROM lapor.raw_again'),
   '9-0', 'one has a row elsewhere');

is($in->one(raws(['d', 5, 'msg', '10-0'], ['d', 5, 'msg', '10-1'],
                 ['d', 5, 'status', '10-0'])), 1,
   'three times the same in one millisecond and one call');
is(done(), 'msg=6 status=2', 'three entries');

my @same = map { ['s' . $_ % 3, 5, 'msg', "10-$_"] } 2 .. 41;
is($in->one(raws(@same)), 3, 'three webhooks, many times each');
is($db->one("SELECT string_agg(entry_id, ' ' ORDER BY entry_id)
               FROM lapor.raw_webhook WHERE body IN ('s0', 's1', 's2')"),
   '10-2 10-3 10-4', 'the first entry of each has its row');

is($in->one(raws([undef, 6, 'msg', '11-0'])), 0, 'an entry without a body');
is(done(), 'msg=47 status=2', 'is done, too');
$in->one(raws([undef, 6, 'msg', '11-0']));
is(done(), 'msg=47 status=2', 'once');

is_deeply([$in->query('SELECT * FROM lapor.stream_done() ORDER BY stream')],
          [['lapor:{03}:msg', 47, '11-0'], ['lapor:{03}:status', 2, '10-0']],
          'the highest id by its numbers');

# two consumers have the same entry at the same time
$in->query('BEGIN');
$in->one(raws(['e', 7, 'msg', '12-0']));
$two->send(raws(['e', 7, 'msg', '12-0'], ['e', 7, 'msg', '12-1']));
$db->blocked($two);
$in->query('COMMIT');
is_deeply([$two->rows], [[0]], 'whoever comes second finds it');
is(done(), 'msg=49 status=2', 'and counts what is his');

# one that is undone counts nothing
$in->query('BEGIN');
$in->one(raws(['f', 8, 'msg', '13-0']));
$in->query('ROLLBACK');
is(done(), 'msg=49 status=2', 'what is undone is not done');
is($db->one('SELECT sum(done) FROM lapor.stream_count'),
   $db->one('SELECT (SELECT count(*) FROM lapor.raw_webhook)
                    + (SELECT count(*) FROM lapor.raw_again)'),
   'every entry has a row in one of two tables');


# --- an item that is dead stays as it died

my $dead = "SELECT lapor.quarantine_store(3::smallint, 1, now(), 0,
    'lapor:{03}:msg', '1-0', '%s', NULL, 'x', clock_timestamp())";
$dead =~ s/now\(\)/'2026-01-01'/;

sub grave {
    return join ' ', map { @$_ } $db->rows(
        'SELECT times, state, reason, dead_at FROM lapor.quarantine');
}

$in->query(sprintf $dead, 'r');
my $grave = grave();
$in->query(sprintf $dead, 'r');
is(grave(), $grave, 'an entry read once more changes nothing');
$in->query(sprintf $dead, 'q');
like(grave(), qr/^2 dead q /, 'another reason does');
$db->one("SELECT lapor.quarantine_replayed(3::smallint, 1, '2026-01-01', 0)");
$in->query(sprintf $dead, 'q');
like(grave(), qr/^3 dead q /, 'and so does a replay that failed');

done_testing();
