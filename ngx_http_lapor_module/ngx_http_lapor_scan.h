
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Which stream and which phone number a webhook body belongs to.  Plain C, no
 * nginx type, so that a unit test or a fuzzer can include
 * ngx_http_lapor_scan.c as it is.
 */


#ifndef NGX_HTTP_LAPOR_SCAN_H_INCLUDED
#define NGX_HTTP_LAPOR_SCAN_H_INCLUDED


#include <stddef.h>
#include <stdint.h>


/* how much of a body is looked at, in bytes; most are below 3 KB */
#define NGX_HTTP_LAPOR_SCAN_MAX  262144


typedef struct {
    unsigned   statuses:1;    /* statuses and nothing else, certainly */
    unsigned   sender:1;      /* hash is set */
    unsigned   enough:1;      /* what follows p[len] would change nothing */
    uint32_t   hash;          /* FNV-1a of the first sender, as it stands */
    uint64_t   number;        /* the first phone_number_id, 0: none */
} ngx_http_lapor_scan_t;


/*
 * Never fails: what cannot be understood is no status body and has no sender.
 * The sender is the first message's "from", else its "from_user_id"; without
 * messages the first status's "recipient_id", else "recipient_user_id".  The
 * number is the "phone_number_id" of a value's "metadata", if it is a number of
 * 64 bits that does not begin with 0: those of Meta have 15 to 17 digits.
 * Correctness of the product never depends on the answer, only its balance.
 */
void ngx_http_lapor_scan(const unsigned char *p, size_t len,
    ngx_http_lapor_scan_t *ret_scan);


#endif /* NGX_HTTP_LAPOR_SCAN_H_INCLUDED */
