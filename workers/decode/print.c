/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * An event as one line of JSON. Members may be added here, never renamed:
 * other people's programs read them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "decode/decode.h"


static void print_who(struct lapor_buf *buf, const struct lapor_event *event);
static void print_time(struct lapor_buf *buf, const char *name,
    int64_t seconds);
static void print_content(struct lapor_buf *buf,
    const struct lapor_event *event);
static void print_media(struct lapor_buf *buf,
    const struct lapor_media *media);
static void print_location(struct lapor_buf *buf,
    const struct lapor_location *location);
static void print_cards(struct lapor_buf *buf, const struct lapor_card *card);
static void print_phones(struct lapor_buf *buf,
    const struct lapor_card_phone *phone);
static void print_interactive(struct lapor_buf *buf,
    const struct lapor_interactive *interactive);
static void print_context(struct lapor_buf *buf,
    const struct lapor_context *context);
static void print_system(struct lapor_buf *buf,
    const struct lapor_system *notice);
static void print_revision(struct lapor_buf *buf, const char *name,
    const struct lapor_revision *revision);
static void print_status(struct lapor_buf *buf,
    const struct lapor_status *status);
static void print_call(struct lapor_buf *buf,
    const struct lapor_event *event);
static void print_failures(struct lapor_buf *buf,
    const struct lapor_failure *failure);
static void print_flag(struct lapor_buf *buf, const char *name, int value);
static void print_number(struct lapor_buf *buf, const char *name,
    double value);


void
lapor_decode_print(struct lapor_buf *buf, const struct lapor_event *event)
{
    lapor_buf_addz(buf, "{\"event\":\"");
    lapor_buf_addz(buf, lapor_event_name(event->kind));
    lapor_buf_addc(buf, '"');

    lapor_buf_json_member(buf, "waba_id", event->waba_id);
    lapor_buf_json_member(buf, "field", event->field);
    lapor_buf_json_member(buf, "phone_number_id", event->phone_number_id);
    lapor_buf_json_member(buf, "display_phone_number",
                          event->display_phone_number);

    print_who(buf, event);

    /* a timestamp that is not believed is shown as it came */
    if (event->sent == LAPOR_SENT_VALID) {
        print_time(buf, "sent_at", event->sent_at);

    } else {
        lapor_buf_json_member(buf, "timestamp", event->timestamp);
    }

    print_content(buf, event);

    if (event->status != NULL) {
        print_status(buf, event->status);
    }

    if (event->call != NULL) {
        print_call(buf, event);
    }

    print_failures(buf, event->errors);

    if (event->broken != NULL) {
        lapor_buf_json_member(buf, "broken", lapor_str_from(event->broken));
    }

    if (event->damaged) {
        print_flag(buf, "damaged", 1);
    }

    if (event->unknown || event->broken != NULL
        || event->kind >= LAPOR_EVENT_OTHER)
    {
        lapor_buf_json_key(buf, "raw");
        lapor_json_print(buf, event->node, 0);
    }

    lapor_buf_addc(buf, '}');
}


static void
print_who(struct lapor_buf *buf, const struct lapor_event *event)
{
    lapor_buf_json_member(buf, "wamid", event->wamid);
    lapor_buf_json_member(buf, "from", event->from);
    lapor_buf_json_member(buf, "user_id", event->user_id);
    lapor_buf_json_member(buf, "parent_user_id", event->parent_user_id);
    lapor_buf_json_member(buf, "username", event->username);
    lapor_buf_json_member(buf, "name", event->name);
    lapor_buf_json_member(buf, "group_id", event->group_id);
    lapor_buf_json_member(buf, "identity_key_hash", event->key_hash);
    lapor_json_member(buf, "identity", event->key, 0);
}


/* UTC, RFC 3339. */

static void
print_time(struct lapor_buf *buf, const char *name, int64_t at)
{
    char       text[32];
    time_t     seconds;
    struct tm  utc;

    seconds = (time_t) at;

    if (gmtime_r(&seconds, &utc) != NULL
        && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) != 0)
    {
        lapor_buf_json_member(buf, name, lapor_str_from(text));
    }
}


static void
print_content(struct lapor_buf *buf, const struct lapor_event *event)
{
    lapor_buf_json_member(buf, "type", event->type);
    lapor_buf_json_member(buf, "text", event->text);

    print_media(buf, event->media);
    print_location(buf, event->location);
    print_cards(buf, event->cards);
    print_interactive(buf, event->interactive);

    if (event->button != NULL) {
        lapor_buf_json_key(buf, "button");
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "payload", event->button->payload);
        lapor_buf_json_member(buf, "text", event->button->text);
        lapor_buf_addc(buf, '}');
    }

    if (event->reaction != NULL) {
        lapor_buf_json_key(buf, "reaction");
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "wamid", event->reaction->wamid);
        lapor_buf_json_member(buf, "emoji", event->reaction->emoji);
        lapor_buf_addc(buf, '}');
    }

    print_context(buf, event->context);

    lapor_json_member(buf, "referral", event->referral, 0);
    print_system(buf, event->system);
    print_revision(buf, lapor_str_eqz(event->type, "revoke") ? "revoke"
                                                             : "edit",
                   event->revision);

    if (event->unsupported.data != NULL) {
        lapor_buf_json_key(buf, "unsupported");
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "type", event->unsupported);
        lapor_buf_addc(buf, '}');
    }
}


static void
print_media(struct lapor_buf *buf, const struct lapor_media *media)
{
    if (media == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "media");
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "id", media->id);
    lapor_buf_json_member(buf, "mime_type", media->mime_type);
    lapor_buf_json_member(buf, "sha256", media->sha256);
    lapor_buf_json_member(buf, "filename", media->filename);
    lapor_buf_json_member(buf, "caption", media->caption);
    print_flag(buf, "voice", media->voice);
    print_flag(buf, "animated", media->animated);
    lapor_buf_json_member(buf, "url", media->url);
    lapor_buf_addc(buf, '}');
}


static void
print_location(struct lapor_buf *buf, const struct lapor_location *location)
{
    if (location == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "location");
    lapor_buf_addc(buf, '{');

    if (location->readable) {
        print_number(buf, "lat", location->lat);
        print_number(buf, "lon", location->lon);
    }

    lapor_buf_json_member(buf, "name", location->name);
    lapor_buf_json_member(buf, "address", location->address);
    lapor_buf_json_member(buf, "url", location->url);
    lapor_buf_addc(buf, '}');
}


static void
print_cards(struct lapor_buf *buf, const struct lapor_card *card)
{
    if (card == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "contacts");
    lapor_buf_addc(buf, '[');

    for ( /* void */ ; card != NULL; card = card->next) {
        lapor_buf_json_comma(buf);
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "name", card->name);
        lapor_buf_json_member(buf, "org", card->org);
        lapor_buf_json_member(buf, "department", card->department);
        lapor_buf_json_member(buf, "title", card->title);
        lapor_buf_json_member(buf, "birthday", card->birthday);
        lapor_buf_json_member(buf, "origin", card->origin);
        lapor_buf_json_member(buf, "vcard", card->vcard);
        print_phones(buf, card->phones);
        lapor_json_member(buf, "emails", card->emails, 0);
        lapor_json_member(buf, "urls", card->urls, 0);
        lapor_json_member(buf, "addresses", card->addresses, 0);
        lapor_buf_addc(buf, '}');
    }

    lapor_buf_addc(buf, ']');
}


static void
print_phones(struct lapor_buf *buf, const struct lapor_card_phone *phone)
{
    if (phone == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "phones");
    lapor_buf_addc(buf, '[');

    for ( /* void */ ; phone != NULL; phone = phone->next) {
        lapor_buf_json_comma(buf);
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "phone", phone->phone);
        lapor_buf_json_member(buf, "wa_id", phone->wa_id);
        lapor_buf_json_member(buf, "type", phone->type);
        lapor_buf_addc(buf, '}');
    }

    lapor_buf_addc(buf, ']');
}


static void
print_interactive(struct lapor_buf *buf,
    const struct lapor_interactive *interactive)
{
    if (interactive == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "interactive");
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "kind", interactive->kind);
    lapor_buf_json_member(buf, "id", interactive->id);
    lapor_buf_json_member(buf, "title", interactive->title);
    lapor_buf_json_member(buf, "description", interactive->description);
    lapor_buf_json_member(buf, "name", interactive->name);
    lapor_buf_json_member(buf, "response", interactive->response);
    lapor_buf_json_member(buf, "response_source", interactive->source);
    lapor_buf_json_member(buf, "expiration_timestamp", interactive->expires);
    print_flag(buf, "is_permanent", interactive->permanent);
    lapor_buf_addc(buf, '}');
}


static void
print_context(struct lapor_buf *buf, const struct lapor_context *context)
{
    if (context == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "context");
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "wamid", context->wamid);
    lapor_buf_json_member(buf, "from", context->from);
    print_flag(buf, "forwarded", context->forwarded);
    print_flag(buf, "frequently_forwarded", context->frequently_forwarded);

    lapor_json_member(buf, "referred_product", context->product, 0);
    lapor_buf_addc(buf, '}');
}


static void
print_system(struct lapor_buf *buf, const struct lapor_system *notice)
{
    if (notice == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "system");
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "type", notice->type);
    lapor_buf_json_member(buf, "wa_id", notice->wa_id);
    lapor_buf_json_member(buf, "user_id", notice->user_id);
    lapor_buf_json_member(buf, "parent_user_id", notice->parent_user_id);
    lapor_buf_json_member(buf, "previous_user_id", notice->previous_user_id);
    lapor_buf_json_member(buf, "customer", notice->customer);
    lapor_buf_addc(buf, '}');
}


static void
print_revision(struct lapor_buf *buf, const char *name,
    const struct lapor_revision *revision)
{
    if (revision == NULL) {
        return;
    }

    lapor_buf_json_key(buf, name);
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "wamid", revision->wamid);
    lapor_buf_json_member(buf, "type", revision->type);
    lapor_buf_addc(buf, '}');
}


/* A recipient known only by his user id is shown by it. */

static void
print_status(struct lapor_buf *buf, const struct lapor_status *status)
{
    lapor_buf_json_key(buf, "status");
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "state", status->state);
    lapor_buf_json_member(buf, "recipient",
                          lapor_str_empty(status->recipient)
                          ? status->recipient_user_id : status->recipient);
    lapor_buf_json_member(buf, "recipient_type", status->recipient_type);
    lapor_buf_json_member(buf, "recipient_user_id",
                          status->recipient_user_id);
    lapor_buf_json_member(buf, "recipient_parent_user_id",
                          status->recipient_parent_user_id);
    lapor_buf_json_member(buf, "recipient_participant_id",
                          status->participant);
    lapor_buf_json_member(buf, "recipient_participant_user_id",
                          status->participant_user_id);
    lapor_buf_json_member(buf, "recipient_identity_key_hash",
                          status->key_hash);
    lapor_buf_json_member(buf, "callback", status->callback);
    print_failures(buf, status->errors);

    if (status->conversation.data != NULL) {
        lapor_buf_json_key(buf, "conversation");
        lapor_buf_addc(buf, '{');
        lapor_buf_json_member(buf, "id", status->conversation);
        lapor_buf_json_member(buf, "origin", status->conversation_origin);
        lapor_buf_json_member(buf, "expiration_timestamp",
                              status->conversation_expires);
        lapor_buf_addc(buf, '}');
    }

    if (status->has_pricing) {
        lapor_buf_json_key(buf, "pricing");
        lapor_buf_addc(buf, '{');
        print_flag(buf, "billable", status->billable);
        lapor_buf_json_member(buf, "pricing_model", status->pricing_model);
        lapor_buf_json_member(buf, "type", status->pricing_type);
        lapor_buf_json_member(buf, "category", status->pricing_category);
        lapor_buf_addc(buf, '}');
    }

    lapor_buf_addc(buf, '}');
}


static void
print_call(struct lapor_buf *buf, const struct lapor_event *event)
{
    const struct lapor_call  *call;

    call = event->call;

    lapor_buf_json_key(buf, "call");
    lapor_buf_addc(buf, '{');
    lapor_buf_json_member(buf, "id", event->wamid);
    lapor_buf_json_member(buf, "event", call->event);
    lapor_buf_json_member(buf, "direction", call->direction);
    lapor_buf_json_member(buf, "status", call->status);
    lapor_buf_json_member(buf, "to", call->to);

    if (call->has_duration) {
        lapor_buf_json_key(buf, "duration");
        lapor_buf_printf(buf, "%lld", (long long) call->duration);
    }

    if (call->start == LAPOR_SENT_VALID) {
        print_time(buf, "start", call->start_at);
    }

    if (call->end == LAPOR_SENT_VALID) {
        print_time(buf, "end", call->end_at);
    }

    lapor_buf_addc(buf, '}');
}


static void
print_failures(struct lapor_buf *buf, const struct lapor_failure *failure)
{
    if (failure == NULL) {
        return;
    }

    lapor_buf_json_key(buf, "errors");
    lapor_buf_addc(buf, '[');

    for ( /* void */ ; failure != NULL; failure = failure->next) {
        lapor_buf_json_comma(buf);
        lapor_buf_addc(buf, '{');

        if (failure->has_code) {
            lapor_buf_json_key(buf, "code");
            lapor_buf_printf(buf, "%lld", (long long) failure->code);
        }

        lapor_buf_json_member(buf, "title", failure->title);
        lapor_buf_json_member(buf, "message", failure->message);
        lapor_buf_json_member(buf, "details", failure->details);
        lapor_buf_addc(buf, '}');
    }

    lapor_buf_addc(buf, ']');
}


/* Nothing for -1, the absent flag. */

static void
print_flag(struct lapor_buf *buf, const char *name, int value)
{
    if (value >= 0) {
        lapor_buf_json_key(buf, name);
        lapor_buf_addz(buf, value ? "true" : "false");
    }
}


/* The shortest of the three texts that reads back as the same number: 17
 * digits always do, and show 3.3 as 3.2999999999999998. */

static void
print_number(struct lapor_buf *buf, const char *name, double value)
{
    int   digits;
    char  text[40];

    for (digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);

        if (strtod(text, NULL) == value) {
            break;
        }
    }

    lapor_buf_json_key(buf, name);
    lapor_buf_addz(buf, text);
}
