
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A verified body is made durable and its request answered: 200 when Redis
 * has confirmed the entry; when Redis can't, or not in time, when the spool
 * has it on disk; else 503.  See ngx_http_lapor.h for who frees.
 *
 * An answer may run any other request of the connection, or end all requests
 * of an HTTP/2 connection: whatever list an answer is given from, it is looked
 * at anew afterwards.
 */


#include "ngx_http_lapor.h"


static ngx_int_t ngx_http_lapor_accept_spare(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, ngx_uint_t result);
static ngx_uint_t ngx_http_lapor_accept_link(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, ngx_http_lapor_loc_conf_t *lcf);
static void ngx_http_lapor_accept_stream(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx);
static void ngx_http_lapor_accept_reply(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_accept_stored(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, ngx_http_lapor_link_t *link,
    redisReply *reply);
static void ngx_http_lapor_accept_failed(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, ngx_uint_t result);
static void ngx_http_lapor_accept_spooled(ngx_http_lapor_spooled_t *entry,
    ngx_uint_t result);
static void ngx_http_lapor_accept_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_uint_t result);
static void ngx_http_lapor_accept_abort(void *data);


ngx_int_t
ngx_http_lapor_accept(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    size_t size)
{
    ngx_uint_t                  result;
    ngx_http_cleanup_t         *cln;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    ctx->size = size;
    ctx->start = ngx_http_lapor_usec();

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        ctx->result = NGX_HTTP_LAPOR_FAILED;
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    cln->handler = ngx_http_lapor_accept_abort;
    cln->data = ctx;

    ngx_http_lapor_accept_stream(r, ctx);

    result = ngx_http_lapor_accept_link(r, ctx, lcf);

    if (result == NGX_HTTP_LAPOR_NONE) {
        return NGX_DONE;
    }

    return ngx_http_lapor_accept_spare(r, ctx, result);
}


/* NONE when it is on its way to Redis, or why it is not */

static ngx_uint_t
ngx_http_lapor_accept_link(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    ngx_http_lapor_loc_conf_t *lcf)
{
    ngx_http_lapor_op_t    *op;
    ngx_http_lapor_link_t  *link;

    link = ngx_http_lapor_link_get(lcf->target);
    if (link == NULL) {
        return NGX_HTTP_LAPOR_FAILED;
    }

    if (link->state == NGX_HTTP_LAPOR_LINK_DOWN && !link->retry.timer_set) {
        ngx_http_lapor_link_connect(link);
    }

    if (link->state != NGX_HTTP_LAPOR_LINK_UP
        && link->state != NGX_HTTP_LAPOR_LINK_CHECKING)
    {
        return NGX_HTTP_LAPOR_REDIS_DOWN;
    }

    /* one that was lost may be mute: better the disk now than after a while */

    if (link->state == NGX_HTTP_LAPOR_LINK_CHECKING && link->reported
        && lcf->spool)
    {
        return NGX_HTTP_LAPOR_REDIS_DOWN;
    }

    /* a body that is larger than the limit passes alone, or it never would */

    if (link->pending >= lcf->max_pending
        || (link->pending && link->bytes + ctx->size > lcf->max_bytes))
    {
        return NGX_HTTP_LAPOR_OVERLOAD;
    }

    op = ngx_http_lapor_op_xadd(link, &ctx->stream, r->request_body->bufs,
                                ctx->size, (uint64_t) r->start_sec * 1000
                                           + r->start_msec);
    if (op == NULL) {
        return NGX_HTTP_LAPOR_FAILED;
    }

    op->handler = ngx_http_lapor_accept_reply;
    op->r = r;
    op->data = ctx;
    ctx->op = op;

    /*
     * Not cancelable while somebody waits: a worker that is told to quit
     * leaves when no such timer is left, and would take requests with it.
     */

    link->awaited++;
    link->deadline.cancelable = 0;

    if (!link->deadline.timer_set) {
        ngx_add_timer(&link->deadline, link->target->timeout);
    }

    return NGX_HTTP_LAPOR_NONE;
}


/* Redis can't: NGX_DONE when the spool will answer, else the status */

static ngx_int_t
ngx_http_lapor_accept_spare(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    ngx_uint_t result)
{
    ngx_http_lapor_spooled_t   *entry;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    ctx->result = result;

    if (lcf->spool == NULL || lcf->spool->spool == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    entry = &ctx->entry;
    entry->stream = ctx->stream;
    entry->body = r->request_body->bufs;
    entry->size = ctx->size;
    entry->ms = (uint64_t) r->start_sec * 1000 + r->start_msec;
    entry->handler = ngx_http_lapor_accept_spooled;
    entry->data = r;

    if (ngx_http_lapor_spool_add(lcf->spool->spool, entry) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ctx->spooling = 1;

    return NGX_DONE;
}


static void
ngx_http_lapor_accept_stream(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx)
{
    u_char                     *p;
    uint32_t                    part;
    ngx_http_lapor_loc_conf_t  *lcf;

    static u_char  hex[] = "0123456789abcdef";

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    /* without a sender the digest spreads as well as anything */

    part = ctx->scan.sender ? ctx->scan.hash % 256 : ctx->digest[0];
    part %= (uint32_t) lcf->partitions;

    p = ngx_cpymem(ctx->stream_text, "lapor:{", sizeof("lapor:{") - 1);
    *p++ = hex[part >> 4];
    *p++ = hex[part & 15];

    if (ctx->scan.statuses) {
        p = ngx_cpymem(p, "}:status", sizeof("}:status") - 1);

    } else {
        p = ngx_cpymem(p, "}:msg", sizeof("}:msg") - 1);
    }

    ctx->stream.data = ctx->stream_text;
    ctx->stream.len = p - ctx->stream_text;
    ctx->partition = (ngx_int_t) part;
}


/* called once for each op; without a reply the outcome is not known */

static void
ngx_http_lapor_accept_reply(ngx_http_lapor_op_t *op, redisReply *reply)
{
    ngx_uint_t              result;
    ngx_http_request_t     *r;
    ngx_http_lapor_ctx_t   *ctx;
    ngx_http_lapor_link_t  *link;

    r = op->r;
    ctx = op->data;
    link = op->link;

    result = op->left ? NGX_HTTP_LAPOR_REDIS_DOWN : NGX_HTTP_LAPOR_REDIS_LOST;

    if (r) {
        ctx->op = NULL;
        ngx_http_lapor_link_forget(link);
    }

    ngx_http_lapor_op_take(op);

    if (reply && ngx_http_lapor_reply_is_id(reply)) {
        ngx_http_lapor_link_good(link);

        if (r) {
            ngx_http_lapor_accept_stored(r, ctx, link, reply);
            return;
        }

    } else if (reply) {
        result = NGX_HTTP_LAPOR_REDIS_ERROR;
        ngx_http_lapor_link_error(link, reply);
    }

    if (r) {
        ngx_http_lapor_accept_failed(r, ctx, result);
        return;
    }

    if (reply) {
        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->late, 1);
    }
}


static void
ngx_http_lapor_accept_stored(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    ngx_http_lapor_link_t *link, redisReply *reply)
{
    /* an id is 41 characters at most */

    ctx->id.len = reply->len;
    ctx->id.data = ctx->id_text;
    ngx_memcpy(ctx->id_text, reply->str, reply->len);

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->bytes,
                                (ngx_atomic_int_t) ctx->size);

    if (ctx->scan.statuses) {
        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->statuses, 1);
    }

    ctx->queue_usec = ngx_max(link->now, ctx->start + 1) - ctx->start;
    ngx_http_lapor_status_observe(NGX_HTTP_LAPOR_HIST_QUEUE, ctx->queue_usec);

    ngx_http_lapor_accept_answer(r, NGX_HTTP_OK, NGX_HTTP_LAPOR_ACCEPTED);
}


static void
ngx_http_lapor_accept_failed(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    ngx_uint_t result)
{
    if (ngx_http_lapor_accept_spare(r, ctx, result) == NGX_DONE) {
        return;
    }

    ngx_http_lapor_accept_answer(r, NGX_HTTP_SERVICE_UNAVAILABLE, result);
}


static void
ngx_http_lapor_accept_spooled(ngx_http_lapor_spooled_t *entry,
    ngx_uint_t result)
{
    ngx_http_request_t    *r;
    ngx_http_lapor_ctx_t  *ctx;

    r = entry->data;
    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    ctx->spooling = 0;

    if (result != NGX_HTTP_LAPOR_SPOOLED) {
        ngx_http_lapor_accept_answer(r, NGX_HTTP_SERVICE_UNAVAILABLE, result);
        return;
    }

    ctx->queue_usec = ngx_max(ngx_http_lapor_usec(), ctx->start + 1)
                      - ctx->start;
    ngx_http_lapor_status_observe(NGX_HTTP_LAPOR_HIST_SPOOL, ctx->queue_usec);

    ngx_http_lapor_accept_answer(r, NGX_HTTP_OK, result);
}


static void
ngx_http_lapor_accept_answer(ngx_http_request_t *r, ngx_uint_t status,
    ngx_uint_t result)
{
    ngx_connection_t      *c;
    ngx_http_lapor_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);
    ctx->result = result;

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, ngx_http_lapor_send(r, status));
    ngx_http_run_posted_requests(c);
}


void
ngx_http_lapor_accept_expire(ngx_http_lapor_link_t *link)
{
    ngx_msec_int_t         left;
    ngx_queue_t           *q, *next, expired;
    ngx_http_lapor_op_t   *op;
    ngx_http_lapor_ctx_t  *ctx;

    ngx_queue_init(&expired);

    for (q = ngx_queue_head(&link->ops);
         q != ngx_queue_sentinel(&link->ops);
         q = next)
    {
        next = ngx_queue_next(q);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        if (op->r == NULL) {
            continue;
        }

        left = (ngx_msec_int_t) (op->start + link->target->timeout
                                 - ngx_current_msec);
        if (left > 0) {
            ngx_add_timer(&link->deadline, (ngx_msec_t) left);
            break;
        }

        ctx = op->data;
        ctx->op = NULL;
        ctx->entry.data = op->r;
        ctx->entry.spool = NULL;
        ctx->spooling = 1;
        ngx_queue_insert_tail(&expired, &ctx->entry.queue);

        /*
         * What was written stays until Redis answers: the entry may be stored
         * all the same, and a repetition of it does no harm.
         */

        ngx_http_lapor_link_forget(link);
        ngx_http_lapor_op_leave(op);
    }

    if (!ngx_queue_empty(&expired)) {
        ngx_http_lapor_link_complain(link, "did not answer within ",
                                     "lapor_timeout");
    }

    while (!ngx_queue_empty(&expired)) {
        q = ngx_queue_head(&expired);
        ngx_queue_remove(q);

        ctx = ngx_queue_data(q, ngx_http_lapor_ctx_t, entry.queue);
        ctx->spooling = 0;

        ngx_http_lapor_accept_failed(ctx->entry.data, ctx,
                                     NGX_HTTP_LAPOR_TIMEOUT);
    }
}


/* the request is going away; normally it was answered and waits for nothing */

static void
ngx_http_lapor_accept_abort(void *data)
{
    ngx_http_lapor_ctx_t  *ctx = data;

    ngx_http_lapor_op_t  *op;

    if (ctx->spooling) {
        ctx->spooling = 0;
        ctx->result = NGX_HTTP_LAPOR_ABORTED;
        ngx_http_lapor_spool_drop(&ctx->entry);
        return;
    }

    op = ctx->op;

    if (op) {
        ctx->op = NULL;
        ctx->result = NGX_HTTP_LAPOR_ABORTED;
        ngx_http_lapor_link_forget(op->link);
        ngx_http_lapor_op_leave(op);
    }
}
