# Each 200 tells the id of its own body's entry, whatever happens on the link:
# Redis stops reading in the middle of a body, and clients leave meanwhile,
# before, within and behind what is written of theirs.

use Lapor::Test;
use Lapor::HTTP;
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address,
    size => '512k', timeout => '20s',
    location => 'add_header X-Id $lapor_stream_id;')->run;

my %body;
my ($n, $answered) = (0, 0);
srand 3;

for my $round (1 .. 6) {
    $redis->pause if $round % 2;

    my @conns = map {
        my $body = sprintf 'laporan %d %s', $n++,
            'x' x (rand() < 0.3 ? 1000 + int rand 300_000 : int rand 3000);
        my $conn = Lapor::HTTP->connect($nginx->port);
        $conn->write(Lapor::HTTP::signed_text($body));
        [$conn, $body];
    } 1 .. 30;

    # some are on their way, some wait; every third leaves

    wait_until { my %s = $nginx->status; $s{lapor_pending} > 20 } 5
        if $round % 2;
    for my $i (grep { $_ % 3 == 0 } 0 .. $#conns) {
        $i % 2 ? $conns[$i][0]->abort : $conns[$i][0]->close;
    }
    $redis->resume if $round % 2;

    for my $i (grep { $_ % 3 } 0 .. $#conns) {
        my ($conn, $body) = @{ $conns[$i] };
        my $r = $conn->response;
        is($r->{status}, 200, "round $round, $i: accepted");
        $body{ $r->{headers}{'x-id'} }{$body} = 1;
        $answered++;
    }
}

# an id is one stream's own; that another stream has it, too, is no fault

my %stored;
$stored{ $_->{id} }{ $_->{b} } = 1 for $redis->entries;

my @wrong = grep {
    my $id = $_;
    grep { !$stored{$id}{$_} } keys %{ $body{$id} };
} keys %body;

is($answered, 120, 'who stays is answered');
is("@wrong", '', 'and each id is that of its body');

my $whole = grep { $_->{b} !~ /\Alaporan \d+ x*\z/ } $redis->entries;
is($whole, 0, 'no entry is made of two');

ok(wait_until { my %s = $nginx->status; $s{lapor_pending} == 0 } 10,
   'nothing is pending in the end');

done_testing();
