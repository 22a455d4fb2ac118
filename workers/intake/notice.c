/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A notice's key comes from the item itself, so that Meta's retries meet the
 * same row however they are batched. Two alike that are not retries, such as
 * a second request for the number's PIN, differ in the entry's time; where
 * Meta tells none, the day on which it came stands in.
 */

#include <string.h>

#include "intake/notice.h"
#include "intake/warn.h"
#include "lib/part.h"
#include "lib/utf8.h"


#define NOTICE_DAY_MS  INT64_C(86400000)


static int64_t notice_id(const struct lapor_intake_raw *raw,
    const struct lapor_event *event);
static void notice_hash(struct lapor_sha256 *hash, struct lapor_str str);
static unsigned notice_part(const struct lapor_event *event);


struct lapor_intake_notice *
lapor_intake_notice_make(struct lapor_pool *pool,
    const struct lapor_intake_raw *raw, const struct lapor_event *event)
{
    int                          damaged;
    struct lapor_buf             buf = LAPOR_BUF_INIT;
    struct lapor_intake_notice  *notice;

    notice = lapor_pool_alloc(pool, sizeof(*notice));
    notice->part = notice_part(event);
    notice->notice_id = notice_id(raw, event);
    notice->field = lapor_utf8_pgtext(pool, event->field, &damaged);
    notice->waba_id = lapor_utf8_pgtext(pool, event->waba_id, &damaged);
    notice->phone_number_id = lapor_utf8_pgtext(pool, event->phone_number_id,
                                                &damaged);

    if (notice->field.data == NULL) {
        notice->field = LAPOR_STR("");
    }

    lapor_json_print(&buf, event->value == NULL ? event->node : event->value,
                     LAPOR_JSON_PG);

    if (lapor_buf_check(&buf) == 0) {
        notice->data = lapor_pool_str(pool, lapor_buf_view(&buf));

    } else {
        notice->data = LAPOR_STR("null");
    }

    lapor_buf_free(&buf);
    notice->alert = lapor_intake_warn_make(pool, raw, event);

    return notice;
}


static int64_t
notice_id(const struct lapor_intake_raw *raw, const struct lapor_event *event)
{
    int64_t              day;
    unsigned char        digest[LAPOR_SHA256_LEN];
    struct lapor_sha256  hash;

    lapor_sha256_init(&hash);
    notice_hash(&hash, event->waba_id);
    notice_hash(&hash, event->phone_number_id);
    notice_hash(&hash, event->raw);

    if (event->sent == LAPOR_SENT_VALID) {
        notice_hash(&hash, event->timestamp);

    } else {
        day = raw->received_ms / NOTICE_DAY_MS;
        lapor_sha256_update(&hash, &day, sizeof(day));
    }

    lapor_sha256_final(&hash, digest);

    return lapor_intake_hash_id(digest);
}


/* With a byte behind it that no JSON holds unescaped. */

static void
notice_hash(struct lapor_sha256 *hash, struct lapor_str str)
{
    lapor_sha256_update(hash, str.len == 0 ? "" : str.data, str.len);
    lapor_sha256_update(hash, "", 1);
}


static unsigned
notice_part(const struct lapor_event *event)
{
    struct lapor_str  key;

    key = event->waba_id;

    if (lapor_str_empty(key)) {
        key = event->phone_number_id;
    }

    if (lapor_str_empty(key)) {
        key = event->raw;
    }

    return lapor_part(key.data, key.len);
}
