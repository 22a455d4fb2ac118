
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What a receiver of webhooks cannot do without, to measure ours against:
 *
 *   bench_read;         reads the body and answers 200
 *   bench_hmac FILE;    and compares the signature, with the secret in FILE,
 *                       by a context that keeps its key
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>


#define NGX_HTTP_BENCH_DIGEST_LEN  32
#define NGX_HTTP_BENCH_SECRET_LEN  256


typedef struct {
    EVP_MAC_CTX  *mac;      /* NULL: the body is only read */
} ngx_http_bench_loc_conf_t;


static ngx_int_t ngx_http_bench_handler(ngx_http_request_t *r);
static void ngx_http_bench_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_bench_compare(ngx_http_request_t *r,
    EVP_MAC_CTX *mac);
static ngx_table_elt_t *ngx_http_bench_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_bench_digest(ngx_http_request_t *r,
    EVP_MAC_CTX *mac, u_char *digest);
static void *ngx_http_bench_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_bench_read(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_bench_hmac(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static EVP_MAC_CTX *ngx_http_bench_mac(u_char *secret, size_t len);
static void ngx_http_bench_cleanup(void *data);


static ngx_command_t  ngx_http_bench_commands[] = {

    { ngx_string("bench_read"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_bench_read,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bench_hmac"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_bench_hmac,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_bench_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_bench_create_loc_conf,        /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_bench_module = {
    NGX_MODULE_V1,
    &ngx_http_bench_module_ctx,            /* module context */
    ngx_http_bench_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_bench_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_bench_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_bench_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                   status;
    ngx_http_complex_value_t    cv;
    ngx_http_bench_loc_conf_t  *blcf;

    blcf = ngx_http_get_module_loc_conf(r, ngx_http_bench_module);
    status = NGX_HTTP_OK;

    if (blcf->mac && ngx_http_bench_compare(r, blcf->mac) != NGX_OK) {
        status = NGX_HTTP_FORBIDDEN;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    ngx_http_finalize_request(r,
        ngx_http_send_response(r, (ngx_uint_t) status, NULL, &cv));
}


static ngx_int_t
ngx_http_bench_compare(ngx_http_request_t *r, EVP_MAC_CTX *mac)
{
    u_char            hex[2 * NGX_HTTP_BENCH_DIGEST_LEN];
    u_char            digest[NGX_HTTP_BENCH_DIGEST_LEN];
    ngx_table_elt_t  *header;

    static ngx_str_t  prefix = ngx_string("sha256=");

    header = ngx_http_bench_header(r);

    if (header == NULL
        || header->value.len != prefix.len + sizeof(hex)
        || ngx_strncmp(header->value.data, prefix.data, prefix.len) != 0
        || r->request_body == NULL
        || ngx_http_bench_digest(r, mac, digest) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_hex_dump(hex, digest, sizeof(digest));

    if (CRYPTO_memcmp(hex, header->value.data + prefix.len, sizeof(hex))
        != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_bench_header(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    static ngx_str_t  name = ngx_string("x-hub-signature-256");

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == name.len
                && ngx_strncmp(header[i].lowcase_key, name.data, name.len)
                   == 0)
            {
                return &header[i];
            }
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_bench_digest(ngx_http_request_t *r, EVP_MAC_CTX *mac, u_char *digest)
{
    size_t        len;
    ngx_chain_t  *cl;

    if (EVP_MAC_init(mac, NULL, 0, NULL) != 1) {
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        if (cl->buf->in_file
            || EVP_MAC_update(mac, cl->buf->pos,
                              (size_t) (cl->buf->last - cl->buf->pos))
               != 1)
        {
            return NGX_ERROR;
        }
    }

    if (EVP_MAC_final(mac, digest, &len, NGX_HTTP_BENCH_DIGEST_LEN) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_http_bench_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_bench_loc_conf_t));
}


static char *
ngx_http_bench_read(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_bench_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_bench_hmac(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_bench_loc_conf_t *blcf = conf;

    u_char               secret[NGX_HTTP_BENCH_SECRET_LEN];
    ssize_t              n;
    ngx_fd_t             fd;
    ngx_str_t           *value;
    ngx_pool_cleanup_t  *cln;

    value = cf->args->elts;

    fd = ngx_open_file(value[1].data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return "has a file that cannot be opened";
    }

    n = ngx_read_fd(fd, secret, sizeof(secret));
    (void) ngx_close_file(fd);

    if (n > 0 && secret[n - 1] == LF) {
        n--;
    }

    if (n <= 0) {
        return "has a file without a secret";
    }

    blcf->mac = ngx_http_bench_mac(secret, (size_t) n);
    ngx_explicit_memzero(secret, sizeof(secret));

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL || blcf->mac == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_bench_cleanup;
    cln->data = blcf->mac;

    return ngx_http_bench_read(cf, cmd, conf);
}


static EVP_MAC_CTX *
ngx_http_bench_mac(u_char *secret, size_t len)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    static char  digest[] = "SHA256";

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 digest, 0);
    params[1] = OSSL_PARAM_construct_end();

    if (ctx && EVP_MAC_init(ctx, secret, len, params) == 1) {
        return ctx;
    }

    EVP_MAC_CTX_free(ctx);
    return NULL;
}


static void
ngx_http_bench_cleanup(void *data)
{
    EVP_MAC_CTX_free(data);
}
