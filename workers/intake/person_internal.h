/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the files of person share; nobody else includes it.
 */

#ifndef LAPOR_INTAKE_PERSON_INTERNAL_H
#define LAPOR_INTAKE_PERSON_INTERNAL_H

#include "intake/person.h"
#include "intake/who.h"


/* A new message whose sender is to be found. */
struct person_view {
    struct lapor_intake_slot            *slot;
    struct lapor_intake_message         *message;
    const struct lapor_intake_identity  *other;  /* NULL: there is none */
    int64_t                              at_ms;
    struct person_ask                   *self_ask;   /* NULL: not asked */
    struct person_ask                   *other_ask;
    bool                                 other_known;
    unsigned                             other_home;
    int64_t                              other_id;
    bool                                 odd;
};


/* An identity to be looked for or to be remembered. */
struct person_ask {
    const struct lapor_intake_identity  *identity;
    int64_t                              at_ms;       /* the earliest */

    /* looked for: what was found */
    bool                                 known;
    bool                                 early;
    unsigned                             home;
    int64_t                              reporter_id;
    struct person_ask                   *next;        /* of the same hash */

    /* remembered: who has it, and with what other one */
    struct person_view                  *view;
    const struct lapor_intake_identity  *peer;
};


/* Meta's time if it is believed, as for messages. */
int64_t lapor_intake_person_time(const struct lapor_intake_unit *unit);

/* What a message tells of its identities, which "who" has then. */
void lapor_intake_person_fact(struct lapor_who *who,
    const struct lapor_intake_unit *unit, struct lapor_who_fact *fact);

/* Looks up what these views lack: the sender himself, or the other identity
 * beside one that is known. */
enum lapor_pg_class lapor_intake_person_ask(struct lapor_intake_store *store,
    struct person_view *views, size_t n) LAPOR_PG_MUST;

/* By part, and stable. */
void lapor_intake_person_sort(struct lapor_pool *pool,
    struct person_ask **asks, size_t n);

/* Where the run that one call takes ends, see lapor_intake_call_end(). */
size_t lapor_intake_person_run(const struct lapor_intake_store *store,
    struct person_ask *const *asks, size_t n, size_t from);

#endif
