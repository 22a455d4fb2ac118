/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Rows of units.csv and unit-areas.csv, each by itself. */

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/csv.h"
#include "laporctl/unit_file.h"
#include "lib/log.h"
#include "lib/utf8.h"


#define UNIT_COLUMNS  10
#define AREA_COLUMNS  5

/* The most of any column; a name of a unit is far below. */
#define FIELD_MAX     500


static const char *const  unit_columns[UNIT_COLUMNS] = {
    "unit_code", "level", "type", "name", "parent_code", "phone_number_id",
    "display_phone", "hq_lat", "hq_lon", "active"
};

static const char *const  area_columns[AREA_COLUMNS] = {
    "unit_code", "op", "area_code", "valid_from", "note"
};


/* A file being read: where its columns are. */
struct reader {
    struct ctl_units    *u;
    const char          *file;
    const char *const   *names;
    size_t               nnames;
    size_t               place[UNIT_COLUMNS];  /* of each name in a row */
    size_t               width;
    struct ctl_csv       csv;
    struct ctl_csv_row   row;
};


static int read_header(struct reader *r);
static int read_row(struct reader *r, struct lapor_str *ret_fields);
static void read_unit(struct reader *r, const struct lapor_str *f);
static void check_unit(struct reader *r, const struct ctl_unit *unit);
static void read_place(struct reader *r, struct lapor_str lat,
    struct lapor_str lon, struct ctl_unit *unit);
static int read_degrees(struct lapor_str text, double limit,
    double *ret_value);
static bool read_active(struct reader *r, struct lapor_str text);
static void read_area(struct reader *r, const struct lapor_str *f);
static int is_code(struct lapor_str code);
static int is_digits(struct lapor_str text, size_t from, size_t n);
static int is_area(struct lapor_str code);
static int is_date(struct lapor_str date);
static void *grow(void *list, size_t n, size_t *size, size_t item);


void
lapor_ctl_units_read(struct ctl_units *u, const char *data, size_t len)
{
    struct reader     r;
    struct lapor_str  fields[UNIT_COLUMNS];

    memset(&r, 0, sizeof(r));
    r.u = u;
    r.file = u->unit_file;
    r.names = unit_columns;
    r.nnames = UNIT_COLUMNS;
    lapor_ctl_csv_open(&r.csv, u->pool, data, len);

    if (read_header(&r) == -1) {
        return;
    }

    while (lapor_ctl_csv_next(&r.csv, &r.row) == 1) {
        if (read_row(&r, fields) == 0) {
            read_unit(&r, fields);
        }
    }
}


void
lapor_ctl_areas_read(struct ctl_units *u, const char *data, size_t len)
{
    struct reader     r;
    struct lapor_str  fields[UNIT_COLUMNS];

    memset(&r, 0, sizeof(r));
    r.u = u;
    r.file = u->area_file;
    r.names = area_columns;
    r.nnames = AREA_COLUMNS;
    lapor_ctl_csv_open(&r.csv, u->pool, data, len);

    if (read_header(&r) == -1) {
        return;
    }

    while (lapor_ctl_csv_next(&r.csv, &r.row) == 1) {
        if (read_row(&r, fields) == 0) {
            read_area(&r, fields);
        }
    }
}


/* Without all columns under their names no row can be read: -1. */

static int
read_header(struct reader *r)
{
    size_t  i, k, seen, errors;

    errors = r->u->problems->errors;

    if (lapor_ctl_csv_next(&r->csv, &r->row) == 0) {
        lapor_ctl_problem(r->u->problems, r->file, 1, "the file is empty");
        return -1;
    }

    if (r->row.error != NULL) {
        lapor_ctl_problem(r->u->problems, r->file, r->row.line, "%s",
                          r->row.error);
        return -1;
    }

    r->width = r->row.n;

    for (i = 0; i < r->nnames; i++) {
        seen = 0;

        for (k = 0; k < r->row.n; k++) {
            if (lapor_str_eqz(r->row.fields[k], r->names[i])) {
                r->place[i] = k;
                seen++;
            }
        }

        if (seen != 1) {
            lapor_ctl_problem(r->u->problems, r->file, r->row.line,
                              seen == 0 ? "column %s is missing"
                              : "column %s stands there more than once",
                              r->names[i]);
        }
    }

    for (k = 0; k < r->row.n; k++) {
        for (i = 0; i < r->nnames; i++) {
            if (lapor_str_eqz(r->row.fields[k], r->names[i])) {
                break;
            }
        }

        if (i == r->nnames) {
            lapor_ctl_problem(r->u->problems, r->file, r->row.line,
                              "column %zu has an unknown name", k + 1);
        }
    }

    return errors == r->u->problems->errors ? 0 : -1;
}


/* The fields in the order of the names, without blanks around them, an empty
 * one absent. -1 when the row cannot be used at all. */

static int
read_row(struct reader *r, struct lapor_str *ret_fields)
{
    size_t            i, errors;
    struct lapor_str  f;

    if (r->row.error != NULL) {
        lapor_ctl_problem(r->u->problems, r->file, r->row.line, "%s",
                          r->row.error);
        return -1;
    }

    if (r->row.n != r->width) {
        lapor_ctl_problem(r->u->problems, r->file, r->row.line,
                          "%zu fields instead of %zu", r->row.n, r->width);
        return -1;
    }

    errors = r->u->problems->errors;

    for (i = 0; i < r->nnames; i++) {
        f = r->row.fields[r->place[i]];

        while (f.len > 0 && (f.data[0] == ' ' || f.data[0] == '\t')) {
            f.data++;
            f.len--;
        }

        while (f.len > 0 && (f.data[f.len - 1] == ' '
                             || f.data[f.len - 1] == '\t'))
        {
            f.len--;
        }

        if (f.len > FIELD_MAX || !lapor_utf8_valid(f.data, f.len)
            || memchr(f.data, '\0', f.len) != NULL)
        {
            lapor_ctl_problem(r->u->problems, r->file, r->row.line,
                              "%s is too long or not UTF-8", r->names[i]);
        }

        ret_fields[i] = f.len == 0 ? LAPOR_STR_NONE : f;
    }

    return errors == r->u->problems->errors ? 0 : -1;
}


static void
read_unit(struct reader *r, const struct lapor_str *f)
{
    struct ctl_unit  *unit;

    unit = lapor_ctl_unit_add(r->u);
    unit->line = r->row.line;
    unit->code = f[0];
    unit->level = f[1];
    unit->rank = lapor_ctl_unit_rank(f[1]);
    unit->type = f[2];
    unit->name = f[3];
    unit->parent = f[4];
    unit->phone_number_id = f[5];
    unit->display_phone = f[6];
    unit->active = read_active(r, f[9]);

    read_place(r, f[7], f[8], unit);
    check_unit(r, unit);
}


static void
check_unit(struct reader *r, const struct ctl_unit *unit)
{
    struct ctl_problems  *p;

    p = r->u->problems;

    if (!is_code(unit->code)) {
        lapor_ctl_problem(p, r->file, unit->line,
                          "unit_code must be 2 to 63 characters of A-Z, 0-9, "
                          "- and _");
    }

    if (unit->rank == -1) {
        lapor_ctl_problem(p, r->file, unit->line,
                          "level must be mabes, polda, polres or polsek");
    }

    if ((unit->rank == 0) != lapor_str_eqz(unit->code, "MABES")) {
        lapor_ctl_problem(p, r->file, unit->line,
                          "level mabes is that of unit MABES, and of no "
                          "other");
    }

    if (unit->rank == 0 && unit->parent.data != NULL) {
        lapor_ctl_problem(p, r->file, unit->line, "MABES has no parent");
    }

    if (unit->type.data == NULL) {
        lapor_ctl_problem(p, r->file, unit->line, "type is missing");
    }

    if (unit->name.data == NULL) {
        lapor_ctl_problem(p, r->file, unit->line, "name is missing");
    }

    if (unit->phone_number_id.data == NULL) {
        if (unit->display_phone.data != NULL) {
            lapor_ctl_note(p, r->file, unit->line,
                           "display_phone is not kept without "
                           "phone_number_id");
        }

    } else if (unit->phone_number_id.len > 32
               || !is_digits(unit->phone_number_id, 0,
                             unit->phone_number_id.len))
    {
        lapor_ctl_problem(p, r->file, unit->line,
                          "phone_number_id must be 1 to 32 digits");
    }
}


static void
read_place(struct reader *r, struct lapor_str lat, struct lapor_str lon,
    struct ctl_unit *unit)
{
    if (lat.data == NULL && lon.data == NULL) {
        return;
    }

    if (read_degrees(lat, 90, &unit->lat) == -1
        || read_degrees(lon, 180, &unit->lon) == -1)
    {
        lapor_ctl_problem(r->u->problems, r->file, unit->line,
                          "hq_lat (-90 to 90) and hq_lon (-180 to 180) must "
                          "both be degrees, or both be empty");
        return;
    }

    unit->has_hq = true;
}


static int
read_degrees(struct lapor_str text, double limit, double *ret_value)
{
    char    number[32];
    char   *end;
    size_t  i;

    if (text.len == 0 || text.len >= sizeof(number)) {
        return -1;
    }

    for (i = 0; i < text.len; i++) {
        /* strtod() would also read "nan", "infinity" and "0x1p3" */
        if (strchr("0123456789.-+", text.data[i]) == NULL) {
            return -1;
        }

        number[i] = text.data[i];
    }

    number[i] = '\0';
    *ret_value = strtod(number, &end);

    return *end == '\0' && fabs(*ret_value) <= limit ? 0 : -1;
}


static bool
read_active(struct reader *r, struct lapor_str text)
{
    if (text.data == NULL || lapor_str_eqz(text, "1")
        || lapor_str_eqz(text, "true"))
    {
        return true;
    }

    if (!lapor_str_eqz(text, "0") && !lapor_str_eqz(text, "false")) {
        lapor_ctl_problem(r->u->problems, r->file, r->row.line,
                          "active must be 1 or 0");
    }

    return false;
}


static void
read_area(struct reader *r, const struct lapor_str *f)
{
    struct ctl_area      *area;
    struct ctl_problems  *p;

    p = r->u->problems;
    area = lapor_ctl_area_add(r->u);
    area->line = r->row.line;
    area->rank = -1;
    area->unit = f[0];
    area->op = f[1];
    area->area = f[2];
    area->from = f[3];
    area->note = f[4];

    if (!lapor_str_eqz(area->op, "include")
        && !lapor_str_eqz(area->op, "exclude"))
    {
        lapor_ctl_problem(p, r->file, area->line,
                          "op must be include or exclude");
    }

    if (!is_area(area->area)) {
        lapor_ctl_problem(p, r->file, area->line,
                          "area_code must be as 65, 65.71, 65.71.01 or "
                          "65.71.01.1001");
    }

    if (area->from.data != NULL && !is_date(area->from)) {
        lapor_ctl_problem(p, r->file, area->line,
                          "valid_from must be a date as 2026-01-31");
    }
}


int
lapor_ctl_unit_rank(struct lapor_str level)
{
    int                       i;
    static const char *const  levels[] = { "mabes", "polda", "polres",
                                           "polsek" };

    for (i = 0; i < 4; i++) {
        if (lapor_str_eqz(level, levels[i])) {
            return i;
        }
    }

    return -1;
}


/* As unit_unit_code_check of the schema. */

static int
is_code(struct lapor_str code)
{
    size_t  i;

    for (i = 0; i < code.len; i++) {
        if (!isupper((unsigned char) code.data[i])
            && !isdigit((unsigned char) code.data[i])
            && (i == 0 || strchr("-_", code.data[i]) == NULL))
        {
            return 0;
        }
    }

    return code.len >= 2 && code.len <= 63;
}


static int
is_digits(struct lapor_str text, size_t from, size_t n)
{
    size_t  i;

    if (text.len < from + n) {
        return 0;
    }

    for (i = from; i < from + n; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


/* Province, regency, district, village: 65.71.01.1001. */

static int
is_area(struct lapor_str code)
{
    size_t               i;
    static const size_t  ends[] = { 2, 5, 8, 13 };

    for (i = 0; i < 4; i++) {
        if (!is_digits(code, i == 0 ? 0 : ends[i - 1] + 1, i == 3 ? 4 : 2)) {
            return 0;
        }

        if (code.len == ends[i]) {
            return 1;
        }

        if (code.data[ends[i]] != '.') {
            return 0;
        }
    }

    return 0;
}


static int
is_date(struct lapor_str date)
{
    int                     year, month, day, last;
    static const int        days[] = { 31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31 };

    if (date.len != 10 || date.data[4] != '-' || date.data[7] != '-'
        || !is_digits(date, 0, 4) || !is_digits(date, 5, 2)
        || !is_digits(date, 8, 2))
    {
        return 0;
    }

    year = (date.data[0] - '0') * 1000 + (date.data[1] - '0') * 100
           + (date.data[2] - '0') * 10 + (date.data[3] - '0');
    month = (date.data[5] - '0') * 10 + (date.data[6] - '0');
    day = (date.data[8] - '0') * 10 + (date.data[9] - '0');

    if (year < 1 || month < 1 || month > 12) {
        return 0;
    }

    last = days[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        last = 29;
    }

    return day >= 1 && day <= last;
}


struct ctl_unit *
lapor_ctl_unit_add(struct ctl_units *u)
{
    u->units = grow(u->units, u->nunits, &u->unit_size, sizeof(*u->units));
    memset(&u->units[u->nunits], 0, sizeof(*u->units));

    return &u->units[u->nunits++];
}


struct ctl_area *
lapor_ctl_area_add(struct ctl_units *u)
{
    u->areas = grow(u->areas, u->nareas, &u->area_size, sizeof(*u->areas));
    memset(&u->areas[u->nareas], 0, sizeof(*u->areas));

    return &u->areas[u->nareas++];
}


static void *
grow(void *list, size_t n, size_t *size, size_t item)
{
    if (n < *size) {
        return list;
    }

    *size = *size == 0 ? 256 : *size * 2;
    list = realloc(list, *size * item);

    if (list == NULL) {
        lapor_fatal_memory();
    }

    return list;
}


void
lapor_ctl_units_free(struct ctl_units *u)
{
    free(u->units);
    free(u->areas);
    free(u->by_code);
}
