/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * laporctl reconcile --deep: webhooks that were stored in a time range are
 * decoded once more, page by page, and each item is looked for in its table.
 * The database names what it does not find, by the position in the page; no
 * name here is a person's. What is said of one item of many:
 *
 *   message  has a row, in whatever part; else is kept as a notice, or is in
 *            quarantine (replayed or not)
 *   status   its message has a time of that state; without a message it waits,
 *            for a day at least
 *   notice   one with the same content came within eight days (Meta repeats
 *            for seven)
 *   broken   is in quarantine
 *
 * And each message leads to a webhook.
 */

#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "laporctl/reconcile.h"
#include "lib/timeutil.h"
#include "lib/utf8.h"


/* Bodies are 3 MB at most, hence 48 MB a page. */
#define DEEP_PAGE  16

enum {
    COL_KIND, COL_PART, COL_RAW, COL_AT, COL_ITEM, COL_WAMID, COL_SENT,
    COL_IDENTITY, COL_HOME, COL_STATE, COL_FIELD, COL_DATA,
    COL_COLUMNS
};


struct deep {
    struct ctl_rec        *rec;
    char                   from[64];    /* the last row seen */
    int                    part;
    int64_t                raw_id;
    int64_t                until;

    struct lapor_pgarray  *a[COL_COLUMNS];
    int                   *row_of;      /* of an item: its webhook */
    int                   *item_of;
    size_t                 n;
    size_t                 size;
};


static int deep_page(struct deep *d, int *ret_rows);
static void deep_start(struct deep *d);
static void deep_webhook(struct deep *d, const PGresult *res, int row);
static void deep_event(struct deep *d, const PGresult *res, int row,
    const struct lapor_event *event);
static void deep_add(struct deep *d, const PGresult *res, int row,
    const char *kind, int item, const struct lapor_event *event);
static void deep_message(struct deep *d, const struct lapor_event *event);
static void deep_status(struct deep *d, const struct lapor_event *event);
static void deep_nothing(struct deep *d, int from, int to);
static int deep_ask(struct deep *d, const PGresult *webhooks);
static enum lapor_pg_class deep_query(struct deep *d, bool content,
    PGresult **ret_res);
static int deep_orphans(struct ctl_rec *rec, int64_t from_ms, int64_t to_ms);


int
lapor_ctl_rec_deep(struct ctl_rec *rec, int64_t from_ms, int64_t to_ms)
{
    int          rows;
    struct deep  d;

    memset(&d, 0, sizeof(d));
    d.rec = rec;
    d.part = -1;
    d.raw_id = INT64_MIN;
    d.until = to_ms;
    lapor_time_format(from_ms, d.from);

    do {
        lapor_pool_reset(rec->pool);

        if (deep_page(&d, &rows) == -1) {
            lapor_ctl_pg_fail(rec->pg, "reconcile");
            return -1;
        }

    } while (rows == DEEP_PAGE);

    if (deep_orphans(rec, from_ms, to_ms) == -1) {
        lapor_ctl_pg_fail(rec->pg, "reconcile");
        return -1;
    }

    return 0;
}


/* In the order of (received_at, part, raw_id), as raw replay reads them. */

static int
deep_page(struct deep *d, int *ret_rows)
{
    int                     rc, row;
    PGresult               *res;
    struct lapor_str        from;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, d->rec->pool);
    lapor_pgparams_cstr(&p, d->from);
    lapor_pgparams_int4(&p, d->part);
    lapor_pgparams_int8(&p, d->raw_id);
    lapor_pgparams_time(&p, d->until);
    lapor_pgparams_int4(&p, DEEP_PAGE);

    if (lapor_pg_call(d->rec->pg, "deep_page",
            "SELECT w.received_at::text, w.part::integer, w.raw_id, "
            "w.stream, w.entry_id, w.received_at, w.body "
            "FROM lapor.raw_webhook w "
            "WHERE w.received_at >= $1::timestamptz AND w.received_at < $4 "
            "AND (w.received_at, w.part::integer, w.raw_id) "
            "> ($1::timestamptz, $2, $3) "
            "ORDER BY w.received_at, w.part, w.raw_id LIMIT $5", &p, &res)
        != LAPOR_PG_OK)
    {
        return -1;
    }

    deep_start(d);

    for (row = 0; row < PQntuples(res); row++) {
        from = lapor_pg_get_str(res, row, 0);
        snprintf(d->from, sizeof(d->from), "%.*s", (int) from.len, from.data);
        d->part = (int) lapor_pg_get_int(res, row, 1);
        d->raw_id = lapor_pg_get_int(res, row, 2);
        d->rec->accepted++;
        deep_webhook(d, res, row);
    }

    *ret_rows = PQntuples(res);
    rc = d->n > 0 ? deep_ask(d, res) : 0;
    PQclear(res);

    return rc;
}


static void
deep_start(struct deep *d)
{
    size_t             k;
    enum lapor_pg_oid  type;

    static const enum lapor_pg_oid  types[COL_COLUMNS] = {
        [COL_PART] = LAPOR_PG_INT2, [COL_RAW] = LAPOR_PG_INT8,
        [COL_AT] = LAPOR_PG_TIMESTAMPTZ, [COL_ITEM] = LAPOR_PG_INT4,
        [COL_SENT] = LAPOR_PG_TIMESTAMPTZ, [COL_HOME] = LAPOR_PG_INT2
    };

    for (k = 0; k < COL_COLUMNS; k++) {
        type = types[k];
        d->a[k] = lapor_pgarray_new(d->rec->pool,
                                    type == 0 ? LAPOR_PG_TEXT : type);
    }

    d->n = 0;
    d->size = 0;
}


static void
deep_webhook(struct deep *d, const PGresult *res, int row)
{
    struct lapor_str           body;
    struct lapor_decoded       decoded;
    const struct lapor_event  *event;

    body = lapor_pg_get_str(res, row, 6);

    if (lapor_decode(d->rec->pool, body.data == NULL ? "" : body.data,
                     body.len, &decoded) == -1)
    {
        deep_add(d, res, row, "dead", -1, NULL);
        deep_nothing(d, COL_WAMID, COL_COLUMNS);
        return;
    }

    for (event = decoded.first; event != NULL; event = event->next) {
        deep_event(d, res, row, event);
    }
}


static void
deep_event(struct deep *d, const PGresult *res, int row,
    const struct lapor_event *event)
{
    d->rec->done++;

    if (event->broken != NULL) {
        deep_add(d, res, row, "dead", (int) event->order, event);
        deep_nothing(d, COL_WAMID, COL_COLUMNS);

    } else if (event->kind == LAPOR_EVENT_MESSAGE
               || event->kind == LAPOR_EVENT_CALL)
    {
        deep_add(d, res, row, "message", (int) event->order, event);
        deep_message(d, event);

    } else if (event->kind == LAPOR_EVENT_STATUS) {
        deep_add(d, res, row, "status", (int) event->order, event);
        deep_status(d, event);

    } else {
        deep_add(d, res, row, "notice", (int) event->order, event);
        deep_nothing(d, COL_WAMID, COL_FIELD);
    }
}


/* What all items have: where they are, and their content as a notice has it. */

static void
deep_add(struct deep *d, const PGresult *res, int row, const char *kind,
    int item, const struct lapor_event *event)
{
    int               damaged, *rows, *items;
    size_t            i;
    struct lapor_buf  buf;
    struct lapor_str  field;

    if (d->n == d->size) {
        d->size = d->size == 0 ? 64 : d->size * 2;
        rows = lapor_pool_alloc(d->rec->pool, d->size * sizeof(int));
        items = lapor_pool_alloc(d->rec->pool, d->size * sizeof(int));

        for (i = 0; i < d->n; i++) {
            rows[i] = d->row_of[i];
            items[i] = d->item_of[i];
        }

        d->row_of = rows;
        d->item_of = items;
    }

    d->row_of[d->n] = row;
    d->item_of[d->n++] = item;

    lapor_pgarray_cstr(d->a[COL_KIND], kind);
    lapor_pgarray_int2(d->a[COL_PART], (int16_t) lapor_pg_get_int(res, row,
                                                                  1));
    lapor_pgarray_int8(d->a[COL_RAW], lapor_pg_get_int(res, row, 2));
    lapor_pgarray_time(d->a[COL_AT], lapor_pg_get_time(res, row, 5));
    lapor_pgarray_int4(d->a[COL_ITEM], item);

    if (event == NULL || event->broken != NULL) {
        return;
    }

    field = lapor_utf8_pgtext(d->rec->pool, event->field, &damaged);
    lapor_pgarray_text(d->a[COL_FIELD], field.data == NULL ? "" : field.data,
                       field.len);
    lapor_buf_init(&buf);
    lapor_json_print(&buf, event->value == NULL ? event->node : event->value,
                     LAPOR_JSON_PG);
    lapor_pgarray_text(d->a[COL_DATA], buf.data, buf.len);
    lapor_buf_free(&buf);
}


static void
deep_message(struct deep *d, const struct lapor_event *event)
{
    int               damaged;
    struct lapor_buf  wamid;
    struct lapor_str  identity;

    identity = lapor_utf8_pgtext(d->rec->pool, event->identity, &damaged);
    lapor_buf_init(&wamid);
    lapor_buf_adds(&wamid, event->wamid);

    /* the two events of a call have one id */
    if (event->kind == LAPOR_EVENT_CALL && event->call->ended) {
        lapor_buf_addz(&wamid, "/terminate");
    }

    lapor_pgarray_cstr(d->a[COL_WAMID], lapor_buf_cstr(&wamid));
    lapor_pgarray_time(d->a[COL_SENT], event->sent == LAPOR_SENT_VALID
                                       ? event->sent_at * 1000 : 0);
    lapor_pgarray_text(d->a[COL_IDENTITY], identity.data, identity.len);
    lapor_pgarray_int2(d->a[COL_HOME], (int16_t) event->part);
    deep_nothing(d, COL_STATE, COL_FIELD);
    lapor_buf_free(&wamid);
}


/* The part of the task that the callback names, or of the recipient. */

static void
deep_status(struct deep *d, const struct lapor_event *event)
{
    int                damaged;
    unsigned           part;
    struct lapor_buf   callback;
    struct lapor_str   state;

    state = lapor_utf8_pgtext(d->rec->pool, event->status->state, &damaged);
    lapor_buf_init(&callback);
    lapor_buf_adds(&callback, event->status->callback);

    if (sscanf(lapor_buf_cstr(&callback), "reply:%3u:", &part) != 1
        || part > 255)
    {
        part = event->part;
    }

    lapor_pgarray_text(d->a[COL_WAMID], event->wamid.data, event->wamid.len);
    deep_nothing(d, COL_SENT, COL_HOME);
    lapor_pgarray_int2(d->a[COL_HOME], (int16_t) part);
    lapor_pgarray_text(d->a[COL_STATE], state.data, state.len);
    lapor_buf_free(&callback);
}


/* NULL for the last item, in columns that say nothing of its kind. */

static void
deep_nothing(struct deep *d, int from, int to)
{
    int  k;

    for (k = from; k < to; k++) {
        lapor_pgarray_null(d->a[k]);
    }
}


/* What no jsonb holds, such as a number of a million digits, is in quarantine;
 * beside it, notices are compared by their field alone. */

static int
deep_ask(struct deep *d, const PGresult *webhooks)
{
    int                  row, item;
    char                 key[LAPOR_STREAM_KEY_LEN], id[LAPOR_STREAM_ID_LEN];
    size_t               ord;
    PGresult            *res;
    struct lapor_str     kind, text;
    enum lapor_pg_class  class;

    class = deep_query(d, true, &res);

    if (class == LAPOR_PG_DATA) {
        class = deep_query(d, false, &res);
    }

    if (class != LAPOR_PG_OK) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        ord = (size_t) lapor_pg_get_int(res, row, 0) - 1;
        kind = lapor_pg_get_str(res, row, 1);
        item = d->item_of[ord];
        text = lapor_pg_get_str(webhooks, d->row_of[ord], 3);
        snprintf(key, sizeof(key), "%.*s", (int) text.len, text.data);
        text = lapor_pg_get_str(webhooks, d->row_of[ord], 4);
        snprintf(id, sizeof(id), "%.*s", (int) text.len, text.data);

        d->rec->differences++;
        lapor_ctl_rec_tell(d->rec, "item_missing", key, id, 1,
                           "%.*s at position %d of the webhook is nowhere",
                           (int) kind.len, kind.data, item);
    }

    PQclear(res);

    return 0;
}


static enum lapor_pg_class
deep_query(struct deep *d, bool content, PGresult **ret_res)
{
    int                    k;
    struct lapor_pgparams  p;

    lapor_pgparams_init(&p, d->rec->pool);

    for (k = 0; k < COL_COLUMNS; k++) {
        lapor_pgparams_array(&p, d->a[k]);
    }

    lapor_pgparams_bool(&p, content);

    return lapor_pg_call(d->rec->pg, "deep_ask",
            "WITH part AS MATERIALIZED (SELECT array_agg(g::smallint) AS of"
            "                             FROM generate_series(0, 255) g)"
            " SELECT u.ord::integer, u.kind"
            "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            "       WITH ORDINALITY AS u (kind, part, raw_id, at, item, wamid,"
            "       sent, identity, home, state, field, data, ord), part"
            " WHERE CASE u.kind WHEN 'message' THEN NOT EXISTS ("
            "           SELECT FROM lapor.identity i JOIN lapor.message m"
            "               ON m.part = i.home_part AND m.wamid = u.wamid"
            "                  AND m.sent_at IN (u.sent, 'epoch')"
            "            WHERE i.part = u.home AND i.identity = u.identity)"
            "       AND NOT EXISTS (SELECT FROM lapor.message m"
            "            WHERE m.part = ANY (part.of) AND m.wamid = u.wamid"
            "              AND m.sent_at IN (u.sent, 'epoch'))"
            "       WHEN 'status' THEN u.state IN ('sent', 'failed',"
            "           'delivered', 'read', 'played')"
            "       AND NOT EXISTS (SELECT FROM lapor.message m"
            "            WHERE m.part = ANY (part.of) AND m.wamid = u.wamid"
            "              AND CASE u.state WHEN 'sent' THEN m.server_at"
            "                  WHEN 'failed' THEN m.failed_at"
            "                  WHEN 'delivered' THEN m.delivered_at"
            "                  WHEN 'read' THEN m.read_at"
            "                  ELSE m.played_at END IS NOT NULL)"
            "       AND NOT EXISTS (SELECT FROM lapor.status_wait s"
            "            WHERE s.part = ANY (part.of) AND s.wamid = u.wamid"
            "              AND s.state = u.state)"
            "       AND (u.at > now() - interval '1 day'"
            "            OR EXISTS (SELECT FROM lapor.message m"
            "                WHERE m.part = ANY (part.of)"
            "                  AND m.wamid = u.wamid))"
            "       ELSE true END"
            "   AND (u.kind = 'dead' OR NOT EXISTS ("
            "           SELECT FROM lapor.notice n"
            "            WHERE n.received_at BETWEEN u.at - interval '8 days'"
            "                                    AND u.at + interval '8 days'"
            "              AND n.field = u.field"
            "              AND (NOT $13 OR n.data = u.data::jsonb)))"
            "   AND NOT EXISTS (SELECT FROM lapor.quarantine q"
            "        WHERE q.part = u.part AND q.raw_id = u.raw_id"
            "          AND q.received_at = u.at AND q.item = u.item)"
            " ORDER BY 1", &p, ret_res);
}


/* Messages whose webhook is gone, by the numbers that units have. */

static int
deep_orphans(struct ctl_rec *rec, int64_t from_ms, int64_t to_ms)
{
    int64_t                 n;
    PGresult               *res;
    struct lapor_pgparams   p;

    lapor_pool_reset(rec->pool);
    lapor_pgparams_init(&p, rec->pool);
    lapor_pgparams_time(&p, from_ms);
    lapor_pgparams_time(&p, to_ms);

    if (lapor_pg_call(rec->pg, "deep_orphans",
            "SELECT count(*) FROM lapor.message m"
            " WHERE m.direction = 'in' AND m.received_at >= $1"
            "   AND m.received_at < $2"
            "   AND m.phone_number_id IN (SELECT n.phone_number_id"
            "                               FROM lapor.phone_number n)"
            "   AND NOT EXISTS (SELECT FROM lapor.raw_webhook w"
            "        WHERE w.received_at = m.received_at"
            "          AND w.raw_id = m.raw_id)", &p, &res) != LAPOR_PG_OK)
    {
        return -1;
    }

    n = lapor_pg_get_int(res, 0, 0);
    PQclear(res);

    if (n > 0) {
        rec->differences += n;
        lapor_ctl_rec_tell(rec, "webhook_missing", "lapor.raw_webhook", "", n,
                           "messages that lead to no webhook");
    }

    return 0;
}
