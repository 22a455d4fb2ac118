/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The SQL side: claiming, and writing down what became of a job.  Every end
 * is fenced by the attempt's number; one that comes after the lease is over
 * changes nothing, and the file is found again by its hash.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/part.h"
#include "lib/pool.h"
#include "media/answer.h"
#include "media/media.h"


static struct lapor_media_job *lapor_media_row(const PGresult *res, int row);
static enum lapor_pg_class lapor_media_write(struct lapor_media_job *job,
    struct lapor_pool *pool);
static enum lapor_pg_class lapor_media_stored(struct lapor_media_job *job,
    struct lapor_pool *pool);
static enum lapor_pg_class lapor_media_failed(struct lapor_media_job *job,
    struct lapor_pool *pool);
static enum lapor_pg_class lapor_media_again(struct lapor_media_job *job);
static void lapor_media_log(const struct lapor_media_job *job);
static void lapor_media_count(const struct lapor_media_job *job);
static void lapor_media_sweep(struct lapor_media *m);


struct lapor_metric  lapor_media_metrics[LAPOR_MEDIA_METRICS] = {
    LAPOR_METRIC(COUNTER, "lapor_media_downloads_total",
        "Attempts that ended, by what became of the task.", "outcome",
        "stored retry wait failed gone", 1),
    LAPOR_METRIC(COUNTER, "lapor_media_bytes_total",
        "Bytes of the files that were stored.", NULL, NULL, 1),
    LAPOR_METRIC(SECONDS, "lapor_media_download_seconds",
        "From the claim of a task until its file is stored.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_media_refusals_total",
        "Answers other than 200, by the code of the Graph API.", "code", NULL,
        1),
    LAPOR_METRIC(GAUGE, "lapor_media_braked",
        "1 while the worker waits, or probes, because none would succeed.",
        NULL, NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_media_alarm",
        "1 while people must act: the access token, the disk.", "alarm",
        "token disk", 1)
};


/* What this worker held when it died is due again at once. */

enum lapor_pg_class
lapor_media_begin(void *data)
{
    int                     part;
    enum lapor_pg_class     class;
    struct lapor_pool      *pool;
    struct lapor_media     *m;
    struct lapor_pgparams   params;

    m = data;
    pool = lapor_pool_create(4096);
    class = lapor_pg_pipe_begin(m->pg);

    for (part = 0; part < LAPOR_PARTS && class == LAPOR_PG_OK; part++) {
        lapor_pgparams_init(&params, pool);
        lapor_pgparams_int2(&params, (int16_t) part);
        lapor_pgparams_cstr(&params, m->conf->name);

        class = lapor_pg_pipe_add(m->pg, "media_release",
                                  "SELECT lapor.media_release($1, $2)",
                                  &params);
    }

    if (class == LAPOR_PG_OK) {
        class = lapor_pg_pipe_end(m->pg, NULL, LAPOR_PARTS, NULL);
    }

    lapor_pool_destroy(pool);
    return class;
}


/* While the brake was not let go by a success, one job probes. */

int
lapor_media_room(void *data)
{
    int                  limit;
    struct lapor_media  *m;

    m = data;
    limit = (int) m->conf->concurrency;

    if (m->brake.step > 0) {
        limit = lapor_backoff_left(&m->brake) > 0 ? 0 : 1;
    }

    return limit > m->jobs ? limit - m->jobs : 0;
}


enum lapor_pg_class
lapor_media_claim(void *data, int part, int room, int *ret_n)
{
    int                       i;
    PGresult                 *res;
    enum lapor_pg_class       class;
    struct lapor_pool        *pool;
    struct lapor_media       *m;
    struct lapor_pgparams     params;
    struct lapor_media_job   *job;

    m = data;

    if (m->alarms[LAPOR_MEDIA_ALARM_TOKEN]) {
        (void) lapor_graph_reload(m->graph);
    }

    pool = lapor_pool_create(1024);
    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) part);
    lapor_pgparams_cstr(&params, m->conf->name);
    lapor_pgparams_int4(&params, room);
    lapor_pgparams_int8(&params, m->conf->lease);

    class = lapor_pg_call(m->pg, "media_claim",
                          "SELECT * FROM lapor.media_claim($1, $2, $3, "
                          "$4 * interval '1 millisecond')", &params, &res);

    if (class == LAPOR_PG_OK) {
        *ret_n = PQntuples(res);

        for (i = 0; i < *ret_n; i++) {
            job = lapor_media_row(res, i);
            job->part = part;
            lapor_media_job_start(m, job);
        }

        PQclear(res);
    }

    lapor_pool_destroy(pool);
    return class;
}


static struct lapor_media_job *
lapor_media_row(const PGresult *res, int row)
{
    struct lapor_str         sha256;
    struct lapor_media_job  *job;

#define col(name)  lapor_pg_col(res, name)

    job = calloc(1, sizeof(struct lapor_media_job));
    if (job == NULL) {
        lapor_fatal_memory();
    }

    job->task_id = lapor_pg_get_int(res, row, col("task_id"));
    job->attempt = (int) lapor_pg_get_int(res, row, col("attempt"));
    job->failures = (int) lapor_pg_get_int(res, row, col("failures"));
    job->expired = lapor_pg_get_bool(res, row, col("expired"));
    job->media_id = lapor_pg_get_copy(res, row, col("media_id"));
    job->phone_number_id = lapor_pg_get_copy(res, row, col("phone_number_id"));

    sha256 = lapor_pg_get_str(res, row, col("announced_sha256"));
    job->announced = !lapor_str_empty(sha256)
                     && lapor_media_sha256_read(sha256, job->want) == 0;

#undef col

    return job;
}


enum lapor_pg_class
lapor_media_settle(void *data)
{
    enum lapor_pg_class      class;
    struct lapor_pool       *pool;
    struct lapor_media      *m;
    struct lapor_media_job  *job;

    m = data;
    class = LAPOR_PG_OK;
    lapor_media_sweep(m);

    if (TAILQ_EMPTY(&m->ended)) {
        return class;
    }

    pool = lapor_pool_create(1024);

    while ((job = TAILQ_FIRST(&m->ended)) != NULL) {
        class = lapor_media_write(job, pool);
        lapor_pool_reset(pool);

        if (class != LAPOR_PG_OK && class != LAPOR_PG_DATA) {
            break;
        }

        if (class != LAPOR_PG_OK) {
            lapor_log_err("could not write down a download, its lease will "
                          "end: %s sqlstate=%s part=%d task=%" PRId64,
                          lapor_pg_error(m->pg), lapor_pg_sqlstate(m->pg),
                          job->part, job->task_id);
            class = LAPOR_PG_OK;

        } else {
            lapor_media_log(job);
            lapor_media_count(job);
        }

        lapor_media_job_free(job);

        if (lapor_outbox_late() && !TAILQ_EMPTY(&m->ended)) {
            class = LAPOR_PG_RETRY;
            break;
        }
    }

    lapor_pool_destroy(pool);
    return class;
}


static enum lapor_pg_class
lapor_media_write(struct lapor_media_job *job, struct lapor_pool *pool)
{
    switch (job->end) {

    case LAPOR_MEDIA_STORED:
        return lapor_media_stored(job, pool);

    case LAPOR_MEDIA_FAILED:
    case LAPOR_MEDIA_GONE:
        return lapor_media_failed(job, pool);

    default:
        return lapor_media_again(job);
    }
}


static enum lapor_pg_class
lapor_media_stored(struct lapor_media_job *job, struct lapor_pool *pool)
{
    struct lapor_pgparams  params;

    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) job->part);
    lapor_pgparams_int8(&params, job->task_id);
    lapor_pgparams_int4(&params, job->attempt);

    /* the path is ab/cd/HASH */
    lapor_pgparams_cstr(&params, job->path + 6);
    lapor_pgparams_cstr(&params, job->path);
    lapor_pgparams_int8(&params, job->size);

    return lapor_pg_call(job->media->pg, "media_stored",
                         "SELECT lapor.media_stored($1, $2, $3, $4, $5, $6)",
                         &params, NULL);
}


static enum lapor_pg_class
lapor_media_failed(struct lapor_media_job *job, struct lapor_pool *pool)
{
    struct lapor_pgparams  params;

    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) job->part);
    lapor_pgparams_int8(&params, job->task_id);
    lapor_pgparams_int4(&params, job->attempt);
    lapor_pgparams_cstr(&params,
                        job->end == LAPOR_MEDIA_GONE ? "gone" : "failed");

    if (job->code == LAPOR_GRAPH_NO_CODE) {
        lapor_pgparams_null(&params, LAPOR_PG_INT4);

    } else {
        lapor_pgparams_int4(&params, job->code);
    }

    lapor_pgparams_cstr(&params, job->error);

    return lapor_pg_call(job->media->pg, "media_failed",
                         "SELECT lapor.media_failed($1, $2, $3, $4, $5, $6)",
                         &params, NULL);
}


static enum lapor_pg_class
lapor_media_again(struct lapor_media_job *job)
{
    struct lapor_outbox_retry  retry;

    retry.part = job->part;
    retry.task_id = job->task_id;
    retry.attempt = job->attempt;
    retry.delay_ms = job->delay;
    retry.counts = job->end == LAPOR_MEDIA_RETRY;
    retry.code = job->code;
    retry.error = job->error;

    return lapor_outbox_retry(job->media->pg, &retry);
}


static void
lapor_media_log(const struct lapor_media_job *job)
{
    switch (job->end) {

    case LAPOR_MEDIA_STORED:
        lapor_log_info("media stored size=%" PRId64 " part=%d task=%" PRId64,
                       job->size, job->part, job->task_id);
        break;

    case LAPOR_MEDIA_FAILED:
    case LAPOR_MEDIA_GONE:
        lapor_log_warn("media given up state=%s code=%d part=%d "
                       "task=%" PRId64,
                       job->end == LAPOR_MEDIA_GONE ? "gone" : "failed",
                       job->code, job->part, job->task_id);
        break;

    default:
        lapor_log_info("media put back delay_ms=%" PRId64 " failures=%d "
                       "part=%d task=%" PRId64, job->delay,
                       job->failures + (job->end == LAPOR_MEDIA_RETRY),
                       job->part, job->task_id);
    }
}


static void
lapor_media_count(const struct lapor_media_job *job)
{
    struct lapor_metric  *m;

    m = lapor_media_metrics;
    lapor_metric_add(&m[LAPOR_MEDIA_DOWNLOADS], job->end, 1);

    if (job->end == LAPOR_MEDIA_STORED) {
        lapor_metric_add(&m[LAPOR_MEDIA_BYTES], 0, job->size);
        lapor_metric_observe(&m[LAPOR_MEDIA_SECONDS],
                             (lapor_mono_ms() - job->started) * 1000);
    }
}


/*
 * What workers of other names left and nobody starts again under: older than
 * a lease, it belongs to nobody.
 */

static void
lapor_media_sweep(struct lapor_media *m)
{
    int      n;
    int64_t  now;

    now = lapor_mono_ms();

    if (m->swept != 0 && now - m->swept < m->conf->lease) {
        return;
    }

    m->swept = now;
    n = lapor_file_sweep(m->conf->common.media_dir, NULL, m->conf->lease);

    if (n > 0) {
        lapor_log_notice("removed old temporary files n=%d", n);
    }
}


int
lapor_media_busy(void *data)
{
    struct lapor_media  *m;

    m = data;
    return m->jobs;
}


void
lapor_media_meter(void *data)
{
    int                  i;
    struct lapor_media  *m;

    m = data;
    lapor_metric_set(&lapor_media_metrics[LAPOR_MEDIA_BRAKED], 0,
                     m->brake.step > 0);

    for (i = 0; i < LAPOR_MEDIA_ALARMS; i++) {
        lapor_metric_set(&lapor_media_metrics[LAPOR_MEDIA_ALARM],
                         (unsigned) i, m->alarms[i]);
    }
}
