/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What a message makes of the report that it opens or joins.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "intake/talk.h"


/* Meta's customer service window, from the person's last message; an answer
 * that leaves in its last minute may come too late (Cloud API, 6.9). */
#define TALK_WINDOW_MS  INT64_C(86400000)
#define TALK_MARGIN_MS  INT64_C(60000)


static struct lapor_talk_report *talk_open(struct lapor_talk *talk,
    struct lapor_talk_person *person, const struct lapor_intake_message *m,
    const struct lapor_talk_rule *rule,
    const struct lapor_talk_choice *choice);
static void talk_say(struct lapor_talk *talk, struct lapor_talk_report *r,
    const struct lapor_intake_message *m, bool opened);
static bool talk_meant(const struct lapor_talk_report *r,
    const struct lapor_intake_message *m);
static bool talk_raise(struct lapor_talk_report *r,
    const struct lapor_intake_message *m);
static void talk_answer(struct lapor_talk *talk,
    const struct lapor_talk_person *person, struct lapor_talk_report *r,
    const struct lapor_intake_message *m, const struct lapor_talk_rule *rule,
    bool burst);
static void talk_reply(struct lapor_talk *talk,
    const struct lapor_talk_report *r, const struct lapor_intake_message *m,
    const struct lapor_talk_rule *rule, struct lapor_str occasion,
    const char *text);
static void talk_changed(struct lapor_talk *talk,
    struct lapor_talk_report *r);


void
lapor_talk_init(struct lapor_talk *talk, struct lapor_pool *pool,
    int64_t now_ms, const int64_t *ids)
{
    memset(talk, 0, sizeof(*talk));
    talk->pool = pool;
    talk->now_ms = now_ms;
    talk->ids = ids;
    talk->changed_end = &talk->changed;
    talk->events_end = &talk->events;
    talk->replies_end = &talk->replies;
}


void
lapor_talk_hear(struct lapor_talk *talk, struct lapor_talk_person *person,
    struct lapor_intake_message *m, const struct lapor_talk_rule *rule,
    struct lapor_talk_report *about)
{
    bool                       burst;
    struct lapor_talk_report  *r;
    struct lapor_talk_choice   choice;

    choice = lapor_talk_choose(person, m, rule, about);
    r = choice.report;
    burst = false;

    if (r == NULL) {
        r = talk_open(talk, person, m, rule, &choice);

    } else {
        burst = m->at_ms > r->last_ms + rule->burst_ms;
    }

    m->report = r;

    if (m->opens || m->pin || choice.report == NULL) {
        talk_changed(talk, r);
    }

    /* one that opens nothing keeps nothing alive: a thumb up to last week's
     * answer must not draw the next emergency into last week's report */
    if (m->opens) {
        if (m->at_ms < r->first_ms) {
            r->first_ms = m->at_ms;
        }

        if (m->at_ms > r->last_ms) {
            r->last_ms = m->at_ms;
        }
    }

    if (m->media_id.data != NULL && m->at_ms > r->album_ms) {
        r->album_ms = m->at_ms;
    }

    if (m->pin) {
        r->pin = true;
        r->lat = m->lat;
        r->lon = m->lon;
    }

    talk_answer(talk, person, r, m, rule, burst);
    talk_say(talk, r, m, choice.report == NULL);
}


/* What the audit tells of it, and what it changes by that. */

static void
talk_say(struct lapor_talk *talk, struct lapor_talk_report *r,
    const struct lapor_intake_message *m, bool opened)
{
    if (opened) {
        lapor_talk_event(talk, r, "opened", m);
        return;
    }

    if (lapor_talk_ended(r)) {

        /* it never vanishes; once is enough until somebody has looked */
        if ((m->opens || m->worded || m->edits) && r->attention_ms == 0) {
            r->attention_ms = talk->now_ms;
            talk_changed(talk, r);
            lapor_talk_event(talk, r, "written_after_close", m);
        }

        return;
    }

    if (talk_meant(r, m) && r->withdraw_ms == 0) {
        r->withdraw_ms = m->at_ms;
        lapor_talk_event(talk, r, "withdraw_asked", m);
    }

    if (talk_raise(r, m)) {
        talk_changed(talk, r);
        lapor_talk_event(talk, r, "raised", m);
    }
}


/* Is it this report that is withdrawn? One that names another code may have
 * come here as any other message does. */

static bool
talk_meant(const struct lapor_talk_report *r,
    const struct lapor_intake_message *m)
{
    return m->withdraws && (m->withdraw_code.data == NULL
                            || lapor_str_eq(m->withdraw_code, r->code));
}


/* What cannot open a report is kept for a person of whom nothing else is
 * known, as one that is over: no timer, no alarm. An edit is all that we have
 * of what was edited, so it does open one, also where Meta keeps its words. */

static struct lapor_talk_report *
talk_open(struct lapor_talk *talk, struct lapor_talk_person *person,
    const struct lapor_intake_message *m, const struct lapor_talk_rule *rule,
    const struct lapor_talk_choice *choice)
{
    char                       code[LAPOR_CODE_LEN];
    int                        len;
    struct lapor_talk_report  *r;

    r = lapor_pool_alloc(talk->pool, sizeof(*r));
    len = lapor_code_make(person->part, talk->codes[person->part]++, code);
    talk->coded[person->part] = true;

    r->part = person->part;
    r->report_id = *--talk->ids;
    talk->opened++;
    r->reporter_id = person->reporter_id;
    r->unit_id = rule->unit_id;
    r->version = 1;
    r->code.data = lapor_pool_strndup(talk->pool, code, (size_t) len);
    r->code.len = (size_t) len;
    r->phone_number_id = m->phone_number_id;
    r->category = m->category;
    r->urgency = m->urgency;
    r->function = m->function;
    r->state = "new";
    r->origin = person->officer ? "officer" : "citizen";
    r->link = choice->link;
    r->linked = choice->linked;
    r->sensitive = m->sensitive;
    r->drill = m->drill;
    r->prank = m->prank;
    r->confidence = m->confidence;
    r->first_ms = m->at_ms;
    r->last_ms = m->at_ms;
    r->opened = true;

    if (!m->opens && !m->worded && !m->edits) {
        r->state = "info";
        r->closed_ms = talk->now_ms;
    }

    r->next = person->reports;
    person->reports = r;

    return r;
}


/* Nothing said before is taken back: urgency only rises, sensitive stays. */

static bool
talk_raise(struct lapor_talk_report *r, const struct lapor_intake_message *m)
{
    bool  rises;

    if (!lapor_talk_adds(r, m)) {
        return false;
    }

    rises = strcmp(m->urgency, r->urgency) < 0;

    if (!lapor_talk_vague(m->category)
        && (rises || lapor_talk_vague(r->category)))
    {
        r->category = m->category;
        r->function = m->function;
        r->confidence = m->confidence;
    }

    if (rises) {
        r->urgency = m->urgency;
    }

    r->sensitive |= m->sensitive;
    r->version++;
    r->moved = true;

    return true;
}


/* A call has no words, and says that somebody cannot wait. */

bool
lapor_talk_adds(const struct lapor_talk_report *r,
    const struct lapor_intake_message *m)
{
    if (m->confidence <= 0 && !m->call) {
        return false;
    }

    return strcmp(m->urgency, r->urgency) < 0
           || (m->sensitive && !r->sensitive)
           || (!lapor_talk_vague(m->category)
               && lapor_talk_vague(r->category));
}


/* Once a report, by the first message that deserves it while there is time to
 * send it; then for a call; then, where the unit wants it, for the first
 * message of each later burst. */

static void
talk_answer(struct lapor_talk *talk, const struct lapor_talk_person *person,
    struct lapor_talk_report *r, const struct lapor_intake_message *m,
    const struct lapor_talk_rule *rule, bool burst)
{
    int   len;
    char  occasion[32];

    if (!m->answers || person->officer
        || m->at_ms <= talk->now_ms - TALK_WINDOW_MS + TALK_MARGIN_MS)
    {
        return;
    }

    if (!r->answered) {
        r->answered = true;
        r->called = m->call;
        talk_reply(talk, r, m, rule, LAPOR_STR("opening"),
                   m->call ? "reply.call" : "reply.opening");

    } else if (m->call) {
        if (!r->called) {
            r->called = true;
            talk_reply(talk, r, m, rule, LAPOR_STR("call"), "reply.call");
        }

    } else if (burst && rule->answer_every) {
        len = snprintf(occasion, sizeof(occasion), "later:%" PRId32,
                       ++r->bursts);
        talk_reply(talk, r, m, rule,
                   (struct lapor_str) { lapor_pool_strndup(talk->pool,
                                            occasion, (size_t) len),
                                        (size_t) len }, "reply.later");
    }
}


static void
talk_reply(struct lapor_talk *talk, const struct lapor_talk_report *r,
    const struct lapor_intake_message *m, const struct lapor_talk_rule *rule,
    struct lapor_str occasion, const char *text)
{
    struct lapor_talk_reply  *reply;

    reply = lapor_pool_alloc(talk->pool, sizeof(*reply));
    reply->report = r;
    reply->message = m;
    reply->rule = rule;
    reply->occasion = occasion;
    reply->text = text;
    reply->expires_ms = m->at_ms + TALK_WINDOW_MS - TALK_MARGIN_MS;

    *talk->replies_end = reply;
    talk->replies_end = &reply->next;
}


static void
talk_changed(struct lapor_talk *talk, struct lapor_talk_report *r)
{
    if (r->changed) {
        return;
    }

    r->changed = true;
    *talk->changed_end = r;
    talk->changed_end = &r->next_changed;
}


bool
lapor_talk_ended(const struct lapor_talk_report *r)
{
    return r->closed_ms != 0 || strcmp(r->state, "done") == 0;
}


bool
lapor_talk_vague(const char *category)
{
    return strcmp(category, "ambigu") == 0
           || strcmp(category, "bukan_laporan") == 0
           || strcmp(category, "spam_prank") == 0;
}
