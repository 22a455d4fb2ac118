/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The threads of lapor-intake. Each runs a loop of its own (turn.h); the main
 * thread runs none: it starts and ends them, answers signals, and adds up what
 * they tell.
 */

#ifndef LAPOR_INTAKE_LOOPS_H
#define LAPOR_INTAKE_LOOPS_H

#include "intake/turn.h"


struct lapor_intake_loops {
    struct lapor_intake        *loops;
    pthread_t                  *threads;
    unsigned                    n;
    struct lapor_intake_clock   clock;
    int64_t                     summary_due;  /* lapor_mono_ms() */
    struct lapor_intake_count   told;         /* in the last summary */
};


/* Starts conf->loops threads; they take no signals. Exits 71 when the system
 * refuses, 78 when an address cannot be right. */
void lapor_intake_loops_start(struct lapor_intake_loops *all,
    const struct lapor_intake_conf *conf);

/* Waits until all have ended after a stop signal, each after its batch. */
void lapor_intake_loops_end(struct lapor_intake_loops *all);

/* What the main thread does a few times a second. */
void lapor_intake_loops_watch(struct lapor_intake_loops *all,
    const struct lapor_intake_conf *conf);

/* After a SIGHUP: the file is read again into conf, and each loop told. */
void lapor_intake_loops_reload(struct lapor_intake_loops *all,
    struct lapor_intake_conf *conf);

/* The sum of what the loops tell; up is where it is for all of them. */
struct lapor_intake_news lapor_intake_loops_sum(
    struct lapor_intake_loops *all);

#endif
