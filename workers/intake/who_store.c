/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Changes of identities are rare, so each is a call of its own here; they
 * are written in one order, identities first, parts ascending, and each says
 * what it expects to find.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/who_store.h"
#include "lib/part.h"


struct who_list {
    struct lapor_who_identity  **items;
    size_t                       n;
};


static void who_name_peers(struct lapor_who *who);
static enum lapor_pg_class who_read(struct lapor_intake_store *store,
    struct lapor_who *who);
static enum lapor_pg_class who_read_part(struct lapor_intake_store *store,
    const struct who_list *list, size_t from, size_t to);
static enum lapor_pg_class who_read_rows(struct lapor_intake_store *store,
    struct lapor_who *who, const struct who_list *list, size_t from,
    const PGresult *res);
static enum lapor_pg_class who_widen(struct lapor_intake_store *store,
    struct lapor_who *who);
static enum lapor_pg_class who_held(struct lapor_intake_store *store,
    struct lapor_who *who, const struct lapor_who_person *person);
static enum lapor_pg_class who_add_persons(struct lapor_intake_store *store,
    struct lapor_who *who);
static enum lapor_pg_class who_add_person(struct lapor_intake_store *store,
    struct lapor_who_person *person);
static enum lapor_pg_class who_write(struct lapor_intake_store *store,
    struct lapor_who *who);
static enum lapor_pg_class who_write_one(struct lapor_intake_store *store,
    const struct lapor_who_identity *identity);
static enum lapor_pg_class who_tell(struct lapor_intake_store *store,
    const struct lapor_who *who);
static enum lapor_pg_class who_tell_one(struct lapor_intake_store *store,
    const struct lapor_who_change *change);
static enum lapor_pg_class who_audit(struct lapor_intake_store *store,
    const struct lapor_who *who);
static enum lapor_pg_class who_audit_one(struct lapor_intake_store *store,
    const struct lapor_who_change *change,
    const struct lapor_who_person *person);
static enum lapor_pg_class who_tie_half(struct lapor_intake_store *store,
    const struct lapor_who_person *one, const struct lapor_who_person *two,
    const char *why, int64_t at_ms, int64_t raw_id);
static void who_sorted(struct lapor_intake_store *store,
    const struct lapor_who *who, bool changed, struct who_list *ret_list);
static int who_compare(const void *one, const void *two);
static void who_person_params(struct lapor_pgparams *p,
    struct lapor_who_person *person);


enum lapor_pg_class
lapor_who_store(struct lapor_intake_store *store, struct lapor_who *who,
    struct lapor_who_fact *facts, size_t n)
{
    enum lapor_pg_class  class;

    class = who_read(store, who);

    if (class == LAPOR_PG_OK) {
        who_name_peers(who);
        class = who_read(store, who);
    }

    if (class != LAPOR_PG_OK) {
        return class;
    }

    lapor_who_run(who, facts, n);

    class = who_widen(store, who);

    if (class == LAPOR_PG_OK) {
        class = who_add_persons(store, who);
    }

    if (class == LAPOR_PG_OK) {
        class = who_write(store, who);
    }

    if (class == LAPOR_PG_OK) {
        class = who_tell(store, who);
    }

    return class == LAPOR_PG_OK ? who_audit(store, who) : class;
}


/* What came with an identity may go where it goes. */

static void
who_name_peers(struct lapor_who *who)
{
    struct lapor_who_tenure        *t;
    struct lapor_who_identity      *i;
    struct lapor_intake_identity    is;

    for (i = who->all; i != NULL; i = i->next) {

        for (t = i->tenures; t != NULL; t = t->next) {

            if (t->peer.data != NULL) {
                is = lapor_intake_identity(who->pool, t->peer);
                lapor_who_identity(who, &is);
            }
        }
    }
}


/* Those that were not read yet. */

static enum lapor_pg_class
who_read(struct lapor_intake_store *store, struct lapor_who *who)
{
    size_t               i, k, calls, starts[LAPOR_PARTS];
    PGresult            *results[LAPOR_PARTS];
    struct who_list      list;
    enum lapor_pg_class  class, added;

    who_sorted(store, who, false, &list);
    calls = 0;

    if (list.n == 0) {
        return LAPOR_PG_OK;
    }

    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < list.n; i = k) {
        k = i;

        while (k < list.n && list.items[k]->is.part == list.items[i]->is.part)
        {
            k++;
        }

        if (added == LAPOR_PG_OK) {
            added = who_read_part(store, &list, i, k);
        }

        starts[calls++] = i;
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0; i < calls; i++) {

        if (added == LAPOR_PG_OK) {
            added = who_read_rows(store, who, &list, starts[i], results[i]);
        }

        PQclear(results[i]);
    }

    return added;
}


static enum lapor_pg_class
who_read_part(struct lapor_intake_store *store, const struct who_list *list,
    size_t from, size_t to)
{
    size_t                 i;
    struct lapor_pgarray  *ids;
    struct lapor_pgparams  p;

    ids = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);

    for (i = from; i < to; i++) {
        lapor_pgarray_text(ids, list->items[i]->is.id.data,
                           list->items[i]->is.id.len);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) list->items[from]->is.part);
    lapor_pgparams_array(&p, ids);

    return lapor_pg_pipe_add(store->pg, "identity_read",
                             "SELECT * FROM lapor.identity_read($1, $2)", &p);
}


static enum lapor_pg_class
who_read_rows(struct lapor_intake_store *store, struct lapor_who *who,
    const struct who_list *list, size_t from, const PGresult *res)
{
    int               row;
    struct lapor_str  image;

    for (row = 0; row < PQntuples(res); row++) {
        image = LAPOR_STR_NONE;

        if (!lapor_pg_get_null(res, row, 0)) {
            image = lapor_pool_str(store->pool,
                                   lapor_pg_get_str(res, row, 0));
        }

        if (lapor_who_load(who, list->items[from + (size_t) row], image)
            == -1)
        {
            return LAPOR_PG_BUG;
        }
    }

    return LAPOR_PG_OK;
}


/* Who was merged leaves nothing behind: all his identities follow, wherever
 * they lie. */

static enum lapor_pg_class
who_widen(struct lapor_intake_store *store, struct lapor_who *who)
{
    enum lapor_pg_class       class;
    struct lapor_who_person  *person;

    if (!who->merged) {
        return LAPOR_PG_OK;
    }

    for (person = who->persons; person != NULL; person = person->next) {

        if (person->into == NULL || person->id == 0 || person->widened) {
            continue;
        }

        person->widened = true;
        class = who_held(store, who, person);

        if (class != LAPOR_PG_OK) {
            return class;
        }
    }

    class = who_read(store, who);

    if (class == LAPOR_PG_OK) {
        lapor_who_follow(who);
    }

    return class;
}


static enum lapor_pg_class
who_held(struct lapor_intake_store *store, struct lapor_who *who,
    const struct lapor_who_person *person)
{
    int                            row;
    unsigned                       part;
    PGresult                      *results[LAPOR_PARTS];
    enum lapor_pg_class            class, added;
    struct lapor_pgparams          p;
    struct lapor_intake_identity   is;

    added = lapor_pg_pipe_begin(store->pg);

    for (part = 0; part < LAPOR_PARTS && added == LAPOR_PG_OK; part++) {
        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) part);
        lapor_pgparams_int2(&p, (int16_t) person->home);
        lapor_pgparams_int8(&p, person->id);

        added = lapor_pg_pipe_add(store->pg, "identity_held",
            "SELECT * FROM lapor.identity_held($1, $2, $3)", &p);
    }

    class = lapor_pg_pipe_end(store->pg, results, LAPOR_PARTS, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (part = 0; part < LAPOR_PARTS; part++) {

        for (row = 0; row < PQntuples(results[part]); row++) {
            is = lapor_intake_identity(store->pool,
                     lapor_pool_str(store->pool,
                                    lapor_pg_get_str(results[part], row, 0)));
            lapor_who_identity(who, &is);
        }

        PQclear(results[part]);
    }

    return added;
}


/* Those who are somebody's holder and are not stored yet. */

static enum lapor_pg_class
who_add_persons(struct lapor_intake_store *store, struct lapor_who *who)
{
    enum lapor_pg_class         class;
    struct lapor_who_person    *person;
    struct lapor_who_tenure    *t;
    struct lapor_who_identity  *i;

    for (i = who->all; i != NULL; i = i->next) {

        for (t = i->tenures; t != NULL; t = t->next) {
            person = lapor_who_root(t->person);

            if (person->id != 0) {
                continue;
            }

            class = who_add_person(store, person);

            if (class != LAPOR_PG_OK) {
                return class;
            }
        }
    }

    return LAPOR_PG_OK;
}


static enum lapor_pg_class
who_add_person(struct lapor_intake_store *store,
    struct lapor_who_person *person)
{
    PGresult               *res;
    enum lapor_pg_class     class;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) person->home);
    lapor_pgparams_time(&p, person->at_ms);

    class = lapor_pg_call(store->pg, "reporter_add",
                     "SELECT lapor.reporter_add($1, $2)", &p, &res);

    if (class == LAPOR_PG_OK) {
        person->id = lapor_pg_get_int(res, 0, 0);
        PQclear(res);
    }

    return class;
}


static enum lapor_pg_class
who_write(struct lapor_intake_store *store, struct lapor_who *who)
{
    size_t               i;
    struct who_list      list;
    enum lapor_pg_class  class;

    who_sorted(store, who, true, &list);
    class = LAPOR_PG_OK;

    for (i = 0; i < list.n && class == LAPOR_PG_OK; i++) {
        class = who_write_one(store, list.items[i]);
    }

    return class;
}


static enum lapor_pg_class
who_write_one(struct lapor_intake_store *store,
    const struct lapor_who_identity *identity)
{
    struct lapor_pgarray     *since, *until, *home, *reporter, *seen, *peer;
    struct lapor_pgparams     p;
    struct lapor_who_tenure  *t;
    struct lapor_who_person  *person;

    since = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    until = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    home = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);
    reporter = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    seen = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    peer = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);

    for (t = identity->tenures; t != NULL; t = t->next) {
        person = lapor_who_root(t->person);
        lapor_pgarray_int8(since, t->since);
        lapor_pgarray_int8(until, t->until);
        lapor_pgarray_int2(home, (int16_t) person->home);
        lapor_pgarray_int8(reporter, person->id);
        lapor_pgarray_int8(seen, t->seen);
        lapor_pgarray_text(peer, t->peer.data, t->peer.len);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) identity->is.part);
    lapor_pgparams_text(&p, identity->is.id.data, identity->is.id.len);
    lapor_pgparams_cstr(&p, identity->is.kind);
    lapor_pgparams_text(&p, identity->image.data, identity->image.len);
    lapor_pgparams_array(&p, since);
    lapor_pgparams_array(&p, until);
    lapor_pgparams_array(&p, home);
    lapor_pgparams_array(&p, reporter);
    lapor_pgparams_array(&p, seen);
    lapor_pgparams_array(&p, peer);

    return lapor_pg_call(store->pg, "identity_write",
        "SELECT lapor.identity_write($1, $2, $3, $4, $5, $6, $7, $8, $9,"
        "                            $10)", &p, NULL);
}


static enum lapor_pg_class
who_tell(struct lapor_intake_store *store, const struct lapor_who *who)
{
    const char                     *why;
    enum lapor_pg_class             class;
    struct lapor_who_person        *from, *to;
    const struct lapor_who_change  *c;

    class = LAPOR_PG_OK;

    for (c = who->changes; c != NULL && class == LAPOR_PG_OK; c = c->next) {
        class = who_tell_one(store, c);

        if (c->from == NULL || class != LAPOR_PG_OK) {
            continue;
        }

        why = strcmp(c->what, "merged") == 0 ? "same" : "number";
        from = why[0] == 's' ? c->from : lapor_who_root(c->from);
        to = lapor_who_root(c->to);

        if (from != to && from->id != 0 && to->id != 0) {
            class = lapor_who_tie(store, from, to, why, c->at_ms, c->raw_id);
        }
    }

    return class;
}


static enum lapor_pg_class
who_tell_one(struct lapor_intake_store *store,
    const struct lapor_who_change *c)
{
    struct lapor_str       peer;
    struct lapor_pgparams  p;

    peer = c->peer == NULL ? LAPOR_STR_NONE : c->peer->is.id;

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) c->identity->is.part);
    lapor_pgparams_text(&p, c->identity->is.id.data, c->identity->is.id.len);
    lapor_pgparams_cstr(&p, c->what);
    lapor_pgparams_int8(&p, c->at_ms);
    lapor_pgparams_text(&p, peer.data, peer.len);
    who_person_params(&p, c->from);
    who_person_params(&p, lapor_who_root(c->to));
    lapor_pgparams_int8(&p, c->raw_id);
    lapor_pgparams_time(&p, store->at_ms);

    return lapor_pg_call(store->pg, "identity_tell",
        "SELECT lapor.identity_tell($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
        "                           $11)", &p, NULL);
}


/* One who was never stored is whom he turned out to be. */

static void
who_person_params(struct lapor_pgparams *p, struct lapor_who_person *person)
{
    if (person == NULL) {
        lapor_pgparams_null(p, LAPOR_PG_INT2);
        lapor_pgparams_null(p, LAPOR_PG_INT8);
        return;
    }

    if (person->id == 0) {
        person = lapor_who_root(person);
    }

    lapor_pgparams_int2(p, (int16_t) person->home);
    lapor_pgparams_int8(p, person->id);
}


/* Reports are locked here, home parts ascending. */

static enum lapor_pg_class
who_audit(struct lapor_intake_store *store, const struct lapor_who *who)
{
    unsigned                        part;
    enum lapor_pg_class             class;
    const struct lapor_who_change  *c;
    const struct lapor_who_person  *to;

    class = LAPOR_PG_OK;

    for (part = 0; part < LAPOR_PARTS && who->changes != NULL; part++) {

        for (c = who->changes; c != NULL; c = c->next) {
            to = lapor_who_root(c->to);

            if (class == LAPOR_PG_OK && to->home == part) {
                class = who_audit_one(store, c, to);
            }

            if (class == LAPOR_PG_OK && c->from != NULL && c->from != to
                && c->from->id != 0 && c->from->home == part)
            {
                class = who_audit_one(store, c, c->from);
            }
        }
    }

    return class;
}


static enum lapor_pg_class
who_audit_one(struct lapor_intake_store *store,
    const struct lapor_who_change *c, const struct lapor_who_person *person)
{
    char                   kind[32];
    struct lapor_str       peer;
    struct lapor_pgparams  p;

    peer = c->peer == NULL ? LAPOR_STR_NONE : c->peer->is.id;
    snprintf(kind, sizeof(kind), "identity_%s", c->what);

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) person->home);
    lapor_pgparams_int8(&p, person->id);
    lapor_pgparams_cstr(&p, kind);
    lapor_pgparams_text(&p, c->identity->is.id.data, c->identity->is.id.len);
    lapor_pgparams_text(&p, peer.data, peer.len);
    lapor_pgparams_int8(&p, c->at_ms);
    lapor_pgparams_int8(&p, c->raw_id);

    return lapor_pg_call(store->pg, "reporter_audit",
        "SELECT lapor.reporter_audit($1, $2, $3, $4, $5, $6, $7)", &p, NULL);
}


enum lapor_pg_class
lapor_who_tie(struct lapor_intake_store *store,
    const struct lapor_who_person *one, const struct lapor_who_person *two,
    const char *why, int64_t at_ms, int64_t raw_id)
{
    enum lapor_pg_class  class;

    class = who_tie_half(store, one, two, why, at_ms, raw_id);

    return class == LAPOR_PG_OK
           ? who_tie_half(store, two, one, why, at_ms, raw_id) : class;
}


static enum lapor_pg_class
who_tie_half(struct lapor_intake_store *store,
    const struct lapor_who_person *one, const struct lapor_who_person *two,
    const char *why, int64_t at_ms, int64_t raw_id)
{
    struct lapor_pgparams  p;

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) one->home);
    lapor_pgparams_int8(&p, one->id);
    lapor_pgparams_int2(&p, (int16_t) two->home);
    lapor_pgparams_int8(&p, two->id);
    lapor_pgparams_cstr(&p, why);
    lapor_pgparams_int8(&p, at_ms);
    lapor_pgparams_int8(&p, raw_id);

    return lapor_pg_call(store->pg, "reporter_tie",
        "SELECT lapor.reporter_tie($1, $2, $3, $4, $5, $6, $7)", &p, NULL);
}


/* Those changed, or those not read yet: by part and identity. */

static void
who_sorted(struct lapor_intake_store *store, const struct lapor_who *who,
    bool changed, struct who_list *ret_list)
{
    size_t                      n;
    struct lapor_who_identity  *i;

    n = 0;

    for (i = who->all; i != NULL; i = i->next) {
        n++;
    }

    ret_list->items = lapor_pool_alloc(store->pool,
                                       (n + 1) * sizeof(*ret_list->items));
    ret_list->n = 0;

    for (i = who->all; i != NULL; i = i->next) {
        if (changed ? i->changed : !i->read) {
            ret_list->items[ret_list->n++] = i;
        }
    }

    if (ret_list->n > 1) {
        qsort(ret_list->items, ret_list->n, sizeof(*ret_list->items),
              who_compare);
    }
}


static int
who_compare(const void *one, const void *two)
{
    int                               rc;
    const struct lapor_who_identity  *a, *b;

    a = *(struct lapor_who_identity *const *) one;
    b = *(struct lapor_who_identity *const *) two;

    if (a->is.part != b->is.part) {
        return a->is.part < b->is.part ? -1 : 1;
    }

    rc = memcmp(a->is.id.data, b->is.id.data,
                a->is.id.len < b->is.id.len ? a->is.id.len : b->is.id.len);

    if (rc != 0) {
        return rc;
    }

    return a->is.id.len < b->is.id.len ? -1 : a->is.id.len > b->is.id.len;
}
