/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The SQL side: claiming, and writing down what became of a job.  While
 * PostgreSQL is away outcomes wait here, and they are written before anything
 * is claimed again, so that no message whose fate is known goes out twice.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pool.h"
#include "reply/reply.h"


/* Between the end of a request and the statement that writes it down. */
#define LAPOR_REPLY_MARGIN  5000


static struct lapor_reply_job *lapor_reply_row(struct lapor_reply *r,
    const PGresult *res, int row);
static enum lapor_pg_class lapor_reply_write(struct lapor_reply_job *job,
    struct lapor_pool *pool);
static enum lapor_pg_class lapor_reply_write_sent(struct lapor_reply_job *job,
    struct lapor_pool *pool);
static enum lapor_pg_class lapor_reply_write_failed(
    struct lapor_reply_job *job, struct lapor_pool *pool);
static enum lapor_pg_class lapor_reply_write_unknown(
    struct lapor_reply_job *job, struct lapor_pool *pool);
static enum lapor_pg_class lapor_reply_write_retry(
    struct lapor_reply_job *job);
static void lapor_reply_log(const struct lapor_reply_job *job);
static void lapor_reply_ended(int end);


/* Behind those of enum lapor_reply_end. */
#define LAPOR_REPLY_EXPIRED  (LAPOR_REPLY_UNKNOWN + 1)

struct lapor_metric  lapor_reply_metrics[LAPOR_REPLY_METRICS] = {
    LAPOR_METRIC(COUNTER, "lapor_reply_sends_total",
        "Requests by what came of them.", "outcome",
        "accepted refused unsent unknown", 1),
    LAPOR_METRIC(COUNTER, "lapor_reply_resends_total",
        "Requests for an answer whose first one may have been sent.", NULL,
        NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_reply_refusals_total",
        "Refusals by the code of the Graph API.", "code", NULL, 1),
    LAPOR_METRIC(SECONDS, "lapor_reply_send_seconds",
        "From the start of a request until its end.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_reply_tasks_total",
        "Attempts that ended, by what became of the task.", "outcome",
        "sent retry wait failed unknown expired", 1),
    LAPOR_METRIC(GAUGE, "lapor_reply_numbers",
        "Phone numbers that send nothing for now, and those where people must"
        " act.", "state", "held alarm", 1),
    LAPOR_METRIC(GAUGE, "lapor_reply_braked",
        "1 while the worker waits, or probes, because none would succeed.",
        NULL, NULL, 1)
};


/* What this worker was sending when it died stays `sending`: a status, or the
   lease's end, decides. */

enum lapor_pg_class
lapor_reply_begin(void *data)
{
    (void) data;

    return LAPOR_PG_OK;
}


/* While the brake was not let go by an answer, one job probes. */

int
lapor_reply_room(void *data)
{
    int                  limit;
    struct lapor_reply  *r;

    r = data;
    limit = (int) r->conf->concurrency;

    if (r->brake.step > 0) {
        limit = lapor_backoff_left(&r->brake) > 0 ? 0 : 1;
    }

    return limit > r->jobs ? limit - r->jobs : 0;
}


enum lapor_pg_class
lapor_reply_claim(void *data, int part, int room, int *ret_n)
{
    int                       i;
    PGresult                 *res;
    enum lapor_pg_class       class;
    struct lapor_pool        *pool;
    struct lapor_reply       *r;
    struct lapor_pgparams     params;
    struct lapor_reply_job   *job;

    r = data;
    pool = lapor_pool_create(1024);
    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) part);
    lapor_pgparams_cstr(&params, r->conf->name);
    lapor_pgparams_int4(&params, room);
    lapor_pgparams_int8(&params, r->conf->timeout + r->conf->unknown_wait
                                 + LAPOR_REPLY_MARGIN);

    class = lapor_pg_call(r->pg, "reply_claim",
                          "SELECT * FROM lapor.reply_claim($1, $2, $3, "
                          "$4 * interval '1 millisecond')", &params, &res);

    if (class == LAPOR_PG_OK) {
        *ret_n = PQntuples(res);

        for (i = 0; i < *ret_n; i++) {
            /* no words: too late for an answer, and ended as such */
            if (PQgetisnull(res, i, lapor_pg_col(res, "body"))) {
                lapor_reply_ended(LAPOR_REPLY_EXPIRED);
                continue;
            }

            job = lapor_reply_row(r, res, i);
            job->part = part;
            lapor_reply_job_start(r, job, lapor_pg_get_str(res, i,
                                      lapor_pg_col(res, "body")));
        }

        PQclear(res);
    }

    lapor_pool_destroy(pool);
    return class;
}


static struct lapor_reply_job *
lapor_reply_row(struct lapor_reply *r, const PGresult *res, int row)
{
    char                    *number;
    struct lapor_reply_job  *job;

#define col(name)  lapor_pg_col(res, name)

    job = calloc(1, sizeof(struct lapor_reply_job));
    if (job == NULL) {
        lapor_fatal_memory();
    }

    job->reply = r;
    lapor_buf_init(&job->body);
    job->task_id = lapor_pg_get_int(res, row, col("task_id"));
    job->attempt = (int) lapor_pg_get_int(res, row, col("attempt"));
    job->failures = (int) lapor_pg_get_int(res, row, col("failures"));
    job->unknowns = (int) lapor_pg_get_int(res, row, col("unknowns"));
    job->recipient = lapor_pg_get_copy(res, row, col("recipient"));
    job->user_id = lapor_str_eqz(
        lapor_pg_get_str(res, row, col("recipient_kind")), "user_id");

    number = lapor_pg_get_copy(res, row, col("phone_number_id"));
    job->number = lapor_number_get(&r->numbers, number);
    free(number);

#undef col

    return job;
}


enum lapor_pg_class
lapor_reply_settle(void *data)
{
    enum lapor_pg_class      class;
    struct lapor_pool       *pool;
    struct lapor_reply      *r;
    struct lapor_reply_job  *job;

    r = data;
    class = LAPOR_PG_OK;

    if (TAILQ_EMPTY(&r->ended)) {
        return class;
    }

    pool = lapor_pool_create(1024);

    while ((job = TAILQ_FIRST(&r->ended)) != NULL) {
        class = lapor_reply_write(job, pool);
        lapor_pool_reset(pool);

        if (class != LAPOR_PG_OK && class != LAPOR_PG_DATA) {
            break;
        }

        if (class != LAPOR_PG_OK) {
            lapor_log_err("could not write down an answer, its lease will "
                          "end: %s sqlstate=%s part=%d task=%" PRId64,
                          lapor_pg_error(r->pg), lapor_pg_sqlstate(r->pg),
                          job->part, job->task_id);
            class = LAPOR_PG_OK;

        } else {
            lapor_reply_log(job);
            lapor_reply_ended(job->end);
        }

        lapor_reply_job_free(job);

        if (lapor_outbox_late() && !TAILQ_EMPTY(&r->ended)) {
            class = LAPOR_PG_RETRY;
            break;
        }
    }

    lapor_pool_destroy(pool);
    return class;
}


static enum lapor_pg_class
lapor_reply_write(struct lapor_reply_job *job, struct lapor_pool *pool)
{
    switch (job->end) {

    case LAPOR_REPLY_SENT:
        return lapor_reply_write_sent(job, pool);

    case LAPOR_REPLY_FAILED:
        return lapor_reply_write_failed(job, pool);

    case LAPOR_REPLY_UNKNOWN:
        return lapor_reply_write_unknown(job, pool);

    default:
        return lapor_reply_write_retry(job);
    }
}


/* Not fenced: a message that Meta took was sent, whoever claimed the task
   since. */

static enum lapor_pg_class
lapor_reply_write_sent(struct lapor_reply_job *job, struct lapor_pool *pool)
{
    struct lapor_pgparams  params;

    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) job->part);
    lapor_pgparams_int8(&params, job->task_id);
    lapor_pgparams_cstr(&params, job->wamid);
    lapor_pgparams_time(&params, job->sent_at);

    return lapor_pg_call(job->reply->pg, "reply_sent",
                         "SELECT lapor.reply_sent($1, $2, $3, $4)", &params,
                         NULL);
}


static enum lapor_pg_class
lapor_reply_write_failed(struct lapor_reply_job *job, struct lapor_pool *pool)
{
    struct lapor_pgparams  params;

    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) job->part);
    lapor_pgparams_int8(&params, job->task_id);
    lapor_pgparams_int4(&params, job->attempt);

    if (job->code == LAPOR_GRAPH_NO_CODE) {
        lapor_pgparams_null(&params, LAPOR_PG_INT4);

    } else {
        lapor_pgparams_int4(&params, job->code);
    }

    lapor_pgparams_cstr(&params, job->error);

    return lapor_pg_call(job->reply->pg, "reply_failed",
                         "SELECT lapor.reply_failed($1, $2, $3, $4, $5)",
                         &params, NULL);
}


static enum lapor_pg_class
lapor_reply_write_unknown(struct lapor_reply_job *job,
    struct lapor_pool *pool)
{
    struct lapor_pgparams  params;

    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) job->part);
    lapor_pgparams_int8(&params, job->task_id);
    lapor_pgparams_int4(&params, job->attempt);
    lapor_pgparams_int8(&params, job->delay);
    lapor_pgparams_cstr(&params, job->error);

    return lapor_pg_call(job->reply->pg, "reply_unknown",
                         "SELECT lapor.reply_unknown($1, $2, $3, "
                         "$4 * interval '1 millisecond', $5)", &params, NULL);
}


static enum lapor_pg_class
lapor_reply_write_retry(struct lapor_reply_job *job)
{
    struct lapor_outbox_retry  retry;

    retry.part = job->part;
    retry.task_id = job->task_id;
    retry.attempt = job->attempt;
    retry.delay_ms = job->delay;
    retry.counts = job->end == LAPOR_REPLY_RETRY;
    retry.code = job->code;
    retry.error = job->error[0] != '\0' ? job->error : NULL;

    return lapor_outbox_retry(job->reply->pg, &retry);
}


static void
lapor_reply_log(const struct lapor_reply_job *job)
{
    switch (job->end) {

    case LAPOR_REPLY_SENT:
        lapor_log_info("answer sent attempt=%d part=%d task=%" PRId64,
                       job->attempt, job->part, job->task_id);
        break;

    case LAPOR_REPLY_FAILED:
        lapor_log_warn("answer given up code=%d part=%d task=%" PRId64,
                       job->code, job->part, job->task_id);
        break;

    case LAPOR_REPLY_UNKNOWN:
        lapor_log_warn("answer in doubt, waiting for a status wait_ms=%"
                       PRId64 " unknowns=%d part=%d task=%" PRId64,
                       job->delay, job->unknowns, job->part, job->task_id);
        break;

    default:
        lapor_log_debug("answer put back delay_ms=%" PRId64 " part=%d "
                        "task=%" PRId64, job->delay, job->part, job->task_id);
    }
}


static void
lapor_reply_ended(int end)
{
    lapor_metric_add(&lapor_reply_metrics[LAPOR_REPLY_TASKS], (unsigned) end,
                     1);
}


int
lapor_reply_busy(void *data)
{
    struct lapor_reply  *r;

    r = data;
    return r->jobs;
}


void
lapor_reply_meter(void *data)
{
    int                   held, alarmed;
    struct lapor_reply   *r;
    struct lapor_metric  *m;

    r = data;
    m = lapor_reply_metrics;
    lapor_numbers_count(&r->numbers, &held, &alarmed);
    lapor_metric_set(&m[LAPOR_REPLY_NUMBERS], 0, held);
    lapor_metric_set(&m[LAPOR_REPLY_NUMBERS], 1, alarmed);
    lapor_metric_set(&m[LAPOR_REPLY_BRAKED], 0, r->brake.step > 0);
}
