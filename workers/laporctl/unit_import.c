/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl unit import: one transaction, committed only if nothing at all is
 * wrong. What the files cannot show by themselves (a number that another unit
 * has) the database says, row by row behind a savepoint, so that all problems
 * are told at once.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/input.h"
#include "laporctl/unit_file.h"


#define IMPORT_MAX  ((size_t) 64 * 1024 * 1024)


struct counts {
    int  added;
    int  changed;
    int  same;
};

struct import {
    struct ctl_args     *args;
    struct lapor_pg     *pg;
    struct ctl_units     u;
    struct ctl_problems  problems;
    struct counts        units;
    struct counts        areas;
    struct lapor_buf     unit_text;
    struct lapor_buf     area_text;
};


static int read_files(struct import *im);
static int run(struct import *im);
static int load(struct import *im);
static int load_units(struct import *im);
static int load_areas(struct import *im);
static int store(struct import *im);
static int put_unit(struct import *im, const struct ctl_unit *unit);
static int put_area(struct import *im, const struct ctl_area *area);
static int put(struct import *im, const char *name, const char *sql,
    struct lapor_pgparams *p, const char *file, int line,
    struct counts *counts);
static void refuse(struct import *im, const char *file, int line);
static void add_text(struct lapor_pgparams *p, struct lapor_str str);
static struct lapor_str copy(struct import *im, const PGresult *res, int row,
    int col);
static void report(struct import *im, bool done);
static void report_counts(const char *what, const struct counts *c,
    bool json);


const struct ctl_option  lapor_ctl_unit_import_options[] = {
    { "areas", "UNIT-AREAS.csv", "which areas are whose" },
    { "dry-run", NULL, "say what would be done, change nothing" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_unit_import(struct ctl_args *args)
{
    int            status;
    struct import  im;

    memset(&im, 0, sizeof(im));
    im.args = args;
    im.u.pool = lapor_pool_create(1024 * 1024);
    im.u.problems = &im.problems;
    im.u.unit_file = args->files[0];
    im.u.area_file = lapor_ctl_opt(args, "areas");
    im.problems.pool = im.u.pool;

    status = CTL_EXIT_FAILED;

    if (read_files(&im) == 0) {
        im.pg = lapor_ctl_pg(lapor_ctl_conf(args));

        if (run(&im) == 0) {
            status = 0;
        }

        lapor_pg_free(im.pg);
    }

    lapor_ctl_units_free(&im.u);
    lapor_ctl_problems_free(&im.problems);
    lapor_buf_free(&im.unit_text);
    lapor_buf_free(&im.area_text);
    lapor_pool_destroy(im.u.pool);

    return status;
}


static int
read_files(struct import *im)
{
    if (lapor_ctl_read(im->u.unit_file, IMPORT_MAX, &im->unit_text) == -1) {
        lapor_ctl_fail("%s: %s", im->u.unit_file, strerror(errno));
        return -1;
    }

    lapor_ctl_units_read(&im->u, lapor_buf_cstr(&im->unit_text),
                         im->unit_text.len);

    if (im->u.area_file == NULL) {
        return 0;
    }

    if (lapor_ctl_read(im->u.area_file, IMPORT_MAX, &im->area_text) == -1) {
        lapor_ctl_fail("%s: %s", im->u.area_file, strerror(errno));
        return -1;
    }

    lapor_ctl_areas_read(&im->u, lapor_buf_cstr(&im->area_text),
                         im->area_text.len);
    return 0;
}


/* 0: done, or it would have been. */

static int
run(struct import *im)
{
    bool  dry;

    dry = lapor_ctl_flag(im->args, "dry-run");

    if (lapor_pg_begin(im->pg) != LAPOR_PG_OK) {
        lapor_ctl_pg_fail(im->pg, "begin");
        return -1;
    }

    if (load(im) == -1) {
        lapor_pg_rollback(im->pg);
        return -1;
    }

    lapor_ctl_units_check(&im->u);

    /* rows that are wrong by themselves would only fail a second time */
    if (im->problems.errors == 0 && store(im) == -1) {
        lapor_pg_rollback(im->pg);
        return -1;
    }

    if (im->problems.errors > 0 || dry) {
        lapor_pg_rollback(im->pg);

    } else if (lapor_pg_commit(im->pg) != LAPOR_PG_OK) {
        lapor_ctl_pg_fail(im->pg, "commit");
        return -1;
    }

    report(im, im->problems.errors == 0 && !dry);

    return im->problems.errors == 0 ? 0 : -1;
}


static int
load(struct import *im)
{
    /* one import at a time, so that what is read here stays true */
    if (lapor_pg_exec(im->pg, "SELECT pg_advisory_xact_lock(7021111)", NULL,
                      NULL) != LAPOR_PG_OK)
    {
        lapor_ctl_pg_fail(im->pg, "waiting for another import");
        return -1;
    }

    if (load_units(im) == -1) {
        return -1;
    }

    return im->u.area_file == NULL ? 0 : load_areas(im);
}


static int
load_units(struct import *im)
{
    int               row;
    PGresult         *res;
    struct ctl_unit  *unit;

    if (lapor_pg_exec(im->pg, "SELECT unit_code, level FROM lapor.unit", NULL,
                      &res) != LAPOR_PG_OK)
    {
        lapor_ctl_pg_fail(im->pg, "reading units");
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        unit = lapor_ctl_unit_add(&im->u);
        unit->code = copy(im, res, row, 0);
        unit->level = copy(im, res, row, 1);
        unit->rank = lapor_ctl_unit_rank(unit->level);
    }

    PQclear(res);
    return 0;
}


static int
load_areas(struct import *im)
{
    int               row;
    PGresult         *res;
    struct ctl_area  *area;

    if (lapor_pg_exec(im->pg, "SELECT u.unit_code, a.op, a.area_code "
                      "FROM lapor.unit_area a "
                      "JOIN lapor.unit u ON u.unit_id = a.unit_id", NULL,
                      &res) != LAPOR_PG_OK)
    {
        lapor_ctl_pg_fail(im->pg, "reading areas");
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        area = lapor_ctl_area_add(&im->u);
        area->unit = copy(im, res, row, 0);
        area->op = copy(im, res, row, 1);
        area->area = copy(im, res, row, 2);
    }

    PQclear(res);
    return 0;
}


/* -1: the database is away; a row that it refuses is a problem, no failure. */

static int
store(struct import *im)
{
    size_t  i;

    for (i = 0; i < im->u.nunits; i++) {
        if (im->u.units[i].line > 0 && put_unit(im, &im->u.units[i]) == -1) {
            return -1;
        }
    }

    for (i = 0; i < im->u.nareas; i++) {
        if (im->u.areas[i].line > 0 && put_area(im, &im->u.areas[i]) == -1) {
            return -1;
        }
    }

    return 0;
}


static int
put_unit(struct import *im, const struct ctl_unit *unit)
{
    struct lapor_pgparams  p;

    lapor_pgparams_init(&p, im->u.pool);
    add_text(&p, unit->code);
    add_text(&p, unit->level);
    add_text(&p, unit->type);
    add_text(&p, unit->name);
    add_text(&p, unit->parent);

    if (unit->has_hq) {
        lapor_pgparams_float8(&p, unit->lat);
        lapor_pgparams_float8(&p, unit->lon);

    } else {
        lapor_pgparams_null(&p, LAPOR_PG_FLOAT8);
        lapor_pgparams_null(&p, LAPOR_PG_FLOAT8);
    }

    lapor_pgparams_bool(&p, unit->active);
    add_text(&p, unit->phone_number_id);
    add_text(&p, unit->display_phone);

    return put(im, "unit_put", "SELECT lapor.unit_put($1, $2, $3, $4, $5, "
               "$6, $7, $8, $9, $10)", &p, im->u.unit_file, unit->line,
               &im->units);
}


static int
put_area(struct import *im, const struct ctl_area *area)
{
    struct lapor_pgparams  p;

    lapor_pgparams_init(&p, im->u.pool);
    add_text(&p, area->unit);
    add_text(&p, area->op);
    add_text(&p, area->area);
    add_text(&p, area->from);
    add_text(&p, area->note);

    return put(im, "unit_area_put", "SELECT lapor.unit_area_put($1, $2, $3, "
               "$4::date, $5)", &p, im->u.area_file, area->line, &im->areas);
}


static int
put(struct import *im, const char *name, const char *sql,
    struct lapor_pgparams *p, const char *file, int line,
    struct counts *counts)
{
    PGresult             *res;
    struct lapor_str      what;
    enum lapor_pg_class   class;

    class = lapor_pg_call(im->pg, "savepoint", "SAVEPOINT row", NULL, NULL);

    if (class == LAPOR_PG_OK) {
        class = lapor_pg_call(im->pg, name, sql, p, &res);
    }

    if (class == LAPOR_PG_OK) {
        what = lapor_pg_get_str(res, 0, 0);

        if (lapor_str_eqz(what, "added")) {
            counts->added++;

        } else if (lapor_str_eqz(what, "changed")) {
            counts->changed++;

        } else {
            counts->same++;
        }

        PQclear(res);

        if (lapor_pg_call(im->pg, "release", "RELEASE SAVEPOINT row", NULL,
                          NULL) == LAPOR_PG_OK)
        {
            return 0;
        }

    } else if (class == LAPOR_PG_DATA) {
        refuse(im, file, line);

        if (lapor_pg_exec(im->pg, "ROLLBACK TO SAVEPOINT row", NULL, NULL)
            == LAPOR_PG_OK)
        {
            return 0;
        }
    }

    lapor_ctl_pg_fail(im->pg, "storing units");
    return -1;
}


static void
refuse(struct import *im, const char *file, int line)
{
    const char  *state, *reason;

    state = lapor_pg_sqlstate(im->pg);
    reason = "a value cannot be stored";

    if (strcmp(state, "23505") == 0) {
        reason = "phone_number_id belongs to another unit";

    } else if (strcmp(state, "23503") == 0) {
        reason = "there is no such unit";
    }

    lapor_ctl_problem(&im->problems, file, line, "%s (SQLSTATE %s)", reason,
                      state);
}


static void
add_text(struct lapor_pgparams *p, struct lapor_str str)
{
    lapor_pgparams_text(p, str.data, str.len);
}


static struct lapor_str
copy(struct import *im, const PGresult *res, int row, int col)
{
    return lapor_pool_str(im->u.pool, lapor_pg_get_str(res, row, col));
}


static void
report(struct import *im, bool done)
{
    struct lapor_buf  buf;

    if (!im->args->json) {
        lapor_ctl_problems_print(&im->problems);

        if (im->problems.errors > 0) {
            lapor_ctl_fail("%zu problems, nothing was changed",
                           im->problems.errors);
            return;
        }

        report_counts("units", &im->units, false);
        report_counts("areas", &im->areas, false);

        if (!done) {
            puts("dry run: nothing was changed");
        }

        return;
    }

    lapor_buf_init(&buf);
    lapor_ctl_problems_json(&im->problems, &buf);
    printf("{\"changed\":%s,", done ? "true" : "false");
    report_counts("units", &im->units, true);
    putchar(',');
    report_counts("areas", &im->areas, true);
    printf(",\"problems\":%s}\n", lapor_buf_cstr(&buf));
    lapor_buf_free(&buf);
}


static void
report_counts(const char *what, const struct counts *c, bool json)
{
    if (json) {
        printf("\"%s\":{\"added\":%d,\"changed\":%d,\"same\":%d}", what,
               c->added, c->changed, c->same);
        return;
    }

    printf("%s: %d added, %d changed, %d same\n", what, c->added, c->changed,
           c->same);
}
