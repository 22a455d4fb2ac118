/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* What the files of lib/stream share; nobody else includes it. */

#ifndef LAPOR_LIB_STREAM_INTERNAL_H
#define LAPOR_LIB_STREAM_INTERNAL_H


#include "lib/stream.h"


/* Keys that claim and trim look at in one call: all within eight calls. */
#define LAPOR_STREAM_CHUNK  (LAPOR_STREAM_KEYS / 8)

struct lapor_stream_key {
    bool                      group;    /* is there, on this connection */
    bool                      scan;     /* what is pending is to be read */
    bool                      suspect;  /* to be looked at closely */
    bool                      back;     /* the group fell back */
    bool                      asked;    /* others said what they know of it */
    bool                      made;     /* its group, by us, before they did */
    bool                      fallen;   /* and nobody was told yet */
    int64_t                   lag;      /* not delivered; -1: Redis does not
                                           know, so something may be */
    int64_t                   pending;
    int64_t                   read;     /* entries ever delivered; -1:
                                           unknown */
    int64_t                   added;    /* entries ever; 0: unknown */
    int64_t                   had;      /* the same, before it fell back */
    struct lapor_stream_id    delivered;
    struct lapor_stream_id    top;      /* the highest that is known, to us
                                           or others */
    struct lapor_stream_loss  loss;
    char                      cursor[LAPOR_STREAM_ID_LEN];  /* of the claim */
};

struct lapor_stream {
    struct lapor_redis       *redis;
    char                     *consumer;
    size_t                    bytes;
    int                       block_ms;
    int                       claim_ms;
    uint64_t                  generation;   /* groups are known on this one */
    bool                      own[LAPOR_STREAM_PARTS];
    bool                      changed;      /* groups are to be looked for, or
                                               pending entries to be read */
    char                      last[LAPOR_STREAM_ID_LEN];   /* of them */
    unsigned                  scanned;      /* the key at which that is */
    bool                      deep[2];      /* a kind is read one after the
                                               other */
    unsigned                  next[2];      /* the key to go on with */
    unsigned                  turn;
    int64_t                   survey_due;   /* lapor_mono_ms() */
    unsigned                  claim_key;    /* next to look at */
    unsigned                  trim_key;
    unsigned                  fallen;
    uint64_t                  nogroup;      /* times that a group had
                                               vanished, for the log */
    struct lapor_stream_key   keys[LAPOR_STREAM_KEYS];
};

/* Entries under collection, in the pool. */
struct lapor_stream_list {
    struct lapor_pool   *pool;
    struct lapor_entry  *entries;
    size_t               n;
    size_t               size;
    size_t               want;
    size_t               limit;     /* of bytes */
    size_t               bytes;     /* of all bodies */
    size_t               largest;   /* of one */
};


bool lapor_stream_has(const struct lapor_stream *s, unsigned index);

/* Connected and with all groups; -1 while Redis is away. */
int lapor_stream_ready(struct lapor_stream *s);

/* Notes a reply that says NOGROUP; true when it did. */
bool lapor_stream_nogroup(struct lapor_stream *s, const redisReply *reply);

/* Looks at all own keys, if that is due or must be. */
int lapor_stream_survey(struct lapor_stream *s, bool must);

/* Logs what an answer of XAUTOCLAIM says is no longer there. */
void lapor_stream_gone(unsigned index, const redisReply *reply);

/*
 * Adds the entries of one key, a list of [id, fields] that lives in the list's
 * pool, as their bodies go on doing; those without fields were deleted from
 * the stream while pending: acknowledged and logged.
 */
void lapor_stream_take(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned index, const redisReply *entries);

/*
 * The next COUNT for a key: more than the last one, but not above what fits if
 * all are as large as the largest so far.
 */
size_t lapor_stream_more(const struct lapor_stream_list *list, size_t count,
    size_t keys, size_t room);
bool lapor_stream_full(const struct lapor_stream_list *list);


#endif
