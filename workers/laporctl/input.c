/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Reading whole files: by read(), so that a pipe is one of them. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "laporctl/input.h"


int
lapor_ctl_read(const char *path, size_t max, struct lapor_buf *buf)
{
    int      fd, saved;
    char     piece[65536];
    size_t   start;
    ssize_t  n;

    start = buf->len;
    fd = STDIN_FILENO;

    if (strcmp(path, "-") != 0) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }

    if (fd == -1) {
        return -1;
    }

    for ( ;; ) {
        n = read(fd, piece, sizeof(piece));

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n > 0 && buf->len - start + (size_t) n > max) {
            n = -1;
            errno = EFBIG;
        }

        if (n <= 0) {
            break;
        }

        lapor_buf_add(buf, piece, (size_t) n);
    }

    saved = errno;

    if (fd != STDIN_FILENO) {
        close(fd);
    }

    errno = saved;

    return n == 0 && lapor_buf_check(buf) == 0 ? 0 : -1;
}
