/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl officer add, remove and list: whose messages are an officer's. */

#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "laporctl/ctl.h"
#include "laporctl/text.h"
#include "lib/part.h"


#define OFFICER_IDENTITY  257   /* lapor.officer takes 256 */

/* Digits of a number with its country code (E.164 has at most 15). */
#define OFFICER_SHORTEST  8
#define OFFICER_LONGEST   15


static int put(struct ctl_args *args, const char *sql);
static const char *read_identity(const char *word, char *ret_identity);
static const char *read_number(const char *word, char *ret_identity);


const struct ctl_option  lapor_ctl_officer_list_options[] = {
    { "all", NULL, "also those that were removed" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_officer_add(struct ctl_args *args)
{
    return put(args, "SELECT lapor.officer_put($1, $2, true, $3)");
}


int
lapor_ctl_officer_remove(struct ctl_args *args)
{
    return put(args,
        "SELECT lapor.officer_put($1, $2, false, $3)"
        "  FROM lapor.officer o"
        "  JOIN lapor.unit u USING (unit_id)"
        " WHERE o.identity = $1 AND u.unit_code = $2 AND o.active");
}


static int
put(struct ctl_args *args, const char *sql)
{
    int                    status;
    char                   identity[OFFICER_IDENTITY];
    PGresult              *res;
    const char            *unit, *wrong;
    struct lapor_pg       *pg;
    struct lapor_str       word;
    struct lapor_pool     *pool;
    struct lapor_pgparams  p;

    wrong = read_identity(args->files[0], identity);

    if (wrong != NULL) {
        return lapor_ctl_usage(args, "\"%s\" %s", args->files[0], wrong);
    }

    unit = args->files[1];
    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(4096);
    status = 0;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, identity);
    lapor_pgparams_cstr(&p, unit);
    lapor_pgparams_int2(&p, (int16_t) lapor_part(identity, strlen(identity)));

    if (lapor_pg_exec(pg, sql, &p, &res) != LAPOR_PG_OK) {
        status = strcmp(lapor_pg_sqlstate(pg), "23503") == 0
                 ? lapor_ctl_fail("there is no unit \"%s\"", unit)
                 : lapor_ctl_pg_fail(pg, args->command->words);

    } else if (PQntuples(res) == 0) {
        status = lapor_ctl_fail("%s is no officer of %s", identity, unit);

    } else {
        word = lapor_pg_get_str(res, 0, 0);
        printf(args->json ? "{\"officer\":\"%.*s\"}\n" : "%.*s\n",
               (int) word.len, word.data);
    }

    PQclear(res);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


/* As Meta spells it: digits alone, or a user id. NULL, or what is wrong. */

static const char *
read_identity(const char *word, char *ret_identity)
{
    size_t  i;

    if (word[0] == '+' || (word[0] >= '0' && word[0] <= '9')) {
        return read_number(word, ret_identity);
    }

    for (i = 0; word[i] != '\0'; i++) {
        if (word[i] <= ' ' || word[i] > '~' || i == OFFICER_IDENTITY - 1) {
            return "is neither a number nor a user id";
        }
    }

    if (!lapor_is_user_id(lapor_str_from(word))) {
        return "is neither a number nor a user id";
    }

    memcpy(ret_identity, word, i + 1);

    return NULL;
}


/* People write it with a plus, blanks and dashes. */

static const char *
read_number(const char *word, char *ret_identity)
{
    size_t  n;

    n = 0;

    for (word += word[0] == '+'; *word != '\0'; word++) {

        if (*word >= '0' && *word <= '9' && n < OFFICER_LONGEST) {
            ret_identity[n++] = *word;

        } else if (strchr(" -.()", *word) == NULL) {
            return "is no number";
        }
    }

    ret_identity[n] = '\0';

    if (n < OFFICER_SHORTEST) {
        return "is no number";
    }

    return ret_identity[0] == '0' ? "lacks its country code, such as 62"
                                  : NULL;
}


int
lapor_ctl_officer_list(struct ctl_args *args)
{
    int                    status;
    PGresult              *res;
    const char            *unit;
    struct lapor_pg       *pg;
    struct lapor_pool     *pool;
    struct lapor_pgparams  p;

    static const char *const  heads[] = {
        "NOMOR", "SATUAN", "NAMA", "AKTIF"
    };

    unit = args->n > 0 ? args->files[0] : NULL;
    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(65536);
    res = NULL;
    status = lapor_ctl_unit_known(pg, pool, unit);

    if (status != 0) {
        goto done;
    }

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, unit);
    lapor_pgparams_bool(&p, lapor_ctl_flag(args, "all"));

    if (lapor_pg_exec(pg,
            "SELECT o.identity, u.unit_code, u.name,"
            "       CASE WHEN o.active THEN 'ya' ELSE 'tidak' END,"
            "       jsonb_build_object('identity', o.identity, 'unit',"
            "           u.unit_code, 'active', o.active)::text"
            "  FROM lapor.officer o"
            "  JOIN lapor.unit u USING (unit_id)"
            " WHERE ($1::text IS NULL OR u.unit_code = $1)"
            "   AND (o.active OR $2)"
            " ORDER BY u.unit_code, o.identity", &p, &res) != LAPOR_PG_OK)
    {
        status = lapor_ctl_pg_fail(pg, "officer list");

    } else {
        lapor_ctl_result_print(pool, res, heads, 4, args->json);
    }

done:

    PQclear(res);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}
