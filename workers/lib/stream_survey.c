/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Looking at the streams without reading: how much waits in each, and whether
 * it is still the stream that it was.
 *
 * A group's last-delivered-id never falls, nor does the number of entries ever
 * added. Where one is below what was known, Redis has lost its data (a restart
 * from an older file, FLUSHALL, DEL) or the group (XGROUP DESTROY): XINFO
 * STREAM tells which, asked only then because it answers with two whole
 * entries. Of entries-read and lag (Redis 7.0) the sum is that number, or less
 * where somebody has deleted entries that nobody had read (XDEL, XTRIM): so it
 * is a reason to look, and says nothing of the group.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/stream_internal.h"
#include "lib/timeutil.h"


#define LAPOR_STREAM_SURVEY_MS  2000


static void lapor_stream_look(struct lapor_stream *s, unsigned index,
    const redisReply *groups);
static const redisReply *lapor_stream_ours(const redisReply *groups);
static int lapor_stream_check(struct lapor_stream *s, unsigned index);
static bool lapor_stream_young(const struct lapor_stream_key *key,
    const redisReply *stream);
static int lapor_stream_raise(struct lapor_stream *s, unsigned index);


static const char  lapor_stream_set_id[] = LAPOR_REDIS_FULL
    "return redis.call('XSETID', KEYS[1], ARGV[1])";


int
lapor_stream_survey(struct lapor_stream *s, bool must)
{
    unsigned     i;
    redisReply  *reply;

    if (!must && lapor_mono_ms() < s->survey_due) {
        return 0;
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_stream_has(s, i)) {
            lapor_redis_append(s->redis, "XINFO GROUPS %s",
                               lapor_stream_key_at(i));
        }
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_stream_has(s, i)) {
            reply = lapor_redis_reply(s->redis);

            if (reply == NULL) {
                return -1;
            }

            lapor_stream_look(s, i, reply);
            freeReplyObject(reply);
        }
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (s->keys[i].suspect && lapor_stream_check(s, i) == -1) {
            return -1;
        }
    }

    s->survey_due = lapor_mono_ms() + LAPOR_STREAM_SURVEY_MS;

    return 0;
}


/* An error: the key is gone, or was made something else. */

static void
lapor_stream_look(struct lapor_stream *s, unsigned index,
    const redisReply *groups)
{
    int64_t                   added;
    const redisReply         *ours, *id;
    struct lapor_stream_key  *key;
    struct lapor_stream_id    delivered;

    key = &s->keys[index];
    ours = lapor_stream_ours(groups);
    id = (ours == NULL) ? NULL
                        : lapor_redis_member(ours, "last-delivered-id");

    if (id == NULL || id->str == NULL
        || lapor_stream_id_parse(id->str, &delivered) == -1)
    {
        /* the next read says NOGROUP, which is where it is made again */
        key->lag = -1;
        return;
    }

    key->lag = lapor_redis_number(ours, "lag");
    key->pending = lapor_redis_number(ours, "pending");

    key->read = lapor_redis_number(ours, "entries-read");
    added = (key->read < 0 || key->lag < 0) ? 0 : key->read + key->lag;

    if (lapor_stream_id_compare(delivered, key->delivered) < 0) {
        key->suspect = true;
        key->back = true;
        key->had = key->added;
    }

    if (added > 0 && added < key->added) {
        key->suspect = true;
        key->had = key->added;
    }

    key->delivered = delivered;
    key->added = added > 0 ? added : key->added;
    key->top = lapor_stream_id_compare(key->top, delivered) < 0 ? delivered
                                                                : key->top;
}


static const redisReply *
lapor_stream_ours(const redisReply *groups)
{
    size_t             g;
    const redisReply  *name;

    for (g = 0; groups->type == REDIS_REPLY_ARRAY && g < groups->elements;
         g++)
    {
        name = lapor_redis_member(groups->element[g], "name");

        if (name != NULL && strcmp(name->str, LAPOR_STREAM_GROUP) == 0) {
            return groups->element[g];
        }
    }

    return NULL;
}


static int
lapor_stream_check(struct lapor_stream *s, unsigned index)
{
    int64_t                    added;
    redisReply                *reply;
    const redisReply          *id;
    struct lapor_stream_id     last;
    struct lapor_stream_key   *key;
    struct lapor_stream_loss   loss;

    key = &s->keys[index];
    reply = lapor_redis_cmd(s->redis, "XINFO STREAM %s",
                            lapor_stream_key_at(index));

    if (reply == NULL) {
        return -1;
    }

    id = lapor_redis_member(reply, "last-generated-id");

    /* gone again meanwhile: the next survey has another look */
    if (id == NULL || id->str == NULL
        || lapor_stream_id_parse(id->str, &last) == -1)
    {
        freeReplyObject(reply);
        return 0;
    }

    added = lapor_redis_number(reply, "entries-added");
    loss.key = lapor_stream_key_at(index);
    loss.data = lapor_stream_id_compare(last, key->top) < 0
                || (added >= 0 && added < key->had)
                || lapor_stream_young(key, reply);
    freeReplyObject(reply);

    loss.known = key->top;
    loss.found = last;

    if (lapor_stream_id_compare(last, key->top) < 0
        && lapor_stream_raise(s, index) == -1)
    {
        return -1;
    }

    if (loss.data || key->back) {
        s->fallen += key->fallen ? 0 : 1;
        key->fallen = true;
        key->loss = loss;
    }

    key->suspect = false;
    key->back = false;
    key->had = 0;

    return 0;
}


/* Nothing was ever removed, and yet the entry that we knew is not there: all
 * of it was written since, more than there was before. */

static bool
lapor_stream_young(const struct lapor_stream_key *key,
    const redisReply *stream)
{
    const redisReply        *id;
    struct lapor_stream_id   first;

    id = lapor_redis_member(stream, "recorded-first-entry-id");

    return lapor_redis_number(stream, "length") > 0
           && lapor_redis_number(stream, "length")
              == lapor_redis_number(stream, "entries-added")
           && id != NULL && id->str != NULL
           && lapor_stream_id_parse(id->str, &first) == 0
           && lapor_stream_id_compare(first, key->top) > 0
           && (key->top.ms > 0 || key->top.seq > 0);
}


/*
 * An id must never mean two entries, not even with the clock set back, since
 * PostgreSQL counts by them.  Refused when an entry has come meanwhile whose
 * id is higher, and that is as good.
 */

static int
lapor_stream_raise(struct lapor_stream *s, unsigned index)
{
    redisReply                    *reply;
    const struct lapor_stream_id  *top;

    top = &s->keys[index].top;
    reply = lapor_redis_cmd(s->redis, "EVAL %s 1 %s %llu-%llu",
                            lapor_stream_set_id, lapor_stream_key_at(index),
                            (unsigned long long) top->ms,
                            (unsigned long long) top->seq);

    if (reply == NULL) {
        return -1;
    }

    freeReplyObject(reply);
    return 0;
}


bool
lapor_stream_lost(struct lapor_stream *s, struct lapor_stream_loss *ret_loss)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS && s->fallen > 0; i++) {
        if (s->keys[i].fallen) {
            *ret_loss = s->keys[i].loss;
            s->keys[i].fallen = false;
            s->fallen--;
            return true;
        }
    }

    return false;
}


void
lapor_stream_know(struct lapor_stream *s, unsigned index,
    struct lapor_stream_id id)
{
    struct lapor_stream_key  *key;

    key = &s->keys[index];
    key->suspect = true;
    key->back |= key->made;
    key->top = lapor_stream_id_compare(key->top, id) < 0 ? id : key->top;
    s->survey_due = 0;
}


void
lapor_stream_known(struct lapor_stream *s)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_stream_has(s, i)) {
            s->keys[i].asked = true;
            s->keys[i].made = false;
        }
    }
}


int64_t
lapor_stream_lag(const struct lapor_stream *s, enum lapor_stream_kind kind)
{
    int64_t   sum;
    unsigned  i;

    sum = 0;

    /* what Redis does not know may be one */
    for (i = 0; i < LAPOR_STREAM_PARTS; i++) {
        sum += llabs(s->keys[kind * LAPOR_STREAM_PARTS + i].lag);
    }

    return sum;
}


int64_t
lapor_stream_lag_of(const struct lapor_stream *s, unsigned part,
    struct lapor_stream_id *ret_delivered)
{
    *ret_delivered = s->keys[part].delivered;

    return s->keys[part].lag;
}


int64_t
lapor_stream_backlog(const struct lapor_stream *s)
{
    int64_t   sum;
    unsigned  i;

    sum = lapor_stream_lag(s, LAPOR_STREAM_MSG)
          + lapor_stream_lag(s, LAPOR_STREAM_STATUS);

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        sum += s->keys[i].pending;
    }

    return sum;
}
