/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What a handler answers, and Meta's error envelope.
 */

#ifndef GRAPH_ANSWER_H
#define GRAPH_ANSWER_H

#include "lib/buf.h"

#include <stdint.h>


#define GRAPH_JSON  "application/json; charset=UTF-8"

struct graph_answer {
    unsigned          status;
    char              type[200];    /* Content-Type */
    struct lapor_buf  body;
    int               fd;           /* -1, or an open file that is the body */
    int64_t           size;         /* of the file */
};


void graph_answer_init(struct graph_answer *a);

/* Frees the body and closes the file, unless they were given away. */
void graph_answer_free(struct graph_answer *a);

/*
 * The envelope of an error of the Graph API.  status 0 = the one that belongs
 * to the code; code 0 with a status = a code that fits the status.
 */
void graph_answer_error(struct graph_answer *a, unsigned status, int code,
    const char *details, ...) __attribute__((format(printf, 4, 5)));

/* Meta's title of a code, as it stands in statuses, too. */
const char *graph_error_title(int code);

#endif
