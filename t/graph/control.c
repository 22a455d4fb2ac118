/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The interface for tests, /_emulator/: no token, no faults.
 *
 *     POST media   bytes with their Content-Type, as if a user had sent them
 *                  -> {"id", "sha256" (base64), "sha256_hex", "size"}
 *     GET  sent    ?after=N -> the accepted sends, [{"n", "at",
 *                  "phone_number_id", "to", "wamid", "body"}]
 *     GET  read    ?after=N -> read marks, [{"n", "at", "phone_number_id",
 *                  "message_id", "typing", "body"}]
 *     POST faults  a list, see faults.h; it replaces the one before
 *     POST reset   forgets all but media, see graph.h
 */

#include "t/graph/request.h"

#include "lib/codec.h"
#include "t/graph/util.h"

#include <inttypes.h>
#include <stdlib.h>


static void graph_control_list(struct graph_request *rq,
    const struct graph_list *list);


void
graph_handle_control_media(struct graph_request *rq)
{
    char                  hex[LAPOR_SHA256_HEX_LEN + 1];
    char                  base64[LAPOR_BASE64_LEN(LAPOR_SHA256_LEN) + 1];
    const char           *mime;
    struct lapor_buf     *b;
    struct graph_medium   m;

    mime = graph_request_header(rq, "Content-Type");
    if (mime == NULL || mime[0] == '\0') {
        mime = "application/octet-stream";
    }

    if (rq->broken || rq->upload.fd == -1
        || graph_upload_commit(rq->graph->media, &rq->upload, mime, "-", &m)
           == -1)
    {
        graph_answer_error(&rq->answer, 500, 131000,
                           "The media could not be kept.");
        return;
    }

    lapor_hex_encode(m.sha256, LAPOR_SHA256_LEN, hex);
    lapor_base64_encode(m.sha256, LAPOR_SHA256_LEN, base64);

    b = &rq->answer.body;
    lapor_buf_printf(b, "{\"id\":\"%s\",\"sha256\":\"%s\",", m.id, base64);
    lapor_buf_printf(b, "\"sha256_hex\":\"%s\",\"size\":%" PRId64 "}\n", hex,
                     m.size);
}


void
graph_handle_control_sent(struct graph_request *rq)
{
    graph_control_list(rq, &rq->graph->sends.list);
}


void
graph_handle_control_read(struct graph_request *rq)
{
    graph_control_list(rq, &rq->graph->reads);
}


static void
graph_control_list(struct graph_request *rq, const struct graph_list *list)
{
    int          rc;
    const char  *after;

    after = graph_request_query(rq, "after");

    if (after != NULL && !graph_is_digits(after, 15)) {
        graph_answer_error(&rq->answer, 400, 100, "after is not a number");
        return;
    }

    (void) pthread_mutex_lock(&rq->graph->lock);
    rc = graph_list_print(list, after == NULL ? 0 : strtoull(after, NULL, 10),
                          &rq->answer.body);
    (void) pthread_mutex_unlock(&rq->graph->lock);

    if (rc == -1) {
        graph_answer_error(&rq->answer, 500, 131000,
                           "The list could not be read.");
    }
}


void
graph_handle_control_faults(struct graph_request *rq)
{
    const char  *why;

    if (graph_faults_set(rq->graph->faults, lapor_buf_view(&rq->body), &why)
        == -1)
    {
        graph_answer_error(&rq->answer, 400, 100, "The body %s.", why);
        return;
    }

    lapor_buf_addz(&rq->answer.body, "{\"success\":true}\n");
}


void
graph_handle_control_reset(struct graph_request *rq)
{
    if (graph_reset(rq->graph) == -1) {
        graph_answer_error(&rq->answer, 500, 131000,
                           "The lists could not be emptied.");
        return;
    }

    lapor_buf_addz(&rq->answer.body, "{\"success\":true}\n");
}
