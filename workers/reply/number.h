/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The brake of each of our numbers.  A refusal that concerns the number holds
 * all it would send; when the pause is over one message goes ahead as a
 * probe, and only after a success all others.
 */

#ifndef LAPOR_REPLY_NUMBER_H
#define LAPOR_REPLY_NUMBER_H


#include <stdint.h>
#include <sys/queue.h>

#include "lib/part.h"


/* No alarm is on; Meta's codes are from 0 on, and -1 is "none came". */
#define LAPOR_NUMBER_NO_ALARM  (-2)

struct lapor_number {
    LIST_ENTRY(lapor_number)  link;
    int                       streak;       /* holds since a success */
    int64_t                   until;        /* lapor_mono_ms() */
    int                       in_flight;
    int                       alarm;        /* code people were told of */
    char                      id[];
};

LIST_HEAD(lapor_number_list, lapor_number);

/* Zeroed it is empty.  Numbers stay until the end: they are few. */
struct lapor_numbers {
    struct lapor_number_list  buckets[LAPOR_PARTS];
};


/* Never NULL; the id is copied. */
struct lapor_number *lapor_number_get(struct lapor_numbers *numbers,
    const char *id);
void lapor_numbers_free(struct lapor_numbers *numbers);

/* 0: send now; else ms to wait before asking again. */
int64_t lapor_number_wait(const struct lapor_number *number);

/* Nothing is sent for ms from now. */
void lapor_number_hold(struct lapor_number *number, int64_t ms);

/* True when the code is not the one that people were told of last. */
int lapor_number_alarm(struct lapor_number *number, int code);

/* How many are held now, and of how many people were told. */
void lapor_numbers_count(const struct lapor_numbers *numbers, int *ret_held,
    int *ret_alarmed);

/* A message went out.  True when an alarm was on and is over. */
int lapor_number_ok(struct lapor_number *number);


#endif
