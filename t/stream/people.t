#!/usr/bin/perl

# One person under two identities, either of which may be missing, change, or
# arrive in another order: one reporter and one conversation.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Store ();

my $in = Lapor::Intake->new;

sub from_both { message(text => 'lapor', from => phone($_[0]),
                        from_user_id => "ID.$_[0]") }
sub from_phone { message(text => 'lapor', from => phone($_[0])) }
sub from_user { message(text => 'lapor', from => undef,
                        from_user_id => "ID.$_[0]") }

sub people {
    my $list = join ', ', map { "'$_->{id}'" } @_;
    return [$in->rows('SELECT count(*), count(DISTINCT r.reporter_id),'
        . ' count(DISTINCT r.report_id) FROM lapor.message'
        . ' JOIN lapor.report r USING (part, report_id)'
        . " WHERE wamid IN ($list)")]->[0];
}

# each list: the messages in the order and batching in which they come
my %ways = (
    'both, then each' => sub { [from_both(@_)], [from_phone(@_)],
                               [from_user(@_)] },
    'phone, then both, then id' => sub { [from_phone(@_)], [from_both(@_)],
                                         [from_user(@_)] },
    'id, then both, then phone' => sub { [from_user(@_)], [from_both(@_)],
                                         [from_phone(@_)] },
    'all in one webhook' => sub { [from_both(@_), from_phone(@_),
                                   from_user(@_)] },
    'phone, id, then both in one webhook' => sub {
        [from_phone(@_), from_user(@_), from_both(@_)] },
    'id first in one webhook' => sub { [from_user(@_), from_both(@_),
                                        from_phone(@_)] },
    'known id, all in one webhook' => sub { [from_user(@_)],
        [from_both(@_), from_phone(@_), from_user(@_)] },
);

my $n = 100;
for my $name (sort keys %ways) {
    my @groups = $ways{$name}->($n++);
    for my $group (@groups) {
        $in->add(body(@$group), sprintf '%02x:msg', $n);
        $in->drained or fail("$name: processed");
    }
    my @all = map { @$_ } @groups;
    is_deeply(people(@all), [scalar @all, 1, 1], $name);
}

# a phone that was known before the id, in one webhook with the id first
$in->add(body(from_phone(200)));
$in->drained;
$in->add(body(from_user(200), from_both(200)));
ok($in->drained, 'processed');
is_deeply([$in->rows('SELECT count(DISTINCT reporter_id) FROM lapor.identity'
    . " WHERE identity IN ('" . phone(200) . "', 'ID.200')")], [[1]],
    'a known phone tells of the id beside it, whatever their order');


# two identities in one webhook: who writes is answered as he wrote

my %thumb = (type => 'reaction',
             reaction => { message_id => 'wamid.none', emoji => '+' });
$in->add(body({ %{from_both(250)}, id => 'wamid.thumb.1', %thumb }));
$in->drained;
my $asks = from_phone(250);
$in->add(body({ %{from_user(250)}, id => 'wamid.thumb.2', %thumb }, $asks));
ok($in->drained, 'processed');
is($in->cell('SELECT recipient FROM lapor.task t JOIN lapor.message m'
    . " USING (part, report_id) WHERE t.kind = 'reply'"
    . " AND m.wamid = '$asks->{id}'"), phone(250), 'not by the other one');


# a contact's number leads although the message names only the id

my $hidden = message(text => 'lapor', from => undef, from_user_id => 'ID.300');
$in->add(body(from_phone(300)));
$in->drained;
$in->add(body(value(messages => [$hidden], contacts => [
    { profile => { name => 'B', username => 'warga.b' },
      wa_id => phone(300), user_id => 'ID.300' }])));
ok($in->drained, 'processed');
is($in->cell('SELECT count(*) FROM lapor.reporter WHERE username = '
             . "'warga.b' AND name = 'B'"), 1,
   'and the reporter got his username');

# he is called what he said last, whichever message comes last
my $named = sub {
    my ($ago, $name, %more) = @_;
    return body(value(messages => [message(text => 'lapor', from => phone(300),
                                           timestamp => time - $ago)],
                      contacts => [{ profile => { name => $name, %more },
                                     wa_id => phone(300) }]));
};
my $called = sub {
    ok($in->drained, 'processed');
    return $in->cell("SELECT name || ' ' || username FROM lapor.reporter
                       WHERE username LIKE 'warga.%'");
};
$in->add($named->(-60, 'C', username => 'warga.c'));
is($called->(), 'C warga.c', 'a new name');
$in->add($named->(60, 'D', username => 'warga.d'));
is($called->(), 'C warga.c', 'an older message keeps it');
$in->add($_) for $named->(-90, 'F', username => 'warga.f'),
                 $named->(-80, 'E', username => 'warga.e');
is($called->(), 'F warga.f', 'whether they come at once or not');
is($in->cell('SELECT count(DISTINCT reporter_id) FROM lapor.identity'
             . " WHERE identity IN ('" . phone(300) . "', 'ID.300')"), 1,
   'by the number of contacts[]');


# a system message that names no sender

my $changed = message(type => 'system', from => undef, system => {
    type => 'user_changed_user_id', body => 'x', user_id => 'ID.400n',
    previous_user_id => 'ID.400' });
my $nobody = message(type => 'system', from => undef,
                     system => { type => 'user_changed_user_id' });
my $person = message(text => 'lapor', from => undef, from_user_id => 'ID.400');
$in->add(body($person));
$in->drained;
$in->add(body($changed, $nobody));
$in->add(body($changed, $nobody));
ok($in->drained, 'processed');
is_deeply(people($person, $changed), [2, 1, 1],
          'joins the person whose id it was');
is($in->cell("SELECT count(*) FROM lapor.notice"
             . " WHERE data->>'id' = '$nobody->{id}'"), 1,
   'one about nobody is a notice');


# our own number, groups, and what Meta cannot show are not answered

my @quiet = (
    message(text => 'lapor', from => '628000009999'),
    message(text => 'lapor', from => phone(501), group_id => 'g'),
    message(type => 'unsupported', from => phone(502),
            errors => [{ code => 131060, title => 'x' }]),
);
$in->add(body(@quiet));
ok($in->drained, 'processed');
is($in->cell('SELECT count(*) FROM lapor.task t JOIN lapor.message m'
    . " USING (part, report_id) WHERE t.kind = 'reply' AND m.wamid IN ("
    . join(', ', map { "'$_->{id}'" } @quiet) . ')'), 0,
   'who must not be answered is not');


# --- identities that move

sub holder {
    my ($id) = @_;
    return $in->cell("SELECT reporter_id FROM lapor.identity"
                     . " WHERE identity = '$id'");
}

sub reporter_of {
    my ($m) = @_;
    return $in->cell('SELECT r.reporter_id FROM lapor.message JOIN lapor.report'
                     . " r USING (part, report_id) WHERE wamid = '$m->{id}'");
}

# number($old, $new, $at): the system message of a changed number
sub number_moved {
    my ($old, $new, $at, %system) = @_;
    return message(type => 'system', from => $old, timestamp => "$at",
        system => { type => 'user_changed_number', body => 'x',
                    wa_id => $new, %system });
}

sub said {
    my ($from, $at, %more) = @_;
    return message(text => 'lapor', from => $from, timestamp => "$at", %more);
}

# id_update($previous, $current, $at [, $wa_id]): a change of user_id_update
sub id_update {
    my ($previous, $current, $at, $wa_id) = @_;
    return { field => 'user_id_update', value => {
        messaging_product => 'whatsapp', metadata => {
            display_phone_number => '628000009999',
            phone_number_id => Lapor::Intake::NUMBER_ID },
        user_id_update => [{ defined $wa_id ? (wa_id => $wa_id) : (),
            user_id => { previous => $previous, current => $current },
            timestamp => "$at" }] } };
}

# post($item, ...): one webhook, as long after its messages as Meta needs
sub post {
    my ($stream, @items) = @_;
    my ($at) = sort grep { defined } map { $_->{timestamp} } @items;
    $in->add(body(@items), $stream, 'b', body(@items), 't',
             1000 * (defined $at ? $at : time));
}

# deliver(@groups): each a webhook, in this order
sub deliver {
    for my $group (@_) {
        post('00:msg', @$group);
        $in->drained or fail('processed');
    }
}

# shuffled(@items) -> all orders of them
sub shuffled {
    my ($first, @rest) = @_;
    return [] unless defined $first;
    return map { my @o = @$_;
                 map { my @copy = @o; splice @copy, $_, 0, $first; [@copy] }
                     0 .. @o } shuffled(@rest);
}

my $t0 = time - 3600;
my $k = 2000;

# told in every order, all in one webhook, and all of it twice
{
    my %ends;
    for my $way ((map { [map { [$_] } @$_] } shuffled(0 .. 3)),
                 [[0 .. 3]], [[3, 2, 1, 0]])
    {
        my ($a, $b, $c) = map { phone($k++) } 1 .. 3;
        my @all = (said($a, $t0 + 10), number_moved($a, $b, $t0 + 20),
                   number_moved($b, $c, $t0 + 30), said($c, $t0 + 40));
        my @groups = map { [@all[@$_]] } @$way;

        deliver(@groups, [reverse @all]);
        my @holders = map { holder($_) } $a, $b, $c;
        my $late = said($b, $t0 + 25);
        my $last = said($c, $t0 + 50);
        deliver([$last, $late]);
        my $name = join '', map { join('+', @$_) . ' ' } @$way;
        is(join(' ', map { defined $_ ? 'held' : 'free' } @holders),
           'free free held', "A to B to C, told as $name: C alone is held");
        is(join(' ', map { reporter_of($_) == $holders[2] ? 1 : 0 }
                     $late, $last), '1 1', 'by whoever wrote from B and C');
    }
}

# whoever gets the old number is somebody else; whoever had the new one, too
{
    my ($old, $new) = map { phone($k++) } 1 .. 2;
    my $before = said($new, $t0 + 1);
    my $first = said($old, $t0 + 10);
    deliver([$before], [$first], [number_moved($old, $new, $t0 + 20)]);
    is(holder($new), reporter_of($first), 'the number came with its owner');
    isnt(reporter_of($before), reporter_of($first),
         'who had it before is left as he is');
    is($in->cell("SELECT string_agg(e.kind, ' ' ORDER BY e.seq)
                    FROM lapor.event e JOIN lapor.message m
                   USING (part, report_id) WHERE m.wamid = '$first->{id}'
                     AND e.kind LIKE 'identity%'"),
       'identity_moved identity_taken', 'the audit of his report says so');
    is($in->cell("SELECT count(*) FROM lapor.event
                   WHERE kind LIKE 'identity%' AND data::text LIKE '%$old%'"),
       0, 'without the number');

    my $heir = said($old, $t0 + 500);
    my $late = said($old, $t0 + 15);
    my $same = said($old, $t0 + 20);
    deliver([$heir], [$late], [$same]);
    isnt(reporter_of($heir), reporter_of($first),
         'a recycled number is a new reporter');
    is(reporter_of($late), reporter_of($first),
       'what was written before and comes late is the old one\'s');
    is(reporter_of($same), reporter_of($first),
       'and so is what was written in that second');
    is_deeply([$in->rows("SELECT what, peer, from_reporter, to_reporter
                            FROM lapor.identity_history
                           WHERE identity IN ('$old', '$new')
                           ORDER BY history_id")],
       [['moved', $new, reporter_of($first), reporter_of($first)],
        ['taken', $old, reporter_of($before), reporter_of($first)]],
       'the history says what moved');
    is($in->cell("SELECT string_agg(why, ' ') FROM lapor.reporter_link
                   WHERE reporter_id = " . reporter_of($first)
                  . ' AND other_id = ' . reporter_of($before)), 'number',
       'and who had the same number is linked, as a hint');

    my $rows = $in->cell('SELECT count(*) FROM lapor.identity_history');
    my $events = $in->cell('SELECT count(*) FROM lapor.event'
                           . " WHERE kind LIKE 'identity%'");
    my $again = number_moved($old, $new, $t0 + 20);
    deliver([$again], [$again, $first]);
    is($in->cell('SELECT count(*) FROM lapor.identity_history'), $rows,
       'told again under another id, nothing moves');
    is($in->cell('SELECT count(*) FROM lapor.event'
                 . " WHERE kind LIKE 'identity%'"), $events,
       'and the audit has no more of it');
    is(holder($old), reporter_of($heir), 'the heir keeps his number');
}

# two reporters turn out to be one
{
    my ($number, $id) = (phone($k++), "ID.$k");
    my $one = said($number, $t0 + 1);
    my $two = said(undef, $t0 + 2, from_user_id => $id);
    deliver([$one], [$two]);
    isnt(reporter_of($one), reporter_of($two), 'a number and an id');
    my $both = said($number, $t0 + 3, from_user_id => $id);
    deliver([$both]);
    is(holder($number), holder($id), 'turn out to be one person\'s');
    is(reporter_of($both), holder($number), 'who is found at once');
    is($in->cell('SELECT count(*) FROM lapor.reporter_link'
        . " WHERE why = 'same' AND (reporter_id, other_id) IN (("
        . reporter_of($one) . ',' . reporter_of($two) . '), ('
        . reporter_of($two) . ',' . reporter_of($one) . '))'), 2,
       'both reporters are linked, their reports stay');
    is($in->cell("SELECT count(*) FROM lapor.identity_history
                   WHERE what = 'merged' AND identity IN ('$number', '$id')"),
       1, 'and the history has it');
}

# a number in the hands of another account
{
    my $number = phone($k++);
    my $one = said($number, $t0 + 1, from_user_id => "ID.$k.1");
    my $two = said($number, $t0 + 60, from_user_id => "ID.$k.2");
    my $three = said($number, $t0 + 70);
    deliver([$one], [$two], [$three]);
    isnt(reporter_of($one), reporter_of($two),
         'a number that comes with another account is another person\'s');
    is(reporter_of($three), reporter_of($two), 'from then on');

    # unless Meta says that the two are one
    deliver([id_update("ID.$k.1", "ID.$k.2", $t0 + 50, $number)]);
    is(holder($number), holder("ID.$k.2"), 'unless his id was changed');
    is(holder("ID.$k.1"), undef, 'the old id is nobody\'s');
    my $four = said(undef, $t0 + 80, from_user_id => "ID.$k.2");
    my $five = said(undef, $t0 + 20, from_user_id => "ID.$k.1");
    deliver([$four, $five]);
    is(reporter_of($four), reporter_of($five), 'both lead to him');
    is($in->cell("SELECT count(*) FROM lapor.notice
                   WHERE field = 'user_id_update'"), 1,
       'the notice is kept as a notice');
}

# one webhook, in which he has one identity, both, and the other one: each is as
# old as the first message that names it, whichever part is read first
for (1 .. 4) {
    my ($number, $new, $id) = (phone($k++), phone($k++), "ID.age$k");
    my @all = (said($number, $t0 + 100),
               said($number, $t0 + 50, from_user_id => $id),
               said(undef, $t0 + 10, from_user_id => $id));
    my $age = sub {
        $in->cell('SELECT extract(epoch FROM first_seen_at)::bigint'
                  . " - $t0 FROM lapor.identity WHERE identity = '$_[0]'");
    };
    deliver([@all]);
    is($age->($number) . ' ' . $age->($id), '50 10',
       'an identity is as old as its first message');
    is_deeply(people(@all), [3, 1, 1], 'all of them are of one person');

    # whoever had the number before him gives it up
    deliver([number_moved($number, $new, $t0 + 20)]);
    is(holder($number), reporter_of($all[0]), 'he keeps the number');
    isnt(holder($new), reporter_of($all[0]), 'which another one gave up');
}

# old spellings
{
    my ($a, $b) = map { phone($k++) } 1 .. 2;
    my $said = said($a, $t0 + 1);
    my $moved = message(type => 'system', from => undef,
        timestamp => '' . ($t0 + 10), system => {
            type => 'customer_changed_number', new_wa_id => $b,
            customer => $a, body => 'x' });
    deliver([$said], [$moved]);
    is(holder($b), reporter_of($said), 'new_wa_id and customer');
    is(reporter_of($moved), reporter_of($said),
       'the notice itself is in his report');

    my $check = message(type => 'system', from => $b, system => {
        type => 'customer_identity_changed', customer => $b, body => 'x',
        wa_id => $b });
    deliver([$check]);
    is(holder($b), reporter_of($said), 'a changed identity key moves nothing');
}

# a number that went to another account, and was moved by that one: one by one,
# and all in one webhook
for my $at_once (0, 1) {
    my ($a, $b, $j) = (phone($k++), phone($k++), $k++);
    my @all = (said($a, $t0 + 22, from_user_id => "ID.n$j"),
               number_moved($a, $b, $t0 + 28),
               said($b, $t0 + 30, from_user_id => "ID.n$j"));
    deliver([said($a, $t0 + 6, from_user_id => "ID.o$j")],
            $at_once ? [@all] : map { [$_] } @all);
    my $name = $at_once ? 'in one webhook' : 'one by one';
    is(holder($b), holder("ID.n$j"), "$name: the number is whose it was last");
    isnt(holder($b), holder("ID.o$j"), "$name: and not whose it was first");
}

# usernames lead to nobody
{
    my @who = map { "ID.u$k.$_" } 1 .. 2;
    my @said = map { said(undef, $t0 + 10 * $_,
                          from_user_id => $who[$_ - 1]) } 1 .. 2;
    for my $i (0, 1) {
        deliver([value(messages => [$said[$i]], contacts => [{
            profile => { name => 'W', username => 'Warga.U' },
            user_id => $who[$i] }])]);
    }
    isnt(reporter_of($said[0]), reporter_of($said[1]),
         'one username, two people');
    is($in->cell("SELECT reporter_id FROM lapor.identity
                   WHERE kind = 'username' AND identity = '\@warga.u'"),
       reporter_of($said[1]), 'the last one has it');
    is($in->cell("SELECT reporter_id FROM lapor.identity_past
                   WHERE identity = '\@warga.u'"), reporter_of($said[0]),
       'the one before is kept');
    is($in->cell("SELECT count(*) FROM lapor.reporter_link
                   WHERE why = 'username'"), 2, 'and they are linked');
}

# two at once, who have it one after the other whatever their parts
for my $way (sub { $_[0] > $_[1] }, sub { $_[0] < $_[1] }) {
    my ($first, $second) = map { phone($_) } $k, ++$k;
    $second = phone(++$k) until $way->(map { Lapor::Store::part_of($_) }
                                       $first, $second);
    my $name = 'warga.' . ++$k;
    my $at = $t0 + 200;
    $in->add(body(map { value(messages => [said($_, $at += 10)],
        contacts => [{ profile => { username => $name }, wa_id => $_ }]) }
        $first, $second));
    ok($in->drained, 'processed');
    my ($one, $two) = map { holder($_) } $first, $second;
    is($in->cell("SELECT reporter_id FROM lapor.identity
                   WHERE identity = '\@$name'"), $two, 'who wrote last');
    is($in->cell("SELECT reporter_id FROM lapor.identity_past
                   WHERE identity = '\@$name'"), $one, 'the one before');
    is($in->cell("SELECT count(*) FROM lapor.reporter_link
                   WHERE why = 'username' AND reporter_id IN ($one, $two)"),
       2, 'and they are linked');
}


# --- two at once

{
    my $other = $in->worker(consumer => 'other');
    my @jobs;
    for my $j (1 .. 60) {
        my ($old, $new) = map { phone($k++) } 1 .. 2;
        my @all = (said($old, $t0 + 1, from_user_id => "ID.r$j"),
                   said($new, $t0 + 2, from_user_id => "ID.t$j"),
                   number_moved($old, $new, $t0 + 10),
                   said($new, $t0 + 20, from_user_id => "ID.s$j"),
                   said($new, $t0 + 30, from_user_id => "ID.s$j"),
                   id_update("ID.r$j", "ID.s$j", $t0 + 10),
                   said(undef, $t0 + 40, from_user_id => "ID.s$j"));
        push @jobs, [$old, $new, $j];
        my $n = 0;
        post(sprintf('%02x:msg', 16 + ($j + $n++) % 8), $_)
            for @all[map { $_ * 3 % 7 } 0 .. 6], @all;
    }
    ok($in->drained(60), 'two at once are done with all');

    my @wrong = grep {
        my ($old, $new, $j) = @$_;
        defined holder($old) || defined holder("ID.r$j")
            || holder($new) != holder("ID.s$j")
            || holder($new) == holder("ID.t$j");
    } @jobs;
    is(scalar @wrong, 0, 'and every identity is where it belongs');
    is($in->cell('SELECT count(*) FROM (SELECT reporter_id FROM lapor.identity'
        . ' UNION SELECT reporter_id FROM lapor.identity_past) i'
        . ' LEFT JOIN lapor.reporter r USING (reporter_id)'
        . ' WHERE r.reporter_id IS NULL'), 0, 'with a reporter who exists');
    is($in->cell('SELECT count(*) FROM lapor.report'
        . ' WHERE NOT lapor.event_check(part, report_id)'), 0,
       'every audit chain is whole');
}

is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');

done_testing();
