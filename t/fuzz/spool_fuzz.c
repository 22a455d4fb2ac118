/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * libFuzzer target: any bytes as a file of the spool. The pieces that the
 * reader gives cover the file without a gap; each record has the checksum
 * that a second, slow computation finds, its bytes are the file's, and what
 * is called torn comes last. The records alone, one behind another, are a
 * file without damage. All of it once more with right checksums, which no
 * mutation finds by itself.
 */

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "laporctl/spool_file.c"

#include "t/fuzz/fuzz.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void fuzz_once(const uint8_t *data, size_t size);
static void fuzz_mend(uint8_t *data, size_t size);
static size_t fuzz_read(const uint8_t *data, size_t size, uint8_t *ret_good,
    int *ret_bad);
static void fuzz_record(const uint8_t *data,
    const struct ctl_spool_item *item);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *copy;

    fuzz_once(data, size);

    copy = malloc(size + 1);
    fuzz_require(copy != NULL);

    if (size > 0) {
        memcpy(copy, data, size);
    }

    fuzz_mend(copy, size);
    fuzz_once(copy, size);
    free(copy);

    return 0;
}


static void
fuzz_once(const uint8_t *data, size_t size)
{
    int       bad;
    size_t    good;
    uint8_t  *records;

    records = malloc(size + 1);
    fuzz_require(records != NULL);

    good = fuzz_read(data, size, records, &bad);
    fuzz_require(good == size || bad > 0);

    fuzz_require(fuzz_read(records, good, NULL, &bad) == good);
    fuzz_require(bad == 0);
    free(records);
}


/* From the end, so that a record within another's body is right, too. */

static void
fuzz_mend(uint8_t *data, size_t size)
{
    int       i;
    size_t    at, key, body;
    uint32_t  crc;

    for (at = size; at-- > 0; /* void */) {

        if (size - at < CTL_SPOOL_HEADER || memcmp(data + at, "LSP1", 4)) {
            continue;
        }

        key = u32(data + at + 8);
        body = u32(data + at + 12);

        if (key > size || body > size
            || CTL_SPOOL_HEADER + key + body > size - at)
        {
            continue;
        }

        crc = fuzz_crc(data + at + 8, 16 + key + body);

        for (i = 0; i < 4; i++) {
            data[at + 4 + (size_t) i] = (uint8_t) (crc >> (8 * i));
        }
    }
}


/* The bytes of all records, which ret_good gets one behind another. */

static size_t
fuzz_read(const uint8_t *data, size_t size, uint8_t *ret_good, int *ret_bad)
{
    size_t                   good;
    int64_t                  end;
    enum ctl_spool_piece     piece, last;
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    static int  file = -1;

    if (file == -1) {
        file = memfd_create("spool", MFD_CLOEXEC);
    }

    fuzz_require(ftruncate(file, 0) == 0
                 && pwrite(file, data, size, 0) == (ssize_t) size
                 && lapor_ctl_spool_open(&r, file) == 0);

    good = 0;
    end = 0;
    *ret_bad = 0;
    last = CTL_SPOOL_END;

    while ((piece = lapor_ctl_spool_next(&r, &item)) > CTL_SPOOL_END) {
        fuzz_require(item.offset == end && item.bytes > 0
                     && item.bytes <= (int64_t) size - end
                     && last != CTL_SPOOL_TORN);
        last = piece;
        end += item.bytes;

        if (piece != CTL_SPOOL_RECORD) {
            fuzz_require(item.why != NULL);
            (*ret_bad)++;
            continue;
        }

        fuzz_record(data, &item);

        if (ret_good != NULL) {
            memcpy(ret_good + good, data + item.offset, (size_t) item.bytes);
        }

        good += (size_t) item.bytes;
    }

    fuzz_require(piece == CTL_SPOOL_END && end == (int64_t) size);
    lapor_ctl_spool_close(&r);

    return good;
}


static void
fuzz_record(const uint8_t *data, const struct ctl_spool_item *item)
{
    const uint8_t  *p;

    p = data + item->offset;

    fuzz_require(item->key.len >= 1 && item->key.len <= CTL_SPOOL_KEY_MAX
                 && item->body.len >= 1
                 && item->bytes == (int64_t) (CTL_SPOOL_HEADER
                                   + item->key.len + item->body.len));
    fuzz_require(fuzz_crc(p + 8, (size_t) item->bytes - 8)
                 == (p[4] | (uint32_t) p[5] << 8 | (uint32_t) p[6] << 16
                     | (uint32_t) p[7] << 24));
    fuzz_require(memcmp(item->key.data, p + CTL_SPOOL_HEADER, item->key.len)
                 == 0);
    fuzz_require(memcmp(item->body.data, p + CTL_SPOOL_HEADER
                        + item->key.len, item->body.len) == 0);
}
