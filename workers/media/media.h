/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-media: downloads what reporters sent.
 *
 * A job is one claimed task.  It belongs to exactly one of two lists: running
 * (a request is under way, whose callbacks hold the job) and ended (nothing
 * holds it; its outcome waits to be written down, then it is freed).
 */

#ifndef LAPOR_MEDIA_MEDIA_H
#define LAPOR_MEDIA_MEDIA_H


#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/common.h"
#include "lib/file.h"
#include "lib/graph.h"
#include "lib/http.h"
#include "lib/metrics.h"
#include "lib/outbox.h"
#include "lib/pg.h"
#include "lib/timeutil.h"
#include "media/allow.h"


struct lapor_media_conf {
    struct lapor_common  common;
    char                *name;
    char                *graph_token;
    char                *media_hosts;
    int64_t              concurrency;
    int64_t              max_size;
    int64_t              lease;         /* times in ms */
    int64_t              timeout;
    int64_t              retry_base;
    int64_t              retry_max;
    int64_t              retry_slow;
    int64_t              tries;
    int64_t              poll;
    int64_t              stop_timeout;
};

enum lapor_media_end {
    LAPOR_MEDIA_STORED,
    LAPOR_MEDIA_RETRY,      /* the task failed, later again */
    LAPOR_MEDIA_WAIT,       /* later again, not the task's fault */
    LAPOR_MEDIA_FAILED,
    LAPOR_MEDIA_GONE
};

/* The page's metrics, in the order of lapor_media_metrics. */
enum {
    LAPOR_MEDIA_DOWNLOADS,      /* by enum lapor_media_end */
    LAPOR_MEDIA_BYTES,
    LAPOR_MEDIA_SECONDS,
    LAPOR_MEDIA_REFUSALS,       /* by Meta's code */
    LAPOR_MEDIA_BRAKED,
    LAPOR_MEDIA_ALARM,          /* by enum lapor_media_alarm */
    LAPOR_MEDIA_METRICS
};

extern struct lapor_metric  lapor_media_metrics[LAPOR_MEDIA_METRICS];

/* What people must look after; each is told once until it is over. */
enum lapor_media_alarm {
    LAPOR_MEDIA_ALARM_TOKEN,
    LAPOR_MEDIA_ALARM_DISK,
    LAPOR_MEDIA_ALARMS
};

struct lapor_media;

struct lapor_media_job {
    TAILQ_ENTRY(lapor_media_job)   link;
    struct lapor_media            *media;

    int                            part;
    int64_t                        task_id;
    int                            attempt;
    int                            failures;    /* before this attempt */
    bool                           expired;     /* the last try */
    char                          *media_id;
    char                          *phone_number_id;
    bool                           announced;   /* want is set */
    unsigned char                  want[LAPOR_SHA256_LEN];

    int64_t                        started;     /* lapor_mono_ms() */
    int64_t                        deadline;
    int                            asked;       /* times */
    char                          *url;
    bool                           hashed;      /* told is set */
    unsigned char                  told[LAPOR_SHA256_LEN];
    bool                           open;        /* file is */
    int                            file_errno;
    struct lapor_file              file;

    enum lapor_media_end           end;
    int64_t                        delay;       /* ms */
    int                            code;        /* Meta's, or NO_CODE */
    char                           error[256];
    char                           path[LAPOR_FILE_NAME_LEN];
    int64_t                        size;
};

TAILQ_HEAD(lapor_media_jobs, lapor_media_job);

struct lapor_media {
    struct lapor_media_conf        *conf;       /* a SIGHUP changes it */
    struct lapor_outbox            *outbox;
    struct lapor_graph             *graph;
    struct lapor_allow             *allow;
    struct lapor_http              *http;
    struct lapor_pg                *pg;
    struct lapor_media_jobs         running;
    struct lapor_media_jobs         ended;
    int                             jobs;       /* in both lists */
    bool                            alarms[LAPOR_MEDIA_ALARMS];
    struct lapor_backoff            brake;      /* of the whole worker */
    int64_t                         swept;      /* lapor_mono_ms() */
};


/* --- job.c: the two requests and their ends */

/* Takes a job that was filled from its row; it is in a list from here on. */
void lapor_media_job_start(struct lapor_media *m,
    struct lapor_media_job *job);

/* Out of its list and freed. */
void lapor_media_job_free(struct lapor_media_job *job);

/* --- task.c: the outbox's callbacks; data is a struct lapor_media */

enum lapor_pg_class lapor_media_begin(void *data) LAPOR_PG_MUST;
int lapor_media_room(void *data);
enum lapor_pg_class lapor_media_claim(void *data, int part, int room,
    int *ret_n) LAPOR_PG_MUST;
enum lapor_pg_class lapor_media_settle(void *data) LAPOR_PG_MUST;
int lapor_media_busy(void *data);
void lapor_media_meter(void *data);

/* --- conf.c: the table of settings */

/* The start of main(). */
void lapor_media_conf_main(int argc, char **argv,
    struct lapor_media_conf *conf);
void lapor_media_conf_free(struct lapor_media_conf *conf);

/* After a SIGHUP: what may change at run time does so. */
void lapor_media_reload(void *data);

/* The hosts that may serve media: media_hosts and graph_url. NULL, and the
   reason in err, when one is no origin. */
struct lapor_allow *lapor_media_hosts(const struct lapor_media_conf *conf,
    char *err, size_t size);

/* From the settings to where they take effect. */
void lapor_media_apply(struct lapor_media *m);


#endif
