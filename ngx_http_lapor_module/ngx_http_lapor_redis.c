
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The directive lapor_redis.
 */


#include "ngx_http_lapor.h"


static char *ngx_http_lapor_redis_address(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *value);
static char *ngx_http_lapor_redis_option(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *value);
static char *ngx_http_lapor_redis_name(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *name);


char *
ngx_http_lapor_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    char                    *rv;
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_http_lapor_redis_t  *redis;

    if (lcf->redis) {
        return "is duplicate";
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_http_lapor_redis_t));
    if (redis == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    redis->text = value[1];

    rv = ngx_http_lapor_redis_address(cf, redis, &value[1]);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_lapor_redis_option(cf, redis, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (redis->user.len && redis->password.len == 0) {
        return "has \"user\" without \"password_file\"";
    }

    if (redis->name.len == 0) {
        ngx_str_set(&redis->name, "lapor-nginx");
    }

    lcf->redis = redis;

    return NGX_CONF_OK;
}


static char *
ngx_http_lapor_redis_address(ngx_conf_t *cf, ngx_http_lapor_redis_t *redis,
    ngx_str_t *value)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *value;
    u.default_port = 6379;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in lapor_redis address \"%V\", which must "
                           "be as unix:/path, 127.0.0.1:6379 or [::1]:6379",
                           u.err ? u.err : "error", value);
        return NGX_CONF_ERROR;
    }

    if (u.family == AF_UNIX && (u.host.len == 0 || u.host.data[0] != '/')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_redis path \"%V\" must be absolute", value);
        return NGX_CONF_ERROR;
    }

    /* a name would be resolved while the worker waits, in each connect */

    if (u.naddrs != 1 || u.wildcard) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_redis host \"%V\" must be a numeric address",
                           &u.host);
        return NGX_CONF_ERROR;
    }

    redis->sockaddr = u.addrs[0].sockaddr;
    redis->socklen = u.addrs[0].socklen;

    return NGX_CONF_OK;
}


static char *
ngx_http_lapor_redis_option(ngx_conf_t *cf, ngx_http_lapor_redis_t *redis,
    ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "db=", 3) == 0) {
        n = ngx_atoi(value->data + 3, value->len - 3);

        if (n == NGX_ERROR || n > 65535) {
            goto invalid;
        }

        redis->db = (ngx_uint_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "user=", 5) == 0) {
        redis->user.data = value->data + 5;
        redis->user.len = value->len - 5;

        if (redis->user.len == 0) {
            goto invalid;
        }

        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "password_file=", 14) == 0) {
        s.data = value->data + 14;
        s.len = value->len - 14;

        if (s.len == 0) {
            goto invalid;
        }

        return ngx_http_lapor_redis_password(cf, redis, &s);
    }

    if (ngx_strncmp(value->data, "password=", 9) == 0) {

        /* without its value: this line is kept in a log */

        return "has \"password\" where \"password_file\" should name a file";
    }

    if (ngx_strncmp(value->data, "name=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        return ngx_http_lapor_redis_name(cf, redis, &s);
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid lapor_redis parameter \"%V\", which can be "
                       "db=N, user=NAME, password_file=PATH or name=CLIENT",
                       value);

    return NGX_CONF_ERROR;
}


/* Redis takes printable characters without spaces for a client's name */

static char *
ngx_http_lapor_redis_name(ngx_conf_t *cf, ngx_http_lapor_redis_t *redis,
    ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {
        if (name->data[i] <= ' ' || name->data[i] > '~') {
            break;
        }
    }

    if (name->len == 0 || i < name->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid lapor_redis client name \"%V\"", name);
        return NGX_CONF_ERROR;
    }

    redis->name = *name;

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_http_lapor_redis_same(ngx_http_lapor_redis_t *a,
    ngx_http_lapor_redis_t *b)
{
    return a == b
           || (a->db == b->db
               && ngx_cmp_sockaddr(a->sockaddr, a->socklen,
                                   b->sockaddr, b->socklen, 1) == NGX_OK
               && ngx_http_lapor_same(&a->user, &b->user)
               && ngx_http_lapor_same(&a->password_file, &b->password_file)
               && ngx_http_lapor_same(&a->name, &b->name));
}


ngx_uint_t
ngx_http_lapor_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_strncmp(a->data, b->data, a->len) == 0);
}
