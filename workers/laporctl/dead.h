/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The name of a quarantined item, as people see and type it:
 * PART-RAWID-MS-ITEM. PART and ITEM are decimal (ITEM is "all" for a webhook
 * as a whole), RAWID is 16 hex digits, MS the receive time in Unix ms.
 */

#ifndef LAPOR_CTL_DEAD_H
#define LAPOR_CTL_DEAD_H

#include <stdint.h>


#define CTL_DEAD_LEN  64

struct ctl_dead {
    int      part;
    int64_t  raw_id;
    int64_t  received_ms;
    int      item;         /* -1: the whole webhook */
};


void lapor_ctl_dead_name(const struct ctl_dead *dead,
    char ret_text[CTL_DEAD_LEN]);
int lapor_ctl_dead_read(const char *text, struct ctl_dead *ret_dead)
    __attribute__((warn_unused_result));

#endif
