/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* What conf.c and conf_dump.c share; nobody else includes it. */

#ifndef LAPOR_LIB_CONF_INTERNAL_H
#define LAPOR_LIB_CONF_INTERNAL_H


#include "lib/conf.h"


/* Ends with a NULL name; from the largest factor down. */
struct lapor_conf_unit {
    const char  *name;
    int64_t      factor;
};

extern const struct lapor_conf_unit  lapor_conf_sizes[];
extern const struct lapor_conf_unit  lapor_conf_durations[];
extern const struct lapor_conf_unit  lapor_conf_plain[];


/* A key that a program of this section knows. */
bool lapor_conf_mine(const struct lapor_conf_entry *e, const char *section);


#endif
