/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Loaded before the C library (t/lib/Lapor/Clock.pm): the wall clock of a
 * program goes wrong by as many seconds as the file LAPOR_CLOCK says, and the
 * thread that it names behind them never comes back from asking for the time,
 * as if it hung in a call without a deadline. A file of that name with ".hung"
 * behind it says that it does.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ts);


static void
told(long *ret_seconds, char ret_thread[32])
{
    int          fd;
    char         text[64];
    ssize_t      n;
    const char  *path;

    *ret_seconds = 0;
    ret_thread[0] = '\0';
    path = getenv("LAPOR_CLOCK");
    fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd == -1) {
        return;
    }

    n = read(fd, text, sizeof(text) - 1);
    close(fd);

    if (n > 0) {
        text[n] = '\0';
        (void) sscanf(text, "%ld %31s", ret_seconds, ret_thread);
    }
}


static void
hang(void)
{
    int   fd;
    char  path[4096];

    (void) snprintf(path, sizeof(path), "%s.hung", getenv("LAPOR_CLOCK"));
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd != -1) {
        close(fd);
    }

    for ( ;; ) {
        pause();
    }
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int   rc;
    long  seconds;
    char  name[32], thread[32];

    rc = (int) syscall(SYS_clock_gettime, id, ts);
    told(&seconds, thread);

    if (id == CLOCK_REALTIME) {
        ts->tv_sec += seconds;
    }

    if (thread[0] != '\0'
        && pthread_getname_np(pthread_self(), name, sizeof(name)) == 0
        && strcmp(name, thread) == 0)
    {
        hang();
    }

    return rc;
}
