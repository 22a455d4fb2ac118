/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Running statements: everything is sent with PQsend*(), flushed and read
 * with poll() up to a deadline.  A failure is noted once, in pg->sqlstate and
 * pg->error, and its class is what callers act on.
 *
 * A commit is known only by its own result, or in a pipeline by the sync: a
 * deferred constraint fails after every statement has said that it is done.
 */

#include <poll.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pg_internal.h"
#include "lib/version.h"


static enum lapor_pg_class lapor_pg_run(struct lapor_pg *pg, const char *name,
    const char *sql, const struct lapor_pgparams *params, PGresult **ret_res);
static int lapor_pg_send(struct lapor_pg *pg, const char *name,
    const char *sql, const struct lapor_pgparams *params);
static enum lapor_pg_class lapor_pg_prepare(struct lapor_pg *pg,
    const char *name, const char *sql, const struct lapor_pgparams *params);
static bool lapor_pg_is_prepared(const struct lapor_pg *pg, const char *name);
static void lapor_pg_add_prepared(struct lapor_pg *pg, const char *name);
static int lapor_pg_wait(struct lapor_pg *pg, int64_t *deadline);
static enum lapor_pg_class lapor_pg_collect(struct lapor_pg *pg,
    PGresult **ret_res);
static enum lapor_pg_class lapor_pg_item(struct lapor_pg *pg,
    int64_t *deadline, PGresult **ret_res);
static enum lapor_pg_class lapor_pg_pipe_collect(struct lapor_pg *pg,
    PGresult **results, size_t *ret_failed);
static enum lapor_pg_class lapor_pg_pipe_sync(struct lapor_pg *pg,
    int64_t *deadline);
static enum lapor_pg_class lapor_pg_pipe_settle(struct lapor_pg *pg,
    enum lapor_pg_class class);


enum lapor_pg_class
lapor_pg_exec(struct lapor_pg *pg, const char *sql,
    const struct lapor_pgparams *params, PGresult **ret_res)
{
    return lapor_pg_run(pg, NULL, sql, params, ret_res);
}


enum lapor_pg_class
lapor_pg_call(struct lapor_pg *pg, const char *name, const char *sql,
    const struct lapor_pgparams *params, PGresult **ret_res)
{
    return lapor_pg_run(pg, name, sql, params, ret_res);
}


static enum lapor_pg_class
lapor_pg_run(struct lapor_pg *pg, const char *name, const char *sql,
    const struct lapor_pgparams *params, PGresult **ret_res)
{
    enum lapor_pg_class  class;

    if (ret_res != NULL) {
        *ret_res = NULL;
    }

    class = lapor_pg_ready(pg);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    if (name != NULL && !lapor_pg_is_prepared(pg, name)) {
        class = lapor_pg_prepare(pg, name, sql, params);

        if (class != LAPOR_PG_OK) {
            return class;
        }
    }

    if (lapor_pg_send(pg, name, sql, params) == -1) {
        return lapor_pg_lost(pg, PQerrorMessage(pg->conn));
    }

    return lapor_pg_collect(pg, ret_res);
}


static int
lapor_pg_send(struct lapor_pg *pg, const char *name, const char *sql,
    const struct lapor_pgparams *params)
{
    int                        rc, n;
    const int                 *lengths, *formats;
    const Oid                 *types;
    const char *const         *values;

    n = (params == NULL) ? 0 : params->n;
    types = (n == 0) ? NULL : params->types;
    values = (n == 0) ? NULL : params->values;
    lengths = (n == 0) ? NULL : params->lengths;
    formats = (n == 0) ? NULL : params->formats;

    if (name == NULL) {
        rc = PQsendQueryParams(pg->conn, sql, n, types, values, lengths,
                               formats, 1);
    } else {
        rc = PQsendQueryPrepared(pg->conn, name, n, values, lengths, formats,
                                 1);
    }

    return (rc == 1) ? 0 : -1;
}


static enum lapor_pg_class
lapor_pg_prepare(struct lapor_pg *pg, const char *name, const char *sql,
    const struct lapor_pgparams *params)
{
    enum lapor_pg_class  class;

    if (PQsendPrepare(pg->conn, name, sql, params ? params->n : 0,
                      params ? params->types : NULL) != 1)
    {
        return lapor_pg_lost(pg, PQerrorMessage(pg->conn));
    }

    class = lapor_pg_collect(pg, NULL);

    if (class == LAPOR_PG_OK) {
        lapor_pg_add_prepared(pg, name);
    }

    return class;
}


static bool
lapor_pg_is_prepared(const struct lapor_pg *pg, const char *name)
{
    size_t  i;

    for (i = 0; i < pg->nprepared; i++) {
        if (strcmp(pg->prepared[i], name) == 0) {
            return true;
        }
    }

    return false;
}


static void
lapor_pg_add_prepared(struct lapor_pg *pg, const char *name)
{
    if (pg->nprepared == LAPOR_PG_PREPARED) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "too many prepared statements");
    }

    pg->prepared[pg->nprepared++] = name;
}


/*
 * Until PQgetResult() would not block.  Reading while writing matters: the
 * server stops reading when nobody takes its answers.
 */

static int
lapor_pg_wait(struct lapor_pg *pg, int64_t *deadline)
{
    int    unsent;
    short  events;

    for ( ;; ) {
        unsent = PQflush(pg->conn);

        if (unsent == -1) {
            /* what the server said before it closed may still be read */
            if (PQconsumeInput(pg->conn) == 0) {
                return -1;
            }

            return PQisBusy(pg->conn) ? -1 : 0;
        }

        if (!PQisBusy(pg->conn)) {
            return 0;
        }

        events = unsent ? (POLLIN | POLLOUT) : POLLIN;

        if (lapor_pg_poll(pg, events, deadline) == -1) {
            return -1;
        }

        if (PQconsumeInput(pg->conn) == 0) {
            return -1;
        }
    }
}


/* The one result of a statement outside of a pipeline. */

static enum lapor_pg_class
lapor_pg_collect(struct lapor_pg *pg, PGresult **ret_res)
{
    int64_t              deadline;
    PGresult            *res;
    enum lapor_pg_class  class;

    res = NULL;
    deadline = lapor_mono_ms() + pg->timeout_ms;

    class = lapor_pg_item(pg, &deadline, &res);

    if (pg->conn != NULL && PQstatus(pg->conn) == CONNECTION_BAD) {
        class = lapor_pg_lost(pg, PQerrorMessage(pg->conn));
    }

    if (class != LAPOR_PG_OK || ret_res == NULL) {
        PQclear(res);
        res = NULL;
    }

    if (ret_res != NULL) {
        *ret_res = res;
    }

    return lapor_pg_writable(pg, class);
}


/*
 * All results of one item up to its NULL.  The first failure decides; *res is
 * the last good one and may be set even then.
 */

static enum lapor_pg_class
lapor_pg_item(struct lapor_pg *pg, int64_t *deadline, PGresult **ret_res)
{
    PGresult            *res;
    enum lapor_pg_class  class, one;

    class = LAPOR_PG_OK;

    for ( ;; ) {
        if (lapor_pg_wait(pg, deadline) == -1) {
            return lapor_pg_lost(pg, PQstatus(pg->conn) == CONNECTION_BAD
                                     ? PQerrorMessage(pg->conn)
                                     : "no answer in time");
        }

        res = PQgetResult(pg->conn);

        if (res == NULL) {
            return class;
        }

        switch (PQresultStatus(res)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
        case PGRES_PIPELINE_SYNC:
            PQclear(*ret_res);
            *ret_res = res;
            break;

        case PGRES_PIPELINE_ABORTED:
            PQclear(res);
            break;

        case PGRES_FATAL_ERROR:
            one = lapor_pg_failed(pg, res);
            class = (class == LAPOR_PG_OK) ? one : class;
            PQclear(res);
            break;

        default:
            PQclear(res);
            return lapor_pg_lost(pg, "answer is out of the protocol");
        }

        /* no NULL follows a sync */
        if (*ret_res != NULL
            && PQresultStatus(*ret_res) == PGRES_PIPELINE_SYNC)
        {
            return class;
        }
    }
}


enum lapor_pg_class
lapor_pg_begin(struct lapor_pg *pg)
{
    enum lapor_pg_class  class;

    if (pg->tx) {
        lapor_pg_rollback(pg);
    }

    class = lapor_pg_run(pg, NULL, "BEGIN", NULL, NULL);
    pg->tx = (class == LAPOR_PG_OK);

    return class;
}


enum lapor_pg_class
lapor_pg_commit(struct lapor_pg *pg)
{
    bool                  done;
    PGresult             *res;
    enum lapor_pg_class   class;

    if (!pg->tx) {
        lapor_pg_note(pg, "25P01", "there is no transaction to commit");
        return LAPOR_PG_BUG;
    }

    class = lapor_pg_ready(pg);

    if (class != LAPOR_PG_OK) {
        pg->tx = false;
        return class;
    }

    class = lapor_pg_run(pg, NULL, "COMMIT", NULL, &res);
    pg->tx = false;

    if (class != LAPOR_PG_OK) {
        return class;
    }

    /* of a transaction in which a statement had failed */
    done = (strcmp(PQcmdStatus(res), "COMMIT") == 0);
    PQclear(res);

    if (!done) {
        lapor_pg_note(pg, "25P02", "transaction had failed before its commit");
        return LAPOR_PG_RETRY;
    }

    return LAPOR_PG_OK;
}


/* Keeps the error that led here; the server forgets all by itself if lost. */

void
lapor_pg_rollback(struct lapor_pg *pg)
{
    char                  state[sizeof(pg->sqlstate)];
    char                  error[sizeof(pg->error)];
    enum lapor_pg_class   class;

    pg->tx = false;

    if (pg->conn == NULL || PQtransactionStatus(pg->conn) == PQTRANS_IDLE) {
        return;
    }

    memcpy(state, pg->sqlstate, sizeof(state));
    memcpy(error, pg->error, sizeof(error));

    class = lapor_pg_run(pg, NULL, "ROLLBACK", NULL, NULL);

    if (class != LAPOR_PG_OK) {
        lapor_pg_drop(pg);
    }

    memcpy(pg->sqlstate, state, sizeof(state));
    memcpy(pg->error, error, sizeof(error));
}


enum lapor_pg_class
lapor_pg_pipe_begin(struct lapor_pg *pg)
{
    enum lapor_pg_class  class;

    pg->nqueue = 0;
    pg->nstatements = 0;
    pg->pipe_tx = pg->tx;

    class = lapor_pg_ready(pg);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    if (PQenterPipelineMode(pg->conn) != 1) {
        return lapor_pg_lost(pg, PQerrorMessage(pg->conn));
    }

    pg->pipe = true;
    return LAPOR_PG_OK;
}


/*
 * After a failure the pipeline is over and pipe_end() answers RETRY too.  A
 * name that is prepared here counts as such only once that succeeded, so one
 * pipeline may prepare it twice unless the queue is looked through.
 */

enum lapor_pg_class
lapor_pg_pipe_add(struct lapor_pg *pg, const char *name, const char *sql,
    const struct lapor_pgparams *params)
{
    size_t  i;

    if (pg->conn == NULL || !pg->pipe) {
        return LAPOR_PG_RETRY;
    }

    if (pg->nstatements == LAPOR_PG_PIPELINE) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "pipeline is too long");
    }

    for (i = 0; name != NULL && i < pg->nqueue; i++) {
        if (pg->queue[i] != NULL && strcmp(pg->queue[i], name) == 0) {
            break;
        }
    }

    if (name != NULL && i == pg->nqueue && !lapor_pg_is_prepared(pg, name)) {
        if (PQsendPrepare(pg->conn, name, sql, params ? params->n : 0,
                          params ? params->types : NULL) != 1)
        {
            return lapor_pg_lost(pg, PQerrorMessage(pg->conn));
        }

        pg->queue[pg->nqueue++] = name;
    }

    if (lapor_pg_send(pg, name, sql, params) == -1) {
        return lapor_pg_lost(pg, PQerrorMessage(pg->conn));
    }

    pg->queue[pg->nqueue++] = NULL;
    pg->nstatements++;

    return LAPOR_PG_OK;
}


enum lapor_pg_class
lapor_pg_pipe_end(struct lapor_pg *pg, PGresult **results, size_t n,
    size_t *ret_failed)
{
    size_t               i, failed;
    enum lapor_pg_class  class;

    for (i = 0; results != NULL && i < n; i++) {
        results[i] = NULL;
    }

    failed = 0;

    if (pg->conn == NULL || !pg->pipe) {
        class = LAPOR_PG_RETRY;
        goto done;
    }

    if (results != NULL && n != pg->nstatements) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "pipeline has %zu statements, not %zu",
                    pg->nstatements, n);
    }

    if (PQpipelineSync(pg->conn) != 1) {
        class = lapor_pg_lost(pg, PQerrorMessage(pg->conn));

    } else {
        class = lapor_pg_pipe_collect(pg, results, &failed);
    }

    class = lapor_pg_pipe_settle(pg, class);

done:

    for (i = 0; class != LAPOR_PG_OK && results != NULL && i < n; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }

    if (ret_failed != NULL) {
        *ret_failed = failed;
    }

    return class;
}


static enum lapor_pg_class
lapor_pg_pipe_collect(struct lapor_pg *pg, PGresult **results,
    size_t *ret_failed)
{
    size_t               i, statement;
    int64_t              deadline;
    PGresult            *res;
    enum lapor_pg_class  class, one;

    class = LAPOR_PG_OK;
    statement = 0;
    deadline = lapor_mono_ms() + pg->timeout_ms;

    for (i = 0; i < pg->nqueue && pg->conn != NULL; i++) {
        res = NULL;
        one = lapor_pg_item(pg, &deadline, &res);

        if (one != LAPOR_PG_OK && class == LAPOR_PG_OK) {
            class = one;
            *ret_failed = statement;
        }

        if (pg->queue[i] != NULL) {
            /* an aborted one has no result and was not prepared */
            if (one == LAPOR_PG_OK && res != NULL) {
                lapor_pg_add_prepared(pg, pg->queue[i]);
            }

        } else {
            if (results != NULL && one == LAPOR_PG_OK) {
                results[statement] = res;
                res = NULL;
            }

            statement++;
        }

        PQclear(res);
    }

    one = lapor_pg_pipe_sync(pg, &deadline);

    if (one != LAPOR_PG_OK && class == LAPOR_PG_OK) {
        class = one;
        *ret_failed = statement;
    }

    return class;
}


/*
 * What fails at the commit itself is an item of its own before the sync, so
 * there are two at most.
 */

static enum lapor_pg_class
lapor_pg_pipe_sync(struct lapor_pg *pg, int64_t *deadline)
{
    int                  i;
    bool                 synced;
    PGresult            *res;
    enum lapor_pg_class  class, one;

    class = LAPOR_PG_OK;

    for (i = 0; i < 2 && pg->conn != NULL; i++) {
        res = NULL;
        one = lapor_pg_item(pg, deadline, &res);
        synced = res != NULL && PQresultStatus(res) == PGRES_PIPELINE_SYNC;
        PQclear(res);

        class = (class == LAPOR_PG_OK) ? one : class;

        if (synced) {
            return class;
        }
    }

    if (pg->conn != NULL) {
        class = lapor_pg_lost(pg, "pipeline has no end");
    }

    return (class == LAPOR_PG_OK) ? LAPOR_PG_RETRY : class;
}


static enum lapor_pg_class
lapor_pg_pipe_settle(struct lapor_pg *pg, enum lapor_pg_class class)
{
    class = lapor_pg_writable(pg, class);

    if (pg->conn != NULL && PQexitPipelineMode(pg->conn) != 1) {
        class = lapor_pg_lost(pg, PQerrorMessage(pg->conn));
    }

    pg->pipe = false;

    if (pg->conn == NULL) {
        return class == LAPOR_PG_OK ? LAPOR_PG_RETRY : class;
    }

    pg->tx = PQtransactionStatus(pg->conn) != PQTRANS_IDLE;

    if (class != LAPOR_PG_OK && pg->tx && !pg->pipe_tx) {
        lapor_pg_rollback(pg);
    }

    return class;
}


enum lapor_pg_class
lapor_pg_schema_check(struct lapor_pg *pg, int *ret_version)
{
    PGresult             *res;
    enum lapor_pg_class   class;

    *ret_version = 0;

    class = lapor_pg_exec(pg, "SELECT lapor.schema_version()::int4", NULL,
                          &res);

    if (class == LAPOR_PG_OK) {
        *ret_version = (PQntuples(res) == 1)
                       ? (int) lapor_pg_get_int(res, 0, 0) : 0;
        PQclear(res);

        if (*ret_version == LAPOR_SCHEMA_VERSION) {
            if (pg->down) {
                lapor_log_notice("the database is usable again");
            }

            pg->worked = true;
            pg->down = false;
            return LAPOR_PG_OK;
        }

        lapor_pg_note(pg, "", "schema is of another version");
        class = LAPOR_PG_BUG;
    }

    if (class != LAPOR_PG_BUG || *ret_version != 0 || !pg->worked) {
        return class;
    }

    if (!pg->down) {
        lapor_log_err("the database is not usable now: %s", pg->error);
        pg->down = true;
    }

    return LAPOR_PG_RETRY;
}
