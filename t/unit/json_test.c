/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The JSON tree: what is JSON and what is not, strings with every escape and
 * damage, numbers, raw spans, bounds, and accessors on the wrong types.
 */

#include <stdlib.h>

#include "lib/json.h"
#include "t/unit/tap.h"


#define FFFD  "\xef\xbf\xbd"


static struct lapor_pool  *pool;


static struct lapor_json *parse(const char *text, size_t len);
static void test_texts(void);
static void test_errors(void);
static void test_strings(void);
static void test_raw(void);
static void test_access(void);
static void test_numbers(void);
static void test_bounds(void);
static void test_truncated(void);


int
main(void)
{
    pool = lapor_pool_create(0);

    test_texts();
    test_errors();
    test_strings();
    test_raw();
    test_access();
    test_numbers();
    test_bounds();
    test_truncated();

    lapor_pool_destroy(pool);

    return tap_done();
}


/* NULL when it is not JSON. The text is given from memory of its own size, so
 * that a step past its end is seen by the sanitizer. */

static struct lapor_json *
parse(const char *text, size_t len)
{
    int                       rc;
    char                     *copy;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    copy = malloc(len == 0 ? 1 : len);
    if (copy == NULL) {
        return NULL;
    }

    memcpy(copy, text, len);
    rc = lapor_json_parse(pool, copy, len, &root, &error);
    free(copy);

    return rc == 0 ? root : NULL;
}


static void
test_texts(void)
{
    static const char *const  texts[][2] = {
        { "{}", "{}" },
        { " [ ] ", "[]" },
        { "null", "null" },
        { "true", "true" },
        { "false", "false" },
        { "0", "0" },
        { "-1.5E+3", "-1.5E+3" },
        { "\"x\"", "\"x\"" },
        { "\xef\xbb\xbf{\"a\":1}", "{\"a\":1}" },
        { "{\"a\" : [ 1 , \"b\\/c\" , { } ] ,\r\n\t\"d\":null}",
          "{\"a\":[1,\"b/c\",{}],\"d\":null}" },
        { "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}" },
        { "{\"\\u0061\":\"\\u0000\"}", "{\"a\":\"\\u0000\"}" },
        { "[1e400,100000000000000000000]", "[1e400,100000000000000000000]" },
    };

    size_t              i;
    struct lapor_buf    buf = LAPOR_BUF_INIT;
    struct lapor_json  *root;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        root = parse(texts[i][0], strlen(texts[i][0]));
        lapor_buf_reset(&buf);
        lapor_json_print(&buf, root, 0);
        is_str(root == NULL ? NULL : lapor_buf_cstr(&buf), texts[i][1],
               "text %zu", i);
    }

    lapor_buf_reset(&buf);
    lapor_json_print(&buf, NULL, 0);
    is_str(lapor_buf_cstr(&buf), "null", "no node prints as null");

    lapor_buf_reset(&buf);
    root = parse("{\"a\\u0000\":\"\\ud800\"}", 20);
    lapor_json_print(&buf, root, LAPOR_JSON_PG);
    is_str(lapor_buf_cstr(&buf), "{\"a" FFFD "\":\"" FFFD "\"}",
           "as jsonb takes it");
    lapor_buf_free(&buf);
}


static void
test_errors(void)
{
    static const struct {
        const char  *text;
        size_t       offset;
    } cases[] = {
        { "", 0 },
        { "   ", 3 },
        { "{\"a\":1", 6 },
        { "{\"a\":}", 6 },
        { "[1,]", 4 },
        { "{\"a\":1}x", 8 },
        { "{'a':1}", 2 },
        { "nul", 3 },
        { "\"abc", 4 },
        { "[\"\\x\"]", 3 },
        { "[\"\\ud8\"]", 6 },
        { "[\"a\nb\"]", 3 },
        { "// c\n{}", 0 },
        { "NaN", 1 },
        { "\xff{}", 1 },
        { "\xef\xbb\xbf", 3 },
    };

    int                      rc;
    size_t                   i;
    struct lapor_json       *root;
    struct lapor_json_error  error;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&error, 0, sizeof(error));
        rc = lapor_json_parse(pool, cases[i].text, strlen(cases[i].text),
                              &root, &error);
        is(rc, -1, "not JSON %zu", i);
        ok(error.message[0] != '\0' && strchr(error.message, '\n') == NULL,
           "its error is one line: %s", error.message);
        is((intmax_t) error.offset, (intmax_t) cases[i].offset,
           "its offset %zu", i);
    }

    rc = lapor_json_parse(pool, "{}\0", 3, &root, &error);
    is(rc, -1, "a NUL is no blank");
}


static void
test_strings(void)
{
    static const struct {
        const char        *token;
        struct lapor_str   value;
        unsigned           damaged;
    } cases[] = {
        { "\"\"", { "", 0 }, 0 },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", { "\"\\/\b\f\n\r\t", 8 }, 0 },
        { "\"\\u00e9\\u00E9\"", { "\xc3\xa9\xc3\xa9", 4 }, 0 },
        { "\"\\ud83d\\ude00\"", { "\xf0\x9f\x98\x80", 4 }, 0 },
        { "\"\\uD83D\\uDE00x\"", { "\xf0\x9f\x98\x80x", 5 }, 0 },
        { "\"\\ud83d\"", { "\xed\xa0\xbd", 3 }, 1 },
        { "\"\\ude00\"", { "\xed\xb8\x80", 3 }, 1 },
        { "\"\\ud83dx\\ude00\"", { "\xed\xa0\xbdx\xed\xb8\x80", 7 }, 1 },
        { "\"\\ud83d\\ud83d\\ude00\"", { "\xed\xa0\xbd\xf0\x9f\x98\x80", 7 },
          1 },
        { "\"\\ud83d\\u0041\"", { "\xed\xa0\xbd" "A", 4 }, 1 },
        { "\"\\ud83d\\n\"", { "\xed\xa0\xbd\n", 4 }, 1 },
        { "\"\\ude00\\ud83d\"", { "\xed\xb8\x80\xed\xa0\xbd", 6 }, 1 },
        { "\"a\\u0000b\"", { "a\0b", 3 }, 0 },
        { "\"\\\\u0041\"", { "\\u0041", 6 }, 0 },
        { "\"\\\\\\\"\"", { "\\\"", 2 }, 0 },
        { "\"\xc3\xa9\xf0\x9f\x98\x80\"", { "\xc3\xa9\xf0\x9f\x98\x80", 6 },
          0 },
        { "\"a\xff" "b\"", { "a" FFFD "b", 5 }, 1 },
        { "\"\xff\xfe\"", { FFFD FFFD, 6 }, 1 },
        { "\"\xf0\x9f\x98\"", { FFFD, 3 }, 1 },
        { "\"\xc3\\n\"", { FFFD "\n", 4 }, 1 },
        { "\"\xed\xa0\xbd\"", { FFFD FFFD FFFD, 9 }, 1 },
        { "\"?\"", { "?", 1 }, 0 },
    };

    char                text[64];
    size_t              i;
    struct lapor_json  *root;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), " [ %s ,1]", cases[i].token);
        root = parse(text, strlen(text));

        if (!ok(root != NULL && root->first != NULL, "string %zu", i)) {
            continue;
        }

        is_mem(root->first->value.data, root->first->value.len,
               cases[i].value.data, cases[i].value.len, "its bytes %zu", i);
        is(root->first->damaged, cases[i].damaged, "its damage %zu", i);
        is(root->damaged, cases[i].damaged, "known outside %zu", i);

        snprintf(text, sizeof(text), "{%s:1}", cases[i].token);
        root = parse(text, strlen(text));
        ok(root != NULL && root->damaged == cases[i].damaged
           && lapor_str_eq(root->first->name, cases[i].value),
           "as a name %zu", i);
    }
}


static void
test_raw(void)
{
    static const char  text[] =
        " {\"a\\\"b\" : { \"x\":[1 , 2.50] } , \"c\":\"\\u00e9\\\\\" ,"
        "\"d\":true,\"e\":null,\"f\":false} ";

    struct lapor_json  *root, *node;

    root = parse(text, strlen(text));

    if (!ok(root != NULL, "raw spans")) {
        return;
    }

    is_mem(root->raw.data, root->raw.len, text + 1, strlen(text) - 2,
           "of the whole");
    node = root->first;
    is_mem(node->raw.data, node->raw.len, "{ \"x\":[1 , 2.50] }", 18,
           "of an object");
    is_mem(node->first->raw.data, node->first->raw.len, "[1 , 2.50]", 10,
           "of an array");
    is_mem(node->first->first->next->raw.data,
           node->first->first->next->raw.len, "2.50", 4, "of a number");
    node = node->next;
    is_mem(node->raw.data, node->raw.len, "\"\\u00e9\\\\\"", 10,
           "of a string");
    node = node->next;
    is_mem(node->raw.data, node->raw.len, "true", 4, "of true");
    node = node->next;
    is_mem(node->raw.data, node->raw.len, "null", 4, "of null");
    node = node->next;
    is_mem(node->raw.data, node->raw.len, "false", 5, "of false");

    root = parse("[\v\f\"\\u0041\"]", 12);
    ok(root != NULL && lapor_str_eqz(root->first->value, "A"),
       "yajl's own blanks are no part of a string");

    root = parse("12345", 5);
    ok(root != NULL && lapor_str_eqz(root->raw, "12345"),
       "of a number that ends the text");
}


static void
test_access(void)
{
    static const char  text[] =
        "{\"s\":\"x\",\"n\":12,\"b\":true,\"z\":null,\"a\":[1,2,3],"
        "\"o\":{\"k\":\"v\"},\"s\":\"last\",\"y\":\"false\",\"i\":1}";

    int                       count;
    struct lapor_json        *root;
    const struct lapor_json  *node;

    root = parse(text, strlen(text));

    is(root != NULL && root->count == 9, 1, "nine members");
    ok(lapor_str_eqz(lapor_json_get_text(root, "s"), "last"),
       "of doubled names the last wins");
    ok(lapor_str_eqz(lapor_json_get_text(root, "n"), "12"),
       "a number is text too");
    ok(lapor_json_get_text(root, "b").data == NULL, "a bool is not");
    ok(lapor_json_get_text(root, "z").data == NULL, "null is not");
    ok(lapor_json_get_text(root, "o").data == NULL, "an object is not");
    ok(lapor_json_get(root, "k") == NULL, "names inside are not found");
    ok(lapor_json_get(root, "") == NULL, "no empty name here");
    ok(lapor_json_get(lapor_json_get(root, "a"), "k") == NULL,
       "an array has no members");
    ok(lapor_json_get(NULL, "k") == NULL, "nothing has no members");
    ok(lapor_json_first(NULL) == NULL, "nothing has no children");
    ok(lapor_json_text(NULL).data == NULL, "nothing has no text");
    is(lapor_json_is(NULL, LAPOR_JSON_NULL), 0, "nothing is not null");

    is(lapor_json_bool(lapor_json_get(root, "b")), 1, "true");
    is(lapor_json_bool(lapor_json_get(root, "y")), 0, "\"false\"");
    is(lapor_json_bool(lapor_json_get(root, "i")), 1, "1");
    is(lapor_json_bool(lapor_json_get(root, "n")), -1, "12 is no bool");
    is(lapor_json_bool(lapor_json_get(root, "z")), -1, "null is no bool");
    is(lapor_json_bool(NULL), -1, "nothing is no bool");

    count = 0;

    LAPOR_JSON_EACH(node, lapor_json_get(root, "a")) {
        count++;
    }

    LAPOR_JSON_EACH(node, lapor_json_get(root, "s")) {
        count += 100;
    }

    is(count, 3, "only lists are walked");
}


static void
test_numbers(void)
{
    static const struct {
        const char  *token;
        int          whole;
        int64_t      integer;
        int          real;
        double       number;
    } cases[] = {
        { "0", 1, 0, 1, 0 },
        { "-7", 1, -7, 1, -7 },
        { "\"1782000000\"", 1, 1782000000, 1, 1782000000 },
        { "9223372036854775807", 1, INT64_MAX, 1, 9223372036854775807.0 },
        { "9223372036854775808", 0, 0, 1, 9223372036854775808.0 },
        { "1.0", 1, 1, 1, 1 },
        { "1.5e3", 1, 1500, 1, 1500 },
        { "1.5", 0, 0, 1, 1.5 },
        { "1e300", 0, 0, 1, 1e300 },
        { "1e999", 0, 0, 0, 0 },
        { "\"\"", 0, 0, 0, 0 },
        { "\" 5\"", 0, 0, 0, 0 },
        { "\"5 \"", 0, 0, 0, 0 },
        { "\"5x\"", 0, 0, 0, 0 },
        { "\"0x10\"", 0, 0, 0, 0 },
        { "\"nan\"", 0, 0, 0, 0 },
        { "\"inf\"", 0, 0, 0, 0 },
        { "\"-\"", 0, 0, 0, 0 },
        { "\"1\\u0000\"", 0, 0, 0, 0 },
        { "true", 0, 0, 0, 0 },
        { "null", 0, 0, 0, 0 },
        { "[1]", 0, 0, 0, 0 },
        { "\"0000000000000000000000000000000000000000000000000000000000000"
          "0000000000000001\"", 0, 0, 0, 0 },
    };

    int                 rc;
    double              number;
    size_t              i;
    int64_t             integer;
    struct lapor_json  *root;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        root = parse(cases[i].token, strlen(cases[i].token));

        integer = 0;
        rc = lapor_json_int(root, &integer);
        is(rc == 0, cases[i].whole, "%s: whole", cases[i].token);
        is(integer, cases[i].integer, "%s: its value", cases[i].token);

        number = 0;
        rc = lapor_json_double(root, &number);
        is(rc == 0, cases[i].real, "%s: a number", cases[i].token);
        ok(number >= cases[i].number && number <= cases[i].number,
           "%s: its value", cases[i].token);
    }
}


static void
test_bounds(void)
{
    size_t                    i, size;
    char                     *text;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    size = 1000000;
    text = malloc(2 * size);

    if (text == NULL) {
        ok(0, "memory");
        return;
    }

    memset(text, '[', size);
    is(lapor_json_parse(pool, text, size, &root, &error), -1,
       "a million brackets are refused");
    is_str(error.message, "nested too deeply", "as too deep");
    is((intmax_t) error.offset, LAPOR_JSON_DEPTH + 1, "at once");

    memset(text + LAPOR_JSON_DEPTH, ']', LAPOR_JSON_DEPTH);
    is(lapor_json_parse(pool, text, 2 * LAPOR_JSON_DEPTH, &root, &error), 0,
       "the deepest that is taken");

    for (i = 0; i < 70; i++) {
        memcpy(text + 5 * i, "{\"a\":", 5);
    }

    is(lapor_json_parse(pool, text, 350, &root, &error), -1,
       "objects have the same bound");

    text[0] = '[';

    for (i = 0; i + 2 < size; i += 2) {
        memcpy(text + 1 + i, "0,", 2);
    }

    is(lapor_json_parse(pool, text, size, &root, &error), -1,
       "a text with too many values is refused");
    is_str(error.message, "too many values", "as that");
    lapor_pool_reset(pool);

    memset(text, 'x', 2 * size);
    text[0] = '"';
    text[2 * size - 1] = '"';
    root = parse(text, 2 * size);
    ok(root != NULL && root->value.len == 2 * size - 2,
       "a long string is whole");

    free(text);
    lapor_pool_reset(pool);
}


static void
test_truncated(void)
{
    static const char  text[] =
        "{\"a\":[1,-2.5e3,\"x\\ud83d\\ude00\xc3\xa9\",true,false,null],"
        "\"\\u0062\":{\"c\":{}}}";

    int     whole;
    size_t  i;

    whole = 0;

    for (i = 0; i < sizeof(text) - 1; i++) {
        whole += parse(text, i) != NULL;
    }

    is(whole, 0, "no start of a text is a text");
    ok(parse(text, sizeof(text) - 1) != NULL, "the whole is");
}
