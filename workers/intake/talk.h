/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The rules of conversation: which report a message joins, what it opens, and
 * what that makes of the report. Nothing here asks the database or the clock;
 * what is known comes in, what is to be written goes out. The rules stand in
 * doc/state-machines.md.
 */

#ifndef LAPOR_INTAKE_TALK_H
#define LAPOR_INTAKE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intake/batch.h"
#include "intake/code.h"
#include "lib/part.h"
#include "lib/pool.h"
#include "lib/sha256.h"


/* Rules that may differ by unit, as lapor.intake_rules tells them. */
struct lapor_talk_rule {
    int32_t           unit_id;
    struct lapor_str  unit_name;
    int64_t           join_ms;
    int64_t           reopen_ms;
    int64_t           burst_ms;
    bool              answer_every;
    bool              second_topic;
    double            topic_confidence;
};


/* A report, as lapor.reporter_open tells it and lapor.report_store takes it.
 * Times are Unix ms, 0: none. */
struct lapor_talk_report {
    unsigned                   part;        /* its reporter's home */
    int64_t                    report_id;
    int32_t                    unit_id;
    int32_t                    version;
    struct lapor_str           code;
    struct lapor_str           phone_number_id;
    const char                *category;
    const char                *urgency;
    const char                *function;
    const char                *state;
    const char                *origin;      /* citizen or officer */
    const char                *link;        /* of a new one; NULL: none */
    struct lapor_talk_report  *linked;
    bool                       sensitive;
    bool                       answered;
    bool                       called;
    bool                       drill;
    bool                       pin;
    double                     lat;
    double                     lon;
    double                     prank;
    double                     confidence;
    int64_t                    first_ms;
    int64_t                    last_ms;
    int64_t                    closed_ms;
    int64_t                    attention_ms;
    int64_t                    withdraw_ms;
    int64_t                    album_ms;    /* of its last photo or file */
    int32_t                    bursts;
    int32_t                    events;
    unsigned char              head[LAPOR_SHA256_LEN];

    int64_t                    reporter_id;
    bool                       opened;      /* is to be inserted */
    bool                       changed;     /* stands in the talk's list */
    bool                       moved;       /* its version grew */
    struct lapor_talk_report  *next;        /* of the same person */
    struct lapor_talk_report  *next_changed;
};


/* A sender, with his reports in any order. */
struct lapor_talk_person {
    unsigned                   part;        /* his home */
    int64_t                    reporter_id;
    bool                       officer;
    struct lapor_talk_report  *reports;
};


/* One link of a report's audit chain. */
struct lapor_talk_event {
    unsigned                  part;
    int64_t                   report_id;
    int32_t                   seq;
    const char               *kind;
    struct lapor_str          data;     /* as jsonb prints it */
    unsigned char             prev[LAPOR_SHA256_LEN];
    unsigned char             hash[LAPOR_SHA256_LEN];
    struct lapor_talk_event  *next;
};


/* An answer to be ordered. */
struct lapor_talk_reply {
    const struct lapor_talk_report     *report;
    const struct lapor_intake_message  *message;
    const struct lapor_talk_rule       *rule;
    struct lapor_str                    occasion;
    const char                         *text;     /* key in lapor.text */
    int64_t                             expires_ms;
    struct lapor_talk_reply            *next;
};


/* What is decided in one transaction. */
struct lapor_talk {
    struct lapor_pool          *pool;
    int64_t                     now_ms;
    int64_t                     codes[LAPOR_PARTS];  /* that each part has given
                                                        out: before the first
                                                        message is heard */
    bool                        coded[LAPOR_PARTS];  /* it has given out more */
    const int64_t              *ids;       /* behind the last of the fresh ones,
                                              for new reports: taken from the
                                              end, at most one a message */
    size_t                      opened;    /* new reports */

    struct lapor_talk_report   *changed;   /* new ones too, in their order */
    struct lapor_talk_report  **changed_end;
    struct lapor_talk_event    *events;
    struct lapor_talk_event   **events_end;
    struct lapor_talk_reply    *replies;
    struct lapor_talk_reply   **replies_end;
};


/* ids outlive the talk. */
void lapor_talk_init(struct lapor_talk *talk, struct lapor_pool *pool,
    int64_t now_ms, const int64_t *ids);

/*
 * Hears one message of a person; messages of one person are heard in the
 * order in which they were said. rule is that of the number written to.
 * about, if not NULL, is the report of the message that this one quotes,
 * reacts to, edits or takes back. Sets message->report.
 */
void lapor_talk_hear(struct lapor_talk *talk,
    struct lapor_talk_person *person, struct lapor_intake_message *message,
    const struct lapor_talk_rule *rule, struct lapor_talk_report *about);

/* The parts of it, each in a file of its own. */

/* Where a message goes: a report that it joins, or NULL and why the one that
 * it opens stands beside another. */
struct lapor_talk_choice {
    struct lapor_talk_report  *report;
    const char                *link;      /* NULL: none */
    struct lapor_talk_report  *linked;
};

struct lapor_talk_choice lapor_talk_choose(
    const struct lapor_talk_person *person,
    const struct lapor_intake_message *message,
    const struct lapor_talk_rule *rule, struct lapor_talk_report *about);

/* Is its end reached, for good or until somebody opens it again? */
bool lapor_talk_ended(const struct lapor_talk_report *report);

/* Do the words of a message say more than all that the report holds? */
bool lapor_talk_adds(const struct lapor_talk_report *report,
    const struct lapor_intake_message *message);

/* Does a category say what has happened? */
bool lapor_talk_vague(const char *category);

/* Adds a link to the report's chain, with its state as of now. */
void lapor_talk_event(struct lapor_talk *talk,
    struct lapor_talk_report *report, const char *kind,
    const struct lapor_intake_message *message);

#endif
