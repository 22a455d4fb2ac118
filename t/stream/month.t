#!/usr/bin/perl

# Messages of a month that has no partition: they are stored, and somebody is
# told, once for each month.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new;

sub alerts {
    return $in->cell("SELECT coalesce(string_agg(subject || ' ' || severity"
        . " || ' ' || (detail->>'rows') || CASE WHEN closed_at IS NULL THEN ''"
        . " ELSE ' closed' END, ', ' ORDER BY subject, opened_at), '')"
        . " FROM lapor.alert WHERE kind = 'default_partition'");
}

sub again { $in->in->stop; $in->in->start }

# without a readable time that is their place
$in->add(body(message(text => 'tanpa jam', timestamp => 'x')));
ok($in->drained, 'a message without a time');
again();
$in->add(body(message(text => 'sesudahnya')));
ok($in->drained, 'and one after the start');
is(alerts(), '', 'nobody is told of it');

# 2019 has no partitions
$in->add(body(message(text => 'dari dulu', timestamp => 1_560_000_000)));
$in->add(body(message(text => 'juga', timestamp => 1_560_000_100)));
ok($in->drained, 'messages of long ago');
is($in->cell("SELECT count(*) FROM lapor.message WHERE sent_at < '2020-01-01'"
             . " AND sent_at > 'epoch'"), 2, 'are stored');
again();
ok(wait_until { alerts() } 10, 'somebody is told at the next look');
is(alerts(), '2019-06 warning 4', 'of which month and how much');
like($in->in->log, qr/alert: kind=default_partition subject=2019-06/,
     'the log, too');

# who has closed it knows
my $closed = $in->cell(q{SELECT lapor.alert_close(part, kind, subject,
    clock_timestamp()) FROM lapor.alert WHERE kind = 'default_partition'});
$in->add(body(message(text => 'lagi', timestamp => 1_560_000_200)));
$in->add(body(message(text => 'lain', timestamp => 1_500_000_000)));
ok($in->drained, 'more of it, and of another month');
again();
ok(wait_until { alerts() =~ /2017-07/ } 10, 'another month is told');
is(alerts(), '2017-07 warning 2, 2019-06 warning 4 closed',
   'the closed one is not');

done_testing();
