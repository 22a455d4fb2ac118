/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A sender has up to two identities that lead to him, a phone number and a
 * user id, and either may be missing from a message. Known by the one that
 * the payload names first, with the same other one as last time, nothing more
 * is asked. One that nobody knows is new, and the first identity under which
 * this batch sees him gives him his home; another message of the batch may
 * tell that two of them are one. All else, the odd ones, are facts that who.c
 * weighs: an identity that joins a known one, two reporters who turn out to
 * be one, a number in other hands, a message from before a change.
 */

#include <string.h>

#include "intake/person_internal.h"
#include "intake/who_store.h"
#include "lib/part.h"


#define PERSON_BUCKETS  1024


/* Where an identity of somebody new leads, as far as this batch knows. */
struct person_lead {
    struct lapor_str               id;
    struct lapor_intake_identity   as;     /* his first name */
    struct lapor_str               user_id;
    int64_t                        at_ms;  /* of the message that says so */
    struct person_lead            *next;
};


struct person_map {
    struct lapor_pool   *pool;
    struct person_lead  *buckets[PERSON_BUCKETS];
};


static struct person_view *person_views(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static void person_judge(struct person_view *views, size_t n);
static void person_settle(struct lapor_pool *pool, struct person_view *views,
    size_t n);
static enum lapor_pg_class person_odd(struct lapor_intake_store *store,
    struct person_view *views, size_t n);
static size_t person_spread(struct lapor_who *who, struct person_view *views,
    size_t n);
static const struct lapor_intake_identity *person_other(
    const struct lapor_intake_message *m);
static struct person_lead *person_get(const struct person_map *map,
    struct lapor_str id);
static struct person_lead *person_put(struct person_map *map,
    struct lapor_str id, const struct person_lead *lead, int64_t at_ms);
static unsigned person_bucket(struct lapor_str id);


/* Meta's time if it is believed, as for messages. */

int64_t
lapor_intake_person_time(const struct lapor_intake_unit *unit)
{
    if (unit->message != NULL) {
        return unit->message->sent_ms != 0 ? unit->message->sent_ms
                                           : unit->raw->received_ms;
    }

    return unit->event->sent == LAPOR_SENT_VALID
           ? unit->event->sent_at * 1000 : unit->raw->received_ms;
}


enum lapor_pg_class
lapor_intake_person_find(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    struct person_view   *views;
    enum lapor_pg_class   class;

    views = person_views(store, slots, n);
    class = lapor_intake_person_ask(store, views, n);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    person_judge(views, n);
    person_settle(store->pool, views, n);

    return person_odd(store, views, n);
}


static struct person_view *
person_views(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                        i;
    struct person_view           *views, *v;
    struct lapor_intake_message  *m;

    views = lapor_pool_alloc(store->pool, n * sizeof(*views));

    for (i = 0; i < n; i++) {
        v = &views[i];
        m = slots[i].unit->message;
        v->slot = &slots[i];
        v->message = m;
        v->at_ms = lapor_intake_person_time(slots[i].unit);

        /* a time that is not believed was not looked up as it counts here */
        v->odd = m->early || (!m->known && m->seen_ms != v->at_ms);
        m->settled = false;
        m->renamed = m->username.data != NULL && !m->known;

        v->other = person_other(m);
    }

    return views;
}


/* One identity leads to somebody and the other one does not, or to somebody
 * else. */

static void
person_judge(struct person_view *views, size_t n)
{
    size_t                        i;
    struct person_view           *v;
    struct lapor_intake_message  *m;

    for (i = 0; i < n; i++) {
        v = &views[i];
        m = v->message;

        if (v->other == NULL
            || (m->known && lapor_str_eq(m->peer, v->other->id)))
        {
            continue;
        }

        if (m->known != v->other_known
            || (m->known && (m->reporter_id != v->other_id
                             || m->home != v->other_home)))
        {
            v->odd = true;
        }
    }
}


/* Those whom nobody knows: who they are to each other. A number that comes
 * with two user ids in one batch is odd, and so are two that this batch saw
 * apart and now sees together, or one of two alone that is older than what says
 * so of them: each identity has an age of its own. */

static void
person_settle(struct lapor_pool *pool, struct person_view *views, size_t n)
{
    size_t                        i;
    struct lapor_str              other, user_id;
    struct person_map            *map;
    struct person_lead           *lead, *beside, new;
    struct lapor_intake_message  *m;

    map = NULL;

    for (i = 0; i < n; i++) {
        m = views[i].message;

        if (m->known || views[i].odd) {
            continue;
        }

        if (map == NULL) {
            map = lapor_pool_alloc(pool, sizeof(*map));
            map->pool = pool;
        }

        other = views[i].other == NULL ? LAPOR_STR_NONE : views[i].other->id;
        user_id = lapor_str_digits(m->self.id) ? other : m->self.id;
        lead = person_get(map, m->self.id);
        beside = person_get(map, other);

        if (lead == NULL) {
            lead = beside;
        }

        if (lead == NULL) {
            memset(&new, 0, sizeof(new));
            new.as = m->self;
            lead = &new;
        }

        if (lead->user_id.data == NULL) {
            lead->user_id = user_id;
        }

        m->home = lead->as.part;
        m->name_as = lead->as;
        views[i].odd = (user_id.data != NULL
                        && !lapor_str_eq(lead->user_id, user_id))
                       || (beside != NULL
                           && !lapor_str_eq(beside->as.id, lead->as.id))
                       || (other.data == NULL && views[i].at_ms < lead->at_ms
                           && !lapor_str_eq(m->self.id, lead->as.id));

        lead = person_put(map, m->self.id, lead, views[i].at_ms);
        lead = person_put(map, other, lead, views[i].at_ms);
    }
}


/* Odd messages, and all others of the batch that name the same identities,
 * as facts; then whose they are. */

static enum lapor_pg_class
person_odd(struct lapor_intake_store *store, struct person_view *views,
    size_t n)
{
    size_t                     i, nfacts;
    struct lapor_who          *who;
    enum lapor_pg_class        class;
    struct lapor_who_fact     *facts;
    struct lapor_who_tenure   *t;
    struct lapor_who_person   *person;
    struct lapor_who_identity *identity;

    for (i = 0; i < n && !views[i].odd; i++) {
        /* void */
    }

    if (i == n) {
        return LAPOR_PG_OK;
    }

    who = lapor_pool_alloc(store->pool, sizeof(*who));
    lapor_who_init(who, store->pool);
    facts = lapor_pool_alloc(store->pool, n * sizeof(*facts));

    while (person_spread(who, views, n) > 0) {
        /* void */
    }

    nfacts = 0;

    for (i = 0; i < n; i++) {
        if (views[i].odd) {
            lapor_intake_person_fact(who, views[i].slot->unit,
                                     &facts[nfacts++]);
        }
    }

    class = lapor_who_store(store, who, facts, nfacts);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0; i < n; i++) {
        identity = lapor_who_find(who, views[i].message->self.id);
        t = identity == NULL ? NULL : lapor_who_at(identity, views[i].at_ms);

        if (t == NULL) {
            continue;
        }

        person = lapor_who_root(t->person);
        views[i].message->known = true;
        views[i].message->settled = true;
        views[i].message->home = person->home;
        views[i].message->reporter_id = person->id;
    }

    return LAPOR_PG_OK;
}


/* What shares an identity with something odd is odd; returns how many. */

static size_t
person_spread(struct lapor_who *who, struct person_view *views, size_t n)
{
    size_t               i, found;
    struct person_view  *v;

    found = 0;

    for (i = 0; i < n; i++) {
        v = &views[i];

        if (!v->odd && (lapor_who_find(who, v->message->self.id) != NULL
                        || (v->other != NULL
                            && lapor_who_find(who, v->other->id) != NULL)))
        {
            v->odd = true;
        }

        if (!v->odd || (lapor_who_find(who, v->message->self.id) != NULL
                        && (v->other == NULL
                            || lapor_who_find(who, v->other->id) != NULL)))
        {
            continue;
        }

        found++;
        lapor_who_identity(who, &v->message->self);

        if (v->other != NULL) {
            lapor_who_identity(who, v->other);
        }
    }

    return found;
}


/* The one that a message names beside its sender, or NULL. A notice of the
 * platform tells of moves, nothing else. */

static const struct lapor_intake_identity *
person_other(const struct lapor_intake_message *m)
{
    return m->other.id.data != NULL && m->event->system == NULL ? &m->other
                                                                : NULL;
}


void
lapor_intake_person_fact(struct lapor_who *who,
    const struct lapor_intake_unit *unit, struct lapor_who_fact *fact)
{
    const struct lapor_intake_message   *m;
    const struct lapor_intake_identity  *other;

    m = unit->message;
    other = person_other(m);
    memset(fact, 0, sizeof(*fact));

    fact->kind = LAPOR_WHO_SEEN;
    fact->a = lapor_who_identity(who, &m->self);
    fact->at_ms = lapor_intake_person_time(unit);
    fact->raw_id = unit->raw->raw_id;

    if (other == NULL) {
        return;
    }

    fact->kind = LAPOR_WHO_JOIN;
    fact->b = lapor_who_identity(who, other);

    if (!lapor_str_digits(fact->a->is.id)) {
        fact->b = fact->a;
        fact->a = lapor_who_identity(who, other);
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

static struct person_lead *
person_put(struct person_map *map, struct lapor_str id,
    const struct person_lead *lead, int64_t at_ms)
{
    unsigned             bucket;
    struct person_lead  *copy;

    copy = person_get(map, id);

    if (id.data == NULL || copy != NULL) {
        return copy == NULL ? (struct person_lead *) lead : copy;
    }

    bucket = person_bucket(id);

    copy = lapor_pool_memdup(map->pool, lead, sizeof(*lead));
    copy->id = id;
    copy->at_ms = at_ms;
    copy->next = map->buckets[bucket];
    map->buckets[bucket] = copy;

    return copy;
}


static unsigned
person_bucket(struct lapor_str id)
{
    return (unsigned) (lapor_str_hash(id) % PERSON_BUCKETS);
}


/* By part, and stable: each part's list is short or the parts are many, so
 * one pass to count and one to place. */

void
lapor_intake_person_sort(struct lapor_pool *pool, struct person_ask **asks,
    size_t n)
{
    size_t               i, starts[LAPOR_PARTS + 1];
    struct person_ask  **sorted;

    memset(starts, 0, sizeof(starts));
    sorted = lapor_pool_alloc(pool, n * sizeof(*sorted));

    for (i = 0; i < n; i++) {
        starts[asks[i]->identity->part + 1]++;
    }

    for (i = 1; i <= LAPOR_PARTS; i++) {
        starts[i] += starts[i - 1];
    }

    for (i = 0; i < n; i++) {
        sorted[starts[asks[i]->identity->part]++] = asks[i];
    }

    memcpy(asks, sorted, n * sizeof(*sorted));
}


size_t
lapor_intake_person_run(const struct lapor_intake_store *store,
    struct person_ask *const *asks, size_t n, size_t from)
{
    size_t  i;

    if (!store->apart) {
        return n;
    }

    for (i = from;
         i < n && asks[i]->identity->part == asks[from]->identity->part;
         i++)
    {
        /* void */
    }

    return i;
}
