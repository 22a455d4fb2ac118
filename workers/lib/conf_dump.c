/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* The values in force, as a file that loads. */

#include "lib/conf_internal.h"


static void lapor_conf_print(FILE *out, const struct lapor_conf_entry *e,
    const char *conf);
static void lapor_conf_print_string(FILE *out,
    const struct lapor_conf_entry *e, const char *string);
static void lapor_conf_print_number(FILE *out, int64_t value,
    const struct lapor_conf_unit *units);


void
lapor_conf_dump(FILE *out, const struct lapor_conf_entry *entries, size_t n,
    const char *section, const void *conf)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (entries[i].section == NULL) {
            lapor_conf_print(out, &entries[i], conf);
        }
    }

    if (section == NULL) {
        return;
    }

    (void) fprintf(out, "\n[%s]\n", section);

    for (i = 0; i < n; i++) {
        if (entries[i].section != NULL && lapor_conf_mine(&entries[i], section))
        {
            lapor_conf_print(out, &entries[i], conf);
        }
    }
}


static void
lapor_conf_print(FILE *out, const struct lapor_conf_entry *e,
    const char *conf)
{
    size_t                         i;
    const void                    *member;
    const struct lapor_conf_list  *list;

    member = conf + e->offset;

    if (e->type == LAPOR_CONF_STRING) {
        lapor_conf_print_string(out, e, *(char *const *) member);
        return;
    }

    (void) fprintf(out, "%s = ", e->name);

    switch (e->type) {
    case LAPOR_CONF_LIST:
        list = member;

        for (i = 0; i < list->n; i++) {
            (void) fprintf(out, "%s%s", i ? ", " : "", list->items[i]);
        }

        break;

    case LAPOR_CONF_BOOL:
        (void) fputs(*(const bool *) member ? "on" : "off", out);
        break;

    case LAPOR_CONF_SIZE:
        lapor_conf_print_number(out, *(const int64_t *) member,
                                lapor_conf_sizes);
        break;

    case LAPOR_CONF_DURATION:
        lapor_conf_print_number(out, *(const int64_t *) member,
                                lapor_conf_durations);
        break;

    default:
        lapor_conf_print_number(out, *(const int64_t *) member,
                                lapor_conf_plain);
        break;
    }

    (void) fputc('\n', out);
}


/* A comment where nothing can be shown, so that the dump loads. */

static void
lapor_conf_print_string(FILE *out, const struct lapor_conf_entry *e,
    const char *string)
{
    if (string == NULL) {
        (void) fprintf(out, "# %s is not set\n", e->name);

    } else if (e->flags & (LAPOR_CONF_SECRET | LAPOR_CONF_SECRET_FILE)) {
        (void) fprintf(out, "# %s = (hidden)\n", e->name);

    } else {
        (void) fprintf(out, "%s = %s\n", e->name, string);
    }
}


static void
lapor_conf_print_number(FILE *out, int64_t value,
    const struct lapor_conf_unit *units)
{
    if (value == 0) {
        (void) fputc('0', out);
        return;
    }

    while (units->factor > 1 && value % units->factor != 0) {
        units++;
    }

    (void) fprintf(out, "%lld%s", (long long) (value / units->factor),
                   units->name);
}
