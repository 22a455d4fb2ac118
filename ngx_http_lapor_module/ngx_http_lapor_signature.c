
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The signature header, and the MAC of a body by each secret.
 *
 * Each secret has a context that carries its key since the configuration was
 * read.  A body that is complete before much of it has come is summed up at
 * once, by these contexts, one after the other until one matches: starting
 * again costs half of a copy, and nothing is allocated.  Of a longer body the
 * bytes are summed up as they arrive, by each secret at the same time, in
 * contexts that are the request's until it ends.  They are copies, and kept
 * for the next request that needs some.  So each byte is read once per secret,
 * and a slow client with a short body holds no context while it waits.
 *
 * All contexts belong to their secret, hence to the cycle whose configuration
 * names it; no request outlives that.
 */


#include "ngx_http_lapor.h"


/* so many bytes are rather summed up at the end: they are still in a cache */
#define NGX_HTTP_LAPOR_SIGNATURE_LATER  16384


static ngx_table_elt_t *ngx_http_lapor_signature_find(ngx_http_request_t *r,
    ngx_uint_t *ret_count);
static ngx_int_t ngx_http_lapor_signature_begin(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx);
static void ngx_http_lapor_signature_update(ngx_http_lapor_ctx_t *ctx,
    ngx_chain_t *in);
static void ngx_http_lapor_signature_release(void *data);
static ngx_int_t ngx_http_lapor_signature_sums(ngx_http_lapor_ctx_t *ctx);
static ngx_int_t ngx_http_lapor_signature_whole(ngx_http_lapor_ctx_t *ctx,
    ngx_array_t *secrets, ngx_chain_t *body);
static ngx_int_t ngx_http_lapor_signature_final(ngx_http_lapor_ctx_t *ctx,
    EVP_MAC_CTX *mac);
static EVP_MAC_CTX *ngx_http_lapor_signature_take(
    ngx_http_lapor_secret_t *secret);
static void ngx_http_lapor_signature_give(ngx_http_lapor_secret_t *secret,
    EVP_MAC_CTX *mac);


/* exactly one header, "sha256=" and 64 lower case hex digits */

ngx_int_t
ngx_http_lapor_signature_header(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx)
{
    ngx_uint_t        count;
    ngx_table_elt_t  *header;

    if (ctx->expects) {
        return NGX_OK;
    }

    header = ngx_http_lapor_signature_find(r, &count);

    if (count == 0) {
        ctx->verdict = NGX_HTTP_LAPOR_VERDICT_MISSING;
        ctx->result = NGX_HTTP_LAPOR_NO_SIGNATURE;
        return NGX_HTTP_FORBIDDEN;
    }

    if (count > 1) {
        ctx->verdict = NGX_HTTP_LAPOR_VERDICT_DOUBLED;
        ctx->result = NGX_HTTP_LAPOR_DOUBLE_SIGNATURE;
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_lapor_hex(header->value.data, header->value.len,
                           ctx->expected)
        != 0)
    {
        ctx->verdict = NGX_HTTP_LAPOR_VERDICT_MALFORMED;
        ctx->result = NGX_HTTP_LAPOR_MALFORMED_SIGNATURE;
        return NGX_HTTP_FORBIDDEN;
    }

    ctx->expects = 1;

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_lapor_signature_find(ngx_http_request_t *r, ngx_uint_t *ret_count)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header, *found;

    static ngx_str_t  name = ngx_string("x-hub-signature-256");

    found = NULL;
    *ret_count = 0;

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

        if (header[i].key.len == name.len
            && ngx_strncmp(header[i].lowcase_key, name.data, name.len) == 0)
        {
            found = &header[i];
            (*ret_count)++;
        }
    }

    return found;
}


/* in has come, and is not yet in the list of what came before */

void
ngx_http_lapor_signature_add(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx,
    ngx_chain_t *in)
{
    if (ctx->macs == NULL) {

        if (ctx->whole || r->request_body->rest == 0
            || ctx->received <= NGX_HTTP_LAPOR_SIGNATURE_LATER)
        {
            return;
        }

        if (ngx_http_lapor_signature_begin(r, ctx) != NGX_OK) {

            /* no memory: it may come with the end of the body */

            ctx->whole = 1;
            return;
        }

        ngx_http_lapor_signature_update(ctx, r->request_body->bufs);
    }

    ngx_http_lapor_signature_update(ctx, in);
}


static ngx_int_t
ngx_http_lapor_signature_begin(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx)
{
    ngx_uint_t                   i;
    ngx_http_cleanup_t          *cln;
    ngx_http_lapor_secret_t    **secret;
    ngx_http_lapor_loc_conf_t   *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);
    secret = lcf->secrets->elts;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ctx->macs = ngx_pcalloc(r->pool,
                            lcf->secrets->nelts * sizeof(EVP_MAC_CTX *));
    if (ctx->macs == NULL) {
        return NGX_ERROR;
    }

    ctx->secrets = lcf->secrets;

    cln->handler = ngx_http_lapor_signature_release;
    cln->data = ctx;

    for (i = 0; i < lcf->secrets->nelts; i++) {
        ctx->macs[i] = ngx_http_lapor_signature_take(secret[i]);

        if (ctx->macs[i] == NULL) {
            ngx_http_lapor_signature_release(ctx);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_lapor_signature_update(ngx_http_lapor_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_uint_t    i;
    ngx_chain_t  *cl;

    if (ctx->macs == NULL) {
        return;
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        for (i = 0; i < ctx->secrets->nelts; i++) {

            if (EVP_MAC_update(ctx->macs[i], b->pos, b->last - b->pos) != 1) {
                ngx_http_lapor_signature_release(ctx);
                ctx->whole = 1;
                return;
            }
        }
    }
}


/* also when the request ends, whatever its end is */

static void
ngx_http_lapor_signature_release(void *data)
{
    ngx_http_lapor_ctx_t *ctx = data;

    ngx_uint_t                 i;
    ngx_http_lapor_secret_t  **secret;

    if (ctx->macs == NULL) {
        return;
    }

    secret = ctx->secrets->elts;

    for (i = 0; i < ctx->secrets->nelts; i++) {
        if (ctx->macs[i]) {
            ngx_http_lapor_signature_give(secret[i], ctx->macs[i]);
        }
    }

    ctx->macs = NULL;
}


ngx_int_t
ngx_http_lapor_signature_check(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, size_t size)
{
    ngx_int_t                   rc;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    /* another location may have begun to read this body, see the filter */

    if (ctx->macs && ctx->secrets == lcf->secrets && ctx->received == size) {
        rc = ngx_http_lapor_signature_sums(ctx);

    } else {
        rc = ngx_http_lapor_signature_whole(ctx, lcf->secrets,
                                            r->request_body->bufs);
    }

    ngx_http_lapor_signature_release(ctx);

    if (rc == NGX_OK) {
        ctx->verdict = NGX_HTTP_LAPOR_VERDICT_VALID;
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        ctx->verdict = NGX_HTTP_LAPOR_VERDICT_WRONG;
        ctx->result = NGX_HTTP_LAPOR_WRONG_SIGNATURE;
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "lapor: could not compute a signature");
    ctx->result = NGX_HTTP_LAPOR_FAILED;

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


static ngx_int_t
ngx_http_lapor_signature_sums(ngx_http_lapor_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    for (i = 0; i < ctx->secrets->nelts; i++) {
        rc = ngx_http_lapor_signature_final(ctx, ctx->macs[i]);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_lapor_signature_whole(ngx_http_lapor_ctx_t *ctx,
    ngx_array_t *secrets, ngx_chain_t *body)
{
    ngx_buf_t                 *b;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    EVP_MAC_CTX               *mac;
    ngx_chain_t               *cl;
    ngx_http_lapor_secret_t  **secret;

    secret = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {
        mac = secret[i]->mac;

        if (EVP_MAC_init(mac, NULL, 0, NULL) != 1) {
            return NGX_ERROR;
        }

        for (cl = body; cl; cl = cl->next) {
            b = cl->buf;

            if (EVP_MAC_update(mac, b->pos, b->last - b->pos) != 1) {
                return NGX_ERROR;
            }
        }

        rc = ngx_http_lapor_signature_final(ctx, mac);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_lapor_signature_final(ngx_http_lapor_ctx_t *ctx, EVP_MAC_CTX *mac)
{
    size_t  len;

    if (EVP_MAC_final(mac, ctx->digest, &len, NGX_HTTP_LAPOR_DIGEST_LEN) != 1
        || len != NGX_HTTP_LAPOR_DIGEST_LEN)
    {
        return NGX_ERROR;
    }

    if (CRYPTO_memcmp(ctx->digest, ctx->expected, NGX_HTTP_LAPOR_DIGEST_LEN)
        != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* a context that has summed up nothing yet, or NULL */

static EVP_MAC_CTX *
ngx_http_lapor_signature_take(ngx_http_lapor_secret_t *secret)
{
    EVP_MAC_CTX  *mac;

    if (secret->nspares) {
        mac = secret->spares[--secret->nspares];

    } else {
        mac = EVP_MAC_CTX_dup(secret->mac);
    }

    if (mac && EVP_MAC_init(mac, NULL, 0, NULL) != 1) {
        EVP_MAC_CTX_free(mac);
        return NULL;
    }

    return mac;
}


static void
ngx_http_lapor_signature_give(ngx_http_lapor_secret_t *secret,
    EVP_MAC_CTX *mac)
{
    if (secret->nspares < NGX_HTTP_LAPOR_SPARES) {
        secret->spares[secret->nspares++] = mac;
        return;
    }

    EVP_MAC_CTX_free(mac);
}
