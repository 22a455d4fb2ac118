/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The holes of webhook files, and names of quarantined items: files of
 * laporctl, which is no library, so they are taken in.
 */

#include "laporctl/dead.c"
#include "laporctl/template.c"
#include "t/unit/tap.h"


static int  uploads;


static const char *fill_in(struct ctl_template *t, const char *text);
static int fake_upload(void *data, struct ctl_medium *medium, char *err,
    size_t size);
static void check_plain(struct ctl_template *t);
static void check_fresh(struct ctl_template *t);
static void check_media(struct ctl_template *t);
static void check_wrong(struct ctl_template *t);
static void check_dead(void);


/* The filled text, or "error LINE: reason". Good until the next call. */

static const char *
fill_in(struct ctl_template *t, const char *text)
{
    static char       shown[2048];
    char              err[400];
    struct lapor_buf  buf;

    lapor_buf_init(&buf);

    if (lapor_ctl_template_expand(t, text, strlen(text), &buf, err,
                                  sizeof(err)) == -1)
    {
        snprintf(shown, sizeof(shown), "error %s", err);

    } else {
        snprintf(shown, sizeof(shown), "%s", lapor_buf_cstr(&buf));
    }

    lapor_buf_free(&buf);
    return shown;
}


static int
fake_upload(void *data, struct ctl_medium *medium, char *err, size_t size)
{
    (void) data;
    uploads++;

    if (lapor_str_eqz(medium->file, "none.jpg")) {
        snprintf(err, size, "no such file");
        return -1;
    }

    medium->id = LAPOR_STR("4711");
    medium->sha256 = LAPOR_STR("ab/c=");
    return 0;
}


static void
check_plain(struct ctl_template *t)
{
    t->now = 1000;

    is_str(fill_in(t, "{\"a\":{\"b\":1}}"), "{\"a\":{\"b\":1}}",
           "nothing to fill");
    is_str(fill_in(t, "{{now}} {{now-30}} {{now+5}}"), "1000 970 1005",
           "times");
    is_str(fill_in(t, "{{phone_number_id}} {{phone_number_id:2}}"), "11 22",
           "numbers of the service");
    is_str(fill_in(t, "\"{{set:who}}\""), "\"a\\\"b\\n\"",
           "a given value is escaped");
}


static void
check_fresh(struct ctl_template *t)
{
    char  one[200], two[200];

    t->from_next = 9999;
    lapor_ctl_template_round(t);

    snprintf(one, sizeof(one), "%s",
             fill_in(t, "{{from:a}} {{from:b}} {{from:a}}"));
    is_str(one, "6280000009999 6280000000000 6280000009999",
           "one name, one number; the range wraps");

    snprintf(one, sizeof(one), "%s", fill_in(t, "{{wamid:x}}"));
    snprintf(two, sizeof(two), "%s", fill_in(t, "{{wamid:x}}"));
    is_str(two, one, "a wamid stays within the round");
    ok(strncmp(one, "wamid.HBg", 9) == 0, "and looks like one");

    lapor_ctl_template_round(t);
    snprintf(two, sizeof(two), "%s", fill_in(t, "{{wamid:x}}"));
    ok(strcmp(one, two) != 0, "the next round has another");
    is_str(fill_in(t, "{{from:a}}"), "6280000000001",
           "and another number");

    snprintf(one, sizeof(one), "%s", fill_in(t, "{{user_id:x}}"));
    ok(strncmp(one, "ID.1", 4) == 0 && strlen(one) == 23, "a user id");
    is(t->values->used, 0, "names of an earlier file are not this one's");
}


static void
check_media(struct ctl_template *t)
{
    is_str(fill_in(t, "{{media:a.jpg:id}} {{media:a.jpg:sha256}}"),
           "4711 ab/c=", "a medium");
    lapor_ctl_template_round(t);
    is_str(fill_in(t, "{{media:a.jpg:id}}"), "4711", "in the next round");
    is(uploads, 1, "was put there once");
    is_str(fill_in(t, "\n{{media:none.jpg:id}}"), "error 2: no such file",
           "a missing file, with its line");
}


static void
check_wrong(struct ctl_template *t)
{
    size_t                    i;
    char                      text[80], want[200];
    static const char *const  wrong[] = {
        "nix", "now-", "now*3", "now-3x", "wamid:", "from:", "user_id:",
        "phone_number_id:3", "phone_number_id:0", "phone_number_id:x",
        "phone_number_ids", "media:a.jpg", "media:a.jpg:x", "set:nobody", "",
        "now-99999999999999999999"
    };

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), "x\ny{{%s}}", wrong[i]);
        snprintf(want, sizeof(want), "error 2: nothing is known of {{%s}}",
                 wrong[i]);
        is_str(fill_in(t, text), want, "{{%s}}", wrong[i]);
    }

    is_str(fill_in(t, "{{now"), "error 1: {{ without }}", "never closed");
    is_str(fill_in(t, "{{now\n}}"), "error 1: {{ without }}",
           "not closed on its line");
    is_str(fill_in(t, "{{"), "error 1: {{ without }}", "at the end");
}


static void
check_dead(void)
{
    char             text[CTL_DEAD_LEN];
    size_t           i;
    struct ctl_dead  dead, again;

    static const char *const  wrong[] = {
        "", "1", "256-0000000000000001-5-0", "1-1-5", "1-1-5-", "1-1-5-x",
        "1-1-5-0x", "-1-1-5-0", "1-10000000000000000-5-0", "1-g-5-0",
        "1- 1-5-0", "1-1-5--1"
    };

    dead.part = 255;
    dead.raw_id = -2;
    dead.received_ms = 1760000000123;
    dead.item = -1;
    lapor_ctl_dead_name(&dead, text);
    is_str(text, "255-fffffffffffffffe-1760000000123-all", "a whole webhook");
    is(lapor_ctl_dead_read(text, &again), 0, "is read back");
    is(again.raw_id, -2, "with its id");
    is(again.item, -1, "and its item");

    dead.item = 12;
    lapor_ctl_dead_name(&dead, text);
    is(lapor_ctl_dead_read(text, &again), 0, "one item is read back");
    is(again.item, 12, "with its position");
    is(again.received_ms, 1760000000123, "and its time");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        is(lapor_ctl_dead_read(wrong[i], &again), -1, "\"%s\" is no name",
           wrong[i]);
    }
}


int
main(void)
{
    struct ctl_set       set = { LAPOR_STR("who"), LAPOR_STR("a\"b\n"),
                                 NULL };
    struct ctl_template  t;

    memset(&t, 0, sizeof(t));
    t.pool = lapor_pool_create(4096);
    t.round = lapor_pool_create(4096);
    t.numbers = "11,22";
    t.sets = &set;
    t.upload = fake_upload;

    check_plain(&t);
    check_fresh(&t);
    check_media(&t);
    check_wrong(&t);
    check_dead();

    lapor_pool_destroy(t.round);
    lapor_pool_destroy(t.pool);
    return tap_done();
}
