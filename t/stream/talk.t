#!/usr/bin/perl

# The rules of conversation (doc/state-machines.md), from the streams to the
# rows: what joins, what opens, what it is linked to, what is answered; the
# audit that C writes, and the codes that C makes, as PostgreSQL has them.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Store qw(part_of);

use JSON::PP ();

my $in = Lapor::Intake->new(start => 0);
my $now = time;
my $n = 100;

$in->pg->psql($_) for
    "SELECT lapor.unit_put('POLDA-SUMSEL', 'polda', 'polda', 'Polda Sumsel',
        NULL, NULL, NULL, true, '2220', NULL)",
    "SELECT lapor.unit_put('POLRES-OGAN', 'polres', 'polres', 'Polres Ogan',
        'POLDA-SUMSEL', NULL, NULL, true, '3330', NULL)",
    "SELECT lapor.unit_put('POLRES-TARAKAN', 'polres', 'polres',
        'Polres Tarakan', NULL, NULL, NULL, true, '1110', NULL)",
    "SELECT lapor.unit_rule_put('POLDA-SUMSEL', 'answer_every', 'true')",
    "SELECT lapor.unit_rule_put('POLRES-OGAN', 'join_window', '1 hour')";
my $part77 = part_of(phone(77)) . '::smallint';
is($in->cell("SELECT lapor.officer_put('" . phone(77) . "',
    'POLRES-TARAKAN', true, $part77)"), 'added', 'an officer');
is($in->cell("SELECT lapor.officer_put('" . phone(77) . "',
    'POLRES-TARAKAN', true, $part77)"), 'same', 'put twice');
$in->worker;

# said({number =>, ago => seconds, message}, ...) -> wamids, when stored

sub said {
    my (@said) = @_;

    my @wamids;
    for my $said (@said) {
        my %m = %$said;
        my $number = delete $m{number} || '1110';
        my $message = message(timestamp => $now - (delete $m{ago} || 0), %m);
        push @wamids, $message->{id};
        $in->add(body(value(number => $number, messages => [$message])));
    }
    $in->drained or die "not processed\n";
    return wantarray ? @wamids : $wamids[-1];
}

sub report {
    my ($wamid, $columns) = @_;
    my ($row) = $in->rows("SELECT $columns FROM lapor.report r
        JOIN lapor.message m USING (part, report_id)
        JOIN lapor.unit u USING (unit_id) WHERE m.wamid = '$wamid'");
    return $row ? join ' ', map { defined $_ ? $_ : '-' } @$row : '';
}

sub code { return report($_[0], 'r.code') }

sub events {
    return $in->cell("SELECT string_agg(e.kind, ' ' ORDER BY e.seq)
        FROM lapor.event e JOIN lapor.message m USING (part, report_id)
        WHERE m.wamid = '$_[0]'");
}

sub linked {
    return $in->cell("SELECT o.code FROM lapor.report r
        JOIN lapor.message m USING (part, report_id)
        JOIN lapor.report o ON o.part = r.part
                           AND o.report_id = r.link_report_id
        WHERE m.wamid = '$_[0]'");
}

sub answers {
    return $in->cell("SELECT string_agg(t.occasion, ' ' ORDER BY t.task_id)
        FROM lapor.task t JOIN lapor.message m USING (part, report_id)
        WHERE t.kind = 'reply' AND m.wamid = '$_[0]'") || '';
}

sub close_report {
    my ($wamid, $ago) = @_;
    $in->pg->psql("UPDATE lapor.report r SET state = 'closed',
        closed_at = to_timestamp($now - $ago) FROM lapor.message m
        WHERE m.wamid = '$wamid' AND r.part = m.part
          AND r.report_id = m.report_id");
}


# after the end

my $who = phone($n++);
my $first = said({ from => $who, ago => 7200,
                   text => 'ada kebakaran di pasar gusher' });
close_report($first, 3600);
my $thanks = said({ from => $who, ago => 1800, text => 'terima kasih pak' });
is(code($thanks), code($first), 'thanks join the closed report');
is(report($first, 'attention_at IS NOT NULL, state'), 't closed',
   'which asks somebody to look, and stays closed');
is(events($first), 'opened written_after_close', 'the audit says so');
my $more = said({ from => $who, ago => 600, text => 'apinya menyala lagi' });
isnt(code($more), code($first), 'anything else opens a report');
is(report($more, 'link'), 'follows', 'linked');
is(linked($more), code($first), 'to the closed one');
is(answers($more), 'opening', 'answered');
my $show = JSON::PP::decode_json($in->cell(
    "SELECT lapor.report_show('" . code($first) . "')"));
is_deeply($show->{report}{links}, [{ link => 'follows', to => JSON::PP::false,
                                     code => code($more) }],
          'both are shown with the other');
ok($show->{report}{attention_at}, 'and the mark');

$who = phone($n++);
$first = said({ from => $who, ago => 10 * 86400, text => 'ada maling motor' });
close_report($first, 9 * 86400);
$more = said({ from => $who, text => 'ada maling motor' });
is(report($more, 'link'), '-', 'after a week a report stands alone');

$who = phone($n++);
$first = said({ from => $who, ago => 7200, text => 'ada maling motor' });
close_report($first, 3600);
my ($typo, $worse) = said(map { { from => $who, ago => $_->[0],
    type => 'edit', edit => { original_message_id => $first,
        message => { type => 'text', text => { body => $_->[1] } } } } }
    [1800, 'ada maling motor pak'], [900, 'ada begal bawa parang']);
is(code($typo), code($first), 'an edit of what has ended stays with it');
is(report($first, 'attention_at IS NOT NULL, state'), 't closed',
   'and asks somebody to look');
is(report($worse, 'urgency, state, link'), 'P1 new follows',
   'one that says more opens a report');
is(linked($worse), code($first), 'linked to it');

$who = phone($n++);
$first = said({ from => $who, ago => 7200, text => 'ada maling motor' });
my %no = (type => 'unsupported', errors => [{ code => 131051 }]);
my ($pin) = said({ from => $who, ago => 7000, %no,
                   unsupported => { type => 'pin' } });
is(code($pin), code($first), 'a pin that Meta only names joins');
close_report($first, 3600);
my ($vote, $edit) = said(
    { from => $who, ago => 1800, %no, unsupported => { type => 'reaction' } },
    { from => $who, ago => 900, %no, unsupported => { type => 'edit' } });
is(code($vote) . code($edit), code($first) x 2,
   'so do a thumb and an edit, after the end too');
is(answers($first), 'opening', 'nothing of that is answered');
is(report($first, 'attention_at IS NOT NULL, state, urgency'), 't closed P3',
   'but somebody is to look what was edited');
is(events($first), 'opened written_after_close', 'told once');


# a second topic, a quoted reply

$who = phone($n++);
my ($fire, $theft, $photo) = said(
    { from => $who, ago => 90, text => 'tolong ada kebakaran di pasar' },
    { from => $who, ago => 60, text => 'pak motor saya dicuri tadi malam' },
    { from => $who, ago => 30, type => 'image',
      image => { id => 't1', mime_type => 'image/jpeg' } });
is(report($fire, 'category') . ' ' . report($theft, 'category'),
   'kebakaran pencurian', 'two topics are two reports');
is(report($theft, 'link'), 'second_topic', 'linked');
is(linked($theft), code($fire), 'to the first');
is(code($photo), code($theft), 'a photo joins the one last written to');
my ($quote, $thumb) = said(
    { from => $who, text => 'motor saya dicuri di situ juga',
      context => { id => $fire, from => phone(9999) } },
    { from => $who, type => 'reaction',
      reaction => { message_id => $fire, emoji => '+' } });
is(code($quote), code($fire), 'a quoted reply joins what it quotes');
is(code($thumb), code($fire), 'a reaction what it is about');


# another unit's number

$who = phone($n++);
my $here = said({ from => $who, ago => 60, text => 'ada tawuran pelajar' });
my $there = said({ from => $who, number => '2220',
                   text => 'ada tawuran pelajar' });
is(report($there, 'link, unit_code'), 'elsewhere POLDA-SUMSEL',
   'another unit\'s number opens there, linked');
is(linked($there), code($here), 'to the open one');


# an officer

my $officer = said({ from => phone(77), text => 'ada kecelakaan di simpang' });
is(report($officer, 'r.origin'), 'officer', 'an officer\'s own number');
is(answers($officer), '', 'is not answered by the machine');

# he stays one under his user id alone, and with a new number; who gets his old
# one is none, until he is listed, too
my $later = time + 5;
said({ from => phone(77), from_user_id => 'ID.77', text => 'dan di pasar' });
$officer = said({ from => undef, from_user_id => 'ID.77', text => 'ada api' });
is(report($officer, 'r.origin'), 'officer', 'under his user id');
$in->add(body(message(type => 'system', from => phone(77),
    timestamp => "$later", system => { type => 'user_changed_number',
        body => 'x', wa_id => phone(78) })));
ok($in->drained, 'his number changes');
$officer = said({ from => phone(78), ago => $now - $later - 1,
                  text => 'ada kecelakaan lagi' });
is(report($officer, 'r.origin'), 'officer', 'he writes from the new one');
is(answers($officer), '', 'and is not answered');
my $heir = said({ from => phone(77), ago => $now - $later - 2,
                  text => 'ada kecelakaan di rumah saya' });
is(report($heir, 'r.origin'), 'citizen', 'who has the old one now is a citizen');
isnt(answers($heir), '', 'and is answered');
$heir = said({ from => phone(77), from_user_id => 'ID.heir',
               ago => $now - $later - 3, text => 'dan ada api' });
is(report($heir, 'r.origin'), 'citizen', 'under his own user id, too');

# out and in again: now it is the heir's
my @put = map { "SELECT lapor.officer_put('" . phone(77) . "',
                 'POLRES-TARAKAN', $_, $part77)" } qw(false true);
is($in->cell($_), 'changed', 'taken out, and listed anew') for @put;
my $gone = said({ from => phone(78), ago => $now - $later - 4,
                  text => 'ada kecelakaan di jembatan' });
is(report($gone, 'r.origin'), 'citizen', 'who had it before is no officer');

# one whose home is elsewhere gets an officer's number, and nobody says so
is($in->cell("SELECT lapor.officer_put('" . phone(79) . "',
    'POLRES-TARAKAN', true, " . part_of(phone(79)) . '::smallint)'), 'added',
   'another');
said({ from => phone(79), from_user_id => 'ID.first', text => 'patroli' });
$heir = said({ from => phone(79), from_user_id => 'ID.second',
               ago => $now - $later - 5, text => 'ada kecelakaan di pasar' });
is(report($heir, 'r.origin'), 'citizen', 'a number with another user id');
$heir = said({ from => undef, from_user_id => 'ID.second',
               ago => $now - $later - 6, text => 'dan ada api' });
is(report($heir, 'r.origin'), 'citizen', 'nor is he one later');


# greetings, tests

$who = phone($n++);
my $hello = said({ from => $who, ago => 30, text => 'selamat pagi' });
is(report($hello, 'urgency, category'), 'P4 bukan_laporan', 'a greeting');
my $words = said({ from => $who, text => 'ada begal bawa parang' });
is(code($words), code($hello), 'what follows joins');
is(report($hello, 'urgency, category'), 'P1 curas', 'and says what it is');
is(report(said({ from => phone($n++), text => 'tes' }), 'urgency'), 'P4',
   'a test');


# a form

my $form = said({ from => phone($n++), type => 'interactive', interactive => {
    type => 'nfm_reply', nfm_reply => { name => 'flow', body => 'Sent',
        response_json => '{"flow_token":"t","apa":"ada begal bawa parang"}' }
    } });
is(report($form, 'urgency, category, body'),
   "P1 curas Sent\nada begal bawa parang", 'what is filled in is read');


# BATAL

$who = phone($n++);
$first = said({ from => $who, ago => 60, text => 'ada maling di rumah' });
my $off = said({ from => $who, ago => 30, text => 'Batal pak' });
is(code($off), code($first), 'BATAL joins the open report');
is(report($first, 'state, withdraw_asked_at IS NOT NULL'), 'new t',
   'which stays open, and knows');
is(events($first), 'opened withdraw_asked', 'the audit, too');
$off = said({ from => $who, number => '2220',
              text => 'batal ' . lc code($first) });
is(code($off), code($first), 'by its code, from another number');
is($in->cell("SELECT count(DISTINCT (part, report_id)) FROM lapor.message
    WHERE wamid IN ('$first', '$off')"), 1, 'nothing was opened');

close_report($first, 20);
$more = said({ from => $who, ago => 10, text => 'ada kebakaran di pasar' });
$off = said({ from => $who, text => 'batal ' . code($first) });
is(code($off), code($first), 'by the code of one that has ended');
is(report($more, 'withdraw_asked_at IS NULL'), 't', 'no other is withdrawn');


# a drill

$who = phone($n++);
my $drill = said({ from => $who, ago => 60,
                   text => 'LATIHAN ada kebakaran di gudang' });
is(report($drill, 'drill, urgency, category'), 't P1 kebakaran',
   'a drill is rated as what it plays');
my $real = said({ from => $who, text => 'tolong ada kebakaran di pasar' });
is(report($real, 'drill'), 'f', 'a fire during a drill is a fire');


# a call

$who = phone($n++);
$in->add(body({ field => 'calls', value => { messaging_product => 'whatsapp',
    metadata => { display_phone_number => '628000009999',
                  phone_number_id => '1110' },
    calls => [map { { id => 'wacid.1', from => $who, to => '628000009999',
        event => $_, timestamp => "$now", direction => 'USER_INITIATED' } }
        qw(connect terminate)] } }));
ok($in->drained, 'a call is processed');
is(report('wacid.1', 'urgency, category, function'), 'P2 ambigu operator',
   'a call is a report');
is(code('wacid.1/terminate'), code('wacid.1'), 'its end joins');
is($in->cell("SELECT type || ' ' || (detail #>> '{call,event}')
    FROM lapor.message WHERE wamid = 'wacid.1'"), 'call connect',
   'stored as itself');
is(answers('wacid.1'), 'opening', 'answered once');
like($in->cell("SELECT t.body FROM lapor.task t JOIN lapor.message m
        USING (part, report_id) WHERE t.kind = 'reply'
        AND m.wamid = 'wacid.1'"), qr/Panggilan.*110.*\Q${\code('wacid.1')}/s,
     'as a call');


# a number of nobody

my $lost = said({ number => '9990', from => phone($n++), text => 'halo' });
is(report($lost, 'unit_code'), 'MABES', 'a number of nobody: headquarters');
is($in->cell("SELECT count(*) FROM lapor.alert WHERE subject = '9990'
    AND kind = 'number_unregistered'"), 1, 'and an alert');
$in->pg->psql("SELECT lapor.unit_put('POLRES-BARU', 'polres', 'polres',
    'Polres Baru', NULL, NULL, NULL, true, '9990', NULL)");
is(report(said({ number => '9990', from => phone($n++), text => 'halo' }),
          'unit_code'), 'POLRES-BARU', 'once it is told, with no delay');


# rules of units

$who = phone($n++);
my @talk = said(map { { number => '2220', from => $who, ago => $_->[0],
                        text => $_->[1] } }
    [3600, 'ada maling motor'], [3590, 'di jalan sudirman'],
    [1800, 'belum ada petugas'], [1790, 'tolong']);
is(answers($talk[0]), 'opening later:1',
   'where the unit wants it, the first message of a later burst is answered');
like($in->cell("SELECT t.body FROM lapor.task t JOIN lapor.message m
        USING (part, report_id) WHERE t.occasion = 'later:1'
        AND m.wamid = '$talk[0]'"),
     qr/\Q${\code($talk[0])}\E.*Polda Sumsel/s, 'by its own text');
$who = phone($n++);
@talk = said(map { { number => '3330', from => $who, ago => $_,
                     text => 'tolong pak' } } 7200, 3000);
isnt(code($talk[0]), code($talk[1]), 'a rule of its own');
$who = phone($n++);
@talk = said(map { { number => '3330', from => $who, ago => $_,
                     text => 'tolong pak' } } 3000, 60);
is(answers($talk[0]), 'opening later:1', 'and one of the unit above');


# what a stranger's reaction is

my $alone = said({ from => phone($n++), type => 'reaction',
                   reaction => { message_id => 'wamid.none', emoji => '+' } });
is(report($alone, 'state'), 'info', 'a reaction of a stranger is kept, over');
is($in->cell("SELECT count(*) FROM lapor.timer t JOIN lapor.message m
    USING (part, report_id) WHERE m.wamid = '$alone'"), 0, 'with no timer');

$alone = said({ from => phone($n++), %no, unsupported => { type => 'edit' } });
is(report($alone, 'state, urgency, answered'), 'new P2 f',
   'an edit that Meta only names is all there is of him: it opens');
$alone = said({ from => phone($n++), type => 'interactive', interactive => {
    type => 'call_permission_reply', call_permission_reply => {
        response => 'accept', response_source => 'automatic' } } });
is(report($alone, 'state, urgency, answered'), 'info P4 f',
   'what a phone grants by itself is nobody\'s report');
is(report(said({ from => phone($n++), type => 'view_once',
                 view_once => { type => 'image' } }), 'state, urgency'),
   'new P2', 'what nobody can read may have been anything');


# codes grow where the schema's do

for my $reports (960, 924_481) {
    $in->pg->psql("UPDATE lapor.part_counter SET reports = $reports");
    my $wamid = said({ from => phone($n++), text => 'halo' });
    is($in->cell("SELECT r.code = lapor.code_make(r.part, $reports)
        FROM lapor.report r JOIN lapor.message m USING (part, report_id)
        WHERE m.wamid = '$wamid'"), 't', "report $reports of a part");
}


# all in all

is($in->cell('SELECT count(*) FROM lapor.report
              WHERE NOT lapor.event_check(part, report_id)'), 0,
   'every audit chain is whole');
is($in->cell('SELECT count(*) FROM lapor.report r,
                     lapor.code_read(r.code) c
               WHERE c.part IS DISTINCT FROM r.part'), 0,
   'every code leads to its part');
is($in->cell('SELECT count(*) FROM lapor.report r
               WHERE r.first_message_at > now() - interval \'1 day\'
                 AND r.events < 1'), 0, 'every report is in the audit');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');

done_testing();
