/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The order that nothing may change: read, store, COMMIT, XACK. An entry that
 * is not acknowledged comes again, to this process or to another, and what it
 * holds is in the ledger by then.
 *
 * While PostgreSQL is away the entries at hand are kept and tried again, and
 * no others are read: they wait in Redis. When that takes long, the partitions
 * are given back, since another process may reach PostgreSQL.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "intake/meter.h"
#include "intake/month.h"
#include "intake/turn.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/notify.h"
#include "lib/version.h"


#define TURN_POOL       (1024 * 1024)
#define TURN_HOUR_MS    3600000
#define TURN_KEEP_MS    500
#define TURN_METER_MS   5000
#define TURN_EMPTY_MS   50      /* when no partition is its own */
#define TURN_SCOUT_MS   20      /* at least */
#define TURN_FAR        2       /* batches that wait, before it is used */


static void turn_care(struct lapor_intake *in);
static bool turn_ready(struct lapor_intake *in);
static void turn_schema(struct lapor_intake *in, enum lapor_pg_class class,
    int version);
static void turn_hour(struct lapor_intake *in);
static int turn_read(struct lapor_intake *in, struct lapor_entry **ret_entries,
    size_t *ret_n);
static int turn_wait_ms(const struct lapor_intake *in);
static int turn_store(struct lapor_intake *in,
    struct lapor_entry *entries, size_t n, bool ahead);
static void turn_scout(struct lapor_intake *in, int64_t ms);
static int turn_batch(struct lapor_intake *in,
    const struct lapor_entry *entries, size_t n);
static void turn_wake(struct lapor_intake *in,
    const struct lapor_intake_count *before);
static void turn_size(struct lapor_intake *in, bool full, int64_t ms);
static void turn_retry(struct lapor_intake *in);
static void turn_wait(int64_t ms);
static void turn_on_wait(void *data);
static void turn_tell(struct lapor_intake *in);
static void turn_trim(struct lapor_intake *in);
static void turn_at_hand(struct lapor_intake *in,
    const struct lapor_entry *entries, size_t n);
static int64_t turn_oldest(const struct lapor_intake *in);
static void turn_meter(struct lapor_intake *in);


void
lapor_intake_init(struct lapor_intake *in,
    const struct lapor_intake_conf *conf, unsigned index,
    struct lapor_intake_clock *clock)
{
    char                      err[256];
    struct lapor_pg_conf      pg;
    struct lapor_redis_conf   redis;
    struct lapor_stream_conf  stream;

    memset(in, 0, sizeof(*in));
    in->conf = *conf;
    in->index = index;
    in->clock = clock;
    (void) snprintf(in->name, sizeof(in->name), "%s.%u", conf->consumer,
                    index);

    lapor_common_pg(&conf->common, "lapor-intake", &pg);
    lapor_common_redis(&conf->common, "lapor-intake", &redis);

    in->store.pg = lapor_pg_new(&pg, err, sizeof(err));

    if (in->store.pg == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "database: %s", err);
    }

    memset(&stream, 0, sizeof(stream));
    stream.consumer = in->name;
    stream.bytes = (size_t) conf->batch_bytes;
    stream.block_ms = (int) conf->block;
    stream.claim_ms = (int) conf->claim_idle;

    in->stream = lapor_stream_new(&redis, &stream);
    lapor_intake_lease_init(&in->lease, in->name, in->stream, conf->lease);
    lapor_pg_on_wait(in->store.pg, turn_on_wait, in);

    lapor_intake_scout_init(&in->scout, in->stream);

    in->entries = lapor_pool_create(TURN_POOL);
    in->batch.pool = lapor_pool_create(TURN_POOL);
    in->store.pool = lapor_pool_create(TURN_POOL);
    in->metered = conf->common.metrics != NULL;
    in->backoff.min = 20;
    in->backoff.max = 5000;
    turn_size(in, false, 0);
    in->claim_due = lapor_mono_ms() + conf->claim_idle / 16;

    if (pthread_mutex_init(&in->lock, NULL) != 0) {
        lapor_fatal(LAPOR_EXIT_OS, "could not make a lock");
    }
}


void
lapor_intake_done(struct lapor_intake *in)
{
    lapor_intake_lease_leave(&in->lease);
    lapor_intake_scout_done(&in->scout);
    lapor_stream_free(in->stream);
    lapor_intake_store_done(&in->store);
    lapor_pg_free(in->store.pg);
    lapor_pool_destroy(in->entries);
    lapor_pool_destroy(in->batch.pool);
    lapor_pool_destroy(in->store.pool);
    lapor_intake_forget(in);
    (void) pthread_mutex_destroy(&in->lock);
}


void
lapor_intake_turn(struct lapor_intake *in)
{
    int                  rc;
    size_t               n;
    int64_t              began;
    struct lapor_entry  *entries;

    lapor_intake_settings(in);

    if (!turn_ready(in)) {
        turn_retry(in);
        return;
    }

    lapor_backoff_ok(&in->backoff);
    in->waiting = 0;
    lapor_pool_reset(in->entries);
    rc = lapor_intake_lease_turn(&in->lease);
    turn_hour(in);
    turn_care(in);

    if (rc == -1 || turn_read(in, &entries, &n) == -1) {
        turn_tell(in);
        turn_wait(lapor_redis_retry_ms(lapor_stream_redis(in->stream)));
        return;
    }

    turn_at_hand(in, entries, n);
    began = lapor_mono_ms();

    /* stopped while they could not be stored: the entries stay pending */
    if (turn_store(in, entries, n, false) == -1) {
        turn_tell(in);
        return;
    }

    in->at_hand = 0;
    turn_scout(in, lapor_mono_ms() - began);

    if (n == 0 && in->lease.owned == 0) {
        turn_wait(TURN_EMPTY_MS);
    }

    turn_trim(in);
    turn_meter(in);
    turn_tell(in);
}


/* Told at once: the turn may last for as long as PostgreSQL lets it. */

static void
turn_at_hand(struct lapor_intake *in, const struct lapor_entry *entries,
    size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (in->at_hand == 0 || entries[i].received_ms < in->at_hand) {
            in->at_hand = entries[i].received_ms;
        }
    }

    (void) pthread_mutex_lock(&in->lock);
    in->news.oldest = turn_oldest(in);
    (void) pthread_mutex_unlock(&in->lock);
}


static int64_t
turn_oldest(const struct lapor_intake *in)
{
    return in->at_hand != 0
           && (in->in_redis == 0 || in->at_hand < in->in_redis)
           ? in->at_hand : in->in_redis;
}


/* What costs a question is asked seldom, and only if somebody looks. */

static void
turn_meter(struct lapor_intake *in)
{
    if (!in->metered || lapor_mono_ms() < in->meter_due) {
        return;
    }

    if (lapor_stream_oldest(in->stream, &in->in_redis) == 0
        && in->index == 0)
    {
        lapor_intake_meter_ask(in->store.pg, in->store.pool);
    }

    in->meter_due = lapor_mono_ms() + TURN_METER_MS;
}


/* What a person should know of. */

static void
turn_care(struct lapor_intake *in)
{
    lapor_intake_loss_turn(&in->loss, &in->lease, &in->store);

    if (in->index == 0) {
        lapor_intake_clock_turn(in->clock, in->conf.clock,
                                lapor_stream_redis(in->stream), &in->store);
    }
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
        class = lapor_intake_store_ask(&in->store);
    }

    if (class == LAPOR_PG_OK) {
        in->store.generation = lapor_pg_generation(pg);
        return true;
    }

    turn_schema(in, class, version);

    return false;
}


/* Refused for good: another schema, no rights, no such database. But rights
 * that were there may come back. */

static void
turn_schema(struct lapor_intake *in, enum lapor_pg_class class, int version)
{
    if (class == LAPOR_PG_RETRY
        || (version == LAPOR_SCHEMA_VERSION && in->store.generation != 0))
    {
        return;
    }

    if (version != 0 && version != LAPOR_SCHEMA_VERSION) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "schema has another version, run "
                    "\"laporctl setup\" or install the matching program "
                    "version=%d known=%d", version, LAPOR_SCHEMA_VERSION);
    }

    lapor_fatal(LAPOR_EXIT_CONFIG, "database is not usable: %s",
                lapor_pg_error(in->store.pg));
}


/* What is done once an hour, by one loop of a process. */

static void
turn_hour(struct lapor_intake *in)
{
    bool                 more;
    enum lapor_pg_class  class;

    if (in->index != 0 || lapor_mono_ms() < in->hour_due) {
        return;
    }

    in->hour_due = lapor_mono_ms() + TURN_HOUR_MS / 60;

    if (lapor_intake_month(&in->store, in->conf.months_ahead)
        != LAPOR_PG_OK)
    {
        return;
    }

    class = lapor_intake_clean(&in->store, &more);

    if (class != LAPOR_PG_OK) {
        lapor_log_warn("could not remove old statuses: %s",
                       lapor_pg_error(in->store.pg));

    } else if (!more) {
        in->hour_due = lapor_mono_ms() + TURN_HOUR_MS;
    }
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
        in->claim_due = now + in->conf.claim_idle / 16;

        if (lapor_stream_claim(in->stream, in->entries, ret_entries,
                               ret_n) == -1)
        {
            return -1;
        }

        if (*ret_n > 0) {
            in->claim_due = now;        /* there may be more */
            lapor_log_notice("entries of another consumer taken over "
                             "count=%zu first=%s entry=%s", *ret_n,
                             (*ret_entries)->key, (*ret_entries)->id);
            return 0;
        }
    }

    return lapor_stream_read(in->stream, in->entries, in->want,
                             turn_wait_ms(in), ret_entries, ret_n);
}


/* Not so long that the leases are looked after too late. */

static int
turn_wait_ms(const struct lapor_intake *in)
{
    int64_t  left;

    left = in->lease.due - lapor_mono_ms();

    if (left > in->conf.block) {
        left = in->conf.block;
    }

    return (left > 0) ? (int) left : 1;
}


/*
 * 0 when everything is stored, whether Redis heard of it or not; -1 when
 * stopping. What was found ahead is not acknowledged: it was not delivered.
 */

static int
turn_store(struct lapor_intake *in, struct lapor_entry *entries,
    size_t n, bool ahead)
{
    bool     full;
    size_t   taken;
    int64_t  began;

    full = !ahead && n >= in->want;

    while (n > 0) {
        began = lapor_mono_ms();
        lapor_pool_reset(in->batch.pool);

        taken = lapor_intake_batch_fill(&in->batch, entries, n,
                                        (size_t) in->conf.batch_items,
                                        (size_t) in->conf.batch_bytes);
        lapor_intake_clock_batch(in->clock, &in->batch);

        if (turn_batch(in, entries, taken) == -1) {
            return -1;
        }

        if (!ahead && lapor_stream_ack(in->stream, entries, taken) == -1) {
            lapor_log_notice("stored, but not acknowledged: the entries come "
                             "again count=%zu", taken);
        }

        turn_size(in, full, lapor_mono_ms() - began);
        entries += taken;
        n -= taken;
    }

    return 0;
}


/*
 * Large batches make less work of each entry, and let those wait that come
 * meanwhile: so they grow with the backlog, as long as each is done soon.
 */

static void
turn_size(struct lapor_intake *in, bool full, int64_t ms)
{
    size_t  least, most;

    most = (size_t) in->conf.batch;
    least = (size_t) in->conf.batch_min < most ? (size_t) in->conf.batch_min
                                               : most;

    if (ms > in->conf.batch_time) {
        in->want /= 2;

    } else if (full && ms < in->conf.batch_time / 2) {
        in->want *= 2;
    }

    in->want = in->want < least ? least : in->want;
    in->want = in->want > most ? most : in->want;
}


/*
 * Three times as long as the batch before it took, so that who is in danger is
 * found early; but a quarter of the work remains the usual pass's, whatever
 * there is to look at, and the lease does not end meanwhile.
 */

static void
turn_scout(struct lapor_intake *in, int64_t ms)
{
    bool                 more;
    size_t               n;
    int64_t              end;
    struct lapor_entry  *entries;

    if (lapor_stream_lag(in->stream, LAPOR_STREAM_MSG)
        <= TURN_FAR * (int64_t) in->want)
    {
        lapor_intake_scout_rest(&in->scout);
        return;
    }

    ms = ms * 3 > TURN_SCOUT_MS ? ms * 3 : TURN_SCOUT_MS;
    ms = ms < in->conf.lease / 4 ? ms : in->conf.lease / 4;
    end = lapor_mono_ms() + ms;

    do {
        if (lapor_intake_scout_look(&in->scout, &entries, &n, &more) == -1
            || turn_store(in, entries, n, true) == -1)
        {
            return;
        }

    } while (more && lapor_mono_ms() < end && !lapor_loop_stopping());
}


static int
turn_batch(struct lapor_intake *in, const struct lapor_entry *entries,
    size_t n)
{
    enum lapor_pg_class         class;
    struct lapor_intake_count   before;

    before = in->store.count;
    class = LAPOR_PG_RETRY;

    while (class != LAPOR_PG_OK) {

        /* the password may be another one before PostgreSQL is back */
        lapor_intake_settings(in);

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
    in->waiting = 0;
    lapor_intake_meter_entries(entries, n);
    turn_wake(in, &before);

    lapor_log_debug("stored entries=%zu messages=%" PRIu64 " statuses=%"
                    PRIu64, n, in->store.count.messages - before.messages,
                    in->store.count.statuses - before.statuses);

    return 0;
}


/* After the COMMIT. */

static void
turn_wake(struct lapor_intake *in, const struct lapor_intake_count *before)
{
    struct lapor_redis         *redis;
    struct lapor_intake_count  *count;

    redis = lapor_stream_redis(in->stream);
    count = &in->store.count;

    if (count->reply_tasks != before->reply_tasks) {
        lapor_redis_publish(redis, LAPOR_WAKE_REPLY);
    }

    if (count->media_tasks != before->media_tasks) {
        lapor_redis_publish(redis, LAPOR_WAKE_MEDIA);
    }
}


static void
turn_retry(struct lapor_intake *in)
{
    int64_t           now, left;
    struct lapor_pg  *pg;

    pg = in->store.pg;
    now = lapor_mono_ms();

    /* once a connection: behind a new one it may be for another reason */
    if (in->waiting == 0 || in->warned != lapor_pg_generation(pg)) {
        in->warned = lapor_pg_generation(pg);
        lapor_log_warn("could not store yet, trying again: %s",
                       lapor_pg_error(pg));
    }

    if (in->waiting == 0) {
        in->waiting = now;
    }

    if (now - in->waiting > in->conf.lease) {
        lapor_intake_lease_leave(&in->lease);
    }

    lapor_backoff_fail(&in->backoff);
    turn_tell(in);

    /* a lost connection has a backoff of its own */
    left = lapor_pg_connected(pg) ? lapor_backoff_left(&in->backoff)
                                  : lapor_pg_retry_ms(pg);

    do {
        turn_wait(left < TURN_KEEP_MS ? left : TURN_KEEP_MS);
        turn_on_wait(in);
        left -= TURN_KEEP_MS;

    } while (left > 0 && !lapor_loop_stopping());
}


/* Ends early only when the program is to stop. */

static void
turn_wait(int64_t ms)
{
    (void) lapor_loop_sleep(ms < 1 ? 1 : (int) ms);
}


/* From inside of lib/pg: a long transaction keeps its partitions. */

static void
turn_on_wait(void *data)
{
    struct lapor_intake  *in;

    in = data;
    lapor_intake_lease_keep(&in->lease);
}


/* At the end of each turn, and of each try at a batch that cannot be stored. */

static void
turn_tell(struct lapor_intake *in)
{
    (void) pthread_mutex_lock(&in->lock);

    in->news.count = in->store.count;
    in->news.backlog = lapor_stream_backlog(in->stream);
    in->news.lag[LAPOR_STREAM_MSG] = lapor_stream_lag(in->stream,
                                                      LAPOR_STREAM_MSG);
    in->news.lag[LAPOR_STREAM_STATUS] = lapor_stream_lag(in->stream,
                                                         LAPOR_STREAM_STATUS);
    in->news.oldest = turn_oldest(in);
    in->news.owned = in->lease.owned;
    in->news.remade = lapor_stream_remade(in->stream);
    in->news.redis_up = lapor_redis_connected(lapor_stream_redis(in->stream));
    in->news.postgres_up = lapor_pg_connected(in->store.pg);

    (void) pthread_mutex_unlock(&in->lock);
    lapor_notify_turn(in->index);
}


static void
turn_trim(struct lapor_intake *in)
{
    int64_t  now;

    now = lapor_mono_ms();

    if (now < in->trim_due) {
        return;
    }

    in->trim_due = now + in->conf.trim;

    if (lapor_stream_trim(in->stream) == -1) {
        lapor_log_debug("streams were not trimmed");
    }
}
