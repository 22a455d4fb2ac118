
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The location that shows the counters, in the text format of Prometheus.
 *
 * The text grows by whole lines through a list of buffers, since a table of
 * phone numbers may be long.  Each is written into a buffer that has room for
 * the longest line, and within its bounds whatever a line may be.
 */


#include "ngx_http_lapor.h"


/* one buffer, and the room for a line in it: the longest has 200 characters */
#define NGX_HTTP_LAPOR_PAGE_SIZE  16384
#define NGX_HTTP_LAPOR_PAGE_LINE  512


typedef struct {
    ngx_pool_t    *pool;
    ngx_chain_t   *first;
    ngx_chain_t   *last;
    off_t          size;       /* of all buffers but the last */
    unsigned       failed:1;   /* no memory */
} ngx_http_lapor_page_t;


static ngx_int_t ngx_http_lapor_page_send(ngx_http_request_t *r,
    ngx_http_lapor_page_t *page);
static void ngx_http_lapor_page_counters(ngx_http_lapor_page_t *page);
static void ngx_http_lapor_page_redis(ngx_http_lapor_page_t *page);
static void ngx_http_lapor_page_gauges(ngx_http_lapor_page_t *page);
static void ngx_http_lapor_page_spool(ngx_http_lapor_page_t *page,
    ngx_http_lapor_main_conf_t *mcf);
static void ngx_http_lapor_page_histogram(ngx_http_lapor_page_t *page,
    const char *name, const char *help, ngx_http_lapor_histogram_t *h);
static void ngx_http_lapor_page_numbers(ngx_http_lapor_page_t *page);
static void ngx_http_lapor_page_number(ngx_http_lapor_page_t *page,
    const char *name, size_t field);
static ngx_buf_t *ngx_http_lapor_page_room(ngx_http_lapor_page_t *page);
static void ngx_http_lapor_page_head(ngx_http_lapor_page_t *page,
    const char *name, const char *type, const char *help);
static void ngx_http_lapor_page_value(ngx_http_lapor_page_t *page,
    const char *name, const char *label, ngx_str_t *value,
    ngx_atomic_uint_t n);
static void ngx_http_lapor_page_one(ngx_http_lapor_page_t *page,
    const char *name, const char *type, const char *help,
    ngx_atomic_uint_t n);


static ngx_str_t  ngx_http_lapor_results[NGX_HTTP_LAPOR_RESULTS] = {
    ngx_string("none"),
    ngx_string("accepted"),
    ngx_string("spooled"),
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
    ngx_string("spool_full"),
    ngx_string("spool_error"),
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
    ngx_string("moved"),
    ngx_string("ask"),
    ngx_string("clusterdown"),
    ngx_string("other")
};


/* the bounds of ngx_http_lapor_status_observe() in seconds */

static ngx_str_t  ngx_http_lapor_page_bounds[NGX_HTTP_LAPOR_BUCKETS] = {
    ngx_string("0.0005"),
    ngx_string("0.001"),
    ngx_string("0.0025"),
    ngx_string("0.005"),
    ngx_string("0.01"),
    ngx_string("0.025"),
    ngx_string("0.05"),
    ngx_string("0.1"),
    ngx_string("0.25"),
    ngx_string("0.5"),
    ngx_string("1"),
    ngx_string("2.5"),
    ngx_string("5"),
    ngx_string("+Inf")
};


ngx_str_t *
ngx_http_lapor_result_name(ngx_uint_t result)
{
    return &ngx_http_lapor_results[result];
}


ngx_int_t
ngx_http_lapor_page_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_lapor_page_t  page;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&page, sizeof(ngx_http_lapor_page_t));
    page.pool = r->pool;

    ngx_http_lapor_page_counters(&page);
    ngx_http_lapor_page_redis(&page);
    ngx_http_lapor_page_gauges(&page);
    ngx_http_lapor_page_spool(&page,
                     ngx_http_get_module_main_conf(r, ngx_http_lapor_module));

    ngx_http_lapor_page_histogram(&page, "lapor_queue_seconds",
        "From a verified body to the confirmation of Redis.",
        &ngx_http_lapor_stat->hists[NGX_HTTP_LAPOR_HIST_QUEUE]);
    ngx_http_lapor_page_histogram(&page, "lapor_spool_seconds",
        "From a verified body to its place on the spool's disk.",
        &ngx_http_lapor_stat->hists[NGX_HTTP_LAPOR_HIST_SPOOL]);

    ngx_http_lapor_page_numbers(&page);

    if (page.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_lapor_page_send(r, &page);
}


static ngx_int_t
ngx_http_lapor_page_send(ngx_http_request_t *r, ngx_http_lapor_page_t *page)
{
    ngx_int_t   rc;
    ngx_buf_t  *b;

    b = page->last->buf;
    b->last_buf = r == r->main;
    b->last_in_chain = 1;

    ngx_str_set(&r->headers_out.content_type,
                "text/plain; version=0.0.4; charset=utf-8");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = page->size + (b->last - b->pos);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, page->first);
}


static void
ngx_http_lapor_page_counters(ngx_http_lapor_page_t *page)
{
    ngx_uint_t              i;
    ngx_http_lapor_stat_t  *st;

    st = ngx_http_lapor_stat;

    ngx_http_lapor_page_head(page, "lapor_webhooks_total", "counter",
                             "Webhook requests by their final result.");

    for (i = NGX_HTTP_LAPOR_ACCEPTED; i < NGX_HTTP_LAPOR_VERIFIED; i++) {
        ngx_http_lapor_page_value(page, "lapor_webhooks_total", "result",
                                  &ngx_http_lapor_results[i],
                                  st->results[i]);
    }

    ngx_http_lapor_page_head(page, "lapor_handshakes_total", "counter",
                             "Verification requests by their result.");

    for (i = NGX_HTTP_LAPOR_VERIFIED; i < NGX_HTTP_LAPOR_RESULTS; i++) {
        ngx_http_lapor_page_value(page, "lapor_handshakes_total", "result",
                                  &ngx_http_lapor_results[i],
                                  st->results[i]);
    }

    ngx_http_lapor_page_one(page, "lapor_webhook_bytes_total", "counter",
                            "Bytes of accepted bodies.", st->bytes);
    ngx_http_lapor_page_one(page, "lapor_status_webhooks_total", "counter",
                            "Accepted bodies that hold statuses only.",
                            st->statuses);
}


static void
ngx_http_lapor_page_redis(ngx_http_lapor_page_t *page)
{
    ngx_uint_t              i;
    ngx_http_lapor_stat_t  *st;

    st = ngx_http_lapor_stat;

    ngx_http_lapor_page_head(page, "lapor_redis_errors_total", "counter",
                             "Error replies of Redis to an entry.");

    for (i = 0; i < NGX_HTTP_LAPOR_ERRS; i++) {
        ngx_http_lapor_page_value(page, "lapor_redis_errors_total", "error",
                                  &ngx_http_lapor_errors[i], st->errors[i]);
    }

    ngx_http_lapor_page_one(page, "lapor_redis_connects_total", "counter",
                            "Links to Redis that came up.", st->connects);
    ngx_http_lapor_page_one(page, "lapor_redis_losses_total", "counter",
                            "Connections to Redis that ended.", st->losses);
    ngx_http_lapor_page_one(page, "lapor_late_replies_total", "counter",
                            "Replies of Redis that came too late.", st->late);
}


static void
ngx_http_lapor_page_gauges(ngx_http_lapor_page_t *page)
{
    ngx_http_lapor_slot_t  sum;

    static ngx_str_t  up = ngx_string("up");
    static ngx_str_t  down = ngx_string("down");

    ngx_http_lapor_status_sum(&sum);

    ngx_http_lapor_page_head(page, "lapor_redis_links", "gauge",
                             "Links of all workers by their state.");
    ngx_http_lapor_page_value(page, "lapor_redis_links", "state", &up,
                              sum.links_up);
    ngx_http_lapor_page_value(page, "lapor_redis_links", "state", &down,
                              sum.links - sum.links_up);

    ngx_http_lapor_page_one(page, "lapor_pending", "gauge",
                            "Entries that Redis has not answered.",
                            sum.pending);
    ngx_http_lapor_page_one(page, "lapor_pending_bytes", "gauge",
                            "Bytes of the bodies of these entries.",
                            sum.pending_bytes);
}


/* what was seen in a directory outlives its place in the configuration */

static void
ngx_http_lapor_page_spool(ngx_http_lapor_page_t *page,
    ngx_http_lapor_main_conf_t *mcf)
{
    ngx_uint_t                     i;
    ngx_atomic_uint_t              bytes, files, damaged;
    ngx_http_lapor_stat_t         *st;
    ngx_http_lapor_spool_conf_t  **spool;

    st = ngx_http_lapor_stat;
    spool = mcf->spools.elts;
    bytes = files = damaged = 0;

    for (i = 0; i < mcf->spools.nelts; i++) {

        if (spool[i]->target == NULL) {
            continue;
        }

        bytes += st->spools[i].bytes;
        files += st->spools[i].files;
        damaged += st->spools[i].damaged;
    }

    ngx_http_lapor_page_one(page, "lapor_spool_bytes", "gauge",
                            "Bytes of the spool's files.", bytes);
    ngx_http_lapor_page_one(page, "lapor_spool_files", "gauge",
                            "Files of the spool.", files);
    ngx_http_lapor_page_one(page, "lapor_spool_damaged_files", "gauge",
                            "Files of the spool set aside for people.",
                            damaged);
    ngx_http_lapor_page_one(page, "lapor_replayed_total", "counter",
                            "Webhooks of the spool that Redis has now.",
                            st->replayed);
    ngx_http_lapor_page_one(page, "lapor_replayed_bytes_total", "counter",
                            "Bytes of their bodies.", st->replayed_bytes);
    ngx_http_lapor_page_one(page, "lapor_replay_failures_total", "counter",
                            "Times that a replay has stopped.",
                            st->replay_failures);
}


/* each bucket is read once, so that the count is that of the last line */

static void
ngx_http_lapor_page_histogram(ngx_http_lapor_page_t *page, const char *name,
    const char *help, ngx_http_lapor_histogram_t *h)
{
    ngx_buf_t          *b;
    ngx_uint_t          i;
    ngx_atomic_uint_t   n, usec;

    ngx_http_lapor_page_head(page, name, "histogram", help);

    usec = h->usec;
    n = 0;

    for (i = 0; i < NGX_HTTP_LAPOR_BUCKETS; i++) {
        n += h->buckets[i];

        b = ngx_http_lapor_page_room(page);
        if (b == NULL) {
            return;
        }

        b->last = ngx_slprintf(b->last, b->end, "%s_bucket{le=\"%V\"} %uA\n",
                               name, &ngx_http_lapor_page_bounds[i], n);
    }

    b = ngx_http_lapor_page_room(page);
    if (b == NULL) {
        return;
    }

    b->last = ngx_slprintf(b->last, b->end,
                           "%s_sum %uA.%06uA\n%s_count %uA\n",
                           name, usec / 1000000, usec % 1000000, name, n);
}


static void
ngx_http_lapor_page_numbers(ngx_http_lapor_page_t *page)
{
    ngx_http_lapor_page_head(page, "lapor_number_webhooks_total", "counter",
                             "Webhooks answered 200, by phone number.");
    ngx_http_lapor_page_number(page, "lapor_number_webhooks_total",
                               offsetof(ngx_http_lapor_number_t, webhooks));

    ngx_http_lapor_page_head(page, "lapor_number_last_seconds", "gauge",
                             "When the last of them came, UNIX time.");
    ngx_http_lapor_page_number(page, "lapor_number_last_seconds",
                               offsetof(ngx_http_lapor_number_t, last));
}


static void
ngx_http_lapor_page_number(ngx_http_lapor_page_t *page, const char *name,
    size_t field)
{
    ngx_buf_t                *b;
    ngx_uint_t                i;
    ngx_atomic_uint_t         n;
    ngx_http_lapor_number_t  *number;

    for (i = 0; i < NGX_HTTP_LAPOR_NUMBER_PLACES; i++) {
        number = &ngx_http_lapor_stat->numbers[i];

        if (number->number == 0 || number->webhooks == 0) {
            continue;
        }

        b = ngx_http_lapor_page_room(page);
        if (b == NULL) {
            return;
        }

        n = *(ngx_atomic_t *) ((u_char *) number + field);

        b->last = ngx_slprintf(b->last, b->end,
                               "%s{phone_number_id=\"%uL\"} %uA\n",
                               name, number->number, n);
    }

    number = &ngx_http_lapor_stat->other;

    if (number->webhooks) {
        static ngx_str_t  other = ngx_string("other");

        n = *(ngx_atomic_t *) ((u_char *) number + field);
        ngx_http_lapor_page_value(page, name, "phone_number_id", &other, n);
    }
}


/* a buffer with room for a line, or NULL */

static ngx_buf_t *
ngx_http_lapor_page_room(ngx_http_lapor_page_t *page)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (page->last) {
        b = page->last->buf;

        if (b->end - b->last >= NGX_HTTP_LAPOR_PAGE_LINE) {
            return b;
        }

        page->size += b->last - b->pos;
    }

    b = ngx_create_temp_buf(page->pool, NGX_HTTP_LAPOR_PAGE_SIZE);
    cl = ngx_alloc_chain_link(page->pool);

    if (b == NULL || cl == NULL) {
        page->failed = 1;
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    if (page->last) {
        page->last->next = cl;

    } else {
        page->first = cl;
    }

    page->last = cl;

    return b;
}


static void
ngx_http_lapor_page_head(ngx_http_lapor_page_t *page, const char *name,
    const char *type, const char *help)
{
    ngx_buf_t  *b;

    b = ngx_http_lapor_page_room(page);

    if (b) {
        b->last = ngx_slprintf(b->last, b->end,
                               "# HELP %s %s\n# TYPE %s %s\n",
                               name, help, name, type);
    }
}


static void
ngx_http_lapor_page_value(ngx_http_lapor_page_t *page, const char *name,
    const char *label, ngx_str_t *value, ngx_atomic_uint_t n)
{
    ngx_buf_t  *b;

    b = ngx_http_lapor_page_room(page);

    if (b) {
        b->last = ngx_slprintf(b->last, b->end, "%s{%s=\"%V\"} %uA\n",
                               name, label, value, n);
    }
}


static void
ngx_http_lapor_page_one(ngx_http_lapor_page_t *page, const char *name,
    const char *type, const char *help, ngx_atomic_uint_t n)
{
    ngx_buf_t  *b;

    ngx_http_lapor_page_head(page, name, type, help);

    b = ngx_http_lapor_page_room(page);

    if (b) {
        b->last = ngx_slprintf(b->last, b->end, "%s %uA\n", name, n);
    }
}
