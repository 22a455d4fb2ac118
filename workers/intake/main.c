/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * lapor-intake: from the webhook streams into PostgreSQL. One thread, one
 * batch at a time; more of it is more processes, each with a consumer name of
 * its own.
 */

#include "intake/turn.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/notify.h"
#include "lib/version.h"


int
main(int argc, char **argv)
{
    struct lapor_intake       in;
    struct lapor_intake_conf  conf;

    lapor_intake_conf_main(argc, argv, &conf);
    lapor_common_apply(&conf.common);
    lapor_loop_init();
    lapor_intake_init(&in, &conf);

    lapor_log_notice("started version=%s consumer=%s", LAPOR_VERSION,
                     conf.consumer);
    lapor_notify_ready();

    while (!lapor_loop_stopping()) {
        lapor_intake_turn(&in);
    }

    lapor_notify_stopping();
    lapor_intake_summary(&in);
    lapor_log_notice("stopped");

    lapor_intake_done(&in);
    lapor_intake_conf_free(&conf);

    return LAPOR_EXIT_OK;
}
