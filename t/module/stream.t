# Which stream a body goes to.

use Lapor::Test;
use Lapor::HTTP qw(post_signed sign);
use Lapor::Nginx;
use Lapor::Redis;

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new;
$nginx->lapor(redis => $redis->address, size => '1m', timeout => '4s',
    server => join '', map { <<"EOF" } 1, 2, 256)->run;
        location = /p$_ {
            lapor_webhook on;
            lapor_partitions $_;
        }
EOF

# FNV-1a, 32 bit, of the characters as they stand in the payload

sub fnv1a {
    my ($text) = @_;

    use integer;
    my $hash = 2166136261;
    for my $byte (unpack 'C*', $text) {
        $hash = (($hash ^ $byte) * 16777619) & 0xffffffff;
    }
    return $hash;
}

is(sprintf('%08x', fnv1a('')), '811c9dc5', 'FNV-1a of nothing');
is(sprintf('%08x', fnv1a('a')), 'e40c292c', 'FNV-1a of a');
is(sprintf('%08x', fnv1a('foobar')), 'bf9cf968', 'FNV-1a of foobar');

sub stream_of {
    my ($body, $uri) = @_;

    $redis->cmd('FLUSHALL');
    my $r = post_signed($nginx->port, $body, uri => $uri);
    return "status $r->{status}" if $r->{status} != 200;
    my @entries = $redis->entries;
    return 'entries ' . @entries if @entries != 1 || $entries[0]{b} ne $body;
    return $entries[0]{key};
}

sub to {
    my ($kind, $sender, $body, $name) = @_;

    my $nn = defined $sender ? fnv1a($sender) % 16
                             : hex(substr sign($body), 7, 2) % 16;
    is(stream_of($body), sprintf('lapor:{%02x}:%s', $nn, $kind), $name);
}

my $from = '6280000000001';
my $other = '6280000000002';

sub body {
    my (@values) = @_;

    return '{"object":"whatsapp_business_account","entry":[{"id":"1",'
        . '"changes":[' . join(',', map {
            qq({"value":{"messaging_product":"whatsapp","metadata":)
            . qq({"display_phone_number":"62211234567",)
            . qq("phone_number_id":"10"},$_},"field":"messages"}) } @values)
        . ']}]}';
}

my $message = qq("messages":[{"from":"$from","id":"wamid.A"}]);
my $status = qq("statuses":[{"id":"wamid.A","status":"read",)
           . qq("recipient_id":"$from"}]);

to(msg => $from, body($message), 'a message');
to(status => $from, body($status), 'a status');
to(status => $from, body($status, $status), 'two changes of statuses');
to(msg => $from, body($message, $status), 'a message, then a status');
to(msg => $from, body($status, $message), 'a status, then a message');
to(msg => $from, body("$status,$message"), 'both in one value');
to(msg => $other, body($status =~ s/$from/x/r, $message =~ s/$from/$other/r),
   'a message\'s sender comes before a status\'s recipient');
to(msg => $from, body(qq("messages":[{"from":"$from"},{"from":"$other"}])),
   'the first of two messages');

to(msg => 'ID.1349', body('"messages":[{"from_user_id":"ID.1349"}]'),
   'a user id where there is no number');
to(msg => $from, body(qq("messages":[{"from_user_id":"ID.1","from":"$from"}])),
   'the number comes before the user id');
to(msg => $from, body(qq("messages":[{"from":$from}])), 'a number as a number');
to(msg => 'ID.1', body('"messages":[{"from":"","from_user_id":"ID.1"}]'),
   'an empty number is none');
to(msg => 'ID.1', body('"messages":[{"from":null,"from_user_id":"ID.1"}]'),
   'nor is null');
to(msg => $other, body(qq("messages":[{"type":"system"},{"from":"$other"}])),
   'a message without a sender is passed over');
to(status => 'ID.2', body('"statuses":[{"recipient_user_id":"ID.2"}]'),
   'a status for a user id');
to(status => $from, body(
   qq("statuses":[{"recipient_user_id":"ID.2","recipient_id":"$from"}])),
   'the number comes first in a status, too');

to(msg => $from, body(qq("messages":[{"context":{"from":"$other","id":"x"},)
   . qq("from":"$from"}])), 'context first');
to(msg => $from, body(qq("messages":[{"context":{"from":"$other","a":[{"b":)
   . qq("]}"}]},"text":{"body":"\\"from\\":\\"$other\\""},"from":"$from"}])),
   'a sender within context and text is none');
to(msg => $from, body(qq("contacts":[{"wa_id":"$other","messages":[{"from":)
   . qq("$other"}]}],$message)), 'messages elsewhere are none');
to(msg => $from, body(qq("messages":[{"text":{"body":"\\\\"},"from":"$from"}])),
   'a text of one backslash');
to(msg => $from, body(qq("messages":[{"text":{"body":"\\\\\\""},)
   . qq("from":"$from"}])), 'a backslash and a quote');
to(msg => 'A\u0042', body('"messages":[{"from":"A\u0042"}]'),
   'characters as they stand, escapes too');

for my $space (' ', "\n", "\r\n\t ", ' ' x 50) {
    my $wide = body($message) =~ s/([{}\[\]:,]|"(?:[^"\\]|\\.)*")/$space$1/gr;
    to(msg => $from, "$wide$space", 'whitespace of ' . length $space);
    $wide = body($status) =~ s/([{}\[\]:,]|"(?:[^"\\]|\\.)*")/$1$space/gr;
    to(status => $from, "$space$wide", 'the same around a status');
}

# account alarms, and what no one has seen yet

to(msg => undef, '{"object":"whatsapp_business_account","entry":[{"id":"1",'
   . '"time":1,"changes":[{"value":{"event":"DISABLED_UPDATE"},'
   . '"field":"account_update"}]}]}', 'an account\'s alarm');
to(msg => $from, '{"entry":[{"changes":[{"value":{"event":"X"}},{"value":{'
   . $status . '}}]}]}', 'an alarm beside a status');
to(msg => $from, body("\"errors\":[{\"code\":1}],$status"),
   'errors beside a status');
to(msg => undef, body('"statuses":[]'), 'no status at all');
to(msg => undef, body('"statuses":{"recipient_id":"1"}'),
   'statuses that are no list');
to(msg => $from, body("$status,\"mess\\u0061ges\":[]"), 'an escaped key');
to(msg => undef, '[]', 'a list');
to(msg => undef, '"text"', 'a string');
to(msg => undef, 'null', 'a literal');
to(msg => undef, 'no JSON', 'no JSON');
to(msg => undef, '{', 'half an object');
to(msg => $from, substr(body($status), 0, -1), 'a status body cut short');
to(msg => $from, body($status) . '}', 'with more than it should have');
to(msg => $from, body($status) . 'x', 'with something after it');
to(msg => undef, body('"statuses":[{"id":"1"}],"x":"\\"'), 'an open string');
to(status => undef, body('"statuses":[{"id":"1"}]'),
   'a status without a recipient');
to(msg => undef, '[' x 100, 'deep');
to(msg => undef, '{"entry":' x 100, 'deep in objects');
to(msg => $from, body('"x":' . '[' x 40 . ']' x 40 . ",$message"),
   'as deep as may be');
to(msg => undef, body('"x":' . '[' x 80 . ']' x 80 . ",$message"), 'deeper');

# huge

my $many = join ',', map {
    sprintf '{"recipient_id":"62800000%05d"}', $_ } 1 .. 1000;
to(status => '6280000000001', body("\"statuses\":[$many]"),
   'a thousand statuses');
to(msg => $from, body(qq("statuses":[{"recipient_id":"$from","x":")
   . 'x' x 300_000 . '"}]'), 'statuses beyond the limit of the scan');
to(msg => $from, body(qq("messages":[{"from":"$from","text":")
   . 'x' x 900_000 . '"}]'), 'a huge message');
to(msg => undef, body(qq("messages":[{"text":") . 'x' x 900_000
   . qq(","from":"$from"}])), 'a sender beyond the limit');

# other numbers of partitions

is(stream_of(body($message), '/p1'), 'lapor:{00}:msg', 'one partition');
is(stream_of(body($message), '/p2'),
   sprintf('lapor:{%02x}:msg', fnv1a($from) % 2), 'two partitions');
is(stream_of(body($message), '/p256'),
   sprintf('lapor:{%02x}:msg', fnv1a($from) % 256), '256 partitions');

my %status = $nginx->status;
ok($status{lapor_status_webhooks_total}, 'bodies of statuses are counted');

done_testing();
