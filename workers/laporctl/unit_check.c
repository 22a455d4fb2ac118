/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Units and areas against each other. The rows of the database stand in the
 * same lists with line 0; a file's row of the same unit replaces them.
 */

#include <stdlib.h>
#include <string.h>

#include "laporctl/unit_file.h"
#include "lib/log.h"


#define SHOW(str)  (int) (str).len, (str).len == 0 ? "" : (str).data


static void sort_codes(struct ctl_units *u);
static const struct ctl_unit *find(const struct ctl_units *u,
    struct lapor_str code);
static void check_doubles(struct ctl_units *u);
static void check_phones(struct ctl_units *u);
static void check_parents(struct ctl_units *u);
static void check_area_units(struct ctl_units *u);
static void check_claims(struct ctl_units *u);
static void check_row(struct ctl_units *u, struct ctl_area *const *group,
    size_t n);
static void check_claim(struct ctl_units *u, const struct ctl_area *one,
    const struct ctl_area *two);
static int is_stored(const struct ctl_area *before,
    const struct ctl_area *area);
static int excludes(struct ctl_area *const *group, size_t n,
    struct lapor_str unit);
static int compare_str(struct lapor_str one, struct lapor_str two);
static int compare_code(const void *one, const void *two);
static int compare_phone(const void *one, const void *two);
static int compare_rank(const void *one, const void *two);
static int compare_area(const void *one, const void *two);


void
lapor_ctl_units_check(struct ctl_units *u)
{
    sort_codes(u);
    check_doubles(u);
    check_phones(u);

    sort_codes(u);
    check_parents(u);
    check_area_units(u);
    check_claims(u);

    /* pointers into the list are dead after this */
    if (u->nunits > 1) {
        qsort(u->units, u->nunits, sizeof(*u->units), compare_rank);
    }

    free(u->by_code);
    u->by_code = NULL;
}


static void
sort_codes(struct ctl_units *u)
{
    size_t  i;

    free(u->by_code);
    u->by_code = calloc(u->nunits + 1, sizeof(*u->by_code));

    if (u->by_code == NULL) {
        lapor_fatal_memory();
    }

    for (i = 0; i < u->nunits; i++) {
        u->by_code[i] = &u->units[i];
    }

    if (u->nunits > 1) {
        qsort(u->by_code, u->nunits, sizeof(*u->by_code), compare_code);
    }
}


/* Of one code the file's row, else the database's: the last of the equal. */

static const struct ctl_unit *
find(const struct ctl_units *u, struct lapor_str code)
{
    size_t  low, high, middle;

    low = 0;
    high = u->nunits;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (compare_str(u->by_code[middle]->code, code) <= 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == 0 || !lapor_str_eq(u->by_code[low - 1]->code, code)) {
        return NULL;
    }

    return u->by_code[low - 1];
}


static void
check_doubles(struct ctl_units *u)
{
    size_t                  i;
    const struct ctl_unit  *one, *two;

    for (i = 1; i < u->nunits; i++) {
        one = u->by_code[i - 1];
        two = u->by_code[i];

        if (one->line > 0 && one->code.len > 0
            && lapor_str_eq(one->code, two->code))
        {
            lapor_ctl_problem(u->problems, u->unit_file, two->line,
                              "unit %.*s stands in line %d already",
                              SHOW(two->code), one->line);
        }
    }
}


static void
check_phones(struct ctl_units *u)
{
    size_t                  i;
    const struct ctl_unit  *one, *two;

    if (u->nunits > 1) {
        qsort(u->by_code, u->nunits, sizeof(*u->by_code), compare_phone);
    }

    for (i = 1; i < u->nunits; i++) {
        one = u->by_code[i - 1];
        two = u->by_code[i];

        if (one->line > 0 && one->phone_number_id.len > 0
            && lapor_str_eq(one->phone_number_id, two->phone_number_id))
        {
            lapor_ctl_problem(u->problems, u->unit_file, two->line,
                              "phone_number_id stands in line %d already",
                              one->line);
        }
    }
}


static void
check_parents(struct ctl_units *u)
{
    size_t                  i;
    struct ctl_unit        *unit;
    const struct ctl_unit  *parent;

    for (i = 0; i < u->nunits; i++) {
        unit = &u->units[i];

        if (unit->line == 0 || unit->parent.data == NULL) {
            continue;
        }

        parent = find(u, unit->parent);

        if (parent == NULL) {
            lapor_ctl_problem(u->problems, u->unit_file, unit->line,
                              "there is no unit %.*s to be its parent",
                              SHOW(unit->parent));

        } else if (parent->rank != -1 && unit->rank != -1
                   && parent->rank >= unit->rank)
        {
            lapor_ctl_problem(u->problems, u->unit_file, unit->line,
                              "its parent %.*s is a %.*s, which is not above "
                              "a %.*s", SHOW(unit->parent),
                              SHOW(parent->level), SHOW(unit->level));
        }
    }
}


static void
check_area_units(struct ctl_units *u)
{
    size_t                  i;
    struct ctl_area        *area;
    const struct ctl_unit  *unit;

    for (i = 0; i < u->nareas; i++) {
        area = &u->areas[i];
        unit = find(u, area->unit);

        if (unit != NULL) {
            area->rank = unit->rank;

        } else if (area->line > 0) {
            lapor_ctl_problem(u->problems, u->area_file, area->line,
                              "there is no unit %.*s", SHOW(area->unit));
        }
    }
}


/*
 * Of two units of one level, only one may claim an area under the same code;
 * a more specific code always wins, so that is no conflict. A unit that also
 * excludes this code has handed it over.
 */

static void
check_claims(struct ctl_units *u)
{
    size_t             i, end;
    struct ctl_area  **sorted;

    sorted = calloc(u->nareas + 1, sizeof(*sorted));

    if (sorted == NULL) {
        lapor_fatal_memory();
    }

    for (i = 0; i < u->nareas; i++) {
        sorted[i] = &u->areas[i];
    }

    if (u->nareas > 1) {
        qsort(sorted, u->nareas, sizeof(*sorted), compare_area);
    }

    for (i = 0; i < u->nareas; i = end) {
        for (end = i + 1; end < u->nareas
             && sorted[end]->rank == sorted[i]->rank
             && lapor_str_eq(sorted[end]->area, sorted[i]->area); end++)
        {
            check_row(u, sorted + i, end - i);
        }
    }

    free(sorted);
}


/* Row n of one area and level against the n before it: the first that claims
 * it for another unit is told, one line is enough. */

static void
check_row(struct ctl_units *u, struct ctl_area *const *group, size_t n)
{
    size_t  i;

    if (excludes(group, n, group[n]->unit)
        || is_stored(group[n - 1], group[n]))
    {
        return;
    }

    for (i = 0; i < n; i++) {
        if (!lapor_str_eq(group[i]->unit, group[n]->unit)
            && !excludes(group, n, group[i]->unit))
        {
            check_claim(u, group[i], group[n]);
            return;
        }
    }
}


static void
check_claim(struct ctl_units *u, const struct ctl_area *one,
    const struct ctl_area *two)
{
    const struct ctl_area  *first;

    if (one->rank == -1 || !lapor_str_eqz(one->op, "include")
        || !lapor_str_eqz(two->op, "include"))
    {
        return;
    }

    if (two->line < one->line) {
        first = two;
        two = one;
        one = first;
    }

    /* what the database holds already is not for this import to judge */
    if (two->line == 0) {
        return;
    }

    if (one->line == 0) {
        lapor_ctl_problem(u->problems, u->area_file, two->line,
                          "area %.*s is claimed by %.*s, and in the database "
                          "by %.*s", SHOW(two->area), SHOW(two->unit),
                          SHOW(one->unit));
        return;
    }

    lapor_ctl_problem(u->problems, u->area_file, two->line,
                      "area %.*s is claimed by %.*s, and in line %d by %.*s",
                      SHOW(two->area), SHOW(two->unit), one->line,
                      SHOW(one->unit));
}


/* Is this the database's copy of the row before it, which is the file's? */

static int
is_stored(const struct ctl_area *before, const struct ctl_area *area)
{
    return area->line == 0 && before->line > 0
           && lapor_str_eq(before->op, area->op)
           && lapor_str_eq(before->unit, area->unit);
}


/* Rules of one area and level: does the unit exclude it? */

static int
excludes(struct ctl_area *const *group, size_t n, struct lapor_str unit)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (lapor_str_eqz(group[i]->op, "exclude")
            && lapor_str_eq(group[i]->unit, unit))
        {
            return 1;
        }
    }

    return 0;
}


static int
compare_str(struct lapor_str one, struct lapor_str two)
{
    int     rc;
    size_t  len;

    len = one.len < two.len ? one.len : two.len;
    rc = len == 0 ? 0 : memcmp(one.data, two.data, len);

    if (rc != 0) {
        return rc;
    }

    return one.len < two.len ? -1 : one.len > two.len;
}


static int
compare_code(const void *one, const void *two)
{
    int                     rc;
    const struct ctl_unit  *a, *b;

    a = *(struct ctl_unit *const *) one;
    b = *(struct ctl_unit *const *) two;
    rc = compare_str(a->code, b->code);

    return rc != 0 ? rc : a->line - b->line;
}


static int
compare_phone(const void *one, const void *two)
{
    int                     rc;
    const struct ctl_unit  *a, *b;

    a = *(struct ctl_unit *const *) one;
    b = *(struct ctl_unit *const *) two;
    rc = compare_str(a->phone_number_id, b->phone_number_id);

    return rc != 0 ? rc : a->line - b->line;
}


static int
compare_rank(const void *one, const void *two)
{
    const struct ctl_unit  *a, *b;

    a = one;
    b = two;

    return a->rank != b->rank ? a->rank - b->rank : a->line - b->line;
}


/* Excludes first, so that they are known when the claims are compared; a
 * unit's row in the file before the one in the database. */

static int
compare_area(const void *one, const void *two)
{
    int                     rc;
    const struct ctl_area  *a, *b;

    a = *(struct ctl_area *const *) one;
    b = *(struct ctl_area *const *) two;
    rc = compare_str(a->area, b->area);

    if (rc != 0) {
        return rc;
    }

    if (a->rank != b->rank) {
        return a->rank - b->rank;
    }

    rc = compare_str(a->op, b->op);

    if (rc == 0) {
        rc = compare_str(a->unit, b->unit);
    }

    if (rc != 0 || a->line == b->line) {
        return rc;
    }

    if (a->line == 0 || b->line == 0) {
        return a->line == 0 ? 1 : -1;
    }

    return a->line < b->line ? -1 : 1;
}
