/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A batch into PostgreSQL. Messages and notices first, in one transaction;
 * then the statuses in another. All of it is safe to repeat, whole or in
 * part, and that is what a caller does after anything but success.
 */

#ifndef LAPOR_INTAKE_STORE_H
#define LAPOR_INTAKE_STORE_H

#include "intake/alert.h"
#include "intake/batch.h"
#include "intake/rules.h"
#include "lib/pg.h"


/* Since the start; or of one transaction, until it is committed. */
struct lapor_intake_count {
    uint64_t  webhooks;
    uint64_t  messages;      /* new ones */
    uint64_t  duplicates;
    uint64_t  reports;       /* opened */
    uint64_t  statuses;
    uint64_t  notices;
    uint64_t  quarantined;
    uint64_t  media_tasks;
    uint64_t  reply_tasks;
    uint64_t  corrected;     /* messages, by a replay */
};


struct lapor_intake_store {
    struct lapor_pg            *pg;
    struct lapor_pool          *pool;    /* of one transaction */
    struct lapor_intake_count   count;
    struct lapor_intake_count   now;     /* of the transaction at hand */
    struct lapor_intake_alerts  alerts;  /* likewise: found in it, and written
                                            at its end */
    int64_t                     at_ms;   /* when it began */
    struct lapor_intake_rules  *rules;   /* NULL until they are needed */
    int64_t                    *ids;     /* drawn and not used yet */
    size_t                      nids;
    uint64_t                    ids_of;  /* the connection that they are of */
    size_t                      most;    /* units in one; 0: no limit */
    bool                        began;   /* the last one was in progress */
    bool                        slow;    /* the last one ran into a time limit,
                                            of a statement or of a lock */
    bool                        hasty;   /* so those of this batch have less
                                            time */
    bool                        went;    /* one of this batch was stored */
    unsigned                    asides;  /* of this batch, none stored yet */
    unsigned                    vain;    /* tries at it, none stored */
    bool                        apart;   /* a call for each part: the database
                                            is distributed */
    uint64_t                    generation;  /* the connection of which this is
                                                known, and that its schema is
                                                the right one */
};


/* Asks a new connection whether its database is distributed. */
enum lapor_pg_class lapor_intake_store_ask(struct lapor_intake_store *store)
    LAPOR_PG_MUST;

/*
 * OK when everything is stored or in quarantine. RETRY: do the batch again,
 * later; it is then done in smaller transactions if this one had begun, since
 * its very size may be what took too long. BUG: our statements, rights or
 * settings are wrong; nothing may be blamed on the data. What refuses to be
 * stored (class DATA) is found by halving, and goes into quarantine alone. What
 * is too slow, since somebody holds its rows, is found by smaller pieces with
 * less time each, and put aside alone: its entry is kept, to come again.
 */
enum lapor_pg_class lapor_intake_store_batch(struct lapor_intake_store *store,
    struct lapor_intake_batch *batch) LAPOR_PG_MUST;

/* Gives back what the store made for itself: not pg, not pool. */
void lapor_intake_store_done(struct lapor_intake_store *store);

/* The parts of a transaction: each is a pipeline, or some, inside of it. */
enum lapor_pg_class lapor_intake_store_messages(
    struct lapor_intake_store *store, struct lapor_intake_unit *units,
    size_t n) LAPOR_PG_MUST;
enum lapor_pg_class lapor_intake_store_rest(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n) LAPOR_PG_MUST;


/*
 * Removes statuses that have waited for their message for eight days: Meta
 * repeats a webhook for seven. A thousand of a part at most; *ret_more says
 * that there are others. In a transaction of its own; the pool is reset.
 */
enum lapor_pg_class lapor_intake_clean(struct lapor_intake_store *store,
    bool *ret_more) LAPOR_PG_MUST;


/* Units in the order of their parts, and of their coming within one. */
struct lapor_intake_slot {
    unsigned                   part;
    struct lapor_intake_unit  *unit;
};

/* Those of one kind, in the store's pool; returns how many. */
size_t lapor_intake_slots(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n, enum lapor_intake_kind kind,
    struct lapor_intake_slot **ret_slots);

void lapor_intake_slots_sort(struct lapor_intake_slot *slots, size_t n);

/* Where the run of slots that starts at "from" ends: the next part. */
size_t lapor_intake_slots_end(const struct lapor_intake_slot *slots, size_t n,
    size_t from);

/*
 * Where the run of slots ends that one call takes: all of them, each with its
 * part in an array, or on a distributed database those of one part, so that
 * the call can be handed to the node that has it. A call costs as much as the
 * rows of dozens of messages.
 */
size_t lapor_intake_call_end(const struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, size_t n, size_t from);

/* The first parameter of such a call, p_part: NULL where rows say theirs. */
void lapor_intake_call_part(const struct lapor_intake_store *store,
    struct lapor_pgparams *p, unsigned part);

#endif
