/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * For how long the oldest entry has waited. Asked seldom, since Redis has no
 * shorter answer for what is not delivered yet than the next entry itself; of
 * what is pending it tells the smallest id alone.
 */

#include "lib/stream_internal.h"


static bool lapor_stream_waits(const struct lapor_stream *s, unsigned index);
static void lapor_stream_older(const char *text, int64_t *oldest);


int
lapor_stream_oldest(struct lapor_stream *s, int64_t *ret_ms)
{
    unsigned           i;
    redisReply        *next, *pending;
    const redisReply  *entry;

    *ret_ms = 0;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_stream_waits(s, i)) {
            lapor_redis_append(s->redis, "XRANGE %s (%llu-%llu + COUNT 1",
                lapor_stream_key_at(i),
                (unsigned long long) s->keys[i].delivered.ms,
                (unsigned long long) s->keys[i].delivered.seq);
            lapor_redis_append(s->redis, "XPENDING %s " LAPOR_STREAM_GROUP,
                               lapor_stream_key_at(i));
        }
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (!lapor_stream_waits(s, i)) {
            continue;
        }

        next = lapor_redis_reply(s->redis);
        pending = lapor_redis_reply(s->redis);

        if (!lapor_redis_failed(next) && next->type == REDIS_REPLY_ARRAY
            && next->elements == 1)
        {
            entry = next->element[0];

            if (entry->type == REDIS_REPLY_ARRAY && entry->elements > 0) {
                lapor_stream_older(entry->element[0]->str, ret_ms);
            }
        }

        if (!lapor_redis_failed(pending)
            && pending->type == REDIS_REPLY_ARRAY && pending->elements > 1)
        {
            lapor_stream_older(pending->element[1]->str, ret_ms);
        }

        freeReplyObject(next);
        freeReplyObject(pending);
    }

    return lapor_redis_connected(s->redis) ? 0 : -1;
}


static bool
lapor_stream_waits(const struct lapor_stream *s, unsigned index)
{
    return s->own[index % LAPOR_STREAM_PARTS]
           && (s->keys[index].lag != 0 || s->keys[index].pending != 0);
}


static void
lapor_stream_older(const char *text, int64_t *oldest)
{
    struct lapor_stream_id  id;

    if (text != NULL && lapor_stream_id_parse(text, &id) == 0
        && (*oldest == 0 || (int64_t) id.ms < *oldest))
    {
        *oldest = (int64_t) id.ms;
    }
}


uint64_t
lapor_stream_remade(const struct lapor_stream *s)
{
    return s->nogroup;
}
