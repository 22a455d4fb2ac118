/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Replay: what a webhook that a person has queued again (laporctl raw replay)
 * says, compared with what is stored of it. Nothing here answers anybody.
 */

#ifndef LAPOR_INTAKE_CORRECT_H
#define LAPOR_INTAKE_CORRECT_H

#include "intake/store.h"


/* Of one replayed webhook, whose units begin at from: which messages and files
 * an earlier item of it has told already. */
void lapor_intake_correct_mark(const struct lapor_intake_list *list,
    size_t from);

/*
 * First in a transaction. Of the units that are replayed: corrects messages
 * that are stored otherwise than they are decoded now; takes those that the
 * ledger knows and no table has out of it, so that they are stored as new
 * ones; ends the quarantine of what is about to be stored. Units that are not
 * replayed cost nothing.
 */
enum lapor_pg_class lapor_intake_correct(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n) LAPOR_PG_MUST;

#endif
