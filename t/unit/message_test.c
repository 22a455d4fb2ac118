/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the payload alone decides of a message: may it open a report, is it
 * answered, how urgent is it. The files under test are part of a program, so
 * they are included.
 */

#include "t/unit/tap.h"

#include "decode/decode.h"
#include "intake/code.c"
#include "intake/detail.c"
#include "intake/message.c"
#include "intake/pin.c"
#include "intake/rate.c"
#include "intake/scout.c"
#include "intake/who_tenure.c"
#include "intake/words.c"


static void test_unsupported(void);
static void test_unknown(void);
static void test_permission(void);
static void test_form(void);
static const struct lapor_intake_message *make(const char *json);
static void rules(const char *json, const char *want);


static struct lapor_pool  *pool;


int
main(void)
{
    pool = lapor_pool_create(65536);

    test_unsupported();
    test_unknown();
    test_permission();
    test_form();

    lapor_pool_destroy(pool);

    return tap_done();
}


/* As a number hears it that is not used in the Business app as well. */

static void
test_unsupported(void)
{
    size_t  i;
    char    json[256];

    static const char *const  gestures[] = {
        "reaction", "pin", "poll_update", "keep_in_chat", "revoke", NULL
    };

    static const char *const  others[] = {
        "poll_creation", "gif", "list", "image", "media_placeholder",
        "link_preview", "hologram", "errors", NULL
    };

    rules("'type':'unsupported','unsupported':{'type':'edit'}",
          "edits P2 ambigu");
    rules("'type':'unknown','unknown':{'type':'edit'}", "edits P2 ambigu");

    for (i = 0; gestures[i] != NULL; i++) {
        snprintf(json, sizeof(json),
                 "'type':'unsupported','unsupported':{'type':'%s'}",
                 gestures[i]);
        rules(json, "P4 bukan_laporan");
    }

    for (i = 0; others[i] != NULL; i++) {
        snprintf(json, sizeof(json),
                 "'type':'unsupported','unsupported':{'type':'%s'}",
                 others[i]);
        rules(json, "opens answers P2 ambigu");
    }

    rules("'type':'unsupported'", "opens answers P2 ambigu");
    rules("'type':'edit','edit':{'original_message_id':'wamid.B',"
          "'message':{'type':'text','text':{'body':'ok'}}}",
          "edits worded P4 bukan_laporan");
    ok(make("'type':'edit','edit':{'original_message_id':'wamid.B','message':"
            "{'type':'text','text':{'body':'LATIHAN ada begal'}}}")->drill,
       "an edit may say that it plays");
    rules("'type':'edit','edit':{'original_message_id':'wamid.B'}",
          "edits P2 ambigu");
    rules("'type':'reaction','reaction':{'message_id':'wamid.B'}",
          "P4 bukan_laporan");
}


/* Of what nobody can read, the next person says what it is. */

static void
test_unknown(void)
{
    rules("'type':'ephemeral'", "opens answers P2 ambigu");
    rules("'type':'view_once','view_once':{'type':'image'}",
          "opens answers P2 ambigu");
    rules("'type':'hologram','hologram':{'depth':3}",
          "opens answers P2 ambigu");
    rules("'type':'hologram','hologram':{'caption':'terima kasih'}",
          "opens answers worded trivial P3 ambigu");
    rules("'type':'order','order':{'product_items':[]}",
          "opens answers P3 ambigu");
    rules("'type':'text','text':{'body':''}",
          "opens answers trivial P3 ambigu");
    rules("'type':'sticker','sticker':{'id':'1'}",
          "opens answers trivial P3 ambigu");
}


static void
test_permission(void)
{
    rules("'type':'interactive','interactive':{'type':"
          "'call_permission_reply','call_permission_reply':{'response':"
          "'accept','response_source':'automatic'}}", "P4 bukan_laporan");
    rules("'type':'interactive','interactive':{'type':"
          "'call_permission_reply','call_permission_reply':{'response':"
          "'accept','response_source':'user_action'}}",
          "opens answers P3 ambigu");
}


/* A robbery that somebody fills into a form is one. */

static void
test_form(void)
{
    const struct lapor_intake_message  *m;

    static const char  robbed[] =
        "'type':'interactive','interactive':{'type':'nfm_reply','nfm_reply':{"
        "'name':'flow','body':'Sent','response_json':{'flow_token':'t',"
        "'what':'ada begal bawa celurit, korban berdarah'}}}";

    rules(robbed, "opens answers worded P1 curas");
    m = make(robbed);
    ok(m != NULL && scout_urgent(m->event), "and is found in a backlog");
    rules("'type':'interactive','interactive':{'type':'nfm_reply','nfm_reply'"
          ":{'body':'Sent','response_json':{'flow_token':'ada begal bawa "
          "celurit, korban berdarah'}}}", "opens answers worded P3 ambigu");
}


/* A message with these members, in quotes of one stroke. */

static const struct lapor_intake_message *
make(const char *json)
{
    char                      body[1024], *p;
    struct lapor_decoded      decoded;
    struct lapor_intake_raw  *raw;

    lapor_pool_reset(pool);
    raw = lapor_pool_alloc(pool, sizeof(*raw));
    raw->received_ms = INT64_C(1782000000000);

    snprintf(body, sizeof(body), "{'object':'whatsapp_business_account',"
             "'entry':[{'changes':[{'field':'messages','value':{'metadata':{"
             "'phone_number_id':'1110'},'messages':[{'id':'wamid.A','from':"
             "'6280000000001','timestamp':'1782000000',%s}]}}]}]}", json);

    for (p = body; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    if (lapor_decode(pool, body, strlen(body), &decoded) == -1
        || decoded.count != 1)
    {
        return NULL;
    }

    return lapor_intake_message_make(pool, raw, decoded.first);
}


static void
rules(const char *json, const char *want)
{
    char                                got[128];
    const struct lapor_intake_message  *m;

    m = make(json);

    if (!ok(m != NULL, "%s", json)) {
        return;
    }

    snprintf(got, sizeof(got), "%s%s%s%s%s%s %s", m->opens ? "opens " : "",
             m->answers ? "answers " : "", m->edits ? "edits " : "",
             m->worded ? "worded " : "", m->trivial ? "trivial " : "",
             m->urgency, m->category);
    is_str(got, want, "... %s", want);
}
