/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Start, end and reset of the emulator's state.
 */

#include "t/graph/graph.h"

#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>


static int graph_open_dir(const char *dir);
static long graph_read_line(void *ctx, size_t n, char *line);
static void graph_send_restore(void *ctx, const struct graph_send *send,
    int done);
static void graph_send_mark(void *ctx, const struct graph_send *send,
    int done);


int
graph_open(struct graph *g)
{
    (void) pthread_mutex_init(&g->lock, NULL);
    g->subscribed = 1;

    if (graph_open_dir(g->conf.dir) == -1) {
        return -1;
    }

    g->limits = graph_limits_create();
    g->statuses = graph_statuses_create(&g->conf, graph_send_mark, g);

    g->media = graph_media_open(g->conf.dir);
    if (g->media == NULL) {
        return -1;
    }

    g->faults = graph_faults_open(g->conf.dir);
    if (g->faults == NULL) {
        return -1;
    }

    if (graph_list_open(&g->reads, g->conf.dir, "read.journal",
                        graph_read_line, NULL) == -1)
    {
        return -1;
    }

    return graph_sends_open(&g->sends, g->conf.dir, graph_send_restore, g);
}


/* The lock on the directory dies with the process, however it dies; its
   descriptor is never closed before. */

static int
graph_open_dir(const char *dir)
{
    int  fd;

    if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
        lapor_log_err("could not make the data directory: %s",
                      strerror(errno));
        return -1;
    }

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        lapor_log_err("could not open the data directory: %s",
                      strerror(errno));
        return -1;
    }

    if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
        lapor_log_err("could not lock the data directory: %s",
                      strerror(errno));
        (void) close(fd);
        return -1;
    }

    return 0;
}


static long
graph_read_line(void *ctx, size_t n, char *line)
{
    (void) ctx;
    (void) n;
    (void) line;

    return 0;
}


static void
graph_send_restore(void *ctx, const struct graph_send *send, int done)
{
    char           pair[GRAPH_TO_LEN + 32];
    struct graph  *g;

    g = ctx;

    (void) snprintf(pair, sizeof(pair), "%s %s", send->phone_number_id,
                    send->to);
    graph_limits_take(g->limits, &g->conf.pair, pair, send->at_ms * 1000);
    graph_statuses_add(g->statuses, send, done);
}


static void
graph_send_mark(void *ctx, const struct graph_send *send, int done)
{
    struct graph  *g;

    g = ctx;

    (void) pthread_mutex_lock(&g->lock);
    graph_sends_mark(&g->sends, send, done);
    (void) pthread_mutex_unlock(&g->lock);
}


void
graph_close(struct graph *g)
{
    graph_statuses_stop(g->statuses);
    graph_sends_close(&g->sends);
    graph_list_close(&g->reads);
    graph_limits_free(g->limits);
    graph_faults_close(g->faults);
    graph_media_close(g->media);
    (void) pthread_mutex_destroy(&g->lock);
}


int
graph_reset(struct graph *g)
{
    int  rc;

    (void) pthread_mutex_lock(&g->lock);

    rc = graph_sends_reset(&g->sends);

    if (graph_list_reset(&g->reads) == -1
        || graph_faults_reset(g->faults) == -1)
    {
        rc = -1;
    }

    graph_statuses_reset(g->statuses);
    graph_limits_reset(g->limits);
    g->subscribed = 1;

    (void) pthread_mutex_unlock(&g->lock);

    return rc;
}


int
graph_number_exists(const struct graph *g, const char *id)
{
    size_t       len;
    const char  *p;

    if (g->conf.numbers == NULL) {
        return 1;
    }

    for (p = g->conf.numbers; *p != '\0'; p += p[len] == ',' ? len + 1 : len) {
        len = strcspn(p, ",");

        if (strlen(id) == len && strncmp(p, id, len) == 0) {
            return 1;
        }
    }

    return 0;
}
