/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * One person who talks: what he says, in order, and what becomes of it. The
 * file that includes this has included the files under test.
 */

#ifndef T_UNIT_TALK_H
#define T_UNIT_TALK_H

#define HERE    LAPOR_STR("1110")
#define THERE   LAPOR_STR("2220")
#define MINUTE  INT64_C(60000)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define NOW     INT64_C(1763000000000)


static void start(void);
static struct lapor_intake_message *message(int64_t at);
static struct lapor_intake_message *words(int64_t at, const char *category,
    const char *urgency, const char *function);
static struct lapor_talk_report *hear(struct lapor_intake_message *m);
static struct lapor_talk_report *close_report(struct lapor_talk_report *r,
    int64_t at);
static const char *events(const struct lapor_talk_report *r);
static size_t replies(const struct lapor_talk_report *r, const char *text);


static struct lapor_pool         *pool;
static struct lapor_talk          talk;
static struct lapor_talk_person   person;
static struct lapor_talk_rule     rule;
static struct lapor_talk_report  *about;
static int64_t                    ids[64];


/* A person of whom nothing is known, and the rules of headquarters. */

static void
start(void)
{
    size_t  i;

    lapor_pool_reset(pool);
    memset(&person, 0, sizeof(person));
    memset(&rule, 0, sizeof(rule));
    person.part = 9;
    person.reporter_id = 7;
    rule.unit_id = 3;
    rule.join_ms = DAY;
    rule.reopen_ms = 7 * DAY;
    rule.burst_ms = 5 * MINUTE;
    rule.second_topic = true;
    rule.topic_confidence = 0.7;
    about = NULL;

    for (i = 0; i < 64; i++) {
        ids[i] = (int64_t) (1000 - i);
    }

    lapor_talk_init(&talk, pool, NOW, ids + 64);
}


/* A photo, so many ms after NOW. */

static struct lapor_intake_message *
message(int64_t at)
{
    struct lapor_intake_message  *m;

    m = lapor_pool_alloc(pool, sizeof(*m));
    m->wamid = LAPOR_STR("wamid.A");
    m->phone_number_id = HERE;
    m->at_ms = NOW + at;
    m->category = "ambigu";
    m->urgency = "P2";
    m->function = "operator";
    m->opens = true;
    m->answers = true;

    return m;
}


static struct lapor_intake_message *
words(int64_t at, const char *category, const char *urgency,
    const char *function)
{
    struct lapor_intake_message  *m;

    m = message(at);
    m->worded = true;
    m->category = category;
    m->urgency = urgency;
    m->function = function;
    m->confidence = 0.9;
    m->trivial = strcmp(category, "bukan_laporan") == 0;

    return m;
}


static struct lapor_talk_report *
hear(struct lapor_intake_message *m)
{
    lapor_talk_hear(&talk, &person, m, &rule, about);

    return m->report;
}


static struct lapor_talk_report *
close_report(struct lapor_talk_report *r, int64_t at)
{
    r->state = "closed";
    r->closed_ms = NOW + at;

    return r;
}


/* The kinds of a report's events, in their order. */

static const char *
events(const struct lapor_talk_report *r)
{
    struct lapor_buf                buf;
    struct lapor_str                text;
    const struct lapor_talk_event  *e;

    lapor_buf_init(&buf);

    for (e = talk.events; e != NULL; e = e->next) {
        if (e->report_id == r->report_id) {
            lapor_buf_printf(&buf, "%s%s", buf.len > 0 ? " " : "", e->kind);
        }
    }

    text = lapor_pool_str(pool, lapor_buf_view(&buf));
    lapor_buf_free(&buf);

    return text.data;
}


static size_t
replies(const struct lapor_talk_report *r, const char *text)
{
    size_t                          n;
    const struct lapor_talk_reply  *reply;

    n = 0;

    for (reply = talk.replies; reply != NULL; reply = reply->next) {
        n += reply->report == r && strcmp(reply->text, text) == 0;
    }

    return n;
}

#endif
