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
use Lapor::Chaos::Books;

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

# and the books find what is wrong

sub failed_after {
    my ($sql) = @_;

    my $dsn = 'host=' . $chaos->lapor->data . '/sock user=postgres'
            . ' dbname=lapor port=' . ($chaos->lapor->port + 2);
    my ($rc, $out, $err) = run_cmd('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1',
                                   '-c', $sql, $dsn);
    is($rc, 0, 'the books are falsified') or diag($err);
    return join ', ', map { $_->[0] } Lapor::Chaos::Books->new($chaos)->failed;
}

like(failed_after(q{UPDATE lapor.message SET status = 'sent' WHERE
    (part, message_id) = (SELECT part, message_id FROM lapor.message
    WHERE direction = 'out' LIMIT 1)}),
    qr/no status is behind what was told/, 'a status that fell');
like(failed_after(q{DELETE FROM lapor.message WHERE (part, message_id) =
    (SELECT part, message_id FROM lapor.message WHERE direction = 'in'
    AND type = 'text' LIMIT 1)}),
    qr/no accepted message is missing/, 'a message that is lost');
like(failed_after(q{UPDATE lapor.stream_count SET done = done - 1
    WHERE (part, stream) = (SELECT part, stream FROM lapor.stream_count
    WHERE done > 0 LIMIT 1)}),
    qr/laporctl reconcile finds no difference/, 'an entry that is lost');

diag($books->table) if $books->failed || !Test::More->builder->is_passing;

done_testing();
