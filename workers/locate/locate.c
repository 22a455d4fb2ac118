/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Pins are checked, reports go to the receiving unit.  Pure functions.
 */

#include <math.h>
#include <string.h>

#include "locate/locate.h"


#define LAPOR_INDONESIA_SOUTH  -11.0
#define LAPOR_INDONESIA_NORTH    6.0
#define LAPOR_INDONESIA_WEST    95.0
#define LAPOR_INDONESIA_EAST   141.0

/*
 * The unit that a citizen wrote to is most often, not always, the one of the
 * place: many real reports lie outside the territory of the number.
 */

#define LAPOR_LOCATE_UNIT_CONFIDENCE  0.5


static int lapor_locate_inside(double lat, double lon);


int
lapor_locate(const struct lapor_place *place,
    struct lapor_located *ret_location)
{
    size_t                  len;
    struct lapor_located  *l;

    l = ret_location;
    memset(l, 0, sizeof(*l));

    if (place->pin) {
        l->lat = place->lat;
        l->lon = place->lon;
        l->pin = lapor_locate_pin(&l->lat, &l->lon);

        if (l->pin == LAPOR_PIN_BAD) {
            l->lat = 0.0;
            l->lon = 0.0;
        }
    }

    len = (place->unit_code != NULL) ? strlen(place->unit_code) : 0;

    if (len == 0) {
        return 0;
    }

    if (len >= sizeof(l->unit_code)) {
        return -1;
    }

    memcpy(l->unit_code, place->unit_code, len + 1);
    l->method = LAPOR_LOCATE_UNIT;
    l->confidence = LAPOR_LOCATE_UNIT_CONFIDENCE;

    return 0;
}


enum lapor_pin_state
lapor_locate_pin(double *lat, double *lon)
{
    double  swap;

    if (!isfinite(*lat) || !isfinite(*lon)) {
        return LAPOR_PIN_BAD;
    }

    if (lapor_locate_inside(*lat, *lon)) {
        return LAPOR_PIN_OK;
    }

    /* before the range: 117.6 is no latitude, a swapped pin has one like it */

    if (lapor_locate_inside(*lon, *lat)) {
        swap = *lat;
        *lat = *lon;
        *lon = swap;

        return LAPOR_PIN_SWAPPED;
    }

    if (fabs(*lat) > 90.0 || fabs(*lon) > 180.0
        || (fabs(*lat) < 1e-6 && fabs(*lon) < 1e-6))
    {
        return LAPOR_PIN_BAD;
    }

    return LAPOR_PIN_ABROAD;
}


const char *
lapor_locate_method_code(enum lapor_locate_method method)
{
    switch (method) {

    case LAPOR_LOCATE_PIN:
        return "pin";

    case LAPOR_LOCATE_TEXT:
        return "text";

    case LAPOR_LOCATE_UNIT:
        return "unit";

    default:
        return "none";
    }
}


const char *
lapor_pin_state_code(enum lapor_pin_state state)
{
    switch (state) {

    case LAPOR_PIN_NONE:
        return "none";

    case LAPOR_PIN_OK:
        return "ok";

    case LAPOR_PIN_SWAPPED:
        return "swapped";

    case LAPOR_PIN_ABROAD:
        return "abroad";

    default:
        return "bad";
    }
}


static int
lapor_locate_inside(double lat, double lon)
{
    return lat >= LAPOR_INDONESIA_SOUTH && lat <= LAPOR_INDONESIA_NORTH
           && lon >= LAPOR_INDONESIA_WEST && lon <= LAPOR_INDONESIA_EAST;
}
