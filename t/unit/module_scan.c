/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The module's scan of a body, cut at every length: it must neither read
 * beyond the end (the copy is exactly as long, for ASan and valgrind) nor call
 * half a body a body of statuses, nor take half a number for one.
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
    uint64_t number, const char *name)
{
    int                     early, wrong, hasty;
    size_t                  i, len;
    ngx_http_lapor_scan_t   ret;

    len = strlen(text);
    early = 0;
    wrong = 0;
    hasty = 0;

    for (i = 0; i < len; i++) {
        ret = scan(text, i);

        if (ret.statuses) {
            early++;
        }

        if ((ret.sender && ret.hash != fnv1a(sender))
            || (ret.number && ret.number != number))
        {
            wrong++;
        }

        if (ret.enough && (!ret.sender || ret.number != number || statuses)) {
            hasty++;
        }
    }

    ret = scan(text, len);

    check((int) ret.statuses == statuses, name);
    check(ret.sender && ret.hash == fnv1a(sender), "its sender");
    check(ret.number == number, "its number");
    check(early == 0, "cut anywhere, it is no body of statuses");
    check(wrong == 0, "nor has it another sender or number");
    check(hasty == 0, "and enough is not said too soon");
}


/* what stands for a phone_number_id, and the number it is */

static void
check_number(const char *written, uint64_t number)
{
    char                    text[256];
    ngx_http_lapor_scan_t   ret;

    (void) snprintf(text, sizeof(text),
                    "{\"entry\":[{\"changes\":[{\"value\":{\"metadata\":"
                    "{\"phone_number_id\":%s}}}]}]}", written);
    ret = scan(text, strlen(text));
    check(ret.number == number, written);
}


static void
check_numbers(void)
{
    const char             *text;
    ngx_http_lapor_scan_t   ret;

    check_number("\"100000000000001\"", 100000000000001);
    check_number("100000000000001", 100000000000001);
    check_number("\"1\"", 1);
    check_number("\"18446744073709551615\"", UINT64_MAX);
    check_number("\"18446744073709551616\"", 0);
    check_number("\"99999999999999999999\"", 0);
    check_number("\"100000000000000000001\"", 0);
    check_number("\"\"", 0);
    check_number("\"0\"", 0);
    check_number("\"01\"", 0);
    check_number("\"12a\"", 0);
    check_number("\"+12\"", 0);
    check_number("1.5", 0);
    check_number("null", 0);
    check_number("[\"12\"]", 0);
    check_number("\"1\\u0031\"", 0);

    text = "{\"phone_number_id\":\"1\",\"entry\":[{\"metadata\":"
           "{\"phone_number_id\":\"2\"},\"changes\":[{\"value\":{"
           "\"messages\":[{\"metadata\":{\"phone_number_id\":\"3\"},"
           "\"from\":\"6280000000001\"}],"
           "\"metadata\":{\"x\":{\"phone_number_id\":\"4\"},"
           "\"phone_number_id\":\"x\"}}},"
           "{\"value\":{\"messages\":[{\"from\":\"6280000000002\"}],"
           "\"metadata\":{\"phone_number_id\":\"5\"}}},"
           "{\"value\":{\"metadata\":{\"phone_number_id\":\"6\"}}}]}]}";

    ret = scan(text, strlen(text));
    check(ret.number == 5, "the first where numbers stand, wherever it is");
    check(ret.sender && ret.hash == fnv1a("6280000000001"),
          "the first sender stays the sender");
    check(ret.enough && !ret.statuses, "the rest is not looked at");
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

    message = "{\"entry\":[{\"changes\":[{\"value\":{\"metadata\":{"
              "\"phone_number_id\":100000000000001},\"contacts\":[{\"wa_id\":"
              "\"6280000000002\"}],\"messages\":[{\"context\":{\"from\":\"1\"},"
              "\"text\":{\"body\":\"\\\"}]\\\\\"},\"from\":\"6280000000001\"}]"
              "},\"field\":\"messages\"}]}]}";
    status = "{\"entry\":[{\"changes\":[{\"value\":{\"metadata\":{"
             "\"phone_number_id\":\"20\"},\"statuses\":[{"
             "\"id\":\"x\",\"timestamp\":1,"
             "\"recipient_id\":\"6280000000003\"}]},"
             "\"field\":\"messages\"}]}]}";

    check_cuts(message, 0, "6280000000001", 100000000000001, "a message");
    check_cuts(status, 1, "6280000000003", 20, "a status");
    check_numbers();
    check_noise(message);
    check_noise(status);
    check(!scan("", 0).sender, "nothing has no sender");

    printf("1..%d\n", tests);

    return failed ? 1 : 0;
}
