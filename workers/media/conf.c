/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The settings of lapor-media, at the start and after a SIGHUP. What is not
 * LAPOR_CONF_LIVE names the worker or where it connects to.
 */

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
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


static const struct lapor_conf_entry  lapor_media_entries[] = {
    LAPOR_COMMON_ENTRIES,
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_STRING, name, "media-0",
        "this worker's name, stable and its own", 0, 0, 0),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_STRING, graph_token, NULL,
        "file or cred:NAME with the access token, read again when refused",
        LAPOR_CONF_REQUIRED | LAPOR_CONF_LIVE, 0, 0),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_STRING, media_hosts, LAPOR_MEDIA_HOSTS,
        "origins that may serve media, beside graph_url",
        LAPOR_CONF_LIVE, 0, 0),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_INT, concurrency, "8",
        "downloads at the same time", LAPOR_CONF_LIVE, 1, 256),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_SIZE, max_size, "100m",
        "largest file that is kept", LAPOR_CONF_LIVE, 1, INT64_C(4294967296)),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, lease, "5m",
        "after it another worker may take a task over",
        LAPOR_CONF_LIVE, 1000, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, timeout, "4m",
        "longest time for one attempt, below the lease",
        LAPOR_CONF_LIVE, 1000, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, retry_base, "2s",
        "first pause after a failure, doubled each time",
        LAPOR_CONF_LIVE, 10, 3600000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, retry_max, "5m",
        "longest pause after a failure", LAPOR_CONF_LIVE, 10, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, retry_slow, "1m",
        "pause where people must act: token, full disk",
        LAPOR_CONF_LIVE, 10, 86400000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_INT, tries, "4",
        "attempts at what will hardly change: wrong hash, gone",
        LAPOR_CONF_LIVE, 1, 1000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, poll, "1s",
        "longest time before a task is seen", LAPOR_CONF_LIVE, 10, 60000),
    LAPOR_MEDIA_ENTRY(LAPOR_CONF_DURATION, stop_timeout, "20s",
        "time for running downloads when stopped", LAPOR_CONF_LIVE, 0, 3600000)
};

static const struct lapor_conf_spec  lapor_media_spec = {
    "lapor-media",
    "media",
    "downloads what reporters sent",
    lapor_media_entries,
    sizeof(lapor_media_entries) / sizeof(lapor_media_entries[0]),
    sizeof(struct lapor_media_conf),
    lapor_media_check
};


void
lapor_media_conf_main(int argc, char **argv, struct lapor_media_conf *conf)
{
    memset(conf, 0, sizeof(*conf));
    lapor_conf_main(argc, argv, &lapor_media_spec, conf);
}


void
lapor_media_conf_free(struct lapor_media_conf *conf)
{
    lapor_conf_free(lapor_media_spec.entries, lapor_media_spec.n, "media",
                    conf);
}


/* Jobs under way keep the deadline that they began with. */

void
lapor_media_reload(void *data)
{
    struct lapor_media  *m;

    m = data;

    if (lapor_conf_reload(&lapor_media_spec, m->conf) == 0) {
        lapor_common_reload(&m->conf->common, m->pg, m->outbox->sub);
        lapor_graph_token_file(m->graph, m->conf->graph_token);
        (void) lapor_graph_reload(m->graph);
        lapor_media_apply(m);
    }
}


void
lapor_media_apply(struct lapor_media *m)
{
    char                            err[256];
    struct lapor_allow             *allow;
    const struct lapor_media_conf  *conf;

    conf = m->conf;
    allow = lapor_media_hosts(conf, err, sizeof(err));

    if (allow == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "%s", err);
    }

    lapor_allow_free(m->allow);
    m->allow = allow;

    m->brake.min = conf->retry_base;
    m->brake.max = conf->retry_slow > conf->retry_base ? conf->retry_slow
                                                       : conf->retry_base;
    m->outbox->poll_ms = (int) conf->poll;
    m->outbox->drain_ms = (int) conf->stop_timeout;
    lapor_http_limits(m->http, (long) conf->concurrency,
                      (long) conf->concurrency * 2);
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


/* The emulator, or a proxy, serves media itself: graph_url's own origin gets
   the token in any case. */

struct lapor_allow *
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
