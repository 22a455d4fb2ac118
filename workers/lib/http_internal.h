/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* What the files of lib/http share; nobody else includes it. */

#ifndef LAPOR_LIB_HTTP_INTERNAL_H
#define LAPOR_LIB_HTTP_INTERNAL_H


#include "lib/buf.h"
#include "lib/http.h"


struct lapor_http {
    CURLM                  *multi;
    struct lapor_http_req  *reqs;
    size_t                  n;
    char                   *ca_file;
    char                   *proxy;
};

struct lapor_http_req {
    struct lapor_http       *http;
    struct lapor_http_req   *next;
    struct lapor_http_req   *prev;
    CURL                    *easy;
    struct curl_slist       *headers;
    struct lapor_http_call   call;      /* url and headers are not used */
    char                    *url;
    char                    *method;
    size_t                   offset;    /* of the body, given to libcurl */
    struct lapor_buf         answer;
    int64_t                  size;
    int                      hops;
    bool                     too_big;
    bool                     aborted;
    char                     error[CURL_ERROR_SIZE];
};


/* Fills a zeroed request and its handle; -1 when the URL cannot be used. */
int lapor_http_setup(struct lapor_http_req *req,
    const struct lapor_http_call *call);

/* An answer that the caller may want to be followed. */
bool lapor_http_is_redirect(const struct lapor_http_req *req, long status);

/* Same scheme, host and port; false also when one is no http URL. */
bool lapor_http_same_origin(const char *one, const char *two);

void lapor_http_drop_authorization(struct lapor_http_req *req);


#endif
