#!/usr/bin/perl

# What Meta tells about the account: kept, and where a person must look, an
# alert; closed by the notice that takes it back, in whatever order the two
# come, and not opened again by one that comes twice.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new;
my $json = JSON::PP->new->ascii->canonical;
my $t0 = time - 5000;

# notice($field, $value, $seconds): a webhook of one change, at that second;
# undef: the entry has no time
sub notice {
    my ($field, $value, $at) = @_;
    return $json->encode({ object => 'whatsapp_business_account',
        entry => [{ id => Lapor::Intake::WABA_ID,
                    defined $at ? (time => $t0 + $at) : (),
                    changes => [{ field => $field, value => $value }] }] });
}

# alerts($kind) -> "subject severity times open|closed", the oldest first
sub alerts {
    my ($kind) = @_;
    return join ' | ', map { join ' ', @$_ } $in->rows(
        "SELECT subject, severity, times, CASE WHEN closed_at IS NULL"
        . " THEN 'open' ELSE 'closed' END FROM lapor.alert"
        . " WHERE kind = '$kind' ORDER BY opened_at");
}

sub add {
    $in->add($_) for @_;
    $in->drained or die 'not drained';
}

my $waba = Lapor::Intake::WABA_ID;
my $phone = { display_phone_number => '+62 800-0000-9999' };
my $template = { message_template_id => 9, message_template_name => 'balas',
                 message_template_language => 'id' };


# --- every event that is an alert, and the one that takes it back

my @cases = (
    ['account_restricted', "$waba critical", 'account_update',
     { event => 'ACCOUNT_RESTRICTION', restriction_info =>
       [{ restriction_type => 'RESTRICTED_UTILITY_TEMPLATES' }] }],
    ['account_violation', "$waba warning", 'account_update',
     { event => 'account_violation',
       violation_info => { violation_type => 'SCAM' } }],
    ['account_disabled', "$waba critical", 'account_update',
     { event => 'DISABLED_UPDATE',
       ban_info => { waba_ban_state => 'DISABLE' } },
     { event => 'DISABLED_UPDATE',
       ban_info => { waba_ban_state => 'reinstate' } }],
    ['account_gone', "$waba critical", 'account_update',
     { event => 'ACCOUNT_OFFBOARDED' }, { event => 'ACCOUNT_RECONNECTED' }],
    ['account_alert', '77/OBA_FAILED critical', 'account_alerts',
     { entity_type => 'PHONE_NUMBER', entity_id => '77',
       alert_severity => 'CRITICAL', alert_status => 'ACTIVE',
       alert_type => 'OBA_FAILED' },
     { entity_id => '77', alert_type => 'OBA_FAILED',
       alert_severity => 'CRITICAL', alert_status => 'RESOLVED' }],
    ['account_rejected', "$waba critical", 'account_review_update',
     { decision => 'REJECTED' }, { decision => 'APPROVED' }],
    ['number_flagged', '6280000009999 warning', 'phone_number_quality_update',
     { %$phone, event => 'FLAGGED', current_limit => 'TIER_1K' },
     { display_phone_number => '6280000009999', event => 'unflagged' }],
    ['number_limited', '6280000009999 warning', 'phone_number_quality_update',
     { %$phone, event => 'DOWNGRADE' }, { %$phone, event => 'UPGRADE' }],
    ['number_name_rejected', '6280000009999 warning',
     'phone_number_name_update', { %$phone, decision => 'REJECTED' },
     { %$phone, decision => 'APPROVED' }],
    (map { ['template_stopped', 'balas/id warning',
            'message_template_status_update', { %$template, event => $_ },
            { %$template, event => 'APPROVED' }] }
         qw(PAUSED DISABLED REJECTED FLAGGED)),
    ['template_stopped', 'balas/id warning', 'message_template_status_update',
     { %$template, event => 'PAUSED' },
     { %$template, event => 'ANYTHING', other_info => { title => 'UNPAUSE' } }],
    ['template_quality', 'balas/id warning',
     'message_template_quality_update',
     { %$template, new_quality_score => 'RED' },
     { %$template, new_quality_score => 'GREEN' }],
    ['template_category', 'balas/id warning', 'template_category_update',
     { %$template, new_category => 'MARKETING' }],
    (map { ['number_takeover', '6280000009999 critical', 'security',
            { %$phone, event => $_, requester => '6280000001234' }] }
         qw(PIN_RESET_REQUEST PIN_CHANGED)),
);

my $at = 0;

for my $case (@cases) {
    my ($kind, $what, $field, $opens, $closes) = @$case;

    $in->pg->psql("DELETE FROM lapor.alert; DELETE FROM lapor.alert_word");
    $at += 10;
    my @words = (notice($field, $opens, $at));
    add(@words, @words);
    is(alerts($kind), "$what 1 open", "$kind, told twice, is one alert");
    next unless $closes;

    push @words, notice($field, $closes, $at + 5);
    add($words[1]);
    is(alerts($kind), "$what 1 closed", '... and is taken back');
    add(@words, notice($field, $opens, $at + 3));
    is(alerts($kind), "$what 1 closed", '... late ones open nothing');
    add(notice($field, $opens, $at + 6));
    is(alerts($kind), "$what 1 closed | $what 1 open", '... a later one does');
}

is($in->cell("SELECT count(*) FROM lapor.alert
              WHERE detail::text LIKE '%1234%'"), 0, 'nobody is named');
unlike($in->in->log, qr/62800/, 'a number is not in the log');
like($in->in->log, qr/alert: kind=number_takeover subject=\*9999 severity=c/,
     'an alert is');


# --- the other way round in one batch

$in->pg->psql("DELETE FROM lapor.alert; DELETE FROM lapor.alert_word");
my @turned = map { notice('phone_number_quality_update',
                          { %$phone, event => $_->[0] }, $_->[1]) }
             ['UNFLAGGED', 2002], ['FLAGGED', 2001];
$in->in->signal('STOP');
$in->add($_) for @turned;
$in->in->signal('CONT');
ok($in->drained, 'both at once');
is(alerts('number_flagged'), '', 'taken back before it is told');

# a time of years ahead, which would make all that follow old news
add(notice('phone_number_quality_update', { %$phone, event => 'UNFLAGGED' },
           5 * 365 * 86400));
add(notice('phone_number_quality_update', { %$phone, event => 'FLAGGED' },
           5 + (time - $t0)));
is(alerts('number_flagged'), '6280000009999 warning 1 open',
   'a wrong time silences nothing');


# --- limits

sub limit { return notice('business_capability_update',
                          { max_daily_conversations_per_business => $_[0],
                            max_phone_numbers_per_waba => 3 }, $_[1]) }
add(limit(10000, 3000));
is(alerts('account_limited'), '', 'a limit is no alert');
add(limit('TIER_2K', 3001));
is(alerts('account_limited'), "$waba warning 1 open", 'a lower one is');
add(limit(2000, 3002));
is(alerts('account_limited'), "$waba warning 1 open", 'the same is not');
add(limit('TIER_UNLIMITED', 3003));
is(alerts('account_limited'), "$waba warning 1 closed", 'a higher closes it');


# --- errors of the account, and of a message by what stops the number

my $number = Lapor::Intake::NUMBER_ID;
add(body(value(errors => [{ code => 130429, title => 'Rate limit' }])));
is(alerts('account_error'), "$number warning 1 open", 'an error of a number');
add(body(value(errors => [{ code => 131031, title => 'Locked' }])));
is(alerts('account_error'), "$number critical 2 open", 'and a bad one');
is($in->cell("SELECT detail->>'code' FROM lapor.alert
              WHERE kind = 'account_error'"), 131031, 'with its code');
$in->pg->psql("DELETE FROM lapor.alert");
add(body(status(status => 'failed', errors => [{ code => 131026 }]),
         status(status => 'failed', timestamp => time - 7200,
                errors => [{ code => 131042 }])));
is(alerts('account_error'), '', 'a message that failed for itself, or once');
add(body(map { status(status => 'failed', errors => [{ code => 131042 }]) }
         1 .. 50));
is(alerts('account_error'), "$number critical 1 open",
   'fifty that failed by what stops the number');


# --- what nobody knows

for my $i (1 .. 3) {
    add(notice('news_of_tomorrow', { n => $i }, 4000 + $i));
    is(alerts('field_unknown'), 'news_of_tomorrow info 1 '
       . ($i == 1 ? 'open' : 'closed'), 'a new field is told once');
    $in->pg->psql("SELECT lapor.alert_close(part, kind, subject, now())
                     FROM lapor.alert WHERE kind = 'field_unknown'");
}
is($in->cell("SELECT count(*) FROM lapor.notice
              WHERE field = 'news_of_tomorrow'"), 3, 'and kept each time');
$in->pg->psql("DELETE FROM lapor.alert");
add(notice('account_update', { event => 'OF_TOMORROW' }, 4100),
    notice('account_update', 'a word', 4101),
    notice('security', { event => ['PIN_CHANGED'] }, 4102),
    notice('user_preferences', { user_preferences => [] }, 4103),
    notice('message_template_quality_update', undef, 4104));
is($in->cell('SELECT count(*) FROM lapor.alert'), 0,
   'an event that nobody knows is recorded and no more');
is($in->cell("SELECT count(*) FROM lapor.notice
              WHERE data::text ~ 'OF_TOMORROW'"), 1, 'as it came');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 2,
   'what has no value at all is set aside');
add(notice('security', { %$phone, event => 'PIN_CHANGED' }));
is(alerts('number_takeover'), '6280000009999 critical 1 open',
   'without a time, that of the webhook is taken');
add(notice('security', { event => 'PIN_CHANGED' }, 4200));
is(alerts('number_takeover'), "6280000009999 critical 1 open |"
   . " $waba critical 1 open", 'without a number, it is the account\'s');

done_testing();
