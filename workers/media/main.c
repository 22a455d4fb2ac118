/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-media: takes download tasks from PostgreSQL, fetches the files from
 * the Graph API and keeps them under their SHA-256.
 */

#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "media/media.h"


static void lapor_media_open_all(struct lapor_media *m,
    struct lapor_outbox *o);


int
main(int argc, char **argv)
{
    int                      n;
    struct lapor_media       m;
    struct lapor_outbox      o;
    struct lapor_media_conf  conf;

    lapor_media_conf_main(argc, argv, &conf);
    lapor_common_apply(&conf.common);

    memset(&m, 0, sizeof(m));
    memset(&o, 0, sizeof(o));
    m.conf = &conf;
    m.outbox = &o;
    TAILQ_INIT(&m.running);
    TAILQ_INIT(&m.ended);

    lapor_loop_init();
    lapor_media_open_all(&m, &o);
    lapor_outbox_start(conf.common.metrics, "lapor-media",
                       lapor_media_metrics, LAPOR_MEDIA_METRICS);

    n = lapor_file_sweep(conf.common.media_dir, conf.name, 0);
    lapor_log_notice("started name=%s leftovers=%d", conf.name, n);

    lapor_outbox_run(&o);
    lapor_metrics_stop();

    /* before the jobs' lists go: it cancels what still runs */
    lapor_http_free(m.http);

    while (!TAILQ_EMPTY(&m.ended)) {
        lapor_media_job_free(TAILQ_FIRST(&m.ended));
    }

    lapor_redis_sub_free(o.sub);
    lapor_pg_free(m.pg);
    lapor_allow_free(m.allow);
    lapor_graph_free(m.graph);
    lapor_media_conf_free(&conf);
    lapor_log_notice("stopped");

    return LAPOR_EXIT_OK;
}


static void
lapor_media_open_all(struct lapor_media *m, struct lapor_outbox *o)
{
    char                            err[256];
    struct lapor_pg_conf            pg;
    struct lapor_http_conf          http;
    struct lapor_redis_conf         redis;
    const struct lapor_media_conf  *conf;

    conf = m->conf;

    lapor_common_pg(&conf->common, "lapor-media", &pg);
    lapor_common_redis(&conf->common, "lapor-media", &redis);

    memset(&http, 0, sizeof(http));

    m->graph = lapor_graph_new(conf->common.graph_url,
                               conf->common.graph_version,
                               conf->graph_token, err, sizeof(err));
    m->pg = lapor_pg_new(&pg, err, sizeof(err));

    if (m->graph == NULL || m->pg == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "%s", err);
    }

    m->http = lapor_http_new(&http);

    o->kind = "media";
    o->metrics = conf->common.metrics != NULL;
    o->pg = m->pg;
    o->http = m->http;
    o->sub = lapor_redis_sub_new(&redis, LAPOR_WAKE_MEDIA);
    o->begin = lapor_media_begin;
    o->room = lapor_media_room;
    o->claim = lapor_media_claim;
    o->settle = lapor_media_settle;
    o->busy = lapor_media_busy;
    o->reload = lapor_media_reload;
    o->meter = lapor_media_meter;
    o->data = m;

    lapor_media_apply(m);
}
