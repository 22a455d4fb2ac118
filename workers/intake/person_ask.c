/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Where identities lead that lapor.intake_open did not look up. One that
 * several messages of a batch name is looked up once, at the earliest of
 * their times: what is odd about one of them is odd about all that share the
 * identity.
 */

#include <string.h>

#include "intake/person_internal.h"
#include "lib/part.h"


struct person_asks {
    struct lapor_pool   *pool;
    struct person_ask  **list;
    size_t               n;
    struct person_ask  **buckets;
    size_t               nbuckets;    /* a power of two */
};


static struct person_ask *person_ask(struct person_asks *asks,
    const struct lapor_intake_identity *identity, int64_t at_ms);
static enum lapor_pg_class person_find(struct lapor_intake_store *store,
    struct person_asks *asks);
static enum lapor_pg_class person_find_call(struct lapor_intake_store *store,
    struct person_ask *const *asks, size_t n);
static void person_found(struct person_ask *const *asks, const PGresult *res);
static void person_answer(struct person_view *v);


enum lapor_pg_class
lapor_intake_person_ask(struct lapor_intake_store *store,
    struct person_view *views, size_t n)
{
    size_t                        i;
    struct person_asks            asks;
    struct person_view           *v;
    enum lapor_pg_class           class;
    struct lapor_intake_message  *m;

    memset(&asks, 0, sizeof(asks));
    asks.pool = store->pool;
    asks.list = lapor_pool_alloc(store->pool, 2 * n * sizeof(*asks.list));
    asks.nbuckets = 16;

    while (asks.nbuckets < n) {
        asks.nbuckets *= 2;
    }

    asks.buckets = lapor_pool_alloc(store->pool, asks.nbuckets
                                                 * sizeof(*asks.buckets));

    for (i = 0; i < n; i++) {
        v = &views[i];
        m = v->message;

        /* such a one names its person elsewhere than in "from" */
        if (!m->known && m->self.part != m->part) {
            v->self_ask = person_ask(&asks, &m->self, v->at_ms);
        }

        if (v->other != NULL
            && !(m->known && lapor_str_eq(m->peer, v->other->id)))
        {
            v->other_ask = person_ask(&asks, v->other, v->at_ms);
        }
    }

    class = person_find(store, &asks);

    for (i = 0; i < n && class == LAPOR_PG_OK; i++) {
        person_answer(&views[i]);
    }

    return class;
}


static struct person_ask *
person_ask(struct person_asks *asks,
    const struct lapor_intake_identity *identity, int64_t at_ms)
{
    struct person_ask  *ask, **bucket;

    bucket = &asks->buckets[lapor_str_hash(identity->id)
                            & (asks->nbuckets - 1)];

    for (ask = *bucket; ask != NULL; ask = ask->next) {
        if (lapor_str_eq(ask->identity->id, identity->id)) {
            ask->at_ms = at_ms < ask->at_ms ? at_ms : ask->at_ms;
            return ask;
        }
    }

    ask = lapor_pool_alloc(asks->pool, sizeof(*ask));
    ask->identity = identity;
    ask->at_ms = at_ms;
    ask->next = *bucket;
    *bucket = ask;
    asks->list[asks->n++] = ask;

    return ask;
}


static enum lapor_pg_class
person_find(struct lapor_intake_store *store, struct person_asks *asks)
{
    size_t                i, end, calls, starts[LAPOR_PARTS];
    PGresult             *results[LAPOR_PARTS];
    enum lapor_pg_class   class, added;

    if (asks->n == 0) {
        return LAPOR_PG_OK;
    }

    lapor_intake_person_sort(store->pool, asks->list, asks->n);
    added = lapor_pg_pipe_begin(store->pg);
    calls = 0;

    for (i = 0; i < asks->n; i = end) {
        end = lapor_intake_person_run(store, asks->list, asks->n, i);

        if (added == LAPOR_PG_OK) {
            added = person_find_call(store, asks->list + i, end - i);
        }

        starts[calls++] = i;
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0; i < calls; i++) {
        person_found(asks->list + starts[i], results[i]);
        PQclear(results[i]);
    }

    return added;
}


static enum lapor_pg_class
person_find_call(struct lapor_intake_store *store,
    struct person_ask *const *asks, size_t n)
{
    size_t                 i;
    struct lapor_pgarray  *ids, *at, *parts;
    struct lapor_pgparams  params;

    ids = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
    parts = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);

    for (i = 0; i < n; i++) {
        lapor_pgarray_text(ids, asks[i]->identity->id.data,
                           asks[i]->identity->id.len);
        lapor_pgarray_time(at, asks[i]->at_ms);
        lapor_pgarray_int2(parts, (int16_t) asks[i]->identity->part);
    }

    lapor_pgparams_init(&params, store->pool);
    lapor_intake_call_part(store, &params, asks[0]->identity->part);
    lapor_pgparams_array(&params, ids);
    lapor_pgparams_array(&params, at);
    lapor_pgparams_array(&params, parts);

    return lapor_pg_pipe_add(store->pg, "identity_find",
        "SELECT idx, home_part, reporter_id, early"
        "  FROM lapor.identity_find($1, $2, $3, $4)", &params);
}


static void
person_found(struct person_ask *const *asks, const PGresult *res)
{
    int                 row;
    struct person_ask  *ask;

    for (row = 0; row < PQntuples(res); row++) {
        ask = asks[lapor_pg_get_int(res, row, 0) - 1];
        ask->known = !lapor_pg_get_null(res, row, 2);
        ask->home = (unsigned) lapor_pg_get_int(res, row, 1);
        ask->reporter_id = lapor_pg_get_int(res, row, 2);
        ask->early = lapor_pg_get_bool(res, row, 3);
    }
}


static void
person_answer(struct person_view *v)
{
    const struct person_ask  *ask;

    ask = v->self_ask;

    if (ask != NULL) {
        v->odd |= ask->early;
        v->message->known = ask->known;
        v->message->home = ask->home;
        v->message->reporter_id = ask->reporter_id;
    }

    ask = v->other_ask;

    if (ask != NULL) {
        v->odd |= ask->early;
        v->other_known = ask->known;
        v->other_home = ask->home;
        v->other_id = ask->reporter_id;
    }
}
