/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl decode: webhook bodies, one a file, into one line of JSON for each
 * event. A body that is no webhook does not keep the others from being
 * printed.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "laporctl/ctl.h"
#include "laporctl/input.h"


/* Meta sends 3 MB at most; people may have put several together. */
#define DECODE_MAX  ((size_t) 256 * 1024 * 1024)


static int decode_file(const char *path, struct lapor_pool *pool);
static int decode_body(const char *name, const char *body, size_t len,
    struct lapor_pool *pool);


int
lapor_ctl_decode(struct ctl_args *args)
{
    int                 i, status;
    struct lapor_pool  *pool;

    status = 0;
    pool = lapor_pool_create(1024 * 1024);

    if (args->n == 0) {
        status = decode_file("-", pool);
    }

    for (i = 0; i < args->n; i++) {
        if (decode_file(args->files[i], pool) != 0) {
            status = CTL_EXIT_FAILED;
        }

        lapor_pool_reset(pool);
    }

    lapor_pool_destroy(pool);
    return status;
}


static int
decode_file(const char *path, struct lapor_pool *pool)
{
    int               status;
    const char       *name;
    struct lapor_buf  body;

    lapor_buf_init(&body);
    name = strcmp(path, "-") == 0 ? "(standard input)" : path;

    if (lapor_ctl_read(path, DECODE_MAX, &body) == -1) {
        status = lapor_ctl_fail("%s: %s", name, strerror(errno));

    } else {
        status = decode_body(name, lapor_buf_cstr(&body), body.len, pool);
    }

    lapor_buf_free(&body);
    return status;
}


static int
decode_body(const char *name, const char *body, size_t len,
    struct lapor_pool *pool)
{
    int                    status;
    struct lapor_buf       line;
    struct lapor_event    *event;
    struct lapor_decoded   decoded;

    if (lapor_decode(pool, body, len, &decoded) == -1) {
        return lapor_ctl_fail("%s: %s", name, decoded.error);
    }

    status = 0;
    lapor_buf_init(&line);

    for (event = decoded.first; event != NULL; event = event->next) {
        lapor_buf_reset(&line);
        lapor_decode_print(&line, event);
        lapor_buf_addc(&line, '\n');

        if (lapor_buf_check(&line) == -1) {
            status = lapor_ctl_fail("%s: event %zu is too big to print",
                                    name, event->order);
            continue;
        }

        fwrite(line.data, 1, line.len, stdout);
    }

    lapor_buf_free(&line);
    return status;
}
