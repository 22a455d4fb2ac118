/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A consumer's name is one process's. Two that were given the same by mistake
 * would share leases and pending entries, to no harm (the ledger knows every
 * message), but what each does is done twice and nobody would see why.
 *
 * A key holds who has the name, a random word of each loop. Who comes writes
 * his own over it, since it may be a dead one's and a start should not wait;
 * the one who was there, if he lives, writes his again with his next renewal.
 * From that the newcomer knows, and stands by until the key is gone.
 */

#ifndef LAPOR_INTAKE_NAME_H
#define LAPOR_INTAKE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/redis.h"


struct lapor_intake_name {
    const char  *member;        /* the loop's consumer */
    char         word[33];      /* which of those who have that name */
    int64_t      doubt;         /* lapor_mono_ms() until which the other one
                                   may be alive; 0: never */
    bool         waits;         /* he is, and we stand by */
    bool         told;          /* that somebody came to our name */
    char         other[33];     /* the word that ours last stood in for */
};


/* Keeps the pointer. */
void lapor_intake_name_init(struct lapor_intake_name *name,
    const char *member);

/*
 * With each announcement, more than once in ttl ms; fresh: it was no member,
 * or too long ago. 1: the name is ours; 0: it is another's, who lives; -1:
 * Redis is away.
 */
int lapor_intake_name_hold(struct lapor_intake_name *name,
    struct lapor_redis *redis, int64_t ttl, bool fresh)
    __attribute__((warn_unused_result));

/* Gives it up, if it is ours. */
void lapor_intake_name_free(struct lapor_intake_name *name,
    struct lapor_redis *redis);

#endif
