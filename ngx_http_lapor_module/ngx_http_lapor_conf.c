
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Directives with more than a value to set, and how contexts are merged.
 * Those that name a file with a secret are in ngx_http_lapor_secret.c.
 */


#include "ngx_http_lapor.h"


static char *ngx_http_lapor_redis_address(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *value);
static char *ngx_http_lapor_redis_host(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_url_t *u);
static char *ngx_http_lapor_redis_option(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *value);
static char *ngx_http_lapor_redis_name(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *name);
static void ngx_http_lapor_merge_webhook(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *prev, ngx_http_lapor_loc_conf_t *conf);
static char *ngx_http_lapor_check_webhook(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);
static void ngx_http_lapor_check_buffer(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);
static char *ngx_http_lapor_add_target(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);
static ngx_uint_t ngx_http_lapor_same_redis(ngx_http_lapor_redis_t *a,
    ngx_http_lapor_redis_t *b);
static ngx_uint_t ngx_http_lapor_same(ngx_str_t *a, ngx_str_t *b);


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
    u_char     *p;
    ngx_url_t   u;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *value;
    u.default_port = 6379;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in lapor_redis address \"%V\"",
                           u.err ? u.err : "error", value);
        return NGX_CONF_ERROR;
    }

    if (u.family != AF_UNIX) {
        return ngx_http_lapor_redis_host(cf, redis, &u);
    }

    if (u.host.len == 0 || u.host.data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_redis path \"%V\" must be absolute", value);
        return NGX_CONF_ERROR;
    }

    p = ngx_pnalloc(cf->pool, u.host.len + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->path.data = p;
    redis->path.len = u.host.len;
    (void) ngx_cpystrn(p, u.host.data, u.host.len + 1);

    return NGX_CONF_OK;
}


/* a name would be resolved while the worker waits, in each connect */

static char *
ngx_http_lapor_redis_host(ngx_conf_t *cf, ngx_http_lapor_redis_t *redis,
    ngx_url_t *u)
{
    u_char      *p;
    ngx_addr_t  *addr;

    if (u->naddrs != 1 || u->wildcard) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_redis host \"%V\" must be a numeric address",
                           &u->host);
        return NGX_CONF_ERROR;
    }

    addr = &u->addrs[0];

    p = ngx_pcalloc(cf->pool, NGX_SOCKADDR_STRLEN + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->host.data = p;
    redis->host.len = ngx_sock_ntop(addr->sockaddr, addr->socklen, p,
                                    NGX_SOCKADDR_STRLEN, 0);
    redis->port = ngx_inet_get_port(addr->sockaddr);

    if (redis->host.len >= 2 && p[0] == '[') {

        /* hiredis wants an IPv6 address without its brackets */

        redis->host.len -= 2;
        ngx_memmove(p, p + 1, redis->host.len);
        p[redis->host.len] = '\0';
    }

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

    if (ngx_strncmp(value->data, "name=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        return ngx_http_lapor_redis_name(cf, redis, &s);
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid lapor_redis parameter \"%V\"", value);

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


char *
ngx_http_lapor_max_pending(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    ssize_t     size;
    ngx_int_t   n;
    ngx_str_t  *value;

    if (lcf->max_pending != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of entries \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    lcf->max_pending = (ngx_uint_t) n;

    if (cf->args->nelts == 3) {
        size = ngx_parse_size(&value[2]);

        if (size == NGX_ERROR || size == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of bytes \"%V\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        lcf->max_bytes = (size_t) size;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_lapor_check_partitions(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *np = data;

    if (*np < 1 || *np > 256 || (*np & (*np - 1)) != 0) {
        return "must be a power of two from 1 to 256";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_lapor_check_timeout(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *sp = data;

    if (*sp < 1 || *sp > 60000) {
        return "must be from 1ms to 60s";
    }

    if (*sp > 4000) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "lapor_timeout above 4s outlives the 5 seconds "
                           "that a service manager gives a stopping nginx");
    }

    return NGX_CONF_OK;
}


void *
ngx_http_lapor_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_lapor_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_lapor_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&mcf->targets, cf->pool, 2,
                       sizeof(ngx_http_lapor_target_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return mcf;
}


void *
ngx_http_lapor_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_lapor_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     lcf->file = { 0, NULL };
     *     lcf->line = 0;
     *     lcf->token_file = { 0, NULL };
     *     lcf->token = NULL;
     *     lcf->secrets = NULL;
     *     lcf->redis = NULL;
     *     lcf->target = NULL;
     */

    lcf->webhook = NGX_CONF_UNSET;
    lcf->ack = NGX_CONF_UNSET_UINT;
    lcf->partitions = NGX_CONF_UNSET;
    lcf->timeout = NGX_CONF_UNSET_MSEC;
    lcf->max_pending = NGX_CONF_UNSET_UINT;
    lcf->max_bytes = NGX_CONF_UNSET_SIZE;

    return lcf;
}


char *
ngx_http_lapor_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_lapor_loc_conf_t *prev = parent;
    ngx_http_lapor_loc_conf_t *conf = child;

    ngx_http_lapor_merge_webhook(cf, prev, conf);

    ngx_conf_merge_uint_value(conf->ack, prev->ack, NGX_HTTP_LAPOR_ACK_FSYNC);
    ngx_conf_merge_value(conf->partitions, prev->partitions, 16);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 1500);
    ngx_conf_merge_size_value(conf->max_bytes, prev->max_bytes,
                              64 * 1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_pending, prev->max_pending, 4096);

    if (conf->token == NULL) {
        conf->token = prev->token;
    }

    if (conf->secrets == NULL) {
        conf->secrets = prev->secrets;
    }

    if (conf->redis == NULL) {
        conf->redis = prev->redis;
    }

    if (conf->line) {
        return ngx_http_lapor_check_webhook(cf, conf);
    }

    /* after an "if" that is true the handler finds this conf */

    conf->target = prev->target;

    return NGX_CONF_OK;
}


/*
 * Only blocks without a name of their own, "if" and "limit_except", are part of
 * the location around them.  The latter has a handler of its own.
 */

static void
ngx_http_lapor_merge_webhook(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *prev,
    ngx_http_lapor_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->webhook == NGX_CONF_UNSET) {
        conf->webhook = clcf->noname ? prev->webhook : 0;
    }

    if (!conf->webhook) {
        return;
    }

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = ngx_http_lapor_handler;
    }

    /*
     * An error_page would lead a request that nginx itself refuses to another
     * location, maybe to a 200 for what nobody has stored.
     */

    clcf->error_pages = NULL;
}


static char *
ngx_http_lapor_check_webhook(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *lcf)
{
    const char  *missing;

    missing = lcf->redis == NULL ? "lapor_redis"
              : lcf->secrets == NULL ? "lapor_app_secret_file"
              : lcf->token == NULL ? "lapor_verify_token_file" : NULL;

    if (missing) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"lapor_webhook\" needs \"%s\" in %V:%ui",
                      missing, &lcf->file, lcf->line);
        return NGX_CONF_ERROR;
    }

    ngx_http_lapor_check_buffer(cf, lcf);

    return ngx_http_lapor_add_target(cf, lcf);
}


/* what is between buffer and limit is refused, and Meta would repeat it */

static void
ngx_http_lapor_check_buffer(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *lcf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->client_max_body_size == 0
        || clcf->client_max_body_size
           > (off_t) clcf->client_body_buffer_size)
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"client_body_buffer_size\" should be equal to "
                      "\"client_max_body_size\" for \"lapor_webhook\" "
                      "in %V:%ui", &lcf->file, lcf->line);
    }
}


static char *
ngx_http_lapor_add_target(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *lcf)
{
    ngx_uint_t                    i;
    ngx_http_lapor_target_t      *t, **target;
    ngx_http_lapor_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_lapor_module);
    target = mcf->targets.elts;

    for (i = 0; i < mcf->targets.nelts; i++) {
        t = target[i];

        if (t->ack == lcf->ack
            && ngx_http_lapor_same_redis(t->redis, lcf->redis))
        {
            t->timeout = ngx_max(t->timeout, lcf->timeout);
            lcf->target = t;
            return NGX_CONF_OK;
        }
    }

    t = ngx_pcalloc(cf->pool, sizeof(ngx_http_lapor_target_t));
    target = ngx_array_push(&mcf->targets);

    if (t == NULL || target == NULL) {
        return NGX_CONF_ERROR;
    }

    t->redis = lcf->redis;
    t->ack = lcf->ack;
    t->timeout = lcf->timeout;
    *target = t;
    lcf->target = t;

    if (t->ack != NGX_HTTP_LAPOR_ACK_FSYNC) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"lapor_ack %s\" may lose accepted webhooks when the "
                      "machine of redis fails, in %V:%ui",
                      t->ack == NGX_HTTP_LAPOR_ACK_MEMORY ? "memory"
                                                          : "everysec",
                      &lcf->file, lcf->line);
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_lapor_same_redis(ngx_http_lapor_redis_t *a,
    ngx_http_lapor_redis_t *b)
{
    return a == b
           || (a->db == b->db && a->port == b->port
               && ngx_http_lapor_same(&a->path, &b->path)
               && ngx_http_lapor_same(&a->host, &b->host)
               && ngx_http_lapor_same(&a->user, &b->user)
               && ngx_http_lapor_same(&a->password_file, &b->password_file)
               && ngx_http_lapor_same(&a->name, &b->name));
}


static ngx_uint_t
ngx_http_lapor_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_strncmp(a->data, b->data, a->len) == 0);
}
