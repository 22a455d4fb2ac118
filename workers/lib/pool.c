/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Arena pool: a chain of blocks, each filled from its start. The newest block
 * is the first of the chain, the oldest, which reset keeps in it, the last.
 *
 * Blocks of the largest size are kept aside by reset: given back to the C
 * library, they would go back to the system, and come anew page by page with
 * the next batch, which was a tenth of a batch's time.
 */

#include <stdint.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/pool.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, size)    ((void) (data))
#define ASAN_UNPOISON_MEMORY_REGION(data, size)  ((void) (data))
#endif


#define POOL_ALIGN      _Alignof(max_align_t)
#define POOL_SIZE_MIN   1024
#define POOL_BLOCK_MAX  (1024 * 1024)  /* blocks stop doubling here */
#define POOL_PATIENCE   16             /* resets until spare blocks go */


struct pool_block {
    struct pool_block  *next;
    size_t              size;  /* of data */
    size_t              used;
    _Alignas(max_align_t) char data[];
};


struct lapor_pool {
    struct pool_block  *block;  /* the newest, never NULL */
    struct pool_block  *spare;  /* of POOL_BLOCK_MAX, for the next need */
    size_t              nspare;
    size_t              held;   /* sum of all blocks' sizes */
    unsigned            resets;
};


static char *pool_take(struct lapor_pool *pool, size_t size, size_t align);
static void pool_grow(struct lapor_pool *pool, size_t size);
static struct pool_block *pool_spare_take(struct lapor_pool *pool);
static struct pool_block *pool_block_new(size_t size, struct pool_block *next);
static void pool_block_free(struct pool_block *block);
static void pool_chain_free(struct pool_block *block);


struct lapor_pool *
lapor_pool_create(size_t size)
{
    struct lapor_pool  *pool;

    pool = malloc(sizeof(*pool));
    if (pool == NULL) {
        lapor_fatal_memory();
    }

    if (size < POOL_SIZE_MIN) {
        size = POOL_SIZE_MIN;
    }

    pool->block = pool_block_new(size, NULL);
    pool->spare = NULL;
    pool->nspare = 0;
    pool->held = size;
    pool->resets = 0;

    return pool;
}


void
lapor_pool_destroy(struct lapor_pool *pool)
{
    if (pool == NULL) {
        return;
    }

    pool_chain_free(pool->block);
    pool_chain_free(pool->spare);
    free(pool);
}


void
lapor_pool_reset(struct lapor_pool *pool)
{
    size_t              n;
    struct pool_block  *block, *next;

    /* half of those which nothing needed since the last time; so they become
     * fewer again, but not for a few small batches between large ones */
    n = ++pool->resets % POOL_PATIENCE == 0 ? (pool->nspare + 1) / 2 : 0;

    while (n-- > 0) {
        block = pool_spare_take(pool);
        pool->held -= block->size;
        pool_block_free(block);
    }

    for (block = pool->block; block->next != NULL; block = next) {
        next = block->next;

        if (block->size == POOL_BLOCK_MAX) {
            ASAN_POISON_MEMORY_REGION(block->data, block->size);
            block->next = pool->spare;
            pool->spare = block;
            pool->nspare++;

        } else {
            pool->held -= block->size;
            pool_block_free(block);
        }
    }

    block->used = 0;
    ASAN_POISON_MEMORY_REGION(block->data, block->size);
    pool->block = block;
}


void *
lapor_pool_alloc(struct lapor_pool *pool, size_t size)
{
    void  *data;

    data = pool_take(pool, size, POOL_ALIGN);
    memset(data, 0, size);

    return data;
}


char *
lapor_pool_bytes(struct lapor_pool *pool, size_t size)
{
    return pool_take(pool, size, 1);
}


char *
lapor_pool_strndup(struct lapor_pool *pool, const char *data, size_t len)
{
    char  *copy;

    if (len == SIZE_MAX) {
        lapor_fatal_memory();
    }

    copy = pool_take(pool, len + 1, 1);

    if (len > 0) {
        memcpy(copy, data, len);
    }

    copy[len] = '\0';

    return copy;
}


void *
lapor_pool_memdup(struct lapor_pool *pool, const void *data, size_t len)
{
    char  *copy;

    copy = pool_take(pool, len, POOL_ALIGN);

    if (len > 0) {
        memcpy(copy, data, len);
    }

    return copy;
}


struct lapor_str
lapor_pool_str(struct lapor_pool *pool, struct lapor_str str)
{
    if (str.data != NULL) {
        str.data = lapor_pool_strndup(pool, str.data, str.len);
    }

    return str;
}


size_t
lapor_pool_size(const struct lapor_pool *pool)
{
    return pool->held;
}


static char *
pool_take(struct lapor_pool *pool, size_t size, size_t align)
{
    char               *data;
    size_t              start;
    struct pool_block  *block;

    block = pool->block;
    start = (block->used + align - 1) & ~(align - 1);

    if (start > block->size || size > block->size - start) {
        pool_grow(pool, size);
        block = pool->block;
        start = 0;
    }

    data = block->data + start;
    block->used = start + size;
    ASAN_UNPOISON_MEMORY_REGION(data, size);

    return data;
}


/* A piece that fits in no ordinary block gets a block of its own size; the
 * room left in the newest block is then lost, which the doubling bounds. */

static void
pool_grow(struct lapor_pool *pool, size_t size)
{
    size_t              want;
    struct pool_block  *block;

    if (pool->spare != NULL && size <= pool->spare->size) {
        block = pool_spare_take(pool);
        block->next = pool->block;
        block->used = 0;
        pool->block = block;
        return;
    }

    want = pool->block->size < POOL_BLOCK_MAX / 2 ? pool->block->size * 2
                                                  : POOL_BLOCK_MAX;
    if (want < size) {
        want = size;
    }

    pool->block = pool_block_new(want, pool->block);
    pool->held += want;
}


static struct pool_block *
pool_spare_take(struct lapor_pool *pool)
{
    struct pool_block  *block;

    block = pool->spare;
    pool->spare = block->next;
    pool->nspare--;

    return block;
}


static struct pool_block *
pool_block_new(size_t size, struct pool_block *next)
{
    struct pool_block  *block;

    if (size > SIZE_MAX / 2) {
        lapor_fatal_memory();
    }

    block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        lapor_fatal_memory();
    }

    block->next = next;
    block->size = size;
    block->used = 0;
    ASAN_POISON_MEMORY_REGION(block->data, size);

    return block;
}


static void
pool_block_free(struct pool_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    free(block);
}


static void
pool_chain_free(struct pool_block *block)
{
    struct pool_block  *next;

    for ( /* void */ ; block != NULL; block = next) {
        next = block->next;
        pool_block_free(block);
    }
}
