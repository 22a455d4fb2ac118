/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The messages' part of a transaction: webhooks and the ledger, by part of
 * the payload; who the senders are; the rows themselves, by the part that is
 * the reporter's home; at last what was learnt about identities.
 */

#include <string.h>

#include "intake/person.h"
#include "intake/sender.h"
#include "lib/part.h"


/* Columns of one call, in the order of its parameters behind the part. */
enum {
    RAW_ID, RAW_RECEIVED_AT, RAW_STREAM, RAW_ENTRY, RAW_SHA256, RAW_BODY,
    RAW_PART, RAW_COLUMNS
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
static enum lapor_pg_class messages_rules(struct lapor_intake_store *store);
static void messages_text(struct lapor_pgarray *a, struct lapor_str str);


enum lapor_pg_class
lapor_intake_store_messages(struct lapor_intake_store *store,
    struct lapor_intake_unit *units, size_t n)
{
    size_t                     i, nraws, nslots, fresh;
    enum lapor_pg_class        class;
    struct lapor_intake_slot  *raws, *slots;

    nraws = lapor_intake_slots(store, units, n, LAPOR_INTAKE_RAW, &raws);
    nslots = lapor_intake_slots(store, units, n, LAPOR_INTAKE_MESSAGE, &slots);

    class = lapor_intake_person_move(store, units, n);

    if (class == LAPOR_PG_OK) {
        class = messages_open(store, raws, nraws, slots, nslots);
    }

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

    class = messages_rules(store);

    if (class == LAPOR_PG_OK) {
        class = lapor_intake_person_find(store, slots, fresh);
    }

    if (class != LAPOR_PG_OK) {
        return class;
    }

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
    size_t                          i, k, end, bytes;
    enum lapor_pg_class             class;
    struct lapor_pgarray           *a[RAW_COLUMNS];
    struct lapor_pgparams           p;
    const struct lapor_intake_raw  *raw;

    static const enum lapor_pg_oid  types[RAW_COLUMNS] = {
        LAPOR_PG_INT8, LAPOR_PG_TIMESTAMPTZ, LAPOR_PG_TEXT, LAPOR_PG_TEXT,
        LAPOR_PG_BYTEA, LAPOR_PG_BYTEA, LAPOR_PG_INT2
    };

    for (i = 0; i < n; i = end) {
        end = lapor_intake_call_end(store, raws, n, i);

        for (k = 0; k < RAW_COLUMNS; k++) {
            a[k] = lapor_pgarray_new(store->pool, types[k]);
        }

        for (k = i, bytes = 0; k < end; k++) {
            bytes += raws[k].unit->raw->entry->body.len;
        }

        lapor_pgarray_reserve(a[RAW_BODY], end - i, bytes);

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
            lapor_pgarray_int2(a[RAW_PART], (int16_t) raws[k].part);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_intake_call_part(store, &p, raws[i].part);

        for (k = 0; k < RAW_COLUMNS; k++) {
            lapor_pgparams_array(&p, a[k]);
        }

        class = lapor_pg_pipe_add(store->pg, "raw_store",
            "SELECT lapor.raw_store($1, $2, $3, $4, $5, $6, $7, $8)", &p);

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
    struct lapor_pgarray          *wamid, *sent_at, *identity, *part;
    struct lapor_pgparams          p;
    struct lapor_intake_message   *m;

    for (i = 0; i < n; i = end) {
        end = lapor_intake_call_end(store, slots, n, i);

        wamid = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        sent_at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
        identity = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
        part = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);

        for (k = i; k < end; k++) {
            m = slots[k].unit->message;
            m->fresh = false;
            m->known = false;
            m->first = false;
            m->early = false;
            m->peer = LAPOR_STR_NONE;

            messages_text(wamid, m->wamid);
            lapor_pgarray_time(sent_at, m->seen_ms);
            messages_text(identity, m->self.id);
            lapor_pgarray_int2(part, (int16_t) slots[k].part);
        }

        lapor_pgparams_init(&p, store->pool);
        lapor_intake_call_part(store, &p, slots[i].part);
        lapor_pgparams_array(&p, wamid);
        lapor_pgparams_array(&p, sent_at);
        lapor_pgparams_array(&p, identity);
        lapor_pgparams_array(&p, part);

        class = lapor_pg_pipe_add(store->pg, "intake_open",
            "SELECT idx, home_part, reporter_id, peer, early"
            "  FROM lapor.intake_open($1, $2, $3, $4, $5)", &p);

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
    end = lapor_intake_call_end(store, slots, n, 0);

    for (row = 0; row < PQntuples(res); row++) {
        idx = lapor_pg_get_int(res, row, 0) - 1;

        if (idx < 0 || (size_t) idx >= end) {
            continue;
        }

        m = slots[idx].unit->message;
        m->fresh = true;
        m->early = lapor_pg_get_bool(res, row, 4);

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


/* By the parts where the senders are at home. */

static enum lapor_pg_class
messages_rows(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n)
{
    size_t                      i, ngroups, nresults;
    PGresult                  **results;
    enum lapor_pg_class         class;
    struct lapor_intake_group  *groups;

    for (i = 0; i < n; i++) {
        slots[i].part = slots[i].unit->message->home;
    }

    lapor_intake_slots_sort(slots, n);
    ngroups = lapor_intake_groups(store, slots, n, &groups);
    class = lapor_intake_open(store, groups, ngroups, &results, &nresults);

    if (class == LAPOR_PG_OK) {
        class = lapor_intake_write(store, groups, ngroups);
    }

    for (i = 0; i < nresults; i++) {
        PQclear(results[i]);
    }

    return class;
}


/* What another server has given is worth nothing here. */

static enum lapor_pg_class
messages_rules(struct lapor_intake_store *store)
{
    if (store->rules == NULL) {
        store->rules = lapor_intake_rules_new();
    }

    if (store->ids_of != store->generation) {
        store->ids_of = store->generation;
        store->nids = 0;
    }

    return lapor_intake_rules_load(store->rules, store->pg, store->pool);
}


/* An absent string is NULL. */

static void
messages_text(struct lapor_pgarray *a, struct lapor_str str)
{
    lapor_pgarray_text(a, str.data, str.len);
}
