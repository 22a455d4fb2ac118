/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * One request: its handle's options and the callbacks that move bytes.
 */

#include <string.h>
#include <strings.h>

#include "lib/heap.h"
#include "lib/http_internal.h"
#include "lib/log.h"
#include "lib/version.h"


#define LAPOR_HTTP_MAX_SIZE   (1024 * 1024)
#define LAPOR_HTTP_ERROR_MAX  65536     /* of an error's body beside chunks */


static void lapor_http_set_method(struct lapor_http_req *req);
static void lapor_http_set_limits(struct lapor_http_req *req);
static void lapor_http_add_header(struct lapor_http_req *req,
    const char *header);
static size_t lapor_http_on_write(char *data, size_t size, size_t n,
    void *arg);
static size_t lapor_http_on_read(char *data, size_t size, size_t n,
    void *arg);
static int lapor_http_on_seek(void *arg, curl_off_t offset, int origin);


int
lapor_http_setup(struct lapor_http_req *req,
    const struct lapor_http_call *call)
{
    CURL    *e;
    size_t   i;

    req->call = *call;
    req->url = lapor_heap_copy(call->url);
    req->method = lapor_heap_copy(call->method);

    /* the caller's may be gone when this one still runs */
    req->call.url = NULL;
    req->call.method = NULL;
    req->call.headers = NULL;

    if (req->call.max_size == 0) {
        req->call.max_size = LAPOR_HTTP_MAX_SIZE;
    }

    req->easy = curl_easy_init();

    if (req->easy == NULL) {
        lapor_fatal_memory();
    }

    e = req->easy;

    for (i = 0; i < call->nheaders; i++) {
        lapor_http_add_header(req, call->headers[i]);
    }

    /* no waiting for "100 Continue" */
    lapor_http_add_header(req, "Expect:");

    if (curl_easy_setopt(e, CURLOPT_URL, req->url) != CURLE_OK
        || !lapor_http_same_origin(req->url, req->url)
        || curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https")
           != CURLE_OK)
    {
        return -1;
    }

    (void) curl_easy_setopt(e, CURLOPT_PRIVATE, (char *) req);
    (void) curl_easy_setopt(e, CURLOPT_ERRORBUFFER, req->error);
    (void) curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void) curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long) CURL_HTTP_VERSION_1_1);
    (void) curl_easy_setopt(e, CURLOPT_USERAGENT, "lapor/" LAPOR_VERSION);
    (void) curl_easy_setopt(e, CURLOPT_HTTPHEADER, req->headers);
    (void) curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, lapor_http_on_write);
    (void) curl_easy_setopt(e, CURLOPT_WRITEDATA, req);
    (void) curl_easy_setopt(e, CURLOPT_PROXY, req->http->proxy);

    if (req->http->ca_file != NULL) {
        (void) curl_easy_setopt(e, CURLOPT_CAINFO, req->http->ca_file);
    }

    lapor_http_set_limits(req);
    lapor_http_set_method(req);

    return 0;
}


static void
lapor_http_add_header(struct lapor_http_req *req, const char *header)
{
    struct curl_slist  *list;

    list = curl_slist_append(req->headers, header);

    if (list == NULL) {
        lapor_fatal_memory();
    }

    req->headers = list;
}


static void
lapor_http_set_limits(struct lapor_http_req *req)
{
    CURL                          *e;
    const struct lapor_http_call  *call;

    e = req->easy;
    call = &req->call;

    (void) curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                            (long) (call->connect_ms ? call->connect_ms
                                    : 5000));
    (void) curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
                            (long) (call->total_ms ? call->total_ms : 30000));
    (void) curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 65536L);
    (void) curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);

    if (call->low_speed != 0) {
        (void) curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT,
                                (long) call->low_speed);
        (void) curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME,
                                (long) (call->low_speed_s ? call->low_speed_s
                                        : 30));
    }
}


/*
 * The body goes through callbacks and not through CURLOPT_POSTFIELDS: when a
 * kept-alive connection closes without an answer, libcurl sends the request
 * again on a new one, and has to ask for a rewind before; see on_seek.
 */

static void
lapor_http_set_method(struct lapor_http_req *req)
{
    CURL  *e;

    e = req->easy;

    if (req->call.body != NULL) {
        (void) curl_easy_setopt(e, CURLOPT_POST, 1L);
        (void) curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
        (void) curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t) req->call.body_len);
        (void) curl_easy_setopt(e, CURLOPT_READFUNCTION, lapor_http_on_read);
        (void) curl_easy_setopt(e, CURLOPT_READDATA, req);
        (void) curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, lapor_http_on_seek);
        (void) curl_easy_setopt(e, CURLOPT_SEEKDATA, req);
    }

    /* without a body there is no rewind to refuse, but a new connection
       is never tried twice */
    if (req->call.body_len == 0
        && (req->call.body != NULL
            || (req->method != NULL && strcmp(req->method, "GET") != 0
                && strcmp(req->method, "HEAD") != 0)))
    {
        (void) curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
    }

    if (req->method == NULL || strcmp(req->method, "GET") == 0
        || (strcmp(req->method, "POST") == 0 && req->call.body != NULL))
    {
        return;
    }

    if (strcmp(req->method, "HEAD") == 0) {
        (void) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
        return;
    }

    (void) curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
}


static size_t
lapor_http_on_read(char *data, size_t size, size_t n, void *arg)
{
    size_t                  len;
    struct lapor_http_req  *req;

    req = arg;
    len = req->call.body_len - req->offset;

    if (len > size * n) {
        len = size * n;
    }

    memcpy(data, req->call.body + req->offset, len);
    req->offset += len;

    return len;
}


/*
 * What was handed out may have arrived and been acted upon; a request whose
 * last byte never left cannot have been, so that one may start over.
 */

static int
lapor_http_on_seek(void *arg, curl_off_t offset, int origin)
{
    struct lapor_http_req  *req;

    req = arg;

    if (offset != 0 || origin != SEEK_SET
        || req->offset == req->call.body_len)
    {
        return CURL_SEEKFUNC_FAIL;
    }

    req->offset = 0;
    return CURL_SEEKFUNC_OK;
}


bool
lapor_http_is_redirect(const struct lapor_http_req *req, long status)
{
    return req->call.allow != NULL && req->call.body == NULL
           && (status == 301 || status == 302 || status == 303
               || status == 307 || status == 308);
}


static size_t
lapor_http_on_write(char *data, size_t size, size_t n, void *arg)
{
    long                    status;
    size_t                  len;
    struct lapor_http_req  *req;

    req = arg;
    len = size * n;
    status = 0;

    (void) curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);

    if (lapor_http_is_redirect(req, status)) {
        return len;
    }

    req->size += (int64_t) len;

    /* an error's body is for the log of causes: its start will do */
    if (req->call.on_chunk != NULL && (status < 200 || status > 299)) {
        if (req->answer.len + len <= LAPOR_HTTP_ERROR_MAX) {
            lapor_buf_add(&req->answer, data, len);
        }

        return len;
    }

    if (req->size > req->call.max_size) {
        req->too_big = true;
        return 0;
    }

    if (req->call.on_chunk == NULL) {
        lapor_buf_add(&req->answer, data, len);
        return len;
    }

    if (req->call.on_chunk(req->call.data, data, len) == -1) {
        req->aborted = true;
        return 0;
    }

    return len;
}


/* Same scheme, host and port; false also when one is no http URL. */

bool
lapor_http_same_origin(const char *one, const char *two)
{
    bool         same;
    char        *a, *b;
    CURLU       *u, *v;
    size_t       i;

    static const CURLUPart  parts[] = {
        CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT
    };

    u = curl_url();
    v = curl_url();

    if (u == NULL || v == NULL) {
        lapor_fatal_memory();
    }

    same = curl_url_set(u, CURLUPART_URL, one, 0) == CURLUE_OK
           && curl_url_set(v, CURLUPART_URL, two, 0) == CURLUE_OK;

    for (i = 0; same && i < sizeof(parts) / sizeof(parts[0]); i++) {
        a = NULL;
        b = NULL;

        same = curl_url_get(u, parts[i], &a, CURLU_DEFAULT_PORT) == CURLUE_OK
               && curl_url_get(v, parts[i], &b, CURLU_DEFAULT_PORT)
                  == CURLUE_OK
               && strcasecmp(a, b) == 0;

        if (same && i == 0) {
            same = strcmp(a, "http") == 0 || strcmp(a, "https") == 0;
        }

        curl_free(a);
        curl_free(b);
    }

    curl_url_cleanup(u);
    curl_url_cleanup(v);

    return same;
}


void
lapor_http_drop_authorization(struct lapor_http_req *req)
{
    struct curl_slist        *old;
    const struct curl_slist  *item;

    old = req->headers;
    req->headers = NULL;

    for (item = old; item != NULL; item = item->next) {
        if (strncasecmp(item->data, "Authorization:", 14) != 0) {
            lapor_http_add_header(req, item->data);
        }
    }

    (void) curl_easy_setopt(req->easy, CURLOPT_HTTPHEADER, req->headers);
    curl_slist_free_all(old);
}
