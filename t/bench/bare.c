/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * bare CONNINFO FROM INTO: the floor that the intake is held against. Each row
 * that the query FROM returns is a batch: its columns, arrays in PostgreSQL's
 * binary form, are the parameters of the statement INTO as they came, so that
 * nothing is done here for a single row. Says "ready", waits for a line, runs
 * INTO for each batch in a transaction of its own, says
 * {"batches": N, "rows": N, "seconds": S}, and waits for the end of its input.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>


#define BARE_COLUMNS  64


static PGconn *bare_connect(const char *conninfo);
static bool bare_ok(PGconn *conn, const PGresult *res,
    ExecStatusType status);
static bool bare_prepare(PGconn *conn, const char *into,
    const PGresult *from);
static int64_t bare_batch(PGconn *conn, const PGresult *from, int row);
static bool bare_line(void);
static double bare_now(void);


int
main(int argc, char **argv)
{
    int        i, rc;
    double     start;
    int64_t    n, rows;
    PGconn    *conn;
    PGresult  *from;

    if (argc != 4) {
        fprintf(stderr, "usage: bare CONNINFO FROM INTO\n");
        return 64;
    }

    conn = bare_connect(argv[1]);
    if (conn == NULL) {
        return 1;
    }

    rc = 1;
    rows = 0;
    from = PQexecParams(conn, argv[2], 0, NULL, NULL, NULL, NULL, 1);

    if (!bare_ok(conn, from, PGRES_TUPLES_OK)
        || !bare_prepare(conn, argv[3], from))
    {
        goto done;
    }

    printf("ready\n");
    fflush(stdout);

    if (!bare_line()) {
        goto done;
    }

    start = bare_now();

    for (i = 0; i < PQntuples(from); i++) {
        n = bare_batch(conn, from, i);
        if (n == -1) {
            goto done;
        }
        rows += n;
    }

    printf("{\"batches\": %d, \"rows\": %" PRId64 ", \"seconds\": %.6f}\n", i,
           rows, bare_now() - start);
    fflush(stdout);

    (void) bare_line();
    rc = 0;

done:

    PQclear(from);
    PQfinish(conn);

    return rc;
}


static PGconn *
bare_connect(const char *conninfo)
{
    PGconn  *conn;

    conn = PQconnectdb(conninfo);

    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "bare: %s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }

    return conn;
}


static bool
bare_ok(PGconn *conn, const PGresult *res, ExecStatusType status)
{
    if (PQresultStatus(res) == status) {
        return true;
    }

    fprintf(stderr, "bare: %s", PQerrorMessage(conn));
    return false;
}


static bool
bare_prepare(PGconn *conn, const char *into, const PGresult *from)
{
    int        i, n;
    Oid        types[BARE_COLUMNS];
    bool       ok;
    PGresult  *res;

    n = PQnfields(from);

    if (n > BARE_COLUMNS) {
        fprintf(stderr, "bare: more than %d columns\n", BARE_COLUMNS);
        return false;
    }

    for (i = 0; i < n; i++) {
        types[i] = PQftype(from, i);
    }

    res = PQprepare(conn, "into", into, n, types);
    ok = bare_ok(conn, res, PGRES_COMMAND_OK);
    PQclear(res);

    return ok;
}


/* -1, or how many rows were inserted */

static int64_t
bare_batch(PGconn *conn, const PGresult *from, int row)
{
    int          i, n, lengths[BARE_COLUMNS], formats[BARE_COLUMNS];
    int64_t      rows;
    PGresult    *res;
    const char  *values[BARE_COLUMNS];

    n = PQnfields(from);

    for (i = 0; i < n; i++) {
        values[i] = PQgetvalue(from, row, i);
        lengths[i] = PQgetlength(from, row, i);
        formats[i] = 1;
    }

    res = PQexecPrepared(conn, "into", n, values, lengths, formats, 1);
    rows = bare_ok(conn, res, PGRES_COMMAND_OK)
           ? strtoll(PQcmdTuples(res), NULL, 10) : -1;
    PQclear(res);

    return rows;
}


static bool
bare_line(void)
{
    char  line[16];

    return fgets(line, sizeof(line), stdin) != NULL;
}


static double
bare_now(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}
