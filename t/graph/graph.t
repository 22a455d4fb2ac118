#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The emulator of Meta's Graph API: media, sends, their statuses, limits,
# faults, and what survives a kill.

use Lapor::Test;

use Digest::SHA qw(sha256 sha256_hex);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64 decode_base64);
use Time::HiRes qw(time);

use Lapor::Graph;
use Lapor::HTTP qw(sign);

my $NUMBER = '100000000000010';
my $USER = '6280000000001';

my $hook = Lapor::Graph::Receiver->new;
my $graph = Lapor::Graph->new(webhook => $hook->url,
    args => ['--status-delay-ms', 5, '--pair-burst', 200,
             '--phone-number-ids', "77,$NUMBER"]);


sub error_is {
    my ($r, $status, $code, $name) = @_;

    is("$r->{status} " . ($r->{json}{error}{code} // 'none'),
       "$status $code", $name);
}


# settled($n) waits until $n statuses have been delivered

sub settled {
    my ($n) = @_;

    return wait_until { scalar($hook->statuses) >= $n } 10, "$n statuses";
}


subtest 'token and paths' => sub {
    my $r = $graph->send_text($NUMBER, "+$USER", 'x', foo => 1);
    is($r->{status}, 200, 'with the token');
    like($r->{headers}{'content-type'}, qr{^application/json}, 'JSON');

    $r = $graph->call('POST', "$NUMBER/messages", token => undef, body => {});
    error_is($r, 401, 190, 'no token');
    is($r->{json}{error}{type}, 'OAuthException', 'type of an error');
    like($r->{json}{error}{fbtrace_id}, qr/^A\S{10,}$/, 'a trace id');

    error_is($graph->call('GET', $NUMBER, token => 'token-contoj'), 401, 190,
        'another token');
    error_is($graph->call('GET', $NUMBER, token => 'token-contoh-'), 401, 190,
        'a longer token');
    is($graph->call('GET', "$NUMBER?access_token=token-contoh",
                    token => undef)->{status}, 200, 'token as an argument');

    for my $path ("/v0.1/$NUMBER", "/v1/$NUMBER", "/v123.0/$NUMBER",
                  "/v23.0/x", "/v23.0/$NUMBER/unknown", '/', '/v23.0')
    {
        is($graph->call('GET', $path)->{status}, 400, "no such path: $path");
    }

    is($graph->call('GET', "/v1.0/$NUMBER")->{json}{id}, $NUMBER,
        'oldest version');
    is($graph->call('GET', "/v99.9/$NUMBER")->{json}{quality_rating}, 'GREEN',
        'newest version');
    error_is($graph->call('GET', '555'), 400, 100, 'no such object');
    error_is($graph->send_text('555', $USER, 'x'), 400, 100,
        'no such phone number');

    is($graph->call('POST', '1/subscribed_apps', body => '')->{json}{success},
        JSON::PP::true, 'subscribe');
    is(scalar @{ $graph->call('GET', '1/subscribed_apps')->{json}{data} }, 1,
        'subscribed');
    settled(3);
};


subtest 'media' => sub {
    my $bytes = join '', map { chr $_ % 256 } 0 .. 99_999;
    my $m = $graph->upload($bytes, 'image/jpeg');

    is($m->{sha256}, encode_base64(sha256($bytes), ''), 'sha256 in base64');
    is($m->{sha256_hex}, sha256_hex($bytes), 'and in hex');

    my $node = $graph->call('GET', "$m->{id}?phone_number_id=$NUMBER")->{json};
    is($node->{mime_type}, 'image/jpeg', 'type');
    is($node->{sha256}, sha256_hex($bytes), 'sha256 of the node in hex');
    is($node->{file_size}, 100_000, 'size');
    is($node->{id}, $m->{id}, 'id');
    is($node->{messaging_product}, 'whatsapp', 'product');

    my ($path) = $node->{url} =~ m{^http://127\.0\.0\.1:\d+(/.*)};
    my @agent = (headers => ['User-Agent' => 'lapor-test/1']);

    my $r = $graph->call('GET', $path, @agent);
    is($r->{status}, 200, 'download');
    ok($r->{body} eq $bytes, 'the same bytes');
    is($r->{headers}{'content-type'}, 'image/jpeg', 'their type');

    $r = $graph->call('GET', $path);
    is($r->{status}, 400, 'no User-Agent');
    like($r->{body}, qr/^<!DOCTYPE/, 'is refused with a page');

    is($graph->call('GET', $path, @agent, token => undef)->{status}, 401,
        'no token');
    is($graph->call('GET', $path =~ s/ext=\d/ext=9/r, @agent)->{status}, 404,
        'a forged life');
    is($graph->call('GET', $path =~ s/mid=/mid=9/r, @agent)->{status}, 404,
        'a forged id');
    is($graph->call('GET', '/media-download/', @agent)->{status}, 404,
        'no arguments');

    is($graph->call('DELETE', $m->{id})->{json}{success}, JSON::PP::true,
        'delete');
    error_is($graph->call('GET', $m->{id}), 400, 100, 'then it is gone');
    is($graph->call('GET', $path, @agent)->{status}, 404, 'its bytes, too');
    error_is($graph->call('DELETE', $m->{id}), 400, 100, 'delete it twice');

    is($graph->upload('', 'text/plain')->{sha256_hex}, sha256_hex(''),
        'an empty file');
};


sub form {
    my (%part) = @_;

    my $text = '';
    for my $name (sort keys %part) {
        my $file = $name eq 'file' ? qq{; filename="a.ogg"} : '';
        $text .= qq{--XX\r\nContent-Disposition: form-data; name="$name"$file}
                 . ($file ? "\r\nContent-Type: audio/ogg" : '')
                 . "\r\n\r\n$part{$name}\r\n";
    }

    return (headers => ['Content-Type' => 'multipart/form-data; boundary=XX'],
            body => "$text--XX--\r\n");
}


subtest 'media of a business' => sub {
    my $bytes = "\r\n--X\0" x 30_000;
    my $r = $graph->call('POST', "$NUMBER/media",
        form(messaging_product => 'whatsapp', file => $bytes));
    is($r->{status}, 200, 'upload');

    my $id = $r->{json}{id};
    my $node = $graph->call('GET', $id)->{json};
    is($node->{sha256}, sha256_hex($bytes), 'the same bytes');
    is($node->{mime_type}, 'audio/ogg', 'type of the part');
    error_is($graph->call('GET', "$id?phone_number_id=77"), 400, 100,
        'not of another number');
    is($graph->call('GET', "$id?phone_number_id=$NUMBER")->{status}, 200,
        'of its own');

    error_is($graph->call('POST', "$NUMBER/media", form(file => 'x')), 400,
        100, 'no messaging_product');
    error_is($graph->call('POST', "$NUMBER/media",
        form(messaging_product => 'whatsapp')), 400, 100, 'no file');
    error_is($graph->call('POST', "$NUMBER/media", body => 'x'), 400, 100,
        'no form');

    $r = $graph->call('POST', "$NUMBER/messages", body =>
        { messaging_product => 'whatsapp', to => "+$USER", type => 'audio',
          audio => { id => $id } });
    is($r->{status}, 200, 'it can be sent');
    $r = $graph->call('POST', "$NUMBER/messages", body =>
        { messaging_product => 'whatsapp', to => "+$USER", type => 'audio',
          audio => { id => '1' } });
    error_is($r, 400, 131053, 'an unknown one cannot');
    settled(6);
};


subtest 'sends' => sub {
    my $last = ($graph->sent)[-1]{n};
    my $text = "Laporan \x{e9} \x{1f6a8}\n/<>";
    my $r = $graph->send_text($NUMBER, "+62 800-0000-0001", $text,
        biz_opaque_callback_data => "reply:17:\x{1f6a8}/99",
        context => { message_id => 'wamid.X' });

    is($r->{status}, 200, 'accepted');
    is($r->{json}{contacts}[0]{input}, '+62 800-0000-0001', 'input');
    is($r->{json}{contacts}[0]{wa_id}, $USER, 'wa_id');

    my $wamid = $r->{json}{messages}[0]{id};
    like($wamid, qr/^wamid\./, 'wamid');
    like(decode_base64(substr $wamid, 6), qr/$USER/, 'holds the number');

    my @sent = $graph->sent($last);
    is(scalar @sent, 1, 'one send');
    is($sent[0]{n}, $last + 1, 'counted');
    is($sent[0]{to}, $USER, 'to, digits alone');
    is($sent[0]{wamid}, $wamid, 'its wamid');
    is($sent[0]{phone_number_id}, $NUMBER, 'its number');
    is($sent[0]{body}{text}{body}, $text, 'its body');
    is($sent[0]{body}{to}, '+62 800-0000-0001', 'as posted');
    ok(abs($sent[0]{at} / 1000 - time) < 30, 'its time in ms');
    is(scalar($graph->sent($last + 1)), 0, 'nothing after it');

    settled(9);
    my @st = ($hook->statuses)[6 .. 8];
    is(join(' ', map { $_->{status} } @st), 'sent delivered read',
        'three statuses in order');
    is($_->{id}, $wamid, "$_->{status}: wamid") for @st;
    is($_->{recipient_id}, $USER, "$_->{status}: recipient") for @st;
    is($_->{biz_opaque_callback_data}, "reply:17:\x{1f6a8}/99",
        "$_->{status}: key") for @st;
    like($_->{timestamp}, qr/^\d{10}$/, "$_->{status}: time") for @st;

    my ($raw) = ($hook->received)[6];
    is($raw->{signature}, sign($raw->{body}), 'signature over the bytes');
    like($raw->{body}, qr{"reply:17:\\ud83d\\udea8\\/99"}, 'in Meta\'s form');
    like($raw->{body}, qr{"phone_number_id":"$NUMBER"}, 'with metadata');
    unlike($raw->{body}, qr/[^\x20-\x7e]/, 'nothing but ASCII');

    $r = $graph->call('POST', "$NUMBER/messages", body =>
        { messaging_product => 'whatsapp', recipient => 'ID.1349abcXYZ',
          type => 'text', text => { body => 'x' } });
    is($r->{json}{contacts}[0]{user_id}, 'ID.1349abcXYZ', 'to a user id');
    is(($graph->sent)[-1]{to}, 'ID.1349abcXYZ', 'listed so');
    settled(12);
    is(($hook->statuses)[-1]{recipient_user_id}, 'ID.1349abcXYZ',
        'statuses name the user id');
    ok(!exists +($hook->statuses)[-1]{recipient_id}, 'and no number');

    $r = $graph->call('POST', "$NUMBER/messages", body =>
        { messaging_product => 'whatsapp', to => $USER, type => 'template',
          template => { name => 'a', language => { code => 'id' } } });
    is($r->{json}{messages}[0]{message_status}, 'accepted', 'a template');
    settled(15);
};


sub buttons {
    my (@titles) = @_;

    my $n = 0;
    return { type => 'button', body => { text => 'x' }, action => { buttons =>
        [map { { type => 'reply', reply => { id => 'b' . $n++, title => $_ } }
             } @titles] } };
}


sub rows {
    my ($n) = @_;

    return { type => 'list', body => { text => 'x' }, action =>
        { button => 'Pilih', sections => [{ rows =>
            [map { { id => "r$_", title => "T$_" } } 1 .. $n] }] } };
}


subtest 'what is refused' => sub {
    my $last = ($graph->sent)[-1]{n};
    my $wide = "\x{1f6a8}";
    my %wa = (messaging_product => 'whatsapp', to => "+$USER");
    my @cases = (
        ['not JSON', '{', 100],
        ['no object', '[]', 100],
        ['nothing', '', 100],
        ['no product', { to => $USER, text => { body => 'x' } }, 100],
        ['another product', { messaging_product => 'sms' }, 100],
        ['no recipient', { messaging_product => 'whatsapp', type => 'text',
                           text => { body => 'x' } }, 100],
        ['a word as number', { %wa, to => 'budi', text => { body => 'x' } },
         131009],
        ['a short number', { %wa, to => '+6281', text => { body => 'x' } },
         131026],
        ['a bad user id', { messaging_product => 'whatsapp',
                            recipient => 'ID-1', text => { body => 'x' } },
         131009],
        ['a group', { %wa, recipient_type => 'group',
                      text => { body => 'x' } }, 100],
        ['an unknown type', { %wa, type => 'poll', poll => { a => 1 } }, 100],
        ['no text', { %wa, type => 'text' }, 100],
        ['an empty text', { %wa, text => { body => '' } }, 131008],
        ['a number as text', { %wa, text => { body => 5 } }, 131009],
        ['a long text', { %wa, text => { body => 'x' x 4097 } }, 100],
        ['a text of 2049 emoji', { %wa, text => { body => $wide x 2049 } },
         100],
        ['a long key', { %wa, text => { body => 'x' },
                         biz_opaque_callback_data => 'x' x 513 }, 131009],
        ['a bad context', { %wa, text => { body => 'x' },
                            context => { message_id => 'x' } }, 131009],
        ['an image of nothing', { %wa, type => 'image',
                                  image => { caption => 'x' } }, 131008],
        ['a link that is none', { %wa, type => 'image',
                                  image => { link => 'x' } }, 131009],
        ['a place on Mars', { %wa, type => 'location',
                              location => { latitude => 99, longitude => 1 } },
         131009],
        ['half a place', { %wa, type => 'location',
                           location => { latitude => 9 } }, 131008],
        ['a reaction to nothing', { %wa, type => 'reaction',
                                    reaction => { emoji => 'x' } }, 131009],
        ['a template without language', { %wa, type => 'template',
                                          template => { name => 'x' } },
         131008],
        ['no kind', { %wa, type => 'interactive',
                      interactive => { body => { text => 'x' } } }, 131009],
        ['no buttons', { %wa, type => 'interactive', interactive =>
                         buttons() }, 131008],
        ['four buttons', { %wa, type => 'interactive', interactive =>
                           buttons(1 .. 4) }, 131009],
        ['twins', { %wa, type => 'interactive', interactive =>
                    buttons('a', 'a') }, 131009],
        ['a long title', { %wa, type => 'interactive', interactive =>
                           buttons('x' x 21) }, 131009],
        ['eleven rows', { %wa, type => 'interactive', interactive =>
                          rows(11) }, 131009],
        ['no rows', { %wa, type => 'interactive', interactive => rows(0) },
         131009],
        ['a long footer', { %wa, type => 'interactive', interactive =>
                            { %{ rows(1) }, footer => { text => 'x' x 61 } } },
         131009],
    );

    for my $case (@cases) {
        my ($name, $body, $code) = @$case;
        error_is($graph->call('POST', "$NUMBER/messages", body => $body),
            400, $code, $name);
    }

    is($graph->call('POST', "$NUMBER/messages", body => 'x' x 1_100_000)
        ->{status}, 413, 'a body that is too large');
    is(($graph->sent)[-1]{n}, $last, 'nothing of it was sent');

    for my $inner (buttons('Ya', 'Bukan', 'Batal'), rows(10),
        { type => 'location_request_message', body => { text => 'x' },
          action => { name => 'send_location' } },
        { type => 'cta_url', body => { text => 'x' }, action =>
          { name => 'cta_url', parameters =>
            { display_text => 'Buka', url => 'https://example.org/' } } })
    {
        is($graph->call('POST', "$NUMBER/messages", body => { %wa,
            type => 'interactive', interactive => $inner })->{status}, 200,
            "accepted: $inner->{type}");
    }

    is($graph->send_text($NUMBER, $USER, 'x' x 4096)->{status}, 200,
        'the longest text');
    settled(30);
};


subtest 'read marks' => sub {
    my %mark = (messaging_product => 'whatsapp', status => 'read');
    my $r = $graph->call('POST', "$NUMBER/messages",
        body => { %mark, message_id => 'wamid.A' });
    is($r->{json}{success}, JSON::PP::true, 'read');

    $graph->call('POST', "$NUMBER/messages", body => { %mark,
        message_id => 'wamid.B', typing_indicator => { type => 'text' } });

    my @marks = $graph->read_marks;
    is(join(' ', map { "$_->{n}:$_->{message_id}" } @marks),
        '1:wamid.A 2:wamid.B', 'listed');
    is(join(' ', map { $_->{typing} ? 1 : 0 } @marks), '0 1', 'and typing');
    is($marks[0]{phone_number_id}, $NUMBER, 'with the number');
    is(scalar($graph->read_marks(1)), 1, 'after=1');

    error_is($graph->call('POST', "$NUMBER/messages",
        body => { %mark, message_id => 'wacid.B' }), 400, 131009, 'voicemail');
    error_is($graph->call('POST', "$NUMBER/messages", body => { %mark }), 400,
        100, 'no id');
    error_is($graph->call('POST', "$NUMBER/messages",
        body => { %mark, status => 'seen', message_id => 'wamid.A' }), 400,
        100, 'another status');
};


subtest 'faults' => sub {
    my $send = sub { $graph->send_text($NUMBER, $USER, 'x', @_) };
    my $last = ($graph->sent)[-1]{n};

    $graph->faults({ match => '/messages', code => 131056, times => 2 },
                   { match => 'POST', status => 503 });
    error_is($send->(), 429, 131056, 'first fault, once');
    error_is($send->(), 429, 131056, 'twice');
    error_is($send->(), 503, 131016, 'then the second, for ever');
    is($graph->call('GET', $NUMBER)->{status}, 200, 'GET does not match');

    $graph->kill9->start;
    error_is($send->(), 503, 131016, 'faults and counts outlive a kill');

    $graph->faults({ status => 500, body => '<html>', times => 1 },
                   { status => 429, code => 4, times => 1 },
                   { status => 401, times => 1 },
                   { to => '6280000000002', code => 131047 },
                   { refuse => JSON::PP::true, times => 1 });
    my $r = $send->();
    is("$r->{status} $r->{body}", '500 <html>', 'a page of the edge');
    error_is($send->(), 429, 4, 'status and code');
    error_is($send->(), 401, 190, 'status alone');
    error_is($graph->send_text($NUMBER, '+62 800-0000-0002', 'x'), 400,
        131047, 'only one recipient');
    is($send->()->{status}, 0, 'no answer, nothing done');
    is(($graph->sent)[-1]{n}, $last, 'nothing was sent');

    my $before = scalar $hook->statuses;
    $graph->faults({ match => 'POST', drop => JSON::PP::true });
    is($send->(biz_opaque_callback_data => 'reply:1:2')->{status}, 0,
        'no answer, but done');
    is(($graph->sent)[-1]{body}{biz_opaque_callback_data}, 'reply:1:2',
        'it was sent');
    settled($before + 3);
    is(($hook->statuses)[-1]{biz_opaque_callback_data}, 'reply:1:2',
        'and has statuses');

    $graph->faults({ statuses => 'sent,failed/131049', times => 1 },
                   { statuses => '', times => 1 });
    $send->();
    settled($before + 5);
    my $failed = ($hook->statuses)[-1];
    is($failed->{status}, 'failed', 'a send that fails later');
    is($failed->{errors}[0]{code}, 131049, 'with its code');
    $send->();

    $graph->faults({ delay_ms => 300, times => 1 },
                   { answer_delay_ms => 300, times => 1 });
    for my $what ('before', 'after') {
        my $start = time;
        $send->();
        ok(time - $start >= 0.3, "a pause $what the work");
    }
    settled($before + 11);

    my $m = $graph->upload('abcdef' x 1000, 'text/plain');
    my ($path) = $graph->call('GET', $m->{id})->{json}{url} =~ m{\d(/.*)};
    my @agent = (headers => ['User-Agent' => 'lapor-test/1']);
    $graph->faults({ match => 'GET /media-download', cut => 100, times => 1 },
                   { match => 'GET /media-download', corrupt => 1 });
    is(length $graph->call('GET', $path, @agent)->{body}, 100, 'cut');
    $r = $graph->call('GET', $path, @agent);
    is(length $r->{body}, 6000, 'corrupt: whole');
    isnt(sha256_hex($r->{body}), $m->{sha256_hex}, 'but not the same');

    for my $bad ('{', '{}', '[1]', '[{"statusx":1}]', '[{"status":"x"}]',
                 '[{"status":42}]', '[{"statuses":"gone"}]')
    {
        is(Lapor::HTTP::request($graph->port, 'POST', '/_emulator/faults',
            body => $bad)->{status}, 400, "no list of faults: $bad");
    }

    is(length $graph->call('GET', $path, @agent)->{body}, 6000,
        'a bad list leaves the old one');
    $graph->faults;
    is($send->()->{status}, 200, 'an empty list ends all');
    settled($before + 14);
};


subtest 'statuses are delivered at least once' => sub {
    my $before = scalar $hook->statuses;

    for my $answer (500, 204, 0) {
        $hook->answer($answer);
        my $tried = scalar grep { $_->{answered} == $answer } $hook->received;
        $graph->send_text($NUMBER, $USER, 'x',
            biz_opaque_callback_data => "key $answer");
        wait_until {
            $tried + 2 <= grep { $_->{answered} == $answer } $hook->received;
        } 10, "two tries answered $answer";
    }

    is(scalar($hook->statuses), $before, 'none counts as delivered');

    $graph->kill9->start;
    $hook->answer(200);
    settled($before + 9);

    my %seen;
    $seen{"$_->{biz_opaque_callback_data} $_->{status}"}++
        for ($hook->statuses)[$before .. $before + 8];
    is(scalar keys %seen, 9, 'all nine came, also after a kill');

    $graph->kill9->start;
    $graph->send_text($NUMBER, $USER, 'x', biz_opaque_callback_data => 'last');
    settled($before + 12);
    my @st = $hook->statuses;
    is(join(' ', map { $_->{biz_opaque_callback_data} }
            @st[$before + 9 .. $#st]), 'last last last',
        'what was delivered does not come again');
};


subtest 'a torn line' => sub {
    my @sent = $graph->sent;

    $graph->stop;
    open my $fh, '>>', $graph->dir . '/data/sent.journal' or die $!;
    print $fh 'sent,read 17322400';
    close $fh;
    $graph->start;

    is_deeply([$graph->sent], \@sent, 'is as if it had never been written');
    $graph->send_text($NUMBER, $USER, 'x');
    is(($graph->sent)[-1]{n}, @sent + 1, 'counting goes on');

    $graph->kill9->start;
    is(scalar($graph->sent), @sent + 1, 'after it, too');
    is(scalar($graph->read_marks), 2, 'read marks are there');
};


subtest 'many at once' => sub {
    my $last = ($graph->sent)[-1]{n};
    my @pids;

    for my $child (1 .. 8) {
        my $pid = fork // die $!;
        if ($pid == 0) {
            my $ok = grep {
                $graph->send_text('77', "628000000100$child", "$child $_")
                    ->{status} == 200;
            } 1 .. 10;
            POSIX::_exit($ok == 10 ? 0 : 1);
        }
        push @pids, $pid;
    }

    is(scalar(grep { waitpid($_, 0) == $_ && $? == 0 } @pids), 8,
        'all were accepted');

    my @sent = $graph->sent($last);
    is(join(' ', map { $_->{n} } @sent), join(' ', $last + 1 .. $last + 80),
        'each has a number of its own');
    is(scalar(keys %{ { map { $_->{wamid} => 1 } @sent } }), 80,
        'and a wamid');
    is(scalar(keys %{ { map { $_->{body}{text}{body} => 1 } @sent } }), 80,
        'none twice');
};


subtest 'reset' => sub {
    my $m = $graph->upload('x', 'text/plain');
    $graph->faults({ status => 500 });
    $graph->reset;

    is(scalar($graph->sent), 0, 'no sends');
    is(scalar($graph->read_marks), 0, 'no read marks');
    is($graph->call('GET', $m->{id})->{json}{id}, $m->{id}, 'media stay');
    is($graph->send_text($NUMBER, $USER, 'x')->{status}, 200, 'no faults');
    is(($graph->sent)[0]{n}, 1, 'counts from 1');

    my $wamid = ($graph->sent)[0]{wamid};
    wait_until {
        3 == grep { $_->{id} eq $wamid } $hook->statuses;
    } 10, 'statuses of a send after a reset';
    $graph->kill9->start;
    is(scalar($graph->sent), 1, 'a kill changes nothing');
    $graph->stop;
    is($graph->{status}, 0, 'SIGTERM ends it with 0');
};


subtest 'limits' => sub {
    my $g = Lapor::Graph->new(args => ['--pair-burst', 3, '--throughput', 5]);

    is($g->send_text($NUMBER, $USER, 'x')->{status}, 200, 'pair: one')
        for 1 .. 3;
    error_is($g->send_text($NUMBER, "+$USER", 'x'), 429, 131056, 'pair limit');
    is($g->send_text('77', $USER, 'x')->{status}, 200, 'another number');
    is($g->send_text($NUMBER, '6280000000003', 'x')->{status}, 200,
        'another user');

    $g->kill9->start;
    error_is($g->send_text($NUMBER, $USER, 'x'), 429, 131056,
        'the pair limit outlives a kill');

    my @codes = map {
        $g->send_text('77', "62800000020$_", 'x')->{json}{error}{code} // 200
    } 10 .. 29;
    ok((grep { $_ == 130429 } @codes), 'throughput');
    ok(!(grep { $_ != 130429 && $_ != 200 } @codes), 'and nothing else');

    $g->reset;
    is($g->send_text($NUMBER, $USER, 'x')->{status}, 200,
        'a reset forgets them');
};


subtest 'lives' => sub {
    my $g = Lapor::Graph->new(args => ['--url-ttl', 1, '--media-ttl', 2]);
    my $m = $g->upload('x', 'text/plain');
    my ($path) = $g->call('GET', $m->{id})->{json}{url} =~ m{\d(/.*)};
    my $get = sub {
        $g->call('GET', $path, headers => ['User-Agent' => 'x'])->{status};
    };

    ok(wait_until { $get->() == 404 } 5, 'a URL expires');
    is(scalar(grep { $_ == 200 || $_ == 404 } $get->()), 1, 'without a fuss');
    ok(wait_until { $g->call('GET', $m->{id})->{status} == 400 } 10,
        'an id, too');
};


subtest 'what it does not start with' => sub {
    my $dir = test_dir();
    my $bin = build_path('lapor-graph');
    my @good = ('--port', free_port(), '--dir', "$dir/data",
                '--secret-file', spew("$dir/s", "x\n"),
                '--token-file', spew("$dir/t", "x\n"));
    my $g = Lapor::Graph->new;

    my @cases = (
        ['no options', 78],
        ['another address', 78, @good, '--listen', '0.0.0.0'],
        ['an unknown option', 78, @good, '--foo', 1],
        ['a stray word', 78, @good, 'foo'],
        ['an unknown status', 78, @good, '--statuses', 'sent,lost'],
        ['a port that is none', 78, @good, '--port', 70000],
        ['no secret', 78, @good, '--secret-file', "$dir/none"],
        ['an empty token', 78, @good, '--token-file', spew("$dir/e", "\n")],
        ['a busy port', 1, @good, '--port', $g->port],
        ['a directory in use', 1, @good, '--dir', $g->dir . '/data'],
        ['no directory', 1, @good, '--dir', "$dir/a/b/c"],
    );

    for my $case (@cases) {
        my ($name, $want, @args) = @$case;
        my ($rc, undef, $err) = run_cmd($bin, @args);
        is($rc, $want, $name);
        isnt($err, '', "$name: says why");
    }

    my ($rc, $out) = run_cmd($bin, '--help');
    is($rc, 0, 'help');
    like($out, qr/--status-delay-ms/, 'lists the options');
};


done_testing();
