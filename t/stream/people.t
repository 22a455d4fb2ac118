#!/usr/bin/perl

# One person under two identities, either of which may be missing, change, or
# arrive in another order: one reporter and one conversation.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

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

is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');

done_testing();
