#!/usr/bin/perl

# A worker that has worked, and whose new connections PostgreSQL refuses for a
# while: a role that may not log in, a right that is gone, a schema that is not
# there. It says so and tries again; ended, nobody would start it again.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Outbox;

my $refusals = qr/could not connect to|not usable now|could not store/;

# what refuses, how it is done and undone, what is said, and what must have been
# said before it
my @ways = (
    ['a role that may not log in', '', '',
     qr/<3>could not connect to the database: .*28000/],
    ['a schema that is not there',
     'ALTER SCHEMA lapor RENAME TO hidden',
     'ALTER SCHEMA hidden RENAME TO lapor',
     qr/<3>the database is not usable now: .*lapor/],
    ['a schema without its version',
     'CREATE TABLE was AS SELECT * FROM lapor.schema_migration;'
     . ' DELETE FROM lapor.schema_migration',
     'INSERT INTO lapor.schema_migration SELECT * FROM was; DROP TABLE was',
     qr/<3>the database is not usable now: schema is of another version/],
);

# shut($pg, $role): nobody of that role is there, or comes
sub shut {
    my ($pg, $role) = @_;
    $pg->psql("ALTER ROLE $role NOLOGIN; SELECT pg_terminate_backend(pid)"
              . " FROM pg_stat_activity WHERE usename = '$role'");
}

# refuse($pg, $worker, $role, $way, $work): work comes while it is refused, and
# is done when it is not
sub refuse {
    my ($pg, $worker, $role, $way, $work) = @_;
    my ($name, $take, $give, $said, $first) = @$way;
    my $before = length $worker->log;

    shut($pg, $role);
    !$first || ok(wait_until { substr($worker->log, $before) =~ $first } 15,
                  "$role, $name: after another refusal")
        or diag substr $worker->log, $before;
    $pg->psql("$take; ALTER ROLE $role LOGIN") if $take;
    ok(wait_until { substr($worker->log, $before) =~ $said } 15,
       "$role, $name: it says so") or diag substr $worker->log, $before;
    my $told = length $worker->notified;
    ok(wait_until { length $worker->notified > $told } 15,
       "$role, $name: its turns go on");
    ok(Lapor::Test::alive($worker->pid), "$role, $name: it lives");
    my @lines = substr($worker->log, $before) =~ /$said/g;
    is(@lines, 1, "$role, $name: said once");

    $pg->psql($give || "ALTER ROLE $role LOGIN");
    $work->("$role, $name: and works again");
    $said !~ /usable/
        || like(substr($worker->log, $before),
                qr/\A(?!.*usable again.*usable again).*is usable again$/ms,
                "$role, $name: and says so, once");
}


# --- lapor-intake

my $in = Lapor::Intake->new(own => { loops => 1, lease => '2s' },
                            env => { WATCHDOG_USEC => 400_000 });
$in->in->allow($refusals);
my $store = sub {
    $in->add(body(message(text => 'lapor', from => phone(1))));
    ok($in->drained(30), $_[0]);
};
$store->('lapor_intake: at first');
refuse($in->pg, $in->in, 'lapor_intake', $_, $store) for @ways;

# of the right version, and yet not to be asked
my $ask = 'EXECUTE ON FUNCTION lapor.distributed()';
refuse($in->pg, $in->in, 'lapor_intake',
       ['a right that is gone', "REVOKE $ask FROM lapor_intake",
        "GRANT $ask TO lapor_intake",
        qr/could not store yet, trying again: .*distributed/,
        qr/could not store yet, trying again: .*28000/], $store);

# in the middle of a batch
my $lock = $in->hold;
$in->add(body(message(text => 'lapor', from => phone(2))));
ok(wait_until { $in->waits } 10, 'a batch waits');
my $before = length $in->in->log;
shut($in->pg, 'lapor_intake');
ok(wait_until { substr($in->in->log, $before) =~ /<3>could not connect to/ } 15,
   'refused in the middle of a batch');
$in->release($lock);
$in->pg->psql('ALTER ROLE lapor_intake LOGIN');
ok($in->drained(30), 'it is stored');

# at the start it is a wrong configuration as before
is($in->in->stop, 0, 'stopped');
$in->pg->psql('ALTER ROLE lapor_intake NOLOGIN');
$in->in->allow(qr/database is not usable/);
$in->in->start;
is($in->in->ended(10), 78, 'refused at the start: exit 78');


# --- lapor-media, lapor-reply

for my $kind (qw(media reply)) {
    my $t = Lapor::Outbox->new(kind => $kind, own => { poll => '100ms' });
    my $worker = $t->in;
    my $role = "lapor_$kind";
    $worker->allow($refusals);
    wait_until { $worker->notified =~ /READY=1/ } 10;
    $worker->stop;
    $worker->{env} = { WATCHDOG_USEC => 400_000 };
    $worker->start;

    my $work = sub {
        my $r = $t->report($kind eq 'media'
            ? (media => { mime => 'image/jpeg',
                          %{ $t->graph->upload($_[0], 'image/jpeg') } })
            : (answers => 1));
        ok($t->wait_task($r, $kind eq 'media' ? 'media' : 'answer',
                         { state => 'done' }, 30), $_[0]);
    };
    $work->("$role: at first");
    refuse($t->pg, $worker, $role, $_, $work) for @ways;
    is($worker->stop, 0, "$role: stopped");
}

done_testing();
