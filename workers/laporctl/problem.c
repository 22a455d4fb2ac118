/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Collecting what is wrong in a file. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/problem.h"
#include "lib/log.h"


static void add(struct ctl_problems *p, const char *file, int line, bool note,
    const char *format, va_list ap) __attribute__((format(printf, 5, 0)));
static int compare(const void *one, const void *two);
static void sort(struct ctl_problems *p);


void
lapor_ctl_problem(struct ctl_problems *p, const char *file, int line,
    const char *format, ...)
{
    va_list  ap;

    va_start(ap, format);
    add(p, file, line, false, format, ap);
    va_end(ap);

    p->errors++;
}


void
lapor_ctl_note(struct ctl_problems *p, const char *file, int line,
    const char *format, ...)
{
    va_list  ap;

    va_start(ap, format);
    add(p, file, line, true, format, ap);
    va_end(ap);
}


static void
add(struct ctl_problems *p, const char *file, int line, bool note,
    const char *format, va_list ap)
{
    struct lapor_buf     text;
    struct ctl_problem  *list;

    if (p->n == p->size) {
        p->size = p->size == 0 ? 64 : p->size * 2;
        list = realloc(p->list, p->size * sizeof(*list));

        if (list == NULL) {
            lapor_fatal_memory();
        }

        p->list = list;
    }

    lapor_buf_init(&text);
    lapor_buf_vprintf(&text, format, ap);

    list = &p->list[p->n];
    list->file = file;
    list->line = line;
    list->note = note;
    list->order = p->n++;
    list->text = lapor_pool_strndup(p->pool, lapor_buf_cstr(&text), text.len);

    lapor_buf_free(&text);
}


static int
compare(const void *one, const void *two)
{
    int                        rc;
    const struct ctl_problem  *a, *b;

    a = one;
    b = two;

    rc = a->file == b->file ? 0 : strcmp(a->file, b->file);

    if (rc != 0) {
        return rc;
    }

    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }

    return a->order < b->order ? -1 : a->order > b->order;
}


static void
sort(struct ctl_problems *p)
{
    if (p->n > 1) {
        qsort(p->list, p->n, sizeof(*p->list), compare);
    }
}


void
lapor_ctl_problems_print(struct ctl_problems *p)
{
    size_t  i;

    sort(p);
    fflush(stdout);

    for (i = 0; i < p->n; i++) {
        fprintf(stderr, "%s:%d: %s%s\n", p->list[i].file, p->list[i].line,
                p->list[i].note ? "note: " : "", p->list[i].text);
    }
}


void
lapor_ctl_problems_json(struct ctl_problems *p, struct lapor_buf *buf)
{
    size_t  i;

    sort(p);
    lapor_buf_addc(buf, '[');

    for (i = 0; i < p->n; i++) {
        lapor_buf_json_comma(buf);
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "file", lapor_str_from(p->list[i].file));
        lapor_buf_json_key(buf, "line");
        lapor_buf_printf(buf, "%d", p->list[i].line);
        lapor_buf_json_key(buf, "note");
        lapor_buf_addz(buf, p->list[i].note ? "true" : "false");
        lapor_buf_json_member(buf, "text", lapor_str_from(p->list[i].text));
        lapor_buf_addc(buf, '}');
    }

    lapor_buf_addc(buf, ']');
}


void
lapor_ctl_problems_free(struct ctl_problems *p)
{
    free(p->list);
    p->list = NULL;
    p->n = p->size = 0;
}
