/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Hexadecimal and base64 (RFC 4648, with padding). */

#ifndef LAPOR_LIB_CODEC_H
#define LAPOR_LIB_CODEC_H


#include <stddef.h>


/* Lower case; ret_text takes 2 * len + 1 bytes with its NUL. */
void lapor_hex_encode(const void *data, size_t len, char *ret_text);

/* Either case; len must be even, ret_data takes len / 2 bytes. */
int lapor_hex_decode(const char *text, size_t len, void *ret_data)
    __attribute__((warn_unused_result));

#define LAPOR_BASE64_LEN(n)  (((n) + 2) / 3 * 4)

/* ret_text takes LAPOR_BASE64_LEN(len) + 1 bytes with its NUL. */
void lapor_base64_encode(const void *data, size_t len, char *ret_text);

/*
 * Takes both alphabets (RFC 4648 sections 4 and 5) and a missing padding.
 * ret_data takes len / 4 * 3 + 3 bytes.
 */
int lapor_base64_decode(const char *text, size_t len, void *ret_data,
    size_t *ret_len) __attribute__((warn_unused_result));


#endif
