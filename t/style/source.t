#!/usr/bin/perl

# The house style of C, as far as a script can hold it (CONTRIBUTING.md), and
# what must stand in no file at all.

use lib 't/lib';
use Lapor::Test;

use constant {
    COLUMNS        => 80,
    FILE_LINES     => 700,
    FUNCTION_LINES => 60,
};

my $repo = repo_dir();

# never checked, or not to be checked: memory unsafety, shells, recursion into
# the environment, comparisons whose time tells the secret
my $banned = qr/\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof
                  |alloca|system|popen|signal)\s*\(/x;

chdir $repo or die;
my @tracked = split /\0/, `git ls-files -z 2>/dev/null`;
@tracked = map { s{^\./}{}r } split /\n/,
           `find . -path ./build -prune -o -path ./run -prune -o -path ./.git -prune -o -type f -print`
    unless @tracked;
my @files = grep { -f && /\.[ch]$/ } @tracked;

cmp_ok(scalar @files, '>', 20, 'the sources were found');

for my $file (@files) {
    my $text = slurp($file);
    my @lines = split /\n/, $text, -1;
    my @wrong;
    my ($start, $open);

    pop @lines if @lines && $lines[-1] eq '';
    push @wrong, 'does not end with a line end' unless $text =~ /\n\z/;
    push @wrong, scalar(@lines) . ' lines are more than ' . FILE_LINES
        if @lines > FILE_LINES;

    for my $n (1 .. @lines) {
        my $line = $lines[$n - 1];
        my $columns = length($line =~ s/[\x80-\xbf]//gr);

        push @wrong, "$n: tab" if $line =~ /\t/;
        push @wrong, "$n: blanks at the end" if $line =~ /\s\z/;
        push @wrong, "$n: $columns columns" if $columns > COLUMNS;
        push @wrong, "$n: // comment" if $line =~ m{^\s*//|[;{}]\s*//};
        push @wrong, "$n: $1 is banned"
            if $line !~ m{^\s*(?:/?\*|")} && $line =~ $banned;
        push @wrong, "$n: memcmp in signature code"
            if $file =~ m{_body\.c|_sign|_handshake} && $line =~ /\bmemcmp\s*\(/i
               && $line !~ /CRYPTO_memcmp/;
        push @wrong, "$n: braces"
            if $line =~ /^\s*(?:if|for|while)\s*\(.*\)\s*[^{\s\\].*;\s*$/
               && $line !~ /^\s*\}?\s*while\s*\(.*\)\s*;\s*$/
               && $line !~ /;.*;.*\)/ && $line !~ /^\s*(?:for)\s*\(/;

        $start = $n if $line eq '{';

        if ($line eq '}' && $start) {
            my $length = $n - $start - 1;
            push @wrong, "$start: a function of $length lines"
                if $length > FUNCTION_LINES;
            $start = 0;
        }
    }

    is(join("\n", map { "$file:$_" } @wrong), '', "$file keeps the style");
}

my @text = grep { -f && !/\.(?:png|jpe?g|ogg|pdf|mp4|bin)$/ && -T } @tracked;
my (@secret, @phones);

for my $file (@text) {
    next if $file eq 't/style/source.t';

    my $n = 0;
    for my $line (split /\n/, slurp($file)) {
        $n++;
        push @secret, "$file:$n"
            if $line =~ m{\.\./shared|deb\.debian\.org|registry\.npmjs
                          |(?<!\$)\b(?:FIXME|XXX|TODO)\b}x
               && $file !~ m{^t/fuzz/corpus/};

        # Indonesian numbers come from the range 62 800-0000-xxxx alone
        while ($line =~ /(?<![\w.])(\+?62\s?8\d[\d -]{7,14}\d)(?!\w)/g) {
            my $phone = $1;
            my $digits = $phone =~ s/\D//gr;
            push @phones, "$file:$n: $phone"
                unless $digits =~ /^6280000\d{0,6}$/
                    || $digits =~ /^62811544(?:5110|510)/
                    || $digits =~ /^6281370002110$/;
        }
    }
}

is(join("\n", @secret), '', 'no file names what is not its business');
is(join("\n", @phones), '', 'no number of a person');

done_testing();
