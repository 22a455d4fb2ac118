/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Sockets.  Connecting blocks: to a server of this machine it takes as long
 * as accept(), and happens before the clock starts or where a connection was
 * closed.  All else is edge triggered, registered once.
 */

#include "t/bench/load.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>


#define LOAD_CONNECT_SECONDS  5
#define LOAD_READ_SIZE        65536


static int load_connect(const struct load_conf *conf);
static int load_idle_one(struct load *l);


static int
load_connect(const struct load_conf *conf)
{
    int             fd, on;
    struct timeval  tv;

    fd = socket(conf->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return -1;
    }

    on = 1;
    tv.tv_sec = LOAD_CONNECT_SECONDS;
    tv.tv_usec = 0;

    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));

    if (conf->address.ss_family == AF_INET) {
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }

    if (connect(fd, (const struct sockaddr *) &conf->address,
                conf->address_len)
        == -1)
    {
        (void) close(fd);
        return -1;
    }

    return fd;
}


int
load_conn_open(struct load *l, struct load_conn *conn)
{
    struct epoll_event  event;

    conn->fd = load_connect(&l->conf);
    if (conn->fd == -1) {
        return -1;
    }

    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = conn;

    if (fcntl(conn->fd, F_SETFL, O_NONBLOCK) == -1
        || epoll_ctl(l->epoll, EPOLL_CTL_ADD, conn->fd, &event) == -1)
    {
        load_conn_close(conn);
        return -1;
    }

    return 0;
}


void
load_conn_close(struct load_conn *conn)
{
    if (conn->fd != -1) {
        (void) close(conn->fd);
        conn->fd = -1;
    }
}


/* 0: all that may be sent was, or the rest waits for room */

int
load_conn_write(struct load_conn *conn)
{
    ssize_t  n;

    while (conn->sent < conn->limit) {
        n = send(conn->fd, conn->request->data + conn->sent,
                 conn->limit - conn->sent, MSG_NOSIGNAL);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN ? 0 : -1;
        }

        conn->sent += (size_t) n;
    }

    return 0;
}


/* 1 the answer is complete, 0 it is not, -1 it never will be */

int
load_conn_read(struct load_conn *conn)
{
    int      rc;
    ssize_t  n;

    static char  buf[LOAD_READ_SIZE];

    for ( ;; ) {
        n = recv(conn->fd, buf, sizeof(buf), 0);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN ? 0 : -1;
        }

        if (n == 0) {
            return conn->busy ? load_reply_end(&conn->reply) : -1;
        }

        if (!conn->busy) {
            return -1;
        }

        rc = load_reply_feed(&conn->reply, buf, (size_t) n);

        /* less than was asked for: the socket is empty */

        if (rc != 0 || ((size_t) n < sizeof(buf)
                        && conn->reply.state != LOAD_REPLY_TO_END))
        {
            return rc;
        }
    }
}


int
load_idle_open(struct load *l)
{
    int  fd;

    while (l->idle_n < l->conf.idle) {
        fd = load_idle_one(l);

        if (fd == -1) {
            fprintf(stderr, "load: idle connection %zu: %s\n",
                    l->idle_n + 1, strerror(errno));
            return -1;
        }

        l->idle[l->idle_n++] = fd;
    }

    return 0;
}


static int
load_idle_one(struct load *l)
{
    int               rc;
    struct load_conn  conn;

    memset(&conn, 0, sizeof(conn));
    conn.fd = load_connect(&l->conf);
    if (conn.fd == -1) {
        return -1;
    }

    conn.busy = 1;
    conn.request = load_requests_next(&l->requests);
    conn.limit = conn.request->len;
    load_reply_reset(&conn.reply);

    if (load_conn_write(&conn) == -1 || conn.sent < conn.limit) {
        load_conn_close(&conn);
        return -1;
    }

    do {
        errno = 0;
        rc = load_conn_read(&conn);
    } while (rc == 0 && errno == 0);

    if (rc != 1 || conn.reply.close) {
        load_conn_close(&conn);
        return -1;
    }

    return conn.fd;
}


/* by a reset, or each would keep its port for a minute */

void
load_idle_close(struct load *l)
{
    struct linger  linger;

    linger.l_onoff = 1;
    linger.l_linger = 0;

    while (l->idle_n) {
        l->idle_n--;
        (void) setsockopt(l->idle[l->idle_n], SOL_SOCKET, SO_LINGER, &linger,
                          sizeof(linger));
        (void) close(l->idle[l->idle_n]);
    }
}
