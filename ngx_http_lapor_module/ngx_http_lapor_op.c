
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One XADD: built when the body was verified, given to hiredis when the link
 * is up, answered by the reply, the deadline or the loss of the link, dropped
 * when the client goes away.  See ngx_http_lapor.h for who frees.
 */


#include "ngx_http_lapor.h"


/* "*7", seven lengths and CRLFs, and the words around the body */
#define NGX_HTTP_LAPOR_OP_OVERHEAD  256


static ngx_uint_t ngx_http_lapor_op_admit(ngx_http_lapor_link_t *link,
    ngx_http_lapor_loc_conf_t *lcf, size_t size);
static ngx_http_lapor_op_t *ngx_http_lapor_op_create(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, size_t size);
static ngx_int_t ngx_http_lapor_op_build(ngx_http_lapor_op_t *op,
    ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx);
static ngx_int_t ngx_http_lapor_op_stream(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx);
static void ngx_http_lapor_op_send(ngx_http_lapor_op_t *op);
static void ngx_http_lapor_op_reply(redisAsyncContext *ac, void *data,
    void *privdata);
static ngx_uint_t ngx_http_lapor_op_stored(ngx_http_request_t *r,
    ngx_http_lapor_op_t *op, redisReply *reply);
static ngx_uint_t ngx_http_lapor_op_is_id(redisReply *reply);
static void ngx_http_lapor_op_error(ngx_http_lapor_op_t *op,
    redisReply *reply);
static void ngx_http_lapor_op_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_uint_t result);
static void ngx_http_lapor_op_deadline(ngx_event_t *ev);
static void ngx_http_lapor_op_abort(void *data);
static ngx_http_request_t *ngx_http_lapor_op_detach(ngx_http_lapor_op_t *op);
static void ngx_http_lapor_op_free(ngx_http_lapor_op_t *op);
static ngx_uint_t ngx_http_lapor_op_may_complain(ngx_http_lapor_link_t *link);


ngx_int_t
ngx_http_lapor_op_start(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    size_t size)
{
    ngx_uint_t                  result;
    ngx_http_cleanup_t         *cln;
    ngx_http_lapor_op_t        *op;
    ngx_http_lapor_link_t      *link;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    ctx->result = NGX_HTTP_LAPOR_FAILED;

    link = ngx_http_lapor_link_get(lcf->target);
    if (link == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    result = ngx_http_lapor_op_admit(link, lcf, size);

    if (result != NGX_HTTP_LAPOR_NONE) {
        ctx->result = result;
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    op = ngx_http_lapor_op_create(r, ctx, size);
    if (op == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    cln->handler = ngx_http_lapor_op_abort;
    cln->data = ctx;

    op->r = r;
    op->link = link;
    ctx->op = op;

    link->pending++;
    link->bytes += size;
    ngx_http_lapor_slot->pending++;
    ngx_http_lapor_slot->pending_bytes += size;
    ngx_queue_insert_tail(&link->waiting, &op->queue);

    ngx_add_timer(&op->deadline, lcf->timeout);

    if (link->state == NGX_HTTP_LAPOR_LINK_UP) {
        ngx_http_lapor_op_send(op);
    }

    return NGX_DONE;
}


/* NONE, or why the link takes no more */

static ngx_uint_t
ngx_http_lapor_op_admit(ngx_http_lapor_link_t *link,
    ngx_http_lapor_loc_conf_t *lcf, size_t size)
{
    if (link->state == NGX_HTTP_LAPOR_LINK_DOWN && !link->retry.timer_set) {
        ngx_http_lapor_link_connect(link);
    }

    if (link->state != NGX_HTTP_LAPOR_LINK_UP
        && link->state != NGX_HTTP_LAPOR_LINK_CHECKING)
    {
        return NGX_HTTP_LAPOR_REDIS_DOWN;
    }

    /* a body that is larger than the limit passes alone, or it never would */

    if (link->pending >= lcf->max_pending
        || (link->pending && link->bytes + size > lcf->max_bytes))
    {
        return NGX_HTTP_LAPOR_OVERLOAD;
    }

    return NGX_HTTP_LAPOR_NONE;
}


static ngx_http_lapor_op_t *
ngx_http_lapor_op_create(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    size_t size)
{
    ngx_http_lapor_op_t  *op;

    op = ngx_calloc(sizeof(ngx_http_lapor_op_t), r->connection->log);
    if (op == NULL) {
        return NULL;
    }

    op->ident = -1;
    op->size = size;
    op->start = ngx_current_msec;

    if (ngx_http_lapor_op_build(op, r, ctx) != NGX_OK) {
        ngx_free(op);
        return NULL;
    }

    /*
     * Not cancelable: a worker that is told to quit leaves when no such timer
     * is left, and would take unanswered requests with it.
     */

    op->deadline.handler = ngx_http_lapor_op_deadline;
    op->deadline.data = op;
    op->deadline.log = ngx_cycle->log;

    return op;
}


/* XADD stream * b BODY t MS */

static ngx_int_t
ngx_http_lapor_op_build(ngx_http_lapor_op_t *op, ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx)
{
    u_char       *p, *body, *head;
    u_char        ms[NGX_INT64_LEN];
    u_char        start[NGX_HTTP_LAPOR_OP_OVERHEAD];
    size_t        len;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    op->command = ngx_alloc(op->size + 2 * NGX_HTTP_LAPOR_OP_OVERHEAD,
                            r->connection->log);
    if (op->command == NULL) {
        return NGX_ERROR;
    }

    /* the key depends on the body, so the head is put before it afterwards */

    body = op->command + NGX_HTTP_LAPOR_OP_OVERHEAD;
    p = body;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        /* the last buffer of a chunked body is empty and has no address */

        if (b->last != b->pos) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
        }
    }

    if (ngx_http_lapor_op_stream(r, ctx) != NGX_OK) {
        ngx_free(op->command);
        return NGX_ERROR;
    }

    len = ngx_sprintf(ms, "%uL", (uint64_t) r->start_sec * 1000
                                 + r->start_msec) - ms;
    p = ngx_sprintf(p, CRLF "$1" CRLF "t" CRLF "$%uz" CRLF "%*s" CRLF,
                    len, len, ms);

    head = ngx_sprintf(start, "*7" CRLF "$4" CRLF "XADD" CRLF
                       "$%uz" CRLF "%V" CRLF "$1" CRLF "*" CRLF
                       "$1" CRLF "b" CRLF "$%uz" CRLF,
                       ctx->stream.len, &ctx->stream, op->size);
    len = head - start;

    op->text.data = body - len;
    op->text.len = p - op->text.data;
    ngx_memcpy(op->text.data, start, len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_op_stream(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx)
{
    u_char                     *p;
    uint32_t                    part;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    /* without a sender the digest spreads as well as anything */

    part = ctx->scan.sender ? ctx->scan.hash % 256 : ctx->digest[0];
    part %= (uint32_t) lcf->partitions;

    p = ngx_pnalloc(r->pool, sizeof("lapor:{00}:status") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->stream.data = p;
    ctx->stream.len = ngx_sprintf(p, "lapor:{%02xD}:%s", part,
                                  ctx->scan.statuses ? "status" : "msg") - p;
    ctx->partition = (ngx_int_t) part;

    return NGX_OK;
}


/* the link has come up: all that waited goes out in its order */

void
ngx_http_lapor_op_flush(ngx_http_lapor_link_t *link)
{
    ngx_queue_t          *q;
    ngx_http_lapor_op_t  *op;

    while (!ngx_queue_empty(&link->waiting)
           && link->state == NGX_HTTP_LAPOR_LINK_UP)
    {
        q = ngx_queue_head(&link->waiting);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        ngx_http_lapor_op_send(op);
    }
}


/* the link is down: all that waited is refused */

void
ngx_http_lapor_op_refuse(ngx_http_lapor_link_t *link)
{
    ngx_queue_t          *q;
    ngx_http_request_t   *r;
    ngx_http_lapor_op_t  *op;

    while (!ngx_queue_empty(&link->waiting)
           && link->state != NGX_HTTP_LAPOR_LINK_UP
           && link->state != NGX_HTTP_LAPOR_LINK_CHECKING)
    {
        q = ngx_queue_head(&link->waiting);
        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);

        r = ngx_http_lapor_op_detach(op);
        ngx_http_lapor_op_free(op);

        if (r) {
            ngx_http_lapor_op_answer(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     NGX_HTTP_LAPOR_REDIS_DOWN);
        }
    }
}


static void
ngx_http_lapor_op_send(ngx_http_lapor_op_t *op)
{
    ngx_http_lapor_link_t  *link;

    link = op->link;

    if (redisAsyncFormattedCommand(link->ac, ngx_http_lapor_op_reply, op,
                                   (char *) op->text.data, op->text.len)
        != REDIS_OK)
    {
        /* the op stays where it is, the posted event refuses it */

        ngx_http_lapor_link_fail(link, "no memory");
        return;
    }

    /* hiredis has copied the command; what was sent is not taken back */

    ngx_free(op->command);
    op->command = NULL;
    op->sent = 1;

    ngx_queue_remove(&op->queue);
    ngx_queue_insert_tail(&link->sent, &op->queue);
}


/* called once for each sent op; without a reply the outcome is not known */

static void
ngx_http_lapor_op_reply(redisAsyncContext *ac, void *data, void *privdata)
{
    ngx_http_lapor_op_t  *op = privdata;

    redisReply             *reply;
    ngx_uint_t              result;
    ngx_http_request_t     *r;
    ngx_http_lapor_link_t  *link;

    link = op->link;
    reply = data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "lapor reply: %d, %p", reply ? reply->type : -1, op->r);

    r = ngx_http_lapor_op_detach(op);

    if (reply == NULL) {
        result = NGX_HTTP_LAPOR_REDIS_LOST;

        if (link->state == NGX_HTTP_LAPOR_LINK_UP) {

            /* hiredis lets go of ac: no op may follow */

            ngx_http_lapor_link_set(link, NGX_HTTP_LAPOR_LINK_CLOSING);
        }

    } else if (ngx_http_lapor_op_is_id(reply)) {
        result = ngx_http_lapor_op_stored(r, op, reply);
        ngx_http_lapor_link_good(link);

    } else {
        result = NGX_HTTP_LAPOR_REDIS_ERROR;
        ngx_http_lapor_op_error(op, reply);
    }

    if (r == NULL && reply) {
        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->late, 1);
    }

    ngx_http_lapor_op_free(op);

    if (r) {
        ngx_http_lapor_op_answer(r, result == NGX_HTTP_LAPOR_ACCEPTED
                                    ? NGX_HTTP_OK
                                    : NGX_HTTP_SERVICE_UNAVAILABLE, result);
    }
}


static ngx_uint_t
ngx_http_lapor_op_stored(ngx_http_request_t *r, ngx_http_lapor_op_t *op,
    redisReply *reply)
{
    ngx_http_lapor_ctx_t  *ctx;

    if (r == NULL) {
        return NGX_HTTP_LAPOR_NONE;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    /* the reply dies with the callback; without the copy it is not logged */

    ctx->id.data = ngx_pnalloc(r->pool, reply->len);

    if (ctx->id.data) {
        ctx->id.len = reply->len;
        ngx_memcpy(ctx->id.data, reply->str, reply->len);
    }

    ctx->queue_usec = (uint64_t) (ngx_current_msec - op->start) * 1000 + 1;
    ngx_http_lapor_status_observe(NGX_HTTP_LAPOR_HIST_QUEUE, ctx->queue_usec);

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->bytes,
                                (ngx_atomic_int_t) op->size);

    if (ctx->scan.statuses) {
        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->statuses, 1);
    }

    return NGX_HTTP_LAPOR_ACCEPTED;
}


/* digits, a dash, digits: only that says that an entry was made */

static ngx_uint_t
ngx_http_lapor_op_is_id(redisReply *reply)
{
    char        ch;
    size_t      i, dash;

    if (reply->type != REDIS_REPLY_STRING || reply->len < 3
        || reply->len > 2 * NGX_INT64_LEN)
    {
        return 0;
    }

    dash = 0;

    for (i = 0; i < (size_t) reply->len; i++) {
        ch = reply->str[i];

        if (ch == '-' && dash == 0) {
            dash = i;
            continue;
        }

        if (ch < '0' || ch > '9') {
            return 0;
        }
    }

    return dash != 0 && dash != (size_t) reply->len - 1;
}


/* of an error only the first word is told: the rest may repeat the body */

static void
ngx_http_lapor_op_error(ngx_http_lapor_op_t *op, redisReply *reply)
{
    size_t      len;
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("OOM"),
        ngx_string("READONLY"),
        ngx_string("LOADING"),
        ngx_string("MISCONF"),
        ngx_string("NOAUTH"),
        ngx_string("MOVED"),
        ngx_string("ASK"),
        ngx_string("CLUSTERDOWN"),
        ngx_string("other")
    };

    i = NGX_HTTP_LAPOR_ERR_OTHER;

    if (reply->type == REDIS_REPLY_ERROR) {
        for (len = 0; len < (size_t) reply->len; len++) {
            if (reply->str[len] == ' ') {
                break;
            }
        }

        for (i = 0; i < NGX_HTTP_LAPOR_ERR_OTHER; i++) {
            if (len == names[i].len
                && ngx_strncmp(reply->str, names[i].data, len) == 0)
            {
                break;
            }
        }
    }

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->errors[i], 1);

    if (ngx_http_lapor_op_may_complain(op->link)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "lapor: redis %V refused an entry: %V",
                      &op->link->target->redis->text, &names[i]);
    }

    /* the address may lead to another server meanwhile */

    if (i == NGX_HTTP_LAPOR_ERR_READONLY) {
        ngx_http_lapor_link_fail(op->link, "redis is a replica");
    }
}


static void
ngx_http_lapor_op_answer(ngx_http_request_t *r, ngx_uint_t status,
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


/*
 * A sent op stays on the link until hiredis calls back: the entry may be
 * stored all the same, and Meta's repetition of it does no harm.
 */

static void
ngx_http_lapor_op_deadline(ngx_event_t *ev)
{
    ngx_http_request_t     *r;
    ngx_http_lapor_op_t    *op;
    ngx_http_lapor_link_t  *link;

    op = ev->data;
    link = op->link;

    r = ngx_http_lapor_op_detach(op);

    if (ngx_http_lapor_op_may_complain(link)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "lapor: redis %V did not answer within lapor_timeout",
                      &link->target->redis->text);
    }

    if (!op->sent) {
        ngx_http_lapor_op_free(op);
    }

    if (r) {
        ngx_http_lapor_op_answer(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                 NGX_HTTP_LAPOR_TIMEOUT);
    }
}


/* the request is going away; normally it was answered and has no op */

static void
ngx_http_lapor_op_abort(void *data)
{
    ngx_http_lapor_ctx_t  *ctx = data;

    ngx_http_lapor_op_t  *op;

    op = ctx->op;

    if (op == NULL) {
        return;
    }

    (void) ngx_http_lapor_op_detach(op);
    ctx->result = NGX_HTTP_LAPOR_ABORTED;

    if (!op->sent) {
        ngx_http_lapor_op_free(op);
    }
}


/* from here on the op and its request do not know each other */

static ngx_http_request_t *
ngx_http_lapor_op_detach(ngx_http_lapor_op_t *op)
{
    ngx_http_request_t    *r;
    ngx_http_lapor_ctx_t  *ctx;

    if (op->deadline.timer_set) {
        ngx_del_timer(&op->deadline);
    }

    r = op->r;
    op->r = NULL;

    if (r) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);
        ctx->op = NULL;
    }

    return r;
}


static void
ngx_http_lapor_op_free(ngx_http_lapor_op_t *op)
{
    ngx_http_lapor_link_t  *link;

    link = op->link;

    ngx_queue_remove(&op->queue);

    link->pending--;
    link->bytes -= op->size;
    ngx_http_lapor_slot->pending--;
    ngx_http_lapor_slot->pending_bytes -= op->size;

    if (op->command) {
        ngx_free(op->command);
    }

    ngx_free(op);
}


/* at most one line a second for what happens to requests */

static ngx_uint_t
ngx_http_lapor_op_may_complain(ngx_http_lapor_link_t *link)
{
    if (ngx_current_msec - link->complained < NGX_HTTP_LAPOR_TICK) {
        return 0;
    }

    link->complained = ngx_current_msec;

    return 1;
}
