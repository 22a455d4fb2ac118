/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Logging of the workers: one line a call to stderr, written by one write(),
 * with the "<N>" priority that journald understands.  Message style is
 * PostgreSQL's: lower case, no full stop, a tail of key=value.  Message text,
 * names, numbers, wamids and tokens never stand in a line.
 */

#ifndef LAPOR_LIB_LOG_H
#define LAPOR_LIB_LOG_H


/* The numbers are syslog's (RFC 5424 section 6.2.1). */
enum lapor_log_level {
    LAPOR_LOG_ERR = 3,
    LAPOR_LOG_WARN = 4,
    LAPOR_LOG_NOTICE = 5,
    LAPOR_LOG_INFO = 6,
    LAPOR_LOG_DEBUG = 7
};

/* Exit codes of every program; 71 and 78 are those of sysexits.h. */
enum lapor_exit {
    LAPOR_EXIT_OK = 0,
    LAPOR_EXIT_RUNTIME = 1,
    LAPOR_EXIT_OS = 71,
    LAPOR_EXIT_CONFIG = 78
};

/* The longest line, with its end of line; what is longer is cut. */
#define LAPOR_LOG_LINE  1024


/* Lines less urgent than level are dropped; LAPOR_LOG_INFO at start. */
void lapor_log_set_level(enum lapor_log_level level);

/* "error", "warn", "notice", "info" or "debug"; -1 when it is none of them. */
int lapor_log_parse_level(const char *name, enum lapor_log_level *ret_level);


/* For people who read the lines themselves: each begins with the name and a
 * colon instead of its priority. The name must outlive all lines. */
void lapor_log_set_name(const char *name);

/* Where lines go, 2 at start; for tests. */
void lapor_log_set_fd(int fd);

void lapor_log(enum lapor_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Logs at level err and exits with the code; runs no atexit handlers. */
void lapor_fatal(enum lapor_exit code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/*
 * What every program does when memory is gone: says so without allocating and
 * exits 71. The supervisor starts it again and the stream gives the work back,
 * which is safer than going on with half of it.
 */
void lapor_fatal_memory(void) __attribute__((noreturn));

#define lapor_log_err(...)     lapor_log(LAPOR_LOG_ERR, __VA_ARGS__)
#define lapor_log_warn(...)    lapor_log(LAPOR_LOG_WARN, __VA_ARGS__)
#define lapor_log_notice(...)  lapor_log(LAPOR_LOG_NOTICE, __VA_ARGS__)
#define lapor_log_info(...)    lapor_log(LAPOR_LOG_INFO, __VA_ARGS__)
#define lapor_log_debug(...)   lapor_log(LAPOR_LOG_DEBUG, __VA_ARGS__)


#endif
