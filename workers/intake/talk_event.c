/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The links of the audit chain. The hash is lapor.event_hash's, over the data
 * as jsonb prints it: shorter names first, then by their bytes, one blank
 * behind each colon and comma. Names and values here are ASCII, so that is
 * all there is to it; lapor.event_check reads the stored row and would find a
 * difference.
 */

#include <string.h>

#include "intake/talk.h"
#include "lib/buf.h"


#define EVENT_ACTOR  "lapor-intake"
#define EVENT_USUAL  512    /* bytes, of most */


static void event_data(struct lapor_buf *buf,
    const struct lapor_talk_report *r, const struct lapor_intake_message *m);
static void event_name(struct lapor_buf *buf, const char *name);
static void event_text(struct lapor_buf *buf, const char *name,
    const char *text);
static void event_flag(struct lapor_buf *buf, const char *name, bool flag);


void
lapor_talk_event(struct lapor_talk *talk, struct lapor_talk_report *r,
    const char *kind, const struct lapor_intake_message *m)
{
    struct lapor_buf          buf;
    struct lapor_talk_event  *e;

    e = lapor_pool_alloc(talk->pool, sizeof(*e));
    e->part = r->part;
    e->report_id = r->report_id;
    e->seq = ++r->events;
    e->kind = kind;
    memcpy(e->prev, r->head, sizeof(e->prev));

    lapor_buf_init(&buf);
    lapor_buf_reserve(&buf, EVENT_USUAL);
    event_data(&buf, r, m);
    e->data = lapor_pool_str(talk->pool, lapor_buf_view(&buf));

    lapor_buf_reset(&buf);
    lapor_buf_add(&buf, e->prev, sizeof(e->prev));
    lapor_buf_int(&buf, r->report_id);
    lapor_buf_addc(&buf, '\n');
    lapor_buf_int(&buf, e->seq);
    lapor_buf_addc(&buf, '\n');
    lapor_buf_int(&buf, talk->now_ms * 1000);
    lapor_buf_addc(&buf, '\n');
    lapor_buf_addz(&buf, kind);
    lapor_buf_addz(&buf, "\n" EVENT_ACTOR "\n");
    lapor_buf_adds(&buf, e->data);
    lapor_buf_addc(&buf, '\n');
    lapor_sha256(buf.data, buf.len, e->hash);
    lapor_buf_free(&buf);

    memcpy(r->head, e->hash, sizeof(r->head));

    *talk->events_end = e;
    talk->events_end = &e->next;
}


static void
event_data(struct lapor_buf *buf, const struct lapor_talk_report *r,
    const struct lapor_intake_message *m)
{
    lapor_buf_addc(buf, '{');

    if (r->opened && r->link != NULL) {
        event_text(buf, "link", r->link);
    }

    if (r->drill) {
        event_flag(buf, "drill", true);
    }

    event_text(buf, "state", r->state);
    event_name(buf, "wamid");
    lapor_buf_json(buf, m->wamid);

    if (strcmp(r->origin, "citizen") != 0) {
        event_text(buf, "origin", r->origin);
    }

    event_name(buf, "unit_id");
    lapor_buf_int(buf, r->unit_id);
    event_text(buf, "urgency", r->urgency);
    event_flag(buf, "answered", r->answered);
    event_text(buf, "category", r->category);
    event_text(buf, "function", r->function);

    if (r->opened && r->linked != NULL) {
        event_name(buf, "link_code");
        lapor_buf_json(buf, r->linked->code);
    }

    event_flag(buf, "sensitive", r->sensitive);
    lapor_buf_addc(buf, '}');
}


static void
event_name(struct lapor_buf *buf, const char *name)
{
    if (buf->len > 1) {
        lapor_buf_addz(buf, ", ");
    }

    lapor_buf_addc(buf, '"');
    lapor_buf_addz(buf, name);
    lapor_buf_addz(buf, "\": ");
}


/* A code of ours: nothing in it to escape. */

static void
event_text(struct lapor_buf *buf, const char *name, const char *text)
{
    event_name(buf, name);
    lapor_buf_addc(buf, '"');
    lapor_buf_addz(buf, text);
    lapor_buf_addc(buf, '"');
}


static void
event_flag(struct lapor_buf *buf, const char *name, bool flag)
{
    event_name(buf, name);
    lapor_buf_addz(buf, flag ? "true" : "false");
}
