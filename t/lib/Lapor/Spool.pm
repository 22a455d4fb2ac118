package Lapor::Spool;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# The spool's files (doc/spool.md) written and read byte by byte, by nothing of
# ours: tests make segments with it for laporctl, and read with it what nginx
# wrote.

use strict;
use warnings;

use Compress::Raw::Zlib ();
use Fcntl qw(:flock);

use Lapor::Test ();

use File::Glob ':bsd_glob';      # a blank in a path is no separator

use constant {
    HEADER   => 24,
    MAX_KEY  => 64,
    MAX_BODY => 64 << 20,
    SECTOR   => 512,
};

our $NAME = qr/\d{13}-\d{7}-\d{6}\.spool/;


# record($key, $body, $ms) -> its bytes

sub record {
    my ($key, $body, $ms) = @_;

    my $rest = pack('VVQ<', length $key, length $body, $ms) . $key . $body;
    return 'LSP1' . pack('V', Compress::Raw::Zlib::crc32($rest)) . $rest;
}


# name($ms, $pid, $seq) -> a segment's name

sub name {
    my ($ms, $pid, $seq) = @_;

    return sprintf '%013d-%07d-%06d.spool', $ms, $pid, $seq;
}


# put($dir, $name, @bytes) -> the path of a file with these bytes, closed

sub put {
    my ($dir, $name, @bytes) = @_;

    return Lapor::Test::spew("$dir/$name", join('', @bytes), 0600);
}


# segments($dir), damaged($dir) -> paths, the oldest first

sub segments {
    my ($dir) = @_;

    my @found = sort grep { m{/$NAME\z} } glob "$dir/*.spool";
    return @found;
}

sub damaged {
    my ($dir) = @_;

    my @found = sort glob "$dir/*.damaged";
    return @found;
}


# hold($path) -> a handle that holds the lock, as a writer does; undef if
# somebody else does

sub hold {
    my ($path) = @_;

    open my $fh, '+>>:raw', $path or die "could not open $path: $!\n";
    return flock($fh, LOCK_EX | LOCK_NB) ? $fh : undef;
}


# held($path): somebody holds the lock

sub held { return defined hold($_[0]) ? 0 : 1 }


# records($dir) -> those of all segments, the oldest segment first

sub records {
    my ($dir) = @_;

    return map { @{ parse(Lapor::Test::slurp($_))->{records} } }
           segments($dir);
}


# parse($bytes) -> {records => [{key, body, ms, offset, bytes}, ...],
# damaged => [[offset, bytes], ...], torn => [offset, bytes] or undef}

sub parse {
    my ($text) = @_;

    my %found = (records => [], damaged => [], torn => undef);
    my $at = 0;

    while ($at < length $text) {
        my $record = record_at($text, $at);

        if ($record) {
            push @{ $found{records} }, $record;
            $at += $record->{bytes};
            next;
        }

        my $next = $at;
        while (($next = index $text, 'LSP1', $next + 1) >= 0) {
            last if record_at($text, $next);
        }

        my $end = $next < 0 ? length $text : $next;
        my $range = [$at, $end - $at];

        if ($next < 0 && is_torn($text, $at)) {
            $found{torn} = $range;
        } else {
            push @{ $found{damaged} }, $range;
        }
        $at = $end;
    }

    return \%found;
}


# record_at($bytes, $offset) -> the valid record there, or undef

sub record_at {
    my ($text, $at) = @_;

    return if length($text) - $at < HEADER;
    my ($magic, $crc, $key, $body, $ms) =
        unpack 'a4VVVQ<', substr $text, $at, HEADER;
    return unless $magic eq 'LSP1' && sane($key, $body)
                  && $at + HEADER + $key + $body <= length $text;

    my $bytes = HEADER + $key + $body;
    return if Compress::Raw::Zlib::crc32(substr $text, $at + 8, $bytes - 8)
              != $crc;

    return { key => substr($text, $at + HEADER, $key), ms => $ms,
             body => substr($text, $at + HEADER + $key, $body),
             offset => $at, bytes => $bytes };
}


sub sane {
    my ($key, $body) = @_;

    return (!defined $key || $key >= 1 && $key <= MAX_KEY)
           && (!defined $body || $body >= 1 && $body <= MAX_BODY);
}


# is_torn($bytes, $offset): nothing valid begins at or behind the offset, and
# what is there is the start of one record, cut by the file's end or by zeros
# from a sector's start to the end; or nothing but zeros

sub is_torn {
    my ($text, $at) = @_;

    my $rest = substr $text, $at;
    return 1 unless $rest =~ /[^\0]/;

    my $last = $at + length($rest =~ s/\0+\z//r);
    my $sector = int(($last + SECTOR - 1) / SECTOR) * SECTOR;
    my $whole = $sector >= length $text;
    my $n = ($whole ? length $text : $sector) - $at;

    return 0 unless substr($rest, 0, $n < 4 ? $n : 4)
                    eq substr 'LSP1', 0, $n < 4 ? $n : 4;

    my $key = $n >= 12 ? unpack 'V', substr $rest, 8, 4 : undef;
    my $body = $n >= 16 ? unpack 'V', substr $rest, 12, 4 : undef;
    return 0 unless sane($key, $body);
    return 1 if $n < HEADER;
    return 0 if HEADER + $key + $body <= $n;

    # a whole record whose length alone is wrong was never cut
    return !$whole || !grep {
        sane(@$_) && record_at(substr($rest, 0, 8) . pack('VV', @$_)
                               . substr($rest, 16), 0)
    } [$key, $n - HEADER - $key], [$n - HEADER - $body, $body];
}


1;
