/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Statuses of sends, posted to the webhook as Meta posts them: signed, one
 * after the other for one send, many sends at the same time, again and again
 * until the webhook answers 200.  A thread of its own; nobody waits for it.
 */

#ifndef GRAPH_STATUSES_H
#define GRAPH_STATUSES_H

#include "t/graph/conf.h"
#include "t/graph/sends.h"


struct graph_statuses;

/* Called by the thread when `done` statuses of a send have been delivered. */
typedef void (*graph_statuses_mark)(void *ctx, const struct graph_send *send,
    int done);


struct graph_statuses *graph_statuses_create(const struct graph_conf *conf,
    graph_statuses_mark mark, void *ctx);

/* Starts the thread; sends may be added before. */
int graph_statuses_start(struct graph_statuses *st)
    __attribute__((warn_unused_result));

/* Copies the send; its first `done` statuses are not sent again. */
void graph_statuses_add(struct graph_statuses *st,
    const struct graph_send *send, int done);

/* Forgets what is not under way; what is, is not followed up. */
void graph_statuses_reset(struct graph_statuses *st);

/* Ends the thread and frees; what is left is in the journal. */
void graph_statuses_stop(struct graph_statuses *st);

/* The webhook's body: Meta's JSON, non-ASCII as \uXXXX, slashes escaped. */
void graph_statuses_body(const struct graph_conf *conf,
    const struct graph_send *send, enum graph_state state, int64_t now_s,
    struct lapor_buf *to);

#endif
