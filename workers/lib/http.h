/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Many HTTP requests at once over libcurl's multi interface.  Only http and
 * https; no redirect unless the caller allows its URL; no signals.
 *
 * What is neither GET nor HEAD is never sent twice by the library: libcurl
 * would repeat a request whose kept-alive connection closed without an
 * answer, although the peer may have acted on it.  Such a one ends with
 * CURLE_SEND_FAIL_REWIND and unsent false.
 */

#ifndef LAPOR_LIB_HTTP_H
#define LAPOR_LIB_HTTP_H


#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


struct lapor_http;
struct lapor_http_req;

/* Zeros take the defaults. */
struct lapor_http_conf {
    long         max_host_connections;  /* 8 */
    long         max_connections;       /* 32 */
    const char  *ca_file;               /* NULL: the system's */
    const char  *proxy;                 /* NULL: none, whatever the
                                           environment says */
};

struct lapor_http_result {
    CURLcode      code;         /* CURLE_OK: an answer came, see status */
    long          status;       /* 0 without an answer */
    bool          unsent;       /* certainly not acted upon by the peer; false
                                   with code != CURLE_OK: outcome unknown */
    bool          too_big;      /* aborted at max_size */
    bool          aborted;      /* on_chunk said so, or cancelled */
    const char   *error;        /* one line without the URL's query */
    const char   *type;         /* Content-Type or NULL */
    int64_t       retry_after;  /* seconds, -1 when absent */
    int64_t       size;         /* bytes of the body received */
    const char   *body;         /* without on_chunk: the body, NUL behind it */
};

/* What to do.  Zero it first.  All but body and data are copied. */
struct lapor_http_call {
    const char         *method;         /* NULL: GET, or POST with a body */
    const char         *url;
    const char *const  *headers;        /* "Name: value" */
    size_t              nheaders;
    const char         *body;           /* must live until on_done */
    size_t              body_len;
    int                 connect_ms;     /* 0: 5000 */
    int                 total_ms;       /* 0: 30000 */
    int                 low_speed;      /* bytes/s, 0: no limit ... */
    int                 low_speed_s;    /* ... for so many seconds, 0: 30 */
    int64_t             max_size;       /* of the answer's body, 0: 1 MiB */

    /*
     * NULL: an answer 3xx is an answer.  True: follow to that URL (GET, five
     * times at most; Authorization goes only to the first host and port).
     */
    bool              (*allow)(void *data, const char *url);

    /*
     * Pieces of the body of an answer with a status of 200 to 299; other
     * bodies are collected into result.body, so that an error envelope can be
     * read.  -1 aborts.  NULL: all bodies are collected.
     */
    int               (*on_chunk)(void *data, const char *chunk, size_t len);

    /* Exactly once for every started request; result dies on return. */
    void              (*on_done)(void *data,
                                 const struct lapor_http_result *result);
    void               *data;
};


/* Exits 71 when libcurl cannot start. */
struct lapor_http *lapor_http_new(const struct lapor_http_conf *conf);

/* For the requests from now on; both above 0. */
void lapor_http_limits(struct lapor_http *h, long max_host_connections,
    long max_connections);

/* Requests that still run are cancelled, with their on_done. */
void lapor_http_free(struct lapor_http *h);

/*
 * -1 when the URL cannot be used; then on_done is not called.  May be called
 * from on_done, not from on_chunk or allow.
 */
int lapor_http_start(struct lapor_http *h, const struct lapor_http_call *call,
    struct lapor_http_req **ret_req) __attribute__((warn_unused_result));

/* Calls on_done with code CURLE_ABORTED_BY_CALLBACK; not from callbacks. */
void lapor_http_cancel(struct lapor_http *h, struct lapor_http_req *req);

/*
 * Waits up to ms for the requests' sockets, for fds (poll's events and
 * revents) and for signals of lib/loop, works, and calls on_done of what
 * ended.  0, or -1 when libcurl fails (logged).
 */
int lapor_http_wait(struct lapor_http *h, struct pollfd *fds, nfds_t n,
    int ms);


#endif
