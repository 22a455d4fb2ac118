/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The pool: alignment, separate pieces, reset, and exit 71 without memory.
 */

#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pool.h"
#include "t/unit/tap.h"


#define PIECES  5000
#define BLOCK   1048576    /* the largest block's size */


static void test_pieces(struct lapor_pool *pool);
static void test_copies(struct lapor_pool *pool);
static void test_reset(void);
static void test_spare(void);
static void test_out_of_memory(void);


int
main(void)
{
    struct lapor_pool  *pool;

    pool = lapor_pool_create(0);

    test_pieces(pool);
    lapor_pool_reset(pool);
    test_copies(pool);
    lapor_pool_destroy(pool);
    lapor_pool_destroy(NULL);

    test_reset();
    test_spare();
    test_out_of_memory();

    return tap_done();
}


/* Every piece is filled with its own byte; one that overlapped another would
 * find it changed. */

static void
test_pieces(struct lapor_pool *pool)
{
    static unsigned char  *pieces[PIECES];

    int     aligned, zeroed, intact;
    size_t  i, k, size;

    aligned = 1;
    zeroed = 1;
    intact = 1;

    for (i = 0; i < PIECES; i++) {
        size = i % 97 == 0 ? 3000 + i : i % 61;
        pieces[i] = lapor_pool_alloc(pool, size);
        aligned &= (uintptr_t) pieces[i] % _Alignof(max_align_t) == 0;

        for (k = 0; k < size; k++) {
            zeroed &= pieces[i][k] == 0;
        }

        memset(pieces[i], (int) (i % 251 + 1), size);
        (void) lapor_pool_bytes(pool, i % 3);
    }

    for (i = 0; i < PIECES; i++) {
        size = i % 97 == 0 ? 3000 + i : i % 61;

        for (k = 0; k < size; k++) {
            intact &= pieces[i][k] == i % 251 + 1;
        }
    }

    ok(aligned, "every piece is aligned");
    ok(zeroed, "every piece is zeroed");
    ok(intact, "no piece overlaps another");
    ok(lapor_pool_alloc(pool, 0) != NULL, "a piece of no bytes is a piece");
}


static void
test_copies(struct lapor_pool *pool)
{
    char              *text;
    struct lapor_str   str;

    text = lapor_pool_strndup(pool, "abcdef", 3);
    is_str(text, "abc", "strndup copies so many bytes and ends them");
    is_str(lapor_pool_strndup(pool, NULL, 0), "", "strndup of nothing");
    is_mem(lapor_pool_memdup(pool, "a\0b", 3), 3, "a\0b", 3, "memdup");

    str = lapor_pool_str(pool, LAPOR_STR("x\0y"));
    is_mem(str.data, str.len + 1, "x\0y", 4, "a string is copied with a NUL");
    str = lapor_pool_str(pool, LAPOR_STR_NONE);
    ok(str.data == NULL, "an absent string stays absent");
}


static void
test_reset(void)
{
    char                *big;
    struct lapor_pool   *pool;

    pool = lapor_pool_create(2000);
    is(lapor_pool_size(pool), 2000, "the first block is as asked");

    big = lapor_pool_alloc(pool, 5000000);
    memset(big, 7, 5000000);
    ok(lapor_pool_size(pool) >= 5002000, "a big piece has a block");

    lapor_pool_reset(pool);
    is(lapor_pool_size(pool), 2000, "reset keeps the first block alone");

    big = lapor_pool_alloc(pool, 1500);
    is(lapor_pool_size(pool), 2000, "and its room is there again");
    is(big[1499], 0, "and zeroed again");

    lapor_pool_destroy(pool);
}


/* Blocks that a batch needed are there for the next; when no batch needs them,
 * half of them go, and half of the rest. */

static void
test_spare(void)
{
    char               *data;
    size_t              i, held;
    struct lapor_pool  *pool;
    static const int    left[] = { 4, 2, 1, 1 };

    pool = lapor_pool_create(BLOCK);

    for (i = 0; i < 8; i++) {
        memset(lapor_pool_alloc(pool, BLOCK / 2), 7, BLOCK / 2);
    }

    held = lapor_pool_size(pool);
    is((intmax_t) held, 4 * BLOCK, "four blocks for eight halves");

    lapor_pool_reset(pool);
    is((intmax_t) lapor_pool_size(pool), (intmax_t) held, "reset keeps them");

    for (i = 0; i < 8; i++) {
        data = lapor_pool_alloc(pool, BLOCK / 2);
        is(data[BLOCK / 2 - 1], 0, "a kept half %zu is zeroed", i);
    }

    is((intmax_t) lapor_pool_size(pool), (intmax_t) held,
       "and no more are needed");

    for (i = 0; i < 3 * 16; i++) {
        is((intmax_t) lapor_pool_size(pool),
           (intmax_t) left[(i + 1) / 16] * BLOCK, "after %zu resets", i + 1);
        lapor_pool_reset(pool);
    }

    is((intmax_t) lapor_pool_size(pool), BLOCK, "none to spare");

    data = lapor_pool_alloc(pool, 3 * BLOCK);
    is(data[3 * BLOCK - 1], 0, "what needs more than a block");
    lapor_pool_destroy(pool);
}


/* The child's pool is static: valgrind would report a leak at its exit. */

static void
test_out_of_memory(void)
{
    static struct lapor_pool  *volatile pool;

    int      status, ends[2];
    char     line[64];
    pid_t    pid;
    ssize_t  n;

    if (!ok(pipe(ends) == 0, "pipe")) {
        return;
    }

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        pool = lapor_pool_create(0);
        lapor_pool_alloc(pool, SIZE_MAX - 100);
        _exit(0);
    }

    close(ends[1]);
    n = read(ends[0], line, sizeof(line));
    close(ends[0]);
    waitpid(pid, &status, 0);

    ok(WIFEXITED(status) && WEXITSTATUS(status) == 71,
       "without memory the process exits 71");
    is_mem(line, n > 0 ? (size_t) n : 0, "<3>out of memory\n", 17,
           "and says why");
}
