/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The little of TAP that a unit test needs, on standard output. A test file
 * is one program: it calls ok() and is_*() and returns tap_done() from
 * main(). Names of tests are formats; arguments are evaluated once.
 */

#ifndef LAPOR_UNIT_TAP_H
#define LAPOR_UNIT_TAP_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TAP_UNUSED             __attribute__((unused))
#define TAP_FORMAT(at, first)  __attribute__((format(printf, at, first)))


static int  tap_run;
static int  tap_planned;
static int  tap_failed;

static void plan(int tests) TAP_UNUSED;
static void skip_all(const char *format, ...) TAP_UNUSED TAP_FORMAT(1, 2);
static void diag(const char *format, ...) TAP_UNUSED TAP_FORMAT(1, 2);
static int tap_result(int passed, const char *file, int line,
    const char *format, va_list args) TAP_UNUSED TAP_FORMAT(4, 0);
static int tap_ok(const char *file, int line, int passed, const char *format,
    ...) TAP_UNUSED TAP_FORMAT(4, 5);
static int tap_is(const char *file, int line, intmax_t got, intmax_t want,
    const char *format, ...) TAP_UNUSED TAP_FORMAT(5, 6);
static int tap_is_mem(const char *file, int line, const void *got,
    size_t got_len, const void *want, size_t want_len, const char *format,
    ...) TAP_UNUSED TAP_FORMAT(7, 8);
static int tap_is_str(const char *file, int line, const char *got,
    const char *want, const char *format, ...) TAP_UNUSED TAP_FORMAT(5, 6);
static void tap_show(const char *label, const void *data, size_t len)
    TAP_UNUSED;
static int tap_done(void) TAP_UNUSED;


/* All return 1 when the test passed, else 0. */

#define ok(...)      tap_ok(__FILE__, __LINE__, __VA_ARGS__)
#define is(...)      tap_is(__FILE__, __LINE__, __VA_ARGS__)
#define is_str(...)  tap_is_str(__FILE__, __LINE__, __VA_ARGS__)
#define is_mem(...)  tap_is_mem(__FILE__, __LINE__, __VA_ARGS__)


/* Without a plan at the start, tap_done() prints it at the end. */

static void
plan(int tests)
{
    tap_planned = tests;
    printf("1..%d\n", tests);
}


/* Instead of a plan; return tap_done() after it. */

static void
skip_all(const char *format, ...)
{
    va_list  args;

    fputs("1..0 # SKIP ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    tap_planned = -1;
}


static void
diag(const char *format, ...)
{
    va_list  args;

    fputs("# ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}


static int
tap_result(int passed, const char *file, int line, const char *format,
    va_list args)
{
    tap_run++;
    printf("%s %d - ", passed ? "ok" : "not ok", tap_run);
    vprintf(format, args);
    putchar('\n');

    if (!passed) {
        tap_failed++;
        diag("failed at %s line %d", file, line);
    }

    fflush(stdout);
    return passed;
}


static int
tap_ok(const char *file, int line, int passed, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    tap_result(passed != 0, file, line, format, args);
    va_end(args);

    return passed != 0;
}


static int
tap_is(const char *file, int line, intmax_t got, intmax_t want,
    const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    tap_result(got == want, file, line, format, args);
    va_end(args);

    if (got != want) {
        diag(" got: %jd", got);
        diag("want: %jd", want);
    }

    return got == want;
}


/* NULL equals only NULL. */

static int
tap_is_mem(const char *file, int line, const void *got, size_t got_len,
    const void *want, size_t want_len, const char *format, ...)
{
    int      passed;
    va_list  args;

    passed = (got == NULL) == (want == NULL) && got_len == want_len
             && (got_len == 0 || memcmp(got, want, got_len) == 0);

    va_start(args, format);
    tap_result(passed, file, line, format, args);
    va_end(args);

    if (!passed) {
        tap_show(" got", got, got_len);
        tap_show("want", want, want_len);
    }

    return passed;
}


static int
tap_is_str(const char *file, int line, const char *got, const char *want,
    const char *format, ...)
{
    int      passed;
    va_list  args;

    passed = got == NULL || want == NULL ? got == want
                                         : strcmp(got, want) == 0;

    va_start(args, format);
    tap_result(passed, file, line, format, args);
    va_end(args);

    if (!passed) {
        tap_show(" got", got, got == NULL ? 0 : strlen(got));
        tap_show("want", want, want == NULL ? 0 : strlen(want));
    }

    return passed;
}


/* Bytes that would break the line or are not ASCII are shown in hex. */

static void
tap_show(const char *label, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *bytes;

    bytes = data;
    printf("# %s: ", label);

    if (data == NULL) {
        fputs("(null)", stdout);
    }

    for (i = 0; data != NULL && i < len; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f) {
            putchar(bytes[i]);

        } else {
            printf("\\x%02x", bytes[i]);
        }
    }

    putchar('\n');
}


/* The exit status: 0 when all passed and as many ran as were planned. */

static int
tap_done(void)
{
    if (tap_planned == 0) {
        printf("1..%d\n", tap_run);

    } else if (tap_planned > 0 && tap_planned != tap_run) {
        diag("planned %d tests but ran %d", tap_planned, tap_run);
        return 1;
    }

    if (tap_failed > 0) {
        diag("failed %d of %d tests", tap_failed, tap_run);
    }

    return tap_failed == 0 ? 0 : 1;
}

#endif
