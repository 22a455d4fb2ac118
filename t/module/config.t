# nginx -t tells each wrong directive with file, line and reason; the module
# shows three symbols.

use Lapor::Test;
use Lapor::HTTP qw(post_signed);
use Lapor::Nginx;
use Lapor::Redis;

plan(skip_all => 'under valgrind each of many nginx -t takes seconds')
    if valgrind();

my $nginx = Lapor::Nginx->new;
my $dir = $nginx->dir;
$nginx->allow_alert(qr/\[emerg\]/);
$nginx->file('empty', '', 0600);
$nginx->file('newline', "\n", 0600);
$nginx->file('two_lines', "satu\ndua\n", 0600);
$nginx->file('null', "satu\0dua\n", 0600);
$nginx->file('long', 'x' x 1025, 0600);
$nginx->file('longest', 'x' x 1024 . "\n", 0600);
$nginx->file('open', "terbuka\n", 0644);
$nginx->file('writable', "tertulis\n", 0602);
$nginx->file('group', "kelompok\n", 0640);
$nginx->file('blank_before', " rahasia\n", 0600);
$nginx->file('blank_after', "rahasia \n", 0600);
symlink $dir, "$dir/itself" or die "symlink: $!";

my $all = "lapor_app_secret_file %%SECRET%%;\n"
        . "lapor_verify_token_file %%TOKEN%%;\n"
        . "lapor_redis unix:/run/redis.sock;\n";

sub check {
    my ($http, $location) = @_;

    $nginx->conf(<<"EOF");
%%TEST_GLOBALS%%
events {
}
http {
%%TEST_GLOBALS_HTTP%%
server {
listen 127.0.0.1:%%PORT%%;
client_max_body_size 16k;
location / {
$location
}
}
# the directives under test
$http
}
EOF
    return $nginx->test_conf;
}

sub refused {
    my ($name, $reason, $http, $location) = @_;

    my ($rc, $out) = check($http, defined $location ? $location
                                                    : "lapor_webhook on;");
    isnt($rc, 0, "$name is refused");
    like($out, $reason, 'with a reason');

    my ($line) = $out =~ /\[emerg\].* in \Q$dir\E\/nginx\.conf:(\d+)$/m;
    my @lines = split /\n/, slurp("$dir/nginx.conf");
    like(defined $line ? $lines[$line - 1] : '', qr/^\s*lapor_/,
         'file and line');
}

sub accepted {
    my ($name, $http, $location) = @_;

    my ($rc, $out) = check($http, defined $location ? $location
                                                    : "lapor_webhook on;");
    is($rc, 0, "$name is accepted") or diag($out);
    return $out;
}

accepted('a whole configuration', $all);
accepted('nothing', '', '');
accepted('values without a webhook', "lapor_redis 127.0.0.1:6379;\n", '');
accepted('off', '', 'lapor_webhook off;');
accepted('everything', <<'EOF', 'lapor_webhook on;');
lapor_app_secret_file %%SECRET%%;
lapor_app_secret_file %%DIR%%/group;
lapor_app_secret_file %%DIR%%/longest;
lapor_verify_token_file %%TOKEN%%;
lapor_redis [::1]:6380 db=1 user=u password_file=%%SECRET%% name=n;
lapor_ack everysec;
lapor_partitions 256;
lapor_timeout 3s;
lapor_max_pending 10 1m;
lapor_spool %%DIR%%/spool size=16m thread_pool=default;
EOF
accepted('a spool in several places', $all . <<'EOF');
lapor_spool %%DIR%%/spool;
server {
    lapor_spool %%DIR%%/spool/;
    location / { lapor_webhook on; }
    location /two { lapor_webhook on; lapor_spool off; }
    location /three { lapor_webhook on; lapor_spool %%DIR%%/spool2; }
}
EOF
accepted('a port by default', $all =~ s/unix:\S+;/127.0.0.1;/r);
accepted('a relative path', $all =~ s/%%SECRET%%/app_secret/r);

my ($rc, $out) = check($all, "lapor_webhook on;\nclient_max_body_size 3m;");
unlike($out, qr/since Meta/, 'what Meta sends fits into the limit');
($rc, $out) = check($all, "lapor_webhook on;\nclient_max_body_size 3071k;");
like($out, qr/\[warn\] .*"client_max_body_size" should be 4m .*:\d+$/m,
     'a limit below it is warned of');
($rc, $out) = check($all, "lapor_webhook on;\nclient_body_buffer_size 8k;");
like($out, qr/\[warn\] .*"client_body_buffer_size" should be equal/,
     'a buffer below the limit is warned of');
($rc, $out) = check($all, "lapor_webhook on;\nclient_body_buffer_size 16k;");
unlike($out, qr/should be equal/, 'an equal one is not');

# what a webhook needs

refused('a webhook alone', qr/"lapor_webhook" needs "lapor_redis"/, '');
for my $name (qw(lapor_redis lapor_app_secret_file lapor_verify_token_file)) {
    refused("a webhook without $name", qr/"lapor_webhook" needs "$name"/,
            $all =~ s/$name .*\n//r);
}

# each directive

my $file = qr{"\Q$dir\E/\w+"};
my $one = qr/file $file must hold one line of 1 to 1024 characters, without/;

for my $name (qw(lapor_app_secret_file lapor_verify_token_file)) {
    my $rest = $all =~ s/$name .*\n//r;
    my $open = qr/file $file is readable or writable by others: its mo/;
    my %bad = (empty => $one, newline => $one, two_lines => $one,
               null => $one, long => $one,
               blank_before => $one, blank_after => $one,
               open => $open, writable => $open,
               missing => qr/open\(\) $file failed \(2:/,
               logs => qr/$file is not a regular file/);
    refused("$name with a file that is: $_", $bad{$_},
            "$rest$name %%DIR%%/$_;") for sort keys %bad;
    refused("$name without a value", qr/invalid number of arguments/,
            "$rest$name;");
    refused("$name with two values", qr/invalid number of arguments/,
            "$rest$name %%SECRET%% %%TOKEN%%;");
}
refused('a token twice', qr/"lapor_verify_token_file" directive is duplicate/,
        $all . 'lapor_verify_token_file %%TOKEN%%;');

my $rest = $all =~ s/lapor_redis .*\n//r;
for my $case (
    ['localhost:6379', qr/host "localhost" must be a numeric address/],
    ['redis.example:6379', qr/must be a numeric address/],
    ['127.0.0.1:0', qr/invalid port in lapor_redis address/],
    ['127.0.0.1:65536', qr/invalid port in lapor_redis address/],
    ['127.0.0.1:x', qr/invalid port in lapor_redis address/],
    ['*:6379', qr/must be a numeric address/],
    ['127.0.0.1:6379/1', qr/invalid host in lapor_redis address/],
    ['/run/redis.sock', qr/"\/run\/redis.sock", which must be as unix:\/path/],
    ['unix:', qr/no path in the unix domain socket/],
    ['unix:redis.sock', qr/path "unix:redis.sock" must be absolute/],
    ['unix:/' . 'x' x 200, qr/too long path in the unix domain socket/],
    ['127.0.0.1 db=x', qr/invalid lapor_redis parameter "db=x"/],
    ['127.0.0.1 db=-1', qr/invalid lapor_redis parameter "db=-1"/],
    ['127.0.0.1 db=99999', qr/invalid lapor_redis parameter "db=99999"/],
    ['127.0.0.1 user=', qr/invalid lapor_redis parameter "user="/],
    ['127.0.0.1 user=u', qr/has "user" without "password_file"/],
    ['127.0.0.1 password=x', qr/"password" where "password_file" should name/],
    ['127.0.0.1 password_file=', qr/invalid lapor_redis parameter/],
    ['127.0.0.1 password_file=%%DIR%%/open', qr/readable or writable by/],
    ['127.0.0.1 password_file=%%DIR%%/empty', $one],
    ['127.0.0.1 name=', qr/invalid lapor_redis client name ""/],
    ['127.0.0.1 "name=a b"', qr/invalid lapor_redis client name "a b"/],
    ['127.0.0.1 weight=1', qr/invalid .* parameter "weight=1", which can be/],
    ['', qr/invalid number of arguments/],
) {
    refused("lapor_redis $case->[0]", $case->[1],
            "${rest}lapor_redis $case->[0];");
}
refused('lapor_redis twice', qr/"lapor_redis" directive is duplicate/,
        "${all}lapor_redis 127.0.0.1;");

for my $case (
    ['lapor_ack always', qr/"always" in "lapor_ack" .* "fsync", "everysec" or/],
    ['lapor_ack FSYNC', qr/invalid value "FSYNC" in "lapor_ack"/],
    ['lapor_ack', qr/invalid number of arguments/],
    ['lapor_partitions 0', qr/must be a power of two from 1 to 256/],
    ['lapor_partitions 3', qr/must be a power of two from 1 to 256/],
    ['lapor_partitions 512', qr/must be a power of two from 1 to 256/],
    ['lapor_partitions x', qr/invalid number/],
    ['lapor_timeout 0', qr/must be from 1ms to 60s/],
    ['lapor_timeout 61s', qr/must be from 1ms to 60s/],
    ['lapor_timeout 500', qr/60s; without a unit it is in seconds/],
    ['lapor_timeout soon', qr/invalid value/],
    ['lapor_max_pending 0', qr/invalid number of entries "0"/],
    ['lapor_max_pending x', qr/invalid number of entries "x"/],
    ['lapor_max_pending 1 0', qr/invalid number of bytes "0"/],
    ['lapor_max_pending 1 x', qr/invalid number of bytes "x"/],
    ['lapor_max_pending 64m', qr/"64m", as in "lapor_max_pending 4096 64m"/],
    ['lapor_max_pending 1 64mb', qr/"64mb", as in "lapor_max_pending 4096 64m/],
    ['lapor_max_pending', qr/invalid number of arguments/],
    ['lapor_webhook on', qr/"lapor_webhook" directive is not allowed here/],
    ['lapor_status', qr/"lapor_status" directive is not allowed here/],
    ['lapor_unknown', qr/unknown directive "lapor_unknown"/],
) {
    refused($case->[0], $case->[1], "$all$case->[0];");
}
refused("$_ twice", qr/directive is duplicate/, "$all$_;\n$_;")
    for 'lapor_ack fsync', 'lapor_partitions 16', 'lapor_timeout 1s',
        'lapor_max_pending 1';
refused('lapor_webhook maybe', qr/invalid value "maybe"/, $all,
        'lapor_webhook maybe;');
refused('lapor_webhook twice', qr/directive is duplicate/, $all,
        "lapor_webhook on;\nlapor_webhook on;");
refused('lapor_status with a value', qr/invalid number of arguments/, $all,
        'lapor_status on;');

# the spool

my $spool = 'lapor_spool %%DIR%%/spool';
for my $case (
    ['lapor_spool', qr/invalid number of arguments/],
    ["$spool size=1g thread_pool=default x", qr/invalid number of arguments/],
    ['lapor_spool on', qr/takes a directory or "off", not "on"/],
    ['lapor_spool off size=1g', qr/that is "off" has no parameters/],
    ["$spool size=16383k", qr/"size=16383k", which must be 16m or more/],
    ["$spool size=4gb", qr/"size=4gb", which must be 16m or more/],
    ["$spool size=", qr/"size=", which must be 16m or more/],
    ["$spool 4g", qr/parameter "4g", which can be size=SIZE or thread_pool=/],
    ["$spool thread_pool=", qr/parameter "thread_pool=", which can be/],
    ["$spool thread_pool=none", qr/unknown thread pool "none"/],
    ['lapor_spool %%DIR%%/none/spool',
     qr/"\Q$dir\E\/none\/spool" needs the directory around it \(2:/],
    ['lapor_spool %%DIR%%/empty/spool', qr/needs the directory .* \(20:/],
    ['lapor_spool %%DIR%%/empty', qr/$file is not a directory/],
    ['lapor_spool %%DIR%%/$host', qr/must have a name, without variables/],
    ['lapor_spool %%DIR%%/..', qr/must have a name, without variables/],
    ['lapor_spool %%DIR%%/.', qr/must have a name, without variables/],
    ['lapor_spool /' . 'x' x 300 . '/spool', qr/around it \(36:/],
    ["$spool;\n$spool", qr/"lapor_spool" directive is duplicate/],
) {
    refused($case->[0] =~ s/(x{20})x+/$1.../r, $case->[1], "$all$case->[0];");
}

is((stat "$dir/empty")[2] & 07777, 0600, 'a file in its place is left alone');

# one directory, however it is written, is one spool

for my $same (qw(spool spool/ ./spool /spool itself/spool)) {
    refused("$same with other parameters",
            qr/has other parameters in \Q$dir\E\/nginx\.conf:\d+ than in/,
            "$all$spool size=16m;", "lapor_webhook on;\n"
            . "lapor_spool %%DIR%%/$same size=17m;");
    refused("$same for two redis", qr/serves two different .* of its own, in/,
            "$all$spool;\nserver {\nlocation / {\nlapor_webhook on;\n"
            . "lapor_redis 127.0.0.1;\nlapor_spool %%DIR%%/$same;\n}\n}");
}
refused('a spool of two lapor_ack', qr/serves two different .* of its own, in/,
        "$all$spool;", "lapor_webhook on;\nlocation /two {\nlapor_ack memory;"
        . "\nlapor_webhook on;\n}");
refused('a ninth spool', qr/lapor_spool can have 8 directories, no more/, $all,
        "lapor_webhook on;\n" . join '', map { "location /$_ {\n"
        . "lapor_spool %%DIR%%/spool$_;\n}\n" } 1 .. 9);

# two directives that answer, in one location: nginx itself takes the last

for my $other ('proxy_pass http://127.0.0.1;', 'lapor_status;',
               'stub_status;') {
    refused($_, qr/cannot share its location with another directive that answ/,
            $all, $_)
        for "lapor_webhook on;\n$other", "$other\nlapor_webhook on;";
}
accepted('a webhook that is off shares', $all,
         "proxy_pass http://127.0.0.1;\nlapor_webhook off;");

# how many values, how large ones, and where

refused("$_ without a value", qr/invalid number of arguments/, "$all$_;")
    for qw(lapor_partitions lapor_timeout);
refused($_, qr/invalid number of arguments/, "$all$_;")
    for 'lapor_ack fsync memory', 'lapor_partitions 8 16',
        'lapor_timeout 1s 2s', 'lapor_max_pending 1 2 3';
refused($_, qr/invalid number of arguments/, $all, "$_;")
    for 'lapor_webhook', 'lapor_webhook on on';

for my $case (
    ['lapor_partitions -16', qr/invalid number/],
    ['lapor_partitions 16x', qr/invalid number/],
    ['lapor_partitions 99999999999999999999', qr/invalid number/],
    ['lapor_timeout -1s', qr/invalid value/],
    ['lapor_timeout 1s1h', qr/invalid value/],
    ['lapor_timeout 99999999999999999999', qr/invalid value/],
    ['lapor_max_pending -1', qr/invalid number of entries "-1"/],
    ['lapor_max_pending 99999999999999999999', qr/invalid number of entries/],
    ['lapor_max_pending 1 -1', qr/invalid number of bytes "-1"/],
    ['lapor_max_pending 1 1t', qr/invalid number of bytes "1t"/],
    ['lapor_max_pending 1 99999999999999999999', qr/invalid number of bytes/],
    ['lapor_app_secret_file ""', qr/is not a regular file/],
    ['lapor_verify_token_file ""', qr/is not a regular file/],
    ['lapor_redis ""', qr/lapor_redis/],
) {
    my ($name) = $case->[0] =~ /^(\w+)/;
    my $others = $name eq 'lapor_app_secret_file' ? $all
                                                  : $all =~ s/$name .*\n//r;
    refused($case->[0], $case->[1], "$others$case->[0];");
}

refused("$_ in an if", qr/"$_" directive is not allowed here/, $all,
        "lapor_webhook on;\nif (\$http_x) {\n$_ on;\n}")
    for 'lapor_webhook', 'lapor_status', 'lapor_ack', 'lapor_redis';

my @directives = slurp(repo_dir()
    . '/ngx_http_lapor_module/ngx_http_lapor_module.c')
    =~ /ngx_string\("(lapor_\w+)"\),\n\s+NGX_HTTP_\w+_CONF/g;
cmp_ok(scalar @directives, '>=', 10, 'the directives were found');

for my $name (@directives) {
    $nginx->conf("%%TEST_GLOBALS%%\n$name x;\nevents {\n}\n");
    my ($rc, $out) = $nginx->test_conf;
    isnt($rc, 0, "$name outside of http is refused");
    like($out, qr/"$name" directive is not allowed here in .*:\d+/,
         'with file and line');
}

like((check("${all}lapor_timeout 5s;", 'lapor_webhook on;'))[1],
     qr/\[warn\] lapor_timeout above 4s/, 'a long timeout is warned of');

# the files that are shipped

my $shipped = slurp(repo_dir() . '/conf/nginx/lapor.conf');
unlike($shipped =~ s/^\s*#.*$//mgr, qr/\$(?:request|request_uri|args)\b/,
       'the shipped log format has no query');
$shipped =~ s{/etc/lapor/app_secret}{%%SECRET%%};
$shipped =~ s{/etc/lapor/verify_token}{%%TOKEN%%};
$shipped =~ s{/var/log/nginx}{%%DIR%%/logs};
$shipped =~ s{/var/spool/lapor/nginx}{%%DIR%%/spool};
$shipped =~ s{127\.0\.0\.1:8080}{127.0.0.1:%%PORT%%};
$nginx->conf("%%TEST_GLOBALS%%\nevents {\n}\nhttp {\n"
    . "%%TEST_GLOBALS_HTTP%%\n$shipped\n}\n");
($rc, $out) = $nginx->test_conf;
is($rc, 0, 'the shipped configuration is accepted') or diag($out);
unlike($out, qr/\[warn\]/, 'without a warning');

# nginx -T prints the configuration: no secret stands in it

check($all, 'lapor_webhook on;');
($rc, $out) = $nginx->test_conf('-T');
is($rc, 0, 'nginx -T');
unlike($out, qr/\Q$Lapor::Nginx::SECRET\E|\Q$Lapor::Nginx::TOKEN\E/,
       'prints no secret');

# the symbols

need_program('nm');
my $module = build_path('ngx_http_lapor_module.so');
($rc, $out) = run_cmd('nm', '-D', '--defined-only', $module);
is(join(' ', sort $out =~ /^[0-9a-f]+ \w (\S+)$/mg),
   'ngx_module_names ngx_module_order ngx_modules',
   'only what nginx asks for is exported');
($rc, $out) = run_cmd('nm', '-D', '--undefined-only', $module);
unlike($out, qr/ (?:redis|sds|__redis|dict)\w+/, 'no hiredis is looked for');

done_testing();
