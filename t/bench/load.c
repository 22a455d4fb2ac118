/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * load: sends signed webhooks over HTTP/1.1 and tells how long the answers
 * took.  `load --help` lists the options.
 *
 * Closed loop: each connection sends its next request when the answer to the
 * last one is there.  Open loop (--rate): requests arrive by a Poisson process
 * whatever the server does; one that finds no free connection waits, and its
 * time runs from when it was meant to be sent, so that a server which stops
 * for a second is charged with all that came within that second.
 */

#include "t/bench/load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>


static void load_descriptors(const struct load_conf *conf);
static int load_work(struct load *l);


int
main(int argc, char **argv)
{
    int           rc;
    struct load  *l;
    sigset_t      signals;

    l = load_alloc(1, sizeof(struct load));
    load_conf_read(argc, argv, &l->conf);

    (void) sigemptyset(&signals);
    (void) sigaddset(&signals, SIGPIPE);
    (void) sigprocmask(SIG_BLOCK, &signals, NULL);

    /* arrivals come when they should, not 50 us later */
    (void) prctl(PR_SET_TIMERSLACK, 1ul);

    load_descriptors(&l->conf);
    load_requests_read(&l->conf, &l->requests);

    rc = load_work(l);

    load_requests_free(&l->requests);
    free(l->conns);
    free(l->free);
    free(l->idle);
    free(l);

    return rc == 0 ? 0 : 1;
}


static int
load_work(struct load *l)
{
    int     rc;
    size_t  i;

    rc = -1;

    l->conns = load_alloc(l->conf.connections + 1, sizeof(struct load_conn));
    l->free = load_alloc(l->conf.connections + 1, sizeof(struct load_conn *));
    l->idle = load_alloc(l->conf.idle + 1, sizeof(int));

    for (i = 0; i < l->conf.connections; i++) {
        l->conns[i].fd = -1;
    }

    if (load_idle_open(l) == -1 || load_run(l) == -1) {
        goto done;
    }

    load_report(l);

    if (l->conf.wait) {
        /* who measures the server wants no closing in what he measures */
        (void) getchar();
    }

    rc = 0;

done:

    for (i = 0; i < l->conf.connections; i++) {
        load_conn_close(&l->conns[i]);
    }

    load_idle_close(l);
    return rc;
}


int
load_step(const struct load *l, const char *word)
{
    int  c;

    if (!l->conf.wait) {
        return 0;
    }

    if (printf("%s\n", word) < 0 || fflush(stdout) == EOF) {
        return -1;
    }

    do {
        c = getchar();
    } while (c != '\n' && c != EOF);

    return c == EOF ? -1 : 0;
}


static void
load_descriptors(const struct load_conf *conf)
{
    rlim_t         want;
    struct rlimit  limit;

    want = conf->connections + conf->idle + 32;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
        perror("load: getrlimit");
        exit(71);
    }

    if (limit.rlim_cur >= want) {
        return;
    }

    limit.rlim_cur = want;

    if (want > limit.rlim_max || setrlimit(RLIMIT_NOFILE, &limit) == -1) {
        fprintf(stderr, "load: %lu descriptors are wanted, %lu allowed\n",
                (unsigned long) want, (unsigned long) limit.rlim_max);
        exit(71);
    }
}


void *
load_alloc(size_t n, size_t size)
{
    void  *p;

    p = calloc(n, size);

    if (p == NULL) {
        fprintf(stderr, "load: out of memory\n");
        exit(71);
    }

    return p;
}
