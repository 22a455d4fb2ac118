/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Facts about identities, into the database.
 */

#ifndef LAPOR_INTAKE_WHO_STORE_H
#define LAPOR_INTAKE_WHO_STORE_H

#include "intake/store.h"
#include "intake/who.h"


/*
 * Inside of a transaction: reads what the facts are about, lets them have
 * their effect and writes what changed, with history, links and audit. The
 * facts are sorted by time. RETRY if another transaction came between.
 */
enum lapor_pg_class lapor_who_store(struct lapor_intake_store *store,
    struct lapor_who *who, struct lapor_who_fact *facts, size_t n)
    LAPOR_PG_MUST;

/* Both halves of a link between two reporters. */
enum lapor_pg_class lapor_who_tie(struct lapor_intake_store *store,
    const struct lapor_who_person *one, const struct lapor_who_person *two,
    const char *why, int64_t at_ms, int64_t raw_id) LAPOR_PG_MUST;

#endif
