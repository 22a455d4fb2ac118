/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Notices, statuses and the quarantine.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "intake/store.h"
#include "intake/warn.h"
#include "lib/log.h"
#include "lib/part.h"
#include "lib/timeutil.h"


#define REST_WAIT_MS     (8 * INT64_C(86400000))
#define REST_WAIT_LIMIT  1000
#define REST_FRESH_MS    3600000

/* Columns of lapor.status_store, behind the part of all. */
enum {
    STATUS_TASK, STATUS_WAMID, STATUS_STATE, STATUS_AT, STATUS_RECEIVED_AT,
    STATUS_CODE, STATUS_TITLE, STATUS_BILLABLE, STATUS_CATEGORY, STATUS_TYPE,
    STATUS_ORIGIN, STATUS_PART,
    STATUS_COLUMNS
};


static enum lapor_pg_class rest_notices(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static enum lapor_pg_class rest_notices_call(
    struct lapor_intake_store *store, const struct lapor_intake_slot *slots,
    size_t n);
static void rest_notices_new(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, const PGresult *res);
static enum lapor_pg_class rest_statuses(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n);
static void rest_status(struct lapor_pgarray **a,
    const struct lapor_intake_unit *unit);
static void rest_status_stops(struct lapor_intake_store *store,
    const struct lapor_intake_status *status);
static enum lapor_pg_class rest_dead(struct lapor_intake_store *store,
    const struct lapor_intake_unit *unit);
static void rest_text(struct lapor_pgarray *a, struct lapor_str str);


enum lapor_pg_class
lapor_intake_store_rest(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    size_t                     i, count;
    enum lapor_pg_class        class;
    struct lapor_intake_slot  *slots;

    count = lapor_intake_slots(store, units, n, LAPOR_INTAKE_NOTICE, &slots);
    class = rest_notices(store, slots, count);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    count = lapor_intake_slots(store, units, n, LAPOR_INTAKE_STATUS, &slots);
    class = rest_statuses(store, slots, count);

    count = lapor_intake_slots(store, units, n, LAPOR_INTAKE_DEAD, &slots);

    for (i = 0; i < count && class == LAPOR_PG_OK; i++) {
        class = rest_dead(store, slots[i].unit);
    }

    return class;
}


static enum lapor_pg_class
rest_notices(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                 i, k, calls;
    PGresult              *results[LAPOR_PARTS];
    enum lapor_pg_class    class, added;

    if (n == 0) {
        return LAPOR_PG_OK;
    }

    calls = 0;
    added = lapor_pg_pipe_begin(store->pg);

    for (k = 0; k < n && added == LAPOR_PG_OK; calls++) {
        i = k;
        k = lapor_intake_slots_end(slots, n, i);
        added = rest_notices_call(store, slots + i, k - i);
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0, k = 0; i < calls; i++) {
        rest_notices_new(store, slots + k, results[i]);
        PQclear(results[i]);
        k = lapor_intake_slots_end(slots, n, k);
    }

    store->now.notices += n;

    return added;
}


/* Those of one part. */

static enum lapor_pg_class
rest_notices_call(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, size_t n)
{
    size_t                             i;
    struct lapor_pgarray              *id, *at, *field, *waba, *number, *data,
                                      *raw;
    struct lapor_pgparams              p;
    const struct lapor_intake_notice  *notice;

    id = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
    field = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    waba = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    number = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    data = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    raw = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);

    for (i = 0; i < n; i++) {
        notice = slots[i].unit->notice;
        lapor_pgarray_int8(id, notice->notice_id);
        lapor_pgarray_time(at, slots[i].unit->raw->received_ms);
        rest_text(field, notice->field);
        rest_text(waba, notice->waba_id);
        rest_text(number, notice->phone_number_id);
        rest_text(data, notice->data);
        lapor_pgarray_int8(raw, slots[i].unit->raw->raw_id);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) slots[0].part);
    lapor_pgparams_array(&p, id);
    lapor_pgparams_array(&p, at);
    lapor_pgparams_array(&p, field);
    lapor_pgparams_array(&p, waba);
    lapor_pgparams_array(&p, number);
    lapor_pgparams_array(&p, data);
    lapor_pgparams_array(&p, raw);

    return lapor_pg_pipe_add(store->pg, "notice_store",
        "SELECT idx, before"
        "  FROM lapor.notice_store($1, $2, $3, $4, $5, $6, $7, $8)", &p);
}


/* Alerts of the notices that were not known: a webhook that comes again
 * opens nothing that was closed since. */

static void
rest_notices_new(struct lapor_intake_store *store,
    const struct lapor_intake_slot *slots, const PGresult *res)
{
    int                                row;
    const struct lapor_intake_alert   *alert;
    const struct lapor_intake_notice  *notice;

    for (row = 0; row < PQntuples(res); row++) {
        notice = slots[lapor_pg_get_int(res, row, 0) - 1].unit->notice;
        alert = notice->alert;

        if (!lapor_pg_get_null(res, row, 1)) {
            alert = lapor_intake_warn_limit(store->pool, notice,
                                            lapor_pg_get_str(res, row, 1));
        }

        if (alert != NULL) {
            lapor_intake_alert_add(&store->alerts, store->pool, alert);
        }
    }
}


static enum lapor_pg_class
rest_statuses(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                  i, k, end;
    enum lapor_pg_class     class, added;
    struct lapor_pgarray   *a[STATUS_COLUMNS];
    struct lapor_pgparams   p;

    static const enum lapor_pg_oid  types[STATUS_COLUMNS] = {
        LAPOR_PG_INT8, LAPOR_PG_TEXT, LAPOR_PG_TEXT, LAPOR_PG_TIMESTAMPTZ,
        LAPOR_PG_TIMESTAMPTZ, LAPOR_PG_INT4, LAPOR_PG_TEXT, LAPOR_PG_BOOL,
        LAPOR_PG_TEXT, LAPOR_PG_TEXT, LAPOR_PG_TEXT, LAPOR_PG_INT2
    };

    if (n == 0) {
        return LAPOR_PG_OK;
    }

    added = lapor_pg_pipe_begin(store->pg);

    for (i = 0; i < n && added == LAPOR_PG_OK; i = end) {
        end = lapor_intake_call_end(store, slots, n, i);

        for (k = 0; k < STATUS_COLUMNS; k++) {
            a[k] = lapor_pgarray_new(store->pool, types[k]);
        }

        for (k = i; k < end; k++) {
            rest_status(a, slots[k].unit);
            rest_status_stops(store, slots[k].unit->status);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_intake_call_part(store, &p, slots[i].part);

        for (k = 0; k < STATUS_COLUMNS; k++) {
            lapor_pgparams_array(&p, a[k]);
        }

        added = lapor_pg_pipe_add(store->pg, "status_store",
            "SELECT lapor.status_store($1, $2, $3, $4, $5, $6, $7, $8, $9,"
            "                          $10, $11, $12, $13)", &p);
    }

    class = lapor_pg_pipe_end(store->pg, NULL, 0, NULL);
    store->now.statuses += n;

    return class == LAPOR_PG_OK ? added : class;
}


static void
rest_status(struct lapor_pgarray **a, const struct lapor_intake_unit *unit)
{
    const struct lapor_intake_status  *status;

    status = unit->status;

    if (status->task_id == 0) {
        lapor_pgarray_null(a[STATUS_TASK]);

    } else {
        lapor_pgarray_int8(a[STATUS_TASK], status->task_id);
    }

    rest_text(a[STATUS_WAMID], status->wamid);
    lapor_pgarray_cstr(a[STATUS_STATE], status->state);
    lapor_pgarray_time(a[STATUS_AT], status->at_ms);
    lapor_pgarray_time(a[STATUS_RECEIVED_AT], unit->raw->received_ms);

    if (status->has_code) {
        lapor_pgarray_int4(a[STATUS_CODE], status->code);

    } else {
        lapor_pgarray_null(a[STATUS_CODE]);
    }

    rest_text(a[STATUS_TITLE], status->title);

    if (status->billable == -1) {
        lapor_pgarray_null(a[STATUS_BILLABLE]);

    } else {
        lapor_pgarray_bool(a[STATUS_BILLABLE], status->billable != 0);
    }

    rest_text(a[STATUS_CATEGORY], status->price_category);
    rest_text(a[STATUS_TYPE], status->price_type);
    rest_text(a[STATUS_ORIGIN], status->origin);
    lapor_pgarray_int2(a[STATUS_PART], (int16_t) status->part);
}


/* A message failed by what stops its number: all after it will, too. One of
 * an old backlog, or replayed, tells nothing of now. */

static void
rest_status_stops(struct lapor_intake_store *store,
    const struct lapor_intake_status *status)
{
    char                       detail[32];
    struct lapor_intake_alert  alert;

    if (!status->has_code || !lapor_intake_warn_stops(status->code)
        || store->at_ms - status->at_ms > REST_FRESH_MS)
    {
        return;
    }

    (void) snprintf(detail, sizeof(detail), "{\"code\":%" PRId32 "}",
                    status->code);

    memset(&alert, 0, sizeof(alert));
    alert.mode = LAPOR_INTAKE_ALERT_OFTEN;
    alert.severity = LAPOR_INTAKE_CRITICAL;
    alert.kind = "account_error";
    alert.subject = status->phone_number_id;
    alert.detail = lapor_str_from(detail);
    lapor_intake_alert_add(&store->alerts, store->pool, &alert);
}


static enum lapor_pg_class
rest_dead(struct lapor_intake_store *store,
    const struct lapor_intake_unit *unit)
{
    struct lapor_str                body;
    struct lapor_pgparams           p;
    const struct lapor_intake_raw  *raw;

    raw = unit->raw;
    body = raw->entry->body;

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int2(&p, (int16_t) raw->part);
    lapor_pgparams_int8(&p, raw->raw_id);
    lapor_pgparams_time(&p, raw->received_ms);
    lapor_pgparams_int4(&p, unit->item);
    lapor_pgparams_cstr(&p, raw->entry->key);
    lapor_pgparams_cstr(&p, raw->entry->id);
    lapor_pgparams_cstr(&p, unit->reason);
    lapor_pgparams_cstr(&p, unit->sqlstate[0] == '\0' ? NULL
                                                      : unit->sqlstate);
    lapor_pgparams_bytea(&p, body.data == NULL ? "" : body.data, body.len);
    lapor_pgparams_time(&p, store->at_ms);

    store->now.quarantined++;

    return lapor_pg_call(store->pg, "quarantine_store",
        "SELECT lapor.quarantine_store($1, $2, $3, $4, $5, $6, $7, $8, $9,"
        "                              $10)", &p, NULL);
}


static void
rest_text(struct lapor_pgarray *a, struct lapor_str str)
{
    lapor_pgarray_text(a, str.data, str.len);
}


enum lapor_pg_class
lapor_intake_clean(struct lapor_intake_store *store, bool *ret_more)
{
    int                     part;
    int64_t                 before, count, sum;
    PGresult               *results[LAPOR_PARTS];
    enum lapor_pg_class     class, added;
    struct lapor_pgparams   p;

    *ret_more = false;
    before = lapor_time_ms() - REST_WAIT_MS;
    lapor_pool_reset(store->pool);
    added = lapor_pg_pipe_begin(store->pg);

    for (part = 0; part < LAPOR_PARTS && added == LAPOR_PG_OK; part++) {
        lapor_pgparams_init(&p, store->pool);
        lapor_pgparams_int2(&p, (int16_t) part);
        lapor_pgparams_time(&p, before);
        lapor_pgparams_int4(&p, REST_WAIT_LIMIT);

        added = lapor_pg_pipe_add(store->pg, "status_wait_clean",
            "SELECT lapor.status_wait_clean($1, $2, $3)", &p);
    }

    class = lapor_pg_pipe_end(store->pg, results, (size_t) part, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    sum = 0;

    while (part-- > 0) {
        count = lapor_pg_get_int(results[part], 0, 0);
        sum += count;
        *ret_more = *ret_more || count == REST_WAIT_LIMIT;
        PQclear(results[part]);
    }

    if (sum > 0) {
        lapor_log_info("statuses without a message removed count=%" PRId64,
                       sum);
    }

    return added;
}
