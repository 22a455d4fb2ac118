/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl silence: a table for people, and a failed unit for a timer. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/silence.h"
#include "laporctl/text.h"
#include "lib/log.h"


#define EXIT_SILENT   1
#define EXIT_UNKNOWN  2


static struct lapor_pg *connect_as(const struct ctl_args *args);
static int look(const struct ctl_args *args, struct lapor_pg *pg,
    struct lapor_pool *pool);
static void print_table(const struct ctl_silence *list,
    struct lapor_pool *pool);
static void fill(struct ctl_row *row, const struct lapor_json *root,
    struct lapor_pool *pool);
static struct lapor_str verdict_word(struct lapor_str verdict);
static void alarm_line(const struct lapor_json *root);


const struct ctl_option  lapor_ctl_silence_options[] = {
    { "minutes", "N", "how long nothing must have come, default 15" },
    { "database", "CONNINFO", "in the place of the configuration's" },
    { NULL, NULL, NULL }
};


/* Not knowing is no alarm, and no good news either: a status of its own. */

int
lapor_ctl_silence(struct ctl_args *args)
{
    int                 status;
    struct lapor_pg    *pg;
    struct lapor_pool  *pool;

    pg = connect_as(args);

    if (pg == NULL) {
        return EXIT_UNKNOWN;
    }

    pool = lapor_pool_create(65536);
    status = look(args, pg, pool);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static struct lapor_pg *
connect_as(const struct ctl_args *args)
{
    char                    err[256];
    const char             *database;
    struct lapor_pg        *pg;
    struct lapor_pg_conf    settings;
    const struct ctl_conf  *conf;

    conf = lapor_ctl_conf(args);
    database = lapor_ctl_opt(args, "database");
    lapor_common_pg(&conf->common, "laporctl", &settings);

    if (database != NULL) {
        settings.conninfo = database;
        settings.password = NULL;
    }

    pg = lapor_pg_new(&settings, err, sizeof(err));

    if (pg == NULL) {
        lapor_ctl_fail("database: %s", err);
        return NULL;
    }

    if (lapor_pg_connect(pg) != LAPOR_PG_OK) {
        lapor_pg_free(pg);
        return NULL;
    }

    return pg;
}


static int
look(const struct ctl_args *args, struct lapor_pg *pg,
    struct lapor_pool *pool)
{
    int                  status;
    bool                 ok;
    struct ctl_silence  *list, *s;

    list = lapor_ctl_silences(pg, (int) lapor_ctl_number(args, "minutes",
                              CTL_SILENCE_MINUTES, 1, 10080), pool, &ok);

    if (!ok) {
        lapor_ctl_pg_fail(pg, "silence");
        return EXIT_UNKNOWN;
    }

    if (!args->json) {
        print_table(list, pool);
    }

    status = 0;

    for (s = list; s != NULL; s = s->next) {

        if (args->json) {
            printf("%.*s\n", (int) s->text.len, s->text.data);
        }

        if (lapor_ctl_silence_is(s, "silent")) {
            alarm_line(s->root);
            status = EXIT_SILENT;
        }
    }

    return status;
}


struct ctl_silence *
lapor_ctl_silences(struct lapor_pg *pg, int minutes, struct lapor_pool *pool,
    bool *ret_ok)
{
    int                       row;
    PGresult                 *res;
    struct lapor_str          text;
    struct ctl_silence       *first, *s, **last;
    struct lapor_pgparams     p;
    struct lapor_json_error   error;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_int4(&p, minutes);
    *ret_ok = lapor_pg_exec(pg, "SELECT s::text FROM lapor.silence($1, now())"
                            " s", &p, &res) == LAPOR_PG_OK;

    if (!*ret_ok) {
        return NULL;
    }

    first = NULL;
    last = &first;

    for (row = 0; row < PQntuples(res); row++) {
        text = lapor_pg_get_str(res, row, 0);
        s = lapor_pool_alloc(pool, sizeof(*s));
        s->text.data = lapor_pool_strndup(pool, text.data, text.len);
        s->text.len = text.len;

        if (lapor_json_parse(pool, s->text.data, s->text.len, &s->root,
                             &error) == 0)
        {
            *last = s;
            last = &s->next;
        }
    }

    PQclear(res);
    return first;
}


bool
lapor_ctl_silence_is(const struct ctl_silence *s, const char *verdict)
{
    return lapor_str_eqz(lapor_json_get_text(s->root, "verdict"), verdict);
}


static void
print_table(const struct ctl_silence *list, struct lapor_pool *pool)
{
    size_t                     i;
    struct ctl_row            *head;
    struct ctl_table           table;
    const struct ctl_silence  *s;
    static const char *const   names[] = {
        "SATUAN", "PHONE_NUMBER_ID", "TERAKHIR", "MENIT", "BIASANYA",
        "KEADAAN"
    };

    memset(&table, 0, sizeof(table));
    table.pool = pool;
    table.columns = sizeof(names) / sizeof(names[0]);
    head = lapor_ctl_table_row(&table);

    for (i = 0; i < table.columns; i++) {
        head->cells[i] = lapor_str_from(names[i]);
    }

    for (s = list; s != NULL; s = s->next) {
        fill(lapor_ctl_table_row(&table), s->root, pool);
    }

    lapor_ctl_table_print(&table);
}


static void
fill(struct ctl_row *row, const struct lapor_json *root,
    struct lapor_pool *pool)
{
    row->cells[0] = lapor_ctl_member(root, "unit");
    row->cells[1] = lapor_ctl_member(root, "phone_number_id");
    row->cells[2] = lapor_ctl_time(pool, lapor_ctl_member(root, "last_at"));
    row->cells[3] = lapor_ctl_member(root, "silent_minutes");
    row->cells[4] = lapor_ctl_member(root, "expected");
    row->cells[5] = verdict_word(lapor_ctl_member(root, "verdict"));
}


static struct lapor_str
verdict_word(struct lapor_str verdict)
{
    size_t  i;

    static const struct {
        const char  *name;
        const char  *id;
    } words[] = {
        { "alive", "ada" },
        { "quiet", "sepi, wajar" },
        { "silent", "DIAM" },
        { "new", "baru, belum ada pembanding" },
        { "never", "belum pernah ada" }
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (lapor_str_eqz(verdict, words[i].name)) {
            return lapor_str_from(words[i].id);
        }
    }

    return verdict;
}


static void
alarm_line(const struct lapor_json *root)
{
    char              line[512];
    struct lapor_str  unit, number, minutes, expected;

    unit = lapor_ctl_member(root, "unit");
    number = lapor_ctl_member(root, "phone_number_id");
    minutes = lapor_ctl_member(root, "silent_minutes");
    expected = lapor_ctl_member(root, "expected");

    snprintf(line, sizeof(line), "alarm: no webhook for %.*s minutes "
             "unit=%.*s phone_number_id=%.*s expected_persons=%.*s",
             (int) minutes.len, minutes.data, (int) unit.len, unit.data,
             (int) number.len, number.data, (int) expected.len,
             expected.data);

    fflush(stdout);
    lapor_log_err("%s", line);
}
