/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Who held which identity when, and what a new fact changes of it. No SQL and
 * no clock: the outcome depends on the facts and Meta's times alone, so that
 * facts told late, twice or in another order end the same.
 *
 * An identity has tenures, [since, until), one behind the other, with gaps in
 * which nobody is known. A fact says that two tenures are of one person:
 *
 *   SEEN   the identity wrote.
 *   JOIN   both came in one message. Meta gives a user id to an account and
 *          another one to whoever gets the same number later (Cloud API,
 *          business-scoped user ids): so a number that comes with another
 *          user id than before went to another person, unless a move says
 *          that the ids are one person's; then, and where the number never
 *          came with an id, two reporters are merged into one.
 *   HINT   a JOIN by the way: tells nothing of a number that nobody has.
 *   SAME   a HINT that does not say whether the id is the last one.
 *   MOVE   the holder of `a` has `b` from now on. `a` is retired: who writes
 *          under it later is new. Who held `b` before loses it.
 *
 * Everything lives in the pool.
 */

#ifndef LAPOR_INTAKE_WHO_H
#define LAPOR_INTAKE_WHO_H

#include "intake/batch.h"


#define LAPOR_WHO_BUCKETS  256

/* Beyond all times. */
#define LAPOR_WHO_NEVER    INT64_MIN
#define LAPOR_WHO_EVER     INT64_MAX


struct lapor_who_person {
    unsigned                  home;
    int64_t                   id;      /* 0: not in the database yet */
    int64_t                   at_ms;   /* of one made here: his first fact */
    struct lapor_who_person  *into;    /* merged into this one */
    bool                      widened; /* merged: his other identities are
                                          here, too */
    struct lapor_who_person  *next;
};


struct lapor_who_tenure {
    int64_t                   since;   /* Unix milliseconds */
    int64_t                   until;
    int64_t                   seen;    /* first sighting, or LAPOR_WHO_EVER */
    struct lapor_str          peer;
    struct lapor_who_person  *person;
    struct lapor_who_tenure  *next;
};


struct lapor_who_identity {
    struct lapor_intake_identity   is;
    struct lapor_str               image;    /* as read; absent: none */
    struct lapor_who_tenure       *tenures;  /* ascending */
    bool                           read;
    bool                           changed;
    struct lapor_who_identity     *chain;    /* of the bucket */
    struct lapor_who_identity     *next;     /* of all */
};


enum lapor_who_kind {
    LAPOR_WHO_MOVE,      /* in this order at one time */
    LAPOR_WHO_SEEN,
    LAPOR_WHO_JOIN,
    LAPOR_WHO_HINT,
    LAPOR_WHO_SAME
};


struct lapor_who_fact {
    enum lapor_who_kind         kind;
    struct lapor_who_identity  *a;       /* all but MOVE: the number */
    struct lapor_who_identity  *b;       /* and the user id */
    int64_t                     at_ms;   /* Meta's time */
    int64_t                     raw_id;
    size_t                      order;
};


/* What is to be written into the history. */
struct lapor_who_change {
    const char                 *what;    /* as lapor.identity_history has it */
    struct lapor_who_identity  *identity;
    struct lapor_who_identity  *peer;    /* may be NULL */
    struct lapor_who_person    *from;    /* may be NULL */
    struct lapor_who_person    *to;
    int64_t                     at_ms;
    int64_t                     raw_id;
    struct lapor_who_change    *next;
};


struct lapor_who {
    struct lapor_pool          *pool;
    struct lapor_who_identity  *buckets[LAPOR_WHO_BUCKETS];
    struct lapor_who_identity  *all;
    struct lapor_who_person    *persons;
    struct lapor_who_change    *changes;  /* in their order */
    struct lapor_who_change   **tail;
    const struct lapor_who_fact  *fact;   /* the one at hand */
    bool                        merged;   /* since it was last looked at */
};


void lapor_who_init(struct lapor_who *who, struct lapor_pool *pool);

/* The identity of that name, made if it is not there yet. */
struct lapor_who_identity *lapor_who_identity(struct lapor_who *who,
    const struct lapor_intake_identity *is);

/* The same, or NULL if it is not there. */
struct lapor_who_identity *lapor_who_find(const struct lapor_who *who,
    struct lapor_str id);

/* What is stored of an identity: lines of lapor.identity_image. Returns -1 if
 * they cannot be read. */
int lapor_who_load(struct lapor_who *who, struct lapor_who_identity *identity,
    struct lapor_str image) __attribute__((warn_unused_result));

/* Sorts the facts by time and lets each have its effect. */
void lapor_who_run(struct lapor_who *who, struct lapor_who_fact *facts,
    size_t n);

/* Identities loaded later, of persons merged meanwhile, follow them. */
void lapor_who_follow(struct lapor_who *who);

/* Whose it was at that time; NULL: nobody's. */
struct lapor_who_tenure *lapor_who_at(
    const struct lapor_who_identity *identity, int64_t at_ms);

/* The one whom a person turned out to be, himself if he was not merged. */
struct lapor_who_person *lapor_who_root(struct lapor_who_person *person);

#endif
