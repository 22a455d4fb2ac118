/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Reading values out of a parsed tree, and writing it again. Owns nothing:
 * what is handed out lives as long as the tree.
 */

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "lib/json.h"


#define BIGGEST_EXACT  9007199254740992.0  /* 2^53 */


static int json_numeric(struct lapor_str text);


const struct lapor_json *
lapor_json_find(const struct lapor_json *node, const char *name, size_t len)
{
    const struct lapor_json  *child, *found;

    if (!lapor_json_is(node, LAPOR_JSON_OBJECT)) {
        return NULL;
    }

    found = NULL;

    for (child = node->first; child != NULL; child = child->next) {
        if (child->name.len == len
            && (len == 0 || (child->name.data[0] == name[0]
                             && memcmp(child->name.data, name, len) == 0)))
        {
            found = child;
        }
    }

    return found;
}


const struct lapor_json *
lapor_json_first(const struct lapor_json *node)
{
    return node == NULL ? NULL : node->first;
}


int
lapor_json_is(const struct lapor_json *node, enum lapor_json_type type)
{
    return node != NULL && node->type == type;
}


struct lapor_str
lapor_json_text(const struct lapor_json *node)
{
    if (lapor_json_is(node, LAPOR_JSON_STRING)
        || lapor_json_is(node, LAPOR_JSON_NUMBER))
    {
        return node->value;
    }

    return LAPOR_STR_NONE;
}


int
lapor_json_int(const struct lapor_json *node, int64_t *ret_value)
{
    char              *end;
    char               digits[32];
    double             number;
    long long          value;
    struct lapor_str   text;

    text = lapor_json_text(node);

    if (text.len >= sizeof(digits) || !json_numeric(text)) {
        return -1;
    }

    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';

    errno = 0;
    value = strtoll(digits, &end, 10);

    if (*end == '\0' && end != digits) {
        if (errno == ERANGE) {
            return -1;
        }

        *ret_value = value;
        return 0;
    }

    number = strtod(digits, &end);

    if (*end != '\0' || end == digits || fabs(number) > BIGGEST_EXACT
        || number != (double) (int64_t) number)
    {
        return -1;
    }

    *ret_value = (int64_t) number;
    return 0;
}


int
lapor_json_double(const struct lapor_json *node, double *ret_value)
{
    char              *end;
    char               digits[64];
    double             value;
    struct lapor_str   text;

    text = lapor_json_text(node);

    if (text.len >= sizeof(digits) || !json_numeric(text)) {
        return -1;
    }

    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';

    value = strtod(digits, &end);

    if (*end != '\0' || end == digits || !isfinite(value)) {
        return -1;
    }

    *ret_value = value;
    return 0;
}


/* 1 if there is something and only characters of decimal numbers: the
 * library's readers would also take blanks, hex, inf and nan. */

static int
json_numeric(struct lapor_str text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (memchr("0123456789+-.eE", text.data[i], 15) == NULL) {
            return 0;
        }
    }

    return text.len > 0;
}


int
lapor_json_bool(const struct lapor_json *node)
{
    struct lapor_str  text;

    if (lapor_json_is(node, LAPOR_JSON_BOOL)) {
        return node->is_true;
    }

    text = lapor_json_text(node);

    if (lapor_str_eqz(text, "true") || lapor_str_eqz(text, "1")) {
        return 1;
    }

    if (lapor_str_eqz(text, "false") || lapor_str_eqz(text, "0")) {
        return 0;
    }

    return -1;
}


/* Recursion is bounded by LAPOR_JSON_DEPTH. */

void
lapor_json_print(struct lapor_buf *buf, const struct lapor_json *node,
    unsigned flags)
{
    void                    (*string)(struct lapor_buf *, struct lapor_str);
    const struct lapor_json  *child;

    string = flags & LAPOR_JSON_PG ? lapor_buf_json_pg : lapor_buf_json;

    if (lapor_json_is(node, LAPOR_JSON_STRING)) {
        string(buf, node->value);
        return;
    }

    if (!lapor_json_is(node, LAPOR_JSON_ARRAY)
        && !lapor_json_is(node, LAPOR_JSON_OBJECT))
    {
        lapor_buf_adds(buf, node == NULL ? LAPOR_STR("null") : node->raw);
        return;
    }

    lapor_buf_addc(buf, node->type == LAPOR_JSON_ARRAY ? '[' : '{');

    for (child = node->first; child != NULL; child = child->next) {
        lapor_buf_json_comma(buf);

        if (node->type == LAPOR_JSON_OBJECT) {
            string(buf, child->name);
            lapor_buf_addc(buf, ':');
        }

        lapor_json_print(buf, child, flags);
    }

    lapor_buf_addc(buf, node->type == LAPOR_JSON_ARRAY ? ']' : '}');
}


void
lapor_json_member(struct lapor_buf *buf, const char *name,
    const struct lapor_json *node, unsigned flags)
{
    if (node != NULL) {
        lapor_buf_json_key(buf, name);
        lapor_json_print(buf, node, flags);
    }
}
