/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Text for a terminal. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "laporctl/text.h"
#include "lib/timeutil.h"
#include "lib/utf8.h"


static size_t text_width(struct lapor_str text);


struct ctl_row *
lapor_ctl_table_row(struct ctl_table *t)
{
    struct ctl_row  *row;

    row = lapor_pool_alloc(t->pool, sizeof(*row));

    if (t->last == NULL) {
        t->first = row;

    } else {
        t->last->next = row;
    }

    t->last = row;
    return row;
}


void
lapor_ctl_table_print(const struct ctl_table *t)
{
    size_t                 i, width, widths[CTL_COLUMNS];
    const struct ctl_row  *row;

    for (i = 0; i < t->columns; i++) {
        widths[i] = 0;

        for (row = t->first; row != NULL; row = row->next) {
            width = text_width(row->cells[i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }

    for (row = t->first; row != NULL; row = row->next) {
        for (i = 0; i < t->columns; i++) {
            lapor_ctl_text(row->cells[i], 0);

            if (i + 1 < t->columns) {
                printf("%*s", (int) (widths[i] + 2
                       - text_width(row->cells[i])), "");
            }
        }

        putchar('\n');
    }
}


void
lapor_ctl_result_print(struct lapor_pool *pool, const PGresult *res,
    const char *const *heads, size_t n, bool json)
{
    int                row;
    size_t             i;
    struct ctl_row    *cells;
    struct ctl_table   table;

    memset(&table, 0, sizeof(table));
    table.pool = pool;
    table.columns = n;
    cells = lapor_ctl_table_row(&table);

    for (i = 0; i < n; i++) {
        cells->cells[i] = lapor_str_from(heads[i]);
    }

    for (row = 0; row < PQntuples(res); row++) {

        if (json) {
            puts(PQgetvalue(res, row, (int) n));
            continue;
        }

        cells = lapor_ctl_table_row(&table);

        for (i = 0; i < n; i++) {
            cells->cells[i] = lapor_pg_get_null(res, row, (int) i)
                              ? LAPOR_STR("-")
                              : lapor_pg_get_str(res, row, (int) i);
        }
    }

    if (!json) {
        lapor_ctl_table_print(&table);
    }
}


void
lapor_ctl_text(struct lapor_str text, int indent)
{
    int       n;
    size_t    i;
    uint32_t  code;

    for (i = 0; i < text.len; i += (size_t) n) {
        n = lapor_utf8_next(text.data + i, text.len - i, &code);

        if (n > 0 && code == '\n') {
            printf("\n%*s", indent, "");

        } else if (n < 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            fputs("\xef\xbf\xbd", stdout);
            n = n < 0 ? -n : n;

        } else {
            fwrite(text.data + i, 1, (size_t) n, stdout);
        }
    }
}


/* Characters, not bytes, of UTF-8. */

static size_t
text_width(struct lapor_str text)
{
    size_t  i, width;

    width = 0;

    for (i = 0; i < text.len; i++) {
        width += (text.data[i] & 0xc0) != 0x80;
    }

    return width;
}


struct lapor_str
lapor_ctl_time(struct lapor_pool *pool, struct lapor_str text)
{
    char       local[32];
    size_t     len;
    time_t     seconds;
    int64_t    ms;
    struct tm  tm;

    if (text.data == NULL
        || lapor_time_parse(text.data, text.len, &ms) == -1)
    {
        return text;
    }

    seconds = (time_t) (ms / 1000);

    if (localtime_r(&seconds, &tm) == NULL) {
        return text;
    }

    len = strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S", &tm);
    text.data = lapor_pool_strndup(pool, local, len);
    text.len = len;

    return text;
}


struct lapor_str
lapor_ctl_member(const struct lapor_json *node, const char *name)
{
    struct lapor_str  text;

    text = lapor_json_get_text(node, name);

    return text.data == NULL ? LAPOR_STR("-") : text;
}
