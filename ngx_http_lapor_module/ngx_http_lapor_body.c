
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The body: a filter sees each piece as it arrives, decoded, and keeps it in
 * bounds and in memory; the handler has it whole.
 */


#include "ngx_http_lapor.h"


/* so much of a body in several buffers is put together first for the scan */
#define NGX_HTTP_LAPOR_BODY_HEAD  4096


static ngx_int_t ngx_http_lapor_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_lapor_body_bound(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_lapor_body_size(ngx_http_request_t *r,
    size_t *ret_size);
static void ngx_http_lapor_body_scan(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, size_t size);
static size_t ngx_http_lapor_body_copy(ngx_chain_t *cl, u_char *p,
    size_t size);
static ngx_int_t ngx_http_lapor_body_wait(ngx_http_request_t *r);


static ngx_http_request_body_filter_pt  ngx_http_lapor_body_next;


void
ngx_http_lapor_body_init(void)
{
    ngx_http_lapor_body_next = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_lapor_body_filter;
}


/*
 * Called before any room for the body is allocated, then for each piece, and
 * with nothing in between; maybe before our handler, for another module that
 * wants the body first (mirror).
 */

static ngx_int_t
ngx_http_lapor_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                   rc;
    ngx_http_lapor_ctx_t       *ctx;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    if (!lcf->webhook) {
        return ngx_http_lapor_body_next(r, in);
    }

    ctx = ngx_http_lapor_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /*
     * No file, whatever the configuration says; and nginx's single buffer is
     * none, but has room for what was read with the header once more.
     */

    r->request_body_in_file_only = 0;
    r->request_body_in_single_buf = 0;

    rc = ngx_http_lapor_body_bound(r, ctx, in);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_POST
        && ngx_http_lapor_signature_header(r, ctx) == NGX_OK)
    {
        ngx_http_lapor_signature_add(r, ctx, in);
    }

    return ngx_http_lapor_body_next(r, in);
}


/* what is beyond the buffer would be written to a file */

static ngx_int_t
ngx_http_lapor_body_bound(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    ngx_chain_t *in)
{
    ngx_chain_t               *cl;
    ngx_http_request_body_t   *rb;
    ngx_http_core_loc_conf_t  *clcf;

    rb = r->request_body;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    for (cl = in; cl; cl = cl->next) {
        ctx->received += cl->buf->last - cl->buf->pos;
    }

    if (ctx->received <= clcf->client_body_buffer_size
        && r->headers_in.content_length_n
           <= (off_t) clcf->client_body_buffer_size)
    {
        /* in a chunked body the framing fills the buffer, too */

        if (rb->rest <= 0 || rb->buf == NULL || rb->buf->last < rb->buf->end
            || ctx->received == 0)
        {
            return NGX_OK;
        }
    }

    ctx->result = NGX_HTTP_LAPOR_TOO_LARGE;

    /* the client may still be writing: let it read the answer */

    r->lingering_close = 1;

    return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
}


/*
 * Called once the body is complete, from the request's own events: here it
 * is enough to finalize, posted requests are run by the caller.
 */

void
ngx_http_lapor_body_handler(ngx_http_request_t *r)
{
    size_t                 size;
    ngx_int_t              rc;
    ngx_http_lapor_ctx_t  *ctx;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "lapor body handler");

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    /* all was read: closing needs no wait for what is still to come */

    r->lingering_close = 0;

    rc = ngx_http_lapor_body_size(r, &size);

    if (rc != NGX_OK) {
        ctx->result = rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
                      ? NGX_HTTP_LAPOR_TOO_LARGE : NGX_HTTP_LAPOR_FAILED;
        goto refused;
    }

    if (size == 0) {
        ctx->result = NGX_HTTP_LAPOR_EMPTY;
        rc = NGX_HTTP_FORBIDDEN;
        goto refused;
    }

    rc = ngx_http_lapor_signature_check(r, ctx, size);

    if (rc != NGX_OK) {
        goto refused;
    }

    ngx_http_lapor_body_scan(r, ctx, size);

    rc = ngx_http_lapor_accept(r, ctx, size);

    if (rc != NGX_DONE) {
        goto refused;
    }

    if (ngx_http_lapor_body_wait(r) == NGX_OK) {
        return;
    }

    /* the cleanup of the request lets go of the op */

    rc = NGX_HTTP_SERVICE_UNAVAILABLE;

refused:

    ngx_http_finalize_request(r, ngx_http_lapor_send(r, (ngx_uint_t) rc));
}


static ngx_int_t
ngx_http_lapor_body_size(ngx_http_request_t *r, size_t *ret_size)
{
    size_t        size;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        /* only when it was read in a location that is no webhook's */

        if (cl->buf->in_file) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        size += cl->buf->last - cl->buf->pos;
    }

    *ret_size = size;

    return NGX_OK;
}


/*
 * The scan wants its bytes in one place.  Most bodies are short, and of a long
 * one the beginning nearly always says enough.
 */

static void
ngx_http_lapor_body_scan(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    size_t size)
{
    size_t        n;
    u_char       *p, head[NGX_HTTP_LAPOR_BODY_HEAD];
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = r->request_body->bufs;
    b = cl->buf;

    if ((size_t) (b->last - b->pos) == size) {
        ngx_http_lapor_scan(b->pos, size, &ctx->scan);
        return;
    }

    n = ngx_http_lapor_body_copy(cl, head, NGX_HTTP_LAPOR_BODY_HEAD);

    ngx_http_lapor_scan(head, n, &ctx->scan);

    if (n == size || ctx->scan.enough) {
        return;
    }

    /* not certain, as long as the rest was not looked at */

    ctx->scan.statuses = 0;

    p = ngx_alloc(ngx_min(size, NGX_HTTP_LAPOR_SCAN_MAX), r->connection->log);

    if (p) {
        (void) ngx_http_lapor_body_copy(cl, p, NGX_HTTP_LAPOR_SCAN_MAX);
        ngx_http_lapor_scan(p, size, &ctx->scan);
        ngx_free(p);
    }
}


/* the first bytes of a body, size at most; returns how many */

static size_t
ngx_http_lapor_body_copy(ngx_chain_t *cl, u_char *p, size_t size)
{
    size_t   n, len;

    n = 0;

    for ( /* void */ ; cl && n < size; cl = cl->next) {
        len = ngx_min((size_t) (cl->buf->last - cl->buf->pos), size - n);

        /* the last buffer of a chunked body is empty and has no address */

        if (len) {
            ngx_memcpy(p + n, cl->buf->pos, len);
            n += len;
        }
    }

    return n;
}


/* while Redis writes, notice a client that goes away */

static ngx_int_t
ngx_http_lapor_body_wait(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    rev = r->connection->read;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);
        return NGX_OK;
    }

    return ngx_handle_read_event(rev, 0);
}
