/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Only what is needed to find an emergency is done here: decode, classify. Of
 * 100 s that the usual pass needs, this needs a few.
 */

#include <inttypes.h>
#include <string.h>

#include "classify/classify.h"
#include "decode/decode.h"
#include "intake/message.h"
#include "intake/scout.h"
#include "lib/log.h"
#include "lib/timeutil.h"


/* What one look holds in memory, about. */
#define SCOUT_ENTRIES   1000
#define SCOUT_BYTES     (4 * 1024 * 1024)

/* Before the end of a stream is looked at again. */
#define SCOUT_AGAIN_MS  500

#define SCOUT_POOL      (1024 * 1024)


static bool scout_next(struct lapor_intake_scout *scout, unsigned *ret_part);
static size_t scout_sift(struct lapor_intake_scout *scout,
    struct lapor_entry *entries, size_t n);
static bool scout_entry(struct lapor_pool *pool,
    const struct lapor_entry *entry);
static bool scout_urgent(const struct lapor_event *event);


void
lapor_intake_scout_init(struct lapor_intake_scout *scout,
    struct lapor_stream *stream)
{
    memset(scout, 0, sizeof(*scout));
    scout->stream = stream;
    scout->pool = lapor_pool_create(SCOUT_POOL);
}


void
lapor_intake_scout_done(struct lapor_intake_scout *scout)
{
    lapor_pool_destroy(scout->pool);
}


int
lapor_intake_scout_look(struct lapor_intake_scout *scout,
    struct lapor_entry **ret_entries, size_t *ret_n, bool *ret_more)
{
    bool                 end;
    size_t               n;
    unsigned             part;
    struct lapor_redis  *redis;

    *ret_n = 0;
    *ret_entries = NULL;
    redis = lapor_stream_redis(scout->stream);

    /* another server, perhaps, whose ids are others */
    if (scout->generation != lapor_redis_generation(redis)) {
        scout->generation = lapor_redis_generation(redis);
        memset(scout->at, 0, sizeof(scout->at));
        memset(scout->due, 0, sizeof(scout->due));
    }

    *ret_more = scout_next(scout, &part);

    if (!*ret_more) {
        return 0;
    }

    lapor_pool_reset(scout->pool);

    if (lapor_stream_peek(scout->stream, scout->pool, part, &scout->at[part],
                          SCOUT_ENTRIES, SCOUT_BYTES, ret_entries, &n, &end)
        == -1)
    {
        return -1;
    }

    if (end) {
        scout->due[part] = lapor_mono_ms() + SCOUT_AGAIN_MS;
    }

    *ret_n = scout_sift(scout, *ret_entries, n);

    return 0;
}


/*
 * The next partition in which entries wait that were not looked at. What was
 * delivered meanwhile is none of the scout's business any more.
 */

static bool
scout_next(struct lapor_intake_scout *scout, unsigned *ret_part)
{
    int64_t                 now;
    unsigned                i, part;
    struct lapor_stream_id  delivered;

    now = lapor_mono_ms();

    for (i = 0; i < LAPOR_STREAM_PARTS; i++) {
        part = scout->next;
        scout->next = (scout->next + 1) % LAPOR_STREAM_PARTS;

        if (!lapor_stream_owns(scout->stream, part)
            || lapor_stream_lag_of(scout->stream, part, &delivered) == 0
            || now < scout->due[part])
        {
            continue;
        }

        if (lapor_stream_id_compare(scout->at[part], delivered) < 0) {
            scout->at[part] = delivered;
        }

        *ret_part = part;
        return true;
    }

    return false;
}


/* Moves those with an emergency to the front, in their order. */

static size_t
scout_sift(struct lapor_intake_scout *scout, struct lapor_entry *entries,
    size_t n)
{
    size_t  i, kept;

    kept = 0;

    for (i = 0; i < n; i++) {
        if (scout_entry(scout->pool, &entries[i])) {
            entries[kept++] = entries[i];
        }
    }

    scout->looked += n;
    scout->found += kept;

    return kept;
}


static bool
scout_entry(struct lapor_pool *pool, const struct lapor_entry *entry)
{
    struct lapor_decoded       decoded;
    const struct lapor_event  *event;

    /* what cannot be read is for the usual pass and the quarantine */
    if (entry->body.data == NULL
        || lapor_decode(pool, entry->body.data, entry->body.len, &decoded)
           == -1)
    {
        return false;
    }

    for (event = decoded.first; event != NULL; event = event->next) {
        if (scout_urgent(event)) {
            return true;
        }
    }

    return false;
}


/* As lapor_intake_rate() does it, of which nothing but words makes a P1. */

static bool
scout_urgent(const struct lapor_event *event)
{
    struct lapor_class  class;

    if (event->kind != LAPOR_EVENT_MESSAGE || event->broken != NULL
        || !lapor_intake_worded(event))
    {
        return false;
    }

    return lapor_classify(event->text.data, event->text.len, &class) == 0
           && class.urgency == LAPOR_P1;
}


void
lapor_intake_scout_rest(struct lapor_intake_scout *scout)
{
    if (scout->looked > 0) {
        lapor_log_info("looked ahead of a backlog entries=%" PRIu64
                       " urgent=%" PRIu64, scout->looked, scout->found);
    }

    scout->looked = 0;
    scout->found = 0;
}
