package Lapor::Chaos::Client;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# A client process of the chaos: webhooks as Meta posts them, each again until
# there is a 200. It leaves a ledger of what was accepted, a line each,
#
#     message WAMID SENDER ALBUM        (ALBUM is - outside of one)
#     poison BYTES-OF-ITS-SHA256
#
# and counts. Senders are 628000CSSSSSS of client C, so that nobody else's
# conversation is theirs.

use strict;
use warnings;

use Digest::SHA ();
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

use Lapor::HTTP ();
use Lapor::System ();

use constant {
    TWICE   => 0.1,             # of the webhooks come once more
    LATE    => 0.2,             #   and so many behind later ones
    ALBUM   => 0.1,             # of the conversations hold an album
    POISON  => 0.005,           # of the webhooks are none, though signed
    LATEST  => 5,               # seconds
    SPAN    => 10,              # that a conversation takes, less than so many
    ANSWER  => 10,              # seconds an answer may take
    AGAIN   => 0.3,             # answers that get statuses once more
};

my @texts = ('tolong pak ada maling motor di depan pasar',
    'jalan rusak depan sekolah', 'ada kebakaran rumah di gang sebelah',
    'mau tanya syarat SKCK', 'kecelakaan truk terbalik, korban luka parah',
    'masih menunggu petugas pak', 'terima kasih', 'lokasinya dekat jembatan');
my $json = JSON::PP->new->ascii->canonical;


# new(lapor => Lapor::Instance, id =>, seed =>, end => time, rate => webhooks a
#     second, photos => [of the emulator], files => path)

sub new {
    my ($class, %opt) = @_;

    return bless { %opt, queue => [], count => {}, serial => 0,
                   sender => 0 }, $class;
}


sub run {
    my ($self) = @_;

    $self->begin;
    my $due = time();

    while (time() < $self->{end} || @{ $self->{queue} }) {
        POSIX::_exit(1) if getppid() != $self->{parent};

        while ($due <= time() && time() < $self->{end}) {
            $due += $self->conversation($due) / $self->{rate};
        }
        $self->next_one or sleep 0.01;
    }

    $self->tell;
    close $self->{ledger} or die "could not write the ledger: $!\n";
    return;
}


sub begin {
    my ($self) = @_;

    $SIG{PIPE} = $SIG{INT} = 'IGNORE';
    $SIG{TERM} = 'DEFAULT';
    srand $self->{seed};
    $self->{parent} = getppid;
    open $self->{ledger}, '>', "$self->{files}.ledger"
        or die "could not write $self->{files}.ledger: $!\n";
    return;
}


# conversation($now) -> how many webhooks somebody will send, from now on; a
# second lies between two things that he says, as Meta counts, and none between
# the photos of an album

sub conversation {
    my ($self, $now) = @_;

    my $sender = sprintf '628000%d%06d', $self->{id}, $self->{sender}++;
    my $album = rand() < ALBUM && @{ $self->{photos} } >= 6
                ? $self->{sender} : '-';
    my $at = int($now) - SPAN;
    my @said;

    push @said, [$self->text($sender, $at++)] for 1 .. 1 + int rand 4;
    $said[-1] = [map { $self->text($sender, $at) } 1 .. 3] if rand() < 0.1;
    push @said, map { [$self->photo($sender, $at + 1)] } 1 .. 6
        if $album ne '-';
    push @said, [$self->message($sender, $at + 2, 'location',
        { latitude => 3.3, longitude => 117.6 })] if rand() < 0.2;
    push @said, [$self->text($sender, $at + 3)] if rand() < 0.5;

    for my $i (0 .. $#said) {
        my @items = @{ $said[$i] };
        my $photo = $items[0]{type} eq 'image';
        $self->enqueue($now + $i * 0.1, $self->body(@items),
            map { join ' ', 'message', $_->{id}, $sender,
                  $photo ? $album : '-' } @items);
    }

    $self->poison($now) if rand() < POISON * @said;
    return scalar @said;
}


sub message {
    my ($self, $sender, $at, $type, $content) = @_;

    return { from => $sender, timestamp => "$at", type => $type,
             id => sprintf('wamid.CHAOS.%d.%d', $self->{id},
                           ++$self->{serial}), $type => $content };
}


sub text {
    my ($self, $sender, $at) = @_;

    return $self->message($sender, $at, 'text',
                          { body => $texts[rand @texts] });
}


sub photo {
    my ($self, $sender, $at) = @_;

    my $photo = shift @{ $self->{photos} };
    return $self->message($sender, $at, 'image', { id => $photo->{id},
        sha256 => $photo->{sha256}, mime_type => 'image/jpeg' });
}


sub body {
    my ($self, @messages) = @_;

    return $self->post_of(contacts => [{ wa_id => $messages[0]{from},
                                         profile => { name => 'Warga' } }],
                          messages => \@messages);
}


sub post_of {
    my ($self, @value) = @_;

    return $json->encode({ object => 'whatsapp_business_account',
        entry => [{ id => '1', changes => [{ field => 'messages', value => {
            messaging_product => 'whatsapp', metadata => {
                display_phone_number => '0811-5445-110',
                phone_number_id => $self->{lapor}->env('PHONE_NUMBER_ID') },
            @value } }] }] });
}


# poison($now): signed bytes that are no webhook

sub poison {
    my ($self, $now) = @_;

    my $body = sprintf '{"object":"whatsapp_business_account","entry":[%d,%d',
                       $self->{id}, ++$self->{serial};
    $self->enqueue($now, $body,
                   'poison ' . Digest::SHA::sha256_hex($body));
    return;
}


sub enqueue {
    my ($self, $due, $body, @items) = @_;

    if (rand() < LATE) {
        $due += rand LATEST;
        $self->{count}{'webhooks late'}++;
    }
    push @{ $self->{queue} }, { due => $due, body => $body,
                                items => \@items };
    return;
}


# next_one(): posts the webhook that is due first; true if there was one

sub next_one {
    my ($self) = @_;

    my $queue = $self->{queue};
    return 0 unless @$queue;
    my ($first) = sort { $queue->[$a]{due} <=> $queue->[$b]{due} }
                  0 .. $#$queue;
    return 0 if $queue->[$first]{due} > time();

    my ($job) = splice @$queue, $first, 1;

    if (!$self->post($job->{body})) {
        $self->{count}{'not accepted'}++;
        $job->{due} = time() + 0.1 + rand 0.5;
        push @$queue, $job;
        return 1;
    }

    $self->{count}{'webhooks accepted'}++;
    print { $self->{ledger} } "$_\n" for splice @{ $job->{items} };

    # what is no webhook is put aside once for each entry: no second one
    if (!$job->{again} && rand() < TWICE && $job->{body} =~ /\}\z/) {
        $self->{count}{'webhooks twice'}++;
        push @$queue, { %$job, again => 1, due => time() + rand LATEST };
    }

    $self->tell unless ++$self->{done} % 50;
    return 1;
}


# post($body): true when it was accepted

sub post {
    my ($self, $body) = @_;

    my $conn = $self->{conn} ||=
        Lapor::HTTP->connect($self->{lapor}->port) or return 0;
    $conn->write(Lapor::HTTP::signed_text($body, keepalive => 1,
        secret => $self->{lapor}->env('APP_SECRET')));
    my $r = $conn->response(ANSWER, 'POST');

    delete $self->{conn} if $r->{status} <= 0
        || ($r->{headers}{connection} || '') eq 'close';
    return $r->{status} == 200;
}


sub tell {
    my ($self) = @_;

    my $count = $self->{count};
    Lapor::System::spew("$self->{files}.counts",
        join '', map { "$_\t$count->{$_}\n" } sort keys %$count);
    return;
}


# run_statuses(): of some answers, what Meta has told already, once more, the
# last thing first, until there is a file `over` and no new answer

sub run_statuses {
    my ($self) = @_;

    $self->begin;
    my $over_file = $self->{files} =~ s{[^/]+\z}{over}r;
    my $seen = 0;

    while (1) {
        POSIX::_exit(1) if getppid() != $self->{parent};
        my $over = -e $over_file;
        my $sent = eval {
            $self->{lapor}->graph('GET', "sent?after=$seen") } || [];

        for my $send (@$sent) {
            $seen = $send->{n};
            $self->old_statuses($send) if rand() < AGAIN;
        }

        while (@{ $self->{queue} }) {
            $self->next_one or sleep 0.01;
        }
        $self->tell;
        last if $over && !@$sent;
        sleep 0.2;
    }

    close $self->{ledger};
    return;
}


sub old_statuses {
    my ($self, $send) = @_;

    for my $state (qw(read sent delivered sent)) {
        $self->{count}{'statuses once more'}++;
        $self->enqueue(time(), $self->post_of(statuses => [{
            id => $send->{wamid}, status => $state, recipient_id => $send->{to},
            timestamp => '' . int($send->{at} / 1000),
            biz_opaque_callback_data =>
                $send->{body}{biz_opaque_callback_data} }]));
    }
    return;
}


1;
