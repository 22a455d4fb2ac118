#!/usr/bin/perl

# Identities that move: what the functions of 007 write, what they refuse, and
# what two sessions at once do to each other. What a change means is decided
# in workers/intake/who.c and tested by t/unit/who_test.c and
# t/stream/people.t.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $db = Lapor::Store->new;
my $in = $db->session('lapor_intake');
my $two = $db->session('lapor_intake');
my $ever = '9223372036854775807';
my $never = '-9223372036854775808';

# write_sql($identity, $image, [since, until, reporter, seen, peer], ...)
sub write_sql {
    my ($identity, $image, @tenures) = @_;

    my $column = sub { my ($n, $type) = @_;
                       pg_array($type, map { $_->[$n] } @tenures) };
    return 'SELECT lapor.identity_write(7::smallint, ' . quote($identity)
        . ", 'phone', " . quote($image) . ', '
        . join(', ', $column->(0, 'bigint'), $column->(1, 'bigint'),
               pg_array('smallint', map { 7 } @tenures),
               $column->(2, 'bigint'), $column->(3, 'bigint'),
               $column->(4, 'text')) . ')';
}

sub image {
    my ($identity) = @_;
    return $in->one('SELECT * FROM lapor.identity_read(7::smallint, '
                    . "ARRAY['$identity'])");
}

sub refused {
    my ($session, $sql) = @_;
    return eval { $session->query($sql); 1 } ? '' : $@ =~ /(\d{5}):/ ? $1 : $@;
}

# time_of($ms) -> the time as SQL
sub time_of { return "(timestamptz 'epoch' + $_[0] * interval '1 ms')" }

# find($identity, $ms) -> reporter and early
sub find {
    my ($identity, $ms) = @_;
    return join ' ', map { defined $_ ? $_ : '-' } map { @$_ } $in->query(
        'SELECT reporter_id, early FROM lapor.identity_find(7::smallint,'
        . " ARRAY['$identity'], ARRAY[" . time_of($ms) . '])');
}


# --- times

is_deeply([$db->rows("SELECT lapor.time_ms(t), lapor.ms_time(lapor.time_ms(t))
                             = t FROM unnest(ARRAY['-infinity', 'epoch',
                      '2026-06-21 00:00:00.123+00', 'infinity']::timestamptz[])
                      WITH ORDINALITY u (t, n) ORDER BY n")],
    [[$never, 't'], [0, 't'], ['1782000000123', 't'], [$ever, 't']],
    'times as milliseconds, and back');


# --- tenures

is(image('n1'), undef, 'nobody');
$in->query(write_sql('n1', undef, [$never, 5000, 1, 1000, 'ID.1'],
                     [5000, $ever, 2, 6000, undef]));
my $image = "$never 5000 7 1 1000 ID.1\n5000 $ever 7 2 6000 ";
is(image('n1'), $image, 'what was written is read');
is(find('n1', 7000), '2 f', 'the holder now');
is(find('n1', 5500), '2 t', 'before he was first seen: somebody must look');
is(find('n1', 3000), '2 t', 'and before he had it');
is(find('n2', 3000), '', 'nobody has it');

is(refused($in, write_sql('n1', 'else', [$never, $ever, 3, 0, undef])),
   '40001', 'what is not as it was read is not written over');
is(refused($in, write_sql('n1', undef, [$never, $ever, 3, 0, undef])),
   '40001', 'nor what was not there');
is(image('n1'), $image, 'and nothing is changed');

$in->query(write_sql('n1', $image, [$never, 5000, 1, 1000, 'ID.1']));
is($db->one("SELECT count(*) FROM lapor.identity WHERE identity = 'n1'"), 0,
   'an identity that was given up has no row');
is(find('n1', 3000), '- t', 'but a message of before finds that it had');
is(find('n1', 8000), '', 'and one of later, nobody');
is_deeply([$in->query("SELECT * FROM lapor.identity_held(7::smallint,
                       7::smallint, 1)")], [['n1']],
          'who had it can be asked what he had');

sub link_sql {
    my ($identity, $reporter, $ms) = @_;
    return "SELECT lapor.identity_link(7::smallint, ARRAY['$identity'],
        ARRAY['phone'], ARRAY[NULL]::text[], ARRAY[7]::smallint[],
        ARRAY[$reporter]::bigint[], ARRAY[" . time_of($ms) . '])';
}

is(refused($in, link_sql('n1', 1, 3000)), '40001',
   'nobody gets it for a time when it was another\'s');
$in->query(link_sql('n1', 3, 9000));
is(image('n1'), "$never 5000 7 1 1000 ID.1\n5000 $ever 7 3 9000 ",
   'its next holder begins where the last one ended');
is(refused($in, link_sql('n1', 4, 9500)), '40001', 'and keeps it');


# --- two at once

$in->query('BEGIN');
$in->query(write_sql('n3', undef, [$never, 5000, 1, 1000, undef]));
$two->send(write_sql('n3', undef, [$never, $ever, 2, 1000, undef]));
ok($db->blocked($two), 'one writes an identity at a time');
$in->query('COMMIT');
like(eval { $two->rows; 1 } ? '' : $@, qr/40001/,
     'the other one must read again');

$in->query('BEGIN');
$in->query(write_sql('n4', undef, [$never, 5000, 1, 1000, undef]));
$two->send(link_sql('n4', 2, 3000));
ok($db->blocked($two), 'an identity that is given up just now');
$in->query('COMMIT');
like(eval { $two->rows; 1 } ? '' : $@, qr/40001/,
     'is not put in as if nobody had had it');

$in->query('BEGIN');
$in->query(link_sql('n5', 2, 3000));
$two->send(write_sql('n5', undef, [$never, $ever, 1, 1000, undef]));
ok($db->blocked($two), 'one that gets a holder just now');
$in->query('COMMIT');
like(eval { $two->rows; 1 } ? '' : $@, qr/40001/, 'is not taken from him');

# open_sql($identity, $peer, ...): new senders
sub open_sql {
    my %new = @_;
    my @ids = sort keys %new;
    return 'SELECT reporter_id, made FROM lapor.reporter_open(7::smallint, '
        . join(', ', pg_array('bigint', map { undef } @ids),
               pg_array('text', @ids), pg_array('text', map { 'phone' } @ids),
               pg_array('text', map { $new{$_} } @ids),
               map({ pg_array('text', map { undef } @ids) } 1, 2),
               pg_array('timestamptz', map { undef } @ids),
               'ARRAY[' . join(', ', map { time_of(1000) } @ids) . ']')
        . ') ORDER BY idx';
}

$in->query('BEGIN');
my ($one) = $in->query(open_sql(n6 => 'ID.6'));
is($one->[1], 't', 'a new sender is made, with his other identity');
$two->send(open_sql(n6 => 'ID.7', n7 => 'ID.8'));
ok($db->blocked($two), 'one who comes twice');
$in->query('COMMIT');
is_deeply([map { $_->[1] } $two->rows], ['f', 'f'],
          'is made once, and who comes with him is not taken for made');
is_deeply([$db->rows("SELECT peer FROM lapor.identity WHERE identity = 'n6'")],
          [['ID.6']], 'since not all is as it was told');


# --- usernames

sub use_sql {
    my ($reporter, $ms) = @_;
    return "SELECT * FROM lapor.identity_use(7::smallint, '\@warga',
        7::smallint, $reporter, " . time_of($ms) . ', 1, now())';
}

is(scalar(() = $in->query(use_sql(1, 5000))), 0, 'a username of nobody');
is(scalar(() = $in->query(use_sql(1, 6000))), 0, 'used again');
is(scalar(() = $in->query(use_sql(2, 4000))), 0,
   'somebody else used it earlier, it is told late');
is_deeply([$in->query(use_sql(2, 9000))], [[7, 1]],
          'somebody else uses it later: he learns who had it');
is_deeply([$in->query(use_sql(2, 9000))], [], 'once');
is(image('@warga'), "$never 9000 7 1 5000 \n9000 $ever 7 2 9000 ",
   'both are kept');


# --- reporters

my $ghost = $in->one('SELECT lapor.reporter_add(7::smallint, now())');
my $other = $in->one('SELECT lapor.reporter_add(8::smallint, now())');
for (1, 2) {
    $in->query("SELECT lapor.reporter_tie(7::smallint, $ghost, 8::smallint,
                $other, 'same', 1000, 5)");
}
is($db->one('SELECT count(*) FROM lapor.reporter_link'), 1,
   'a link is made once');
is(refused($in, "SELECT lapor.reporter_tie(7::smallint, 999999, 8::smallint,
                 $other, 'same', 1000, 5)"), '23503',
   'of somebody who is there');
$in->query("SELECT lapor.reporter_audit(7::smallint, $ghost,
    'identity_moved', '6280000000001', 'ID.1', 1000, 5)");
is($db->one('SELECT count(*) FROM lapor.event'), 0,
   'who has no open report has no audit');

my ($row) = ingest($in, 0, { identity => '6280000000077', wamid => 'w77' });
$in->query("SELECT lapor.reporter_audit($row->{home}::smallint,
    $row->{reporter_id}, 'identity_moved', '6280000000077', NULL, 1000, 5)");
is_deeply([$db->rows("SELECT kind, data->>'identity', data ? 'peer'
             FROM lapor.event WHERE report_id = $row->{report_id}
              AND kind LIKE 'identity%'")],
   [['identity_moved', $db->one("SELECT lapor.phone_mask('6280000000077')"),
     'f']], 'an open one says it, masked');
is($db->one("SELECT lapor.event_check($row->{home}::smallint,
             $row->{report_id})"), 't', 'in its chain');


# --- the history is only added to

for my $sql ("UPDATE lapor.identity_history SET what = 'moved'",
             'DELETE FROM lapor.identity_history') {
    is(refused($in, $sql), '42501', "$sql: nobody may");
}
is($db->one("SELECT count(*) FROM pg_proc WHERE pronamespace = 'lapor'::regnamespace
     AND prosrc ~ '(UPDATE|DELETE FROM)\\s+lapor.identity_history'"), 0,
   'and no function does');

done_testing();
