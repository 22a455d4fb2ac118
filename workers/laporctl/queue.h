/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Putting stored webhooks back on their streams.
 */

#ifndef LAPOR_CTL_QUEUE_H
#define LAPOR_CTL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/redis.h"
#include "lib/str.h"


/*
 * Appends one XADD as the module would write it: the body and the first
 * receive time; and in which part its row is (-1: there is none). correct:
 * what is stored of it shall be compared with it. A stream name that is none
 * of ours is refused with -1, so that nothing is put where nobody looks.
 * Answers are read by the other.
 */
int lapor_ctl_queue(struct lapor_redis *r, struct lapor_str stream,
    struct lapor_str body, int64_t received_ms, int part, bool correct)
    __attribute__((warn_unused_result));

/* Reads n answers: how many of them say that the entry is there. */
int lapor_ctl_queue_answers(struct lapor_redis *r, int n);

#endif
