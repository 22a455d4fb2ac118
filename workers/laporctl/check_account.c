/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Is our app subscribed to the WhatsApp accounts of our numbers? Without it
 * Meta sends nothing, and nothing else fails. Which accounts these are is
 * configured, or else told by the last webhooks.
 */

#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "laporctl/check.h"
#include "laporctl/web.h"
#include "lib/graph.h"


/* More are not in one body but of a test. */
#define ACCOUNT_BODY_MAX  65536

#define WHAT  "subscription"

/* How to mend it stands there. */
#define ADVICE  "see Subscriptions in operations.md"


static void account_add(struct ctl_check *c, struct lapor_str id);
static void account_read(struct ctl_check *c, struct lapor_str body,
    struct lapor_pool *pool);
static bool account_ask(struct ctl_check *c, struct lapor_http *http,
    const struct lapor_graph *graph, const char *account);
static void account_apps(struct ctl_check *c, const char *account,
    struct lapor_str answer, struct lapor_pool *pool);


void
lapor_ctl_check_accounts_find(struct ctl_check *c, struct lapor_pg *pg)
{
    int                     row;
    PGresult               *res;
    struct lapor_pool      *pool;
    struct lapor_pgparams   p;

    pool = lapor_pool_create(ACCOUNT_BODY_MAX);
    lapor_pgparams_init(&p, pool);
    lapor_pgparams_int4(&p, ACCOUNT_BODY_MAX);

    if (lapor_pg_exec(pg, "SELECT w.body FROM lapor.raw_webhook w "
            "WHERE w.received_at > now() - interval '31 days' "
            "AND octet_length(w.body) < $1 "
            "ORDER BY w.received_at DESC LIMIT 100", &p, &res) != LAPOR_PG_OK)
    {
        lapor_ctl_say(c, CTL_BAD, WHAT, "%s", lapor_pg_error(pg));
        lapor_pool_destroy(pool);
        return;
    }

    for (row = 0; row < PQntuples(res); row++) {
        account_read(c, lapor_pg_get_str(res, row, 0), pool);
        lapor_pool_reset(pool);
    }

    PQclear(res);
    lapor_pool_destroy(pool);
}


static void
account_read(struct ctl_check *c, struct lapor_str body,
    struct lapor_pool *pool)
{
    const struct lapor_event  *event;
    struct lapor_decoded       decoded;

    if (lapor_decode(pool, body.data, body.len, &decoded) == -1) {
        return;
    }

    for (event = decoded.first; event != NULL; event = event->next) {
        account_add(c, event->waba_id);
    }
}


static void
account_add(struct ctl_check *c, struct lapor_str id)
{
    size_t  i;

    if (!lapor_str_digits(id) || id.len >= sizeof(c->accounts[0])) {
        return;
    }

    for (i = 0; i < c->naccounts; i++) {
        if (lapor_str_eqz(id, c->accounts[i])) {
            return;
        }
    }

    if (c->naccounts < CTL_ACCOUNTS) {
        memcpy(c->accounts[c->naccounts], id.data, id.len);
        c->accounts[c->naccounts++][id.len] = '\0';
    }
}


void
lapor_ctl_check_accounts(struct ctl_check *c, struct lapor_http *http,
    const struct lapor_graph *graph)
{
    size_t                         i;
    const struct lapor_conf_list  *list;

    list = &c->conf->waba_id;

    if (list->n == 0 && c->naccounts == 0) {
        lapor_ctl_say(c, CTL_WARN, WHAT, "not asked: waba_id is unknown, and "
                      "no webhook of the last 31 days tells it");
        return;
    }

    for (i = 0; i < (list->n > 0 ? list->n : c->naccounts); i++) {
        if (!account_ask(c, http, graph, list->n > 0 ? list->items[i]
                                                     : c->accounts[i]))
        {
            break;
        }
    }
}


/* False when the Graph API does not answer at all. */

static bool
account_ask(struct ctl_check *c, struct lapor_http *http,
    const struct lapor_graph *graph, const char *account)
{
    struct ctl_web             web;
    struct lapor_pool         *pool;
    struct lapor_graph_error   error;

    if (!lapor_graph_id(lapor_str_from(account))) {
        lapor_ctl_say(c, CTL_BAD, WHAT, "waba_id: \"%s\" is no id", account);
        return true;
    }

    memset(&web, 0, sizeof(web));
    lapor_ctl_web_graph(http, graph, account, "/subscribed_apps", &web);

    if (web.status == 200) {
        pool = lapor_pool_create(4096);
        account_apps(c, account, lapor_buf_view(&web.body), pool);
        lapor_pool_destroy(pool);

    } else if (web.status == 0) {
        lapor_ctl_say(c, CTL_WARN, WHAT, "account %s: %s", account,
                      web.error);

    } else {
        lapor_graph_error(web.status, lapor_buf_cstr(&web.body),
                          web.body.len, &error);
        lapor_ctl_say(c, CTL_WARN, WHAT, "account %s: status %ld, %s; has the "
                      "token whatsapp_business_management?", account,
                      web.status, error.text);
    }

    lapor_buf_free(&web.body);

    return web.status != 0;
}


/* Apps by their ids; a name is another company's text. */

static void
account_apps(struct ctl_check *c, const char *account,
    struct lapor_str answer, struct lapor_pool *pool)
{
    bool                      ours;
    const char               *app;
    struct lapor_buf          ids;
    struct lapor_str          id;
    struct lapor_json        *root;
    struct lapor_json_error   error;
    const struct lapor_json  *list, *node;

    if (lapor_json_parse(pool, answer.data, answer.len, &root, &error) == -1
        || !lapor_json_is(lapor_json_get(root, "data"), LAPOR_JSON_ARRAY))
    {
        lapor_ctl_say(c, CTL_WARN, WHAT, "account %s: the answer is no list "
                      "of apps", account);
        return;
    }

    app = c->conf->app_id;
    ours = false;
    lapor_buf_init(&ids);
    list = lapor_json_get(root, "data");

    LAPOR_JSON_EACH(node, list) {
        id = lapor_json_get_text(
            lapor_json_get(node, "whatsapp_business_api_data"), "id");

        if (lapor_graph_id(id)) {
            lapor_buf_addz(&ids, ids.len == 0 ? "" : ", ");
            lapor_buf_add(&ids, id.data, id.len);
            ours |= app == NULL || lapor_str_eqz(id, app);
        }
    }

    if (ids.len == 0) {
        lapor_ctl_say(c, CTL_BAD, WHAT, "account %s sends webhooks to no app: "
                      "nothing comes, " ADVICE, account);

    } else if (!ours) {
        lapor_ctl_say(c, CTL_BAD, WHAT, "account %s sends webhooks to app %s, "
                      "but not to ours, %s: " ADVICE, account,
                      lapor_buf_cstr(&ids), app);

    } else {
        lapor_ctl_say(c, CTL_OK, WHAT, "account %s sends webhooks to app %s",
                      account, lapor_buf_cstr(&ids));
    }

    lapor_buf_free(&ids);
}
