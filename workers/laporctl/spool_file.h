/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Reader of one file of the spool (doc/spool.md). It gives the file away
 * piece by piece from the first byte to the last: whole records, and the
 * ranges that are none. Nothing of a record is given before its checksum was
 * right, and nothing in the file is believed: a length only says how far to
 * look.
 */

#ifndef LAPOR_CTL_SPOOL_FILE_H
#define LAPOR_CTL_SPOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"


#define CTL_SPOOL_HEADER    24
#define CTL_SPOOL_KEY_MAX   64
#define CTL_SPOOL_BODY_MAX  (64 << 20)


enum ctl_spool_piece {
    CTL_SPOOL_ERROR = -1,   /* errno says why the file cannot be read */
    CTL_SPOOL_END,
    CTL_SPOOL_RECORD,
    CTL_SPOOL_DAMAGED,      /* no record, and no torn tail */
    CTL_SPOOL_TORN          /* to the end: what was never acknowledged */
};

struct ctl_spool_item {
    int64_t           offset;   /* all but the end: where it is */
    int64_t           bytes;    /* and how long */
    struct lapor_str  key;      /* of a record; gone with the next call */
    struct lapor_str  body;
    int64_t           ms;       /* receive time, Unix ms */
    const char       *why;      /* of what is no record */
};

struct ctl_spool_reader {
    int             fd;     /* the caller's */
    int64_t         size;   /* at the start: what is written later is not
                               read; smaller if the file was cut since */
    int64_t         next;
    unsigned char  *data;   /* a window of the file, own memory: at most one
                               record, or one chunk */
    size_t          room;
    size_t          len;
    int64_t         start;  /* where in the file it begins */
};


/* -1 with errno. Moves no file offset; takes no lock. */
int lapor_ctl_spool_open(struct ctl_spool_reader *r, int fd)
    __attribute__((warn_unused_result));

enum ctl_spool_piece lapor_ctl_spool_next(struct ctl_spool_reader *r,
    struct ctl_spool_item *ret_item) __attribute__((warn_unused_result));

/* Gives the memory back; the file stays open. */
void lapor_ctl_spool_close(struct ctl_spool_reader *r);

#endif
