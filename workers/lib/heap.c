/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#include <string.h>

#include "lib/heap.h"
#include "lib/log.h"


char *
lapor_heap_copy(const char *text)
{
    return text == NULL ? NULL : lapor_heap_copyn(text, strlen(text));
}


char *
lapor_heap_copyn(const char *data, size_t len)
{
    char  *copy;

    copy = strndup(data == NULL ? "" : data, len);

    if (copy == NULL) {
        lapor_fatal_memory();
    }

    return copy;
}
