/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Lines to stderr.  A line is built whole in a buffer on the stack and goes
 * out with one write(), so that lines of several processes on one pipe do not
 * mix; it is shorter than PIPE_BUF for the same reason.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"


static void lapor_logv(enum lapor_log_level level, const char *fmt,
    va_list args) __attribute__((format(printf, 2, 0)));
static void lapor_log_write(const char *line, size_t len);
static size_t lapor_log_clean(char *line, size_t len);


/* set by one thread while others log */
static atomic_int  lapor_log_level = LAPOR_LOG_INFO;
static const char *lapor_log_name;              /* NULL: priority */
static int         lapor_log_fd = STDERR_FILENO;


void
lapor_log(enum lapor_log_level level, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    lapor_logv(level, fmt, args);
    va_end(args);
}


static void
lapor_logv(enum lapor_log_level level, const char *fmt, va_list args)
{
    int     n, saved;
    char    line[LAPOR_LOG_LINE];
    size_t  head, len;

    if ((int) level > lapor_log_level) {
        return;
    }

    saved = errno;

    if (lapor_log_name != NULL) {
        n = snprintf(line, sizeof(line), "%.40s: ", lapor_log_name);

    } else {
        n = snprintf(line, sizeof(line), "<%d>", (int) level);
    }

    head = (size_t) n;

    /* errno as it came in, for %m */
    errno = saved;
    n = vsnprintf(line + head, sizeof(line) - head, fmt, args);

    if (n < 0) {
        n = 0;
    }

    len = head + (size_t) n;

    if (len > sizeof(line) - 1) {
        len = sizeof(line) - 1;
    }

    len = lapor_log_clean(line, len);

    /* replaces the NUL, or the last byte of a line that was cut */
    line[len] = '\n';
    lapor_log_write(line, len + 1);

    errno = saved;
}


/*
 * A control character in a peer's error text would start a line of its own,
 * perhaps one with a forged priority.
 */

static size_t
lapor_log_clean(char *line, size_t len)
{
    size_t         i;
    unsigned char  c;

    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == ' ')) {
        len--;
    }

    for (i = 0; i < len; i++) {
        c = (unsigned char) line[i];

        if (c < 0x20 || c == 0x7f) {
            line[i] = ' ';
        }
    }

    return len;
}


static void
lapor_log_write(const char *line, size_t len)
{
    ssize_t  n;

    do {
        n = write(lapor_log_fd, line, len);
    } while (n == -1 && errno == EINTR);

    /* nobody is left to tell when this fails */
}


void
lapor_fatal(enum lapor_exit code, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    lapor_logv(LAPOR_LOG_ERR, fmt, args);
    va_end(args);

    _exit((int) code);
}


void
lapor_fatal_memory(void)
{
    static const char  line[] = "<3>out of memory\n";

    lapor_log_write(line, sizeof(line) - 1);
    _exit(LAPOR_EXIT_OS);
}


void
lapor_log_set_level(enum lapor_log_level level)
{
    lapor_log_level = (int) level;
}


void
lapor_log_set_name(const char *name)
{
    lapor_log_name = name;
}


void
lapor_log_set_fd(int fd)
{
    lapor_log_fd = fd;
}


int
lapor_log_parse_level(const char *name, enum lapor_log_level *ret_level)
{
    size_t  i;

    static const struct {
        const char            *name;
        enum lapor_log_level   level;
    } levels[] = {
        { "error", LAPOR_LOG_ERR },
        { "warn", LAPOR_LOG_WARN },
        { "notice", LAPOR_LOG_NOTICE },
        { "info", LAPOR_LOG_INFO },
        { "debug", LAPOR_LOG_DEBUG }
    };

    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].name, name) == 0) {
            *ret_level = levels[i].level;
            return 0;
        }
    }

    return -1;
}
