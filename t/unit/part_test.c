/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The part is fixed for ever; these vectors hold it.
 */

#include "lib/part.h"
#include "t/unit/tap.h"


int
main(void)
{
    static const struct {
        const char  *identity;
        unsigned     part;  /* low byte of the published FNV-1a hash */
    } vectors[] = {
        { "", 0xc5 },                               /* 811c9dc5 */
        { "a", 0x2c },                              /* e40c292c */
        { "foobar", 0x68 },                         /* bf9cf968 */
        { "6280000000001", 0xe0 },
        { "6280000009999", 0x87 },
        { "ID.13491208655302741918", 0x71 },
    };

    size_t  i;
    char    number[16];
    int     seen[LAPOR_PARTS] = { 0 };
    int     empty;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        is(lapor_part(vectors[i].identity, strlen(vectors[i].identity)),
           vectors[i].part, "part of \"%s\"", vectors[i].identity);
    }

    is(lapor_part("a\0b", 3) != lapor_part("a", 1), 1,
       "a NUL is a character like any other");

    for (i = 0; i < 10000; i++) {
        snprintf(number, sizeof(number), "628000000%04zu", i);
        seen[lapor_part(number, strlen(number))]++;
    }

    empty = 0;

    for (i = 0; i < LAPOR_PARTS; i++) {
        empty += seen[i] == 0;
    }

    is(empty, 0, "ten thousand neighbouring numbers reach every part");

    return tap_done();
}
