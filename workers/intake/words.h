/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Words that are a command to the service, not a report.
 */

#ifndef LAPOR_INTAKE_WORDS_H
#define LAPOR_INTAKE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "intake/code.h"
#include "lib/str.h"


/* Bytes of a text that begins with the word LATIHAN up to what follows it;
 * 0 if it does not. "Latihan karate ..." is no drill: the word stands in
 * capitals, or a colon or a dash is behind it. */
size_t lapor_words_drill(struct lapor_str text);

/*
 * Does the text say that the report is withdrawn, and nothing else? ret_code
 * becomes the code that it names, or an empty string.
 */
bool lapor_words_withdraw(struct lapor_str text,
    char ret_code[LAPOR_CODE_LEN]);

/* Nothing but greetings, thanks and the like, whatever a classifier makes of
 * them. */
bool lapor_words_polite(struct lapor_str text);

#endif
