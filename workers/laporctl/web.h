/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One HTTP request after another, each waited for.
 */

#ifndef LAPOR_CTL_WEB_H
#define LAPOR_CTL_WEB_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/graph.h"
#include "lib/http.h"


struct ctl_web {
    long              status;      /* of the answer; 0: there was none */
    struct lapor_buf  body;        /* of the answer; freed by the caller */
    char              error[256];  /* why there was no answer, else "" */
    int               done;
};


/* POST if body is not NULL, else GET. web may be reused as it is. */
void lapor_ctl_web(struct lapor_http *http, const char *url,
    const char *const *headers, size_t nheaders, const char *body,
    size_t len, struct ctl_web *web);

/* GET of an object of the Graph API; edge, with its slash, is what hangs on it,
 * or "". */
void lapor_ctl_web_graph(struct lapor_http *http,
    const struct lapor_graph *graph, const char *id, const char *edge,
    struct ctl_web *web);

#endif
