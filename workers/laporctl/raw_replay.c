/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl raw replay: stored webhooks of a time range back onto the streams
 * on which they came, with their first receive time and the part of their
 * row, so that lapor-intake finds that, corrects what is wrong and stores what
 * is missing.
 *
 * The table is read in small pages by its key: memory does not grow with the
 * range, and no transaction stays open. Nor does Redis grow: a stream is given
 * more only when most of what it has is done, so that live webhooks wait for
 * little of the replay. Whoever breaks it off goes on from the time that was
 * told last; what is queued twice is harmless.
 */

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/queue.h"
#include "lib/pool.h"
#include "lib/timeutil.h"


/* Bodies are 3 MB at most, hence 48 MB a page. */
#define REPLAY_PAGE     16

/* Entries that a stream may have waiting before it is given more: less than a
 * second's work. */
#define REPLAY_WAITING  1000
#define REPLAY_PAUSE_MS 20
#define REPLAY_PATIENCE 250     /* pauses, before it is told */

/* Webhooks after which it is told how far it is. */
#define REPLAY_TELL     10000


struct replay {
    struct ctl_args     *args;
    struct lapor_pg     *pg;
    struct lapor_redis  *redis;   /* NULL: dry run */
    struct lapor_pool   *pool;
    char                 from[64];  /* the last row seen: received_at, ... */
    int                  part;
    int64_t              raw_id;
    int64_t              until;     /* Unix ms, not included */
    int64_t              at_ms;     /* receive time of the last one queued */
    int64_t              seen;
    int64_t              queued;
    int64_t              bytes;
};


static int replay(struct replay *rp);
static int page(struct replay *rp, int *ret_rows);
static int queue_page(struct replay *rp, const PGresult *res);
static int wait_room(struct replay *rp, const PGresult *res);
static int64_t waiting(struct lapor_redis *redis, struct lapor_str stream);
static void tell(const struct replay *rp);
static void report(const struct replay *rp);


const struct ctl_option  lapor_ctl_raw_replay_options[] = {
    { "from", "TIME", "first receive time, as 2026-01-31T17:00:00Z" },
    { "to", "TIME", "receive time before which to stop" },
    { "dry-run", NULL, "count, and queue nothing" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_raw_replay(struct ctl_args *args)
{
    int                     status;
    int64_t                 from;
    struct replay           rp;
    const struct ctl_conf  *conf;

    memset(&rp, 0, sizeof(rp));
    rp.args = args;
    rp.part = -1;
    rp.raw_id = INT64_MIN;

    if (lapor_ctl_read_time(args, "from", &from) == -1
        || lapor_ctl_read_time(args, "to", &rp.until) == -1)
    {
        return CTL_EXIT_USAGE;
    }

    lapor_time_format(from, rp.from);

    conf = lapor_ctl_conf(args);
    rp.pg = lapor_ctl_pg(conf);

    if (!lapor_ctl_flag(args, "dry-run")) {
        rp.redis = lapor_ctl_redis(conf);
    }

    rp.pool = lapor_pool_create(65536);
    status = replay(&rp);
    report(&rp);

    lapor_pool_destroy(rp.pool);
    lapor_redis_free(rp.redis);
    lapor_pg_free(rp.pg);

    return status;
}


static int
replay(struct replay *rp)
{
    int  rows;

    do {
        if (page(rp, &rows) == -1) {
            return CTL_EXIT_FAILED;
        }

        lapor_pool_reset(rp->pool);

    } while (rows == REPLAY_PAGE);

    return 0;
}


/* The next rows in the order of (received_at, part, raw_id). The time goes
 * to and fro as text, because it may hold microseconds. */

static int
page(struct replay *rp, int *ret_rows)
{
    int                     rc;
    PGresult               *res;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, rp->pool);
    lapor_pgparams_cstr(&p, rp->from);
    lapor_pgparams_int4(&p, rp->part);
    lapor_pgparams_int8(&p, rp->raw_id);
    lapor_pgparams_time(&p, rp->until);
    lapor_pgparams_int4(&p, REPLAY_PAGE);
    lapor_pgparams_bool(&p, rp->redis != NULL);

    if (lapor_pg_call(rp->pg, "raw_page",
            "SELECT w.received_at::text, w.part::integer, w.raw_id, "
            "w.stream, w.received_at, octet_length(w.body), "
            "CASE WHEN $6 THEN w.body END "
            "FROM lapor.raw_webhook w "
            "WHERE w.received_at >= $1::timestamptz AND w.received_at < $4 "
            "AND (w.received_at, w.part::integer, w.raw_id) "
            "> ($1::timestamptz, $2, $3) "
            "ORDER BY w.received_at, w.part, w.raw_id LIMIT $5", &p, &res)
        != LAPOR_PG_OK)
    {
        lapor_ctl_pg_fail(rp->pg, "raw replay");
        return -1;
    }

    *ret_rows = PQntuples(res);
    rc = queue_page(rp, res);

    if (rc == 0 && rp->redis != NULL) {
        rc = wait_room(rp, res);
    }

    PQclear(res);

    return rc;
}


static int
queue_page(struct replay *rp, const PGresult *res)
{
    int               row, sent, good;
    struct lapor_str  from;

    sent = 0;

    for (row = 0; row < PQntuples(res); row++) {
        from = lapor_pg_get_str(res, row, 0);
        snprintf(rp->from, sizeof(rp->from), "%.*s", (int) from.len,
                 from.data);
        rp->part = (int) lapor_pg_get_int(res, row, 1);
        rp->raw_id = lapor_pg_get_int(res, row, 2);
        rp->bytes += lapor_pg_get_int(res, row, 5);
        rp->seen++;

        if (rp->redis == NULL) {
            continue;
        }

        if (lapor_ctl_queue(rp->redis, lapor_pg_get_str(res, row, 3),
                            lapor_pg_get_str(res, row, 6),
                            lapor_pg_get_time(res, row, 4), rp->part, true)
            == -1)
        {
            lapor_ctl_fail("webhook %d-%016" PRIx64 " came from a stream "
                           "that is none of ours", rp->part,
                           (uint64_t) rp->raw_id);
            continue;
        }

        sent++;
    }

    good = rp->redis == NULL ? 0 : lapor_ctl_queue_answers(rp->redis, sent);
    rp->queued += good;

    if (good < sent) {
        lapor_ctl_fail("redis did not take all");
        tell(rp);
        return -1;
    }

    if (row > 0) {
        rp->at_ms = lapor_pg_get_time(res, row - 1, 4);
    }

    if (rp->redis != NULL && rp->seen / REPLAY_TELL
                             != (rp->seen - row) / REPLAY_TELL)
    {
        tell(rp);
    }

    return 0;
}


/* Until the streams that were given something have done most of it. */

static int
wait_room(struct replay *rp, const PGresult *res)
{
    int               row, pauses;
    int64_t           n;
    struct lapor_str  stream;

    pauses = 0;

    for (row = 0; row < PQntuples(res); row++) {
        stream = lapor_pg_get_str(res, row, 3);

        while ((n = waiting(rp->redis, stream)) > REPLAY_WAITING) {
            (void) poll(NULL, 0, REPLAY_PAUSE_MS);

            if (++pauses == REPLAY_PATIENCE) {
                lapor_ctl_fail("waiting for lapor-intake: %" PRId64 " entries "
                               "of %.*s are before this", n, (int) stream.len,
                               stream.data);
            }
        }

        if (n == -1) {
            lapor_ctl_fail("redis: the connection is lost");
            tell(rp);
            return -1;
        }
    }

    return 0;
}


/* What our group has not read or not acknowledged; all that is there where
 * Redis does not know. */

static int64_t
waiting(struct lapor_redis *redis, struct lapor_str stream)
{
    int64_t      n, lag;
    redisReply  *groups, *length;

    lapor_redis_append(redis, "XINFO GROUPS %b", stream.data, stream.len);
    lapor_redis_append(redis, "XLEN %b", stream.data, stream.len);
    groups = lapor_redis_reply(redis);
    length = lapor_redis_reply(redis);

    if (groups == NULL || length == NULL) {
        n = -1;

    } else if (groups->type != REDIS_REPLY_ARRAY || groups->elements != 1) {
        n = length->integer;

    } else {
        lag = lapor_redis_number(groups->element[0], "lag");
        n = lag < 0 ? length->integer
                    : lag + lapor_redis_number(groups->element[0], "pending");
    }

    freeReplyObject(groups);
    freeReplyObject(length);

    return n;
}


/* How far it is, and where to go on. */

static void
tell(const struct replay *rp)
{
    char  time[LAPOR_TIME_LEN];

    if (rp->queued == 0) {
        return;
    }

    lapor_ctl_fail("%" PRId64 " webhooks are queued; --from %s goes on there",
                   rp->queued, lapor_time_format(rp->at_ms, time));
}


static void
report(const struct replay *rp)
{
    printf(rp->args->json
           ? "{\"webhooks\":%" PRId64 ",\"bytes\":%" PRId64 ",\"queued\":%"
             PRId64 "}\n"
           : "%" PRId64 " webhooks, %" PRId64 " bytes, %" PRId64
             " queued again\n", rp->seen, rp->bytes, rp->queued);
}
