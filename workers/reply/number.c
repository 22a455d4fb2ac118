/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/timeutil.h"
#include "reply/number.h"


/* Behind a probe that is under way. */
#define LAPOR_NUMBER_PROBE_MS  500


struct lapor_number *
lapor_number_get(struct lapor_numbers *numbers, const char *id)
{
    size_t                     len;
    struct lapor_number       *number;
    struct lapor_number_list  *bucket;

    len = strlen(id);
    bucket = &numbers->buckets[lapor_part(id, len)];

    for (number = LIST_FIRST(bucket); number != NULL;
         number = LIST_NEXT(number, link))
    {
        if (strcmp(number->id, id) == 0) {
            return number;
        }
    }

    number = calloc(1, sizeof(struct lapor_number) + len + 1);
    if (number == NULL) {
        lapor_fatal_memory();
    }

    memcpy(number->id, id, len + 1);
    number->alarm = LAPOR_NUMBER_NO_ALARM;
    LIST_INSERT_HEAD(bucket, number, link);

    return number;
}


void
lapor_numbers_free(struct lapor_numbers *numbers)
{
    int                   i;
    struct lapor_number  *number;

    for (i = 0; i < LAPOR_PARTS; i++) {
        while ((number = LIST_FIRST(&numbers->buckets[i])) != NULL) {
            LIST_REMOVE(number, link);
            free(number);
        }
    }
}


void
lapor_numbers_count(const struct lapor_numbers *numbers, int *ret_held,
    int *ret_alarmed)
{
    int                         i;
    const struct lapor_number  *number;

    *ret_held = 0;
    *ret_alarmed = 0;

    for (i = 0; i < LAPOR_PARTS; i++) {
        for (number = LIST_FIRST(&numbers->buckets[i]); number != NULL;
             number = LIST_NEXT(number, link))
        {
            *ret_held += number->streak > 0;
            *ret_alarmed += number->alarm != LAPOR_NUMBER_NO_ALARM;
        }
    }
}


int64_t
lapor_number_wait(const struct lapor_number *number)
{
    int64_t  left;

    if (number->streak == 0) {
        return 0;
    }

    left = number->until - lapor_mono_ms();

    if (left > 0) {
        return left;
    }

    return number->in_flight > 0 ? LAPOR_NUMBER_PROBE_MS : 0;
}


/* Of several messages that were refused at the same time only the first one
   makes the streak longer. */

void
lapor_number_hold(struct lapor_number *number, int64_t ms)
{
    int64_t  now;

    now = lapor_mono_ms();

    if (number->streak == 0 || number->until <= now) {
        number->streak++;
    }

    if (number->until < now + ms) {
        number->until = now + ms;
    }
}


int
lapor_number_alarm(struct lapor_number *number, int code)
{
    if (number->alarm == code) {
        return 0;
    }

    number->alarm = code;
    return 1;
}


int
lapor_number_ok(struct lapor_number *number)
{
    int  over;

    over = number->alarm != LAPOR_NUMBER_NO_ALARM;

    number->streak = 0;
    number->until = 0;
    number->alarm = LAPOR_NUMBER_NO_ALARM;

    return over;
}
