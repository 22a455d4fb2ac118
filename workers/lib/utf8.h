/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * UTF-8 and WTF-8. A phone that cuts a name in the middle of an emoji leaves
 * half a surrogate pair, which JSON can write (\ud83d) and UTF-8 cannot.
 * Inside Lapor such a half is kept as its three-byte form (WTF-8), so that
 * nothing is lost before the last step, where what cannot be said becomes
 * U+FFFD and the caller is told.
 */

#ifndef LAPOR_LIB_UTF8_H
#define LAPOR_LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "lib/pool.h"
#include "lib/str.h"


#define LAPOR_UTF8_REPLACEMENT  0xfffdu


/*
 * Reads one character of strict UTF-8 (no surrogates, no overlong forms, not
 * above U+10FFFF). len must be at least 1. Returns the number of bytes read,
 * or -n when the first n bytes (1 to 3) are not UTF-8 and stand for one
 * U+FFFD: the "maximal subpart" of the Unicode Standard, section 3.9, as
 * browsers and Python do it. *ret_code is set only on success.
 */
int lapor_utf8_next(const char *data, size_t len, uint32_t *ret_code);

/* As above, but a lone surrogate in its three-byte form is a character. */
int lapor_wtf8_next(const char *data, size_t len, uint32_t *ret_code);

/* Writes one character, a surrogate as its three-byte form. Returns the
 * number of bytes written, 1 to 4; above U+10FFFF it writes U+FFFD. */
size_t lapor_utf8_put(uint32_t code, char ret_data[4]);

/* How many bytes at the start are ASCII (NUL is). */
size_t lapor_utf8_ascii(const char *data, size_t len);

/* 1 if the bytes are strict UTF-8, else 0. */
int lapor_utf8_valid(const char *data, size_t len);

/*
 * What a PostgreSQL text column can hold: valid UTF-8 without NUL. NUL, lone
 * surrogates and bad bytes become U+FFFD, and *ret_damaged is set to 1; it is
 * left alone when nothing had to be replaced, so that one flag can follow
 * several strings. The result lives in the pool with a NUL behind it that len
 * does not count. An absent string stays absent.
 */
struct lapor_str lapor_utf8_pgtext(struct lapor_pool *pool,
    struct lapor_str str, int *ret_damaged);

/* The longest start of the string of at most max bytes that does not cut a
 * character. */
struct lapor_str lapor_utf8_cut(struct lapor_str str, size_t max);

#endif
