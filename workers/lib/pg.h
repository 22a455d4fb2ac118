/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * One PostgreSQL connection with deadlines of its own.  A frozen server
 * answers nothing and its kernel still acknowledges (seen with a stopped
 * virtual machine), so no blocking libpq call is used: past the deadline the
 * socket is dropped, and the outcome of what was running is unknown, hence
 * LAPOR_PG_RETRY.  Only a name that needs DNS may block, in getaddrinfo().
 *
 * Row values never reach a log: errors keep the SQLSTATE and, unless the
 * class is DATA, the primary message.
 */

#ifndef LAPOR_LIB_PG_H
#define LAPOR_LIB_PG_H


#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/pgarray.h"
#include "lib/str.h"


/* What the caller should do; from the SQLSTATE's class. */
enum lapor_pg_class {
    LAPOR_PG_OK = 0,
    LAPOR_PG_DATA,      /* 21 22 23 54 P0 XX000: these values never go in */
    LAPOR_PG_RETRY,     /* 08 25P 40 53 55P03 57 58 lost: again, later */
    LAPOR_PG_BUG        /* 42 28 3D and all else: ours or configuration */
};

struct lapor_pg_conf {
    const char  *conninfo;      /* several hosts are tried in turn */
    const char  *password;      /* or NULL */
    const char  *name;          /* application_name */
    int          connect_ms;    /* for one host, 0: 3000 */
    int          timeout_ms;    /* for a statement or pipeline, 0: 30000 */
};

struct lapor_pg;

#define LAPOR_PG_MUST  __attribute__((warn_unused_result))


/* Copies conf; connects with the first statement.  NULL: conninfo is wrong. */
struct lapor_pg *lapor_pg_new(const struct lapor_pg_conf *conf, char *err,
    size_t size);
void lapor_pg_free(struct lapor_pg *pg);

/* For the connections from now on; NULL: none. */
void lapor_pg_set_password(struct lapor_pg *pg, const char *password);

/*
 * Connects if it is not connected; RETRY while down, also without a try when
 * the backoff has not passed.  BUG when the server refuses the role, the
 * database or the password, unless the schema check was OK once: what worked
 * may work again, and is RETRY, logged once.  All the calls below do this
 * first, but inside of a transaction they answer RETRY instead.
 */
enum lapor_pg_class lapor_pg_connect(struct lapor_pg *pg) LAPOR_PG_MUST;
bool lapor_pg_connected(const struct lapor_pg *pg);

/*
 * Called about every half second while an answer is waited for, from inside of
 * the call that waits; must not use pg.  NULL: nothing.
 */
void lapor_pg_on_wait(struct lapor_pg *pg, void (*call)(void *data),
    void *data);

/* Drops the connection; an open transaction is gone. */
void lapor_pg_drop(struct lapor_pg *pg);

/* Milliseconds until a reconnection is allowed, for the caller's wait. */
int64_t lapor_pg_retry_ms(const struct lapor_pg *pg);

/* Grows with every new connection; session state is gone when it changed. */
uint64_t lapor_pg_generation(const struct lapor_pg *pg);

/*
 * One statement; params may be NULL.  On OK *ret_res is the caller's
 * (PQclear), and ret_res may be NULL; otherwise it is set to NULL.  Result
 * columns come in binary, read them with lapor_pg_get_*.
 */
enum lapor_pg_class lapor_pg_exec(struct lapor_pg *pg, const char *sql,
    const struct lapor_pgparams *params, PGresult **ret_res) LAPOR_PG_MUST;

/*
 * The same by a statement that is prepared on each connection's first use.
 * name must stay valid, and always mean the same sql and parameter types.
 */
enum lapor_pg_class lapor_pg_call(struct lapor_pg *pg, const char *name,
    const char *sql, const struct lapor_pgparams *params, PGresult **ret_res)
    LAPOR_PG_MUST;

/*
 * After a failed call the transaction is still open until rollback.
 * A connection lost in commit is RETRY, though it may have been committed: do
 * it again, keys must make it harmless.
 */
enum lapor_pg_class lapor_pg_begin(struct lapor_pg *pg) LAPOR_PG_MUST;
enum lapor_pg_class lapor_pg_commit(struct lapor_pg *pg) LAPOR_PG_MUST;
void lapor_pg_rollback(struct lapor_pg *pg);

/*
 * Pipeline: begin, any number of adds, then end sends all with one sync and
 * collects.  A "BEGIN" and "COMMIT" may be among the adds (name NULL: not
 * prepared).  Outside of a transaction all of it is one implicit transaction.
 * At most LAPOR_PG_PIPELINE statements.  params may be reused after add.
 *
 * end: on OK results[i], i < n, are the caller's, results may be NULL; on
 * failure all are NULL, *ret_failed (may be NULL) is the statement that
 * failed, n when it was the sync, and a transaction that the pipeline began
 * is rolled back; one begun before it stays open until rollback.
 */
#define LAPOR_PG_PIPELINE  1024

enum lapor_pg_class lapor_pg_pipe_begin(struct lapor_pg *pg) LAPOR_PG_MUST;
enum lapor_pg_class lapor_pg_pipe_add(struct lapor_pg *pg, const char *name,
    const char *sql, const struct lapor_pgparams *params) LAPOR_PG_MUST;
enum lapor_pg_class lapor_pg_pipe_end(struct lapor_pg *pg, PGresult **results,
    size_t n, size_t *ret_failed) LAPOR_PG_MUST;

/* Of the last failure: five characters ("" when none), one line. */
const char *lapor_pg_sqlstate(const struct lapor_pg *pg);
const char *lapor_pg_error(const struct lapor_pg *pg);
enum lapor_pg_class lapor_pg_classify(const char *sqlstate);

/*
 * Asks lapor.schema_version(), the number of the last migration.  OK when it
 * is LAPOR_SCHEMA_VERSION; BUG when it is another (the caller exits 78) or the
 * function is missing, then *ret_version is 0; RETRY while the server is away,
 * or where it is missing only now, as while a dump is read.
 */
enum lapor_pg_class lapor_pg_schema_check(struct lapor_pg *pg,
    int *ret_version) LAPOR_PG_MUST;

/*
 * Cells of binary results; a NULL cell is 0, false or an empty str with
 * data NULL.  Integers of any width, boolean as 0 or 1; float from double
 * precision; time in Unix ms from timestamptz; str points into res and has a
 * NUL behind it.  A type that does not fit exits 1: the
 * statement is wrong, not the data.
 */
bool lapor_pg_get_null(const PGresult *res, int row, int col);
int64_t lapor_pg_get_int(const PGresult *res, int row, int col);
bool lapor_pg_get_bool(const PGresult *res, int row, int col);
double lapor_pg_get_float(const PGresult *res, int row, int col);
int64_t lapor_pg_get_time(const PGresult *res, int row, int col);
struct lapor_str lapor_pg_get_str(const PGresult *res, int row, int col);

/* As str, copied to the heap for the caller to free; NULL is "". */
char *lapor_pg_get_copy(const PGresult *res, int row, int col) LAPOR_PG_MUST;

/* The column's number; exits 1 when there is none of that name. */
int lapor_pg_col(const PGresult *res, const char *name);


#endif
