/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The HTTP server: a thread a connection, so that a fault's pause holds up
 * nobody else.
 */

#ifndef GRAPH_HTTP_H
#define GRAPH_HTTP_H

#include "t/graph/graph.h"


struct graph_http;

/* A listening socket on conf.listen, -1 (logged) when it cannot be had.
   Writes the address that was taken back into conf.listen. */
int graph_http_listen(struct graph_conf *conf)
    __attribute__((warn_unused_result));

/* Takes the socket over. NULL when the server cannot be started. */
struct graph_http *graph_http_start(struct graph *g, int fd);

/* Ends all pauses, answers nothing more and waits for its threads. */
void graph_http_stop(struct graph_http *http);

#endif
