/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The module's scan of a body, cut at every length: it must neither read
 * beyond the end (the copy is exactly as long, for ASan and valgrind) nor call
 * half a body a body of statuses.
 */

#include "../../ngx_http_lapor_module/ngx_http_lapor_scan.c"

#include <stdio.h>
#include <stdlib.h>

static int  tests;
static int  failed;


static void
check(int ok, const char *name)
{
    tests++;

    if (!ok) {
        failed++;
    }

    printf("%sok %d - %s\n", ok ? "" : "not ", tests, name);
}


static ngx_http_lapor_scan_t
scan(const char *text, size_t len)
{
    unsigned char          *copy;
    ngx_http_lapor_scan_t   ret;

    copy = malloc(len ? len : 1);
    if (copy == NULL) {
        exit(71);
    }

    memcpy(copy, text, len);
    ngx_http_lapor_scan(copy, len, &ret);
    free(copy);

    return ret;
}


static uint32_t
fnv1a(const char *text)
{
    uint32_t  hash;

    for (hash = 2166136261U; *text; text++) {
        hash = (hash ^ (unsigned char) *text) * 16777619U;
    }

    return hash;
}


static void
check_cuts(const char *text, int statuses, const char *sender,
    const char *name)
{
    int                     early, wrong;
    size_t                  i, len;
    ngx_http_lapor_scan_t   ret;

    len = strlen(text);
    early = 0;
    wrong = 0;

    for (i = 0; i < len; i++) {
        ret = scan(text, i);

        if (ret.statuses) {
            early++;
        }

        if (ret.sender && ret.hash != fnv1a(sender)) {
            wrong++;
        }
    }

    ret = scan(text, len);

    check((int) ret.statuses == statuses, name);
    check(ret.sender && ret.hash == fnv1a(sender), "its sender");
    check(early == 0, "cut anywhere, it is no body of statuses");
    check(wrong == 0, "nor has it another sender");
}


/* no input may lead the scanner astray; a fixed seed, so failures repeat */

static void
check_noise(const char *text)
{
    char      *copy;
    size_t     len, n;
    unsigned   seed, round;

    len = strlen(text);
    copy = malloc(len + 1);
    if (copy == NULL) {
        exit(71);
    }

    seed = 110;

    for (round = 0; round < 20000; round++) {
        memcpy(copy, text, len + 1);

        for (n = 0; n < 1 + round % 5; n++) {
            seed = seed * 1103515245U + 12345U;
            copy[(seed >> 8) % len] = "{}[]\",:\\ 0az\n"[(seed >> 4) % 13];
        }

        (void) scan(copy, len);
    }

    free(copy);
    check(1, "twenty thousand damaged bodies");
}


int
main(void)
{
    const char  *message, *status;

    message = "{\"entry\":[{\"changes\":[{\"value\":{\"contacts\":[{\"wa_id\":"
              "\"6280000000002\"}],\"messages\":[{\"context\":{\"from\":\"1\"},"
              "\"text\":{\"body\":\"\\\"}]\\\\\"},\"from\":\"6280000000001\"}]"
              "},\"field\":\"messages\"}]}]}";
    status = "{\"entry\":[{\"changes\":[{\"value\":{\"statuses\":[{"
             "\"id\":\"x\",\"timestamp\":1,"
             "\"recipient_id\":\"6280000000003\"}]},"
             "\"field\":\"messages\"}]}]}";

    check_cuts(message, 0, "6280000000001", "a message");
    check_cuts(status, 1, "6280000000003", "a status");
    check_noise(message);
    check_noise(status);
    check(!scan("", 0).sender, "nothing has no sender");

    printf("1..%d\n", tests);

    return failed ? 1 : 0;
}
