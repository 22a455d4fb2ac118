
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
 * In CHECKING only AUTH, SELECT, CLIENT SETNAME, PING and CONFIG GET are
 * written; entries wait behind them.  DOWN and CLOSING take no op.  A link
 * that is down connects again when its backoff is over, without sacrificing a
 * request to find out.
 *
 * ngx_http_lapor_link_fail() may be called anywhere; a posted event closes the
 * link, where no reply is being looked at.
 */


#include "ngx_http_lapor.h"


/* the longest code of an error, with which it fits into `why` */
#define NGX_HTTP_LAPOR_WORD  20


static ngx_int_t ngx_http_lapor_link_greet(ngx_http_lapor_link_t *link);
static ngx_int_t ngx_http_lapor_link_command(ngx_http_lapor_link_t *link,
    ngx_http_lapor_op_handler_pt handler, ngx_uint_t argc, ngx_str_t *args);
static ngx_int_t ngx_http_lapor_link_ask(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_link_authed(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_link_selected(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_link_named(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_link_pinged(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_link_greeted(ngx_http_lapor_op_t *op,
    redisReply *reply, const char *command);
static size_t ngx_http_lapor_link_word(redisReply *reply);
static void ngx_http_lapor_link_checked(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_link_set(ngx_http_lapor_link_t *link,
    ngx_uint_t state);
static void ngx_http_lapor_link_up(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_link_retry(ngx_http_lapor_link_t *link);
static void ngx_http_lapor_link_retry_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_connect_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_tick_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_deadline_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_event_handler(ngx_event_t *ev);
static void ngx_http_lapor_link_timer(ngx_http_lapor_link_t *link,
    ngx_event_t *ev, ngx_event_handler_pt handler);
static void ngx_http_lapor_link_cleanup(void *data);


/* what ngx_http_lapor_reply_strength() judges */

static ngx_str_t  ngx_http_lapor_link_settings[] = {
    ngx_string("CONFIG"),
    ngx_string("GET"),
    ngx_string("appendonly"),
    ngx_string("appendfsync"),
    ngx_string("no-appendfsync-on-rewrite"),
    ngx_string("maxmemory-policy"),
    ngx_string("replicaof")
};


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

    /* set by ngx_pcalloc(): c, reader, state, all counts and flags */

    link = ngx_pcalloc(pool, sizeof(ngx_http_lapor_link_t));
    if (link == NULL) {
        return NULL;
    }

    link->target = target;
    link->ident = -1;
    link->backoff = NGX_HTTP_LAPOR_BACKOFF_MIN;
    link->complained = ngx_current_msec - NGX_HTTP_LAPOR_TICK;

    /* what goes wrong is told once, by the link itself */

    link->log = *ngx_cycle->log;
    link->log.log_level &= NGX_LOG_DEBUG_ALL;
    link->log.log_level |= NGX_LOG_ALERT;

    ngx_queue_init(&link->ops);
    ngx_queue_init(&link->spare);
    link->unsent = ngx_queue_sentinel(&link->ops);

    ngx_http_lapor_link_timer(link, &link->retry,
                              ngx_http_lapor_link_retry_handler);
    ngx_http_lapor_link_timer(link, &link->connect,
                              ngx_http_lapor_link_connect_handler);
    ngx_http_lapor_link_timer(link, &link->tick,
                              ngx_http_lapor_link_tick_handler);
    ngx_http_lapor_link_timer(link, &link->deadline,
                              ngx_http_lapor_link_deadline_handler);
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
    if (link->state != NGX_HTTP_LAPOR_LINK_DOWN) {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "lapor link connect: %V", &link->target->redis->text);

    if (link->retry.timer_set) {
        ngx_del_timer(&link->retry);
    }

    link->asked = 0;
    link->err = 0;
    link->reason = "no memory";

    if (ngx_http_lapor_wire_open(link) != NGX_OK) {
        ngx_http_lapor_link_retry(link);
        return;
    }

    link->reason = NULL;
    ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CHECKING);

    ngx_add_timer(&link->connect, ngx_max(NGX_HTTP_LAPOR_CONNECT_TIMEOUT,
                                          link->target->timeout));

    if (ngx_http_lapor_link_greet(link) != NGX_OK) {
        ngx_http_lapor_link_fail(link, "no memory");
    }
}


/* what Redis must hear before any entry; the link is up after the last */

static ngx_int_t
ngx_http_lapor_link_greet(ngx_http_lapor_link_t *link)
{
    u_char                   db[NGX_INT_T_LEN];
    ngx_str_t                args[3];
    ngx_uint_t               argc;
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

        if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_authed,
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

        if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_selected,
                                        2, args)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&args[0], "CLIENT");
    ngx_str_set(&args[1], "SETNAME");
    args[2] = redis->name;

    if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_named,
                                    3, args)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_lapor_link_ask(link);
}


static ngx_int_t
ngx_http_lapor_link_command(ngx_http_lapor_link_t *link,
    ngx_http_lapor_op_handler_pt handler, ngx_uint_t argc, ngx_str_t *args)
{
    ngx_http_lapor_op_t  *op;

    op = ngx_http_lapor_op_command(link, argc, args);
    if (op == NULL) {
        return NGX_ERROR;
    }

    op->handler = handler;

    return NGX_OK;
}


/* the settings that lapor_ack rests on; also the heartbeat of the link */

static ngx_int_t
ngx_http_lapor_link_ask(ngx_http_lapor_link_t *link)
{
    static ngx_str_t  ping = ngx_string("PING");

    link->asked = 1;
    link->asked_at = ngx_current_msec;

    if (link->target->ack == NGX_HTTP_LAPOR_ACK_MEMORY) {
        return ngx_http_lapor_link_command(link, ngx_http_lapor_link_checked,
                                           1, &ping);
    }

    /* while Redis loads its data it answers CONFIG GET, and refuses PING */

    if (ngx_http_lapor_link_command(link, ngx_http_lapor_link_pinged,
                                    1, &ping)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_lapor_link_command(link, ngx_http_lapor_link_checked,
                                       sizeof(ngx_http_lapor_link_settings)
                                       / sizeof(ngx_str_t),
                                       ngx_http_lapor_link_settings);
}


static void
ngx_http_lapor_link_authed(ngx_http_lapor_op_t *op, redisReply *reply)
{
    ngx_http_lapor_link_greeted(op, reply, "AUTH");
}


static void
ngx_http_lapor_link_selected(ngx_http_lapor_op_t *op, redisReply *reply)
{
    ngx_http_lapor_link_greeted(op, reply, "SELECT");
}


static void
ngx_http_lapor_link_named(ngx_http_lapor_op_t *op, redisReply *reply)
{
    ngx_http_lapor_link_greeted(op, reply, "CLIENT SETNAME");
}


static void
ngx_http_lapor_link_pinged(ngx_http_lapor_op_t *op, redisReply *reply)
{
    ngx_http_lapor_link_greeted(op, reply, "PING");
}


static void
ngx_http_lapor_link_greeted(ngx_http_lapor_op_t *op, redisReply *reply,
    const char *command)
{
    ngx_http_lapor_link_t  *link;

    link = op->link;

    ngx_http_lapor_op_take(op);

    if (reply && reply->type == REDIS_REPLY_ERROR) {
        (void) ngx_sprintf((u_char *) link->why, "redis refused %s (%*s)%Z",
                           command, ngx_http_lapor_link_word(reply),
                           reply->str);

        ngx_http_lapor_link_fail(link, link->why);
    }
}


/* the length of an error's code; what follows may repeat what was sent */

static size_t
ngx_http_lapor_link_word(redisReply *reply)
{
    size_t  len;

    for (len = 0; len < (size_t) reply->len; len++) {
        if (reply->str[len] < 'A' || reply->str[len] > 'Z') {
            break;
        }
    }

    return len <= NGX_HTTP_LAPOR_WORD
           && (len == (size_t) reply->len || reply->str[len] == ' ') ? len : 0;
}


static void
ngx_http_lapor_link_checked(ngx_http_lapor_op_t *op, redisReply *reply)
{
    ngx_http_lapor_link_t  *link;

    link = op->link;

    ngx_http_lapor_op_take(op);

    if (reply == NULL) {
        return;
    }

    link->asked = 0;

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_lapor_link_fail(link,
            ngx_http_lapor_reply_error(reply) == NGX_HTTP_LAPOR_ERR_LOADING
            ? "redis is loading its data"
            : "redis refused to tell its settings (CONFIG GET)");
        return;
    }

    if (ngx_http_lapor_reply_strength(reply) < link->target->ack) {
        ngx_http_lapor_link_fail(link, "redis is weaker than lapor_ack:"
            " see appendonly, appendfsync, no-appendfsync-on-rewrite,"
            " maxmemory-policy, replicaof");
        return;
    }

    if (link->state == NGX_HTTP_LAPOR_LINK_UP) {
        ngx_http_lapor_link_good(link);
        return;
    }

    ngx_http_lapor_link_up(link);
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

    ngx_http_lapor_wire_post(link);
}


static void
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

    if (link->state == NGX_HTTP_LAPOR_LINK_CLOSING) {
        ngx_http_lapor_link_close(link, link->reason);
    }
}


void
ngx_http_lapor_link_close(ngx_http_lapor_link_t *link, const char *reason)
{
    ngx_queue_t          *q;
    ngx_http_lapor_op_t  *op;

    if (link->c == NULL) {
        return;
    }

    link->reason = reason;

    ngx_http_lapor_wire_close(link);

    if (link->tick.timer_set) {
        ngx_del_timer(&link->tick);
    }

    if (link->connect.timer_set) {
        ngx_del_timer(&link->connect);
    }

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->losses, 1);

    ngx_http_lapor_link_retry(link);

    /* no op can follow while the link is down, so this ends */

    while (!ngx_queue_empty(&link->ops)) {
        q = ngx_queue_head(&link->ops);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        op->handler(op, NULL);
    }
}


/* the link is down: say so once, and wait */

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

            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, link->err,
                          "lapor: link to redis %V is down: %s",
                          &link->target->redis->text, link->reason);
        }
    }

    ngx_add_timer(&link->retry, delay);
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

    if (!ngx_queue_empty(&link->ops)) {
        q = ngx_queue_head(&link->ops);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        if (ngx_current_msec - op->start > limit) {
            ngx_http_lapor_link_fail(link, "redis does not answer");
            return;
        }
    }

    if (!link->asked
        && ngx_current_msec - link->asked_at >= NGX_HTTP_LAPOR_CHECK
        && ngx_http_lapor_link_ask(link) != NGX_OK)
    {
        ngx_http_lapor_link_fail(link, "no memory");
        return;
    }

    ngx_add_timer(&link->tick, NGX_HTTP_LAPOR_TICK);
}


static void
ngx_http_lapor_link_deadline_handler(ngx_event_t *ev)
{
    ngx_http_lapor_accept_expire(ev->data);
}


void
ngx_http_lapor_link_forget(ngx_http_lapor_link_t *link)
{
    if (--link->awaited == 0) {
        link->deadline.cancelable = 1;
    }
}


/* of an error only the first word is told: the rest may repeat the body */

void
ngx_http_lapor_link_error(ngx_http_lapor_link_t *link, redisReply *reply)
{
    char        word[NGX_HTTP_LAPOR_WORD + 1];
    ngx_uint_t  err;

    err = ngx_http_lapor_reply_error(reply);

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->errors[err], 1);

    switch (err) {

    case NGX_HTTP_LAPOR_ERR_READONLY:

        /* the address may lead to another server meanwhile */

        ngx_http_lapor_link_fail(link, "redis is a replica");
        break;

    case NGX_HTTP_LAPOR_ERR_NOAUTH:
        ngx_http_lapor_link_fail(link, "redis asks for AUTH");
        break;

    case NGX_HTTP_LAPOR_ERR_LOADING:
        ngx_http_lapor_link_fail(link, "redis is loading its data");
        break;

    default:
        break;
    }

    (void) ngx_sprintf((u_char *) word, "%*s%Z",
                       ngx_http_lapor_link_word(reply), reply->str);

    ngx_http_lapor_link_complain(link, "refused an entry: ",
                                 word[0] ? word
                                 : ngx_http_lapor_reply_error_name(err));
}


/* at most one line a second for what happens to requests */

void
ngx_http_lapor_link_complain(ngx_http_lapor_link_t *link, const char *what,
    const char *detail)
{
    if (ngx_current_msec - link->complained < NGX_HTTP_LAPOR_TICK) {
        return;
    }

    link->complained = ngx_current_msec;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "lapor: redis %V %s%s",
                  &link->target->redis->text, what, detail);
}


/* the cycle's pool goes away, in a process that may live on */

static void
ngx_http_lapor_link_cleanup(void *data)
{
    ngx_http_lapor_link_t *link = data;

    ngx_queue_t          *q;
    ngx_http_lapor_op_t  *op;

    ngx_http_lapor_link_close(link, "its configuration has gone");

    if (link->retry.timer_set) {
        ngx_del_timer(&link->retry);
    }

    if (link->deadline.timer_set) {
        ngx_del_timer(&link->deadline);
    }

    if (link->event.posted) {
        ngx_delete_posted_event(&link->event);
    }

    while (!ngx_queue_empty(&link->spare)) {
        q = ngx_queue_head(&link->spare);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        ngx_queue_remove(q);
        ngx_free(op);
    }

    ngx_http_lapor_slot->links--;
    link->target->link = NULL;
}
