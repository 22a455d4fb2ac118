/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* lib/redis_pool: what hiredis builds in a pool is what it builds without. */

#include <string.h>

#include "lib/pool.h"
#include "lib/redis.h"
#include "t/unit/tap.h"


/* as XREADGROUP, XAUTOCLAIM and XINFO answer, and what they may hold */
static const char  replies[] =
    "*1\r\n*2\r\n$5\r\nlapor\r\n*2\r\n"
        "*2\r\n$3\r\n1-1\r\n*4\r\n"
            "$1\r\nb\r\n$3\r\na\0b\r\n$1\r\nt\r\n$0\r\n\r\n"
        "*2\r\n$3\r\n1-2\r\n*-1\r\n"
    "*3\r\n$3\r\n0-0\r\n*1\r\n$-1\r\n*0\r\n"
    "*-1\r\n"
    "$-1\r\n"
    ":-7\r\n"
    "+OK\r\n"
    "-NOGROUP No such key\r\n";


static int same(const redisReply *a, const redisReply *b);
static void test_pieces(struct lapor_pool *pool, size_t piece);
static void test_half(struct lapor_pool *pool);


static int
same(const redisReply *a, const redisReply *b)
{
    size_t  i;

    if (a->type != b->type || a->integer != b->integer || a->len != b->len
        || a->elements != b->elements || (a->str == NULL) != (b->str == NULL)
        || (a->str != NULL && memcmp(a->str, b->str, a->len + 1) != 0))
    {
        return 0;
    }

    for (i = 0; i < a->elements; i++) {
        if (!same(a->element[i], b->element[i])) {
            return 0;
        }
    }

    return 1;
}


static void
test_pieces(struct lapor_pool *pool, size_t piece)
{
    int           n;
    void         *one, *other;
    size_t        at, len;
    redisReader  *usual, *pooled;

    usual = redisReaderCreate();
    pooled = redisReaderCreate();
    pooled->fn = &lapor_redis_pooled;
    pooled->privdata = pool;
    n = 0;

    for (at = 0; at < sizeof(replies) - 1; at += len) {
        len = sizeof(replies) - 1 - at;
        len = len < piece ? len : piece;

        (void) redisReaderFeed(usual, replies + at, len);
        (void) redisReaderFeed(pooled, replies + at, len);

        for ( ;; ) {
            one = NULL;
            other = NULL;
            (void) redisReaderGetReply(usual, &one);
            (void) redisReaderGetReply(pooled, &other);

            if (one == NULL || other == NULL) {
                ok(one == other, "both have a reply, or none");
                break;
            }

            ok(same(one, other), "reply %d in pieces of %zu", n, piece);
            freeReplyObject(one);
            n++;
        }
    }

    is(n, 7, "all of them");
    redisReaderFree(usual);
    redisReaderFree(pooled);
}


/* The connection is lost in the middle of a reply. */

static void
test_half(struct lapor_pool *pool)
{
    void         *reply;
    redisReader  *reader;

    reader = redisReaderCreate();
    reader->fn = &lapor_redis_pooled;
    reader->privdata = pool;
    reply = NULL;

    (void) redisReaderFeed(reader, replies, 60);
    ok(redisReaderGetReply(reader, &reply) == REDIS_OK && reply == NULL,
       "half a reply is none");
    redisReaderFree(reader);
}


int
main(void)
{
    struct lapor_pool  *pool;

    pool = lapor_pool_create(1024);

    test_pieces(pool, sizeof(replies));
    test_pieces(pool, 7);
    lapor_pool_reset(pool);
    test_half(pool);

    lapor_pool_destroy(pool);

    return tap_done();
}
