/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * One answer: the POST, and what its result means.  Nothing here posts twice:
 * a job ends with its first result, and only a new claim, committed as such,
 * posts again.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/utf8.h"
#include "reply/reply.h"
#include "reply/retry_policy.h"


#define LAPOR_REPLY_BUSY_MS      1000       /* another one to him is going */
#define LAPOR_REPLY_UNKNOWN_MAX  3600000    /* longest wait for a status */
#define LAPOR_REPLY_RETRY_AFTER  3600       /* s; more is not believed */


static int64_t lapor_reply_hold(const struct lapor_reply_job *job);
static void lapor_reply_compose(struct lapor_reply_job *job,
    struct lapor_str text);
static void lapor_reply_post(struct lapor_reply_job *job);
static void lapor_reply_done(void *data,
    const struct lapor_http_result *result);
static void lapor_reply_outcome(enum lapor_reply_send send);
static int lapor_reply_accepted(struct lapor_reply_job *job,
    const struct lapor_http_result *result);
static void lapor_reply_lost(struct lapor_reply_job *job,
    const struct lapor_http_result *result);
static void lapor_reply_refused(struct lapor_reply_job *job,
    const struct lapor_http_result *result);
static void lapor_reply_follow(struct lapor_reply_job *job,
    const struct lapor_retry_policy *policy,
    const struct lapor_graph_error *error, int64_t least);
static void lapor_reply_held(struct lapor_reply_job *job,
    const struct lapor_retry_policy *policy, const char *error,
    int64_t least);
static void lapor_reply_alarm(struct lapor_reply_job *job);
static void lapor_reply_brake(struct lapor_reply *r);
static void lapor_reply_unknown(struct lapor_reply_job *job,
    const char *error);
static void lapor_reply_wait(struct lapor_reply_job *job, int64_t delay,
    const char *error);
static void lapor_reply_end(struct lapor_reply_job *job,
    enum lapor_reply_end end, const char *error);


void
lapor_reply_job_start(struct lapor_reply *r, struct lapor_reply_job *job,
    struct lapor_str text)
{
    int64_t  wait;

    job->reply = r;
    job->code = LAPOR_GRAPH_NO_CODE;
    wait = lapor_reply_hold(job);

    TAILQ_INSERT_TAIL(&r->running, job, link);
    r->jobs++;

    if (!lapor_graph_id(lapor_str_from(job->number->id))) {
        lapor_reply_end(job, LAPOR_REPLY_FAILED,
                        "the number's id is not one of Meta's");
        return;
    }

    if (wait > 0) {
        lapor_reply_wait(job, wait, NULL);
        return;
    }

    lapor_reply_compose(job, text);
    lapor_reply_post(job);
}


/* Only an ended job is freed, so no request holds it. */

void
lapor_reply_job_free(struct lapor_reply_job *job)
{
    TAILQ_REMOVE(&job->reply->ended, job, link);
    job->reply->jobs--;

    lapor_buf_free(&job->body);
    free(job->recipient);
    free(job);
}


/*
 * Its number may be held; and two messages to one person at the same time
 * would be refused by the limit on the pair, or arrive swapped.
 */

static int64_t
lapor_reply_hold(const struct lapor_reply_job *job)
{
    int64_t                       wait;
    const struct lapor_reply_job  *other;

    wait = lapor_number_wait(job->number);

    if (wait > 0) {
        return wait;
    }

    for (other = TAILQ_FIRST(&job->reply->running); other != NULL;
         other = TAILQ_NEXT(other, link))
    {
        if (other->number == job->number
            && strcmp(other->recipient, job->recipient) == 0)
        {
            return LAPOR_REPLY_BUSY_MS;
        }
    }

    return 0;
}


/* A number stands with its "+", without which Meta may take it for one of
   the sender's own country (Cloud API, messages). */

static void
lapor_reply_compose(struct lapor_reply_job *job, struct lapor_str text)
{
    struct lapor_buf   to = LAPOR_BUF_INIT;
    struct lapor_buf  *b;

    b = &job->body;

    lapor_buf_addz(b, "{\"messaging_product\":\"whatsapp\","
                      "\"recipient_type\":\"individual\"");

    if (job->user_id) {
        lapor_buf_json_member(b, "recipient", lapor_str_from(job->recipient));

    } else {
        lapor_buf_printf(&to, "%s%s", job->recipient[0] == '+' ? "" : "+",
                         job->recipient);
        lapor_buf_json_member(b, "to", lapor_buf_view(&to));
        lapor_buf_free(&to);
    }

    lapor_buf_addz(b, ",\"type\":\"text\",\"text\":{\"preview_url\":false");
    lapor_buf_json_member(b, "body", text);
    lapor_buf_printf(b, "},\"biz_opaque_callback_data\":\"reply:%d:%" PRId64
                     "\"}", job->part, job->task_id);
}


static void
lapor_reply_post(struct lapor_reply_job *job)
{
    size_t                   n;
    const char              *headers[4];
    struct lapor_buf         url = LAPOR_BUF_INIT;
    struct lapor_reply      *r;
    const char *const       *graph;
    struct lapor_http_req   *req;
    struct lapor_http_call   call;

    r = job->reply;

    if (lapor_buf_check(&job->body) == -1) {
        lapor_reply_end(job, LAPOR_REPLY_FAILED, "the body is too long");
        return;
    }

    lapor_graph_url(r->graph, &url, lapor_str_from(job->number->id));
    lapor_buf_addz(&url, "/messages");

    graph = lapor_graph_headers(r->graph, &n);
    memcpy(headers, graph, n * sizeof(headers[0]));
    headers[n++] = "Content-Type: application/json";

    memset(&call, 0, sizeof(call));
    call.method = "POST";
    call.url = lapor_buf_cstr(&url);
    call.headers = headers;
    call.nheaders = n;
    call.body = lapor_buf_cstr(&job->body);
    call.body_len = job->body.len;
    call.total_ms = (int) r->conf->timeout;
    call.on_done = lapor_reply_done;
    call.data = job;

    if (lapor_http_start(r->http, &call, &req) == -1) {
        lapor_reply_wait(job, r->conf->retry_slow, "the URL cannot be used");

    } else {
        job->number->in_flight++;
        job->posted = lapor_mono_ms();
        lapor_metric_add(&lapor_reply_metrics[LAPOR_REPLY_RESENDS], 0,
                         job->unknowns > 0);
    }

    lapor_buf_free(&url);
}


static void
lapor_reply_done(void *data, const struct lapor_http_result *result)
{
    struct lapor_reply_job  *job;

    job = data;
    job->number->in_flight--;
    lapor_metric_observe(&lapor_reply_metrics[LAPOR_REPLY_SECONDS],
                         (lapor_mono_ms() - job->posted) * 1000);

    if (result->code != CURLE_OK) {
        lapor_reply_lost(job, result);
        return;
    }

    if (result->status == 200 && lapor_reply_accepted(job, result) == 0) {
        lapor_reply_outcome(LAPOR_REPLY_ACCEPTED);
        lapor_backoff_ok(&job->reply->brake);

        if (lapor_number_ok(job->number)) {
            lapor_log_notice("alarm is over: Graph accepts messages again "
                             "phone_number_id=%s", job->number->id);
        }

        lapor_reply_end(job, LAPOR_REPLY_SENT, NULL);
        return;
    }

    lapor_reply_refused(job, result);
}


static void
lapor_reply_outcome(enum lapor_reply_send send)
{
    lapor_metric_add(&lapor_reply_metrics[LAPOR_REPLY_SENDS], send, 1);
}


/* {"messages":[{"id":"wamid..."}], ...} */

static int
lapor_reply_accepted(struct lapor_reply_job *job,
    const struct lapor_http_result *result)
{
    int                        rc, damaged;
    struct lapor_str           id;
    struct lapor_json         *root;
    struct lapor_pool         *pool;
    const struct lapor_json   *message;
    struct lapor_json_error    error;

    rc = -1;
    damaged = 0;
    pool = lapor_pool_create(4096);

    if (lapor_json_parse(pool, result->body, strlen(result->body), &root,
                         &error)
        == -1)
    {
        goto done;
    }

    message = lapor_json_first(lapor_json_get(root, "messages"));
    id = lapor_utf8_pgtext(pool, lapor_json_get_text(message, "id"),
                           &damaged);

    if (damaged || id.len == 0 || id.len > LAPOR_REPLY_WAMID_MAX) {
        goto done;
    }

    memcpy(job->wamid, id.data, id.len);
    job->wamid[id.len] = '\0';
    job->sent_at = lapor_time_ms();
    rc = 0;

done:

    lapor_pool_destroy(pool);
    return rc;
}


static void
lapor_reply_lost(struct lapor_reply_job *job,
    const struct lapor_http_result *result)
{
    struct lapor_reply  *r;

    r = job->reply;

    lapor_log_info("answer got no reply: %s unsent=%d part=%d task=%" PRId64,
                   result->error, result->unsent, job->part, job->task_id);
    lapor_reply_brake(r);
    lapor_reply_outcome(result->unsent ? LAPOR_REPLY_UNSENT
                                       : LAPOR_REPLY_NO_REPLY);

    if (result->unsent) {
        lapor_reply_wait(job, lapor_backoff_left(&r->brake) + 100,
                         "the server could not be reached");
        return;
    }

    lapor_reply_unknown(job, "the connection ended without an answer");
}


static void
lapor_reply_refused(struct lapor_reply_job *job,
    const struct lapor_http_result *result)
{
    int                               code;
    int64_t                           least;
    struct lapor_graph_error          error;
    const struct lapor_retry_policy  *policy;

    lapor_graph_error(result->status, result->body, strlen(result->body),
                      &error);

    job->code = error.code;
    code = error.code;
    lapor_graph_count(&lapor_reply_metrics[LAPOR_REPLY_REFUSALS], &error);
    lapor_reply_outcome(LAPOR_REPLY_REFUSED);

    if (error.status < 300) {
        /* no refusal, whatever its body says */
        code = LAPOR_GRAPH_NO_CODE;

    } else if (code == LAPOR_GRAPH_PARAMETER
               && error.subcode == LAPOR_GRAPH_NO_OBJECT)
    {
        /* our number is not there, or not ours: the answer is not at fault */
        code = LAPOR_GRAPH_NO_OBJECT;
    }

    policy = lapor_retry_find(error.status, code);
    least = 0;

    if (result->retry_after > 0) {
        least = result->retry_after < LAPOR_REPLY_RETRY_AFTER
                ? result->retry_after * 1000 : LAPOR_REPLY_RETRY_AFTER * 1000;
    }

    lapor_log_info("answer refused http=%ld code=%d trace=%s part=%d "
                   "task=%" PRId64, error.status, error.code, error.trace,
                   job->part, job->task_id);

    if ((policy->flags & LAPOR_RETRY_ALARM) != 0) {
        lapor_reply_alarm(job);
    }

    lapor_reply_follow(job, policy, &error, least);
}


static void
lapor_reply_follow(struct lapor_reply_job *job,
    const struct lapor_retry_policy *policy,
    const struct lapor_graph_error *error, int64_t least)
{
    int64_t                         delay;
    const struct lapor_reply_conf  *conf;

    conf = job->reply->conf;

    if ((policy->flags & LAPOR_RETRY_EDGE) != 0) {
        lapor_reply_brake(job->reply);

    } else {
        lapor_backoff_ok(&job->reply->brake);
    }

    if (policy->action == LAPOR_RETRY_UNKNOWN) {
        lapor_reply_unknown(job, error->text);
        return;
    }

    if (policy->action == LAPOR_RETRY_NEVER
        || (policy->action == LAPOR_RETRY_FEW
            && job->failures + 1 >= conf->tries))
    {
        lapor_reply_end(job, LAPOR_REPLY_FAILED, error->text);
        return;
    }

    if ((policy->flags & LAPOR_RETRY_HOLD) != 0) {
        lapor_reply_held(job, policy, error->text, least);
        return;
    }

    delay = lapor_retry_delay(policy, job->failures, conf->retry_slow,
                              conf->retry_max);
    job->delay = delay > least ? delay : least;
    lapor_reply_end(job, LAPOR_REPLY_RETRY, error->text);
}


/* A new token may lie in its file, and then nobody needs to wait. */

static void
lapor_reply_held(struct lapor_reply_job *job,
    const struct lapor_retry_policy *policy, const char *error,
    int64_t least)
{
    int64_t                         delay;
    const struct lapor_reply_conf  *conf;

    conf = job->reply->conf;

    if ((policy->flags & LAPOR_RETRY_TOKEN) != 0
        && lapor_graph_reload(job->reply->graph))
    {
        lapor_reply_wait(job, 100, error);
        return;
    }

    delay = lapor_retry_delay(policy, job->number->streak, conf->retry_slow,
                              conf->retry_max);
    delay = delay > least ? delay : least;

    lapor_number_hold(job->number, delay);
    lapor_reply_wait(job, lapor_number_wait(job->number), error);
}


static void
lapor_reply_alarm(struct lapor_reply_job *job)
{
    if (lapor_number_alarm(job->number, job->code)) {
        lapor_log_err("alarm: Graph refuses messages code=%d "
                      "phone_number_id=%s", job->code, job->number->id);
    }
}


/* Of what fails at the same time only the first makes the pause longer. */

static void
lapor_reply_brake(struct lapor_reply *r)
{
    if (lapor_backoff_left(&r->brake) == 0) {
        lapor_backoff_fail(&r->brake);
    }
}


/* Each time in doubt the wait for a status grows, so that a broken line does
   not send the same words every minute. */

static void
lapor_reply_unknown(struct lapor_reply_job *job, const char *error)
{
    int  shift;

    shift = job->unknowns < 6 ? job->unknowns : 6;
    job->delay = job->reply->conf->unknown_wait << shift;

    if (job->delay > LAPOR_REPLY_UNKNOWN_MAX) {
        job->delay = LAPOR_REPLY_UNKNOWN_MAX;
    }

    if (job->delay < job->reply->conf->unknown_wait) {
        job->delay = job->reply->conf->unknown_wait;
    }

    lapor_reply_end(job, LAPOR_REPLY_UNKNOWN, error);
}


/* All wait alike, so chance spreads them. */

static void
lapor_reply_wait(struct lapor_reply_job *job, int64_t delay,
    const char *error)
{
    job->delay = delay + lapor_random((uint32_t) (delay / 4 + 1));
    lapor_reply_end(job, LAPOR_REPLY_WAIT, error);
}


static void
lapor_reply_end(struct lapor_reply_job *job, enum lapor_reply_end end,
    const char *error)
{
    struct lapor_reply  *r;

    r = job->reply;
    job->end = end;
    (void) snprintf(job->error, sizeof(job->error), "%s",
                    error != NULL ? error : "");

    TAILQ_REMOVE(&r->running, job, link);
    TAILQ_INSERT_TAIL(&r->ended, job, link);
}
