/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl setup: the database from nothing, or from an older version, to
 * this one. Run by the database's administrator, any number of times and by
 * any number of people at once: an advisory lock lets one work while the
 * others wait and then find nothing left to do.
 *
 * Each migration is one transaction of lapor_owner. Its row goes in first, so
 * that not even a lost lock lets two sessions run the same file.
 */

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/input.h"
#include "laporctl/migration.h"


#define SETUP_LOCK      "7021110"  /* any number, but always the same */
#define SETUP_ATTEMPTS  20         /* of roles.sql, see apply_roles() */
#define SETUP_FILE_MAX  ((size_t) 16 * 1024 * 1024)

/* PostgreSQL 15: the oldest release that is tested (Debian 12). */
#define SETUP_SERVER_MIN  150000


struct setup {
    struct ctl_args       *args;
    struct lapor_pool     *pool;
    PGconn                *conn;
    const char            *dir;
    struct ctl_migration  *list;
    size_t                 n;
    int                    done;   /* migrations applied by us */
    int                    months; /* partitions made */
};


static int run_setup(struct setup *s);
static PGconn *connect_admin(const char *conninfo);
static int check_server(PGconn *conn);
static int apply_roles(struct setup *s);
static int make_schema(struct setup *s);
static int compare(struct setup *s);
static int apply(struct setup *s, const struct ctl_migration *m);
static int make_months(struct setup *s);
static void report(const struct setup *s, bool dry);
static int exec(PGconn *conn, const char *sql, const char *what);
static int exec_file(PGconn *conn, const char *path);
static void file_error(const PGresult *res, const char *path,
    const char *text);
static PGresult *query(PGconn *conn, const char *sql);


const struct ctl_option  lapor_ctl_setup_options[] = {
    { "schema-dir", "DIR",
      "the SQL files, default " LAPOR_DATADIR "/schema" },
    { "database", "CONNINFO",
      "as administrator; default dbname=lapor, and the PG* variables" },
    { "dry-run", NULL, "say what would be done, change nothing" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_setup(struct ctl_args *args)
{
    int           status;
    char          err[512];
    const char   *conninfo;
    struct setup  s;

    memset(&s, 0, sizeof(s));
    s.args = args;
    s.dir = lapor_ctl_opt(args, "schema-dir");
    s.dir = s.dir == NULL ? LAPOR_DATADIR "/schema" : s.dir;
    conninfo = lapor_ctl_opt(args, "database");
    conninfo = conninfo == NULL ? "dbname=lapor" : conninfo;
    s.pool = lapor_pool_create(16384);

    if (lapor_ctl_migrations(s.pool, s.dir, &s.list, &s.n, err, sizeof(err))
        == -1)
    {
        lapor_pool_destroy(s.pool);
        return lapor_ctl_fail("%s", err);
    }

    status = CTL_EXIT_FAILED;
    s.conn = connect_admin(conninfo);

    if (s.conn != NULL && run_setup(&s) == 0) {
        status = 0;
    }

    PQfinish(s.conn);
    lapor_pool_destroy(s.pool);
    return status;
}


static int
run_setup(struct setup *s)
{
    bool    dry;
    size_t  i;

    dry = lapor_ctl_flag(s->args, "dry-run");

    if (check_server(s->conn) == -1) {
        return -1;
    }

    if (dry) {
        if (compare(s) == -1) {
            return -1;
        }

        report(s, true);
        return 0;
    }

    if (exec(s->conn, "SELECT pg_advisory_lock(" SETUP_LOCK ")",
             "waiting for another setup") == -1
        || apply_roles(s) == -1 || make_schema(s) == -1 || compare(s) == -1)
    {
        return -1;
    }

    for (i = 0; i < s->n; i++) {
        if (!s->list[i].applied) {
            if (apply(s, &s->list[i]) == -1) {
                return -1;
            }

            s->done++;
        }
    }

    if (make_months(s) == -1) {
        return -1;
    }

    report(s, false);
    return 0;
}


static PGconn *
connect_admin(const char *conninfo)
{
    PGconn      *conn;
    const char  *keys[] = { "dbname", "application_name", "client_encoding",
                            "connect_timeout", NULL };
    const char  *values[] = { conninfo, "laporctl", "UTF8", "10", NULL };

    /* what stands behind dbname wins over what it holds */
    conn = PQconnectdbParams(keys, values, 1);

    if (PQstatus(conn) != CONNECTION_OK) {
        lapor_ctl_fail("database: %s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }

    /* a waiting setup may wait as long as the other one works */
    if (exec(conn, "SET client_min_messages = warning; "
                   "SET lock_timeout = 0; SET statement_timeout = 0",
             "session") == -1)
    {
        PQfinish(conn);
        return NULL;
    }

    return conn;
}


static int
check_server(PGconn *conn)
{
    int         rc;
    PGresult   *res;

    if (PQserverVersion(conn) < SETUP_SERVER_MIN) {
        lapor_ctl_fail("database: PostgreSQL %d is too old, 15 is needed",
                       PQserverVersion(conn) / 10000);
        return -1;
    }

    rc = 0;
    res = query(conn, "SHOW server_encoding");

    if (res == NULL || strcmp(PQgetvalue(res, 0, 0), "UTF8") != 0) {
        lapor_ctl_fail("database: its encoding must be UTF8");
        rc = -1;
    }

    PQclear(res);
    return rc;
}


/*
 * Roles belong to the whole cluster, the lock to one database: setups of two
 * databases may meet here, and one then fails on a row that the other has
 * just written. It tries again.
 */

static int
apply_roles(struct setup *s)
{
    int               attempt, rc;
    char              state[6];
    PGresult         *res;
    struct lapor_buf  path, text;

    lapor_buf_init(&path);
    lapor_buf_init(&text);
    lapor_buf_printf(&path, "%s/roles.sql", s->dir);
    rc = -1;

    if (lapor_ctl_read(lapor_buf_cstr(&path), SETUP_FILE_MAX, &text) == -1) {
        lapor_ctl_fail("%s: %s", lapor_buf_cstr(&path), strerror(errno));
        goto done;
    }

    for (attempt = 1; rc == -1; attempt++) {
        res = PQexec(s->conn, lapor_buf_cstr(&text));

        if (PQresultStatus(res) == PGRES_COMMAND_OK) {
            rc = 0;
            PQclear(res);
            break;
        }

        snprintf(state, sizeof(state), "%s",
                 PQresultErrorField(res, PG_DIAG_SQLSTATE) == NULL
                 ? "" : PQresultErrorField(res, PG_DIAG_SQLSTATE));

        /* "tuple concurrently updated", duplicate key, duplicate role */
        if (attempt == SETUP_ATTEMPTS
            || (strcmp(state, "XX000") != 0 && strcmp(state, "23505") != 0
                && strcmp(state, "42710") != 0))
        {
            file_error(res, lapor_buf_cstr(&path), lapor_buf_cstr(&text));
            PQclear(res);
            break;
        }

        PQclear(res);
    }

done:

    lapor_buf_free(&path);
    lapor_buf_free(&text);
    return rc;
}


static int
make_schema(struct setup *s)
{
    return exec(s->conn,
        "BEGIN; "
        "DO $$ BEGIN "
        "IF NOT pg_has_role(current_user, 'lapor_owner', 'MEMBER') THEN "
        "EXECUTE format('GRANT lapor_owner TO %I', current_user); END IF; "
        "IF to_regnamespace('lapor') IS NULL THEN "
        "CREATE SCHEMA lapor AUTHORIZATION lapor_owner; END IF; END $$; "
        "SET LOCAL ROLE lapor_owner; "
        "CREATE TABLE IF NOT EXISTS lapor.schema_migration ("
        "version integer CONSTRAINT schema_migration_pkey PRIMARY KEY, "
        "name text NOT NULL, "
        "sha256 text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now()); "
        "COMMIT", "schema lapor");
}


/* Marks what the database has; refuses one that is newer, or that was made
   from other files. */

static int
compare(struct setup *s)
{
    int                          row, rc, version;
    PGresult                    *res;
    const char                  *name;
    const struct ctl_migration  *m;

    res = query(s->conn, "SELECT to_regclass('lapor.schema_migration') "
                         "IS NULL");

    if (res == NULL) {
        return -1;
    }

    version = PQgetvalue(res, 0, 0)[0] == 't' ? 0 : 1;
    PQclear(res);

    if (version == 0) {
        return 0;
    }

    res = query(s->conn, "SELECT version, name, sha256 "
                         "FROM lapor.schema_migration ORDER BY version");

    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        version = (int) strtol(PQgetvalue(res, row, 0), NULL, 10);
        name = PQgetvalue(res, row, 1);

        if (version < 1 || (size_t) version > s->n) {
            lapor_ctl_fail("database: it has migration %s, which %s lacks: "
                           "it is newer than this program", name, s->dir);
            rc = -1;
            break;
        }

        m = &s->list[version - 1];

        if (strcmp(name, m->name) != 0) {
            lapor_ctl_fail("database: its migration %03d is \"%s\", not "
                           "\"%s\"", version, name, m->name);
            rc = -1;

        } else if (strcmp(PQgetvalue(res, row, 2), m->sha256) != 0) {
            lapor_ctl_fail("%s: was changed after the database had it: "
                           "a change is a new migration", m->path);
            rc = -1;

        } else {
            s->list[version - 1].applied = 1;
        }
    }

    PQclear(res);
    return rc;
}


static int
apply(struct setup *s, const struct ctl_migration *m)
{
    PGresult    *res;
    char         number[16];
    const char  *values[3];

    if (exec(s->conn, "BEGIN; SET LOCAL ROLE lapor_owner", m->path) == -1) {
        return -1;
    }

    snprintf(number, sizeof(number), "%d", m->version);
    values[0] = number;
    values[1] = m->name;
    values[2] = m->sha256;

    res = PQexecParams(s->conn, "INSERT INTO lapor.schema_migration "
                       "(version, name, sha256) "
                       "VALUES ($1::integer, $2, $3)", 3, NULL,
                       values, NULL, NULL, 0);

    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        lapor_ctl_fail("%s: %s", m->path, PQresultErrorMessage(res));
        PQclear(res);
        return -1;
    }

    PQclear(res);

    if (exec_file(s->conn, m->path) == -1) {
        return -1;
    }

    return exec(s->conn, "COMMIT", m->path);
}


static int
make_months(struct setup *s)
{
    PGresult  *res;

    if (exec(s->conn, "BEGIN; SET LOCAL ROLE lapor_owner", "partitions")
        == -1)
    {
        return -1;
    }

    res = query(s->conn, "SELECT lapor.months_ahead(2)");

    if (res == NULL) {
        return -1;
    }

    s->months = (int) strtol(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    return exec(s->conn, "COMMIT", "partitions");
}


static void
report(const struct setup *s, bool dry)
{
    size_t       i;
    const char  *comma;

    if (!s->args->json) {
        for (i = 0; i < s->n; i++) {
            printf("%s %s\n", s->list[i].name,
                   s->list[i].applied ? "present"
                   : dry ? "to apply" : "applied");
        }

        if (!dry) {
            printf("version %zu, %d new partitions\n", s->n, s->months);
        }

        return;
    }

    comma = "";
    printf("{\"version\":%zu,\"dry_run\":%s,\"partitions\":%d,"
           "\"%s\":[", s->n, dry ? "true" : "false", s->months,
           dry ? "pending" : "applied");

    for (i = 0; i < s->n; i++) {
        if (!s->list[i].applied) {
            printf("%s%d", comma, s->list[i].version);
            comma = ",";
        }
    }

    printf("]}\n");
}


static int
exec(PGconn *conn, const char *sql, const char *what)
{
    int              rc;
    PGresult        *res;
    ExecStatusType   status;

    res = PQexec(conn, sql);
    status = PQresultStatus(res);
    rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : -1;

    if (rc == -1) {
        lapor_ctl_fail("database: %s: %s", what, PQerrorMessage(conn));
    }

    PQclear(res);
    return rc;
}


static int
exec_file(PGconn *conn, const char *path)
{
    int               rc;
    PGresult         *res;
    ExecStatusType    status;
    struct lapor_buf  text;

    lapor_buf_init(&text);

    if (lapor_ctl_read(path, SETUP_FILE_MAX, &text) == -1) {
        lapor_ctl_fail("%s: %s", path, strerror(errno));
        lapor_buf_free(&text);
        return -1;
    }

    rc = 0;
    res = PQexec(conn, lapor_buf_cstr(&text));
    status = PQresultStatus(res);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        file_error(res, path, lapor_buf_cstr(&text));
        rc = -1;
    }

    PQclear(res);
    lapor_buf_free(&text);
    return rc;
}


/* "FILE:LINE: reason"; the server counts the position in characters. */

static void
file_error(const PGresult *res, const char *path, const char *text)
{
    long         at, line;
    const char  *position, *message, *detail;

    line = 1;
    position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
    message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);

    for (at = position == NULL ? 0 : strtol(position, NULL, 10);
         at > 1 && *text != '\0'; text++)
    {
        line += *text == '\n';

        /* continuation bytes of UTF-8 are no characters */
        at -= (*text & 0xc0) != 0x80;
    }

    lapor_ctl_fail("%s:%ld: %s%s%s", path, line,
                   message == NULL ? "connection lost" : message,
                   detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
}


static PGresult *
query(PGconn *conn, const char *sql)
{
    PGresult  *res;

    res = PQexec(conn, sql);

    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        lapor_ctl_fail("database: %s", PQerrorMessage(conn));
        PQclear(res);
        return NULL;
    }

    return res;
}
