/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * POST /{phone-number-id}/media: a multipart form with messaging_product,
 * file and type.
 */

#include "t/graph/request.h"

#include <stdio.h>
#include <string.h>


#define GRAPH_FORM_BUFFER  65536


static enum MHD_Result graph_form_part(void *ctx, enum MHD_ValueKind kind,
    const char *key, const char *filename, const char *type,
    const char *encoding, const char *data, uint64_t off, size_t size);
static void graph_form_value(char *to, size_t max, uint64_t off,
    const char *data, size_t size);


/* Without a readable Content-Type there is no form, and the answer says so. */

void
graph_form_begin(struct graph_request *rq)
{
    rq->form.pp = MHD_create_post_processor(rq->conn, GRAPH_FORM_BUFFER,
                                            graph_form_part, rq);
}


static enum MHD_Result
graph_form_part(void *ctx, enum MHD_ValueKind kind, const char *key,
    const char *filename, const char *type, const char *encoding,
    const char *data, uint64_t off, size_t size)
{
    struct graph_form     *form;
    struct graph_request  *rq;

    (void) kind;
    (void) filename;
    (void) encoding;

    rq = ctx;
    form = &rq->form;

    if (strcmp(key, "messaging_product") == 0) {
        graph_form_value(form->product, sizeof(form->product), off, data,
                         size);

    } else if (strcmp(key, "type") == 0) {
        graph_form_value(form->type, sizeof(form->type), off, data, size);

    } else if (strcmp(key, "file") == 0 && !rq->broken) {
        if (rq->upload.fd == -1) {
            (void) snprintf(form->mime, sizeof(form->mime), "%s",
                            type == NULL ? "" : type);

            if (graph_upload_begin(rq->graph->media, &rq->upload) == -1) {
                rq->broken = 1;
                return MHD_YES;
            }
        }

        if (graph_upload_write(&rq->upload, data, size) == -1) {
            rq->broken = 1;
        }
    }

    return MHD_YES;
}


/* A value may come in pieces. */

static void
graph_form_value(char *to, size_t max, uint64_t off, const char *data,
    size_t size)
{
    if (off < max - 1) {
        size = size < max - 1 - off ? size : max - 1 - off;
        memcpy(to + off, data, size);
        to[off + size] = '\0';
    }
}


void
graph_handle_upload(struct graph_request *rq)
{
    const char           *mime;
    struct graph_form    *form;
    struct graph_answer  *a;
    struct graph_medium   m;

    form = &rq->form;
    a = &rq->answer;

    if (!graph_number_exists(rq->graph, rq->id)) {
        graph_answer_error(a, 0, 100, "Unsupported post request. Object with "
                           "ID '%s' does not exist.", rq->id);
        return;
    }

    if (strcmp(form->product, "whatsapp") != 0) {
        graph_answer_error(a, 0, 100,
                           "The parameter messaging_product is required.");
        return;
    }

    if (rq->upload.fd == -1 && !rq->broken) {
        graph_answer_error(a, 0, 100, "The parameter file is required.");
        return;
    }

    mime = form->type[0] != '\0' ? form->type : form->mime;
    if (strchr(mime, '/') == NULL) {
        graph_answer_error(a, 0, 100, "Param file must be a file with one of "
                           "the supported types.");
        return;
    }

    if (rq->broken
        || graph_upload_commit(rq->graph->media, &rq->upload, mime, rq->id,
                               &m) == -1)
    {
        graph_answer_error(a, 0, 131000, "The media could not be kept.");
        return;
    }

    lapor_buf_printf(&a->body, "{\"id\":\"%s\"}", m.id);
}
