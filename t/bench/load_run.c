/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* The run: what is sent when, and what becomes of it. */

#include "t/bench/load.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>


#define LOAD_EVENTS  512


static int load_loop(struct load *l);
static int load_turn(struct load *l, uint64_t until);
static void load_event(struct load *l, struct load_conn *conn);
static void load_answered(struct load *l, struct load_conn *conn);
static void load_failed(struct load *l, struct load_conn *conn);
static void load_reopen(struct load *l, struct load_conn *conn);
static void load_dispatch(struct load *l);
static void load_send(struct load *l, struct load_conn *conn, uint64_t start);
static void load_release(struct load *l);
static int load_has_more(const struct load *l, uint64_t now);
static int load_may_send(const struct load *l, uint64_t now);
static void load_put_free(struct load *l, struct load_conn *conn);
static uint64_t load_interval(struct load *l);
static void load_finish(struct load *l);


uint64_t
load_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * LOAD_SECOND + (uint64_t) ts.tv_nsec;
}


int
load_run(struct load *l)
{
    int     rc;
    size_t  i;

    rc = -1;

    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll == -1) {
        perror("load: epoll_create1");
        return -1;
    }

    for (i = 0; i < l->conf.connections; i++) {
        if (load_conn_open(l, &l->conns[i]) == -1) {
            fprintf(stderr, "load: could not connect: %s\n", strerror(errno));
            goto done;
        }
        load_put_free(l, &l->conns[i]);
    }

    if (load_step(l, "ready") == -1) {
        goto done;
    }

    rc = load_loop(l);

done:

    (void) close(l->epoll);
    return rc;
}


static int
load_loop(struct load *l)
{
    uint64_t  now, until;

    l->random = l->conf.seed * 0x9e3779b97f4a7c15ull;
    l->begin = load_now();
    l->end = l->begin + l->conf.time;
    l->last = l->begin;
    l->next = l->begin + load_interval(l);

    for ( ;; ) {
        load_dispatch(l);

        now = load_now();

        if (l->failures >= LOAD_FAILURES_MAX) {
            fprintf(stderr, "load: there is no server\n");
            return -1;
        }

        if (l->free_n == l->conf.connections && !load_has_more(l, now)) {
            break;
        }

        if (now >= l->end + l->conf.grace) {
            break;
        }

        if (now >= l->end) {
            until = l->end + l->conf.grace;

        } else if (l->conf.rate && l->free_n && l->next < l->end) {
            until = l->next;

        } else {
            until = l->end;
        }

        if (load_turn(l, until) == -1) {
            return -1;
        }
    }

    load_finish(l);
    return 0;
}


/* waits for events until then and handles them */

static int
load_turn(struct load *l, uint64_t until)
{
    int              i, n;
    uint64_t         now, wait;
    struct timespec  ts;

    static struct epoll_event  events[LOAD_EVENTS];

    now = load_now();
    wait = until > now ? until - now : 0;
    ts.tv_sec = (time_t) (wait / LOAD_SECOND);
    ts.tv_nsec = (long) (wait % LOAD_SECOND);

    n = epoll_pwait2(l->epoll, events, LOAD_EVENTS, &ts, NULL);

    if (n == -1) {
        if (errno == EINTR) {
            return 0;
        }
        perror("load: epoll_pwait2");
        return -1;
    }

    for (i = 0; i < n; i++) {
        load_event(l, events[i].data.ptr);
    }

    return 0;
}


static void
load_event(struct load *l, struct load_conn *conn)
{
    int  rc;

    if (conn->fd == -1) {
        return;
    }

    if (conn->busy && load_conn_write(conn) == -1) {
        load_failed(l, conn);
        return;
    }

    rc = load_conn_read(conn);

    if (rc == 1) {
        load_answered(l, conn);

    } else if (rc == -1) {
        load_failed(l, conn);
    }
}


static void
load_answered(struct load *l, struct load_conn *conn)
{
    uint64_t  now;

    now = load_now();
    l->last = now;
    l->failures = 0;
    l->count.replies++;
    l->count.statuses[conn->reply.status]++;
    load_hist_add(&l->hist, now > conn->start ? now - conn->start : 0);

    conn->busy = 0;

    if (conn->reply.close) {
        l->count.reconnects++;
        load_reopen(l, conn);
    }

    /* closed loop: the connection that was answered goes on at once */

    if (!l->conf.rate && !l->conf.hold && conn->fd != -1
        && load_may_send(l, now))
    {
        load_send(l, conn, now);
        return;
    }

    load_put_free(l, conn);
}


/* A server may close what idles; only a request that got lost is an error. */

static void
load_failed(struct load *l, struct load_conn *conn)
{
    if (conn->busy) {
        conn->busy = 0;
        l->count.io_errors++;
        l->failures++;
        load_put_free(l, conn);

    } else {
        l->count.reconnects++;
    }

    load_reopen(l, conn);
}


static void
load_reopen(struct load *l, struct load_conn *conn)
{
    load_conn_close(conn);

    if (load_conn_open(l, conn) == -1) {
        l->failures++;
    }
}


static void
load_dispatch(struct load *l)
{
    uint64_t           now, start;
    struct load_conn  *conn;

    while (l->free_n && l->failures < LOAD_FAILURES_MAX) {
        now = load_now();

        if (!load_may_send(l, now)) {
            return;
        }

        conn = l->free[l->free_first];
        l->free_first = (l->free_first + 1) % l->conf.connections;
        l->free_n--;

        start = now;

        if (l->conf.rate) {
            start = l->next;
            l->next += load_interval(l);
        }

        load_send(l, conn, start);
    }

    load_release(l);
}


/* Open loop: late arrivals are sent even when the time of the run is over. */

static int
load_has_more(const struct load *l, uint64_t now)
{
    if (l->conf.count && l->count.requests >= l->conf.count) {
        return 0;
    }

    if (l->conf.hold) {
        return l->count.requests < l->conf.connections;
    }

    return l->conf.rate ? l->next < l->end : now < l->end;
}


static int
load_may_send(const struct load *l, uint64_t now)
{
    return load_has_more(l, now) && (l->conf.rate == 0 || l->next <= now);
}


static void
load_send(struct load *l, struct load_conn *conn, uint64_t start)
{
    conn->request = load_requests_next(&l->requests);
    conn->sent = 0;
    conn->limit = conn->request->len - (l->conf.hold ? 1 : 0);
    conn->start = start;
    conn->busy = 1;
    load_reply_reset(&conn->reply);
    l->count.requests++;

    if (conn->fd == -1) {
        load_failed(l, conn);
        return;
    }

    if (load_conn_write(conn) == -1) {
        load_failed(l, conn);
    }
}


/* --hold: all have sent all but their last bytes; these go on an order */

static void
load_release(struct load *l)
{
    size_t    i;
    uint64_t  now;

    if (!l->conf.hold || l->released
        || l->count.requests < l->conf.connections)
    {
        return;
    }

    for (i = 0; i < l->conf.connections; i++) {
        if (l->conns[i].busy && l->conns[i].sent < l->conns[i].limit) {
            return;
        }
    }

    l->released = 1;
    (void) load_step(l, "held");
    now = load_now();
    l->end = now;

    for (i = 0; i < l->conf.connections; i++) {
        if (l->conns[i].busy) {
            l->conns[i].limit = l->conns[i].request->len;
            l->conns[i].start = now;

            if (load_conn_write(&l->conns[i]) == -1) {
                load_failed(l, &l->conns[i]);
            }
        }
    }
}


static void
load_put_free(struct load *l, struct load_conn *conn)
{
    l->free[(l->free_first + l->free_n) % l->conf.connections] = conn;
    l->free_n++;
}


/* between two arrivals of a Poisson process; xorshift64* */

static uint64_t
load_interval(struct load *l)
{
    double  unit;

    if (l->conf.rate == 0) {
        return 0;
    }

    l->random ^= l->random >> 12;
    l->random ^= l->random << 25;
    l->random ^= l->random >> 27;

    /* 53 bits, never 0 */
    unit = ((double) ((l->random * 0x2545f4914f6cdd1dull) >> 11) + 1)
           / 9007199254740993.0;

    return (uint64_t) (-log(unit) / (double) l->conf.rate
                       * (double) LOAD_SECOND);
}


static void
load_finish(struct load *l)
{
    size_t  i;

    for (i = 0; i < l->conf.connections; i++) {
        if (l->conns[i].busy) {
            l->count.unanswered++;
        }
    }

    if (l->conf.count && l->count.requests >= l->conf.count) {
        return;
    }

    while (l->conf.rate && l->next < l->end) {
        l->count.unsent++;
        l->next += load_interval(l);
    }
}
