/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The sends that were accepted, and how many statuses of each have reached
 * the webhook.  Not locked: the caller serialises.
 */

#ifndef GRAPH_SENDS_H
#define GRAPH_SENDS_H

#include "lib/buf.h"
#include "t/graph/list.h"
#include "t/graph/plan.h"

#include <stdint.h>


#define GRAPH_TO_LEN     160        /* a user id has up to 131 characters */
#define GRAPH_WAMID_LEN  256
#define GRAPH_KEY_CHARS  512        /* of biz_opaque_callback_data */

struct graph_send {
    size_t             n;           /* from 1 */
    int64_t            at_ms;
    char               phone_number_id[24];
    char               to[GRAPH_TO_LEN];    /* digits, or a user id */
    int                is_user;     /* `to` is a user id */
    char               wamid[GRAPH_WAMID_LEN];
    struct lapor_str   key;         /* WTF-8, absent when none was given */
    struct graph_plan  plan;
};

struct graph_sends {
    struct graph_list     list;
    struct graph_journal  marks;
};

/* Called at start for every send, with the number of its statuses that were
   delivered.  The send dies with the call. */
typedef void (*graph_sends_each)(void *ctx, const struct graph_send *send,
    int done);


int graph_sends_open(struct graph_sends *sends, const char *dir,
    graph_sends_each each, void *ctx) __attribute__((warn_unused_result));

void graph_sends_close(struct graph_sends *sends);

/* Gives the send its n, time and wamid and writes it down; `body` is the JSON
   object as it was posted, on one line. */
int graph_sends_add(struct graph_sends *sends, struct graph_send *send,
    struct lapor_str body) __attribute__((warn_unused_result));

/* The first `done` statuses of the send have been delivered. */
void graph_sends_mark(struct graph_sends *sends,
    const struct graph_send *send, int done);

int graph_sends_reset(struct graph_sends *sends)
    __attribute__((warn_unused_result));

#endif
