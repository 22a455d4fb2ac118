package Lapor::Spooling;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What the tests of nginx's spool share: an nginx whose spool is DIR/spool, an
# address behind which one Redis can be changed for another, many webhooks at
# once, and what has come of them.

use strict;
use warnings;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

use Lapor::HTTP ();
use Lapor::Nginx ();
use Lapor::Spool ();
use Lapor::Test;

use base 'Exporter';

our @EXPORT = qw(spooling spool_dir own point send_all accept_all bodies
                 result gauge stored is_stored missing drained fds);

my $serial = 0;


# spooling($address, class => name, new => {...}, spool => 'size=64m', more of lapor()) -> a
# running nginx with a spool of its own; run => 0: only configured

sub spooling {
    my ($address, %opt) = @_;

    my $class = delete $opt{class} || 'Lapor::Nginx';
    my $nginx = $class->new(%{ delete $opt{new} || {} });
    my $dir = delete $opt{dir} || spool_dir($nginx);
    my $spool = delete $opt{spool} || 'size=64m';
    my $run = exists $opt{run} ? delete $opt{run} : 1;

    $nginx->lapor(redis => $address,
        timeout => '8s', %opt,
        http => "lapor_spool $dir $spool;" . ($opt{http} || ''));
    $nginx->run if $run;
    return $nginx;
}


sub spool_dir { return $_[0]->dir . '/spool' }


# own($dir): the directory and its files belong to nginx's user, as if it had
# made them; without root they do already

sub own {
    my ($dir) = @_;

    mkdir $dir, 0700;
    my ($uid, $gid) = ((getpwnam 'nobody')[2], (getgrnam 'nogroup')[2]);
    chown $uid, $gid, $dir, glob "$dir/*" if $> == 0;
    return $dir;
}


# point($path, $redis) -> an address that leads to this Redis, until it is
# pointed elsewhere

sub point {
    my ($path, $redis) = @_;

    symlink $redis->{socket}, "$path.new" or die "could not link: $!\n";
    rename "$path.new", $path or die "could not rename: $!\n";
    return "unix:$path";
}


# bodies($count [, $size]) -> that many bodies, each another one

sub bodies {
    my ($count, $size) = @_;

    return map {
        my $text = sprintf '{"laporan":%d', ++$serial;
        my $room = ($size || 0) - length($text) - 8;
        $text . ($room > 0 ? ',"x":"' . 'x' x $room . '"' : '') . '}';
    } 1 .. $count;
}


# send_all($nginx, \@bodies [, $connections]) -> {body => status}; some
# connections, on each of which one webhook follows the other. One that breaks
# is status 0 for what it has not answered.

sub send_all {
    my ($nginx, $bodies, $connections) = @_;

    my @todo = @$bodies;
    my %status = map { $_ => 0 } @todo;

    while (my @now = splice @todo, 0, $connections || 20) {
        my @flight = map { [Lapor::HTTP->connect($nginx->port), $_] } @now;
        for my $pair (grep { $_->[0] } @flight) {
            $pair->[0]->write(Lapor::HTTP::signed_text($pair->[1]));
        }
        for my $pair (grep { $_->[0] } @flight) {
            $status{ $pair->[1] } = $pair->[0]->response->{status};
            $pair->[0]->close;
        }
    }

    return \%status;
}


# accept_all($nginx, $name, @bodies): a test that each gets its 200

sub accept_all {
    my ($nginx, $name, @bodies) = @_;

    my $status = send_all($nginx, \@bodies);
    my %count;
    $count{$_}++ for values %$status;
    my $ok = Test::More::is(
        join(' ', map { "$_: $count{$_}" } sort keys %count),
        '200: ' . @bodies, $name);

    Test::More::diag(grep { !/ 200 / } split /^/, $nginx->access_log)
        unless $ok;
    return $ok;
}


sub result {
    my ($nginx, $result) = @_;

    return gauge($nginx, "lapor_webhooks_total{result=\"$result\"}");
}


sub gauge {
    my ($nginx, $name) = @_;

    my %status = $nginx->status;
    return $status{$name};
}


# stored($redis) -> all bodies, in the order of their ids

sub stored { return map { $_->{b} } $_[0]->entries }


# is_stored($redis, \@bodies, $name): a test that these and no others are in
# Redis, each once; more than once where nginx is reloaded all the time, since
# who is told to quit leaves his segment to the next one

sub is_stored {
    my ($redis, $bodies, $name) = @_;

    my %seen;
    my @got = grep { !reloads() || !$seen{$_}++ } stored($redis);
    @got = sort { $a cmp $b } @got;
    return Test::More::is_deeply(\@got, [sort { $a cmp $b } @$bodies], $name);
}


# missing($redis, @bodies) -> how many of them are not in any stream

sub missing {
    my ($redis, @bodies) = @_;

    my %there = map { $_ => 1 } stored($redis);
    return scalar grep { !$there{$_} } @bodies;
}


# drained($nginx [, $seconds, $dir]): all segments have gone

sub drained {
    my ($nginx, $seconds, $dir) = @_;

    $dir ||= spool_dir($nginx);
    return wait_until { !Lapor::Spool::segments($dir) } $seconds || 20,
                      'the spool to be empty';
}


# fds($pid) -> what its descriptors lead to, as far as these are files

sub fds {
    my ($pid) = @_;

    return grep { defined && m{^/} } map { readlink } glob "/proc/$pid/fd/*";
}


1;
