/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Faults that a test ordered by POST /_emulator/faults: a JSON list, which
 * replaces the one before it.  Members of a fault, all optional:
 *
 *     match            substring of "METHOD path" (path without the query);
 *                      absent = everything but /_emulator/
 *     to               only a message to this recipient (digits or user id)
 *     times            how often it strikes, 0 or absent = until reset
 *     status, code     error envelope with that Graph code and HTTP status,
 *                      each following from the other when absent; nothing
 *                      is done
 *     body, type       with status: this text instead of the envelope
 *     refuse           true: nothing is done and the connection is closed
 *                      without an answer
 *     delay_ms         pause before anything is done
 *     answer_delay_ms  pause between doing it and answering
 *     drop             true: it is done, and the connection is closed
 *                      without an answer
 *     statuses         of a send: these instead of the usual statuses, in the
 *                      form of --statuses ("failed/131026", "" = none)
 *     cut              of a download: the connection dies after so many bytes
 *     corrupt          of a download: true = its first byte is changed
 *
 * The first fault that matches strikes.  The list and its counts are kept in
 * a journal and outlive a kill.  Shared by all threads, with an own lock.
 */

#ifndef GRAPH_FAULTS_H
#define GRAPH_FAULTS_H

#include "lib/str.h"
#include "t/graph/plan.h"

#include <stdint.h>


struct graph_faults;

/* What a fault does to one request. */
struct graph_effect {
    unsigned           status;          /* 0 with code 0: no error */
    int                code;
    int64_t            delay_ms;
    int64_t            answer_delay_ms;
    int64_t            cut;             /* -1 = whole */
    unsigned           refuse:1;
    unsigned           drop:1;
    unsigned           corrupt:1;
    unsigned           has_plan:1;
    struct graph_plan  plan;
    char              *body;            /* NULL, or this request's own copy */
    char              *type;
};


struct graph_faults *graph_faults_open(const char *dir);
void graph_faults_close(struct graph_faults *faults);

/* Replaces the list.  -1 with a reason in ret_why (static text) when it is no
   list of faults; then the old list stands. */
int graph_faults_set(struct graph_faults *faults, struct lapor_str json,
    const char **ret_why) __attribute__((warn_unused_result));

int graph_faults_reset(struct graph_faults *faults)
    __attribute__((warn_unused_result));

/* 1 if some fault looks at the recipient, so that it must be known. */
int graph_faults_want_recipient(struct graph_faults *faults);

/* Fills the effect of the first fault that matches and counts it; the caller
   ends with graph_effect_free() in any case. */
void graph_faults_strike(struct graph_faults *faults, const char *request,
    const char *to, struct graph_effect *ret_effect);

void graph_effect_free(struct graph_effect *effect);

#endif
