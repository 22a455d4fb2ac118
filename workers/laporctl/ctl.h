/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What the files of laporctl share: the shape of a command, its options, the
 * configuration and the connections made from it. main.c owns the table of
 * commands; each command is one function in a file of its own.
 */

#ifndef LAPOR_CTL_H
#define LAPOR_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/common.h"
#include "lib/pg.h"
#include "lib/redis.h"


#define CTL_EXIT_FAILED  1
#define CTL_EXIT_USAGE   64  /* EX_USAGE of sysexits.h */
#define CTL_EXIT_CONFIG  78


/* Of lapor.conf, section [laporctl]. common must stand first. */
struct ctl_conf {
    struct lapor_common      common;
    char                    *app_secret;   /* files, read only when needed */
    char                    *verify_token;
    char                    *graph_token;
    char                    *phone_number_id;
    struct lapor_conf_list   waba_id;      /* of accounts; may be empty */
    char                    *app_id;
    char                    *webhook_url;
    char                    *demo_dir;
    char                    *spool;
};


struct ctl_option {
    const char  *name;  /* without the dashes; NULL ends a list */
    const char  *value; /* what help calls its value; NULL: takes none */
    const char  *help;
};

struct ctl_given {
    const struct ctl_option  *option;
    const char               *value;  /* "" when it takes none */
};

struct ctl_args {
    const struct ctl_command  *command;
    const char                *conf_file;
    bool                       json;
    char                     **files;   /* what is no option, n of them */
    int                        n;
    struct ctl_given          *given;   /* in the order of the line */
    int                        ngiven;
};

struct ctl_command {
    const char               *words;    /* "report show" */
    const char               *operands; /* "CODE" */
    int                       min;      /* operands that must be there */
    int                       max;      /* and may be; -1: any number */
    const char               *help;     /* one line */
    const struct ctl_option  *options;  /* may be NULL */
    int                     (*run)(struct ctl_args *args);  /* exit status */
};


/* "laporctl: " and the message to standard error; always returns the status
 * that the command then exits with. */
int lapor_ctl_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
int lapor_ctl_usage(const struct ctl_args *args, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* args.c: the line without the command's words; exits on help and misuse. */
void lapor_ctl_args(struct ctl_args *args, int argc, char **argv);

/* The last value given for an option, NULL when it was not. */
const char *lapor_ctl_opt(const struct ctl_args *args, const char *name);
bool lapor_ctl_flag(const struct ctl_args *args, const char *name);

/* A whole number within bounds; exits 64 for anything else. */
int64_t lapor_ctl_number(const struct ctl_args *args, const char *name,
    int64_t preset, int64_t min, int64_t max);

/* A time that must be given; -1 and the reason printed for anything else. */
int lapor_ctl_read_time(const struct ctl_args *args, const char *name,
    int64_t *ret_ms) __attribute__((warn_unused_result));

/* All values of an option that may stand more than once: start at 0; NULL
 * after the last. */
const char *lapor_ctl_next(const struct ctl_args *args, const char *name,
    int *pos);

/*
 * conf.c: reads the file once, exits 78 when that fails. The structure lives
 * until the program's end.
 */
const struct ctl_conf *lapor_ctl_conf(const struct ctl_args *args);

/* As above, but NULL when the file cannot be used, with the reason. */
const struct ctl_conf *lapor_ctl_conf_try(const char *file, char *err,
    size_t size);

/* Connected, or the program has exited 1 with the reason. */
struct lapor_pg *lapor_ctl_pg(const struct ctl_conf *conf);
struct lapor_redis *lapor_ctl_redis(const struct ctl_conf *conf);

/* Says what failed, with the server's words; returns CTL_EXIT_FAILED. */
int lapor_ctl_pg_fail(const struct lapor_pg *pg, const char *what);

/* 0 for NULL and for the code of a unit; else says that there is none. */
int lapor_ctl_unit_known(struct lapor_pg *pg, struct lapor_pool *pool,
    const char *code) __attribute__((warn_unused_result));


/* One a file; the status is the program's. */
int lapor_ctl_decode(struct ctl_args *args);
int lapor_ctl_classify(struct ctl_args *args);
int lapor_ctl_setup(struct ctl_args *args);
int lapor_ctl_silence(struct ctl_args *args);
int lapor_ctl_unit_import(struct ctl_args *args);
int lapor_ctl_report_list(struct ctl_args *args);
int lapor_ctl_report_show(struct ctl_args *args);
int lapor_ctl_webhook_send(struct ctl_args *args);
int lapor_ctl_raw_replay(struct ctl_args *args);
int lapor_ctl_alert_list(struct ctl_args *args);
int lapor_ctl_alert_close(struct ctl_args *args);
int lapor_ctl_officer_add(struct ctl_args *args);
int lapor_ctl_officer_remove(struct ctl_args *args);
int lapor_ctl_officer_list(struct ctl_args *args);
int lapor_ctl_rule_set(struct ctl_args *args);
int lapor_ctl_rule_list(struct ctl_args *args);
int lapor_ctl_dead_list(struct ctl_args *args);
int lapor_ctl_dead_show(struct ctl_args *args);
int lapor_ctl_dead_replay(struct ctl_args *args);
int lapor_ctl_spool_list(struct ctl_args *args);
int lapor_ctl_spool_verify(struct ctl_args *args);
int lapor_ctl_spool_replay(struct ctl_args *args);
int lapor_ctl_check(struct ctl_args *args);
int lapor_ctl_reconcile(struct ctl_args *args);

extern const struct ctl_option  lapor_ctl_setup_options[];
extern const struct ctl_option  lapor_ctl_silence_options[];
extern const struct ctl_option  lapor_ctl_unit_import_options[];
extern const struct ctl_option  lapor_ctl_report_list_options[];
extern const struct ctl_option  lapor_ctl_webhook_send_options[];
extern const struct ctl_option  lapor_ctl_raw_replay_options[];
extern const struct ctl_option  lapor_ctl_alert_list_options[];
extern const struct ctl_option  lapor_ctl_officer_list_options[];
extern const struct ctl_option  lapor_ctl_dead_list_options[];
extern const struct ctl_option  lapor_ctl_dead_replay_options[];
extern const struct ctl_option  lapor_ctl_spool_replay_options[];
extern const struct ctl_option  lapor_ctl_reconcile_options[];

#endif
