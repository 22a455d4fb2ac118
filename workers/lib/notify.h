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

/* First thing after SIGHUP; lapor_notify_ready() follows. */
void lapor_notify_reloading(void);

/*
 * How many loops, each in a thread of its own, the process has: 1 unless said
 * otherwise, 64 at most. Before the first turn.
 */
void lapor_notify_members(unsigned n);

/*
 * A loop (from 0 on) has finished a turn, be it one that found nothing or put
 * its work off. This alone feeds the watchdog, never a wait inside of a turn:
 * a loop that hangs or spins in one is found. Sent when every loop has
 * finished a turn since it was last sent, at most every quarter of
 * $WATCHDOG_USEC; a turn must end within the other three.
 */
void lapor_notify_turn(unsigned member);

/* The same by the loop of this thread, from inside of a turn whose pieces
   are turns, too; lapor_notify_member() says which it is (0 unless said). */
void lapor_notify_watchdog(void);
void lapor_notify_member(unsigned member);

/* First thing after SIGTERM. */
void lapor_notify_stopping(void);

/* The watchdog's interval in ms, 0 when there is none. */
int64_t lapor_notify_watchdog_ms(void);


#endif
