/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What a server says is taken to be of the middle between question and answer;
 * half of that time may be wrong, and is allowed for.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/clock.h"
#include "lib/log.h"
#include "lib/timeutil.h"


#define CLOCK_DAY_MS   INT64_C(86400000)

/* in a row until a time that makes no sense is the clock's, not a message's */
#define CLOCK_FAR      5

/* likewise of old messages, and for how long: what Meta sends again after an
 * outage is old, too, but new ones come between */
#define CLOCK_LATE     20
#define CLOCK_LATE_MS  INT64_C(300000)
#define CLOCK_SPAN_MS  INT64_C(3600000)


static void clock_meta(struct lapor_intake_clock *clock, int64_t received,
    int64_t sent);
static void clock_late(struct lapor_intake_clock *clock, int64_t received,
    int64_t age);
static void clock_note(struct lapor_intake_clock *clock,
    enum lapor_intake_clock_of of, int64_t ahead);
static void clock_server(struct lapor_intake_clock *clock,
    enum lapor_intake_clock_of of, int64_t before, int64_t told);
static void clock_redis(struct lapor_intake_clock *clock,
    struct lapor_redis *redis);
static void clock_postgres(struct lapor_intake_clock *clock,
    struct lapor_pg *pg);
static void clock_judge(struct lapor_intake_clock *clock,
    enum lapor_intake_clock_of of, struct lapor_intake_store *store);


static const char *const  clock_names[LAPOR_INTAKE_CLOCKS] = {
    [LAPOR_INTAKE_CLOCK_REDIS] = "redis",
    [LAPOR_INTAKE_CLOCK_POSTGRES] = "postgresql",
    [LAPOR_INTAKE_CLOCK_NGINX] = "nginx",
    [LAPOR_INTAKE_CLOCK_META] = "meta",
    [LAPOR_INTAKE_CLOCK_LATE] = "meta_late"
};


void
lapor_intake_clock_init(struct lapor_intake_clock *clock)
{
    memset(clock, 0, sizeof(*clock));

    if (pthread_mutex_init(&clock->lock, NULL) != 0) {
        lapor_fatal(LAPOR_EXIT_OS, "could not make a lock");
    }
}


void
lapor_intake_clock_done(struct lapor_intake_clock *clock)
{
    (void) pthread_mutex_destroy(&clock->lock);
}


void
lapor_intake_clock_batch(struct lapor_intake_clock *clock,
    const struct lapor_intake_batch *batch)
{
    size_t                           i;
    const struct lapor_intake_raw   *raw;
    const struct lapor_intake_unit  *unit;

    (void) pthread_mutex_lock(&clock->lock);

    for (i = 0; i < batch->list.n; i++) {
        unit = &batch->list.units[i];
        raw = unit->raw;

        /* what a person puts back tells of the clocks of another day */
        if (raw->entry->part >= 0) {
            continue;
        }

        /* the id begins with Redis's time; one from the spool is much later,
         * and nothing tells it from others: so nginx is judged ahead only */
        clock_note(clock, LAPOR_INTAKE_CLOCK_NGINX,
                   raw->received_ms - strtoll(raw->entry->id, NULL, 10));

        if (unit->kind == LAPOR_INTAKE_MESSAGE
            && unit->message->event->sent == LAPOR_SENT_VALID)
        {
            clock_meta(clock, raw->received_ms,
                       unit->message->event->sent_at * 1000);
        }
    }

    (void) pthread_mutex_unlock(&clock->lock);
}


static void
clock_meta(struct lapor_intake_clock *clock, int64_t received, int64_t sent)
{
    int64_t  ahead;

    ahead = sent - received;

    if (ahead <= CLOCK_DAY_MS) {
        clock->far = 0;
        clock_note(clock, LAPOR_INTAKE_CLOCK_META, ahead);
        clock_late(clock, received, -ahead);
        return;
    }

    /* one message that comes again and again is still one */
    if (clock->far == 0 || sent != clock->far_sent) {
        clock->far++;
        clock->far_sent = sent;
    }

    if (clock->far >= CLOCK_FAR) {
        clock_note(clock, LAPOR_INTAKE_CLOCK_META, ahead);
    }
}


static void
clock_late(struct lapor_intake_clock *clock, int64_t received, int64_t age)
{
    if (age <= CLOCK_LATE_MS) {
        clock->late = 0;
        clock->seen[LAPOR_INTAKE_CLOCK_LATE] = true;
        clock->ahead[LAPOR_INTAKE_CLOCK_LATE] = 0;  /* refutes what was late */
        return;
    }

    if (clock->late == 0 || received < clock->late_since) {
        clock->late_since = received;
    }

    if (clock->late == 0 || age < clock->late_by) {
        clock->late_by = age;
    }

    clock->late++;

    if (clock->late >= CLOCK_LATE
        && received - clock->late_since >= CLOCK_SPAN_MS)
    {
        clock_note(clock, LAPOR_INTAKE_CLOCK_LATE, clock->late_by);
    }
}


static void
clock_note(struct lapor_intake_clock *clock, enum lapor_intake_clock_of of,
    int64_t ahead)
{
    if (!clock->seen[of] || ahead > clock->ahead[of]) {
        clock->ahead[of] = ahead;
    }

    clock->seen[of] = true;
}


void
lapor_intake_clock_turn(struct lapor_intake_clock *clock, int64_t every,
    struct lapor_redis *redis, struct lapor_intake_store *store)
{
    unsigned  of;

    if (lapor_mono_ms() < clock->due) {
        return;
    }

    clock->due = lapor_mono_ms() + every;
    clock_redis(clock, redis);
    clock_postgres(clock, store->pg);

    for (of = 0; of < LAPOR_INTAKE_CLOCKS; of++) {
        clock_judge(clock, of, store);
    }
}


static void
clock_redis(struct lapor_intake_clock *clock, struct lapor_redis *redis)
{
    int64_t      before, told;
    redisReply  *reply;

    before = lapor_time_ms();
    reply = lapor_redis_cmd(redis, "TIME");

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY
        && reply->elements == 2)
    {
        told = strtoll(reply->element[0]->str, NULL, 10) * 1000
               + strtoll(reply->element[1]->str, NULL, 10) / 1000;
        clock_server(clock, LAPOR_INTAKE_CLOCK_REDIS, before, told);
    }

    freeReplyObject(reply);
}


static void
clock_postgres(struct lapor_intake_clock *clock, struct lapor_pg *pg)
{
    int64_t    before;
    PGresult  *res;

    before = lapor_time_ms();

    if (lapor_pg_call(pg, "clock", "SELECT clock_timestamp()", NULL, &res)
        == LAPOR_PG_OK)
    {
        clock_server(clock, LAPOR_INTAKE_CLOCK_POSTGRES, before,
                     lapor_pg_get_time(res, 0, 0));
        PQclear(res);
    }
}


/* Ahead or behind is the same to us. */

static void
clock_server(struct lapor_intake_clock *clock, enum lapor_intake_clock_of of,
    int64_t before, int64_t told)
{
    int64_t  half, off;

    half = (lapor_time_ms() - before) / 2;
    off = llabs(told - before - half) - llabs(half);

    (void) pthread_mutex_lock(&clock->lock);
    clock->ahead[of] = off;
    clock->seen[of] = true;
    (void) pthread_mutex_unlock(&clock->lock);
}


/* Told when it changes, and while it is wrong at each look; what nothing was
 * seen of stays as it is. */

static void
clock_judge(struct lapor_intake_clock *clock, enum lapor_intake_clock_of of,
    struct lapor_intake_store *store)
{
    int                            n;
    bool                           seen;
    char                           detail[64];
    int64_t                        ahead;
    struct lapor_intake_alert      alert;
    enum lapor_intake_clock_state  now;

    (void) pthread_mutex_lock(&clock->lock);
    seen = clock->seen[of];
    ahead = clock->ahead[of];
    clock->seen[of] = false;
    (void) pthread_mutex_unlock(&clock->lock);

    now = ahead > LAPOR_INTAKE_SKEW_MS ? LAPOR_INTAKE_CLOCK_WRONG
                                       : LAPOR_INTAKE_CLOCK_RIGHT;

    if (!seen || (now == LAPOR_INTAKE_CLOCK_RIGHT && clock->state[of] == now))
    {
        return;
    }

    n = snprintf(detail, sizeof(detail), "{\"ms\":%" PRId64 "}", ahead);

    memset(&alert, 0, sizeof(alert));
    alert.mode = now == LAPOR_INTAKE_CLOCK_WRONG ? LAPOR_INTAKE_ALERT_OFTEN
                                                 : LAPOR_INTAKE_ALERT_CLOSE;
    alert.severity = LAPOR_INTAKE_WARNING;
    alert.kind = "clock_skew";
    alert.subject.data = clock_names[of];
    alert.subject.len = strlen(clock_names[of]);
    alert.detail.data = detail;
    alert.detail.len = (size_t) n;

    if (lapor_intake_alert_now(store->pg, store->pool, &alert) == LAPOR_PG_OK)
    {
        clock->state[of] = now;
    }
}
