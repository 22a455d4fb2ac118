/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Life of a consumer, its groups, and what an entry looks like.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/stream_internal.h"


/* Added to BLOCK: the reply itself needs time too. */
#define LAPOR_STREAM_GRACE  5000


static void lapor_stream_names(void);
static void lapor_stream_rewind(struct lapor_stream *s);
static int lapor_stream_groups(struct lapor_stream *s);
static bool lapor_stream_made(struct lapor_stream *s, unsigned index,
    const redisReply *reply, bool told);
static void lapor_stream_name(struct lapor_entry *e, const redisReply *id);
static struct lapor_entry *lapor_stream_slot(struct lapor_stream_list *list);
static void lapor_stream_fields(struct lapor_stream_list *list,
    struct lapor_entry *e, const redisReply *fields);
static int64_t lapor_stream_number(const char *text, size_t len);


static const char      lapor_stream_group[] = LAPOR_REDIS_FULL
    "return redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')";

static char            lapor_stream_keys[LAPOR_STREAM_KEYS]
                                        [LAPOR_STREAM_KEY_LEN];
static pthread_once_t  lapor_stream_keys_once = PTHREAD_ONCE_INIT;


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
    (void) pthread_once(&lapor_stream_keys_once, lapor_stream_names);

    return lapor_stream_keys[index % LAPOR_STREAM_KEYS];
}


int
lapor_stream_id_parse(const char *text, struct lapor_stream_id *ret_id)
{
    char  *end;

    ret_id->ms = strtoull(text, &end, 10);

    if (end == text || *end != '-') {
        return -1;
    }

    text = end + 1;
    ret_id->seq = strtoull(text, &end, 10);

    return (end != text && *end == '\0') ? 0 : -1;
}


int
lapor_stream_id_compare(struct lapor_stream_id a, struct lapor_stream_id b)
{
    if (a.ms != b.ms) {
        return (a.ms < b.ms) ? -1 : 1;
    }

    return (a.seq < b.seq) ? -1 : (a.seq > b.seq);
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
    s->bytes = conf->bytes ? conf->bytes : 16 * 1024 * 1024;
    s->block_ms = conf->block_ms ? conf->block_ms : 2000;
    s->claim_ms = conf->claim_ms ? conf->claim_ms : 60000;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        memcpy(s->keys[i].cursor, "0-0", 4);
    }

    /* a reply may take BLOCK and what a busy server needs on top */
    copy = *redis;

    if (copy.timeout_ms < s->block_ms + LAPOR_STREAM_GRACE) {
        copy.timeout_ms = s->block_ms + LAPOR_STREAM_GRACE;
    }

    s->redis = lapor_redis_new(&copy);
    memcpy(s->last, "0-0", 4);

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


void
lapor_stream_own(struct lapor_stream *s, unsigned part, bool own)
{
    unsigned                  i;
    struct lapor_stream_key  *key;

    if (s->own[part] == own) {
        return;
    }

    s->own[part] = own;

    /* what was known of it is another's business meanwhile */
    for (i = part; i < LAPOR_STREAM_KEYS; i += LAPOR_STREAM_PARTS) {
        key = &s->keys[i];
        s->fallen -= key->fallen ? 1 : 0;
        memset(key, 0, sizeof(*key));
        memcpy(key->cursor, "0-0", 4);
        key->scan = own;
        key->read = -1;
    }

    memcpy(s->last, "0-0", 4);
    s->scanned = 0;
    s->changed = true;
}


bool
lapor_stream_owns(const struct lapor_stream *s, unsigned part)
{
    return s->own[part];
}


bool
lapor_stream_has(const struct lapor_stream *s, unsigned index)
{
    return s->own[index % LAPOR_STREAM_PARTS];
}


/* What is pending is read again, from the first key on. */

static void
lapor_stream_rewind(struct lapor_stream *s)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        s->keys[i].group = false;
        s->keys[i].scan = lapor_stream_has(s, i);
    }

    memcpy(s->last, "0-0", 4);
    s->scanned = 0;
}


int
lapor_stream_ready(struct lapor_stream *s)
{
    if (lapor_redis_connect(s->redis) == -1) {
        return -1;
    }

    if (s->generation != lapor_redis_generation(s->redis)) {

        /* the old connection may have taken a reply with it */
        lapor_stream_rewind(s);
        s->generation = lapor_redis_generation(s->redis);
        s->changed = true;
    }

    if (!s->changed) {
        return 0;
    }

    if (lapor_stream_groups(s) == -1) {
        return -1;
    }

    s->changed = false;
    s->survey_due = 0;

    return 0;
}


static int
lapor_stream_groups(struct lapor_stream *s)
{
    int          rc;
    unsigned     i;
    redisReply  *reply;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_stream_has(s, i) && !s->keys[i].group) {
            lapor_redis_append(s->redis, "EVAL %s 1 %s %s",
                               lapor_stream_group, lapor_stream_key_at(i),
                               LAPOR_STREAM_GROUP);
        }
    }

    rc = 0;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (!lapor_stream_has(s, i) || s->keys[i].group) {
            continue;
        }

        reply = lapor_redis_reply(s->redis);

        if (reply == NULL) {
            return -1;
        }

        if (!lapor_stream_made(s, i, reply, rc == -1)) {
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


/* Made, or there already; false when Redis refuses. A group that has to be
 * made for a stream that was read before has vanished. */

static bool
lapor_stream_made(struct lapor_stream *s, unsigned index,
    const redisReply *reply, bool told)
{
    bool                      busy;
    struct lapor_stream_key  *key;

    key = &s->keys[index];
    busy = reply->type == REDIS_REPLY_ERROR
           && strncmp(reply->str, "BUSYGROUP", 9) == 0;

    if (reply->type == REDIS_REPLY_ERROR && !busy) {
        if (!told) {
            lapor_log_err("could not create a consumer group key=%s "
                          "error=%.*s", lapor_stream_key_at(index),
                          (int) strcspn(reply->str, " "), reply->str);
        }

        return false;
    }

    key->group = true;

    if (!busy) {
        key->made = !key->asked;

        if (key->top.ms > 0 || key->top.seq > 0) {
            key->suspect = true;
            key->back = true;
        }
    }

    return true;
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
    s->changed = true;

    /* the reply does not tell which; what was read before it in the same turn
       is given up by that, and pending */
    lapor_stream_rewind(s);

    lapor_log_err("consumer group has vanished, it is made again from the "
                  "start of the stream count=%" PRIu64, s->nogroup);

    return true;
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
        lapor_stream_name(e, one->element[0]);

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


/* Cut where it is longer than any id. */

static void
lapor_stream_name(struct lapor_entry *e, const redisReply *id)
{
    size_t  len;

    len = id->len < sizeof(e->id) ? id->len : sizeof(e->id) - 1;
    memcpy(e->id, id->str, len);
    e->id[len] = '\0';
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
    int64_t            part;
    const redisReply  *name, *value;

    e->received_ms = lapor_stream_received(e->id, fields);
    e->part = -1;

    for (i = 0; i + 1 < fields->elements; i += 2) {
        name = fields->element[i];
        value = fields->element[i + 1];

        if (name->len != 1) {
            continue;
        }

        /* an empty body is a body */
        if (name->str[0] == 'b') {
            e->body.data = value->str;
            e->body.len = (size_t) value->len;
            list->bytes += e->body.len;
            list->largest = e->body.len > list->largest ? e->body.len
                                                        : list->largest;
        }

        if (name->str[0] == 'p' && value->len > 0 && value->len <= 3) {
            part = lapor_stream_number(value->str, (size_t) value->len);
            e->part = part < LAPOR_STREAM_PARTS ? (int) part : -1;
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
