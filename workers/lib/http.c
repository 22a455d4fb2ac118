/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * A request lives from lapor_http_start() until its on_done has returned, and
 * is in the list h->reqs all the time; libcurl's handle is in the multi
 * handle as long.  libcurl must not be called from its own callbacks, so
 * these only note things; what ended is handled after curl_multi_perform().
 */

#include <stdlib.h>
#include <string.h>

#include "lib/heap.h"
#include "lib/http_internal.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/timeutil.h"


#define LAPOR_HTTP_HOPS   5


static int lapor_http_perform(struct lapor_http *h, size_t *ret_done);
static int lapor_http_poll(struct lapor_http *h, struct curl_waitfd *wait,
    unsigned n, int ms, int *ret_ready);
static bool lapor_http_follow(struct lapor_http_req *req);
static void lapor_http_finish(struct lapor_http_req *req, CURLcode code);
static void lapor_http_unlink(struct lapor_http_req *req);
static void lapor_http_destroy(struct lapor_http_req *req);


struct lapor_http *
lapor_http_new(const struct lapor_http_conf *conf)
{
    long                max, max_host;
    struct lapor_http  *h;

    static bool         started;

    if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        lapor_fatal(LAPOR_EXIT_OS, "could not start libcurl");
    }

    started = true;

    h = calloc(1, sizeof(struct lapor_http));

    if (h == NULL) {
        lapor_fatal_memory();
    }

    h->multi = curl_multi_init();

    if (h->multi == NULL) {
        lapor_fatal_memory();
    }

    h->ca_file = lapor_heap_copy(conf->ca_file);
    h->proxy = lapor_heap_copy(conf->proxy ? conf->proxy : "");

    max_host = conf->max_host_connections ? conf->max_host_connections : 8;
    max = conf->max_connections ? conf->max_connections : 32;

    lapor_http_limits(h, max_host, max);

    return h;
}


void
lapor_http_limits(struct lapor_http *h, long max_host_connections,
    long max_connections)
{
    (void) curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                             max_host_connections);
    (void) curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             max_connections);
    (void) curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS,
                             max_connections);
}


void
lapor_http_free(struct lapor_http *h)
{
    if (h == NULL) {
        return;
    }

    while (h->reqs != NULL) {
        lapor_http_cancel(h, h->reqs);
    }

    curl_multi_cleanup(h->multi);
    free(h->ca_file);
    free(h->proxy);
    free(h);
}


int
lapor_http_start(struct lapor_http *h, const struct lapor_http_call *call,
    struct lapor_http_req **ret_req)
{
    struct lapor_http_req  *req;

    if (ret_req != NULL) {
        *ret_req = NULL;
    }

    req = calloc(1, sizeof(struct lapor_http_req));

    if (req == NULL) {
        lapor_fatal_memory();
    }

    req->http = h;

    if (lapor_http_setup(req, call) == -1
        || curl_multi_add_handle(h->multi, req->easy) != CURLM_OK)
    {
        lapor_http_destroy(req);
        return -1;
    }

    req->next = h->reqs;
    h->reqs = req;
    h->n++;

    if (req->next != NULL) {
        req->next->prev = req;
    }

    if (ret_req != NULL) {
        *ret_req = req;
    }

    return 0;
}


int
lapor_http_wait(struct lapor_http *h, struct pollfd *fds, nfds_t n, int ms)
{
    int                  ready;
    size_t               i, done;
    int64_t              end, left;
    struct curl_waitfd   wait[LAPOR_LOOP_FDS + 1];

    if (n > LAPOR_LOOP_FDS) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "too many descriptors to wait for");
    }

    end = lapor_mono_ms() + ms;

    for ( ;; ) {
        memset(wait, 0, sizeof(wait));

        /* who stops knows it, and the descriptor stays readable */
        wait[0].fd = lapor_loop_stopping() ? -1 : lapor_loop_fd();
        wait[0].events = CURL_WAIT_POLLIN;

        for (i = 0; i < n; i++) {
            wait[i + 1].fd = fds[i].fd;
            wait[i + 1].events = ((fds[i].events & POLLIN)
                                  ? CURL_WAIT_POLLIN : 0)
                                 | ((fds[i].events & POLLOUT)
                                    ? CURL_WAIT_POLLOUT : 0);
        }

        left = end - lapor_mono_ms();

        if (lapor_http_poll(h, wait, (unsigned) n + 1,
                            (left > 0) ? (int) left : 0, &ready) == -1
            || lapor_http_perform(h, &done) == -1)
        {
            return -1;
        }

        for (i = 0; i < n; i++) {
            fds[i].revents = (short) ((wait[i + 1].revents
                                       & CURL_WAIT_POLLIN ? POLLIN : 0)
                                      | (wait[i + 1].revents
                                         & CURL_WAIT_POLLOUT ? POLLOUT : 0));
        }

        if (ready > 0 || done > 0 || left <= 0 || lapor_loop_stopping()) {
            return 0;
        }
    }
}


/* ready: how many of the caller's descriptors, signals among them. */

static int
lapor_http_poll(struct lapor_http *h, struct curl_waitfd *wait, unsigned n,
    int ms, int *ret_ready)
{
    int        ready;
    unsigned   i, first;
    CURLMcode  rc;

    /* no descriptor before lapor_loop_init() and after a stop */
    first = (wait[0].fd == -1) ? 1 : 0;

    rc = curl_multi_poll(h->multi, wait + first, n - first, ms, NULL);

    if (rc != CURLM_OK) {
        lapor_log_err("could not poll for HTTP: %s", curl_multi_strerror(rc));
        return -1;
    }

    ready = 0;

    for (i = first; i < n; i++) {
        ready += (wait[i].revents != 0);
    }

    if (first == 0 && wait[0].revents != 0) {
        (void) lapor_loop_wait(NULL, 0, 0);
    }

    *ret_ready = ready;
    return 0;
}


static int
lapor_http_perform(struct lapor_http *h, size_t *ret_done)
{
    int                     running, left;
    char                   *private;
    CURLMcode               rc;
    CURLcode                code;
    const CURLMsg          *msg;
    struct lapor_http_req  *req;

    *ret_done = 0;

    rc = curl_multi_perform(h->multi, &running);

    if (rc != CURLM_OK) {
        lapor_log_err("could not work on HTTP: %s", curl_multi_strerror(rc));
        return -1;
    }

    while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        /* msg dies with the removal of its handle */
        code = msg->data.result;
        private = NULL;
        (void) curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
                                 &private);
        req = (struct lapor_http_req *) (void *) private;

        if (code == CURLE_OK && lapor_http_follow(req)) {
            continue;
        }

        lapor_http_finish(req, code);
        (*ret_done)++;
    }

    return 0;
}


/* True when the request goes on with the next URL. */

static bool
lapor_http_follow(struct lapor_http_req *req)
{
    long         status;
    char        *url;
    const char  *next;

    status = 0;
    next = NULL;
    (void) curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(req->easy, CURLINFO_REDIRECT_URL, &next);

    if (!lapor_http_is_redirect(req, status) || next == NULL
        || req->hops == LAPOR_HTTP_HOPS
        || !req->call.allow(req->call.data, next))
    {
        return false;
    }

    /* next belongs to the handle and dies with the new URL */
    url = lapor_heap_copy(next);

    if (!lapor_http_same_origin(req->url, url)) {
        lapor_http_drop_authorization(req);
    }

    (void) curl_multi_remove_handle(req->http->multi, req->easy);

    free(req->url);
    req->url = url;
    req->hops++;

    if (curl_easy_setopt(req->easy, CURLOPT_URL, url) != CURLE_OK
        || curl_multi_add_handle(req->http->multi, req->easy) != CURLM_OK)
    {
        return false;
    }

    return true;
}


/*
 * unsent: nothing left, or the body not to its last byte, so that no peer can
 * have taken it for a request.
 */

static void
lapor_http_finish(struct lapor_http_req *req, CURLcode code)
{
    long                       issued;
    curl_off_t                 retry;
    struct lapor_http_result   result;

    memset(&result, 0, sizeof(result));
    issued = 0;
    retry = 0;

    (void) curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE,
                             &result.status);
    (void) curl_easy_getinfo(req->easy, CURLINFO_REQUEST_SIZE, &issued);
    (void) curl_easy_getinfo(req->easy, CURLINFO_RETRY_AFTER, &retry);
    (void) curl_easy_getinfo(req->easy, CURLINFO_CONTENT_TYPE, &result.type);

    result.code = code;
    result.too_big = req->too_big;
    result.aborted = req->aborted;
    result.size = req->size;
    result.body = lapor_buf_cstr(&req->answer);
    result.retry_after = (retry > 0) ? (int64_t) retry : -1;
    result.unsent = code != CURLE_OK
                    && (issued == 0
                        || req->offset < req->call.body_len);
    result.error = "";

    if (code != CURLE_OK) {
        result.error = req->error[0] ? req->error : curl_easy_strerror(code);
    }

    /* out of libcurl first: on_done may start the next request */
    (void) curl_multi_remove_handle(req->http->multi, req->easy);
    lapor_http_unlink(req);

    if (req->call.on_done != NULL) {
        req->call.on_done(req->call.data, &result);
    }

    lapor_http_destroy(req);
}


static void
lapor_http_unlink(struct lapor_http_req *req)
{
    if (req->prev != NULL) {
        req->prev->next = req->next;
    } else {
        req->http->reqs = req->next;
    }

    if (req->next != NULL) {
        req->next->prev = req->prev;
    }

    req->http->n--;
}


void
lapor_http_cancel(struct lapor_http *h, struct lapor_http_req *req)
{
    (void) h;

    req->aborted = true;
    lapor_http_finish(req, CURLE_ABORTED_BY_CALLBACK);
}


static void
lapor_http_destroy(struct lapor_http_req *req)
{
    curl_easy_cleanup(req->easy);
    curl_slist_free_all(req->headers);
    lapor_buf_free(&req->answer);
    free(req->url);
    free(req->method);
    free(req);
}
