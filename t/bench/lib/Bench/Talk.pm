package Bench::Talk;

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# What citizens write: conversations of several messages, as webhooks of one
# message each, in the order in which Meta would send them. Of a hundred
# messages 60 are text, 15 images (6 of them in albums of three), 5 other files,
# 5 places, 15 of other types. Drawn by rand(): the same after the same srand().

use strict;
use warnings;

use Bench::Webhook qw(pick hex_id wamid name media webhook);
use Lapor::Store ();

use constant {
    STREAMS   => 16,            # of a kind, as conf/nginx has them
    UNITS     => 40,            # numbers that are written to: 1 to 40
    ALARM     => 0,             # one more, that only emergencies go to
    LENGTH    => 4,             # messages of a conversation, on average
    SPAN      => 600,           # seconds in which all is said
    GAP       => 45,            # seconds between two messages, on average
    AGAIN     => 0.01,          # come a second time
    NO_PHONE  => 0.03,          # persons known by their user id alone
};

# what a conversation is made of: how many of 96 draws
my @draws = ((['text']) x 60, (['image']) x 9,
    map({ [('image') x 3] } 1 .. 2), (['audio']) x 3, ['video'], ['document'],
    (['location']) x 5, (['reaction']) x 5, (['sticker']) x 3,
    (['interactive']) x 4, (['contacts']) x 2, ['unsupported']);

# what they begin with; emergencies are rare
my @openings = ((
    'Selamat {when} pak, mau lapor motor {bike} saya hilang di {place}, '
        . 'plat {plate}',
    'pak ada maling masuk rumah tetangga saya di {place} rt 0{n}',
    'Mohon bantuannya, jalan di depan {place} macet total dari jam {n}',
    'Ass. Izin melaporkan parkir liar di sepanjang {place}, sudah berbulan '
        . 'bulan tidak ditertibkan',
    'lampu merah di simpang {place} mati pak rawan tabrakan',
    'Saya kena tipu belanja online 1,{n} juta, penjual tidak bisa dihubungi '
        . 'lagi. Apakah bisa lapor di sini?',
    'pak syarat bikin SKCK apa saja ya? saya domisili {place}',
    'anak2 balap liar tiap malam minggu di {place} berisik sekali tolong '
        . 'patroli',
    'Dompet saya hilang di {place}, isi KTP SIM dan ATM. Mau buat surat '
        . 'kehilangan',
    'ada orang mabuk teriak teriak bawa botol di {place}, warga takut',
    'Pohon tumbang menutup jalan {place}, mobil tidak bisa lewat',
    'mau tanya jadwal sim keliling minggu ini di {place} ada pak?',
    'Lapor pak, ada yang jual obat terlarang di belakang {place}. Tolong '
        . 'rahasiakan nama saya',
    'ibu saya 6{n} tahun pergi dari rumah sejak {when} belum kembali, '
        . 'terakhir terlihat di {place} baju merah',
    'Petugas di {place} minta uang supaya urusan cepat, ini benar aturannya?',
    'ada akun palsu pakai foto saya pinjam uang ke teman teman saya',
    'halo', 'selamat {when}', 'p', 'Assalamualaikum', 'tes',
    ) x 3,
    'Ada kecelakaan {bike} lawan truk di {place}, korbannya belum sadar',
    'banjir di {place} sudah setinggi lutut, air naik terus',
    'tawuran pelajar di dekat {place} sekarang pak, bawa kayu dan batu',
    'tetangga saya sering memukul istrinya, tadi malam terdengar teriakan '
        . 'lagi di {place}',
    'Tolong pak rumah kebakaran di {place}, api sudah besar',
    'Begal pak di {place}, pelaku bawa parang, teman saya luka',
);
my @more = (
    'masih di lokasi pak', 'tolong cepat ya', 'pelakunya lari ke arah {place}',
    'platnya {plate}', 'sudah lapor ke rt juga', 'iya pak betul',
    'tadi sekitar jam {n} malam', 'belum ada petugas yang datang',
    'orangnya tinggi pakai jaket hitam helm merah', 'terima kasih pak',
    'nama saya minta tolong dirahasiakan', 'ada cctv di toko sebelah',
    'kerugian kira kira {n} juta rupiah', 'baik pak saya tunggu',
    'di depan {place} persis', 'motor {bike} warna putih tahun 201{n}',
    'warga sudah kumpul di sini', 'ok', 'mksh \ud83d\ude4f',
    'Kronologinya begini pak, saya parkir motor jam {n} di {place} lalu masuk '
        . 'sebentar belanja, waktu keluar motor sudah tidak ada. Saya tanya '
        . 'penjaga parkir katanya tidak lihat. Kunci stang sudah saya pasang.',
);
my @alarms = (
    'Tolong pak rumah kebakaran di {place}, ada orang terjebak di dalam',
    'tolong ada begal bawa parang di {place}',
    'TOLONG perampokan di {place} pelaku bawa pistol sekarang',
    'kebakaran besar di {place} api merembet ke rumah warga tolong',
);
my %fill = (
    place => ['pasar Gusher', 'jalan Mulawarman', 'simpang empat Juata',
        'SDN 012', 'pelabuhan Malundung', 'Kampung Bugis', 'gang Anggrek',
        'jembatan Bongkok', 'terminal lama', 'perumnas blok C',
        'masjid Al Ikhlas', 'alun-alun', 'jl Yos Sudarso',
        'kelurahan Karang Anyar'],
    bike => ['Vario', 'Beat', 'NMAX', 'Supra', 'Scoopy'],
    when => ['pagi', 'siang', 'sore', 'malam'],
);


sub phrase {
    my ($text) = @_;

    $text =~ s/\{n\}/1 + int rand 9/ge;
    $text =~ s/\{plate\}/'KU ' . (1000 + int rand 9000) . ' ' . pick('A' .. 'Z')
               . pick('A' .. 'Z')/ge;
    $text =~ s/\{(\w+)\}/pick(@{ $fill{$1} })/ge;
    return $text;
}


# talks(count => messages, first => number of the first person, end => Unix
#       time when the last word was said) ->
#   {entries => [[stream, body], ...], messages => N, people => N}

sub talks {
    my (%opt) = @_;

    my ($person, $n) = ($opt{first}, 0);
    my @said;

    while ($n < $opt{count}) {
        my @talk = conversation($person++, $opt{end});
        push @said, @talk;
        $n += @talk;
    }

    return { entries => in_order(\@said), messages => $n,
             people => $person - $opt{first} };
}


# alarms(count => messages, first =>, end =>): emergencies to a number of their
# own, of as many persons; like talks()

sub alarms {
    my (%opt) = @_;

    my @said = map {
        my $who = person($opt{first} + $_);
        [$who->{stream},
         value($who, ALARM, $opt{end}, text => phrase(pick(@alarms)))]
    } 0 .. $opt{count} - 1;

    return { entries => \@said, messages => $opt{count},
             people => $opt{count} };
}


# in_order([[time, stream, body], ...]) -> [[stream, body], ...], one in a
# hundred once more, a little later

sub in_order {
    my ($said) = @_;

    my @again = map { [$_->[0] + rand 30, @$_[1, 2]] }
                grep { rand() < AGAIN } @$said;
    return [map { [@$_[1, 2]] } sort { $a->[0] <=> $b->[0] } @$said, @again];
}


sub person {
    my ($n) = @_;

    my $phone = sprintf '6280000%06d', $n % 1e6;
    my $user = sprintf 'ID.%d', 1e15 + $n;
    my $known = rand() < NO_PHONE ? $user : $phone;

    return { name => name(), user => $user,
             phone => $known eq $user ? undef : $phone,
             stream => stream($known, 'msg') };
}


# streams($kind) -> their keys; stream($identity, $kind) -> the key of one

sub streams {
    my ($kind) = @_;
    return map { sprintf 'lapor:{%02x}:%s', $_, $kind } 0 .. STREAMS - 1;
}


sub stream {
    my ($identity, $kind) = @_;
    return sprintf 'lapor:{%02x}:%s',
                   Lapor::Store::part_of($identity) % STREAMS, $kind;
}


sub conversation {
    my ($n, $end) = @_;

    my $who = person($n);
    my $unit = 1 + int rand UNITS;
    my $at = $end - rand SPAN;
    my (@kinds, @said);

    do { push @kinds, pick(@draws) } while rand() > 100 / 96 / LENGTH;

    # most begin with words
    my ($words) = grep { $kinds[$_][0] eq 'text' } 0 .. $#kinds;
    @kinds[0, $words] = @kinds[$words, 0] if $words && rand() < 0.9;

    for my $i (0 .. $#kinds) {
        for my $kind (@{ $kinds[$i] }) {
            my $text = $kind eq 'text'
                ? phrase($i ? pick(@more) : pick(@openings)) : undef;
            push @said, [$at, $who->{stream},
                         value($who, $unit, $at, $kind, $text)];
            $at += rand;
        }
        $at += -GAP * log(1 - rand);
        $at = $end if $at > $end;
    }

    return @said;
}


sub value {
    my ($who, $unit, $at, $kind, $text) = @_;

    my $phone = $who->{phone};
    my ($type, $content) = content($kind, $text);

    return webhook(sprintf('"contacts":[{"profile":{"name":"%s"},%s'
        . '"user_id":"%s"}],"messages":[{%s"from_user_id":"%s","id":"%s",'
        . '"timestamp":"%d","type":"%s"%s}]', $who->{name},
        $phone ? qq("wa_id":"$phone",) : '', $who->{user},
        $phone ? qq("from":"$phone",) : '', $who->{user}, wamid(), $at, $type,
        $content), $unit);
}


my %mime = (image => 'image/jpeg', video => 'video/mp4',
    audio => 'audio/ogg; codecs=opus', sticker => 'image/webp',
    document => 'application/pdf');

sub content {
    my ($kind, $text) = @_;

    return ($kind, qq(,"text":{"body":"$text"})) if $kind eq 'text';

    if (my $mime = $mime{$kind}) {
        my $more = $kind eq 'audio' ? '"voice":true,'
                 : $kind eq 'document' ? '"filename":"laporan.pdf",'
                 : $kind ne 'sticker' && rand() < 0.3
                   ? '"caption":"' . phrase(pick(@more)) . '",' : '';
        return ($kind, qq(,"$kind":) . media($mime, $more));
    }

    return ($kind, sprintf ',"location":{"latitude":%.6f,"longitude":%.6f}',
            3.2 + rand 0.2, 117.5 + rand 0.2) if $kind eq 'location';
    return ($kind, ',"reaction":{"message_id":"' . wamid()
            . '","emoji":"\ud83d\ude4f"}') if $kind eq 'reaction';
    return ($kind, ',"interactive":{"type":"button_reply","button_reply":'
            . '{"id":"ya","title":"Ya"}}') if $kind eq 'interactive';
    return ($kind, ',"contacts":[{"name":{"formatted_name":"' . name()
            . '"},"phones":[{"phone":"' . person(int rand 1e5)->{user}
            . '","type":"CELL"}]}]') if $kind eq 'contacts';
    return ('unsupported', ',"errors":[{"code":131051,"title":'
            . '"Message type unknown"}]');
}


# statuses([{part, task_id, wamid, to, number}], $at) -> [[stream, body], ...]:
# sent, delivered and read of each answer, in a POST each, answers side by side

sub statuses {
    my ($answers, $at) = @_;

    my @said;
    for my $answer (@$answers) {
        my $when = rand 60;
        for my $state (qw(sent delivered read)) {
            push @said, [$when, stream($answer->{to}, 'status'),
                status($answer, $state, $at + $when)];
            $when += 0.2 + rand 5;
        }
    }

    return [map { [@$_[1, 2]] } sort { $a->[0] <=> $b->[0] } @said];
}


sub status {
    my ($answer, $state, $at) = @_;

    my ($unit) = $answer->{number} =~ /(\d\d)$/;
    return webhook(sprintf('"statuses":[{"id":"%s","status":"%s",'
        . '"timestamp":"%d","recipient_id":"%s","biz_opaque_callback_data":'
        . '"reply:%d:%d","conversation":{"id":"%s","origin":{"type":'
        . '"service"}},"pricing":{"billable":false,"pricing_model":"PMP",'
        . '"category":"service","type":"free_customer_service"}}]',
        $answer->{wamid}, $state, $at, $answer->{to}, $answer->{part},
        $answer->{task_id}, lc hex_id(32)), $unit);
}


1;
