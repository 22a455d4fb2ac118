/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The store of media: see media.h.  A journal line is
 *     add ID SIZE AT OWNER SHA256HEX MIME
 * or
 *     del ID
 * and follows the rename of the file, so that every id in the journal has
 * its bytes.  An entry is never freed before the store is, and a deleted one
 * is only marked.
 */

#include "t/graph/media.h"

#include "lib/codec.h"
#include "lib/log.h"
#include "lib/timeutil.h"
#include "t/graph/journal.h"
#include "t/graph/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define GRAPH_MEDIA_BUCKETS  4096

struct graph_media_entry {
    struct graph_media_entry  *next;
    struct graph_medium        medium;
    int                        deleted;
};

struct graph_media {
    pthread_mutex_t            lock;
    int                        dir;         /* of the files */
    struct graph_journal       journal;
    struct graph_media_entry  *buckets[GRAPH_MEDIA_BUCKETS];
};


static int graph_media_line(void *ctx, char *line, size_t len, off_t offset);
static int graph_media_line_add(struct graph_media *media, const char *line);
static void graph_media_sweep(struct graph_media *media);
static struct graph_media_entry **graph_media_bucket(
    struct graph_media *media, const char *id);
static struct graph_media_entry *graph_media_entry(struct graph_media *media,
    const char *id);
static void graph_media_keep(struct graph_media *media,
    const struct graph_medium *medium);
static void graph_media_new_id(struct graph_media *media, char *id);
static int graph_media_journal_add(struct graph_media *media,
    const struct graph_medium *m);


struct graph_media *
graph_media_open(const char *dir)
{
    char                 path[4096];
    struct graph_media  *media;

    media = graph_alloc(sizeof(struct graph_media));
    (void) pthread_mutex_init(&media->lock, NULL);

    (void) snprintf(path, sizeof(path), "%s/media", dir);
    if (mkdir(path, 0700) == -1 && errno != EEXIST) {
        lapor_log_err("could not make media directory: %s", strerror(errno));
        goto failed;
    }

    media->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (media->dir == -1) {
        lapor_log_err("could not open media directory: %s", strerror(errno));
        goto failed;
    }

    graph_media_sweep(media);

    if (graph_journal_open(&media->journal, dir, "media.journal",
                           graph_media_line, media) == 0)
    {
        return media;
    }

failed:

    graph_media_close(media);
    return NULL;
}


/* Uploads that a killed process left half-way. */

static void
graph_media_sweep(struct graph_media *media)
{
    int             fd;
    DIR            *dir;
    struct dirent  *entry;

    fd = openat(media->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    dir = fdopendir(fd);
    if (dir == NULL) {
        (void) close(fd);
        return;
    }

    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, "tmp.", 4) == 0) {
            (void) unlinkat(media->dir, entry->d_name, 0);
        }
    }

    (void) closedir(dir);
}


static int
graph_media_line(void *ctx, char *line, size_t len, off_t offset)
{
    struct graph_media        *media;
    struct graph_media_entry  *entry;

    (void) len;
    (void) offset;

    media = ctx;

    if (strncmp(line, "add ", 4) == 0) {
        return graph_media_line_add(media, line + 4);
    }

    if (strncmp(line, "del ", 4) == 0) {
        entry = graph_media_entry(media, line + 4);
        if (entry != NULL) {
            entry->deleted = 1;
        }

        return 0;
    }

    return -1;
}


static int
graph_media_line_add(struct graph_media *media, const char *line)
{
    int                  at;
    char                 hex[LAPOR_SHA256_HEX_LEN + 1];
    struct graph_medium  m;

    memset(&m, 0, sizeof(m));
    at = 0;

    if (sscanf(line, "%23s %" SCNd64 " %" SCNd64 " %23s %64s %n",
               m.id, &m.size, &m.at_ms, m.owner, hex, &at) != 5
        || at == 0
        || strlen(hex) != LAPOR_SHA256_HEX_LEN
        || lapor_hex_decode(hex, LAPOR_SHA256_HEX_LEN, m.sha256) == -1)
    {
        return -1;
    }

    (void) snprintf(m.mime, sizeof(m.mime), "%s", line + at);
    graph_media_keep(media, &m);

    return 0;
}


void
graph_media_close(struct graph_media *media)
{
    int                        i;
    struct graph_media_entry  *entry, *next;

    if (media == NULL) {
        return;
    }

    for (i = 0; i < GRAPH_MEDIA_BUCKETS; i++) {
        for (entry = media->buckets[i]; entry != NULL; entry = next) {
            next = entry->next;
            free(entry);
        }
    }

    if (media->dir > 0) {
        (void) close(media->dir);
    }

    graph_journal_close(&media->journal);
    (void) pthread_mutex_destroy(&media->lock);
    free(media);
}


/* Ids are random digits, so their last ones spread well. */

static struct graph_media_entry **
graph_media_bucket(struct graph_media *media, const char *id)
{
    return &media->buckets[strtoull(id, NULL, 10) % GRAPH_MEDIA_BUCKETS];
}


static struct graph_media_entry *
graph_media_entry(struct graph_media *media, const char *id)
{
    struct graph_media_entry  *entry;

    for (entry = *graph_media_bucket(media, id);
         entry != NULL;
         entry = entry->next)
    {
        if (strcmp(entry->medium.id, id) == 0) {
            return entry;
        }
    }

    return NULL;
}


static void
graph_media_keep(struct graph_media *media, const struct graph_medium *medium)
{
    struct graph_media_entry  *entry, **bucket;

    entry = graph_alloc(sizeof(struct graph_media_entry));
    entry->medium = *medium;

    bucket = graph_media_bucket(media, medium->id);
    entry->next = *bucket;
    *bucket = entry;
}


int
graph_media_find(struct graph_media *media, const char *id, int64_t ttl_s,
    struct graph_medium *ret_medium)
{
    int                        rc;
    struct graph_media_entry  *entry;

    rc = -1;
    (void) pthread_mutex_lock(&media->lock);

    entry = graph_media_entry(media, id);

    if (entry != NULL
        && !entry->deleted
        && lapor_time_ms() - entry->medium.at_ms <= ttl_s * 1000)
    {
        *ret_medium = entry->medium;
        rc = 0;
    }

    (void) pthread_mutex_unlock(&media->lock);
    return rc;
}


int
graph_media_delete(struct graph_media *media, const char *id)
{
    int                        rc, len;
    char                       line[64];
    struct graph_media_entry  *entry;

    rc = -1;
    (void) pthread_mutex_lock(&media->lock);

    entry = graph_media_entry(media, id);

    if (entry != NULL && !entry->deleted) {
        len = snprintf(line, sizeof(line), "del %s\n", entry->medium.id);
        rc = graph_journal_append(&media->journal, line, (size_t) len, NULL);
    }

    if (rc == 0) {
        entry->deleted = 1;
        (void) unlinkat(media->dir, entry->medium.id, 0);
    }

    (void) pthread_mutex_unlock(&media->lock);
    return rc;
}


int
graph_media_file(struct graph_media *media, const char *id)
{
    return openat(media->dir, id, O_RDONLY | O_CLOEXEC);
}


int
graph_upload_begin(struct graph_media *media, struct graph_upload *up)
{
    uint64_t  random;

    lapor_random_bytes(&random, sizeof(random));
    (void) snprintf(up->name, sizeof(up->name), "tmp.%016" PRIx64, random);

    up->size = 0;
    up->fd = openat(media->dir, up->name,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (up->fd == -1) {
        lapor_log_err("could not make media file: %s", strerror(errno));
        return -1;
    }

    lapor_sha256_init(&up->sha256);
    return 0;
}


int
graph_upload_write(struct graph_upload *up, const void *data, size_t len)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < len; done += (size_t) n) {
        n = write(up->fd, (const char *) data + done, len - done);

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n == -1) {
            lapor_log_err("could not write media file: %s", strerror(errno));
            return -1;
        }
    }

    lapor_sha256_update(&up->sha256, data, len);
    up->size += (int64_t) len;

    return 0;
}


void
graph_upload_abort(struct graph_media *media, struct graph_upload *up)
{
    if (up->fd != -1) {
        (void) close(up->fd);
        up->fd = -1;
        lapor_sha256_final(&up->sha256, NULL);
        (void) unlinkat(media->dir, up->name, 0);
    }
}


int
graph_upload_commit(struct graph_media *media, struct graph_upload *up,
    const char *mime, const char *owner, struct graph_medium *ret_medium)
{
    int                   rc;
    struct graph_medium  *m;

    m = ret_medium;
    memset(m, 0, sizeof(struct graph_medium));

    (void) close(up->fd);
    up->fd = -1;
    lapor_sha256_final(&up->sha256, m->sha256);

    m->size = up->size;
    m->at_ms = lapor_time_ms();
    (void) snprintf(m->owner, sizeof(m->owner), "%s", owner);
    (void) snprintf(m->mime, sizeof(m->mime), "%s", mime);
    m->mime[strcspn(m->mime, "\r\n")] = '\0';

    (void) pthread_mutex_lock(&media->lock);

    graph_media_new_id(media, m->id);

    rc = renameat(media->dir, up->name, media->dir, m->id);
    if (rc == -1) {
        lapor_log_err("could not keep media file: %s", strerror(errno));
        (void) unlinkat(media->dir, up->name, 0);

    } else {
        rc = graph_media_journal_add(media, m);
    }

    if (rc == 0) {
        graph_media_keep(media, m);
    }

    (void) pthread_mutex_unlock(&media->lock);
    return rc;
}


static void
graph_media_new_id(struct graph_media *media, char *id)
{
    uint64_t  random;

    do {
        lapor_random_bytes(&random, sizeof(random));
        (void) snprintf(id, GRAPH_ID_LEN, "%" PRIu64,
                        UINT64_C(1000000000000000)
                        + random % UINT64_C(9000000000000000));
    } while (graph_media_entry(media, id) != NULL);
}


static int
graph_media_journal_add(struct graph_media *media,
    const struct graph_medium *m)
{
    int   len;
    char  hex[LAPOR_SHA256_HEX_LEN + 1], line[512];

    lapor_hex_encode(m->sha256, LAPOR_SHA256_LEN, hex);

    len = snprintf(line, sizeof(line),
                   "add %s %" PRId64 " %" PRId64 " %s %s %s\n", m->id,
                   m->size, m->at_ms, m->owner, hex, m->mime);

    return graph_journal_append(&media->journal, line, (size_t) len, NULL);
}
