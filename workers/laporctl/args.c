/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The line of a command: "--name value" or "--name=value", in any place among
 * the operands, "--" ends the options. -c, --json and --help are everyone's.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "lib/log.h"
#include "lib/timeutil.h"


static void print_help(const struct ctl_command *command);
static int take(struct ctl_args *args, char **argv, int argc, int at);
static const struct ctl_option *find(const struct ctl_args *args,
    const char *name, size_t len);
static int give(struct ctl_args *args, const struct ctl_option *option,
    const char *value);


void
lapor_ctl_args(struct ctl_args *args, int argc, char **argv)
{
    int  at, open;

    args->files = calloc((size_t) argc + 1, sizeof(char *));
    args->given = calloc((size_t) argc + 1, sizeof(struct ctl_given));

    if (args->files == NULL || args->given == NULL) {
        lapor_fatal_memory();
    }

    open = 1;

    for (at = 0; at < argc; at++) {

        if (!open || argv[at][0] != '-' || argv[at][1] == '\0') {
            args->files[args->n++] = argv[at];

        } else if (strcmp(argv[at], "--") == 0) {
            open = 0;

        } else {
            at += take(args, argv, argc, at);
        }
    }

    if (args->n < args->command->min) {
        exit(lapor_ctl_usage(args, "%s is missing",
                             args->command->operands));
    }

    if (args->command->max != -1 && args->n > args->command->max) {
        exit(lapor_ctl_usage(args, "what is \"%s\"",
                             args->files[args->command->max]));
    }
}


/* One option; returns how many further words it took. */

static int
take(struct ctl_args *args, char **argv, int argc, int at)
{
    const char               *word, *equals;
    const struct ctl_option  *option;

    word = argv[at];

    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help(args->command);
        exit(0);
    }

    if (strcmp(word, "--json") == 0) {
        args->json = true;
        return 0;
    }

    if (strcmp(word, "-c") == 0) {
        if (at + 1 == argc) {
            exit(lapor_ctl_usage(args, "-c needs a file"));
        }

        args->conf_file = argv[at + 1];
        return 1;
    }

    equals = strchr(word, '=');
    option = NULL;

    if (strncmp(word, "--", 2) == 0) {
        option = find(args, word + 2, equals == NULL
                      ? strlen(word + 2) : (size_t) (equals - word - 2));
    }

    if (option == NULL) {
        exit(lapor_ctl_usage(args, "unknown option \"%s\"", word));
    }

    if (option->value == NULL) {
        if (equals != NULL) {
            exit(lapor_ctl_usage(args, "--%s takes no value", option->name));
        }

        return give(args, option, "");
    }

    if (equals != NULL) {
        return give(args, option, equals + 1);
    }

    if (at + 1 == argc) {
        exit(lapor_ctl_usage(args, "--%s needs %s", option->name,
                             option->value));
    }

    return 1 + give(args, option, argv[at + 1]);
}


static const struct ctl_option *
find(const struct ctl_args *args, const char *name, size_t len)
{
    const struct ctl_option  *o;

    for (o = args->command->options; o != NULL && o->name != NULL; o++) {
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0) {
            return o;
        }
    }

    return NULL;
}


static int
give(struct ctl_args *args, const struct ctl_option *option,
    const char *value)
{
    args->given[args->ngiven].option = option;
    args->given[args->ngiven].value = value;
    args->ngiven++;

    return 0;
}


static void
print_help(const struct ctl_command *command)
{
    char                      word[40];
    const struct ctl_option  *o;

    printf("usage: laporctl %s%s%s%s\n\n%s\n\n", command->words,
           command->options == NULL ? "" : " [OPTION...]",
           command->operands[0] == '\0' ? "" : " ", command->operands,
           command->help);

    for (o = command->options; o != NULL && o->name != NULL; o++) {
        snprintf(word, sizeof(word), "--%s%s%s", o->name,
                 o->value == NULL ? "" : " ",
                 o->value == NULL ? "" : o->value);
        printf("  %-24s %s\n", word, o->help);
    }

    puts("  -c FILE                  configuration\n"
         "  --json                   print JSON\n"
         "  --help                   this page");
}


const char *
lapor_ctl_opt(const struct ctl_args *args, const char *name)
{
    int  i;

    for (i = args->ngiven - 1; i >= 0; i--) {
        if (strcmp(args->given[i].option->name, name) == 0) {
            return args->given[i].value;
        }
    }

    return NULL;
}


bool
lapor_ctl_flag(const struct ctl_args *args, const char *name)
{
    return lapor_ctl_opt(args, name) != NULL;
}


const char *
lapor_ctl_next(const struct ctl_args *args, const char *name, int *pos)
{
    while (*pos < args->ngiven) {
        if (strcmp(args->given[*pos].option->name, name) == 0) {
            return args->given[(*pos)++].value;
        }

        (*pos)++;
    }

    return NULL;
}


int64_t
lapor_ctl_number(const struct ctl_args *args, const char *name,
    int64_t preset, int64_t min, int64_t max)
{
    char        *end;
    long long    value;
    const char  *text;

    text = lapor_ctl_opt(args, name);

    if (text == NULL) {
        return preset;
    }

    errno = 0;
    value = strtoll(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || value < min
        || value > max)
    {
        exit(lapor_ctl_usage(args, "--%s is a number from %lld to %lld",
                             name, (long long) min, (long long) max));
    }

    return value;
}


int
lapor_ctl_read_time(const struct ctl_args *args, const char *name,
    int64_t *ret_ms)
{
    const char  *text;

    text = lapor_ctl_opt(args, name);

    if (text == NULL) {
        lapor_ctl_usage(args, "--%s is missing", name);
        return -1;
    }

    if (lapor_time_parse(text, strlen(text), ret_ms) == -1) {
        lapor_ctl_usage(args, "--%s is a time as 2026-01-31T17:00:00Z or "
                        "2026-02-01T00:00:00+07:00", name);
        return -1;
    }

    return 0;
}
