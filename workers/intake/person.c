/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A sender has up to two identities, a phone number and a user id, and either
 * may be missing from a message. Known by the one that the payload names
 * first, nothing more is asked. Else the other one is looked for; else
 * another message of the same batch may tell; else he is new, and the first
 * identity under which this batch sees him gives him his home.
 */

#include <string.h>

#include "intake/person.h"
#include "lib/part.h"


#define PERSON_BUCKETS  1024


/* Where an identity leads, as far as this transaction knows. */
struct person_lead {
    struct lapor_str               id;
    bool                           known;
    unsigned                       home;
    int64_t                        reporter_id;
    struct lapor_intake_identity   as;     /* of a new one: his first name */
    struct person_lead            *next;
};


struct person_map {
    struct lapor_pool   *pool;
    struct person_lead  *buckets[PERSON_BUCKETS];
};


/* An identity to be looked for or to be remembered. */
struct person_ask {
    const struct lapor_intake_identity  *identity;
    const struct lapor_intake_identity  *peer;
    const struct lapor_intake_message   *message;
    const struct lapor_intake_raw       *raw;
};


static size_t person_unknown(struct lapor_intake_slot *slots, size_t n,
    struct person_ask *asks);
static enum lapor_pg_class person_ask(struct lapor_intake_store *store,
    struct person_ask *asks, size_t n, struct person_map *map);
static void person_answer(struct person_map *map, const PGresult *res);
static void person_settle(struct lapor_intake_slot *slots, size_t n,
    struct person_map *map);
static struct person_lead *person_get(const struct person_map *map,
    struct lapor_str id);
static void person_put(struct person_map *map, struct lapor_str id,
    const struct person_lead *lead);
static unsigned person_bucket(struct lapor_str id);
static void person_sort(struct lapor_pool *pool, struct person_ask *asks,
    size_t n);
static size_t person_run(const struct person_ask *asks, size_t n,
    size_t from);
static enum lapor_pg_class person_remember(struct lapor_intake_store *store,
    const struct person_ask *asks, size_t n);


enum lapor_pg_class
lapor_intake_person_find(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                        i, nasks;
    struct person_ask            *asks;
    struct person_map            *map;
    struct person_lead            lead;
    enum lapor_pg_class           class;
    struct lapor_intake_message  *m;

    for (i = 0; i < n && slots[i].unit->message->known; i++) {
        /* void */
    }

    if (i == n) {
        return LAPOR_PG_OK;
    }

    map = lapor_pool_alloc(store->pool, sizeof(*map));
    map->pool = store->pool;
    asks = lapor_pool_alloc(store->pool, 2 * n * sizeof(*asks));
    nasks = person_unknown(slots, n, asks);

    class = person_ask(store, asks, nasks, map);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    /* one message of the batch may tell of another's sender */
    for (i = 0; i < n; i++) {
        m = slots[i].unit->message;

        if (m->known) {
            memset(&lead, 0, sizeof(lead));
            lead.known = true;
            lead.home = m->home;
            lead.reporter_id = m->reporter_id;
            person_put(map, m->self.id, &lead);
            person_put(map, m->other.id, &lead);
        }
    }

    person_settle(slots, n, map);

    return LAPOR_PG_OK;
}


static size_t
person_unknown(struct lapor_intake_slot *slots, size_t n,
    struct person_ask *asks)
{
    size_t                        i, nasks;
    struct lapor_intake_message  *m;

    nasks = 0;

    for (i = 0; i < n; i++) {
        m = slots[i].unit->message;

        if (m->known) {
            continue;
        }

        /* a platform's message names its person elsewhere than in "from" */
        if (m->self.part != m->part) {
            asks[nasks++].identity = &m->self;
        }

        if (m->other.id.data != NULL) {
            asks[nasks++].identity = &m->other;
        }
    }

    return nasks;
}


static enum lapor_pg_class
person_ask(struct lapor_intake_store *store, struct person_ask *asks,
    size_t n, struct person_map *map)
{
    size_t                  i, k, end, calls;
    PGresult               *results[LAPOR_PARTS];
    enum lapor_pg_class     class, added;
    struct lapor_pgarray   *ids;
    struct lapor_pgparams   params;

    if (n == 0) {
        return LAPOR_PG_OK;
    }

    person_sort(store->pool, asks, n);
    added = lapor_pg_pipe_begin(store->pg);
    calls = 0;

    for (i = 0; i < n; i = end) {
        end = person_run(asks, n, i);
        ids = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);

        for (k = i; k < end; k++) {
            lapor_pgarray_text(ids, asks[k].identity->id.data,
                               asks[k].identity->id.len);
        }

        lapor_pgparams_init(&params, store->pool);
        lapor_pgparams_int2(&params, (int16_t) asks[i].identity->part);
        lapor_pgparams_array(&params, ids);

        if (added == LAPOR_PG_OK) {
            added = lapor_pg_pipe_add(store->pg, "identity_find",
                "SELECT identity, home_part, reporter_id"
                "  FROM lapor.identity_find($1, $2)", &params);
        }

        calls++;
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0; i < calls; i++) {
        person_answer(map, results[i]);
        PQclear(results[i]);
    }

    return added;
}


static void
person_answer(struct person_map *map, const PGresult *res)
{
    int                 row;
    struct person_lead  lead;

    for (row = 0; row < PQntuples(res); row++) {
        memset(&lead, 0, sizeof(lead));
        lead.known = true;
        lead.home = (unsigned) lapor_pg_get_int(res, row, 1);
        lead.reporter_id = lapor_pg_get_int(res, row, 2);

        person_put(map, lapor_pool_str(map->pool,
                                       lapor_pg_get_str(res, row, 0)), &lead);
    }
}


static void
person_settle(struct lapor_intake_slot *slots, size_t n,
    struct person_map *map)
{
    size_t                        i;
    struct person_lead           *lead, new;
    struct lapor_intake_message  *m;

    for (i = 0; i < n; i++) {
        m = slots[i].unit->message;

        if (m->known) {
            continue;
        }

        lead = person_get(map, m->self.id);

        if (lead == NULL) {
            lead = person_get(map, m->other.id);
        }

        if (lead == NULL) {
            memset(&new, 0, sizeof(new));
            new.as = m->self;
            new.home = m->self.part;
            lead = &new;
        }

        m->known = lead->known;
        m->home = lead->home;
        m->reporter_id = lead->reporter_id;
        m->name_as = lead->as;

        person_put(map, m->self.id, lead);
        person_put(map, m->other.id, lead);
    }
}


static struct person_lead *
person_get(const struct person_map *map, struct lapor_str id)
{
    struct person_lead  *lead;

    if (id.data == NULL) {
        return NULL;
    }

    lead = map->buckets[person_bucket(id)];

    while (lead != NULL && !lapor_str_eq(lead->id, id)) {
        lead = lead->next;
    }

    return lead;
}


/* The first word about an identity stands. */

static void
person_put(struct person_map *map, struct lapor_str id,
    const struct person_lead *lead)
{
    unsigned             bucket;
    struct person_lead  *copy;

    if (id.data == NULL || person_get(map, id) != NULL) {
        return;
    }

    bucket = person_bucket(id);

    copy = lapor_pool_memdup(map->pool, lead, sizeof(*lead));
    copy->id = id;
    copy->next = map->buckets[bucket];
    map->buckets[bucket] = copy;
}


static unsigned
person_bucket(struct lapor_str id)
{
    size_t    i;
    unsigned  hash;

    hash = 0;

    for (i = 0; i < id.len; i++) {
        hash = hash * 31 + (unsigned char) id.data[i];
    }

    return hash % PERSON_BUCKETS;
}


/* By part, and stable: each part's list is short or the parts are many, so
 * one pass to count and one to place. */

static void
person_sort(struct lapor_pool *pool, struct person_ask *asks, size_t n)
{
    size_t              i, starts[LAPOR_PARTS + 1];
    struct person_ask  *sorted;

    memset(starts, 0, sizeof(starts));
    sorted = lapor_pool_alloc(pool, n * sizeof(*sorted));

    for (i = 0; i < n; i++) {
        starts[asks[i].identity->part + 1]++;
    }

    for (i = 1; i <= LAPOR_PARTS; i++) {
        starts[i] += starts[i - 1];
    }

    for (i = 0; i < n; i++) {
        sorted[starts[asks[i].identity->part]++] = asks[i];
    }

    memcpy(asks, sorted, n * sizeof(*sorted));
}


static size_t
person_run(const struct person_ask *asks, size_t n, size_t from)
{
    size_t  i;

    for (i = from;
         i < n && asks[i].identity->part == asks[from].identity->part;
         i++)
    {
        /* void */
    }

    return i;
}


/* A pair that came together last time too is not worth a word. */

enum lapor_pg_class
lapor_intake_person_link(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                        i, nasks;
    struct person_ask            *asks;
    struct lapor_intake_message  *m;

    asks = lapor_pool_alloc(store->pool, 2 * n * sizeof(*asks));
    nasks = 0;

    for (i = 0; i < n; i++) {
        m = slots[i].unit->message;

        if (m->other.id.data == NULL
            || (m->first && lapor_str_eq(m->peer, m->other.id)))
        {
            continue;
        }

        asks[nasks].identity = &m->self;
        asks[nasks].peer = &m->other;
        asks[nasks].raw = slots[i].unit->raw;
        asks[nasks++].message = m;

        asks[nasks].identity = &m->other;
        asks[nasks].peer = &m->self;
        asks[nasks].raw = slots[i].unit->raw;
        asks[nasks++].message = m;
    }

    if (nasks == 0) {
        return LAPOR_PG_OK;
    }

    person_sort(store->pool, asks, nasks);

    return person_remember(store, asks, nasks);
}


static enum lapor_pg_class
person_remember(struct lapor_intake_store *store,
    const struct person_ask *asks, size_t n)
{
    size_t                  i, k, end;
    enum lapor_pg_class     class, added;
    struct lapor_pgarray   *id, *kind, *peer, *home, *reporter, *at;
    struct lapor_pgparams   p;

    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < n; i = end) {
        end = person_run(asks, n, i);

        id = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        kind = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        peer = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        home = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);
        reporter = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
        at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);

        for (k = i; k < end; k++) {
            lapor_pgarray_text(id, asks[k].identity->id.data,
                               asks[k].identity->id.len);
            lapor_pgarray_cstr(kind, asks[k].identity->kind);
            lapor_pgarray_text(peer, asks[k].peer->id.data,
                               asks[k].peer->id.len);
            lapor_pgarray_int2(home, (int16_t) asks[k].message->home);
            lapor_pgarray_int8(reporter, asks[k].message->reporter_id);
            lapor_pgarray_time(at, asks[k].raw->received_ms);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) asks[i].identity->part);
        lapor_pgparams_array(&p, id);
        lapor_pgparams_array(&p, kind);
        lapor_pgparams_array(&p, peer);
        lapor_pgparams_array(&p, home);
        lapor_pgparams_array(&p, reporter);
        lapor_pgparams_array(&p, at);

        if (added == LAPOR_PG_OK) {
            added = lapor_pg_pipe_add(store->pg, "identity_link",
                "SELECT lapor.identity_link($1, $2, $3, $4, $5, $6, $7)",
                &p);
        }
    }

    class = lapor_pg_pipe_end(store->pg, NULL, 0, NULL);

    return class == LAPOR_PG_OK ? added : class;
}
