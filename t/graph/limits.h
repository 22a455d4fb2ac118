/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Rate limits with a borrowed burst: a key may be used once an interval, and
 * up to `burst` times at once, after which the quota must be repaid before
 * the next use.  That is how Meta describes the pair limit (one message in
 * 6 s to one user, burst of 45), and the throughput of a number is the same
 * rule with another interval.
 */

#ifndef GRAPH_LIMITS_H
#define GRAPH_LIMITS_H

#include <stdint.h>


struct graph_limits;

struct graph_limit {
    int64_t  interval_us;   /* 0 = no limit */
    int64_t  burst;
};


struct graph_limits *graph_limits_create(void);
void graph_limits_free(struct graph_limits *limits);
void graph_limits_reset(struct graph_limits *limits);

/* 1 if one more use of the key is allowed at now_us; nothing is taken. */
int graph_limits_allow(struct graph_limits *limits,
    const struct graph_limit *limit, const char *key, int64_t now_us);

/* Counts one use, allowed or not. */
void graph_limits_take(struct graph_limits *limits,
    const struct graph_limit *limit, const char *key, int64_t now_us);

#endif
