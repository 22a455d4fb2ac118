#!/usr/bin/perl

# Wrong clocks are noticed: ours beside those of Redis and PostgreSQL, nginx's
# by the receive times, and Meta's beside nginx's; and when they are right
# again.

use lib 't/lib';
use Lapor::Test;
use Lapor::Clock;
use Lapor::Intake;

use Time::HiRes qw(time);

my $clock = Lapor::Clock->new;
my $in = Lapor::Intake->new(start => 0, own => { clock => '100ms' },
                            env => $clock->env);

# open_alerts() -> subjects of open ones, in order
sub open_alerts {
    return $in->cell("SELECT coalesce(string_agg(subject, ' '"
                     . " ORDER BY subject), '') FROM lapor.alert"
                     . " WHERE kind = 'clock_skew' AND closed_at IS NULL");
}

# opened($subject) -> how often there was one
sub opened {
    my ($subject) = @_;
    return $in->cell("SELECT count(*) FROM lapor.alert WHERE kind ="
                     . " 'clock_skew' AND subject = '$subject'");
}

sub alerts {
    my ($want, $what) = @_;
    ok((wait_until { open_alerts() eq $want } 10, $what), $what)
        or diag open_alerts();
}

my $worker = $in->worker;
$in->add(body(message(text => 'ada maling')));
ok($in->drained, 'processed');
alerts('', 'all clocks are right');

$clock->wrong(4);
$in->add(body(message(text => 'ada maling')));
ok($in->drained, 'processed');
is(open_alerts(), '', 'four seconds are not much');

# told($subject) -> what its open alert says
sub told {
    my ($subject) = @_;
    return $in->cell('SELECT detail::text FROM lapor.alert WHERE closed_at'
                     . " IS NULL AND subject = '$subject'");
}

for my $seconds (60, -60, -40 * 86400) {
    $clock->wrong($seconds);
    alerts('postgresql redis', "ours is wrong by $seconds s");
    my $wrong = abs $seconds;
    my $less = $wrong - 1;
    like(told('redis'), qr/"ms": *(?:$less|$wrong)\d{3}\b/,
         'the alert says by how much');
    $clock->wrong(0);
    alerts('', 'and right again');
}

# nginx wrote a receive time that is still to come

my $now = int(time() * 1000);
$in->add(body(message(text => 'ada maling')), '00:msg',
         b => body(message(text => 'ada maling')), t => $now + 30_000);
alerts('nginx', 'nginx\'s clock is ahead');
$in->add(body(message(text => 'ada maling')));
alerts('', 'and right again');

$in->add(undef, '00:msg', t => $now + 40 * 86400_000,
         b => body(message(text => 'ada maling')));
alerts('nginx', 'be it by a month');
like(told('nginx'), qr/"ms": *34\d{8}\b/, 'so many days');
$in->add(body(message(text => 'ada maling')));
alerts('', 'and right again');

# a message that Meta had before it was written

$in->add(body(message(text => 'ada maling', timestamp => '' . (time + 20) =~
                      s/\..*//r)));
alerts('meta', 'Meta\'s time is ahead: nginx\'s clock is behind');
$in->add(body(message(text => 'ada maling')));
alerts('', 'and right again');

# no clock: a time that makes no sense
$in->add(body(message(text => 'ada maling',
                      timestamp => '' . (int(time) + 40 * 86400))));
ok($in->drained, 'processed');
alerts('', 'a time in a month is no clock');

# far(@days): messages that many days ahead, all of other seconds
sub far {
    my $n = 0;
    $in->add(body(message(text => 'ada maling',
        timestamp => '' . (int(time) + $_ * 86400 + $n++)))) for @_;
    return;
}

my $again = body(message(text => 'ada maling',
                         timestamp => '' . (int(time) + 40 * 86400)));
$in->add($again) for 1 .. 6;
far(40, 40, 40);
ok($in->drained, 'processed');
alerts('', 'nor is it when one of them comes again and again');
far(0, 40, 40, 40, 40, 0);
ok($in->drained, 'processed');
alerts('', 'nor between others');
is(opened('meta'), 1, 'none of that was told');
far(40, 40, 40, 40, 40);
alerts('meta', 'but when one after the other says so');
like(told('meta'), qr/"ms": *34\d{8}\b/, 'so many days');
far(0);
alerts('', 'and right again');


# Messages that are old when they come are sent again, or nginx's clock is ahead.
# old($n, $seconds) so many of ten minutes, that came in so many seconds
sub old {
    my ($n, $seconds) = @_;

    for my $i (reverse 0 .. $n - 1) {
        my $t = time - $seconds * $i / ($n - 1);
        $in->add(undef, '00:msg', t => int($t * 1000),
                 b => body(message(text => 'ada maling',
                                   timestamp => '' . int($t - 600))));
    }
}

# nothing() -> nothing is told: what is told next is, and nothing beside it
sub nothing {
    my ($what) = @_;

    ok($in->drained, 'processed');
    far(0, 20 / 86400);
    alerts('meta', "$what: nothing");
    far(0);
    alerts('', 'and right again');
}

old(30, 60);
nothing('many old ones at once');
old(15, 5400);
nothing('few in an hour and a half');
old(15, 5400);
far(0);
old(15, 5400);
nothing('a new one among them');
is(opened('meta_late'), 0, 'none was told for a moment');
old(21, 4000);
alerts('meta_late', 'none but old ones for more than an hour');
like(told('meta_late'), qr/"ms": *60\d{4}\b/, 'the age of the youngest');
far(0);
alerts('', 'and a new one came');

is($in->cell("SELECT count(*) FROM lapor.alert WHERE kind = 'clock_skew'"
             . ' AND times < 1'), 0, 'all is counted');
like($worker->log, qr/^<4>alert: kind=clock_skew subject=nginx/m,
     'and told in the log');

done_testing();
