/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What a consumer does beside reading: acknowledging (XACK does not care
 * whether the entry still exists), taking over from dead ones, trimming.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pool.h"
#include "lib/stream_internal.h"


/* Ids of one XACK; Redis parses that many without blocking others for long. */
#define LAPOR_STREAM_ACKS   500

/* Entries of one key that are claimed at a time: all keys' replies are held at
 * once, and a body may have 3 MB. */
#define LAPOR_STREAM_CLAIM  8


/*
 * The id below which a stream may be trimmed.  known: at least one group was
 * seen; keep: a group has read nothing, or an answer was strange.
 */
struct lapor_stream_bound {
    bool                    known;
    bool                    keep;
    struct lapor_stream_id  id;
};


static int lapor_stream_ack_run(struct lapor_stream *s,
    const struct lapor_entry *entries, size_t n, unsigned *ret_commands);
static void lapor_stream_lower(struct lapor_stream_bound *b,
    const redisReply *id);
static int lapor_stream_trim_groups(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds, redisReply **ret_groups);
static int lapor_stream_trim_pending(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds, redisReply **groups);
static const redisReply *lapor_stream_pending_name(const redisReply *group);
static void lapor_stream_pending_ask(struct lapor_stream *s, const char *key,
    const redisReply *groups);
static int lapor_stream_pending_take(struct lapor_stream *s,
    struct lapor_stream_bound *b, const redisReply *groups);
static int lapor_stream_trim_apply(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds);
static bool lapor_stream_trimmable(const struct lapor_stream_bound *b);
static void lapor_stream_claimed(struct lapor_stream *s,
    struct lapor_stream_list *list, unsigned k, const redisReply *reply);


int
lapor_stream_ack(struct lapor_stream *s, const struct lapor_entry *entries,
    size_t n)
{
    int          rc;
    unsigned     commands;
    redisReply  *reply;

    /* on a new connection the ids still mean the same entries */
    if (lapor_redis_connect(s->redis) == -1) {
        return -1;
    }

    rc = lapor_stream_ack_run(s, entries, n, &commands);

    for ( ; commands > 0; commands--) {
        reply = lapor_redis_reply(s->redis);

        if (lapor_redis_failed(reply)) {
            rc = -1;
        }

        freeReplyObject(reply);
    }

    if (rc == -1 && lapor_redis_connected(s->redis)) {
        lapor_redis_refused(s->redis);
    }

    return rc;
}


/* One XACK for each run of entries with the same key. */

static int
lapor_stream_ack_run(struct lapor_stream *s,
    const struct lapor_entry *entries, size_t n, unsigned *ret_commands)
{
    int          argc;
    size_t       i;
    unsigned     commands;
    const char  *argv[3 + LAPOR_STREAM_ACKS];

    argc = 0;
    commands = 0;
    argv[0] = "XACK";
    argv[2] = LAPOR_STREAM_GROUP;

    for (i = 0; i < n; i++) {
        if (entries[i].keep) {
            continue;
        }

        if (argc == 3 + LAPOR_STREAM_ACKS
            || (argc > 0 && strcmp(argv[1], entries[i].key) != 0))
        {
            lapor_redis_appendv(s->redis, argc, argv, NULL);
            commands++;
            argc = 0;
        }

        if (argc == 0) {
            argv[1] = entries[i].key;
            argc = 3;
        }

        argv[argc++] = entries[i].id;
    }

    if (argc > 0) {
        lapor_redis_appendv(s->redis, argc, argv, NULL);
        commands++;
    }

    *ret_commands = commands;
    return lapor_redis_connected(s->redis) ? 0 : -1;
}


/*
 * Redis looks at ten times COUNT entries a call and returns a cursor; the
 * next round of this key goes on there.
 */

int
lapor_stream_claim(struct lapor_stream *s, struct lapor_pool *pool,
    struct lapor_entry **ret_entries, size_t *ret_n)
{
    int                       rc;
    unsigned                  i, k;
    redisReply               *replies[LAPOR_STREAM_CHUNK];
    struct lapor_stream_list  list;

    *ret_entries = NULL;
    *ret_n = 0;

    memset(&list, 0, sizeof(list));
    list.pool = pool;

    if (lapor_stream_ready(s) == -1) {
        return -1;
    }

    memset(replies, 0, sizeof(replies));

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        k = (s->claim_key + i) % LAPOR_STREAM_KEYS;

        if (lapor_stream_has(s, k)) {
            lapor_redis_append(s->redis, "XAUTOCLAIM %s %s %s %d %s COUNT %d",
                               lapor_stream_key_at(k), LAPOR_STREAM_GROUP,
                               s->consumer, s->claim_ms, s->keys[k].cursor,
                               LAPOR_STREAM_CLAIM);
        }
    }

    /* all of them first: taking an entry may need a command of its own */
    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (lapor_stream_has(s, (s->claim_key + i) % LAPOR_STREAM_KEYS)) {
            replies[i] = lapor_redis_reply_in(s->redis, pool);
        }
    }

    rc = lapor_redis_connected(s->redis) ? 0 : -1;

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (rc == 0 && replies[i] != NULL) {
            lapor_stream_claimed(s, &list,
                                 (s->claim_key + i) % LAPOR_STREAM_KEYS,
                                 replies[i]);
        }
    }

    if (rc == -1) {
        return -1;
    }

    s->claim_key = (s->claim_key + LAPOR_STREAM_CHUNK) % LAPOR_STREAM_KEYS;

    *ret_entries = list.entries;
    *ret_n = list.n;
    return 0;
}


/* [cursor, entries, ids that no longer exist] */

static void
lapor_stream_claimed(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned k, const redisReply *reply)
{
    if (lapor_stream_nogroup(s, reply) || reply->elements != 3) {
        return;
    }

    (void) snprintf(s->keys[k].cursor, sizeof(s->keys[k].cursor), "%s",
                    reply->element[0]->str);
    lapor_stream_take(s, list, k, reply->element[1]);
    lapor_stream_gone(k, reply);
}


void
lapor_stream_gone(unsigned index, const redisReply *reply)
{
    size_t  gone;

    /* Redis itself took these off the pending list */
    gone = (reply->elements == 3) ? reply->element[2]->elements : 0;

    if (gone > 0) {
        lapor_log_err("stream entries were deleted before they were processed "
                      "key=%s count=%zu", lapor_stream_key_at(index), gone);
    }
}


/*
 * Three pipelined rounds.  Between them a group can only read on, which
 * raises the bound; so what was computed is never too high.
 */

int
lapor_stream_trim(struct lapor_stream *s)
{
    int                         rc;
    unsigned                    i, from;
    redisReply                 *groups[LAPOR_STREAM_CHUNK];
    struct lapor_stream_bound   bounds[LAPOR_STREAM_CHUNK];

    if (lapor_stream_ready(s) == -1) {
        return -1;
    }

    memset(bounds, 0, sizeof(bounds));
    memset(groups, 0, sizeof(groups));
    from = s->trim_key;

    rc = lapor_stream_trim_groups(s, from, bounds, groups);

    if (rc == 0) {
        rc = lapor_stream_trim_pending(s, from, bounds, groups);
    }

    if (rc == 0) {
        rc = lapor_stream_trim_apply(s, from, bounds);
        s->trim_key = (from + LAPOR_STREAM_CHUNK) % LAPOR_STREAM_KEYS;
    }

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        freeReplyObject(groups[i]);
    }

    return rc;
}


static void
lapor_stream_lower(struct lapor_stream_bound *b, const redisReply *id)
{
    struct lapor_stream_id  one;

    if (id == NULL || id->str == NULL
        || lapor_stream_id_parse(id->str, &one) == -1)
    {
        b->keep = true;
        return;
    }

    if (!b->known || lapor_stream_id_compare(one, b->id) < 0) {
        b->id = one;
    }

    b->known = true;
}


static int
lapor_stream_trim_groups(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds, redisReply **ret_groups)
{
    size_t       g;
    unsigned     i;
    redisReply  *reply;

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        bounds[i].keep = !lapor_stream_has(s, from + i);

        if (!bounds[i].keep) {
            lapor_redis_append(s->redis, "XINFO GROUPS %s",
                               lapor_stream_key_at(from + i));
        }
    }

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {

        if (bounds[i].keep) {
            continue;
        }

        reply = lapor_redis_reply(s->redis);

        if (reply == NULL) {
            return -1;
        }

        ret_groups[i] = reply;

        /* no stream, or no group that would have processed it */
        if (reply->type != REDIS_REPLY_ARRAY) {
            bounds[i].keep = true;
            continue;
        }

        for (g = 0; g < reply->elements; g++) {
            lapor_stream_lower(&bounds[i],
                               lapor_redis_member(reply->element[g],
                                                   "last-delivered-id"));
        }
    }

    return 0;
}


static int
lapor_stream_trim_pending(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds, redisReply **groups)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (!bounds[i].keep) {
            lapor_stream_pending_ask(s, lapor_stream_key_at(from + i),
                                     groups[i]);
        }
    }

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (!bounds[i].keep
            && lapor_stream_pending_take(s, &bounds[i], groups[i]) == -1)
        {
            return -1;
        }
    }

    return 0;
}


/* The group's name, or NULL when it has nothing pending. */

static const redisReply *
lapor_stream_pending_name(const redisReply *group)
{
    if (lapor_redis_number(group, "pending") == 0) {
        return NULL;
    }

    return lapor_redis_member(group, "name");
}


static void
lapor_stream_pending_ask(struct lapor_stream *s, const char *key,
    const redisReply *groups)
{
    size_t             g;
    const redisReply  *name;

    for (g = 0; g < groups->elements; g++) {
        name = lapor_stream_pending_name(groups->element[g]);

        if (name != NULL) {
            lapor_redis_append(s->redis, "XPENDING %s %b", key, name->str,
                               (size_t) name->len);
        }
    }
}


/* Every answer that was asked for is taken, whatever the one before said. */

static int
lapor_stream_pending_take(struct lapor_stream *s,
    struct lapor_stream_bound *b, const redisReply *groups)
{
    size_t       g;
    redisReply  *reply;

    for (g = 0; g < groups->elements; g++) {
        if (lapor_stream_pending_name(groups->element[g]) == NULL) {
            continue;
        }

        reply = lapor_redis_reply(s->redis);

        if (reply == NULL) {
            return -1;
        }

        /* [0, nil, nil, nil] when they were acknowledged meanwhile */
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4) {
            b->keep = true;

        } else if (reply->element[1]->type != REDIS_REPLY_NIL) {
            lapor_stream_lower(b, reply->element[1]);
        }

        freeReplyObject(reply);
    }

    return 0;
}


static bool
lapor_stream_trimmable(const struct lapor_stream_bound *b)
{
    return b->known && !b->keep && (b->id.ms > 0 || b->id.seq > 0);
}


static int
lapor_stream_trim_apply(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds)
{
    unsigned     i;
    redisReply  *reply;

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (lapor_stream_trimmable(&bounds[i])) {
            lapor_redis_append(s->redis, "XTRIM %s MINID %llu-%llu",
                               lapor_stream_key_at(from + i),
                               (unsigned long long) bounds[i].id.ms,
                               (unsigned long long) bounds[i].id.seq);
        }
    }

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (!lapor_stream_trimmable(&bounds[i])) {
            continue;
        }

        reply = lapor_redis_reply(s->redis);

        if (reply == NULL) {
            return -1;
        }

        freeReplyObject(reply);
    }

    return 0;
}
