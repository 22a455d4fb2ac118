/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Temporary files that carry their worker's name. Several workers share one
 * media directory; after a kill each takes away what it left itself, at
 * once, and never what another one is writing.
 */

#ifndef LAPOR_MEDIA_TEMP_H
#define LAPOR_MEDIA_TEMP_H


#include "lib/file.h"


/* Longest name of a worker, so that it fits into struct lapor_file. */
#define LAPOR_MEDIA_NAME_MAX  32


/* As lapor_file_create(), the file being called tmp/NAME.CHANCE. */
int lapor_media_temp_create(const char *dir, const char *name,
    struct lapor_file *ret_file) __attribute__((warn_unused_result));

/* Removes what a worker of this name left in dir/tmp; returns how many. */
int lapor_media_temp_sweep(const char *dir, const char *name);


#endif
