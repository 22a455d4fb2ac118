/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Every golden webhook becomes exactly the lines that lie beside it; what is
 * printed is JSON, and printing loses nothing: read again and printed again
 * it is the same.
 */

#include "decode/decode.h"
#include "lib/utf8.h"
#include "t/unit/golden.h"
#include "t/unit/tap.h"


static void test_golden(struct lapor_pool *pool, const char *dir,
    const char *name);
static int is_stable(struct lapor_pool *pool, const char *line, size_t len);
static void truncate_everywhere(struct lapor_pool *pool,
    const struct lapor_buf *body, const char *name);


int
main(void)
{
    int                  i, n;
    char                 dir[256];
    struct dirent      **names;
    struct lapor_pool   *pool;

    n = golden_open(&names, dir, sizeof(dir));
    if (!ok(n >= 70, "golden webhooks are there")) {
        return tap_done();
    }

    pool = lapor_pool_create(65536);

    for (i = 0; i < n; i++) {
        test_golden(pool, dir, names[i]->d_name);
        lapor_pool_reset(pool);
        free(names[i]);
    }

    free(names);
    lapor_pool_destroy(pool);

    return tap_done();
}


static void
test_golden(struct lapor_pool *pool, const char *dir, const char *name)
{
    int                    rc, stable;
    char                   wanted[300];
    size_t                 start;
    struct lapor_buf       body = LAPOR_BUF_INIT;
    struct lapor_buf       want = LAPOR_BUF_INIT;
    struct lapor_buf       got = LAPOR_BUF_INIT;
    struct lapor_event    *event;
    struct lapor_decoded   decoded;

    snprintf(wanted, sizeof(wanted), "%sl", name);
    rc = golden_read(dir, name, &body);
    ok(rc == 0 && golden_read(dir, wanted, &want) == 0, "%s", name);

    rc = lapor_decode(pool, lapor_buf_cstr(&body), body.len, &decoded);
    is_str(rc == 0 ? "" : decoded.error, "", "%s is a webhook", name);

    stable = 1;

    for (event = decoded.first; event != NULL; event = event->next) {
        start = got.len;
        lapor_decode_print(&got, event);
        stable &= is_stable(pool, got.data + start, got.len - start);
        lapor_buf_addc(&got, '\n');
    }

    is_str(lapor_buf_cstr(&got), lapor_buf_cstr(&want), "%s: its events",
           name);
    ok(stable, "%s: what is printed is JSON and whole", name);
    truncate_everywhere(pool, &body, name);

    lapor_buf_free(&body);
    lapor_buf_free(&want);
    lapor_buf_free(&got);
}


static int
is_stable(struct lapor_pool *pool, const char *line, size_t len)
{
    int                       same;
    struct lapor_buf          again = LAPOR_BUF_INIT;
    struct lapor_json        *root;
    struct lapor_json_error   error;

    if (memchr(line, '\n', len) != NULL || !lapor_utf8_valid(line, len)
        || lapor_json_parse(pool, line, len, &root, &error) == -1)
    {
        return 0;
    }

    lapor_json_print(&again, root, 0);
    same = again.len == len && memcmp(again.data, line, len) == 0;
    lapor_buf_free(&again);

    return same;
}


/* A start of a body is not JSON, up to its last brace, behind which only
 * blanks may stand. Each is given in memory of its own length, so that a step
 * past its end is seen by the sanitizer. */

static void
truncate_everywhere(struct lapor_pool *pool, const struct lapor_buf *body,
    const char *name)
{
    int                    whole;
    char                  *copy;
    size_t                 len, last;
    struct lapor_decoded   decoded;

    whole = 0;
    last = body->len;

    while (last > 0 && body->data[last - 1] != '}') {
        last--;
    }

    for (len = 0; len < last; len++) {
        copy = malloc(len == 0 ? 1 : len);
        if (copy == NULL) {
            break;
        }

        memcpy(copy, body->data, len);
        whole += lapor_decode(pool, copy, len, &decoded) == 0;
        free(copy);
        lapor_pool_reset(pool);
    }

    is(whole, 0, "%s: no start of it is a webhook", name);
}
