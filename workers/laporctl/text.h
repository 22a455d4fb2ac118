/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What people read on a terminal: aligned columns, local time, and citizens'
 * words without the control characters that a terminal would obey.
 */

#ifndef LAPOR_CTL_TEXT_H
#define LAPOR_CTL_TEXT_H

#include <stddef.h>

#include "lib/json.h"
#include "lib/pg.h"
#include "lib/pool.h"
#include "lib/str.h"


#define CTL_COLUMNS  12


struct ctl_row {
    struct lapor_str   cells[CTL_COLUMNS];
    struct ctl_row    *next;
};

struct ctl_table {
    struct lapor_pool  *pool;
    size_t              columns;
    struct ctl_row     *first;
    struct ctl_row     *last;
};


/* One more row of empty cells, for the caller to fill. */
struct ctl_row *lapor_ctl_table_row(struct ctl_table *t);
void lapor_ctl_table_print(const struct ctl_table *t);

/* Rows of text under so many heads, an absent one as "-"; or, each a line, the
 * column behind them, which is JSON. */
void lapor_ctl_result_print(struct lapor_pool *pool, const PGresult *res,
    const char *const *heads, size_t n, bool json);

/* Printable text; line ends stay, each followed by indent blanks. */
void lapor_ctl_text(struct lapor_str text, int indent);

/* RFC 3339 into "2026-01-31 23:59:59" of the machine's zone; what cannot be
 * read stays as it is. */
struct lapor_str lapor_ctl_time(struct lapor_pool *pool,
    struct lapor_str time);

/* A member's text, "-" when there is none. */
struct lapor_str lapor_ctl_member(const struct lapor_json *node,
    const char *name);

#endif
