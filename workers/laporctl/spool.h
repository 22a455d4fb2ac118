/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A directory of the spool, as people look at it: its files, by name and
 * hence by age, and what each of them holds. doc/spool.md has the rules that
 * nginx's workers and this program keep with each other.
 */

#ifndef LAPOR_CTL_SPOOL_H
#define LAPOR_CTL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "laporctl/ctl.h"
#include "laporctl/spool_file.h"


#define CTL_SPOOL_LOCK  "lock"

/* Ranges of one file that are told one by one; of more, how many. */
#define CTL_SPOOL_RANGES  64

enum ctl_spool_kind {
    CTL_SPOOL_SEGMENT,
    CTL_SPOOL_ASIDE,        /* NAME.damaged, set aside for people */
    CTL_SPOOL_FOREIGN       /* no name of the spool's */
};

struct ctl_spool_file {
    char                 *name;
    enum ctl_spool_kind   kind;
    int64_t               created_ms;   /* by its name; 0: unknown */
};

struct ctl_spool_dir {
    const char             *path;       /* the caller's */
    int                     fd;
    struct ctl_spool_file  *files;      /* sorted by name, heap */
    size_t                  n;
};

struct ctl_spool_range {
    int64_t      offset;
    int64_t      bytes;
    const char  *why;
};

/* What one file holds. */
struct ctl_spool_sum {
    bool                    held;       /* a writer has it */
    int64_t                 size;
    int64_t                 records;
    int64_t                 bytes;      /* of their bodies */
    int64_t                 oldest_ms;  /* INT64_MAX: no record */
    struct ctl_spool_range  torn;       /* bytes 0: none */
    struct ctl_spool_range  damaged[CTL_SPOOL_RANGES];
    int64_t                 ndamaged;   /* may be more than are kept */
    int64_t                 damaged_bytes;
    int                     error;      /* errno: why it cannot be read */
};


/* The operand, or what the configuration says; exits when there is neither. */
const char *lapor_ctl_spool_path(struct ctl_args *args);

/* Reads the names. -1 with errno; nothing is held then. */
int lapor_ctl_spool_dir(struct ctl_spool_dir *dir, const char *path)
    __attribute__((warn_unused_result));
void lapor_ctl_spool_dir_close(struct ctl_spool_dir *dir);

/* As above, but the reason is printed, for people who lack a right. */
int lapor_ctl_spool_dir_say(struct ctl_spool_dir *dir, const char *path)
    __attribute__((warn_unused_result));

/* A regular file of it, for reading; -1 with errno. No link is followed. */
int lapor_ctl_spool_file_open(const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file) __attribute__((warn_unused_result));

/* 1 when somebody holds the file: only its writer, or who replays it. */
int lapor_ctl_spool_held(int fd);

/* Reads all of it; the errors stand in the sum. */
void lapor_ctl_spool_sum(const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file, struct ctl_spool_sum *ret_sum);

/*
 * How durable an answer of this Redis is, as the module judges it: 0 memory,
 * 1 everysec, 2 fsync; -1 when it does not tell its settings.
 */
int lapor_ctl_spool_strength(struct lapor_redis *r);

#endif
