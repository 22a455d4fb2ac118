/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The way to the place resolver. The unit is that of the number written to,
 * which intake/rules.c looks up; a pin is checked and put right here.
 */

#include "intake/pin.h"
#include "locate/locate.h"


bool
lapor_intake_pin(double *lat, double *lon)
{
    struct lapor_place     place;
    struct lapor_located  location;

    place.pin = 1;
    place.lat = *lat;
    place.lon = *lon;
    place.text = NULL;
    place.len = 0;
    place.unit_code = NULL;

    if (lapor_locate(&place, &location) == -1
        || location.pin == LAPOR_PIN_NONE || location.pin == LAPOR_PIN_BAD)
    {
        *lat = 0;
        *lon = 0;
        return false;
    }

    *lat = location.lat;
    *lon = location.lon;

    return true;
}
