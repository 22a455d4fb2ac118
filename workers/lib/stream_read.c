/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Reading.
 *
 * Redis limits a reply by the number of entries alone, and a body may have
 * 3 MB: what 500 of them hold would not fit into a small machine, neither here
 * nor in Redis.  So every read begins with one entry a key, asks for more only
 * as long as those that came are small, and ends where the bodies make up
 * what the caller can do with.
 *
 * A batch costs PostgreSQL a call for each partition in it.  So while there is
 * a backlog ("deep") streams are read one after the other; the keys' lags, as
 * a survey found them, tell which have something at all.
 */

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pool.h"
#include "lib/stream_internal.h"


/* Every so many turns status streams are read whatever waits in the others. */
#define LAPOR_STREAM_FAIR   8

/* How much more a read asks for after each step. */
#define LAPOR_STREAM_GROW   4

/* Words of an XREADGROUP before its keys. */
#define LAPOR_STREAM_WORDS  9


static int lapor_stream_scan(struct lapor_stream *s,
    struct lapor_stream_list *list);
static int lapor_stream_scan_key(struct lapor_stream *s,
    struct lapor_stream_list *list, size_t *count);
static int lapor_stream_turn(struct lapor_stream *s,
    struct lapor_stream_list *list);
static int lapor_stream_kind(struct lapor_stream *s,
    struct lapor_stream_list *list, enum lapor_stream_kind kind);
static int lapor_stream_steps(struct lapor_stream *s,
    struct lapor_stream_list *list, enum lapor_stream_kind kind);
static int lapor_stream_drain(struct lapor_stream *s,
    struct lapor_stream_list *list, enum lapor_stream_kind kind);
static int lapor_stream_drain_key(struct lapor_stream *s,
    struct lapor_stream_list *list, unsigned index);
static int lapor_stream_fresh(struct lapor_stream *s,
    struct lapor_stream_list *list, unsigned from, unsigned to, size_t count,
    int block, size_t *ret_keys);
static size_t lapor_stream_words(const struct lapor_stream *s,
    const char **argv, unsigned from, unsigned to);
static void lapor_stream_spread(struct lapor_stream *s,
    struct lapor_stream_list *list, const redisReply *reply);
static void lapor_stream_delivered(struct lapor_stream_key *key,
    const redisReply *entries);


int
lapor_stream_read(struct lapor_stream *s, struct lapor_pool *pool,
    size_t want, int wait_ms, struct lapor_entry **ret_entries,
    size_t *ret_n)
{
    size_t                    keys;
    struct lapor_stream_list  list;

    *ret_entries = NULL;
    *ret_n = 0;

    memset(&list, 0, sizeof(list));
    list.pool = pool;
    list.want = want;
    list.limit = s->bytes;

    if (lapor_stream_ready(s) == -1 || lapor_stream_survey(s, false) == -1
        || lapor_stream_scan(s, &list) == -1)
    {
        return -1;
    }

    if (list.n == 0 && lapor_stream_turn(s, &list) == -1) {
        return -1;
    }

    wait_ms = (wait_ms < s->block_ms) ? wait_ms : s->block_ms;

    if (list.n == 0 && wait_ms > 0
        && lapor_stream_fresh(s, &list, 0, LAPOR_STREAM_KEYS, 1, wait_ms,
                              &keys) == -1)
    {
        /* what came before a failure is pending and comes with the scan */
        return -1;
    }

    *ret_entries = list.entries;
    *ret_n = list.n;
    return 0;
}


/* Pages of one key after the other; 0 and an empty list when done. */

static int
lapor_stream_scan(struct lapor_stream *s, struct lapor_stream_list *list)
{
    size_t  count;

    count = 1;

    while (s->scanned < LAPOR_STREAM_KEYS && !lapor_stream_full(list)) {

        if (!s->keys[s->scanned].scan) {
            s->scanned++;
            count = 1;
            continue;
        }

        if (lapor_stream_scan_key(s, list, &count) == -1) {
            return -1;
        }
    }

    if (list->n > 0) {
        lapor_log_notice("pending entries taken over count=%zu first=%s "
                         "entry=%s", list->n, list->entries[0].key,
                         list->entries[0].id);
    }

    return 0;
}


/*
 * XAUTOCLAIM without a minimal idle time takes our own pending entries too,
 * and takes what no longer exists off the list.  Its cursor is "0-0" at the
 * end, and may say so with a page or without.
 */

static int
lapor_stream_scan_key(struct lapor_stream *s, struct lapor_stream_list *list,
    size_t *count)
{
    redisReply  *reply;

    lapor_redis_append(s->redis, "XAUTOCLAIM %s %s %s 0 %s COUNT %d",
                       lapor_stream_key_at(s->scanned), LAPOR_STREAM_GROUP,
                       s->consumer, s->last, (int) *count);
    reply = lapor_redis_reply_in(s->redis, list->pool);

    if (lapor_redis_failed(reply)) {
        if (reply != NULL && !lapor_stream_nogroup(s, reply)) {
            lapor_redis_refused(s->redis);
        }

        return -1;
    }

    (void) snprintf(s->last, sizeof(s->last), "%s", reply->element[0]->str);
    lapor_stream_take(s, list, s->scanned, reply->element[1]);
    lapor_stream_gone(s->scanned, reply);

    if (strcmp(s->last, "0-0") == 0) {
        s->keys[s->scanned++].scan = false;
        *count = 1;

    } else if (!lapor_stream_full(list)) {
        *count = lapor_stream_more(list, *count, 1, list->want - list->n);
    }

    return 0;
}


/* Messages, then statuses into the room that is left. */

static int
lapor_stream_turn(struct lapor_stream *s, struct lapor_stream_list *list)
{
    size_t  want;

    want = list->want;

    if (lapor_stream_kind(s, list, LAPOR_STREAM_MSG) == -1) {
        return -1;
    }

    if (lapor_stream_full(list)) {

        if (++s->turn % LAPOR_STREAM_FAIR != 0) {
            return 0;
        }

        list->want = list->n + want;
        list->limit = list->bytes + s->bytes / LAPOR_STREAM_FAIR + 1;
    }

    return lapor_stream_kind(s, list, LAPOR_STREAM_STATUS);
}


/* All at once, or one after the other while more waits than there is room. */

static int
lapor_stream_kind(struct lapor_stream *s, struct lapor_stream_list *list,
    enum lapor_stream_kind kind)
{
    int64_t  room;

    room = (int64_t) (list->want - list->n);

    if (lapor_stream_lag(s, kind) >= room) {
        s->deep[kind] = true;

    } else if (s->deep[kind]) {

        /* what came since the last survey may keep it so */
        if (lapor_stream_survey(s, true) == -1) {
            return -1;
        }

        s->deep[kind] = lapor_stream_lag(s, kind) >= room;
    }

    if (s->deep[kind]) {
        return lapor_stream_drain(s, list, kind);
    }

    if (lapor_stream_steps(s, list, kind) == -1) {
        return -1;
    }

    s->deep[kind] = lapor_stream_full(list);

    return 0;
}


/* New ones of all keys of the kind; at least one read. */

static int
lapor_stream_steps(struct lapor_stream *s, struct lapor_stream_list *list,
    enum lapor_stream_kind kind)
{
    size_t    count, keys;
    unsigned  from;

    count = 1;
    from = kind * LAPOR_STREAM_PARTS;

    for ( ;; ) {
        if (lapor_stream_fresh(s, list, from, from + LAPOR_STREAM_PARTS,
                               count, 0, &keys) == -1)
        {
            return -1;
        }

        if (keys == 0 || lapor_stream_full(list)) {
            return 0;
        }

        count = lapor_stream_more(list, count, keys, list->want - list->n);
    }
}


/* One key after the other, from where the last turn ended. */

static int
lapor_stream_drain(struct lapor_stream *s, struct lapor_stream_list *list,
    enum lapor_stream_kind kind)
{
    unsigned  i, index;

    for (i = 0; i < LAPOR_STREAM_PARTS && !lapor_stream_full(list); i++) {
        index = kind * LAPOR_STREAM_PARTS + s->next[kind];
        s->next[kind] = (s->next[kind] + 1) % LAPOR_STREAM_PARTS;

        if (lapor_stream_has(s, index) && s->keys[index].lag != 0
            && lapor_stream_drain_key(s, list, index) == -1)
        {
            return -1;
        }
    }

    return 0;
}


static int
lapor_stream_drain_key(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned index)
{
    size_t  count, keys;

    count = 1;

    do {
        if (lapor_stream_fresh(s, list, index, index + 1, count, 0, &keys)
            == -1)
        {
            return -1;
        }

        if (keys == 0) {
            s->keys[index].lag = 0;
            return 0;
        }

        if (lapor_stream_full(list)) {
            return 0;
        }

        count = lapor_stream_more(list, count, 1, list->want - list->n);

    } while (s->keys[index].lag != 0);

    return 0;
}


size_t
lapor_stream_more(const struct lapor_stream_list *list, size_t count,
    size_t keys, size_t room)
{
    size_t  fit;

    fit = (list->limit - list->bytes) / (list->largest + 1);
    fit = (fit < room ? fit : room) / keys;
    count *= LAPOR_STREAM_GROW;

    if (count > fit) {
        count = fit;
    }

    return count > 0 ? count : 1;
}


bool
lapor_stream_full(const struct lapor_stream_list *list)
{
    return list->n >= list->want || list->bytes >= list->limit;
}


/* *ret_keys: how many keys had count entries, and so may have more. */

static int
lapor_stream_fresh(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned from, unsigned to, size_t count, int block, size_t *ret_keys)
{
    int          argc;
    char         number[24], wait[16];
    size_t       k;
    redisReply  *reply;
    const char  *argv[LAPOR_STREAM_WORDS + 2 * LAPOR_STREAM_KEYS];

    *ret_keys = 0;
    (void) snprintf(number, sizeof(number), "%zu", count);
    (void) snprintf(wait, sizeof(wait), "%d", block);

    argc = 0;
    argv[argc++] = "XREADGROUP";
    argv[argc++] = "GROUP";
    argv[argc++] = LAPOR_STREAM_GROUP;
    argv[argc++] = s->consumer;
    argv[argc++] = "COUNT";
    argv[argc++] = number;

    if (block > 0) {
        argv[argc++] = "BLOCK";
        argv[argc++] = wait;
    }

    argv[argc++] = "STREAMS";
    k = lapor_stream_words(s, argv + argc, from, to);

    if (k == 0) {
        return 0;
    }

    lapor_redis_appendv(s->redis, argc + (int) k, argv, NULL);
    reply = lapor_redis_reply_in(s->redis, list->pool);

    if (lapor_redis_failed(reply)) {
        if (reply != NULL && !lapor_stream_nogroup(s, reply)) {
            lapor_redis_refused(s->redis);
        }

        return -1;
    }

    for (k = 0; k < reply->elements; k++) {
        *ret_keys += reply->element[k]->element[1]->elements >= count;
    }

    lapor_stream_spread(s, list, reply);

    return 0;
}


/* Own keys, then as many ">"; returns how many words. */

static size_t
lapor_stream_words(const struct lapor_stream *s, const char **argv,
    unsigned from, unsigned to)
{
    size_t    k, keys;
    unsigned  i;

    keys = 0;

    for (i = from; i < to; i++) {
        if (lapor_stream_has(s, i)) {
            argv[keys++] = lapor_stream_key_at(i);
        }
    }

    for (k = 0; k < keys; k++) {
        argv[keys + k] = ">";
    }

    return 2 * keys;
}


/* [[key, entries], ...] in the order of the keys asked; nil: nothing came. */

static void
lapor_stream_spread(struct lapor_stream *s, struct lapor_stream_list *list,
    const redisReply *reply)
{
    size_t             i;
    unsigned           index;
    const redisReply  *one;

    index = 0;

    for (i = 0; i < reply->elements; i++) {
        one = reply->element[i];

        while (index < LAPOR_STREAM_KEYS
               && strcmp(lapor_stream_key_at(index), one->element[0]->str)
                  != 0)
        {
            index++;
        }

        if (index == LAPOR_STREAM_KEYS) {
            return;
        }

        lapor_stream_take(s, list, index, one->element[1]);
        lapor_stream_delivered(&s->keys[index], one->element[1]);
    }
}


/* What is known of the key moves on with what was delivered. */

static void
lapor_stream_delivered(struct lapor_stream_key *key, const redisReply *entries)
{
    int64_t                 n;
    struct lapor_stream_id  id;

    n = (int64_t) entries->elements;

    if (n == 0
        || lapor_stream_id_parse(entries->element[n - 1]->element[0]->str, &id)
           == -1)
    {
        return;
    }

    if (key->lag > 0) {
        key->lag = key->lag > n ? key->lag - n : 0;
    }

    if (key->read >= 0) {
        key->read += n;
        key->added = key->read > key->added ? key->read : key->added;
    }

    key->pending += n;
    key->delivered = id;

    if (lapor_stream_id_compare(key->top, id) < 0) {
        key->top = id;
    }
}


int
lapor_stream_peek(struct lapor_stream *s, struct lapor_pool *pool,
    unsigned part, struct lapor_stream_id *from, size_t want, size_t bytes,
    struct lapor_entry **ret_entries, size_t *ret_n, bool *ret_end)
{
    size_t                    n, count;
    redisReply               *reply;
    struct lapor_stream_list  list;

    *ret_entries = NULL;
    *ret_n = 0;
    *ret_end = false;

    memset(&list, 0, sizeof(list));
    list.pool = pool;
    list.want = want;
    list.limit = bytes;
    count = 1;

    while (!*ret_end && !lapor_stream_full(&list)) {
        lapor_redis_append(s->redis, "XRANGE %s (%llu-%llu + COUNT %d",
                           lapor_stream_key_at(part),
                           (unsigned long long) from->ms,
                           (unsigned long long) from->seq, (int) count);
        reply = lapor_redis_reply_in(s->redis, pool);

        if (lapor_redis_failed(reply)) {
            return -1;
        }

        n = reply->elements;
        *ret_end = n < count;
        lapor_stream_take(s, &list, part, reply);

        if (n > 0
            && lapor_stream_id_parse(reply->element[n - 1]->element[0]->str,
                                     from) == -1)
        {
            *ret_end = true;
        }

        if (!lapor_stream_full(&list)) {
            count = lapor_stream_more(&list, count, 1, want - list.n);
        }
    }

    *ret_entries = list.entries;
    *ret_n = list.n;
    return 0;
}
