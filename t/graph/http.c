/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The HTTP server.  libmicrohttpd calls graph_http_request() once with the
 * headers, once for each piece of the body, once at its end; the request
 * lives in *con_cls and is freed by graph_http_completed(), which is called
 * whatever became of the connection.
 */

#include "t/graph/http.h"

#include "lib/log.h"
#include "t/graph/request.h"
#include "t/graph/util.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define GRAPH_CONNECTIONS   4096
#define GRAPH_KEEPALIVE_S   300
#define GRAPH_STACK         (1024 * 1024)

struct graph_http {
    struct graph       *graph;
    struct MHD_Daemon  *daemon;
    pthread_mutex_t     lock;       /* of stopping */
    pthread_cond_t      stop;
    int                 stopping;
};

/* A download that is to go wrong. */
struct graph_stream {
    int      fd;
    int64_t  cut;       /* -1 = whole */
    int      corrupt;
};


static enum MHD_Result graph_http_request(void *ctx,
    struct MHD_Connection *conn, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **con_cls);
static void graph_http_completed(void *ctx, struct MHD_Connection *conn,
    void **con_cls, enum MHD_RequestTerminationCode toe);
static struct graph_request *graph_request_create(struct graph *g,
    struct MHD_Connection *conn, const char *url, const char *method);
static void graph_request_data(struct graph_request *rq, const char *data,
    size_t size);
static enum MHD_Result graph_request_end(struct graph_http *http,
    struct graph_request *rq);
static void graph_request_strike(struct graph_request *rq);
static void graph_request_handle(struct graph_request *rq);
static int graph_request_authorized(struct graph_request *rq);
static int graph_http_pause(struct graph_http *http, int64_t ms);
static enum MHD_Result graph_request_answer(struct graph_request *rq);
static struct MHD_Response *graph_answer_file(struct graph_request *rq);
static ssize_t graph_stream_read(void *ctx, uint64_t pos, char *to,
    size_t max);
static void graph_stream_free(void *ctx);


int
graph_http_listen(struct graph_conf *conf)
{
    int        fd, on;
    socklen_t  len;

    on = 1;
    len = sizeof(conf->listen);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1
        || bind(fd, (struct sockaddr *) &conf->listen, len) == -1
        || listen(fd, 1024) == -1
        || getsockname(fd, (struct sockaddr *) &conf->listen, &len) == -1)
    {
        lapor_log_err("could not listen port=%d: %s",
                      ntohs(conf->listen.sin_port), strerror(errno));

        if (fd != -1) {
            (void) close(fd);
        }

        return -1;
    }

    return fd;
}


struct graph_http *
graph_http_start(struct graph *g, int fd)
{
    struct graph_http   *http;
    pthread_condattr_t   attr;

    http = graph_alloc(sizeof(struct graph_http));
    http->graph = g;

    (void) pthread_mutex_init(&http->lock, NULL);
    (void) pthread_condattr_init(&attr);
    (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&http->stop, &attr);
    (void) pthread_condattr_destroy(&attr);

    http->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD
        | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC, 0, NULL, NULL,
        graph_http_request, http,
        MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) GRAPH_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) GRAPH_KEEPALIVE_S,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t) GRAPH_STACK,
        MHD_OPTION_NOTIFY_COMPLETED, graph_http_completed, NULL,
        MHD_OPTION_END);

    if (http->daemon == NULL) {
        lapor_log_err("could not start the HTTP server");
        (void) close(fd);
        graph_http_stop(http);
        return NULL;
    }

    return http;
}


void
graph_http_stop(struct graph_http *http)
{
    if (http == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&http->lock);
    http->stopping = 1;
    (void) pthread_cond_broadcast(&http->stop);
    (void) pthread_mutex_unlock(&http->lock);

    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }

    (void) pthread_cond_destroy(&http->stop);
    (void) pthread_mutex_destroy(&http->lock);
    free(http);
}


/* 0 when the time is over, -1 when the server stops. */

static int
graph_http_pause(struct graph_http *http, int64_t ms)
{
    int              rc, stopping;
    struct timespec  until;

    (void) clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000;

    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }

    (void) pthread_mutex_lock(&http->lock);

    for (rc = 0; !http->stopping && rc == 0; /* void */ ) {
        rc = pthread_cond_timedwait(&http->stop, &http->lock, &until);
    }

    stopping = http->stopping;
    (void) pthread_mutex_unlock(&http->lock);

    return stopping ? -1 : 0;
}


static enum MHD_Result
graph_http_request(void *ctx, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **con_cls)
{
    struct graph_http     *http;
    struct graph_request  *rq;

    (void) version;

    http = ctx;
    rq = *con_cls;

    if (rq == NULL) {
        *con_cls = graph_request_create(http->graph, conn, url, method);
        return MHD_YES;
    }

    if (*size > 0) {
        graph_request_data(rq, data, *size);
        *size = 0;
        return MHD_YES;
    }

    return graph_request_end(http, rq);
}


static struct graph_request *
graph_request_create(struct graph *g, struct MHD_Connection *conn,
    const char *url, const char *method)
{
    size_t                 len;
    struct graph_request  *rq;

    rq = graph_alloc(sizeof(struct graph_request));
    rq->graph = g;
    rq->conn = conn;
    rq->upload.fd = -1;
    rq->effect.cut = -1;
    rq->body.limit = GRAPH_BODY_MAX_BYTES;
    graph_answer_init(&rq->answer);

    len = strlen(method) + strlen(url) + 2;
    rq->line = graph_alloc(len);
    (void) snprintf(rq->line, len, "%s %s", method, url);
    rq->path = rq->line + strlen(method) + 1;

    graph_route_find(rq, method);

    if (rq->route == NULL || rq->route->body == GRAPH_BODY_TEXT) {
        return rq;
    }

    if (rq->route->body == GRAPH_BODY_RAW) {
        rq->broken = graph_upload_begin(g->media, &rq->upload) == -1;

    } else {
        graph_form_begin(rq);
    }

    return rq;
}


static void
graph_request_data(struct graph_request *rq, const char *data, size_t size)
{
    if (rq->form.pp != NULL) {
        (void) MHD_post_process(rq->form.pp, data, size);

    } else if (rq->upload.fd != -1) {
        if (!rq->broken
            && graph_upload_write(&rq->upload, data, size) == -1)
        {
            rq->broken = 1;
        }

    } else {
        lapor_buf_add(&rq->body, data, size);
    }
}


static void
graph_http_completed(void *ctx, struct MHD_Connection *conn, void **con_cls,
    enum MHD_RequestTerminationCode toe)
{
    struct graph_request  *rq;

    (void) ctx;
    (void) conn;
    (void) toe;

    rq = *con_cls;
    if (rq == NULL) {
        return;
    }

    if (rq->form.pp != NULL) {
        (void) MHD_destroy_post_processor(rq->form.pp);
    }

    graph_upload_abort(rq->graph->media, &rq->upload);
    graph_effect_free(&rq->effect);
    graph_answer_free(&rq->answer);
    lapor_buf_free(&rq->body);
    free(rq->line);
    free(rq);
    *con_cls = NULL;
}


/* MHD_NO closes the connection without an answer. */

static enum MHD_Result
graph_request_end(struct graph_http *http, struct graph_request *rq)
{
    struct graph_effect  *e;

    e = &rq->effect;

    /* the last piece of a form is delivered here */
    if (rq->form.pp != NULL) {
        (void) MHD_destroy_post_processor(rq->form.pp);
        rq->form.pp = NULL;
    }

    if (rq->route == NULL || rq->route->area != GRAPH_AREA_CONTROL) {
        graph_request_strike(rq);
    }

    if ((e->delay_ms > 0 && graph_http_pause(http, e->delay_ms) == -1)
        || e->refuse)
    {
        return MHD_NO;
    }

    graph_request_handle(rq);

    if ((e->answer_delay_ms > 0
         && graph_http_pause(http, e->answer_delay_ms) == -1)
        || e->drop)
    {
        return MHD_NO;
    }

    return graph_request_answer(rq);
}


static void
graph_request_strike(struct graph_request *rq)
{
    char  to[GRAPH_TO_LEN];
    int   known;

    known = rq->route != NULL
            && rq->route->handler == graph_handle_messages
            && graph_faults_want_recipient(rq->graph->faults)
            && graph_messages_recipient(rq, to) == 0;

    graph_faults_strike(rq->graph->faults, rq->line, known ? to : NULL,
                        &rq->effect);
}


static void
graph_request_handle(struct graph_request *rq)
{
    struct graph_effect  *e;
    struct graph_answer  *a;

    e = &rq->effect;
    a = &rq->answer;

    if (e->status != 0 && e->body != NULL) {
        a->status = e->status;
        (void) snprintf(a->type, sizeof(a->type), "%s",
                        e->type == NULL ? "text/html" : e->type);
        lapor_buf_addz(&a->body, e->body);

    } else if (e->status != 0 || e->code != 0) {
        graph_answer_error(a, e->status, e->code, "A fault was ordered.");

    } else if (rq->route == NULL) {
        graph_answer_error(a, 0, 2500, "Unknown path components.");

    } else if (lapor_buf_check(&rq->body) == -1) {
        graph_answer_error(a, 413, 100, "The body is too large.");

    } else if (rq->route->area != GRAPH_AREA_CONTROL
               && !graph_request_authorized(rq))
    {
        graph_answer_error(a, 0, 190,
                           "Invalid OAuth access token - Cannot parse access "
                           "token");

    } else {
        rq->route->handler(rq);
    }
}


static int
graph_request_authorized(struct graph_request *rq)
{
    size_t       len;
    const char  *given, *token;

    token = rq->graph->conf.token;
    given = graph_request_header(rq, "Authorization");

    if (given != NULL && strncasecmp(given, "Bearer ", 7) == 0) {
        given += 7;
    } else {
        given = graph_request_query(rq, "access_token");
    }

    if (given == NULL) {
        return 0;
    }

    len = strlen(token);

    return strlen(given) == len && CRYPTO_memcmp(given, token, len) == 0;
}


const char *
graph_request_query(struct graph_request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->conn, MHD_GET_ARGUMENT_KIND, name);
}


const char *
graph_request_header(struct graph_request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, name);
}


static enum MHD_Result
graph_request_answer(struct graph_request *rq)
{
    enum MHD_Result       rc;
    struct graph_answer  *a;
    struct MHD_Response  *response;

    a = &rq->answer;

    if (lapor_buf_check(&a->body) == -1) {
        graph_answer_error(a, 0, 131000, "The answer is too large.");
    }

    if (a->fd != -1) {
        response = graph_answer_file(rq);

    } else {
        response = MHD_create_response_from_buffer(a->body.len, a->body.data,
                                                   MHD_RESPMEM_MUST_FREE);
        lapor_buf_init(&a->body);       /* the response owns the memory */
    }

    if (response == NULL) {
        lapor_fatal_memory();
    }

    (void) MHD_add_response_header(response, "Content-Type", a->type);
    rc = MHD_queue_response(rq->conn, a->status, response);
    MHD_destroy_response(response);

    return rc;
}


/* The response owns the file from here on. */

static struct MHD_Response *
graph_answer_file(struct graph_request *rq)
{
    int                   fd;
    struct graph_stream  *stream;

    fd = rq->answer.fd;
    rq->answer.fd = -1;

    if (rq->effect.cut == -1 && !rq->effect.corrupt) {
        return MHD_create_response_from_fd64((uint64_t) rq->answer.size, fd);
    }

    stream = graph_alloc(sizeof(struct graph_stream));
    stream->fd = fd;
    stream->cut = rq->effect.cut;
    stream->corrupt = rq->effect.corrupt;

    return MHD_create_response_from_callback((uint64_t) rq->answer.size,
                                             65536, graph_stream_read, stream,
                                             graph_stream_free);
}


static ssize_t
graph_stream_read(void *ctx, uint64_t pos, char *to, size_t max)
{
    ssize_t               n;
    struct graph_stream  *stream;

    stream = ctx;

    if (stream->cut != -1) {
        if ((int64_t) pos >= stream->cut) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }

        if ((int64_t) max > stream->cut - (int64_t) pos) {
            max = (size_t) (stream->cut - (int64_t) pos);
        }
    }

    n = pread(stream->fd, to, max, (off_t) pos);
    if (n <= 0) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }

    if (stream->corrupt && pos == 0) {
        to[0] = (char) (to[0] ^ 0x55);
    }

    return n;
}


static void
graph_stream_free(void *ctx)
{
    struct graph_stream  *stream;

    stream = ctx;
    (void) close(stream->fd);
    free(stream);
}
