#!/usr/bin/perl

# Somebody deletes entries by hand, read or not, and sets ids: Redis's counts
# of what was read are off from then on. Nothing is lost but what he deleted,
# no alarm says so, and what comes is stored.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new(own => { trim => '1h' });
my $redis = $in->redis;
$in->in->allow(qr/could not connect to|has vanished/)
       ->allow(qr/alert: kind=redis_/);
my $old = body(message(text => 'sudah ada'));
my $n = 0;
my @names = map { sprintf '%02x', 16 + $_ } 0 .. 9;

sub key { return "lapor:{$_[0]}:msg" }

# old($nn, $count): entries of a webhook that is stored already -> their ids
sub old { my ($nn, $count) = @_; return map { $in->add($old, "$nn:msg") } 1 .. $count }

# surveyed(): every stream was looked at twice since
sub surveyed {
    my $asked = sub { ($redis->cmd('INFO', 'commandstats')
                       =~ /cmdstat_xinfo\|groups:calls=(\d+)/)[0] || 0 };
    my $before = $asked->();
    ok(wait_until { $asked->() > $before + 2 * 512 } 20, 'streams are surveyed');
}

sub alerts {
    return $in->cell("SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '')"
        . " FROM lapor.alert WHERE closed_at IS NULL AND kind LIKE 'redis%'");
}

# done(): nothing is pending, and nothing lies behind what was delivered; the
# lag tells no more
sub done {
    wait_until {
        !grep {
            my %g = map { @$_ } @{ $redis->cmd('XINFO', 'GROUPS', $_) };
            !%g || $g{pending} > 0
                || @{ $redis->cmd('XRANGE', $_, "($g{'last-delivered-id'}",
                                  '+') };
        } map { key($_) } @names;
    } 20, 'all to be read';
}

# news($nn): what comes to a stream is stored
sub news {
    my ($nn, $what) = @_;
    my $m = message(text => 'baru ' . ++$n, from => phone($n));
    $in->add(body($m), "$nn:msg");
    ok(done(), "$what: read on");
    is($in->cell('SELECT count(*) FROM lapor.message'
                 . " WHERE wamid = '$m->{id}'"), 1, "$what: and stored");
}

# name, before a survey with lapor-intake at work, then while it is stopped,
# then when it has read what was left: each gets the stream and ids so far
my @ways = (
    ['the last entry, read', sub { $redis->cmd('XDEL', $_[0], $_[-1]) }],
    ['an entry between, read', sub { $redis->cmd('XDEL', $_[0], $_[3]) }],
    ['the last entry, unread', undef,
     sub { $redis->cmd('XDEL', $_[0], $_[-1]) }],
    ['an entry between, unread', undef,
     sub { $redis->cmd('XDEL', $_[0], $_[8]) },
     sub { $redis->cmd('XDEL', $_[0], $_[-1]) }],
    ['trimmed unread', undef, sub { $redis->cmd('XTRIM', $_[0], 'MINID', $_[8]) },
     sub { $redis->cmd('XDEL', $_[0], $_[-1]) }],
    ['deleted and trimmed unread', undef,
     sub { $redis->cmd('XDEL', $_[0], $_[7]);
           $redis->cmd('XTRIM', $_[0], 'MINID', $_[8]) },
     sub { $redis->cmd('XDEL', $_[0], $_[-1]) }],
    ['all of it', sub { $redis->cmd('XDEL', @_) }],
    ['all of it, unread', undef, sub { $redis->cmd('XDEL', @_) }],
    ['a higher id', sub { $redis->cmd('XSETID', $_[0], '9999999999999-0') }],
    ['a higher id and number', sub {
        $redis->cmd('XSETID', $_[0], '9999999999999-0', 'ENTRIESADDED', 99,
                    'MAXDELETEDID', $_[3]) }],
);
my @ids = map { [old($_, 5)] } @names;

sub each_way {
    my ($step) = @_;
    for my $i (0 .. $#ways) {
        my $do = $ways[$i][$step] or next;
        $do->(key($names[$i]), @{ $ids[$i] });
    }
}

ok(done(), 'at first');
surveyed();
each_way(1);
surveyed();
is(alerts(), '', 'what was deleted after it was read raises no alarm');

$in->in->stop;
push @{ $ids[$_] }, old($names[$_], 5) for 0 .. $#ways;
each_way(2);
$in->in->start;
ok(done(), 'the rest is read');
surveyed();
each_way(3);
surveyed();
is(alerts(), '', 'nor does what was deleted before');
news($names[$_], $ways[$_][0]) for 0 .. $#ways;
surveyed();
is(alerts(), '', 'nor what comes then');


# a group and a stream that are really lost, after all that

$redis->cmd('XGROUP', 'DESTROY', key($names[4]), 'intake');
surveyed();
is(alerts(), 'redis_group_lost', 'a group is told all the same');
$redis->cmd('DEL', key($names[5]));
surveyed();
is(alerts(), 'redis_group_lost redis_lost', 'and so is a stream');
news($names[$_], $ways[$_][0]) for 4, 5;

done_testing();
