/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Which handler answers which path.
 */

#include "t/graph/request.h"


#include <string.h>


static int graph_route_node(struct graph_request *rq, const char **ret_name);
static const char *graph_route_version(const char *path);


static const struct graph_route  routes[] = {
    { "POST", GRAPH_AREA_NODE, "messages", GRAPH_BODY_TEXT,
      graph_handle_messages },
    { "POST", GRAPH_AREA_NODE, "media", GRAPH_BODY_FORM,
      graph_handle_upload },
    { "GET", GRAPH_AREA_NODE, NULL, GRAPH_BODY_TEXT, graph_handle_node },
    { "DELETE", GRAPH_AREA_NODE, NULL, GRAPH_BODY_TEXT,
      graph_handle_node_delete },
    { "GET", GRAPH_AREA_NODE, "subscribed_apps", GRAPH_BODY_TEXT,
      graph_handle_apps },
    { "POST", GRAPH_AREA_NODE, "subscribed_apps", GRAPH_BODY_TEXT,
      graph_handle_apps_subscribe },
    { "DELETE", GRAPH_AREA_NODE, "subscribed_apps", GRAPH_BODY_TEXT,
      graph_handle_apps_unsubscribe },
    { "GET", GRAPH_AREA_DOWNLOAD, NULL, GRAPH_BODY_TEXT,
      graph_handle_download },
    { "POST", GRAPH_AREA_CONTROL, "media", GRAPH_BODY_RAW,
      graph_handle_control_media },
    { "GET", GRAPH_AREA_CONTROL, "sent", GRAPH_BODY_TEXT,
      graph_handle_control_sent },
    { "GET", GRAPH_AREA_CONTROL, "read", GRAPH_BODY_TEXT,
      graph_handle_control_read },
    { "POST", GRAPH_AREA_CONTROL, "faults", GRAPH_BODY_TEXT,
      graph_handle_control_faults },
    { "POST", GRAPH_AREA_CONTROL, "reset", GRAPH_BODY_TEXT,
      graph_handle_control_reset }
};


void
graph_route_find(struct graph_request *rq, const char *method)
{
    size_t                     i;
    const char                *name;
    enum graph_area            area;
    const struct graph_route  *r;

    name = NULL;

    if (strncmp(rq->path, "/_emulator/", 11) == 0) {
        area = GRAPH_AREA_CONTROL;
        name = rq->path + 11;

    } else if (strncmp(rq->path, "/media-download", 15) == 0) {
        area = GRAPH_AREA_DOWNLOAD;

    } else if (graph_route_node(rq, &name) == 0) {
        area = GRAPH_AREA_NODE;

    } else {
        return;
    }

    for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        r = &routes[i];

        if (r->area == area
            && strcmp(r->method, method) == 0
            && strcmp(r->name == NULL ? "" : r->name,
                      name == NULL ? "" : name) == 0)
        {
            rq->route = r;
            return;
        }
    }
}


/* /vN.N/DIGITS or /vN.N/DIGITS/NAME */

static int
graph_route_node(struct graph_request *rq, const char **ret_name)
{
    size_t       len;
    const char  *p;

    p = graph_route_version(rq->path);
    if (p == NULL) {
        return -1;
    }

    len = strspn(p, "0123456789");

    if (len == 0 || len >= sizeof(rq->id)
        || (p[len] != '/' && p[len] != '\0'))
    {
        return -1;
    }

    memcpy(rq->id, p, len);
    rq->id[len] = '\0';

    *ret_name = p[len] == '/' && p[len + 1] != '\0' ? p + len + 1 : NULL;
    return 0;
}


/* What follows "/v1.0/" to "/v99.9/", else NULL. */

static const char *
graph_route_version(const char *path)
{
    size_t  major;

    if (strncmp(path, "/v", 2) != 0 || path[2] == '0') {
        return NULL;
    }

    path += 2;
    major = strspn(path, "0123456789");

    if (major < 1 || major > 2) {
        return NULL;
    }

    path += major;

    if (path[0] != '.' || path[1] < '0' || path[1] > '9' || path[2] != '/') {
        return NULL;
    }

    return path + 3;
}
