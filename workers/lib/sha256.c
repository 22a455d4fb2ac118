/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* SHA-256 through OpenSSL's EVP interface. */

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lib/log.h"
#include "lib/sha256.h"


void
lapor_sha256_init(struct lapor_sha256 *h)
{
    h->ctx = EVP_MD_CTX_new();

    if (h->ctx == NULL
        || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
    {
        lapor_fatal_memory();
    }
}


void
lapor_sha256_update(struct lapor_sha256 *h, const void *data, size_t len)
{
    if (EVP_DigestUpdate(h->ctx, data, len) != 1) {
        lapor_fatal_memory();
    }
}


void
lapor_sha256_final(struct lapor_sha256 *h,
    unsigned char ret_digest[LAPOR_SHA256_LEN])
{
    if (ret_digest != NULL
        && EVP_DigestFinal_ex(h->ctx, ret_digest, NULL) != 1)
    {
        lapor_fatal_memory();
    }

    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}


void
lapor_sha256(const void *data, size_t len,
    unsigned char ret_digest[LAPOR_SHA256_LEN])
{
    if (EVP_Digest(data, len, ret_digest, NULL, EVP_sha256(), NULL) != 1) {
        lapor_fatal_memory();
    }
}


void
lapor_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char ret_digest[LAPOR_SHA256_LEN])
{
    unsigned  size;

    /* a NULL key would mean "the key of the last call" */
    if (HMAC(EVP_sha256(), key_len == 0 ? "" : key, (int) key_len, data, len,
             ret_digest, &size) == NULL)
    {
        lapor_fatal_memory();
    }
}
