
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Replies of Redis: where they lie, and what they say.
 */


#include "ngx_http_lapor_reply.h"

#include <string.h>


/* an entry's id is two 64 bit numbers with a dash between */
#define NGX_HTTP_LAPOR_ID_MAX  41


static void *ngx_http_lapor_reply_text(const redisReadTask *task, char *p,
    size_t len);
static const char *ngx_http_lapor_reply_setting(const redisReply *reply,
    const char *name);


static const char  *ngx_http_lapor_reply_errors[NGX_HTTP_LAPOR_ERRS] = {
    "OOM", "READONLY", "LOADING", "MISCONF", "NOAUTH", "MOVED", "ASK",
    "CLUSTERDOWN", "other"
};


/* hiredis' own functions, and those with one of ours among them */
static redisReplyObjectFunctions  *ngx_http_lapor_reply_default;
static redisReplyObjectFunctions   ngx_http_lapor_reply_functions;


redisReader *
ngx_http_lapor_reply_reader(ngx_http_lapor_reply_t *room)
{
    redisReader  *reader;

    reader = redisReaderCreate();

    if (reader == NULL) {
        return NULL;
    }

    if (ngx_http_lapor_reply_default == NULL) {
        ngx_http_lapor_reply_default = reader->fn;
        ngx_http_lapor_reply_functions = *reader->fn;
        ngx_http_lapor_reply_functions.createString =
                                                  ngx_http_lapor_reply_text;
    }

    reader->fn = &ngx_http_lapor_reply_functions;
    reader->privdata = room;

    return reader;
}


static void *
ngx_http_lapor_reply_text(const redisReadTask *task, char *p, size_t len)
{
    ngx_http_lapor_reply_t *room = task->privdata;

    if (task->parent || len >= NGX_HTTP_LAPOR_REPLY_TEXT) {
        return ngx_http_lapor_reply_default->createString(task, p, len);
    }

    memset(&room->reply, 0, sizeof(redisReply));
    memcpy(room->text, p, len);
    room->text[len] = '\0';

    room->reply.type = task->type;
    room->reply.str = room->text;
    room->reply.len = len;

    return room;
}


void
ngx_http_lapor_reply_free(ngx_http_lapor_reply_t *room, void *reply)
{
    if (reply != room) {
        freeReplyObject(reply);
    }
}


int
ngx_http_lapor_reply_is_id(const redisReply *reply)
{
    int   i, len, dash;
    char  ch;

    len = (int) reply->len;

    if (reply->type != REDIS_REPLY_STRING || len < 3
        || len > NGX_HTTP_LAPOR_ID_MAX)
    {
        return 0;
    }

    dash = 0;

    for (i = 0; i < len; i++) {
        ch = reply->str[i];

        if (ch == '-' && dash == 0 && i != 0) {
            dash = i;
            continue;
        }

        if (ch < '0' || ch > '9') {
            return 0;
        }
    }

    return dash != 0 && dash != len - 1;
}


int
ngx_http_lapor_reply_is_refusal(const redisReply *reply)
{
    unsigned           i;

    static const char  *words[] = {
        "WRONGTYPE ", "ERR ", "NOPERM ", "MOVED ", "ASK "
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (reply->type == REDIS_REPLY_ERROR
            && strncmp(reply->str, words[i], strlen(words[i])) == 0)
        {
            return 1;
        }
    }

    return 0;
}


unsigned
ngx_http_lapor_reply_error(const redisReply *reply)
{
    size_t    len;
    unsigned  i;

    if (reply->type != REDIS_REPLY_ERROR) {
        return NGX_HTTP_LAPOR_ERR_OTHER;
    }

    for (len = 0; len < (size_t) reply->len; len++) {
        if (reply->str[len] == ' ') {
            break;
        }
    }

    for (i = 0; i < NGX_HTTP_LAPOR_ERR_OTHER; i++) {
        if (strlen(ngx_http_lapor_reply_errors[i]) == len
            && strncmp(reply->str, ngx_http_lapor_reply_errors[i], len) == 0)
        {
            break;
        }
    }

    return i;
}


const char *
ngx_http_lapor_reply_error_name(unsigned err)
{
    return ngx_http_lapor_reply_errors[err];
}


unsigned
ngx_http_lapor_reply_strength(const redisReply *reply)
{
    unsigned     i;
    const char  *value;

    /* what throws streams away, read or not, when memory is short */

    static const char  *evicts[] = {
        "allkeys-lru", "allkeys-lfu", "allkeys-random"
    };

    value = ngx_http_lapor_reply_setting(reply, "maxmemory-policy");

    for (i = 0; i < sizeof(evicts) / sizeof(evicts[0]); i++) {
        if (strcmp(value, evicts[i]) == 0) {
            return NGX_HTTP_LAPOR_ACK_MEMORY;
        }
    }

    /* what a replica was told by others goes when it copies its master */

    if (*ngx_http_lapor_reply_setting(reply, "replicaof") != '\0') {
        return NGX_HTTP_LAPOR_ACK_MEMORY;
    }

    /*
     * With no-appendfsync-on-rewrite neither setting of appendfsync means
     * what it says while a rewrite runs.
     */

    if (strcmp(ngx_http_lapor_reply_setting(reply, "appendonly"), "yes") != 0
        || strcmp(ngx_http_lapor_reply_setting(reply,
                                               "no-appendfsync-on-rewrite"),
                  "no")
           != 0)
    {
        return NGX_HTTP_LAPOR_ACK_MEMORY;
    }

    value = ngx_http_lapor_reply_setting(reply, "appendfsync");

    return strcmp(value, "always") == 0 ? NGX_HTTP_LAPOR_ACK_FSYNC
           : strcmp(value, "everysec") == 0 ? NGX_HTTP_LAPOR_ACK_EVERYSEC
           : NGX_HTTP_LAPOR_ACK_MEMORY;
}


/* "" if it is not told */

static const char *
ngx_http_lapor_reply_setting(const redisReply *reply, const char *name)
{
    size_t             i;
    const redisReply  *key, *val;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return "";
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        key = reply->element[i];
        val = reply->element[i + 1];

        if (key->type == REDIS_REPLY_STRING
            && val->type == REDIS_REPLY_STRING
            && strcmp(key->str, name) == 0)
        {
            return val->str;
        }
    }

    return "";
}
