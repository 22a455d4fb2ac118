/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* SHA-256 in pieces, and HMAC-SHA-256 at once, both by OpenSSL. */

#ifndef LAPOR_LIB_SHA256_H
#define LAPOR_LIB_SHA256_H


#include <stddef.h>


#define LAPOR_SHA256_LEN      32
#define LAPOR_SHA256_HEX_LEN  64    /* without a NUL */

/* A running hash; between init and final it holds memory of OpenSSL. */
struct lapor_sha256 {
    void  *ctx;
};


/* All of these exit 71 when OpenSSL is out of memory. */
void lapor_sha256_init(struct lapor_sha256 *h);
void lapor_sha256_update(struct lapor_sha256 *h, const void *data, size_t len);

/* Ends the hash and frees; ret_digest may be NULL to throw it away. */
void lapor_sha256_final(struct lapor_sha256 *h,
    unsigned char ret_digest[LAPOR_SHA256_LEN]);

void lapor_sha256(const void *data, size_t len,
    unsigned char ret_digest[LAPOR_SHA256_LEN]);

void lapor_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char ret_digest[LAPOR_SHA256_LEN]);


#endif
