
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The spool's files: records, segments, the directory.  The format is fixed in
 * doc/spool.md.  Plain C over POSIX, no nginx type: these functions run in
 * threads, and a unit test includes ngx_http_lapor_segment.c as it is.
 */


#ifndef NGX_HTTP_LAPOR_SEGMENT_H_INCLUDED
#define NGX_HTTP_LAPOR_SEGMENT_H_INCLUDED


#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


/* of a record: what stands before key and body, and the bounds of these */
#define NGX_HTTP_LAPOR_RECORD_HEAD  24
#define NGX_HTTP_LAPOR_KEY_MAX      64
#define NGX_HTTP_LAPOR_BODY_MAX     67108864

/* "MS-PID-SEQ.spool" with its null */
#define NGX_HTTP_LAPOR_SEGMENT_NAME  48


typedef struct {
    const unsigned char  *key;
    size_t                key_len;
    const unsigned char  *body;
    size_t                body_len;
    uint64_t              ms;          /* when it was received, since 1970 */
} ngx_http_lapor_record_t;


/* what there is in a directory */

typedef struct {
    uint64_t              bytes;       /* of all files */
    unsigned              files;       /* segments */
    unsigned              damaged;     /* set aside, see doc/spool.md */
} ngx_http_lapor_usage_t;


/* the bytes that a record takes */
size_t ngx_http_lapor_record_size(size_t key_len, size_t body_len);

/* writes head and key to p; the body belongs behind what it returns */
unsigned char *ngx_http_lapor_record_start(unsigned char *p,
    const unsigned char *key, size_t key_len, size_t body_len, uint64_t ms);

/* sets the checksums of the records that fill p; they must be whole */
void ngx_http_lapor_record_seal(unsigned char *p, size_t len);

/*
 * The next valid record of p from *pos on: 1 and *pos is behind it, or 0 at
 * the end.  Bytes that are no record are stepped over; *ret_damaged becomes 1
 * unless they are a tail that was never finished.
 */
int ngx_http_lapor_record_next(const unsigned char *p, size_t len,
    size_t *pos, ngx_http_lapor_record_t *ret_record, int *ret_damaged);

/*
 * A new, locked segment in dir, its name in ret_name, with this number or one
 * of the next.  The descriptor, or -1 and errno.
 */
int ngx_http_lapor_segment_create(const char *dir, uint64_t ms, unsigned seq,
    char *ret_name);

/*
 * Appends len bytes at offset and waits until they are on disk: 0, or -1 and
 * errno, then the caller must close fd and never write to it again unless
 * *ret_clean is 1, that is, the file is as it was before.  ENOENT: somebody
 * has removed the file.
 */
int ngx_http_lapor_segment_append(int fd, const unsigned char *p, size_t len,
    off_t offset, int *ret_clean);

/*
 * Opens and locks the oldest segment of dir that nobody has locked, whose name
 * is greater than after and, unless before is NULL, less than before.  The
 * descriptor with its name, -1 and errno 0 if there is none, or -1 and errno.
 */
int ngx_http_lapor_segment_oldest(const char *dir, const char *after,
    const char *before, char *ret_name);

/*
 * All bytes of fd, which the caller frees: 0, or -1 and errno (EFBIG for what
 * no writer has written).
 */
int ngx_http_lapor_segment_read(int fd, unsigned char **ret_p,
    size_t *ret_len);

/*
 * Removes name from dir, or sets it aside as damaged, under a name that no
 * other has; 0, or -1 and errno.
 */
int ngx_http_lapor_segment_finish(const char *dir, const char *name,
    int damaged);

/* locks dir for a replay: a descriptor to close, -1 and EWOULDBLOCK: busy */
int ngx_http_lapor_spool_lock(const char *dir);

/* 0, or -1 and errno */
int ngx_http_lapor_spool_usage(const char *dir,
    ngx_http_lapor_usage_t *ret_usage);


#endif /* NGX_HTTP_LAPOR_SEGMENT_H_INCLUDED */
