/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Copies of text on the heap, which the caller frees.  No memory: exits 71. */

#ifndef LAPOR_LIB_HEAP_H
#define LAPOR_LIB_HEAP_H


#include <stddef.h>


/* NULL stays NULL. */
char *lapor_heap_copy(const char *text) __attribute__((warn_unused_result));

/* At most len characters, up to a NUL; data may be NULL where len is 0. */
char *lapor_heap_copyn(const char *data, size_t len)
    __attribute__((warn_unused_result));


#endif
