#!/usr/bin/perl

# Workers whose Redis is gone do not come back to it in step: the pauses of
# two differ, pause by pause. Whoever connects is known by the socket's peer.

use lib 't/lib';
use Lapor::Test;
use Lapor::Nginx;

use IO::Select ();
use IO::Socket::UNIX ();
use Socket qw(SOL_SOCKET SO_PEERCRED);
use Time::HiRes qw(time);

# From the third on a pause is 400 ms or more at most; a machine that stands
# still for a twentieth of that makes two equal pauses differ, never two
# different ones equal.
my ($first, $last) = (2, 7);
my @longest = map { my $ms = 100 * 2 ** $_; $ms < 5000 ? $ms : 5000 }
              0 .. $last;

my $path = test_dir() . '/gone.sock';
my $gone = IO::Socket::UNIX->new(Local => $path, Listen => 64) or die "$!";
chmod 0666, $path;

my $nginx = Lapor::Nginx->new(steady => 'a new worker begins anew');
$nginx->lapor(redis => "unix:$path", workers => 2)->run;

my %at;
my $ready = IO::Select->new($gone);
my $end = time + 60 * patience();

until (keys %at == 2 && !grep { @$_ < $last + 2 } values %at) {
    last if time > $end;
    $ready->can_read(1) or next;
    my $conn = $gone->accept or next;
    my ($pid) = unpack 'i', getsockopt($conn, SOL_SOCKET, SO_PEERCRED);
    push @{ $at{$pid} }, time;
    close $conn;
}

is(keys %at, 2, 'two workers connect');

my @pauses = map {
    my $at = $_;
    [map { 1000 * ($at->[$_ + 1] - $at->[$_]) } 0 .. $last]
} values %at;

my @apart = grep { abs($pauses[0][$_] - $pauses[1][$_]) > $longest[$_] / 20 }
            $first .. $last;
cmp_ok(@apart, '>', 0, 'and not in step')
    or diag map { join(' ', map { int } @$_), " ms\n" } @pauses;

done_testing();
