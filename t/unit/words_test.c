/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Words that are commands, and report codes. The files under test are part of
 * a program, so they are included.
 */

#include "t/unit/tap.h"

#include "intake/code.c"
#include "intake/words.c"


static void test_words(void);
static void test_polite(void);
static void test_codes(void);


int
main(void)
{
    test_words();
    test_polite();
    test_codes();

    return tap_done();
}


static void
test_words(void)
{
    size_t  i;
    char    code[LAPOR_CODE_LEN], wanted[LAPOR_CODE_LEN], text[128];

    static const char *const  withdraws[] = {
        "batal", "BATAL", " Batal. ", "batal pak", "maaf pak batal ya",
        "laporan saya batalkan", "tidak jadi", "gak jadi lapor pak",
        "mohon laporan dibatalkan", "cancel", "BTL", "cabut laporan"
    };
    static const char *const  others[] = {
        "", "tidak batal", "pesanan saya batal uang tidak kembali", "jadi",
        "pak", "batal nikah karena dipukul", "tidak jadi pulang ada begal",
        "jangan dibatalkan", "tidak",
        ("batal batal batal batal batal batal batal "
         "batal batal batal batal batal batal"),
        "b\xc3\xa5tal"
    };
    static const struct {
        const char  *text;
        size_t       len;
    } drills[] = {
        { "LATIHAN kebakaran", 8 }, { "*LATIHAN* kebakaran", 10 },
        { "latihan: kebakaran", 9 }, { " LATIHAN - banjir", 11 },
        { "LATIHAN", 7 }, { "Latihan karate ribut", 0 },
        { "LATIHANNYA", 0 }, { "ada latihan", 0 }, { "", 0 }, { "LAT", 0 }
    };

    for (i = 0; i < sizeof(withdraws) / sizeof(withdraws[0]); i++) {
        ok(lapor_words_withdraw(lapor_str_from(withdraws[i]), code),
           "withdraws: %s", withdraws[i]);
        is_str(code, "", "names no report");
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ok(!lapor_words_withdraw(lapor_str_from(others[i]), code),
           "withdraws nothing: %s", others[i]);
    }

    (void) lapor_code_make(9, 4, wanted);
    (void) snprintf(text, sizeof(text), "Batal %s pak", wanted);
    ok(lapor_words_withdraw(lapor_str_from(text), code), "with a code");
    is_str(code, wanted, "the code");
    (void) snprintf(text, sizeof(text), "%s batal", wanted);
    text[0] = 'k';
    ok(lapor_words_withdraw(lapor_str_from(text), code), "in small letters");
    is_str(code, wanted, "is the same");

    for (i = 0; i < sizeof(drills) / sizeof(drills[0]); i++) {
        is(lapor_words_drill(lapor_str_from(drills[i].text)), drills[i].len,
           "drill: %s", drills[i].text);
    }
}


static void
test_polite(void)
{
    size_t  i;

    static const char *const  polite[] = {
        "terima kasih pak", "Ok siap, makasih banyak bu!", "Selamat pagi",
        "tes", "P", "Alhamdulillah sudah aman pak, terima kasih"
    };
    static const char *const  more[] = {
        "", "...", "terima kasih pak tapi malingnya datang lagi",
        "tolong", "selamat pagi pak mau lapor"
    };

    for (i = 0; i < sizeof(polite) / sizeof(polite[0]); i++) {
        ok(lapor_words_polite(lapor_str_from(polite[i])), "polite: %s",
           polite[i]);
    }

    for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        ok(!lapor_words_polite(lapor_str_from(more[i])), "more: %s", more[i]);
    }
}


/* t/stream/talk.t compares them with the schema's; here are their edges. */

static void
test_codes(void)
{
    size_t  i;
    char    code[LAPOR_CODE_LEN], back[LAPOR_CODE_LEN];

    static const int64_t  n[] = { 0, 960, 961, 924481, 924482, 888428162 };

    for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
        is(lapor_code_make(200, n[i], code), i < 2 ? 8 : i < 4 ? 11 : 13,
           "length of %lld", (long long) n[i]);
        is(lapor_code_read(lapor_str_from(code), back), strlen(code),
           "%s is read", code);
        is_str(back, code, "as it is");
    }

    is(lapor_code_make(200, 888428163, code), 0, "then there are no more");
    is(lapor_code_read(LAPOR_STR("K-2222-X"), back), 0, "a wrong check");
    is(lapor_code_read(LAPOR_STR("pak"), back), 0, "no code");
    is(lapor_code_read(LAPOR_STR(""), back), 0, "nothing");
}
