/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The classifier: what it makes of each category's plain sentences, what
 * moves urgency, function, sensitivity and prank, and that no bytes hurt it.
 */

#include <stdlib.h>
#include <string.h>

#include "classify/classify.h"
#include "tap.h"


#define LONG_TEXT  (1024 * 1024)


struct sample {
    const char           *text;
    enum lapor_category   category;
    enum lapor_urgency    urgency;
    enum lapor_function   function;
    int                   sensitive;
};


static void test_categories(void);
static void test_tables(void);
static void test_spelling(void);
static void test_urgency(void);
static void test_unreal(void);
static void test_sensitive(void);
static void test_prank(void);
static void test_empty(void);
static void test_bytes(void);
static void test_long(void);
static struct lapor_class classify(const char *text);
static int same(const struct lapor_class *a, const struct lapor_class *b);
static int sane(const struct lapor_class *c);


static const struct sample  samples[] = {
    { "saya lagi dikejar begal dua orang bawa celurit di jembatan",
      LAPOR_CURAS, LAPOR_P1, LAPOR_RESKRIM, 0 },
    { "tas ibu saya dijambret tadi pagi, pelaku kabur ke arah terminal",
      LAPOR_CURAS, LAPOR_P2, LAPOR_RESKRIM, 0 },
    { "minta patroli pak, gang ini rawan begal tiap malam",
      LAPOR_CURAS, LAPOR_P3, LAPOR_SAMAPTA, 0 },
    { "motor saya hilang di parkiran pasar kemarin sore",
      LAPOR_PENCURIAN, LAPOR_P3, LAPOR_RESKRIM, 0 },
    { "sekarang ada maling masuk rumah tetangga, lagi congkel jendela",
      LAPOR_PENCURIAN, LAPOR_P1, LAPOR_RESKRIM, 0 },
    { "saya tertipu belanja online minggu lalu, sudah transfer 2 juta",
      LAPOR_PENIPUAN_SIBER, LAPOR_P3, LAPOR_SIBER, 0 },
    { "mobil rental saya digelapkan penyewa bulan lalu",
      LAPOR_PENIPUAN_SIBER, LAPOR_P3, LAPOR_RESKRIM, 0 },
    { "ada tambang pasir ilegal di sungai desa kami",
      LAPOR_TIPIDTER, LAPOR_P3, LAPOR_RESKRIM, 0 },
    { "korupsi dana desa di kampung kami",
      LAPOR_TIPIDTER, LAPOR_P3, LAPOR_RESKRIM, 0 },
    { "ada orang ditusuk di warung, darah banyak, masih di lokasi",
      LAPOR_PENGANIAYAAN, LAPOR_P1, LAPOR_RESKRIM, 0 },
    { "teman saya dikeroyok bulan lalu, sudah sembuh",
      LAPOR_PENGANIAYAAN, LAPOR_P3, LAPOR_RESKRIM, 0 },
    { "preman minta jatah keamanan ke pedagang",
      LAPOR_PREMANISME, LAPOR_P2, LAPOR_RESKRIM, 0 },
    { "debt collector mau ambil paksa mobil saya sekarang",
      LAPOR_PREMANISME, LAPOR_P2, LAPOR_RESKRIM, 0 },
    { "tawuran pelajar di lampu merah, bawa celurit semua",
      LAPOR_TAWURAN, LAPOR_P1, LAPOR_SAMAPTA, 0 },
    { "besok akan ada demo mahasiswa di kantor gubernur",
      LAPOR_TAWURAN, LAPOR_P3, LAPOR_INTELKAM, 0 },
    { "tetangga memukuli istrinya, sekarang istri menjerit minta tolong",
      LAPOR_KDRT_ANAK, LAPOR_P1, LAPOR_PPA_PPO, 1 },
    { "anak tetangga sering dipukuli bapak tirinya",
      LAPOR_KDRT_ANAK, LAPOR_P3, LAPOR_PPA_PPO, 1 },
    { "siswi dicabuli guru les tadi siang",
      LAPOR_KEKERASAN_SEKSUAL, LAPOR_P2, LAPOR_PPA_PPO, 1 },
    { "foto bugil saya mau disebar mantan",
      LAPOR_KEKERASAN_SEKSUAL, LAPOR_P2, LAPOR_PPA_PPO, 1 },
    { "ada tas mencurigakan di halte, isinya kabel, diduga bom",
      LAPOR_BOM_TEROR, LAPOR_P1, LAPOR_BRIMOB, 0 },
    { "ada kelompok ajarkan baiat dan paham radikal di kontrakan",
      LAPOR_BOM_TEROR, LAPOR_P3, LAPOR_INTELKAM, 0 },
    { "di kos nomor 5 sering ada yang jual sabu",
      LAPOR_NARKOBA, LAPOR_P3, LAPOR_RESNARKOBA, 0 },
    { "sabung ayam tiap sore di belakang balai dusun",
      LAPOR_PEKAT, LAPOR_P3, LAPOR_RESKRIM, 0 },
    { "warung itu jual miras tiap malam",
      LAPOR_PEKAT, LAPOR_P3, LAPOR_SAMAPTA, 0 },
    { "musik keras sekali tiap malam di rumah sebelah",
      LAPOR_KETERTIBAN, LAPOR_P3, LAPOR_SAMAPTA, 0 },
    { "mohon mediasi sengketa batas tanah dengan tetangga",
      LAPOR_KETERTIBAN, LAPOR_P3, LAPOR_BINMAS, 0 },
    { "kecelakaan motor lawan truk, korban tidak sadar",
      LAPOR_LAKA_LANTAS, LAPOR_P1, LAPOR_LANTAS, 0 },
    { "mobil saya diserempet, tidak ada yang luka",
      LAPOR_LAKA_LANTAS, LAPOR_P2, LAPOR_LANTAS, 0 },
    { "balap liar tiap malam minggu di jalan lingkar",
      LAPOR_LALIN, LAPOR_P3, LAPOR_LANTAS, 0 },
    { "lampu merah mati di perempatan, semrawut",
      LAPOR_LALIN, LAPOR_P2, LAPOR_LANTAS, 0 },
    { "kebakaran rumah di gang melati, api besar",
      LAPOR_KEBAKARAN, LAPOR_P1, LAPOR_SAMAPTA, 0 },
    { "bau gas bocor di ruko, orang masih di dalam",
      LAPOR_KEBAKARAN, LAPOR_P1, LAPOR_SAMAPTA, 0 },
    { "pohon tumbang menutup jalan",
      LAPOR_BENCANA, LAPOR_P2, LAPOR_SAMAPTA, 0 },
    { "banjir sudah sedada, nenek terjebak di atap",
      LAPOR_BENCANA, LAPOR_P1, LAPOR_SAMAPTA, 0 },
    { "perahu terbalik di muara, dua nelayan tenggelam",
      LAPOR_PERAIRAN, LAPOR_P1, LAPOR_POLAIRUD, 0 },
    { "ibu saya pikun, pergi dari rumah belum pulang sejak siang",
      LAPOR_ORANG_HILANG, LAPOR_P2, LAPOR_RESKRIM, 0 },
    { "ada mayat di kebun belakang pasar",
      LAPOR_ORANG_HILANG, LAPOR_P2, LAPOR_RESKRIM, 0 },
    { "bapak saya pingsan dan kejang, butuh ambulans",
      LAPOR_DARURAT_MEDIS, LAPOR_P1, LAPOR_SAMAPTA, 0 },
    { "teman saya mau bunuh diri, lompat dari lantai tiga",
      LAPOR_DARURAT_MEDIS, LAPOR_P1, LAPOR_SAMAPTA, 1 },
    { "polantas minta uang damai waktu razia kemarin",
      LAPOR_KELUHAN_POLISI, LAPOR_P3, LAPOR_PROPAM, 1 },
    { "laporan saya mandek di penyidik sudah enam bulan",
      LAPOR_KELUHAN_POLISI, LAPOR_P3, LAPOR_PROPAM, 1 },
    { "syarat perpanjang SIM C apa saja?",
      LAPOR_LAYANAN, LAPOR_P4, LAPOR_LANTAS, 0 },
    { "cara bikin SKCK untuk kerja bagaimana",
      LAPOR_LAYANAN, LAPOR_P4, LAPOR_INTELKAM, 0 },
    { "surat kehilangan dompet diurus jam berapa?",
      LAPOR_LAYANAN, LAPOR_P4, LAPOR_PAMAPTA, 0 },
    { "selamat pagi pak",
      LAPOR_BUKAN_LAPORAN, LAPOR_P4, LAPOR_OPERATOR, 0 },
    { "terima kasih banyak pak, semoga sehat selalu",
      LAPOR_BUKAN_LAPORAN, LAPOR_P4, LAPOR_OPERATOR, 0 },
    { "slot gacor maxwin bonus member baru daftar sekarang",
      LAPOR_SPAM_PRANK, LAPOR_P4, LAPOR_OPERATOR, 0 },
    { "lampu jalan di depan gang mati, mohon dinas perbaiki",
      LAPOR_INSTANSI_LAIN, LAPOR_P4, LAPOR_OPERATOR, 0 },
    { "bansos belum cair, KK saya tidak terdaftar",
      LAPOR_INSTANSI_LAIN, LAPOR_P4, LAPOR_OPERATOR, 0 },
    { "tolong pak cepat",
      LAPOR_AMBIGU, LAPOR_P2, LAPOR_OPERATOR, 0 },
    { "jalan anggrek nomor 12",
      LAPOR_AMBIGU, LAPOR_P3, LAPOR_OPERATOR, 0 }
};


int
main(void)
{
    test_categories();
    test_tables();
    test_spelling();
    test_urgency();
    test_unreal();
    test_sensitive();
    test_prank();
    test_empty();
    test_bytes();
    test_long();

    return tap_done();
}


static void
test_categories(void)
{
    int                   seen[LAPOR_CATEGORIES];
    size_t                i;
    struct lapor_class    c;
    const struct sample  *s;

    memset(seen, 0, sizeof(seen));

    for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        s = &samples[i];
        c = classify(s->text);
        seen[s->category] = 1;

        is_str(lapor_category_code(c.category),
               lapor_category_code(s->category), "%s", s->text);
        is_str(lapor_urgency_code(c.urgency), lapor_urgency_code(s->urgency),
               "its urgency");
        is_str(lapor_function_code(c.function),
               lapor_function_code(s->function), "its function");
        is(c.sensitive, s->sensitive, "its sensitivity");
        ok(sane(&c), "its figures");
    }

    for (i = 0; i < LAPOR_CATEGORIES; i++) {
        ok(seen[i], "there is a sample of %s",
           lapor_category_code((enum lapor_category) i));
    }
}


static void
test_tables(void)
{
    int                  i, sensitive;
    enum lapor_category  found;

    sensitive = 0;

    for (i = 0; i < LAPOR_CATEGORIES; i++) {
        found = LAPOR_AMBIGU;
        ok(lapor_category_find(lapor_category_code((enum lapor_category) i),
                               &found) == 0
           && (int) found == i, "category %d is found by its code", i);
        ok(strlen(lapor_category_label((enum lapor_category) i)) > 5,
           "and has a label");
        sensitive += lapor_category_sensitive((enum lapor_category) i);
    }

    is(sensitive, 3, "three categories are sensitive by themselves");
    is(lapor_category_find("Curas", &found), -1, "codes are lower case");
    is(lapor_category_find("", &found), -1, "no code is no category");
    is_str(lapor_category_code((enum lapor_category) 99), "ambigu",
           "a category out of range");
    is_str(lapor_category_code((enum lapor_category) -1), "ambigu",
           "and below it");
    is_str(lapor_function_code((enum lapor_function) 99), "operator",
           "a function out of range");
    is_str(lapor_urgency_code((enum lapor_urgency) 0), "P3",
           "an urgency out of range");
    is(lapor_category_urgency(LAPOR_LAYANAN), LAPOR_P4, "a default urgency");
    is(lapor_category_function(LAPOR_KELUHAN_POLISI), LAPOR_PROPAM,
       "a default function");
}


static void
test_spelling(void)
{
    size_t              i;
    struct lapor_class  a, b;

    static const char *const  pairs[][2] = {
        { "kebakaran di gudang", "KEBAKARANNNN DI GUDANG!!!" },
        { "tolong ada rampok", "tlg ada rampokkkk" },
        { "anak anak tenggelam", "anak2 klelep" },
        { "rumah kebanjiran", "omah kebanjiran" },
        { "kebakaran di pasar", "k\xc3\xa9" "bakaran di p\xc3\xa1sar" },
        { "dibegal", "ngebegal" },
        { "orang ditusuk", "wong ditusuk" },
        { "jumat ada demo", "jum'at ada demo" }
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        a = classify(pairs[i][0]);
        b = classify(pairs[i][1]);
        is(b.category, a.category, "%s: as %s", pairs[i][1], pairs[i][0]);
        ok(a.category != LAPOR_AMBIGU, "and it is understood");
    }
}


static void
test_urgency(void)
{
    is(classify("rumah saya kemalingan minggu lalu").urgency, LAPOR_P3,
       "last week waits");
    is(classify("motor saya dicuri barusan").urgency, LAPOR_P2,
       "just now does not");
    is(classify("pencuri masih di dalam rumah, saya sembunyi").urgency,
       LAPOR_P1, "still in the house");
    is(classify("tahun lalu saya dibegal").urgency, LAPOR_P3,
       "a robbery last year");
    is(classify("saya dibegal, masih dikejar, bawa parang").urgency,
       LAPOR_P1, "a robbery that goes on");
    is(classify("kebakaran kemarin sudah padam").urgency, LAPOR_P3,
       "a fire of yesterday");
    is(classify("SKCK!!! SEGERA!!!").urgency, LAPOR_P4,
       "capitals and exclamation marks lift nothing");
    is(classify("ADA MASALAH!!!").urgency, LAPOR_P3,
       "not even where nothing is said");
    is(classify("wkwk ada bom di kantor").urgency, LAPOR_P1,
       "laughter lowers nothing");
}


static void
test_unreal(void)
{
    is(classify("kalau kena begal lapor ke mana ya?").category,
       LAPOR_LAYANAN, "a question about services");
    is(classify("semalam mimpi dirampok").category, LAPOR_BUKAN_LAPORAN,
       "a dream");
    is(classify("nonton film begal seru").category, LAPOR_BUKAN_LAPORAN,
       "a film");
    is(classify("bukan kebakaran pak, cuma bakar ikan").category,
       LAPOR_BUKAN_LAPORAN, "a denial");
    is(classify("bukan cuma kebakaran, ada ledakan juga").category,
       LAPOR_KEBAKARAN, "not only");
    is(classify("tidak jadi lapor pak, motornya sudah ketemu").category,
       LAPOR_BUKAN_LAPORAN, "a withdrawal");
    is(classify("ini bukan latihan, kebakaran, orang terjebak").category,
       LAPOR_KEBAKARAN, "no drill");
    is(classify("habis nonton film ada orang ditusuk, darah banyak").category,
       LAPOR_PENGANIAYAAN, "a body in danger outweighs the film");
}


static void
test_sensitive(void)
{
    is(classify("ada bandar sabu, jangan sebut nama saya").sensitive, 1,
       "the reporter wants to stay unnamed");
    is(classify("judi sabung ayam dibekingi oknum tentara").sensitive, 1,
       "a soldier as protector");
    is(classify("bandar judi dibacking oknum polisi").sensitive, 1,
       "a policeman as protector");
    is(classify("pinjol ancam sebar foto bugil saya").sensitive, 1,
       "intimate images, whatever the category");
    is(classify("anak saya hilang di pasar").sensitive, 0,
       "a missing child is to be found");
    is(classify("nenek jatuh, tidak sadar").sensitive, 0,
       "an accident at home");
}


static void
test_prank(void)
{
    ok(classify("promo slot gacor deposit pulsa, klik www.contoh.example")
       .prank > 0.8, "an advertisement");
    ok(classify("ada alien culik kambing wkwkwk").prank > 0.5,
       "aliens and laughter");
    ok(classify("kebakaran di jalan anggrek").prank < 0.1,
       "a plain emergency");
    ok(classify("tlg pk ad begal dkt jmbtn").prank < 0.1,
       "bad spelling is no hint");
    ok(classify("tulung pak omahku kobong").prank < 0.1,
       "a regional language is no hint");
    ok(classify("wkwk kebakaran di pasar").prank
       > classify("kebakaran di pasar").prank, "laughter is one");
}


static void
test_empty(void)
{
    size_t              i;
    struct lapor_class  c;

    static const char *const  texts[] = { "", " ", "\n\n", "...", "?!", "-" };

    is(lapor_classify(NULL, 0, &c), 0, "no text at all");
    is(c.category, LAPOR_AMBIGU, "is ambigu");

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        c = classify(texts[i]);
        ok(c.category == LAPOR_AMBIGU && c.urgency == LAPOR_P3
           && c.function == LAPOR_OPERATOR && !c.sensitive
           && c.confidence < 1e-9 && c.prank < 0.1,
           "a text of nothing, %zu", i);
    }
}


static void
test_bytes(void)
{
    int                 good;
    char                buf[512];
    size_t              i, j, n;
    unsigned            seed;
    struct lapor_class  a, b;

    static const char  nul[] = "ada\0kebakaran\0rumah";

    is(lapor_classify(nul, sizeof(nul) - 1, &a), 0, "NUL bytes");
    is(a.category, LAPOR_KEBAKARAN, "part words like any other");

    a = classify("\xff\xfe kebakaran \xc3 rumah \xf0\x9f\x98");
    is(a.category, LAPOR_KEBAKARAN, "broken UTF-8 does so too");

    a = classify("\xed\xa0\x80 kebakaran \xc0\xaf rumah");
    is(a.category, LAPOR_KEBAKARAN, "surrogates and overlong forms");

    /* every truncation of the text's length is a text of its own */

    good = 1;
    seed = 1;

    for (i = 0; i < 4000; i++) {
        n = i % sizeof(buf);

        for (j = 0; j < n; j++) {
            seed = seed * 1103515245u + 12345u;
            buf[j] = (char) (seed >> 16);

            if (i & 1) {
                buf[j] = "aiu2nkg \xc3\xa9"[(unsigned char) buf[j] % 10];
            }
        }

        good &= lapor_classify(buf, n, &a) == 0 && sane(&a)
                && lapor_classify(buf, n, &b) == 0 && same(&a, &b);
    }

    ok(good, "4000 random texts: sane, and the same twice");
}


static void
test_long(void)
{
    char               *text;
    size_t              i;
    struct lapor_class  a;

    text = malloc(LONG_TEXT);

    if (text == NULL) {
        ok(0, "no memory");
        return;
    }

    memset(text, 'a', LONG_TEXT);
    is(lapor_classify(text, LONG_TEXT, &a), 0, "a word of a megabyte");
    is(a.category, LAPOR_AMBIGU, "means nothing");

    for (i = 0; i + 10 <= LONG_TEXT; i += 10) {
        memcpy(text + i, "kebakaran ", 10);
    }

    is(lapor_classify(text, LONG_TEXT, &a), 0, "a megabyte of fire");
    is(a.category, LAPOR_KEBAKARAN, "is a fire");
    ok(sane(&a), "with sane figures");

    /* what a WhatsApp text may hold is read to its end */

    memset(text, ' ', 4096);
    memcpy(text + 4096 - 9, "kebakaran", 9);
    is(lapor_classify(text, 4096, &a), 0, "4096 characters");
    is(a.category, LAPOR_KEBAKARAN, "the last word is read");

    free(text);
}


static struct lapor_class
classify(const char *text)
{
    struct lapor_class  c;

    if (lapor_classify(text, strlen(text), &c) == -1) {
        ok(0, "the lexicon fits its tables");
    }

    return c;
}


static int
same(const struct lapor_class *a, const struct lapor_class *b)
{
    return a->category == b->category && a->urgency == b->urgency
           && a->function == b->function && a->sensitive == b->sensitive
           && memcmp(&a->prank, &b->prank, sizeof(double)) == 0
           && memcmp(&a->confidence, &b->confidence, sizeof(double)) == 0;
}


static int
sane(const struct lapor_class *c)
{
    return (unsigned) c->category < LAPOR_CATEGORIES
           && c->urgency >= LAPOR_P1 && c->urgency <= LAPOR_P4
           && (unsigned) c->function < LAPOR_FUNCTIONS
           && (c->sensitive == 0 || c->sensitive == 1)
           && c->prank >= 0.0 && c->prank <= 1.0
           && c->confidence >= 0.0 && c->confidence <= 1.0;
}
