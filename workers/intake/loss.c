/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/loss.h"
#include "lib/log.h"


static bool loss_ask(const struct lapor_intake_lease *lease,
    struct lapor_intake_store *store);
static bool loss_known(struct lapor_stream *stream, const char *key,
    const char *id);
static void loss_add(struct lapor_intake_loss_sum *sum,
    const struct lapor_stream_loss *one);
static void loss_tell(struct lapor_intake_store *store,
    struct lapor_intake_loss_sum *sum, const char *kind,
    enum lapor_intake_severity severity);


void
lapor_intake_loss_turn(struct lapor_intake_loss *loss,
    const struct lapor_intake_lease *lease, struct lapor_intake_store *store)
{
    uint64_t                  generation, gained;
    struct lapor_stream_loss  one;

    generation = lapor_redis_generation(lapor_stream_redis(lease->stream));

    if (loss->generation != generation || loss->gained != lease->gained) {
        gained = lease->gained;

        /* asked again until there is an answer */
        if (loss_ask(lease, store)) {
            loss->generation = generation;
            loss->gained = gained;
        }
    }

    while (lapor_stream_lost(lease->stream, &one)) {
        loss_add(one.data ? &loss->data : &loss->group, &one);
    }

    loss_tell(store, &loss->data, "redis_lost", LAPOR_INTAKE_CRITICAL);
    loss_tell(store, &loss->group, "redis_group_lost", LAPOR_INTAKE_WARNING);
}


static bool
loss_ask(const struct lapor_intake_lease *lease,
    struct lapor_intake_store *store)
{
    int                  row;
    char                *key, *id;
    PGresult            *res;
    enum lapor_pg_class  class;

    class = lapor_pg_call(store->pg, "stream_done",
                          "SELECT stream, last_id FROM lapor.stream_done()",
                          NULL, &res);

    if (class != LAPOR_PG_OK) {
        lapor_log_warn("could not compare redis with the database: %s",
                       lapor_pg_error(store->pg));
        return false;
    }

    for (row = 0; row < PQntuples(res); row++) {
        key = lapor_pg_get_copy(res, row, 0);
        id = lapor_pg_get_copy(res, row, 1);

        if (!loss_known(lease->stream, key, id)) {
            lapor_log_debug("the database has entries of another stream");
        }

        free(key);
        free(id);
    }

    PQclear(res);
    lapor_stream_known(lease->stream);

    return true;
}


/* False: no stream of ours, or no id. */

static bool
loss_known(struct lapor_stream *stream, const char *key, const char *id)
{
    unsigned                i;
    struct lapor_stream_id  top;

    if (lapor_stream_id_parse(id, &top) == -1) {
        return false;
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {

        if (strcmp(lapor_stream_key_at(i), key) != 0) {
            continue;
        }

        if (lapor_stream_owns(stream, i % LAPOR_STREAM_PARTS)) {
            lapor_stream_know(stream, i, top);
        }

        return true;
    }

    return false;
}


static void
loss_add(struct lapor_intake_loss_sum *sum,
    const struct lapor_stream_loss *one)
{
    if (sum->streams++ == 0) {
        sum->first = *one;
    }
}


/* Kept until PostgreSQL has it. */

static void
loss_tell(struct lapor_intake_store *store, struct lapor_intake_loss_sum *sum,
    const char *kind, enum lapor_intake_severity severity)
{
    int                        n;
    char                       detail[512];
    struct lapor_intake_alert  alert;

    if (sum->streams == 0) {
        return;
    }

    n = snprintf(detail, sizeof(detail), "{\"streams\":%u,\"first\":\"%s\","
                 "\"known\":\"%" PRIu64 "-%" PRIu64 "\","
                 "\"found\":\"%" PRIu64 "-%" PRIu64 "\"}", sum->streams,
                 sum->first.key, sum->first.known.ms, sum->first.known.seq,
                 sum->first.found.ms, sum->first.found.seq);

    memset(&alert, 0, sizeof(alert));
    alert.mode = LAPOR_INTAKE_ALERT_OPEN;
    alert.severity = severity;
    alert.kind = kind;
    alert.subject = LAPOR_STR("redis");
    alert.detail.data = detail;
    alert.detail.len = (size_t) n;

    if (lapor_intake_alert_now(store->pg, store->pool, &alert)
        == LAPOR_PG_OK)
    {
        lapor_log_warn("redis is not what it was kind=%s streams=%u first=%s",
                       kind, sum->streams, sum->first.key);
        sum->streams = 0;
    }
}
