#!/usr/bin/perl

# The benches of the intake and of the flow, small: that they measure at all,
# that every message is stored, and that they judge by their figures.

use lib 't/lib';
use Lapor::Test;

use JSON::PP qw(decode_json encode_json);

my $repo = repo_dir();
my $dir = test_dir();


sub bench {
    my ($name, @argv) = @_;

    return run_cmd({ timeout => 240 }, $^X, "$repo/t/bench/$name.pl", @argv);
}


my ($rc, $out, $err) = bench(intake => '--rounds', 1, '--count', 300,
    '--backlog', 400, '--dir', $dir, '--json', "$dir/runs");
is($rc, 0, 'the intake is measured') or diag($err);

my $all = decode_json(slurp("$dir/runs"));
my %n = map { ("$_->{part} $_->{how}" => $_->{n}) } @{ $all->{runs} };
is($n{'messages bare INSERT'}, $n{'messages lapor-intake'},
   'the floor has the same rows');
cmp_ok($n{'messages lapor-intake'}, '>=', 300, 'which are all');
cmp_ok($n{'second 2 x lapor-intake'}, '>=', 300, 'two processes');
is($n{'statuses lapor-intake'} % 3, 0, 'three statuses an answer');
cmp_ok($n{'statuses lapor-intake'}, '>', 0, 'of some answers');
like($out, qr/messages a report: \d/, 'the conversations are described');
like($out, qr/emergencies of a backlog/, 'the scout is judged');

my @runs = map { { part => 'messages', round => 1, how => $_->[0], n => 1000,
    rate => 20000, worker => 0.01, postgres => $_->[1], redis => 0.01,
    others => 0, reports => 250, people => 250, entries => 1000 } }
    ['lapor-intake', 0.05], ['bare INSERT', 0.021];
spew("$dir/report", encode_json({ %$all, runs => \@runs }));

($rc, $out) = bench(intake => '--check', '--report', "$dir/report");
is($rc, 0, 'targets are met');
like($out, qr/against the bare INSERT's .* 2\.38 .* ok/, 'and told');

$runs[1]{postgres} = 0.019;
spew("$dir/report", encode_json({ %$all, runs => \@runs }));
($rc, $out) = bench(intake => '--check', '--report', "$dir/report");
is($rc, 1, 'one is missed');
like($out, qr/against the bare INSERT's .* 2\.63 .* MISSED/, 'which');

SKIP: {
    skip 'nginx is under another loader', 3 if asan() || reloads();

    ($rc, $out, $err) = bench(flow => '--rounds', 1, '--seconds', 1,
        '--rates', '20,50', '--dir', $dir, '--json', "$dir/flow");
    is($rc, 0, 'the flow is measured') or diag($err);
    $all = decode_json(slurp("$dir/flow"));
    is_deeply([map { $_->{wrong} } @{ $all->{runs} }], ['', ''], 'well');
    is_deeply([grep { !defined $_->{committed}{p99}
                      || $_->{committed}{p99} < 0 } @{ $all->{runs} }], [],
              'every leg has its time');
}

done_testing();
