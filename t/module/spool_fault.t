# The spool's disk fails in each way that a disk can: 503 when nothing can be
# written, no 200 that is not true, no harm to what was accepted, and on as
# soon as it works again.

use Lapor::Test;
use Lapor::Fault;
use Lapor::HTTP qw(post_signed get);
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $MS = 1760000000000;


# one fault after the other: webhooks before it are accepted, those during it
# are not, those after it are; each 200 is in Redis in the end, and nothing was
# taken for damage

subtest 'writing' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, class => 'Lapor::Fault',
        new => { steady => 'a file is open, or is not' });
    my $dir = spool_dir($nginx);
    $nginx->allow_alert(qr/could not write to the spool|is full/);
    my @bodies;

    for my $case (
        ['spool_error', fdatasync => 'EIO'],
        ['spool_error', write => 'EIO'],
        ['spool_full', write => 'ENOSPC'],
        ['spool_full', write => 'EDQUOT'],
        ['spool_full', write => 'cut'],
        ['spool_full', write => 'cut', ftruncate => 'EIO'],
        ['spool_error', create => 'EMFILE', fdatasync => 'EIO'],
        ['spool_error', fsync => 'EIO', fdatasync => 'EIO'],
    ) {
        my ($result, %faults) = @$case;
        my $name = join ' ', map { "$_: $faults{$_}" } sort keys %faults;

        push @bodies, my @before = bodies(5, 200);
        accept_all($nginx, "before $name", @before);
        my $was = result($nginx, $result);
        $nginx->fault(%faults);
        my $status = send_all($nginx, [bodies(20, 200)]);
        is(join(' ', grep { $_ != 503 } values %$status), '', '503 for each');
        is(result($nginx, $result), $was + 20, $result);
        $nginx->fault;
        push @bodies, my @after = bodies(5, 200);
        accept_all($nginx, 'on as soon as it works', @after);
    }

    like($nginx->error_log,
         qr/\[crit\].*could not write to the spool "\S+" \(5: Input/,
         'the log tells why');
    my %seen = map { $_->{body} => 1 } Lapor::Spool::records($dir);
    is(scalar(grep { !$seen{$_} } @bodies), 0, 'each 200 is in a file');
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'each 200 is in Redis');
    ok(!Lapor::Spool::damaged($dir), 'without damage');
};


subtest 'the directory is not writable, is away, comes back' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address,
                         new => { steady => 'a reload makes it anew' });
    my $dir = spool_dir($nginx);
    $nginx->allow_alert(qr/could not (?:write to|read) the spool/);

    my $mode = sub {
        chmod $_[0], $dir;
        chown $_[1] ? (getpwnam 'nobody')[2] : 0, -1, $dir if $> == 0;
    };

    $mode->(0500, 0);
    is(post_signed($nginx->port, (bodies(1))[0])->{status}, 503,
       'not writable');
    is(result($nginx, 'spool_error'), 1, 'spool_error');
    like($nginx->error_log, qr/write to the spool "\S+" \(13: Permission/,
         'the log tells why');
    $mode->(0700, 1);
    my @bodies = bodies(3);
    accept_all($nginx, 'writable', @bodies);

    rename $dir, "$dir.away" or die;
    is(post_signed($nginx->port, (bodies(1))[0])->{status}, 503, 'away');
    rename "$dir.away", $dir or die;
    push @bodies, my @more = bodies(3);
    accept_all($nginx, 'back', @more);
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'each 200 is in Redis');
};


subtest 'what comes during a write shares the next' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, class => 'Lapor::Fault',
        timeout => '20s', new => { steady => 'one worker has one file' });

    my @bodies = bodies(100);
    my @conns = map { Lapor::HTTP->connect($nginx->port) } @bodies;
    $nginx->fault(fdatasync => 'hang');
    $conns[0]->write(Lapor::HTTP::signed_text($bodies[0]));
    ok((wait_until { $nginx->syncs == 1 } 20), 'one is being written');
    $conns[$_]->write(Lapor::HTTP::signed_text($bodies[$_]))
        for 1 .. $#conns;
    is(get($nginx->port, '/lapor_status')->{status}, 200,
       'nginx has read the others, too');

    $nginx->fault;
    is(scalar(grep { $_->response->{status} == 200 } @conns), scalar @bodies,
       'all are accepted');
    cmp_ok($nginx->syncs, '<=', 5, 'after ' . $nginx->syncs . ' fdatasyncs');

    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'each 200 is in Redis');
};


subtest 'the disk hangs' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $nginx = spooling($redis->address, class => 'Lapor::Fault',
        timeout => '2s', new => { steady => 'a worker that hangs stays' });
    $nginx->allow_alert(qr/disk of the spool "\S+" does not answer/);

    accept_all($nginx, 'before', my @bodies = bodies(5));
    $nginx->fault(fdatasync => 'hang');
    my @conns = map { Lapor::HTTP->connect($nginx->port) } 1 .. 10;
    $_->write(Lapor::HTTP::signed_text((bodies(1))[0])) for @conns;
    is(get($nginx->port, '/lapor_status')->{status}, 200,
       'nginx answers others meanwhile');
    is(scalar(grep { $_->response->{status} == 503 } @conns), 10,
       '503 when the time of the disk is over');
    is(result($nginx, 'spool_error'), 10, 'spool_error');
    like($nginx->error_log, qr/\[crit\].*the spool "\S+" does not answer/,
         'the log tells');

    $nginx->fault;
    ok((wait_until {
        my ($body) = bodies(1);
        post_signed($nginx->port, $body)->{status} == 200
            && push @bodies, $body;
    } 20), 'on when it answers');
    $redis->start;
    ok(drained($nginx), 'the spool is empty');
    is(missing($redis, @bodies), 0, 'each 200 is in Redis');
};


# --- while the spool flows ---

sub flowing {
    my ($nginx_opt, $files, @bodies) = @_;

    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address, class => 'Lapor::Fault',
                         run => 0, %$nginx_opt);
    my $dir = own(spool_dir($nginx));
    my $per = @bodies / $files;
    Lapor::Spool::put($dir, Lapor::Spool::name($MS + $_, 1, 1),
        map { Lapor::Spool::record('lapor:{00}:msg', $_, $MS) }
        @bodies[$per * $_ .. $per * $_ + $per - 1]) for 0 .. $files - 1;
    own($dir);
    return ($nginx, $redis, $dir);
}


subtest 'a file can\'t be read' => sub {
    my @bodies = bodies(20);
    my ($nginx, $redis, $dir) = flowing({}, 2, @bodies);
    $nginx->allow_alert(qr/could not read the spool's file/);

    $nginx->fault(pread => 'EIO');
    $nginx->run;
    ok((wait_until { Lapor::Spool::damaged($dir) == 2 } 20), 'set aside');
    is(missing($redis, @bodies), 20, 'and not replayed');
    ok((wait_until {
        2 == (() = $nginx->error_log =~ /could not read the spool's file/g);
    } 10), 'each is told');
    $nginx->fault;
    rename $_, s/\.damaged$//r for Lapor::Spool::damaged($dir);
    ok(drained($nginx), 'a person gives them their names back');
    is(missing($redis, @bodies), 0, 'all is in Redis');
};


# A record that Redis refuses can't be put behind the others when the disk is
# full: the others flow, or there would never be room again. Both wait for the
# pause after a failure, so at the same time.

subtest 'no file can be removed, none be written' => sub {
    my @bodies = bodies(20);
    my ($nginx, $redis, $dir) = flowing({}, 2, @bodies);
    $nginx->allow_alert(qr/could not read the spool/);
    my @others = bodies(40);
    my ($full, $server, $spool) = flowing({}, 4, @others);
    my $bad = 'lapor:{05}:msg';
    my @bad = bodies(4);
    $full->allow_alert(qr/could not write to the spool/);

    $server->cmd('SET', $bad, 'bukan aliran');
    Lapor::Spool::put($spool, Lapor::Spool::name($MS - 1, 1, 1),
        map { Lapor::Spool::record($bad, $_, $MS) } @bad);
    own($spool);
    $nginx->fault(unlink => 'EROFS');
    $full->fault(write => 'ENOSPC');
    $nginx->run;
    $full->run;

    ok((wait_until { gauge($nginx, 'lapor_replay_failures_total') } 20),
       'not removed: a failure');
    ok((wait_until { !missing($redis, @bodies[0 .. 9]) } 5),
       'what is in it is in Redis');
    is(scalar(Lapor::Spool::segments($dir)), 2, 'the files stay');
    my @live = bodies(5);
    accept_all($nginx, 'live webhooks are accepted', @live);
    cmp_ok(scalar(stored($redis)), '<', 60, 'it is not sent for ever')
        unless reloads();
    $nginx->fault;

    ok((wait_until {
        $server->cmd('XLEN', 'lapor:{00}:msg') >= 40
    } 20), 'not written: the others flow');
    is(scalar(grep { $_->{key} eq $bad } Lapor::Spool::records($spool)), 4,
       'what was refused stays');
    $full->fault;
    $server->cmd('DEL', $bad);

    ok(drained($nginx, 40), 'on when files can be removed');
    is(missing($redis, @bodies, @live), 0, 'all is in Redis');
    ok(drained($full, 40), 'on when there is room');
    is(missing($server, @others, @bad), 0, 'all is in Redis');
};

done_testing();
