/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Reading and mending UTF-8. Owns nothing; results live in the caller's pool.
 */

#include "lib/utf8.h"


static int utf8_next(const unsigned char *data, size_t len, int surrogates,
    uint32_t *ret_code);
static int utf8_storable(const char *data, size_t len, uint32_t *ret_code);


int
lapor_utf8_next(const char *data, size_t len, uint32_t *ret_code)
{
    return utf8_next((const unsigned char *) data, len, 0, ret_code);
}


int
lapor_wtf8_next(const char *data, size_t len, uint32_t *ret_code)
{
    return utf8_next((const unsigned char *) data, len, 1, ret_code);
}


/* Most text is ASCII, so eight bytes at a time pay. */

size_t
lapor_utf8_ascii(const char *data, size_t len)
{
    size_t    i;
    uint64_t  eight;

    for (i = 0; len - i >= sizeof(eight); i += sizeof(eight)) {
        memcpy(&eight, data + i, sizeof(eight));

        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }

    while (i < len && (unsigned char) data[i] < 0x80) {
        i++;
    }

    return i;
}


/* The bounds of the second byte exclude overlong forms (E0, F0), surrogates
 * (ED) and what lies above U+10FFFF (F4): Unicode Standard, table 3-7. */

static int
utf8_next(const unsigned char *data, size_t len, int surrogates,
    uint32_t *ret_code)
{
    unsigned  first, i, need, low, high;
    uint32_t  code;

    first = data[0];

    if (first < 0x80) {
        *ret_code = first;
        return 1;
    }

    if (first < 0xc2 || first > 0xf4) {
        return -1;
    }

    need = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    high = first == 0xf4 ? 0x8f : 0xbf;

    if (first == 0xed && !surrogates) {
        high = 0x9f;
    }

    code = first & (0x3fu >> need);

    for (i = 1; i <= need; i++) {
        if (i >= len || data[i] < low || data[i] > high) {
            return -(int) i;
        }

        code = code << 6 | (data[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }

    *ret_code = code;
    return (int) need + 1;
}


size_t
lapor_utf8_put(uint32_t code, char ret_data[4])
{
    if (code > 0x10ffff) {
        code = LAPOR_UTF8_REPLACEMENT;
    }

    if (code < 0x80) {
        ret_data[0] = (char) code;
        return 1;
    }

    if (code < 0x800) {
        ret_data[0] = (char) (0xc0 | code >> 6);
        ret_data[1] = (char) (0x80 | (code & 0x3f));
        return 2;
    }

    if (code < 0x10000) {
        ret_data[0] = (char) (0xe0 | code >> 12);
        ret_data[1] = (char) (0x80 | (code >> 6 & 0x3f));
        ret_data[2] = (char) (0x80 | (code & 0x3f));
        return 3;
    }

    ret_data[0] = (char) (0xf0 | code >> 18);
    ret_data[1] = (char) (0x80 | (code >> 12 & 0x3f));
    ret_data[2] = (char) (0x80 | (code >> 6 & 0x3f));
    ret_data[3] = (char) (0x80 | (code & 0x3f));
    return 4;
}


int
lapor_utf8_valid(const char *data, size_t len)
{
    int       n;
    size_t    i;
    uint32_t  code;

    for (i = lapor_utf8_ascii(data, len); i < len; i += (size_t) n) {
        n = lapor_utf8_next(data + i, len - i, &code);
        if (n < 0) {
            return 0;
        }
    }

    return 1;
}


struct lapor_str
lapor_utf8_pgtext(struct lapor_pool *pool, struct lapor_str str,
    int *ret_damaged)
{
    int               n;
    char             *out;
    size_t            i, bad, ascii;
    uint32_t          code;
    struct lapor_str  result;

    bad = 0;
    ascii = lapor_utf8_ascii(str.data, str.len);

    if (ascii > 0 && memchr(str.data, '\0', ascii) != NULL) {
        ascii = 0;
    }

    for (i = ascii; i < str.len; i += (size_t) (n < 0 ? -n : n)) {
        n = utf8_storable(str.data + i, str.len - i, &code);
        bad += n < 0;
    }

    if (bad == 0) {
        return lapor_pool_str(pool, str);
    }

    /* one bad byte can grow to the three of U+FFFD */
    out = lapor_pool_bytes(pool, str.len + 2 * bad + 1);
    result.data = out;

    for (i = 0; i < str.len; i += (size_t) (n < 0 ? -n : n)) {
        n = utf8_storable(str.data + i, str.len - i, &code);
        out += lapor_utf8_put(n < 0 ? LAPOR_UTF8_REPLACEMENT : code, out);
    }

    *out = '\0';
    result.len = (size_t) (out - result.data);
    *ret_damaged = 1;

    return result;
}


/* As lapor_wtf8_next, but also -n for what text columns refuse: a lone
 * surrogate is one replacement, not one a byte. */

static int
utf8_storable(const char *data, size_t len, uint32_t *ret_code)
{
    int  n;

    n = lapor_wtf8_next(data, len, ret_code);

    if (n > 0 && (*ret_code == 0
                  || (*ret_code >= 0xd800 && *ret_code <= 0xdfff)))
    {
        return -n;
    }

    return n;
}


struct lapor_str
lapor_utf8_cut(struct lapor_str str, size_t max)
{
    if (str.len <= max) {
        return str;
    }

    while (max > 0 && ((unsigned char) str.data[max] & 0xc0) == 0x80) {
        max--;
    }

    str.len = max;
    return str;
}
