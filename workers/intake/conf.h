/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The settings of lapor-intake: what is common, and the section [intake].
 */

#ifndef LAPOR_INTAKE_CONF_H
#define LAPOR_INTAKE_CONF_H

#include "lib/common.h"


struct lapor_intake_conf {
    struct lapor_common   common;        /* first: lib/common.h */
    char                 *consumer;      /* stable over restarts */
    int64_t               loops;
    int64_t               batch;         /* entries a turn at most, about */
    int64_t               batch_min;     /* the same at least */
    int64_t               batch_time;    /* ms of a transaction */
    int64_t               batch_bytes;   /* of bodies, of a read and of a
                                           transaction */
    int64_t               batch_items;   /* likewise, of what they hold */
    int64_t               block;         /* ms */
    int64_t               lease;         /* ms */
    int64_t               claim_idle;    /* ms */
    int64_t               clock;         /* ms between two looks */
    int64_t               trim;          /* ms between two calls */
    int64_t               months_ahead;
    int64_t               summary;       /* ms between two lines of counts */
};


/* Reads options and file; leaves the program where that is all there is to
 * do. */
void lapor_intake_conf_main(int argc, char **argv,
    struct lapor_intake_conf *ret_conf);

/* After a SIGHUP: what may change at run time is changed in conf; -1 when the
 * file is wrong, which is logged. See lapor_conf_reload(). */
int lapor_intake_conf_reload(struct lapor_intake_conf *conf);

void lapor_intake_conf_free(struct lapor_intake_conf *conf);

#endif
