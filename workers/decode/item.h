/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the files of decode share; nobody else includes it.
 */

#ifndef LAPOR_DECODE_ITEM_H
#define LAPOR_DECODE_ITEM_H

#include "decode/decode.h"


struct decode_turn;


/* An element of value.contacts[], found by each id it has. */
struct decode_contact {
    struct lapor_str          id;    /* wa_id or user_id */
    const struct lapor_json  *node;
    struct decode_contact    *next;  /* in the same bucket */
};


typedef void (*decode_item_pt)(struct decode_turn *turn,
    struct lapor_event *event);


struct decode_turn {
    struct lapor_pool         *pool;
    struct lapor_decoded      *decoded;
    unsigned                   full;      /* LAPOR_DECODE_EVENTS reached */

    struct lapor_str           waba_id;   /* of the entry at hand */
    const struct lapor_json   *time;
    struct lapor_str           field;     /* of the change at hand */
    const struct lapor_json   *metadata;  /* of the value at hand */
    struct decode_contact    **contacts;  /* buckets, or NULL */
    unsigned                   buckets;   /* 1 or LAPOR_PARTS */
};


/* An event for each element of a list; a single object where a list should
 * be is a list of one, anything else is broken for the reason given. */
void lapor_decode_list(struct decode_turn *turn,
    const struct lapor_json *list, enum lapor_event_kind kind,
    decode_item_pt read, const char *wrong);

/* The lists of a field that is not messages; nothing for one that has none. */
void lapor_decode_field(struct decode_turn *turn,
    const struct lapor_json *value);


/* These read one item into an event that is there already. The first reason
 * found for not being able to use it stays in event->broken. */

void lapor_decode_message(struct decode_turn *turn, struct lapor_event *event);
void lapor_decode_status(struct decode_turn *turn, struct lapor_event *event);
void lapor_decode_failure(struct decode_turn *turn, struct lapor_event *event);

/* What messages and calls have in common: each gives its own reasons for not
 * being usable. */
void lapor_decode_id(struct lapor_event *event, const char *absent,
    const char *unusable);
void lapor_decode_sender(struct decode_turn *turn, struct lapor_event *event,
    const char *absent);

/* An item's errors[]; a single object is a list of one. */
struct lapor_failure *lapor_decode_failures(struct decode_turn *turn,
    const struct lapor_json *item);

/* The member type of a message read by that type's reader; sets unknown. */
void lapor_decode_content(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *message);

void lapor_decode_time(struct lapor_event *event,
    const struct lapor_json *node);
enum lapor_sent_at lapor_decode_seconds(const struct lapor_json *node,
    int64_t *ret_seconds);
const struct lapor_json *lapor_decode_contact(const struct decode_turn *turn,
    struct lapor_str id);

#endif
