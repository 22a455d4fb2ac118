/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the platform tells of numbers and user ids that changed, as facts; and
 * what messages of the same batch tell of these, since a number that went to
 * somebody else before it was moved is not moved by whoever had it first.
 */

#include "intake/person_internal.h"
#include "intake/who_store.h"


static bool person_tells(const struct lapor_intake_unit *unit);
static size_t person_said(struct lapor_who *who,
    struct lapor_intake_unit *units, size_t n, struct lapor_who_fact *facts);
static bool person_names_one(const struct lapor_who *who,
    const struct lapor_intake_unit *unit);
static size_t person_moves(struct lapor_who *who,
    const struct lapor_intake_unit *unit, struct lapor_who_fact *facts);
static struct lapor_str person_id_before(const struct lapor_event *event);
static struct lapor_who_identity *person_named(struct lapor_who *who,
    struct lapor_str id);


enum lapor_pg_class
lapor_intake_person_move(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    size_t                  i, count;
    struct lapor_who       *who;
    struct lapor_who_fact  *facts;

    count = 0;

    for (i = 0; i < n; i++) {
        count += person_tells(&units[i]);
    }

    if (count == 0) {
        return LAPOR_PG_OK;
    }

    who = lapor_pool_alloc(store->pool, sizeof(*who));
    lapor_who_init(who, store->pool);
    facts = lapor_pool_alloc(store->pool, (4 * count + n) * sizeof(*facts));
    count = 0;

    for (i = 0; i < n; i++) {
        if (person_tells(&units[i])) {
            count += person_moves(who, &units[i], facts + count);
        }
    }

    if (count == 0) {
        return LAPOR_PG_OK;
    }

    count += person_said(who, units, n, facts + count);

    return lapor_who_store(store, who, facts, count);
}


/* Messages that name an identity of those facts, or one that came with it; one
 * known before tells what it told then. */

static size_t
person_said(struct lapor_who *who, struct lapor_intake_unit *units, size_t n,
    struct lapor_who_fact *facts)
{
    bool    *taken;
    size_t   i, count, before;

    taken = lapor_pool_alloc(who->pool, n * sizeof(*taken));
    count = 0;

    do {
        before = count;

        for (i = 0; i < n; i++) {
            if (!taken[i] && person_names_one(who, &units[i])) {
                lapor_intake_person_fact(who, &units[i], &facts[count++]);
                taken[i] = true;
            }
        }

    } while (count > before);

    return count;
}


static bool
person_names_one(const struct lapor_who *who,
    const struct lapor_intake_unit *unit)
{
    const struct lapor_intake_message  *m;

    m = unit->message;

    return unit->kind == LAPOR_INTAKE_MESSAGE && !unit->old
           && m->event->system == NULL
           && (lapor_who_find(who, m->self.id) != NULL
               || lapor_who_find(who, m->other.id) != NULL);
}


/* What was told before has had its effect; once more it might have another
 * one, since facts of one second go by their order. What is put aside has
 * none: it may be what was refused. */

static bool
person_tells(const struct lapor_intake_unit *unit)
{
    return unit->event != NULL && unit->event->system != NULL && !unit->old
           && unit->kind != LAPOR_INTAKE_DEAD;
}


/*
 * What one notice of the platform says, at most four facts. The number
 * before is the sender, or in older payloads the customer; a user_id_update
 * tells no change of a number, only whose id it is (Cloud API, system
 * messages, user_id_update).
 */

static size_t
person_moves(struct lapor_who *who, const struct lapor_intake_unit *unit,
    struct lapor_who_fact *facts)
{
    size_t                       i, n;
    struct lapor_str             before;
    const struct lapor_event    *event;
    const struct lapor_system   *notice;
    struct lapor_who_identity   *number, *was, *now, *id;

    event = unit->event;
    notice = event->system;
    n = 0;

    before = lapor_str_digits(event->phone) ? event->phone : notice->customer;
    was = person_named(who, lapor_str_digits(before) ? before
                                                     : LAPOR_STR_NONE);
    number = person_named(who, lapor_str_digits(notice->wa_id)
                               ? notice->wa_id : LAPOR_STR_NONE);
    now = person_named(who, notice->user_id);

    if (event->kind == LAPOR_EVENT_MESSAGE && was != NULL && number != NULL
        && was != number)
    {
        facts[n].kind = LAPOR_WHO_MOVE;
        facts[n].a = was;
        facts[n++].b = number;
    }

    id = person_named(who, person_id_before(event));

    if (id != NULL && now != NULL && id != now) {
        facts[n].kind = LAPOR_WHO_MOVE;
        facts[n].a = id;
        facts[n++].b = now;
    }

    if (number == NULL) {
        number = was;
    }

    if (number != NULL && now != NULL) {
        facts[n].kind = LAPOR_WHO_HINT;
        facts[n].a = number;
        facts[n++].b = now;
    }

    /* nobody says whether this is the id before or after */
    id = lapor_str_digits(event->user_id) ? NULL
         : person_named(who, event->user_id);

    if (number != NULL && id != NULL) {
        facts[n].kind = LAPOR_WHO_SAME;
        facts[n].a = number;
        facts[n++].b = id;
    }

    for (i = 0; i < n; i++) {
        facts[i].at_ms = lapor_intake_person_time(unit);
        facts[i].raw_id = unit->raw->raw_id;
    }

    return n;
}


/* The user id that was changed, if one was. */

static struct lapor_str
person_id_before(const struct lapor_event *event)
{
    struct lapor_str            id;
    const struct lapor_system  *notice;

    notice = event->system;
    id = notice->previous_user_id;

    if (lapor_str_empty(id) && lapor_str_eqz(notice->type,
                                             "user_changed_user_id"))
    {
        id = lapor_str_empty(event->user_id) ? notice->customer
                                             : event->user_id;
    }

    return lapor_str_digits(id) ? LAPOR_STR_NONE : id;
}


static struct lapor_who_identity *
person_named(struct lapor_who *who, struct lapor_str id)
{
    struct lapor_intake_identity  is;

    if (!lapor_intake_key(id)) {
        return NULL;
    }

    is = lapor_intake_identity(who->pool, id);

    return lapor_who_identity(who, &is);
}
