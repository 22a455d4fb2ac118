/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * RFC 4180: fields in quotes may hold commas, line ends and doubled quotes;
 * lines end with CRLF or LF, the last one with or without. A byte-order mark
 * in front is skipped, and so are empty lines.
 */

#ifndef LAPOR_CTL_CSV_H
#define LAPOR_CTL_CSV_H

#include <stddef.h>

#include "lib/pool.h"
#include "lib/str.h"


#define CTL_CSV_FIELDS  64  /* more than any of our formats has */


struct ctl_csv {
    struct lapor_pool  *pool;   /* the fields' memory */
    const char         *data;   /* the whole text; must stay while reading */
    size_t              len;
    size_t              at;
    int                 line;   /* of the next byte, from 1 */
};

struct ctl_csv_row {
    int               line;     /* of its first byte */
    const char       *error;    /* why the row is malformed, else NULL */
    size_t            n;
    struct lapor_str  fields[CTL_CSV_FIELDS];
};


void lapor_ctl_csv_open(struct ctl_csv *csv, struct lapor_pool *pool,
    const char *data, size_t len);

/* 1 and a row, which may have an error; 0 at the end. After an error the next
 * row is that of the next line. */
int lapor_ctl_csv_next(struct ctl_csv *csv, struct ctl_csv_row *ret_row);

#endif
