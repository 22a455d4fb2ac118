/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The CSV reader of laporctl, which is no library: its file is taken in.
 */

#include "laporctl/csv.c"
#include "lib/buf.h"
#include "t/unit/tap.h"


static void show(struct lapor_pool *pool, const char *text, size_t len,
    char *ret_shown, size_t size);
static void check(const char *text, const char *want, const char *name);
static void check_limits(void);


/* Each row as LINE:[field][field], an error as LINE!reason; "~" is a line
 * end. */

static void
show(struct lapor_pool *pool, const char *text, size_t len, char *ret_shown,
    size_t size)
{
    size_t              i, k;
    struct ctl_csv      csv;
    struct lapor_buf    out;
    struct ctl_csv_row  row;

    lapor_buf_init(&out);
    lapor_ctl_csv_open(&csv, pool, text, len);

    while (lapor_ctl_csv_next(&csv, &row) == 1) {
        lapor_buf_printf(&out, "%d%s", row.line, row.error == NULL ? ":"
                         : "!");
        lapor_buf_addz(&out, row.error == NULL ? "" : row.error);

        for (i = 0; row.error == NULL && i < row.n; i++) {
            lapor_buf_addc(&out, '[');

            for (k = 0; k < row.fields[i].len; k++) {
                lapor_buf_addc(&out, row.fields[i].data[k] == '\n' ? '~'
                               : row.fields[i].data[k]);
            }

            lapor_buf_addc(&out, ']');
        }

        lapor_buf_addc(&out, ' ');
    }

    snprintf(ret_shown, size, "%s", lapor_buf_cstr(&out));
    lapor_buf_free(&out);
}


static void
check(const char *text, const char *want, const char *name)
{
    char                shown[4096];
    struct lapor_pool  *pool;

    pool = lapor_pool_create(1024);
    show(pool, text, strlen(text), shown, sizeof(shown));
    is_str(shown, want, "%s", name);
    lapor_pool_destroy(pool);
}


static void
check_limits(void)
{
    char                shown[256], text[2 * CTL_CSV_FIELDS + 4];
    size_t              i;
    struct lapor_pool  *pool;

    pool = lapor_pool_create(1024);

    for (i = 0; i < CTL_CSV_FIELDS; i++) {
        text[2 * i] = 'x';
        text[2 * i + 1] = ',';
    }

    memcpy(text + 2 * i, "\ny", 3);
    show(pool, text, 2 * i + 2, shown, sizeof(shown));
    is_str(shown, "1!too many fields 2:[y] ", "a row that is too wide");

    show(pool, "a\0b,c", 5, shown, sizeof(shown));
    ok(strncmp(shown, "1:[a", 4) == 0, "a NUL does not end the text");

    lapor_pool_destroy(pool);
}


int
main(void)
{
    check("", "", "nothing");
    check("\n\r\n\n", "", "nothing but line ends");
    check("a", "1:[a] ", "one field without a line end");
    check("a,b\nc,d\n", "1:[a][b] 2:[c][d] ", "two rows");
    check("a,b\r\nc,d\r\n", "1:[a][b] 2:[c][d] ", "CRLF");
    check("\xef\xbb\xbf" "a,b\n", "1:[a][b] ", "byte-order mark");
    check("a,,\n,\n", "1:[a][][] 2:[][] ", "empty fields");
    check("a\n\n\nb\n", "1:[a] 4:[b] ", "empty lines are counted");
    check("\"a\"\n", "1:[a] ", "quotes");
    check("\"\"\n", "1:[] ", "empty quotes");
    check("\"a,b\",c\n", "1:[a,b][c] ", "a comma in quotes");
    check("\"a\nb\",c\nd\n", "1:[a~b][c] 3:[d] ", "a line end in quotes");
    check("\"a\"\"b\"\"\",\"\"\"\"\n", "1:[a\"b\"][\"] ", "doubled quotes");
    check("\"a\r\nb\"\n", "1:[a\r~b] ", "CRLF in quotes stays");
    check("a\rb,c\n", "1:[a\rb][c] ", "a lone CR is text");

    check("a,\"b\nc", "1!a quote is not closed ", "a quote left open");
    check("a,\"b\"x,c\nd\n", "1!text behind a closing quote 2:[d] ",
          "text behind a quote, then a good row");
    check("a,b\"c\nd\n",
          "1!a quote inside of a field without quotes 2:[d] ",
          "a quote in plain text");
    check("\"", "1!a quote is not closed ", "a quote alone");

    check_limits();

    return tap_done();
}
