/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl: one command line for people. The table below is all it knows;
 * the first words of the line choose the command, the command does the rest.
 */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/version.h"


static const struct ctl_command *find(int argc, char **argv, int *ret_words);
static int count_words(const char *words);
static int words_match(const char *words, int argc, char **argv);
static int take_global(struct ctl_args *args, int argc, char **argv);
static void help_all(FILE *out);
static void help_unknown(int argc, char **argv);


static const struct ctl_command  commands[] = {

    { "setup", "", 0, 0,
      "create or upgrade the database: roles, schema, partitions",
      lapor_ctl_setup_options, lapor_ctl_setup },

    { "check", "", 0, 0,
      "look at every dependency, setting, secret and clock",
      NULL, lapor_ctl_check },

    { "silence", "", 0, 0,
      "numbers that hear nothing although they should; exit 1 if there is one",
      lapor_ctl_silence_options, lapor_ctl_silence },

    { "unit import", "UNITS.csv", 1, 1,
      "add or change units, their numbers and areas; all or nothing",
      lapor_ctl_unit_import_options, lapor_ctl_unit_import },

    { "officer list", "[UNIT]", 0, 1,
      "officers' own numbers: what they write is no citizen's report",
      lapor_ctl_officer_list_options, lapor_ctl_officer_list },

    { "officer add", "NUMBER UNIT", 2, 2,
      "one more of them, or the same in another unit; a user id is one too",
      NULL, lapor_ctl_officer_add },

    { "officer remove", "NUMBER UNIT", 2, 2,
      "what is written from now on is a citizen's",
      NULL, lapor_ctl_officer_remove },

    { "rule list", "[UNIT]", 0, 1,
      "rules of conversation: what units have set, or all that hold in one",
      NULL, lapor_ctl_rule_list },

    { "rule set", "UNIT RULE VALUE", 3, 3,
      "one rule of one unit, \"-\" as the unit above; within a minute",
      NULL, lapor_ctl_rule_set },

    { "report list", "", 0, 0,
      "the newest reports",
      lapor_ctl_report_list_options, lapor_ctl_report_list },

    { "report show", "CODE", 1, 1,
      "one report: messages, media, answers, timeline",
      NULL, lapor_ctl_report_show },

    { "webhook send", "[FILE...]", 0, -1,
      "sign webhooks and post them, as Meta does",
      lapor_ctl_webhook_send_options, lapor_ctl_webhook_send },

    { "raw replay", "", 0, 0,
      "queue stored webhooks again; what is known is not stored twice",
      lapor_ctl_raw_replay_options, lapor_ctl_raw_replay },

    { "reconcile", "", 0, 0,
      "is all that was accepted stored or waiting, each once? exit 1 if not",
      lapor_ctl_reconcile_options, lapor_ctl_reconcile },

    { "alert list", "", 0, 0,
      "what a person must look at",
      lapor_ctl_alert_list_options, lapor_ctl_alert_list },

    { "alert close", "KIND SUBJECT", 2, 2,
      "it was seen to; it opens again if it goes on",
      NULL, lapor_ctl_alert_close },

    { "dead list", "", 0, 0,
      "what could not be stored",
      lapor_ctl_dead_list_options, lapor_ctl_dead_list },

    { "dead show", "ID", 1, 1,
      "one of them: reason and body",
      NULL, lapor_ctl_dead_show },

    { "dead replay", "[ID...]", 0, -1,
      "queue them again",
      lapor_ctl_dead_replay_options, lapor_ctl_dead_replay },

    { "spool list", "[DIR]", 0, 1,
      "what nginx kept while Redis was away",
      NULL, lapor_ctl_spool_list },

    { "spool verify", "[DIR]", 0, 1,
      "read all of it, and say what is damaged",
      NULL, lapor_ctl_spool_verify },

    { "spool replay", "[DIR]", 0, 1,
      "into Redis, the oldest first, what no nginx is left to bring there",
      lapor_ctl_spool_replay_options, lapor_ctl_spool_replay },

    { "decode", "[FILE...]", 0, -1,
      "webhook bodies into one JSON object a line",
      NULL, lapor_ctl_decode },

    { "classify", "", 0, 0,
      "one text a line into category, urgency, function ...",
      NULL, lapor_ctl_classify },
};

#define NCOMMANDS  (sizeof(commands) / sizeof(commands[0]))


int
main(int argc, char **argv)
{
    int               at, words, status;
    struct ctl_args   args;
    struct sigaction  ignore;

    /* a broken connection shows as an error where it is used */
    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);

    /* what the libraries say is wrong, such as the database's address, no
     * command says again */
    lapor_log_set_level(LAPOR_LOG_ERR);

    if (getenv("JOURNAL_STREAM") == NULL) {
        lapor_log_set_name("laporctl");
    }

    memset(&args, 0, sizeof(args));
    args.conf_file = getenv("LAPOR_CONF");

    at = take_global(&args, argc, argv);

    if (at >= argc) {
        help_all(stderr);
        return CTL_EXIT_USAGE;
    }

    args.command = find(argc - at, argv + at, &words);

    if (args.command == NULL) {
        help_unknown(argc - at, argv + at);
        return CTL_EXIT_USAGE;
    }

    lapor_ctl_args(&args, argc - at - words, argv + at + words);
    status = args.command->run(&args);
    free(args.files);
    free(args.given);

    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
        status = lapor_ctl_fail("could not write standard output");
    }

    return status;
}


/* Options in front of the command; returns where the command starts. */

static int
take_global(struct ctl_args *args, int argc, char **argv)
{
    int  at;

    for (at = 1; at < argc && argv[at][0] == '-'; at++) {

        if (strcmp(argv[at], "--json") == 0) {
            args->json = true;

        } else if (strcmp(argv[at], "-c") == 0 && at + 1 < argc) {
            args->conf_file = argv[++at];

        } else if (strcmp(argv[at], "--help") == 0
                   || strcmp(argv[at], "-h") == 0)
        {
            help_all(stdout);
            exit(0);

        } else if (strcmp(argv[at], "--version") == 0) {
            puts(LAPOR_VERSION);
            exit(0);

        } else {
            fprintf(stderr, "laporctl: unknown option \"%s\"; "
                    "see laporctl --help\n", argv[at]);
            exit(CTL_EXIT_USAGE);
        }
    }

    return at;
}


static const struct ctl_command *
find(int argc, char **argv, int *ret_words)
{
    size_t  i;

    for (i = 0; i < NCOMMANDS; i++) {
        if (words_match(commands[i].words, argc, argv)) {
            *ret_words = count_words(commands[i].words);
            return &commands[i];
        }
    }

    return NULL;
}


/* Of "unit list" there are others that begin with "unit". */

static void
help_unknown(int argc, char **argv)
{
    size_t       i, len;
    const char  *before;

    before = "; there is";
    len = strlen(argv[0]);

    fprintf(stderr, "laporctl: there is no command \"%s%s%s\"", argv[0],
            argc > 1 ? " " : "", argc > 1 ? argv[1] : "");

    for (i = 0; i < NCOMMANDS; i++) {
        if (strncmp(commands[i].words, argv[0], len) == 0
            && commands[i].words[len] == ' ')
        {
            fprintf(stderr, "%s \"%s\"", before, commands[i].words);
            before = ",";
        }
    }

    fprintf(stderr, "; see laporctl --help\n");
}


static int
count_words(const char *words)
{
    return strchr(words, ' ') == NULL ? 1 : 2;
}


static int
words_match(const char *words, int argc, char **argv)
{
    size_t       len;
    const char  *second;

    second = strchr(words, ' ');

    if (second == NULL) {
        return strcmp(words, argv[0]) == 0;
    }

    len = (size_t) (second - words);

    return argc > 1 && strlen(argv[0]) == len
           && strncmp(words, argv[0], len) == 0
           && strcmp(second + 1, argv[1]) == 0;
}


static void
help_all(FILE *out)
{
    size_t  i;

    fputs("usage: laporctl [-c FILE] [--json] COMMAND [OPTION...] "
          "[OPERAND...]\n\n", out);

    for (i = 0; i < NCOMMANDS; i++) {
        fprintf(out, "  %-15s %s\n", commands[i].words, commands[i].help);
    }

    fputs("\n"
          "  -c FILE        configuration, default $LAPOR_CONF or "
          LAPOR_SYSCONFDIR "/lapor/lapor.conf\n"
          "  --json         print JSON\n"
          "  --help         this page; after a command, that command's\n"
          "  --version\n"
          "\n"
          "Exit status: 0 done, 1 failed, 64 wrong usage, 78 wrong "
          "configuration;\n"
          "silence and reconcile: 1 there is something, 2 it could not be "
          "found out.\n", out);
}


int
lapor_ctl_fail(const char *format, ...)
{
    va_list           ap;
    struct lapor_buf  line;

    lapor_buf_init(&line);
    lapor_buf_addz(&line, "laporctl: ");

    va_start(ap, format);
    lapor_buf_vprintf(&line, format, ap);
    va_end(ap);

    /* libpq ends its messages with one */
    while (line.len > 0 && line.data[line.len - 1] == '\n') {
        lapor_buf_drop(&line, 1);
    }

    /* in order with what was printed, where both go to one terminal */
    fflush(stdout);
    fprintf(stderr, "%s\n", lapor_buf_cstr(&line));
    lapor_buf_free(&line);

    return CTL_EXIT_FAILED;
}


int
lapor_ctl_usage(const struct ctl_args *args, const char *format, ...)
{
    va_list  ap;

    fprintf(stderr, "laporctl %s: ", args->command->words);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "; see laporctl %s --help\n", args->command->words);

    return CTL_EXIT_USAGE;
}
