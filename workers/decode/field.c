/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Fields other than messages. Each list here is one of things that happened
 * each for itself, and that a retry may batch otherwise; so each element is
 * an event of its own. All other fields, and those to come, are one event a
 * change.
 */

#include <strings.h>

#include "decode/item.h"


struct field_list {
    const char       *field;
    const char       *name;    /* of the list in the value */
    decode_item_pt    read;
    const char       *wrong;   /* it is no list */
};


static void field_call(struct decode_turn *turn, struct lapor_event *event);
static void field_user_id(struct decode_turn *turn,
    struct lapor_event *event);
static void field_element(struct decode_turn *turn,
    struct lapor_event *event);
static int field_call_rings(const struct lapor_event *event);
static int field_is(struct lapor_str str, const char *name);
static int field_own(struct lapor_str from, struct lapor_str shown);


/* Those of Meta's reference, as of v26.0 (July 2026). */

static const struct field_list  field_lists[] = {
    { "calls", "calls", field_call, "calls is not a list" },
    { "calls", "statuses", field_element, "statuses is not a list" },
    { "calls", "errors", lapor_decode_failure, "errors is not a list" },
    { "user_id_update", "user_id_update", field_user_id,
      "user_id_update is not a list" },
    { "user_preferences", "user_preferences", field_element,
      "user_preferences is not a list" },
    { "smb_message_echoes", "message_echoes", field_element,
      "message_echoes is not a list" },
    { "message_echoes", "message_echoes", field_element,
      "message_echoes is not a list" },
    { "group_lifecycle_update", "groups", field_element,
      "groups is not a list" },
    { "group_participants_update", "groups", field_element,
      "groups is not a list" },
    { "group_settings_update", "groups", field_element,
      "groups is not a list" },
    { "group_status_update", "groups", field_element, "groups is not a list" }
};


void
lapor_decode_field(struct decode_turn *turn, const struct lapor_json *value)
{
    size_t                    i;
    enum lapor_event_kind     kind;
    const struct field_list  *list;

    for (i = 0; i < sizeof(field_lists) / sizeof(field_lists[0]); i++) {
        list = &field_lists[i];

        if (!lapor_str_eqz(turn->field, list->field)) {
            continue;
        }

        kind = list->read == lapor_decode_failure ? LAPOR_EVENT_ERROR
                                                  : LAPOR_EVENT_OTHER;
        lapor_decode_list(turn, lapor_json_get(value, list->name), kind,
                          list->read, list->wrong);
    }
}


/* A call that a user makes is a cry for help that nobody reads: it becomes an
 * event that can be stored as a message is. Our own calls, recordings and
 * transcripts stay notices. */

static void
field_call(struct decode_turn *turn, struct lapor_event *event)
{
    struct lapor_call        *call;
    const struct lapor_json  *node;

    node = event->node;

    if (!field_call_rings(event)) {
        field_element(turn, event);
        return;
    }

    event->kind = LAPOR_EVENT_CALL;
    event->type = LAPOR_STR("call");

    lapor_decode_id(event, "call has no id", "call id is unusable");
    lapor_decode_time(event, lapor_json_get(node, "timestamp"));
    lapor_decode_sender(turn, event, "call has no sender");
    event->errors = lapor_decode_failures(turn, node);

    call = lapor_pool_alloc(turn->pool, sizeof(*call));
    call->event = lapor_json_get_text(node, "event");
    call->ended = field_is(call->event, "terminate");
    call->direction = lapor_json_get_text(node, "direction");
    call->status = lapor_json_get_text(node, "status");
    call->to = lapor_json_get_text(node, "to");
    call->has_duration = lapor_json_int(lapor_json_get(node, "duration"),
                                        &call->duration) == 0;
    call->start = lapor_decode_seconds(lapor_json_get(node, "start_time"),
                                       &call->start_at);
    call->end = lapor_decode_seconds(lapor_json_get(node, "end_time"),
                                     &call->end_at);

    event->call = call;
}


/* Of a call without a direction the sender tells: a user is who does not
 * call from our own number. */

static int
field_call_rings(const struct lapor_event *event)
{
    struct lapor_str          what, direction;
    const struct lapor_json  *node;

    node = event->node;
    what = lapor_json_get_text(node, "event");
    direction = lapor_json_get_text(node, "direction");

    if (!field_is(what, "connect") && !field_is(what, "terminate")) {
        return 0;
    }

    if (!lapor_str_empty(direction)) {
        return field_is(direction, "USER_INITIATED");
    }

    return !field_own(lapor_json_get_text(node, "from"),
                      event->display_phone_number);
}


/* Somebody's user id is another one now; the number, if it is told, is whose
 * both ids are. */

static void
field_user_id(struct decode_turn *turn, struct lapor_event *event)
{
    struct lapor_system      *notice;
    const struct lapor_json  *ids;

    field_element(turn, event);

    ids = lapor_json_get(event->node, "user_id");

    notice = lapor_pool_alloc(turn->pool, sizeof(*notice));
    notice->type = turn->field;
    notice->wa_id = lapor_json_get_text(event->node, "wa_id");
    notice->previous_user_id = lapor_json_get_text(ids, "previous");
    notice->user_id = lapor_json_get_text(ids, "current");

    event->system = notice;
    event->text = lapor_json_get_text(event->node, "detail");
}


/* An element that only its id and time are known of. */

static void
field_element(struct decode_turn *turn, struct lapor_event *event)
{
    (void) turn;

    event->wamid = lapor_json_get_text(event->node, "id");
    lapor_decode_time(event, lapor_json_get(event->node, "timestamp"));
}


static int
field_is(struct lapor_str str, const char *name)
{
    return str.len == strlen(name)
           && strncasecmp(str.data, name, str.len) == 0;
}


/* The number as it is shown may have a plus sign, blanks and dashes. */

static int
field_own(struct lapor_str from, struct lapor_str shown)
{
    size_t  i, digits;

    digits = 0;

    for (i = 0; i < shown.len; i++) {

        if (shown.data[i] < '0' || shown.data[i] > '9') {
            continue;
        }

        if (digits == from.len || from.data[digits] != shown.data[i]) {
            return 0;
        }

        digits++;
    }

    return digits > 0 && digits == from.len;
}
