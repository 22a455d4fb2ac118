/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "intake/alert.h"
#include "intake/month.h"
#include "lib/log.h"


static enum lapor_pg_class month_make(struct lapor_intake_store *store,
    int64_t ahead);
static enum lapor_pg_class month_alert(struct lapor_intake_store *store,
    struct lapor_str month, int64_t n);


enum lapor_pg_class
lapor_intake_month(struct lapor_intake_store *store, int64_t ahead)
{
    int                   i;
    PGresult             *res;
    struct lapor_str      month;
    enum lapor_pg_class   class;

    class = month_make(store, ahead);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    class = lapor_pg_call(store->pg, "default_months",
                          "SELECT month, n FROM lapor.default_months()",
                          NULL, &res);

    if (class != LAPOR_PG_OK) {
        lapor_log_warn("could not look into the default partitions: %s",
                       lapor_pg_error(store->pg));
        return class;
    }

    for (i = 0; i < PQntuples(res) && class == LAPOR_PG_OK; i++) {
        month = lapor_pg_get_str(res, i, 0);
        class = month_alert(store, month, lapor_pg_get_int(res, i, 1));
    }

    PQclear(res);

    return class;
}


static enum lapor_pg_class
month_make(struct lapor_intake_store *store, int64_t ahead)
{
    PGresult               *res;
    enum lapor_pg_class     class;
    struct lapor_pgparams   params;

    lapor_pool_reset(store->pool);
    lapor_pgparams_init(&params, store->pool);
    lapor_pgparams_int4(&params, (int32_t) ahead);
    class = lapor_pg_call(store->pg, "months_ahead",
                          "SELECT lapor.months_ahead($1)", &params, &res);

    if (class != LAPOR_PG_OK) {
        lapor_log_warn("could not make partitions ahead: %s",
                       lapor_pg_error(store->pg));
        return class;
    }

    if (lapor_pg_get_int(res, 0, 0) > 0) {
        lapor_log_info("made partitions ahead count=%" PRId64,
                       lapor_pg_get_int(res, 0, 0));
    }

    PQclear(res);

    return LAPOR_PG_OK;
}


/* Once a month: whoever has closed it knows, and the rows may stay there. */

static enum lapor_pg_class
month_alert(struct lapor_intake_store *store, struct lapor_str month,
    int64_t n)
{
    int                        len;
    char                       detail[40];
    enum lapor_pg_class        class;
    struct lapor_intake_alert  alert;

    len = snprintf(detail, sizeof(detail), "{\"rows\":%" PRId64 "}", n);

    memset(&alert, 0, sizeof(alert));
    alert.mode = LAPOR_INTAKE_ALERT_ONCE;
    alert.severity = LAPOR_INTAKE_WARNING;
    alert.kind = "default_partition";
    alert.subject = month;
    alert.detail.data = detail;
    alert.detail.len = (size_t) len;

    class = lapor_intake_alert_now(store->pg, store->pool, &alert);

    if (class != LAPOR_PG_OK) {
        lapor_log_warn("could not tell of the default partitions: %s",
                       lapor_pg_error(store->pg));
    }

    return class;
}
