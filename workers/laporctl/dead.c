/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Names of quarantined items. */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/dead.h"


static int read_number(const char **text, int base, int digits,
    uint64_t *ret_value);


void
lapor_ctl_dead_name(const struct ctl_dead *dead, char ret_text[CTL_DEAD_LEN])
{
    int  n;

    n = snprintf(ret_text, CTL_DEAD_LEN, "%d-%016" PRIx64 "-%" PRId64 "-",
                 dead->part, (uint64_t) dead->raw_id, dead->received_ms);

    if (dead->item == -1) {
        snprintf(ret_text + n, CTL_DEAD_LEN - (size_t) n, "all");
        return;
    }

    snprintf(ret_text + n, CTL_DEAD_LEN - (size_t) n, "%d", dead->item);
}


int
lapor_ctl_dead_read(const char *text, struct ctl_dead *ret_dead)
{
    uint64_t  part, raw, ms, item;

    if (read_number(&text, 10, 3, &part) == -1 || part > 255 || *text++ != '-'
        || read_number(&text, 16, 16, &raw) == -1 || *text++ != '-'
        || read_number(&text, 10, 15, &ms) == -1 || *text++ != '-')
    {
        return -1;
    }

    ret_dead->part = (int) part;
    ret_dead->raw_id = (int64_t) raw;
    ret_dead->received_ms = (int64_t) ms;
    ret_dead->item = -1;

    if (strcmp(text, "all") == 0) {
        return 0;
    }

    if (read_number(&text, 10, 9, &item) == -1 || *text != '\0') {
        return -1;
    }

    ret_dead->item = (int) item;
    return 0;
}


static int
read_number(const char **text, int base, int digits, uint64_t *ret_value)
{
    char  *end;

    if (base == 16 ? !isxdigit((unsigned char) **text)
                   : !isdigit((unsigned char) **text))
    {
        return -1;
    }

    errno = 0;
    *ret_value = strtoull(*text, &end, base);

    if (errno != 0 || end - *text > digits) {
        return -1;
    }

    *text = end;
    return 0;
}
