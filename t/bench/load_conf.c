/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* The command line. */

#include "t/bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void load_conf_address(const char *text, struct load_conf *conf);
static void load_conf_forge(const char *text, struct load_conf *conf);
static uint64_t load_conf_time(const char *name, const char *text);
static unsigned long load_conf_number(const char *name, const char *text,
    unsigned long min, unsigned long max);
static void load_conf_option(int c, struct load_conf *conf);
static void load_conf_wrong(const char *what, const char *text)
    __attribute__((noreturn));


static const char  usage[] =
    "usage: load [OPTIONS] ADDRESS FILE\n"
    "\n"
    "ADDRESS is IP:PORT or unix:PATH; FILE has the signed webhooks, each as\n"
    "`LENGTH SIGNATURE\\n`, the body, `\\n` (t/bench/bodies.pl makes it).\n"
    "\n"
    "  --uri PATH          where to post (/webhook/whatsapp)\n"
    "  --connections N     kept alive, each with one request at a time (64);\n"
    "                      0: none, with --idle\n"
    "  --seconds S         length of the run (2)\n"
    "  --grace S           how long answers are waited for after it (5)\n"
    "  --count N           no more requests than these\n"
    "  --rate N            open loop, arrivals a second; without: closed\n"
    "  --seed N            of the arrivals and of the first webhook (1)\n"
    "  --forge HOW         signatures that are wrong, missing or malformed\n"
    "  --idle N            connections that had one answer and then idle\n"
    "  --hold              closed loop of one turn: the last byte of each\n"
    "                      request waits for an order\n"
    "  --wait              each step waits for a line on standard input:\n"
    "                      `ready`, with --hold `held`, then the figures\n";


void
load_conf_read(int argc, char **argv, struct load_conf *ret_conf)
{
    int  c;

    static const struct option  options[] = {
        { "uri", required_argument, NULL, 'u' },
        { "connections", required_argument, NULL, 'c' },
        { "seconds", required_argument, NULL, 's' },
        { "grace", required_argument, NULL, 'g' },
        { "count", required_argument, NULL, 'n' },
        { "rate", required_argument, NULL, 'r' },
        { "seed", required_argument, NULL, 'S' },
        { "forge", required_argument, NULL, 'f' },
        { "idle", required_argument, NULL, 'i' },
        { "hold", no_argument, NULL, 'H' },
        { "wait", no_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    memset(ret_conf, 0, sizeof(*ret_conf));
    ret_conf->uri = "/webhook/whatsapp";
    ret_conf->connections = 64;
    ret_conf->time = 2 * LOAD_SECOND;
    ret_conf->grace = 5 * LOAD_SECOND;
    ret_conf->seed = 1;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        load_conf_option(c, ret_conf);
    }

    if (argc - optind != 2) {
        fputs(usage, stderr);
        exit(64);
    }

    if (ret_conf->hold && ret_conf->rate) {
        load_conf_wrong("--hold does not go with", "--rate");
    }

    if (ret_conf->connections == 0 && ret_conf->idle == 0) {
        load_conf_wrong("no connections", "without --idle");
    }

    load_conf_address(argv[optind], ret_conf);
    ret_conf->bodies = argv[optind + 1];
}


static void
load_conf_option(int c, struct load_conf *conf)
{
    switch (c) {
    case 'u':
        conf->uri = optarg;
        break;
    case 'c':
        conf->connections = load_conf_number("connections", optarg, 0, 100000);
        break;
    case 's':
        conf->time = load_conf_time("seconds", optarg);
        break;
    case 'g':
        conf->grace = load_conf_time("grace", optarg);
        break;
    case 'n':
        conf->count = load_conf_number("count", optarg, 1, 1000000000);
        break;
    case 'r':
        conf->rate = load_conf_number("rate", optarg, 1, 10000000);
        break;
    case 'S':
        conf->seed = load_conf_number("seed", optarg, 1, 1000000000);
        break;
    case 'f':
        load_conf_forge(optarg, conf);
        break;
    case 'i':
        conf->idle = load_conf_number("idle", optarg, 0, 1000000);
        break;
    case 'H':
        conf->hold = 1;
        break;
    case 'w':
        conf->wait = 1;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(64);
    }
}


static void
load_conf_address(const char *text, struct load_conf *conf)
{
    char                 host[INET_ADDRSTRLEN];
    size_t               len;
    const char          *colon;
    struct sockaddr_in  *in;
    struct sockaddr_un  *un;

    if (strncmp(text, "unix:", 5) == 0) {
        un = (struct sockaddr_un *) &conf->address;
        len = strlen(text + 5);

        if (len == 0 || len >= sizeof(un->sun_path)) {
            load_conf_wrong("no path of a socket", text);
        }

        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, text + 5, len + 1);
        conf->address_len = sizeof(*un);
        return;
    }

    colon = strrchr(text, ':');
    len = colon ? (size_t) (colon - text) : 0;

    if (len == 0 || len >= sizeof(host)) {
        load_conf_wrong("no address", text);
    }

    memcpy(host, text, len);
    host[len] = '\0';

    in = (struct sockaddr_in *) &conf->address;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t) load_conf_number("port", colon + 1, 1,
                                                     65535));
    conf->address_len = sizeof(*in);

    if (inet_pton(AF_INET, host, &in->sin_addr) != 1) {
        load_conf_wrong("no address", text);
    }
}


static void
load_conf_forge(const char *text, struct load_conf *conf)
{
    if (strcmp(text, "wrong") == 0) {
        conf->forge = LOAD_FORGE_WRONG;

    } else if (strcmp(text, "missing") == 0) {
        conf->forge = LOAD_FORGE_MISSING;

    } else if (strcmp(text, "malformed") == 0) {
        conf->forge = LOAD_FORGE_MALFORMED;

    } else {
        load_conf_wrong("--forge takes wrong, missing or malformed, not",
                        text);
    }
}


static uint64_t
load_conf_time(const char *name, const char *text)
{
    char    *end;
    double   value;

    errno = 0;
    value = strtod(text, &end);

    if (errno || end == text || *end != '\0'
        || !(value >= 0 && value <= 36000))
    {
        load_conf_wrong(name, text);
    }

    return (uint64_t) (value * (double) LOAD_SECOND);
}


static unsigned long
load_conf_number(const char *name, const char *text, unsigned long min,
    unsigned long max)
{
    char           *end;
    unsigned long   value;

    errno = 0;
    value = strtoul(text, &end, 10);

    if (errno || *text < '0' || *text > '9' || *end != '\0'
        || value < min || value > max)
    {
        load_conf_wrong(name, text);
    }

    return value;
}


static void
load_conf_wrong(const char *what, const char *text)
{
    fprintf(stderr, "load: %s: %s\n", what, text);
    exit(64);
}
