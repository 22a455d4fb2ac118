/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Which notices of Meta are alerts: those that say that a number, an account
 * or a template does not work, is about to, or works again.
 */

#ifndef LAPOR_INTAKE_WARN_H
#define LAPOR_INTAKE_WARN_H

#include "intake/alert.h"
#include "intake/batch.h"


/*
 * The alert of a notice, or NULL where there is nothing to look at. Lives in
 * the pool. It is to be raised if the notice is new. Of a field that Meta
 * invented since, an alert of severity info, once for ever.
 */
const struct lapor_intake_alert *lapor_intake_warn_make(
    struct lapor_pool *pool, const struct lapor_intake_raw *raw,
    const struct lapor_event *event);

/*
 * A limit of the account, and the data of the notice that told it before
 * (JSON; absent: there is none). NULL if nothing changed.
 */
const struct lapor_intake_alert *lapor_intake_warn_limit(
    struct lapor_pool *pool, const struct lapor_intake_notice *notice,
    struct lapor_str before);

/*
 * Does this error stop a number or an account, not one message? A person must
 * act at Meta then (Cloud API, error codes: authorisation, integrity,
 * payment, registration).
 */
bool lapor_intake_warn_stops(int64_t code);

#endif
