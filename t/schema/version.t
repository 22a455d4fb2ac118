#!/usr/bin/perl

# The programs, the migrations and a database that was set up are of one
# version: without this test a new migration would be found out by the first
# worker that exits 78.

use lib 't/lib';
use Lapor::Test;
use Lapor::Pg;

my ($known) = slurp(repo_dir() . '/workers/lib/version.h')
    =~ /^#define LAPOR_SCHEMA_VERSION +(\d+)$/m;
ok($known, 'the programs know a version');

my @files = map { m{([^/]+)$} } Lapor::Pg::migrations();
my @numbers = map { /^(\d{3})_[a-z0-9_]+\.sql$/ ? $1 + 0 : $_ } @files;

is("@numbers", join(' ', 1 .. @files), 'migrations count up from 001');
is($known, $numbers[-1], 'the programs know the last one');

my $pg = Lapor::Pg->new;

is($pg->psql('SELECT lapor.schema_version()'), $known,
   'and so does a database');
is(join(' ', map { $_->[0] } $pg->psql('SELECT name '
       . 'FROM lapor.schema_migration ORDER BY version')), "@files",
   'which has them all');

done_testing();
