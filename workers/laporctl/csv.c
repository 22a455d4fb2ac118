/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* The CSV reader: a walk over the text, one row a call. */

#include <string.h>

#include "laporctl/csv.h"


static void skip_empty(struct ctl_csv *csv);
static int line_end(const struct ctl_csv *csv, size_t at);
static void field_plain(struct ctl_csv *csv, struct ctl_csv_row *row,
    struct lapor_str *field);
static void field_quoted(struct ctl_csv *csv, struct ctl_csv_row *row,
    struct lapor_str *field);
static void next_line(struct ctl_csv *csv);


void
lapor_ctl_csv_open(struct ctl_csv *csv, struct lapor_pool *pool,
    const char *data, size_t len)
{
    csv->pool = pool;
    csv->data = data;
    csv->len = len;
    csv->at = 0;
    csv->line = 1;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        csv->at = 3;
    }
}


int
lapor_ctl_csv_next(struct ctl_csv *csv, struct ctl_csv_row *ret_row)
{
    struct lapor_str  field;

    skip_empty(csv);

    ret_row->line = csv->line;
    ret_row->error = NULL;
    ret_row->n = 0;

    if (csv->at == csv->len) {
        return 0;
    }

    for ( ;; ) {
        if (csv->at < csv->len && csv->data[csv->at] == '"') {
            field_quoted(csv, ret_row, &field);

        } else {
            field_plain(csv, ret_row, &field);
        }

        if (ret_row->error == NULL && ret_row->n == CTL_CSV_FIELDS) {
            ret_row->error = "too many fields";
        }

        if (ret_row->error != NULL) {
            next_line(csv);
            return 1;
        }

        ret_row->fields[ret_row->n++] = field;

        if (csv->at == csv->len || csv->data[csv->at] != ',') {
            next_line(csv);
            return 1;
        }

        csv->at++;
    }
}


static void
skip_empty(struct ctl_csv *csv)
{
    int  n;

    for ( ;; ) {
        n = line_end(csv, csv->at);

        if (n == 0) {
            return;
        }

        csv->at += (size_t) n;
        csv->line++;
    }
}


/* How many bytes of line end stand here: 0, 1 or 2. */

static int
line_end(const struct ctl_csv *csv, size_t at)
{
    if (at < csv->len && csv->data[at] == '\n') {
        return 1;
    }

    if (at + 1 < csv->len && csv->data[at] == '\r'
        && csv->data[at + 1] == '\n')
    {
        return 2;
    }

    return 0;
}


static void
field_plain(struct ctl_csv *csv, struct ctl_csv_row *row,
    struct lapor_str *field)
{
    size_t  start;

    start = csv->at;

    while (csv->at < csv->len && csv->data[csv->at] != ','
           && line_end(csv, csv->at) == 0)
    {
        if (csv->data[csv->at] == '"') {
            row->error = "a quote inside of a field without quotes";
            return;
        }

        csv->at++;
    }

    field->data = csv->data + start;
    field->len = csv->at - start;
}


static void
field_quoted(struct ctl_csv *csv, struct ctl_csv_row *row,
    struct lapor_str *field)
{
    char    *text;
    size_t   n, start;

    start = ++csv->at;
    n = 0;

    for ( ;; ) {
        if (csv->at == csv->len) {
            row->error = "a quote is not closed";
            return;
        }

        if (csv->data[csv->at] == '"') {
            if (csv->at + 1 == csv->len || csv->data[csv->at + 1] != '"') {
                break;
            }

            csv->at++;

        } else if (csv->data[csv->at] == '\n') {
            csv->line++;
        }

        csv->at++;
        n++;
    }

    field->data = text = lapor_pool_bytes(csv->pool, n + 1);
    field->len = n;

    /* the same walk again, now that the length is known */
    for (n = 0; n < field->len; n++) {
        text[n] = csv->data[start++];

        if (text[n] == '"') {
            start++;
        }
    }

    text[n] = '\0';
    csv->at++;

    if (csv->at < csv->len && csv->data[csv->at] != ','
        && line_end(csv, csv->at) == 0)
    {
        row->error = "text behind a closing quote";
    }
}


static void
next_line(struct ctl_csv *csv)
{
    while (csv->at < csv->len) {
        if (csv->data[csv->at++] == '\n') {
            csv->line++;
            return;
        }
    }
}
