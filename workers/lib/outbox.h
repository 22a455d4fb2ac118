/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The life of a worker that takes tasks from PostgreSQL's outbox and carries
 * them out over HTTP, many at once, in one thread:
 *
 *     write down what ended - claim what is due, part by part - wait
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
#include "lib/pg.h"
#include "lib/redis.h"


/* Statements that return anything but OK and RETRY end the process. */
struct lapor_outbox {
    const char                *kind;        /* of lapor.task_due() */
    int                        poll_ms;
    int                        drain_ms;
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

    /* Writes down what ended; what could not be written stays for later. */
    enum lapor_pg_class      (*settle)(void *data);

    /* Tasks that are claimed and not written down. */
    int                      (*busy)(void *data);

    /* After a SIGHUP. */
    void                     (*reload)(void *data);

    void                      *data;
};


/* Returns after a stop signal; exits 1 or 78 as lib/log.h says. */
void lapor_outbox_run(const struct lapor_outbox *o);

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
