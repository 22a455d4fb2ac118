#!/usr/bin/perl

# No compiler and no checker has anything to say: gcc builds with -Werror in
# the passes themselves, clang here; cppcheck looks at all of it.

use lib 't/lib';
use Lapor::Test;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $repo = repo_dir();
my $dir = test_dir();

need_program('clang');
my ($rc, $out, $err) = run_cmd({ timeout => 600 },
    'make', '-s', '-C', $repo, 'CC=clang', 'WERROR=1',
    "BUILD=$dir/build", 'tests', 'bench');

is($rc, 0, 'clang builds everything') or diag($out, $err);
is($err, '', 'clang warns of nothing');

# without the list macros of <sys/queue.h> it takes loops for plain blocks
my ($queue) = glob '/usr/include/*/sys/queue.h';
my $cppcheck = need_program('cppcheck');
($rc, $out, $err) = run_cmd({ timeout => 900 },
    $cppcheck, '-q', '--error-exitcode=1', '--std=c11', '--inline-suppr',
    '--enable=warning,performance,portability', '--suppress=missingInclude',
    '-D_GNU_SOURCE', "-I$repo/workers", "-I$repo", "--include=$queue",
    "$repo/workers", "$repo/t/graph", "$repo/t/bench", "$repo/t/fuzz",
    "$repo/ngx_http_lapor_module");

is($rc, 0, 'cppcheck is content') or diag($out, $err);

done_testing();
