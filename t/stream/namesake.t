#!/usr/bin/perl

# Two lapor-intake with the same consumer, by mistake: the second one notices,
# says so and stands by until the first is gone. One that was killed and starts
# again waits for nobody, and one that slept too long is the second one.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

# longer than a machine stands still: who loses its name by that is the other
my $in = Lapor::Intake->new(start => 0, own => { loops => 2, lease => '5s',
                                                 claim_idle => '1h' });
my $redis = $in->redis;
my $n = 0;

my $waits = qr/<3>another lapor-intake has the same consumer.* member=same\.\d/;
my $comes = qr/<3>another lapor-intake was started with.* member=same\.\d/;
my $again = qr/<5>the other one is gone member=same\.\d/;

# count($worker, $re, $from) -> lines of its log behind that place
sub count {
    my ($worker, $re, $from) = @_;
    my @lines = substr($worker->log, $from || 0) =~ /$re/g;
    return scalar @lines;
}

# work($who, $idle, $what): twenty messages, all of them stored by one
sub work {
    my ($who, $idle, $what) = @_;
    my @from = map { $_ ? length $_->log : 0 } $who, $idle;
    my @all = map { message(text => 'lapor ' . ++$n, from => phone($n)) } 1 .. 20;

    $in->add(body($all[$_]), sprintf '%02x:msg', $_) for 0 .. $#all;
    ok($in->drained, "$what: processed");
    is($in->cell('SELECT count(*) FROM lapor.message WHERE wamid IN ('
                 . join(', ', map { "'$_->{id}'" } @all) . ')'), 20,
       "$what: each message once");
    cmp_ok(count($who, qr/stored entries=/, $from[0]), '>', 0, "$what: by one");
    is(count($idle, qr/stored entries=/, $from[1]), 0, "$what: the other rests")
        if $idle;
}


# the second one

my $first = $in->worker(consumer => 'same');
work($first, undef, 'alone');

my $second = Lapor::Worker->new(name => 'lapor-intake', section => 'intake',
    dir => Lapor::Test::test_dir(), common => $first->{common},
    own => $first->{own});
$_->allow(qr/another lapor-intake/) for $first, $second;
ok(wait_until { count($second, $waits) == 2 } 30, 'the second one says so');
ok(wait_until { count($first, $comes) == 2 } 30, 'and so does the first');
ok(wait_until { $redis->cmd('ZCARD', 'lapor:intake:members') == 2
                && !grep { ($redis->cmd('GET',
                       sprintf 'lapor:{%02x}:owner', $_) || '') !~ /^same/ }
                   0 .. 255 } 30, 'the first has all partitions');
work($first, $second, 'both are there');
is(count($second, $waits) + count($first, $comes), 4, 'said once, by each loop');


# the first one goes, and comes again as the second

is($first->stop, 0, 'the first one stops');
ok(wait_until { count($second, $again) == 2 } 30, 'the other one is on');
work($second, undef, 'its turn');
my $from = length $first->log;
my @from;
$first->start;
ok(wait_until { count($first, $waits, $from) == 2 } 30, 'who comes stands by');
work($second, $first, 'and rests');


# killed, the other takes over when its leases end; a stopped one that is
# continued is the second one

$second->kill9;
ok(wait_until { count($first, $again, $from) == 2 } 30, 'after a kill, too');
work($first, undef, 'after a kill');
$first->signal('STOP');
ok(wait_until { !@{ $redis->cmd('KEYS', 'lapor:intake:name:*') } } 30,
   'a stopped one loses its name');
$second->start;
work($second, undef, 'instead of a stopped one');
my $slept = length $first->log;
$first->signal('CONT');
ok(wait_until { count($first, $waits, $slept) == 2 } 30,
   'who slept too long stands by');
work($second, $first, 'after the sleep');
is($first->stop, 0, 'it stops');


# killed and started: it waits for no lease

$second->stop;
$second->{own}{lease} = '1m';
for my $round (1 .. 3) {
    $second->start;
    work($second, undef, "round $round");
    $second->kill9;
}
$second->start;
work($second, undef, 'in the end');
is($second->stop, 0, 'it stops');
is($redis->cmd('EXISTS', 'lapor:intake:name:same.0'), 0,
   'and leaves its name');


# one that starts and dies, again and again, drives out nobody

$_->{own}{lease} = '3s' for $first, $second;
$first->start;
my $key = 'lapor:intake:name:same.0';
my $word;
ok(wait_until { $word = $redis->cmd('GET', $key) } 30, 'the first one is there');
@from = (length $first->log, length $second->log);
for (1 .. 4) {
    $second->start;
    ok(wait_until { ($redis->cmd('GET', $key) || $word) ne $word
                    || count($second, $waits, $from[1]) } 30, 'another comes');
    $second->kill9;
    $from[1] = length $second->log;
}
ok(wait_until { ($redis->cmd('GET', $key) || '') eq $word } 30,
   'the first one has its name again');
work($first, undef, 'after all of them');
is(count($first, $waits, $from[0]), 0, 'and has never stood by');
is($first->stop, 0, 'it stops');


# the key is lost, and both think that the other one is gone

@from = map { length $_->log } $first, $second;
sub told { return count($first, $_[0], $from[0]) + count($second, $_[0], $from[1]) }
$_->start for $first, $second;
ok(wait_until { told($waits) == 2 } 30, 'one of them stands by');
ok(wait_until {
    $redis->cmd('DEL', map { "lapor:intake:name:same.$_" } 0, 1);
    told($again) > 0;
} 30, 'and finds no word of the other');
ok(wait_until { told($waits) == 2 + told($again) } 30, 'one of them gives in');

done_testing();
