/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The table is parser, checker, dump and manual at once.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_internal.h"
#include "lib/file.h"
#include "lib/heap.h"
#include "lib/log.h"


#define LAPOR_CONF_FILE_MAX    (1024 * 1024)
#define LAPOR_CONF_ENTRIES     256


struct lapor_conf_parser {
    const struct lapor_conf_entry  *entries;
    size_t                          n;
    const char                     *section;
    char                           *conf;
    const char                     *file;
    unsigned                        line;
    bool                            own;        /* inside our section */
    bool                            foreign;    /* inside another's */
    char                           *err;
    size_t                          size;

    /* lines at which a key stood, before the sections and in our own */
    unsigned                        common[LAPOR_CONF_ENTRIES];
    unsigned                        special[LAPOR_CONF_ENTRIES];
};


static int lapor_conf_error(struct lapor_conf_parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int lapor_conf_parse(struct lapor_conf_parser *p, char *text);
static int lapor_conf_line(struct lapor_conf_parser *p, char *line);
static int lapor_conf_header(struct lapor_conf_parser *p, char *line);
static int lapor_conf_pair(struct lapor_conf_parser *p, char *key,
    const char *value);
static int lapor_conf_find(struct lapor_conf_parser *p, const char *key,
    size_t *ret_i);
static int lapor_conf_defaults(struct lapor_conf_parser *p);
static int lapor_conf_set(struct lapor_conf_parser *p,
    const struct lapor_conf_entry *e, const char *value);
static int lapor_conf_set_number(struct lapor_conf_parser *p,
    const struct lapor_conf_entry *e, const char *value);
static int lapor_conf_set_string(struct lapor_conf_parser *p,
    const struct lapor_conf_entry *e, const char *value);
static int lapor_conf_set_list(struct lapor_conf_list *list,
    const char *value);
static int lapor_conf_number(const char *value,
    const struct lapor_conf_unit *units, int64_t *ret_number);
static void lapor_conf_clear(const struct lapor_conf_entry *e, void *member);
static char *lapor_conf_trim(char *text);


/* of all programs: each skips those of the others, but not a misspelled one,
 * whose settings would silently be the defaults */

static const char *const  lapor_conf_sections[] = {
    "intake", "media", "reply", "laporctl"
};


/* from the largest down, for the dump; the last one may be left out */

const struct lapor_conf_unit  lapor_conf_sizes[] = {
    { "g", 1024 * 1024 * 1024 },
    { "m", 1024 * 1024 },
    { "k", 1024 },
    { "", 1 },
    { NULL, 0 }
};

const struct lapor_conf_unit  lapor_conf_durations[] = {
    { "d", 86400000 },
    { "h", 3600000 },
    { "m", 60000 },
    { "s", 1000 },
    { "ms", 1 },
    { NULL, 0 }
};

const struct lapor_conf_unit  lapor_conf_plain[] = {
    { "", 1 },
    { NULL, 0 }
};


int
lapor_conf_load(const char *file, const struct lapor_conf_entry *entries,
    size_t n, const char *section, void *conf, char *err, size_t size)
{
    int                        rc;
    char                      *text;
    size_t                     len;
    struct lapor_conf_parser   p;

    memset(&p, 0, sizeof(p));
    p.entries = entries;
    p.n = n;
    p.section = section;
    p.conf = conf;
    p.file = file;
    p.err = err;
    p.size = size;

    if (n > LAPOR_CONF_ENTRIES) {
        return lapor_conf_error(&p, "table of keys is too long");
    }

    if (lapor_file_read(file, LAPOR_CONF_FILE_MAX, &text, &len) == -1) {
        return lapor_conf_error(&p, "could not read: %s", strerror(errno));
    }

    if (strlen(text) != len) {
        rc = lapor_conf_error(&p, "file has a NUL byte");

    } else {
        rc = lapor_conf_parse(&p, text);
    }

    free(text);

    if (rc == 0) {
        rc = lapor_conf_defaults(&p);
    }

    if (rc == -1) {
        lapor_conf_free(entries, n, section, conf);
    }

    return rc;
}


/* "FILE:LINE: reason"; without a line where none is to blame. */

static int
lapor_conf_error(struct lapor_conf_parser *p, const char *fmt, ...)
{
    char     reason[256];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(reason, sizeof(reason), fmt, args);
    va_end(args);

    if (p->line == 0) {
        (void) snprintf(p->err, p->size, "%s: %s", p->file, reason);
    } else {
        (void) snprintf(p->err, p->size, "%s:%u: %s", p->file, p->line,
                        reason);
    }

    return -1;
}


static int
lapor_conf_parse(struct lapor_conf_parser *p, char *text)
{
    char  *end, *line;

    for (line = text; line != NULL; line = end) {
        end = strchr(line, '\n');

        if (end != NULL) {
            *end++ = '\0';
        }

        p->line++;

        if (lapor_conf_line(p, lapor_conf_trim(line)) == -1) {
            return -1;
        }
    }

    p->line = 0;
    return 0;
}


static int
lapor_conf_line(struct lapor_conf_parser *p, char *line)
{
    char  *value;

    if (line[0] == '\0' || line[0] == '#') {
        return 0;
    }

    if (line[0] == '[') {
        return lapor_conf_header(p, line);
    }

    if (p->foreign) {
        return 0;
    }

    value = strchr(line, '=');

    if (value == NULL) {
        return lapor_conf_error(p, "line is neither \"key = value\" nor "
                                "\"[section]\"");
    }

    *value++ = '\0';

    return lapor_conf_pair(p, lapor_conf_trim(line), lapor_conf_trim(value));
}


static int
lapor_conf_header(struct lapor_conf_parser *p, char *line)
{
    size_t  len, i, n;

    len = strlen(line);

    if (line[len - 1] != ']' || len < 3) {
        return lapor_conf_error(p, "section is not closed");
    }

    line[len - 1] = '\0';
    line = lapor_conf_trim(line + 1);
    n = sizeof(lapor_conf_sections) / sizeof(lapor_conf_sections[0]);

    for (i = 0; i < n && strcmp(line, lapor_conf_sections[i]) != 0; i++) {
        /* void */
    }

    if (i == n) {
        return lapor_conf_error(p, "there is no section \"%s\"", line);
    }

    p->own = (p->section != NULL && strcmp(line, p->section) == 0);
    p->foreign = !p->own;

    return 0;
}


static int
lapor_conf_pair(struct lapor_conf_parser *p, char *key, const char *value)
{
    size_t     i;
    unsigned  *seen;

    if (lapor_conf_find(p, key, &i) == -1) {
        return lapor_conf_error(p, "there is no key \"%s\" %s%s", key,
                                p->own ? "in section " : "before the sections",
                                p->own ? p->section : "");
    }

    seen = p->own ? p->special : p->common;

    if (seen[i] != 0) {
        return lapor_conf_error(p, "key \"%s\" stands twice, first in line %u",
                                key, seen[i]);
    }

    seen[i] = p->line;

    return lapor_conf_set(p, &p->entries[i], value);
}


/* Ours may stand only in our section, common ones there and before. */

static int
lapor_conf_find(struct lapor_conf_parser *p, const char *key, size_t *ret_i)
{
    size_t                          i;
    const struct lapor_conf_entry  *e;

    for (i = 0; i < p->n; i++) {
        e = &p->entries[i];

        if (strcmp(e->name, key) == 0 && lapor_conf_mine(e, p->section)
            && (e->section == NULL || p->own))
        {
            *ret_i = i;
            return 0;
        }
    }

    return -1;
}


bool
lapor_conf_mine(const struct lapor_conf_entry *e, const char *section)
{
    return e->section == NULL
           || (section != NULL && strcmp(e->section, section) == 0);
}


static int
lapor_conf_defaults(struct lapor_conf_parser *p)
{
    size_t                          i;
    const struct lapor_conf_entry  *e;

    for (i = 0; i < p->n; i++) {
        e = &p->entries[i];

        if (p->common[i] != 0 || p->special[i] != 0
            || !lapor_conf_mine(e, p->section))
        {
            continue;
        }

        if (e->flags & LAPOR_CONF_REQUIRED) {
            return lapor_conf_error(p, "key \"%s\" is missing%s%s", e->name,
                                    e->section ? " in section " : "",
                                    e->section ? e->section : "");
        }

        if (e->value != NULL && lapor_conf_set(p, e, e->value) == -1) {
            return -1;
        }
    }

    return 0;
}


static int
lapor_conf_set(struct lapor_conf_parser *p, const struct lapor_conf_entry *e,
    const char *value)
{
    void  *member;

    member = p->conf + e->offset;

    switch (e->type) {
    case LAPOR_CONF_STRING:
        return lapor_conf_set_string(p, e, value);

    case LAPOR_CONF_INT:
    case LAPOR_CONF_SIZE:
    case LAPOR_CONF_DURATION:
        return lapor_conf_set_number(p, e, value);

    case LAPOR_CONF_BOOL:
        if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
            return lapor_conf_error(p, "key \"%s\" wants on or off, not "
                                    "\"%s\"", e->name, value);
        }

        *(bool *) member = (strcmp(value, "on") == 0);
        return 0;

    case LAPOR_CONF_LIST:
        lapor_conf_clear(e, member);

        if (lapor_conf_set_list(member, value) == -1) {
            return lapor_conf_error(p, "list \"%s\" has an empty item",
                                    e->name);
        }

        return 0;
    }

    return lapor_conf_error(p, "key \"%s\" has no type", e->name);
}


static int
lapor_conf_set_string(struct lapor_conf_parser *p,
    const struct lapor_conf_entry *e, const char *value)
{
    char   *copy, why[256];
    char  **member;

    if (value[0] == '\0' && (e->flags & LAPOR_CONF_EMPTY)) {
        copy = NULL;

    } else if (value[0] == '\0' && !(e->flags & LAPOR_CONF_SECRET_FILE)) {
        return lapor_conf_error(p, "key \"%s\" has no value", e->name);

    } else if (!(e->flags & LAPOR_CONF_SECRET_FILE)) {
        copy = lapor_heap_copy(value);

    } else if (lapor_conf_secret(value, &copy, why, sizeof(why)) == -1) {
        return lapor_conf_error(p, "key \"%s\": %s", e->name, why);
    }

    member = (char **) (void *) (p->conf + e->offset);
    lapor_conf_clear(e, member);
    *member = copy;

    return 0;
}


static int
lapor_conf_set_number(struct lapor_conf_parser *p,
    const struct lapor_conf_entry *e, const char *value)
{
    int64_t                        number;
    const char                    *what;
    const struct lapor_conf_unit  *units;

    units = lapor_conf_plain;
    what = "a whole number";

    if (e->type == LAPOR_CONF_SIZE) {
        units = lapor_conf_sizes;
        what = "a size like 512, 8k or 20m";

    } else if (e->type == LAPOR_CONF_DURATION) {
        units = lapor_conf_durations;
        what = "a duration like 500ms, 2s, 5m, 1h or 1d";
    }

    if (lapor_conf_number(value, units, &number) == -1) {
        return lapor_conf_error(p, "key \"%s\" wants %s, not \"%s\"", e->name,
                                what, value);
    }

    if ((e->min != 0 || e->max != 0) && (number < e->min || number > e->max)) {
        return lapor_conf_error(p, "key \"%s\" wants %lld to %lld%s, not %s",
                                e->name, (long long) e->min,
                                (long long) e->max,
                                e->type == LAPOR_CONF_DURATION ? " ms" : "",
                                value);
    }

    *(int64_t *) (void *) (p->conf + e->offset) = number;
    return 0;
}


static int
lapor_conf_number(const char *value, const struct lapor_conf_unit *units,
    int64_t *ret_number)
{
    char       *end;
    int64_t     number;
    long long   parsed;

    if (!((value[0] >= '0' && value[0] <= '9')
          || (value[0] == '-' && value[1] >= '0' && value[1] <= '9')))
    {
        return -1;
    }

    errno = 0;
    parsed = strtoll(value, &end, 10);

    if (errno != 0) {
        return -1;
    }

    /* nothing is nothing in every unit */
    if (parsed == 0 && *end == '\0') {
        *ret_number = 0;
        return 0;
    }

    for ( ; units->name != NULL; units++) {
        if (strcmp(end, units->name) == 0) {
            break;
        }
    }

    if (units->name == NULL
        || __builtin_mul_overflow((int64_t) parsed, units->factor, &number))
    {
        return -1;
    }

    *ret_number = number;
    return 0;
}


/* Nothing at all is an empty list; "a,,b" is a mistake. */

static int
lapor_conf_set_list(struct lapor_conf_list *list, const char *value)
{
    char    **items;
    size_t    len, blanks;

    while (*value != '\0') {
        value += strspn(value, " \t");
        len = strcspn(value, ",");

        for (blanks = 0; blanks < len
             && strchr(" \t", value[len - blanks - 1]) != NULL; blanks++)
        {
            /* void */
        }

        if (len == blanks) {
            return -1;
        }

        items = realloc(list->items, (list->n + 1) * sizeof(char *));

        if (items == NULL) {
            lapor_fatal_memory();
        }

        list->items = items;
        list->items[list->n++] = lapor_heap_copyn(value, len - blanks);

        value += len;

        if (*value == ',' && *++value == '\0') {
            return -1;
        }
    }

    return 0;
}


static char *
lapor_conf_trim(char *text)
{
    size_t  len;

    text += strspn(text, " \t\r");
    len = strlen(text);

    while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL) {
        len--;
    }

    text[len] = '\0';
    return text;
}


static void
lapor_conf_clear(const struct lapor_conf_entry *e, void *member)
{
    char                    **string;
    size_t                    i;
    struct lapor_conf_list   *list;

    if (e->type == LAPOR_CONF_STRING) {
        string = member;

        if (*string != NULL
            && (e->flags & (LAPOR_CONF_SECRET | LAPOR_CONF_SECRET_FILE)))
        {
            explicit_bzero(*string, strlen(*string));
        }

        free(*string);
        *string = NULL;
    }

    if (e->type == LAPOR_CONF_LIST) {
        list = member;

        for (i = 0; i < list->n; i++) {
            free(list->items[i]);
        }

        free(list->items);
        list->items = NULL;
        list->n = 0;
    }
}


void
lapor_conf_free(const struct lapor_conf_entry *entries, size_t n,
    const char *section, void *conf)
{
    char    *member;
    size_t   i;

    for (i = 0; i < n; i++) {
        if (!lapor_conf_mine(&entries[i], section)) {
            continue;
        }

        member = (char *) conf + entries[i].offset;
        lapor_conf_clear(&entries[i], member);

        if (entries[i].type == LAPOR_CONF_BOOL) {
            *(bool *) (void *) member = false;

        } else if (entries[i].type != LAPOR_CONF_STRING
                   && entries[i].type != LAPOR_CONF_LIST)
        {
            *(int64_t *) (void *) member = 0;
        }
    }
}
