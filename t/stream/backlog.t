#!/usr/bin/perl

# A backlog: batches of few partitions, which grow with it and shrink when
# PostgreSQL is slow; messages first, and no status starves.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

my $in = Lapor::Intake->new(start => 0,
    own => { loops => 1, batch => 400, batch_min => 50, batch_time => '60s' });
my $redis = $in->redis;
my $person = 0;

# feed($count, $partitions, $kind): webhooks over so many partitions
sub feed {
    my ($count, $partitions, $kind) = @_;

    for my $i (1 .. $count) {
        my $to = phone($person++ % 500);
        my $item = ($kind || 'msg') eq 'msg'
            ? message(text => 'ada maling', from => $to)
            : status(recipient_id => $to);
        $in->add(body($item), sprintf '%02x:%s', $i % $partitions,
                 $kind || 'msg');
    }
}

# pending() -> how many entries of each stream are read and not stored
sub pending {
    my %n = map { $_ => $redis->cmd('XPENDING', $_, 'intake')->[0] || 0 }
            keys %{ $in->{keys} };
    return { map { $_ => $n{$_} } grep { $n{$_} } keys %n };
}

# sizes() -> entries of each batch so far
sub sizes { return $in->in->log =~ /stored entries=(\d+)/g }


# few partitions a batch, more and more entries

feed(1600, 16);
my $lock = $in->hold;
$in->worker;
ok(wait_until { $in->waits } 20, 'it waits');
is_deeply([values %{ pending() }], [50], 'a batch of one partition alone');
$in->release($lock);
ok($in->drained(40), 'processed');

my @sizes = sizes();
cmp_ok($sizes[0], '<=', 60, 'it begins with a small batch');
ok((grep { $_ >= 100 } @sizes), 'and takes more when there is more');
is($in->cell('SELECT count(*) FROM lapor.message'), 1600,
   'every message is stored once');


# little traffic: everything at once

$in->in->stop;
feed(12, 12);
$in->in->start;
ok($in->drained, 'processed');
is((sizes())[-1], 12, 'a few entries of many partitions are one batch');


# messages before statuses, but not for ever

$in->in->stop;
$in->{own}{batch} = $in->in->{own}{batch} = 50;
feed(2000, 4);
feed(300, 4, 'status');
$in->in->start;
ok($in->drained(60), 'processed');
my @batches = map { [/messages=(\d+) statuses=(\d+)/] }
              grep { /stored entries=/ } split /^/, $in->in->log;
@batches = @batches[scalar @sizes + 1 .. $#batches];
is($batches[0][1], 0, 'messages first');
my ($last_message) = grep { $batches[$_][0] } reverse 0 .. $#batches;
my ($first_status) = grep { $batches[$_][1] } 0 .. $#batches;
cmp_ok($first_status, '<', $last_message / 2,
       'statuses come to their turn while messages wait');


# PostgreSQL is slow: smaller batches

$in->in->stop;
@{ $in->in->{own} }{qw(batch batch_min batch_time)} = (200, 10, '100ms');
$in->pg->psql('CREATE FUNCTION lapor.slow() RETURNS trigger LANGUAGE plpgsql'
    . ' AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN new; END $$;'
    . ' CREATE TRIGGER slow BEFORE INSERT ON lapor.raw_webhook'
    . ' FOR EACH ROW EXECUTE FUNCTION lapor.slow()');
my $before = () = sizes();
feed(600, 2);
$in->in->start;
ok($in->drained(60), 'processed');
@sizes = sizes();
@sizes = @sizes[$before .. $#sizes];
cmp_ok((sort { $a <=> $b } @sizes)[-1], '<', 150,
       'no batch is as large as it might be');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');

done_testing();
