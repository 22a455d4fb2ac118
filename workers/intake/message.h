/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A message event as the row that is stored.
 */

#ifndef LAPOR_INTAKE_MESSAGE_H
#define LAPOR_INTAKE_MESSAGE_H

#include "intake/batch.h"


/* NULL for a system message that names nobody: it can only be a notice. */
struct lapor_intake_message *lapor_intake_message_make(
    struct lapor_pool *pool, const struct lapor_intake_raw *raw,
    const struct lapor_event *event);

/* Meta's time of an event in ms; that of receipt where it has none, or one that
 * lies more than a day behind it. */
int64_t lapor_intake_event_time(const struct lapor_event *event,
    const struct lapor_intake_raw *raw);

/* Does it have words of its sender? Those of a system message are the
 * platform's own, and an emoji on another message says nothing. */
bool lapor_intake_worded(const struct lapor_event *event);

/* What is known of the message besides its columns, as jsonb takes it. Sets
 * *ret_damaged to 1 where a character had to be replaced. */
struct lapor_str lapor_intake_detail_make(struct lapor_pool *pool,
    const struct lapor_event *event, int *ret_damaged);

/* What stands once in a webhook and goes into the row of each of its messages,
 * 1,024 bytes at most; *damaged is set where there was more. 20,000 messages of
 * a contact with a name of 2 MB would end the process. */
struct lapor_str lapor_intake_brief(struct lapor_str str, int *damaged);

/* Category, urgency and function, by the words or by what comes without. */
void lapor_intake_rate(struct lapor_intake_message *message);

#endif
