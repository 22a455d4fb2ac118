/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl spool replay: what nginx's workers do by themselves, for a spool
 * that no nginx is left to empty.
 *
 * A file goes only after Redis has acknowledged each of its records. Whatever
 * happens before, it stays as it is, and the next run sends all of it again:
 * what is in Redis twice is stored once.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "laporctl/queue.h"
#include "laporctl/spool.h"
#include "lib/buf.h"


/* Sent before the answers are read: few enough that live webhooks, which
 * wait behind them in Redis, do not notice. */
#define REPLAY_RECORDS  128
#define REPLAY_BYTES    (1 << 20)

struct replay {
    struct ctl_args       *args;
    struct lapor_redis    *redis;   /* NULL: dry run */
    struct ctl_spool_dir   dir;
    int                    lock;
    bool                   weak;    /* any Redis will do */
    bool                   aside;   /* .damaged files instead of segments */
    int                    waiting; /* records without an answer */
    size_t                 bytes;   /* of their bodies */

    int64_t                files;   /* done: they are gone, or set aside */
    int64_t                records;
    int64_t                body_bytes;
    int64_t                in_use;
    int64_t                torn;
    int64_t                damaged;
    int64_t                failed;
    int64_t                foreign; /* of other names, left alone */
};

struct replay_file {
    const struct ctl_spool_file  *file;
    int                           fd;
    int64_t                       records;
    int64_t                       bytes;
    bool                          damaged;
};


static int replay_all(struct replay *rp);
static int take_lock(struct replay *rp);
static int open_lock(const struct ctl_spool_dir *dir);
static int check_strength(struct replay *rp);
static int replay_one(struct replay *rp, const struct ctl_spool_file *file);
static int claim(struct replay *rp, struct replay_file *rf);
static int send_file(struct replay *rp, struct replay_file *rf);
static int send_record(struct replay *rp, struct replay_file *rf,
    const struct ctl_spool_item *item);
static int answers(struct replay *rp, const struct replay_file *rf);
static int finish(struct replay *rp, struct replay_file *rf);
static int set_aside(struct replay *rp, const struct replay_file *rf);
static void note(const struct replay *rp, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void report(const struct replay *rp);


const struct ctl_option  lapor_ctl_spool_replay_options[] = {
    { "dry-run", NULL, "count, and change nothing; Redis is not asked" },
    { "weak", NULL, "even into a Redis that answers before its fsync" },
    { "damaged", NULL, "what is whole in *.damaged; these files stay" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_spool_replay(struct ctl_args *args)
{
    int            status;
    const char    *path;
    struct replay  rp;

    memset(&rp, 0, sizeof(rp));
    rp.args = args;
    rp.lock = -1;
    rp.weak = lapor_ctl_flag(args, "weak");
    rp.aside = lapor_ctl_flag(args, "damaged");

    path = lapor_ctl_spool_path(args);

    if (lapor_ctl_spool_dir_say(&rp.dir, path) == -1) {
        return CTL_EXIT_FAILED;
    }

    status = 0;

    if (!lapor_ctl_flag(args, "dry-run")) {
        status = take_lock(&rp);

        if (status == 0) {
            rp.redis = lapor_ctl_redis(lapor_ctl_conf(args));
            status = check_strength(&rp);
        }
    }

    if (status == 0) {
        status = replay_all(&rp);
        report(&rp);
    }

    if (rp.lock != -1) {
        close(rp.lock);
    }

    lapor_redis_free(rp.redis);
    lapor_ctl_spool_dir_close(&rp.dir);

    return status == 0 && rp.failed + rp.damaged == 0 ? 0 : CTL_EXIT_FAILED;
}


static int
replay_all(struct replay *rp)
{
    size_t               i;
    enum ctl_spool_kind  kind;

    kind = rp->aside ? CTL_SPOOL_ASIDE : CTL_SPOOL_SEGMENT;

    for (i = 0; i < rp->dir.n; i++) {

        rp->foreign += rp->dir.files[i].kind == CTL_SPOOL_FOREIGN;

        if (rp->dir.files[i].kind == kind
            && replay_one(rp, &rp->dir.files[i]) != 0)
        {
            return CTL_EXIT_FAILED;
        }
    }

    return 0;
}


/* Held until the end: nginx and others keep away meanwhile. */

static int
take_lock(struct replay *rp)
{
    /* what cannot be removed would be sent again with every run */
    if (faccessat(rp->dir.fd, ".", W_OK | X_OK, AT_EACCESS) == -1) {
        return lapor_ctl_fail("%s: what is replayed could not be removed: "
                              "%s", rp->dir.path, strerror(errno));
    }

    rp->lock = open_lock(&rp->dir);

    if (rp->lock == -1) {
        return lapor_ctl_fail("%s/" CTL_SPOOL_LOCK ": %s", rp->dir.path,
                              strerror(errno));
    }

    if (flock(rp->lock, LOCK_EX | LOCK_NB) == 0) {
        return 0;
    }

    if (errno == EWOULDBLOCK) {
        return lapor_ctl_fail("%s: nginx, or another laporctl, is replaying "
                              "it just now", rp->dir.path);
    }

    return lapor_ctl_fail("%s/" CTL_SPOOL_LOCK ": %s", rp->dir.path,
                          strerror(errno));
}


/* A lock that root makes must be one that nginx's workers can open. */

static int
open_lock(const struct ctl_spool_dir *dir)
{
    int          fd, saved;
    struct stat  st;

    fd = openat(dir->fd, CTL_SPOOL_LOCK,
                O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd == -1 && errno == EEXIST) {
        return openat(dir->fd, CTL_SPOOL_LOCK,
                      O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }

    if (fd == -1 || geteuid() != 0) {
        return fd;
    }

    if (fstat(dir->fd, &st) == -1 || fchown(fd, st.st_uid, st.st_gid) == -1) {
        saved = errno;
        (void) unlinkat(dir->fd, CTL_SPOOL_LOCK, 0);
        close(fd);
        errno = saved;
        return -1;
    }

    return fd;
}


/* Again before each file: a setting may have changed, or the server. */

static int
check_strength(struct replay *rp)
{
    int  strength;

    if (rp->redis == NULL || rp->weak) {
        return 0;
    }

    strength = lapor_ctl_spool_strength(rp->redis);

    if (strength == 2) {
        return 0;
    }

    if (!lapor_redis_connected(rp->redis)) {
        return lapor_ctl_fail("redis went away; run this again when it is "
                              "back");
    }

    if (strength == -1) {
        return lapor_ctl_fail("redis does not tell its settings; --weak does "
                              "without");
    }

    return lapor_ctl_fail("redis is weaker than fsync, so a record could be "
                          "lost after its file is gone: see appendonly, "
                          "appendfsync, no-appendfsync-on-rewrite, "
                          "maxmemory-policy, replicaof; --weak takes it all "
                          "the same");
}


/* 0: go on with the next file. */

static int
replay_one(struct replay *rp, const struct ctl_spool_file *file)
{
    int                 rc;
    struct replay_file  rf;

    memset(&rf, 0, sizeof(rf));
    rf.file = file;
    rf.fd = lapor_ctl_spool_file_open(&rp->dir, file);

    if (rf.fd == -1) {
        if (errno == ENOENT) {
            return 0;
        }

        lapor_ctl_fail("%s: %s, left alone", file->name, strerror(errno));
        rp->failed++;
        return 0;
    }

    rc = claim(rp, &rf);

    if (rc == 1) {
        rc = check_strength(rp);

        if (rc == 0) {
            rc = send_file(rp, &rf);
        }

        if (rc == 0) {
            rc = finish(rp, &rf);
        }

        if (rc == -1) {
            rp->failed++;
            rc = 0;
        }
    }

    close(rf.fd);
    return rc;
}


/* 1: the file is ours until it is closed. 0: it is not to be touched. */

static int
claim(struct replay *rp, struct replay_file *rf)
{
    struct stat  st;

    if (rp->redis == NULL) {
        if (!lapor_ctl_spool_held(rf->fd)) {
            return 1;
        }

    } else if (flock(rf->fd, LOCK_EX | LOCK_NB) == 0) {

        /* gone between the listing and the lock */
        return fstat(rf->fd, &st) == 0 && st.st_nlink > 0;

    } else if (errno != EWOULDBLOCK) {
        lapor_ctl_fail("%s: %s, left alone", rf->file->name,
                       strerror(errno));
        rp->failed++;
        return 0;
    }

    note(rp, "%s: its writer still has it, left alone", rf->file->name);
    rp->in_use++;
    return 0;
}


/* 0: all of it is acknowledged. -1: this file cannot be read. */

static int
send_file(struct replay *rp, struct replay_file *rf)
{
    int                      rc;
    enum ctl_spool_piece     piece;
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    if (lapor_ctl_spool_open(&r, rf->fd) == -1) {
        lapor_ctl_fail("%s: %s, left alone", rf->file->name,
                       strerror(errno));
        return -1;
    }

    rc = 0;

    while (rc == 0 && (piece = lapor_ctl_spool_next(&r, &item))
                      != CTL_SPOOL_END)
    {
        if (piece == CTL_SPOOL_RECORD) {
            rc = send_record(rp, rf, &item);

        } else if (piece == CTL_SPOOL_ERROR) {
            lapor_ctl_fail("%s: %s, left alone", rf->file->name,
                           strerror(errno));
            rc = -1;

        } else {
            note(rp, "%s: %s at %" PRId64 ", %" PRId64 " bytes: %s",
                 rf->file->name, piece == CTL_SPOOL_TORN
                 ? "torn tail, never acknowledged," : "damaged",
                 item.offset, item.bytes, item.why);
            rf->damaged |= piece == CTL_SPOOL_DAMAGED;
            rp->torn += piece == CTL_SPOOL_TORN;
        }
    }

    lapor_ctl_spool_close(&r);

    /* also when the rest cannot be read: what is sent, is sent */
    return answers(rp, rf) != 0 ? CTL_EXIT_FAILED : rc;
}


static int
send_record(struct replay *rp, struct replay_file *rf,
    const struct ctl_spool_item *item)
{
    rf->records++;
    rf->bytes += (int64_t) item->body.len;

    if (rp->redis == NULL) {
        return 0;
    }

    if (lapor_ctl_queue(rp->redis, item->key, item->body, item->ms, -1,
                        false) == -1)
    {
        lapor_ctl_fail("%s: the record at %" PRId64 " is for a stream that "
                       "is none of ours", rf->file->name, item->offset);
        rf->records--;
        rf->bytes -= (int64_t) item->body.len;
        rf->damaged = true;
        return 0;
    }

    rp->waiting++;
    rp->bytes += item->body.len;

    if (rp->waiting >= REPLAY_RECORDS || rp->bytes >= REPLAY_BYTES) {
        return answers(rp, rf);
    }

    return 0;
}


/* Of a refusal only the first word: the rest may repeat what was sent. */

static int
answers(struct replay *rp, const struct replay_file *rf)
{
    int          lost;
    char         word[32];
    redisReply  *reply;

    lost = 0;
    word[0] = '\0';

    for ( /* void */ ; rp->waiting > 0; rp->waiting--) {
        reply = lapor_redis_reply(rp->redis);
        lost += reply == NULL;

        if (reply == NULL) {
            continue;
        }

        if (reply->type == REDIS_REPLY_ERROR && word[0] == '\0') {
            (void) snprintf(word, sizeof(word), "%.*s",
                            (int) strcspn(reply->str, " "), reply->str);
        }

        freeReplyObject(reply);
    }

    rp->bytes = 0;

    if (word[0] != '\0') {
        return lapor_ctl_fail("redis refused a record of %s (%s); the file "
                              "stays, run this again when that is over",
                              rf->file->name, word);
    }

    if (lost > 0) {
        return lapor_ctl_fail("redis went away before it had all of %s; the "
                              "file stays, run this again when Redis is "
                              "back", rf->file->name);
    }

    return 0;
}


static int
finish(struct replay *rp, struct replay_file *rf)
{
    int  rc;

    rp->records += rf->records;
    rp->body_bytes += rf->bytes;
    rp->files++;
    rp->damaged += rf->damaged && !rp->aside;

    if (rp->redis == NULL || rp->aside) {
        return 0;
    }

    rc = rf->damaged ? set_aside(rp, rf)
                     : unlinkat(rp->dir.fd, rf->file->name, 0);

    /* a directory that is not durable would bring the file back: harmless */
    if (rc == -1 || fsync(rp->dir.fd) == -1) {
        return lapor_ctl_fail("%s is in Redis, but could not be removed, and "
                              "would be sent again: %s", rf->file->name,
                              strerror(errno));
    }

    return 0;
}


/* Nothing is overwritten; DIR/lock keeps others from doing the same. */

static int
set_aside(struct replay *rp, const struct replay_file *rf)
{
    int               rc;
    unsigned          n;
    struct lapor_buf  name;

    n = 0;
    lapor_buf_init(&name);
    lapor_buf_printf(&name, "%s.damaged", rf->file->name);

    while (faccessat(rp->dir.fd, lapor_buf_cstr(&name), F_OK,
                     AT_SYMLINK_NOFOLLOW) == 0)
    {
        lapor_buf_reset(&name);
        lapor_buf_printf(&name, "%s.%u.damaged", rf->file->name, ++n);
    }

    rc = renameat(rp->dir.fd, rf->file->name, rp->dir.fd,
                  lapor_buf_cstr(&name));

    if (rc == 0) {
        note(rp, "%s: kept as %s", rf->file->name, lapor_buf_cstr(&name));
    }

    lapor_buf_free(&name);
    return rc;
}


static void
note(const struct replay *rp, const char *format, ...)
{
    va_list  ap;

    if (rp->args->json) {
        return;
    }

    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}


static void
report(const struct replay *rp)
{
    if (rp->args->json) {
        printf("{\"files\":%" PRId64 ",\"records\":%" PRId64 ",\"bytes\":%"
               PRId64 ",\"in_use\":%" PRId64 ",\"torn\":%" PRId64
               ",\"damaged\":%" PRId64 ",\"failed\":%" PRId64
               ",\"foreign\":%" PRId64 "}\n",
               rp->files, rp->records, rp->body_bytes, rp->in_use, rp->torn,
               rp->damaged, rp->failed, rp->foreign);
        return;
    }

    printf("%" PRId64 " files with %" PRId64 " records, %" PRId64 " bytes, "
           "%s; %" PRId64 " in use, %" PRId64 " damaged, %" PRId64
           " failed, %" PRId64 " foreign\n", rp->files, rp->records,
           rp->body_bytes, rp->redis == NULL ? "to be queued" : "queued",
           rp->in_use, rp->damaged, rp->failed, rp->foreign);
}
