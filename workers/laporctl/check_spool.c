/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The spool: is it there, does it flow, is it whole, and does its disk fill
 * together with Redis's.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "laporctl/check.h"
#include "laporctl/spool.h"
#include "lib/buf.h"
#include "lib/heap.h"
#include "lib/timeutil.h"


#define FREE_PERCENT  10

/* nginx begins to empty it a moment after Redis is back. */
#define FLOW_MS  INT64_C(300000)


static void check_missing(struct ctl_check *c, const char *path, int error);
static void check_room(struct ctl_check *c, const struct ctl_spool_dir *dir);
static void check_aside(struct ctl_check *c, const struct ctl_spool_dir *dir);
static void check_flow(struct ctl_check *c, const struct ctl_spool_dir *dir);
static int first_ms(const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file, int64_t *ret_ms);
static void check_disk(struct ctl_check *c, const struct ctl_spool_dir *dir);
static int is_here(const char *address);
static char *ask(struct lapor_redis *r, const char *name);
static void compare_disks(struct ctl_check *c,
    const struct ctl_spool_dir *dir, const char *redis_dir,
    const char *aof_dir);


void
lapor_ctl_check_spool(struct ctl_check *c)
{
    const char            *path;
    struct ctl_spool_dir   dir;

    path = c->conf->spool;

    if (strcmp(path, "off") == 0) {
        lapor_ctl_say(c, CTL_WARN, "spool", "off in [laporctl], so not "
                      "looked at");
        return;
    }

    if (lapor_ctl_spool_dir(&dir, path) == -1) {
        check_missing(c, path, errno);
        return;
    }

    check_room(c, &dir);
    check_aside(c, &dir);
    check_flow(c, &dir);
    check_disk(c, &dir);
    lapor_ctl_spool_dir_close(&dir);
}


static void
check_missing(struct ctl_check *c, const char *path, int error)
{
    struct stat  st;

    if (error == ENOENT) {
        lapor_ctl_say(c, CTL_WARN, "spool", "%s is not there: nginx makes it "
                      "when lapor_spool names it; without one each "
                      "webhook is refused while Redis is away", path);

    } else if (error == EACCES && stat(path, &st) == 0) {
        lapor_ctl_say(c, CTL_WARN, "spool", "not looked at: %s belongs to "
                      "uid %ld with mode %04o; be that user or root", path,
                      (long) st.st_uid, (unsigned) st.st_mode & 07777);

    } else {
        lapor_ctl_say(c, CTL_BAD, "spool", "%s: %s", path, strerror(error));
    }
}


static void
check_room(struct ctl_check *c, const struct ctl_spool_dir *dir)
{
    double          left;
    struct statvfs  fs;

    if (fstatvfs(dir->fd, &fs) == -1 || fs.f_blocks == 0) {
        lapor_ctl_say(c, CTL_OK, "spool", "%s", dir->path);
        return;
    }

    left = 100.0 * (double) fs.f_bavail / (double) fs.f_blocks;
    lapor_ctl_say(c, left < FREE_PERCENT ? CTL_WARN : CTL_OK, "spool",
                  "%s, %.0f %% free", dir->path, left);
}


static void
check_aside(struct ctl_check *c, const struct ctl_spool_dir *dir)
{
    int          aside, foreign;
    size_t       i;
    const char  *first;

    aside = foreign = 0;
    first = "";

    for (i = 0; i < dir->n; i++) {
        if (dir->files[i].kind == CTL_SPOOL_ASIDE) {
            first = aside++ == 0 ? dir->files[i].name : first;
        }

        foreign += dir->files[i].kind == CTL_SPOOL_FOREIGN;
    }

    if (aside > 0) {
        lapor_ctl_say(c, CTL_WARN, "spool damage", "%d files are set aside, "
                      "the first is %s: see laporctl spool verify", aside,
                      first);

    } else {
        lapor_ctl_say(c, CTL_OK, "spool damage", "no file is set aside");
    }

    if (foreign > 0) {
        lapor_ctl_say(c, CTL_WARN, "spool names", "%d files have names that "
                      "nginx gives to none, and nobody reads them: see "
                      "laporctl spool list", foreign);
    }
}


/* Records stand in a file in the order in which they came. */

static void
check_flow(struct ctl_check *c, const struct ctl_spool_dir *dir)
{
    int      unread;
    size_t   i;
    int64_t  ms, oldest;
    char     time[LAPOR_TIME_LEN];

    unread = 0;
    oldest = INT64_MAX;

    for (i = 0; i < dir->n; i++) {
        if (dir->files[i].kind != CTL_SPOOL_SEGMENT) {
            continue;
        }

        if (first_ms(dir, &dir->files[i], &ms) == -1) {
            unread += errno != ENOENT;
            continue;
        }

        oldest = ms < oldest ? ms : oldest;
    }

    if (unread > 0) {
        lapor_ctl_say(c, CTL_WARN, "spool files", "%d cannot be read, so how "
                      "old they are is not known", unread);
    }

    if (oldest == INT64_MAX) {
        lapor_ctl_say(c, CTL_OK, "spool age", "holds no record%s",
                      unread > 0 ? " that could be read" : "");
        return;
    }

    lapor_time_format(oldest, time);
    ms = lapor_time_ms() - oldest;

    if (ms > FLOW_MS) {
        lapor_ctl_say(c, CTL_WARN, "spool age", "its oldest record has "
                      "waited since %s, %" PRId64 " minutes: it does not "
                      "flow into Redis", time, ms / 60000);

    } else {
        lapor_ctl_say(c, CTL_OK, "spool age", "its oldest record came at %s",
                      time);
    }
}


/* -1 with errno; INT64_MAX: there is no whole record. */

static int
first_ms(const struct ctl_spool_dir *dir, const struct ctl_spool_file *file,
    int64_t *ret_ms)
{
    int                      fd, saved;
    enum ctl_spool_piece     piece;
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    *ret_ms = INT64_MAX;
    fd = lapor_ctl_spool_file_open(dir, file);

    if (fd == -1) {
        return -1;
    }

    piece = CTL_SPOOL_ERROR;

    if (lapor_ctl_spool_open(&r, fd) == 0) {
        do {
            piece = lapor_ctl_spool_next(&r, &item);
        } while (piece > CTL_SPOOL_RECORD);

        *ret_ms = piece == CTL_SPOOL_RECORD ? item.ms : INT64_MAX;
    }

    saved = errno;
    lapor_ctl_spool_close(&r);
    close(fd);
    errno = saved;

    return piece == CTL_SPOOL_ERROR ? -1 : 0;
}


/* Only where Redis's files are this machine's can they be compared. */

static void
check_disk(struct ctl_check *c, const struct ctl_spool_dir *dir)
{
    char                     *redis_dir, *aof_dir;
    struct lapor_redis       *r;
    struct lapor_redis_conf   conf;

    lapor_common_redis(&c->conf->common, "laporctl", &conf);

    if (!is_here(conf.address)) {
        lapor_ctl_say(c, CTL_OK, "spool disk", "Redis is on another machine");
        return;
    }

    r = lapor_redis_new(&conf);
    redis_dir = ask(r, "dir");
    aof_dir = ask(r, "appenddirname");

    if (redis_dir == NULL) {
        lapor_ctl_say(c, CTL_WARN, "spool disk", "not compared with Redis's, "
                      "which does not tell its directory");

    } else {
        compare_disks(c, dir, redis_dir, aof_dir);
    }

    free(redis_dir);
    free(aof_dir);
    lapor_redis_free(r);
}


static int
is_here(const char *address)
{
    return strncmp(address, "unix:", 5) == 0
           || strncmp(address, "127.", 4) == 0
           || strncmp(address, "::1:", 4) == 0
           || strncasecmp(address, "localhost:", 10) == 0;
}


/* The value of a setting, the caller's to free; NULL if it is not told. */

static char *
ask(struct lapor_redis *r, const char *name)
{
    char        *value;
    redisReply  *reply;

    value = NULL;
    reply = lapor_redis_cmd(r, "CONFIG GET %s", name);

    if (!lapor_redis_failed(reply) && reply->type == REDIS_REPLY_ARRAY
        && reply->elements == 2 && reply->element[1]->str != NULL)
    {
        value = lapor_heap_copy(reply->element[1]->str);
    }

    if (reply != NULL) {
        freeReplyObject(reply);
    }

    return value;
}


static void
compare_disks(struct ctl_check *c, const struct ctl_spool_dir *dir,
    const char *redis_dir, const char *aof_dir)
{
    int               rc;
    struct stat       spool, redis;
    struct lapor_buf  path;

    lapor_buf_init(&path);
    lapor_buf_printf(&path, "%s/%s", redis_dir,
                     aof_dir == NULL ? "" : aof_dir);

    rc = stat(lapor_buf_cstr(&path), &redis);

    /* before its first write Redis has no directory for the AOF */
    if (rc == -1 && errno == ENOENT) {
        rc = stat(redis_dir, &redis);
    }

    lapor_buf_free(&path);

    if (rc == -1 || fstat(dir->fd, &spool) == -1) {
        lapor_ctl_say(c, CTL_WARN, "spool disk", "not compared with that of "
                      "Redis: %s: %s", redis_dir, strerror(errno));

    } else if (spool.st_dev == redis.st_dev) {
        lapor_ctl_say(c, CTL_WARN, "spool disk", "the file system is that of "
                      "Redis's append-only file in %s: Redis stops when it "
                      "is full, and the spool would be full with it",
                      redis_dir);

    } else {
        lapor_ctl_say(c, CTL_OK, "spool disk", "another file system than "
                      "that of Redis's append-only file");
    }
}
