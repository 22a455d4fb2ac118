/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Content-addressed files: written to DIR/tmp, fsynced, renamed to
 * DIR/ab/cd/HASH, directories fsynced.  A file under its final name is
 * therefore whole, whatever died.
 */

#ifndef LAPOR_LIB_FILE_H
#define LAPOR_LIB_FILE_H


#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sha256.h"


/* Longest name of an owner, so that it fits into tmp below. */
#define LAPOR_FILE_OWNER_MAX  32

/* "ab/cd/" and 64 hex digits and a NUL. */
#define LAPOR_FILE_NAME_LEN  (6 + LAPOR_SHA256_HEX_LEN + 1)

/* A file being written, with the hash of what was written so far. */
struct lapor_file {
    int                   dir;      /* of DIR; -1 when not open */
    int                   fd;
    char                  tmp[64];  /* name below DIR: tmp/OWNER.CHANCE */
    int64_t               size;
    struct lapor_sha256   hash;
};


/*
 * Starts a file below dir, which must exist; makes dir/tmp when needed.  owner
 * is the name by which lapor_file_sweep() finds what this process left.
 * Errors are logged with errno's text; -1 leaves nothing to discard.
 */
int lapor_file_create(const char *dir, const char *owner,
    struct lapor_file *ret_file) __attribute__((warn_unused_result));

/* -1 with errno (ENOSPC, ...), the caller discards. */
int lapor_file_write(struct lapor_file *f, const void *data, size_t len)
    __attribute__((warn_unused_result));

/*
 * Ends the hash without closing the file: to compare before the commit.
 * No write after it.
 */
void lapor_file_digest(struct lapor_file *f,
    unsigned char ret_digest[LAPOR_SHA256_LEN]);

/*
 * Makes the file durable under the name of its digest and closes it;
 * an older file of that name is replaced by these same bytes.
 * ret_name, relative to DIR, is "ab/cd/HASH".  On -1 (errno, logged) the
 * temporary file is gone too.
 */
int lapor_file_commit(struct lapor_file *f,
    const unsigned char digest[LAPOR_SHA256_LEN],
    char ret_name[LAPOR_FILE_NAME_LEN])
    __attribute__((warn_unused_result));

/* Closes and removes; harmless after commit and on a zeroed-by-create one. */
void lapor_file_discard(struct lapor_file *f);

/*
 * Removes what dead processes left in dir/tmp: files of this owner (NULL: of
 * all) older than this (0: of any age).  Returns how many.
 */
int lapor_file_sweep(const char *dir, const char *owner,
    int64_t older_than_ms);

/*
 * A whole file, malloc'ed, with a NUL behind its last byte that len does not
 * count.  -1 with errno; EFBIG when longer than max.
 */
int lapor_file_read(const char *path, size_t max, char **ret_data,
    size_t *ret_len) __attribute__((warn_unused_result));


#endif
