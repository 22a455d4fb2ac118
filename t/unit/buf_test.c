/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The string builder: growth, the sticky failure, and its encodings.
 */

#include <inttypes.h>

#include "lib/buf.h"
#include "t/unit/tap.h"


static void test_append(void);
static void test_int(void);
static void test_failure(void);
static void test_codes(void);
static void test_json(void);
static void test_json_writer(void);


int
main(void)
{
    test_append();
    test_int();
    test_failure();
    test_codes();
    test_json();
    test_json_writer();

    return tap_done();
}


static void
test_append(void)
{
    size_t            i;
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    is_str(lapor_buf_cstr(&buf), "", "an unused buffer reads as empty");
    is(lapor_buf_view(&buf).len, 0, "and its view is empty");
    ok(lapor_buf_view(&buf).data != NULL, "but not absent");

    lapor_buf_addz(&buf, "abc");
    lapor_buf_addc(&buf, 'd');
    lapor_buf_add(&buf, "e\0f", 3);
    lapor_buf_add(&buf, NULL, 0);
    lapor_buf_adds(&buf, LAPOR_STR("gh"));
    lapor_buf_adds(&buf, LAPOR_STR_NONE);
    lapor_buf_printf(&buf, "%05d|%s", 42, "x");
    is_mem(buf.data, buf.len + 1, "abcde\0fgh00042|x", 17,
           "all ways of appending, with a NUL behind");

    lapor_buf_drop(&buf, 2);
    lapor_buf_drop(&buf, 0);
    is_mem(buf.data, buf.len, "abcde\0fgh00042", 14, "drop");
    lapor_buf_drop(&buf, 100);
    is(buf.len, 0, "drop of more than there is");

    for (i = 0; i < 100000; i++) {
        lapor_buf_printf(&buf, "%zu,", i % 10);
    }

    is(buf.len, 200000, "it grows");
    is_mem(buf.data + 199998, 3, "9,", 3, "to its end");
    is(lapor_buf_check(&buf), 0, "and has not failed");

    lapor_buf_reset(&buf);
    is_str(lapor_buf_cstr(&buf), "", "reset empties it");
    ok(buf.size > 200000, "and keeps the memory");

    lapor_buf_addz(&buf, "secret");
    lapor_buf_wipe(&buf);
    ok(buf.data == NULL, "wipe gives the memory back");
    lapor_buf_addz(&buf, "again");
    is_str(lapor_buf_cstr(&buf), "again", "and the buffer is fit for use");
    lapor_buf_free(&buf);
    lapor_buf_free(&buf);
}


static void
test_int(void)
{
    static const int64_t  values[] = {
        0, 7, -1, 10, 1234567890, INT64_MAX, INT64_MIN
    };

    char              text[32];
    size_t            i;
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        lapor_buf_reset(&buf);
        lapor_buf_int(&buf, values[i]);
        snprintf(text, sizeof(text), "%" PRId64, values[i]);
        is_str(lapor_buf_cstr(&buf), text, "%s", text);
    }

    lapor_buf_free(&buf);
}


static void
test_failure(void)
{
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    buf.limit = 8;
    lapor_buf_addz(&buf, "12345678");
    is(lapor_buf_check(&buf), 0, "up to the limit is fine");
    lapor_buf_addc(&buf, '9');
    is(lapor_buf_check(&buf), -1, "one more fails");
    lapor_buf_addz(&buf, "x");
    lapor_buf_printf(&buf, "%d", 1);
    lapor_buf_json(&buf, LAPOR_STR("y"));
    is_str(lapor_buf_cstr(&buf), "12345678", "a failed buffer takes nothing");
    lapor_buf_drop(&buf, 8);
    lapor_buf_addz(&buf, "z");
    is(lapor_buf_check(&buf), -1, "and stays failed");

    lapor_buf_reset(&buf);
    lapor_buf_addz(&buf, "ok");
    is(lapor_buf_check(&buf), 0, "until it is reset");

    lapor_buf_base64(&buf, "1234567", 7);
    is(lapor_buf_check(&buf), -1, "base64 knows the limit");
    lapor_buf_reset(&buf);
    lapor_buf_add(&buf, "x", (size_t) -1);
    is(lapor_buf_check(&buf), -1, "an absurd length fails");
    lapor_buf_free(&buf);
    is(lapor_buf_check(&buf), 0, "free forgets the failure");
    is(buf.limit, 8, "and keeps the limit");
    lapor_buf_free(&buf);
}


static void
test_codes(void)
{
    /* RFC 4648 section 10 */
    static const char *const  vectors[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" }
    };

    size_t            i;
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        lapor_buf_reset(&buf);
        lapor_buf_base64(&buf, vectors[i][0], strlen(vectors[i][0]));
        is_str(lapor_buf_cstr(&buf), vectors[i][1], "base64 of \"%s\"",
               vectors[i][0]);
    }

    lapor_buf_reset(&buf);
    lapor_buf_base64(&buf, "\xff\xef\xbe\xfb", 4);
    is_str(lapor_buf_cstr(&buf), "/+++" "+w==", "base64 of high bytes");

    lapor_buf_free(&buf);
}


static void
test_json(void)
{
    static const struct {
        struct lapor_str  in;
        const char       *out;
        const char       *pg;
    } cases[] = {
        { { "", 0 }, "\"\"", "\"\"" },
        { { NULL, 0 }, "null", "null" },
        { { "a/b", 3 }, "\"a/b\"", "\"a/b\"" },
        { { "\"\\\b\f\n\r\t", 7 }, "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
          "\"\\\"\\\\\\b\\f\\n\\r\\t\"" },
        { { "a\0b", 3 }, "\"a\\u0000b\"", "\"a\xef\xbf\xbd" "b\"" },
        { { "\x01\x1f\x7f", 3 }, "\"\\u0001\\u001f\\u007f\"",
          "\"\\u0001\\u001f\\u007f\"" },
        { { "\xc3\xa9\xf0\x9f\x98\x80", 6 }, "\"\xc3\xa9\xf0\x9f\x98\x80\"",
          "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
        { { "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", 8 },
          "\"\\u2028\\u2029\\u0085\"", "\"\\u2028\\u2029\\u0085\"" },
        { { "x\xed\xa0\xbd", 4 }, "\"x\\ud83d\"", "\"x\xef\xbf\xbd\"" },
        { { "\xed\xb8\x80y", 4 }, "\"\\ude00y\"", "\"\xef\xbf\xbdy\"" },
        { { "\xffz\xc3", 3 }, "\"\xef\xbf\xbdz\xef\xbf\xbd\"",
          "\"\xef\xbf\xbdz\xef\xbf\xbd\"" },
    };

    size_t            i;
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lapor_buf_reset(&buf);
        lapor_buf_json(&buf, cases[i].in);
        is_str(lapor_buf_cstr(&buf), cases[i].out, "JSON string %zu", i);

        lapor_buf_reset(&buf);
        lapor_buf_json_pg(&buf, cases[i].in);
        is_str(lapor_buf_cstr(&buf), cases[i].pg, "for PostgreSQL %zu", i);
    }

    lapor_buf_free(&buf);
}


static void
test_json_writer(void)
{
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    lapor_buf_addc(&buf, '{');
    lapor_buf_json_member(&buf, "a", LAPOR_STR("x,"));
    lapor_buf_json_member(&buf, "absent", LAPOR_STR_NONE);
    lapor_buf_json_key(&buf, "b");
    lapor_buf_addc(&buf, '[');
    lapor_buf_json_comma(&buf);
    lapor_buf_addc(&buf, '1');
    lapor_buf_json_comma(&buf);
    lapor_buf_addc(&buf, '2');
    lapor_buf_addz(&buf, "]}\n");
    lapor_buf_json_comma(&buf);
    lapor_buf_addz(&buf, "{}");
    is_str(lapor_buf_cstr(&buf), "{\"a\":\"x,\",\"b\":[1,2]}\n{}",
           "commas stand where they should");
    lapor_buf_free(&buf);
}
