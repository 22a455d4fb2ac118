/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Checks of interactive messages, after Meta's pages on reply buttons, lists
 * and the other kinds.
 */

#include "t/graph/validate.h"


#define GRAPH_BODY_MAX       1024
#define GRAPH_LIST_BODY_MAX  4096

struct graph_kind {
    const char  *name;
    size_t       body_max;
    int          body_required;
    const char  *action;        /* action.name, NULL = checked otherwise */
    const char  *label;         /* text in action.parameters, NULL = none */
    size_t       label_max;
};


static int graph_check_header(struct graph_check *check,
    const struct lapor_json *node, int text_only);
static int graph_check_action(struct graph_check *check,
    const struct lapor_json *action, const struct graph_kind *kind);
static int graph_check_buttons(struct graph_check *check,
    const struct lapor_json *action);
static int graph_check_sections(struct graph_check *check,
    const struct lapor_json *action);
static int graph_check_rows(struct graph_check *check,
    const struct lapor_json *rows);
static int graph_check_unique(struct graph_check *check,
    const struct lapor_json *list, const char *inner, const char *name);


static const struct graph_kind  kinds[] = {
    { "button", GRAPH_BODY_MAX, 1, NULL, NULL, 0 },
    { "list", GRAPH_LIST_BODY_MAX, 1, NULL, NULL, 0 },
    { "cta_url", GRAPH_BODY_MAX, 1, "cta_url", "display_text", 20 },
    { "location_request_message", GRAPH_BODY_MAX, 1, "send_location", NULL,
      0 },
    { "flow", GRAPH_BODY_MAX, 1, "flow", "flow_cta", 30 },
    { "call_permission_request", GRAPH_BODY_MAX, 0,
      "call_permission_request", NULL, 0 },
    { "voice_call", GRAPH_BODY_MAX, 1, "voice_call", NULL, 0 },
    { "request_contact_info", GRAPH_BODY_MAX, 1, "request_contact_info", NULL,
      0 }
};


int
graph_validate_interactive(struct graph_check *check,
    const struct lapor_json *interactive)
{
    size_t                    i;
    struct lapor_str          type;
    const struct lapor_json  *action;
    const struct graph_kind  *kind;

    type = lapor_json_get_text(interactive, "type");
    kind = NULL;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (lapor_str_eqz(type, kinds[i].name)) {
            kind = &kinds[i];
        }
    }

    if (kind == NULL) {
        return graph_check_fail(check, 131009,
                                "Param interactive['type'] is not valid.");
    }

    action = lapor_json_get(interactive, "action");

    if (action == NULL) {
        return graph_check_fail(check, 131008,
                                "The parameter action is required.");
    }

    if (graph_check_text(check, lapor_json_get(interactive, "body"), "text",
                         kind->body_max, kind->body_required) == -1
        || graph_check_text(check, lapor_json_get(interactive, "footer"),
                            "text", 60, 0) == -1
        || graph_check_header(check, lapor_json_get(interactive, "header"),
                              lapor_str_eqz(type, "list")) == -1)
    {
        return -1;
    }

    if (lapor_str_eqz(type, "button")) {
        return graph_check_buttons(check, action);
    }

    if (lapor_str_eqz(type, "list")) {
        return graph_check_sections(check, action);
    }

    return graph_check_action(check, action, kind);
}


static int
graph_check_header(struct graph_check *check, const struct lapor_json *node,
    int text_only)
{
    struct lapor_str  type;

    if (node == NULL) {
        return 0;
    }

    type = lapor_json_get_text(node, "type");

    if (lapor_str_eqz(type, "text")) {
        return graph_check_text(check, node, "text", 60, 1);
    }

    if (text_only
        || (!lapor_str_eqz(type, "image") && !lapor_str_eqz(type, "video")
            && !lapor_str_eqz(type, "document")))
    {
        return graph_check_fail(check, 131009,
                                "Param header['type'] is not valid.");
    }

    return 0;
}


static int
graph_check_action(struct graph_check *check,
    const struct lapor_json *action, const struct graph_kind *kind)
{
    const struct lapor_json  *parameters;

    if (!lapor_str_eqz(lapor_json_get_text(action, "name"), kind->action)) {
        return graph_check_fail(check, 131009,
                                "Param action['name'] must be %s.",
                                kind->action);
    }

    if (kind->label == NULL) {
        return 0;
    }

    parameters = lapor_json_get(action, "parameters");

    return graph_check_text(check, parameters, kind->label, kind->label_max,
                            1);
}


static int
graph_check_buttons(struct graph_check *check,
    const struct lapor_json *action)
{
    const struct lapor_json  *buttons, *button, *reply;

    buttons = lapor_json_get(action, "buttons");

    if (buttons == NULL || buttons->count == 0) {
        return graph_check_fail(check, 131008,
                                "The parameter buttons is required.");
    }

    if (buttons->count > 3) {
        return graph_check_fail(check, 131009,
                                "Invalid buttons count. Min allowed buttons: "
                                "1, Max allowed buttons: 3.");
    }

    LAPOR_JSON_EACH(button, buttons) {
        reply = lapor_json_get(button, "reply");

        if (!lapor_str_eqz(lapor_json_get_text(button, "type"), "reply")) {
            return graph_check_fail(check, 131009,
                                    "Param button['type'] must be reply.");
        }

        if (graph_check_text(check, reply, "id", 256, 1) == -1
            || graph_check_text(check, reply, "title", 20, 1) == -1)
        {
            return -1;
        }
    }

    if (graph_check_unique(check, buttons, "reply", "title") == -1) {
        return -1;
    }

    return graph_check_unique(check, buttons, "reply", "id");
}


static int
graph_check_sections(struct graph_check *check,
    const struct lapor_json *action)
{
    size_t                    rows;
    const struct lapor_json  *sections, *section, *list;

    rows = 0;
    sections = lapor_json_get(action, "sections");

    if (graph_check_text(check, action, "button", 20, 1) == -1) {
        return -1;
    }

    if (sections == NULL || sections->count == 0) {
        return graph_check_fail(check, 131008,
                                "The parameter sections is required.");
    }

    LAPOR_JSON_EACH(section, sections) {
        list = lapor_json_get(section, "rows");
        rows += list == NULL ? 0 : list->count;

        if (rows > 10) {
            break;
        }

        /* one section alone needs no title */
        if (graph_check_text(check, section, "title", 24,
                             sections->count > 1) == -1
            || graph_check_rows(check, list) == -1
            || graph_check_unique(check, list, NULL, "id") == -1)
        {
            return -1;
        }
    }

    if (rows == 0 || rows > 10 || sections->count > 10) {
        return graph_check_fail(check, 131009,
                                "Total row count exceed max allowed count: "
                                "10.");
    }

    return 0;
}


static int
graph_check_rows(struct graph_check *check, const struct lapor_json *rows)
{
    const struct lapor_json  *row;

    LAPOR_JSON_EACH(row, rows) {
        if (graph_check_text(check, row, "id", 200, 1) == -1
            || graph_check_text(check, row, "title", 24, 1) == -1
            || graph_check_text(check, row, "description", 72, 0) == -1)
        {
            return -1;
        }
    }

    return 0;
}


/* No two elements may have the same text; `inner` is an object between. */

static int
graph_check_unique(struct graph_check *check, const struct lapor_json *list,
    const char *inner, const char *name)
{
    struct lapor_str          one, two;
    const struct lapor_json  *a, *b;

    LAPOR_JSON_EACH(a, list) {
        one = lapor_json_get_text(inner == NULL ? a : lapor_json_get(a, inner),
                                  name);

        for (b = a->next; b != NULL; b = b->next) {
            two = lapor_json_get_text(inner == NULL
                                      ? b : lapor_json_get(b, inner), name);

            if (lapor_str_eq(one, two)) {
                return graph_check_fail(check, 131009, "Duplicated %s.",
                                        name);
            }
        }
    }

    return 0;
}
