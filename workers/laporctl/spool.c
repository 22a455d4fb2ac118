/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The directory belongs to nginx's user, and a person is often root: names
 * are opened below the directory's descriptor, no link is followed, and only
 * regular files are read.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "laporctl/spool.h"
#include "lib/heap.h"
#include "lib/log.h"


#define SPOOL_SUFFIX  ".spool"
#define SPOOL_ASIDE   ".damaged"

/* "MS-PID-SEQ.spool", 0 a digit. */
#define SPOOL_PATTERN  "0000000000000-0000000-000000" SPOOL_SUFFIX


static void add_name(struct ctl_spool_dir *dir, const char *name,
    size_t *size);
static int is_plain(const char *name);
static int is_segment(const char *name, size_t len);
static int compare(const void *one, const void *two);
static void add_range(struct ctl_spool_sum *sum,
    const struct ctl_spool_item *item);
static int has(const redisReply *settings, const char *name,
    const char *value);


const char *
lapor_ctl_spool_path(struct ctl_args *args)
{
    const char  *path;

    if (args->n > 0) {
        return args->files[0];
    }

    path = lapor_ctl_conf(args)->spool;

    if (strcmp(path, "off") == 0) {
        exit(lapor_ctl_usage(args, "spool is off in [laporctl], so name a "
                             "directory"));
    }

    return path;
}


int
lapor_ctl_spool_dir(struct ctl_spool_dir *dir, const char *path)
{
    int             saved, copy;
    DIR            *d;
    size_t          size;
    struct dirent  *e;

    memset(dir, 0, sizeof(*dir));
    dir->path = path;
    dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir->fd == -1) {
        return -1;
    }

    copy = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0);
    d = copy == -1 ? NULL : fdopendir(copy);

    if (d == NULL) {
        saved = errno;
        goto failed;
    }

    size = 0;

    while (errno = 0, (e = readdir(d)) != NULL) {
        add_name(dir, e->d_name, &size);
    }

    saved = errno;
    closedir(d);
    copy = -1;

    if (saved == 0) {
        if (dir->n > 1) {
            qsort(dir->files, dir->n, sizeof(*dir->files), compare);
        }

        return 0;
    }

failed:

    if (copy != -1) {
        close(copy);
    }

    lapor_ctl_spool_dir_close(dir);
    errno = saved;
    return -1;
}


static void
add_name(struct ctl_spool_dir *dir, const char *name, size_t *size)
{
    size_t                  len, aside;
    struct ctl_spool_file  *files, *file;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0
        || strcmp(name, CTL_SPOOL_LOCK) == 0)
    {
        return;
    }

    if (dir->n == *size) {
        *size = *size == 0 ? 64 : *size * 2;
        files = realloc(dir->files, *size * sizeof(*files));

        if (files == NULL) {
            lapor_fatal_memory();
        }

        dir->files = files;
    }

    len = strlen(name);
    aside = strlen(SPOOL_ASIDE);
    file = &dir->files[dir->n++];
    memset(file, 0, sizeof(*file));
    file->name = lapor_heap_copy(name);
    file->kind = CTL_SPOOL_FOREIGN;

    if (len > aside && strcmp(name + len - aside, SPOOL_ASIDE) == 0
        && is_plain(name))
    {
        file->kind = CTL_SPOOL_ASIDE;
        len -= aside;

    } else if (is_segment(name, len)) {
        file->kind = CTL_SPOOL_SEGMENT;
    }

    if (is_segment(name, len)) {
        file->created_ms = strtoll(name, NULL, 10);
    }
}


/* No name is printed that would steer a terminal. */

static int
is_plain(const char *name)
{
    while (*name > ' ' && *name < 0x7f) {
        name++;
    }

    return *name == '\0';
}


static int
is_segment(const char *name, size_t len)
{
    size_t       i;
    const char  *pattern = SPOOL_PATTERN;

    if (len != strlen(pattern)) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (pattern[i] == '0' ? !isdigit((unsigned char) name[i])
                              : pattern[i] != name[i])
        {
            return 0;
        }
    }

    return 1;
}


static int
compare(const void *one, const void *two)
{
    const struct ctl_spool_file  *a, *b;

    a = one;
    b = two;

    return strcmp(a->name, b->name);
}


void
lapor_ctl_spool_dir_close(struct ctl_spool_dir *dir)
{
    size_t  i;

    for (i = 0; i < dir->n; i++) {
        free(dir->files[i].name);
    }

    free(dir->files);
    dir->files = NULL;
    dir->n = 0;

    if (dir->fd != -1) {
        close(dir->fd);
        dir->fd = -1;
    }
}


int
lapor_ctl_spool_dir_say(struct ctl_spool_dir *dir, const char *path)
{
    int          saved;
    struct stat  st;

    if (lapor_ctl_spool_dir(dir, path) == 0) {
        return 0;
    }

    saved = errno;

    if (saved == EACCES && stat(path, &st) == 0) {
        lapor_ctl_fail("%s: %s: it belongs to uid %ld with mode %04o; be "
                       "that user or root", path, strerror(saved),
                       (long) st.st_uid, (unsigned) st.st_mode & 07777);

    } else {
        lapor_ctl_fail("%s: %s", path, strerror(saved));
    }

    return -1;
}


int
lapor_ctl_spool_file_open(const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file)
{
    int          fd;
    struct stat  st;

    /* not to wait for the other side of a pipe */
    fd = openat(dir->fd, file->name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        close(fd);
        errno = EINVAL;
        return -1;
    }

    return fd;
}


/*
 * A shared lock is enough to see an exclusive one. It is not taken of an
 * empty file: that one may be a moment old, and its writer about to lock it.
 */

int
lapor_ctl_spool_held(int fd)
{
    struct stat  st;

    if (fstat(fd, &st) == 0 && st.st_size == 0) {
        return 0;
    }

    if (flock(fd, LOCK_SH | LOCK_NB) == -1) {
        return errno == EWOULDBLOCK;
    }

    (void) flock(fd, LOCK_UN);
    return 0;
}


void
lapor_ctl_spool_sum(const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file, struct ctl_spool_sum *ret_sum)
{
    int                      fd;
    enum ctl_spool_piece     piece;
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    memset(ret_sum, 0, sizeof(*ret_sum));
    ret_sum->oldest_ms = INT64_MAX;
    fd = lapor_ctl_spool_file_open(dir, file);

    if (fd == -1) {
        ret_sum->error = errno;
        return;
    }

    /* before it is read: what was finished stays as it is */
    ret_sum->held = lapor_ctl_spool_held(fd);

    if (lapor_ctl_spool_open(&r, fd) == -1) {
        ret_sum->error = errno;
        close(fd);
        return;
    }

    while ((piece = lapor_ctl_spool_next(&r, &item)) > CTL_SPOOL_END) {

        if (piece == CTL_SPOOL_RECORD) {
            ret_sum->records++;
            ret_sum->bytes += (int64_t) item.body.len;
            ret_sum->oldest_ms = item.ms < ret_sum->oldest_ms
                                 ? item.ms : ret_sum->oldest_ms;

        } else if (piece == CTL_SPOOL_TORN) {
            ret_sum->torn.offset = item.offset;
            ret_sum->torn.bytes = item.bytes;
            ret_sum->torn.why = item.why;

        } else {
            add_range(ret_sum, &item);
        }
    }

    ret_sum->error = piece == CTL_SPOOL_ERROR ? errno : 0;
    ret_sum->size = r.size;
    lapor_ctl_spool_close(&r);
    close(fd);
}


static void
add_range(struct ctl_spool_sum *sum, const struct ctl_spool_item *item)
{
    struct ctl_spool_range  *range;

    if (sum->ndamaged < CTL_SPOOL_RANGES) {
        range = &sum->damaged[sum->ndamaged];
        range->offset = item->offset;
        range->bytes = item->bytes;
        range->why = item->why;
    }

    sum->ndamaged++;
    sum->damaged_bytes += item->bytes;
}


int
lapor_ctl_spool_strength(struct lapor_redis *r)
{
    int          rc;
    redisReply  *reply;

    reply = lapor_redis_cmd(r, "CONFIG GET appendonly appendfsync "
                            "no-appendfsync-on-rewrite maxmemory-policy "
                            "replicaof");

    if (lapor_redis_failed(reply) || reply->type != REDIS_REPLY_ARRAY) {
        rc = -1;

    } else if (has(reply, "maxmemory-policy", "allkeys-lru")
               || has(reply, "maxmemory-policy", "allkeys-lfu")
               || has(reply, "maxmemory-policy", "allkeys-random")
               || !has(reply, "replicaof", "")
               || !has(reply, "appendonly", "yes")
               || !has(reply, "no-appendfsync-on-rewrite", "no"))
    {
        rc = 0;

    } else {
        rc = has(reply, "appendfsync", "always") ? 2
             : has(reply, "appendfsync", "everysec");
    }

    if (reply != NULL) {
        freeReplyObject(reply);
    }

    return rc;
}


static int
has(const redisReply *settings, const char *name, const char *value)
{
    size_t  i;

    for (i = 0; i + 1 < settings->elements; i += 2) {
        if (settings->element[i]->str != NULL
            && settings->element[i + 1]->str != NULL
            && strcasecmp(settings->element[i]->str, name) == 0)
        {
            return strcasecmp(settings->element[i + 1]->str, value) == 0;
        }
    }

    return 0;
}
