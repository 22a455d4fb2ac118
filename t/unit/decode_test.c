/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the golden files do not show: bodies that are no webhooks, the fields
 * that are not printed, parts, and bodies out of all proportion.
 */


#include "decode/decode.h"
#include "lib/part.h"
#include "t/unit/tap.h"


#define FRONT                                                                 \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\","     \
    "\"changes\":[{\"field\":\"messages\",\"value\":"
#define BACK  "}]}]}"


static struct lapor_pool     *pool;
static struct lapor_decoded   decoded;


static struct lapor_event *decode_value(const char *value);
static void test_refused(void);
static void test_identity(void);
static void test_parts(void);
static void test_same_part_whatever_the_batch(void);
static void test_flags(void);
static void test_pointers(void);
static void test_forms(void);
static const char *form(const char *reply);
static void test_times(void);
static void test_thousand(void);
static void test_too_many(void);
static void test_long_text(void);
static void test_deep(void);
static void test_mangled(void);


int
main(void)
{
    pool = lapor_pool_create(65536);

    test_refused();
    test_identity();
    test_parts();
    test_same_part_whatever_the_batch();
    test_flags();
    test_pointers();
    test_forms();
    test_times();
    test_thousand();
    test_too_many();
    test_long_text();
    test_deep();
    test_mangled();

    lapor_pool_destroy(pool);

    return tap_done();
}


/* The first event of a body with this value, NULL when it is refused. */

static struct lapor_event *
decode_value(const char *value)
{
    int               rc;
    struct lapor_buf  body = LAPOR_BUF_INIT;

    lapor_buf_addz(&body, FRONT);
    lapor_buf_addz(&body, value);
    lapor_buf_addz(&body, BACK);
    rc = lapor_decode(pool, body.data, body.len, &decoded);
    lapor_buf_free(&body);

    return rc == 0 ? decoded.first : NULL;
}


static void
test_refused(void)
{
    static const char *const  bodies[][2] = {
        { "", "not JSON: parse error: premature EOF at byte 0" },
        { "hello", "not JSON: lexical error: invalid char in json text "
          "at byte 1" },
        { "[]", "not a webhook: not a JSON object" },
        { "null", "not a webhook: not a JSON object" },
        { "\"whatsapp_business_account\"",
          "not a webhook: not a JSON object" },
        { "{}", "not a webhook: object is not whatsapp_business_account" },
        { "{\"object\":\"page\",\"entry\":[]}",
          "not a webhook: object is not whatsapp_business_account" },
        { "{\"object\":[\"whatsapp_business_account\"]}",
          "not a webhook: object is not whatsapp_business_account" },
        { "{\"object\":\"whatsapp_business_account\",\"entry\":[]} x",
          "not JSON: parse error: trailing garbage at byte 51" },
    };

    int     rc;
    size_t  i;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        rc = lapor_decode(pool, bodies[i][0], strlen(bodies[i][0]), &decoded);
        is(rc, -1, "refused %zu", i);
        is_str(decoded.error, bodies[i][1], "and why");
        ok(decoded.first == NULL && decoded.count == 0, "without events");
    }
}


static void
test_identity(void)
{
    struct lapor_event  *event;

    event = decode_value(
        "{\"contacts\":[{\"wa_id\":\"6280000000001\",\"user_id\":\"ID.1\","
        "\"parent_user_id\":\"ID.ENT.1\"}],\"messages\":[{\"id\":\"w\","
        "\"from\":\"6280000000001\",\"type\":\"text\"}]}");
    ok(lapor_str_eqz(event->identity, "6280000000001"), "from is identity");
    ok(lapor_str_eqz(event->phone, "6280000000001"), "and a phone");
    ok(lapor_str_eqz(event->user_id, "ID.1"), "the contact adds the user id");
    ok(lapor_str_eqz(event->parent_user_id, "ID.ENT.1"), "and the parent's");
    ok(lapor_str_eqz(event->wa_id, "6280000000001"), "and its own number");

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"\",\"from_user_id\":\"ID.2\","
        "\"from_parent_user_id\":\"ID.ENT.2\"}]}");
    ok(lapor_str_eqz(event->identity, "ID.2"), "else the user id is");
    ok(lapor_str_eqz(event->parent_user_id, "ID.ENT.2"), "with its parent");
    ok(event->phone.data == NULL, "and no phone");
    ok(event->broken == NULL, "which is enough");

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"ID.3\",\"type\":\"text\"}]}");
    ok(event->phone.data == NULL, "a user id in from is no phone");
    ok(lapor_str_eqz(event->user_id, "ID.3"), "but a user id");

    event = decode_value(
        "{\"contacts\":[{\"wa_id\":\"6280000000001\"}],"
        "\"messages\":[{\"id\":\"w\",\"type\":\"text\"}]}");
    is_str(event->broken, "message has no sender",
           "a lone contact is not taken for the sender");
    ok(event->name.data == NULL && event->wa_id.data == NULL, "nor named so");

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"62\\u0000\"}]}");
    is_str(event->broken, "sender is unusable", "nor is one with a NUL");

    event = decode_value(
        "{\"statuses\":[{\"id\":\"w\",\"status\":\"read\","
        "\"recipient_id\":\"6280000000001\",\"recipient_user_id\":\"ID.1\"}]}");
    ok(lapor_str_eqz(event->identity, "6280000000001"),
       "of a status it is the recipient");
    ok(event->user_id.data == NULL && event->from.data == NULL,
       "who is not the sender");

    event = decode_value(
        "{\"statuses\":[{\"id\":\"w\",\"status\":\"read\","
        "\"recipient_user_id\":\"ID.1\"}]}");
    ok(lapor_str_eqz(event->identity, "ID.1"), "else his user id");
}


static void
test_parts(void)
{
    struct lapor_event  *event;

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"6280000000001\"}]}");
    is(event->part, lapor_part("6280000000001", 13), "part of the sender");

    event = decode_value("{\"messages\":[{\"id\":\"w\",\"from\":6280000000001"
                         "}]}");
    is(event->part, lapor_part("6280000000001", 13), "given as a number");

    event = decode_value("{\"messages\":[{\"id\":\"wamid.X\","
                         "\"type\":\"system\"}]}");
    is(event->part, lapor_part("wamid.X", 7), "without one, of the id");
    ok(event->broken == NULL, "which a system message may be");

    event = decode_value("{\"messages\":[17]}");
    is(event->part, lapor_part("17", 2), "without an id, of the bytes");
}


static void
test_same_part_whatever_the_batch(void)
{
    unsigned             part;
    struct lapor_event  *event;

    event = decode_value(
        "{\"contacts\":[{\"user_id\":\"ID.1\",\"wa_id\":\"6280000000001\"}],"
        "\"messages\":[{\"id\":\"w\",\"from_user_id\":\"ID.1\"}]}");
    part = event->part;
    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from_user_id\":\"ID.1\"}]}");
    is(part, event->part, "contacts do not change the part");
}


static void
test_flags(void)
{
    struct lapor_event  *event;

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"1\",\"type\":\"audio\","
        "\"audio\":{\"id\":\"m\"},\"context\":{}}]}");
    is(event->media->voice, -1, "an absent flag is neither");
    is(event->media->animated, -1, "true nor false");
    is(event->context->forwarded, -1, "in the context too");
    is(event->unknown, 0, "audio is known");

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"1\",\"type\":\"audio\"}]}");
    is(event->unknown, 1, "audio without audio is shown raw");
    ok(event->media == NULL, "and is no media");

    event = decode_value(
        "{\"metadata\":{\"display_phone_number\":\"\xff\"},\"messages\":["
        "{\"id\":\"w\",\"from\":\"1\"}],\"statuses\":[]}");
    is(event->damaged, 1, "damage of the metadata is the event's");

    event = decode_value(
        "{\"messages\":[{\"id\":\"w\",\"from\":\"1\",\"\\ud800\":1},"
        "{\"id\":\"x\",\"from\":\"1\"}]}");
    is(event->damaged, 1, "damage in a name is the event's");
    is(event->next->damaged, 0, "and not the next one's");
}


static void
test_pointers(void)
{
    struct lapor_event  *event;

    event = decode_value(
        "{\"messages\":[ {\"id\" : \"w\", \"from\":\"1\"} ],"
        "\"statuses\":[{\"id\":\"s\",\"status\":\"sent\"}]}");
    ok(lapor_str_eqz(event->raw, "{\"id\" : \"w\", \"from\":\"1\"}"),
       "raw is as received");
    is(event->order, 0, "first in the body");
    is(event->next->order, 1, "and second");
    is(decoded.count, 2, "of two");
    ok(decoded.last == event->next && event->next->next == NULL,
       "the list ends where it should");
    is(event->next->status->has_pricing, 0, "no pricing");
    is(event->next->status->billable, -1, "no flag");
    is_str(lapor_event_name(event->next->kind), "status", "its name");
}


/* What somebody filled in is what should be read. */

static void
test_forms(void)
{
    struct lapor_buf  reply = LAPOR_BUF_INIT;

    is_str(form("\"body\":\"Sent\",\"response_json\":\"{\\\"flow_token\\\":"
                "\\\"tok\\\",\\\"what\\\":\\\"ada begal\\\",\\\"age\\\":30,"
                "\\\"list\\\":[\\\"satu\\\",{\\\"b\\\":\\\"dua\\\"}]}\""),
           "Sent\nada begal\nsatu\ndua", "strings, not names nor the token");
    is_str(form("\"response_json\":{\"what\":\"ada begal\"}"), "ada begal",
           "as JSON itself, without a body");
    is_str(form("\"body\":\"Sent\",\"response_json\":{\"photo\":[{\"id\":"
                "\"5\",\"mime_type\":\"image/jpeg\"}]}"), "Sent",
           "what describes a file is no answer");
    is_str(form("\"body\":\"Sent\",\"response_json\":\"{\\\"a\\\":\""), "Sent",
           "what is no JSON leaves the body");
    ok(!decoded.first->damaged, "which is whole");
    is_str(form("\"response_json\":\"[\\\"\\\\ud83d\\\"]\""), "\xed\xa0\xbd",
           "half of a character inside");
    ok(decoded.first->damaged, "is damage, as outside");

    lapor_buf_addz(&reply, "\"response_json\":[\"");

    while (reply.len < 30000) {
        lapor_buf_addz(&reply, "\xc3\xa9");
    }

    lapor_buf_addz(&reply, "\",\"more\"]");
    is(strlen(form(lapor_buf_cstr(&reply))), 8192, "a long one is cut");
    lapor_buf_free(&reply);
}


static const char *
form(const char *reply)
{
    struct lapor_buf     value = LAPOR_BUF_INIT;
    struct lapor_event  *event;

    lapor_buf_printf(&value, "{\"messages\":[{\"id\":\"w\",\"type\":"
                     "\"interactive\",\"interactive\":{\"type\":"
                     "\"nfm_reply\",\"nfm_reply\":{%s}}}]}", reply);
    event = decode_value(lapor_buf_cstr(&value));
    lapor_buf_free(&value);

    return lapor_pool_strndup(pool, event->text.data, event->text.len);
}


static void
test_times(void)
{
    static const struct {
        const char          *token;
        enum lapor_sent_at   sent;
        int64_t              at;
    } cases[] = {
        { "\"1782000000\"", LAPOR_SENT_VALID, 1782000000 },
        { "1782000000", LAPOR_SENT_VALID, 1782000000 },
        { "\"1230768000\"", LAPOR_SENT_VALID, 1230768000 },
        { "\"1230767999\"", LAPOR_SENT_ABSURD, 0 },
        { "\"4102444799\"", LAPOR_SENT_VALID, 4102444799 },
        { "\"4102444800\"", LAPOR_SENT_ABSURD, 0 },
        { "-1", LAPOR_SENT_ABSURD, 0 },
        { "\"x\"", LAPOR_SENT_UNREADABLE, 0 },
        { "\"\"", LAPOR_SENT_UNREADABLE, 0 },
        { "true", LAPOR_SENT_UNREADABLE, 0 },
        { "[]", LAPOR_SENT_UNREADABLE, 0 },
        { "1782000000.5", LAPOR_SENT_UNREADABLE, 0 },
        { "99999999999999999999", LAPOR_SENT_UNREADABLE, 0 },
        { "null", LAPOR_SENT_MISSING, 0 },
    };

    char                 value[200];
    size_t               i;
    struct lapor_event  *event;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(value, sizeof(value), "{\"messages\":[{\"id\":\"w\","
                 "\"from\":\"1\",\"timestamp\":%s}]}", cases[i].token);
        event = decode_value(value);
        is(event->sent, cases[i].sent, "timestamp %s", cases[i].token);
        is(event->sent_at, cases[i].at, "its seconds");
        ok(event->broken == NULL, "harms nothing");
    }
}


/* Meta's largest batch: a thousand updates, each of another sender. */

static void
test_thousand(void)
{
    int                  i, named;
    char                 name[16];
    struct lapor_buf     value = LAPOR_BUF_INIT;
    struct lapor_event  *event;

    lapor_buf_addz(&value, "{\"contacts\":[");

    for (i = 999; i >= 0; i--) {
        lapor_buf_json_comma(&value);
        lapor_buf_printf(&value, "{\"profile\":{\"name\":\"N%d\"},"
                         "\"wa_id\":\"628000000%04d\"}", i, i);
    }

    lapor_buf_addz(&value, "],\"messages\":[");

    for (i = 0; i < 1000; i++) {
        lapor_buf_json_comma(&value);
        lapor_buf_printf(&value, "{\"id\":\"w%d\",\"from\":\"628000000%04d\","
                         "\"timestamp\":\"1782000000\",\"type\":\"text\","
                         "\"text\":{\"body\":\"no %d\"}}", i, i, i);
    }

    lapor_buf_addz(&value, "]}");
    event = decode_value(lapor_buf_cstr(&value));
    is(decoded.count, 1000, "a thousand messages");

    named = 0;

    for (i = 0; event != NULL; event = event->next, i++) {
        snprintf(name, sizeof(name), "N%d", i);
        named += lapor_str_eqz(event->name, name) && event->broken == NULL;
    }

    is(named, 1000, "each with its own name");

    lapor_buf_free(&value);
    lapor_pool_reset(pool);
}


static void
test_too_many(void)
{
    int               i;
    struct lapor_buf  value = LAPOR_BUF_INIT;

    lapor_buf_addz(&value, "{\"messages\":[0");

    for (i = 1; i < LAPOR_DECODE_EVENTS; i++) {
        lapor_buf_addz(&value, ",0");
    }

    lapor_buf_addz(&value, "]}");
    ok(decode_value(lapor_buf_cstr(&value)) != NULL, "as many as are taken");
    is(decoded.count, LAPOR_DECODE_EVENTS, "are all there");
    lapor_pool_reset(pool);

    lapor_buf_drop(&value, 2);
    lapor_buf_addz(&value, ",0]}");
    ok(decode_value(lapor_buf_cstr(&value)) == NULL, "one more is refused");
    is_str(decoded.error, "not a webhook: more than 20000 items", "as that");

    lapor_buf_free(&value);
    lapor_pool_reset(pool);
}


static void
test_long_text(void)
{
    int                  i;
    struct lapor_buf     value = LAPOR_BUF_INIT;
    struct lapor_event  *event;

    lapor_buf_addz(&value, "{\"messages\":[{\"id\":\"w\",\"from\":\"1\","
                   "\"type\":\"text\",\"text\":{\"body\":\"");

    for (i = 0; i < 200000; i++) {
        lapor_buf_addz(&value, "\\ud83d\\ude00");
    }

    lapor_buf_addz(&value, "\"}}]}");
    event = decode_value(lapor_buf_cstr(&value));
    is(event->text.len, 800000, "a text of 2.4 MB of escapes");
    is(event->damaged, 0, "is whole");

    lapor_buf_free(&value);
    lapor_pool_reset(pool);
}


static void
test_deep(void)
{
    int               i;
    struct lapor_buf  value = LAPOR_BUF_INIT;

    lapor_buf_addz(&value, "{\"messages\":");

    for (i = 0; i < 1000000; i++) {
        lapor_buf_addc(&value, '[');
    }

    ok(decode_value(lapor_buf_cstr(&value)) == NULL, "a million brackets");
    is_str(decoded.error, "not JSON: nested too deeply at byte 167",
           "are refused early");

    lapor_buf_reset(&value);
    lapor_buf_addz(&value, "{\"messages\":[{\"id\":\"w\",\"from\":\"1\","
                   "\"type\":\"edit\",\"edit\":{\"message\":");

    for (i = 0; i < 20; i++) {
        lapor_buf_addz(&value, "{\"type\":\"edit\",\"edit\":{\"message\":");
    }

    lapor_buf_addz(&value, "null");

    for (i = 0; i < 41; i++) {
        lapor_buf_addc(&value, '}');
    }

    lapor_buf_addz(&value, "}]}");
    ok(decode_value(lapor_buf_cstr(&value)) != NULL,
       "edits inside edits are read once");

    lapor_buf_free(&value);
    lapor_pool_reset(pool);
}


/* Every byte of a rich body replaced by some others: whatever comes out of
 * it, nothing may fall over, and what is printed must stay valid. */

static void
test_mangled(void)
{
    static const char  body[] = FRONT
        "{\"metadata\":{\"phone_number_id\":\"1\"},\"contacts\":[{\"wa_id\":"
        "\"6280000000001\",\"profile\":{\"name\":\"\\ud83d\\ude00\"}}],"
        "\"messages\":[{\"id\":\"w\",\"from\":\"6280000000001\","
        "\"timestamp\":\"1782000000\",\"type\":\"image\",\"image\":{\"id\":"
        "\"5\",\"caption\":\"\xc3\xa9\"},\"context\":{\"id\":\"x\"}}],"
        "\"statuses\":[{\"id\":\"s\",\"status\":\"sent\",\"errors\":"
        "[{\"code\":1}]}],\"errors\":[null]}" BACK;
    static const char  others[] = "\0\"\\{}[],:0aut\x80\xff\xed ";

    char                 copy[sizeof(body)];
    size_t               i, k;
    int                  printed;
    struct lapor_buf     out = LAPOR_BUF_INIT;
    struct lapor_event  *event;

    printed = 0;

    for (i = 0; i < sizeof(body) - 1; i++) {

        for (k = 0; k < sizeof(others) - 1; k++) {
            memcpy(copy, body, sizeof(body));
            copy[i] = others[k];

            if (lapor_decode(pool, copy, sizeof(body) - 1, &decoded) == -1) {
                continue;
            }

            for (event = decoded.first; event != NULL; event = event->next) {
                lapor_decode_print(&out, event);
                printed++;
            }

            lapor_buf_reset(&out);
            lapor_pool_reset(pool);
        }
    }

    ok(printed > 1000, "mangled bodies are read as far as they are JSON");
    lapor_buf_free(&out);
}
