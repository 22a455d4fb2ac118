
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Meta's verification of the webhook: GET with hub.mode, hub.verify_token and
 * hub.challenge.  The token stands in the query, so the query is cut out of
 * everything that nginx may log, before any other phase could complain.
 */


#include "ngx_http_lapor_redact.h"


#define NGX_HTTP_LAPOR_CHALLENGE_MAX  256


typedef struct {
    ngx_str_t    mode;
    ngx_str_t    token;
    ngx_str_t    challenge;
} ngx_http_lapor_query_t;


static ngx_int_t ngx_http_lapor_handshake_parse(ngx_http_request_t *r,
    ngx_str_t *text, ngx_http_lapor_query_t *query);
static ngx_int_t ngx_http_lapor_handshake_set(ngx_http_request_t *r,
    ngx_http_lapor_query_t *query, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_lapor_handshake_decode(ngx_http_request_t *r,
    ngx_str_t *text, ngx_str_t *ret_text);
static ngx_uint_t ngx_http_lapor_handshake_check(ngx_http_request_t *r,
    ngx_http_lapor_query_t *query);
static ngx_int_t ngx_http_lapor_handshake_echo(ngx_http_request_t *r,
    ngx_str_t *challenge);


ngx_int_t
ngx_http_lapor_hide_query(ngx_http_request_t *r)
{
    ngx_http_lapor_ctx_t  *ctx;

    if (r->args.len == 0) {
        return NGX_OK;
    }

    ctx = ngx_http_lapor_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->query = r->args;

    ngx_http_lapor_redact_request(r);

    return NGX_OK;
}


ngx_int_t
ngx_http_lapor_handshake(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_uint_t               valid;
    ngx_http_lapor_ctx_t    *ctx;
    ngx_http_lapor_query_t   query;

    ctx = ngx_http_lapor_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->result = NGX_HTTP_LAPOR_VERIFY_REFUSED;
    ngx_memzero(&query, sizeof(ngx_http_lapor_query_t));

    valid = ngx_http_lapor_handshake_parse(r, &ctx->query, &query) == NGX_OK
            && ngx_http_lapor_handshake_check(r, &query);

    if (query.token.data) {
        ngx_explicit_memzero(query.token.data, query.token.len);
    }

    if (!valid) {
        return ngx_http_lapor_send(r, NGX_HTTP_FORBIDDEN);
    }

    ctx->result = NGX_HTTP_LAPOR_VERIFIED;

    return ngx_http_lapor_handshake_echo(r, &query.challenge);
}


static ngx_int_t
ngx_http_lapor_handshake_parse(ngx_http_request_t *r, ngx_str_t *text,
    ngx_http_lapor_query_t *query)
{
    u_char     *p, *last, *end, *eq;
    ngx_str_t   name, value;

    p = text->data;
    last = p + text->len;

    while (p < last) {
        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        eq = ngx_strlchr(p, end, '=');

        if (eq) {
            name.data = p;
            name.len = eq - p;
            value.data = eq + 1;
            value.len = end - value.data;

            if (ngx_http_lapor_handshake_set(r, query, &name, &value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        p = end + 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_handshake_set(ngx_http_request_t *r,
    ngx_http_lapor_query_t *query, ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t   key, *field;

    if (ngx_http_lapor_handshake_decode(r, name, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (key.len == sizeof("hub.mode") - 1
        && ngx_strncmp(key.data, "hub.mode", key.len) == 0)
    {
        field = &query->mode;

    } else if (key.len == sizeof("hub.verify_token") - 1
               && ngx_strncmp(key.data, "hub.verify_token", key.len) == 0)
    {
        field = &query->token;

    } else if (key.len == sizeof("hub.challenge") - 1
               && ngx_strncmp(key.data, "hub.challenge", key.len) == 0)
    {
        field = &query->challenge;

    } else {
        return NGX_OK;
    }

    if (field->data) {
        /* given twice: which one would count? */
        return NGX_ERROR;
    }

    return ngx_http_lapor_handshake_decode(r, value, field);
}


static ngx_int_t
ngx_http_lapor_handshake_decode(ngx_http_request_t *r, ngx_str_t *text,
    ngx_str_t *ret_text)
{
    u_char     *p, *last, *dst;
    ngx_int_t   n;

    dst = ngx_pnalloc(r->pool, text->len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    ret_text->data = dst;
    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p == '%') {
            if (last - p < 3) {
                return NGX_ERROR;
            }

            n = ngx_hextoi(p + 1, 2);
            if (n == NGX_ERROR) {
                return NGX_ERROR;
            }

            *dst++ = (u_char) n;
            p += 3;
            continue;
        }

        *dst++ = (u_char) (*p == '+' ? ' ' : *p);
        p++;
    }

    ret_text->len = dst - ret_text->data;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_lapor_handshake_check(ngx_http_request_t *r,
    ngx_http_lapor_query_t *query)
{
    u_char                      ch, digest[NGX_HTTP_LAPOR_DIGEST_LEN];
    ngx_uint_t                  i;
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    if (query->mode.len != sizeof("subscribe") - 1
        || ngx_strncmp(query->mode.data, "subscribe", query->mode.len) != 0
        || query->token.len == 0
        || query->challenge.len == 0
        || query->challenge.len > NGX_HTTP_LAPOR_CHALLENGE_MAX)
    {
        return 0;
    }

    /* nothing that a browser could take for markup or a header */

    for (i = 0; i < query->challenge.len; i++) {
        ch = query->challenge.data[i];

        if ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z')
            || (ch >= 'A' && ch <= 'Z')
            || ch == '-' || ch == '_' || ch == '.' || ch == '~')
        {
            continue;
        }

        return 0;
    }

    /* digests have one length, so the time tells nothing of the token's */

    if (EVP_Digest(query->token.data, query->token.len, digest, NULL,
                   EVP_sha256(), NULL)
        != 1)
    {
        return 0;
    }

    return CRYPTO_memcmp(digest, lcf->token, NGX_HTTP_LAPOR_DIGEST_LEN) == 0;
}


static ngx_int_t
ngx_http_lapor_handshake_echo(ngx_http_request_t *r, ngx_str_t *challenge)
{
    ngx_str_t                 type;
    ngx_uint_t                i;
    ngx_table_elt_t          *header;
    ngx_http_complex_value_t  cv;

    /* who tries it by hand has the token in his browser's address */

    static ngx_str_t  headers[] = {
        ngx_string("X-Content-Type-Options"), ngx_string("nosniff"),
        ngx_string("Referrer-Policy"), ngx_string("no-referrer")
    };

    for (i = 0; i < sizeof(headers) / sizeof(ngx_str_t); i += 2) {
        header = ngx_list_push(&r->headers_out.headers);
        if (header == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        header->hash = 1;
        header->key = headers[i];
        header->value = headers[i + 1];
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    cv.value = *challenge;
    ngx_str_set(&type, "text/plain");

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}
