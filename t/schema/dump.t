#!/usr/bin/perl

# schema/schema.sql is what the migrations really make, so that a reviewer
# sees the result of a change. After a new migration write it anew:
#
#     LAPOR_UPDATE=1 prove -It/lib t/schema/dump.t

use lib 't/lib';
use Lapor::Test;
use Lapor::Pg;

my $file = repo_dir() . '/schema/schema.sql';
my $pg = Lapor::Pg->new;

my ($rc, $out, $err) = run_cmd("$pg->{bin}/pg_dump", '--schema-only',
    '--schema=lapor', '--no-tablespaces', '-d', $pg->dsn);
is($rc, 0, 'pg_dump') or diag($err);

# months come and go; versions and tokens of pg_dump are not ours
my @keep;
for my $block (split /\n{2,}(?=--\n)/, $out) {
    next if $block =~ /\b(?:raw_webhook|seen|message|event)_\d{4}_\d{2}\b/;
    $block =~ s/^(?:-- Dumped |\\(?:un)?restrict ).*\n?//mg;
    push @keep, $block;
}
my $now = "-- Made from the migrations by t/schema/dump.t; do not edit.\n\n"
        . join("\n\n", @keep);
$now =~ s/\n{3,}/\n\n/g;
$now =~ s/\s*\z/\n/;

spew($file, $now, 0644) if $ENV{LAPOR_UPDATE};

ok($now eq slurp($file), 'schema.sql is up to date') or do {
    my $new = test_dir() . '/schema.sql';
    spew($new, $now);
    my ($diff_rc, $diff) = run_cmd('diff', '-u', $file, $new);
    diag(substr $diff, 0, 4000);
};

done_testing();
