/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-reply: takes answers from PostgreSQL's outbox and sends them by the
 * Graph API.
 */

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/outbox.h"
#include "reply/reply.h"


/* The worker's own brake: Graph cannot be reached, or is ill. */
#define LAPOR_REPLY_BRAKE_MIN  500
#define LAPOR_REPLY_BRAKE_MAX  30000

#define LAPOR_REPLY_ENTRY(type, name, value, help, flags, min, max)           \
    { "reply", #name, type, offsetof(struct lapor_reply_conf, name), value,   \
      help, flags, min, max }


static int lapor_reply_check(const void *conf, char *err, size_t size);
static void lapor_reply_open_all(struct lapor_reply *r,
    struct lapor_outbox *o);
static void lapor_reply_close_all(struct lapor_reply *r,
    struct lapor_outbox *o);


static const struct lapor_conf_entry  lapor_reply_entries[] = {
    LAPOR_COMMON_ENTRIES,
    LAPOR_REPLY_ENTRY(LAPOR_CONF_STRING, name, "reply-0",
        "this worker's name in the database", 0, 0, 0),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_STRING, graph_token, NULL,
        "file or cred:NAME with the access token, read again when refused",
        LAPOR_CONF_REQUIRED, 0, 0),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_INT, concurrency, "16",
        "messages under way at the same time", 0, 1, 256),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, timeout, "30s",
        "longest time for one request", 0, 100, 600000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, unknown_wait, "60s",
        "wait for a status before a message in doubt is sent again", 0, 100,
        3600000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, retry_max, "5m",
        "longest pause after a refusal, where the code names no longer one",
        0, 100, 86400000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, retry_slow, "1m",
        "pause of a number where people must act: token, payment", 0, 100,
        86400000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_INT, tries, "5",
        "attempts where Meta names no reason", 0, 1, 1000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, poll, "1s",
        "longest time before a task is seen", 0, 10, 60000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, stop_timeout, "20s",
        "time for running requests when stopped", 0, 0, 3600000)
};

static const struct lapor_conf_spec  lapor_reply_spec = {
    "lapor-reply",
    "reply",
    "sends the automatic answers",
    lapor_reply_entries,
    sizeof(lapor_reply_entries) / sizeof(lapor_reply_entries[0]),
    lapor_reply_check
};


int
main(int argc, char **argv)
{
    struct lapor_reply       r;
    struct lapor_outbox      o;
    struct lapor_reply_conf  conf;

    memset(&conf, 0, sizeof(conf));
    lapor_conf_main(argc, argv, &lapor_reply_spec, &conf);
    lapor_common_apply(&conf.common);

    memset(&r, 0, sizeof(r));
    memset(&o, 0, sizeof(o));
    r.conf = &conf;
    TAILQ_INIT(&r.running);
    TAILQ_INIT(&r.ended);
    r.brake.min = LAPOR_REPLY_BRAKE_MIN;
    r.brake.max = LAPOR_REPLY_BRAKE_MAX;

    lapor_loop_init();
    lapor_reply_open_all(&r, &o);
    lapor_log_notice("started name=%s", conf.name);

    lapor_outbox_run(&o);

    lapor_reply_close_all(&r, &o);
    lapor_conf_free(lapor_reply_entries, lapor_reply_spec.n, "reply", &conf);
    lapor_log_notice("stopped");

    return LAPOR_EXIT_OK;
}


static int
lapor_reply_check(const void *conf, char *err, size_t size)
{
    struct lapor_graph             *graph;
    const struct lapor_reply_conf  *c;

    c = conf;

    if (lapor_common_check(&c->common, err, size) == -1) {
        return -1;
    }

    if (!lapor_graph_id(lapor_str_from(c->name))) {
        (void) snprintf(err, size, "name: letters, digits, \"_\" and \"-\"");
        return -1;
    }

    graph = lapor_graph_new(c->common.graph_url, c->common.graph_version,
                            c->graph_token, err, size);
    if (graph == NULL) {
        return -1;
    }

    lapor_graph_free(graph);
    return 0;
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
    http.max_connections = (long) conf->concurrency;
    http.max_host_connections = (long) conf->concurrency;

    r->graph = lapor_graph_new(conf->common.graph_url,
                               conf->common.graph_version,
                               conf->graph_token, err, sizeof(err));
    r->pg = lapor_pg_new(&pg, err, sizeof(err));

    if (r->graph == NULL || r->pg == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "%s", err);
    }

    r->http = lapor_http_new(&http);

    o->kind = "reply";
    o->poll_ms = (int) conf->poll;
    o->drain_ms = (int) conf->stop_timeout;
    o->pg = r->pg;
    o->http = r->http;
    o->sub = lapor_redis_sub_new(&redis, LAPOR_WAKE_REPLY);
    o->begin = lapor_reply_begin;
    o->room = lapor_reply_room;
    o->claim = lapor_reply_claim;
    o->settle = lapor_reply_settle;
    o->busy = lapor_reply_busy;
    o->reload = lapor_reply_reload;
    o->data = r;
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
