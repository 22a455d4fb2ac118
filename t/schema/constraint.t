#!/usr/bin/perl

# Illegal states cannot be stored: for every CHECK of the schema at least one
# row that breaks it and nothing else, refused by that very constraint. Which
# there are comes from the catalogue, so that a new one needs a row here.

use lib 't/lib';
use Lapor::Test;
use Lapor::Store;

my $db = Lapor::Store->new;
my $admin = $db->admin;
my $h32 = "decode(repeat('00', 32), 'hex')";
my $hex = "repeat('ab', 32)";
my %tested;

# a good row of each table: column => SQL
my %good = (
    unit => { parent_id => 1, unit_code => "'P-1'", level => "'polda'",
              type => "'polda'", name => "'Polda'" },
    phone_number => { phone_number_id => "'123'", unit_id => 1 },
    unit_area => { unit_id => 1, op => "'include'", area_code => "'65.71'" },
    text => { key => "'k'", lang => "'id'", body => "'b'" },
    part_counter => { part => 255 },
    raw_webhook => { part => 1, raw_id => 1, received_at => 'now()',
        stream => "'s'", entry_id => "'1-1'", sha256 => $h32,
        body => "'x'" },
    quarantine => { part => 1, raw_id => 1, received_at => 'now()',
        item => -1, stream => "'s'", entry_id => "'1-1'", reason => "'r'",
        body => "'x'", dead_at => 'now()' },
    notice => { part => 1, notice_id => 1, received_at => 'now()',
        field => "'f'", data => "'{}'", raw_id => 1 },
    seen => { part => 1, wamid => "'w'", sent_at => 'now()' },
    reporter => { part => 1, reporter_id => 2, first_seen_at => 'now()' },
    identity => { part => 1, home_part => 1, identity => "'i'",
        kind => "'phone'", reporter_id => 1, first_seen_at => 'now()' },
    identity_past => { part => 1, home_part => 1, identity => "'i'",
        kind => "'phone'", since => "'-infinity'", until_at => 'now()',
        reporter_id => 1, first_seen_at => 'now()' },
    identity_history => { part => 1, history_id => 1, identity => "'i'",
        what => "'moved'", at => 'now()', told_at => 'now()', to_part => 1,
        to_reporter => 1, raw_id => 1 },
    reporter_link => { part => 1, other_part => 1, reporter_id => 1,
        other_id => 2, why => "'same'", at => 'now()', raw_id => 1 },
    report => { part => 1, report_id => 2, reporter_id => 1, unit_id => 1,
        code => "'K-2222-2'", phone_number_id => "'123'",
        category => "'ambigu'", urgency => "'P3'", function => "'operator'",
        state => "'new'", sensitive => 'false', answered => 'false',
        prank => 0, confidence => 0, first_message_at => 'now()',
        last_message_at => 'now()', events => 1, head => $h32 },
    message => { part => 1, message_id => 1, report_id => 1,
        sent_at => 'now()', received_at => 'now()', raw_id => 1,
        direction => "'in'", type => "'text'", wamid => "'w'",
        phone_number_id => "'123'" },
    media => { part => 1, report_id => 1, media_id => "'m'",
        phone_number_id => "'123'", kind => "'image'",
        created_at => 'now()' },
    task => { part => 1, task_id => 1, report_id => 1, run_at => 'now()',
        created_at => 'now()', expires_at => 'now()', kind => "'media'",
        media_id => "'m'", phone_number_id => "'123'" },
    timer => { part => 1, report_id => 1, version => 1, kind => "'claim'",
        due_at => 'now()' },
    event => { part => 1, report_id => 1, at => 'now()', seq => 1,
        kind => "'k'", actor => "'a'", data => "'{}'", prev => $h32,
        hash => $h32 },
    status_wait => { part => 1, wamid => "'w'", state => "'sent'",
        at => 'now()', received_at => 'now()' },
    unit_rule => { unit_id => 1, join_window => "'1 day'",
        reopen_window => "'1 day'", burst_gap => "'1 hour'",
        answer_every => 'false', second_topic => 'false',
        topic_confidence => 0.5 },
    officer => { identity => "'628000000001'", unit_id => 1, part => 7 },
    alert => { part => 1, kind => "'clock_skew'", subject => "'redis'",
        opened_at => 'now()', last_at => 'now()', severity => "'warning'",
        detail => "'{}'" },
    error_code => { code => 99, to_code => 99, lang => "'id'",
        meaning => "'m'", action => "'a'" },
    alert_word => { part => 1, kind => "'clock_skew'", subject => "'redis'",
        at => 'now()', closes => 'false' },
    stream_count => { part => 1, stream => "'s'", done => 0,
        last => "'1'" },
    raw_again => { part => 1, stream => "'s'", entry_id => "'1-1'",
        raw_id => 1, received_at => 'now()' },
    stream_base => { part => 1, stream => "'s'", seen_at => 'now()' },
    reconcile => { part => 0, at => 'now()', verdict => "'exact'",
        streams => 0, accepted => 0, done => 0, waiting => 0, spooled => 0,
        differences => 0, detail => "'[]'" },
);

my %out = (direction => "'out'", status => "'accepted'", task_id => 1,
           raw_id => 'NULL', accepted_at => 'now()');
my %stored = (state => "'stored'", sha256 => $hex, path => "'ab/ab/ab'",
              size => 1, stored_at => 'now()');
my %reply = (kind => "'reply'", media_id => 'NULL', occasion => "'opening'",
             recipient => "'62'", recipient_kind => "'phone'",
             body => "'b'");
my %sending = (%reply, state => "'sending'", lease_owner => "'w'",
               attempts => 1);
my %done = (%reply, state => "'done'", finished_at => 'now()',
            wamid => "'w'", message_id => 1, message_sent_at => 'now()');

# rows that must go in, besides the good ones
my @legal = (
    [message => %out],
    (map { [message => %out, status => "'$_->[0]'", $_->[1] => 'now()'] }
     ['sent', 'server_at'], ['delivered', 'delivered_at'],
     ['read', 'read_at'], ['played', 'played_at'], ['failed', 'failed_at']),
    [media => %stored], [media => %stored, state => "'infected'"],
    [media => state => "'gone'", error => "'e'"],
    [task => %reply], [task => %sending], [task => %done],
    [task => state => "'running'", lease_owner => "'w'"],
    [task => state => "'failed'", finished_at => 'now()'],
    (map { [report => state => "'$_'"] }
     qw(gathering new triage awaiting_reporter forwarded accepted en_route
        on_scene handling done reopened joined transferred
        suspected_prank)),
    (map { [report => state => "'$_'", closed_at => 'now()'] }
     qw(closed info withdrawn invalid prank)),
    [report => code => "'K-ZZZZ-ZZ-Z'"],
    [report => code => "'K-ZZZZ-ZZZZ-Z'"],
    [report => lat => -90, lon => 180],
    [report => origin => "'officer'", drill => 'true'],
    (map { [report => link => "'$_'", link_report_id => 3] }
     qw(follows second_topic elsewhere)),
    [unit_rule => join_window => "'1 hour'"],
    [quarantine => state => "'replayed'", replayed_at => 'now()'],
    [unit_area => area_code => "'65.71.01.1001'"],
    [event => actor => "'Petugas Ñ'"],
);

# [constraint, column => SQL ...]: the good row with these changes breaks it
my @illegal = (
    ['unit_unit_code_check', unit_code => "'p 1'"],
    ['unit_unit_code_check', unit_code => "'P-1' || chr(10)"],
    ['unit_level_check', level => "'polri'"],
    ['unit_headquarters_check', level => "'mabes'", parent_id => 'NULL'],
    ['unit_parent_id_check', parent_id => 'NULL'],
    ['unit_parent_id_check', unit_id => 77, parent_id => 77],
    ['unit_name_check', name => "''"],
    ['unit_name_check', name => "repeat('x', 201)"],
    ['unit_hq_check', hq_lat => 1],
    ['unit_hq_check', hq_lat => 90.1, hq_lon => 1],
    ['unit_hq_check', hq_lat => 1, hq_lon => -181],
    ['unit_hq_check', hq_lat => "'NaN'", hq_lon => "'NaN'"],
    ['phone_number_phone_number_id_check', phone_number_id => "''"],
    ['phone_number_phone_number_id_check', phone_number_id => "'12 3'"],
    ['unit_area_op_check', op => "'x'"],
    ['unit_area_area_code_check', area_code => "'6571'"],
    ['unit_area_area_code_check', area_code => "'65.71.01.1'"],
    ['text_lang_check', lang => "'ID'"],
    ['text_body_check', body => "''"],
    ['text_body_check', body => "repeat('x', 4001)"],
    ['part_counter_part_check', part => 256],
    ['part_counter_reports_check', reports => -1],
    ['raw_webhook_part_check', part => -1],
    ['raw_webhook_sha256_check', sha256 => "'x'"],
    ['quarantine_part_check', part => 256],
    ['quarantine_state_check', state => "'lost'"],
    ['quarantine_replayed_at_check', state => "'replayed'"],
    ['quarantine_replayed_at_check', replayed_at => 'now()'],
    ['quarantine_item_check', item => -2],
    ['quarantine_item_check', times => 0],
    ['notice_part_check', part => 256],
    ['seen_part_check', part => 256],
    ['reporter_part_check', part => -1],
    ['identity_part_check', part => 256],
    ['identity_part_check', home_part => -1],
    ['identity_kind_check', kind => "'email'"],
    ['identity_identity_check', identity => "''"],
    ['identity_identity_check', identity => "repeat('6', 257)"],
    ['identity_identity_check', peer => "'i'"],
    ['identity_username_check', kind => "'username'"],
    ['identity_username_check', identity => "'\@i'"],
    ['identity_past_part_check', home_part => 256],
    ['identity_past_kind_check', kind => "'email'"],
    ['identity_past_until_at_check', since => 'now()'],
    ['identity_past_until_at_check', until_at => "'infinity'"],
    ['identity_history_part_check', to_part => 256],
    ['identity_history_what_check', what => "'lost'", from_part => 1,
     from_reporter => 1],
    ['identity_history_from_check', what => "'merged'"],
    ['identity_history_from_check', from_part => 1],
    ['reporter_link_part_check', other_part => -1],
    ['reporter_link_other_check', other_id => 1],
    ['reporter_link_why_check', why => "'x'"],
    ['report_part_check', part => 256],
    ['report_origin_check', origin => "'x'"],
    ['report_link_check', link => "'follows'"],
    ['report_link_check', link_report_id => 3],
    ['report_link_check', link => "'x'", link_report_id => 3],
    ['report_link_check', link => "'follows'", link_report_id => 2],
    ['report_bursts_check', bursts => -1],
    ['unit_rule_complete_check', join_window => 'NULL'],
    ['unit_rule_complete_check', topic_confidence => 'NULL'],
    ['unit_rule_windows_check', unit_id => 9, join_window => "'1 second'"],
    ['unit_rule_windows_check', unit_id => 9, reopen_window => "'-1 day'"],
    ['unit_rule_windows_check', unit_id => 9, burst_gap => "'0'"],
    ['unit_rule_topic_confidence_check', unit_id => 9,
     topic_confidence => 1.1],
    ['officer_identity_check', identity => "''"],
    ['officer_part_check', part => 256],
    ['report_code_check', code => "'K-2222'"],
    ['report_code_check', code => "'K-222I-2'"],
    ['report_code_check', code => "'K-222O-2'"],
    ['report_code_check', code => "'K-2221-2'"],
    ['report_code_check', code => "'K-2222-222-2'"],
    ['report_code_check', code => "'k-2222-2'"],
    ['report_code_check', code => "'K-2-22-2'"],
    ['report_code_check', code => "'K-22222-2-2'"],
    ['report_code_check', code => "'K-2222-22222-2'"],
    ['report_category_check', category => "'lain'"],
    ['report_urgency_check', urgency => "'P5'"],
    ['report_function_check', function => "'x'"],
    ['report_state_check', state => "'open'"],
    (map { ['report_closed_at_check', state => "'$_'"] }
     qw(closed info withdrawn invalid prank)),
    ['report_closed_at_check', closed_at => 'now()'],
    ['report_prank_check', prank => 1.1],
    ['report_prank_check', prank => "'NaN'"],
    ['report_confidence_check', confidence => -0.1],
    ['report_times_check', last_message_at => "now() - interval '1 s'"],
    ['report_pin_check', lat => 1],
    ['report_pin_check', lat => 91, lon => 1],
    ['report_pin_check', lat => 1, lon => 180.5],
    ['report_head_check', head => "'x'"],
    ['report_head_check', events => 0],
    ['message_part_check', part => 256],
    ['message_direction_check', %out, direction => "'up'"],
    ['message_status_check', %out, status => "'lost'"],
    ['message_origin_check', raw_id => 'NULL'],
    ['message_origin_check', task_id => 1],
    ['message_origin_check', status => "'accepted'"],
    ['message_origin_check', delivered_at => 'now()'],
    ['message_origin_check', error_code => 1],
    ['message_origin_check', %out, task_id => 'NULL'],
    ['message_origin_check', %out, raw_id => 1],
    ['message_origin_check', %out, status => 'NULL'],
    ['message_origin_check', %out, accepted_at => 'NULL'],
    (map { ['message_status_at_check', %out, status => "'$_'"] }
     qw(sent failed delivered read played)),
    ['media_part_check', part => 256],
    ['media_state_check', state => "'lost'"],
    ['media_stored_check', state => "'stored'"],
    (map { ['media_stored_check', %stored, $_ => 'NULL'] }
     qw(sha256 path size stored_at)),
    ['media_stored_check', %stored, state => "'pending'"],
    ['media_stored_check', sha256 => $hex],
    ['media_size_check', %stored, size => -1],
    ['media_sha256_check', announced_sha256 => "'AB'"],
    ['media_sha256_check', %stored, sha256 => "upper($hex)"],
    ['media_path_check', %stored, path => "'/etc/x'"],
    ['media_path_check', %stored, path => "'ab/../../x'"],
    ['media_error_check', state => "'failed'"],
    ['media_error_check', state => "'gone'"],
    ['task_part_check', part => 256],
    ['task_kind_check', kind => "'x'", media_id => 'NULL'],
    ['task_state_check', state => "'lost'"],
    ['task_finished_at_check', finished_at => 'now()'],
    ['task_finished_at_check', state => "'failed'"],
    ['task_lease_owner_check', state => "'running'"],
    ['task_lease_owner_check', lease_owner => "'w'"],
    ['task_lease_owner_check', %done, lease_owner => "'w'"],
    ['task_counts_check', attempts => -1],
    ['task_counts_check', failures => 1],
    ['task_counts_check', attempts => 1, unknowns => 2],
    ['task_media_check', media_id => 'NULL'],
    ['task_media_check', %reply, media_id => "'m'"],
    ['task_media_check', %sending, state => "'running'"],
    (map { ['task_reply_check', %reply, $_ => 'NULL'] }
     qw(occasion recipient recipient_kind body)),
    ['task_reply_check', body => "'b'"],
    ['task_reply_check', state => "'sending'", lease_owner => "'w'"],
    ['task_recipient_kind_check', %reply, recipient_kind => "'email'"],
    ['task_wamid_check', %done, wamid => 'NULL'],
    ['task_wamid_check', %done, message_id => 'NULL'],
    ['task_wamid_check', %done, message_sent_at => 'NULL'],
    ['task_wamid_check', %reply, wamid => "'w'", message_id => 1,
     message_sent_at => 'now()'],
    ['timer_part_check', part => 256],
    ['timer_kind_check', kind => "'x'"],
    ['event_part_check', part => 256],
    ['event_seq_check', seq => 0],
    ['event_kind_check', kind => "''"],
    ['event_kind_check', kind => "'a b'"],
    ['event_actor_check', actor => "''"],
    ['event_actor_check', actor => "'a' || chr(10) || 'b'"],
    ['event_hash_check', prev => "'x'"],
    ['event_hash_check', hash => "'x'"],
    ['status_wait_part_check', part => 256],
    ['status_wait_state_check', state => "'accepted'"],
    ['alert_part_check', part => 256],
    ['alert_kind_check', kind => "'Not so'"],
    ['alert_subject_check', subject => "''"],
    ['alert_subject_check', subject => "repeat('x', 201)"],
    ['alert_severity_check', severity => "'bad'"],
    ['alert_times_check', times => 0],
    ['alert_times_check', last_at => "now() - interval '1 s'"],
    ['alert_times_check', closed_at => "now() - interval '1 s'"],
    ['alert_word_part_check', part => 256],
    ['message_price_check', billable => 'false'],
    ['message_price_check', origin => "'service'"],
    ['error_code_lang_check', lang => "'Id'"],
    ['error_code_to_code_check', to_code => 98],
    ['stream_count_part_check', part => 256],
    ['stream_count_done_check', done => -1],
    ['raw_again_part_check', part => 256],
    ['stream_base_part_check', part => -1],
    ['stream_base_counts_check', lives => 0],
    ['stream_base_counts_check', accepted => -1],
    ['reconcile_part_check', part => 1],
    ['reconcile_verdict_check', verdict => "'good'"],
    ['reconcile_counts_check', spooled => -1],
    ['reconcile_counts_check', differences => 1],
    ['reconcile_counts_check', verdict => "'difference'"],
);

my %check = map { @$_ } $db->rows(q{
    SELECT c.conname, t.relname FROM pg_constraint c
      JOIN pg_class t ON t.oid = c.conrelid
     WHERE c.contype = 'c' AND NOT t.relispartition
       AND t.relnamespace = 'lapor'::regnamespace});

sub insert {
    my ($table, %change) = @_;

    my %row = (%{ $good{$table} }, %change);
    my @columns = sort keys %row;
    return "INSERT INTO lapor.$table (" . join(', ', @columns) . ') VALUES ('
           . join(', ', @row{@columns}) . ')';
}

# what the rows point at
$db->rows('DELETE FROM lapor.part_counter WHERE part = 255');
$db->rows('DELETE FROM lapor.unit_rule');
$db->rows(insert('reporter', reporter_id => 1));
$db->rows(insert('report', report_id => 1, code => "'K-3333-3'"));

for my $row ((map { [$_] } sort keys %good), @legal) {
    my ($table, %change) = @$row;
    my $name = join ' ', map { "$_=$change{$_}" } sort keys %change;
    eval {
        $db->rows('BEGIN');
        $db->rows(insert($table, %change));
    };
    is($@, '', "$table takes a good row" . ($name ? ": $name" : ''));
    $db->rows('ROLLBACK');
}

for my $row (@illegal) {
    my ($name, %change) = @$row;
    my $table = $check{$name};

    if (!defined $table) {
        fail("$name is a constraint");
        next;
    }
    $tested{$name} = 1;
    is_deeply($admin->state(insert($table, %change)), ['23514', $name],
              "$name: " . join ', ', map { "$_ = $change{$_}" }
                          grep { ($good{$table}{$_} || '') ne $change{$_} }
                          sort keys %change);
}
is(join(' ', grep { !$tested{$_} } sort keys %check), '',
   'every CHECK was broken once');

# the categories, functions and urgencies are those that the console knows
for my $case (['category', 26], ['function', 13], ['urgency', 4],
              ['state', 19])
{
    my ($column, $n) = @$case;
    my $text = $db->one("SELECT pg_get_constraintdef(oid) FROM pg_constraint
                          WHERE conname = 'report_${column}_check'");
    is(scalar(() = $text =~ /'\w+'::text/g), $n, "$n values of $column");
}


# --- keys

for my $case (
    ['unit_unit_code_key', 'unit', unit_id => 78],
    ['phone_number_pkey', 'phone_number'],
    ['unit_area_pkey', 'unit_area'],
    ['text_pkey', 'text'],
    ['raw_webhook_default_pkey', 'raw_webhook', received_at => "'epoch'"],
    ['quarantine_pkey', 'quarantine', received_at => "'epoch'"],
    ['notice_pkey', 'notice'],
    ['seen_default_pkey', 'seen', sent_at => "'epoch'"],
    ['reporter_pkey', 'reporter'],
    ['identity_pkey', 'identity', reporter_id => 5],
    ['identity_past_pkey', 'identity_past', until_at => "'epoch'"],
    ['identity_history_pkey', 'identity_history'],
    ['reporter_link_pkey', 'reporter_link'],
    ['report_code_key', 'report', report_id => 9],
    ['message_default_part_wamid_sent_at_key', 'message',
     message_id => 9, sent_at => "'epoch'"],
    ['media_pkey', 'media', report_id => 9],
    ['task_media_key', 'task', task_id => 9],
    ['task_reply_key', 'task', %reply, task_id => 9],
    ['timer_pkey', 'timer'],
    ['event_default_pkey', 'event', at => "'epoch'"],
    ['status_wait_pkey', 'status_wait'],
) {
    my ($name, $table, %change) = @$case;
    my %first = %change;
    delete $first{$_} for grep { /_id\z/ && $_ ne 'media_id' } keys %first;
    $first{task_id} = 8 if $name eq 'task_reply_key';
    eval { $db->rows(insert($table, %first)) };
    is($@, '', "$table: the first one");
    is_deeply($admin->state(insert($table, %change)), ['23505', $name],
              "$name: no second");
}

for my $case (
    ['unit_parent_id_fkey', 'unit', unit_code => "'P-9'", parent_id => 999],
    ['phone_number_unit_id_fkey', 'phone_number',
     phone_number_id => "'9'", unit_id => 999],
    ['unit_area_unit_id_fkey', 'unit_area', unit_id => 999],
    ['unit_rule_unit_id_fkey', 'unit_rule', unit_id => 999],
    ['officer_unit_id_fkey', 'officer', unit_id => 999],
) {
    my ($name, $table, %change) = @$case;
    is_deeply($admin->state(insert($table, %change)), ['23503', $name],
              "$name: " . join ', ', map { "$_ = $change{$_}" }
                          sort keys %change);
}
is_deeply($admin->state('DELETE FROM lapor.unit WHERE unit_id = 1'),
          ['23503', $admin->state('DELETE FROM lapor.unit
                                    WHERE unit_id = 1')->[1]],
          'headquarters cannot be deleted');


# --- what a person may not put in through the functions

my $ctl = $db->session('lapor_ctl');
for my $case (
    ['a second headquarters', '23514', "'MABES2', 'mabes', 'mabes', 'M',
      NULL, NULL, NULL, true, NULL, NULL"],
    ['a unit of itself', '23514', "'P-1', 'polda', 'polda', 'P', 'P-1', NULL,
      NULL, true, NULL, NULL"],
    ['a unit of nobody', '23503', "'P-2', 'polda', 'polda', 'P', 'NONE',
      NULL, NULL, true, NULL, NULL"],
    ['headquarters of no rank', '23514', "'MABES', 'polda', 'polda', 'P',
      NULL, NULL, NULL, true, NULL, NULL"],
    ['a number of another unit', '23505', "'P-3', 'polda', 'polda', 'P',
      NULL, NULL, NULL, true, '123', NULL"],
) {
    my ($name, $state, $values) = @$case;
    my $before = dump_tables($db);
    is($ctl->state("SELECT lapor.unit_put($values)")->[0], $state, $name);
    ok(dump_tables($db) eq $before, 'and nothing changes');
}

# numbers are masked, short ones and ids too
my @mask = map { @$_ } $db->rows("SELECT lapor.phone_mask(t) FROM unnest(
    ARRAY['6280000001234', '628000001234', '62800000123', '628000012',
          '110', 'ID.13491208655302741918', '1']) WITH ORDINALITY u (t, n)
    ORDER BY n");
is_deeply([map { s/\xe2\x80\xa2{1,4}/*/gr =~ s/(?:\*|\xe2\x80\xa2)+/*/gr }
           @mask],
          ['+62 800-*-1234', '+62 800-*-1234', '*123', '*012', '*0',
           '*1918', '*'], 'how a number is shown');

done_testing();
