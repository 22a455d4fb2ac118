/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Rate limits with a borrowed burst (the generic cell rate algorithm): of
 * each key only the time is kept at which its quota will be repaid.  A key
 * whose quota is repaid is as good as a new one, so it is dropped when its
 * chain is walked.
 */

#include "t/graph/limits.h"

#include "t/graph/util.h"

#include <stdlib.h>
#include <string.h>


#define GRAPH_LIMITS_BUCKETS  16384

struct graph_limits_key {
    struct graph_limits_key  *next;
    int64_t                   repaid_us;
    char                      name[];
};

struct graph_limits {
    struct graph_limits_key  *buckets[GRAPH_LIMITS_BUCKETS];
};


static struct graph_limits_key **graph_limits_find(struct graph_limits *limits,
    const char *key, int64_t now_us);


struct graph_limits *
graph_limits_create(void)
{
    return graph_alloc(sizeof(struct graph_limits));
}


void
graph_limits_free(struct graph_limits *limits)
{
    if (limits != NULL) {
        graph_limits_reset(limits);
        free(limits);
    }
}


void
graph_limits_reset(struct graph_limits *limits)
{
    int                       i;
    struct graph_limits_key  *k, *next;

    for (i = 0; i < GRAPH_LIMITS_BUCKETS; i++) {
        for (k = limits->buckets[i]; k != NULL; k = next) {
            next = k->next;
            free(k);
        }

        limits->buckets[i] = NULL;
    }
}


int
graph_limits_allow(struct graph_limits *limits,
    const struct graph_limit *limit, const char *key, int64_t now_us)
{
    struct graph_limits_key  *k;

    if (limit->interval_us == 0) {
        return 1;
    }

    k = *graph_limits_find(limits, key, now_us);

    return k == NULL
           || k->repaid_us - now_us <= (limit->burst - 1) * limit->interval_us;
}


void
graph_limits_take(struct graph_limits *limits,
    const struct graph_limit *limit, const char *key, int64_t now_us)
{
    struct graph_limits_key  *k, **at;

    if (limit->interval_us == 0) {
        return;
    }

    at = graph_limits_find(limits, key, now_us);

    if (*at == NULL) {
        k = graph_alloc(sizeof(struct graph_limits_key) + strlen(key) + 1);
        memcpy(k->name, key, strlen(key) + 1);
        k->repaid_us = now_us;
        *at = k;
    }

    (*at)->repaid_us += limit->interval_us;
}


/* The place of the key in its chain, or the chain's end. */

static struct graph_limits_key **
graph_limits_find(struct graph_limits *limits, const char *key,
    int64_t now_us)
{
    uint32_t                   hash;
    const unsigned char       *p;
    struct graph_limits_key   *k, **at;

    hash = 2166136261u;

    for (p = (const unsigned char *) key; *p != '\0'; p++) {
        hash = (hash ^ *p) * 16777619u;
    }

    at = &limits->buckets[hash % GRAPH_LIMITS_BUCKETS];

    while ((k = *at) != NULL) {
        if (k->repaid_us <= now_us) {
            *at = k->next;
            free(k);
            continue;
        }

        if (strcmp(k->name, key) == 0) {
            break;
        }

        at = &k->next;
    }

    return at;
}
