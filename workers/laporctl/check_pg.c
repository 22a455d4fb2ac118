/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* PostgreSQL: version, settings, clock. What is in it: check_tables.c. */

#include <stdio.h>
#include <string.h>

#include "laporctl/check.h"
#include "lib/pool.h"
#include "lib/timeutil.h"
#include "lib/version.h"


#define SERVER_MIN  150000


struct setting {
    const char  *name;
    const char  *good;    /* words with a blank on each side */
    const char  *why;
};

static const struct setting  settings[] = {
    { "server_encoding", " UTF8 ", "texts are stored as UTF-8" },
    { "fsync", " on ", "stored reports would be lost with the power" },
    { "full_page_writes", " on ", "a torn page would be lost" },
    { "synchronous_commit", " on local remote_write remote_apply ",
      "stored reports would be lost with the power" },
    { "log_statement", " none ", "its log would hold statements" },
    { "log_min_duration_statement", " -1 ", "its log would hold statements" },
    { "log_min_duration_sample", " -1 ", "its log would hold statements" },
    { "log_transaction_sample_rate", " 0 ", "its log would hold statements" },
    { "log_min_error_statement", " fatal panic ",
      "its log would hold statements" },
    { "log_parameter_max_length", " 0 ", "its log would hold messages" },
    { "log_parameter_max_length_on_error", " 0 ",
      "its log would hold messages" },
    { "log_error_verbosity", " terse ", "its log would hold rows" },
    { "debug_print_parse", " off ", "its log would hold statements" },
    { "debug_print_rewritten", " off ", "its log would hold statements" },
    { "debug_print_plan", " off ", "its log would hold statements" },
};

#define NSETTINGS  (sizeof(settings) / sizeof(settings[0]))


static void check_settings(struct ctl_check *c, struct lapor_pg *pg);
static void check_setting(struct ctl_check *c, const struct setting *s,
    struct lapor_str value);
static void check_version(struct ctl_check *c, struct lapor_pg *pg);
static void check_schema(struct ctl_check *c, struct lapor_pg *pg);
static void check_time(struct ctl_check *c, struct lapor_pg *pg);


void
lapor_ctl_check_pg(struct ctl_check *c)
{
    char                   err[256];
    struct lapor_pg       *pg;
    struct lapor_pg_conf   conf;

    lapor_common_pg(&c->conf->common, "laporctl", &conf);
    pg = lapor_pg_new(&conf, err, sizeof(err));

    if (pg == NULL) {
        lapor_ctl_say(c, CTL_BAD, "postgresql", "%s", err);
        return;
    }

    if (lapor_pg_connect(pg) != LAPOR_PG_OK) {
        lapor_ctl_say(c, CTL_BAD, "postgresql", "%s", lapor_pg_error(pg));
        lapor_pg_free(pg);
        return;
    }

    check_version(c, pg);
    check_settings(c, pg);
    check_time(c, pg);
    check_schema(c, pg);
    lapor_pg_free(pg);
}


static void
check_version(struct ctl_check *c, struct lapor_pg *pg)
{
    int        version;
    PGresult  *res;

    if (lapor_pg_exec(pg, "SELECT current_setting('server_version_num')"
                      "::integer", NULL, &res) != LAPOR_PG_OK)
    {
        lapor_ctl_say(c, CTL_BAD, "postgresql", "%s", lapor_pg_error(pg));
        return;
    }

    version = (int) lapor_pg_get_int(res, 0, 0);
    PQclear(res);

    lapor_ctl_say(c, version >= SERVER_MIN ? CTL_OK : CTL_BAD, "postgresql",
                  "version %d.%d%s", version / 10000, version % 10000,
                  version >= SERVER_MIN ? "" : ", at least 15 is needed");
}


/* As they are for this session: a role or database may have its own. */

static void
check_settings(struct ctl_check *c, struct lapor_pg *pg)
{
    size_t                  i;
    PGresult               *res;
    struct lapor_pool      *pool;
    struct lapor_pgparams   p;

    pool = lapor_pool_create(4096);

    for (i = 0; i < NSETTINGS; i++) {
        lapor_pgparams_init(&p, pool);
        lapor_pgparams_cstr(&p, settings[i].name);

        if (lapor_pg_exec(pg, "SELECT current_setting($1, true)", &p, &res)
            != LAPOR_PG_OK)
        {
            lapor_ctl_say(c, CTL_BAD, settings[i].name, "%s",
                          lapor_pg_error(pg));
            continue;
        }

        check_setting(c, &settings[i], lapor_pg_get_str(res, 0, 0));
        PQclear(res);
    }

    lapor_pool_destroy(pool);
}


static void
check_setting(struct ctl_check *c, const struct setting *s,
    struct lapor_str value)
{
    char  what[80], word[80];

    snprintf(what, sizeof(what), "postgresql %s", s->name);
    snprintf(word, sizeof(word), " %.*s ", (int) value.len,
             value.data == NULL ? "" : value.data);

    if (value.data == NULL) {
        lapor_ctl_say(c, CTL_WARN, what, "this server has no such setting");

    } else if (strstr(s->good, word) != NULL) {
        lapor_ctl_say(c, CTL_OK, what, "%.*s", (int) value.len, value.data);

    } else {
        lapor_ctl_say(c, CTL_BAD, what, "is %.*s, must be%.*s: %s",
                      (int) value.len, value.data,
                      (int) strlen(s->good) - 1, s->good, s->why);
    }
}


static void
check_time(struct ctl_check *c, struct lapor_pg *pg)
{
    int64_t    before, after;
    PGresult  *res;

    before = lapor_time_ms();

    if (lapor_pg_exec(pg, "SELECT clock_timestamp()", NULL, &res)
        != LAPOR_PG_OK)
    {
        lapor_ctl_say(c, CTL_BAD, "postgresql clock", "%s",
                      lapor_pg_error(pg));
        return;
    }

    after = lapor_time_ms();
    lapor_ctl_check_clock(c, "postgresql clock",
                          lapor_pg_get_time(res, 0, 0), before, after);
    PQclear(res);
}


static void
check_schema(struct ctl_check *c, struct lapor_pg *pg)
{
    int                   version;
    enum lapor_pg_class   class;

    version = 0;
    class = lapor_pg_schema_check(pg, &version);

    if (class == LAPOR_PG_OK) {
        lapor_ctl_say(c, CTL_OK, "schema", "version %d", version);
        lapor_ctl_check_tables(c, pg);
        return;
    }

    if (version > 0) {
        lapor_ctl_say(c, CTL_BAD, "schema", "is version %d, must be %d: run "
                      "laporctl setup", version, LAPOR_SCHEMA_VERSION);
        return;
    }

    lapor_ctl_say(c, CTL_BAD, "schema", "%s; run laporctl setup",
                  lapor_pg_error(pg));
}
