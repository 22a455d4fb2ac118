/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A message is looked for where its sender's messages lie today, and if it is
 * not there (he may have had another home then), in every other part. Calls
 * go by part ascending, as everywhere.
 */

#include "intake/correct.h"
#include "lib/part.h"


/* Columns of lapor.message_correct behind the part and the time. */
enum {
    ROW_WAMID, ROW_SENT_AT, ROW_RECEIVED_AT, ROW_RAW, ROW_TYPE, ROW_BODY,
    ROW_DETAIL, ROW_DAMAGED, ROW_MEDIA, ROW_MIME, ROW_FILENAME, ROW_SHA256,
    ROW_URL, ROW_CATEGORY, ROW_URGENCY, ROW_FUNCTION, ROW_SENSITIVE,
    ROW_CONFIDENCE, ROW_LAT, ROW_LON, ROW_FIRST, ROW_MEDIA_FIRST,
    ROW_COLUMNS
};

/* What is not named here is text. */
static const enum lapor_pg_oid  correct_types[ROW_COLUMNS] = {
    [ROW_SENT_AT] = LAPOR_PG_TIMESTAMPTZ,
    [ROW_RECEIVED_AT] = LAPOR_PG_TIMESTAMPTZ,
    [ROW_RAW] = LAPOR_PG_INT8,
    [ROW_DAMAGED] = LAPOR_PG_BOOL,
    [ROW_SENSITIVE] = LAPOR_PG_BOOL,
    [ROW_CONFIDENCE] = LAPOR_PG_FLOAT8,
    [ROW_LAT] = LAPOR_PG_FLOAT8,
    [ROW_LON] = LAPOR_PG_FLOAT8,
    [ROW_FIRST] = LAPOR_PG_BOOL,
    [ROW_MEDIA_FIRST] = LAPOR_PG_BOOL
};


static size_t correct_slots(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n, enum lapor_intake_kind kind,
    struct lapor_intake_slot **ret_slots);
static int correct_takes(const struct lapor_intake_unit *unit,
    enum lapor_intake_kind kind);
static enum lapor_pg_class correct_messages(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class correct_open(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, size_t *ret_known);
static enum lapor_pg_class correct_open_ask(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, size_t n, size_t *ret_calls);
static enum lapor_pg_class correct_compare(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t *n);
static enum lapor_pg_class correct_compare_ask(
    struct lapor_intake_store *store, unsigned part,
    const struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class correct_search(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t *n);
static void correct_row(struct lapor_pgarray **a,
    const struct lapor_intake_unit *unit);
static size_t correct_found(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, const PGresult *res);
static size_t correct_left(struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class correct_forget(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class correct_notices(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class correct_settle(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static void correct_text(struct lapor_pgarray *a, struct lapor_str str);


enum lapor_pg_class
lapor_intake_correct(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    size_t                     i, count;
    enum lapor_pg_class        class;
    struct lapor_intake_slot  *slots;

    for (i = 0; i < n; i++) {
        units[i].old = false;
    }

    count = correct_slots(store, units, n, LAPOR_INTAKE_MESSAGE, &slots);
    class = LAPOR_PG_OK;

    if (count > 0) {
        class = correct_messages(store, slots, count);
    }

    if (class != LAPOR_PG_OK) {
        return class;
    }

    count = correct_slots(store, units, n, LAPOR_INTAKE_NOTICE, &slots);

    if (count > 0) {
        class = correct_notices(store, slots, count);
    }

    if (class != LAPOR_PG_OK) {
        return class;
    }

    count = correct_slots(store, units, n, LAPOR_INTAKE_RAW, &slots);

    return count > 0 ? correct_settle(store, slots, count) : LAPOR_PG_OK;
}


/* A webhook may hold a message twice, or a file, which are stored as its first
 * item has them. */

void
lapor_intake_correct_mark(const struct lapor_intake_list *list, size_t from)
{
    size_t                              i, k;
    struct lapor_intake_message        *m;
    const struct lapor_intake_message  *before;

    for (i = from; i < list->n; i++) {
        if (list->units[i].kind != LAPOR_INTAKE_MESSAGE) {
            continue;
        }

        m = list->units[i].message;

        for (k = from; k < i; k++) {
            if (list->units[k].kind != LAPOR_INTAKE_MESSAGE) {
                continue;
            }

            before = list->units[k].message;
            m->told |= lapor_str_eq(m->wamid, before->wamid);
            m->media_told |= m->media_id.data != NULL
                             && lapor_str_eq(m->media_id, before->media_id);
        }
    }
}


/* The replayed units: messages, or notices that tell of people, by the part of
 * their payload; or (RAW) all that is not dead by the part of their webhook. */

static size_t
correct_slots(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n, enum lapor_intake_kind kind,
    struct lapor_intake_slot **ret_slots)
{
    size_t                           i, count;
    struct lapor_intake_slot        *slots;
    const struct lapor_intake_unit  *unit;

    slots = NULL;
    count = 0;

    for (i = 0; i < n; i++) {
        unit = &units[i];

        if (!unit->raw->entry->again || !correct_takes(unit, kind)) {
            continue;
        }

        if (slots == NULL) {
            slots = lapor_pool_alloc(store->pool, n * sizeof(*slots));
        }

        slots[count].unit = &units[i];
        slots[count++].part = kind == LAPOR_INTAKE_MESSAGE
                              ? unit->message->part
                              : kind == LAPOR_INTAKE_NOTICE
                              ? unit->notice->part : unit->raw->part;
    }

    lapor_intake_slots_sort(slots, count);
    *ret_slots = slots;

    return count;
}


static int
correct_takes(const struct lapor_intake_unit *unit,
    enum lapor_intake_kind kind)
{
    if (kind == LAPOR_INTAKE_RAW) {
        return unit->kind != LAPOR_INTAKE_DEAD
               && (unit->kind != LAPOR_INTAKE_RAW || !unit->raw->dead);
    }

    return unit->kind == kind
           && (kind == LAPOR_INTAKE_MESSAGE || unit->event->system != NULL);
}


static enum lapor_pg_class
correct_messages(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    enum lapor_pg_class  class;

    class = correct_open(store, slots, n, &n);

    if (class == LAPOR_PG_OK && n > 0) {
        class = correct_compare(store, slots, &n);
    }

    if (class == LAPOR_PG_OK && n > 0) {
        class = correct_search(store, slots, &n);
    }

    if (class == LAPOR_PG_OK && n > 0) {
        class = correct_forget(store, slots, n);
    }

    return class;
}


/* Leaves those that the ledger knows, each with the part where it may lie. */

static enum lapor_pg_class
correct_open(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, size_t *ret_known)
{
    int                         row;
    size_t                      i, k, calls, known, from;
    PGresult                   *results[LAPOR_PARTS];
    enum lapor_pg_class         class, added;
    struct lapor_intake_slot    slot;

    calls = 0;
    added = lapor_pg_pipe_begin(store->pg);

    if (added == LAPOR_PG_OK) {
        added = correct_open_ask(store, slots, n, &calls);
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    known = 0;
    from = 0;

    for (i = 0; i < calls; i++) {
        k = lapor_intake_slots_end(slots, n, from);

        for (row = 0; row < PQntuples(results[i]); row++) {
            slot = slots[from + (size_t) lapor_pg_get_int(results[i], row, 0)
                         - 1];

            if (!lapor_pg_get_null(results[i], row, 1)) {
                slot.part = (unsigned) lapor_pg_get_int(results[i], row, 1);
            }

            slots[known++] = slot;
        }

        PQclear(results[i]);
        from = k;
    }

    lapor_intake_slots_sort(slots, known);
    *ret_known = known;

    return added;
}


static enum lapor_pg_class
correct_open_ask(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, size_t n, size_t *ret_calls)
{
    size_t                              i, k, end;
    enum lapor_pg_class                 class;
    struct lapor_pgarray               *wamid, *sent_at, *identity;
    struct lapor_pgparams               p;
    const struct lapor_intake_message  *m;

    for (i = 0; i < n; i = end) {
        end = lapor_intake_slots_end(slots, n, i);

        wamid = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        sent_at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
        identity = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);

        for (k = i; k < end; k++) {
            m = slots[k].unit->message;
            correct_text(wamid, m->wamid);
            lapor_pgarray_time(sent_at, m->seen_ms);
            correct_text(identity, m->self.id);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) slots[i].part);
        lapor_pgparams_array(&p, wamid);
        lapor_pgparams_array(&p, sent_at);
        lapor_pgparams_array(&p, identity);

        class = lapor_pg_pipe_add(store->pg, "correct_open",
            "SELECT idx, home_part FROM lapor.correct_open($1, $2, $3, $4)",
            &p);

        if (class != LAPOR_PG_OK) {
            return class;
        }

        (*ret_calls)++;
    }

    return LAPOR_PG_OK;
}


/* Each in its own part; leaves those that are not there. */

static enum lapor_pg_class
correct_compare(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t *n)
{
    size_t                i, end, calls;
    PGresult             *results[LAPOR_PARTS];
    enum lapor_pg_class   class, added;

    calls = 0;
    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < *n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_slots_end(slots, *n, i);
        added = correct_compare_ask(store, slots[i].part, slots + i, end - i);
        calls++;
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    end = 0;

    for (i = 0; i < calls; i++) {
        end += correct_found(store, slots + end,
                             lapor_intake_slots_end(slots, *n, end) - end,
                             results[i]);
        PQclear(results[i]);
    }

    *n = correct_left(slots, *n);

    return added;
}


static enum lapor_pg_class
correct_compare_ask(struct lapor_intake_store *store, unsigned part,
    const struct lapor_intake_slot *slots, size_t n)
{
    size_t                  k;
    enum lapor_pg_oid       type;
    struct lapor_pgarray   *a[ROW_COLUMNS];
    struct lapor_pgparams   p;

    for (k = 0; k < ROW_COLUMNS; k++) {
        type = correct_types[k];
        a[k] = lapor_pgarray_new(store->pool, type == 0 ? LAPOR_PG_TEXT
                                                        : type);
    }

    for (k = 0; k < n; k++) {
        correct_row(a, slots[k].unit);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) part);
    lapor_pgparams_time(&p, store->at_ms);

    for (k = 0; k < ROW_COLUMNS; k++) {
        lapor_pgparams_array(&p, a[k]);
    }

    return lapor_pg_pipe_add(store->pg, "message_correct",
        "SELECT idx, corrected, media_task"
        "  FROM lapor.message_correct($1, $2, $3, $4, $5, $6, $7, $8, $9,"
        "       $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,"
        "       $20::real[], $21, $22, $23, $24)", &p);
}


static void
correct_row(struct lapor_pgarray **a, const struct lapor_intake_unit *unit)
{
    const struct lapor_intake_message  *m;

    m = unit->message;

    correct_text(a[ROW_WAMID], m->wamid);
    lapor_pgarray_time(a[ROW_SENT_AT], m->seen_ms);
    lapor_pgarray_time(a[ROW_RECEIVED_AT], unit->raw->received_ms);
    lapor_pgarray_int8(a[ROW_RAW], unit->raw->raw_id);
    correct_text(a[ROW_TYPE], m->type);
    correct_text(a[ROW_BODY], m->body);
    correct_text(a[ROW_DETAIL], m->detail);
    lapor_pgarray_bool(a[ROW_DAMAGED], m->damaged != 0);

    correct_text(a[ROW_MEDIA], m->media_id);
    correct_text(a[ROW_MIME], m->mime_type);
    correct_text(a[ROW_FILENAME], m->filename);
    correct_text(a[ROW_SHA256], m->sha256);
    correct_text(a[ROW_URL], m->url);

    lapor_pgarray_cstr(a[ROW_CATEGORY], m->category);
    lapor_pgarray_cstr(a[ROW_URGENCY], m->urgency);
    lapor_pgarray_cstr(a[ROW_FUNCTION], m->function);
    lapor_pgarray_bool(a[ROW_SENSITIVE], m->sensitive);
    lapor_pgarray_float8(a[ROW_CONFIDENCE], m->confidence);

    if (m->pin) {
        lapor_pgarray_float8(a[ROW_LAT], m->lat);
        lapor_pgarray_float8(a[ROW_LON], m->lon);

    } else {
        lapor_pgarray_null(a[ROW_LAT]);
        lapor_pgarray_null(a[ROW_LON]);
    }

    lapor_pgarray_bool(a[ROW_FIRST], !m->told);
    lapor_pgarray_bool(a[ROW_MEDIA_FIRST], !m->media_told);
}


/* The answer of one part; a slot that is done has no unit any more. Returns n,
 * how many were asked for. What was read otherwise before is not old. */

static size_t
correct_found(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n, const PGresult *res)
{
    int     row;
    size_t  idx;

    for (row = 0; row < PQntuples(res); row++) {
        idx = (size_t) lapor_pg_get_int(res, row, 0) - 1;

        if (idx < n && slots[idx].unit != NULL) {
            slots[idx].unit->old = !lapor_pg_get_bool(res, row, 1);
            slots[idx].unit = NULL;
        }

        store->now.corrected += lapor_pg_get_bool(res, row, 1);
        store->now.media_tasks += lapor_pg_get_bool(res, row, 2);
    }

    return n;
}


static size_t
correct_left(struct lapor_intake_slot *slots, size_t n)
{
    size_t  i, left;

    left = 0;

    for (i = 0; i < n; i++) {
        if (slots[i].unit != NULL) {
            slots[left++] = slots[i];
        }
    }

    return left;
}


/* Seldom: their sender is not known any more, or has another home now. */

static enum lapor_pg_class
correct_search(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t *n)
{
    size_t                     i, part;
    PGresult                  *results[LAPOR_PARTS];
    enum lapor_pg_class        class, added;
    struct lapor_intake_slot  *all;

    /* every part answers about the same slots */
    all = lapor_pool_alloc(store->pool, *n * sizeof(*all));

    for (i = 0; i < *n; i++) {
        all[i] = slots[i];
    }

    added = lapor_pg_pipe_begin(store->pg);

    for (part = 0; part < LAPOR_PARTS && added == LAPOR_PG_OK; part++) {
        added = correct_compare_ask(store, (unsigned) part, all, *n);
    }

    class = lapor_pg_pipe_end(store->pg, results, part, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0; i < part; i++) {
        (void) correct_found(store, slots, *n, results[i]);
        PQclear(results[i]);
    }

    *n = correct_left(slots, *n);

    return added;
}


static enum lapor_pg_class
correct_forget(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                              i, k, end;
    enum lapor_pg_class                 class, added;
    struct lapor_pgarray               *wamid, *sent_at;
    struct lapor_pgparams               p;
    const struct lapor_intake_message  *m;

    for (i = 0; i < n; i++) {
        slots[i].part = slots[i].unit->message->part;
    }

    lapor_intake_slots_sort(slots, n);
    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_slots_end(slots, n, i);

        wamid = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        sent_at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);

        for (k = i; k < end; k++) {
            m = slots[k].unit->message;
            correct_text(wamid, m->wamid);
            lapor_pgarray_time(sent_at, m->seen_ms);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) slots[i].part);
        lapor_pgparams_array(&p, wamid);
        lapor_pgparams_array(&p, sent_at);

        added = lapor_pg_pipe_add(store->pg, "correct_forget",
            "SELECT lapor.correct_forget($1, $2, $3)", &p);
    }

    class = lapor_pg_pipe_end(store->pg, NULL, 0, NULL);

    return class == LAPOR_PG_OK ? added : class;
}


/* Those that are stored already. */

static enum lapor_pg_class
correct_notices(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    int                     row;
    size_t                  i, k, end, calls;
    PGresult               *results[LAPOR_PARTS];
    enum lapor_pg_class     class, added;
    struct lapor_pgarray   *id;
    struct lapor_pgparams   p;

    calls = 0;
    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_slots_end(slots, n, i);
        id = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);

        for (k = i; k < end; k++) {
            lapor_pgarray_int8(id, slots[k].unit->notice->notice_id);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) slots[i].part);
        lapor_pgparams_array(&p, id);

        added = lapor_pg_pipe_add(store->pg, "notice_known",
            "SELECT lapor.notice_known($1, $2)", &p);
        calls++;
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0, k = 0; i < calls; i++) {

        for (row = 0; row < PQntuples(results[i]); row++) {
            slots[k + (size_t) lapor_pg_get_int(results[i], row, 0) - 1]
                .unit->old = true;
        }

        PQclear(results[i]);
        k = lapor_intake_slots_end(slots, n, k);
    }

    return added;
}


static enum lapor_pg_class
correct_settle(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                          i, k, end;
    enum lapor_pg_class             class, added;
    struct lapor_pgarray           *id, *at, *item;
    struct lapor_pgparams           p;
    const struct lapor_intake_raw  *raw;

    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_slots_end(slots, n, i);

        id = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
        at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
        item = lapor_pgarray_new(store->pool, LAPOR_PG_INT4);

        for (k = i; k < end; k++) {
            raw = slots[k].unit->raw;
            lapor_pgarray_int8(id, raw->raw_id);
            lapor_pgarray_time(at, raw->received_ms);
            lapor_pgarray_int4(item, slots[k].unit->item);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) slots[i].part);
        lapor_pgparams_array(&p, id);
        lapor_pgparams_array(&p, at);
        lapor_pgparams_array(&p, item);
        lapor_pgparams_time(&p, store->at_ms);

        added = lapor_pg_pipe_add(store->pg, "quarantine_settle",
            "SELECT lapor.quarantine_settle($1, $2, $3, $4, $5)", &p);
    }

    class = lapor_pg_pipe_end(store->pg, NULL, 0, NULL);

    return class == LAPOR_PG_OK ? added : class;
}


static void
correct_text(struct lapor_pgarray *a, struct lapor_str str)
{
    lapor_pgarray_text(a, str.data, str.len);
}
