
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The hooks by which hiredis 0.14 uses nginx's event loop, and nothing else.
 *
 * nginx owns the descriptor from attach on.  Reading is level-triggered, since
 * hiredis reads once, 16 KB, per event: edge-triggered, the rest of a longer
 * reply would never come.  Writing is done at the end of the event loop's turn,
 * all commands of the turn at once; epoll is asked only while connecting, or
 * when the socket has taken less than all.
 *
 * Any call into hiredis may free ac and close c: it is the last thing that a
 * handler does.
 */


#include "ngx_http_lapor.h"


static void ngx_http_lapor_adapter_read_handler(ngx_event_t *rev);
static void ngx_http_lapor_adapter_write_handler(ngx_event_t *wev);
static void ngx_http_lapor_adapter_add_read(void *data);
static void ngx_http_lapor_adapter_del_read(void *data);
static void ngx_http_lapor_adapter_add_write(void *data);
static void ngx_http_lapor_adapter_del_write(void *data);
static void ngx_http_lapor_adapter_cleanup(void *data);


ngx_int_t
ngx_http_lapor_adapter_attach(ngx_http_lapor_link_t *link,
    redisAsyncContext *ac)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(ac->c.fd, ngx_cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = link;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    /* both at once: worker_shutdown_timeout calls them on any connection */

    c->read->handler = ngx_http_lapor_adapter_read_handler;
    c->write->handler = ngx_http_lapor_adapter_write_handler;

    ac->data = link;
    ac->ev.data = c;
    ac->ev.addRead = ngx_http_lapor_adapter_add_read;
    ac->ev.delRead = ngx_http_lapor_adapter_del_read;
    ac->ev.addWrite = ngx_http_lapor_adapter_add_write;
    ac->ev.delWrite = ngx_http_lapor_adapter_del_write;
    ac->ev.cleanup = ngx_http_lapor_adapter_cleanup;

    link->ac = ac;
    link->c = c;

    return NGX_OK;
}


static void
ngx_http_lapor_adapter_read_handler(ngx_event_t *rev)
{
    ngx_connection_t       *c;
    ngx_http_lapor_link_t  *link;

    c = rev->data;
    link = c->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, rev->log, 0,
                   "lapor link read: %d", c->fd);

    if (c->close) {
        ngx_http_lapor_link_close(link, "worker_shutdown_timeout");
        return;
    }

    redisAsyncHandleRead(link->ac);
}


static void
ngx_http_lapor_adapter_write_handler(ngx_event_t *wev)
{
    ngx_connection_t       *c;
    ngx_http_lapor_link_t  *link;

    c = wev->data;
    link = c->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, wev->log, 0,
                   "lapor link write: %d", c->fd);

    /* the link outlives ac; link->writing is cleared also by the cleanup */

    link->writing = 1;
    redisAsyncHandleWrite(link->ac);
    link->writing = 0;
}


static void
ngx_http_lapor_adapter_add_read(void *data)
{
    ngx_connection_t  *c = data;

    if (!c->read->active) {
        (void) ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_lapor_adapter_del_read(void *data)
{
    ngx_connection_t  *c = data;

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_lapor_adapter_add_write(void *data)
{
    ngx_connection_t  *c = data;

    ngx_http_lapor_link_t  *link;

    link = c->data;

    if (c->write->active) {
        return;
    }

    if (link->connected && !link->writing) {
        ngx_post_event(c->write, &ngx_posted_events);
        return;
    }

    (void) ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
}


static void
ngx_http_lapor_adapter_del_write(void *data)
{
    ngx_connection_t  *c = data;

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_lapor_adapter_cleanup(void *data)
{
    ngx_connection_t  *c = data;

    ngx_http_lapor_link_t  *link;

    link = c->data;

    link->ac->c.fd = -1;
    link->ac->ev.data = NULL;
    link->ac = NULL;
    link->c = NULL;

    /* timers, epoll, posted and stale events go with it */

    ngx_close_connection(c);

    ngx_http_lapor_link_lost(link);
}
