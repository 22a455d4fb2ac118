/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The handlers do nothing but note the signal and write to the eventfd.
 */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/timeutil.h"


static void lapor_loop_on_signal(int signo);
static void lapor_loop_handle(int signo);
static void lapor_loop_drain(void);


/* lock-free, so that a handler may set what any thread reads */
static atomic_int  lapor_loop_stop;
static atomic_int  lapor_loop_reload;
static int         lapor_loop_event = -1;


static void
lapor_loop_on_signal(int signo)
{
    int       saved;
    uint64_t  one;

    saved = errno;

    if (signo == SIGHUP) {
        lapor_loop_reload = 1;

    } else if (lapor_loop_stop) {
        _exit(LAPOR_EXIT_OK);

    } else {
        lapor_loop_stop = 1;
    }

    one = 1;

    if (write(lapor_loop_event, &one, sizeof(one)) == -1) {
        /* full means readable already, which is all that is wanted */
        errno = saved;
    }

    errno = saved;
}


void
lapor_loop_init(void)
{
    struct sigaction  sa;

    lapor_loop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (lapor_loop_event == -1) {
        lapor_fatal(LAPOR_EXIT_OS, "could not create an eventfd: %s",
                    strerror(errno));
    }

    lapor_loop_handle(SIGTERM);
    lapor_loop_handle(SIGINT);
    lapor_loop_handle(SIGHUP);

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = SIG_IGN;

    if (sigaction(SIGPIPE, &sa, NULL) == -1) {
        lapor_fatal(LAPOR_EXIT_OS, "could not ignore SIGPIPE: %s",
                    strerror(errno));
    }
}


static void
lapor_loop_handle(int signo)
{
    struct sigaction  sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = lapor_loop_on_signal;
    sa.sa_flags = SA_RESTART;
    sigemptyset(&sa.sa_mask);

    if (sigaction(signo, &sa, NULL) == -1) {
        lapor_fatal(LAPOR_EXIT_OS, "could not handle signal %d: %s", signo,
                    strerror(errno));
    }
}


bool
lapor_loop_stopping(void)
{
    return lapor_loop_stop != 0;
}


bool
lapor_loop_hup(void)
{
    if (!lapor_loop_reload) {
        return false;
    }

    lapor_loop_reload = 0;
    return true;
}


int
lapor_loop_fd(void)
{
    return lapor_loop_event;
}


/* After a stop signal the descriptor stays readable for every later wait. */

static void
lapor_loop_drain(void)
{
    uint64_t  count;

    if (lapor_loop_stop) {
        return;
    }

    if (read(lapor_loop_event, &count, sizeof(count)) == -1) {
        return;
    }

    /* a stop between the test and the read took its wake-up along */
    if (lapor_loop_stop) {
        count = 1;

        if (write(lapor_loop_event, &count, sizeof(count)) == -1) {
            return;
        }
    }
}


int
lapor_loop_wait(struct pollfd *fds, nfds_t n, int ms)
{
    int            ready;
    int64_t        end, left;
    struct pollfd  all[LAPOR_LOOP_FDS + 1];

    if (n > LAPOR_LOOP_FDS) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "too many descriptors to wait for");
    }

    if (n > 0) {
        memcpy(all, fds, n * sizeof(struct pollfd));
    }

    all[n].fd = lapor_loop_event;
    all[n].events = POLLIN;

    end = (ms < 0) ? INT64_MAX : lapor_mono_ms() + ms;
    left = (ms < 0) ? INT64_MAX : ms;

    for ( ;; ) {
        ready = poll(all, n + 1, left < INT_MAX ? (int) left : -1);

        if (ready == -1 && errno != EINTR) {
            lapor_log_err("could not poll: %s", strerror(errno));
            return -1;
        }

        if (ready > 0) {
            break;
        }

        left = end - lapor_mono_ms();

        if (left <= 0) {
            ready = 0;
            break;
        }
    }

    if (n > 0) {
        memcpy(fds, all, n * sizeof(struct pollfd));
    }

    if (ready > 0 && all[n].revents != 0) {
        lapor_loop_drain();
        ready--;
    }

    return ready;
}


bool
lapor_loop_sleep(int ms)
{
    int64_t  end, left;

    end = lapor_mono_ms() + ms;

    /* a SIGHUP ends a wait but not a sleep */
    for (left = ms; left > 0 && !lapor_loop_stop;
         left = end - lapor_mono_ms())
    {
        if (lapor_loop_wait(NULL, 0, (int) left) == -1) {
            break;
        }
    }

    return !lapor_loop_stop;
}
