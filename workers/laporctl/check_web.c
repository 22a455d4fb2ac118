/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* The Graph API with our token, and our own webhook's handshake. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/check.h"
#include "laporctl/web.h"
#include "lib/conf.h"
#include "lib/graph.h"
#include "lib/timeutil.h"


static struct lapor_graph *check_graph(struct ctl_check *c);
static bool check_number(struct ctl_check *c, struct lapor_http *http,
    const struct lapor_graph *graph);
static void check_handshake(struct ctl_check *c, struct lapor_http *http);
static void add_escaped(struct lapor_buf *url, const char *text);


void
lapor_ctl_check_web(struct ctl_check *c)
{
    struct lapor_http       *http;
    struct lapor_graph      *graph;
    struct lapor_http_conf   conf;

    memset(&conf, 0, sizeof(conf));
    http = lapor_http_new(&conf);
    graph = check_graph(c);

    if (graph != NULL && check_number(c, http, graph)) {
        lapor_ctl_check_accounts(c, http, graph);
    }

    lapor_graph_free(graph);
    check_handshake(c, http);
    lapor_http_free(http);
}


static struct lapor_graph *
check_graph(struct ctl_check *c)
{
    char                 err[300];
    struct lapor_graph  *graph;

    if (c->conf->graph_token == NULL) {
        lapor_ctl_say(c, CTL_WARN, "graph api", "not asked: graph_token is "
                      "unknown");
        return NULL;
    }

    graph = lapor_graph_new(c->conf->common.graph_url,
                            c->conf->common.graph_version,
                            c->conf->graph_token, err, sizeof(err));

    if (graph == NULL) {
        lapor_ctl_say(c, CTL_BAD, "graph api", "%s", err);
    }

    return graph;
}


/* False when the Graph API does not answer at all. */

static bool
check_number(struct ctl_check *c, struct lapor_http *http,
    const struct lapor_graph *graph)
{
    const char                *number;
    struct ctl_web             web;
    struct lapor_graph_error   error;

    number = c->conf->phone_number_id == NULL ? c->number
             : c->conf->phone_number_id;

    if (number[0] == '\0') {
        lapor_ctl_say(c, CTL_WARN, "graph api", "not asked: a "
                      "phone_number_id is unknown");
        return true;
    }

    memset(&web, 0, sizeof(web));
    lapor_ctl_web_graph(http, graph, number, "", &web);

    if (web.status == 200) {
        lapor_ctl_say(c, CTL_OK, "graph api", "%s knows number %s",
                      c->conf->common.graph_url, number);

    } else if (web.status == 0) {
        lapor_ctl_say(c, CTL_BAD, "graph api", "%s: %s",
                      c->conf->common.graph_url, web.error);

    } else {
        lapor_graph_error(web.status, lapor_buf_cstr(&web.body),
                          web.body.len, &error);
        lapor_ctl_say(c, CTL_BAD, "graph api", "%s: status %ld, %s",
                      c->conf->common.graph_url, web.status, error.text);
    }

    lapor_buf_free(&web.body);

    return web.status != 0;
}


/* As Meta asks when the callback URL is set: the challenge must come back. */

static void
check_handshake(struct ctl_check *c, struct lapor_http *http)
{
    char              *token;
    char               err[300], challenge[32];
    struct ctl_web     web;
    struct lapor_buf   url;

    if (c->conf->webhook_url == NULL || c->conf->verify_token == NULL) {
        lapor_ctl_say(c, CTL_WARN, "webhook", "not asked: webhook_url or "
                      "verify_token is unknown");
        return;
    }

    if (lapor_conf_secret(c->conf->verify_token, &token, err, sizeof(err))
        == -1)
    {
        lapor_ctl_say(c, CTL_BAD, "webhook", "%s", err);
        return;
    }

    snprintf(challenge, sizeof(challenge), "%u", lapor_random(2000000000));
    lapor_buf_init(&url);
    lapor_buf_printf(&url, "%s?hub.mode=subscribe&hub.challenge=%s"
                     "&hub.verify_token=", c->conf->webhook_url, challenge);
    add_escaped(&url, token);

    memset(&web, 0, sizeof(web));
    lapor_ctl_web(http, lapor_buf_cstr(&url), NULL, 0, NULL, 0, &web);

    if (web.status == 200
        && lapor_str_eqz(lapor_buf_view(&web.body), challenge))
    {
        lapor_ctl_say(c, CTL_OK, "webhook", "%s answers the handshake",
                      c->conf->webhook_url);

    } else {
        lapor_ctl_say(c, CTL_BAD, "webhook", "%s: status %ld %s",
                      c->conf->webhook_url, web.status, web.error);
    }

    lapor_buf_free(&web.body);
    lapor_buf_wipe(&url);
    explicit_bzero(token, strlen(token));
    free(token);
}


static void
add_escaped(struct lapor_buf *url, const char *text)
{
    for (; *text != '\0'; text++) {
        lapor_buf_printf(url, "%%%02X", (unsigned char) *text);
    }
}
