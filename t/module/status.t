# The page of counters: well formed, whole, consistent while workers count.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::HTTP qw(post_signed request get sign);
use Lapor::Nginx;
use Lapor::Redis;

my @BOUNDS = qw(0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5
                +Inf);

# histogram(\%status, $name) -> ([cumulative counts], count, sum)

sub histogram {
    my ($status, $name) = @_;

    return ([map { $status->{"${name}_bucket{le=\"$_\"}"} } @BOUNDS],
            $status->{"${name}_count"}, $status->{"${name}_sum"});
}

sub is_histogram {
    my ($status, $name, $what) = @_;

    my ($buckets, $count) = histogram($status, $name);
    my @fall = grep { $buckets->[$_] < $buckets->[$_ - 1] } 1 .. $#$buckets;
    ok(!@fall && $buckets->[-1] == $count, $what)
        or diag("@$buckets, $count");
    return $count;
}

subtest 'the text' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new;
    $nginx->lapor(redis => $redis->address, workers => 2)->run;
    my $port = $nginx->port;
    is(post_signed($port, '{}')->{status}, 200, 'a webhook');

    my $r = get($port, '/lapor_status');
    is($r->{headers}{'content-type'},
       'text/plain; version=0.0.4; charset=utf-8', 'its type');
    is(length $r->{body}, $r->{headers}{'content-length'}, 'its length');
    like($r->{body}, qr/\n\z/, 'its end');

    my ($family, %type, %help, @stray);
    for my $line (split /\n/, $r->{body}) {
        if ($line =~ /^# HELP (\w+) \S.*\.$/) {
            push @stray, $line if $help{$1}++;
        } elsif ($line =~ /^# TYPE (\w+) (counter|gauge|histogram)$/) {
            push @stray, $line if $type{$1} || !$help{$1};
            ($family, $type{$1}) = ($1, $2);
        } elsif ($line !~ /^(\w+)(?:\{\w+="[^"]+"\})? \d+(?:\.\d+)?$/
                 || $1 !~ /^\Q$family\E(?:_bucket|_sum|_count)?$/)
        {
            push @stray, $line;
        }
    }
    is("@stray", '', 'each line belongs to the family above it');
    is($type{$_}, 'counter', "$_ is a counter")
        for grep { /_total$/ } sort keys %type;
    is(join(' ', grep { $type{$_} eq 'counter' && !/_total$/ } keys %type), '',
       'and no other');
    is($type{$_}, 'histogram', $_)
        for qw(lapor_queue_seconds lapor_spool_seconds);
    is($type{$_}, 'gauge', $_) for qw(lapor_spool_bytes lapor_spool_files
        lapor_spool_damaged_files lapor_number_last_seconds);

    my %status = $nginx->status;
    ok(exists $status{"lapor_webhooks_total{result=\"$_\"}"}, "result $_")
        for qw(accepted spooled no_signature double_signature
               malformed_signature wrong_signature empty too_large method
               bad_request aborted overload redis_down redis_error redis_lost
               timeout spool_full spool_error failed);
    ok(exists $status{"lapor_redis_errors_total{error=\"$_\"}"}, "error $_")
        for qw(oom readonly loading misconf noauth moved ask clusterdown
               other);
    ok(exists $status{$_}, $_) for qw(lapor_replayed_total
        lapor_replayed_bytes_total lapor_replay_failures_total);

    if (my $promtool = have_program('promtool')) {
        my ($rc, $out, $err) = run_cmd({ stdin => $r->{body} }, $promtool,
                                       qw(check metrics));
        is("$rc $out$err", '0 ', 'promtool finds nothing');
    }

    is(request($port, 'POST', '/lapor_status', body => 'x')->{status}, 405,
       'it is not written to');
    $r = request($port, 'HEAD', '/lapor_status');
    is("$r->{status} $r->{body}", '200 ', 'HEAD');
    cmp_ok($r->{headers}{'content-length'}, '>', 2000, 'has the length');
};

subtest 'the time until Redis has confirmed' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(steady => 'a worker that stops keeps no '
        . 'connection');
    $nginx->lapor(redis => $redis->address, workers => 2, timeout => '20s')
          ->run;
    my $port = $nginx->port;

    my @conns = map { Lapor::HTTP->connect($port) } 1 .. 20;
    my $per = 40;
    $_->write(Lapor::HTTP::signed_text('{"n":1}', keepalive => 1) x $per)
        for @conns;

    # each page is consistent in itself, whatever is going on

    my ($pages, $count) = (0, -1);
    my %status;
    ok((wait_until {
        %status = $nginx->status;
        my $now = is_histogram(\%status, 'lapor_queue_seconds',
                               'count and buckets agree while it grows');
        ok($now >= $count, 'and it only grows');
        $count = $now;
        $pages++;
        $now == @conns * $per;
    } 20), 'all are observed');

    for my $conn (@conns) {
        $conn->response for 1 .. $per;
    }
    %status = $nginx->status;
    my ($buckets, $all, $sum) = histogram(\%status, 'lapor_queue_seconds');
    is($all, $status{'lapor_webhooks_total{result="accepted"}'},
       'as many as accepted');
    like($sum, qr/^\d+\.\d{6}$/, 'the sum has microseconds');
    cmp_ok($sum, '>', 0, 'and is something');
    is_histogram(\%status, 'lapor_spool_seconds', 'the spool has none');
    is($status{lapor_spool_seconds_count}, 0, 'at all');

    my %before = %status;
    $nginx->reload;
    %status = $nginx->status;
    is($status{$_}, $before{$_}, "a reload keeps $_")
        for grep { /_(?:total|bucket|sum|count)\b/ && !/connects|losses/ }
            sort keys %before;
};

subtest 'a slow confirmation' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address,
                                         timeout => '20s')->run;
    is(post_signed($nginx->port, '{"cepat":1}')->{status}, 200, 'a fast one');
    my %before = $nginx->status;

    $fake->rules(XADD => { delay => 1.3 });
    is(post_signed($nginx->port, '{"lama":1}')->{status}, 200, 'a slow one');
    my %status = $nginx->status;
    is(is_histogram(\%status, 'lapor_queue_seconds', 'both are observed'), 2,
       'as two');

    my ($old) = histogram(\%before, 'lapor_queue_seconds');
    my ($new) = histogram(\%status, 'lapor_queue_seconds');
    is($new->[10], $old->[10], 'not among those of up to a second');
    cmp_ok($status{lapor_queue_seconds_sum} - $before{lapor_queue_seconds_sum},
           '>', 1, 'and the sum grows by as much');
};

subtest 'errors of Redis by their kind' => sub {
    my $fake = Lapor::FakeRedis->new;
    my $nginx = Lapor::Nginx->new->lapor(redis => $fake->address)->run;
    my %text = (
        oom => "-OOM command not allowed when used memory > 'maxmemory'.",
        loading => '-LOADING Redis is loading the dataset in memory',
        misconf => '-MISCONF Errors writing to the AOF file',
        noauth => '-NOAUTH Authentication required.',
        moved => '-MOVED 3999 127.0.0.1:6381',
        ask => '-ASK 3999 127.0.0.1:6381',
        clusterdown => '-CLUSTERDOWN Hash slot not served',
        other => '-ERR something else',
        readonly => "-READONLY You can't write against a read only replica.",
    );

    for my $kind (sort keys %text) {
        my $key = "lapor_redis_errors_total{error=\"$kind\"}";
        $fake->rules(XADD => { error => $text{$kind} });
        ok((wait_until {
            post_signed($nginx->port, '{}')->{status} == 503
                && { $nginx->status }->{$key};
        } 10), $kind);
    }

    my %status = $nginx->status;
    my @none = grep { !$status{"lapor_redis_errors_total{error=\"$_\"}"} }
               keys %text;
    is("@none", '', 'each is counted by its own name');
};

subtest 'the gauges of a worker that was killed' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new(steady => 'it counts the links');
    $nginx->allow_alert(qr/exited on signal 9/);
    $nginx->lapor(redis => $redis->address, workers => 2)->run;
    my $up = sub { return { $nginx->status }->{
                       'lapor_redis_links{state="up"}'} };
    ok((wait_until { $up->() == 2 } 5), 'two links');

    my ($victim) = $nginx->workers;
    kill 'KILL', $victim;
    ok((wait_until { !grep { $_ == $victim } $nginx->workers } 5), 'killed');
    ok((wait_until { $nginx->workers == 2 && $up->() == 2 } 10),
       'two links again, and not three');
};

subtest 'within another page' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = Lapor::Nginx->new;
    $nginx->file('page', "<!--# include virtual='/lapor_status' -->the end");
    $nginx->lapor(redis => $redis->address,
        server => "location = /page { root $nginx->{dir}; ssi on; "
                  . 'ssi_types *; }')->run;
    my $body = get($nginx->port, '/page')->{body};
    like($body, qr/^lapor_pending 0$/m, 'it is included');
    like($body, qr/the end\z/, 'and ends nothing but itself');
};

done_testing();
