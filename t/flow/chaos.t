#!/usr/bin/perl

# The chaos (Lapor::Chaos), for two minutes: any process is killed or stopped
# at random, servers are cut off, disks are full, a tenth of the webhooks come
# twice and a fifth late. Then the books must balance: nothing is lost, nothing
# is there twice, no status is behind what was told.
#
# LAPOR_SECONDS=N runs it longer, LAPOR_SEED=N repeats it.

use lib 't/lib';
use Lapor::Test;
use Lapor::Chaos;

need_program('nginx');
need_program('redis-server');

my $chaos = Lapor::Chaos->new(seconds => $ENV{LAPOR_SECONDS} || 120,
    rate => asan() ? 20 : 40, seed => $ENV{LAPOR_SEED});
diag('LAPOR_SEED=' . $chaos->seed);

my $books = $chaos->run;
is($_->[1], '', $_->[0]) for $books->checks;

# a disturbance that did not happen proves nothing

my $told = $chaos->told;
my @happened = ((map { "$_ killed" } 'nginx', 'an nginx worker', 'redis',
        'postgres', 'lapor-intake-0', 'the second lapor-intake',
        'lapor-media-0', 'lapor-reply-0'),
    (map { "$_ stopped" } 'redis', 'postgres', 'lapor-intake-0'),
    'redis cut off', 'postgres cut off', 'redis down', 'postgres down',
    $chaos->disks ? ('the disk of redis full', 'the disk of the spool full')
                  : ());
cmp_ok($told->{$_} || 0, '>', 0, "it happened: $_") for @happened;

diag($books->table) if $books->failed || !Test::More->builder->is_passing;

done_testing();
