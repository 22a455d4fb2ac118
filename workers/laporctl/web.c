/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Requests that are waited for. */

#include <stdio.h>
#include <string.h>

#include "laporctl/web.h"


static void on_done(void *data, const struct lapor_http_result *result);


void
lapor_ctl_web(struct lapor_http *http, const char *url,
    const char *const *headers, size_t nheaders, const char *body,
    size_t len, struct ctl_web *web)
{
    struct lapor_http_req   *req;
    struct lapor_http_call   call;

    lapor_buf_reset(&web->body);
    web->status = 0;
    web->error[0] = '\0';
    web->done = 0;

    memset(&call, 0, sizeof(call));
    call.url = url;
    call.headers = headers;
    call.nheaders = nheaders;
    call.body = body;
    call.body_len = len;
    call.on_done = on_done;
    call.data = web;

    if (lapor_http_start(http, &call, &req) == -1) {
        snprintf(web->error, sizeof(web->error), "the URL cannot be used");
        return;
    }

    while (!web->done) {
        if (lapor_http_wait(http, NULL, 0, 1000) == -1) {
            /* ends in on_done: the request must not outlive web */
            lapor_http_cancel(http, req);
            snprintf(web->error, sizeof(web->error), "libcurl failed");
        }
    }
}


void
lapor_ctl_web_graph(struct lapor_http *http, const struct lapor_graph *graph,
    const char *id, const char *edge, struct ctl_web *web)
{
    size_t               n;
    struct lapor_buf     url;
    const char *const   *headers;

    lapor_buf_init(&url);
    lapor_graph_url(graph, &url, lapor_str_from(id));
    lapor_buf_addz(&url, edge);
    headers = lapor_graph_headers(graph, &n);
    lapor_ctl_web(http, lapor_buf_cstr(&url), headers, n, NULL, 0, web);
    lapor_buf_free(&url);
}


static void
on_done(void *data, const struct lapor_http_result *result)
{
    struct ctl_web  *web;

    web = data;
    web->done = 1;

    if (result->code == CURLE_OK) {
        web->status = result->status;
        lapor_buf_addz(&web->body, result->body);
        return;
    }

    snprintf(web->error, sizeof(web->error), "%s", result->error);
}
