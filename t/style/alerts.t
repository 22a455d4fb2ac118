#!/usr/bin/perl

# The example alert rules, by Prometheus' own promtool: understood, each fires
# when it should and no other does (t/data/alerts*.test.yml), each metric and
# value that they name is on the page of a running nginx.

use lib 't/lib';
use Lapor::Test;
use Lapor::HTTP qw(get post_signed);
use Lapor::Nginx;
use Lapor::Redis;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $repo = repo_dir();
my ($promtool) = grep { -x } map { "$_/usr/bin/promtool" }
                 "$repo/build/unpacked/prometheus", '';
$promtool = need_program($promtool || 'promtool');

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
succeeds(m{([^/]+)$} && "$1: what should fires, and nothing else", 'test',
         'rules', $_) for @tests;

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

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new->lapor(redis => $redis->address)->run;
my $body = '{"object":"whatsapp_business_account","entry":[{"changes":[{'
    . '"value":{"metadata":{"phone_number_id":"100000000000110"},'
    . '"messages":[{"from":"6280000000001"}]},"field":"messages"}]}]}';
is(post_signed($nginx->port, $body)->{status}, 200, 'a webhook');

my $page = get($nginx->port, '/lapor_status')->{body};
my %metric = map { $_ => 1 } $page =~ /^(lapor_\w+)/mg;
my %value;
$value{$1}{$2} = 1 while $page =~ /^lapor_\w+\{(\w+)="([^"]*)"\} /mg;

my $exprs = join "\n", $text =~ /^ +expr: (.*?)^ +(?:for|labels):/msg;
my %used = map { $_ => 1 } $exprs =~ /\b(lapor_\w+)/g;

cmp_ok(scalar keys %used, '>=', 10, 'the rules name metrics');
is(join(' ', grep { !$metric{$_} } sort keys %used), '',
   'which a running nginx shows');

my @absent;
while ($exprs =~ /\b(result|error|state|le)\s*!?=~?\s*"([^"]+)"/g) {
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

my ($rc, $out, $err) = run_cmd({ stdin => $page }, $promtool, 'check',
                               'metrics');
is("$rc $out$err", '0 ', 'promtool has nothing to say of the page')
    or diag($out, $err);

done_testing();
