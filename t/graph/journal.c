/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Append-only files of lines: see journal.h.
 */

#include "t/graph/journal.h"

#include "lib/log.h"
#include "t/graph/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


static char *graph_journal_slurp(int fd, size_t size, size_t *ret_len);


int
graph_journal_open(struct graph_journal *j, const char *dir, const char *name,
    graph_journal_line each, void *ctx)
{
    char         *text, *line, *end;
    char          path[4096];
    size_t        len;
    struct stat   st;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);

    j->size = 0;
    j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (j->fd == -1 || fstat(j->fd, &st) == -1) {
        lapor_log_err("could not open journal name=%s: %s", name,
                  strerror(errno));
        return -1;
    }

    text = graph_journal_slurp(j->fd, (size_t) st.st_size, &len);
    if (text == NULL) {
        lapor_log_err("could not read journal name=%s: %s", name,
                  strerror(errno));
        return -1;
    }

    for (line = text; len > 0; line = end + 1) {
        end = memchr(line, '\n', len - (size_t) (line - text));
        if (end == NULL) {
            break;
        }

        *end = '\0';
        if (each(ctx, line, (size_t) (end - line), line - text) == -1) {
            lapor_log_err("unreadable line in journal name=%s offset=%ld",
                      name, (long) (line - text));
            free(text);
            return -1;
        }
    }

    j->size = line - text;
    free(text);

    if (j->size != st.st_size && ftruncate(j->fd, j->size) == -1) {
        lapor_log_err("could not cut journal name=%s: %s", name,
                  strerror(errno));
        return -1;
    }

    return 0;
}


static char *
graph_journal_slurp(int fd, size_t size, size_t *ret_len)
{
    char     *text;
    size_t    len;
    ssize_t   n;

    text = graph_alloc(size + 1);

    for (len = 0; len < size; len += (size_t) n) {
        n = pread(fd, text + len, size - len, (off_t) len);
        if (n == -1) {
            free(text);
            return NULL;
        }

        if (n == 0) {
            break;
        }
    }

    *ret_len = len;
    return text;
}


int
graph_journal_append(struct graph_journal *j, const char *text, size_t len,
    off_t *ret_offset)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < len; done += (size_t) n) {
        n = write(j->fd, text + done, len - done);

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n == -1) {
            lapor_log_err("could not write journal: %s", strerror(errno));

            /* half a line must not stand before the next one */
            if (ftruncate(j->fd, j->size) == -1) {
                lapor_fatal(LAPOR_EXIT_OS, "could not repair journal: %s",
                            strerror(errno));
            }

            return -1;
        }
    }

    if (ret_offset != NULL) {
        *ret_offset = j->size;
    }

    j->size += (off_t) len;
    return 0;
}


int
graph_journal_read(const struct graph_journal *j, off_t offset, char *to,
    size_t len)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < len; done += (size_t) n) {
        n = pread(j->fd, to + done, len - done, offset + (off_t) done);
        if (n <= 0) {
            lapor_log_err("could not read journal: %s",
                      n == 0 ? "end of file" : strerror(errno));
            return -1;
        }
    }

    return 0;
}


int
graph_journal_reset(struct graph_journal *j)
{
    if (ftruncate(j->fd, 0) == -1) {
        lapor_log_err("could not empty journal: %s", strerror(errno));
        return -1;
    }

    j->size = 0;
    return 0;
}


void
graph_journal_close(struct graph_journal *j)
{
    if (j->fd > 0) {
        (void) close(j->fd);
        j->fd = -1;
    }
}
