/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-reply: takes answers from PostgreSQL's outbox and sends them by the
 * Graph API.
 */

#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "reply/reply.h"


/* The worker's own brake: Graph cannot be reached, or is ill. */
#define LAPOR_REPLY_BRAKE_MIN  500
#define LAPOR_REPLY_BRAKE_MAX  30000

static void lapor_reply_open_all(struct lapor_reply *r,
    struct lapor_outbox *o);
static void lapor_reply_close_all(struct lapor_reply *r,
    struct lapor_outbox *o);


int
main(int argc, char **argv)
{
    struct lapor_reply       r;
    struct lapor_outbox      o;
    struct lapor_reply_conf  conf;

    lapor_reply_conf_main(argc, argv, &conf);
    lapor_common_apply(&conf.common);

    memset(&r, 0, sizeof(r));
    memset(&o, 0, sizeof(o));
    r.conf = &conf;
    r.outbox = &o;
    TAILQ_INIT(&r.running);
    TAILQ_INIT(&r.ended);
    r.brake.min = LAPOR_REPLY_BRAKE_MIN;
    r.brake.max = LAPOR_REPLY_BRAKE_MAX;

    lapor_loop_init();
    lapor_reply_open_all(&r, &o);
    lapor_outbox_start(conf.common.metrics, "lapor-reply",
                       lapor_reply_metrics, LAPOR_REPLY_METRICS);
    lapor_log_notice("started name=%s", conf.name);

    lapor_outbox_run(&o);

    lapor_metrics_stop();
    lapor_reply_close_all(&r, &o);
    lapor_reply_conf_free(&conf);
    lapor_log_notice("stopped");

    return LAPOR_EXIT_OK;
}


static void
lapor_reply_open_all(struct lapor_reply *r, struct lapor_outbox *o)
{
    char                            err[256];
    struct lapor_pg_conf            pg;
    struct lapor_http_conf          http;
    struct lapor_redis_conf         redis;
    const struct lapor_reply_conf  *conf;

    conf = r->conf;

    lapor_common_pg(&conf->common, "lapor-reply", &pg);
    lapor_common_redis(&conf->common, "lapor-reply", &redis);

    memset(&http, 0, sizeof(http));

    r->graph = lapor_graph_new(conf->common.graph_url,
                               conf->common.graph_version,
                               conf->graph_token, err, sizeof(err));
    r->pg = lapor_pg_new(&pg, err, sizeof(err));

    if (r->graph == NULL || r->pg == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "%s", err);
    }

    r->http = lapor_http_new(&http);

    o->kind = "reply";
    o->metrics = conf->common.metrics != NULL;
    o->pg = r->pg;
    o->http = r->http;
    o->sub = lapor_redis_sub_new(&redis, LAPOR_WAKE_REPLY);
    o->begin = lapor_reply_begin;
    o->room = lapor_reply_room;
    o->claim = lapor_reply_claim;
    o->settle = lapor_reply_settle;
    o->busy = lapor_reply_busy;
    o->reload = lapor_reply_reload;
    o->meter = lapor_reply_meter;
    o->data = r;

    lapor_reply_apply(r);
}


/* What still ran is cancelled, hence in doubt; that is written down if it can
   be, and else the leases say it. */

static void
lapor_reply_close_all(struct lapor_reply *r, struct lapor_outbox *o)
{
    lapor_http_free(r->http);

    if (lapor_reply_settle(r) != LAPOR_PG_OK) {
        lapor_log_warn("stopped without PostgreSQL, leases will end "
                       "tasks=%d", r->jobs);
    }

    while (!TAILQ_EMPTY(&r->ended)) {
        lapor_reply_job_free(TAILQ_FIRST(&r->ended));
    }

    lapor_redis_sub_free(o->sub);
    lapor_pg_free(r->pg);
    lapor_numbers_free(&r->numbers);
    lapor_graph_free(r->graph);
}
