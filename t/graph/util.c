/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Small things that every file of the emulator needs.
 */

#include "t/graph/util.h"

#include "lib/log.h"

#include <stdlib.h>
#include <string.h>


void *
graph_alloc(size_t size)
{
    void  *p;

    p = calloc(1, size);
    if (p == NULL) {
        lapor_fatal_memory();
    }

    return p;
}


void *
graph_realloc(void *p, size_t size)
{
    p = realloc(p, size);
    if (p == NULL) {
        lapor_fatal_memory();
    }

    return p;
}


char *
graph_strdup(const char *s)
{
    size_t   len;
    char    *copy;

    len = strlen(s) + 1;
    copy = graph_alloc(len);
    memcpy(copy, s, len);

    return copy;
}


int
graph_is_digits(const char *s, size_t max)
{
    size_t  len;

    len = strlen(s);

    return len > 0 && len <= max && strspn(s, "0123456789") == len;
}
