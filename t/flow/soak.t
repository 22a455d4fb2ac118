#!/usr/bin/perl

# The soak (Lapor::Soak), for forty seconds: traffic of every kind, right and
# wrong, while nginx is reloaded, killed and upgraded and Redis is killed,
# stopped, muted, cut off and filled. Whatever was answered 200 is in Redis.
#
# LAPOR_SECONDS=N runs it longer, LAPOR_SEED=N repeats it.

use lib 't/lib';
use Lapor::Test;
use Lapor::Soak;
use Lapor::Soak::Books;

need_program('nginx');
need_program('redis-server');

subtest 'the books find what is wrong' => sub {
    my $dir = test_dir();
    my @digest = map { pack 'H16', substr Lapor::HTTP::sign($_), 7, 16 }
                 'a' .. 'e';

    # not whole; stored; answered 200: stored twice, missing, with other bytes
    my @flags = (0, 1, 3, 3, 3);
    spew("$dir/ledger", join '', map { pack 'a8C', $digest[$_], $flags[$_] }
                                 0 .. 4);
    spew("$dir/stored", join '', map { pack 'nNa8', @$_ }
        [7, 1, $digest[1]], [7, 2, $digest[2]], [7, 2, $digest[2]],
        [7, 0, $digest[0]], [7, 4, $digest[0]], [7, 5, $digest[0]],
        [8, 0, $digest[0]]);

    my $books = Lapor::Soak::Books::reconcile("$dir/stored",
                                              { 7 => "$dir/ledger" });
    my $samples = delete $books->{samples};
    is_deeply($books, { stored => 7, accepted => 3, missing => 2,
                        foreign => 4, duplicates => 1, unasked => 1 },
              'by number');
    is(scalar @$samples, 5, 'with samples');
};

my $seconds = $ENV{LAPOR_SECONDS} || 40;
my $soak = Lapor::Soak->new(seconds => $seconds,
    rate => asan() ? 200 : 400, refused => 0.05, seed => $ENV{LAPOR_SEED});
diag('LAPOR_SEED=' . $soak->seed);

my $verdict = $soak->run;
is($_->[1], '', $_->[0]) for $verdict->checks;

# a disturbance that did not happen proves nothing

my %is = map { @$_ } $verdict->figures;
my @happened = ('accepted', 'of which aborted', 'client gone',
    (map { "refused: $_" } qw(no_signature double_signature
        malformed_signature wrong_signature empty too_large method
        bad_request verify_refused)),
    'Redis killed', 'Redis stopped', 'Redis mute', 'Redis cut off',
    'Redis full', 'reloads', 'workers killed', 'binary upgrades');
push @happened, $soak->{spool} ? ('spooled', 'replayed')
                               : 'refused: redis_down';
cmp_ok($is{$_} || 0, '>', 0, "it happened: $_") for @happened;

for my $kind (sort keys %Lapor::Soak::Job::KINDS) {
    cmp_ok($verdict->count("sent $kind"), '>', 0, "it was sent: $kind");
}

diag($verdict->table) if $verdict->failed || !Test::More->builder->is_passing;

done_testing();
