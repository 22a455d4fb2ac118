/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The table of settings: parser, checker, -T and -h in one.
 */

#include <ctype.h>
#include <string.h>

#include "intake/conf.h"


#define ENTRY(type, name, value, help, flags, min, max)                       \
    { "intake", #name, type, offsetof(struct lapor_intake_conf, name), value, \
      help, flags, min, max }


static int intake_conf_check(const void *data, char *err, size_t size);


static const struct lapor_conf_entry  intake_conf_entries[] = {
    LAPOR_COMMON_ENTRIES,

    ENTRY(LAPOR_CONF_STRING, consumer, "intake-0",
          "name in the consumer group: its own for each process, the same "
          "after a restart; loops add .0, .1 ...", 0, 0, 0),
    ENTRY(LAPOR_CONF_INT, loops, "2",
          "threads that read and store, each with its own connections and "
          "the consumer name CONSUMER.N", 0, 1, 16),
    ENTRY(LAPOR_CONF_INT, batch, "4000",
          "stream entries read at a time at most, about",
          LAPOR_CONF_LIVE, 1, 10000),
    ENTRY(LAPOR_CONF_INT, batch_min, "1000",
          "the same at least; with a backlog it doubles up to batch while a "
          "transaction takes less than half of batch_time, and is halved when "
          "one takes more than that", LAPOR_CONF_LIVE, 1, 10000),
    ENTRY(LAPOR_CONF_DURATION, batch_time, "3s",
          "how long a transaction may take before batches get smaller",
          LAPOR_CONF_LIVE, 10, 60000),
    ENTRY(LAPOR_CONF_SIZE, batch_bytes, "16m",
          "webhook bytes read at a time and in one transaction, about",
          0, 1024, 268435456),
    ENTRY(LAPOR_CONF_INT, batch_items, "8000",
          "messages and statuses in one transaction, about",
          LAPOR_CONF_LIVE, 1, 100000),
    ENTRY(LAPOR_CONF_DURATION, block, "2s",
          "longest wait for new entries, and so for a stop", 0, 10, 10000),
    ENTRY(LAPOR_CONF_DURATION, lease, "6s",
          "how long partitions stay with a process that has died",
          LAPOR_CONF_LIVE, 500, 60000),
    ENTRY(LAPOR_CONF_DURATION, claim_idle, "60s",
          "how long another consumer holds an entry of an own partition "
          "before it is taken over", 0, 100, 86400000),
    ENTRY(LAPOR_CONF_DURATION, clock, "10s",
          "how often clocks are compared", LAPOR_CONF_LIVE, 100, 3600000),
    ENTRY(LAPOR_CONF_DURATION, trim, "1s",
          "how often processed entries are removed, an eighth of the streams "
          "at a time", LAPOR_CONF_LIVE, 10, 3600000),
    ENTRY(LAPOR_CONF_INT, months_ahead, "2",
          "monthly partitions made ahead", LAPOR_CONF_LIVE, 1, 24),
    ENTRY(LAPOR_CONF_DURATION, summary, "60s",
          "how often a line with counts is logged",
          LAPOR_CONF_LIVE, 1000, 86400000)
};


static const struct lapor_conf_spec  intake_conf_spec = {
    .program = "lapor-intake",
    .section = "intake",
    .summary = "stores what the webhook streams bring",
    .entries = intake_conf_entries,
    .n = sizeof(intake_conf_entries) / sizeof(intake_conf_entries[0]),
    .size = sizeof(struct lapor_intake_conf),
    .check = intake_conf_check
};


void
lapor_intake_conf_main(int argc, char **argv,
    struct lapor_intake_conf *ret_conf)
{
    memset(ret_conf, 0, sizeof(*ret_conf));
    lapor_conf_main(argc, argv, &intake_conf_spec, ret_conf);
}


int
lapor_intake_conf_reload(struct lapor_intake_conf *conf)
{
    return lapor_conf_reload(&intake_conf_spec, conf);
}


void
lapor_intake_conf_free(struct lapor_intake_conf *conf)
{
    lapor_conf_free(intake_conf_spec.entries, intake_conf_spec.n,
                    intake_conf_spec.section, conf);
}


static int
intake_conf_check(const void *data, char *err, size_t size)
{
    const char                      *p;
    const struct lapor_intake_conf  *conf;

    conf = data;

    for (p = conf->consumer; *p != '\0'; p++) {
        if (!isalnum((unsigned char) *p) && strchr("-_.", *p) == NULL) {
            break;
        }
    }

    if (*p != '\0' || p == conf->consumer || p - conf->consumer > 64) {
        (void) snprintf(err, size, "consumer must be 1 to 64 of the "
                        "characters A-Z a-z 0-9 - _ .");
        return -1;
    }

    return lapor_common_check(&conf->common, err, size);
}
