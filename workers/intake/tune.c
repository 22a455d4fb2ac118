/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What goes between the main thread and a loop, under the loop's lock. The
 * strings of the settings are the main thread's and change with a SIGHUP; what
 * a loop needs of them is copied here.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/turn.h"
#include "lib/heap.h"


static void tune_wipe(char **secret);


void
lapor_intake_tune(struct lapor_intake *in,
    const struct lapor_intake_conf *conf)
{
    (void) pthread_mutex_lock(&in->lock);

    lapor_intake_forget(in);
    in->given = *conf;
    in->pg_password = lapor_heap_copy(conf->common.database_password);
    in->redis_password = lapor_heap_copy(conf->common.redis_password);
    in->is_given = true;

    (void) pthread_mutex_unlock(&in->lock);
}


/* What may change while it runs is read from the copy in each turn. */

void
lapor_intake_settings(struct lapor_intake *in)
{
    (void) pthread_mutex_lock(&in->lock);

    if (in->is_given) {
        in->conf = in->given;
        in->is_given = false;
        in->lease.ttl = in->conf.lease;
        lapor_pg_set_password(in->store.pg, in->pg_password);
        lapor_redis_set_password(lapor_stream_redis(in->stream),
                                 in->redis_password);
        lapor_intake_forget(in);
    }

    (void) pthread_mutex_unlock(&in->lock);
}


void
lapor_intake_forget(struct lapor_intake *in)
{
    tune_wipe(&in->pg_password);
    tune_wipe(&in->redis_password);
}


static void
tune_wipe(char **secret)
{
    if (*secret != NULL) {
        explicit_bzero(*secret, strlen(*secret));
    }

    free(*secret);
    *secret = NULL;
}


struct lapor_intake_news
lapor_intake_ask(struct lapor_intake *in)
{
    struct lapor_intake_news  news;

    (void) pthread_mutex_lock(&in->lock);
    news = in->news;
    (void) pthread_mutex_unlock(&in->lock);

    return news;
}
