/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 */

#include <stdio.h>
#include <string.h>

#include "intake/name.h"
#include "lib/log.h"
#include "lib/timeutil.h"


/* 0: it is another's, and was left to him; a word: it was that one's. */
static const char  name_hold[] = LAPOR_REDIS_FULL
    "local v = redis.call('GET', KEYS[1]) "
    "local other = v and v ~= ARGV[1] "
    "if other and ARGV[3] == '0' then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
    "return other and v or 1";

static const char  name_free[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then "
    "return redis.call('DEL', KEYS[1]) end "
    "return 0";


static void name_taken(struct lapor_intake_name *name, const char *word,
    bool fresh, int64_t until);


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
    int64_t      now;
    redisReply  *reply;

    now = lapor_mono_ms();
    over = !name->waits && (fresh || now >= name->doubt);

    reply = lapor_redis_cmd(redis, "EVAL %s 1 lapor:intake:name:%s %s %lld %d",
                            name_hold, name->member, name->word,
                            (long long) ttl, over ? 1 : 0);

    if (lapor_redis_failed(reply)) {

        if (reply != NULL) {
            lapor_redis_refused(redis);
        }

        freeReplyObject(reply);
        return -1;
    }

    if (reply->type == REDIS_REPLY_INTEGER && reply->integer == 0) {
        freeReplyObject(reply);

        if (!name->waits) {
            lapor_log_err("another lapor-intake has the same consumer, this "
                          "one waits until it is gone member=%s",
                          name->member);
            name->waits = true;
        }

        return 0;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        name_taken(name, reply->str, fresh, now + ttl);
    }

    freeReplyObject(reply);

    if (name->waits) {
        lapor_log_notice("the other one is gone member=%s", name->member);
        name->waits = false;
        name->doubt = 0;    /* it was given up: nobody's to come back to */
    }

    return 1;
}


/* The key had another's word, and has ours now. */

static void
name_taken(struct lapor_intake_name *name, const char *word, bool fresh,
    int64_t until)
{
    if (fresh) {
        name->doubt = until;

    } else if (!name->told) {
        lapor_log_err("another lapor-intake was started with the same "
                      "consumer member=%s", name->member);
        name->told = true;

    } else if (strcmp(name->other, word) == 0) {

        /* not one who was started again: the key was lost, neither doubts, and
         * each takes it from the other until one gives in */
        name->doubt = until;
    }

    (void) snprintf(name->other, sizeof(name->other), "%s", word);
}


void
lapor_intake_name_free(struct lapor_intake_name *name,
    struct lapor_redis *redis)
{
    freeReplyObject(lapor_redis_cmd(redis, "EVAL %s 1 lapor:intake:name:%s %s",
                                    name_free, name->member, name->word));
}
