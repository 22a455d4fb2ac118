/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl dead list and show: what stands in quarantine, and why. */

#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/dead.h"
#include "laporctl/text.h"
#include "lib/timeutil.h"
#include "lib/utf8.h"


static int list(struct ctl_args *args, int limit, struct lapor_pg *pg,
    struct lapor_pool *pool);
static void list_row(const PGresult *res, int row, struct ctl_row *cells,
    struct lapor_pool *pool);
static void print_json(const PGresult *res, int row, struct lapor_pool *pool,
    int with_body);
static int show(struct ctl_args *args, const struct ctl_dead *dead,
    struct lapor_pg *pg, struct lapor_pool *pool);
static void show_body(struct lapor_str body, struct lapor_pool *pool);
static void hexdump(struct lapor_str body);
static struct lapor_str name(const PGresult *res, int row,
    struct lapor_pool *pool);


/* The columns that list_row(), print_json() and name() know by number. */
#define DEAD_COLUMNS                                                          \
    "SELECT q.part::integer, q.raw_id, q.received_at, q.item, q.stream, "     \
    "q.reason, coalesce(q.sqlstate, ''), q.state, q.times, q.dead_at, "       \
    "octet_length(q.body), "

const struct ctl_option  lapor_ctl_dead_list_options[] = {
    { "all", NULL, "those that were queued again, too" },
    { "limit", "N", "at most N, default 100; the oldest first" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_dead_list(struct ctl_args *args)
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
    int                     row;
    PGresult               *res;
    struct ctl_row         *head;
    struct ctl_table        table;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_bool(&p, lapor_ctl_flag(args, "all"));
    lapor_pgparams_int4(&p, limit);

    if (lapor_pg_exec(pg, DEAD_COLUMNS "NULL::bytea "
                      "FROM lapor.quarantine q WHERE $1 OR q.state = 'dead' "
                      "ORDER BY q.dead_at, q.part, q.raw_id, q.item LIMIT $2",
                      &p, &res) != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "dead list");
    }

    memset(&table, 0, sizeof(table));
    table.pool = pool;
    table.columns = 6;
    head = lapor_ctl_table_row(&table);
    head->cells[0] = LAPOR_STR("ID");
    head->cells[1] = LAPOR_STR("MATI");
    head->cells[2] = LAPOR_STR("STATUS");
    head->cells[3] = LAPOR_STR("KALI");
    head->cells[4] = LAPOR_STR("BYTE");
    head->cells[5] = LAPOR_STR("SEBAB");

    for (row = 0; row < PQntuples(res); row++) {
        if (args->json) {
            print_json(res, row, pool, 0);

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
    char              text[LAPOR_TIME_LEN];
    struct lapor_buf  buf;

    lapor_buf_init(&buf);

    cells->cells[0] = name(res, row, pool);
    lapor_time_format(lapor_pg_get_time(res, row, 9), text);
    cells->cells[1] = lapor_ctl_time(pool, lapor_str_from(text));
    cells->cells[2] = lapor_pg_get_str(res, row, 7);

    lapor_buf_printf(&buf, "%lld", (long long) lapor_pg_get_int(res, row, 8));
    cells->cells[3] = lapor_pool_str(pool, lapor_buf_view(&buf));
    lapor_buf_reset(&buf);

    lapor_buf_printf(&buf, "%lld",
                     (long long) lapor_pg_get_int(res, row, 10));
    cells->cells[4] = lapor_pool_str(pool, lapor_buf_view(&buf));
    lapor_buf_free(&buf);

    cells->cells[5] = lapor_pg_get_str(res, row, 5);
}


static struct lapor_str
name(const PGresult *res, int row, struct lapor_pool *pool)
{
    char             text[CTL_DEAD_LEN];
    struct ctl_dead  dead;

    dead.part = (int) lapor_pg_get_int(res, row, 0);
    dead.raw_id = lapor_pg_get_int(res, row, 1);
    dead.received_ms = lapor_pg_get_time(res, row, 2);
    dead.item = (int) lapor_pg_get_int(res, row, 3);
    lapor_ctl_dead_name(&dead, text);

    return lapor_pool_str(pool, lapor_str_from(text));
}


static void
print_json(const PGresult *res, int row, struct lapor_pool *pool,
    int with_body)
{
    char              time[LAPOR_TIME_LEN];
    struct lapor_buf  buf;

    lapor_buf_init(&buf);
    lapor_buf_addc(&buf, '{');
    lapor_buf_json_member(&buf, "id", name(res, row, pool));
    lapor_buf_json_key(&buf, "item");
    lapor_buf_printf(&buf, "%d", (int) lapor_pg_get_int(res, row, 3));
    lapor_buf_json_member(&buf, "stream", lapor_pg_get_str(res, row, 4));
    lapor_buf_json_member(&buf, "reason", lapor_pg_get_str(res, row, 5));
    lapor_buf_json_member(&buf, "sqlstate", lapor_pg_get_str(res, row, 6));
    lapor_buf_json_member(&buf, "state", lapor_pg_get_str(res, row, 7));
    lapor_buf_json_key(&buf, "times");
    lapor_buf_printf(&buf, "%lld", (long long) lapor_pg_get_int(res, row, 8));
    lapor_time_format(lapor_pg_get_time(res, row, 2), time);
    lapor_buf_json_member(&buf, "received_at", lapor_str_from(time));
    lapor_time_format(lapor_pg_get_time(res, row, 9), time);
    lapor_buf_json_member(&buf, "dead_at", lapor_str_from(time));
    lapor_buf_json_key(&buf, "bytes");
    lapor_buf_printf(&buf, "%lld",
                     (long long) lapor_pg_get_int(res, row, 10));

    if (with_body) {
        lapor_buf_json_member(&buf, "body", lapor_pg_get_str(res, row, 11));
    }

    lapor_buf_addc(&buf, '}');
    puts(lapor_buf_cstr(&buf));
    lapor_buf_free(&buf);
}


int
lapor_ctl_dead_show(struct ctl_args *args)
{
    int                 status;
    struct ctl_dead     dead;
    struct lapor_pg    *pg;
    struct lapor_pool  *pool;

    if (lapor_ctl_dead_read(args->files[0], &dead) == -1) {
        return lapor_ctl_usage(args, "\"%s\" is not an ID of dead list",
                               args->files[0]);
    }

    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(65536);
    status = show(args, &dead, pg, pool);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static int
show(struct ctl_args *args, const struct ctl_dead *dead,
    struct lapor_pg *pg, struct lapor_pool *pool)
{
    PGresult               *res;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_int2(&p, (int16_t) dead->part);
    lapor_pgparams_int8(&p, dead->raw_id);
    lapor_pgparams_int8(&p, dead->received_ms);
    lapor_pgparams_int4(&p, dead->item);

    if (lapor_pg_exec(pg, DEAD_COLUMNS "q.body FROM lapor.quarantine q "
                      "WHERE q.part = $1 AND q.raw_id = $2 AND q.item = $4 "
                      "AND floor(extract(epoch FROM q.received_at) * 1000) "
                      "= $3", &p, &res) != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "dead show");
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return lapor_ctl_fail("nothing in quarantine is called %s",
                              args->files[0]);
    }

    if (args->json) {
        print_json(res, 0, pool, 1);

    } else {
        printf("%s\nstream   %.*s\nstatus   %.*s, %lld kali\nsebab    ",
               args->files[0], (int) lapor_pg_get_str(res, 0, 4).len,
               lapor_pg_get_str(res, 0, 4).data,
               (int) lapor_pg_get_str(res, 0, 7).len,
               lapor_pg_get_str(res, 0, 7).data,
               (long long) lapor_pg_get_int(res, 0, 8));
        lapor_ctl_text(lapor_pg_get_str(res, 0, 5), 9);
        printf("\nsqlstate %.*s\n\n",
               (int) lapor_pg_get_str(res, 0, 6).len,
               lapor_pg_get_str(res, 0, 6).data);
        show_body(lapor_pg_get_str(res, 0, 11), pool);
    }

    PQclear(res);
    return 0;
}


/* JSON on one line with its escapes resolved, other text as it is, all else
 * in hex. */

static void
show_body(struct lapor_str body, struct lapor_pool *pool)
{
    struct lapor_buf          buf;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    if (lapor_json_parse(pool, body.data, body.len, &root, &error) == 0) {
        lapor_buf_init(&buf);
        lapor_json_print(&buf, root, 0);
        puts(lapor_buf_cstr(&buf));
        lapor_buf_free(&buf);
        return;
    }

    printf("(bukan JSON: %s, byte %zu)\n", error.message, error.offset);

    if (lapor_utf8_valid(body.data, body.len)
        && memchr(body.data, '\0', body.len) == NULL)
    {
        lapor_ctl_text(body, 0);
        putchar('\n');
        return;
    }

    hexdump(body);
}


static void
hexdump(struct lapor_str body)
{
    size_t         i, k;
    unsigned char  c;

    for (i = 0; i < body.len; i += 16) {
        printf("%08zx ", i);

        for (k = i; k < i + 16; k++) {
            if (k < body.len) {
                printf(" %02x", (unsigned char) body.data[k]);

            } else {
                fputs("   ", stdout);
            }
        }

        fputs("  ", stdout);

        for (k = i; k < i + 16 && k < body.len; k++) {
            c = (unsigned char) body.data[k];
            putchar(c >= 0x20 && c < 0x7f ? c : '.');
        }

        putchar('\n');
    }
}
