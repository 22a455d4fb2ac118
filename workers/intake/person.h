/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Who wrote: from identities to reporters, and what is to be remembered.
 */

#ifndef LAPOR_INTAKE_PERSON_H
#define LAPOR_INTAKE_PERSON_H

#include "intake/store.h"


/* Finds those senders of the new messages whom lapor.intake_open did not
 * know by the identity that the payload names first. */
enum lapor_pg_class lapor_intake_person_find(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n) LAPOR_PG_MUST;

/* Remembers what these messages tell about identities. */
enum lapor_pg_class lapor_intake_person_link(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n) LAPOR_PG_MUST;

#endif
