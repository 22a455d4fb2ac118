
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The spool's files; see ngx_http_lapor_segment.h and doc/spool.md.
 */


#include "ngx_http_lapor_segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>


/* more than the largest group and the largest record together */
#define NGX_HTTP_LAPOR_SEGMENT_MAX  ((off_t) 4 * NGX_HTTP_LAPOR_BODY_MAX)

/* names for a new segment, should others be taken or taken away */
#define NGX_HTTP_LAPOR_TRIES        16


static void ngx_http_lapor_put(unsigned char *p, uint64_t n, unsigned bytes);
static uint64_t ngx_http_lapor_get(const unsigned char *p, unsigned bytes);
static size_t ngx_http_lapor_record_claims(const unsigned char *p,
    size_t len);
static uint32_t ngx_http_lapor_record_crc(const unsigned char *p,
    size_t size);
static int ngx_http_lapor_record_torn(const unsigned char *p, size_t len);
static int ngx_http_lapor_record_whole(const unsigned char *p, size_t len);
static int ngx_http_lapor_make(const char *dir, const char *name);
static int ngx_http_lapor_sync_dir(const char *dir);
static int ngx_http_lapor_path(char *path, const char *dir,
    const char *name);
static int ngx_http_lapor_is_segment(const char *name);
static int ngx_http_lapor_ends(const char *name, const char *end);
static int ngx_http_lapor_select(const struct dirent *entry);
static int ngx_http_lapor_order(const struct dirent **a,
    const struct dirent **b);
static int ngx_http_lapor_take(const char *dir, const char *name);


static void
ngx_http_lapor_put(unsigned char *p, uint64_t n, unsigned bytes)
{
    while (bytes--) {
        *p++ = (unsigned char) n;
        n >>= 8;
    }
}


static uint64_t
ngx_http_lapor_get(const unsigned char *p, unsigned bytes)
{
    uint64_t  n;

    n = 0;

    while (bytes--) {
        n = n << 8 | p[bytes];
    }

    return n;
}


size_t
ngx_http_lapor_record_size(size_t key_len, size_t body_len)
{
    return NGX_HTTP_LAPOR_RECORD_HEAD + key_len + body_len;
}


unsigned char *
ngx_http_lapor_record_start(unsigned char *p, const unsigned char *key,
    size_t key_len, size_t body_len, uint64_t ms)
{
    memcpy(p, "LSP1", 4);
    ngx_http_lapor_put(p + 4, 0, 4);
    ngx_http_lapor_put(p + 8, key_len, 4);
    ngx_http_lapor_put(p + 12, body_len, 4);
    ngx_http_lapor_put(p + 16, ms, 8);
    memcpy(p + NGX_HTTP_LAPOR_RECORD_HEAD, key, key_len);

    return p + NGX_HTTP_LAPOR_RECORD_HEAD + key_len;
}


void
ngx_http_lapor_record_seal(unsigned char *p, size_t len)
{
    size_t          size;
    unsigned char  *last;

    for (last = p + len; p < last; p += size) {
        size = ngx_http_lapor_record_claims(p, (size_t) (last - p));
        ngx_http_lapor_put(p + 4, ngx_http_lapor_record_crc(p, size), 4);
    }
}


static uint32_t
ngx_http_lapor_record_crc(const unsigned char *p, size_t size)
{
    return (uint32_t) crc32_z(0, p + 8, size - 8);
}


/* what the head of a record says of its size, or 0 if it is no head */

static size_t
ngx_http_lapor_record_claims(const unsigned char *p, size_t len)
{
    uint64_t  key_len, body_len;

    if (len < NGX_HTTP_LAPOR_RECORD_HEAD || memcmp(p, "LSP1", 4) != 0) {
        return 0;
    }

    key_len = ngx_http_lapor_get(p + 8, 4);
    body_len = ngx_http_lapor_get(p + 12, 4);

    if (key_len == 0 || key_len > NGX_HTTP_LAPOR_KEY_MAX
        || body_len == 0 || body_len > NGX_HTTP_LAPOR_BODY_MAX)
    {
        return 0;
    }

    return ngx_http_lapor_record_size(key_len, body_len);
}


int
ngx_http_lapor_record_next(const unsigned char *p, size_t len, size_t *pos,
    ngx_http_lapor_record_t *ret_record, int *ret_damaged)
{
    size_t                size, start;
    const unsigned char  *head;

    start = *pos;

    while (*pos < len) {
        head = memchr(p + *pos, 'L', len - *pos);

        if (head == NULL) {
            break;
        }

        *pos = (size_t) (head - p);
        size = ngx_http_lapor_record_claims(head, len - *pos);

        if (size == 0 || size > len - *pos
            || ngx_http_lapor_record_crc(head, size)
               != ngx_http_lapor_get(head + 4, 4))
        {
            (*pos)++;
            continue;
        }

        if (*pos != start) {
            *ret_damaged = 1;
        }

        ret_record->key = head + NGX_HTTP_LAPOR_RECORD_HEAD;
        ret_record->key_len = ngx_http_lapor_get(head + 8, 4);
        ret_record->body = ret_record->key + ret_record->key_len;
        ret_record->body_len = ngx_http_lapor_get(head + 12, 4);
        ret_record->ms = ngx_http_lapor_get(head + 16, 8);

        *pos += size;

        return 1;
    }

    if (start < len && !ngx_http_lapor_record_torn(p + start, len - start)) {
        *ret_damaged = 1;
    }

    *pos = len;

    return 0;
}


/*
 * The bytes behind the last valid record were never acknowledged if the file
 * ends within them, or if they are zeros, which is how a file system shows
 * what it never wrote.
 */

static int
ngx_http_lapor_record_torn(const unsigned char *p, size_t len)
{
    size_t  i, size;

    if (len < NGX_HTTP_LAPOR_RECORD_HEAD) {
        if (memcmp(p, "LSP1", len < 4 ? len : 4) == 0) {
            return 1;
        }

    } else {
        size = ngx_http_lapor_record_claims(p, len);

        if (size > len) {
            return !ngx_http_lapor_record_whole(p, len);
        }
    }

    for (i = 0; i < len; i++) {
        if (p[i]) {
            return 0;
        }
    }

    return 1;
}


/*
 * A whole record at the end of the file, of whose lengths one has changed so
 * that it points behind the file, looks as if it were cut; its checksum is
 * right with the length that the file has room for.
 */

static int
ngx_http_lapor_record_whole(const unsigned char *p, size_t len)
{
    size_t         room, key_len, body_len;
    unsigned       i;
    uint32_t       crc;
    unsigned char  lengths[8];

    key_len = ngx_http_lapor_get(p + 8, 4);
    body_len = ngx_http_lapor_get(p + 12, 4);
    room = len - NGX_HTTP_LAPOR_RECORD_HEAD;

    for (i = 0; i < 2; i++) {
        if (i == 0 && key_len < room) {
            ngx_http_lapor_put(lengths, key_len, 4);
            ngx_http_lapor_put(lengths + 4, room - key_len, 4);

        } else if (i == 1 && body_len < room) {
            ngx_http_lapor_put(lengths, room - body_len, 4);
            ngx_http_lapor_put(lengths + 4, body_len, 4);

        } else {
            continue;
        }

        crc = (uint32_t) crc32_z(0, lengths, sizeof(lengths));
        crc = (uint32_t) crc32_z(crc, p + 16, len - 16);

        if (crc == ngx_http_lapor_get(p + 4, 4)) {
            return 1;
        }
    }

    return 0;
}


int
ngx_http_lapor_segment_create(const char *dir, uint64_t ms, unsigned seq,
    char *ret_name)
{
    int       fd;
    unsigned  try;

    fd = -1;

    for (try = 0; try < NGX_HTTP_LAPOR_TRIES; try++) {
        (void) snprintf(ret_name, NGX_HTTP_LAPOR_SEGMENT_NAME,
                        "%013" PRIu64 "-%07d-%06u.spool", ms % 10000000000000,
                        (int) getpid() % 10000000, (seq + try) % 1000000);

        fd = ngx_http_lapor_make(dir, ret_name);

        if (fd != -1 || (errno != EAGAIN && errno != EEXIST)) {
            break;
        }
    }

    return fd;
}


/* -1 and EAGAIN: who replays has found it before it was locked */

static int
ngx_http_lapor_make(const char *dir, const char *name)
{
    int          fd, err;
    char         path[PATH_MAX];
    struct stat  st;

    if (ngx_http_lapor_path(path, dir, name) != 0) {
        return -1;
    }

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_APPEND|O_CLOEXEC, 0600);
    if (fd == -1) {
        return -1;
    }

    err = EAGAIN;

    if (flock(fd, LOCK_EX|LOCK_NB) == -1 || fstat(fd, &st) == -1) {
        err = errno;

    } else if (st.st_nlink) {

        if (ngx_http_lapor_sync_dir(dir) == 0) {
            return fd;
        }

        err = errno;
        (void) unlink(path);
    }

    (void) close(fd);
    errno = err;

    return -1;
}


int
ngx_http_lapor_segment_append(int fd, const unsigned char *p, size_t len,
    off_t offset, int *ret_clean)
{
    int          err;
    size_t       done;
    ssize_t      n;
    struct stat  st;

    *ret_clean = 0;

    for (done = 0; done < len; done += (size_t) n) {
        n = write(fd, p + done, len - done);

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n == -1) {
            break;
        }
    }

    if (done == len) {

        /*
         * After a failed fsync() nobody knows what is on disk and the next
         * one would not tell: the file is given up.
         */

        if (fdatasync(fd) == -1 || fstat(fd, &st) == -1) {
            return -1;
        }

        errno = ENOENT;

        return st.st_nlink ? 0 : -1;
    }

    err = errno;
    *ret_clean = ftruncate(fd, offset) == 0;
    errno = err;

    return -1;
}


int
ngx_http_lapor_segment_oldest(const char *dir, const char *after,
    const char *before, char *ret_name)
{
    int              i, n, fd, err;
    struct dirent  **list;

    n = scandir(dir, &list, ngx_http_lapor_select, ngx_http_lapor_order);
    if (n == -1) {
        return -1;
    }

    fd = -1;
    err = 0;

    for (i = 0; i < n && fd == -1; i++) {
        if (strcmp(list[i]->d_name, after) <= 0) {
            continue;
        }

        if (before && strcmp(list[i]->d_name, before) >= 0) {
            break;
        }

        fd = ngx_http_lapor_take(dir, list[i]->d_name);

        if (fd != -1) {
            memcpy(ret_name, list[i]->d_name, strlen(list[i]->d_name) + 1);

        } else if (errno != EWOULDBLOCK && errno != ENOENT) {
            err = errno;
        }
    }

    for (i = 0; i < n; i++) {
        free(list[i]);
    }

    free(list);

    errno = err;

    return fd;
}


/* a segment that nobody holds, neither a living writer nor another reader */

static int
ngx_http_lapor_take(const char *dir, const char *name)
{
    int          fd, err;
    char         path[PATH_MAX];
    struct stat  st;

    if (ngx_http_lapor_path(path, dir, name) != 0) {
        return -1;
    }

    fd = open(path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_NONBLOCK);
    if (fd == -1) {
        return -1;
    }

    if (flock(fd, LOCK_EX|LOCK_NB) == 0 && fstat(fd, &st) == 0) {

        if (st.st_nlink != 0 && S_ISREG(st.st_mode)) {
            return fd;
        }

        errno = ENOENT;
    }

    err = errno;
    (void) close(fd);
    errno = err;

    return -1;
}


static int
ngx_http_lapor_select(const struct dirent *entry)
{
    return ngx_http_lapor_is_segment(entry->d_name);
}


/* names begin with their time, so this is the order of their making */

static int
ngx_http_lapor_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}


static int
ngx_http_lapor_is_segment(const char *name)
{
    size_t             i;

    static const char  like[] = "0000000000000-0000000-000000.spool";

    /* the null, too */

    for (i = 0; i < sizeof(like); i++) {
        if (like[i] == '0' ? name[i] < '0' || name[i] > '9'
                           : name[i] != like[i])
        {
            return 0;
        }
    }

    return 1;
}


static int
ngx_http_lapor_ends(const char *name, const char *end)
{
    size_t  len, end_len;

    len = strlen(name);
    end_len = strlen(end);

    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}


int
ngx_http_lapor_segment_read(int fd, unsigned char **ret_p, size_t *ret_len)
{
    int             err;
    size_t          len, done;
    ssize_t         n;
    struct stat     st;
    unsigned char  *p;

    if (fstat(fd, &st) == -1) {
        return -1;
    }

    if (st.st_size > NGX_HTTP_LAPOR_SEGMENT_MAX) {
        errno = EFBIG;
        return -1;
    }

    len = (size_t) st.st_size;

    p = malloc(len + 1);
    if (p == NULL) {
        return -1;
    }

    n = 0;

    for (done = 0; done < len; done += (size_t) n) {
        n = pread(fd, p + done, len - done, (off_t) done);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            break;
        }
    }

    if (done < len && n == -1) {
        err = errno;
        free(p);
        errno = err;
        return -1;
    }

    *ret_p = p;
    *ret_len = done;

    return 0;
}


int
ngx_http_lapor_segment_finish(const char *dir, const char *name, int damaged)
{
    int       rc;
    char      path[PATH_MAX], aside[PATH_MAX];
    char      other[NGX_HTTP_LAPOR_SEGMENT_NAME + 24];
    unsigned  try;

    if (ngx_http_lapor_path(path, dir, name) != 0) {
        return -1;
    }

    rc = damaged ? 0 : unlink(path);

    /* who replays has DIR/lock: nobody takes the name between these two */

    for (try = 0; damaged && rc == 0; try++) {
        (void) snprintf(other, sizeof(other), "%s.%u.damaged", name, try);

        if (try == 0) {
            (void) snprintf(other, sizeof(other), "%s.damaged", name);
        }

        rc = ngx_http_lapor_path(aside, dir, other);

        if (rc == 0 && access(aside, F_OK) == -1) {
            rc = rename(path, aside);
            break;
        }
    }

    return rc == 0 ? ngx_http_lapor_sync_dir(dir) : -1;
}


int
ngx_http_lapor_spool_lock(const char *dir)
{
    int   fd, err;
    char  path[PATH_MAX];

    if (ngx_http_lapor_path(path, dir, "lock") != 0) {
        return -1;
    }

    fd = open(path, O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1 || flock(fd, LOCK_EX|LOCK_NB) == 0) {
        return fd;
    }

    err = errno;
    (void) close(fd);
    errno = err;

    return -1;
}


int
ngx_http_lapor_spool_usage(const char *dir, ngx_http_lapor_usage_t *ret_usage)
{
    DIR            *d;
    struct stat     st;
    struct dirent  *entry;

    memset(ret_usage, 0, sizeof(*ret_usage));

    d = opendir(dir);
    if (d == NULL) {
        return -1;
    }

    while ((entry = readdir(d)) != NULL) {

        /* a file that is gone meanwhile takes no room */

        if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1
            || !S_ISREG(st.st_mode))
        {
            continue;
        }

        ret_usage->bytes += (uint64_t) st.st_size;

        if (ngx_http_lapor_is_segment(entry->d_name)) {
            ret_usage->files++;

        } else if (ngx_http_lapor_ends(entry->d_name, ".damaged")) {
            ret_usage->damaged++;
        }
    }

    (void) closedir(d);

    return 0;
}


static int
ngx_http_lapor_sync_dir(const char *dir)
{
    int  fd, rc, err;

    fd = open(dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);
    err = errno;
    (void) close(fd);
    errno = err;

    return rc;
}


static int
ngx_http_lapor_path(char *path, const char *dir, const char *name)
{
    int  n;

    n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

    if (n < 0 || n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return 0;
}
