
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Counters in shared memory; ngx_http_lapor_page.c shows them.
 *
 * Counters belong to all workers and survive a reload.  They are only added
 * to, one by one, without a lock; whoever reads several of them while workers
 * write gets numbers of slightly different moments.
 *
 * Gauges are kept in one slot per worker, found by pid: a worker that was
 * killed takes its gauges with it, and its slot is taken over by the next.
 *
 * Phone numbers stand in an open hash table.  A place once taken is never
 * given back, so a search needs no lock: it ends at the number or at an empty
 * place, of which there are always enough.
 */


#include "ngx_http_lapor.h"


/* 2^64 divided by the golden ratio: numbers in a row are spread */
#define NGX_HTTP_LAPOR_STATUS_SPREAD  0x9e3779b97f4a7c15ULL


static ngx_uint_t ngx_http_lapor_status_alive(ngx_atomic_uint_t pid);
static ngx_http_lapor_number_t *ngx_http_lapor_status_place(uint64_t number);
static ngx_int_t ngx_http_lapor_status_take(ngx_http_lapor_number_t *place,
    uint64_t number);


static ngx_http_lapor_stat_t  ngx_http_lapor_no_stat;
static ngx_http_lapor_slot_t  ngx_http_lapor_no_slot;

ngx_http_lapor_stat_t  *ngx_http_lapor_stat = &ngx_http_lapor_no_stat;
ngx_http_lapor_slot_t  *ngx_http_lapor_slot = &ngx_http_lapor_no_slot;


/* upper bounds of the buckets, see the labels in ngx_http_lapor_page.c */

static uint64_t  ngx_http_lapor_status_bounds[NGX_HTTP_LAPOR_BUCKETS - 1] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000, 5000000
};


void
ngx_http_lapor_status_observe(ngx_uint_t histogram, uint64_t usec)
{
    ngx_uint_t                   i;
    ngx_http_lapor_histogram_t  *h;

    h = &ngx_http_lapor_stat->hists[histogram];

    for (i = 0; i < NGX_HTTP_LAPOR_BUCKETS - 1; i++) {
        if (usec <= ngx_http_lapor_status_bounds[i]) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&h->usec, (ngx_atomic_int_t) usec);
    (void) ngx_atomic_fetch_add(&h->buckets[i], 1);
}


void
ngx_http_lapor_status_number(uint64_t number)
{
    ngx_http_lapor_number_t  *place;

    place = ngx_http_lapor_status_place(number);

    /* in this order: what has been counted has a time */

    place->last = (ngx_atomic_uint_t) ngx_time();
    (void) ngx_atomic_fetch_add(&place->webhooks, 1);
}


static ngx_http_lapor_number_t *
ngx_http_lapor_status_place(uint64_t number)
{
    uint64_t                  found;
    ngx_uint_t                i;
    ngx_http_lapor_number_t  *place;

    i = (ngx_uint_t) ((number * NGX_HTTP_LAPOR_STATUS_SPREAD)
                      >> (64 - NGX_HTTP_LAPOR_NUMBER_BITS));

    for ( ;; ) {
        place = &ngx_http_lapor_stat->numbers[i];
        found = place->number;

        if (found == number) {
            return place;
        }

        if (found == 0) {
            switch (ngx_http_lapor_status_take(place, number)) {

            case NGX_OK:
                return place;

            case NGX_DECLINED:
                return &ngx_http_lapor_stat->other;

            default:

                /* another worker was faster, maybe with this number */

                continue;
            }
        }

        i = (i + 1) & (NGX_HTTP_LAPOR_NUMBER_PLACES - 1);
    }
}


/* NGX_DECLINED: the table is full, NGX_AGAIN: the place is taken */

static ngx_int_t
ngx_http_lapor_status_take(ngx_http_lapor_number_t *place, uint64_t number)
{
    ngx_atomic_t  *used;

    used = &ngx_http_lapor_stat->numbers_used;

    if (ngx_atomic_fetch_add(used, 1) >= NGX_HTTP_LAPOR_NUMBERS) {
        (void) ngx_atomic_fetch_add(used, -1);
        return NGX_DECLINED;
    }

    /* not nginx's own: its words have 32 bits on some machines */

    if (__sync_bool_compare_and_swap(&place->number, 0, number)) {
        return NGX_OK;
    }

    (void) ngx_atomic_fetch_add(used, -1);

    return NGX_AGAIN;
}


void
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
