/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The schema's files: NNN_name.sql, numbered from 1 without a gap.
 */

#ifndef LAPOR_CTL_MIGRATION_H
#define LAPOR_CTL_MIGRATION_H

#include <stddef.h>

#include "lib/pool.h"
#include "lib/sha256.h"


struct ctl_migration {
    int          version;
    const char  *name;      /* 001_tables.sql */
    const char  *path;
    char         sha256[LAPOR_SHA256_HEX_LEN + 1];  /* of its bytes */
    int          applied;   /* for whoever compares with the database */
};


/*
 * All of a directory, by version, in the pool. -1 with the reason in err:
 * unreadable, none at all, a number missing or twice, over 16 MiB.
 */
int lapor_ctl_migrations(struct lapor_pool *pool, const char *dir,
    struct ctl_migration **ret_list, size_t *ret_n, char *err, size_t size)
    __attribute__((warn_unused_result));

#endif
