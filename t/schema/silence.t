#!/usr/bin/perl

# lapor.silence: an outage is told from a quiet hour by what each number had
# in the same hours of other days. Histories are made here, message by
# message; the moment at which they are looked at is fixed.

use lib 't/lib';
use Lapor::Test;
use Lapor::Pg;

use JSON::PP ();
use POSIX ();

my $pg = Lapor::Pg->new;
my $json = JSON::PP->new->utf8;

# Wednesday the 18th of March 2026, 00:00 in Jakarta, as Unix time
my $DAY0 = 1773766800;
my $HOUR = 3600;
my $DAY = 24 * $HOUR;
my $serial = 0;
my (%hours, @rows);


# when($day, $hours) -> seconds; day 0 is the one looked at, -1 the day before

sub when { return $DAY0 + $_[0] * $DAY + $_[1] * $HOUR }


sub sql_time {
    my ($at) = @_;

    return defined $at
        ? POSIX::strftime("'%Y-%m-%d %H:%M:%S+00'", gmtime $at) : 'NULL';
}


# add($number, $received, key => value ...): one message, of a person of its
# own unless one is named

sub add {
    my ($number, $received, %more) = @_;

    $serial++;
    my $person = exists $more{person} ? $more{person} : $serial;
    my $sent = exists $more{sent} ? $more{sent} : $received;
    my $out = $more{read_at};

    push @rows, '(' . join(', ', $person % 256, $serial, 1000000 + $person,
        defined $sent ? sql_time($sent) : "'epoch'", sql_time($received),
        $out ? 'NULL, 1' : '1, NULL', $out ? "'out'" : "'in'", "'text'",
        "'wamid.$serial'", "'$number'", $out ? "'read'" : 'NULL',
        sql_time($out && $received), sql_time($out)) . ')';
}


sub flush_rows {
    while (my @part = splice @rows, 0, 5000) {
        $pg->psql('INSERT INTO lapor.message (part, message_id, report_id, '
            . 'sent_at, received_at, raw_id, task_id, direction, type, wamid,'
            . ' phone_number_id, status, accepted_at, read_at) VALUES '
            . join(', ', @part));
    }
}


# days($number, $count, $from, $to, @days): on each of these days so many
# persons, evenly between two hours, the first and the last a bit inside of
# them

sub days {
    my ($number, $count, $from, $to, @days) = @_;

    my $first = $serial;
    $serial += $count * @days;
    $pg->psql("INSERT INTO lapor.message (part, message_id, report_id,
            sent_at, received_at, raw_id, direction, type, wamid,
            phone_number_id)
        SELECT id % 256, id, 1000000 + id, at, at, 1, 'in', 'text',
               'wamid.' || id, '$number'
          FROM (SELECT $first + row_number() OVER () AS id,
                       to_timestamp($DAY0 + d.day * $DAY + $HOUR
                           * ($from + ($to - $from) * (k - 0.5) / $count))
                       AS at
                  FROM unnest(ARRAY[" . join(',', @days) . "]) AS d (day),
                       generate_series(1, $count) AS k) q");
}


sub unit {
    my ($code, $number) = @_;

    $pg->psql("SELECT lapor.unit_put('$code', 'polres', 'polres', '$code',
        NULL, NULL, NULL, true, '$number', NULL)");
}


# look($number, $at [, $minutes]) -> the object of one number

sub look {
    my ($number, $at, $minutes) = @_;

    flush_rows();
    my ($found) = grep { $_->{phone_number_id} eq $number }
        map { $json->decode($_->[0]) }
        $pg->psql('SELECT s::text FROM lapor.silence('
                  . ($minutes || 15) . ', ' . sql_time($at) . ') s',
                  'lapor_reader');
    return $found || {};
}


sub verdict_is {
    my ($number, $at, $verdict, $name) = @_;

    my $found = look($number, $at);
    is($found->{verdict}, $verdict, $name)
        or diag(JSON::PP->new->canonical->pretty->encode($found));
    return $found;
}


# months that a database of a year and a half has
for my $k (0 .. 18) {
    my ($from, $to) = map {
        sprintf '%04d-%02d-01 00:00+00', 2024 + int(($_ + 8) / 12),
                ($_ + 8) % 12 + 1
    } $k, $k + 1;
    my $name = 'message_' . $from =~ s/^(\d+)-(\d+).*/$1_$2/r;
    $pg->psql("CREATE TABLE lapor.$name PARTITION OF lapor.message
               FOR VALUES FROM ('$from') TO ('$to')");
}

unit("POLRES-$_", $_) for 1001 .. 1017;


subtest 'a busy number, 5,000 persons a day' => sub {
    days(1001, 625, 9, 12, -15 .. -1);
    days(1001, 208, 9, 10, 0);

    my $found = verdict_is(1001, when(0, 10.2), 'alive',
                           'twelve minutes are nothing yet');
    is($found->{expected}, undef, 'and nothing is computed');
    is($found->{unit}, 'POLRES-1001', 'the unit is told');

    $found = verdict_is(1001, when(0, 10.3), 'silent', '18 minutes are');
    cmp_ok(abs($found->{expected} - 0.3 * 5000 / 24), '<', 5,
           'expected is what other days had');
    is($found->{days}, 14, 'of two weeks');
    is($found->{silent_minutes}, 18, 'how long is told');
    like($found->{last_at}, qr/^2026-03-18T02:59:5\d/, 'and since when');

    is(look(1001, when(0, 10.3), 20)->{verdict}, 'alive',
       'unless one waits longer');
};

subtest 'nights' => sub {
    days(1002, 800, 5, 23, -15 .. -1);

    verdict_is(1002, when(-1, 27.5), 'quiet', 'half past three');
    verdict_is(1002, when(0, 5), 'quiet', 'the moment when it always begins');
    verdict_is(1002, when(0, 5.5), 'silent', 'half an hour later');
    add(1002, when(0, 5.1));
    verdict_is(1002, when(0, 5.12), 'alive', 'one message is enough');
};

subtest '50 messages a day' => sub {
    days(1003, 50, 6, 23, -15 .. -1);
    days(1003, 12, 6, 10, 0);

    verdict_is(1003, when(0, 10.5), 'quiet', 'half an hour is usual');
    verdict_is(1003, when(0, 12), 'quiet', 'two hours may happen');
    my $found = verdict_is(1003, when(0, 13), 'silent', 'three do not');
    cmp_ok($found->{expected}, '>=', 8, 'eight persons are missing');
};

subtest 'no history' => sub {
    verdict_is(1004, when(0, 12), 'never', 'a number that had nothing');

    days(1005, 300, 0, 24, -5 .. -1);
    my $found = verdict_is(1005, when(0, 12), 'new', 'a new number');
    is($found->{days}, 4, 'days that are known as a whole');
    verdict_is(1005, when(-1, 23.99), 'alive', 'while it has messages');

    days(1006, 300, 0, 24, -9 .. -1);
    $found = verdict_is(1006, when(0, 12), 'silent', 'a week is enough');
    is($found->{days}, 8, 'of what there is');
};

subtest 'statuses are life' => sub {
    days(1007, 625, 0, 3, -15 .. -1);
    add(1007, when(-1, 23.9), read_at => when(0, 2), sent => when(-1, 23.9));

    verdict_is(1007, when(0, 2.1), 'alive', 'one came in time');
    my $found = verdict_is(1007, when(0, 2.5), 'silent',
                           'that was half an hour ago');
    is($found->{silent_minutes}, 30, 'and counts as the last sign');
    add(1007, when(0, 2.2), read_at => when(0, 9), sent => when(0, 2.2));
    is(look(1007, when(0, 2.6))->{verdict}, 'silent',
       'one of the future does not count');
};

subtest 'for days' => sub {
    days(1008, 200, 0, 24, -70 .. -56);
    days(1008, 200, 0, 24, -40 .. -1);

    for my $hours (23, 25, 47, 49, 24 * 13, 24 * 30, 24 * 90) {
        my $found = look(1008, when(0, $hours));
        is($found->{verdict}, 'silent', "$hours hours are an alarm");
        is($found->{days}, 14, 'seen from the days before it');
    }
    cmp_ok(abs(look(1008, when(2, 0))->{expected} - 400), '<=', 2,
           'what is expected grows with the days');
    is(look(1008, when(-48, 0))->{verdict}, 'silent', 'an earlier gap, too');
};

subtest 'few, but each day' => sub {
    days(1009, 3, 8, 20, -30 .. -1);

    verdict_is(1009, when(1, 12), 'quiet', 'a day and a half');
    verdict_is(1009, when(2, 18), 'silent', 'nearly three days');
};

subtest 'what must not count' => sub {
    days(1010, 2, 8, 20, -30 .. -1);
    days(1010, 2000, 8, 20, -3);
    verdict_is(1010, when(0, 18), 'quiet', 'a flood of one day');

    for my $day (-20 .. -1) {
        add(1011, when($day, 9 + $_ / 100), person => $day) for 1 .. 100;
    }
    verdict_is(1011, when(0, 18), 'quiet', 'a hundred photos of one person');

    days(1012, 400, 0, 24, grep { $_ < -5 || $_ > -3 } -20 .. -1);
    verdict_is(1012, when(0, 3), 'silent',
               'three dead days do not hide the next');

    days(1013, 400, 0, 24, -15 .. -1);
    verdict_is(1014, when(0, 3), 'never',
               'the messages of another number');
};

subtest 'times of Meta' => sub {
    days(1015, 625, 0, 3, -15 .. -1);
    verdict_is(1015, when(0, 1), 'silent', 'an hour without anything');
    add(1015, when(0, 0.9), sent => undef);
    verdict_is(1015, when(0, 1), 'alive', 'a message without a time');
    add(1015, when(0, 1.9), sent => when(-6.9, 0));
    verdict_is(1015, when(0, 2), 'alive', 'one that Meta repeated for days');
};

subtest 'units and numbers out of use' => sub {
    $pg->psql("UPDATE lapor.unit SET active = false
                WHERE unit_code = 'POLRES-1001'");
    is_deeply(look(1001, when(0, 12)), {}, 'a unit');
    $pg->psql("UPDATE lapor.phone_number SET active = false
                WHERE phone_number_id = '1002'");
    is_deeply(look(1002, when(0, 12)), {}, 'a number');
    is($pg->psql('SELECT count(*) FROM lapor.silence(15, now()) s'), 15,
       'all others are told, each once');
};

subtest 'chance' => sub {
    # persons who come independently, as the function supposes, 50 a day and
    # none at night; about two alarms a year are what it allows itself
    srand 110;
    for my $number (1016, 1017) {
        my $at = 0;
        while (($at -= log(1 - rand) * 17 / 50) < 17 * 50) {
            my $day = int $at / 17;
            add($number, int when($day - 50, 6 + $at - 17 * $day));
        }
    }
    flush_rows();
    $pg->psql('UPDATE lapor.phone_number
                  SET active = phone_number_id IN ($$1016$$, $$1017$$)');

    my ($from, $to) = map { sql_time(when($_, 0)) } -20, 0;
    my @alarms = $pg->psql("SELECT DISTINCT s->'phone_number_id', s->'last_at'
        FROM generate_series($from\::timestamptz, $to, '2 hours') t,
             lapor.silence(15, t) s WHERE s->>'verdict' = 'silent'");
    cmp_ok(scalar @alarms, '<=', 1, 'chance alone raises no alarm');
    verdict_is($_, when(0, 14), 'silent', 'its end does') for 1016, 1017;
    $pg->psql('UPDATE lapor.phone_number SET active = true');
};

subtest 'who may, and what it costs' => sub {
    ok(scalar $pg->psql("SELECT has_function_privilege('$_', p.oid, 'EXECUTE')
                           FROM pg_proc p WHERE p.proname = 'silence'") eq 't',
       "$_ may look") for qw(lapor_ctl lapor_reader);
    ok(!eval { $pg->psql('SELECT lapor.silence(15, now())', 'lapor_intake') },
       'lapor_intake may not');
    like($@, qr/permission denied/, 'at all');
    ok(!eval { $pg->psql("SELECT lapor.number_heard('1001', now())",
                         'lapor_reader') }, 'the parts of it are its own');

    # old months have rows, too
    days($_, 20, 0, 24, -530 .. -100) for 1001 .. 1014;
    $pg->psql('ANALYZE lapor.message');

    my $scans = "SELECT relname, coalesce(seq_scan, 0), coalesce(idx_scan, 0)
                   FROM pg_stat_user_tables WHERE relname ~ '^message_20'
                  ORDER BY 1";
    my $now = sql_time(when(0, 12));
    my %before = map { $_->[0] => $_ } $pg->psql($scans);
    $pg->psql("SELECT count(*) FROM lapor.silence(15, $now)");
    my @after = $pg->psql($scans);
    my @seq = grep { $_->[1] > $before{ $_->[0] }[1] } @after;
    my @old = grep { $_->[0] lt 'message_2025_08'
                     && $_->[2] > $before{ $_->[0] }[2] + 2 } @after;

    is(join(' ', map { $_->[0] } @seq), '', 'no month is read as a whole');
    is(join(' ', map { "$_->[0] $_->[2]" } @old), '',
       'an old one is asked for the newest of numbers that seem dead');
    ok((grep { $_->[0] eq 'message_2026_03'
               && $_->[2] > $before{ $_->[0] }[2] } @after),
       'this one is read');
};

done_testing();
