
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The value of the signature header.
 */


#include "ngx_http_lapor_hex.h"

#include <string.h>


#define NGX_HTTP_LAPOR_HEX_PREFIX  "sha256="


/* of each byte its value as a digit, or more than 15 */

#define X  0x80

static const unsigned char  ngx_http_lapor_hex_digits[256] = {
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, 10, 11, 12, 13, 14, 15, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X
};

#undef X


int
ngx_http_lapor_hex(const unsigned char *p, size_t len,
    unsigned char *ret_digest)
{
    size_t         i, prefix;
    unsigned char  high, low, seen;

    prefix = sizeof(NGX_HTTP_LAPOR_HEX_PREFIX) - 1;

    /* what is compared here is known to everybody */

    if (len != prefix + 2 * NGX_HTTP_LAPOR_DIGEST_LEN
        || memcmp(p, NGX_HTTP_LAPOR_HEX_PREFIX, prefix) != 0)
    {
        return -1;
    }

    p += prefix;
    seen = 0;

    for (i = 0; i < NGX_HTTP_LAPOR_DIGEST_LEN; i++) {
        high = ngx_http_lapor_hex_digits[p[2 * i]];
        low = ngx_http_lapor_hex_digits[p[2 * i + 1]];

        seen |= high | low;
        ret_digest[i] = (unsigned char) (high << 4 | low);
    }

    return seen > 15 ? -1 : 0;
}
