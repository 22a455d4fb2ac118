/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The messages of one call, by who wrote them, from the ledger to what is
 * decided about them.
 */

#ifndef LAPOR_INTAKE_SENDER_H
#define LAPOR_INTAKE_SENDER_H

#include "intake/store.h"
#include "intake/talk.h"


/* Who wrote, as lapor.reporter_open takes it: by his reporter if he is known,
 * else by the identity that gives him his home. */
struct lapor_intake_sender {
    unsigned                             part;      /* his home */
    bool                                 known;
    int64_t                              reporter_id;
    const struct lapor_intake_identity  *self;
    const struct lapor_intake_identity  *peer;
    struct lapor_str                     name;      /* the last one told, by
                                                       Meta's time */
    struct lapor_str                     username;
    int64_t                              named_ms;  /* that time */
    int64_t                              seen_ms;   /* when he wrote first */
    bool                                 named;     /* his username is new */
    bool                                 made;      /* self is a new identity,
                                                       and peer stands in it */
    struct lapor_talk_person            *person;    /* once he is open */
    struct person_view                  *pair;      /* of identities, under
                                                       which he wrote last */
    size_t                               npairs;    /* told of him */
    struct lapor_intake_sender          *next;      /* of the same hash */
};


struct lapor_intake_group {
    struct lapor_intake_slot     *slots;
    size_t                        n;
    struct lapor_intake_sender  **senders;   /* by part; in each those known
                                                come first, by reporter_id */
    size_t                        nsenders;
    bool                          about;     /* some message is about another */
    struct lapor_intake_sender  **renamed;   /* called otherwise until now */
    size_t                        nrenamed;
    struct lapor_talk             talk;
};


/* Groups slots that are sorted by home part into calls; in the store's pool. */
size_t lapor_intake_groups(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n,
    struct lapor_intake_group **ret_groups);

/* Opens the reporters of all groups, and lets the rules decide. *ret_results
 * are what reports point into: the caller clears them. */
enum lapor_pg_class lapor_intake_open(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n, PGresult ***ret_results,
    size_t *ret_nresults) LAPOR_PG_MUST;

/* Writes what was decided. */
enum lapor_pg_class lapor_intake_write(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n) LAPOR_PG_MUST;

#endif
