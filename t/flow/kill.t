#!/usr/bin/perl

# kill -9 of every process, at random moments, while 2,000 webhooks come in
# as Meta sends them: again and again until there is a 200. Afterwards every
# accepted wamid is stored exactly once, every report answered exactly once,
# every photo kept, and no audit chain is broken.

use lib 't/lib';
use Lapor::Test;
use Lapor::Instance;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use Digest::SHA qw(sha256_hex);
use List::Util qw(shuffle);
use Time::HiRes qw(time sleep);

# a longer run by hand: LAPOR_WEBHOOKS=20000, a multiple of 40
use constant WEBHOOKS => $ENV{LAPOR_WEBHOOKS} || 2000;
use constant {
    SENDERS => WEBHOOKS / 5,
    PHOTOS  => WEBHOOKS / 10,
    CLIENTS => 4,
    PACE    => 0.03,        # between two of a client, so that all are killed
};                          #   while webhooks come in

my $lapor = Lapor::Instance->new;
my $dir = test_dir();
my @victims = qw(nginx redis postgres graph lapor-intake-0 lapor-media-0
                 lapor-reply-0);
my $seed = $ENV{LAPOR_SEED} || time() % 1_000_000 | 0;
srand $seed;
diag("LAPOR_SEED=$seed");

# a photo for every tenth webhook
my @photos = map { $lapor->graph('POST', 'media', "photo $_ " . 'x' x 5000,
                                 'Content-Type' => 'image/jpeg') } 1 .. PHOTOS;
is(scalar @photos, PHOTOS, 'photos are at the Graph API');


# client($n): its share of the webhooks, each until it is accepted

sub client {
    my ($n) = @_;

    open my $log, '>', "$dir/accepted.$n" or die;
    my $first = WEBHOOKS / CLIENTS * $n;
    my $conn;

    for my $k ($first .. $first + WEBHOOKS / CLIENTS - 1) {
        my ($wamid, $body) = $lapor->message(
            from => $lapor->phone($k % SENDERS),
            text => $k % 7 ? "laporan $k" : 'tolong ada begal bawa parang',
            $k % 10 == 0 ? (media => $photos[$k / 10]) : ());

        while (1) {
            $conn ||= Lapor::HTTP->connect($lapor->port);
            if ($conn) {
                $conn->write(Lapor::HTTP::signed_text($body, keepalive => 1,
                    secret => $lapor->env('APP_SECRET')));
                my $r = $conn->response(10, 'POST');
                last if $r->{status} == 200;
                undef $conn if $r->{status} <= 0
                    || ($r->{headers}{connection} || '') eq 'close';
            }
            sleep 0.05;
        }
        print $log "$wamid\n";
        sleep PACE;
    }
    close $log;
    return;
}


my @clients;
for my $n (0 .. CLIENTS - 1) {
    my $pid = fork;
    die "could not fork: $!" unless defined $pid;
    if ($pid == 0) {
        $SIG{PIPE} = 'IGNORE';
        client($n);
        POSIX::_exit(0);
    }
    Lapor::Test::adopt($pid);
    push @clients, $pid;
}

sub accepted {
    return map { split /\n/, slurp($_) } glob "$dir/accepted.*";
}

# each victim twice, in random order, as soon as the last one is back, then
# anybody while webhooks still come in; the second time an nginx worker alone,
# whose master lives on

my %killed;
my @order = shuffle(@victims, @victims);

while (grep { !defined Lapor::Test::reap($_) } @clients) {
    sleep 0.05 + rand 0.4;

    my $name = shift @order || $victims[rand @victims];
    my $pid = wait_until(sub { $lapor->pid($name) }, 60) or last;

    if ($name eq 'nginx' && $killed{nginx}) {
        my ($worker) = Lapor::Test::child_pids($pid);
        kill 'KILL', $worker if $worker;
        $killed{'an nginx worker'}++;
        next;
    }

    $lapor->kill9($name);
    $killed{$name}++;
    ok(wait_until(sub { my $new = $lapor->pid($name); $new && $new != $pid }, 60),
       "$name is started again");
}

# whoever was spared while the clients were faster than we
for my $name (@order) {
    my $pid = wait_until(sub { $lapor->pid($name) }, 60);
    $lapor->kill9($name);
    $killed{$name}++;
    ok(wait_until(sub { my $new = $lapor->pid($name); $new && $new != $pid }, 60),
       "$name is started again");
}

is_deeply([grep { !$killed{$_} } @victims], [], 'every process was killed');

diag(scalar(@order), ' were killed when all webhooks had come in') if @order;

my @accepted = accepted();
is(scalar @accepted, WEBHOOKS, 'every webhook was accepted in the end');

sub count { my $n = $lapor->psql($_[0]); return defined $n ? $n : -1 }

ok(wait_until(sub {
       count(q{SELECT count(*) FROM lapor.message WHERE direction = 'in'})
           >= WEBHOOKS }, 120), 'everything is stored');

my %stored;
$stored{ $_->[0] } = $_->[1]
    for $lapor->psql(q{SELECT wamid, count(*) FROM lapor.message
                        WHERE direction = 'in' GROUP BY wamid});
is_deeply([grep { ($stored{$_} || 0) != 1 } @accepted], [],
          'every accepted wamid is stored exactly once');
is(scalar keys %stored, WEBHOOKS, 'and nothing else is');

# an outcome unknown to the sender waits a minute for the status that tells; what
# PostgreSQL gave to a worker as it was killed waits for the end of the lease, as
# long as five minutes
ok(wait_until(sub {
       count(q{SELECT count(*) FROM lapor.task WHERE finished_at IS NULL})
           == 0 }, 420), 'every task has ended')
    or diag(explain([$lapor->psql(q{SELECT kind, state, attempts, failures,
                            unknowns, error FROM lapor.task
                            WHERE finished_at IS NULL LIMIT 20})]));

diag(join ', ', map { "$_->[0] $_->[1]" }
     $lapor->psql('SELECT kind, count(*) FROM lapor.event GROUP BY 1'));

is(count('SELECT count(*) FROM lapor.report'), SENDERS,
   'one report a conversation');

my (%by_key, %by_to);
for my $send ($lapor->sent) {
    $by_key{ $send->{body}{biz_opaque_callback_data} }++;
    $by_to{ $send->{to} }++;
}
is(scalar keys %by_to, SENDERS, 'every reporter was answered');
is_deeply([grep { $by_to{$_} != 1 } sort keys %by_to], [],
          'and exactly once');
is(count(q{SELECT count(*) FROM lapor.task
            WHERE kind = 'reply' AND state <> 'done'}), 0,
   'no answer failed');
is(count(q{SELECT count(*) FROM lapor.message WHERE direction = 'out'}),
   SENDERS, 'every answer is a message');

ok(wait_until(sub {
       count(q{SELECT count(*) FROM lapor.message
                WHERE direction = 'out' AND status <> 'read'}) == 0 }, 120),
   'and was read in the end, its states never falling')
    or diag(explain([$lapor->psql(q{SELECT status, count(*) FROM lapor.message
                            WHERE direction = 'out' GROUP BY status})]));

# photos
my @media = $lapor->psql(q{SELECT media_id, state, sha256, path
                             FROM lapor.media});
is(scalar @media, PHOTOS, 'every photo is known');
my %want = map { $_->{id} => $_->{sha256_hex} } @photos;
is_deeply([grep { $_->[1] ne 'stored' || $_->[2] ne $want{ $_->[0] }
                  || sha256_hex(slurp($lapor->env('MEDIA_DIR') . "/$_->[3]"))
                     ne $_->[2] } @media], [],
          'and its very bytes are kept');

is(count(q{SELECT count(*) FROM lapor.quarantine}), 0, 'nothing was put aside');
is(count(q{SELECT count(*) FROM lapor.report r
            WHERE NOT lapor.event_check(r.part, r.report_id)}), 0,
   'every audit chain is whole');

my $pending = 0;
for my $key (map { $lapor->redis('KEYS', "lapor:{*}:$_") } qw(msg status)) {
    my ($n) = $lapor->redis('XPENDING', $key, 'intake');
    $pending += $n || 0;
}
is($pending, 0, 'nothing is left pending in the streams');

# killed processes leave sockets and shared memory behind, which nginx tells
$lapor->expect(qr/exited on signal 9|open socket|worker process \d+ exited/);
$lapor->forbid('begal bawa parang', 'wamid.T');
done_testing();
