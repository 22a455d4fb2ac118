/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A loop that fails for good ends the process: what it held is taken over by
 * others, or by itself when it is started again.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/loops.h"
#include "intake/meter.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/notify.h"


static void *loops_run(void *data);
static void loops_summary(struct lapor_intake_loops *all,
    const struct lapor_intake_news *news);


void
lapor_intake_loops_start(struct lapor_intake_loops *all,
    const struct lapor_intake_conf *conf)
{
    int       rc;
    char      name[16];
    sigset_t  every, before;
    unsigned  i;

    memset(all, 0, sizeof(*all));
    all->n = (unsigned) conf->loops;
    all->loops = calloc(all->n, sizeof(*all->loops));
    all->threads = calloc(all->n, sizeof(*all->threads));
    all->summary_due = lapor_mono_ms() + conf->summary;
    lapor_notify_members(all->n);

    if (all->loops == NULL || all->threads == NULL) {
        lapor_fatal_memory();
    }

    lapor_intake_clock_init(&all->clock);

    for (i = 0; i < all->n; i++) {
        lapor_intake_init(&all->loops[i], conf, i, &all->clock);
    }

    (void) sigfillset(&every);
    (void) pthread_sigmask(SIG_BLOCK, &every, &before);

    for (i = 0; i < all->n; i++) {
        rc = pthread_create(&all->threads[i], NULL, loops_run,
                            &all->loops[i]);

        if (rc != 0) {
            lapor_fatal(LAPOR_EXIT_OS, "could not start a thread: %s",
                        strerror(rc));
        }

        (void) snprintf(name, sizeof(name), "loop-%u", i);
        (void) pthread_setname_np(all->threads[i], name);
    }

    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
}


static void *
loops_run(void *data)
{
    struct lapor_intake  *in;

    in = data;
    lapor_notify_member(in->index);

    while (!lapor_loop_stopping()) {
        lapor_intake_turn(in);
    }

    return NULL;
}


void
lapor_intake_loops_end(struct lapor_intake_loops *all)
{
    unsigned                  i;
    struct lapor_intake_news  news;

    for (i = 0; i < all->n; i++) {
        (void) pthread_join(all->threads[i], NULL);
    }

    news = lapor_intake_loops_sum(all);
    loops_summary(all, &news);

    for (i = 0; i < all->n; i++) {
        lapor_intake_done(&all->loops[i]);
    }

    lapor_intake_clock_done(&all->clock);
    free(all->loops);
    free(all->threads);
}


void
lapor_intake_loops_reload(struct lapor_intake_loops *all,
    struct lapor_intake_conf *conf)
{
    unsigned  i;

    lapor_notify_reloading();

    if (lapor_intake_conf_reload(conf) == 0) {
        lapor_common_reload(&conf->common, NULL, NULL);

        for (i = 0; i < all->n; i++) {
            lapor_intake_tune(&all->loops[i], conf);
        }

        all->summary_due = lapor_mono_ms() + conf->summary;
    }

    lapor_notify_ready();
}


void
lapor_intake_loops_watch(struct lapor_intake_loops *all,
    const struct lapor_intake_conf *conf)
{
    struct lapor_intake_news  news;

    news = lapor_intake_loops_sum(all);
    lapor_intake_meter_news(&news);

    lapor_notify_status("redis %s, postgres %s, messages %" PRIu64
                        ", statuses %" PRIu64 ", quarantined %" PRIu64,
                        news.redis_up ? "up" : "down",
                        news.postgres_up ? "up" : "down",
                        news.count.messages, news.count.statuses,
                        news.count.quarantined);

    if (lapor_mono_ms() >= all->summary_due) {
        loops_summary(all, &news);
        all->summary_due = lapor_mono_ms() + conf->summary;
    }
}


struct lapor_intake_news
lapor_intake_loops_sum(struct lapor_intake_loops *all)
{
    size_t                    k;
    unsigned                  i;
    uint64_t                 *sum;
    const uint64_t           *one;
    struct lapor_intake_news  news, total;

    memset(&total, 0, sizeof(total));
    total.redis_up = true;
    total.postgres_up = true;
    sum = (uint64_t *) &total.count;

    for (i = 0; i < all->n; i++) {
        news = lapor_intake_ask(&all->loops[i]);
        one = (const uint64_t *) &news.count;

        for (k = 0; k < sizeof(news.count) / sizeof(uint64_t); k++) {
            sum[k] += one[k];
        }

        total.backlog += news.backlog;
        total.lag[0] += news.lag[0];
        total.lag[1] += news.lag[1];
        total.owned += news.owned;
        total.remade += news.remade;
        total.oldest = news.oldest != 0 && (total.oldest == 0
                                            || news.oldest < total.oldest)
                       ? news.oldest : total.oldest;
        total.redis_up = total.redis_up && news.redis_up;
        total.postgres_up = total.postgres_up && news.postgres_up;
    }

    return total;
}


/* Counts since the last one; nothing when nothing came. */

static void
loops_summary(struct lapor_intake_loops *all,
    const struct lapor_intake_news *news)
{
    const struct lapor_intake_count  *c, *t;

    c = &news->count;
    t = &all->told;

    if (memcmp(c, t, sizeof(*c)) != 0) {
        lapor_log_info("stored webhooks=%" PRIu64 " messages=%" PRIu64
                       " duplicates=%" PRIu64 " reports=%" PRIu64
                       " statuses=%" PRIu64 " notices=%" PRIu64
                       " quarantined=%" PRIu64 " backlog=%" PRId64,
                       c->webhooks - t->webhooks, c->messages - t->messages,
                       c->duplicates - t->duplicates,
                       c->reports - t->reports, c->statuses - t->statuses,
                       c->notices - t->notices,
                       c->quarantined - t->quarantined, news->backlog);
    }

    all->told = *c;
}
