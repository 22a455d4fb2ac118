#!/usr/bin/perl

# The example alert rules, by Prometheus' own promtool: understood, each fires
# when it should and no other does (t/data/alerts*.test.yml), each metric and
# value that they name is on the page of a running nginx or worker.

use lib 't/lib';
use Lapor::Test;
use Lapor::HTTP qw(get post_signed);
use Lapor::Intake;
use Lapor::Metrics qw(page promtool understood);
use Lapor::Nginx;
use Lapor::Outbox;

use Time::HiRes qw(sleep);

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $repo = repo_dir();
my $promtool = promtool();

my @rules = glob "$repo/conf/prometheus/*.rules.yml";
my @tests = glob "$repo/t/data/alerts*.test.yml";
my $text = join '', map { slurp($_) } @rules;
my $cases = join '', map { slurp($_) } @tests;


# succeeds($name, @argv): promtool says nothing against it

sub succeeds {
    my ($name, @argv) = @_;

    my ($rc, $out, $err) = run_cmd({ timeout => 500 }, $promtool, @argv);
    is($rc, 0, $name) or diag($out, $err);
}


# cases($file): every case of the file by a promtool of its own, some at the
# same time. A case is evaluated over days of its own, and most of the time of
# a whole file would go into one processor.

my (%running, @failed, $serial);
my $where = test_dir();

sub cases {
    my ($file) = @_;

    my ($head, @cases) = split /^(?=  - name: )/m, slurp($file);
    $head =~ s{^  - \.\./\.\./}{  - $repo/}mg;
    cmp_ok(scalar @cases, '>=', 2, "$file has cases");

    for my $case (@cases) {
        end_case() while keys %running >= 4;
        my $path = "$where/" . ++$serial . '.yml';
        spew($path, $head . $case);
        $running{ Lapor::Test::spawn(argv => [$promtool, 'test', 'rules',
                      $path], out => "$path.out", err => "$path.out") } = $path;
    }
    return;
}

sub end_case {
    for my $pid (keys %running) {
        my $status = Lapor::Test::reap($pid);
        next unless defined $status;

        my $path = delete $running{$pid};
        push @failed, slurp("$path.out") if $status;
        return;
    }

    sleep 0.02;
    return;
}

sub wait_cases { end_case() while %running; return join "\n", @failed }


# a whole configuration, as somebody would put it together
my $dir = test_dir();
spew("$dir/$_", slurp("$repo/conf/prometheus/$_"))
    for map { m{([^/]+)$} } @rules;
spew("$dir/prometheus.yml",
     "rule_files:\n" . join('', map { m{([^/]+)$}; "  - $1\n" } @rules)
     . slurp("$repo/conf/prometheus/lapor.scrape.yml"));

cmp_ok(scalar @rules, '>=', 2, 'there are rules');
succeeds('configuration and rules are understood', 'check', 'config',
         '--lint=all', '--lint-fatal', "$dir/prometheus.yml");
cases($_) for @tests;
is(wait_cases(), '', 'what should fires, and nothing else');

my @alerts = $text =~ /^ +- alert: (\w+)$/mg;
my @blocks = split /^ +- alert: /m, $text;
shift @blocks;

is(scalar(grep { $cases !~ /alertname="$_"/ } @alerts), 0,
   'each alert fires in a case')
    or diag(grep { $cases !~ /alertname="$_"/ } @alerts);
is(join(' ', map { /^(\w+)/ } grep {
        !/^ +severity: (?:page|ticket)$/m || !/^ +summary: "\S/m
        || !/^ +description: >-$/m } @blocks), '',
   'each has a severity, a summary and what to do');


# --- what the page has

my %port = map { $_ => free_port() } qw(intake media reply);
my $intake = Lapor::Intake->new(
    own => { metrics => "127.0.0.1:$port{intake}" });
my %outbox = map { $_ => Lapor::Outbox->new(kind => $_,
    own => { metrics => "127.0.0.1:$port{$_}" }) } qw(media reply);
my $redis = $intake->redis;
my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address)->run;
my $body = '{"object":"whatsapp_business_account","entry":[{"changes":[{'
    . '"value":{"metadata":{"phone_number_id":"100000000000110"},'
    . '"messages":[{"from":"6280000000001"}]},"field":"messages"}]}]}';
is(post_signed($nginx->port, $body)->{status}, 200, 'a webhook');

my $page = get($nginx->port, '/lapor_status')->{body};
my $alert = $intake->pg->psql(q{SELECT lapor.alert_raise(1::smallint,
    'clock_skew', 'redis', 'critical', '{}', clock_timestamp())});
is($alert, 't', 'an alert');
ok(wait_until { (page($port{intake}) || '') =~ /^lapor_alerts_open\{.* 1$/m }
   20, 'is on the page');
my %pages = map { $_ => page($port{$_}) } keys %port;
my $all = join '', $page, values %pages;
my %metric = map { $_ => 1 } $all =~ /^(?:# TYPE )?(lapor_\w+)/mg;
my %value;
$value{$1}{$2} = 1 while $all =~ /^lapor_\w+\{(\w+)="([^"]*)"\} /mg;

my $exprs = join "\n", $text =~ /^ +expr: (.*?)^ +(?:for|labels):/msg;
my %used = map { $_ => 1 } $exprs =~ /\b(lapor_\w+)/g;

cmp_ok(scalar keys %used, '>=', 10, 'the rules name metrics');
is(join(' ', grep { !$metric{$_} } sort keys %used), '',
   'which a running nginx or worker shows');

my @absent;
while ($exprs =~ /\b(result|error|state|le|outcome|alarm)\s*!?=~?\s*"([^"]+)"/g) {
    my ($label, $values) = ($1, $2);
    push @absent, grep { !$value{$label}{$_} } split /\|/, $values;
}
is("@absent", '', 'and so are the values of their labels');

# every cause of a 503 is one for an alarm
my ($refused) = $exprs =~ /result=~"([^"]*spool_full[^"]*)"/;
is(join(' ', grep { "|$refused|" !~ /\|$_\|/ }
       grep { /^(?:overload|redis_|timeout|spool_|failed)/ }
       sort keys %{ $value{result} }), '', 'no result of a 503 is forgotten');
is(join(' ', grep { $exprs !~ /\b$_\b/ } sort keys %{ $value{error} }), '',
   'no error of Redis is');

understood($page, 'promtool has nothing to say of the page');
understood($pages{$_}, "nor of that of lapor-$_") for sort keys %pages;

# every job of the rules is one of the scrape configuration
my $scrape = slurp("$repo/conf/prometheus/lapor.scrape.yml");
my %job = map { $_ => 1 } $exprs =~ /job=~?"([^"]+)"/g;
for my $job (map { /^lapor-\((.*)\)$/ ? map({ "lapor-$_" } split /\|/, $1)
                                      : $_ } sort keys %job)
{
    like($scrape, qr/job_name: \Q$job\E$/m, "the job $job is scraped");
}

done_testing();
