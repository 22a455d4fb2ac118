/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* laporctl check: the list of looks, and the lines they print. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "laporctl/check.h"
#include "lib/buf.h"


/* Meta's timestamps, deadlines and leases are compared across machines. */
#define CLOCK_SKEW_MS  2000


int
lapor_ctl_check(struct ctl_args *args)
{
    char              err[512];
    struct ctl_check  c;

    memset(&c, 0, sizeof(c));
    c.args = args;
    c.conf = lapor_ctl_conf_try(args->conf_file, err, sizeof(err));

    if (c.conf == NULL) {
        lapor_ctl_say(&c, CTL_BAD, "configuration", "%s", err);
        return CTL_EXIT_FAILED;
    }

    lapor_ctl_say(&c, CTL_OK, "configuration", "%s",
                  args->conf_file == NULL
                  ? LAPOR_SYSCONFDIR "/lapor/lapor.conf" : args->conf_file);

    lapor_ctl_check_files(&c);
    lapor_ctl_check_redis(&c);
    lapor_ctl_check_spool(&c);
    lapor_ctl_check_pg(&c);
    lapor_ctl_check_web(&c);

    if (!args->json) {
        printf("%d failed, %d warnings\n", c.bad, c.warned);
    }

    return c.bad == 0 ? 0 : CTL_EXIT_FAILED;
}


void
lapor_ctl_say(struct ctl_check *c, enum ctl_result result, const char *what,
    const char *format, ...)
{
    va_list                   ap;
    struct lapor_buf          detail, line;
    static const char *const  words[] = { "OK", "WARN", "FAIL" };

    c->bad += result == CTL_BAD;
    c->warned += result == CTL_WARN;

    lapor_buf_init(&detail);
    va_start(ap, format);
    lapor_buf_vprintf(&detail, format, ap);
    va_end(ap);

    if (!c->args->json) {
        printf("%-4s  %s: %s\n", words[result], what,
               lapor_buf_cstr(&detail));
        fflush(stdout);
        lapor_buf_free(&detail);
        return;
    }

    lapor_buf_init(&line);
    lapor_buf_addc(&line, '{');
    lapor_buf_json_member(&line, "check", lapor_str_from(what));
    lapor_buf_json_member(&line, "result", lapor_str_from(words[result]));
    lapor_buf_json_member(&line, "detail", lapor_buf_view(&detail));
    lapor_buf_addc(&line, '}');
    puts(lapor_buf_cstr(&line));
    lapor_buf_free(&line);
    lapor_buf_free(&detail);
}


void
lapor_ctl_check_clock(struct ctl_check *c, const char *what, int64_t server,
    int64_t before, int64_t after)
{
    int64_t  skew;

    skew = 0;

    if (server < before) {
        skew = before - server;

    } else if (server > after) {
        skew = server - after;
    }

    lapor_ctl_say(c, skew < CLOCK_SKEW_MS ? CTL_OK : CTL_BAD, what,
                  "%lld ms apart from this machine", (long long) skew);
}
