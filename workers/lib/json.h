/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * JSON into a tree. yajl reads the grammar; the strings are unescaped here,
 * because yajl turns a lone surrogate into a question mark and, with its
 * UTF-8 check on, fails a whole body for one bad byte.
 *
 * The reader is strict about grammar (RFC 8259; a byte-order mark in front is
 * skipped) and tolerant about content: every accessor takes NULL and a node
 * of any type, and answers "absent" where it cannot answer.
 */

#ifndef LAPOR_LIB_JSON_H
#define LAPOR_LIB_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/pool.h"
#include "lib/str.h"


#define LAPOR_JSON_DEPTH  64      /* objects and arrays inside each other */
#define LAPOR_JSON_NODES  500000  /* values in one text */


enum lapor_json_type {
    LAPOR_JSON_NULL,
    LAPOR_JSON_BOOL,
    LAPOR_JSON_NUMBER,
    LAPOR_JSON_STRING,
    LAPOR_JSON_ARRAY,
    LAPOR_JSON_OBJECT
};


struct lapor_json {
    enum lapor_json_type  type;
    unsigned              is_true:1;  /* of a BOOL */
    unsigned              damaged:1;  /* it, or something inside it (a name
                                         too), held a lone surrogate or bytes
                                         that are not UTF-8 */
    struct lapor_str      name;   /* of an object's member, else absent */
    struct lapor_str      value;  /* STRING: unescaped, WTF-8, may hold NUL;
                                     NUMBER: its text as it stands */
    struct lapor_str      raw;    /* its bytes in the text, as they came */
    struct lapor_json    *first;  /* of an ARRAY's or OBJECT's children, in
                                     the order of the text */
    struct lapor_json    *next;   /* sibling */
    size_t                count;  /* children */
};


struct lapor_json_error {
    size_t  offset;        /* bytes before the place of the error */
    char    message[128];  /* English, holds nothing of the text itself */
};


/*
 * Reads a whole text. The tree and all it points to live in the pool; the
 * text itself is copied and may go. Returns 0, or -1 with *ret_error set:
 * not JSON, deeper than LAPOR_JSON_DEPTH, more than LAPOR_JSON_NODES values.
 */
int lapor_json_parse(struct lapor_pool *pool, const char *text, size_t len,
    struct lapor_json **ret_root, struct lapor_json_error *ret_error)
    __attribute__((warn_unused_result));

/*
 * The member of that name, NULL when there is none or the node is not an
 * object. Of doubled names the last wins, as in PostgreSQL's jsonb and every
 * common reader, so that all see the same value.
 */
const struct lapor_json *lapor_json_find(const struct lapor_json *node,
    const char *name, size_t len);

/* As above; of a literal the compiler knows the length. */

static inline const struct lapor_json *
lapor_json_get(const struct lapor_json *node, const char *name)
{
    return lapor_json_find(node, name, strlen(name));
}

/* First child of an array or object, else NULL. */
const struct lapor_json *lapor_json_first(const struct lapor_json *node);

#define LAPOR_JSON_EACH(child, node)                                          \
    for ((child) = lapor_json_first(node); (child) != NULL;                   \
         (child) = (child)->next)

/* 1 if the node is there and of that type, else 0. */
int lapor_json_is(const struct lapor_json *node, enum lapor_json_type type);

/* The string, or the text of a number (Meta writes ids as either); absent
 * for anything else. */
struct lapor_str lapor_json_text(const struct lapor_json *node);

/* lapor_json_text(lapor_json_get(node, name)) */

static inline struct lapor_str
lapor_json_get_text(const struct lapor_json *node, const char *name)
{
    return lapor_json_text(lapor_json_get(node, name));
}

/*
 * A whole number, from a JSON number or a string that holds one; 1.0 and 1e3
 * are whole. -1 and *ret_value untouched when it is none or passes 64 bits
 * (2^53 where there is a fraction or exponent).
 */
int lapor_json_int(const struct lapor_json *node, int64_t *ret_value)
    __attribute__((warn_unused_result));

/* A finite number, from a JSON number or a string that holds one; -1 and
 * *ret_value untouched otherwise. Expects the C locale's decimal point. */
int lapor_json_double(const struct lapor_json *node, double *ret_value)
    __attribute__((warn_unused_result));

/* 1 true, 0 false, -1 neither: true, false, "true", "false", 1, 0. */
int lapor_json_bool(const struct lapor_json *node);


#define LAPOR_JSON_PG  1u  /* what jsonb takes: see lapor_buf_json_pg */

/* Writes the tree as JSON without blanks, on one line, valid UTF-8; numbers
 * as they stood. NULL is written as null. */
void lapor_json_print(struct lapor_buf *buf, const struct lapor_json *node,
    unsigned flags);

/* The same as a member of that name; nothing for NULL. */
void lapor_json_member(struct lapor_buf *buf, const char *name,
    const struct lapor_json *node, unsigned flags);

#endif
