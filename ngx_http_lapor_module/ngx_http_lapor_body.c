
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The signature header, the body, and whether they belong together.
 *
 * The MAC contexts of a location carry their key since the configuration was
 * read and are started again for each body, which costs half of a copy.
 */


#include "ngx_http_lapor.h"


static ngx_int_t ngx_http_lapor_body_size(ngx_http_request_t *r,
    size_t *ret_size);
static ngx_int_t ngx_http_lapor_body_check(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx);
static ngx_int_t ngx_http_lapor_body_digest(ngx_http_request_t *r,
    EVP_MAC_CTX *mac, u_char *digest);
static ngx_int_t ngx_http_lapor_body_wait(ngx_http_request_t *r);


/* exactly one header, "sha256=" and 64 lower case hex digits; 0: so it is */

ngx_int_t
ngx_http_lapor_signature(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header, *found;

    static ngx_str_t  name = ngx_string("x-hub-signature-256");

    found = NULL;
    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].key.len != name.len
            || ngx_strncmp(header[i].lowcase_key, name.data, name.len) != 0)
        {
            continue;
        }

        if (found) {
            ctx->result = NGX_HTTP_LAPOR_DOUBLE_SIGNATURE;
            return NGX_HTTP_FORBIDDEN;
        }

        found = &header[i];
    }

    if (found == NULL) {
        ctx->result = NGX_HTTP_LAPOR_NO_SIGNATURE;
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_lapor_hex(found->value.data, found->value.len, ctx->expected)
        != 0)
    {
        ctx->result = NGX_HTTP_LAPOR_MALFORMED_SIGNATURE;
        return NGX_HTTP_FORBIDDEN;
    }

    return NGX_OK;
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

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        ctx->result = NGX_HTTP_LAPOR_TOO_LARGE;
        goto refused;
    }

    if (rc != NGX_OK) {
        ctx->result = NGX_HTTP_LAPOR_FAILED;
        goto refused;
    }

    if (size == 0) {
        ctx->result = NGX_HTTP_LAPOR_EMPTY;
        rc = NGX_HTTP_FORBIDDEN;
        goto refused;
    }

    rc = ngx_http_lapor_body_check(r, ctx);

    if (rc != NGX_OK) {
        goto refused;
    }

    rc = ngx_http_lapor_op_start(r, ctx, size);

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

        if (cl->buf->in_file) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "lapor: body is larger than "
                          "client_body_buffer_size");
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        size += cl->buf->last - cl->buf->pos;
    }

    *ret_size = size;

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_body_check(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx)
{
    ngx_uint_t                   i;
    EVP_MAC_CTX                **mac;
    ngx_http_lapor_loc_conf_t   *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);
    mac = lcf->secrets->elts;

    for (i = 0; i < lcf->secrets->nelts; i++) {

        if (ngx_http_lapor_body_digest(r, mac[i], ctx->digest) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "lapor: could not compute a signature");
            ctx->result = NGX_HTTP_LAPOR_FAILED;
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }

        if (CRYPTO_memcmp(ctx->digest, ctx->expected,
                          NGX_HTTP_LAPOR_DIGEST_LEN)
            == 0)
        {
            return NGX_OK;
        }
    }

    ctx->result = NGX_HTTP_LAPOR_WRONG_SIGNATURE;

    return NGX_HTTP_FORBIDDEN;
}


static ngx_int_t
ngx_http_lapor_body_digest(ngx_http_request_t *r, EVP_MAC_CTX *mac,
    u_char *digest)
{
    size_t        len;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (EVP_MAC_init(mac, NULL, 0, NULL) != 1) {
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (EVP_MAC_update(mac, b->pos, b->last - b->pos) != 1) {
            return NGX_ERROR;
        }
    }

    if (EVP_MAC_final(mac, digest, &len, NGX_HTTP_LAPOR_DIGEST_LEN) != 1
        || len != NGX_HTTP_LAPOR_DIGEST_LEN)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
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
