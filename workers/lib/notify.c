/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The protocol needs one datagram and no library (systemd's own example
 * notify-selfcontained-example.c does the same).  Failure is never an error:
 * the service manager finds out by its own timeouts.
 */

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/notify.h"
#include "lib/timeutil.h"


static void lapor_notify_send(const char *state, int flags);


static char     lapor_notify_last[256];
static int64_t  lapor_notify_interval = -1;
static int64_t  lapor_notify_fed;


static void
lapor_notify_send(const char *state, int flags)
{
    int                  fd;
    size_t               len;
    socklen_t            size;
    const char          *path;
    struct sockaddr_un   sun;

    path = getenv("NOTIFY_SOCKET");

    if (path == NULL || (path[0] != '/' && path[0] != '@')) {
        return;
    }

    len = strlen(path);

    if (len >= sizeof(sun.sun_path)) {
        return;
    }

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    memcpy(sun.sun_path, path, len);

    /* '@' stands for the NUL of an abstract name */
    if (path[0] == '@') {
        sun.sun_path[0] = '\0';
    }

    size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len);

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return;
    }

    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | flags,
               (struct sockaddr *) &sun, size) == -1)
    {
        lapor_log_debug("could not notify the service manager: %s",
                        strerror(errno));
    }

    close(fd);
}


void
lapor_notify_ready(void)
{
    lapor_notify_send("READY=1", 0);
}


void
lapor_notify_stopping(void)
{
    lapor_notify_send("STOPPING=1", 0);
}


void
lapor_notify_status(const char *fmt, ...)
{
    char     state[sizeof(lapor_notify_last)];
    va_list  args;

    memcpy(state, "STATUS=", 7);

    va_start(args, fmt);
    (void) vsnprintf(state + 7, sizeof(state) - 7, fmt, args);
    va_end(args);

    if (strcmp(state, lapor_notify_last) == 0) {
        return;
    }

    memcpy(lapor_notify_last, state, sizeof(state));
    /* no work waits because the manager does not read */
    lapor_notify_send(state, MSG_DONTWAIT);
}


int64_t
lapor_notify_watchdog_ms(void)
{
    char        *end;
    long long    usec;
    const char  *text;

    if (lapor_notify_interval != -1) {
        return lapor_notify_interval;
    }

    lapor_notify_interval = 0;
    text = getenv("WATCHDOG_USEC");

    if (text == NULL || getenv("NOTIFY_SOCKET") == NULL) {
        return 0;
    }

    errno = 0;
    usec = strtoll(text, &end, 10);

    if (errno == 0 && *end == '\0' && usec > 0) {
        lapor_notify_interval = usec / 1000;
    }

    return lapor_notify_interval;
}


void
lapor_notify_watchdog(void)
{
    int64_t  now, interval;

    interval = lapor_notify_watchdog_ms();

    if (interval == 0) {
        return;
    }

    now = lapor_mono_ms();

    if (lapor_notify_fed != 0 && now - lapor_notify_fed < interval / 4) {
        return;
    }

    lapor_notify_fed = now;
    lapor_notify_send("WATCHDOG=1", MSG_DONTWAIT);
}
