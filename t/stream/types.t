#!/usr/bin/perl

# Every type of message is stored as itself, with all its ids, and what is
# not a message is kept too.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use Digest::SHA qw(sha256_hex sha256_base64);
use JSON::PP ();

my $in = Lapor::Intake->new;
my $sha = sha256_hex('photo');
my $sha64 = sha256_base64('photo') . '=';
my %media = (mime_type => 'image/jpeg', sha256 => $sha64);

my %types = (
    text => { body => 'ada begal di jalan yos sudarso, pakai parang' },
    image => { id => '1001', %media, caption => 'ini fotonya pak' },
    video => { id => '1002', mime_type => 'video/mp4', sha256 => $sha },
    audio => { id => '1003', mime_type => 'audio/ogg; codecs=opus',
               sha256 => 'unreadable', voice => JSON::PP::true },
    document => { id => '1004', mime_type => 'application/pdf',
                  filename => '../../etc/passwd', caption => 'surat' },
    sticker => { id => '1005', mime_type => 'image/webp',
                 animated => JSON::PP::false },
    location => { latitude => 3.3274, longitude => 117.5785,
                  name => 'Pasar Gusher', address => 'Tarakan' },
    contacts => [{ name => { formatted_name => 'Pak RT' },
                   org => { company => 'PT', department => 'Gudang',
                            title => 'Kepala' },
                   birthday => '1990-02-28',
                   emails => [{ email => 'rt@example.com', type => 'WORK' }],
                   urls => [{ url => 'https://example.com/' }],
                   addresses => [{ city => 'Tarakan', type => 'HOME' }],
                   phones => [{ phone => '+62 800-0000-7777',
                                wa_id => phone(7777) }] }],
    interactive => { type => 'button_reply',
                     button_reply => { id => 'b1', title => 'Ya' } },
    button => { payload => 'P', text => 'Lapor' },
    reaction => { message_id => 'wamid.other', emoji => "\x{1f44d}" },
    order => { catalog_id => 'c', product_items => [] },
    system => { type => 'user_changed_number', body => 'changed',
                wa_id => phone(99) },
    edit => { original_message_id => 'wamid.e', message => {
              type => 'text', text => { body => 'kebakaran di pasar' } } },
    revoke => { original_message_id => 'wamid.r' },
    unsupported => { type => 'poll_creation' },
    hologram => { id => '1006', mime_type => 'x/y', caption => 'masa depan' },
);

my %wamid;
my $n = 0;
for my $type (sort keys %types) {
    my $m = message(type => $type, $type => $types{$type},
                    from => phone(100 + $n++), from_user_id => "ID.$n",
                    $type eq 'unsupported'
                        ? (errors => [{ code => 131051, title => 'No' }])
                        : (),
                    $type eq 'text'
                        ? (identity => { acknowledged => JSON::PP::false,
                               hash => 'k1=' },
                           context => { id => 'wamid.ctx', from => phone(3),
                               forwarded => JSON::PP::true },
                           referral => { source_id => 's', headline => 'h' })
                        : ());
    $wamid{$type} = $m->{id};
    # as contacts[] has it where the identity check is on
    my $body = body($m);
    $body =~ s/"wa_id":"$m->{from}"/$&,"identity_key_hash":"k1="/
        if $type eq 'text';
    $in->add($body, sprintf('%02x:msg', $n));
}

ok($in->drained, 'all entries are processed');

for my $type (sort keys %types) {
    my ($row) = $in->rows("SELECT type, direction, status FROM lapor.message"
                          . " WHERE wamid = '$wamid{$type}'");
    is_deeply($row, [$type, 'in', undef], "$type is stored as itself");
}

sub detail {
    my ($type, $path) = @_;
    return $in->cell("SELECT detail #>> '{$path}' FROM lapor.message"
                     . " WHERE wamid = '$wamid{$type}'");
}

sub body_of {
    return $in->cell('SELECT body FROM lapor.message'
                     . " WHERE wamid = '$wamid{$_[0]}'");
}

sub report {
    my ($type, $column) = @_;
    return $in->cell("SELECT r.$column FROM lapor.report r"
        . ' JOIN lapor.message m USING (part, report_id)'
        . " WHERE m.wamid = '$wamid{$type}'");
}

is(body_of('text'), $types{text}{body}, 'words');
is(detail('text', 'context,wamid'), 'wamid.ctx', 'context');
is(detail('text', 'context,forwarded'), 'true', 'forwarded');
is(detail('text', 'referral,headline'), 'h', 'referral');
is(detail('text', 'name'), 'Warga', 'name of the profile');
is(report('text', 'category'), 'curas', 'words are classified');
is(report('text', 'urgency'), 'P1', 'urgency of the words');

is(body_of('image'), 'ini fotonya pak', 'caption is the body');
is(detail('location', 'location,name'), 'Pasar Gusher', 'name of a place');
is(report('location', 'lat'), '3.3274', 'latitude');
is(report('location', 'lon'), '117.5785', 'longitude');
is(report('location', 'urgency'), 'P2', 'a place is never below P2');
is(detail('contacts', 'contacts,0,phones,0,wa_id'), phone(7777), 'card');
is(join(' ', map { detail('contacts', 'contacts,0,' . $_ =~ tr/./,/r) }
        qw(department title birthday emails.0.email emails.0.type urls.0.url
           addresses.0.city)),
   'Gudang Kepala 1990-02-28 rt@example.com WORK https://example.com/ Tarakan',
   'all else of a card');
is(detail('text', 'identity_key_hash'), 'k1=', 'key of the sender\'s device');
is(detail('text', 'identity,acknowledged'), 'false', 'which is a new one');
is(detail('interactive', 'interactive,id'), 'b1', 'button id');
is(body_of('interactive'), 'Ya', 'button title');
is(detail('button', 'button,payload'), 'P', 'payload of a template button');
is(detail('reaction', 'reaction,wamid'), 'wamid.other', 'reacted to');
is(detail('system', 'system,wa_id'), phone(99), 'new number');
is(detail('edit', 'revision,wamid'), 'wamid.e', 'edited message');
is(body_of('edit'), 'kebakaran di pasar', 'edited words');
is(detail('revoke', 'revision,wamid'), 'wamid.r', 'revoked message');
is(detail('unsupported', 'unsupported'), 'poll_creation', 'unsupported what');
is(detail('unsupported', 'errors,0,code'), '131051', 'error of a message');
is(detail('hologram', 'item,hologram,id'), '1006', 'unknown type is whole');
is(detail('audio', 'media,voice'), 'true', 'voice note');
is(report('audio', 'urgency'), 'P2', 'a voice note alone');
is(report('audio', 'category'), 'ambigu', '... is nobody\'s yet');
is(report('unsupported', 'urgency'), 'P2', 'what cannot be shown');

my %media_row = map { $_->[0] => [@$_[1 .. 4]] } $in->rows(
    'SELECT media_id, kind, announced_sha256, filename, state'
    . ' FROM lapor.media');
is_deeply(\%media_row, {
    1001 => ['image', $sha, undef, 'pending'],
    1002 => ['video', $sha, undef, 'pending'],
    1003 => ['audio', undef, undef, 'pending'],
    1004 => ['document', undef, '../../etc/passwd', 'pending'],
    1005 => ['sticker', undef, undef, 'pending'],
    1006 => ['hologram', undef, undef, 'pending'],
}, 'media, base64 and hex hashes, and an unreadable one');

is($in->cell("SELECT count(*) FROM lapor.task WHERE kind = 'media'"), 6,
   'each has its task');
is($in->cell('SELECT count(*) FROM lapor.report'), scalar keys %types,
   'a report a sender');
is_deeply([map { $_->[0] } $in->rows('SELECT m.type FROM lapor.message m'
    . ' LEFT JOIN lapor.task t ON t.part = m.part'
    . " AND t.report_id = m.report_id AND t.kind = 'reply'"
    . ' WHERE t.task_id IS NULL ORDER BY 1')],
    [qw(edit reaction revoke system)], 'what is not answered');
is($in->cell('SELECT count(*) FROM lapor.identity'), 2 * keys %types,
   'both identities of each');
is($in->cell('SELECT count(*) FROM lapor.raw_webhook r'
             . ' WHERE sha256 = sha256(body)'
             . ' AND EXISTS (SELECT FROM lapor.message m'
             . ' WHERE m.raw_id = r.raw_id)'),
   scalar keys %types, 'raw webhooks are kept, and messages name them');
is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0, 'nothing failed');


# what is about the account

my @notices = (
    { field => 'security', value => { event => 'PIN_CHANGED' } },
    { field => 'account_update', value => { event => 'DISABLED_UPDATE' } },
    { field => 'calls', value => { metadata => {}, calls => [{}] } },
    value(errors => [{ code => 130429, title => 'Rate limit hit' }]),
);
$in->add(body(@notices));
$in->add(body(@notices));
$in->add(body(status(status => 'warning')), '00:status');
ok($in->drained, 'notices are processed');

is_deeply([map { $_->[0] } $in->rows('SELECT field FROM lapor.notice'
                                     . ' ORDER BY 1')],
          [qw(account_update calls messages messages security)],
          'notices are kept, once however often they come');
is($in->cell("SELECT data->>'event' FROM lapor.notice"
             . " WHERE field = 'security'"), 'PIN_CHANGED', 'with their data');

like($in->in->notified, qr/READY=1/, 'ready');
ok(wait_until { $in->in->notified =~ /STATUS=redis up, postgres up/ } 10,
   'status');

done_testing();
