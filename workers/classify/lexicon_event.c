/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The lexicon of events, disorder, services and what is no report.  How to
 * read a row: lexicon.h.
 */

#include "classify/lexicon.h"


const struct lapor_lexicon_row  lapor_lexicon_event[] = {

    /* ketertiban */

    { LAPOR_KETERTIBAN, 50, "bising|berisik|kebisingan|gaduh|sound horeg|"
        "horeg|musik keras|musik kencang|suara musik|dangdut|orgen|organ|"
        "karaoke & malam|mediasi|dimediasi|bhabinkamtibmas|bhabin|"
        "batas tanah|sengketa|pagar tetangga|tetangga ribut|ribut tetangga|"
        "orang mencurigakan|mondar mandir|orang asing|gonggong|anjing tetangga|"
        "petasan|mercon|kembang api|nongkrong|begadang|ganggu tidur|"
        "tidak bisa tidur|speaker|toa|pengeras suara|mabuk & teriak|"
        "cekcok|adu mulut|didamaikan|damaikan|musyawarah|fasilitasi|"
        "perselisihan|dukun|selingkuh|pelakor|warisan|tanah warisan|"
        "ayam tetangga|sampah & tetangga|hajatan|jedag jedug|polusi suara|"
        "anak punk|meresahkan warga|keributan|orang tidak dikenal|"
        "gedor|gedor pintu|menguntit|mengintai|layangan|gelandangan|"
        "aliran sesat|rumah ibadah|izin & gereja|ngamuk & mabuk|"
        "mabuk & ngamuk|gelut mulut|patok|kumpul & malam" },
    { LAPOR_KETERTIBAN, 25, "tetangga|ribut|mabuk|teriak malam|musik|"
        "warga resah|resah|ganggu|mengganggu|komplain|kos & tamu|"
        "rebutan|bersitegang|protes|pesta|drone & rumah|foto rumah|"
        "marah marah|caci maki|dorong dorongan|berantem mulut|"
        "iuran|pengurus rt|ketua rt|rt & warga|ronda|kucing|"
        "bunyi bunyi|orang & jongkok|lempar rumah|kaca & rumah & lempar|"
        "coret|vandal|pilox|punk|gang & nongkrong|sampai jam|"
        "sepeda listrik|tawuran & main|manusia silver|pengamen" },

    /* laka_lantas */

    { LAPOR_LAKA_LANTAS, 55, "kecelakaan|tabrak|ditabrak|ketabrak|menabrak|"
        "tabrak lari|serempet|keserempet|diserempet|terserempet|seruduk|"
        "masuk jurang|masuk parit|guling|rebah|mobil terbalik|motor terbalik|"
        "tergelincir motor|terlindas|lindas|kelindas|senggol|kesenggol|"
        "adu banteng|motor jatuh|jatuh motor|laka|terpental|terguling|"
        "rem blong|hantam tiang|hantam pohon|motor hantam|mobil hantam|"
        "nyungsep|kolong truk|kebalik|truk terbalik|bus terbalik|"
        "kereta & mobil|terperosok|oleng & jatuh|tubruk|sambar kereta|"
        "tersambar kereta|tertabrak kereta|pengendara jatuh|"
        "jatuh & lubang & motor|masuk jurang|terjun jurang|"
        "pemotor tewas|tabrakan beruntun|beruntun|nabrak" },
    { LAPOR_LAKA_LANTAS, 25, "helm pecah|kejepit & sopir|terjepit & truk|"
        "terjepit & mobil|penyeberang|motor & kejang|truk & jatuh|"
        "kolong|bemper|ringsek|penyok|pengendara|motor & jatuh|"
        "bus & jurang|mobil & jurang|mobil & parit|mobil & got|"
        "selip|ban pecah|pecah ban|truk & nimpa|muatan & nimpa|"
        "mobil & sungai|motor & darah|jasa raharja|kereta & nyerempet" },

    /* lalin */

    { LAPOR_LALIN, 50, "macet|balap liar|balapan liar|balap|balapan|"
        "knalpot brong|knalpot|lampu merah mati|lampu lalu lintas|"
        "traffic light|trafik light|lampu bangjo|bangjo|apil|parkir liar|"
        "parkir sembarangan|parkir bahu jalan|lawan arah|lawan arus|"
        "contraflow|contra flow|truk overload|odol|over dimensi|"
        "jalan ditutup|tutup jalan|lalu lintas|lalin|lampu merah|"
        "putar balik|u turn|pak ogah|trotoar|bahu jalan|mogok|"
        "palang pintu|palang kereta|portal kereta|perlintasan|"
        "tidak pakai helm|tidak helm|bonceng|ngebut|kebut|ugal|ugalan|"
        "ugal ugalan|trek trekan|trekan|marka|rambu|zebra cross|"
        "arus lalu|semrawut|crowded|antri kendaraan|antrian kendaraan|"
        "antrian panjang|jalan licin|oli tumpah|tumpahan|tumpah|truk mogok|"
        "truk parkir|bus parkir|parkir & bahu|parkir & macet|strobo|sirine & "
        "mobil pribadi|plat & bodong|rambu p|tilang & lapor|stut|"
        "pengatur lalu|pengaturan lalu|diurai|urai|one way|rekayasa|"
        "lampu kuning|tidak ada petugas|simpang & lampu mati" },
    { LAPOR_LALIN, 22, "simpang & macet|perempatan|pertigaan|parkir|klakson|"
        "kendaraan berat|truk tambang|truk & jam sibuk|tol|flyover|"
        "underpass|lajur|putaran|angkot & ngetem|ngetem|travel gelap|"
        "mobil & berhenti|konvoi & pengantin|konvoi moge|mobil & trotoar|"
        "tanpa lampu|iring iringan|sapi & jalan|aspal & licin|debu & truk|"
        "e scooter|skuter|odong odong|rawan kecelakaan|petugas & simpang|"
        "jalan & sempit|jembatan & tonase|tonase|rest area|kantong parkir" },

    /* kebakaran */

    { LAPOR_KEBAKARAN, 60, "kebakaran|api besar|api & rumah|api & atap|"
        "api & plafon|api & dapur|api & kompor|gas bocor|bocor gas|bau gas|"
        "korslet|konslet|korsleting|arus pendek|percikan api|kabel & api|"
        "karhutla|lahan dibakar|hutan dibakar|asap tebal|asap hitam|"
        "asap & jendela|asap & pintu|damkar|pemadam|tabung gas & api|"
        "tabung & api|elpiji & bocor|gas & bocor|"
        "nyala api|api merambat|api menjalar|lalap api|api & gudang|"
        "api & mobil|api & motor|api & kebun|api & bus|api & hutan|"
        "api & ban|api & lahan|api & kamar|trafo & ledakan|trafo & api|"
        "kebakaran hutan|kebakaran lahan|ledakan tabung|tabung & ledakan|"
        "kompor ledakan|api & pasar|api & kabel|bau gosong|bau terbakar|"
        "keluar api|sisa bakaran|genset & ledakan" },
    { LAPOR_KEBAKARAN, 25, "api|asap|bakar|gosong|hangit|sangit|kompor|"
        "elpiji|lpg|percik|spark|trafo|gambut|alang|ilalang|semak & bakar|"
        "padam|sutet|bakar sampah|bakar lahan|bakar jerami|obor|"
        "pabrik & ledakan|nyembur|kabel pln" },

    /* bencana */

    { LAPOR_BENCANA, 55, "banjir|longsor|gempa|tsunami|puting beliung|"
        "angin kencang|pohon tumbang|pohon roboh|tumbang|tanggul|"
        "jembatan putus|jembatan ambruk|jembatan roboh|jalan putus|"
        "jalan ambles|jalan amblas|ambles|amblas|tanah gerak|erupsi|"
        "gunung meletus|abu vulkanik|vulkanik|lahar|evakuasi|ular|"
        "kobra|sanca|piton|buaya|harimau|macan|beruang|tawon|lebah|"
        "biawak|pengungsi|pengungsian|mengungsi|bpbd|rumah ambruk|"
        "atap ambruk|atap terbang|atap roboh|tebing|air naik|"
        "air masuk rumah|genangan & meter|air sepinggang|air sedada|"
        "air selutut|terendam|kerendam|abrasi|gelombang pasang|"
        "pohon & nimpa|pohon & jalan|tertimpa pohon|ketimpa pohon|"
        "tertimbun|ketimbun|timbun longsor|baliho & roboh|tiang roboh|"
        "gajah|monyet|orangutan masuk|banjir bandang|air bah|kekeringan|"
        "angin ribut|badai|pohon & condong|tiang & condong|retak|retakan|"
        "ambruk|roboh|logistik|terisolir|kejebak banjir|perahu karet|"
        "dahan|ranting & nimpa|munggah & air|hanyut rumah|"
        "pohon & kabel|sirine & pantai|lumpur" },
    { LAPOR_BENCANA, 22, "hujan deras|angin|air & sepinggang|air & lantai|"
        "air & atap rumah|dievakuasi|terjebak|kejebak|ketimpa|tertimpa|"
        "sarang|pohon|hujan & jalan|bantaran|jembatan|curah|arus deras|"
        "tanah & retak|sinyal & longsor|luapan|meluap|luber|siaga" },

    /* perairan */

    { LAPOR_PERAIRAN, 60, "tenggelam|hanyut sungai|hanyut laut|terseret arus|"
        "terseret ombak|terseret gelombang|kecebur|kejebur|tercebur|"
        "perahu hanyut|kapal hanyut|perahu terbalik|perahu & bocor|"
        "kapal & bocor|kapal & mesin mati|perahu & mesin|mati mesin|"
        "bom ikan|trawl|pukat|cantrang|nelayan|perompak|bajak laut|"
        "kapal kandas|kandas|abk|nahkoda|mancing & hilang|"
        "perahu & hilang|kapal & hilang|pantai & hanyut|pantai & seret|"
        "keseret ombak|keseret arus|dihantam ombak|hantam ombak|ombak|"
        "keramba|jaring & potong|jaring & hilang|jaring & curi|tambak|"
        "pelabuhan & kapal|pelampung|basarnas|snorkeling|diving|penyelam|"
        "anak & hanyut|hanyut|kapal tenggelam|kapal & terbakar|"
        "perahu & solar|kapal & solar|kapal asing|penyelundup|selundup|"
        "jetski|banana boat|rakit|mayat sungai|pompong|tongkang|"
        "loncat jembatan|lompat jembatan|terjun jembatan|polairud|"
        "kompresor & ikan|terumbu|teluk & kapal|motor tempel|mesin tempel" },
    { LAPOR_PERAIRAN, 20, "perahu|kapal|laut|pantai|pulau|danau|waduk|muara|"
        "selat|teluk|pelabuhan|rumput laut|berenang|renang|mancing|"
        "ikan & bom|pasir laut|ngambang|mengambang|dermaga|sungai & hilang|"
        "sungai & lompat|sungai & jatuh" },

    /* orang_hilang */

    { LAPOR_ORANG_HILANG, 55, "orang hilang|anak hilang|hilang anak|"
        "ibu hilang|bapak hilang|nenek hilang|kakek hilang|adik hilang|"
        "kakak hilang|suami hilang|istri hilang|culik|diculik|penculikan|"
        "temu mayat|mayat|jenazah & temu|jasad|mayit|tengkorak|kerangka|"
        "belum pulang|tidak pulang|pergi dari rumah|kabur dari rumah|"
        "minggat|dibawa kabur pacar|anak kabur|pikun|alzheimer|demensia|"
        "linglung|tersesat|nyasar|kesasar|anak nangis sendirian|"
        "nemu anak|temu anak|anak terpisah|terpisah|hilang kontak|"
        "lost contact|putus kontak|dibawa orang|dibawa lari|"
        "bau busuk & kamar|meninggal & kos|meninggal & kamar|"
        "ditemukan meninggal|ditemukan tidak bernyawa|gantung & meninggal|"
        "anak & pulang|bawa kabur anak|dibawa kabur|anak & tersesat|"
        "tidak masuk kantor|sebatang kara & jalan|penculik|tebusan|"
        "potongan tubuh|kabur dari|mantan & bawa anak|"
        "cari keluarga|cari orang|mencari orang|mencari adik|"
        "mencari anak|hilang sejak|hilang dari" },
    { LAPOR_ORANG_HILANG, 25, "tidak bisa dihubungi|hp tidak aktif|"
        "nomor tidak aktif|tidak ada kabar|"
        "hp mati|belum ditemukan|belum ketemu|orang & belum balik|"
        "terakhir dilihat|terakhir terlihat|pamit|"
        "ciri ciri|pakai baju|ngagem|bocah & sendirian|tidak tau alamat|"
        "lupa alamat|tidak pulang pulang|hutan & hilang|gunung & hilang|"
        "pendaki|tidak ketemu|keluarga & cari|penelusuran|tanpa identitas|"
        "kamar & bau|bau busuk|bau bangkai|kos & tidak keluar|"
        "tidak nyaut|grendel|hilang & umur|sejak & hilang & ibu|"
        "anak & hilang" },

    /* darurat_medis */

    { LAPOR_DARURAT_MEDIS, 60, "pingsan|kejang|sesak napas|sesak nafas|"
        "serangan jantung|stroke|melahirkan|lahiran|mau lahir|keracunan|"
        "bunuh diri|gantung diri|mau mati|ingin mati|minum racun|odgj|"
        "orang gila|gangguan jiwa|ambulan|ambulance|ambulans|overdosis|"
        "kesetrum|tersetrum|kesengat|gigit ular|digigit|patuk ular|"
        "tidak sadar|tidak sadarkan|henti jantung|mulut berbusa|berbusa|"
        "loncat dari|lompat dari|akhiri hidup|mengakhiri hidup|capek hidup|"
        "tidak kuat hidup|sayat nadi|potong nadi|iris nadi|ketuban|"
        "pendarahan|perdarahan|luka bakar|kolaps|nadi|baygon|racun|pemutih|"
        "ngamuk & gila|mengamuk & gila|gila & ngamuk|gila & bawa|"
        "tidak napas|tidak nafas|keguguran|jatuh dari lantai|jatuh & atap|"
        "jatuh dari atap|jatuh & tebing|jatuh & sumur|masuk sumur|pasung|"
        "dipasung|depresi|obat tidur|tidak mau hidup|pengen mati|"
        "sudahan hidup|udahan aja|rooftop|tower & naik|"
        "naik tower|manjat tower|manjat tiang|terkapar|tergeletak|"
        "alergi|hipo|epilepsi|ayan|muntah darah|orang sakit & jalan|"
        "oksigen|telanjang & jalan|gila & telanjang|rabies|tersedak|"
        "jari & putus|kaki & putus|tangan & putus|kejatuhan" },
    { LAPOR_DARURAT_MEDIS, 25, "lemas|lemes|napas|nafas|hamil|bersalin|"
        "puskesmas|igd|rumah sakit|bidan|demam|muntah|sekarat|bius & jatuh|"
        "biru|kaku|jatuh|terlantar & sakit|borok|gila|ngamuk sendiri|"
        "obat & minum banyak|hidup & pamit|bawa pisau & kamar|pengemis|"
        "minum obat|kakek & jatuh|nenek & jatuh|pucat|dinsos|telanjang|"
        "autis|ngunci diri|mengurung diri|sakit & nafas|mata & melek" },

    /* keluhan_polisi; most of it is in the rules: police and deed */

    { LAPOR_KELUHAN_POLISI, 60, "oknum polisi|polisi & minta uang|"
        "polisi minta|polantas minta|anggota minta|penyidik minta|"
        "penyidik & mandek|penyidik & uang|propam|polisi & pungli|"
        "polisi & pukul|polisi & backing|polisi & beking|polisi & mabuk|"
        "dibekingi|dibackingi|bekingan|calo masuk|masuk bintara|polisi nakal|"
        "laporan ditolak|lapor ditolak|lapor & ditolak|"
        "tidak ditindaklanjuti|belum ditindaklanjuti|"
        "tidak ada tindak lanjut|tidak ada kelanjutan|tidak ada kabar & lp|"
        "kasus mandek|mandek|laporan saya & bulan|dipingpong|pingpong|"
        "damai di tempat|uang damai|minta damai|polisi & bentak|"
        "polisi & kasar|polisi & salah tangkap|salah tangkap|"
        "polisi & pukul|polisi & arogan|anggota arogan|arogan|sp3|"
        "oknum anggota|oknum penyidik|pungli sim|calo sim|sim tembak|"
        "nembak sim|calo samsat|pelayanan buruk|pelayanan lambat|"
        "dilepas & bandar|dilepaskan|polisi & selingkuh|dipaksa mengaku|"
        "dipaksa ngaku|razia & uang|tilang & uang|tilang & damai|"
        "tilang & bayar tempat|polisi & main|polisi & hutang|"
        "polisi & teler|polisi & tampar|110 tidak diangkat|"
        "tidak diangkat & 110|telepon & tidak diangkat & polisi|"
        "buser & surat|backing|beking|setoran & polisi|polisi & setoran|"
        "bripka & minta|bripda|penyidiknya|tidak profesional" },
    { LAPOR_KELUHAN_POLISI, 45, "lapor & tidak diproses|"
        "lapor & tidak ada kabar|"
        "lapor & belum ada|lapor & disuruh|lapor & malah|lapor & dicuekin|"
        "lapor & tidak diterima|tidak mau terima|lapor & lempar|"
        "lapor & bolak balik|tidak dijemput|belum ditangkap|"
        "tidak ditangkap|pelaku bebas|pelaku & berkeliaran|"
        "berkeliaran|p21|berkas|gelar perkara|tersangka|"
        "penyidik & ganti|disuruh damai|disuruh cabut|etis|kode etik|"
        "calo|calo polisi|bayar & lulus|titipan & masuk|"
        "samsat & antri|satpas & lama|tidak sopan|jutek|galak|"
        "bentak|membentak|dibentak|geledah|digeledah|ditangkap tanpa|"
        "tanpa surat tugas|surat tugas|anggota & mabuk|anggota & selingkuh|"
        "anggota & uang|anggota & hutang|anggota & narkoba|"
        "anggota & judi|anggota & backing|anggota & pukul|oknum & pukul|"
        "oknum & jatah|oknum & setoran|oknum & minta|petugas & minta uang|"
        "razia & damai|razia & minta|razia & uang|bot|operator & balas|"
        "mobil dinas|motor dinas|bayar & diproses|uang & diproses" },
    { LAPOR_KELUHAN_POLISI, 25, "penyidik|oknum|polantas|bripka|brigadir|"
        "aipda|aiptu|ipda|iptu|briptu|kanit|kasat|juper|pelayanan|"
        "anggota polisi|kinerja|tidak ditanggapi|tidak dibalas polisi|"
        "lapor & cuek|dicuekin|ditangani serius|tebang pilih|lambat|"
        "saksi kasus|dipersulit|barang bukti|etis|kode etik|anggota" },

    /* layanan */

    { LAPOR_LAYANAN, 55, "skck|perpanjang sim|bikin sim|buat sim|sim c|sim a|"
        "sim b|sim d|sim mati|syarat sim|sim hilang|perpanjang stnk|stnk|"
        "bpkb|balik nama|mutasi|etle|e tilang|etilang|tilang elektronik|"
        "sidang tilang|denda tilang|surat kehilangan|surat hilang|sp2hp|"
        "izin keramaian|ijin keramaian|surat izin|pengawalan|kawal|"
        "jam buka|jam layanan|jam pelayanan|buka jam|pendaftaran bintara|"
        "rekrutmen|penerimaan polri|daftar polisi|tes polisi|akpol|"
        "lapor kemana|lapor ke mana|lapor mana|cara lapor|cara buat lapor|"
        "cara melapor|cara bikin lapor|syarat lapor|bikin lapor & syarat|"
        "syaratnya|syarat|prosedur|persyaratan|samsat|sim keliling|"
        "samsat keliling|loket|sidik jari|tes psikologi|psikotes|"
        "ujian praktek|ujian sim|buka blokir|pajak motor|pajak mobil|"
        "magang|penyuluhan & minta|narasumber|pembina upacara|titip rumah|"
        "rumah kosong & mudik|ambil barang bukti|pinjam pakai|kunjungan "
        "tahanan|besuk|jenguk tahanan|jam besuk|nomor telepon polsek|"
        "nomor polsek|alamat polsek|alamat polres|biaya|bayar berapa|"
        "berapa bayar|gratis tidak|formulir|legalisir|visum & cara|"
        "visum & bayar|surat jalan|orang asing & lapor|wajib lapor|"
        "police goes|patroli & permohonan|permohonan|domisili" },
    { LAPOR_LAYANAN, 25, "sim|perpanjang|kadaluwarsa|urus|ngurus|mengurus|"
        "daftar|online & skck|cetak|antri|cek fisik|nopol|plat nomor|"
        "tnkb|e ktp|dokumen|fotokopi|pas foto|latar merah|berapa hari|"
        "berapa lama|masih buka|buka tidak|hari sabtu|libur|info|jadwal|"
        "proposal|bisa diwakilkan|diwakilkan|lewat aplikasi|aplikasi|"
        "apa bisa|boleh tidak|harus bawa|bawa apa|kehilangan & surat|"
        "atm & hilang|kontak|nomor & polsek|ijazah hilang|ktp hilang|"
        "akte hilang|buku tabungan" },

    /* bukan_laporan */

    { LAPOR_BUKAN_LAPORAN, 60, "salah kirim|salah nomor|salah sambung|"
        "kepencet|tidak jadi|batal lapor|dibatalkan|laporan dicabut|"
        "cabut laporan|dirgahayu|selamat hari|selamat ulang|minal aidin|"
        "maaf lahir|salam kenal|good job|apa kabar|mimpi|waalaikumsalam|"
        "walaikumsalam|tidak ada kejadian|cuma tes|cuma mau tanya kabar|"
        "motor ketemu|dompet ketemu|hp ketemu|anak sudah pulang|"
        "sudah ketemu|sudah ditemukan|sudah balik|laporan & selesai|"
        "dianggap selesai|selesai damai|terimakasih atas|terimakasih bantuan|"
        "aman terkendali|situasi aman|cerpen|novel|skripsi|"
        "sukses selalu|sehat selalu|apresiasi|cuma latihan|cuma simulasi" },
    { LAPOR_BUKAN_LAPORAN, 40, "terimakasih|film|sinetron|drakor|syuting|"
        "shooting|simulasi|gladi|lirik|penelitian|semoga sukses|hut|bangga|"
        "salut|ketemu & alhamdulillah|ternyata & cuma|kirain & ternyata|"
        "sudah damai|sudah aman|salah paham|curhat|dimaafkan|dimaafin|"
        "testing|siap 86|game|pubg|gta|ftv" },
    { LAPOR_BUKAN_LAPORAN, 20, "ternyata|rupanya|kirain|nonton|drama|lomba|"
        "latihan|bercanda|mantap|nyelip|konten" },

    /* spam_prank */

    { LAPOR_SPAM_PRANK, 60, "gacor|slot gacor|maxwin|scatter|rtp|"
        "bonus member|situs judi|pinjaman cepat|tanpa jaminan|"
        "tanpa agunan|promo|diskon|grosir|reseller|dropship|cashback|"
        "klik disini|subscribe|subscriber|followers|open order|ready stok|"
        "ready stock|garansi|open trip|free ongkir|obat kuat|pelangsing|"
        "peninggi|pembesar|sebarkan|teruskan ke|kirim ke 0 grup|"
        "kirim ke 0 orang|selamat anda|anda terpilih|menang undian|gebyar|"
        "undangan digital|undangan pernikahan|kerja sampingan|"
        "kerja freelance|member baru|freebet|alien|ufo|kuntilanak|pocong|"
        "tuyul|genderuwo|babi ngepet|zombie|dinosaurus|curi hati|hati & curi|"
        "video call yuk|vc yuk|kontol|memek|kacung|isilop|wereng|mampus|"
        "polisi tidur & tangkap|doraemon|superman|batman|"
        "ultraman|godzilla|boong|bohongan|passive income|bokep|"
        "pulsa murah|sedot wc|service ac|bonus new|new member|minimal depo|"
        "fast response|kualitas ekspor|jual akun|cair kilat" },
    { LAPOR_SPAM_PRANK, 35, "bangsat|bajingan|goblok|tolol|anjing lu|"
        "anjing kamu|bacot|slot|deposit|depo|pemenang|jomblo|join grup|"
        "gabung grup|cuan|pengabdi|sayang & video|sis|iseng|naruto|setan|"
        "jancok|ngentot|pantek|cok|spongebob" },
    { LAPOR_SPAM_PRANK, 14, "apk|daftar sekarang|minat|order|jual|stok|"
        "kuota|pulsa|ngakak|wkwk|haha|xixi|awok|anj|anjir|anjay|ganteng|"
        "cantik|hantu|free|klik|login|tenor|proses cepat|hubungi|jasa|murah|"
        "cair|komisi|hadiah|sayang|cinta|kangen|prank|naga|www|bonus|wd|"
        "balas woy|p p" },

    /* instansi_lain */

    { LAPOR_INSTANSI_LAIN, 55, "lampu jalan|penerangan jalan|pju|"
        "jalan rusak|jalan berlubang|jalan lubang|lubang jalan|aspal|"
        "pdam|air pam|air mati|pln|listrik mati|mati lampu|token|"
        "bansos|pkh|blt|bpjs|bikin ktp|urus ktp|kk|akta|dukcapil|disdukcapil|"
        "catatan sipil|"
        "sampah numpuk|sampah menumpuk|sampah|drainase|selokan|got mampet|"
        "got|saluran|spp|uang sekolah|uang komite|ppdb|zonasi|"
        "kaki lima|pkl|satpol pp|satpol|trantib|imb|pbg|izin bangunan|"
        "bangunan liar|retribusi|pajak bumi|pbb|sertifikat & bpn|ptsl|prona|"
        "bpn|dinas pu|dinas sosial|dishub|dinkes|dlh|puskesmas & antri|"
        "puskesmas & dokter|rumah sakit & bpjs|obat habis|posyandu|gaji|"
        "thr|phk|disnaker|upah|umr|lowongan kerja|gas langka|harga & mahal|"
        "bau & ternak|kandang ayam & bau|septiktank|wifi|internet|indihome|"
        "sinyal|telkomsel|paket internet|halte|taman kota|fogging|foging|"
        "dbd|nyamuk|stunting|bantuan & belum|raskin|beras bulog|dtks|desil|"
        "kartu indonesia|kip|beasiswa|guru honorer|bupati|walikota|gubernur|"
        "dprd|lurah & ktp|surat pengantar|pengantar rt|kantor desa|"
        "balai desa|akta lahir|buku nikah|kua|cerai|pengadilan agama|"
        "bi checking|kubangan|trotoar rusak|jembatan rusak|pangkas|"
        "pohon & pangkas|anjing liar|kucing liar|sekolah rusak|sekolah & "
        "kursi|parit & keruk|pengerukan parit|lampu taman|air & keruh|"
        "tiket & mahal|jembatan penyebrangan" },
    { LAPOR_INSTANSI_LAIN, 22, "dinas|perda|ktp|mampet|"
        "lubang|lampu mati|bantuan|pemda|pemkot|pemkab|kementerian|"
        "kemensos|sosial|yayasan|mck|irigasi|benih|meteran|tagihan|"
        "antri obat|rt & ktp|bau|kabel & optik|kabel semrawut|parit" },

    { 0, 0, NULL }
};
