/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Do the numbers hear what they usually hear? */

#include <stdio.h>

#include "laporctl/silence.h"


static void say(struct ctl_check *c, const struct ctl_silence *list);


void
lapor_ctl_check_silence(struct ctl_check *c, struct lapor_pg *pg)
{
    bool                 ok;
    struct lapor_pool   *pool;
    struct ctl_silence  *list;

    pool = lapor_pool_create(65536);
    list = lapor_ctl_silences(pg, CTL_SILENCE_MINUTES, pool, &ok);

    if (!ok) {
        lapor_ctl_say(c, CTL_BAD, "silence", "%s", lapor_pg_error(pg));

    } else {
        say(c, list);
    }

    lapor_pool_destroy(pool);
}


static void
say(struct ctl_check *c, const struct ctl_silence *list)
{
    int                        silent, never;
    struct lapor_str           unit;
    const struct ctl_silence  *s;

    silent = 0;
    never = 0;
    unit = LAPOR_STR("");

    for (s = list; s != NULL; s = s->next) {

        if (lapor_ctl_silence_is(s, "never")) {
            never++;

        } else if (lapor_ctl_silence_is(s, "silent") && silent++ == 0) {
            unit = lapor_json_get_text(s->root, "unit");
        }
    }

    if (silent > 0) {
        lapor_ctl_say(c, CTL_BAD, "silence", "%d numbers hear nothing, "
                      "%.*s is the first: see laporctl silence", silent,
                      (int) unit.len, unit.data);

    } else if (never > 0) {
        lapor_ctl_say(c, CTL_WARN, "silence", "%d numbers never had a "
                      "message: is the app subscribed?", never);

    } else {
        lapor_ctl_say(c, CTL_OK, "silence", "no number is silent that "
                      "usually is not");
    }
}
