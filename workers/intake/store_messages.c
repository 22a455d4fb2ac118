/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The messages' part of a transaction: webhooks and the ledger, by part of
 * the payload; who the senders are; the rows themselves, by the part that is
 * the reporter's home; at last what was learnt about identities.
 */

#include <string.h>

#include "intake/person.h"
#include "intake/store.h"
#include "lib/part.h"


/* Columns of one call, in the order of its parameters behind the part and,
 * for ROW_, the time. */
enum {
    RAW_ID, RAW_RECEIVED_AT, RAW_STREAM, RAW_ENTRY, RAW_SHA256, RAW_BODY,
    RAW_COLUMNS
};

enum {
    ROW_REPORTER, ROW_IDENTITY, ROW_KIND, ROW_PEER, ROW_NAME, ROW_USERNAME,
    ROW_WAMID, ROW_SENT_AT, ROW_RECEIVED_AT, ROW_RAW, ROW_NUMBER, ROW_TYPE,
    ROW_BODY, ROW_DETAIL, ROW_DAMAGED, ROW_MEDIA, ROW_MIME, ROW_FILENAME,
    ROW_SHA256, ROW_URL, ROW_CATEGORY, ROW_URGENCY, ROW_FUNCTION,
    ROW_SENSITIVE, ROW_PRANK, ROW_CONFIDENCE, ROW_OPENS, ROW_ANSWERS, ROW_LAT,
    ROW_LON,
    ROW_COLUMNS
};


static enum lapor_pg_class messages_open(struct lapor_intake_store *store,
    struct lapor_intake_slot *raws, size_t nraws,
    struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class messages_open_raws(
    struct lapor_intake_store *store, struct lapor_intake_slot *raws,
    size_t n, size_t *ret_calls);
static enum lapor_pg_class messages_open_ledger(
    struct lapor_intake_store *store, struct lapor_intake_slot *slots,
    size_t n, size_t *ret_calls);
static size_t messages_opened(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, PGresult **results);
static enum lapor_pg_class messages_rows(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static void messages_row(struct lapor_pgarray **a,
    const struct lapor_intake_unit *unit);
static void messages_row_content(struct lapor_pgarray **a,
    const struct lapor_intake_message *m);
static void messages_stored(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, const PGresult *res);
static void messages_text(struct lapor_pgarray *a, struct lapor_str str);


/* What is not named here is text. */

static const enum lapor_pg_oid  messages_row_types[ROW_COLUMNS] = {
    [ROW_REPORTER] = LAPOR_PG_INT8,
    [ROW_SENT_AT] = LAPOR_PG_TIMESTAMPTZ,
    [ROW_RECEIVED_AT] = LAPOR_PG_TIMESTAMPTZ,
    [ROW_RAW] = LAPOR_PG_INT8,
    [ROW_DAMAGED] = LAPOR_PG_BOOL,
    [ROW_SENSITIVE] = LAPOR_PG_BOOL,
    [ROW_PRANK] = LAPOR_PG_FLOAT8,
    [ROW_CONFIDENCE] = LAPOR_PG_FLOAT8,
    [ROW_OPENS] = LAPOR_PG_BOOL,
    [ROW_ANSWERS] = LAPOR_PG_BOOL,
    [ROW_LAT] = LAPOR_PG_FLOAT8,
    [ROW_LON] = LAPOR_PG_FLOAT8
};


enum lapor_pg_class
lapor_intake_store_messages(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    size_t                     i, nraws, nslots, fresh;
    enum lapor_pg_class        class;
    struct lapor_intake_slot  *raws, *slots;

    nraws = lapor_intake_slots(store, units, n, LAPOR_INTAKE_RAW, &raws);
    nslots = lapor_intake_slots(store, units, n, LAPOR_INTAKE_MESSAGE, &slots);

    class = messages_open(store, raws, nraws, slots, nslots);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    store->now.webhooks += nraws;

    fresh = 0;

    for (i = 0; i < nslots; i++) {
        if (slots[i].unit->message->fresh) {
            slots[fresh++] = slots[i];
        }
    }

    store->now.messages += fresh;
    store->now.duplicates += nslots - fresh;

    if (fresh == 0) {
        return LAPOR_PG_OK;
    }

    class = lapor_intake_person_find(store, slots, fresh);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0; i < fresh; i++) {
        slots[i].part = slots[i].unit->message->home;
    }

    lapor_intake_slots_sort(slots, fresh);
    class = messages_rows(store, slots, fresh);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    return lapor_intake_person_link(store, slots, fresh);
}


static enum lapor_pg_class
messages_open(struct lapor_intake_store *store,
    struct lapor_intake_slot *raws, size_t nraws,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                i, k, nraw, nledger;
    PGresult             *results[2 * LAPOR_PARTS];
    enum lapor_pg_class   class, added;

    nraw = 0;
    nledger = 0;

    added = lapor_pg_pipe_begin(store->pg);

    if (added == LAPOR_PG_OK) {
        added = messages_open_raws(store, raws, nraws, &nraw);
    }

    if (added == LAPOR_PG_OK) {
        added = messages_open_ledger(store, slots, n, &nledger);
    }

    class = lapor_pg_pipe_end(store->pg, results, nraw + nledger, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    k = 0;

    for (i = 0; i < nledger; i++) {
        k += messages_opened(store, slots + k, n - k, results + nraw + i);
    }

    for (i = 0; i < nraw + nledger; i++) {
        PQclear(results[i]);
    }

    return added;
}


static enum lapor_pg_class
messages_open_raws(struct lapor_intake_store *store,
    struct lapor_intake_slot *raws, size_t n, size_t *ret_calls)
{
    size_t                          i, k, end;
    enum lapor_pg_class             class;
    struct lapor_pgarray           *a[RAW_COLUMNS];
    struct lapor_pgparams           p;
    const struct lapor_intake_raw  *raw;

    static const enum lapor_pg_oid  types[RAW_COLUMNS] = {
        LAPOR_PG_INT8, LAPOR_PG_TIMESTAMPTZ, LAPOR_PG_TEXT, LAPOR_PG_TEXT,
        LAPOR_PG_BYTEA, LAPOR_PG_BYTEA
    };

    for (i = 0; i < n; i = end) {
        end = lapor_intake_slots_end(raws, n, i);

        for (k = 0; k < RAW_COLUMNS; k++) {
            a[k] = lapor_pgarray_new(store->pool, types[k]);
        }

        for (k = i; k < end; k++) {
            raw = raws[k].unit->raw;
            lapor_pgarray_int8(a[RAW_ID], raw->raw_id);
            lapor_pgarray_time(a[RAW_RECEIVED_AT], raw->received_ms);
            lapor_pgarray_cstr(a[RAW_STREAM], raw->entry->key);
            lapor_pgarray_cstr(a[RAW_ENTRY], raw->entry->id);
            lapor_pgarray_bytea(a[RAW_SHA256], raw->sha256,
                                sizeof(raw->sha256));
            lapor_pgarray_bytea(a[RAW_BODY], raw->entry->body.data,
                                raw->entry->body.len);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) raws[i].part);

        for (k = 0; k < RAW_COLUMNS; k++) {
            lapor_pgparams_array(&p, a[k]);
        }

        class = lapor_pg_pipe_add(store->pg, "raw_store",
            "SELECT lapor.raw_store($1, $2, $3, $4, $5, $6, $7)", &p);

        if (class != LAPOR_PG_OK) {
            return class;
        }

        (*ret_calls)++;
    }

    return LAPOR_PG_OK;
}


static enum lapor_pg_class
messages_open_ledger(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, size_t *ret_calls)
{
    size_t                         i, k, end;
    enum lapor_pg_class            class;
    struct lapor_pgarray          *wamid, *sent_at, *identity;
    struct lapor_pgparams          p;
    struct lapor_intake_message   *m;

    for (i = 0; i < n; i = end) {
        end = lapor_intake_slots_end(slots, n, i);

        wamid = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        sent_at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
        identity = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);

        for (k = i; k < end; k++) {
            m = slots[k].unit->message;
            m->fresh = false;
            m->known = false;
            m->first = false;
            m->peer = LAPOR_STR_NONE;

            messages_text(wamid, m->wamid);
            lapor_pgarray_time(sent_at, m->seen_ms);
            messages_text(identity, m->self.id);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) slots[i].part);
        lapor_pgparams_array(&p, wamid);
        lapor_pgparams_array(&p, sent_at);
        lapor_pgparams_array(&p, identity);

        class = lapor_pg_pipe_add(store->pg, "intake_open",
            "SELECT idx, home_part, reporter_id, peer"
            "  FROM lapor.intake_open($1, $2, $3, $4)", &p);

        if (class != LAPOR_PG_OK) {
            return class;
        }

        (*ret_calls)++;
    }

    return LAPOR_PG_OK;
}


/* The answer to one call; how many slots it was about. */

static size_t
messages_opened(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, PGresult **results)
{
    int                           row;
    size_t                        end;
    int64_t                       idx;
    const PGresult               *res;
    struct lapor_intake_message  *m;

    res = results[0];
    end = lapor_intake_slots_end(slots, n, 0);

    for (row = 0; row < PQntuples(res); row++) {
        idx = lapor_pg_get_int(res, row, 0) - 1;

        if (idx < 0 || (size_t) idx >= end) {
            continue;
        }

        m = slots[idx].unit->message;
        m->fresh = true;

        if (lapor_pg_get_null(res, row, 2)) {
            continue;
        }

        m->known = true;
        m->first = true;
        m->home = (unsigned) lapor_pg_get_int(res, row, 1);
        m->reporter_id = lapor_pg_get_int(res, row, 2);
        m->peer = lapor_pool_str(store->pool, lapor_pg_get_str(res, row, 3));
    }

    return end;
}


static enum lapor_pg_class
messages_rows(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                  i, k, end, calls;
    PGresult               *results[LAPOR_PARTS];
    enum lapor_pg_oid       type;
    enum lapor_pg_class     class, added;
    struct lapor_pgarray   *a[ROW_COLUMNS];
    struct lapor_pgparams   p;

    added = lapor_pg_pipe_begin(store->pg);
    calls = 0;

    for (i = 0; i < n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_slots_end(slots, n, i);

        for (k = 0; k < ROW_COLUMNS; k++) {
            type = messages_row_types[k];
            a[k] = lapor_pgarray_new(store->pool,
                                     type == 0 ? LAPOR_PG_TEXT : type);
        }

        for (k = i; k < end; k++) {
            messages_row(a, slots[k].unit);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) slots[i].part);
        lapor_pgparams_time(&p, store->at_ms);

        for (k = 0; k < ROW_COLUMNS; k++) {
            lapor_pgparams_array(&p, a[k]);
        }

        added = lapor_pg_pipe_add(store->pg, "intake_store",
            "SELECT idx, reporter_id, report_id, opened, answer_task,"
            "       media_task"
            "  FROM lapor.intake_store($1, $2, $3, $4, $5, $6, $7, $8, $9,"
            "       $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
            "       $21, $22, $23, $24, $25, $26, $27::real[], $28::real[],"
            "       $29, $30, $31, $32)", &p);
        calls++;
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0, k = 0; i < calls; i++) {
        messages_stored(store, slots + k, results[i]);
        PQclear(results[i]);
        k = lapor_intake_slots_end(slots, n, k);
    }

    return added;
}


static void
messages_row(struct lapor_pgarray **a, const struct lapor_intake_unit *unit)
{
    const struct lapor_intake_message   *m;
    const struct lapor_intake_identity  *self, *peer;

    m = unit->message;
    self = &m->self;
    peer = &m->other;

    if (m->known) {
        lapor_pgarray_int8(a[ROW_REPORTER], m->reporter_id);

    } else {
        lapor_pgarray_null(a[ROW_REPORTER]);

        if (!lapor_str_eq(m->name_as.id, self->id)) {
            peer = self;
            self = &m->name_as;
        }
    }

    messages_text(a[ROW_IDENTITY], self->id);
    lapor_pgarray_cstr(a[ROW_KIND], self->kind);
    messages_text(a[ROW_PEER], peer->id);
    messages_text(a[ROW_NAME], m->name);
    messages_text(a[ROW_USERNAME], m->username);

    messages_text(a[ROW_WAMID], m->wamid);
    lapor_pgarray_time(a[ROW_SENT_AT], m->sent_ms);
    lapor_pgarray_time(a[ROW_RECEIVED_AT], unit->raw->received_ms);
    lapor_pgarray_int8(a[ROW_RAW], unit->raw->raw_id);

    messages_row_content(a, m);
}


static void
messages_row_content(struct lapor_pgarray **a,
    const struct lapor_intake_message *m)
{
    messages_text(a[ROW_NUMBER], m->phone_number_id);
    messages_text(a[ROW_TYPE], m->type);
    messages_text(a[ROW_BODY], m->body);
    messages_text(a[ROW_DETAIL], m->detail);
    lapor_pgarray_bool(a[ROW_DAMAGED], m->damaged != 0);

    messages_text(a[ROW_MEDIA], m->media_id);
    messages_text(a[ROW_MIME], m->mime_type);
    messages_text(a[ROW_FILENAME], m->filename);
    messages_text(a[ROW_SHA256], m->sha256);
    messages_text(a[ROW_URL], m->url);

    lapor_pgarray_cstr(a[ROW_CATEGORY], m->category);
    lapor_pgarray_cstr(a[ROW_URGENCY], m->urgency);
    lapor_pgarray_cstr(a[ROW_FUNCTION], m->function);
    lapor_pgarray_bool(a[ROW_SENSITIVE], m->sensitive);
    lapor_pgarray_float8(a[ROW_PRANK], m->prank);
    lapor_pgarray_float8(a[ROW_CONFIDENCE], m->confidence);

    lapor_pgarray_bool(a[ROW_OPENS], m->opens);
    lapor_pgarray_bool(a[ROW_ANSWERS], m->answers);

    if (m->pin) {
        lapor_pgarray_float8(a[ROW_LAT], m->lat);
        lapor_pgarray_float8(a[ROW_LON], m->lon);

    } else {
        lapor_pgarray_null(a[ROW_LAT]);
        lapor_pgarray_null(a[ROW_LON]);
    }
}


static void
messages_stored(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, const PGresult *res)
{
    int                           row;
    struct lapor_intake_message  *m;

    for (row = 0; row < PQntuples(res); row++) {
        m = slots[lapor_pg_get_int(res, row, 0) - 1].unit->message;
        m->reporter_id = lapor_pg_get_int(res, row, 1);
        m->report_id = lapor_pg_get_int(res, row, 2);

        store->now.reports += lapor_pg_get_bool(res, row, 3);
        store->now.reply_tasks += lapor_pg_get_bool(res, row, 4);
        store->now.media_tasks += lapor_pg_get_bool(res, row, 5);
    }
}


/* An absent string is NULL. */

static void
messages_text(struct lapor_pgarray *a, struct lapor_str str)
{
    lapor_pgarray_text(a, str.data, str.len);
}
