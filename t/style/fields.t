#!/usr/bin/perl

# doc/operations.md tells to subscribe to every field of Meta's that something
# follows from here, with the alerts that it raises, and to none that Meta
# does not have.

use lib 't/lib';
use Lapor::Test;

my $repo = repo_dir();
my $doc = slurp("$repo/doc/operations.md");
my $warn = slurp("$repo/workers/intake/warn.c");
my ($section) = $doc =~ /^### Subscriptions\n(.*?)^##/ms;
my %row = ($section || '') =~ /^\| `(\w+)` \| (.+) \|$/mg;

cmp_ok(scalar keys %row, '>=', 10, 'the fields were found');

# an alert's kind is the next name of its rule that has small letters
my ($rules) = $warn =~ /(^#define ACCOUNT\(.*?^\};)/ms;
my %kind;

while ($rules =~ /\{ "(\w+)",(.*?)WARN_\w+ \}/sg) {
    my ($field, $rule) = ($1, $2);
    my @kinds = grep { /\A(?:account|number|template)_/ } $rule =~ /"(\w+)"/g;
    $kind{$field}{$_} = 1 for @kinds;
}
$kind{account_update}{$_} = 1 for $rules =~ /\bACCOUNT\("\w+", "(\w+)"/g;
$kind{phone_number_quality_update}{$_} = 1
    for $rules =~ /\bQUALITY\("\w+", "(\w+)"/g;
$kind{business_capability_update}{account_limited} = 1;

cmp_ok(scalar keys %kind, '>=', 9, 'the rules were found');
for my $field (sort keys %kind) {
    ok(defined $row{$field}, "$field is there") or next;
    is(join(' ', grep { $row{$field} !~ /`$_`/ } sort keys %{ $kind{$field} }),
       '', 'with what it raises');
}

# those that become rows of their own
ok(defined $row{$_}, "$_ is there") for qw(messages calls user_id_update);

my ($known) = $warn =~ /warn_fields\[\] = \{(.*?)\};/s;
is(join(' ', grep { $known !~ /"$_"/ } sort keys %row), '',
   'no field that Meta does not have');

done_testing();
