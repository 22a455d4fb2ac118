/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * laporctl reconcile: is what was accepted in PostgreSQL, in Redis or in the
 * spool, each webhook once? It may be asked while webhooks come.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/reconcile.h"
#include "laporctl/spool.h"
#include "lib/timeutil.h"


#define EXIT_DIFFERENT  1
#define EXIT_UNKNOWN    2


static int times(struct ctl_args *args, int64_t *ret_from, int64_t *ret_to);
static int open_all(struct ctl_rec *rec);
static void close_all(struct ctl_rec *rec);
static int run(struct ctl_rec *rec);
static int run_deep(struct ctl_rec *rec, int64_t from_ms, int64_t to_ms);
static int verdict(struct ctl_rec *rec);
static void print_verdict(const struct ctl_rec *rec, const char *word);
static void print_difference(const struct ctl_rec *rec, const char *kind,
    const char *where, const char *entry, int64_t count, const char *note);
static int spool(struct ctl_rec *rec, const char *path, bool must);
static void spool_file(struct ctl_rec *rec, const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file, const struct ctl_spool_sum *sum);


const struct ctl_option  lapor_ctl_reconcile_options[] = {
    { "spool", "DIR", "also this spool; may be given more than once" },
    { "accept", NULL, "count from here on: what is lost is known" },
    { "deep", NULL, "look at each item of webhooks stored in a time range" },
    { "from", "TIME", "of --deep: first receive time" },
    { "to", "TIME", "of --deep: receive time before which to stop" },
    { NULL, NULL, NULL }
};


/* Not knowing is no difference, and not exact either: a status of its own. */

int
lapor_ctl_reconcile(struct ctl_args *args)
{
    int              status;
    int64_t          from, to;
    unsigned         i;
    struct ctl_rec   rec;

    if (times(args, &from, &to) == -1) {
        return CTL_EXIT_USAGE;
    }

    memset(&rec, 0, sizeof(rec));
    rec.args = args;
    rec.at_ms = lapor_time_ms();
    rec.last = &rec.first;
    rec.pool = lapor_pool_create(65536);
    rec.keep = lapor_pool_create(65536);
    rec.streams = lapor_pool_alloc(rec.keep, LAPOR_STREAM_KEYS
                                             * sizeof(*rec.streams));

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        rec.streams[i].key = lapor_stream_key_at(i);
        rec.streams[i].part = i % LAPOR_STREAM_PARTS;
    }

    status = EXIT_UNKNOWN;

    if (open_all(&rec) == 0) {
        status = lapor_ctl_flag(args, "deep") ? run_deep(&rec, from, to)
                                              : run(&rec);
    }

    close_all(&rec);

    return status;
}


static int
times(struct ctl_args *args, int64_t *ret_from, int64_t *ret_to)
{
    bool  deep;

    *ret_from = 0;
    *ret_to = 0;
    deep = lapor_ctl_flag(args, "deep");

    if (deep != (lapor_ctl_opt(args, "from") != NULL)
        || deep != (lapor_ctl_opt(args, "to") != NULL))
    {
        lapor_ctl_usage(args, "--deep, --from and --to belong together");
        return -1;
    }

    if (!deep) {
        return 0;
    }

    if (lapor_ctl_read_time(args, "from", ret_from) == -1) {
        return -1;
    }

    return lapor_ctl_read_time(args, "to", ret_to);
}


static int
open_all(struct ctl_rec *rec)
{
    char                      err[256];
    struct lapor_pg_conf      pg;
    const struct ctl_conf    *conf;
    struct lapor_redis_conf   redis;

    conf = lapor_ctl_conf(rec->args);
    lapor_common_pg(&conf->common, "laporctl", &pg);
    lapor_common_redis(&conf->common, "laporctl", &redis);
    rec->pg = lapor_pg_new(&pg, err, sizeof(err));

    if (rec->pg == NULL) {
        lapor_ctl_fail("database: %s", err);
        return -1;
    }

    if (lapor_pg_connect(rec->pg) != LAPOR_PG_OK) {
        return -1;
    }

    rec->redis = lapor_redis_new(&redis);

    if (lapor_redis_connect(rec->redis) == -1) {
        lapor_ctl_fail("redis: no connection to %s", redis.address);
        return -1;
    }

    return 0;
}


static void
close_all(struct ctl_rec *rec)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        free(rec->streams[i].entries.list);
    }

    lapor_redis_free(rec->redis);
    lapor_pg_free(rec->pg);
    lapor_pool_destroy(rec->pool);
    lapor_pool_destroy(rec->keep);
}


static int
run(struct ctl_rec *rec)
{
    if (lapor_ctl_rec_streams(rec) == -1 || lapor_ctl_rec_spools(rec) == -1) {
        return EXIT_UNKNOWN;
    }

    return verdict(rec);
}


static int
run_deep(struct ctl_rec *rec, int64_t from_ms, int64_t to_ms)
{
    if (lapor_ctl_rec_deep(rec, from_ms, to_ms) == -1) {
        return EXIT_UNKNOWN;
    }

    printf(rec->args->json
           ? "{\"verdict\":\"%s\",\"webhooks\":%" PRId64 ",\"items\":%" PRId64
             ",\"differences\":%" PRId64 "}\n"
           : "%s: %" PRId64 " webhooks, %" PRId64 " items, %" PRId64
             " differences\n",
           rec->differences > 0 ? "difference" : "exact", rec->accepted,
           rec->done, rec->differences);

    return rec->differences > 0 ? EXIT_DIFFERENT : 0;
}


static int
verdict(struct ctl_rec *rec)
{
    unsigned     i;
    const char  *word;

    word = rec->differences > 0 ? "difference"
           : rec->unsettled > 0 ? "unsettled" : "exact";

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (!rec->streams[i].settled) {
            lapor_ctl_fail("%s never stood still for long enough to be "
                           "counted", rec->streams[i].key);
        }
    }

    print_verdict(rec, word);

    if (lapor_ctl_rec_store(rec, word) == -1) {
        return EXIT_UNKNOWN;
    }

    return rec->differences > 0 ? EXIT_DIFFERENT
           : rec->unsettled > 0 ? EXIT_UNKNOWN : 0;
}


static void
print_verdict(const struct ctl_rec *rec, const char *word)
{
    printf(rec->args->json
           ? "{\"verdict\":\"%s\",\"streams\":%d,\"accepted\":%" PRId64
             ",\"done\":%" PRId64 ",\"waiting\":%" PRId64 ",\"spooled\":%"
             PRId64 ",\"differences\":%" PRId64 ",\"unsettled\":%d}\n"
           : "%s: %d streams, %" PRId64 " entries accepted, %" PRId64
             " done, %" PRId64 " waiting, %" PRId64 " in spools, %" PRId64
             " differences, %d streams unsettled\n", word, rec->nstreams,
           rec->accepted, rec->done, rec->waiting, rec->spooled,
           rec->differences, rec->unsettled);
}


void
lapor_ctl_rec_tell(struct ctl_rec *rec, const char *kind, const char *where,
    const char *entry, int64_t count, const char *format, ...)
{
    va_list                     ap;
    struct lapor_buf            note;
    struct ctl_rec_difference  *d;

    lapor_buf_init(&note);
    va_start(ap, format);
    lapor_buf_vprintf(&note, format, ap);
    va_end(ap);

    print_difference(rec, kind, where, entry, count, lapor_buf_cstr(&note));

    if (rec->listed < CTL_REC_LISTED) {
        d = lapor_pool_alloc(rec->keep, sizeof(*d));
        d->kind = kind;
        d->where = lapor_pool_strndup(rec->keep, where, strlen(where));
        d->count = count;
        d->note = lapor_pool_strndup(rec->keep, note.data, note.len);
        snprintf(d->entry, sizeof(d->entry), "%s", entry);

        *rec->last = d;
        rec->last = &d->next;
        rec->listed++;
    }

    lapor_buf_free(&note);
}


static void
print_difference(const struct ctl_rec *rec, const char *kind,
    const char *where, const char *entry, int64_t count, const char *note)
{
    struct lapor_buf  line;

    if (!rec->args->json) {
        printf("%s: %s %s, %" PRId64 "x: %s\n", kind, where, entry, count,
               note);
        return;
    }

    lapor_buf_init(&line);
    lapor_buf_addc(&line, '{');
    lapor_buf_json_member(&line, "difference", lapor_str_from(kind));
    lapor_buf_json_member(&line, "where", lapor_str_from(where));
    lapor_buf_json_member(&line, "entry", lapor_str_from(entry));
    lapor_buf_json_key(&line, "count");
    lapor_buf_printf(&line, "%" PRId64, count);
    lapor_buf_json_member(&line, "note", lapor_str_from(note));
    lapor_buf_addc(&line, '}');
    puts(lapor_buf_cstr(&line));
    lapor_buf_free(&line);
}


/* What a spool holds comes into Redis later, and is counted there then. */

int
lapor_ctl_rec_spools(struct ctl_rec *rec)
{
    int          pos;
    const char  *path;

    pos = 0;

    while ((path = lapor_ctl_next(rec->args, "spool", &pos)) != NULL) {
        if (spool(rec, path, true) == -1) {
            return -1;
        }
    }

    path = lapor_ctl_conf(rec->args)->spool;

    if (lapor_ctl_opt(rec->args, "spool") != NULL || strcmp(path, "off") == 0)
    {
        return 0;
    }

    return spool(rec, path, false);
}


/* The configured one is made by nginx when it needs it. */

static int
spool(struct ctl_rec *rec, const char *path, bool must)
{
    int                   rc;
    size_t                i;
    struct ctl_spool_dir  dir;
    struct ctl_spool_sum  sum;

    if (lapor_ctl_spool_dir(&dir, path) == -1) {

        if (errno == ENOENT && !must) {
            return 0;
        }

        lapor_ctl_fail("%s: %s", path, strerror(errno));
        return -1;
    }

    rc = 0;

    for (i = 0; i < dir.n; i++) {
        if (dir.files[i].kind != CTL_SPOOL_FOREIGN) {
            lapor_ctl_spool_sum(&dir, &dir.files[i], &sum);
            spool_file(rec, &dir, &dir.files[i], &sum);

            /* a file that was brought to Redis meanwhile is no error */
            rc = sum.error != 0 && sum.error != ENOENT ? -1 : rc;
        }
    }

    lapor_ctl_spool_dir_close(&dir);

    return rc;
}


static void
spool_file(struct ctl_rec *rec, const struct ctl_spool_dir *dir,
    const struct ctl_spool_file *file, const struct ctl_spool_sum *sum)
{
    char  name[256];

    if (sum->error != 0 && sum->error != ENOENT) {
        lapor_ctl_fail("%s/%s: %s", dir->path, file->name,
                       strerror(sum->error));
    }

    if (file->kind == CTL_SPOOL_SEGMENT) {
        rec->spooled += sum->records;
    }

    if (sum->ndamaged > 0) {
        snprintf(name, sizeof(name), "spool:%s", file->name);
        rec->differences++;
        lapor_ctl_rec_tell(rec, "spool_damaged", name, "", 1,
            "%" PRId64 " bytes at %" PRId64 " cannot be read: %s",
            sum->damaged_bytes, sum->damaged[0].offset, sum->damaged[0].why);
    }
}
