#!/usr/bin/perl

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# bodies.pl [--count N] [--size BYTES] [--seed N] FILE
#
# Writes signed webhooks for t/bench/load: N distinct ones (20000) as Meta
# sends them, most a message of text, some media, places, contacts, statuses;
# a few hundred bytes the most of them, a few KB some. With --size, each is a
# message padded to so many bytes. Persons are 62 800-0000-xxxx.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);
use FindBin ();
use Getopt::Long;

use lib "$FindBin::Bin/lib";
use Bench::Webhook qw(pick hex_id wamid name word sentence media webhook);

my %opt = (count => 20000, size => 0, seed => 1,
           secret => 'app-secret-contoh');
GetOptions(\%opt, 'count=i', 'size=i', 'seed=i', 'secret=s') && @ARGV == 1
    && $opt{count} > 0 && $opt{size} >= 0
    or die "usage: bodies.pl [--count N] [--size BYTES] [--seed N] FILE\n";

srand $opt{seed};

# shares of kinds: what, of 1000
my @kinds = (
    [text => 649], [image => 100], [audio => 60], [location => 60],
    [status => 90], [document => 20], [contacts => 15], [batch => 6],
);


sub person { return sprintf '628000000%04d', int rand 10000 }


sub item {
    my ($type, $content, $from) = @_;

    return sprintf '{"from":"%s","from_user_id":"ID.%d","id":"%s",'
        . '"timestamp":"%d","type":"%s","%s":%s}', $from, 1e15 + $from,
        wamid(), 1782000000 + int rand 86400, $type, $type, $content;
}


sub content {
    my ($kind) = @_;

    return (text => '{"body":"' . sentence(45) . '"}') if $kind eq 'text';
    return (image => media('image/jpeg',
        rand() < 0.6 ? '"caption":"' . sentence(45) . '",' : ''))
        if $kind eq 'image';
    return (audio => media('audio/ogg; codecs=opus',
        '"voice":true,')) if $kind eq 'audio';
    return (document => media('application/pdf',
        '"caption":"' . sentence(45) . '","filename":"laporan '
        . word() . '.pdf",')) if $kind eq 'document';
    return (location => sprintf '{"latitude":%.6f,"longitude":%.6f,'
        . '"name":"%s","address":"Jl. %s"}', rand(10) - 5, 95 + rand 45,
        sentence(25), sentence(50)) if $kind eq 'location';
    return (contacts => '[' . join(',', map { sprintf
        '{"name":{"formatted_name":"%s","first_name":"%s"},'
        . '"phones":[{"phone":"%s","type":"CELL"}]}',
        name(), name(), person() } 1 .. 4 + int rand 12) . ']');
}


sub status {
    my $to = person();

    return sprintf '"statuses":[{"id":"%s","status":"%s","timestamp":"%d",'
        . '"recipient_id":"%s","conversation":{"id":"%s","origin":{"type":'
        . '"service"}},"pricing":{"billable":true,"pricing_model":"PMP",'
        . '"category":"service","type":"free_customer_service"}}]', wamid(),
        pick(qw(sent delivered read)), 1782000000 + int rand 86400, $to,
        lc hex_id(32);
}


sub messages {
    my ($kind) = @_;

    my $from = person();
    my @items = $kind eq 'batch'
        ? map({ item(content('text'), $from) } 1 .. 2 + int rand 7)
        : item(content($kind), $from);

    return sprintf '"contacts":[{"profile":{"name":"%s"},"wa_id":"%s",'
        . '"user_id":"ID.%d"}],"messages":[%s]', name(), $from,
        1e15 + $from, join ',', @items;
}


sub body {
    my $draw = int rand 1000;
    my $unit = int rand 300;

    for my $kind (@kinds) {
        next if ($draw -= $kind->[1]) >= 0;
        return webhook($kind->[0] eq 'status' ? status()
                       : messages($kind->[0]), $unit);
    }
}


sub padded {
    my ($size) = @_;

    my $make = sub {
        webhook('"messages":['
            . item('text', '{"body":"' . $_[0] . '"}', person()) . ']', 1)
    };
    my $frame = length $make->('');
    die "no webhook has $size bytes\n" if $size < $frame;
    return $make->('x' x ($size - $frame));
}


my (%seen, @sizes);
open my $fh, '>:raw', "$ARGV[0].$$.tmp" or die "could not write: $!\n";

while (@sizes < $opt{count}) {
    my $body = $opt{size} ? padded($opt{size}) : body();
    next if $seen{$body}++;

    printf $fh "%d %s\n%s\n", length $body,
        hmac_sha256_hex($body, $opt{secret}), $body;
    push @sizes, length $body;
}

close $fh or die "could not write: $!\n";
rename "$ARGV[0].$$.tmp", $ARGV[0] or die "could not rename: $!\n";

@sizes = sort { $a <=> $b } @sizes;
my $sum = 0;
$sum += $_ for @sizes;
printf "%d webhooks, bytes: mean %.0f, p50 %d, p90 %d, p99 %d, max %d\n",
    scalar @sizes, $sum / @sizes,
    map({ $sizes[int($#sizes * $_)] } 0.5, 0.9, 0.99), $sizes[-1];
