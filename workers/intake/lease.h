/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Who reads which partition. Every loop of every lapor-intake is a member: it
 * announces itself in Redis for a few seconds at a time, and partition p is
 * that one's whose place among the members, by name, is p modulo their number,
 * so that whatever lapor_partitions is, each has its fair share. A key with a
 * time to live says who owns a partition now; who must give it up deletes the
 * key between two batches, and a dead one's runs out.
 *
 * All of it is for throughput alone. Two that own the same partition at a time,
 * one of them stopped and woken, store the same entries, and the ledger makes
 * that one.
 */

#ifndef LAPOR_INTAKE_LEASE_H
#define LAPOR_INTAKE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "intake/name.h"
#include "lib/stream.h"


#define LAPOR_INTAKE_MEMBERS  "lapor:intake:members"


struct lapor_intake_lease {
    const char           *member;     /* the consumer's name */
    struct lapor_stream  *stream;     /* is told what it owns */
    struct lapor_intake_name  name;
    int64_t               ttl;        /* ms */
    int64_t               due;        /* lapor_mono_ms() of the next look */
    int64_t               renew;      /* ... of the next renewal */
    int64_t               until;      /* ... at which all of them end */
    bool                  joined;
    bool                  settled;    /* it has all of its share */
    unsigned              members;    /* as last seen */
    unsigned              owned;      /* partitions, likewise */
    uint64_t              gained;     /* ... ever taken */
};


/* Keeps the pointers. Is no member yet. */
void lapor_intake_lease_init(struct lapor_intake_lease *lease,
    const char *member, struct lapor_stream *stream, int64_t ttl);

/*
 * Before each batch, when nothing is at hand: joins, renews, gives up, takes.
 * -1 when Redis is away.
 */
int lapor_intake_lease_turn(struct lapor_intake_lease *lease)
    __attribute__((warn_unused_result));

/* While a batch takes long: renews what it has, if that is due. */
void lapor_intake_lease_keep(struct lapor_intake_lease *lease);

/* Gives everything back and is no member any more. */
void lapor_intake_lease_leave(struct lapor_intake_lease *lease);

#endif
