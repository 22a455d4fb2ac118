/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Configuration from one file of "key = value" lines.  Keys before the first
 * section are common to all programs; a program reads them and its own
 * section, both strictly, and skips the sections of the others; a section
 * that is nobody's is an error.  A common key may stand again in a program's
 * own section and wins there.
 *
 *     # comment
 *     redis = unix:/run/redis/redis-server.sock
 *     [intake]
 *     batch = 200
 *
 * A value is the rest of the line without the blanks around it; a '#' starts
 * a comment only at the start of a line.  Sizes take k, m, g (powers of 1024),
 * durations ms, s, m, h, d; booleans are on or off, and list items are split
 * at commas.
 */

#ifndef LAPOR_LIB_CONF_H
#define LAPOR_LIB_CONF_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>


/* The type of the struct member that an entry fills stands beside it. */
enum lapor_conf_type {
    LAPOR_CONF_STRING,      /* char *, NULL when absent without default */
    LAPOR_CONF_INT,         /* int64_t */
    LAPOR_CONF_SIZE,        /* int64_t, bytes */
    LAPOR_CONF_DURATION,    /* int64_t, milliseconds; a bare 0 is allowed */
    LAPOR_CONF_BOOL,        /* bool */
    LAPOR_CONF_LIST         /* struct lapor_conf_list */
};

enum {
    LAPOR_CONF_REQUIRED = 1,    /* absent = error, there is no default */
    LAPOR_CONF_SECRET = 2,      /* string, shown as "(hidden)" by -T */

    /*
     * String whose value names a file, or "cred:NAME" for the file NAME of
     * $CREDENTIALS_DIRECTORY; the member gets the file's content without
     * its last line end.  A file that others than owner and group can read
     * is refused, except below $CREDENTIALS_DIRECTORY.  Implies SECRET.
     */
    LAPOR_CONF_SECRET_FILE = 4,

    LAPOR_CONF_LIVE = 8,        /* lapor_conf_reload() may change it */
    LAPOR_CONF_EMPTY = 16       /* string: no value is allowed, and is as if
                                   the key were absent */
};

struct lapor_conf_list {
    char    **items;
    size_t    n;
};

struct lapor_conf_entry {
    const char            *section;     /* NULL: common key */
    const char            *name;
    enum lapor_conf_type   type;
    size_t                 offset;
    const char            *value;       /* default as a file would say it */
    const char            *help;        /* one line, no full stop */
    unsigned               flags;
    int64_t                min;         /* of numbers, in the member's unit; */
    int64_t                max;         /* no bounds when both are 0 */
};

struct lapor_conf_spec {
    const char                     *program;    /* "lapor-intake" */
    const char                     *section;    /* "intake" */
    const char                     *summary;    /* one line for -h */
    const struct lapor_conf_entry  *entries;
    size_t                          n;
    size_t                          size;       /* of the struct */

    /* May be NULL; says what no single entry can. -1 with err filled. */
    int                           (*check)(const void *conf, char *err,
                                           size_t size);
};


/*
 * Fills *conf, which the caller has zeroed.  Entries of a section other than
 * the given one are left alone.  Strings and lists belong to conf and are
 * freed by lapor_conf_free().  On -1 err says "FILE:LINE: reason", the struct
 * is as if zeroed.
 */
int lapor_conf_load(const char *file, const struct lapor_conf_entry *entries,
    size_t n, const char *section, void *conf, char *err, size_t size)
    __attribute__((warn_unused_result));

/* Secrets are wiped first. */
void lapor_conf_free(const struct lapor_conf_entry *entries, size_t n,
    const char *section, void *conf);

/* Every value in force, as a file that lapor_conf_load() reads back. */
void lapor_conf_dump(FILE *out, const struct lapor_conf_entry *entries,
    size_t n, const char *section, const void *conf);

/*
 * The start of every main(): parses -c FILE (default
 * LAPOR_SYSCONFDIR/lapor/lapor.conf), -t (check and exit), -T (check, dump and
 * exit) and -h (options and every key with default and help, exit 0), loads
 * the file and calls spec->check().  Returns only when the program shall run;
 * a wrong option or file exits 78.
 */
void lapor_conf_main(int argc, char **argv, const struct lapor_conf_spec *spec,
    void *conf);

/*
 * Reads the file of lapor_conf_main() again, with the secrets that it names.
 * When that is wrong in any way, the reason is logged with file and line, conf
 * stays as it is, and the result is -1. Else entries that are LAPOR_CONF_LIVE
 * get their new values in conf (strings are others then), and each other one
 * that differs is named in the log as one that waits for a restart. No other
 * thread may read conf meanwhile, but numbers that it reads once.
 */
int lapor_conf_reload(const struct lapor_conf_spec *spec, void *conf);

/* The content of a secret's file, see LAPOR_CONF_SECRET_FILE; malloc'ed. */
int lapor_conf_secret(const char *name, char **ret_value, char *err,
    size_t size) __attribute__((warn_unused_result));


#endif
