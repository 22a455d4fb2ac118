/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The one way to build a string. A buffer grows by itself; what does not fit
 * under its limit or cannot be formatted marks it as failed, once and for
 * all, so that a caller appends without looking and checks once at the end.
 * A failed buffer takes nothing more. Memory running out ends the process.
 */

#ifndef LAPOR_LIB_BUF_H
#define LAPOR_LIB_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/str.h"


#define LAPOR_BUF_LIMIT  ((size_t) 1 << 30)  /* where "limit" is 0 */


struct lapor_buf {
    char      *data;    /* own heap memory; a NUL stands behind len */
    size_t     len;     /* bytes used */
    size_t     size;    /* bytes held */
    size_t     limit;   /* len never passes it; 0: LAPOR_BUF_LIMIT; set while
                           nothing is held */
    unsigned   failed;  /* sticky */
};


#define LAPOR_BUF_INIT  { NULL, 0, 0, 0, 0 }


/* An empty buffer with the default limit; nothing is allocated yet. */
void lapor_buf_init(struct lapor_buf *buf);

/* Empties it and forgets a failure; the memory stays for the next use. */
void lapor_buf_reset(struct lapor_buf *buf);

/* Gives the memory back and leaves an empty buffer, fit for use. */
void lapor_buf_free(struct lapor_buf *buf);

/* As free, but wipes what was held first: for tokens and secrets. Growing
 * wipes nothing, so such a buffer is reserved to its full size first. */
void lapor_buf_wipe(struct lapor_buf *buf);

/* 0 if everything appended is there, -1 if the buffer has failed. */
int lapor_buf_check(const struct lapor_buf *buf)
    __attribute__((warn_unused_result));

/* The content as a C string, never NULL; dead after the next append. */
const char *lapor_buf_cstr(const struct lapor_buf *buf);

/* The content, never absent; dead after the next append. */
struct lapor_str lapor_buf_view(const struct lapor_buf *buf);

/* Room for len more bytes, so that appending them moves nothing. */
void lapor_buf_reserve(struct lapor_buf *buf, size_t len);

/* Plain bytes. data may be NULL where len is 0. */
void lapor_buf_add(struct lapor_buf *buf, const void *data, size_t len);
void lapor_buf_addz(struct lapor_buf *buf, const char *text);
void lapor_buf_adds(struct lapor_buf *buf, struct lapor_str str);
void lapor_buf_addc(struct lapor_buf *buf, char c);
void lapor_buf_int(struct lapor_buf *buf, int64_t value);
void lapor_buf_printf(struct lapor_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void lapor_buf_vprintf(struct lapor_buf *buf, const char *format,
    va_list args) __attribute__((format(printf, 2, 0)));

/* Takes the last len bytes away again (all, when there are fewer). */
void lapor_buf_drop(struct lapor_buf *buf, size_t len);

/* Base64 with padding (RFC 4648 section 4). */
void lapor_buf_base64(struct lapor_buf *buf, const void *data, size_t len);

/*
 * A JSON string with its quotes: valid UTF-8 on one line, whatever comes in.
 * The bytes are read as WTF-8: a lone surrogate is written as \udXXX, a bad
 * byte as U+FFFD, NUL and other controls as escapes, and so are the line
 * separators that only some readers take for a line's end (U+0085, U+2028,
 * U+2029). An absent string is written as null.
 */
void lapor_buf_json(struct lapor_buf *buf, struct lapor_str str);

/* As above, but only what jsonb of PostgreSQL takes: NUL and lone surrogates
 * become U+FFFD. */
void lapor_buf_json_pg(struct lapor_buf *buf, struct lapor_str str);

/* A comma, unless the buffer is empty or its last byte opens an object or
 * array, or is a comma, a colon or a newline: what stands before a new
 * element. */
void lapor_buf_json_comma(struct lapor_buf *buf);

/* Comma, name, colon; the name is trusted text without anything to escape. */
void lapor_buf_json_key(struct lapor_buf *buf, const char *name);

/* Name and string; nothing at all when the string is absent. */
void lapor_buf_json_member(struct lapor_buf *buf, const char *name,
    struct lapor_str str);

#endif
