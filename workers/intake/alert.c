/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Alerts of one transaction. A flood tells the same one thousands of times,
 * so that repetitions are dropped where they come in, as far as they follow
 * each other closely, and the rest where they are sorted.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/alert.h"
#include "lib/log.h"
#include "lib/part.h"
#include "lib/timeutil.h"
#include "lib/utf8.h"


#define ALERT_SUBJECT  200   /* bytes, as lapor.alert has it */
#define ALERT_LOOK     16    /* slots looked back for the same one */


struct lapor_intake_alert_slot {
    unsigned                   part;
    size_t                     order;     /* of coming in */
    struct lapor_intake_alert  alert;
    bool                       changed;   /* lapor.alert_store says so */
    bool                       opened;
};


static bool alert_about(const struct lapor_intake_alert *one,
    const struct lapor_intake_alert *two);
static bool alert_same(const struct lapor_intake_alert *one,
    const struct lapor_intake_alert *two);
static void alert_fold(struct lapor_intake_alerts *alerts);
static size_t alert_end(const struct lapor_intake_alerts *alerts, size_t from);
static enum lapor_pg_class alert_call(
    const struct lapor_intake_alert_slot *slots, size_t n,
    struct lapor_pg *pg, struct lapor_pool *pool, int64_t now_ms);
static void alert_changed(struct lapor_intake_alert_slot *slots, size_t n,
    const PGresult *res);
static void alert_mask(struct lapor_str subject,
    char ret_text[ALERT_SUBJECT + 1]);
static int alert_compare(const void *one, const void *two);
static int alert_compare_key(const struct lapor_intake_alert_slot *a,
    const struct lapor_intake_alert_slot *b);


static const char *const  alert_modes[] = {
    [LAPOR_INTAKE_ALERT_OPEN] = "open",
    [LAPOR_INTAKE_ALERT_OFTEN] = "often",
    [LAPOR_INTAKE_ALERT_ONCE] = "once",
    [LAPOR_INTAKE_ALERT_CLOSE] = "close"
};

static const struct {
    const char            *name;
    enum lapor_log_level   level;
} alert_severities[] = {
    [LAPOR_INTAKE_INFO] = { "info", LAPOR_LOG_NOTICE },
    [LAPOR_INTAKE_WARNING] = { "warning", LAPOR_LOG_WARN },
    [LAPOR_INTAKE_CRITICAL] = { "critical", LAPOR_LOG_ERR }
};


void
lapor_intake_alert_add(struct lapor_intake_alerts *alerts,
    struct lapor_pool *pool, const struct lapor_intake_alert *alert)
{
    int                              damaged;
    size_t                           i;
    struct lapor_intake_alert        copy;
    struct lapor_intake_alert_slot  *slot, *grown;

    copy = *alert;
    damaged = 0;
    copy.subject = lapor_utf8_cut(lapor_utf8_pgtext(pool, alert->subject,
                                                    &damaged), ALERT_SUBJECT);

    if (damaged || lapor_str_empty(copy.subject)) {
        copy.subject = LAPOR_STR("unknown");
    }

    for (i = alerts->n; i > 0 && i + ALERT_LOOK > alerts->n; i--) {
        slot = &alerts->slots[i - 1];

        if (!alert_about(&slot->alert, &copy)) {
            continue;
        }

        if (alert_same(&slot->alert, &copy)
            && slot->alert.severity == copy.severity)
        {
            return;
        }

        break;
    }

    copy.detail = lapor_pool_str(pool, alert->detail);

    if (alerts->n == alerts->size) {
        alerts->size = alerts->size == 0 ? 16 : alerts->size * 2;
        grown = lapor_pool_alloc(pool, alerts->size * sizeof(*grown));

        if (alerts->n > 0) {
            memcpy(grown, alerts->slots, alerts->n * sizeof(*grown));
        }

        alerts->slots = grown;
    }

    slot = &alerts->slots[alerts->n];
    memset(slot, 0, sizeof(*slot));
    slot->alert = copy;
    slot->order = alerts->n++;
    slot->part = lapor_part(copy.subject.data, copy.subject.len);
}


static bool
alert_about(const struct lapor_intake_alert *one,
    const struct lapor_intake_alert *two)
{
    return strcmp(one->kind, two->kind) == 0
           && lapor_str_eq(one->subject, two->subject);
}


/* Two of which one may be left out, if they are as severe. Those with a time
 * of their own are for the database to judge. */

static bool
alert_same(const struct lapor_intake_alert *one,
    const struct lapor_intake_alert *two)
{
    return one->mode == two->mode && one->at_ms == 0 && two->at_ms == 0
           && alert_about(one, two);
}


enum lapor_pg_class
lapor_intake_alert_write(struct lapor_intake_alerts *alerts,
    struct lapor_pg *pg, struct lapor_pool *pool, int64_t now_ms)
{
    size_t                k, i, calls;
    PGresult             *results[LAPOR_PARTS];
    enum lapor_pg_class   class, added;

    if (alerts->n == 0) {
        return LAPOR_PG_OK;
    }

    alert_fold(alerts);

    calls = 0;
    added = lapor_pg_pipe_begin(pg);

    for (k = 0; k < alerts->n && added == LAPOR_PG_OK; calls++) {
        i = k;
        k = alert_end(alerts, i);
        added = alert_call(alerts->slots + i, k - i, pg, pool, now_ms);
    }

    class = lapor_pg_pipe_end(pg, results, calls, NULL);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    for (i = 0, k = 0; i < calls; i++) {
        alert_changed(alerts->slots + k, alert_end(alerts, k) - k,
                      results[i]);
        PQclear(results[i]);
        k = alert_end(alerts, k);
    }

    return added;
}


/* Into the order of parts and keys, and repetitions out: of some, the last,
 * as severe as the worst. */

static void
alert_fold(struct lapor_intake_alerts *alerts)
{
    size_t                           i, n;
    struct lapor_intake_alert_slot  *slots;

    slots = alerts->slots;
    qsort(slots, alerts->n, sizeof(*slots), alert_compare);
    n = 0;

    for (i = 1; i < alerts->n; i++) {

        if (!alert_same(&slots[n].alert, &slots[i].alert)) {
            slots[++n] = slots[i];
            continue;
        }

        if (slots[i].alert.severity < slots[n].alert.severity) {
            slots[i].alert.severity = slots[n].alert.severity;
        }

        slots[n] = slots[i];
    }

    alerts->n = n + 1;
}


/* Where the run of one part ends that starts at "from". */

static size_t
alert_end(const struct lapor_intake_alerts *alerts, size_t from)
{
    size_t  i;

    for (i = from;
         i < alerts->n && alerts->slots[i].part == alerts->slots[from].part;
         i++)
    {
        /* void */
    }

    return i;
}


static enum lapor_pg_class
alert_call(const struct lapor_intake_alert_slot *slots, size_t n,
    struct lapor_pg *pg, struct lapor_pool *pool, int64_t now_ms)
{
    size_t                            i;
    struct lapor_pgarray             *kind, *subject, *mode, *severity,
                                     *detail, *at;
    struct lapor_pgparams             p;
    const struct lapor_intake_alert  *alert;

    kind = lapor_pgarray_new(pool, LAPOR_PG_TEXT);
    subject = lapor_pgarray_new(pool, LAPOR_PG_TEXT);
    mode = lapor_pgarray_new(pool, LAPOR_PG_TEXT);
    severity = lapor_pgarray_new(pool, LAPOR_PG_TEXT);
    detail = lapor_pgarray_new(pool, LAPOR_PG_TEXT);
    at = lapor_pgarray_new(pool, LAPOR_PG_TIMESTAMPTZ);

    for (i = 0; i < n; i++) {
        alert = &slots[i].alert;
        lapor_pgarray_cstr(kind, alert->kind);
        lapor_pgarray_text(subject, alert->subject.data, alert->subject.len);
        lapor_pgarray_cstr(mode, alert_modes[alert->mode]);
        lapor_pgarray_cstr(severity, alert_severities[alert->severity].name);

        if (alert->detail.data == NULL) {
            lapor_pgarray_cstr(detail, "{}");

        } else {
            lapor_pgarray_text(detail, alert->detail.data, alert->detail.len);
        }

        if (alert->at_ms == 0) {
            lapor_pgarray_null(at);

        } else {
            lapor_pgarray_time(at, alert->at_ms);
        }
    }

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_int2(&p, (int16_t) slots[0].part);
    lapor_pgparams_array(&p, kind);
    lapor_pgparams_array(&p, subject);
    lapor_pgparams_array(&p, mode);
    lapor_pgparams_array(&p, severity);
    lapor_pgparams_array(&p, detail);
    lapor_pgparams_array(&p, at);
    lapor_pgparams_time(&p, now_ms);

    return lapor_pg_pipe_add(pg, "alert_store",
        "SELECT idx, opened"
        "  FROM lapor.alert_store($1, $2, $3, $4, $5, $6, $7, $8)", &p);
}


static void
alert_changed(struct lapor_intake_alert_slot *slots, size_t n,
    const PGresult *res)
{
    int      row;
    int64_t  idx;

    for (row = 0; row < PQntuples(res); row++) {
        idx = lapor_pg_get_int(res, row, 0) - 1;

        if (idx >= 0 && (size_t) idx < n) {
            slots[idx].changed = true;
            slots[idx].opened = lapor_pg_get_bool(res, row, 1);
        }
    }
}


void
lapor_intake_alert_tell(const struct lapor_intake_alerts *alerts)
{
    char                                   subject[ALERT_SUBJECT + 1];
    size_t                                 i;
    const struct lapor_intake_alert       *alert;
    const struct lapor_intake_alert_slot  *slot;

    for (i = 0; i < alerts->n; i++) {
        slot = &alerts->slots[i];
        alert = &slot->alert;

        if (!slot->changed) {
            continue;
        }

        alert_mask(alert->subject, subject);

        if (slot->opened) {
            lapor_log(alert_severities[alert->severity].level,
                      "alert: kind=%s subject=%s severity=%s", alert->kind,
                      subject, alert_severities[alert->severity].name);
            continue;
        }

        lapor_log_notice("alert is closed: kind=%s subject=%s", alert->kind,
                         subject);
    }
}


/* A telephone number, though it is one of ours, shows its last four digits
 * in a log: a reader cannot tell it from a person's. Meta's ids have more
 * digits than a number may (ITU-T E.164: 15). */

static void
alert_mask(struct lapor_str subject, char ret_text[ALERT_SUBJECT + 1])
{
    size_t  i, k, n;

    n = 0;

    for (i = 0; i < subject.len; i = k) {
        k = i;

        while (k < subject.len && subject.data[k] >= '0'
               && subject.data[k] <= '9')
        {
            k++;
        }

        if (k - i >= 8 && k - i < 15) {
            ret_text[n++] = '*';
            i = k - 4;
        }

        k = k == i ? i + 1 : k;
        memcpy(ret_text + n, subject.data + i, k - i);
        n += k - i;
    }

    ret_text[n] = '\0';
}


enum lapor_pg_class
lapor_intake_alert_now(struct lapor_pg *pg, struct lapor_pool *pool,
    const struct lapor_intake_alert *alert)
{
    enum lapor_pg_class         class;
    struct lapor_intake_alerts  alerts = { NULL, 0, 0 };

    lapor_pool_reset(pool);
    lapor_intake_alert_add(&alerts, pool, alert);
    class = lapor_intake_alert_write(&alerts, pg, pool, lapor_time_ms());

    if (class == LAPOR_PG_OK) {
        lapor_intake_alert_tell(&alerts);
    }

    return class;
}


static int
alert_compare(const void *one, const void *two)
{
    int                                    order;
    const struct lapor_intake_alert_slot  *a, *b;

    a = one;
    b = two;
    order = alert_compare_key(a, b);

    if (order != 0) {
        return order;
    }

    return a->order < b->order ? -1 : 1;
}


/* By bytes: the database sorts anew, in its own way, inside of a part. */

static int
alert_compare_key(const struct lapor_intake_alert_slot *a,
    const struct lapor_intake_alert_slot *b)
{
    int  order;

    if (a->part != b->part) {
        return a->part < b->part ? -1 : 1;
    }

    order = strcmp(a->alert.kind, b->alert.kind);

    if (order != 0) {
        return order;
    }

    if (a->alert.subject.len != b->alert.subject.len) {
        return a->alert.subject.len < b->alert.subject.len ? -1 : 1;
    }

    return memcmp(a->alert.subject.data, b->alert.subject.data,
                  a->alert.subject.len);
}
