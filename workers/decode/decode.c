/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The envelope of a webhook: entries, changes, and the lists inside a value.
 * Batching can happen at each of the three levels, and every level can have
 * the wrong type. All memory is the caller's pool's.
 */

#include <stdio.h>

#include "decode/item.h"
#include "lib/part.h"


#define WEBHOOK_OBJECT  "whatsapp_business_account"

/* Contacts that are looked through rather than hashed. */
#define DECODE_FEW  4


static void decode_entry(struct decode_turn *turn,
    const struct lapor_json *entry);
static void decode_change(struct decode_turn *turn,
    const struct lapor_json *change);
static void decode_value(struct decode_turn *turn,
    const struct lapor_json *value);
static void decode_other(struct decode_turn *turn,
    const struct lapor_json *node, const char *broken);
static void decode_number(struct lapor_event *event);
static struct lapor_event *decode_event_add(struct decode_turn *turn,
    enum lapor_event_kind kind, const struct lapor_json *node);
static void decode_event_place(struct lapor_event *event);
static void decode_contacts(struct decode_turn *turn,
    const struct lapor_json *list);
static void decode_contact_add(struct decode_turn *turn, struct lapor_str id,
    const struct lapor_json *node);
static struct decode_contact **decode_bucket(const struct decode_turn *turn,
    struct lapor_str id);


int
lapor_decode(struct lapor_pool *pool, const char *body, size_t len,
    struct lapor_decoded *ret_decoded)
{
    struct lapor_json        *root;
    struct decode_turn        turn;
    struct lapor_json_error   error;
    const struct lapor_json  *entries, *entry;

    memset(ret_decoded, 0, sizeof(*ret_decoded));
    memset(&turn, 0, sizeof(turn));
    turn.pool = pool;
    turn.decoded = ret_decoded;

    if (lapor_json_parse(pool, body, len, &root, &error) == -1) {
        snprintf(ret_decoded->error, sizeof(ret_decoded->error),
                 "not JSON: %s at byte %zu", error.message, error.offset);
        return -1;
    }

    if (!lapor_json_is(root, LAPOR_JSON_OBJECT)) {
        snprintf(ret_decoded->error, sizeof(ret_decoded->error),
                 "not a webhook: not a JSON object");
        return -1;
    }

    if (!lapor_str_eqz(lapor_json_get_text(root, "object"), WEBHOOK_OBJECT)) {
        snprintf(ret_decoded->error, sizeof(ret_decoded->error),
                 "not a webhook: object is not %s", WEBHOOK_OBJECT);
        return -1;
    }

    entries = lapor_json_get(root, "entry");

    if (!lapor_json_is(entries, LAPOR_JSON_ARRAY)) {
        decode_other(&turn, root, "webhook has no list of entries");
    }

    if (lapor_json_is(entries, LAPOR_JSON_ARRAY)) {
        LAPOR_JSON_EACH(entry, entries) {
            decode_entry(&turn, entry);
        }
    }

    if (turn.full) {
        snprintf(ret_decoded->error, sizeof(ret_decoded->error),
                 "not a webhook: more than %d items", LAPOR_DECODE_EVENTS);
        return -1;
    }

    return 0;
}


static void
decode_entry(struct decode_turn *turn, const struct lapor_json *entry)
{
    const struct lapor_json  *changes, *change;

    turn->waba_id = lapor_json_get_text(entry, "id");
    turn->time = lapor_json_get(entry, "time");
    turn->field = LAPOR_STR_NONE;
    turn->metadata = NULL;

    if (!lapor_json_is(entry, LAPOR_JSON_OBJECT)) {
        decode_other(turn, entry, "entry is not an object");
        return;
    }

    changes = lapor_json_get(entry, "changes");

    if (!lapor_json_is(changes, LAPOR_JSON_ARRAY)) {
        decode_other(turn, entry, "entry has no list of changes");
        return;
    }

    LAPOR_JSON_EACH(change, changes) {
        decode_change(turn, change);
    }
}


/* A change that names no field is read as messages. Other fields have lists
 * of the same names with another meaning. */

static void
decode_change(struct decode_turn *turn, const struct lapor_json *change)
{
    size_t                    before;
    const struct lapor_json  *value;

    turn->field = lapor_json_get_text(change, "field");
    turn->metadata = NULL;

    if (!lapor_json_is(change, LAPOR_JSON_OBJECT)) {
        decode_other(turn, change, "change is not an object");
        return;
    }

    value = lapor_json_get(change, "value");
    turn->metadata = lapor_json_get(value, "metadata");

    if (!lapor_json_is(value, LAPOR_JSON_OBJECT)) {
        decode_other(turn, change, "value is not an object");
        return;
    }

    before = turn->decoded->count;

    if (lapor_str_empty(turn->field)
        || lapor_str_eqz(turn->field, "messages"))
    {
        decode_value(turn, value);

    } else {
        decode_contacts(turn, lapor_json_get(value, "contacts"));
        lapor_decode_field(turn, value);
    }

    if (turn->decoded->count == before) {
        decode_other(turn, change, NULL);
    }
}


static void
decode_value(struct decode_turn *turn, const struct lapor_json *value)
{
    decode_contacts(turn, lapor_json_get(value, "contacts"));

    lapor_decode_list(turn, lapor_json_get(value, "messages"),
                      LAPOR_EVENT_MESSAGE, lapor_decode_message,
                      "messages is not a list");
    lapor_decode_list(turn, lapor_json_get(value, "statuses"),
                      LAPOR_EVENT_STATUS, lapor_decode_status,
                      "statuses is not a list");
    lapor_decode_list(turn, lapor_json_get(value, "errors"),
                      LAPOR_EVENT_ERROR, lapor_decode_failure,
                      "errors is not a list");
}


void
lapor_decode_list(struct decode_turn *turn, const struct lapor_json *list,
    enum lapor_event_kind kind, decode_item_pt read, const char *wrong)
{
    struct lapor_event       *event;
    const struct lapor_json  *item;

    if (list == NULL || list->type == LAPOR_JSON_NULL) {
        return;
    }

    item = list->type == LAPOR_JSON_ARRAY ? list->first : list;

    while (item != NULL) {

        event = decode_event_add(turn, kind, item);
        if (event == NULL) {
            return;
        }

        if (item->type == LAPOR_JSON_OBJECT) {
            read(turn, event);

        } else {
            event->broken = item == list ? wrong : "item is not an object";
        }

        decode_event_place(event);
        item = item == list ? NULL : item->next;
    }
}


static void
decode_other(struct decode_turn *turn, const struct lapor_json *node,
    const char *broken)
{
    struct lapor_event  *event;

    event = decode_event_add(turn, LAPOR_EVENT_OTHER, node);
    if (event == NULL) {
        return;
    }

    event->broken = broken;
    event->value = lapor_json_get(node, "value");
    decode_number(event);
    lapor_decode_time(event, turn->time);
    decode_event_place(event);
}


/* Fields about the account name their number without metadata, if at all. */

static void
decode_number(struct lapor_event *event)
{
    struct lapor_str          shown;
    const struct lapor_json  *settings;

    settings = lapor_json_get(event->value, "phone_number_settings");

    if (event->phone_number_id.data == NULL) {
        event->phone_number_id = lapor_json_get_text(settings,
                                                     "phone_number_id");
    }

    shown = lapor_json_get_text(event->value, "display_phone_number");

    if (shown.data == NULL) {
        shown = lapor_json_get_text(event->value, "phone_number");
    }

    if (event->display_phone_number.data == NULL) {
        event->display_phone_number = shown;
    }
}


/* NULL when the body has too many items; lapor_decode() then refuses it. */

static struct lapor_event *
decode_event_add(struct decode_turn *turn, enum lapor_event_kind kind,
    const struct lapor_json *node)
{
    struct lapor_event    *event;
    struct lapor_decoded  *decoded;

    decoded = turn->decoded;

    if (decoded->count == LAPOR_DECODE_EVENTS) {
        turn->full = 1;
        return NULL;
    }

    event = lapor_pool_alloc(turn->pool, sizeof(*event));
    event->kind = kind;
    event->order = decoded->count;
    event->sent = LAPOR_SENT_MISSING;
    event->waba_id = turn->waba_id;
    event->field = turn->field;
    event->phone_number_id = lapor_json_get_text(turn->metadata,
                                                 "phone_number_id");
    event->display_phone_number = lapor_json_get_text(turn->metadata,
                                                      "display_phone_number");
    event->damaged = node->damaged
                     || (turn->metadata != NULL && turn->metadata->damaged);
    event->node = node;
    event->raw = node->raw;

    if (decoded->last == NULL) {
        decoded->first = event;

    } else {
        decoded->last->next = event;
    }

    decoded->last = event;
    decoded->count++;

    return event;
}


static void
decode_event_place(struct lapor_event *event)
{
    struct lapor_str  key;

    key = event->identity;

    if (lapor_str_empty(key)) {
        key = event->wamid;
    }

    if (lapor_str_empty(key)) {
        key = event->raw;
    }

    event->part = lapor_part(key.data, key.len);
}


/* Hashed, because a body full of contacts and messages would otherwise cost
 * the product of both; but nearly every body has one contact. */

static void
decode_contacts(struct decode_turn *turn, const struct lapor_json *list)
{
    const struct lapor_json  *contact;

    turn->contacts = NULL;

    if (!lapor_json_is(list, LAPOR_JSON_ARRAY) || list->count == 0) {
        return;
    }

    turn->buckets = list->count <= DECODE_FEW ? 1 : LAPOR_PARTS;
    turn->contacts = lapor_pool_alloc(turn->pool, turn->buckets
                                                  * sizeof(*turn->contacts));

    LAPOR_JSON_EACH(contact, list) {
        decode_contact_add(turn, lapor_json_get_text(contact, "wa_id"),
                           contact);
        decode_contact_add(turn, lapor_json_get_text(contact, "user_id"),
                           contact);
    }
}


static void
decode_contact_add(struct decode_turn *turn, struct lapor_str id,
    const struct lapor_json *node)
{
    struct decode_contact  *contact, **bucket;

    if (lapor_str_empty(id)) {
        return;
    }

    bucket = decode_bucket(turn, id);

    contact = lapor_pool_alloc(turn->pool, sizeof(*contact));
    contact->id = id;
    contact->node = node;
    contact->next = *bucket;
    *bucket = contact;
}


static struct decode_contact **
decode_bucket(const struct decode_turn *turn, struct lapor_str id)
{
    return turn->buckets == 1 ? turn->contacts
                              : &turn->contacts[lapor_part(id.data, id.len)];
}


/* The contact that has this wa_id or user_id, else NULL. Never by position:
 * contacts[] and messages[] need not have the same order or length. */

const struct lapor_json *
lapor_decode_contact(const struct decode_turn *turn, struct lapor_str id)
{
    struct decode_contact  *contact;

    if (turn->contacts == NULL || lapor_str_empty(id)) {
        return NULL;
    }

    contact = *decode_bucket(turn, id);

    while (contact != NULL && !lapor_str_eq(contact->id, id)) {
        contact = contact->next;
    }

    return contact == NULL ? NULL : contact->node;
}


const char *
lapor_event_name(enum lapor_event_kind kind)
{
    static const char *const  names[] = {
        "message", "status", "error", "other", "other"
    };

    return names[kind];
}
