/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The locate library: pins and the receiving unit.
 */

#include <math.h>
#include <string.h>

#include "locate/locate.h"
#include "tap.h"


struct pin_case {
    const char           *name;
    double                lat;
    double                lon;
    enum lapor_pin_state  state;
    double                want_lat;
    double                want_lon;
};


static void test_pins(void);
static void test_units(void);
static void test_long_unit(void);
static void test_codes(void);


static const struct pin_case  pins[] = {
    { "Tarakan", 3.3, 117.63, LAPOR_PIN_OK, 3.3, 117.63 },
    { "Tarakan as lon,lat", 117.63, 3.3, LAPOR_PIN_SWAPPED, 3.3, 117.63 },
    { "Jakarta", -6.2, 106.8, LAPOR_PIN_OK, -6.2, 106.8 },
    { "Jakarta as lon,lat", 106.8, -6.2, LAPOR_PIN_SWAPPED, -6.2, 106.8 },
    { "the north-west corner", 6.0, 95.0, LAPOR_PIN_OK, 6.0, 95.0 },
    { "the south-east corner", -11.0, 141.0, LAPOR_PIN_OK, -11.0, 141.0 },
    { "the corner as lon,lat", 95.0, 6.0, LAPOR_PIN_SWAPPED, 6.0, 95.0 },
    { "the equator in Pontianak", 0.0, 109.3, LAPOR_PIN_OK, 0.0, 109.3 },
    { "Mecca", 21.42, 39.83, LAPOR_PIN_ABROAD, 21.42, 39.83 },
    { "0,0", 0.0, 0.0, LAPOR_PIN_BAD, 0.0, 0.0 },
    { "almost 0,0", 1e-9, -1e-9, LAPOR_PIN_BAD, 0.0, 0.0 },
    { "a latitude of 91", 91.0, 20.0, LAPOR_PIN_BAD, 0.0, 0.0 },
    { "a longitude of -181", 10.0, -181.0, LAPOR_PIN_BAD, 0.0, 0.0 },
    { "NaN latitude", NAN, 117.63, LAPOR_PIN_BAD, 0.0, 0.0 },
    { "NaN longitude", 3.3, NAN, LAPOR_PIN_BAD, 0.0, 0.0 },
    { "infinity", INFINITY, 3.3, LAPOR_PIN_BAD, 0.0, 0.0 }
};


int
main(void)
{
    test_pins();
    test_units();
    test_long_unit();
    test_codes();

    return tap_done();
}


static void
test_pins(void)
{
    size_t                  i;
    struct lapor_place      place;
    struct lapor_located   l;
    const struct pin_case  *c;

    for (i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
        c = &pins[i];

        memset(&place, 0, sizeof(place));
        place.pin = 1;
        place.lat = c->lat;
        place.lon = c->lon;

        is(lapor_locate(&place, &l), 0, "%s: located", c->name);
        is(l.pin, c->state, "%s: %s", c->name,
           lapor_pin_state_code(c->state));
        ok(fabs(l.lat - c->want_lat) < 1e-12
           && fabs(l.lon - c->want_lon) < 1e-12,
           "%s: the pin put right", c->name);
        is(l.method, LAPOR_LOCATE_NONE, "%s: no unit, no method", c->name);
    }
}


static void
test_units(void)
{
    struct lapor_place     place;
    struct lapor_located  l;

    memset(&place, 0, sizeof(place));
    memset(&l, 0xff, sizeof(l));
    place.unit_code = "polres-tarakan";
    place.text = "kebakaran di Jl Mulawarman";
    place.len = strlen(place.text);

    is(lapor_locate(&place, &l), 0, "text and unit");
    is_str(l.unit_code, "polres-tarakan", "goes to the receiving unit");
    is(l.method, LAPOR_LOCATE_UNIT, "by the unit");
    ok(l.confidence > 0.0 && l.confidence < 1.0, "with some doubt");
    is_str(l.province_code, "", "no province");
    is_str(l.regency_code, "", "no regency");
    is_str(l.district_code, "", "no district");
    is(l.pin, LAPOR_PIN_NONE, "no pin");

    place.unit_code = "";
    is(lapor_locate(&place, &l), 0, "no unit");
    is_str(l.unit_code, "", "an empty code is none");
    is(l.method, LAPOR_LOCATE_NONE, "undetermined");
    ok(l.confidence == 0.0, "no confidence");

    place.unit_code = NULL;
    place.text = NULL;
    place.len = 0;
    is(lapor_locate(&place, &l), 0, "nothing at all");
    is(l.method, LAPOR_LOCATE_NONE, "is undetermined");
}


static void
test_long_unit(void)
{
    char                   code[LAPOR_UNIT_CODE + 1];
    struct lapor_place     place;
    struct lapor_located  l;

    memset(&place, 0, sizeof(place));
    memset(code, 'x', LAPOR_UNIT_CODE);
    code[LAPOR_UNIT_CODE] = '\0';
    place.unit_code = code;

    is(lapor_locate(&place, &l), -1, "a unit code too long is refused");
    is_str(l.unit_code, "", "and not cut");
    is(l.method, LAPOR_LOCATE_NONE, "and routes nowhere");

    code[LAPOR_UNIT_CODE - 1] = '\0';
    is(lapor_locate(&place, &l), 0, "the longest is taken");
    is_str(l.unit_code, code, "whole");
}


static void
test_codes(void)
{
    is_str(lapor_locate_method_code(LAPOR_LOCATE_PIN), "pin", "pin");
    is_str(lapor_locate_method_code(LAPOR_LOCATE_TEXT), "text", "text");
    is_str(lapor_locate_method_code(LAPOR_LOCATE_UNIT), "unit", "unit");
    is_str(lapor_locate_method_code(LAPOR_LOCATE_NONE), "none", "none");
    is_str(lapor_locate_method_code((enum lapor_locate_method) 99), "none",
           "out of range");
    is_str(lapor_pin_state_code(LAPOR_PIN_NONE), "none", "no pin");
    is_str(lapor_pin_state_code((enum lapor_pin_state) 99), "bad",
           "state out of range");
}
