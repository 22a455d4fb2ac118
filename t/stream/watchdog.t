#!/usr/bin/perl

# The watchdog is fed by finished turns of every loop: while there is nothing
# to do and while PostgreSQL is away, but not when one loop of two hangs in a
# call that has no deadline, though the other one and the process live; nor by
# a try to store that has only begun.

use lib 't/lib';
use Lapor::Test;
use Lapor::Clock;
use Lapor::Intake;

my $clock = Lapor::Clock->new;
my $in = Lapor::Intake->new(own => { loops => 2 },
                            env => { %{ $clock->env },
                                     WATCHDOG_USEC => 1_000_000 });
my $worker = $in->in;
$worker->allow(qr/could not connect to/);

sub fed { my $n = () = $worker->notified =~ /WATCHDOG=1/g; return $n }

sub feed {
    my ($first) = @_;

    $in->add(body(message(text => 'ada maling', from => phone($first + $_))),
             sprintf '%02x:msg', $_) for 1 .. 4;
}

ok((wait_until { fed() > 3 } 10), 'fed while idle');

$in->pg->stop;
feed(0);
ok((wait_until { $worker->notified =~ /postgres down/ } 10), 'down');
my $fed = fed();
ok((wait_until { fed() > $fed + 5 } 20), 'fed while PostgreSQL is away');
$in->pg->start;
ok($in->drained(20), 'processed');

# what it has finished before may still be told, once
ok($clock->hang('loop-1'), 'one of two loops hangs');
$fed = fed();
feed(0);
ok($in->drained(20), 'the other one takes over what it had');
cmp_ok(fed(), '<=', $fed + 1, 'but feeds the watchdog no more');

$fed = fed();
feed(4);
ok($in->drained(20), 'however much it does');
is(fed(), $fed, 'not fed');
ok(Lapor::Test::alive($worker->pid), 'though the process is there');
$worker->kill9;


# an idle turn lasts for ten seconds here, so that none ends meanwhile; and
# each that ends is told

my $one = Lapor::Intake->new(own => { loops => 1, block => '10s',
                                      lease => '60s' },
                             env => { WATCHDOG_USEC => 4000 });
$worker = $one->in;

sub reads {
    return () = $one->redis->cmd('CLIENT', 'LIST')
                =~ /flags=b.*cmd=xreadgroup/g;
}

ok((wait_until { reads() } 20), 'it waits for something to do');
my $lock = $one->hold;
$fed = fed();
ok((wait_until { fed() > $fed && reads() } 20), 'and a turn of that ends');
$fed = fed();
$one->add(body(message(text => 'ada maling', from => phone(20))));
ok((wait_until { $one->waits } 20), 'its first try at a batch stands still');
is(fed(), $fed, 'which has not fed the watchdog');
$one->release($lock);
ok($one->drained, 'it goes on');
ok((wait_until { fed() > $fed } 20), 'and has');

done_testing();
