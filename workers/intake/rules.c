/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The rules as a table by number. All of it lives in a pool of its own, from
 * one reading to the next.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/rules.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/timeutil.h"


#define RULES_BUCKETS  4096
#define RULES_MS       60000

/* people of other languages are answered in this one, too */
#define RULES_LANG     "id"


struct rules_number {
    struct lapor_str         number;
    struct lapor_talk_rule   rule;
    struct rules_number     *next;
};


struct rules_text {
    struct lapor_str    key;
    struct lapor_str    body;
    struct rules_text  *next;
};


struct lapor_intake_rules {
    struct lapor_pool    *pool;
    uint64_t              generation;   /* of the connection; 0: not read */
    int64_t               due;          /* lapor_mono_ms() */
    struct rules_text    *texts;
    struct rules_number  *headquarters;
    struct rules_number  *buckets[RULES_BUCKETS];
};


static enum lapor_pg_class rules_texts(struct lapor_intake_rules *rules,
    struct lapor_pg *pg, struct lapor_pool *pool);
static enum lapor_pg_class rules_numbers(struct lapor_intake_rules *rules,
    struct lapor_pg *pg, const struct lapor_pgparams *params);
static void rules_put(struct lapor_intake_rules *rules, const PGresult *res,
    int row);
static void rules_pass(struct lapor_str *rest, size_t len,
    struct lapor_buf *buf);
static unsigned rules_bucket(struct lapor_str number);


struct lapor_intake_rules *
lapor_intake_rules_new(void)
{
    struct lapor_intake_rules  *rules;

    rules = calloc(1, sizeof(*rules));

    if (rules == NULL) {
        lapor_fatal(LAPOR_EXIT_OS, "out of memory");
    }

    rules->pool = lapor_pool_create(65536);

    return rules;
}


void
lapor_intake_rules_free(struct lapor_intake_rules *rules)
{
    if (rules != NULL) {
        lapor_pool_destroy(rules->pool);
        free(rules);
    }
}


enum lapor_pg_class
lapor_intake_rules_load(struct lapor_intake_rules *rules,
    struct lapor_pg *pg, struct lapor_pool *pool)
{
    enum lapor_pg_class     class;
    struct lapor_pgparams   p;

    if (rules->generation == lapor_pg_generation(pg)
        && lapor_mono_ms() < rules->due)
    {
        return LAPOR_PG_OK;
    }

    lapor_pool_reset(rules->pool);
    memset(rules->buckets, 0, sizeof(rules->buckets));
    rules->headquarters = NULL;
    rules->texts = NULL;
    rules->generation = 0;

    class = rules_texts(rules, pg, pool);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_null(&p, LAPOR_PG_TEXT);
    class = rules_numbers(rules, pg, &p);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    if (rules->headquarters == NULL) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "database: headquarters has no rules");
    }

    rules->generation = lapor_pg_generation(pg);
    rules->due = lapor_mono_ms() + RULES_MS;

    return LAPOR_PG_OK;
}


static enum lapor_pg_class
rules_texts(struct lapor_intake_rules *rules, struct lapor_pg *pg,
    struct lapor_pool *pool)
{
    int                     row;
    PGresult               *res;
    struct rules_text      *text;
    enum lapor_pg_class     class;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, RULES_LANG);

    class = lapor_pg_call(pg, "intake_texts",
                          "SELECT key, body FROM lapor.intake_texts($1)", &p,
                          &res);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (row = 0; row < PQntuples(res); row++) {
        text = lapor_pool_alloc(rules->pool, sizeof(*text));
        text->key = lapor_pool_str(rules->pool,
                                   lapor_pg_get_str(res, row, 0));
        text->body = lapor_pool_str(rules->pool,
                                    lapor_pg_get_str(res, row, 1));
        text->next = rules->texts;
        rules->texts = text;
    }

    PQclear(res);

    return LAPOR_PG_OK;
}


enum lapor_pg_class
lapor_intake_rules_ask(struct lapor_intake_rules *rules, struct lapor_pg *pg,
    struct lapor_pool *pool, const struct lapor_str *numbers, size_t n)
{
    size_t                  i;
    struct lapor_pgarray   *a;
    struct lapor_pgparams   p;

    a = lapor_pgarray_new(pool, LAPOR_PG_TEXT);

    for (i = 0; i < n; i++) {
        lapor_pgarray_text(a, numbers[i].data, numbers[i].len);
    }

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_array(&p, a);

    return rules_numbers(rules, pg, &p);
}


static enum lapor_pg_class
rules_numbers(struct lapor_intake_rules *rules, struct lapor_pg *pg,
    const struct lapor_pgparams *params)
{
    int                  row;
    PGresult            *res;
    enum lapor_pg_class  class;

    class = lapor_pg_exec(pg,
        "SELECT phone_number_id, unit_id, unit_name, join_ms, reopen_ms,"
        "       burst_ms, answer_every, second_topic, topic_confidence"
        "  FROM lapor.intake_rules($1::text[])", params, &res);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (row = 0; row < PQntuples(res); row++) {
        rules_put(rules, res, row);
    }

    PQclear(res);

    return LAPOR_PG_OK;
}


static void
rules_put(struct lapor_intake_rules *rules, const PGresult *res, int row)
{
    unsigned                 bucket;
    struct rules_number     *n;
    struct lapor_talk_rule  *rule;

    n = lapor_pool_alloc(rules->pool, sizeof(*n));
    n->number = lapor_pool_str(rules->pool, lapor_pg_get_str(res, row, 0));
    rule = &n->rule;

    rule->unit_id = (int32_t) lapor_pg_get_int(res, row, 1);
    rule->unit_name = lapor_pool_str(rules->pool,
                                     lapor_pg_get_str(res, row, 2));
    rule->join_ms = lapor_pg_get_int(res, row, 3);
    rule->reopen_ms = lapor_pg_get_int(res, row, 4);
    rule->burst_ms = lapor_pg_get_int(res, row, 5);
    rule->answer_every = lapor_pg_get_bool(res, row, 6);
    rule->second_topic = lapor_pg_get_bool(res, row, 7);
    rule->topic_confidence = lapor_pg_get_float(res, row, 8);

    if (n->number.data == NULL) {
        rules->headquarters = n;
        return;
    }

    bucket = rules_bucket(n->number);
    n->next = rules->buckets[bucket];
    rules->buckets[bucket] = n;
}


const struct lapor_talk_rule *
lapor_intake_rules_find(const struct lapor_intake_rules *rules,
    struct lapor_str number)
{
    const struct rules_number  *n;

    n = rules->buckets[rules_bucket(number)];

    while (n != NULL && !lapor_str_eq(n->number, number)) {
        n = n->next;
    }

    return n == NULL ? NULL : &n->rule;
}


const struct lapor_talk_rule *
lapor_intake_rules_headquarters(const struct lapor_intake_rules *rules)
{
    return &rules->headquarters->rule;
}


static unsigned
rules_bucket(struct lapor_str number)
{
    return (unsigned) (lapor_str_hash(number) % RULES_BUCKETS);
}


struct lapor_str
lapor_intake_rules_text(const struct lapor_intake_rules *rules,
    struct lapor_pool *pool, const char *key, struct lapor_str unit,
    struct lapor_str code)
{
    const char               *brace;
    struct lapor_buf          buf;
    struct lapor_str          rest, text;
    const struct rules_text  *t;

    t = rules->texts;

    while (t != NULL && !lapor_str_eqz(t->key, key)) {
        t = t->next;
    }

    if (t == NULL) {
        return LAPOR_STR_NONE;
    }

    lapor_buf_init(&buf);
    lapor_buf_reserve(&buf, t->body.len + unit.len + code.len);
    rest = t->body;

    while (rest.len > 0) {
        brace = memchr(rest.data, '{', rest.len);
        rules_pass(&rest, brace == NULL ? rest.len
                                        : (size_t) (brace - rest.data), &buf);

        if (lapor_str_starts(rest, "{unit}")) {
            lapor_buf_adds(&buf, unit);
            rules_pass(&rest, sizeof("{unit}") - 1, NULL);

        } else if (lapor_str_starts(rest, "{code}")) {
            lapor_buf_adds(&buf, code);
            rules_pass(&rest, sizeof("{code}") - 1, NULL);

        } else if (rest.len > 0) {
            rules_pass(&rest, 1, &buf);
        }
    }

    text = lapor_pool_str(pool, lapor_buf_view(&buf));
    lapor_buf_free(&buf);

    return text;
}


/* Over so many bytes, which go into the buffer if there is one. */

static void
rules_pass(struct lapor_str *rest, size_t len, struct lapor_buf *buf)
{
    if (buf != NULL) {
        lapor_buf_add(buf, rest->data, len);
    }

    rest->data += len;
    rest->len -= len;
}
