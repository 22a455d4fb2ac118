/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Where a report belongs: a shared pin or the words of a message, and the
 * unit whose number received it, in; area and unit out.
 *
 * Present scope: pins are checked and put right, and every report is routed
 * to the unit that received it.  No area is resolved: no gazetteer and no
 * boundaries are loaded, the area codes are empty and the text is not read.
 * The interface is that of the whole library.
 *
 * Nothing here allocates or keeps state; any number of threads may call.
 */

#ifndef LAPOR_LOCATE_H
#define LAPOR_LOCATE_H

#include <stddef.h>


/* Kemendagri codes, "16" "16.71" "16.71.03", and unit codes, with the NUL. */

#define LAPOR_AREA_CODE  16
#define LAPOR_UNIT_CODE  64


enum lapor_locate_method {
    LAPOR_LOCATE_NONE = 0,        /* undetermined */
    LAPOR_LOCATE_PIN,
    LAPOR_LOCATE_TEXT,
    LAPOR_LOCATE_UNIT             /* that of the number written to */
};


enum lapor_pin_state {
    LAPOR_PIN_NONE = 0,           /* none given */
    LAPOR_PIN_OK,
    LAPOR_PIN_SWAPPED,            /* was lon,lat; put right */
    LAPOR_PIN_ABROAD,             /* a valid place outside Indonesia */
    LAPOR_PIN_BAD                 /* NaN, infinite, out of range, or 0,0 */
};


/*
 * pin: not 0 if lat and lon are given, WGS84 degrees.  text of len bytes may
 * be NULL when len is 0.  unit_code of the receiving unit, NULL or "" if the
 * number belongs to none.  The caller owns all of it.
 */

struct lapor_place {
    int          pin;
    double       lat;
    double       lon;
    const char  *text;
    size_t       len;
    const char  *unit_code;
};


/*
 * Codes are "" where undetermined.  confidence: 0..1.  lat and lon are the
 * pin put right and hold only in the states OK, SWAPPED and ABROAD, else
 * they are 0.  A sender's pin may be where he sits, not where it happens.
 */

struct lapor_located {
    char                      province_code[LAPOR_AREA_CODE];
    char                      regency_code[LAPOR_AREA_CODE];
    char                      district_code[LAPOR_AREA_CODE];
    char                      unit_code[LAPOR_UNIT_CODE];
    enum lapor_locate_method  method;
    double                    confidence;
    enum lapor_pin_state      pin;
    double                    lat;
    double                    lon;
};


/*
 * Returns 0; -1 if unit_code is longer than a unit code may be: nothing is
 * cut to another unit's code, *ret_location is then undetermined.
 */

int lapor_locate(const struct lapor_place *place,
    struct lapor_located *ret_location);

/*
 * Checks a pin and puts it right in place.  Indonesia is lat -11..6, lon
 * 95..141; a pin outside of it that lies inside with its numbers exchanged
 * was given as lon,lat.  0,0 is what a device without a fix sends.
 */

enum lapor_pin_state lapor_locate_pin(double *lat, double *lon);

/* "pin", "text", "unit", "none"; "none" for a value out of range. */
const char *lapor_locate_method_code(enum lapor_locate_method method);

/* "none", "ok", "swapped", "abroad", "bad"; "bad" out of range. */
const char *lapor_pin_state_code(enum lapor_pin_state state);


#endif
