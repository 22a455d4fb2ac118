/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The partitions of months. What has no partition of its month is stored all
 * the same, in the default one; but such a month can't be removed as a whole,
 * nor can its partition be made later without moving rows, so that somebody
 * must know: the alert default_partition, with the month as its subject, once.
 */

#ifndef LAPOR_INTAKE_MONTH_H
#define LAPOR_INTAKE_MONTH_H

#include "intake/store.h"


/*
 * Makes the partitions of so many months ahead, then looks into the default
 * ones. Outside of any transaction; the store's pool is reset. What fails is
 * logged, and is to be tried again.
 */
enum lapor_pg_class lapor_intake_month(struct lapor_intake_store *store,
    int64_t ahead) LAPOR_PG_MUST;

#endif
