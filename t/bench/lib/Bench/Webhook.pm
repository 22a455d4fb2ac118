package Bench::Webhook;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What the webhooks of the benches are made of. Drawn by rand(): the same after
# the same srand().

use strict;
use warnings;

use base 'Exporter';

our @EXPORT_OK = qw(pick hex_id wamid name word sentence media webhook);

my @words = qw(pak bu tolong ada maling motor hilang di depan pasar jalan
    rusak banjir kebakaran rumah gang sebelah sekolah sudah dua jam belum
    datang petugas mohon segera dibantu warga takut orang mencurigakan malam
    kecelakaan truk terbalik korban luka parah jembatan pohon tumbang macet
    parkir liar pungli surat kehilangan dompet laptop dicuri tadi pagi saya
    lihat pelaku lari ke arah pelabuhan helm hitam jaket merah plat nomor);
my @names = ('Budi Santoso', 'Siti Aminah', 'Agus', 'Dewi Lestari', 'Rudi',
    'Nur Hidayah', 'Andi', 'Maria Yosefa', 'Joko Susilo', 'Fitri');


sub pick { return $_[int rand @_] }
sub word { return pick(@words) }
sub name { return pick(@names) }


sub hex_id {
    my ($n) = @_;
    return join '', map { pick(0 .. 9, 'A' .. 'F') } 1 .. $n;
}


sub wamid { return 'wamid.HBgNNjI4' . hex_id(34) . '==' }


# many short sentences and a long tail, as people write

sub sentence {
    my ($mean) = @_;

    $mean *= 14 if rand() < 0.33;
    my $bytes = int(-$mean * log(1 - rand() * 0.98)) + 8;
    my $text = '';
    $text .= ($text eq '' ? '' : ' ') . word()
        while length $text < $bytes;
    $text .= pick('', '', '', ' \ud83d\ude4f', ' \ud83d\udd25\ud83d\udea8');
    return $text;
}


# media($mime_type, $more) -> what Meta tells of a file, $more before it

sub media {
    my ($mime, $more) = @_;

    return sprintf '{%s"mime_type":"%s","sha256":"%s=","id":"%d"}', $more,
        $mime, hex_id(43), 1e15 + int rand 1e14;
}


# webhook($value, $unit) -> the bytes of one POST: $value is the rest of the
# change's value, $unit a number from 0 to 999

sub webhook {
    my ($value, $unit) = @_;

    return sprintf '{"object":"whatsapp_business_account","entry":[{"id":"%d"'
        . ',"changes":[{"value":{"messaging_product":"whatsapp","metadata":{'
        . '"display_phone_number":"628000000%04d","phone_number_id":"%d"},%s}'
        . ',"field":"messages"}]}]}', 2e14 + $unit, 9000 + $unit,
        1e14 + $unit, $value;
}


1;
