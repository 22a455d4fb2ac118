#!/usr/bin/perl

# Statuses of our own messages: in any order, twice, before their message,
# with the callback key or without: a state never falls, nothing is lost.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new;
my $t0 = 1763000000;

# task($n) -> [part, task_id] of the answer to a new person
sub task {
    my ($n) = @_;
    my $m = message(text => 'lapor', from => phone($n));
    $in->add(body($m));
    $in->drained;
    my ($row) = $in->rows('SELECT t.part, t.task_id FROM lapor.task t'
        . ' JOIN lapor.message m USING (part, report_id)'
        . " WHERE m.wamid = '$m->{id}' AND t.kind = 'reply'");
    return @$row;
}

sub row {
    my ($wamid) = @_;
    my ($row) = $in->rows('SELECT status,'
        . join(', ', map { "extract(epoch FROM ${_}_at)::bigint" }
                         qw(server delivered read failed))
        . ", error_code, direction FROM lapor.message WHERE wamid = '$wamid'");
    return $row;
}


# every order of three states, each in its own webhook, some twice

my @orders = ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1],
              [2, 1, 0]);
my @states = qw(sent delivered read);
my $n = 10;

for my $order (@orders) {
    my ($part, $task) = task($n);
    my $wamid = "wamid.order$n";

    for my $i (@$order, $order->[0]) {
        my $at = $t0 + $i;
        $in->add(body(status(id => $wamid, status => $states[$i],
            timestamp => "$at", recipient_id => phone($n),
            biz_opaque_callback_data => "reply:$part:$task")), '00:status');
    }
    ok($in->drained, 'processed');
    is_deeply(row($wamid), ['read', $t0, $t0 + 1, $t0 + 2, undef, undef,
                            'out'], "order @$order");
    is_deeply([$in->rows('SELECT state, wamid FROM lapor.task'
                         . " WHERE task_id = $task")], [['done', $wamid]],
              '... and the task is done by it');
    $n++;
}


# all of it in one webhook with a message

my ($part, $task) = task(30);
my $key = "reply:$part:$task";
my $reply = message(text => 'terima kasih', from => phone(30));
$in->add(body($reply, map { status(id => 'wamid.one', status => $_,
    recipient_id => phone(30), biz_opaque_callback_data => $key) }
    qw(read delivered sent sent)));
ok($in->drained, 'processed');
is(row('wamid.one')->[0], 'read', 'in one webhook');
is($in->cell('SELECT count(*) FROM lapor.message'
             . " WHERE wamid = '$reply->{id}'"), 1, 'the message too');


# failed after sent; delivered after failed

($part, $task) = task(31);
$key = "reply:$part:$task";
my $failed = status(id => 'wamid.f', status => 'failed', timestamp => $t0,
    recipient_id => phone(31), biz_opaque_callback_data => $key,
    errors => [{ code => 131047, title => 'Re-engagement message' }]);
$in->add(body(status(id => 'wamid.f', recipient_id => phone(31),
                     biz_opaque_callback_data => $key), $failed));
ok($in->drained, 'processed');
is_deeply([@{ row('wamid.f') }[0, 4, 5]], ['failed', $t0, 131047],
          'failed, with its reason');
$in->add(body(status(id => 'wamid.f', status => 'delivered',
    recipient_id => phone(31), biz_opaque_callback_data => $key)));
ok($in->drained, 'processed');
is(row('wamid.f')->[0], 'delivered', 'what arrived has not failed');


# what it costs

($part, $task) = task(35);
$in->add(body(status(id => 'wamid.price', recipient_id => phone(35),
    biz_opaque_callback_data => "reply:$part:$task",
    conversation => { id => 'c', origin => { type => 'service' } },
    pricing => { billable => JSON::PP::false, pricing_model => 'PMP',
                 category => 'service', type => 'free_customer_service' })),
    '00:status');
ok($in->drained, 'processed');
is_deeply([$in->rows('SELECT billable, price_category, price_type, origin'
               . " FROM lapor.message WHERE wamid = 'wamid.price'")],
          [['f', 'service', 'free_customer_service', 'service']],
          'its price is kept');


# without a key: by the recipient, before and after the message is known

($part, $task) = task(32);
$in->add(body(status(id => 'wamid.w', status => 'delivered',
                     recipient_id => phone(32), timestamp => $t0 + 5)),
         '00:status');
ok($in->drained, 'processed');
is($in->cell("SELECT count(*) FROM lapor.status_wait WHERE wamid = 'wamid.w'"),
   1, 'a status before its message waits');
$in->pg->psql("SELECT lapor.reply_sent(${part}::smallint, $task, 'wamid.w',"
              . " to_timestamp($t0))", 'lapor_reply');
is_deeply([@{ row('wamid.w') }[0, 2]], ['delivered', $t0 + 5],
          'and is found by it');
$in->add(body(status(id => 'wamid.w', status => 'read',
                     recipient_id => phone(32))), '00:status');
ok($in->drained, 'processed');
is(row('wamid.w')->[0], 'read', 'one after it finds it');


# keys that are none are not believed

my @keys = ("reply:256:1", "reply:$part:0", "reply:$part:01",
            "reply:-1:1", "reply:$part:$task ", "reply:$part:$task:1",
            "REPLY:$part:$task", "reply:$part:99999999999999999999",
            "reply:$part:", "reply::1", "media:$part:1", 'x', '');
my $k = 0;
$in->add(body(map { status(id => 'wamid.k' . $k++,
    recipient_id => phone(33), biz_opaque_callback_data => $_) } @keys),
    '00:status');
# a task that is not there, and a key in another's name
$in->add(body(status(id => 'wamid.gone', recipient_id => phone(33),
    biz_opaque_callback_data => "reply:$part:4611686018427387904")),
    '00:status');
ok($in->drained, 'processed');
is($in->cell('SELECT count(*) FROM lapor.status_wait'
             . " WHERE wamid LIKE 'wamid.k%'"), scalar @keys,
   'they wait for their message');
is($in->cell("SELECT count(*) FROM lapor.status_wait"
             . " WHERE wamid = 'wamid.gone'"), 1, 'so does one of no task');


# times, and bad ones among good ones

my $now = time;
$in->add(body(
    status(id => 'wamid.t1', timestamp => undef, recipient_id => phone(34)),
    status(id => undef, recipient_id => phone(34)),
    status(id => 'wamid.t2', timestamp => $now + 9e6,
           recipient_id => phone(34)),
    status(id => 'wamid.t3', timestamp => "$now", recipient_id => phone(34),
           status => 'failed', errors => [{ code => 9e15 }])), '00:status');
ok($in->drained, 'processed');
is_deeply([map { $_->[0] } $in->rows('SELECT wamid FROM lapor.status_wait'
    . " WHERE wamid LIKE 'wamid.t_' AND abs(extract(epoch FROM at) - $now)"
    . ' < 100 ORDER BY 1')], [qw(wamid.t1 wamid.t2 wamid.t3)],
    'a time that cannot be is that of the webhook');
is_deeply([$in->rows('SELECT item, reason IS NOT NULL'
                     . ' FROM lapor.quarantine')], [[1, 't']],
          'one without an id is in quarantine alone');


# what waited for eight days goes, once an hour and at the start

$in->pg->psql("INSERT INTO lapor.status_wait (part, wamid, state, at,
    received_at) SELECT i, 'wamid.old' || i, 'sent', now(),
    now() - interval '1 day' * i FROM generate_series(7, 9) i");
$in->in->stop;
$in->in->start;
ok(wait_until { $in->cell("SELECT string_agg(wamid, ' ' ORDER BY part)
    FROM lapor.status_wait WHERE wamid LIKE 'wamid.old%'") eq 'wamid.old7' }
   10, 'statuses of no message to be removed');

done_testing();
