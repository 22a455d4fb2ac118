/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Facts into tenures. Where the order of arrival could matter, the times
 * decide: a boundary lies where the facts put it, whichever came first.
 */

#include <stdlib.h>

#include "intake/who_internal.h"


/* Meta's times are whole seconds; who gave an identity up still had it in
 * the second in which he said so. */
#define WHO_SECOND_MS  1000


static int who_compare(const void *one, const void *two);
static void who_seen(struct lapor_who *who, struct lapor_who_identity *a,
    int64_t at);
static void who_move(struct lapor_who *who, const struct lapor_who_fact *fact);
static struct lapor_who_person *who_leave(struct lapor_who *who,
    struct lapor_who_identity *a, int64_t at);
static void who_arrive(struct lapor_who *who, struct lapor_who_identity *b,
    struct lapor_who_identity *from, struct lapor_who_person *person,
    int64_t at);
static int who_carry(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_tenure *t, struct lapor_who_tenure *rest,
    struct lapor_who_person *person);
static void who_join(struct lapor_who *who, const struct lapor_who_fact *fact);
static void who_pair(struct lapor_who *who, const struct lapor_who_fact *fact);
static void who_take(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_person *person, int64_t at);
static void who_merge(struct lapor_who *who, struct lapor_who_person *from,
    struct lapor_who_person *to);


void
lapor_who_run(struct lapor_who *who, struct lapor_who_fact *facts, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        facts[i].order = i;
    }

    if (n > 1) {
        qsort(facts, n, sizeof(*facts), who_compare);
    }

    for (i = 0; i < n; i++) {
        who->fact = &facts[i];

        switch (facts[i].kind) {

        case LAPOR_WHO_MOVE:
            who_move(who, &facts[i]);
            break;

        case LAPOR_WHO_SEEN:
            who_seen(who, facts[i].a, facts[i].at_ms);
            break;

        default:
            who_join(who, &facts[i]);
        }

        lapor_who_glue(who);
    }
}


static int
who_compare(const void *one, const void *two)
{
    const struct lapor_who_fact  *a, *b;

    a = one;
    b = two;

    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms ? -1 : 1;
    }

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }

    return a->order < b->order ? -1 : a->order > b->order;
}


static void
who_seen(struct lapor_who *who, struct lapor_who_identity *a, int64_t at)
{
    struct lapor_who_tenure  *t;

    t = lapor_who_at(a, at);

    if (t == NULL) {
        t = lapor_who_fill(who, a, LAPOR_WHO_NEVER, at,
                           lapor_who_make(who, a));
    }

    lapor_who_sight(a, t, at);
}


static void
who_move(struct lapor_who *who, const struct lapor_who_fact *fact)
{
    struct lapor_who_person  *person;

    if (fact->a == fact->b) {
        return;
    }

    person = who_leave(who, fact->a, fact->at_ms);
    who_arrive(who, fact->b, fact->a, person, fact->at_ms);
}


/* The holder of `a` at that time, whose tenure ends with it. */

static struct lapor_who_person *
who_leave(struct lapor_who *who, struct lapor_who_identity *a, int64_t at)
{
    int64_t                   end;
    struct lapor_who_tenure  *t, *rest;

    end = at + WHO_SECOND_MS;
    t = lapor_who_at(a, at);

    if (t == NULL) {
        t = lapor_who_fill(who, a, LAPOR_WHO_NEVER, at,
                           lapor_who_make(who, a));
    }

    if (t->until > end) {
        rest = lapor_who_cut(who, a, t, end);

        if (rest->seen != LAPOR_WHO_EVER) {
            /* whom we know came later: this one we never met */
            t->peer = LAPOR_STR_NONE;
            t->person = lapor_who_make(who, a);

        } else if (!who_carry(who, a, t, rest, lapor_who_make(who, a))) {
            lapor_who_drop(a, rest);
        }

        lapor_who_tell(who, "moved", a, who->fact->b, t->person, t->person);
    }

    lapor_who_sight(a, t, at);

    return lapor_who_root(t->person);
}


/* The person has `b` from that time on, as the last one who says so. */

static void
who_arrive(struct lapor_who *who, struct lapor_who_identity *b,
    struct lapor_who_identity *from, struct lapor_who_person *person,
    int64_t at)
{
    struct lapor_who_tenure  *t, *rest;
    struct lapor_who_person  *before;

    t = lapor_who_at(b, at);

    if (t == NULL) {
        t = lapor_who_fill(who, b, at, at, person);
        lapor_who_tell(who, "given", b, from, NULL, person);
        lapor_who_sight(b, t, at);
        return;
    }

    before = lapor_who_root(t->person);

    if (t->since < at && t->seen >= at) {
        /* nobody was met there before: it begins with the move */
        t->since = at;
        b->changed = true;
    }

    if (before != person && t->since < at) {
        /* somebody else was */
        rest = lapor_who_cut(who, b, t, at);

        if (!who_carry(who, b, t, rest, person)) {
            rest->person = person;
            rest->peer = LAPOR_STR_NONE;
        }

        t = rest;
        lapor_who_tell(who, "taken", b, from, before, person);

    } else if (before != person) {
        who_merge(who, before, person);
    }

    lapor_who_sight(b, t, at);
}


/* A tenure was cut, and the later half becomes somebody else's. An identity
 * that was first met beside it in that half goes with it. Returns 0 if there
 * is none. */

static int
who_carry(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_tenure *t, struct lapor_who_tenure *rest,
    struct lapor_who_person *person)
{
    struct lapor_who_tenure    *beside;
    struct lapor_who_identity  *peer;

    peer = lapor_who_find(who, t->peer);
    beside = peer == NULL ? NULL : peer->tenures;

    while (beside != NULL
           && (beside->seen < rest->since || beside->seen == LAPOR_WHO_EVER
               || !lapor_str_eq(beside->peer, a->is.id)
               || lapor_who_root(beside->person)
                  != lapor_who_root(t->person)))
    {
        beside = beside->next;
    }

    if (beside == NULL) {
        return 0;
    }

    rest->person = person;
    rest->seen = beside->seen < rest->until ? beside->seen : LAPOR_WHO_EVER;
    beside->person = person;
    peer->changed = true;
    t->peer = LAPOR_STR_NONE;

    return 1;
}


static void
who_join(struct lapor_who *who, const struct lapor_who_fact *fact)
{
    struct lapor_who_tenure  *a, *b;

    if (fact->kind != LAPOR_WHO_JOIN
        && lapor_who_at(fact->a, fact->at_ms) == NULL)
    {
        return;
    }

    who_pair(who, fact);

    if (fact->kind == LAPOR_WHO_SAME) {
        return;
    }

    a = lapor_who_at(fact->a, fact->at_ms);
    b = lapor_who_at(fact->b, fact->at_ms);

    lapor_who_peer(who, fact->a, a, fact->b);
    lapor_who_peer(who, fact->b, b, fact->a);

    if (fact->kind == LAPOR_WHO_JOIN) {
        lapor_who_sight(fact->a, a, fact->at_ms);
        lapor_who_sight(fact->b, b, fact->at_ms);
    }
}


/* Makes both tenures the same person's. */

static void
who_pair(struct lapor_who *who, const struct lapor_who_fact *fact)
{
    int                        other;
    int64_t                    at;
    struct lapor_who_tenure   *a, *b;
    struct lapor_who_person   *person;

    at = fact->at_ms;
    a = lapor_who_at(fact->a, at);
    b = lapor_who_at(fact->b, at);

    /* the number was another account's until now */
    other = fact->kind != LAPOR_WHO_SAME && a != NULL
            && a->peer.data != NULL
            && !lapor_str_eq(a->peer, fact->b->is.id);

    if (b == NULL) {
        person = a == NULL || other ? lapor_who_make(who, fact->b) : a->person;
        lapor_who_fill(who, fact->b, LAPOR_WHO_NEVER, at, person);

        if (a != NULL && !other) {
            lapor_who_tell(who, "joined", fact->b, fact->a, NULL, person);
        }

    } else {
        person = b->person;
    }

    person = lapor_who_root(person);

    if (a == NULL) {
        lapor_who_fill(who, fact->a, LAPOR_WHO_NEVER, at, person);

        if (b != NULL) {
            lapor_who_tell(who, "joined", fact->a, fact->b, NULL, person);
        }

    } else if (lapor_who_root(a->person) != person) {

        if (other) {
            who_take(who, fact->a, person, at);

        } else {
            who_merge(who, lapor_who_root(a->person), person);
        }
    }
}


/* A number goes to another account: from this message on, or, where its
 * holder was only met later, until then. */

static void
who_take(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_person *person, int64_t at)
{
    struct lapor_who_tenure  *t;
    struct lapor_who_person  *before;

    t = lapor_who_at(a, at);
    before = lapor_who_root(t->person);

    if (t->seen > at && t->seen < t->until) {
        lapor_who_cut(who, a, t, t->seen);

    } else if (t->since < at) {
        t = lapor_who_cut(who, a, t, at);
    }

    t->person = person;
    t->seen = at;
    t->peer = LAPOR_STR_NONE;
    a->changed = true;

    lapor_who_tell(who, "taken", a, who->fact->b, before, person);
}


/* Whoever is stored, or was stored first, stays. */

static void
who_merge(struct lapor_who *who, struct lapor_who_person *from,
    struct lapor_who_person *to)
{
    bool                        told;
    struct lapor_who_person    *swap;
    struct lapor_who_tenure    *t;
    struct lapor_who_identity  *i;

    if (who->fact->kind != LAPOR_WHO_MOVE || to->id == 0) {

        if (to->id == 0 || (from->id != 0 && from->id < to->id)) {
            swap = from;
            from = to;
            to = swap;
        }
    }

    from->into = to;
    who->merged = true;

    for (i = who->all; i != NULL; i = i->next) {

        told = from->id == 0;

        for (t = i->tenures; t != NULL; t = t->next) {

            if (t->person != from) {
                continue;
            }

            t->person = to;
            i->changed = true;

            if (!told) {
                lapor_who_tell(who, "merged", i, NULL, from, to);
                told = true;
            }
        }
    }
}
