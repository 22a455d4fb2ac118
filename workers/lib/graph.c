/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The token lies in one buffer, the whole header, which is wiped when it is
 * replaced.
 */

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/graph.h"
#include "lib/heap.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/pool.h"
#include "lib/utf8.h"
#include "lib/version.h"


struct lapor_graph {
    char              *base;        /* without a slash at its end */
    char              *version;
    char              *token;       /* the file's name */
    struct lapor_buf   auth;        /* "Authorization: Bearer ..." */
    const char        *headers[2];  /* the first points into auth */
};


static int lapor_graph_token(struct lapor_graph *g, struct lapor_buf *auth,
    char *err, size_t size);
static int lapor_graph_int(const struct lapor_json *node, const char *name,
    int absent);
static void lapor_graph_trace(const struct lapor_json *node, char *ret_trace,
    size_t size);
static void lapor_graph_text(struct lapor_pool *pool,
    const struct lapor_json *node, struct lapor_graph_error *error);


struct lapor_graph *
lapor_graph_new(const char *url, const char *version, const char *token,
    char *err, size_t size)
{
    size_t               len;
    struct lapor_graph  *g;

    g = calloc(1, sizeof(struct lapor_graph));
    if (g == NULL) {
        lapor_fatal_memory();
    }

    len = strlen(url);
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }

    g->base = lapor_heap_copyn(url, len);
    g->version = lapor_heap_copy(version);
    g->token = lapor_heap_copy(token);
    lapor_buf_init(&g->auth);

    if (lapor_graph_token(g, &g->auth, err, size) == -1) {
        lapor_graph_free(g);
        return NULL;
    }

    g->headers[0] = lapor_buf_cstr(&g->auth);
    g->headers[1] = "User-Agent: lapor/" LAPOR_VERSION;

    return g;
}


void
lapor_graph_free(struct lapor_graph *g)
{
    if (g == NULL) {
        return;
    }

    lapor_buf_wipe(&g->auth);
    free(g->base);
    free(g->version);
    free(g->token);
    free(g);
}


/* A line feed or blank inside would let the file add headers of its own. */

static int
lapor_graph_token(struct lapor_graph *g, struct lapor_buf *auth, char *err,
    size_t size)
{
    int      rc;
    char    *token;
    size_t   i, len;

    if (lapor_conf_secret(g->token, &token, err, size) == -1) {
        return -1;
    }

    rc = -1;
    len = strlen(token);

    for (i = 0; i < len && token[i] > ' ' && token[i] < 0x7f; i++) {
        /* every character is looked at */
    }

    if (len == 0 || i < len || len > LAPOR_GRAPH_TOKEN_MAX) {
        (void) snprintf(err, size, "\"%s\" holds no access token", g->token);
        goto done;
    }

    lapor_buf_reserve(auth, sizeof("Authorization: Bearer ") + len);
    lapor_buf_addz(auth, "Authorization: Bearer ");
    lapor_buf_add(auth, token, len);
    rc = 0;

done:

    explicit_bzero(token, len);
    free(token);
    return rc;
}


void
lapor_graph_token_file(struct lapor_graph *g, const char *token)
{
    free(g->token);
    g->token = lapor_heap_copy(token);
}


bool
lapor_graph_reload(struct lapor_graph *g)
{
    char              err[256];
    struct lapor_buf  auth = LAPOR_BUF_INIT;

    if (lapor_graph_token(g, &auth, err, sizeof(err)) == -1) {
        lapor_log_err("could not read the access token again: %s", err);
        lapor_buf_wipe(&auth);
        return false;
    }

    if (lapor_str_eq(lapor_buf_view(&auth), lapor_buf_view(&g->auth))) {
        lapor_buf_wipe(&auth);
        return false;
    }

    lapor_buf_wipe(&g->auth);
    g->auth = auth;
    g->headers[0] = lapor_buf_cstr(&g->auth);
    lapor_log_notice("the access token was read again, it is another one");

    return true;
}


const char *const *
lapor_graph_headers(const struct lapor_graph *g, size_t *ret_n)
{
    *ret_n = sizeof(g->headers) / sizeof(g->headers[0]);
    return g->headers;
}


void
lapor_graph_url(const struct lapor_graph *g, struct lapor_buf *buf,
    struct lapor_str id)
{
    lapor_buf_reset(buf);
    lapor_buf_printf(buf, "%s/%s/", g->base, g->version);
    lapor_buf_adds(buf, id);
}


bool
lapor_graph_id(struct lapor_str id)
{
    char    c;
    size_t  i;

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z') || c == '_' || c == '-'))
        {
            return false;
        }
    }

    return id.len > 0 && id.len <= 256;
}


void
lapor_graph_count(struct lapor_metric *m,
    const struct lapor_graph_error *error)
{
    char  code[24];

    if (error->code == LAPOR_GRAPH_NO_CODE) {
        (void) snprintf(code, sizeof(code), "http_%ld", error->status);

    } else {
        (void) snprintf(code, sizeof(code), "%d", error->code);
    }

    lapor_metric_add(m, lapor_metric_label(m, code, NULL), 1);
}


void
lapor_graph_error(long status, const char *body, size_t len,
    struct lapor_graph_error *ret_error)
{
    struct lapor_json        *root;
    struct lapor_pool        *pool;
    const struct lapor_json  *node;
    struct lapor_json_error   error;

    memset(ret_error, 0, sizeof(struct lapor_graph_error));
    ret_error->status = status;
    ret_error->code = LAPOR_GRAPH_NO_CODE;
    (void) snprintf(ret_error->text, sizeof(ret_error->text), "HTTP %ld",
                    status);

    pool = lapor_pool_create(4096);
    node = NULL;

    if (body != NULL && lapor_json_parse(pool, body, len, &root, &error) == 0)
    {
        node = lapor_json_get(root, "error");
    }

    if (lapor_json_is(node, LAPOR_JSON_OBJECT)) {
        ret_error->code = lapor_graph_int(node, "code", LAPOR_GRAPH_NO_CODE);
        ret_error->subcode = lapor_graph_int(node, "error_subcode", 0);
        ret_error->transient = lapor_json_bool(lapor_json_get(node,
                                                   "is_transient")) == 1;
        lapor_graph_trace(node, ret_error->trace, sizeof(ret_error->trace));
        lapor_graph_text(pool, node, ret_error);
    }

    lapor_pool_destroy(pool);
}


static int
lapor_graph_int(const struct lapor_json *node, const char *name, int absent)
{
    int64_t  value;

    if (lapor_json_int(lapor_json_get(node, name), &value) == -1
        || value < 0 || value > INT_MAX)
    {
        return absent;
    }

    return (int) value;
}


/* Meta's trace ids are base64-like; anything else stays out of the log. */

static void
lapor_graph_trace(const struct lapor_json *node, char *ret_trace, size_t size)
{
    struct lapor_str  trace;

    trace = lapor_json_get_text(node, "fbtrace_id");

    if (lapor_graph_id(trace) && trace.len < size) {
        memcpy(ret_trace, trace.data, trace.len);
        ret_trace[trace.len] = '\0';
    }
}


/* error_data is an object with details, or a string (seen in SDKs). */

static void
lapor_graph_text(struct lapor_pool *pool, const struct lapor_json *node,
    struct lapor_graph_error *error)
{
    int                       damaged;
    struct lapor_buf          buf = LAPOR_BUF_INIT;
    struct lapor_str          words, text;
    const struct lapor_json  *data;

    data = lapor_json_get(node, "error_data");
    words = lapor_json_get_text(data, "details");

    if (lapor_str_empty(words)) {
        words = lapor_json_text(data);
    }

    if (lapor_str_empty(words)) {
        words = lapor_json_get_text(node, "message");
    }

    lapor_buf_printf(&buf, "HTTP %ld", error->status);

    if (error->code != LAPOR_GRAPH_NO_CODE) {
        lapor_buf_printf(&buf, ", code %d", error->code);
    }

    if (error->subcode != 0) {
        lapor_buf_printf(&buf, ", subcode %d", error->subcode);
    }

    if (!lapor_str_empty(words)) {
        lapor_buf_addz(&buf, ": ");
        lapor_buf_adds(&buf, words);
    }

    text = lapor_utf8_pgtext(pool, lapor_buf_view(&buf), &damaged);
    text = lapor_utf8_cut(text, sizeof(error->text) - 1);
    memcpy(error->text, text.data, text.len);
    error->text[text.len] = '\0';

    lapor_buf_free(&buf);
}
