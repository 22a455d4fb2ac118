/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * One download: ask Graph for the URL, fetch the URL into a temporary file,
 * compare the hashes, keep the file.  All of it within the task's deadline,
 * which lies before the end of its lease.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "lib/outbox.h"
#include "media/answer.h"
#include "media/media.h"


/* The answer with the URL is small; it comes soon or not at all. */
#define LAPOR_MEDIA_ASK_MS      30000
#define LAPOR_MEDIA_LOW_SPEED   1024    /* bytes/s for 30 s: a dead line */


static void lapor_media_alarm(struct lapor_media *m,
    enum lapor_media_alarm alarm, const char *what);
static void lapor_media_alarm_over(struct lapor_media *m,
    enum lapor_media_alarm alarm);
static void lapor_media_ask(struct lapor_media_job *job);
static void lapor_media_asked(void *data,
    const struct lapor_http_result *result);
static void lapor_media_fetch(struct lapor_media_job *job);
static void lapor_media_request(struct lapor_media_job *job,
    struct lapor_http_call *call, int64_t limit_ms);
static bool lapor_media_redirect(void *data, const char *url);
static int lapor_media_open(struct lapor_media_job *job);
static int lapor_media_chunk(void *data, const char *chunk, size_t len);
static void lapor_media_fetched(void *data,
    const struct lapor_http_result *result);
static void lapor_media_keep(struct lapor_media_job *job);
static void lapor_media_disk(struct lapor_media_job *job, int error);
static void lapor_media_lost(struct lapor_media_job *job,
    const struct lapor_http_result *result);
static void lapor_media_refused(struct lapor_media_job *job,
    enum lapor_media_step step, const struct lapor_http_result *result);
static void lapor_media_follow(struct lapor_media_job *job,
    enum lapor_media_verdict verdict, const struct lapor_graph_error *error);
static void lapor_media_well(struct lapor_media *m);
static void lapor_media_auth(struct lapor_media_job *job,
    const struct lapor_graph_error *error);
static void lapor_media_few(struct lapor_media_job *job,
    enum lapor_media_end end, const char *error);
static void lapor_media_retry(struct lapor_media_job *job, const char *error);
static void lapor_media_wait(struct lapor_media_job *job, int64_t delay,
    const char *error);
static void lapor_media_end(struct lapor_media_job *job,
    enum lapor_media_end end, const char *error);


static const char *const  lapor_media_alarms[LAPOR_MEDIA_ALARMS] = {
    "Graph refuses the access token",
    "media cannot be written"
};


void
lapor_media_job_start(struct lapor_media *m, struct lapor_media_job *job)
{
    job->media = m;
    job->code = LAPOR_GRAPH_NO_CODE;
    job->started = lapor_mono_ms();
    job->deadline = job->started + m->conf->timeout;

    TAILQ_INSERT_TAIL(&m->running, job, link);
    m->jobs++;

    if (!lapor_graph_id(lapor_str_from(job->media_id))
        || !lapor_graph_id(lapor_str_from(job->phone_number_id)))
    {
        lapor_media_end(job, LAPOR_MEDIA_FAILED,
                        "the media id is not one of Meta's");
        return;
    }

    lapor_media_ask(job);
}


/* Only an ended job is freed, so no request holds it. */

void
lapor_media_job_free(struct lapor_media_job *job)
{
    TAILQ_REMOVE(&job->media->ended, job, link);
    job->media->jobs--;

    free(job->media_id);
    free(job->phone_number_id);
    free(job->url);
    free(job);
}


static void
lapor_media_ask(struct lapor_media_job *job)
{
    struct lapor_buf        url = LAPOR_BUF_INIT;
    struct lapor_http_call  call;

    job->asked++;

    lapor_graph_url(job->media->graph, &url, lapor_str_from(job->media_id));
    lapor_buf_printf(&url, "?phone_number_id=%s", job->phone_number_id);

    memset(&call, 0, sizeof(call));
    call.url = lapor_buf_cstr(&url);
    call.on_done = lapor_media_asked;

    lapor_media_request(job, &call, LAPOR_MEDIA_ASK_MS);
    lapor_buf_free(&url);
}


static void
lapor_media_request(struct lapor_media_job *job, struct lapor_http_call *call,
    int64_t limit_ms)
{
    int64_t                left;
    struct lapor_media    *m;
    struct lapor_http_req  *req;

    m = job->media;
    left = job->deadline - lapor_mono_ms();

    if (left <= 0) {
        lapor_media_retry(job, "the time for one attempt is over");
        return;
    }

    call->headers = lapor_graph_headers(m->graph, &call->nheaders);
    call->total_ms = (int) (left < limit_ms ? left : limit_ms);
    call->data = job;

    if (lapor_http_start(m->http, call, &req) == -1) {
        lapor_media_few(job, LAPOR_MEDIA_FAILED, "the URL cannot be used");
    }
}


static void
lapor_media_asked(void *data, const struct lapor_http_result *result)
{
    struct lapor_pool       *pool;
    struct lapor_media_job  *job;
    struct lapor_media_url   answer;

    job = data;

    if (result->code != CURLE_OK) {
        lapor_media_lost(job, result);
        return;
    }

    if (result->status != 200) {
        lapor_media_refused(job, LAPOR_MEDIA_ASK, result);
        return;
    }

    pool = lapor_pool_create(4096);

    if (lapor_media_url_read(pool, result->body, strlen(result->body),
                             &answer)
        == -1)
    {
        lapor_media_retry(job, "the answer names no URL");
        goto done;
    }

    if (answer.size > job->media->conf->max_size) {
        lapor_media_end(job, LAPOR_MEDIA_FAILED, "the file is too big");
        goto done;
    }

    if (!lapor_allow_check(job->media->allow, answer.url.data)) {
        lapor_log_warn("media URL leads off the list of hosts part=%d "
                       "task=%" PRId64, job->part, job->task_id);
        lapor_media_few(job, LAPOR_MEDIA_FAILED,
                        "the URL leads off the list of hosts");
        goto done;
    }

    free(job->url);
    job->url = lapor_heap_copy(answer.url.data);
    job->hashed = answer.hashed;
    memcpy(job->told, answer.sha256, sizeof(job->told));
    lapor_media_fetch(job);

done:

    lapor_pool_destroy(pool);
}


static void
lapor_media_fetch(struct lapor_media_job *job)
{
    struct lapor_http_call  call;

    job->file_errno = 0;

    memset(&call, 0, sizeof(call));
    call.url = job->url;
    call.low_speed = LAPOR_MEDIA_LOW_SPEED;
    call.max_size = job->media->conf->max_size;
    call.allow = lapor_media_redirect;
    call.on_chunk = lapor_media_chunk;
    call.on_done = lapor_media_fetched;

    lapor_media_request(job, &call, job->media->conf->timeout);
}


static bool
lapor_media_redirect(void *data, const char *url)
{
    struct lapor_media_job  *job;

    job = data;
    return lapor_allow_check(job->media->allow, url);
}


static int
lapor_media_open(struct lapor_media_job *job)
{
    const struct lapor_media_conf  *conf;

    conf = job->media->conf;

    if (lapor_file_create(conf->common.media_dir, conf->name, &job->file)
        == -1)
    {
        job->file_errno = errno;
        return -1;
    }

    job->open = true;
    return 0;
}


static int
lapor_media_chunk(void *data, const char *chunk, size_t len)
{
    struct lapor_media_job  *job;

    job = data;

    if (!job->open && lapor_media_open(job) == -1) {
        return -1;
    }

    if (lapor_file_write(&job->file, chunk, len) == -1) {
        job->file_errno = errno;
        return -1;
    }

    return 0;
}


static void
lapor_media_fetched(void *data, const struct lapor_http_result *result)
{
    struct lapor_media_job  *job;

    job = data;

    if (job->file_errno != 0) {
        lapor_media_disk(job, job->file_errno);
        return;
    }

    if (result->too_big) {
        lapor_media_end(job, LAPOR_MEDIA_FAILED, "the file is too big");
        return;
    }

    if (result->code != CURLE_OK) {
        lapor_media_lost(job, result);
        return;
    }

    if (result->status != 200) {
        lapor_media_refused(job, LAPOR_MEDIA_FETCH, result);
        return;
    }

    lapor_media_keep(job);
}


/*
 * The webhook's hash was signed by Meta, the URL's answer was not; bytes that
 * differ from either are not what the reporter sent, or not whole.
 */

static void
lapor_media_keep(struct lapor_media_job *job)
{
    unsigned char  digest[LAPOR_SHA256_LEN];

    if (!job->open && lapor_media_open(job) == -1) {
        lapor_media_disk(job, job->file_errno);
        return;
    }

    lapor_file_digest(&job->file, digest);

    if ((job->announced && memcmp(digest, job->want, sizeof(digest)) != 0)
        || (job->hashed && memcmp(digest, job->told, sizeof(digest)) != 0))
    {
        lapor_log_warn("media differs from its announced hash part=%d "
                       "task=%" PRId64, job->part, job->task_id);
        lapor_media_few(job, LAPOR_MEDIA_FAILED,
                        "the SHA-256 is not the announced one");
        return;
    }

    job->size = job->file.size;
    job->open = false;

    if (lapor_file_commit(&job->file, digest, job->path) == -1) {
        lapor_media_disk(job, errno);
        return;
    }

    lapor_media_alarm_over(job->media, LAPOR_MEDIA_ALARM_DISK);
    lapor_media_well(job->media);
    lapor_media_end(job, LAPOR_MEDIA_STORED, NULL);
}


static void
lapor_media_disk(struct lapor_media_job *job, int error)
{
    lapor_media_alarm(job->media, LAPOR_MEDIA_ALARM_DISK, strerror(error));

    if (lapor_backoff_left(&job->media->brake) == 0) {
        lapor_backoff_fail(&job->media->brake);
    }

    lapor_media_wait(job, job->media->conf->retry_slow,
                     "the file could not be written");
}


/* No answer, or half of one. */

static void
lapor_media_lost(struct lapor_media_job *job,
    const struct lapor_http_result *result)
{
    lapor_log_info("download broke off: %s part=%d task=%" PRId64,
                   result->error, job->part, job->task_id);

    if (!result->unsent) {
        lapor_media_retry(job, "the download broke off");
        return;
    }

    if (lapor_backoff_left(&job->media->brake) == 0) {
        lapor_backoff_fail(&job->media->brake);
    }

    lapor_media_wait(job, job->media->conf->retry_base,
                     "the server could not be reached");
}


static void
lapor_media_refused(struct lapor_media_job *job, enum lapor_media_step step,
    const struct lapor_http_result *result)
{
    enum lapor_media_verdict   verdict;
    struct lapor_graph_error   error;

    lapor_graph_error(result->status, result->body, strlen(result->body),
                      &error);
    verdict = lapor_media_judge(step, &error);
    job->code = error.code;
    lapor_graph_count(&lapor_media_metrics[LAPOR_MEDIA_REFUSALS], &error);

    lapor_log_info("download refused step=%s http=%ld code=%d trace=%s "
                   "part=%d task=%" PRId64,
                   step == LAPOR_MEDIA_ASK ? "url" : "bytes", error.status,
                   error.code, error.trace, job->part, job->task_id);

    if (verdict == LAPOR_MEDIA_EXPIRED && job->asked == 1) {
        lapor_media_ask(job);
        return;
    }

    if (verdict == LAPOR_MEDIA_EXPIRED) {
        verdict = error.status == 401 || error.status == 403
                  ? LAPOR_MEDIA_AUTH : LAPOR_MEDIA_AGAIN;
    }

    lapor_media_follow(job, verdict, &error);
}


static void
lapor_media_follow(struct lapor_media_job *job,
    enum lapor_media_verdict verdict, const struct lapor_graph_error *error)
{
    switch (verdict) {

    case LAPOR_MEDIA_AUTH:
        lapor_media_auth(job, error);
        return;

    case LAPOR_MEDIA_BRAKE:
        if (lapor_backoff_left(&job->media->brake) == 0) {
            lapor_backoff_fail(&job->media->brake);
        }

        lapor_media_wait(job, job->media->conf->retry_base, error->text);
        return;

    case LAPOR_MEDIA_MISSING:
        lapor_media_well(job->media);
        lapor_media_few(job, LAPOR_MEDIA_GONE, error->text);
        return;

    case LAPOR_MEDIA_REFUSED:
        lapor_media_well(job->media);
        lapor_media_few(job, LAPOR_MEDIA_FAILED, error->text);
        return;

    default:
        lapor_media_well(job->media);
        lapor_media_retry(job, error->text);
    }
}


/* Graph takes our token and answers, be it with a no. */

static void
lapor_media_well(struct lapor_media *m)
{
    lapor_media_alarm_over(m, LAPOR_MEDIA_ALARM_TOKEN);

    if (!m->alarms[LAPOR_MEDIA_ALARM_DISK]) {
        lapor_backoff_ok(&m->brake);
    }
}


/* A new token may lie in the file already. */

static void
lapor_media_auth(struct lapor_media_job *job,
    const struct lapor_graph_error *error)
{
    struct lapor_media  *m;

    m = job->media;

    if (lapor_graph_reload(m->graph)) {
        lapor_media_wait(job, m->conf->retry_base, error->text);
        return;
    }

    lapor_media_alarm(m, LAPOR_MEDIA_ALARM_TOKEN, "");

    if (lapor_backoff_left(&m->brake) == 0) {
        lapor_backoff_fail(&m->brake);
    }

    lapor_media_wait(job, m->conf->retry_slow, error->text);
}


/* Tells people, once until lapor_media_alarm_over(). */

static void
lapor_media_alarm(struct lapor_media *m, enum lapor_media_alarm alarm,
    const char *what)
{
    if (!m->alarms[alarm]) {
        m->alarms[alarm] = true;
        lapor_log_err("alarm: %s%s%s", lapor_media_alarms[alarm],
                      what[0] != '\0' ? ": " : "", what);
    }
}


static void
lapor_media_alarm_over(struct lapor_media *m, enum lapor_media_alarm alarm)
{
    if (m->alarms[alarm]) {
        m->alarms[alarm] = false;
        lapor_log_notice("alarm is over: %s", lapor_media_alarms[alarm]);
    }
}


/* What will hardly change is tried a few times and then given up. */

static void
lapor_media_few(struct lapor_media_job *job, enum lapor_media_end end,
    const char *error)
{
    if (job->failures + 1 >= job->media->conf->tries) {
        lapor_media_end(job, end, error);
        return;
    }

    lapor_media_retry(job, error);
}


static void
lapor_media_retry(struct lapor_media_job *job, const char *error)
{
    const struct lapor_media_conf  *conf;

    conf = job->media->conf;
    job->delay = lapor_outbox_delay(job->failures + 1, conf->retry_base,
                                    conf->retry_max);
    lapor_media_end(job, LAPOR_MEDIA_RETRY, error);
}


/* All wait alike, so chance spreads them. */

static void
lapor_media_wait(struct lapor_media_job *job, int64_t delay,
    const char *error)
{
    job->delay = delay + lapor_random((uint32_t) (delay / 2 + 1));
    lapor_media_end(job, LAPOR_MEDIA_WAIT, error);
}


/* From running to ended; a task whose time is over gets no other try. */

static void
lapor_media_end(struct lapor_media_job *job, enum lapor_media_end end,
    const char *error)
{
    struct lapor_media  *m;

    m = job->media;

    if (job->open) {
        lapor_file_discard(&job->file);
        job->open = false;
    }

    if (job->expired
        && (end == LAPOR_MEDIA_RETRY || end == LAPOR_MEDIA_WAIT))
    {
        end = LAPOR_MEDIA_GONE;
    }

    job->end = end;
    (void) snprintf(job->error, sizeof(job->error), "%s",
                    error != NULL ? error : "");

    TAILQ_REMOVE(&m->running, job, link);
    TAILQ_INSERT_TAIL(&m->ended, job, link);
}
