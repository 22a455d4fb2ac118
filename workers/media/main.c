/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lapor-media: takes download tasks from PostgreSQL, fetches the files from
 * the Graph API and keeps them under their SHA-256.
 */

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/outbox.h"
#include "media/media.h"


/* What a job needs after its deadline: fsync and the statement. */
#define LAPOR_MEDIA_MARGIN  10000

#define LAPOR_MEDIA_HOSTS                                                     \
    "https://*.fbsbx.com https://*.fbcdn.net https://graph.facebook.com"

#define LAPOR_MEDIA_ENTRY(type, name, value, help, flags, min, max)           \
    { "media", #name, type, offsetof(struct lapor_media_conf, name), value,   \
      help, flags, min, max }


static int lapor_media_check(const void *conf, char *err, size_t size);
static int lapor_media_check_name(const char *name);
static void lapor_media_open_all(struct lapor_media *m,
    struct lapor_outbox *o);
static struct lapor_allow *lapor_media_hosts(
    const struct lapor_media_conf *conf, char *err, size_t size);


static const struct lapor_conf_entry  lapor_media_entries[] = {
    LAPOR_COMMON_ENTRIES,
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_STRING, name, "media-0",
        "this worker's name, stable and its own", 0, 0, 0),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_STRING, graph_token, NULL,
        "file or cred:NAME with the access token, read again when refused",
        LAPOR_CONF_REQUIRED, 0, 0),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_STRING, media_hosts, LAPOR_MEDIA_HOSTS,
        "origins that may serve media, beside graph_url", 0, 0, 0),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_INT, concurrency, "8",
        "downloads at the same time", 0, 1, 256),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_SIZE, max_size, "100m",
        "largest file that is kept", 0, 1, INT64_C(4294967296)),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, lease, "5m",
        "after it another worker may take a task over", 0, 1000, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, timeout, "4m",
        "longest time for one attempt, below the lease", 0, 1000, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, retry_base, "2s",
        "first pause after a failure, doubled each time", 0, 10, 3600000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, retry_max, "5m",
        "longest pause after a failure", 0, 10, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, retry_slow, "1m",
        "pause where people must act: token, full disk", 0, 10, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_INT, tries, "4",
        "attempts at what will hardly change: wrong hash, gone", 0, 1, 1000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, poll, "1s",
        "longest time before a task is seen", 0, 10, 60000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, stop_timeout, "20s",
        "time for running downloads when stopped", 0, 0, 3600000)
};

static const struct lapor_conf_spec  lapor_media_spec = {
    "lapor-media",
    "media",
    "downloads what reporters sent",
    lapor_media_entries,
    sizeof(lapor_media_entries) / sizeof(lapor_media_entries[0]),
    lapor_media_check
};


int
main(int argc, char **argv)
{
    int                      n;
    struct lapor_media       m;
    struct lapor_outbox      o;
    struct lapor_media_conf  conf;

    memset(&conf, 0, sizeof(conf));
    lapor_conf_main(argc, argv, &lapor_media_spec, &conf);
    lapor_common_apply(&conf.common);

    memset(&m, 0, sizeof(m));
    memset(&o, 0, sizeof(o));
    m.conf = &conf;
    TAILQ_INIT(&m.running);
    TAILQ_INIT(&m.ended);
    m.brake.min = conf.retry_base;
    m.brake.max = conf.retry_slow > conf.retry_base ? conf.retry_slow
                                                    : conf.retry_base;

    lapor_loop_init();
    lapor_media_open_all(&m, &o);

    n = lapor_file_sweep(conf.common.media_dir, conf.name, 0);
    lapor_log_notice("started name=%s leftovers=%d", conf.name, n);

    lapor_outbox_run(&o);

    /* before the jobs' lists go: it cancels what still runs */
    lapor_http_free(m.http);

    while (!TAILQ_EMPTY(&m.ended)) {
        lapor_media_job_free(TAILQ_FIRST(&m.ended));
    }

    lapor_redis_sub_free(o.sub);
    lapor_pg_free(m.pg);
    lapor_allow_free(m.allow);
    lapor_graph_free(m.graph);
    lapor_conf_free(lapor_media_entries, lapor_media_spec.n, "media", &conf);
    lapor_log_notice("stopped");

    return LAPOR_EXIT_OK;
}


static int
lapor_media_check(const void *conf, char *err, size_t size)
{
    struct lapor_allow             *allow;
    struct lapor_graph             *graph;
    const struct lapor_media_conf  *c;

    c = conf;

    if (lapor_common_check(&c->common, err, size) == -1) {
        return -1;
    }

    if (lapor_media_check_name(c->name) == -1) {
        (void) snprintf(err, size, "name: letters, digits, \"_\" and \"-\", "
                        "at most %d", LAPOR_FILE_OWNER_MAX);
        return -1;
    }

    if (c->timeout + LAPOR_MEDIA_MARGIN > c->lease) {
        (void) snprintf(err, size, "timeout must lie %d s below lease",
                        LAPOR_MEDIA_MARGIN / 1000);
        return -1;
    }

    allow = lapor_media_hosts(c, err, size);
    if (allow == NULL) {
        return -1;
    }

    lapor_allow_free(allow);

    graph = lapor_graph_new(c->common.graph_url, c->common.graph_version,
                            c->graph_token, err, size);
    if (graph == NULL) {
        return -1;
    }

    lapor_graph_free(graph);
    return 0;
}


static int
lapor_media_check_name(const char *name)
{
    struct lapor_str  str;

    str = lapor_str_from(name);

    return lapor_graph_id(str) && str.len <= LAPOR_FILE_OWNER_MAX ? 0 : -1;
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
    http.max_connections = (long) conf->concurrency * 2;
    http.max_host_connections = (long) conf->concurrency;

    m->allow = lapor_media_hosts(conf, err, sizeof(err));
    m->graph = lapor_graph_new(conf->common.graph_url,
                               conf->common.graph_version,
                               conf->graph_token, err, sizeof(err));
    m->pg = lapor_pg_new(&pg, err, sizeof(err));

    if (m->allow == NULL || m->graph == NULL || m->pg == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "%s", err);
    }

    m->http = lapor_http_new(&http);

    o->kind = "media";
    o->poll_ms = (int) conf->poll;
    o->drain_ms = (int) conf->stop_timeout;
    o->pg = m->pg;
    o->http = m->http;
    o->sub = lapor_redis_sub_new(&redis, LAPOR_WAKE_MEDIA);
    o->begin = lapor_media_begin;
    o->room = lapor_media_room;
    o->claim = lapor_media_claim;
    o->settle = lapor_media_settle;
    o->busy = lapor_media_busy;
    o->reload = lapor_media_reload;
    o->data = m;
}


/* The emulator, or a proxy, serves media itself: graph_url's own origin gets
   the token in any case. */

static struct lapor_allow *
lapor_media_hosts(const struct lapor_media_conf *conf, char *err, size_t size)
{
    struct lapor_allow  *allow;

    allow = lapor_allow_new(conf->media_hosts, err, size);

    if (allow != NULL
        && lapor_allow_add(allow, conf->common.graph_url) == -1)
    {
        (void) snprintf(err, size, "graph_url: not an origin");
        lapor_allow_free(allow);
        return NULL;
    }

    return allow;
}
