
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * A tokenizer over the keys of a webhook body, without recursion or memory.
 * It follows the one path that leads to senders and to our number,
 *
 *     entry[] . changes[] . value . messages[] | statuses[] | metadata
 *
 * and passes over everything else, so that a "from" within "context" or
 * within a citizen's text is no sender.  It is no validator: in doubt it stops,
 * and the body goes to the stream of messages.
 */


#include "ngx_http_lapor_scan.h"

#include <string.h>


#define NGX_HTTP_LAPOR_SCAN_DEPTH  64

/* of 2^64 - 1 */
#define NGX_HTTP_LAPOR_SCAN_DIGITS  20

#define ngx_http_lapor_scan_is(text, word)                                    \
    ((text)->len == sizeof(word) - 1                                          \
     && memcmp((text)->pos, word, sizeof(word) - 1) == 0)


/* what the container at a depth is; OTHER is passed over */

typedef enum {
    SCAN_OTHER = 0,
    SCAN_ROOT,
    SCAN_ENTRIES,
    SCAN_ENTRY,
    SCAN_CHANGES,
    SCAN_CHANGE,
    SCAN_VALUE,
    SCAN_METADATA,
    SCAN_MESSAGES,
    SCAN_MESSAGE,
    SCAN_STATUSES,
    SCAN_STATUS
} ngx_http_lapor_scan_role_e;


typedef struct {
    const unsigned char   *pos;
    size_t                 len;
} ngx_http_lapor_scan_text_t;


typedef struct {
    const unsigned char         *p;
    const unsigned char         *end;

    unsigned char                role[NGX_HTTP_LAPOR_SCAN_DEPTH];
    unsigned char                array[NGX_HTTP_LAPOR_SCAN_DEPTH];
    int                          depth;       /* -1 outside of the root */

    ngx_http_lapor_scan_text_t   key;         /* of the value that follows */

    ngx_http_lapor_scan_text_t   message;     /* first sender of a message */
    ngx_http_lapor_scan_text_t   recipient;   /* first recipient of a status */
    ngx_http_lapor_scan_text_t   user_id;     /* of this item, second choice */
    uint64_t                     number;      /* the first, 0: none yet */

    unsigned char                is_value;    /* a scalar or { or [ may come */
    unsigned char                in_status;   /* this change has a status */
    unsigned char                statuses;    /* some change had one */
    unsigned char                doubt;       /* no body of statuses only */
} ngx_http_lapor_scanner_t;


static void ngx_http_lapor_scan_start(ngx_http_lapor_scanner_t *s);
static int ngx_http_lapor_scan_body(ngx_http_lapor_scanner_t *s);
static int ngx_http_lapor_scan_open(ngx_http_lapor_scanner_t *s, int array);
static int ngx_http_lapor_scan_close(ngx_http_lapor_scanner_t *s, int array);
static int ngx_http_lapor_scan_string(ngx_http_lapor_scanner_t *s);
static int ngx_http_lapor_scan_bare(ngx_http_lapor_scanner_t *s);
static int ngx_http_lapor_scan_key(ngx_http_lapor_scanner_t *s,
    const ngx_http_lapor_scan_text_t *text);
static void ngx_http_lapor_scan_scalar(ngx_http_lapor_scanner_t *s,
    const ngx_http_lapor_scan_text_t *text);
static unsigned char ngx_http_lapor_scan_role(ngx_http_lapor_scanner_t *s,
    int array);
static uint64_t ngx_http_lapor_scan_number(
    const ngx_http_lapor_scan_text_t *text);


void
ngx_http_lapor_scan(const unsigned char *p, size_t len,
    ngx_http_lapor_scan_t *ret_scan)
{
    int                                rc;
    size_t                             i;
    uint32_t                           hash;
    ngx_http_lapor_scanner_t           s;
    const ngx_http_lapor_scan_text_t  *text;

    memset(&s, 0, sizeof(ngx_http_lapor_scanner_t));

    s.p = p;
    s.end = p + (len < NGX_HTTP_LAPOR_SCAN_MAX ? len : NGX_HTTP_LAPOR_SCAN_MAX);
    s.depth = -1;
    s.is_value = 1;

    ngx_http_lapor_scan_start(&s);

    rc = ngx_http_lapor_scan_body(&s);

    text = s.message.len ? &s.message : &s.recipient;
    hash = 2166136261U;

    for (i = 0; i < text->len; i++) {
        hash = (hash ^ text->pos[i]) * 16777619U;
    }

    ret_scan->statuses = rc == 1 && len <= NGX_HTTP_LAPOR_SCAN_MAX
                         && s.statuses && !s.doubt;
    ret_scan->sender = text->len != 0;
    ret_scan->enough = rc == 0;
    ret_scan->hash = hash;
    ret_scan->number = s.number;
}


/*
 * Nearly every body begins with the same words and numbers between them, up to
 * the end of the metadata: half of what is to be read.  What begins otherwise
 * is read from its first byte, to the same result.
 */

static void
ngx_http_lapor_scan_start(ngx_http_lapor_scanner_t *s)
{
    size_t                       i, len;
    const unsigned char         *p;
    ngx_http_lapor_scan_text_t   text;

    static const char  *words[] = {
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"",
        ("\",\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\","
         "\"metadata\":{\"display_phone_number\":\""),
        "\",\"phone_number_id\":\"",
        "\"}"
    };

    static const unsigned char  role[] = {
        SCAN_ROOT, SCAN_ENTRIES, SCAN_ENTRY, SCAN_CHANGES, SCAN_CHANGE,
        SCAN_VALUE
    };

    static const unsigned char  array[] = { 0, 1, 0, 1, 0, 0 };

    p = s->p;
    text.pos = p;
    text.len = 0;

    for (i = 0; /* void */ ; i++) {
        len = strlen(words[i]);

        if ((size_t) (s->end - p) < len || memcmp(p, words[i], len) != 0) {
            return;
        }

        p += len;

        if (i + 1 == sizeof(words) / sizeof(words[0])) {
            break;
        }

        text.pos = p;

        while (p < s->end && *p >= '0' && *p <= '9') {
            p++;
        }

        text.len = (size_t) (p - text.pos);
    }

    s->p = p;
    s->number = ngx_http_lapor_scan_number(&text);
    s->depth = sizeof(role) - 1;
    s->is_value = 0;

    memcpy(s->role, role, sizeof(role));
    memcpy(s->array, array, sizeof(array));
}


/* 1: read to the end, 0: enough was seen, -1: not understood */

static int
ngx_http_lapor_scan_body(ngx_http_lapor_scanner_t *s)
{
    int  rc;

    while (s->p < s->end) {

        switch (*s->p) {

        case ' ':
        case '\t':
        case '\r':
        case '\n':
            s->p++;
            continue;

        case '{':
        case '[':
            rc = ngx_http_lapor_scan_open(s, *s->p == '[');
            break;

        case '}':
        case ']':
            rc = ngx_http_lapor_scan_close(s, *s->p == ']');
            break;

        case ',':
            rc = s->depth < 0 ? -1 : 1;
            s->is_value = s->depth >= 0 && s->array[s->depth];
            s->key.len = 0;
            s->p++;
            break;

        case '"':
            rc = ngx_http_lapor_scan_string(s);
            break;

        default:
            rc = ngx_http_lapor_scan_bare(s);
            break;
        }

        if (rc != 1) {
            return rc;
        }

        /* Meta writes the number first, so nothing is read for its sake */

        if (s->message.len && s->number) {
            return 0;
        }
    }

    return s->depth == -1 && !s->is_value ? 1 : -1;
}


static int
ngx_http_lapor_scan_open(ngx_http_lapor_scanner_t *s, int array)
{
    unsigned char  role;

    if (!s->is_value || s->depth + 1 == NGX_HTTP_LAPOR_SCAN_DEPTH) {
        return -1;
    }

    role = ngx_http_lapor_scan_role(s, array);

    if (role == SCAN_CHANGE) {
        s->in_status = 0;

    } else if (role == SCAN_STATUS) {
        s->in_status = 1;
        s->statuses = 1;
    }

    if (role == SCAN_MESSAGE || role == SCAN_STATUS) {
        s->user_id.len = 0;
    }

    s->depth++;
    s->role[s->depth] = role;
    s->array[s->depth] = (unsigned char) array;
    s->is_value = (unsigned char) array;
    s->key.len = 0;
    s->p++;

    return 1;
}


static int
ngx_http_lapor_scan_close(ngx_http_lapor_scanner_t *s, int array)
{
    if (s->depth < 0 || s->array[s->depth] != array) {
        return -1;
    }

    switch (s->role[s->depth]) {

    case SCAN_MESSAGE:
        if (s->message.len == 0) {
            s->message = s->user_id;
        }

        break;

    case SCAN_STATUS:
        if (s->recipient.len == 0) {
            s->recipient = s->user_id;
        }

        break;

    case SCAN_CHANGE:
        if (!s->in_status) {

            /* an account's alarm or a field of next year */
            s->doubt = 1;
        }

        break;

    default:
        break;
    }

    s->depth--;
    s->is_value = 0;
    s->key.len = 0;
    s->p++;

    return 1;
}


static int
ngx_http_lapor_scan_string(ngx_http_lapor_scanner_t *s)
{
    const unsigned char         *p;
    ngx_http_lapor_scan_text_t   text;

    text.pos = ++s->p;

    for ( ;; ) {
        p = memchr(s->p, '"', (size_t) (s->end - s->p));

        if (p == NULL) {
            return -1;
        }

        text.len = (size_t) (p - text.pos);
        s->p = p + 1;

        /* an even number of backslashes before the quote ends the string */

        while (p > text.pos && p[-1] == '\\') {
            p--;
        }

        if (((text.pos + text.len - p) & 1) == 0) {
            break;
        }
    }

    if (s->is_value) {
        ngx_http_lapor_scan_scalar(s, &text);
        s->is_value = 0;
        return 1;
    }

    return ngx_http_lapor_scan_key(s, &text);
}


/* a number or a literal */

static int
ngx_http_lapor_scan_bare(ngx_http_lapor_scanner_t *s)
{
    unsigned char               ch;
    ngx_http_lapor_scan_text_t  text;

    if (!s->is_value) {
        return -1;
    }

    text.pos = s->p;

    while (s->p < s->end) {
        ch = *s->p;

        if ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z')
            || ch == '-' || ch == '+' || ch == '.' || ch == 'E')
        {
            s->p++;
            continue;
        }

        break;
    }

    text.len = (size_t) (s->p - text.pos);

    /* at the end of what is here it may go on */

    if (text.len == 0 || s->p == s->end) {
        return -1;
    }

    if (*text.pos >= '0' && *text.pos <= '9') {
        ngx_http_lapor_scan_scalar(s, &text);
    }

    s->is_value = 0;

    return 1;
}


/* a key and the colon after it */

static int
ngx_http_lapor_scan_key(ngx_http_lapor_scanner_t *s,
    const ngx_http_lapor_scan_text_t *text)
{
    if (s->depth < 0 || s->array[s->depth] || s->key.len) {
        return -1;
    }

    while (s->p < s->end
           && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'
               || *s->p == '\n'))
    {
        s->p++;
    }

    if (s->p == s->end || *s->p != ':') {
        return -1;
    }

    s->p++;
    s->key = *text;
    s->is_value = 1;

    if (s->role[s->depth] == SCAN_OTHER || s->role[s->depth] > SCAN_VALUE) {
        return 1;
    }

    /*
     * Above the items an escaped key could hide a name, and messages or
     * errors are no business of a stream of statuses, wherever they stand.
     */

    if (memchr(text->pos, '\\', text->len) != NULL
        || ngx_http_lapor_scan_is(text, "messages")
        || ngx_http_lapor_scan_is(text, "errors"))
    {
        s->doubt = 1;
    }

    return 1;
}


static void
ngx_http_lapor_scan_scalar(ngx_http_lapor_scanner_t *s,
    const ngx_http_lapor_scan_text_t *text)
{
    if (s->depth < 0) {
        return;
    }

    switch (s->role[s->depth]) {

    case SCAN_METADATA:
        if (s->number == 0
            && ngx_http_lapor_scan_is(&s->key, "phone_number_id"))
        {
            s->number = ngx_http_lapor_scan_number(text);
        }

        break;

    case SCAN_MESSAGE:
        if (s->message.len) {
            break;
        }

        if (ngx_http_lapor_scan_is(&s->key, "from")) {

            /* nothing comes before it: the rest may be long */

            s->message = *text;

        } else if (ngx_http_lapor_scan_is(&s->key, "from_user_id")) {
            s->user_id = *text;
        }

        break;

    case SCAN_STATUS:
        if (s->recipient.len == 0
            && ngx_http_lapor_scan_is(&s->key, "recipient_id"))
        {
            s->recipient = *text;

        } else if (ngx_http_lapor_scan_is(&s->key, "recipient_user_id")) {
            s->user_id = *text;
        }

        break;

    default:
        break;
    }
}


static unsigned char
ngx_http_lapor_scan_role(ngx_http_lapor_scanner_t *s, int array)
{
    if (s->depth < 0) {
        return array ? SCAN_OTHER : SCAN_ROOT;
    }

    switch (s->role[s->depth]) {

    case SCAN_ROOT:
        return array && ngx_http_lapor_scan_is(&s->key, "entry")
               ? SCAN_ENTRIES : SCAN_OTHER;

    case SCAN_ENTRIES:
        return array ? SCAN_OTHER : SCAN_ENTRY;

    case SCAN_ENTRY:
        return array && ngx_http_lapor_scan_is(&s->key, "changes")
               ? SCAN_CHANGES : SCAN_OTHER;

    case SCAN_CHANGES:
        return array ? SCAN_OTHER : SCAN_CHANGE;

    case SCAN_CHANGE:
        return !array && ngx_http_lapor_scan_is(&s->key, "value")
               ? SCAN_VALUE : SCAN_OTHER;

    case SCAN_VALUE:
        if (!array) {
            return ngx_http_lapor_scan_is(&s->key, "metadata")
                   ? SCAN_METADATA : SCAN_OTHER;
        }

        if (ngx_http_lapor_scan_is(&s->key, "messages")) {
            return SCAN_MESSAGES;
        }

        return ngx_http_lapor_scan_is(&s->key, "statuses")
               ? SCAN_STATUSES : SCAN_OTHER;

    case SCAN_MESSAGES:
        return array ? SCAN_OTHER : SCAN_MESSAGE;

    case SCAN_STATUSES:
        return array ? SCAN_OTHER : SCAN_STATUS;

    default:
        return SCAN_OTHER;
    }
}


/* 0 for what is no such number */

static uint64_t
ngx_http_lapor_scan_number(const ngx_http_lapor_scan_text_t *text)
{
    size_t         i;
    uint64_t       n;
    unsigned char  digit;

    if (text->len == 0 || text->len > NGX_HTTP_LAPOR_SCAN_DIGITS
        || text->pos[0] == '0')
    {
        return 0;
    }

    n = 0;

    for (i = 0; i < text->len; i++) {
        digit = (unsigned char) (text->pos[i] - '0');

        if (digit > 9 || n > (UINT64_MAX - digit) / 10) {
            return 0;
        }

        n = n * 10 + digit;
    }

    return n;
}
