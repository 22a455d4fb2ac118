/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Clocks, time texts, chance and backoff. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/log.h"
#include "lib/timeutil.h"


/* 9999-12-31T23:59:59.999Z and 0000-01-01T00:00:00Z */
#define LAPOR_TIME_MAX  INT64_C(253402300799999)
#define LAPOR_TIME_MIN  INT64_C(-62167219200000)


static int lapor_time_digits(const char *text, size_t n, int *ret_value);
static int lapor_time_date(const char *text, size_t len, struct tm *ret_tm);
static int lapor_time_zone(const char *text, size_t len, int64_t *ret_ms);


int64_t
lapor_time_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int64_t
lapor_mono_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


char *
lapor_time_format(int64_t ms, char ret_text[LAPOR_TIME_LEN])
{
    int        frac;
    char       buf[64];
    time_t     sec;
    struct tm  tm;

    if (ms > LAPOR_TIME_MAX) {
        ms = LAPOR_TIME_MAX;
    }

    if (ms < LAPOR_TIME_MIN) {
        ms = LAPOR_TIME_MIN;
    }

    frac = (int) (ms % 1000);
    sec = (time_t) (ms / 1000);

    if (frac < 0) {
        frac += 1000;
        sec--;
    }

    memset(&tm, 0, sizeof(tm));
    (void) gmtime_r(&sec, &tm);

    if (frac == 0) {
        (void) snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec);
    } else {
        (void) snprintf(buf, sizeof(buf),
                        "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec, frac);
    }

    memcpy(ret_text, buf, LAPOR_TIME_LEN);
    ret_text[LAPOR_TIME_LEN - 1] = '\0';

    return ret_text;
}


static int
lapor_time_digits(const char *text, size_t n, int *ret_value)
{
    int     value;
    size_t  i;

    value = 0;

    for (i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }

        value = value * 10 + (text[i] - '0');
    }

    *ret_value = value;
    return 0;
}


/* "YYYY-MM-DDThh:mm:ss", the first 19 characters */

static int
lapor_time_date(const char *text, size_t len, struct tm *ret_tm)
{
    int               days;
    struct tm         tm;
    static const int  month[] = { 31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31 };

    memset(&tm, 0, sizeof(tm));

    if (len < 19 || text[4] != '-' || text[7] != '-'
        || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')
        || text[13] != ':' || text[16] != ':'
        || lapor_time_digits(text, 4, &tm.tm_year) == -1
        || lapor_time_digits(text + 5, 2, &tm.tm_mon) == -1
        || lapor_time_digits(text + 8, 2, &tm.tm_mday) == -1
        || lapor_time_digits(text + 11, 2, &tm.tm_hour) == -1
        || lapor_time_digits(text + 14, 2, &tm.tm_min) == -1
        || lapor_time_digits(text + 17, 2, &tm.tm_sec) == -1)
    {
        return -1;
    }

    if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_hour > 23 || tm.tm_min > 59
        || tm.tm_sec > 60)
    {
        return -1;
    }

    days = month[tm.tm_mon - 1];

    if (tm.tm_mon == 2 && tm.tm_year % 4 == 0
        && (tm.tm_year % 100 != 0 || tm.tm_year % 400 == 0))
    {
        days++;
    }

    if (tm.tm_mday < 1 || tm.tm_mday > days) {
        return -1;
    }

    tm.tm_year -= 1900;
    tm.tm_mon -= 1;

    *ret_tm = tm;
    return 0;
}


/* "Z", "+hh:mm", "+hhmm" or "+hh" */

static int
lapor_time_zone(const char *text, size_t len, int64_t *ret_ms)
{
    int  hours, minutes;

    if (len == 1 && (text[0] == 'Z' || text[0] == 'z')) {
        *ret_ms = 0;
        return 0;
    }

    minutes = 0;

    if ((len != 3 && len != 5 && len != 6)
        || (text[0] != '+' && text[0] != '-')
        || (len == 6 && text[3] != ':')
        || lapor_time_digits(text + 1, 2, &hours) == -1
        || (len > 3 && lapor_time_digits(text + len - 2, 2, &minutes) == -1)
        || hours > 23 || minutes > 59)
    {
        return -1;
    }

    *ret_ms = (int64_t) (hours * 60 + minutes) * 60000;

    if (text[0] == '-') {
        *ret_ms = -*ret_ms;
    }

    return 0;
}


int
lapor_time_parse(const char *text, size_t len, int64_t *ret_ms)
{
    int        frac, scale;
    size_t     i;
    int64_t    zone;
    struct tm  tm;

    if (lapor_time_date(text, len, &tm) == -1) {
        return -1;
    }

    i = 19;
    frac = 0;

    if (i < len && text[i] == '.') {
        i++;

        if (i == len || text[i] < '0' || text[i] > '9') {
            return -1;
        }

        for (scale = 100; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
            frac += (text[i] - '0') * scale;
            scale /= 10;
        }
    }

    if (lapor_time_zone(text + i, len - i, &zone) == -1) {
        return -1;
    }

    *ret_ms = (int64_t) timegm(&tm) * 1000 + frac - zone;
    return 0;
}


void
lapor_random_bytes(void *buf, size_t len)
{
    char     *p;
    ssize_t   n;

    for (p = buf; len > 0; p += n, len -= (size_t) n) {
        n = getrandom(p, len, 0);

        if (n == -1) {
            if (errno != EINTR) {
                lapor_fatal(LAPOR_EXIT_OS, "could not get random bytes: %s",
                            strerror(errno));
            }

            n = 0;
        }
    }
}


uint32_t
lapor_random(uint32_t bound)
{
    uint64_t  value;

    if (bound == 0) {
        return 0;
    }

    /* 64 bits over at most 32: the bias of the remainder is below 2^-32 */
    lapor_random_bytes(&value, sizeof(value));

    return (uint32_t) (value % bound);
}


void
lapor_backoff_fail(struct lapor_backoff *b)
{
    b->step = (b->step == 0) ? b->min : b->step * 2;

    if (b->step > b->max) {
        b->step = b->max;
    }

    /* full jitter, but never at once: a refusing peer answers in no time */
    b->until = lapor_mono_ms() + b->step / 2
               + lapor_random((uint32_t) (b->step / 2 + 1));
}


void
lapor_backoff_ok(struct lapor_backoff *b)
{
    b->step = 0;
    b->until = 0;
}


int64_t
lapor_backoff_left(const struct lapor_backoff *b)
{
    int64_t  left;

    left = b->until - lapor_mono_ms();

    return (left > 0) ? left : 0;
}
