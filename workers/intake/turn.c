/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The order that nothing may change: read, store, COMMIT, XACK. An entry that
 * is not acknowledged comes again, to this process or to another, and what it
 * holds is in the ledger by then.
 *
 * While PostgreSQL is away the entries at hand are kept and tried again, and
 * no others are read: they wait in Redis.
 */

#include <inttypes.h>
#include <string.h>

#include "intake/turn.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/notify.h"
#include "lib/version.h"


#define TURN_POOL       (1024 * 1024)
#define TURN_HOUR_MS    3600000
#define TURN_STATE_MS   1000


static bool turn_ready(struct lapor_intake *in);
static void turn_schema(struct lapor_intake *in, enum lapor_pg_class class,
    int version);
static void turn_months(struct lapor_intake *in);
static int turn_read(struct lapor_intake *in, struct lapor_entry **ret_entries,
    size_t *ret_n);
static int turn_batch(struct lapor_intake *in,
    const struct lapor_entry *entries, size_t n);
static void turn_retry(struct lapor_intake *in);
static void turn_wait(int64_t ms);
static void turn_state(struct lapor_intake *in);
static void turn_trim(struct lapor_intake *in);


void
lapor_intake_init(struct lapor_intake *in,
    const struct lapor_intake_conf *conf)
{
    char                      err[256];
    struct lapor_pg_conf      pg;
    struct lapor_redis_conf   redis;
    struct lapor_stream_conf  stream;

    memset(in, 0, sizeof(*in));
    in->conf = conf;

    lapor_common_pg(&conf->common, "lapor-intake", &pg);
    lapor_common_redis(&conf->common, "lapor-intake", &redis);

    in->store.pg = lapor_pg_new(&pg, err, sizeof(err));

    if (in->store.pg == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "database: %s", err);
    }

    memset(&stream, 0, sizeof(stream));
    stream.consumer = conf->consumer;
    stream.count = (int) conf->batch;
    stream.bytes = (size_t) conf->batch_bytes;
    stream.block_ms = (int) conf->block;
    stream.claim_ms = (int) conf->claim_idle;

    in->stream = lapor_stream_new(&redis, &stream);
    in->entries = lapor_pool_create(TURN_POOL);
    in->batch.pool = lapor_pool_create(TURN_POOL);
    in->store.pool = lapor_pool_create(TURN_POOL);
    in->backoff.min = 20;
    in->backoff.max = 5000;
    in->summary_due = lapor_mono_ms() + conf->summary;

    /* its own entries of another life come first */
    in->claim_due = lapor_mono_ms() + conf->claim_idle / 16;
}


void
lapor_intake_done(struct lapor_intake *in)
{
    lapor_stream_free(in->stream);
    lapor_pg_free(in->store.pg);
    lapor_pool_destroy(in->entries);
    lapor_pool_destroy(in->batch.pool);
    lapor_pool_destroy(in->store.pool);
}


void
lapor_intake_turn(struct lapor_intake *in)
{
    size_t               n, taken;
    struct lapor_entry  *entries;

    lapor_notify_watchdog();

    if (lapor_mono_ms() >= in->summary_due) {
        lapor_intake_summary(in);
    }

    if (!turn_ready(in)) {
        turn_retry(in);
        return;
    }

    lapor_backoff_ok(&in->backoff);
    in->waiting = false;
    turn_months(in);

    lapor_pool_reset(in->entries);

    if (turn_read(in, &entries, &n) == -1) {
        turn_state(in);
        turn_wait(lapor_redis_retry_ms(lapor_stream_redis(in->stream)));
        return;
    }

    while (n > 0) {
        lapor_pool_reset(in->batch.pool);

        taken = lapor_intake_batch_fill(&in->batch, entries, n,
                                        (size_t) in->conf->batch_items,
                                        (size_t) in->conf->batch_bytes);

        /* stopped while it could not be stored: the entries stay pending */
        if (turn_batch(in, entries, taken) == -1) {
            return;
        }

        entries += taken;
        n -= taken;
    }

    turn_trim(in);
    turn_state(in);
}


/* Is PostgreSQL there, and of the version that we know? A new connection can
 * lead to another server, or to the same after a migration. */

static bool
turn_ready(struct lapor_intake *in)
{
    int                   version;
    struct lapor_pg      *pg;
    enum lapor_pg_class   class;

    pg = in->store.pg;
    class = lapor_pg_connect(pg);

    if (class == LAPOR_PG_OK
        && in->store.generation == lapor_pg_generation(pg))
    {
        return true;
    }

    version = 0;

    if (class == LAPOR_PG_OK) {
        class = lapor_pg_schema_check(pg, &version);
    }

    if (class == LAPOR_PG_OK) {
        in->store.generation = lapor_pg_generation(pg);
        return true;
    }

    turn_schema(in, class, version);

    return false;
}


/* Refused for good: another schema, no rights, no such database. */

static void
turn_schema(struct lapor_intake *in, enum lapor_pg_class class, int version)
{
    if (class == LAPOR_PG_RETRY) {
        return;
    }

    if (version != 0) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "schema has another version, run "
                    "\"laporctl setup\" or install the matching program "
                    "version=%d known=%d", version, LAPOR_SCHEMA_VERSION);
    }

    lapor_fatal(LAPOR_EXIT_CONFIG, "database is not usable: %s",
                lapor_pg_error(in->store.pg));
}


static void
turn_months(struct lapor_intake *in)
{
    PGresult              *res;
    enum lapor_pg_class    class;
    struct lapor_pgparams  p;

    if (lapor_mono_ms() < in->months_due) {
        return;
    }

    lapor_pool_reset(in->store.pool);
    lapor_pgparams_init(&p, in->store.pool);
    lapor_pgparams_int4(&p, (int32_t) in->conf->months_ahead);

    class = lapor_pg_call(in->store.pg, "months_ahead",
                          "SELECT lapor.months_ahead($1)", &p, &res);

    /* there is a default partition: messages are stored all the same */
    if (class != LAPOR_PG_OK) {
        lapor_log_warn("could not make partitions ahead: %s",
                       lapor_pg_error(in->store.pg));
        in->months_due = lapor_mono_ms() + TURN_HOUR_MS / 60;
        return;
    }

    if (lapor_pg_get_int(res, 0, 0) > 0) {
        lapor_log_info("made partitions ahead count=%" PRId64,
                       lapor_pg_get_int(res, 0, 0));
    }

    PQclear(res);
    in->months_due = lapor_mono_ms() + TURN_HOUR_MS;
}


/* What a dead consumer left comes before what is new. Looked for often enough
 * that all streams are seen within half the time that an entry must have been
 * idle. */

static int
turn_read(struct lapor_intake *in, struct lapor_entry **ret_entries,
    size_t *ret_n)
{
    int64_t  now;

    now = lapor_mono_ms();

    if (now >= in->claim_due) {
        in->claim_due = now + in->conf->claim_idle / 16;

        if (lapor_stream_claim(in->stream, in->entries, ret_entries, ret_n)
            == -1)
        {
            return -1;
        }

        if (*ret_n > 0) {
            lapor_log_notice("entries of another consumer taken over "
                             "count=%zu first=%s entry=%s", *ret_n,
                             (*ret_entries)->key, (*ret_entries)->id);
            return 0;
        }
    }

    return lapor_stream_read(in->stream, in->entries, true, ret_entries,
                             ret_n);
}


/* 0 when stored, whether Redis heard of it or not; -1 when stopping. */

static int
turn_batch(struct lapor_intake *in, const struct lapor_entry *entries,
    size_t n)
{
    struct lapor_redis         *redis;
    enum lapor_pg_class         class;
    struct lapor_intake_count   before;

    before = in->store.count;
    class = LAPOR_PG_RETRY;

    while (class != LAPOR_PG_OK) {

        if (turn_ready(in)) {
            class = lapor_intake_store_batch(&in->store, &in->batch);
        }

        if (class == LAPOR_PG_BUG) {
            lapor_fatal(LAPOR_EXIT_RUNTIME, "could not store: %s stream=%s "
                        "entry=%s", lapor_pg_error(in->store.pg),
                        entries[0].key, entries[0].id);
        }

        if (class != LAPOR_PG_OK) {

            if (lapor_loop_stopping()) {
                return -1;
            }

            turn_retry(in);
        }
    }

    lapor_backoff_ok(&in->backoff);
    in->waiting = false;
    redis = lapor_stream_redis(in->stream);

    if (in->store.count.reply_tasks != before.reply_tasks) {
        lapor_redis_publish(redis, LAPOR_WAKE_REPLY);
    }

    if (in->store.count.media_tasks != before.media_tasks) {
        lapor_redis_publish(redis, LAPOR_WAKE_MEDIA);
    }

    lapor_log_debug("stored entries=%zu messages=%" PRIu64 " statuses=%"
                    PRIu64, n, in->store.count.messages - before.messages,
                    in->store.count.statuses - before.statuses);

    if (lapor_stream_ack(in->stream, entries, n) == -1) {
        lapor_log_notice("stored, but not acknowledged: the entries come "
                         "again count=%zu", n);
    }

    return 0;
}


static void
turn_retry(struct lapor_intake *in)
{
    struct lapor_pg  *pg;

    pg = in->store.pg;

    if (!in->waiting) {
        in->waiting = true;
        lapor_log_warn("could not store yet, trying again: %s",
                       lapor_pg_error(pg));
    }

    lapor_backoff_fail(&in->backoff);
    turn_state(in);

    /* a lost connection has a backoff of its own */
    turn_wait(lapor_pg_connected(pg) ? lapor_backoff_left(&in->backoff)
                                     : lapor_pg_retry_ms(pg));
}


/* Ends early only when the program is to stop. */

static void
turn_wait(int64_t ms)
{
    (void) lapor_loop_sleep(ms < 1 ? 1 : (int) ms);
}


/* At most once a second, unless something came or went. */

static void
turn_state(struct lapor_intake *in)
{
    bool     redis, postgres;
    int64_t  now;

    now = lapor_mono_ms();
    redis = lapor_redis_connected(lapor_stream_redis(in->stream));
    postgres = lapor_pg_connected(in->store.pg);

    if (now < in->state_due && redis == in->redis_up
        && postgres == in->postgres_up)
    {
        return;
    }

    in->state_due = now + TURN_STATE_MS;
    in->redis_up = redis;
    in->postgres_up = postgres;

    lapor_notify_status("redis %s, postgres %s, messages %" PRIu64
                        ", statuses %" PRIu64 ", quarantined %" PRIu64,
                        redis ? "up" : "down", postgres ? "up" : "down",
                        in->store.count.messages, in->store.count.statuses,
                        in->store.count.quarantined);
}


static void
turn_trim(struct lapor_intake *in)
{
    int64_t  now;

    now = lapor_mono_ms();

    if (now < in->trim_due) {
        return;
    }

    in->trim_due = now + in->conf->trim;

    if (lapor_stream_trim(in->stream) == -1) {
        lapor_log_debug("streams were not trimmed");
    }
}


void
lapor_intake_summary(struct lapor_intake *in)
{
    const struct lapor_intake_count  *c, *t;

    c = &in->store.count;
    t = &in->told;

    if (memcmp(c, t, sizeof(*c)) != 0) {
        lapor_log_info("stored webhooks=%" PRIu64 " messages=%" PRIu64
                       " duplicates=%" PRIu64 " reports=%" PRIu64
                       " statuses=%" PRIu64 " notices=%" PRIu64
                       " quarantined=%" PRIu64 " backlog=%" PRId64,
                       c->webhooks - t->webhooks, c->messages - t->messages,
                       c->duplicates - t->duplicates,
                       c->reports - t->reports, c->statuses - t->statuses,
                       c->notices - t->notices,
                       c->quarantined - t->quarantined,
                       lapor_stream_backlog(in->stream));
    }

    in->told = *c;
    in->summary_due = lapor_mono_ms() + in->conf->summary;
}
