#!/usr/bin/perl

# lapor-media between a real PostgreSQL, a real Redis and the emulator: what
# is stored is what was sent, once, under its hash, whatever happens on the
# way.

use lib 't/lib';
use Lapor::Test;
use Lapor::Outbox;

use Digest::SHA qw(sha256_hex);
use File::Find ();
use IO::Socket::INET ();
use POSIX ();

# two hosts that may serve media, and one that may not
my ($first, $second, $foreign) = map { free_port() } 1 .. 3;

my $t = Lapor::Outbox->new(kind => 'media', own => {
    retry_base => '50ms', retry_max => '400ms', retry_slow => '200ms',
    tries => 3, lease => '40s', timeout => '20s', poll => '200ms',
    max_size => '16m', concurrency => 4,
    media_hosts => 'https://*.fbsbx.com '
        . "http://127.0.0.1:$first, http://127.0.0.1:$second",
});
my $graph = $t->graph;
my $dir = $t->media_dir;


sub photo {
    my ($bytes) = @_;

    my $up = $graph->upload($bytes, 'image/jpeg');
    return { %$up, mime => 'image/jpeg' };
}

sub files {
    my @found;
    File::Find::find(sub { push @found, $File::Find::name if -f }, $dir);
    @found = sort map { substr $_, 1 + length $dir } @found;
    return @found;
}

sub temps {
    my @found = grep { m{^tmp/} } files();
    return @found;
}

sub stored {
    my ($report, $name, $seconds) = @_;

    my $task = $t->wait_task($report, 'media', { state => 'done' },
                             $seconds);
    ok($task, "$name: stored");
    return $task || {};
}

sub given_up {
    my ($report, $state, $name) = @_;

    my $task = $t->wait_task($report, 'media', { state => 'failed' });
    ok($task, "$name: given up");
    my $media = $t->media($report);
    is($media->{state}, $state, "$name: $state");
    return $media;
}


# serve($port, $log, $answer): a media host, which answers all the same and
# writes down what it was asked; the one before it at this port goes

my %hosts;

sub serve {
    my ($port, $log, $answer) = @_;

    Lapor::Test::end_process($hosts{$port}, 'KILL', 5) if $hosts{$port};
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 5, ReuseAddr => 1)
        or die "could not listen: $!";

    my $pid = fork;
    die "could not fork: $!" unless defined $pid;

    if ($pid == 0) {
        local $SIG{TERM} = 'DEFAULT';
        while (my $conn = $listen->accept) {
            my $in = '';
            while ($in !~ /\r\n\r\n/) {
                sysread $conn, $in, 65536, length $in or last;
            }
            Lapor::Test::append_line($log, $in);
            print $conn $answer;
        }
        POSIX::_exit(0);
    }

    Lapor::Test::adopt($pid);
    $hosts{$port} = $pid;
    return;
}


# --- plain

{
    my $bytes = join '', map { chr int rand 256 } 1 .. 200_000;
    my $r = $t->report(media => photo($bytes));
    my $hex = sha256_hex($bytes);

    stored($r, 'a photo');
    my $m = $t->media($r);
    is($m->{sha256}, $hex, 'its hash');
    is($m->{path}, substr($hex, 0, 2) . '/' . substr($hex, 2, 2) . "/$hex",
       'its path');
    is($m->{size}, 200_000, 'its size');
    is($m->{state}, 'stored', 'its state');
    ok(slurp("$dir/$m->{path}") eq $bytes, 'its bytes');
    is((stat "$dir/$m->{path}")[2] & 0777, 0640, 'not for others');
    is(($t->events($r))[-1], 'media_stored', 'the timeline says so');
    ok($t->cell("SELECT lapor.event_check($r->{part}::smallint,"
                . " $r->{report_id})") eq 't', 'the chain is whole');

    my $again = $t->report(media => photo($bytes));
    stored($again, 'the same photo from somebody else');
    is($t->media($again)->{path}, $m->{path}, 'lies in the same file');
    is(scalar(files()), 1, 'and there is one file');

    my $empty = $t->report(media => photo(''));
    stored($empty, 'a file of no bytes');
    is($t->media($empty)->{size}, 0, 'has none');

    my @many = map { $t->report(media => photo("album $_"), quiet => 1) }
               1 .. 30;
    stored($_, 'album, without a wake-up') for @many;
    is(scalar(temps()), 0, 'no temporary file is left');
}

# --- what Graph may do

{
    $graph->faults({ match => 'GET /media-download', status => 404,
                     times => 1 });
    my $task = stored($t->report(media => photo('expired')), 'expired URL');
    is($task->{attempts}, 1, 'asked for another URL at once');

    $graph->faults({ match => 'GET /media-download', status => 404,
                     times => 2 });
    $task = stored($t->report(media => photo('expired twice')),
                   'URL expired twice');
    is($task->{attempts}, 2, 'tried again later');
    is($task->{failures}, 1, 'which counts');

    $graph->faults({ match => 'GET /v23.0/', status => 503, times => 2,
                     body => '<html>sorry</html>', type => 'text/html' },
                   { match => 'GET /media-download', status => 500,
                     times => 1 },
                   { match => 'GET /v23.0/', code => 80007, times => 1 },
                   { match => 'GET /media-download', cut => 1000,
                     times => 1 });
    $task = stored($t->report(media => photo('x' x 5000)), 'Graph is ill',
                   20);
    is($task->{failures}, 1, 'only the broken download counts');

    $graph->faults({ match => 'GET /media-download', corrupt => JSON::PP::true,
                     times => 1 });
    $task = stored($t->report(media => photo('corrupt once')),
                   'damaged on the way');
    is($task->{failures}, 1, 'was fetched again');
    $graph->faults;
}

# --- what is given up

{
    $graph->faults({ match => 'GET /media-download',
                     corrupt => JSON::PP::true });
    my $m = given_up($t->report(media => photo('corrupt')), 'failed',
                     'always damaged');
    like($m->{error}, qr/SHA-256/, 'the reason is named');
    $graph->faults;

    my $wrong = photo('other bytes');
    $wrong->{sha256_hex} = sha256_hex('not these');
    my $r = $t->report(media => $wrong);
    $m = given_up($r, 'failed', 'not what the webhook announced');
    is($t->task($r, 'media')->{attempts}, 3, 'after three attempts');
    is(($t->events($r))[-1], 'media_failed', 'the timeline says so');

    $r = $t->report(media => { id => '987654321', mime => 'image/jpeg' });
    $m = given_up($r, 'gone', 'an id that Meta does not know');
    is($m->{error_code}, 100, 'by its code');
    is($t->task($r, 'media')->{attempts}, 3, 'asked three times');

    $m = given_up($t->report(media => { id => '../1', mime => 'x/y' }),
                  'failed', 'an id that is a path');

    $m = given_up($t->report(media => photo('b' x (17 * 1024 * 1024))),
                  'failed', 'a file that is too big');
    like($m->{error}, qr/too big/, 'says so');

    my $up = photo('c' x (17 * 1024 * 1024));
    my $url = $graph->call('GET', $up->{id})->{json}{url};
    $graph->faults({ match => "GET /v23.0/$up->{id}", status => 200,
                     body => qq({"url":"$url"}) });
    $m = given_up($t->report(media => $up), 'failed',
                  'too big, and the answer does not say so');
    like($m->{error}, qr/too big/, 'found while it came');

    $graph->faults({ match => 'GET /v23.0/', status => 503 });
    $r = $t->report(media => photo('late'));
    $t->pg->psql("UPDATE lapor.task SET expires_at = now() - interval '1 s'"
                 . " WHERE part = $r->{part} AND task_id = $r->{media}");
    given_up($r, 'gone', 'seven days old and Graph is ill');
    $graph->faults;

    $r = $t->report(media => photo('late but there'), quiet => 1);
    $t->pg->psql("UPDATE lapor.task SET expires_at = now() - interval '1 s'"
                 . " WHERE part = $r->{part} AND task_id = $r->{media}");
    stored($r, 'seven days old and there');
    is(scalar(temps()), 0, 'no temporary file is left');
}

# --- the token goes nowhere else

{
    my $trap = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $foreign, Listen => 5, ReuseAddr => 1,
        Blocking => 0) or die "could not listen: $!";

    my $up = photo('elsewhere');
    $graph->faults({ match => "GET /v23.0/$up->{id}", status => 200,
        body => qq({"url":"http://127.0.0.1:$foreign/x","file_size":9}) });
    my $m = given_up($t->report(media => $up), 'failed', 'a foreign host');
    like($m->{error}, qr/list of hosts/, 'the reason is named');
    ok(!$trap->accept, 'nobody connected to it');

    my $seen = test_dir() . '/seen';
    serve($first, "$seen.1", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
        . "Location: http://127.0.0.1:$second/file\r\n\r\n");
    serve($second, "$seen.2",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nelsewhere");
    $up->{id} = photo('elsewhere')->{id};
    $graph->faults({ match => "GET /v23.0/$up->{id}", status => 200,
        body => qq({"url":"http://127.0.0.1:$first/x"}) });
    stored($t->report(media => $up), 'redirected to a host on the list');
    like(slurp("$seen.1"), qr/^Authorization: Bearer/mi,
         'the first host gets the token');
    like(slurp("$seen.2"), qr{^GET /file }, 'the second is asked');
    unlike(slurp("$seen.2"), qr/Authorization|\Q@{[$graph->token]}\E/i,
           'without the token');

    $up = photo('nowhere');
    serve($second, "$seen.3", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
        . "Location: http://127.0.0.1:$foreign/file\r\n\r\n");
    $graph->faults({ match => "GET /v23.0/$up->{id}", status => 200,
        body => qq({"url":"http://127.0.0.1:$second/x"}) });
    given_up($t->report(media => $up), 'failed',
             'redirected to a foreign host');
    ok(!$trap->accept, 'nobody connected to it');
    $graph->faults;
}

# --- the token

{
    $t->in->allow(qr/alarm: Graph refuses the access token/);
    $t->token('wrong');
    $t->in->signal('HUP');
    ok(wait_until { $t->in->log =~ /token was read again/ }
       10, 'another token is read');

    my @r = map { $t->report(media => photo("token $_")) } 1 .. 5;
    ok(wait_until { $t->in->log =~ /alarm: Graph refuses/ }
       10, 'a wrong token is an alarm');
    ok($t->wait_task($r[0], 'media', { state => 'ready', error_code => 190 }),
       'the task waits');

    $t->token($graph->token);
    stored($_, 'right token, without a restart') for @r;
    is(scalar(() = $t->in->log =~ /alarm: Graph refuses/g), 1,
       'the alarm came once');
    like($t->in->log, qr/alarm is over: Graph/, 'and was taken back');
    unlike($t->in->log, qr/\Q@{[$graph->token]}\E/, 'no token in the log');
}

# --- servers that go away

{
    $t->in->allow(qr/could not connect to the database/);
    $graph->stop;
    my $r = $t->report(media => { id => '1', mime => 'image/jpeg' });
    ok($t->wait_task($r, 'media', { error => qr/could not be reached/ }),
       'the emulator is down');
    is($t->task($r, 'media')->{failures}, 0, 'which does not count');
    $graph->start;
    given_up($r, 'gone', 'the emulator is up');

    my $up = photo('redis is down');
    $t->redis->stop;
    $r = $t->report(media => $up, quiet => 1);
    stored($r, 'Redis is down');
    $t->redis->start;

    $graph->faults({ match => 'GET /media-download', delay_ms => 700 });
    $r = $t->report(media => photo('postgres away'));
    ok($t->wait_task($r, 'media', { state => 'running' }), 'claimed');
    $t->pg->stop;
    $t->pg->start;
    my $task = stored($r, 'PostgreSQL restarted in between', 20);
    is($task->{attempts}, 1, 'and the work was not lost');
    $graph->faults;
}

# --- the disk

{
    $t->in->allow(qr/could not open directory|alarm: media cannot/);
    rename $dir, "$dir.away" or die;
    my $r = $t->report(media => photo('no disk'));
    ok(wait_until { $t->in->log =~ /alarm: media cannot be written/ }
       10, 'a directory that is gone is an alarm');
    rename "$dir.away", $dir or die;
    my $task = stored($r, 'the directory is back');
    is($task->{failures}, 0, 'which does not count');
    like($t->in->log, qr/alarm is over: media/, 'the alarm was taken back');
}

# --- the worker's own end

{
    # where a machine stands still for a moment, it may be whole before a look
    my ($bytes, $r);
    for my $letter ('a' .. 'e') {
        $bytes = $letter x (15 * 1024 * 1024);
        $r = $t->report(media => photo($bytes), quiet => 1);
        wait_until { temps() } 5;
        $t->in->kill9;
        last if temps();
        $t->in->start;
    }
    is(scalar(temps()), 1, 'killed in the middle of a download');
    is($t->task($r, 'media')->{state}, 'running', 'its task is leased');

    my $other = "$dir/tmp/media-1.abc";
    spew($other, 'of another worker');
    $t->in->start;
    my $task = stored($r, 'after the start, before the lease ended', 15);
    is(sha256_hex(slurp("$dir/" . $t->media($r)->{path})),
       sha256_hex($bytes), 'whole');
    is(join(' ', temps()), 'tmp/media-1.abc',
       'only the file of another worker is left');
    unlink $other;

    $graph->faults({ match => 'GET /media-download', delay_ms => 800 });
    $r = $t->report(media => photo('stopping'));
    ok($t->wait_task($r, 'media', { state => 'running' }), 'running');
    is($t->in->stop, 0, 'SIGTERM');
    is($t->task($r, 'media')->{state}, 'done', 'what ran was ended first');
    like($t->in->notified, qr/READY=1.*STOPPING=1/s, 'systemd was told');

    $t->in->{own}{stop_timeout} = '100ms';
    $graph->faults({ match => 'GET /media-download', delay_ms => 3000 });
    $t->in->start;
    $r = $t->report(media => photo('stopped'));
    ok($t->wait_task($r, 'media', { state => 'running' }), 'running');
    is($t->in->stop, 0, 'SIGTERM, and no time for it');
    is($t->task($r, 'media')->{state}, 'running', 'left to its lease');
    is(scalar(temps()), 0, 'without a temporary file');
    $graph->faults;
    $t->in->start;
    stored($r, 'the next start does it at once');
}

# --- two workers

{
    my $second = $t->worker(name => 'media-1');
    my @r = map { $t->report(media => photo("two $_")) } 1 .. 20;
    my $attempts = 0;
    $attempts += stored($_, 'two workers')->{attempts} for @r;
    is($attempts, 20, 'each download was claimed once');
    $second->stop;
}

# --- configuration and schema

{
    my $conf = $t->in->conf_path;
    my ($rc, $out, $err) = run_cmd(build_path('lapor-media'), '-c', $conf,
                                   '-T');
    is($rc, 0, '-T');
    unlike($out . $err, qr/\Q@{[$graph->token]}\E/, 'shows no token');

    for my $line ('lease = 25s', 'name = a/b', 'media_hosts = nonsense',
                  'graph_token = /nowhere', 'unknown = 1')
    {
        my $bad = spew("$conf.bad", slurp($conf) . "\n$line\n");
        ($rc, $out, $err) = run_cmd(build_path('lapor-media'), '-c', $bad,
                                    '-t');
        is($rc, 78, "refuses \"$line\"");
    }

    $t->in->stop;
    $t->in->allow(qr/schema is not the one/);
    $t->pg->psql(q{INSERT INTO lapor.schema_migration VALUES (9999, 'x', '')});
    $t->in->start;
    is($t->in->ended(10), 78, 'a newer schema: exit 78');
}

done_testing();
