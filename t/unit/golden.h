/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The golden webhooks of t/data/webhooks: NAME.json is a body as Meta would
 * send it, NAME.jsonl the events it must become.
 */

#ifndef LAPOR_UNIT_GOLDEN_H
#define LAPOR_UNIT_GOLDEN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"

#define GOLDEN_UNUSED  __attribute__((unused))


static int golden_open(struct dirent ***ret_names, char *ret_dir,
    size_t size) GOLDEN_UNUSED;
static int golden_is_body(const struct dirent *name);
static int golden_read(const char *dir, const char *name,
    struct lapor_buf *buf) GOLDEN_UNUSED;


/* The number of bodies, sorted by name, and their folder: the test may be run
 * from the repository or from a folder below it. -1 when there is none. The
 * caller frees names and list. */

static int
golden_open(struct dirent ***ret_names, char *ret_dir, size_t size)
{
    int   n, up;
    char  prefix[64];

    prefix[0] = '\0';

    for (up = 0; up < 6; up++) {
        snprintf(ret_dir, size, "%st/data/webhooks", prefix);

        n = scandir(ret_dir, ret_names, golden_is_body, alphasort);
        if (n > 0) {
            return n;
        }

        snprintf(prefix + 3 * up, sizeof(prefix) - 3 * (size_t) up, "../");
    }

    return -1;
}


static int
golden_is_body(const struct dirent *name)
{
    const char  *dot;

    dot = strrchr(name->d_name, '.');

    return dot != NULL && strcmp(dot, ".json") == 0;
}


/* Puts the file's content into the buffer; -1 when it cannot be read. */

static int
golden_read(const char *dir, const char *name, struct lapor_buf *buf)
{
    FILE    *file;
    char     path[512], data[4096];
    size_t   n;

    lapor_buf_reset(buf);
    snprintf(path, sizeof(path), "%s/%s", dir, name);

    file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }

    while ((n = fread(data, 1, sizeof(data), file)) > 0) {
        lapor_buf_add(buf, data, n);
    }

    fclose(file);

    return lapor_buf_check(buf);
}

#endif
