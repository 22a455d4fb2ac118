/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* The one line of JSON; times are microseconds. */

#include "t/bench/load.h"

#include <stdio.h>
#include <sys/resource.h>


static double load_us(uint64_t ns);
static double load_cpu(void);


void
load_report(const struct load *l)
{
    int          i;
    double       seconds;
    const char  *comma;

    seconds = (double) (l->last - l->begin) / (double) LOAD_SECOND;
    comma = "";

    printf("{\"connections\":%lu,\"rate\":%lu,\"idle\":%zu,"
           "\"requests\":%ju,\"replies\":%ju,\"status\":{",
           l->conf.connections, l->conf.rate, l->idle_n,
           (uintmax_t) l->count.requests, (uintmax_t) l->count.replies);

    for (i = 0; i < LOAD_STATUS_MAX; i++) {
        if (l->count.statuses[i]) {
            printf("%s\"%d\":%ju", comma, i,
                   (uintmax_t) l->count.statuses[i]);
            comma = ",";
        }
    }

    printf("},\"io_errors\":%ju,\"unanswered\":%ju,\"unsent\":%ju,"
           "\"reconnects\":%ju,\"seconds\":%.6f,\"rps\":%.1f,"
           "\"mean_us\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,"
           "\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
           "\"over_250ms\":%ju,\"over_1s\":%ju,\"load_cpu\":%.6f}\n",
           (uintmax_t) l->count.io_errors, (uintmax_t) l->count.unanswered,
           (uintmax_t) l->count.unsent, (uintmax_t) l->count.reconnects,
           seconds,
           seconds > 0 ? (double) l->count.replies / seconds : 0,
           l->hist.n ? load_us(l->hist.sum) / (double) l->hist.n : 0,
           load_us(load_hist_quantile(&l->hist, 0.5)),
           load_us(load_hist_quantile(&l->hist, 0.9)),
           load_us(load_hist_quantile(&l->hist, 0.99)),
           load_us(load_hist_quantile(&l->hist, 0.999)),
           load_us(l->hist.max), (uintmax_t) l->hist.over_250ms,
           (uintmax_t) l->hist.over_1s, load_cpu());

    (void) fflush(stdout);
}


static double
load_us(uint64_t ns)
{
    return (double) ns / 1000;
}


/* seconds of this process */

static double
load_cpu(void)
{
    struct rusage  usage;

    if (getrusage(RUSAGE_SELF, &usage) == -1) {
        return 0;
    }

    return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
