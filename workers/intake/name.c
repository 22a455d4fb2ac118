/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 */

#include <stdio.h>
#include <string.h>

#include "intake/name.h"
#include "lib/log.h"
#include "lib/timeutil.h"


/* 0: it is another's, and was left to him; 2: it was another's. */
static const char  name_hold[] = LAPOR_REDIS_FULL
    "local v = redis.call('GET', KEYS[1]) "
    "local other = v and v ~= ARGV[1] "
    "if other and ARGV[3] == '0' then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
    "return other and 2 or 1";

static const char  name_free[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then "
    "return redis.call('DEL', KEYS[1]) end "
    "return 0";


void
lapor_intake_name_init(struct lapor_intake_name *name, const char *member)
{
    size_t         i;
    unsigned char  bytes[16];

    memset(name, 0, sizeof(*name));
    name->member = member;
    lapor_random_bytes(bytes, sizeof(bytes));

    for (i = 0; i < sizeof(bytes); i++) {
        (void) snprintf(name->word + 2 * i, 3, "%02x", bytes[i]);
    }
}


int
lapor_intake_name_hold(struct lapor_intake_name *name,
    struct lapor_redis *redis, int64_t ttl, bool fresh)
{
    bool         over;
    int64_t      now, answer;
    redisReply  *reply;

    now = lapor_mono_ms();
    over = !name->waits && (fresh || now >= name->doubt);

    reply = lapor_redis_cmd(redis, "EVAL %s 1 lapor:intake:name:%s %s %lld %d",
                            name_hold, name->member, name->word,
                            (long long) ttl, over ? 1 : 0);

    if (lapor_redis_failed(reply) || reply->type != REDIS_REPLY_INTEGER) {

        if (reply != NULL) {
            lapor_redis_refused(redis);
        }

        freeReplyObject(reply);
        return -1;
    }

    answer = reply->integer;
    freeReplyObject(reply);

    if (answer == 0) {

        if (!name->waits) {
            lapor_log_err("another lapor-intake has the same consumer, this "
                          "one waits until it is gone member=%s",
                          name->member);
            name->waits = true;
        }

        return 0;
    }

    if (answer == 2 && fresh) {
        name->doubt = now + ttl;

    } else if (answer == 2 && !name->told) {
        lapor_log_err("another lapor-intake was started with the same "
                      "consumer member=%s", name->member);
        name->told = true;

    } else if (answer == 2) {

        /* one who waits takes nothing: both were without doubt, since the key
         * was lost, and who finds the other's word next gives in */
        name->doubt = now + ttl;
    }

    if (name->waits) {
        lapor_log_notice("the other one is gone member=%s", name->member);
        name->waits = false;
        name->doubt = 0;    /* it was given up: nobody's to come back to */
    }

    return 1;
}


void
lapor_intake_name_free(struct lapor_intake_name *name,
    struct lapor_redis *redis)
{
    freeReplyObject(lapor_redis_cmd(redis, "EVAL %s 1 lapor:intake:name:%s %s",
                                    name_free, name->member, name->word));
}
