/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What every caller of Meta's Graph API needs: URLs, the headers with the
 * access token, and the error envelope (Cloud API, "Error codes").
 */

#ifndef LAPOR_LIB_GRAPH_H
#define LAPOR_LIB_GRAPH_H


#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/str.h"


/* A token that is longer is taken for a wrong file. */
#define LAPOR_GRAPH_TOKEN_MAX  4096

/* No envelope, hence no code; 0 is one of Meta's codes. */
#define LAPOR_GRAPH_NO_CODE    (-1)

/* Codes that mean something to more than one worker: 100, a wrong parameter,
   with the subcode 33 "the object named in the path does not exist, or
   permission for it is missing", which is a code of its own, too. */
#define LAPOR_GRAPH_PARAMETER  100
#define LAPOR_GRAPH_NO_OBJECT  33

struct lapor_graph;


struct lapor_graph_error {
    long  status;           /* HTTP */
    int   code;             /* or LAPOR_GRAPH_NO_CODE */
    int   subcode;          /* 0 when absent; not to be relied upon */
    bool  transient;        /* Meta's is_transient */
    char  trace[48];        /* fbtrace_id, fit for a log; "" when absent */
    char  text[256];        /* code and Meta's words, valid UTF-8; may name a
                               person's number: for the record, not a log */
};


/*
 * token names the file with the access token as LAPOR_CONF_SECRET_FILE does.
 * All strings are copied.  NULL and a reason in err when the token cannot be
 * read or cannot stand in a header.
 */
struct lapor_graph *lapor_graph_new(const char *url, const char *version,
    const char *token, char *err, size_t size);

/* Wipes the token. */
void lapor_graph_free(struct lapor_graph *g);

/*
 * Reads the token's file again.  True when there is another token now; one
 * that cannot be read is logged, and the old one stays.
 */
bool lapor_graph_reload(struct lapor_graph *g);

/* Another file for the token, from the next reload on. */
void lapor_graph_token_file(struct lapor_graph *g, const char *token);

/* "Authorization", "User-Agent": n headers, good until a reload or free. */
const char *const *lapor_graph_headers(const struct lapor_graph *g,
    size_t *ret_n);

/* Starts buf anew with URL/VERSION/ID; the caller adds the rest. */
void lapor_graph_url(const struct lapor_graph *g, struct lapor_buf *buf,
    struct lapor_str id);

/*
 * May this stand in a URL as it is?  Ids of Meta are digits, or letters and
 * digits with a few signs; whatever else came in a payload would lead to
 * another path.
 */
bool lapor_graph_id(struct lapor_str id);

struct lapor_metric;

/* Counts it under its code, or "http_STATUS" where none came. */
void lapor_graph_count(struct lapor_metric *m,
    const struct lapor_graph_error *error);

/* Reads the envelope; whatever is none has no code, and text says so. */
void lapor_graph_error(long status, const char *body, size_t len,
    struct lapor_graph_error *ret_error);


#endif
