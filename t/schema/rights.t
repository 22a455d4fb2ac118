#!/usr/bin/perl

# Each worker's role may call its own functions and nothing else; readers
# read; nobody but the owner can touch the audit.

use lib 't/lib';
use Lapor::Test;
use Lapor::Pg;

my $pg = Lapor::Pg->new;
my @workers = qw(lapor_intake lapor_media lapor_reply);

# fails($role, $sql) -> the message with which it is refused, '' if it is not
sub refusal {
    my ($role, $sql) = @_;
    eval { $pg->psql($sql, $role); 1 } and return '';
    return $@;
}

my @tables = map { $_->[0] } $pg->psql(q{
    SELECT relname FROM pg_class
     WHERE relnamespace = 'lapor'::regnamespace AND relkind IN ('r', 'p')});
cmp_ok(scalar @tables, '>', 15, 'tables were found');

for my $role (@workers) {
    is($pg->psql("SELECT count(*) FROM pg_class c
                   WHERE c.relnamespace = 'lapor'::regnamespace
                     AND c.relkind IN ('r', 'p')
                     AND has_table_privilege('$role', c.oid,
                         'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"), 0,
       "$role has no right to any table");
    like(refusal($role, 'SELECT body FROM lapor.message'),
         qr/permission denied/, "$role cannot read messages");
    like(refusal($role, 'CREATE TABLE lapor.mine (a int)'),
         qr/permission denied/, "$role makes no tables");
}

for my $role (qw(lapor_reader lapor_ctl)) {
    is($pg->psql("SELECT count(*) FROM pg_class c
                   WHERE c.relnamespace = 'lapor'::regnamespace
                     AND c.relkind IN ('r', 'p')
                     AND NOT has_table_privilege('$role', c.oid, 'SELECT')"),
       0, "$role reads every table, months made later too");
    is($pg->psql("SELECT count(*) FROM pg_class c
                   WHERE c.relnamespace = 'lapor'::regnamespace
                     AND c.relkind IN ('r', 'p')
                     AND has_table_privilege('$role', c.oid,
                         'INSERT, UPDATE, DELETE, TRUNCATE')"), 0,
       "$role writes none");
    like(refusal($role, "UPDATE lapor.event SET actor = 'x'"),
         qr/permission denied/, "$role cannot change the audit");
}

# a month's table made by a worker is the reader's as well
$pg->psql('SELECT lapor.months_ahead(14)', 'lapor_intake');
is($pg->psql("SELECT count(*) FROM pg_class c
               WHERE c.relnamespace = 'lapor'::regnamespace
                 AND c.relkind = 'r'
                 AND NOT has_table_privilege('lapor_reader', c.oid,
                                             'SELECT')"), 0,
   'months made by a worker are readable');

like(refusal('lapor_media', "SELECT lapor.reply_claim(1::smallint, 'x', 1, '1 s')"),
     qr/permission denied/, 'lapor_media does not send');
like(refusal('lapor_reply', "SELECT lapor.media_claim(1::smallint, 'x', 1, '1 s')"),
     qr/permission denied/, 'lapor_reply does not download');
like(refusal('lapor_reader', "SELECT lapor.unit_put('X1', 'polda', 'polda',
     'X', NULL, NULL, NULL, true, NULL, NULL)"), qr/permission denied/,
     'lapor_reader makes no units');
like(refusal('lapor_intake', "SELECT lapor.event_append(1::smallint, 1,
     'x', 'x', '{}')"), qr/permission denied/,
     'the audit is written by the functions alone');

is($pg->psql("SELECT count(*) FROM pg_proc p
               WHERE p.pronamespace = 'lapor'::regnamespace
                 AND has_function_privilege('public', p.oid, 'EXECUTE')"), 0,
   'the public may call nothing');

for my $role (@workers, qw(lapor_ctl lapor_reader)) {
    my $settings = $pg->psql("SELECT array_to_string(rolconfig, ' ')
                                FROM pg_roles WHERE rolname = '$role'");
    for my $name (qw(statement_timeout lock_timeout
                     idle_in_transaction_session_timeout))
    {
        like($settings, qr/\b$name=\d+s/, "$role has a $name");
    }
}

done_testing();
