/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The items of a value: what all messages have in common, statuses, errors.
 * What only one type of message has is read in content.c.
 */

#include "decode/item.h"


static int item_usable(struct lapor_str id);
static void item_person(struct lapor_event *event,
    const struct lapor_json *contact);
static void item_context(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *node);
static void item_pricing(struct lapor_status *status,
    const struct lapor_json *node);
static void item_conversation(struct lapor_status *status,
    const struct lapor_json *node);
static void item_failure(struct lapor_failure *failure,
    const struct lapor_json *node);


void
lapor_decode_message(struct decode_turn *turn, struct lapor_event *event)
{
    const struct lapor_json  *node;

    node = event->node;

    lapor_decode_id(event, "message has no id", "message id is unusable");
    lapor_decode_time(event, lapor_json_get(node, "timestamp"));

    event->type = lapor_json_get_text(node, "type");
    event->group_id = lapor_json_get_text(node, "group_id");
    event->errors = lapor_decode_failures(turn, node);

    if (lapor_json_is(lapor_json_get(node, "referral"), LAPOR_JSON_OBJECT)) {
        event->referral = lapor_json_get(node, "referral");
    }

    /* one of a changed id names nobody but the ids before and after */
    lapor_decode_sender(turn, event,
                        lapor_str_eqz(event->type, "system")
                        ? NULL : "message has no sender");
    item_context(turn, event, lapor_json_get(node, "context"));

    if (lapor_json_is(lapor_json_get(node, "identity"), LAPOR_JSON_OBJECT)) {
        event->key = lapor_json_get(node, "identity");
    }

    lapor_decode_content(turn, event, node);
}


/* Users with a username may come without from, old payloads come without
 * from_user_id, and some carry the user id in from. */

void
lapor_decode_sender(struct decode_turn *turn, struct lapor_event *event,
    const char *absent)
{
    const struct lapor_json  *contact;

    event->from = lapor_json_get_text(event->node, "from");
    event->user_id = lapor_json_get_text(event->node, "from_user_id");
    event->parent_user_id = lapor_json_get_text(event->node,
                                                "from_parent_user_id");

    event->identity = lapor_str_empty(event->from) ? event->user_id
                                                   : event->from;

    if (lapor_str_empty(event->identity) && event->broken == NULL) {
        event->broken = absent;
    }

    if (!item_usable(event->identity) && event->broken == NULL) {
        event->broken = "sender is unusable";
    }

    contact = lapor_decode_contact(turn, event->user_id);
    if (contact == NULL) {
        contact = lapor_decode_contact(turn, event->from);
    }

    if (lapor_str_digits(event->from)) {
        event->phone = event->from;
    }

    if (lapor_str_empty(event->user_id) && lapor_is_user_id(event->from)) {
        event->user_id = event->from;
    }

    item_person(event, contact);
}


static void
item_person(struct lapor_event *event, const struct lapor_json *contact)
{
    const struct lapor_json  *profile;

    if (contact == NULL) {
        return;
    }

    profile = lapor_json_get(contact, "profile");

    event->wa_id = lapor_json_get_text(contact, "wa_id");
    event->username = lapor_json_get_text(profile, "username");
    event->name = lapor_json_get_text(profile, "name");
    event->damaged |= contact->damaged;

    /* of a status it is the recipient, who is not its sender */
    if (event->kind == LAPOR_EVENT_STATUS) {
        return;
    }

    event->key_hash = lapor_json_get_text(contact, "identity_key_hash");

    if (lapor_str_empty(event->user_id)) {
        event->user_id = lapor_json_get_text(contact, "user_id");
    }

    if (lapor_str_empty(event->parent_user_id)) {
        event->parent_user_id = lapor_json_get_text(contact,
                                                    "parent_user_id");
    }
}


static void
item_context(struct decode_turn *turn, struct lapor_event *event,
    const struct lapor_json *node)
{
    struct lapor_context  *context;

    if (!lapor_json_is(node, LAPOR_JSON_OBJECT)) {
        return;
    }

    context = lapor_pool_alloc(turn->pool, sizeof(*context));
    context->wamid = lapor_json_get_text(node, "id");
    context->from = lapor_json_get_text(node, "from");
    context->forwarded = lapor_json_bool(lapor_json_get(node, "forwarded"));
    context->frequently_forwarded =
        lapor_json_bool(lapor_json_get(node, "frequently_forwarded"));

    if (lapor_json_is(lapor_json_get(node, "referred_product"),
                      LAPOR_JSON_OBJECT))
    {
        context->product = lapor_json_get(node, "referred_product");
    }

    event->context = context;
}


void
lapor_decode_status(struct decode_turn *turn, struct lapor_event *event)
{
    struct lapor_status      *status;
    const struct lapor_json  *node, *contact;

    node = event->node;

    lapor_decode_id(event, "status has no id", "status id is unusable");
    lapor_decode_time(event, lapor_json_get(node, "timestamp"));

    status = lapor_pool_alloc(turn->pool, sizeof(*status));
    status->state = lapor_json_get_text(node, "status");
    status->recipient = lapor_json_get_text(node, "recipient_id");
    status->recipient_user_id = lapor_json_get_text(node,
                                                    "recipient_user_id");
    status->recipient_parent_user_id =
        lapor_json_get_text(node, "recipient_parent_user_id");
    status->recipient_type = lapor_json_get_text(node, "recipient_type");
    status->participant = lapor_json_get_text(node,
                                              "recipient_participant_id");
    status->participant_user_id =
        lapor_json_get_text(node, "recipient_participant_user_id");
    status->key_hash = lapor_json_get_text(node,
                                           "recipient_identity_key_hash");
    status->callback = lapor_json_get_text(node, "biz_opaque_callback_data");
    status->errors = lapor_decode_failures(turn, node);
    item_pricing(status, lapor_json_get(node, "pricing"));
    item_conversation(status, lapor_json_get(node, "conversation"));

    event->status = status;
    event->identity = lapor_str_empty(status->recipient)
                      ? status->recipient_user_id : status->recipient;

    if (lapor_str_empty(status->state) && event->broken == NULL) {
        event->broken = "status has no state";
    }

    if (!item_usable(event->identity) && event->broken == NULL) {
        event->broken = "recipient is unusable";
    }

    contact = lapor_decode_contact(turn, status->recipient_user_id);
    if (contact == NULL) {
        contact = lapor_decode_contact(turn, status->recipient);
    }

    item_person(event, contact);
}


static void
item_pricing(struct lapor_status *status, const struct lapor_json *node)
{
    status->has_pricing = lapor_json_is(node, LAPOR_JSON_OBJECT);
    status->billable = lapor_json_bool(lapor_json_get(node, "billable"));
    status->pricing_model = lapor_json_get_text(node, "pricing_model");
    status->pricing_type = lapor_json_get_text(node, "type");
    status->pricing_category = lapor_json_get_text(node, "category");
}


static void
item_conversation(struct lapor_status *status, const struct lapor_json *node)
{
    status->conversation = lapor_json_get_text(node, "id");
    status->conversation_origin =
        lapor_json_get_text(lapor_json_get(node, "origin"), "type");
    status->conversation_expires =
        lapor_json_get_text(node, "expiration_timestamp");
}


void
lapor_decode_failure(struct decode_turn *turn, struct lapor_event *event)
{
    event->errors = lapor_pool_alloc(turn->pool, sizeof(*event->errors));
    item_failure(event->errors, event->node);
}


/* An element that is text instead of an object is kept as a message. */

struct lapor_failure *
lapor_decode_failures(struct decode_turn *turn, const struct lapor_json *item)
{
    struct lapor_failure     *first, **tail;
    const struct lapor_json  *list, *node;

    first = NULL;
    tail = &first;
    node = NULL;
    list = lapor_json_get(item, "errors");

    if (lapor_json_is(list, LAPOR_JSON_ARRAY)) {
        node = list->first;

    } else if (lapor_json_is(list, LAPOR_JSON_OBJECT)) {
        node = list;
    }

    while (node != NULL) {
        *tail = lapor_pool_alloc(turn->pool, sizeof(**tail));
        item_failure(*tail, node);
        tail = &(*tail)->next;
        node = node == list ? NULL : node->next;
    }

    return first;
}


static void
item_failure(struct lapor_failure *failure, const struct lapor_json *node)
{
    if (!lapor_json_is(node, LAPOR_JSON_OBJECT)) {
        failure->message = lapor_json_text(node);
        return;
    }

    failure->has_code = lapor_json_int(lapor_json_get(node, "code"),
                                       &failure->code) == 0;
    failure->title = lapor_json_get_text(node, "title");
    failure->message = lapor_json_get_text(node, "message");
    failure->details =
        lapor_json_get_text(lapor_json_get(node, "error_data"), "details");
}


void
lapor_decode_time(struct lapor_event *event, const struct lapor_json *node)
{
    event->timestamp = lapor_json_text(node);
    event->sent = lapor_decode_seconds(node, &event->sent_at);
}


enum lapor_sent_at
lapor_decode_seconds(const struct lapor_json *node, int64_t *ret_seconds)
{
    int64_t  seconds;

    *ret_seconds = 0;

    if (node == NULL || node->type == LAPOR_JSON_NULL) {
        return LAPOR_SENT_MISSING;
    }

    if (lapor_json_int(node, &seconds) == -1) {
        return LAPOR_SENT_UNREADABLE;
    }

    if (seconds < LAPOR_DECODE_SENT_MIN || seconds >= LAPOR_DECODE_SENT_MAX) {
        return LAPOR_SENT_ABSURD;
    }

    *ret_seconds = seconds;

    return LAPOR_SENT_VALID;
}


void
lapor_decode_id(struct lapor_event *event, const char *absent,
    const char *unusable)
{
    struct lapor_str  id;

    id = lapor_json_get_text(event->node, "id");
    event->wamid = id;

    if (lapor_str_empty(id)) {
        event->broken = absent;

    } else if (!item_usable(id)) {
        event->broken = unusable;
    }
}


/* Ids are keys, and Meta's are printable ASCII. Another character could be
 * changed on its way into a text column and then meet another's key. */

static int
item_usable(struct lapor_str id)
{
    size_t  i;

    for (i = 0; i < id.len; i++) {
        if (id.data[i] < 0x20 || id.data[i] > 0x7e) {
            return 0;
        }
    }

    return id.len <= LAPOR_DECODE_ID_MAX;
}


bool
lapor_is_user_id(struct lapor_str str)
{
    return str.len > 3 && str.data[2] == '.'
           && str.data[0] >= 'A' && str.data[0] <= 'Z'
           && str.data[1] >= 'A' && str.data[1] <= 'Z';
}
