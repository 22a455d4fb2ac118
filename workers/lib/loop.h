/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Signals and waiting.  SIGTERM and SIGINT set a flag and make an eventfd
 * readable, so that no signal is lost between a test of the flag and poll();
 * the second one exits 0 at once, which is safe because every worker may die
 * at any line.  SIGPIPE is ignored; SIGHUP wakes the loop and sets a flag.
 */

#ifndef LAPOR_LIB_LOOP_H
#define LAPOR_LIB_LOOP_H


#include <poll.h>
#include <stdbool.h>


/* Once, before the first wait; exits 71 when the system refuses. */
void lapor_loop_init(void);

bool lapor_loop_stopping(void);

/* True once after each SIGHUP. */
bool lapor_loop_hup(void);

/* Readable from the first SIGTERM on and after a SIGHUP; for other polls. */
int lapor_loop_fd(void);

/*
 * Waits until one of fds is ready, a signal came or ms have passed (-1: no
 * limit).  fds[i].fd may be -1.  Returns the number of ready fds, 0 after a
 * timeout or a signal; -1 only when poll() fails, which is logged.  At most
 * LAPOR_LOOP_FDS descriptors.
 */
#define LAPOR_LOOP_FDS  16

int lapor_loop_wait(struct pollfd *fds, nfds_t n, int ms);

/* Waits ms or until a signal; true when the program shall go on. */
bool lapor_loop_sleep(int ms);


#endif
