/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Checked string builder. The buffer owns its heap memory; nobody else keeps
 * a pointer into it across an append.
 */

#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/codec.h"
#include "lib/log.h"
#include "lib/utf8.h"


#define BUF_SIZE_MIN  256


static int buf_room(struct lapor_buf *buf, size_t len);
static int buf_grow(struct lapor_buf *buf, size_t len);
static void buf_json_string(struct lapor_buf *buf, struct lapor_str str,
    int pg);
static void buf_json_code(struct lapor_buf *buf, uint32_t code, int pg);
static int buf_json_plain(unsigned char c);


void
lapor_buf_init(struct lapor_buf *buf)
{
    memset(buf, 0, sizeof(*buf));
}


void
lapor_buf_reset(struct lapor_buf *buf)
{
    buf->len = 0;
    buf->failed = 0;

    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}


void
lapor_buf_free(struct lapor_buf *buf)
{
    size_t  limit;

    limit = buf->limit;
    free(buf->data);
    lapor_buf_init(buf);
    buf->limit = limit;
}


void
lapor_buf_wipe(struct lapor_buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->size);
    }

    lapor_buf_free(buf);
}


int
lapor_buf_check(const struct lapor_buf *buf)
{
    return buf->failed ? -1 : 0;
}


const char *
lapor_buf_cstr(const struct lapor_buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}


struct lapor_str
lapor_buf_view(const struct lapor_buf *buf)
{
    struct lapor_str  str;

    str.data = lapor_buf_cstr(buf);
    str.len = buf->len;

    return str;
}


void
lapor_buf_reserve(struct lapor_buf *buf, size_t len)
{
    (void) buf_room(buf, len);
}


/* 0 when len more bytes and a NUL fit, else -1 with the buffer failed. What is
 * held never passes the limit, so that mostly this is one comparison. */

static inline int
buf_room(struct lapor_buf *buf, size_t len)
{
    if (!buf->failed && len < buf->size - buf->len) {
        return 0;
    }

    return buf_grow(buf, len);
}


static int
buf_grow(struct lapor_buf *buf, size_t len)
{
    char    *data;
    size_t   size, limit;

    limit = buf->limit == 0 ? LAPOR_BUF_LIMIT : buf->limit;

    if (buf->failed || len > limit || buf->len > limit - len) {
        buf->failed = 1;
        return -1;
    }

    size = buf->size < BUF_SIZE_MIN ? BUF_SIZE_MIN : buf->size;

    while (size <= buf->len + len) {
        size *= 2;
    }

    size = size > limit ? limit + 1 : size;

    data = realloc(buf->data, size);
    if (data == NULL) {
        lapor_fatal_memory();
    }

    data[buf->len] = '\0';
    buf->data = data;
    buf->size = size;

    return 0;
}


void
lapor_buf_add(struct lapor_buf *buf, const void *data, size_t len)
{
    if (len == 0 || buf_room(buf, len) == -1) {
        return;
    }

    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}


void
lapor_buf_addz(struct lapor_buf *buf, const char *text)
{
    lapor_buf_add(buf, text, strlen(text));
}


void
lapor_buf_adds(struct lapor_buf *buf, struct lapor_str str)
{
    lapor_buf_add(buf, str.data, str.len);
}


void
lapor_buf_addc(struct lapor_buf *buf, char c)
{
    if (buf_room(buf, 1) == -1) {
        return;
    }

    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}


/* In decimal, from its last digit. */

void
lapor_buf_int(struct lapor_buf *buf, int64_t value)
{
    char       digits[20];
    size_t     i;
    uint64_t   left;

    left = value < 0 ? -(uint64_t) value : (uint64_t) value;
    i = sizeof(digits);

    do {
        digits[--i] = (char) ('0' + left % 10);
        left /= 10;
    } while (left > 0);

    if (value < 0) {
        digits[--i] = '-';
    }

    lapor_buf_add(buf, digits + i, sizeof(digits) - i);
}


void
lapor_buf_printf(struct lapor_buf *buf, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    lapor_buf_vprintf(buf, format, args);
    va_end(args);
}


void
lapor_buf_vprintf(struct lapor_buf *buf, const char *format, va_list args)
{
    int      n;
    va_list  copy;

    va_copy(copy, args);
    n = vsnprintf(NULL, 0, format, copy);
    va_end(copy);

    if (n < 0) {
        buf->failed = 1;
        return;
    }

    if (buf_room(buf, (size_t) n) == -1) {
        return;
    }

    vsnprintf(buf->data + buf->len, (size_t) n + 1, format, args);
    buf->len += (size_t) n;
}


void
lapor_buf_drop(struct lapor_buf *buf, size_t len)
{
    if (buf->data == NULL) {
        return;
    }

    buf->len -= len < buf->len ? len : buf->len;
    buf->data[buf->len] = '\0';
}


void
lapor_buf_base64(struct lapor_buf *buf, const void *data, size_t len)
{
    size_t  size;

    size = LAPOR_BASE64_LEN(len);

    if (len > SIZE_MAX / 2 || buf_room(buf, size) == -1) {
        buf->failed = 1;
        return;
    }

    lapor_base64_encode(data, len, buf->data + buf->len);
    buf->len += size;
}


void
lapor_buf_json(struct lapor_buf *buf, struct lapor_str str)
{
    buf_json_string(buf, str, 0);
}


void
lapor_buf_json_pg(struct lapor_buf *buf, struct lapor_str str)
{
    buf_json_string(buf, str, 1);
}


static void
buf_json_string(struct lapor_buf *buf, struct lapor_str str, int pg)
{
    int       n;
    size_t    i, start;
    uint32_t  code;

    if (str.data == NULL) {
        lapor_buf_addz(buf, "null");
        return;
    }

    lapor_buf_addc(buf, '"');
    i = 0;

    while (i < str.len) {

        for (start = i; i < str.len; i++) {
            if (!buf_json_plain((unsigned char) str.data[i])) {
                break;
            }
        }

        lapor_buf_add(buf, str.data + start, i - start);

        if (i == str.len) {
            break;
        }

        n = lapor_wtf8_next(str.data + i, str.len - i, &code);
        if (n < 0) {
            n = -n;
            code = LAPOR_UTF8_REPLACEMENT;
        }

        buf_json_code(buf, code, pg);
        i += (size_t) n;
    }

    lapor_buf_addc(buf, '"');
}


/* 1 for ASCII that stands for itself inside a JSON string. */

static int
buf_json_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}


static void
buf_json_code(struct lapor_buf *buf, uint32_t code, int pg)
{
    static const char   escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    char                utf8[4];
    size_t              i;

    for (i = 0; i + 1 < sizeof(escapes); i += 2) {
        if (code == (unsigned char) escapes[i]) {
            lapor_buf_addc(buf, '\\');
            lapor_buf_addc(buf, escapes[i + 1]);
            return;
        }
    }

    if (pg && (code == 0 || (code >= 0xd800 && code <= 0xdfff))) {
        code = LAPOR_UTF8_REPLACEMENT;
    }

    if (code < 0x20 || (code >= 0x7f && code < 0xa0)
        || code == 0x2028 || code == 0x2029
        || (code >= 0xd800 && code <= 0xdfff))
    {
        lapor_buf_printf(buf, "\\u%04x", (unsigned) code);
        return;
    }

    lapor_buf_add(buf, utf8, lapor_utf8_put(code, utf8));
}


void
lapor_buf_json_comma(struct lapor_buf *buf)
{
    char  last;

    if (buf->len == 0) {
        return;
    }

    last = buf->data[buf->len - 1];

    if (last != '{' && last != '[' && last != ',' && last != ':'
        && last != '\n')
    {
        lapor_buf_addc(buf, ',');
    }
}


void
lapor_buf_json_key(struct lapor_buf *buf, const char *name)
{
    lapor_buf_json_comma(buf);
    lapor_buf_addc(buf, '"');
    lapor_buf_addz(buf, name);
    lapor_buf_add(buf, "\":", 2);
}


void
lapor_buf_json_member(struct lapor_buf *buf, const char *name,
    struct lapor_str str)
{
    if (str.data != NULL) {
        lapor_buf_json_key(buf, name);
        lapor_buf_json(buf, str);
    }
}
