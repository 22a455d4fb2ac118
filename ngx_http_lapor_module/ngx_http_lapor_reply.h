
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What a reply of Redis says.  Plain C over hiredis' replies, no nginx type,
 * so that a fuzzer can include ngx_http_lapor_reply.c as it is.
 */


#ifndef NGX_HTTP_LAPOR_REPLY_H_INCLUDED
#define NGX_HTTP_LAPOR_REPLY_H_INCLUDED


#include <hiredis/hiredis.h>


/* what lapor_ack demands and what Redis gives; more is stronger */

typedef enum {
    NGX_HTTP_LAPOR_ACK_MEMORY = 0,
    NGX_HTTP_LAPOR_ACK_EVERYSEC,
    NGX_HTTP_LAPOR_ACK_FSYNC
} ngx_http_lapor_ack_e;


/* error replies of Redis, by their first word */

typedef enum {
    NGX_HTTP_LAPOR_ERR_OOM = 0,
    NGX_HTTP_LAPOR_ERR_READONLY,
    NGX_HTTP_LAPOR_ERR_LOADING,
    NGX_HTTP_LAPOR_ERR_MISCONF,
    NGX_HTTP_LAPOR_ERR_NOAUTH,
    NGX_HTTP_LAPOR_ERR_MOVED,
    NGX_HTTP_LAPOR_ERR_ASK,
    NGX_HTTP_LAPOR_ERR_CLUSTERDOWN,
    NGX_HTTP_LAPOR_ERR_OTHER,
    NGX_HTTP_LAPOR_ERRS
} ngx_http_lapor_err_e;


/*
 * Room for one short reply that is no array, the id of an entry above all, so
 * that nothing is allocated for it.
 */

#define NGX_HTTP_LAPOR_REPLY_TEXT  64

typedef struct {
    redisReply   reply;
    char         text[NGX_HTTP_LAPOR_REPLY_TEXT];
} ngx_http_lapor_reply_t;


/*
 * hiredis' reader, or NULL.  It uses room, which must outlive it, for a reply
 * that fits: such a one is to be read before the next is asked for.  Whoever
 * gets a reply gives it to ngx_http_lapor_reply_free(), with the same room.
 */
redisReader *ngx_http_lapor_reply_reader(ngx_http_lapor_reply_t *room);
void ngx_http_lapor_reply_free(ngx_http_lapor_reply_t *room, void *reply);

/* 1 if reply is the id of an entry: digits, a dash, digits; else 0 */
int ngx_http_lapor_reply_is_id(const redisReply *reply);

/* 1 if an entry got it because of its key: its type, its slot, its ACL */
int ngx_http_lapor_reply_is_refusal(const redisReply *reply);

/* ngx_http_lapor_err_e; what is no known error is NGX_HTTP_LAPOR_ERR_OTHER */
unsigned ngx_http_lapor_reply_error(const redisReply *reply);

/* the first word of an error, as Redis writes it, or "other" */
const char *ngx_http_lapor_reply_error_name(unsigned err);

/*
 * ngx_http_lapor_ack_e that Redis gives, from its reply to CONFIG GET of
 * appendonly, appendfsync, no-appendfsync-on-rewrite, maxmemory-policy and
 * replicaof.  Without the first three it is the weakest.
 */
unsigned ngx_http_lapor_reply_strength(const redisReply *reply);


#endif /* NGX_HTTP_LAPOR_REPLY_H_INCLUDED */
