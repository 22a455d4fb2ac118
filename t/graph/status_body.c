/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The body of a status webhook, in the form in which Meta's bodies are on the
 * wire: non-ASCII as \u and four lower-case hex digits, "/" as "\/".
 */

#include "t/graph/statuses.h"

#include "lib/utf8.h"
#include "t/graph/answer.h"

#include <inttypes.h>
#include <stdlib.h>


static void graph_body_text(struct lapor_buf *to, const char *name,
    struct lapor_str text);
static void graph_body_char(struct lapor_buf *to, uint32_t code);
static void graph_body_metadata(struct lapor_buf *to,
    const struct graph_send *send);
static void graph_body_status(struct lapor_buf *to,
    const struct graph_send *send, enum graph_state state, int64_t now_s);
static void graph_body_error(struct lapor_buf *to, int code);


void
graph_statuses_body(const struct graph_conf *conf,
    const struct graph_send *send, enum graph_state state, int64_t now_s,
    struct lapor_buf *to)
{
    lapor_buf_addz(to, "{\"object\":\"whatsapp_business_account\","
                       "\"entry\":[{");
    graph_body_text(to, "id", lapor_str_from(conf->waba));
    lapor_buf_addz(to, ",\"changes\":[{\"value\":{"
                       "\"messaging_product\":\"whatsapp\",");
    graph_body_metadata(to, send);

    /* a failed status comes without contacts */
    if (state != GRAPH_FAILED) {
        lapor_buf_addz(to, ",\"contacts\":[{");
        graph_body_text(to, send->is_user ? "user_id" : "wa_id",
                        lapor_str_from(send->to));
        lapor_buf_addz(to, "}]");
    }

    graph_body_status(to, send, state, now_s);
    lapor_buf_addz(to, "},\"field\":\"messages\"}]}]}");
}


/* A display number of the fake range, made of the id's last digits. */

static void
graph_body_metadata(struct lapor_buf *to, const struct graph_send *send)
{
    unsigned  tail;

    tail = (unsigned) (strtoull(send->phone_number_id, NULL, 10) % 1000);

    lapor_buf_printf(to, "\"metadata\":{\"display_phone_number\":"
                         "\"6280000009%03u\",", tail);
    graph_body_text(to, "phone_number_id",
                    lapor_str_from(send->phone_number_id));
    lapor_buf_addc(to, '}');
}


static void
graph_body_status(struct lapor_buf *to, const struct graph_send *send,
    enum graph_state state, int64_t now_s)
{
    lapor_buf_addz(to, ",\"statuses\":[{");
    graph_body_text(to, "id", lapor_str_from(send->wamid));
    lapor_buf_printf(to, ",\"status\":\"%s\",\"timestamp\":\"%" PRId64 "\",",
                     graph_plan_word(state), now_s);
    graph_body_text(to, send->is_user ? "recipient_user_id" : "recipient_id",
                    lapor_str_from(send->to));

    if (send->key.data != NULL) {
        lapor_buf_addc(to, ',');
        graph_body_text(to, "biz_opaque_callback_data", send->key);
    }

    if (state == GRAPH_SENT || state == GRAPH_DELIVERED) {
        lapor_buf_addz(to, ",\"pricing\":{\"billable\":true,"
                           "\"pricing_model\":\"PMP\",\"type\":\"regular\","
                           "\"category\":\"service\"}");
    }

    if (state == GRAPH_FAILED) {
        graph_body_error(to, send->plan.code);
    }

    lapor_buf_addz(to, "}]");
}


static void
graph_body_error(struct lapor_buf *to, int code)
{
    struct lapor_str  title;

    title = lapor_str_from(graph_error_title(code));

    lapor_buf_printf(to, ",\"errors\":[{\"code\":%d,", code);
    graph_body_text(to, "title", title);
    lapor_buf_addc(to, ',');
    graph_body_text(to, "message", title);
    lapor_buf_addz(to, ",\"error_data\":{");
    graph_body_text(to, "details", title);
    lapor_buf_addz(to, "},");
    graph_body_text(to, "href", LAPOR_STR("https://developers.facebook.com/"
                    "docs/whatsapp/cloud-api/support/error-codes/"));
    lapor_buf_addz(to, "}]");
}


static void
graph_body_text(struct lapor_buf *to, const char *name,
    struct lapor_str text)
{
    int       n;
    size_t    i;
    uint32_t  code;

    lapor_buf_printf(to, "\"%s\":\"", name);

    for (i = 0; i < text.len; i += (size_t) n) {
        n = lapor_wtf8_next(text.data + i, text.len - i, &code);

        if (n < 0) {
            n = -n;
            code = LAPOR_UTF8_REPLACEMENT;
        }

        graph_body_char(to, code);
    }

    lapor_buf_addc(to, '"');
}


static void
graph_body_char(struct lapor_buf *to, uint32_t code)
{
    if (code == '"' || code == '\\' || code == '/') {
        lapor_buf_addc(to, '\\');
        lapor_buf_addc(to, (char) code);

    } else if (code >= 0x20 && code < 0x7f) {
        lapor_buf_addc(to, (char) code);

    } else if (code < 0x10000) {
        lapor_buf_printf(to, "\\u%04x", code);

    } else {
        code -= 0x10000;
        lapor_buf_printf(to, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
                         0xdc00 + (code & 0x3ff));
    }
}
