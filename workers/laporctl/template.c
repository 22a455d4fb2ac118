/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Filling the holes of webhook files. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/template.h"
#include "lib/timeutil.h"


#define WAMID_BYTES  33  /* a multiple of three: no padding */


static int fill(struct ctl_template *t, struct lapor_str hole,
    struct lapor_buf *buf, char *err, size_t size);
static int fill_now(struct ctl_template *t, struct lapor_str rest,
    struct lapor_buf *buf);
static int fill_number(struct ctl_template *t, struct lapor_str rest,
    struct lapor_buf *buf);
static int fill_media(struct ctl_template *t, struct lapor_str rest,
    struct lapor_buf *buf, char *err, size_t size);
static int fill_set(struct ctl_template *t, struct lapor_str key,
    struct lapor_buf *buf);
static struct lapor_str value(struct ctl_template *t,
    enum ctl_value_kind kind, struct lapor_str name);
static struct lapor_str make(struct ctl_template *t,
    enum ctl_value_kind kind);
static int take(struct lapor_str *text, const char *prefix);


void
lapor_ctl_template_round(struct ctl_template *t)
{
    t->values = NULL;
    lapor_pool_reset(t->round);
    t->now = lapor_time_ms() / 1000;
}


int
lapor_ctl_template_expand(struct ctl_template *t, const char *text,
    size_t len, struct lapor_buf *buf, char *err, size_t size)
{
    int                line;
    char               reason[200];
    size_t             i, end;
    struct lapor_str   hole;
    struct ctl_value  *v;

    for (v = t->values; v != NULL; v = v->next) {
        v->used = 0;
    }

    line = 1;

    for (i = 0; i < len; i++) {
        if (text[i] != '{' || i + 1 == len || text[i + 1] != '{') {
            line += text[i] == '\n';
            lapor_buf_addc(buf, text[i]);
            continue;
        }

        for (end = i + 2; end + 1 < len && text[end] != '\n'; end++) {
            if (text[end] == '}' && text[end + 1] == '}') {
                break;
            }
        }

        if (end + 1 >= len || text[end] == '\n') {
            snprintf(err, size, "%d: {{ without }}", line);
            return -1;
        }

        hole.data = text + i + 2;
        hole.len = end - i - 2;
        snprintf(reason, sizeof(reason), "nothing is known of {{%.*s}}",
                 (int) (hole.len > 80 ? 80 : hole.len), hole.data);

        if (fill(t, hole, buf, reason, sizeof(reason)) == -1) {
            snprintf(err, size, "%d: %s", line, reason);
            return -1;
        }

        i = end + 1;
    }

    return 0;
}


static int
fill(struct ctl_template *t, struct lapor_str hole, struct lapor_buf *buf,
    char *err, size_t size)
{
    if (take(&hole, "wamid:") && hole.len > 0) {
        lapor_buf_adds(buf, value(t, CTL_VALUE_WAMID, hole));
        return 0;
    }

    if (take(&hole, "from:") && hole.len > 0) {
        lapor_buf_adds(buf, value(t, CTL_VALUE_FROM, hole));
        return 0;
    }

    if (take(&hole, "user_id:") && hole.len > 0) {
        lapor_buf_adds(buf, value(t, CTL_VALUE_USER_ID, hole));
        return 0;
    }

    if (take(&hole, "media:")) {
        return fill_media(t, hole, buf, err, size);
    }

    if (take(&hole, "set:")) {
        return fill_set(t, hole, buf);
    }

    if (take(&hole, "phone_number_id")) {
        return fill_number(t, hole, buf);
    }

    if (take(&hole, "now")) {
        return fill_now(t, hole, buf);
    }

    return -1;
}


static int
take(struct lapor_str *text, const char *prefix)
{
    size_t  len;

    if (!lapor_str_starts(*text, prefix)) {
        return 0;
    }

    len = strlen(prefix);
    text->data += len;
    text->len -= len;

    return 1;
}


/* "", "-30" or "+5" */

static int
fill_now(struct ctl_template *t, struct lapor_str rest,
    struct lapor_buf *buf)
{
    char  *end, number[16];
    long   shift;

    shift = 0;

    if (rest.len > 0) {
        if ((rest.data[0] != '-' && rest.data[0] != '+') || rest.len < 2
            || rest.len > 11)
        {
            return -1;
        }

        memcpy(number, rest.data, rest.len);
        number[rest.len] = '\0';
        shift = strtol(number, &end, 10);

        if (*end != '\0') {
            return -1;
        }
    }

    lapor_buf_printf(buf, "%lld", (long long) t->now + shift);
    return 0;
}


/* "" is the first of the service's numbers, ":2" the second. */

static int
fill_number(struct ctl_template *t, struct lapor_str rest,
    struct lapor_buf *buf)
{
    int          which;
    size_t       len;
    const char  *at;

    which = 1;

    if (rest.len > 0) {
        if (rest.len != 2 || rest.data[0] != ':' || rest.data[1] < '1'
            || rest.data[1] > '9')
        {
            return -1;
        }

        which = rest.data[1] - '0';
    }

    for (at = t->numbers; at != NULL && which > 1; which--) {
        at = strchr(at, ',');
        at = at == NULL ? NULL : at + 1;
    }

    len = at == NULL ? 0 : strcspn(at, ",");

    if (len == 0) {
        return -1;
    }

    lapor_buf_add(buf, at, len);
    return 0;
}


static int
fill_media(struct ctl_template *t, struct lapor_str rest,
    struct lapor_buf *buf, char *err, size_t size)
{
    int                 want_id;
    const char         *colon;
    struct lapor_str    file, what;
    struct ctl_medium  *m;

    colon = memrchr(rest.data, ':', rest.len);

    if (colon == NULL) {
        return -1;
    }

    file.data = rest.data;
    file.len = (size_t) (colon - rest.data);
    what.data = colon + 1;
    what.len = rest.len - file.len - 1;
    want_id = lapor_str_eqz(what, "id");

    if (!want_id && !lapor_str_eqz(what, "sha256")) {
        return -1;
    }

    for (m = t->media; m != NULL; m = m->next) {
        if (lapor_str_eq(m->file, file)) {
            break;
        }
    }

    if (m == NULL) {
        m = lapor_pool_alloc(t->pool, sizeof(*m));
        m->file = lapor_pool_str(t->pool, file);

        if (t->upload(t->data, m, err, size) == -1) {
            return -1;
        }

        m->next = t->media;
        t->media = m;
    }

    lapor_buf_adds(buf, want_id ? m->id : m->sha256);
    return 0;
}


/* Inside of a JSON string, hence escaped and without the quotes. */

static int
fill_set(struct ctl_template *t, struct lapor_str key, struct lapor_buf *buf)
{
    struct ctl_set    *s;
    struct lapor_buf   quoted;

    for (s = t->sets; s != NULL; s = s->next) {
        if (lapor_str_eq(s->key, key)) {
            lapor_buf_init(&quoted);
            lapor_buf_json(&quoted, s->value);

            if (lapor_buf_check(&quoted) == 0) {
                lapor_buf_add(buf, quoted.data + 1, quoted.len - 2);
            }

            lapor_buf_free(&quoted);
            return 0;
        }
    }

    return -1;
}


static struct lapor_str
value(struct ctl_template *t, enum ctl_value_kind kind,
    struct lapor_str name)
{
    struct ctl_value  *v, **last;

    for (last = &t->values; *last != NULL; last = &(*last)->next) {
        v = *last;

        if (v->kind == kind && lapor_str_eq(v->name, name)) {
            v->used = 1;
            return v->text;
        }
    }

    v = lapor_pool_alloc(t->round, sizeof(*v));
    v->kind = kind;
    v->name = lapor_pool_str(t->round, name);
    v->text = make(t, kind);
    v->used = 1;
    *last = v;

    return v->text;
}


static struct lapor_str
make(struct ctl_template *t, enum ctl_value_kind kind)
{
    int               i;
    unsigned char     bytes[WAMID_BYTES];
    struct lapor_buf  buf;
    struct lapor_str  text;

    lapor_buf_init(&buf);

    switch (kind) {
    case CTL_VALUE_WAMID:
        lapor_random_bytes(bytes, sizeof(bytes));
        lapor_buf_addz(&buf, "wamid.HBg");
        lapor_buf_base64(&buf, bytes, sizeof(bytes));
        break;

    case CTL_VALUE_FROM:
        lapor_buf_printf(&buf, "%lld", (long long) (CTL_FROM_FIRST
                         + t->from_next % CTL_FROM_COUNT));
        t->from_next++;
        break;

    case CTL_VALUE_USER_ID:
        lapor_buf_addz(&buf, "ID.1");

        for (i = 0; i < 19; i++) {
            lapor_buf_printf(&buf, "%u", lapor_random(10));
        }

        break;
    }

    text = lapor_pool_str(t->round, lapor_buf_view(&buf));
    lapor_buf_free(&buf);

    return text;
}
