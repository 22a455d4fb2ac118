/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What messages of known senders tell of their identities.
 *
 * A username leads to nobody: it may be given up and taken by somebody else.
 * Who wrote under it last is kept, for people to search, and two who used it
 * one after the other are linked as a hint.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/person_internal.h"
#include "intake/sender.h"
#include "intake/who_store.h"


static struct person_view *person_pair(struct lapor_pool *pool,
    struct lapor_intake_slot *slot);
static size_t person_word(struct lapor_pool *pool, struct person_ask **ret_ask,
    struct person_view *view, const struct lapor_intake_identity *identity,
    const struct lapor_intake_identity *peer);
static enum lapor_pg_class person_remember(struct lapor_intake_store *store,
    struct person_ask **asks, size_t n);
static enum lapor_pg_class person_remember_call(
    struct lapor_intake_store *store, struct person_ask *const *asks,
    size_t n);
static enum lapor_pg_class person_names(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static int person_name_compare(const void *one, const void *two);
static enum lapor_pg_class person_name(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slot);


/* A pair that came together last time too is not worth a word. */

enum lapor_pg_class
lapor_intake_person_link(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                 i, nviews, nasks;
    struct person_ask    **asks;
    struct person_view   **views, *view;
    enum lapor_pg_class    class;

    views = lapor_pool_alloc(store->pool, n * sizeof(*views));
    nviews = 0;

    /* the last word about an identity stands, so from the last one on ... */
    for (i = n; i-- > 0; /* void */ ) {
        view = person_pair(store->pool, &slots[i]);

        if (view != NULL) {
            views[nviews++] = view;
        }
    }

    asks = lapor_pool_alloc(store->pool, 2 * nviews * sizeof(*asks));
    nasks = 0;

    /* ... and back */
    for (i = nviews; i-- > 0; /* void */ ) {
        view = views[i];
        nasks += person_word(store->pool, &asks[nasks], view,
                             &view->message->self, view->other);
        nasks += person_word(store->pool, &asks[nasks], view, view->other,
                             &view->message->self);
    }

    if (nasks > 0) {
        lapor_intake_person_sort(store->pool, asks, nasks);
        class = person_remember(store, asks, nasks);

        if (class != LAPOR_PG_OK) {
            return class;
        }
    }

    return person_names(store, slots, n);
}


/* The pair that a message shows; NULL if it is none, or his last one again,
 * which is then as old as this message. */

static struct person_view *
person_pair(struct lapor_pool *pool, struct lapor_intake_slot *slot)
{
    int64_t                       at_ms;
    struct person_view           *view;
    struct lapor_intake_message  *m;

    m = slot->unit->message;

    if (m->settled || m->other.id.data == NULL || m->event->system != NULL
        || (m->first && lapor_str_eq(m->peer, m->other.id)))
    {
        return NULL;
    }

    at_ms = lapor_intake_person_time(slot->unit);
    view = m->sender->pair;

    if (view != NULL && lapor_str_eq(view->message->self.id, m->self.id)
        && lapor_str_eq(view->other->id, m->other.id))
    {
        view->at_ms = at_ms < view->at_ms ? at_ms : view->at_ms;
        return NULL;
    }

    view = lapor_pool_alloc(pool, sizeof(*view));
    view->slot = slot;
    view->message = m;
    view->other = &m->other;
    view->at_ms = at_ms;
    m->sender->pair = view;
    m->sender->npairs++;

    return view;
}


/* One identity of a pair as a word to be told; 0 if reporter_open has just
 * written it so, and nothing else is told of it since. */

static size_t
person_word(struct lapor_pool *pool, struct person_ask **ret_ask,
    struct person_view *view, const struct lapor_intake_identity *identity,
    const struct lapor_intake_identity *peer)
{
    struct person_ask                 *ask;
    const struct lapor_intake_sender  *sender;

    sender = view->message->sender;

    if (sender->made && sender->npairs == 1
        && lapor_str_eq(sender->self->id, identity->id)
        && lapor_str_eq(sender->peer->id, peer->id))
    {
        return 0;
    }

    ask = lapor_pool_alloc(pool, sizeof(*ask));
    ask->identity = identity;
    ask->peer = peer;
    ask->view = view;
    *ret_ask = ask;

    return 1;
}


static enum lapor_pg_class
person_remember(struct lapor_intake_store *store,
    struct person_ask **asks, size_t n)
{
    size_t                i, end;
    enum lapor_pg_class   class, added;

    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_person_run(store, asks, n, i);
        added = person_remember_call(store, asks + i, end - i);
    }

    class = lapor_pg_pipe_end(store->pg, NULL, 0, NULL);

    return class == LAPOR_PG_OK ? added : class;
}


static enum lapor_pg_class
person_remember_call(struct lapor_intake_store *store,
    struct person_ask *const *asks, size_t n)
{
    size_t                        i;
    struct lapor_pgarray         *id, *kind, *peer, *home, *reporter, *at,
                                 *part;
    struct lapor_pgparams         p;
    struct lapor_intake_message  *m;

    id = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    kind = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    peer = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    home = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);
    reporter = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
    part = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);

    for (i = 0; i < n; i++) {
        m = asks[i]->view->message;
        lapor_pgarray_text(id, asks[i]->identity->id.data,
                           asks[i]->identity->id.len);
        lapor_pgarray_cstr(kind, asks[i]->identity->kind);
        lapor_pgarray_text(peer, asks[i]->peer->id.data,
                           asks[i]->peer->id.len);
        lapor_pgarray_int2(home, (int16_t) m->home);
        lapor_pgarray_int8(reporter, m->reporter_id);
        lapor_pgarray_time(at, asks[i]->view->at_ms);
        lapor_pgarray_int2(part, (int16_t) asks[i]->identity->part);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_intake_call_part(store, &p, asks[0]->identity->part);
    lapor_pgparams_array(&p, id);
    lapor_pgparams_array(&p, kind);
    lapor_pgparams_array(&p, peer);
    lapor_pgparams_array(&p, home);
    lapor_pgparams_array(&p, reporter);
    lapor_pgparams_array(&p, at);
    lapor_pgparams_array(&p, part);

    return lapor_pg_pipe_add(store->pg, "identity_link",
        "SELECT lapor.identity_link($1, $2, $3, $4, $5, $6, $7, $8)", &p);
}


/* By time, since whoever wrote under one before is linked with the next. */

static enum lapor_pg_class
person_names(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                        i, count;
    enum lapor_pg_class           class;
    struct lapor_intake_slot     *named;
    struct lapor_intake_message  *m;

    named = NULL;
    count = 0;

    for (i = 0; i < n; i++) {
        m = slots[i].unit->message;

        if ((!m->renamed && !m->sender->named)
            || !lapor_intake_key(m->username))
        {
            continue;
        }

        if (named == NULL) {
            named = lapor_pool_alloc(store->pool, n * sizeof(*named));
        }

        named[count++] = slots[i];
    }

    if (count > 1) {
        qsort(named, count, sizeof(*named), person_name_compare);
    }

    class = LAPOR_PG_OK;

    for (i = 0; i < count && class == LAPOR_PG_OK; i++) {
        class = person_name(store, &named[i]);
    }

    return class;
}


static int
person_name_compare(const void *one, const void *two)
{
    int64_t                          x, y;
    const struct lapor_intake_slot  *a, *b;

    a = one;
    b = two;
    x = lapor_intake_person_time(a->unit);
    y = lapor_intake_person_time(b->unit);

    if (x != y) {
        return x < y ? -1 : 1;
    }

    return a->unit < b->unit ? -1 : a->unit > b->unit;
}


/* Usernames have no capitals (Cloud API, usernames); an at sign keeps them
 * apart from numbers and user ids. */

static enum lapor_pg_class
person_name(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slot)
{
    char                          *text;
    size_t                         i;
    PGresult                      *res;
    struct lapor_str               name;
    enum lapor_pg_class            class;
    struct lapor_pgparams          p;
    struct lapor_who_person        before, now;
    struct lapor_intake_message   *m;
    struct lapor_intake_identity   is;

    m = slot->unit->message;
    name.len = m->username.len + 1;
    text = lapor_pool_bytes(store->pool, name.len);
    text[0] = '@';

    for (i = 1; i < name.len; i++) {
        text[i] = m->username.data[i - 1];
        text[i] += text[i] >= 'A' && text[i] <= 'Z' ? 'a' - 'A' : 0;
    }

    name.data = text;
    is = lapor_intake_identity(store->pool, name);
    memset(&now, 0, sizeof(now));
    memset(&before, 0, sizeof(before));
    now.home = m->home;
    now.id = m->reporter_id;

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) is.part);
    lapor_pgparams_text(&p, name.data, name.len);
    lapor_pgparams_int2(&p, (int16_t) now.home);
    lapor_pgparams_int8(&p, now.id);
    lapor_pgparams_time(&p, lapor_intake_person_time(slot->unit));
    lapor_pgparams_int8(&p, slot->unit->raw->raw_id);
    lapor_pgparams_time(&p, store->at_ms);

    class = lapor_pg_call(store->pg, "identity_use",
        "SELECT home_part, reporter_id"
        "  FROM lapor.identity_use($1, $2, $3, $4, $5, $6, $7)", &p, &res);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    if (PQntuples(res) > 0) {
        before.home = (unsigned) lapor_pg_get_int(res, 0, 0);
        before.id = lapor_pg_get_int(res, 0, 1);
        class = lapor_who_tie(store, &before, &now, "username",
                              lapor_intake_person_time(slot->unit),
                              slot->unit->raw->raw_id);
    }

    PQclear(res);

    return class;
}
