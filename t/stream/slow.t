#!/usr/bin/perl

# One message is too slow, since somebody holds its rows or for its own sake:
# all others are stored meanwhile, and it is when it can be. Where nothing goes
# nobody is blamed.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Metrics qw(page);

my $port = free_port();
my $in = Lapor::Intake->new(own => { loops => 1, claim_idle => '2s',
                                     metrics => "127.0.0.1:$port" });
$in->in->allow(qr/put aside until later|could not store yet/);

# as the role has them, but short
$in->pg->psql("ALTER ROLE lapor_intake SET lock_timeout = '300ms';"
              . " ALTER ROLE lapor_intake SET statement_timeout = '3s';"
              . " SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
              . " WHERE usename = 'lapor_intake'");

my $added = 0;

sub add {
    my ($n, $text) = @_;
    $in->add(body(message(from => phone($n), text => $text || 'ada begal')));
    $added++;
}

sub stored { return $in->cell('SELECT count(*) FROM lapor.message') }

sub pending {
    my ($count) = @{ $in->redis->cmd('XPENDING', 'lapor:{00}:msg', 'intake') };
    return $count;
}

sub all_stored {
    my ($name) = @_;
    ok($in->drained(60), "$name: all are acknowledged");
    is(stored(), $added, "$name: and stored once");
}

add(1);
all_stored('at first');


# somebody holds the rows of one person

my $lock = $in->hold('SELECT FROM lapor.report FOR UPDATE;'
                     . ' SELECT FROM lapor.reporter FOR UPDATE');
my $before = length $in->in->log;
add($_ % 20 == 10 ? 1 : 100 + $_) for 1 .. 50;
ok(wait_until { stored() == $added - 3 } 60, 'a person: all others are stored')
    or diag stored();
ok(wait_until { pending() == 3 } 20, 'a person: three are kept');
add(300);
ok(wait_until { stored() == $added - 3 } 60, 'a person: what comes later, too');
like(substr($in->in->log, $before),
     qr/put aside until later: .*55P03.* entry=\d+-\d+ item=0/,
     'a person: it is told which and why');
$in->release($lock);
all_stored('a person');


# alone, it holds nobody up either

$lock = $in->hold('SELECT FROM lapor.report FOR UPDATE;'
                  . ' SELECT FROM lapor.reporter FOR UPDATE');
$before = length $in->in->log;
add(1);
ok(wait_until { substr($in->in->log, $before) =~ /put aside/ } 60,
   'alone: it is put aside');
add(301);
ok(wait_until { stored() == $added - 1 } 60, 'alone: the next is stored');
$in->release($lock);
all_stored('alone');


# an alarm rests on it: LaporPutAside
my ($asides) = (page($port) || '') =~ /^lapor_intake_put_aside_total (\d+)$/m;
cmp_ok($asides, '>=', 4, 'it is counted each time');


# one that is slow by itself

$in->pg->psql('CREATE FUNCTION lapor.slow() RETURNS trigger LANGUAGE plpgsql'
    . ' AS $$ BEGIN PERFORM pg_sleep(60); RETURN new; END $$;'
    . ' CREATE TRIGGER slow BEFORE INSERT ON lapor.message FOR EACH ROW'
    . " WHEN (new.body = 'lambat') EXECUTE FUNCTION lapor.slow()");
add(400 + $_, $_ == 7 ? 'lambat' : undef) for 1 .. 20;
ok(wait_until { stored() == $added - 1 } 120, 'slow: all others are stored')
    or diag stored();
$in->pg->psql('DROP TRIGGER slow ON lapor.message');
all_stored('slow');


# everything is held: it waits

$lock = $in->hold;
$before = length $in->in->log;
add(500 + $_) for 1 .. 30;
ok(wait_until { substr($in->in->log, $before) =~ /could not store yet/ } 60,
   'all are held: it says so');
unlike(substr($in->in->log, $before), qr/put aside/,
       'all are held: nobody is blamed');
$in->release($lock);
all_stored('all are held');

done_testing();
