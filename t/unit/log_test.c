/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* lib/log and lib/notify: one datagram or one line a call, nothing forged. */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/notify.h"
#include "t/unit/tap.h"


static const char *logged(void);
static void test_log(void);
static void test_notify(void);
static void test_watchdog(void);


static int   pipes[2];
static char  line[4096];


static const char *
logged(void)
{
    ssize_t  n;

    n = read(pipes[0], line, sizeof(line) - 1);
    line[n > 0 ? n : 0] = '\0';

    return line;
}


static void
test_log(void)
{
    char                  text[3000];
    enum lapor_log_level  level;

    lapor_log_warn("could not x: %d", 5);
    is_str(logged(), "<4>could not x: 5\n", "priority and text");

    lapor_log_debug("hidden");
    lapor_log_info("shown");
    is_str(logged(), "<6>shown\n", "debug is off at start");

    lapor_log_set_level(LAPOR_LOG_ERR);
    lapor_log_warn("hidden");
    lapor_log_set_name("laporctl");
    lapor_log_err("for people");
    is_str(logged(), "laporctl: for people\n", "a name for the priority");
    lapor_log_set_name(NULL);

    lapor_log_err("shown");
    is_str(logged(), "<3>shown\n", "level");
    lapor_log_set_level(LAPOR_LOG_INFO);

    lapor_log_err("a\n<0>b\r\033[2J\n\n");
    is_str(logged(), "<3>a <0>b  [2J\n", "no second line");

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    lapor_log_err("%s", text);
    is((intmax_t) strlen(logged()), LAPOR_LOG_LINE, "cut");
    is(line[LAPOR_LOG_LINE - 1], '\n', "with its end");

    errno = EACCES;
    lapor_log_err("%m");
    is_str(logged(), "<3>Permission denied\n", "errno's text");
    is(errno, EACCES, "errno is kept");

    is(lapor_log_parse_level("notice", &level), 0, "level by name");
    is(level, LAPOR_LOG_NOTICE, "the right one");
    is(lapor_log_parse_level("loud", &level), -1, "no such level");
}


/* What a wait does is not asked here: it has no way to the watchdog. */

static void
test_watchdog(void)
{
    is(lapor_notify_watchdog_ms(), 30, "interval of the watchdog");
    is_str(logged(), "", "not before the first turn");
    lapor_notify_turn(0);
    is_str(logged(), "WATCHDOG=1", "a turn feeds it");
    lapor_notify_turn(0);
    is_str(logged(), "", "not more often than needed");

    lapor_notify_members(3);
    (void) usleep(30000);
    lapor_notify_turn(0);
    lapor_notify_turn(2);
    is_str(logged(), "", "not while one of three has not turned");
    lapor_notify_turn(1);
    is_str(logged(), "WATCHDOG=1", "all three have");

    (void) usleep(30000);
    lapor_notify_turn(1);
    lapor_notify_turn(1);
    lapor_notify_turn(2);
    is_str(logged(), "", "one that hangs is not made up for by the others");
}


static void
test_notify(void)
{
    int                  fd;
    char                 path[] = "/tmp/lapor-notify-XXXXXX";
    struct sockaddr_un   sun;

    if (mkdtemp(path) == NULL) {
        return;
    }

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    (void) snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", path);

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ok(bind(fd, (struct sockaddr *) &sun, sizeof(sun)) == 0, "socket");

    lapor_notify_ready();
    (void) setenv("NOTIFY_SOCKET", sun.sun_path, 1);
    (void) setenv("WATCHDOG_USEC", "30000", 1);

    pipes[0] = fd;
    lapor_notify_ready();
    is_str(logged(), "READY=1", "ready, and nothing before the variable");
    lapor_notify_status("redis %s", "up");
    is_str(logged(), "STATUS=redis up", "status");
    lapor_notify_status("redis %s", "up");
    is_str(logged(), "", "the same status is not sent again");
    lapor_notify_reloading();
    ok(strncmp(logged(), "RELOADING=1\nMONOTONIC_USEC=", 27) == 0,
       "reloading");
    test_watchdog();
    lapor_notify_stopping();
    is_str(logged(), "STOPPING=1", "stopping");

    (void) unlink(sun.sun_path);
    (void) rmdir(path);
    close(fd);
}


int
main(void)
{
    if (pipe(pipes) == -1) {
        return 1;
    }

    lapor_log_set_fd(pipes[1]);

    test_log();
    close(pipes[0]);
    close(pipes[1]);
    lapor_log_set_fd(STDERR_FILENO);

    test_notify();

    return tap_done();
}
