
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the fuzzers share.
 */


#ifndef FUZZ_H_INCLUDED
#define FUZZ_H_INCLUDED


#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>


/* libFuzzer keeps the input of a process that aborts */

static inline void
fuzz_require(int holds)
{
    if (!holds) {
        abort();
    }
}


/* CRC-32 (IEEE), bit by bit: what zlib's is held against */

static inline uint32_t
fuzz_crc(const uint8_t *data, size_t len)
{
    int       bit;
    size_t    i;
    uint32_t  crc;

    crc = 0xffffffffu;

    for (i = 0; i < len; i++) {
        crc ^= data[i];

        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
        }
    }

    return ~crc;
}


#endif /* FUZZ_H_INCLUDED */
