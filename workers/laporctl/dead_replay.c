/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl dead replay: quarantined webhooks back onto their streams.
 *
 * An item is marked first, then its webhook queued, then the mark committed:
 * the row stays locked meanwhile, so that an intake that fails on it again
 * waits and has the last word, and a Redis that did not take it undoes the
 * mark.
 */

#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/dead.h"
#include "laporctl/queue.h"
#include "lib/pool.h"


#define REPLAY_PAGE  100


struct dead_replay {
    struct ctl_args     *args;
    struct lapor_pg     *pg;
    struct lapor_redis  *redis;
    struct lapor_pool   *pool;
    int                  webhooks;
    int                  failed;
};


static int replay_named(struct dead_replay *dr);
static int replay_all(struct dead_replay *dr);
static int replay_one(struct dead_replay *dr, const struct ctl_dead *dead);
static int mark(struct dead_replay *dr, const struct ctl_dead *dead,
    PGresult **ret_res);


const struct ctl_option  lapor_ctl_dead_replay_options[] = {
    { "all", NULL, "everything that is dead" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_dead_replay(struct ctl_args *args)
{
    int                     rc;
    struct dead_replay      dr;
    const struct ctl_conf  *conf;

    if (lapor_ctl_flag(args, "all") == (args->n > 0)) {
        return lapor_ctl_usage(args, "name IDs of dead list, or --all");
    }

    memset(&dr, 0, sizeof(dr));
    conf = lapor_ctl_conf(args);
    dr.args = args;
    dr.pg = lapor_ctl_pg(conf);
    dr.redis = lapor_ctl_redis(conf);
    dr.pool = lapor_pool_create(65536);

    rc = args->n > 0 ? replay_named(&dr) : replay_all(&dr);

    if (args->json) {
        printf("{\"webhooks\":%d,\"failed\":%d}\n", dr.webhooks, dr.failed);

    } else {
        printf("%d webhooks queued again, %d failed\n", dr.webhooks,
               dr.failed);
    }

    lapor_pool_destroy(dr.pool);
    lapor_redis_free(dr.redis);
    lapor_pg_free(dr.pg);

    return rc == 0 && dr.failed == 0 ? 0 : CTL_EXIT_FAILED;
}


static int
replay_named(struct dead_replay *dr)
{
    int              i;
    struct ctl_dead  dead;

    for (i = 0; i < dr->args->n; i++) {
        if (lapor_ctl_dead_read(dr->args->files[i], &dead) == -1) {
            lapor_ctl_fail("\"%s\" is not an ID of dead list",
                           dr->args->files[i]);
            dr->failed++;
            continue;
        }

        if (replay_one(dr, &dead) == -1) {
            dr->failed++;
        }

        lapor_pool_reset(dr->pool);
    }

    return 0;
}


/* Page by page, by receive time: one that dies again meanwhile is not taken a
 * second time, since the pages only go forward. */

static int
replay_all(struct dead_replay *dr)
{
    int                     row, rows;
    PGresult               *res;
    struct ctl_dead         dead;
    struct lapor_pgparams   p;

    memset(&dead, 0, sizeof(dead));
    dead.part = -1;
    dead.raw_id = INT64_MIN;
    dead.received_ms = INT64_MIN;

    do {
        lapor_pgparams_init(&p, dr->pool);
        lapor_pgparams_int8(&p, dead.received_ms);
        lapor_pgparams_int4(&p, dead.part);
        lapor_pgparams_int8(&p, dead.raw_id);
        lapor_pgparams_int4(&p, REPLAY_PAGE);

        if (lapor_pg_call(dr->pg, "dead_page",
                "SELECT DISTINCT q.part::integer, q.raw_id, floor(extract("
                "epoch FROM q.received_at) * 1000)::bigint AS ms "
                "FROM lapor.quarantine q WHERE q.state = 'dead' "
                "AND (floor(extract(epoch FROM q.received_at) * 1000), "
                "q.part::integer, q.raw_id) > ($1, $2, $3) "
                "ORDER BY ms, 1, 2 LIMIT $4", &p, &res) != LAPOR_PG_OK)
        {
            return -lapor_ctl_pg_fail(dr->pg, "dead replay");
        }

        rows = PQntuples(res);

        for (row = 0; row < rows; row++) {
            dead.part = (int) lapor_pg_get_int(res, row, 0);
            dead.raw_id = lapor_pg_get_int(res, row, 1);
            dead.received_ms = lapor_pg_get_int(res, row, 2);

            if (replay_one(dr, &dead) == -1) {
                dr->failed++;
            }
        }

        PQclear(res);
        lapor_pool_reset(dr->pool);

    } while (rows == REPLAY_PAGE);

    return 0;
}


/* All items of the webhook: the whole body goes out, and each item of it that
 * is dead gets its new chance. */

static int
replay_one(struct dead_replay *dr, const struct ctl_dead *dead)
{
    int        rc;
    PGresult  *res;

    if (lapor_pg_begin(dr->pg) != LAPOR_PG_OK) {
        lapor_ctl_pg_fail(dr->pg, "begin");
        return -1;
    }

    if (mark(dr, dead, &res) == -1) {
        lapor_pg_rollback(dr->pg);
        return -1;
    }

    rc = lapor_ctl_queue(dr->redis, lapor_pg_get_str(res, 0, 0),
                         lapor_pg_get_str(res, 0, 1),
                         lapor_pg_get_time(res, 0, 2), dead->part, false);

    if (rc == -1) {
        lapor_ctl_fail("its stream is none of ours");

    } else if (lapor_ctl_queue_answers(dr->redis, 1) != 1) {
        rc = -1;
        lapor_ctl_fail("redis did not take it");
    }

    PQclear(res);

    if (rc == -1) {
        lapor_pg_rollback(dr->pg);
        return -1;
    }

    if (lapor_pg_commit(dr->pg) != LAPOR_PG_OK) {
        lapor_ctl_pg_fail(dr->pg, "commit");
        return -1;
    }

    dr->webhooks++;
    return 0;
}


static int
mark(struct dead_replay *dr, const struct ctl_dead *dead, PGresult **ret_res)
{
    char                    id[CTL_DEAD_LEN];
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, dr->pool);
    lapor_pgparams_int2(&p, (int16_t) dead->part);
    lapor_pgparams_int8(&p, dead->raw_id);
    lapor_pgparams_int8(&p, dead->received_ms);

    if (lapor_pg_call(dr->pg, "dead_mark",
            "SELECT q.stream, q.body, q.received_at, "
            "lapor.quarantine_replayed(q.part, q.raw_id, q.received_at, "
            "q.item) FROM lapor.quarantine q "
            "WHERE q.part = $1 AND q.raw_id = $2 AND floor(extract(epoch "
            "FROM q.received_at) * 1000) = $3 ORDER BY q.item", &p, ret_res)
        != LAPOR_PG_OK)
    {
        lapor_ctl_pg_fail(dr->pg, "dead replay");
        return -1;
    }

    if (PQntuples(*ret_res) == 0) {
        lapor_ctl_dead_name(dead, id);
        lapor_ctl_fail("nothing in quarantine is called %s", id);
        PQclear(*ret_res);
        return -1;
    }

    return 0;
}
