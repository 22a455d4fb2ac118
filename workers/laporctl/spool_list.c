/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl spool list and verify: what is there, and whether it is whole. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "laporctl/spool.h"
#include "laporctl/text.h"
#include "lib/buf.h"
#include "lib/timeutil.h"


struct spool_total {
    int64_t  files;
    int64_t  records;
    int64_t  bytes;
    int64_t  damaged;       /* files */
    int64_t  unreadable;
    int64_t  foreign;
};


static void count(struct spool_total *total,
    const struct ctl_spool_file *file, const struct ctl_spool_sum *sum);
static void print_total(const struct spool_total *total);
static void list_head(struct ctl_row *row);
static void list_row(struct ctl_row *row, const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum, struct lapor_pool *pool);
static struct lapor_str number(struct lapor_pool *pool, int64_t value);
static struct lapor_str age(struct lapor_pool *pool, int64_t ms);
static const char *state(const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum);
static void print_json(const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum, int with_ranges);
static void json_number(struct lapor_buf *buf, const char *name,
    int64_t value);
static void json_range(struct lapor_buf *buf,
    const struct ctl_spool_range *range);
static void print_verdict(const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum);


int
lapor_ctl_spool_list(struct ctl_args *args)
{
    size_t                 i;
    struct ctl_table       table;
    struct lapor_pool     *pool;
    struct spool_total     total;
    struct ctl_spool_dir   dir;
    struct ctl_spool_sum   sum;

    if (lapor_ctl_spool_dir_say(&dir, lapor_ctl_spool_path(args)) == -1) {
        return CTL_EXIT_FAILED;
    }

    pool = lapor_pool_create(65536);
    memset(&total, 0, sizeof(total));
    memset(&table, 0, sizeof(table));
    table.pool = pool;
    table.columns = 8;
    list_head(lapor_ctl_table_row(&table));

    for (i = 0; i < dir.n; i++) {
        if (dir.files[i].kind == CTL_SPOOL_FOREIGN) {
            memset(&sum, 0, sizeof(sum));

        } else {
            lapor_ctl_spool_sum(&dir, &dir.files[i], &sum);
        }

        count(&total, &dir.files[i], &sum);

        if (args->json) {
            print_json(&dir.files[i], &sum, 0);

        } else {
            list_row(lapor_ctl_table_row(&table), &dir.files[i], &sum, pool);
        }
    }

    if (!args->json) {
        lapor_ctl_table_print(&table);
        print_total(&total);
    }

    lapor_pool_destroy(pool);
    lapor_ctl_spool_dir_close(&dir);

    return total.unreadable == 0 ? 0 : CTL_EXIT_FAILED;
}


static void
count(struct spool_total *total, const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum)
{
    if (file->kind == CTL_SPOOL_FOREIGN) {
        total->foreign++;
        return;
    }

    total->files++;
    total->records += sum->records;
    total->bytes += sum->bytes;
    total->damaged += file->kind == CTL_SPOOL_ASIDE || sum->ndamaged > 0;

    if (sum->error != 0) {
        total->unreadable++;
        lapor_ctl_fail("%s: %s", file->name, strerror(sum->error));
    }
}


static void
print_total(const struct spool_total *total)
{
    printf("%" PRId64 " files, %" PRId64 " records, %" PRId64 " bytes; %"
           PRId64 " damaged, %" PRId64 " foreign\n", total->files,
           total->records, total->bytes, total->damaged, total->foreign);
}


static void
list_head(struct ctl_row *row)
{
    row->cells[0] = LAPOR_STR("FILE");
    row->cells[1] = LAPOR_STR("STATE");
    row->cells[2] = LAPOR_STR("AGE");
    row->cells[3] = LAPOR_STR("BYTES");
    row->cells[4] = LAPOR_STR("RECORDS");
    row->cells[5] = LAPOR_STR("TORN");
    row->cells[6] = LAPOR_STR("DAMAGED");
    row->cells[7] = LAPOR_STR("OLDEST RECORD");
}


static void
list_row(struct ctl_row *row, const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum, struct lapor_pool *pool)
{
    char  time[LAPOR_TIME_LEN];

    row->cells[0] = lapor_str_from(file->name);
    row->cells[1] = lapor_str_from(state(file, sum));
    row->cells[2] = age(pool, file->created_ms);
    row->cells[3] = number(pool, sum->size);
    row->cells[4] = number(pool, sum->records);
    row->cells[5] = number(pool, sum->torn.bytes);
    row->cells[6] = number(pool, sum->damaged_bytes);
    row->cells[7] = LAPOR_STR("-");

    if (sum->records > 0) {
        lapor_time_format(sum->oldest_ms, time);
        row->cells[7] = lapor_ctl_time(pool, lapor_str_from(time));
    }
}


static struct lapor_str
number(struct lapor_pool *pool, int64_t value)
{
    char  text[24];

    if (value == 0) {
        return LAPOR_STR("-");
    }

    (void) snprintf(text, sizeof(text), "%" PRId64, value);

    return lapor_pool_str(pool, lapor_str_from(text));
}


/* To one unit: what is read here is "seconds" or "since yesterday". */

static struct lapor_str
age(struct lapor_pool *pool, int64_t ms)
{
    char     text[32];
    int64_t  seconds;

    if (ms == 0) {
        return LAPOR_STR("-");
    }

    seconds = (lapor_time_ms() - ms) / 1000;

    if (seconds < 120) {
        (void) snprintf(text, sizeof(text), "%" PRId64 "s", seconds);

    } else if (seconds < 7200) {
        (void) snprintf(text, sizeof(text), "%" PRId64 "m", seconds / 60);

    } else if (seconds < 172800) {
        (void) snprintf(text, sizeof(text), "%" PRId64 "h", seconds / 3600);

    } else {
        (void) snprintf(text, sizeof(text), "%" PRId64 "d", seconds / 86400);
    }

    return lapor_pool_str(pool, lapor_str_from(text));
}


static const char *
state(const struct ctl_spool_file *file, const struct ctl_spool_sum *sum)
{
    return file->kind == CTL_SPOOL_FOREIGN ? "foreign"
           : sum->error != 0 ? "unreadable"
           : file->kind == CTL_SPOOL_ASIDE ? "aside"
           : sum->held ? "in use" : "finished";
}


static void
print_json(const struct ctl_spool_file *file, const struct ctl_spool_sum *sum,
    int with_ranges)
{
    int64_t           i;
    char              time[LAPOR_TIME_LEN];
    struct lapor_buf  buf;

    lapor_buf_init(&buf);
    lapor_buf_addc(&buf, '{');
    lapor_buf_json_member(&buf, "file", lapor_str_from(file->name));
    lapor_buf_json_member(&buf, "state", lapor_str_from(state(file, sum)));

    if (file->created_ms != 0) {
        lapor_time_format(file->created_ms, time);
        lapor_buf_json_member(&buf, "created_at", lapor_str_from(time));
    }

    json_number(&buf, "bytes", sum->size);
    json_number(&buf, "records", sum->records);

    if (sum->records > 0) {
        lapor_time_format(sum->oldest_ms, time);
        lapor_buf_json_member(&buf, "oldest_at", lapor_str_from(time));
    }

    json_number(&buf, "torn_bytes", sum->torn.bytes);
    json_number(&buf, "damaged_ranges", sum->ndamaged);
    json_number(&buf, "damaged_bytes", sum->damaged_bytes);

    if (with_ranges && sum->torn.bytes > 0) {
        lapor_buf_json_key(&buf, "torn");
        json_range(&buf, &sum->torn);
    }

    if (with_ranges) {
        lapor_buf_json_key(&buf, "damaged");
        lapor_buf_addc(&buf, '[');

        for (i = 0; i < sum->ndamaged && i < CTL_SPOOL_RANGES; i++) {
            lapor_buf_json_comma(&buf);
            json_range(&buf, &sum->damaged[i]);
        }

        lapor_buf_addc(&buf, ']');
    }

    if (sum->error != 0) {
        lapor_buf_json_member(&buf, "error",
                              lapor_str_from(strerror(sum->error)));
    }

    lapor_buf_addc(&buf, '}');
    puts(lapor_buf_cstr(&buf));
    lapor_buf_free(&buf);
}


static void
json_number(struct lapor_buf *buf, const char *name, int64_t value)
{
    lapor_buf_json_key(buf, name);
    lapor_buf_printf(buf, "%" PRId64, value);
}


static void
json_range(struct lapor_buf *buf, const struct ctl_spool_range *range)
{
    lapor_buf_addc(buf, '{');
    json_number(buf, "offset", range->offset);
    json_number(buf, "bytes", range->bytes);
    lapor_buf_json_member(buf, "why", lapor_str_from(range->why));
    lapor_buf_addc(buf, '}');
}


int
lapor_ctl_spool_verify(struct ctl_args *args)
{
    size_t                i;
    struct spool_total    total;
    struct ctl_spool_dir  dir;
    struct ctl_spool_sum  sum;

    if (lapor_ctl_spool_dir_say(&dir, lapor_ctl_spool_path(args)) == -1) {
        return CTL_EXIT_FAILED;
    }

    memset(&total, 0, sizeof(total));

    for (i = 0; i < dir.n; i++) {
        if (dir.files[i].kind == CTL_SPOOL_FOREIGN) {
            total.foreign++;
            continue;
        }

        lapor_ctl_spool_sum(&dir, &dir.files[i], &sum);

        if (args->json) {
            print_json(&dir.files[i], &sum, 1);

        } else {
            print_verdict(&dir.files[i], &sum);
        }

        count(&total, &dir.files[i], &sum);
    }

    if (!args->json) {
        print_total(&total);
    }

    lapor_ctl_spool_dir_close(&dir);

    return total.damaged + total.unreadable == 0 ? 0 : CTL_EXIT_FAILED;
}


static void
print_verdict(const struct ctl_spool_file *file,
    const struct ctl_spool_sum *sum)
{
    int64_t  i;

    lapor_ctl_text(lapor_str_from(file->name), 0);
    printf(": %" PRId64 " records, %" PRId64 " bytes, %s\n", sum->records,
           sum->size, state(file, sum));

    if (sum->torn.bytes > 0) {
        printf("    torn tail at %" PRId64 ", %" PRId64 " bytes: %s, %s\n",
               sum->torn.offset, sum->torn.bytes, sum->torn.why,
               sum->held ? "being written" : "never acknowledged");
    }

    for (i = 0; i < sum->ndamaged && i < CTL_SPOOL_RANGES; i++) {
        printf("    damaged at %" PRId64 ", %" PRId64 " bytes: %s\n",
               sum->damaged[i].offset, sum->damaged[i].bytes,
               sum->damaged[i].why);
    }

    if (sum->ndamaged > CTL_SPOOL_RANGES) {
        printf("    and %" PRId64 " ranges more\n",
               sum->ndamaged - CTL_SPOOL_RANGES);
    }
}
