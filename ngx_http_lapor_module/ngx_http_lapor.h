
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Shared types of the module.
 *
 * Who lives how long, and who frees:
 *
 *   target   what lapor_redis, lapor_ack and lapor_timeout say together, each
 *            once; from the cycle's pool, so it dies with its configuration.
 *   link     a target's connection in one worker; from the cycle's pool.  A
 *            cleanup of that pool closes it, should exit_process not have.
 *   c        nginx's connection to Redis, with hiredis' reader beside it: both
 *            belong to the link and are there unless it is DOWN.
 *   op       one command; from the heap, kept by the link for the next.  It
 *            dies when its handler takes it: that is, once its reply is there
 *            or the link is lost.  It outlives its request when the client
 *            aborts or the deadline passes, and then op->r is NULL; what was
 *            not begun to be written dies with its request.
 *   entry    one record for the spool; within the ctx of its request (or of
 *            what the replayer has under way).  A request that goes away takes
 *            its entry out of the queue in which it lies.
 *   group    the records that a thread writes, copied from their entries;
 *            from the heap, freed when the thread is done.
 *   spool    a directory's writer and replayer in one worker; from the cycle's
 *            pool.
 *   request  never outlives its op's or entry's knowledge of it: its cleanup
 *            handler sees to that.
 *
 * A callback that answers a request may run any other request of the same
 * connection (pipelining) or end them all (HTTP/2), hence new ops and the end
 * of others.  So state is changed first, requests are answered last, and
 * neither op nor entry is touched afterwards.
 */


#ifndef _NGX_HTTP_LAPOR_H_INCLUDED_
#define _NGX_HTTP_LAPOR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_thread_pool.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "ngx_http_lapor_hex.h"
#include "ngx_http_lapor_reply.h"
#include "ngx_http_lapor_scan.h"
#include "ngx_http_lapor_segment.h"


/* the longest secret, token or password, in bytes */
#define NGX_HTTP_LAPOR_SECRET_MAX       1024

/* seconds that a refused sender is asked to wait */
#define NGX_HTTP_LAPOR_RETRY_AFTER      "5"

/* what a disk has at least: late is better than refused, in ms */
#define NGX_HTTP_LAPOR_SPOOL_TIMEOUT    2000

/* connecting, authentication and the check of settings, at least, in ms */
#define NGX_HTTP_LAPOR_CONNECT_TIMEOUT  1000

/* how often a link that is up looks at itself, and asks Redis, in ms */
#define NGX_HTTP_LAPOR_TICK             1000
#define NGX_HTTP_LAPOR_CHECK            5000

/* backoff between two attempts to connect, in ms */
#define NGX_HTTP_LAPOR_BACKOFF_MIN      100
#define NGX_HTTP_LAPOR_BACKOFF_MAX      5000

/* workers, old and new together, that can have gauges of their own */
#define NGX_HTTP_LAPOR_SLOTS            512

/* phone numbers that are counted each; one operator has some hundreds */
#define NGX_HTTP_LAPOR_NUMBERS          8192

/* places for them, a power of two, so that half of them stay empty */
#define NGX_HTTP_LAPOR_NUMBER_BITS      14
#define NGX_HTTP_LAPOR_NUMBER_PLACES    (1 << NGX_HTTP_LAPOR_NUMBER_BITS)

/* contexts of a secret that wait for a long body, about 1 KB each */
#define NGX_HTTP_LAPOR_SPARES           32

/* of a histogram; the last bucket has no upper bound */
#define NGX_HTTP_LAPOR_BUCKETS          14


/* directories of spools in one configuration */
#define NGX_HTTP_LAPOR_SPOOLS           8


/* what became of a request: $lapor_result and a counter each */

typedef enum {
    NGX_HTTP_LAPOR_NONE = 0,
    NGX_HTTP_LAPOR_ACCEPTED,
    NGX_HTTP_LAPOR_SPOOLED,
    NGX_HTTP_LAPOR_NO_SIGNATURE,
    NGX_HTTP_LAPOR_DOUBLE_SIGNATURE,
    NGX_HTTP_LAPOR_MALFORMED_SIGNATURE,
    NGX_HTTP_LAPOR_WRONG_SIGNATURE,
    NGX_HTTP_LAPOR_EMPTY,
    NGX_HTTP_LAPOR_TOO_LARGE,
    NGX_HTTP_LAPOR_METHOD,
    NGX_HTTP_LAPOR_BAD_REQUEST,
    NGX_HTTP_LAPOR_ABORTED,
    NGX_HTTP_LAPOR_OVERLOAD,
    NGX_HTTP_LAPOR_REDIS_DOWN,
    NGX_HTTP_LAPOR_REDIS_ERROR,
    NGX_HTTP_LAPOR_REDIS_LOST,
    NGX_HTTP_LAPOR_TIMEOUT,
    NGX_HTTP_LAPOR_SPOOL_FULL,
    NGX_HTTP_LAPOR_SPOOL_ERROR,
    NGX_HTTP_LAPOR_FAILED,
    NGX_HTTP_LAPOR_VERIFIED,
    NGX_HTTP_LAPOR_VERIFY_REFUSED,
    NGX_HTTP_LAPOR_RESULTS
} ngx_http_lapor_result_e;


/* $lapor_signature */

typedef enum {
    NGX_HTTP_LAPOR_VERDICT_UNKNOWN = 0,       /* it was not, or not yet */
    NGX_HTTP_LAPOR_VERDICT_VALID,
    NGX_HTTP_LAPOR_VERDICT_MISSING,
    NGX_HTTP_LAPOR_VERDICT_DOUBLED,
    NGX_HTTP_LAPOR_VERDICT_MALFORMED,
    NGX_HTTP_LAPOR_VERDICT_WRONG,
    NGX_HTTP_LAPOR_VERDICTS
} ngx_http_lapor_verdict_e;


/* from a verified body to its confirmation, by whoever has confirmed it */

typedef enum {
    NGX_HTTP_LAPOR_HIST_QUEUE = 0,            /* Redis */
    NGX_HTTP_LAPOR_HIST_SPOOL,                /* the spool's disk */
    NGX_HTTP_LAPOR_HISTS
} ngx_http_lapor_hist_e;


/* gauges of one worker, written by it alone, valid while pid is alive */

typedef struct {
    ngx_atomic_t                  pid;
    ngx_atomic_t                  links;
    ngx_atomic_t                  links_up;
    ngx_atomic_t                  pending;
    ngx_atomic_t                  pending_bytes;
} ngx_http_lapor_slot_t;


/* what was last seen in the directory of a spool */

typedef struct {
    ngx_atomic_t                  bytes;
    ngx_atomic_t                  files;
    ngx_atomic_t                  damaged;
} ngx_http_lapor_spool_stat_t;


typedef struct {
    ngx_atomic_t                  buckets[NGX_HTTP_LAPOR_BUCKETS];
    ngx_atomic_t                  usec;       /* sum of all */
} ngx_http_lapor_histogram_t;


/* webhooks of one phone number */

typedef struct {
    volatile uint64_t             number;     /* 0: nobody's yet */
    ngx_atomic_t                  webhooks;   /* accepted and spooled */
    ngx_atomic_t                  last;       /* time of the last, UNIX */
} ngx_http_lapor_number_t;


/* in shared memory, kept over a reload */

typedef struct {
    ngx_atomic_t                  results[NGX_HTTP_LAPOR_RESULTS];
    ngx_atomic_t                  errors[NGX_HTTP_LAPOR_ERRS];
    ngx_atomic_t                  bytes;      /* of accepted bodies */
    ngx_atomic_t                  statuses;   /* accepted to a status stream */
    ngx_atomic_t                  connects;
    ngx_atomic_t                  losses;
    ngx_atomic_t                  late;       /* replies that nobody awaited */
    ngx_http_lapor_histogram_t    hists[NGX_HTTP_LAPOR_HISTS];

    ngx_atomic_t                  replayed;
    ngx_atomic_t                  replayed_bytes;
    ngx_atomic_t                  replay_failures;
    ngx_http_lapor_spool_stat_t   spools[NGX_HTTP_LAPOR_SPOOLS];

    ngx_http_lapor_slot_t         slots[NGX_HTTP_LAPOR_SLOTS];

    ngx_atomic_t                  numbers_used;
    ngx_http_lapor_number_t       other;      /* what found no place */
    ngx_http_lapor_number_t       numbers[NGX_HTTP_LAPOR_NUMBER_PLACES];
} ngx_http_lapor_stat_t;


typedef struct ngx_http_lapor_link_s  ngx_http_lapor_link_t;
typedef struct ngx_http_lapor_op_s    ngx_http_lapor_op_t;
typedef struct ngx_http_lapor_spool_s  ngx_http_lapor_spool_t;
typedef struct ngx_http_lapor_spooled_s  ngx_http_lapor_spooled_t;
typedef struct ngx_http_lapor_group_s  ngx_http_lapor_group_t;
typedef struct ngx_http_lapor_replay_s  ngx_http_lapor_replay_t;

/* takes the op; reply is NULL if the link was lost before there was one */
typedef void (*ngx_http_lapor_op_handler_pt)(ngx_http_lapor_op_t *op,
    redisReply *reply);

/* the entry is in no queue any more; result is SPOOLED or why it is not */
typedef void (*ngx_http_lapor_spooled_pt)(ngx_http_lapor_spooled_t *entry,
    ngx_uint_t result);


/* one app secret; it dies with the cycle's pool, and its contexts with it */

typedef struct {
    EVP_MAC_CTX                  *mac;        /* keyed, of no request */
    ngx_uint_t                    nspares;
    EVP_MAC_CTX                  *spares[NGX_HTTP_LAPOR_SPARES];
} ngx_http_lapor_secret_t;


/* one lapor_redis directive */

typedef struct {
    ngx_str_t                     text;       /* as configured, for logs */
    struct sockaddr              *sockaddr;
    socklen_t                     socklen;
    ngx_uint_t                    db;
    ngx_str_t                     user;
    ngx_str_t                     password;
    ngx_str_t                     password_file;
    ngx_str_t                     name;       /* for CLIENT SETNAME */
} ngx_http_lapor_redis_t;


typedef struct {
    ngx_http_lapor_redis_t       *redis;
    ngx_uint_t                    ack;
    ngx_msec_t                    timeout;
    ngx_http_lapor_link_t        *link;       /* this process', once used */
} ngx_http_lapor_target_t;


/* a directory of lapor_spool */

typedef struct {
    ngx_path_t                   *path;
    off_t                         size;
    ngx_str_t                     pool;       /* name, or empty: default */
    ngx_thread_pool_t            *tp;
    ngx_uint_t                    index;      /* in the shared memory */
    ngx_http_lapor_target_t      *target;     /* where it flows to */
    ngx_msec_t                    timeout;    /* the longest of its users */
    ngx_uint_t                    max_pending;
    size_t                        max_bytes;
    ngx_http_lapor_spool_t       *spool;      /* this process' */
} ngx_http_lapor_spool_conf_t;


typedef struct {
    ngx_array_t                   targets;    /* ngx_http_lapor_target_t * */
    ngx_array_t                   spools;     /* ...spool_conf_t * */
    ngx_array_t                   logs;       /* ngx_log_t *, of error_log */
    ngx_int_t                     uri_index;  /* of $request_uri */
    ngx_int_t                     line_index; /* of $request */
    ngx_shm_zone_t               *zone;
} ngx_http_lapor_main_conf_t;


typedef struct {
    ngx_flag_t                    webhook;
    ngx_str_t                     file;       /* where lapor_webhook stands */
    ngx_uint_t                    line;

    ngx_str_t                     token_file;
    u_char                       *token;      /* SHA-256 of the verify token */
    ngx_array_t                  *secrets;    /* ngx_http_lapor_secret_t * */
    ngx_http_lapor_redis_t       *redis;
    ngx_http_lapor_target_t      *target;
    ngx_http_lapor_spool_conf_t  *spool;      /* NULL: off */
    ngx_uint_t                    ack;
    ngx_int_t                     partitions;
    ngx_msec_t                    timeout;
    ngx_uint_t                    max_pending;
    size_t                        max_bytes;
} ngx_http_lapor_loc_conf_t;


/* a record for the spool, and who wants to know */

struct ngx_http_lapor_spooled_s {
    ngx_queue_t                   queue;      /* in spool->waiting, ->writing */
    ngx_http_lapor_spool_t       *spool;      /* NULL when in neither */
    ngx_str_t                     stream;
    ngx_chain_t                  *body;
    size_t                        size;
    uint64_t                      ms;         /* received, since 1970 */
    ngx_msec_t                    start;
    unsigned                      again:1;    /* it was in the spool before */
    ngx_http_lapor_spooled_pt     handler;
    void                         *data;
};


/* of a request */

typedef struct {
    ngx_uint_t                    result;
    ngx_http_lapor_op_t          *op;         /* while Redis is awaited */
    ngx_http_lapor_spooled_t      entry;      /* while the disk is */
    ngx_str_t                     query;      /* as received, see hide_query */
    ngx_str_t                     stream;
    ngx_str_t                     id;
    size_t                        size;       /* of the body */
    uint64_t                      start;      /* of storing it, in us */
    ngx_int_t                     partition;  /* -1 until it is known */
    uint64_t                      queue_usec; /* 0 until confirmed */
    ngx_http_lapor_scan_t         scan;       /* of the verified body */

    ngx_uint_t                    verdict;
    size_t                        received;   /* of the body, decoded */
    ngx_array_t                  *secrets;    /* whose contexts macs are */
    EVP_MAC_CTX                 **macs;       /* or NULL, see _signature.c */
    unsigned                      spooling:1; /* entry is in a queue */
    unsigned                      expects:1;  /* expected is set */
    unsigned                      whole:1;    /* to be summed up at its end */
    u_char                        expected[NGX_HTTP_LAPOR_DIGEST_LEN];
    u_char                        digest[NGX_HTTP_LAPOR_DIGEST_LEN];
    u_char                        stream_text[24];
    u_char                        id_text[48];
} ngx_http_lapor_ctx_t;


struct ngx_http_lapor_op_s {
    ngx_queue_t                   queue;      /* in link->ops or ->spare */
    ngx_http_lapor_link_t        *link;
    ngx_http_lapor_op_handler_pt  handler;
    ngx_http_request_t           *r;          /* NULL when nobody waits */
    void                         *data;
    ngx_msec_t                    start;
    unsigned                      entry:1;    /* XADD, not a command of ours */

    /* what is to be written: either head, body and tail, or rest */

    size_t                        left;       /* bytes, 0: all was written */
    ngx_chain_t                  *body;       /* not ours */
    size_t                        size;       /* of the body */
    u_char                       *rest;       /* ours */
    size_t                        rest_len;
    size_t                        head_len;
    size_t                        tail_len;
    u_char                        head[NGX_HTTP_LAPOR_KEY_MAX + 96];
    u_char                        tail[64];
};


typedef enum {
    NGX_HTTP_LAPOR_LINK_DOWN = 0,             /* no c */
    NGX_HTTP_LAPOR_LINK_CHECKING,             /* until all is checked */
    NGX_HTTP_LAPOR_LINK_UP,
    NGX_HTTP_LAPOR_LINK_CLOSING               /* a posted event will close */
} ngx_http_lapor_link_state_e;


struct ngx_http_lapor_link_s {
    ngx_http_lapor_target_t      *target;
    ngx_connection_t             *c;
    redisReader                  *reader;     /* it uses room */

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t                     ident;

    ngx_http_lapor_reply_t        room;

    ngx_uint_t                    state;
    const char                   *reason;     /* why it closes, for the log */
    ngx_err_t                     err;        /* of reason, or 0 */
    char                          why[64];    /* room for a reason */
    unsigned                      connected:1;
    unsigned                      asked:1;    /* a check is unanswered */
    unsigned                      reported:1; /* that it is down */

    ngx_queue_t                   ops;        /* oldest first */
    ngx_queue_t                  *unsent;     /* the first not all written */
    ngx_queue_t                   spare;
    ngx_uint_t                    nspare;
    ngx_uint_t                    pending;    /* ops that are entries */
    size_t                        bytes;      /* their bodies */
    ngx_uint_t                    awaited;    /* ops with a request */

    uint64_t                      now;        /* of the last replies, in us */
    ngx_msec_t                    backoff;
    ngx_msec_t                    asked_at;
    ngx_msec_t                    complained; /* last log line for a request */
    ngx_log_t                     log;        /* of c: alerts only */

    ngx_event_t                   retry;      /* cancelable */
    ngx_event_t                   connect;    /* cancelable */
    ngx_event_t                   tick;       /* cancelable */
    ngx_event_t                   deadline;   /* not while requests wait */
    ngx_event_t                   event;      /* posted: close */
};


struct ngx_http_lapor_spool_s {
    ngx_http_lapor_spool_conf_t  *conf;
    ngx_http_lapor_replay_t      *replay;
    ngx_http_lapor_group_t       *group;      /* while a thread has it */

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t                     ident;

    ngx_queue_t                   waiting;
    ngx_queue_t                   writing;
    ngx_uint_t                    entries;    /* of both queues */
    size_t                        bytes;      /* their bodies */

    int                           fd;         /* open segment, or -1 */
    off_t                         offset;
    ngx_uint_t                    seq;
    unsigned                      failed:1;   /* as the log says */
    ngx_msec_t                    reported;   /* last line of its use */
    ngx_msec_t                    complained; /* last line of a failure */

    ngx_event_t                   event;      /* posted: start a group */
    ngx_event_t                   deadline;   /* not cancelable, as above */
    ngx_event_t                   tick;       /* cancelable */
};


extern ngx_module_t  ngx_http_lapor_module;


/* ngx_http_lapor_module.c */

ngx_int_t ngx_http_lapor_handler(ngx_http_request_t *r);

/*
 * Answers with an empty body; Retry-After comes with 503, Allow with 405.
 * Returns what ngx_http_finalize_request() takes.
 */
ngx_int_t ngx_http_lapor_send(ngx_http_request_t *r, ngx_uint_t status);
ngx_http_lapor_ctx_t *ngx_http_lapor_get_ctx(ngx_http_request_t *r);


/* ngx_http_lapor_conf.c */

char *ngx_http_lapor_max_pending(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_lapor_spool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_lapor_check_partitions(ngx_conf_t *cf, void *post, void *data);
char *ngx_http_lapor_check_timeout(ngx_conf_t *cf, void *post, void *data);
void *ngx_http_lapor_create_main_conf(ngx_conf_t *cf);
void *ngx_http_lapor_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_lapor_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);


/* ngx_http_lapor_redis.c */

char *ngx_http_lapor_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* the same server, database, user and name */
ngx_uint_t ngx_http_lapor_redis_same(ngx_http_lapor_redis_t *a,
    ngx_http_lapor_redis_t *b);
ngx_uint_t ngx_http_lapor_same(ngx_str_t *a, ngx_str_t *b);


/* ngx_http_lapor_secret.c */

char *ngx_http_lapor_token_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_lapor_secret_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_lapor_redis_password(ngx_conf_t *cf,
    ngx_http_lapor_redis_t *redis, ngx_str_t *path);


/* ngx_http_lapor_handshake.c */

ngx_int_t ngx_http_lapor_handshake(ngx_http_request_t *r);

/*
 * Moves the query, hence the token, to ctx->query, away from all variables
 * and from what nginx itself logs of a request.
 */
ngx_int_t ngx_http_lapor_hide_query(ngx_http_request_t *r);


/* ngx_http_lapor_body.c */

/* once per configuration, when nginx has set its own body filter */
void ngx_http_lapor_body_init(void);
void ngx_http_lapor_body_handler(ngx_http_request_t *r);


/* ngx_http_lapor_signature.c */

/*
 * All set ctx->verdict when it is known, and ctx->result where they return a
 * status to refuse the request with instead of NGX_OK.
 */
ngx_int_t ngx_http_lapor_signature_header(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx);
void ngx_http_lapor_signature_add(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, ngx_chain_t *in);
ngx_int_t ngx_http_lapor_signature_check(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, size_t size);


/* ngx_http_lapor_log.c */

ngx_int_t ngx_http_lapor_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_lapor_log_handler(ngx_http_request_t *r);


/* ngx_http_lapor_accept.c */

/*
 * Stores the verified body of r.  NGX_DONE: the request will be answered
 * later; otherwise the status to answer with, ctx->result is set.
 */
ngx_int_t ngx_http_lapor_accept(ngx_http_request_t *r,
    ngx_http_lapor_ctx_t *ctx, size_t size);

/* what Redis has not answered in time goes to the spool, or gets a 503 */
void ngx_http_lapor_accept_expire(ngx_http_lapor_link_t *link);


/* ngx_http_lapor_op.c */

/*
 * XADD stream * b BODY t MS, to be written soon; the link must be UP or
 * CHECKING, body must stay until the op is taken or left.  The caller sets
 * handler, r and data.  NULL: no memory.
 */
ngx_http_lapor_op_t *ngx_http_lapor_op_xadd(ngx_http_lapor_link_t *link,
    ngx_str_t *stream, ngx_chain_t *body, size_t size, uint64_t ms);

/* any other command; its words are copied */
ngx_http_lapor_op_t *ngx_http_lapor_op_command(ngx_http_lapor_link_t *link,
    ngx_uint_t argc, ngx_str_t *args);

/* out of the queue: the op must not be touched after the next is created */
void ngx_http_lapor_op_take(ngx_http_lapor_op_t *op);

/* r and body go away; what was begun to be written is written to its end */
void ngx_http_lapor_op_leave(ngx_http_lapor_op_t *op);

/* at most max (at least one) pieces of what is to be written; how many */
ngx_uint_t ngx_http_lapor_op_gather(ngx_http_lapor_op_t *op,
    struct iovec *iov, ngx_uint_t max);


/* ngx_http_lapor_wire.c */

/* NGX_ERROR with link->reason: nothing is open */
ngx_int_t ngx_http_lapor_wire_open(ngx_http_lapor_link_t *link);
void ngx_http_lapor_wire_close(ngx_http_lapor_link_t *link);

/* what lies in link->ops is written at the end of the event loop's turn */
void ngx_http_lapor_wire_post(ngx_http_lapor_link_t *link);


/* ngx_http_lapor_link.c */

ngx_http_lapor_link_t *ngx_http_lapor_link_get(
    ngx_http_lapor_target_t *target);
void ngx_http_lapor_link_connect(ngx_http_lapor_link_t *link);

/* closes the link soon, from any context; reason must be a constant */
void ngx_http_lapor_link_fail(ngx_http_lapor_link_t *link,
    const char *reason);

/* closes it now: never from within an op's handler */
void ngx_http_lapor_link_close(ngx_http_lapor_link_t *link,
    const char *reason);

/* a command has succeeded */
void ngx_http_lapor_link_good(ngx_http_lapor_link_t *link);

/* an entry got an error reply: counts it, and draws conclusions */
void ngx_http_lapor_link_error(ngx_http_lapor_link_t *link,
    redisReply *reply);

/* one request less waits for Redis */
void ngx_http_lapor_link_forget(ngx_http_lapor_link_t *link);

/* a line for what happens to requests, at most one a second */
void ngx_http_lapor_link_complain(ngx_http_lapor_link_t *link,
    const char *what, const char *detail);


/* ngx_http_lapor_spool.c */

ngx_http_lapor_spool_t *ngx_http_lapor_spool_init(
    ngx_http_lapor_spool_conf_t *conf, ngx_cycle_t *cycle);

/*
 * Gives an entry to the spool, which calls entry->handler later, never from
 * within; stream, body, size, ms, handler and data are the caller's to set.
 * NGX_DECLINED: there is no room in memory.
 */
ngx_int_t ngx_http_lapor_spool_add(ngx_http_lapor_spool_t *spool,
    ngx_http_lapor_spooled_t *entry);

/* takes an entry out of the queue that it is in */
void ngx_http_lapor_spool_drop(ngx_http_lapor_spooled_t *entry);

/* shows what a thread has found in the directory */
void ngx_http_lapor_spool_gauge(ngx_http_lapor_spool_t *spool,
    ngx_http_lapor_usage_t *usage);

/* in a thread: 0 if something can be written */
int ngx_http_lapor_spool_room(ngx_http_lapor_spool_t *spool);


/* ngx_http_lapor_replay.c */

ngx_http_lapor_replay_t *ngx_http_lapor_replay_init(
    ngx_http_lapor_spool_t *spool, ngx_cycle_t *cycle);

/* there is something to replay */
void ngx_http_lapor_replay_soon(ngx_http_lapor_spool_t *spool);

/* Redis has refused what was there, a next attempt is to come */
ngx_uint_t ngx_http_lapor_replay_waits(ngx_http_lapor_spool_t *spool);


/* ngx_http_lapor_status.c */

ngx_int_t ngx_http_lapor_status_init_zone(ngx_shm_zone_t *zone, void *data);
void ngx_http_lapor_status_claim(ngx_log_t *log);
void ngx_http_lapor_status_release(void);

/* the gauges of all workers that are alive */
void ngx_http_lapor_status_sum(ngx_http_lapor_slot_t *ret_sum);

/* counts a latency, in microseconds; histogram is ngx_http_lapor_hist_e */
void ngx_http_lapor_status_observe(ngx_uint_t histogram, uint64_t usec);

/* a webhook of this phone number was answered 200 */
void ngx_http_lapor_status_number(uint64_t number);

/* a clock that never goes back, in microseconds */
uint64_t ngx_http_lapor_usec(void);

/* never NULL: outside of a worker, memory that nobody reads */
extern ngx_http_lapor_stat_t  *ngx_http_lapor_stat;
extern ngx_http_lapor_slot_t  *ngx_http_lapor_slot;

/* the process is about to end: threads have gone */
extern ngx_uint_t  ngx_http_lapor_exiting;


/* ngx_http_lapor_page.c */

ngx_int_t ngx_http_lapor_page_handler(ngx_http_request_t *r);
ngx_str_t *ngx_http_lapor_result_name(ngx_uint_t result);


#endif /* _NGX_HTTP_LAPOR_H_INCLUDED_ */
