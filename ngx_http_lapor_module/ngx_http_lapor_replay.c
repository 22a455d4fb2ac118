
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The spool flows back into Redis, oldest segment first.
 *
 *     IDLE ---timer, link is up---> LOADING ---records---> SENDING
 *      ^                             |   ^                    |
 *      +-------- nothing left -------+   +---- all stored ----+
 *      +-------- a failure: the segment stays, backoff -------+
 *
 * LOADING is a thread's: it removes the segment that was stored, locks and
 * reads the next.  SENDING gives a few records at a time to the link, which
 * live webhooks share, and waits for all of them, so that a backlog can't push
 * itself before what comes in now.
 *
 * One worker of all (and of other masters, and laporctl) replays a directory:
 * the one that holds its lock.  A worker that dies leaves its segment as it
 * was; the next one begins it again, and what is stored twice is recognised
 * behind the queue by its message ids.
 */


#include "ngx_http_lapor.h"

#include <stdio.h>


/* records, and bytes of their bodies, that are under way at once */
#define NGX_HTTP_LAPOR_BATCH        32
#define NGX_HTTP_LAPOR_BATCH_BYTES  (256 * 1024)

/* how often a worker looks for something to do, and the longest backoff, ms */
#define NGX_HTTP_LAPOR_REPLAY_POLL  2000
#define NGX_HTTP_LAPOR_REPLAY_SOON  50
#define NGX_HTTP_LAPOR_REPLAY_MIN   200
#define NGX_HTTP_LAPOR_REPLAY_MAX   10000

/* one record under way */

typedef struct {
    ngx_http_lapor_replay_t     *replay;
    ngx_http_lapor_op_t         *op;
    ngx_http_lapor_spooled_t     entry;     /* when Redis refuses it */
    ngx_buf_t                    buf;
    ngx_chain_t                  body;
    ngx_str_t                    stream;
    int                          refused;   /* because of its key */
} ngx_http_lapor_sending_t;


struct ngx_http_lapor_replay_s {
    ngx_http_lapor_spool_t      *spool;
    u_char                      *p;         /* the segment, all of it */
    size_t                       len;

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t                    ident;

    ngx_thread_task_t            task;

    /* known to a thread in LOADING, to the event loop otherwise */

    int                          lock;
    int                          fd;
    char                         name[NGX_HTTP_LAPOR_SEGMENT_NAME];
    char                         after[NGX_HTTP_LAPOR_SEGMENT_NAME];
    char                         before[NGX_HTTP_LAPOR_SEGMENT_NAME];
    size_t                       pos;
    int                          damaged;
    ngx_err_t                    err;
    ngx_uint_t                   look;      /* only what there is */
    ngx_uint_t                   busy;      /* somebody else replays */
    ngx_uint_t                   refused;   /* a record, in this pass */
    ngx_uint_t                   kept;      /* it can't be written anew */
    ngx_err_t                    aside;     /* why it was not even read */
    ngx_http_lapor_usage_t       usage;

    /* where the last segment was when it broke off */

    char                         resume[NGX_HTTP_LAPOR_SEGMENT_NAME];
    size_t                       resume_pos;
    int                          resume_damaged;

    unsigned                     loading:1;
    unsigned                     failed:1;
    unsigned                     complained:1;
    ngx_uint_t                   sending;
    ngx_uint_t                   given;     /* of batch, to Redis */
    ngx_msec_t                   backoff;
    ngx_event_t                  timer;
    ngx_http_lapor_sending_t     batch[NGX_HTTP_LAPOR_BATCH];
};


static void ngx_http_lapor_replay_timer_handler(ngx_event_t *ev);
static void ngx_http_lapor_replay_load(ngx_http_lapor_replay_t *replay);
static void ngx_http_lapor_replay_thread(void *data, ngx_log_t *log);
static int ngx_http_lapor_replay_next(ngx_http_lapor_replay_t *replay);
static int ngx_http_lapor_replay_finish(ngx_http_lapor_replay_t *replay,
    const char *dir);
static int ngx_http_lapor_replay_begin(ngx_http_lapor_replay_t *replay,
    const char *dir);
static void ngx_http_lapor_replay_loaded(ngx_event_t *ev);
static void ngx_http_lapor_replay_send(ngx_http_lapor_replay_t *replay);
static ngx_int_t ngx_http_lapor_replay_record(
    ngx_http_lapor_replay_t *replay, ngx_http_lapor_record_t *record);
static void ngx_http_lapor_replay_reply(ngx_http_lapor_op_t *op,
    redisReply *reply);
static ngx_uint_t ngx_http_lapor_replay_respool(
    ngx_http_lapor_replay_t *replay);
static void ngx_http_lapor_replay_respooled(ngx_http_lapor_spooled_t *entry,
    ngx_uint_t result);
static void ngx_http_lapor_replay_settled(ngx_http_lapor_replay_t *replay);
static void ngx_http_lapor_replay_end(ngx_http_lapor_replay_t *replay,
    ngx_msec_t delay);


void
ngx_http_lapor_replay_soon(ngx_http_lapor_spool_t *spool)
{
    ngx_http_lapor_replay_t  *replay;

    replay = spool->replay;

    if (replay->loading || replay->sending || replay->backoff
        || ngx_exiting || ngx_terminate)
    {
        return;
    }

    ngx_add_timer(&replay->timer, NGX_HTTP_LAPOR_REPLAY_SOON);
}


ngx_uint_t
ngx_http_lapor_replay_waits(ngx_http_lapor_spool_t *spool)
{
    return spool->replay->backoff != 0;
}


static void
ngx_http_lapor_replay_timer_handler(ngx_event_t *ev)
{
    ngx_http_lapor_replay_t  *replay;

    replay = ev->data;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    ngx_http_lapor_replay_load(replay);
}


static void
ngx_http_lapor_replay_load(ngx_http_lapor_replay_t *replay)
{
    ngx_http_lapor_link_t  *link;

    if (ngx_exiting || ngx_terminate) {
        ngx_http_lapor_replay_end(replay, NGX_HTTP_LAPOR_REPLAY_POLL);
        return;
    }

    link = replay->spool->conf->target->link;

    replay->look = link == NULL || link->state != NGX_HTTP_LAPOR_LINK_UP;
    replay->loading = 1;

    if (ngx_thread_task_post(replay->spool->conf->tp, &replay->task)
        != NGX_OK)
    {
        replay->loading = 0;
        ngx_http_lapor_replay_end(replay, NGX_HTTP_LAPOR_REPLAY_POLL);
    }
}


/* in a thread */

static void
ngx_http_lapor_replay_thread(void *data, ngx_log_t *log)
{
    ngx_http_lapor_replay_t *replay = data;

    replay->err = 0;
    replay->busy = 0;
    replay->aside = 0;

    if (ngx_http_lapor_replay_next(replay) == -1) {
        replay->err = ngx_errno;
    }
}


/* -1 and errno; otherwise there is a segment if replay->p is not NULL */

static int
ngx_http_lapor_replay_next(ngx_http_lapor_replay_t *replay)
{
    const char  *dir;

    dir = (const char *) replay->spool->conf->path->name.data;

    if (replay->p) {
        free(replay->p);
        replay->p = NULL;

        if (ngx_http_lapor_replay_finish(replay, dir) == -1) {
            return -1;
        }
    }

    if (replay->look) {
        return ngx_http_lapor_spool_usage(dir, &replay->usage);
    }

    if (replay->lock == -1) {
        if (ngx_http_lapor_replay_begin(replay, dir) == -1) {
            return -1;
        }

        if (replay->busy) {
            return 0;
        }
    }

    (void) ngx_http_lapor_spool_usage(dir, &replay->usage);

    replay->fd = ngx_http_lapor_segment_oldest(dir, replay->after,
                                               replay->refused
                                               ? replay->before : NULL,
                                               replay->name);

    if (replay->fd == -1) {
        return errno ? -1 : 0;
    }

    replay->pos = 0;
    replay->damaged = 0;

    if (ngx_http_lapor_segment_read(replay->fd, &replay->p, &replay->len)
        == 0)
    {
        return 0;
    }

    if (errno != EFBIG && errno != EIO) {
        return -1;
    }

    /* one bad file must not hold up all the others */

    replay->aside = errno;
    replay->damaged = 1;

    return ngx_http_lapor_replay_finish(replay, dir);
}


static int
ngx_http_lapor_replay_finish(ngx_http_lapor_replay_t *replay, const char *dir)
{
    int  rc;

    if (replay->kept) {
        ngx_memcpy(replay->after, replay->name, sizeof(replay->name));
        replay->kept = 0;
        rc = 0;

    } else {
        rc = ngx_http_lapor_segment_finish(dir, replay->name, replay->damaged);
    }

    if (rc == 0) {
        (void) close(replay->fd);
        replay->fd = -1;

        /* the next one of this name is another */
        replay->resume[0] = '\0';
    }

    return rc;
}


static int
ngx_http_lapor_replay_begin(ngx_http_lapor_replay_t *replay, const char *dir)
{
    struct timeval  tv;

    replay->lock = ngx_http_lapor_spool_lock(dir);

    if (replay->lock == -1) {
        replay->busy = errno == EWOULDBLOCK;
        return replay->busy ? 0 : -1;
    }

    /*
     * What Redis refuses is written to the spool anew; from then on this pass
     * takes only what is older than itself, or it would never end.  A segment
     * whose refused records the disk has no room for stays, and is passed over
     * until there is room: what flows meanwhile may make some.
     */

    if (replay->after[0] && ngx_http_lapor_spool_room(replay->spool) == 0) {
        replay->after[0] = '\0';
    }

    ngx_gettimeofday(&tv);

    replay->refused = 0;
    (void) snprintf(replay->before, sizeof(replay->before), "%013llu",
                    (unsigned long long) tv.tv_sec * 1000
                    + (unsigned long long) tv.tv_usec / 1000);

    return 0;
}


/* back in the event loop */

static void
ngx_http_lapor_replay_loaded(ngx_event_t *ev)
{
    ngx_http_lapor_replay_t  *replay;

    replay = ev->data;
    replay->loading = 0;

    if (replay->err == 0 && !replay->busy) {
        ngx_http_lapor_spool_gauge(replay->spool, &replay->usage);
    }

    if (replay->err) {
        if (!replay->complained) {
            replay->complained = 1;
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, replay->err,
                          "lapor: could not read the spool \"%V\"",
                          &replay->spool->conf->path->name);
        }

        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->replay_failures, 1);
        ngx_http_lapor_replay_end(replay, NGX_HTTP_LAPOR_REPLAY_MAX);
        return;
    }

    if (replay->look) {
        ngx_http_lapor_replay_end(replay, NGX_HTTP_LAPOR_REPLAY_POLL);
        return;
    }

    if (replay->aside) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, replay->aside,
                      "lapor: could not read the spool's file \"%V/%s\", "
                      "it is set aside",
                      &replay->spool->conf->path->name, replay->name);

        ngx_http_lapor_replay_load(replay);
        return;
    }

    if (replay->p == NULL) {

        if (!replay->busy) {
            replay->complained = 0;
        }

        /* what was refused is there again, and must not be tried at once */

        replay->backoff = !replay->busy && replay->refused
                          ? NGX_HTTP_LAPOR_REPLAY_MAX : 0;

        ngx_http_lapor_replay_end(replay, ngx_max(replay->backoff,
                                                  NGX_HTTP_LAPOR_REPLAY_POLL));
        return;
    }

    if (ngx_strcmp(replay->resume, replay->name) == 0) {
        replay->pos = ngx_min(replay->resume_pos, replay->len);
        replay->damaged = replay->resume_damaged;
    }

    ngx_http_lapor_replay_send(replay);
}


/* the next batch of the segment, or the next segment */

static void
ngx_http_lapor_replay_send(ngx_http_lapor_replay_t *replay)
{
    size_t                    bytes;
    ngx_uint_t                max;
    ngx_http_lapor_link_t    *link;
    ngx_http_lapor_record_t   record;

    link = replay->spool->conf->target->link;

    if (link->state != NGX_HTTP_LAPOR_LINK_UP
        || ngx_exiting || ngx_terminate)
    {
        ngx_http_lapor_replay_end(replay, NGX_HTTP_LAPOR_REPLAY_MIN);
        return;
    }

    replay->failed = 0;
    bytes = 0;

    /* half of a small lapor_max_pending is for those who wait */

    max = ngx_max(replay->spool->conf->max_pending / 2, 1);
    max = ngx_min(max, NGX_HTTP_LAPOR_BATCH);

    while (replay->sending < max
           && bytes < NGX_HTTP_LAPOR_BATCH_BYTES)
    {
        if (!ngx_http_lapor_record_next(replay->p, replay->len, &replay->pos,
                                        &record, &replay->damaged))
        {
            break;
        }

        bytes += record.body_len;

        if (ngx_http_lapor_replay_record(replay, &record) != NGX_OK) {
            replay->failed = 1;
            break;
        }
    }

    if (replay->sending) {
        return;
    }

    if (replay->failed) {
        ngx_http_lapor_replay_settled(replay);
        return;
    }

    if (replay->damaged) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "lapor: the spool's file \"%V/%s\" is damaged, its "
                      "valid records are stored, it is set aside",
                      &replay->spool->conf->path->name, replay->name);
    }

    /* all of it is stored: the thread removes it */

    ngx_http_lapor_replay_load(replay);
}


static ngx_int_t
ngx_http_lapor_replay_record(ngx_http_lapor_replay_t *replay,
    ngx_http_lapor_record_t *record)
{
    ngx_http_lapor_sending_t  *s;

    s = &replay->batch[replay->sending];

    s->stream.data = (u_char *) record->key;
    s->stream.len = record->key_len;

    s->buf.pos = (u_char *) record->body;
    s->buf.last = s->buf.pos + record->body_len;

    s->body.buf = &s->buf;
    s->body.next = NULL;

    s->replay = replay;
    s->entry.stream = s->stream;
    s->entry.body = &s->body;
    s->entry.size = record->body_len;
    s->entry.ms = record->ms;
    s->entry.again = 1;

    s->op = ngx_http_lapor_op_xadd(replay->spool->conf->target->link,
                                   &s->stream, &s->body, record->body_len,
                                   record->ms);
    if (s->op == NULL) {
        return NGX_ERROR;
    }

    s->op->handler = ngx_http_lapor_replay_reply;
    s->op->data = s;
    s->refused = 0;

    replay->sending++;
    replay->given = replay->sending;

    return NGX_OK;
}


static void
ngx_http_lapor_replay_reply(ngx_http_lapor_op_t *op, redisReply *reply)
{
    size_t                     size;
    ngx_http_lapor_link_t     *link;
    ngx_http_lapor_replay_t   *replay;
    ngx_http_lapor_sending_t  *s;

    s = op->data;
    size = op->size;
    link = op->link;
    replay = s->replay;

    ngx_http_lapor_op_take(op);

    if (reply && ngx_http_lapor_reply_is_id(reply)) {
        ngx_http_lapor_link_good(link);

        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->replayed, 1);
        (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->replayed_bytes,
                                    (ngx_atomic_int_t) size);

    } else if (reply) {
        ngx_http_lapor_link_error(link, reply);

        s->refused = ngx_http_lapor_reply_is_refusal(reply);
        replay->failed |= !s->refused;

    } else {
        replay->failed = 1;
    }

    ngx_http_lapor_replay_settled(replay);
}


/*
 * A Redis that is short of memory or disk will take it later.  What it refuses
 * because of the key must not hold up all the others: it goes to the end of the
 * queue, that is, to a new segment.  Not before the batch is stored otherwise:
 * one that fails is tried again as a whole, maybe for hours.  1: wait.
 */

static ngx_uint_t
ngx_http_lapor_replay_respool(ngx_http_lapor_replay_t *replay)
{
    ngx_uint_t                 i;
    ngx_http_lapor_sending_t  *s;

    for (i = 0; i < replay->given; i++) {
        s = &replay->batch[i];

        if (!s->refused) {
            continue;
        }

        s->refused = 0;
        replay->refused = 1;
        s->entry.handler = ngx_http_lapor_replay_respooled;
        s->entry.data = s;

        if (ngx_http_lapor_spool_add(replay->spool, &s->entry) == NGX_OK) {
            replay->sending++;

        } else {
            replay->failed = 1;
        }
    }

    return replay->sending != 0;
}


static void
ngx_http_lapor_replay_respooled(ngx_http_lapor_spooled_t *entry,
    ngx_uint_t result)
{
    ngx_http_lapor_replay_t   *replay;
    ngx_http_lapor_sending_t  *s;

    s = entry->data;
    replay = s->replay;

    if (result != NGX_HTTP_LAPOR_SPOOLED) {
        replay->kept = 1;
    }

    ngx_http_lapor_replay_settled(replay);
}


/* one record less under way; the last one decides */

static void
ngx_http_lapor_replay_settled(ngx_http_lapor_replay_t *replay)
{
    if (replay->sending) {
        replay->sending--;
    }

    if (replay->sending) {
        return;
    }

    if (!replay->failed && ngx_http_lapor_replay_respool(replay)) {
        return;
    }

    if (!replay->failed) {
        replay->backoff = 0;

        ngx_memcpy(replay->resume, replay->name, sizeof(replay->name));
        replay->resume_pos = replay->pos;
        replay->resume_damaged = replay->damaged;

        if (replay->kept) {
            replay->resume[0] = '\0';
        }

        ngx_http_lapor_replay_send(replay);
        return;
    }

    (void) ngx_atomic_fetch_add(&ngx_http_lapor_stat->replay_failures, 1);

    replay->backoff = ngx_min(ngx_max(2 * replay->backoff,
                                      NGX_HTTP_LAPOR_REPLAY_MIN),
                              NGX_HTTP_LAPOR_REPLAY_MAX);

    ngx_http_lapor_replay_end(replay, replay->backoff);
}


/* lets go of lock and segment, which stays as it was */

static void
ngx_http_lapor_replay_end(ngx_http_lapor_replay_t *replay, ngx_msec_t delay)
{
    replay->kept = 0;

    if (replay->p) {
        free(replay->p);
        replay->p = NULL;
    }

    if (replay->fd != -1) {
        (void) close(replay->fd);
        replay->fd = -1;
    }

    if (replay->lock != -1) {
        (void) close(replay->lock);
        replay->lock = -1;
    }

    if (!ngx_exiting && !ngx_terminate) {
        ngx_add_timer(&replay->timer, delay);
    }
}


ngx_http_lapor_replay_t *
ngx_http_lapor_replay_init(ngx_http_lapor_spool_t *spool, ngx_cycle_t *cycle)
{
    ngx_http_lapor_replay_t  *replay;

    replay = ngx_pcalloc(cycle->pool, sizeof(ngx_http_lapor_replay_t));
    if (replay == NULL) {
        return NULL;
    }

    replay->spool = spool;
    replay->ident = -1;
    replay->lock = -1;
    replay->fd = -1;

    replay->task.handler = ngx_http_lapor_replay_thread;
    replay->task.ctx = replay;
    replay->task.event.handler = ngx_http_lapor_replay_loaded;
    replay->task.event.data = replay;
    replay->task.event.log = cycle->log;

    replay->timer.handler = ngx_http_lapor_replay_timer_handler;
    replay->timer.data = replay;
    replay->timer.log = cycle->log;
    replay->timer.cancelable = 1;

    ngx_add_timer(&replay->timer, NGX_HTTP_LAPOR_REPLAY_MIN);

    return replay;
}
