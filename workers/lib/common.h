/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The keys of lapor.conf that stand before the first section: every program
 * knows them all, whether it uses them or not.  A program's struct starts
 * with struct lapor_common and its table with LAPOR_COMMON_ENTRIES.
 */

#ifndef LAPOR_LIB_COMMON_H
#define LAPOR_LIB_COMMON_H


#include "lib/conf.h"
#include "lib/pg.h"
#include "lib/redis.h"


struct lapor_common {
    char     *log_level;
    char     *redis;
    int64_t   redis_db;
    char     *redis_user;
    char     *redis_password;
    int64_t   redis_timeout;
    char     *database;
    char     *database_password;
    int64_t   database_connect_timeout;
    int64_t   database_timeout;
    char     *media_dir;
    char     *graph_url;
    char     *graph_version;
    char     *metrics;
};

#define LAPOR_COMMON_ENTRY(type, name, value, help, flags, min, max)          \
    { NULL, #name, type, offsetof(struct lapor_common, name), value, help,    \
      flags, min, max }

#define LAPOR_COMMON_ENTRIES                                                  \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, log_level, "info",                  \
        "error, warn, notice, info or debug", LAPOR_CONF_LIVE, 0, 0),         \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, redis,                              \
        "unix:/run/redis/redis-server.sock",                                  \
        "unix:PATH or ADDRESS:PORT", 0, 0, 0),                                \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_INT, redis_db, "0",                         \
        "number of the database", 0, 0, 1048576),                             \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, redis_user, NULL,                   \
        "ACL user, needs a password", 0, 0, 0),                               \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, redis_password, NULL,               \
        "file or cred:NAME with the password",                                \
        LAPOR_CONF_SECRET_FILE | LAPOR_CONF_LIVE, 0, 0),                      \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_DURATION, redis_timeout, "5s",              \
        "longest wait for one reply", 0, 100, 600000),                        \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, database, "dbname=lapor",           \
        "libpq connection string or URI, without a password", 0, 0, 0),       \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, database_password, NULL,            \
        "file or cred:NAME with the password",                                \
        LAPOR_CONF_SECRET_FILE | LAPOR_CONF_LIVE, 0, 0),                      \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_DURATION, database_connect_timeout, "3s",   \
        "longest wait for a connection to one host", 0, 100, 600000),         \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_DURATION, database_timeout, "30s",          \
        "longest wait for one statement or pipeline", 0, 100, 3600000),       \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, media_dir, "/var/lib/lapor/media",  \
        "where media files are kept", 0, 0, 0),                               \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, graph_url,                          \
        "https://graph.facebook.com", "base of the Graph API", 0, 0, 0),      \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, graph_version, "v26.0",             \
        "version of the Graph API", 0, 0, 0),                                 \
    LAPOR_COMMON_ENTRY(LAPOR_CONF_STRING, metrics, NULL,                      \
        "ADDRESS:PORT or unix:PATH of the page for Prometheus",               \
        LAPOR_CONF_EMPTY, 0, 0)


/* Checks what the table cannot; for lapor_conf_spec.check. */
int lapor_common_check(const struct lapor_common *common, char *err,
    size_t size) __attribute__((warn_unused_result));

/*
 * After lapor_conf_reload(): log_level, and the passwords for the connections
 * from now on. pg and sub may be NULL.
 */
void lapor_common_reload(const struct lapor_common *common,
    struct lapor_pg *pg, struct lapor_redis_sub *sub);

/* Applies log_level.  The structs point into common, which must stay. */
void lapor_common_apply(const struct lapor_common *common);
void lapor_common_redis(const struct lapor_common *common, const char *program,
    struct lapor_redis_conf *ret_conf);
void lapor_common_pg(const struct lapor_common *common, const char *program,
    struct lapor_pg_conf *ret_conf);


#endif
