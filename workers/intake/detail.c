/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Everything that was decoded of a message and has no column: one JSON object
 * with the names that `laporctl decode` uses. Absent members are left out. A
 * type without a reader keeps the whole item, so that nothing is invisible
 * until a later version knows it.
 */

#include <string.h>

#include "intake/message.h"
#include "lib/utf8.h"


/* The whole item goes in up to this size; raw_webhook has it in any case. */
#define DETAIL_ITEM_MAX  65536

/* A name, of a person or of a number. */
#define DETAIL_BRIEF  1024

/* Room for most of them from the start. */
#define DETAIL_USUAL  1024


struct intake_detail {
    struct lapor_buf   buf;
    int               *damaged;
};


static void detail_sender(struct intake_detail *d,
    const struct lapor_event *event);
static void detail_media(struct intake_detail *d,
    const struct lapor_media *media);
static void detail_location(struct intake_detail *d,
    const struct lapor_location *location);
static void detail_cards(struct intake_detail *d,
    const struct lapor_card *card);
static void detail_phones(struct intake_detail *d,
    const struct lapor_card_phone *phone);
static void detail_interactive(struct intake_detail *d,
    const struct lapor_interactive *interactive);
static void detail_links(struct intake_detail *d,
    const struct lapor_event *event);
static void detail_system(struct intake_detail *d,
    const struct lapor_system *notice);
static void detail_call(struct intake_detail *d,
    const struct lapor_call *call);
static void detail_errors(struct intake_detail *d,
    const struct lapor_failure *failure);
static void detail_node(struct intake_detail *d, const char *name,
    const struct lapor_json *node);
static void detail_open(struct intake_detail *d, const char *name);
static void detail_close(struct intake_detail *d);
static void detail_text(struct intake_detail *d, const char *name,
    struct lapor_str str);
static void detail_brief(struct intake_detail *d, const char *name,
    struct lapor_str str);
static void detail_flag(struct intake_detail *d, const char *name, int flag);


struct lapor_str
lapor_intake_detail_make(struct lapor_pool *pool,
    const struct lapor_event *event, int *ret_damaged)
{
    struct lapor_str      text;
    struct intake_detail  d;

    lapor_buf_init(&d.buf);
    d.damaged = ret_damaged;

    lapor_buf_reserve(&d.buf, DETAIL_USUAL);
    lapor_buf_addc(&d.buf, '{');

    detail_sender(&d, event);
    detail_media(&d, event->media);
    detail_location(&d, event->location);
    detail_cards(&d, event->cards);
    detail_interactive(&d, event->interactive);
    detail_links(&d, event);
    detail_system(&d, event->system);
    detail_call(&d, event->call);
    detail_errors(&d, event->errors);
    detail_text(&d, "unsupported", event->unsupported);

    detail_node(&d, "referral", event->referral);

    if (event->unknown && event->raw.len <= DETAIL_ITEM_MAX) {
        lapor_buf_json_key(&d.buf, "item");
        lapor_json_print(&d.buf, event->node, LAPOR_JSON_PG);
    }

    lapor_buf_addc(&d.buf, '}');

    text = LAPOR_STR("{}");

    if (lapor_buf_check(&d.buf) == 0) {
        text = lapor_pool_str(pool, lapor_buf_view(&d.buf));
    }

    lapor_buf_free(&d.buf);

    return text;
}


struct lapor_str
lapor_intake_brief(struct lapor_str str, int *damaged)
{
    if (str.len <= DETAIL_BRIEF) {
        return str;
    }

    *damaged = 1;

    return lapor_utf8_cut(str, DETAIL_BRIEF);
}


/* Who it was at that moment: the reporter's row changes later. */

static void
detail_sender(struct intake_detail *d, const struct lapor_event *event)
{
    detail_text(d, "from", event->from);
    detail_brief(d, "user_id", event->user_id);
    detail_brief(d, "parent_user_id", event->parent_user_id);
    detail_brief(d, "wa_id", event->wa_id);
    detail_brief(d, "username", event->username);
    detail_brief(d, "name", event->name);
    detail_text(d, "group_id", event->group_id);
    detail_brief(d, "identity_key_hash", event->key_hash);
    detail_node(d, "identity", event->key);
    detail_text(d, "timestamp", event->timestamp);
    detail_brief(d, "display_phone_number", event->display_phone_number);
}


static void
detail_media(struct intake_detail *d, const struct lapor_media *media)
{
    if (media == NULL) {
        return;
    }

    detail_open(d, "media");
    detail_text(d, "id", media->id);
    detail_text(d, "mime_type", media->mime_type);
    detail_text(d, "sha256", media->sha256);
    detail_text(d, "filename", media->filename);
    detail_text(d, "caption", media->caption);
    detail_flag(d, "voice", media->voice);
    detail_flag(d, "animated", media->animated);
    detail_close(d);
}


static void
detail_location(struct intake_detail *d,
    const struct lapor_location *location)
{
    if (location == NULL) {
        return;
    }

    detail_open(d, "location");

    if (location->readable) {
        lapor_buf_json_key(&d->buf, "lat");
        lapor_buf_printf(&d->buf, "%.15g", location->lat);
        lapor_buf_json_key(&d->buf, "lon");
        lapor_buf_printf(&d->buf, "%.15g", location->lon);
    }

    detail_text(d, "name", location->name);
    detail_text(d, "address", location->address);
    detail_text(d, "url", location->url);
    detail_close(d);
}


static void
detail_cards(struct intake_detail *d, const struct lapor_card *card)
{
    if (card == NULL) {
        return;
    }

    lapor_buf_json_key(&d->buf, "contacts");
    lapor_buf_addc(&d->buf, '[');

    for ( /* void */ ; card != NULL; card = card->next) {
        detail_open(d, NULL);
        detail_text(d, "name", card->name);
        detail_text(d, "org", card->org);
        detail_text(d, "department", card->department);
        detail_text(d, "title", card->title);
        detail_text(d, "birthday", card->birthday);
        detail_text(d, "origin", card->origin);
        detail_text(d, "vcard", card->vcard);
        detail_phones(d, card->phones);
        detail_node(d, "emails", card->emails);
        detail_node(d, "urls", card->urls);
        detail_node(d, "addresses", card->addresses);
        detail_close(d);
    }

    lapor_buf_addc(&d->buf, ']');
}


static void
detail_phones(struct intake_detail *d, const struct lapor_card_phone *phone)
{
    lapor_buf_json_key(&d->buf, "phones");
    lapor_buf_addc(&d->buf, '[');

    for ( /* void */ ; phone != NULL; phone = phone->next) {
        detail_open(d, NULL);
        detail_text(d, "phone", phone->phone);
        detail_text(d, "wa_id", phone->wa_id);
        detail_text(d, "type", phone->type);
        detail_close(d);
    }

    lapor_buf_addc(&d->buf, ']');
}


static void
detail_interactive(struct intake_detail *d,
    const struct lapor_interactive *interactive)
{
    if (interactive == NULL) {
        return;
    }

    detail_open(d, "interactive");
    detail_text(d, "kind", interactive->kind);
    detail_text(d, "id", interactive->id);
    detail_text(d, "title", interactive->title);
    detail_text(d, "description", interactive->description);
    detail_text(d, "name", interactive->name);
    detail_text(d, "response", interactive->response);
    detail_text(d, "source", interactive->source);
    detail_text(d, "expires", interactive->expires);
    detail_flag(d, "permanent", interactive->permanent);
    detail_close(d);
}


/* What leads to other messages. */

static void
detail_links(struct intake_detail *d, const struct lapor_event *event)
{
    if (event->button != NULL) {
        detail_open(d, "button");
        detail_text(d, "payload", event->button->payload);
        detail_text(d, "text", event->button->text);
        detail_close(d);
    }

    if (event->reaction != NULL) {
        detail_open(d, "reaction");
        detail_text(d, "wamid", event->reaction->wamid);
        detail_text(d, "emoji", event->reaction->emoji);
        detail_close(d);
    }

    if (event->context != NULL) {
        detail_open(d, "context");
        detail_text(d, "wamid", event->context->wamid);
        detail_text(d, "from", event->context->from);
        detail_flag(d, "forwarded", event->context->forwarded);
        detail_flag(d, "frequently_forwarded",
                    event->context->frequently_forwarded);

        detail_node(d, "referred_product", event->context->product);
        detail_close(d);
    }

    if (event->revision != NULL) {
        detail_open(d, "revision");
        detail_text(d, "wamid", event->revision->wamid);
        detail_text(d, "type", event->revision->type);
        detail_close(d);
    }
}


static void
detail_system(struct intake_detail *d, const struct lapor_system *notice)
{
    if (notice == NULL) {
        return;
    }

    detail_open(d, "system");
    detail_text(d, "type", notice->type);
    detail_text(d, "wa_id", notice->wa_id);
    detail_text(d, "user_id", notice->user_id);
    detail_text(d, "parent_user_id", notice->parent_user_id);
    detail_text(d, "previous_user_id", notice->previous_user_id);
    detail_text(d, "customer", notice->customer);
    detail_close(d);
}


static void
detail_call(struct intake_detail *d, const struct lapor_call *call)
{
    if (call == NULL) {
        return;
    }

    detail_open(d, "call");
    detail_text(d, "event", call->event);
    detail_text(d, "status", call->status);

    if (call->has_duration) {
        lapor_buf_json_key(&d->buf, "duration");
        lapor_buf_printf(&d->buf, "%lld", (long long) call->duration);
    }

    detail_close(d);
}


static void
detail_errors(struct intake_detail *d, const struct lapor_failure *failure)
{
    if (failure == NULL) {
        return;
    }

    lapor_buf_json_key(&d->buf, "errors");
    lapor_buf_addc(&d->buf, '[');

    for ( /* void */ ; failure != NULL; failure = failure->next) {
        detail_open(d, NULL);

        if (failure->has_code) {
            lapor_buf_json_key(&d->buf, "code");
            lapor_buf_printf(&d->buf, "%lld", (long long) failure->code);
        }

        detail_text(d, "title", failure->title);
        detail_text(d, "message", failure->message);
        detail_text(d, "details", failure->details);
        detail_close(d);
    }

    lapor_buf_addc(&d->buf, ']');
}


/* As it came. */

static void
detail_node(struct intake_detail *d, const char *name,
    const struct lapor_json *node)
{
    lapor_json_member(&d->buf, name, node, LAPOR_JSON_PG);
}


/* An object: a member of that name, or without one an element. */

static void
detail_open(struct intake_detail *d, const char *name)
{
    if (name == NULL) {
        lapor_buf_json_comma(&d->buf);

    } else {
        lapor_buf_json_key(&d->buf, name);
    }

    lapor_buf_addc(&d->buf, '{');
}


static void
detail_close(struct intake_detail *d)
{
    lapor_buf_addc(&d->buf, '}');
}


static void
detail_text(struct intake_detail *d, const char *name, struct lapor_str str)
{
    if (str.data == NULL) {
        return;
    }

    /* the decoder has looked for all else that jsonb does not take */
    if (memchr(str.data, '\0', str.len) != NULL) {
        *d->damaged = 1;
    }

    lapor_buf_json_key(&d->buf, name);
    lapor_buf_json_pg(&d->buf, str);
}


/* What stands once in a webhook and in the row of each of its messages. */

static void
detail_brief(struct intake_detail *d, const char *name, struct lapor_str str)
{
    detail_text(d, name, lapor_intake_brief(str, d->damaged));
}


static void
detail_flag(struct intake_detail *d, const char *name, int flag)
{
    if (flag == -1) {
        return;
    }

    lapor_buf_json_key(&d->buf, name);
    lapor_buf_addz(&d->buf, flag ? "true" : "false");
}
