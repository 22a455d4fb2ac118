/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * hiredis 0.14: no free of a context by the library in the synchronous API,
 * an error sticks to its context, EINTR is swallowed, and a timeout is an
 * error like any other.  So any failure drops the context here.
 */

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/redis.h"
#include "lib/timeutil.h"


#define LAPOR_REDIS_ERROR    160
#define LAPOR_REDIS_REFUSED  2000    /* ms */
#define LAPOR_REDIS_BUFFER   (1024 * 1024)


struct lapor_redis {
    char                  *host;        /* address or socket's path */
    int                    port;        /* 0: unix socket */
    int                    db;
    char                  *user;
    char                  *password;
    char                  *name;
    int                    connect_ms;
    int                    timeout_ms;
    redisContext          *c;           /* NULL: not connected */
    struct lapor_backoff   backoff;
    uint64_t               generation;
    bool                   down;        /* and said so in the log */
    bool                   up;          /* as the metrics have it */
};

struct lapor_redis_sub {
    struct lapor_redis  *r;
    char                *channel;
    uint64_t             generation;    /* subscribed on this connection */
    bool                 fresh;         /* not yet told by drain */
};


static int lapor_redis_split(const char *address, char **ret_host,
    int *ret_port, char *err, size_t size);
static int lapor_redis_open(struct lapor_redis *r, char *err, size_t size);
static int lapor_redis_hello(struct lapor_redis *r, char *err, size_t size);
static int lapor_redis_step(struct lapor_redis *r, char *err, size_t size,
    int argc, const char **argv);
static void lapor_redis_drop(struct lapor_redis *r);
static void lapor_redis_broken(struct lapor_redis *r);
static struct timeval lapor_redis_timeval(int ms);
static bool lapor_redis_drain_one(redisContext *c);


int
lapor_redis_check(const char *address, char *err, size_t size)
{
    int    port;
    char  *host;

    if (lapor_redis_split(address, &host, &port, err, size) == -1) {
        return -1;
    }

    free(host);
    return 0;
}


static int
lapor_redis_split(const char *address, char **ret_host, int *ret_port,
    char *err, size_t size)
{
    long         port;
    char        *end;
    const char  *colon;

    if (strncmp(address, "unix:", 5) == 0) {
        if (address[5] != '/' || strlen(address + 5) > 107) {
            (void) snprintf(err, size, "\"%s\" has no absolute path of at "
                            "most 107 bytes", address);
            return -1;
        }

        *ret_host = lapor_heap_copy(address + 5);
        *ret_port = 0;
        return 0;
    }

    colon = strrchr(address, ':');
    errno = 0;
    port = (colon == NULL) ? 0 : strtol(colon + 1, &end, 10);

    if (colon == NULL || colon == address || *end != '\0' || errno != 0
        || port < 1 || port > 65535)
    {
        (void) snprintf(err, size, "\"%s\" is neither unix:PATH nor "
                        "ADDRESS:PORT", address);
        return -1;
    }

    *ret_host = lapor_heap_copyn(address, (size_t) (colon - address));
    *ret_port = (int) port;
    return 0;
}


struct lapor_redis *
lapor_redis_new(const struct lapor_redis_conf *conf)
{
    char                 err[LAPOR_REDIS_ERROR];
    struct lapor_redis  *r;

    r = calloc(1, sizeof(struct lapor_redis));

    if (r == NULL) {
        lapor_fatal_memory();
    }

    if (lapor_redis_split(conf->address, &r->host, &r->port, err, sizeof(err))
        == -1)
    {
        lapor_fatal(LAPOR_EXIT_CONFIG, "redis: %s", err);
    }

    r->db = conf->db;
    r->user = lapor_heap_copy(conf->user);
    r->password = lapor_heap_copy(conf->password);
    r->name = lapor_heap_copy(conf->name);
    r->connect_ms = conf->connect_ms ? conf->connect_ms : 2000;
    r->timeout_ms = conf->timeout_ms ? conf->timeout_ms : 5000;
    r->backoff.min = 100;
    r->backoff.max = 2000;

    lapor_metric_move(&lapor_metric_redis_links, -1, LAPOR_METRIC_DOWN);
    return r;
}


void
lapor_redis_free(struct lapor_redis *r)
{
    if (r == NULL) {
        return;
    }

    lapor_redis_drop(r);
    lapor_metric_move(&lapor_metric_redis_links, LAPOR_METRIC_DOWN, -1);
    lapor_redis_set_password(r, NULL);
    free(r->user);
    free(r->name);
    free(r->host);
    free(r);
}


void
lapor_redis_set_password(struct lapor_redis *r, const char *password)
{
    if (r->password != NULL) {
        explicit_bzero(r->password, strlen(r->password));
    }

    free(r->password);
    r->password = lapor_heap_copy(password);
}


static struct timeval
lapor_redis_timeval(int ms)
{
    struct timeval  tv;

    tv.tv_sec = ms / 1000;
    tv.tv_usec = (ms % 1000) * 1000;

    return tv;
}


int
lapor_redis_connect(struct lapor_redis *r)
{
    char  err[LAPOR_REDIS_ERROR];

    if (r->c != NULL) {
        return 0;
    }

    if (lapor_backoff_left(&r->backoff) > 0) {
        return -1;
    }

    if (lapor_redis_open(r, err, sizeof(err)) == -1) {
        if (!r->down) {
            lapor_log_err("could not connect to redis: %s", err);
            r->down = true;
        }

        lapor_redis_drop(r);
        lapor_backoff_fail(&r->backoff);
        return -1;
    }

    lapor_metric_move(&lapor_metric_redis_links, LAPOR_METRIC_DOWN,
                      LAPOR_METRIC_UP);
    r->up = true;
    r->generation++;
    lapor_backoff_ok(&r->backoff);

    if (r->down || r->generation > 1) {
        lapor_log_notice("connected to redis again");
    }

    r->down = false;
    return 0;
}


static int
lapor_redis_open(struct lapor_redis *r, char *err, size_t size)
{
    struct timeval  tv;

    tv = lapor_redis_timeval(r->connect_ms);

    if (r->port == 0) {
        r->c = redisConnectUnixWithTimeout(r->host, tv);
    } else {
        r->c = redisConnectWithTimeout(r->host, r->port, tv);
    }

    if (r->c == NULL) {
        lapor_fatal_memory();
    }

    if (r->c->err != 0) {
        (void) snprintf(err, size, "%s", r->c->errstr);
        return -1;
    }

    /* or it would give its buffer back after each batch */
    r->c->reader->maxbuf = LAPOR_REDIS_BUFFER;

    if (redisSetTimeout(r->c, lapor_redis_timeval(r->timeout_ms))
        != REDIS_OK)
    {
        (void) snprintf(err, size, "could not set the timeout");
        return -1;
    }

    if (r->port != 0) {
        (void) redisEnableKeepAlive(r->c);
    }

    return lapor_redis_hello(r, err, size);
}


static int
lapor_redis_hello(struct lapor_redis *r, char *err, size_t size)
{
    char         db[16];
    const char  *auth2[] = { "AUTH", r->user, r->password };
    const char  *auth1[] = { "AUTH", r->password };
    const char  *select_db[] = { "SELECT", db };
    const char  *setname[] = { "CLIENT", "SETNAME", r->name };
    const char  *ping[] = { "PING" };

    if (r->user != NULL
        && lapor_redis_step(r, err, size, 3, auth2) == -1)
    {
        return -1;
    }

    if (r->user == NULL && r->password != NULL
        && lapor_redis_step(r, err, size, 2, auth1) == -1)
    {
        return -1;
    }

    (void) snprintf(db, sizeof(db), "%d", r->db);

    if (r->db != 0 && lapor_redis_step(r, err, size, 2, select_db) == -1) {
        return -1;
    }

    if (r->name != NULL && lapor_redis_step(r, err, size, 3, setname) == -1) {
        return -1;
    }

    /* -LOADING and -NOAUTH mean down */
    return lapor_redis_step(r, err, size, 1, ping);
}


static int
lapor_redis_step(struct lapor_redis *r, char *err, size_t size, int argc,
    const char **argv)
{
    int          rc;
    redisReply  *reply;

    reply = redisCommandArgv(r->c, argc, argv, NULL);

    if (reply == NULL) {
        (void) snprintf(err, size, "%s: %s", argv[0], r->c->errstr);
        return -1;
    }

    rc = 0;

    /* the first word only (WRONGPASS, LOADING): where AUTH was renamed, the
       text of "unknown command" repeats the password */
    if (reply->type == REDIS_REPLY_ERROR) {
        (void) snprintf(err, size, "%s: %.*s", argv[0],
                        (int) strcspn(reply->str, " "), reply->str);
        rc = -1;
    }

    freeReplyObject(reply);
    return rc;
}


static void
lapor_redis_drop(struct lapor_redis *r)
{
    if (r->c != NULL) {
        redisFree(r->c);
        r->c = NULL;
    }

    if (r->up) {
        lapor_metric_move(&lapor_metric_redis_links, LAPOR_METRIC_UP,
                          LAPOR_METRIC_DOWN);
        r->up = false;
    }
}


static void
lapor_redis_broken(struct lapor_redis *r)
{
    if (!r->down) {
        lapor_log_warn("lost the redis connection: %s", r->c->errstr);
        r->down = true;
    }

    lapor_redis_drop(r);
    lapor_backoff_fail(&r->backoff);
}


void
lapor_redis_refused(struct lapor_redis *r)
{
    if (r->c != NULL) {
        lapor_log_err("redis refuses commands, connection dropped");
    }

    r->down = true;
    lapor_redis_drop(r);

    /* a PING succeeds there, so the backoff alone would start over */
    r->backoff.until = lapor_mono_ms() + LAPOR_REDIS_REFUSED;
}


bool
lapor_redis_connected(const struct lapor_redis *r)
{
    return r->c != NULL;
}


int64_t
lapor_redis_retry_ms(const struct lapor_redis *r)
{
    return (r->c != NULL) ? 0 : lapor_backoff_left(&r->backoff);
}


uint64_t
lapor_redis_generation(const struct lapor_redis *r)
{
    return r->generation;
}


redisReply *
lapor_redis_cmd(struct lapor_redis *r, const char *fmt, ...)
{
    va_list  args;

    if (lapor_redis_connect(r) == -1) {
        return NULL;
    }

    va_start(args, fmt);

    if (redisvAppendCommand(r->c, fmt, args) != REDIS_OK) {
        lapor_redis_broken(r);
    }

    va_end(args);

    return lapor_redis_reply(r);
}


/*
 * Does not connect: in the middle of a pipeline a new connection would get
 * the rest of the commands without the first ones.
 */

void
lapor_redis_append(struct lapor_redis *r, const char *fmt, ...)
{
    va_list  args;

    if (r->c == NULL) {
        return;
    }

    va_start(args, fmt);

    if (redisvAppendCommand(r->c, fmt, args) != REDIS_OK) {
        lapor_redis_broken(r);
    }

    va_end(args);
}


void
lapor_redis_appendv(struct lapor_redis *r, int argc, const char **argv,
    const size_t *lens)
{
    if (r->c != NULL
        && redisAppendCommandArgv(r->c, argc, argv, lens) != REDIS_OK)
    {
        lapor_redis_broken(r);
    }
}


redisReply *
lapor_redis_reply(struct lapor_redis *r)
{
    void        *raw;
    redisReply  *reply;

    if (r->c == NULL) {
        return NULL;
    }

    raw = NULL;

    if (redisGetReply(r->c, &raw) != REDIS_OK || raw == NULL) {
        lapor_redis_broken(r);
        return NULL;
    }

    reply = raw;

    /* the code word alone: the rest may repeat arguments */
    if (reply->type == REDIS_REPLY_ERROR) {
        lapor_log_debug("redis refused a command error=%.*s",
                        (int) strcspn(reply->str, " "), reply->str);
    }

    return reply;
}


redisReply *
lapor_redis_reply_in(struct lapor_redis *r, struct lapor_pool *pool)
{
    redisReply                 *reply;
    redisReplyObjectFunctions  *usual;

    if (r->c == NULL) {
        return NULL;
    }

    usual = r->c->reader->fn;
    r->c->reader->fn = &lapor_redis_pooled;
    r->c->reader->privdata = pool;

    reply = lapor_redis_reply(r);

    /* unless the connection broke */
    if (r->c != NULL) {
        r->c->reader->fn = usual;
    }

    return reply;
}


bool
lapor_redis_failed(const redisReply *reply)
{
    return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}


const redisReply *
lapor_redis_member(const redisReply *map, const char *name)
{
    size_t  i;

    for (i = 0; i + 1 < map->elements; i += 2) {
        if (map->element[i]->str != NULL
            && strcmp(map->element[i]->str, name) == 0)
        {
            return map->element[i + 1];
        }
    }

    return NULL;
}


int64_t
lapor_redis_number(const redisReply *map, const char *name)
{
    const redisReply  *value;

    value = lapor_redis_member(map, name);

    return (value != NULL && value->type == REDIS_REPLY_INTEGER)
           ? value->integer : -1;
}


void
lapor_redis_publish(struct lapor_redis *r, const char *channel)
{
    redisReply  *reply;

    reply = lapor_redis_cmd(r, "PUBLISH %s 1", channel);

    if (reply != NULL) {
        freeReplyObject(reply);
    }
}


struct lapor_redis_sub *
lapor_redis_sub_new(const struct lapor_redis_conf *conf, const char *channel)
{
    struct lapor_redis_sub  *sub;

    sub = calloc(1, sizeof(struct lapor_redis_sub));

    if (sub == NULL) {
        lapor_fatal_memory();
    }

    sub->r = lapor_redis_new(conf);
    sub->channel = lapor_heap_copy(channel);

    return sub;
}


void
lapor_redis_sub_free(struct lapor_redis_sub *sub)
{
    if (sub == NULL) {
        return;
    }

    lapor_redis_free(sub->r);
    free(sub->channel);
    free(sub);
}


void
lapor_redis_sub_set_password(struct lapor_redis_sub *sub,
    const char *password)
{
    lapor_redis_set_password(sub->r, password);
}


int
lapor_redis_sub_fd(struct lapor_redis_sub *sub)
{
    redisReply  *reply;

    if (lapor_redis_connect(sub->r) == -1) {
        return -1;
    }

    if (sub->generation != sub->r->generation) {
        reply = lapor_redis_cmd(sub->r, "SUBSCRIBE %s", sub->channel);

        if (lapor_redis_failed(reply)) {
            freeReplyObject(reply);
            lapor_redis_drop(sub->r);
            lapor_backoff_fail(&sub->r->backoff);
            return -1;
        }

        freeReplyObject(reply);
        sub->generation = sub->r->generation;
        sub->fresh = true;
    }

    return sub->r->c->fd;
}


/* One reply out of hiredis' buffer; false when none is whole, or an error. */

static bool
lapor_redis_drain_one(redisContext *c)
{
    void  *reply;

    reply = NULL;

    if (redisGetReplyFromReader(c, &reply) != REDIS_OK || reply == NULL) {
        return false;
    }

    freeReplyObject(reply);
    return true;
}


int
lapor_redis_sub_drain(struct lapor_redis_sub *sub)
{
    int            n;
    struct pollfd  pfd;

    n = sub->fresh ? 1 : 0;
    sub->fresh = false;

    while (sub->r->c != NULL) {
        while (lapor_redis_drain_one(sub->r->c)) {
            n++;
        }

        pfd.fd = sub->r->c->fd;
        pfd.events = POLLIN;

        if (sub->r->c->err == 0 && poll(&pfd, 1, 0) <= 0) {
            break;
        }

        /* one read() of what poll() promised, so it does not block */
        if (sub->r->c->err != 0
            || redisBufferRead(sub->r->c) != REDIS_OK)
        {
            lapor_redis_broken(sub->r);
        }
    }

    return n;
}
