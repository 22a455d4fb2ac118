#!/usr/bin/perl

# The schema keeps the rules under which the same files run on plain
# PostgreSQL and distributed (doc/architecture.md, "Placement"): checked from
# the catalogue, from the functions' sources, and from the statements that the
# workers send.

use lib 't/lib';
use Lapor::Test;
use Lapor::Pg;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $pg = Lapor::Pg->new;
my $repo = repo_dir();

$pg->psql('SELECT lapor.months_ahead(2)');

# whole on every node: small, seldom written, about no report
my %reference = map { $_ => 1 }
                qw(unit phone_number unit_area unit_rule officer text
                   schema_migration error_code);

# functions that work on no part, or on all of them, and why they may
my %any_part = (
    event_hash => 'a value', code_make => 'a value', code_read => 'a value',
    phone_mask => 'a value', time_ms => 'a value', ms_time => 'a value',
    distribute => 'a migration\'s', distribute_reference => 'a migration\'s',
    distributed => 'looks at the database',
    claim_time => 'a value', schema_version => 'reads a reference table',
    months_ahead => 'makes partitions',
    task_due => 'looks at one part after the other',
    task_backlog => 'likewise',
    alert_open_counts => 'counts over all parts',
    default_months => 'likewise',
    report_list => 'a person\'s look over all parts',
    report_show => 'finds the part in the code',
    stream_done => 'sums over all parts', reconcile_last => 'reads one row',
    silence => 'looks at numbers, whose messages lie in all parts',
    number_heard => 'likewise', number_answered => 'likewise',
    number_days => 'likewise',
    error_advice => 'reads a reference table',
    unit_put => 'writes reference tables',
    unit_area_put => 'writes reference tables',
    unit_rule_put => 'writes reference tables',
    officer_put => 'writes reference tables',
    intake_rules => 'reads reference tables',
    intake_texts => 'reads a reference table',
    id_draw => 'draws numbers',
);

my @tables = $pg->psql(q{
    SELECT c.relname, c.relkind, a.attname, a.atttypid::regtype, a.attnotnull
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
     WHERE c.relnamespace = 'lapor'::regnamespace
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     ORDER BY 1});
my %big;

for my $row (@tables) {
    my ($table, $kind, $first, $type, $not_null) = @$row;
    next if $reference{$table};

    $big{$table} = $kind;
    ok($first eq 'part' && $type eq 'smallint' && $not_null eq 't',
       "$table begins with its part");
}

cmp_ok(scalar keys %big, '>=', 12, 'the big tables were found');

# rules 1, 3: keys
my @keys = $pg->psql(q{
    SELECT t.relname, i.relname, a.attname, x.indisprimary
      FROM pg_index x
      JOIN pg_class t ON t.oid = x.indrelid
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
     WHERE t.relnamespace = 'lapor'::regnamespace AND x.indisunique
       AND NOT t.relispartition});
my %primary;

for my $row (@keys) {
    my ($table, $index, $first, $is_primary) = @$row;
    $primary{$table} = 1 if $is_primary eq 't';
    is($first, 'part', "$index begins with the part") if $big{$table};
}
is(join(' ', grep { !$primary{$_} } sort keys %big), '',
   'every big table has a primary key');

is($pg->psql(q{SELECT string_agg(a.attname, ' ' ORDER BY k.n)
                 FROM pg_index x, unnest(x.indkey) WITH ORDINALITY k (no, n),
                      pg_attribute a
                WHERE x.indrelid = 'lapor.seen'::regclass AND x.indisprimary
                  AND a.attrelid = x.indrelid AND a.attnum = k.no}),
   'part wamid sent_at', 'dedupe goes by part, wamid and the sender\'s time');

# rules 4, 5, 6: foreign keys
my @foreign = $pg->psql(q{
    SELECT c.conname, t.relname, f.relname, f.relkind, a.attname
      FROM pg_constraint c
      JOIN pg_class t ON t.oid = c.conrelid
      JOIN pg_class f ON f.oid = c.confrelid
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
     WHERE c.contype = 'f' AND t.relnamespace = 'lapor'::regnamespace
       AND NOT t.relispartition});

for my $row (@foreign) {
    my ($name, $table, $target, $kind, $first) = @$row;

    ok(!$big{$target} || $first eq 'part', "$name begins with the part");
    ok(!$reference{$table} || $reference{$target},
       "$name does not lead from a shared table to a big one");
    isnt($kind, 'p', "$name does not lead to a table with months");
}
cmp_ok(scalar @foreign, '>=', 4, 'there are foreign keys');

my $files = join '', map { slurp($_) } sort glob "$repo/schema/0*.sql";

for my $table (sort keys %big) {
    my $create = index $files, "CREATE TABLE lapor.$table (";
    my $spread = index $files, "lapor.distribute('lapor.$table')";
    my ($index) = $files =~ /\bINDEX \w+\s+ON lapor\.$table\b/ ? $-[0] : ();
    my ($add) = $files =~ /ALTER TABLE lapor\.$table ADD CONSTRAINT \w+\s+FOREIGN/
                ? $-[0] : ();

    ok($create >= 0 && $spread > $create, "$table is distributed");
    ok((!defined $index || $index > $spread)
       && (!defined $add || $add > ($index || $spread)),
       "$table: table, distribution, indexes, foreign keys, in this order");

    my ($body) = substr($files, $create) =~ /\A(.*?);\n/s;
    unlike($body, qr/\bREFERENCES\b/, "$table has no inline foreign key");
}

# rule 13
is($pg->psql(q{SELECT count(*) FROM pg_trigger t JOIN pg_class c
                 ON c.oid = t.tgrelid
                WHERE c.relnamespace = 'lapor'::regnamespace
                  AND NOT t.tgisinternal}), 0, 'there are no triggers');

# rule 12
is($pg->psql(q{SELECT string_agg(sequencename || ' ' || data_type, ', ')
                 FROM pg_sequences WHERE schemaname = 'lapor'
                  AND sequencename <> 'unit_unit_id_seq'}),
   'id_seq bigint', 'ids of reports and the like come from a wide sequence');

# rules 7 to 11, 13: functions
my @functions = $pg->psql(q{
    SELECT p.proname, l.lanname, coalesce(p.proargnames[1], ''),
           coalesce((p.proargtypes::regtype[])[0]::text, ''), p.prosrc,
           p.prosecdef,
           coalesce(array_to_string(p.proconfig, ' '), '')
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
     WHERE p.pronamespace = 'lapor'::regnamespace ORDER BY 1});
my %function;
my $volatile = qr/\b(?:now|random|clock_timestamp|statement_timestamp)\s*\(/;

for my $row (@functions) {
    my ($name, $language, $argument, $type, $source, $definer, $config) = @$row;

    $function{$name} = $definer;
    is($language, 'plpgsql', "$name is written in plpgsql");

    $source =~ s/--.*$//mg;
    $source =~ s/'[^']*'/''/g;

    if ($any_part{$name}) {
        pass("$name: $any_part{$name}");
    } else {
        is("$argument $type", 'p_part smallint',
           "$name works on one part and takes it first");
    }

    unlike($source, qr/\b(?:MERGE\s+INTO|NOTIFY|pg_notify)\b/i,
           "$name neither merges nor notifies");
    unlike($source, qr/\bSET\s+part\s*=/i, "$name never moves a row");
    unlike($source, qr/DO UPDATE\s+SET(?:(?!;).)*?$volatile/s,
           "$name: no clock and no dice in DO UPDATE");

    my @unbound;
    while ($source =~ /\bJOIN\s+lapor\.(\w+)\s+(\w+)\s+ON\b((?:(?!\bJOIN\b|\bWHERE\b|\bORDER\b).)*)/sg)
    {
        push @unbound, $1 if $big{$1} && $3 !~ /\b$2\.part\s*=/;
    }
    while ($source =~ /\b(?:FROM|UPDATE|INTO)\s+lapor\.(\w+)\b((?:(?!;).)*)/sg)
    {
        my ($table, $rest) = ($1, $2);
        push @unbound, $table
            if $big{$table} && !$any_part{$name}
               && $rest !~ /\bp_part\b/
               && $rest !~ /\bSELECT\s+p_report\.\*/;     # a row with its part
    }
    is("@unbound", '', "$name names the part of whatever it touches");

    if ($source =~ /SKIP\s+LOCKED/) {
        like($source, qr/\bpart\s*=\s*p_part\b(?:(?!;).)*SKIP\s+LOCKED/s,
             "$name claims within one part");
    }

    if ($definer eq 't') {
        like($config, qr/search_path=lapor, pg_temp/,
             "$name cannot be led astray by a search path");
    }
}

# the workers' statements: functions only, never a table
for my $worker (qw(intake media reply)) {
    my (%called, @wrong);

    for my $file (glob "$repo/workers/$worker/*.c") {
        my $text = slurp($file);
        $text =~ s{/\*.*?\*/}{}sg;
        while ($text =~ /\blapor\.([a-z_]+)/g) {
            next if $1 eq 'conf';
            $called{$1} = 1;
            push @wrong, "$file: $1" unless exists $function{$1};
        }
        push @wrong, "$file: $1"
            while $text =~ /"\s*((?:INSERT INTO|UPDATE|DELETE FROM|LISTEN)\b[^"]*)/g;
    }

    cmp_ok(scalar keys %called, '>=', 3, "lapor-$worker calls functions");
    is("@wrong", '', "lapor-$worker touches no table itself");

    for my $name (sort keys %called) {
        is($pg->psql("SELECT bool_and(has_function_privilege('lapor_$worker',
                          p.oid, 'EXECUTE')) FROM pg_proc p
                       WHERE p.pronamespace = 'lapor'::regnamespace
                         AND p.proname = '$name'"), 't',
           "lapor_$worker may call $name");
    }
}

# every month's table and a default one
for my $table (grep { $big{$_} eq 'p' } sort keys %big) {
    is($pg->psql("SELECT count(*) FROM pg_inherits i
                    JOIN pg_class c ON c.oid = i.inhrelid
                   WHERE i.inhparent = 'lapor.$table'::regclass
                     AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'"), 1,
       "$table takes a row of any age");
    cmp_ok($pg->psql("SELECT count(*) FROM pg_inherits
                       WHERE inhparent = 'lapor.$table'::regclass"), '>=', 4,
           "$table has months ahead");
}

done_testing();
