/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Numbers from which nothing comes although something should: the verdicts of
 * lapor.silence().
 */

#ifndef LAPOR_CTL_SILENCE_H
#define LAPOR_CTL_SILENCE_H

#include "laporctl/check.h"
#include "lib/json.h"
#include "lib/pg.h"
#include "lib/pool.h"


/* A busy number never pauses for so long: 15 minutes of a day with 1,000
 * persons are ten of them. */
#define CTL_SILENCE_MINUTES  15


/* One number; the texts point into the pool. */
struct ctl_silence {
    struct lapor_json   *root;     /* as the function gave it */
    struct lapor_str     text;     /* the same, as JSON */
    struct ctl_silence  *next;
};


/* All numbers in use, by unit. NULL with *ret_ok false if the database did
 * not say; NULL is also what it says when there are none. */
struct ctl_silence *lapor_ctl_silences(struct lapor_pg *pg, int minutes,
    struct lapor_pool *pool, bool *ret_ok);

/* Has it this verdict? */
bool lapor_ctl_silence_is(const struct ctl_silence *s, const char *verdict);

/* The line of laporctl check. */
void lapor_ctl_check_silence(struct ctl_check *c, struct lapor_pg *pg);

#endif
