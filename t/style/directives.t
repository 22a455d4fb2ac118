#!/usr/bin/perl

# doc/directives.md tells all that an operator meets: each directive with what
# nginx users expect of its page, and contexts as the code has them; each
# variable, metric, result and label; and none that the code does not have.

use lib 't/lib';
use Lapor::Test;

my $repo = repo_dir();
my $module = "$repo/ngx_http_lapor_module/ngx_http_lapor";
my $doc = slurp("$repo/doc/directives.md");
my $readme = slurp("$repo/README.md");

my %section;
for my $part (split /^(?=## )/m, $doc) {
    $section{$1} = $part if $part =~ /\A## (.+)$/m;
}

my %context = (MAIN => 'http', SRV => 'server', LOC => 'location');

# directives

my $commands = slurp("${module}_module.c");
my @commands = $commands =~ /ngx_string\("(lapor_\w+)"\),\n\s+(NGX_\S+),/g;
cmp_ok(scalar @commands, '>=', 20, 'the directives were found');
my %directive = @commands;

for my $name (sort keys %directive) {
    my $text = $section{$name};
    ok(defined $text, "$name has a section") or next;

    my %row = $text =~ /^\| (\w+) \| (.+) \|$/mg;
    like($row{Syntax}, qr/^`\Q$name\E[ ;]/, 'with its syntax');
    ok($row{Default}, 'default');
    is($row{Context}, join(', ', map { $context{$_} }
           grep { $directive{$name} =~ /NGX_HTTP_${_}_CONF/ } qw(MAIN SRV LOC)),
       'contexts as in the code');
    ok($row{Reload}, 'what a reload does');
    ok($readme =~ /^\| `\Q$name\E[ `]/m, "$name stands in README.md");
}

is_deeply([sort grep { /^lapor_/ } keys %section], [sort keys %directive],
          'and there are no other directives');

# defaults

my $conf = slurp("${module}_conf.c");
my %default = (
    lapor_partitions => qr/conf->partitions, prev->partitions, (\d+)\)/,
    lapor_timeout    => qr/conf->timeout, prev->timeout, (\d+)\)/,
    lapor_max_pending => qr/conf->max_pending, prev->max_pending, (\d+)\)/,
);
for my $name (sort keys %default) {
    my ($value) = $conf =~ $default{$name};
    like($section{$name}, qr/^\| Default \| `$value(?!\d)/m, "$name is $value");
    ok($readme =~ /^\| `$name .*? \| $value(?!\d)/m, 'also in README.md');
}

# variables

my @variables = slurp("${module}_log.c") =~ /ngx_string\("(lapor_\w+)"\)/g;
cmp_ok(scalar @variables, '>=', 6, 'the variables were found');
is_deeply([sort $section{Variables} =~ /^\| `\$(\w+)` \| \S/mg],
          [sort @variables], 'each variable has a line');
ok($readme =~ /`\$\Q$_\E`/, "\$$_ stands in README.md") for @variables;

# metrics, results, labels

my $page = slurp("${module}_page.c");
my %metric = map { $_ => 1 }
    $page =~ /page_(?:head|one|histogram)\(\s*(?:&page|page), "(lapor_\w+)"/g;
cmp_ok(scalar keys %metric, '>=', 20, 'the metrics were found');
my %row = map { $_ => 1 } map { /`(lapor_\w+)/g }
    $section{lapor_status} =~ /^\| (`lapor_.+?) \|/mg;
is_deeply([sort keys %row], [sort keys %metric], 'each metric has a line');

my ($results) = $page =~ /ngx_http_lapor_results\[\w+\] = \{(.*?)\n\};/s;
my @results = grep { $_ ne 'none' } $results =~ /ngx_string\("(\w+)"\)/g;
my ($table) = $section{Variables} =~ /^\| Result \|(.+)\z/ms;
is_deeply([sort map { /`(\w+)`/g } $table =~ /^\| (`\w+`.*?) \|/mg],
          [sort @results], 'each result has a line');

my ($errors) = slurp("${module}_reply.c") =~ /_errors\[\w+\] = \{(.*?)\};/s;
like($section{lapor_status}, qr/`\L$_\E`/, "the error \L$_\E is told")
    for $errors =~ /"(\w+)"/g;

done_testing();
