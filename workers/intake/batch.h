/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What a few stream entries hold, ready to be stored: a list of units, each
 * of which PostgreSQL takes or refuses for itself. Everything lives in the
 * batch's pool, what decode made too, and dies with its reset.
 */

#ifndef LAPOR_INTAKE_BATCH_H
#define LAPOR_INTAKE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decode.h"
#include "intake/alert.h"
#include "lib/pool.h"
#include "lib/sha256.h"
#include "lib/stream.h"


/* A webhook as it came. */
struct lapor_intake_raw {
    struct lapor_entry        *entry;
    unsigned char              sha256[LAPOR_SHA256_LEN];
    int64_t                    raw_id;       /* first 8 bytes of the hash */
    int64_t                    received_ms;  /* kept within bounds */
    unsigned                   part;
    bool                       dead;         /* as a whole */
};


/* An identity as the table of that name keeps it. */
struct lapor_intake_identity {
    struct lapor_str  id;     /* absent: there is none */
    const char       *kind;   /* phone, user_id or username */
    unsigned          part;
};


struct lapor_talk_report;
struct lapor_intake_sender;


/* One message, as lapor.message_store takes it, and what the rules of
 * conversation must know of it; all strings are such as a text column
 * holds. */
struct lapor_intake_message {
    const struct lapor_event      *event;

    unsigned                       part;      /* of the payload */
    struct lapor_str               wamid;
    int64_t                        seen_ms;   /* key of the ledger; 0: epoch */
    int64_t                        sent_ms;   /* what is stored; 0: epoch */
    int64_t                        at_ms;     /* when it was said, or came */
    struct lapor_intake_identity   self;      /* as the payload names it */
    struct lapor_intake_identity   other;
    struct lapor_str               name;
    struct lapor_str               username;

    struct lapor_str               phone_number_id;
    struct lapor_str               type;
    struct lapor_str               body;
    struct lapor_str               detail;    /* JSON */
    int                            damaged;

    struct lapor_str               media_id;
    struct lapor_str               mime_type;
    struct lapor_str               filename;
    struct lapor_str               sha256;    /* hex */
    struct lapor_str               url;

    /* of a replay: an earlier item of the webhook has the same message, or
     * the same file */
    bool                           told;
    bool                           media_told;

    const char                    *category;
    const char                    *urgency;
    const char                    *function;
    bool                           sensitive;
    double                         prank;
    double                         confidence;

    bool                           opens;     /* may it open a report? */
    bool                           edits;     /* it changes another one */
    bool                           answers;   /* does it deserve an answer? */
    bool                           worded;    /* are there words of his own? */
    bool                           trivial;   /* a greeting, thanks, a test */
    bool                           withdraws; /* BATAL */
    bool                           drill;     /* LATIHAN */
    bool                           call;
    struct lapor_str               withdraw_code;  /* the report's, if named */
    struct lapor_str               about;     /* wamid of what it quotes,
                                                 reacts to or changes */
    bool                           pin;
    double                         lat;
    double                         lon;

    /* found out while storing, anew in each try */
    int64_t                        about_report;  /* of the message that it
                                                     is about; 0: unknown */
    bool                           fresh;     /* not in the ledger before */
    bool                           known;     /* reporter_id is his */
    bool                           first;     /* known by self, not by other */
    bool                           early;     /* older than what is known of
                                                 his identity */
    bool                           settled;   /* his identities are written */
    bool                           renamed;   /* username is a new one */
    unsigned                       home;
    int64_t                        reporter_id;
    struct lapor_str               peer;      /* last known; absent: none */
    struct lapor_intake_identity   name_as;   /* unknown: whose report it is */
    struct lapor_intake_sender    *sender;
    struct lapor_talk_report      *report;
};


/* One status of a message of ours, as lapor.status_store takes it. */
struct lapor_intake_status {
    unsigned           part;
    int64_t            task_id;      /* 0: the status names none */
    struct lapor_str   wamid;
    const char        *state;
    int64_t            at_ms;
    bool               has_code;
    int32_t            code;
    struct lapor_str   title;
    struct lapor_str   phone_number_id;
    int                billable;         /* 1, 0, -1 absent */
    struct lapor_str   price_category;
    struct lapor_str   price_type;
    struct lapor_str   origin;           /* what began the conversation */
};


/* Something about the account, as lapor.notice_store takes it. */
struct lapor_intake_notice {
    unsigned           part;
    int64_t            notice_id;
    struct lapor_str   field;
    struct lapor_str   waba_id;
    struct lapor_str   phone_number_id;
    struct lapor_str   data;         /* JSON */
    const struct lapor_intake_alert  *alert;  /* if it is new; or NULL */
};


enum lapor_intake_kind {
    LAPOR_INTAKE_RAW,
    LAPOR_INTAKE_MESSAGE,
    LAPOR_INTAKE_NOTICE,
    LAPOR_INTAKE_STATUS,
    LAPOR_INTAKE_DEAD
};


struct lapor_intake_unit {
    enum lapor_intake_kind         kind;
    struct lapor_intake_raw       *raw;
    const struct lapor_event      *event;     /* NULL: the webhook */
    int                            item;      /* position; -1: the webhook */
    struct lapor_intake_message   *message;
    struct lapor_intake_notice    *notice;
    struct lapor_intake_status    *status;
    bool                           old;       /* a replay, and stored as it
                                                 is: found out while storing */
    bool                           aside;     /* not stored: its entry comes
                                                 again */
    const char                    *reason;    /* of a DEAD one */
    char                           sqlstate[6];
};


struct lapor_intake_list {
    struct lapor_intake_unit  *units;
    size_t                     n;
    size_t                     size;
};


struct lapor_intake_batch {
    struct lapor_pool         *pool;
    struct lapor_intake_list   list;      /* webhooks and messages, in the
                                             order in which they came */
    struct lapor_intake_list   statuses;
};


/*
 * Decodes entries, one after the other, until the batch holds about so many
 * items or bytes; at least one is taken. Returns how many were.
 */
size_t lapor_intake_batch_fill(struct lapor_intake_batch *batch,
    struct lapor_entry *entries, size_t n, size_t max_items,
    size_t max_bytes);

/* An identity by its characters: digits are a phone number, what begins with
 * @ is a username, all else a user id. */
struct lapor_intake_identity lapor_intake_identity(struct lapor_pool *pool,
    struct lapor_str id);

/* Is it fit to be a key? Meta's ids are printable ASCII, and an index takes
 * no more than a few hundred bytes (decode.h). */
bool lapor_intake_key(struct lapor_str str);

/* The first eight bytes of a hash as a signed number, the first is the
 * highest. */
int64_t lapor_intake_hash_id(const unsigned char *digest);

#endif
