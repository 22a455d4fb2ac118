/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl rule set and list: rules of conversation, as doc/state-machines.md
 * tells them. */

#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/text.h"


static int set_fail(const struct ctl_args *args, struct lapor_pg *pg);


/* All that units have set themselves. */
static const char  list_own[] =
    "SELECT u.unit_code, e.key, e.value, u.unit_code,"
    "       jsonb_build_object('unit', u.unit_code, 'rule', e.key, 'value',"
    "           e.value, 'from', u.unit_code)::text"
    "  FROM lapor.unit_rule r"
    "  JOIN lapor.unit u USING (unit_id),"
    "       jsonb_each_text(to_jsonb(r) - 'unit_id') e"
    " WHERE e.value IS NOT NULL"
    " ORDER BY u.unit_id, e.key";

/* What holds in one unit: of each rule, the nearest on the way up. */
static const char  list_one[] =
    "WITH RECURSIVE up AS ("
    "    SELECT u.unit_id, u.parent_id, u.unit_code, 0 AS height"
    "      FROM lapor.unit u"
    "     WHERE u.unit_code = $1"
    "    UNION ALL"
    "    SELECT u.unit_id, u.parent_id, u.unit_code, up.height + 1"
    "      FROM up"
    "      JOIN lapor.unit u ON u.unit_id = up.parent_id"
    "     WHERE up.height < 10)"
    "SELECT DISTINCT ON (e.key) $1, e.key, e.value, up.unit_code,"
    "       jsonb_build_object('unit', $1, 'rule', e.key, 'value',"
    "           e.value, 'from', up.unit_code)::text"
    "  FROM up"
    "  JOIN lapor.unit_rule r USING (unit_id),"
    "       jsonb_each_text(to_jsonb(r) - 'unit_id') e"
    " WHERE e.value IS NOT NULL"
    " ORDER BY e.key, up.height";


int
lapor_ctl_rule_set(struct ctl_args *args)
{
    int                    status;
    const char            *value;
    struct lapor_pg       *pg;
    struct lapor_pool     *pool;
    struct lapor_pgparams  p;

    value = args->files[2];
    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(4096);
    status = 0;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, args->files[0]);
    lapor_pgparams_cstr(&p, args->files[1]);
    lapor_pgparams_cstr(&p, strcmp(value, "-") == 0 ? NULL : value);

    if (lapor_pg_exec(pg, "SELECT lapor.unit_rule_put($1, $2, $3)", &p, NULL)
        != LAPOR_PG_OK)
    {
        status = set_fail(args, pg);
    }

    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static int
set_fail(const struct ctl_args *args, struct lapor_pg *pg)
{
    const char  *state, *unit, *rule, *value;

    state = lapor_pg_sqlstate(pg);
    unit = args->files[0];
    rule = args->files[1];
    value = args->files[2];

    if (strcmp(state, "23503") == 0) {
        return lapor_ctl_fail("there is no unit \"%s\"", unit);
    }

    if (strcmp(state, "22023") == 0) {
        return lapor_ctl_fail("there is no rule \"%s\"; there are join_window, "
                              "reopen_window, burst_gap, answer_every, "
                              "second_topic, topic_confidence", rule);
    }

    if (strcmp(state, "23514") == 0 && strcmp(value, "-") == 0) {
        return lapor_ctl_fail("%s is above all others and must have %s", unit,
                              rule);
    }

    if (strcmp(state, "23514") == 0) {
        return lapor_ctl_fail("%s is not allowed for %s", value, rule);
    }

    if (strncmp(state, "22", 2) == 0) {
        return lapor_ctl_fail("\"%s\" is no value of %s", value, rule);
    }

    return lapor_ctl_pg_fail(pg, "rule set");
}


int
lapor_ctl_rule_list(struct ctl_args *args)
{
    int                    status;
    PGresult              *res;
    struct lapor_pg       *pg;
    struct lapor_pool     *pool;
    struct lapor_pgparams  p;

    static const char *const  heads[] = {
        "SATUAN", "ATURAN", "NILAI", "DARI"
    };

    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(65536);
    status = 0;
    lapor_pgparams_init(&p, pool);

    if (args->n > 0) {
        lapor_pgparams_cstr(&p, args->files[0]);
    }

    if (lapor_pg_exec(pg, args->n > 0 ? list_one : list_own, &p, &res)
        != LAPOR_PG_OK)
    {
        status = lapor_ctl_pg_fail(pg, "rule list");

    } else if (args->n > 0 && PQntuples(res) == 0) {
        status = lapor_ctl_fail("there is no unit \"%s\"", args->files[0]);

    } else {
        lapor_ctl_result_print(pool, res, heads, 4, args->json);
    }

    PQclear(res);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}
