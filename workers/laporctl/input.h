/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Reading whole files, and standard input as one of them.
 */

#ifndef LAPOR_CTL_INPUT_H
#define LAPOR_CTL_INPUT_H

#include <stddef.h>

#include "lib/buf.h"


/* The file, or standard input for "-", behind what the buffer holds. -1 with
 * errno; EFBIG when longer than max. */
int lapor_ctl_read(const char *path, size_t max, struct lapor_buf *buf)
    __attribute__((warn_unused_result));

#endif
