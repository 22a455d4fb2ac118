/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * disk DIR [COUNT]: how long fdatasync takes here, after each of COUNT
 * appends of 1 KB to a file in DIR; one line of JSON, microseconds.  Figures
 * of a store that syncs say little without it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define DISK_COUNT_MAX  100000
#define DISK_BLOCK      1024


static int disk_order(const void *a, const void *b);
static int disk_measure(int fd, double *us, size_t n);
static double disk_now(void);


int
main(int argc, char **argv)
{
    int     fd, rc;
    char    path[4096];
    long    n;
    double  *us;

    n = argc == 3 ? strtol(argv[2], NULL, 10) : 300;

    if (argc < 2 || argc > 3 || n < 1 || n > DISK_COUNT_MAX) {
        fprintf(stderr, "usage: disk DIR [COUNT]\n");
        return 64;
    }

    us = calloc((size_t) n, sizeof(double));
    rc = snprintf(path, sizeof(path), "%s/disk.XXXXXX", argv[1]);

    if (us == NULL || rc < 0 || (size_t) rc >= sizeof(path)) {
        fprintf(stderr, "disk: too long a path, or no memory\n");
        free(us);
        return 71;
    }

    fd = mkostemp(path, O_CLOEXEC | O_APPEND);
    if (fd == -1) {
        fprintf(stderr, "disk: %s: %s\n", path, strerror(errno));
        free(us);
        return 1;
    }

    (void) unlink(path);
    rc = disk_measure(fd, us, (size_t) n);
    (void) close(fd);

    if (rc == 0) {
        qsort(us, (size_t) n, sizeof(double), disk_order);
        printf("{\"appends\":%ld,\"p50_us\":%.1f,\"p99_us\":%.1f,"
               "\"max_us\":%.1f}\n",
               n, us[n / 2], us[n * 99 / 100], us[n - 1]);
    }

    free(us);
    return rc == 0 ? 0 : 1;
}


static int
disk_measure(int fd, double *us, size_t n)
{
    char    block[DISK_BLOCK];
    size_t  i;
    double  start;

    memset(block, 'x', sizeof(block));

    for (i = 0; i < n; i++) {
        start = disk_now();

        if (write(fd, block, sizeof(block)) != (ssize_t) sizeof(block)
            || fdatasync(fd) == -1)
        {
            fprintf(stderr, "disk: could not write: %s\n", strerror(errno));
            return -1;
        }

        us[i] = disk_now() - start;
    }

    return 0;
}


static double
disk_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}


static int
disk_order(const void *a, const void *b)
{
    double  x, y;

    x = *(const double *) a;
    y = *(const double *) b;

    return x < y ? -1 : x > y;
}
