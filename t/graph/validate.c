/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Checks of message bodies, after the limits that Meta documents for each
 * type.  A missing part is 131008, a wrong value 131009, an unknown type or
 * a text that is too long 100.
 */

#include "t/graph/validate.h"

#include "lib/utf8.h"

#include <stdarg.h>
#include <stdio.h>


#define GRAPH_TEXT_MAX     4096
#define GRAPH_CAPTION_MAX  1024

typedef int (*graph_check_handler)(struct graph_check *check,
    const struct lapor_json *node);

struct graph_check_type {
    const char           *name;
    graph_check_handler   handler;
};


static size_t graph_check_length(struct lapor_str text);
static int graph_check_body_text(struct graph_check *check,
    const struct lapor_json *node);
static int graph_check_media(struct graph_check *check,
    const struct lapor_json *node);
static int graph_check_location(struct graph_check *check,
    const struct lapor_json *node);
static int graph_check_contacts(struct graph_check *check,
    const struct lapor_json *node);
static int graph_check_reaction(struct graph_check *check,
    const struct lapor_json *node);
static int graph_check_template(struct graph_check *check,
    const struct lapor_json *node);
static int graph_check_context(struct graph_check *check,
    const struct lapor_json *message);


static const struct graph_check_type  types[] = {
    { "text", graph_check_body_text },
    { "image", graph_check_media },
    { "video", graph_check_media },
    { "audio", graph_check_media },
    { "document", graph_check_media },
    { "sticker", graph_check_media },
    { "location", graph_check_location },
    { "contacts", graph_check_contacts },
    { "interactive", graph_validate_interactive },
    { "reaction", graph_check_reaction },
    { "template", graph_check_template }
};


int
graph_validate_message(struct graph_check *check,
    const struct lapor_json *message)
{
    size_t                    i;
    struct lapor_str          type;
    const struct lapor_json  *node;

    type = lapor_json_get_text(message, "type");
    if (type.data == NULL) {
        type = LAPOR_STR("text");
    }

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (lapor_str_eqz(type, types[i].name)) {
            break;
        }
    }

    if (i == sizeof(types) / sizeof(types[0])) {
        return graph_check_fail(check, 100, "Param type must be one of "
                                "{AUDIO, CONTACTS, DOCUMENT, IMAGE, "
                                "INTERACTIVE, LOCATION, REACTION, STICKER, "
                                "TEMPLATE, TEXT, VIDEO}");
    }

    node = lapor_json_get(message, types[i].name);
    if (node == NULL || node->count == 0) {
        return graph_check_fail(check, 100, "The parameter %s is required.",
                                types[i].name);
    }

    if (graph_check_context(check, message) == -1
        || graph_check_text(check, message, "biz_opaque_callback_data", 512,
                            0) == -1)
    {
        return -1;
    }

    return types[i].handler(check, node);
}


int
graph_check_fail(struct graph_check *check, int code, const char *details,
    ...)
{
    va_list  args;

    check->why.code = code;

    va_start(args, details);
    (void) vsnprintf(check->why.details, sizeof(check->why.details), details,
                     args);
    va_end(args);

    return -1;
}


/* Characters as Meta counts them at worst: UTF-16 units, so that an emoji
   counts two. */

static size_t
graph_check_length(struct lapor_str text)
{
    int       n;
    size_t    i, units;
    uint32_t  code;

    units = 0;

    for (i = 0; i < text.len; i += (size_t) (n < 0 ? -n : n)) {
        n = lapor_wtf8_next(text.data + i, text.len - i, &code);
        units += n == 4 ? 2 : 1;
    }

    return units;
}


int
graph_check_text(struct graph_check *check, const struct lapor_json *node,
    const char *name, size_t max, int required)
{
    const struct lapor_json  *member;

    member = lapor_json_get(node, name);

    if (member == NULL || (required && lapor_str_empty(member->value))) {
        return required == 0 ? 0
               : graph_check_fail(check, 131008,
                                  "The parameter %s is required.", name);
    }

    if (!lapor_json_is(member, LAPOR_JSON_STRING)) {
        return graph_check_fail(check, 131009, "Param %s must be a string.",
                                name);
    }

    if (graph_check_length(member->value) > max) {
        return graph_check_fail(check, max > 1000 ? 100 : 131009,
                                "Param %s must be at most %zu characters "
                                "long.", name, max);
    }

    return 0;
}


static int
graph_check_context(struct graph_check *check,
    const struct lapor_json *message)
{
    struct lapor_str          id;
    const struct lapor_json  *context;

    context = lapor_json_get(message, "context");
    if (context == NULL) {
        return 0;
    }

    id = lapor_json_get_text(context, "message_id");

    if (!lapor_str_starts(id, "wamid.")) {
        return graph_check_fail(check, 131009,
                                "Param context['message_id'] is not valid.");
    }

    return 0;
}


static int
graph_check_body_text(struct graph_check *check,
    const struct lapor_json *node)
{
    return graph_check_text(check, node, "body", GRAPH_TEXT_MAX, 1);
}


static int
graph_check_media(struct graph_check *check, const struct lapor_json *node)
{
    char                 text[GRAPH_ID_LEN];
    struct lapor_str     id, link;
    struct graph_medium  medium;

    id = lapor_json_get_text(node, "id");
    link = lapor_json_get_text(node, "link");

    if (lapor_str_empty(id) && lapor_str_empty(link)) {
        return graph_check_fail(check, 131008,
                                "Either id or link of the media is required.");
    }

    if (graph_check_text(check, node, "caption", GRAPH_CAPTION_MAX, 0) == -1
        || graph_check_text(check, node, "filename", 240, 0) == -1)
    {
        return -1;
    }

    if (lapor_str_empty(id)) {
        if (!lapor_str_starts(link, "http://")
            && !lapor_str_starts(link, "https://"))
        {
            return graph_check_fail(check, 131009,
                                    "Param link is not a valid URI.");
        }

        return 0;
    }

    (void) snprintf(text, sizeof(text), "%.*s",
                    (int) (id.len < sizeof(text) ? id.len : sizeof(text)),
                    id.data);

    if (id.len >= sizeof(text)
        || graph_media_find(check->media, text, check->media_ttl_s, &medium)
           == -1)
    {
        return graph_check_fail(check, 131053, "Media id does not exist.");
    }

    return 0;
}


static int
graph_check_location(struct graph_check *check, const struct lapor_json *node)
{
    double  lat, lon;

    if (lapor_json_get(node, "latitude") == NULL
        || lapor_json_get(node, "longitude") == NULL)
    {
        return graph_check_fail(check, 131008,
                                "Params latitude and longitude are required.");
    }

    if (lapor_json_double(lapor_json_get(node, "latitude"), &lat) == -1
        || lapor_json_double(lapor_json_get(node, "longitude"), &lon) == -1
        || lat < -90 || lat > 90 || lon < -180 || lon > 180)
    {
        return graph_check_fail(check, 131009,
                                "Params latitude and longitude are out of "
                                "range.");
    }

    return 0;
}


static int
graph_check_contacts(struct graph_check *check, const struct lapor_json *node)
{
    const struct lapor_json  *card;

    if (!lapor_json_is(node, LAPOR_JSON_ARRAY) || node->count > 257) {
        return graph_check_fail(check, 131009,
                                "Param contacts must be a list of at most "
                                "257.");
    }

    LAPOR_JSON_EACH(card, node) {
        if (graph_check_text(check, lapor_json_get(card, "name"),
                             "formatted_name", 1000, 1) == -1)
        {
            return -1;
        }
    }

    return 0;
}


static int
graph_check_reaction(struct graph_check *check, const struct lapor_json *node)
{
    if (!lapor_str_starts(lapor_json_get_text(node, "message_id"), "wamid.")) {
        return graph_check_fail(check, 131009,
                                "Param reaction['message_id'] is not valid.");
    }

    if (!lapor_json_is(lapor_json_get(node, "emoji"), LAPOR_JSON_STRING)) {
        return graph_check_fail(check, 131008,
                                "The parameter emoji is required.");
    }

    return 0;
}


static int
graph_check_template(struct graph_check *check, const struct lapor_json *node)
{
    if (graph_check_text(check, node, "name", 512, 1) == -1) {
        return -1;
    }

    return graph_check_text(check, lapor_json_get(node, "language"), "code",
                            15, 1);
}
