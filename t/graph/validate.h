/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What Meta checks in the body of a message before it accepts it: the parts
 * below `type`, their limits, and that media exist.
 */

#ifndef GRAPH_VALIDATE_H
#define GRAPH_VALIDATE_H

#include "lib/json.h"
#include "t/graph/media.h"


/* Why a request is refused: a Graph code and its details. */
struct graph_refusal {
    int   code;
    char  details[256];
};

struct graph_check {
    struct graph_media    *media;
    int64_t                media_ttl_s;
    struct graph_refusal   why;     /* set when a check answers -1 */
};


/* 0, or -1 with check->why. */
int graph_validate_message(struct graph_check *check,
    const struct lapor_json *message) __attribute__((warn_unused_result));

/* The object behind type "interactive". */
int graph_validate_interactive(struct graph_check *check,
    const struct lapor_json *interactive)
    __attribute__((warn_unused_result));

/* A string of 1 to max characters; absent is right unless it is required. */
int graph_check_text(struct graph_check *check, const struct lapor_json *node,
    const char *name, size_t max, int required)
    __attribute__((warn_unused_result));

/* Sets check->why and returns -1. */
int graph_check_fail(struct graph_check *check, int code,
    const char *details, ...) __attribute__((format(printf, 3, 4)));

#endif
