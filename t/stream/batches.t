#!/usr/bin/perl

# Webhooks come twice, in batches and over several numbers: one row a wamid,
# one report a conversation, one answer a report.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new;

$in->pg->psql("SELECT lapor.unit_put('POLDA-KALTARA', 'polda', 'polda', 'Polda Kaltara',"
    . " NULL, NULL, NULL, true, NULL, NULL)");
$in->pg->psql("SELECT lapor.unit_put('POLRES-TARAKAN', 'polres', 'polres',"
    . " 'Polres Tarakan', 'POLDA-KALTARA', NULL, NULL, true, '1110', NULL)");
$in->pg->psql("SELECT lapor.unit_put('POLRES-NUNUKAN', 'polres', 'polres',"
    . " 'Polres Nunukan', 'POLDA-KALTARA', NULL, NULL, true, '2220', NULL)");

sub count { return $in->cell("SELECT count(*) FROM lapor.$_[0]") }


# one message, again and again

my $m = message(text => 'ada kecelakaan di simpang empat', from => phone(1));

$in->add(body($m, $m));
$in->add(body($m));
ok($in->drained, 'processed');
$in->add(body($m), '07:msg');
$in->add(body($m, message(text => 'motor lawan truk', from => phone(1))));
ok($in->drained, 'processed again');

is(count('message'), 2, 'one row a wamid');
is(count('report'), 1, 'one report');
is(count("task WHERE kind = 'reply'"), 1, 'one answer');
is(count('raw_webhook'), 4, 'every webhook is kept');
is($in->cell('SELECT version FROM lapor.report'), 1, 'nothing was raised');


# thirty photos in many webhooks at once, not in their order

my @album = map {
    message(type => 'image', from => phone(2), timestamp => 1763000000 + $_,
            image => { id => "album$_", mime_type => 'image/jpeg' })
} 1 .. 30;
my @shuffled = sort { $a->{id} cmp $b->{id} } @album;

while (my @some = splice @shuffled, 0, 4) {
    $in->add(body(@some), sprintf '%02x:msg', scalar @shuffled);
}
ok($in->drained, 'album is processed');

is(count("media WHERE media_id LIKE 'album%'"), 30, 'all photos');
is_deeply([$in->rows('SELECT count(*), count(DISTINCT report_id),'
    . ' min(category), min(urgency)'
    . ' FROM lapor.message JOIN lapor.report r USING (part, report_id)'
    . " WHERE type = 'image'")], [[30, 1, 'ambigu', 'P2']],
    'an album is one report');
is($in->cell('SELECT extract(epoch FROM first_message_at)::int'
             . ' FROM lapor.report JOIN lapor.media USING (part, report_id)'
             . " WHERE media_id = 'album1'"), 1763000001,
   'it began with the first photo');


# one POST over entries, numbers and senders

my %wamid;
my @values;
for my $number ('1110', '2220', '3330') {
    my @messages = map { message(text => 'jalan macet total',
                                 from => phone(10 + $_)) } 1 .. 5;
    $wamid{ $_->{id} } = $number for @messages;
    push @values, value(number => $number, messages => \@messages);
}
$in->add(body(@values));
ok($in->drained, 'processed');

my %unit = map { $_->[0] => [@$_[1, 2]] } $in->rows(
    'SELECT m.wamid, r.phone_number_id, u.unit_code FROM lapor.message m'
    . ' JOIN lapor.report r USING (part, report_id)'
    . ' JOIN lapor.unit u USING (unit_id)'
    . " WHERE r.phone_number_id LIKE '___0'");
my %code = (1110 => 'POLRES-TARAKAN', 2220 => 'POLRES-NUNUKAN', 3330 => 'MABES');
is_deeply(\%unit, { map { $_ => [$wamid{$_}, $code{ $wamid{$_} }] }
                    keys %wamid },
          'each at its own number\'s unit; a number of nobody at Mabes');
is($in->cell('SELECT count(DISTINCT (reporter_id, phone_number_id))'
             . " FROM lapor.report WHERE phone_number_id LIKE '___0'"), 15,
   'a person who writes to three numbers has three reports');
is($in->cell('SELECT count(DISTINCT reporter_id) FROM lapor.report'
             . " WHERE phone_number_id LIKE '___0'"), 5, 'of five people');


# what joins, what opens, what does not

my $now = time;
my $old = message(text => 'selamat pagi pak', from => phone(30),
                  timestamp => $now - 90000);
my $reaction = message(type => 'reaction', from => phone(30),
    reaction => { message_id => $old->{id}, emoji => '+' });
my $new = message(text => 'ada kebakaran rumah', from => phone(30));
$in->add(body($old));
$in->add(body($reaction));
ok($in->drained, 'processed');
is($in->cell('SELECT count(DISTINCT report_id) FROM lapor.message'
             . " WHERE wamid IN ('$old->{id}', '$reaction->{id}')"), 1,
   'a reaction after a day joins the old report');
is($in->cell('SELECT count(*) FROM lapor.task t JOIN lapor.message m'
             . ' USING (part, report_id)'
             . " WHERE t.kind = 'reply' AND m.wamid = '$old->{id}'"), 0,
   'a message older than a day is not answered');

# the reaction kept the report's last message at now, so words join it
$in->add(body($new));
ok($in->drained, 'processed');
is($in->cell('SELECT category FROM lapor.report JOIN lapor.message'
             . " USING (part, report_id) WHERE wamid = '$new->{id}'"),
   'kebakaran', 'words are rated');


# times that cannot be

my %when = (missing => undef, text => 'kemarin', ancient => '3',
            future => $now + 40 * 86400, near => $now + 3600);
my %id;
my $n = 40;
for my $name (sort keys %when) {
    my $odd = message(text => 'lapor', from => phone($n++),
                      timestamp => $when{$name});
    $id{$name} = $odd->{id};
    $in->add(body($odd));
    $in->add(body($odd));
}
ok($in->drained, 'processed');

for my $name (sort keys %when) {
    my ($row) = $in->rows('SELECT extract(epoch FROM sent_at)::bigint,'
        . ' r.first_message_at > now() - interval \'1 hour\''
        . ' AND r.first_message_at < now() + interval \'2 hours\''
        . ' FROM lapor.message JOIN lapor.report r USING (part, report_id)'
        . " WHERE wamid = '$id{$name}'");
    is_deeply($row, [$name eq 'near' ? $when{near} : 0, 't'],
              "$name time");
}
is($in->cell("SELECT count(*) FROM lapor.message WHERE body = 'lapor'"),
   scalar keys %when, 'each is there once');

is(count('quarantine'), 0, 'nothing failed');
is($in->cell('SELECT sum(reports) FROM lapor.part_counter'), count('report'),
   'codes were counted');

done_testing();
