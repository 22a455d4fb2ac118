
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Secrets are read from files when the configuration is: `nginx -T` prints
 * directives, and so must not find one.  Of the verify token only a digest is
 * kept, of an app secret only OpenSSL's keyed context; the password stays in
 * the cycle's pool, since a link needs it again and again.
 */


#include "ngx_http_lapor.h"


static char *ngx_http_lapor_read_secret(ngx_conf_t *cf, ngx_str_t *path,
    u_char *buf, size_t *ret_len);
static ngx_int_t ngx_http_lapor_trim(u_char *buf, size_t len,
    size_t *ret_len);
static char *ngx_http_lapor_check_file(ngx_conf_t *cf, ngx_str_t *path,
    ngx_fd_t fd);
static char *ngx_http_lapor_add_secret(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf, u_char *secret, size_t len);
static void ngx_http_lapor_free_secret(void *data);


char *
ngx_http_lapor_token_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    int         ok;
    char       *rv;
    u_char      buf[NGX_HTTP_LAPOR_SECRET_MAX + 2];
    size_t      len;
    ngx_str_t  *value;

    if (lcf->token) {
        return "is duplicate";
    }

    value = cf->args->elts;
    lcf->token_file = value[1];

    rv = ngx_http_lapor_read_secret(cf, &lcf->token_file, buf, &len);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    lcf->token = ngx_pnalloc(cf->pool, NGX_HTTP_LAPOR_DIGEST_LEN);

    ok = lcf->token != NULL
         && EVP_Digest(buf, len, lcf->token, NULL, EVP_sha256(), NULL) == 1;

    ngx_explicit_memzero(buf, sizeof(buf));

    return ok ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_lapor_secret_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    char       *rv;
    u_char      buf[NGX_HTTP_LAPOR_SECRET_MAX + 2];
    size_t      len;
    ngx_str_t  *value;

    value = cf->args->elts;

    rv = ngx_http_lapor_read_secret(cf, &value[1], buf, &len);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_lapor_add_secret(cf, lcf, buf, len);

    ngx_explicit_memzero(buf, sizeof(buf));

    return rv;
}


static char *
ngx_http_lapor_add_secret(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *lcf,
    u_char *secret, size_t len)
{
    EVP_MAC                   *mac;
    OSSL_PARAM                 params[2];
    ngx_pool_cleanup_t        *cln;
    ngx_http_lapor_secret_t   *s, **slot;

    if (lcf->secrets == NULL) {
        lcf->secrets = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_http_lapor_secret_t *));
        if (lcf->secrets == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    s = ngx_pcalloc(cf->pool, sizeof(ngx_http_lapor_secret_t));
    slot = ngx_array_push(lcf->secrets);

    if (cln == NULL || s == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = s;

    /* the context keeps a reference to mac */

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    s->mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);

    if (s->mac == NULL) {
        return "could not be used: OpenSSL has no HMAC";
    }

    cln->handler = ngx_http_lapor_free_secret;
    cln->data = s;

    params[0] = OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(s->mac, secret, len, params) != 1) {
        return "could not be used: OpenSSL refused the key";
    }

    return NGX_CONF_OK;
}


static void
ngx_http_lapor_free_secret(void *data)
{
    ngx_http_lapor_secret_t *secret = data;

    while (secret->nspares) {
        EVP_MAC_CTX_free(secret->spares[--secret->nspares]);
    }

    EVP_MAC_CTX_free(secret->mac);
}


/*
 * One line of text, without the newline at its end, into buf, which holds
 * NGX_HTTP_LAPOR_SECRET_MAX + 2 bytes and is wiped on failure; path becomes
 * absolute.
 */

static char *
ngx_http_lapor_read_secret(ngx_conf_t *cf, ngx_str_t *path, u_char *buf,
    size_t *ret_len)
{
    char      *rv;
    ssize_t    n;
    ngx_fd_t   fd;

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", path);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_lapor_check_file(cf, path, fd);
    n = 0;

    if (rv == NGX_CONF_OK) {
        n = ngx_read_fd(fd, buf, NGX_HTTP_LAPOR_SECRET_MAX + 2);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               ngx_read_fd_n " \"%V\" failed", path);
            rv = NGX_CONF_ERROR;
        }
    }

    (void) ngx_close_file(fd);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_http_lapor_trim(buf, (size_t) n, ret_len) != NGX_OK) {
        ngx_explicit_memzero(buf, NGX_HTTP_LAPOR_SECRET_MAX + 2);

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" must hold one line of 1 to %d "
                           "characters, without blanks around it",
                           path, NGX_HTTP_LAPOR_SECRET_MAX);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* takes the newline off; what is left must be one line */

static ngx_int_t
ngx_http_lapor_trim(u_char *buf, size_t len, size_t *ret_len)
{
    size_t  i;

    if (len && buf[len - 1] == LF) {
        len--;

        if (len && buf[len - 1] == CR) {
            len--;
        }
    }

    if (len == 0 || len > NGX_HTTP_LAPOR_SECRET_MAX) {
        return NGX_ERROR;
    }

    /* a blank at an end is one that nobody sees */

    if (buf[0] == ' ' || buf[len - 1] == ' ') {
        return NGX_ERROR;
    }

    for (i = 0; i < len; i++) {
        if (buf[i] < 0x20 || buf[i] == 0x7f) {
            return NGX_ERROR;
        }
    }

    *ret_len = len;

    return NGX_OK;
}


static char *
ngx_http_lapor_check_file(ngx_conf_t *cf, ngx_str_t *path, ngx_fd_t fd)
{
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", path);
        return NGX_CONF_ERROR;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a regular file", path);
        return NGX_CONF_ERROR;
    }

    if (fi.st_mode & (S_IROTH|S_IWOTH)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" is readable or writable by others: "
                           "its mode must be 0640 or less", path);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_lapor_redis_password(ngx_conf_t *cf, ngx_http_lapor_redis_t *redis,
    ngx_str_t *path)
{
    char    *rv;
    u_char   buf[NGX_HTTP_LAPOR_SECRET_MAX + 2];
    size_t   len;

    redis->password_file = *path;

    rv = ngx_http_lapor_read_secret(cf, &redis->password_file, buf, &len);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    redis->password.data = ngx_pnalloc(cf->pool, len);

    if (redis->password.data) {
        ngx_memcpy(redis->password.data, buf, len);
        redis->password.len = len;
    }

    ngx_explicit_memzero(buf, sizeof(buf));

    return redis->password.data ? NGX_CONF_OK : NGX_CONF_ERROR;
}
