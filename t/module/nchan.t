# nchan brings a hiredis of its own, and nginx loads modules so that each sees
# the symbols of the others. With nchan before and after ours: webhooks are
# accepted, refused, spooled while Redis is down, while nchan itself talks to a
# Redis; and through reloads, while it keeps its messages in memory.
#
# Not both: the timers of nchan's Redis keep the log of the cycle that was when
# the configuration was read, which is freed after a reload, with or without
# another module (redis_nodeset.c, nodeset_create(), ngx_cycle->log).

use Lapor::Test;
use Lapor::HTTP qw(get post_signed request);
use Lapor::Nginx;
use Lapor::Redis;

# `./dev packages` unpacks it without switching it on in the system's nginx

my ($nchan) = grep { -e } map { "$_/usr/lib/nginx/modules/ngx_nchan_module.so" }
              repo_dir() . '/build/unpacked/libnginx-mod-nchan', '';

if (!$nchan) {
    BAIL_OUT('nchan is not installed') if ci();
    plan(skip_all => 'nchan is not installed');
}

need_program('nm');
my (undef, $symbols) = run_cmd('nm', '-D', '--defined-only', $nchan);
like($symbols, qr/ T redisAsyncCommand$/m, 'nchan shows its hiredis to all');

# it makes a directory of the system's nginx, whatever its own directive says;
# a copy makes another one, whose name is as long

my $body = sprintf '/tmp/lapor-%08d', $$;
my $copy = test_dir() . '/ngx_nchan_module.so';
spew($copy, slurp($nchan) =~ s{/var/lib/nginx/body(?=\0)}{$body}gr, 0755);

for my $when (qw(before after)) {
    subtest "nchan with a Redis, loaded $when" => sub { beside($when, 'on') };
    subtest "nchan alone, loaded $when" => sub { beside($when, 'off') };
}

rmdir $body;


sub beside {
    my ($when, $on) = @_;

    my $redis = Lapor::Redis->new;
    my $other = Lapor::Redis->new(tcp => 1);
    my $nginx = Lapor::Nginx->new($when => [$copy],
        steady => 'reloaded below, as far as nchan bears it');
    my $url = $on eq 'on' ? "nchan_redis_url 'redis://" . $other->address . "';"
                          : '';

    $nginx->lapor(redis => $redis->address, http => <<"EOF",
    lapor_spool %%DIR%%/spool;
    nchan_use_redis $on;
    $url
EOF
        server => <<'EOF')->run;
        location = /siar {
            nchan_publisher;
            nchan_channel_id kabar;
        }
        location = /dengar {
            nchan_subscriber longpoll;
            nchan_channel_id kabar;
        }
        location = /tanpa_spool {
            lapor_webhook on;
            lapor_spool off;
        }
EOF
    my $port = $nginx->port;
    my @bodies;

    for my $turn (1 .. 3) {
        ok(wait_until {
            request($port, 'POST', '/siar', body => "kabar $turn")->{status}
                =~ /^20[12]$/
        } 10, 'nchan publishes');
        like(get($port, '/dengar', timeout => 10)->{body}, qr/^kabar [123]$/,
             'and tells');
        accepted($nginx, "masuk $turn", \@bodies);
        is(post_signed($port, "palsu $turn", secret => 'lain')->{status}, 403,
           'a forged one is refused');

        $redis->stop;
        accepted($nginx, "turun $turn", \@bodies);
        is(post_signed($port, 'x', uri => '/tanpa_spool')->{status}, 503,
           'without a spool it is not accepted while Redis is down');
        $redis->start;
        ok(wait_until {
            post_signed($port, "naik $turn", uri => '/tanpa_spool')
                ->{status} == 200
        } 20, 'but when it is up');
        push @bodies, "naik $turn";
        $nginx->reload if $on eq 'off';
    }

    ok(wait_until { $redis->entries >= @bodies } 20, 'the spool is empty');

    my %stored = map { $_->{b} => 1 } $redis->entries;
    is(join(', ', grep { !$stored{$_} } @bodies), '',
       'all that was accepted is stored');
    is(scalar(keys %stored), scalar @bodies, 'and nothing else');

    my @keys = @{ $other->cmd('KEYS', '*') };
    is(scalar(grep { /lapor:/ } @keys), 0, 'none of it is in nchan\'s Redis');
    is(scalar @keys > 0, $on eq 'on', 'which holds its own, if it is used');
}


sub accepted {
    my ($nginx, $body, $bodies) = @_;

    is(post_signed($nginx->port, $body)->{status}, 200, "$body: accepted");
    push @$bodies, $body;
}

done_testing();
