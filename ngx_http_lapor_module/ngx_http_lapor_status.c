
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Counters in shared memory and the location that shows them, in the text
 * format of Prometheus.
 *
 * Counters belong to all workers and survive a reload.  Gauges are kept in one
 * slot per worker, found by pid: a worker that was killed takes its gauges
 * with it, and its slot is taken over by the next.
 */


#include "ngx_http_lapor.h"


/* the longest line, and how many there may be */
#define NGX_HTTP_LAPOR_STATUS_LINE   160
#define NGX_HTTP_LAPOR_STATUS_LINES                                          \
    (2 * (NGX_HTTP_LAPOR_RESULTS + NGX_HTTP_LAPOR_ERRS) + 40)


static ngx_uint_t ngx_http_lapor_status_alive(ngx_atomic_uint_t pid);
static void ngx_http_lapor_status_sum(ngx_http_lapor_slot_t *ret_sum);
static u_char *ngx_http_lapor_status_text(u_char *p);
static u_char *ngx_http_lapor_status_gauges(u_char *p);
static u_char *ngx_http_lapor_status_head(u_char *p, const char *name,
    const char *type, const char *help);
static u_char *ngx_http_lapor_status_value(u_char *p, const char *name,
    const char *label, ngx_str_t *value, ngx_atomic_uint_t n);
static u_char *ngx_http_lapor_status_one(u_char *p, const char *name,
    const char *type, const char *help, ngx_atomic_uint_t n);


static ngx_http_lapor_stat_t  ngx_http_lapor_no_stat;
static ngx_http_lapor_slot_t  ngx_http_lapor_no_slot;

ngx_http_lapor_stat_t  *ngx_http_lapor_stat = &ngx_http_lapor_no_stat;
ngx_http_lapor_slot_t  *ngx_http_lapor_slot = &ngx_http_lapor_no_slot;


static ngx_str_t  ngx_http_lapor_results[NGX_HTTP_LAPOR_RESULTS] = {
    ngx_string("none"),
    ngx_string("accepted"),
    ngx_string("no_signature"),
    ngx_string("double_signature"),
    ngx_string("malformed_signature"),
    ngx_string("wrong_signature"),
    ngx_string("empty"),
    ngx_string("too_large"),
    ngx_string("method"),
    ngx_string("bad_request"),
    ngx_string("aborted"),
    ngx_string("overload"),
    ngx_string("redis_down"),
    ngx_string("redis_error"),
    ngx_string("redis_lost"),
    ngx_string("timeout"),
    ngx_string("failed"),
    ngx_string("verified"),
    ngx_string("verify_refused")
};


static ngx_str_t  ngx_http_lapor_errors[NGX_HTTP_LAPOR_ERRS] = {
    ngx_string("oom"),
    ngx_string("readonly"),
    ngx_string("loading"),
    ngx_string("misconf"),
    ngx_string("noauth"),
    ngx_string("other")
};


ngx_str_t *
ngx_http_lapor_result_name(ngx_uint_t result)
{
    return &ngx_http_lapor_results[result];
}


ngx_int_t
ngx_http_lapor_status_handler(ngx_http_request_t *r)
{
    u_char                    *p;
    ngx_int_t                  rc;
    ngx_str_t                  type;
    ngx_http_complex_value_t   cv;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    p = ngx_pnalloc(r->pool, NGX_HTTP_LAPOR_STATUS_LINE
                             * NGX_HTTP_LAPOR_STATUS_LINES);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    cv.value.data = p;
    cv.value.len = ngx_http_lapor_status_text(p) - p;

    ngx_str_set(&type, "text/plain; version=0.0.4; charset=utf-8");

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}


static u_char *
ngx_http_lapor_status_text(u_char *p)
{
    ngx_uint_t              i;
    ngx_http_lapor_stat_t  *st;

    st = ngx_http_lapor_stat;

    p = ngx_http_lapor_status_head(p, "lapor_webhooks_total", "counter",
                                   "Webhook requests by their final result.");

    for (i = NGX_HTTP_LAPOR_ACCEPTED; i < NGX_HTTP_LAPOR_VERIFIED; i++) {
        p = ngx_http_lapor_status_value(p, "lapor_webhooks_total", "result",
                                        &ngx_http_lapor_results[i],
                                        st->results[i]);
    }

    p = ngx_http_lapor_status_head(p, "lapor_handshakes_total", "counter",
                                   "Verification requests by their result.");

    for (i = NGX_HTTP_LAPOR_VERIFIED; i < NGX_HTTP_LAPOR_RESULTS; i++) {
        p = ngx_http_lapor_status_value(p, "lapor_handshakes_total", "result",
                                        &ngx_http_lapor_results[i],
                                        st->results[i]);
    }

    p = ngx_http_lapor_status_head(p, "lapor_redis_errors_total", "counter",
                                   "Error replies of Redis to an entry.");

    for (i = 0; i < NGX_HTTP_LAPOR_ERRS; i++) {
        p = ngx_http_lapor_status_value(p, "lapor_redis_errors_total",
                                        "error", &ngx_http_lapor_errors[i],
                                        st->errors[i]);
    }

    p = ngx_http_lapor_status_one(p, "lapor_webhook_bytes_total", "counter",
                                  "Bytes of accepted bodies.", st->bytes);
    p = ngx_http_lapor_status_one(p, "lapor_status_webhooks_total", "counter",
                                  "Accepted bodies that hold statuses only.",
                                  st->statuses);
    p = ngx_http_lapor_status_one(p, "lapor_redis_connects_total", "counter",
                                  "Links to Redis that came up.",
                                  st->connects);
    p = ngx_http_lapor_status_one(p, "lapor_redis_losses_total", "counter",
                                  "Connections to Redis that ended.",
                                  st->losses);
    p = ngx_http_lapor_status_one(p, "lapor_late_replies_total", "counter",
                                  "Replies of Redis that came too late.",
                                  st->late);

    return ngx_http_lapor_status_gauges(p);
}


static u_char *
ngx_http_lapor_status_gauges(u_char *p)
{
    ngx_http_lapor_slot_t  sum;

    static ngx_str_t  up = ngx_string("up");
    static ngx_str_t  down = ngx_string("down");

    ngx_http_lapor_status_sum(&sum);

    p = ngx_http_lapor_status_head(p, "lapor_redis_links", "gauge",
                                   "Links of all workers by their state.");
    p = ngx_http_lapor_status_value(p, "lapor_redis_links", "state", &up,
                                    sum.links_up);
    p = ngx_http_lapor_status_value(p, "lapor_redis_links", "state", &down,
                                    sum.links - sum.links_up);

    p = ngx_http_lapor_status_one(p, "lapor_pending", "gauge",
                                  "Entries that Redis has not answered.",
                                  sum.pending);
    p = ngx_http_lapor_status_one(p, "lapor_pending_bytes", "gauge",
                                  "Bytes of the bodies of these entries.",
                                  sum.pending_bytes);

    return p;
}


static void
ngx_http_lapor_status_sum(ngx_http_lapor_slot_t *ret_sum)
{
    ngx_uint_t              i;
    ngx_http_lapor_slot_t  *slot;

    ngx_memzero(ret_sum, sizeof(ngx_http_lapor_slot_t));

    for (i = 0; i < NGX_HTTP_LAPOR_SLOTS; i++) {
        slot = &ngx_http_lapor_stat->slots[i];

        if (slot->pid == 0 || !ngx_http_lapor_status_alive(slot->pid)) {
            continue;
        }

        ret_sum->links += slot->links;
        ret_sum->links_up += slot->links_up;
        ret_sum->pending += slot->pending;
        ret_sum->pending_bytes += slot->pending_bytes;
    }
}


static ngx_uint_t
ngx_http_lapor_status_alive(ngx_atomic_uint_t pid)
{
    return kill((ngx_pid_t) pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


static u_char *
ngx_http_lapor_status_head(u_char *p, const char *name, const char *type,
    const char *help)
{
    return ngx_sprintf(p, "# HELP %s %s\n# TYPE %s %s\n",
                       name, help, name, type);
}


static u_char *
ngx_http_lapor_status_value(u_char *p, const char *name, const char *label,
    ngx_str_t *value, ngx_atomic_uint_t n)
{
    return ngx_sprintf(p, "%s{%s=\"%V\"} %uA\n", name, label, value, n);
}


static u_char *
ngx_http_lapor_status_one(u_char *p, const char *name, const char *type,
    const char *help, ngx_atomic_uint_t n)
{
    p = ngx_http_lapor_status_head(p, name, type, help);

    return ngx_sprintf(p, "%s %uA\n", name, n);
}


ngx_int_t
ngx_http_lapor_status_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t        *pool;
    ngx_http_lapor_stat_t  *st;

    if (data) {

        /* a reload: the same memory as before */

        zone->data = data;
        ngx_http_lapor_stat = data;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = pool->data;
        ngx_http_lapor_stat = pool->data;
        return NGX_OK;
    }

    st = ngx_slab_calloc(pool, sizeof(ngx_http_lapor_stat_t));
    if (st == NULL) {
        return NGX_ERROR;
    }

    pool->data = st;
    zone->data = st;
    ngx_http_lapor_stat = st;

    return NGX_OK;
}


void
ngx_http_lapor_status_claim(ngx_log_t *log)
{
    ngx_uint_t              i;
    ngx_atomic_uint_t       pid;
    ngx_http_lapor_slot_t  *slot;

    for (i = 0; i < NGX_HTTP_LAPOR_SLOTS; i++) {
        slot = &ngx_http_lapor_stat->slots[i];
        pid = slot->pid;

        if (pid && pid != (ngx_atomic_uint_t) ngx_pid
            && ngx_http_lapor_status_alive(pid))
        {
            continue;
        }

        if (ngx_atomic_cmp_set(&slot->pid, pid, (ngx_atomic_uint_t) ngx_pid)) {
            slot->links = 0;
            slot->links_up = 0;
            slot->pending = 0;
            slot->pending_bytes = 0;
            ngx_http_lapor_slot = slot;
            return;
        }
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "lapor: no slot for the gauges of this worker");
}


void
ngx_http_lapor_status_release(void)
{
    if (ngx_http_lapor_slot != &ngx_http_lapor_no_slot) {
        ngx_http_lapor_slot->pid = 0;
        ngx_http_lapor_slot = &ngx_http_lapor_no_slot;
    }
}
