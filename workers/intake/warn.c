/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Names of fields and events are those of Meta's webhook reference for the
 * Cloud API, v26.0. Events come in capitals or not; the lists are open, and
 * an event that stands in none here is recorded and no more.
 */

#include <string.h>
#include <strings.h>

#include "intake/message.h"
#include "intake/warn.h"


#define OPEN      LAPOR_INTAKE_ALERT_OPEN
#define CLOSE     LAPOR_INTAKE_ALERT_CLOSE
#define WARNING   LAPOR_INTAKE_WARNING
#define CRITICAL  LAPOR_INTAKE_CRITICAL


/* What an alert is about. */
enum warn_subject {
    WARN_ACCOUNT,     /* the WhatsApp account's id */
    WARN_ENTITY,      /* what account_alerts names, and the alert's type */
    WARN_NUMBER,      /* a number of ours as people dial it: digits */
    WARN_TEMPLATE     /* the template's name and language */
};


/* "one" and "two" are the path of the member that holds the event; a rule
 * without a word fits whatever it holds. The first that fits is taken. */
struct warn_rule {
    const char                    *field;
    const char                    *one;
    const char                    *two;
    const char                    *word;
    const char                    *kind;
    enum lapor_intake_alert_mode   mode;
    enum lapor_intake_severity     severity;
    enum warn_subject              subject;
};


static const struct warn_rule *warn_rule(struct lapor_str field,
    const struct lapor_json *value);
static const struct lapor_json *warn_member(const struct lapor_json *value,
    const char *one, const char *two);
static int warn_word(struct lapor_str text, const char *word);
static int warn_known(struct lapor_str field);
static const struct lapor_intake_alert *warn_error(struct lapor_pool *pool,
    const struct lapor_event *event);
static struct lapor_str warn_subject(struct lapor_pool *pool,
    const struct lapor_event *event, const struct lapor_json *value,
    enum warn_subject subject);
static struct lapor_str warn_join(struct lapor_pool *pool,
    struct lapor_str one, struct lapor_str two);
static struct lapor_str warn_digits(struct lapor_pool *pool,
    struct lapor_str text);
static struct lapor_str warn_detail(struct lapor_pool *pool,
    const struct lapor_json *value);
static struct lapor_str warn_take(struct lapor_pool *pool,
    struct lapor_buf *buf);
static int64_t warn_limit(const struct lapor_json *data);
static int64_t warn_limit_read(const struct lapor_json *node);


#define ACCOUNT(word, kind, mode, severity)                                   \
    { "account_update", "event", NULL, word, kind, mode, severity,            \
      WARN_ACCOUNT }
#define BAN(word, mode)                                                       \
    { "account_update", "ban_info", "waba_ban_state", word,                   \
      "account_disabled", mode, CRITICAL, WARN_ACCOUNT }
#define TEMPLATE(word, mode)                                                  \
    { "message_template_status_update", "event", NULL, word,                  \
      "template_stopped", mode, WARNING, WARN_TEMPLATE }
#define QUALITY(word, kind, mode)                                             \
    { "phone_number_quality_update", "event", NULL, word, kind, mode,         \
      WARNING, WARN_NUMBER }
#define SECURITY(word)                                                        \
    { "security", "event", NULL, word, "number_takeover", OPEN, CRITICAL,     \
      WARN_NUMBER }
#define NOTED(one, two, word, mode, severity)                                 \
    { "account_alerts", one, two, word, "account_alert", mode, severity,      \
      WARN_ENTITY }

static const struct warn_rule  warn_rules[] = {
    BAN("SCHEDULE_FOR_DISABLE", OPEN),
    BAN("DISABLE", OPEN),
    BAN("REINSTATE", CLOSE),
    ACCOUNT("ACCOUNT_RESTRICTION", "account_restricted", OPEN, CRITICAL),
    ACCOUNT("ACCOUNT_VIOLATION", "account_violation", OPEN, WARNING),
    ACCOUNT("DISABLED_UPDATE", "account_disabled", OPEN, CRITICAL),
    ACCOUNT("ACCOUNT_DELETED", "account_gone", OPEN, CRITICAL),
    ACCOUNT("ACCOUNT_OFFBOARDED", "account_gone", OPEN, CRITICAL),
    ACCOUNT("PARTNER_REMOVED", "account_gone", OPEN, CRITICAL),
    ACCOUNT("PARTNER_APP_UNINSTALLED", "account_gone", OPEN, CRITICAL),
    ACCOUNT("ACCOUNT_RECONNECTED", "account_gone", CLOSE, CRITICAL),
    ACCOUNT("PARTNER_ADDED", "account_gone", CLOSE, CRITICAL),
    ACCOUNT("PARTNER_APP_INSTALLED", "account_gone", CLOSE, CRITICAL),

    NOTED("alert_status", NULL, "RESOLVED", CLOSE, WARNING),
    NOTED("alert_info", "alert_status", "RESOLVED", CLOSE, WARNING),
    NOTED("alert_severity", NULL, "CRITICAL", OPEN, CRITICAL),
    NOTED("alert_info", "alert_severity", "CRITICAL", OPEN, CRITICAL),
    NOTED("alert_severity", NULL, "WARNING", OPEN, WARNING),
    NOTED("alert_info", "alert_severity", "WARNING", OPEN, WARNING),
    NOTED(NULL, NULL, NULL, OPEN, LAPOR_INTAKE_INFO),

    { "account_review_update", "decision", NULL, "REJECTED",
      "account_rejected", OPEN, CRITICAL, WARN_ACCOUNT },
    { "account_review_update", "decision", NULL, "APPROVED",
      "account_rejected", CLOSE, CRITICAL, WARN_ACCOUNT },

    QUALITY("FLAGGED", "number_flagged", OPEN),
    QUALITY("UNFLAGGED", "number_flagged", CLOSE),
    QUALITY("DOWNGRADE", "number_limited", OPEN),
    QUALITY("UPGRADE", "number_limited", CLOSE),

    { "phone_number_name_update", "decision", NULL, "REJECTED",
      "number_name_rejected", OPEN, WARNING, WARN_NUMBER },
    { "phone_number_name_update", "decision", NULL, "APPROVED",
      "number_name_rejected", CLOSE, WARNING, WARN_NUMBER },

    { "message_template_status_update", "other_info", "title", "UNPAUSE",
      "template_stopped", CLOSE, WARNING, WARN_TEMPLATE },
    TEMPLATE("PAUSED", OPEN),
    TEMPLATE("DISABLED", OPEN),
    TEMPLATE("REJECTED", OPEN),
    TEMPLATE("FLAGGED", OPEN),
    TEMPLATE("LIMIT_EXCEEDED", OPEN),
    TEMPLATE("LOCKED", OPEN),
    TEMPLATE("ARCHIVED", OPEN),
    TEMPLATE("PENDING_DELETION", OPEN),
    TEMPLATE("DELETED", OPEN),
    TEMPLATE("APPROVED", CLOSE),
    TEMPLATE("REINSTATED", CLOSE),
    TEMPLATE("UNPAUSED", CLOSE),
    TEMPLATE("UNLOCKED", CLOSE),
    TEMPLATE("UNARCHIVED", CLOSE),

    { "message_template_quality_update", "new_quality_score", NULL, "RED",
      "template_quality", OPEN, WARNING, WARN_TEMPLATE },
    { "message_template_quality_update", NULL, NULL, NULL,
      "template_quality", CLOSE, WARNING, WARN_TEMPLATE },
    { "template_category_update", NULL, NULL, NULL,
      "template_category", OPEN, WARNING, WARN_TEMPLATE },

    SECURITY("PIN_RESET_REQUEST"),
    SECURITY("PIN_CHANGED"),
    SECURITY("PIN_REQUEST_SUCCESS")
};


/* Fields that Meta has; what has no rule above is nothing to look at. */

static const char *const  warn_fields[] = {
    "messages", "calls", "account_update", "account_alerts",
    "account_review_update", "account_settings_update", "automatic_events",
    "business_capability_update", "business_status_update",
    "business_username_updates", "consumer_profile", "flows",
    "group_lifecycle_update", "group_participants_update",
    "group_settings_update", "group_status_update", "history",
    "message_echoes", "message_template_components_update",
    "message_template_quality_update", "message_template_status_update",
    "messaging_handovers", "partner_solutions",
    "payment_configuration_update", "phone_number_name_update",
    "phone_number_quality_update", "security", "smb_app_state_sync",
    "smb_message_echoes", "standby", "template_category_update",
    "template_correct_category_detection", "tracking_events",
    "user_id_update", "user_preferences"
};


/* Members that go into an alert: of the account, never of a person. Those of
 * account_alerts may stand one step deeper. */

static const char *const  warn_members[] = {
    "event", "decision", "display_phone_number", "current_limit",
    "rejection_reason", "reason", "message_template_name",
    "message_template_language", "previous_quality_score",
    "new_quality_score", "previous_category", "new_category",
    "correct_category", "entity_type", "entity_id", "alert_type",
    "alert_severity", "alert_status", "alert_description"
};


const struct lapor_intake_alert *
lapor_intake_warn_make(struct lapor_pool *pool,
    const struct lapor_intake_raw *raw, const struct lapor_event *event)
{
    const struct warn_rule     *rule;
    const struct lapor_json    *value;
    struct lapor_intake_alert  *alert;

    if (event->kind == LAPOR_EVENT_ERROR) {
        return warn_error(pool, event);
    }

    if (event->kind != LAPOR_EVENT_OTHER || lapor_str_empty(event->field)) {
        return NULL;
    }

    value = lapor_json_get(event->node, "value");
    rule = warn_rule(event->field, value);

    if (rule == NULL && warn_known(event->field)) {
        return NULL;
    }

    alert = lapor_pool_alloc(pool, sizeof(*alert));

    if (rule == NULL) {
        alert->mode = LAPOR_INTAKE_ALERT_ONCE;
        alert->severity = LAPOR_INTAKE_INFO;
        alert->kind = "field_unknown";
        alert->subject = event->field;
        return alert;
    }

    alert->mode = rule->mode;
    alert->severity = rule->severity;
    alert->kind = rule->kind;
    alert->subject = warn_subject(pool, event, value, rule->subject);
    alert->detail = warn_detail(pool, value);

    /* a word of years ahead would outdate all that come until then */
    alert->at_ms = lapor_intake_event_time(event, raw);

    return alert;
}


static const struct warn_rule *
warn_rule(struct lapor_str field, const struct lapor_json *value)
{
    size_t                   i;
    struct lapor_str         text;
    const struct warn_rule  *rule;

    for (i = 0; i < sizeof(warn_rules) / sizeof(warn_rules[0]); i++) {
        rule = &warn_rules[i];

        if (!lapor_str_eqz(field, rule->field)) {
            continue;
        }

        if (rule->word == NULL) {
            return rule;
        }

        text = lapor_json_text(warn_member(value, rule->one, rule->two));

        if (warn_word(text, rule->word)) {
            return rule;
        }
    }

    return NULL;
}


static const struct lapor_json *
warn_member(const struct lapor_json *value, const char *one, const char *two)
{
    const struct lapor_json  *node;

    node = lapor_json_get(value, one);

    return two == NULL ? node : lapor_json_get(node, two);
}


static int
warn_word(struct lapor_str text, const char *word)
{
    return text.len == strlen(word)
           && strncasecmp(text.data, word, text.len) == 0;
}


static int
warn_known(struct lapor_str field)
{
    size_t  i;

    for (i = 0; i < sizeof(warn_fields) / sizeof(warn_fields[0]); i++) {

        if (lapor_str_eqz(field, warn_fields[i])) {
            return 1;
        }
    }

    return 0;
}


/* Of a number or an account: errors of a message or a status stand there. */

static const struct lapor_intake_alert *
warn_error(struct lapor_pool *pool, const struct lapor_event *event)
{
    struct lapor_buf             buf = LAPOR_BUF_INIT;
    struct lapor_intake_alert   *alert;
    const struct lapor_failure  *error;

    alert = lapor_pool_alloc(pool, sizeof(*alert));
    alert->mode = LAPOR_INTAKE_ALERT_OPEN;
    alert->kind = "account_error";
    alert->severity = LAPOR_INTAKE_WARNING;
    alert->subject = lapor_str_empty(event->phone_number_id)
                     ? event->waba_id : event->phone_number_id;

    error = event->errors;
    lapor_buf_addc(&buf, '{');

    if (error != NULL && error->has_code) {
        lapor_buf_printf(&buf, "\"code\":%lld", (long long) error->code);

        if (lapor_intake_warn_stops(error->code)) {
            alert->severity = LAPOR_INTAKE_CRITICAL;
        }
    }

    lapor_buf_addc(&buf, '}');
    alert->detail = warn_take(pool, &buf);

    return alert;
}


bool
lapor_intake_warn_stops(int64_t code)
{
    size_t  i;

    static const int32_t  codes[] = {
        0, 3, 10, 33, 190, 368, 131005, 131031, 131037, 131042, 131044,
        131045, 131048, 131064, 133000, 133005, 133006, 133008, 133009,
        133010, 133015, 133016
    };

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {

        if (code == codes[i]) {
            return true;
        }
    }

    return code >= 200 && code <= 299;
}


static struct lapor_str
warn_subject(struct lapor_pool *pool, const struct lapor_event *event,
    const struct lapor_json *value, enum warn_subject subject)
{
    struct lapor_str          text, type;
    const struct lapor_json  *info;

    text = LAPOR_STR_NONE;

    switch (subject) {

    case WARN_NUMBER:
        text = warn_digits(pool, lapor_json_get_text(value,
                                                     "display_phone_number"));
        break;

    case WARN_TEMPLATE:
        text = warn_join(pool,
            lapor_json_get_text(value, "message_template_name"),
            lapor_json_get_text(value, "message_template_language"));

        if (lapor_str_empty(text)) {
            text = lapor_json_get_text(value, "message_template_id");
        }
        break;

    case WARN_ENTITY:
        info = lapor_json_get(value, "alert_info");
        type = lapor_json_get_text(info == NULL ? value : info, "alert_type");
        text = lapor_json_get_text(value, "entity_id");
        text = warn_join(pool, lapor_str_empty(text) ? event->waba_id : text,
                         type);
        break;

    case WARN_ACCOUNT:
        break;
    }

    return lapor_str_empty(text) ? event->waba_id : text;
}


/* "one/two", or the one that there is. */

static struct lapor_str
warn_join(struct lapor_pool *pool, struct lapor_str one, struct lapor_str two)
{
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    if (lapor_str_empty(one)) {
        return LAPOR_STR_NONE;
    }

    lapor_buf_adds(&buf, one);

    if (!lapor_str_empty(two)) {
        lapor_buf_addc(&buf, '/');
        lapor_buf_adds(&buf, two);
    }

    return warn_take(pool, &buf);
}


/* Meta writes a number now as "+62 800-0000-9999" and now without. */

static struct lapor_str
warn_digits(struct lapor_pool *pool, struct lapor_str text)
{
    size_t            i;
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] >= '0' && text.data[i] <= '9') {
            lapor_buf_addc(&buf, text.data[i]);
        }
    }

    return warn_take(pool, &buf);
}


static struct lapor_str
warn_detail(struct lapor_pool *pool, const struct lapor_json *value)
{
    size_t                    i;
    struct lapor_buf          buf = LAPOR_BUF_INIT;
    struct lapor_str          text;
    const struct lapor_json  *info;

    info = lapor_json_get(value, "alert_info");
    lapor_buf_addc(&buf, '{');

    for (i = 0; i < sizeof(warn_members) / sizeof(warn_members[0]); i++) {
        text = lapor_json_get_text(value, warn_members[i]);

        if (text.data == NULL) {
            text = lapor_json_get_text(info, warn_members[i]);
        }

        if (text.data != NULL) {
            lapor_buf_json_comma(&buf);
            lapor_buf_json_key(&buf, warn_members[i]);
            lapor_buf_json_pg(&buf, text);
        }
    }

    lapor_buf_addc(&buf, '}');

    return warn_take(pool, &buf);
}


/* What was built, in the pool; absent if it could not be. */

static struct lapor_str
warn_take(struct lapor_pool *pool, struct lapor_buf *buf)
{
    struct lapor_str  text;

    text = LAPOR_STR_NONE;

    if (lapor_buf_check(buf) == 0) {
        text = lapor_pool_str(pool, lapor_buf_view(buf));
    }

    lapor_buf_free(buf);

    return text;
}


const struct lapor_intake_alert *
lapor_intake_warn_limit(struct lapor_pool *pool,
    const struct lapor_intake_notice *notice, struct lapor_str before)
{
    int64_t                     now, old;
    struct lapor_buf            buf = LAPOR_BUF_INIT;
    struct lapor_json          *data, *was;
    struct lapor_json_error     error;
    struct lapor_intake_alert  *alert;

    if (before.data == NULL
        || lapor_json_parse(pool, notice->data.data, notice->data.len, &data,
                            &error) == -1
        || lapor_json_parse(pool, before.data, before.len, &was, &error)
           == -1)
    {
        return NULL;
    }

    now = warn_limit(data);
    old = warn_limit(was);

    if (now < 0 || old < 0 || now == old) {
        return NULL;
    }

    alert = lapor_pool_alloc(pool, sizeof(*alert));
    alert->mode = now < old ? OPEN : CLOSE;
    alert->severity = WARNING;
    alert->kind = "account_limited";
    alert->subject = notice->waba_id;

    lapor_buf_printf(&buf, "{\"limit\":%lld,\"before\":%lld}",
                     (long long) now, (long long) old);
    alert->detail = warn_take(pool, &buf);

    return alert;
}


/* People a day that we may write to first; -1: the notice does not say. */

static int64_t
warn_limit(const struct lapor_json *data)
{
    size_t   i;
    int64_t  limit;

    static const char *const  names[] = {
        "max_daily_conversations_per_business",
        "max_daily_conversation_per_business",
        "max_daily_conversation_per_phone",
        "max_daily_conversations_per_phone"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        limit = warn_limit_read(lapor_json_get(data, names[i]));

        if (limit >= 0) {
            return limit;
        }
    }

    return -1;
}


/* A number, -1 for no limit; or TIER_250, TIER_2K, TIER_UNLIMITED. */

static int64_t
warn_limit_read(const struct lapor_json *node)
{
    size_t            i;
    int64_t           limit;
    struct lapor_str  text;

    if (lapor_json_int(node, &limit) == 0) {
        return limit < 0 ? INT64_MAX : limit;
    }

    text = lapor_json_text(node);

    if (!lapor_str_starts(text, "TIER_")) {
        return -1;
    }

    if (lapor_str_eqz(text, "TIER_UNLIMITED")) {
        return INT64_MAX;
    }

    limit = 0;

    for (i = 5; i < text.len && i < 14
                && text.data[i] >= '0' && text.data[i] <= '9'; i++)
    {
        limit = limit * 10 + (text.data[i] - '0');
    }

    return i < text.len && text.data[i] == 'K' ? limit * 1000 : limit;
}
