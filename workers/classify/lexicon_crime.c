/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The lexicon of offences.  How to read a row: lexicon.h.
 */

#include "classify/lexicon.h"


const struct lapor_lexicon_row  lapor_lexicon_crime[] = {

    /* curas: taken by force or threat */

    { LAPOR_CURAS, 60, "begal|jambret|rampok|todong|curas|rampas tas|"
        "rampas motor|rampas hp|kalung tarik|tas tarik|penodong|perampasan|"
        "tarik kalung|tarik tas|pencuri & tusuk|pencuri & bacok|"
        "pencuri & pisau|pencuri & ikat|pencuri & parang|pencuri & sekap|"
        "pencuri & todong|kalung & jambret|ambil paksa motor|"
        "rampas dompet|tas dirampas|hp dirampas|rampas kalung|sandera kasir" },
    { LAPOR_CURAS, 40, "rampas|sekap|penyekapan|kasir & todong|gondol kasir|"
        "brankas & ikat|ikat & uang|diikat|palak|malak|dipalak|cegat|dicegat|"
        "hadang|dihadang|buka laci|kasir pisau|kasir parang|kasir pistol|"
        "minimarket celurit|kasir celurit|bius|hipnotis|gendam|copet paksa|"
        "tas lari|copet|kecopetan" },
    { LAPOR_CURAS, 25, "pepet|dipepet|dompet & pisau|hp & pisau|hp & celurit|"
        "motor & celurit|motor & parang|uang & pistol|uang & parang|"
        "uang & celurit|minta hp|serahkan|rebut tas|tas & pepet|"
        "ambil paksa|paksa ambil|pecah kaca & tas|nasabah & pepet|"
        "ikuti bank|tas nasabah|seret motor|motor & pistol|tas & celurit" },

    /* pencurian: taken without meeting */

    { LAPOR_PENCURIAN, 45, "curi|pencuri|colong|kemalingan|curanmor|bobol|"
        "kecolongan|curat|gasak|gondol|curian|dicolong|panen orang|congkel|"
        "maling|sikat maling|spesialis maling|gergaji teralis|embat|jarah|"
        "kebobolan|dibobol|disatroni|satroni|pecah kaca" },
    { LAPOR_PENCURIAN, 40, "motor hilang|hilang motor|mobil hilang|hp hilang|"
        "hilang hp|dompet hilang|laptop hilang|sapi hilang|kambing hilang|"
        "ayam hilang|uang hilang|hilang uang|sepeda hilang|helm hilang|"
        "ternak hilang|tabung hilang|barang hilang|perhiasan hilang|"
        "emas hilang|hilang kandang|parkir hilang|hilang parkir|tas hilang|"
        "hilang helm|hilang sepeda|aki hilang|besi hilang|hilang perhiasan|"
        "kotak amal|hilang kambing|hilang sapi|spion hilang|burung hilang|"
        "mesin hilang|pompa hilang|paket hilang|sandal hilang|hilang laci|"
        "hilang parkiran|hilang emas|hilang laptop|kabel hilang|"
        "cincin hilang|laci hilang|hilang depan rumah" },
    { LAPOR_PENCURIAN, 30, "kandang & hilang|jemuran & hilang|"
        "parkir & hilang|jendela rusak|gembok rusak|pintu rusak & hilang|"
        "gembok dirusak|kunci leter|kunci t|masuk lewat jendela|"
        "masuk rumah orang|kemasukan orang|lompat pagar|manjat pagar|"
        "buka pintu mobil|genteng & masuk|plafon & masuk|rumah kosong & masuk|"
        "copot velg|ban dicopot|cctv & hilang|motor saya dibawa|dorong motor|"
        "rumah acak|lemari acak|toko & bobol|plong & brankas|tukang rongsok & "
        "hilang|panen & malam|tabung gas & hilang|toko kami & hilang|"
        "dicuri|melon & hilang|maling ayam" },
    { LAPOR_PENCURIAN, 12, "brankas|stnk & hilang|plat & hilang|kandang|"
        "teralis|engsel|congkelan|gembok|leter|ternak" },

    /* penipuan_siber */

    { LAPOR_PENIPUAN_SIBER, 50, "tipu|ketipu|penipu|penipuan|pinjol|"
        "investasi bodong|arisan bodong|phishing|hack|hacker|retas|dihack|"
        "kode otp|otp|pinjaman online|gelap mobil|penggelapan|digelapkan|"
        "robot trading|trading|modus|salah transfer|akun palsu|akun bajak|"
        "bajak|dibajak|hoax|hoaks|cemar nama|fitnah medsos|scam|arisan|"
        "investasi|love scam|file apk|apk undangan|undangan apk|"
        "m banking|mbanking|saldo habis|saldo kuras|kuras rekening|"
        "rekening kuras|saldo hilang|uang palsu|bawa kabur uang|"
        "bawa kabur motor|bawa kabur mobil|gadai mobil|gadai motor|"
        "penipuan online|tertipu|doxing|cod palsu|data saya dipakai|"
        "ktp saya dipakai|orderan fiktif|order fiktif" },
    { LAPOR_PENIPUAN_SIBER, 30, "online & transfer|jual beli & transfer|"
        "transfer & blokir|transfer & hilang|blokir & uang|sudah transfer|"
        "dp & hilang|dp & kabur|uang dp|marketplace|shopee|tokopedia|olshop|"
        "nomor diblokir|wa diblokir|sebar data|data disebar|"
        "debt kolektor online|link & saldo|klik link|hadiah palsu|undian palsu|"
        "kena tipu|bawa lari uang|uang dibawa|uang dibawa kabur|"
        "pinjam motor & kembali|pinjam mobil & kembali|rental & kembali|"
        "tidak kembali uang|umroh & berangkat|travel & berangkat|"
        "janji kerja & uang|loker palsu|lowongan palsu|calo kerja|"
        "kloning|akun saya|akun & login|akun wa|akun ig|akun medsos|"
        "tiket palsu|jual tiket|jastip|bawa lari|sertifikat palsu|"
        "kuasa palsu|tanda tangan palsu|cek kosong|giro kosong|emas palsu|"
        "koperasi & tarik|tabungan & tarik|kripto|crypto|dollar palsu|"
        "paylater|tagihan & ktp|mengaku pegawai|ngaku pegawai|"
        "ngaku dari bank|mengaku dari bank|ganti nomor & kirim|slik|"
        "sebar fitnah|nama baik|video editan|berita bohong|pre order|"
        "barang tidak dikirim|barang tidak datang|barang tidak sampai|"
        "barang tidak sesuai|belum dikirim|tidak pernah dikirim|"
        "uang tidak kembali|uang tidak balik|tidak balik uang|"
        "bayar lunas|sudah bayar & tidak|sudah bayar & kabur|dipalsukan|"
        "pemalsuan|memalsukan|pinjam ktp|ktp & pinjam|ktp & kredit|"
        "minta pulsa|ganti nomor|nomor baru & transfer|wa & minta transfer|"
        "ngaku polisi|mengaku polisi|ngaku petugas|ngaku keluarga|"
        "surat palsu|gelapkan|janji & uang|dijanjikan|iming iming|"
        "untung besar|profit|member & kabur|bandar arisan|owner & kabur|"
        "deposit & tarik|tidak bisa withdraw|withdraw|penarikan|"
        "virus & hp|link & klik|whatsapp & hack|pinjam & tidak kembali|"
        "utang & kabur|hutang & kabur|uang muka|tanda jadi|"
        "balikin motor|balikin mobil|bawa lari motor|bawa lari mobil" },
    { LAPOR_PENIPUAN_SIBER, 15, "palsu|bayar|rekening|transfer|online|"
        "korban & grup|"
        "pembeli & rekening|penjual|seller|admin grup|dp|saldo|bitcoin|akun|"
        "email|bank & telepon|sms|gadai|developer|rumah & dp|kavling|"
        "notaris|leasing & lunas|medsos|wa & uang" },

    /* tipidter */

    { LAPOR_TIPIDTER, 50, "tambang liar|tambang ilegal|galian c|korupsi|"
        "illegal logging|kayu ilegal|tebang liar|timbun bbm|timbun solar|"
        "solar subsidi|bbm subsidi|oplos gas|gas oplos|gas suntik|suntik gas|"
        "pupuk subsidi|dana desa|satwa lindung|satwa dilindungi|trenggiling|"
        "limbah pabrik|buang limbah|kosmetik ilegal|obat palsu|rokok ilegal|"
        "mafia tanah|penimbunan|timbun|penambang|emas liar|"
        "peti & emas|pembalakan|bantuan dipotong|dana bos|dana bantuan|"
        "gratifikasi|suap|pungli kepala|pungli dinas|proyek fiktif|fiktif|"
        "bpkp|bauksit|batubara liar|ekskavator|excavator|beko|sianida|merkuri|"
        "gas melon|tabung melon|gas 0 kilo|strum ikan|setrum ikan|"
        "pertamini|beras oplos|oplos beras|impor ilegal|ilegal|tanpa izin|"
        "tidak ada izin|burung lindung|cukai|pita cukai|mark up|markup|"
        "proyek desa|kades korupsi|pungutan sekolah|pertambangan|tambang|"
        "pangkalan solar|kencing solar|skincare & merkuri|dipotong kepala" },
    { LAPOR_TIPIDTER, 25, "subsidi|limbah|hutan lindung|kayu gelondong|"
        "kayu & truk|satwa|penyu|orangutan|kukang|gading|cula|pupuk|solar|"
        "jerigen & spbu|kades & uang|kepala desa & uang|bansos & potong|"
        "bantuan potong|potong bantuan|anggaran|kwitansi|spj|dinas & uang|"
        "sertifikat & pungli|minyakita|minyak goreng|sembako & timbun|"
        "racun ikan|potas|bangunan mangkrak|proyek & aspal|kadaluarsa|expired|"
        "formalin|boraks|daging & bangkai|daging glonggong|glonggong|bbm|"
        "pabrik & sungai|udara & pabrik|asap pabrik|b3|amoniak|galian|"
        "pengerukan|ngeruk|keruk pasir|pasir & sungai|tangkap burung|"
        "jual burung|bibit lobster|baby lobster|pita & rokok|kosmetik|"
        "pelangsir|barcode & solar|merk & palsu|bpom" },

    /* penganiayaan */

    { LAPOR_PENGANIAYAAN, 45, "bacok|tusuk|tikam|keroyok|aniaya|bunuh|"
        "penganiayaan|pengeroyokan|pembunuhan|tebas|hajar|gebuk|pukul|"
        "dikeroyok|ditusuk|dibacok|hantam|babak belur|sabet|dibunuh|"
        "bantai|keroyokan|massa & pukul|hakimi massa|digebukin|siram air keras|"
        "air keras|dipukul|dipukuli|kadek|dikadek|bonyok|lebam|"
        "visum|tonjok|tinju|jotos|bogem|penusukan|pembacokan|"
        "cekik|dicekik|dihajar|injak|tendang|ditendang|lempar batu|"
        "tembak orang|panah orang|sayat|disayat|nikam|digorok|gorok" },
    { LAPOR_PENGANIAYAAN, -45, "pukul 0" },
    { LAPOR_PENGANIAYAAN, 20, "bibir sobek|kepala bocor|jahit|jahitan|"
        "luka & pisau|luka & parang|darah & pisau|darah & parang|ribut & darah|"
        "berantem & darah|kepala pecah|lempar botol|lempar gelas|lempar kursi|"
        "siram & melepuh|siksa|tampar|jambak|berantem & pisau|cakar|"
        "berantem & parang|mengamuk & parang|ngamuk & parang|mabuk & parang|"
        "mabuk & pisau|dendam|geng & pukul|sekap & pukul|rahang|gigi patah|"
        "main hakim|ospek|disiksa|dorong jatuh|berantem" },

    /* premanisme */

    { LAPOR_PREMANISME, 50, "preman|pemerasan|peras|diperas|debt collector|"
        "debcolector|debkolektor|dept collector|mata elang|matel|"
        "ancam bunuh|diancam|ancam|mengancam|intimidasi|diintimidasi|"
        "jatah preman|uang keamanan|uang jago|jatah & toko|uang lapak|"
        "penagih hutang|tarik paksa|debt kolektor|pemalakan|ormas & minta|"
        "ormas & jatah|ormas & uang|minta jatah|uang lebaran|thr & ormas|"
        "tukang parkir & minta|jukir & minta|parkir liar & minta|"
        "jukir & ancam|wartawan & minta|lsm & minta|teror telepon|"
        "teror wa|uang koordinasi|leasing & rampas|leasing & paksa|"
        "pungli preman|pemuda & minta uang|santet & ancam|bakar warung|"
        "japrem|rentenir & ancam|kolektor|palak sopir|pungli sopir" },
    { LAPOR_PREMANISME, 30, "pungli|jukir & paksa|jukir|ormas|jatah|"
        "leasing|dept|minta uang|minta uang paksa|minta paksa|"
        "setor|setoran|uang rokok & preman|sopir & minta|truk & minta|"
        "pak ogah & gores|gores mobil|baret mobil|dihabisi|habisi|awas kamu|"
        "nyawa & ancam|akan dibunuh|mau bunuh|mau dibunuh|mau bakar|"
        "pungut & terminal|portal & minta|sumbangan & paksa|cegat & uang|"
        "kunci & paksa|dicegat & uang|uang & parkir & paksa|ancam sebar|"
        "kuasai lahan|pagar lahan & preman|tagih & rumah|tagih & kasar|"
        "nagih & ancam|penagih|nagih|ditagih|teror|diteror|"
        "bongkar muat & paksa|"
        "lahan & orang suruhan|nyantet|santet|backup preman" },

    /* tawuran */

    { LAPOR_TAWURAN, 55, "tawuran|geng motor|gangster|gengster|rusuh|"
        "kerusuhan|perang sarung|perang kampung|serang kampung|perang suku|"
        "antar kampung|antar suku|antar sekolah|lempar lemparan|saling lempar|"
        "saling serang|serang serangan|begal & konvoi|demo|unjuk rasa|unras|"
        "demonstrasi|mogok kerja|aksi massa|blokir jalan|blokade|bakar ban|"
        "bentrok warga|dua kampung|dua kelompok|dua geng|kelompok remaja|"
        "kreak|klitih|klithih|gerombolan & celurit|gerombolan & parang|"
        "gerombolan motor|konvoi & celurit|konvoi & parang|seret celurit|"
        "perguruan silat|suporter|supporter|bonek|viking|aremania|"
        "pendekar & konvoi|lempar batu rumah|penjarahan|perang batu|"
        "main busur|busur panah|perang panah|aksi & buruh|mahasiswa & aksi|"
        "orasi|sweeping|sara|provokator|kampung & serang|"
        "geng & celurit|geng & parang|janjian & tawuran|cod tawuran|"
        "pelajar & celurit|murid & celurit|gir|gear & sabuk|ikat pinggang & "
        "pelajar|massa & batu|eksekusi lahan|lapas & rusuh" },
    { LAPOR_TAWURAN, 25, "konvoi|gerombolan|serang|massa & kumpul|"
        "remaja & celurit|remaja & parang|anak & celurit|anak & parang|"
        "bawa celurit|bawa parang|senjata tajam|sajam|kumpul & batu|"
        "bentrok|geng|ormas & bentrok|kelompok & serang|massa|panah|busur|"
        "nyerang|lempar lempar|petasan & serang|buruh & aksi|kampung sebelah|"
        "barikade|tolak eksekusi|molotov & massa|ricuh|kubu" },

    /* kdrt_anak */

    { LAPOR_KDRT_ANAK, 60, "kdrt|suami pukul|dipukul suami|dipukuli suami|"
        "istri dipukul|ibu tiri|bapak tiri|aniaya anak|siksa anak|"
        "anak disiksa|telantar anak|anak ditelantarkan|penelantaran|"
        "buang bayi|bayi dibuang|bully|bullying|dibully|rundung|perundungan|"
        "anak dipukul|anak dipukuli|kekerasan rumah tangga|kekerasan anak|"
        "nikah anak|anak dinikahkan|eksploitasi anak|jual bayi|jual anak|"
        "anak dijual|pukul istri|pukul anak|cekik istri|suami tampar|"
        "ditampar suami|guru pukul|guru tampar|dipukul guru|anak diikat|"
        "anak dirantai|anak dikunci|anak dikurung|istri dikurung|"
        "suami & cekik|suami & tampar|suami & gebuk|suami & siksa|"
        "suami & pukul|suami & tendang|istri & pukul|istri & siksa|"
        "nafkah|panti & pukul|bapak tirinya|ibu tirinya|"
        "anak & sundut|anak & siksa|anak & cubit|anak & tampar" },
    { LAPOR_KDRT_ANAK, 30, "anak & ampun|anak & pukul|anak & tendang|"
        "anak & tiri|anak & kurung|anak & ikat|anak & telantar|"
        "anak & gebuk|anak & banting|anak & dijual|murid & pukul|"
        "murid & tampar|murid & tendang|bapak & pukul|suami & mabuk|"
        "suami & parang|suami & pisau|suami & ngamuk|suami & banting|"
        "suami & kunci|istri & jerit|suami & usir|bapak & mengamuk|"
        "ortu & pukul|orangtua & pukul|ibu & pukul|mertua & usir|"
        "pembantu & siksa|art & siksa|art & pukul|majikan|"
        "anak & usir|anak & dieksploitasi|anak & ngemis|anak & mengemis|"
        "anak & ngamen|suara anak & nangis|bayi & kardus|anak & trauma|"
        "anak & palak|suami & ancam|suami & teriak|anak & memar|"
        "anak & lebam|ditinggal sendiri|anak & ditinggal|pukul adik|"
        "pengasuh & anak|daycare|penitipan & anak|anak & setrika|"
        "rumah tangga & pukul|maki maki|bojo & lading|anak & ketakutan|"
        "dikucilkan|kucil|anak & dicubit|ditampar|nikahkan|dinikahkan" },

    /* kekerasan_seksual */

    { LAPOR_KEKERASAN_SEKSUAL, 65, "perkosa|pemerkosaan|cabul|pencabulan|"
        "lecehkan|pelecehan|dilecehkan|setubuh|rudapaksa|diperkosa|dicabuli|"
        "gerayang|digerayangi|begal payudara|remas payudara|pegang payudara|"
        "buka celana|kemaluan|alat kelamin|onani|masturbasi|video mesum saya|"
        "video bugil|foto bugil|foto syur|video syur|vcs|sextortion|"
        "perdagangan orang|tppo|dijual om|human trafficking|dipaksa layani|"
        "layani tamu|dipaksa melacur|dihamili|hamili|meraba|raba|diraba|"
        "colek|dicolek|nyolek|ekshibisionis|pamer alat|foto telanjang|"
        "video telanjang|intip mandi|ngintip|intip|kamera tersembunyi|"
        "catcalling|sodomi|pedofil|predator|inses|tiduri|dipaksa tidur|"
        "pap bugil|foto seksi & sebar|sebar video|sebar foto|"
        "video kita|ajak tidur|hubungan badan|grepe|digrepe|"
        "pkl & dijual|dijual ke om|lc|open bo anak|muncikari|mucikari|germo|"
        "pegang paha|pegang dada|pegang pantat|remas|cium paksa|dicium" },
    { LAPOR_KEKERASAN_SEKSUAL, 30, "bugil|telanjang & foto|"
        "telanjang & video|aib & sebar|hamil & anak|anak & hamil|"
        "korban & seksual|seksual|seks|tkw|pmi|kamboja|agen & luar negeri|"
        "paspor & tahan|ktp & tahan & kerja|dijanjikan kerja|"
        "sekap & perempuan|perempuan & dipaksa|balikan & sebar|"
        "foto & sebar|video & sebar|rekam & ganti baju|rekam & mandi|"
        "rok|penumpang & pegang|bidan & hamil|hamil & pacar|"
        "guru & kamar|santriwati|pacar & hotel|anak & hotel|"
        "ngikutin perempuan|dibuntuti|buntuti|stalking|stalker|"
        "perempuan & kunci pintu|driver & pegang|paksa & hotel|sange|mesum & "
        "anak|anak & raba|pelecehan & verbal|jual diri & anak" },

    /* bom_teror */

    { LAPOR_BOM_TEROR, 60, "bom|granat|mortir|mortar|teroris|terorisme|"
        "bahan peledak|dinamit|senjata api|peluru|amunisi|detonator|"
        "ancam bom|radikal|isis|jad|baiat|bendera isis|jihad|kkb|opm|"
        "kelompok bersenjata|molotov|penembakan|senpi|pistol rakitan|"
        "benda mencurigakan|tas mencurigakan|paket mencurigakan|"
        "koper mencurigakan|kotak mencurigakan|kardus mencurigakan|ranjau|"
        "mau meledakkan|akan diledakkan|ledakkan|diledakkan|rakit bom|"
        "senjata rakitan|peluru aktif|peluru nyasar|tas tak bertuan|"
        "rompi bom|bunuh diri bom|suriah|napiter|khilafah|mujahid|sumbu|"
        "tembak menembak|kontak senjata|senjata organik" },
    { LAPOR_BOM_TEROR, 30, "tas & kabel|kardus & kabel|paket & kabel|"
        "koper & kursi|koper & tinggal|tas & ditinggal|ransel|pistol|"
        "suara tembakan|bunyi tembakan|tembakan|letusan|baku tembak|"
        "gereja & mencurigakan|gereja & kabel|bunyi tik|detik & kardus|"
        "serbuk & paket|sandera|disandera|senjata|tas hitam|koper|"
        "tembak|benda & besi & karat|propaganda|selebaran & ancam|"
        "pengajian & tertutup|thaghut|thogut|kafir|ekstrim|peledak|drone" },

    /* narkoba */

    { LAPOR_NARKOBA, 60, "narkoba|sabu|ganja|ekstasi|inex|tramadol|eksimer|"
        "hexymer|excimer|nyabu|nyimeng|pengedar|bandar|sinte|sintetis|gorila|"
        "tembakau gorila|pil koplo|dobel l|double l|obat keras|obat terlarang|"
        "kurir|heroin|kokain|putaw|putau|lem aibon|ngelem|hirup lem|aibon|"
        "alprazolam|xanax|trihexyphenidyl|trihex|pil kuning|pil putih|pil y|"
        "shabu|bong|alat hisap|rehab|rehabilitasi|bnn|pecandu|pemakai|nyuntik|"
        "jarum suntik|daftar g|pil jin|zenith|carnophen|magic mushroom|"
        "jamur tahi|kecubung|lsd|happy five|transaksi narkoba|sistem tempel|"
        "ganja sintetis|kratom|pesta sabu|kampung narkoba|cimeng|nyinte|"
        "flakka|samcodin|komix|obat batuk|tes urine|tes urin|vape isi" },
    { LAPOR_NARKOBA, 25, "tempel & bungkus|bungkus & pot|transaksi|paket kecil|"
        "klip|plastik klip|pil|obat & anak & jual|linting|tiduran & mulut|"
        "mabuk & obat|sakau|fly|bungkus rokok & taruh|edar|"
        "ngambil & peta|titip & koper|nge fly|giting|mabuk lem" },

    /* pekat */

    { LAPOR_PEKAT, 55, "judi|togel|sabung ayam|miras|minuman keras|tuak|ciu|"
        "arak|oplosan|prostitusi|psk|mesum|open bo|pelacur|lokalisasi|"
        "remang|kafe remang|slot & warung|judol|judi online|dadu|domino|"
        "qq|poker|kupon putih|pesta miras|jual ciu|lapo|botol miras|michat|"
        "esek|plus plus|panti pijat|kumpul kebo|bukan suami istri|"
        "tembak ikan|ketangkasan|mesin jackpot|dingdong|taruhan|cap tikus|"
        "sopi|moke|ballo|lapen|anggur merah|anggur cap|intisari|wts|"
        "pasangan mesum|hotel jam|kos & mesum|kost bebas|kos bebas|"
        "minum minuman|alkohol|bir|sabung|adu ayam|adu domba & taruhan|"
        "kolok|dindong|jackpot|waria|bencong|mangkal|pekerja seks|"
        "minum oplosan|warung miras|toko miras|lacur|losmen|"
        "penari seksi|saweran|judi & kartu|main kartu|remi|gaple & uang" },
    { LAPOR_PEKAT, 20, "minum minum|karaoke|kafe|hotel melati|pijat|spa|"
        "sewa kamar|kamar & pelajar|kos & gonta|gonta ganti|botol|kupon|"
        "hiburan malam|diskotik|pub|wisma|homestay & jam|pacaran|"
        "berduaan|bilik|undian" },

    { 0, 0, NULL }
};
