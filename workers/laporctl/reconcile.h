/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the files of laporctl reconcile share. For each stream
 *
 *   accepted = removed + in the stream            what Redis says
 *   done     = removed + in the stream and stored what PostgreSQL says
 *
 * must hold: "accepted" is Redis's own count of all entries ever added,
 * "removed" what it no longer holds, "done" the count that lapor.raw_store
 * keeps, less the stream's base. Both sides are only compared at a moment at
 * which neither moved.
 */

#ifndef LAPOR_CTL_RECONCILE_H
#define LAPOR_CTL_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "laporctl/ctl.h"
#include "lib/buf.h"
#include "lib/pool.h"
#include "lib/stream.h"


/* Differences that are kept one by one; of more, how many. */
#define CTL_REC_LISTED  1000

/* The alert of a stream that differs, closed when it does no longer; and that
 * of one that began anew, which a person closes. */
#define CTL_REC_ALERT  "reconcile_difference"
#define CTL_REC_ANEW   "reconcile_anew"


/* One stream as Redis shows it at one moment; zero-filled, so that two can be
 * compared as bytes. */
struct ctl_rec_picture {
    bool     there;
    int64_t  added;         /* ever */
    int64_t  length;
    int64_t  pending;       /* of our group */
    char     first[LAPOR_STREAM_ID_LEN];        /* "" when it is empty */
    char     last[LAPOR_STREAM_ID_LEN];         /* generated */
    char     delivered[LAPOR_STREAM_ID_LEN];    /* to our group */
    char     deleted[LAPOR_STREAM_ID_LEN];      /* the highest, by XDEL */
};

struct ctl_rec_entry {
    char     id[LAPOR_STREAM_ID_LEN];
    int64_t  received_ms;
    bool     missing;       /* not in PostgreSQL */
    bool     pending;       /* known only of a missing one */
};

struct ctl_rec_entries {
    struct ctl_rec_entry  *list;    /* heap */
    size_t                 n;
    size_t                 size;
};

/* One stream: what is known of it, and what was found. */
struct ctl_rec_stream {
    const char              *key;       /* static */
    unsigned                 part;      /* the digits in its name */

    bool                     known;     /* there is a row of the last look */
    bool                     based;     /* and the base is in it */
    int64_t                  base;
    int64_t                  seen_accepted;
    char                     seen_last[LAPOR_STREAM_ID_LEN];

    struct ctl_rec_picture   picture;
    struct ctl_rec_entries   entries;   /* delivered, and still there */
    int64_t                  counted;   /* entries that PostgreSQL counts */
    int64_t                  stored;    /* of those in the stream */

    bool                     settled;
    bool                     anew;
    int64_t                  differences;
};

struct ctl_rec_difference {
    const char                 *kind;       /* static */
    const char                 *where;      /* a stream, a spool's file */
    char                        entry[LAPOR_STREAM_ID_LEN];   /* "": none */
    int64_t                     count;      /* of entries */
    const char                 *note;
    struct ctl_rec_difference  *next;
};

struct ctl_rec {
    struct ctl_args            *args;
    struct lapor_pg            *pg;
    struct lapor_redis         *redis;
    struct lapor_pool          *pool;       /* of one question */
    struct lapor_pool          *keep;       /* of the run */
    int64_t                     at_ms;      /* when it began */
    struct ctl_rec_stream      *streams;    /* LAPOR_STREAM_KEYS of them */

    struct ctl_rec_difference  *first;
    struct ctl_rec_difference **last;
    int                         listed;

    int                         nstreams;
    int                         unsettled;
    int64_t                     accepted;
    int64_t                     done;
    int64_t                     waiting;
    int64_t                     spooled;
    int64_t                     differences;
};


/* Notes a difference and prints it; the texts are copied. */
void lapor_ctl_rec_tell(struct ctl_rec *rec, const char *kind,
    const char *where, const char *entry, int64_t count, const char *format,
    ...) __attribute__((format(printf, 6, 7)));

/* Asks for and takes the picture of one stream; -1: Redis is away. */
void lapor_ctl_rec_ask(struct ctl_rec *rec, const char *key);
int lapor_ctl_rec_picture(struct ctl_rec *rec,
    struct ctl_rec_picture *ret_picture) __attribute__((warn_unused_result));

/*
 * Appends what the stream holds above from (not included) up to to; at most
 * about max entries. *ret_more: there are others. -1: Redis is away.
 */
int lapor_ctl_rec_range(struct ctl_rec *rec, const char *key,
    const char *from, const char *to, size_t max,
    struct ctl_rec_entries *entries, bool *ret_more)
    __attribute__((warn_unused_result));

/* Which of the missing ones our group holds pending; -1: Redis is away. */
int lapor_ctl_rec_pending(struct ctl_rec *rec, const char *key,
    struct ctl_rec_entries *entries) __attribute__((warn_unused_result));

/* The first pending entry that is not in the stream, "" if there is none;
 * entries are all that are. -1: Redis is away. */
int lapor_ctl_rec_removed(struct ctl_rec *rec, const char *key,
    const struct ctl_rec_entries *entries, char ret_id[LAPOR_STREAM_ID_LEN])
    __attribute__((warn_unused_result));

/* Two ids as numbers: below 0, 0 or above 0. */
int lapor_ctl_rec_compare(const char *a, const char *b);

/* What was known before this run; -1: PostgreSQL said no. */
int lapor_ctl_rec_load(struct ctl_rec *rec)
    __attribute__((warn_unused_result));

/* How many entries of the stream are counted as done. */
int lapor_ctl_rec_counted(struct ctl_rec *rec, const char *key,
    int64_t *ret_counted) __attribute__((warn_unused_result));

/* Marks those that are not in PostgreSQL; *ret_missing: how many. */
int lapor_ctl_rec_lookup(struct ctl_rec *rec, const char *key,
    struct ctl_rec_entries *entries, size_t *ret_missing)
    __attribute__((warn_unused_result));

/* Keeps what was found, raises and closes alerts, in one transaction. */
int lapor_ctl_rec_store(struct ctl_rec *rec, const char *verdict)
    __attribute__((warn_unused_result));

/* Compares all streams; -1 when a server does not answer. */
int lapor_ctl_rec_streams(struct ctl_rec *rec)
    __attribute__((warn_unused_result));

/* Counts what the spools hold; -1 when one cannot be read. */
int lapor_ctl_rec_spools(struct ctl_rec *rec)
    __attribute__((warn_unused_result));

/* Looks whether each item of the stored webhooks is in its table; counts
 * webhooks as accepted, items as done. -1 when the database does not answer,
 * with the reason told. */
int lapor_ctl_rec_deep(struct ctl_rec *rec, int64_t from_ms, int64_t to_ms)
    __attribute__((warn_unused_result));

#endif
