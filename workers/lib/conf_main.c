/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What every main() does before its own work: options, secrets, help.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/common.h"
#include "lib/conf_internal.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/version.h"


#ifndef LAPOR_SYSCONFDIR
#define LAPOR_SYSCONFDIR  "/etc"
#endif

#define LAPOR_CONF_DEFAULT     LAPOR_SYSCONFDIR "/lapor/lapor.conf"
#define LAPOR_CONF_SECRET_MAX  65536


static const char  *lapor_conf_path = LAPOR_CONF_DEFAULT;


static int lapor_conf_secret_path(const char *name, char *ret_path,
    size_t path_size, bool *ret_cred, char *err, size_t size);
static void lapor_conf_help(const struct lapor_conf_spec *spec);
static void lapor_conf_help_entry(const struct lapor_conf_entry *e);


int
lapor_conf_secret(const char *name, char **ret_value, char *err, size_t size)
{
    bool          cred;
    char         *data, path[PATH_MAX];
    size_t        len;
    struct stat   st;

    if (lapor_conf_secret_path(name, path, sizeof(path), &cred, err, size)
        == -1)
    {
        return -1;
    }

    if (stat(path, &st) == -1) {
        (void) snprintf(err, size, "could not read secret \"%s\": %s", name,
                        strerror(errno));
        return -1;
    }

    if (!cred && (st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        (void) snprintf(err, size, "secret \"%s\" is open to others, mode "
                        "%04o", name, (unsigned) (st.st_mode & 07777));
        return -1;
    }

    if (lapor_file_read(path, LAPOR_CONF_SECRET_MAX, &data, &len) == -1) {
        (void) snprintf(err, size, "could not read secret \"%s\": %s", name,
                        strerror(errno));
        return -1;
    }

    if (len > 0 && data[len - 1] == '\n') {
        data[--len] = '\0';
    }

    if (len > 0 && data[len - 1] == '\r') {
        data[--len] = '\0';
    }

    if (len == 0 || strlen(data) != len || strchr(data, '\n') != NULL) {
        (void) snprintf(err, size, "secret \"%s\" is not one line of text",
                        name);
        explicit_bzero(data, len);
        free(data);
        return -1;
    }

    *ret_value = data;
    return 0;
}


/* systemd gives credentials in a directory that only the unit can enter. */

static int
lapor_conf_secret_path(const char *name, char *ret_path, size_t path_size,
    bool *ret_cred, char *err, size_t size)
{
    int          n;
    const char  *dir;

    *ret_cred = (strncmp(name, "cred:", 5) == 0);
    dir = getenv("CREDENTIALS_DIRECTORY");

    if (!*ret_cred) {
        n = snprintf(ret_path, path_size, "%s", name);

    } else if (dir == NULL) {
        (void) snprintf(err, size, "secret \"%s\" needs "
                        "CREDENTIALS_DIRECTORY, which is not set", name);
        return -1;

    } else if (name[5] == '\0' || name[5] == '.'
               || strchr(name, '/') != NULL)
    {
        (void) snprintf(err, size, "secret \"%s\" has no valid name", name);
        return -1;

    } else {
        n = snprintf(ret_path, path_size, "%s/%s", dir, name + 5);
    }

    if (n <= 0 || (size_t) n >= path_size) {
        (void) snprintf(err, size, "secret has no valid path");
        return -1;
    }

    return 0;
}


void
lapor_conf_main(int argc, char **argv, const struct lapor_conf_spec *spec,
    void *conf)
{
    int   opt;
    bool  check, dump;
    char  err[512];

    check = false;
    dump = false;

    while ((opt = getopt(argc, argv, "c:tTh")) != -1) {
        switch (opt) {
        case 'c':
            lapor_conf_path = optarg;
            break;
        case 't':
            check = true;
            break;
        case 'T':
            check = true;
            dump = true;
            break;
        case 'h':
            lapor_conf_help(spec);
            exit(LAPOR_EXIT_OK);
        default:
            exit(LAPOR_EXIT_CONFIG);
        }
    }

    if (optind < argc) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "argument \"%s\" is not expected",
                    argv[optind]);
    }

    if (lapor_conf_read(spec, conf, err, sizeof(err)) == -1) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "%s", err);
    }

    if (dump) {
        lapor_conf_dump(stdout, spec->entries, spec->n, spec->section, conf);
    }

    if (check) {
        (void) fprintf(stderr, "%s: configuration of %s is valid\n",
                       lapor_conf_path, spec->program);
        exit(LAPOR_EXIT_OK);
    }
}


int
lapor_conf_read(const struct lapor_conf_spec *spec, void *conf, char *err,
    size_t size)
{
    char  why[400];

    if (lapor_conf_load(lapor_conf_path, spec->entries, spec->n,
                        spec->section, conf, err, size)
        == -1)
    {
        return -1;
    }

    if (spec->check != NULL && spec->check(conf, why, sizeof(why)) == -1) {
        (void) snprintf(err, size, "%s: %s", lapor_conf_path, why);
        lapor_conf_free(spec->entries, spec->n, spec->section, conf);
        return -1;
    }

    return 0;
}


static void
lapor_conf_help(const struct lapor_conf_spec *spec)
{
    size_t  i;

    (void) printf("%s " LAPOR_VERSION ": %s\n\n"
                  "usage: %s [-c FILE] [-t | -T | -h]\n\n"
                  "  -c FILE  configuration, default " LAPOR_CONF_DEFAULT "\n"
                  "  -t       check the configuration and exit\n"
                  "  -T       the same, and show what is in force\n"
                  "  -h       this help\n\n"
                  "Keys before the sections:\n\n",
                  spec->program, spec->summary, spec->program);

    for (i = 0; i < spec->n; i++) {
        if (spec->entries[i].section == NULL) {
            lapor_conf_help_entry(&spec->entries[i]);
        }
    }

    (void) printf("\nKeys of section [%s]:\n\n", spec->section);

    for (i = 0; i < spec->n; i++) {
        if (spec->entries[i].section != NULL) {
            lapor_conf_help_entry(&spec->entries[i]);
        }
    }
}


static void
lapor_conf_help_entry(const struct lapor_conf_entry *e)
{
    static const char *const  types[] = {
        "text", "number", "size", "duration", "on|off", "list"
    };

    (void) printf("  %-26s %-9s %s", e->name, types[e->type], e->help);

    if (e->value != NULL) {
        (void) printf(" (default %s)", e->value);

    } else if (e->flags & LAPOR_CONF_REQUIRED) {
        (void) printf(" (required)");
    }

    (void) printf("\n");
}


int
lapor_common_check(const struct lapor_common *common, char *err, size_t size)
{
    char                   why[192];
    enum lapor_log_level   level;
    struct lapor_pg       *pg;
    struct lapor_pg_conf   conf;

    if (lapor_log_parse_level(common->log_level, &level) == -1) {
        (void) snprintf(err, size, "log_level \"%s\" is none of error, warn, "
                        "notice, info and debug", common->log_level);
        return -1;
    }

    if (lapor_redis_check(common->redis, why, sizeof(why)) == -1) {
        (void) snprintf(err, size, "redis: %s", why);
        return -1;
    }

    if (common->redis_user != NULL && common->redis_password == NULL) {
        (void) snprintf(err, size, "redis_user needs redis_password");
        return -1;
    }

    lapor_common_pg(common, "check", &conf);
    pg = lapor_pg_new(&conf, why, sizeof(why));

    if (pg == NULL) {
        (void) snprintf(err, size, "database: %s", why);
        return -1;
    }

    lapor_pg_free(pg);

    if (lapor_metrics_check(common->metrics, why, sizeof(why)) == -1) {
        (void) snprintf(err, size, "metrics: %s", why);
        return -1;
    }

    return 0;
}


void
lapor_common_apply(const struct lapor_common *common)
{
    enum lapor_log_level  level;

    if (lapor_log_parse_level(common->log_level, &level) == 0) {
        lapor_log_set_level(level);
    }
}


void
lapor_common_reload(const struct lapor_common *common, struct lapor_pg *pg,
    struct lapor_redis_sub *sub)
{
    lapor_common_apply(common);

    if (pg != NULL) {
        lapor_pg_set_password(pg, common->database_password);
    }

    if (sub != NULL) {
        lapor_redis_sub_set_password(sub, common->redis_password);
    }
}


void
lapor_common_redis(const struct lapor_common *common, const char *program,
    struct lapor_redis_conf *ret_conf)
{
    memset(ret_conf, 0, sizeof(struct lapor_redis_conf));

    ret_conf->address = common->redis;
    ret_conf->db = (int) common->redis_db;
    ret_conf->user = common->redis_user;
    ret_conf->password = common->redis_password;
    ret_conf->name = program;
    ret_conf->timeout_ms = (int) common->redis_timeout;
}


void
lapor_common_pg(const struct lapor_common *common, const char *program,
    struct lapor_pg_conf *ret_conf)
{
    memset(ret_conf, 0, sizeof(struct lapor_pg_conf));

    ret_conf->conninfo = common->database;
    ret_conf->password = common->database_password;
    ret_conf->name = program;
    ret_conf->connect_ms = (int) common->database_connect_timeout;
    ret_conf->timeout_ms = (int) common->database_timeout;
}
