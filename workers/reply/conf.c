/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The settings of lapor-reply, at the start and after a SIGHUP. What is not
 * LAPOR_CONF_LIVE names the worker or where it connects to.
 */

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "reply/reply.h"


#define LAPOR_REPLY_ENTRY(type, name, value, help, flags, min, max)           \
    { "reply", #name, type, offsetof(struct lapor_reply_conf, name), value,   \
      help, flags, min, max }


static int lapor_reply_check(const void *conf, char *err, size_t size);


static const struct lapor_conf_entry  lapor_reply_entries[] = {
    LAPOR_COMMON_ENTRIES,
    LAPOR_REPLY_ENTRY(LAPOR_CONF_STRING, name, "reply-0",
        "this worker's name in the database", 0, 0, 0),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_STRING, graph_token, NULL,
        "file or cred:NAME with the access token, read again when refused",
        LAPOR_CONF_REQUIRED | LAPOR_CONF_LIVE, 0, 0),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_INT, concurrency, "16",
        "messages under way at the same time", LAPOR_CONF_LIVE, 1, 256),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, timeout, "30s",
        "longest time for one request", LAPOR_CONF_LIVE, 100, 600000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, unknown_wait, "60s",
        "wait for a status before a message in doubt is sent again",
        LAPOR_CONF_LIVE, 100,
        3600000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, retry_max, "5m",
        "longest pause after a refusal, where the code names no longer one",
        LAPOR_CONF_LIVE, 100, 86400000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, retry_slow, "1m",
        "pause of a number where people must act: token, payment",
        LAPOR_CONF_LIVE, 100,
        86400000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_INT, tries, "5",
        "attempts where Meta names no reason", LAPOR_CONF_LIVE, 1, 1000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, poll, "1s",
        "longest time before a task is seen", LAPOR_CONF_LIVE, 10, 60000),
    LAPOR_REPLY_ENTRY(LAPOR_CONF_DURATION, stop_timeout, "20s",
        "time for running requests when stopped", LAPOR_CONF_LIVE, 0, 3600000)
};

static const struct lapor_conf_spec  lapor_reply_spec = {
    "lapor-reply",
    "reply",
    "sends the automatic answers",
    lapor_reply_entries,
    sizeof(lapor_reply_entries) / sizeof(lapor_reply_entries[0]),
    sizeof(struct lapor_reply_conf),
    lapor_reply_check
};


void
lapor_reply_conf_main(int argc, char **argv, struct lapor_reply_conf *conf)
{
    memset(conf, 0, sizeof(*conf));
    lapor_conf_main(argc, argv, &lapor_reply_spec, conf);
}


void
lapor_reply_conf_free(struct lapor_reply_conf *conf)
{
    lapor_conf_free(lapor_reply_spec.entries, lapor_reply_spec.n, "reply",
                    conf);
}


/* What is under way keeps the time that it began with. */

void
lapor_reply_reload(void *data)
{
    struct lapor_reply  *r;

    r = data;

    if (lapor_conf_reload(&lapor_reply_spec, r->conf) == 0) {
        lapor_common_reload(&r->conf->common, r->pg, r->outbox->sub);
        lapor_graph_token_file(r->graph, r->conf->graph_token);
        (void) lapor_graph_reload(r->graph);
        lapor_reply_apply(r);
    }
}


void
lapor_reply_apply(struct lapor_reply *r)
{
    const struct lapor_reply_conf  *conf;

    conf = r->conf;

    r->outbox->poll_ms = (int) conf->poll;
    r->outbox->drain_ms = (int) conf->stop_timeout;
    lapor_http_limits(r->http, (long) conf->concurrency,
                      (long) conf->concurrency);
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
