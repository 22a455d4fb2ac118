# A person puts a file of the spool back: out of a backup, from the disk of a
# dead node, or mended.  Its name may be one that nginx has just dealt with, or
# one that it once set aside.

use Lapor::Test;
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $NAME = Lapor::Spool::name(1760000000000, 4711, 0);
my $KEY = 'lapor:{00}:msg';


# restore($nginx, @bytes): appears at once and whole, as mv(1) does it

sub restore {
    my ($nginx, @bytes) = @_;

    my $dir = spool_dir($nginx);
    Lapor::Spool::put($dir, 'new', @bytes);
    own($dir);
    rename "$dir/new", "$dir/$NAME" or die "could not rename: $!\n";
    return drained($nginx);
}


subtest 'the same file once more' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address);
    my @bodies = bodies(3);
    my @records = map { Lapor::Spool::record($KEY, $_, 1760000000000) }
                  @bodies;

    ok(restore($nginx, @records), 'a file is replayed');
    is(missing($redis, @bodies), 0, 'all of it');

    $redis->cmd('FLUSHALL');
    ok(restore($nginx, @records), 'it is there again, and is replayed');
    is(missing($redis, @bodies), 0, 'all of it');
};


subtest 'what was set aside stays' => sub {
    my $redis = Lapor::Redis->new;
    my $nginx = spooling($redis->address);
    $nginx->allow_alert(qr/is damaged, its valid records are stored/);
    my @records = map { Lapor::Spool::record($KEY, $_, 1760000000000) }
                  bodies(2);

    for my $foreign ('one', 'two', 'three') {
        ok(restore($nginx, $records[0], $foreign, $records[1]),
           "a damaged file with $foreign foreign bytes goes");
    }

    my @damaged = map { Lapor::Test::slurp($_) }
                  Lapor::Spool::damaged(spool_dir($nginx));
    is_deeply([sort @damaged],
              [sort map { "$records[0]$_$records[1]" } 'one', 'two', 'three'],
              'none was written over another');
    ok((wait_until {
        gauge($nginx, 'lapor_spool_damaged_files') == 3;
    } 10), 'and all are counted');
};


done_testing;
