/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * POST /{phone-number-id}/messages: sends, read marks and typing.  A send is
 * in the journal before it is answered; one POST makes one send.
 */

#include "t/graph/request.h"

#include "lib/json.h"
#include "lib/timeutil.h"
#include "t/graph/validate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>


#define GRAPH_USER_ID_MAX  128


static void graph_message_send(struct graph_request *rq,
    const struct lapor_json *root, struct graph_check *check);
static int graph_message_recipient(const struct lapor_json *root,
    struct graph_send *send, struct graph_check *check);
static int graph_message_number(struct lapor_str text,
    struct graph_send *send, struct graph_check *check);
static int graph_message_user(struct lapor_str text, struct graph_send *send,
    struct graph_check *check);
static int graph_message_accept(struct graph_request *rq,
    struct graph_send *send, struct lapor_str body,
    struct graph_check *check);
static void graph_message_answer(struct graph_request *rq,
    const struct lapor_json *root, const struct graph_send *send);
static void graph_message_read(struct graph_request *rq,
    const struct lapor_json *root, struct graph_check *check);
static int graph_message_keep_read(struct graph_request *rq,
    struct lapor_str id, int typing, const struct lapor_json *root);


void
graph_handle_messages(struct graph_request *rq)
{
    struct lapor_str         body, product;
    struct graph_check       check;
    struct lapor_json       *root;
    struct lapor_pool       *pool;
    struct lapor_json_error  error;

    memset(&check, 0, sizeof(check));
    check.media = rq->graph->media;
    check.media_ttl_s = rq->graph->conf.media_ttl_s;

    pool = lapor_pool_create(16384);
    body = lapor_buf_view(&rq->body);

    if (lapor_json_parse(pool, body.data, body.len, &root, &error) == -1
        || !lapor_json_is(root, LAPOR_JSON_OBJECT))
    {
        graph_answer_error(&rq->answer, 0, 100,
                           "The body is not a JSON object.");
        goto done;
    }

    product = lapor_json_get_text(root, "messaging_product");

    if (!graph_number_exists(rq->graph, rq->id)) {
        graph_answer_error(&rq->answer, 0, 100, "Unsupported post request. "
                           "Object with ID '%s' does not exist.", rq->id);

    } else if (product.data == NULL) {
        graph_answer_error(&rq->answer, 0, 100,
                           "The parameter messaging_product is required.");

    } else if (!lapor_str_eqz(product, "whatsapp")) {
        graph_answer_error(&rq->answer, 0, 100,
                           "Param messaging_product must be one of "
                           "{WHATSAPP}");

    } else if (lapor_json_get(root, "status") != NULL) {
        graph_message_read(rq, root, &check);

    } else {
        graph_message_send(rq, root, &check);
    }

    if (check.why.code != 0) {
        graph_answer_error(&rq->answer, 0, check.why.code, "%s",
                           check.why.details);
    }

done:

    lapor_pool_destroy(pool);
}


int
graph_messages_recipient(struct graph_request *rq, char ret_to[GRAPH_TO_LEN])
{
    int                      rc;
    struct lapor_str         body;
    struct graph_send        send;
    struct graph_check       check;
    struct lapor_json       *root;
    struct lapor_pool       *pool;
    struct lapor_json_error  error;

    rc = -1;
    memset(&send, 0, sizeof(send));
    memset(&check, 0, sizeof(check));

    pool = lapor_pool_create(16384);
    body = lapor_buf_view(&rq->body);

    if (lapor_json_parse(pool, body.data, body.len, &root, &error) == 0) {
        rc = graph_message_recipient(root, &send, &check);
        memcpy(ret_to, send.to, GRAPH_TO_LEN);
    }

    lapor_pool_destroy(pool);
    return rc;
}


static void
graph_message_send(struct graph_request *rq, const struct lapor_json *root,
    struct graph_check *check)
{
    struct lapor_buf   body;
    struct graph_send  send;

    memset(&send, 0, sizeof(send));

    if (graph_message_recipient(root, &send, check) == -1
        || graph_validate_message(check, root) == -1)
    {
        return;
    }

    (void) snprintf(send.phone_number_id, sizeof(send.phone_number_id), "%s",
                    rq->id);
    send.key = lapor_json_get_text(root, "biz_opaque_callback_data");
    send.plan = rq->effect.has_plan ? rq->effect.plan : rq->graph->conf.plan;

    lapor_buf_init(&body);
    lapor_json_print(&body, root, 0);

    if (graph_message_accept(rq, &send, lapor_buf_view(&body), check) == 0) {
        graph_message_answer(rq, root, &send);
    }

    lapor_buf_free(&body);
}


/* `to` wins over `recipient`. */

static int
graph_message_recipient(const struct lapor_json *root,
    struct graph_send *send, struct graph_check *check)
{
    struct lapor_str  kind, to, user;

    kind = lapor_json_get_text(root, "recipient_type");
    to = lapor_json_get_text(root, "to");
    user = lapor_json_get_text(root, "recipient");

    if (kind.data != NULL && !lapor_str_eqz(kind, "individual")) {
        return graph_check_fail(check, 100, "Param recipient_type must be "
                                "individual; groups are not emulated.");
    }

    if (to.data != NULL) {
        return graph_message_number(to, send, check);
    }

    if (user.data != NULL) {
        return graph_message_user(user, send, check);
    }

    return graph_check_fail(check, 100, "The parameter to is required.");
}


/* Digits, with what people write between them.  E.164 has up to 15. */

static int
graph_message_number(struct lapor_str text, struct graph_send *send,
    struct graph_check *check)
{
    char    c;
    size_t  i, len;

    len = 0;

    for (i = 0; i < text.len && len < GRAPH_TO_LEN - 1; i++) {
        c = text.data[i];

        if (c >= '0' && c <= '9') {
            send->to[len++] = c;

        } else if (c == '\0' || strchr(" -().", c) == NULL) {
            if (c != '+' || i != 0) {
                return graph_check_fail(check, 131009,
                                        "Param to is not a valid number.");
            }
        }
    }

    send->to[len] = '\0';

    if (len == 0) {
        return graph_check_fail(check, 131009,
                                "Param to is not a valid number.");
    }

    if (len < 7 || len > 15) {
        return graph_check_fail(check, 131026,
                                "The recipient is not on WhatsApp.");
    }

    return 0;
}


/* Country code, dot, perhaps "ENT.", up to 128 letters and digits. */

static int
graph_message_user(struct lapor_str text, struct graph_send *send,
    struct graph_check *check)
{
    char    c;
    int     bad;
    size_t  i, start;

    bad = text.len < 4 || text.data[2] != '.';
    start = !bad && text.len > 7 && strncmp(text.data + 3, "ENT.", 4) == 0
            ? 7 : 3;
    bad = bad || text.len - start > GRAPH_USER_ID_MAX;

    for (i = 0; !bad && i < text.len; i++) {
        c = text.data[i];

        if (i == 2 || (i == 6 && start == 7)) {
            continue;
        }

        bad = !((c >= 'A' && c <= 'Z')
                || (i >= start && ((c >= 'a' && c <= 'z')
                                   || (c >= '0' && c <= '9'))));
    }

    if (bad) {
        return graph_check_fail(check, 131009,
                                "Param recipient is not a valid user id.");
    }

    send->is_user = 1;
    memcpy(send->to, text.data, text.len);
    send->to[text.len] = '\0';

    return 0;
}


/*
 * Limits, then the journal, then the statuses, all under one lock, so that a
 * reset finds a send in all of them or in none.
 */

static int
graph_message_accept(struct graph_request *rq, struct graph_send *send,
    struct lapor_str body, struct graph_check *check)
{
    int            rc;
    char           pair[GRAPH_TO_LEN + 32];
    int64_t        now_us;
    struct graph  *g;

    g = rq->graph;
    now_us = lapor_time_ms() * 1000;
    (void) snprintf(pair, sizeof(pair), "%s %s", send->phone_number_id,
                    send->to);

    (void) pthread_mutex_lock(&g->lock);

    if (!graph_limits_allow(g->limits, &g->conf.pair, pair, now_us)) {
        rc = graph_check_fail(check, 131056, "Message failed to send because "
                              "there were too many messages sent from this "
                              "phone number to the same phone number in a "
                              "short period of time.");

    } else if (!graph_limits_allow(g->limits, &g->conf.throughput,
                                   send->phone_number_id, now_us))
    {
        rc = graph_check_fail(check, 130429, "Message failed to send because "
                              "there were too many messages sent from this "
                              "phone number in a short period of time.");

    } else if (graph_sends_add(&g->sends, send, body) == -1) {
        rc = graph_check_fail(check, 131000,
                              "The message could not be written.");

    } else {
        graph_limits_take(g->limits, &g->conf.pair, pair, now_us);
        graph_limits_take(g->limits, &g->conf.throughput,
                          send->phone_number_id, now_us);
        graph_statuses_add(g->statuses, send, 0);
        rc = 0;
    }

    (void) pthread_mutex_unlock(&g->lock);

    return rc;
}


static void
graph_message_answer(struct graph_request *rq, const struct lapor_json *root,
    const struct graph_send *send)
{
    struct lapor_buf  *b;

    b = &rq->answer.body;

    lapor_buf_addz(b, "{\"messaging_product\":\"whatsapp\",\"contacts\":[{");
    lapor_buf_json_member(b, "input",
                          lapor_json_get_text(root, send->is_user
                                              ? "recipient" : "to"));
    lapor_buf_json_member(b, send->is_user ? "user_id" : "wa_id",
                          lapor_str_from(send->to));
    lapor_buf_addz(b, "}],\"messages\":[{");
    lapor_buf_json_member(b, "id", lapor_str_from(send->wamid));

    if (lapor_str_eqz(lapor_json_get_text(root, "type"), "template")) {
        lapor_buf_json_member(b, "message_status", LAPOR_STR("accepted"));
    }

    lapor_buf_addz(b, "}]}");
}


/* Voicemail ids, "wacid.", cannot be marked. */

static void
graph_message_read(struct graph_request *rq, const struct lapor_json *root,
    struct graph_check *check)
{
    int                       rc;
    struct lapor_str          id;
    const struct lapor_json  *typing;

    id = lapor_json_get_text(root, "message_id");
    typing = lapor_json_get(root, "typing_indicator");

    if (!lapor_str_eqz(lapor_json_get_text(root, "status"), "read")) {
        (void) graph_check_fail(check, 100, "Param status must be read.");
        return;
    }

    if (id.data == NULL) {
        (void) graph_check_fail(check, 100,
                                "The parameter message_id is required.");
        return;
    }

    if (!lapor_str_starts(id, "wamid.") || id.len >= GRAPH_WAMID_LEN) {
        (void) graph_check_fail(check, 131009,
                                "Param message_id is not valid.");
        return;
    }

    if (typing != NULL
        && !lapor_str_eqz(lapor_json_get_text(typing, "type"), "text"))
    {
        (void) graph_check_fail(check, 131009,
                                "Param typing_indicator['type'] must be "
                                "text.");
        return;
    }

    rc = graph_message_keep_read(rq, id, typing != NULL, root);
    if (rc == -1) {
        (void) graph_check_fail(check, 131000,
                                "The read mark could not be written.");
        return;
    }

    lapor_buf_addz(&rq->answer.body, "{\"success\":true}");
}


static int
graph_message_keep_read(struct graph_request *rq, struct lapor_str id,
    int typing, const struct lapor_json *root)
{
    int                rc;
    struct graph      *g;
    struct lapor_buf   line;

    g = rq->graph;
    lapor_buf_init(&line);

    (void) pthread_mutex_lock(&g->lock);

    lapor_buf_printf(&line, "{\"n\":%zu,\"at\":%" PRId64, g->reads.n + 1,
                     lapor_time_ms());
    lapor_buf_json_member(&line, "phone_number_id", lapor_str_from(rq->id));
    lapor_buf_json_member(&line, "message_id", id);
    lapor_buf_printf(&line, ",\"typing\":%s,\"body\":",
                     typing ? "true" : "false");
    lapor_json_print(&line, root, 0);
    lapor_buf_addz(&line, "}\n");

    rc = lapor_buf_check(&line);
    if (rc == 0) {
        rc = graph_list_append(&g->reads, lapor_buf_view(&line), 0);
    }

    (void) pthread_mutex_unlock(&g->lock);

    lapor_buf_free(&line);
    return rc;
}
