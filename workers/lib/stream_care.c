/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What a consumer does beside reading: acknowledging (XACK does not care
 * whether the entry still exists), taking over from dead ones, trimming,
 * counting what waits.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pool.h"
#include "lib/stream_internal.h"


/* Ids of one XACK; Redis parses that many without blocking others for long. */
#define LAPOR_STREAM_ACKS   500


/*
 * The id below which a stream may be trimmed.  known: at least one group was
 * seen; keep: a group has read nothing, or an answer was strange.
 */
struct lapor_stream_bound {
    bool  known;
    bool  keep;
    char  id[LAPOR_STREAM_ID_LEN];
};


static int lapor_stream_ack_run(struct lapor_stream *s,
    const struct lapor_entry *entries, size_t n, unsigned *ret_commands);
static bool lapor_stream_id(const char *text, unsigned long long *ret_ms,
    unsigned long long *ret_seq);
static int lapor_stream_compare(const char *a, const char *b);
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
static int64_t lapor_stream_waiting(const redisReply *groups,
    const redisReply *length);
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
        if (argc == 0) {
            argv[1] = entries[i].key;
            argc = 3;
        }

        argv[argc++] = entries[i].id;

        if (argc == 3 + LAPOR_STREAM_ACKS || i + 1 == n
            || strcmp(entries[i + 1].key, entries[i].key) != 0)
        {
            lapor_redis_appendv(s->redis, argc, argv, NULL);
            commands++;
            argc = 0;
        }
    }

    *ret_commands = commands;
    return lapor_redis_connected(s->redis) ? 0 : -1;
}


static bool
lapor_stream_id(const char *text, unsigned long long *ret_ms,
    unsigned long long *ret_seq)
{
    char  *end;

    *ret_ms = strtoull(text, &end, 10);

    if (end == text || *end != '-') {
        return false;
    }

    text = end + 1;
    *ret_seq = strtoull(text, &end, 10);

    return end != text && *end == '\0';
}


/* Two ids as numbers: below 0, 0 or above 0. */

static int
lapor_stream_compare(const char *a, const char *b)
{
    unsigned long long  ams, aseq, bms, bseq;

    /* what is no id sorts first, so that nothing is trimmed for it */
    if (!lapor_stream_id(a, &ams, &aseq)) {
        return -1;
    }

    if (!lapor_stream_id(b, &bms, &bseq)) {
        return 1;
    }

    if (ams != bms) {
        return (ams < bms) ? -1 : 1;
    }

    return (aseq < bseq) ? -1 : (aseq > bseq);
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

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        k = (s->claim_key + i) % LAPOR_STREAM_KEYS;
        lapor_redis_append(s->redis, "XAUTOCLAIM %s %s %s %d %s COUNT %d",
                           lapor_stream_key_at(k), LAPOR_STREAM_GROUP,
                           s->consumer, s->claim_ms, s->cursor[k],
                           s->count / 16 + 1);
    }

    /* all of them first: taking an entry may need a command of its own */
    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        replies[i] = lapor_redis_reply(s->redis);
    }

    rc = lapor_redis_connected(s->redis) ? 0 : -1;

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        k = (s->claim_key + i) % LAPOR_STREAM_KEYS;

        if (rc == 0) {
            lapor_stream_claimed(s, &list, k, replies[i]);
        }

        freeReplyObject(replies[i]);
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
    size_t  gone;

    if (lapor_stream_nogroup(s, reply) || reply->elements != 3) {
        return;
    }

    (void) snprintf(s->cursor[k], sizeof(s->cursor[k]), "%s",
                    reply->element[0]->str);
    lapor_stream_take(s, list, k, reply->element[1]);

    /* Redis itself took these off the pending list */
    gone = reply->element[2]->elements;

    if (gone > 0) {
        lapor_log_err("stream entries were deleted before they were processed "
                      "key=%s count=%zu", lapor_stream_key_at(k), gone);
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
    unsigned long long  ms, seq;

    if (id == NULL || id->str == NULL || id->len >= LAPOR_STREAM_ID_LEN
        || !lapor_stream_id(id->str, &ms, &seq))
    {
        b->keep = true;
        return;
    }

    if (!b->known || lapor_stream_compare(id->str, b->id) < 0) {
        (void) snprintf(b->id, sizeof(b->id), "%s", id->str);
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
        lapor_redis_append(s->redis, "XINFO GROUPS %s",
                           lapor_stream_key_at(from + i));
    }

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
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
    return b->known && !b->keep && lapor_stream_compare(b->id, "0-1") >= 0;
}


static int
lapor_stream_trim_apply(struct lapor_stream *s, unsigned from,
    struct lapor_stream_bound *bounds)
{
    unsigned     i;
    redisReply  *reply;

    for (i = 0; i < LAPOR_STREAM_CHUNK; i++) {
        if (lapor_stream_trimmable(&bounds[i])) {
            lapor_redis_append(s->redis, "XTRIM %s MINID %s",
                               lapor_stream_key_at(from + i), bounds[i].id);
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


/*
 * What our group has not read or not acknowledged.  Redis does not know the
 * lag (nil) after an XDEL in the middle; then the stream's length stands in.
 */

int64_t
lapor_stream_backlog(struct lapor_stream *s)
{
    int64_t      sum, one;
    unsigned     i;
    redisReply  *groups, *length;

    if (lapor_stream_ready(s) == -1) {
        return -1;
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        lapor_redis_append(s->redis, "XINFO GROUPS %s",
                           lapor_stream_key_at(i));
        lapor_redis_append(s->redis, "XLEN %s", lapor_stream_key_at(i));
    }

    sum = 0;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        groups = lapor_redis_reply(s->redis);
        length = lapor_redis_reply(s->redis);
        one = 0;

        if (groups != NULL && length != NULL) {
            one = lapor_stream_waiting(groups, length);
        }

        freeReplyObject(groups);
        freeReplyObject(length);
        sum += one;
    }

    return lapor_redis_connected(s->redis) ? sum : -1;
}


static int64_t
lapor_stream_waiting(const redisReply *groups, const redisReply *length)
{
    size_t             g;
    int64_t            lag, pending;
    const redisReply  *name;

    for (g = 0; groups->type == REDIS_REPLY_ARRAY && g < groups->elements;
         g++)
    {
        name = lapor_redis_member(groups->element[g], "name");

        if (name == NULL || strcmp(name->str, LAPOR_STREAM_GROUP) != 0) {
            continue;
        }

        lag = lapor_redis_number(groups->element[g], "lag");
        pending = lapor_redis_number(groups->element[g], "pending");

        return (lag < 0) ? length->integer : lag + pending;
    }

    return 0;
}
