/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * libFuzzer target: any bytes as the value of X-Hub-Signature-256. Accepted
 * is "sha256=" with 64 digits of lower case hex and nothing else, and what
 * was accepted prints as it came. Any 32 bytes, printed, are accepted; with
 * one byte changed only if that is such a digit, too.
 */

#include "ngx_http_lapor_module/ngx_http_lapor_hex.c"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "t/fuzz/fuzz.h"


#define FUZZ_PREFIX  7
#define FUZZ_LEN     (FUZZ_PREFIX + 2 * NGX_HTTP_LAPOR_DIGEST_LEN)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static int fuzz_value(const uint8_t *data, size_t size, uint8_t *ret_digest);
static int fuzz_plain(const uint8_t *data, size_t size);
static void fuzz_print(char *text, const uint8_t *digest);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char     text[FUZZ_LEN + 1];
    size_t   at;
    uint8_t  digest[NGX_HTTP_LAPOR_DIGEST_LEN];

    (void) fuzz_value(data, size, digest);

    if (size < NGX_HTTP_LAPOR_DIGEST_LEN) {
        return 0;
    }

    fuzz_print(text, data);
    fuzz_require(fuzz_value((const uint8_t *) text, FUZZ_LEN, digest) == 0);
    fuzz_require(memcmp(digest, data, NGX_HTTP_LAPOR_DIGEST_LEN) == 0);

    if (size >= NGX_HTTP_LAPOR_DIGEST_LEN + 2) {
        at = data[NGX_HTTP_LAPOR_DIGEST_LEN] % FUZZ_LEN;
        text[at] = (char) data[NGX_HTTP_LAPOR_DIGEST_LEN + 1];
        (void) fuzz_value((const uint8_t *) text, FUZZ_LEN, digest);
    }

    return 0;
}


/* reads a copy that is exactly as long, for ASan */

static int
fuzz_value(const uint8_t *data, size_t size, uint8_t *ret_digest)
{
    int       rc;
    char      text[FUZZ_LEN + 1];
    uint8_t  *copy;

    copy = malloc(size ? size : 1);
    fuzz_require(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    rc = ngx_http_lapor_hex(copy, size, ret_digest);
    fuzz_require(rc == (fuzz_plain(copy, size) ? 0 : -1));

    if (rc == 0) {
        fuzz_print(text, ret_digest);
        fuzz_require(memcmp(text, copy, size) == 0);
    }

    free(copy);

    return rc;
}


static int
fuzz_plain(const uint8_t *data, size_t size)
{
    char  text[FUZZ_LEN + 1];

    if (size != FUZZ_LEN) {
        return 0;
    }

    memcpy(text, data, FUZZ_LEN);
    text[FUZZ_LEN] = '\0';

    return strncmp(text, "sha256=", FUZZ_PREFIX) == 0
           && strspn(text + FUZZ_PREFIX, "0123456789abcdef")
              == FUZZ_LEN - FUZZ_PREFIX;
}


static void
fuzz_print(char *text, const uint8_t *digest)
{
    size_t  i;

    (void) snprintf(text, FUZZ_LEN + 1, "sha256=");

    for (i = 0; i < NGX_HTTP_LAPOR_DIGEST_LEN; i++) {
        (void) snprintf(text + FUZZ_PREFIX + 2 * i, 3, "%02x", digest[i]);
    }
}
