/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * systemd's notification protocol (sd_notify(3)) without libsystemd: one
 * datagram to $NOTIFY_SOCKET.  Without that variable every call does nothing.
 */

#ifndef LAPOR_LIB_NOTIFY_H
#define LAPOR_LIB_NOTIFY_H


#include <stdint.h>


/* Configuration is valid and the loop runs; says nothing of Redis or SQL. */
void lapor_notify_ready(void);

/* Shown by systemctl status; repeated equal text is sent once. */
void lapor_notify_status(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * Call once a turn of the loop, also while backing off; sent at most every
 * quarter of $WATCHDOG_USEC.
 */
void lapor_notify_watchdog(void);

/* First thing after SIGTERM. */
void lapor_notify_stopping(void);

/* The watchdog's interval in ms, 0 when there is none. */
int64_t lapor_notify_watchdog_ms(void);


#endif
