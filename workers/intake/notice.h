/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What is neither a message nor a status that we know: notices about the
 * account, errors that belong to no message, states of tomorrow.
 */

#ifndef LAPOR_INTAKE_NOTICE_H
#define LAPOR_INTAKE_NOTICE_H

#include "intake/batch.h"


struct lapor_intake_notice *lapor_intake_notice_make(struct lapor_pool *pool,
    const struct lapor_intake_raw *raw, const struct lapor_event *event);

#endif
