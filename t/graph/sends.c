/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The journal of sends.  A line is
 *     PLAN AT p|u PHONE_NUMBER_ID TO WAMID KEY {"n":...}
 * with KEY in base64 or "-": what the statuses need stands in front, the JSON
 * object is what GET /_emulator/sent shows.  The journal of marks has lines
 *     N AT DONE
 * whose AT tells a mark of this list from one that was written across a
 * reset.
 */

#include "t/graph/sends.h"

#include "lib/codec.h"
#include "lib/timeutil.h"
#include "t/graph/util.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define GRAPH_SEND_FIELDS  7

struct graph_mark {
    int64_t  at_ms;
    int      done;
};

struct graph_sends_load {
    struct graph_mark  *marks;      /* marks[n - 1] */
    size_t              n;
    graph_sends_each    each;
    void               *ctx;
};


static int graph_sends_mark_line(void *ctx, char *line, size_t len,
    off_t offset);
static long graph_sends_line(void *ctx, size_t n, char *line);
static int graph_sends_parse(char **fields, struct graph_send *send,
    char *key);
static void graph_sends_wamid(struct graph_send *send);
static int graph_sends_format(const struct graph_send *send,
    struct lapor_str body, struct lapor_buf *line, size_t *ret_json);


int
graph_sends_open(struct graph_sends *sends, const char *dir,
    graph_sends_each each, void *ctx)
{
    int                      rc;
    struct graph_sends_load  load;

    memset(&load, 0, sizeof(load));
    load.each = each;
    load.ctx = ctx;

    rc = graph_journal_open(&sends->marks, dir, "marks.journal",
                            graph_sends_mark_line, &load);
    if (rc == 0) {
        rc = graph_list_open(&sends->list, dir, "sent.journal",
                             graph_sends_line, &load);
    }

    free(load.marks);
    return rc;
}


static int
graph_sends_mark_line(void *ctx, char *line, size_t len, off_t offset)
{
    int                       done;
    size_t                    n, size;
    int64_t                   at_ms;
    struct graph_sends_load  *load;

    (void) len;
    (void) offset;

    load = ctx;

    if (sscanf(line, "%zu %" SCNd64 " %d", &n, &at_ms, &done) != 3
        || n == 0 || n > 100000000)
    {
        return -1;
    }

    if (n > load->n) {
        size = n * 2 + 1024;
        load->marks = graph_realloc(load->marks,
                                    size * sizeof(struct graph_mark));
        memset(&load->marks[load->n], 0,
               (size - load->n) * sizeof(struct graph_mark));
        load->n = size;
    }

    load->marks[n - 1].at_ms = at_ms;
    load->marks[n - 1].done = done;

    return 0;
}


static long
graph_sends_line(void *ctx, size_t n, char *line)
{
    int                       i, done;
    char                     *fields[GRAPH_SEND_FIELDS], *p, *key;
    struct graph_send         send;
    struct graph_sends_load  *load;

    load = ctx;
    p = line;

    for (i = 0; i < GRAPH_SEND_FIELDS; i++) {
        fields[i] = p;
        p = strchr(p, ' ');

        if (p == NULL) {
            return -1;
        }

        *p++ = '\0';
    }

    memset(&send, 0, sizeof(send));
    key = graph_alloc(strlen(fields[6]) + 3);

    if (graph_sends_parse(fields, &send, key) == -1) {
        free(key);
        return -1;
    }

    send.n = n;
    done = 0;

    if (n <= load->n && load->marks[n - 1].at_ms == send.at_ms) {
        done = load->marks[n - 1].done;
    }

    load->each(load->ctx, &send, done);

    free(key);
    return p - line;
}


static int
graph_sends_parse(char **fields, struct graph_send *send, char *key)
{
    if (graph_plan_parse(fields[0], &send->plan) == -1) {
        return -1;
    }

    send->at_ms = atoll(fields[1]);
    send->is_user = fields[2][0] == 'u';

    (void) snprintf(send->phone_number_id, sizeof(send->phone_number_id),
                    "%s", fields[3]);
    (void) snprintf(send->to, sizeof(send->to), "%s", fields[4]);
    (void) snprintf(send->wamid, sizeof(send->wamid), "%s", fields[5]);

    if (strcmp(fields[6], "-") == 0) {
        return 0;
    }

    send->key.data = key;

    return lapor_base64_decode(fields[6], strlen(fields[6]), key,
                               &send->key.len);
}


void
graph_sends_close(struct graph_sends *sends)
{
    graph_list_close(&sends->list);
    graph_journal_close(&sends->marks);
}


int
graph_sends_add(struct graph_sends *sends, struct graph_send *send,
    struct lapor_str body)
{
    int               rc;
    size_t            json;
    struct lapor_buf  line;

    send->n = sends->list.n + 1;
    send->at_ms = lapor_time_ms();
    graph_sends_wamid(send);

    lapor_buf_init(&line);

    rc = graph_sends_format(send, body, &line, &json);
    if (rc == 0) {
        rc = graph_list_append(&sends->list, lapor_buf_view(&line), json);
    }

    lapor_buf_free(&line);
    return rc;
}


/*
 * As real ids are built: a small Thrift-like record in base64 that holds the
 * recipient in clear, so that tests meet the trap of logging it.
 */

static void
graph_sends_wamid(struct graph_send *send)
{
    char           hex[2 * 9 + 1], raw[GRAPH_TO_LEN + 32];
    size_t         len, to;
    unsigned char  random[9];

    to = strlen(send->to);
    lapor_random_bytes(random, sizeof(random));
    lapor_hex_encode(random, sizeof(random), hex);

    raw[0] = '\x1c';
    raw[1] = '\x18';
    raw[2] = (char) to;
    memcpy(raw + 3, send->to, to);
    len = 3 + to;

    memcpy(raw + len, "\x15\x02\x00\x11\x18\x12", 6);
    len += 6;
    memcpy(raw + len, hex, sizeof(hex));        /* with its null */
    len += sizeof(hex);

    memcpy(send->wamid, "wamid.", 6);
    lapor_base64_encode(raw, len, send->wamid + 6);
}


static int
graph_sends_format(const struct graph_send *send, struct lapor_str body,
    struct lapor_buf *line, size_t *ret_json)
{
    char  plan[GRAPH_PLAN_TEXT];

    graph_plan_format(&send->plan, plan);
    lapor_buf_printf(line, "%s %" PRId64 " %c %s %s %s ", plan, send->at_ms,
                     send->is_user ? 'u' : 'p', send->phone_number_id,
                     send->to, send->wamid);

    if (send->key.data == NULL) {
        lapor_buf_addc(line, '-');
    } else {
        lapor_buf_base64(line, send->key.data, send->key.len);
    }

    lapor_buf_addc(line, ' ');
    *ret_json = line->len;

    lapor_buf_printf(line, "{\"n\":%zu,\"at\":%" PRId64, send->n,
                     send->at_ms);
    lapor_buf_json_member(line, "phone_number_id",
                          lapor_str_from(send->phone_number_id));
    lapor_buf_json_member(line, "to", lapor_str_from(send->to));
    lapor_buf_json_member(line, "wamid", lapor_str_from(send->wamid));
    lapor_buf_json_key(line, "body");
    lapor_buf_adds(line, body);
    lapor_buf_addz(line, "}\n");

    return lapor_buf_check(line);
}


/* A mark that could not be written only means a status that comes twice. */

void
graph_sends_mark(struct graph_sends *sends, const struct graph_send *send,
    int done)
{
    int   len, rc;
    char  line[64];

    len = snprintf(line, sizeof(line), "%zu %" PRId64 " %d\n", send->n,
                   send->at_ms, done);
    rc = graph_journal_append(&sends->marks, line, (size_t) len, NULL);
    (void) rc;
}


/* The marks go last: without their sends they say nothing. */

int
graph_sends_reset(struct graph_sends *sends)
{
    if (graph_list_reset(&sends->list) == -1) {
        return -1;
    }

    return graph_journal_reset(&sends->marks);
}
