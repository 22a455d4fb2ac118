/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Clocks, time texts, chance and backoff. */

#ifndef LAPOR_LIB_TIMEUTIL_H
#define LAPOR_LIB_TIMEUTIL_H


#include <stddef.h>
#include <stdint.h>


/* "2026-11-22T03:04:05.678Z" and its NUL, years 0 to 9999. */
#define LAPOR_TIME_LEN  25

/* 2000-01-01T00:00:00Z, PostgreSQL's epoch, in Unix milliseconds. */
#define LAPOR_TIME_PG_EPOCH_MS  INT64_C(946684800000)


/* Wall clock, Unix milliseconds. */
int64_t lapor_time_ms(void);

/* Never goes back, unrelated to any date; for deadlines. */
int64_t lapor_mono_ms(void);

/*
 * RFC 3339 in UTC; the fraction only when it is not 0.  Returns ret_text.
 * What lies outside of years 0 to 9999 becomes the nearest that lies inside.
 */
char *lapor_time_format(int64_t ms, char ret_text[LAPOR_TIME_LEN]);

/* RFC 3339 with Z or an offset; 'T' or a blank between date and time. */
int lapor_time_parse(const char *text, size_t len, int64_t *ret_ms)
    __attribute__((warn_unused_result));

/* From the kernel's generator, 0 <= result < bound; 0 when bound is 0. */
uint32_t lapor_random(uint32_t bound);

/* len random bytes; exits 71 when the kernel has none. */
void lapor_random_bytes(void *buf, size_t len);


/* Zero it, set min and max (ms). */
struct lapor_backoff {
    int64_t   min;
    int64_t   max;
    int64_t   step;     /* 0 after success */
    int64_t   until;    /* lapor_mono_ms() before which not to try */
};

/* After a failure: doubles the step and sets until, with full jitter. */
void lapor_backoff_fail(struct lapor_backoff *b);
void lapor_backoff_ok(struct lapor_backoff *b);

/* Milliseconds until the next try is due, 0 when it is. */
int64_t lapor_backoff_left(const struct lapor_backoff *b);


#endif
