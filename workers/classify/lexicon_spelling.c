/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Spellings: chat abbreviations, spoken forms and the commonest words of
 * regional languages, each row led by the form that the lexicon is written
 * in.  A word in this file is taken as it stands, no affix is taken off it:
 * a row of one word protects one whose root would mislead ("sekali" is not
 * "kali", a river).
 */

#include "classify/lexicon.h"


const char *const  lapor_lexicon_spelling[] = {

    /* words of grammar */

    "tidak|tdk|gak|ga|gk|g|nggak|ngga|enggak|engga|kagak|kaga|tak|ora|"
        "ndak|indak|ndk|teu|henteu|mboten|dak|idak|kada|nda|tra|trada|seng|"
        "tida|tdak|nggk|gaada|gada|gaboleh|tiada|sonde|tarada",
    "bukan|bkn|sanes|dudu",
    "cuma|cm|cuman|hanya|hny|sekedar|sekadar",
    "yang|yg|sing|ingkang|nan|nu|nang",
    "ada|ado|ono|wonten|aya",
    "dan|dn|karo|kalih|sareng",
    "di|ning|ing",
    "dari|dr|dri|saking|tina|darek",
    "dengan|dgn|dg|dng|sama|sm|ama|pake|pakai|nganggo|pakek|make|memakai",
    "untuk|utk|buat|kanggo|untk",
    "kalau|kalo|klo|kl|klau|nek|lamun|kalu|bila|apabila|misal|misalnya",
    "sudah|sdh|udah|udh|dah|wis|alah|lah|geus|atos|sampun|suda|"
        "tos|telah|mpun|su",
    "belum|blm|blom|belom|durung|acan|dereng|balun|bolom",
    "akan|mau|mo|arep|bade|handak|nak|pengen|pingin|ingin|pgn|hendak",
    "bisa|bs|biso|tiasa|dpt|isa",
    "saya|sy|sya|aku|ak|aq|gue|gw|gua|abdi|ambo|kulo|awak|beta|sa|ulun|"
        "denai|tiang|kita|kami|kmi|inyong",
    "dia|dy|doi|beliau|inyo|inyanya",
    "kamu|km|lu|lo|elu|kowe|sampeyan|ente|anda|nt",
    "itu|tu|iku|eta|niku|tuh",
    "ini|ni|iki|ieu|niki|nih",
    "apa|apakah|apo|opo|naon|nopo|ape|nape",
    "siapa|sp|sopo|saha|sapa",
    "bagaimana|gimana|gmn|gmna|bgmn|piye|kumaha|pripun|baa|gmana",
    "berapa|brp|brapa|piro|sabaraha|pinten|barapo",
    "mana|dimana|dmn|dmna|kemana|kmn|kamano|ndi|dimano",
    "kapan|kpn|iraha|bilo|kapanya",
    "kenapa|knp|knapa|mengapa|ngopo|naha|kunaon|manga",
    "karena|krn|karna|soalnya|gara|gegara|soale",
    "sangat|bgt|banget|bngt|bgtt|sekali|bana|pisan|tenan",
    "semua|smua|smw|sadonyo|kabeh|sadaya|sedoyo|seluruh",
    "banyak|bnyk|byk|akeh|loba|rame2|kathah",
    "orang|org|uong|wong|urang|jalma|tiyang|oknom|uwong|seseorang|seorang",
    "orangnya|pelaku|pelakunya|plaku",
    "jangan|jgn|jng|jan|ojo",
    "seperti|kayak|kaya|kyk|koyo|spt|kek|macam|cam|mirip",
    "terus|trs|trus|lalu|lantas",
    "sampai|sampe|ampe|nyampe|nepi|spai",
    "tapi|tp|tpi|tetapi|namun",

    /* time */

    "sekarang|skrg|skg|skr|skrng|saiki|ayeuna|kini|sakniki|"
        "sakarang|skarang|skrang|sekrang|now|sakprene|wayahini|wayah",
    "barusan|brusan|brsn|bru|nembe|nembean|barusaja|baruan",
    "baru|hanyar|anyar|weling",
    "tadi|td|tdi|wau|tadinya|cako|tateh",
    "kemarin|kmrn|kmaren|kemaren|kamari|wingi|kmarin|kamarin|kemarinnya",
    "malam|mlm|malem|bengi|wengi|peuting|dalu|mlam",
    "pagi|pg|isuk|enjing|subuh|subuah|shubuh",
    "siang|siank|awan",
    "sore|sorenya|petang|magrib|maghrib",
    "hari|hr|dinten|dino",
    "minggu|mgg|mnggu|pekan",
    "bulan|bln|sasi|wulan",
    "tahun|thn|th|taun|warsih",
    "menit|mnt|mnit",
    "jam|jm",
    "tiap|setiap|tiapa|saban|unggal",
    "sering|srg|sring|acap|kerap|asring",
    "masih|msh|msih|isih|keneh|taksih|magun|maseh",
    "cepat|cepet|cpt|cpet|buruan|gancang|capeklah|lekas|segera|"
        "sgra|secepatnya",
    "langsung|lgsg|lsg",
    "lagi|lg|lgi|sedang|sdg|sadang",
    "nanti|nti|ntar|engke",
    "besok|bsk|isukan|lusa",

    /* people */

    "pak|pa|bpk|ndan|komandan|min|admin|kak|bang|mas|gan",
    "bapak|bokap|ayah|papa|papah|abah|apak|babe|ayahanda|bpknya",
    "ibu|emak|mamak|mama|mamah|mami|umi|amak|indung|nyokap|ibuk|biyung|"
        "mace|mamah|ibunda|mak",
    "bu|buk",
    "anak|ank|bocah|budak|barudak|lare|bocil|anaknya|balita|bayi|paja|"
        "ponakan|keponakan|cucu|anakku|bocah2|bayinya|bocahe",
    "suami|bojo|pasutri|salaki|paitua|swami",
    "istri|bini|isteri|garwa|pamajikan|maitua|istriku",
    "adik|adek|ade|adk|adi|ading|rayi|adhek",
    "kakak|kaka|kakanya|mbak|mba|aa|uda|uni|abang",
    "nenek|mbah|simbah|oma|eyang|nini|nenekku|inyiak|opung",
    "kakek|opa|datuk|engkong|tete",
    "teman|temen|tmn|tman|kawan|konco|babaturan|sahabat",
    "tetangga|tetanga|tonggo|tatangga|tonggone",
    "pacar|pcr|yayang",
    "perempuan|cewek|cewe|wanita|gadis|padusi|awewe|cwe",
    "lelaki|cowok|cowo|pria|laki2|laki|lalaki|cwo",
    "murid|siswa|siswi|pelajar|santri|santriwati|santriwan|mahasiswi|"
        "mahasiswa",
    "guru|ustad|ustadz|ustaz|kyai|pelatih|pengajar|dosen",
    "warga|wrga|masyarakat|penduduk",
    "polisi|pulisi|plisi|polis|polri|polsek|polres|polresta|polda|polwan|"
        "kapolsek|kapolres|polrestabes|posek",
    "nama|nm|aran|jeneng|asma",

    /* things and doings that spelling varies most */

    "motor|mtr|mtor|sepedamotor|spm|vario|beat|nmax|aerox|scoopy|supra|vixion|"
        "mio|ninja|pcx|satria|revo",
    "mobil|oto|mbl|avanza|xenia|innova|sigra|brio|pickup|elf|hrv|minibus",
    "rumah|rmh|rmah|omah|griyo|griya|imah|rumh",
    "jalan|jln|jl|dalan|jalur",
    "hp|handphone|henpon|hape|ponsel|iphone|gawai",
    "darah|getih|berdarah|bedarah|dara",
    "mati|paeh|mate|matek|modar",
    "meninggal|mninggal|tewas|wafat|meninggl|maninggal|meninggoy",
    "api|geni|seuneu|apinya|lalatu",
    "air|banyu|cai|aie|toya|aia",
    "lapor|lpr|lapur|melapor|laporan|ngelapor|laporin|melaporkan|adu|aduan|"
        "pengaduan|ngadu|mengadu|ngaduin|pelaporan",
    "tolong|tlg|tlong|tulung|tulong|tlng|tulungan|toloong|tolongin|toloooong|"
        "help|sos|tolongi|plis|please|pls|tuluang",
    "mohon|mhn|nyuwun|neda|mhon|moon",
    "minta|njaluk|menta|mintak|dimintain|dimintai|minta2|meminta|"
        "mintai|mintain",
    "terimakasih|trims|makasih|mksh|makasi|thx|thanks|tengkyu|suwun|nuhun|"
        "matur|terimakasi|tks|trmksh|trimakasih|hatur|tarimo",
    "takut|tkt|wedi|sieun|ajrih|takuik",
    "uang|duit|duik|arto|artos|fulus|pitih",
    "ribu|rb|rbu|rebu|ewu|ribuan",
    "juta|jt|jt2|jutaan|yuta",
    "transfer|tf|trf|trans|ditransfer|transfr|mentransfer",
    "rekening|rek|norek|rekning",
    "pencuri|maling|panciliang|garong|malin",
    "parang|golok|bedog|gobang|parangnya|ladiang|mandau|badik|pedang|"
        "kelewang|samurai",
    "celurit|clurit|arit|sabit|cerurit",
    "pisau|lading|peso|pisow|belati|cutter|silet|badau",
    "pistol|senpi|senpira|bedil|senapan|airsoft|revolver|senjataapi",
    "tawuran|twrn|tawur|tawran|bentrok|bentrokan|tubir",
    "berantem|brantem|bertengkar|gelut|bakalahi|berkelahi|kelahi|gulat|"
        "perkelahian|duel|tarung",
    "kebakaran|kobong|kahuruan|tabakar|kebakar|terbakar|kobongan|hangus|"
        "kebakarn|kbakaran|kabakaran|dilalap|ngebul|kobaran|keobong",
    "banjir|caah|baha|banjirr|bnjir|kebanjiran|galodo|airbah|rob",
    "tenggelam|klelep|titeuleum|tengelem|karam|kelelep|kerem|tinggelam|"
        "terbenam|kelem",
    "hilang|ilang|hlg|leungit|ical|raib|lenyap|ngilang|kehilangan|hlang",
    "mabuk|mabok|mendem|teler|mendam",
    "narkoba|narkotika|napza|narkoboy|narkobah",
    "kecelakaan|kclkaan|kecelakaaan|tabrakan|laka|tubrukan|lakalantas|"
        "kecelaka|tabrak2an|laka2",
    "macet|mcet|macat|kemacetan|stuck|tersendat",
    "surat|srt",
    "kendaraan|kndraan|kendaran|ranmor",
    "darurat|emergency|urgent|urgen|genting",
    "gelandangan|gepeng|pengemis|anjal",
    "odgj|wonggila|stres|stress|kumat|skizofrenia|sakitjiwa",
    "pungli|pungut|pungutan|punglinya",
    "preman|pereman|premanisme|jawara",
    "sekolah|skolah|skul|sekolahan|sakolah|sd|sdn|smp|smpn|sma|sman|smk|smkn|"
        "mts|tk|paud|madrasah",
    "laut|lauik|segara|lautan|samudra",
    "sungai|walungan|bengawan|sei|kapuas|musi|sunge",
    "perahu|prahu|jukung|sampan|pamboat|ketinting|kelotok|speedboat|boat|"
        "pompong|longboat|katinting",
    "kapal|kpl|tongkang|ferry|feri|roro|pelni|tugboat",
    "tembak|nembak|dor|tembakan|ditembak|menembak|tembaki|ditembaki",
    "ledakan|meledak|mledak|ngeledak|duar|duarr|njeblug|meletus|letupan|"
        "mbledos|bitu",
    "bodong|palsu|gadungan|abal|abal2|tiruan|kw",
    "medsos|facebook|fb|ig|instagram|tiktok|twitter|telegram|tele",
    "wa|whatsapp|wasap|watsap|whatsap",

    /* taken as they stand: a root would mislead */

    "kasus", "kalian", "setelah", "selain", "terimakasih", "kepada",
    "kemudian", "kesana", "kesini|kemari|kadieu|mrene|merapat|meluncur",
    "keluar", "berapa", "bersama", "menurut", "tangan", "jembatan",
    "kantor", "pasar", "mangga", "bensin|pertalite|pertamax", "daerah",
    "keadaan", "perusahaan", "makan", "malah", "mandi", "badan", "bahan",
    "keluarga", "kerja", "pertama", "pernah", "perlu", "pesan", "kesal",
    "ketua", "kelas", "kenal", "kebun|kebon", "kecil", "tempat", "tentang",
    "taman", "tanah", "tanggal|tgl", "tangga", "sendiri|dewek|dewe|dewean",
    "sebelah|sblh|sabalah", "sebelum|sblm", "pelabuhan|dermaga|plabuhan",
    "laporkan", "berita", "cerita", "perumahan|perum|komplek|kompleks|btn",
    "desa|ds|kampung|kp|dusun|dsn|nagari|gampong", "kecamatan|kec",
    "kelurahan|kel", "kabupaten|kab", "depan|dpn|muka", "belakang|blkg|"
        "blakang|tukangeun", "dekat|dkt|deket|caket", "samping|smpg",
    "kiri", "kanan", "pinggir", "tengah", "atas", "bawah", "dalam|dlm|dalem",
    "luar", "arah", "mengarah", "mesin", "lampu", "listrik|strum|setrum",
    "kabel|kawek", "tiang", "pohon|poon|wit", "hujan|udan|ujan",
    "angin", "gempa|lindu", "longsor|tanahlongsor|longsoran|lonsor",
    "bis|bus|busway", "truk|truck|tronton|fuso|treler|trailer",
    "kereta|sepur|krl", "angkot|angkutan|mikrolet|pete2|bemo", "ojol|ojek",

    NULL
};
