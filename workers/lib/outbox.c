/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Tasks are claimed part by part, because a part is what lives on one node
 * of a cluster. A part that may hold more than was claimed is asked again
 * after all others, so that none starves.
 */

#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/metrics.h"
#include "lib/notify.h"
#include "lib/outbox.h"
#include "lib/part.h"
#include "lib/pool.h"
#include "lib/timeutil.h"
#include "lib/version.h"


/* Pause, in ms, after PostgreSQL said "later" on a connection that stands, and
   while stopping. */
#define LAPOR_OUTBOX_AGAIN  100

/* How often gauges are set, and PostgreSQL is asked for those it knows. */
#define LAPOR_OUTBOX_METER    1000
#define LAPOR_OUTBOX_BACKLOG  10000


struct lapor_outbox_turn {
    const struct lapor_outbox  *o;
    struct lapor_pool          *pool;
    uint64_t                    generation;     /* connection last checked */
    bool                        begun;
    bool                        woken;
    bool                        more;           /* a part may hold more */
    bool                        failed;         /* the last turn */
    int                         parts[LAPOR_PARTS];
    int                         n;
    int                         pos;
    int64_t                     poll_at;        /* lapor_mono_ms() */
    int64_t                     meter_at;
    int64_t                     backlog_at;
    bool                        told;           /* PostgreSQL is up, it says */
};


static bool lapor_outbox_session(struct lapor_outbox_turn *r);
static bool lapor_outbox_ok(struct lapor_outbox_turn *r,
    enum lapor_pg_class class, const char *what);
static bool lapor_outbox_claim(struct lapor_outbox_turn *r);
static bool lapor_outbox_due(struct lapor_outbox_turn *r);
static void lapor_outbox_wait(struct lapor_outbox_turn *r);
static int lapor_outbox_pause(struct lapor_outbox_turn *r);
static void lapor_outbox_meter(struct lapor_outbox_turn *r, bool ready);
static void lapor_outbox_backlog(struct lapor_outbox_turn *r);


enum {
    LAPOR_OUTBOX_DUE,
    LAPOR_OUTBOX_OLDEST,
    LAPOR_OUTBOX_BUSY
};

static struct lapor_metric  lapor_outbox_metrics[] = {
    LAPOR_METRIC(GAUGE, "lapor_tasks_due",
        "Tasks that could be taken now; at most 1000 of a part count.",
        NULL, NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_oldest_task_seconds",
        "For how long the oldest of them could have been.", NULL, NULL, 1000),
    LAPOR_METRIC(GAUGE, "lapor_tasks_running",
        "Tasks that this worker holds.", NULL, NULL, 1)
};

static int64_t  lapor_outbox_end;   /* of the turn, lapor_mono_ms() */


void
lapor_outbox_start(const char *address, const char *program,
    struct lapor_metric *table, size_t n)
{
    lapor_metrics_table(lapor_outbox_metrics,
                        sizeof(lapor_outbox_metrics)
                        / sizeof(lapor_outbox_metrics[0]));
    lapor_metrics_table(table, n);
    lapor_metrics_start(address, program);
}


void
lapor_outbox_run(const struct lapor_outbox *o)
{
    bool                      ready, stopping;
    int64_t                   end;
    struct lapor_outbox_turn  r;

    memset(&r, 0, sizeof(r));
    r.o = o;
    r.pool = lapor_pool_create(4096);

    end = 0;
    stopping = false;
    lapor_notify_ready();

    for ( ;; ) {
        if (lapor_loop_stopping() && !stopping) {
            stopping = true;
            end = lapor_mono_ms() + o->drain_ms;
            lapor_notify_stopping();
        }

        if (lapor_loop_hup()) {
            lapor_notify_reloading();
            o->reload(o->data);
            lapor_notify_ready();
        }

        lapor_outbox_end = lapor_mono_ms() + LAPOR_OUTBOX_TURN;
        ready = lapor_outbox_session(&r)
                && lapor_outbox_ok(&r, o->settle(o->data), "settle");

        if (stopping && (o->busy(o->data) == 0 || lapor_mono_ms() >= end)) {
            break;
        }

        r.failed = !ready || (!stopping && !lapor_outbox_claim(&r));

        lapor_outbox_meter(&r, ready);
        lapor_notify_turn(0);
        lapor_outbox_wait(&r);
    }

    if (o->busy(o->data) > 0) {
        lapor_log_warn("stopped with tasks under way, their leases will end "
                       "tasks=%d", o->busy(o->data));
    }

    lapor_pool_destroy(r.pool);
}


/* A new connection may lead to another server: its schema is looked at. */

static bool
lapor_outbox_session(struct lapor_outbox_turn *r)
{
    int                         version;
    enum lapor_pg_class         class;
    const struct lapor_outbox  *o;

    o = r->o;

    if (!lapor_outbox_ok(r, lapor_pg_connect(o->pg), "connect")) {
        return false;
    }

    if (r->generation != lapor_pg_generation(o->pg)) {
        version = 0;
        class = lapor_pg_schema_check(o->pg, &version);

        if (class == LAPOR_PG_BUG) {
            lapor_fatal(LAPOR_EXIT_CONFIG, "the database's schema is not the "
                        "one this program knows: %s version=%d known=%d",
                        lapor_pg_error(o->pg), version,
                        LAPOR_SCHEMA_VERSION);
        }

        if (!lapor_outbox_ok(r, class, "schema")) {
            return false;
        }

        r->generation = lapor_pg_generation(o->pg);
        r->woken = true;
    }

    if (!r->begun) {
        r->begun = lapor_outbox_ok(r, o->begin(o->data), "begin");
    }

    return r->begun;
}


static bool
lapor_outbox_ok(struct lapor_outbox_turn *r, enum lapor_pg_class class,
    const char *what)
{
    if (class == LAPOR_PG_DATA || class == LAPOR_PG_BUG) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "PostgreSQL refused: %s step=%s "
                    "sqlstate=%s", lapor_pg_error(r->o->pg), what,
                    lapor_pg_sqlstate(r->o->pg));
    }

    return class == LAPOR_PG_OK;
}


static bool
lapor_outbox_claim(struct lapor_outbox_turn *r)
{
    int                         n, room;
    const struct lapor_outbox  *o;

    o = r->o;

    if (r->pos == r->n
        && (r->woken || r->more || lapor_mono_ms() >= r->poll_at)
        && !lapor_outbox_due(r))
    {
        return false;
    }

    while (r->pos < r->n && !lapor_loop_stopping() && !lapor_outbox_late()) {
        room = o->room(o->data);
        if (room <= 0) {
            return true;
        }

        n = 0;

        if (!lapor_outbox_ok(r, o->claim(o->data, r->parts[r->pos], room, &n),
                             "claim"))
        {
            return false;
        }

        r->more = r->more || n >= room;
        r->pos++;
    }

    return true;
}


static bool
lapor_outbox_due(struct lapor_outbox_turn *r)
{
    int                    i;
    PGresult              *res;
    struct lapor_pgparams  params;

    lapor_pool_reset(r->pool);
    lapor_pgparams_init(&params, r->pool);
    lapor_pgparams_cstr(&params, r->o->kind);

    if (!lapor_outbox_ok(r, lapor_pg_call(r->o->pg, "task_due",
                             "SELECT lapor.task_due($1)", &params, &res),
                         "due"))
    {
        return false;
    }

    r->n = PQntuples(res) < LAPOR_PARTS ? PQntuples(res) : LAPOR_PARTS;
    r->pos = 0;
    r->more = false;
    r->woken = false;
    r->poll_at = lapor_mono_ms() + r->o->poll_ms;

    for (i = 0; i < r->n; i++) {
        r->parts[i] = (int) lapor_pg_get_int(res, i, 0);
    }

    PQclear(res);
    return true;
}


static void
lapor_outbox_wait(struct lapor_outbox_turn *r)
{
    struct pollfd  fd;

    fd.fd = lapor_redis_sub_fd(r->o->sub);
    fd.events = POLLIN;
    fd.revents = 0;

    if (lapor_http_wait(r->o->http, &fd, 1, lapor_outbox_pause(r)) == -1) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "could not wait for transfers");
    }

    if (lapor_redis_sub_drain(r->o->sub) > 0) {
        r->woken = true;
    }
}


bool
lapor_outbox_late(void)
{
    return lapor_mono_ms() >= lapor_outbox_end;
}


/* Until the next poll or reconnection, but a quarter of the watchdog's interval
   at most; whatever ends before wakes the wait. */

static int
lapor_outbox_pause(struct lapor_outbox_turn *r)
{
    int64_t                     ms, max;
    const struct lapor_outbox  *o;

    o = r->o;
    max = lapor_notify_watchdog_ms() / 4;
    max = max > 0 && max < o->poll_ms ? max : o->poll_ms;

    if (lapor_loop_stopping()) {
        /* nothing is claimed any more, only the end of what runs is awaited */
        ms = LAPOR_OUTBOX_AGAIN;

    } else if (r->failed) {
        ms = lapor_pg_retry_ms(o->pg);
        ms = ms < LAPOR_OUTBOX_AGAIN ? LAPOR_OUTBOX_AGAIN : ms;

    } else if (r->pos < r->n || r->woken || r->more) {
        /* what is due waits for room, and room comes with an end, or when a
           brake is let go */
        ms = o->room(o->data) > 0 ? 0 : o->poll_ms;

    } else {
        ms = r->poll_at - lapor_mono_ms();
    }

    if (ms < 0) {
        ms = 0;
    }

    return (int) (ms < max ? ms : max);
}


static void
lapor_outbox_meter(struct lapor_outbox_turn *r, bool ready)
{
    int64_t                     now;
    const struct lapor_outbox  *o;

    o = r->o;
    now = lapor_mono_ms();

    if (now >= r->meter_at || ready != r->told) {
        r->meter_at = now + LAPOR_OUTBOX_METER;
        r->told = ready;
        lapor_metric_set(&lapor_outbox_metrics[LAPOR_OUTBOX_BUSY], 0,
                         o->busy(o->data));
        o->meter(o->data);
        lapor_notify_status("PostgreSQL is %s, Redis is %s",
                            ready ? "up" : "away",
                            lapor_redis_sub_fd(o->sub) != -1 ? "up" : "away");
    }

    if (o->metrics && ready && !r->failed && now >= r->backlog_at) {
        r->backlog_at = now + LAPOR_OUTBOX_BACKLOG;
        lapor_outbox_backlog(r);
    }
}


/* What is only shown is not worth an end: an error is noted, and the numbers
   stay as they are. */

static void
lapor_outbox_backlog(struct lapor_outbox_turn *r)
{
    PGresult              *res;
    struct lapor_pgparams  params;

    lapor_pool_reset(r->pool);
    lapor_pgparams_init(&params, r->pool);
    lapor_pgparams_cstr(&params, r->o->kind);

    if (lapor_pg_call(r->o->pg, "task_backlog",
                      "SELECT due, oldest_ms FROM lapor.task_backlog($1)",
                      &params, &res)
        != LAPOR_PG_OK)
    {
        lapor_log_debug("could not ask what is due: %s",
                        lapor_pg_error(r->o->pg));
        return;
    }

    lapor_metric_set(&lapor_outbox_metrics[LAPOR_OUTBOX_DUE], 0,
                     lapor_pg_get_int(res, 0, 0));
    lapor_metric_set(&lapor_outbox_metrics[LAPOR_OUTBOX_OLDEST], 0,
                     lapor_pg_get_int(res, 0, 1));
    PQclear(res);
}


enum lapor_pg_class
lapor_outbox_retry(struct lapor_pg *pg, const struct lapor_outbox_retry *retry)
{
    enum lapor_pg_class     class;
    struct lapor_pool      *pool;
    struct lapor_pgparams   params;

    pool = lapor_pool_create(1024);
    lapor_pgparams_init(&params, pool);
    lapor_pgparams_int2(&params, (int16_t) retry->part);
    lapor_pgparams_int8(&params, retry->task_id);
    lapor_pgparams_int4(&params, retry->attempt);
    lapor_pgparams_int8(&params, retry->delay_ms);
    lapor_pgparams_bool(&params, retry->counts);

    if (retry->code < 0) {
        lapor_pgparams_null(&params, LAPOR_PG_INT4);

    } else {
        lapor_pgparams_int4(&params, retry->code);
    }

    lapor_pgparams_cstr(&params, retry->error);

    class = lapor_pg_call(pg, "task_retry", "SELECT lapor.task_retry($1, $2, "
                          "$3, $4 * interval '1 millisecond', $5, $6, $7)",
                          &params, NULL);

    lapor_pool_destroy(pool);
    return class;
}


int64_t
lapor_outbox_delay(int n, int64_t base_ms, int64_t max_ms)
{
    int64_t  step;

    for (step = base_ms; n > 1 && step < max_ms; n--) {
        step *= 2;
    }

    if (step > max_ms) {
        step = max_ms;
    }

    step = lapor_random((uint32_t) step + 1);

    return step < 100 ? 100 : step;
}
