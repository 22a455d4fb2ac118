/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The protocol needs one datagram and no library (systemd's own example
 * notify-selfcontained-example.c does the same).  Failure is never an error:
 * the service manager finds out by its own timeouts.
 */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/notify.h"
#include "lib/timeutil.h"


static void lapor_notify_send(const char *state, int flags);


#define LAPOR_NOTIFY_MEMBERS  64
#define LAPOR_NOTIFY_WAIT     2     /* s, for the manager to take a state */


/* all under the lock but the number of members, which is set at the start */
static pthread_mutex_t  lapor_notify_lock = PTHREAD_MUTEX_INITIALIZER;
static char             lapor_notify_last[256];
static int64_t          lapor_notify_interval = -1;
static int64_t          lapor_notify_fed;
static uint64_t         lapor_notify_turned;    /* a bit for each member */
static uint64_t         lapor_notify_all = 1;

static _Thread_local unsigned  lapor_notify_own;


static void
lapor_notify_send(const char *state, int flags)
{
    int                  fd;
    size_t               len;
    socklen_t            size;
    struct timeval       wait = { LAPOR_NOTIFY_WAIT, 0 };
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

    /* one that does not read is waited for, but the work goes on */
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));

    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | flags,
               (struct sockaddr *) &sun, size) == -1)
    {
        lapor_log_debug("could not notify the service manager: %s",
                        strerror(errno));
    }

    close(fd);
}


/* MONOTONIC_USEC= is what Type=notify-reload of systemd 253 asks for; an older
   one takes no notice of it. */

void
lapor_notify_reloading(void)
{
    char             state[64];
    struct timespec  now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) == -1) {
        memset(&now, 0, sizeof(now));
    }

    (void) snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%"
                    PRId64, (int64_t) now.tv_sec * 1000000
                    + now.tv_nsec / 1000);
    lapor_notify_send(state, 0);
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

    (void) pthread_mutex_lock(&lapor_notify_lock);

    if (strcmp(state, lapor_notify_last) != 0) {
        memcpy(lapor_notify_last, state, strlen(state) + 1);
        /* no work waits because the manager does not read */
        lapor_notify_send(state, MSG_DONTWAIT);
    }

    (void) pthread_mutex_unlock(&lapor_notify_lock);
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
lapor_notify_members(unsigned n)
{
    n = n < LAPOR_NOTIFY_MEMBERS ? n : LAPOR_NOTIFY_MEMBERS;
    lapor_notify_all = n == LAPOR_NOTIFY_MEMBERS
                       ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}


void
lapor_notify_turn(unsigned member)
{
    int64_t  now, interval;

    lapor_metric_add(&lapor_metric_turns, 0, 1);
    lapor_metric_set(&lapor_metric_last_turn, 0, lapor_time_ms());

    (void) pthread_mutex_lock(&lapor_notify_lock);

    interval = lapor_notify_watchdog_ms();
    now = lapor_mono_ms();
    lapor_notify_turned |= UINT64_C(1) << member % LAPOR_NOTIFY_MEMBERS;

    if (interval != 0
        && (lapor_notify_turned & lapor_notify_all) == lapor_notify_all
        && (lapor_notify_fed == 0 || now - lapor_notify_fed >= interval / 4))
    {
        lapor_notify_fed = now;
        lapor_notify_turned = 0;
        lapor_notify_send("WATCHDOG=1", MSG_DONTWAIT);
    }

    (void) pthread_mutex_unlock(&lapor_notify_lock);
}


void
lapor_notify_watchdog(void)
{
    lapor_notify_turn(lapor_notify_own);
}


void
lapor_notify_member(unsigned member)
{
    lapor_notify_own = member;
}
