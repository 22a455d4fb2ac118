/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Each command has one key, so that they work on a cluster.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/lease.h"
#include "intake/meter.h"
#include "lib/log.h"
#include "lib/timeutil.h"


/* Looks and renewals within the time to live; more while something lacks. */
#define LEASE_LOOKS   3
#define LEASE_HURRY   20
#define LEASE_ENTER   100


static int lease_look(struct lapor_intake_lease *lease, int64_t now);
static int lease_announce(struct lapor_intake_lease *lease,
    unsigned *ret_place, unsigned *ret_members);
static int lease_names(const void *one, const void *two);
static bool lease_wanted(unsigned part, unsigned place, unsigned members);
static void lease_ask(struct lapor_intake_lease *lease, const char *script,
    unsigned part);
static bool lease_answer(struct lapor_intake_lease *lease);
static void lease_part(struct lapor_intake_lease *lease);


/* Redis's clock alone decides who is still there. */
static const char  lease_join[] = LAPOR_REDIS_FULL
    "local t = redis.call('TIME') "
    "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) "
    "redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) "
    "redis.call('PEXPIRE', KEYS[1], ARGV[2]) "
    "return redis.call('ZRANGE', KEYS[1], 0, -1)";

static const char  lease_hold[] = LAPOR_REDIS_FULL
    "local v = redis.call('GET', KEYS[1]) "
    "if v and v ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
    "return 1";

static const char  lease_free[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then "
    "return redis.call('DEL', KEYS[1]) end "
    "return 0";


void
lapor_intake_lease_init(struct lapor_intake_lease *lease, const char *member,
    struct lapor_stream *stream, int64_t ttl)
{
    memset(lease, 0, sizeof(*lease));
    lease->member = member;
    lease->stream = stream;
    lease->ttl = ttl;
    lapor_intake_name_init(&lease->name, member);
}


int
lapor_intake_lease_turn(struct lapor_intake_lease *lease)
{
    int       rc;
    int64_t   now;
    unsigned  place, members;

    now = lapor_mono_ms();

    /* stopped or kept waiting too long: others may have them, and its name */
    if (lease->until != 0 && now >= lease->until) {
        lease_part(lease);
    }

    if (now < lease->due) {
        return 0;
    }

    if (lapor_redis_connect(lapor_stream_redis(lease->stream)) == -1) {
        return -1;
    }

    rc = lapor_intake_name_hold(&lease->name,
                                lapor_stream_redis(lease->stream), lease->ttl,
                                !lease->joined);

    if (rc == 0) {
        lease_part(lease);
        lease->due = now + lease->ttl / LEASE_HURRY;
    }

    if (rc != 1) {
        return rc;
    }

    if (lease->joined) {
        return lease_look(lease, now);
    }

    /* those that start together know of each other before they share */
    lease->due = now + lease->ttl / LEASE_ENTER;

    return lease_announce(lease, &place, &members);
}


/*
 * What is not its share is given up before anything is taken, so that two who
 * exchange partitions meet halfway. Time is measured from before the commands:
 * the leases end here before they end in Redis.
 */

static int
lease_look(struct lapor_intake_lease *lease, int64_t now)
{
    bool      held, wanted;
    unsigned  part, place, members, lacking, owned;

    if (lease_announce(lease, &place, &members) == -1) {
        return -1;
    }

    for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
        wanted = lease_wanted(part, place, members);

        if (wanted || lapor_stream_owns(lease->stream, part)) {
            lease_ask(lease, wanted ? lease_hold : lease_free, part);
        }
    }

    lacking = 0;
    owned = 0;

    for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
        wanted = lease_wanted(part, place, members);

        if (wanted || lapor_stream_owns(lease->stream, part)) {
            held = lease_answer(lease) && wanted;

            if (wanted && !held && lapor_stream_owns(lease->stream, part)) {
                lapor_intake_meter_lost();
            }

            lease->gained += held && !lapor_stream_owns(lease->stream, part);
            lapor_stream_own(lease->stream, part, held);
            lacking += (wanted && !held);
            owned += held;
        }
    }

    if (!lapor_redis_connected(lapor_stream_redis(lease->stream))) {
        return -1;
    }

    if (members != lease->members || (lacking == 0) != lease->settled) {
        lapor_log_info("partitions member=%s place=%u of=%u lacking=%u",
                       lease->member, place + 1, members, lacking);
    }

    lease->members = members;
    lease->owned = owned;
    lease->settled = lacking == 0;
    lease->renew = now + lease->ttl / LEASE_LOOKS;
    lease->due = now + lease->ttl / (lacking > 0 ? LEASE_HURRY : LEASE_LOOKS);
    lease->until = now + lease->ttl;

    return 0;
}


static int
lease_announce(struct lapor_intake_lease *lease, unsigned *ret_place,
    unsigned *ret_members)
{
    size_t        i;
    redisReply   *reply;
    const char  **names;

    reply = lapor_redis_cmd(lapor_stream_redis(lease->stream),
                            "EVAL %s 1 %s %s %lld", lease_join,
                            LAPOR_INTAKE_MEMBERS, lease->member,
                            (long long) lease->ttl);

    if (lapor_redis_failed(reply) || reply->elements == 0) {

        /* OOM, READONLY, NOPERM: no use in asking at once again */
        if (reply != NULL) {
            lapor_redis_refused(lapor_stream_redis(lease->stream));
        }

        freeReplyObject(reply);
        return -1;
    }

    names = calloc(reply->elements, sizeof(char *));

    if (names == NULL) {
        lapor_fatal_memory();
    }

    for (i = 0; i < reply->elements; i++) {
        names[i] = reply->element[i]->str;
    }

    qsort(names, reply->elements, sizeof(char *), lease_names);
    *ret_members = (unsigned) reply->elements;
    *ret_place = 0;

    for (i = 0; i < reply->elements; i++) {
        if (strcmp(names[i], lease->member) == 0) {
            *ret_place = (unsigned) i;
        }
    }

    free(names);
    freeReplyObject(reply);
    lease->joined = true;

    return 0;
}


static int
lease_names(const void *one, const void *two)
{
    return strcmp(*(const char *const *) one, *(const char *const *) two);
}


static bool
lease_wanted(unsigned part, unsigned place, unsigned members)
{
    return part % members == place;
}


static void
lease_ask(struct lapor_intake_lease *lease, const char *script, unsigned part)
{
    lapor_redis_append(lapor_stream_redis(lease->stream),
                       "EVAL %s 1 lapor:{%02x}:owner %s %lld", script, part,
                       lease->member, (long long) lease->ttl);
}


static bool
lease_answer(struct lapor_intake_lease *lease)
{
    bool         yes;
    redisReply  *reply;

    reply = lapor_redis_reply(lapor_stream_redis(lease->stream));
    yes = reply != NULL && reply->type == REDIS_REPLY_INTEGER
          && reply->integer == 1;
    freeReplyObject(reply);

    return yes;
}


void
lapor_intake_lease_keep(struct lapor_intake_lease *lease)
{
    int64_t   now;
    unsigned  part, place, members;

    now = lapor_mono_ms();

    if (!lease->joined || now < lease->renew || now >= lease->until
        || lapor_redis_connect(lapor_stream_redis(lease->stream)) == -1
        || lapor_intake_name_hold(&lease->name,
                                  lapor_stream_redis(lease->stream),
                                  lease->ttl, false) != 1
        || lease_announce(lease, &place, &members) == -1)
    {
        return;
    }

    for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
        if (lapor_stream_owns(lease->stream, part)) {
            lease_ask(lease, lease_hold, part);
        }
    }

    for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
        if (lapor_stream_owns(lease->stream, part)) {
            lapor_stream_own(lease->stream, part, lease_answer(lease));
        }
    }

    if (lapor_redis_connected(lapor_stream_redis(lease->stream))) {
        lease->renew = now + lease->ttl / LEASE_LOOKS;
        lease->until = now + lease->ttl;
    }
}


void
lapor_intake_lease_leave(struct lapor_intake_lease *lease)
{
    unsigned             part;
    redisReply          *reply;
    struct lapor_redis  *redis;

    redis = lapor_stream_redis(lease->stream);

    if (!lease->joined) {
        return;
    }

    if (lapor_redis_connected(redis)) {
        lapor_intake_name_free(&lease->name, redis);
        reply = lapor_redis_cmd(redis, "ZREM %s %s", LAPOR_INTAKE_MEMBERS,
                                lease->member);
        freeReplyObject(reply);

        for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
            if (lapor_stream_owns(lease->stream, part)) {
                lease_ask(lease, lease_free, part);
            }
        }

        for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
            if (lapor_stream_owns(lease->stream, part)) {
                (void) lease_answer(lease);
            }
        }
    }

    lease_part(lease);
}


/* It has nothing any more, and is no member. */

static void
lease_part(struct lapor_intake_lease *lease)
{
    unsigned  part;

    for (part = 0; part < LAPOR_STREAM_PARTS; part++) {
        lapor_stream_own(lease->stream, part, false);
    }

    lease->owned = 0;
    lease->joined = false;
    lease->members = 0;
    lease->due = 0;
    lease->until = 0;
}
