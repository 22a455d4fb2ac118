/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The command line: one table is parser, help and list of defaults.
 */

#include "t/graph/conf.h"

#include "lib/log.h"
#include "t/graph/util.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


enum graph_option_kind {
    GRAPH_TEXT,
    GRAPH_NUMBER
};

struct graph_option {
    const char             *name;
    enum graph_option_kind  kind;
    const char             *standard;   /* NULL = must be given */
    int64_t                 max;
    const char             *help;
};

enum graph_option_name {
    GRAPH_PORT,
    GRAPH_LISTEN,
    GRAPH_DIR,
    GRAPH_WEBHOOK,
    GRAPH_SECRET_FILE,
    GRAPH_TOKEN_FILE,
    GRAPH_STATUSES,
    GRAPH_STATUS_DELAY,
    GRAPH_STATUS_PARALLEL,
    GRAPH_URL_TTL,
    GRAPH_MEDIA_TTL,
    GRAPH_THROUGHPUT,
    GRAPH_PAIR_INTERVAL,
    GRAPH_PAIR_BURST,
    GRAPH_NUMBERS,
    GRAPH_WABA,
    GRAPH_OPTIONS
};


static void graph_conf_fail(const char *option, const char *why);
static void graph_conf_help(void);
static int64_t graph_conf_number(int name, const char *text);
static char *graph_conf_secret(const char *option, const char *path);
static void graph_conf_fill(const char **text, struct graph_conf *conf);
static void graph_conf_listen(const char **text, struct graph_conf *conf);


static const struct graph_option  options[GRAPH_OPTIONS] = {
    { "port", GRAPH_NUMBER, NULL, 65535,
      "TCP port; 0 takes a free one and names it on stderr" },
    { "listen", GRAPH_TEXT, "127.0.0.1", 0,
      "address, 127.0.0.0/8 only" },
    { "dir", GRAPH_TEXT, NULL, 0,
      "where lists and media are kept; made if absent" },
    { "webhook", GRAPH_TEXT, "", 0,
      "where statuses are posted; empty = nowhere" },
    { "secret-file", GRAPH_TEXT, NULL, 0,
      "file with the app secret that signs statuses" },
    { "token-file", GRAPH_TEXT, NULL, 0,
      "file with the access token that clients must send" },
    { "statuses", GRAPH_TEXT, "sent,delivered,read", 0,
      "statuses of each send, in order; empty = none" },
    { "status-delay-ms", GRAPH_NUMBER, "50", 3600000,
      "pause before each status" },
    { "status-parallel", GRAPH_NUMBER, "16", 256,
      "statuses under way at the same time" },
    { "url-ttl", GRAPH_NUMBER, "300", 86400,
      "life of a media URL in seconds" },
    { "media-ttl", GRAPH_NUMBER, "604800", 31536000,
      "life of a media id in seconds" },
    { "throughput", GRAPH_NUMBER, "80", 1000000,
      "messages a second and number; 0 = no limit" },
    { "pair-interval-ms", GRAPH_NUMBER, "6000", 3600000,
      "one message to one user in this time; 0 = no limit" },
    { "pair-burst", GRAPH_NUMBER, "45", 1000000,
      "messages to one user at once, borrowed" },
    { "phone-number-ids", GRAPH_TEXT, "", 0,
      "comma-separated ids that exist; empty = all" },
    { "waba", GRAPH_TEXT, "100000000000001", 0,
      "id of the WhatsApp Business Account" }
};


void
graph_conf_read(int argc, char **argv, struct graph_conf *ret_conf)
{
    int            c, i;
    const char    *text[GRAPH_OPTIONS];
    struct option  longs[GRAPH_OPTIONS + 2];

    memset(longs, 0, sizeof(longs));

    for (i = 0; i < GRAPH_OPTIONS; i++) {
        text[i] = options[i].standard;
        longs[i].name = options[i].name;
        longs[i].has_arg = required_argument;
        longs[i].val = 256 + i;
    }

    longs[i].name = "help";
    longs[i].val = 256 + i;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 256 + GRAPH_OPTIONS) {
            graph_conf_help();
            exit(0);
        }

        if (c < 256) {
            exit(LAPOR_EXIT_CONFIG);
        }

        text[c - 256] = optarg;
    }

    if (optind < argc) {
        graph_conf_fail(argv[optind], "is not an option");
    }

    for (i = 0; i < GRAPH_OPTIONS; i++) {
        if (text[i] == NULL) {
            graph_conf_fail(options[i].name, "is missing");
        }
    }

    graph_conf_fill(text, ret_conf);
}


static void
graph_conf_help(void)
{
    int  i;

    printf("usage: lapor-graph --OPTION VALUE ...\n");

    for (i = 0; i < GRAPH_OPTIONS; i++) {
        printf("  --%-18s %s", options[i].name, options[i].help);

        if (options[i].standard != NULL && options[i].standard[0] != '\0') {
            printf(" (default %s)", options[i].standard);
        }

        printf("\n");
    }
}


static void
graph_conf_fail(const char *option, const char *why)
{
    lapor_fatal(LAPOR_EXIT_CONFIG, "option %s: %s", option, why);
}


static void
graph_conf_fill(const char **text, struct graph_conf *conf)
{
    int64_t  rate;

    memset(conf, 0, sizeof(struct graph_conf));

    graph_conf_listen(text, conf);

    conf->dir = text[GRAPH_DIR];
    conf->waba = text[GRAPH_WABA];
    conf->webhook = text[GRAPH_WEBHOOK][0] ? text[GRAPH_WEBHOOK] : NULL;
    conf->numbers = text[GRAPH_NUMBERS][0] ? text[GRAPH_NUMBERS] : NULL;

    if (graph_plan_parse(text[GRAPH_STATUSES], &conf->plan) == -1) {
        graph_conf_fail("statuses", "unknown status");
    }

#define num(name)  graph_conf_number(name, text[name])

    conf->status_delay_ms = num(GRAPH_STATUS_DELAY);
    conf->status_parallel = num(GRAPH_STATUS_PARALLEL);
    conf->url_ttl_s = num(GRAPH_URL_TTL);
    conf->media_ttl_s = num(GRAPH_MEDIA_TTL);

    conf->pair.interval_us = num(GRAPH_PAIR_INTERVAL) * 1000;
    conf->pair.burst = num(GRAPH_PAIR_BURST);

    /* a second's worth at once, then evenly */
    rate = num(GRAPH_THROUGHPUT);
    conf->throughput.interval_us = rate == 0 ? 0 : 1000000 / rate;
    conf->throughput.burst = rate;

#undef num

    if (conf->status_parallel == 0) {
        graph_conf_fail("status-parallel", "is not a number above 0");
    }

    conf->secret = graph_conf_secret("secret-file", text[GRAPH_SECRET_FILE]);
    conf->token = graph_conf_secret("token-file", text[GRAPH_TOKEN_FILE]);
}


static void
graph_conf_listen(const char **text, struct graph_conf *conf)
{
    uint16_t  port;

    port = (uint16_t) graph_conf_number(GRAPH_PORT, text[GRAPH_PORT]);

    conf->listen.sin_family = AF_INET;
    conf->listen.sin_port = htons(port);

    if (inet_pton(AF_INET, text[GRAPH_LISTEN], &conf->listen.sin_addr) != 1
        || ntohl(conf->listen.sin_addr.s_addr) >> 24 != 127)
    {
        graph_conf_fail("listen", "is not an address of 127.0.0.0/8");
    }
}


static int64_t
graph_conf_number(int name, const char *text)
{
    int64_t  value;

    value = graph_is_digits(text, 9) ? atoll(text) : -1;

    if (value == -1 || value > options[name].max) {
        graph_conf_fail(options[name].name, "is not a number in range");
    }

    return value;
}


/* The first line of a file. */

static char *
graph_conf_secret(const char *option, const char *path)
{
    FILE  *fp;
    char   line[1024];

    fp = fopen(path, "re");
    if (fp == NULL || fgets(line, sizeof(line), fp) == NULL) {
        graph_conf_fail(option, "cannot be read");
    }

    (void) fclose(fp);
    line[strcspn(line, "\r\n")] = '\0';

    if (line[0] == '\0') {
        graph_conf_fail(option, "is empty");
    }

    return graph_strdup(line);
}


void
graph_conf_free(struct graph_conf *conf)
{
    explicit_bzero(conf->secret, strlen(conf->secret));
    explicit_bzero(conf->token, strlen(conf->token));
    free(conf->secret);
    free(conf->token);
}
