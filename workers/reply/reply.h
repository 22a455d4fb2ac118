/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-reply: sends the automatic answers.
 *
 * A job is one claimed task; it is `sending` in the database, with its key,
 * before the request starts.  It belongs to exactly one of two lists: running
 * (a POST is under way and its callback holds the job) and ended (its outcome
 * waits to be written down, then it is freed).
 */

#ifndef LAPOR_REPLY_REPLY_H
#define LAPOR_REPLY_REPLY_H


#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/buf.h"
#include "lib/common.h"
#include "lib/graph.h"
#include "lib/http.h"
#include "lib/metrics.h"
#include "lib/outbox.h"
#include "lib/pg.h"
#include "lib/timeutil.h"
#include "reply/number.h"


/* Meta's wamids have some 60 to 200 characters. */
#define LAPOR_REPLY_WAMID_MAX  512

struct lapor_reply_conf {
    struct lapor_common  common;
    char                *name;
    char                *graph_token;
    int64_t              concurrency;
    int64_t              timeout;       /* times in ms */
    int64_t              unknown_wait;
    int64_t              retry_max;
    int64_t              retry_slow;
    int64_t              tries;
    int64_t              poll;
    int64_t              stop_timeout;
};

enum lapor_reply_end {
    LAPOR_REPLY_SENT,
    LAPOR_REPLY_RETRY,      /* refused, later again */
    LAPOR_REPLY_WAIT,       /* not posted, or not its own fault */
    LAPOR_REPLY_FAILED,
    LAPOR_REPLY_UNKNOWN
};

/* What one POST came to, by the page's words. */
enum lapor_reply_send {
    LAPOR_REPLY_ACCEPTED,
    LAPOR_REPLY_REFUSED,
    LAPOR_REPLY_UNSENT,
    LAPOR_REPLY_NO_REPLY
};

/* The page's metrics, in the order of lapor_reply_metrics. */
enum {
    LAPOR_REPLY_SENDS,          /* by enum lapor_reply_send */
    LAPOR_REPLY_RESENDS,
    LAPOR_REPLY_REFUSALS,       /* by Meta's code */
    LAPOR_REPLY_SECONDS,
    LAPOR_REPLY_TASKS,          /* by enum lapor_reply_end, and expired */
    LAPOR_REPLY_NUMBERS,        /* held, alarmed */
    LAPOR_REPLY_BRAKED,
    LAPOR_REPLY_METRICS
};

extern struct lapor_metric  lapor_reply_metrics[LAPOR_REPLY_METRICS];

struct lapor_reply;

struct lapor_reply_job {
    TAILQ_ENTRY(lapor_reply_job)   link;
    struct lapor_reply            *reply;
    struct lapor_number           *number;

    int                            part;
    int64_t                        task_id;
    int                            attempt;
    int                            failures;    /* before this attempt */
    int                            unknowns;
    char                          *recipient;
    bool                           user_id;     /* recipient is one */
    struct lapor_buf               body;        /* must outlive the POST */
    int64_t                        posted;      /* lapor_mono_ms() */

    enum lapor_reply_end           end;
    int64_t                        delay;       /* ms */
    int                            code;        /* Meta's, or NO_CODE */
    char                           error[256];  /* "" when there is none */
    char                           wamid[LAPOR_REPLY_WAMID_MAX + 1];
    int64_t                        sent_at;     /* Unix ms */
};

TAILQ_HEAD(lapor_reply_jobs, lapor_reply_job);

struct lapor_reply {
    struct lapor_reply_conf        *conf;       /* a SIGHUP changes it */
    struct lapor_outbox            *outbox;
    struct lapor_graph             *graph;
    struct lapor_http              *http;
    struct lapor_pg                *pg;
    struct lapor_numbers            numbers;
    struct lapor_reply_jobs         running;
    struct lapor_reply_jobs         ended;
    int                             jobs;       /* in both lists */
    struct lapor_backoff            brake;      /* of the whole worker */
};


/* --- job.c: the POST and its ends */

/* text is the answer's words; the job is in a list from here on. */
void lapor_reply_job_start(struct lapor_reply *r, struct lapor_reply_job *job,
    struct lapor_str text);

/* Out of its list and freed. */
void lapor_reply_job_free(struct lapor_reply_job *job);

/* --- task.c: the outbox's callbacks; data is a struct lapor_reply */

enum lapor_pg_class lapor_reply_begin(void *data) LAPOR_PG_MUST;
int lapor_reply_room(void *data);
enum lapor_pg_class lapor_reply_claim(void *data, int part, int room,
    int *ret_n) LAPOR_PG_MUST;
enum lapor_pg_class lapor_reply_settle(void *data) LAPOR_PG_MUST;
int lapor_reply_busy(void *data);
void lapor_reply_meter(void *data);

/* --- conf.c: the table of settings */

/* The start of main(). */
void lapor_reply_conf_main(int argc, char **argv,
    struct lapor_reply_conf *conf);
void lapor_reply_conf_free(struct lapor_reply_conf *conf);

/* After a SIGHUP: what may change at run time does so. */
void lapor_reply_reload(void *data);

/* From the settings to where they take effect. */
void lapor_reply_apply(struct lapor_reply *r);


#endif
