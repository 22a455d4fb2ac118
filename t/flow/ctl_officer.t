#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl officer add, remove and list, and what lapor-intake makes of it.

use strict;
use warnings;

use JSON::PP ();

use Lapor::Test;
use Lapor::Intake;

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my %none = map { $_ => undef } grep { /^LAPOR_|^PG/
    && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
my $in = Lapor::Intake->new;
my $conf = spew("$DIR/lapor.conf", join '', map { "$_\n" }
    'redis = ' . $in->redis->address,
    'database = ' . $in->pg->dsn('lapor_ctl'), '[laporctl]');

sub ctl { return run_cmd({ env => { %none, LAPOR_CONF => $conf } }, $CTL, @_) }

# table($out) -> its rows, blanks between columns as one bar
sub table { return [map { s/ {2,}/|/gr } split /\n/, $_[0]] }

# wrote($from) -> origin of the report, how many answers were ordered
sub wrote {
    my ($from) = @_;
    my $m = message(text => 'ada kebakaran rumah', from => $from);
    $in->add(body($m));
    $in->drained;
    return $in->cell("SELECT r.origin || ' ' || (SELECT count(*) FROM"
        . ' lapor.task t WHERE t.part = r.part AND t.report_id = r.report_id'
        . " AND t.kind = 'reply') FROM lapor.report r JOIN lapor.message m"
        . " USING (part, report_id) WHERE m.wamid = '$m->{id}'");
}

$in->pg->psql("SELECT lapor.unit_put('POLRES-' || n, 'polres', 'polres',
    'Polres ' || n, NULL, NULL, NULL, true, NULL, NULL)
    FROM unnest(ARRAY['A', 'B']) n");

my $head = 'NOMOR|SATUAN|NAMA|AKTIF';
my ($rc, $out, $err) = ctl('officer', 'list');
is($rc, 0, 'a list without officers') or diag($err);
is_deeply(table($out), [$head], 'is a head alone');


# numbers as people write them, and a user id

is(wrote(phone(1)), 'citizen 1', 'before that he is a citizen');
for my $case (['+62 800-0000-0009', 'added'], [phone(1), 'added'],
              [phone(1), 'same'], ['ID.Perwira1', 'added'])
{
    my ($number, $word) = @$case;
    ($rc, $out, $err) = ctl('officer', 'add', $number, 'POLRES-A');
    is($rc, 0, "officer add $number") or diag($err);
    is($out, "$word\n", $word);
}
is($in->cell("SELECT string_agg(identity, ' ' ORDER BY identity)"
             . ' FROM lapor.officer'), join(' ', phone(1), phone(9),
             'ID.Perwira1'), 'kept as Meta spells them');
is(wrote(phone(1)), 'officer 0', 'what he writes is an officer\'s report');

($rc, $out) = ctl('--json', 'officer', 'add', phone(1), 'POLRES-B');
is_deeply($json->decode($out), { officer => 'changed' }, 'he changes his unit');

($rc, $out) = ctl('officer', 'list');
is_deeply(table($out), [$head, phone(9) . '|POLRES-A|Polres A|ya',
    'ID.Perwira1|POLRES-A|Polres A|ya', phone(1) . '|POLRES-B|Polres B|ya'],
    'the list, by unit');
($rc, $out) = ctl('officer', 'list', 'POLRES-B', '--json');
is_deeply([map { $json->decode($_) } split /\n/, $out],
    [{ identity => phone(1), unit => 'POLRES-B', active => JSON::PP::true }],
    'of one unit, as JSON');


# removed

($rc, $out, $err) = ctl('officer', 'remove', phone(1), 'POLRES-A');
is($rc, 1, 'he is no officer of that unit');
like($err, qr/\Q@{[ phone(1) ]}\E is no officer of POLRES-A/, 'which is told');
is((ctl('officer', 'remove', phone(1), 'POLRES-B'))[0], 0, 'but of that one');
is((ctl('officer', 'remove', phone(1), 'POLRES-B'))[0], 1, 'once');
is((ctl('officer', 'remove', phone(2), 'POLRES-B'))[0], 1,
   'nor is anybody made by it');
is($in->cell('SELECT count(*) FROM lapor.officer'), 3, 'of those three');
is((split / /, wrote(phone(1)))[0], 'citizen', 'he is a citizen again');
unlike((ctl('officer', 'list'))[1], qr/\Q@{[ phone(1) ]}\E/, 'not in the list');
like((ctl('officer', 'list', '--all'))[1], qr/\Q@{[ phone(1) ]}\E.*tidak$/m,
     'unless all are asked for');
is((ctl('officer', 'add', phone(1), 'POLRES-B'))[1], "changed\n",
   'and may come back');


# what is wrong

for my $wrong ('0800-0000-0001', '12', '+62x', '628' . '0' x 14, '', '@nama',
               'ID. 1', 'ID.', 'budi', 'POLRES-B', 'ID.' . 'x' x 254,
               "62800\xe2\x80\x930000")
{
    ($rc, $out, $err) = ctl('officer', 'add', $wrong, 'POLRES-A');
    is($rc, 64, "refused: " . substr $wrong =~ s{[^!-~]+}{?}gr, 0, 20);
    like($err, qr/is no number|neither|country code/, 'with the reason');
}
is((ctl('officer', 'add', 'ID.' . 'x' x 253, 'POLRES-A'))[0], 0,
   'as long as may be');
($rc, $out, $err) = ctl('officer', 'add', phone(3), 'POLRES-X');
is($rc, 1, 'an unknown unit');
is($err, qq{laporctl: there is no unit "POLRES-X"\n}, 'is told');
for my $list (['officer', 'list', 'POLRES-X'],
              ['report', 'list', '--unit', 'POLRES-X'])
{
    ($rc, $out, $err) = ctl(@$list);
    is($rc, 1, "$list->[0] list of an unknown unit");
    is($err, qq{laporctl: there is no unit "POLRES-X"\n}, 'is told');
    is($out, '', 'and no empty list');
}

done_testing();
