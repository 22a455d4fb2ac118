/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The tables.  In the first one the first match wins, so that a range stands
 * behind its exceptions.
 */

#include <limits.h>
#include <stddef.h>

#include "lib/graph.h"
#include "lib/outbox.h"
#include "lib/timeutil.h"
#include "reply/retry_policy.h"


#define LATER    LAPOR_RETRY_LATER
#define FEW      LAPOR_RETRY_FEW
#define NEVER    LAPOR_RETRY_NEVER
#define UNKNOWN  LAPOR_RETRY_UNKNOWN
#define ALARM    LAPOR_RETRY_ALARM
#define HOLD     LAPOR_RETRY_HOLD
#define TOKEN    LAPOR_RETRY_TOKEN
#define EDGE     LAPOR_RETRY_EDGE

#define LAPOR_RETRY_HOUR  3600


static const struct lapor_retry_policy  lapor_retry_codes[] = {
    /* first, last, action, flags, base in s, factor: what the code means */
    { 0, 0, LATER, ALARM|HOLD|TOKEN, 0, 1 },        /* cannot authenticate */
    { 1, 1, FEW, 0, 1, 2 },                         /* unknown */
    { 2, 2, LATER, HOLD, 1, 2 },                    /* service is down */
    { 3, 3, LATER, ALARM|HOLD, 0, 1 },              /* capability missing */
    { 4, 4, LATER, HOLD, 60, 2 },                   /* the app's call rate */
    { 10, 10, LATER, ALARM|HOLD|TOKEN, 0, 1 },      /* permission */
    { 33, 33, LATER, ALARM|HOLD, 0, 1 },            /* our number is gone */
    { 100, 100, NEVER, ALARM, 0, 1 },               /* parameter: our bug */
    { 190, 190, LATER, ALARM|HOLD|TOKEN, 0, 1 },    /* token expired */
    { 200, 299, LATER, ALARM|HOLD|TOKEN, 0, 1 },    /* permission */
    { 368, 368, LATER, ALARM|HOLD, 0, 1 },          /* blocked for policy */
    { 613, 613, LATER, HOLD, 60, 2 },               /* query rate */
    { 80007, 80007, LATER, HOLD, 60, 2 },           /* the account's rate */
    { 130429, 130429, LATER, HOLD, 1, 2 },          /* number's throughput */
    { 130472, 130472, NEVER, 0, 0, 1 },             /* in an experiment */
    { 130497, 130497, NEVER, ALARM, 0, 1 },         /* country not allowed */
    { 131000, 131000, FEW, 0, 1, 2 },               /* unknown */
    { 131005, 131005, LATER, ALARM|HOLD|TOKEN, 0, 1 },  /* access denied */
    { 131008, 131009, NEVER, ALARM, 0, 1 },         /* parameter: our bug */
    { 131016, 131016, LATER, HOLD, 1, 2 },          /* service unavailable */
    { 131020, 131020, NEVER, 0, 0, 1 },             /* groups */
    { 131021, 131021, NEVER, 0, 0, 1 },             /* sender is recipient */
    { 131026, 131026, NEVER, 0, 0, 1 },             /* undeliverable */
    { 131030, 131030, NEVER, 0, 0, 1 },             /* not on the test list */
    { 131031, 131031, LATER, ALARM|HOLD, 0, 1 },    /* account locked */
    { 131037, 131037, LATER, ALARM|HOLD, 0, 1 },    /* name not approved */
    { 131041, 131041, NEVER, 0, 0, 1 },             /* groups */
    { 131042, 131042, LATER, ALARM|HOLD, 0, 1 },    /* payment */
    { 131044, 131044, LATER, ALARM|HOLD, 0, 1 },    /* payment, calls */
    { 131045, 131045, LATER, ALARM|HOLD, 0, 1 },    /* not registered well */
    { 131047, 131047, NEVER, 0, 0, 1 },             /* more than 24 hours */
    { 131048, 131048, LATER, ALARM|HOLD, LAPOR_RETRY_HOUR, 2 },    /* spam */
    { 131049, 131050, NEVER, 0, 0, 1 },             /* marketing */
    { 131051, 131051, NEVER, 0, 0, 1 },             /* unsupported type */
    { 131053, 131053, FEW, 0, 1, 2 },               /* upload of media */
    { 131056, 131056, LATER, 0, 1, 4 },             /* pair rate: 4^n s */
    { 131057, 131057, LATER, HOLD, 5, 2 },          /* upgrade, <= 1 minute */
    { 131059, 131059, NEVER, 0, 0, 1 },             /* groups */
    { 131062, 131063, NEVER, 0, 0, 1 },             /* user id, marketing */
    { 131064, 131064, LATER, ALARM|HOLD, LAPOR_RETRY_HOUR, 2 },    /* misuse */
    { 131201, 131215, NEVER, 0, 0, 1 },             /* groups */
    { 132015, 132016, NEVER, ALARM, 0, 1 },         /* template is paused */
    { 132069, 132069, LATER, 0, 60, 2 },            /* flow is throttled */
    { 132000, 132099, NEVER, 0, 0, 1 },             /* template, flow */
    { 133004, 133004, LATER, HOLD, 1, 2 },          /* server unavailable */
    { 133000, 133099, LATER, ALARM|HOLD, 0, 1 },    /* registration */
    { 135000, 135000, NEVER, ALARM, 0, 1 },         /* malformed: our bug */
    { 137000, 137000, NEVER, 0, 0, 1 },             /* identity has changed */
    { 138000, 139199, NEVER, 0, 0, 1 },             /* calls, flows, blocks */
    { 2494100, 2494100, LATER, HOLD, 60, 2 }        /* maintenance */
};


/*
 * By status, where there is no code or one that is not in the table above. A
 * code, even an unknown one, is a word of the API: the message was not taken.
 * Without one the answer comes from Meta's edge, and then only 503 says that
 * nobody worked on the request (RFC 9110, section 15.6.4); of the others we
 * cannot tell.
 */

static const struct lapor_retry_policy  lapor_retry_with_code[] = {
    { 401,      403,     LATER,  ALARM|HOLD|TOKEN,  0,    1 },
    { 429,      429,     LATER,  HOLD,              1,    2 },
    { 500,      599,     LATER,  0,                 1,    2 },
    { INT_MIN,  INT_MAX, FEW,    0,                 1,    2 }
};

static const struct lapor_retry_policy  lapor_retry_no_code[] = {
    { 200,      299,     UNKNOWN, 0,                1,    2 },
    { 401,      403,     LATER,  ALARM|HOLD|TOKEN,  0,    1 },
    { 429,      429,     LATER,  HOLD,              1,    2 },
    { 503,      503,     LATER,  EDGE,              1,    2 },
    { 500,      599,     UNKNOWN, EDGE,             1,    2 },
    { INT_MIN,  INT_MAX, FEW,    0,                 1,    2 }
};


#define lapor_retry_size(table)  (sizeof(table) / sizeof((table)[0]))


static const struct lapor_retry_policy *lapor_retry_search(
    const struct lapor_retry_policy *table, size_t n, long key);


const struct lapor_retry_policy *
lapor_retry_find(long status, int code)
{
    const struct lapor_retry_policy  *policy;

    if (code == LAPOR_GRAPH_NO_CODE) {
        return lapor_retry_search(lapor_retry_no_code,
                                  lapor_retry_size(lapor_retry_no_code),
                                  status);
    }

    policy = lapor_retry_search(lapor_retry_codes,
                                lapor_retry_size(lapor_retry_codes), code);

    if (policy == NULL) {
        policy = lapor_retry_search(lapor_retry_with_code,
                                    lapor_retry_size(lapor_retry_with_code),
                                    status);
    }

    return policy;
}


static const struct lapor_retry_policy *
lapor_retry_search(const struct lapor_retry_policy *table, size_t n,
    long key)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (key >= table[i].first && key <= table[i].last) {
            return &table[i];
        }
    }

    return NULL;
}


int64_t
lapor_retry_delay(const struct lapor_retry_policy *policy, int n,
    int64_t slow_ms, int64_t max_ms)
{
    int      i;
    int64_t  base, step;

    base = policy->base > 0 ? policy->base * INT64_C(1000) : slow_ms;

    /* a pause that a code demands may be longer than what we would choose */
    if (max_ms < base) {
        max_ms = base;
    }

    step = base;

    for (i = 0; i < n && policy->factor > 1 && step < max_ms; i++) {
        step *= policy->factor;
    }

    if (step > max_ms) {
        step = max_ms;
    }

    if ((policy->flags & LAPOR_RETRY_HOLD) != 0 || policy->factor > 2) {
        return step + lapor_random((uint32_t) (step / 4 + 1));
    }

    return lapor_outbox_delay(1, step, step);
}
