/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * How hiredis builds a reply in a pool.  An entry of a stream is seven values
 * and four strings, a batch has hundreds: each a piece of its own to the C
 * library, given back one by one, and the bodies copied into the pool after.
 */

#include "lib/pool.h"
#include "lib/redis.h"


static redisReply *lapor_redis_pool_add(const redisReadTask *task);
static void *lapor_redis_pool_string(const redisReadTask *task, char *text,
    size_t len);
static void *lapor_redis_pool_array(const redisReadTask *task, int elements);
static void *lapor_redis_pool_integer(const redisReadTask *task,
    long long value);
static void *lapor_redis_pool_nil(const redisReadTask *task);
static void lapor_redis_pool_free(void *reply);


redisReplyObjectFunctions  lapor_redis_pooled = {
    lapor_redis_pool_string,
    lapor_redis_pool_array,
    lapor_redis_pool_integer,
    lapor_redis_pool_nil,
    lapor_redis_pool_free
};


/* A value of the task's type, in its place in the array that it is of. */

static redisReply *
lapor_redis_pool_add(const redisReadTask *task)
{
    redisReply  *reply, *parent;

    reply = lapor_pool_alloc(task->privdata, sizeof(redisReply));
    reply->type = task->type;

    if (task->parent != NULL) {
        parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }

    return reply;
}


static void *
lapor_redis_pool_string(const redisReadTask *task, char *text, size_t len)
{
    redisReply  *reply;

    reply = lapor_redis_pool_add(task);
    reply->str = lapor_pool_strndup(task->privdata, text, len);
    reply->len = len;

    return reply;
}


static void *
lapor_redis_pool_array(const redisReadTask *task, int elements)
{
    redisReply  *reply;

    reply = lapor_redis_pool_add(task);
    reply->elements = (size_t) elements;
    reply->element = lapor_pool_alloc(task->privdata, reply->elements
                                                      * sizeof(redisReply *));

    return reply;
}


static void *
lapor_redis_pool_integer(const redisReadTask *task, long long value)
{
    redisReply  *reply;

    reply = lapor_redis_pool_add(task);
    reply->integer = value;

    return reply;
}


/* Its task is of the type that it would have: a string, an array. */

static void *
lapor_redis_pool_nil(const redisReadTask *task)
{
    redisReply  *reply;

    reply = lapor_redis_pool_add(task);
    reply->type = REDIS_REPLY_NIL;

    return reply;
}


/* hiredis calls it for a reply that ends in an error. */

static void
lapor_redis_pool_free(void *reply)
{
    (void) reply;
}
