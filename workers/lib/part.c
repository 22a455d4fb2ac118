/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * FNV-1a modulo 256. Owns nothing.
 */

#include <stdint.h>

#include "lib/part.h"


#define FNV_BASIS  2166136261u
#define FNV_PRIME  16777619u


unsigned
lapor_part(const char *identity, size_t len)
{
    size_t    i;
    uint32_t  hash;

    hash = FNV_BASIS;

    for (i = 0; i < len; i++) {
        hash ^= (unsigned char) identity[i];
        hash *= FNV_PRIME;
    }

    return hash % LAPOR_PARTS;
}
