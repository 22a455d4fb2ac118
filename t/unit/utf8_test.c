/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * UTF-8: every character, every kind of damage.
 */

#include "lib/utf8.h"
#include "t/unit/tap.h"


#define FFFD  "\xef\xbf\xbd"


static void test_every_character(void);
static void test_damage(void);
static void test_ascii(void);
static void test_pgtext(struct lapor_pool *pool);
static void test_cut(void);


int
main(void)
{
    struct lapor_pool  *pool;

    pool = lapor_pool_create(0);

    test_every_character();
    test_damage();
    test_ascii();
    test_pgtext(pool);
    test_cut();

    lapor_pool_destroy(pool);

    return tap_done();
}


static void
test_every_character(void)
{
    int       n, wrong, cut;
    char      data[4];
    size_t    len, i;
    uint32_t  code, read;

    wrong = 0;
    cut = 0;

    for (code = 0; code <= 0x10ffff; code++) {
        len = lapor_utf8_put(code, data);
        n = lapor_wtf8_next(data, len, &read);
        wrong += n != (int) len || read != code;

        n = lapor_utf8_next(data, len, &read);
        wrong += (n > 0) != (code < 0xd800 || code > 0xdfff);

        for (i = 1; i < len; i++) {
            cut += lapor_wtf8_next(data, i, &read) != -(int) i;
        }
    }

    is(wrong, 0, "every character is read as it was written");
    is(cut, 0, "every cut character is one bad sequence");
    is(lapor_utf8_put(0x110000, data), 3, "what is no character is written");
    is_mem(data, 3, FFFD, 3, "as U+FFFD");
}


static void
test_damage(void)
{
    static const struct {
        const char  *bytes;
        int          utf8;
        int          wtf8;
    } cases[] = {
        { "\x80", -1, -1 },                 /* nothing to continue */
        { "\xc0\x80", -1, -1 },             /* overlong NUL */
        { "\xc1\xbf", -1, -1 },
        { "\xe0\x80\x80", -1, -1 },         /* overlong */
        { "\xe0\xa0", -2, -2 },             /* cut */
        { "\xed\xa0\xbd", -1, 3 },          /* surrogate */
        { "\xf0\x8f\x80\x80", -1, -1 },     /* overlong */
        { "\xf0\x9f\x98", -3, -3 },         /* cut */
        { "\xf0\x9f" "a", -2, -2 },
        { "\xf4\x90\x80\x80", -1, -1 },     /* above U+10FFFF */
        { "\xf5\x80\x80\x80", -1, -1 },
        { "\xff", -1, -1 },
        { "\xc3(", -1, -1 },
    };

    size_t    i, len;
    uint32_t  code;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].bytes);
        is(lapor_utf8_next(cases[i].bytes, len, &code), cases[i].utf8,
           "damage %zu in UTF-8", i);
        is(lapor_wtf8_next(cases[i].bytes, len, &code), cases[i].wtf8,
           "damage %zu in WTF-8", i);
        is(lapor_utf8_valid(cases[i].bytes, len), 0, "%zu is not valid", i);
    }

    is(lapor_utf8_valid("", 0), 1, "nothing is valid");
    is(lapor_utf8_valid("a\0\xc3\xa9", 4), 1, "a NUL is valid");
}


/* Wherever the first of the other bytes stands among eights and their rest. */

static void
test_ascii(void)
{
    char    text[40];
    size_t  at, len, wrong;

    wrong = 0;

    for (len = 0; len <= sizeof(text); len++) {
        for (at = 0; at <= len; at++) {
            memset(text, '\x7f', sizeof(text));
            memset(text + at, '\x80', sizeof(text) - at);
            wrong += lapor_utf8_ascii(text, len) != at;
        }
    }

    is((intmax_t) wrong, 0, "ASCII ends where another byte begins");
}


static void
test_pgtext(struct lapor_pool *pool)
{
    static const struct {
        struct lapor_str  in;
        const char       *out;
        int               damaged;
    } cases[] = {
        { { "", 0 }, "", 0 },
        { { "biasa \xc3\xa9", 8 }, "biasa \xc3\xa9", 0 },
        { { "a\0b", 3 }, "a" FFFD "b", 1 },
        { { "x\xed\xa0\xbd", 4 }, "x" FFFD, 1 },
        { { "\xed\xa0\xbd\xed\xb8\x80", 6 }, FFFD FFFD, 1 },
        { { "\xf0\x9f\x98 \xff", 5 }, FFFD " " FFFD, 1 },
        { { "\0\0\0\0", 4 }, FFFD FFFD FFFD FFFD, 1 },
    };

    int               damaged;
    size_t            i;
    struct lapor_str  out;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        damaged = 0;
        out = lapor_utf8_pgtext(pool, cases[i].in, &damaged);
        is_str(out.data, cases[i].out, "text %zu", i);
        is(out.len, (intmax_t) strlen(cases[i].out), "length %zu", i);
        is(damaged, cases[i].damaged, "damage %zu", i);
    }

    damaged = 1;
    out = lapor_utf8_pgtext(pool, LAPOR_STR("baik"), &damaged);
    is(damaged, 1, "one flag can follow several strings");
    out = lapor_utf8_pgtext(pool, LAPOR_STR_NONE, &damaged);
    ok(out.data == NULL, "an absent string stays absent");
}


static void
test_cut(void)
{
    struct lapor_str  str;

    str = LAPOR_STR("a\xc3\xa9\xf0\x9f\x98\x80z");

    is(lapor_utf8_cut(str, 100).len, 8, "nothing to cut");
    is(lapor_utf8_cut(str, 8).len, 8, "exactly fits");
    is(lapor_utf8_cut(str, 7).len, 7, "at a character's end");
    is(lapor_utf8_cut(str, 6).len, 3, "inside of four bytes");
    is(lapor_utf8_cut(str, 4).len, 3, "behind their first");
    is(lapor_utf8_cut(str, 2).len, 1, "inside of two");
    is(lapor_utf8_cut(str, 0).len, 0, "to nothing");
}
