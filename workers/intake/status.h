/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A status event as the row that is stored.
 */

#ifndef LAPOR_INTAKE_STATUS_H
#define LAPOR_INTAKE_STATUS_H

#include "intake/batch.h"


/* NULL for a state that no column has; the caller keeps it as a notice. */
struct lapor_intake_status *lapor_intake_status_make(struct lapor_pool *pool,
    const struct lapor_intake_raw *raw, const struct lapor_event *event);

/*
 * Reads "reply:PART:TASK_ID", the key that every send carries in
 * biz_opaque_callback_data: PART 0..255, TASK_ID above 0, both in decimal
 * without leading zeros. 0, or -1 for anything else.
 */
int lapor_intake_status_key(struct lapor_str text, unsigned *ret_part,
    int64_t *ret_task_id) __attribute__((warn_unused_result));

#endif
