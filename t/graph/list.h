/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * A list that clients read by `after=N`: one JSON object a line of a journal,
 * counted from 1.  What stands before the object on its line is the owner's
 * own and is not shown.  Not locked.
 */

#ifndef GRAPH_LIST_H
#define GRAPH_LIST_H

#include "lib/buf.h"
#include "t/graph/journal.h"


struct graph_list_item {
    off_t   offset;     /* of the JSON object */
    size_t  len;
};

struct graph_list {
    struct graph_journal     journal;
    struct graph_list_item  *items;     /* items[n - 1] is item n */
    size_t                   n;
    size_t                   size;
};

/* Called for each line at start: item n, null-terminated.  Returns where the
   JSON object begins in the line, -1 when the line cannot be read. */
typedef long (*graph_list_each)(void *ctx, size_t n, char *line);


int graph_list_open(struct graph_list *list, const char *dir,
    const char *name, graph_list_each each, void *ctx)
    __attribute__((warn_unused_result));

/* A line with its newline, whose JSON object begins at `json`. */
int graph_list_append(struct graph_list *list, struct lapor_str line,
    size_t json) __attribute__((warn_unused_result));

/* The JSON array of the items above `after`. */
int graph_list_print(const struct graph_list *list, size_t after,
    struct lapor_buf *to) __attribute__((warn_unused_result));

int graph_list_reset(struct graph_list *list)
    __attribute__((warn_unused_result));

void graph_list_close(struct graph_list *list);

#endif
