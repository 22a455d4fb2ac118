#!/usr/bin/perl

# SIGHUP: a worker reads its whole file again. A wrong one changes nothing and
# is told with its line; of a right one, what may change at run time does, and
# the rest is named. Secrets are read again, too.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Metrics;
use Lapor::Outbox;

my $port = free_port();
my %base = (metrics => "127.0.0.1:$port", poll => '100ms');



# reloader($kind, $worker) -> code that writes its settings anew, some of them
# changed (undef: left out), and returns what it says to the SIGHUP

sub reloader {
    my ($kind, $in) = @_;
    my $pair = qr/RELOADING=1\nMONOTONIC_USEC=\d+\nREADY=1/;

    return sub {
        my (%own) = @_;
        my $before = length $in->log;
        my $n = () = $in->notified =~ /$pair/g;

        $in->{own} = { %{ $in->{own} }, %own };
        delete $in->{own}{$_} for grep { !defined $own{$_} } keys %own;
        $in->write_conf;
        $in->signal('HUP');
        ok(wait_until { (() = $in->notified =~ /$pair/g) > $n } 10,
           "$kind: reloading, and ready");
        return substr $in->log, $before;
    };
}


for my $kind (qw(media reply)) {
    my $t = Lapor::Outbox->new(kind => $kind, own => { %base });
    my $in = $t->in;
    my $reloads = sub { qq(lapor_reloads_total{result="$_[0]"}) };
    my $reload = reloader($kind, $in);

    ok(wait_until { $in->notified =~ /READY=1/ } 10, "$kind: ready");
    like($reload->(), qr/read again changed=0 waiting=0/,
         "$kind: nothing has changed");

    my $said = $reload->(concurrency => 3, name => "$kind-7");
    like($said, qr/a setting has changed key=concurrency/,
         "$kind: what may change does");
    like($said, qr/<4>a changed setting waits for a restart key=name/,
         "$kind: what may not is named");

    $in->allow(qr/configuration stays as it was/);
    my $line = 1 + (split /^poll/m, slurp($in->conf_path))[0] =~ tr/\n//;
    $said = $reload->(name => "$kind-0", poll => 'soon');
    like($said, qr/<3>configuration stays as it was: \Q@{[ $in->conf_path ]}\E:$line: key "poll" wants a duration/,
         "$kind: a wrong value is told with file and line");
    $said = $reload->(poll => '100ms', unheard => 1);
    like($said, qr/stays as it was: .*:\d+: there is no key "unheard"/,
         "$kind: so is a key that nobody knows");
    is(metric($port, $reloads->('refused')), 2, "$kind: both are counted");
    is(metric($port, $reloads->('applied')), 2, "$kind: and so is the rest");

    my $r = $t->report($kind eq 'media'
        ? (media => { mime => 'image/jpeg',
                      %{ $t->graph->upload('x', 'image/jpeg') } })
        : (answers => 1));
    ok($t->wait_task($r, $kind eq 'media' ? 'media' : 'answer',
                     { state => 'done' }), "$kind: it goes on");

    # another log level, for the next line
    $said = $reload->(unheard => undef, log_level => 'error');
    my $before = length $in->log;
    $reload->(concurrency => 4);
    is(substr($in->log, $before), '', "$kind: nothing but errors is logged");
    $reload->(log_level => 'debug');

    # the token in another file, and then that file with other words
    spew("$in->{dir}/token2", $t->graph->token . "\n", 0600);
    $said = $reload->(graph_token => "$in->{dir}/token2");
    like($said, qr/changed key=graph_token/, "$kind: another token's file");
    unlike($said, qr/it is another one/, "$kind: with the same token");
    spew("$in->{dir}/token2", "new\n", 0600);
    like($reload->(), qr/the access token was read again, it is another one/,
         "$kind: a new token, without a restart");
    spew("$in->{dir}/token2", "two\nlines\n", 0600);
    like($reload->(), qr/stays as it was: .* is not one line of text/,
         "$kind: one that cannot be it");

    # a password of PostgreSQL, for the next connection
    spew("$in->{dir}/password", "x\n", 0600);
    like($reload->(graph_token => "$t->{dir}/token",
                   database_password => "$in->{dir}/password"),
         qr/changed key=database_password/, "$kind: a password");
    unlike($in->log, qr/\Q@{[ $t->graph->token ]}\E/, "$kind: no secret said");
    $in->stop;
}



# lapor-intake: all its loops get what has changed, while they work

{
    my $t = Lapor::Intake->new(own => { loops => 3, summary => '1h',
                                        metrics => "127.0.0.1:$port" });
    my $in = $t->in;
    my $reload = reloader('intake', $in);

    ok(wait_until { $in->notified =~ /READY=1/ } 10, 'intake: ready');
    $t->add(body(message(text => 'lapor', from => phone(1))));
    ok($t->drained, 'intake: works');
    unlike($in->log, qr/stored webhooks=/, 'intake: says nothing for an hour');

    my $said = $reload->(summary => '1s', batch => 7, batch_min => 7,
                         lease => '900ms', loops => 5);
    like($said, qr/changed key=$_\n/, "intake: $_ changes")
        for qw(summary batch batch_min lease);
    like($said, qr/waits for a restart key=loops/, 'intake: loops cannot');
    ok(wait_until { $in->log =~ /stored webhooks=1 / } 10,
       'intake: the new pace of its line holds');
    ok(wait_until { my @ttl = map { $t->redis->cmd('PTTL', $_) }
                        @{ $t->redis->cmd('KEYS', 'lapor:{*}:owner') };
                    @ttl == 256 && !grep { $_ > 900 } @ttl } 15,
       'intake: so does the new lease, in every loop');

    $in->allow(qr/configuration stays as it was/);
    like($reload->(batch => 'many'), qr/:\d+: key "batch" wants/,
         'intake: a wrong value is told');
    spew("$in->{dir}/password", "x\n", 0600);
    like($reload->(batch => 9, redis_password => "$in->{dir}/password"),
         qr/changed key=redis_password/, 'intake: a password');

    # which the next connections need
    $t->redis->cmd('CONFIG', 'SET', 'requirepass', 'x');
    $t->redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    $t->add(body(message(text => 'lapor lagi', from => phone(2))));
    ok($t->drained, 'intake: is what it now connects with');
    $t->redis->cmd('CONFIG', 'SET', 'requirepass', '');
    is(metric($port, 'lapor_reloads_total{result="applied"}'), 2,
       'intake: what was applied is counted');
    $in->stop;
}

done_testing();
