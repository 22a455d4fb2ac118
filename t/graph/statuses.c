/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The thread that posts statuses.  A job is a send with statuses left.  It
 * is owned by exactly one of: the inbox (under the lock), the heap, a slot
 * (both of the thread alone).  A reset raises the generation; the thread
 * frees jobs of an older one when it meets them, a slot's after its transfer.
 */

#include "t/graph/statuses.h"

#include "lib/codec.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "lib/timeutil.h"
#include "t/graph/util.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define GRAPH_BACKOFF_MIN_MS  100
#define GRAPH_BACKOFF_MAX_MS  3000

struct graph_job {
    struct graph_job   *next;           /* in the inbox */
    struct graph_send   send;           /* its key belongs to the job */
    int                 done;           /* statuses delivered */
    int64_t             due_ms;         /* monotonic */
    int64_t             backoff_ms;     /* 0 = the last try went well */
    unsigned            generation;
};

/* One transfer at a time. */
struct graph_slot {
    CURL               *easy;
    struct curl_slist  *headers;
    struct lapor_buf    body;
    struct graph_job   *job;            /* NULL = free */
};

struct graph_statuses {
    const struct graph_conf  *conf;
    graph_statuses_mark       mark;
    void                     *ctx;

    pthread_mutex_t           lock;     /* of the next three */
    struct graph_job         *inbox;
    unsigned                  generation;
    int                       stop;

    pthread_t                 thread;
    int                       started;
    CURLM                    *multi;
    struct graph_slot        *slots;
    int64_t                   busy;     /* slots in use */

    struct graph_job        **heap;     /* soonest due first */
    size_t                    heap_n;
    size_t                    heap_size;
};


static void *graph_statuses_run(void *ctx);
static int graph_statuses_take(struct graph_statuses *st,
    unsigned *ret_generation);
static void graph_statuses_begin(struct graph_statuses *st,
    unsigned generation);
static int graph_statuses_wait(const struct graph_statuses *st);
static void graph_slot_start(struct graph_statuses *st,
    struct graph_job *job);
static int graph_slot_headers(struct graph_statuses *st,
    struct graph_slot *slot);
static void graph_statuses_collect(struct graph_statuses *st);
static void graph_slot_finish(struct graph_statuses *st,
    struct graph_slot *slot, int delivered);
static size_t graph_slot_discard(char *data, size_t size, size_t n,
    void *ctx);
static void graph_heap_push(struct graph_statuses *st,
    struct graph_job *job);
static struct graph_job *graph_heap_pop(struct graph_statuses *st);
static void graph_job_free(struct graph_job *job);


struct graph_statuses *
graph_statuses_create(const struct graph_conf *conf, graph_statuses_mark mark,
    void *ctx)
{
    int64_t                 i;
    struct graph_statuses  *st;

    st = graph_alloc(sizeof(struct graph_statuses));
    st->conf = conf;
    st->mark = mark;
    st->ctx = ctx;
    (void) pthread_mutex_init(&st->lock, NULL);

    st->slots = graph_alloc((size_t) conf->status_parallel
                            * sizeof(struct graph_slot));
    st->multi = curl_multi_init();
    if (st->multi == NULL) {
        lapor_fatal_memory();
    }

    for (i = 0; i < conf->status_parallel; i++) {
        st->slots[i].easy = curl_easy_init();
        if (st->slots[i].easy == NULL) {
            lapor_fatal_memory();
        }
    }

    return st;
}


int
graph_statuses_start(struct graph_statuses *st)
{
    if (pthread_create(&st->thread, NULL, graph_statuses_run, st) != 0) {
        lapor_log_err("could not start the thread of statuses");
        return -1;
    }

    st->started = 1;
    return 0;
}


void
graph_statuses_add(struct graph_statuses *st, const struct graph_send *send,
    int done)
{
    char              *key;
    struct graph_job  *job;

    if (st->conf->webhook == NULL || done >= send->plan.n) {
        return;
    }

    job = graph_alloc(sizeof(struct graph_job));
    job->send = *send;
    job->done = done;
    job->due_ms = lapor_mono_ms() + st->conf->status_delay_ms;

    if (send->key.data != NULL) {
        key = graph_alloc(send->key.len + 1);
        memcpy(key, send->key.data, send->key.len);
        job->send.key.data = key;
    }

    (void) pthread_mutex_lock(&st->lock);

    job->generation = st->generation;
    job->next = st->inbox;
    st->inbox = job;

    (void) pthread_mutex_unlock(&st->lock);
    (void) curl_multi_wakeup(st->multi);
}


void
graph_statuses_reset(struct graph_statuses *st)
{
    (void) pthread_mutex_lock(&st->lock);
    st->generation++;
    (void) pthread_mutex_unlock(&st->lock);
    (void) curl_multi_wakeup(st->multi);
}


void
graph_statuses_stop(struct graph_statuses *st)
{
    int64_t            i;
    struct graph_job  *job, *next;

    if (st == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&st->lock);
    st->stop = 1;
    (void) pthread_mutex_unlock(&st->lock);
    (void) curl_multi_wakeup(st->multi);

    if (st->started) {
        (void) pthread_join(st->thread, NULL);
    }

    for (i = 0; i < st->conf->status_parallel; i++) {
        (void) curl_multi_remove_handle(st->multi, st->slots[i].easy);
        curl_easy_cleanup(st->slots[i].easy);
        curl_slist_free_all(st->slots[i].headers);
        lapor_buf_free(&st->slots[i].body);
        graph_job_free(st->slots[i].job);
    }

    for (job = st->inbox; job != NULL; job = next) {
        next = job->next;
        graph_job_free(job);
    }

    while (st->heap_n > 0) {
        graph_job_free(graph_heap_pop(st));
    }

    (void) curl_multi_cleanup(st->multi);
    (void) pthread_mutex_destroy(&st->lock);
    free(st->heap);
    free(st->slots);
    free(st);
}


static void *
graph_statuses_run(void *ctx)
{
    int                     running;
    unsigned                generation;
    struct graph_statuses  *st;

    st = ctx;

    while (graph_statuses_take(st, &generation) == 0) {
        graph_statuses_begin(st, generation);

        (void) curl_multi_perform(st->multi, &running);
        graph_statuses_collect(st);

        (void) curl_multi_poll(st->multi, NULL, 0, graph_statuses_wait(st),
                               NULL);
    }

    return NULL;
}


/* Moves the inbox to the heap; -1 when the thread is to end. */

static int
graph_statuses_take(struct graph_statuses *st, unsigned *ret_generation)
{
    int                stop;
    struct graph_job  *job, *next;

    (void) pthread_mutex_lock(&st->lock);

    stop = st->stop;
    *ret_generation = st->generation;
    job = st->inbox;
    st->inbox = NULL;

    (void) pthread_mutex_unlock(&st->lock);

    for ( /* void */ ; job != NULL; job = next) {
        next = job->next;
        graph_heap_push(st, job);
    }

    return stop ? -1 : 0;
}


/* Starts what is due. */

static void
graph_statuses_begin(struct graph_statuses *st, unsigned generation)
{
    struct graph_job  *job;

    while (st->heap_n > 0 && st->busy < st->conf->status_parallel) {
        job = st->heap[0];

        if (job->generation == generation && job->due_ms > lapor_mono_ms()) {
            return;
        }

        (void) graph_heap_pop(st);

        if (job->generation != generation) {
            graph_job_free(job);
        } else {
            graph_slot_start(st, job);
        }
    }
}


/* Milliseconds in which nothing can be due. */

static int
graph_statuses_wait(const struct graph_statuses *st)
{
    int64_t  wait;

    if (st->heap_n == 0 || st->busy == st->conf->status_parallel) {
        return 1000;
    }

    wait = st->heap[0]->due_ms - lapor_mono_ms();

    return wait <= 0 ? 0 : wait < 1000 ? (int) wait : 1000;
}


static void
graph_slot_start(struct graph_statuses *st, struct graph_job *job)
{
    int64_t             i;
    CURL               *easy;
    struct graph_slot  *slot;

    for (i = 0; st->slots[i].job != NULL; i++) { /* void */ }

    slot = &st->slots[i];
    slot->job = job;
    st->busy++;

    lapor_buf_reset(&slot->body);
    graph_statuses_body(st->conf, &job->send, job->send.plan.states[job->done],
                        lapor_time_ms() / 1000, &slot->body);

    easy = slot->easy;
    curl_easy_reset(easy);

    if (graph_slot_headers(st, slot) == -1
        || curl_easy_setopt(easy, CURLOPT_URL, st->conf->webhook)
        || curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        || curl_easy_setopt(easy, CURLOPT_PROXY, "")
        || curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L)
        || curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L)
        || curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20000L)
        || curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->headers)
        || curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
                            (long) slot->body.len)
        || curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                            lapor_buf_cstr(&slot->body))
        || curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, graph_slot_discard)
        || curl_easy_setopt(easy, CURLOPT_PRIVATE, slot)
        || curl_multi_add_handle(st->multi, easy))
    {
        lapor_log_err("could not start a status transfer");
        graph_slot_finish(st, slot, 0);
    }
}


/* The signature is over the exact bytes that go out. */

static int
graph_slot_headers(struct graph_statuses *st, struct graph_slot *slot)
{
    int                 i;
    char                signature[128], hex[LAPOR_SHA256_HEX_LEN + 1];
    unsigned char       digest[LAPOR_SHA256_LEN];
    struct curl_slist  *list;
    struct lapor_str    body;
    const char         *lines[4];

    body = lapor_buf_view(&slot->body);
    lapor_hmac_sha256(st->conf->secret, strlen(st->conf->secret), body.data,
                      body.len, digest);
    lapor_hex_encode(digest, sizeof(digest), hex);
    (void) snprintf(signature, sizeof(signature),
                    "X-Hub-Signature-256: sha256=%s", hex);

    lines[0] = "Content-Type: application/json";
    lines[1] = "User-Agent: facebookexternalua";
    lines[2] = signature;
    lines[3] = "Expect:";

    curl_slist_free_all(slot->headers);
    slot->headers = NULL;

    for (i = 0; i < 4; i++) {
        list = curl_slist_append(slot->headers, lines[i]);
        if (list == NULL) {
            return -1;
        }

        slot->headers = list;
    }

    return lapor_buf_check(&slot->body);
}


static size_t
graph_slot_discard(char *data, size_t size, size_t n, void *ctx)
{
    (void) data;
    (void) ctx;

    return size * n;
}


static void
graph_statuses_collect(struct graph_statuses *st)
{
    int                 left;
    long                status;
    char               *private;
    CURLMsg            *msg;
    CURLcode            result;

    while ((msg = curl_multi_info_read(st->multi, &left)) != NULL) {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        status = 0;
        private = NULL;
        result = msg->data.result;
        (void) curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
                                 &private);
        (void) curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE,
                                 &status);
        (void) curl_multi_remove_handle(st->multi, msg->easy_handle);

        graph_slot_finish(st, (struct graph_slot *) (void *) private,
                          result == CURLE_OK && status == 200);
    }
}


/* Only 200 is delivered; anything else comes again. */

static void
graph_slot_finish(struct graph_statuses *st, struct graph_slot *slot,
    int delivered)
{
    struct graph_job  *job;

    job = slot->job;
    slot->job = NULL;
    st->busy--;

    if (delivered) {
        job->done++;
        job->backoff_ms = 0;
        job->due_ms = lapor_mono_ms() + st->conf->status_delay_ms;
        st->mark(st->ctx, &job->send, job->done);

        if (job->done == job->send.plan.n) {
            graph_job_free(job);
            return;
        }

    } else {
        job->backoff_ms = job->backoff_ms == 0
                          ? GRAPH_BACKOFF_MIN_MS : job->backoff_ms * 2;

        if (job->backoff_ms > GRAPH_BACKOFF_MAX_MS) {
            job->backoff_ms = GRAPH_BACKOFF_MAX_MS;
        }

        job->due_ms = lapor_mono_ms() + job->backoff_ms;
    }

    graph_heap_push(st, job);
}


static void
graph_heap_push(struct graph_statuses *st, struct graph_job *job)
{
    size_t  i, up;

    if (st->heap_n == st->heap_size) {
        st->heap_size = st->heap_size == 0 ? 256 : st->heap_size * 2;
        st->heap = graph_realloc(st->heap,
                                 st->heap_size * sizeof(struct graph_job *));
    }

    for (i = st->heap_n++; i > 0; i = up) {
        up = (i - 1) / 2;

        if (st->heap[up]->due_ms <= job->due_ms) {
            break;
        }

        st->heap[i] = st->heap[up];
    }

    st->heap[i] = job;
}


static struct graph_job *
graph_heap_pop(struct graph_statuses *st)
{
    size_t             i, down;
    struct graph_job  *top, *last;

    top = st->heap[0];
    last = st->heap[--st->heap_n];

    for (i = 0; (down = 2 * i + 1) < st->heap_n; i = down) {
        if (down + 1 < st->heap_n
            && st->heap[down + 1]->due_ms < st->heap[down]->due_ms)
        {
            down++;
        }

        if (last->due_ms <= st->heap[down]->due_ms) {
            break;
        }

        st->heap[i] = st->heap[down];
    }

    st->heap[i] = last;
    return top;
}


static void
graph_job_free(struct graph_job *job)
{
    if (job != NULL) {
        free((char *) (uintptr_t) job->send.key.data);
        free(job);
    }
}
