/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What is wrong in a file of people's, all of it, by line.
 */

#ifndef LAPOR_CTL_PROBLEM_H
#define LAPOR_CTL_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/pool.h"


struct ctl_problem {
    const char  *file;
    int          line;      /* 0: the file as a whole */
    bool         note;      /* does not keep the import from being done */
    const char  *text;
    size_t       order;     /* in which they were found */
};

struct ctl_problems {
    struct lapor_pool   *pool;
    struct ctl_problem  *list;    /* heap; freed by the last call below */
    size_t               n;
    size_t               size;
    size_t               errors;  /* without notes */
};


void lapor_ctl_problem(struct ctl_problems *p, const char *file, int line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void lapor_ctl_note(struct ctl_problems *p, const char *file, int line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* To standard error as FILE:LINE: text, by file and line. */
void lapor_ctl_problems_print(struct ctl_problems *p);

/* As a JSON array. */
void lapor_ctl_problems_json(struct ctl_problems *p, struct lapor_buf *buf);

void lapor_ctl_problems_free(struct ctl_problems *p);

#endif
