# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# usage: perl -It/lib t/fuzz/run.pl BUILD/fuzz/NAME
#
# Runs one program of libFuzzer for LAPOR_FUZZ_SECONDS (60) from the committed
# corpus t/fuzz/corpus/NAME, with the words of t/fuzz/NAME.dict if there are
# any, and prints TAP. New inputs are kept beside the program, in
# BUILD/fuzz/corpus/NAME, and serve the next run; an input that breaks it is
# BUILD/fuzz/NAME-crash-*, and is printed as base64, too.

use Lapor::Test;

use File::Basename qw(basename dirname);
use File::Glob ':bsd_glob';      # a blank in a path is no separator
use File::Path qw(make_path);

# A harness that does less than this does nothing: the slowest, under both
# sanitizers on one busy core, does more than a thousand a second.
use constant PER_SECOND => 50;

@ARGV == 1 or die "usage: t/fuzz/run.pl BUILD/fuzz/NAME\n";

my ($program) = @ARGV;
my ($name, $dir) = (basename($program), dirname($program));
my $seconds = $ENV{LAPOR_FUZZ_SECONDS} || 60;
my $corpus = repo_dir() . "/t/fuzz/corpus/$name";
my $dict = repo_dir() . "/t/fuzz/$name.dict";
my $found = "$dir/corpus/$name";
my $prefix = "$dir/$name-";
my @seeds = grep { -f } glob "$corpus/*";

make_path($found);

my @options = ('-timeout=10', '-rss_limit_mb=2048', '-print_final_stats=1',
               "-artifact_prefix=$prefix", -e $dict ? "-dict=$dict" : ());

sub fuzz {
    my ($what, $limit, @argv) = @_;

    my ($rc, $out, $err) = run_cmd({ timeout => $limit },
                                   $program, @options, @argv);
    my ($count) = $err =~ /number_of_executed_units:\s*(\d+)/;

    # without a line for each new input
    is($rc, 0, $what)
        or diag($out, substr($err =~ s/^#\d.*\n//mgr, -8000), inputs());
    return $count || 0;
}

# inputs() -> a line for each input that this run has written because it broke
# something, with the seed that it equals, if it is one

sub inputs {
    my $text = '';

    for my $path (grep { (stat)[9] >= $^T } glob "$prefix*-*") {
        my $bytes = slurp($path);
        my @equal = map { s/^\Q$corpus\E/$name/r }
                    grep { slurp($_) eq $bytes } @seeds;
        $text .= "\ninput: $path" . (@equal ? " = @equal" : '') . "\n";
    }

    return $text;
}

cmp_ok(scalar @seeds, '>', 0, "$name has a corpus");
cmp_ok(fuzz('which breaks nothing', 300, '-runs=0', $corpus),
       '>=', scalar @seeds, 'and is read to its end');

my $runs = fuzz("nor does anything in $seconds s", $seconds + 300,
                "-max_total_time=$seconds", $found, $corpus);
cmp_ok($runs, '>=', $seconds * PER_SECOND, "$runs inputs were tried");

done_testing();
