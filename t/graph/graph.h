/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The emulator's state, shared by the HTTP server's threads and the thread
 * of statuses.  Media, faults and statuses have locks of their own; `lock`
 * guards the rest, and may be held when one of theirs is taken, never the
 * other way round.
 */

#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "t/graph/conf.h"
#include "t/graph/faults.h"
#include "t/graph/limits.h"
#include "t/graph/list.h"
#include "t/graph/media.h"
#include "t/graph/sends.h"
#include "t/graph/statuses.h"

#include <pthread.h>


struct graph {
    struct graph_conf       conf;
    char                    base[64];   /* "http://ADDRESS:PORT" */

    struct graph_media     *media;
    struct graph_faults    *faults;
    struct graph_statuses  *statuses;

    pthread_mutex_t         lock;       /* of all below */
    struct graph_sends      sends;
    struct graph_list       reads;
    struct graph_limits    *limits;
    int                     subscribed; /* of the WABA's app */
};


/* Opens everything in conf.dir; -1 with a logged reason. */
int graph_open(struct graph *g) __attribute__((warn_unused_result));
void graph_close(struct graph *g);

/*
 * Forgets sends, read marks, limits, faults and statuses that are due, and
 * counts from 1 again.  Media stay: webhooks that are on their way name them.
 */
int graph_reset(struct graph *g) __attribute__((warn_unused_result));

/* 1 if a phone number of that id exists. */
int graph_number_exists(const struct graph *g, const char *id);

#endif
