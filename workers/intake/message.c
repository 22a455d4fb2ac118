/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Who wrote, when, what; and what of the rules of conversation the payload
 * alone decides: may this message open a report beside an older one, does it
 * deserve the automatic answer, is it a command.
 */

#include <string.h>

#include "intake/message.h"
#include "intake/pin.h"
#include "intake/words.h"
#include "lib/codec.h"
#include "lib/part.h"
#include "lib/utf8.h"


#define MESSAGE_DAY_MS  INT64_C(86400000)

/* Meta's error of a message that cannot be shown, such as the first ones of a
 * number that moves to the Cloud API (Cloud API, error codes). */
#define MESSAGE_UNAVAILABLE  131060


static int message_person(struct lapor_pool *pool,
    struct lapor_intake_message *message);
static struct lapor_intake_identity message_identity(struct lapor_pool *pool,
    struct lapor_str id);
static struct lapor_str message_system_id(const struct lapor_event *event);
static void message_time(struct lapor_intake_message *message,
    const struct lapor_intake_raw *raw);
static void message_media(struct lapor_pool *pool,
    struct lapor_intake_message *message);
static struct lapor_str message_sha256(struct lapor_pool *pool,
    struct lapor_str text);
static struct lapor_str message_wamid(struct lapor_pool *pool,
    const struct lapor_event *event);
static void message_rules(struct lapor_intake_message *message);
static struct lapor_str message_brief(struct lapor_pool *pool,
    struct lapor_str str, int *damaged);
static bool message_gesture(const struct lapor_event *event);
static void message_about(struct lapor_intake_message *message);
static void message_command(struct lapor_pool *pool,
    struct lapor_intake_message *message);
static bool message_own(const struct lapor_event *event);


struct lapor_intake_message *
lapor_intake_message_make(struct lapor_pool *pool,
    const struct lapor_intake_raw *raw, const struct lapor_event *event)
{
    int                          *damaged;
    struct lapor_intake_message  *m;

    m = lapor_pool_alloc(pool, sizeof(*m));
    m->event = event;
    m->part = event->part;
    m->wamid = message_wamid(pool, event);
    m->damaged = (int) event->damaged;
    damaged = &m->damaged;

    if (message_person(pool, m) == -1) {
        return NULL;
    }

    message_time(m, raw);

    m->name = message_brief(pool, event->name, damaged);
    m->username = message_brief(pool, event->username, damaged);
    m->phone_number_id = message_brief(pool, event->phone_number_id, damaged);
    m->type = lapor_utf8_pgtext(pool, event->type, damaged);
    m->body = lapor_utf8_pgtext(pool, event->text, damaged);
    m->detail = lapor_intake_detail_make(pool, event, damaged);

    if (m->phone_number_id.data == NULL) {
        m->phone_number_id = LAPOR_STR("");
    }

    if (lapor_str_empty(m->type)) {
        m->type = LAPOR_STR("unknown");
    }

    message_media(pool, m);

    if (event->location != NULL && event->location->readable) {
        m->lat = event->location->lat;
        m->lon = event->location->lon;
        m->pin = lapor_intake_pin(&m->lat, &m->lon);
    }

    message_rules(m);
    message_about(m);
    message_command(pool, m);
    lapor_intake_rate(m);

    return m;
}


/*
 * The payload's identity leads; a second one, if there is any, is only looked
 * at when the first is new, and kept as its peer. A user's number can stand
 * in contacts[] although the message itself names only the user id.
 */

static int
message_person(struct lapor_pool *pool, struct lapor_intake_message *m)
{
    struct lapor_str           self, other;
    const struct lapor_event  *event;

    event = m->event;
    self = event->identity;

    if (lapor_str_empty(self)) {
        self = message_system_id(event);
    }

    if (lapor_str_empty(self)) {
        return -1;
    }

    m->self = message_identity(pool, self);

    if (lapor_str_digits(self)) {
        other = event->user_id;

    } else {
        other = event->phone;

        if (lapor_str_empty(other) && lapor_str_digits(event->wa_id)) {
            other = event->wa_id;
        }
    }

    if (lapor_intake_key(other) && !lapor_str_eq(other, self)) {
        m->other = message_identity(pool, other);
    }

    return 0;
}


static struct lapor_intake_identity
message_identity(struct lapor_pool *pool, struct lapor_str id)
{
    int                           damaged;
    struct lapor_intake_identity  identity;

    identity.id = lapor_utf8_pgtext(pool, id, &damaged);
    identity.kind = lapor_str_digits(id) ? "phone" : "user_id";
    identity.part = lapor_part(id.data, id.len);

    return identity;
}


/* A system message about a changed user id names no sender, only the ids
 * before and after (Cloud API, system messages). */

static struct lapor_str
message_system_id(const struct lapor_event *event)
{
    size_t                      i;
    struct lapor_str            ids[4];
    const struct lapor_system  *notice;

    notice = event->system;

    if (notice == NULL) {
        return LAPOR_STR_NONE;
    }

    ids[0] = notice->previous_user_id;
    ids[1] = notice->customer;
    ids[2] = notice->user_id;
    ids[3] = notice->wa_id;

    for (i = 0; i < 4; i++) {
        if (lapor_intake_key(ids[i])) {
            return ids[i];
        }
    }

    return LAPOR_STR_NONE;
}


/*
 * The ledger's key is the payload's time as it is, since a redelivery must
 * give the same. What is stored leaves out a time that lies in the future:
 * one wrong clock would put a report above all others for good.
 */

static void
message_time(struct lapor_intake_message *m,
    const struct lapor_intake_raw *raw)
{
    m->at_ms = lapor_intake_event_time(m->event, raw);

    if (m->event->sent != LAPOR_SENT_VALID) {
        return;
    }

    m->seen_ms = m->event->sent_at * 1000;

    if (m->at_ms == m->seen_ms) {
        m->sent_ms = m->seen_ms;
    }
}


int64_t
lapor_intake_event_time(const struct lapor_event *event,
    const struct lapor_intake_raw *raw)
{
    int64_t  sent;

    if (event->sent != LAPOR_SENT_VALID) {
        return raw->received_ms;
    }

    sent = event->sent_at * 1000;

    return sent <= raw->received_ms + MESSAGE_DAY_MS ? sent
                                                     : raw->received_ms;
}


static struct lapor_str
message_brief(struct lapor_pool *pool, struct lapor_str str, int *damaged)
{
    return lapor_utf8_pgtext(pool, lapor_intake_brief(str, damaged), damaged);
}


static void
message_media(struct lapor_pool *pool, struct lapor_intake_message *m)
{
    int                       *damaged;
    const struct lapor_media  *media;

    media = m->event->media;

    /* without an id, or with one that cannot be a key, nothing can be
     * fetched; the detail has what there is */
    if (media == NULL || !lapor_intake_key(media->id)) {
        return;
    }

    damaged = &m->damaged;

    m->media_id = media->id;
    m->mime_type = lapor_utf8_pgtext(pool, media->mime_type, damaged);
    m->filename = lapor_utf8_pgtext(pool, media->filename, damaged);
    m->url = lapor_utf8_pgtext(pool, media->url, damaged);
    m->sha256 = message_sha256(pool, media->sha256);
}


/* Base64 of 32 bytes is what Meta sends; hex is what it once sent. */

static struct lapor_str
message_sha256(struct lapor_pool *pool, struct lapor_str text)
{
    size_t            len;
    unsigned char     digest[LAPOR_SHA256_HEX_LEN];
    struct lapor_str  hex;

    hex = LAPOR_STR_NONE;
    len = 0;

    if (text.len == LAPOR_SHA256_HEX_LEN) {
        if (lapor_hex_decode(text.data, text.len, digest) == 0) {
            len = LAPOR_SHA256_LEN;
        }

    } else if (text.len == LAPOR_BASE64_LEN(LAPOR_SHA256_LEN)
               || text.len == LAPOR_BASE64_LEN(LAPOR_SHA256_LEN) - 1)
    {
        if (lapor_base64_decode(text.data, text.len, digest, &len) == -1) {
            len = 0;
        }
    }

    if (len == LAPOR_SHA256_LEN) {
        char  *out;

        out = lapor_pool_bytes(pool, LAPOR_SHA256_HEX_LEN + 1);
        lapor_hex_encode(digest, len, out);
        hex.data = out;
        hex.len = LAPOR_SHA256_HEX_LEN;
    }

    return hex;
}


/* The two events of a call have one id; each is kept, since either may come
 * alone. */

static struct lapor_str
message_wamid(struct lapor_pool *pool, const struct lapor_event *event)
{
    char              *text;
    struct lapor_str   wamid;
    static const char  behind[] = "/terminate";

    if (event->kind != LAPOR_EVENT_CALL || !event->call->ended) {
        return event->wamid;
    }

    wamid.len = event->wamid.len + sizeof(behind) - 1;
    text = lapor_pool_bytes(pool, wamid.len + 1);
    memcpy(text, event->wamid.data, event->wamid.len);
    memcpy(text + event->wamid.len, behind, sizeof(behind));
    wamid.data = text;

    return wamid;
}


bool
lapor_intake_worded(const struct lapor_event *event)
{
    return !lapor_str_empty(event->text)
           && !lapor_str_eqz(event->type, "system")
           && !lapor_str_eqz(event->type, "reaction");
}


static void
message_rules(struct lapor_intake_message *m)
{
    const struct lapor_event    *event;
    const struct lapor_failure  *error;

    event = m->event;
    m->call = event->kind == LAPOR_EVENT_CALL;

    m->worded = lapor_intake_worded(event);

    m->edits = lapor_str_eqz(m->type, "edit")
               || lapor_str_eqz(event->unsupported, "edit");

    m->opens = !m->edits
               && !lapor_str_eqz(m->type, "reaction")
               && !lapor_str_eqz(m->type, "system")
               && !lapor_str_eqz(m->type, "revoke")
               && !message_gesture(event);

    m->answers = m->opens
                 && event->group_id.data == NULL
                 && !lapor_str_empty(m->phone_number_id)
                 && !message_own(event);

    for (error = event->errors; error != NULL; error = error->next) {
        if (error->has_code && error->code == MESSAGE_UNAVAILABLE) {
            m->answers = false;
        }
    }
}


/*
 * What a pure Cloud API number hears of a thumb, a pin or a vote: no content,
 * but what it was (Cloud API, 3.12). Meta's list is open, and what is not
 * named here may have been words. The leave to call somebody back who has
 * called is given by his phone (3.5).
 */

static bool
message_gesture(const struct lapor_event *event)
{
    static const char *const  names[] = {
        "reaction", "pin", "poll_update", "keep_in_chat", "revoke", NULL
    };

    size_t                           i;
    const struct lapor_interactive  *interactive;

    for (i = 0; names[i] != NULL; i++) {
        if (lapor_str_eqz(event->unsupported, names[i])) {
            return true;
        }
    }

    interactive = event->interactive;

    return interactive != NULL
           && lapor_str_eqz(interactive->kind, "call_permission_reply")
           && lapor_str_eqz(interactive->source, "automatic");
}


/* The message that this one reacts to, changes or quotes. */

static void
message_about(struct lapor_intake_message *m)
{
    struct lapor_str           about;
    const struct lapor_event  *event;

    event = m->event;
    about = LAPOR_STR_NONE;

    if (event->reaction != NULL) {
        about = event->reaction->wamid;

    } else if (event->revision != NULL) {
        about = event->revision->wamid;

    } else if (event->context != NULL) {
        about = event->context->wamid;
    }

    if (lapor_intake_key(about)) {
        m->about = about;
    }
}


static void
message_command(struct lapor_pool *pool, struct lapor_intake_message *m)
{
    char    code[LAPOR_CODE_LEN];
    size_t  drill;

    if (!m->worded || (!m->opens && !m->edits)) {
        return;
    }

    drill = lapor_words_drill(m->event->text);
    m->drill = drill > 0;

    if (!m->drill && m->opens && lapor_words_withdraw(m->event->text, code)) {
        m->withdraws = true;

        if (code[0] != '\0') {
            m->withdraw_code = lapor_pool_str(pool, lapor_str_from(code));
        }
    }
}


/* Is the sender the very number that was written to? Its display form may
 * have a plus sign, blanks and dashes. */

static bool
message_own(const struct lapor_event *event)
{
    size_t            i, digits;
    struct lapor_str  shown;

    shown = event->display_phone_number;
    digits = 0;

    for (i = 0; i < shown.len; i++) {

        if (shown.data[i] < '0' || shown.data[i] > '9') {
            continue;
        }

        if (digits == event->phone.len
            || event->phone.data[digits] != shown.data[i])
        {
            return false;
        }

        digits++;
    }

    return digits > 0 && digits == event->phone.len;
}
