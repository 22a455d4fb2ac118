/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * units.csv and unit-areas.csv: reading and checking them by themselves and
 * against what the database already has.
 *
 * units.csv: unit_code, level (mabes, polda, polres, polsek), type, name,
 * parent_code (empty: headquarters), phone_number_id (Meta's), display_phone,
 * hq_lat, hq_lon, active (1 or 0). unit-areas.csv: unit_code, op (include or
 * exclude), area_code (Kemendagri), valid_from (date), note. Columns may stand
 * in any order under these names.
 */

#ifndef LAPOR_CTL_UNIT_FILE_H
#define LAPOR_CTL_UNIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "laporctl/problem.h"
#include "lib/pool.h"
#include "lib/str.h"


/* Empty fields are absent strings. */
struct ctl_unit {
    int               line;    /* 0: not in the file, but in the database */
    int               rank;    /* 0 mabes, 1 polda, 2 polres, 3 polsek, -1 */
    struct lapor_str  code;
    struct lapor_str  level;
    struct lapor_str  type;
    struct lapor_str  name;
    struct lapor_str  parent;
    struct lapor_str  phone_number_id;
    struct lapor_str  display_phone;
    bool              has_hq;
    double            lat;     /* degrees, WGS 84 */
    double            lon;
    bool              active;
};

struct ctl_area {
    int               line;    /* 0: as above */
    int               rank;    /* its unit's */
    struct lapor_str  unit;
    struct lapor_str  op;
    struct lapor_str  area;
    struct lapor_str  from;    /* YYYY-MM-DD */
    struct lapor_str  note;
};

struct ctl_units {
    struct lapor_pool    *pool;
    struct ctl_problems  *problems;
    const char           *unit_file;
    const char           *area_file;  /* NULL: none */
    struct ctl_unit      *units;      /* heap, as are the others */
    size_t                nunits;
    size_t                unit_size;
    struct ctl_area      *areas;
    size_t                nareas;
    size_t                area_size;
    struct ctl_unit     **by_code;    /* by code, then line; see sort */
};


/* One more, zeroed; for rows of the database too. */
struct ctl_unit *lapor_ctl_unit_add(struct ctl_units *u);
struct ctl_area *lapor_ctl_area_add(struct ctl_units *u);

/* The rank of a level's name, -1 for another word. */
int lapor_ctl_unit_rank(struct lapor_str level);

/* Read a file's rows, each checked by itself; problems are noted. */
void lapor_ctl_units_read(struct ctl_units *u, const char *data, size_t len);
void lapor_ctl_areas_read(struct ctl_units *u, const char *data, size_t len);

/* Check the rows against each other, after those of the database have been
 * added. Leaves the units by rank, as they must be stored. */
void lapor_ctl_units_check(struct ctl_units *u);

void lapor_ctl_units_free(struct ctl_units *u);

#endif
