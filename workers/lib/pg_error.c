/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What went wrong, in words that may be logged, and what class it is of.
 */

#include <stdio.h>
#include <string.h>

#include "lib/pg_internal.h"


static void lapor_pg_describe(struct lapor_pg *pg, const PGresult *res,
    enum lapor_pg_class class);


enum lapor_pg_class
lapor_pg_failed(struct lapor_pg *pg, const PGresult *res)
{
    const char           *state;
    enum lapor_pg_class   class;

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    /* made by libpq itself: the connection broke, or no memory */
    if (state == NULL) {
        lapor_pg_note(pg, "", PQresultErrorMessage(res));
        return LAPOR_PG_RETRY;
    }

    class = lapor_pg_classify(state);
    lapor_pg_note(pg, state, "");
    lapor_pg_describe(pg, res, class);

    return class;
}


/*
 * Names of things, never values: the primary message of class 22 quotes what
 * was wrong, and a function's RAISE may.
 */

static void
lapor_pg_describe(struct lapor_pg *pg, const PGresult *res,
    enum lapor_pg_class class)
{
    size_t       i, len;
    const char  *value;

    static const struct {
        int          field;
        const char  *name;
    } fields[] = {
        { PG_DIAG_TABLE_NAME, "table" },
        { PG_DIAG_COLUMN_NAME, "column" },
        { PG_DIAG_CONSTRAINT_NAME, "constraint" },
        { PG_DIAG_SOURCE_FUNCTION, "source" }
    };

    value = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    if (class == LAPOR_PG_DATA || value == NULL) {
        value = "statement failed";
    }

    (void) snprintf(pg->error, sizeof(pg->error), "%s sqlstate=%s", value,
                    pg->sqlstate);

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        value = PQresultErrorField(res, fields[i].field);
        len = strlen(pg->error);

        if (value != NULL) {
            (void) snprintf(pg->error + len, sizeof(pg->error) - len,
                            " %s=%s", fields[i].name, value);
        }
    }

    /* "PL/pgSQL function lapor.x(...) line 12 at RAISE" */
    value = PQresultErrorField(res, PG_DIAG_CONTEXT);
    len = strlen(pg->error);

    if (value != NULL && strncmp(value, "PL/pgSQL function ", 18) == 0) {
        (void) snprintf(pg->error + len, sizeof(pg->error) - len,
                        " in=\"%.*s\"", (int) strcspn(value + 18, "\n"),
                        value + 18);
    }
}


enum lapor_pg_class
lapor_pg_classify(const char *sqlstate)
{
    size_t  i;

    /*
     * Appendix A of the manual. 08P01: a wrong number of parameters. What a
     * function of ours raises (P0), a value too long or too many for a
     * statement (54, 21) and an internal error (XX000) come from the values
     * at hand; a corrupted table (XX001, XX002) would meet every batch.
     */
    static const struct {
        const char           *start;
        enum lapor_pg_class   class;
    } classes[] = {
        { "00", LAPOR_PG_OK },
        { "01", LAPOR_PG_OK },
        { "02", LAPOR_PG_OK },
        { "08P01", LAPOR_PG_BUG },
        { "08", LAPOR_PG_RETRY },
        { "21", LAPOR_PG_DATA },
        { "22", LAPOR_PG_DATA },
        { "23", LAPOR_PG_DATA },
        { "25006", LAPOR_PG_RETRY },
        { "25P0", LAPOR_PG_RETRY },
        { "40", LAPOR_PG_RETRY },
        { "53", LAPOR_PG_RETRY },
        { "54", LAPOR_PG_DATA },
        { "55P03", LAPOR_PG_RETRY },
        { "55006", LAPOR_PG_RETRY },
        { "57", LAPOR_PG_RETRY },
        { "58", LAPOR_PG_RETRY },
        { "P0", LAPOR_PG_DATA },
        { "XX000", LAPOR_PG_DATA }
    };

    for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strncmp(sqlstate, classes[i].start,
                    strlen(classes[i].start)) == 0)
        {
            return classes[i].class;
        }
    }

    return LAPOR_PG_BUG;
}


const char *
lapor_pg_sqlstate(const struct lapor_pg *pg)
{
    return pg->sqlstate;
}


const char *
lapor_pg_error(const struct lapor_pg *pg)
{
    return pg->error;
}
