#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# laporctl where it needs no server of ours: the line, decode, classify, and
# webhook send against a listener that keeps what came.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex sha256_base64);
use IO::Socket::INET ();
use JSON::PP ();

use Lapor::Test;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $CTL = build_path('laporctl');
my $DIR = test_dir();
my $json = JSON::PP->new->utf8;

# a machine where nothing is configured
my %NONE = (LAPOR_CONF => "$DIR/none.conf",
            map { $_ => undef } grep { /^LAPOR_/ && !/^LAPOR_(ASAN|BUILD|CI)/ }
            keys %ENV);


# ctl({stdin, env}, @words) -> (status, stdout, stderr)

sub ctl {
    my $opt = ref $_[0] eq 'HASH' ? shift : {};
    return run_cmd({ %$opt, env => { %NONE, %{ $opt->{env} || {} } } },
                   $CTL, @_);
}


sub lines { return map { $json->decode($_) } split /\n/, $_[0] }


# --- the line

{
    my ($rc, $out, $err) = ctl('--help');
    is($rc, 0, 'help is no error');
    like($out, qr/^  unit import +\S/m, 'help lists the commands');
    like($out, qr/^silence and reconcile: .* 2 /m, 'and each exit status');

    for my $command ($out =~ /^  (\w+(?: \w+)?)  +\w/mg) {
        ($rc, $out) = ctl(split(/ /, $command), '--help');
        is($rc, 0, "help of $command");
        like($out, qr/^usage: laporctl $command/, "names $command");
    }

    like((ctl('dead', 'lst'))[2], qr/"dead lst"; there is "dead list", "dead/,
         'of a group the others are told');

    for my $wrong ([], ['nix'], ['unit'], ['unit', 'nix'], ['report', 'show'],
                   ['report', 'show', 'a', 'b'], ['report', 'list', '--nix'],
                   ['report', 'list', '--limit'], ['decode', '--json=1'],
                   ['report', 'list', '--limit', '3x'], ['check', '-c'],
                   ['--nix'], ['webhook', 'send', '--dry', 'x']) {
        ($rc, $out, $err) = ctl(@$wrong);
        is($rc, 64, "usage: @$wrong");
        isnt($err, '', 'and it says so');
    }

    ($rc, $out, $err) = ctl('report', 'list');
    is($rc, 78, 'no configuration');
    like($err, qr/none\.conf/, 'the file is named');

    ($rc, $out, $err) = ctl('check');
    is($rc, 1, 'check without configuration');
    like($out, qr/^FAIL  configuration: .*none\.conf/, 'says so');
}


# --- decode

{
    my $good = '{"object":"whatsapp_business_account","entry":[{"id":"1",'
        . '"changes":[{"value":{"metadata":{"phone_number_id":"10"},'
        . '"messages":[{"from":"6280000000001","id":"wamid.A","timestamp":'
        . '"1760000000","type":"text","text":{"body":"a\ud83d"}}]},'
        . '"field":"messages"}]}]}';
    my $one = spew("$DIR/one.json", $good);
    my $bad = spew("$DIR/bad.json", '{"object":"page"}');

    my ($rc, $out, $err) = ctl({ stdin => $good }, 'decode');
    is($rc, 0, 'decode of standard input');
    like($out, qr/"text":"a\\ud83d"/, 'half an emoji stays visible');
    my ($event) = lines($out =~ s/\\ud83d//r);
    is($event->{wamid}, 'wamid.A', 'the event');
    is($event->{sent_at}, '2025-10-09T08:53:20Z', 'its time');
    ok($event->{damaged}, 'and is damage');

    ($rc, $out, $err) = ctl('decode', $one, $bad, "$DIR/absent.json", $one);
    is($rc, 1, 'one bad file');
    is($out =~ tr/\n//, 2, 'the others are printed');
    like($err, qr/bad\.json: /, 'the bad one is named');
    like($err, qr/absent\.json: No such file/, 'the absent one, too');

    ($rc, $out, $err) = ctl({ stdin => '' }, 'decode');
    is($rc, 1, 'nothing is no webhook');
    like($err, qr/standard input/, 'and it says which');
}


# --- classify

{
    my ($rc, $out) = ctl({ stdin => "ada begal bawa parang, tolong pak!!\n"
        . "tes\n\nkebakaran\\nrumah \\\\ api besar" }, 'classify');
    my @rows = map { [split /\t/] } split /\n/, $out;
    is($rc, 0, 'classify');
    is(scalar @rows, 4, 'a row for each line, the last without its end');
    is($rows[0][0], 'curas', 'a category');
    like($rows[0][1], qr/^P[1-4]\z/, 'an urgency');
    is($rows[1][0], 'bukan_laporan', 'a test');
    is($rows[2][0], 'ambigu', 'an empty line');
    is($rows[3][0], 'kebakaran', 'escapes');
    is(scalar @{ $rows[0] }, 6, 'six columns');
    ok(!grep({ $_->[4] > 1 || $_->[5] > 1 } @rows), 'likelihoods');

    ($rc, $out) = ctl({ stdin => "tes\n" }, '--json', 'classify');
    is((lines($out))[0]{category}, 'bukan_laporan', 'as JSON');
}


# --- webhook send

my $port = free_port();
my $listener = listener($port, "$DIR/got");


# listener($port, $dir) -> pid of a server that writes each request to
# $dir/N and answers 200, 503 where the path ends in /no, and as the emulator
# where media are put

sub listener {
    my ($on, $dir) = @_;

    mkdir $dir;
    my $server = IO::Socket::INET->new(Listen => 5, ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => $on) or die "listen: $!";
    my $pid = fork;
    die "fork: $!" unless defined $pid;

    if ($pid) {
        Lapor::Test::adopt($pid);
        return $pid;
    }

    my $n = 0;
    while (my $conn = $server->accept) {
        $n++;
        serve($conn, "$dir/$n", $n);
        close $conn;
    }
    POSIX::_exit(0);
}


sub serve {
    my ($conn, $file, $n) = @_;

    my ($head, $body) = ('', '');
    while (my $line = <$conn>) {
        last if $line eq "\r\n";
        $head .= $line;
    }
    my ($len) = $head =~ /^Content-Length: (\d+)/mi;
    read $conn, $body, $len if $len;
    spew($file, "$head\n$body");

    my $status = $head =~ m{^POST \S*/no } ? '503 No' : '200 OK';
    my $answer = $head =~ m{/_emulator/media}
        ? $json->encode({ id => "70$n", sha256 => sha256_base64($body) . '=',
                          sha256_hex => '00' })
        : '';
    print $conn "HTTP/1.1 $status\r\nContent-Length: " . length($answer)
        . "\r\nConnection: close\r\n\r\n$answer";
}


# got() -> the requests since the last call, as [head, body]

my $seen;

sub got {
    my @got;

    while (-e "$DIR/got/" . (($seen || 0) + 1)) {
        my ($head, $body) = split /\n\n|\r\n\n/,
            slurp("$DIR/got/" . ++$seen), 2;
        push @got, [$head, $body];
    }
    return @got;
}


my $demo = "$DIR/demo/satu";
mkdir "$DIR/demo";
mkdir $demo;
mkdir "$demo/$_" for qw(webhooks media);
spew("$demo/media/foto.jpg", "\xff\xd8foto");
spew("$demo/webhooks/1.json", '{"id":"{{wamid:a}}","from":"{{from:budi}}",'
    . '"at":{{now-30}},"to":"{{phone_number_id}}"}');
spew("$demo/webhooks/2.json", '{"id":"{{wamid:a}}","from":"{{from:budi}}",'
    . '"at":{{now-30}},"to":"{{phone_number_id}}"}');
spew("$demo/webhooks/3.json", '{"id":"{{wamid:b}}","from":"{{from:siti}}",'
    . '"u":"{{user_id:siti}}","m":"{{media:foto.jpg:id}}",'
    . '"s":"{{media:foto.jpg:sha256}}","k":"{{set:kata}}"}');
spew("$demo/webhooks/readme.txt", 'not a webhook');

my $secret = 'app-secret-contoh';
my %env = (LAPOR_WEBHOOK_URL => "http://127.0.0.1:$port/webhook/whatsapp",
           LAPOR_GRAPH_URL => "http://127.0.0.1:$port",
           LAPOR_APP_SECRET => $secret, LAPOR_PHONE_NUMBER_IDS => '11,22',
           LAPOR_DEMO_DIR => "$DIR/demo");

{
    my ($rc, $out, $err) = ctl({ env => \%env }, 'webhook', 'send', '--json',
        '--profile', 'satu', '--set', "kata=a\"b", '--from-base', '100');
    my @sent = lines($out);
    my @got = got();
    my @hook = grep { $_->[0] =~ m{/webhook/} } @got;
    my @body = map { $json->decode($_->[1]) } @hook;

    is($rc, 0, 'a profile is sent') or diag($err);
    is(scalar @sent, 3, 'a line for each');
    is($sent[0]{status}, 200, 'with its status');
    is($sent[0]{from}{budi}, '6280000000100', 'and who it was');
    is($sent[2]{from}{siti}, '6280000000101', 'another one');
    ok(!exists $sent[2]{from}{budi}, 'of this file only');
    is($sent[2]{user_id}{siti}, $body[2]{u}, 'the user id');
    is($hook[0][1], $hook[1][1], 'one delivery twice is the same bytes');
    is($body[0]{id}, $sent[1]{wamid}{a}, 'the wamid is told');
    is($body[0]{to}, '11', 'the first number');
    is($body[2]{k}, 'a"b', 'a given value');
    ok(abs($body[0]{at} + 30 - time) < 60, 'the time');

    for my $h (@hook) {
        my ($sign) = $h->[0] =~ /^X-Hub-Signature-256: (\S+)/mi;
        is($sign, 'sha256=' . hmac_sha256_hex($h->[1], $secret),
           'signature of the exact bytes');
    }

    my ($medium) = grep { $_->[0] =~ m{/_emulator/media} } @got;
    is($medium->[1], "\xff\xd8foto", 'the photo was put there');
    like($medium->[0], qr{^Content-Type: image/jpeg\r?$}mi, 'as a photo');
    is($body[2]{s}, sha256_base64("\xff\xd8foto") . '=', 'with its hash');
}

{
    my ($rc, $out) = ctl({ env => \%env }, 'webhook', 'send', '--json',
        '--profile', 'satu', '--set', 'kata=x', '--count', '3');
    my @sent = lines($out);
    my %wamid = map { $_->{wamid}{a} ? ($_->{wamid}{a} => 1) : () } @sent;
    my %from = map { $_ => 1 } map { values %{ $_->{from} } } @sent;

    is($rc, 0, 'three rounds');
    is(scalar @sent, 9, 'nine webhooks');
    is(scalar keys %wamid, 3, 'fresh wamids each round');
    is(scalar keys %from, 6, 'and other people');
    is(scalar(grep { $_->[0] =~ m{/_emulator/media} } got()), 1,
       'but a photo is put there once');
}

{
    my $one = "$demo/webhooks/1.json";
    my $file = spew("$DIR/secret", "$secret\n", 0600);
    my ($rc, $out, $err) = ctl('webhook', 'send', '--url',
        "http://127.0.0.1:$port/no", '--secret-file', $file,
        '--phone-number-id', '5', $one, $one);
    is($rc, 1, 'a refusal is a failure');
    is($out, "$one 503\n$one 503\n", 'each is tried and told');

    my $lines = spew("$DIR/env", "LAPOR_WEBHOOK_URL=http://127.0.0.1:$port/x\n"
        . "LAPOR_APP_SECRET=$secret\nLAPOR_PHONE_NUMBER_ID=7\nOTHER=1");
    ($rc, $out) = ctl('webhook', 'send', '--env', $lines, $one);
    is($rc, 0, 'settings from a file of an instance');
    is($json->decode((got())[-1][1])->{to}, '7', 'with its number');

    ($rc, $out, $err) = ctl('webhook', 'send', $one);
    is($rc, 78, 'nothing is known of where to send');
    like($err, qr/--url/, 'and it says what is missing');

    ($rc, $out, $err) = ctl({ env => \%env }, 'webhook', 'send');
    is($rc, 64, 'nothing to send');

    ($rc, $out, $err) = ctl({ env => \%env }, 'webhook', 'send',
        '--profile', 'tidak-ada');
    is($rc, 1, 'no such profile');
    like($err, qr{tidak-ada/webhooks: No such file}, 'is named');

    my $hole = spew("$DIR/hole.json", "{\n\"a\":\"{{nix}}\"}");
    ($rc, $out, $err) = ctl({ env => \%env }, 'webhook', 'send', $hole, $one);
    is($rc, 1, 'an unknown hole');
    like($err, qr/hole\.json:2: nothing is known of \{\{nix\}\}/, 'is named');
    like($out, qr/1\.json 200/, 'the other file is sent');

    my $closed = free_port();
    ($rc, $out, $err) = ctl({ env => { %env,
        LAPOR_WEBHOOK_URL => "http://127.0.0.1:$closed/" } },
        'webhook', 'send', $one);
    is($rc, 1, 'nobody listens');
    like($out, qr/1\.json 0$/m, 'status 0');
    unlike("$out$err", qr/\Q$secret\E/, 'the secret is not told');
}


# --- the demo profiles: what they say is webhooks, and the labels hold

for my $profile (glob repo_dir() . '/conf/demo/*') {
    my ($name) = $profile =~ m{([^/]+)\z};
    my ($rc, $out, $err) = ctl('decode', glob "$profile/webhooks/*.json");
    is($rc, 0, "$name: all files are webhooks") or diag($err);
    my @events = lines($out);

    my ($head, @rows) = split /\n/, slurp("$profile/expect.tsv");
    is($head, join("\t", qw(name from category urgency function sensitive
                            messages media answers note)), "$name: columns");

    for my $row (@rows) {
        my ($what, $from, @want) = split /\t/, $row, -1;
        my %seen;
        my @said = grep {
            $_->{event} eq 'message' && !$seen{ $_->{wamid} }++
            && ($_->{from} || $_->{user_id})
               =~ /^\{\{(?:from|user_id):\Q$from\E\}\}\z/
        } @events;

        is(scalar @said, $want[4], "$name: $what has its messages");
        is(scalar(grep { $_->{media} } @said), $want[5],
           "$name: $what has its media");

        my ($text) = map { $_->{text} } grep { defined $_->{text}
            && $_->{type} ne 'location' && $_->{type} ne 'contacts' } @said;
        next unless defined $text && length $text;

        ($rc, $out) = ctl({ stdin => do { utf8::encode($text); "$text\n" } },
                          'classify');
        is(join(' ', (split /\t/, $out)[0 .. 3]), join(' ', @want[0 .. 3]),
           "$name: $what is classified as it should be");
    }
}

done_testing();
