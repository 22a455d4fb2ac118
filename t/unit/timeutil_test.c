/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* lib/timeutil and lib/loop: time texts, backoff, waits that signals end. */

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/loop.h"
#include "lib/timeutil.h"
#include "t/unit/tap.h"


static void same(const char *text, int64_t ms, const char *back);
static void test_time(void);
static void test_backoff(void);
static void test_loop(void);


static void
same(const char *text, int64_t ms, const char *back)
{
    char     out[LAPOR_TIME_LEN];
    int64_t  got;

    got = -1;
    is(lapor_time_parse(text, strlen(text), &got), 0, "parse %s", text);
    is(got, ms, "value of %s", text);
    is_str(lapor_time_format(ms, out), back, "format");
}


static void
test_time(void)
{
    char     out[LAPOR_TIME_LEN];
    size_t   i;
    int64_t  ms;

    static const char *const  wrong[] = {
        "", "2026", "2026-11-22", "2026-11-22T03:04:05",
        "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
        "2026-11-22T03:04:05.Z", "2026-11-22T03:04:05+7:00",
        "2026-11-22T03:04:05Zx", "2026-11-2xT03:04:05Z"
    };

    same("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
    same("2026-11-22T10:04:05+07:00", INT64_C(1795316645000),
         "2026-11-22T03:04:05Z");
    same("2026-11-22 03:04:05.6789z", INT64_C(1795316645678),
         "2026-11-22T03:04:05.678Z");
    same("1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z");
    same("2000-02-29T00:00:00-0030", INT64_C(951784200000),
         "2000-02-29T00:30:00Z");

    is_str(lapor_time_format(INT64_MAX, out), "9999-12-31T23:59:59.999Z",
           "too late");
    is_str(lapor_time_format(INT64_MIN, out), "0000-01-01T00:00:00Z",
           "too early");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        is(lapor_time_parse(wrong[i], strlen(wrong[i]), &ms), -1,
           "no time: \"%s\"", wrong[i]);
    }

    ok(lapor_time_ms() > INT64_C(1700000000000), "now is later than 2023");
}


static void
test_backoff(void)
{
    int                   i, fine;
    int64_t               left;
    struct lapor_backoff  b;

    memset(&b, 0, sizeof(b));
    b.min = 1000;
    b.max = 5000;

    is(lapor_backoff_left(&b), 0, "due at once");

    fine = 1;

    for (i = 0; i < 200; i++) {
        lapor_backoff_fail(&b);
        left = lapor_backoff_left(&b);
        fine = fine && left <= b.step && left >= b.step / 2 - 100;
    }

    ok(fine, "always between half a step and a step");
    is(b.step, 5000, "step ends at its maximum");

    lapor_backoff_ok(&b);
    is(lapor_backoff_left(&b), 0, "due at once after success");

    fine = 1;

    for (i = 0; i < 1000; i++) {
        fine = fine && lapor_random(7) < 7;
    }

    ok(fine, "random numbers stay below their bound");
    is(lapor_random(0), 0, "no division by zero");
}


static void
test_loop(void)
{
    int            status;
    char           byte;
    pid_t          pid;
    int            pipes[2];
    int64_t        start;
    struct pollfd  pfd;

    lapor_loop_init();

    start = lapor_mono_ms();
    is(lapor_loop_wait(NULL, 0, 30), 0, "timeout");
    ok(lapor_mono_ms() - start >= 29, "not too early");

    if (pipe(pipes) == -1) {
        return;
    }

    pfd.fd = pipes[0];
    pfd.events = POLLIN;
    ok(write(pipes[1], "x", 1) == 1, "byte");
    is(lapor_loop_wait(&pfd, 1, 10000), 1, "descriptor is ready");
    ok(pfd.revents & POLLIN, "to be read");
    ok(read(pipes[0], &byte, 1) == 1, "read");

    (void) raise(SIGHUP);
    is(lapor_loop_wait(&pfd, 1, 10000), 0, "SIGHUP ends a wait");
    ok(lapor_loop_hup(), "and is seen");
    ok(!lapor_loop_hup(), "once");
    ok(!lapor_loop_stopping(), "without stopping");

    start = lapor_mono_ms();
    ok(lapor_loop_sleep(20), "sleep");
    ok(lapor_mono_ms() - start >= 19, "lasts");

    (void) raise(SIGTERM);
    ok(lapor_loop_stopping(), "SIGTERM stops");
    is(lapor_loop_wait(NULL, 0, 10000), 0, "ends a wait");
    is(lapor_loop_wait(NULL, 0, 10000), 0, "and every one after it");
    ok(!lapor_loop_sleep(10000), "and a sleep");

    pid = fork();

    if (pid == 0) {
        (void) raise(SIGTERM);
        _exit(9);
    }

    ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status)
       && WEXITSTATUS(status) == 0, "a second SIGTERM exits at once");
    close(pipes[0]);
    close(pipes[1]);
}


int
main(void)
{
    test_time();
    test_backoff();
    test_loop();

    return tap_done();
}
