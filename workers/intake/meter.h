/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What lapor-intake shows to Prometheus. Counters are those of the process:
 * any loop adds to them. Gauges are set by the main thread from what the loops
 * tell; what only PostgreSQL knows, one loop asks.
 */

#ifndef LAPOR_INTAKE_METER_H
#define LAPOR_INTAKE_METER_H

#include "intake/store.h"
#include "lib/metrics.h"


struct lapor_intake_news;

/* The page at conf's address, if it has one. */
void lapor_intake_meter_start(const char *address);

/* A transaction has ended so; when it is OK, store->now counts. */
void lapor_intake_meter_end(const struct lapor_intake_store *store,
    enum lapor_pg_class class);

/* A unit was put into quarantine. */
void lapor_intake_meter_dead(const struct lapor_intake_unit *unit);

/* A unit was put aside until later. */
void lapor_intake_meter_aside(void);

/* These are stored. */
void lapor_intake_meter_entries(const struct lapor_entry *entries, size_t n);

/* A partition went to another before it was given up. */
void lapor_intake_meter_lost(void);

/* Asks PostgreSQL for open alerts and for the last reconciliation. What it
 * does not answer stays as it was. */
void lapor_intake_meter_ask(struct lapor_pg *pg, struct lapor_pool *pool);

/* The sum of what all loops tell. */
void lapor_intake_meter_news(const struct lapor_intake_news *news);

#endif
