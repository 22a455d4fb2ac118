#!/usr/bin/perl

# The watchdog is fed by finished turns of every loop: while there is nothing
# to do and while PostgreSQL is away, but not when one loop of two hangs in a
# call that has no deadline, though the other one and the process live.

use lib 't/lib';
use Lapor::Test;
use Lapor::Clock;
use Lapor::Intake;

use Time::HiRes ();

my $clock = Lapor::Clock->new;
my $in = Lapor::Intake->new(own => { loops => 2 },
                            env => { %{ $clock->env },
                                     WATCHDOG_USEC => 1_000_000 });
my $worker = $in->in;
$worker->allow(qr/could not connect to/);

sub fed { my $n = () = $worker->notified =~ /WATCHDOG=1/g; return $n }

sub feed {
    $in->add(body(message(text => 'ada maling', from => phone($_))),
             sprintf '%02x:msg', $_) for 1 .. 4;
}

ok((wait_until { fed() > 3 } 10), 'fed while idle');

$in->pg->stop;
feed();
ok((wait_until { $worker->notified =~ /postgres down/ } 10), 'down');
my $fed = fed();
ok((wait_until { fed() > $fed + 5 } 20), 'fed while PostgreSQL is away');
$in->pg->start;
ok($in->drained(20), 'processed');

# from the next time on at which it asks for the time, which is soon; what it
# has finished before may still be told
$clock->hang('loop-1');
Time::HiRes::sleep(0.5);
$fed = fed();
feed();
Time::HiRes::sleep(2);
is(fed(), $fed, 'not fed when one of two loops hangs');
ok(Lapor::Test::alive($worker->pid), 'though the process is there');
$worker->kill9;

done_testing();
