/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What never opens a report beside an older one: reactions, edits and so on.
 * The files under test are part of a program, so they are included.
 */

#include "t/unit/tap.h"

#include "intake/code.c"
#include "intake/talk.c"
#include "intake/talk_choose.c"
#include "intake/talk_event.c"

#include "t/unit/talk.h"


static void test_quiet(void);
static void test_edited(void);
static void test_hidden(void);
static void test_drill(void);
static struct lapor_intake_message *quiet(struct lapor_intake_message *m);


int
main(void)
{
    pool = lapor_pool_create(65536);

    test_quiet();
    test_edited();
    test_hidden();
    test_drill();

    lapor_pool_destroy(pool);

    return tap_done();
}


/* Reactions, system messages, edits and revocations. */

static void
test_quiet(void)
{
    struct lapor_talk_report     *r, *old;
    struct lapor_intake_message  *m;

    start();
    old = close_report(hear(message(0)), HOUR);
    r = hear(message(3 * HOUR));
    m = quiet(message(20 * DAY));
    ok(hear(m) == r, "a reaction joins the latest, of whatever age");
    is(r->last_ms, NOW + 3 * HOUR, "and keeps nothing alive");
    about = old;
    m = quiet(message(4 * HOUR));
    ok(hear(m) == old, "one to an old message joins that one's report");
    is(old->attention_ms, 0, "and asks nobody to look");

    start();
    m = quiet(message(0));
    m->category = "bukan_laporan";
    m->urgency = "P4";
    r = hear(m);
    is_str(r->state, "info", "a stranger's reaction is kept, and over");
    ok(r->closed_ms != 0, "closed at once");
    is(replies(r, "reply.opening"), 0, "not answered");
    ok(hear(words(MINUTE, "bukan_laporan", "P4", "operator")) != r,
       "it is no report to come back to");

    start();
    m = quiet(words(0, "kebakaran", "P1", "samapta"));
    is_str(hear(m)->state, "new",
           "an edit of what never came is all we have: it opens");

    start();
    old = close_report(hear(message(0)), HOUR);
    m = quiet(words(3 * HOUR, "curas", "P1", "reskrim"));
    r = hear(m);
    ok(r != old && strcmp(r->state, "new") == 0,
       "an edit that comes before its message is not hidden in what is over");
    ok(hear(message(2 * HOUR)) == r, "its message joins it");
    is_str(r->urgency, "P1", "which stays as urgent");

    m = quiet(message(4 * HOUR));
    m->worded = true;
    ok(hear(m) == r, "one that says nothing joins the latest");
}


/* Edits of what lies in a report that is over. */

static void
test_edited(void)
{
    struct lapor_talk_report     *r, *old;
    struct lapor_intake_message  *m;

    start();
    old = close_report(hear(words(0, "pencurian", "P3", "reskrim")), HOUR);
    about = old;
    m = quiet(words(2 * HOUR, "pencurian", "P3", "reskrim"));
    old->changed = false;
    ok(hear(m) == old, "an edit that says no more stays with its message");
    is(old->attention_ms, NOW, "and asks somebody to look");
    is(old->last_ms, NOW, "but keeps nothing alive");
    hear(m);
    is_str(events(old), "opened written_after_close", "told once");
    ok(old->changed, "the mark is stored");

    m = quiet(words(3 * HOUR, "curas", "P1", "reskrim"));
    r = hear(m);
    ok(r != old, "one that says more is not hidden in what is over");
    is_str(r->state, "new", "it opens a report");
    is_str(r->urgency, "P1", "as urgent as it says");
    is_str(r->link, "follows", "linked");
    ok(r->linked == old, "to the one of its message");
    m = quiet(words(4 * HOUR, "kdrt", "P1", "reskrim"));
    ok(hear(m) == r, "the next joins what is open");
    is(talk.opened, 2, "nothing else is opened");

    start();
    old = close_report(hear(words(0, "layanan", "P4", "pamapta")), HOUR);
    about = old;
    m = quiet(words(HOUR, "layanan", "P4", "pamapta"));
    m->sensitive = true;
    ok(hear(m)->sensitive, "a complaint that is to be sealed opens one, too");
}


/* An edit of which Meta tells nothing but that there was one. */

static void
test_hidden(void)
{
    struct lapor_talk_report     *r;
    struct lapor_intake_message  *m;

    start();
    r = hear(words(0, "kebakaran", "P3", "samapta"));
    m = quiet(message(MINUTE));
    m->edits = true;
    ok(hear(m) == r, "an edit without words joins what is open");
    is_str(r->urgency, "P3", "raises nothing");
    is(r->last_ms, NOW, "and keeps nothing alive");
    close_report(r, HOUR);
    ok(hear(m) == r, "it joins what is over, too");
    is(r->attention_ms, NOW, "where somebody is to look what it changed");
    is(replies(r, "reply.opening"), 1, "it is never answered");

    start();
    m = quiet(message(0));
    m->edits = true;
    r = hear(m);
    is_str(r->state, "new", "a stranger's is all we have: it opens");
    is(replies(r, "reply.opening"), 0, "unanswered");
    ok(hear(words(-MINUTE, "curas", "P1", "reskrim")) == r,
       "its message joins it");
    is(replies(r, "reply.opening"), 1, "and gets the answer");
}


/* What is played and what is real do not join by an edit, either. */

static void
test_drill(void)
{
    struct lapor_talk_report     *r, *old, *drill;
    struct lapor_intake_message  *m;

    start();
    old = close_report(hear(message(0)), HOUR);
    m = words(2 * HOUR, "kebakaran", "P1", "samapta");
    m->drill = true;
    drill = hear(m);
    ok(drill != old && drill->drill, "a drill is under way");
    about = old;
    r = hear(quiet(words(3 * HOUR, "curas", "P1", "reskrim")));
    ok(r != drill && r != old && !r->drill,
       "an edit of what was real is not heard by the drill");

    start();
    m = words(0, "ambigu", "P2", "operator");
    m->drill = true;
    drill = close_report(hear(m), HOUR);
    r = hear(words(2 * HOUR, "lakalantas", "P2", "lantas"));
    about = drill;
    m = quiet(words(3 * HOUR, "curas", "P1", "reskrim"));
    m->drill = true;
    r = hear(m);
    ok(r->drill, "an edit that plays raises nothing real");
}


/* A reaction, or an edit if it has words. */

static struct lapor_intake_message *
quiet(struct lapor_intake_message *m)
{
    m->opens = m->answers = false;

    return m;
}
