/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What every file of the emulator needs.
 */

#ifndef GRAPH_UTIL_H
#define GRAPH_UTIL_H

#include <stddef.h>


/* Zeroed memory; exits 71 when there is none. */
void *graph_alloc(size_t size) __attribute__((warn_unused_result));
void *graph_realloc(void *p, size_t size) __attribute__((warn_unused_result));
char *graph_strdup(const char *s) __attribute__((warn_unused_result));

/* 1 if the text is 1 to max decimal digits. */
int graph_is_digits(const char *s, size_t max);

#endif
