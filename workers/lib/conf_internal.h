/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* What the files of conf.h share; nobody else includes it. */

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

/* Loads the file of lapor_conf_main() into a zeroed struct and checks it; on
   -1 err says "FILE:LINE: reason" or "FILE: reason". */
int lapor_conf_read(const struct lapor_conf_spec *spec, void *conf, char *err,
    size_t size) __attribute__((warn_unused_result));


#endif
