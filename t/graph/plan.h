/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Which statuses follow a send: "sent,delivered,read", "sent,failed/131026",
 * or nothing.  The same text stands on the command line, in a fault and in
 * the journal of sends.
 */

#ifndef GRAPH_PLAN_H
#define GRAPH_PLAN_H


#define GRAPH_PLAN_MAX   8
#define GRAPH_PLAN_TEXT  160

enum graph_state {
    GRAPH_SENT,
    GRAPH_DELIVERED,
    GRAPH_READ,
    GRAPH_PLAYED,
    GRAPH_FAILED
};

struct graph_plan {
    int               n;
    enum graph_state  states[GRAPH_PLAN_MAX];
    int               code;     /* of "failed"; 131026 when none is named */
};


/* -1 on an unknown word or too many of them; "-" and "" are the empty plan. */
int graph_plan_parse(const char *text, struct graph_plan *ret_plan)
    __attribute__((warn_unused_result));

/* Never empty, no spaces. */
void graph_plan_format(const struct graph_plan *plan,
    char ret_text[GRAPH_PLAN_TEXT]);

const char *graph_plan_word(enum graph_state state);

#endif
