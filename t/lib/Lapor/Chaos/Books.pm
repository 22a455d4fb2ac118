package Lapor::Chaos::Books;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What was accepted during the chaos against what is stored.

use strict;
use warnings;

use Digest::SHA ();
use POSIX ();

use Lapor::Soak::Books ();
use Lapor::Test ();

use constant SAMPLES => 5;


# new($chaos) -> object; everything has been waited for, and still runs

sub new {
    my ($class, $chaos) = @_;

    my $self = bless { chaos => $chaos, lapor => $chaos->{lapor},
                       checks => [] }, $class;
    $self->read_ledgers;
    $self->check('it came to an end', join '; ', @{ $chaos->{problems} });
    $self->messages;
    $self->answers;
    $self->media;
    $self->aside;
    $self->whole;
    $self->reconcile;
    return $self;
}


# checks() -> [name, text that must be empty], ...; failed() -> those that fail

sub checks { return @{ $_[0]{checks} } }
sub failed { return grep { $_->[1] ne '' } $_[0]->checks }


sub check {
    my ($self, $name, $wrong) = @_;

    push @{ $self->{checks} }, [$name, $wrong];
    return;
}


# some(@things) -> their number and a few of them, '' if there are none

sub some {
    my (@things) = @_;

    return '' unless @things;
    my @few = @things > SAMPLES ? @things[0 .. SAMPLES - 1] : @things;
    return @things . ": @few" . (@things > @few ? ' ...' : '');
}


sub read_ledgers {
    my ($self) = @_;

    for my $file ($self->{chaos}->files) {
        my $count = Lapor::Soak::Books::counts("$file.counts");
        $self->{count}{$_} += $count->{$_} for keys %$count;

        for (split /\n/, Lapor::Test::slurp("$file.ledger")) {
            my ($what, $id, $sender, $album) = split / /;
            if ($what eq 'poison') {
                $self->{poison}{$id} = 1;
                next;
            }
            $self->{accepted}{$id} = 1;
            $self->{senders}{$sender} = 1;
            push @{ $self->{album}{"$sender.$album"} }, $id
                if $album ne '-';
        }
    }
    return;
}


sub messages {
    my ($self) = @_;

    my (%times, %report);
    for my $row ($self->{lapor}->psql(q{SELECT m.wamid, 'report '
            || m.report_id || ' of reporter ' || r.reporter_id || ', part '
            || r.part FROM lapor.message m JOIN lapor.report r
            USING (part, report_id) WHERE m.direction = 'in'}))
    {
        $times{ $row->[0] }++;
        $report{ $row->[0] } = $row->[1];
    }

    my $accepted = $self->{accepted};
    $self->{stored} = keys %times;
    $self->check('no accepted message is missing',
                 some(grep { !$times{$_} } sort keys %$accepted));
    $self->check('none is there twice',
                 some(grep { $times{$_} > 1 } sort keys %times));
    $self->check('none is foreign',
                 some(grep { !$accepted->{$_} } sort keys %times));

    my @split = map {
        my $album = $_;
        my %reports = map { ($report{$_} || 'nowhere') => 1 }
                      @{ $self->{album}{$album} };
        keys %reports > 1 ? "$album: " . join(' and ', sort keys %reports)
                          : ();
    } sort keys %{ $self->{album} };
    $self->check('no album is split', some(@split));
    return;
}


# answers(): what the Graph API has taken, against what we know of it

sub answers {
    my ($self) = @_;

    my %status = map { $_->[0] => $_->[1] } $self->{lapor}->psql(
        q{SELECT wamid, status FROM lapor.message WHERE direction = 'out'});
    my @sent = $self->{lapor}->sent;
    my (%key, %sent);
    $key{ $_->{body}{biz_opaque_callback_data} }++ for @sent;
    $sent{ $_->{wamid} } = 1 for @sent;

    $self->{answers} = @sent;
    $self->check('no answer was sent twice',
                 some(grep { $key{$_} > 1 } sort keys %key));
    $self->check('every answer is stored',
                 some(grep { !$status{$_} } sort keys %sent));
    $self->check('and no other is',
                 some(grep { !$sent{$_} } sort keys %status));
    $self->check('no status is behind what was told',
                 some(grep { $status{$_} ne 'read' } sort keys %status));
    $self->check('no status waits for a message', some(map { $_->[0] }
        $self->{lapor}->psql('SELECT wamid FROM lapor.status_wait')));
    return;
}


sub media {
    my ($self) = @_;

    my %want = map { $_->{id} => $_->{sha256_hex} }
               @{ $self->{chaos}{photos} };
    my $dir = $self->{lapor}->env('MEDIA_DIR');
    my @rows = $self->{lapor}->psql(
        'SELECT media_id, state, sha256, path FROM lapor.media');

    my $photos = 0;
    $photos += @$_ for values %{ $self->{album} };
    $self->check('every photo is known',
                 @rows == $photos ? '' : @rows . " of $photos");
    $self->check('and its very bytes are kept', some(map { $_->[0] } grep {
        $_->[1] ne 'stored' || $_->[2] ne ($want{ $_->[0] } || '')
            || Digest::SHA::sha256_hex(Lapor::Test::slurp("$dir/$_->[3]"))
               ne $_->[2]
    } @rows));
    return;
}


# aside(): the quarantine holds what is no webhook, and nothing else

sub aside {
    my ($self) = @_;

    my %aside = map { $_->[0] => $_->[1] } $self->{lapor}->psql(
        q{SELECT encode(sha256(body), 'hex'), min(reason)
            FROM lapor.quarantine GROUP BY 1});
    my $poison = $self->{poison} || {};

    $self->check('what is no webhook is put aside',
                 some(grep { !$aside{$_} } sort keys %$poison));
    $self->check('and nothing else is', some(map { $aside{$_} }
                                grep { !$poison->{$_} } sort keys %aside));
    return;
}


sub whole {
    my ($self) = @_;

    $self->check('every audit chain is whole', some(map { $_->[0] }
        $self->{lapor}->psql(q{SELECT r.code FROM lapor.report r
            WHERE NOT lapor.event_check(r.part, r.report_id)})));
    $self->check('every task is done', some(map { "@$_" }
        $self->{lapor}->psql(q{SELECT kind, state, error FROM lapor.task
            WHERE state <> 'done'})));
    return;
}


# reconcile(): what `laporctl reconcile` says, of the streams and of each item

sub reconcile {
    my ($self) = @_;

    my ($from, $to) = map { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) }
                      $self->{chaos}{began}, time() + 60;

    for my $how ([], ['--deep', '--from', $from, '--to', $to]) {
        my ($rc, $out, $err) = Lapor::Test::run_cmd({ timeout => 120 },
            Lapor::Test::build_path('laporctl'), '-c',
            $self->{lapor}->env('CONF'), 'reconcile', @$how);
        $self->check(join(' ', 'laporctl reconcile', $how->[0] || (),
                          'finds no difference'),
                     $rc ? "exit $rc: $out$err" : '');
    }
    return;
}


# table() -> what was done and what became of it

sub table {
    my ($self) = @_;

    my $told = $self->{chaos}{fault}->told;
    my $count = $self->{count};
    my @rows = (map({ [$_, $count->{$_}] } sort keys %$count),
        ['messages accepted', scalar keys %{ $self->{accepted} }],
        ['messages stored', $self->{stored}],
        ['senders', scalar keys %{ $self->{senders} }],
        ['albums', scalar keys %{ $self->{album} || {} }],
        ['answers', $self->{answers}],
        ['no webhooks', scalar keys %{ $self->{poison} || {} }],
        map { [$_, $told->{$_}] } sort keys %$told);

    return join '', map { sprintf "%-34s %10s\n", @$_ } @rows;
}


1;
