# Each directive at http, server and location: the innermost one counts, those
# of a sibling do not, and lapor_webhook is inherited by nobody.

use Lapor::Test;
use Lapor::HTTP qw(post_signed get);
use Lapor::Nginx;
use Lapor::Redis;

my $TOKEN = $Lapor::Nginx::TOKEN;

my $redis = Lapor::Redis->new(config => { databases => 16 });
my $everysec = Lapor::Redis->new(config => { appendfsync => 'everysec' });
my $absent = Lapor::Redis->new(start => 0);
my $nginx = Lapor::Nginx->new(steady => 'each worker tells of its own links');
my $second = free_port();
$nginx->file("secret$_", "rahasia-$_\n", 0600) for 1 .. 3;
$nginx->file("token$_", "token-$_\n", 0600) for 1 .. 3;
$nginx->forbid(map { ("rahasia-$_", "token-$_") } 1 .. 3);

my $address = $redis->address;

$nginx->conf(<<"EOF2")->run;
%%TEST_GLOBALS%%
events {
    worker_connections 512;
}
http {
    %%TEST_GLOBALS_HTTP%%
    client_max_body_size    64k;
    client_body_buffer_size 64k;

    lapor_app_secret_file   %%DIR%%/secret1;
    lapor_verify_token_file %%DIR%%/token1;
    lapor_redis             $address db=1;
    lapor_partitions        1;
    lapor_timeout           20s;
    lapor_max_pending       2;
    lapor_spool             %%DIR%%/spool;

    server {
        listen 127.0.0.1:%%PORT%%;

        lapor_app_secret_file   %%DIR%%/secret2;
        lapor_verify_token_file %%DIR%%/token2;
        lapor_redis             $address db=2;
        lapor_partitions        2;

        location = /server { lapor_webhook on; }

        location /location {
            lapor_webhook on;
            lapor_app_secret_file   %%DIR%%/secret3;
            lapor_verify_token_file %%DIR%%/token3;
            lapor_redis             $address db=3;
            lapor_spool             off;
            lapor_partitions        256;

            location = /location/within { return 204; }
            location = /location/again { lapor_webhook on; }
            location = /location/off { lapor_webhook off; return 204; }
        }

        location = /two {
            lapor_webhook on;
            lapor_app_secret_file %%DIR%%/secret3;
            lapor_app_secret_file %%DIR%%/secret1;
        }

        location = /fsync {
            lapor_webhook on;
            lapor_redis @{[ $everysec->address ]};
            lapor_spool off;
        }

        location = /everysec {
            lapor_webhook on;
            lapor_redis @{[ $everysec->address ]};
            lapor_ack   everysec;
            lapor_spool off;
        }

        location = /spool {
            lapor_webhook on;
            lapor_redis @{[ $absent->address ]};
            lapor_spool %%DIR%%/other;
        }

        location = /no_spool {
            lapor_webhook on;
            lapor_redis @{[ $absent->address ]};
            lapor_spool off;
        }

        location = /lapor_status { lapor_status; }
    }

    server {
        listen 127.0.0.1:$second;
        lapor_spool %%DIR%%/second;
        location = /http { lapor_webhook on; }
    }
}
EOF2
my $port = $nginx->port;

ok((wait_until {
    my %status = $nginx->status;
    $status{'lapor_redis_links{state="up"}'} == 4;
} 10), 'links: three databases, one with another lapor_ack');


# where($port, $uri, $secret) -> "status of the webhook, database, partition"

sub where {
    my ($port, $uri, $secret) = @_;

    my $r = post_signed($port, '{}', uri => $uri, secret => "rahasia-$secret");
    my @found;
    for my $db (1 .. 3) {
        $redis->cmd('SELECT', $db);
        push @found, map { "$db $_->{key}" } $redis->entries;
        $redis->cmd('FLUSHDB');
    }
    return join ', ', $r->{status}, @found;
}

# {} has no sender: its digest's first byte is its place

sub place {
    my ($secret, $partitions) = @_;

    my $byte = hex substr Lapor::HTTP::sign('{}', "rahasia-$secret"), 7, 2;
    return sprintf 'lapor:{%02x}:msg', $byte % $partitions;
}

sub verified {
    my ($port, $uri, $n) = @_;

    return get($port, "$uri?hub.mode=subscribe&hub.challenge=7"
        . "&hub.verify_token=token-$n")->{status};
}

my @places = (['http', $second, '/http', 1, 1],
              ['server', $port, '/server', 2, 2],
              ['location', $port, '/location', 3, 256],
              ['location within it', $port, '/location/again', 3, 256]);

for my $place (@places) {
    my ($name, $at, $uri, $n, $partitions) = @$place;

    is(where($at, $uri, $n), "200, $n " . place($n, $partitions),
       "$name: secret, lapor_redis, lapor_partitions");
    is(verified($at, $uri, $n), 200, "$name: token");

    for my $other (grep { $_ != $n } 1 .. 3) {
        is(where($at, $uri, $other), 403, "$name: not secret $other");
        is(verified($at, $uri, $other), 403, "$name: nor token $other");
    }
}

is(where($port, '/location/within', 3), 204, 'lapor_webhook is not inherited');
is(where($port, '/location/off', 3), 204, 'and may be off');

is(where($port, '/two', $_), '200, 2 ' . place($_, 2),
   "secret $_ of two of a location") for 1, 3;
is(where($port, '/two', 2), 403, 'the server\'s is replaced by them');

is(post_signed($port, '{}', uri => '/fsync', secret => 'rahasia-2')->{status},
   503, 'lapor_ack fsync by default');
is(post_signed($port, '{}', uri => '/everysec', secret => 'rahasia-2')
   ->{status}, 200, 'everysec beside it, with the same Redis');

is(post_signed($port, '{}', uri => '/spool', secret => 'rahasia-2')->{status},
   200, 'a spool of its own');
ok(scalar(glob "$nginx->{dir}/other/*.spool"), 'has the webhook');
is(scalar(my @none = glob "$nginx->{dir}/spool/*.spool"), 0,
   'that of http does not');
is(post_signed($port, '{}', uri => '/no_spool', secret => 'rahasia-2')
   ->{status}, 503, 'lapor_spool off takes that of http away');

$redis->stop;
is(post_signed($port, '{}', uri => '/server', secret => 'rahasia-2')->{status},
   200, 'without Redis');
ok(scalar(glob "$nginx->{dir}/spool/*.spool"), 'the spool of http has it');
is(scalar(@none = glob "$nginx->{dir}/second/*.spool"), 0,
   'not that of another server');


# lapor_timeout and lapor_max_pending, by what is answered and what still waits

subtest 'bounds' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(steady => 'its bounds are a worker\'s');
    my $address = $redis->address;
    $nginx->lapor(redis => "$address name=satu", timeout => '20s', size => '4k',
        http => 'lapor_max_pending 3 2k;', server => <<"EOF2")->run;
        lapor_redis $address name=dua;
        location = /less {
            lapor_webhook on;
            lapor_redis $address name=tiga;
            lapor_max_pending 1;
        }
        location = /bytes {
            lapor_webhook on;
            lapor_redis $address name=empat;
            lapor_max_pending 100;
        }
        location = /soon {
            lapor_webhook on;
            lapor_redis $address name=lima;
            lapor_timeout 300ms;
        }
EOF2
    my $port = $nginx->port;
    my $pending = sub { return { $nginx->status }->{lapor_pending} };

    is(post_signed($port, 'x', uri => $_)->{status}, 200, "$_: up")
        for qw(/webhook/whatsapp /less /bytes /soon);
    $redis->pause;

    my @wait;
    my $send = sub {
        my ($uri, $body) = @_;
        my $before = $pending->();
        my $conn = Lapor::HTTP->connect($port);
        $conn->write(Lapor::HTTP::signed_text($body, uri => $uri));
        push @wait, $conn;
        ok((wait_until { $pending->() == $before + 1 } 5), "$uri waits");
    };

    $send->('/webhook/whatsapp', 'a') for 1 .. 3;
    is(post_signed($port, 'b')->{status}, 503, 'three of http, not four');
    $send->('/less', 'c');
    is(post_signed($port, 'd', uri => '/less')->{status}, 503, 'one of it');
    $send->('/bytes', 'e' x 1000) for 1 .. 4;

    is(post_signed($port, 'f', uri => '/soon')->{status}, 503,
       'its timeout is over');
    is($pending->(), 9, 'while the others wait');

    $redis->resume;
    is(join(' ', map { $_->response->{status} } @wait), '200 ' x 7 . '200',
       'and are accepted');
};

done_testing();
