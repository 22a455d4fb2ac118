/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * One HTTP request from its first header to its answer.  Made by http.c,
 * filled by the one thread of its connection, freed by http.c when the
 * answer is out or the connection dead.
 */

#ifndef GRAPH_REQUEST_H
#define GRAPH_REQUEST_H

#include "t/graph/answer.h"
#include "t/graph/graph.h"

#include <microhttpd.h>


#define GRAPH_BODY_MAX_BYTES  (1024 * 1024)

enum graph_body {
    GRAPH_BODY_TEXT,        /* kept whole, up to GRAPH_BODY_MAX_BYTES */
    GRAPH_BODY_RAW,         /* written to a file */
    GRAPH_BODY_FORM         /* multipart, its file written to a file */
};

enum graph_area {
    GRAPH_AREA_CONTROL,     /* /_emulator/NAME, no token, no faults */
    GRAPH_AREA_NODE,        /* /vN.N/ID and /vN.N/ID/NAME */
    GRAPH_AREA_DOWNLOAD     /* /media-download/ */
};

struct graph_request;

typedef void (*graph_handler)(struct graph_request *rq);

struct graph_route {
    const char       *method;
    enum graph_area   area;
    const char       *name;     /* NULL = none */
    enum graph_body   body;
    graph_handler     handler;
};

struct graph_form {
    struct MHD_PostProcessor  *pp;          /* NULL = no readable form */
    char                       product[32];
    char                       type[GRAPH_MIME_LEN];
    char                       mime[GRAPH_MIME_LEN];
};

struct graph_request {
    struct graph              *graph;
    struct MHD_Connection     *conn;
    const struct graph_route  *route;       /* NULL = no such path */
    char                      *line;        /* "METHOD path" */
    const char                *path;        /* in line */
    char                       id[GRAPH_ID_LEN];
    struct lapor_buf           body;
    unsigned                   broken:1;    /* the upload could not be kept */
    struct graph_upload        upload;      /* fd -1 = none */
    struct graph_form          form;
    struct graph_effect        effect;
    struct graph_answer        answer;
};


/* routes.c: finds the route and the id of a request line. */
void graph_route_find(struct graph_request *rq, const char *method);

/* The query argument of that name, NULL when there is none. */
const char *graph_request_query(struct graph_request *rq, const char *name);

/* The request header of that name, NULL when there is none. */
const char *graph_request_header(struct graph_request *rq, const char *name);

/* messages.c */
void graph_handle_messages(struct graph_request *rq);

/* The recipient of a message, as it will stand in the list of sends; -1 when
   there is none that can be read. */
int graph_messages_recipient(struct graph_request *rq,
    char ret_to[GRAPH_TO_LEN]) __attribute__((warn_unused_result));

/* upload.c */
void graph_form_begin(struct graph_request *rq);
void graph_handle_upload(struct graph_request *rq);

/* nodes.c */
void graph_handle_node(struct graph_request *rq);
void graph_handle_node_delete(struct graph_request *rq);
void graph_handle_download(struct graph_request *rq);
void graph_handle_apps(struct graph_request *rq);
void graph_handle_apps_subscribe(struct graph_request *rq);
void graph_handle_apps_unsubscribe(struct graph_request *rq);

/* control.c */
void graph_handle_control_media(struct graph_request *rq);
void graph_handle_control_sent(struct graph_request *rq);
void graph_handle_control_read(struct graph_request *rq);
void graph_handle_control_faults(struct graph_request *rq);
void graph_handle_control_reset(struct graph_request *rq);

#endif
