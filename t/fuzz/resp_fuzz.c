/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * libFuzzer target: any bytes as what Redis answers, through hiredis' reader
 * as the module's link uses it. The first byte tells how many of the bytes
 * after it are lengths of pieces (0: everything at once), which are gone
 * through over and over; the rest is the stream.
 *
 *   - The replies, and what the module makes of them, do not depend on how
 *     the stream was cut.
 *   - Ids, kinds of errors and strengths are those that plain rules find.
 */

#include "ngx_http_lapor_module/ngx_http_lapor_reply.c"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "t/fuzz/fuzz.h"


#define FUZZ_PIECES    15    /* lengths at most */
#define FUZZ_ELEMENTS  1000  /* of an array: hiredis takes what it is told */


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static int fuzz_huge(const uint8_t *data, size_t size);
static void fuzz_read(struct lapor_buf *buf, const uint8_t *data, size_t size,
    const uint8_t *pieces, size_t count);
static void fuzz_same(const struct lapor_buf *a, const struct lapor_buf *b);
static int fuzz_replies(struct lapor_buf *buf, redisReader *reader,
    ngx_http_lapor_reply_t *room);
static void fuzz_reply(struct lapor_buf *buf, const redisReply *reply);
static void fuzz_print(struct lapor_buf *buf, const redisReply *reply);
static int fuzz_is_id(const redisReply *reply);
static const char *fuzz_error(const redisReply *reply);
static unsigned fuzz_strength(const redisReply *reply);
static const char *fuzz_setting(const redisReply *reply, const char *name);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            count;
    struct lapor_buf  whole = LAPOR_BUF_INIT, cut = LAPOR_BUF_INIT;

    static const uint8_t  single = 1;

    if (size == 0 || data[0] > FUZZ_PIECES || size <= data[0]) {
        return 0;
    }

    count = data[0];
    data++;
    size--;

    if (fuzz_huge(data + count, size - count)) {
        return 0;
    }

    fuzz_read(&whole, data + count, size - count, NULL, 0);

    if (count) {
        fuzz_read(&cut, data + count, size - count, data, count);
        fuzz_same(&cut, &whole);
    }

    lapor_buf_reset(&cut);
    fuzz_read(&cut, data + count, size - count, &single, 1);
    fuzz_same(&cut, &whole);

    lapor_buf_free(&cut);
    lapor_buf_free(&whole);

    return 0;
}


/* hiredis 0.14 allocates the elements of an array before the first came */

static int
fuzz_huge(const uint8_t *data, size_t size)
{
    size_t  i, n;

    for (i = 0; i < size; i++) {
        if (data[i] != '*') {
            continue;
        }

        for (n = 0; i + 1 < size && data[i + 1] != '\r'; i++) {
            if (data[i + 1] >= '0' && data[i + 1] <= '9') {
                n = n * 10 + data[i + 1] - '0';
            }

            if (n > FUZZ_ELEMENTS) {
                return 1;
            }
        }
    }

    return 0;
}


static void
fuzz_read(struct lapor_buf *buf, const uint8_t *data, size_t size,
    const uint8_t *pieces, size_t count)
{
    int                      rc;
    char                    *copy;
    size_t                   i, n;
    redisReader             *reader;
    ngx_http_lapor_reply_t   room;

    reader = ngx_http_lapor_reply_reader(&room);
    fuzz_require(reader != NULL);

    rc = 0;

    for (i = 0; size && rc == 0; i++) {
        n = count ? pieces[i % count] : size;
        n = n == 0 ? 1 : n > size ? size : n;

        copy = malloc(n);
        fuzz_require(copy != NULL);
        memcpy(copy, data, n);
        fuzz_require(redisReaderFeed(reader, copy, n) == REDIS_OK);
        free(copy);

        data += n;
        size -= n;
        rc = fuzz_replies(buf, reader, &room);
    }

    if (rc == -1) {
        fuzz_require(reader->err != 0 && reader->errstr[0] != '\0');
        lapor_buf_printf(buf, "broken: %d", reader->err);
    }

    redisReaderFree(reader);
}


static void
fuzz_same(const struct lapor_buf *a, const struct lapor_buf *b)
{
    fuzz_require(a->len == b->len
                 && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}


/* 0: more is wanted, -1: this is not RESP */

static int
fuzz_replies(struct lapor_buf *buf, redisReader *reader,
    ngx_http_lapor_reply_t *room)
{
    void  *reply;

    for ( ;; ) {
        reply = NULL;

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            fuzz_require(reply == NULL);
            return -1;
        }

        if (reply == NULL) {
            return 0;
        }

        fuzz_reply(buf, reply);
        ngx_http_lapor_reply_free(room, reply);
    }
}


static void
fuzz_reply(struct lapor_buf *buf, const redisReply *reply)
{
    int          is_id;
    unsigned     err, strength;
    const char  *name;

    is_id = ngx_http_lapor_reply_is_id(reply);
    err = ngx_http_lapor_reply_error(reply);
    strength = ngx_http_lapor_reply_strength(reply);

    fuzz_require(is_id == fuzz_is_id(reply));
    fuzz_require(err < NGX_HTTP_LAPOR_ERRS);
    name = ngx_http_lapor_reply_error_name(err);
    fuzz_require(strcmp(name, fuzz_error(reply)) == 0);
    fuzz_require(strength == fuzz_strength(reply));

    lapor_buf_printf(buf, "%d %s %u: ", is_id, name, strength);
    fuzz_print(buf, reply);
    lapor_buf_printf(buf, "\n");
}


static void
fuzz_print(struct lapor_buf *buf, const redisReply *reply)
{
    size_t  i;

    switch (reply->type) {

    case REDIS_REPLY_INTEGER:
        lapor_buf_printf(buf, "%lld", reply->integer);
        break;

    case REDIS_REPLY_NIL:
        lapor_buf_printf(buf, "nil");
        break;

    case REDIS_REPLY_ARRAY:
        lapor_buf_printf(buf, "(");

        for (i = 0; i < reply->elements; i++) {
            fuzz_require(reply->element[i] != NULL);
            fuzz_print(buf, reply->element[i]);
        }

        lapor_buf_printf(buf, ")");
        break;

    default:
        lapor_buf_printf(buf, "%d[", reply->type);
        lapor_buf_add(buf, reply->str, (size_t) reply->len);
        lapor_buf_printf(buf, "]");
        break;
    }
}


static int
fuzz_is_id(const redisReply *reply)
{
    int                 end;
    unsigned long long  ms, seq;

    if (reply->type != REDIS_REPLY_STRING || reply->len > 41
        || reply->len != strspn(reply->str, "0123456789-"))
    {
        return 0;
    }

    end = 0;

    /* %llu would take a sign and skip blanks, of which there are none left */

    return reply->str[0] != '-' && strstr(reply->str, "--") == NULL
           && sscanf(reply->str, "%llu-%llu%n", &ms, &seq, &end) == 2
           && (size_t) end == (size_t) reply->len;
}


static const char *
fuzz_error(const redisReply *reply)
{
    char    word[16];
    size_t  i, len;

    static const char  *words[] = {
        "OOM", "READONLY", "LOADING", "MISCONF", "NOAUTH", "MOVED", "ASK",
        "CLUSTERDOWN"
    };

    if (reply->type != REDIS_REPLY_ERROR) {
        return "other";
    }

    len = strcspn(reply->str, " ");
    if (len >= sizeof(word) || (reply->str[len] == '\0'
                                && len != (size_t) reply->len))
    {
        return "other";
    }

    memcpy(word, reply->str, len);
    word[len] = '\0';

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            return words[i];
        }
    }

    return "other";
}


static unsigned
fuzz_strength(const redisReply *reply)
{
    const char  *log, *fsync, *rewrite, *policy;

    log = fuzz_setting(reply, "appendonly");
    fsync = fuzz_setting(reply, "appendfsync");
    rewrite = fuzz_setting(reply, "no-appendfsync-on-rewrite");
    policy = fuzz_setting(reply, "maxmemory-policy");

    if (strcmp(log, "yes") != 0 || strcmp(rewrite, "no") != 0
        || strcmp(fuzz_setting(reply, "replicaof"), "") != 0
        || strcmp(policy, "allkeys-lru") == 0
        || strcmp(policy, "allkeys-lfu") == 0
        || strcmp(policy, "allkeys-random") == 0)
    {
        return NGX_HTTP_LAPOR_ACK_MEMORY;
    }

    return strcmp(fsync, "always") == 0 ? NGX_HTTP_LAPOR_ACK_FSYNC
           : strcmp(fsync, "everysec") == 0 ? NGX_HTTP_LAPOR_ACK_EVERYSEC
           : NGX_HTTP_LAPOR_ACK_MEMORY;
}


/* the value beside the first key of that name, "" without one */

static const char *
fuzz_setting(const redisReply *reply, const char *name)
{
    size_t             i;
    const redisReply  *key, *value;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return "";
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        key = reply->element[i];
        value = reply->element[i + 1];

        if (key->type == REDIS_REPLY_STRING
            && value->type == REDIS_REPLY_STRING
            && strcmp(key->str, name) == 0)
        {
            return value->str;
        }
    }

    return "";
}
