/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Entries into units. Nothing here can fail: what cannot be used becomes a
 * unit for the quarantine, alone, and the others go on.
 */

#include <string.h>

#include "intake/batch.h"
#include "intake/correct.h"
#include "intake/message.h"
#include "intake/notice.h"
#include "intake/status.h"


/* What a timestamptz of ours may be: 1970 to 2100. */
#define BATCH_TIME_MAX  (LAPOR_DECODE_SENT_MAX * 1000)


static struct lapor_intake_unit *batch_add(struct lapor_pool *pool,
    struct lapor_intake_list *list, struct lapor_intake_raw *raw, int item);
static void batch_entry(struct lapor_intake_batch *batch,
    struct lapor_entry *entry);
static struct lapor_intake_raw *batch_raw(struct lapor_intake_batch *batch,
    struct lapor_entry *entry);
static unsigned batch_raw_part(const struct lapor_intake_raw *raw,
    const struct lapor_decoded *decoded);
static void batch_event(struct lapor_intake_batch *batch,
    struct lapor_intake_raw *raw, const struct lapor_event *event);
static void batch_dead(struct lapor_intake_batch *batch,
    struct lapor_intake_raw *raw, int item, const char *reason);


size_t
lapor_intake_batch_fill(struct lapor_intake_batch *batch,
    struct lapor_entry *entries, size_t n, size_t max_items,
    size_t max_bytes)
{
    size_t  i, bytes;

    memset(&batch->list, 0, sizeof(batch->list));
    memset(&batch->statuses, 0, sizeof(batch->statuses));
    bytes = 0;

    for (i = 0; i < n; i++) {

        if (i > 0 && (bytes + entries[i].body.len > max_bytes
                      || batch->list.n + batch->statuses.n > max_items))
        {
            break;
        }

        batch_entry(batch, &entries[i]);
        bytes += entries[i].body.len;
    }

    return i;
}


static void
batch_entry(struct lapor_intake_batch *batch, struct lapor_entry *entry)
{
    int                        rc;
    size_t                     from;
    struct lapor_decoded       decoded;
    struct lapor_intake_raw   *raw;
    struct lapor_intake_unit  *unit;
    const struct lapor_event  *event;

    raw = batch_raw(batch, entry);

    unit = batch_add(batch->pool, &batch->list, raw, -1);
    unit->kind = LAPOR_INTAKE_RAW;

    /* it is stored all the same, to be counted */
    if (entry->body.data == NULL) {
        raw->part = raw->sha256[0];
        batch_dead(batch, raw, -1, "stream entry has no body");
        return;
    }

    rc = lapor_decode(batch->pool, entry->body.data, entry->body.len,
                      &decoded);

    raw->part = batch_raw_part(raw, rc == 0 ? &decoded : NULL);

    /* what is stored already stays where it is, however it is read today */
    if (entry->part >= 0) {
        raw->part = (unsigned) entry->part;
    }

    if (rc == -1) {
        batch_dead(batch, raw, -1,
                   lapor_pool_strndup(batch->pool, decoded.error,
                                      strlen(decoded.error)));
        return;
    }

    from = batch->list.n;

    for (event = decoded.first; event != NULL; event = event->next) {
        batch_event(batch, raw, event);
    }

    if (entry->again) {
        lapor_intake_correct_mark(&batch->list, from);
    }
}


static struct lapor_intake_raw *
batch_raw(struct lapor_intake_batch *batch, struct lapor_entry *entry)
{
    struct lapor_sha256       hash;
    struct lapor_intake_raw  *raw;

    raw = lapor_pool_alloc(batch->pool, sizeof(*raw));
    raw->entry = entry;
    raw->received_ms = entry->received_ms;

    if (raw->received_ms < 0) {
        raw->received_ms = 0;
    }

    if (raw->received_ms > BATCH_TIME_MAX) {
        raw->received_ms = BATCH_TIME_MAX;
    }

    if (entry->body.data != NULL) {
        lapor_sha256(entry->body.data, entry->body.len, raw->sha256);

    } else {
        /* what tells one entry from another without a body is its name */
        lapor_sha256_init(&hash);
        lapor_sha256_update(&hash, entry->key, strlen(entry->key));
        lapor_sha256_update(&hash, entry->id, strlen(entry->id));
        lapor_sha256_final(&hash, raw->sha256);
    }

    raw->raw_id = lapor_intake_hash_id(raw->sha256);

    return raw;
}


static unsigned
batch_raw_part(const struct lapor_intake_raw *raw,
    const struct lapor_decoded *decoded)
{
    const struct lapor_event  *event;

    event = decoded == NULL ? NULL : decoded->first;

    while (event != NULL && lapor_str_empty(event->identity)) {
        event = event->next;
    }

    return event == NULL ? raw->sha256[0] : event->part;
}


static void
batch_event(struct lapor_intake_batch *batch, struct lapor_intake_raw *raw,
    const struct lapor_event *event)
{
    int                           item;
    struct lapor_intake_unit     *unit;
    struct lapor_intake_status   *status;
    struct lapor_intake_message  *message;

    item = (int) event->order;

    if (event->broken != NULL) {
        batch_dead(batch, raw, item, event->broken);
        return;
    }

    if (event->kind == LAPOR_EVENT_STATUS) {
        status = lapor_intake_status_make(batch->pool, raw, event);

        if (status != NULL) {
            unit = batch_add(batch->pool, &batch->statuses, raw, item);
            unit->kind = LAPOR_INTAKE_STATUS;
            unit->event = event;
            unit->status = status;
            return;
        }
    }

    if (event->kind == LAPOR_EVENT_MESSAGE
        || event->kind == LAPOR_EVENT_CALL)
    {
        message = lapor_intake_message_make(batch->pool, raw, event);

        if (message != NULL) {
            unit = batch_add(batch->pool, &batch->list, raw, item);
            unit->kind = LAPOR_INTAKE_MESSAGE;
            unit->event = event;
            unit->message = message;
            return;
        }
    }

    /* about the account, or in a state or of a sender that nobody knows */
    unit = batch_add(batch->pool, &batch->list, raw, item);
    unit->kind = LAPOR_INTAKE_NOTICE;
    unit->event = event;
    unit->notice = lapor_intake_notice_make(batch->pool, raw, event);
}


static void
batch_dead(struct lapor_intake_batch *batch, struct lapor_intake_raw *raw,
    int item, const char *reason)
{
    struct lapor_intake_unit  *unit;

    unit = batch_add(batch->pool, &batch->list, raw, item);
    unit->reason = reason;
    raw->dead = raw->dead || item == -1;
}


/* A new unit at the end of the list; dead until the caller says otherwise. */

static struct lapor_intake_unit *
batch_add(struct lapor_pool *pool, struct lapor_intake_list *list,
    struct lapor_intake_raw *raw, int item)
{
    struct lapor_intake_unit  *unit, *grown;

    if (list->n == list->size) {
        list->size = list->size == 0 ? 64 : list->size * 2;
        grown = lapor_pool_alloc(pool, list->size * sizeof(*grown));

        if (list->n > 0) {
            memcpy(grown, list->units, list->n * sizeof(*grown));
        }

        list->units = grown;
    }

    unit = &list->units[list->n++];
    memset(unit, 0, sizeof(*unit));
    unit->kind = LAPOR_INTAKE_DEAD;
    unit->raw = raw;
    unit->item = item;

    return unit;
}


int64_t
lapor_intake_hash_id(const unsigned char *digest)
{
    size_t    i;
    int64_t   id;
    uint64_t  bits;

    bits = 0;

    for (i = 0; i < 8; i++) {
        bits = bits << 8 | digest[i];
    }

    memcpy(&id, &bits, sizeof(id));

    return id;
}
