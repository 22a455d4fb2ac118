/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl alert list and close: what a person must look at. */

#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/text.h"
#include "lib/part.h"
#include "lib/timeutil.h"


#define ALERT_COLUMNS  7


static int list(struct ctl_args *args, int limit, struct lapor_pg *pg,
    struct lapor_pool *pool);
static void list_row(const PGresult *res, int row, struct ctl_row *cells,
    struct lapor_pool *pool);
static struct lapor_str list_time(const PGresult *res, int row, int col,
    struct lapor_pool *pool);
static int close_one(struct ctl_args *args, struct lapor_pg *pg,
    struct lapor_pool *pool);


const struct ctl_option  lapor_ctl_alert_list_options[] = {
    { "open", NULL, "only those that nobody closed" },
    { "limit", "N", "at most N, default 100; the newest first" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_alert_list(struct ctl_args *args)
{
    int                 status, limit;
    struct lapor_pg    *pg;
    struct lapor_pool  *pool;

    limit = (int) lapor_ctl_number(args, "limit", 100, 1, 100000);
    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(65536);
    status = list(args, limit, pg, pool);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static int
list(struct ctl_args *args, int limit, struct lapor_pg *pg,
    struct lapor_pool *pool)
{
    int                    row;
    size_t                 i;
    PGresult              *res;
    struct ctl_row        *head;
    struct lapor_str       json;
    struct ctl_table       table;
    struct lapor_pgparams  p;

    static const char *const  names[ALERT_COLUMNS] = {
        "TINGKAT", "JENIS", "SUBJEK", "SEJAK", "TERAKHIR", "KALI", "DITUTUP"
    };

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_bool(&p, lapor_ctl_flag(args, "open"));
    lapor_pgparams_int4(&p, limit);

    if (lapor_pg_exec(pg,
            "SELECT a.severity, a.kind, a.subject, a.opened_at, a.last_at,"
            "       a.times, a.closed_at,"
            "       (to_jsonb(a) - 'part')::text"
            "  FROM lapor.alert a"
            " WHERE NOT $1 OR a.closed_at IS NULL"
            " ORDER BY a.opened_at DESC, a.kind, a.subject LIMIT $2",
            &p, &res) != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "alert list");
    }

    memset(&table, 0, sizeof(table));
    table.pool = pool;
    table.columns = ALERT_COLUMNS;
    head = lapor_ctl_table_row(&table);

    for (i = 0; i < ALERT_COLUMNS; i++) {
        head->cells[i] = lapor_str_from(names[i]);
    }

    for (row = 0; row < PQntuples(res); row++) {

        if (args->json) {
            json = lapor_pg_get_str(res, row, ALERT_COLUMNS);
            printf("%.*s\n", (int) json.len, json.data);

        } else {
            list_row(res, row, lapor_ctl_table_row(&table), pool);
        }
    }

    if (!args->json) {
        lapor_ctl_table_print(&table);
    }

    PQclear(res);

    return 0;
}


static void
list_row(const PGresult *res, int row, struct ctl_row *cells,
    struct lapor_pool *pool)
{
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    cells->cells[0] = lapor_pg_get_str(res, row, 0);
    cells->cells[1] = lapor_pg_get_str(res, row, 1);
    cells->cells[2] = lapor_pg_get_str(res, row, 2);
    cells->cells[3] = list_time(res, row, 3, pool);
    cells->cells[4] = list_time(res, row, 4, pool);

    lapor_buf_printf(&buf, "%lld", (long long) lapor_pg_get_int(res, row, 5));
    cells->cells[5] = lapor_pool_str(pool, lapor_buf_view(&buf));
    lapor_buf_free(&buf);

    cells->cells[6] = LAPOR_STR("-");

    if (!lapor_pg_get_null(res, row, 6)) {
        cells->cells[6] = list_time(res, row, 6, pool);
    }
}


static struct lapor_str
list_time(const PGresult *res, int row, int col, struct lapor_pool *pool)
{
    char  text[LAPOR_TIME_LEN];

    lapor_time_format(lapor_pg_get_time(res, row, col), text);

    return lapor_ctl_time(pool, lapor_str_from(text));
}


int
lapor_ctl_alert_close(struct ctl_args *args)
{
    int                 status;
    struct lapor_pg    *pg;
    struct lapor_pool  *pool;

    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(4096);
    status = close_one(args, pg, pool);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static int
close_one(struct ctl_args *args, struct lapor_pg *pg, struct lapor_pool *pool)
{
    bool                   done;
    PGresult              *res;
    const char            *kind, *subject;
    struct lapor_pgparams  p;

    kind = args->files[0];
    subject = args->files[1];

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_int2(&p, (int16_t) lapor_part(subject, strlen(subject)));
    lapor_pgparams_cstr(&p, kind);
    lapor_pgparams_cstr(&p, subject);
    lapor_pgparams_time(&p, lapor_time_ms());

    if (lapor_pg_exec(pg, "SELECT lapor.alert_close($1, $2, $3, $4)", &p,
                      &res) != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "alert close");
    }

    done = lapor_pg_get_bool(res, 0, 0);
    PQclear(res);

    if (!done) {
        return lapor_ctl_fail("no alert %s of %s is open", kind, subject);
    }

    if (args->json) {
        puts("{\"closed\":true}");
    }

    return 0;
}
