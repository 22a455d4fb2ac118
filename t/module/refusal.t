# Redis refuses one record of the spool for its key, and all others for a while
# since it is full.  The one is put aside when the others are stored, not with
# each attempt, or hours of it would fill the disk.

use Lapor::Test;
use Lapor::FakeRedis;
use Lapor::Spool;
use Lapor::Spooling;

my $NAME = Lapor::Spool::name(1760000000000, 4711, 0);


# answer_by_key(): what FakeRedis' rules can't say

sub answer_by_key {
    my ($state, $peer, $words) = @_;

    my $refused = $words->[1] eq 'lapor:{00}:msg';
    my $reply = $refused ? "-NOPERM No permissions to access a key\r\n"
              : -e "$state->{self}{dir}/full" ? "-OOM command not allowed\r\n"
              : Lapor::FakeRedis::id_reply($state);
    push @{ $peer->{out} }, { at => 0, data => $reply };
    return;
}

{
    no warnings 'redefine';
    my $handle = \&Lapor::FakeRedis::handle;
    *Lapor::FakeRedis::handle = sub {
        return uc $_[2][0] eq 'XADD' ? &answer_by_key : &$handle;
    };
}

my $redis = Lapor::FakeRedis->new;
spew("$redis->{dir}/full", '');
my $nginx = spooling($redis->address);
my $dir = spool_dir($nginx);

Lapor::Spool::put($dir, 'new', map {
    Lapor::Spool::record("lapor:{0$_}:msg", "{\"laporan\":$_}", 1760000000000)
} 0, 1);
own($dir);
rename "$dir/new", "$dir/$NAME" or die "could not rename: $!\n";

ok((wait_until { gauge($nginx, 'lapor_replay_failures_total') > 3 } 30),
   'it is tried again and again');
is(scalar(Lapor::Spool::records($dir)), 2, 'no record is there twice');

unlink "$redis->{dir}/full";
ok((wait_until { !-e "$dir/$NAME" } 30), 'in the end the file goes');
my @left = Lapor::Spool::records($dir);
is(join(' ', map { $_->{key} } @left), 'lapor:{00}:msg',
   'what was refused is there once');

done_testing;
