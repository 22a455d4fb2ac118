/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl report show: one report for people to read. The reporter's number
 * comes masked from the database.
 */

#include <stdio.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/text.h"


static int show(struct ctl_args *args, struct lapor_pg *pg,
    struct lapor_pool *pool);
static int print(struct lapor_str text, struct lapor_pool *pool);
static void print_report(const struct lapor_json *r,
    struct lapor_pool *pool);
static void print_talk(const struct lapor_json *r,
    struct lapor_pool *pool);
static void line(const char *label, struct lapor_str value);
static void print_messages(const struct lapor_json *list,
    struct lapor_pool *pool);
static void print_key(const struct lapor_json *detail,
    struct lapor_str *last);
static void print_detail(const struct lapor_json *detail);
static void print_media(const struct lapor_json *list);
static void print_outbound(const struct lapor_json *list,
    struct lapor_pool *pool);
static void print_advice(const struct lapor_json *row, const char *words);
static void print_timeline(const struct lapor_json *list,
    struct lapor_pool *pool);


int
lapor_ctl_report_show(struct ctl_args *args)
{
    int                 status;
    struct lapor_pg    *pg;
    struct lapor_pool  *pool;

    pg = lapor_ctl_pg(lapor_ctl_conf(args));
    pool = lapor_pool_create(65536);
    status = show(args, pg, pool);
    lapor_pool_destroy(pool);
    lapor_pg_free(pg);

    return status;
}


static int
show(struct ctl_args *args, struct lapor_pg *pg, struct lapor_pool *pool)
{
    int                     status;
    PGresult               *res;
    struct lapor_str        text;
    struct lapor_pgparams   p;

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, args->files[0]);

    if (lapor_pg_exec(pg, "SELECT lapor.report_show($1)::text", &p, &res)
        != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "report show");
    }

    status = 0;
    text = lapor_pg_get_str(res, 0, 0);

    if (text.data == NULL) {
        status = lapor_ctl_fail("there is no report %s", args->files[0]);

    } else if (args->json) {
        fwrite(text.data, 1, text.len, stdout);
        putchar('\n');

    } else {
        status = print(text, pool);
    }

    PQclear(res);
    return status;
}


static int
print(struct lapor_str text, struct lapor_pool *pool)
{
    int                       intact;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    if (lapor_json_parse(pool, text.data, text.len, &root, &error) == -1) {
        return lapor_ctl_fail("the database's answer cannot be read: %s",
                              error.message);
    }

    print_report(lapor_json_get(root, "report"), pool);
    print_messages(lapor_json_get(root, "messages"), pool);
    print_media(lapor_json_get(root, "media"));
    print_outbound(lapor_json_get(root, "outbound"), pool);
    print_timeline(lapor_json_get(root, "timeline"), pool);

    intact = lapor_json_bool(lapor_json_get(root, "audit_intact"));

    printf("\nJejak audit: %s\n", intact == 1 ? "utuh"
           : "RUSAK, rantai tidak cocok");

    return intact == 1 ? 0 : CTL_EXIT_FAILED;
}


static void
print_report(const struct lapor_json *r, struct lapor_pool *pool)
{
    const struct lapor_json  *id;

    printf("Laporan ");
    lapor_ctl_text(lapor_ctl_member(r, "code"), 0);
    putchar('\n');

    line("Satuan", lapor_ctl_member(r, "unit_name"));
    line("Nomor tujuan", lapor_ctl_member(r, "number"));
    line("Status", lapor_ctl_member(r, "state"));
    line("Urgensi", lapor_ctl_member(r, "urgency"));
    line("Kategori", lapor_ctl_member(r, "category"));
    line("Fungsi", lapor_ctl_member(r, "function"));
    line("Tertutup", lapor_json_bool(lapor_json_get(r, "sensitive")) == 1
                     ? LAPOR_STR("ya, tampilan terbatas")
                     : LAPOR_STR("tidak"));
    line("Dugaan iseng", lapor_ctl_member(r, "prank"));
    line("Pesan pertama",
         lapor_ctl_time(pool, lapor_ctl_member(r, "first_message_at")));
    line("Pesan terakhir",
         lapor_ctl_time(pool, lapor_ctl_member(r, "last_message_at")));
    line("Pelapor", lapor_ctl_member(r, "reporter"));

    LAPOR_JSON_EACH(id, lapor_json_get(r, "identities")) {
        line("", lapor_json_text(id));
    }

    print_talk(r, pool);

    if (lapor_json_is(lapor_json_get(r, "lat"), LAPOR_JSON_NUMBER)) {
        line("Lintang", lapor_ctl_member(r, "lat"));
        line("Bujur", lapor_ctl_member(r, "lon"));
    }
}


/* What it is besides a citizen's own report, and what it hangs together
 * with. */

static void
print_talk(const struct lapor_json *r, struct lapor_pool *pool)
{
    const struct lapor_json  *link;

    if (lapor_str_eqz(lapor_json_get_text(r, "origin"), "officer")) {
        line("Asal", LAPOR_STR("petugas"));
    }

    if (lapor_json_bool(lapor_json_get(r, "drill")) == 1) {
        line("Latihan", LAPOR_STR("ya"));
    }

    if (lapor_json_get_text(r, "attention_at").data != NULL) {
        line("Perlu dilihat",
             lapor_ctl_time(pool, lapor_ctl_member(r, "attention_at")));
    }

    if (lapor_json_get_text(r, "withdraw_asked_at").data != NULL) {
        line("Minta batal",
             lapor_ctl_time(pool, lapor_ctl_member(r, "withdraw_asked_at")));
    }

    LAPOR_JSON_EACH(link, lapor_json_get(r, "links")) {
        printf("  %-15s ", "Terkait");
        lapor_ctl_text(lapor_ctl_member(link, "code"), 18);
        printf(" (%s", lapor_json_bool(lapor_json_get(link, "to")) == 1
                       ? "" : "oleh ");
        lapor_ctl_text(lapor_ctl_member(link, "link"), 18);
        puts(")");
    }
}


static void
line(const char *label, struct lapor_str value)
{
    printf("  %-15s ", label);
    lapor_ctl_text(value, 18);
    putchar('\n');
}


static void
print_messages(const struct lapor_json *list, struct lapor_pool *pool)
{
    struct lapor_str          status, key;
    const struct lapor_json  *m;

    puts("\nPesan");
    key = LAPOR_STR_NONE;

    LAPOR_JSON_EACH(m, list) {
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_time(pool, lapor_ctl_member(m, "sent_at")),
                       0);
        printf("  %s  ", lapor_str_eqz(lapor_json_get_text(m, "direction"),
                                       "in") ? "masuk " : "keluar");
        lapor_ctl_text(lapor_ctl_member(m, "type"), 0);
        status = lapor_json_get_text(m, "status");

        if (status.data != NULL) {
            fputs(", ", stdout);
            lapor_ctl_text(status, 0);
        }

        fputs("\n    ", stdout);

        if (lapor_json_get_text(m, "body").data != NULL) {
            lapor_ctl_text(lapor_json_get_text(m, "body"), 4);

        } else {
            print_detail(lapor_json_get(m, "detail"));
        }

        putchar('\n');
        print_key(lapor_json_get(m, "detail"), &key);

        if (lapor_json_get(m, "error_code") != NULL) {
            fputs("    galat ", stdout);
            print_advice(m, "error_title");
            putchar('\n');
        }
    }
}


/* An error's number with what it means and what to do; of one that nobody
 * described, the words that came with it. */

static void
print_advice(const struct lapor_json *row, const char *words)
{
    const struct lapor_json  *advice;

    lapor_ctl_text(lapor_ctl_member(row, "error_code"), 0);
    fputs(": ", stdout);
    advice = lapor_json_get(row, "error_advice");

    if (lapor_json_is(advice, LAPOR_JSON_OBJECT)) {
        lapor_ctl_text(lapor_ctl_member(advice, "meaning"), 4);
        fputs(". ", stdout);
        lapor_ctl_text(lapor_ctl_member(advice, "action"), 4);
        putchar('.');
        return;
    }

    lapor_ctl_text(lapor_ctl_member(row, words), 4);
}


/* Where Meta's identity check is on. A new phone has a new key, too; so has a
 * number that was stolen, or given to somebody else. */

static void
print_key(const struct lapor_json *detail, struct lapor_str *last)
{
    struct lapor_str          key;
    const struct lapor_json  *told;

    key = lapor_json_get_text(detail, "identity_key_hash");
    told = lapor_json_get(lapor_json_get(detail, "identity"), "acknowledged");

    if ((!lapor_str_empty(key) && !lapor_str_empty(*last)
         && !lapor_str_eq(key, *last))
        || lapor_json_bool(told) == 0)
    {
        puts("    PERHATIAN: perangkat pengirim berganti; nomor ini mungkin "
             "di tangan orang lain");
    }

    if (!lapor_str_empty(key)) {
        *last = key;
    }
}


/* What a message without words says. */

static void
print_detail(const struct lapor_json *detail)
{
    struct lapor_str          text;
    const struct lapor_json  *node, *card;

    node = lapor_json_get(detail, "location");

    if (node != NULL) {
        fputs("lokasi ", stdout);
        lapor_ctl_text(lapor_ctl_member(node, "lat"), 4);
        fputs(", ", stdout);
        lapor_ctl_text(lapor_ctl_member(node, "lon"), 4);
        return;
    }

    node = lapor_json_get(detail, "media");

    if (node != NULL) {
        fputs("berkas ", stdout);
        text = lapor_json_get_text(node, "filename");
        lapor_ctl_text(text.data == NULL
                       ? lapor_ctl_member(node, "mime_type") : text, 4);
        return;
    }

    node = lapor_json_get(detail, "contacts");
    fputs(node == NULL ? "-" : "kontak:", stdout);

    LAPOR_JSON_EACH(card, node) {
        putchar(' ');
        lapor_ctl_text(lapor_ctl_member(card, "name"), 4);
    }
}


static void
print_media(const struct lapor_json *list)
{
    const struct lapor_json  *m;

    if (lapor_json_first(list) == NULL) {
        return;
    }

    puts("\nMedia");

    LAPOR_JSON_EACH(m, list) {
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(m, "state"), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(m, "kind"), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(m, "mime_type"), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_json_get_text(m, "path").data == NULL
                       ? lapor_ctl_member(m, "error")
                       : lapor_json_get_text(m, "path"), 0);
        putchar('\n');
    }
}


static void
print_outbound(const struct lapor_json *list, struct lapor_pool *pool)
{
    const struct lapor_json  *t;

    if (lapor_json_first(list) == NULL) {
        return;
    }

    puts("\nJawaban otomatis");

    LAPOR_JSON_EACH(t, list) {
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(t, "occasion"), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(t, "state"), 0);
        fputs(", percobaan ", stdout);
        lapor_ctl_text(lapor_ctl_member(t, "attempts"), 0);
        fputs(", ", stdout);
        lapor_ctl_text(lapor_ctl_time(pool, lapor_json_get_text(t,
                       "finished_at").data == NULL
                       ? lapor_ctl_member(t, "run_at")
                       : lapor_json_get_text(t, "finished_at")), 0);

        if (lapor_json_get(t, "error_code") != NULL) {
            fputs(", galat ", stdout);
            print_advice(t, "error");

        } else if (lapor_json_get_text(t, "error").data != NULL) {
            fputs(", ", stdout);
            lapor_ctl_text(lapor_json_get_text(t, "error"), 4);
        }

        putchar('\n');
    }
}


static void
print_timeline(const struct lapor_json *list, struct lapor_pool *pool)
{
    const struct lapor_json  *e;

    puts("\nRiwayat");

    LAPOR_JSON_EACH(e, list) {
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(e, "seq"), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_time(pool, lapor_ctl_member(e, "at")), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(e, "kind"), 0);
        fputs("  ", stdout);
        lapor_ctl_text(lapor_ctl_member(e, "actor"), 0);
        putchar('\n');
    }
}
