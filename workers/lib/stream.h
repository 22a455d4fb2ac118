/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Consumer of group "intake" over the streams that the nginx module writes,
 * at least once: an entry stays pending until lapor_stream_ack(), which the
 * caller calls after its COMMIT.
 *
 * Keys are lapor:{NN}:msg and lapor:{NN}:status, NN two lowercase hex digits,
 * all 256 of each kind whatever the module's setting is.  Fields of an entry:
 * "b" the raw body, "t" the receive time in Unix ms; and "r" and "p", which
 * laporctl alone writes, see struct lapor_entry.
 *
 * It reads the partitions that it was told are its own.  What is pending in a
 * partition when it becomes its own is taken over at once, whoever held it,
 * and read before what is new; so it is on a new connection, because a reply
 * may have been lost with the old one.  Two that own the same do no harm but
 * double work.
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
    size_t       bytes;         /* of a read's bodies, about; 0: 16 MiB */
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
    int                      part;          /* of "p": under which it is kept;
                                               -1: not said */
    bool                     keep;          /* not to be acknowledged: it comes
                                               again when idle for claim_ms */
};

struct lapor_stream_id {
    uint64_t  ms;
    uint64_t  seq;
};

/* A stream that is not what it was. */
struct lapor_stream_loss {
    const char              *key;
    bool                     data;      /* entries are gone; else the group's
                                           position alone, which is harmless:
                                           all is read again */
    struct lapor_stream_id   known;     /* the highest that there was */
    struct lapor_stream_id   found;     /* last-generated-id as it is now */
};


/* The key's name; index 0..511 orders all msg keys before status keys. */
const char *lapor_stream_key_at(unsigned index);

/* 0, or -1 when the text is no id. */
int lapor_stream_id_parse(const char *text, struct lapor_stream_id *ret_id)
    __attribute__((warn_unused_result));

/* Below 0, 0 or above 0. */
int lapor_stream_id_compare(struct lapor_stream_id a, struct lapor_stream_id b);

/* The stream owns its connection.  Copies both structs.  Owns no partition. */
struct lapor_stream *lapor_stream_new(const struct lapor_redis_conf *redis,
    const struct lapor_stream_conf *conf);
void lapor_stream_free(struct lapor_stream *s);

/* For other commands between turns: PUBLISH, PING. */
struct lapor_redis *lapor_stream_redis(struct lapor_stream *s);

/* Both streams of a partition are its own from now on, or no longer. */
void lapor_stream_own(struct lapor_stream *s, unsigned part, bool own);
bool lapor_stream_owns(const struct lapor_stream *s, unsigned part);

/*
 * The next entries, in the pool, about want of them: pending ones first, then
 * new ones of msg streams, then of status streams as far as there is room (and
 * in every eighth turn anyway, so that nothing starves).  While less than want
 * waits, all streams are read at once; while more, one after the other, each
 * up to want, so that what comes is of few partitions.  When there is nothing
 * it waits up to wait_ms, not longer than block_ms.  0 with *ret_n 0 when
 * nothing came; -1 when Redis is away (see lapor_redis_retry_ms of
 * lapor_stream_redis).
 */
int lapor_stream_read(struct lapor_stream *s, struct lapor_pool *pool,
    size_t want, int wait_ms, struct lapor_entry **ret_entries, size_t *ret_n)
    __attribute__((warn_unused_result));

/*
 * Entries of a msg stream behind the given id, which is moved on; nothing is
 * delivered or pending by that.  About want and not more than bytes of bodies;
 * fewer than asked for at the end of the stream, which *ret_end tells.
 */
int lapor_stream_peek(struct lapor_stream *s, struct lapor_pool *pool,
    unsigned part, struct lapor_stream_id *from, size_t want, size_t bytes,
    struct lapor_entry **ret_entries, size_t *ret_n, bool *ret_end)
    __attribute__((warn_unused_result));

/*
 * After the COMMIT, and only then; but for those to keep.  -1: Redis is away;
 * the entries come again, which must be harmless.
 */
int lapor_stream_ack(struct lapor_stream *s, const struct lapor_entry *entries,
    size_t n) __attribute__((warn_unused_result));

/*
 * Takes over what others hold, or was kept here, idle for claim_ms in own
 * partitions; looks at a part of the keys a call, all of them within eight
 * calls.  As lapor_stream_read().
 */
int lapor_stream_claim(struct lapor_stream *s, struct lapor_pool *pool,
    struct lapor_entry **ret_entries, size_t *ret_n)
    __attribute__((warn_unused_result));

/*
 * Removes what all groups have processed from own partitions: everything below
 * the smallest pending or last-delivered id over all groups of a stream; never
 * touches a stream without a group.  A part of the keys a call, as claim.
 */
int lapor_stream_trim(struct lapor_stream *s)
    __attribute__((warn_unused_result));

/* When an entry was received, Unix ms: what its field "t" says, else its id;
 * fields as Redis gives them, a list of name, value ... */
int64_t lapor_stream_received(const char *id, const redisReply *fields);

/*
 * Entries not delivered yet in own streams of a kind; of the last survey,
 * less what was read since.  A survey is made on each connection, every few
 * seconds, and while there is a backlog as often as that needs it.
 */
int64_t lapor_stream_lag(const struct lapor_stream *s,
    enum lapor_stream_kind kind);

/* The same of one msg stream, and up to where it was delivered. */
int64_t lapor_stream_lag_of(const struct lapor_stream *s, unsigned part,
    struct lapor_stream_id *ret_delivered);

/* Entries that wait in own streams, read and not; as old as the survey. */
int64_t lapor_stream_backlog(const struct lapor_stream *s);

/*
 * An entry that there was in a stream, as others know: the next survey looks
 * whether the stream has come that far, and whether its group had to be made.
 */
void lapor_stream_know(struct lapor_stream *s, unsigned index,
    struct lapor_stream_id id);

/* They have said all that they know of the own streams. */
void lapor_stream_known(struct lapor_stream *s);

/*
 * The next stream that a survey found fallen back; false: none.  It is usable
 * again then: the group was made from the start, and ids that were used once
 * are not used again.
 */
bool lapor_stream_lost(struct lapor_stream *s,
    struct lapor_stream_loss *ret_loss);

/*
 * When the oldest entry of its own streams came that is not acknowledged, as
 * of the last survey, in Unix ms; 0 when none waits. -1 when Redis is away.
 */
int lapor_stream_oldest(struct lapor_stream *s, int64_t *ret_ms)
    __attribute__((warn_unused_result));

/* Times that a group had vanished and was made again. */
uint64_t lapor_stream_remade(const struct lapor_stream *s);


#endif
