/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Webhook bytes into events: one for each message, status, error and call of
 * every entry and change; of other fields one for each element of the list
 * that the field is about, or else for the change. Nothing that Meta signed
 * is left out: what has an unknown type keeps it, what cannot be used becomes
 * a broken event that the caller sets aside alone.
 *
 * All strings are those of the payload, unescaped (WTF-8, may hold NUL; see
 * lib/utf8.h for what a text column takes). An absent member is an absent
 * string or a NULL pointer; an id or a timestamp may come as a JSON number.
 * Everything lives in the pool given to lapor_decode().
 *
 * The shapes are those of Meta's webhook reference for the Cloud API, as of
 * v26.0 (July 2026), and of payloads seen.
 */

#ifndef LAPOR_DECODE_DECODE_H
#define LAPOR_DECODE_DECODE_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/pool.h"
#include "lib/str.h"


/* Meta puts up to 1,000 updates in a body; more than this is not a webhook. */
#define LAPOR_DECODE_EVENTS  20000

/* Bytes of an id. Ours to choose (Meta names no limit; 60 to 130 are seen);
 * what is longer could not be a key of an index. */
#define LAPOR_DECODE_ID_MAX  512

/* Unix seconds between which a timestamp is believed: 2009-01-01 (WhatsApp's
 * first year) and 2100-01-01. Not measured against a clock, because sent_at
 * is part of a key and a redelivery years later must give the same one. */
#define LAPOR_DECODE_SENT_MIN  INT64_C(1230768000)
#define LAPOR_DECODE_SENT_MAX  INT64_C(4102444800)


enum lapor_event_kind {
    LAPOR_EVENT_MESSAGE,
    LAPOR_EVENT_STATUS,
    LAPOR_EVENT_ERROR,   /* of value.errors[]: of the number or account */
    LAPOR_EVENT_OTHER,   /* of another field: an element of its list or the
                            change; or a change without items */
    LAPOR_EVENT_CALL     /* a user calls the number; printed as "other" */
};


enum lapor_sent_at {
    LAPOR_SENT_VALID,
    LAPOR_SENT_MISSING,
    LAPOR_SENT_UNREADABLE,  /* not a whole number */
    LAPOR_SENT_ABSURD       /* outside LAPOR_DECODE_SENT_MIN and _MAX */
};


/* Of an item's errors[]. */
struct lapor_failure {
    int                    has_code;
    int64_t                code;
    struct lapor_str       title;
    struct lapor_str       message;
    struct lapor_str       details;  /* error_data.details */
    struct lapor_failure  *next;
};


struct lapor_media {
    struct lapor_str  id;         /* Meta's; absent when it has no file */
    struct lapor_str  mime_type;  /* may have parameters */
    struct lapor_str  sha256;     /* as in the payload: base64 */
    struct lapor_str  filename;   /* of the sender: never a path of ours */
    struct lapor_str  caption;
    struct lapor_str  url;        /* lives 5 minutes; needs the token */
    int               voice;      /* 1, 0, -1 absent */
    int               animated;   /* likewise */
};


struct lapor_location {
    int               readable;  /* lat and lon are numbers */
    int               valid;     /* and lie on the globe */
    double            lat;       /* degrees */
    double            lon;
    struct lapor_str  name;
    struct lapor_str  address;
    struct lapor_str  url;
};


struct lapor_card_phone {
    struct lapor_str          phone;
    struct lapor_str          wa_id;
    struct lapor_str          type;
    struct lapor_card_phone  *next;
};


/* A contact card that the sender shares. Its lists are as in the payload. */
struct lapor_card {
    struct lapor_str          name;    /* formatted_name, else first + last */
    struct lapor_str          org;     /* company */
    struct lapor_str          department;
    struct lapor_str          title;   /* what the person is there */
    struct lapor_str          birthday;
    struct lapor_str          origin;  /* contact_request: we asked for it */
    struct lapor_str          vcard;   /* as text */
    struct lapor_card_phone  *phones;
    const struct lapor_json  *emails;  /* a list that is not empty, or NULL */
    const struct lapor_json  *urls;
    const struct lapor_json  *addresses;
    struct lapor_card        *next;
};


struct lapor_interactive {
    struct lapor_str  kind;      /* button_reply, list_reply, nfm_reply, ... */
    struct lapor_str  id;
    struct lapor_str  title;
    struct lapor_str  description;
    struct lapor_str  name;      /* nfm_reply: flow, address_message */
    struct lapor_str  response;  /* nfm_reply: JSON as text, as sent;
                                    call_permission_reply: accept, reject */
    struct lapor_str  source;    /* call_permission_reply: response_source */
    struct lapor_str  expires;   /* call_permission_reply: Unix seconds */
    int               permanent; /* 1, 0, -1 absent */
};


/* A quick-reply button of a template. */
struct lapor_button {
    struct lapor_str  payload;
    struct lapor_str  text;
};


struct lapor_reaction {
    struct lapor_str  wamid;
    struct lapor_str  emoji;  /* empty or absent: taken back */
};


struct lapor_context {
    struct lapor_str          wamid;      /* the message replied to */
    struct lapor_str          from;
    int                       forwarded;  /* 1, 0, -1 absent */
    int                       frequently_forwarded;  /* likewise */
    const struct lapor_json  *product;    /* referred_product */
};


/* A notice of the platform that a person's number or id changed: a message of
 * type system, or an element of the field user_id_update. */
struct lapor_system {
    struct lapor_str  type;
    struct lapor_str  wa_id;             /* the new one; also new_wa_id */
    struct lapor_str  user_id;           /* the new one */
    struct lapor_str  parent_user_id;
    struct lapor_str  previous_user_id;
    struct lapor_str  customer;          /* older payloads: the old id */
};


/* Types edit and revoke; text and media are those after the edit. */
struct lapor_revision {
    struct lapor_str  wamid;  /* original_message_id */
    struct lapor_str  type;   /* of the edited message */
};


/* One event of a call that a user makes to the number: it rings (connect),
 * it is over (terminate). The call's id is the event's wamid. */
struct lapor_call {
    struct lapor_str    event;      /* connect, terminate */
    int                 ended;      /* it is terminate, in whatever case */
    struct lapor_str    direction;  /* USER_INITIATED; may be absent */
    struct lapor_str    status;     /* of terminate: COMPLETED, FAILED; absent
                                       when nobody took the call */
    struct lapor_str    to;         /* the number called, as it stands */
    int                 has_duration;
    int64_t             duration;   /* seconds */
    enum lapor_sent_at  start;      /* likewise of terminate */
    int64_t             start_at;   /* Unix seconds; 0 if not valid */
    enum lapor_sent_at  end;
    int64_t             end_at;
};


struct lapor_status {
    struct lapor_str       state;  /* sent, delivered, ...: an open list */
    struct lapor_str       recipient;          /* recipient_id */
    struct lapor_str       recipient_user_id;
    struct lapor_str       recipient_parent_user_id;
    struct lapor_str       recipient_type;     /* group */
    struct lapor_str       participant;        /* of the group: a number */
    struct lapor_str       participant_user_id;
    struct lapor_str       key_hash;           /* recipient_identity_key_hash */
    struct lapor_str       callback;           /* biz_opaque_callback_data */
    struct lapor_failure  *errors;
    struct lapor_str       conversation;       /* its id */
    struct lapor_str       conversation_origin;  /* service, utility, ... */
    struct lapor_str       conversation_expires; /* Unix seconds */
    int                    has_pricing;
    int                    billable;           /* 1, 0, -1 absent */
    struct lapor_str       pricing_model;
    struct lapor_str       pricing_type;
    struct lapor_str       pricing_category;
};


struct lapor_event {
    enum lapor_event_kind     kind;
    size_t                    order;   /* 0.. in the order of the body */
    const char               *broken;  /* why it cannot be used, English, free
                                          of personal data; NULL: sound */
    unsigned                  damaged; /* some text held a lone surrogate or
                                          bytes that are not UTF-8 */

    struct lapor_str          waba_id;
    struct lapor_str          field;
    struct lapor_str          phone_number_id;
    struct lapor_str          display_phone_number;

    struct lapor_str          wamid;  /* of a status: our message's */
    struct lapor_str          from;   /* as it stands; may hold a user id */
    struct lapor_str          phone;  /* from, where it is digits only */
    struct lapor_str          user_id;  /* from_user_id, else the contact's */
    struct lapor_str          parent_user_id;
    struct lapor_str          wa_id;  /* the contact's */
    struct lapor_str          username;
    struct lapor_str          name;

    /* Of the sender's device, where Meta's identity check is on: another than
     * before is a new device, or the number in other hands. */
    struct lapor_str          key_hash;  /* the contact's identity_key_hash */
    const struct lapor_json  *key;       /* the message's identity: its hash,
                                            since when, acknowledged or not */

    /*
     * The payload identity: from, else from_user_id; of a status its
     * recipient_id, else recipient_user_id. Taken from the item alone, never
     * from contacts[], which another delivery of it may lack. The payload
     * part is its part; without an identity, that of the wamid, without one,
     * that of the raw bytes: the same at every delivery of the item.
     */
    struct lapor_str          identity;
    unsigned                  part;  /* 0..255 */

    enum lapor_sent_at        sent;
    int64_t                   sent_at;    /* Unix seconds; 0 if not valid */
    struct lapor_str          timestamp;  /* as it stands */

    struct lapor_str          type;   /* as it stands; may be absent; of a
                                         call "call" */
    struct lapor_str          text;   /* what an operator should read */
    struct lapor_str          group_id;
    struct lapor_str          unsupported;  /* what it was: unsupported.type */

    struct lapor_media       *media;
    struct lapor_location    *location;
    struct lapor_card        *cards;  /* of the message, not value.contacts */
    struct lapor_interactive *interactive;
    struct lapor_button      *button;
    struct lapor_reaction    *reaction;
    struct lapor_context     *context;
    struct lapor_system      *system;
    struct lapor_revision    *revision;
    struct lapor_status      *status;
    struct lapor_call        *call;
    struct lapor_failure     *errors;  /* of a message, call or error event */
    const struct lapor_json  *referral;

    unsigned                  unknown;  /* no reader for its type, or not the
                                           content of its type: see node */
    const struct lapor_json  *node;  /* the message, status, error, call or
                                        element; else the change or entry;
                                        for lapor_json_print */
    const struct lapor_json  *value; /* of an event that is a whole change:
                                        its value, if it has one */
    struct lapor_str          raw;   /* the same, bytes as received */

    struct lapor_event       *next;
};


struct lapor_decoded {
    struct lapor_event  *first;  /* in the order of the body */
    struct lapor_event  *last;
    size_t               count;
    char                 error[192];  /* when lapor_decode() returned -1 */
};


/*
 * Reads one webhook body. Returns 0 with the events, which may be none (an
 * empty entry list), or -1 with ret_decoded->error set when it is not a
 * webhook: not JSON, not an object, "object" is not
 * whatsapp_business_account, or more items than LAPOR_DECODE_EVENTS. The
 * body is copied and may go. The error holds nothing of the body.
 */
int lapor_decode(struct lapor_pool *pool, const char *body, size_t len,
    struct lapor_decoded *ret_decoded) __attribute__((warn_unused_result));

/*
 * Appends the event as `laporctl decode` prints it: one JSON object on one
 * line, without a line end, valid UTF-8, absent members left out. It holds
 * personal data: for people who asked, never for a log.
 */
void lapor_decode_print(struct lapor_buf *buf,
    const struct lapor_event *event);

/* ID.13491208655302741918: a country's two letters, a dot, and more. */
bool lapor_is_user_id(struct lapor_str str);

/* "message", "status", "error" or "other"; a call is "other". */
const char *lapor_event_name(enum lapor_event_kind kind);

#endif
