#!/usr/bin/perl

# What may be away, and what happens meanwhile: PostgreSQL for a minute (every
# webhook is accepted, and all arrive when it is back), Redis (200 from the
# spool, and all arrive), the Graph API (reports are stored, the answers
# follow).

use lib 't/lib';
use Lapor::Test;
use Lapor::Instance;

use Time::HiRes qw(time);

use constant MINUTE => 60;

my $lapor = Lapor::Instance->new;
my $from = 100;
my (%sent, $r);


# report($text) -> the status of its webhook, which is sent again, as Meta does,
# where this machine is too busy to write it in time

my $again = 0;

sub report {
    my ($text) = @_;
    my ($wamid, $body) = $lapor->message(from => $lapor->phone($from++),
                                         text => $text);
    my $r;
    wait_until { $r = $lapor->post($body);
                 $r->{status} == 200 || ($again++, 0) } 5;
    $sent{$wamid} = 1 if $r->{status} == 200;
    return $r->{status};
}

sub stored {
    my $count = $lapor->psql(q{SELECT count(*) FROM lapor.message
                                WHERE direction = 'in'});
    return defined $count ? $count : -1;
}

sub answered {
    my $count = $lapor->psql(q{SELECT count(*) FROM lapor.message
                                WHERE direction = 'out'});
    return defined $count ? $count : -1;
}


# PostgreSQL

is(report('ada maling di rumah tetangga'), 200, 'a webhook is accepted');
ok(wait_until(sub { stored() == 1 }, 30), 'and stored');

$lapor->hold('postgres');
ok(wait_until(sub { !$lapor->pid('postgres') || !defined $lapor->psql('SELECT 1') }, 20),
   'PostgreSQL is down');

my $end = time() + MINUTE;
my %status;
while (time() < $end) {
    $status{ report('jalan macet total dekat pasar') }++;
    select undef, undef, undef, 0.1;
}
is_deeply([keys %status], [200],
          'for a minute without PostgreSQL every webhook is accepted');
cmp_ok(scalar keys %sent, '>', 200, 'and they were many');

$lapor->release('postgres');
ok(wait_until(sub { stored() == keys %sent }, 60), 'then everything arrives')
    or diag(stored(), ' of ', scalar keys %sent);
is($lapor->psql(q{SELECT count(DISTINCT wamid) FROM lapor.message
                   WHERE direction = 'in'}), scalar keys %sent,
   'each message once');
ok(wait_until(sub { answered() == keys %sent }, 120), 'and is answered')
    or diag(answered(), ' of ', scalar keys %sent);


# Redis

$lapor->hold('redis');
ok(wait_until(sub { !$lapor->pid('redis') }, 10), 'Redis is down');
%status = ();
$status{ report('tolong pak ada kebakaran') }++ for 1 .. 50;
is_deeply(\%status, { 200 => 50 }, 'without Redis the spool accepts each');
cmp_ok(stored(), '<', scalar keys %sent, 'of which none is stored yet');
$lapor->release('redis');
ok(wait_until(sub { stored() == keys %sent }, 60),
   'with Redis they arrive by themselves')
    or diag(stored(), ' of ', scalar keys %sent);


# the Graph API

$lapor->graph('POST', 'faults', '[{"match":"POST /v","status":500,"code":131000,"times":0}]');
is(report('lampu merah mati di simpang'), 200, 'a webhook without Graph API');
ok(wait_until(sub { stored() == keys %sent }, 30), 'is stored');
cmp_ok(answered(), '<', scalar keys %sent, 'and not answered yet');
$lapor->graph('POST', 'faults', '[]');
ok(wait_until(sub { answered() == keys %sent }, 120),
   'the answer follows when the API is back')
    or diag(answered(), ' of ', scalar keys %sent);

is($lapor->psql(q{SELECT count(*) FROM lapor.quarantine}), 0,
   'nothing was put aside');

my %to;
$to{ $_->{to} }++ for $lapor->sent;
is_deeply([grep { $to{$_} > 1 } sort keys %to], [], 'nobody was answered twice');

$lapor->forbid('maling di rumah', 'macet total', $lapor->phone(100));
diag("$again were sent again") if $again;
done_testing();
