/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Statuses of our own messages. The callback key says where the message is;
 * without one (sent by another program, or by hand) it is looked for in the
 * recipient's part.
 */

#include "intake/message.h"
#include "intake/status.h"
#include "lib/utf8.h"


static int status_key(struct lapor_str text, unsigned *ret_part,
    int64_t *ret_task_id);
static void status_price(struct lapor_pool *pool,
    const struct lapor_event *event, struct lapor_intake_status *status);
static const char *status_state(struct lapor_str state);
static int status_number(struct lapor_str *text, int64_t max,
    int64_t *ret_value);


struct lapor_intake_status *
lapor_intake_status_make(struct lapor_pool *pool,
    const struct lapor_intake_raw *raw, const struct lapor_event *event)
{
    int                          damaged;
    const char                  *state;
    const struct lapor_failure  *error;
    struct lapor_intake_status  *status;

    /* one that is about a call, for instance, has other states */
    state = status_state(event->status->state);

    if (state == NULL) {
        return NULL;
    }

    status = lapor_pool_alloc(pool, sizeof(*status));
    status->wamid = event->wamid;
    status->state = state;
    status->part = event->part;
    status->phone_number_id = lapor_utf8_pgtext(pool, event->phone_number_id,
                                                &damaged);

    if (status_key(event->status->callback, &status->part, &status->task_id)
        == -1)
    {
        status->part = event->part;
        status->task_id = 0;
    }

    status->at_ms = lapor_intake_event_time(event, raw);
    status_price(pool, event, status);
    error = event->status->errors;

    if (error != NULL) {
        status->has_code = error->has_code && error->code >= INT32_MIN
                           && error->code <= INT32_MAX;
        status->code = status->has_code ? (int32_t) error->code : 0;
        status->title = lapor_utf8_pgtext(pool,
            lapor_str_empty(error->title) ? error->message : error->title,
            &damaged);
    }

    return status;
}


/* What the message costs, as far as this one tells. */

static void
status_price(struct lapor_pool *pool, const struct lapor_event *event,
    struct lapor_intake_status *status)
{
    int                         damaged;
    struct lapor_str            origin;
    const struct lapor_json    *conversation;
    const struct lapor_status  *s;

    s = event->status;
    conversation = lapor_json_get(event->node, "conversation");
    origin = lapor_json_get_text(lapor_json_get(conversation, "origin"),
                                 "type");

    status->billable = s->has_pricing ? s->billable : -1;
    status->price_category = lapor_utf8_pgtext(pool, s->pricing_category,
                                               &damaged);
    status->price_type = lapor_utf8_pgtext(pool, s->pricing_type, &damaged);
    status->origin = lapor_utf8_pgtext(pool, origin, &damaged);
}


static const char *
status_state(struct lapor_str state)
{
    size_t  i;

    static const char *const  states[] = {
        "sent", "delivered", "read", "played", "failed", NULL
    };

    for (i = 0; states[i] != NULL; i++) {
        if (lapor_str_eqz(state, states[i])) {
            return states[i];
        }
    }

    return NULL;
}


/*
 * Reads "reply:PART:TASK_ID", the key that every send carries in
 * biz_opaque_callback_data: PART 0..255, TASK_ID above 0, both in decimal
 * without leading zeros. 0, or -1 for anything else.
 */

static int
status_key(struct lapor_str text, unsigned *ret_part, int64_t *ret_task_id)
{
    int64_t           part, task_id;
    struct lapor_str  prefix = LAPOR_STR("reply:");

    if (!lapor_str_starts(text, prefix.data)) {
        return -1;
    }

    text.data += prefix.len;
    text.len -= prefix.len;

    if (status_number(&text, 255, &part) == -1
        || text.len == 0 || text.data[0] != ':')
    {
        return -1;
    }

    text.data++;
    text.len--;

    if (status_number(&text, INT64_MAX, &task_id) == -1
        || text.len != 0 || task_id == 0)
    {
        return -1;
    }

    *ret_part = (unsigned) part;
    *ret_task_id = task_id;

    return 0;
}


/* Takes a decimal number off the front of the text. */

static int
status_number(struct lapor_str *text, int64_t max, int64_t *ret_value)
{
    size_t   i;
    int64_t  value, digit;

    value = 0;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < '0' || text->data[i] > '9') {
            break;
        }

        digit = text->data[i] - '0';

        if (value > (max - digit) / 10 || (i > 0 && value == 0)) {
            return -1;
        }

        value = value * 10 + digit;
    }

    if (i == 0) {
        return -1;
    }

    text->data += i;
    text->len -= i;
    *ret_value = value;

    return 0;
}
