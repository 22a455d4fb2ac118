/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Reading what the Graph API answers about media, and deciding what follows
 * from a refusal (Cloud API: media, error codes). Pure functions.
 */

#ifndef LAPOR_MEDIA_ANSWER_H
#define LAPOR_MEDIA_ANSWER_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/graph.h"
#include "lib/pool.h"
#include "lib/sha256.h"
#include "lib/str.h"


struct lapor_media_url {
    struct lapor_str  url;          /* in the pool, with a NUL behind it */
    int64_t           size;         /* bytes, -1 when not told */
    bool              hashed;
    unsigned char     sha256[LAPOR_SHA256_LEN];
};

enum lapor_media_step {
    LAPOR_MEDIA_ASK,        /* GET /{media id} */
    LAPOR_MEDIA_FETCH       /* GET of the URL that was answered */
};

enum lapor_media_verdict {
    LAPOR_MEDIA_AGAIN,      /* this file, later */
    LAPOR_MEDIA_BRAKE,      /* Graph asks for less, or is ill: all, later */
    LAPOR_MEDIA_AUTH,       /* the token or a permission: people must act */
    LAPOR_MEDIA_EXPIRED,    /* the URL; ask for another one */
    LAPOR_MEDIA_MISSING,    /* Meta has it no more, or hides it from us */
    LAPOR_MEDIA_REFUSED     /* will hardly change: a few times more */
};


/* The answer to ASK; -1 when it names no URL. */
int lapor_media_url_read(struct lapor_pool *pool, const char *body,
    size_t len, struct lapor_media_url *ret_url)
    __attribute__((warn_unused_result));

/* 64 hex digits, or base64 (with or without padding) of 32 bytes. */
int lapor_media_sha256_read(struct lapor_str text,
    unsigned char ret_sha256[LAPOR_SHA256_LEN])
    __attribute__((warn_unused_result));

/* What follows from an answer that is not 200. */
enum lapor_media_verdict lapor_media_judge(enum lapor_media_step step,
    const struct lapor_graph_error *error);


#endif
