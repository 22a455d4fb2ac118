/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Numbered lists in a journal: see list.h.  Only the places of the objects
 * are kept in memory; a reader's array is copied from the file.
 */

#include "t/graph/list.h"

#include "t/graph/util.h"

#include <stdlib.h>


struct graph_list_load {
    struct graph_list  *list;
    graph_list_each     each;
    void               *ctx;
};


static int graph_list_line(void *ctx, char *line, size_t len, off_t offset);
static void graph_list_push(struct graph_list *list, off_t offset,
    size_t len);


int
graph_list_open(struct graph_list *list, const char *dir, const char *name,
    graph_list_each each, void *ctx)
{
    struct graph_list_load  load;

    load.list = list;
    load.each = each;
    load.ctx = ctx;

    list->items = NULL;
    list->n = 0;
    list->size = 0;

    return graph_journal_open(&list->journal, dir, name, graph_list_line,
                              &load);
}


static int
graph_list_line(void *ctx, char *line, size_t len, off_t offset)
{
    long                     json;
    struct graph_list_load  *load;

    load = ctx;

    json = load->each(load->ctx, load->list->n + 1, line);
    if (json == -1) {
        return -1;
    }

    graph_list_push(load->list, offset + json, len - (size_t) json);
    return 0;
}


static void
graph_list_push(struct graph_list *list, off_t offset, size_t len)
{
    if (list->n == list->size) {
        list->size = list->size == 0 ? 1024 : list->size * 2;
        list->items = graph_realloc(list->items,
                               list->size * sizeof(struct graph_list_item));
    }

    list->items[list->n].offset = offset;
    list->items[list->n].len = len;
    list->n++;
}


int
graph_list_append(struct graph_list *list, struct lapor_str line, size_t json)
{
    off_t  offset;

    if (graph_journal_append(&list->journal, line.data, line.len, &offset)
        == -1)
    {
        return -1;
    }

    graph_list_push(list, offset + (off_t) json, line.len - 1 - json);
    return 0;
}


int
graph_list_print(const struct graph_list *list, size_t after,
    struct lapor_buf *to)
{
    size_t                         i;
    const struct graph_list_item  *item;

    lapor_buf_addc(to, '[');

    for (i = after; i < list->n; i++) {
        item = &list->items[i];

        lapor_buf_json_comma(to);
        lapor_buf_reserve(to, item->len);

        if (lapor_buf_check(to) == -1
            || graph_journal_read(&list->journal, item->offset,
                                  to->data + to->len, item->len) == -1)
        {
            return -1;
        }

        to->len += item->len;
    }

    lapor_buf_addz(to, "]\n");
    return lapor_buf_check(to);
}


int
graph_list_reset(struct graph_list *list)
{
    list->n = 0;
    return graph_journal_reset(&list->journal);
}


void
graph_list_close(struct graph_list *list)
{
    free(list->items);
    list->items = NULL;
    graph_journal_close(&list->journal);
}
