/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A pool: memory that is taken piece by piece and given back all at once, at
 * the end of a batch. Nothing in it is freed alone. Not shared by threads.
 */

#ifndef LAPOR_LIB_POOL_H
#define LAPOR_LIB_POOL_H

#include <stddef.h>

#include "lib/str.h"


struct lapor_pool;


/*
 * A new pool whose first block holds "size" bytes (at least 1 KiB is taken).
 * That block is kept by reset, so choose what an ordinary batch needs. Never
 * NULL. The caller destroys it.
 */
struct lapor_pool *lapor_pool_create(size_t size);

/* Gives everything back, the pool too. NULL is accepted. */
void lapor_pool_destroy(struct lapor_pool *pool);

/* Empties the pool: all that was allocated from it is dead after this; with
 * AddressSanitizer a later access is reported. Besides the first block it keeps
 * blocks of 1 MiB as long as they are needed: at each sixteenth reset half of
 * those go that were not since the last. */
void lapor_pool_reset(struct lapor_pool *pool);

/* "size" bytes, zeroed, aligned for any type. Never NULL. */
void *lapor_pool_alloc(struct lapor_pool *pool, size_t size);

/* As above, for bytes without alignment or content: text. */
char *lapor_pool_bytes(struct lapor_pool *pool, size_t size);

/* A copy of "len" bytes with a NUL behind them. Never NULL. */
char *lapor_pool_strndup(struct lapor_pool *pool, const char *data,
    size_t len);

/* A copy of "len" bytes, aligned for any type, without a NUL. */
void *lapor_pool_memdup(struct lapor_pool *pool, const void *data,
    size_t len);

/* A copy of a string, with a NUL behind it that len does not count. An absent
 * one stays absent. */
struct lapor_str lapor_pool_str(struct lapor_pool *pool, struct lapor_str str);

/* Bytes that the pool holds from the system, for tests. */
size_t lapor_pool_size(const struct lapor_pool *pool);

#endif
