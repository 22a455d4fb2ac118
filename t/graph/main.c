/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-graph: an emulator of Meta's Graph API, as much of it as Lapor uses,
 * for tests and for trying Lapor out.  `lapor-graph --help` lists the
 * options, control.c the interface for tests, faults.h what can be made to
 * go wrong.
 *
 * What was accepted outlives a kill: lists, media, faults and statuses that
 * were not yet delivered stand in journals under --dir, written before the
 * answer.
 */

#include "t/graph/graph.h"
#include "t/graph/http.h"

#include "lib/log.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>


static int graph_run(struct graph *g, const sigset_t *signals);
static void graph_base(struct graph *g);


int
main(int argc, char **argv)
{
    int           rc;
    sigset_t      signals;
    struct graph  g;

    memset(&g, 0, sizeof(g));

    graph_conf_read(argc, argv, &g.conf);

    /* threads inherit the mask, so that only main sees the signals */
    (void) sigemptyset(&signals);
    (void) sigaddset(&signals, SIGPIPE);
    (void) pthread_sigmask(SIG_BLOCK, &signals, NULL);

    (void) sigemptyset(&signals);
    (void) sigaddset(&signals, SIGTERM);
    (void) sigaddset(&signals, SIGINT);
    (void) pthread_sigmask(SIG_BLOCK, &signals, NULL);

    if (curl_global_init(CURL_GLOBAL_ALL) != 0) {
        lapor_fatal(LAPOR_EXIT_OS, "could not start libcurl");
    }

    rc = graph_open(&g);
    if (rc == 0) {
        rc = graph_run(&g, &signals);
    }

    graph_close(&g);
    curl_global_cleanup();
    graph_conf_free(&g.conf);

    return rc == 0 ? LAPOR_EXIT_OK : LAPOR_EXIT_RUNTIME;
}


static int
graph_run(struct graph *g, const sigset_t *signals)
{
    int                 fd, number;
    struct graph_http  *http;

    fd = graph_http_listen(&g->conf);
    if (fd == -1) {
        return -1;
    }

    graph_base(g);

    http = graph_http_start(g, fd);
    if (http == NULL) {
        return -1;
    }

    if (graph_statuses_start(g->statuses) == -1) {
        graph_http_stop(http);
        return -1;
    }

    lapor_log_info("listening url=%s", g->base);

    (void) sigwait(signals, &number);
    lapor_log_info("stopping signal=%d", number);

    /* a second signal ends the process at once */
    (void) pthread_sigmask(SIG_UNBLOCK, signals, NULL);

    graph_http_stop(http);
    return 0;
}


/* What media URLs begin with. */

static void
graph_base(struct graph *g)
{
    char  address[INET_ADDRSTRLEN];

    (void) inet_ntop(AF_INET, &g->conf.listen.sin_addr, address,
                     sizeof(address));
    (void) snprintf(g->base, sizeof(g->base), "http://%s:%d", address,
                    ntohs(g->conf.listen.sin_port));
}
