#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl silence against a real database: what it prints, what it exits
# with, and that a webhook through lapor-intake ends the alarm.

use strict;
use warnings;

use JSON::PP ();

use Lapor::Test;
use Lapor::Intake;

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;
my $in = Lapor::Intake->new;
my $pg = $in->pg;
my ($SILENT, $FRESH) = ('100000000000110', '100000000000112');

my $CONF = spew("$DIR/lapor.conf", join '', map { "$_\n" }
    'redis = ' . $in->redis->address, 'database = ' . $pg->dsn('lapor_ctl'),
    "media_dir = $DIR", '[laporctl]');


sub ctl {
    my $env = ref $_[0] eq 'HASH' ? shift : {};
    my %none = map { $_ => undef } grep { /^LAPOR_|^PG|^JOURNAL/
        && !/^LAPOR_(ASAN|BUILD|CI)/ } keys %ENV;
    return run_cmd({ env => { %none, LAPOR_CONF => $CONF, %$env } }, $CTL,
                   @_);
}


sub lines { return map { $json->decode($_) } split /\n/, $_[0] }

# check_line($out) -> what laporctl check says of it
sub check_line { return (ctl('check'))[1] =~ /^(\w+ +silence: .*)$/m }


{
    my ($rc, $out, $err) = ctl('silence');
    is($rc, 0, 'no numbers, no silence') or diag($err);
    is($out =~ tr/\n//, 1, 'a head alone');
    is($err, '', 'nothing is said');
}

$pg->psql("SELECT lapor.unit_put('POLRES-' || n, 'polres', 'polres', 'P',
    NULL, NULL, NULL, true, '1000000000001' || n, NULL)
    FROM unnest(ARRAY[10, 12]) n");

{
    my ($rc, $out) = ctl('silence', '--json');
    is($rc, 0, 'numbers that never had anything are no alarm');
    is(join(' ', map { "$_->{unit} $_->{verdict}" } lines($out)),
       'POLRES-10 never POLRES-12 never', 'but they are told');
    like((check_line())[0], qr/^WARN +silence: 2 numbers never had a message/,
         'by check, too');
}

# two persons a minute, for 16 days until half an hour ago
$pg->psql("INSERT INTO lapor.message (part, message_id, report_id, sent_at,
        received_at, raw_id, direction, type, wamid, phone_number_id)
    SELECT n % 256, n, n, at, at, 1, 'in', 'text', 'wamid.' || n, '$SILENT'
      FROM generate_series(1, 2 * 60 * 24 * 16) n,
           LATERAL (SELECT now() - interval '30 minutes'
                           - n * interval '30 seconds' AS at) q");

{
    my ($rc, $out, $err) = ctl('silence');
    is($rc, 1, 'a number that usually has webhooks and has none');
    my @rows = map { s/ {2,}/|/gr =~ s/\|20\S+ \S+\|3\d\|6\d\.\d\|/|...|/r }
               split /\n/, $out;
    is_deeply(\@rows,
        ['SATUAN|PHONE_NUMBER_ID|TERAKHIR|MENIT|BIASANYA|KEADAAN',
         "POLRES-10|$SILENT|...|DIAM",
         "POLRES-12|$FRESH|-|-|-|belum pernah ada"], 'the table');
    my $told = "alarm: no webhook for 3\\d minutes unit=POLRES-10 "
             . "phone_number_id=$SILENT expected_persons=6\\d\\.\\d\n";
    like($err, qr/\Alaporctl: $told\z/, 'one line says which');

    (undef, undef, $err) = ctl({ JOURNAL_STREAM => '1:1' }, 'silence');
    like($err, qr/\A<3>$told\z/,
         'to a journal with the priority of errors');

    ($rc, $out, $err) = ctl('silence', '--json');
    is($rc, 1, 'the same as JSON');
    is(join(' ', map { $_->{verdict} } lines($out)), 'silent never',
       'a line a number');

    is((ctl('silence', '--minutes', '120'))[0], 0,
       'one may wait longer than it has lasted');
    is((ctl('silence', '--minutes', '0'))[0], 64, 'but not for nothing');
    is((ctl('silence', '--minutes', 'lama'))[0], 64, 'or for words');

    like((check_line())[0],
         qr/^FAIL +silence: 1 numbers hear nothing, POLRES-10 is the first/,
         'check fails by it');
}

{
    # a real message ends it, and only for its own number
    my $message = body(value(number => $FRESH, messages => [
        message(from => phone(7), text => 'tolong')]));
    $in->add($message);
    $in->drained;
    is((ctl('silence'))[0], 1, 'what comes to another number is no help');

    $in->add($message =~ s/$FRESH/$SILENT/r =~ s/"wamid\./"wamid.S/r);
    $in->drained;
    my ($rc, $out, $err) = ctl('silence');
    is($rc, 0, 'a webhook has come: no alarm') or diag($out, $err);
    is($err, '', 'nothing is said');
    is((check_line())[0] =~ s/ +/ /gr,
       'OK silence: no number is silent that usually is not', 'check agrees');
}

{
    my ($rc, $out, $err) = ctl('silence', '--database',
                               $pg->dsn('lapor_reader'));
    is($rc, 0, 'the reader may ask, too') or diag($err);
    ($rc, $out, $err) = ctl('silence', '--database',
                            $pg->dsn('lapor_intake'));
    is($rc, 2, 'who may not, does not know');
    like($err, qr/permission denied.*42501/, 'and why');

    $in->in->allow(qr/could not connect to/);
    $pg->stop;
    ($rc, $out, $err) = ctl('silence');
    is($rc, 2, 'without a database nobody knows');
    like($err, qr/\Alaporctl: could not connect to the database: .+\n\z/,
         'which is told, once');
    is($out, '', 'and nothing else');

    spew("$DIR/broken.conf", "databse = x\n");
    is((ctl('-c', "$DIR/broken.conf", 'silence'))[0], 78,
       'a wrong configuration is one');
}

done_testing();
