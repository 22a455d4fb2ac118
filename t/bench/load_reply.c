/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * As much of an HTTP/1.1 answer as must be understood to know where it ends.
 * There is one request on a connection at a time, so that bytes behind the
 * end are an error.
 */

#include "t/bench/load.h"

#include <string.h>
#include <strings.h>


static int load_reply_head(struct load_reply *reply, const char **data,
    size_t *len);
static int load_reply_head_done(struct load_reply *reply);
static int load_reply_header(struct load_reply *reply, const char *line,
    const char *end, int *chunked, int *has_length);
static int load_reply_byte(struct load_reply *reply, char c);
static int load_reply_size(struct load_reply *reply, char c);


void
load_reply_reset(struct load_reply *reply)
{
    reply->state = LOAD_REPLY_HEAD;
    reply->status = 0;
    reply->close = 0;
    reply->left = 0;
    reply->head_len = 0;
}


int
load_reply_feed(struct load_reply *reply, const char *data, size_t len)
{
    size_t  n;

    while (len) {

        switch (reply->state) {

        case LOAD_REPLY_HEAD:
            if (load_reply_head(reply, &data, &len) == -1) {
                return -1;
            }
            break;

        case LOAD_REPLY_LENGTH:
            n = len < reply->left ? len : (size_t) reply->left;
            data += n;
            len -= n;
            reply->left -= n;

            if (reply->left == 0) {
                reply->state = LOAD_REPLY_DONE;
            }
            break;

        case LOAD_REPLY_TO_END:
            return 0;

        case LOAD_REPLY_DONE:
            return -1;

        default:
            if (load_reply_byte(reply, *data) == -1) {
                return -1;
            }
            data++;
            len--;
        }
    }

    return reply->state == LOAD_REPLY_DONE;
}


/* The connection has ended: some answers end with it. */

int
load_reply_end(struct load_reply *reply)
{
    if (reply->state != LOAD_REPLY_TO_END) {
        return -1;
    }

    reply->state = LOAD_REPLY_DONE;
    return 1;
}


static int
load_reply_head(struct load_reply *reply, const char **data, size_t *len)
{
    char    *from, *end;
    size_t   n, had;

    had = reply->head_len;
    n = LOAD_HEAD_SIZE - had;
    if (n > *len) {
        n = *len;
    }

    memcpy(reply->head + had, *data, n);
    reply->head_len += n;
    reply->head[reply->head_len] = '\0';

    /* the four bytes may have come in two pieces */
    from = reply->head + (had > 3 ? had - 3 : 0);
    end = strstr(from, "\r\n\r\n");

    if (end == NULL) {
        *data += n;
        *len -= n;
        return reply->head_len == LOAD_HEAD_SIZE ? -1 : 0;
    }

    end += 4;
    n = (size_t) (end - reply->head) - had;
    *data += n;
    *len -= n;
    *end = '\0';

    return load_reply_head_done(reply);
}


static int
load_reply_head_done(struct load_reply *reply)
{
    int          chunked, has_length;
    const char  *line, *end, *s;

    s = reply->head;

    if (strncmp(s, "HTTP/1.", 7) != 0 || strlen(s) < 12 || s[8] != ' ') {
        return -1;
    }

    reply->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
    if (reply->status < 100 || reply->status >= LOAD_STATUS_MAX) {
        return -1;
    }

    chunked = 0;
    has_length = 0;
    reply->close = s[7] == '0';
    line = strstr(s, "\r\n") + 2;

    while ((end = strstr(line, "\r\n")) != line) {
        if (load_reply_header(reply, line, end, &chunked, &has_length)
            == -1)
        {
            return -1;
        }
        line = end + 2;
    }

    if (reply->status < 200) {
        load_reply_reset(reply);

    } else if (reply->status == 204 || reply->status == 304) {
        reply->state = LOAD_REPLY_DONE;

    } else if (chunked) {
        reply->state = LOAD_REPLY_CHUNK_SIZE;
        reply->left = 0;

    } else if (has_length) {
        reply->state = reply->left ? LOAD_REPLY_LENGTH : LOAD_REPLY_DONE;

    } else {
        reply->state = LOAD_REPLY_TO_END;
        reply->close = 1;
    }

    return 0;
}


static int
load_reply_header(struct load_reply *reply, const char *line, const char *end,
    int *chunked, int *has_length)
{
    size_t       name;
    const char  *value;

    value = memchr(line, ':', (size_t) (end - line));
    if (value == NULL) {
        return -1;
    }

    name = (size_t) (value - line);

    do {
        value++;
    } while (*value == ' ');

    if (name == 14 && strncasecmp(line, "content-length", 14) == 0) {
        *has_length = 1;

        for (reply->left = 0; value < end; value++) {
            if (*value < '0' || *value > '9' || reply->left > UINT32_MAX) {
                return -1;
            }
            reply->left = reply->left * 10 + (uint64_t) (*value - '0');
        }

    } else if (name == 17 && strncasecmp(line, "transfer-encoding", 17) == 0) {
        *chunked = strncasecmp(value, "chunked", 7) == 0;

    } else if (name == 10 && strncasecmp(line, "connection", 10) == 0) {
        reply->close |= strncasecmp(value, "close", 5) == 0;
    }

    return 0;
}


static int
load_reply_byte(struct load_reply *reply, char c)
{
    switch (reply->state) {

    case LOAD_REPLY_CHUNK_SIZE:
    case LOAD_REPLY_CHUNK_EXT:
        return load_reply_size(reply, c);

    case LOAD_REPLY_CHUNK:
        if (--reply->left == 0) {
            reply->state = LOAD_REPLY_CHUNK_SIZE;
        }
        return 0;

    default:
        if (c == '\n') {
            if (reply->left == 0) {
                reply->state = LOAD_REPLY_DONE;
            }
            reply->left = 0;

        } else if (c != '\r') {
            reply->left++;
        }
        return 0;
    }
}


static int
load_reply_size(struct load_reply *reply, char c)
{
    int  digit;

    if (c == '\n') {
        reply->state = reply->left ? LOAD_REPLY_CHUNK : LOAD_REPLY_TRAILER;
        reply->left += reply->left ? 2 : 0;
        return 0;
    }

    if (c == ';') {
        reply->state = LOAD_REPLY_CHUNK_EXT;
    }

    if (c == '\r' || reply->state == LOAD_REPLY_CHUNK_EXT) {
        return 0;
    }

    if (c >= '0' && c <= '9') {
        digit = c - '0';

    } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
        digit = (c | 32) - 'a' + 10;

    } else {
        return -1;
    }

    if (reply->left > UINT32_MAX) {
        return -1;
    }

    reply->left = reply->left * 16 + (uint64_t) digit;
    return 0;
}
