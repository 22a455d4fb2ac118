/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One look at everything that Lapor depends on. Each thing gets one line with
 * its cause; a look that fails does not keep the others from being done.
 */

#ifndef LAPOR_CTL_CHECK_H
#define LAPOR_CTL_CHECK_H

#include "laporctl/ctl.h"


enum ctl_result {
    CTL_OK,
    CTL_WARN,  /* works, but somebody should look at it */
    CTL_BAD
};

/* Accounts that are asked for without being configured. */
#define CTL_ACCOUNTS  32

struct lapor_graph;
struct lapor_http;

struct ctl_check {
    struct ctl_args        *args;
    const struct ctl_conf  *conf;
    int                     bad;
    int                     warned;
    char                    number[40];  /* a phone number id, "" if none */
    char                    accounts[CTL_ACCOUNTS][40];  /* of webhooks */
    size_t                  naccounts;
};


/* what names the thing looked at, the rest says how it is. */
void lapor_ctl_say(struct ctl_check *c, enum ctl_result result,
    const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A server's clock, ms, read between before and after of ours. */
void lapor_ctl_check_clock(struct ctl_check *c, const char *what,
    int64_t server, int64_t before, int64_t after);

void lapor_ctl_check_files(struct ctl_check *c);
void lapor_ctl_check_redis(struct ctl_check *c);
void lapor_ctl_check_spool(struct ctl_check *c);
void lapor_ctl_check_pg(struct ctl_check *c);
void lapor_ctl_check_tables(struct ctl_check *c, struct lapor_pg *pg);
void lapor_ctl_check_web(struct ctl_check *c);

/* The WhatsApp accounts of the last webhooks; and which apps each tells. */
void lapor_ctl_check_accounts_find(struct ctl_check *c, struct lapor_pg *pg);
void lapor_ctl_check_accounts(struct ctl_check *c, struct lapor_http *http,
    const struct lapor_graph *graph);

#endif
