# Secrets are changed while webhooks come in, by reload: app secrets, verify
# token, Redis' password. Nothing is lost, and a reload that nginx refuses
# changes nothing.

use Lapor::Test;
use Lapor::HTTP qw(post_signed get);
use Lapor::Nginx;
use Lapor::Redis;

my ($OLD, $NEW) = ('rahasia-lama', 'rahasia-baru');

my $redis = Lapor::Redis->new;
my $nginx = Lapor::Nginx->new(steady => 'this test reloads by itself');
$nginx->file('old', "$OLD\n", 0600);
$nginx->file('new', "$NEW\n", 0600);
$nginx->forbid($OLD, $NEW, 'kata-sandi', 'token-baru');
$nginx->allow_alert(qr/\[emerg\]/);

my $serial = 0;
my @stored;

sub configure {
    my (@secrets) = @_;

    $nginx->lapor(redis => $redis->address, workers => 2, timeout => '20s',
        location => join '', map { "lapor_app_secret_file %%DIR%%/$_;\n" }
        @secrets);
}

# burst($secret, $count) -> connections with a webhook each, whose heads and half
# of whose bodies were sent

sub burst {
    my ($secret, $count) = @_;

    my @open;
    for (1 .. $count) {
        my $body = sprintf '{"nomor":%06d,"isi":"%s"}', ++$serial,
                           'panjang ' x ($_ % 2 ? 1 : 3000);
        my $text = Lapor::HTTP::signed_text($body, secret => $secret);
        my $cut = length($text) - int length($body) / 2;
        my $conn = Lapor::HTTP->connect($nginx->port);
        $conn->write(substr $text, 0, $cut);
        push @open, [$conn, substr($text, $cut), $body];
    }
    return @open;
}

sub finish {
    my ($name, @open) = @_;

    $_->[0]->write($_->[1]) for @open;
    my $accepted = grep { $_->[0]->response->{status} == 200 } @open;
    is($accepted, scalar @open, $name);
    push @stored, map { $_->[2] } @open;
}

# the usual way: old, both, new; what began before a reload ends after it

configure('old');
$nginx->run;
finish('the old secret', burst($OLD, 20));
is(post_signed($nginx->port, 'x', secret => $NEW)->{status}, 403,
   'the new one is not known yet');

my @open = burst($OLD, 40);
configure('old', 'new');
$nginx->reload;
finish('begun before the reload, by the old one', @open);
finish('both: the old one', burst($OLD, 20));
finish('both: the new one', burst($NEW, 20));

@open = (burst($OLD, 20), burst($NEW, 20));
get($nginx->port, '/lapor_status');
configure('new');
$nginx->reload;
finish('begun before the old one was taken away', @open);
finish('the new one alone', burst($NEW, 20));
is(post_signed($nginx->port, 'y', secret => $OLD)->{status}, 403,
   'the old one is nothing any more');

# the same file with another content

$nginx->file('new', "$OLD\n", 0600);
is(post_signed($nginx->port, 'z', secret => $OLD)->{status}, 403,
   'a file that was changed is read by a reload, not before');
$nginx->reload;
finish('after it', burst($OLD, 10));

# what nginx refuses: the running one goes on

for my $case (['', 0600, 'an empty file'], ["$OLD\n", 0644, 'one for all'],
              ["a\nb\n", 0600, 'two lines'])
{
    my ($text, $mode, $name) = @$case;
    my @workers = $nginx->workers;
    my $before = () = $nginx->error_log =~ /\[emerg\]/g;
    unlink "$nginx->{dir}/new";
    $nginx->file('new', $text, $mode);
    kill 'HUP', $nginx->pid;
    ok((wait_until {
        my $now = () = $nginx->error_log =~ /\[emerg\]/g;
        $now > $before;
    } 10), "$name: the reload is refused");
    finish("$name: the running one accepts", burst($OLD, 10));
    is(join(' ', $nginx->workers), "@workers", "$name: by the same workers");
}
unlink "$nginx->{dir}/new";
$nginx->file('new', "$OLD\n", 0600);

# the verify token

sub handshake {
    return get($nginx->port, '/webhook/whatsapp?hub.mode=subscribe'
        . "&hub.challenge=7&hub.verify_token=$_[0]")->{status};
}

is(handshake($Lapor::Nginx::TOKEN), 200, 'the token');
is(handshake('token-baru'), 403, 'not another');
$nginx->file('verify_token', "token-baru\n", 0600);
$nginx->reload;
is(handshake('token-baru'), 200, 'the new token');
is(handshake($Lapor::Nginx::TOKEN), 403, 'not the old one');

# Redis' password: both hold for a while, then the old one is taken away

$redis->cmd(qw(ACL SETUSER penulis on >kata-sandi-lama ~lapor:* +xadd +select
               +client|setname +config|get +ping));
$nginx->file('password', "kata-sandi-lama\n", 0600);
$nginx->lapor(redis => $redis->address . ' user=penulis '
    . 'password_file=%%DIR%%/password', workers => 2, timeout => '20s',
    location => "lapor_app_secret_file %%DIR%%/new;\n");
my @old = $nginx->reload;
finish('a user with the rights that the directives name, and no others',
       burst($OLD, 20));

$redis->cmd(qw(ACL SETUSER penulis >kata-sandi-baru));
$nginx->file('password', "kata-sandi-baru\n", 0600);
@open = burst($OLD, 20);
@old = (@old, $nginx->reload);
finish('begun with the old password', @open);
$redis->cmd(qw(ACL SETUSER penulis <kata-sandi-lama));
finish('the new password', burst($OLD, 20));

my %count;
$count{ $_->{b} }++ for $redis->entries;
is(scalar(grep { ($count{$_} || 0) != 1 } @stored), 0,
   'each that was accepted is stored once');
is(scalar(keys %count), scalar @stored, 'and nothing else');

done_testing();
