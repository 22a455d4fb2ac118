/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What follows from a refusal of the Graph API, code by code.  Source of the
 * codes: Cloud API, "Error codes"; of the pauses: the same page where it
 * names one, else our choice.
 */

#ifndef LAPOR_REPLY_RETRY_POLICY_H
#define LAPOR_REPLY_RETRY_POLICY_H


#include <stdint.h>


enum lapor_retry_action {
    LAPOR_RETRY_LATER,      /* until the reply window closes */
    LAPOR_RETRY_FEW,        /* as often as configured, then give up */
    LAPOR_RETRY_NEVER,      /* the same request will never succeed */
    LAPOR_RETRY_UNKNOWN     /* it may have been sent all the same */
};

enum {
    LAPOR_RETRY_ALARM = 1,  /* people must act; told once */
    LAPOR_RETRY_HOLD = 2,   /* concerns the number, not the message: all that
                               it sends waits, and this does not count as the
                               message's failure */
    LAPOR_RETRY_TOKEN = 4,  /* a new token may lie in its file already */
    LAPOR_RETRY_EDGE = 8    /* the answer is not from the API but from before
                               it: the whole worker waits */
};

struct lapor_retry_policy {
    int                      first;     /* codes, both included */
    int                      last;
    enum lapor_retry_action  action;
    unsigned                 flags;
    int                      base;      /* s, of the first pause; 0: as
                                           configured for slow retries */
    int                      factor;    /* what the pause grows by */
};


/*
 * The policy of a code (LAPOR_GRAPH_NO_CODE: none came) in an answer of that
 * HTTP status; never NULL.
 */
const struct lapor_retry_policy *lapor_retry_find(long status, int code);

/*
 * The pause in ms after n failures before this one (n >= 0): base times
 * factor^n, at most max_ms.  A factor above 2, an hour's base and a held
 * number mean "not before": chance adds up to a quarter.  Else it is full
 * jitter, above a tenth of a second.
 */
int64_t lapor_retry_delay(const struct lapor_retry_policy *policy, int n,
    int64_t slow_ms, int64_t max_ms);


#endif
