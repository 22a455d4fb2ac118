/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl reconcile: what PostgreSQL has, and what it keeps of a run. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "laporctl/reconcile.h"
#include "lib/part.h"
#include "lib/timeutil.h"


/* Entries looked up by one statement. */
#define PG_LOOKUP  1000


static int fail(struct ctl_rec *rec);
static int load_counts(struct ctl_rec *rec);
static struct ctl_rec_stream *find(struct ctl_rec *rec,
    struct lapor_str key);
static int lookup(struct ctl_rec *rec, const char *key,
    struct ctl_rec_entry *list, size_t n, size_t *ret_missing);
static enum lapor_pg_class store_streams(struct ctl_rec *rec);
static enum lapor_pg_class store_stream(struct ctl_rec *rec,
    const struct ctl_rec_stream *st);
static enum lapor_pg_class store_result(struct ctl_rec *rec,
    const char *verdict);
static void list(struct lapor_buf *buf,
    const struct ctl_rec_difference *first);
static enum lapor_pg_class store_alerts(struct ctl_rec *rec);
static enum lapor_pg_class store_raise(struct ctl_rec *rec,
    const struct ctl_rec_difference *d);
static enum lapor_pg_class store_close(struct ctl_rec *rec);
static enum lapor_pg_class close_one(struct ctl_rec *rec, const char *subject);
static bool differs(const struct ctl_rec *rec, struct lapor_str where);


static int
fail(struct ctl_rec *rec)
{
    lapor_ctl_pg_fail(rec->pg, "reconcile");

    return -1;
}


int
lapor_ctl_rec_load(struct ctl_rec *rec)
{
    int                     row;
    PGresult               *res;
    struct lapor_str        id;
    struct ctl_rec_stream  *st;

    if (lapor_pg_exec(rec->pg, "SELECT stream, base, accepted, last_id"
                      "  FROM lapor.stream_base", NULL, &res)
        != LAPOR_PG_OK)
    {
        return fail(rec);
    }

    for (row = 0; row < PQntuples(res); row++) {
        st = find(rec, lapor_pg_get_str(res, row, 0));

        if (st == NULL) {
            continue;
        }

        st->known = true;
        st->based = !lapor_pg_get_null(res, row, 1);
        st->base = lapor_pg_get_int(res, row, 1);
        st->seen_accepted = lapor_pg_get_int(res, row, 2);
        id = lapor_pg_get_str(res, row, 3);
        snprintf(st->seen_last, sizeof(st->seen_last), "%.*s", (int) id.len,
                 id.data);
    }

    PQclear(res);

    return load_counts(rec);
}


static int
load_counts(struct ctl_rec *rec)
{
    int                     row;
    PGresult               *res;
    struct ctl_rec_stream  *st;

    if (lapor_pg_exec(rec->pg, "SELECT stream, done"
                      "  FROM lapor.stream_done()", NULL, &res)
        != LAPOR_PG_OK)
    {
        return fail(rec);
    }

    for (row = 0; row < PQntuples(res); row++) {
        st = find(rec, lapor_pg_get_str(res, row, 0));

        if (st != NULL) {
            st->counted = lapor_pg_get_int(res, row, 1);
        }
    }

    PQclear(res);

    return 0;
}


static struct ctl_rec_stream *
find(struct ctl_rec *rec, struct lapor_str key)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_str_eqz(key, rec->streams[i].key)) {
            return &rec->streams[i];
        }
    }

    return NULL;
}


int
lapor_ctl_rec_counted(struct ctl_rec *rec, const char *key,
    int64_t *ret_counted)
{
    PGresult               *res;
    enum lapor_pg_class     class;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_cstr(&p, key);

    class = lapor_pg_call(rec->pg, "stream_counted",
        "SELECT coalesce(sum(c.done), 0)::bigint FROM lapor.stream_count c"
        " WHERE c.part = ANY (ARRAY(SELECT generate_series(0, 255)::smallint))"
        "   AND c.stream = $1", &p, &res);

    if (class != LAPOR_PG_OK) {
        return fail(rec);
    }

    *ret_counted = lapor_pg_get_int(res, 0, 0);
    PQclear(res);

    return 0;
}


int
lapor_ctl_rec_lookup(struct ctl_rec *rec, const char *key,
    struct ctl_rec_entries *entries, size_t *ret_missing)
{
    size_t  i, n;

    *ret_missing = 0;

    for (i = 0; i < entries->n; i += n) {
        n = entries->n - i < PG_LOOKUP ? entries->n - i : PG_LOOKUP;

        if (lookup(rec, key, entries->list + i, n, ret_missing) == -1) {
            return -1;
        }
    }

    return 0;
}


/* By the time of receipt, of which there is an index over all parts; the limit
 * keeps the planner from reading the whole table instead. */

static int
lookup(struct ctl_rec *rec, const char *key, struct ctl_rec_entry *entries,
    size_t n, size_t *ret_missing)
{
    int                     row;
    size_t                  i;
    int64_t                 ms;
    PGresult               *res;
    enum lapor_pg_class     class;
    struct lapor_pgarray   *id, *at;
    struct lapor_pgparams   p;

    lapor_pool_reset(rec->pool);
    id = lapor_pgarray_new(rec->pool, LAPOR_PG_TEXT);
    at = lapor_pgarray_new(rec->pool, LAPOR_PG_TIMESTAMPTZ);

    for (i = 0; i < n; i++) {
        entries[i].missing = false;
        ms = entries[i].received_ms;

        /* kept within the bounds of lapor-intake */
        if (ms > LAPOR_DECODE_SENT_MAX * 1000) {
            ms = LAPOR_DECODE_SENT_MAX * 1000;
        }

        lapor_pgarray_cstr(id, entries[i].id);
        lapor_pgarray_time(at, ms);
    }

    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_cstr(&p, key);
    lapor_pgparams_array(&p, id);
    lapor_pgparams_array(&p, at);

    class = lapor_pg_call(rec->pg, "stream_lookup",
        "SELECT u.ord::integer"
        "  FROM unnest($2, $3) WITH ORDINALITY AS u (id, at, ord)"
        "  LEFT JOIN LATERAL (SELECT true AS is FROM lapor.raw_webhook w"
        "       WHERE w.received_at = u.at AND w.stream = $1"
        "         AND w.entry_id = u.id LIMIT 1) w ON true"
        " WHERE w.is IS NULL"
        "   AND NOT EXISTS (SELECT FROM lapor.raw_again a"
        "                    WHERE a.stream = $1 AND a.entry_id = u.id)",
        &p, &res);

    if (class != LAPOR_PG_OK) {
        return fail(rec);
    }

    for (row = 0; row < PQntuples(res); row++) {
        entries[lapor_pg_get_int(res, row, 0) - 1].missing = true;
    }

    *ret_missing += (size_t) PQntuples(res);
    PQclear(res);

    return 0;
}


int
lapor_ctl_rec_store(struct ctl_rec *rec, const char *verdict)
{
    enum lapor_pg_class  class;

    class = lapor_pg_begin(rec->pg);

    if (class == LAPOR_PG_OK) {
        class = store_streams(rec);
    }

    if (class == LAPOR_PG_OK) {
        class = store_result(rec, verdict);
    }

    if (class == LAPOR_PG_OK) {
        class = store_alerts(rec);
    }

    if (class == LAPOR_PG_OK) {
        class = lapor_pg_commit(rec->pg);
    }

    if (class != LAPOR_PG_OK) {
        fail(rec);
        lapor_pg_rollback(rec->pg);
        return -1;
    }

    return 0;
}


/* Only what changed: most streams are idle most of the time. */

static enum lapor_pg_class
store_streams(struct ctl_rec *rec)
{
    unsigned                     i;
    enum lapor_pg_class          class;
    const struct ctl_rec_stream  *st;

    class = LAPOR_PG_OK;

    for (i = 0; i < LAPOR_STREAM_KEYS && class == LAPOR_PG_OK; i++) {
        st = &rec->streams[i];

        /* one of which nobody ever heard is no stream yet */
        if (st->settled
            && (st->known || st->picture.added > 0 || st->counted > 0)
            && (!st->known || !st->based || st->anew
                || st->picture.added != st->seen_accepted
                || strcmp(st->picture.last, st->seen_last) != 0))
        {
            class = store_stream(rec, st);
        }
    }

    return class;
}


static enum lapor_pg_class
store_stream(struct ctl_rec *rec, const struct ctl_rec_stream *st)
{
    struct lapor_pgarray   *stream, *base, *accepted, *last;
    struct lapor_pgparams   p;

    lapor_pool_reset(rec->pool);
    stream = lapor_pgarray_new(rec->pool, LAPOR_PG_TEXT);
    base = lapor_pgarray_new(rec->pool, LAPOR_PG_INT8);
    accepted = lapor_pgarray_new(rec->pool, LAPOR_PG_INT8);
    last = lapor_pgarray_new(rec->pool, LAPOR_PG_TEXT);

    lapor_pgarray_cstr(stream, st->key);
    lapor_pgarray_int8(base, st->base);
    lapor_pgarray_int8(accepted, st->picture.added);
    lapor_pgarray_cstr(last, st->picture.last);

    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_int2(&p, (int16_t) st->part);
    lapor_pgparams_array(&p, stream);
    lapor_pgparams_array(&p, base);
    lapor_pgparams_array(&p, accepted);
    lapor_pgparams_array(&p, last);
    lapor_pgparams_time(&p, rec->at_ms);

    return lapor_pg_call(rec->pg, "stream_looked",
        "SELECT lapor.stream_looked($1, $2, $3, $4, $5, $6)", &p, NULL);
}


static enum lapor_pg_class
store_result(struct ctl_rec *rec, const char *verdict)
{
    struct lapor_buf        buf;
    enum lapor_pg_class     class;
    struct lapor_pgparams   p;

    lapor_buf_init(&buf);
    list(&buf, rec->first);

    lapor_pool_reset(rec->pool);
    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_time(&p, rec->at_ms);
    lapor_pgparams_cstr(&p, verdict);
    lapor_pgparams_int4(&p, rec->nstreams);
    lapor_pgparams_int8(&p, rec->accepted);
    lapor_pgparams_int8(&p, rec->done);
    lapor_pgparams_int8(&p, rec->waiting);
    lapor_pgparams_int8(&p, rec->spooled);
    lapor_pgparams_int8(&p, rec->differences);
    lapor_pgparams_cstr(&p, lapor_buf_cstr(&buf));

    class = lapor_pg_call(rec->pg, "reconcile_store",
        "SELECT lapor.reconcile_store(0::smallint, $1, $2, $3, $4, $5, $6,"
        "                             $7, $8, $9)", &p, NULL);
    lapor_buf_free(&buf);

    return class;
}


static void
list(struct lapor_buf *buf, const struct ctl_rec_difference *first)
{
    const struct ctl_rec_difference  *d;

    lapor_buf_addc(buf, '[');

    for (d = first; d != NULL; d = d->next) {
        lapor_buf_json_comma(buf);
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "difference", lapor_str_from(d->kind));
        lapor_buf_json_member(buf, "where", lapor_str_from(d->where));
        lapor_buf_json_member(buf, "entry", lapor_str_from(d->entry));
        lapor_buf_json_key(buf, "entries");
        lapor_buf_printf(buf, "%" PRId64, d->count);
        lapor_buf_addc(buf, '}');
    }

    lapor_buf_addc(buf, ']');
}


static enum lapor_pg_class
store_alerts(struct ctl_rec *rec)
{
    enum lapor_pg_class               class;
    const struct ctl_rec_difference  *d, *before;

    class = store_close(rec);
    before = NULL;

    /* one a stream: its differences stand beside each other */
    for (d = rec->first; d != NULL && class == LAPOR_PG_OK; d = d->next) {

        if (before == NULL || strcmp(before->where, d->where) != 0
            || strcmp(before->kind, d->kind) != 0)
        {
            class = store_raise(rec, d);
        }

        before = d;
    }

    return class;
}


static enum lapor_pg_class
store_raise(struct ctl_rec *rec, const struct ctl_rec_difference *d)
{
    struct lapor_buf        buf;
    enum lapor_pg_class     class;
    struct lapor_pgparams   p;

    lapor_buf_init(&buf);
    lapor_buf_addc(&buf, '{');
    lapor_buf_json_member(&buf, "difference", lapor_str_from(d->kind));
    lapor_buf_json_member(&buf, "first", lapor_str_from(d->entry));
    lapor_buf_addc(&buf, '}');

    lapor_pool_reset(rec->pool);
    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_int2(&p, (int16_t) lapor_part(d->where, strlen(d->where)));
    lapor_pgparams_cstr(&p, strcmp(d->kind, "redis_anew") == 0
                            ? CTL_REC_ANEW : CTL_REC_ALERT);
    lapor_pgparams_cstr(&p, d->where);
    lapor_pgparams_cstr(&p, lapor_buf_cstr(&buf));
    lapor_pgparams_time(&p, rec->at_ms);

    class = lapor_pg_call(rec->pg, "alert_raise",
        "SELECT lapor.alert_raise($1, $2, $3, 'critical', $4, $5)", &p, NULL);
    lapor_buf_free(&buf);

    return class;
}


/* What was different once and is no longer. Of a stream that would not stand
 * still nothing is known. */

static enum lapor_pg_class
store_close(struct ctl_rec *rec)
{
    int                           row;
    PGresult                     *res;
    struct lapor_str              subject;
    enum lapor_pg_class           class;
    const struct ctl_rec_stream  *st;

    class = lapor_pg_exec(rec->pg, "SELECT a.subject FROM lapor.alert a"
                          " WHERE a.kind = '" CTL_REC_ALERT "'"
                          "   AND a.closed_at IS NULL ORDER BY a.part, 1",
                          NULL, &res);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (row = 0; row < PQntuples(res) && class == LAPOR_PG_OK; row++) {
        subject = lapor_pg_get_str(res, row, 0);
        st = find(rec, subject);

        if (!differs(rec, subject) && (st == NULL || st->settled)) {
            lapor_pool_reset(rec->pool);
            class = close_one(rec, lapor_pool_strndup(rec->pool, subject.data,
                                                      subject.len));
        }
    }

    PQclear(res);

    return class;
}


static enum lapor_pg_class
close_one(struct ctl_rec *rec, const char *subject)
{
    struct lapor_pgparams  p;

    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_int2(&p, (int16_t) lapor_part(subject, strlen(subject)));
    lapor_pgparams_cstr(&p, subject);
    lapor_pgparams_time(&p, rec->at_ms);

    return lapor_pg_call(rec->pg, "alert_close",
        "SELECT lapor.alert_close($1, '" CTL_REC_ALERT "', $2, $3)", &p,
        NULL);
}


static bool
differs(const struct ctl_rec *rec, struct lapor_str where)
{
    const struct ctl_rec_difference  *d;

    for (d = rec->first; d != NULL; d = d->next) {
        if (lapor_str_eqz(where, d->where)) {
            return true;
        }
    }

    return false;
}
