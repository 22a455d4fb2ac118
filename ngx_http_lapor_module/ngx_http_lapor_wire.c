
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Bytes to Redis and replies from it.
 *
 * All commands of a turn of the event loop leave in one writev() at its end:
 * with "appendfsync always" they also share one fsync.  A body is written from
 * where nginx has read it to, so it exists in memory once.  Replies are parsed
 * by hiredis' reader and belong to the ops in their order.
 *
 * Nothing here closes the link but worker_shutdown_timeout: every failure goes
 * through ngx_http_lapor_link_fail(), whose posted event closes it, so no
 * handler below has to fear that c has gone.
 */


#include "ngx_http_lapor.h"

#include <ngx_event_connect.h>


/* pieces of one writev(): three of an op with a usual body */
#define NGX_HTTP_LAPOR_IOVS   192

/* what one read takes, and the longest reply, CONFIG GET's, many times over */
#define NGX_HTTP_LAPOR_READ   16384
#define NGX_HTTP_LAPOR_REPLY  (1024 * 1024)


static void ngx_http_lapor_wire_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_lapor_wire_replies(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_wire_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_http_lapor_wire_connected(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_wire_write(ngx_http_lapor_link_t *link);
static ngx_uint_t ngx_http_lapor_wire_gather(ngx_http_lapor_link_t *link,
    struct iovec *iov, size_t *ret_size);
static void ngx_http_lapor_wire_sent(ngx_http_lapor_link_t *link, size_t n);


ngx_int_t
ngx_http_lapor_wire_open(ngx_http_lapor_link_t *link)
{
    ngx_int_t                rc;
    ngx_connection_t        *c;
    ngx_peer_connection_t    pc;
    ngx_http_lapor_redis_t  *redis;

    redis = link->target->redis;

    ngx_memzero(&pc, sizeof(ngx_peer_connection_t));
    pc.sockaddr = redis->sockaddr;
    pc.socklen = redis->socklen;
    pc.name = &redis->text;
    pc.get = ngx_event_get_peer;
    pc.log = &link->log;
    pc.log_error = NGX_ERROR_ERR;

    rc = ngx_event_connect_peer(&pc);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        link->err = rc == NGX_ERROR ? 0 : ngx_socket_errno;
        link->reason = rc == NGX_ERROR ? "worker_connections are not enough"
                                       : "could not connect";
        return NGX_ERROR;
    }

    c = pc.connection;
    c->data = link;
    c->log = &link->log;

    /* both at once: worker_shutdown_timeout calls them on any connection */

    c->read->handler = ngx_http_lapor_wire_read_handler;
    c->write->handler = ngx_http_lapor_wire_write_handler;

    link->c = c;
    link->connected = 0;

    link->reader = ngx_http_lapor_reply_reader(&link->room);

    if (link->reader == NULL) {
        link->reason = "no memory";
        ngx_http_lapor_wire_close(link);
        return NGX_ERROR;
    }

    if (rc == NGX_OK && ngx_http_lapor_wire_connected(link) != NGX_OK) {
        link->reason = "could not connect";
        ngx_http_lapor_wire_close(link);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_lapor_wire_close(ngx_http_lapor_link_t *link)
{
    ngx_connection_t  *c;

    c = link->c;
    link->c = NULL;

    /* timers, epoll, posted and stale events go with it */

    ngx_close_connection(c);

    if (link->reader) {
        redisReaderFree(link->reader);
        link->reader = NULL;
    }
}


/* while connecting, or after a short write, epoll will say when */

void
ngx_http_lapor_wire_post(ngx_http_lapor_link_t *link)
{
    if (link->connected && link->c->write->ready) {
        ngx_post_event(link->c->write, &ngx_posted_events);
    }
}


static void
ngx_http_lapor_wire_read_handler(ngx_event_t *rev)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_http_lapor_link_t  *link;

    u_char                  buf[NGX_HTTP_LAPOR_READ];

    c = rev->data;
    link = c->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, rev->log, 0,
                   "lapor link read: %d", c->fd);

    if (c->close) {
        ngx_http_lapor_link_close(link, "worker_shutdown_timeout");
        return;
    }

    while (link->state != NGX_HTTP_LAPOR_LINK_CLOSING) {

        n = c->recv(c, buf, NGX_HTTP_LAPOR_READ);

        if (n == NGX_AGAIN) {
            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_http_lapor_link_fail(link, "event failure");
            }

            return;
        }

        if (n == NGX_ERROR || n == 0) {
            link->err = n == 0 ? 0 : ngx_socket_errno;

            ngx_http_lapor_link_fail(link,
                                     !link->connected ? "could not connect"
                                     : n == 0 ? "redis closed it"
                                              : "could not read");
            return;
        }

        if (redisReaderFeed(link->reader, (char *) buf, (size_t) n)
            != REDIS_OK)
        {
            ngx_http_lapor_link_fail(link, "no memory");
            return;
        }

        if (ngx_http_lapor_wire_replies(link) != NGX_OK) {
            return;
        }
    }
}


/* a handler may answer a request, which may bring the next: more ops */

static ngx_int_t
ngx_http_lapor_wire_replies(ngx_http_lapor_link_t *link)
{
    void                 *reply;
    ngx_queue_t          *q;
    ngx_http_lapor_op_t  *op;

    link->now = ngx_http_lapor_usec();

    while (link->state != NGX_HTTP_LAPOR_LINK_CLOSING) {

        if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
            ngx_http_lapor_link_fail(link, "redis does not speak RESP");
            return NGX_ERROR;
        }

        if (reply == NULL) {
            if (link->reader->len - link->reader->pos
                > NGX_HTTP_LAPOR_REPLY)
            {
                ngx_http_lapor_link_fail(link, "redis sent too long a reply");
                return NGX_ERROR;
            }

            return NGX_OK;
        }

        q = ngx_queue_head(&link->ops);

        if (q == link->unsent) {
            ngx_http_lapor_reply_free(&link->room, reply);
            ngx_http_lapor_link_fail(link, "redis answers what nobody asked");
            return NGX_ERROR;
        }

        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        op->handler(op, reply);

        ngx_http_lapor_reply_free(&link->room, reply);
    }

    return NGX_ERROR;
}


static void
ngx_http_lapor_wire_write_handler(ngx_event_t *wev)
{
    ngx_connection_t       *c;
    ngx_http_lapor_link_t  *link;

    c = wev->data;
    link = c->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, wev->log, 0,
                   "lapor link write: %d", c->fd);

    if (link->state == NGX_HTTP_LAPOR_LINK_CLOSING) {
        return;
    }

    if (!link->connected && ngx_http_lapor_wire_connected(link) != NGX_OK) {
        ngx_http_lapor_link_fail(link, "could not connect");
        return;
    }

    ngx_http_lapor_wire_write(link);
}


static ngx_int_t
ngx_http_lapor_wire_connected(ngx_http_lapor_link_t *link)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;

    c = link->c;
    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1 || err) {
        link->err = err;
        return NGX_ERROR;
    }

    link->connected = 1;

    if (c->tcp_nodelay == NGX_TCP_NODELAY_UNSET) {
        return ngx_tcp_nodelay(c);
    }

    return NGX_OK;
}


static void
ngx_http_lapor_wire_write(ngx_http_lapor_link_t *link)
{
    size_t             size;
    ssize_t            n;
    ngx_uint_t         niov;
    ngx_event_t       *wev;
    struct iovec       iov[NGX_HTTP_LAPOR_IOVS];

    wev = link->c->write;

    while (wev->ready) {

        niov = ngx_http_lapor_wire_gather(link, iov, &size);

        if (niov == 0) {
            break;
        }

        n = writev(link->c->fd, iov, (int) niov);

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            if (ngx_errno != NGX_EAGAIN) {
                link->err = ngx_errno;
                ngx_http_lapor_link_fail(link, "could not write");
                return;
            }

            n = 0;
        }

        if ((size_t) n < size) {
            wev->ready = 0;
        }

        ngx_http_lapor_wire_sent(link, (size_t) n);
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_lapor_link_fail(link, "event failure");
    }
}


/* what may be written now, in the order of the ops */

static ngx_uint_t
ngx_http_lapor_wire_gather(ngx_http_lapor_link_t *link, struct iovec *iov,
    size_t *ret_size)
{
    ngx_uint_t            i, n;
    ngx_queue_t          *q;
    ngx_http_lapor_op_t  *op;

    n = 0;

    for (q = link->unsent;
         q != ngx_queue_sentinel(&link->ops) && n < NGX_HTTP_LAPOR_IOVS;
         q = ngx_queue_next(q))
    {
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        if (op->entry && link->state != NGX_HTTP_LAPOR_LINK_UP) {
            break;
        }

        n += ngx_http_lapor_op_gather(op, &iov[n], NGX_HTTP_LAPOR_IOVS - n);
    }

    *ret_size = 0;

    for (i = 0; i < n; i++) {
        *ret_size += iov[i].iov_len;
    }

    return n;
}


static void
ngx_http_lapor_wire_sent(ngx_http_lapor_link_t *link, size_t n)
{
    ngx_http_lapor_op_t  *op;

    while (n) {
        op = ngx_queue_data(link->unsent, ngx_http_lapor_op_t, queue);

        if (n < op->left) {
            op->left -= n;
            return;
        }

        n -= op->left;
        op->left = 0;
        link->unsent = ngx_queue_next(link->unsent);
    }
}
