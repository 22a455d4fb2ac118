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

for my $seconds (60, -60) {
    $clock->wrong($seconds);
    alerts('postgresql redis', "ours is wrong by $seconds s");
    like($in->cell('SELECT string_agg(detail::text, \' \') FROM lapor.alert'
                   . " WHERE closed_at IS NULL AND subject = 'redis'"),
         qr/"ms": *(?:59|60)\d{3}/, 'the alert says by how much');
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

is($in->cell("SELECT count(*) FROM lapor.alert WHERE kind = 'clock_skew'"
             . ' AND times < 1'), 0, 'all is counted');
like($worker->log, qr/^<4>alert: kind=clock_skew subject=nginx/m,
     'and told in the log');

done_testing();
