package Lapor::Demo;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# Plays a demo profile's webhooks as Meta would send them, and shows what
# became of each report beside what should have (conf/demo/NAME/expect.tsv).
# The people are new each time, so that a second play opens new reports.

use strict;
use warnings;

use JSON::PP ();
use Time::HiRes qw(time sleep);

use Lapor::Stack ();
use Lapor::System qw(slurp spew);

use constant {
    PATIENCE => 60,         # seconds until all should be as expected
    PEOPLE   => 50,         # numbers set aside for one play
    NUMBERS  => 10_000,     # in the fake range 62 800-0000-xxxx
};

my @COLUMNS = qw(category urgency function sensitive messages media answers);


sub new {
    my ($class, $stack) = @_;

    return bless { stack => $stack, state => $stack->dir . '/demo.json' },
        $class;
}


# play() -> 0 when everything became what it should

sub play {
    my ($self) = @_;

    my $stack = $self->{stack};
    my $people = {};

    open my $fh, '-|', $stack->build . '/laporctl', 'webhook', 'send',
         '--json', '--profile', $stack->{profile},
         '--demo-dir', $stack->repo . '/conf/demo',
         '--env', $stack->dir . '/env',
         '--from-base', $stack->{plays} * PEOPLE % NUMBERS
        or die "could not run laporctl: $!\n";

    while (my $line = <$fh>) {
        my $sent = JSON::PP::decode_json($line);
        my %named = (%{ $sent->{from} || {} }, %{ $sent->{user_id} || {} });
        $people->{$_} = $named{$_} for keys %named;
    }

    close $fh or die "the demo's webhooks were not all accepted\n";

    $stack->{plays}++;
    $stack->save;
    spew($self->{state}, JSON::PP->new->canonical->encode(
        { profile => $stack->{profile}, people => $people }), 0600);

    my $end = time() + PATIENCE * ($ENV{LAPOR_ASAN} ? 3 : 1);
    my @rows;

    do {
        @rows = $self->rows($people);
        sleep 0.2 if grep { !$_->{ok} } @rows;
    } while (grep({ !$_->{ok} } @rows) && time() < $end);

    return $self->show(@rows);
}


# table() -> what became of the last play, 0 if all is as it should be

sub table {
    my ($self) = @_;

    if (!-e $self->{state}) {
        $self->addresses;
        return 0;
    }

    my $state = JSON::PP::decode_json(slurp($self->{state}));
    return $self->show($self->rows($state->{people}));
}


# expected() -> one hash a report of expect.tsv

sub expected {
    my ($self) = @_;

    my ($head, @lines) = grep { /\S/ && !/^#/ } split /\r?\n/,
        slurp($self->{stack}->demo_dir . '/expect.tsv');
    my @names = split /\t/, $head;

    return map { my %row; @row{@names} = split /\t/, $_, -1; \%row } @lines;
}


# rows($people) -> the same, with {code}, {got} and {ok}

sub rows {
    my ($self, $people) = @_;

    my @expected = $self->expected;
    my %got = $self->reports(map { $people->{ $_->{from} } || () } @expected);

    for my $row (@expected) {
        my $number = $people->{ $row->{from} };
        my @reports = $number ? @{ $got{$number} || [] } : ();
        my $got = @reports == 1 ? $reports[0] : {};

        $row->{got} = $got;
        $row->{code} = @reports == 1 ? $got->{code}
                     : @reports ? @reports . ' reports' : 'none';
        $row->{wrong} = [grep {
            !defined $got->{$_} || $got->{$_} ne $row->{$_}
        } @COLUMNS];
        $row->{ok} = !@{ $row->{wrong} };
    }

    return @expected;
}


# reports(@identities) -> identity => [its reports]

sub reports {
    my ($self, @identities) = @_;

    return () unless @identities;

    my $list = join ',', map { "'$_'" } grep { /^[\w.]+$/ } @identities;
    my $sql = <<"EOF";
SELECT i.identity, r.code, r.category, r.urgency, r.function,
       r.sensitive::int,
       (SELECT count(*) FROM lapor.message m
         WHERE m.part = r.part AND m.report_id = r.report_id
           AND m.direction = 'in'),
       (SELECT count(*) FROM lapor.media m
         WHERE m.part = r.part AND m.report_id = r.report_id
           AND m.state = 'stored'),
       (SELECT count(*) FROM lapor.message m
         WHERE m.part = r.part AND m.report_id = r.report_id
           AND m.direction = 'out'),
       u.unit_code
  FROM lapor.identity i
  JOIN lapor.report r
    ON r.part = i.home_part AND r.reporter_id = i.reporter_id
  JOIN lapor.unit u ON u.unit_id = r.unit_id
 WHERE i.identity IN ($list)
 ORDER BY r.report_id
EOF

    open my $fh, '-|', 'psql', '-XAtq', '-F', "\t", '-c', $sql,
         $self->{stack}->env->{LAPOR_DATABASE_URL}
        or die "could not run psql: $!\n";

    my %found;
    while (my $line = <$fh>) {
        chomp $line;
        my ($identity, $code, @value) = split /\t/, $line;
        my %report = (code => $code, unit => pop @value);
        @report{@COLUMNS} = @value;
        push @{ $found{$identity} }, \%report;
    }
    close $fh or die "could not read the reports\n";

    return %found;
}


# show(@rows) -> 0 if all are as expected, else 1

sub show {
    my ($self, @rows) = @_;

    my $format = "%-4s %-12s %-18s %-17s %-3s %-10s %4s %5s %6s  %s\n";
    my $wrong = grep { !$_->{ok} } @rows;

    printf $format, '', 'code', 'report', 'category', 'P', 'function', 'msg',
           'media', 'answer', 'unit';

    for my $row (@rows) {
        my $got = $row->{got};

        printf $format, $row->{ok} ? 'ok' : 'NO', $row->{code}, $row->{name},
               map({ defined $got->{$_} ? $got->{$_} : '-' }
                   qw(category urgency function messages media answers unit));
        printf "     expected %s\n",
               join ', ', map { "$_ $row->{$_}" } @{ $row->{wrong} }
            unless $row->{ok};
    }

    printf "%d of %d reports are as they should be\n", @rows - $wrong,
           scalar @rows;
    $self->addresses;
    return $wrong ? 1 : 0;
}


sub addresses {
    my ($self) = @_;

    my $env = $self->{stack}->env;

    print "webhook  $env->{LAPOR_WEBHOOK_URL}\n",
          "status   $env->{LAPOR_STATUS_URL}\n",
          'more     ', $self->{stack}->dir, "/env\n";
    return;
}


1;
