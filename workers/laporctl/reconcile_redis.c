/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl reconcile: what Redis holds. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/reconcile.h"
#include "lib/log.h"


/* Entries of one answer: bodies are 3 MB at most. */
#define REDIS_PAGE     64

/* Pending ids of one answer. */
#define REDIS_PENDING  1000


static void copy_id(char to[LAPOR_STREAM_ID_LEN], const redisReply *id);
static void picture_group(struct ctl_rec_picture *p, const redisReply *groups);
static redisReply *answer(struct ctl_rec *rec);
static struct ctl_rec_entry *add(struct ctl_rec_entries *entries);
static bool held(const struct ctl_rec_entries *entries, const char *id);
static bool read_id(const char *text, uint64_t *ret_ms, uint64_t *ret_seq);


/* One command is one moment: the group's place is that of the counts. Of the
 * entries themselves one comes along, which cannot be left out. */

void
lapor_ctl_rec_ask(struct ctl_rec *rec, const char *key)
{
    lapor_redis_append(rec->redis, "XINFO STREAM %s FULL COUNT 1", key);
}


int
lapor_ctl_rec_picture(struct ctl_rec *rec, struct ctl_rec_picture *p)
{
    redisReply        *reply;
    const redisReply  *entries;

    memset(p, 0, sizeof(*p));
    memcpy(p->last, "0-0", 4);
    memcpy(p->delivered, "0-0", 4);
    reply = lapor_redis_reply(rec->redis);

    if (reply == NULL) {
        lapor_ctl_fail("redis: the connection is lost");
        return -1;
    }

    /* no such key */
    if (reply->type == REDIS_REPLY_ERROR
        && strncmp(reply->str, "ERR no such key", 15) == 0)
    {
        freeReplyObject(reply);
        return 0;
    }

    if (reply->type != REDIS_REPLY_ARRAY
        || lapor_redis_member(reply, "entries-added") == NULL)
    {
        lapor_ctl_fail("redis: no count of entries added: %.*s",
                       reply->type == REDIS_REPLY_ERROR
                       ? (int) strcspn(reply->str, " ") : 24,
                       reply->type == REDIS_REPLY_ERROR
                       ? reply->str : "it is older than 7.0");
        freeReplyObject(reply);
        return -1;
    }

    p->there = true;
    p->added = lapor_redis_number(reply, "entries-added");
    p->length = lapor_redis_number(reply, "length");
    copy_id(p->last, lapor_redis_member(reply, "last-generated-id"));
    copy_id(p->deleted, lapor_redis_member(reply, "max-deleted-entry-id"));
    entries = lapor_redis_member(reply, "entries");

    if (entries != NULL && entries->elements > 0
        && entries->element[0]->elements == 2)
    {
        copy_id(p->first, entries->element[0]->element[0]);
    }

    picture_group(p, lapor_redis_member(reply, "groups"));
    freeReplyObject(reply);

    return 0;
}


static void
picture_group(struct ctl_rec_picture *p, const redisReply *groups)
{
    size_t             i;
    const redisReply  *name;

    for (i = 0; groups != NULL && i < groups->elements; i++) {
        name = lapor_redis_member(groups->element[i], "name");

        if (name != NULL && name->str != NULL
            && strcmp(name->str, LAPOR_STREAM_GROUP) == 0)
        {
            p->pending = lapor_redis_number(groups->element[i], "pel-count");
            copy_id(p->delivered, lapor_redis_member(groups->element[i],
                                         "last-delivered-id"));
        }
    }
}


static void
copy_id(char to[LAPOR_STREAM_ID_LEN], const redisReply *id)
{
    if (id != NULL && id->str != NULL && id->len < LAPOR_STREAM_ID_LEN) {
        memset(to, 0, LAPOR_STREAM_ID_LEN);
        memcpy(to, id->str, (size_t) id->len);
    }
}


int
lapor_ctl_rec_range(struct ctl_rec *rec, const char *key, const char *from,
    const char *to, size_t max, struct ctl_rec_entries *entries,
    bool *ret_more)
{
    size_t                 i, end;
    redisReply            *reply;
    const redisReply      *one;
    struct ctl_rec_entry  *e;

    end = entries->n + max;
    *ret_more = true;

    while (*ret_more && entries->n < end) {
        lapor_redis_append(rec->redis, "XRANGE %s (%s %s COUNT %d", key, from,
                           to, REDIS_PAGE);
        reply = answer(rec);

        if (reply == NULL) {
            return -1;
        }

        for (i = 0; i < reply->elements; i++) {
            one = reply->element[i];
            e = add(entries);
            copy_id(e->id, one->element[0]);
            e->received_ms = lapor_stream_received(e->id, one->element[1]);
        }

        *ret_more = reply->elements == REDIS_PAGE;
        freeReplyObject(reply);

        if (entries->n > 0) {
            from = entries->list[entries->n - 1].id;
        }
    }

    return 0;
}


/* An array, or NULL with the reason told. */

static redisReply *
answer(struct ctl_rec *rec)
{
    redisReply  *reply;

    reply = lapor_redis_reply(rec->redis);

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY) {
        return reply;
    }

    lapor_ctl_fail("redis: %.*s", reply == NULL || reply->str == NULL ? 22
                   : (int) strcspn(reply->str, " "),
                   reply == NULL || reply->str == NULL
                   ? "the connection is lost" : reply->str);
    freeReplyObject(reply);

    return NULL;
}


/* Pointers into the list are dead after it. */

static struct ctl_rec_entry *
add(struct ctl_rec_entries *entries)
{
    struct ctl_rec_entry  *grown;

    if (entries->n == entries->size) {
        entries->size = entries->size == 0 ? 64 : entries->size * 2;
        grown = realloc(entries->list, entries->size * sizeof(*grown));

        if (grown == NULL) {
            lapor_fatal_memory();
        }

        entries->list = grown;
    }

    memset(&entries->list[entries->n], 0, sizeof(*entries->list));

    return &entries->list[entries->n++];
}


int
lapor_ctl_rec_pending(struct ctl_rec *rec, const char *key,
    struct ctl_rec_entries *entries)
{
    size_t                 i;
    redisReply            *reply;
    struct ctl_rec_entry  *e;

    for (i = 0; i < entries->n; i++) {
        e = &entries->list[i];

        if (!e->missing) {
            continue;
        }

        lapor_redis_append(rec->redis, "XPENDING %s %s %s %s 1", key,
                           LAPOR_STREAM_GROUP, e->id, e->id);
        reply = answer(rec);

        if (reply == NULL) {
            return -1;
        }

        e->pending = reply->elements == 1;
        freeReplyObject(reply);
    }

    return 0;
}


int
lapor_ctl_rec_removed(struct ctl_rec *rec, const char *key,
    const struct ctl_rec_entries *entries, char ret_id[LAPOR_STREAM_ID_LEN])
{
    size_t       i;
    redisReply  *reply;

    ret_id[0] = '\0';
    lapor_redis_append(rec->redis, "XPENDING %s %s - + %d", key,
                       LAPOR_STREAM_GROUP, REDIS_PENDING);
    reply = answer(rec);

    if (reply == NULL) {
        return -1;
    }

    for (i = 0; i < reply->elements && ret_id[0] == '\0'; i++) {
        if (reply->element[i]->elements > 0
            && !held(entries, reply->element[i]->element[0]->str))
        {
            copy_id(ret_id, reply->element[i]->element[0]);
        }
    }

    freeReplyObject(reply);

    return 0;
}


static bool
held(const struct ctl_rec_entries *entries, const char *id)
{
    size_t  i;

    for (i = 0; i < entries->n; i++) {
        if (strcmp(entries->list[i].id, id) == 0) {
            return true;
        }
    }

    return false;
}


int
lapor_ctl_rec_compare(const char *a, const char *b)
{
    uint64_t  ams, aseq, bms, bseq;

    if (!read_id(a, &ams, &aseq) || !read_id(b, &bms, &bseq)) {
        return strcmp(a, b);
    }

    if (ams != bms) {
        return ams < bms ? -1 : 1;
    }

    return aseq < bseq ? -1 : aseq > bseq;
}


static bool
read_id(const char *text, uint64_t *ret_ms, uint64_t *ret_seq)
{
    return sscanf(text, "%" SCNu64 "-%" SCNu64, ret_ms, ret_seq) == 2;
}
