/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Hexadecimal and base64. */

#include <stdint.h>

#include "lib/codec.h"


static int lapor_hex_digit(char c);
static int lapor_base64_digit(char c);


void
lapor_hex_encode(const void *data, size_t len, char *ret_text)
{
    size_t                i;
    const unsigned char  *p;

    static const char     digits[] = "0123456789abcdef";

    p = data;

    for (i = 0; i < len; i++) {
        ret_text[2 * i] = digits[p[i] >> 4];
        ret_text[2 * i + 1] = digits[p[i] & 15];
    }

    ret_text[2 * len] = '\0';
}


static int
lapor_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}


int
lapor_hex_decode(const char *text, size_t len, void *ret_data)
{
    int             high, low;
    size_t          i;
    unsigned char  *p;

    p = ret_data;

    if (len % 2 != 0) {
        return -1;
    }

    for (i = 0; i < len; i += 2) {
        high = lapor_hex_digit(text[i]);
        low = lapor_hex_digit(text[i + 1]);

        if (high == -1 || low == -1) {
            return -1;
        }

        *p++ = (unsigned char) (high << 4 | low);
    }

    return 0;
}


void
lapor_base64_encode(const void *data, size_t len, char *ret_text)
{
    size_t                i;
    uint32_t              v;
    const unsigned char  *p;

    static const char     digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz0123456789+/";

    p = data;

    for (i = 0; i < len; i += 3) {
        v = (uint32_t) p[i] << 16;

        if (i + 1 < len) {
            v |= (uint32_t) p[i + 1] << 8;
        }

        if (i + 2 < len) {
            v |= p[i + 2];
        }

        *ret_text++ = digits[v >> 18];
        *ret_text++ = digits[v >> 12 & 63];
        *ret_text++ = (i + 1 < len) ? digits[v >> 6 & 63] : '=';
        *ret_text++ = (i + 2 < len) ? digits[v & 63] : '=';
    }

    *ret_text = '\0';
}


static int
lapor_base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    if (c == '+' || c == '-') {
        return 62;
    }

    if (c == '/' || c == '_') {
        return 63;
    }

    return -1;
}


int
lapor_base64_decode(const char *text, size_t len, void *ret_data,
    size_t *ret_len)
{
    int             digit, bits;
    size_t          i, pad;
    uint32_t        v;
    unsigned char  *p;

    p = ret_data;

    for (pad = 0; pad < 2 && len > 0 && text[len - 1] == '='; pad++) {
        len--;
    }

    if (len % 4 == 1 || (pad > 0 && (len + pad) % 4 != 0)) {
        return -1;
    }

    v = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        digit = lapor_base64_digit(text[i]);

        if (digit == -1) {
            return -1;
        }

        v = (v << 6 | (uint32_t) digit) & 0xffffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *p++ = (unsigned char) (v >> bits);
        }
    }

    *ret_len = (size_t) (p - (unsigned char *) ret_data);
    return 0;
}
