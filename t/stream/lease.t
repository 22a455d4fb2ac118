#!/usr/bin/perl

# Several lapor-intake share the partitions: each partition has one owner, a
# new process gets its share, one that stops gives its own back, a dead one's
# is taken over, with what it had read; and one that slept too long, or two
# that store for the same people at once, double nothing.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use Time::HiRes qw(time sleep);

my $in = Lapor::Intake->new(start => 0,
    own => { lease => '1s', claim_idle => '1h' });
my $redis = $in->redis;

# owners() -> how many partitions each has
sub owners {
    my %n;
    for my $part (0 .. 255) {
        my $who = $redis->cmd('GET', sprintf 'lapor:{%02x}:owner', $part);
        $n{ defined $who ? $who : '-' }++;
    }
    return \%n;
}

sub owner {
    my $who = $redis->cmd('GET', "lapor:{$_[0]}:owner");
    return defined $who ? $who : '';
}

# shares(name => count, ...): waits until that is so
sub shares {
    my (%want) = @_;

    my $have;
    my $key = sub { my ($h) = @_; join ' ', map { "$_=$h->{$_}" } sort keys %$h };
    my $ok = wait_until { $have = owners(); $key->($have) eq $key->(\%want) }
             30, 'shares';
    diag $key->($have) unless $ok;
    return $ok;
}

sub stored {
    my $list = join ', ', map { "'$_->{id}'" } @_;
    return $in->cell('SELECT count(*) FROM lapor.message'
                     . " WHERE wamid IN ($list)");
}


# shares

$in->pg->psql('ALTER ROLE lapor_intake'
              . " SET idle_in_transaction_session_timeout = '2s'");
my $first = $in->worker(consumer => 'a');
ok(shares('a.0' => 128, 'a.1' => 128), 'two loops have half of it each');

my $second = $in->worker(consumer => 'b', loops => 1);
my $began = time;
ok(shares('a.0' => 86, 'a.1' => 85, 'b.0' => 85),
   'a new process gets its share');
cmp_ok(time - $began, '<', 30, '... within seconds');
my %of = map { $_ => $redis->cmd('GET', "lapor:{0$_}:owner") } 0 .. 5;
is(scalar(keys %{ { reverse %of } }), 3, 'and of any few partitions, too');

is($second->stop, 0, 'one stops');
is(owners()->{'b.0'}, undef, 'and has given everything back');
ok(shares('a.0' => 128, 'a.1' => 128), 'the others take it');


# a dead one's entries are taken over though they were read a moment ago

$second->start;
ok(shares('a.0' => 86, 'a.1' => 85, 'b.0' => 85), 'shared by three again');

my $lock = $in->hold;
my @some = map { message(text => 'ada maling', from => phone($_)) } 1 .. 12;
$in->add(body($some[$_ - 1]), sprintf '%02x:msg', $_) for 1 .. 12;
ok(wait_until { $in->waits == 3 } 10, 'all have read some, and wait');
$second->kill9;
$in->release($lock);
$began = time;
ok(wait_until { stored(@some) == 12 } 10, 'a dead one\'s entries are stored');
cmp_ok(time - $began, '<', 30, '... within seconds');
ok(shares('a.0' => 128, 'a.1' => 128), 'and its partitions are taken');
ok($in->drained, 'nothing is pending');
like($first->log, qr/pending entries taken over/, 'which is told');


# a transaction that takes long keeps its partitions; on a machine that stands
# still for a second nobody does, so that it may try again

$second->start;
my ($shared, $wait, $changed);
for (1 .. 12) {
    $in->release($lock) if defined $changed;
    $shared = shares('a.0' => 86, 'a.1' => 85, 'b.0' => 85);
    $lock = $in->hold;
    @some = map { message(text => 'ada maling', from => phone($_)) } 1 .. 12;
    $in->add(body($some[$_ - 1]), sprintf '%02x:msg', $_) for 1 .. 12;
    $wait = wait_until { $in->waits == 3 } 10;
    my %before = map { $_ => owner("0$_") } 0 .. 9;
    $changed = 0;
    for (1 .. 25) {
        sleep 0.1;
        $changed++ if grep { !$before{$_} || owner("0$_") ne $before{$_} }
                      keys %before;
    }
    last if !$changed;
}
ok($shared, 'shared by three again');
ok($wait, 'all wait');
is($changed, 0, 'for longer than a lease nobody else has them');


# one that sleeps loses them, and what it does when it wakes doubles nothing;
# what its transaction has locked is free when PostgreSQL ends its session

$second->signal('STOP');
$in->release($lock);
ok(shares('a.0' => 128, 'a.1' => 128), 'a stopped one loses its own');
$second->signal('CONT');
ok(shares('a.0' => 86, 'a.1' => 85, 'b.0' => 85), 'it comes back');
ok($in->drained, 'all is processed');
is_deeply([$in->rows('SELECT wamid FROM lapor.message GROUP BY 1'
                     . ' HAVING count(*) > 1')], [], 'nothing is double');


# the same people through all partitions, stored by three at once

my (%sent, @bodies);
for my $k (1 .. 40) {
    for my $person (100 .. 119) {
        my $m = message(text => "laporan $k", from => phone($person),
                        $k % 2 ? (from_user_id => "ID.$person") : ());
        $sent{ $m->{id} } = 1;
        push @bodies, [body($m), sprintf '%02x:msg', ($k * 7 + $person) % 32];
    }
}
$_->stop for $first, $second;
$in->add(@$_) for @bodies;
$_->start for $first, $second;
ok($in->drained(60), 'the same people by three at once');
is_deeply({ map { $_->[0] => $_->[1] } $in->rows('SELECT wamid, count(*)'
            . " FROM lapor.message WHERE body LIKE 'laporan %' GROUP BY 1") },
          \%sent, 'every message is stored once');
is($in->cell('SELECT count(DISTINCT reporter_id) FROM lapor.report r'
             . " JOIN lapor.message m USING (part, report_id)"
             . " WHERE m.body LIKE 'laporan %'"), 20, 'of twenty people');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');
ok((grep { /stored entries=/ } $first->log, $second->log) == 2,
   'both had a share');


# one that cannot reach PostgreSQL leaves its share to those that can

my $other = Lapor::Pg->new;
$second->stop;
$second->{common}{database} = $other->dsn('lapor_intake');
$second->start;
$second->allow(qr/could not connect to the database|lost the database/);
ok(shares('a.0' => 86, 'a.1' => 85, 'b.0' => 85), 'shared by three again');
$other->stop;
my ($part) = grep { owner($_) eq 'b.0' }
             map { sprintf '%02x', $_ } 0 .. 255;
my $late = message(text => 'ada maling', from => phone(1));
$in->add(body($late), "$part:msg");
ok(shares('a.0' => 128, 'a.1' => 128),
   'without PostgreSQL it gives its share up');
ok(wait_until { stored($late) } 10, 'others store what it could not');
$other->start;
ok(shares('a.0' => 86, 'a.1' => 85, 'b.0' => 85), 'and gets it again');

done_testing();
