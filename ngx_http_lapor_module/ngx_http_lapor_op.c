
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One command on its way to Redis and back: mostly the XADD of a body, which
 * is written from the buffers of its request (or of the replayer) and copied
 * only if the request goes away in the middle of it.
 *
 * Ops lie in link->ops in the order in which they were given and will be
 * answered; from link->unsent on they are not wholly written.  An op leaves
 * the queue in ngx_http_lapor_op_take(), which its handler calls first, or in
 * ngx_http_lapor_op_leave().
 */


#include "ngx_http_lapor.h"


/* what lies unused in a link, for the next requests */
#define NGX_HTTP_LAPOR_OP_SPARE  256


static ngx_http_lapor_op_t *ngx_http_lapor_op_create(
    ngx_http_lapor_link_t *link);
static void ngx_http_lapor_op_push(ngx_http_lapor_op_t *op);
static u_char *ngx_http_lapor_op_number(u_char *p, uint64_t n);
static size_t ngx_http_lapor_op_piece(struct iovec *iov, u_char *p,
    size_t len, size_t *skip);


ngx_http_lapor_op_t *
ngx_http_lapor_op_xadd(ngx_http_lapor_link_t *link, ngx_str_t *stream,
    ngx_chain_t *body, size_t size, uint64_t ms)
{
    u_char               *p, number[NGX_INT64_LEN];
    size_t                len;
    ngx_http_lapor_op_t  *op;

    op = ngx_http_lapor_op_create(link);
    if (op == NULL) {
        return NULL;
    }

    op->entry = 1;
    op->body = body;
    op->size = size;

    /* XADD stream * b BODY t MS */

    p = ngx_cpymem(op->head, "*7" CRLF "$4" CRLF "XADD" CRLF "$",
                   sizeof("*7" CRLF "$4" CRLF "XADD" CRLF "$") - 1);
    p = ngx_http_lapor_op_number(p, stream->len);
    *p++ = CR;
    *p++ = LF;
    p = ngx_cpymem(p, stream->data, stream->len);
    p = ngx_cpymem(p, CRLF "$1" CRLF "*" CRLF "$1" CRLF "b" CRLF "$",
                   sizeof(CRLF "$1" CRLF "*" CRLF "$1" CRLF "b" CRLF "$") - 1);
    p = ngx_http_lapor_op_number(p, size);
    *p++ = CR;
    *p++ = LF;
    op->head_len = p - op->head;

    len = ngx_http_lapor_op_number(number, ms) - number;

    p = ngx_cpymem(op->tail, CRLF "$1" CRLF "t" CRLF "$",
                   sizeof(CRLF "$1" CRLF "t" CRLF "$") - 1);
    p = ngx_http_lapor_op_number(p, len);
    *p++ = CR;
    *p++ = LF;
    p = ngx_cpymem(p, number, len);
    *p++ = CR;
    *p++ = LF;
    op->tail_len = p - op->tail;

    op->left = op->head_len + size + op->tail_len;

    link->pending++;
    link->bytes += size;
    ngx_http_lapor_slot->pending++;
    ngx_http_lapor_slot->pending_bytes += size;

    ngx_http_lapor_op_push(op);

    return op;
}


ngx_http_lapor_op_t *
ngx_http_lapor_op_command(ngx_http_lapor_link_t *link, ngx_uint_t argc,
    ngx_str_t *args)
{
    u_char               *p;
    size_t                len;
    ngx_uint_t            i;
    ngx_http_lapor_op_t  *op;

    len = sizeof("*" CRLF) - 1 + NGX_INT64_LEN;

    for (i = 0; i < argc; i++) {
        len += sizeof("$" CRLF CRLF) - 1 + NGX_INT64_LEN + args[i].len;
    }

    op = ngx_http_lapor_op_create(link);
    if (op == NULL) {
        return NULL;
    }

    op->rest = ngx_alloc(len, &link->log);
    if (op->rest == NULL) {
        link->nspare++;
        ngx_queue_insert_head(&link->spare, &op->queue);
        return NULL;
    }

    p = op->rest;
    *p++ = '*';
    p = ngx_http_lapor_op_number(p, argc);
    *p++ = CR;
    *p++ = LF;

    for (i = 0; i < argc; i++) {
        *p++ = '$';
        p = ngx_http_lapor_op_number(p, args[i].len);
        *p++ = CR;
        *p++ = LF;
        p = ngx_cpymem(p, args[i].data, args[i].len);
        *p++ = CR;
        *p++ = LF;
    }

    op->rest_len = p - op->rest;
    op->left = op->rest_len;

    ngx_http_lapor_op_push(op);

    return op;
}


static ngx_http_lapor_op_t *
ngx_http_lapor_op_create(ngx_http_lapor_link_t *link)
{
    ngx_queue_t          *q;
    ngx_http_lapor_op_t  *op;

    if (ngx_queue_empty(&link->spare)) {
        op = ngx_alloc(sizeof(ngx_http_lapor_op_t), &link->log);
        if (op == NULL) {
            return NULL;
        }

    } else {
        q = ngx_queue_head(&link->spare);
        ngx_queue_remove(q);
        link->nspare--;

        op = ngx_queue_data(q, ngx_http_lapor_op_t, queue);
    }

    op->link = link;
    op->r = NULL;
    op->data = NULL;
    op->handler = NULL;
    op->start = ngx_current_msec;
    op->body = NULL;
    op->size = 0;
    op->head_len = 0;
    op->tail_len = 0;
    op->rest = NULL;
    op->rest_len = 0;
    op->entry = 0;

    return op;
}


static void
ngx_http_lapor_op_push(ngx_http_lapor_op_t *op)
{
    ngx_http_lapor_link_t  *link;

    link = op->link;

    ngx_queue_insert_tail(&link->ops, &op->queue);

    if (link->unsent == ngx_queue_sentinel(&link->ops)) {
        link->unsent = &op->queue;
    }

    ngx_http_lapor_wire_post(link);
}


static u_char *
ngx_http_lapor_op_number(u_char *p, uint64_t n)
{
    u_char      digits[NGX_INT64_LEN];
    ngx_uint_t  i;

    i = NGX_INT64_LEN;

    do {
        digits[--i] = (u_char) (n % 10 + '0');
        n /= 10;
    } while (n);

    return ngx_cpymem(p, &digits[i], NGX_INT64_LEN - i);
}


ngx_uint_t
ngx_http_lapor_op_gather(ngx_http_lapor_op_t *op, struct iovec *iov,
    ngx_uint_t max)
{
    size_t        skip;
    ngx_buf_t    *b;
    ngx_uint_t    n;
    ngx_chain_t  *cl;

    if (op->rest) {
        iov[0].iov_base = op->rest + op->rest_len - op->left;
        iov[0].iov_len = op->left;
        return 1;
    }

    skip = op->head_len + op->size + op->tail_len - op->left;

    n = ngx_http_lapor_op_piece(iov, op->head, op->head_len, &skip);

    for (cl = op->body; cl && n < max; cl = cl->next) {
        b = cl->buf;
        n += ngx_http_lapor_op_piece(&iov[n], b->pos, b->last - b->pos,
                                     &skip);
    }

    if (n < max) {
        n += ngx_http_lapor_op_piece(&iov[n], op->tail, op->tail_len, &skip);
    }

    return n;
}


/* 1 if there is something beyond *skip, which is eaten up first */

static size_t
ngx_http_lapor_op_piece(struct iovec *iov, u_char *p, size_t len,
    size_t *skip)
{
    if (len <= *skip) {
        *skip -= len;
        return 0;
    }

    iov->iov_base = p + *skip;
    iov->iov_len = len - *skip;
    *skip = 0;

    return 1;
}


void
ngx_http_lapor_op_take(ngx_http_lapor_op_t *op)
{
    ngx_http_lapor_link_t  *link;

    link = op->link;

    if (link->unsent == &op->queue) {
        link->unsent = ngx_queue_next(&op->queue);
    }

    ngx_queue_remove(&op->queue);

    if (op->entry) {
        link->pending--;
        link->bytes -= op->size;
        ngx_http_lapor_slot->pending--;
        ngx_http_lapor_slot->pending_bytes -= op->size;
    }

    if (op->rest) {
        ngx_free(op->rest);
        op->rest = NULL;
    }

    if (link->nspare == NGX_HTTP_LAPOR_OP_SPARE) {
        ngx_free(op);
        return;
    }

    /* used again by the next one that is created, not before */

    link->nspare++;
    ngx_queue_insert_head(&link->spare, &op->queue);
}


void
ngx_http_lapor_op_leave(ngx_http_lapor_op_t *op)
{
    u_char                 *p;
    size_t                  total;
    ngx_uint_t              i, n;
    struct iovec            iov[8];
    ngx_http_lapor_link_t  *link;

    link = op->link;
    total = op->head_len + op->size + op->tail_len;

    op->r = NULL;
    op->data = NULL;

    if (op->left == total) {

        /* nothing of it was written: as if it had never been given */

        ngx_http_lapor_op_take(op);
        return;
    }

    if (op->left == 0) {
        op->body = NULL;
        return;
    }

    op->rest_len = op->left;
    p = ngx_alloc(op->rest_len, &link->log);

    if (p == NULL) {

        /* what was begun can't be ended: Redis must see no more of it */

        ngx_http_lapor_link_fail(link, "no memory");
        op->body = NULL;
        return;
    }

    total = op->left;
    op->rest = NULL;

    while (op->left) {
        n = ngx_http_lapor_op_gather(op, iov, 8);

        for (i = 0; i < n; i++) {
            ngx_memcpy(p + op->rest_len - op->left, iov[i].iov_base,
                       iov[i].iov_len);
            op->left -= iov[i].iov_len;
        }
    }

    op->left = total;
    op->rest = p;
    op->body = NULL;
}
