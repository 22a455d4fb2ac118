# lapor_spool: what nginx -t refuses, what it accepts, what it makes.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $nginx = Lapor::Nginx->new;
my $dir = $nginx->dir;
$nginx->allow_alert(qr/\[emerg\]/);
$nginx->file('a_file', "berkas\n");

my $base = "lapor_app_secret_file %%SECRET%%;\n"
         . "lapor_verify_token_file %%TOKEN%%;\n"
         . "lapor_redis unix:/run/redis.sock;\n";


sub check {
    my ($http, $location, $main) = @_;

    $main = '' unless defined $main;
    $nginx->conf(<<"END_OF_CONF");
%%TEST_GLOBALS%%
$main
events {
}
http {
%%TEST_GLOBALS_HTTP%%
$base
$http
server {
listen 127.0.0.1:%%PORT%%;
client_max_body_size 16k;
location / {
lapor_webhook on;
$location
}
}
}
END_OF_CONF
    return $nginx->test_conf;
}


sub refused {
    my ($name, $reason, @conf) = @_;

    my ($rc, $out) = check(@conf);
    isnt($rc, 0, ($name =~ s/\Q$dir\E/DIR/r) . ' is refused');
    like($out, $reason, 'with a reason');
    return $out;
}


# refused, with the line of the configuration

sub wrong {
    my ($name, $reason, @conf) = @_;

    my $out = refused($name, $reason, @conf);
    my ($line) = $out =~ /\[emerg\].* in \Q$dir\E\/nginx\.conf:(\d+)$/m;
    my @lines = split /\n/, slurp("$dir/nginx.conf");
    like(defined $line ? $lines[$line - 1] : '', qr/lapor_|location/,
         'with file and line') or diag($out);
}


sub accepted {
    my ($name, @conf) = @_;

    my ($rc, $out) = check(@conf);
    return is($rc, 0, "$name is accepted") || diag($out);
}


my $spool = "lapor_spool $dir/spool";
my $invalid = qr/invalid lapor_spool (?:parameter )?"/;
my $number = qr/invalid number of arguments in "lapor_spool"/;
my $other = qr/other parameters/;

wrong($_->[0], $_->[1], '', "$_->[0];") for
    ['lapor_spool', $number],
    ["$spool size=16m thread_pool=default size=16m", $number],
    map({ ["$spool $_", $invalid] } 'size=', 'size=0', 'size=-16m', 'size=15m',
        'size=16777215', 'size=1x', 'size=99999999999999999999',
        'size=16m,32m', '16m', 'SIZE=16m', 'thread_pool=', 'threads=default',
        'off');

wrong('lapor_spool twice', qr/"lapor_spool" directive is duplicate/,
      '', "$spool;\n$spool;");
wrong('lapor_spool and off', qr/"lapor_spool" directive is duplicate/,
      '', "$spool;\nlapor_spool off;");
wrong('another size elsewhere', $other, "$spool size=32m;",
      "$spool size=64m;");
wrong('another pool elsewhere', $other, "$spool;",
      "$spool thread_pool=lain;");
wrong('the same path with slashes', $other, "$spool size=32m;",
      "$spool// size=64m;");
wrong('nine directories', qr/8 directories, no more/, '',
    join "\n", "lapor_spool $dir/s0;",
    map { "location /$_ {\nlapor_spool $dir/s$_;\n}" } 1 .. 8);
wrong('two Redis', qr/serves two different "lapor_redis" or "lapor_ack"/,
      "$spool;", "location /x {\nlapor_webhook on;\n"
                 . "lapor_redis unix:/run/other.sock;\n}");
wrong('two lapor_ack', qr/serves two different "lapor_redis" or "lapor_ack"/,
      "$spool;", "location /x {\nlapor_webhook on;\nlapor_ack everysec;\n}");
wrong('in an if', qr/"lapor_spool" directive is not allowed here/, '',
      "if (\$http_x) {\n$spool;\n}");

# a pool that nobody has defined, places where no directory can be

refused($_->[0], $_->[1], "$_->[0];", '') for
    ["$spool thread_pool=tidak_ada", qr/unknown thread pool "tidak_ada"/],
    ["lapor_spool $dir/none/spool", qr{"\S+/none/spool" }],
    ["lapor_spool $dir/a_file/spool", qr{"\S+/a_file/spool" }],
    ['lapor_spool /proc/spool', qr{"/proc/spool" }];

accepted($_, "$_;", '') for "$spool size=16m", "$spool size=1g",
    "$spool size=16777216", "$spool thread_pool=default", 'lapor_spool off';
accepted('a pool', "$spool thread_pool=sendiri;", '',
         'thread_pool sendiri threads=2;');
accepted('off within on', "$spool;", 'lapor_spool off;');
accepted('the same twice', "$spool;", "$spool/;");
accepted('eight directories', '', join "\n", "lapor_spool $dir/s0;",
    map { "location /$_ {\nlapor_webhook on;\nlapor_spool $dir/s$_;\n}" }
    1 .. 7);
accepted('a relative path', 'lapor_spool relatif;', '');
ok(-d "$dir/relatif", 'which begins at the prefix');
is(sprintf('%04o', (stat "$dir/relatif")[2] & 07777), '0700',
   'and is made for nobody else');


subtest 'inheritance' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $running = spooling($redis->address,
        server => "location /tanpa {\nlapor_webhook on;\nlapor_spool off;\n}\n"
            . "location /sendiri {\nlapor_webhook on;\n"
            . "lapor_spool %%DIR%%/kedua;\n}");
    my $second = $running->dir . '/kedua';
    my ($one, $two, $three) = bodies(3);
    my $port = $running->port;

    is(post_signed($port, $one)->{status}, 200, 'from http');
    is(post_signed($port, $two, uri => '/tanpa')->{status}, 503, 'off');
    is(post_signed($port, $three, uri => '/sendiri')->{status}, 200, 'its own');
    is(join(' ', map { $_->{body} } Lapor::Spool::records($_->[0])), $_->[1],
       'in its directory') for [spool_dir($running), $one], [$second, $three];
    ok((wait_until { gauge($running, 'lapor_spool_files') == 2 } 10),
       'both are counted');
    $redis->start;
    ok(drained($running, 20, $_), 'it flows') for spool_dir($running), $second;
    is_stored($redis, [$one, $three],
              'what was answered 200 is in Redis');
};


# a reload that names another directory, and back: its files wait there

subtest 'another directory' => sub {
    my $redis = Lapor::Redis->new(start => 0);
    my $running = spooling($redis->address,
                           new => { steady => 'this test reloads by itself' });
    my @bodies = bodies(2);
    my $path = $running->dir . '/nginx.conf';
    my $conf = slurp($path);

    is(post_signed($running->port, $bodies[0])->{status}, 200, 'the first');
    spew($path, $conf =~ s{(lapor_spool \S+)/spool}{$1/lain}r);
    $running->reload;
    is(post_signed($running->port, $bodies[1])->{status}, 200, 'another');
    $redis->start;
    ok(drained($running, 20, $running->dir . '/lain'), 'the new one flows');
    is(missing($redis, $bodies[0]), 1, 'the old one is left as it is');
    spew($path, $conf);
    $running->reload;
    ok(drained($running), 'until it is named again');
    is(missing($redis, @bodies), 0, 'all are in Redis');
};

done_testing();
