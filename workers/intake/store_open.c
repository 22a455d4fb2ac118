/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Before the rules decide: whose numbers were written to, who the senders
 * are, what reports they have, and where quoted messages belong. Then the
 * messages are heard, person by person, in the order in which they were said.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/sender.h"
#include "lib/log.h"


#define OPEN_IDS  1024    /* drawn beyond need, for the next transactions */


/* Columns of lapor.reporter_open's answer. */
enum {
    WHO_IDX, WHO_REPORTER, WHO_NAME, WHO_USERNAME, WHO_OFFICER, WHO_CODES,
    WHO_REPORT, WHO_UNIT, WHO_VERSION, WHO_CODE, WHO_NUMBER, WHO_CATEGORY,
    WHO_URGENCY, WHO_FUNCTION, WHO_STATE, WHO_SENSITIVE, WHO_ANSWERED,
    WHO_PRANK, WHO_CONFIDENCE, WHO_FIRST, WHO_LAST, WHO_CLOSED, WHO_LAT,
    WHO_LON, WHO_EVENTS, WHO_HEAD, WHO_ORIGIN, WHO_DRILL, WHO_BURSTS,
    WHO_CALLED, WHO_ATTENTION, WHO_WITHDRAW, WHO_ALBUM,
    WHO_MADE
};


static enum lapor_pg_class open_numbers(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n);
static enum lapor_pg_class open_call(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n, bool draw,
    PGresult **results, size_t calls);
static enum lapor_pg_class open_who(struct lapor_intake_store *store,
    const struct lapor_intake_group *group);
static enum lapor_pg_class open_about(struct lapor_intake_store *store,
    const struct lapor_intake_group *group);
static size_t open_need(const struct lapor_intake_group *groups, size_t n);
static enum lapor_pg_class open_draw(struct lapor_intake_store *store,
    size_t need);
static void open_drawn(struct lapor_intake_store *store,
    const PGresult *res);
static void open_persons(struct lapor_intake_store *store,
    struct lapor_intake_group *group, const PGresult *res);
static struct lapor_talk_person *open_person(
    struct lapor_intake_store *store, struct lapor_intake_group *group,
    size_t at, const PGresult *res, int row);
static struct lapor_talk_person *open_same(
    const struct lapor_intake_group *group, size_t at, int64_t id);
static void open_report(struct lapor_intake_store *store,
    struct lapor_talk_person *person, const PGresult *res, int row);
static void open_abouts(struct lapor_intake_group *group,
    const PGresult *res);
static void open_hear(struct lapor_intake_store *store,
    struct lapor_intake_group *group);
static struct lapor_talk_report *open_about_which(
    const struct lapor_intake_message *m, struct lapor_intake_slot *before,
    size_t n);
static const struct lapor_talk_rule *open_rule(
    struct lapor_intake_store *store, const struct lapor_intake_message *m);
static int open_compare(const void *one, const void *two);


enum lapor_pg_class
lapor_intake_open(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n, PGresult ***ret_results,
    size_t *ret_nresults)
{
    bool                  draw;
    size_t                i, k, calls;
    PGresult            **results;
    enum lapor_pg_class   class;

    *ret_nresults = 0;
    class = open_numbers(store, groups, n);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    draw = store->nids < open_need(groups, n);
    calls = n + draw;

    for (i = 0; i < n; i++) {
        calls += groups[i].about;
    }

    results = lapor_pool_alloc(store->pool, calls * sizeof(*results));
    class = open_call(store, groups, n, draw, results, calls);

    if (class != LAPOR_PG_OK) {
        return class;
    }

    *ret_results = results;
    *ret_nresults = calls;
    k = 0;

    if (draw) {
        open_drawn(store, results[k++]);
    }

    for (i = 0; i < n; i++) {
        lapor_talk_init(&groups[i].talk, store->pool, store->at_ms,
                        store->ids + store->nids);
        open_persons(store, &groups[i], results[k++]);

        if (groups[i].about) {
            open_abouts(&groups[i], results[k++]);
        }

        open_hear(store, &groups[i]);
        store->nids -= groups[i].talk.opened;
    }

    return LAPOR_PG_OK;
}


/* Numbers that nobody told us of may be new. */

static enum lapor_pg_class
open_numbers(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n)
{
    size_t                     i, k, asks;
    struct lapor_str           number, *numbers;
    struct lapor_intake_slot  *slots;

    numbers = NULL;
    asks = 0;

    for (i = 0; i < n; i++) {
        slots = groups[i].slots;

        for (k = 0; k < groups[i].n; k++) {
            number = slots[k].unit->message->phone_number_id;

            if (lapor_intake_rules_find(store->rules, number) != NULL
                || (asks > 0 && lapor_str_eq(number, numbers[asks - 1])))
            {
                continue;
            }

            if (numbers == NULL) {
                numbers = lapor_pool_alloc(store->pool, open_need(groups, n)
                                           * sizeof(*numbers));
            }

            numbers[asks++] = number;
        }
    }

    if (asks == 0) {
        return LAPOR_PG_OK;
    }

    return lapor_intake_rules_ask(store->rules, store->pg, store->pool,
                                  numbers, asks);
}


static enum lapor_pg_class
open_call(struct lapor_intake_store *store,
    struct lapor_intake_group *groups, size_t n, bool draw,
    PGresult **results, size_t calls)
{
    size_t               i;
    enum lapor_pg_class  class, added;

    added = lapor_pg_pipe_begin(store->pg);

    if (draw && added == LAPOR_PG_OK) {
        added = open_draw(store, open_need(groups, n));
    }

    for (i = 0; i < n && added == LAPOR_PG_OK; i++) {
        added = open_who(store, &groups[i]);

        if (added == LAPOR_PG_OK && groups[i].about) {
            added = open_about(store, &groups[i]);
        }
    }

    class = lapor_pg_pipe_end(store->pg, results, calls, NULL);

    return class == LAPOR_PG_OK ? added : class;
}


static enum lapor_pg_class
open_who(struct lapor_intake_store *store,
    const struct lapor_intake_group *group)
{
    size_t                             i;
    struct lapor_pgarray              *id, *self, *kind, *peer, *name, *user,
                                      *named, *seen, *part;
    struct lapor_pgparams              p;
    const struct lapor_intake_sender  *s;

    id = lapor_pgarray_new(store->pool, LAPOR_PG_INT8);
    self = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    kind = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    peer = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    name = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    user = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    named = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
    seen = lapor_pgarray_new(store->pool, LAPOR_PG_TIMESTAMPTZ);
    part = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);

    for (i = 0; i < group->nsenders; i++) {
        s = group->senders[i];

        if (s->known) {
            lapor_pgarray_int8(id, s->reporter_id);

        } else {
            lapor_pgarray_null(id);
        }

        lapor_pgarray_text(self, s->self->id.data, s->self->id.len);
        lapor_pgarray_cstr(kind, s->self->kind);
        lapor_pgarray_text(peer, s->peer->id.data, s->peer->id.len);
        lapor_pgarray_text(name, s->name.data, s->name.len);
        lapor_pgarray_text(user, s->username.data, s->username.len);
        lapor_pgarray_time(named, s->named_ms);
        lapor_pgarray_time(seen, s->seen_ms);
        lapor_pgarray_int2(part, (int16_t) s->part);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_intake_call_part(store, &p, group->slots[0].part);
    lapor_pgparams_array(&p, id);
    lapor_pgparams_array(&p, self);
    lapor_pgparams_array(&p, kind);
    lapor_pgparams_array(&p, peer);
    lapor_pgparams_array(&p, name);
    lapor_pgparams_array(&p, user);
    lapor_pgparams_array(&p, named);
    lapor_pgparams_array(&p, seen);
    lapor_pgparams_array(&p, part);

    return lapor_pg_pipe_add(store->pg, "reporter_open",
        "SELECT * FROM lapor.reporter_open($1, $2, $3, $4, $5, $6, $7, $8,"
        " $9, $10)", &p);
}


static enum lapor_pg_class
open_about(struct lapor_intake_store *store,
    const struct lapor_intake_group *group)
{
    size_t                              i;
    struct lapor_pgarray               *wamid, *part;
    struct lapor_pgparams               p;
    const struct lapor_intake_message  *m;

    wamid = lapor_pgarray_new(store->pool, LAPOR_PG_TEXT);
    part = lapor_pgarray_new(store->pool, LAPOR_PG_INT2);

    for (i = 0; i < group->n; i++) {
        m = group->slots[i].unit->message;
        lapor_pgarray_text(wamid, m->about.data, m->about.len);
        lapor_pgarray_int2(part, (int16_t) group->slots[i].part);
    }

    lapor_pgparams_init(&p, store->pool);
    lapor_intake_call_part(store, &p, group->slots[0].part);
    lapor_pgparams_array(&p, wamid);
    lapor_pgparams_array(&p, part);

    return lapor_pg_pipe_add(store->pg, "message_find",
        "SELECT idx, report_id FROM lapor.message_find($1, $2, $3)", &p);
}


/* The first one told: a wamid stands for one message, unless Meta gave it two
 * times. */

static void
open_abouts(struct lapor_intake_group *group, const PGresult *res)
{
    int                           row;
    size_t                        i;
    struct lapor_intake_message  *m;

    for (i = 0; i < group->n; i++) {
        group->slots[i].unit->message->about_report = 0;
    }

    for (row = 0; row < PQntuples(res); row++) {
        m = group->slots[lapor_pg_get_int(res, row, 0) - 1].unit->message;

        if (m->about_report == 0) {
            m->about_report = lapor_pg_get_int(res, row, 1);
        }
    }
}


/* A message opens one report at most. */

static size_t
open_need(const struct lapor_intake_group *groups, size_t n)
{
    size_t  i, need;

    need = 0;

    for (i = 0; i < n; i++) {
        need += groups[i].n;
    }

    return need;
}


static enum lapor_pg_class
open_draw(struct lapor_intake_store *store, size_t need)
{
    struct lapor_pgparams  p;

    lapor_pgparams_init(&p, store->pool);
    lapor_pgparams_int4(&p, (int32_t) (need - store->nids + OPEN_IDS));

    return lapor_pg_pipe_add(store->pg, "id_draw",
                             "SELECT lapor.id_draw($1)", &p);
}


static void
open_drawn(struct lapor_intake_store *store, const PGresult *res)
{
    int  row;

    store->ids = realloc(store->ids,
                         (store->nids + (size_t) PQntuples(res))
                         * sizeof(*store->ids));

    if (store->ids == NULL) {
        lapor_fatal_memory();
    }

    for (row = 0; row < PQntuples(res); row++) {
        store->ids[store->nids++] = lapor_pg_get_int(res, row, 0);
    }
}


static void
open_persons(struct lapor_intake_store *store,
    struct lapor_intake_group *group, const PGresult *res)
{
    int                          row;
    size_t                       at;
    struct lapor_intake_sender  *sender;

    group->renamed = lapor_pool_alloc(store->pool, group->nsenders
                                                * sizeof(*group->renamed));

    for (row = 0; row < PQntuples(res); row++) {
        at = (size_t) lapor_pg_get_int(res, row, WHO_IDX) - 1;
        sender = group->senders[at];
        group->talk.codes[sender->part] = lapor_pg_get_int(res, row,
                                                           WHO_CODES);

        if (sender->person == NULL) {
            sender->person = open_person(store, group, at, res, row);
        }

        if (!lapor_pg_get_null(res, row, WHO_REPORT)) {
            open_report(store, sender->person, res, row);
        }
    }
}


static struct lapor_talk_person *
open_person(struct lapor_intake_store *store,
    struct lapor_intake_group *group, size_t at, const PGresult *res, int row)
{
    int64_t                      id;
    struct lapor_str             name, username;
    struct lapor_talk_person    *person;
    struct lapor_intake_sender  *sender;

    sender = group->senders[at];
    id = lapor_pg_get_int(res, row, WHO_REPORTER);
    person = sender->known ? NULL : open_same(group, at, id);

    if (person == NULL) {
        person = lapor_pool_alloc(store->pool, sizeof(*person));
        person->part = sender->part;
        person->reporter_id = id;
    }

    person->officer |= lapor_pg_get_bool(res, row, WHO_OFFICER);
    sender->reporter_id = id;
    sender->made = lapor_pg_get_bool(res, row, WHO_MADE);

    name = lapor_pg_get_str(res, row, WHO_NAME);
    username = lapor_pg_get_str(res, row, WHO_USERNAME);
    sender->named |= sender->username.data != NULL
                     && !lapor_str_eq(sender->username, username);

    if ((sender->name.data != NULL && !lapor_str_eq(sender->name, name))
        || (sender->username.data != NULL
            && !lapor_str_eq(sender->username, username)))
    {
        group->renamed[group->nrenamed++] = sender;
    }

    return person;
}


/* One who was new, and in another batch a moment ago, may stand here twice:
 * by his reporter and by an identity, both of his home part. */

static struct lapor_talk_person *
open_same(const struct lapor_intake_group *group, size_t at, int64_t id)
{
    size_t                       i;
    unsigned                     part;
    struct lapor_intake_sender  *other;

    part = group->senders[at]->part;

    for (i = at; i > 0 && group->senders[i - 1]->part == part; i--) {
        /* void */
    }

    for ( /* void */ ; i < group->nsenders; i++) {
        other = group->senders[i];

        if (other->part != part) {
            break;
        }

        if (other->person != NULL && other->person->reporter_id == id) {
            return other->person;
        }
    }

    return NULL;
}


static void
open_report(struct lapor_intake_store *store,
    struct lapor_talk_person *person, const PGresult *res, int row)
{
    int64_t                    id;
    struct lapor_str           head;
    struct lapor_talk_report  *r;

    id = lapor_pg_get_int(res, row, WHO_REPORT);

    for (r = person->reports; r != NULL; r = r->next) {
        if (r->report_id == id) {
            return;
        }
    }

    r = lapor_pool_alloc(store->pool, sizeof(*r));
    r->part = person->part;
    r->report_id = id;
    r->reporter_id = person->reporter_id;
    r->unit_id = (int32_t) lapor_pg_get_int(res, row, WHO_UNIT);
    r->version = (int32_t) lapor_pg_get_int(res, row, WHO_VERSION);
    r->code = lapor_pg_get_str(res, row, WHO_CODE);
    r->phone_number_id = lapor_pg_get_str(res, row, WHO_NUMBER);
    r->category = lapor_pg_get_str(res, row, WHO_CATEGORY).data;
    r->urgency = lapor_pg_get_str(res, row, WHO_URGENCY).data;
    r->function = lapor_pg_get_str(res, row, WHO_FUNCTION).data;
    r->state = lapor_pg_get_str(res, row, WHO_STATE).data;
    r->origin = lapor_pg_get_str(res, row, WHO_ORIGIN).data;
    r->sensitive = lapor_pg_get_bool(res, row, WHO_SENSITIVE);
    r->answered = lapor_pg_get_bool(res, row, WHO_ANSWERED);
    r->called = lapor_pg_get_bool(res, row, WHO_CALLED);
    r->drill = lapor_pg_get_bool(res, row, WHO_DRILL);
    r->pin = !lapor_pg_get_null(res, row, WHO_LAT);
    r->lat = lapor_pg_get_float(res, row, WHO_LAT);
    r->lon = lapor_pg_get_float(res, row, WHO_LON);
    r->prank = lapor_pg_get_float(res, row, WHO_PRANK);
    r->confidence = lapor_pg_get_float(res, row, WHO_CONFIDENCE);
    r->first_ms = lapor_pg_get_time(res, row, WHO_FIRST);
    r->last_ms = lapor_pg_get_time(res, row, WHO_LAST);
    r->closed_ms = lapor_pg_get_time(res, row, WHO_CLOSED);
    r->attention_ms = lapor_pg_get_time(res, row, WHO_ATTENTION);
    r->withdraw_ms = lapor_pg_get_time(res, row, WHO_WITHDRAW);
    r->album_ms = lapor_pg_get_time(res, row, WHO_ALBUM);
    r->bursts = (int32_t) lapor_pg_get_int(res, row, WHO_BURSTS);
    r->events = (int32_t) lapor_pg_get_int(res, row, WHO_EVENTS);

    head = lapor_pg_get_str(res, row, WHO_HEAD);
    memcpy(r->head, head.data, sizeof(r->head));

    r->next = person->reports;
    person->reports = r;
}


static void
open_hear(struct lapor_intake_store *store, struct lapor_intake_group *group)
{
    size_t                        i, from;
    struct lapor_intake_slot     *slots;
    struct lapor_intake_message  *m;

    slots = lapor_pool_memdup(store->pool, group->slots,
                              group->n * sizeof(*slots));
    qsort(slots, group->n, sizeof(*slots), open_compare);
    from = 0;

    for (i = 0; i < group->n; i++) {
        m = slots[i].unit->message;
        m->reporter_id = m->sender->reporter_id;

        if (m->reporter_id != slots[from].unit->message->reporter_id) {
            from = i;
        }

        lapor_talk_hear(&group->talk, m->sender->person, m,
                        open_rule(store, m),
                        open_about_which(m, slots + from, i - from));
    }
}


/* The report of the message that this one is about, which may have come a
 * moment before. */

static struct lapor_talk_report *
open_about_which(const struct lapor_intake_message *m,
    struct lapor_intake_slot *before, size_t n)
{
    size_t                     i;
    struct lapor_talk_report  *r;

    if (m->about.data == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        if (lapor_str_eq(before[i].unit->message->wamid, m->about)) {
            return before[i].unit->message->report;
        }
    }

    for (r = m->sender->person->reports; r != NULL; r = r->next) {
        if (r->report_id == m->about_report) {
            return r;
        }
    }

    return NULL;
}


static const struct lapor_talk_rule *
open_rule(struct lapor_intake_store *store,
    const struct lapor_intake_message *m)
{
    struct lapor_intake_alert      alert;
    const struct lapor_talk_rule  *rule;

    rule = lapor_intake_rules_find(store->rules, m->phone_number_id);

    if (rule != NULL) {
        return rule;
    }

    memset(&alert, 0, sizeof(alert));
    alert.mode = LAPOR_INTAKE_ALERT_OFTEN;
    alert.severity = LAPOR_INTAKE_WARNING;
    alert.kind = "number_unregistered";
    alert.subject = m->phone_number_id;
    lapor_intake_alert_add(&store->alerts, store->pool, &alert);

    return lapor_intake_rules_headquarters(store->rules);
}


/* By person, by the time at which it was said, by the order of coming. */

static int
open_compare(const void *one, const void *two)
{
    const struct lapor_intake_slot  *a, *b;
    int64_t                          x, y;

    a = one;
    b = two;
    x = a->unit->message->sender->reporter_id;
    y = b->unit->message->sender->reporter_id;

    if (x == y) {
        x = a->unit->message->at_ms;
        y = b->unit->message->at_ms;
    }

    if (x != y) {
        return x < y ? -1 : 1;
    }

    return a->unit < b->unit ? -1 : a->unit > b->unit;
}
