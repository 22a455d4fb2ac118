/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Who wrote: from identities to reporters, and what is to be remembered.
 * Called inside of a batch's transaction, in this order.
 */

#ifndef LAPOR_INTAKE_PERSON_H
#define LAPOR_INTAKE_PERSON_H

#include "intake/store.h"


/* Before anything else: applies what these units tell of numbers and user ids
 * that changed. Does nothing where none does, and nothing twice. */
enum lapor_pg_class lapor_intake_person_move(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n) LAPOR_PG_MUST;

/*
 * Finds the senders of the new messages: those whom lapor.intake_open did not
 * know by the identity that the payload names first, or who came with another
 * identity than last time. Who is not known then is new: name_as is the
 * identity under which he is to be stored, home its part.
 */
enum lapor_pg_class lapor_intake_person_find(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n) LAPOR_PG_MUST;

/* When reporters and reports are stored: remembers what these messages tell
 * about identities and usernames. */
enum lapor_pg_class lapor_intake_person_link(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n) LAPOR_PG_MUST;

#endif
