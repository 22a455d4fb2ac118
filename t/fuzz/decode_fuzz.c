/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * libFuzzer target: any bytes as a webhook body. Whatever comes out must
 * print as one line of valid JSON, be stored as text and jsonb, and have a
 * part; a crash, a leak or a sanitizer report is the finding.
 */

#include <stdint.h>
#include <stdlib.h>

#include "decode/decode.h"
#include "lib/part.h"
#include "lib/utf8.h"
#include "t/fuzz/fuzz.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void fuzz_event(struct lapor_pool *pool, struct lapor_buf *buf,
    const struct lapor_event *event);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                count;
    struct lapor_buf      buf = LAPOR_BUF_INIT;
    struct lapor_pool    *pool;
    struct lapor_event   *event;
    struct lapor_decoded  decoded;

    pool = lapor_pool_create(4096);

    if (lapor_decode(pool, (const char *) data, size, &decoded) == 0) {
        count = 0;

        for (event = decoded.first; event != NULL; event = event->next) {
            fuzz_require(event->order == count++);
            fuzz_event(pool, &buf, event);
        }

        fuzz_require(count == decoded.count);

    } else {
        fuzz_require(decoded.error[0] != '\0');
    }

    lapor_buf_free(&buf);
    lapor_pool_destroy(pool);

    return 0;
}


static void
fuzz_event(struct lapor_pool *pool, struct lapor_buf *buf,
    const struct lapor_event *event)
{
    int                       damaged;
    struct lapor_str          text;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    lapor_buf_reset(buf);
    lapor_decode_print(buf, event);
    fuzz_require(lapor_utf8_valid(buf->data, buf->len));
    fuzz_require(memchr(buf->data, '\n', buf->len) == NULL);

    /* a broken event's raw may be nested as deep as is read at all */
    if (event->broken == NULL && !event->unknown
        && event->kind < LAPOR_EVENT_OTHER && event->referral == NULL
        && (event->context == NULL || event->context->product == NULL))
    {
        fuzz_require(lapor_json_parse(pool, buf->data, buf->len, &root,
                                      &error) == 0);
    }

    lapor_buf_reset(buf);
    lapor_json_print(buf, event->node, LAPOR_JSON_PG);
    fuzz_require(lapor_utf8_valid(buf->data, buf->len));

    damaged = 0;
    text = lapor_utf8_pgtext(pool, event->text, &damaged);
    fuzz_require(lapor_utf8_valid(text.data, text.len));
    fuzz_require(text.len == 0 || memchr(text.data, '\0', text.len) == NULL);

    fuzz_require(event->part < LAPOR_PARTS);
    fuzz_require(event->raw.data != NULL);
    fuzz_require((event->sent == LAPOR_SENT_VALID) == (event->sent_at != 0));

    fuzz_require((event->kind == LAPOR_EVENT_CALL) == (event->call != NULL));

    if (event->broken == NULL && (event->kind <= LAPOR_EVENT_STATUS
                                  || event->kind == LAPOR_EVENT_CALL))
    {
        fuzz_require(event->wamid.len > 0
                     && event->wamid.len <= LAPOR_DECODE_ID_MAX);
    }
}
