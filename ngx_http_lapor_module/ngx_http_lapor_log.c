
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What is known of a request when it is over: its result, which is counted
 * here and only here, a line for what was refused, and the variables.
 */


#include "ngx_http_lapor.h"


/* at most one line in so many ms for each cause of a refusal */
#define NGX_HTTP_LAPOR_LOG_PAUSE  1000


/* what was refused, and how much of it this worker has not told */

typedef struct {
    ngx_uint_t     result;
    ngx_uint_t     level;
    const char    *text;
    ngx_msec_t     told;       /* when */
    ngx_uint_t     untold;
} ngx_http_lapor_refusal_t;


static ngx_uint_t ngx_http_lapor_result(ngx_http_request_t *r);
static void ngx_http_lapor_log_refusal(ngx_http_request_t *r,
    ngx_uint_t result);
static void ngx_http_lapor_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *text);
static ngx_int_t ngx_http_lapor_variable_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_lapor_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_lapor_variable_partition(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_lapor_variable_queue_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_lapor_variable_signature(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


/*
 * A warning is what may be Meta's own: our secret is wrong, our limit too
 * small.  The rest is the noise that every public address hears.
 */

static ngx_http_lapor_refusal_t  ngx_http_lapor_refusals[] = {
    { NGX_HTTP_LAPOR_WRONG_SIGNATURE, NGX_LOG_WARN,
      "its signature is of no secret", 0, 0 },
    { NGX_HTTP_LAPOR_TOO_LARGE, NGX_LOG_WARN,
      "its body is larger than client_max_body_size or "
      "client_body_buffer_size", 0, 0 },
    { NGX_HTTP_LAPOR_NO_SIGNATURE, NGX_LOG_NOTICE,
      "it has no signature", 0, 0 },
    { NGX_HTTP_LAPOR_DOUBLE_SIGNATURE, NGX_LOG_NOTICE,
      "it has more than one signature", 0, 0 },
    { NGX_HTTP_LAPOR_MALFORMED_SIGNATURE, NGX_LOG_NOTICE,
      "its signature is malformed", 0, 0 },
    { NGX_HTTP_LAPOR_EMPTY, NGX_LOG_NOTICE,
      "its body is empty", 0, 0 },
    { NGX_HTTP_LAPOR_METHOD, NGX_LOG_NOTICE,
      "its method is neither GET nor POST", 0, 0 },
    { NGX_HTTP_LAPOR_VERIFY_REFUSED, NGX_LOG_NOTICE,
      "it is no handshake, or with another verify token", 0, 0 },
    { NGX_HTTP_LAPOR_NONE, 0, NULL, 0, 0 }
};


static ngx_str_t  ngx_http_lapor_verdicts[NGX_HTTP_LAPOR_VERDICTS] = {
    ngx_null_string,
    ngx_string("valid"),
    ngx_string("missing"),
    ngx_string("doubled"),
    ngx_string("malformed"),
    ngx_string("wrong")
};


static ngx_http_variable_t  ngx_http_lapor_variables[] = {

    { ngx_string("lapor_result"), NULL,
      ngx_http_lapor_variable_result, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("lapor_signature"), NULL,
      ngx_http_lapor_variable_signature, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("lapor_partition"), NULL,
      ngx_http_lapor_variable_partition, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("lapor_queue_time"), NULL,
      ngx_http_lapor_variable_queue_time, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("lapor_stream"), NULL,
      ngx_http_lapor_variable_text,
      offsetof(ngx_http_lapor_ctx_t, stream), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("lapor_stream_id"), NULL,
      ngx_http_lapor_variable_text,
      offsetof(ngx_http_lapor_ctx_t, id), NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* each request of a webhook location is counted here and only here */

ngx_int_t
ngx_http_lapor_log_handler(ngx_http_request_t *r)
{
    ngx_uint_t             result;
    ngx_http_lapor_ctx_t  *ctx;

    result = ngx_http_lapor_result(r);

    if (result == NGX_HTTP_LAPOR_NONE) {
        return NGX_OK;
    }

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->results[result], 1);

    if (result == NGX_HTTP_LAPOR_ACCEPTED
        || result == NGX_HTTP_LAPOR_SPOOLED)
    {
        ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

        if (ctx->scan.number) {
            ngx_http_lapor_status_number(ctx->scan.number);
        }

        return NGX_OK;
    }

    ngx_http_lapor_log_refusal(r, result);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_lapor_result(ngx_http_request_t *r)
{
    ngx_http_lapor_ctx_t       *ctx;
    ngx_http_lapor_loc_conf_t  *lcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);
    lcf = ngx_http_get_module_loc_conf(r, ngx_http_lapor_module);

    if (ctx && ctx->result != NGX_HTTP_LAPOR_NONE) {
        return ctx->result;
    }

    if (!lcf->webhook) {
        return NGX_HTTP_LAPOR_NONE;
    }

    /* nginx has ended it before our handler, or while the body came in */

    switch (r->headers_out.status) {

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return NGX_HTTP_LAPOR_TOO_LARGE;

    case 0:
    case NGX_HTTP_CLIENT_CLOSED_REQUEST:
        return NGX_HTTP_LAPOR_ABORTED;

    default:
        return NGX_HTTP_LAPOR_BAD_REQUEST;
    }
}


static void
ngx_http_lapor_log_refusal(ngx_http_request_t *r, ngx_uint_t result)
{
    ngx_log_t                 *log;
    ngx_uint_t                 untold;
    ngx_log_handler_pt         handler;
    ngx_http_lapor_refusal_t  *refusal;

    for (refusal = ngx_http_lapor_refusals; refusal->text; refusal++) {
        if (refusal->result == result) {
            break;
        }
    }

    if (refusal->text == NULL) {
        return;
    }

    if (refusal->told
        && ngx_current_msec - refusal->told < NGX_HTTP_LAPOR_LOG_PAUSE)
    {
        refusal->untold++;
        return;
    }

    untold = refusal->untold;

    refusal->told = ngx_current_msec;
    refusal->untold = 0;

    /* nginx's own words about a request repeat what a stranger has sent */

    log = r->connection->log;
    handler = log->handler;
    log->handler = NULL;

    if (untold) {
        ngx_log_error(refusal->level, log, 0,
                      "lapor: refused a request of %V: %s; %ui more since "
                      "the last line of this kind",
                      &r->connection->addr_text, refusal->text, untold);

    } else {
        ngx_log_error(refusal->level, log, 0,
                      "lapor: refused a request of %V: %s",
                      &r->connection->addr_text, refusal->text);
    }

    log->handler = handler;
}


static void
ngx_http_lapor_variable_set(ngx_http_variable_value_t *v, ngx_str_t *text)
{
    if (text->len == 0) {
        v->not_found = 1;
        return;
    }

    v->data = text->data;
    v->len = text->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}


static ngx_int_t
ngx_http_lapor_variable_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_uint_t  result;

    result = ngx_http_lapor_result(r);

    if (result == NGX_HTTP_LAPOR_NONE) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_lapor_variable_set(v, ngx_http_lapor_result_name(result));

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_lapor_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_lapor_variable_set(v, (ngx_str_t *) ((char *) ctx + data));

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_variable_partition(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              text;
    ngx_http_lapor_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    if (ctx == NULL || ctx->partition == -1) {
        v->not_found = 1;
        return NGX_OK;
    }

    text.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "%i", ctx->partition) - text.data;
    ngx_http_lapor_variable_set(v, &text);

    return NGX_OK;
}


/* seconds, to the microsecond */

static ngx_int_t
ngx_http_lapor_variable_queue_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              text;
    ngx_http_lapor_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    if (ctx == NULL || ctx->queue_usec == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    text.data = ngx_pnalloc(r->pool, NGX_INT64_LEN + sizeof(".000000") - 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "%uL.%06uL", ctx->queue_usec / 1000000,
                           ctx->queue_usec % 1000000)
               - text.data;
    ngx_http_lapor_variable_set(v, &text);

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_variable_signature(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_lapor_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_lapor_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_lapor_variable_set(v, &ngx_http_lapor_verdicts[ctx->verdict]);

    return NGX_OK;
}


ngx_int_t
ngx_http_lapor_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_lapor_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}
