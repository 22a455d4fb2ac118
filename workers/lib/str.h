/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A string that carries its length and owns nothing. The bytes may hold NUL
 * and end without one. "Absent" (data NULL) and "empty" (len 0) are two
 * things: an empty caption was sent, an absent one was not.
 */

#ifndef LAPOR_LIB_STR_H
#define LAPOR_LIB_STR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>


struct lapor_str {
    const char  *data;  /* NULL: absent; whoever owns it must outlive this */
    size_t       len;   /* bytes */
};


#define LAPOR_STR(literal)                                                    \
    ((struct lapor_str) { (literal), sizeof(literal) - 1 })

#define LAPOR_STR_NONE  ((struct lapor_str) { NULL, 0 })


/* A view of a C string; NULL becomes an absent string. */

static inline struct lapor_str
lapor_str_from(const char *text)
{
    struct lapor_str  str;

    str.data = text;
    str.len = text == NULL ? 0 : strlen(text);

    return str;
}


/* 1 if the string is absent or empty, else 0. */

static inline int
lapor_str_empty(struct lapor_str str)
{
    return str.len == 0;
}


/* 1 if both hold the same bytes, else 0. Absent equals empty here. Not in
 * constant time: never use it on signatures, tokens or keys. */

static inline int
lapor_str_eq(struct lapor_str one, struct lapor_str two)
{
    return one.len == two.len
           && (one.len == 0 || memcmp(one.data, two.data, one.len) == 0);
}


/* As above, the second given as a C string. */

static inline int
lapor_str_eqz(struct lapor_str str, const char *text)
{
    return lapor_str_eq(str, lapor_str_from(text));
}


/* 1 if it is ASCII digits and nothing else, at least one, else 0. */

static inline int
lapor_str_digits(struct lapor_str str)
{
    size_t  i;

    for (i = 0; i < str.len; i++) {
        if (str.data[i] < '0' || str.data[i] > '9') {
            return 0;
        }
    }

    return str.len > 0;
}


/* For tables in memory: FNV-1a, 64 bits. Never stored; see lapor_part(). */

static inline uint64_t
lapor_str_hash(struct lapor_str str)
{
    size_t    i;
    uint64_t  hash;

    hash = UINT64_C(0xcbf29ce484222325);

    for (i = 0; i < str.len; i++) {
        hash = (hash ^ (unsigned char) str.data[i])
               * UINT64_C(0x100000001b3);
    }

    return hash;
}


/* 1 if the string starts with these characters, else 0. */

static inline int
lapor_str_starts(struct lapor_str str, const char *prefix)
{
    size_t  len;

    len = strlen(prefix);

    return str.len >= len
           && (len == 0 || memcmp(str.data, prefix, len) == 0);
}

#endif
