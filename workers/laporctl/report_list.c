/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl report list: the newest reports, one a line. */

#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/text.h"


#define LIST_LIMIT  50


static int list(struct ctl_args *args, int limit, struct lapor_pg *pg,
    struct lapor_pool *pool);
static void print_json(const PGresult *res);
static void print_table(const PGresult *res, struct lapor_pool *pool);
static void fill(struct ctl_row *row, const struct lapor_json *r,
    struct lapor_pool *pool);


const struct ctl_option  lapor_ctl_report_list_options[] = {
    { "unit", "CODE", "only those of this unit" },
    { "limit", "N", "at most N, default 50" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_report_list(struct ctl_args *args)
{
    int                 status, limit;
    struct lapor_pg    *pg;
    struct lapor_pool  *pool;

    limit = (int) lapor_ctl_number(args, "limit", LIST_LIMIT, 1, 100000);
    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(65536);
    status = lapor_ctl_unit_known(pg, pool, lapor_ctl_opt(args, "unit"));

    if (status == 0) {
        status = list(args, limit, pg, pool);
    }

    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static int
list(struct ctl_args *args, int limit, struct lapor_pg *pg,
    struct lapor_pool *pool)
{
    PGresult               *res;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, lapor_ctl_opt(args, "unit"));
    lapor_pgparams_int4(&p, limit);

    if (lapor_pg_exec(pg, "SELECT r::text FROM lapor.report_list($1, $2) r",
                      &p, &res) != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "report list");
    }

    if (args->json) {
        print_json(res);

    } else {
        print_table(res, pool);
    }

    PQclear(res);
    return 0;
}


static void
print_json(const PGresult *res)
{
    int               row;
    struct lapor_str  text;

    for (row = 0; row < PQntuples(res); row++) {
        text = lapor_pg_get_str(res, row, 0);
        fwrite(text.data, 1, text.len, stdout);
        putchar('\n');
    }
}


static void
print_table(const PGresult *res, struct lapor_pool *pool)
{
    int                       row;
    size_t                    i;
    struct lapor_str          text;
    struct ctl_row           *head;
    struct ctl_table          table;
    struct lapor_json        *root;
    struct lapor_json_error   error;
    static const char *const  names[] = {
        "KODE", "MASUK", "SATUAN", "STATUS", "U", "KATEGORI", "FUNGSI",
        "PESAN", "MEDIA", "JAWABAN"
    };

    memset(&table, 0, sizeof(table));
    table.pool = pool;
    table.columns = sizeof(names) / sizeof(names[0]);
    head = lapor_ctl_table_row(&table);

    for (i = 0; i < table.columns; i++) {
        head->cells[i] = lapor_str_from(names[i]);
    }

    for (row = 0; row < PQntuples(res); row++) {
        text = lapor_pg_get_str(res, row, 0);

        if (lapor_json_parse(pool, text.data, text.len, &root, &error) == 0) {
            fill(lapor_ctl_table_row(&table), root, pool);
        }
    }

    lapor_ctl_table_print(&table);
}


static void
fill(struct ctl_row *row, const struct lapor_json *r,
    struct lapor_pool *pool)
{
    struct lapor_buf  media;

    row->cells[0] = lapor_ctl_member(r, "code");
    row->cells[1] = lapor_ctl_time(pool,
                                   lapor_ctl_member(r, "first_message_at"));
    row->cells[2] = lapor_ctl_member(r, "unit");
    row->cells[3] = lapor_ctl_member(r, "state");
    row->cells[4] = lapor_ctl_member(r, "urgency");
    row->cells[5] = lapor_ctl_member(r, "category");
    row->cells[6] = lapor_ctl_member(r, "function");
    row->cells[7] = lapor_ctl_member(r, "messages");
    row->cells[9] = lapor_ctl_member(r, "answer");

    lapor_buf_init(&media);
    lapor_buf_adds(&media, lapor_ctl_member(r, "media_stored"));
    lapor_buf_addc(&media, '/');
    lapor_buf_adds(&media, lapor_ctl_member(r, "media"));
    row->cells[8] = lapor_pool_str(pool, lapor_buf_view(&media));
    lapor_buf_free(&media);
}
