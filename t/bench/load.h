/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What the files of the load generator share.  One thread, one epoll; all
 * times are nanoseconds of CLOCK_MONOTONIC.
 */

#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>


#define LOAD_SECOND         1000000000ull
#define LOAD_STATUS_MAX     600

/* no head of an answer is larger, or it is not HTTP */
#define LOAD_HEAD_SIZE      4096

/* 1/128 of a value is its error; 2^45 ns are nearly ten hours */
#define LOAD_HIST_BITS      7
#define LOAD_HIST_SUB       (1u << LOAD_HIST_BITS)
#define LOAD_HIST_MAX_BITS  45
#define LOAD_HIST_SIZE                                                        \
    ((LOAD_HIST_MAX_BITS - LOAD_HIST_BITS + 1) * LOAD_HIST_SUB)

/* after so many in a row that brought no answer there is no server */
#define LOAD_FAILURES_MAX   10000


enum load_forge {
    LOAD_FORGE_NOT,
    LOAD_FORGE_WRONG,
    LOAD_FORGE_MISSING,
    LOAD_FORGE_MALFORMED
};


struct load_conf {
    struct sockaddr_storage  address;
    socklen_t                address_len;
    const char              *uri;
    const char              *bodies;
    unsigned long            connections;
    unsigned long            idle;
    uint64_t                 time;      /* of the run, ns */
    uint64_t                 grace;     /* for the answers after it, ns */
    unsigned long            count;     /* requests at most, 0: no bound */
    unsigned long            rate;      /* a second, 0: closed loop */
    unsigned long            seed;
    enum load_forge          forge;
    int                      hold;      /* the last bytes wait for an order */
    int                      wait;      /* each step waits for an order */
};


struct load_request {
    char    *data;
    size_t   len;
};


struct load_requests {
    struct load_request  *list;
    size_t                n;
    size_t                next;
    uint64_t              bytes;        /* of all, heads included */
};


struct load_hist {
    uint64_t  n;
    uint64_t  sum;
    uint64_t  max;
    uint64_t  over_250ms;
    uint64_t  over_1s;
    uint64_t  counts[LOAD_HIST_SIZE];
};


enum load_reply_state {
    LOAD_REPLY_HEAD,
    LOAD_REPLY_LENGTH,          /* left: bytes of the body */
    LOAD_REPLY_CHUNK_SIZE,      /* left: the size as far as it was read */
    LOAD_REPLY_CHUNK_EXT,       /* left: the size; to the end of its line */
    LOAD_REPLY_CHUNK,           /* left: bytes of the chunk and its CRLF */
    LOAD_REPLY_TRAILER,         /* left: bytes of this line */
    LOAD_REPLY_TO_END,
    LOAD_REPLY_DONE
};


struct load_reply {
    enum load_reply_state  state;
    int                    status;
    int                    close;       /* the server will close after it */
    uint64_t               left;
    size_t                 head_len;
    char                   head[LOAD_HEAD_SIZE + 1];
};


struct load_conn {
    int                         fd;
    int                         busy;
    const struct load_request  *request;
    size_t                      sent;
    size_t                      limit;  /* what may be sent by now */
    uint64_t                    start;  /* sent at, or meant to be sent at */
    struct load_reply           reply;
};


/* What was counted; every request ends as one of the first three. */

struct load_count {
    uint64_t  replies;
    uint64_t  io_errors;
    uint64_t  unanswered;
    uint64_t  requests;
    uint64_t  unsent;           /* their time came, no connection was free */
    uint64_t  reconnects;
    uint64_t  statuses[LOAD_STATUS_MAX];
};


struct load {
    struct load_conf      conf;
    struct load_requests  requests;
    struct load_conn     *conns;
    int                  *idle;         /* descriptors */
    size_t                idle_n;

    /* a ring of the connections that have nothing to do, oldest first */
    struct load_conn    **free;
    size_t                free_first;
    size_t                free_n;

    int                   epoll;
    uint64_t              begin;
    uint64_t              end;
    uint64_t              last;         /* the last answer */
    uint64_t              next;         /* open loop: the next arrival */
    uint64_t              random;
    unsigned              failures;     /* in a row */
    int                   released;     /* --hold: the last bytes may go */
    struct load_count     count;
    struct load_hist      hist;
};


/* load_conf.c: exits 64 with a word when the arguments are wrong. */
void load_conf_read(int argc, char **argv, struct load_conf *ret_conf);

/* load_requests.c: exits 1 when the file cannot be used. */
void load_requests_read(const struct load_conf *conf,
    struct load_requests *ret_requests);
void load_requests_free(struct load_requests *requests);
const struct load_request *load_requests_next(struct load_requests *requests);

/* load_hist.c */
void load_hist_add(struct load_hist *hist, uint64_t value);
uint64_t load_hist_quantile(const struct load_hist *hist, double quantile);

/* load_reply.c: 1 the answer is complete, 0 more is to come, -1 no HTTP. */
void load_reply_reset(struct load_reply *reply);
int load_reply_feed(struct load_reply *reply, const char *data, size_t len);
int load_reply_end(struct load_reply *reply);

/* load_conn.c: sockets. */
int load_conn_open(struct load *l, struct load_conn *conn);
void load_conn_close(struct load_conn *conn);
int load_conn_write(struct load_conn *conn);
int load_conn_read(struct load_conn *conn);
int load_idle_open(struct load *l);
void load_idle_close(struct load *l);

/* load_run.c */
uint64_t load_now(void);
int load_run(struct load *l);

/* load.c: says a word and waits for a line, where that is wanted. */
int load_step(const struct load *l, const char *word);

/* load_report.c: the line of JSON. */
void load_report(const struct load *l);

void *load_alloc(size_t n, size_t size) __attribute__((warn_unused_result));

#endif
