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

#endif
