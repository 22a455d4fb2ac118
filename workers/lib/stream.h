/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Consumer of group "intake" over the streams that the nginx module writes,
 * at least once: an entry stays pending until lapor_stream_ack(), which the
 * caller calls after its COMMIT.
 *
 * Keys are lapor:{NN}:msg and lapor:{NN}:status, NN two lowercase hex digits,
 * all 256 of each kind whatever the module's setting is.  Fields of an entry:
 * "b" the raw body, "t" the receive time in Unix ms; and "r", which laporctl
 * raw replay alone writes.
 *
 * Order of a consumer's life: groups are made, its own pending entries are
 * read again, then new ones.  Any new connection starts that order again,
 * because a reply may have been lost with the old one.
 */

#ifndef LAPOR_LIB_STREAM_H
#define LAPOR_LIB_STREAM_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/redis.h"
#include "lib/str.h"


#define LAPOR_STREAM_GROUP      "intake"
#define LAPOR_STREAM_PARTS      256
#define LAPOR_STREAM_KEYS       (2 * LAPOR_STREAM_PARTS)

/* "lapor:{ff}:status" and a NUL. */
#define LAPOR_STREAM_KEY_LEN    18

/* Two 64-bit numbers in decimal, the dash and a NUL. */
#define LAPOR_STREAM_ID_LEN     42

enum lapor_stream_kind {
    LAPOR_STREAM_MSG,
    LAPOR_STREAM_STATUS
};

struct lapor_pool;
struct lapor_stream;

struct lapor_stream_conf {
    const char  *consumer;      /* stable over restarts, never a pid */
    int          count;         /* entries a turn, about; 0: 200 */
    size_t       bytes;         /* of their bodies, about; 0: 16 MiB */
    int          block_ms;      /* longest wait for new ones; 0: 2000 */
    int          claim_ms;      /* idle time before another's entry is taken
                                   over; 0: 60000 */
};

struct lapor_entry {
    enum lapor_stream_kind   kind;
    const char              *key;           /* static */
    char                     id[LAPOR_STREAM_ID_LEN];
    struct lapor_str         body;          /* data NULL: no field "b" */
    int64_t                  received_ms;   /* of "t", else of the id */
    bool                     again;         /* "r" is 1: a person replays it
                                               to correct what is stored */
};


/* The key's name; index 0..511 orders all msg keys before status keys. */
const char *lapor_stream_key_at(unsigned index);

/* The stream owns its connection.  Copies both structs. */
struct lapor_stream *lapor_stream_new(const struct lapor_redis_conf *redis,
    const struct lapor_stream_conf *conf);
void lapor_stream_free(struct lapor_stream *s);

/* For other commands between turns: PUBLISH, PING. */
struct lapor_redis *lapor_stream_redis(struct lapor_stream *s);

/*
 * The next entries, in the pool: own pending ones first, then new ones of
 * msg streams, then of status streams as far as there is room (and in every
 * eighth turn anyway, so that nothing starves).  Waits up to block_ms when
 * wait is true and there is nothing.  0 with *ret_n 0 when nothing came; -1
 * when Redis is away (see lapor_redis_retry_ms of lapor_stream_redis).
 */
int lapor_stream_read(struct lapor_stream *s, struct lapor_pool *pool,
    bool wait, struct lapor_entry **ret_entries, size_t *ret_n)
    __attribute__((warn_unused_result));

/*
 * After the COMMIT, and only then.  -1: Redis is away; the entries come
 * again, which must be harmless.
 */
int lapor_stream_ack(struct lapor_stream *s, const struct lapor_entry *entries,
    size_t n) __attribute__((warn_unused_result));

/*
 * Takes over what other consumers hold idle for claim_ms; looks at a part of
 * the keys a call, all of them within eight calls.  As lapor_stream_read().
 */
int lapor_stream_claim(struct lapor_stream *s, struct lapor_pool *pool,
    struct lapor_entry **ret_entries, size_t *ret_n)
    __attribute__((warn_unused_result));

/*
 * Removes what all groups have processed: everything below the smallest
 * pending or last-delivered id over all groups of a stream; never touches a
 * stream without a group.  A part of the keys a call, as claim.
 */
int lapor_stream_trim(struct lapor_stream *s)
    __attribute__((warn_unused_result));

/* When an entry was received, Unix ms: what its field "t" says, else its id;
 * fields as Redis gives them, a list of name, value ... */
int64_t lapor_stream_received(const char *id, const redisReply *fields);

/* Entries that wait in all streams, read and not; -1 when Redis is away. */
int64_t lapor_stream_backlog(struct lapor_stream *s);


#endif
