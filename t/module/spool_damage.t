# Files of the spool that a crash has cut, that were changed, that come from
# elsewhere, that can't be read: what is whole comes into Redis.

use Lapor::Test;
use Lapor::Redis;
use Lapor::Spool;
use Lapor::Spooling;

my $MS = 1760000000000;


# replayed($dir, %opt) -> (nginx, redis) once all segments have gone

sub replayed {
    my ($dir, %opt) = @_;

    my $redis = Lapor::Redis->new;
    own($dir);
    my $nginx = spooling($redis->address, dir => $dir, %opt);
    ok(drained($nginx, 30, $dir), 'all segments are read');
    return ($nginx, $redis);
}


sub fresh {
    my $dir = test_dir() . '/spool';

    mkdir $dir, 0700 or die;
    return $dir;
}


# a segment that nginx itself has written, as far as it came

subtest 'cut off' => sub {
    my $gone = Lapor::Redis->new(start => 0);
    my $writer = spooling($gone->address);
    accept_all($writer, 'accepted', bodies(4, 300));
    $writer->stop;
    my ($path) = Lapor::Spool::segments(spool_dir($writer));
    my $text = slurp($path);
    my $whole = Lapor::Spool::parse($text)->{records};
    is(scalar @$whole, 4, 'a segment of four');

    my $dir = fresh();
    my $n = 0;
    my (%want, @cuts);

    for my $r (@$whole) {
        my ($at, $len) = @$r{qw(offset bytes)};
        push @cuts, map { $at + $_ } 0, 1, 3, 4, 8, 12, 23, 24, 30,
                                     $len - 1;
    }
    for my $cut (@cuts, length $text) {
        Lapor::Spool::put($dir, Lapor::Spool::name($MS + ++$n, 1, 1),
                          substr $text, 0, $cut);
        $want{ $_->{body} }++
            for grep { $_->{offset} + $_->{bytes} <= $cut } @$whole;

        # the same, where the file system had made room already

        Lapor::Spool::put($dir, Lapor::Spool::name($MS + ++$n, 1, 1),
            substr($text, 0, $cut), "\0" x (4096 - $cut % 512))
            if grep { $_->{offset} == $cut } @$whole;
        $want{ $_->{body} }++ for grep {
            my $r = $_;
            $r->{offset} + $r->{bytes} <= $cut
                && grep { $_->{offset} == $cut } @$whole
        } @$whole;
    }

    my ($nginx, $redis) = replayed($dir, workers => 2,
        new => { steady => 'how often each is stored is counted' });
    my %got;
    $got{$_}++ for stored($redis);
    is_deeply(\%got, \%want, 'what was whole is in Redis, once for each file');
    ok(!Lapor::Spool::damaged($dir), 'nothing is damage');
    ok((wait_until { gauge($nginx, 'lapor_spool_files') == 0 } 10),
       'no files are told');
    is(gauge($nginx, 'lapor_spool_damaged_files'), 0, 'nor damaged ones');
    unlike($nginx->error_log, qr/damaged/, 'and the log says nothing of it');
};


subtest 'changed bytes' => sub {
    my $dir = fresh();
    my @bodies = bodies(60, 120);
    my $n = 0;
    my @lost;

    for my $file (0 .. 5) {
        my @mine = @bodies[10 * $file .. 10 * $file + 9];
        my @records = map { Lapor::Spool::record('lapor:{0a}:msg', $_, $MS) }
                      @mine;
        my $victim = (0, 4, 9, 3, 5, 7)[$file];
        my $at = (0, 5, 60, 9, 14, 100)[$file];
        substr($records[$victim], $at, 1) ^= "\x10";
        push @lost, $mine[$victim];
        Lapor::Spool::put($dir, Lapor::Spool::name($MS + $file, 1, 1),
                          @records);
    }

    # foreign bytes in front, between, behind; what looks like a record

    my @more = bodies(3);
    my @records = map { Lapor::Spool::record('lapor:{0a}:msg', $_, $MS) }
                  @more;
    Lapor::Spool::put($dir, Lapor::Spool::name($MS + 6, 1, 1), 'sampah',
        $records[0], "LSP1" x 9, $records[1], $records[2], "LSP1\xff" x 30);

    my ($nginx, $redis) = replayed($dir);
    my %lost = map { $_ => 1 } @lost;
    is_stored($redis, [(grep { !$lost{$_} } @bodies), @more],
              'all other records are in Redis, once');
    is(scalar(Lapor::Spool::damaged($dir)), 7, 'seven files are set aside');
    ok((wait_until { gauge($nginx, 'lapor_spool_damaged_files') == 7 } 10),
       'lapor_spool_damaged_files');
    my $lines = () = $nginx->error_log =~ /\[crit\].*is damaged, its valid/g;
    is($lines, 7, 'each is told once');
    $nginx->allow_alert(qr/is damaged, its valid records are stored/);

    my $bytes = 0;
    $bytes += -s $_ for glob "$dir/*";
    is(gauge($nginx, 'lapor_spool_bytes'), $bytes, 'they take their room');
    unlink Lapor::Spool::damaged($dir);
    ok((wait_until { !gauge($nginx, 'lapor_spool_damaged_files') } 10),
       'until somebody removes them');
};


# the spool of a dead node: other names, other partitions, times long ago

subtest 'from another node' => sub {
    my $dir = fresh();
    my @bodies = bodies(40);
    my %key = map { ($_ => sprintf 'lapor:{%02x}:%s', $_ * 6,
                     $_ % 2 ? 'msg' : 'status') } 0 .. 39;

    for my $file (0 .. 3) {
        Lapor::Spool::put($dir,
            Lapor::Spool::name(1600000000000 + $file, 9999999, 999999),
            map { Lapor::Spool::record($key{$_}, $bodies[$_],
                                       1600000000000 + $_) }
            10 * $file .. 10 * $file + 9);
    }

    # and what is none of ours

    Lapor::Spool::put($dir, $_, 'asing') for 'catatan.txt', '.tersembunyi',
        '1600000000000-0000001-000001.spool.tmp', 'x.spool';
    mkdir "$dir/" . Lapor::Spool::name($MS, 2, 2) or die;

    my $redis = Lapor::Redis->new;
    own($dir);
    my $nginx = spooling($redis->address, dir => $dir);
    ok((wait_until { !grep { -f } Lapor::Spool::segments($dir) } 30),
       'all segments are read');
    is_deeply([sort map { "$_->{key} $_->{b} $_->{t}" } $redis->entries],
              [sort map { "$key{$_} $bodies[$_] " . (1600000000000 + $_) }
               0 .. 39], 'in the streams that they name, with their times');
    is(join(' ', sort map { s{.*/}{}r } grep { -f } glob "$dir/*"),
       '1600000000000-0000001-000001.spool.tmp catatan.txt lock x.spool',
       'foreign files stay');
    accept_all($nginx, 'and webhooks go on', bodies(3));
};


# what can't be opened or read holds up nothing else

subtest 'unreadable files' => sub {
    my $dir = fresh();
    my @bodies = bodies(10);
    my @record = map { Lapor::Spool::record('lapor:{00}:msg', $_, $MS) }
                 @bodies;
    my @name = map { Lapor::Spool::name($MS + $_, 1, 1) } 0 .. 3;

    symlink '/etc/passwd', "$dir/$name[0]" or die;
    Lapor::Spool::put($dir, $name[1], @record[0 .. 4]);
    open my $huge, '>', Lapor::Spool::put($dir, $name[2], '') or die;
    truncate $huge, (256 << 20) + 1 or die;
    close $huge;
    Lapor::Spool::put($dir, $name[3], @record[5 .. 9]);

    my $redis = Lapor::Redis->new;
    own($dir);
    my $nginx = spooling($redis->address, dir => $dir, spool => 'size=1g');
    $nginx->allow_alert(qr/could not read the spool/);
    ok((wait_until { $redis->entries == 10 } 20), 'the others are in Redis');
    ok((wait_until { -e "$dir/$name[2].damaged" } 10),
       'one that no nginx has written is set aside');
    like($nginx->error_log, qr/could not read the spool's file "\S+$name[2]"/,
         'which is told');
    ok(-l "$dir/$name[0]", 'a link is not touched');

    my @more = bodies(5);
    $redis->stop;
    accept_all($nginx, 'the spool takes more', @more);
    $redis->start;
    ok((wait_until { !missing($redis, @more) } 30), 'which flows');
    my $lines = () = $nginx->error_log =~ /could not read the spool "/g;
    is($lines, 1, 'the link is told once') unless reloads();
};

done_testing();
