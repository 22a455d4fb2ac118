/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Finding the schema's files. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/migration.h"
#include "lib/buf.h"
#include "lib/codec.h"
#include "lib/file.h"


#define MIGRATION_MAX  ((size_t) 16 * 1024 * 1024)


static int is_migration(const struct dirent *entry);
static void fill(struct lapor_pool *pool, const char *dir, const char *file,
    struct ctl_migration *m);
static int hash(struct ctl_migration *m);


int
lapor_ctl_migrations(struct lapor_pool *pool, const char *dir,
    struct ctl_migration **ret_list, size_t *ret_n, char *err, size_t size)
{
    int                    i, n, rc;
    struct dirent        **names;
    struct ctl_migration  *list;

    n = scandir(dir, &names, is_migration, alphasort);

    if (n == -1) {
        snprintf(err, size, "%s: %s", dir, strerror(errno));
        return -1;
    }

    rc = 0;
    list = lapor_pool_alloc(pool, ((size_t) n + 1) * sizeof(*list));

    for (i = 0; i < n; i++) {
        fill(pool, dir, names[i]->d_name, &list[i]);

        if (rc == 0 && list[i].version != i + 1) {
            snprintf(err, size, "%s: number %03d is expected here",
                     list[i].path, i + 1);
            rc = -1;
        }

        if (rc == 0 && hash(&list[i]) == -1) {
            snprintf(err, size, "%s: %s", list[i].path, strerror(errno));
            rc = -1;
        }

        free(names[i]);
    }

    free(names);

    if (n == 0) {
        snprintf(err, size, "%s: there is no NNN_name.sql", dir);
        return -1;
    }

    *ret_list = list;
    *ret_n = (size_t) n;
    return rc;
}


static int
is_migration(const struct dirent *entry)
{
    size_t       len;
    const char  *name;

    name = entry->d_name;
    len = strlen(name);

    return len > 8 && isdigit((unsigned char) name[0])
           && isdigit((unsigned char) name[1])
           && isdigit((unsigned char) name[2]) && name[3] == '_'
           && strcmp(name + len - 4, ".sql") == 0;
}


static void
fill(struct lapor_pool *pool, const char *dir, const char *file,
    struct ctl_migration *m)
{
    struct lapor_buf  path;

    lapor_buf_init(&path);
    lapor_buf_printf(&path, "%s/%s", dir, file);

    m->version = (file[0] - '0') * 100 + (file[1] - '0') * 10
                 + (file[2] - '0');
    m->name = lapor_pool_strndup(pool, file, strlen(file));
    m->path = lapor_pool_strndup(pool, lapor_buf_cstr(&path), path.len);

    lapor_buf_free(&path);
}


static int
hash(struct ctl_migration *m)
{
    char           *text;
    size_t          len;
    unsigned char   digest[LAPOR_SHA256_LEN];

    if (lapor_file_read(m->path, MIGRATION_MAX, &text, &len) == -1) {
        return -1;
    }

    lapor_sha256(text, len, digest);
    lapor_hex_encode(digest, sizeof(digest), m->sha256);
    free(text);

    return 0;
}
