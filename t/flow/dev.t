#!/usr/bin/perl

# ./dev as a newcomer meets it: run, the table of the demo, run again, a
# second instance beside the first, status, stop with the data kept, and clear
# words where something is in the way.

use lib 't/lib';
use Lapor::Test;
use Lapor::HTTP;
use Lapor::Instance;
use Lapor::Metrics;

use IO::Socket::INET;

my $dev = repo_dir() . '/dev';
my $base = Lapor::Instance::port_base();
my $base2 = Lapor::Instance::port_base();
my $root = test_dir();
my @one = ('--dir', "$root/one");
# a name that is too long for a socket's path, with a blank in it
my @two = ('--dir', "$root/two " . 'x' x 90);


sub dev {
    my (@argv) = @_;
    return run_cmd({ timeout => 300 }, $dev, @argv);
}

sub env {
    my ($dir) = @_;
    my %env = map { /^(\w+)=([\w.:\/\@,-]*)$/ ? ($1 => $2) : ($_ => undef) }
              split /\n/, slurp("$dir/env");
    return \%env;
}

END {
    run_cmd({ timeout => 100 }, $dev, 'stop', @one);
    run_cmd({ timeout => 100 }, $dev, 'stop', @two);
}


my ($rc, $out, $err) = dev('status', @one);
isnt($rc, 0, 'nothing runs yet, and status says so');

($rc, $out, $err) = dev('run', @one, '--port-base', $base);
is($rc, 0, './dev run') or diag($out, $err);
my @ok = $out =~ /^ok +K-/mg;
cmp_ok(scalar @ok, '>=', 12, 'a dozen reports became what they should');
unlike($out, qr/^NO/m, 'and none something else');

my $env = env("$root/one");
is_deeply([grep { !defined $env->{$_} } keys %$env], [],
          'DIR/env needs no quoting');
for my $name (qw(WEBHOOK_URL APP_SECRET VERIFY_TOKEN REDIS_URL DATABASE_URL
                 GRAPH_URL STATUS_URL METRICS_URLS MEDIA_DIR PHONE_NUMBER_ID
                 PHONE_NUMBER_IDS))
{
    ok($env->{"LAPOR_$name"}, "DIR/env has LAPOR_$name");
}

($rc, $out) = run_cmd('sh', '-c', ". '$root/one/env' && echo \$LAPOR_WEBHOOK_URL");
is($out, "$env->{LAPOR_WEBHOOK_URL}\n", 'a shell can source it');
($rc, $out) = run_cmd('psql', '-XAtc', 'SELECT count(*) FROM lapor.report',
                      $env->{LAPOR_DATABASE_URL});
cmp_ok($out, '>=', 12, 'psql reads the reports there');
($rc, $out, $err) = run_cmd('psql', '-XAtc', 'DELETE FROM lapor.report',
                            $env->{LAPOR_DATABASE_URL});
isnt($rc, 0, 'and changes nothing');
($rc, $out) = run_cmd('redis-cli', '-u', $env->{LAPOR_REDIS_URL}, 'PING');
is($out, "PONG\n", 'redis-cli gets through');

for my $name (qw(supervisor nginx redis postgres graph lapor-intake-0
                 lapor-media-0 lapor-reply-0))
{
    my ($pid) = slurp("$root/one/pids/$name.pid") =~ /^(\d+)$/;
    ok($pid && Lapor::Test::alive($pid), "$name runs as its pid file says");
}

my ($port) = $env->{LAPOR_STATUS_URL} =~ /:(\d+)/;
like(Lapor::HTTP::get($port, '/status')->{body}, qr/^lapor_\w+.* \d/m,
     'the status page speaks Prometheus');

my @metrics = split /,/, $env->{LAPOR_METRICS_URLS};
is(scalar @metrics, 3, 'so does each worker');
for my $url (@metrics) {
    my ($at, $path) = $url =~ m{^http://127\.0\.0\.1:(\d+)(/metrics)$};
    my $page = Lapor::HTTP::get($at, $path)->{body};
    my ($program) = $page =~ /^lapor_build_info\{program="([\w-]+)"/m;
    cmp_ok($at - $base, '<', 16, "$program: within the instance's ports");
    understood($page, "$program: promtool accepts its page");
}

($rc, $out) = dev('status', @one);
is($rc, 0, 'status: all up') or diag($out);

($rc, $out) = dev('run', @one);
is($rc, 0, 'run on a running instance');
is(scalar(() = $out =~ /^ok +K-/mg), scalar @ok, 'shows its table again');

($rc, $out, $err) = dev('run', @two, '--port-base', $base);
isnt($rc, 0, 'a port in use is refused');
like($err, qr/port $base \(nginx\) is in use/, 'by name');

($rc, $out, $err) = dev('run', @two, '--port-base', $base2);
is($rc, 0, 'a second instance beside the first') or diag($out, $err);
is(scalar(() = $out =~ /^ok +K-/mg), scalar @ok, 'with its own demo');
my $data = env($two[1])->{LAPOR_DATA_DIR};
unlike($data, qr/\Q$root\E/, 'its data lie where a socket can');

($rc) = dev('status', @one);
is($rc, 0, 'the first is still up');

($rc) = dev('stop', @two);
is($rc, 0, 'the second stops');
($rc) = dev('stop', @one);
is($rc, 0, 'the first stops');
($rc) = dev('status', @one);
isnt($rc, 0, 'and is down');
ok(!IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port"),
   'nobody listens any more');

($rc, $out, $err) = dev('run', @one);
is($rc, 0, 'it runs again, with its data and its ports') or diag($out, $err);
is(scalar(() = $out =~ /^ok +K-/mg), scalar @ok,
   'and the demo is played by new people');
($rc, $out) = run_cmd('psql', '-XAtc', 'SELECT count(*) FROM lapor.report',
                      $env->{LAPOR_DATABASE_URL});
cmp_ok($out, '>=', 2 * @ok, 'the reports of the first play are still there');

# a binary upgrade, which only a daemonised nginx does: the supervisor follows
my ($old) = slurp("$root/one/pids/nginx.pid") =~ /^(\d+)$/;
kill 'USR2', $old;
ok(wait_until(sub { -e env("$root/one")->{LAPOR_DATA_DIR} . '/nginx/nginx.pid.oldbin' }, 60),
   'USR2 starts a new master');
kill 'QUIT', $old;
my $new;
ok(wait_until(sub {
       ($new) = slurp("$root/one/pids/nginx.pid") =~ /^(\d+)$/;
       $new && $new != $old && !Lapor::Test::alive($old) }, 60),
   'the supervisor follows it');
is(Lapor::HTTP::get($port, '/status')->{status}, 200, 'and it answers');

# what a killed master leaves behind is ended, and nginx is back
my @workers = Lapor::Test::child_pids($new);
kill 'KILL', $new;
ok(wait_until(sub {
       my ($now) = slurp("$root/one/pids/nginx.pid") =~ /^(\d+)$/;
       $now && $now != $new && Lapor::Test::alive($now) }, 20),
   'a killed nginx is started again');
is(join(' ', grep { Lapor::Test::alive($_) } @workers), '',
   'its orphaned workers were ended');
is(Lapor::HTTP::get($port, '/status')->{status}, 200, 'and it answers');

# killed at once, who would start them again too: nginx's workers are left, and
# nobody but ./dev knows of them; and Redis' file takes it seconds to read
my @redis = ('redis-cli', '-u', $env->{LAPOR_REDIS_URL});
run_cmd(@redis, 'SETRANGE', 'test:from', 32 << 20, 'x');
run_cmd(@redis, '-r', 100, 'BITOP', 'NOT', 'test:to', 'test:from');
my @all = map { slurp($_) =~ /^(\d+)$/ } "$root/one/pids/supervisor.pid",
          grep { !/supervisor/ } glob "$root/one/pids/*.pid";
kill 'KILL', @all;
ok(wait_until(sub { !grep { Lapor::Test::alive($_) } @all }, 10),
   'everything is killed');
($rc, $out, $err) = dev('run', @one, '--no-demo');
is($rc, 0, 'it runs again, on its ports') or diag($out, $err);
($rc, $out) = run_cmd(@redis, 'PING');
is($out, "PONG\n", 'with Redis');
is(Lapor::HTTP::get($port, '/status')->{status}, 200, 'and it answers');
kill 'KILL', map { slurp("$root/one/pids/$_.pid") =~ /^(\d+)$/ }
             qw(supervisor nginx);
($rc) = dev('stop', @one);
is($rc, 0, 'what is left then is stopped');
ok(!IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port"),
   'nobody listens any more');

($rc, $out, $err) = dev('run', '--port-base', 'x');
is($rc, 64, 'a wrong option is told') or diag($err);
($rc, $out, $err) = dev('run', @one, '--profile', 'nowhere');
isnt($rc, 0, 'a profile that is not there is told');

END {
    system 'rm', '-rf', $data if $data && $data =~ m{^/var/tmp/lapor-};
}

done_testing();
