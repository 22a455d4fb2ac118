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
 * Redis 7.0: history that was deleted meanwhile comes with a nil body
 * (XREADGROUP with an id).
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/stream_internal.h"


/* Every so many turns status streams are read whatever waits in the others. */
#define LAPOR_STREAM_FAIR   8

/* How much more a read asks for after each step. */
#define LAPOR_STREAM_GROW   4

/* Added to BLOCK: the reply itself needs time too. */
#define LAPOR_STREAM_GRACE  5000


static void lapor_stream_names(void);
static void lapor_stream_rewind(struct lapor_stream *s);
static int lapor_stream_groups(struct lapor_stream *s);
static int lapor_stream_history(struct lapor_stream *s,
    struct lapor_stream_list *list);
static int lapor_stream_fresh(struct lapor_stream *s,
    struct lapor_stream_list *list, unsigned from, unsigned to, size_t count,
    int block, size_t *ret_keys);
static int lapor_stream_steps(struct lapor_stream *s,
    struct lapor_stream_list *list, unsigned from, unsigned to, size_t room);
static size_t lapor_stream_more(const struct lapor_stream *s,
    const struct lapor_stream_list *list, size_t count, size_t keys,
    size_t room);
static bool lapor_stream_full(const struct lapor_stream *s,
    const struct lapor_stream_list *list);
static void lapor_stream_spread(struct lapor_stream *s,
    struct lapor_stream_list *list, const redisReply *reply);
static int lapor_stream_turn(struct lapor_stream *s,
    struct lapor_stream_list *list);
static struct lapor_entry *lapor_stream_slot(struct lapor_stream_list *list);
static void lapor_stream_fields(struct lapor_stream_list *list,
    struct lapor_entry *e, const redisReply *fields);
static int64_t lapor_stream_number(const char *text, size_t len);


static char  lapor_stream_keys[LAPOR_STREAM_KEYS][LAPOR_STREAM_KEY_LEN];


static void
lapor_stream_names(void)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        (void) snprintf(lapor_stream_keys[i], LAPOR_STREAM_KEY_LEN,
                        "lapor:{%02x}:%s", i % LAPOR_STREAM_PARTS,
                        i < LAPOR_STREAM_PARTS ? "msg" : "status");
    }
}


const char *
lapor_stream_key_at(unsigned index)
{
    if (lapor_stream_keys[0][0] == '\0') {
        lapor_stream_names();
    }

    return lapor_stream_keys[index % LAPOR_STREAM_KEYS];
}


struct lapor_stream *
lapor_stream_new(const struct lapor_redis_conf *redis,
    const struct lapor_stream_conf *conf)
{
    unsigned                  i;
    struct lapor_stream      *s;
    struct lapor_redis_conf   copy;

    s = calloc(1, sizeof(struct lapor_stream));

    if (s == NULL) {
        lapor_fatal_memory();
    }

    s->consumer = lapor_heap_copy(conf->consumer);
    s->count = conf->count ? conf->count : 200;
    s->bytes = conf->bytes ? conf->bytes : 16 * 1024 * 1024;
    s->block_ms = conf->block_ms ? conf->block_ms : 2000;
    s->claim_ms = conf->claim_ms ? conf->claim_ms : 60000;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        memcpy(s->cursor[i], "0-0", 4);
    }

    /* a reply may take BLOCK and what a busy server needs on top */
    copy = *redis;

    if (copy.timeout_ms < s->block_ms + LAPOR_STREAM_GRACE) {
        copy.timeout_ms = s->block_ms + LAPOR_STREAM_GRACE;
    }

    s->redis = lapor_redis_new(&copy);
    lapor_stream_rewind(s);

    return s;
}


void
lapor_stream_free(struct lapor_stream *s)
{
    if (s == NULL) {
        return;
    }

    lapor_redis_free(s->redis);
    free(s->consumer);
    free(s);
}


struct lapor_redis *
lapor_stream_redis(struct lapor_stream *s)
{
    return s->redis;
}


/* What is pending is read again, from the first key on. */

static void
lapor_stream_rewind(struct lapor_stream *s)
{
    s->history = 0;
    memcpy(s->last, "0-0", 4);
}


int
lapor_stream_ready(struct lapor_stream *s)
{
    if (lapor_redis_connect(s->redis) == -1) {
        return -1;
    }

    if (s->generation == lapor_redis_generation(s->redis) && !s->regroup) {
        return 0;
    }

    if (lapor_stream_groups(s) == -1) {
        return -1;
    }

    /* the old connection may have taken a reply with it */
    lapor_stream_rewind(s);

    s->generation = lapor_redis_generation(s->redis);
    s->regroup = false;

    return 0;
}


static int
lapor_stream_groups(struct lapor_stream *s)
{
    int          rc;
    unsigned     i;
    redisReply  *reply;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        lapor_redis_append(s->redis, "XGROUP CREATE %s %s 0 MKSTREAM",
                           lapor_stream_key_at(i), LAPOR_STREAM_GROUP);
    }

    rc = 0;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        reply = lapor_redis_reply(s->redis);

        if (reply == NULL) {
            return -1;
        }

        if (reply->type == REDIS_REPLY_ERROR
            && strncmp(reply->str, "BUSYGROUP", 9) != 0)
        {
            if (rc == 0) {
                lapor_log_err("could not create a consumer group key=%s "
                              "error=%.*s", lapor_stream_key_at(i),
                              (int) strcspn(reply->str, " "), reply->str);
            }

            rc = -1;
        }

        freeReplyObject(reply);
    }

    /* OOM, READONLY, MISCONF and their like: the server is of no use now */
    if (rc == -1) {
        lapor_redis_refused(s->redis);
    }

    return rc;
}


bool
lapor_stream_nogroup(struct lapor_stream *s, const redisReply *reply)
{
    /* UNBLOCKED: the key went away while XREADGROUP waited (Redis 7.0) */
    if (reply->type != REDIS_REPLY_ERROR
        || (strncmp(reply->str, "NOGROUP", 7) != 0
            && strncmp(reply->str, "UNBLOCKED", 9) != 0))
    {
        return false;
    }

    s->nogroup++;
    s->regroup = true;

    lapor_log_err("consumer group has vanished, it is made again from the "
                  "start of the stream count=%" PRIu64, s->nogroup);

    return true;
}


int
lapor_stream_read(struct lapor_stream *s, struct lapor_pool *pool, bool wait,
    struct lapor_entry **ret_entries, size_t *ret_n)
{
    int                       rc;
    size_t                    keys;
    struct lapor_stream_list  list;

    *ret_entries = NULL;
    *ret_n = 0;

    memset(&list, 0, sizeof(list));
    list.pool = pool;

    if (lapor_stream_ready(s) == -1) {
        return -1;
    }

    rc = lapor_stream_history(s, &list);

    if (rc == 0 && list.n == 0) {
        rc = lapor_stream_turn(s, &list);
    }

    if (rc == 0 && list.n == 0 && wait && s->history == LAPOR_STREAM_KEYS) {
        rc = lapor_stream_fresh(s, &list, 0, LAPOR_STREAM_KEYS, 1,
                                s->block_ms, &keys);
    }

    /* what came before a failure is pending and comes with the history */
    if (rc == -1) {
        return -1;
    }

    *ret_entries = list.entries;
    *ret_n = list.n;
    return 0;
}


/* Messages, then statuses into the room that is left. */

static int
lapor_stream_turn(struct lapor_stream *s, struct lapor_stream_list *list)
{
    size_t  room;

    room = (size_t) s->count;

    if (lapor_stream_steps(s, list, 0, LAPOR_STREAM_PARTS, room) == -1) {
        return -1;
    }

    if (!lapor_stream_full(s, list)) {
        room -= list->n;

    } else if (++s->turn % LAPOR_STREAM_FAIR == 0) {
        room = room / LAPOR_STREAM_FAIR + 1;

    } else {
        return 0;
    }

    return lapor_stream_steps(s, list, LAPOR_STREAM_PARTS, LAPOR_STREAM_KEYS,
                              room);
}


/* New ones of the keys, about room of them; at least one read. */

static int
lapor_stream_steps(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned from, unsigned to, size_t room)
{
    size_t  count, end, keys;

    end = list->n + room;
    count = 1;

    for ( ;; ) {
        if (lapor_stream_fresh(s, list, from, to, count, 0, &keys) == -1) {
            return -1;
        }

        if (keys == 0 || list->n >= end || list->bytes >= s->bytes) {
            return 0;
        }

        count = lapor_stream_more(s, list, count, keys, end - list->n);
    }
}


/*
 * The next COUNT, which is per key: more than the last one, but not above
 * what fits if all are as large as the largest so far.
 */

static size_t
lapor_stream_more(const struct lapor_stream *s,
    const struct lapor_stream_list *list, size_t count, size_t keys,
    size_t room)
{
    size_t  fit;

    fit = (s->bytes - list->bytes) / (list->largest + 1);
    fit = (fit < room ? fit : room) / keys;
    count *= LAPOR_STREAM_GROW;

    if (count > fit) {
        count = fit;
    }

    return count > 0 ? count : 1;
}


static bool
lapor_stream_full(const struct lapor_stream *s,
    const struct lapor_stream_list *list)
{
    return list->n >= (size_t) s->count || list->bytes >= s->bytes;
}


/* Pages of one key after the other; 0 and an empty list when done. */

static int
lapor_stream_history(struct lapor_stream *s, struct lapor_stream_list *list)
{
    size_t             n, count;
    const char        *key;
    redisReply        *reply;
    const redisReply  *page;

    count = 1;

    while (s->history < LAPOR_STREAM_KEYS && !lapor_stream_full(s, list)) {
        key = lapor_stream_key_at(s->history);
        reply = lapor_redis_cmd(s->redis, "XREADGROUP GROUP %s %s COUNT %d "
                                "STREAMS %s %s", LAPOR_STREAM_GROUP,
                                s->consumer, (int) count, key, s->last);

        if (lapor_redis_failed(reply)) {
            if (reply != NULL && !lapor_stream_nogroup(s, reply)) {
                lapor_redis_refused(s->redis);
            }

            freeReplyObject(reply);
            return -1;
        }

        page = NULL;

        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1
            && reply->element[0]->elements == 2)
        {
            page = reply->element[0]->element[1];
        }

        n = (page == NULL) ? 0 : page->elements;

        if (n == 0) {
            s->history++;
            memcpy(s->last, "0-0", 4);
            count = 1;

        } else {
            (void) snprintf(s->last, sizeof(s->last), "%s",
                            page->element[n - 1]->element[0]->str);
            lapor_stream_take(s, list, s->history, page);

            if (!lapor_stream_full(s, list)) {
                count = lapor_stream_more(s, list, count, 1,
                                          (size_t) s->count - list->n);
            }
        }

        freeReplyObject(reply);
    }

    return 0;
}


/* *ret_keys: how many keys had count entries, and so may have more. */

static int
lapor_stream_fresh(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned from, unsigned to, size_t count, int block, size_t *ret_keys)
{
    int          argc;
    char         number[24], wait[16];
    size_t       k;
    unsigned     i;
    redisReply  *reply;
    const char  *argv[9 + 2 * LAPOR_STREAM_KEYS];

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

    for (i = from; i < to; i++) {
        argv[argc++] = lapor_stream_key_at(i);
    }

    for (i = from; i < to; i++) {
        argv[argc++] = ">";
    }

    reply = lapor_redis_cmdv(s->redis, argc, argv, NULL);

    if (lapor_redis_failed(reply)) {
        if (reply != NULL && !lapor_stream_nogroup(s, reply)) {
            lapor_redis_refused(s->redis);
        }

        freeReplyObject(reply);
        return -1;
    }

    if (reply->type == REDIS_REPLY_ARRAY) {
        for (k = 0; k < reply->elements; k++) {
            *ret_keys += reply->element[k]->element[1]->elements >= count;
        }

        lapor_stream_spread(s, list, reply);
    }

    freeReplyObject(reply);

    return 0;
}


/* [[key, entries], ...] in the order of the keys asked. */

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
    }
}


void
lapor_stream_take(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned index, const redisReply *entries)
{
    size_t               i;
    const redisReply    *one;
    struct lapor_entry  *e, gone;

    for (i = 0; i < entries->elements; i++) {
        one = entries->element[i];

        if (one->type != REDIS_REPLY_ARRAY || one->elements != 2) {
            continue;
        }

        e = (one->element[1]->type == REDIS_REPLY_ARRAY)
            ? lapor_stream_slot(list) : &gone;

        memset(e, 0, sizeof(struct lapor_entry));
        e->kind = (index < LAPOR_STREAM_PARTS) ? LAPOR_STREAM_MSG
                                               : LAPOR_STREAM_STATUS;
        e->key = lapor_stream_key_at(index);
        (void) snprintf(e->id, sizeof(e->id), "%s", one->element[0]->str);

        if (e != &gone) {
            lapor_stream_fields(list, e, one->element[1]);
            continue;
        }

        lapor_log_err("stream entry was deleted before it was processed "
                      "key=%s entry=%s", gone.key, gone.id);

        if (lapor_stream_ack(s, &gone, 1) == -1) {
            return;
        }
    }
}


static struct lapor_entry *
lapor_stream_slot(struct lapor_stream_list *list)
{
    struct lapor_entry  *grown;

    if (list->n == list->size) {
        list->size = (list->size == 0) ? 64 : list->size * 2;
        grown = lapor_pool_alloc(list->pool,
                                 list->size * sizeof(struct lapor_entry));

        if (list->n > 0) {
            memcpy(grown, list->entries,
                   list->n * sizeof(struct lapor_entry));
        }

        list->entries = grown;
    }

    return &list->entries[list->n++];
}


static void
lapor_stream_fields(struct lapor_stream_list *list, struct lapor_entry *e,
    const redisReply *fields)
{
    size_t             i;
    const redisReply  *name, *value;

    e->received_ms = lapor_stream_received(e->id, fields);

    for (i = 0; i + 1 < fields->elements; i += 2) {
        name = fields->element[i];
        value = fields->element[i + 1];

        if (name->len != 1) {
            continue;
        }

        /* an empty body is a body */
        if (name->str[0] == 'b') {
            e->body.data = lapor_pool_strndup(list->pool, value->str,
                                              (size_t) value->len);
            e->body.len = (size_t) value->len;
            list->bytes += e->body.len;
            list->largest = e->body.len > list->largest ? e->body.len
                                                        : list->largest;
        }

        if (name->str[0] == 'r') {
            e->again = value->len == 1 && value->str[0] == '1';
        }
    }
}


int64_t
lapor_stream_received(const char *id, const redisReply *fields)
{
    size_t             i;
    int64_t            ms, told;
    const redisReply  *name, *value;

    ms = lapor_stream_number(id, strcspn(id, "-"));

    for (i = 0; i + 1 < fields->elements; i += 2) {
        name = fields->element[i];
        value = fields->element[i + 1];

        if (name->len == 1 && name->str[0] == 't') {
            told = lapor_stream_number(value->str, (size_t) value->len);
            ms = told > 0 ? told : ms;
        }
    }

    return ms;
}


/* Digits only and below 2^50, else 0. */

static int64_t
lapor_stream_number(const char *text, size_t len)
{
    size_t   i;
    int64_t  value;

    value = 0;

    if (len > 15) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }

        value = value * 10 + (text[i] - '0');
    }

    return value;
}
