#!/usr/bin/perl

# The exit codes of operations.md, "Workers", by each worker: 0 stopped, 1 it
# cannot go on, 71 the system refused, 78 the configuration or the schema is
# wrong. systemd stays down at 78 and starts again after the others.

use lib 't/lib';
use Lapor::Test;
use Lapor::Graph;
use Lapor::Pg;
use Lapor::Redis;
use Lapor::Worker;

use Time::HiRes qw(time);

my $pg = Lapor::Pg->new;
my $redis = Lapor::Redis->new;
my $dir = test_dir();
my $prlimit = need_program('prlimit');
my %function = (intake => 'raw_store', media => 'task_due',
                reply => 'task_due');

spew("$dir/token", "token\n", 0600);
mkdir "$dir/media";


# worker($kind, %own) -> one that was started

sub worker {
    my ($kind, %own) = @_;

    my $home = "$dir/$kind." . int(1e6 * time);
    mkdir $home;
    return Lapor::Worker->new(name => "lapor-$kind", section => $kind,
        dir => $home,
        common => { redis => $redis->address, media_dir => "$dir/media",
                    graph_url => 'http://127.0.0.1:1',
                    database => $pg->dsn("lapor_$kind") },
        own => { $kind eq 'intake' ? (block => '100ms')
                     : (graph_token => "$dir/token", poll => '100ms'),
                 %own });
}

sub ready {
    my ($in) = @_;
    return wait_until { $in->notified =~ /READY=1/ } 20, 'it to be ready';
}


for my $kind (qw(intake media reply)) {
    my $bin = build_path("lapor-$kind");

    # --- 0

    my $in = worker($kind);
    ok(ready($in), "$kind: runs");
    is($in->stop, 0, "$kind: 0 after SIGTERM");
    like($in->notified, qr/STOPPING=1/, "$kind: systemd was told");

    my ($rc) = run_cmd($bin, '-t', '-c', $in->conf_path);
    is($rc, 0, "$kind: 0 for a configuration that is right");
    ($rc) = run_cmd($bin, '-h');
    is($rc, 0, "$kind: 0 for help");

    # --- 1

    $pg->psql("REVOKE EXECUTE ON FUNCTION lapor.$function{$kind} "
              . "FROM lapor_$kind");
    $in = worker($kind);
    $in->allow(qr/./);
    $redis->cmd('XADD', 'lapor:{00}:msg', '*', 'b', '{}', 't', int(time * 1000))
        if $kind eq 'intake';
    is($in->ended(30), 1, "$kind: 1 when PostgreSQL refuses a function");
    like($in->log, qr/<3>.*permission denied/, "$kind: and says what");
    $pg->psql("GRANT EXECUTE ON FUNCTION lapor.$function{$kind} "
              . "TO lapor_$kind");

    # --- 71: descriptors end where the page's listener wants some

    my $port = free_port();
    append_line($in->conf_path, "metrics = 127.0.0.1:$port");
    ($rc, my $out, my $err) = run_cmd($prlimit,
        '--nofile=' . ($kind eq 'intake' ? 4 : 5), $bin, '-c',
        $in->conf_path);
    is($rc, 71, "$kind: 71 when the system refuses") or diag($err);
    like($err, qr/<3>could not \w+ .* for metrics/, "$kind: and says what");

    # --- 78

    for my $case (['an unknown key', unheard => 1],
                  ['a wrong value', $kind eq 'intake' ? (block => 'x')
                                                      : (poll => 'x')],
                  ['a wrong address', metrics => 'here'])
    {
        my ($name, %own) = @$case;
        my $wrong = worker($kind, %own);
        $wrong->allow(qr/./);
        is($wrong->ended(20), 78, "$kind: 78 for $name");
        like($wrong->log, qr/^<3>\Q@{[ $wrong->conf_path ]}\E:/m,
             "$kind: which is told with its file");
    }

    for my $argv (['-x'], ['-c', "$dir/absent"], ['more']) {
        ($rc) = run_cmd($bin, @$argv);
        is($rc, 78, "$kind: 78 for @$argv");
    }

    my $holder = IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
        LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1);
    my $busy = worker($kind, metrics => "127.0.0.1:$port");
    $busy->allow(qr/./);
    is($busy->ended(20), 78, "$kind: 78 for a port in use");
    close $holder;

    $pg->psql("INSERT INTO lapor.schema_migration (version, name, sha256)
               SELECT 999, 'later', sha256 FROM lapor.schema_migration
                LIMIT 1");
    my $old = worker($kind);
    $old->allow(qr/./);
    is($old->ended(30), 78, "$kind: 78 for a schema that it does not know");
    $pg->psql('DELETE FROM lapor.schema_migration WHERE version = 999');
}

done_testing();
