/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Wrong clocks: T0 of a report and the 24 hours in which Meta takes an answer
 * hang on them. Ours is compared with those of Redis and PostgreSQL, the
 * receive times that nginx wrote with Redis's in the entry's id, and Meta's
 * times with those. More than five seconds, however many, is the alert
 * clock_skew, with the clock as its subject: redis, postgresql, nginx (ahead
 * of Redis) or meta (ahead of nginx, which means that nginx is behind). When
 * every message of an hour is old it is meta_late: nginx is ahead, or Meta is
 * late. It is closed when the clock is right again.
 */

#ifndef LAPOR_INTAKE_CLOCK_H
#define LAPOR_INTAKE_CLOCK_H

#include <pthread.h>

#include "intake/store.h"
#include "lib/redis.h"


#define LAPOR_INTAKE_SKEW_MS  5000

/* In the order of the subjects above. */
enum lapor_intake_clock_of {
    LAPOR_INTAKE_CLOCK_REDIS,
    LAPOR_INTAKE_CLOCK_POSTGRES,
    LAPOR_INTAKE_CLOCK_NGINX,
    LAPOR_INTAKE_CLOCK_META,
    LAPOR_INTAKE_CLOCK_LATE,
    LAPOR_INTAKE_CLOCKS
};

enum lapor_intake_clock_state {
    LAPOR_INTAKE_CLOCK_UNKNOWN,   /* an alert of another life may be open */
    LAPOR_INTAKE_CLOCK_RIGHT,
    LAPOR_INTAKE_CLOCK_WRONG
};


/* One for the process. */
struct lapor_intake_clock {
    pthread_mutex_t                lock;    /* of all but the last two */
    bool                           seen[LAPOR_INTAKE_CLOCKS];
    int64_t                        ahead[LAPOR_INTAKE_CLOCKS];  /* ms, the
                                               most since the last look */

    /* messages in a row that Meta had more than a day before nginx */
    unsigned                       far;
    int64_t                        far_sent;    /* ms, of the last one */

    /* those that were old when they came */
    unsigned                       late;
    int64_t                        late_since;  /* when nginx had the first */
    int64_t                        late_by;     /* ms, of the youngest */

    /* of the loop that looks */
    enum lapor_intake_clock_state  state[LAPOR_INTAKE_CLOCKS];
    int64_t                        due;     /* lapor_mono_ms() */
};


void lapor_intake_clock_init(struct lapor_intake_clock *clock);
void lapor_intake_clock_done(struct lapor_intake_clock *clock);

/* By every loop: what the entries of a batch say of nginx's and Meta's clock.
 * A day ahead of nginx and more is no clock's, unless one message after the
 * other says so. */
void lapor_intake_clock_batch(struct lapor_intake_clock *clock,
    const struct lapor_intake_batch *batch);

/* By one loop, every so many ms: asks both servers, and tells of what is
 * wrong or right again. */
void lapor_intake_clock_turn(struct lapor_intake_clock *clock, int64_t every,
    struct lapor_redis *redis, struct lapor_intake_store *store);

#endif
