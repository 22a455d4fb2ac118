
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The value of the signature header.
 */


#include "ngx_http_lapor_hex.h"

#include <string.h>


#define NGX_HTTP_LAPOR_HEX_PREFIX  "sha256="


int
ngx_http_lapor_hex(const unsigned char *p, size_t len,
    unsigned char *ret_digest)
{
    size_t         i, prefix;
    unsigned char  ch, nibble;

    prefix = sizeof(NGX_HTTP_LAPOR_HEX_PREFIX) - 1;

    /* what is compared here is known to everybody */

    if (len != prefix + 2 * NGX_HTTP_LAPOR_DIGEST_LEN
        || memcmp(p, NGX_HTTP_LAPOR_HEX_PREFIX, prefix) != 0)
    {
        return -1;
    }

    p += prefix;

    for (i = 0; i < 2 * NGX_HTTP_LAPOR_DIGEST_LEN; i++) {
        ch = p[i];

        if (ch >= '0' && ch <= '9') {
            nibble = (unsigned char) (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            nibble = (unsigned char) (ch - 'a' + 10);

        } else {
            return -1;
        }

        if (i % 2 == 0) {
            ret_digest[i / 2] = (unsigned char) (nibble << 4);

        } else {
            ret_digest[i / 2] |= nibble;
        }
    }

    return 0;
}
