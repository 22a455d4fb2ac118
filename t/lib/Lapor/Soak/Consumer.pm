package Lapor::Soak::Consumer;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Who reads the streams in the soak: it writes down what stands there, 14
# bytes an entry, and deletes it, so that an hour fits into memory.  Entries of
# a stream come in the order of their ids, also after Redis was killed, so the
# last id of each stream tells what is written down already.

use strict;
use warnings;

use Time::HiRes qw(sleep);

use Lapor::HTTP ();
use Lapor::Redis ();
use Lapor::System ();

use constant {
    RECORD  => 14,          # client, number, 8 bytes of the signature
    NOBODY  => 0xffff,      # as client: a body that tells of none
    BATCH   => 200,         # entries of a stream at once
    PAUSE   => 0.05,        # seconds between two looks
    SAMPLES => 5,
};


# new(redis => Lapor::Redis, files => path, partitions => 16)

sub new {
    my ($class, %opt) = @_;

    my $self = bless { partitions => 16, %opt, last => {},
                       count => {} }, $class;
    for my $n (0 .. $self->{partitions} - 1) {
        $self->{last}{ sprintf 'lapor:{%02x}:%s', $n, $_ } = '0-0'
            for qw(msg status);
    }
    return $self;
}


# run(): until TERM was sent and the streams are empty

sub run {
    my ($self) = @_;

    my $over = 0;
    $self->{parent} = getppid;
    $SIG{PIPE} = $SIG{INT} = 'IGNORE';
    $SIG{TERM} = sub { $over = 1 };
    open $self->{out}, '>:raw', "$self->{files}.stored"
        or die "could not write: $!\n";
    delete $self->{redis}{conn};

    while (getppid() == $self->{parent}) {
        my $was_over = $over;
        my $found = eval { $self->look };

        if (!defined $found) {
            $self->{count}{'reads that failed'}++;
            delete $self->{redis}{conn};
            sleep 0.2;
        } elsif (!$found) {
            last if $was_over;
            sleep PAUSE;
        }
    }

    close $self->{out} or die "could not write: $!\n";
    my $count = $self->{count};
    Lapor::System::spew("$self->{files}.counts",
        join '', map { "$_\t$count->{$_}\n" } sort keys %$count);
    return;
}


# look() -> number of entries that were there

sub look {
    my ($self) = @_;

    my @keys = sort keys %{ $self->{last} };
    my $redis = $self->{redis};
    my $streams = $redis->cmd('XREAD', 'COUNT', BATCH, 'STREAMS', @keys,
                              map { $self->{last}{$_} } @keys) || [];
    my $found = 0;

    for my $stream (@$streams) {
        my ($key, $entries) = @$stream;
        my @ids = map { $_->[0] } @$entries;

        print { $self->{out} } map { $self->entry($key, $_->[0],
                                                  @{ $_->[1] }) } @$entries;
        $self->{out}->flush;
        $self->{last}{$key} = $ids[-1];
        push @{ $self->{delete}{$key} }, @ids;
        $found += @ids;
    }

    for my $key (keys %{ $self->{delete} }) {
        $redis->cmd('XDEL', $key, @{ $self->{delete}{$key} });
        delete $self->{delete}{$key};
    }

    return $found;
}


# entry($key, $id, fields) -> the record

sub entry {
    my ($self, $key, $id, %field) = @_;

    my $body = defined $field{b} ? $field{b} : '';
    my ($client, $seq) =
        substr($body, 0, 600) =~ /wamid\.SOAK\.(\d+)\.(\d+)\./;

    $self->{count}{'stored bytes'} += length $body;
    $self->{count}{ $key =~ /:status$/ ? 'stored statuses'
                                       : 'stored messages' }++;

    if (!defined $client || ($field{t} || '') !~ /^\d{13}$/) {
        $self->{count}{"! $key $id is no webhook of the soak: "
            . length($body) . ' bytes'} = 1
            if keys %{ $self->{count} } < SAMPLES + 20;
        ($client, $seq) = (NOBODY, 0);
    }

    return pack 'nNH16', $client, $seq,
                substr Lapor::HTTP::sign($body), 7, 16;
}


1;
