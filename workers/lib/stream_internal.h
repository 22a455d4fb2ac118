/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* What the files of lib/stream share; nobody else includes it. */

#ifndef LAPOR_LIB_STREAM_INTERNAL_H
#define LAPOR_LIB_STREAM_INTERNAL_H


#include "lib/stream.h"


/* Keys that claim and trim look at in one call: all within eight calls. */
#define LAPOR_STREAM_CHUNK  (LAPOR_STREAM_KEYS / 8)

struct lapor_stream {
    struct lapor_redis       *redis;
    char                     *consumer;
    int                       count;
    size_t                    bytes;
    int                       block_ms;
    int                       claim_ms;
    uint64_t                  generation;   /* groups are made on this one */
    bool                      regroup;      /* a group vanished since */
    unsigned                  history;      /* key whose own pending entries
                                               are read; KEYS: all done */
    char                      last[LAPOR_STREAM_ID_LEN];   /* of them */
    unsigned                  turn;
    unsigned                  claim_key;    /* next to look at */
    unsigned                  trim_key;
    char                      cursor[LAPOR_STREAM_KEYS][LAPOR_STREAM_ID_LEN];
    uint64_t                  nogroup;      /* times that a group had
                                               vanished, for the log */
};

/* Entries under collection, in the pool. */
struct lapor_stream_list {
    struct lapor_pool   *pool;
    struct lapor_entry  *entries;
    size_t               n;
    size_t               size;
    size_t               bytes;     /* of all bodies */
    size_t               largest;   /* of one */
};


/* Connected and with all groups; -1 while Redis is away. */
int lapor_stream_ready(struct lapor_stream *s);

/* Notes a reply that says NOGROUP; true when it did. */
bool lapor_stream_nogroup(struct lapor_stream *s, const redisReply *reply);

/*
 * Adds the entries of one key, a list of [id, fields]; those without fields
 * were deleted from the stream while pending: acknowledged and logged.
 */
void lapor_stream_take(struct lapor_stream *s, struct lapor_stream_list *list,
    unsigned index, const redisReply *entries);


#endif
