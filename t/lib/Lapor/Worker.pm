package Lapor::Worker;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# One of our daemons under test: its configuration, its log, its life, and
# what it tells systemd.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::UNIX ();
use Socket qw(SOCK_DGRAM);

use Lapor::Test ();


# new(name => 'lapor-intake', section => 'intake', common => {key => value},
#     own => {key => value}, env => {}, dir => path, start => 1) -> object

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        name => $opt{name}, section => $opt{section},
        common => $opt{common} || {}, own => $opt{own} || {},
        env => $opt{env} || {}, dir => $opt{dir} || Lapor::Test::test_dir(),
        allow => [],
    }, $class;

    $self->{bin} = Lapor::Test::build_path($opt{name});
    $self->{notify} = "$self->{dir}/notify.sock";
    $self->{notified} = '';
    unlink $self->{notify};
    $self->{socket} = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
        Local => $self->{notify}) or die "could not listen: $!";

    Lapor::Test::watch($self);
    $self->start unless defined $opt{start} && !$opt{start};
    return $self;
}


sub pid       { return $_[0]{pid} }
sub log_path  { return "$_[0]{dir}/$_[0]{name}.log" }
sub log       { return Lapor::Test::slurp($_[0]->log_path) }
sub conf_path { return "$_[0]{dir}/$_[0]{name}.conf" }


# allow($regexp): a line at level error that this test expects

sub allow { my ($self, $re) = @_; push @{ $self->{allow} }, $re; return $self }


sub write_conf {
    my ($self) = @_;

    my ($common, $own) = @{$self}{qw(common own)};
    return Lapor::Test::spew($self->conf_path, join '',
        map({ "$_ = $common->{$_}\n" } sort keys %$common),
        "[$self->{section}]\n",
        map({ "$_ = $own->{$_}\n" } sort keys %$own));
}


sub start {
    my ($self) = @_;

    $self->notified;
    $self->{notified} = '';
    $self->{pid} = Lapor::Test::spawn(
        argv => [Lapor::Test::valgrind(), $self->{bin}, '-c',
                 $self->write_conf],
        env => { NOTIFY_SOCKET => $self->{notify}, %{ $self->{env} },
                 map { $_ => undef } grep { /^PG/ } keys %ENV },
        out => $self->log_path, err => $self->log_path);
    return $self;
}


# notified() -> everything told to systemd since the start

sub notified {
    my ($self) = @_;

    my $select = IO::Select->new($self->{socket});
    while ($select->can_read(0)) {
        defined recv $self->{socket}, my $text, 65536, 0 or last;
        $self->{notified} .= "$text\n";
    }
    return $self->{notified};
}


# ended($seconds) -> its exit status when it ends by itself, 128 + signal;
# undef if it does not

sub ended {
    my ($self, $seconds) = @_;

    my $status;
    Lapor::Test::wait_until {
        defined($status = Lapor::Test::reap($self->{pid}))
    } $seconds;
    return undef unless defined $status;

    delete $self->{pid};
    return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}


# stop() -> exit status after SIGTERM

sub stop {
    my ($self) = @_;

    return unless $self->{pid};
    kill 'CONT', $self->{pid};
    my $status = Lapor::Test::end_process(delete $self->{pid}, 'TERM', 20);
    $self->notified;
    push @{ $self->{bad} }, "ended with wait status $status"
        if $status != 0;
    return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}


sub kill9 {
    my ($self) = @_;

    Lapor::Test::end_process(delete $self->{pid}, 'KILL', 10)
        if $self->{pid};
    return $self;
}


sub signal { kill $_[1], $_[0]{pid} }


sub check {
    my ($self) = @_;

    my @lines = split /^/, $self->log;

    # an alert is about the world: the worker did well to say it
    my $errors = join '', grep {
        my $line = $_;
        /^<[0-3]>(?!alert: kind=)/ && !grep { $line =~ $_ } @{ $self->{allow} }
    } @lines;

    # nothing personal: ids of messages, and numbers of people
    my $personal = join '', grep { /wamid\.|62800\d{6}/ } @lines;

    return (["$self->{name}: no error in the log", $errors],
            ["$self->{name}: nothing personal in the log", $personal],
            ["$self->{name}: ended well", join '', @{ $self->{bad} || [] }],
            ["$self->{name}: no line of a sanitizer",
             Lapor::Test::sanitizer_lines($self->log_path)]);
}


1;
