/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The lexicon of signals: what moves urgency, function, sensitivity and the
 * borders between categories.  How to read a row: lexicon.h.
 */

#include "classify/lexicon.h"


const struct lapor_lexicon_row  lapor_lexicon_signal[] = {

    { SIG_NOW, 30, "sekarang|masih|lagi ada|lagi di|berlangsung|lagi pada|"
        "lagi ngamuk|sekarang juga|masih disini|masih di lokasi|saat ini|"
        "makin|mulai|terus bertambah|belum berhenti|lagi kumpul|sudah kumpul|"
        "mengarah|arah ke|menuju|ngejar|dikejar|kejar|cepat|kesini|keburu|"
        "live|pelakunya masih|orangnya masih|lagi masuk|ada orang masuk" },
    { SIG_NOW, 15, "lagi|ada yang|langsung|darurat|malam ini|hari ini" },
    { SIG_RECENT, 30, "barusan|baru saja|0 menit|0 menit lalu|tadi|"
        "baru kejadian|baru aja|baru banget|pagi ini|siang ini|sore ini|"
        "malam ini|subuh tadi|tadi pagi|0 jam lalu|sejam|semalam|semalem|"
        "baru ketahuan|baru ditemukan|barusan saja|hari ini|setengah jam" },
    { SIG_PAST, 30, "kemarin|minggu lalu|minggu terus|minggu kemarin|"
        "bulan lalu|bulan terus|bulan kemarin|tahun lalu|tahun terus|"
        "tahun kemarin|dulu|hari lalu|hari terus|0 hari|0 minggu|0 bulan lalu|"
        "sudah 0 bulan|selama 0|0 tahun lalu|"
        "sudah 0 tahun|"
        "tanggal 0|kapan hari|tempo hari|senin lalu|selasa lalu|rabu lalu|"
        "kamis lalu|jumat lalu|sabtu lalu|minggu lalu|hari senin|"
        "hari selasa|hari rabu|hari kamis|hari jumat|hari sabtu|sejak 0|"
        "sejak bulan|sejak tahun|"
        "sejak minggu|sejak lama|"
        "waktu itu|dulunya|pernah|setahun|sebulan|seminggu|berbulan|"
        "bertahun|kejadian minggu|sudah lama|setengah tahun|"
        "senin terus|selasa terus|rabu terus|kamis terus|jumat terus|"
        "sabtu terus|bulan januari|agustus|februari|maret|april|mei|juni|"
        "juli|september|oktober|november|desember|januari|feb" },
    { SIG_PAST, 15, "semalam|tadi malam|malam tadi" },
    { SIG_REPEAT, 30, "tiap|sering|selalu|biasanya|rutin|tiap malam|"
        "tiap hari|berkali kali|terus terusan|terus menerus|hampir tiap|"
        "kadang|kadang kadang|0 kali|berulang|langganan|marak|sudah lama|"
        "tiap minggu|malam minggu|suka ada|turun temurun|berturut|"
        "kalau malam|sehari" },
    { SIG_PLAN, 30, "besok|rencana|akan ada|mau ada|nanti malam|jelang|"
        "menjelang|info & besok|katanya mau|selebaran|sebelum kejadian|"
        "sabtu ini|minggu depan|hari rabu & titik kumpul|titik kumpul|"
        "seruan|ajakan|isu|mau demo|mau aksi|bulan depan" },

    { SIG_DANGER, 40, "tidak gerak|tidak bergerak|tidak sadar|pingsan|"
        "kejang|sekarat|darah|jerit|menjerit|teriak tolong|minta ampun|"
        "terjebak|kejebak|terkurung|terjepit|kejepit|tertimbun|ketimbun|"
        "tenggelam|hanyut|sandera|disekap|sesak|di dalam rumah|"
        "masih di dalam|ada orang di dalam|di atap|gantung diri|bunuh diri|"
        "loncat|lompat dari|kritis|parah|usus|tidak napas|mau mati|"
        "mau dibunuh|akan dibunuh|dibunuh|nyawa|mati|terkapar|tergeletak|"
        "luka parah|luka berat|luka bakar|korban jiwa|kesetrum|keracunan|"
        "berbusa|tertimpa|ketimpa|terseret|keseret|dikunci|terkunci|"
        "bakar & orang|melahirkan|lahiran|ketuban|kepala pecah|"
        "kepala bocor|sudah masuk rumah|masuk rumah & pisau|orang di dalam|"
        "lansia & air|bayi & air|belum keluar|belum ketemu|belum muncul|"
        "diserang|dikepung|dikeroyok|ditusuk|dibacok|dicekik|ditembak|"
        "tusuk|bacok|cekik|tikam|tebas|seret|digorok|biru|nadi|diculik|"
        "racun|kolong|diperkosa & sekarang|dilindas|terlindas|lemas|"
        "kena sabet|minta tolong|bisik|ngetik pelan|jangan telepon|"
        "sembunyi|ngumpet|umpet|meninggal" },
    { SIG_DANGER, 20, "teriak|teriak teriak|nangis|mengamuk|ngamuk|patah|"
        "penumpang|korban|panik|menyerang|nyerang|tidak bisa keluar|"
        "tidak bisa turun|tidak bisa lari|mau jatuh|hampir roboh|"
        "tidak kuat|muntah|kritis|serius|bayi|ibu hamil|hamil|lansia|"
        "jatuh|putus|nekat|kepala|dada|perut|leher" },
    { SIG_ARMED, 40, "celurit|parang|pisau|pistol|sajam|senjata|busur|panah|"
        "kapak|linggis|gergaji|samurai|molotov|air keras|gir|gear|"
        "bawa kayu|bawa besi|bawa batu|bom|granat|tembak|balok|"
        "botol pecah|palu|obeng|bensin & ancam" },
    { SIG_FOUND, 30, "temu|nemu|menemukan|ditemukan|penemuan|bekas|"
        "gali|keruk|pemulung|rongsok|karat|kuno|peninggalan|selongsong" },
    { SIG_HAZARD, 30, "lampu merah mati|traffic light|lampu lalu lintas|"
        "bangjo|tumpah|tumpahan|licin|palang|portal kereta|bahaya|"
        "hampir tabrak|hampir ketabrak|oleng|melintang|lawan arah|"
        "lawan arus|gelap gulita|macet total|ambulan|balap|balapan" },
    { SIG_FLED, 30, "kabur|lari ke|melarikan diri|lolos|cabut|"
        "sudah pergi|sudah lari|lari ke arah|pelaku kabur|lari" },
    { SIG_CALM, 30, "selamat semua|semua selamat|tidak ada korban|"
        "tidak luka|tidak ada luka|tidak ada yang luka|sudah padam|"
        "sudah ditangani|sudah diamankan|diamankan|sudah damai|"
        "sudah bubar|bubar|sudah mereda|luka ringan|tidak parah|lecet|"
        "sudah dibawa rs|sudah dibawa|sudah di rs|sudah sehat|sudah aman|"
        "merambat pelan|api kecil|kecil sih|tidak apa apa|"
        "tidak kenapa|kondisi baik|alhamdulillah selamat|syok|belum nyerang|"
        "sudah surut|sudah pisah|sudah dipisah|sudah sadar|masih jauh|"
        "sudah lepas|sudah sembuh|mau visum|visum" },
    { SIG_DISTRESS, 30, "tolong|darurat|cepat|kesini|tidak bangun|"
        "sudah masuk|jangan bersuara|diam diam|bersuara|bayangan|"
        "di kamar mandi|mana polisi|belum datang|belum sampai|takut sekali|"
        "nyawa|gawat|bahaya|segera" },
    { SIG_QUESTION, 25, "apa|bagaimana|berapa|kapan|mana|bisa tidak|"
        "boleh tidak|boleh|caranya|cara|syarat|prosedur|tanya|nanya|bertanya|"
        "mau tanya|harus|kenapa|apa bisa|gimana ya|kah|siapa" },
    { SIG_HYPOTHESIS, 30, "kalau|seandainya|andai|andaikan|umpama|"
        "kalau kena|kalau ada|kalau misalnya|jika|seumpama|contohnya" },
    { SIG_FICTION, 40, "film|mimpi|sinetron|drakor|game|gim|novel|konten|"
        "syuting|shooting|simulasi|latihan|gladi|nonton|drama|lirik|lagu|"
        "pubg|gta|mobile legend|netflix|youtube|podcast|acara tv|di tv|"
        "lomba|karnaval & main|teater|komik|anime|serial|ftv|nyanyi" },
    { SIG_RETRACT, 40, "tidak jadi|batal|dicabut|ternyata|sudah ketemu|"
        "kirain|salah kirim|kepencet|dibatalkan|rupanya|alhamdulillah|"
        "tidak ada kejadian|salah paham|dimaafkan|sudah beres|nyelip" },
    { SIG_COURTESY, 30, "selamat pagi|selamat siang|selamat sore|"
        "selamat malam|assalamualaikum|asalamualaikum|halo|hallo|hai|hi|"
        "salam|oke|ok|siap|baik|iya|ya|oh begitu|noted|emojidoa|apa kabar|"
        "permisi|punten|misi|nuwun|p|maaf|alhamdulillah|ramah|jempol|semoga|"
        "berkat|ditunggu|nomor baru|save|terimakasih|hadir|lanjut|mantap|"
        "salut|bangga|sukses|sehat selalu|waalaikumsalam|walaikumsalam|"
        "cek|tes|test|testing|ping|good job|sukses selalu|86|tabik|slmt|"
        "met pagi|met siang|met malam|sampurasun|horas|assalamualaikum wr|"
        "ass|asslm|aslm|hormat|dirgahayu|selamat" },
    { SIG_LAUGH, 30, "wkwk|haha|hehe|hihi|xixi|awok|ngakak|lol|canda|"
        "bercanda|wkwkwk|kwkw|hoho|hahai" },
    { SIG_ADVERT, 40, "promo|diskon|gacor|slot|maxwin|deposit|depo|wd|rtp|"
        "cashback|garansi|reseller|klik|www|bit ly|bonus|follow|"
        "pinjaman & cair|tanpa jaminan|tanpa agunan|open order|ready stok|"
        "pemenang|undian & selamat|sebarkan|teruskan ke|jasa|grosir|"
        "fast response|order|minat hubungi|hubungi wa|free ongkir|"
        "daftar & member|daftar & link|situs|apk|kuota|reward|cuan|"
        "all in|sedot wc|obat kuat|pelangsing|kualitas ekspor|vc yuk|"
        "dapat hadiah|menang hadiah|join|open trip|tenor" },
    { SIG_INSULT, 50, "bangsat|bajingan|goblok|tolol|kontol|memek|kacung|"
        "anjing lu|anjing kamu|babi lu|isilop|wereng|mampus|jancok|"
        "asu|tai|ngentot|pantek|pukimak|kimak|anjing & polisi & semua" },
    { SIG_FLIRT, 40, "sayang|cinta|jomblo|curi hati|hati & dicuri|kangen|"
        "ganteng|cantik|polwan & kenalan|kenalan|jodoh|pacaran yuk|"
        "emojihati|beb|video call yuk" },
    { SIG_ABSURD, 50, "alien|ufo|kuntilanak|pocong|tuyul|genderuwo|zombie|"
        "dinosaurus|naga|babi ngepet|doraemon|naruto|superman|batman|"
        "ultraman|godzilla|vampir|siluman|sundel|nyi roro|jin & culik|"
        "upin|spongebob|avengers|thanos|boong|bohongan|cuma prank" },

    { SIG_OFFICE, 30, "polisi|petugas|aparat|110|call center|nomor pengaduan|"
        "hotline|command center" },
    { SIG_POLICE, 30, "anggota|penyidik|polantas|oknum|brimob|bripka|"
        "brigadir|bripda|briptu|aipda|aiptu|ipda|iptu|akp|kompol|kanit|"
        "kasat|kapolri|reserse|reskrim|buser|satlantas|samsat|"
        "oknum polisi|pak polisi minta|polisi minta|polisi pangkat|"
        "pos polisi|provos|intel|bhabin|babin|krimum|krimsus|satreskrim|"
        "seragam|mapolres|satpas|propam|tilang|razia" },
    { SIG_POLICE_DEED, 30, "minta uang|uang damai|uang rokok|uang bensin|"
        "pungli|damai|backing|beking|bekingi|bekingan|mandek|"
        "tidak ditindak|ditolak|tolak|tidak diproses|"
        "tidak ada kelanjutan|tidak ada perkembangan|belum ada kabar|"
        "tidak ditanggapi|tidak ada tanggapan|bentak|arogan|bayar & sim|"
        "calo|nembak|setoran|salah tangkap|tanpa surat|dipaksa|ditahan pos|"
        "mabuk|selingkuh|pamer|sombong|kasar|dilepas|dipersulit|"
        "tidak dilayani|lama sekali|dioper|pingpong|bulan & lapor|"
        "tidak pernah ditangkap|bocor|bocoran|tutup mata|main mata|"
        "disuruh damai|disuruh bayar|disuruh cabut|uang & kasus|"
        "hilang & barang bukti|tidak angkat|amplop|ngaku & paksa|"
        "tidak adil|tebang pilih|tidak serius|dibiarkan|minta ikan|"
        "minta solar|minta jatah|jatah" },
    { SIG_SOLDIER, 40, "tni|tentara|oknum polisi|oknum aparat|oknum tni|"
        "anggota aktif|koramil|babinsa|marinir|kodim|prajurit|"
        "oknum anggota|anggota polisi|loreng|polisi aktif|backing polisi|"
        "backing aparat|beking aparat|beking polisi|dibackingi|dibekingi|"
        "anggota polri|aparat berseragam" },

    { SIG_CHILD, 30, "anak|murid|sekolah|pengajian anak|"
        "di bawah umur|bawah umur|remaja" },
    { SIG_PARTNER, 30, "suami|istri|rumah tangga|mertua|tiri|bapak|ibu|"
        "menantu|ipar|anak saya" },
    { SIG_VIOLENCE, 30, "pukul|tampar|tendang|siksa|aniaya|cekik|gebuk|"
        "hajar|banting|bacok|tusuk|sundut|siram|ikat|kurung|jambak|cubit|"
        "injak|ditampar|babak belur|memar|lebam|sulut|setrika|dikunci|"
        "rantai|sekap|dipukul|dipukuli" },
    { SIG_SEX, 40, "cabul|perkosa|lecehkan|pelecehan|raba|remas|bugil|"
        "telanjang|foto & sebar|video & sebar|syur|vcs|hamil|setubuh|"
        "sodomi|seksual|video mesum|foto seksi|foto pribadi|video pribadi|"
        "video & ancam|foto & ancam|foto saya" },
    { SIG_WATER, 30, "laut|perahu|kapal|nelayan|pelabuhan|pantai|"
        "sungai|di kali|ke kali|danau|waduk|muara|tambak|pulau|abk|ombak|"
        "keramba|tongkang|teluk|selat" },
    { SIG_TAKING, 30, "curi|pencuri|hilang|rampas|rampok|colong|gondol|"
        "bawa kabur|dibawa|diambil|ambil" },
    { SIG_SECRET, 40, "jangan sebut|nama saya jangan|jangan bawa nama|"
        "rahasia|rahasiakan|dirahasiakan|kerahasiaan|identitas saya|"
        "identitas dilindungi|identitas & lindung|takut dibalas|"
        "takut balas|balas dendam|takut diancam|jangan kasih tau|"
        "jangan bilang|jangan sampai tau|jangan ketahuan|anonim|"
        "takut ketahuan|nama disembunyikan|"
        "sembunyikan identitas|sembunyikan nama|jangan disebut|"
        "privasi|jangan sampai bocor|jangan bocor" },
    { SIG_SUICIDE, 50, "bunuh diri|gantung diri|mau mati|ingin mati|"
        "akhiri hidup|mengakhiri hidup|capek hidup|sayat nadi|iris nadi|"
        "potong nadi|minum racun|minum baygon|minum pemutih|nenggak|"
        "tidak mau hidup|loncat jembatan|lompat jembatan|rooftop|di atap|"
        "mau loncat|mau lompat|tidak kuat hidup|pamit mati|udahan hidup|"
        "hidup & udahan|bilang pamit" },
    { SIG_DEATH, 40, "mayat|meninggal|jasad|tengkorak|kerangka|jenazah|"
        "mayit|tidak bernyawa" },
    { SIG_PATROL, 30, "patroli|ronda|standby|rawan|diperbanyak|dipantau|"
        "pantau|ditingkatkan|siagakan|pos polisi" },
    { SIG_MEDIATE, 40, "mediasi|dimediasi|damaikan|didamaikan|sengketa|"
        "batas tanah|tetangga & tanah|pagar tetangga|warisan|musyawarah|"
        "fasilitasi|perselisihan|bhabin|bhabinkamtibmas|ditengahi|"
        "selingkuh|solusinya|didinginkan|pohon & tetangga|"
        "ayam tetangga|hutang & tetangga|rebutan & keluarga|iuran|"
        "pengurus & warga|dimusuhi|gosip|fitnah|air & tetangga|dua kubu" },
    { SIG_GAMBLE, 40, "judi|togel|sabung|judol|dadu|domino|slot|poker|"
        "taruhan|kupon|undian|jackpot|tembak ikan|ketangkasan|remi|"
        "kartu & uang|gaple|adu ayam|dingdong|saweran judi" },
    { SIG_OFFLINE, 30, "gelap|gelapkan|gadai|uang palsu|rental|"
        "bawa kabur|dibawa kabur|bawa lari|pinjam motor|pinjam mobil|"
        "tidak dikembalikan|pinjam & kembali|koperasi|arisan & rt|"
        "pemborong|notaris|tanah|sertifikat|kuasa palsu|showroom|"
        "umroh|yayasan penyalur|tukang|emas palsu|kavling|developer|"
        "travel|kwitansi|karyawan|toko|datang ke rumah|ke rumah|"
        "mengaku pegawai|ngaku pegawai|bpkb|cek kosong|dukun|calo|sales" },
    { SIG_RADICAL, 40, "radikal|baiat|isis|khilafah|napiter|suriah|kafir|"
        "thogut|thaghut|pengajian & tertutup|jihad|ekstrim|selebaran|"
        "jaringan|situs jual|rakit|status & senjata|jad|propaganda|"
        "kumpul & malam & tertutup|jual & senjata" },
    { SIG_PROTEST, 40, "demo|unras|unjuk rasa|demonstrasi|mogok|buruh & aksi|"
        "orasi|aksi massa|aksi damai|mahasiswa & aksi|sara|isu|eksekusi|"
        "eksekusi lahan|selebaran|tolak & massa" },
    { SIG_LANTAS, 30, "sim|stnk|bpkb|tilang|etle|samsat|plat|nopol|kawal|"
        "pengawalan|balik nama|mutasi|pajak motor|pajak mobil|satlantas|"
        "satpas|blokir kendaraan|kendaraan|polisi tidur|jasa raharja|"
        "ujian praktek" },
    { SIG_INTEL, 40, "skck|izin keramaian|ijin keramaian|keramaian|wna|"
        "orang asing|hajatan & izin|konser|izin & acara|senapan & izin|"
        "izin senjata|izin & demo|sidik jari" },
    { SIG_CASE, 40, "sp2hp|kasus saya|laporan saya|lp|penyidik|barang bukti|"
        "perkembangan|pinjam pakai|autopsi|visum|bap|saksi|besuk|tahanan" },
    { SIG_COUNSEL, 40, "penyuluhan|sosialisasi|narasumber|pembina upacara|"
        "bhabin|sekolah & materi|pembinaan" },
    { SIG_GUARD, 30, "patroli|titip rumah|rumah & mudik|rumah kosong|"
        "pengamanan|penjagaan|jaga acara|mudik" },
    { SIG_CAREER, 40, "rekrutmen|penerimaan|bintara|akpol|tamtama|magang|"
        "wartawan|wawancara|humas|proposal|pendaftaran polri|"
        "daftar polisi|jadi polisi|media & konfirmasi|masuk polisi|pkl di" },

    { 0, 0, NULL }
};
