#!/usr/bin/perl

# Report codes: never twice, growing from four symbols to eight, read back
# however people type them, and wrong ones found out.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $db = Lapor::Store->new;
my $symbols = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
is(length $symbols, 31, 'the alphabet has 31 symbols, a prime');

my $four = 961;                 # codes of four symbols a part
my $six = 961 ** 2;
my $eight = 961 ** 3;

sub code {
    my ($part, $n) = @_;
    return $db->one("SELECT lapor.code_make($part\::smallint, $n)");
}

# reads(@texts) -> what code_read makes of each, 'part code' or ''
sub reads {
    return map { defined $_->[1] ? "$_->[0] $_->[1]" : '' }
        $db->rows('SELECT (lapor.code_read(t)).* FROM unnest('
                  . pg_array('text', @_)
                  . ') WITH ORDINALITY u (t, n) ORDER BY n');
}


# --- uniqueness and growth

is($db->one("SELECT count(*) - count(DISTINCT c) || ' ' || count(*)
               FROM (SELECT lapor.code_make(p::smallint, n) AS c
                       FROM generate_series(0, 255) p,
                            generate_series(0, 39) n) q"), '0 10240',
   'the first forty of all parts are different');
is($db->one("SELECT count(*) - count(DISTINCT c) || ' ' || min(length(c))
                    || ' ' || max(length(c))
               FROM (SELECT lapor.code_make(200::smallint, n) AS c
                       FROM generate_series(0, $four + 20000) n) q"),
   '0 8 11', 'one part, from four symbols into six');
is($db->one("SELECT count(*) - count(DISTINCT c) FROM (
               SELECT lapor.code_make(9::smallint, n) AS c
                 FROM generate_series($four + $six - 3000,
                                      $four + $six + 3000) n) q"), 0,
   'from six into eight');

is(join(' ', map { length code(17, $_) }
        0, $four - 1, $four, $four + $six - 1, $four + $six,
        $four + $six + $eight - 1),
   '8 8 11 11 13 13', 'the lengths change where they should');
like(code(255, 0), qr/^K-\w{4}-\w\z/, 'four');
like(code(255, $four), qr/^K-\w{4}-\w\w-\w\z/, 'six');
like(code(255, $four + $six), qr/^K-\w{4}-\w{4}-\w\z/, 'eight');
is_deeply([$db->admin->state("SELECT lapor.code_make(1::smallint, "
                             . ($four + $six + $eight) . ')')->[0]],
          ['P0001'], 'and then no more');
is($db->one("SELECT count(*) FROM generate_series(0, 255) p,
                    unnest(ARRAY[0, 960, 961, 924481, 924482, 888428162]
                           ::bigint[]) n,
                    lapor.code_make(p::smallint, n) c,
                    lapor.code_read(c) r
              WHERE r.part <> p OR r.code <> c OR r.code IS NULL
                 OR c !~ '^K-[2-9A-HJKMNP-Z]{4}(-([2-9A-HJKMNP-Z]{2}){1,2})?-[2-9A-HJKMNP-Z]\$'"),
   0, 'every part is read back from its codes');

# neighbours do not look alike: in the first hundred of a part, two in a row
# never share the symbols behind the part's
my @hundred = map { substr $_->[0], 4, 2 } $db->rows(
    'SELECT lapor.code_make(3::smallint, n) FROM generate_series(0, 99) n');
is(scalar(grep { my @two = map { [split //] } @hundred[$_, $_ + 1];
                 $two[0][0] eq $two[1][0] && $two[0][1] eq $two[1][1] }
          0 .. 98), 0, 'neighbours differ');


# --- reading

my $code = code(200, 5);
my $long = code(200, $four + $six + 77);
(my $bare = $code) =~ s/-//g;
(my $long_bare = $long) =~ s/-//g;
is_deeply([reads($code, lc $code, $bare, lc $bare, " $code ", "$bare\t",
                 join(' ', split //, $bare), $code =~ s/-/\xe2\x80\x93/gr,
                 $long, lc $long_bare)],
          [("200 $code") x 8, ("200 $long") x 2],
          'any case, with and without dashes and blanks, or with the dashes '
          . 'into which telephones change them');

my $check = substr $code, -1;
(my $next = $symbols) =~ tr/2-9A-HJKMNP-Z/3-9A-HJKMNP-Z2/;
my $other = substr $next, index($symbols, $check), 1;
is_deeply([reads('', 'K', 'K-', $bare . '2', substr($bare, 0, -1),
                 substr($bare, 1), "X$bare", 'K-7Q4I-2', 'K-7Q4O-2',
                 'K-7Q41-2', 'K-7Q40-2', 'K-7Q4L-2', "$code'", "$code;",
                 "K-\xe2\x80\x93", 'K' x 9, 'K' x 100_000,
                 substr($code, 0, -1) . $other)],
          [('') x 18], 'what is no code is none');
is_deeply([map { @$_ } $db->rows('SELECT * FROM lapor.code_read(NULL)')],
          [undef, undef], 'nor is nothing');
is($db->one('SELECT lapor.report_show(NULL)'), undef,
   'nobody\'s report is nothing');
is($db->one("SELECT lapor.report_show('$code')"), undef,
   'a good code of no report');


# --- the check symbol

my @sample = map { $_->[0] } $db->rows("
    SELECT lapor.code_make((n * 37 % 256)::smallint, CASE n % 3
                           WHEN 0 THEN n * 13 WHEN 1 THEN $four + n * 7919
                           ELSE $four + $six + n * 104729 END)
      FROM generate_series(0, 59) n");
my (@wrong, @swapped);

for my $code (@sample) {
    (my $text = $code) =~ s/-//g;
    for my $i (1 .. length($text) - 1) {
        my $old = substr $text, $i, 1;
        for my $new (split //, $symbols) {
            next if $new eq $old;
            my $bad = $text;
            substr $bad, $i, 1, $new;
            push @wrong, $bad;
        }
        next if $i == length($text) - 1 || $old eq substr $text, $i + 1, 1;
        my $bad = $text;
        substr $bad, $i, 2, reverse substr($text, $i, 2);
        push @swapped, $bad;
    }
}
cmp_ok(scalar @wrong, '>', 10_000, 'single errors were made');
is(scalar(grep { $_ ne '' } reads(@wrong)), 0,
   'every single wrong symbol is found');
cmp_ok(scalar @swapped, '>', 300, 'neighbours were swapped');
is(scalar(grep { $_ ne '' } reads(@swapped)), 0,
   'every swap of two neighbours is found, the check symbol\'s too');


# --- as reports get them

my $in = $db->session('lapor_intake');
$db->rows('UPDATE lapor.part_counter SET reports = 955 WHERE part = 8');
my @rows = store($in, 8, 0, map {
    { identity => sprintf('62800000%05d', $_), wamid => "wamid.$_" } } 1 .. 12);
is($db->one("SELECT string_agg(length(code)::text, ' ' ORDER BY length(code))
               FROM lapor.report"), '8 8 8 8 8 8 11 11 11 11 11 11',
   'the 962nd report of a part has six symbols');
is($db->one('SELECT count(*) FROM lapor.report r,
                    lapor.code_read(r.code) c
              WHERE c.code = r.code AND c.part = r.part'), 12,
   'all can be read');
my ($mine) = map { @$_ } $db->rows('SELECT lower(replace(code, $$-$$, $$$$))
                                      FROM lapor.report LIMIT 1');
like($db->one("SELECT lapor.report_show('$mine')"), qr/"code": "K-/,
     'and shown however they are typed');

done_testing();
