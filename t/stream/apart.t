#!/usr/bin/perl

# On a distributed database lapor-intake calls the functions of a batch once
# for each part, on a plain one once for all parts. Both forms leave the same
# rows: two databases get the same webhooks, and one says that it is
# distributed.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use JSON::PP ();
use POSIX ();
use Time::HiRes ();

my $seed = $ENV{LAPOR_SEED} || int Time::HiRes::time();
srand $seed;
diag("LAPOR_SEED=$seed");

my $json = JSON::PP->new->utf8->canonical;
my $T = int time() - 600;       # all is said and received from then on
my $ms = $T * 1000;
my $began = POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime $T + 300);

my ($together, $apart) = map {
    Lapor::Intake->new(start => 0, own => { loops => 1 }, apart => $_,
                       pg => { config => { track_functions => 'pl' } })
} 0, 1;
my @both = ($together, $apart);
my %entries = map { $_ => {} } @both;

# post($stream, $body or sub ($intake) -> body): one webhook to both
my $posted = 0;
sub post {
    my ($stream, $body) = @_;

    $ms += 20;
    $posted++;
    for my $in (@both) {
        my $bytes = ref $body ? $body->($in) : $body;
        my $id = $in->add($bytes, $stream, 'b', $bytes, 't', $ms);
        # as it stands in rows, and in lapor.stream_count
        $entries{$in}{$_} = "entry $posted"
            for $id, sprintf '%020d%020d', split /-/, $id;
    }
}

# done($name): all that was posted, as one backlog in each
sub done {
    my ($name) = @_;

    for my $in (@both) {
        if ($in->in) { $in->in->start } else { $in->worker }
        $in->drained(60) or fail("$name: processed");
        $in->in->stop;
    }
}


# --- what is said

my @people = map { { phone => phone($_), id => "ID.$_", n => $_ } } 1 .. 50;
my $said = $T;
my @sent;
my %answers;

sub some { return @_[rand @_] }

sub says {
    my ($p, %more) = @_;

    my $way = rand 4;
    $said += 0.1;
    my %who = $way < 1 ? (from => $p->{phone})
        : $way < 2 ? (from => undef, from_user_id => $p->{id})
        : (from => $p->{phone}, from_user_id => $p->{id});
    my $m = message(timestamp => '' . int $said, %who, %more);
    push @sent, $m;
    return $m;
}

sub words {
    my ($p) = @_;

    my $about = @sent ? some(@sent)->{id} : 'wamid.none';
    my @kinds = (
        sub { (text => some('ada kebakaran rumah', 'lapor pak', 'selamat pagi',
                            'motor saya dicuri', 'BATAL', 'terima kasih',
                            'TOLONG ada begal', 'jalan rusak')) },
        sub { (type => 'image', image => { id => 'foto' . @sent,
                   mime_type => 'image/jpeg', caption => 'tabrakan' }) },
        sub { (type => 'location', location => {
                   latitude => 3.3 + rand 1, longitude => 117 + rand 1 }) },
        sub { (type => 'reaction', reaction => { message_id => $about,
                                                 emoji => '+' }) },
        sub { (text => 'masih ada', context => { id => $about }) },
    );
    return says($p, some(@kinds[0, 0, 0, 0 .. $#kinds])->());
}

# of one webhook: messages of several people, to one of two numbers
sub talk {
    my @who = map { some(@people) } 1 .. 1 + rand 4;
    my %value = (messages => [map { words($_) } @who]);
    $value{number} = '2220' if rand(4) < 1;
    $value{contacts} = [map { { profile => { name => "Warga $_->{n}",
        rand(3) < 1 ? (username => 'warga.' . int rand 9) : () },
        wa_id => $_->{phone}, user_id => $_->{id} } } @who] if rand(2) < 1;
    return body(value(%value));
}

# one who changes his number, his id, or the account behind his number
sub moves {
    my ($p) = @_;

    my %was = %$p;
    my $way = rand 3;
    $said += 0.1;
    $p->{phone} = phone(1000 + @sent + $p->{n}) if $way < 1;
    $p->{id} = "ID.$p->{n}." . @sent if $way >= 1;
    return body(words($p)) if $way >= 2;

    my $m = message(timestamp => '' . int $said, type => 'system',
        from => $was{phone}, system => $way < 1
            ? { type => 'user_changed_number', body => 'x',
                wa_id => $p->{phone} }
            : { type => 'user_changed_user_id', body => 'x',
                user_id => $p->{id}, previous_user_id => $was{id} });
    push @sent, $m;
    return body($m);
}

# the answers that were ordered, the same in both, by whom they are for
sub answers {
    my ($in) = @_;
    return map { { to => $_->[0], part => $_->[1], task => $_->[2],
                   wamid => "wamid.out $_->[3]" } } $in->rows(q{
        SELECT t.recipient, t.part, t.task_id,
               r.code || ' ' || t.occasion
          FROM lapor.task t JOIN lapor.report r USING (part, report_id)
         WHERE t.kind = 'reply' ORDER BY 4});
}

# statuses of an answer, with its key or without
sub told {
    my ($n) = @_;

    my ($of, $key) = (int rand $n, rand(5) < 4);
    my $states = some([qw(sent)], [qw(sent delivered)], [qw(failed)],
                      [qw(read sent)], [qw(delivered read sent)]);
    $said += 0.1;
    my $at = int $said;
    return sub {
        my ($in) = @_;
        my $a = $answers{$in}[$of];
        return body(map { status(id => $a->{wamid}, status => $_,
            timestamp => "$at", recipient_id => $a->{to},
            $key ? (biz_opaque_callback_data => "reply:$a->{part}:$a->{task}")
                 : (),
            $_ eq 'failed' ? (errors => [{ code => 131026, title => 'x' }])
                : (pricing => { billable => JSON::PP::false,
                       pricing_model => 'PMP', category => 'service',
                       type => 'free_customer_service' })) } @$states);
    };
}


# --- what is left, but for what is drawn or read from a clock

my %cut = map { $_ => 1 } qw(head prev hash history_id);
my %named = (report_id => 'report', link_report_id => 'report',
             reporter_id => 'reporter', from_reporter => 'reporter',
             to_reporter => 'reporter', other_id => 'reporter',
             message_id => 'message', task_id => 'task', raw_id => 'entry',
             entry_id => 'entry', last => 'entry');

# names($in) -> {kind => {id => what it is known by in both}}
sub names {
    my ($in) = @_;

    my %sql = (report => 'SELECT report_id, code FROM lapor.report',
        message => 'SELECT message_id, wamid FROM lapor.message',
        task => q{
            SELECT t.task_id, concat_ws(' ', r.code, t.kind, t.occasion,
                                        t.media_id)
              FROM lapor.task t JOIN lapor.report r USING (part, report_id)},
        reporter => q{
            SELECT p.reporter_id, concat_ws(' ', p.part,
                (SELECT string_agg(i.identity, ' ' ORDER BY i.identity)
                   FROM (SELECT identity, reporter_id FROM lapor.identity
                         UNION SELECT identity, reporter_id
                                 FROM lapor.identity_past) i
                  WHERE i.reporter_id = p.reporter_id),
                (SELECT string_agg(r.code, ' ' ORDER BY r.code)
                   FROM lapor.report r
                  WHERE r.reporter_id = p.reporter_id))
              FROM lapor.reporter p});
    my %name = map { my $kind = $_; ($kind => {
        map { $_->[0] => "$kind $_->[1]" } $in->rows($sql{$kind}) }) }
        keys %sql;

    $name{entry} = { %{ $entries{$in} },
        map { $_->[0] => $entries{$in}{ $_->[1] } } $in->rows(
            'SELECT raw_id, entry_id FROM lapor.raw_webhook ORDER BY 2') };
    return \%name;
}

sub plain {
    my ($name, $value, $key) = @_;

    return { map { $_ => plain($name, $value->{$_}, $_) }
             grep { !$cut{$_} } keys %$value } if ref $value eq 'HASH';
    return [map { plain($name, $_, '') } @$value] if ref $value eq 'ARRAY';
    return $value if !defined $value || ref $value;
    return $name->{ $named{$key} }{$value} || "unknown $key"
        if $named{$key};
    return $value =~ /^\d{4}-\d\d-\d\dT\d\d:/ && $value gt $began ? 'later'
                                                                  : $value;
}

# left($in) -> every row of every table
sub left {
    my ($in) = @_;

    my $name = names($in);
    my @tables = map { $_->[0] } $in->rows(q{
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'lapor'::regnamespace
           AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname <> 'schema_migration'
         ORDER BY 1});

    return [map {
        my $table = $_;
        # a status's webhook names the task, and that has an id of its own
        my $less = $table eq 'raw_webhook' ? " - '{sha256,body}'::text[]"
            # told once in ten seconds
            : $table eq 'alert' ? " - CASE WHEN t.kind IN ('account_error',"
                . " 'number_unregistered') THEN '{times,detail}'::text[]"
                . " ELSE '{}' END"
            : '';
        sort map { "$table " . $json->encode(plain($name,
                       $json->decode($_->[0]), '')) }
            $in->rows("SET timezone = 'UTC';"
                      . " SELECT to_jsonb(t)$less FROM lapor.$table t");
    } @tables];
}

sub same {
    my ($name) = @_;

    my ($one, $two) = map { left($_) } @both;
    my (%one, %two);
    $one{$_}++ for @$one;
    $two{$_}++ for @$two;
    my @less = grep { ($two{$_} || 0) < $one{$_} } sort keys %one;
    my @more = grep { ($one{$_} || 0) < $two{$_} } sort keys %two;
    is(scalar grep({ /"unknown / } @$one, @$two), 0, 'of known ids');
    ok(@$one > 100 && !@less && !@more, "$name: the same rows")
        or diag(map { substr($_, 0, 900) . "\n" } map({ "- $_" } @less),
                map({ "+ $_" } @more));
}


# --- the rounds

for my $in (@both) {
    $in->pg->psql("SELECT lapor.unit_put('POLDA-KALTARA', 'polda', 'polda',"
        . " 'Polda Kaltara', NULL, NULL, NULL, true, '2220', NULL)");
}

my @talks = map { talk() } 1 .. 90;
post('00:msg', $_) for @talks, map { some(@talks) } 1 .. 15;
done('people who are new');
same('people who are new');

@talks = map { rand(3) < 1 ? moves(some(@people)) : talk() } 1 .. 90;
post('00:msg', $_) for @talks, map { some(@talks) } 1 .. 15;
done('people who are known');
same('people who are known');
cmp_ok($together->cell('SELECT count(*) FROM lapor.identity_history'), '>', 10,
       'identities have moved');

# half of the answers are known to have gone out before their statuses come
%answers = map { $_ => [answers($_)] } @both;
my $n = @{ $answers{$together} };
cmp_ok($n, '>', 20, 'there are answers');
for my $in (@both) {
    $in->pg->psql(join '', map {
        "SELECT lapor.reply_sent($_->{part}\::smallint, $_->{task},"
        . " '$_->{wamid}', to_timestamp($T));"
    } map { $answers{$in}[$_ * 2] } 0 .. ($n - 1) / 2);
}
post('00:status', told($n)) for 1 .. 120;
done('statuses');
same('statuses');
cmp_ok($together->cell('SELECT count(*) FROM lapor.status_wait'), '>', 0,
       'some wait for their message');
cmp_ok($together->cell("SELECT count(*) FROM lapor.event
                         WHERE kind = 'answer_undelivered'"), '>', 0,
       'some did not arrive');

post('00:msg', rand(2) < 1 ? told($n) : talk()) for 1 .. 120;
done('all at once');
same('all at once');

for my $in (@both) {
    is($in->cell('SELECT count(*) FROM lapor.report'
                 . ' WHERE NOT lapor.event_check(part, report_id)'), 0,
       'every audit chain is whole');
    is($in->cell('SELECT count(*) FROM lapor.quarantine'), 0,
       'nothing failed');
}

# each function that can take all parts was called for all, or for each
my %calls = map { my $in = $_; ($in => { map { @$_ } $in->rows(q{
    SELECT f.funcname, f.calls FROM pg_stat_user_functions f
      JOIN pg_proc p ON p.oid = f.funcid
     WHERE 'p_parts' = ANY (p.proargnames)
       AND has_function_privilege('lapor_intake', p.oid, 'EXECUTE')}) }) }
    @both;
for my $function (sort keys %{ $calls{$apart} }) {
    cmp_ok($calls{$together}{$function} || 0, '<=',
           $calls{$apart}{$function} / 3,
           "$function is called for all parts, or for each");
}
cmp_ok(scalar keys %{ $calls{$apart} }, '>=', 5, 'there are such functions');

done_testing();
