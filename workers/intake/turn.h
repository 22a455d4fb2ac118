/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One loop of lapor-intake, in a thread of its own: entries out of Redis, into
 * PostgreSQL, and only then acknowledged. Loops share nothing but what they
 * tell the main thread, and what it tells them.
 */

#ifndef LAPOR_INTAKE_TURN_H
#define LAPOR_INTAKE_TURN_H

#include <pthread.h>

#include "intake/clock.h"
#include "intake/conf.h"
#include "intake/lease.h"
#include "intake/loss.h"
#include "intake/scout.h"
#include "intake/store.h"
#include "lib/timeutil.h"


/* The longest consumer of a conf, a dot and a number. */
#define LAPOR_INTAKE_NAME  72


/* What a loop tells, as of the end of its last turn. */
struct lapor_intake_news {
    struct lapor_intake_count  count;
    int64_t                    backlog;    /* entries of its partitions */
    int64_t                    lag[2];     /* not read yet, by kind */
    int64_t                    oldest;     /* of both when it came, Unix ms;
                                              0: nothing waits */
    int64_t                    owned;      /* partitions */
    uint64_t                   remade;     /* groups that had vanished */
    bool                       redis_up;
    bool                       postgres_up;
};


struct lapor_intake {
    unsigned                    index;      /* from 0 */
    char                        name[LAPOR_INTAKE_NAME];
    struct lapor_intake_conf    conf;       /* its own copy; the strings are
                                               the main thread's and of use
                                               at the start only */
    struct lapor_stream        *stream;
    struct lapor_intake_lease   lease;
    struct lapor_intake_scout   scout;
    struct lapor_intake_loss    loss;
    struct lapor_intake_clock  *clock;      /* of all loops; the first one
                                               looks at it */
    struct lapor_pool          *entries;    /* of one read */
    struct lapor_intake_batch   batch;      /* of one transaction */
    struct lapor_intake_store   store;
    struct lapor_backoff        backoff;    /* of PostgreSQL's refusals */
    int64_t                     waiting;    /* for PostgreSQL since; 0: not */
    uint64_t                    warned;     /* so of this connection */
    size_t                      want;       /* entries of a read, for now */
    bool                        metered;    /* there is a page */
    int64_t                     at_hand;    /* when the oldest came that was
                                               read and is not stored, and */
    int64_t                     in_redis;   /* that was not read: Unix ms,
                                               0: there is none */

    /* lapor_mono_ms() at which each is due */
    int64_t                     hour_due;
    int64_t                     meter_due;
    int64_t                     claim_due;
    int64_t                     trim_due;

    pthread_mutex_t             lock;       /* of what follows */
    struct lapor_intake_news    news;
    struct lapor_intake_conf    given;      /* settings of the next turn */
    char                       *pg_password;    /* of them; NULL: none */
    char                       *redis_password;
    bool                        is_given;
};


/* Opens nothing yet; exits 78 when an address cannot be right. */
void lapor_intake_init(struct lapor_intake *in,
    const struct lapor_intake_conf *conf, unsigned index,
    struct lapor_intake_clock *clock);

/* Gives the partitions back. */
void lapor_intake_done(struct lapor_intake *in);

/* Returns when there was something to do, or the wait for it is over. Exits
 * 78 or 1 where waiting cannot help. */
void lapor_intake_turn(struct lapor_intake *in);

/* --- tune.c */

/* By the loop itself: takes new settings, if there are some; forgets the
 * secrets among them. */
void lapor_intake_settings(struct lapor_intake *in);
void lapor_intake_forget(struct lapor_intake *in);

/* From any thread: new settings, and what there is to tell. */
void lapor_intake_tune(struct lapor_intake *in,
    const struct lapor_intake_conf *conf);
struct lapor_intake_news lapor_intake_ask(struct lapor_intake *in);

#endif
