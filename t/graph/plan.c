/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The text form of a list of statuses: see plan.h.
 */

#include "t/graph/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static int graph_plan_word_parse(const char *word, size_t len,
    struct graph_plan *plan);


static const char  *words[] = {
    "sent", "delivered", "read", "played", "failed"
};


int
graph_plan_parse(const char *text, struct graph_plan *ret_plan)
{
    size_t       len;
    const char  *p;

    memset(ret_plan, 0, sizeof(struct graph_plan));
    ret_plan->code = 131026;

    if (text[0] == '\0' || strcmp(text, "-") == 0) {
        return 0;
    }

    for (p = text; /* void */ ; p += len + 1) {
        len = strcspn(p, ",");

        if (graph_plan_word_parse(p, len, ret_plan) == -1) {
            return -1;
        }

        if (p[len] == '\0') {
            return 0;
        }
    }
}


static int
graph_plan_word_parse(const char *word, size_t len, struct graph_plan *plan)
{
    char    *end;
    size_t   i, name;

    name = strcspn(word, ",/");

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == name && strncmp(words[i], word, name) == 0) {
            break;
        }
    }

    if (i == sizeof(words) / sizeof(words[0]) || plan->n == GRAPH_PLAN_MAX) {
        return -1;
    }

    if (name < len) {
        plan->code = (int) strtol(word + name + 1, &end, 10);
        if (i != GRAPH_FAILED || end != word + len || plan->code <= 0) {
            return -1;
        }
    }

    plan->states[plan->n++] = (enum graph_state) i;
    return 0;
}


void
graph_plan_format(const struct graph_plan *plan, char ret_text[GRAPH_PLAN_TEXT])
{
    int     i;
    size_t  len;

    (void) snprintf(ret_text, GRAPH_PLAN_TEXT, "-");
    len = 0;

    for (i = 0; i < plan->n; i++) {
        len += (size_t) snprintf(ret_text + len, GRAPH_PLAN_TEXT - len,
                                 "%s%s", i ? "," : "",
                                 words[plan->states[i]]);

        if (plan->states[i] == GRAPH_FAILED) {
            len += (size_t) snprintf(ret_text + len, GRAPH_PLAN_TEXT - len,
                                     "/%d", plan->code);
        }
    }
}


const char *
graph_plan_word(enum graph_state state)
{
    return words[state];
}
