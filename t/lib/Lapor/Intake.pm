package Lapor::Intake;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# lapor-intake between a Redis and a PostgreSQL of its own; and webhooks as
# Meta would post them.

use strict;
use warnings;

use Carp ();
use JSON::PP ();
use Time::HiRes qw(time);

use Lapor::Pg ();
use Lapor::Redis ();
use Lapor::Test ();
use Lapor::Worker ();

use base 'Exporter';
our @EXPORT = qw(message status body value phone);

# of nobody: as all numbers in our tests, 62 800-0000-xxxx
use constant {
    NUMBER_ID => '106540352242922',
    WABA_ID   => '102290129340398',
};

my $json = JSON::PP->new->ascii->canonical->allow_nonref;
my $serial = 0;


# new(own => {key => value}, start => 1, pg => {}, env => {}, apart => 0) ->
# object with running servers and, unless start is 0, one lapor-intake. apart
# (LAPOR_APART=1 for all): the database says that it is distributed, so that
# each call takes one part

sub new {
    my ($class, %opt) = @_;

    my $self = bless { keys => {}, workers => [], env => $opt{env} || {} },
               $class;
    $self->{pg} = Lapor::Pg->new(%{ $opt{pg} || {} });
    $self->{redis} = Lapor::Redis->new;
    $self->{own} = $opt{own} || {};
    $self->{pg}->psql('CREATE OR REPLACE FUNCTION lapor.distributed() RETURNS'
        . ' boolean LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN true; END $$')
        if exists $opt{apart} ? $opt{apart} : $ENV{LAPOR_APART};
    $self->worker unless defined $opt{start} && !$opt{start};
    return $self;
}


sub pg    { return $_[0]{pg} }
sub redis { return $_[0]{redis} }
sub in    { return $_[0]{workers}[0] }


# worker(consumer => name, ...) -> one more lapor-intake

sub worker {
    my ($self, %own) = @_;

    my $worker = Lapor::Worker->new(name => 'lapor-intake',
        section => 'intake', env => $self->{env},
        common => { redis => $self->{redis}->address,
                    database => $self->{pg}->dsn('lapor_intake'),
                    log_level => 'debug' },
        own => { block => '100ms', trim => '10ms', %{ $self->{own} }, %own });
    push @{ $self->{workers} }, $worker;
    return $worker;
}


# add($body [, $stream]) -> entry id; the stream is like "00:msg"

sub add {
    my ($self, $body, $stream, @fields) = @_;

    my ($nn, $kind) = split /:/, $stream || '00:msg';
    my $key = "lapor:{$nn}:$kind";
    $self->{keys}{$key} = 1;
    @fields = ('b', $body, 't', int(time() * 1000)) unless @fields;
    return $self->{redis}->cmd('XADD', $key, '*', @fields);
}


# drained($seconds): waits until everything added is acknowledged

sub drained {
    my ($self, $seconds) = @_;

    return Lapor::Test::wait_until {
        $_->notified for @{ $self->{workers} };
        !grep { !$self->key_drained($_) } keys %{ $self->{keys} }
    } $seconds || 15, 'the streams to be processed';
}


sub key_drained {
    my ($self, $key) = @_;

    my $ok = eval {
        my %stream = @{ $self->{redis}->cmd('XINFO', 'STREAM', $key) };
        my ($group) = grep { $_->{name} eq 'intake' } map { +{ @$_ } }
                      @{ $self->{redis}->cmd('XINFO', 'GROUPS', $key) };
        # a stream whose last id was set higher has no lag all the same
        $group && $group->{pending} == 0
            && ($group->{'last-delivered-id'} eq $stream{'last-generated-id'}
                || defined $group->{lag} && $group->{lag} == 0);
    };
    return $ok;
}


# hold($sql) -> what $sql locks, for up to two minutes, until release($lock);
# without it a lock that keeps every batch from its end

sub hold {
    my ($self, $sql) = @_;

    $sql ||= 'LOCK lapor.reporter';

    my $lock = Lapor::Test::spawn(out => '/dev/null',
        argv => [Lapor::Test::need_program('psql'), '-X', '-q', '-d',
                 $self->{pg}->dsn, '-c',
                 "BEGIN; $sql; SELECT pg_sleep(120)"]);
    Lapor::Test::wait_until {
        $self->cell("SELECT count(*) FROM pg_stat_activity WHERE"
                    . " wait_event = 'PgSleep' AND query LIKE '%sleep(120)'");
    } 10, 'a lock' or die "the lock was not taken\n";
    return $lock;
}


sub release {
    my ($self, $lock) = @_;

    Lapor::Test::end_process($lock, 'KILL', 10);
    $self->cell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                . " WHERE query LIKE '%pg_sleep(120)'"
                . " AND pid <> pg_backend_pid()");
}


# waits() -> how many loops wait for a lock

sub waits {
    my ($self) = @_;

    return $self->cell("SELECT count(*) FROM pg_stat_activity WHERE"
                       . " application_name = 'lapor-intake'"
                       . " AND wait_event_type = 'Lock'");
}


# rows($sql) -> rows of a query on the database

sub rows { my ($self, $sql) = @_; return $self->{pg}->psql($sql) }
sub cell { my ($self, $sql) = @_; return scalar $self->{pg}->psql($sql) }


# --- webhooks

sub phone { return sprintf '6280000%06d', $_[0] }

sub serial { return ++$serial }


# message(from => number, text => words) or message(type => name, name => {})
# -> one element of messages[]; undef leaves a member out

sub message {
    my (%m) = @_;

    my $text = ref $m{text} ? undef : delete $m{text};
    my %all = (id => 'wamid.' . Lapor::Intake::serial() . ".$$",
               from => phone(1), timestamp => '' . int(time),
               defined $text ? (type => 'text', text => { body => $text })
                             : (), %m);
    return { map { $_ => $all{$_} } grep { defined $all{$_} } keys %all };
}


sub status {
    my (%s) = @_;

    my %all = (id => 'wamid.' . Lapor::Intake::serial() . ".$$",
               status => 'sent', timestamp => '' . int(time),
               recipient_id => phone(1), %s);
    return { map { $_ => $all{$_} } grep { defined $all{$_} } keys %all };
}


# value(messages => [], contacts => [], number => id ...) -> value of a change

sub value {
    my (%v) = @_;

    my $number = delete $v{number} || NUMBER_ID;
    return { messaging_product => 'whatsapp',
             metadata => { display_phone_number => '628000009999',
                           phone_number_id => $number }, %v };
}


# body(@items): messages and statuses, values or changes, -> bytes of one POST

sub body {
    my (@items) = @_;

    my (@messages, @statuses, @changes);
    for my $item (@items) {
        if ($item->{messaging_product}) {
            push @changes, { field => 'messages', value => $item };
        } elsif ($item->{field}) {
            push @changes, $item;
        } elsif (exists $item->{status}) {
            push @statuses, $item;
        } else {
            push @messages, $item;
        }
    }

    if (@messages || @statuses) {
        unshift @changes, { field => 'messages', value => value(
            @messages ? (messages => \@messages,
                contacts => [contacts_of(@messages)]) : (),
            @statuses ? (statuses => \@statuses) : ()) };
    }

    return $json->encode({ object => 'whatsapp_business_account',
        entry => [{ id => WABA_ID, changes => \@changes }] });
}


sub contacts_of {
    my (%seen, @contacts);

    for my $m (@_) {
        my $id = defined $m->{from} ? $m->{from} : $m->{from_user_id};
        next if !defined $id || $seen{$id}++;
        push @contacts, { profile => { name => 'Warga' },
            defined $m->{from} ? (wa_id => $m->{from}) : (),
            defined $m->{from_user_id} ? (user_id => $m->{from_user_id})
                                       : () };
    }
    return @contacts;
}


1;
