/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Counting, and the page's text. The page is written while others count: each
 * number is right, and those of a histogram fit each other because its count
 * is the sum of the buckets that were shown.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/metrics.h"
#include "lib/version.h"


#define LAPOR_METRIC_STATM  128     /* bytes of /proc/self/statm, at most */


static void lapor_metric_text(const struct lapor_metric *m, const char *first,
    const char *second, char *ret_text);
static void lapor_metric_word(char *to, size_t size, const char *from);
static void lapor_metric_process(struct lapor_buf *buf, const char *program,
    int64_t started);
static void lapor_metric_print(struct lapor_buf *buf,
    const struct lapor_metric *m);
static void lapor_metric_print_list(struct lapor_buf *buf,
    const struct lapor_metric *m);
static void lapor_metric_print_seconds(struct lapor_buf *buf,
    const struct lapor_metric *m);
static int64_t lapor_metric_read(const struct lapor_metric *m, unsigned i);
static void lapor_metric_head(struct lapor_buf *buf, const char *name,
    const char *type, const char *help);
static void lapor_metric_number(struct lapor_buf *buf, int64_t n,
    int64_t per);

struct lapor_metric  lapor_metric_redis_links =
    LAPOR_METRIC(GAUGE, "lapor_redis_links",
        "Connections to Redis by their state.", "state", "up down", 1);
struct lapor_metric  lapor_metric_postgres_links =
    LAPOR_METRIC(GAUGE, "lapor_postgres_links",
        "Connections to PostgreSQL by their state.", "state", "up down", 1);
struct lapor_metric  lapor_metric_postgres_errors =
    LAPOR_METRIC(COUNTER, "lapor_postgres_errors_total",
        "Errors of PostgreSQL by the class of their SQLSTATE.", "class", NULL,
        1);
struct lapor_metric  lapor_metric_turns =
    LAPOR_METRIC(COUNTER, "lapor_turns_total",
        "Rounds of the worker's loop that have ended.", NULL, NULL, 1);
struct lapor_metric  lapor_metric_last_turn =
    LAPOR_METRIC(GAUGE, "lapor_last_turn_seconds",
        "When the last of them ended, in Unix time.", NULL, NULL, 1000);
struct lapor_metric  lapor_metric_reloads =
    LAPOR_METRIC(COUNTER, "lapor_reloads_total",
        "SIGHUPs by what became of the configuration.", "result",
        "applied refused", 1);

static struct lapor_metric   *lapor_metric_first;
static struct lapor_metric  **lapor_metric_end = &lapor_metric_first;
static pthread_mutex_t        lapor_metric_lock = PTHREAD_MUTEX_INITIALIZER;

/* upper bounds, as the page of the nginx module has them, and longer ones */

static const struct {
    int64_t      us;
    const char  *text;
} lapor_metric_bounds[] = {
    { 500, "0.0005" },
    { 1000, "0.001" },
    { 2500, "0.0025" },
    { 5000, "0.005" },
    { 10000, "0.01" },
    { 25000, "0.025" },
    { 50000, "0.05" },
    { 100000, "0.1" },
    { 250000, "0.25" },
    { 500000, "0.5" },
    { 1000000, "1" },
    { 2500000, "2.5" },
    { 5000000, "5" },
    { 10000000, "10" },
    { 30000000, "30" },
    { 60000000, "60" },
    { 300000000, "300" },
    { 1800000000, "1800" },
    { 3600000000, "3600" },
    { INT64_MAX, "+Inf" }
};

#define LAPOR_METRIC_BOUNDS                                                   \
    (sizeof(lapor_metric_bounds) / sizeof(lapor_metric_bounds[0]))


void
lapor_metric_add(struct lapor_metric *m, unsigned i, int64_t n)
{
    if (i < LAPOR_METRIC_CELLS) {
        atomic_fetch_add_explicit(&m->cells[i], n, memory_order_relaxed);
    }
}


void
lapor_metric_set(struct lapor_metric *m, unsigned i, int64_t n)
{
    if (i < LAPOR_METRIC_CELLS) {
        atomic_store_explicit(&m->cells[i], n, memory_order_relaxed);
        atomic_fetch_or_explicit(&m->seen, UINT32_C(1) << i,
                                 memory_order_relaxed);
    }
}


void
lapor_metric_observe(struct lapor_metric *m, int64_t us)
{
    unsigned  i;

    us = us < 0 ? 0 : us;

    for (i = 0; us > lapor_metric_bounds[i].us; i++) {
        /* the last one is above all */
    }

    atomic_fetch_add_explicit(&m->sum, us, memory_order_relaxed);
    lapor_metric_add(m, i, 1);
}


void
lapor_metric_move(struct lapor_metric *m, int from, int to)
{
    if (from != -1) {
        lapor_metric_add(m, (unsigned) from, -1);
    }

    if (to != -1) {
        lapor_metric_add(m, (unsigned) to, 1);
    }
}


unsigned
lapor_metric_label(struct lapor_metric *m, const char *first,
    const char *second)
{
    char      text[LAPOR_METRIC_LABEL];
    unsigned  i, n;

    lapor_metric_text(m, first, second, text);
    (void) pthread_mutex_lock(&lapor_metric_lock);

    n = atomic_load_explicit(&m->n, memory_order_relaxed);

    for (i = 0; i < n && strcmp(m->text[i], text) != 0; i++) {
        /* few are there */
    }

    if (i == n && i >= LAPOR_METRIC_CELLS - 1) {
        i = LAPOR_METRIC_CELLS - 1;
        lapor_metric_text(m, "other", second == NULL ? NULL : "other", text);
    }

    if (i == n) {
        memcpy(m->text[i], text, sizeof(text));
        atomic_store_explicit(&m->n, n + 1, memory_order_release);
    }

    (void) pthread_mutex_unlock(&lapor_metric_lock);
    return i;
}


static void
lapor_metric_text(const struct lapor_metric *m, const char *first,
    const char *second, char *ret_text)
{
    int   len;
    char  one[24], two[24];

    len = (int) strcspn(m->label, " ");
    lapor_metric_word(one, sizeof(one), first);

    if (second == NULL) {
        (void) snprintf(ret_text, LAPOR_METRIC_LABEL, "%.*s=\"%s\"", len,
                        m->label, one);
        return;
    }

    lapor_metric_word(two, sizeof(two), second);
    (void) snprintf(ret_text, LAPOR_METRIC_LABEL, "%.*s=\"%s\",%s=\"%s\"",
                    len, m->label, one, m->label + len + 1, two);
}


/* Only what needs no escape, so that the page is well-formed whatever comes. */

static void
lapor_metric_word(char *to, size_t size, const char *from)
{
    size_t  i;

    for (i = 0; i < size - 1 && from[i] != '\0'; i++) {
        to[i] = strchr("abcdefghijklmnopqrstuvwxyz0123456789_-.:"
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ", from[i]) != NULL
                ? from[i] : '_';
    }

    to[i] = '\0';
}


void
lapor_metric_fresh(struct lapor_metric *m)
{
    atomic_store_explicit(&m->seen, 0, memory_order_relaxed);
}


void
lapor_metric_done(struct lapor_metric *m)
{
    unsigned  i;
    uint32_t  seen;

    seen = atomic_load_explicit(&m->seen, memory_order_relaxed);

    for (i = 0; i < LAPOR_METRIC_CELLS; i++) {
        if ((seen & (UINT32_C(1) << i)) == 0) {
            lapor_metric_set(m, i, 0);
        }
    }
}


void
lapor_metrics_table(struct lapor_metric *table, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        *lapor_metric_end = &table[i];
        lapor_metric_end = &table[i].next;
    }
}


void
lapor_metrics_page(struct lapor_buf *buf, const char *program,
    int64_t started)
{
    struct lapor_metric  *m;

    lapor_metric_process(buf, program, started);
    lapor_metric_print(buf, &lapor_metric_redis_links);
    lapor_metric_print(buf, &lapor_metric_postgres_links);
    lapor_metric_print(buf, &lapor_metric_postgres_errors);
    lapor_metric_print(buf, &lapor_metric_turns);
    lapor_metric_print(buf, &lapor_metric_last_turn);
    lapor_metric_print(buf, &lapor_metric_reloads);

    for (m = lapor_metric_first; m != NULL; m = m->next) {
        lapor_metric_print(buf, m);
    }
}


/* The names are those that Prometheus' own client libraries use. */

static void
lapor_metric_process(struct lapor_buf *buf, const char *program,
    int64_t started)
{
    char             *text;
    size_t            len;
    long long         pages;
    struct timespec   cpu;

    lapor_metric_head(buf, "lapor_build_info", "gauge",
                      "The program and its version; always 1.");
    lapor_buf_printf(buf, "lapor_build_info{program=\"%s\",version=\""
                     LAPOR_VERSION "\"} 1\n", program);

    lapor_metric_head(buf, "process_start_time_seconds", "gauge",
                      "When the program began, in Unix time.");
    lapor_buf_addz(buf, "process_start_time_seconds");
    lapor_metric_number(buf, started, 1000);

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
        lapor_metric_head(buf, "process_cpu_seconds_total", "counter",
                          "Processor time of all its threads.");
        lapor_buf_addz(buf, "process_cpu_seconds_total");
        lapor_metric_number(buf, (int64_t) cpu.tv_sec * 1000000
                            + cpu.tv_nsec / 1000, 1000000);
    }

    if (lapor_file_read("/proc/self/statm", LAPOR_METRIC_STATM, &text, &len)
        == -1)
    {
        return;
    }

    if (sscanf(text, "%*s %lld", &pages) == 1) {
        lapor_metric_head(buf, "process_resident_memory_bytes", "gauge",
                          "Memory of the program that is not paged out.");
        lapor_buf_printf(buf, "process_resident_memory_bytes %lld\n",
                         pages * sysconf(_SC_PAGESIZE));
    }

    free(text);
}


static void
lapor_metric_print(struct lapor_buf *buf, const struct lapor_metric *m)
{
    static const char *const  types[] = { "counter", "gauge", "histogram" };

    lapor_metric_head(buf, m->name, types[m->type], m->help);

    if (m->type == LAPOR_METRIC_SECONDS) {
        lapor_metric_print_seconds(buf, m);

    } else if (m->label == NULL) {
        lapor_buf_addz(buf, m->name);
        lapor_metric_number(buf, lapor_metric_read(m, 0), m->per);

    } else {
        lapor_metric_print_list(buf, m);
    }
}


static void
lapor_metric_print_list(struct lapor_buf *buf, const struct lapor_metric *m)
{
    int          len;
    unsigned     i, n;
    const char  *p;

    p = m->values;

    for (i = 0; p != NULL && *p != '\0'; i++) {
        len = (int) strcspn(p, " ");
        lapor_buf_printf(buf, "%s{%s=\"%.*s\"}", m->name, m->label, len, p);
        lapor_metric_number(buf, lapor_metric_read(m, i), m->per);
        p += len + (p[len] == ' ');
    }

    n = atomic_load_explicit(&m->n, memory_order_acquire);

    for (i = 0; i < n; i++) {
        lapor_buf_printf(buf, "%s{%s}", m->name, m->text[i]);
        lapor_metric_number(buf, lapor_metric_read(m, i), m->per);
    }
}


static void
lapor_metric_print_seconds(struct lapor_buf *buf,
    const struct lapor_metric *m)
{
    unsigned  i;
    int64_t   count, sum;

    count = 0;
    sum = atomic_load_explicit(&m->sum, memory_order_relaxed);

    for (i = 0; i < LAPOR_METRIC_BOUNDS; i++) {
        count += lapor_metric_read(m, i);
        lapor_buf_printf(buf, "%s_bucket{le=\"%s\"} %" PRId64 "\n", m->name,
                         lapor_metric_bounds[i].text, count);
    }

    lapor_buf_printf(buf, "%s_sum", m->name);
    lapor_metric_number(buf, sum, 1000000);
    lapor_buf_printf(buf, "%s_count %" PRId64 "\n", m->name, count);
}


static int64_t
lapor_metric_read(const struct lapor_metric *m, unsigned i)
{
    return atomic_load_explicit(&m->cells[i], memory_order_relaxed);
}


static void
lapor_metric_head(struct lapor_buf *buf, const char *name, const char *type,
    const char *help)
{
    lapor_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                     type);
}


/* Behind a name: a blank, n / per with all its digits, and the line's end. */

static void
lapor_metric_number(struct lapor_buf *buf, int64_t n, int64_t per)
{
    int      digits;
    int64_t  size;

    digits = 0;

    for (size = 1; size < per; size *= 10) {
        digits++;
    }

    if (digits == 0) {
        lapor_buf_printf(buf, " %" PRId64 "\n", n);
        return;
    }

    lapor_buf_printf(buf, " %s%" PRId64 ".%0*" PRId64 "\n", n < 0 ? "-" : "",
                     n < 0 ? -(n / per) : n / per, digits,
                     n < 0 ? -(n % per) : n % per);
}
