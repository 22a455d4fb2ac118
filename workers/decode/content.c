/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What only one type of message has. The member that is named as the type
 * says is read by that type's reader; a type that nobody knows yet keeps its
 * name and its bytes, and its media and caption if they look as usual, since
 * a media id dies after seven days and no release comes that fast.
 */

#include "decode/item.h"
#include "lib/utf8.h"


/* Bytes of a form's answers that are read as text; all of it is in the
 * response. */
#define CONTENT_FORM_MAX  8192


typedef void (*content_read_pt)(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);


struct content_type {
    const char       *name;
    content_read_pt   read;
};


static const struct content_type *content_find(
    const struct lapor_json *message, struct lapor_str type);
static void content_read(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *message, struct lapor_str type);
static void content_guess(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body);

static int content_any(struct lapor_str text, const char *const *names);
static void content_text(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body);
static void content_media(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body);
static void content_location(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);
static void content_cards(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body);
static void content_interactive(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);
static void content_button(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);
static void content_reaction(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);
static void content_order(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body);
static void content_system(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);
static void content_revision(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);
static void content_unsupported(struct decode_turn *turn,
    struct lapor_event *event, const struct lapor_json *body);

static struct lapor_str content_card_name(struct decode_turn *turn,
    const struct lapor_json *name);
static struct lapor_card_phone *content_card_phones(struct decode_turn *turn,
    const struct lapor_json *list);
static const struct lapor_json *content_card_list(
    const struct lapor_json *node, const char *name);
static struct lapor_str content_response(struct decode_turn *turn,
    const struct lapor_json *body);
static void content_form(struct decode_turn *turn,
    struct lapor_event *event);
static void content_answers(struct lapor_buf *buf,
    const struct lapor_json *node, size_t max);


/* The order is that in which a message without a type is searched. */

static const struct content_type  content_types[] = {
    { "text", content_text },
    { "image", content_media },
    { "video", content_media },
    { "audio", content_media },
    { "voice", content_media },
    { "document", content_media },
    { "sticker", content_media },
    { "location", content_location },
    { "contacts", content_cards },
    { "interactive", content_interactive },
    { "button", content_button },
    { "reaction", content_reaction },
    { "order", content_order },
    { "edit", content_revision },
    { "revoke", content_revision },
    { "system", content_system },
    { "unsupported", content_unsupported },
    { "unknown", content_unsupported },
    { NULL, NULL }
};


/* Kinds of interactive and system messages that are read whole. */

static const char *const  content_replies[] = {
    "button_reply", "list_reply", "nfm_reply", "call_permission_reply", NULL
};

static const char *const  content_notices[] = {
    "user_changed_number", "user_changed_user_id", "customer_changed_number",
    NULL
};


void
lapor_decode_content(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *message)
{
    content_read(turn, event, message, event->type);

    /* these say too little by themselves */
    if (event->type.data == NULL || lapor_str_eqz(event->type, "order")
        || lapor_str_eqz(event->type, "unsupported")
        || lapor_str_eqz(event->type, "unknown"))
    {
        event->unknown = 1;
    }
}


static void
content_read(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *message, struct lapor_str type)
{
    const char                 *name;
    const struct lapor_json    *body;
    const struct content_type  *known;

    known = content_find(message, type);

    if (known != NULL) {
        body = lapor_json_get(message, known->name);
        known->read(turn, event, body);

        /* the type promises a content that is not there */
        if (lapor_json_first(body) == NULL && event->text.data == NULL) {
            event->unknown = 1;
        }

        return;
    }

    event->unknown = 1;

    if (!lapor_str_empty(type)) {
        name = lapor_pool_strndup(turn->pool, type.data, type.len);
        content_guess(turn, event, lapor_json_get(message, name));
    }
}


/* Without a type, the type of the first member that is there. */

static const struct content_type *
content_find(const struct lapor_json *message, struct lapor_str type)
{
    const struct content_type  *known;

    for (known = content_types; known->name != NULL; known++) {

        if (lapor_str_empty(type)
            ? lapor_json_first(lapor_json_get(message, known->name)) != NULL
            : lapor_str_eqz(type, known->name))
        {
            return known;
        }
    }

    return NULL;
}


static void
content_guess(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    static const char *const  names[] = {
        "body", "text", "caption", "title", NULL
    };

    size_t  i;

    if (!lapor_str_empty(lapor_json_get_text(body, "mime_type"))
        && !lapor_str_empty(lapor_json_get_text(body, "id")))
    {
        content_media(turn, event, body);
    }

    for (i = 0; names[i] != NULL && event->text.data == NULL; i++) {
        event->text = lapor_json_get_text(body, names[i]);
    }
}


static int
content_any(struct lapor_str text, const char *const *names)
{
    while (*names != NULL && !lapor_str_eqz(text, *names)) {
        names++;
    }

    return *names != NULL;
}


static void
content_text(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    (void) turn;

    event->text = lapor_json_is(body, LAPOR_JSON_OBJECT)
                  ? lapor_json_get_text(body, "body") : lapor_json_text(body);
}


static void
content_media(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_media  *media;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        return;
    }

    media = lapor_pool_alloc(turn->pool, sizeof(*media));
    media->id = lapor_json_get_text(body, "id");
    media->mime_type = lapor_json_get_text(body, "mime_type");
    media->sha256 = lapor_json_get_text(body, "sha256");
    media->filename = lapor_json_get_text(body, "filename");
    media->caption = lapor_json_get_text(body, "caption");
    media->url = lapor_json_get_text(body, "url");
    media->voice = lapor_json_bool(lapor_json_get(body, "voice"));
    media->animated = lapor_json_bool(lapor_json_get(body, "animated"));

    event->media = media;
    event->text = media->caption;
}


static void
content_location(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_location  *location;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        return;
    }

    location = lapor_pool_alloc(turn->pool, sizeof(*location));
    location->readable =
        lapor_json_double(lapor_json_get(body, "latitude"),
                          &location->lat) == 0
        && lapor_json_double(lapor_json_get(body, "longitude"),
                             &location->lon) == 0;
    location->valid = location->readable
                      && location->lat >= -90 && location->lat <= 90
                      && location->lon >= -180 && location->lon <= 180;
    location->name = lapor_json_get_text(body, "name");
    location->address = lapor_json_get_text(body, "address");
    location->url = lapor_json_get_text(body, "url");

    event->location = location;
}


static void
content_cards(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_card        *card, **tail;
    const struct lapor_json  *node, *org;

    tail = &event->cards;
    node = NULL;

    if (lapor_json_is(body, LAPOR_JSON_ARRAY)) {
        node = body->first;

    } else if (lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        node = body;
    }

    while (node != NULL) {
        card = lapor_pool_alloc(turn->pool, sizeof(*card));
        card->name = content_card_name(turn, lapor_json_get(node, "name"));
        org = lapor_json_get(node, "org");
        card->org = lapor_json_get_text(org, "company");
        card->department = lapor_json_get_text(org, "department");
        card->title = lapor_json_get_text(org, "title");
        card->birthday = lapor_json_get_text(node, "birthday");
        card->origin = lapor_json_get_text(node, "origin");
        card->vcard = lapor_json_get_text(node, "vcard");
        card->phones = content_card_phones(turn,
                                           lapor_json_get(node, "phones"));
        card->emails = content_card_list(node, "emails");
        card->urls = content_card_list(node, "urls");
        card->addresses = content_card_list(node, "addresses");

        *tail = card;
        tail = &card->next;
        node = node == body ? NULL : node->next;
    }
}


static struct lapor_str
content_card_name(struct decode_turn *turn, const struct lapor_json *name)
{
    char              *both;
    struct lapor_str   full, first, last;

    full = lapor_json_is(name, LAPOR_JSON_OBJECT)
           ? lapor_json_get_text(name, "formatted_name")
           : lapor_json_text(name);

    first = lapor_json_get_text(name, "first_name");
    last = lapor_json_get_text(name, "last_name");

    if (!lapor_str_empty(full) || lapor_str_empty(last)) {
        return lapor_str_empty(full) ? first : full;
    }

    if (lapor_str_empty(first)) {
        return last;
    }

    both = lapor_pool_bytes(turn->pool, first.len + 1 + last.len);
    memcpy(both, first.data, first.len);
    both[first.len] = ' ';
    memcpy(both + first.len + 1, last.data, last.len);

    full.data = both;
    full.len = first.len + 1 + last.len;

    return full;
}


static struct lapor_card_phone *
content_card_phones(struct decode_turn *turn, const struct lapor_json *list)
{
    struct lapor_card_phone   *first, **tail;
    const struct lapor_json   *node;

    first = NULL;
    tail = &first;

    if (!lapor_json_is(list, LAPOR_JSON_ARRAY)) {
        return NULL;
    }

    LAPOR_JSON_EACH(node, list) {
        *tail = lapor_pool_alloc(turn->pool, sizeof(**tail));
        (*tail)->phone = lapor_json_is(node, LAPOR_JSON_OBJECT)
                         ? lapor_json_get_text(node, "phone")
                         : lapor_json_text(node);
        (*tail)->wa_id = lapor_json_get_text(node, "wa_id");
        (*tail)->type = lapor_json_get_text(node, "type");
        tail = &(*tail)->next;
    }

    return first;
}


static const struct lapor_json *
content_card_list(const struct lapor_json *node, const char *name)
{
    const struct lapor_json  *list;

    list = lapor_json_get(node, name);

    return lapor_json_is(list, LAPOR_JSON_ARRAY) && list->count > 0 ? list
                                                                   : NULL;
}


static void
content_interactive(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    const char                *name;
    struct lapor_interactive  *interactive;
    const struct lapor_json   *reply;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        return;
    }

    interactive = lapor_pool_alloc(turn->pool, sizeof(*interactive));
    interactive->kind = lapor_json_get_text(body, "type");

    reply = NULL;

    if (!lapor_str_empty(interactive->kind)) {
        name = lapor_pool_strndup(turn->pool, interactive->kind.data,
                                  interactive->kind.len);
        reply = lapor_json_get(body, name);
    }

    interactive->id = lapor_json_get_text(reply, "id");
    interactive->title = lapor_json_get_text(reply, "title");
    interactive->description = lapor_json_get_text(reply, "description");
    interactive->name = lapor_json_get_text(reply, "name");
    interactive->response = content_response(turn, reply);
    interactive->source = lapor_json_get_text(reply, "response_source");
    interactive->expires = lapor_json_get_text(reply, "expiration_timestamp");
    interactive->permanent = lapor_json_bool(lapor_json_get(reply,
                                                            "is_permanent"));

    event->unknown |= !content_any(interactive->kind, content_replies);
    event->interactive = interactive;
    event->text = interactive->title.data != NULL
                  ? interactive->title : lapor_json_get_text(reply, "body");

    if (lapor_str_eqz(interactive->kind, "nfm_reply")) {
        content_form(turn, event);
    }
}


/* A flow's answer is JSON in a string; should it come as JSON itself, it is
 * made a string again. */

static struct lapor_str
content_response(struct decode_turn *turn, const struct lapor_json *reply)
{
    struct lapor_buf          buf = LAPOR_BUF_INIT;
    struct lapor_str          text;
    const struct lapor_json  *json;

    json = lapor_json_get(reply, "response_json");

    if (json == NULL || json->type == LAPOR_JSON_NULL) {
        return lapor_json_get_text(reply, "response");
    }

    text = lapor_json_text(json);

    if (text.data == NULL) {
        lapor_json_print(&buf, json, 0);
        text = lapor_pool_str(turn->pool, lapor_buf_view(&buf));
        lapor_buf_free(&buf);
    }

    return text;
}


/* The body says "Sent"; what was filled in is what should be read. The tree
 * of one form may be large, and is of no use behind this. */

static void
content_form(struct decode_turn *turn, struct lapor_event *event)
{
    struct lapor_buf          buf = LAPOR_BUF_INIT;
    struct lapor_str          text;
    struct lapor_json        *form;
    struct lapor_pool        *scratch;
    struct lapor_json_error   error;

    text = event->interactive->response;

    if (lapor_str_empty(text)) {
        return;
    }

    scratch = lapor_pool_create(CONTENT_FORM_MAX);

    if (lapor_json_parse(scratch, text.data, text.len, &form, &error) == 0) {
        lapor_buf_adds(&buf, event->text);
        content_answers(&buf, form, buf.len + CONTENT_FORM_MAX);

        if (buf.len > event->text.len) {
            event->damaged |= form->damaged;
            event->text = lapor_pool_str(turn->pool, lapor_buf_view(&buf));
        }

        lapor_buf_free(&buf);
    }

    lapor_pool_destroy(scratch);
}


/* Strings only: a form's numbers, ticks and names of fields say nothing by
 * themselves, nor does its token; and what describes a file is no answer. */

static void
content_answers(struct lapor_buf *buf, const struct lapor_json *node,
    size_t max)
{
    const struct lapor_json  *child;

    if (lapor_json_get(node, "mime_type") != NULL) {
        return;
    }

    LAPOR_JSON_EACH(child, node) {
        if (lapor_str_eqz(child->name, "flow_token")) {
            continue;
        }

        if (child->type != LAPOR_JSON_STRING) {
            content_answers(buf, child, max);

        } else if (child->value.len > 0 && buf->len + 1 < max) {
            if (buf->len > 0) {
                lapor_buf_addc(buf, '\n');
            }

            lapor_buf_adds(buf, lapor_utf8_cut(child->value,
                                               max - buf->len));
        }
    }
}


static void
content_button(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_button  *button;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        return;
    }

    button = lapor_pool_alloc(turn->pool, sizeof(*button));
    button->payload = lapor_json_get_text(body, "payload");
    button->text = lapor_json_get_text(body, "text");

    event->button = button;
    event->text = button->text;
}


static void
content_reaction(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_reaction  *reaction;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        return;
    }

    reaction = lapor_pool_alloc(turn->pool, sizeof(*reaction));
    reaction->wamid = lapor_json_get_text(body, "message_id");
    reaction->emoji = lapor_json_get_text(body, "emoji");

    event->reaction = reaction;
    event->text = reaction->emoji;
}


static void
content_order(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    (void) turn;

    event->text = lapor_json_get_text(body, "text");
}


static void
content_system(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_system  *notice;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT)) {
        return;
    }

    notice = lapor_pool_alloc(turn->pool, sizeof(*notice));
    notice->type = lapor_json_get_text(body, "type");
    notice->wa_id = lapor_json_get_text(body, "wa_id");
    notice->user_id = lapor_json_get_text(body, "user_id");
    notice->parent_user_id = lapor_json_get_text(body, "parent_user_id");
    notice->previous_user_id = lapor_json_get_text(body, "previous_user_id");
    notice->customer = lapor_json_get_text(body, "customer");

    if (notice->wa_id.data == NULL) {
        notice->wa_id = lapor_json_get_text(body, "new_wa_id");
    }

    event->unknown |= !content_any(notice->type, content_notices);
    event->system = notice;
    event->text = lapor_json_get_text(body, "body");
}


/* The edited message has the shape of a message; an edit inside an edit is
 * not followed. */

static void
content_revision(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    struct lapor_revision    *revision;
    const struct lapor_json  *message;

    if (!lapor_json_is(body, LAPOR_JSON_OBJECT) || event->revision != NULL) {
        return;
    }

    message = lapor_json_get(body, "message");

    revision = lapor_pool_alloc(turn->pool, sizeof(*revision));
    revision->wamid = lapor_json_get_text(body, "original_message_id");
    revision->type = lapor_json_get_text(message, "type");

    event->revision = revision;

    if (lapor_json_is(message, LAPOR_JSON_OBJECT)) {
        content_read(turn, event, message, revision->type);
    }
}


static void
content_unsupported(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *body)
{
    (void) turn;

    event->unsupported = lapor_json_get_text(body, "type");
}
