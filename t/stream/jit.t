#!/usr/bin/perl

# What a worker's connections set on a server that compiles queries: nothing is
# compiled, unless the operator says options of his own.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;
use Lapor::Outbox;

# told($pg): each new connection that asks for the schema's version tells
sub told {
    my ($pg) = @_;
    $pg->psql(q{
        ALTER SYSTEM SET jit = on;
        SELECT pg_reload_conf();
        CREATE TABLE lapor.told (name text, jit text, mem text);
        ALTER TABLE lapor.told OWNER TO lapor_owner;
        CREATE OR REPLACE FUNCTION lapor.schema_version() RETURNS integer
        LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO lapor.told
            VALUES (current_setting('application_name'),
                    current_setting('jit'),
                    current_setting('work_mem'));
            RETURN (SELECT max(version) FROM lapor.schema_migration);
        END $$});
    ok(wait_until { $pg->psql('SHOW jit') eq 'on' } 10, 'the server compiles');
}

sub settings {
    my ($pg, $what, $want) = @_;
    ok(wait_until { $pg->psql('SELECT count(*) FROM lapor.told') } 10,
       "$what: is connected");
    is($pg->psql("SELECT string_agg(DISTINCT concat_ws(' ', name, jit, mem),"
                 . " ', ') FROM lapor.told"), $want, "$what: $want");
    $pg->psql('TRUNCATE lapor.told');
}

my $in = Lapor::Intake->new(start => 0);
told($in->pg);
my $worker = $in->worker;
settings($in->pg, 'lapor-intake', 'lapor-intake off 4MB');
is($worker->stop, 0, 'stopped');

# the operator's own options are all that is set
$worker->{common}{database} .= " options='-c work_mem=5MB'";
$worker->start;
settings($in->pg, 'options', 'lapor-intake on 5MB');
is($worker->stop, 0, 'stopped');

# an empty one, for a pooler that takes none
$worker->{common}{database} =~ s/ options=.*/ options=''/;
$worker->start;
settings($in->pg, 'no options', 'lapor-intake on 4MB');
is($worker->stop, 0, 'stopped');

# those that stand with a service, in a file that libpq reads
$worker->{env}{PGSERVICEFILE} = spew("$worker->{dir}/services",
    "[lapor]\n" . $in->pg->dsn('lapor_intake') =~ tr/ /\n/r
    . "\noptions=-c work_mem=6MB\n");
$worker->{common}{database} = 'service=lapor';
$worker->start;
settings($in->pg, 'service', 'lapor-intake on 6MB');
is($worker->stop, 0, 'stopped');

$worker->{env}{PGSERVICE} = 'lapor';
$worker->{common}{database} = 'dbname=lapor';
$worker->start;
settings($in->pg, 'PGSERVICE', 'lapor-intake on 6MB');
is($worker->stop, 0, 'stopped');

for my $kind (qw(media reply)) {
    my $t = Lapor::Outbox->new(kind => $kind);
    wait_until { $t->in->notified =~ /READY=1/ } 10;
    $t->in->stop;
    told($t->pg);
    $t->in->start;
    settings($t->pg, "lapor-$kind", "lapor-$kind off 4MB");
}

done_testing();
