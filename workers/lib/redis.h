/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * A synchronous Redis connection (hiredis 0.14) that is made again when it
 * broke.  hiredis' blocking calls swallow EINTR, so a stop signal is seen
 * only when they return; and after an error its context is dead, so the link
 * drops it at once.
 */

#ifndef LAPOR_LIB_REDIS_H
#define LAPOR_LIB_REDIS_H


#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/* Strings are copied by the calls that take the struct. */
struct lapor_redis_conf {
    const char  *address;       /* "unix:/path" or "address:port" */
    int          db;
    const char  *user;          /* or NULL */
    const char  *password;      /* or NULL */
    const char  *name;          /* CLIENT SETNAME, no blanks; or NULL */
    int          connect_ms;    /* 0: 2000 */
    int          timeout_ms;    /* for one reply, 0: 5000 */
};

struct lapor_pool;
struct lapor_redis;
struct lapor_redis_sub;

/* Channels of the wake-ups; the payload is "1" and means nothing. */
#define LAPOR_WAKE_MEDIA  "lapor:wake:media"
#define LAPOR_WAKE_REPLY  "lapor:wake:reply"

/*
 * Begins a script that may write although Redis is at maxmemory (Redis 7.0): a
 * lease or a consumer group takes next to nothing, and only who has them can
 * free what the entries take.
 */
#define LAPOR_REDIS_FULL  "#!lua flags=allow-oom\n"


/* 0, or -1 and a reason when the address cannot be right. */
int lapor_redis_check(const char *address, char *err, size_t size)
    __attribute__((warn_unused_result));

/* Connects with the first command. */
struct lapor_redis *lapor_redis_new(const struct lapor_redis_conf *conf);
void lapor_redis_free(struct lapor_redis *r);

/* For the connections from now on; NULL: none. */
void lapor_redis_set_password(struct lapor_redis *r, const char *password);

/* 0 when connected now; -1 while down or in backoff.  Changes are logged. */
int lapor_redis_connect(struct lapor_redis *r)
    __attribute__((warn_unused_result));
bool lapor_redis_connected(const struct lapor_redis *r);

/*
 * For a server that answers with errors (OOM, READONLY, MISCONF): drops the
 * connection and does not come back for a while.
 */
void lapor_redis_refused(struct lapor_redis *r);

/* Milliseconds until a reconnection is allowed. */
int64_t lapor_redis_retry_ms(const struct lapor_redis *r);

/* Grows with every new connection. */
uint64_t lapor_redis_generation(const struct lapor_redis *r);

/*
 * One command, format as redisCommand().  The reply is the caller's
 * (freeReplyObject) and may be an error reply, which is logged without its
 * arguments.  NULL: no connection, or it broke and the outcome is unknown.
 */
redisReply *lapor_redis_cmd(struct lapor_redis *r, const char *fmt, ...)
    __attribute__((warn_unused_result));

/* True for NULL and for an error reply. */
bool lapor_redis_failed(const redisReply *reply);

/* Of a flat list name, value, name, value ...: the value, NULL when there is
 * none of the name; and as a number, -1 when it is none. */
const redisReply *lapor_redis_member(const redisReply *map, const char *name);
int64_t lapor_redis_number(const redisReply *map, const char *name);

/*
 * Pipelining: appends, then as many lapor_redis_reply() in the same order.
 * An append never fails by itself; the reply then is NULL.
 */
void lapor_redis_append(struct lapor_redis *r, const char *fmt, ...);
void lapor_redis_appendv(struct lapor_redis *r, int argc, const char **argv,
    const size_t *lens);
redisReply *lapor_redis_reply(struct lapor_redis *r)
    __attribute__((warn_unused_result));

/*
 * As lapor_redis_reply(), with the reply and its strings in the pool: not for
 * freeReplyObject().
 */
redisReply *lapor_redis_reply_in(struct lapor_redis *r,
    struct lapor_pool *pool) __attribute__((warn_unused_result));

/* What that has hiredis call; the reader's privdata is the pool. */
extern redisReplyObjectFunctions  lapor_redis_pooled;

/* A wake-up: lost when nobody listens or Redis is away, and that is fine. */
void lapor_redis_publish(struct lapor_redis *r, const char *channel);


/* Listens to one channel on a connection of its own. */
struct lapor_redis_sub *lapor_redis_sub_new(
    const struct lapor_redis_conf *conf, const char *channel);
void lapor_redis_sub_free(struct lapor_redis_sub *sub);
void lapor_redis_sub_set_password(struct lapor_redis_sub *sub,
    const char *password);

/*
 * Descriptor to poll for POLLIN, -1 while down; call it before each wait, it
 * reconnects when that is due.
 */
int lapor_redis_sub_fd(struct lapor_redis_sub *sub);

/*
 * Takes what has arrived without waiting; the number of messages, counting
 * 1 for a new connection (something may have been missed).
 */
int lapor_redis_sub_drain(struct lapor_redis_sub *sub);


#endif
