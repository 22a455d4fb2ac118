/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * libFuzzer target: any bytes as a body that the module scans. What it reads
 * lies in a copy of its own, exactly as long, for ASan.
 *
 *   - Beyond the limit nothing counts, and no long body is one of statuses.
 *   - A blank before it changes nothing: the usual beginning is read at once,
 *     any other byte by byte.
 *   - A body of statuses has no list of messages where messages stand, however
 *     their key is written.
 *   - Of whatever the workers' JSON reader takes, stream and sender are those
 *     that a plain, recursive reading finds.
 */

/* a limit that is within a fuzzer's reach */
#include "ngx_http_lapor_module/ngx_http_lapor_scan.h"
#undef NGX_HTTP_LAPOR_SCAN_MAX
#define NGX_HTTP_LAPOR_SCAN_MAX  2048

#include "ngx_http_lapor_module/ngx_http_lapor_scan.c"

#include <stdlib.h>

#include "lib/json.h"
#include "lib/part.h"
#include "t/fuzz/fuzz.h"


enum place {
    PLACE_ELSEWHERE,
    PLACE_ROOT,
    PLACE_ENTRIES,
    PLACE_ENTRY,
    PLACE_CHANGES,
    PLACE_CHANGE,
    PLACE_VALUE,
    PLACE_MESSAGES,
    PLACE_MESSAGE,
    PLACE_STATUSES,
    PLACE_STATUS
};


struct slice {
    const char  *p;
    size_t       len;
};


/* what the plain reading has found */

struct plain {
    const char    *p;          /* the next byte of a text that is JSON */

    int            statuses;
    int            doubt;
    struct slice   message;    /* the first sender, and then nothing counts */
    struct slice   recipient;
};


/* a container below an entry, from its parent's place and its key */

static const struct {
    enum place   parent;
    const char  *key;          /* NULL: an element of an array */
    char         open;
    enum place   place;
} places[] = {
    { PLACE_ROOT,     "entry",    '[', PLACE_ENTRIES },
    { PLACE_ENTRIES,  NULL,       '{', PLACE_ENTRY },
    { PLACE_ENTRY,    "changes",  '[', PLACE_CHANGES },
    { PLACE_CHANGES,  NULL,       '{', PLACE_CHANGE },
    { PLACE_CHANGE,   "value",    '{', PLACE_VALUE },
    { PLACE_VALUE,    "messages", '[', PLACE_MESSAGES },
    { PLACE_VALUE,    "statuses", '[', PLACE_STATUSES },
    { PLACE_MESSAGES, NULL,       '{', PLACE_MESSAGE },
    { PLACE_STATUSES, NULL,       '{', PLACE_STATUS }
};


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static ngx_http_lapor_scan_t fuzz_scan(const uint8_t *data, size_t size);
static void fuzz_limit(const uint8_t *data, size_t size,
    ngx_http_lapor_scan_t scan);
static void fuzz_blank(const uint8_t *data, size_t size,
    ngx_http_lapor_scan_t scan);
static void fuzz_messages(const struct lapor_json *root);
static void fuzz_plain(const char *text, size_t size,
    ngx_http_lapor_scan_t scan);
static void plain_container(struct plain *r, enum place place);
static void plain_value(struct plain *r, enum place place,
    const struct slice *key, struct slice *user);
static enum place plain_place(enum place parent, const struct slice *key,
    char open);
static void plain_scalar(struct plain *r, enum place place,
    const struct slice *key, struct slice text, struct slice *user);
static struct slice plain_string(struct plain *r);
static void plain_blanks(struct plain *r);
static int slice_is(const struct slice *s, const char *word);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                     *text;
    ngx_http_lapor_scan_t     scan;
    struct lapor_pool        *pool;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    scan = fuzz_scan(data, size);

    if (size > NGX_HTTP_LAPOR_SCAN_MAX) {
        fuzz_limit(data, size, scan);
        return 0;
    }

    fuzz_blank(data, size, scan);

    pool = lapor_pool_create(4096);

    if (lapor_json_parse(pool, (const char *) data, size, &root, &error)
        == 0)
    {
        if (scan.statuses) {
            fuzz_messages(root);
        }

        text = lapor_pool_alloc(pool, size + 1);
        memcpy(text, data, size);
        text[size] = '\0';

        /* neither a byte-order mark nor yajl's further blanks are JSON */

        if (data[0] != 0xef && strpbrk(text, "\v\f") == NULL) {
            fuzz_plain(text, size, scan);
        }
    }

    lapor_pool_destroy(pool);

    return 0;
}


static ngx_http_lapor_scan_t
fuzz_scan(const uint8_t *data, size_t size)
{
    uint8_t                *copy;
    ngx_http_lapor_scan_t   scan;

    copy = malloc(size ? size : 1);
    fuzz_require(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    memset(&scan, 0xff, sizeof(ngx_http_lapor_scan_t));
    ngx_http_lapor_scan(copy, size, &scan);
    free(copy);

    return scan;
}


static void
fuzz_limit(const uint8_t *data, size_t size, ngx_http_lapor_scan_t scan)
{
    uint8_t                 copy[NGX_HTTP_LAPOR_SCAN_MAX + 1];
    ngx_http_lapor_scan_t   other;

    fuzz_require(!scan.statuses);

    memcpy(copy, data, NGX_HTTP_LAPOR_SCAN_MAX);
    copy[NGX_HTTP_LAPOR_SCAN_MAX] = (uint8_t) ~data[size - 1];
    other = fuzz_scan(copy, sizeof(copy));

    fuzz_require(!other.statuses && other.sender == scan.sender
                 && other.hash == scan.hash);
}


static void
fuzz_blank(const uint8_t *data, size_t size, ngx_http_lapor_scan_t scan)
{
    uint8_t                *copy;
    ngx_http_lapor_scan_t   other;

    if (size == NGX_HTTP_LAPOR_SCAN_MAX) {
        return;
    }

    copy = malloc(size + 1);
    fuzz_require(copy != NULL);

    copy[0] = ' ';

    if (size) {
        memcpy(copy + 1, data, size);
    }

    other = fuzz_scan(copy, size + 1);
    free(copy);

    fuzz_require(other.statuses == scan.statuses
                 && other.sender == scan.sender
                 && other.enough == scan.enough
                 && other.hash == scan.hash
                 && other.number == scan.number);
}


static void
fuzz_messages(const struct lapor_json *root)
{
    const struct lapor_json  *entry, *change, *value;

    LAPOR_JSON_EACH(entry, lapor_json_get(root, "entry")) {
        LAPOR_JSON_EACH(change, lapor_json_get(entry, "changes")) {
            value = lapor_json_get(change, "value");
            fuzz_require(lapor_json_get(value, "messages") == NULL);
            fuzz_require(lapor_json_get(value, "errors") == NULL);
        }
    }
}


static void
fuzz_plain(const char *text, size_t size, ngx_http_lapor_scan_t scan)
{
    uint32_t       hash;
    size_t         i;
    struct slice   sender;
    struct plain   plain;

    memset(&plain, 0, sizeof(struct plain));
    plain.p = text;
    plain_value(&plain, PLACE_ELSEWHERE, NULL, NULL);
    plain_blanks(&plain);

    /* nor half a string after the last brace */

    if (plain.p != text + size) {
        return;
    }

    sender = plain.message.len ? plain.message : plain.recipient;
    hash = 2166136261U;

    for (i = 0; i < sender.len; i++) {
        hash = (hash ^ (unsigned char) sender.p[i]) * 16777619U;
    }

    fuzz_require(scan.hash == hash);
    fuzz_require(scan.hash % LAPOR_PARTS == lapor_part(sender.p, sender.len));
    fuzz_require(scan.sender == (sender.len != 0));
    fuzz_require(scan.statuses == (plain.statuses && !plain.doubt
                                   && plain.message.len == 0));
}


/* p is at the first byte of a value, and stands behind it afterwards */

static void
plain_value(struct plain *r, enum place place, const struct slice *key,
    struct slice *user)
{
    struct slice  text;

    plain_blanks(r);

    if (*r->p == '{' || *r->p == '[') {
        plain_container(r, key == NULL && place == PLACE_ELSEWHERE
                           && user == NULL && *r->p == '{'
                           ? PLACE_ROOT : plain_place(place, key, *r->p));
        return;
    }

    if (*r->p == '"') {
        text = plain_string(r);

    } else {
        text.p = r->p;
        r->p += strcspn(r->p, ",]} \t\r\n");
        text.len = (size_t) (r->p - text.p);

        if (*text.p < '0' || *text.p > '9') {
            return;
        }
    }

    if (user != NULL && key != NULL) {
        plain_scalar(r, place, key, text, user);
    }
}


static void
plain_container(struct plain *r, enum place place)
{
    char           end;
    int            before;
    struct slice   key, user;

    end = *r->p++ == '{' ? '}' : ']';
    before = r->statuses;
    user.len = 0;
    r->statuses += place == PLACE_STATUS;

    for (plain_blanks(r); *r->p != end; plain_blanks(r)) {
        if (*r->p == ',') {
            r->p++;
            plain_blanks(r);
        }

        if (end == ']') {
            plain_value(r, place, NULL, &user);
            continue;
        }

        key = plain_string(r);
        r->doubt |= place >= PLACE_ROOT && place <= PLACE_VALUE
                    && (memchr(key.p, '\\', key.len) != NULL
                        || slice_is(&key, "messages")
                        || slice_is(&key, "errors"));
        plain_blanks(r);
        r->p++;
        plain_value(r, place, &key, &user);
    }

    r->p++;

    if (place == PLACE_CHANGE && r->statuses == before) {
        r->doubt = 1;
    }

    if (place == PLACE_MESSAGE && r->message.len == 0) {
        r->message = user;
    }

    if (place == PLACE_STATUS && r->recipient.len == 0
        && r->message.len == 0)
    {
        r->recipient = user;
    }
}


static enum place
plain_place(enum place parent, const struct slice *key, char open)
{
    size_t  i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].parent == parent && places[i].open == open
            && (places[i].key == NULL ? key == NULL
                : key != NULL && slice_is(key, places[i].key)))
        {
            return places[i].place;
        }
    }

    return PLACE_ELSEWHERE;
}


static void
plain_scalar(struct plain *r, enum place place, const struct slice *key,
    struct slice text, struct slice *user)
{
    if (r->message.len) {
        return;
    }

    if (place == PLACE_MESSAGE && slice_is(key, "from")) {
        r->message = text;

    } else if (place == PLACE_MESSAGE && slice_is(key, "from_user_id")) {
        *user = text;

    } else if (place == PLACE_STATUS && slice_is(key, "recipient_id")
               && r->recipient.len == 0)
    {
        r->recipient = text;

    } else if (place == PLACE_STATUS && slice_is(key, "recipient_user_id")) {
        *user = text;
    }
}


static struct slice
plain_string(struct plain *r)
{
    struct slice  s;

    s.p = ++r->p;

    while (*r->p != '"') {
        r->p += *r->p == '\\' ? 2 : 1;
    }

    s.len = (size_t) (r->p++ - s.p);

    return s;
}


static void
plain_blanks(struct plain *r)
{
    r->p += strspn(r->p, " \t\r\n");
}


static int
slice_is(const struct slice *s, const char *word)
{
    return s->len == strlen(word) && memcmp(s->p, word, s->len) == 0;
}
