/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the rules decided, into rows: one call for reports and all that goes
 * with them, one for messages, and where somebody is called otherwise now, one
 * for names.
 */

#include <string.h>

#include "intake/sender.h"


/* Columns of one call, in the order of its parameters behind the part. */
enum {
    REP_CODES, REP_OPENED, REP_MOVED, REP_ID, REP_REPORTER, REP_UNIT,
    REP_VERSION, REP_CODE, REP_NUMBER, REP_CATEGORY, REP_URGENCY,
    REP_FUNCTION, REP_STATE, REP_SENSITIVE, REP_ANSWERED, REP_PRANK,
    REP_CONFIDENCE, REP_FIRST, REP_LAST, REP_CLOSED, REP_LAT, REP_LON,
    REP_EVENTS, REP_HEAD, REP_ORIGIN, REP_DRILL, REP_LINK, REP_LINKED,
    REP_BURSTS, REP_CALLED, REP_ATTENTION,
    REP_WITHDRAW, REP_ALBUM,
    EVENT_REPORT, EVENT_SEQ, EVENT_KIND, EVENT_DATA, EVENT_PREV, EVENT_HASH,
    REPLY_REPORT, REPLY_OCCASION, REPLY_EXPIRES, REPLY_NUMBER, REPLY_TO,
    REPLY_KIND, REPLY_BODY, REP_PART, CODES_PART, EVENT_PART, REPLY_PART,
    REP_COLUMNS
};

enum {
    MSG_REPORT, MSG_SENT, MSG_RECEIVED, MSG_RAW, MSG_TYPE, MSG_WAMID,
    MSG_NUMBER, MSG_BODY, MSG_MEDIA, MSG_DETAIL, MSG_DAMAGED,
    FILE_REPORT, FILE_MEDIA, FILE_NUMBER, FILE_KIND, FILE_MIME, FILE_NAME,
    FILE_SHA256, FILE_URL, FILE_CREATED, MSG_PART, FILE_PART,
    MSG_COLUMNS
};


static enum lapor_pg_class write_reports(struct lapor_intake_store *store,
    const struct lapor_intake_group *group);
static void write_report(struct lapor_pgarray **a,
    const struct lapor_talk_report *r);
static void write_report_times(struct lapor_pgarray **a,
    const struct lapor_talk_report *r);
static void write_event(struct lapor_pgarray **a,
    const struct lapor_talk_event *e);
static void write_reply(struct lapor_intake_store *store,
    struct lapor_pgarray **a, const struct lapor_talk_reply *reply);
static enum lapor_pg_class write_messages(struct lapor_intake_store *store,
    const struct lapor_intake_group *group);
static void write_message(struct lapor_pgarray **a,
    const struct lapor_intake_unit *unit);
static void write_file(struct lapor_pgarray **a,
    const struct lapor_intake_unit *unit);
static enum lapor_pg_class write_names(struct lapor_intake_store *store,
    const struct lapor_intake_group *group);
static void write_arrays(struct lapor_intake_store *store,
    struct lapor_pgarray **a, const enum lapor_pg_oid *types, size_t n);
static void write_time(struct lapor_pgarray *a, int64_t ms);
static void write_text(struct lapor_pgarray *a, struct lapor_str str);


/* What is not named here is text. */

static const enum lapor_pg_oid  write_rep_types[REP_COLUMNS] = {
    [REP_CODES] = LAPOR_PG_INT8,
    [REP_OPENED] = LAPOR_PG_BOOL,
    [REP_MOVED] = LAPOR_PG_BOOL,
    [REP_ID] = LAPOR_PG_INT8,
    [REP_REPORTER] = LAPOR_PG_INT8,
    [REP_UNIT] = LAPOR_PG_INT4,
    [REP_VERSION] = LAPOR_PG_INT4,
    [REP_SENSITIVE] = LAPOR_PG_BOOL,
    [REP_ANSWERED] = LAPOR_PG_BOOL,
    [REP_PRANK] = LAPOR_PG_FLOAT8,
    [REP_CONFIDENCE] = LAPOR_PG_FLOAT8,
    [REP_FIRST] = LAPOR_PG_TIMESTAMPTZ,
    [REP_LAST] = LAPOR_PG_TIMESTAMPTZ,
    [REP_CLOSED] = LAPOR_PG_TIMESTAMPTZ,
    [REP_LAT] = LAPOR_PG_FLOAT8,
    [REP_LON] = LAPOR_PG_FLOAT8,
    [REP_EVENTS] = LAPOR_PG_INT4,
    [REP_HEAD] = LAPOR_PG_BYTEA,
    [REP_DRILL] = LAPOR_PG_BOOL,
    [REP_LINKED] = LAPOR_PG_INT8,
    [REP_BURSTS] = LAPOR_PG_INT4,
    [REP_CALLED] = LAPOR_PG_BOOL,
    [REP_ATTENTION] = LAPOR_PG_TIMESTAMPTZ,
    [REP_WITHDRAW] = LAPOR_PG_TIMESTAMPTZ,
    [REP_ALBUM] = LAPOR_PG_TIMESTAMPTZ,
    [EVENT_REPORT] = LAPOR_PG_INT8,
    [EVENT_SEQ] = LAPOR_PG_INT4,
    [EVENT_PREV] = LAPOR_PG_BYTEA,
    [EVENT_HASH] = LAPOR_PG_BYTEA,
    [REPLY_REPORT] = LAPOR_PG_INT8,
    [REPLY_EXPIRES] = LAPOR_PG_TIMESTAMPTZ,
    [REP_PART] = LAPOR_PG_INT2,
    [CODES_PART] = LAPOR_PG_INT2,
    [EVENT_PART] = LAPOR_PG_INT2,
    [REPLY_PART] = LAPOR_PG_INT2
};

static const enum lapor_pg_oid  write_msg_types[MSG_COLUMNS] = {
    [MSG_REPORT] = LAPOR_PG_INT8,
    [MSG_SENT] = LAPOR_PG_TIMESTAMPTZ,
    [MSG_RECEIVED] = LAPOR_PG_TIMESTAMPTZ,
    [MSG_RAW] = LAPOR_PG_INT8,
    [MSG_DAMAGED] = LAPOR_PG_BOOL,
    [FILE_REPORT] = LAPOR_PG_INT8,
    [FILE_CREATED] = LAPOR_PG_TIMESTAMPTZ,
    [MSG_PART] = LAPOR_PG_INT2,
    [FILE_PART] = LAPOR_PG_INT2
};


enum lapor_pg_class
lapor_intake_write(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n)
{
    size_t                i, k, calls;
    PGresult            **results;
    enum lapor_pg_class   class, added;

    added = lapor_pg_pipe_begin(store->pg);
    results = lapor_pool_alloc(store->pool, 3 * n * sizeof(*results));
    calls = 0;

    for (i = 0; i < n && added == LAPOR_PG_OK; i++) {
        added = write_reports(store, &groups[i]);
        calls++;

        if (added == LAPOR_PG_OK) {
            added = write_messages(store, &groups[i]);
            calls++;
        }

        if (added == LAPOR_PG_OK && groups[i].nrenamed > 0) {
            added = write_names(store, &groups[i]);
            calls++;
        }
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    if (class != LAPOR_PG_OK || added != LAPOR_PG_OK) {
        return class != LAPOR_PG_OK ? class : added;
    }

    for (i = 0, k = 0; i < n; i++) {
        store->now.reports += groups[i].talk.opened;
        store->now.reply_tasks += (uint64_t) lapor_pg_get_int(results[k++],
                                                              0, 0);
        store->now.media_tasks += (uint64_t) lapor_pg_get_int(results[k++],
                                                              0, 0);
        k += groups[i].nrenamed > 0;
    }

    for (i = 0; i < calls; i++) {
        PQclear(results[i]);
    }

    return LAPOR_PG_OK;
}


static enum lapor_pg_class
write_reports(struct lapor_intake_store *store,
    const struct lapor_intake_group *group)
{
    size_t                           i;
    unsigned                         part;
    struct lapor_pgarray            *a[REP_COLUMNS];
    struct lapor_pgparams            p;
    const struct lapor_talk_event   *e;
    const struct lapor_talk_reply   *reply;
    const struct lapor_talk_report  *r;

    write_arrays(store, a, write_rep_types, REP_COLUMNS);

    for (part = 0; part < LAPOR_PARTS; part++) {
        if (group->talk.coded[part]) {
            lapor_pgarray_int8(a[REP_CODES], group->talk.codes[part]);
            lapor_pgarray_int2(a[CODES_PART], (int16_t) part);
        }
    }

    for (r = group->talk.changed; r != NULL; r = r->next_changed) {
        write_report(a, r);
        write_report_times(a, r);
    }

    for (e = group->talk.events; e != NULL; e = e->next) {
        write_event(a, e);
    }

    for (reply = group->talk.replies; reply != NULL; reply = reply->next) {
        write_reply(store, a, reply);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_intake_call_part(store, &p, group->slots[0].part);
    lapor_pgparams_time(&p, store->at_ms);

    for (i = 0; i < REP_COLUMNS; i++) {
        lapor_pgparams_array(&p, a[i]);
    }

    return lapor_pg_pipe_add(store->pg, "report_store",
        "SELECT lapor.report_store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
        " $11, $12, $13, $14, $15, $16, $17, $18::real[], $19::real[], $20,"
        " $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33,"
        " $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46,"
        " $47, $48, $49, $50, $51, $52)", &p);
}


static void
write_report(struct lapor_pgarray **a, const struct lapor_talk_report *r)
{
    lapor_pgarray_int2(a[REP_PART], (int16_t) r->part);
    lapor_pgarray_bool(a[REP_OPENED], r->opened);
    lapor_pgarray_bool(a[REP_MOVED], r->moved && !r->opened);
    lapor_pgarray_int8(a[REP_ID], r->report_id);
    lapor_pgarray_int8(a[REP_REPORTER], r->reporter_id);
    lapor_pgarray_int4(a[REP_UNIT], r->unit_id);
    lapor_pgarray_int4(a[REP_VERSION], r->version);
    write_text(a[REP_CODE], r->code);
    write_text(a[REP_NUMBER], r->phone_number_id);
    lapor_pgarray_cstr(a[REP_CATEGORY], r->category);
    lapor_pgarray_cstr(a[REP_URGENCY], r->urgency);
    lapor_pgarray_cstr(a[REP_FUNCTION], r->function);
    lapor_pgarray_cstr(a[REP_STATE], r->state);
    lapor_pgarray_bool(a[REP_SENSITIVE], r->sensitive);
    lapor_pgarray_bool(a[REP_ANSWERED], r->answered);
    lapor_pgarray_float8(a[REP_PRANK], r->prank);
    lapor_pgarray_float8(a[REP_CONFIDENCE], r->confidence);
    lapor_pgarray_cstr(a[REP_ORIGIN], r->origin);
    lapor_pgarray_bool(a[REP_DRILL], r->drill);
    lapor_pgarray_cstr(a[REP_LINK], r->link);

    if (r->linked != NULL) {
        lapor_pgarray_int8(a[REP_LINKED], r->linked->report_id);

    } else {
        lapor_pgarray_null(a[REP_LINKED]);
    }
}


static void
write_report_times(struct lapor_pgarray **a,
    const struct lapor_talk_report *r)
{
    lapor_pgarray_time(a[REP_FIRST], r->first_ms);
    lapor_pgarray_time(a[REP_LAST], r->last_ms);
    write_time(a[REP_CLOSED], r->closed_ms);
    write_time(a[REP_ATTENTION], r->attention_ms);
    write_time(a[REP_WITHDRAW], r->withdraw_ms);
    write_time(a[REP_ALBUM], r->album_ms);

    if (r->pin) {
        lapor_pgarray_float8(a[REP_LAT], r->lat);
        lapor_pgarray_float8(a[REP_LON], r->lon);

    } else {
        lapor_pgarray_null(a[REP_LAT]);
        lapor_pgarray_null(a[REP_LON]);
    }

    lapor_pgarray_int4(a[REP_EVENTS], r->events);
    lapor_pgarray_bytea(a[REP_HEAD], r->head, sizeof(r->head));
    lapor_pgarray_int4(a[REP_BURSTS], r->bursts);
    lapor_pgarray_bool(a[REP_CALLED], r->called);
}


static void
write_event(struct lapor_pgarray **a, const struct lapor_talk_event *e)
{
    lapor_pgarray_int2(a[EVENT_PART], (int16_t) e->part);
    lapor_pgarray_int8(a[EVENT_REPORT], e->report_id);
    lapor_pgarray_int4(a[EVENT_SEQ], e->seq);
    lapor_pgarray_cstr(a[EVENT_KIND], e->kind);
    write_text(a[EVENT_DATA], e->data);
    lapor_pgarray_bytea(a[EVENT_PREV], e->prev, sizeof(e->prev));
    lapor_pgarray_bytea(a[EVENT_HASH], e->hash, sizeof(e->hash));
}


/* To whom wrote, as he wrote: a sender may have several identities, and one of
 * them may be another person's by now. Where the text is missing there is
 * nothing to say. */

static void
write_reply(struct lapor_intake_store *store, struct lapor_pgarray **a,
    const struct lapor_talk_reply *reply)
{
    struct lapor_str                     body;
    const struct lapor_intake_message   *m;
    const struct lapor_intake_identity  *to;

    m = reply->message;
    to = &m->self;
    body = lapor_intake_rules_text(store->rules, store->pool, reply->text,
                                   reply->rule->unit_name,
                                   reply->report->code);

    if (body.data == NULL) {
        return;
    }

    lapor_pgarray_int2(a[REPLY_PART], (int16_t) reply->report->part);
    lapor_pgarray_int8(a[REPLY_REPORT], reply->report->report_id);
    write_text(a[REPLY_OCCASION], reply->occasion);
    lapor_pgarray_time(a[REPLY_EXPIRES], reply->expires_ms);
    write_text(a[REPLY_NUMBER], m->phone_number_id);
    write_text(a[REPLY_TO], to->id);
    lapor_pgarray_cstr(a[REPLY_KIND], to->kind);
    write_text(a[REPLY_BODY], body);
}


static enum lapor_pg_class
write_messages(struct lapor_intake_store *store,
    const struct lapor_intake_group *group)
{
    size_t                  i, bytes;
    struct lapor_pgarray   *a[MSG_COLUMNS];
    struct lapor_pgparams   p;

    write_arrays(store, a, write_msg_types, MSG_COLUMNS);

    for (i = 0, bytes = 0; i < group->n; i++) {
        bytes += group->slots[i].unit->message->detail.len;
    }

    lapor_pgarray_reserve(a[MSG_DETAIL], group->n, bytes);

    for (i = 0; i < group->n; i++) {
        write_message(a, group->slots[i].unit);

        if (group->slots[i].unit->message->media_id.data != NULL) {
            write_file(a, group->slots[i].unit);
        }
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_intake_call_part(store, &p, group->slots[0].part);
    lapor_pgparams_time(&p, store->at_ms);

    for (i = 0; i < MSG_COLUMNS; i++) {
        lapor_pgparams_array(&p, a[i]);
    }

    return lapor_pg_pipe_add(store->pg, "message_store",
        "SELECT lapor.message_store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
        " $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,"
        " $24)", &p);
}


static void
write_message(struct lapor_pgarray **a, const struct lapor_intake_unit *unit)
{
    const struct lapor_intake_message  *m;

    m = unit->message;

    lapor_pgarray_int2(a[MSG_PART], (int16_t) m->report->part);
    lapor_pgarray_int8(a[MSG_REPORT], m->report->report_id);
    lapor_pgarray_time(a[MSG_SENT], m->sent_ms);
    lapor_pgarray_time(a[MSG_RECEIVED], unit->raw->received_ms);
    lapor_pgarray_int8(a[MSG_RAW], unit->raw->raw_id);
    write_text(a[MSG_TYPE], m->type);
    write_text(a[MSG_WAMID], m->wamid);
    write_text(a[MSG_NUMBER], m->phone_number_id);
    write_text(a[MSG_BODY], m->body);
    write_text(a[MSG_MEDIA], m->media_id);
    write_text(a[MSG_DETAIL], m->detail);
    lapor_pgarray_bool(a[MSG_DAMAGED], m->damaged != 0);
}


static void
write_file(struct lapor_pgarray **a, const struct lapor_intake_unit *unit)
{
    const struct lapor_intake_message  *m;

    m = unit->message;

    lapor_pgarray_int2(a[FILE_PART], (int16_t) m->report->part);
    lapor_pgarray_int8(a[FILE_REPORT], m->report->report_id);
    write_text(a[FILE_MEDIA], m->media_id);
    write_text(a[FILE_NUMBER], m->phone_number_id);
    write_text(a[FILE_KIND], m->type);
    write_text(a[FILE_MIME], m->mime_type);
    write_text(a[FILE_NAME], m->filename);
    write_text(a[FILE_SHA256], m->sha256);
    write_text(a[FILE_URL], m->url);
    lapor_pgarray_time(a[FILE_CREATED], unit->raw->received_ms);
}


static enum lapor_pg_class
write_names(struct lapor_intake_store *store,
    const struct lapor_intake_group *group)
{
    size_t                  i;
    struct lapor_pgarray   *id, *name, *username, *at, *part;
    struct lapor_pgparams   p;

    id = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    name = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    username = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    at = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
    part = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);

    for (i = 0; i < group->nrenamed; i++) {
        lapor_pgarray_int8(id, group->renamed[i]->reporter_id);
        write_text(name, group->renamed[i]->name);
        write_text(username, group->renamed[i]->username);
        lapor_pgarray_time(at, group->renamed[i]->named_ms);
        lapor_pgarray_int2(part, (int16_t) group->renamed[i]->part);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_intake_call_part(store, &p, group->slots[0].part);
    lapor_pgparams_array(&p, id);
    lapor_pgparams_array(&p, name);
    lapor_pgparams_array(&p, username);
    lapor_pgparams_array(&p, at);
    lapor_pgparams_array(&p, part);

    return lapor_pg_pipe_add(store->pg, "reporter_name",
        "SELECT lapor.reporter_name($1, $2, $3, $4, $5, $6)", &p);
}


static void
write_arrays(struct lapor_intake_store *store, struct lapor_pgarray **a,
    const enum lapor_pg_oid *types, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        a[i] = lapor_pgarray_new(store->pool,
                                 types[i] == 0 ? LAPOR_PG_TEXT : types[i]);
    }
}


/* 0: there is no such time. */

static void
write_time(struct lapor_pgarray *a, int64_t ms)
{
    if (ms == 0) {
        lapor_pgarray_null(a);

    } else {
        lapor_pgarray_time(a, ms);
    }
}


/* An absent string is NULL. */

static void
write_text(struct lapor_pgarray *a, struct lapor_str str)
{
    lapor_pgarray_text(a, str.data, str.len);
}
