#!/usr/bin/perl

# One bad item harms nothing else: it goes to quarantine alone, with its
# bytes and a reason, and what stands around it is stored.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Store ();

use Digest::SHA qw(sha256_hex);

my $in = Lapor::Intake->new;
$in->in->allow(qr/refused|sqlstate=(?:2|P0)/);


sub quarantine {
    return [$in->rows('SELECT item, sqlstate, encode(sha256(body), \'hex\'),'
                      . ' times FROM lapor.quarantine ORDER BY item')];
}

sub clear {
    ok($in->drained, "$_[0]: processed");
    $in->pg->psql('TRUNCATE lapor.quarantine');
}

sub stored {
    my (@messages) = @_;
    my $list = join ', ', map { "'$_->{id}'" } @messages;
    return $in->cell('SELECT count(*) FROM lapor.message'
                     . " WHERE wamid IN ($list)");
}


# a message without an id, between good ones

my @good = map { message(text => "baik $_", from => phone($_)) } 1 .. 9;
my $body = body(@good[0 .. 2], message(text => 'tanpa id', id => undef),
                @good[3, 4]);
$in->add($body);
ok($in->drained, 'processed');
is(stored(@good[0 .. 4]), 5, 'the good ones are stored');
is_deeply([map { $_->[0] } @{ quarantine() }], [3],
          'the bad one is in quarantine by its position');
is(quarantine()->[0][2], sha256_hex($body), 'with the whole webhook');
clear('no id');


# what the decoder takes and the database does not: a number too long to be
# one, halved out of a batch of many

my @many = map { message(text => "banyak $_", from => phone(100 + $_ % 40)) }
           1 .. 150;
my $refused = message(text => 'ditolak', from => '9' x 300);
my @bodies = (body(@many[0 .. 49]), body(@many[50 .. 77], $refused,
              @many[78 .. 99]), body(@many[100 .. 149]));
$in->add($_) for @bodies;
ok($in->drained, 'processed');
is(stored(@many), 150, 'all the others are stored');
is_deeply(quarantine(), [[28, '23514', sha256_hex($bodies[1]), 1]],
          'the one is in quarantine, with the SQLSTATE');
is($in->cell("SELECT count(*) FROM lapor.seen WHERE wamid = '$refused->{id}'"),
   0, 'it is not taken for known: a replay can store it');
is($in->cell('SELECT count(*) FROM lapor.raw_webhook r JOIN lapor.quarantine q'
             . ' USING (part, raw_id, received_at)'), 1,
   'and leads to its raw webhook');
clear('refused');


# an exception of a function, as a broken invariant would raise it

$in->pg->psql(q{
    CREATE FUNCTION public.raise() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
    CREATE TRIGGER raise BEFORE INSERT ON lapor.message FOR EACH ROW
        WHEN (NEW.body = 'meledak') EXECUTE FUNCTION public.raise()});
my @around = map { message(text => "sekitar $_", from => phone(200 + $_)) }
             1 .. 20;
my $raises = message(text => 'meledak', from => phone(230));
$in->add(body(@around[0 .. 9], $raises, @around[10 .. 19]));
ok($in->drained, 'processed');
is(stored(@around), 20, 'an exception costs the others nothing');
is_deeply([map { [@$_[0, 1]] } @{ quarantine() }], [[10, 'P0001']],
          'and puts its own item into quarantine');
$in->pg->psql('DROP TRIGGER raise ON lapor.message');
clear('raised');


# a part that has lost its counter of codes: somebody has deleted it

my ($lost) = $in->rows("SELECT home_part FROM lapor.identity WHERE identity = '"
                       . phone(201) . "'");
my ($reports) = $in->rows('DELETE FROM lapor.part_counter WHERE part ='
                          . " $lost->[0] RETURNING reports");
my @else = map { message(text => 'lain', from => phone($_->[0])) } grep {
    $_->[1] != $lost->[0] } map { [$_, Lapor::Store::part_of(phone($_))] }
    202 .. 209;
$in->add(body($else[0], message(text => 'tanpa', from => phone(201)),
              @else[1 .. $#else]));
ok($in->drained, 'processed');
is(stored(@else), scalar @else, 'a part without its counter harms no other');
is_deeply([map { [@$_[0, 1]] } @{ quarantine() }], [[1, 'P0002']],
          'and what belongs there is in quarantine');
$in->pg->psql('INSERT INTO lapor.part_counter (part, reports)'
              . " VALUES ($lost->[0], $reports->[0])");
clear('counter');


# what an item tells of people is refused with it, and not once more with its
# place in quarantine

$in->pg->psql(q{CREATE TRIGGER raise BEFORE INSERT ON lapor.identity
    FOR EACH ROW WHEN (NEW.identity = 'ID.meledak')
    EXECUTE FUNCTION public.raise()});
my @calm = map { message(text => "tenang $_", from => phone(240 + $_)) } 1, 2;
$in->add(body($calm[0], message(type => 'system', from => undef, system => {
    type => 'user_changed_user_id', body => 'x', user_id => 'ID.meledak',
    previous_user_id => 'ID.tenang' }), $calm[1]));
ok($in->drained, 'processed');
is(stored(@calm), 2, 'a change of identity that is refused harms no other');
is_deeply([map { [@$_[0, 1]] } @{ quarantine() }], [[1, 'P0001']],
          'and is in quarantine');
$in->pg->psql('DROP TRIGGER raise ON lapor.identity');
clear('identity');


# several at once, in different entries, and a number in JSON that jsonb
# cannot hold

my @bad = map { message(text => 'ditolak', from => '9' x (300 + $_)) } 1 .. 3;
my $huge = message(type => 'order', from => phone(3), order => {});
my $huge_body = body($huge);
$huge_body =~ s/"order":\{\}/"order":{"n":1e9999999}/ or die;
$in->add(body($good[5], $bad[0]));
$in->add(body($bad[1], $bad[2], $good[6]));
$in->add($huge_body);
ok($in->drained, 'processed');
is(stored(@good[5, 6]), 2, 'the good ones are stored');
is(scalar @{ quarantine() }, 4, 'four are in quarantine');
is_deeply([sort map { $_->[1] } @{ quarantine() }],
          [qw(22003 23514 23514 23514)], 'with their reasons');
clear('several');


# webhooks that are none

my %none = ('not JSON' => '{"object":', 'empty' => '', 'array' => '[]',
            'another object' => '{"object":"page","entry":[]}',
            'deep' => '[' x 5000 . ']' x 5000, 'binary' => "\0\xff\xfe\x01");
for my $name (sort keys %none) {
    $in->add($none{$name});
    $in->add(body($good[7]));
    ok($in->drained, "$name: processed");
    is_deeply([map { @$_[0, 2] } @{ quarantine() }],
              [-1, sha256_hex($none{$name})], "$name: in quarantine");
    is($in->cell('SELECT count(*) FROM lapor.raw_webhook WHERE sha256 = '
                 . "'\\x" . sha256_hex($none{$name}) . "'"), 1,
       "$name: and kept raw");
    $in->pg->psql('TRUNCATE lapor.quarantine');
}
is(stored($good[7]), 1, 'the webhooks between are stored');


# entries that the module did not write

$in->add(undef, '00:msg', 't', '5');
$in->add(undef, '00:msg', 'x', 'y');
$in->add(undef, '00:msg', 'b', body($good[8]), 't', 'gestern');
ok($in->drained, 'processed');
is(scalar @{ quarantine() }, 2, 'entries without a body are in quarantine');
is(stored($good[8]), 1, 'one without a time is stored');
ok($in->cell('SELECT received_at > now() - interval \'1 minute\''
             . " FROM lapor.message WHERE wamid = '$good[8]{id}'") eq 't',
   'with the time of its entry');
clear('foreign');


# characters that no text column holds

my @odd = map { message(text => 'XX', from => phone(60 + $_)) } 1 .. 4;
my @texts = ('a\u0000b', 'a\ud83db', 'a\udc00\ud800b', "a\xff\xc0b");
for my $i (0 .. $#odd) {
    my $text = body($odd[$i]);
    $text =~ s/"XX"/"$texts[$i]"/ or die;
    $in->add($text);
}
ok($in->drained, 'processed');
is_deeply([map { $_->[0] } $in->rows(
    "SELECT encode(convert_to(body, 'UTF8'), 'hex') || damaged"
    . ' FROM lapor.message WHERE wamid IN ('
    . join(', ', map { "'$_->{id}'" } @odd)
    . ') ORDER BY length(wamid), wamid')],
    [map { $_ . 'true' } '61efbfbd62', '61efbfbd62', '61efbfbdefbfbd62',
     '61efbfbdefbfbd62'], 'are replaced, and the message is marked');

my $name = body(message(text => 'halo', from => phone(70)));
$name =~ s/"Warga"/"W\\u0000\\ud83d"/ or die;
my $extra = body(message(type => 'hologram', from => phone(71),
                         hologram => { a => 'XX' }));
$extra =~ s/"XX"/"\\u0000\\udfff\xfe"/ or die;
$in->add($name);
$in->add($extra);
ok($in->drained, 'processed');
is($in->cell("SELECT count(*) FROM lapor.message WHERE damaged"), 6,
   'in names and in details too');
is_deeply(quarantine(), [], 'none of that is a reason for quarantine');


# a media id that cannot be a key

$in->add(body(message(type => 'image', from => phone(80), id => 'wamid.long',
                      image => { id => 'x' x 9000 })));
ok($in->drained, 'processed');
is($in->cell("SELECT media_id IS NULL AND detail->'media'->>'id' IS NOT NULL"
             . " FROM lapor.message WHERE wamid = 'wamid.long'"), 't',
   'is kept in the detail');


# one long name, and many messages of his: a row of each must not hold it whole

my @many = map { message(text => "pesan $_", from => phone(81)) } 1 .. 200;
my $long = "\x{1f600}" x 50_000;
$in->add(body(value(messages => \@many, contacts => [
    { profile => { name => $long, username => $long },
      wa_id => phone(81) }])));
ok($in->drained, 'processed');
is(stored(@many), 200, 'all are stored');
is_deeply([$in->rows("SELECT DISTINCT char_length(detail->>'name'), damaged,
    octet_length(p.name) FROM lapor.message m
    JOIN lapor.report USING (part, report_id)
    JOIN lapor.reporter p USING (part, reporter_id)
    WHERE m.wamid = '$many[9]{id}'")], [[256, 't', 1024]],
   'with as much of the name as a name may have');

done_testing();
