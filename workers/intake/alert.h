/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Alerts: what a person must look at and no report says. Those found while a
 * batch is stored are written last in its transaction, so that there is an
 * alert exactly where there is its cause, and so that nobody waits long for
 * their rows.
 */

#ifndef LAPOR_INTAKE_ALERT_H
#define LAPOR_INTAKE_ALERT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/pg.h"
#include "lib/pool.h"
#include "lib/str.h"


/* What it does; see lapor.alert_store. */
enum lapor_intake_alert_mode {
    LAPOR_INTAKE_ALERT_OPEN,   /* opens it, or counts one that is open */
    LAPOR_INTAKE_ALERT_OFTEN,  /* likewise, and counts now and then only: for
                                  what a flood of messages tells */
    LAPOR_INTAKE_ALERT_ONCE,   /* opens it if there never was one */
    LAPOR_INTAKE_ALERT_CLOSE   /* the cause is gone */
};


enum lapor_intake_severity {
    LAPOR_INTAKE_INFO,
    LAPOR_INTAKE_WARNING,
    LAPOR_INTAKE_CRITICAL
};


struct lapor_intake_alert {
    enum lapor_intake_alert_mode  mode;
    enum lapor_intake_severity    severity;  /* of CLOSE: any */
    const char                   *kind;      /* lower case and underscores;
                                                outlives the store */
    struct lapor_str              subject;   /* a number of ours, a stream; its
                                                bytes name the part; never of
                                                a person; cut at 200 bytes */
    struct lapor_str              detail;    /* a JSON object without personal
                                                data; absent: {} */
    int64_t                       at_ms;     /* when Meta says that it was;
                                                0: the time is ours, and no
                                                other word can be later */
};


/* Those of one transaction, or one that stands alone. Zeroed is empty; all
 * that it points to lives in the pool given to add. */
struct lapor_intake_alerts {
    struct lapor_intake_alert_slot  *slots;
    size_t                           n;
    size_t                           size;
};


/*
 * Remembers an alert for the end of the transaction; copies what it needs
 * into the pool, which must be that of the transaction (store->pool). The
 * same one again in a batch costs a few bytes and no write. A subject that
 * is empty, or not text that PostgreSQL holds, is "unknown".
 */
void lapor_intake_alert_add(struct lapor_intake_alerts *alerts,
    struct lapor_pool *pool, const struct lapor_intake_alert *alert);

/* Writes them, parts ascending: the last phase of a transaction. */
enum lapor_pg_class lapor_intake_alert_write(
    struct lapor_intake_alerts *alerts, struct lapor_pg *pg,
    struct lapor_pool *pool, int64_t now_ms) LAPOR_PG_MUST;

/* After the COMMIT: one line in the log for each that was opened or closed,
 * "alert: kind=clock_skew subject=redis severity=critical". */
void lapor_intake_alert_tell(const struct lapor_intake_alerts *alerts);

/*
 * One alert by itself, outside of any transaction, at once: written and told.
 * The pool is reset. RETRY: PostgreSQL is away, and it is the caller's to
 * remember it; doing it twice is harmless.
 */
enum lapor_pg_class lapor_intake_alert_now(struct lapor_pg *pg,
    struct lapor_pool *pool, const struct lapor_intake_alert *alert)
    LAPOR_PG_MUST;

#endif
