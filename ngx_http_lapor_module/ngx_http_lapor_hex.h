
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The value of the signature header.  Plain C, no nginx type, so that a unit
 * test or a fuzzer can include ngx_http_lapor_hex.c as it is.
 */


#ifndef NGX_HTTP_LAPOR_HEX_H_INCLUDED
#define NGX_HTTP_LAPOR_HEX_H_INCLUDED


#include <stddef.h>


/* SHA-256 in bytes */
#define NGX_HTTP_LAPOR_DIGEST_LEN  32


/*
 * "sha256=" and 64 lower case hex digits, nothing before, between or after.
 * 0: so it is, and ret_digest holds NGX_HTTP_LAPOR_DIGEST_LEN bytes; -1: it is
 * not, and what ret_digest holds means nothing.
 */
int ngx_http_lapor_hex(const unsigned char *p, size_t len,
    unsigned char *ret_digest);


#endif /* NGX_HTTP_LAPOR_HEX_H_INCLUDED */
