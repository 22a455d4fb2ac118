
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A worker's link to one Redis.
 *
 *     DOWN ----connect----> CHECKING ----settings are strong enough----> UP
 *      ^                       |                                         |
 *      |                    failure                                   failure
 *      +------- CLOSING <------+-----------------------------------------+
 *
 * In CHECKING hiredis sends AUTH, SELECT, CLIENT SETNAME and CONFIG GET ahead
 * of everything; ops wait in link->waiting.  DOWN and CLOSING refuse ops at
 * once.  A link that is down connects again when its backoff is over, without
 * sacrificing a request to find out.
 *
 * ngx_http_lapor_link_fail() may be called anywhere; the work is done by a
 * posted event, where no callback of hiredis is on the stack.
 */


#include "ngx_http_lapor.h"


static redisAsyncContext *ngx_http_lapor_link_open(
    ngx_http_lapor_link_t *link);
static ngx_int_t ngx_http_lapor_link_greet(ngx_http_lapor_link_t *link);
static ngx_int_t ngx_http_lapor_link_command(ngx_http_lapor_link_t *link,
    redisCallbackFn *fn, int argc, ngx_str_t *args);
static ngx_int_t ngx_http_lapor_link_ask(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_link_connected(const redisAsyncContext *ac,
    int status);
static void ngx_http_lapor_link_greeted(redisAsyncContext *ac, void *data,
    void *privdata);
static void ngx_http_lapor_link_checked(redisAsyncContext *ac, void *data,
    void *privdata);
static ngx_uint_t ngx_http_lapor_link_strength(redisReply *reply);
static ngx_uint_t ngx_http_lapor_link_has(redisReply *reply,
    const char *name, const char *value);
static void ngx_http_lapor_link_up(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_link_retry(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_link_retry_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_connect_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_tick_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_event_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_timer(ngx_http_lapor_link_t *link,
    ngx_event_t *ev, ngx_event_handler_pt handler);
static void ngx_http_lapor_link_cleanup(void *data);


ngx_http_lapor_link_t *
ngx_http_lapor_link_get(ngx_http_lapor_target_t *target)
{
    ngx_pool_t             *pool;
    ngx_pool_cleanup_t     *cln;
    ngx_http_lapor_link_t  *link;

    if (target->link) {
        return target->link;
    }

    pool = ngx_cycle->pool;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    /* set by ngx_pcalloc(): ac, c, state, pending, bytes and all flags */

    link = ngx_pcalloc(pool, sizeof(ngx_http_lapor_link_t));
    if (link == NULL) {
        return NULL;
    }

    link->target = target;
    link->ident = -1;
    link->backoff = NGX_HTTP_LAPOR_BACKOFF_MIN;
    link->complained = ngx_current_msec - NGX_HTTP_LAPOR_TICK;

    ngx_queue_init(&link->waiting);
    ngx_queue_init(&link->sent);

    ngx_http_lapor_link_timer(link, &link->retry,
                              ngx_http_lapor_link_retry_handler);
    ngx_http_lapor_link_timer(link, &link->connect,
                              ngx_http_lapor_link_connect_handler);
    ngx_http_lapor_link_timer(link, &link->tick,
                              ngx_http_lapor_link_tick_handler);
    ngx_http_lapor_link_timer(link, &link->event,
                              ngx_http_lapor_link_event_handler);

    cln->handler = ngx_http_lapor_link_cleanup;
    cln->data = link;

    target->link = link;
    ngx_http_lapor_slot->links++;

    return link;
}


static void
ngx_http_lapor_link_timer(ngx_http_lapor_link_t *link, ngx_event_t *ev,
    ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = link;
    ev->log = ngx_cycle->log;

    /* or a worker that is told to quit would never leave */

    ev->cancelable = 1;
}


void
ngx_http_lapor_link_connect(ngx_http_lapor_link_t *link)
{
    redisAsyncContext  *ac;

    if (link->state != NGX_HTTP_LAPOR_LINK_DOWN) {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "lapor link connect: %V", &link->target->redis->text);

    if (link->retry.timer_set) {
        ngx_del_timer(&link->retry);
    }

    link->connected = 0;
    link->asked = 0;
    link->reason = NULL;

    ac = ngx_http_lapor_link_open(link);

    if (ac == NULL) {
        ngx_http_lapor_link_retry(link);
        return;
    }

    ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CHECKING);

    (void) redisAsyncSetConnectCallback(ac, ngx_http_lapor_link_connected);

    ngx_add_timer(&link->connect, NGX_HTTP_LAPOR_CONNECT_TIMEOUT);

    if (ngx_http_lapor_link_greet(link) != NGX_OK) {
        ngx_http_lapor_link_fail(link, "no memory");
    }
}


static redisAsyncContext *
ngx_http_lapor_link_open(ngx_http_lapor_link_t *link)
{
    redisAsyncContext       *ac;
    ngx_http_lapor_redis_t  *redis;

    redis = link->target->redis;

    /* path and host are null-terminated, host is numeric: nothing blocks */

    if (redis->path.len) {
        ac = redisAsyncConnectUnix((char *) redis->path.data);

    } else {
        ac = redisAsyncConnect((char *) redis->host.data, redis->port);
    }

    if (ac == NULL) {
        link->reason = "no memory";
        return NULL;
    }

    if (ac->err) {
        link->reason = "could not connect";
        redisAsyncFree(ac);
        return NULL;
    }

    if (ngx_http_lapor_adapter_attach(link, ac) != NGX_OK) {
        link->reason = "worker_connections are not enough";
        redisAsyncFree(ac);
        return NULL;
    }

    return ac;
}


/* what Redis must hear before any entry; hiredis keeps the order */

static ngx_int_t
ngx_http_lapor_link_greet(ngx_http_lapor_link_t *link)
{
    int                      argc;
    u_char                   db[NGX_INT_T_LEN];
    ngx_str_t                args[3];
    ngx_http_lapor_redis_t  *redis;

    redis = link->target->redis;

    if (redis->password.len) {
        argc = 0;
        ngx_str_set(&args[argc], "AUTH");
        argc++;

        if (redis->user.len) {
            args[argc++] = redis->user;
        }

        args[argc++] = redis->password;

        if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_greeted,
                                        argc, args)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (redis->db) {
        ngx_str_set(&args[0], "SELECT");
        args[1].data = db;
        args[1].len = ngx_sprintf(db, "%ui", redis->db) - db;

        if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_greeted,
                                        2, args)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&args[0], "CLIENT");
    ngx_str_set(&args[1], "SETNAME");
    args[2] = redis->name;

    if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_greeted,
                                    3, args)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_lapor_link_ask(link);
}


static ngx_int_t
ngx_http_lapor_link_command(ngx_http_lapor_link_t *link, redisCallbackFn *fn,
    int argc, ngx_str_t *args)
{
    int          i;
    size_t       len[8];
    const char  *argv[8];

    for (i = 0; i < argc; i++) {
        argv[i] = (char *) args[i].data;
        len[i] = args[i].len;
    }

    if (redisAsyncCommandArgv(link->ac, fn, link, argc, argv, len)
        != REDIS_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the settings that lapor_ack rests on; also the heartbeat of the link */

static ngx_int_t
ngx_http_lapor_link_ask(ngx_http_lapor_link_t *link)
{
    int        argc;
    ngx_str_t  args[6];

    argc = 0;

    if (link->target->ack == NGX_HTTP_LAPOR_ACK_MEMORY) {
        ngx_str_set(&args[argc], "PING");
        argc++;

    } else {
        ngx_str_set(&args[argc], "CONFIG");
        argc++;
        ngx_str_set(&args[argc], "GET");
        argc++;
        ngx_str_set(&args[argc], "appendonly");
        argc++;
        ngx_str_set(&args[argc], "appendfsync");
        argc++;
        ngx_str_set(&args[argc], "no-appendfsync-on-rewrite");
        argc++;
        ngx_str_set(&args[argc], "maxmemory-policy");
        argc++;
    }

    link->asked = 1;
    link->asked_at = ngx_current_msec;

    return ngx_http_lapor_link_command(link, ngx_http_lapor_link_checked,
                                       argc, args);
}


/*
 * Only a success is of interest here: on failure hiredis 0.14 frees ac as soon
 * as this returns, and ev.cleanup tells us.
 */

static void
ngx_http_lapor_link_connected(const redisAsyncContext *ac, int status)
{
    ngx_http_lapor_link_t  *link;

    link = ac->data;

    if (status == REDIS_OK) {
        link->connected = 1;

    } else {
        link->reason = "could not connect";
    }
}


static void
ngx_http_lapor_link_greeted(redisAsyncContext *ac, void *data, void *privdata)
{
    ngx_http_lapor_link_t  *link = privdata;

    redisReply  *reply;

    reply = data;

    if (reply == NULL) {
        ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CLOSING);
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR) {

        /* the text may repeat what was sent, hence the password */

        ngx_http_lapor_link_fail(link,
            "redis refused AUTH, SELECT or CLIENT SETNAME");
    }
}


static void
ngx_http_lapor_link_checked(redisAsyncContext *ac, void *data, void *privdata)
{
    ngx_http_lapor_link_t  *link = privdata;

    redisReply  *reply;

    reply = data;

    if (reply == NULL) {
        ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CLOSING);
        return;
    }

    if (link->state == NGX_HTTP_LAPOR_LINK_CLOSING) {
        return;
    }

    link->asked = 0;

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_lapor_link_fail(link,
            "redis refused to tell its settings (CONFIG GET)");
        return;
    }

    if (ngx_http_lapor_link_strength(reply) < link->target->ack) {
        ngx_http_lapor_link_fail(link, "redis is weaker than lapor_ack:"
            " see appendonly, appendfsync, no-appendfsync-on-rewrite,"
            " maxmemory-policy");
        return;
    }

    if (link->state == NGX_HTTP_LAPOR_LINK_UP) {
        ngx_http_lapor_link_good(link);
        return;
    }

    ngx_http_lapor_link_up(link);
}


static ngx_uint_t
ngx_http_lapor_link_strength(redisReply *reply)
{
    ngx_uint_t  i;

    /* what throws streams away, read or not, when memory is short */

    static const char  *evicts[] = {
        "allkeys-lru", "allkeys-lfu", "allkeys-random"
    };

    for (i = 0; i < sizeof(evicts) / sizeof(evicts[0]); i++) {
        if (ngx_http_lapor_link_has(reply, "maxmemory-policy", evicts[i])) {
            return NGX_HTTP_LAPOR_ACK_MEMORY;
        }
    }

    /*
     * With no-appendfsync-on-rewrite neither setting of appendfsync means
     * what it says while a rewrite runs.
     */

    if (!ngx_http_lapor_link_has(reply, "appendonly", "yes")
        || !ngx_http_lapor_link_has(reply, "no-appendfsync-on-rewrite", "no"))
    {
        return NGX_HTTP_LAPOR_ACK_MEMORY;
    }

    if (ngx_http_lapor_link_has(reply, "appendfsync", "always")) {
        return NGX_HTTP_LAPOR_ACK_FSYNC;
    }

    if (ngx_http_lapor_link_has(reply, "appendfsync", "everysec")) {
        return NGX_HTTP_LAPOR_ACK_EVERYSEC;
    }

    return NGX_HTTP_LAPOR_ACK_MEMORY;
}


static ngx_uint_t
ngx_http_lapor_link_has(redisReply *reply, const char *name,
    const char *value)
{
    size_t       i;
    redisReply  *key, *val;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return 0;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        key = reply->element[i];
        val = reply->element[i + 1];

        if (key->type == REDIS_REPLY_STRING
            && val->type == REDIS_REPLY_STRING
            && ngx_strcmp(key->str, name) == 0)
        {
            return ngx_strcmp(val->str, value) == 0;
        }
    }

    return 0;
}


static void
ngx_http_lapor_link_up(ngx_http_lapor_link_t *link)
{
    ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_UP);
    link->reported = 0;

    if (link->connect.timer_set) {
        ngx_del_timer(&link->connect);
    }

    ngx_add_timer(&link->tick, NGX_HTTP_LAPOR_TICK);

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->connects, 1);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "lapor: link to redis %V is up",
                  &link->target->redis->text);

    ngx_http_lapor_op_flush(link);
}


void
ngx_http_lapor_link_set(ngx_http_lapor_link_t *link, ngx_uint_t state)
{
    if (link->state == NGX_HTTP_LAPOR_LINK_UP) {
        ngx_http_lapor_slot->links_up--;
    }

    if (state == NGX_HTTP_LAPOR_LINK_UP) {
        ngx_http_lapor_slot->links_up++;
    }

    link->state = state;
}


void
ngx_http_lapor_link_good(ngx_http_lapor_link_t *link)
{
    link->backoff = NGX_HTTP_LAPOR_BACKOFF_MIN;
}


void
ngx_http_lapor_link_fail(ngx_http_lapor_link_t *link, const char *reason)
{
    if (link->state != NGX_HTTP_LAPOR_LINK_DOWN) {
        ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CLOSING);
    }

    link->reason = reason;

    ngx_post_event(&link->event, &ngx_posted_events);
}


static void
ngx_http_lapor_link_event_handler(ngx_event_t *ev)
{
    ngx_http_lapor_link_t  *link;

    link = ev->data;

    if (link->state == NGX_HTTP_LAPOR_LINK_CLOSING && link->ac) {
        redisAsyncFree(link->ac);
    }

    ngx_http_lapor_op_refuse(link);
}


void
ngx_http_lapor_link_close(ngx_http_lapor_link_t *link, const char *reason)
{
    if (link->ac == NULL) {
        return;
    }

    ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CLOSING);
    link->reason = reason;

    redisAsyncFree(link->ac);
}


void
ngx_http_lapor_link_lost(ngx_http_lapor_link_t *link)
{
    if (link->tick.timer_set) {
        ngx_del_timer(&link->tick);
    }

    if (link->connect.timer_set) {
        ngx_del_timer(&link->connect);
    }

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->losses, 1);

    ngx_http_lapor_link_retry(link);
}


/* the link is down: say so once, wait, let the waiting ops go */

static void
ngx_http_lapor_link_retry(ngx_http_lapor_link_t *link)
{
    ngx_msec_t  delay;

    ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_DOWN);

    /* full jitter, so that workers do not come back in step */

    delay = 1 + (ngx_msec_t) ngx_random() % link->backoff;
    link->backoff = ngx_min(link->backoff * 2, NGX_HTTP_LAPOR_BACKOFF_MAX);

    if (!ngx_exiting && !ngx_terminate) {
        if (!link->reported) {
            link->reported = 1;

            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "lapor: link to redis %V is down: %s",
                          &link->target->redis->text,
                          link->reason ? link->reason : "redis closed it");
        }
    }

    ngx_add_timer(&link->retry, delay);

    /* not from here: hiredis may be on the stack */

    ngx_post_event(&link->event, &ngx_posted_events);
}


static void
ngx_http_lapor_link_retry_handler(ngx_event_t *ev)
{
    ngx_http_lapor_link_connect(ev->data);
}


static void
ngx_http_lapor_link_connect_handler(ngx_event_t *ev)
{
    ngx_http_lapor_link_fail(ev->data, "redis did not answer in time");
}


/*
 * Once a second while the link is up.  A Redis that has answered nothing for
 * twice the time that any request may wait is gone; keeping the link would
 * only collect more requests for it.
 */

static void
ngx_http_lapor_link_tick_handler(ngx_event_t *ev)
{
    ngx_msec_t              limit;
    ngx_queue_t            *q;
    ngx_http_lapor_op_t    *op;
    ngx_http_lapor_link_t  *link;

    link = ev->data;
    limit = 2 * link->target->timeout;

    if (!ngx_queue_empty(&link->sent)) {
        q = ngx_queue_head(&link->sent);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        if (ngx_current_msec - op->start > limit) {
            ngx_http_lapor_link_fail(link, "redis does not answer");
            return;
        }
    }

    if (link->asked) {
        if (ngx_current_msec - link->asked_at > limit) {
            ngx_http_lapor_link_fail(link, "redis does not answer");
            return;
        }

    } else if (ngx_current_msec - link->asked_at >= NGX_HTTP_LAPOR_CHECK) {
        if (ngx_http_lapor_link_ask(link) != NGX_OK) {
            ngx_http_lapor_link_fail(link, "no memory");
            return;
        }
    }

    ngx_add_timer(&link->tick, NGX_HTTP_LAPOR_TICK);
}


/* the cycle's pool goes away, in a process that may live on */

static void
ngx_http_lapor_link_cleanup(void *data)
{
    ngx_http_lapor_link_t  *link = data;

    ngx_http_lapor_link_close(link, "its configuration has gone");

    if (link->retry.timer_set) {
        ngx_del_timer(&link->retry);
    }

    if (link->event.posted) {
        ngx_delete_posted_event(&link->event);
    }

    ngx_http_lapor_slot->links--;
    link->target->link = NULL;
}
