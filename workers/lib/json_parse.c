/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * yajl's callbacks build the tree in the caller's pool. The whole text is one
 * buffer, so that inside a callback yajl_get_bytes_consumed() stands just
 * behind the token, and the token's raw bytes can be found in the text: yajl
 * hands out a place in it, except for a string with escapes, which it decodes
 * elsewhere, and a number that ends the text, which it copies. What yajl itself
 * allocates is freed before lapor_json_parse() returns.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/utf8.h"


struct json_level {
    struct lapor_json  *node;  /* the open object or array */
    struct lapor_json  *last;  /* its newest child */
};


struct json_reader {
    struct lapor_pool  *pool;
    yajl_handle         yajl;
    const char         *text;   /* the copy in the pool */
    size_t              len;
    size_t              at;     /* behind the token seen last */
    size_t              nodes;
    size_t              depth;
    const char         *refusal;
    struct lapor_json  *root;
    struct lapor_str    name;   /* of the member to come */
    unsigned            name_damaged;
    struct json_level   level[LAPOR_JSON_DEPTH];
};


static int json_run(struct json_reader *reader,
    struct lapor_json_error *ret_error);
static void json_error_set(struct json_reader *reader,
    struct lapor_json_error *ret_error);
static size_t json_end(const struct json_reader *reader);
static bool json_in_text(const struct json_reader *reader, const void *data);
static size_t json_token_start(const struct json_reader *reader);
static struct lapor_json *json_node_add(struct json_reader *reader,
    enum lapor_json_type type, size_t start, size_t len);
static int json_open(struct json_reader *reader, enum lapor_json_type type);
static int json_close(struct json_reader *reader);
static struct lapor_str json_string_take(struct json_reader *reader,
    const unsigned char *data, size_t len, struct lapor_str *ret_raw,
    unsigned *ret_damaged);
static size_t json_bad(struct lapor_str str);
static struct lapor_str json_unescape(struct lapor_pool *pool,
    const char *data, size_t len, size_t bad, unsigned *ret_damaged);
static int json_escape_read(const char *data, size_t len, uint32_t *ret_code);
static int json_hex_read(const char *data, size_t len, uint32_t *ret_code);

static int json_on_null(void *ctx);
static int json_on_bool(void *ctx, int value);
static int json_on_number(void *ctx, const char *data, size_t len);
static int json_on_string(void *ctx, const unsigned char *data, size_t len);
static int json_on_name(void *ctx, const unsigned char *data, size_t len);
static int json_on_object(void *ctx);
static int json_on_array(void *ctx);
static int json_on_end(void *ctx);

static void *json_yajl_malloc(void *ctx, size_t size);
static void *json_yajl_realloc(void *ctx, void *data, size_t size);
static void json_yajl_free(void *ctx, void *data);


static const yajl_callbacks  json_callbacks = {
    json_on_null,
    json_on_bool,
    NULL,
    NULL,
    json_on_number,
    json_on_string,
    json_on_object,
    json_on_name,
    json_on_end,
    json_on_array,
    json_on_end
};


int
lapor_json_parse(struct lapor_pool *pool, const char *text, size_t len,
    struct lapor_json **ret_root, struct lapor_json_error *ret_error)
{
    int                 rc;
    yajl_alloc_funcs    alloc;
    struct json_reader  reader;

    memset(&reader, 0, sizeof(reader));
    reader.pool = pool;
    reader.text = lapor_pool_strndup(pool, text, len);
    reader.len = len;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        reader.at = 3;
    }

    alloc.malloc = json_yajl_malloc;
    alloc.realloc = json_yajl_realloc;
    alloc.free = json_yajl_free;
    alloc.ctx = NULL;

    reader.yajl = yajl_alloc(&json_callbacks, &alloc, &reader);
    yajl_config(reader.yajl, yajl_dont_validate_strings, 1);

    rc = json_run(&reader, ret_error);
    yajl_free(reader.yajl);

    if (rc == 0) {
        *ret_root = reader.root;
    }

    return rc;
}


static int
json_run(struct json_reader *reader, struct lapor_json_error *ret_error)
{
    size_t       skipped, end;
    yajl_status  status;

    /* yajl counts from where it is started; a mark in front is cut off here
     * so that its offsets and ours are the same */
    skipped = reader->at;
    reader->text += skipped;
    reader->len -= skipped;
    reader->at = 0;

    status = yajl_parse(reader->yajl, (const unsigned char *) reader->text,
                        reader->len);
    end = reader->len;

    if (status == yajl_status_ok) {
        status = yajl_complete_parse(reader->yajl);

    } else {
        end = yajl_get_bytes_consumed(reader->yajl);
    }

    if (status == yajl_status_ok && reader->root != NULL) {
        return 0;
    }

    json_error_set(reader, ret_error);
    ret_error->offset = skipped + end;
    return -1;
}


/* yajl's message names the kind of error and, asked so, nothing of the text;
 * its full stop and line end go. */

static void
json_error_set(struct json_reader *reader, struct lapor_json_error *ret_error)
{
    size_t          len;
    unsigned char  *message;

    if (reader->refusal != NULL) {
        snprintf(ret_error->message, sizeof(ret_error->message), "%s",
                 reader->refusal);
        return;
    }

    message = yajl_get_error(reader->yajl, 0, NULL, 0);
    len = strcspn((const char *) message, "\n");
    len -= len > 0 && message[len - 1] == '.';
    snprintf(ret_error->message, sizeof(ret_error->message), "%.*s",
             (int) len, (const char *) message);
    yajl_free_error(reader->yajl, message);
}


/* Just behind the token at hand. */

static size_t
json_end(const struct json_reader *reader)
{
    return yajl_get_bytes_consumed(reader->yajl);
}


static bool
json_in_text(const struct json_reader *reader, const void *data)
{
    return (uintptr_t) data - (uintptr_t) reader->text < reader->len;
}


/* Of a token that yajl gave no place of. Between two tokens stand only blanks,
 * of which yajl knows two more than JSON, commas and colons; it has checked
 * them already. */

static size_t
json_token_start(const struct json_reader *reader)
{
    size_t  start;

    start = reader->at;

    while (start < reader->len
           && memchr(" \t\r\n\v\f,:", reader->text[start], 8) != NULL)
    {
        start++;
    }

    return start;
}


/* A node for the token at that place, hung where it belongs; NULL when the
 * text has too many. */

static struct lapor_json *
json_node_add(struct json_reader *reader, enum lapor_json_type type,
    size_t start, size_t len)
{
    struct lapor_json  *node;
    struct json_level  *level;

    if (reader->nodes == LAPOR_JSON_NODES) {
        reader->refusal = "too many values";
        return NULL;
    }

    node = lapor_pool_alloc(reader->pool, sizeof(*node));
    node->type = type;
    node->name = reader->name;
    node->damaged = reader->name_damaged;
    node->raw.data = reader->text + start;
    node->raw.len = len;

    reader->nodes++;
    reader->at = start + len;
    reader->name = LAPOR_STR_NONE;
    reader->name_damaged = 0;

    if (reader->depth == 0) {
        reader->root = node;
        return node;
    }

    level = &reader->level[reader->depth - 1];

    if (level->last == NULL) {
        level->node->first = node;

    } else {
        level->last->next = node;
    }

    level->last = node;
    level->node->count++;

    return node;
}


static int
json_open(struct json_reader *reader, enum lapor_json_type type)
{
    struct lapor_json  *node;

    if (reader->depth == LAPOR_JSON_DEPTH) {
        reader->refusal = "nested too deeply";
        return 0;
    }

    node = json_node_add(reader, type, json_end(reader) - 1, 1);
    if (node == NULL) {
        return 0;
    }

    reader->level[reader->depth].node = node;
    reader->level[reader->depth].last = NULL;
    reader->depth++;

    return 1;
}


static int
json_close(struct json_reader *reader)
{
    struct lapor_json  *node, *child;

    reader->at = json_end(reader);
    reader->depth--;

    node = reader->level[reader->depth].node;
    node->raw.len = (size_t) (reader->text + reader->at - node->raw.data);

    for (child = node->first; child != NULL; child = child->next) {
        node->damaged |= child->damaged;
    }

    return 1;
}


static int
json_on_null(void *ctx)
{
    return json_node_add(ctx, LAPOR_JSON_NULL, json_end(ctx) - 4, 4) != NULL;
}


static int
json_on_bool(void *ctx, int value)
{
    size_t              len;
    struct lapor_json  *node;

    len = value ? 4 : 5;

    node = json_node_add(ctx, LAPOR_JSON_BOOL, json_end(ctx) - len, len);
    if (node == NULL) {
        return 0;
    }

    node->is_true = value != 0;
    return 1;
}


/* Of a number that ends the text, seen only in yajl_complete_parse(), data is
 * a copy that dies with it. */

static int
json_on_number(void *ctx, const char *data, size_t len)
{
    size_t               start;
    struct lapor_json   *node;
    struct json_reader  *reader;

    reader = ctx;
    start = json_in_text(reader, data) ? (size_t) (data - reader->text)
                                       : json_token_start(reader);

    node = json_node_add(reader, LAPOR_JSON_NUMBER, start, len);
    if (node == NULL) {
        return 0;
    }

    node->value = node->raw;
    return 1;
}


static int
json_on_string(void *ctx, const unsigned char *data, size_t len)
{
    unsigned             damaged;
    struct lapor_str     value, raw;
    struct lapor_json   *node;
    struct json_reader  *reader;

    reader = ctx;
    value = json_string_take(reader, data, len, &raw, &damaged);

    node = json_node_add(reader, LAPOR_JSON_STRING,
                         (size_t) (raw.data - reader->text), raw.len);
    if (node == NULL) {
        return 0;
    }

    node->value = value;
    node->damaged |= damaged;
    return 1;
}


static int
json_on_name(void *ctx, const unsigned char *data, size_t len)
{
    struct lapor_str     raw;
    struct json_reader  *reader;

    reader = ctx;
    reader->name = json_string_take(reader, data, len, &raw,
                                    &reader->name_damaged);
    reader->at = json_end(reader);

    return 1;
}


static int
json_on_object(void *ctx)
{
    return json_open(ctx, LAPOR_JSON_OBJECT);
}


static int
json_on_array(void *ctx)
{
    return json_open(ctx, LAPOR_JSON_ARRAY);
}


static int
json_on_end(void *ctx)
{
    return json_close(ctx);
}


/* The string token that yajl has just read, unescaped, and its raw bytes with
 * the quotes. What has no escape and no bad byte is not copied: the text is in
 * the pool already. */

static struct lapor_str
json_string_take(struct json_reader *reader, const unsigned char *data,
    size_t len, struct lapor_str *ret_raw, unsigned *ret_damaged)
{
    bool              escapes;
    size_t            start, bad;
    struct lapor_str  str;

    escapes = !json_in_text(reader, data);

    if (escapes) {
        start = json_token_start(reader) + 1;
        str.data = reader->text + start;
        str.len = json_end(reader) - 1 - start;

    } else {
        str.data = (const char *) data;
        str.len = len;
    }

    ret_raw->data = str.data - 1;
    ret_raw->len = str.len + 2;

    bad = json_bad(str);
    *ret_damaged = bad > 0;

    return bad > 0 || escapes
           ? json_unescape(reader->pool, str.data, str.len, bad, ret_damaged)
           : str;
}


/* How many sequences are not UTF-8. */

static size_t
json_bad(struct lapor_str str)
{
    int       n;
    size_t    i, bad;
    uint32_t  code;

    bad = 0;

    for (i = lapor_utf8_ascii(str.data, str.len); i < str.len;
         i += (size_t) (n < 0 ? -n : n))
    {
        n = lapor_utf8_next(str.data + i, str.len - i, &code);
        bad += n < 0;
    }

    return bad;
}


/* An escape shrinks (six bytes become at most three, twelve become four); a
 * bad byte may grow to the three of U+FFFD. */

static struct lapor_str
json_unescape(struct lapor_pool *pool, const char *data, size_t len,
    size_t bad, unsigned *ret_damaged)
{
    int               n;
    char             *out;
    size_t            i;
    uint32_t          code;
    struct lapor_str  str;

    out = lapor_pool_bytes(pool, len + 2 * bad + 1);
    str.data = out;

    for (i = 0; i < len; i += (size_t) n) {

        if ((unsigned char) data[i] < 0x80 && data[i] != '\\') {
            *out++ = data[i];
            n = 1;
            continue;
        }

        if (data[i] == '\\') {
            n = json_escape_read(data + i, len - i, &code);
            *ret_damaged |= code >= 0xd800 && code <= 0xdfff;

        } else {
            n = lapor_utf8_next(data + i, len - i, &code);
        }

        if (n < 0) {
            n = -n;
            code = LAPOR_UTF8_REPLACEMENT;
        }

        out += lapor_utf8_put(code, out);
    }

    *out = '\0';
    str.len = (size_t) (out - str.data);

    return str;
}


/* One escape, two where they are the halves of a surrogate pair; returns the
 * bytes read. yajl has checked that escapes are whole. */

static int
json_escape_read(const char *data, size_t len, uint32_t *ret_code)
{
    static const char  from[] = "\"\\/bfnrt";
    static const char  to[] = "\"\\/\b\f\n\r\t";

    uint32_t     low;
    const char  *p;

    *ret_code = LAPOR_UTF8_REPLACEMENT;

    if (len < 2) {
        return 1;
    }

    if (data[1] != 'u') {
        p = strchr(from, data[1]);
        if (p != NULL && *p != '\0') {
            *ret_code = (unsigned char) to[p - from];
        }

        return 2;
    }

    if (json_hex_read(data, len, ret_code) == -1) {
        return 2;
    }

    if (*ret_code >= 0xd800 && *ret_code <= 0xdbff
        && json_hex_read(data + 6, len - 6, &low) == 0
        && low >= 0xdc00 && low <= 0xdfff)
    {
        *ret_code = 0x10000 + ((*ret_code - 0xd800) << 10) + (low - 0xdc00);
        return 12;
    }

    return 6;
}


/* The number of an escape \uXXXX at the start of data, or -1. */

static int
json_hex_read(const char *data, size_t len, uint32_t *ret_code)
{
    static const char  digits[] = "00112233445566778899aAbBcCdDeEfF";

    size_t       i;
    uint32_t     code;
    const char  *p;

    if (len < 6 || data[0] != '\\' || data[1] != 'u') {
        return -1;
    }

    code = 0;

    for (i = 2; i < 6; i++) {
        p = memchr(digits, data[i], sizeof(digits) - 1);
        if (p == NULL) {
            return -1;
        }

        code = code << 4 | (uint32_t) (p - digits) / 2;
    }

    *ret_code = code;
    return 0;
}


static void *
json_yajl_malloc(void *ctx, size_t size)
{
    void  *data;

    (void) ctx;

    data = malloc(size);
    if (data == NULL) {
        lapor_fatal_memory();
    }

    return data;
}


static void *
json_yajl_realloc(void *ctx, void *data, size_t size)
{
    (void) ctx;

    data = realloc(data, size);
    if (data == NULL && size > 0) {
        lapor_fatal_memory();
    }

    return data;
}


static void
json_yajl_free(void *ctx, void *data)
{
    (void) ctx;
    free(data);
}
