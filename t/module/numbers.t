# Webhooks by phone number: which number, when was the last, and what happens
# when there are more numbers than the table holds.

use Lapor::Test;
use Lapor::HTTP qw(post_signed request sign get);
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new(config => { appendfsync => 'everysec' });
my $nginx = Lapor::Nginx->new(steady => 'a worker that stops keeps no '
    . 'connection');
$nginx->lapor(redis => $redis->address, workers => 2, ack => 'everysec',
              timeout => '20s')->run;
my $port = $nginx->port;

sub body {
    my ($number, $n) = @_;

    $n ||= 1;
    return qq({"entry":[{"changes":[{"value":{"metadata":{"phone_number_id":)
        . qq("$number"},"messages":[{"from":"6280000000001","id":"$n"}]}}]}]});
}

# counted($number) -> (webhooks, time of the last)

sub counted {
    my ($number, $status) = @_;

    my %status = $status ? %$status : $nginx->status;
    return map { $status{"lapor_number_${_}{phone_number_id=\"$number\"}"} }
           qw(webhooks_total last_seconds);
}

is(scalar(grep { /^lapor_number/ } keys %{ { $nginx->status } }), 0,
   'no number at the start');

my $before = time();
is(post_signed($port, body('100000000000001', $_))->{status}, 200, 'accepted')
    for 1 .. 3;
is(post_signed($port, body('100000000000002'))->{status}, 200, 'another');
is(post_signed($port, body('18446744073709551615'))->{status}, 200,
   'the largest number');
my $after = time();

ok((wait_until { (counted('18446744073709551615'))[0] } 5), 'it is counted');
my ($n, $last) = counted('100000000000001');
is($n, 3, 'three webhooks');
cmp_ok($last, '>=', $before, 'the last not before the first');
cmp_ok($last, '<=', $after, 'nor after all');
is((counted('100000000000002'))[0], 1, 'one of the other');

# what is refused, and what has no number, counts for nobody

is(request($port, 'POST', '/webhook/whatsapp', body => body('100000000000003'),
           headers => ['X-Hub-Signature-256', sign('x')])->{status}, 403,
   'forged');
is(post_signed($port, body($_))->{status}, 200, "no number: $_")
    for '', '0', '0123', '12x', '18446744073709551616', '-1';
is(post_signed($port, '{"entry":[]}')->{status}, 200, 'an alarm');

my %status = $nginx->status;
is(join(' ', sort map { /^lapor_number_webhooks_total\{.*="(.*)"/ }
             keys %status),
   '100000000000001 100000000000002 18446744073709551615', 'three numbers');

# a reload keeps them

$nginx->reload;
is((counted('100000000000001'))[0], 3, 'a reload forgets none');
is(post_signed($port, body('100000000000001', 4))->{status}, 200, 'one more');
ok((wait_until { (counted('100000000000001'))[0] == 4 } 5), 'is the fourth');

# more than the table holds, by two workers at the same time

my $many = 8400;
my @conns = map { Lapor::HTTP->connect($port) } 0 .. 23;
my $per = $many / @conns;

for my $i (0 .. $#conns) {
    $conns[$i]->write(join '', map {
        Lapor::HTTP::signed_text(body(200_000_000_000_000 + $i * $per + $_),
                                 keepalive => 1) } 0 .. $per - 1);
}
my $accepted = 0;
for my $conn (@conns) {
    $accepted += $conn->response->{status} == 200 for 1 .. $per;
}
is($accepted, $many, 'as many numbers as webhooks');

# half of each line's answer may be on its way: the sums tell when all is there

my $sum = sub {
    my $total = 0;
    %status = $nginx->status;
    $total += $status{$_}
        for grep { /^lapor_number_webhooks_total/ } keys %status;
    return $total;
};
ok((wait_until { $sum->() == $many + 6 } 10), 'each webhook counts once');

my @numbers = grep { /="\d/ } grep { /^lapor_number_webhooks/ } keys %status;
is(scalar @numbers, 8192, 'the table is full');
is((counted('other', \%status))[0], $many + 3 - 8192, 'the others are told');
cmp_ok((counted('other', \%status))[1], '>=', $before, 'with a time');
is((counted('100000000000001', \%status))[0], 4, 'the first stay');

my $r = get($port, '/lapor_status');
is(length $r->{body}, $r->{headers}{'content-length'}, 'the page is whole');
my @lines = split /\n/, $r->{body};
my %seen;
is(scalar(grep { !/^#/ && $seen{ (split / /)[0] }++ } @lines), 0,
   'no line is there twice');
is(scalar(grep { !/^(?:[#]\ (?:HELP|TYPE)\ \w+\ .+
                     |\w+(?:\{\w+="[^"]+"\})?\ \d+(?:\.\d+)?)$/x } @lines), 0,
   'nor is one cut');

$r = request($port, 'HEAD', '/lapor_status');
is("$r->{status} $r->{body}", '200 ', 'HEAD has the head alone');

# what the spool has is answered 200 as well

my $absent = Lapor::Redis->new(start => 0);
my $spooling = Lapor::Nginx->new;
$spooling->lapor(redis => $absent->address, timeout => '20s',
                 http => 'lapor_spool %%DIR%%/spool;')->run;
is(post_signed($spooling->port, body('100000000000004'))->{status}, 200,
   'spooled');
my $key = 'lapor_number_webhooks_total{phone_number_id="100000000000004"}';
ok((wait_until { %status = $spooling->status; $status{$key} } 5),
   'counts for its number');
is($status{'lapor_webhooks_total{result="spooled"}'}, 1, 'as spooled');

done_testing();
