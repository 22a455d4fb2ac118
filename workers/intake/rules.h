/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What lapor-intake keeps of the units: whose each number is, the unit's
 * rules of conversation, and the words of the answers. Read at the first
 * transaction and again each minute; a number that is not known here is asked
 * for at once, so that a new one works with its first message.
 */

#ifndef LAPOR_INTAKE_RULES_H
#define LAPOR_INTAKE_RULES_H

#include "intake/talk.h"
#include "lib/pg.h"


struct lapor_intake_rules;


/* Empty; never NULL. The caller frees it. */
struct lapor_intake_rules *lapor_intake_rules_new(void);
void lapor_intake_rules_free(struct lapor_intake_rules *rules);

/* Reads all anew if they are a minute old or of another connection. What
 * find and text have given before is dead then. */
enum lapor_pg_class lapor_intake_rules_load(struct lapor_intake_rules *rules,
    struct lapor_pg *pg, struct lapor_pool *pool) LAPOR_PG_MUST;

/* Asks for these numbers; those that exist are known from then on. */
enum lapor_pg_class lapor_intake_rules_ask(struct lapor_intake_rules *rules,
    struct lapor_pg *pg, struct lapor_pool *pool,
    const struct lapor_str *numbers, size_t n) LAPOR_PG_MUST;

/* NULL for a number of nobody, whose messages are headquarters'. */
const struct lapor_talk_rule *lapor_intake_rules_find(
    const struct lapor_intake_rules *rules, struct lapor_str number);
const struct lapor_talk_rule *lapor_intake_rules_headquarters(
    const struct lapor_intake_rules *rules);

/* The words for one report: {unit} and {code} are filled in. Absent if there
 * is no such text. */
struct lapor_str lapor_intake_rules_text(
    const struct lapor_intake_rules *rules, struct lapor_pool *pool,
    const char *key, struct lapor_str unit, struct lapor_str code);

#endif
