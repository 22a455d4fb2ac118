/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The rules of conversation, each by what it makes of a few messages. The
 * files under test are part of a program, so they are included.
 */

#include "t/unit/tap.h"

#include "intake/code.c"
#include "intake/talk.c"
#include "intake/talk_choose.c"
#include "intake/talk_event.c"

#include "t/unit/talk.h"


static void test_joins(void);
static void test_raises(void);
static void test_closed(void);
static void test_topics(void);
static void test_album(void);
static void test_elsewhere(void);
static void test_withdraw(void);
static void test_officer(void);
static void test_drill(void);
static void test_call(void);
static void test_answers(void);
static void test_bursts(void);
static void test_chain(void);
static struct lapor_intake_message *photo(int64_t at);
static struct lapor_intake_message *batal(int64_t at);


int
main(void)
{
    pool = lapor_pool_create(65536);

    test_joins();
    test_raises();
    test_closed();
    test_topics();
    test_album();
    test_elsewhere();
    test_withdraw();
    test_officer();
    test_drill();
    test_call();
    test_answers();
    test_bursts();
    test_chain();

    lapor_pool_destroy(pool);

    return tap_done();
}


static struct lapor_intake_message *
photo(int64_t at)
{
    struct lapor_intake_message  *m;

    m = message(at);
    m->media_id = LAPOR_STR("99");

    return m;
}


static struct lapor_intake_message *
batal(int64_t at)
{
    struct lapor_intake_message  *m;

    m = words(at, "bukan_laporan", "P4", "operator");
    m->withdraws = true;

    return m;
}


static void
test_joins(void)
{
    int                        i;
    struct lapor_talk_report  *r;

    start();
    r = hear(message(0));
    is_str(r->state, "new", "the first message opens a report");
    is(r->unit_id, 3, "of the unit whose number it is");
    is(r->report_id, 937, "its id is the last of the fresh ones");
    ok(hear(message(MINUTE)) == r, "a minute later joins");
    ok(hear(message(MINUTE + DAY)) == r, "a day after the last one joins");
    ok(hear(message(-DAY)) == r, "a day before the first one joins");
    is(r->first_ms, NOW - DAY, "it began when the first thing was said");
    is(r->last_ms, NOW + MINUTE + DAY, "its end is the last thing said");
    ok(hear(message(MINUTE + 2 * DAY + 1)) != r, "a day and a ms opens");
    is(talk.opened, 2, "two reports");

    start();
    r = hear(message(0));

    for (i = 1; i < 30; i++) {
        ok(hear(message(i)) == r, "photo %d of an album", i);
    }

    is(talk.opened, 1, "an album is one report");
    is_str(events(r), "opened", "and one event");
    is(replies(r, "reply.opening"), 1, "answered once");

    start();
    rule.join_ms = HOUR;
    r = hear(message(0));
    ok(hear(message(HOUR + 1)) != r, "a shorter window of the unit");
}


static void
test_raises(void)
{
    struct lapor_talk_report     *r;
    struct lapor_intake_message  *m;

    start();
    r = hear(message(0));
    hear(words(1, "kebakaran", "P1", "samapta"));
    is_str(r->category, "kebakaran", "words say what it is");
    is_str(r->urgency, "P1", "and how urgent");
    is(r->version, 2, "a new version");
    hear(words(2, "kebakaran", "P3", "samapta"));
    hear(message(3));
    is_str(r->urgency, "P1", "nothing lowers it");
    m = words(4, "kebakaran", "P3", "samapta");
    m->sensitive = true;
    hear(m);
    ok(r->sensitive, "sensitive is for good");
    is_str(events(r), "opened raised raised", "each is told");
}


static void
test_closed(void)
{
    struct lapor_talk_report  *r, *next;

    start();
    r = close_report(hear(message(0)), HOUR);
    ok(hear(words(2 * HOUR, "bukan_laporan", "P4", "operator")) == r,
       "thanks join the closed report");
    is(r->attention_ms, NOW, "which asks somebody to look");
    hear(words(2 * HOUR + 1, "bukan_laporan", "P4", "operator"));
    is_str(events(r), "opened written_after_close",
           "told once until somebody has looked");
    next = hear(words(3 * HOUR, "ambigu", "P3", "operator"));
    ok(next != r, "anything else opens a report");
    is_str(next->link, "follows", "linked to it");
    ok(next->linked == r, "to that one");
    is(replies(next, "reply.opening"), 1, "and answered");
    ok(hear(message(4 * HOUR)) == next, "what comes then joins the new one");

    start();
    r = close_report(hear(message(0)), HOUR);
    next = hear(message(HOUR + 7 * DAY + 1));
    ok(next != r && next->link == NULL, "after a week it stands alone");

    start();
    r = hear(message(0));
    r->state = "done";
    next = hear(message(MINUTE));
    ok(next != r, "done is an end, too");
    is_str(next->link, "follows", "likewise linked");

    start();
    rule.reopen_ms = 0;
    r = close_report(hear(message(0)), HOUR);
    ok(hear(words(2 * HOUR, "bukan_laporan", "P4", "operator")) != r,
       "a unit may want no such time");
}


static void
test_topics(void)
{
    struct lapor_talk_report     *fire, *theft;
    struct lapor_intake_message  *m;

    start();
    fire = hear(words(0, "kebakaran", "P1", "samapta"));
    theft = hear(words(MINUTE, "pencurian", "P3", "reskrim"));
    ok(theft != fire, "a second topic opens a second report");
    is_str(theft->link, "second_topic", "linked");
    ok(theft->linked == fire, "to the first");
    ok(hear(message(2 * MINUTE)) == theft,
       "what has no words joins the one last written to");
    ok(hear(words(3 * MINUTE, "kebakaran", "P1", "samapta")) == fire,
       "words about the first join the first");
    ok(hear(words(4 * MINUTE, "ambigu", "P3", "operator")) == fire,
       "vague ones the one last written to");
    ok(hear(words(5 * MINUTE, "curas", "P1", "reskrim")) == theft,
       "another category of the same function is no third");
    about = fire;
    ok(hear(words(6 * MINUTE, "narkoba", "P3", "resnarkoba")) == fire,
       "a quoted reply joins what it quotes");

    start();
    fire = hear(words(0, "kebakaran", "P1", "samapta"));
    m = words(1, "pencurian", "P3", "reskrim");
    m->confidence = 0.6;
    ok(hear(m) == fire, "not if we are not sure");
    rule.second_topic = false;
    ok(hear(words(2, "pencurian", "P3", "reskrim")) == fire,
       "nor if the unit does not want it");

    start();
    fire = hear(message(0));
    ok(hear(words(1, "pencurian", "P3", "reskrim")) == fire,
       "the first that says what it is, says it of the open report");
}


/* Photos come in any order, late ones after what was written later. */

static void
test_album(void)
{
    struct lapor_talk_report     *fire, *theft;
    struct lapor_intake_message  *m;

    start();
    fire = hear(words(0, "kebakaran", "P1", "samapta"));
    theft = hear(words(MINUTE, "pencurian", "P3", "reskrim"));
    ok(hear(photo(2 * MINUTE)) == theft, "an album joins as one photo does");
    hear(words(2 * MINUTE + 1000, "kebakaran", "P1", "samapta"));
    ok(hear(photo(2 * MINUTE)) == theft,
       "its late photos too, whatever was written last");
    m = photo(2 * MINUTE + 2000);
    m->worded = true;
    m->category = "narkoba";
    m->function = "resnarkoba";
    m->confidence = 0.9;
    ok(hear(m) == theft, "and one whose caption is about a third thing");
    hear(words(2 * MINUTE + 3000, "kebakaran", "P1", "samapta"));
    ok(hear(photo(3 * MINUTE)) == fire,
       "a photo of another minute is of another album");

    start();
    fire = hear(photo(2 * MINUTE));
    theft = hear(words(MINUTE, "pencurian", "P3", "reskrim"));
    ok(theft == fire, "what was said before the first photo joins it");
    theft = hear(words(2 * MINUTE + 1000, "kebakaran", "P1", "samapta"));
    ok(theft != fire, "a second topic in between");
    ok(hear(photo(2 * MINUTE)) == fire, "takes no photo away");
}


static void
test_elsewhere(void)
{
    struct lapor_talk_report     *here, *there;
    struct lapor_intake_message  *m;

    start();
    here = hear(message(0));
    m = message(MINUTE);
    m->phone_number_id = THERE;
    there = hear(m);
    ok(there != here, "another unit's number opens there");
    is_str(there->link, "elsewhere", "linked");
    ok(there->linked == here, "to the open one");
    ok(hear(message(2 * MINUTE)) == here, "each goes on by itself");

    start();
    close_report(hear(message(0)), 1);
    m = message(MINUTE);
    m->phone_number_id = THERE;
    ok(hear(m)->link == NULL, "what is over elsewhere is no reason");
}


static void
test_withdraw(void)
{
    struct lapor_talk_report     *r, *there;
    struct lapor_intake_message  *m;

    start();
    r = hear(words(0, "kebakaran", "P1", "samapta"));
    m = batal(MINUTE);
    ok(hear(m) == r, "BATAL joins the open report");
    is(r->withdraw_ms, NOW + MINUTE, "which knows when");
    is_str(r->state, "new", "and stays open");
    m = batal(2 * MINUTE);
    hear(m);
    is_str(events(r), "opened withdraw_asked", "asked twice, told once");

    m = message(3 * MINUTE);
    m->phone_number_id = THERE;
    there = hear(m);
    m = batal(4 * MINUTE);
    m->phone_number_id = THERE;
    m->withdraw_code = r->code;
    ok(hear(m) == r, "with a code it is that report's");
    is(there->withdraw_ms, 0, "and no other's");
    is(talk.opened, 2, "nothing is opened");

    start();
    there = close_report(hear(message(0)), MINUTE);
    r = hear(words(HOUR, "kebakaran", "P1", "samapta"));
    m = batal(2 * HOUR);
    m->withdraw_code = there->code;
    about = r;
    ok(hear(m) == there, "with the code of one that is over, too");
    is(r->withdraw_ms, 0, "not the open one, though it quotes that");
    is(there->withdraw_ms, 0, "what is over is not withdrawn");
    is(there->attention_ms, NOW, "but somebody is to look");
    about = NULL;
    m = batal(3 * HOUR);
    m->withdraw_code = LAPOR_STR("K-2222-2");
    ok(hear(m) == r, "one that names a stranger's report joins");
    is(r->withdraw_ms, 0, "and withdraws none of his");

    start();
    m = batal(0);
    r = hear(m);
    is(r->withdraw_ms, 0, "with nothing to withdraw it is a greeting");
    is_str(r->urgency, "P4", "that alarms nobody");
}


static void
test_officer(void)
{
    struct lapor_talk_report  *r;

    start();
    person.officer = true;
    r = hear(words(0, "kebakaran", "P1", "samapta"));
    is_str(r->origin, "officer", "an officer's report is one");
    is(replies(r, "reply.opening"), 0, "the machine does not answer him");
    ok(hear(message(1)) == r, "what follows joins it");
    person.officer = false;
    ok(hear(message(2)) != r, "a citizen's never does");
}


static void
test_drill(void)
{
    struct lapor_talk_report     *real, *drill;
    struct lapor_intake_message  *m;

    start();
    real = hear(words(0, "kebakaran", "P1", "samapta"));
    m = words(1, "kebakaran", "P1", "samapta");
    m->drill = true;
    drill = hear(m);
    ok(drill != real && drill->drill, "a drill opens a report of its own");
    is_str(drill->urgency, "P1", "as urgent as what it plays");
    is(replies(drill, "reply.opening"), 1, "and answered");
    close_report(real, 1);
    ok(hear(message(2)) == drill, "a photo joins the drill");
    ok(hear(words(3, "ambigu", "P3", "operator")) == drill,
       "so do vague words");
    real = hear(words(4, "kebakaran", "P1", "samapta"));
    ok(!real->drill, "a fire during a drill is a fire");
}


static void
test_call(void)
{
    struct lapor_talk_report     *r;
    struct lapor_intake_message  *m;

    start();
    m = message(0);
    m->call = true;
    r = hear(m);
    is_str(r->urgency, "P2", "a call opens a report");
    is(replies(r, "reply.call"), 1, "and is answered as a call");
    is(replies(r, "reply.opening"), 0, "by no other text");
    m = message(1);
    m->call = true;
    ok(hear(m) == r, "its end joins");
    is(replies(r, "reply.call"), 1, "answered once");

    start();
    r = hear(words(0, "layanan", "P4", "pamapta"));
    m = message(1);
    m->call = true;
    hear(m);
    is(replies(r, "reply.call"), 1, "a call in an answered report, too");
    is_str(r->urgency, "P2", "who calls cannot wait");
    is_str(r->category, "layanan", "but has not said why");
}


static void
test_answers(void)
{
    struct lapor_talk_report     *r;
    struct lapor_intake_message  *m;

    start();
    r = hear(message(-DAY + MINUTE));
    is(replies(r, "reply.opening"), 0, "no answer is born too late");
    hear(message(-DAY + MINUTE + 1));
    is(replies(r, "reply.opening"), 1, "the next message gets it");
    is(talk.replies->expires_ms, NOW + 1, "while there is time");

    start();
    m = message(0);
    m->answers = false;
    r = hear(m);
    is(replies(r, "reply.opening"), 0, "one that deserves none");
    hear(message(1));
    is(replies(r, "reply.opening"), 1, "a later one does");
}


static void
test_bursts(void)
{
    struct lapor_talk_report  *r;

    start();
    r = hear(message(0));
    hear(message(HOUR));
    is(replies(r, "reply.later"), 0, "one answer a report");

    start();
    rule.answer_every = true;
    r = hear(message(0));
    hear(message(4 * MINUTE));
    is(replies(r, "reply.later"), 0, "the same burst");
    hear(message(10 * MINUTE));
    hear(message(11 * MINUTE));
    is(replies(r, "reply.later"), 1, "the first message of the next one");
    hear(message(30 * MINUTE));
    is(replies(r, "reply.later"), 2, "and of the one after it");
    ok(lapor_str_eqz(talk.replies->next->next->occasion, "later:2"),
       "each has its occasion");
    hear(message(20 * MINUTE));
    is(replies(r, "reply.later"), 2, "what comes late begins no burst");
    is(replies(r, "reply.opening"), 1, "the first answer stays the only one");

    close_report(r, HOUR);
    hear(words(2 * HOUR, "bukan_laporan", "P4", "operator"));
    is(replies(r, "reply.later"), 3, "thanks after the end are answered");
}


/* As lapor.event_hash has it; t/stream/talk.t lets PostgreSQL check. */

static void
test_chain(void)
{
    char                            text[512];
    unsigned char                   hash[LAPOR_SHA256_LEN];
    struct lapor_talk_report       *r;
    const struct lapor_talk_event  *e;

    start();
    r = hear(words(0, "kebakaran", "P1", "samapta"));
    e = talk.events;
    is_mem(e->data.data, e->data.len, "{\"state\": \"new\", \"wamid\": "
           "\"wamid.A\", \"unit_id\": 3, \"urgency\": \"P1\", \"answered\": "
           "true, \"category\": \"kebakaran\", \"function\": \"samapta\", "
           "\"sensitive\": false}", e->data.len, "data as jsonb prints it");
    memset(text, 0, 32);
    is(snprintf(text + 32, sizeof(text) - 32, "%lld\n1\n%lld\nopened\n"
                "lapor-intake\n%s\n", (long long) r->report_id,
                (long long) NOW * 1000, e->data.data) > 0, 1, "what is hashed");
    lapor_sha256(text, 32 + strlen(text + 32), hash);
    is_mem(e->hash, 32, hash, 32, "the first link");

    hear(message(1));
    r->category = "ambigu";
    hear(words(2, "curas", "P1", "reskrim"));
    is_mem(talk.events->next->prev, 32, e->hash, 32, "the next hangs on it");
    is_mem(r->head, 32, talk.events->next->hash, 32, "the head is the last");
    is(r->events, 2, "two links");
}
