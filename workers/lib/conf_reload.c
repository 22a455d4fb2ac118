/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The file is read into a struct of its own, and only a whole and valid one
 * changes anything.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/conf_internal.h"
#include "lib/log.h"
#include "lib/metrics.h"


static bool lapor_conf_same(const struct lapor_conf_entry *e,
    const char *one, const char *two);
static bool lapor_conf_same_string(const char *one, const char *two);
static bool lapor_conf_same_list(const struct lapor_conf_list *one,
    const struct lapor_conf_list *two);
static void lapor_conf_swap(const struct lapor_conf_entry *e, char *one,
    char *two);
static size_t lapor_conf_width(const struct lapor_conf_entry *e);


int
lapor_conf_reload(const struct lapor_conf_spec *spec, void *conf)
{
    char                           *fresh, err[512];
    size_t                          i, applied, waiting;
    const struct lapor_conf_entry  *e;

    fresh = calloc(1, spec->size);
    if (fresh == NULL) {
        lapor_fatal_memory();
    }

    if (lapor_conf_read(spec, fresh, err, sizeof(err)) == -1) {
        lapor_log_err("configuration stays as it was: %s", err);
        lapor_metric_add(&lapor_metric_reloads, 1, 1);
        free(fresh);
        return -1;
    }

    applied = 0;
    waiting = 0;

    for (i = 0; i < spec->n; i++) {
        e = &spec->entries[i];

        if (!lapor_conf_mine(e, spec->section)
            || lapor_conf_same(e, (char *) conf + e->offset,
                               fresh + e->offset))
        {
            continue;
        }

        if (e->flags & LAPOR_CONF_LIVE) {
            lapor_conf_swap(e, (char *) conf + e->offset, fresh + e->offset);
            lapor_log_notice("a setting has changed key=%s", e->name);
            applied++;

        } else {
            lapor_log_warn("a changed setting waits for a restart key=%s",
                           e->name);
            waiting++;
        }
    }

    lapor_conf_free(spec->entries, spec->n, spec->section, fresh);
    free(fresh);
    lapor_log_notice("configuration was read again changed=%zu waiting=%zu",
                     applied, waiting);
    lapor_metric_add(&lapor_metric_reloads, 0, 1);
    return 0;
}


static bool
lapor_conf_same(const struct lapor_conf_entry *e, const char *one,
    const char *two)
{
    const void  *a, *b;

    a = one;
    b = two;

    switch (e->type) {

    case LAPOR_CONF_STRING:
        return lapor_conf_same_string(*(char *const *) a,
                                      *(char *const *) b);

    case LAPOR_CONF_LIST:
        return lapor_conf_same_list(a, b);

    default:
        return memcmp(a, b, lapor_conf_width(e)) == 0;
    }
}


static bool
lapor_conf_same_string(const char *one, const char *two)
{
    return one == NULL || two == NULL ? one == two : strcmp(one, two) == 0;
}


static bool
lapor_conf_same_list(const struct lapor_conf_list *one,
    const struct lapor_conf_list *two)
{
    size_t  i;

    for (i = 0; i < one->n && i < two->n; i++) {
        if (strcmp(one->items[i], two->items[i]) != 0) {
            return false;
        }
    }

    return one->n == two->n;
}


/* The old value goes where it is freed. */

static void
lapor_conf_swap(const struct lapor_conf_entry *e, char *one, char *two)
{
    size_t         width;
    unsigned char  keep[sizeof(struct lapor_conf_list)];

    width = lapor_conf_width(e);
    memcpy(keep, one, width);
    memcpy(one, two, width);
    memcpy(two, keep, width);
}


static size_t
lapor_conf_width(const struct lapor_conf_entry *e)
{
    switch (e->type) {

    case LAPOR_CONF_STRING:
        return sizeof(char *);

    case LAPOR_CONF_BOOL:
        return sizeof(bool);

    case LAPOR_CONF_LIST:
        return sizeof(struct lapor_conf_list);

    default:
        return sizeof(int64_t);
    }
}
