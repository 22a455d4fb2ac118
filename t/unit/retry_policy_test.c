/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What lapor-reply makes of Graph's refusals. The file under test is part of
 * a program, so it is included.
 */

#include "lib/graph.h"
#include "t/unit/tap.h"

#include "reply/retry_policy.c"


#define SLOW  300000
#define MAX   300000


static void test_codes(void);
static void test_statuses(void);
static void test_order(void);
static void test_delays(void);
static void test_range(const char *name, int code, int n, int64_t least,
    int64_t most);


int
main(void)
{
    test_codes();
    test_statuses();
    test_order();
    test_delays();

    return tap_done();
}


static void
test_codes(void)
{
    size_t                            i;
    const struct lapor_retry_policy  *p;
    static const struct {
        int                      code;
        long                     status;
        enum lapor_retry_action  action;
        unsigned                 flags;
    } cases[] = {
        { 0,       401, LATER, ALARM | HOLD | TOKEN },
        { 1,       400, FEW,   0 },
        { 4,       429, LATER, HOLD },
        { 100,     400, NEVER, ALARM },
        { 190,     401, LATER, ALARM | HOLD | TOKEN },
        { 200,     403, LATER, ALARM | HOLD | TOKEN },
        { 299,     403, LATER, ALARM | HOLD | TOKEN },
        { 368,     403, LATER, ALARM | HOLD },
        { 80007,   429, LATER, HOLD },
        { 130429,  429, LATER, HOLD },
        { 131000,  500, FEW,   0 },
        { 131026,  400, NEVER, 0 },
        { 131031,  403, LATER, ALARM | HOLD },
        { 131042,  400, LATER, ALARM | HOLD },
        { 131047,  400, NEVER, 0 },
        { 131056,  429, LATER, 0 },
        { 131057,  500, LATER, HOLD },
        { 132001,  400, NEVER, 0 },
        { 132015,  400, NEVER, ALARM },
        { 133004,  503, LATER, HOLD },
        { 133010,  400, LATER, ALARM | HOLD },
        { 135000,  400, NEVER, ALARM },
        { 999999,  400, FEW,   0 },
        { 999999,  403, LATER, ALARM | HOLD | TOKEN },
        { 999999,  429, LATER, HOLD },
        { 999999,  500, LATER, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p = lapor_retry_find(cases[i].status, cases[i].code);

        is(p->action, cases[i].action, "action of code %d, HTTP %ld",
           cases[i].code, cases[i].status);
        is(p->flags, cases[i].flags, "flags of code %d, HTTP %ld",
           cases[i].code, cases[i].status);
    }
}


/* Without an envelope. */

static void
test_statuses(void)
{
    const int  none = LAPOR_GRAPH_NO_CODE;

    is(lapor_retry_find(200, none)->action, UNKNOWN,
       "a 200 that cannot be read may have been a success");
    is(lapor_retry_find(502, none)->action, UNKNOWN,
       "behind a gateway that failed it may have gone out");
    is(lapor_retry_find(504, none)->action, UNKNOWN, "the same of 504");
    is(lapor_retry_find(503, none)->action, LATER,
       "503 says that nobody worked on it");
    is(lapor_retry_find(400, none)->action, FEW, "400 was not taken");
    is(lapor_retry_find(302, none)->action, FEW, "nor was 302");
    is(lapor_retry_find(401, none)->flags, ALARM | HOLD | TOKEN,
       "401 is the token");
    is(lapor_retry_find(429, none)->flags, HOLD, "429 holds the number");
}


/* A row behind a range that holds it would never be found. */

static void
test_order(void)
{
    size_t                            i, hidden;
    const struct lapor_retry_policy  *p;

    hidden = 0;

    for (i = 0; i < lapor_retry_size(lapor_retry_codes); i++) {
        p = &lapor_retry_codes[i];

        if (p->first > p->last || p->factor < 1
            || lapor_retry_find(400, p->first) != p)
        {
            diag("row of code %d is hidden or wrong", p->first);
            hidden++;
        }
    }

    is((intmax_t) hidden, 0, "every row of the table can be found");
}


static void
test_delays(void)
{
    test_range("pair rate, first", 131056, 0, 1000, 1250);
    test_range("pair rate, 4^1 s", 131056, 1, 4000, 5000);
    test_range("pair rate, 4^3 s", 131056, 3, 64000, 80000);
    test_range("pair rate, capped", 131056, 30, MAX, MAX + MAX / 4);
    test_range("throughput, first", 130429, 0, 1000, 1250);
    test_range("throughput, capped", 130429, 1000, MAX, MAX + MAX / 4);
    test_range("account's rate in minutes", 80007, 0, 60000, 75000);
    test_range("token: slow", 190, 0, SLOW, SLOW + SLOW / 4);
    test_range("token: slow for ever", 190, 50, SLOW, SLOW + SLOW / 4);
    test_range("spam: an hour, above the cap", 131048, 0, 3600000, 4500000);
    test_range("unknown: full jitter", 131000, 0, 100, 1000);
    test_range("unknown: doubles", 131000, 2, 100, 4000);
}


static void
test_range(const char *name, int code, int n, int64_t least, int64_t most)
{
    int      i, bad;
    int64_t  delay;

    bad = 0;

    for (i = 0; i < 200; i++) {
        delay = lapor_retry_delay(lapor_retry_find(400, code), n, SLOW, MAX);
        bad += delay < least || delay > most;
    }

    is(bad, 0, "%s: from %ld to %ld ms", name, (long) least, (long) most);
}
