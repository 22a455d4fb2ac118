/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Webhook files with holes in them, for demos and tests:
 *
 *   {{now}} {{now-30}} {{now+5}}   Unix seconds
 *   {{wamid:NAME}}                 a fresh message id
 *   {{from:NAME}}                  a number of the fake range 6280000000000
 *                                  to 6280000009999
 *   {{user_id:NAME}}               a fresh business-scoped user id
 *   {{phone_number_id}} {{phone_number_id:2}}   the service's own numbers
 *   {{media:FILE:id}} {{media:FILE:sha256}}     a file put into the emulator
 *   {{set:KEY}}                    a value that the caller gave
 *
 * A name means the same value in all files of a round, so that two files can
 * be one delivery twice.
 */

#ifndef LAPOR_CTL_TEMPLATE_H
#define LAPOR_CTL_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/pool.h"
#include "lib/str.h"


#define CTL_FROM_FIRST  INT64_C(6280000000000)
#define CTL_FROM_COUNT  10000


enum ctl_value_kind {
    CTL_VALUE_WAMID,
    CTL_VALUE_FROM,
    CTL_VALUE_USER_ID
};

struct ctl_value {
    enum ctl_value_kind   kind;
    struct lapor_str      name;
    struct lapor_str      text;
    int                   used;   /* by the file expanded last */
    struct ctl_value     *next;   /* in the order of their making */
};

struct ctl_medium {
    struct lapor_str    file;
    struct lapor_str    id;
    struct lapor_str    sha256;   /* base64, as webhooks carry it */
    struct ctl_medium  *next;
};

struct ctl_set {
    struct lapor_str   key;
    struct lapor_str   value;
    struct ctl_set    *next;
};

struct ctl_template {
    struct lapor_pool   *pool;       /* of the media; outlives it */
    struct lapor_pool   *round;      /* of the names; emptied each round */
    int64_t              now;        /* Unix seconds of the round */
    int64_t              from_next;  /* offset of the next fake number */
    const char          *numbers;    /* phone number ids with commas, NULL */
    struct ctl_value    *values;
    struct ctl_medium   *media;
    struct ctl_set      *sets;

    /* Puts a file into the emulator and fills id and sha256, strings of the
     * pool; -1 with err filled. */
    int                (*upload)(void *data, struct ctl_medium *medium,
                                 char *err, size_t size);
    void                *data;
};


/* Forgets the names and takes the time: a new round. Media stay. */
void lapor_ctl_template_round(struct ctl_template *t);

/* Appends the text with its holes filled. -1 with "LINE: reason". */
int lapor_ctl_template_expand(struct ctl_template *t, const char *text,
    size_t len, struct lapor_buf *buf, char *err, size_t size)
    __attribute__((warn_unused_result));

#endif
