/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The part: where everything of one person is placed.
 */

#ifndef LAPOR_LIB_PART_H
#define LAPOR_LIB_PART_H

#include <stddef.h>


#define LAPOR_PARTS  256


/*
 * The part, 0..255, of an identity (a phone number or a user id): FNV-1a,
 * 32 bit, over its characters as they stand in the payload (bytes of the
 * decoded JSON string; no sign, blank or leading zero is taken away), modulo
 * 256. It is the first column of every big table's key and the distribution
 * column on a cluster, so it is fixed for ever: another value would lose
 * everything stored under the old one. The test vectors in t/unit/part_test.c
 * bind it.
 *
 * FNV-1a: offset basis 2166136261, prime 16777619, of the authors' page
 * (Fowler, Noll, Vo; RFC 9923).
 */
unsigned lapor_part(const char *identity, size_t len);

#endif
