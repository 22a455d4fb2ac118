/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* What is in the database: partitions, and what waits for a person. */

#include <stdio.h>

#include "laporctl/check.h"
#include "laporctl/silence.h"


static void check_months(struct ctl_check *c, struct lapor_pg *pg);
static void check_default(struct ctl_check *c, struct lapor_pg *pg);
static void check_count(struct ctl_check *c, struct lapor_pg *pg,
    const char *what, const char *sql, const char *advice);
static void check_number(struct ctl_check *c, struct lapor_pg *pg);


void
lapor_ctl_check_tables(struct ctl_check *c, struct lapor_pg *pg)
{
    check_months(c, pg);
    check_default(c, pg);

    check_count(c, pg, "quarantine",
                "SELECT count(*) FROM lapor.quarantine WHERE state = 'dead'",
                "see laporctl dead list");
    check_count(c, pg, "failed tasks",
                "SELECT count(*) FROM lapor.task WHERE state = 'failed' "
                "AND finished_at > now() - interval '7 days'",
                "of the last 7 days: answers or media that did not succeed");
    check_count(c, pg, "late tasks",
                "SELECT count(*) FROM lapor.task WHERE finished_at IS NULL "
                "AND run_at < now() - interval '5 minutes'",
                "are lapor-media and lapor-reply running?");

    check_number(c, pg);
    lapor_ctl_check_accounts_find(c, pg);
    lapor_ctl_check_silence(c, pg);
}


static void
check_months(struct ctl_check *c, struct lapor_pg *pg)
{
    PGresult          *res;
    struct lapor_str   missing;

    if (lapor_pg_exec(pg, "SELECT string_agg(t.name || to_char(m.month, "
            "'_YYYY_MM'), ' ') FROM unnest(ARRAY['raw_webhook', 'seen', "
            "'message', 'event']) AS t (name), generate_series(0, 1) AS k, "
            "LATERAL (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') "
            "+ make_interval(months => k)) AS m (month) "
            "WHERE to_regclass('lapor.' || t.name || to_char(m.month, "
            "'_YYYY_MM')) IS NULL", NULL, &res) != LAPOR_PG_OK)
    {
        lapor_ctl_say(c, CTL_BAD, "partitions", "%s", lapor_pg_error(pg));
        return;
    }

    missing = lapor_pg_get_str(res, 0, 0);

    if (missing.data == NULL) {
        lapor_ctl_say(c, CTL_OK, "partitions", "this month and the next");

    } else {
        lapor_ctl_say(c, CTL_BAD, "partitions", "%.*s missing: run laporctl "
                      "setup", (int) missing.len, missing.data);
    }

    PQclear(res);
}


/* Rows without a readable timestamp belong there; others are too old or too
 * new for the partitions that exist. */

static void
check_default(struct ctl_check *c, struct lapor_pg *pg)
{
    check_count(c, pg, "default partitions",
                "SELECT coalesce(sum(n), 0)::bigint "
                "FROM lapor.default_months()",
                "rows with a date that has no partition");
}


static void
check_count(struct ctl_check *c, struct lapor_pg *pg, const char *what,
    const char *sql, const char *advice)
{
    int64_t    n;
    PGresult  *res;

    if (lapor_pg_exec(pg, sql, NULL, &res) != LAPOR_PG_OK) {
        lapor_ctl_say(c, CTL_BAD, what, "%s", lapor_pg_error(pg));
        return;
    }

    n = lapor_pg_get_int(res, 0, 0);
    PQclear(res);

    lapor_ctl_say(c, n == 0 ? CTL_OK : CTL_WARN, what, "%lld%s%s",
                  (long long) n, n == 0 ? "" : ", ", n == 0 ? "" : advice);
}


/* Every unit that has a number is one; the first is asked for at Meta. */

static void
check_number(struct ctl_check *c, struct lapor_pg *pg)
{
    PGresult          *res;
    struct lapor_str   number;

    if (lapor_pg_exec(pg, "SELECT count(*), min(phone_number_id) "
                      "FROM lapor.phone_number WHERE active", NULL, &res)
        != LAPOR_PG_OK)
    {
        lapor_ctl_say(c, CTL_BAD, "numbers", "%s", lapor_pg_error(pg));
        return;
    }

    number = lapor_pg_get_str(res, 0, 1);
    snprintf(c->number, sizeof(c->number), "%.*s", (int) number.len,
             number.data == NULL ? "" : number.data);

    lapor_ctl_say(c, number.data == NULL ? CTL_WARN : CTL_OK, "numbers",
                  "%lld%s", (long long) lapor_pg_get_int(res, 0, 0),
                  number.data == NULL ? ", see laporctl unit import" : "");
    PQclear(res);
}
