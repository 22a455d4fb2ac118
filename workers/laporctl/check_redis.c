/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Redis: its settings, the streams' groups, its clock. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "laporctl/check.h"
#include "lib/stream.h"
#include "lib/timeutil.h"


static void check_setting(struct ctl_check *c, struct lapor_redis *r,
    const char *name, const char *want, const char *why);
static void check_time(struct ctl_check *c, struct lapor_redis *r);
static void check_groups(struct ctl_check *c, struct lapor_redis *r);
static int has_group(const redisReply *groups);


void
lapor_ctl_check_redis(struct ctl_check *c)
{
    size_t                   i;
    struct lapor_redis      *r;
    struct lapor_redis_conf  conf;

    static const struct {
        const char  *name;
        const char  *value;
        const char  *why;
    } settings[] = {
        { "appendonly", "yes", "an answer 200 promises the disk" },
        { "appendfsync", "always", "an answer 200 promises the disk" },
        { "no-appendfsync-on-rewrite", "no",
          "else a rewrite suspends the promise" },
        { "replicaof", "", "a replica loses what its master does not have" },
        { "maxmemory-policy", "noeviction", "else reports are thrown away" },
        { "slowlog-log-slower-than", "-1", "its log would hold messages" },
        { "crash-log-enabled", "no", "its log would hold messages" },
    };

    lapor_common_redis(&c->conf->common, "laporctl", &conf);
    r = lapor_redis_new(&conf);

    if (lapor_redis_connect(r) == -1) {
        lapor_ctl_say(c, CTL_BAD, "redis", "no connection to %s",
                      conf.address);
        lapor_redis_free(r);
        return;
    }

    lapor_ctl_say(c, CTL_OK, "redis", "%s", conf.address);

    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        check_setting(c, r, settings[i].name, settings[i].value,
                      settings[i].why);
    }

    check_time(c, r);
    check_groups(c, r);
    lapor_redis_free(r);
}


static void
check_setting(struct ctl_check *c, struct lapor_redis *r, const char *name,
    const char *want, const char *why)
{
    char         what[64];
    const char  *got;
    redisReply  *reply;

    snprintf(what, sizeof(what), "redis %s", name);
    reply = lapor_redis_cmd(r, "CONFIG GET %s", name);

    if (lapor_redis_failed(reply) || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2 || reply->element[1]->str == NULL)
    {
        lapor_ctl_say(c, CTL_BAD, what, "cannot be asked for");

    } else {
        got = reply->element[1]->str;

        if (strcasecmp(got, want) == 0) {
            lapor_ctl_say(c, CTL_OK, what, "%s", *got ? got : "none");

        } else {
            lapor_ctl_say(c, CTL_BAD, what, "is %s, must be %s: %s", got,
                          *want ? want : "none", why);
        }
    }

    if (reply != NULL) {
        freeReplyObject(reply);
    }
}


static void
check_time(struct ctl_check *c, struct lapor_redis *r)
{
    int64_t      before, after, server;
    redisReply  *reply;

    before = lapor_time_ms();
    reply = lapor_redis_cmd(r, "TIME");
    after = lapor_time_ms();

    if (lapor_redis_failed(reply) || reply->elements != 2) {
        lapor_ctl_say(c, CTL_BAD, "redis clock", "cannot be asked for");

    } else {
        server = strtoll(reply->element[0]->str, NULL, 10) * 1000
                 + strtoll(reply->element[1]->str, NULL, 10) / 1000;
        lapor_ctl_check_clock(c, "redis clock", server, before, after);
    }

    if (reply != NULL) {
        freeReplyObject(reply);
    }
}


/* Streams without the group hold webhooks that nobody reads. */

static void
check_groups(struct ctl_check *c, struct lapor_redis *r)
{
    int          there, without;
    unsigned     i;
    int64_t      waiting;
    redisReply  *len, *groups;

    there = without = 0;
    waiting = 0;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        lapor_redis_append(r, "XLEN %s", lapor_stream_key_at(i));
        lapor_redis_append(r, "XINFO GROUPS %s", lapor_stream_key_at(i));
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        len = lapor_redis_reply(r);
        groups = lapor_redis_reply(r);

        /* an error says that there is no such stream yet */
        if (groups != NULL && groups->type == REDIS_REPLY_ARRAY) {
            there++;
            without += !has_group(groups);
            waiting += lapor_redis_failed(len) ? 0 : len->integer;
        }

        if (len != NULL) {
            freeReplyObject(len);
        }

        if (groups != NULL) {
            freeReplyObject(groups);
        }
    }

    if (without > 0) {
        lapor_ctl_say(c, CTL_BAD, "redis streams", "%d of %d have no group "
                      LAPOR_STREAM_GROUP ": is lapor-intake running?",
                      without, there);
        return;
    }

    lapor_ctl_say(c, there == 0 ? CTL_WARN : CTL_OK, "redis streams",
                  "%d streams, %lld webhooks kept%s", there,
                  (long long) waiting, there == 0
                  ? ": lapor-intake has never run here" : "");
}


static int
has_group(const redisReply *groups)
{
    size_t       i, k;
    redisReply  *group;

    for (i = 0; i < groups->elements; i++) {
        group = groups->element[i];

        for (k = 0; k + 1 < group->elements; k += 2) {
            if (group->element[k]->str != NULL
                && strcmp(group->element[k]->str, "name") == 0
                && group->element[k + 1]->str != NULL
                && strcmp(group->element[k + 1]->str, LAPOR_STREAM_GROUP)
                   == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}
