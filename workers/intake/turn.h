/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One round of the loop: entries out of Redis, into PostgreSQL, and only then
 * acknowledged.
 */

#ifndef LAPOR_INTAKE_TURN_H
#define LAPOR_INTAKE_TURN_H

#include "intake/conf.h"
#include "intake/store.h"
#include "lib/timeutil.h"


struct lapor_intake {
    const struct lapor_intake_conf  *conf;
    struct lapor_stream             *stream;
    struct lapor_pool               *entries;   /* of one read */
    struct lapor_intake_batch        batch;     /* of one transaction */
    struct lapor_intake_store        store;
    struct lapor_backoff             backoff;   /* of PostgreSQL's refusals */
    bool                             waiting;   /* for PostgreSQL, and said so
                                                   in the log */

    /* lapor_mono_ms() at which each is due */
    int64_t                          months_due;
    int64_t                          claim_due;
    int64_t                          trim_due;
    int64_t                          summary_due;
    int64_t                          state_due;

    bool                             redis_up;      /* as told to systemd */
    bool                             postgres_up;

    struct lapor_intake_count        told;      /* counts in the last summary */
};


/* Opens nothing yet; exits 78 when an address cannot be right. */
void lapor_intake_init(struct lapor_intake *in,
    const struct lapor_intake_conf *conf);
void lapor_intake_done(struct lapor_intake *in);

/* Returns when there was something to do, or the wait for it is over. Exits
 * 78 or 1 where waiting cannot help. */
void lapor_intake_turn(struct lapor_intake *in);

/* Counts since the last call, as a line in the log. */
void lapor_intake_summary(struct lapor_intake *in);

#endif
