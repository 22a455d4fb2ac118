/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * libFuzzer target: any bytes as a segment that nginx replays. What it reads
 * lies in a copy of its own, exactly as long, for ASan.
 *
 *   - A record has bounds and the checksum that a second, slow computation
 *     finds; it lies behind the one before it, and the end is reached.
 *   - Begun again behind any record, as after a break of the link, the same
 *     records follow.
 *   - The records alone, one behind another, are a file without damage; cut
 *     anywhere they are the whole ones before, and no damage, unless what was
 *     cut looks like records within.
 *   - All of it once more with right checksums, which no mutation finds by
 *     itself.
 */

#include "ngx_http_lapor_module/ngx_http_lapor_segment.c"

#include "t/fuzz/fuzz.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void fuzz_once(const uint8_t *data, size_t size, unsigned cut);
static size_t fuzz_read(const uint8_t *data, size_t size, size_t from,
    uint8_t *ret_good, size_t *ret_last, int *ret_damaged);
static size_t fuzz_whole(const uint8_t *data, size_t size);
static int fuzz_nested(const uint8_t *data, size_t size);
static void fuzz_mend(uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t   *copy;
    unsigned   cut;

    copy = malloc(size + (size == 0));
    fuzz_require(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    cut = size ? data[size - 1] : 0;

    fuzz_once(copy, size, cut);
    fuzz_mend(copy, size);
    fuzz_once(copy, size, cut);
    free(copy);

    return 0;
}


static void
fuzz_once(const uint8_t *data, size_t size, unsigned cut)
{
    int       damaged;
    size_t    good, last, all, half, whole, again;
    uint8_t  *records, *copy;

    records = malloc(size + 1);
    fuzz_require(records != NULL);

    good = fuzz_read(data, size, 0, records, &last, &damaged);
    fuzz_require(good <= size && (good == size || damaged || last == good));

    /* as after a break: from behind the last record, and from the middle */

    all = fuzz_read(data, size, last, NULL, &again, &damaged);
    fuzz_require(all == 0);

    copy = malloc(good + (good == 0));
    fuzz_require(copy != NULL);

    if (good) {
        memcpy(copy, records, good);
    }

    all = fuzz_read(copy, good, 0, NULL, &last, &damaged);
    fuzz_require(all == good && last == good && !damaged);
    free(copy);

    half = good - good * cut / 256;
    copy = malloc(half + (half == 0));
    fuzz_require(copy != NULL);

    if (half) {
        memcpy(copy, records, half);
    }

    all = fuzz_read(copy, half, 0, NULL, &last, &damaged);
    whole = fuzz_whole(copy, half);
    fuzz_require((all == whole && last == whole && !damaged)
                 || fuzz_nested(copy + whole, half - whole));

    free(copy);
    free(records);
}


/* the bytes of all records, which ret_good gets one behind another */

static size_t
fuzz_read(const uint8_t *data, size_t size, size_t from, uint8_t *ret_good,
    size_t *ret_last, int *ret_damaged)
{
    size_t                    good, pos, n;
    const uint8_t            *p;
    ngx_http_lapor_record_t   r;

    good = 0;
    pos = from;
    *ret_last = from;
    *ret_damaged = 0;

    while (ngx_http_lapor_record_next(data, size, &pos, &r, ret_damaged)) {
        n = NGX_HTTP_LAPOR_RECORD_HEAD + r.key_len + r.body_len;
        p = r.key - NGX_HTTP_LAPOR_RECORD_HEAD;

        fuzz_require(r.key_len >= 1 && r.key_len <= NGX_HTTP_LAPOR_KEY_MAX
                     && r.body_len >= 1
                     && r.body_len <= NGX_HTTP_LAPOR_BODY_MAX
                     && r.body == r.key + r.key_len);
        fuzz_require(pos <= size && p == data + pos - n
                     && pos - n >= *ret_last);
        fuzz_require(pos - n == *ret_last || *ret_damaged);
        fuzz_require(memcmp(p, "LSP1", 4) == 0
                     && fuzz_crc(p + 8, n - 8)
                        == (p[4] | (uint32_t) p[5] << 8
                            | (uint32_t) p[6] << 16
                            | (uint32_t) p[7] << 24));

        if (ret_good != NULL) {
            memcpy(ret_good + good, p, n);
        }

        good += n;
        *ret_last = pos;
    }

    fuzz_require(pos == size || (from == size && pos == from));

    return good;
}


/* how far the lengths alone lead, of records that are right but the last */

static size_t
fuzz_whole(const uint8_t *data, size_t size)
{
    size_t  at, n;

    for (at = 0; /* void */; at += n) {
        n = ngx_http_lapor_record_claims(data + at, size - at);

        if (n == 0 || n > size - at) {
            return at;
        }
    }
}


static int
fuzz_nested(const uint8_t *data, size_t size)
{
    return size > 4 && memmem(data + 1, size - 1, "LSP1", 4) != NULL;
}


/* from the end, so that a record within another's body is right, too */

static void
fuzz_mend(uint8_t *data, size_t size)
{
    size_t  at, n;

    for (at = size; at-- > 0; /* void */) {
        n = ngx_http_lapor_record_claims(data + at, size - at);

        if (n && n <= size - at) {
            ngx_http_lapor_put(data + at + 4, fuzz_crc(data + at + 8, n - 8),
                               4);
        }
    }
}
