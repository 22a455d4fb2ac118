/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * SHA-256 through OpenSSL's EVP interface. The algorithm is looked up once a
 * process: given EVP_sha256(), OpenSSL 3 looks it up by name under a lock at
 * each hash, which takes as long as hashing 600 bytes.
 */

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>

#include "lib/log.h"
#include "lib/sha256.h"


static const EVP_MD *sha256_md(void);
static void sha256_fetch(void);


static EVP_MD          *sha256_found;
static pthread_once_t   sha256_once = PTHREAD_ONCE_INIT;


void
lapor_sha256_init(struct lapor_sha256 *h)
{
    h->ctx = EVP_MD_CTX_new();

    if (h->ctx == NULL
        || EVP_DigestInit_ex(h->ctx, sha256_md(), NULL) != 1)
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
    if (EVP_Digest(data, len, ret_digest, NULL, sha256_md(), NULL) != 1) {
        lapor_fatal_memory();
    }
}


void
lapor_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char ret_digest[LAPOR_SHA256_LEN])
{
    unsigned  size;

    /* a NULL key would mean "the key of the last call" */
    if (HMAC(sha256_md(), key_len == 0 ? "" : key, (int) key_len, data, len,
             ret_digest, &size) == NULL)
    {
        lapor_fatal_memory();
    }
}


static const EVP_MD *
sha256_md(void)
{
    (void) pthread_once(&sha256_once, sha256_fetch);

    return sha256_found;
}


/* Never given back; OpenSSL frees it with all that is its own. */

static void
sha256_fetch(void)
{
    sha256_found = EVP_MD_fetch(NULL, "SHA2-256", NULL);

    if (sha256_found == NULL) {
        lapor_fatal_memory();
    }
}
