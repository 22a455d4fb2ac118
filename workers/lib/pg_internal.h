/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What the files of lib/pg share; nobody else includes it.
 *
 * pg_conn.c owns conn: it makes and drops it.  pg.c runs statements on it and
 * calls lapor_pg_lost() when the connection cannot be trusted any more.
 */

#ifndef LAPOR_LIB_PG_INTERNAL_H
#define LAPOR_LIB_PG_INTERNAL_H


#include "lib/pg.h"
#include "lib/timeutil.h"


#define LAPOR_PG_PREPARED  128
#define LAPOR_PG_ERROR     256

/* Once the program stops, nothing may take longer than this (ms). */
#define LAPOR_PG_STOP_MS   5000

/* One poll() of a wait. */
#define LAPOR_PG_WAIT_MS   500

struct lapor_pg {
    PGconn               *conn;         /* NULL: not connected */
    PQconninfoOption     *options;      /* of conninfo, parsed */
    char                 *password;
    char                 *name;
    size_t                nhosts;
    size_t                host;         /* tried first */
    int                   connect_ms;
    int                   timeout_ms;
    void                (*on_wait)(void *data);
    void                 *on_wait_data;
    struct lapor_backoff  backoff;
    uint64_t              generation;
    bool                  down;         /* and said so in the log */
    bool                  refused;      /* likewise */
    bool                  worked;       /* with the schema that we know */
    bool                  tx;           /* begin without its end; stays true
                                           when the connection breaks */
    char                  sqlstate[6];
    char                  error[LAPOR_PG_ERROR];

    /* names prepared on this connection, owned by the callers */
    const char           *prepared[LAPOR_PG_PREPARED];
    size_t                nprepared;

    /* one per queued item: the name that it prepares, or NULL: a statement */
    const char          **queue;
    size_t                nqueue;
    size_t                nstatements;
    bool                  pipe;
    bool                  pipe_tx;      /* tx as it was at pipe_begin */
};


/* Waits for the socket; -1 past the deadline. */
int lapor_pg_poll(struct lapor_pg *pg, short events, int64_t *deadline);

/* Notes an error that is not the server's, drops; always RETRY. */
enum lapor_pg_class lapor_pg_lost(struct lapor_pg *pg, const char *reason);

/*
 * Drops a connection whose server is a standby, perhaps since a moment ago
 * (25006): the next one goes to another host, or to whom the name leads now.
 */
enum lapor_pg_class lapor_pg_writable(struct lapor_pg *pg,
    enum lapor_pg_class class);

/* A connection that can take a statement, see lapor_pg_connect(). */
enum lapor_pg_class lapor_pg_ready(struct lapor_pg *pg);

/* Notes what the server answered; its class. */
enum lapor_pg_class lapor_pg_failed(struct lapor_pg *pg, const PGresult *res);

/* First line of libpq's message without its line end. */
void lapor_pg_note(struct lapor_pg *pg, const char *sqlstate,
    const char *message);


#endif
