/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * lapor-intake: from the webhook streams into PostgreSQL, by a few threads.
 * More of it is more threads, or more processes, each with a consumer name of
 * its own: they share the partitions among them.
 */

#include "intake/loops.h"
#include "intake/meter.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/metrics.h"
#include "lib/notify.h"
#include "lib/version.h"


#define MAIN_WATCH_MS  200


int
main(int argc, char **argv)
{
    struct lapor_intake_conf   conf;
    struct lapor_intake_loops  loops;

    lapor_intake_conf_main(argc, argv, &conf);
    lapor_common_apply(&conf.common);
    lapor_loop_init();

    lapor_log_notice("started version=%s consumer=%s loops=%d", LAPOR_VERSION,
                     conf.consumer, (int) conf.loops);
    lapor_intake_meter_start(conf.common.metrics);
    lapor_intake_loops_start(&loops, &conf);
    lapor_notify_ready();

    while (lapor_loop_sleep(MAIN_WATCH_MS)) {
        if (lapor_loop_hup()) {
            lapor_intake_loops_reload(&loops, &conf);
        }

        lapor_intake_loops_watch(&loops, &conf);
    }

    lapor_notify_stopping();
    lapor_intake_loops_end(&loops);
    lapor_metrics_stop();
    lapor_log_notice("stopped");
    lapor_intake_conf_free(&conf);

    return LAPOR_EXIT_OK;
}
