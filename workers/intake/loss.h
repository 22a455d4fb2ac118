/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A Redis that is not what it was: lost its data, or its groups. lib/stream
 * finds and repairs it, by what it has seen itself and by what PostgreSQL has
 * of each stream, which is told here; and here it becomes an alert, redis_lost
 * or redis_group_lost.
 */

#ifndef LAPOR_INTAKE_LOSS_H
#define LAPOR_INTAKE_LOSS_H

#include "intake/lease.h"
#include "intake/store.h"


/* Of one kind, not yet told. */
struct lapor_intake_loss_sum {
    unsigned                  streams;
    struct lapor_stream_loss  first;
};


struct lapor_intake_loss {
    uint64_t                      generation;  /* of the Redis connection */
    uint64_t                      gained;      /* of the leases, when
                                                  PostgreSQL was asked */
    struct lapor_intake_loss_sum  data;
    struct lapor_intake_loss_sum  group;
};


/*
 * Before a read. Asks PostgreSQL when there are partitions or a server that
 * were not looked at. Failure is no reason to stop: it is done again.
 */
void lapor_intake_loss_turn(struct lapor_intake_loss *loss,
    const struct lapor_intake_lease *lease, struct lapor_intake_store *store);

#endif
