/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Transactions and their failures. Locks are taken in one order, whoever
 * stores: phase by phase, in each the parts ascending.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/correct.h"
#include "intake/meter.h"
#include "intake/store.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/notify.h"
#include "lib/timeutil.h"


#define STORE_PIECES  8   /* of what was too slow */
#define STORE_VAIN    2   /* tries until a unit is blamed where nothing goes, */
#define STORE_ASIDES  8   /* and how many of them in one */

/* of the pieces, ms: their rows are locked for as long as a batch takes */
#define STORE_LOCK_MS       "2000"
#define STORE_STATEMENT_MS  "10000"


/* Does one transaction, or nothing; the class says why not. */
typedef enum lapor_pg_class (*store_pt)(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n);


static enum lapor_pg_class store_all(struct lapor_intake_store *store,
    struct lapor_intake_list *list, store_pt run);
static enum lapor_pg_class store_range(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n, store_pt run);
static enum lapor_pg_class store_list(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n);
static enum lapor_pg_class store_statuses(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n);
static void store_went(struct lapor_intake_store *store,
    const struct lapor_intake_unit *units, size_t n);
static bool store_is_slow(const struct lapor_intake_store *store);
static enum lapor_pg_class store_sift(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n, store_pt run);
static enum lapor_pg_class store_aside(struct lapor_intake_store *store,
    struct lapor_intake_unit *unit);
static enum lapor_pg_class store_dead(struct lapor_intake_store *store,
    const struct lapor_intake_unit *unit);
static enum lapor_pg_class store_start(struct lapor_intake_store *store);
static enum lapor_pg_class store_hurry(struct lapor_intake_store *store);
static enum lapor_pg_class store_end(struct lapor_intake_store *store,
    enum lapor_pg_class class);
static void store_tell(const struct lapor_intake_unit *units, size_t n);
static unsigned slots_part(const struct lapor_intake_unit *unit);
static int slots_compare(const void *one, const void *two);


enum lapor_pg_class
lapor_intake_store_batch(struct lapor_intake_store *store,
    struct lapor_intake_batch *batch)
{
    enum lapor_pg_class  class;

    store->hasty = false;
    store->went = false;
    store->asides = 0;

    class = store_all(store, &batch->list, store_list);

    if (class == LAPOR_PG_OK) {
        class = store_all(store, &batch->statuses, store_statuses);
    }

    if (class == LAPOR_PG_OK) {
        store->most = 0;
    }

    store->vain = class == LAPOR_PG_OK || store->went ? 0 : store->vain + 1;

    return class;
}


enum lapor_pg_class
lapor_intake_store_ask(struct lapor_intake_store *store)
{
    PGresult             *res;
    enum lapor_pg_class   class;

    class = lapor_pg_exec(store->pg, "SELECT lapor.distributed()", NULL, &res);

    if (class == LAPOR_PG_OK) {
        store->apart = lapor_pg_get_bool(res, 0, 0);
        PQclear(res);
    }

    return class;
}


void
lapor_intake_store_done(struct lapor_intake_store *store)
{
    lapor_intake_rules_free(store->rules);
    free(store->ids);
    store->rules = NULL;
    store->ids = NULL;
    store->nids = 0;
}


/* But for what an earlier try at the batch has put aside. */

static enum lapor_pg_class
store_all(struct lapor_intake_store *store, struct lapor_intake_list *list,
    store_pt run)
{
    size_t               i, n;
    enum lapor_pg_class  class;

    for (i = 0, n = 0; i < list->n; i++) {
        if (!list->units[i].aside) {
            list->units[n++] = list->units[i];
        }
    }

    list->n = n;
    class = store_range(store, list->units, n, run);

    if (class == LAPOR_PG_RETRY && store->slow) {
        class = store_sift(store, list->units, n, run);
    }

    return class;
}


static enum lapor_pg_class
store_range(struct lapor_intake_store *store, struct lapor_intake_unit *units,
    size_t n, store_pt run)
{
    size_t               half;
    enum lapor_pg_class  class;

    store->slow = false;

    if (n == 0) {
        return LAPOR_PG_OK;
    }

    class = LAPOR_PG_DATA;

    if (store->most == 0 || n <= store->most) {
        store->began = false;
        class = run(store, units, n);

        /* a piece of a long turn has ended */
        lapor_notify_watchdog();
    }

    if (class == LAPOR_PG_OK) {
        store_went(store, units, n);
    }

    if (class == LAPOR_PG_RETRY) {
        store->slow = store_is_slow(store);

        if (store->began && !store->slow) {
            store->most = n > 1 ? n / 2 : 1;
        }
    }

    if (class != LAPOR_PG_DATA) {
        return class;
    }

    if (n == 1) {
        return store_dead(store, units);
    }

    half = n / 2;
    class = store_range(store, units, half, run);

    if (class == LAPOR_PG_OK) {
        class = store_range(store, units + half, n - half, run);
    }

    return class;
}


/* A webhook's own row goes in where nothing else does. */

static void
store_went(struct lapor_intake_store *store,
    const struct lapor_intake_unit *units, size_t n)
{
    while (!store->went && n > 0) {
        store->went = units[--n].kind != LAPOR_INTAKE_RAW;
    }
}


/* 55P03 lock_not_available, 57014 query_canceled: both of a time limit. */

static bool
store_is_slow(const struct lapor_intake_store *store)
{
    const char  *state;

    state = lapor_pg_sqlstate(store->pg);

    return lapor_pg_connected(store->pg)
           && (strcmp(state, "55P03") == 0 || strcmp(state, "57014") == 0);
}


/*
 * Of units that together were too slow: all pieces have their turn before one
 * of them is taken apart, so that a single unit is blamed only when others go.
 */

static enum lapor_pg_class
store_sift(struct lapor_intake_store *store, struct lapor_intake_unit *units,
    size_t n, store_pt run)
{
    bool                 slow[STORE_PIECES];
    size_t               k, from, to;
    enum lapor_pg_class  class;

    if (n == 1) {
        return store_aside(store, units);
    }

    store->hasty = true;

    for (k = 0; k < STORE_PIECES; k++) {
        from = n * k / STORE_PIECES;
        to = n * (k + 1) / STORE_PIECES;
        class = store_range(store, units + from, to - from, run);
        slow[k] = store->slow;

        if (class != LAPOR_PG_OK && !slow[k]) {
            return class;
        }

        if (lapor_loop_stopping()) {
            return LAPOR_PG_RETRY;
        }
    }

    if (!store->went && store->vain < STORE_VAIN) {
        return LAPOR_PG_RETRY;
    }

    for (k = 0; k < STORE_PIECES; k++) {
        from = n * k / STORE_PIECES;
        to = n * (k + 1) / STORE_PIECES;

        if (slow[k]) {
            class = store_sift(store, units + from, to - from, run);

            if (class != LAPOR_PG_OK) {
                return class;
            }
        }
    }

    return LAPOR_PG_OK;
}


/* When nothing goes it is not this unit's fault, so that it waits like all;
 * but not for ever: others come behind it. */

static enum lapor_pg_class
store_aside(struct lapor_intake_store *store, struct lapor_intake_unit *unit)
{
    if (!store->went
        && (store->vain < STORE_VAIN || store->asides == STORE_ASIDES))
    {
        return LAPOR_PG_RETRY;
    }

    unit->aside = true;
    unit->raw->entry->keep = true;
    store->asides++;
    lapor_intake_meter_aside();

    lapor_log_warn("put aside until later: %s stream=%s entry=%s item=%d",
                   lapor_pg_error(store->pg), unit->raw->entry->key,
                   unit->raw->entry->id, unit->item);

    return LAPOR_PG_OK;
}


static enum lapor_pg_class
store_dead(struct lapor_intake_store *store,
    const struct lapor_intake_unit *unit)
{
    enum lapor_pg_class        class;
    struct lapor_intake_unit   dead;

    /* a quarantine that refuses something is not the data's fault */
    if (unit->kind == LAPOR_INTAKE_DEAD) {
        return LAPOR_PG_BUG;
    }

    dead = *unit;
    dead.kind = LAPOR_INTAKE_DEAD;
    dead.reason = "refused by the database";
    memcpy(dead.sqlstate, lapor_pg_sqlstate(store->pg),
           strnlen(lapor_pg_sqlstate(store->pg), sizeof(dead.sqlstate) - 1)
           + 1);

    lapor_log_warn("%s stream=%s entry=%s item=%d",
                   lapor_pg_error(store->pg), unit->raw->entry->key,
                   unit->raw->entry->id, unit->item);

    class = store_list(store, &dead, 1);

    return class == LAPOR_PG_DATA ? LAPOR_PG_BUG : class;
}


static enum lapor_pg_class
store_list(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    enum lapor_pg_class  class;

    class = store_start(store);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    class = lapor_intake_correct(store, units, n);

    if (class == LAPOR_PG_OK) {
        class = lapor_intake_store_messages(store, units, n);
    }

    if (class == LAPOR_PG_OK) {
        class = lapor_intake_store_rest(store, units, n);
    }

    class = store_end(store, class);

    if (class == LAPOR_PG_OK) {
        store_tell(units, n);
    }

    return class;
}


static enum lapor_pg_class
store_statuses(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    enum lapor_pg_class  class;

    class = store_start(store);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    class = lapor_intake_correct(store, units, n);

    if (class == LAPOR_PG_OK) {
        class = lapor_intake_store_rest(store, units, n);
    }

    return store_end(store, class);
}


static enum lapor_pg_class
store_start(struct lapor_intake_store *store)
{
    enum lapor_pg_class  class;

    lapor_pool_reset(store->pool);
    memset(&store->now, 0, sizeof(store->now));
    memset(&store->alerts, 0, sizeof(store->alerts));
    store->at_ms = lapor_time_ms();

    class = lapor_pg_begin(store->pg);

    /* it connects by itself, to whatever is there now */
    if (class == LAPOR_PG_OK
        && lapor_pg_generation(store->pg) != store->generation)
    {
        lapor_pg_rollback(store->pg);
        return LAPOR_PG_RETRY;
    }

    store->began = class == LAPOR_PG_OK;

    if (class == LAPOR_PG_OK && store->hasty) {
        class = store_hurry(store);
    }

    return class;
}


/* Never more time than the role has: its limits may be 0, which is none. */

static enum lapor_pg_class
store_hurry(struct lapor_intake_store *store)
{
    PGresult             *res;
    enum lapor_pg_class   class;

    class = lapor_pg_exec(store->pg,
            "SELECT set_config(s.name, least(nullif(s.setting, '0')::integer, "
            "CASE s.name WHEN 'lock_timeout' THEN " STORE_LOCK_MS
            " ELSE " STORE_STATEMENT_MS " END)::text, true) "
            "FROM pg_settings s "
            "WHERE s.name IN ('lock_timeout', 'statement_timeout')",
            NULL, &res);

    if (class == LAPOR_PG_OK) {
        PQclear(res);
    }

    return class;
}


/* A commit of which nobody knows is RETRY too: the keys make it harmless. */

static enum lapor_pg_class
store_end(struct lapor_intake_store *store, enum lapor_pg_class class)
{
    size_t           i;
    uint64_t        *sum;
    const uint64_t  *one;

    if (class == LAPOR_PG_OK) {
        class = lapor_intake_alert_write(&store->alerts, store->pg,
                                         store->pool, store->at_ms);
    }

    if (class == LAPOR_PG_OK) {
        class = lapor_pg_commit(store->pg);
    }

    lapor_intake_meter_end(store, class);

    if (class != LAPOR_PG_OK) {
        lapor_pg_rollback(store->pg);
        return class;
    }

    sum = (uint64_t *) &store->count;
    one = (const uint64_t *) &store->now;

    for (i = 0; i < sizeof(store->count) / sizeof(uint64_t); i++) {
        sum[i] += one[i];
    }

    lapor_intake_alert_tell(&store->alerts);

    return LAPOR_PG_OK;
}


static void
store_tell(const struct lapor_intake_unit *units, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (units[i].kind == LAPOR_INTAKE_DEAD) {
            lapor_intake_meter_dead(&units[i]);
            lapor_log_warn("quarantined: %s stream=%s entry=%s item=%d "
                           "sqlstate=%s", units[i].reason,
                           units[i].raw->entry->key, units[i].raw->entry->id,
                           units[i].item, units[i].sqlstate);
        }
    }
}


size_t
lapor_intake_slots(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n, enum lapor_intake_kind kind,
    struct lapor_intake_slot **ret_slots)
{
    size_t                     i, count;
    struct lapor_intake_slot  *slots;

    slots = lapor_pool_alloc(store->pool, n * sizeof(*slots));
    count = 0;

    for (i = 0; i < n; i++) {

        if (units[i].kind == kind) {
            slots[count].unit = &units[i];
            slots[count++].part = slots_part(&units[i]);
        }
    }

    lapor_intake_slots_sort(slots, count);
    *ret_slots = slots;

    return count;
}


void
lapor_intake_slots_sort(struct lapor_intake_slot *slots, size_t n)
{
    if (n > 1) {
        qsort(slots, n, sizeof(*slots), slots_compare);
    }
}


/* Where a unit is written first; the dead lie with their webhook. */

static unsigned
slots_part(const struct lapor_intake_unit *unit)
{
    switch (unit->kind) {

    case LAPOR_INTAKE_MESSAGE:
        return unit->message->part;

    case LAPOR_INTAKE_NOTICE:
        return unit->notice->part;

    case LAPOR_INTAKE_STATUS:
        return unit->status->part;

    default:
        return unit->raw->part;
    }
}


/* The units lie in one array, so their addresses are their order. */

static int
slots_compare(const void *one, const void *two)
{
    const struct lapor_intake_slot  *a, *b;

    a = one;
    b = two;

    if (a->part != b->part) {
        return a->part < b->part ? -1 : 1;
    }

    if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }

    return 0;
}


size_t
lapor_intake_slots_end(const struct lapor_intake_slot *slots, size_t n,
    size_t from)
{
    size_t  i;

    for (i = from; i < n && slots[i].part == slots[from].part; i++) {
        /* void */
    }

    return i;
}


size_t
lapor_intake_call_end(const struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, size_t n, size_t from)
{
    return store->apart ? lapor_intake_slots_end(slots, n, from) : n;
}


void
lapor_intake_call_part(const struct lapor_intake_store *store,
    struct lapor_pgparams *p, unsigned part)
{
    if (store->apart) {
        lapor_pgparams_int2(p, (int16_t) part);

    } else {
        lapor_pgparams_null(p, LAPOR_PG_INT2);
    }
}
