/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * An append-only file of lines.  A line is written whole before the answer
 * that depends on it, without fsync: a killed process loses nothing that
 * write() has taken, a killed machine may, and the emulator does not promise
 * more.  A last line without its newline was torn by a kill and is cut off
 * when the file is opened.
 *
 * Not locked: the owner of a journal serialises its calls.
 */

#ifndef GRAPH_JOURNAL_H
#define GRAPH_JOURNAL_H

#include <stddef.h>
#include <sys/types.h>


struct graph_journal {
    int    fd;
    off_t  size;        /* bytes of whole lines */
};

/* One line, without its newline, which stands at line[len] and may be
   overwritten with a null by the reader. */
typedef int (*graph_journal_line)(void *ctx, char *line, size_t len,
    off_t offset);


/* Opens or makes the file and shows every whole line to `each`.  -1 with a
   logged reason when the file cannot be had or `each` returned -1. */
int graph_journal_open(struct graph_journal *j, const char *dir,
    const char *name, graph_journal_line each, void *ctx)
    __attribute__((warn_unused_result));

/* Appends text that ends in a newline; on failure (-1, logged) the file is
   as before.  ret_offset may be NULL. */
int graph_journal_append(struct graph_journal *j, const char *text, size_t len,
    off_t *ret_offset) __attribute__((warn_unused_result));

/* Reads exactly len bytes at offset, or fails with -1. */
int graph_journal_read(const struct graph_journal *j, off_t offset, char *to,
    size_t len) __attribute__((warn_unused_result));

/* Empties the file. */
int graph_journal_reset(struct graph_journal *j)
    __attribute__((warn_unused_result));

void graph_journal_close(struct graph_journal *j);

#endif
