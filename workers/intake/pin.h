/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The way to the place resolver.
 */

#ifndef LAPOR_INTAKE_PIN_H
#define LAPOR_INTAKE_PIN_H

#include <stdbool.h>


/* Puts a shared pin right in place; false if there is none that is any use,
 * both are then 0. */
bool lapor_intake_pin(double *lat, double *lon);

#endif
