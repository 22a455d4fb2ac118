/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Counters of a worker, and the page that shows them in the text format of
 * Prometheus (version 0.0.4).
 *
 * A metric is a static struct made by LAPOR_METRIC(). Any thread may count,
 * with one atomic addition and without a lock; it may do so before, without
 * and after the page. Nothing here is allocated but the page itself. Labels
 * are words of ours or of Meta's protocol, never of a person: whatever else
 * comes is shown with '_' in its place.
 *
 * Names: lapor_, in the plural of what is counted, seconds and bytes as units,
 * _total behind a counter (prometheus.io, "Metric and label naming").
 */

#ifndef LAPOR_LIB_METRICS_H
#define LAPOR_LIB_METRICS_H


#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>


/* The most values of a label; what comes beyond is counted as "other". */
#define LAPOR_METRIC_CELLS  32
#define LAPOR_METRIC_LABEL  80      /* bytes of name="value",name="value" */

enum lapor_metric_type {
    LAPOR_METRIC_COUNTER,
    LAPOR_METRIC_GAUGE,
    LAPOR_METRIC_SECONDS    /* a histogram of durations */
};

struct lapor_metric {
    enum lapor_metric_type   type;
    const char              *name;
    const char              *help;      /* one line */
    const char              *label;     /* names, with a blank between two;
                                           NULL: a single number */
    const char              *values;    /* of the label, with blanks between,
                                           in the order of their numbers;
                                           NULL: lapor_metric_label() */
    int64_t                  per;       /* of what is counted in one unit of
                                           the name's: 1000 where ms are shown
                                           as seconds */

    /* the rest begins as zero */
    _Atomic int64_t          cells[LAPOR_METRIC_CELLS];
    _Atomic int64_t          sum;       /* of a histogram, in us */
    _Atomic unsigned         n;         /* values met at run time */
    _Atomic uint32_t         seen;      /* set since lapor_metric_fresh() */
    char                     text[LAPOR_METRIC_CELLS][LAPOR_METRIC_LABEL];
    struct lapor_metric     *next;      /* on the page */
};

#define LAPOR_METRIC(kind, metric, text, names, list, unit)                   \
    { .type = LAPOR_METRIC_##kind, .name = metric, .help = text,              \
      .label = names, .values = list, .per = unit }

/* What all workers have: states by LAPOR_METRIC_UP and _DOWN. */
enum {
    LAPOR_METRIC_UP,
    LAPOR_METRIC_DOWN
};

extern struct lapor_metric  lapor_metric_redis_links;
extern struct lapor_metric  lapor_metric_postgres_links;
extern struct lapor_metric  lapor_metric_postgres_errors;   /* by class */
extern struct lapor_metric  lapor_metric_turns;
extern struct lapor_metric  lapor_metric_last_turn;
extern struct lapor_metric  lapor_metric_reloads;   /* 0 applied, 1 refused */


/* Counts n more (or less, of a gauge) of the label's i-th value. */
void lapor_metric_add(struct lapor_metric *m, unsigned i, int64_t n);

/* A gauge's value, in what `per` says. */
void lapor_metric_set(struct lapor_metric *m, unsigned i, int64_t n);

/* One duration, in microseconds; below 0 counts as 0. */
void lapor_metric_observe(struct lapor_metric *m, int64_t us);

/* One thing goes from a label's value to another; -1 is nowhere. */
void lapor_metric_move(struct lapor_metric *m, int from, int to);

/* The number of a value met at run time; second is NULL with one label. */
unsigned lapor_metric_label(struct lapor_metric *m, const char *first,
    const char *second);

/*
 * A gauge whose values are found out anew, by one thread: fresh, then a set
 * for each that is there, then done, which sets all others to 0.
 */
void lapor_metric_fresh(struct lapor_metric *m);
void lapor_metric_done(struct lapor_metric *m);

/* Puts a table's metrics on the page, in their order; once, before start. */
void lapor_metrics_table(struct lapor_metric *table, size_t n);


struct lapor_buf;

/* The whole page, of the program of that name; started is Unix ms. */
void lapor_metrics_page(struct lapor_buf *buf, const char *program,
    int64_t started);

/*
 * "ADDRESS:PORT" (IPv4, or IPv6 in brackets), "unix:PATH", or NULL for none.
 * -1 and the reason in err when it is neither.
 */
int lapor_metrics_check(const char *address, char *err, size_t size)
    __attribute__((warn_unused_result));

/*
 * Answers GET /metrics there, in a thread of its own, until stop. Does nothing
 * without an address. Exits 78 when the address cannot be taken. A unix socket
 * is for owner and group; one that a dead process left is taken over.
 *
 * The page is shown to whoever reaches the address: it holds no secret and
 * nothing of a person, but should be the monitoring's alone all the same. Few
 * connections are served, and each for a few seconds.
 */
void lapor_metrics_start(const char *address, const char *program);
void lapor_metrics_stop(void);


#endif
