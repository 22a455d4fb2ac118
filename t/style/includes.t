#!/usr/bin/perl

# Who may know whom: lib knows no one; decode, classify and locate know only
# lib; each worker knows lib and its own folder; intake and laporctl alone know
# the three libraries; the module shares no code with the workers.

use lib 't/lib';
use Lapor::Test;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $repo = repo_dir();

my %may = (
    lib      => [],
    decode   => [qw(lib)],
    classify => [qw(lib)],
    locate   => [qw(lib)],
    intake   => [qw(lib decode classify locate)],
    laporctl => [qw(lib decode classify locate)],
    media    => [qw(lib)],
    reply    => [qw(lib)],
    dispatch => [qw(lib)],
    console  => [qw(lib)],
);

my @folders = map { m{([^/]+)/?$} } grep { -d } glob "$repo/workers/*";
my $includes = 0;

for my $folder (sort @folders) {
    ok($may{$folder}, "the folder workers/$folder is one of the design's")
        or next;

    my %allowed = map { $_ => 1 } $folder, @{ $may{$folder} };
    my @wrong;

    for my $file (glob "$repo/workers/$folder/*.[ch]") {
        my $n = 0;

        for my $line (split /\n/, slurp($file)) {
            $n++;
            next unless $line =~ /^\s*#\s*include\s+"([^"]+)"/;
            my $target = $1;

            $includes++;
            $file =~ m{([^/]+)$};
            push @wrong, "$folder/$1:$n includes \"$target\""
                unless $target =~ m{^([a-z]+)/[a-z0-9_]+\.h$} && $allowed{$1}
                       && -e "$repo/workers/$target";
        }
    }

    is(join("\n", @wrong), '', "workers/$folder knows only whom it may");
}

cmp_ok($includes, '>', 50, 'the includes were found');

my @module;
for my $file (glob "$repo/ngx_http_lapor_module/*.[ch]") {
    push @module, map { "$file: $_" }
        grep { /#\s*include\s+"/ && !/"ngx_http_lapor[a-z_]*\.h"/ }
        split /\n/, slurp($file);
    push @module, map { "$file: $_" }
        grep { m{#\s*include\s+<(?:lib|decode|classify|locate)/} }
        split /\n/, slurp($file);
}
is(join("\n", @module), '', 'the module includes nothing of the workers');

my $config = slurp("$repo/config");
unlike($config, qr{workers/}, 'the module is built from nothing of theirs');

done_testing();
