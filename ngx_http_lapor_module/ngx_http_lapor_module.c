
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * WhatsApp webhooks into Redis Streams: directives, the location's handler,
 * and what happens when a process starts and ends.
 *
 * A request goes: rewrite phase (the query is hidden from logs), content
 * handler here, body (_body.c) and its signature (_signature.c), durable
 * storage (_accept.c: by _op.c over _link.c and _wire.c to Redis, else by
 * _spool.c to disk), log phase (_log.c: counted once, by its final result).
 */


#include "ngx_http_lapor_redact.h"


static ngx_int_t ngx_http_lapor_post(ngx_http_request_t *r);
static ngx_int_t ngx_http_lapor_post_refused(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx);
static ngx_int_t ngx_http_lapor_discard(ngx_http_request_t *r);
static ngx_int_t ngx_http_lapor_add_header(ngx_http_request_t *r, char *name,
    char *value);
static ngx_int_t ngx_http_lapor_rewrite_handler(ngx_http_request_t *r);
static char *ngx_http_lapor_webhook(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_lapor_ack(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_lapor_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_lapor_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_lapor_init_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_lapor_init_spools(ngx_cycle_t *cycle,
    ngx_http_lapor_main_conf_t *mcf);
static void ngx_http_lapor_exit_process(ngx_cycle_t *cycle);


ngx_uint_t  ngx_http_lapor_exiting;


static ngx_conf_enum_t  ngx_http_lapor_acks[] = {
    { ngx_string("fsync"), NGX_HTTP_LAPOR_ACK_FSYNC },
    { ngx_string("everysec"), NGX_HTTP_LAPOR_ACK_EVERYSEC },
    { ngx_string("memory"), NGX_HTTP_LAPOR_ACK_MEMORY },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_lapor_partitions_post = {
    ngx_http_lapor_check_partitions
};


static ngx_conf_post_t  ngx_http_lapor_timeout_post = {
    ngx_http_lapor_check_timeout
};


static ngx_command_t  ngx_http_lapor_commands[] = {

    { ngx_string("lapor_webhook"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_lapor_webhook,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_lapor_loc_conf_t, webhook),
      NULL },

    { ngx_string("lapor_verify_token_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_lapor_token_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("lapor_app_secret_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_lapor_secret_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("lapor_redis"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_lapor_redis,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("lapor_ack"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_lapor_ack,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("lapor_partitions"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_lapor_loc_conf_t, partitions),
      &ngx_http_lapor_partitions_post },

    { ngx_string("lapor_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_lapor_loc_conf_t, timeout),
      &ngx_http_lapor_timeout_post },

    { ngx_string("lapor_max_pending"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_lapor_max_pending,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("lapor_spool"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_lapor_spool,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("lapor_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_lapor_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_lapor_module_ctx = {
    ngx_http_lapor_add_variables,          /* preconfiguration */
    ngx_http_lapor_postconfiguration,      /* postconfiguration */

    ngx_http_lapor_create_main_conf,       /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_lapor_create_loc_conf,        /* create location configuration */
    ngx_http_lapor_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_lapor_module = {
    NGX_MODULE_V1,
    &ngx_http_lapor_module_ctx,            /* module context */
    ngx_http_lapor_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_lapor_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_lapor_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_int_t
ngx_http_lapor_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_lapor_ctx_t  *ctx;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "lapor handler");

    /* a subrequest has no body of its own to store */

    if (r != r->main) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_POST) {
        return ngx_http_lapor_post(r);
    }

    if (r->method == NGX_HTTP_GET) {
        return ngx_http_lapor_handshake(r);
    }

    ctx = ngx_http_lapor_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->result = NGX_HTTP_LAPOR_METHOD;

    rc = ngx_http_lapor_discard(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_lapor_send(r, NGX_HTTP_NOT_ALLOWED);
}


static ngx_int_t
ngx_http_lapor_post(ngx_http_request_t *r)
{
    ngx_int_t              rc, status;
    ngx_http_lapor_ctx_t  *ctx;

    ctx = ngx_http_lapor_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = ngx_http_lapor_post_refused(r, ctx);

    if (status != NGX_OK) {
        rc = ngx_http_lapor_discard(r);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_http_lapor_send(r, (ngx_uint_t) status);
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_lapor_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    /* the handler may have run: r may be gone */

    return NGX_DONE;
}


/* NGX_OK, or the status that it gets before its body is read */

static ngx_int_t
ngx_http_lapor_post_refused(ngx_http_request_t *r, ngx_http_lapor_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;

    rc = ngx_http_lapor_signature_header(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->headers_in.content_length_n
        > (off_t) clcf->client_body_buffer_size)
    {
        ctx->result = NGX_HTTP_LAPOR_TOO_LARGE;
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    return NGX_OK;
}


/*
 * A client that waits for "100 Continue" is not told to go on, and then sends
 * no body: what would be read instead of it is its next request.
 */

static ngx_int_t
ngx_http_lapor_discard(ngx_http_request_t *r)
{
    if (r->headers_in.expect) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }

    return ngx_http_discard_request_body(r);
}


ngx_http_lapor_ctx_t *
ngx_http_lapor_get_ctx(ngx_http_request_t *r)
{
    ngx_http_lapor_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_lapor_ctx_t));

        if (ctx) {
            ctx->partition = -1;
            ngx_http_set_ctx(r, ctx, ngx_http_lapor_module);
        }
    }

    return ctx;
}


ngx_int_t
ngx_http_lapor_send(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_int_t                 rc;
    ngx_http_complex_value_t  cv;

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        rc = ngx_http_lapor_add_header(r, "Retry-After",
                                       NGX_HTTP_LAPOR_RETRY_AFTER);

    } else if (status == NGX_HTTP_NOT_ALLOWED) {
        rc = ngx_http_lapor_add_header(r, "Allow", "GET, POST");

    } else {
        rc = NGX_OK;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* no error page: it would tell a stranger more than the status does */

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    return ngx_http_send_response(r, status, NULL, &cv);
}


static ngx_int_t
ngx_http_lapor_add_header(ngx_http_request_t *r, char *name, char *value)
{
    ngx_table_elt_t  *header;

    header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) {
        return NGX_ERROR;
    }

    header->hash = 1;
    header->key.data = (u_char *) name;
    header->key.len = ngx_strlen(name);
    header->value.data = (u_char *) value;
    header->value.len = ngx_strlen(value);

    return NGX_OK;
}


/* the first phase that knows the location */

static ngx_int_t
ngx_http_lapor_rewrite_handler(ngx_http_request_t *r)
{
    ngx_http_lapor_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    if (lcf->webhook && ngx_http_lapor_hide_query(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static char *
ngx_http_lapor_webhook(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !lcf->webhook) {
        return rv;
    }

    /* what it needs is known when all was merged: for the message then */

    lcf->file = cf->conf_file->file.name;
    lcf->line = cf->conf_file->line;

    /* nginx itself lets the last one win; then a webhook would be lost */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "cannot share its location with another directive "
               "that answers requests";
    }

    clcf->handler = ngx_http_lapor_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_lapor_ack(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_lapor_loc_conf_t *lcf = conf;

    ngx_str_t        *value;
    ngx_conf_enum_t  *ack;

    if (lcf->ack != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (ack = ngx_http_lapor_acks; ack->name.len; ack++) {
        if (ngx_http_lapor_same(&ack->name, &value[1])) {
            lcf->ack = ack->value;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"lapor_ack\" directive, it "
                       "must be \"fsync\", \"everysec\" or \"memory\"",
                       &value[1]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_lapor_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_lapor_page_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_lapor_postconfiguration(ngx_conf_t *cf)
{
    ngx_str_t                    name;
    ngx_shm_zone_t              *zone;
    ngx_http_handler_pt         *h;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_lapor_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_lapor_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* one name and one size for ever: nginx keeps it over a reload */

    ngx_str_set(&name, "lapor");

    zone = ngx_shared_memory_add(cf, &name,
                                 ngx_align(sizeof(ngx_http_lapor_stat_t),
                                           ngx_pagesize)
                                 + 8 * ngx_pagesize,
                                 &ngx_http_lapor_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_http_lapor_status_init_zone;
    mcf->zone = zone;

    ngx_http_lapor_body_init();

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_lapor_rewrite_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_lapor_log_handler;

    return ngx_http_lapor_redact_access(cf);
}


static ngx_int_t
ngx_http_lapor_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_http_lapor_link_t        *link;
    ngx_http_lapor_target_t     **target;
    ngx_http_lapor_main_conf_t   *mcf;

    /* the cache manager and its like have no requests */

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_lapor_module);

    if (mcf == NULL || mcf->targets.nelts == 0) {
        return NGX_OK;
    }

    ngx_http_lapor_status_claim(cycle->log);

    if (ngx_http_lapor_redact_init(cycle, &mcf->logs) != NGX_OK) {
        return NGX_ERROR;
    }

    target = mcf->targets.elts;

    for (i = 0; i < mcf->targets.nelts; i++) {
        link = ngx_http_lapor_link_get(target[i]);
        if (link == NULL) {
            return NGX_ERROR;
        }

        ngx_http_lapor_link_connect(link);
    }

    return ngx_http_lapor_init_spools(cycle, mcf);
}


static ngx_int_t
ngx_http_lapor_init_spools(ngx_cycle_t *cycle,
    ngx_http_lapor_main_conf_t *mcf)
{
    ngx_uint_t                     i;
    ngx_http_lapor_spool_conf_t  **spool;

    spool = mcf->spools.elts;

    for (i = 0; i < mcf->spools.nelts; i++) {

        if (spool[i]->target == NULL) {
            continue;
        }

        if (ngx_process == NGX_PROCESS_SINGLE) {

            /* a reload would take the memory from under a thread */

            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "lapor: no spool without a master process");
            break;
        }

        spool[i]->spool = ngx_http_lapor_spool_init(spool[i], cycle);

        if (spool[i]->spool == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


uint64_t
ngx_http_lapor_usec(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


/* before nginx looks for sockets that were left open */

static void
ngx_http_lapor_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_http_lapor_target_t     **target;
    ngx_http_lapor_main_conf_t   *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_lapor_module);

    if (mcf == NULL) {
        return;
    }

    ngx_http_lapor_exiting = 1;

    target = mcf->targets.elts;

    for (i = 0; i < mcf->targets.nelts; i++) {
        if (target[i]->link) {
            ngx_http_lapor_link_close(target[i]->link, "the worker exits");
        }
    }

    ngx_http_lapor_status_release();
}
