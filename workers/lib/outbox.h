/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The life of a worker that takes tasks from PostgreSQL's outbox and carries
 * them out over HTTP, many at once, in one thread:
 *
 *     write down what ended - claim what is due, part by part - wait
 *
 * One such round is a turn, and its end feeds the watchdog; no turn lasts
 * longer than one statement may and some seconds.
 *
 * It wakes up by Redis and asks PostgreSQL every poll_ms in any case, so that
 * Redis may be away and a wake-up lost. While PostgreSQL is away what runs
 * goes on, and what ended waits to be written down. SIGTERM ends the claims;
 * what runs gets drain_ms to end, and the leases take care of the rest.
 */

#ifndef LAPOR_LIB_OUTBOX_H
#define LAPOR_LIB_OUTBOX_H


#include <stdbool.h>
#include <stdint.h>

#include "lib/http.h"
#include "lib/metrics.h"
#include "lib/pg.h"
#include "lib/redis.h"


/* Longest time, in ms, that one turn settles or claims. */
#define LAPOR_OUTBOX_TURN  5000

/* Statements that return anything but OK and RETRY end the process. */
struct lapor_outbox {
    const char                *kind;        /* of lapor.task_due() */
    int                        poll_ms;
    int                        drain_ms;
    bool                       metrics;     /* a page shows what is due */
    struct lapor_pg           *pg;
    struct lapor_http         *http;
    struct lapor_redis_sub    *sub;         /* wake-ups */

    /* Once, when PostgreSQL is first reached; again after RETRY. */
    enum lapor_pg_class      (*begin)(void *data);

    /* How many tasks may be claimed now. */
    int                      (*room)(void *data);

    /*
     * Claims up to room tasks of the part and starts them; *ret_n is how many
     * rows came.
     */
    enum lapor_pg_class      (*claim)(void *data, int part, int room,
                                      int *ret_n);

    /*
     * Writes down what ended; what could not be written stays for later. When
     * lapor_outbox_late() says so it stops with RETRY, for nothing may be
     * claimed before all is written.
     */
    enum lapor_pg_class      (*settle)(void *data);

    /* Tasks that are claimed and not written down. */
    int                      (*busy)(void *data);

    /* After a SIGHUP; may change poll_ms and drain_ms. */
    void                     (*reload)(void *data);

    /* About once a second: gauges. */
    void                     (*meter)(void *data);

    void                      *data;
};


/* The page for Prometheus at this address (NULL: none), with the worker's own
   table behind what all outboxes have; see lapor_metrics_start(). */
void lapor_outbox_start(const char *address, const char *program,
    struct lapor_metric *table, size_t n);

/* Returns after a stop signal; exits 1 or 78 as lib/log.h says. */
void lapor_outbox_run(const struct lapor_outbox *o);

/* Has this turn lasted long enough, since it began to settle or claim? */
bool lapor_outbox_late(void);

/* How a task is put back; see lapor.task_retry(). */
struct lapor_outbox_retry {
    int          part;
    int64_t      task_id;
    int          attempt;
    int64_t      delay_ms;
    bool         counts;    /* the task itself failed */
    int          code;      /* of Meta, < 0: none */
    const char  *error;     /* valid UTF-8; NULL: the last reason stays */
};

enum lapor_pg_class lapor_outbox_retry(struct lapor_pg *pg,
    const struct lapor_outbox_retry *retry) LAPOR_PG_MUST;

/*
 * The pause before another try after n failures (n >= 1): base doubled n - 1
 * times, at most max, of which chance takes a piece (full jitter), but never
 * less than a tenth of a second.
 */
int64_t lapor_outbox_delay(int n, int64_t base_ms, int64_t max_ms);


#endif
