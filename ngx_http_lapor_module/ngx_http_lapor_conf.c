
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Directives with more than a value to set, and how contexts are merged.
 * Those that name a file with a secret are in ngx_http_lapor_secret.c,
 * lapor_redis in ngx_http_lapor_redis.c.
 */


#include "ngx_http_lapor_redact.h"


/* of bodies in one worker: twenty of the largest that Meta sends */
#define NGX_HTTP_LAPOR_MAX_BYTES  (64 * 1024 * 1024)

/* less would be full of what two seconds of a bad day bring */
#define NGX_HTTP_LAPOR_SPOOL_MIN  (16 * 1024 * 1024)

/* what Meta's documentation names as the largest webhook */
#define NGX_HTTP_LAPOR_META_BODY  (3 * 1024 * 1024)


static char *ngx_http_lapor_spool_place(ngx_conf_t *cf, ngx_str_t *name);
static ngx_str_t ngx_http_lapor_spool_base(ngx_str_t *name);
static ngx_int_t ngx_http_lapor_spool_parent(ngx_str_t *name,
    ngx_file_info_t *ret_fi);
static ngx_uint_t ngx_http_lapor_spool_same(ngx_str_t *a, ngx_str_t *b);
static char *ngx_http_lapor_spool_option(ngx_conf_t *cf,
    ngx_http_lapor_spool_conf_t *spool, ngx_str_t *value);
static char *ngx_http_lapor_spool_path(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf, ngx_http_lapor_spool_conf_t *spool,
    ngx_str_t *name);
static char *ngx_http_lapor_spool_new(ngx_conf_t *cf,
    ngx_http_lapor_main_conf_t *mcf, ngx_http_lapor_loc_conf_t *lcf,
    ngx_http_lapor_spool_conf_t *spool);
static void ngx_http_lapor_merge_webhook(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *prev, ngx_http_lapor_loc_conf_t *conf);
static char *ngx_http_lapor_check_webhook(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);
static void ngx_http_lapor_check_buffer(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);
static char *ngx_http_lapor_add_target(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);
static char *ngx_http_lapor_add_spool(ngx_conf_t *cf,
    ngx_http_lapor_loc_conf_t *lcf);


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
                           "invalid number of entries \"%V\", as in "
                           "\"lapor_max_pending 4096 64m\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    /* both at once: what stands around it is replaced as a whole */

    lcf->max_pending = (ngx_uint_t) n;
    lcf->max_bytes = NGX_HTTP_LAPOR_MAX_BYTES;

    if (cf->args->nelts == 3) {
        size = ngx_parse_size(&value[2]);

        if (size == NGX_ERROR || size == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of bytes \"%V\", as in "
                               "\"lapor_max_pending 4096 64m\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        lcf->max_bytes = (size_t) size;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_lapor_spool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    char                         *rv;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_lapor_spool_conf_t   spool;

    if (lcf->spool != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        lcf->spool = NULL;
        return cf->args->nelts == 2 ? NGX_CONF_OK
                                    : "that is \"off\" has no parameters";
    }

    if (ngx_strcmp(value[1].data, "on") == 0) {
        return "takes a directory or \"off\", not \"on\"";
    }

    ngx_memzero(&spool, sizeof(ngx_http_lapor_spool_conf_t));
    spool.size = 1024 * 1024 * 1024;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_lapor_spool_option(cf, &spool, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_lapor_spool_path(cf, lcf, &spool, &value[1]);
}


static char *
ngx_http_lapor_spool_option(ngx_conf_t *cf,
    ngx_http_lapor_spool_conf_t *spool, ngx_str_t *value)
{
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "size=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        spool->size = ngx_parse_offset(&s);

        if (spool->size >= NGX_HTTP_LAPOR_SPOOL_MIN) {
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid lapor_spool \"%V\", which must be 16m "
                           "or more, as in \"size=4g\"", value);
        return NGX_CONF_ERROR;

    } else if (ngx_strncmp(value->data, "thread_pool=", 12) == 0) {
        spool->pool.data = value->data + 12;
        spool->pool.len = value->len - 12;

        if (spool->pool.len) {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid lapor_spool parameter \"%V\", which can be "
                       "size=SIZE or thread_pool=NAME", value);

    return NGX_CONF_ERROR;
}


/* one object a directory, however often it is named */

static char *
ngx_http_lapor_spool_path(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *lcf,
    ngx_http_lapor_spool_conf_t *spool, ngx_str_t *name)
{
    ngx_uint_t                     i;
    ngx_path_t                    *path;
    ngx_http_lapor_main_conf_t    *mcf;
    ngx_http_lapor_spool_conf_t  **list;

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    spool->path = path;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;
    path->name = *name;

    while (path->name.len > 1 && path->name.data[path->name.len - 1] == '/') {
        path->name.data[--path->name.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &path->name, 0) != NGX_OK
        || ngx_http_lapor_spool_place(cf, &path->name) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_lapor_module);
    list = mcf->spools.elts;

    for (i = 0; i < mcf->spools.nelts; i++) {

        if (!ngx_http_lapor_spool_same(&list[i]->path->name, &path->name)) {
            continue;
        }

        if (list[i]->size != spool->size
            || !ngx_http_lapor_same(&list[i]->pool, &spool->pool))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "lapor_spool directory \"%V\" has other "
                               "parameters in %s:%ui than", &path->name,
                               list[i]->path->conf_file, list[i]->path->line);
            return NGX_CONF_ERROR;
        }

        lcf->spool = list[i];
        return NGX_CONF_OK;
    }

    spool->index = i;

    return ngx_http_lapor_spool_new(cf, mcf, lcf, spool);
}


/*
 * nginx makes the directory later, when it knows no line any more, and would
 * take a file for it, mode and owner included.
 */

static char *
ngx_http_lapor_spool_place(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t        base;
    ngx_file_info_t  fi;

    base = ngx_http_lapor_spool_base(name);

    if (ngx_http_script_variables_count(name)
        || ngx_strcmp(base.data, ".") == 0 || ngx_strcmp(base.data, "..") == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_spool directory \"%V\" must have a name, "
                           "without variables", name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_lapor_spool_parent(name, &fi) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "lapor_spool \"%V\" needs the directory around it",
                           name);
        return NGX_CONF_ERROR;
    }

    if (ngx_file_info(name->data, &fi) != NGX_FILE_ERROR && !ngx_is_dir(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_spool \"%V\" is not a directory", name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* what stands behind the last slash, which a full name has */

static ngx_str_t
ngx_http_lapor_spool_base(ngx_str_t *name)
{
    ngx_str_t  base;

    base.data = (u_char *) strrchr((char *) name->data, '/') + 1;
    base.len = (size_t) (name->data + name->len - base.data);

    return base;
}


static ngx_int_t
ngx_http_lapor_spool_parent(ngx_str_t *name, ngx_file_info_t *ret_fi)
{
    size_t  len;
    u_char  parent[NGX_MAX_PATH];

    len = (size_t) (ngx_http_lapor_spool_base(name).data - name->data);

    if (len >= NGX_MAX_PATH) {
        ngx_set_errno(NGX_ENAMETOOLONG);
        return NGX_ERROR;
    }

    /* with its slash: then a file is none */

    ngx_memcpy(parent, name->data, len);
    parent[len] = '\0';

    return ngx_file_info(parent, ret_fi) == NGX_FILE_ERROR ? NGX_ERROR
                                                           : NGX_OK;
}


/* however it is written: two Redis must not share a directory */

static ngx_uint_t
ngx_http_lapor_spool_same(ngx_str_t *a, ngx_str_t *b)
{
    ngx_str_t        base_a, base_b;
    ngx_file_info_t  fi_a, fi_b;

    base_a = ngx_http_lapor_spool_base(a);
    base_b = ngx_http_lapor_spool_base(b);

    return ngx_http_lapor_same(&base_a, &base_b)
           && ngx_http_lapor_spool_parent(a, &fi_a) == NGX_OK
           && ngx_http_lapor_spool_parent(b, &fi_b) == NGX_OK
           && ngx_file_uniq(&fi_a) == ngx_file_uniq(&fi_b)
           && fi_a.st_dev == fi_b.st_dev;
}


static char *
ngx_http_lapor_spool_new(ngx_conf_t *cf, ngx_http_lapor_main_conf_t *mcf,
    ngx_http_lapor_loc_conf_t *lcf, ngx_http_lapor_spool_conf_t *spool)
{
    ngx_http_lapor_spool_conf_t  **slot;

    if (spool->index == NGX_HTTP_LAPOR_SPOOLS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "lapor_spool can have %d directories, no more",
                           NGX_HTTP_LAPOR_SPOOLS);
        return NGX_CONF_ERROR;
    }

    spool->tp = ngx_thread_pool_add(cf, spool->pool.len ? &spool->pool : NULL);

    lcf->spool = ngx_pcalloc(cf->pool, sizeof(ngx_http_lapor_spool_conf_t));
    slot = ngx_array_push(&mcf->spools);

    if (spool->tp == NULL || lcf->spool == NULL || slot == NULL
        || ngx_add_path(cf, &spool->path) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *lcf->spool = *spool;
    *slot = lcf->spool;

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
        return "must be from 1ms to 60s; without a unit it is in seconds";
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
        != NGX_OK
        || ngx_array_init(&mcf->spools, cf->pool, 2,
                          sizeof(ngx_http_lapor_spool_conf_t *))
           != NGX_OK
        || ngx_array_init(&mcf->logs, cf->pool, 4, sizeof(ngx_log_t *))
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
    lcf->spool = NGX_CONF_UNSET_PTR;
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

    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_lapor_main_conf_t  *mcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_lapor_module);

    if (ngx_http_lapor_redact_log(&mcf->logs, clcf->error_log) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_lapor_merge_webhook(cf, prev, conf);

    ngx_conf_merge_uint_value(conf->ack, prev->ack, NGX_HTTP_LAPOR_ACK_FSYNC);
    ngx_conf_merge_value(conf->partitions, prev->partitions, 16);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 500);
    ngx_conf_merge_size_value(conf->max_bytes, prev->max_bytes,
                              NGX_HTTP_LAPOR_MAX_BYTES);
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

    ngx_conf_merge_ptr_value(conf->spool, prev->spool, NULL);

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
    const char                *missing;
    ngx_http_core_loc_conf_t  *clcf;

    missing = lcf->redis == NULL ? "lapor_redis"
              : lcf->secrets == NULL ? "lapor_app_secret_file"
              : lcf->token == NULL ? "lapor_verify_token_file" : NULL;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler != ngx_http_lapor_handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"lapor_webhook\" cannot share its location with "
                      "another directive that answers requests, in %V:%ui",
                      &lcf->file, lcf->line);
        return NGX_CONF_ERROR;
    }

    if (missing) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"lapor_webhook\" needs \"%s\" in %V:%ui",
                      missing, &lcf->file, lcf->line);
        return NGX_CONF_ERROR;
    }

    ngx_http_lapor_check_buffer(cf, lcf);

    if (ngx_http_lapor_add_target(cf, lcf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return lcf->spool ? ngx_http_lapor_add_spool(cf, lcf) : NGX_CONF_OK;
}


/* a spool flows into one Redis: whose records would they be otherwise? */

static char *
ngx_http_lapor_add_spool(ngx_conf_t *cf, ngx_http_lapor_loc_conf_t *lcf)
{
    ngx_http_lapor_spool_conf_t  *spool;

    spool = lcf->spool;

    if (spool->target == NULL) {
        spool->target = lcf->target;
    }

    if (spool->target->ack != lcf->ack
        || !ngx_http_lapor_redis_same(spool->target->redis, lcf->redis))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"lapor_spool\" directory \"%V\" serves two different "
                      "\"lapor_redis\" or \"lapor_ack\", each of which needs "
                      "a directory of its own, in %V:%ui",
                      &spool->path->name, &lcf->file, lcf->line);
        return NGX_CONF_ERROR;
    }

    spool->timeout = ngx_max(spool->timeout, lcf->timeout);
    spool->timeout = ngx_max(spool->timeout, NGX_HTTP_LAPOR_SPOOL_TIMEOUT);
    spool->max_pending = ngx_max(spool->max_pending, lcf->max_pending);
    spool->max_bytes = ngx_max(spool->max_bytes, lcf->max_bytes);

    return NGX_CONF_OK;
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

    if (clcf->client_max_body_size != 0
        && clcf->client_max_body_size < NGX_HTTP_LAPOR_META_BODY)
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"client_max_body_size\" should be 4m for "
                      "\"lapor_webhook\", since Meta sends up to 3m, "
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

        if (t->ack == lcf->ack && t->timeout == lcf->timeout
            && ngx_http_lapor_redis_same(t->redis, lcf->redis))
        {
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
