# The signature over the raw bytes, however these arrive: each piece of a body
# counts, every secret is tried, and a request that goes away takes nothing of
# another one's with it.

use Lapor::Test;
use Lapor::HTTP qw(post_signed request sign chunked get);
use Lapor::HTTP2;
use Lapor::Nginx;
use Lapor::Redis;

use Time::HiRes qw(time);

my $PATH = '/webhook/whatsapp';
my $SIG = 'X-Hub-Signature-256';

# a body of that length in which no two places are alike

sub body {
    my ($length, $name) = @_;

    my $text = "$name:";
    for (my $n = 1; length $text < $length; $n++) {
        $text .= "$n,";
    }
    return substr $text, 0, $length;
}

sub head {
    my ($body, %opt) = @_;

    my $uri = $opt{uri} || $PATH;
    return "POST $uri HTTP/1.1\r\nHost: a\r\n$SIG: "
        . ($opt{signature} || sign($body, $opt{secret})) . "\r\n"
        . ($opt{chunked} ? "Transfer-Encoding: chunked\r\n\r\n"
           : 'Content-Length: ' . length($body) . "\r\n\r\n");
}

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new(steady => 'one worker has one event loop');
my $h2c = free_port();
$nginx->file("secret$_", "rahasia-$_\n", 0600) for 1 .. 3;
$nginx->forbid('rahasia', 'sha256=');
$nginx->lapor(redis => $redis->address, size => '256k', timeout => '20s',
    http => <<"EOF2", server => <<'EOF3')->run;
    log_format verdict '\$uri \$status \$lapor_result \$lapor_signature';
    access_log %%DIR%%/logs/verdict.log verdict;
    server {
        listen 127.0.0.1:$h2c http2;
        client_max_body_size    256k;
        client_body_buffer_size 128k;
        location = $PATH { lapor_webhook on; }
    }
EOF2
        error_page 400 403 408 413 = /ok;
        location = /ok { return 200 "ok"; }
        location = /rotation {
            lapor_webhook on;
            lapor_app_secret_file %%DIR%%/secret1;
            lapor_app_secret_file %%DIR%%/secret2;
            lapor_app_secret_file %%DIR%%/secret3;
        }
        location = /file {
            lapor_webhook on;
            client_body_in_file_only on;
        }
        location = /clean {
            lapor_webhook on;
            client_body_in_file_only clean;
        }
        location = /single {
            lapor_webhook on;
            client_body_in_single_buffer on;
        }
        location = /small {
            lapor_webhook on;
            client_body_buffer_size 20k;
        }
        location = /mirror {
            lapor_webhook on;
            client_body_buffer_size 64k;
            mirror /ok;
        }
        location = /three {
            lapor_webhook on;
            client_max_body_size    4m;
            client_body_buffer_size 4m;
        }
EOF3
my $port = $nginx->port;

# whoever wants to write a body into a file fails, and says so

rmdir "$nginx->{dir}/tmp/client_body" or die "could not rmdir: $!";

# all that was written so far is read: one worker, one event loop

sub barrier { get($port, '/ok')->{status} == 200 or die 'nginx is gone' }

# deliver(requests) -> statuses.  A request is a list of pieces; each is written
# when nginx has read those before it.

sub deliver {
    my (@requests) = @_;

    my @conns;
    while (grep { @$_ } @requests) {
        for my $i (0 .. $#requests) {
            my $piece = shift @{ $requests[$i] };
            $conns[$i] ||= Lapor::HTTP->connect($port);
            $conns[$i]->write($piece) if defined $piece;
        }
        barrier() if grep { @$_ } @requests;
    }

    my @statuses = map { $_->response->{status} } @conns;
    $_->close for @conns;
    return @statuses;
}

# cut($text, places) -> pieces

sub cut {
    my ($text, @places) = @_;

    my @pieces;
    my $from = 0;
    for my $place (@places, length $text) {
        push @pieces, substr $text, $from, $place - $from if $place > $from;
        $from = $place;
    }
    return @pieces;
}

# split_at($head, $body, places) -> the pieces of one request; the head comes
# with the first of them

sub split_at {
    my ($head, $body, @places) = @_;

    my ($first, @rest) = cut($body, @places);
    return [$head . $first, @rest];
}

sub flip {
    my ($body, $place) = @_;

    substr($body, $place, 1) ^= "\1";
    return $body;
}

sub stored { my %seen; $seen{ $_->{b} }++ for $redis->entries; return \%seen }

sub all_are {
    my ($want, $name, @statuses) = @_;

    my $wrong = grep { $_ != $want } @statuses;
    is($wrong, 0, "$name: all " . @statuses . " are $want")
        or diag("@statuses");
}

subtest 'a small body, cut at each byte' => sub {
    my $body = '{"laporan":"ada banjir di jalan"}';
    my @good = map { split_at(head($body), $body, $_) } 1 .. length($body) - 1;
    my @bad = map { split_at(head($body), flip($body, $_), $_) }
              0 .. length($body) - 1;
    my $count = @good;
    all_are(200, 'signed', deliver(@good));
    all_are(403, 'a bit is wrong', deliver(@bad));
    is(stored()->{$body}, $count, 'each was stored whole, and no other');
};

my $large = body(100_000, 'besar');
my @places = (1, 100, 1023, 8192, 16_383, 16_384, 16_385, 16_500, 32_768,
              65_535, 65_536, 65_537, 90_000, 99_998, 99_999);

subtest 'a large body, cut in two, three and many' => sub {
    my @cuts = ((map { [$_] } @places),
                (map { [$_, $_ + 1] } @places[0 .. $#places - 1]),
                [@places], [map { $_ * 7001 } 1 .. 14]);
    all_are(200, 'signed', deliver(map { split_at(head($large), $large, @$_) }
                                   @cuts));
    is(stored()->{$large}, scalar @cuts, 'each was stored whole');

    my @flips = (0, 1, 16_383, 16_384, 16_385, 50_000, 99_999);
    all_are(403, 'a bit is wrong', deliver(map {
        my $flip = $_;
        map { split_at(head($large), flip($large, $flip), @$_) }
            [20_000], [16_384, 16_385], [@places];
    } @flips));
    is(stored()->{$large}, scalar @cuts, 'and nothing was added');
};

subtest 'chunks' => sub {
    my $body = body(30_000, 'potong');
    my $one = chunked($body, 1);
    my $some = chunked($body, 977);
    my $head = head($body, chunked => 1);
    all_are(200, 'of one byte, cut anywhere', deliver(
        map { [$head . substr($one, 0, $_), substr $one, $_] }
        1 .. 8, 60_000, 99_999, 100_000, 100_001, length($one) - 5,
        length($one) - 1));
    all_are(200, 'of some bytes, cut anywhere', deliver(
        map { [$head . substr($some, 0, $_), substr $some, $_] }
        1 .. 8, 977 .. 990, 17_000, 25_000, length($some) - 1));
    is(stored()->{$body}, 14 + 25, 'all are stored whole');

    my $bad = chunked(flip($body, 29_999), 977);
    all_are(403, 'the last byte is wrong', deliver(
        map { [$head . substr($bad, 0, $_), substr $bad, $_] } 10, 20_000));
};

subtest 'the second and the third of three secrets' => sub {
    for my $length (50, 16_384, 16_385, 70_000) {
        my $body = body($length, "putar$length");
        my @cut = ($length < 20_000 ? int $length / 2 : (17_000, 17_001));
        my @by = map { head($body, uri => '/rotation',
                            secret => "rahasia-$_") } 1 .. 4;
        is(join(' ', deliver(map { split_at($_, $body, @cut) } @by)),
           '200 200 200 403', "$length bytes in pieces");
        is(join(' ', deliver(map { [$_ . $body] } @by)), '200 200 200 403',
           'at once');
        is(stored()->{$body}, 6, 'stored');
    }
};

subtest 'slow requests side by side' => sub {
    my @bodies = map { body(40_000 + $_, "samping$_") } 0 .. 39;

    # more at the same time than contexts are kept, and each kept one again

    for my $turn (1, 2) {
        my @wanted = map { $_ % 4 == 3 ? 403 : 200 } 0 .. 39;
        my @got = deliver(map {
            my $sent = $_ % 4 == 3 ? flip($bodies[$_], 30_000) : $bodies[$_];
            split_at(head($bodies[$_]), $sent, map { $_ * 9000 } 1 .. 4);
        } 0 .. 39);
        is("@got", "@wanted", "forty, turn $turn");
    }
    my $seen = stored();
    is(join(' ', map { $seen->{ $bodies[$_] } || 0 } 0 .. 39),
       join(' ', map { $_ % 4 == 3 ? 0 : 2 } 0 .. 39), 'stored apart');
};

# $count requests that end in the middle of a long body

sub give_up {
    my ($count) = @_;

    my @conns = map {
        my $conn = Lapor::HTTP->connect($port);
        $conn->write(head($large) . substr $large, 0, 40_000);
        $conn;
    } 1 .. $count;
    barrier();
    return @conns;
}

sub resident {
    my ($what) = @_;

    return slurp('/proc/' . ($nginx->workers)[0] . '/status')
           =~ /^$what:\s*(\d+) kB/m ? $1 : die "no $what";
}

subtest 'clients that go away in the middle' => sub {
    my @gone = give_up(5);
    my @stay = give_up(2);
    $_->abort for @gone;
    barrier();
    $_->write(substr $large, 40_000) for @stay;
    all_are(200, 'the others', map { $_->response->{status} } @stay);

    # a context is more than 1 KB, and each of these requests had one

    my ($before, $after);
    for my $turn (1 .. 24) {
        $_->abort for give_up(50);
        barrier();
        $before = resident('VmRSS') if $turn == 4;
    }
    $after = resident('VmRSS');
    SKIP: {
        skip('memory is not to be measured here', 1)
            if asan() || $ENV{LAPOR_VALGRIND};
        cmp_ok($after - $before, '<', 600, 'a thousand left nothing behind');
    }
};

subtest 'what is not for a disk' => sub {
    for my $uri (qw(/file /clean /single)) {
        my $body = body(90_000, $uri);
        my @got = deliver([head($body, uri => $uri) . $body],
            split_at(head($body, uri => $uri), $body, 300, 50_000),
            [head($body, uri => $uri, chunked => 1),
             cut(chunked($body, 3000), 40_000)]);
        is("@got", '200 200 200', $uri);
        is(stored()->{$body}, 3, 'stored');
        is(request($port, 'POST', $uri, headers => [$SIG, sign('')],
                   body => '')->{status}, 403, 'an empty body');
    }
    ok(!-e "$nginx->{dir}/tmp/client_body", 'no file was made');
};

subtest 'larger than the buffer' => sub {
    my $body = body(20 * 1024, 'pas');
    my $more = body(20 * 1024 + 1, 'lebih');

    is(post_signed($port, $body, uri => '/small')->{status}, 200,
       'as large as the buffer');
    my $r = post_signed($port, $more, uri => '/small');
    is("$r->{status} $r->{body}", '413 ', 'a byte more, with an empty answer');

    my $conn = Lapor::HTTP->connect($port);
    my $head = head($more, uri => '/small');
    $head =~ s/\r\n\r\n/\r\nExpect: 100-continue\r\n\r\n/;
    $conn->write($head);
    is($conn->response->{status}, 413, 'nor is it asked for');

    my ($most) = deliver([head($more, uri => '/small', chunked => 1)
        . chunked(substr($more, 0, 15_000), 500) =~ s/0\r\n\r\n\z//r,
        chunked(substr($more, 15_000), 500)]);
    is($most, 413, 'nor in chunks');
    is(post_signed($port, $more, uri => '/mirror')->{status}, 200,
       'another location has more');
    is((deliver([head($large, uri => '/mirror', chunked => 1)
        . chunked($large, 9000)]))[0], 413, 'but not for this one');

    my $seen = stored();
    is($seen->{$body}, 1, 'stored');
    is($seen->{$more}, 1, 'stored only there');
    like(slurp("$nginx->{dir}/logs/verdict.log"),
         qr{^/small 413 too_large -$}m, 'the log says why');
};

subtest 'read for another module first' => sub {
    my $body = body(60_000, 'cermin');
    my @cut = (100, 17_000, 40_000);
    is(join(' ', deliver(
        split_at(head($body, uri => '/mirror'), $body, @cut),
        split_at(head($body, uri => '/mirror'), flip($body, 5), @cut),
        split_at(head($body, uri => '/mirror', signature => 'x'), $body, @cut),
        ["POST /mirror HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", 'abc']
        )), '200 403 403 403', 'a webhook that is mirrored');
    is(stored()->{$body}, 1, 'stored once');
};

subtest 'HTTP/2' => sub {
    my $h2 = Lapor::HTTP2->new(Lapor::HTTP->connect($h2c));
    my $seen = {};
    for my $size (1, 100, 16_384) {
        my $body = body($size == 1 ? 900 : 60_000, "h2-$size");
        is($h2->status($h2->post($body, size => $size)), 200,
           "frames of $size bytes");
        is(stored()->{$body}, 1, 'stored');

        my $stream = $h2->open('POST', $PATH,
                               headers => [lc $SIG, sign($body)]);
        $h2->data($stream, flip($body, length($body) - 1), size => $size,
                  end => 1);
        is($h2->status($stream), 403, 'the last byte is wrong');
    }

    # as large as the buffer, announced and not; more than it

    my $full = body(128 * 1024, 'penuh');
    my $length = ['content-length' => 128 * 1024];
    is($h2->status($h2->post($full, headers => $length)), 200,
       'as large as the buffer');
    is($h2->status($h2->post("$full+")), 413, 'larger');
    is($h2->status($h2->post('"setelah"')), 200, 'the connection goes on');
    $h2->close;
};

subtest 'a reload in the middle of a body' => sub {
    my ($conn) = give_up(1);
    my @old = $nginx->workers;
    $nginx->reload;
    my $after = (stored()->{$large} || 0) + 2;
    $conn->write(substr $large, 40_000);
    is($conn->response->{status}, 200, 'the old worker takes the rest');
    ok($nginx->wait_gone(15, @old), 'and leaves');
    all_are(200, 'the new one', deliver(split_at(head($large), $large,
                                                 20_000)));
    is(stored()->{$large}, $after, 'both are stored');
};

# A fresh worker each, since memory that was free once is not asked for again

subtest 'what a large body costs' => sub {
    my $body = body(3 * 1024 * 1024, 'tiga');
    my %signature = (403 => sign('lain'), 200 => sign($body));

    for my $status (403, 200) {
        my @old = $nginx->reload;
        ok($nginx->wait_gone(15, @old), 'a new worker');
        my $small = body(100_000, 'kecil');
        my $sign = $status == 403 ? $signature{403} : sign($small);
        all_are($status, 'it warms up', deliver(map {
            split_at(head($small, uri => '/three', signature => $sign), $small,
                     20_000 * $_) } 1 .. 4));

        my $before = resident('VmHWM');
        my $head = head($body, uri => '/three',
                        signature => $signature{$status});
        all_are($status, 'three megabytes', deliver([$head . $body]));
        SKIP: {
            skip('memory is not to be measured here', 1)
                if asan() || $ENV{LAPOR_VALGRIND};
            cmp_ok(resident('VmHWM') - $before, '<', 3 * 1024 + 512,
                   'cost their own size in memory, and no more');
        }
    }
    is(stored()->{$body}, 1, 'stored');
};

# Refusals are logged, but at a limited rate, and without what was sent

subtest 'the log of refusals' => sub {
    my $kind = qr/refused a request of 127\.0\.0\.1: its signature is of no /;
    my $lines = sub { return scalar(() = $nginx->error_log =~ /$kind/g) };
    my $refuse = sub {
        return request($port, 'POST', $PATH, body => 'x',
            headers => [$SIG, 'sha256=' . '0' x 64])->{status};
    };

    my $start = time();
    my $before = $lines->();
    my $sent = 0;
    all_are(403, 'two hundred', map { $sent++; $refuse->() } 1 .. 200);
    my $most = 1 + (time() - $start);
    cmp_ok($lines->() - $before, '<=', $most, 'one line a second at most');
    cmp_ok($lines->(), '>=', 1, 'but one');

    ok((wait_until {
        $sent++;
        $refuse->();
        $lines->() > $before + 1
            && $nginx->error_log =~ /; \d+ more since the last line/;
    } 10), 'then one that says how many were not told');
    unlike($nginx->error_log, qr/refused a request.*(?:host|POST)/,
           'no line repeats what the client has sent');

    my %status = $nginx->status;
    cmp_ok($status{'lapor_webhooks_total{result="wrong_signature"}'}, '>',
           $sent, 'while each is counted');

    for my $case ([[], 'it has no signature'],
                  [[$SIG, 'a', $SIG, 'b'], 'it has more than one signature'],
                  [[$SIG, 'a'], 'its signature is malformed']) {
        my ($headers, $text) = @$case;
        ok((wait_until {
            request($port, 'POST', $PATH, body => 'x', headers => $headers);
            $nginx->error_log =~ /\[notice\].*127\.0\.0\.1: $text/;
        } 5), $text);
    }
};

done_testing();
