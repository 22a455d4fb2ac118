/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The command line of the emulator.
 */

#ifndef GRAPH_CONF_H
#define GRAPH_CONF_H

#include "t/graph/limits.h"
#include "t/graph/plan.h"

#include <netinet/in.h>
#include <stdint.h>


struct graph_conf {
    struct sockaddr_in   listen;
    const char          *dir;
    const char          *webhook;       /* NULL = no statuses are sent */
    char                *secret;        /* app secret, as ASCII text */
    char                *token;
    const char          *numbers;       /* ",id,id," or NULL = any number */
    const char          *waba;
    struct graph_plan    plan;          /* statuses of an ordinary send */
    int64_t              status_delay_ms;
    int64_t              status_parallel;
    int64_t              url_ttl_s;
    int64_t              media_ttl_s;
    struct graph_limit   throughput;
    struct graph_limit   pair;
};


/* Exits 0 after --help and 78 on anything wrong. */
void graph_conf_read(int argc, char **argv, struct graph_conf *ret_conf);

void graph_conf_free(struct graph_conf *conf);

#endif
