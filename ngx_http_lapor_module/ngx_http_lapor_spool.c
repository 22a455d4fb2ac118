
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The spool of one worker: bodies that Redis can't make durable in time are
 * written to local disk.
 *
 * Entries wait in spool->waiting.  At the end of the event loop's turn all of
 * them become one group: one buffer, one write() and one fdatasync() in a
 * thread, while the next entries wait for the next group.  The thread knows
 * the group and nothing else; entries in spool->writing may go away (their
 * clients do) and are then missed by nobody.
 *
 * A worker writes one segment at a time and keeps it locked; it is closed, and
 * so left to whoever replays, when it is large enough, when the link to Redis
 * is up again, or when the worker ends.
 */


#include "ngx_http_lapor.h"


/* bytes of one group; a larger entry goes alone */
#define NGX_HTTP_LAPOR_GROUP    (8 * 1024 * 1024)

/* a replay that breaks off repeats a segment: they are small */
#define NGX_HTTP_LAPOR_SEGMENT  (4 * 1024 * 1024)

/* how often a worker looks after its open segment, in ms */
#define NGX_HTTP_LAPOR_SPOOL_TICK  500

/* how often it says that it is in use, in ms, and that this has changed */
#define NGX_HTTP_LAPOR_SPOOL_REPORT  60000
#define NGX_HTTP_LAPOR_SPOOL_GAP     1000


struct ngx_http_lapor_group_s {
    ngx_thread_task_t            task;
    ngx_http_lapor_spool_t      *spool;
    u_char                      *p;          /* whole records */
    size_t                       len;

    /* the segment: given to the thread and taken back from it */

    int                          fd;
    off_t                        offset;

    ngx_err_t                    err;
    unsigned                     full:1;
    unsigned                     again:1;    /* from a segment to another */
    unsigned                     looked:1;   /* usage is known */
    ngx_http_lapor_usage_t       usage;
};


static void ngx_http_lapor_spool_event_handler(ngx_event_t *ev);
static void ngx_http_lapor_spool_start(ngx_http_lapor_spool_t *spool);
static ngx_http_lapor_group_t *ngx_http_lapor_spool_group(
    ngx_http_lapor_spool_t *spool);
static u_char *ngx_http_lapor_spool_copy(u_char *p,
    ngx_http_lapor_spooled_t *entry);
static void ngx_http_lapor_spool_thread(void *data, ngx_log_t *log);
static int ngx_http_lapor_spool_write(ngx_http_lapor_group_t *group);
static int ngx_http_lapor_spool_create(const char *dir, ngx_uint_t seq,
    char *ret_name);
static int ngx_http_lapor_spool_append(ngx_http_lapor_group_t *group);
static void ngx_http_lapor_spool_done(ngx_event_t *ev);
static void ngx_http_lapor_spool_answer(ngx_http_lapor_spool_t *spool,
    ngx_queue_t *entries, ngx_uint_t result);
static void ngx_http_lapor_spool_report(ngx_http_lapor_spool_t *spool,
    ngx_http_lapor_group_t *group);
static ngx_uint_t ngx_http_lapor_spool_complains(
    ngx_http_lapor_spool_t *spool);
static void ngx_http_lapor_spool_close(ngx_http_lapor_spool_t *spool);
static void ngx_http_lapor_spool_deadline_handler(ngx_event_t *ev);
static void ngx_http_lapor_spool_tick_handler(ngx_event_t *ev);


ngx_int_t
ngx_http_lapor_spool_add(ngx_http_lapor_spool_t *spool,
    ngx_http_lapor_spooled_t *entry)
{
    if (ngx_http_lapor_exiting || entry->size > NGX_HTTP_LAPOR_BODY_MAX) {
        return NGX_DECLINED;
    }

    /* disks fall behind, too; what waits here is in memory */

    if (spool->entries >= spool->conf->max_pending
        || (spool->entries
            && spool->bytes + entry->size > spool->conf->max_bytes))
    {
        return NGX_DECLINED;
    }

    entry->spool = spool;
    entry->start = ngx_current_msec;

    ngx_queue_insert_tail(&spool->waiting, &entry->queue);
    spool->entries++;
    spool->bytes += entry->size;

    /* not cancelable while somebody waits, see ngx_http_lapor_accept.c */

    spool->deadline.cancelable = 0;

    if (!spool->deadline.timer_set) {
        ngx_add_timer(&spool->deadline, spool->conf->timeout);
    }

    if (spool->group == NULL) {
        ngx_post_event(&spool->event, &ngx_posted_events);
    }

    return NGX_OK;
}


void
ngx_http_lapor_spool_drop(ngx_http_lapor_spooled_t *entry)
{
    ngx_http_lapor_spool_t  *spool;

    ngx_queue_remove(&entry->queue);

    spool = entry->spool;
    entry->spool = NULL;

    if (spool) {
        spool->bytes -= entry->size;
        spool->entries--;

        if (spool->entries == 0) {
            spool->deadline.cancelable = 1;
        }
    }
}


static void
ngx_http_lapor_spool_event_handler(ngx_event_t *ev)
{
    ngx_http_lapor_spool_start(ev->data);
}


static void
ngx_http_lapor_spool_start(ngx_http_lapor_spool_t *spool)
{
    ngx_http_lapor_group_t  *group;

    if (spool->group || ngx_queue_empty(&spool->waiting)) {
        return;
    }

    group = ngx_http_lapor_spool_group(spool);

    if (group == NULL) {
        ngx_http_lapor_spool_answer(spool, &spool->waiting,
                                    NGX_HTTP_LAPOR_SPOOL_ERROR);
        return;
    }

    spool->group = group;
    spool->fd = -1;

    if (ngx_thread_task_post(spool->conf->tp, &group->task) != NGX_OK) {
        group->err = NGX_EAGAIN;
        ngx_http_lapor_spool_done(&group->task.event);
    }
}


/* moves what fits from waiting to writing */

static ngx_http_lapor_group_t *
ngx_http_lapor_spool_group(ngx_http_lapor_spool_t *spool)
{
    u_char                    *p;
    size_t                     len, size;
    ngx_queue_t               *q, *last;
    ngx_http_lapor_group_t    *group;
    ngx_http_lapor_spooled_t  *entry;

    len = 0;
    last = ngx_queue_sentinel(&spool->waiting);

    for (q = ngx_queue_head(&spool->waiting);
         q != ngx_queue_sentinel(&spool->waiting);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_http_lapor_spooled_t, queue);
        size = ngx_http_lapor_record_size(entry->stream.len, entry->size);

        if (len && len + size > NGX_HTTP_LAPOR_GROUP) {
            break;
        }

        len += size;
        last = q;
    }

    group = ngx_calloc(sizeof(ngx_http_lapor_group_t), ngx_cycle->log);
    if (group == NULL) {
        return NULL;
    }

    group->p = ngx_alloc(len, ngx_cycle->log);
    if (group->p == NULL) {
        ngx_free(group);
        return NULL;
    }

    group->spool = spool;
    group->len = len;
    group->fd = spool->fd;
    group->offset = spool->offset;
    group->task.handler = ngx_http_lapor_spool_thread;
    group->task.ctx = group;
    group->task.event.handler = ngx_http_lapor_spool_done;
    group->task.event.data = group;
    group->task.event.log = ngx_cycle->log;

    p = group->p;

    do {
        q = ngx_queue_head(&spool->waiting);
        entry = ngx_queue_data(q, ngx_http_lapor_spooled_t, queue);

        p = ngx_http_lapor_spool_copy(p, entry);
        group->again |= entry->again;

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&spool->writing, q);
    } while (q != last);

    return group;
}


static u_char *
ngx_http_lapor_spool_copy(u_char *p, ngx_http_lapor_spooled_t *entry)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    p = ngx_http_lapor_record_start(p, entry->stream.data, entry->stream.len,
                                    entry->size, entry->ms);

    for (cl = entry->body; cl; cl = cl->next) {
        b = cl->buf;

        if (b->last != b->pos) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
        }
    }

    return p;
}


/* in a thread */

static void
ngx_http_lapor_spool_thread(void *data, ngx_log_t *log)
{
    ngx_http_lapor_group_t *group = data;

    ngx_http_lapor_record_seal(group->p, group->len);

    group->err = ngx_http_lapor_spool_write(group) == 0 ? 0 : ngx_errno;
}


static int
ngx_http_lapor_spool_write(ngx_http_lapor_group_t *group)
{
    int                      rc;
    char                     name[NGX_HTTP_LAPOR_SEGMENT_NAME];
    const char              *dir;
    ngx_http_lapor_spool_t  *spool;

    spool = group->spool;
    dir = (const char *) spool->conf->path->name.data;

    /* what others write counts as well, so the directory is asked each time */

    if (ngx_http_lapor_spool_usage(dir, &group->usage) == -1) {
        return -1;
    }

    group->looked = 1;

    if (!group->again
        && group->usage.bytes + group->len > (uint64_t) spool->conf->size)
    {
        group->full = 1;
        errno = ENOSPC;
        return -1;
    }

    if (group->fd != -1) {
        rc = ngx_http_lapor_spool_append(group);

        if (rc == 0 || errno != ENOENT) {
            return rc;
        }

        /* removed by somebody while it was open: not what is written now */
    }

    group->offset = 0;
    group->fd = ngx_http_lapor_spool_create(dir, spool->seq++, name);

    if (group->fd == -1) {
        return -1;
    }

    group->usage.files++;

    return ngx_http_lapor_spool_append(group);
}


/* a segment that is named after now */

static int
ngx_http_lapor_spool_create(const char *dir, ngx_uint_t seq, char *ret_name)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return ngx_http_lapor_segment_create(dir, (uint64_t) tv.tv_sec * 1000
                                              + tv.tv_usec / 1000,
                                         (unsigned) seq, ret_name);
}


static int
ngx_http_lapor_spool_append(ngx_http_lapor_group_t *group)
{
    int  clean, err;

    if (ngx_http_lapor_segment_append(group->fd, group->p, group->len,
                                      group->offset, &clean)
        == 0)
    {
        group->offset += group->len;
        group->usage.bytes += group->len;
        return 0;
    }

    err = errno;

    if (!clean) {
        (void) close(group->fd);
        group->fd = -1;
    }

    errno = err;

    return -1;
}


/* back in the event loop */

static void
ngx_http_lapor_spool_done(ngx_event_t *ev)
{
    ngx_uint_t               result;
    ngx_queue_t              done;
    ngx_http_lapor_group_t  *group;
    ngx_http_lapor_spool_t  *spool;

    group = ev->data;
    spool = group->spool;

    spool->group = NULL;
    spool->fd = group->fd;
    spool->offset = group->offset;

    ngx_http_lapor_spool_report(spool, group);

    result = group->err == 0 ? NGX_HTTP_LAPOR_SPOOLED
             : group->full || group->err == NGX_ENOSPC || group->err == EDQUOT
               ? NGX_HTTP_LAPOR_SPOOL_FULL : NGX_HTTP_LAPOR_SPOOL_ERROR;

    ngx_free(group->p);
    ngx_free(group);

    if (spool->fd != -1 && spool->offset >= NGX_HTTP_LAPOR_SEGMENT) {
        ngx_http_lapor_spool_close(spool);
    }

    if (spool->fd != -1 && !spool->tick.timer_set) {
        ngx_add_timer(&spool->tick, NGX_HTTP_LAPOR_SPOOL_TICK);
    }

    /* the disk first: answering takes its time */

    ngx_queue_init(&done);

    if (!ngx_queue_empty(&spool->writing)) {
        ngx_queue_add(&done, &spool->writing);
        ngx_queue_init(&spool->writing);
    }

    ngx_http_lapor_spool_start(spool);

    ngx_http_lapor_spool_answer(spool, &done, result);
}


static void
ngx_http_lapor_spool_answer(ngx_http_lapor_spool_t *spool,
    ngx_queue_t *entries, ngx_uint_t result)
{
    ngx_queue_t               *q;
    ngx_http_lapor_spooled_t  *entry;

    while (!ngx_queue_empty(entries)) {
        q = ngx_queue_head(entries);
        entry = ngx_queue_data(q, ngx_http_lapor_spooled_t, queue);

        ngx_http_lapor_spool_drop(entry);

        entry->handler(entry, result);
    }
}


/* changes are logged, not each group, and what goes on once a minute */

static void
ngx_http_lapor_spool_report(ngx_http_lapor_spool_t *spool,
    ngx_http_lapor_group_t *group)
{
    ngx_msec_t  gap;

    if (group->looked) {
        ngx_http_lapor_spool_gauge(spool, &group->usage);
    }

    if (group->err == 0) {
        gap = ngx_current_msec - spool->reported;

        if (gap >= NGX_HTTP_LAPOR_SPOOL_REPORT
            || (spool->failed && gap >= NGX_HTTP_LAPOR_SPOOL_GAP))
        {
            spool->failed = 0;
            spool->reported = ngx_current_msec;

            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "lapor: webhooks go to the spool \"%V\"",
                          &spool->conf->path->name);
        }

        return;
    }

    if (!ngx_http_lapor_spool_complains(spool)) {
        return;
    }

    if (group->full) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "lapor: the spool \"%V\" is full",
                      &spool->conf->path->name);
        return;
    }

    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, group->err,
                  "lapor: could not write to the spool \"%V\"",
                  &spool->conf->path->name);
}


void
ngx_http_lapor_spool_gauge(ngx_http_lapor_spool_t *spool,
    ngx_http_lapor_usage_t *usage)
{
    ngx_http_lapor_spool_stat_t  *st;

    st = &ngx_http_lapor_stat->spools[spool->conf->index];

    st->bytes = usage->bytes;
    st->files = usage->files;
    st->damaged = usage->damaged;
}


/* 1 if what fails now is to be told */

static ngx_uint_t
ngx_http_lapor_spool_complains(ngx_http_lapor_spool_t *spool)
{
    if (spool->failed
        || ngx_current_msec - spool->complained < NGX_HTTP_LAPOR_SPOOL_GAP)
    {
        return 0;
    }

    spool->failed = 1;
    spool->complained = ngx_current_msec;

    return 1;
}


/* in a thread: 0 if something can be written */

int
ngx_http_lapor_spool_room(ngx_http_lapor_spool_t *spool)
{
    int          fd, rc, clean;
    char         name[NGX_HTTP_LAPOR_SEGMENT_NAME];
    u_char       zeros[4096];
    const char  *dir;

    dir = (const char *) spool->conf->path->name.data;
    fd = ngx_http_lapor_spool_create(dir, 0, name);

    if (fd == -1) {
        return -1;
    }

    ngx_memzero(zeros, sizeof(zeros));

    rc = ngx_http_lapor_segment_append(fd, zeros, sizeof(zeros), 0, &clean);

    (void) ngx_http_lapor_segment_finish(dir, name, 0);
    (void) close(fd);

    return rc;
}


static void
ngx_http_lapor_spool_close(ngx_http_lapor_spool_t *spool)
{
    (void) close(spool->fd);

    spool->fd = -1;

    ngx_http_lapor_replay_soon(spool);
}


/* the disk does not answer: what waits is refused, oldest first */

static void
ngx_http_lapor_spool_deadline_handler(ngx_event_t *ev)
{
    ngx_queue_t               *q, *entries;
    ngx_msec_int_t             left;
    ngx_http_lapor_spool_t    *spool;
    ngx_http_lapor_spooled_t  *entry;

    spool = ev->data;

    while (spool->entries) {
        entries = ngx_queue_empty(&spool->writing) ? &spool->waiting
                                                   : &spool->writing;
        q = ngx_queue_head(entries);
        entry = ngx_queue_data(q, ngx_http_lapor_spooled_t, queue);

        left = (ngx_msec_int_t) (entry->start + spool->conf->timeout
                                 - ngx_current_msec);
        if (left > 0) {
            ngx_add_timer(ev, (ngx_msec_t) left);
            return;
        }

        if (ngx_http_lapor_spool_complains(spool)) {
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                          "lapor: the disk of the spool \"%V\" does not "
                          "answer in time",
                          &spool->conf->path->name);
        }

        ngx_http_lapor_spool_drop(entry);

        entry->handler(entry, NGX_HTTP_LAPOR_SPOOL_ERROR);
    }
}


/* Redis is back, or others are to bring it there: what was written may flow */

static void
ngx_http_lapor_spool_tick_handler(ngx_event_t *ev)
{
    ngx_http_lapor_spool_t  *spool;

    spool = ev->data;

    if (spool->fd == -1) {

        /* a thread has it, or it was closed */

        if (spool->group) {
            ngx_add_timer(ev, NGX_HTTP_LAPOR_SPOOL_TICK);
        }

        return;
    }

    /*
     * A Redis that refuses entries for hours must not leave 7,200 files each.
     * An old worker may live for hours, too, and replays nothing.
     */

    if (ngx_exiting
        || (spool->conf->target->link
            && spool->conf->target->link->state == NGX_HTTP_LAPOR_LINK_UP
            && !ngx_http_lapor_replay_waits(spool)))
    {
        ngx_http_lapor_spool_close(spool);
        return;
    }

    ngx_add_timer(ev, NGX_HTTP_LAPOR_SPOOL_TICK);
}


ngx_http_lapor_spool_t *
ngx_http_lapor_spool_init(ngx_http_lapor_spool_conf_t *conf,
    ngx_cycle_t *cycle)
{
    ngx_http_lapor_spool_t  *spool;

    spool = ngx_pcalloc(cycle->pool, sizeof(ngx_http_lapor_spool_t));
    if (spool == NULL) {
        return NULL;
    }

    spool->conf = conf;
    spool->ident = -1;
    spool->fd = -1;
    spool->reported = ngx_current_msec - NGX_HTTP_LAPOR_SPOOL_REPORT;
    spool->complained = ngx_current_msec - NGX_HTTP_LAPOR_SPOOL_GAP;

    ngx_queue_init(&spool->waiting);
    ngx_queue_init(&spool->writing);

    spool->event.handler = ngx_http_lapor_spool_event_handler;
    spool->event.data = spool;
    spool->event.log = cycle->log;

    spool->deadline.handler = ngx_http_lapor_spool_deadline_handler;
    spool->deadline.data = spool;
    spool->deadline.log = cycle->log;
    spool->deadline.cancelable = 1;

    spool->tick.handler = ngx_http_lapor_spool_tick_handler;
    spool->tick.data = spool;
    spool->tick.log = cycle->log;
    spool->tick.cancelable = 1;

    spool->replay = ngx_http_lapor_replay_init(spool, cycle);

    return spool->replay ? spool : NULL;
}
