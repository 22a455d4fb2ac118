/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Media files: bytes under DIR/media/ID, one line of a journal for each.
 * Shared by all threads, with a lock of its own.
 */

#ifndef GRAPH_MEDIA_H
#define GRAPH_MEDIA_H

#include "lib/sha256.h"

#include <stddef.h>
#include <stdint.h>


#define GRAPH_ID_LEN    24      /* with its null */
#define GRAPH_MIME_LEN  200

struct graph_media;             /* the store */

struct graph_medium {
    char           id[GRAPH_ID_LEN];
    char           owner[GRAPH_ID_LEN];     /* phone number id, or "-" */
    char           mime[GRAPH_MIME_LEN];
    unsigned char  sha256[LAPOR_SHA256_LEN];
    int64_t        size;
    int64_t        at_ms;
};

/* Bytes on their way in; a file of its own until it is committed. */
struct graph_upload {
    int                  fd;
    char                 name[32];
    int64_t              size;
    struct lapor_sha256  sha256;
};


struct graph_media *graph_media_open(const char *dir);
void graph_media_close(struct graph_media *media);

int graph_upload_begin(struct graph_media *media, struct graph_upload *up)
    __attribute__((warn_unused_result));

int graph_upload_write(struct graph_upload *up, const void *data, size_t len)
    __attribute__((warn_unused_result));

/* Keeps the bytes under a new id; the upload is closed either way. */
int graph_upload_commit(struct graph_media *media, struct graph_upload *up,
    const char *mime, const char *owner, struct graph_medium *ret_medium)
    __attribute__((warn_unused_result));

void graph_upload_abort(struct graph_media *media, struct graph_upload *up);

/* -1 when there is no such id, it was deleted, or it is older than ttl_s. */
int graph_media_find(struct graph_media *media, const char *id, int64_t ttl_s,
    struct graph_medium *ret_medium) __attribute__((warn_unused_result));

int graph_media_delete(struct graph_media *media, const char *id)
    __attribute__((warn_unused_result));

/* An open file, which the caller closes, or -1. */
int graph_media_file(struct graph_media *media, const char *id)
    __attribute__((warn_unused_result));

#endif
