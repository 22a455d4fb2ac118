/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Making and dropping the connection.
 *
 * libpq tries the hosts of a list in one connection attempt, but leaves all
 * timeouts to the caller of PQconnectPoll() and cannot be told to give up one
 * host: with a frozen first host the others would never be reached.  So every
 * attempt names a single host, and the next one starts behind it.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/metrics.h"
#include "lib/pg_internal.h"


/* options of PQconninfoParse() and five of our own and the NULL */
#define LAPOR_PG_OPTIONS  96

/* Our statements are short: to compile one costs seconds, and happens where
 * the planner knows too little of a table. What the operator says counts. */
#define LAPOR_PG_SETTINGS  "-c jit=off"

/* Pause, in ms, before a server that takes no writes is asked again. */
#define LAPOR_PG_STANDBY  2000


struct lapor_pg_words {
    const char  *keys[LAPOR_PG_OPTIONS];
    const char  *values[LAPOR_PG_OPTIONS];
    char         text[3][256];      /* host, hostaddr and port of this try */
    size_t       n;
};


static bool lapor_pg_has_password(const PQconninfoOption *options);
static size_t lapor_pg_count_hosts(const PQconninfoOption *options);
static void lapor_pg_words(struct lapor_pg *pg, size_t host,
    struct lapor_pg_words *w);
static void lapor_pg_word(struct lapor_pg_words *w, const char *key,
    const char *value);
static void lapor_pg_item(const char *list, size_t i, char *ret_item,
    size_t size);
static enum lapor_pg_class lapor_pg_open(struct lapor_pg *pg);
static int lapor_pg_try(struct lapor_pg *pg, size_t host);
static int lapor_pg_finish(struct lapor_pg *pg);
static void lapor_pg_note_failure(struct lapor_pg *pg);
static void lapor_pg_count(const char *sqlstate);
static void lapor_pg_on_notice(void *data, const PGresult *res);
static void lapor_pg_stale(struct lapor_pg *pg);


struct lapor_pg *
lapor_pg_new(const struct lapor_pg_conf *conf, char *err, size_t size)
{
    char              *message;
    struct lapor_pg   *pg;
    PQconninfoOption  *options;

    message = NULL;
    options = PQconninfoParse(conf->conninfo, &message);

    if (options == NULL) {
        (void) snprintf(err, size, "%s", message ? message : "out of memory");
        err[strcspn(err, "\n")] = '\0';
        PQfreemem(message);
        return NULL;
    }

    if (lapor_pg_has_password(options)) {
        (void) snprintf(err, size, "a password stands in a file of its own, "
                        "see database_password");
        PQconninfoFree(options);
        return NULL;
    }

    pg = calloc(1, sizeof(struct lapor_pg));

    if (pg == NULL) {
        lapor_fatal_memory();
    }

    pg->options = options;
    pg->nhosts = lapor_pg_count_hosts(options);
    pg->connect_ms = conf->connect_ms ? conf->connect_ms : 3000;
    pg->timeout_ms = conf->timeout_ms ? conf->timeout_ms : 30000;
    pg->backoff.min = 100;
    pg->backoff.max = 5000;
    pg->name = lapor_heap_copy(conf->name ? conf->name : "lapor");
    pg->password = lapor_heap_copy(conf->password);
    pg->queue = calloc(2 * LAPOR_PG_PIPELINE, sizeof(pg->queue[0]));

    if (pg->queue == NULL) {
        lapor_fatal_memory();
    }

    lapor_metric_move(&lapor_metric_postgres_links, -1, LAPOR_METRIC_DOWN);
    return pg;
}


void
lapor_pg_free(struct lapor_pg *pg)
{
    if (pg == NULL) {
        return;
    }

    lapor_pg_drop(pg);
    lapor_metric_move(&lapor_metric_postgres_links, LAPOR_METRIC_DOWN, -1);
    PQconninfoFree(pg->options);
    lapor_pg_set_password(pg, NULL);
    free(pg->name);
    free(pg->queue);
    free(pg);
}


void
lapor_pg_set_password(struct lapor_pg *pg, const char *password)
{
    if (pg->password != NULL) {
        explicit_bzero(pg->password, strlen(pg->password));
    }

    free(pg->password);
    pg->password = lapor_heap_copy(password);
}


static bool
lapor_pg_has_password(const PQconninfoOption *options)
{
    for ( ; options->keyword != NULL; options++) {
        if (options->val != NULL && strcmp(options->keyword, "password") == 0)
        {
            return true;
        }
    }

    return false;
}


static size_t
lapor_pg_count_hosts(const PQconninfoOption *options)
{
    size_t       n, max;
    const char  *p;

    max = 1;

    for ( ; options->keyword != NULL; options++) {
        if (options->val == NULL || (strcmp(options->keyword, "host") != 0
            && strcmp(options->keyword, "hostaddr") != 0))
        {
            continue;
        }

        n = 1;

        for (p = options->val; *p != '\0'; p++) {
            n += (*p == ',');
        }

        max = (n > max) ? n : max;
    }

    return max;
}


static void
lapor_pg_word(struct lapor_pg_words *w, const char *key, const char *value)
{
    if (w->n == LAPOR_PG_OPTIONS - 1) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "too many connection options");
    }

    w->keys[w->n] = key;
    w->values[w->n] = value;
    w->n++;
    w->keys[w->n] = NULL;
    w->values[w->n] = NULL;
}


/* The i-th item of a comma-separated list; of a single one, that one. */

static void
lapor_pg_item(const char *list, size_t i, char *ret_item, size_t size)
{
    if (strchr(list, ',') != NULL) {
        for ( ; i > 0 && strchr(list, ',') != NULL; i--) {
            list = strchr(list, ',') + 1;
        }
    }

    (void) snprintf(ret_item, size, "%.*s", (int) strcspn(list, ","), list);
}


static void
lapor_pg_words(struct lapor_pg *pg, size_t host, struct lapor_pg_words *w)
{
    bool                     set;
    size_t                   i;
    const char              *value;
    const PQconninfoOption  *o;

    static const char *const  lists[] = { "host", "hostaddr", "port" };

    w->n = 0;
    set = getenv("PGOPTIONS") != NULL || getenv("PGSERVICE") != NULL;

    for (o = pg->options; o->keyword != NULL; o++) {
        value = o->val;

        if (value == NULL || strcmp(o->keyword, "application_name") == 0) {
            continue;
        }

        for (i = 0; i < 3; i++) {
            if (strcmp(o->keyword, lists[i]) == 0) {
                lapor_pg_item(value, host, w->text[i], sizeof(w->text[i]));
                value = w->text[i];
            }
        }

        /* a service may have options, in a file that libpq alone reads */
        set = set || strcmp(o->keyword, "options") == 0
              || strcmp(o->keyword, "service") == 0;
        lapor_pg_word(w, o->keyword, value);
    }

    if (!set) {
        lapor_pg_word(w, "options", LAPOR_PG_SETTINGS);
    }

    lapor_pg_word(w, "application_name", pg->name);
    lapor_pg_word(w, "client_encoding", "UTF8");

    if (pg->password != NULL) {
        lapor_pg_word(w, "password", pg->password);
    }
}


/* A connection that was closed from there while nothing ran is none: what the
 * caller asks of a new one is to be asked now. */

enum lapor_pg_class
lapor_pg_connect(struct lapor_pg *pg)
{
    if (pg->conn != NULL && !pg->pipe && !pg->tx) {
        lapor_pg_stale(pg);
    }

    return lapor_pg_open(pg);
}


static enum lapor_pg_class
lapor_pg_open(struct lapor_pg *pg)
{
    size_t               i, host;
    enum lapor_pg_class  class;

    if (pg->conn != NULL) {
        return LAPOR_PG_OK;
    }

    if (lapor_backoff_left(&pg->backoff) > 0) {
        return LAPOR_PG_RETRY;
    }

    for (i = 0; i < pg->nhosts && !lapor_loop_stopping(); i++) {
        host = (pg->host + i) % pg->nhosts;

        if (lapor_pg_try(pg, host) == 0) {
            pg->host = host;
            return LAPOR_PG_OK;
        }
    }

    class = LAPOR_PG_RETRY;

    /* stopping, nothing was tried: what is noted is of something else */
    if (!lapor_loop_stopping() && pg->sqlstate[0] != '\0') {
        class = lapor_pg_classify(pg->sqlstate);
    }

    /* reported once an outage, not once a try; and so is a refusal */
    if (!lapor_loop_stopping()
        && (!pg->down || (class == LAPOR_PG_BUG && !pg->refused)))
    {
        lapor_log_err("could not connect to the database: %s", pg->error);
        pg->down = true;
        pg->refused = class == LAPOR_PG_BUG;
    }

    lapor_backoff_fail(&pg->backoff);

    /* a new password before its SIGHUP, a pg_hba.conf that is wrong for now */
    return pg->worked ? LAPOR_PG_RETRY : class;
}


static int
lapor_pg_try(struct lapor_pg *pg, size_t host)
{
    struct lapor_pg_words  w;

    lapor_pg_words(pg, host, &w);

    pg->conn = PQconnectStartParams(w.keys, w.values, 0);

    if (pg->conn == NULL) {
        lapor_fatal_memory();
    }

    /* the SQLSTATE alone: libpq has no other way to tell it of a refusal */
    (void) PQsetErrorVerbosity(pg->conn, PQERRORS_SQLSTATE);
    (void) PQsetErrorContextVisibility(pg->conn, PQSHOW_CONTEXT_NEVER);
    (void) PQsetNoticeReceiver(pg->conn, lapor_pg_on_notice, NULL);

    if (lapor_pg_finish(pg) == -1) {
        PQfinish(pg->conn);
        pg->conn = NULL;
        return -1;
    }

    lapor_metric_move(&lapor_metric_postgres_links, LAPOR_METRIC_DOWN,
                      LAPOR_METRIC_UP);
    pg->generation++;
    pg->nprepared = 0;
    pg->pipe = false;
    lapor_backoff_ok(&pg->backoff);

    if (pg->down || pg->generation > 1) {
        lapor_log_notice("connected to the database again");
    }

    pg->down = false;
    pg->refused = false;
    return 0;
}


static int
lapor_pg_finish(struct lapor_pg *pg)
{
    short                      events;
    int64_t                    deadline;
    PostgresPollingStatusType  state;

    deadline = lapor_mono_ms() + pg->connect_ms;
    state = PGRES_POLLING_WRITING;

    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        lapor_pg_note_failure(pg);
        return -1;
    }

    while (state != PGRES_POLLING_OK) {
        events = (state == PGRES_POLLING_READING) ? POLLIN : POLLOUT;

        if (lapor_loop_stopping()
            || lapor_pg_poll(pg, events, &deadline) == -1)
        {
            lapor_pg_note(pg, "", "no answer in time");
            return -1;
        }

        state = PQconnectPoll(pg->conn);

        if (state == PGRES_POLLING_FAILED) {
            lapor_pg_note_failure(pg);
            return -1;
        }
    }

    if (PQsetnonblocking(pg->conn, 1) == -1) {
        lapor_pg_note_failure(pg);
        return -1;
    }

    return 0;
}


/* With PQERRORS_SQLSTATE a refusal ends in "FATAL:  28P01". */

static void
lapor_pg_note_failure(struct lapor_pg *pg)
{
    char         state[6];
    size_t       len;
    const char  *message, *p;

    message = PQerrorMessage(pg->conn);
    len = strlen(message);

    while (len > 0 && (message[len - 1] == '\n' || message[len - 1] == ' ')) {
        len--;
    }

    state[0] = '\0';

    if (len > 6 && message[len - 6] == ' ') {
        p = message + len - 5;

        if (strspn(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= 5) {
            memcpy(state, p, 5);
            state[5] = '\0';
        }
    }

    lapor_pg_note(pg, state, message);
}


void
lapor_pg_note(struct lapor_pg *pg, const char *sqlstate, const char *message)
{
    (void) snprintf(pg->sqlstate, sizeof(pg->sqlstate), "%s", sqlstate);
    (void) snprintf(pg->error, sizeof(pg->error), "%s", message);
    pg->error[strcspn(pg->error, "\n")] = '\0';

    if (sqlstate[0] != '\0') {
        lapor_pg_count(sqlstate);
    }
}


static void
lapor_pg_count(const char *sqlstate)
{
    char  class[3];

    (void) snprintf(class, sizeof(class), "%s", sqlstate);
    lapor_metric_add(&lapor_metric_postgres_errors,
                     lapor_metric_label(&lapor_metric_postgres_errors, class,
                                        NULL), 1);
}


int
lapor_pg_poll(struct lapor_pg *pg, short events, int64_t *deadline)
{
    int            n;
    int64_t        left;
    struct pollfd  pfd;

    pfd.fd = PQsocket(pg->conn);
    pfd.events = events;

    for ( ;; ) {
        if (pg->on_wait != NULL) {
            pg->on_wait(pg->on_wait_data);
        }

        left = *deadline - lapor_mono_ms();

        if (lapor_loop_stopping() && left > LAPOR_PG_STOP_MS) {
            left = LAPOR_PG_STOP_MS;
            *deadline = lapor_mono_ms() + left;
        }

        /* what came while on_wait took its time still counts */
        left = (left > 0) ? left : 0;
        n = poll(&pfd, 1, (left > LAPOR_PG_WAIT_MS) ? LAPOR_PG_WAIT_MS
                                                    : (int) left);

        if (n > 0) {
            return 0;
        }

        if (left == 0 || (n == -1 && errno != EINTR)) {
            return -1;
        }
    }
}


void
lapor_pg_on_wait(struct lapor_pg *pg, void (*call)(void *data), void *data)
{
    pg->on_wait = call;
    pg->on_wait_data = data;
}


enum lapor_pg_class
lapor_pg_lost(struct lapor_pg *pg, const char *reason)
{
    lapor_pg_note(pg, "", reason);

    if (!pg->down) {
        lapor_log_warn("lost the database connection: %s", pg->error);
        pg->down = true;
    }

    lapor_pg_drop(pg);
    lapor_backoff_fail(&pg->backoff);

    return LAPOR_PG_RETRY;
}


enum lapor_pg_class
lapor_pg_writable(struct lapor_pg *pg, enum lapor_pg_class class)
{
    if (pg->conn == NULL || class != LAPOR_PG_RETRY
        || strcmp(pg->sqlstate, "25006") != 0)
    {
        return class;
    }

    class = lapor_pg_lost(pg, "server takes no writes");
    pg->host = (pg->host + 1) % pg->nhosts;

    /* connecting succeeds there, so the backoff alone would start over */
    pg->backoff.until = lapor_mono_ms() + LAPOR_PG_STANDBY;

    return class;
}


void
lapor_pg_drop(struct lapor_pg *pg)
{
    int  fd;

    if (pg->conn == NULL) {
        return;
    }

    /* PQfinish() says goodbye; a peer that does not read must not hold it */
    fd = PQsocket(pg->conn);

    if (fd != -1 && PQtransactionStatus(pg->conn) != PQTRANS_IDLE) {
        (void) shutdown(fd, SHUT_RDWR);
    }

    PQfinish(pg->conn);
    lapor_metric_move(&lapor_metric_postgres_links, LAPOR_METRIC_UP,
                      LAPOR_METRIC_DOWN);
    pg->conn = NULL;
    pg->nprepared = 0;
    pg->pipe = false;
}


/* A server that went away while nothing ran has left its EOF behind. */

static void
lapor_pg_stale(struct lapor_pg *pg)
{
    int            tries;
    struct pollfd  pfd;

    for (tries = 0; tries < 3; tries++) {
        pfd.fd = PQsocket(pg->conn);
        pfd.events = POLLIN;

        if (pfd.fd != -1 && poll(&pfd, 1, 0) <= 0) {
            return;
        }

        if (pfd.fd == -1 || PQconsumeInput(pg->conn) == 0
            || PQstatus(pg->conn) == CONNECTION_BAD)
        {
            lapor_log_notice("the database closed an idle connection");
            lapor_pg_drop(pg);
            return;
        }
    }
}


enum lapor_pg_class
lapor_pg_ready(struct lapor_pg *pg)
{
    if (pg->conn != NULL && !pg->pipe) {
        lapor_pg_stale(pg);
    }

    if (pg->conn == NULL && pg->tx) {
        lapor_pg_note(pg, "", "connection was lost in the transaction");
        return LAPOR_PG_RETRY;
    }

    return lapor_pg_open(pg);
}


/* A notice's text may quote values, so only its code is told. */

static void
lapor_pg_on_notice(void *data, const PGresult *res)
{
    const char  *state;

    (void) data;

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    lapor_log_debug("notice of the database sqlstate=%s",
                    state ? state : "-");
}


bool
lapor_pg_connected(const struct lapor_pg *pg)
{
    return pg->conn != NULL;
}


int64_t
lapor_pg_retry_ms(const struct lapor_pg *pg)
{
    return (pg->conn != NULL) ? 0 : lapor_backoff_left(&pg->backoff);
}


uint64_t
lapor_pg_generation(const struct lapor_pg *pg)
{
    return pg->generation;
}
