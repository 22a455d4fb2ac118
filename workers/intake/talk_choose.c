/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Which report a message belongs to. A person has few reports, so each rule
 * looks at all of them.
 */

#include <string.h>

#include "intake/talk.h"


/* What lies between two files of one album at most: they come in webhooks of
 * their own, and their times are those of their uploads. */
#define CHOOSE_ALBUM_MS  INT64_C(10000)


/* What a message may join: of one number, of one kind of writer. */
struct choose {
    const struct lapor_talk_person     *person;
    const struct lapor_intake_message  *message;
    const struct lapor_talk_rule       *rule;
};


static void choose_quiet(const struct choose *c,
    struct lapor_talk_report *about, struct lapor_talk_choice *choice);
static struct lapor_talk_report *choose_withdrawn(const struct choose *c,
    struct lapor_talk_report *about);
static bool choose_topic(const struct choose *c,
    struct lapor_talk_report *about, struct lapor_talk_choice *choice);
static struct lapor_talk_report *choose_album(const struct choose *c);
static struct lapor_talk_report *choose_same(const struct choose *c);
static struct lapor_talk_report *choose_last(const struct choose *c,
    bool here);
static struct lapor_talk_report *choose_ended(const struct choose *c);
static bool choose_open(const struct choose *c,
    const struct lapor_talk_report *r);
static bool choose_kind(const struct choose *c,
    const struct lapor_talk_report *r);
static bool choose_sure(const struct choose *c, const char *category,
    double confidence);
static bool choose_here(const struct choose *c,
    const struct lapor_talk_report *r);
static const struct lapor_talk_report *choose_later(
    const struct lapor_talk_report *one, const struct lapor_talk_report *two);


struct lapor_talk_choice
lapor_talk_choose(const struct lapor_talk_person *person,
    const struct lapor_intake_message *message,
    const struct lapor_talk_rule *rule, struct lapor_talk_report *about)
{
    struct choose             c;
    struct lapor_talk_report  *ended;
    struct lapor_talk_choice   choice;

    c.person = person;
    c.message = message;
    c.rule = rule;
    memset(&choice, 0, sizeof(choice));

    if (!message->opens) {
        choose_quiet(&c, about, &choice);
        return choice;
    }

    if (message->withdraws) {
        choice.report = choose_withdrawn(&c, about);

        if (choice.report != NULL) {
            return choice;
        }
    }

    if (choose_topic(&c, about, &choice)) {
        return choice;
    }

    /* nothing is open here: is it about something that has ended? */
    ended = choose_ended(&c);

    if (about != NULL && lapor_talk_ended(about) && choose_here(&c, about)) {
        ended = about;
    }

    if (ended != NULL) {

        if (message->trivial) {
            choice.report = ended;

        } else {
            choice.link = "follows";
            choice.linked = ended;
        }

        return choice;
    }

    choice.linked = choose_last(&c, false);

    if (choice.linked != NULL) {
        choice.link = "elsewhere";
    }

    return choice;
}


/*
 * What never opens: the report that it is about, else the latest one here,
 * whatever its age and state. But what an edit says has happened must not
 * vanish in a report that is over, be it that its message comes later, or
 * that it says more than the report did when somebody closed it.
 */

static void
choose_quiet(const struct choose *c, struct lapor_talk_report *about,
    struct lapor_talk_choice *choice)
{
    bool                       tells;
    struct lapor_talk_report  *r, *last;

    if (about != NULL) {
        tells = c->message->worded && lapor_talk_ended(about)
                && lapor_talk_adds(about, c->message);

    } else {
        tells = c->message->worded && !lapor_talk_vague(c->message->category);
    }

    if (about != NULL && !tells) {
        choice->report = about;
        return;
    }

    last = NULL;

    for (r = c->person->reports; r != NULL; r = r->next) {
        if (choose_here(c, r) && choose_later(r, last) == r
            && (!tells || (choose_kind(c, r) && !lapor_talk_ended(r))))
        {
            last = r;
        }
    }

    choice->report = last;

    if (last == NULL && about != NULL) {
        choice->link = "follows";
        choice->linked = about;
    }
}


/*
 * The one named by its code, else quoted, else last written to; at another
 * number too, since people do not know where they wrote. Whoever names one
 * means no other, even if that one is over or not to be found.
 */

static struct lapor_talk_report *
choose_withdrawn(const struct choose *c, struct lapor_talk_report *about)
{
    struct lapor_talk_report  *r;

    if (c->message->withdraw_code.data != NULL) {

        for (r = c->person->reports; r != NULL; r = r->next) {
            if (lapor_str_eq(r->code, c->message->withdraw_code)) {
                return r;
            }
        }

        return NULL;
    }

    if (about != NULL && !lapor_talk_ended(about)) {
        return about;
    }

    r = choose_last(c, true);

    return r != NULL ? r : choose_last(c, false);
}


/* Among what is open here; false if nothing is. */

static bool
choose_topic(const struct choose *c, struct lapor_talk_report *about,
    struct lapor_talk_choice *choice)
{
    const struct lapor_intake_message  *m;
    struct lapor_talk_report           *last, *same;

    m = c->message;

    if (about != NULL && choose_here(c, about) && choose_kind(c, about)
        && !lapor_talk_ended(about))
    {
        choice->report = about;
        return true;
    }

    choice->report = choose_album(c);

    if (choice->report != NULL) {
        return true;
    }

    last = choose_last(c, true);

    if (last == NULL) {
        return false;
    }

    choice->report = last;

    if (!m->worded || !c->rule->second_topic
        || !choose_sure(c, m->category, m->confidence))
    {
        return true;
    }

    same = choose_same(c);

    if (same != NULL) {
        choice->report = same;
        return true;
    }

    choice->report = NULL;
    choice->link = "second_topic";
    choice->linked = last;

    return true;
}


/*
 * The open report with a file sent at nearly the same time: what belongs to
 * one album stays together, whatever its captions say, what was written
 * meanwhile about something else, and in which order all that comes.
 */

static struct lapor_talk_report *
choose_album(const struct choose *c)
{
    int64_t                    away, least;
    struct lapor_talk_report  *r, *album;

    if (c->message->media_id.data == NULL) {
        return NULL;
    }

    album = NULL;
    least = CHOOSE_ALBUM_MS;

    for (r = c->person->reports; r != NULL; r = r->next) {

        if (r->album_ms == 0 || !choose_here(c, r) || !choose_open(c, r)) {
            continue;
        }

        away = c->message->at_ms - r->album_ms;
        away = away < 0 ? -away : away;

        if (away < least || (away == least && album == NULL)) {
            album = r;
            least = away;
        }
    }

    return album;
}


/* The open report of this topic: the same category, else the same function,
 * else one of which nobody knows yet what it is about. */

static struct lapor_talk_report *
choose_same(const struct choose *c)
{
    int                                 rank, best;
    struct lapor_talk_report           *r, *same;
    const struct lapor_intake_message  *m;

    m = c->message;
    same = NULL;
    best = 0;

    for (r = c->person->reports; r != NULL; r = r->next) {

        if (!choose_here(c, r) || !choose_open(c, r)) {
            continue;
        }

        rank = 0;

        if (strcmp(r->category, m->category) == 0) {
            rank = 3;

        } else if (strcmp(r->function, m->function) == 0) {
            rank = 2;

        } else if (!choose_sure(c, r->category, r->confidence)) {
            rank = 1;
        }

        if (rank > best || (rank > 0 && rank == best
                            && choose_later(r, same) == r))
        {
            best = rank;
            same = r;
        }
    }

    return same;
}


/*
 * The open report last written to, at this number or at the others: of those
 * that had begun when this was said, if there are any. A photo of an album
 * that comes late must not join what the person wrote about after it.
 */

static struct lapor_talk_report *
choose_last(const struct choose *c, bool here)
{
    bool                       begun, last_begun;
    struct lapor_talk_report  *r, *last;

    last = NULL;
    last_begun = false;

    for (r = c->person->reports; r != NULL; r = r->next) {

        if (choose_here(c, r) != here || !choose_open(c, r)) {
            continue;
        }

        begun = r->first_ms <= c->message->at_ms;

        if (begun != last_begun ? begun : choose_later(r, last) == r) {
            last = r;
            last_begun = begun;
        }
    }

    return last;
}


/* The report here that ended last, within the time in which it may be opened
 * again. One that was kept for a reaction alone was never a report. */

static struct lapor_talk_report *
choose_ended(const struct choose *c)
{
    int64_t                    at, end;
    struct lapor_talk_report  *r, *last;

    at = c->message->at_ms;
    last = NULL;

    for (r = c->person->reports; r != NULL; r = r->next) {

        if (!choose_here(c, r) || !choose_kind(c, r) || !lapor_talk_ended(r)
            || (strcmp(r->state, "info") == 0 && !r->answered))
        {
            continue;
        }

        /* `done` has no time of its own */
        end = r->closed_ms != 0 ? r->closed_ms : r->last_ms;

        if (at <= end + c->rule->reopen_ms
            && at >= r->first_ms - c->rule->join_ms
            && choose_later(r, last) == r)
        {
            last = r;
        }
    }

    return last;
}


/* May the message join it, if it was written to its number? */

static bool
choose_open(const struct choose *c, const struct lapor_talk_report *r)
{
    int64_t  at;

    at = c->message->at_ms;

    return !lapor_talk_ended(r) && choose_kind(c, r)
           && at <= r->last_ms + c->rule->join_ms
           && at >= r->first_ms - c->rule->join_ms;
}


/*
 * An officer's reports and a citizen's are never one. A drill's first words
 * never join what is real; what follows joins the drill unless its words say
 * what has happened: a fire that breaks out during a drill is a fire.
 */

static bool
choose_kind(const struct choose *c, const struct lapor_talk_report *r)
{
    const struct lapor_intake_message  *m;

    m = c->message;

    if (c->person->officer != (strcmp(r->origin, "officer") == 0)) {
        return false;
    }

    if (m->drill || !r->drill) {
        return m->drill == r->drill;
    }

    return !m->worded || lapor_talk_vague(m->category);
}


static bool
choose_sure(const struct choose *c, const char *category, double confidence)
{
    return !lapor_talk_vague(category)
           && confidence >= c->rule->topic_confidence;
}


static bool
choose_here(const struct choose *c, const struct lapor_talk_report *r)
{
    return lapor_str_eq(r->phone_number_id, c->message->phone_number_id);
}


/* The one last written to; of two at once, the one that began last. */

static const struct lapor_talk_report *
choose_later(const struct lapor_talk_report *one,
    const struct lapor_talk_report *two)
{
    if (two == NULL || one->last_ms > two->last_ms
        || (one->last_ms == two->last_ms
            && (one->first_ms > two->first_ms
                || (one->first_ms == two->first_ms
                    && one->report_id > two->report_id))))
    {
        return one;
    }

    return two;
}
