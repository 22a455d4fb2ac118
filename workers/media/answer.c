/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#include <string.h>

#include "lib/codec.h"
#include "lib/json.h"
#include "media/answer.h"


/* Base64 of 32 bytes with its padding. */
#define LAPOR_MEDIA_BASE64_LEN  LAPOR_BASE64_LEN(LAPOR_SHA256_LEN)


static enum lapor_media_verdict lapor_media_judge_status(long status);
static enum lapor_media_verdict lapor_media_judge_code(
    const struct lapor_graph_error *error);


/* file_size is a string in the documentation and a number in practice. */

int
lapor_media_url_read(struct lapor_pool *pool, const char *body, size_t len,
    struct lapor_media_url *ret_url)
{
    struct lapor_str         sha256;
    struct lapor_json       *root;
    struct lapor_json_error  error;

    memset(ret_url, 0, sizeof(struct lapor_media_url));
    ret_url->size = -1;

    if (lapor_json_parse(pool, body, len, &root, &error) == -1) {
        return -1;
    }

    ret_url->url = lapor_pool_str(pool, lapor_json_get_text(root, "url"));

    if (lapor_str_empty(ret_url->url)
        || memchr(ret_url->url.data, '\0', ret_url->url.len) != NULL)
    {
        return -1;
    }

    if (lapor_json_int(lapor_json_get(root, "file_size"), &ret_url->size)
        == -1)
    {
        ret_url->size = -1;
    }

    sha256 = lapor_json_get_text(root, "sha256");

    ret_url->hashed = !lapor_str_empty(sha256)
                      && lapor_media_sha256_read(sha256, ret_url->sha256)
                         == 0;
    return 0;
}


int
lapor_media_sha256_read(struct lapor_str text,
    unsigned char ret_sha256[LAPOR_SHA256_LEN])
{
    size_t         len;
    unsigned char  data[LAPOR_MEDIA_BASE64_LEN];

    if (text.len == LAPOR_SHA256_HEX_LEN) {
        return lapor_hex_decode(text.data, text.len, ret_sha256);
    }

    if (text.len == 0 || text.len > LAPOR_MEDIA_BASE64_LEN
        || lapor_base64_decode(text.data, text.len, data, &len) == -1
        || len != LAPOR_SHA256_LEN)
    {
        return -1;
    }

    memcpy(ret_sha256, data, LAPOR_SHA256_LEN);
    return 0;
}


/*
 * A URL lives for five minutes and then answers 404; so may a file host that
 * answers 401 or 403 for a signature that is too old, which asking again
 * tells apart from a token that is wrong.
 */

enum lapor_media_verdict
lapor_media_judge(enum lapor_media_step step,
    const struct lapor_graph_error *error)
{
    if (step == LAPOR_MEDIA_ASK) {
        return error->code == LAPOR_GRAPH_NO_CODE
               ? lapor_media_judge_status(error->status)
               : lapor_media_judge_code(error);
    }

    switch (error->status) {

    case 401:
    case 403:
    case 404:
    case 410:
        return LAPOR_MEDIA_EXPIRED;

    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return LAPOR_MEDIA_REFUSED;

    default:
        return lapor_media_judge_status(error->status);
    }
}


static enum lapor_media_verdict
lapor_media_judge_status(long status)
{
    if (status == 401 || status == 403) {
        return LAPOR_MEDIA_AUTH;
    }

    if (status == 429 || status >= 500) {
        return LAPOR_MEDIA_BRAKE;
    }

    return LAPOR_MEDIA_AGAIN;
}


static enum lapor_media_verdict
lapor_media_judge_code(const struct lapor_graph_error *error)
{
    if (error->code >= 200 && error->code <= 299) {
        return LAPOR_MEDIA_AUTH;
    }

    switch (error->code) {

    case 0:
    case 3:
    case 10:
    case 190:
    case 368:
    case 131005:
    case 131031:
        return LAPOR_MEDIA_AUTH;

    case 2:
    case 4:
    case 80007:
    case 130429:
    case 131000:
    case 131016:
    case 131057:
        return LAPOR_MEDIA_BRAKE;

    /* "Object with ID '...' does not exist, cannot be loaded due to missing
       permissions, or does not support this operation" (subcode 33) */
    case 100:
    case 131052:
        return LAPOR_MEDIA_MISSING;

    default:
        return lapor_media_judge_status(error->status);
    }
}
