/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Reading cells of binary results.  The caller wrote the statement, so a type
 * that does not fit is a mistake in the program and ends it.
 */

#include <string.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "lib/pg.h"
#include "lib/timeutil.h"


static const unsigned char *lapor_pg_cell(const PGresult *res, int row,
    int col, size_t *ret_len);
static uint64_t lapor_pg_be(const unsigned char *p, size_t len);
static void lapor_pg_wrong(const PGresult *res, int col, const char *wanted)
    __attribute__((noreturn));


static const unsigned char *
lapor_pg_cell(const PGresult *res, int row, int col, size_t *ret_len)
{
    if (row < 0 || row >= PQntuples(res) || col < 0 || col >= PQnfields(res)) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "no cell row=%d column=%d", row, col);
    }

    if (PQgetisnull(res, row, col)) {
        *ret_len = 0;
        return NULL;
    }

    *ret_len = (size_t) PQgetlength(res, row, col);
    return (const unsigned char *) PQgetvalue(res, row, col);
}


static uint64_t
lapor_pg_be(const unsigned char *p, size_t len)
{
    size_t    i;
    uint64_t  v;

    v = 0;

    for (i = 0; i < len; i++) {
        v = v << 8 | p[i];
    }

    return v;
}


static void
lapor_pg_wrong(const PGresult *res, int col, const char *wanted)
{
    lapor_fatal(LAPOR_EXIT_RUNTIME,
                "column \"%s\" is of type %u, wanted was %s",
                PQfname(res, col), (unsigned) PQftype(res, col), wanted);
}


bool
lapor_pg_get_null(const PGresult *res, int row, int col)
{
    size_t  len;

    return lapor_pg_cell(res, row, col, &len) == NULL;
}


int64_t
lapor_pg_get_int(const PGresult *res, int row, int col)
{
    size_t                len;
    const unsigned char  *p;

    p = lapor_pg_cell(res, row, col, &len);

    if (p == NULL) {
        return 0;
    }

    switch (PQftype(res, col)) {
    case LAPOR_PG_BOOL:
        return p[0] != 0;
    case LAPOR_PG_INT2:
        return (int16_t) lapor_pg_be(p, 2);
    case LAPOR_PG_INT4:
        return (int32_t) lapor_pg_be(p, 4);
    case LAPOR_PG_INT8:
        return (int64_t) lapor_pg_be(p, 8);
    }

    lapor_pg_wrong(res, col, "an integer");
}


bool
lapor_pg_get_bool(const PGresult *res, int row, int col)
{
    return lapor_pg_get_int(res, row, col) != 0;
}


double
lapor_pg_get_float(const PGresult *res, int row, int col)
{
    size_t                len;
    double                value;
    uint64_t              bits;
    const unsigned char  *p;

    p = lapor_pg_cell(res, row, col, &len);

    if (p == NULL) {
        return 0;
    }

    if (PQftype(res, col) != LAPOR_PG_FLOAT8) {
        lapor_pg_wrong(res, col, "double precision");
    }

    bits = lapor_pg_be(p, 8);
    memcpy(&value, &bits, sizeof(value));

    return value;
}


int64_t
lapor_pg_get_time(const PGresult *res, int row, int col)
{
    size_t                len;
    int64_t               usec;
    const unsigned char  *p;

    p = lapor_pg_cell(res, row, col, &len);

    if (p == NULL) {
        return 0;
    }

    if (PQftype(res, col) != LAPOR_PG_TIMESTAMPTZ) {
        lapor_pg_wrong(res, col, "timestamptz");
    }

    usec = (int64_t) lapor_pg_be(p, 8);

    /* rounds down, also before 2000 */
    return (usec >= 0 ? usec / 1000 : -((999 - usec) / 1000))
           + LAPOR_TIME_PG_EPOCH_MS;
}


struct lapor_str
lapor_pg_get_str(const PGresult *res, int row, int col)
{
    size_t                len;
    struct lapor_str      str;
    const unsigned char  *p;

    p = lapor_pg_cell(res, row, col, &len);

    switch (PQftype(res, col)) {
    case LAPOR_PG_BOOL:
    case LAPOR_PG_INT2:
    case LAPOR_PG_INT4:
    case LAPOR_PG_INT8:
    case LAPOR_PG_FLOAT8:
    case LAPOR_PG_TIMESTAMPTZ:
        lapor_pg_wrong(res, col, "text or bytes");
    }

    /* jsonb_send() puts its version number before the text */
    if (p != NULL && PQftype(res, col) == LAPOR_PG_JSONB && len > 0) {
        p++;
        len--;
    }

    str.data = (const char *) p;
    str.len = len;

    return str;
}


char *
lapor_pg_get_copy(const PGresult *res, int row, int col)
{
    struct lapor_str  str;

    str = lapor_pg_get_str(res, row, col);

    return lapor_heap_copyn(str.data, str.len);
}


int
lapor_pg_col(const PGresult *res, const char *name)
{
    int  col;

    col = PQfnumber(res, name);

    if (col == -1) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "result has no column \"%s\"", name);
    }

    return col;
}
